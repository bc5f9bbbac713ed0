# What make demo-all and make demo-table would do from nothing: every run trained, scored, compared and claimed about.
. tests/stage/lib.sh

plan() { make -n BUILD="$BUILD" DEMO="$BUILD/demo-plan" SEED=1 "$@" >"$scratch/plan" 2>"$scratch/err" || { cat "$scratch/err"; return 1; }; }
times() { [ "$(grep -cE -- "$2" "$scratch/plan")" = "$1" ] || { echo "$2: $(grep -cE -- "$2" "$scratch/plan") lines, expected $1"; return 1; }; }
before() { [ "$(grep -nE -m 1 -- "$1" "$scratch/plan" | cut -d: -f1)" -lt "$(grep -nE -m 1 -- "$2" "$scratch/plan" | cut -d: -f1)" ]; }

check "a plan of demo-all" plan demo-all-run REPEATS="1 2 3"
check "sixteen runs in three repeats" times 48 'coverline train '
check "each is scored" times 48 'coverline score .* --run '
check "five of them over shuffled pictures, in another way each time" eval "times 15 'shuffle_pictures=[123]' && times 5 'train.seed=2.*shuffle_pictures=2'"
check "three without what sees pictures" eval "times 3 'all/mm-rec-text/.*--set mm-rec.news=title' && times 3 'all/vlsnr-text/.*--set vlsnr.image=no' && times 3 'all/gmmf-text/.*--set gmmf.visual=none'"
check "and four references" times 12 'coverline score .* --reference (random|popular|recent|category) '
check "each kind is extracted once" eval "times 1 '--kind impression' && times 1 '--kind roi' && times 1 '--kind cover' && times 1 '--kind clip' && times 1 '--kind bert'"
check "a catalogue is there before the first run" before 'coverline catalog' 'coverline train'
claims() {
	tr -d '\\\n' <"$scratch/plan" | grep -o -- '--over-seeds --claim .* --predictions' | head -n 1 | grep -o '"[^"]*"' >"$scratch/claims"
	cat - >"$scratch/wanted" <<-EOF
		"nrms-im > nrms"
		"nrms-im-shuffled <= nrms"
		"fim-im > fim"
		"fim-im-shuffled <= fim"
		"mm-rec > mm-rec-text"
		"mm-rec-shuffled <= mm-rec-text"
		"vlsnr > vlsnr-text"
		"vlsnr-shuffled <= vlsnr-text"
		"gmmf > gmmf-text"
		"gmmf-shuffled <= gmmf-text"
	EOF
	diff "$scratch/wanted" "$scratch/claims"
}
check "two claims a model" claims

# Every run that a paper's table names, once each.
runs=$(sed -n 's/^TABLE_.* := //p' pipelines/tables.mk | tr ' ' '\n' | sort -u | wc -l)
check "a plan of demo-table" plan demo-table-run
check "each run of the tables, once" times "$runs" 'coverline train '
check "of one seed" times "$runs" 'train.seed=1'
check "and four references" times 4 'coverline score .* --reference '
done_testing
