#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What heap-diff is compared with can be trusted: heap_beside.py finds each figure that was made wrong.

load ../support/helpers.bash

@test "heap_beside.py finds one class, count, size, retained size or change that is wrong" {
	need_command python3
	python3 "$SUPPORT_DIR/heap_beside_test.py" >"$BATS_TEST_TMPDIR/said" 2>&1 || fail "$(cat "$BATS_TEST_TMPDIR/said")"
	grep -qE '^Ran [6-9] tests' "$BATS_TEST_TMPDIR/said"
}
