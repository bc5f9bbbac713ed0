# demo-world: the same bytes for the same seed, the counts and ceilings promised, and pictures that words do not tell.
. tests/stage/lib.sh
demo=$bin/demo-world

value() { sed -n "s/^ *\"$1\": *\([-0-9.]*\),\{0,1\}$/\1/p" "$scratch/one/world.json"; }
is() { [ "$(value "$1")" = "$2" ]; }
within() { awk -v x="$(value "$1")" -v low="$2" -v high="$3" 'BEGIN { exit !(x >= low && x <= high) }'; }
lines() { [ "$(wc -l <"$scratch/one/$1")" = "$2" ]; }
columns() { awk -F '\t' -v n="$2" 'NF != n { exit 1 }' "$scratch/one/$1"; }
same() { diff -r "$scratch/one" "$scratch/again"; }
two_worlds() {
	local status
	"$demo" --seed 6 --out "$scratch/other" -j 1 &
	"$demo" --seed 5 --out "$scratch/one" -j 1
	status=$?
	wait $! && [ "$status" = 0 ]
}
differs() { ! cmp -s "$scratch/one/mind/dev/behaviors.tsv" "$scratch/other/mind/dev/behaviors.tsv"; }

# Every story in histories and train candidates is one of the 400 of train/news.tsv, and no dev candidate is.
split_holds() {
	awk -F '\t' '
		FILENAME ~ /news/ { old[$1]; next }
		FILENAME ~ /train/ || FILENAME ~ /dev/ {
			n = split($4, h, " ")
			for (i = 1; i <= n; i++) if (!(h[i] in old)) exit 1
			n = split($5, c, " ")
			for (i = 1; i <= n; i++) if ((substr(c[i], 1, length(c[i]) - 2) in old) != (FILENAME ~ /train/)) exit 1
		}' "$scratch/one/mind/train/news.tsv" "$scratch/one/mind/train/behaviors.tsv" "$scratch/one/mind/dev/behaviors.tsv"
}

# Pearson's chi-square of subject against column $1 of truth.tsv must not pass the 99.99 % point (by Wilson and Hilferty).
independent() {
	awk -F '\t' -v column="$1" 'NR > 1 { n++; a[$column]++; b[$4]++; ab[$column, $4]++ }
		END {
			for (i in a) { rows++; for (k in b) { e = a[i] * b[k] / n; x += (ab[i, k] - e) ^ 2 / e } }
			for (k in b) columns++
			f = (rows - 1) * (columns - 1); v = 2 / (9 * f)
			exit !(columns == 8 && x < f * (1 - v + 3.72 * sqrt(v)) ^ 3)
		}' "$scratch/one/truth.tsv"
}

# No subject's name stands anywhere where a reader or a crawler could see it.
untold() { ! grep -rqiE 'mountain-lake|sea-sunset|city-night|desert-road' "$scratch/one/mind" "$scratch/one/site"; }
urls_known() { cut -f 6 "$scratch/one/mind/dev/news.tsv" | grep -vcE '^http://[a-z.-]+\.test/' | grep -qx 0; }
covers_are_pictures() {
	local f
	for f in "$scratch"/one/site/cdn.pictures.test/p/0*/*.png; do
		[ "$(head -c 4 "$f" | tail -c 3)" = PNG ] || grep -q '<title>Sorry' "$f" || return 1
	done
}

check "writes two worlds, side by side" two_worlds
check "another seed gives another world" differs
check "writes one again with two threads" "$demo" --seed 5 --out "$scratch/again" -j 2
check "the same seed gives the same bytes" same
check "600 news" lines mind/dev/news.tsv 600
check "400 of them old" lines mind/train/news.tsv 400
check "news have eight columns" columns mind/dev/news.tsv 8
check "behaviors have five columns" columns mind/train/behaviors.tsv 5
check "2,000 readers" is users 2000
check "train impressions as told" lines mind/train/behaviors.tsv "$(value train_impressions)"
check "dev impressions as told" lines mind/dev/behaviors.tsv "$(value dev_impressions)"
check "dev candidates are new, all else is old" split_holds
check "one story in twenty has no cover" is news_with_cover 570
check "ceiling of text" within ceiling_auc_text 0.68 0.76
check "ceiling of pictures" within ceiling_auc_pictures 0.68 0.78
check "ceiling of both" within ceiling_auc_both 0.80 0.90
check "subjects are independent of categories" independent 2
check "subjects are independent of subcategories" independent 3
check "subjects are told nowhere" untold
check "every story has an address in the world" urls_known
check "pictures are what their names say, or an apology" covers_are_pictures
refuses() { "$demo" --seed 5; [ $? = 2 ]; }
# A title entity's first surface form stands at its first offset; titles beyond ASCII aside, as awk may count bytes.
entities_stand() {
	LC_ALL=C awk -F '\t' '
		$4 ~ /[^ -~]/ { next }
		{
			n = split($7, entity, /\}, \{/)
			for (i = 1; i <= n && $7 != "[]"; i++) {
				at = entity[i]; sub(/.*"OccurrenceOffsets": \[/, "", at); sub(/[],].*/, "", at)
				form = entity[i]; sub(/.*"SurfaceForms": \["/, "", form); sub(/".*/, "", form)
				if (substr($4, at + 1, length(form)) != form || form == "") exit 1
				seen++
			}
		}
		END { exit seen < 500 }' "$scratch/one/mind/dev/news.tsv"
}
# Each entity named has a vector of 100 numbers, and a context of as many.
entities_known() {
	local f
	for f in mind/train/entity_embedding.vec entity_context.vec; do
		awk -F '\t' 'NF != 102 || $102 != "" { exit 1 }' "$scratch/one/$f" || return 1
		cut -f 7,8 "$scratch/one/mind/dev/news.tsv" | grep -o '"Q[0-9]*"' | tr -d '"' | sort -u |
			comm -23 - <(cut -f 1 "$scratch/one/$f" | sort) | grep -q . && return 1
	done
	cmp "$scratch/one/mind/train/entity_embedding.vec" "$scratch/one/mind/dev/entity_embedding.vec"
}
check "entities stand where they are told to" entities_stand
check "entities have vectors and contexts" entities_known
check "a missing --out is a usage error" refuses
done_testing
