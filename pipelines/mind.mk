# MIND through the whole chain: the demo's stages on real data, each reader's real clicks, covers from the web, and the runs of
# the papers' main tables (pipelines/tables.mk), repeated over seeds, beside what is published.
#
#   make mind-small DATA=folder [options]        make -n mind-small DATA=folder shows the plan
#   make mind-large DATA=folder [options]
#
#   DATA       where everything goes (MIND-small with the kind impression: about 12 GB); may contain spaces
#   TABLE      the papers whose main tables are made: imrec (the default), mm-rec, vlsnr, rmbert, gmmf, or several
#   RUNS       or the runs themselves: "nrms nrms-im"
#   SEEDS      of the runs, which are repeated over them ("1 2 3 4 5")
#   MIND_ZIPS  a folder with MIND's zips (MINDsmall_train.zip …); without it they are downloaded to DATA/zips
#   CONTACT    a mail address or URL by which the owners of the sites crawled can reach you (a crawl insists on it)
#   CRAWL      more options of the crawl, paths in full: '--sources import,archive --import /data/covers'
#   GLOVE      word vectors, text, one word a line, 100 numbers each; without it words start at random
#   RESNET101 RESNET50 VGG16 MASKRCNN   networks as torchvision publishes them (.pth or .safetensors), or random:SEED; without
#              them they are downloaded
#   CLIP BERT  clip-vit-base-patch32 and bert-base-uncased, their vocabularies beside them, or random:SEED; no default
#   VILBERT    weights of ViLBERT for mm-rec, its vocab.txt beside it; without it they are seeded, and titles are words
#   TRAIN      more options of every run: '--set train.epochs=1'
#
# Interrupt it whenever you like: the same command goes on where it was. The crawl ends when every page was asked; most
# of MIND's have been gone for years, so expect text-only cards unless CRAWL names other sources. A folder for each seed of each
# run: several machines that share DATA may make different RUNS at once.
# The top Makefile includes this file; the chain itself then runs in a make of its own inside DATA, so that every path in
# it is relative and free of spaces.

ifndef MIND_HOME

MIND_FILES := MIND_ZIPS GLOVE RESNET101 RESNET50 VGG16 MASKRCNN CLIP BERT VILBERT
MIND_OPTIONS := TABLE RUNS SEEDS CONTACT CRAWL TRAIN $(MIND_FILES)

mind_target = $(call inside_target,mind-$1,mind.mk,MIND,DATA,DATA=folder [TABLE=…] [MIND_ZIPS=…] [CONTACT=…] [GLOVE=…] …,\
	$(MIND_FILES),$(filter-out $(MIND_FILES),$(MIND_OPTIONS)),MIND_SIZE=$1)

else

MAKEFLAGS += --no-builtin-rules
.DELETE_ON_ERROR:
.SUFFIXES:
.DEFAULT_GOAL := all
SHELL := /bin/bash
include $(MIND_HOME)/pipelines/tables.mk

COVERLINE := "$(MIND_BIN)/coverline"
CONFIGS := $(MIND_HOME)/pipelines/configs
SEEDS := $(or $(SEEDS),1 2 3 4 5)
RUNS := $(or $(RUNS),$(call distinct,$(foreach t,$(or $(TABLE),imrec),$(or $(TABLE_$t),$(error TABLE: there is no "$t"; there are: $(TABLES))))))
$(foreach r,$(RUNS),$(if $(filter $r,$(ALL_RUNS)),,$(error RUNS: there is no "$r"; there are: $(ALL_RUNS))))
REPEATS := $(foreach r,$(RUNS),$(foreach s,$(SEEDS),runs/$r/seed-$s))
PREDICTIONS := $(REPEATS:%=%/prediction.txt)

.PHONY: all
all: evaluation.txt report/index.html
	@cat evaluation.txt
	@echo "Look at $(CURDIR)/report/index.html"

# What only its user can say is asked for before anything is downloaded.
KINDS := $(sort $(foreach r,$(RUNS),$(KINDS_$r)))
ASKED := $(if $(filter clip,$(KINDS)),has-CLIP) $(if $(filter bert,$(KINDS)),has-BERT) $(if $(filter-out bert,$(KINDS)),has-CONTACT)
.PHONY: has-CLIP has-BERT has-CONTACT
has-CLIP: made = features/clip.h5
has-BERT: made = features/bert.h5
has-CLIP has-BERT: has-%:
	@[ -e $(made) ] || [ -n "$($*)" ] || { echo 'mind-$(MIND_SIZE): say where the weights are: $*=FILE, or $*=random:SEED' >&2; exit 2; }
