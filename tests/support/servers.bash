# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # variables for the tests, and of live.bash
# After live.bash. Servers from the distribution, each on a port and in a folder of its own, under load ($load, the
# load's process). nginx is in live.bash.
#
#	redis_start [ENVIRONMENT...]	$redis and $port
#	redis_alone [ENVIRONMENT...]	the same without a load
#	memcached_alone			$memcached and $port, without a load; a value may have 128 MiB
#	memcached_start			the same with one
#	haproxy_alone LINE...		$haproxy and $port, without a load; LINE: of its configuration, the last in a frontend
#	node_start			$node and $port; the load is wrk_start's

redis_alone() {
	need_command redis-server redis-cli
	port=$(free_port)
	background "$BATS_TEST_TMPDIR/redis" env "$@" redis-server --port "$port" --enable-debug-command local \
		--bind 127.0.0.1 --save '' --appendonly no --dir "$BATS_TEST_TMPDIR"
	redis=$job
	wait_for 10 redis-cli -p "$port" ping
}

redis_start() {
	need_command redis-benchmark
	redis_alone "$@"
	background "$BATS_TEST_TMPDIR/load" redis-benchmark -p "$port" -t set,get,lpush,hset \
		-n 100000 -c 20 -r 100000 -q -l
	load=$job
	wait_for 60 redis_is_busy
}

# So many commands have been served that the clients are all there.
redis_is_busy() {
	local served
	served=$(redis-cli -p "$port" info stats | tr -d '\r' | sed -n 's/^total_commands_processed://p')
	((served > 1000))
}

memcached_alone() {
	need_command memcached
	port=$(free_port)
	background "$BATS_TEST_TMPDIR/memcached" memcached -u root -l 127.0.0.1 -p "$port" -t 2 -m 1024 -I 128m
	memcached=$job
	wait_for 10 bash -c "exec 4<>/dev/tcp/127.0.0.1/$port"
}

memcached_start() {
	memcached_alone
	background "$BATS_TEST_TMPDIR/load" python3 "$SUPPORT_DIR/memcached_load.py" "$port"
	load=$job
	sleep 1
}

node_start() {
	need_command node wrk
	port=$(free_port)
	background "$BATS_TEST_TMPDIR/node" node -e '
		const zlib = require("zlib");
		require("http").createServer((request, response) => {
			response.end(zlib.deflateSync(Buffer.alloc(2000, request.url)));
		}).listen(Number(process.argv[1]), "127.0.0.1");' "$port"
	node=$job
	wait_for 10 curl -s -o /dev/null "http://127.0.0.1:$port/"
	wrk_start "$port"
	sleep 1
}

haproxy_alone() {
	need_command haproxy
	port=$(free_port)
	printf '%s\n' "$@" "	bind 127.0.0.1:$port" >"$BATS_TEST_TMPDIR/haproxy.cfg"
	background "$BATS_TEST_TMPDIR/haproxy" haproxy -db -f "$BATS_TEST_TMPDIR/haproxy.cfg"
	haproxy=$job
	wait_for 10 curl -s -o /dev/null "http://127.0.0.1:$port/"
}
