# coverline catalog and the dispatcher: folders and zips in, one checked catalogue out.
. tests/stage/lib.sh

c=$bin/coverline
tab=$'\t'
time='11/15/2019 8:04:05 AM'

row() { # ID TITLE [URL]
	printf '%s\tnews\tnewsworld\t%s\tAn "abstract".\t%s\t[]\t[]\n' "$1" "$2" "${3-https://x.test/$1.html}"
}

# A fresh world: three splits, a repeated row, a row without URL, quotes, CRLF, an empty history, bare candidates.
world() {
	rm -rf "$scratch/in"
	mkdir -p "$scratch/in/MINDx_train" "$scratch/in/MINDx_dev" "$scratch/in/MINDx_test"
	{
		row N1 'He said "no'
		row N2 'Café' ''
		row N3 third
	} >"$scratch/in/MINDx_train/news.tsv"
	printf '1\tU1\t%s\tN1 N2\tN3-1 N2-0\r\n2\tU2\t%s\t\tN1-0 N2-1' "$time" "$time" >"$scratch/in/MINDx_train/behaviors.tsv"
	{
		row N3 'third, again'
		row N4 fourth
	} | sed 's/$/\r/' >"$scratch/in/MINDx_dev/news.tsv"
	printf '1\tU1\t%s\tN4\tN3-0 N4-1 N1-1\n' "$time" >"$scratch/in/MINDx_dev/behaviors.tsv"
	row N5 fifth >"$scratch/in/MINDx_test/news.tsv"
	printf '9\tU3\t%s\tN1\tN5 N4\n' "$time" >"$scratch/in/MINDx_test/behaviors.tsv"
}

catalog() {
	"$c" catalog --mind "$scratch/in/MINDx_train" "$scratch/in/MINDx_dev" "$scratch/in/MINDx_test/" --out "$1"
}

# MESSAGE, which may use $scratch, is the last line on stderr of a run that exits with CODE.
says() {
	local code=$1 message=$2 found
	shift 2
	found=$("$@" 2>&1 >/dev/null)
	[ $? = "$code" ] || { echo "expected exit code $code of: $*"; echo "$found"; return 1; }
	found=$(printf '%s\n' "$found" | tail -n 1)
	[ "$found" = "coverline catalog: $message" ] || { echo "found:    $found"; echo "expected: coverline catalog: $message"; return 1; }
}

json_has() { # FILE KEY VALUE
	grep -qF " \"$2\": $3" "$1" || { grep -F "\"$2\"" "$1"; echo "expected $2: $3"; return 1; }
}

same_folder() {
	diff -r -x stages.jsonl "$1" "$2"
}

world
check "three splits become one catalogue" catalog "$scratch/d"
expected_catalog() {
	{
		row N1 'He said "no'
		row N2 'Café' ''
		row N3 third
		row N4 fourth
		row N5 fifth
	} | cmp - "$scratch/d/catalog.tsv"
}
check "first rows win, in order, with LF" expected_catalog
expected_train() {
	printf '1\tU1\t%s\tN1 N2\tN3-1 N2-0\n2\tU2\t%s\t\tN1-0 N2-1\n' "$time" "$time" | cmp - "$scratch/d/behaviors/train.tsv"
}
check "train behaviors are copied, with LF" expected_train
check "dev behaviors are copied" cmp "$scratch/in/MINDx_dev/behaviors.tsv" "$scratch/d/behaviors/dev.tsv"
check "bare candidates are copied" cmp "$scratch/in/MINDx_test/behaviors.tsv" "$scratch/d/behaviors/test.tsv"
counts() {
	local pair bad=0
	for pair in news=5 categories=1 subcategories=1 news_without_url=1 duplicate_ids=1 users=3 impressions_train=2 \
		users_train=2 candidates_train=4 clicks_train=2 empty_histories_train=1 unlabelled_train=0 impressions_dev=1 \
		users_dev=1 candidates_dev=3 clicks_dev=2 impressions_test=1 users_test=1 candidates_test=2 clicks_test=0 \
		unlabelled_test=1 rejected=0; do
		json_has "$scratch/d/catalog.json" "${pair%=*}" "${pair#*=}," || bad=1
	done
	return $bad
}
check "catalog.json counts" counts
digests() {
	local sum
	sum=$(sha256sum <"$scratch/d/catalog.tsv")
	json_has "$scratch/d/catalog.json" sha256_catalog "\"${sum%% *}\"" || return 1
	sum=$(sha256sum <"$scratch/d/behaviors/dev.tsv")
	json_has "$scratch/d/catalog.json" sha256_behaviors_dev "\"${sum%% *}\"" || return 1
	sum=$(sha256sum <"$scratch/in/MINDx_train/news.tsv")
	json_has "$scratch/d/catalog.json" sha256_input_train_news "\"${sum%% *}\""
}
check "catalog.json has digests" digests
check "README.txt explains the folder" grep -q 'catalog.tsv  *the news, one a row' "$scratch/d/README.txt"
only_these() {
	[ "$(cd "$scratch/d" && find . -type f | sort | tr '\n' ' ')" = \
		"./README.txt ./behaviors/dev.tsv ./behaviors/test.tsv ./behaviors/train.tsv ./catalog.json ./catalog.tsv ./stages.jsonl " ]
}
check "nothing else is left there" only_these

