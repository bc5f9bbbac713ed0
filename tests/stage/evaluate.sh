# coverline evaluate: the published metrics on a small split worked by hand, the table, JSON, and what it refuses.
. tests/stage/lib.sh
evaluate() { "$bin/coverline" evaluate "$@"; }
b=$scratch/dev.tsv
mkdir -p "$scratch/runs/one" "$scratch/runs/two"
one=$scratch/runs/one/prediction.txt
two=$scratch/runs/two/prediction.txt

time='11/15/2019 8:04:05 AM'
printf '%s\tU1\t%s\tN1 N2\t%s\n' 1 "$time" "N3-0 N4-1 N5-0" >"$b"
printf '%s\tU2\t%s\t\t%s\n' 2 "$time" "N3-0 N4-0" >>"$b"
printf '%s\tU3\t%s\tN1\t%s\n' 3 "$time" "N3-1 N4-1 N5-0 N6-0" >>"$b"
printf '%s\tU3\t%s\tN1\t%s\n' 4 "$time" "N3-1" >>"$b"
printf '1 [2,1,3]\n2 [1,2]\n3 [4,1,2,3]\n4 [1]\n' >"$one"
printf '1 [1,2,3]\n2 [2,1]\n3 [4,3,2,1]\n4 [1]\n' >"$two"

# First: 1 1 1 1, and clicks at positions 4 and 1. Second: a click at 2 of 3, and clicks at 4 and 3 of 4.
table_one() {
	evaluate --behaviors "$b" --predictions "$one" >"$scratch/table" || return 1
	[ "$(awk 'NR == 2 { print $1, $2, $3, $4, $5 }' "$scratch/table")" = "one 0.7500 0.8125 0.9386 0.9386" ] &&
		grep -qx '2 impressions, 2 skipped (1 without a click, 1 with clicks only, 0 unlabelled)' "$scratch/table" &&
		[ "$(awk 'NR == 6 { print $1, $2, $3, $4 }' "$scratch/table")" = "one 0.6875 0.8333 1.0000" ] &&
		grep -qx 'per-user AUC: over 2 users, 1 skipped without both a click and a non-click' "$scratch/table" &&
		[ "$(wc -l <"$scratch/table")" = 7 ]
}
table_two() {
	evaluate --behaviors "$b" --predictions "$one" "$two" --name first second >"$scratch/table" || return 1
	[ "$(awk 'NR == 2 { print $1, NF }' "$scratch/table")" = "first 5" ] &&
		[ "$(awk 'NR == 3 { print $1, $2, $3, $6 }' "$scratch/table")" = "second 0.2500 0.3958 -0.5000" ] &&
		grep -q '95 % interval' "$scratch/table"
}
aligned() { [ "$(head -n 3 "$scratch/table" | awk '{ print index($0, $2 ~ /^[0-9]/ ? $2 : "AUC") + length($2 ~ /^[0-9]/ ? $2 : "AUC") }' | sort -u | wc -l)" = 1 ]; }
number() { sed -n "s/^ *\"$1\": \([^,]*\),\{0,1\}$/\1/p" "$scratch/json"; }
json_one() {
	evaluate --behaviors "$b" --predictions "$one" --json >"$scratch/json" || return 1
	[ "$(head -c 1 "$scratch/json")" = "{" ] && [ "$(number name)" = '"one"' ] && [ "$(number auc)" = 0.75 ] &&
		[ "$(number mrr)" = 0.8125 ] && [ "$(number first_hit_mrr)" = 1.0 ] && [ "$(number users)" = 2 ] && [ "$(number impressions)" = 2 ] && [ "$(number skipped)" = 2 ] &&
		[ "$(number skipped_no_click)" = 1 ] && [ -z "$(number delta_auc)" ]
}
json_two() {
	evaluate --behaviors "$b" --predictions "$one" "$two" --json >"$scratch/json" || return 1
	[ "$(head -c 1 "$scratch/json")" = "[" ] && [ "$(number base)" = '"one"' ] && [ "$(number delta_auc)" = -0.5 ] &&
		[ "$(number delta_auc_low)" = null ] && [ "$(number p)" = 0.5 ] && [ "$(number t)" = null ]
}
# A field of a line of the TSV, by its column's name.
field() { awk -F '\t' -v line="$1" -v name="$2" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) c = i } NR == line { print $c }' "$scratch/tsv"; }
tsv() {
	evaluate --behaviors "$b" --predictions "$one" "$two" --tsv >"$scratch/tsv" || return 1
	[ "$(awk -F '\t' '{ print NF }' "$scratch/tsv" | sort -u | wc -l)" = 1 ] && [ "$(wc -l <"$scratch/tsv")" = 3 ] &&
		[ "$(field 2 name)" = one ] && [ "$(field 2 auc)" = 0.75 ] && [ -z "$(field 2 delta_auc)" ] &&
		[ "$(field 3 base)" = one ] && [ -z "$(field 3 delta_auc_low)" ] && [ "$(field 3 p)" = 0.5 ] &&
		[ "$(field 3 skipped_only_clicks)" = 1 ]
}
latex() {
	evaluate --behaviors "$b" --predictions "$one" "$two" --name 'A_B & 10%' two --latex >"$scratch/tex" || return 1
	grep -qF 'A\_B \& 10\% & 0.7500 & 0.8125' "$scratch/tex" &&
		grep -qF 'two & 0.2500 & 0.3958' "$scratch/tex" && [ "$(tail -n 1 "$scratch/tex")" = '\end{tabular}' ] || return 1
	evaluate --behaviors "$b" --predictions "$one" "$one" --name a b --latex >"$scratch/tex" && ! grep -q textbf "$scratch/tex"
}
silent() { [ -z "$(evaluate --behaviors "$b" --predictions "$one" 2>&1 >/dev/null)" ]; }
message() { # CODE TEXT ARGUMENTS…
	local code=$1 text=$2
	shift 2
	fails_with "$code" evaluate "$@" >"$scratch/out" 2>"$scratch/err" || { cat "$scratch/out" "$scratch/err"; return 1; }
	[ ! -s "$scratch/out" ] && grep -qF -- "$text" "$scratch/err" || { cat "$scratch/err"; return 1; }
}
refused() { # TEXT-OF-PREDICTIONS MESSAGE
	printf "$1" >"$scratch/bad.txt"
	message 3 "$2" --behaviors "$b" --predictions "$scratch/bad.txt"
}

