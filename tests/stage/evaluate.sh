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
		[ "$(number delta_auc_low)" = -0.5 ] && [ "$(number p)" = 0.0 ] && [ "$(number t)" = null ]
}
# A field of a line of the TSV, by its column's name.
field() { awk -F '\t' -v line="$1" -v name="$2" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) c = i } NR == line { print $c }' "$scratch/tsv"; }
tsv() {
	evaluate --behaviors "$b" --predictions "$one" "$two" --tsv >"$scratch/tsv" || return 1
	[ "$(awk -F '\t' '{ print NF }' "$scratch/tsv" | sort -u | wc -l)" = 1 ] && [ "$(wc -l <"$scratch/tsv")" = 3 ] &&
		[ "$(field 2 name)" = one ] && [ "$(field 2 auc)" = 0.75 ] && [ -z "$(field 2 delta_auc)" ] &&
		[ "$(field 3 base)" = one ] && [ "$(field 3 delta_auc_low)" = -0.5 ] && [ "$(field 3 p)" = 0 ] &&
		[ "$(field 3 skipped_only_clicks)" = 1 ]
}
latex() {
	evaluate --behaviors "$b" --predictions "$one" "$two" --name 'A_B & 10%' two --latex >"$scratch/tex" || return 1
	grep -qF 'A\_B \& 10\% & \textbf{0.7500} & 0.8125' "$scratch/tex" &&
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
check "a line too few" refused '1 [2,1,3]\n2 [1,2]\n3 [4,1,2,3]\n' "bad.txt:4: expected impression \"4\""
check "a line too many" refused '1 [2,1,3]\n2 [1,2]\n3 [4,1,2,3]\n4 [1]\n5 [1]\n' "bad.txt:5: expected the end of the file"
check "lines in another order" refused '2 [1,2]\n1 [2,1,3]\n' "bad.txt:1: expected impression \"1\""
check "a rank twice" refused '1 [2,2,3]\n' "bad.txt:1: column 6: expected each rank from 1 to 3 once, found 2 twice"
check "a rank that is no number" refused '1 [2,nan,3]\n' "bad.txt:1: column 6: expected a rank"
check "a rank too few" refused '1 [2,1]\n' "bad.txt:1: impression \"1\" has 3 candidates"
check "the second of two files is checked too" message 3 "bad.txt:1: " --behaviors "$b" --predictions "$one" "$scratch/bad.txt"
check "an absent file" message 1 "nowhere.txt" --behaviors "$b" --predictions "$scratch/nowhere.txt"
check "no predictions named" message 2 "--predictions" --behaviors "$b"
check "no behaviors named" message 2 "--behaviors" --predictions "$one"
check "fewer names than files" message 2 "--name" --behaviors "$b" --predictions "$one" "$two" --name x
printf '1\tU1\tyesterday\n' >"$scratch/odd.tsv"
check "malformed behaviors" message 3 "odd.tsv:1:" --behaviors "$scratch/odd.tsv" --predictions "$one"
check "a full disk is an error" fails_with 1 bash -c '"$0" --behaviors "$1" --predictions "$2" >/dev/full 2>/dev/null' "$bin/coverline-evaluate" "$b" "$one"
done_testing
