# The runs of the papers' main tables, and what each reads. Read by the demo, by mind-small and by mind-large.
#
# To add a run: its name in a table, its kinds, and pipelines/configs/{demo,mind-small,mind-large}-NAME.ini.

# As far as the models are here; eval/published/ has the papers' numbers.
TABLE_imrec := deepfm dkn nrms nrms-im lstur fim fim-im
TABLE_mm-rec := fm dssm wide-deep deepfm ebnr dkn dan naml npa nrms mm-rec
TABLE_vlsnr := deepfm dssm ebnr dkn naml npa lstur nrms nrms-im fim-im nrms-img lstur-img vlsnr
TABLE_rmbert := deepfm dcn ebnr dkn naml npa lstur nrms fim rmbert
TABLE_gmmf := lr fm deepfm youtubenet din lmf mtfn marn naml-views gmmf
TABLES := imrec mm-rec vlsnr rmbert gmmf

# What needs no model, and every table has: score --reference.
REFERENCES := random popular recent category
# $1 reference, $2 seed, $3 split, in a chain that runs inside DATA.
define reference_rule
runs/$1/seed-$2/prediction.txt: catalog.json
	@mkdir -p $$(@D)
	$(COVERLINE) score . --reference $1 --seed $2 --behaviors behaviors/$3.tsv --out $$@
endef

# Kinds of features of a run that reads more than the catalogue.
KINDS_nrms-im := impression
KINDS_fim-im := impression
KINDS_nrms-img := cover
KINDS_lstur-img := cover
KINDS_mm-rec := roi
KINDS_vlsnr := clip
KINDS_rmbert := bert
KINDS_youtubenet := vgg bert
KINDS_din := vgg bert
KINDS_lmf := vgg bert
KINDS_mtfn := vgg bert
KINDS_marn := vgg bert
KINDS_naml-views := vgg bert
KINDS_gmmf := vgg bert

# Words each once, in order.
distinct = $(if $1,$(firstword $1) $(call distinct,$(filter-out $(firstword $1),$1)))
ALL_RUNS := $(call distinct,$(foreach t,$(TABLES),$(TABLE_$t)))