has-CONTACT:
	@[ -e crawl.json ] || [ -n "$(CONTACT)$(CRAWL)" ] || \
		{ echo 'mind-$(MIND_SIZE): a crawl says whom sites can turn to: CONTACT=you@example.org' >&2; exit 2; }

ifeq ($(MIND_ZIPS),)
ZIPS := zips
zips/fetched: | $(ASKED)
	$(COVERLINE) fetch mind-$(MIND_SIZE)-train mind-$(MIND_SIZE)-dev --to zips
	@touch $@
catalog.json: zips/fetched
else
ZIPS := $(MIND_ZIPS)
endif

catalog.json: | $(ASKED)
	$(COVERLINE) catalog --mind "$(ZIPS)/MIND$(MIND_SIZE)_train.zip" "$(ZIPS)/MIND$(MIND_SIZE)_dev.zip" --out .
	@touch $@

# Exit code 10: some covers could not be had, which is the rule here.
crawl.json: catalog.json
	$(COVERLINE) crawl . $(if $(CONTACT),--contact "$(CONTACT)" )$(CRAWL) || [ $$? = 10 ]
	@touch $@

render.json: crawl.json
	$(COVERLINE) render .
	@touch $@

# $1 variable, $2 name for fetch: the network's file, downloaded unless the variable names one.
define network
ifeq ($$($1),)
$1 := weights/$2.pth
weights/$2.pth:
	$$(COVERLINE) fetch $2 --to weights
$1_FILE := weights/$2.pth
endif
endef
$(eval $(call network,RESNET101,resnet101))
$(eval $(call network,RESNET50,resnet50))
$(eval $(call network,VGG16,vgg16))
$(eval $(call network,MASKRCNN,maskrcnn))

# $1 kind, $2 what it reads, $3 options.
define kind
features/$1.h5: $2
	$(COVERLINE) extract . --kind $1 $3
	@touch $$@
endef
$(eval $(call kind,impression,render.json $(RESNET101_FILE),--network resnet101 --weights "$(RESNET101)"))
$(eval $(call kind,cover,crawl.json $(RESNET101_FILE),--network resnet101 --weights "$(RESNET101)"))
$(eval $(call kind,vgg,crawl.json $(VGG16_FILE),--network vgg16 --weights "$(VGG16)"))
$(eval $(call kind,roi,crawl.json $(RESNET50_FILE) $(MASKRCNN_FILE),--network resnet50 --weights "$(RESNET50)" --detector "$(MASKRCNN)"))
$(eval $(call kind,clip,crawl.json,--weights "$(CLIP)"))
$(eval $(call kind,bert,catalog.json,--weights "$(BERT)"))

SET_mm-rec := $(if $(filter-out random:%,$(VILBERT)),--set 'encoder.weights=$(VILBERT)',\
	--set encoder.weights=$(or $(VILBERT),random:1) --set encoder.vocab=words)

define run_rules
$(foreach s,$(SEEDS),
runs/$1/seed-$s/trained: catalog.json $(KINDS_$1:%=features/%.h5)
	$(COVERLINE) train . --config "$(CONFIGS)/mind-$(MIND_SIZE)-$1.ini" --out runs/$1/seed-$s --set train.seed=$s \
		$(if $(GLOVE),--set 'data.word_vectors=$(GLOVE)') $(SET_$1) $(TRAIN)
	@touch $$@
runs/$1/seed-$s/prediction.txt: runs/$1/seed-$s/trained
	$(COVERLINE) score . --run runs/$1/seed-$s --behaviors behaviors/dev.tsv --out $$@
	@touch $$@
)
endef
$(foreach r,$(RUNS),$(eval $(call run_rules,$r)))

$(foreach r,$(REFERENCES),$(foreach s,$(SEEDS),$(eval $(call reference_rule,$r,$s,dev))))
REFERENCE_PREDICTIONS := $(foreach r,$(REFERENCES),$(SEEDS:%=runs/$r/seed-%/prediction.txt))

evaluation.txt: $(PREDICTIONS) $(REFERENCE_PREDICTIONS)
	$(COVERLINE) evaluate --behaviors behaviors/dev.tsv --predictions $^ > $@

report/index.html: $(PREDICTIONS)
	$(COVERLINE) report --out report --data . $(REPEATS)
	@touch $@

endif
