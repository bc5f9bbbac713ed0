# coverline extract, the kinds that read covers and titles: twelve news, parts of five, four covers and a damaged one. The first two
# covers and what comes of them are golden (tests/parity/extract_golden.py). Interruptions and several processes: extract-parts.sh.
. tests/stage/lib.sh

# Small text networks: all that they need is beside them.
cat > "$scratch/bert.json" <<'JSON'
{"hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 3, "intermediate_size": 40, "vocab_size": 60,
 "max_position_embeddings": 16, "type_vocab_size": 2, "hidden_act": "gelu"}
JSON
cat > "$scratch/clip.json" <<'JSON'
{"projection_dim": 16,
 "text_config": {"hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 3, "intermediate_size": 96,
                 "vocab_size": 520, "max_position_embeddings": 40},
 "vision_config": {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 4, "intermediate_size": 128,
                   "image_size": 224, "patch_size": 56}}
JSON
printf '%s\n' '[PAD]' '[UNK]' '[CLS]' '[SEP]' {a..z} '##'{a..z} > "$scratch/vocab.txt"
printf '%s\n' '#version: 0.2' 't h' 'th e</w>' 'o n' > "$scratch/merges.txt"

mkdir -p "$scratch/origin/data/images"
i=0
while IFS='|' read -r category subcategory title; do
	i=$((i + 1))
	printf 'N%d\t%s\t%s\t%s\t\thttps://news.example/%d\t[]\t[]\n' "$i" "$category" "$subcategory" "$title" "$i"
done > "$scratch/origin/data/catalog.tsv" <<'TITLES'
sports|soccer|Underdogs win
sports|soccer|Coach: stay
weather|storm|Storm heads for the coast and schools close early
foodanddrink|soups|Seven soups
music|jazz|Is this the place
music|charts|Old songs
weather|sun|Sun at last
news|local|A bridge
news|local|
news|world|One more
sports|golf|Hole in one
tv|series|The end
TITLES
golden=$PWD/tests/parity/golden
for pair in "1 1" "2 2" "3 1" "11 2"; do cp "$golden/extract-N${pair#* }.jpg" "$scratch/origin/data/images/N${pair% *}.jpg"; done
head -c 500 "$scratch/origin/data/images/N1.jpg" > "$scratch/origin/data/images/N8.jpg"
printf 'N2\tarchive\nN3\tsubstitute\n' > "$scratch/origin/data/covers.tsv"

options_of() {
	case $1 in
	cover) echo "--network resnet50" ;;
	vgg) echo "" ;;
	roi) echo "--boxes grid --rois 2" ;;
	bert) echo "--network-config ../bert.json --vocab ../vocab.txt --max-tokens 12" ;;
	clip) echo "--network-config ../clip.json --vocab ../merges.txt" ;;
	esac
}
# kind WORLD KIND [option…]
kind() {
	# shellcheck disable=SC2046
	(cd "$scratch/$1" && exec "$bin/coverline-extract" data --kind "$2" --weights random:1 --part-rows 5 $(options_of "$2") "${@:3}")
}
copy() { cp -a "$scratch/origin" "$scratch/$1"; }
# The whole table's rows, one value a line, as the shard has them.
values() { "$bin/coverline-features" "$scratch/$1/data" --kind "$2" --show "$3" --values; }
same_values() {
	local n
	for n in N1 N3 N6 N11 N12; do
		values whole "$2" $n > "$scratch/one" && values "$1" "$2" $n > "$scratch/two" && diff "$scratch/one" "$scratch/two" || return 1
	done
}

copy whole
check "cover: a damaged one makes exit 10" fails_with 10 kind whole cover
check "and is not looked at again: all current" eval "kind whole cover 2>&1 | grep -q 'all parts are current'"
check "roi, on a grid" fails_with 10 kind whole roi
check "clip" fails_with 10 kind whole clip
check "bert, which reads no covers" kind whole bert