# All but the record of runs, which grows by a line.
files_of() {
	find "$1" -type f ! -name stages.jsonl -printf '%p %i %T@\n' | sort
}

untouched() {
	local before
	before=$(files_of "$scratch/d")
	says 0 "$scratch/d is up to date" catalog "$scratch/d" || return 1
	[ "$before" = "$(files_of "$scratch/d")" ]
}
check "a rerun changes nothing" untouched
cp -r "$scratch/d" "$scratch/whole"
repaired() {
	echo damaged >>"$scratch/d/behaviors/dev.tsv"
	catalog "$scratch/d" && same_folder "$scratch/whole" "$scratch/d"
}
check "a damaged file is made again" repaired
fewer_splits() {
	"$c" catalog --mind "$scratch/in/MINDx_train" --out "$scratch/d" &&
		[ "$(ls "$scratch/d/behaviors")" = train.tsv ] && ! grep -q _dev "$scratch/d/catalog.json" &&
		catalog "$scratch/d" && same_folder "$scratch/whole" "$scratch/d"
}
check "splits that are no longer given go" fewer_splits

# Vectors of entities, which a split may have.
vectors() {
	world
	printf 'Q1\t1\t2\t\nQ2\t3\t4\t\n' >"$scratch/in/MINDx_train/entity_embedding.vec"
	printf 'Q3\t5\t6\t\r\nQ1\t7\t8\t' >"$scratch/in/MINDx_dev/entity_embedding.vec"
}
vectors_kept() {
	vectors
	catalog "$scratch/v" && printf 'Q1\t1\t2\t\nQ2\t3\t4\t\nQ3\t5\t6\t\n' | cmp - "$scratch/v/entity_embedding.vec" &&
		json_has "$scratch/v/catalog.json" entity_vectors 3, &&
		says 0 "$scratch/v is up to date" catalog "$scratch/v" && "$c" verify "$scratch/v"
}
check "entity vectors are kept, the first of an id" vectors_kept
vectors_repaired() {
	cp -r "$scratch/v" "$scratch/v-whole"
	echo x >>"$scratch/v/entity_embedding.vec"
	! "$c" verify "$scratch/v" && catalog "$scratch/v" && same_folder "$scratch/v" "$scratch/v-whole" &&
		rm "$scratch/v/entity_embedding.vec" && catalog "$scratch/v" && same_folder "$scratch/v" "$scratch/v-whole"
}
check "damaged or missing ones are made again" vectors_repaired
vectors_gone() {
	world
	catalog "$scratch/v" && [ ! -e "$scratch/v/entity_embedding.vec" ] && ! grep -q sha256_.*entities "$scratch/v/catalog.json"
}
check "where no split has them any more they go" vectors_gone
vectors_wrong() {
	vectors
	printf 'Q4\t1\n\nQ5 2\nQ6\n' >"$scratch/in/MINDx_test/entity_embedding.vec"
	says 3 "error: $scratch/in/MINDx_test/entity_embedding.vec:2: expected an entity's id, a tab and numbers" catalog "$scratch/v" ||
		return 1
	says 10 "warning: 3 rows were left out, listed in $scratch/v/catalog-rejected.tsv" "$c" catalog --mind "$scratch/in/MINDx_train" \
		"$scratch/in/MINDx_test" --out "$scratch/v" --lenient && [ "$(awk '{ printf "%s ", $1 }' "$scratch/v/entity_embedding.vec")" = "Q1 Q2 Q4 Q5 " ]
}
check "a wrong line is named, or left out" vectors_wrong
world

