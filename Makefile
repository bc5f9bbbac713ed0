# Coverline. `make help` lists the targets; README.md is the guided tour.
#
# How the tree becomes programs, so that adding a thing is adding a file:
#   FOLDER/cmd_NAME.c   build/bin/coverline-NAME (cmd_coverline.c: build/bin/coverline)
#   FOLDER/**/*.c       FOLDER's archive, build/lib/libFOLDER.a; model's, with common, is libcoverline.{a,so}; once more in double
#   tests/KIND/test_*.c a cmocka program;  tests/support/*.c what they share;  tests/stage/*.sh, tests/fault/*.sh: shell tests
#   tests/fault/*.c     a program that shell tests run
# Options: BUILD=folder  SAN=1 (sanitizers)  MPI=1 (training on several machines)  CC=clang  PREFIX=/usr/local  DESTDIR=  V=1 (show the commands)

MAKEFLAGS += --no-builtin-rules --no-print-directory
.DELETE_ON_ERROR:
.SUFFIXES:
.SECONDARY:
.DEFAULT_GOAL := all
SHELL := /bin/bash

ifeq ($(origin CC),default)
CC := gcc
endif
SAN ?=
# Ranks that train together (model/train/ranks_mpi.c), in a folder of their own.
MPI ?=
# Threads that wait sleep instead of spinning: stages run side by side, and these machines are shared.
export OMP_WAIT_POLICY ?= passive
# Weights, photos, headlines and fonts that others published: tests and benchmarks try things on them, and are skipped without.
export COVERLINE_SAMPLES ?= ../shared/data
BUILD ?= build$(if $(MPI),-mpi)$(if $(SAN),-san)
PREFIX ?= /usr/local

STAGE_FOLDERS := crawl render extract eval
WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wmissing-prototypes -Wvla -Werror
OPENMP := $(if $(findstring clang,$(CC)),-fopenmp-simd -Wno-unknown-pragmas -Wno-pass-failed,-fopenmp)
comma := ,
# Nothing here reads errno after maths or traps on floating point; saying so lets loops with exp and tanh vectorise.
MATHS := -ffp-contract=off -fno-math-errno -fno-trapping-math
OPTIMISE := $(if $(SAN),-O1 -fno-omit-frame-pointer -fsanitize=address$(comma)undefined -fno-sanitize-recover=undefined,-O2)

# Files ---------------------------------------------------------------------------------------------------------------

sources = $(filter-out $1/cmd_%.c,$(wildcard $1/*.c $1/*/*.c))
objects = $(patsubst %.c,$(BUILD)/obj/%.o,$(call sources,$1))
COMMANDS := $(wildcard $(addsuffix /cmd_*.c,common model $(STAGE_FOLDERS)))
program = $(BUILD)/bin/$(if $(filter coverline,$1),coverline,coverline-$1)
PROGRAMS := $(foreach c,$(COMMANDS),$(call program,$(patsubst cmd_%.c,%,$(notdir $c))))
ARCHIVES := $(patsubst %,$(BUILD)/lib/lib%.a,common coverline $(STAGE_FOLDERS))
UNIT_TESTS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/unit/test_*.c tests/parity/test_*.c))
# Programs that shell tests run.
TEST_PROGRAMS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/fault/*.c))
GRAD_TESTS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/grad/test_*.c))
SHARED := $(BUILD)/lib/libcoverline.so
DEMO_WORLD := $(if $(wildcard pipelines/demo/*.c),$(BUILD)/bin/demo-world)

# Packages ------------------------------------------------------------------------------------------------------------

PACKAGES := libcurl libxml-2.0 vips pangocairo pangoft2 cairo freetype2 fontconfig hdf5 openblas sqlite3 jansson inih libzip \
	libutf8proc libpcre2-8 libcrypto zlib libarchive \
	libbrotlidec libzstd \
	libdeflate libjpeg $(if $(MPI),ompi-c)
# The OpenMP build of OpenBLAS, whatever the system's default is: one pool of threads for BLAS, oneDNN and our own loops.
OPENBLAS_OPENMP := $(firstword $(wildcard /usr/lib/*/openblas-openmp/pkgconfig))
PKG_CONFIG := $(if $(OPENBLAS_OPENMP),PKG_CONFIG_PATH="$(OPENBLAS_OPENMP):$$PKG_CONFIG_PATH") pkg-config
# Asked once per kind of build and kept: pkg-config over 18 packages takes longer than make itself.
$(BUILD)/packages.mk: pipelines/packages.sh
	@mkdir -p $(@D)
	@sh pipelines/packages.sh check $(if $(MPI),mpi)
	@printf 'PKG_CFLAGS := %s\nPKG_LIBS := %s\nCMOCKA_LIBS := %s\n' \
		"$$($(PKG_CONFIG) --cflags $(PACKAGES) | sed 's/-I\//-isystem \//g')" \
		"$$($(PKG_CONFIG) --libs $(PACKAGES)) -ldnnl -lm" "$$(pkg-config --libs cmocka)" > $@.tmp
	@mv $@.tmp $@
