#!/bin/bash
# coverline render beside Pillow, by stage, and as a whole: make bench-render.
# RUNS=5 (medians count)  COUNT=240 cards a run and stage  CARDS=2000 and MANY=100000 for whole runs  LEVEL=2 of PNG
set -eu
bin=$(cd "${BUILD:-build}/bin" && pwd)
bench=$(cd "${BUILD:-build}/tests/bench" && pwd)/bench_cards
pillow=tests/bench/pillow_cards.py
scratch=$(mktemp -d "${TMPDIR:-/tmp}/coverline bench.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
runs=${RUNS:-5} count=${COUNT:-240} cards=${CARDS:-2000} many=${MANY:-100000} level=${LEVEL:-2}
samples=${COVERLINE_SAMPLES:-/nonexistent} # made photos and titles stand in
mkdir "$scratch/photos" "$scratch/covers"

# What cards are made from ------------------------------------------------------------------------------------------

fonts=("$samples/fonts/selawksb.ttf" "$samples/fonts/selawk.ttf")
[ -e "${fonts[0]}" ] || fonts=(/usr/share/fonts/truetype/open-sans/OpenSans-{Semibold,Regular}.ttf)
if [ -d "$samples/photos" ]; then
	cp "$samples/photos/"*.jpg "$scratch/photos"
	echo "photos: $(ls "$scratch/photos" | wc -l) real ones"
else
	"$bench" photos "$scratch/photos" 24
	echo "photos: 24 made ones"
fi
"$bench" covers "$scratch/covers" 224 "$scratch/photos/"*.jpg
if [ -e "$samples/headlines/msn500.tsv" ]; then
	cut -f4 "$samples/headlines/msn500.tsv" | head -n 200 >"$scratch/titles"
else
	for i in $(seq 40); do
		echo "The $i most ridiculous things you can be fined for in each state this year" | cut -c "1-$((20 + i))"
	done >"$scratch/titles"
fi

# By stage ----------------------------------------------------------------------------------------------------------

# Columns of medians, as ms a card, of files with a line of seconds a run; the last column is bytes.
medians() {
	awk -v count="$count" '
	function sort(a, n,   i, j, t) { for (i = 2; i <= n; i++) for (j = i; j > 1 && a[j - 1] > a[j]; j--) { t = a[j]; a[j] = a[j - 1]; a[j - 1] = t } }
	{ for (c = 1; c <= NF; c++) v[c, NR] = $c; columns = NF }
	END { for (c = 1; c <= columns; c++) { for (i = 1; i <= NR; i++) a[i] = v[c, i]; sort(a, NR); m = a[int((NR + 1) / 2)]
		printf "%.3f ", c == columns ? m : m / count * 1000 } print "" }' "$1"
}

have_pillow=
if /usr/bin/python3 -c 'import PIL' 2>/dev/null; then
	have_pillow=yes
else
	echo "Pillow: not timed, python3-pil is not installed"
fi
echo "processor time a card, one thread, medians of $runs runs of $count cards, PNG level $level (Pillow: its default):"
for kind in covers photos; do
	rm -f "$scratch/ours" "$scratch/theirs"
	for _ in $(seq "$runs"); do
		"$bench" cards "${fonts[@]}" "$level" "$count" "$scratch/titles" "$scratch/$kind/"*.jpg >>"$scratch/ours"
		[ -z "$have_pillow" ] ||
			/usr/bin/python3 "$pillow" "${fonts[@]}" "$count" "$scratch/titles" "$scratch/$kind/"*.jpg >>"$scratch/theirs"
	done
	read -r decode layout paint png bytes < <(medians "$scratch/ours")
	awk -v k="$kind" -v d="$decode" -v l="$layout" -v p="$paint" -v e="$png" -v b="$bytes" 'BEGIN {
		all = d + l + p + e
		printf "  %s, coverline: decode %.2f, layout %.2f, paint %.2f, PNG %.2f: %.2f ms, %.0f bytes; %.1f %% in codecs and rasteriser\n",
			k, d, l, p, e, all, b, 100 * (all - l) / all }'
	[ -n "$have_pillow" ] || continue
	read -r their_decode their_paint their_png their_bytes < <(medians "$scratch/theirs")
	awk -v k="$kind" -v d="$their_decode" -v p="$their_paint" -v e="$their_png" -v b="$their_bytes" \
		-v ours="$(awk "BEGIN { print $decode + $layout + $paint + $png }")" -v bytes="$bytes" 'BEGIN {
		printf "  %s, Pillow:    decode %.2f, layout and painting %.2f, PNG %.2f: %.2f ms, %.0f bytes\n", k, d, p, e, d + p + e, b
		printf "  %s: %.2f times as fast as Pillow, files %.3f times as large\n", k, (d + p + e) / ours, bytes / b }'
