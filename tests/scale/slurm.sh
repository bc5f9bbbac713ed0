#!/bin/bash
# A real Slurm on loopback, of our own and in a folder of our own, runs the demo's chain on a corner of its world as make slurm submits
# it, from the crawl to the report, with one job put back into the queue on the way, and makes the table that make demo makes. Then a
# training on two ranks, put back as well. WORLD=whole takes the whole world, KEEP=folder keeps both tables.
. tests/scale/lib.sh

. tests/scale/own_slurm.sh
own_slurm_missing >"$scratch/missing" || { skip_test "the chain on Slurm" "$(cat "$scratch/missing")"; done_testing; exit; }
command -v nginx >/dev/null || { skip_test "the chain on Slurm" "nginx is not installed"; done_testing; exit; }

# Paths that Slurm's configuration names have no spaces.
folder=$(mktemp -d "${TMPDIR:-/tmp}/coverline-slurm.XXXXXX")
pids=()
stop_all() {
	trap - EXIT
	own_slurm_stop "$folder"
	[ "${#pids[@]}" = 0 ] || { kill "${pids[@]}" && wait "${pids[@]}"; } 2>/dev/null
	rm -rf "$folder" "$scratch"
}
trap stop_all EXIT
trap 'exit 143' TERM
trap 'exit 130' INT

# Not inside check, whose output would not end before the daemons do.
if ! own_slurm_start "$folder" >"$scratch/started" 2>&1; then
	cat "$scratch/started" >&2
	skip_test "the chain on Slurm" "its daemons do not start here: $(tail -n 1 "$scratch/started")"
	done_testing
	exit
fi

# make demo's folder, of which the chain takes the world.
demo=$folder/demo/seed-1
world=$demo/world data=$folder/data
serve() {
	pipelines/demo/serve.sh "$world" -- bash -c 'echo "$COVERLINE_DEMO_PORT" >'"$folder"'/port.part; mv '"$folder"'/port.part '"$folder"'/port
		while [ -e '"$folder"'/port ]; do sleep 0.2; done' >/dev/null 2>&1 &
	pids+=($!)
	local step
	for step in $(seq 600); do
		[ -s "$folder/port" ] && return 0
		sleep 0.1
	done
	return 1
}
# What was shown and read of the corner's news, as far as something was clicked and something was not; so many times, as trainings are to
# last a while.
cut_corner() {
	local split=$1 times=$2 mind=$world/mind
	awk -F '\t' -v OFS='\t' -v times="$times" '
		function known(list, bare,   n, i, out, id) {
			n = split(list, word, " ")
			for (i = 1; i <= n; i++) {
				id = word[i]
				if (!bare) sub(/-[01]$/, "", id)
				if (id in news) out = out (out == "" ? "" : " ") word[i]
			}
			return out
		}
		FNR == NR { news[$1]; next }
		{ $4 = known($4, 1); $5 = known($5, 0) }
		$5 ~ /-1/ && $5 ~ /-0/ { for (i = 0; i < times; i++) { $1 = ++n; print } }' "$world/corner.tsv" "$mind/$split/behaviors.tsv" >"$mind/$split/part" &&
		mv "$mind/$split/part" "$mind/$split/behaviors.tsv"
}
make_world() {
	local split
	"$bin/demo-world" --seed 1 --out "$world" || return 1
	if [ "${WORLD:-}" != whole ]; then
		# Stories of the dev split are new.
		awk -F '\t' 'FNR == NR { old[$1]; if (FNR <= 50) print; next } !($1 in old) && n++ < 30' "$world"/mind/{train,dev}/news.tsv \
			>"$world/corner.tsv"
		cut_corner train 4 && cut_corner dev 1 || return 1
		for split in train dev; do
			cp "$world/corner.tsv" "$world/mind/$split/news.tsv"
		done
		wc -l "$world"/mind/*/*.tsv
	fi
	touch "$world/world.json"
	"$bin/coverline" catalog --mind "$world/mind/train" "$world/mind/dev" --out "$data"
}
check "the demo's world" make_world
serve && code=0 || code=1
check "its sites" [ $code = 0 ]

# The runs of make demo by its own settings.
part_rows=40
[ "${WORLD:-}" != whole ] || part_rows=200
chain() {
	make MPI=1 BUILD="${BUILD:-build-mpi}" "$1" DATA="$data" RUN="$folder/runs" COVERLINE="$bin/coverline" CPUS=1 CRAWL_JOBS=3 \
		CRAWL="--allow-private --connect-to 127.0.0.1:$(cat "$folder/port")" RENDER="--part-rows $part_rows" PART_ROWS=$part_rows \
		EXTRACT="--kind impression --network resnet101 --weights random:1 --part-rows $part_rows" \
		RUNS="nrms=pipelines/configs/demo-nrms.ini nrms-im=pipelines/configs/demo-nrms-im.ini
			nrms-im-shuffled=pipelines/configs/demo-nrms-im.ini+data.shuffle_pictures=7" SBATCH="--mem=100"
}
planned() {
	chain slurm-plan >"$folder/plan" || return 1
	cat "$folder/plan"
	[ "$(grep -c ' - ' "$folder/plan")" = 14 ] && grep -q '^crawl  *- *3 *-$' "$folder/plan" &&
		grep -q '^extract  *- *[23] *render-unite$' "$folder/plan" &&
		grep -q '^evaluate .*score-nrms:score-nrms-im:score-nrms-im-shuffled$' "$folder/plan" && [ ! -e "$folder/runs" ]
}
check "slurm-plan prints the jobs and submits none" planned
check "slurm submits them" chain slurm
[ "$tap_failed" = 0 ] || { done_testing; exit 1; }

jobs=$folder/runs/jobs.tsv
job_id() { awk -v name="$1" '$1 == name { print $2 }' "$jobs"; }
state_of() { scontrol -o show job "$(job_id "$1")" | head -n 1 | sed 's/.* JobState=\([A-Z]*\).*/\1/'; }
# What waits for a job that failed never comes to an end.
waits_in_vain() { squeue -h -o %r | grep -q DependencyNeverSatisfied; }
# Of those that did not end well, the last lines.
failed_jobs() {
	local name
	cut -f1 "$jobs" | while read -r name; do
		[ "$(state_of "$name")" = COMPLETED ] || { echo "$name: $(state_of "$name")"; tail -n 5 "${jobs%/*}/logs/$name"-*; }
	done
}
# A training is put back into the queue while it is at work: it leaves a checkpoint, and goes on from there.
requeued() { # JOB RUN
	local step log=$2/log.jsonl
	for step in $(seq 4000); do
		[ "$(grep -c loss "$log" 2>/dev/null || true)" -ge 5 ] 2>/dev/null && break
		case $(state_of "$1") in FAILED | CANCELLED | COMPLETED) break ;; esac
		! waits_in_vain || { failed_jobs; return 1; }
		sleep 0.1
	done
	scontrol requeue "$(job_id "$1")" || return 1
	for step in $(seq 600); do
		[ -s "$2/checkpoint.h5" ] && break
		sleep 0.1
	done
	[ -s "$2/checkpoint.h5" ]
}
check "a training is put back into the queue while it runs" requeued train-nrms-im "$folder/runs/nrms-im"
[ "$tap_failed" = 0 ] || { done_testing; exit 1; }

