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

# Another that finds all parts there writes render.json at the same time.
shards_end_together() {
	fresh together && "$render" "$scratch/together" --part-rows 5 --shard 1/2 && mkdir "$scratch/together/render.json.part" &&
		"$render" "$scratch/together" --part-rows 5 --shard 0/2 && rmdir "$scratch/together/render.json.part" &&
		digests "$scratch/together" >"$scratch/together.sums" && same whole together
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
		field "$scratch/whole" cut_titles 4 &&
		field "$scratch/whole" min_words_per_line 1 && field "$scratch/whole" max_words_per_line 5
}

# IMRec's words are words and punctuation marks: 11, 7, 3 and 2 on these four lines, where spaces part 8, 4, 1 and 2.
words_and_signs() {
	mkdir -p "$scratch/signs" && printf 'N1\tnews\ts\t%s\ta\t\t[]\t[]\nN2\tnews\ts\tone two\ta\t\t[]\t[]\n' \
		"It's only 5 &amp; 6, or so the coach says today, he's \"sure\"" >"$scratch/signs/catalog.tsv" &&
		"$render" "$scratch/signs" 2>"$scratch/log" && field "$scratch/signs" mean_title_lines 2.0 &&
		field "$scratch/signs" mean_words_per_line 5.75 && field "$scratch/signs" mean_spaced_words_per_line 3.75 &&
		field "$scratch/signs" min_words_per_line 2 && field "$scratch/signs" max_words_per_line 11 &&
		field "$scratch/signs" min_spaced_words_per_line 1 && field "$scratch/signs" max_spaced_words_per_line 8 || return 1
	grep -q '5.75 words and punctuation marks a line, least 2, most 11' "$scratch/log" && grep -q '3.75 space-separated words a line' "$scratch/log"
}

# The real headlines' table 1: 4.25 a line, where spaces alone give 3.64. An independent count in another language has the same.
real_headlines() {
	mkdir -p "$scratch/real" && cp "$samples/headlines/msn500.tsv" "$scratch/real/catalog.tsv" && "$render" "$scratch/real" --tar &&
		field "$scratch/real" mean_title_lines 2.308 && field "$scratch/real" mean_words_per_line 4.24697 &&
		field "$scratch/real" mean_spaced_words_per_line 3.64385 && field "$scratch/real" max_words_per_line 11
}

no_image() {
	fresh plain && "$render" "$scratch/plain" --no-image && field "$scratch/plain" with_image 0 &&
		field "$scratch/plain" damaged_images 0 && ! cmp -s "$scratch/plain/cards/N5.png" "$scratch/whole/cards/N5.png"
}

# The ids whose card differs from the one without an image, where there is an image to see.
with_image() {
	local id
	for id in $(seq -f 'N%g' 20); do
		cmp -s "$scratch/$1/cards/$id.png" "$scratch/plain/cards/$id.png" || echo "$id"
	done
}

# The same news from run to run, other news by another seed, and a larger share holds a smaller one.
image_share() {
	local share n
	for share in 0 0.25 0.5 1; do
		fresh "share$share" && "$render" "$scratch/share$share" --image-share "$share" --seed 3 || return 1
		with_image "share$share" >"$scratch/share$share.ids"
		n=$(wc -l <"$scratch/share$share.ids")
		field "$scratch/share$share" with_image "$n" && field "$scratch/share$share" damaged_images 0 || return 1
		echo "$share: $n"
		grep -vxFf "$scratch/share$share.ids" "${last:-/dev/null}" && return 1
		local last=$scratch/share$share.ids
	done
	[ ! -s "$scratch/share0.ids" ] && [ "$(wc -l <"$scratch/share1.ids")" = 20 ] &&
		[ -s "$scratch/share0.25.ids" ] && [ "$(wc -l <"$scratch/share0.5.ids")" -lt 20 ] || return 1
	digests "$scratch/share0.5" >"$scratch/share.sums"
	"$render" "$scratch/share0.5" --image-share 0.5 --seed 4 && with_image share0.5 >"$scratch/other.ids"
	! cmp -s "$scratch/other.ids" "$scratch/share0.5.ids" || return 1
	"$render" "$scratch/share0.5" --image-share 0.5 --seed 3 -j 2 && digests "$scratch/share0.5" | diff "$scratch/share.sums" -
}

