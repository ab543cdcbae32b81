#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Servers from the distribution under real load: the tracer attaches, reports and detaches, and no
# client sees an error. Each server runs on a port and in a folder of its own.

# shellcheck disable=SC2154,SC2016,SC2030,SC2031 # variables of live.bash; programs for jq

load ../support/helpers.bash
load ../support/live.bash
load ../support/servers.bash

setup() {
	live_setup
}

teardown() {
	live_teardown
	stop_nginx
}

# Traces PID for some seconds; ALLOCATOR must be in the report's words, and its library's memory
# (the mappings whose line matches PATTERN) must be as before.
check_traced() {
	local pid=$1 allocator=$2 pattern=$3 clean

	clean=$(text_sum "$pid" "$pattern")
	tracer_start -p "$pid" -f json -d 5s -i 500ms --max-hits 0
	tracer_wait
	text_is "$pid" "$pattern" "$clean" || fail 'probes left in memory'
	report -c '.targets, .counts, .lost, .cost' >&2
	same 'exit status' 0 "$tracer_status"
	report -e --arg allocator "$allocator" '.targets[0].allocator | test($allocator)'
	report -e '.complete and .counts.allocs > 0 and .counts.frees > 0'
}

# The load is still running after the trace, and ends without an error message.
load_goes_on() {
	ended "$load" && fail "the load ended: $(cat "$BATS_TEST_TMPDIR"/load*)"
	sleep 1
	kill -TERM "$load"
	wait "$load" || true
	! grep -iE 'error|refused|reset|wrong|closed' "$BATS_TEST_TMPDIR"/load* >&2
}

@test "redis as packaged, with jemalloc" {
	redis_start
	check_traced "$redis" jemalloc libjemalloc
	load_goes_on
	same 'answers' PONG "$(redis-cli -p "$port" ping)"
}

@test "redis with the C library's malloc" {
	local libc

	libc=$(ldd "$(command -v redis-server)" | awk '$1 ~ /^libc\.so/ { print $3 }')
	redis_start LD_PRELOAD="$libc"
	check_traced "$redis" 'libc|glibc' '/libc[.-]'
	load_goes_on
	same 'answers' PONG "$(redis-cli -p "$port" ping)"
}

@test "nginx" {
	start_nginx
	wrk_start "$port"
	check_traced "$worker" 'libc|glibc' '/libc[.-]'
	wrk_end || fail 'clients saw errors'
	same 'same worker' "$worker" "$(pgrep -P "$nginx_pid")"
}

@test "memcached" {
	memcached_start
	check_traced "$memcached" 'libc|glibc' '/libc[.-]'
	load_goes_on
	grep -q '^requests' "$BATS_TEST_TMPDIR/load"
}

@test "node" {
	node_start
	check_traced "$node" 'libc|glibc' '/libc[.-]'
	wrk_end || fail 'clients saw errors'
	curl -s -o /dev/null "http://127.0.0.1:$port/"
}
