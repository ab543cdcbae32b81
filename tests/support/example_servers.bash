# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # variables for the tests, of helpers.bash and of bats
# After helpers.bash and examples.bash. The example servers that are there in C and in TypeScript, and one way to
# start either.
#
#	each LANGUAGE CHECK		calls CHECK NAME for every server, in "c" or "ts", with $language set
#	start_example NAME [OPTION...]	the one of $language
#	redis_begin, redis_kill		a Redis of our own on $redis_port; the same port when it begins again

# FOLDER/NAME, and what is asked of it: each of these is answered 200.
example_routes() {
	case $1 in
	memory/leak-*) echo /global /listener /closure /timer '/cache?key=a' /clean ;;
	memory/memory-usage) echo '/hold?kind=heap&mb=1' '/hold?kind=buffer&mb=2' '/hold?kind=mapped&mb=3' '/release?kind=heap' /usage ;;
	memory/memory-monitor) echo '/grow?mb=1' /samples ;;
	benchmark/benchmark-server) echo /text /json '/compute?us=100' ;;
	optimization/caching-example) echo '/slow?id=7' '/fast?id=7' ;;
	optimization/connection-pool) echo /slow/http /fast/http ;;
	optimization/*) echo /slow /fast ;;
	esac
}

EXAMPLE_SERVERS=(memory/leak-example memory/leak-fixed memory/memory-usage memory/memory-monitor
	benchmark/benchmark-server optimization/stream-processing optimization/caching-example
	optimization/fast-json optimization/connection-pool optimization/object-reuse)

# Those that count calls by route in their truth.
MEASURED_SERVERS=(benchmark/benchmark-server optimization/stream-processing optimization/caching-example
	optimization/fast-json optimization/connection-pool optimization/object-reuse)

# The servers of $1 in TypeScript are there when they were compiled.
use_language() {
	language=$1
	[ "$language" = c ] || [ -f "$(built examples/benchmark/benchmark-server.js)" ] || skip 'needs make examples-ts'
	[ "$language" = c ] || need_command node
}

# each LANGUAGE CHECK [SERVER...]: all servers unless some are named; a failure says which one.
each() {
	local check=$2 server
	use_language "$1"
	shift 2
	[ $# -gt 0 ] || set -- "${EXAMPLE_SERVERS[@]}"
	for server; do
		"$check" "$server" || fail "$check: $server ($language)"
		stop_server
	done
}

# example_command NAME: sets $command, to run it by hand.
example_command() {
	command=("$(built "examples/$1")")
	[ "$language" = c ] || command=(node "$(built "examples/$1.js")")
}

start_example() {
	local name=$1
	shift
	if [ "$language" = c ]; then
		RUN_AS=()
		start_server "$name" "$@"
	else
		start_node_server "$name.js" "$@"
	fi
}

# --- Redis --------------------------------------------------------------------------------------

redis_begin() {
	need_command redis-server redis-cli
	[ -n "${redis_port:-}" ] || redis_port=$(free_port)
	mkdir -p "$BATS_TEST_TMPDIR/redis"
	start redis-server --port "$redis_port" --bind 127.0.0.1 --save '' --appendonly no --dir "$BATS_TEST_TMPDIR/redis"
	redis=$target
	wait_for 20 redis-cli -p "$redis_port" ping
}

redis_kill() {
	kill -KILL "$redis"
	wait "$redis" 2>/dev/null || true
}

# --- states -------------------------------------------------------------------------------------

breaker_is() {
	truth_has "doc['cache']['breaker'] == '$1'"
}

ready_is() {
	[ "$(http_status /ready)" = "$1" ]
}
