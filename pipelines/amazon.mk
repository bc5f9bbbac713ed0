# Amazon's reviews of 2014 (5-core) through the whole chain: GMMF's table 2 and its ablations' data.
#
#   make amazon DATA=folder AMAZON=Electronics WEIGHTS=… VOCAB=… [options]        make -n amazon … shows the plan
#
#   DATA          where everything goes; may contain spaces
#   AMAZON        Electronics, Home_and_Kitchen or Cell_Phones_and_Accessories
#   AMAZON_FILES  a folder with reviews_AMAZON_5.json(.gz), meta_AMAZON.json(.gz) and image_features_AMAZON.b; without it they are
#                 downloaded to DATA/files (the features of Electronics are 8 GB)
#   WEIGHTS       BERT base as it is published (.safetensors, .bin), or random:SEED; no default
#   VOCAB         its vocab.txt; may be left out if it is beside the weights
#   AMAZON_SEEDS  a run of each model for every one (1 2 3 4 5)
#   AMAZON_RUNS   the models (all of the table, as pipelines/tables.mk has it)
#
# A reader's last review is the test split, by which models are compared, and the last but one the dev split, on which each
# run chooses its best epoch: the sample count is the paper's, and nothing is chosen on what it is compared on. One candidate of
# two is clicked and each reader has one test pair, so AUC is eq. 18's mean over readers.
# Interrupt it whenever you like: the same command goes on where it was. As in mind-small.mk, the chain runs inside DATA.

ifndef AMAZON_HOME

amazon: ## GMMF's table 2 on Amazon's reviews: DATA=folder AMAZON=Electronics WEIGHTS=bert; make -n shows the plan
$(eval $(call inside_target,amazon,amazon.mk,AMAZON,DATA AMAZON,DATA=folder AMAZON=Electronics [AMAZON_FILES=…] [WEIGHTS=…] [VOCAB=…],\
	AMAZON_FILES WEIGHTS VOCAB,AMAZON_SEEDS AMAZON_RUNS))

else

MAKEFLAGS += --no-builtin-rules
.DELETE_ON_ERROR:
.SUFFIXES:
.DEFAULT_GOAL := all
SHELL := /bin/bash
include $(AMAZON_HOME)/pipelines/tables.mk

AMAZON_SEEDS := $(or $(AMAZON_SEEDS),1 2 3 4 5)
COVERLINE := "$(AMAZON_BIN)/coverline"
CONFIGS := $(AMAZON_HOME)/pipelines/configs
AMAZON_RUNS := $(or $(AMAZON_RUNS),$(TABLE_gmmf))
PREDICTIONS := $(foreach r,$(AMAZON_RUNS),$(AMAZON_SEEDS:%=runs/$r/seed-%/prediction.txt))
KINDS := $(sort $(foreach r,$(AMAZON_RUNS),$(KINDS_$r)))

.PHONY: all
all: evaluation.txt report/index.html
	@cat evaluation.txt
	@echo "Look at $(CURDIR)/report/index.html"

ifeq ($(AMAZON_FILES),)
FILES := files
NAME := $(shell echo "$(AMAZON)" | tr 'A-Z_' 'a-z-')
files/fetched:
	$(COVERLINE) fetch amazon-$(NAME)-reviews amazon-$(NAME)-meta amazon-$(NAME)-features --to files
	@touch $@
catalog.json: files/fetched
else
FILES := $(AMAZON_FILES)
endif
# Packed, unless the plain one is there.
given = "$$(f="$(FILES)/$1"; [ -e "$$f" ] && printf %s "$$f" || printf %s "$$f.gz")"

# Told before anything is downloaded.
.PHONY: has-WEIGHTS
has-WEIGHTS:
	@[ -e features/bert.h5 ] || [ -n "$(WEIGHTS)" ] || { echo 'amazon: say where the weights are: WEIGHTS=FILE, or WEIGHTS=random:SEED' >&2; exit 2; }
catalog.json $(if $(AMAZON_FILES),,files/fetched): | $(if $(filter bert,$(KINDS)),has-WEIGHTS)

catalog.json:
	$(COVERLINE) catalog --amazon $(call given,reviews_$(AMAZON)_5.json) $(call given,meta_$(AMAZON).json) --dev --out .
	@touch $@

features/vgg.h5: catalog.json
	$(COVERLINE) extract . --kind vgg --import "$(FILES)/image_features_$(AMAZON).b"
	@touch $@

features/bert.h5: catalog.json
	$(COVERLINE) extract . --kind bert --weights "$(WEIGHTS)" $(if $(VOCAB),--vocab "$(VOCAB)")
	@touch $@

define run_rules
runs/$1/seed-$2/trained: catalog.json $(KINDS_$1:%=features/%.h5)
	$(COVERLINE) train . --config "$(CONFIGS)/amazon-$1.ini" --out runs/$1/seed-$2 --set train.seed=$2
	@touch $$@
runs/$1/seed-$2/prediction.txt: runs/$1/seed-$2/trained
	$(COVERLINE) score . --run runs/$1/seed-$2 --behaviors behaviors/test.tsv --out $$@
	@touch $$@
endef
$(foreach r,$(AMAZON_RUNS),$(foreach s,$(AMAZON_SEEDS),$(eval $(call run_rules,$r,$s))))

$(foreach r,$(REFERENCES),$(foreach s,$(AMAZON_SEEDS),$(eval $(call reference_rule,$r,$s,test))))

evaluation.txt: $(PREDICTIONS) $(foreach r,$(REFERENCES),$(AMAZON_SEEDS:%=runs/$r/seed-%/prediction.txt))
	$(COVERLINE) evaluate --behaviors behaviors/test.tsv --predictions $^ > $@

report/index.html: $(PREDICTIONS)
	$(COVERLINE) report --out report --data . $(foreach r,$(AMAZON_RUNS),$(AMAZON_SEEDS:%=runs/$r/seed-%))
	@touch $@

endif