ifneq ($(MAKECMDGOALS),)
ifeq ($(filter-out clean help uninstall packages demo demo-all demo-table test test-scale bench-scale slurm slurm-plan lint fuzz mind-small mind-large amazon,$(MAKECMDGOALS)),)
NO_PACKAGES := 1
endif
endif
ifndef NO_PACKAGES
include $(BUILD)/packages.mk
endif

CPPFLAGS_ALL := -I. -D_GNU_SOURCE $(if $(MPI),-DCOVERLINE_MPI) $(CPPFLAGS)
CFLAGS_ALL = -std=c11 -g $(OPTIMISE) $(OPENMP) $(WARNINGS) $(MATHS) -fPIC -pthread $(PKG_CFLAGS) $(CFLAGS)
LDFLAGS_ALL = -pthread $(OPENMP) $(OPTIMISE) -Wl,--as-needed \
	$(if $(OPENBLAS_OPENMP),-Wl$(comma)-rpath$(comma)$(patsubst %/pkgconfig,%,$(OPENBLAS_OPENMP))) $(LDFLAGS)

# One short line a file; V=1 shows the commands.
Q := $(if $(V),,@)
say = @$(if $(V),true,printf '  %-4s %s\n' $1 $2)

# Build ---------------------------------------------------------------------------------------------------------------

.PHONY: all programs
all: programs $(ARCHIVES) $(SHARED) ## build everything
programs: $(PROGRAMS) $(DEMO_WORLD)

$(BUILD)/obj/%.o: %.c Makefile $(BUILD)/packages.mk
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP -c $< -o $@

# Products may fuse: BLAS's do too. All else gives the same bits on every processor.
$(BUILD)/obj/model/tensor/kernels_small.o $(BUILD)/vectors/%/kernels_small.o $(BUILD)/obj/tests/bench/bench_ops.o \
$(BUILD)/obj/model/tensor/kernels_volumes.o $(BUILD)/vectors/%/kernels_volumes.o \
$(BUILD)/obj/model/tensor/kernels_winograd.o $(BUILD)/vectors/%/kernels_winograd.o: \
	MATHS := $(subst contract=off,contract=fast,$(MATHS))

$(BUILD)/obj64/%.o: %.c Makefile $(BUILD)/packages.mk
	$(call say,CC64,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS_ALL) -DCOVERLINE_DOUBLE $(CFLAGS_ALL) -MMD -MP -c $< -o $@

define archive
$(BUILD)/lib/lib$1.a: $2
	$$(call say,AR,$$@)
	@mkdir -p $$(@D)
	@rm -f $$@
	$$(Q)ar rcs $$@ $$^
endef
$(eval $(call archive,common,$(call objects,common)))
$(foreach f,$(STAGE_FOLDERS),$(eval $(call archive,$f,$(call objects,$f))))
$(eval $(call archive,coverline,$(call objects,model) $(call objects,common)))
# Detection hands oneDNN's floats to kernels: it is not part of the library in double.
FLOAT_ONLY := %/encoders/maskrcnn.o
$(eval $(call archive,coverline64,$(patsubst $(BUILD)/obj/%,$(BUILD)/obj64/%,$(filter-out $(FLOAT_ONLY),$(call objects,model)) $(call objects,common))))

