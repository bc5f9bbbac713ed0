#!/bin/bash
# The rules that a machine can check; prints TAP. Run from the repository root: make lint.
. tests/stage/lib.sh

c_files=$(git ls-files -co --exclude-standard '*.c' '*.h')
headers=$(git ls-files -co --exclude-standard '*.h')
flags=$(sed -n 's/^PKG_CFLAGS := //p' "$BUILD/packages.mk")

formatted() {
	clang-format --dry-run -Werror $c_files
}

cppcheck_clean() {
	# Pointers into arenas and kernels' mutable outputs make constParameter noisy; the rest of "style" is for people.
	cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr --error-exitcode=1 -j2 \
		--suppress=missingIncludeSystem --suppress=normalCheckLevelMaxBranches -I. $(git ls-files -co --exclude-standard '*.c')
}

# Each header compiles alone, in C11, under both compilers and in both precisions.
header_alone() {
	local options="-std=c11 -D_GNU_SOURCE -I. $flags -Wall -Wextra -Wpedantic -Werror -fsyntax-only -x c -"
	# A unit needs one declaration, which a header of macros has not.
	local unit="#include \"$1\"
extern int unit;"
	gcc $options <<<"$unit" && clang -DCOVERLINE_DOUBLE $options <<<"$unit"
}
headers_alone() {
	export flags
	export -f header_alone
	printf '%s\n' $headers | xargs -P "$(nproc)" -I '{}' bash -c 'header_alone {}'
}

# Arrows point one way. A line here is a folder and the folders that it may include from.
include_direction() {
	local bad=0 folder allowed
	while read -r folder allowed; do
		git grep -nE --untracked '^#include "[a-z]+/' -- "$folder/*.c" "$folder/*.h" |
			grep -vE "#include \"($(echo "$folder $allowed" | tr ' ' '|'))/" && bad=1
	done <<-'ARROWS'
		common
		crawl common
		render common
		eval common
		model common
		extract model common
		pipelines common
	ARROWS
	[ "$bad" = 0 ]
}

# The library below its programs: tensor < layers < encoders, recommenders < train.
model_direction() {
	local bad=0
	git grep -nE --untracked '#include "model/(layers|encoders|recommenders|train)/' -- 'model/tensor/*' && bad=1
	git grep -nE --untracked '#include "model/(encoders|recommenders|train)/' -- 'model/layers/*' && bad=1
	[ "$bad" = 0 ]
}

banned_functions() {
	! git grep -nE --untracked '\b(strcpy|strcat|sprintf|vsprintf|gets|strtok|atoi|atol|atof|alloca|rand|srand|system|tmpnam)\(' -- '*.c' '*.h'
}

# One place includes each third-party header where that is possible: a line is a header and the file, or files between bars.
one_includer() {
	local bad=0 header file
	while read -r header file; do
		git grep -nlE --untracked "#include <$header" -- common crawl render extract model eval | grep -vxE "$file" && bad=1
	done <<-'PLACES'
		hdf5 common/h5_file.h
		vips/ common/image.c
		cblas.h model/tensor/kernels_cpu.c
		dnnl model/tensor/onednn_layout.h
		ini.h common/config.c
		sqlite3.h crawl/ledger.c
		openssl/ common/digest.c
		libdeflate common/png.c|crawl/warc_write.c
		jpeglib common/jpeg.c
		mpi.h model/train/ranks_mpi.c
	PLACES
	[ "$bad" = 0 ]
}

scripts_parse() {
	local s
	for s in $(git ls-files -co --exclude-standard '*.sh' .ci/run); do
		bash -n "$s" || return 1
	done
}

guards() {
	local h bad=0
	for h in $headers; do
		grep -q "^#ifndef COVERLINE_$(echo "${h%.h}_H" | tr 'a-z/' 'A-Z_')$" "$h" || { echo "$h: include guard"; bad=1; }
	done
	[ "$bad" = 0 ]
}

# Other names are what a wrong quote or redirection left behind, or trouble for a script.
plain_names() {
	git ls-files -coz --exclude-standard >"$scratch/names" && [ -s "$scratch/names" ] || return 1
	! LC_ALL=C grep -zvxE '[A-Za-z0-9._/-]+' "$scratch/names" | tr '\0' '\n' | cat -v | grep .
}

no_loose_ends() {
	! git grep -nIE --untracked '\b(TODO|FIXME|XXX)\b' -- '*.c' '*.h' '*.mk' '*.sh' Makefile ':!tests/lint.sh'
}

check "clang-format" formatted
check "cppcheck" cppcheck_clean
check "headers compile alone" headers_alone
check "include guards" guards
check "direction of includes" include_direction
check "direction inside the model library" model_direction
check "banned functions" banned_functions
check "one includer for each library" one_includer
check "shell scripts parse" scripts_parse
check "names of letters, digits, dot, dash and underscore" plain_names
check "no loose ends" no_loose_ends
check "clang builds without a warning" make CC=clang BUILD=build-clang -j2 all
done_testing
