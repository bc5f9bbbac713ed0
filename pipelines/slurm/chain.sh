#!/bin/bash
# The whole chain as Slurm jobs, each after what it needs: crawl, render and extract as arrays sized from the catalogue, then a
# training, a scoring for each run, the table and the report. One line a job.
#
#   chain.sh plan      only prints            (make slurm-plan DATA=folder RUN=folder)
#   chain.sh submit    submits, and keeps names and ids in RUN/jobs.tsv            (make slurm DATA=folder RUN=folder)
#
# From the environment:
#   DATA, RUN       the data folder, which holds catalog.tsv, and the folder for runs, table and report: seen by all nodes
#   COVERLINE       the program; build/bin/coverline, or build-mpi/bin/coverline with RANKS
#   RUNS            NAME=CONFIG[+key=value…] of each run; of mind-small's configurations unless given
#   CRAWL, RENDER   more options of these stages, "--contact you@example.org" among the crawl's;  CRAWL=none, RENDER=none: that part of DATA is there
#   EXTRACT         options of extract, --kind and --weights among them; none: no features are needed
#   TRAIN           more options of train
#   RANKS           processes that train a run together (1);  CPUS   threads of each job's process, where not the template's
#   PART_ROWS       news of a part, if RENDER and EXTRACT change it (4096)
#   JOBS_MAX        tasks of an array, at most (64);  CRAWL_JOBS   hosts of the web are dealt out to so many (4)
#   SBATCH          more options of sbatch for all: "--partition=long --account=news"
# A job that fails leaves those after it waiting; mend what it says, and submit again: what is done is done.
set -eu -o pipefail
here=$(cd "$(dirname "$0")" && pwd)
action=${1:-}
case $action in plan | submit) ;; *) echo "usage: chain.sh plan|submit" >&2; exit 2 ;; esac
[ -n "${DATA:-}" ] && [ -n "${RUN:-}" ] || { echo "usage: make slurm DATA=folder RUN=folder [options; see pipelines/slurm/chain.sh]" >&2; exit 2; }
[ -s "$DATA/catalog.tsv" ] || { echo "chain.sh: $DATA/catalog.tsv is not there: make it with coverline catalog" >&2; exit 1; }
[ "$action" = plan ] || command -v sbatch >/dev/null || { echo "chain.sh: sbatch is not here" >&2; exit 1; }

data=$(realpath "$DATA") run=$(realpath -m "$RUN")
ranks=${RANKS:-1} jobs_max=${JOBS_MAX:-64}
bin=build/bin
[ "$ranks" = 1 ] || bin=build-mpi/bin
coverline=${COVERLINE:-$(realpath -m "$here/../../$bin")/coverline}
configs=$(realpath "$here/../configs")
part_rows=${PART_ROWS:-4096}
# What is given is split at spaces; the defaults name files whose paths may have some.
runs=("nrms=$configs/mind-small-nrms.ini" "nrms-im=$configs/mind-small-nrms-im.ini")
[ -z "${RUNS:-}" ] || read -r -d '' -a runs <<<"$RUNS" || true
extract=(--kind impression --weights "$data/weights/resnet101.pth")
if [ -n "${EXTRACT:-}" ]; then
	read -r -a extract <<<"$EXTRACT"
elif [ "$action" = submit ] && [ ! -s "$data/weights/resnet101.pth" ]; then
	echo "chain.sh: $data/weights/resnet101.pth is not there: coverline fetch resnet101 --to $data/weights, or say EXTRACT=…" >&2
	exit 1
fi
read -r -a crawl <<<"${CRAWL:-}"
read -r -a render <<<"${RENDER:-}"
read -r -a train <<<"${TRAIN:-}"
read -r -a more <<<"${SBATCH:-}"

