#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Functions that live for milliseconds while all garbage is collected every 50 ms: 99 % of the frames are named, none by
# the name of another function.

# shellcheck disable=SC2154 # variables of live.bash and nodes.bash

load ../support/helpers.bash
load ../support/live.bash
load ../support/sampler.bash
load ../support/nodes.bash

setup() {
	sampler_setup
	need_command python3
}

teardown() {
	live_teardown
}

brief_functions_are_named() {
	local status=0 out=$BATS_TEST_TMPDIR

	need_node "$1"
	node_work --expose-gc v8-brief.js
	tracer_start -p "$work" -F 4999 -U -f json --max-stacks 131072
	cpu_grows "$work" 10000 4999
	tracer_end
	node_work_ends
	same 'exit status' 0 "$tracer_status"
	python3 "$SUPPORT_DIR/js_truth.py" names "$tracer_out" --least 8000 >"$out/said" || status=$?
	sed 's/^/# /' "$out/said" >&3
	same 'status of js_truth.py' 0 "$status"
}

@test "node 18: brief functions" {
	brief_functions_are_named 18.20.8
}

@test "node 20: brief functions" {
	brief_functions_are_named 20
}

@test "node 22: brief functions" {
	brief_functions_are_named 22.23.3
}

@test "node 24.11.0: brief functions" {
	brief_functions_are_named 24.11.0
}

@test "node 24.21: brief functions" {
	brief_functions_are_named 24.21.0
}

@test "node 25: brief functions" {
	brief_functions_are_named 25.9.0
}
