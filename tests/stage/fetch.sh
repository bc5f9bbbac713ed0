#!/bin/bash
# Fetching published files, from a real nginx: whole, resumed, from the second mirror, and damaged.
. tests/stage/lib.sh
. tests/stage/nginx.sh

mkdir -p "$scratch/site" "$scratch/to"
head -c 3000000 /dev/urandom >"$scratch/site/big.bin"
head -c 3000000 /dev/urandom >"$scratch/site/other.bin"
head -c 2000000 "$scratch/site/big.bin" >"$scratch/site/short.bin"
sum=$(sha256sum <"$scratch/site/big.bin" | cut -d' ' -f1)

nginx_start <<-'END'
	log_format range '$uri $http_range $status';
	access_log range.log range;
	server {
		listen 127.0.0.1:PORT;
		root site;
		location = /moved.bin { return 302 /big.bin; }
		location = /whole.bin { max_ranges 0; alias site/big.bin; }
	}
END
at=http://127.0.0.1:$port
{
	printf '# a comment\n'
	printf 'big\tbig.bin\t3000000\t%s\t%s/big.bin\n' "$sum" "$at"
	printf 'prefix\tprefix.bin\t-\t%s\t%s/moved.bin\n' "${sum:0:8}" "$at"
	printf 'mirrored\tmirrored.bin\t3000000\t%s\t%s/gone.bin %s/other.bin %s/big.bin\n' "$sum" "$at" "$at" "$at"
	printf 'wrong\twrong.bin\t3000000\t%s\t%s/other.bin\n' "$sum" "$at"
	printf 'short\tshort.bin\t3000000\t-\t%s/short.bin\n' "$at"
	printf 'gone\tgone.bin\t-\t-\t%s/gone.bin\n' "$at"
	printf 'whole\twhole.bin\t3000000\t%s\t%s/whole.bin\n' "$sum" "$at"
} >"$scratch/table.tsv"
get() {
	"$bin/coverline-fetch" "$@" --to "$scratch/to" --catalog "$scratch/table.tsv"
}
is() {
	[ "$1" = "$2" ] || { printf 'found:    %s\nexpected: %s\n' "$1" "$2"; return 1; }
}
dies() {
	(COVERLINE_FAULT=fetch.bytes:40 get "$1") 2>/dev/null
	[ $? = 137 ] || { echo "not killed"; return 1; }
}

check "nginx answers" nginx_answers
check "fetches" get big
check "… the file" cmp "$scratch/site/big.bin" "$scratch/to/big.bin"
: >"$scratch/range.log"
check "what is there is left alone" get big
check "… without a request" is "$(wc -l <"$scratch/range.log")" 0
printf x >>"$scratch/to/big.bin"
check "what is there and wrong is fetched anew" get big
check "… the file" cmp "$scratch/site/big.bin" "$scratch/to/big.bin"
rm "$scratch/to/big.bin"
check "killed on the way" dies big
check "… no file appears" is "$(ls "$scratch/to")" big.bin.part
: >"$scratch/range.log"
check "the same command goes on" get big
check "… from where it was" grep -Eq '^/big.bin bytes=[1-9][0-9]*- 206$' "$scratch/range.log"
check "… the file" cmp "$scratch/site/big.bin" "$scratch/to/big.bin"
head -c 1000 "$scratch/site/other.bin" >"$scratch/to/mirrored.bin.part"
check "another mirror steps in, and a bad start is not kept" get mirrored
check "… the file" cmp "$scratch/site/big.bin" "$scratch/to/mirrored.bin"
head -c 1000 "$scratch/site/big.bin" >"$scratch/to/whole.bin.part"
check "a server without ranges" get whole
check "… the file" cmp "$scratch/site/big.bin" "$scratch/to/whole.bin"
check "the first digits of a sha256, over a redirect" get prefix
check "… the file" cmp "$scratch/site/big.bin" "$scratch/to/prefix.bin"
cp "$scratch/site/big.bin" "$scratch/to/prefix.bin.part"
rm "$scratch/to/prefix.bin"
check "a part that is whole already" get prefix
check "another file's bytes" fails_with 11 get wrong
check "too few bytes" fails_with 11 get short
check "nothing there" fails_with 4 get gone
check "no file of a failure appears" is "$(ls "$scratch/to" | tr '\n' ' ')" 'big.bin mirrored.bin prefix.bin whole.bin '
check "an unknown name" fails_with 2 get nonsense
check "no name" fails_with 2 get
printf 'a\tb\t1\n' >"$scratch/table.tsv"
check "a table that is none" fails_with 3 get a
printf 'a\t../b\t1\t-\t%s\n' "$at/big.bin" >"$scratch/table.tsv"
check "a file name that leaves the folder" fails_with 3 get a
check "the tables that come with the program" grep -q '^resnet101 .* 63fe2227$' <("$bin/coverline-fetch" --list)
done_testing
