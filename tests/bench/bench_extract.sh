#!/bin/bash
# coverline extract beside PyTorch and ONNX Runtime: same weights, same inputs, same run, by turns: make bench-extract.
# COUNT=48 covers (an eighth of them for the detector)  TITLES=500  RUNS=3 (medians count)  THREADS="1 2"
# KINDS="cover50 cover101 vgg clip bert detector"  SIDE=224 (covers of so many px a side, as crawl stores them)
# ONNXRUNTIME=build/bench/onnxruntime: a folder in which `npm install onnxruntime-node` was run; made where npm can.
#
# "end to end" is from files to features, decoding and writing included, without making the network; "network" the time inside
# it during the same run. PyTorch decodes and prepares beside its network likewise; ONNX Runtime and titles are timed in the
# network alone. Titles: ours are packed, theirs come in batches of 32 padded to the longest. "by CPU" is items a second of
# processor time, decoding included but for ONNX Runtime, and making the network left out: what a busy machine tells better than
# the clock does. Ratios are ours to the better peer's, of the networks by the clock and by CPU, medians over the runs. The
# detector is timed without regions and without a mask branch. Without PyTorch there are no peers, and weights are random ones.
set -eu
bin=$(cd "${BUILD:-build}/bin" && pwd)
bench=$(cd "${BUILD:-build}/tests/bench" && pwd)/bench_cards
ort=${ONNXRUNTIME:-${BUILD:-build}/bench/onnxruntime}
scratch=$(mktemp -d "${TMPDIR:-/tmp}/coverline bench.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
count=${COUNT:-48} titles=${TITLES:-500} runs=${RUNS:-3} side=${SIDE:-224}
samples=$(cd "${COVERLINE_SAMPLES:?names no folder: its photos, headlines and tokenizers are needed}" && pwd)
peers=$PWD/tests/bench

torch= onnx=
if /usr/bin/python3 -c 'import torchvision' 2>/dev/null; then torch=yes; else echo "PyTorch: not timed, python3-torchvision is not installed"; fi
if [ -n "$torch" ] && command -v node >/dev/null; then
	[ -e "$ort/node_modules/onnxruntime-node" ] || npm install --silent --ignore-scripts --prefix "$ort" onnxruntime-node >/dev/null 2>&1 || true
	[ ! -e "$ort/node_modules/onnxruntime-node" ] || onnx=$(cd "$ort/node_modules/onnxruntime-node" && pwd)
fi
[ -n "$onnx" ] || echo "ONNX Runtime: not timed; it needs PyTorch, node and the package onnxruntime-node ($ort)"

# Worlds of covers alone, few and many, and one of titles; of each one more of its first news, which tells what starting costs.
mkdir -p "$scratch/covers"
"$bench" covers "$scratch/covers" "$side" "$samples/photos/"*.jpg
mapfile -t photo < <(ls "$scratch/covers/"*)
world() { awk -v n="$2" -v titles="$3" 'NR <= n { printf "N%d\tnews\tworld\t%s\t\thttps://news.example/%d\t[]\t[]\n", NR, titles ? $0 : "", NR }' \
	"$samples/headlines/headlines.txt" > "$scratch/$1/catalog.tsv"; }
for w in "few $(((count + 7) / 8))" "many $count"; do
	read -r name n <<< "$w"
	mkdir -p "$scratch/$name/images"
	for i in $(seq "$n"); do cp "${photo[$((i % ${#photo[@]}))]}" "$scratch/$name/images/N$i.jpg"; done
	world "$name" "$n" 0
done
mkdir -p "$scratch/titles/images"
world titles "$titles" 1
head -n "$titles" "$samples/headlines/headlines.txt" > "$scratch/titles.txt"
start_of() { case $1 in few) echo 1 ;; many) echo 8 ;; titles) echo 128 ;; esac; }
for name in few many titles; do
	cp -r "$scratch/$name" "$scratch/$name-start"
	world "$name-start" "$(start_of "$name")" "$([ $name != titles ]; echo $?)"
done

bert_vocabulary=$samples/tokenizers/bert-base-uncased-vocab.txt
world_of() { case $1 in bert) echo titles ;; detector) echo few ;; *) echo many ;; esac; }
options_of() {
	case $1 in
	cover50) echo --kind cover --network resnet50 ;;
	cover101) echo --kind cover --network resnet101 ;;
	vgg) echo --kind vgg ;;
	clip) echo --kind clip --vocab "$samples/tokenizers/clip_bpe_simple_vocab_16e6.txt.gz" ;;
	bert) echo --kind bert --vocab "$bert_vocabulary" ;;
	detector) echo --kind roi --rois 1 ;;
	esac
}

# What the networks did in the log: "ITEMS SECONDS".
network_of() {
	case $1 in
	clip) sed -n 's/.* \([0-9]*\) pictures in \([0-9.]*\) s.*/\1 \2/p' "$scratch/log" ;;
	detector) sed -n 's/.* \([0-9]*\) covers through maskrcnn-r50-fpn in \([0-9.]*\) s.*/\1 \2/p' "$scratch/log" ;;
	*) sed -n 's/.* news in [0-9.]* s: \([0-9]*\) [^ ]* through [^ ]* \([0-9.]*\) s.*/\1 \2/p' "$scratch/log" ;;
	esac
}

