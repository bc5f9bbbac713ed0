# A real nginx for a shell test; source it after lib.sh. It ends with the test.
#
#   nginx_start <<END   starts one whose "http" block has these lines besides; PORT in them stands for the port found
#   nginx_answers       succeeds while it does
#
# $port: where it listens on 127.0.0.1. Paths in its configuration are relative to $scratch; its log is $scratch/access.log.

nginx=$(PATH=$PATH:/usr/sbin:/usr/local/sbin command -v nginx)
nginx_pid=
port=
trap 'nginx_stop; rm -rf "$scratch"' EXIT

nginx_stop() {
	[ -z "$nginx_pid" ] || { kill "$nginx_pid" && wait "$nginx_pid"; } 2>/dev/null
	nginx_pid=
}

port_taken() {
	(exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

nginx_answers() {
	kill -0 "$nginx_pid" 2>/dev/null && port_taken "$port"
}

nginx_config() {
	[ "$(id -u)" != 0 ] || echo "user $(id -un) $(id -gn);"
	cat <<-END
		daemon off;
		worker_processes 1;
		pid nginx.pid;
		error_log error.log;
		events { worker_connections 256; }
		http {
			access_log access.log;
			client_body_temp_path temp/body;
			proxy_temp_path temp/proxy;
			fastcgi_temp_path temp/fastcgi;
			uwsgi_temp_path temp/uwsgi;
			scgi_temp_path temp/scgi;
			default_type application/octet-stream;
			${1//PORT/$port}
		}
	END
}

nginx_start() {
	local attempt wait_step lines
	lines=$(cat)
	mkdir -p "$scratch/temp"
	for attempt in {1..20}; do
		port=$((20000 + RANDOM))
		port_taken "$port" && continue
		nginx_config "$lines" >"$scratch/nginx.conf"
		"$nginx" -p "$scratch/" -c nginx.conf -e error.log 2>"$scratch/start.log" &
		nginx_pid=$!
		for wait_step in {1..100}; do
			nginx_answers && return
			kill -0 "$nginx_pid" 2>/dev/null || break
			sleep 0.05
		done
		nginx_stop
	done
	cat "$scratch/start.log" >&2
	return 1
}
