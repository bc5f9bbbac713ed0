# The papers' ablation tables, a target each, on a DATA folder that has its features. Included by the top Makefile.
#
#   make ablations-NAME DATA=folder [options]      make -n ablations-NAME DATA=folder shows the plan
#
#   ABLATION_CONFIG   the configuration that is varied (the paper's, or NAME's own below)
#   ABLATION_SEEDS    a run of each variant for every one ("1 2 3 4 5"; the tables are means over them)
#   ABLATION_SET      put over every variant; mmrec and rmbert tune an encoder, and want '--set encoder.weights=FILE --set
#                     encoder.vocab=FILE' (random:1 and words will do for a trial)
#   ABLATION_OUT      where runs and tables go (DATA/ablations/NAME)
#
# A variant is a line: ABLATION_NAME_VARIANT := --set key=value …; the first is the whole model. Runs that are there are not
# trained again, and an interrupted one goes on where it was. The table is ABLATION_OUT/table.txt: differences to the first variant,
# with a test over seeds.

ABLATION_SEEDS ?= 1 2 3 4 5

# MM-Rec, figures 3 and 4.
ABLATIONS_mmrec := whole title image no-co-attention vanilla-attention
ABLATION_CONFIG_mmrec := pipelines/configs/paper-mm-rec.ini
ABLATION_mmrec_title := --set mm-rec.news=title
ABLATION_mmrec_image := --set mm-rec.news=image
ABLATION_mmrec_no-co-attention := --set mm-rec.co_attention=no
ABLATION_mmrec_vanilla-attention := --set mm-rec.user=vanilla

# GMMF, table 3: rows (h), and (a) to (g). On Amazon's data: ABLATION_CONFIG=pipelines/configs/amazon-gmmf.ini
ABLATIONS_gmmf := h a b c d e f g
ABLATION_CONFIG_gmmf := pipelines/configs/mind-small-gmmf.ini
ABLATION_gmmf_a := --set gmmf.auto_encoder=no --set gmmf.difference=none --set gmmf.interest=no
ABLATION_gmmf_b := --set gmmf.difference=none --set gmmf.interest=no
ABLATION_gmmf_c := --set gmmf.auto_encoder=no --set gmmf.interest=no
ABLATION_gmmf_d := --set gmmf.auto_encoder=no --set gmmf.difference=none
ABLATION_gmmf_e := --set gmmf.interest=no
ABLATION_gmmf_f := --set gmmf.difference=none
ABLATION_gmmf_g := --set gmmf.auto_encoder=no

# IMRec, table 3 for NRMS-IM and FIM-IM (neither: NRMS, FIM), the same for LSTUR with the modules, and table 5's share of the news whose
# impression is read. make ablations-imrec makes the first two and the shares, and table 4 from their runs (groups-imrec.txt).
ABLATIONS_imrec-nrms := whole no-local no-global neither
ABLATION_CONFIG_imrec-nrms := pipelines/configs/mind-small-nrms-im.ini
ABLATION_imrec-nrms_no-local := --set nrms-im.local=no
ABLATION_imrec-nrms_no-global := --set nrms-im.global=no
ABLATION_imrec-nrms_neither := --set nrms-im.local=no --set nrms-im.global=no
ABLATIONS_imrec-fim := whole no-local no-global neither
ABLATION_CONFIG_imrec-fim := pipelines/configs/mind-small-fim-im.ini
ABLATION_imrec-fim_no-local := --set fim-im.local=no
ABLATION_imrec-fim_no-global := --set fim-im.global=no
ABLATION_imrec-fim_neither := --set fim-im.local=no --set fim-im.global=no
ABLATIONS_imrec-lstur := whole no-local no-global neither
ABLATION_CONFIG_imrec-lstur := pipelines/configs/mind-small-lstur.ini
ABLATION_imrec-lstur_whole := --set lstur.local=yes --set lstur.global=yes
ABLATION_imrec-lstur_no-local := --set lstur.global=yes
ABLATION_imrec-lstur_no-global := --set lstur.local=yes
ABLATIONS_imrec-share := 100 75 50 25 0
ABLATION_CONFIG_imrec-share := pipelines/configs/mind-small-nrms-im.ini
ABLATION_imrec-share_75 := --set data.impression_share=0.75
ABLATION_imrec-share_50 := --set data.impression_share=0.5
ABLATION_imrec-share_25 := --set data.impression_share=0.25
ABLATION_imrec-share_0 := --set data.impression_share=0