rows=$(wc -l <"$data/catalog.tsv")
# A task a part, but no more than there may be; hosts of the web as the addresses name them.
parts=$(((rows + part_rows - 1) / part_rows))
tasks=$((parts < jobs_max ? parts : jobs_max))
hosts=$(cut -f6 "$data/catalog.tsv" | sed -n 's|^[a-z]*://\([^/]*\).*|\1|p' | sort -u | wc -l)
crawlers=${CRAWL_JOBS:-4}
crawlers=$((hosts < crawlers ? hosts : crawlers))
crawlers=$((crawlers < 1 ? 1 : crawlers))

jobs=$run/jobs.tsv
[ "$action" = plan ] || { mkdir -p "$run/logs"; : >"$jobs.part"; }
printf '%-22s %-10s %-8s %s\n' job id tasks after
# job NAME TASKS AFTER TEMPLATE [sbatch options] -- ARGUMENTS…: its id is in $id. AFTER: ids with colons between.
job() {
	local name=$1 count=$2 after=$3 template=$4 options=()
	shift 4
	while [ "$1" != -- ]; do options+=("$1"); shift; done
	shift
	[ "$count" = 1 ] || options+=("--array=0-$((count - 1))")
	[ -z "${CPUS:-}" ] || options+=("--cpus-per-task=$CPUS")
	[ -z "$after" ] || options+=("--dependency=afterok:$after" --kill-on-invalid-dep=no)
	if [ "$action" = plan ]; then
		id=$name
	else
		id=$(sbatch --parsable --job-name="$name" --output="$run/logs/$name-%j.log" "${options[@]}" "${more[@]}" \
			"$here/$template.sbatch" "$@")
		id=${id%%;*}
		printf '%s\t%s\n' "$name" "$id" >>"$jobs.part"
	fi
	printf '%-22s %-10s %-8s %s\n' "$name" "$([ "$action" = plan ] && echo - || echo "$id")" "$count" "${after:--}"
}

last=
if [ "${crawl[*]:-}" != none ]; then
	job crawl "$crawlers" "" crawl -- "$coverline" "$data" "${crawl[@]}"
	last=$id
	[ "$crawlers" = 1 ] || { job crawl-merge 1 "$last" crawl -- "$coverline" "$data" --merge "${crawl[@]}"; last=$id; }
fi
if [ "${render[*]:-}" != none ]; then
	job render "$tasks" "$last" render -- "$coverline" "$data" "${render[@]}"
	last=$id
	[ "$tasks" = 1 ] || { job render-unite 1 "$last" render -- "$coverline" "$data" "${render[@]}"; last=$id; }
fi
if [ "${extract[*]}" != none ]; then
	job extract "$tasks" "$last" extract -- "$coverline" "$data" "${extract[@]}"
	last=$id
	[ "$tasks" = 1 ] || { job extract-unite 1 "$last" extract -- "$coverline" "$data" "${extract[@]}"; last=$id; }
fi
features=$last scored= predictions=() folders=()
for r in "${runs[@]}"; do
	name=${r%%=*} rest=${r#*=} options=()
	config=${rest%%+*}
	while [ "$rest" != "${rest#*+}" ]; do
		rest=${rest#*+}
		options+=(--set "${rest%%+*}")
	done
	[ -s "$config" ] || { echo "chain.sh: $config is not there" >&2; exit 1; }
	job "train-$name" 1 "$features" train --ntasks="$ranks" -- "$coverline" "$data" "$run/$name" --config "$(realpath "$config")" \
		"${options[@]}" "${train[@]}"
	job "score-$name" 1 "$id" score -- "$coverline" "$data" "$run/$name" "$data/behaviors/dev.tsv"
	scored=$scored${scored:+:}$id
	predictions+=("$run/$name/prediction.txt")
	folders+=("$run/$name")
done
job evaluate 1 "$scored" evaluate -- "$coverline" "$data/behaviors/dev.tsv" "$run/evaluation.txt" "${predictions[@]}"
job report 1 "$id" report -- "$coverline" "$data" "$run/report" "${folders[@]}"
if [ "$action" = submit ]; then
	mv "$jobs.part" "$jobs"
	echo "ids are in $jobs, logs in $run/logs; the table will be $run/evaluation.txt"
fi
