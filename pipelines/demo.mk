# The demo: the bundled world through every stage, and three runs beside each other. Included by the top Makefile.
#
#   make demo-run [SEED=1] [DEMO=folder]   all stages; make demo installs what is missing and builds before
#   make demo-STAGE                        up to that stage: world catalog crawl render extract train evaluate report
#   make demo-clean                        removes this seed's folder
#
# One target a stage and part, each a file that its stage writes last: what is there is whole, and an interrupted run goes
# on where it was. Programs are order-only prerequisites: a rebuilt program does not redo finished work (demo-clean does).
# The three runs train on one thread each, so that two of them go side by side under -j2 and the results do not
# depend on the number of processors.

DEMO ?= build/demo
SEED ?= 1

DEMO_FOLDER := $(DEMO)/seed-$(SEED)
DEMO_WORLD_FOLDER := $(DEMO_FOLDER)/world
DEMO_DATA := $(DEMO_FOLDER)/data
DEMO_RUNS := $(DEMO_FOLDER)/runs
DEMO_COVERLINE := $(BUILD)/bin/coverline
DEMO_RUN_NAMES := nrms nrms-im nrms-im-shuffled
DEMO_PREDICTIONS := $(DEMO_RUN_NAMES:%=$(DEMO_RUNS)/%/prediction.txt)
DEMO_DEV := $(DEMO_DATA)/behaviors/dev.tsv

DEMO_STAGES := world catalog crawl render extract train evaluate report
.PHONY: demo-run demo-clean $(DEMO_STAGES:%=demo-%)
demo-world: $(DEMO_WORLD_FOLDER)/world.json
demo-catalog: $(DEMO_DATA)/catalog.json
demo-crawl: $(DEMO_DATA)/crawl.json
demo-render: $(DEMO_DATA)/render.json
demo-extract: $(DEMO_DATA)/features/impression.h5
demo-train: $(DEMO_RUN_NAMES:%=$(DEMO_RUNS)/%/trained)
demo-evaluate: $(DEMO_FOLDER)/evaluation.txt
demo-report: $(DEMO_FOLDER)/report/index.html

$(DEMO_WORLD_FOLDER)/world.json: | programs
	$(BUILD)/bin/demo-world --seed $(SEED) --out $(DEMO_WORLD_FOLDER)
	@touch $@

$(DEMO_DATA)/catalog.json: $(DEMO_WORLD_FOLDER)/world.json | programs
	$(DEMO_COVERLINE) catalog --mind $(DEMO_WORLD_FOLDER)/mind/train $(DEMO_WORLD_FOLDER)/mind/dev --out $(DEMO_DATA)
	@touch $@

# Some of the world's covers are gone, and the crawl says so with exit code 10: the demo goes on without them.
$(DEMO_DATA)/crawl.json: $(DEMO_DATA)/catalog.json | programs
	pipelines/demo/serve.sh $(DEMO_WORLD_FOLDER) -- $(DEMO_COVERLINE) crawl $(DEMO_DATA) --allow-private \
		--connect-to 127.0.0.1:{port} || [ $$? = 10 ]
	@touch $@

$(DEMO_DATA)/render.json: $(DEMO_DATA)/crawl.json | programs
	$(DEMO_COVERLINE) render $(DEMO_DATA)
	@touch $@

$(DEMO_DATA)/features/impression.h5: $(DEMO_DATA)/render.json | programs
	$(DEMO_COVERLINE) extract $(DEMO_DATA) --kind impression --network resnet101 --weights random:1
	@touch $@

# A run's best parameters are there before its last epoch is: that it has ended is told by a file of its own. A run that was
# begun with an older configuration begins anew.
# $1 folder, $2 configuration, $3 kinds of features that it reads, $4 options of train, $5 of score.
define demo_run_rules
$1/trained: $2 $(DEMO_DATA)/catalog.json $(patsubst %,$(DEMO_DATA)/features/%.h5,$3) | programs
	@if [ -e $$(@D)/config.ini ] && [ $$< -nt $$(@D)/config.ini ]; then rm -rf $$(@D); fi
	$(DEMO_COVERLINE) train $(DEMO_DATA) --config $$< --out $$(@D) -j 1 $4
	@touch $$@
$1/prediction.txt: $1/trained | programs
	$(DEMO_COVERLINE) score $(DEMO_DATA) --run $$(@D) --behaviors $(DEMO_DEV) --out $$@ -j 1 $5
	@touch $$@
endef
$(eval $(call demo_run_rules,$(DEMO_RUNS)/nrms,pipelines/configs/demo-nrms.ini))
# What the report draws of it besides: attention.
$(eval $(call demo_run_rules,$(DEMO_RUNS)/nrms-im,pipelines/configs/demo-nrms-im.ini,impression,,--attention $(DEMO_RUNS)/nrms-im/attention.h5))
$(eval $(call demo_run_rules,$(DEMO_RUNS)/nrms-im-shuffled,pipelines/configs/demo-nrms-im.ini,impression,--set data.shuffle_pictures=7))

$(DEMO_FOLDER)/evaluation.txt: $(DEMO_PREDICTIONS) | programs
	$(DEMO_COVERLINE) evaluate --behaviors $(DEMO_DEV) --predictions $(DEMO_PREDICTIONS) > $@

$(DEMO_FOLDER)/report/index.html: $(DEMO_FOLDER)/evaluation.txt | programs
	$(DEMO_COVERLINE) report --out $(@D) --data $(DEMO_DATA) $(DEMO_RUN_NAMES:%=$(DEMO_RUNS)/%)
	@touch $@

demo-run: $(DEMO_FOLDER)/report/index.html
	@pipelines/demo/summary.sh $(DEMO_FOLDER)

demo-clean:
	rm -rf $(DEMO_FOLDER)
