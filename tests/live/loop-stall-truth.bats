#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# loop-stall finds what stalling-server knows of itself: each stall of a seeded mix of all kinds, on four loops under
# load, its length by the server's own clock, how it divides, and what an arrival would have met. tests/support/loop_truth.py
# compares; what the machine took meanwhile is allowed for by the tool's own figure of it, so that a busy one makes these
# tests slower and not wrong.

# shellcheck disable=SC2154,SC2034 # variables of live.bash, and for it

load ../support/helpers.bash
load ../support/live.bash

LOOPS=4
STALLS=260 # each

setup() {
	live_setup
	tracer=$(tool loop-stall)
	need_command curl jq python3 wrk
	log=$BATS_TEST_TMPDIR/log
}

teardown() {
	live_teardown
	stop_server
}

has_said_done() {
	[ "$(grep -cx 'done' "$SERVER_OUT")" -ge 1 ]
}

@test "1,040 stalls of eleven kinds on four loops under load: none missed, none invented, lengths and parts" {
	local from to
	start_server profiling/stalling-server --loops "$LOOPS" --mix "7,$STALLS" --hold --truth "$log"
	tracer_start -p "$SERVER_PID" --threshold 5ms -f json
	from=$(monotonic_ns)
	routes_start 40 /health
	http_get /go
	wait_for 300 has_said_done
	to=$(monotonic_ns)
	tracer_end
	http_get /save
	same 'exit status' 0 "$tracer_status"
	PYTHONDONTWRITEBYTECODE=1 python3 "$SUPPORT_DIR/loop_truth.py" --from "$from" --to "$to" --stalls 1000 "$tracer_out" "$log" \
		>"$BATS_TEST_TMPDIR/said" || fail "$(cat "$BATS_TEST_TMPDIR/said")"
	sed 's/^/# /' "$BATS_TEST_TMPDIR/said" >&3
}
