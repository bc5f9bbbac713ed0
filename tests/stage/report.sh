# coverline report: one whole page from a small DATA and two runs, without a reference to anything outside it.
. tests/stage/lib.sh
report() { "$bin/coverline" report "$@"; }
data=$scratch/data
page=$scratch/out/index.html
hostile='<script>alert("1")</script> & <img src=http://evil.test/x>'
mkdir -p "$data/behaviors" "$scratch/runs/nrms" "$scratch/runs/nrms-im"

for i in 1 2 3 4 5 6; do
	title="Headline number $i: what is next?"
	[ "$i" = 3 ] && title=$hostile
	printf 'N%d\tcat%d\tsub\t%s\t\thttp://news.test/%d\t[]\t[]\n' "$i" $((i % 3)) "$title" "$i"
done >"$data/catalog.tsv"
time='11/15/2019 8:04:05 AM'
for i in 1 2 3 4 5 6 7 8; do
	printf '%d\tU%d\t%s\tN1\tN2-%d N3-%d N4-0\n' "$i" "$i" "$time" $((i % 2)) $(((i + 1) % 2))
done >"$data/behaviors/dev.tsv"
for run in nrms nrms-im; do
	printf '[model]\nname = %s\n\n[data]\ndev = behaviors/dev.tsv\n' "$run" >"$scratch/runs/$run/config.ini"
	for e in 1 2 3; do
		printf '{"step":%d,"epoch":%d,"loss":%d.5}\n{"step":%d,"epoch":%d,"dev_auc":0.%d}\n' "$e" "$e" $((4 - e)) "$e" "$e" $((5 + e))
	done >"$scratch/runs/$run/log.jsonl"
done
for i in 1 2 3 4 5 6 7 8; do echo "$i [1,2,3]"; done >"$scratch/runs/nrms/prediction.txt"
for i in 1 2 3 4 5 6 7 8; do [ $((i % 2)) = 1 ] && echo "$i [1,2,3]" || echo "$i [2,1,3]"; done >"$scratch/runs/nrms-im/prediction.txt"

has() { grep -qF -- "$1" "$page" || { echo "the page lacks: $1"; return 1; }; }
lacks() { ! grep -qF -- "$1" "$page"; }
# Nothing that a browser would fetch: sources are data:, links stay on the page.
self_contained() { ! grep -oE '(src|href|srcset|action|data)="[^"]*"' "$page" | grep -vE '^(src="data:image/(png|jpeg);base64,|href="#)' &&
	! grep -qE '@import|url\(|<(link|iframe|object|embed|base)|<script[^>]' "$page" && [ "$(grep -c '<script>' "$page")" = 1 ]; }
whole() { [ "$(head -c 15 "$page")" = "<!DOCTYPE html>" ] && [ "$(tail -n 1 "$page")" = "</html>" ]; }
small() { [ "$(wc -c <"$page")" -lt 10000000 ]; }
same_again() {
	mkdir "$scratch/kept"
	cp "$page" "$scratch/first.html"
	cp -r "$scratch/out/plots" "$scratch/out/tables" "$scratch/kept" || return 1
	report --out "$scratch/out" "$scratch/runs/nrms" "$scratch/runs/nrms-im" && cmp "$page" "$scratch/first.html" &&
		diff -r "$scratch/kept/plots" "$scratch/out/plots" && diff -r "$scratch/kept/tables" "$scratch/out/tables"
}
other_choice() {
	report --out "$scratch/other" --seed 2 --cards 1 "$scratch/runs/nrms" "$scratch/runs/nrms-im" &&
		[ "$(grep -c '<figure class="card">' "$scratch/other/index.html")" = 1 ]
}
killed() {
	report --out "$scratch/killed" "$scratch/runs/nrms" && cp "$scratch/killed/index.html" "$scratch/before.html"
	COVERLINE_FAULT=report.write:1 report --out "$scratch/killed" "$scratch/runs/nrms-im" 2>/dev/null
	cmp "$scratch/killed/index.html" "$scratch/before.html" || return 1
	report --out "$scratch/killed" "$scratch/runs/nrms" && cmp "$scratch/killed/index.html" "$scratch/before.html"
}
# What stands where, without the words: tests/stage/report.outline. To write it anew: outline >tests/stage/report.outline
outline() {
	grep -oE '<(/?(main|nav|section|table|thead|tbody|figure|details)|h[1-3]|caption|figcaption|svg|img|script|style|input|button)( [^>]*)?>' "$page" |
		sed -E 's/ (src|alt|style|width|height|viewBox|aria-label|aria-labelledby|aria-describedby|data-[a-z]+)="[^"]*"//g' | uniq -c | sed -E 's/^ +//'
}
golden_outline() { outline | diff tests/stage/report.outline -; }
message() { # CODE TEXT ARGUMENTS…
	local code=$1 text=$2
	shift 2
	fails_with "$code" report "$@" 2>"$scratch/err" || { cat "$scratch/err"; return 1; }
	grep -qF -- "$text" "$scratch/err" || { cat "$scratch/err"; return 1; }
}

