#!/bin/bash
# FM and LR over mapped samples on one core, beside PyTorch and scikit-learn over the same file: make bench-sparse.
# Seconds are of processor time, so that what else runs on the machine counts little.
# RUNS=3 (medians count, all in turn)  SAMPLES=400000  FEATURES=30  BUCKETS=1048576  (Zipf-distributed; 16 factors)
set -eu
bench=$(cd "${BUILD:-build}/tests/bench" && pwd)/bench_sparse
scratch=$(mktemp -d "${TMPDIR:-/tmp}/coverline bench.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
runs=${RUNS:-3} samples=${SAMPLES:-400000} features=${FEATURES:-30} buckets=${BUCKETS:-1048576}
file=$scratch/samples.bin
"$bench" make "$file" "$samples" "$features" "$buckets"
median() { cut -d ' ' -f "$1" "$2" | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
declare -A peer=([fm]=torch [lr]=sklearn) called=([fm]="PyTorch FM" [lr]="scikit-learn LR")
for which in fm lr; do
	/usr/bin/python3 -c "import ${peer[$which]}" 2>/dev/null || { echo "${called[$which]} is not timed: python3-${peer[$which]} is not installed"; peer[$which]=; }
done
for _ in $(seq "$runs"); do
	"$bench" pass "$file" 16 >>"$scratch/fm"
	"$bench" pass "$file" 0 >>"$scratch/lr"
	"$bench" pass "$file" 16 als >>"$scratch/als"
	for which in fm lr; do
		[ -z "${peer[$which]}" ] || /usr/bin/python3 tests/bench/sparse_peers.py $which "$file" >>"$scratch/peer-$which"
	done
done
echo "$samples samples of $features features, $buckets buckets, one core, medians of $runs"
printf '%-28s %12s %8s\n' "" samples/s ratio
line() { printf '%-28s %12.0f %8s\n' "$1" "$2" "$(awk -v a="$3" -v b="$2" 'BEGIN { printf "%.2f", a / b }')"; }
for which in fm lr; do
	mine=$(median 1 "$scratch/$which")
	line "coverline ${which^^} SGD" "$mine" "$mine"
	[ -z "${peer[$which]}" ] || line "${called[$which]}" "$(median 1 "$scratch/peer-$which")" "$mine"
done
line "coverline FM ALS, a sweep" "$(median 1 "$scratch/als")" "$(median 1 "$scratch/fm")"
echo "coverline FM SGD: $(median 2 "$scratch/fm") MB at the most beside the file"
