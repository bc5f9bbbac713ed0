#!/bin/bash
# Feature-based recommenders by the command line: LR, FM by SGD, ALS and Adam. That each learns, scores and recommends, and that a run
# killed anywhere goes on to the same bytes, samples.bin damaged or gone in between.
. tests/stage/lib.sh
. tests/stage/clicks.sh

data=$scratch/data
make_world "$data"
cat >"$scratch/small.ini" <<-'END'
	[sparse]
	buckets = 4096
	[train]
	epochs = 6
	batch = 16
	learning_rate = 0.1
	[fm]
	factors = 8
	l2_factor = 0.001
END
lr="--set model.name=lr"
sgd="--set model.name=fm"
als="--set model.name=fm --set fm.solver=als --set fm.l2_weight=1 --set fm.l2_factor=1"
adam="--set model.name=fm --set fm.solver=adam --set train.adam=sparse --set train.learning_rate=0.02"
all="--set model.name=lr --set lr.samples=all"

# $1 run, $2 one of the above.
train() {
	# shellcheck disable=SC2086
	"$bin/coverline-train" "$data" --config "$scratch/small.ini" --out "$scratch/$1" -j 1 ${!2}
}
score() {
	"$bin/coverline-score" "$data" --run "$scratch/$1" --behaviors "$data/behaviors/dev.tsv" --out "$scratch/$1.txt" -j 1
}
auc() {
	"$bin/coverline-evaluate" --behaviors "$data/behaviors/dev.tsv" --predictions "$scratch/$1.txt" --json | sed -n 's/.*"auc": *\([0-9.]*\).*/\1/p' | head -1
}
# Readers click what is of their topic: what a reader is must meet what a candidate is.
learns_and_scores() {
	train "$1" "$1" && score "$1" && awk -v auc="$(auc "$1")" 'BEGIN { print auc; exit !(auc > 0.9) }'
}
for how in lr sgd als adam all; do
	check "$how: learns topics (AUC above 0.9)" learns_and_scores $how
done
check "--list names both" eval '[ "$("$bin/coverline-train" --list | grep -cE "^; (fm|lr) ")" = 2 ]'

same_run() {
	local f
	for f in best.h5 log.jsonl config.ini checkpoint.h5; do
		cmp "$scratch/$1/$f" "$scratch/$2/$f" || return 1
	done
	! compgen -G "$scratch/$2/*.part"
}
# $1 how, $2 what happens to samples.bin after each death, then the points of death.
killed_and_resumed() {
	local how=$1 after=$2 run=killed-$1-$3 point
	shift 2
	for point in "$@"; do
		COVERLINE_FAULT=$point train "$run" "$how"
		[ $? = 137 ] || { echo "$point: not killed"; return 1; }
		$after "$scratch/$run/samples.bin"
	done
	train "$run" "$how" && same_run "$how" "$run"
}
remove() { rm -f "$1"; }
damage() { [ ! -e "$1" ] || printf x | dd of="$1" bs=1 seek=2000 conv=notrunc status=none; }
for how in lr sgd als; do
	check "$how: killed while samples are written, in a pass, at a checkpoint: the same bytes" \
		killed_and_resumed $how true train.samples:1 train.best:1 train.step:2 train.checkpoint:2
done
check "samples gone between: the same bytes" killed_and_resumed sgd remove train.step:3 train.saved:1
check "samples damaged between: the same bytes" killed_and_resumed als damage train.step:1 train.checkpoint:1
check "adam: killed and resumed: the same bytes" killed_and_resumed adam true train.step:20 train.checkpoint:2

# Stopped by a signal after the first checkpoint, long before the last of its passes: exit code 130, and the same command goes on.
long="$sgd --set train.epochs=80"
signalled() {
	local run=$scratch/signalled found pid i
	# shellcheck disable=SC2086
	"$bin/coverline-train" "$data" --config "$scratch/small.ini" --out "$run" -j 1 $long &
	pid=$!
	for i in {1..1000}; do
		[ -s "$run/checkpoint.h5" ] && break
		sleep 0.01
	done
	kill -INT $pid
	wait $pid
	found=$?
	[ "$found" = 130 ] || { echo "exit code $found, expected 130"; return 1; }
	[ "$(grep -c '"loss":' "$run/log.jsonl")" -lt 80 ] && train signalled long && train long long && same_run long signalled &&
		[ "$(grep -c '"loss":' "$run/log.jsonl")" = 80 ]
}
check "a signal stops a run of passes, and the same command ends it with the same bytes" signalled