# One title for all, and covers that differ: after the shuffle each cover is there once, and none where it was.
shuffle_images() {
	local i
	fresh own
	awk 'BEGIN { FS = OFS = "\t" } { $4 = "cover " NR; print }' "$world/catalog.tsv" >"$scratch/own/catalog.tsv"
	"$render" "$scratch/own" --no-image || return 1
	for i in $(seq 20); do
		cp "$scratch/own/cards/N$i.png" "$scratch/own/images/N$i.jpg" || return 1
	done
	sed -i 's/\tfoodanddrink\tsub\t[^\t]*/\tnews\tsub\tsame/' "$scratch/own/catalog.tsv"
	for i in 1 2; do
		rm -rf "$scratch/shuffled$i"
		cp -r "$scratch/own" "$scratch/shuffled$i" && "$render" "$scratch/shuffled$i" --shuffle-images "$i" || return 1
	done
	"$render" "$scratch/own" --part-rows 5 && field "$scratch/shuffled1" with_image 20 || return 1
	diff <(cards_of own) <(cards_of shuffled1) && diff <(cards_of own) <(cards_of shuffled2) || return 1
	for i in $(seq 20); do
		! cmp -s "$scratch/own/cards/N$i.png" "$scratch/shuffled1/cards/N$i.png" || return 1
	done
	! diff -rq "$scratch/shuffled1/cards" "$scratch/shuffled2/cards" >/dev/null
}

cards_of() {
	(cd "$scratch/$1/cards" && sha256sum N?.png N1?.png N20.png | cut -d' ' -f1 | LC_ALL=C sort)
}

image_fit() {
	local fit
	for fit in stretch cover contain; do
		fresh "$fit" && "$render" "$scratch/$fit" --part-rows 5 --image-fit "$fit" || return 1
	done
	digests "$scratch/stretch" >"$scratch/stretch.sums" && same whole stretch &&
		! cmp -s "$scratch/cover/cards/N5.png" "$scratch/stretch/cards/N5.png" &&
		! cmp -s "$scratch/cover/cards/N5.png" "$scratch/contain/cards/N5.png"
}

# IM-MIND's layout as a file gives IM-MIND's cards; another gives a card of its own size, and says which it was.
layout() {
	"$render" "$world" --print-layout >"$scratch/im-mind.ini" && fresh laid &&
		"$render" "$scratch/laid" --part-rows 5 --layout "$scratch/im-mind.ini" &&
		diff -r "$scratch/laid/cards" "$scratch/whole/cards" || return 1
	printf '[card]\nwidth = 400\nheight = 260\n[image]\nx = 0\ny = 0\nwidth = 400\nheight = 120\n[title]\nx = 10\ny = 125\nwidth = 380\nsize = 20\nlines = 2\ncolour = #102030\n[category]\nx = 10\ny = 220\n' >"$scratch/own.ini"
	"$render" "$scratch/laid" --layout "$scratch/own.ini" --wrap width && field "$scratch/laid" card_width_px 400 &&
		field "$scratch/laid" preset '"layout"' && grep -q 'colour = #102030' "$scratch/laid/render.json" &&
		[ "$(od -An -tu1 -j16 -N8 "$scratch/laid/cards/N5.png" | tr -s ' ')" = " 0 0 1 144 0 0 1 4" ]
}

bad_layout() {
	printf '%b' "$1" >"$scratch/bad.ini"
	fails_with 3 "$render" "$world" --layout "$scratch/bad.ini" 2>"$scratch/log" && grep -q "bad.ini.*$2" "$scratch/log"
}

wrap_width() {
	fresh wide && "$render" "$scratch/wide" --part-rows 5 --wrap width &&
		! cmp -s "$scratch/wide/cards/N18.png" "$scratch/whole/cards/N18.png"
}

only() {
	fresh only && "$render" "$scratch/only" --part-rows 5 --only N7 N12 &&
		[ "$(ls "$scratch/only/cards" | wc -l)" = 10 ] && [ ! -e "$scratch/only/render.json" ] &&
		cmp "$scratch/only/cards/N12.png" "$scratch/whole/cards/N12.png"
}