# VLSNR, table 3, for NRMS+img and LSTUR+img.
ABLATIONS_nrms-img := overall top sub tit tit-top-sub tit-img
ABLATION_CONFIG_nrms-img := pipelines/configs/mind-small-nrms-img.ini
ABLATION_nrms-img_top := --set nrms-img.parts=top
ABLATION_nrms-img_sub := --set nrms-img.parts=sub
ABLATION_nrms-img_tit := --set nrms-img.parts=tit
ABLATION_nrms-img_tit-top-sub := --set nrms-img.parts=tit+top+sub
ABLATION_nrms-img_tit-img := --set nrms-img.parts=tit+img
ABLATIONS_lstur-img := overall top sub tit tit-top-sub tit-img
ABLATION_CONFIG_lstur-img := pipelines/configs/mind-small-lstur-img.ini
ABLATION_lstur-img_top := --set lstur-img.parts=top
ABLATION_lstur-img_sub := --set lstur-img.parts=sub
ABLATION_lstur-img_tit := --set lstur-img.parts=tit
ABLATION_lstur-img_tit-top-sub := --set lstur-img.parts=tit+top+sub
ABLATION_lstur-img_tit-img := --set lstur-img.parts=tit+img

# VLSNR, figures 5 (readers), 6 (share of covers), 7 (CLIP tuned: give ABLATION_SET='--set encoder.weights=… --set encoder.vocab=…')
# and table 3 (parts of the news).
ABLATIONS_vlsnr := overall none mean gru self-attention top sub tit tit-top-sub tit-img
ABLATION_CONFIG_vlsnr := pipelines/configs/paper-vlsnr.ini
ABLATION_vlsnr_none := --set vlsnr.user=none
ABLATION_vlsnr_mean := --set vlsnr.user=mean
ABLATION_vlsnr_gru := --set vlsnr.user=gru
ABLATION_vlsnr_self-attention := --set vlsnr.user=self-attention
ABLATION_vlsnr_top := --set vlsnr.image=no --set vlsnr.title=no --set vlsnr.subcategory=no
ABLATION_vlsnr_sub := --set vlsnr.image=no --set vlsnr.title=no --set vlsnr.category=no
ABLATION_vlsnr_tit := --set vlsnr.image=no --set vlsnr.category=no --set vlsnr.subcategory=no
ABLATION_vlsnr_tit-top-sub := --set vlsnr.image=no
ABLATION_vlsnr_tit-img := --set vlsnr.category=no --set vlsnr.subcategory=no
ABLATIONS_vlsnr-share := 100 90 70 50 30 10 0
ABLATION_CONFIG_vlsnr-share := pipelines/configs/paper-vlsnr.ini
ABLATION_vlsnr-share_90 := --set vlsnr.image_share=0.9
ABLATION_vlsnr-share_70 := --set vlsnr.image_share=0.7
ABLATION_vlsnr-share_50 := --set vlsnr.image_share=0.5
ABLATION_vlsnr-share_30 := --set vlsnr.image_share=0.3
ABLATION_vlsnr-share_10 := --set vlsnr.image_share=0.1
ABLATION_vlsnr-share_0 := --set vlsnr.image_share=0
ABLATIONS_vlsnr-tuned := frozen tuned
ABLATION_CONFIG_vlsnr-tuned := pipelines/configs/paper-vlsnr.ini
ABLATION_vlsnr-tuned_tuned := --set vlsnr.clip=tuned --set encoder.together=64

