#!/bin/bash
# News a second, CPU seconds and memory of a crawl, beside Scrapy with its images pipeline, and as the floor curl --parallel for
# the fetching plus vipsthumbnail for the pictures. All of them work on the same pages, one run after another, from an nginx on this
# machine, whose own CPU time does not count. Each news has a page of its own of some 30 KB and a JPEG of its own, 1200 px wide.
#
#   make bench-crawl    BENCH_NEWS=5000 pages, BENCH_RUNS=3 runs, of which the medians are told, BENCH_JOBS threads
#                       BENCH_QUEUED=1000000 news in the queue, to see the memory they take; 0: without
#
# Coverline does all that a crawl does: robots.txt, the choice of the cover, 224x224 JPEGs, the ledger, WARC files. Scrapy makes
# its full-size JPEG and a 224-px thumbnail; the floor keeps pages and pictures as files and makes 224x224 JPEGs.
. tests/stage/lib.sh
. tests/stage/nginx.sh
set -e
news=${BENCH_NEWS:-5000}
runs=${BENCH_RUNS:-3}
jobs=${BENCH_JOBS:-$(nproc)}
site=$scratch/site
mkdir -p "$site/p" "$site/i" "$scratch/base"

# The site ---------------------------------------------------------------------------------------------------------------

# Two dozen photos; noise of the same size where there are none.
make_photos() {
	local photos=() photo n=0
	[ -z "$samples" ] || mapfile -t photos < <(find "$samples/photos" -name '*.jpg' | sort | head -24)
	for photo in "${photos[@]}"; do
		vipsthumbnail "$photo" --size 1200x -o "$scratch/base/$((n++)).jpg[Q=85,strip]"
	done
	while [ $n -lt 8 ]; do
		vips gaussnoise "$scratch/noise.v" 1200 800 --mean 128 --sigma 40 --seed $n
		vips gaussblur "$scratch/noise.v" "$scratch/blur.v" 1.5
		vips cast "$scratch/blur.v" "$scratch/base/$((n++)).jpg[Q=85,strip]" uchar
	done
}

page() {
	cat <<-END
		<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Story $1 of the day</title>
		<meta property="og:type" content="article"><meta property="og:title" content="Story $1 of the day">
		<meta property="og:image" content="http://bench.test/i/$1.jpg"><meta property="og:image:width" content="1200">
		<link rel="canonical" href="http://bench.test/p/$1.html"></head><body><nav>$links</nav>
		<article><h1>Story $1 of the day</h1><figure><img src="/i/$1.jpg" width="1200" alt=""></figure>$text</article></body></html>
	END
}

