#!/bin/bash
# train and score on a small world: what they write, that a run killed anywhere goes on to the same bytes, and what they
# refuse. (tests/unit/test_train_run.c does the same to a recommender that reads pictures.)
. tests/stage/lib.sh
. tests/stage/clicks.sh

data=$scratch/data
config=$scratch/small.ini
make_world "$data"
cat >"$config" <<-'END'
	[model]
	name = nrms
	[data]
	word_width = 16
	[train]
	epochs = 4
	batch = 16
	learning_rate = 0.01
	checkpoint_every = 3
	[nrms]
	heads = 2
	head_width = 8
	query_width = 8
END

train() {
	"$bin/coverline-train" "$data" --config "$config" --out "$@" -j 1
}
score() {
	"$bin/coverline-score" "$data" --behaviors "$data/behaviors/dev.tsv" -j 1 "$@"
}
same_run() {
	local f
	for f in best.h5 log.jsonl config.ini checkpoint.h5; do
		cmp "$scratch/whole/$f" "$scratch/$1/$f" || return 1
	done
}

check "train" train "$scratch/whole"
wrote() {
	local f
	for f in config.ini log.jsonl checkpoint.h5 best.h5; do
		[ -s "$scratch/whole/$f" ] || return 1
	done
	! compgen -G "$scratch/whole/*.part"
}
check "writes the four files of a run, and no part of one" wrote
# 120 clicks in batches of 16 are 8 steps.
log_is_whole() {
	[ "$(grep -c '"loss":' "$scratch/whole/log.jsonl")" = 32 ] && [ "$(grep -c '"dev_auc":' "$scratch/whole/log.jsonl")" = 4 ] &&
		[ "$(sed -n 's/^{"step":\([0-9]*\),.*"loss".*/\1/p' "$scratch/whole/log.jsonl" | tr '\n' ' ')" = "$(seq -s ' ' 32) " ]
}
check "log.jsonl has a line a step and a line an epoch" log_is_whole
learns() {
	awk -F'"dev_auc":' '/dev_auc/ { split($2, a, ","); if (a[1] > best) best = a[1] } END { print best; exit !(best > 0.9) }' \
		"$scratch/whole/log.jsonl"
}
check "learns topics from words (AUC above 0.9)" learns
settings_are_kept() {
	grep -qx 'heads = 2' "$scratch/whole/config.ini" && grep -qx 'negatives = 4' "$scratch/whole/config.ini" &&
		! grep -q 'nrms-im' "$scratch/whole/config.ini"
}
check "config.ini holds the whole configuration" settings_are_kept

