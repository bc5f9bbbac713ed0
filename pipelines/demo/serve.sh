#!/bin/bash
# Serves a demo world's sites with an nginx of its own, for as long as a command runs.
#
#   serve.sh WORLD -- COMMAND…
#
# {port} in COMMAND's words, and COVERLINE_DEMO_PORT in its environment, is the port on 127.0.0.1 where every host of the
# world answers. serve.sh ends with COMMAND's exit code, and nginx ends with serve.sh however that ends. Needs no root and no
# file outside of a temporary folder.
set -u

fail() {
	echo "serve.sh: $*" >&2
	exit 1
}

[ $# -ge 3 ] && [ "$2" = -- ] || { echo "usage: serve.sh WORLD -- COMMAND…" >&2; exit 2; }
[ -d "$1/site" ] || fail "$1/site is not there: write it with demo-world"
site=$(cd "$1/site" && pwd)
shift 2
nginx=$(PATH=$PATH:/usr/sbin:/usr/local/sbin command -v nginx) || fail "nginx is missing (Debian package nginx-light)"

folder=$(mktemp -d "${TMPDIR:-/tmp}/coverline-serve.XXXXXX") || exit 1
server=
child=
stop_server() {
	[ -z "$server" ] || { kill -TERM "$server" && wait "$server"; } 2>/dev/null
	server=
}
finish() {
	trap - EXIT
	trap '' INT TERM HUP
	stop_server
	rm -rf "$folder"
}
# The command hears of the signal too, and the server stays up until it has put its work away.
signalled() {
	[ -z "$child" ] || { kill -TERM "$child" && wait "$child"; } 2>/dev/null
	exit "$1"
}
# Ctrl-C has reached the command already; a second signal would cut short what it does about it.
interrupted() {
	local step
	for step in {1..100}; do
		[ -n "$child" ] && kill -0 "$child" 2>/dev/null || break
		sleep 0.1
	done
	signalled 130
}
trap finish EXIT
trap 'signalled 129' HUP
trap interrupted INT
trap 'signalled 143' TERM

# The configuration names nothing by its whole path, so that no path needs quoting: nginx runs with the temporary
# folder as its prefix, where "site" leads to the world.
ln -s "$site" "$folder/site"
mkdir "$folder/temp"
token=$$-$RANDOM$RANDOM

write_config() {
	[ "$(id -u)" != 0 ] || echo "user $(id -un) $(id -gn);"
	cat <<-END
		daemon off;
		worker_processes 1;
		pid nginx.pid;
		error_log error.log;
		events { worker_connections 512; }
		http {
			access_log access.log;
			client_body_temp_path temp/body;
			proxy_temp_path temp/proxy;
			fastcgi_temp_path temp/fastcgi;
			uwsgi_temp_path temp/uwsgi;
			scgi_temp_path temp/scgi;
			map_hash_bucket_size 256;
			map_hash_max_size 16384;
			map \$host\$uri \$moved { default ""; include site/moved.map; }
			map \$host\$uri \$found { default ""; include site/found.map; }
			map \$host\$uri \$gone { default ""; include site/gone.map; }
			types { text/html html; image/jpeg jpg; image/png png; image/gif gif; image/webp webp; text/plain txt; }
			default_type application/octet-stream;
			server_tokens off;
			server {
				listen 127.0.0.1:$1 default_server;
				location = /ready { return 200 "$token"; }
				location / { return 421; }
			}
	END
	local host
	for host in "$folder"/site/*/; do
		host=$(basename "$host")
		cat <<-END
			server {
				listen 127.0.0.1:$1;
				server_name $host;
				root site/$host;
				if (\$moved) { return 301 \$moved; }
				if (\$found) { return 302 \$found; }
				if (\$gone) { return 410; }
				location / { }
				location /latin1/ { charset iso-8859-1; }
			}
		END
	done
	echo "}"
}

# What the server on a port says when asked whether it is ours.
ask() {
	local line
	exec 3<>"/dev/tcp/127.0.0.1/$1" || return 1
	printf 'GET /ready HTTP/1.0\r\n\r\n' >&3
	while IFS= read -r -t 5 line <&3 || [ -n "$line" ]; do
		[ "$line" != "$token" ] || { exec 3>&-; return 0; }
		line=
	done
	exec 3>&-
	return 1
}

# Returns 0 once our server answers on the port.
start_server() {
	local wait_step
	write_config "$1" >"$folder/nginx.conf"
	setpriv --pdeathsig TERM "$nginx" -p "$folder/" -c nginx.conf -e error.log 2>"$folder/start.log" &
	server=$!
	for wait_step in {1..200}; do
		ask "$1" 2>/dev/null && return 0
		kill -0 "$server" 2>/dev/null || break
		sleep 0.05
	done
	stop_server
	return 1
}

for attempt in {1..20}; do
	port=$((20000 + (RANDOM * 32768 + RANDOM) % 40000))
	# Somebody else's server: try elsewhere.
	(exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && continue
	start_server "$port" && break
	grep -q 'Address already in use' "$folder/error.log" "$folder/start.log" 2>/dev/null && continue
	cat "$folder/start.log" "$folder/error.log" >&2
	fail "nginx did not start"
done
[ -n "$server" ] || fail "no free port found"

# What the shell starts beside itself ignores Ctrl-C, and hands that on, unless it is told otherwise.
(
	trap - INT QUIT
	COVERLINE_DEMO_PORT=$port exec "${@//\{port\}/$port}"
) <&0 &
child=$!
wait "$child"
code=$?
child=
exit "$code"
