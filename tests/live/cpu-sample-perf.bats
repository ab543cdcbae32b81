#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# cpu-sample and perf record --call-graph dwarf, at the same time on the same process: shares of functions within 3 points
# of each other, stacks at least as often whole (tests/support/beside_perf.py tells how, and what chance may do to it).

# shellcheck disable=SC2154 # variables of live.bash

load ../support/helpers.bash
load ../support/live.bash
load ../support/sampler.bash
load ../support/servers.bash

setup() {
	sampler_setup
	need_command perf python3
}

teardown() {
	live_teardown
	stop_nginx
}

# agrees_with_perf PID
agrees_with_perf() {
	local status=0

	mkdir "$BATS_TEST_TMPDIR/beside"
	python3 "$SUPPORT_DIR/beside_perf.py" "$sampler" "$1" "$BATS_TEST_TMPDIR/beside" >"$BATS_TEST_TMPDIR/shares" 3>&- ||
		status=$?
	cat "$BATS_TEST_TMPDIR/shares" >&2
	tail -n 1 "$BATS_TEST_TMPDIR/shares" | sed 's/^/# /' >&3
	return "$status"
}

@test "a C++ program of two threads: maps, sorting, strings, virtual and recursive calls" {
	target_start cxx "$programs/cpu-cxx"
	target_say cxx
	agrees_with_perf "${target_pid[cxx]}"
}

# Many requests under way: a server that waits for each of them mostly sleeps.
@test "redis under load" {
	need_command redis-benchmark
	redis_alone
	background "$BATS_TEST_TMPDIR/load" redis-benchmark -p "$port" -t set,get -n 1000000 -c 50 -P 8 -r 100000 -q -l
	sleep 1
	agrees_with_perf "$redis"
}

@test "a worker of nginx under load" {
	start_nginx
	background "$BATS_TEST_TMPDIR/wrk" wrk -t1 -c64 -d600s "http://127.0.0.1:$port/"
	sleep 1
	agrees_with_perf "$worker"
}
