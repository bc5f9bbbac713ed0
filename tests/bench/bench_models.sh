#!/bin/bash
# Every recommender at its defaults, which are its paper's sizes, on news and features drawn at random: clicks a second while training,
# candidates a second while scoring, and the most memory of each; beside PyTorch, where models_torch.py has a peer. make bench-models.
#   MODELS="nrms vlsnr"  STEPS=12 (after 3 to warm up)  RUNS=1 (medians count)  THREADS=2  NEWS=3000  IMPRESSIONS=500  KEEP=folder  PEERS=no
# A recommender of the registry is timed without a line here; one that needs other settings has them in registry.sh.
# Scoring is timed on impressions of 37 candidates and histories of 32 on average, as MIND-large's dev split has; its 376,471 impressions
# are 13.9 million candidates, which the last column is for. News are encoded before that, once each.
set -eu
bin=$(cd "${BUILD:-build}/bin" && pwd)
made=$(cd "${BUILD:-build}/tests/bench" && pwd)
scratch=${KEEP:-$(mktemp -d "${TMPDIR:-/tmp}/coverline-models.XXXXXX")}
[ -n "${KEEP:-}" ] || trap 'rm -rf "$scratch"' EXIT
steps=${STEPS:-12} runs=${RUNS:-1} threads=${THREADS:-2} news=${NEWS:-3000} impressions=${IMPRESSIONS:-500}
. tests/bench/registry.sh
models=${MODELS:-$(models_of_registry)}
data=$scratch/data
mkdir -p "$data/behaviors"

awk -v news="$news" -v clicks=$((64 * (steps + 4))) -v shown="$impressions" -v data="$data" '
function popular() { return int(exp(rand() * log(news))) - 1 }
function history(   h, j) {
	h = ""
	for (j = -int(32 * log(1 - rand())); j > 0; j--) h = h (h == "" ? "" : " ") "N" popular()
	return h
}
function entity(id, word, at) {
	return "{\"Label\": \"" word "\", \"Type\": \"P\", \"WikidataId\": \"Q" id "\", \"Confidence\": 1.0, \"OccurrenceOffsets\": [" at "], " \
		"\"SurfaceForms\": [\"" word "\"]}"
}
# None, one or two, by turns.
function entities(i, title,   w) {
	split(title, w, " ")
	return "[" (i % 3 ? entity(i * 7919 % 5000, w[1], 0) : "") (i % 3 == 2 ? ", " entity(i * 104729 % 5000, w[2], length(w[1]) + 1) : "") "]"
}
BEGIN {
	srand(1)
	for (i = 0; i < news; i++) {
		t = ""
		for (j = 3 + int(rand() * 17); j > 0; j--) t = t (t == "" ? "" : " ") "w" int(exp(rand() * log(30000)))
		print "N" i "\tc" i % 17 "\ts" i % 264 "\t" t "\t\t\t" entities(i, t) "\t[]" > (data "/catalog.tsv")
	}
	for (i = 1; i <= clicks; i++) {
		line = "N" popular() "-1"
		for (j = 2 + int(rand() * 60); j > 0; j--) line = line " N" popular() "-0"
		print i "\tU" i % 500 "\t11/15/2019 8:04:05 AM\t" history() "\t" line > (data "/behaviors/train.tsv")
	}
	for (i = 1; i <= shown; i++) {
		line = "N" popular() "-1"
		for (j = 36; j > 0; j--) line = line " N" popular() "-0"
		print i "\tU" i % 600 "\t11/15/2019 8:04:05 AM\t" history() "\t" line > (data "/behaviors/score.tsv")
	}
}'
for model in $models; do
	for kind in $(kinds_of "$model"); do
		[ -e "$data/features/$kind.h5" ] || "$made/bench_features" "$data" "$kind"
	done
done

# NAME -> "clicks/s candidates/s train-MB score-MB"; the log's rates are of the loops alone, the peaks of whole processes.
ours() {
	local set=() s clicks
	for s in $(settings_of "$1"); do set+=(--set "$s"); done
	rm -rf "$scratch/run"
	/usr/bin/time -f %M -o "$scratch/peak" "$bin/coverline-train" "$data" --out "$scratch/run" -j "$threads" --set model.name="$1" --set data.dev= \
		--set train.epochs=1000000 --set train.steps=$((steps + 3)) --set train.checkpoint_every=0 "${set[@]}" 2>"$scratch/log" || return 1
	clicks=$(sed -n 's/.*(\([0-9.]*\) clicks\/s).*/\1/p' "$scratch/log" | tail -n 1)
	/usr/bin/time -f %M -o "$scratch/peak2" "$bin/coverline-score" "$data" --run "$scratch/run" --behaviors "$data/behaviors/score.tsv" \
		--out "$scratch/p.txt" -j "$threads" 2>"$scratch/log" || return 1
	echo "$clicks $(sed -n 's/.*(\([0-9.]*\) impressions\/s).*/\1/p' "$scratch/log" | awk '{ printf "%.0f", 37 * $1 }')" \
		"$(($(tail -n 1 "$scratch/peak") / 1024)) $(($(tail -n 1 "$scratch/peak2") / 1024))"
}
peer() {
	OMP_NUM_THREADS=$threads /usr/bin/python3 tests/bench/models_torch.py "$1" "$2" "$data" "$steps" "$threads"
}
median() { cut -d ' ' -f "$1" "$2" | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

torch=
if [ "${PEERS:-}" = no ]; then :; elif /usr/bin/python3 -c 'import torch, h5py' 2>/dev/null; then torch=yes; else echo "PyTorch is not timed: python3-torch and python3-h5py are not installed"; fi
echo "$news news, $threads threads, $steps steps, medians of $runs; min: minutes that MIND-large's dev split takes"
printf '%-12s %-14s %9s %7s %8s %12s %7s %8s %7s\n' "" "" clicks/s ratio "peak MB" candidates/s ratio "peak MB" min
for model in $models; do
	peers=
	[ -z "$torch" ] || peers=$(/usr/bin/python3 tests/bench/models_torch.py --peers | tr ' ' '\n' | grep -qx "$model" && echo "usual tuned" || true)
	rm -f "$scratch"/result.*
	for _ in $(seq "$runs"); do
		ours "$model" >>"$scratch/result.coverline" || { echo "$model: $(tail -n 1 "$scratch/log")"; continue 2; }
		for way in $peers; do peer "$model" "$way" >>"$scratch/result.$way"; done
	done
	for who in coverline $peers; do
		awk -v model="$([ "$who" = coverline ] && echo "$model")" -v who="${who/#[ut]/PyTorch ${who:0:1}}" -v values="$(for i in 1 2 3 4; do median $i "$scratch/result.$who"; done | xargs)" \
			-v mine="$(for i in 1 2; do median $i "$scratch/result.coverline"; done | xargs)" 'BEGIN {
			split(values, v, " "); split(mine, m, " ")
			printf "%-12s %-14s %9.1f %7.2f %8d %12.0f %7.2f %8d %7.1f\n", model, who, v[1], m[1] / v[1], v[3], v[2], m[2] / v[2], v[4], 376471 * 37 / v[2] / 60
		}'
	done
	[ -n "$peers" ] || echo "             (no PyTorch peer)"
done
