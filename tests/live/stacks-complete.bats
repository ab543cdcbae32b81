#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Of loaded servers nearly every stack is complete, wherever it is taken: at returns of malloc, when the CPU's clock
# ticks, and when a thread leaves its CPU. Why the rest is not is printed.

# shellcheck disable=SC2154 # variables of live.bash and stacks.bash

load ../support/helpers.bash
load ../support/live.bash
load ../support/servers.bash
load ../support/stacks.bash

setup() {
	stacks_setup
}

teardown() {
	live_teardown
	stop_nginx
}

# complete WHAT LEAST: of at least LEAST stacks 99 % are.
complete() {
	counts -r --arg what "$1" '"# \($what): \(.stacks) stacks, \(.ends.complete * 10000 / .stacks | round / 100) % complete" +
		" (others: \(.ends | del(.complete) | map_values(select(. > 0)) | tojson)), \(.by_fp) crossed code without a table"' >&3
	counts -e --argjson least "$2" '.stacks >= $least and .ends.complete >= .stacks * 0.99 and .lost == 0'
}

# check_complete NAME PID
check_complete() {
	stacks_taken count "$2" 3
	complete "$1 at malloc" 50
	stacks_taken sample "$2" 4 499 incomplete
	complete "$1 by the clock" 50
	stacks_taken switch "$2" 3
	complete "$1 at switches" 30
}

@test "redis" {
	redis_start
	check_complete redis "$redis"
}

@test "nginx" {
	start_nginx
	wrk_start "$port"
	check_complete nginx "$worker"
}

@test "memcached" {
	memcached_start
	check_complete memcached "$memcached"
}

@test "node" {
	node_start
	check_complete node "$node"
}

# rooted PATTERN: 98 % of the samples match it.
rooted() {
	local share

	share=$(awk -v pattern="$1" '/^[0-9]/ { all += $1; if ($0 ~ pattern) rooted += $1 }
		END { printf "%d %.2f\n", all, all ? 100 * rooted / all : 0 }' "$stacks")
	echo "# $BATS_TEST_DESCRIPTION: ${share% *} samples, ${share#* } % rooted" >&3
	awk -v pattern="$1" '/^[0-9]/ && $0 !~ pattern' "$stacks" | sort -rn | head -n 20 >&2
	[[ ${share% *} -ge 100 ]] || fail "only ${share% *} samples"
	awk -v share="${share#* }" 'BEGIN { exit share < 98 }'
}

@test "a busy program without frame pointers" {
	program_start busy-events
	stacks_taken sample "$program_pid" 5 199
	rooted '_start;.*;main;event_loop;'
}

@test "a busy program with frame pointers" {
	program_start busy-events-fp
	stacks_taken sample "$program_pid" 5 199
	rooted '_start;.*;main;event_loop;'
}

# Without names: _start, two of the C library's, main, event_loop, handle_event.
@test "a busy program, stripped" {
	local own='busy-events-stripped[+]0x[0-9a-f]+'

	program_start busy-events-stripped
	stacks_taken sample "$program_pid" 5 199
	rooted " complete $own;__libc_start_main[^;]*;[^;]*;$own;$own;$own"
}
