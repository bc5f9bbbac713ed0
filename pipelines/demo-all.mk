# Every recommender on the demo's world, repeated over seeds, in one table. Included by the top Makefile after demo.mk and tables.mk.
#
#   make demo-all [SEED=1] [REPEATS="1 2"]     the five of the papers, their bases, text-only parts and controls with shuffled pictures
#   make demo-table [SEED=1] [REPEATS="1"]     every run of the papers' main tables
#   make demo-KIND                             features of that kind: cover roi clip bert vgg
#
# demo-all ends in what is claimed of each model: that it is ahead of its text-only part, and the control is not. Five repeats
# decide, and a claim that they show to be wrong makes it fail: make demo-all REPEATS="1 2 3 4 5".
#
# Networks have random weights, as in the demo; text networks are small, and BERT's vocabulary is made of the world's own titles. A
# run is DEMO/seed-SEED/all/NAME/seed-REPEAT, trained on one thread, so that -j2 makes two side by side.

DEMO_ALL := $(DEMO_FOLDER)/all
DEMO_ALL_REPEATS := $(or $(REPEATS),1 2)
DEMO_TABLE_REPEATS := $(or $(REPEATS),1)

# Each model that looks at pictures, and its part that does not: a base, or what is set.
DEMO_PICTURED := nrms-im fim-im mm-rec vlsnr gmmf
DEMO_TEXT_nrms-im := nrms
DEMO_TEXT_fim-im := fim
DEMO_TEXT_mm-rec := mm-rec-text
DEMO_TEXT_vlsnr := vlsnr-text
DEMO_TEXT_gmmf := gmmf-text
DEMO_SET_mm-rec-text := --set mm-rec.news=title
DEMO_SET_vlsnr-text := --set vlsnr.image=no
DEMO_SET_gmmf-text := --set gmmf.visual=none

DEMO_ALL_RUNS := $(foreach m,$(DEMO_PICTURED),$(DEMO_TEXT_$m) $m $m-shuffled) rmbert
DEMO_CLAIMS := $(foreach m,$(DEMO_PICTURED),"$m > $(DEMO_TEXT_$m)" "$m-shuffled <= $(DEMO_TEXT_$m)")

$(DEMO_DATA)/vocab.txt: $(DEMO_DATA)/catalog.json
	pipelines/demo/vocabulary.sh $(DEMO_DATA)/catalog.tsv > $@

# $1 kind, $2 what it reads, $3 options.
define demo_kind
.PHONY: demo-$1
demo-$1: $(DEMO_DATA)/features/$1.h5
$(DEMO_DATA)/features/$1.h5: $2 | programs
	$(DEMO_COVERLINE) extract $(DEMO_DATA) --kind $1 --weights random:1 $3
	@touch $$@
endef
# The world's covers are 224 px a side, and simple: half of that is seen as well, in a quarter of the time.
$(eval $(call demo_kind,cover,$(DEMO_DATA)/crawl.json,--network resnet50 --side 112))
# The cover and its quarters.
$(eval $(call demo_kind,roi,$(DEMO_DATA)/crawl.json,--network resnet50 --side 112 --boxes grid --rois 4))
$(eval $(call demo_kind,vgg,$(DEMO_DATA)/crawl.json,--network vgg16))
$(eval $(call demo_kind,clip,$(DEMO_DATA)/crawl.json,\
	--network-config pipelines/demo/clip.json --vocab pipelines/demo/merges.txt))
$(eval $(call demo_kind,bert,$(DEMO_DATA)/vocab.txt,\
	--network-config pipelines/demo/bert.json --vocab $(DEMO_DATA)/vocab.txt))

# Pooled covers stand in for VGG-16's features, which take longer to make than the run.
demo_kinds = $(patsubst vgg,cover,$(KINDS_$1))
# NAME of NAME-text and NAME-shuffled.
demo_model = $(patsubst %-shuffled,%,$(1:%-text=%))
# Each repeat shuffles pictures in another way, so that the luck of one is not in all.
demo_set = --set train.seed=$2 $(DEMO_SET_$1) $(if $(filter %-shuffled,$1),--set data.shuffle_pictures=$2)
demo_repeat = $(call demo_run_rules,$(DEMO_ALL)/$1/seed-$2,pipelines/configs/demo-$(demo_model).ini,$(call demo_kinds,$(demo_model)),$(demo_set))
$(foreach s,$(DEMO_ALL_REPEATS),$(foreach r,$(call distinct,$(DEMO_ALL_RUNS) $(ALL_RUNS)),$(eval $(call demo_repeat,$r,$s))))

# What needs no model. $1 reference, $2 repeat.
define demo_reference
$(DEMO_ALL)/$1/seed-$2/prediction.txt: $(DEMO_DATA)/catalog.json | programs
	@mkdir -p $$(@D)
	$(DEMO_COVERLINE) score $(DEMO_DATA) --reference $1 --seed $2 --behaviors $(DEMO_DEV) --out $$@
endef
$(foreach s,$(DEMO_ALL_REPEATS),$(foreach r,$(REFERENCES),$(eval $(call demo_reference,$r,$s))))

# The prediction files of runs $1 in repeats $2; the first run is what others are compared with.
demo_predictions = $(foreach r,$1 $(REFERENCES),$(2:%=$(DEMO_ALL)/$r/seed-%/prediction.txt))
# $1 target, $2 runs, $3 repeats, $4 more options of the evaluation.
define demo_table
.PHONY: $1-run
$1-run: $(DEMO_ALL)/$1.txt $(DEMO_ALL)/$1/index.html
	@echo "Look at $(DEMO_ALL)/$1/index.html; $(DEMO_ALL)/$1.txt has a line for each repeat."
	@$(DEMO_COVERLINE) evaluate --behaviors $(DEMO_DEV) $(if $(word 2,$3),--over-seeds) $4 \
		--predictions $(call demo_predictions,$2,$3)
$(DEMO_ALL)/$1.txt: $(call demo_predictions,$2,$3) | programs
	$(DEMO_COVERLINE) evaluate --behaviors $(DEMO_DEV) --predictions $$^ > $$@
$(DEMO_ALL)/$1/index.html: $(DEMO_ALL)/$1.txt | programs
	$(DEMO_COVERLINE) report --out $$(@D) --data $(DEMO_DATA) $(foreach r,$2,$(3:%=$(DEMO_ALL)/$r/seed-%))
	@touch $$@
endef
$(eval $(call demo_table,demo-all,$(DEMO_ALL_RUNS),$(DEMO_ALL_REPEATS),--claim $(DEMO_CLAIMS)))
# NRMS first, as in demo-all.
$(eval $(call demo_table,demo-table,nrms $(filter-out nrms,$(ALL_RUNS)),$(DEMO_TABLE_REPEATS)))