# Cards with covers that are no white card themselves: a GIF of one blue pixel.
ready_cards() {
	local i
	fresh filled || return 1
	for i in $(seq 20); do
		printf 'GIF89a\1\0\1\0\200\0\0\060\140\220\0\0\0\054\0\0\0\0\1\0\1\0\0\2\2\104\1\0\073' >"$scratch/filled/images/N$i.jpg"
	done
	"$render" "$scratch/filled" --part-rows 5
}

# Ready-made cards: boxes of each, the cards untouched, the same with one job and two; the true boxes to 2 px is test_find's.
from_image() {
	ready_cards && fresh ready && cp -r "$scratch/filled/cards" "$scratch/ready/" && touch "$scratch/mark" && sleep 0.02 || return 1
	"$render" "$scratch/ready" --boxes-from-image --part-rows 5 -j 1 && digests "$scratch/ready" >"$scratch/ready.sums" || return 1
	[ -z "$(find "$scratch/ready/cards" -type f -newer "$scratch/mark")" ] || { echo "cards were written"; return 1; }
	field "$scratch/ready" news 23 && field "$scratch/ready" with_image 20 && field "$scratch/ready" boxes_from_image true &&
		field "$scratch/ready" mean_title_lines 2.0 && field "$scratch/ready" mean_words_per_line 4.13043 || return 1
	rm -r "$scratch/ready/boxes" && "$render" "$scratch/ready" --boxes-from-image --part-rows 5 -j 2 &&
		digests "$scratch/ready" | diff "$scratch/ready.sums" - || return 1
	"$render" "$scratch/ready" --boxes-from-image --show N5 --boxes --out "$scratch/found.png" && [ -s "$scratch/found.png" ]
}

from_image_killed() {
	fresh halfway && cp -r "$scratch/filled/cards" "$scratch/halfway/" || return 1
	COVERLINE_FAULT=boxes.commit:3 "$render" "$scratch/halfway" --boxes-from-image --part-rows 5
	[ $? = 137 ] && "$render" "$scratch/halfway" --boxes-from-image --part-rows 5 && digests "$scratch/halfway" | diff "$scratch/ready.sums" -
}

# One card is missing, one cut short: the first has no boxes, the second is a failed item.
from_image_damaged() {
	fresh torn && cp -r "$scratch/filled/cards" "$scratch/torn/" && rm "$scratch/torn/cards/N3.png" || return 1
	head -c 700 "$scratch/filled/cards/N4.png" >"$scratch/torn/cards/N4.png"
	fails_with 10 "$render" "$scratch/torn" --boxes-from-image 2>"$scratch/log" && grep -q 'N4\.png' "$scratch/log" &&
		field "$scratch/torn" damaged_images 1 && field "$scratch/torn" with_image 18
}

# A file no longer than 1 KiB may be written: the first card fails, with its name, and nothing broken stays.
full_disk() {
	fresh full
	(trap '' XFSZ; ulimit -f 1; fails_with 1 "$render" "$scratch/full" --part-rows 5) 2>"$scratch/log" || return 1
	grep -q 'full/cards/N.*\.png' "$scratch/log" && [ "$(grep -c . "$scratch/log")" -lt 6 ] || { cat "$scratch/log"; return 1; }
	[ -z "$(find "$scratch/full/cards" -type f)" ] && [ -z "$(find "$scratch/full" -name 'part-*')" ] &&
		[ ! -e "$scratch/full/render.json" ] || { find "$scratch/full"; return 1; }
	"$render" "$scratch/full" --part-rows 5 && digests "$scratch/full" >"$scratch/full.sums" && same whole full
}

# Cards fit, boxes do not.
full_disk_for_boxes() {
	fresh narrow
	(trap '' XFSZ; ulimit -f 20; fails_with 1 "$render" "$scratch/narrow") 2>"$scratch/log" || { cat "$scratch/log"; return 1; }
	grep -q 'boxes/part-00000' "$scratch/log" && [ -z "$(find "$scratch/narrow" -name '*.part' -o -name '*.h5')" ] || { cat "$scratch/log"; return 1; }
	"$render" "$scratch/narrow" && diff -r "$scratch/narrow/cards" "$scratch/whole/cards"
}