# The library for programs of others: names of this version stay together under one soname.
VERSION := $(shell sed -n 's/^\#define COVERLINE_VERSION "\(.*\)"/\1/p' common/cli.h)
SONAME := libcoverline.so.$(firstword $(subst ., ,$(VERSION)))
$(SHARED): $(call objects,model) $(call objects,common)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -shared -Wl,-soname,$(SONAME) $(LDFLAGS_ALL) $^ $(PKG_LIBS) -o $@

# What each folder's programs link: arrows point one way.
LINKS_common := common
LINKS_crawl := crawl common
LINKS_render := render common
LINKS_eval := eval common
LINKS_model := coverline
LINKS_extract := extract coverline
archives = $(patsubst %,$(BUILD)/lib/lib%.a,$(LINKS_$1))
link = $(CC) $(LDFLAGS_ALL) $(filter %.o %.a,$^) $(PKG_LIBS) -o $@

define program_rule
$(call program,$(patsubst cmd_%,%,$(basename $(notdir $1)))): $(patsubst %.c,$(BUILD)/obj/%.o,$1) $(call archives,$(patsubst %/,%,$(dir $1)))
	$$(call say,LINK,$$@)
	@mkdir -p $$(@D)
	$$(Q)$$(link)
endef
$(foreach c,$(COMMANDS),$(eval $(call program_rule,$c)))

