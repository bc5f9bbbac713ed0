# What benchmarks of all recommenders ask of the registry; source it. $bin: the programs.
models_of_registry() { "$bin/coverline-train" --list | sed -n 's/^; \([a-z][a-z0-9-]*\)  *[A-Z].*/\1/p'; }
# Kinds of features that a recommender can read.
kinds_of() { "$bin/coverline-train" --list | awk -v m="$1" '$2 == m { getline; sub(/.*kinds: /, ""); if ($0 != "none") print }'; }
# Whether it learns by passes over all samples, which are for one rank.
by_passes() { case $1 in lr | fm) ;; *) false ;; esac; }
# Settings beside the defaults, which are the paper's sizes.
settings_of() {
	case $1 in
	mm-rec) echo "encoder.weights=random:1 encoder.vocab=words encoder.together=64 train.batch=4" ;;
	gmmf | lmf | mtfn | marn) echo "train.batch=32" ;;
	wide-deep | deepfm | dcn) echo "train.adam=sparse" ;;
	dkn | dan) echo "data.entity_vectors=" ;; # random ones: neither made catalogue comes with a file of them
	esac
}