# Zips: files at the top, and one folder deep.
if command -v zip >/dev/null; then
	zips() {
		(cd "$scratch/in/MINDx_train" && zip -q ../MINDx_train.zip news.tsv behaviors.tsv) &&
			(cd "$scratch/in" && zip -qr MINDx_dev.zip MINDx_dev) &&
			"$c" catalog --mind "$scratch/in/MINDx_train.zip" "$scratch/in/MINDx_dev.zip" "$scratch/in/MINDx_test" \
				--out "$scratch/z" && cmp "$scratch/z/catalog.tsv" "$scratch/whole/catalog.tsv" &&
			same_folder "$scratch/z/behaviors" "$scratch/whole/behaviors" && [ ! -e "$scratch/z/.unpacked" ]
	}
	check "zip files give the same" zips
	check "zip files unchanged: up to date" says 0 "$scratch/z is up to date" "$c" catalog --mind "$scratch/in/MINDx_train.zip" \
		"$scratch/in/MINDx_dev.zip" "$scratch/in/MINDx_test" --out "$scratch/z"
	zipped_vectors() {
		vectors
		(cd "$scratch/in/MINDx_train" && zip -q ../MINDx_train.zip news.tsv behaviors.tsv entity_embedding.vec) &&
			"$c" catalog --mind "$scratch/in/MINDx_train.zip" --out "$scratch/zv" &&
			cmp "$scratch/zv/entity_embedding.vec" "$scratch/in/MINDx_train/entity_embedding.vec" && [ ! -e "$scratch/zv/.unpacked" ]
	}
	check "entity vectors in a zip are kept" zipped_vectors
	bad_zip() {
		world
		printf 'N1\tshort\n' >"$scratch/in/MINDx_dev/news.tsv"
		(cd "$scratch/in" && zip -qr MINDx_dev.zip MINDx_dev)
		says 3 "error: $scratch/in/MINDx_dev.zip/news.tsv:1: expected 8 tab-separated columns, found 2" \
			"$c" catalog --mind "$scratch/in/MINDx_dev.zip" --out "$scratch/e" && [ ! -e "$scratch/e/.unpacked" ]
	}
	check "a bad row in a zip is told by the zip's name" bad_zip
	damaged_zip() {
		world
		seq 20000 >"$scratch/in/MINDx_dev/padding"
		(cd "$scratch/in" && zip -qr0 MINDx_dev.zip MINDx_dev)
		printf 'XXXX' | dd of="$scratch/in/MINDx_dev.zip" bs=1 conv=notrunc status=none \
			seek="$(grep -abo 'third, again' "$scratch/in/MINDx_dev.zip" | head -n 1 | cut -d: -f1)"
		says 3 "error: $scratch/in/MINDx_dev.zip/news.tsv: cannot unpack: CRC error" \
			"$c" catalog --mind "$scratch/in/MINDx_dev.zip" --out "$scratch/e"
	}
	check "a damaged zip is told" damaged_zip
	missing_in_zip() {
		(cd "$scratch/in/MINDx_test" && zip -q ../MINDx_test.zip news.tsv)
		says 3 "error: $scratch/in/MINDx_test.zip: expected one behaviors.tsv at its top or in one folder, found 0" \
			"$c" catalog --mind "$scratch/in/MINDx_test.zip" --out "$scratch/e"
	}
	check "a zip without behaviors.tsv is told" missing_in_zip
else
	skip_test "zip files give the same" "zip is not installed"
fi
not_a_zip() {
	echo text >"$scratch/in/dev.zip"
	says 3 "error: $scratch/in/dev.zip: neither a folder nor a zip file: Not a zip archive" \
		"$c" catalog --mind "$scratch/in/dev.zip" --out "$scratch/e"
}
check "what is no zip is told" not_a_zip