done

# As a whole --------------------------------------------------------------------------------------------------------

# A catalogue of N news with the same few covers over and over, as links: FOLDER N KIND.
catalogue() {
	mkdir -p "$1/images"
	awk -v n="$2" 'BEGIN { FS = "\t" } { t[NR] = $0 } END { for (i = 1; i <= n; i++)
		printf "N%d\tfinance\tmarkets\t%s\t\t\t[]\t[]\n", i, t[(i - 1) % NR + 1] }' "$scratch/titles" >"$1/catalog.tsv"
	local i=0 files=("$scratch/$3/"*.jpg)
	while [ "$i" -lt "$2" ]; do
		i=$((i + 1))
		echo "${files[$((i % ${#files[@]}))]}" "$1/images/N$i.jpg"
	done | (cd "$scratch" && awk '{ split($0, a, ".jpg "); print a[1] ".jpg\n" a[2] }') | xargs -d '\n' -n 2 ln
}

echo "whole runs of $cards cards, files synced by part:"
for kind in covers photos; do
	for jobs in 1 2; do
		rm -rf "$scratch/data"
		catalogue "$scratch/data" "$cards" "$kind"
		sync -f "$scratch"
		TIMEFORMAT='%R %U %S'
		{ time "$bin/coverline-render" "$scratch/data" --title-font "${fonts[0]}" --category-font "${fonts[1]}" \
			--png-level "$level" -j "$jobs" 2>"$scratch/log"; } 2>"$scratch/time" || { cat "$scratch/log"; exit 1; }
		awk -v k="$kind" -v j="$jobs" -v n="$cards" \
			'{ printf "  %s, %d worker(s): %.0f cards/s, %.0f a processor second (%.1f s, %.1f of them in the kernel)\n", k, j, n / $1, n / ($2 + $3), $1, $3 }' "$scratch/time"
	done
done

# The most memory that a run ever had, in MiB: FOLDER OPTIONS….
peak() {
	local pid most=0 now folder=$1
	shift
	"$bin/coverline-render" "$folder" --title-font "${fonts[0]}" --category-font "${fonts[1]}" "$@" 2>"$scratch/log" &
	pid=$!
	while now=$(awk '/^VmHWM/ { print $2 }' "/proc/$pid/status" 2>/dev/null) && [ -n "$now" ]; do
		most=$now
		sleep 0.02
	done
	wait "$pid" || { cat "$scratch/log" >&2; return 1; }
	awk -v kb="$most" 'BEGIN { printf "%.1f", kb / 1024 }'
}

# The catalogue is held in memory, as row order is all that joins files; one card alone shows what it takes.
echo "memory, parts of 1,000, covers of 224 px, two workers:"
for n in 1000 10000 "$many"; do
	rm -rf "$scratch/data"
	catalogue "$scratch/data" "$n" covers
	one=$(peak "$scratch/data" --show N5 --out "$scratch/one.png")
	echo "  $n cards: at most $(peak "$scratch/data" --png-level 1 --part-rows 1000 --tar -j 2) MiB; one card of the same catalogue: $one MiB"
done