check "one file: the means of the scored impressions" table_one
check "nothing on stderr for a small file" silent
check "two files: the paired difference" table_two
check "columns stand under each other" aligned
check "one file as JSON" json_one
check "two files as JSON" json_two
check "tab-separated values" tsv
check "LaTeX: names escaped, and a tie is not bold" latex
check "two formats at once" message 2 "at most one" --behaviors "$b" --predictions "$one" --json --tsv
# Groups. The training split knows U1 only; N3 and N5 have images, N3 and N4 are sports.
printf '9\tU1\t%s\tN1\tN3-1 N4-0\n' "$time" >"$scratch/train.tsv"
mkdir -p "$scratch/data/images"
for n in 1 2 3 4 5 6; do
	printf 'N%s\t%s\tsub\tTitle\t\thttp://news.test/%s\t[]\t[]\n' "$n" "$(case $n in 3 | 4) echo sports ;; *) echo news ;; esac)" "$n"
done >"$scratch/data/catalog.tsv"
touch "$scratch/data/images/N3.jpg" "$scratch/data/images/N5.jpg"
group() { # GROUPING GROUP: auc mrr impressions skipped
	awk -F '\t' -v grouping="$1" -v group="$2" '$2 == grouping && $3 == group { print $4, $5, $8, $9 }' "$scratch/tsv"
}
is_group() { # GROUPING GROUP WANTED
	[ "$(group "$1" "$2")" = "$3" ] || { echo "$1, $2: $(group "$1" "$2"), expected $3"; return 1; }
}
groups() {
	evaluate --behaviors "$b" --predictions "$one" --tsv --groups seen,image,category,history,hour,seen:image \
		--train "$scratch/train.tsv" --data "$scratch/data" >"$scratch/tsv" || return 1
	# Impression 1 alone; 3 scored, 2 and 4 skipped.
	is_group seen "seen user" "1 1 1 0" && is_group seen "unseen user" "0.5 0.625 1 2" || return 1
	# With image: 1 has N3-0 N5-0; 2 has N3-0; 3 has N3-1 last, N5-0 before it; 4 has N3-1. Without: 3 has N4-1 before N6-0.
	is_group image "with image" "0 0.5 1 3" && is_group image "without image" "1 1 1 2" || return 1
	# Sports: 1 has N4-1 before N3-0; 3 has clicks only. News: no click anywhere.
	is_group category sports "1 1 1 3" && is_group category news "  0 2" || return 1
	is_group history 0 "  0 1" && is_group history 1-5 "0.75 0.8125 2 1" && [ -z "$(group history 51+)" ] || return 1
	is_group hour 08 "0.75 0.8125 2 2" && is_group seen:image "unseen user, with image" "0 0.5 1 2"
}
hours() {
	printf '%s\tU1\t11/15/2019 %s\tN1\tN3-0 N4-1\n' 1 "12:04:05 AM" 2 "12:04:05 PM" 3 "11:59:59 PM" >"$scratch/h.tsv"
	printf '1 [2,1]\n2 [1,2]\n3 [1,2]\n' >"$scratch/h.txt"
	evaluate --behaviors "$scratch/h.tsv" --predictions "$scratch/h.txt" --tsv --groups hour >"$scratch/tsv" || return 1
	is_group hour 00 "1 1 1 0" && is_group hour 12 "0 0.5 1 0" && is_group hour 23 "0 0.5 1 0" && [ "$(wc -l <"$scratch/tsv")" = 4 ]
}
own_groups() {
	printf 'impression\tpage\tkind\n1\tfront\ta\n3\tsport\t\n' >"$scratch/own.tsv"
	evaluate --behaviors "$b" --predictions "$one" --tsv --group-by "$scratch/own.tsv" >"$scratch/tsv" || return 1
	is_group page front "1 1 1 0" && is_group page "(none)" "  0 2" && is_group kind "(none)" "0.5 0.625 1 2" || return 1
	printf 'news\tlength\nN3\tshort\nN5\tshort\n' >"$scratch/own.tsv"
	evaluate --behaviors "$b" --predictions "$one" --tsv --group-by "$scratch/own.tsv" --data "$scratch/data" >"$scratch/tsv" || return 1
	is_group length short "0 0.5 1 3" && is_group length "(none)" "1 1 1 2"
}
groups_printed() {
	evaluate --behaviors "$b" --predictions "$one" "$two" --groups history >"$scratch/table" || return 1
	grep -qE '^1-5 +one +0.7500 +0.8125 .* 2 +1$' "$scratch/table" && grep -qE '^0 +two +- +- +- +- +0 +1$' "$scratch/table" || return 1
	evaluate --behaviors "$b" --predictions "$one" --groups history --json >"$scratch/json" && grep -q '"1-5": {' "$scratch/json"
}
# A hundred impressions of thirty users; the first run is right three times in four, the second the other way round.
certainty() {
	for i in $(seq 1 100); do
		printf '%s\tU%s\t%s\tN1\tN3-1 N4-0 N5-0\n' "$i" $((i % 30)) "$time" >>"$scratch/c.tsv"
		if [ $((i * 7 % 4)) = 0 ]; then good='[3,1,2]' bad='[1,2,3]'; else good='[1,2,3]' bad='[3,1,2]'; fi
		echo "$i $good" >>"$scratch/c1.txt"
		echo "$i $bad" >>"$scratch/c2.txt"
	done
	for j in 1 3; do
		evaluate --behaviors "$scratch/c.tsv" --predictions "$scratch"/c[12].txt --bootstrap 500 -j $j >"$scratch/table$j" || return 1
		evaluate --behaviors "$scratch/c.tsv" --predictions "$scratch"/c[12].txt --bootstrap 500 --seed 2 -j $j --json >"$scratch/json$j" || return 1
	done
	cmp "$scratch/table1" "$scratch/table3" && cmp "$scratch/json1" "$scratch/json3" && cp "$scratch/json1" "$scratch/json" || return 1
	grep -q 'bootstrap, 500 replicates' "$scratch/table1" && grep -qE '^c2.txt .*-0.5000 .*< 0.001' "$scratch/table1" || { cat "$scratch/table1"; return 1; }
	local low high effect
	low=$(number delta_auc_bootstrap_low) high=$(number delta_auc_bootstrap_high) effect=$(number effect)
	evaluate --behaviors "$scratch/c.tsv" --predictions "$scratch"/c[12].txt --latex >"$scratch/tex" && grep -q '^c1.txt & .textbf{0.7500}' "$scratch/tex" || return 1
	# The t interval is -0.5 -+ 0.1727, and the effect -0.5 / 0.8704.
	awk -v low="$low" -v high="$high" -v effect="$effect" \
		'BEGIN { exit !(low > -0.72 && low < -0.62 && high > -0.38 && high < -0.28 && effect > -0.575 && effect < -0.574) }'
}
# Six impressions; a's lead over b is 4/6 in four seeds and 5/6 in the fifth; c is b.
claimed() { # SEEDS OPTIONS…
	evaluate --behaviors "$scratch/cl.tsv" --predictions "$scratch"/cl/[abc]/seed-$1/prediction.txt "${@:2}" >"$scratch/table"
}
claims() {
	local run seed right
	for i in 1 2 3 4 5 6; do printf '%s\tU1\t%s\tN1\tN3-1 N4-0\n' "$i" "$time"; done >"$scratch/cl.tsv"
	for run in a b c; do
		for seed in 1 2 3 4 5; do
			mkdir -p "$scratch/cl/$run/seed-$seed"
			case $run$seed in a5) right=6 ;; a*) right=5 ;; *) right=1 ;; esac
			for i in 1 2 3 4 5 6; do [ "$i" -le "$right" ] && echo "$i [1,2]" || echo "$i [2,1]"; done >"$scratch/cl/$run/seed-$seed/prediction.txt"
		done
	done
	# t = 0.7 / (1/30) = 21, p = 0.00003, twice that by Holm; the least lead is on four of six impressions, p 0.025.
	claimed '*' --over-seeds --claim "a > b" "c <= b" "a>c" &&
		grep -qE '^a > b +5 +\+0.7000  \[\+0.6075, \+0.7925\] +< 0.001 +\+0.6667 +0.025  holds$' "$scratch/table" &&
		grep -qE '^c <= b +5 +\+0.0000 .* 1.000 .* holds$' "$scratch/table" &&
		! grep -q '^a/seed-1' "$scratch/table" && ! grep -q '^open' "$scratch/table" || { cat "$scratch/table"; return 1; }
	fails_with 1 claimed '*' --claim "a > b" "a <= c" "b > c" 2>"$scratch/err" && grep -qF '2 of 3 claims do not hold: a <= c, b > c' "$scratch/err" &&
		grep -qE '^a <= c .* DOES NOT HOLD$' "$scratch/table" || { cat "$scratch/table" "$scratch/err"; return 1; }
	# Four seeds are no failure, and no proof.
	claimed '[1-4]' --claim "b > a" "c <= b" && [ "$(grep -c 'open: too few seeds$' "$scratch/table")" = 2 ] && grep -q '^4 seeds: few' "$scratch/table" || { cat "$scratch/table"; return 1; }
	# Differences that are all alike are as certain as so many tosses of a coin, not beyond doubt.
	claimed '[1-4]' --claim "a > b" --json && tr -d ' \n' <"$scratch/table" >"$scratch/json"
	grep -qF '"claim":"a>b","pairs":4,"delta_auc":0.66666666666666' "$scratch/json" && grep -qF '"delta_auc_low":null,"delta_auc_high":null,"p":0.125,"holds":null}' "$scratch/json" || { cat "$scratch/table"; return 1; }
}
# Top 2 of first: N4 N3, N4 N3 (2 candidates), N4 N5, N3. N3 and N4 are sports.
lists() {
	evaluate --behaviors "$b" --predictions "$one" --data "$scratch/data" --train "$scratch/train.tsv" --top 2 --json >"$scratch/json" || return 1
	[ "$(number depth)" = 2 ] && [ "$(number lists)" = 4 ] && [ "$(number coverage)" = 0.5 ] && [ "$(number candidate_coverage)" = 0.75 ] &&
		[ "$(number feature_diversity)" = null ] && [[ $(number category_diversity) == 0.3333333* ]]
}
# Run a is right on 3 of 3, 2 of 3, 3 of 3 impressions by seed, run b on 1, 0, 2: differences 2/3, 2/3, 1/3.
seeds() {
	local run seed right
	for i in 1 2 3; do printf '%s\tU1\t%s\tN1\tN3-1 N4-0\n' "$i" "$time"; done >"$scratch/s.tsv"
	while read -r run seed right; do
		mkdir -p "$scratch/$run/seed-$seed"
		for i in 1 2 3; do [ "$i" -le "$right" ] && echo "$i [1,2]" || echo "$i [2,1]"; done >"$scratch/$run/seed-$seed/prediction.txt"
	done <<<$'a 1 3\na 2 2\na 3 3\nb 1 1\nb 2 0\nb 3 2'
	evaluate --behaviors "$scratch/s.tsv" --predictions "$scratch"/b/seed-*/prediction.txt "$scratch"/a/seed-*/prediction.txt >"$scratch/table" || return 1
	grep -q '^b/seed-2  *0.0000' "$scratch/table" && grep -qE '^b +3 +0.3333 ± 0.3333' "$scratch/table" &&
		grep -qE '^a +3 +0.8889 ± 0.1925 .* \+0.5556 +3 +0.1111 +\[\+0.0775, \+1.0336\] +\+5.00 +0.038 +0.038 \*$' "$scratch/table" || { cat "$scratch/table"; return 1; }
	evaluate --behaviors "$scratch/s.tsv" --predictions "$scratch"/b/seed-*/prediction.txt "$scratch"/a/seed-*/prediction.txt --json | tr -d ' \n' >"$scratch/json"
	grep -qF '{"name":"b","seeds":[1,2,3],"auc":0.3333333' "$scratch/json" && grep -qF '{"name":"a","seeds":[1,2,3],"base":"b","auc":0.888888' "$scratch/json" &&
		grep -qF '"delta_auc_p":0.0377' "$scratch/json" && [ "$(grep -o '"pairs":3' "$scratch/json" | wc -l)" = 1 ] || return 1
	evaluate --behaviors "$scratch/s.tsv" --predictions "$scratch"/b/seed-*/prediction.txt "$scratch"/a/seed-*/prediction.txt --latex >"$scratch/tex" &&
		grep -qF 'a & 3 & $\mathbf{0.8889} \pm 0.1925$' "$scratch/tex" && ! grep -q textbf "$scratch/tex" || return 1
	evaluate --behaviors "$scratch/s.tsv" --predictions "$scratch"/b/seed-*/prediction.txt "$scratch"/a/seed-*/prediction.txt --latex --over-seeds >"$scratch/only" &&
		tail -n 8 "$scratch/tex" | cmp - "$scratch/only" || { cat "$scratch/only"; return 1; }
	# Two seeds are too few for such a lead: p is 0.2.
	evaluate --behaviors "$scratch/s.tsv" --predictions "$scratch"/b/seed-[13]/prediction.txt "$scratch"/a/seed-[13]/prediction.txt --latex >"$scratch/tex" &&
		! grep -q mathbf "$scratch/tex"
}
own_refused() { # TEXT MESSAGE
	printf "$1" >"$scratch/own.tsv"
	message 3 "$2" --behaviors "$b" --predictions "$one" --group-by "$scratch/own.tsv" --data "$scratch/data"
}
check "groups of users, candidates, histories and hours, and crossed" groups
# Without cards, covers.tsv says where an image is from; what it does not list is an original.
states() {
	printf 'N3\tarchive\n' >"$scratch/data/covers.tsv"
	evaluate --behaviors "$b" --predictions "$one" --tsv --groups state --data "$scratch/data" >"$scratch/tsv" || return 1
	rm "$scratch/data/covers.tsv"
	is_group state "archive's copy" "  0 4" && is_group state "original image" "  0 2" && is_group state "no image" "1 1 1 2"
}
check "where images are from" states
check "hours around noon and midnight" hours
check "groups from a file" own_groups
check "groups in the table and in JSON" groups_printed
check "bootstrap intervals, alike on any number of threads" certainty
check "scores without a score file for each prediction file" message 2 "--scores: expected one for each of the 2" --behaviors "$b" --predictions "$one" "$two" --scores "$one"
check "scores that are no HDF5" message 3 "prediction.txt" --behaviors "$b" --predictions "$one" --scores "$one"
check "an unknown kind of probability" message 2 'found "probit"' --behaviors "$b" --predictions "$one" --probability probit
check "diversity, novelty and coverage of the top lists" lists
check "top lists without data" message 2 "--top: --data DATA is needed" --behaviors "$b" --predictions "$one" --top 10
check "runs repeated over seeds" seeds
check "claims over seeds: held, refuted, open" claims
check "a claim of a run that is not there" message 2 'found "nrms"' --behaviors "$b" --predictions "$one" "$two" --claim "nrms > one"
check "a claim without a sign" message 2 "expected RUN > RUN" --behaviors "$b" --predictions "$one" --claim "one = two"
check "claims where none are printed" message 2 "--claim: --tsv and --latex do not say" --behaviors "$b" --predictions "$one" --claim "a > b" --tsv
check "only seeds where every repeat is printed" message 2 "--over-seeds: --json and --tsv have every repeat" --behaviors "$b" --predictions "$one" --over-seeds --json
check "seeds without repeats" message 2 "--over-seeds: expected" --behaviors "$b" --predictions "$one" --over-seeds
check "a file of groups without its heading" own_refused '1\tfront\n' 'own.tsv:1: column 1: expected "impression", "user" or "news"'
check "a file of groups with a column too few" own_refused 'user\ta\tb\nU1\tx\n' "own.tsv:2: expected 3 columns, found 2"
check "an id twice in a file of groups" own_refused 'user\ta\nU1\tx\nU1\tx\n' 'own.tsv:3: "U1" is there a second time'
check "a group of unknown news" own_refused 'news\ta\nN99\tx\n' 'own.tsv:2: "N99" is not in the catalogue'
check "an unknown group" message 2 'found "colour"' --behaviors "$b" --predictions "$one" --groups colour
check "seen users without a training split" message 2 "--train FILE is needed" --behaviors "$b" --predictions "$one" --groups seen
check "images without data" message 2 "--data DATA is needed" --behaviors "$b" --predictions "$one" --groups image
check "a line too few" refused '1 [2,1,3]\n2 [1,2]\n3 [4,1,2,3]\n' "bad.txt:4: expected impression \"4\""
check "a line too many" refused '1 [2,1,3]\n2 [1,2]\n3 [4,1,2,3]\n4 [1]\n5 [1]\n' "bad.txt:5: expected the end of the file"
check "lines in another order" refused '2 [1,2]\n1 [2,1,3]\n' "bad.txt:1: expected impression \"1\""
check "a rank twice" refused '1 [2,2,3]\n' "bad.txt:1: column 6: expected each rank from 1 to 3 once, found 2 twice"
check "a rank that is no number" refused '1 [2,nan,3]\n' "bad.txt:1: column 6: expected a rank"
check "a rank too few" refused '1 [2,1]\n' "bad.txt:1: impression \"1\" has 3 candidates"
check "a rank too many" refused '1 [2,1,3,4]\n' "bad.txt:1: impression \"1\" has 3 candidates"
check "a rank beyond the candidates" refused '1 [2,1,5]\n' "bad.txt:1: column 8: expected a rank, a whole number from 1 to 3, found \"5\""
check "a rank of nothing" refused '1 [2,0,1]\n' "bad.txt:1: column 6: expected a rank, a whole number from 1 to 3, found \"0\""
check "a line twice" refused '1 [2,1,3]\n1 [2,1,3]\n2 [1,2]\n' "bad.txt:2: expected impression \"2\""
check "an impression that is nowhere" refused '1 [2,1,3]\n77 [2,1]\n' "bad.txt:2: expected impression \"2\""
check "an empty line between" refused '1 [2,1,3]\n\n2 [1,2]\n' "bad.txt:2: expected impression \"2\""
check "no bracket" refused '1 2,1,3\n' 'bad.txt:1: column 3: expected "["'
check "the second of two files is checked too" message 3 "bad.txt:1: " --behaviors "$b" --predictions "$one" "$scratch/bad.txt"
check "an absent file" message 1 "nowhere.txt" --behaviors "$b" --predictions "$scratch/nowhere.txt"
check "no predictions named" message 2 "--predictions" --behaviors "$b"
check "no behaviors named" message 2 "--behaviors" --predictions "$one"
check "fewer names than files" message 2 "--name" --behaviors "$b" --predictions "$one" "$two" --name x
printf '1\tU1\tyesterday\n' >"$scratch/odd.tsv"
check "malformed behaviors" message 3 "odd.tsv:1:" --behaviors "$scratch/odd.tsv" --predictions "$one"
check "a full disk is an error" fails_with 1 bash -c '"$0" --behaviors "$1" --predictions "$2" >/dev/full 2>/dev/null' "$bin/coverline-evaluate" "$b" "$one"
done_testing