# Mistakes, each told by file, line and column.
broken() { # SPLIT FILE SED-SCRIPT MESSAGE
	world
	sed -i "$3" "$scratch/in/MINDx_$1/$2.tsv"
	says 3 "error: $scratch/in/MINDx_$1/$2.tsv:$4" catalog "$scratch/e" && [ ! -e "$scratch/e/catalog.json" ]
}
check "too few columns" broken train news "2s/$tab\[\]\$//" '2: expected 8 tab-separated columns, found 7'
check "not UTF-8" broken train news '3s/third/thi\xffrd/' '3: column 4 (title): not valid UTF-8'
check "a bad id" broken dev news '2s/^N4/N:4/' \
	'2: column 1 (id): expected 1 to 31 letters, digits, "_" or "-", found "N:4"'
check "an unknown id in the history" broken dev behaviors "1s/${tab}N4$tab/${tab}N1 N77$tab/" \
	'1: column 4 (history), entry 2: "N77" is not in the catalogue'
check "an unknown candidate" broken train behaviors '2s/N2-1/N9-1/' \
	'2: column 5 (candidates), entry 2: "N9" is not in the catalogue'
check "a label missing" broken train behaviors '2s/N2-1/N2/' \
	'2: column 5 (candidates), entry 2: "N2" has no label (-0 or -1), which entries before it have'
check "a bad time" broken train behaviors '1s/8:04:05/25:04:05/' \
	'1: column 3 (time): expected a time like 11/15/2019 8:04:05 AM, found "11/15/2019 25:04:05 AM"'

world
check "no --mind" says 2 "error: expected --mind DIR… or --amazon REVIEWS META, and --out DATA (see coverline catalog --help)" "$c" catalog --out "$scratch/e"
mkdir -p "$scratch/in/other" "$scratch/in/train2" "$scratch/in/train-dev"
check "a folder of no split" says 2 "error: $scratch/in/other: expected a name with one of train, dev, test in its last part" \
	"$c" catalog --mind "$scratch/in/other" --out "$scratch/e"
check "a folder of two splits" says 2 \
	"error: $scratch/in/train-dev: expected a name with one of train, dev, test in its last part" \
	"$c" catalog --mind "$scratch/in/train-dev" --out "$scratch/e"
check "a folder without news.tsv" says 2 \
	"error: $scratch/in/train2/news.tsv: not found (a folder of MIND has news.tsv and behaviors.tsv)" \
	"$c" catalog --mind "$scratch/in/train2" --out "$scratch/e"
check "no such folder" says 2 "error: $scratch/in/nodev: No such file or directory" \
	"$c" catalog --mind "$scratch/in/nodev" --out "$scratch/e"
cp -r "$scratch/in/MINDx_train" "$scratch/in/y_train"
check "one split twice" says 2 "error: $scratch/in/MINDx_train and $scratch/in/y_train: two of train" \
	"$c" catalog --mind "$scratch/in/MINDx_train" --mind "$scratch/in/y_train" --out "$scratch/e"
by_dot() {
	cd "$scratch/in/MINDx_train" && "$c" catalog --mind . --out "$scratch/dot"
}
check "a folder given as ." by_dot

# Lenient: bad rows are left out, listed, and give 10, now and on a rerun.
world
sed -i "2s/${tab}news$tab/$tab/" "$scratch/in/MINDx_train/news.tsv"
lenient() {
	says 10 "warning: 3 rows were left out, listed in $scratch/l/catalog-rejected.tsv" "$c" catalog --lenient \
		--mind "$scratch/in/MINDx_train" "$scratch/in/MINDx_dev" --out "$scratch/l"
}
check "lenient: exit code 10" lenient
rejected() {
	local t=$scratch/in/MINDx_train
	printf '%s\t%d\t%s\n' "$t/news.tsv" 2 'expected 8 tab-separated columns, found 7' \
		"$t/behaviors.tsv" 1 'column 4 (history), entry 2: "N2" is not in the catalogue' \
		"$t/behaviors.tsv" 2 'column 5 (candidates), entry 2: "N2" is not in the catalogue' |
		diff - "$scratch/l/catalog-rejected.tsv"
}
check "lenient: the list names file, line, reason" rejected
check "lenient: the rest is there" json_has "$scratch/l/catalog.json" news '3,'
cp -r "$scratch/l" "$scratch/l-before"
check "lenient: a rerun says the same" lenient
check "lenient: a rerun changes nothing" same_folder "$scratch/l-before" "$scratch/l"

