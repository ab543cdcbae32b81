#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Functions that the optimising compiler inlines have the shares that they have in the same program when it may not, and
# those that the program's own clock gives them: the same loop is now faster, now slower, by what is compiled around it.

# shellcheck disable=SC2154 # variables of live.bash and nodes.bash

load ../support/helpers.bash
load ../support/live.bash
load ../support/sampler.bash
load ../support/nodes.bash

SAMPLES=10000

setup() {
	sampler_setup
	need_command python3
}

teardown() {
	live_teardown
}

# sample_work FILE FLAGS: SAMPLES of them, however long that takes; what the program's clock says meanwhile is FILE.clocks.
sample_work() {
	node_work "$2" v8-inline.js
	tracer_start -p "$work" -F 4999 -U -f json
	target_say work
	cpu_grows "$work" "$SAMPLES" 4999
	target_say work
	wait_for 10 has_said_clocks 2
	tracer_end
	tail -n 1 "${target_out[work]}" >"$1.clocks"
	node_work_ends
	same 'exit status' 0 "$tracer_status"
	cp "$tracer_out" "$1"
}

has_said_clocks() {
	(($(grep -c '^{' "${target_out[work]}") == $1))
}

# shares_agree COMPILER FLAGS FLAG LEAST: FLAG has it inline nothing, else it inlines so much of a function, per cent.
shares_agree() {
	local out=$BATS_TEST_TMPDIR/$1 status=0

	sample_work "$out.inlined" "$2"
	sample_work "$out.apart" "$2 $3"
	python3 "$SUPPORT_DIR/js_truth.py" shares "$out.inlined" "$out.apart" hash mix fold --inlined "$4" --points 3 \
		--clocks "$out.inlined.clocks,$out.apart.clocks" --least 8000 >"$out.said" || status=$?
	sed "s/^/# $1: /" "$out.said" >&3
	[[ $status -eq 0 ]] || differing+=" $1"
}

# One compiler at a time: what two of them make of a loop takes different times.
all_shares_agree() {
	local differing=''

	need_node "$1"
	shares_agree turbofan "$(node_flag --no-maglev)" --no-turbo-inlining 90
	# Maglev of 24.11.0 does not write where inlined functions are.
	if [[ $1 == 24.21.* || $1 == 25.* ]]; then
		shares_agree maglev --no-turbofan --no-maglev-inlining 30
	fi
	same 'compilers that differ' '' "$differing"
}

@test "node 18: shares of inlined functions" {
	all_shares_agree 18.20.8
}

@test "node 20: shares of inlined functions" {
	all_shares_agree 20
}

@test "node 22: shares of inlined functions" {
	all_shares_agree 22.23.3
}

@test "node 24.11.0: shares of inlined functions" {
	all_shares_agree 24.11.0
}

@test "node 24.21: shares of inlined functions" {
	all_shares_agree 24.21.0
}

@test "node 25: shares of inlined functions" {
	all_shares_agree 25.9.0
}