# As PyTorch has it: the cosine of each golden vector, of which every 16th value is kept.
like_golden() {
	local of=$1 least=$2 id
	for id in N1 N2; do
		"$bin/coverline-features" "$scratch/$3/data" --kind "$of" --show $id --values | sed -n "s/^  \([^,]*\), norm [^:]*: /$id \1 /p"
	done > "$scratch/have"
	awk -v kind="$of" -v least="$least" 'NR == FNR { have[$1 " " $2] = $0; next }
		$1 == kind && have[$2 " " $3] {
			n = split(have[$2 " " $3], v, " "); step = n > 500 ? 16 : 1; dot = a = b = 0
			for (i = 4; i <= NF; i++) { x = v[3 + (i - 4) * step]; dot += x * $i; a += x * x; b += $i * $i }
			seen++
			if (!(a > 0 && b > 0 && dot / sqrt(a * b) > least)) { print $2, $3, "cosine", a * b > 0 ? dot / sqrt(a * b) : 0; bad = 1 }
		} END { if (!seen) print "nothing to compare"; exit bad || !seen }' "$scratch/have" "$golden/extract.txt"
}
for k in cover roi clip bert; do check "$k: as PyTorch has it" like_golden $k 0.9999 whole; done

# The covers' states beside: as many rows as patches and a class, and everything else as without.
copy states
check "clip with states" fails_with 10 kind states clip --layer 1
values states clip N1 > "$scratch/states.txt"

check "of 17 rows of 32" eval "[ \"\$(sed -n 's/^  patch.*: //p' '$scratch/states.txt' | wc -w)\" = 544 ]"
check "the projections as before" eval "values whole clip N1 | diff - <(grep -v '^  patch' '$scratch/states.txt')"
check "no layer beyond the last" fails_with 2 kind states clip --layer 2 --force

# Neither threads nor batch are inputs.
copy other
for k in cover roi clip bert; do
	kind other $k -j1 --batch 3 > "$scratch/log" 2>&1
	check "$k on one thread, in other batches: the same values" same_values other $k
done

# What changes, changes its part alone; what is asked for otherwise is refused.
stamp() { stat -c '%i %y' "$scratch/other/data/features/$1/part-0000$2.h5"; }
before=$(stamp clip 0)
after=$(stamp clip 2)
cp "$scratch/other/data/images/N1.jpg" "$scratch/other/data/images/N11.jpg"
check "another cover: clip again" fails_with 0 kind other clip -j1 --batch 3
check "only its part" eval "[ \"\$(stamp clip 0)\" = '$before' ] && [ \"\$(stamp clip 2)\" != '$after' ]"
check "other options are refused" fails_with 2 kind other clip --normalise
check "and made with --force" kind other bert --layer 1 --dtype f32 --force
check "a layer that there is not: usage" fails_with 2 kind other bert --layer 3
check "covers of another size are refused" fails_with 2 kind other cover --side 64
check "and made with --force" fails_with 10 kind other cover --side 64 --force
check "they say so" eval "'$bin/coverline-features' '$scratch/other/data' | grep -q 'shorter side to 73 (bilinear, antialiased), centre 64 x 64'"
check "and regions" fails_with 10 kind other roi --side 64 --force
check "with other values" eval "! same_values other roi >/dev/null"
check "VGG has one size: usage" fails_with 2 kind other vgg --side 112
check "regions without a detector: usage" fails_with 2 kind other roi --boxes detect
check "no vocabulary: usage" fails_with 2 "$bin/coverline-extract" "$scratch/other/data" --kind bert --weights random:1 --force
check "native is for cards: usage" fails_with 2 kind other cover --view native --force

check "an option of another kind: usage" fails_with 2 kind other cover --layer 1
check "and named with its kinds" eval "kind other cover --max-tokens 5 2>&1 | grep -qF -- '--max-tokens is for bert'"

# The slow ones, on one news: VGG-16 as Caffe has it, and detections.
copy few
mkdir "$scratch/few/data/few"
cp "$scratch/few/data/images/N1.jpg" "$scratch/few/data/few"
check "vgg, from a folder of covers" kind few vgg --network vgg16-caffe --images data/few
check "vgg: as PyTorch has it" like_golden vgg 0.9999 few
check "its covers are counted, and how they were prepared" eval "'$bin/coverline-features' '$scratch/few/data' --kind vgg > '$scratch/list' && grep -q 'missing 11, original 1' '$scratch/list' && grep -q 'BGR 0-255' '$scratch/list'"
check "roi, of detections" kind few roi --boxes detect --detector random:4 --detector-side 64 --score 0.02 --images data/few
check "the whole cover and both regions" eval "'$bin/coverline-features' '$scratch/few/data' --kind roi --show N1 | grep -q 'roi_count: 3'"
printf 'PK\003\004 this is a zip file, not weights' > "$scratch/zip"
check "damaged weights of a detector: malformed" fails_with 3 kind few roi --boxes detect --detector "$scratch/zip" --images data/few
check "originals that were not kept: failed" fails_with 1 kind few cover --images originals