$(BUILD)/bin/demo-world: $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard pipelines/demo/*.c)) $(BUILD)/lib/libcommon.a
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(link)

$(eval $(call archive,test,$(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard tests/support/*.c))))
TEST_ARCHIVES := $(patsubst %,$(BUILD)/lib/lib%.a,test crawl render extract eval coverline)
$(BUILD)/tests/grad/%: $(BUILD)/obj64/tests/grad/%.o $(BUILD)/lib/libcoverline64.a
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(link) $(CMOCKA_LIBS)
$(BUILD)/tests/%: $(BUILD)/obj/tests/%.o $(TEST_ARCHIVES)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(link) $(CMOCKA_LIBS)

# Tests of the kernels with vectors of one width each, whatever the library would choose here (tests/stage/vectors.sh).
define vectors
$(BUILD)/vectors/$1/%.o: model/tensor/%.c Makefile $(BUILD)/packages.mk
	$$(call say,CC$1,$$<)
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(CPPFLAGS_ALL) -DCOVERLINE_VECTORS=$1 $$(CFLAGS_ALL) -MMD -MP -c $$< -o $$@
VECTOR_KERNELS_$1 := $(patsubst model/tensor/%.c,$(BUILD)/vectors/$1/%.o,$(wildcard model/tensor/kernels_*.c))
$(BUILD)/vectors/$1/test_%: $(BUILD)/obj/tests/unit/test_%.o $$(VECTOR_KERNELS_$1) $(TEST_ARCHIVES)
	$$(call say,LINK,$$@)
	$$(Q)$$(link) $$(CMOCKA_LIBS)
$(BUILD)/vectors/$1/test_%: $(BUILD)/obj/tests/parity/test_%.o $$(VECTOR_KERNELS_$1) $(TEST_ARCHIVES)
	$$(call say,LINK,$$@)
	$$(Q)$$(link) $$(CMOCKA_LIBS)
VECTOR_TESTS += $(BUILD)/vectors/$1/test_kernels $(BUILD)/vectors/$1/test_op_parity
endef
$(foreach v,128 $(if $(filter x86_64,$(shell uname -m)),256 512),$(eval $(call vectors,$v)))

-include $(shell test -d $(BUILD) && find $(BUILD) -name '*.d')

# Test ----------------------------------------------------------------------------------------------------------------
# `make test` is the one command: it installs what is missing, builds, and runs everything. TESTS=… runs a choice.

SHELL_TESTS := $(filter-out %/lib.sh %/nginx.sh %/clicks.sh,$(sort $(wildcard tests/stage/*.sh tests/fault/*.sh)))
TESTS ?= $(UNIT_TESTS) $(GRAD_TESTS) $(SHELL_TESTS)
# Known leaks of libraries at exit, not ours; see the file.
SAN_ENV := ASAN_OPTIONS=detect_leaks=1 LSAN_OPTIONS=suppressions=tests/lsan.supp:print_suppressions=0 UBSAN_OPTIONS=print_stacktrace=1
PARALLEL = $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc))
# One run at a time in one build folder; a second waits its turn.
locked = mkdir -p $(BUILD) && flock $(BUILD)/.lock $(MAKE) $(PARALLEL)

.PHONY: test test-run lint lint-run packages
test: ## install what is missing, build, run all the tests (TESTS=… for some, SAN=1 under sanitizers)
	@sh pipelines/packages.sh install
	@$(locked) test-run
test-run: programs $(UNIT_TESTS) $(GRAD_TESTS) $(TEST_PROGRAMS) $(VECTOR_TESTS)
	@$(if $(SAN),$(SAN_ENV) SAN=1) BUILD=$(BUILD) bash tests/run.sh $(TESTS)

# Ranks and a Slurm of its own, on this machine: programs built with MPI=1.
SCALE_TESTS := $(filter-out %/lib.sh %/own_slurm.sh,$(sort $(wildcard tests/scale/*.sh)))
.PHONY: test-scale test-scale-run
test-scale: ## install Open MPI and Slurm if they are missing, build with MPI=1, test ranks, hosts and job chains
	@sh pipelines/packages.sh install scale
	@$(MAKE) MPI=1 test-scale-locked
.PHONY: test-scale-locked
test-scale-locked:
	@$(locked) test-scale-run
test-scale-run: programs
	@BUILD=$(BUILD) bash tests/run.sh $(if $(filter-out $(UNIT_TESTS) $(GRAD_TESTS) $(SHELL_TESTS),$(TESTS)),$(TESTS),$(SCALE_TESTS))

lint: ## formatting, cppcheck, headers that compile alone, direction of includes, a clang build
	@sh pipelines/packages.sh install lint
	@$(locked) lint-run
lint-run: programs
	@BUILD=$(BUILD) bash tests/run.sh tests/lint.sh

packages: ## install the Debian packages that are missing
	@sh pipelines/packages.sh install

.PHONY: golden-cards
golden-cards: $(BUILD)/tests/parity/test_card_golden ## draw the golden cards anew: tests/parity/golden/cards.txt
	@$< write

.PHONY: parity-extract
parity-extract: programs ## hold features, from files to shards, against PyTorch where it is installed (CHECKS="clip bert" for some)
	@if ! /usr/bin/python3 -c 'import torchvision, h5py, PIL' 2>/dev/null; then \
		echo "ok 1 - features beside PyTorch # SKIP python3-torchvision, python3-h5py or python3-pil is not installed"; \
	elif [ ! -d "$$COVERLINE_SAMPLES" ]; then \
		echo "ok 1 - features beside PyTorch # SKIP COVERLINE_SAMPLES names no folder"; \
	else /usr/bin/python3 tests/parity/extract_parity.py $(BUILD)/bin "$$COVERLINE_SAMPLES" $(CHECKS); fi

# Each target has FUZZ_SECONDS; what it finds interesting it keeps for the next time, beside the seeds in tests/fuzz/seeds.
FUZZ_SECONDS ?= 60
FUZZERS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_FLAGS := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
.PHONY: fuzz fuzz-run
fuzz: ## run each fuzz target for FUZZ_SECONDS=60 under the sanitizers
	@sh pipelines/packages.sh install lint
	@$(MAKE) CC=clang BUILD=build-fuzz CFLAGS="-O1 $(FUZZ_FLAGS)" LDFLAGS="-fsanitize=fuzzer,address,undefined" $(PARALLEL) fuzz-run
fuzz-run: $(FUZZERS)
	@failed=; for f in $(FUZZERS); do \
		name=$${f##*/fuzz_}; seeds=tests/fuzz/seeds/$$name; \
		echo "== $$name"; mkdir -p $$f.corpus; \
		$(SAN_ENV) $$f -max_total_time=$(FUZZ_SECONDS) -timeout=20 -rss_limit_mb=2048 -verbosity=0 -print_final_stats=1 \
			-artifact_prefix=$$f. $$f.corpus $$(test ! -d $$seeds || echo $$seeds) || failed="$$failed $$name"; \
	done; test -z "$$failed" || { echo "failed:$$failed"; exit 1; }

.PHONY: bench-evaluate
bench-evaluate: $(call program,evaluate) ## time evaluate on a split of MIND-large dev's shape, beside MIND's metrics in Python
	@BUILD=$(BUILD) bash tests/bench/bench_evaluate.sh