does_nothing_again() {
	local before after
	before=$(stat -c '%n %Y %i' "$scratch"/whole/*.{ini,h5} "$scratch/whole/log.jsonl")
	train "$scratch/whole" || return 1
	after=$(stat -c '%n %Y %i' "$scratch"/whole/*.{ini,h5} "$scratch/whole/log.jsonl")
	[ "$before" = "$after" ]
}
check "a finished run does nothing" does_nothing_again
check "the same again gives the same bytes" eval 'train "$scratch/again" && same_run again'

killed_and_resumed() {
	local run=killed-$1 point
	for point in "$@"; do
		COVERLINE_FAULT=$point train "$scratch/$run"
		[ $? = 137 ] || { echo "$point: not killed"; return 1; }
	done
	train "$scratch/$run" && same_run "$run"
}
for point in train.step:1 train.step:7 train.checkpoint:1 train.checkpoint:2 train.saved:1 train.saved:3 train.best:1 train.best:2; do
	check "killed at $point and resumed: the same bytes" killed_and_resumed $point
done
check "killed again and again: the same bytes" killed_and_resumed train.step:5 train.step:5 train.checkpoint:3 train.best:1 train.step:9

# Schedules, slices, validation within epochs, repeats.
losses() {
	sed -n 's/.*"loss":\([^,]*\),.*/\1/p' "$scratch/$1/log.jsonl"
}
slices_change_nothing() {
	train "$scratch/one" --set train.dropout=0 && train "$scratch/four" --set train.dropout=0 --set train.slices=4 &&
		paste <(losses one) <(losses four) |
		awk '{ d = $1 - $2; if (d < 0) d = -d; if (d > worst) worst = d } END { print NR, worst; exit !(NR == 32 && worst < 1e-4) }'
}
check "a step in four slices is the step in one" slices_change_nothing
# 32 steps, validated after 5, 10, … 30 and the last; killed between two of them.
validates_within_epochs() {
	train "$scratch/often" --set train.validate_every=5 &&
		[ "$(sed -n 's/^{"step":\([0-9]*\),.*"dev_auc".*/\1/p' "$scratch/often/log.jsonl" | tr '\n' ' ')" = "5 10 15 20 25 30 32 " ] &&
		! COVERLINE_FAULT=train.step:13 train "$scratch/often-killed" --set train.validate_every=5 &&
		train "$scratch/often-killed" --set train.validate_every=5 &&
		cmp "$scratch/often/log.jsonl" "$scratch/often-killed/log.jsonl" &&
		cmp "$scratch/often/best.h5" "$scratch/often-killed/best.h5"
}
check "validates every 5 steps and after the last; killed between: the same bytes" validates_within_epochs
stops_after_steps() {
	train "$scratch/short" --set train.steps=11 && [ "$(losses short | wc -l)" = 11 ] &&
		cmp <(losses short) <(losses whole | head -11)
}
check "train.steps ends the run early, with the same steps" stops_after_steps
rates() {
	sed -n 's/.*"learning_rate":\([^,]*\),.*/\1/p' "$scratch/$1/log.jsonl" | tr '\n' ' '
}
schedules() {
	train "$scratch/line" --set train.schedule=linear --set train.warmup=2 --set train.steps=6 &&
		[ "$(rates line)" = "0.005 0.01 0.01 0.0075 0.005 0.0025 " ] &&
		train "$scratch/cosine" --set train.schedule=cosine --set train.steps=4 &&
		[ "$(rates cosine)" = "0.01 0.00853553391 0.005 0.00146446609 " ]
}
check "warm-up, line and cosine" schedules
# All words of this small world are in every batch but the last: runs are nearly alike, and resume alike.
sparse_adam() {
	train "$scratch/sparse" --set train.adam=sparse && ! cmp -s "$scratch/sparse/best.h5" "$scratch/whole/best.h5" &&
		! COVERLINE_FAULT=train.step:12 train "$scratch/sparse-killed" --set train.adam=sparse &&
		train "$scratch/sparse-killed" --set train.adam=sparse && cmp "$scratch/sparse/checkpoint.h5" "$scratch/sparse-killed/checkpoint.h5"
}
check "sparse Adam; killed and resumed: the same bytes" sparse_adam
repeats() {
	train "$scratch/repeat" --repeat 2 --set train.seed=4 --set train.steps=5 &&
		train "$scratch/five" --set train.seed=5 --set train.steps=5 &&
		cmp "$scratch/repeat/seed-5/best.h5" "$scratch/five/best.h5" &&
		! cmp -s "$scratch/repeat/seed-4/best.h5" "$scratch/five/best.h5" && [ "$(ls -d "$scratch"/repeat/seed-* | wc -l)" = 2 ]
}
check "--repeat trains a run a seed" repeats

# Stopped by a signal: exit code 130 or 143, and the same command goes on.
signalled() {
	local run=$1 signal=$2 code=$3 found pid i
	"$bin/coverline-train" "$data" --config "$config" --out "$scratch/$run" -j 1 --set train.epochs=100000 &
	pid=$!
	for i in $(seq 200); do
		[ -s "$scratch/$run/checkpoint.h5" ] && break
		sleep 0.05
	done
	kill "-$signal" $pid
	wait $pid
	found=$?
	[ "$found" = "$code" ] || { echo "exit code $found, expected $code"; return 1; }
	[ "$(wc -l <"$scratch/$run/log.jsonl")" -ge 3 ]
}
check "SIGTERM: a checkpoint and exit code 143" signalled term TERM 143
check "SIGINT: a checkpoint and exit code 130" signalled int INT 130

refuses_other_config() {
	local message
	message=$(fails_with 2 train "$scratch/whole" --set train.batch=8 2>&1 >/dev/null) || { echo "$message"; return 1; }
	grep -q '"batch = 16" is now "batch = 8"' <<<"$message"
}
check "another configuration for a run that is there is refused, and named" refuses_other_config
other_clicks() {
	local message
	cp "$data/behaviors/train.tsv" "$scratch/clicks.tsv"
	COVERLINE_FAULT=train.saved:2 train "$scratch/clicks" --set data.train="$scratch/clicks.tsv"
	sed -i '1,60d' "$scratch/clicks.tsv"
	message=$(fails_with 11 train "$scratch/clicks" --set data.train="$scratch/clicks.tsv" 2>&1 >/dev/null) || { echo "$message"; return 1; }
	grep -q "was trained on 120 clicks; .* has 60" <<<"$message"
}
check "other clicks than the run began with are refused" other_clicks
check "an unknown key is refused" fails_with 2 train "$scratch/unknown" --set nrms.hats=3
check "an unknown recommender is refused" fails_with 2 train "$scratch/unknown" --set model.name=nobody
check "no clicks to learn from" eval 'sed "s/-1/-0/g" "$data/behaviors/train.tsv" >"$scratch/none.tsv"; fails_with 2 train "$scratch/none" --set data.train="$scratch/none.tsv"'
diverges() {
	local message
	printf 'match%s\n' "$(printf ' 3e38%.0s' $(seq 16))" >"$scratch/huge.txt"
	message=$(fails_with 1 train "$scratch/nan" --set data.word_vectors="$scratch/huge.txt" 2>&1 >/dev/null) || { echo "$message"; return 1; }
	grep -q "step 1: loss -\?nan.*first not finite: [a-z_]*'s value \[.*diverged" <<<"$message" && [ ! -e "$scratch/nan/checkpoint.h5" ]
}
check "a loss that is not finite stops the run" diverges
check "--list names the recommenders and their keys" eval '"$bin/coverline-train" --list | grep -q "nrms-im .*Xun" && "$bin/coverline-train" --list | grep -q "^attention_scale = none"'
lists_sizes() {
	local listed
	listed=$("$bin/coverline-train" --list) || return 1
	[ "$(grep -c '^;            kinds: ' <<<"$listed")" = "$(grep -cE '^;            parameters: [0-9]+, of them [0-9]+ in tables' <<<"$listed")" ] &&
		grep -A2 '^; nrms ' <<<"$listed" | grep -q 'parameters: 3173300, of them 3000000'
}
check "--list tells every recommender's parameters" lists_sizes

prediction=$scratch/prediction.txt
check "score" score --run "$scratch/whole" --out "$prediction" --scores "$scratch/scores.h5"
ranks_are_whole() {
	[ "$(wc -l <"$prediction")" = 40 ] && [ -s "$scratch/scores.h5" ] &&
		awk '{ if ($1 != NR || $2 !~ /^\[[1-6],[1-6],[1-6],[1-6],[1-6],[1-6]\]$/) exit 1; gsub(/[\[\]]/, "", $2); n = split($2, r, ","); s = 0; for (i in r) s += 2 ^ r[i]; if (s != 126) exit 1 }' "$prediction"
}
check "a line an impression, each a permutation of ranks" ranks_are_whole
# Impressions 10, 20, … have no history: all scores are equal, and the order is the candidates' own.
check "equal scores keep the candidates' order" eval '[ "$(grep -c "^[1-4]0 \[1,2,3,4,5,6\]$" "$prediction")" = 4 ]'
# AUC of the ranks, recomputed here, is the one in the log.
auc_agrees() {
	local here log
	here=$(paste -d' ' <(cut -f5 "$data/behaviors/dev.tsv") <(cut -d' ' -f2 "$prediction") |
		awk '{ gsub(/[\[\]]/, "", $7); split($7, r, ","); for (i = 1; i <= 6; i++) if ($i ~ /-1$/) sum += (6 - r[i]) / 5 } END { printf "%.6f", sum / NR }')
	log=$(awk -F'"dev_auc":' '/"best":true/ { split($2, a, ","); x = a[1] } END { printf "%.6f", x }' "$scratch/whole/log.jsonl")
	[ "$here" = "$log" ] || { echo "$here, $log in the log"; return 1; }
}
check "the AUC of the predictions is the best of the log" auc_agrees
killed_score() {
	rm -f "$scratch/killed.txt"
	COVERLINE_FAULT=$1 score --run "$scratch/whole" --out "$scratch/killed.txt"
	[ $? = 137 ] && [ ! -e "$scratch/killed.txt" ] && score --run "$scratch/whole" --out "$scratch/killed.txt" && cmp "$prediction" "$scratch/killed.txt"
}
check "score killed on its way: no file, and then the same bytes" killed_score score.impression:20
check "score killed before it commits" killed_score score.commit:1

# Training on what it is judged on: said, not refused.
leak_is_told() {
	train "$scratch/leaky" --set data.dev=behaviors/train.tsv --set train.steps=1 2>"$scratch/err" || { cat "$scratch/err"; return 1; }
	grep -qF 'leak: 120 impressions of behaviors/train.tsv are in behaviors/train.tsv too' "$scratch/err" || { cat "$scratch/err"; return 1; }
}
check "a dev split that is trained on is told" leak_is_told

refuses_other_catalogue() {
	local message
	cp -r "$data" "$scratch/other" && sed -i '1s/\t[^\t]*$/\t[{}]/' "$scratch/other/catalog.tsv" || return 1
	message=$(fails_with 11 "$bin/coverline-score" "$scratch/other" --run "$scratch/whole" --behaviors "$data/behaviors/dev.tsv" --out "$scratch/other.txt" 2>&1 >/dev/null) || { echo "$message"; return 1; }
	grep -q "trained on a catalogue with sha256" <<<"$message" && [ ! -e "$scratch/other.txt" ]
}
check "another catalogue is refused" refuses_other_catalogue
# A title's first word is an entity, of which those of sport have no vector.
named=$scratch/named
cp -r "$data" "$named"
awk -F '\t' -v OFS='\t' '{
	split($4, w, " ")
	$7 = "[{\"WikidataId\": \"Q" w[1] "\", \"Type\": \"C\", \"OccurrenceOffsets\": [0], \"SurfaceForms\": [\"" w[1] "\"]}]"
	print
	if ($2 != "sport" && !seen[w[1]]++) printf "Q%s\t%d\t0.5\t-1\t\n", w[1], NR >>vectors
}' vectors="$named/entity_embedding.vec" "$data/catalog.tsv" >"$named/catalog.tsv"
dkn() {
	"$bin/coverline-train" "$named" --config "$config" --out "$@" -j 1 --set model.name=dkn --set data.entity_width=3 \
		--set dkn.filters=4 --set train.steps=6 --set train.checkpoint_every=2
}
reads_entities() {
	dkn "$scratch/dkn" 2>"$scratch/err" && grep -qF 'titles name 60 times one of 15 entities that have vectors' "$scratch/err" || { cat "$scratch/err"; return 1; }
	COVERLINE_FAULT=train.step:5 dkn "$scratch/dkn-killed" && return 1
	dkn "$scratch/dkn-killed" && cmp "$scratch/dkn/best.h5" "$scratch/dkn-killed/best.h5" &&
		"$bin/coverline-score" "$named" --run "$scratch/dkn" --behaviors "$named/behaviors/dev.tsv" --out "$scratch/dkn.txt" -j 1
}
check "entities: trained, killed and resumed, scored" reads_entities
refuses_other_vectors() {
	sed -i '1s/0\.5/0.6/' "$named/entity_embedding.vec"
	fails_with 11 "$bin/coverline-score" "$named" --run "$scratch/dkn" --behaviors "$named/behaviors/dev.tsv" --out "$scratch/x.txt" &&
		rm "$named/entity_embedding.vec" && fails_with 1 dkn "$scratch/dkn-none" && [ ! -e "$scratch/x.txt" ]
}
check "entities: other vectors than trained with, or none, are refused" refuses_other_vectors
check "a run that is not there" fails_with 1 score --run "$scratch/nowhere" --out "$scratch/x.txt"
done_testing
