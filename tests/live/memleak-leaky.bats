#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# memleak-trace against the bundled servers, whose truth is known: the leaky one's sites to the block
# and the byte, and no stack of the fixed one called growing.
# May run beside another.

# shellcheck disable=SC2154,SC2016 # variables of live.bash and helpers.bash; programs for jq

load ../support/helpers.bash
load ../support/live.bash

SITES='global_history_append listener_add closure_capture timer_start cache_put cache_value_grow'
ROUTES='/global /listener /closure /timer /cache?key=%d /clean'

setup() {
	live_setup
	need_command wrk jq curl
}

teardown() {
	live_teardown
	stop_server
}

# sum SITE FIELD: over the heap rows whose allocating function it is.
sum() {
	report --arg site "$1" "[.data[] | select(.kind == \"heap\" and .frames[0].function == \$site).$2] | add // 0"
}

# Traces SERVER for SECONDS with the load inside that window.
trace_loaded() {
	local seconds=$1

	tracer_start -p "$SERVER_PID" -f json -i 2s --max-hits 0
	# shellcheck disable=SC2086 # the routes are words
	load_routes "$seconds" $ROUTES
	truth >"$BATS_TEST_TMPDIR/truth.json"
	tracer_end
	same 'exit status' 0 "$tracer_status"
}

@test "leak-example: every site is named, blocks exact, bytes within 1 %, growing" {
	local site blocks bytes truth_bytes

	start_server leak-example
	trace_loaded 20
	report_is_exact
	for site in $SITES; do
		blocks=$(sum "$site" blocks)
		bytes=$(sum "$site" bytes)
		truth_bytes=$(truth_of "$site" bytes "$BATS_TEST_TMPDIR/truth.json")
		echo "$site: $blocks blocks, $bytes bytes; truth $truth_bytes bytes" >&2
		same "$site blocks" "$(truth_of "$site" blocks "$BATS_TEST_TMPDIR/truth.json")" "$blocks"
		((bytes * 100 >= truth_bytes * 99 && bytes * 100 <= truth_bytes * 101)) || fail "$site: $bytes bytes"
		report -e --arg site "$site" \
			'[.data[] | select(.frames[0].function == $site).verdict] | any(startswith("growing"))'
	done
	report -e '[.data[] | select(.frames[0].function == "clean_work" and .bytes > 100000)] == []'
}

@test "leak-fixed: after 60 s no stack is called growing" {
	start_server leak-fixed
	trace_loaded 60
	report_is_exact
	report -c '.data[] | [.bytes, .verdict, .frames[0].function]' >&2
	report -e '[.data[].verdict | select(startswith("growing"))] == []'
}
