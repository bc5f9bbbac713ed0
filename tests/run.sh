#!/bin/bash
# Runs test programs and scripts, one after another, and adds up what they say.
#   tests/run.sh TEST…      from the repository root; BUILD names the build folder
# A test prints TAP: "ok …", "not ok …", "ok … # SKIP why". A test that dies, or prints no plan or result, is one failure.
# Ends with "N passed, N failed, N skipped"; exit 1 if anything failed.
set -u
export BUILD=${BUILD:-build}
export CMOCKA_MESSAGE_OUTPUT=TAP
export TMPDIR=${TMPDIR:-/tmp}
# Coverline's own settings must not leak into what is tested.
unset COVERLINE_FAULT SLURM_ARRAY_TASK_ID SLURM_ARRAY_TASK_COUNT MAKEFLAGS MAKELEVEL MFLAGS
limit=${TEST_TIMEOUT:-900}
passed=0 failed=0 skipped=0
failures=
log=$BUILD/test-output
mkdir -p "$log"

for t in "$@"; do
	name=${t#"$BUILD"/}
	out=$log/$(printf '%s' "$name" | tr '/' '-').tap
	begin=$SECONDS
	case $t in
	*.sh) timeout -k 10 "$limit" bash "$t" >"$out" 2>"$out.err" ;;
	*) timeout -k 10 "$limit" "$t" >"$out" 2>"$out.err" ;;
	esac
	code=$?
	# cmocka says "not ok N # SKIP name" of a skipped test, and counts it neither as passed nor as failed.
	cat "$out.err" >>"$out"
	rm -f "$out.err"
	s=$(grep -cE '^(not )?ok .*# SKIP' "$out")
	p=$(grep -vE '# SKIP' "$out" | grep -cE '^ok ')
	f=$(grep -vE '# SKIP' "$out" | grep -cE '^not ok ')
	if [ "$code" != 0 ] && [ "$f" = 0 ]; then
		f=1
		echo "# exit code $code" >>"$out"
	fi
	if [ "$((p + f + s))" = 0 ]; then
		f=1
		echo "# printed no result" >>"$out"
	fi
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
	printf '%-44s %4d passed' "$name" "$p"
	[ "$s" = 0 ] || printf ', %d skipped' "$s"
	[ "$f" = 0 ] || printf ', %d FAILED' "$f"
	printf '  (%d s)\n' "$((SECONDS - begin))"
	grep -E '^(not )?ok .*# SKIP' "$out" | sed -E 's/^(not )?ok [0-9]* *-? */    skipped: /'
	if [ "$f" != 0 ]; then
		failures="$failures $name"
		grep -vE '^ok ' "$out" | tail -n 60 | sed 's/^/    /'
	fi
done

[ -z "$failures" ] || echo "failed:$failures"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