# RMBERT, figures 2a and 2b.
ABLATIONS_rmbert := whole no-query no-memory no-attention no-bert p1 p2 p3 p5 p6
ABLATION_CONFIG_rmbert := pipelines/configs/paper-rmbert.ini
ABLATION_rmbert_no-query := --set rmbert.previous_query=no
ABLATION_rmbert_no-memory := --set rmbert.previous_memory=no
ABLATION_rmbert_no-attention := --set rmbert.attention=mean
ABLATION_rmbert_no-bert := --set rmbert.encoder=bi-lstm
ABLATION_rmbert_p1 := --set rmbert.cells=1
ABLATION_rmbert_p2 := --set rmbert.cells=2
ABLATION_rmbert_p3 := --set rmbert.cells=3
ABLATION_rmbert_p5 := --set rmbert.cells=5
ABLATION_rmbert_p6 := --set rmbert.cells=6

ABLATION_NAMES := $(patsubst ABLATIONS_%,%,$(filter ABLATIONS_%,$(.VARIABLES)))

# $1 table, $2 variant, $3 seed; the folder is told at run time, as DATA is.
define ablation_run
.PHONY: ablation-$1-$2-$3
ablation-$1-$2-$3: | programs
	@[ -n "$$$$DATA" ] || { echo 'usage: make ablations-$1 DATA=folder [ABLATION_SEEDS="1 2 3"] …' >&2; exit 2; }
	$$(BUILD)/bin/coverline train "$$$$DATA" --config $$(or $$(ABLATION_CONFIG),$$(ABLATION_CONFIG_$1)) \
		--out "$$(ABLATION_FOLDER)/$1/$2/seed-$3" --set train.seed=$3 $$(ABLATION_SET) $$(ABLATION_$1_$2)
	[ -e "$$(ABLATION_FOLDER)/$1/$2/seed-$3/prediction.txt" ] || $$(BUILD)/bin/coverline score "$$$$DATA" \
		--run "$$(ABLATION_FOLDER)/$1/$2/seed-$3" --behaviors "$$$$DATA/behaviors/dev.tsv" \
		--out "$$(ABLATION_FOLDER)/$1/$2/seed-$3/prediction.txt"
endef

define ablation_table
.PHONY: ablations-$1
ablations-$1: $$(foreach v,$$(ABLATIONS_$1),$$(foreach s,$$(ABLATION_SEEDS),ablation-$1-$$v-$$s))
	$$(BUILD)/bin/coverline evaluate --behaviors "$$$$DATA/behaviors/dev.tsv" --predictions \
		$$(foreach v,$$(ABLATIONS_$1),$$(foreach s,$$(ABLATION_SEEDS),"$$(ABLATION_FOLDER)/$1/$$v/seed-$$s/prediction.txt")) \
		> "$$(ABLATION_FOLDER)/$1/table.txt"
	@cat "$$(ABLATION_FOLDER)/$1/table.txt"
$$(foreach v,$$(ABLATIONS_$1),$$(foreach s,$$(ABLATION_SEEDS),$$(eval $$(call ablation_run,$1,$$v,$$s))))
endef

ABLATION_FOLDER = $(or $(ABLATION_OUT),$(DATA)/ablations)
$(foreach n,$(ABLATION_NAMES),$(eval $(call ablation_table,$n)))
$(addprefix ablations-,$(ABLATION_NAMES)) ablation-%: export DATA := $(DATA)

# IMRec's table 4: readers seen in training or not, news with a cover or without, over the first seed's runs of table 3.
IMREC_GROUPED := imrec-nrms/whole imrec-nrms/neither imrec-fim/whole imrec-fim/neither
.PHONY: ablations-imrec
ablations-imrec: ablations-imrec-nrms ablations-imrec-fim ablations-imrec-share
	$(BUILD)/bin/coverline evaluate --behaviors "$$DATA/behaviors/dev.tsv" --groups seen:image --train "$$DATA/behaviors/train.tsv" \
		--data "$$DATA" --predictions \
		$(foreach r,$(IMREC_GROUPED),"$(ABLATION_FOLDER)/$r/seed-$(firstword $(ABLATION_SEEDS))/prediction.txt") \
		> "$(ABLATION_FOLDER)/groups-imrec.txt"
	@cat "$(ABLATION_FOLDER)/groups-imrec.txt"
ablations-imrec: export DATA := $(DATA)
