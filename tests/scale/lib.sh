# Helpers of the tests of clusters, beside those of tests/stage/lib.sh; source it instead of that. The programs are built with
# MPI=1.
. tests/stage/lib.sh

# Ranks of one machine, more than it has processors; as root too, as in a container.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_hwloc_base_binding_policy=none OMPI_MCA_mpi_yield_when_idle=1
export OMPI_MCA_pml=ob1 OMPI_MCA_btl_base_warn_component_unused=0 OMPI_MCA_plm_rsh_no_tree_spawn=1
export OMP_NUM_THREADS=1
shared_memory="--mca btl self,vader"
tcp="--mca btl self,tcp --mca btl_tcp_if_include lo --mca oob_tcp_if_include lo"

# The same small world and run for all.
make_data() {
	"$bin/coverline-synth" --like mind-large --scale 0.01 --seed 3 --out "$1" || return 1
	# A tenth of the impressions is enough.
	local split
	for split in train dev; do
		head -n 1500 "$1/behaviors/$split.tsv" >"$1/behaviors/$split.part" && mv "$1/behaviors/$split.part" "$1/behaviors/$split.tsv"
	done
}
write_config() {
	cat >"$1" <<-'END'
		[model]
		name = nrms
		[data]
		word_width = 16
		history = 20
		[train]
		epochs = 20
		steps = 200
		batch = 24
		learning_rate = 0.003
		dropout = 0
		validate_every = 100
		checkpoint_every = 40
		[nrms]
		heads = 2
		head_width = 8
		query_width = 8
	END
}

# The losses of two logs differ by less than 1e-5 at every step, and there are as many as asked for; or numbers of another NAME.
same_losses() { # RUN RUN COUNT [NAME]
	local a=$1/log.jsonl b=$2/log.jsonl name=${4:-loss}
	paste <(grep -o "\"$name\":[^,}]*" "$a" | cut -d: -f2) <(grep -o "\"$name\":[^,}]*" "$b" | cut -d: -f2) |
		awk -v wanted="$3" '{ d = $1 - $2; if (d < 0) d = -d; if (NF != 2 || d >= 1e-5) { print "step " NR ": " $0; bad = 1 } }
			END { if (NR != wanted) print NR " steps, expected " wanted; exit bad || NR != wanted }'
}
same_run() {
	local f
	for f in best.h5 checkpoint.h5 log.jsonl; do
		cmp "$1/$f" "$2/$f" || return 1
	done
}
