# coverline extract, the cues of cards: five of them, parts of three, a small batch, so that a part ends in the middle of one.
# Interruptions and several processes: extract-parts.sh.
. tests/stage/lib.sh

extract() { (cd "$scratch/$1" && shift && "$bin/coverline-extract" data --kind impression --part-rows 3 --batch 2 "$@"); }
random() { extract "$1" --network resnet50 --weights random:1 "${@:2}"; }

# A catalogue of cards; three of them have a picture, which is another card.
mkdir -p "$scratch/origin/data/images"
i=0
while IFS='|' read -r category title; do
	i=$((i + 1))
	printf 'N%d\t%s\tnone\t%s\t\thttps://news.example/%d\t[]\t[]\n' "$i" "$category" "$title" "$i"
done > "$scratch/origin/data/catalog.tsv" <<'TITLES'
sports|Underdogs win the final in extra time after a season of doubt
sports|Coach: "We never stopped believing"
weather|Storm heads for the coast, schools close early on Monday and Tuesday as the wind picks up
foodanddrink|Seven soups
music|Is this café the best place to hear jazz?
TITLES
card_of() { "$bin/coverline-render" "$scratch/origin/data" --show "$1" --out "$scratch/origin/data/images/$2.jpg"; }
check "cards to extract from" eval "card_of N1 N2 && card_of N4 N5 && '$bin/coverline-render' '$scratch/origin/data'"
copy() { cp -a "$scratch/origin" "$scratch/$1"; }

copy whole
check "extracts" random whole
check "two parts and their union" eval "cd '$scratch/whole/data/features' && ls impression | diff - <(printf 'part-0000%d.h5\n' 0 1) && [ -s impression.h5 ]"
same() { diff -r "$scratch/whole/data/features" "$scratch/$1/data/features"; }
stamps() { (cd "$scratch/$1/data/features" && stat -c '%n %i %y' impression.h5 impression/*); }

before=$(stamps whole)
check "a second time does nothing" eval "random whole 2>&1 | grep -q 'all parts are current' && [ \"\$(stamps whole)\" = '$before' ]"

# Killed in the middle of a part, the same command again ends in the same bytes.
copy killed
check "killed" fails_with 137 env COVERLINE_FAULT=extract.batch:3 bash -c \
	"cd '$scratch/killed' && exec '$bin/coverline-extract' data --kind impression --part-rows 3 --batch 2 --network resnet50 --weights random:1"
check "the union is not there" test ! -e "$scratch/killed/data/features/impression.h5"
check "and resumed, on one processor: the same bytes" eval "taskset -c 0 bash -c '$(declare -f extract random | sed "s/'/'\\\\''/g"); bin=\"$bin\" scratch=\"$scratch\"; random killed' && same killed"

# Inputs that change.
mv "$scratch/killed" "$scratch/changed"
before=$(stamps changed | grep part-00001)
cp "$scratch/changed/data/cards/N2.png" "$scratch/changed/data/cards/N1.png"
check "another card: extracts" random changed
check "its part is made again" eval "! cmp -s '$scratch/whole/data/features/impression/part-00000.h5' '$scratch/changed/data/features/impression/part-00000.h5'"
check "the others are not" eval "[ \"\$(stamps changed | grep part-00001)\" = '$before' ]"
check "other options are refused" fails_with 2 random changed --view crop

# Every choice of the options, on the first two cards.
mkdir -p "$scratch/few/data/images"
head -n 2 "$scratch/origin/data/catalog.tsv" > "$scratch/few/data/catalog.tsv"
cp "$scratch/origin/data/images/N2.jpg" "$scratch/few/data/images"
check "two cards" "$bin/coverline-render" "$scratch/few/data"
for choice in "--view crop" "--view native" "--words grid" "--dtype f32 --max-words 3"; do
	# shellcheck disable=SC2086
	check "extracts with $choice" random few --force $choice
done
check "a cue is a float now" eval "'$bin/coverline-features' '$scratch/few/data' | grep -q 'word 3 x 512 f32'"

# What is refused.
says() { local words=$1; shift; "$@" 2>&1 | grep -qF -- "$words"; }
check "no weights: usage" fails_with 2 extract whole
check "another kind: usage" fails_with 2 "$bin/coverline-extract" "$scratch/whole/data" --kind sound --weights random:1
check "another network: usage" fails_with 2 extract whole --network resnet18 --weights random:1
check "another view: usage" fails_with 2 random whole --view fisheye
check "weights that are not there" fails_with 1 extract whole --weights nowhere.safetensors
printf 'PK\003\004 this is a zip file, not weights' > "$scratch/zip"
check "weights that are no weights: malformed" fails_with 3 extract whole --weights "$scratch/zip"
printf '\055\000\000\000\000\000\000\000{"a":{"dtype":"F32","shape":[9999999999],"data_offsets":[0,4]}}' > "$scratch/lie"
check "weights that lie: malformed" fails_with 3 extract whole --weights "$scratch/lie"
rm "$scratch/changed/data/cards/N4.png"
check "a card is missing: failed" fails_with 1 random changed --force
check "and named, with what makes it" says "cards: no card of N4; make it with: coverline render" random changed --force
cp "$scratch/zip" "$scratch/changed/data/cards/N4.png"
check "a card that is no picture: done but for it" fails_with 10 random changed --force
check "it is missing" eval "'$bin/coverline-features' '$scratch/changed/data' --kind impression --show N4 | grep -q missing"
check "the others are there" eval "! '$bin/coverline-features' '$scratch/changed/data' --kind impression --show N3 | grep -q missing"
done_testing
