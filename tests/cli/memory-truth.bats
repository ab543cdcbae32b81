#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What mem-watch's live tests compare with can be trusted: it finds each figure that is wrong, and no other, in a report
# that was made wrong in one place.

load ../support/helpers.bash

@test "memory_truth.py finds one figure that is wrong, one that is missing, and too few samples" {
	need_command python3
	python3 "$SUPPORT_DIR/memory_truth_test.py" >"$BATS_TEST_TMPDIR/said" 2>&1 || fail "$(cat "$BATS_TEST_TMPDIR/said")"
	grep -qE '^Ran 7 tests' "$BATS_TEST_TMPDIR/said"
}