# extract KIND THREADS WORLD: leaves log and time.
extract() {
	local weights=random:1
	local given=(--weights)
	[ ! -e "$scratch/net/weights.safetensors" ] || weights=$scratch/net/weights.safetensors
	if [ "$1" = detector ]; then given=(--weights random:1 --detector); fi
	rm -rf "${scratch:?}/$3/features"
	# shellcheck disable=SC2046
	/usr/bin/time -f '%U %S %M' -o "$scratch/time" taskset -c "0-$(($2 - 1))" \
		"$bin/coverline-extract" "$scratch/$3" "${given[@]}" "$weights" -j "$2" $(options_of "$1") 2> "$scratch/log" ||
		{ cat "$scratch/log" >&2; exit 1; }
}
# "END-TO-END/S NETWORK/S SHARE ITEMS/CPU-S MB" of one run on so many threads.
ours() {
	local name before
	name=$(world_of "$1")
	extract "$1" "$2" "$name-start"
	before=$(tail -n 1 "$scratch/time")
	extract "$1" "$2" "$name"
	sed -n 's/.* \([0-9]*\) news in \([0-9.]*\) s: .* (\([0-9]*\) %), making it \([0-9.]*\) s.*/\1 \2 \3 \4/p' "$scratch/log" |
		awk -v net="$(network_of "$1")" -v t="$(tail -n 1 "$scratch/time")" -v before="$before" -v few="$(start_of "$name")" '{
			split(net, n, " "); split(t, u, " "); split(before, v, " ")
			printf "%.3f %.3f %d %.3f %.0f\n", $1 / ($2 - $4), n[1] / n[2], $3, ($1 - few) / (u[1] + u[2] - v[1] - v[2]), u[3] / 1024 }'
}
# "END-TO-END/S NETWORK/S ITEMS/CPU-S MB"
pytorch() {
	OMP_NUM_THREADS=$2 taskset -c "0-$(($2 - 1))" /usr/bin/python3 "$peers/extract_peers.py" torch "$1" "$2" "$scratch/net" \
		"$scratch/$(world_of "$1")/images" 2>/dev/null | awk '{ print ($2 == "-" ? "-" : $1 / $2), $1 / $3, $1 / $4, $5 }'
}
# "NETWORK/S ITEMS/CPU-S MB"
onnxruntime() {
	taskset -c "0-$(($2 - 1))" node "$peers/extract_onnx.js" "$onnx" "$2" "$scratch/net" | awk '{ print $1 / $2, $1 / $3, $4 }'
}

column() { awk -v c="$1" '{ print $c }' "$2" | sort -g | awk '{ v[NR] = $1 } END { print NR ? v[int((NR + 1) / 2)] : "-" }'; }
row() { printf '%-9s %7s | %10s %8s %6s %8s %5s | %10s %8s %8s %5s | %8s %8s %5s | %6s %6s\n' "$@"; }
row '' '' ours '' '' '' '' PyTorch '' '' '' ONNX '' '' ratios ''
row kind threads 'end to end' network share 'by CPU' MB 'end to end' network 'by CPU' MB network 'by CPU' MB clock CPU
for k in ${KINDS:-cover50 cover101 vgg clip bert detector}; do
	mkdir "$scratch/net"
	[ -z "$torch" ] || /usr/bin/python3 "$peers/extract_peers.py" make "$k" "$scratch/net" "$scratch/$(world_of "$k")/images" \
		"$scratch/titles.txt" "$bert_vocabulary" > "$scratch/made" 2>&1 || { cat "$scratch/made"; exit 1; }
	for threads in ${THREADS:-1 2}; do
		: > "$scratch/ours" && : > "$scratch/pytorch" && : > "$scratch/onnx" && : > "$scratch/ratios"
		for _ in $(seq "$runs"); do
			ours "$k" "$threads" >> "$scratch/ours"
			[ -z "$torch" ] || pytorch "$k" "$threads" >> "$scratch/pytorch"
			[ -z "$onnx" ] || onnxruntime "$k" "$threads" >> "$scratch/onnx"
		done
		# Ours has five columns, PyTorch four.
		[ -z "$torch" ] || paste -d ' ' "$scratch/ours" "$scratch/pytorch" "$scratch/onnx" |
			awk '{ clock = $7 > $10 ? $7 : $10; cpu = $8 > $11 ? $8 : $11; printf "%.2f %.2f\n", $2 / clock, $4 / cpu }' > "$scratch/ratios"
		cells=()
		for c in "1 ours" "2 ours" "3 ours" "4 ours" "5 ours" "1 pytorch" "2 pytorch" "3 pytorch" "4 pytorch" "1 onnx" "2 onnx" "3 onnx" \
			"1 ratios" "2 ratios"; do
			cells+=("$(column "${c% *}" "$scratch/${c#* }" | awk '{ print ($1 == "-" || $1 == int($1)) ? $1 : sprintf("%.2f", $1) }')")
		done
		row "$k" "$threads" "${cells[@]}"
	done
	rm -rf "$scratch/net"
done