check "cards for the catalogue" "$bin/coverline" render "$data"
check "a report on two runs" report --out "$scratch/out" "$scratch/runs/nrms" "$scratch/runs/nrms-im"
check "it is whole" whole
check "its structure is the golden one" golden_outline
check "it is small" small
check "it needs nothing from outside" self_contained
check "a hostile title is text" lacks '<script>alert'
check "and stands there, escaped" has 'alt="&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &lt;img src=http://evil.test/x&gt;"'
check "the metrics are evaluate's" has '<td><strong>1.0000</strong></td>'
check "the second run is ahead" has '<b>nrms-im</b> is ahead of <b>nrms</b>'
check "all six cards are on it" test "$(grep -c '<figure class="card">' "$page")" = 6
check "curves of loss and AUC, and clicks per reader" test "$(grep -c '<figure class="chart">' "$page")" = 3
check "settings that differ" has 'model.name</th><td class="text">nrms</td><td class="text">nrms-im</td>'
check "again: the same bytes" same_again
check "another choice of cards" other_choice
check "killed before it is written: the old page stays" killed
# Tables and plots as files, with the numbers of the page.
tables_are_files() {
	[ "$(cut -f 1-4 "$scratch/out/tables/runs.tsv")" = $'Run\tModel\tAUC\tMRR\nnrms\tnrms\t0.7500\t0.7500\nnrms-im\tnrms-im\t1.0000\t1.0000' ] ||
		{ cat "$scratch/out/tables/runs.tsv"; return 1; }
	grep -qP '^Click rate without image\t33.33 %\t' "$scratch/out/tables/our-data-beside-the-papers-data-sets.tsv" &&
		grep -qP '^Readers\t8\t94057\t' "$scratch/out/tables/our-data-beside-the-papers-data-sets.tsv"
}
plots_are_files() {
	[ "$(ls "$scratch/out/plots" | tr '\n' ' ')" = 'auc.pdf auc.png auc.svg clicks.pdf clicks.png clicks.svg loss.pdf loss.png loss.svg ' ]
}
check "tables as files" tables_are_files
check "plots as files" plots_are_files

