# coverline render: cards and boxes from a small catalogue, the same however they were made.
. tests/stage/lib.sh

render=$bin/coverline-render
world=$scratch/world

# Titles of every length; images as PNG bytes, which the stage takes under any name; one damaged, three without.
make_world() {
	local i words="storm hits the quiet coast as old fishing towns wait for another long winter of high waves and wind"
	mkdir -p "$world/images"
	for i in $(seq 1 23); do
		printf 'N%d\tfoodanddrink\tsub\t%s\tabstract\t\t[]\t[]\n' "$i" "$(echo "$words" | cut -d' ' -f"1-$((i % 19 + 1))")"
	done >"$world/catalog.tsv"
	"$render" "$world" --show N5 --out "$scratch/cover.png" --no-image || return 1
	for i in $(seq 1 20); do
		cp "$scratch/cover.png" "$world/images/N$i.jpg" || return 1
	done
}

# Everything that a run makes, by name and digest.
digests() {
	(cd "$1" && find cards boxes render.json -type f | LC_ALL=C sort | xargs sha256sum)
}

fresh() {
	rm -rf "${scratch:?}/$1" && cp -r "$world" "$scratch/$1"
}

field() {
	grep -q "\"$2\": $3,\$" "$1/render.json" || { cat "$1/render.json"; return 1; }
}

same() {
	diff "$scratch/$1.sums" "$scratch/$2.sums"
}

run_whole() {
	fresh whole && "$render" "$scratch/whole" --part-rows 5 -j 1 && digests "$scratch/whole" >"$scratch/whole.sums"
}

two_jobs() {
	fresh two && "$render" "$scratch/two" --part-rows 5 -j 2 && digests "$scratch/two" >"$scratch/two.sums" && same whole two
}

shards() {
	fresh shards && "$render" "$scratch/shards" --part-rows 5 --shard 1/2 || return 1
	[ ! -e "$scratch/shards/render.json" ] || { echo "render.json before all parts"; return 1; }
	"$render" "$scratch/shards" --part-rows 5 --shard 0/2 && digests "$scratch/shards" >"$scratch/shards.sums" && same whole shards
}

# Dies at the point, then the same command goes on.
killed() {
	local status
	fresh killed
	COVERLINE_FAULT=$1 "$render" "$scratch/killed" --part-rows 5 -j 2
	status=$?
	[ "$status" = 137 ] || { echo "exit code $status, expected a kill"; return 1; }
	"$render" "$scratch/killed" --part-rows 5 -j 2 && digests "$scratch/killed" >"$scratch/killed.sums" && same whole killed
}

does_nothing_again() {
	touch "$scratch/mark"
	sleep 0.02
	"$render" "$scratch/whole" --part-rows 5 || return 1
	[ -z "$(find "$scratch/whole/cards" "$scratch/whole/boxes" -newer "$scratch/mark")" ]
}

# A changed image means its part's cards again, and only these: N7 is in part 1 (N6 … N10).
only_what_changed() {
	fresh changed && "$render" "$scratch/changed" --part-rows 5 || return 1
	cp "$scratch/changed/cards/N1.png" "$scratch/changed/images/N7.jpg"
	touch "$scratch/mark"
	sleep 0.02
	"$render" "$scratch/changed" --part-rows 5 || return 1
	[ "$(find "$scratch/changed/cards" -type f -newer "$scratch/mark" | wc -l)" = 5 ] &&
		[ "$(find "$scratch/changed/boxes" -type f -newer "$scratch/mark" -printf '%f ')" = "part-00001.h5 " ]
}

lost_card() {
	fresh lost && "$render" "$scratch/lost" --part-rows 5 && rm "$scratch/lost/cards/N3.png" &&
		"$render" "$scratch/lost" --part-rows 5 && digests "$scratch/lost" >"$scratch/lost.sums" && same whole lost
}

# Another part size leaves no old parts behind.
larger_parts() {
	fresh larger && "$render" "$scratch/larger" --part-rows 5 && "$render" "$scratch/larger" --part-rows 20 &&
		[ "$(ls "$scratch/larger/boxes" | tr '\n' ' ')" = "part-00000.h5 part-00001.h5 " ]
}

damaged() {
	local run
	fresh damaged
	head -c 900 "$world/images/N4.jpg" >"$scratch/damaged/images/N4.jpg"
	for run in first again; do
		fails_with 10 "$render" "$scratch/damaged" --part-rows 5 2>"$scratch/log" || return 1
		grep -q 'N4\.jpg' "$scratch/log" || { cat "$scratch/log"; return 1; }
	done
	field "$scratch/damaged" with_image 19 && field "$scratch/damaged" damaged_images 1 &&
		[ -s "$scratch/damaged/cards/N4.png" ]
}

summary() {
	field "$scratch/whole" news 23 && field "$scratch/whole" with_image 20 &&
		field "$scratch/whole" mean_title_lines 2.0 && field "$scratch/whole" mean_words_per_line 4.13043 &&
		field "$scratch/whole" cut_titles 4
}

no_image() {
	fresh plain && "$render" "$scratch/plain" --no-image && field "$scratch/plain" with_image 0 &&
		field "$scratch/plain" damaged_images 0 && ! cmp -s "$scratch/plain/cards/N5.png" "$scratch/whole/cards/N5.png"
}

only() {
	fresh only && "$render" "$scratch/only" --part-rows 5 --only N7 N12 &&
		[ "$(ls "$scratch/only/cards" | wc -l)" = 10 ] && [ ! -e "$scratch/only/render.json" ] &&
		cmp "$scratch/only/cards/N12.png" "$scratch/whole/cards/N12.png"
}

check "a world" make_world
check "cards, boxes and summary" run_whole
check "the summary counts" summary
check "the same with two jobs" two_jobs
check "the same in two shards" shards
check "a second run does nothing" does_nothing_again
check "only the part whose image changed" only_what_changed
check "a lost card is drawn again" lost_card
check "larger parts leave no old ones" larger_parts
check "a damaged image is one failed item" damaged
check "without images" no_image
check "only some parts" only
for point in render.card:1 render.card:8 render.part:1 render.part:3 boxes.commit:1 boxes.commit:5 render.summary:1; do
	check "killed at $point, the same in the end" killed "$point"
done
check "no such news" fails_with 2 "$render" "$world" --only N99
check "no such preset" fails_with 2 "$render" "$world" --preset nothing
check "no such font" fails_with 1 "$render" "$world" --title-font /nonexistent.ttf
check "no catalogue" fails_with 1 "$render" "$scratch"
done_testing
