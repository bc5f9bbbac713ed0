#!/bin/bash
# Time, memory and disk of the stages on catalogues of MIND-large's shape: make bench-synth.
#   SCALES="0.1 1"  STEPS=2000  THREADS=2  FOLDER=folder for the data (removed at the end; 10 takes 40 GB)  KEEP=1 leaves the data
#   DEV_MOST=0      score and evaluate so many of dev's impressions at most, and say so; 0: all
# Memory is the most that a stage's process ever had, files it has mapped included. catalog reads what synth made, as MIND's folders.
set -eu
bin=$(cd "${BUILD:-build}/bin" && pwd)
scales=${SCALES:-0.1 1} steps=${STEPS:-2000} threads=${THREADS:-2} dev_most=${DEV_MOST:-0}
folder=$(mktemp -d "${FOLDER:-${TMPDIR:-/tmp}}/coverline-synth.XXXXXX")
[ -n "${KEEP:-}" ] || trap 'rm -rf "$folder"' EXIT
command -v /usr/bin/time >/dev/null || { echo "bench-synth: needs /usr/bin/time (Debian package time)" >&2; exit 1; }

size() { du -sBM "$@" | awk '{ sub("M", "", $1); n += $1 } END { print n }'; }
# stage NAME WHAT-IT-WRITES… -- COMMAND…
stage() {
	local name=$1 made=() code=0
	shift
	while [ "$1" != -- ]; do made+=("$1"); shift; done
	shift
	/usr/bin/time -f '%e %U %S %M' -o "$folder/time" "$@" >"$folder/out" 2>"$folder/log" || code=$?
	[ "$code" = 0 ] || [ "$code" = 10 ] || { cat "$folder/log" >&2; exit 1; }
	tail -n 1 "$folder/time" | awk -v scale="$scale" -v name="$name" -v mb="$(size "${made[@]}")" \
		'{ printf "%-6s %-12s %9.1f %9.1f %9.0f %9d\n", scale, name, $1, $2 + $3, $4 / 1024, mb }'
}

cat >"$folder/run.ini" <<-END
	[model]
	name = nrms
	[data]
	dev =
	[train]
	epochs = 1000
	steps = $steps
	batch = 32
	checkpoint_every = 0
END
printf '%-6s %-12s %9s %9s %9s %9s\n' scale stage seconds 'CPU s' MiB 'disk MB'
for scale in $scales; do
	data=$folder/data
	stage synth "$data" -- "$bin/coverline-synth" --like mind-large --scale "$scale" --out "$data" -j "$threads"
	mkdir -p "$folder/mind/train" "$folder/mind/dev"
	for split in train dev; do
		ln -sf "$data/catalog.tsv" "$folder/mind/$split/news.tsv"
		ln -sf "$data/behaviors/$split.tsv" "$folder/mind/$split/behaviors.tsv"
	done
	stage catalog "$folder/again" -- "$bin/coverline-catalog" --mind "$folder/mind/train" "$folder/mind/dev" --out "$folder/again"
	rm -rf "$folder/again" "$folder/mind"
	# One part in a hundred, at least one.
	rows=$(wc -l <"$data/catalog.tsv")
	stage "render 1 %" "$data/cards" "$data/boxes" -- "$bin/coverline-render" "$data" -j "$threads" --part-rows $((rows / 100 + 1)) --shard 0/100
	stage extract "$data/features" -- "$bin/coverline-extract" "$data" --kind synthetic --weights random:1 -j "$threads"
	stage train "$folder/run" -- "$bin/coverline-train" "$data" --config "$folder/run.ini" --out "$folder/run" -j "$threads"
	dev=$data/behaviors/dev.tsv
	impressions=$(wc -l <"$dev")
	if [ "$dev_most" -gt 0 ] && [ "$dev_most" -lt "$impressions" ]; then
		head -n "$dev_most" "$dev" >"$folder/dev.tsv"
		dev=$folder/dev.tsv
		printf '%-6s of %d impressions of dev, %d:\n' "$scale" "$impressions" "$dev_most"
	fi
	stage score "$folder/prediction.txt" -- "$bin/coverline-score" "$data" --run "$folder/run" --behaviors "$dev" \
		--out "$folder/prediction.txt" -j "$threads"
	stage evaluate "$folder/out" -- "$bin/coverline-evaluate" --behaviors "$dev" --predictions "$folder/prediction.txt"
	rm -rf "$data" "$folder/run" "$folder/prediction.txt"
done
