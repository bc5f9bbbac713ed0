#!/bin/bash
# Ranks that train together on one machine: they make the steps that one makes, run after run the same bits, and what happens to one
# of them is told once and mended by the same command.
. tests/scale/lib.sh

data=$scratch/data
config=$scratch/run.ini
check "data" make_data "$data"
write_config "$config"

# ranks N TRANSPORT OUT [options]
ranks() {
	local n=$1 how=$2 out=$3
	shift 3
	mpirun $how -n "$n" "$bin/coverline-train" "$data" --config "$config" --out "$scratch/$out" -j 1 "$@"
}

check "one rank" ranks 1 "$shared_memory" one
check "no launcher" "$bin/coverline-train" "$data" --config "$config" --out "$scratch/none" -j 1
check "one rank is as without a launcher" same_run "$scratch/one" "$scratch/none"
for n in 2 4; do
	check "$n ranks, shared memory" ranks $n "$shared_memory" memory-$n
	check "$n ranks follow one" same_losses "$scratch/one" "$scratch/memory-$n" 200
	check "$n ranks, TCP" ranks $n "$tcp" tcp-$n
	check "$n ranks follow one over TCP" same_losses "$scratch/one" "$scratch/tcp-$n" 200
done
check "two ranks once more" ranks 2 "$shared_memory" again
check "two runs of two ranks are the same bits" same_run "$scratch/memory-2" "$scratch/again"

# An epoch's last step has 21 samples: nothing is left for the last of eight slices of three.
check "eight ranks" ranks 8 "$shared_memory" eight
check "eight ranks follow one" same_losses "$scratch/one" "$scratch/eight" 200

# Slices are shared out: the same parts of a step, dropout and all. Sparse Adam takes the rows that all ranks touched.
sliced="--set train.slices=4 --set train.dropout=0.2 --set train.adam=sparse --set train.clip=0.5"
check "four slices on one rank" ranks 1 "$shared_memory" sliced-1 $sliced
check "four slices on two" ranks 2 "$shared_memory" sliced-2 $sliced
check "four slices on four" ranks 4 "$tcp" sliced-4 $sliced
check "two ranks take two slices each" same_losses "$scratch/sliced-1" "$scratch/sliced-2" 200
check "four ranks take one each" same_losses "$scratch/sliced-1" "$scratch/sliced-4" 200

# Parameters that learn in turns, each from a loss of its own over the news of a slice; rows of tables among them.
cat >"$scratch/turns.ini" <<-'END'
	[model]
	name = gmmf
	[data]
	history = 20
	dev =
	[train]
	epochs = 20
	steps = 200
	batch = 24
	slices = 4
	learning_rate = 0.0003
	dropout = 0.2
	adam = sparse
	clip = 1
	checkpoint_every = 40
	[gmmf]
	visual = cover
	text = none
	attention = mean
	hidden = 8
	candidate = yes
	encoder_hidden = 8
	code_width = 8
	cgan_hidden = 8
	unseen_rate = 0.3
	cgan_epoch = 0
	cgan_rate = 0.0003
END
in_turns() { # N TRANSPORT OUT [COMMAND…]
	local n=$1 how=$2 out=$3
	shift 3
	mpirun $how -n "$n" "$@" "$bin/coverline-train" "$data" --config "$scratch/turns.ini" --out "$scratch/$out" -j 1
}
same_turns() {
	same_losses "$scratch/turns-1" "$scratch/$1" 200 && same_losses "$scratch/turns-1" "$scratch/$1" 200 loss.cgan.discriminator &&
		same_losses "$scratch/turns-1" "$scratch/$1" 200 loss.cgan.generator
}
check "covers" "$bin/coverline-extract" "$data" --kind synthetic --as cover --weights random:1
check "turns on one rank" in_turns 1 "$shared_memory" turns-1
check "turns on two" in_turns 2 "$shared_memory" turns-2
check "two ranks take the same turns" same_turns turns-2
turns_die() { ! in_turns 4 "$tcp" turns-4 env COVERLINE_FAULT=train.step:130; }
check "four ranks are killed in their turns" turns_die
check "and go on" in_turns 4 "$tcp" turns-4
check "four ranks take the same turns" same_turns turns-4

# Moments that follow what a step's slices show are those of all ranks' slices.
dice="--set model.name=din --set data.dev= --set train.epochs=20 --set train.steps=200 --set train.batch=22 --set train.slices=4
	--set train.learning_rate=0.0003"
of_dice() { mpirun $shared_memory -n "$1" "$bin/coverline-train" "$data" --out "$scratch/dice-$1" -j 1 $dice; }
check "Dice on one rank" of_dice 1
check "Dice on two" of_dice 2
check "two ranks follow one's moments" same_losses "$scratch/dice-1" "$scratch/dice-2" 200

# A recommender that learns by passes over all samples has no share for another rank.
passes() {
	local code
	mpirun $shared_memory -n 2 "$bin/coverline-train" "$data" --out "$scratch/passes" -j 1 --set model.name=fm >"$scratch/passes.log" 2>&1
	code=$?
	cat "$scratch/passes.log"
	[ "$code" = 2 ] && [ "$(grep -c 'coverline train: error: fm learns by passes' "$scratch/passes.log")" = 1 ]
}
check "passes are refused" passes