.PHONY: bench-networks
bench-networks: $(BUILD)/tests/bench/bench_networks ## time the picture networks alone, on one thread and on two
	@for t in 1 2; do for n in resnet101 resnet50 vgg16; do $< $$n 8 $$t || exit 1; done; done
.PHONY: bench-ops
bench-ops: $(BUILD)/tests/bench/bench_ops ## GFLOP/s and GB/s of each op beside the machine's peaks and PyTorch (THREADS=1)
	@BUILD=$(BUILD) bash tests/bench/bench_ops.sh
.PHONY: bench-train
bench-train: $(call program,train) ## time training NRMS at the paper's sizes, beside PyTorch fed in two ways
	@BUILD=$(BUILD) bash tests/bench/bench_train.sh

.PHONY: bench-sparse
bench-sparse: $(BUILD)/tests/bench/bench_sparse ## time FM and LR over mapped samples on one core, beside PyTorch and scikit-learn (SAMPLES=400000)
	@BUILD=$(BUILD) bash tests/bench/bench_sparse.sh
.PHONY: bench-scale bench-scale-run
bench-scale: ## measure a step's time and bytes, and sums over ranks here; predict the speed-up on 2 to 256 nodes (MODELS=… STEPS=20)
	@sh pipelines/packages.sh install mpi
	@$(MAKE) MPI=1 $(PARALLEL) bench-scale-run
bench-scale-run: programs $(BUILD)/tests/bench/bench_ranks $(BUILD)/tests/bench/bench_features
	@BUILD=$(BUILD) bash tests/bench/bench_scale.sh
.PHONY: bench-synth
bench-synth: programs ## time, memory and disk of the stages on catalogues of MIND-large's shape (SCALES="0.1 1" STEPS=2000)
	@BUILD=$(BUILD) bash tests/bench/bench_synth.sh
.PHONY: bench-models
bench-models: programs $(BUILD)/tests/bench/bench_features ## time every recommender's training and scoring, beside PyTorch (MODELS="nrms vlsnr" STEPS=12)
	@BUILD=$(BUILD) bash tests/bench/bench_models.sh

.PHONY: bench-crawl
bench-crawl: $(call program,crawl) ## time a crawl of BENCH_NEWS=5000 pages beside Scrapy, and curl with vipsthumbnail
	@BUILD=$(BUILD) bash tests/bench/bench_crawl.sh

.PHONY: bench-render
bench-render: $(call program,render) $(BUILD)/tests/bench/bench_cards ## time cards by stage beside Pillow, whole runs, and memory (RUNS=5)
	@BUILD=$(BUILD) bash tests/bench/bench_render.sh

.PHONY: bench-extract
bench-extract: $(call program,extract) $(BUILD)/tests/bench/bench_cards ## time extract beside PyTorch and ONNX Runtime (COUNT=48 TITLES=500 RUNS=3)
	@BUILD=$(BUILD) bash tests/bench/bench_extract.sh

# Demo and pipelines --------------------------------------------------------------------------------------------------

include $(addprefix pipelines/,tables.mk demo.mk demo-all.mk inside.mk mind.mk mind-small.mk mind-large.mk amazon.mk ablations.mk)

.PHONY: demo
demo: ## install what is missing, build, and run the whole pipeline on the bundled world (SEED=1)
	@sh pipelines/packages.sh install
	@$(locked) demo-run
.PHONY: demo-all demo-table
demo-all: ## train all recommenders of the five papers on the bundled world, with controls and repeats (REPEATS="1 2")
	@sh pipelines/packages.sh install
	@$(locked) demo-all-run
demo-table: ## train every run of the papers' main tables on the bundled world
	@sh pipelines/packages.sh install
	@$(locked) demo-table-run

.PHONY: slurm slurm-plan
slurm: ## submit the whole chain as Slurm jobs (DATA=folder RUN=folder; options in pipelines/slurm/chain.sh)
	@$(MAKE) $(PARALLEL) $(if $(filter-out 1,$(RANKS)),MPI=1) programs
	@pipelines/slurm/chain.sh submit
slurm-plan: ## print the jobs that make slurm would submit
	@pipelines/slurm/chain.sh plan
