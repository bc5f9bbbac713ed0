# The bundled world, served by nginx and crawled: every story ends as the world's own ground truth says, and every cover is
# the very picture that the page means, however the page says so.
. tests/stage/lib.sh
export BUILD
world="$scratch/world"
"$bin/demo-world" --seed 9 --out "$world" -j 2 2>"$scratch/log" &&
	"$bin/coverline" catalog --mind "$world/mind/train" "$world/mind/dev" --out "$scratch/data" 2>>"$scratch/log"

# Exit code 10: some covers are gone.
serve() { pipelines/demo/serve.sh "$world" -- "$@"; }
crawl() { serve "$bin/coverline" crawl "$scratch/data" --allow-private --connect-to '127.0.0.1:{port}'; }
# Stopped in the middle, the crawl ends before its server does: nothing is taken for gone.
stopped_crawl() {
	local pid code
	pipelines/demo/serve.sh "$world" -- "$bin/coverline" crawl "$scratch/data" --allow-private \
		--connect-to '127.0.0.1:{port}' &
	pid=$!
	for _ in {1..600}; do
		[ "$(find "$scratch/data/images" -name '*.jpg' 2>/dev/null | wc -l)" -gt 20 ] && break
		sleep 0.05
	done
	kill -TERM "$pid"
	wait "$pid"
	code=$?
	[ $code = 143 ] || { echo "exit code $code"; return 1; }
	[ "$(ledger "select count(*) from news where cause in ('connect', 'timeout', 'cut', 'protocol')")" = 0 ] &&
		[ "$(ledger 'select count(*) from news')" -lt 600 ]
}
ledger() { sqlite3 -separator $'\t' "$scratch/data/crawl.sqlite" "$1"; }
truth() { awk -F '\t' -v cover="$1" 'NR > 1 && (cover == "" || $5 == cover) { print $1 }' "$world/truth.tsv" | sort; }

covers_as_told() {
	diff <(truth shown) <(ledger "select id from news where state = 'done' order by id") &&
		diff <(truth shown) <(cd "$scratch/data/images" && printf '%s\n' *.jpg | sed 's/\.jpg$//' | sort)
}
ends_as() { diff <(truth "$1") <(ledger "select id from news where cause = '$2' and step = '$3' order by id"); }
right_pictures() {
	diff <(awk -F '\t' '$5 == "shown" { print $1 "\t" $10 }' "$world/truth.tsv" | sort | while IFS=$'\t' read -r id picture; do
		printf '%s\t%s\n' "$id" "$(sha256sum <"$world/site/$picture" | cut -c 1-64)"
	done) <(ledger "select id, sha256 from news where state = 'done' order by id")
}
every_way_met() {
	local column count=(x x x x x x 9 6 3 4)
	for column in 6 7 8 9; do
		[ "$(tail -n +2 "$world/truth.tsv" | cut -f $column | sort -u | wc -l)" = "${count[column]}" ] || return 1
	done
}
passes_code() { serve bash -c 'exit 7'; }
# A stopped serve.sh stops its nginx and hands the signal's exit code on.
stops() {
	local pid
	pipelines/demo/serve.sh "$world" -- bash -c 'echo {port} >"$0"; exec sleep 60' "$scratch/port" &
	pid=$!
	for _ in {1..100}; do
		[ -s "$scratch/port" ] && break
		sleep 0.1
	done
	kill -TERM "$pid"
	wait "$pid"
	[ $? = 143 ] || return 1
	! (exec 3<>"/dev/tcp/127.0.0.1/$(cat "$scratch/port")") 2>/dev/null
}

check "the world has every way of naming, addressing, encoding and redirecting" every_way_met
check "a crawl stops when it is told to" stopped_crawl
check "the same command ends it, with some covers gone" fails_with 10 crawl
check "covers are there for those and only those that have one" covers_as_told
check "each cover is the picture that the page means" right_pictures
check "pages that are gone" ends_as page-gone gone page
check "pictures that are gone" ends_as picture-gone gone picture
check "pictures that are none" ends_as not-a-picture not_image picture
check "pages without a picture" ends_as none no_cover page
check "pages that robots.txt closes" ends_as page-forbidden robots page
before=$(cd "$scratch/data" && sha256sum images/* | sha256sum)
check "crawling again ends alike" fails_with 10 crawl
same_images() { [ "$(cd "$scratch/data" && sha256sum images/* | sha256sum)" = "$before" ]; }
check "and changes no image" same_images
check "serve.sh hands on the command's exit code" fails_with 7 passes_code
check "serve.sh stops nginx when it is stopped" stops
done_testing