make_site() {
	local i base=("$scratch"/base/*.jpg)
	links=$(for i in {1..80}; do echo "<li class=\"menu-item menu-$i\"><a href=\"/section/$i\">Section $i</a></li>"; done)
	text=$(for i in {1..60}; do
		echo "<p class=\"body\">Paragraph $i: the quick brown fox jumps over <em>the lazy dog</em> and goes on to tell of what it has" \
			"seen on <a href=\"/tag/$i\">the way</a>, again and again, until the paragraph has the length of one in a newspaper," \
			"and its reader has turned the page or closed it altogether to look at the picture once more.</p>"
	done)
	for ((i = 1; i <= news; i++)); do
		page "$i" >"$site/p/$i.html"
		cp "${base[i % ${#base[@]}]}" "$site/i/$i.jpg"
		printf '%08d' "$i" >>"$site/i/$i.jpg"
		printf 'N%d\tnews\tworld\tStory %d of the day\t\thttp://bench.test/p/%d.html\t[]\t[]\n' "$i" "$i" "$i"
	done >"$scratch/catalog.tsv"
}

# Measuring --------------------------------------------------------------------------------------------------------------

# measure NAME COMMAND…: appends "seconds cpu-seconds peak-KiB" to results/NAME; the peak is the largest process's.
measure() {
	local name=$1 pid peak=0 now before
	shift
	sync
	before=$EPOCHREALTIME
	TIMEFORMAT='%R %U %S'
	{ time "$@" >"$scratch/log.$name" 2>&1; } 2>"$scratch/time" &
	pid=$!
	while kill -0 $pid 2>/dev/null; do
		for now in $(cat /proc/[0-9]*/status 2>/dev/null | awk -v top=$pid '
			/^Pid:/ { pid = $2 } /^PPid:/ { parent[pid] = $2 } /^VmHWM:/ { peak[pid] = $2 }
			END { for (p in peak) { q = p; while (q in parent && q != top && q > 1) q = parent[q]; if (q == top) print peak[p] } }'); do
			[ "$now" -le "$peak" ] || peak=$now
		done
		sleep 0.5
	done
	wait $pid || [ $? = 10 ] || [ "$name" = queue ] || { tail -20 "$scratch/log.$name"; return 1; }
	awk -v peak="$peak" '{ print $1, $2 + $3, peak }' "$scratch/time" >>"$scratch/results/$name"
}

run_coverline() {
	rm -rf "$scratch/data"
	mkdir "$scratch/data"
	cp "$scratch/catalog.tsv" "$scratch/data/"
	measure coverline "$bin/coverline-crawl" "$scratch/data" --connect-to "bench.test:80:127.0.0.1:$port" --warc \
		--per-host 16 --delay-ms 0 -j "$jobs"
	[ "$(find "$scratch/data/images" -name '*.jpg' | wc -l)" = "$news" ]
}

run_scrapy() {
	rm -rf "$scratch/scrapy"
	mkdir "$scratch/scrapy"
	cat >"$scratch/spider.py" <<-'END'
		import sys
		import scrapy
		from scrapy.crawler import CrawlerProcess

		port, news, folder = sys.argv[1], int(sys.argv[2]), sys.argv[3]
		here = f"http://127.0.0.1:{port}"


		class Covers(scrapy.Spider):
		    name = "covers"

		    def start_requests(self):
		        for i in range(1, news + 1):
		            yield scrapy.Request(f"{here}/p/{i}.html", headers={"Host": "bench.test"})

		    def parse(self, response):
		        url = response.xpath("//meta[@property='og:image']/@content").get()
		        yield {"id": response.url, "image_urls": [url.replace("http://bench.test", here)]}


		process = CrawlerProcess({
		    "ITEM_PIPELINES": {"scrapy.pipelines.images.ImagesPipeline": 1},
		    "IMAGES_STORE": folder, "IMAGES_THUMBS": {"cover": (224, 224)},
		    "ROBOTSTXT_OBEY": True, "CONCURRENT_REQUESTS": 32, "CONCURRENT_REQUESTS_PER_DOMAIN": 32,
		    "COOKIES_ENABLED": False, "TELNETCONSOLE_ENABLED": False, "LOG_LEVEL": "WARNING",
		    "FEEDS": {f"{folder}/items.jsonl": {"format": "jsonlines"}},
		})
		process.crawl(Covers)
		process.start()
	END
	measure scrapy /usr/bin/python3 "$scratch/spider.py" "$port" "$news" "$scratch/scrapy"
	[ "$(find "$scratch/scrapy/thumbs" -name '*.jpg' | wc -l)" = "$news" ]
}

floor() {
	local pictures=("$scratch"/floor/*.jpg)
	curl --silent --parallel --parallel-max 16 --config "$scratch/curl.config"
	pictures=("$scratch"/floor/*.jpg)
	vipsthumbnail --size 224x224 --smartcrop centre -o "$scratch/floor/thumb/%s.jpg[Q=90]" "${pictures[@]}"
}
run_floor() {
	rm -rf "$scratch/floor"
	mkdir -p "$scratch/floor/thumb"
	for ((i = 1; i <= news; i++)); do
		printf 'url = "http://127.0.0.1:%s/p/%d.html"\noutput = "%s/floor/%d.html"\n' "$port" "$i" "$scratch" "$i"
		printf 'url = "http://127.0.0.1:%s/i/%d.jpg"\noutput = "%s/floor/%d.jpg"\n' "$port" "$i" "$scratch" "$i"
	done >"$scratch/curl.config"
	measure floor floor
	[ "$(find "$scratch/floor/thumb" -name '*.jpg' | wc -l)" = "$news" ]
}

# All --------------------------------------------------------------------------------------------------------------------

for tool in vips vipsthumbnail; do
	command -v $tool >/dev/null || { echo "needs $tool (package libvips-tools)" >&2; exit 1; }
done
peers=(coverline floor)
if /usr/bin/python3 -c 'import scrapy' 2>/dev/null; then
	peers=(coverline scrapy floor)
else
	echo "without Scrapy (package python3-scrapy)"
fi
make_photos
make_site
nginx_start <<-'END'
	types { text/html html; image/jpeg jpg; text/plain txt; }
	sendfile on;
	keepalive_requests 100000;
	server { listen 127.0.0.1:PORT default_server; root site; access_log off; }
END
mkdir "$scratch/results"
echo "$news news, $runs runs, $jobs threads, $(nproc) processors, load $(cut -d' ' -f1 /proc/loadavg); pictures of $(
	du -bc "$scratch"/base/*.jpg | awk -v n="$(ls "$scratch/base" | wc -l)" 'END { printf "%d", $1 / n / 1024 }') KiB on average"
for ((run = 0; run < runs; run++)); do
	for peer in "${peers[@]}"; do
		"run_$peer"
	done
done

median() {
	sort -n | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}
declare -A cpu=()
printf '%-10s %9s %9s %12s %9s\n' "" news/s "CPU s" news/CPU-s "peak MiB"
for peer in "${peers[@]}"; do
	wall=$(cut -d' ' -f1 "$scratch/results/$peer" | median)
	cpu[$peer]=$(cut -d' ' -f2 "$scratch/results/$peer" | median)
	peak=$(cut -d' ' -f3 "$scratch/results/$peer" | median)
	awk -v name="$peer" -v n="$news" -v wall="$wall" -v cpu="${cpu[$peer]}" -v peak="$peak" \
		'BEGIN { printf "%-10s %9.1f %9.2f %12.1f %9.1f\n", name, n / wall, cpu, n / cpu, peak / 1024 }'
done
[ -z "${cpu[scrapy]:-}" ] || awk -v a="${cpu[scrapy]}" -v b="${cpu[coverline]}" \
	'BEGIN { printf "news a CPU second, of Scrapy'\''s: %.2f times (aim: 6)\n", a / b }'
awk -v a="${cpu[coverline]}" -v b="${cpu[floor]}" 'BEGIN { printf "CPU seconds, of the floor'\''s: %.2f times (aim: at most 1.2)\n", a / b }'

# The memory of a long queue: news that an empty archive has nothing for.
queued=${BENCH_QUEUED:-1000000}
[ "$queued" != 0 ] || exit 0
mkdir -p "$scratch/queue/empty"
echo nothing >"$scratch/queue/empty/index.html"
awk -v n="$queued" 'BEGIN { for (i = 1; i <= n; i++) printf "N%d\tnews\tnewsworld\tTitle of the story number %d that happened today, " \
	"or so they tell us\tAn abstract\thttps://assets.bench.test/mind/AAB%07d.html\t[]\t[]\n", i, i, i }' >"$scratch/queue/catalog.tsv"
measure queue "$bin/coverline-crawl" "$scratch/queue" --sources warc --replay "$scratch/queue/empty" -j "$jobs" || true
awk -v n="$queued" '{ printf "%d news queued: peak %.1f MiB (aim: below 300 MB), %.0f news/s\n", n, $3 / 1024, n / $1 }' \
	"$scratch/results/queue"
