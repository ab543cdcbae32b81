#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What the tests of loop-stall measure with can be trusted: it finds each kind of error, and no other, in a report that
# was made wrong in one place.

load ../support/helpers.bash

@test "loop_truth.py finds one stall missed, invented, of a wrong length, wrongly divided" {
	need_command python3
	python3 "$SUPPORT_DIR/loop_truth_test.py" >"$BATS_TEST_TMPDIR/said" 2>&1 || fail "$(cat "$BATS_TEST_TMPDIR/said")"
	grep -qE '^Ran [2-4][0-9] tests' "$BATS_TEST_TMPDIR/said"
}

@test "loop_node.py finds another function, garbage that was or was not there, a control that stalls" {
	need_command python3
	python3 "$SUPPORT_DIR/loop_node_test.py" >"$BATS_TEST_TMPDIR/said" 2>&1 || fail "$(cat "$BATS_TEST_TMPDIR/said")"
	grep -qE '^Ran (9|1[0-9]) tests' "$BATS_TEST_TMPDIR/said"
}

@test "loop_truth.py: misuse is status 2" {
	run python3 "$SUPPORT_DIR/loop_truth.py" --threshold x
	[ "$status" -eq 2 ]
}
