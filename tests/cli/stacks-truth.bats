#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What the tests of whole stacks compare with can be trusted: it finds a stack that differs, and knows what may.

load ../support/helpers.bash

@test "compare_stacks.py finds one frame that is wrong, missing, too many; signals that came between" {
	need_command python3
	python3 "$SUPPORT_DIR/compare_stacks_test.py" >"$BATS_TEST_TMPDIR/said" 2>&1 || fail "$(cat "$BATS_TEST_TMPDIR/said")"
	grep -qE '^Ran 1[0-9] tests' "$BATS_TEST_TMPDIR/said"
}
