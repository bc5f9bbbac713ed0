# Helpers for the shell tests; source it first. Prints TAP, as the cmocka programs do.
#
#   check NAME COMMAND…      ok if the command succeeds; its output is shown when it fails
#   fails_with CODE COMMAND… succeeds if the command exits with exactly CODE (use inside check)
#   skip_test NAME WHY       counted and named, never silent
#   no_sample FILE…          says why one of the samples is not there; fails if all are
#   done_testing             last line of every test
#
# $bin: absolute path of the programs; $scratch: an empty folder, removed at the end; $samples: absolute path of the folder of
# weights, photos, headlines and fonts that COVERLINE_SAMPLES names, or empty where there is none.

set -u
bin=$(cd "${BUILD:-build}/bin" && pwd)
scratch=$(mktemp -d "${TMPDIR:-/tmp}/coverline test.XXXXXX")
samples=
[ -n "${COVERLINE_SAMPLES:-}" ] && [ -d "$COVERLINE_SAMPLES" ] && samples=$(cd "$COVERLINE_SAMPLES" && pwd)
tap_count=0
tap_failed=0
trap 'rm -rf "$scratch"' EXIT

check() {
	local name=$1 output
	shift
	tap_count=$((tap_count + 1))
	if output=$("$@" 2>&1); then
		echo "ok $tap_count - $name"
	else
		tap_failed=$((tap_failed + 1))
		echo "not ok $tap_count - $name"
		printf '%s\n' "$output" | tail -n 30 | sed 's/^/# /'
	fi
}

fails_with() {
	local wanted=$1 found
	shift
	"$@"
	found=$?
	[ "$found" = "$wanted" ] || { echo "exit code $found, expected $wanted: $*"; return 1; }
}

skip_test() {
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1 # SKIP $2"
}

no_sample() {
	local f
	[ -n "${COVERLINE_SAMPLES:-}" ] || { echo "COVERLINE_SAMPLES is not set"; return 0; }
	for f in "$@"; do
		[ -n "$samples" ] && [ -e "$samples/$f" ] || { echo "$COVERLINE_SAMPLES/$f is not there"; return 0; }
	done
	return 1
}

done_testing() {
	echo "1..$tap_count"
	[ "$tap_failed" = 0 ]
}
