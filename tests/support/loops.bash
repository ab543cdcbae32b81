# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154,SC2016 # variables for the tests, and of live.bash; programs for jq
# After live.bash. Live tests of loop-stall: tracer_start and tracer_end run it, its report is JSON. A stall that was picked
# is in $stall, a file.
#
#	pick FUNCTION [JQ]	the longest stall that was seen in FUNCTION, of those for which JQ is true
#	pick_where JQ		the longest of those for which JQ is true
#	stall JQ...		jq -e on it: must be true
#	lasted LEAST MOST	it took so long in ns, but for what it waited for a CPU
#	loops_are NAME...	threads of the loops of the report, sorted

loops_setup() {
	live_setup
	need_command jq
	tracer=$(tool loop-stall)
	stall=$BATS_TEST_TMPDIR/stall
}

pick_where() {
	report -e "[.data[] | select($1)] | max_by(.ns)" >"$stall" || {
		report -c '.loops[] | [.tid, .thread, .total.stalls], .data[] | del(.stacks)' >&2 || true
		fail "no stall: $1"
	}
	# its parts are all of it
	stall '(.parts_ns | add) - .ns | fabs < 1e5'
}

pick() {
	pick_where "(any(.stacks[].frames[]; .function == \"$1\")) and (${2-true})"
}

stall() {
	jq -e "$@" "$stall" >/dev/null || {
		jq -c '.stacks |= [.[:3][] | { part, wait, ns, frames: [.frames[].function] }]' "$stall" >&2
		fail "not so: $*"
	}
}

# What the machine took away is no error: it waited for a CPU, or its host did.
lasted() {
	stall --argjson least "$1" --argjson most "$2" '.ns >= $least and
		.ns - .parts_ns.run_queue - .parts_ns.throttled - .ns * .steal_pct / 100 <= $most'
}

loops_are() {
	same 'loops' "$*" "$(report -r '[.loops[].thread] | sort | join(" ")')"
}