# What two runs differ in.
diff_lines() {
	report diff "$scratch/runs/nrms" "$scratch/runs/nrms-im" >"$scratch/diff" || return 1
	grep -qxF $'model.name\tnrms\tnrms-im' "$scratch/diff" && grep -qxF 'the same' "$scratch/diff" &&
		grep -qP '^AUC\t0.7500\t1.0000\t\+0.2500\t\[' "$scratch/diff" || { cat "$scratch/diff"; return 1; }
}
diff_of_others() {
	mkdir -p "$scratch/far/data/behaviors" "$scratch/far/runs/nrms"
	cp "$scratch"/runs/nrms/*.* "$scratch/far/runs/nrms" && sed 's/three/four/; s/N6\t/N7\t/' "$data/catalog.tsv" >"$scratch/far/data/catalog.tsv"
	head -n 7 "$data/behaviors/dev.tsv" >"$scratch/far/data/behaviors/dev.tsv"
	report diff "$scratch/runs/nrms" "$scratch/far/runs/nrms" >"$scratch/diff" || return 1
	grep -qP '^config\t' "$scratch/diff" && grep -qP '^validated on \(SHA-256\)\t[0-9a-f]{64}\t[0-9a-f]{64}$' "$scratch/diff" &&
		grep -qP '^folder\t' "$scratch/diff" && ! grep -q '^AUC' "$scratch/diff" || { cat "$scratch/diff"; return 1; }
}
check "two runs: what differs" diff_lines
check "… on other data: no comparison of results" diff_of_others
check "diff of one run" message 2 "expected two RUNs" diff "$scratch/runs/nrms"

# Changes of one model, and the share of pictures.
ablations() {
	local share
	for share in 0 0.5 1; do
		mkdir -p "$scratch/shares/at-$share"
		printf '[model]\nname = vlsnr\n\n[data]\ndev = behaviors/dev.tsv\n\n[vlsnr]\nimage_share = %s\n' $share >"$scratch/shares/at-$share/config.ini"
		cp "$scratch/runs/nrms/prediction.txt" "$scratch/shares/at-$share"
	done
	cp "$scratch/runs/nrms-im/prediction.txt" "$scratch/shares/at-1"
	report --out "$scratch/shared" --data "$data" "$scratch"/shares/at-{1,0,0.5} || return 1
	grep -qP '^at-0.5\tat-1\tvlsnr.image_share = 0.5\t0.7500\t-0.2500 ' "$scratch/shared/tables/changes-of-one-model.tsv" &&
		[ -s "$scratch/shared/plots/share.svg" ] && grep -qF 'vlsnr: from 0.75 to 1.' "$scratch/shared/index.html"
}
check "changes of one model, and AUC by the share of pictures" ablations

# Stages' times.
stages() { grep -qP '^render\tDATA\t1\t' "$scratch/out/tables/time-and-memory-of-the-stages.tsv" && grep -qF '<h3>Commands, in their order</h3>' "$page"; }
check "what the stages took" stages
check "data alone" report --out "$scratch/alone" --data "$data"
# Both runs six times over: the second is ahead by the same each time, which from six on is beyond a coin's luck, and no repeat is bold.
repeats() {
	local run seed
	for run in nrms nrms-im; do
		for seed in 1 2 3 4 5 6; do
			mkdir -p "$scratch/repeats/$run/seed-$seed"
			cp "$scratch/runs/$run/config.ini" "$scratch/runs/$run/prediction.txt" "$scratch/repeats/$run/seed-$seed"
		done
	done
	report --out "$scratch/seeds" --data "$data" "$scratch"/repeats/nrms/seed-* "$scratch"/repeats/nrms-im/seed-* || return 1
	local html=$scratch/seeds/index.html
	grep -qF '<b>nrms-im</b> is ahead of <b>nrms</b>' "$html" && [ "$(grep -c '<b>nrms' "$html")" = 1 ] &&
		grep -qF '<th scope="row">nrms-im</th><td>6</td><td><strong>1.0000</strong> <span class="quiet">± 0.0000</span></td>' "$html" &&
		[ "$(grep -o '<strong>1.0000' "$html" | wc -l)" = 4 ] && grep -qF 'nrms/seed-2</th>' "$html"
}
check "runs repeated over seeds are compared over seeds" repeats
check "the papers' numbers of our models, and why they cannot be compared" has '<tr><th scope="row">NRMS-IM</th><td class="text">IMRec, table 2</td><td class="text">MIND-small</td><td>0.6619</td><td>0.3132</td><td>0.3465</td><td>0.4097</td><td class="text remark">not comparable: our data is not MIND’s; '
check "ours beside them" has '<tr><th scope="row">nrms-im</th><td class="text">this report, nrms-im</td><td class="text">ours</td><td>1.0000</td>'
check "no run and no data" message 2 "nothing to report on" --out "$scratch/none"
check "no --out" message 2 "--out" "$scratch/runs/nrms"
check "a folder that is no run" message 1 "there is no run here" --out "$scratch/none" "$data"
printf '1 [1,2]\n' >"$scratch/runs/nrms/prediction.txt"
check "malformed predictions" message 3 "prediction.txt:1: impression \"1\" has 3 candidates" --out "$scratch/none" "$scratch/runs/nrms"
check "nothing was made of it" test ! -e "$scratch/none/index.html"
done_testing