# Published weights: MiniLM, whole, with a number that is none, and cut short.
minilm_weights=weights/minilm-l6-v2.fp16.safetensors minilm_config=weights/minilm-l6-v2.config.json
minilm_vocabulary=tokenizers/bert-base-uncased-vocab.txt
if why=$(no_sample $minilm_weights $minilm_config $minilm_vocabulary); then
	skip_test "published weights" "$why"
else
	minilm() {
		"$bin/coverline-extract" "$scratch/few/data" --kind bert --weights "$1" --network-config "$samples/$minilm_config" \
			--vocab "$samples/$minilm_vocabulary" --force "${@:2}"
	}
	check "MiniLM" minilm "$samples/$minilm_weights"
	cp "$samples/$minilm_weights" "$scratch/nan.safetensors" && chmod u+w "$scratch/nan.safetensors"
	printf '\377\177\377\177' | dd of="$scratch/nan.safetensors" bs=2 seek=15000000 conv=notrunc status=none
	check "weights with NaN: malformed" fails_with 3 minilm "$scratch/nan.safetensors"
	check "and the tensor named" eval "minilm '$scratch/nan.safetensors' 2>&1 | grep -q 'has a value that is not finite'"
	check "the features of before are there no longer as one table, but whole" eval "[ ! -e '$scratch/few/data/features/bert.h5' ] && [ -s '$scratch/few/data/features/bert/part-00000.h5' ]"
	truncate -s 20000000 "$scratch/nan.safetensors"
	check "weights cut short: malformed" fails_with 3 minilm "$scratch/nan.safetensors"
fi

# Looking at them.
features() { "$bin/coverline-features" "$scratch/whole/data" "$@"; }
lists() { features > "$scratch/list" && grep -q "$1" "$scratch/list"; }
shows() { features --kind "$1" --show "$2" > "$scratch/list" && grep -qF -- "$3" "$scratch/list"; }
check "features lists the kinds" lists '^roi: 12 news in 3 parts'
check "their columns" lists 'columns: category 16 f16, image 16 f16, subcategory 16 f16, title 16 f16'
check "their states" lists 'states: missing 8, original 2, archive 1, substitute 1, text only 0'
check "their weights" lists 'weights_sha256: random:1'
check "a text without a title is missing" shows bert N9 'bert of N9: missing'
check "a title's tokens are counted" shows bert N6 'token_count: 10'
check "a long one is cut at a token" shows bert N3 'token_count: 12'
check "a cover's state" shows cover N2 'cover of N2: archive'
check "a damaged cover is missing" shows cover N8 'cover of N8: missing'
check "text without a cover" shows clip N8 'clip of N8: text only'
check "regions are counted" shows roi N1 'roi_count: 3'
check "the whole cover is region 0" shows roi N1 'location[0], norm 1.73205: 0 0 1 1 1'
check "the second half is the second of a grid" shows roi N1 'location[2], norm 1.58114: 0 0.5 1 1 0.5'
check "statistics" eval "features --stats --kind clip | grep -q 'category: mean .*; 12 rows, 0 of zeros, 6 duplicates, 0 values not finite'"
check "an unknown news: usage" fails_with 2 features --show N99
check "neighbours need a kind: usage" fails_with 2 features --nearest N1
check "neighbours by category" eval "features --nearest N1 -k 2 --kind clip --column category | cut -f 1,2 | diff - <(printf '1.0000\tN%d\n' 1 2 11)"
check "a contact sheet" eval "features --nearest N1 --kind cover --sheet '$scratch/sheet.png' | wc -l | grep -qx 4 && [ \"\$(head -c 4 '$scratch/sheet.png' | tail -c 3)\" = PNG ]"
flip() { printf '\377\376\375' | dd of="$1" bs=1 seek="$2" conv=notrunc status=none; }
flip "$scratch/whole/data/features/cover/part-00001.h5" $(($(stat -c %s "$scratch/whole/data/features/cover/part-00001.h5") / 2))
check "a part with other bytes: exit 11" fails_with 11 features
cp "$scratch/whole/data/features/bert/part-00000.h5" "$scratch/whole/data/features/bert/part-00001.h5"
check "a part in another's place: exit 11" fails_with 11 features --kind bert
done_testing
