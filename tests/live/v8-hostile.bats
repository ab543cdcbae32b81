#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A process that says it is V8 and lies: cyclic and endless texts, wrong types, memory that is not there, a text of 1 GiB.
# It costs a bounded time and memory, and what cannot be read is marked.

# shellcheck disable=SC2154 # variables of live.bash

load ../support/helpers.bash
load ../support/live.bash
load ../support/sampler.bash

setup() {
	sampler_setup
	need_command jq python3
}

teardown() {
	live_teardown
}

@test "v8-liar: bounded CPU and memory, no name that is no text, the rest is read as ever" {
	target_start liar "$programs/v8-liar"
	sampled -p "${target_pid[liar]}" -F 1999 -d 3 -U -f json
	jq -r '"# \(.count) samples, \(.cost.cpu_s) s of CPU, \(.cost.rss_bytes / 1048576 * 10 | round / 10) MB"' "$tracer_out" >&3
	kill -0 "${target_pid[liar]}"
	# The time that passes is not its own alone; CPU is.
	jq -e '.cost.cpu_s < 5 and .cost.rss_bytes < 100 * 1048576' "$tracer_out"
	has honest 90
	has '[js]' 30
	jq -e 'all(.frames[] | .function // "", .file // ""; test("[\\x00-\\x1f\\x7f-\\x9f]") | not)' "$tracer_out"
	jq -e 'all(.frames[] | .function // "", .file // ""; length < 2048)' "$tracer_out"
	jq -e 'all(.data[].frames; length < 100)' "$tracer_out"
}

@test "a V8 that cannot be read is told of in one line, and its stacks are whole" {
	target_start liar "$programs/v8-liar-compressed"
	sampled -p "${target_pid[liar]}" -F 999 -d 1 -U -f json
	same 'lines about V8' 1 "$(grep -c 'V8' "$tracer_out.err")"
	grep -q 'compressed pointers' "$tracer_out.err"
	has main 90
	has_not honest
	jq -e '.stacks.complete_pct > 90' "$tracer_out"
}