# What make demo makes of the same world, meanwhile.
make_demo() { make MPI=1 BUILD="${BUILD:-build-mpi}" -j2 DEMO="$folder/demo" demo-evaluate; }
check "make demo" make_demo

ends() {
	local step left
	for step in $(seq 3000); do
		left=$(squeue -h -o '%i %t' | wc -l)
		[ "$left" = 0 ] || waits_in_vain && break
		sleep 0.2
	done
	failed_jobs 2>&1 | tee "$folder/failed"
	[ ! -s "$folder/failed" ]
}
check "every job of the chain ends well" ends
# Started twice, and began once.
restarted() { # JOB
	local log
	log=${jobs%/*}/logs/$1-$(job_id "$1").log
	cat "$log"
	scontrol -o show job "$(job_id "$1")" | grep -o 'Restarts=[0-9]*' | tee /dev/stderr | grep -q '=1$' &&
		[ "$(grep -c 'JOB REQUEUE' "$log")" = 1 ] && [ "$(grep -c ' parameters, ' "$log")" = 2 ] &&
		[ "$(grep -c ': epoch 1: ' "$log")" = 1 ]
}
check "the one that was put back left a checkpoint and went on" restarted train-nrms-im
wrote() {
	ls "$folder/runs/report" "$data/features"
	[ -s "$folder/runs/report/index.html" ] && [ -s "$data/features/impression.h5" ]
}
check "features and report are there" wrote

same_table() {
	cat "$folder/runs/evaluation.txt"
	[ "$(sed -n 2,4p "$folder/runs/evaluation.txt" | cut -d " " -f 1 | tr "\n" " ")" = "nrms nrms-im nrms-im-shuffled " ] &&
		cmp "$folder/runs/evaluation.txt" "$demo/evaluation.txt"
}
same_files() {
	local f
	diff -r "$data/images" "$demo/data/images" && cmp "$data/covers.tsv" "$demo/data/covers.tsv" || return 1
	for f in nrms nrms-im nrms-im-shuffled; do
		cmp "$folder/runs/$f/log.jsonl" "$demo/runs/$f/log.jsonl" &&
			cmp "$folder/runs/$f/prediction.txt" "$demo/runs/$f/prediction.txt" || return 1
	done
}
check "make slurm and make demo make the same table" same_table
check "of the same covers, losses and rankings" same_files
if [ -n "${KEEP:-}" ]; then
	mkdir -p "$KEEP" && cp "$folder/runs/evaluation.txt" "$KEEP/slurm.txt" && cp "$demo/evaluation.txt" "$KEEP/demo.txt"
fi

# At a rate at which rounding does not grow.
gently="--set train.slices=2 --set train.learning_rate=0.0003"
# Two ranks of a job, of which Slurm's signals reach mpirun.
jobs=$folder/ranks/jobs.tsv
on_ranks() {
	make MPI=1 BUILD="${BUILD:-build-mpi}" slurm DATA="$data" RUN="$folder/ranks" COVERLINE="$bin/coverline" RANKS=2 CPUS=1 \
		CRAWL=none RENDER=none EXTRACT=none RUNS=nrms=pipelines/configs/demo-nrms.ini TRAIN="$gently" SBATCH="--mem=100"
}
check "a chain of two ranks" on_ranks
check "its training is put back" requeued train-nrms "$folder/ranks/nrms"
check "and ends well" ends
check "from where it was" restarted train-nrms
follows() {
	"$bin/coverline" train "$data" --config pipelines/configs/demo-nrms.ini --out "$folder/alone" -j 1 $gently &&
		same_losses "$folder/alone" "$folder/ranks/nrms" "$(grep -c loss "$folder/alone/log.jsonl")"
}
check "with the losses of one rank" follows
rm -f "$folder/port"
done_testing
