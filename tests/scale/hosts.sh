#!/bin/bash
# Ranks on three hosts: network namespaces with addresses and names of their own, joined by a switch. They make the steps that one
# rank makes; one whose cable is pulled in the middle of a step ends the job with one message, and the same command goes on.
. tests/scale/lib.sh

prefix=cl$$
hosts="1 2 3"
net=10.213.77
# Open MPI takes no paths with spaces here.
plain=$(mktemp -d "${TMPDIR:-/tmp}/coverline-hosts.XXXXXX")
take_away() {
	local h p
	for h in 0 $hosts; do
		for p in $(ip netns pids "$prefix-$h" 2>/dev/null); do kill -9 "$p" 2>/dev/null; done
		ip netns del "$prefix-$h" 2>/dev/null
	done
	rm -rf "$scratch" "$plain"
}
trap take_away EXIT
set_up() {
	local h
	ip netns add "$prefix-0" && ip -n "$prefix-0" link add switch type bridge && ip -n "$prefix-0" link set switch up || return 1
	for h in $hosts; do
		ip netns add "$prefix-$h" && ip -n "$prefix-$h" link set lo up &&
			ip -n "$prefix-$h" link add cable type veth peer name "port$h" netns "$prefix-0" &&
			ip -n "$prefix-0" link set "port$h" master switch up &&
			ip -n "$prefix-$h" addr add "$net.$h/24" dev cable && ip -n "$prefix-$h" link set cable up || return 1
		mkdir -p "$plain/host$h"
	done
}
if ! command -v ip >/dev/null || ! set_up 2>"$scratch/why"; then
	skip_test "ranks on three hosts" "network namespaces cannot be made here: $(head -n 1 "$scratch/why" 2>/dev/null)"
	done_testing
	exit
fi

# What mpirun calls in place of ssh: HOST COMMAND…
cat >"$plain/agent" <<END
#!/bin/bash
h=\${1##*.}
shift
exec ip netns exec $prefix-\$h unshare -u sh -c "hostname host\$h; TMPDIR=$plain/host\$h exec \$*"
END
chmod +x "$plain/agent"
# mpirun looks this often whether its hosts are there; its own five minutes are long for a test.
export OMPI_MCA_oob_tcp_keepalive_time=2 OMPI_MCA_oob_tcp_keepalive_intvl=1 OMPI_MCA_oob_tcp_keepalive_probes=2
# on_hosts OUT [options]: one rank a host, mpirun on the first.
on_hosts() {
	local out=$1
	shift
	TMPDIR=$plain/host1 ip netns exec "$prefix-1" unshare -u sh -c 'hostname host1; exec "$@"' sh \
		mpirun --host $net.1,$net.2,$net.3 -n 3 --mca plm rsh --mca plm_rsh_agent "$plain/agent" --mca btl self,tcp \
		--mca btl_tcp_if_include $net.0/24 --mca oob_tcp_if_include $net.0/24 \
		"$bin/coverline-train" "$data" --config "$config" --out "$scratch/$out" -j 1 "$@"
}

data=$scratch/data
config=$scratch/run.ini
check "data" make_data "$data"
write_config "$config"
check "one rank" "$bin/coverline-train" "$data" --config "$config" --out "$scratch/one" -j 1
check "three hosts" on_hosts three
check "three hosts follow one rank" same_losses "$scratch/one" "$scratch/three" 200

# on_hosts OUT [options]: without an end, and without validations, for which the others would wait.
endless() { on_hosts "$@" --set data.dev= --set train.epochs=100000 --set train.steps=100000; }
steps_done() { grep -c loss "$scratch/pulled/log.jsonl" 2>/dev/null || true; }

# The third host's cable is pulled once some steps are done: mpirun finds that it is gone, or else the ranks that wait for it do.
pulled() {
	local step pid code
	endless pulled --rank-timeout 40 >"$scratch/pulled.log" 2>&1 &
	pid=$!
	for step in $(seq 1200); do
		[ "$(steps_done)" -gt 5 ] 2>/dev/null && break
		sleep 0.1
	done
	ip -n "$prefix-0" link set port3 down
	for step in $(seq 600); do
		kill -0 $pid 2>/dev/null || break
		sleep 0.1
	done
	if kill -0 $pid 2>/dev/null; then
		echo "the job goes on without its third host"
		kill -9 $pid
	fi
	wait $pid
	code=$?
	cat "$scratch/pulled.log"
	[ "$code" != 0 ] && [ "$code" != 137 ] && [ "$(grep -cE 'has waited|lost communication with a remote daemon' "$scratch/pulled.log")" = 1 ]
}
check "a host that is cut off ends the job with one message" pulled

# A port that nobody listens on is refused by a host that is there. mpirun would wait for a daemon that could not reach it.
plugged() {
	local step
	ip -n "$prefix-0" link set port3 up
	for p in $(ip netns pids "$prefix-3"); do kill -9 "$p" 2>/dev/null; done
	for step in $(seq 200); do
		ip netns exec "$prefix-3" timeout 1 bash -c "exec 3<>/dev/tcp/$net.1/9" 2>&1 | grep -q 'Connection refused' && return 0
		sleep 0.1
	done
	ip -n "$prefix-3" neigh
	return 1
}
check "its cable is plugged in again" plugged
goes_on() {
	local done pid step child
	done=$(steps_done)
	endless pulled --rank-timeout 600 &
	pid=$!
	for step in $(seq 2400); do
		[ "$(steps_done)" -gt $((done + 5)) ] 2>/dev/null && break
		kill -0 $pid 2>/dev/null || break
		sleep 0.1
	done
	read -r child _ <"/proc/$pid/task/$pid/children"
	kill -USR1 "${child:-$pid}"
	wait $pid
	[ "$(steps_done)" -gt $((done + 5)) ]
}
check "once it is back the same command goes on" goes_on
done_testing