# Killed anywhere, the same command ends as if it had not been.
killed() { # POINT WHOLE [what else holds after the kill]
	local point=$1 whole=$2
	shift 2
	rm -rf "$scratch/k"
	(
		COVERLINE_FAULT=$point catalog "$scratch/k"
		[ $? = 137 ]
	) || return 1
	[ ! -e "$scratch/k/catalog.json" ] && "${@:-true}" && catalog "$scratch/k" &&
		diff -r -x catalog.json -x stages.jsonl "$whole" "$scratch/k" &&
		diff <(sed "s:--out [^\"]*\":\":" "$whole/catalog.json") <(sed "s:--out [^\"]*\":\":" "$scratch/k/catalog.json")
}
world
for point in catalog.news:1 catalog.impression:1 catalog.impression:3 catalog.split:1 catalog.split:3 catalog.json:1 \
	file.rename:1 file.rename:2 file.rename:4 file.rename:6; do
	check "killed at $point, the rerun is identical" killed $point "$scratch/whole"
done
vectors
check "a whole catalogue with vectors" catalog "$scratch/v-all"
vectors_in_part() { [ ! -e "$scratch/k/entity_embedding.vec" ] && [ -s "$scratch/k/entity_embedding.vec.part" ]; }
vectors_alone() { cmp "$scratch/v-all/entity_embedding.vec" "$scratch/k/entity_embedding.vec" && [ ! -e "$scratch/k/behaviors/train.tsv" ]; }
check "killed before the vectors have their name, the rerun is identical" killed file.rename:2 "$scratch/v-all" vectors_in_part
check "killed after that, too" killed catalog.vectors:1 "$scratch/v-all" vectors_alone
world
killed_over_old() {
	cp -r "$scratch/l" "$scratch/k2"
	(
		COVERLINE_FAULT=catalog.split:1 catalog "$scratch/k2"
		[ $? = 137 ]
	) || return 1
	[ ! -e "$scratch/k2/catalog.json" ] && catalog "$scratch/k2" && diff -r -x catalog.json -x stages.jsonl "$scratch/whole" "$scratch/k2"
}
check "killed over an older catalogue, nothing of it stays" killed_over_old

# What one split says of another: training's impressions are later than dev's first, and one is dev's own.
leaks() {
	world
	printf '1\tU1\t%s\tN4\tN3-0 N4-1 N1-1\n2\tU7\t11/14/2019 8:04:05 AM\tN1\tN2-1 N1-0\n' "$time" >"$scratch/in/MINDx_dev/behaviors.tsv"
	printf '5\tU1\t%s\t\tN1-0 N3-1 N4-0\n6\tU2\t11/13/2019 8:04:05 AM\t\tN1-0 N3-1\n' "$time" >"$scratch/in/MINDx_train/behaviors.tsv"
	cat "$scratch/in/MINDx_dev/news.tsv" >>"$scratch/in/MINDx_train/news.tsv"
	catalog "$scratch/leaky" 2>"$scratch/err" || { cat "$scratch/err"; return 1; }
	grep -qF 'leak: 1 impressions of dev are in train too' "$scratch/err" &&
		grep -qF 'leak: 1 of 2 impressions of train are no earlier than the first of dev' "$scratch/err" || { cat "$scratch/err"; return 1; }
	grep -q '"train_dev_shared_impressions": 1,' "$scratch/leaky/catalog.json" && grep -q '"train_dev_late_impressions": 1,' "$scratch/leaky/catalog.json" &&
		grep -q '"train_dev_shared_users": 1,' "$scratch/leaky/catalog.json" && grep -q '"train_test_shared_users": 0,' "$scratch/leaky/catalog.json"
}
check "impressions of one split in another are told" leaks

# The dispatcher.
check "version" test "$("$c" --version)" = "$("$bin/coverline-catalog" --version)"
check "--help lists the stages that are there" grep -q '^  catalog  *MIND folders' <("$c" --help)
check "an unknown stage exits 2" fails_with 2 "$c" nonsense
check "a stage with a slash exits 2" fails_with 2 "$c" ../bin/coverline-catalog
check "no stage exits 2" fails_with 2 "$c"
through_link() {
	ln -s "$c" "$scratch/linked" && "$scratch/linked" catalog --version
}
check "works through a link" through_link
done_testing