slurm slurm-plan: export DATA := $(DATA)
slurm slurm-plan: export RUN := $(RUN)
slurm slurm-plan: export RUNS := $(RUNS)
slurm slurm-plan: export COVERLINE := $(COVERLINE)
slurm slurm-plan: export CRAWL := $(CRAWL)
slurm slurm-plan: export RENDER := $(RENDER)
slurm slurm-plan: export EXTRACT := $(EXTRACT)
slurm slurm-plan: export TRAIN := $(TRAIN)
slurm slurm-plan: export RANKS := $(RANKS)
slurm slurm-plan: export CPUS := $(CPUS)
slurm slurm-plan: export JOBS_MAX := $(JOBS_MAX)
slurm slurm-plan: export CRAWL_JOBS := $(CRAWL_JOBS)
slurm slurm-plan: export SBATCH := $(SBATCH)

# Install -------------------------------------------------------------------------------------------------------------
# Headers keep their folders, so that they include each other as they do here. Those that say "Not for use outside" stay.

HEADERS = $(shell grep -L 'Not for use outside' $(wildcard common/*.h model/*/*.h))
define PKG_CONFIG_FILE
prefix=$(PREFIX)
libdir=$${prefix}/lib
includedir=$${prefix}/include/coverline

Name: coverline
Description: Tensors, gradients, layers, encoders and recommenders for multimodal news recommendation
Version: $(VERSION)
Cflags: -I"$${includedir}"
Libs: -L"$${libdir}" -lcoverline
Libs.private: $(PKG_LIBS) -fopenmp -pthread
endef
export PKG_CONFIG_FILE

.PHONY: install uninstall clean help
INSTALLED = $(DESTDIR)$(PREFIX)
install: programs $(BUILD)/lib/libcoverline.a $(SHARED) ## install programs, library, headers, configs and pipelines under PREFIX=/usr/local
	install -d "$(INSTALLED)/bin" "$(INSTALLED)/lib/pkgconfig" "$(INSTALLED)/share/coverline/configs" \
		"$(INSTALLED)/share/coverline/providers" "$(INSTALLED)/share/coverline/published"
	install -m 755 $(PROGRAMS) "$(INSTALLED)/bin"
	install -m 644 $(BUILD)/lib/libcoverline.a "$(INSTALLED)/lib"
	install -m 755 $(SHARED) "$(INSTALLED)/lib/$(SONAME)"
	ln -sf $(SONAME) "$(INSTALLED)/lib/libcoverline.so"
	for h in $(HEADERS); do install -D -m 644 $$h "$(INSTALLED)/include/coverline/$$h" || exit 1; done
	printf '%s\n' "$$PKG_CONFIG_FILE" > "$(INSTALLED)/lib/pkgconfig/coverline.pc"
	install -m 644 $(wildcard pipelines/*.tsv) "$(INSTALLED)/share/coverline"
	install -m 644 $(wildcard pipelines/configs/*.ini) "$(INSTALLED)/share/coverline/configs"
	install -m 644 $(wildcard crawl/providers/*.ini) "$(INSTALLED)/share/coverline/providers"
	install -m 644 $(wildcard eval/published/*.tsv) "$(INSTALLED)/share/coverline/published"

uninstall: ## remove what install put there
	rm -f $(foreach c,$(COMMANDS),"$(INSTALLED)/bin/$(notdir $(call program,$(patsubst cmd_%.c,%,$(notdir $c))))")
	rm -f "$(INSTALLED)"/lib/libcoverline.* "$(INSTALLED)/lib/pkgconfig/coverline.pc"
	rm -rf "$(INSTALLED)/share/coverline" "$(INSTALLED)/include/coverline"

clean: ## remove everything that was built, the demo's results included
	rm -rf build build-san build-mpi build-clang build-fuzz

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /  \1\t/p' $(MAKEFILE_LIST) | expand -t 14
	@echo "Options: SEED=1 (demo)  SAN=1  CC=clang  BUILD=build  PREFIX=/usr/local  DESTDIR=  V=1  -jN"
	@echo "COVERLINE_SAMPLES=$(COVERLINE_SAMPLES): a folder with published weights, photos, headlines and fonts to try things on"
