#!/bin/bash
# How recommenders would train on many machines, from what is measured on this one: make bench-scale.
#   MODELS="nrms fim …" (all but lr and fm)  BATCH=32 (at most)  STEPS=20  SCALE=0.02 (of MIND-large, synthetic, with random features)
# Each model trains alone on one thread, which gives the seconds of a step, and on two ranks, which gives the bytes of a step. Sizes are
# the papers'; settings beside them are in registry.sh.
set -eu
bin=$(cd "${BUILD:-build-mpi}/bin" && pwd)
ranks=$(cd "${BUILD:-build-mpi}" && pwd)/tests/bench/bench_ranks
folder=$(mktemp -d "${TMPDIR:-/tmp}/coverline-scale.XXXXXX")
trap 'rm -rf "$folder"' EXIT
features=${ranks%/*}/bench_features
. tests/bench/registry.sh
models= left_out=
for model in ${MODELS:-$(models_of_registry)}; do
	if by_passes "$model"; then left_out="$left_out $model"; else models="$models $model"; fi
done
steps=${STEPS:-20} scale=${SCALE:-0.02}
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1
export OMPI_MCA_hwloc_base_binding_policy=none OMPI_MCA_pml=ob1 OMPI_MCA_btl_base_warn_component_unused=0 OMP_NUM_THREADS=1
data=$folder/data

echo "sums over two ranks of this machine:   latency us   MB/s (16 MB)"
for how in "shared memory:self,vader" "TCP, loopback:self,tcp"; do
	printf '  %-36s %s\n' "${how%%:*}" "$(mpirun --mca btl "${how##*:}" -n 2 "$ranks" 2>/dev/null | awk '{ printf "%10s %10s", $1, $2 }')"
done

"$bin/coverline-synth" --like mind-large --scale "$scale" --out "$data" 2>/dev/null
for model in $models; do
	for kind in $(kinds_of "$model"); do
		[ -e "$data/features/$kind.h5" ] || "$features" "$data" "$kind"
	done
done
cat <<-'END'

	T(1): seconds of a step of one node, one thread. D: MB of dense gradients, R: MB of touched rows, W: MB of the whole tables.
	Speed-up at N nodes, each with a batch of its own (the step's batch is N times as large):  N T(1) / (T(1) + X + Y) with
	  sums   S = 2 (N - 1)/N D / bandwidth + 2 log2(N) latency, of which the backward pass hides up to T(1)/2:  X = max(0, S - T(1)/2)
	  rows   Y = min((N - 1) R, 2 (N - 1)/N W) / bandwidth + log2(N) latency, after the pass
	with latencies of 30 us at 10 Gbit/s and 5 us at 100 Gbit/s, and 80 % of the wire's bandwidth.
END
[ -z "$left_out" ] || printf '\nleft out, as they learn by passes over all samples, on one rank:%s\n' "$left_out"
printf '\n%-14s %8s %8s %8s %8s  %s\n' model 'T(1) s' 'D MB' 'R MB' 'W MB' 'speed-up at 2 4 8 16 32 64 128 256 nodes'
run() { # OUT STEPS BATCH LAUNCHER…
	local out=$1 n=$2 b=$3 set=() s
	shift 3
	for s in $(settings_of "$model"); do set+=(--set "$s"); done
	"$@" "$bin/coverline-train" "$data" --out "$folder/$out" -j 1 --set "model.name=$model" "${set[@]}" --set data.dev= --set "train.batch=$b" \
		--set train.epochs=1000 --set "train.steps=$n" --set train.checkpoint_every=0 2>"$folder/log"
}
for model in $models; do
	# A model whose settings name a smaller batch is measured with that.
	batch=$(settings_of "$model" | sed -n 's/.*train.batch=\([0-9]*\).*/\1/p')
	batch=${batch:-32}
	[ "$batch" -le "${BATCH:-32}" ] || batch=$BATCH
	rm -rf "$folder/one" "$folder/two"
	if ! run one "$steps" "$batch"; then
		echo "$model: not measured: $(grep -m 1 -o 'error: .*' "$folder/log")"
		continue
	fi
	seconds=$(sed -n 's/.*steps in \([0-9.]*\) s.*/\1/p' "$folder/log" | tail -n 1)
	# Each of the two has a whole batch, as each node will.
	if ! run two 4 $((2 * batch)) mpirun --mca btl self,vader -n 2; then
		echo "$model: not measured: $(grep -m 1 -o 'error: .*' "$folder/log")"
		continue
	fi
	sed -n 's/.*ranks: each gave \([0-9.e+-]*\) MB of gradients and \([0-9.e+-]*\) MB of rows.*/\1 \2/p' "$folder/log" >"$folder/bytes"
	parameters=$(sed -n 's/.*: \([0-9]*\) parameters.*/\1/p' "$folder/log" | head -n 1)
	awk -v model="$model" -v seconds="$seconds" -v steps="$steps" -v parameters="$parameters" '
		function log2(x) { return log(x) / log(2) }
		function max(a, b) { return a > b ? a : b }
		function min(a, b) { return a < b ? a : b }
		function line(gbit, latency,   n, s, y, bw, text) {
			bw = gbit * 1000 / 8 * 0.8
			for (n = 2; n <= 256; n *= 2) {
				s = 2 * (n - 1) / n * d / bw + 2 * log2(n) * latency
				y = min((n - 1) * r, 2 * (n - 1) / n * w) / bw + log2(n) * latency
				text = text sprintf(" %.3g", n * t / (t + max(0, s - t / 2) + y))
			}
			return text
		}
		{ d = $1; r = $2; t = seconds / steps; w = max(0, parameters * 4 / 1e6 - d)
		printf "%-14s %8.3f %8.3f %8.3f %8.2f  10 Gbit/s: %s\n", model, t, d, r, w, line(10, 30e-6)
		printf "%-14s %8s %8s %8s %8s 100 Gbit/s: %s\n", "", "", "", "", "", line(100, 5e-6) }' "$folder/bytes"
done