# Deaths and ends.
one_dies() {
	mpirun $shared_memory -n 1 "$bin/coverline-train" "$data" --config "$config" --out "$scratch/dies" -j 1 : \
		-n 1 env COVERLINE_FAULT=train.step:90 "$bin/coverline-train" "$data" --config "$config" --out "$scratch/dies" -j 1
}
told_once() {
	local code
	one_dies >"$scratch/dies.log" 2>&1
	code=$?
	cat "$scratch/dies.log"
	[ "$code" != 0 ] && [ "$(grep -c 'exited on signal 9' "$scratch/dies.log")" = 1 ] && ! grep -q 'coverline train: error' "$scratch/dies.log"
}
check "a rank that is killed ends the job with one message" told_once
check "the same command goes on" ranks 2 "$shared_memory" dies
check "to the same bits" same_run "$scratch/memory-2" "$scratch/dies"

all_die() {
	! mpirun $shared_memory -n 2 env COVERLINE_FAULT=train.step:130 "$bin/coverline-train" "$data" --config "$config" \
		--out "$scratch/other" -j 1
}
check "two ranks are killed" all_die
check "four go on" ranks 4 "$tcp" other
check "what two ranks began, four end" same_losses "$scratch/one" "$scratch/other" 200

# mpirun passes SIGUSR1 on: all ranks stop after the same step, with a checkpoint.
stopped() {
	local pid code step
	mpirun $shared_memory -n 2 "$bin/coverline-train" "$data" --config "$config" --out "$scratch/stopped" -j 1 \
		--set train.steps=100000 --set train.epochs=100000 >"$scratch/stopped.log" 2>&1 &
	pid=$!
	for step in $(seq 1200); do
		[ "$(grep -c loss "$scratch/stopped/log.jsonl" 2>/dev/null)" -gt 5 ] 2>/dev/null && break
		sleep 0.1
	done
	kill -USR1 $pid
	wait $pid
	code=$?
	cat "$scratch/stopped.log"
	[ "$code" = 143 ] && [ -s "$scratch/stopped/checkpoint.h5" ] && [ "$(grep -c 'stopped by SIGTERM' "$scratch/stopped.log")" = 1 ]
}
check "a signal stops all ranks with a checkpoint" stopped

# Trouble of one rank is told by rank 0, with the rank's name.
no_data_on_one() {
	mpirun $shared_memory -n 1 "$bin/coverline-train" "$data" --config "$config" --out "$scratch/strange" -j 1 : \
		-n 1 "$bin/coverline-train" "$scratch/nowhere" --config "$config" --out "$scratch/strange" -j 1 >"$scratch/strange.log" 2>&1
	local code=$?
	cat "$scratch/strange.log"
	[ "$code" = 1 ] && [ "$(grep -c 'coverline train: error: rank 1 on ' "$scratch/strange.log")" = 1 ]
}
check "a rank without data" no_data_on_one

no_config_on_one() {
	mpirun $shared_memory -n 1 "$bin/coverline-train" "$data" --config "$config" --out "$scratch/strange" -j 1 : \
		-n 1 "$bin/coverline-train" "$data" --config "$scratch/nothing.ini" --out "$scratch/strange" -j 1 >"$scratch/strange.log" 2>&1
	local code=$?
	cat "$scratch/strange.log"
	[ "$code" != 0 ] && [ "$(grep -c 'coverline train: error: rank 1 on .*nothing.ini' "$scratch/strange.log")" = 1 ]
}
check "a rank without its configuration" no_config_on_one

full_disk() {
	local code
	ranks 2 "$shared_memory" full/run >"$scratch/full.log" 2>&1
	code=$?
	cat "$scratch/full.log"
	[ "$code" = 1 ] && [ "$(grep -c 'No space left on device' "$scratch/full.log")" = 1 ] &&
		[ "$(grep -c 'coverline train: error' "$scratch/full.log")" = 1 ]
}
mkdir "$scratch/full"
if mount -t tmpfs -o size=256k tmpfs "$scratch/full" 2>/dev/null; then
	trap 'umount "$scratch/full"; rm -rf "$scratch"' EXIT
	check "a full disk on the rank that writes" full_disk
	mount -o remount,size=64m "$scratch/full"
	check "goes on once there is room" ranks 2 "$shared_memory" full/run
	check "to the same bits again" same_run "$scratch/memory-2" "$scratch/full/run"
else
	skip_test "a full disk" "no tmpfs can be mounted here"
fi

# A program without MPI says so rather than train twice into one folder.
alone() {
	local program=build/bin/coverline-train
	mpirun $shared_memory -n 2 "$program" "$data" --config "$config" --out "$scratch/alone" -j 1 2>&1 | grep -q 'built without MPI'
}
if [ -x build/bin/coverline-train ]; then
	check "a program without MPI refuses" alone
else
	skip_test "a program without MPI refuses" "build/bin/coverline-train is not built"
fi
done_testing
