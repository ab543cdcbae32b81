#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What the tests of JavaScript names compare with can be trusted: it finds each kind of error, and no other, in a report
# that was made wrong in one place.

load ../support/helpers.bash

@test "js_truth.py finds one function, file, line, tier, caller, inlining and share that is wrong" {
	need_command python3
	python3 "$SUPPORT_DIR/js_truth_test.py" >"$BATS_TEST_TMPDIR/said" 2>&1 || fail "$(cat "$BATS_TEST_TMPDIR/said")"
	grep -qE '^Ran 3[0-9] tests' "$BATS_TEST_TMPDIR/said"
}

@test "v8_app.py finds one function of another share, name or place" {
	need_command python3
	python3 "$SUPPORT_DIR/v8_app_test.py" >"$BATS_TEST_TMPDIR/said" 2>&1 || fail "$(cat "$BATS_TEST_TMPDIR/said")"
	grep -qE '^Ran [89] tests' "$BATS_TEST_TMPDIR/said"
}

@test "js_truth.py: misuse is status 2" {
	run python3 "$SUPPORT_DIR/js_truth.py" map --tier fast=1 x y
	[ "$status" -eq 2 ]
	run python3 "$SUPPORT_DIR/js_truth.py"
	[ "$status" -eq 2 ]
}
