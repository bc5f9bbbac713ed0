# The whole pipeline on the bundled world, driven by make as make demo does it: stopped on the way and gone on with, then
# nothing left to do; and its answer: pictures lift NRMS-IM clearly above NRMS, pictures dealt out at random do not.
. tests/stage/lib.sh

if [ -n "${SAN:-}" ]; then
	skip_test "the demo's outcome" "three trainings and a ResNet-101 take too long under the sanitizers"
	done_testing
	exit
fi

demo=$BUILD/demo-test
runs=$demo/seed-1/runs
dev=$demo/seed-1/data/behaviors/dev.tsv
rm -rf "$demo"
trap 'rm -rf "$scratch" "$demo"' EXIT

stage() { make -j2 BUILD="$BUILD" DEMO="$demo" SEED=1 "$@"; }

# Ctrl-C reaches every process of the group; setsid gives make one of its own. It comes as soon as extract has begun its first
# part, which is under way for much longer than a look takes.
stopped_on_the_way() {
	local pid
	setsid make -j2 BUILD="$BUILD" DEMO="$demo" SEED=1 demo-extract >"$scratch/stopped.log" 2>&1 &
	pid=$!
	for _ in {1..3000}; do
		compgen -G "$demo/seed-1/data/features/impression/part-*.part" >"$scratch/begun" && break
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.1
	done
	kill -INT -- "-$pid" 2>/dev/null
	wait "$pid" && { echo "it ended"; return 1; }
	[ -s "$scratch/begun" ] && [ -e "$demo/seed-1/data/render.json" ] && [ ! -e "$demo/seed-1/data/features/impression.h5" ] ||
		{ tail -n 20 "$scratch/stopped.log"; return 1; }
}
plan_names_what_is_left() {
	local plan
	plan=$(stage -n demo-run) || return 1
	! grep -q 'coverline crawl ' <<<"$plan" && grep -q 'coverline extract ' <<<"$plan" && grep -q 'coverline report ' <<<"$plan"
}
nothing_left() {
	local plan
	plan=$(stage -n demo-run) && ! grep "$BUILD/bin/" <<<"$plan"
}

# number NAME RUN: a figure of RUN in the comparison with NRMS.
compare() {
	"$bin/coverline" evaluate --json --behaviors "$dev" \
		--predictions "$runs/nrms/prediction.txt" "$runs/nrms-im/prediction.txt" "$runs/nrms-im-shuffled/prediction.txt"
}
number() { awk -v key="\"$1\":" -v run="\"$2\"" '/"name":/ { here = index($0, run) } here && $1 == key { gsub(",", ""); print $2 }' "$scratch/json"; }
at_least() { awk -v a="$1" -v b="$2" 'BEGIN { exit !(a != "" && a + 0 >= b + 0) }'; }

check "the pipeline stops on Ctrl-C, and keeps what it has" stopped_on_the_way
check "make -n shows only what is left" plan_names_what_is_left
check "the same command ends it" stage demo-run
check "and once more does nothing" nothing_left
check "three runs are compared" eval 'compare >"$scratch/json"'
sed -n 's/^/# /p' "$demo/seed-1/evaluation.txt"
check "NRMS learns from the words" at_least "$(number auc nrms)" 0.58
check "NRMS-IM is clearly ahead of NRMS: by 0.04 or more" at_least "$(number delta_auc nrms-im)" 0.04
check "beyond the 95 % interval" at_least "$(number delta_auc_low nrms-im)" 0.02
check "the control with shuffled pictures is not ahead" at_least 0 "$(number delta_auc_low nrms-im-shuffled)"
check "no model with words alone passes their ceiling" at_least \
	"$(sed -n 's/.*"ceiling_auc_text": \([0-9.]*\).*/\1/p' "$demo/seed-1/world/world.json")" "$(number auc nrms)"
check "the report stands alone" eval '[ -s "$demo/seed-1/report/index.html" ] && ! grep -qE "(src|href)=\"https?:" "$demo/seed-1/report/index.html"'
done_testing