recommend() {
	"$bin/coverline-recommend" "$data" --run "$scratch/lr" -j 1 "$@"
}
recommends() {
	recommend --history N1 N5 -k 5 --time "11/16/2019 9:00:00 AM" --why >"$scratch/best" &&
		[ "$(grep -c '^[0-9]' "$scratch/best")" = 5 ] && [ "$(grep '^[0-9]' "$scratch/best" | cut -f4 | grep -cx money)" -ge 4 ] &&
		grep -qP '^\tclick\t' "$scratch/best" && recommend --user U1 -k 3 >"$scratch/user" && [ "$(grep -c '^[0-9]' "$scratch/user")" = 3 ]
}
check "recommends at a time, and says why" recommends
ranks_as_score() {
	printf '1\tU9\t11/16/2019 9:00:00 AM\tN1 N5\t%s\n' "$(grep '^[0-9]' "$scratch/best" | cut -f3 | tac | paste -sd ' ')" >"$scratch/one.tsv"
	"$bin/coverline-score" "$data" --run "$scratch/lr" --behaviors "$scratch/one.tsv" --out "$scratch/one.txt" -j 1 &&
		[ "$(cat "$scratch/one.txt")" = "1 [5,4,3,2,1]" ]
}
check "ranks as score does" ranks_as_score

# $1 the exit code, $2 what is said, then the command.
refused() {
	local code=$1 said=$2
	shift 2
	"$@" 2>"$scratch/said"
	[ $? = "$code" ] && grep -qF -- "$said" "$scratch/said" || { cat "$scratch/said"; return 1; }
}
try() { "$bin/coverline-train" "$data" --out "$scratch/refused-$RANDOM" -j 1 --set model.name=fm "$@"; }
check "refuses buckets that are no power of two" refused 2 "is no power of two" try --set sparse.buckets=1000
check "refuses a field that is not there" refused 2 'there is no "colour"' try --set "sparse.fields=user colour"
check "refuses a time that is none" refused 2 "expected a time like" recommend --history N1 --time yesterday
no_training_file() {
	mkdir "$scratch/moved" && cp -r "$data" "$scratch/moved/data" && rm "$scratch/moved/data/behaviors/train.tsv" &&
		"$bin/coverline-score" "$scratch/moved/data" --run "$scratch/lr" --behaviors "$data/behaviors/dev.tsv" --out "$scratch/moved.txt" -j 1 &&
		cmp "$scratch/moved.txt" "$scratch/lr.txt"
}
check "scores without the training file" no_training_file

# A signal during the validation keeps the pass before it. Once samples.bin is there, who reads the long dev.tsv is the validation.
validated() {
	# shellcheck disable=SC2086
	exec "$bin/coverline-train" "$data" --config "$scratch/small.ini" --out "$scratch/$1" -j 1 $lr --set data.dev="$scratch/long.tsv" --set train.epochs=1
}
interrupted_validation() {
	local pid run=$scratch/judged
	awk '{ for (i = 0; i < 1000; i++) print }' "$data/behaviors/dev.tsv" >"$scratch/long.tsv"
	validated judged &
	pid=$!
	until [ -e "$run/samples.bin" ] && grep -qF long.tsv "/proc/$pid/maps"; do
		kill -0 $pid || return 1
		sleep 0.01
	done
	kill -INT $pid
	fails_with 130 wait $pid && [ -s "$run/checkpoint.h5" ] && [ "$(grep -c '"step":1,' "$run/log.jsonl")" = 1 ] &&
		(validated judged) && (validated unbroken) && same_run unbroken judged
}
check "a signal while a pass is validated: the pass is kept, and the same bytes" interrupted_validation

# The columns, 2 MiB of offsets alone, are written through a map: where they do not fit, that is told before.
full_disk() {
	# shellcheck disable=SC2086
	refused 1 "No space left on device" "$bin/coverline-train" "$data" --config "$scratch/small.ini" --out "$scratch/full/run" -j 1 \
		$als --set sparse.buckets=262144 && cat "$scratch/said" && [ -s "$scratch/full/run/samples.bin" ]
}
mkdir "$scratch/full"
if mount -t tmpfs -o size=1m tmpfs "$scratch/full" 2>/dev/null; then
	trap 'umount "$scratch/full"; rm -rf "$scratch"' EXIT
	check "a full disk" full_disk
else
	skip_test "a full disk" "no tmpfs can be mounted here"
fi
done_testing
