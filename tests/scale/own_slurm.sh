#!/bin/bash
# A Slurm of its own for as long as a command runs: slurmctld, slurmd and munge on loopback, in a temporary folder, as root.
#   tests/scale/own_slurm.sh COMMAND…     ends with COMMAND's exit code;  tests/scale/own_slurm.sh bash is a shell with a Slurm
# Tests source it.
export PATH=$PATH:/usr/sbin

# Says what is missing, and fails, where there can be none.
own_slurm_missing() {
	local p
	for p in slurmctld slurmd sbatch munged; do
		command -v $p >/dev/null || { echo "$p is not installed"; return 1; }
	done
	[ "$(id -u)" = 0 ] || { echo "its daemons run as root here, and this is not root"; return 1; }
}

own_slurm_pids=()
# FOLDER has no spaces in its path. SLURM_CONF is exported for sbatch and the others.
own_slurm_start() {
	local folder=$1 host step port=$((20000 + (RANDOM * 32768 + RANDOM) % 20000))
	host=$(hostname -s)
	mkdir -p "$folder"/{munge,state,spool,log}
	chmod 755 "$folder" "$folder/munge"
	head -c 1024 /dev/urandom >"$folder/munge.key"
	chmod 400 "$folder/munge.key"
	munged --foreground --force --key-file="$folder/munge.key" --socket="$folder/munge/socket" --pid-file="$folder/munge.pid" \
		--seed-file="$folder/munge.seed" --log-file="$folder/log/munged" >"$folder/log/munged.err" 2>&1 &
	own_slurm_pids+=($!)
	cat >"$folder/slurm.conf" <<-END
		ClusterName=coverline
		SlurmctldHost=$host(127.0.0.1)
		SlurmctldPort=$port
		SlurmdPort=$((port + 1))
		SlurmUser=root
		SlurmdUser=root
		AuthType=auth/munge
		CredType=cred/munge
		AuthInfo=socket=$folder/munge/socket,cred_expire=20
		StateSaveLocation=$folder/state
		SlurmdSpoolDir=$folder/spool
		SlurmctldPidFile=$folder/slurmctld.pid
		SlurmdPidFile=$folder/slurmd.pid
		SlurmctldLogFile=$folder/log/slurmctld
		SlurmdLogFile=$folder/log/slurmd
		ProctrackType=proctrack/linuxproc
		TaskPlugin=task/none
		JobAcctGatherType=jobacct_gather/none
		AccountingStorageType=accounting_storage/none
		SelectType=select/cons_tres
		SelectTypeParameters=CR_Core
		SchedulerType=sched/builtin
		SchedulerParameters=batch_sched_delay=0,sched_interval=1
		SlurmdParameters=config_overrides
		ReturnToService=2
		MpiDefault=none
		KillWait=20
		MinJobAge=3600
		NodeName=$host NodeAddr=127.0.0.1 CPUs=4 RealMemory=100000 State=UNKNOWN
		PartitionName=all Nodes=$host Default=YES MaxTime=INFINITE State=UP
	END
	export SLURM_CONF=$folder/slurm.conf
	for step in $(seq 100); do
		[ -S "$folder/munge/socket" ] && break
		sleep 0.1
	done
	slurmctld -D -f "$folder/slurm.conf" >/dev/null 2>&1 &
	own_slurm_pids+=($!)
	slurmd -D -f "$folder/slurm.conf" -N "$host" >/dev/null 2>&1 &
	own_slurm_pids+=($!)
	for step in $(seq 300); do
		sinfo -h -o %T 2>/dev/null | grep -q '^idle$' && return 0
		sleep 0.1
	done
	tail -n 5 "$folder"/log/*
	return 1
}
own_slurm_stop() {
	local step
	if [ -e "$1/slurm.conf" ]; then
		scancel --quiet --user=root --state=PENDING 2>/dev/null
		scancel --quiet --user=root --signal=KILL --full 2>/dev/null
		# What still ends writes into the folder.
		for step in $(seq 100); do
			[ -n "$(squeue -h 2>/dev/null)" ] || break
			sleep 0.1
		done
	fi
	[ "${#own_slurm_pids[@]}" = 0 ] || { kill "${own_slurm_pids[@]}" && wait "${own_slurm_pids[@]}"; } 2>/dev/null
	own_slurm_pids=()
}

if [ "$0" = "${BASH_SOURCE[0]}" ]; then
	[ $# -gt 0 ] || { echo "usage: own_slurm.sh COMMAND…" >&2; exit 2; }
	why=$(own_slurm_missing) || { echo "own_slurm.sh: $why" >&2; exit 1; }
	folder=$(mktemp -d "${TMPDIR:-/tmp}/coverline-slurm.XXXXXX") || exit 1
	trap 'own_slurm_stop "$folder"; rm -rf "$folder"' EXIT
	trap 'exit 143' TERM
	trap 'exit 130' INT
	own_slurm_start "$folder" >&2 || exit 1
	"$@"
fi