# A file where the folder should be: root may write anywhere, but not below a file.
unwritable() {
	fresh closed && touch "$scratch/closed/$1" || return 1
	fails_with 1 "$render" "$scratch/closed" 2>"$scratch/log" && grep -q "closed/$1" "$scratch/log" && [ ! -e "$scratch/closed/render.json" ]
}

no_permission() {
	fresh denied && mkdir "$scratch/denied/cards" && chmod 555 "$scratch/denied/cards" || return 1
	fails_with 1 setpriv --reuid 65534 --clear-groups "$render" "$scratch/denied" 2>"$scratch/log" && grep -q "denied/cards" "$scratch/log"
}

# What no font has is counted; a fallback that has it makes other cards, and is named.
fallback() {
	local font=/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf
	mkdir -p "$scratch/scripts" && printf 'N1\tnews\ts\t\u05e9\u05dc\u05d5\u05dd plain\ta\t\t[]\t[]\nN2\tnews\ts\tplain\ta\t\t[]\t[]\n' >"$scratch/scripts/catalog.tsv"
	"$render" "$scratch/scripts" --title-font "Open Sans" --category-font "Open Sans" && field "$scratch/scripts" cards_with_missing_glyphs 1 || return 1
	[ -e "$font" ] || return 0
	cp "$scratch/scripts/cards/N1.png" "$scratch/without.png"
	"$render" "$scratch/scripts" --title-font "Open Sans" --category-font "Open Sans" --fallback-font "$font" &&
		field "$scratch/scripts" cards_with_missing_glyphs 0 && grep -q '"name": "DejaVu Sans Book"' "$scratch/scripts/render.json" &&
		! cmp -s "$scratch/scripts/cards/N1.png" "$scratch/without.png"
}

check "a world" make_world
check "cards, boxes and summary" run_whole
check "the summary counts" summary
check "words with and without punctuation marks" words_and_signs
if why=$(no_sample headlines/msn500.tsv); then
	skip_test "the real headlines' statistics" "$why"
else
	check "the real headlines' statistics" real_headlines
fi
check "the same with two jobs" two_jobs
check "the same in two shards" shards
check "the same in two shards that end together" shards_end_together
check "a second run does nothing" does_nothing_again
check "only the part whose image changed" only_what_changed
check "a lost card is drawn again" lost_card
check "larger parts leave no old ones" larger_parts
check "a damaged image is one failed item" damaged
check "without images" no_image
check "only some parts" only
check "a share of the images" image_share
check "images shuffled" shuffle_images
check "images fitted" image_fit
check "a layout of one's own" layout
check "a layout whose image leaves the card" bad_layout '[image]\nx = 500\n' 'beyond the card'
check "a layout with an unknown key" bad_layout '[image]\nz = 5\n' 'z'
check "a layout with a colour that is none" bad_layout '[title]\ncolour = red\n' '#rrggbb'
check "no such layout" fails_with 1 "$render" "$world" --layout "$scratch/none.ini"
check "a preset and a layout" fails_with 2 "$render" "$world" --preset im-mind --layout "$scratch/own.ini"
check "lines by width" wrap_width
check "no such wrapping" fails_with 2 "$render" "$world" --wrap none
check "no such fit" fails_with 2 "$render" "$world" --image-fit none
for point in render.card:1 render.card:8 render.part:1 render.part:3 boxes.commit:1 boxes.commit:5 render.summary:1; do
	check "killed at $point, the same in the end" killed "$point"
done
check "what no font has" fallback
check "boxes of ready-made cards" from_image
check "boxes of ready-made cards, killed" from_image_killed
check "ready-made cards, damaged and missing" from_image_damaged
check "ready-made cards by width" fails_with 2 "$render" "$scratch/ready" --boxes-from-image --wrap width
check "no room for a card" full_disk
check "no room for boxes" full_disk_for_boxes
check "no folder for cards" unwritable cards
check "no folder for boxes" unwritable boxes
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	chmod 755 "$scratch"
	check "no permission to write cards" no_permission
else
	skip_test "no permission to write cards" "needs root and setpriv to become somebody else"
fi
check "no such news" fails_with 2 "$render" "$world" --only N99
check "no such preset" fails_with 2 "$render" "$world" --preset nothing
check "no such font" fails_with 1 "$render" "$world" --title-font /nonexistent.ttf
check "no catalogue" fails_with 1 "$render" "$scratch"
done_testing
