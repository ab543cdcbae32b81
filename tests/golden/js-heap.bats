#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Reports of mem-watch --js-heap byte for byte against tests/golden/js-heap-CASE.FORMAT; RECORD=1 writes those files anew, for the
# diff to be read.

bats_require_minimum_version 1.5.0
load ../support/helpers.bash
load ../support/golden.bash

setup() {
	golden_setup js-heap
	driver=${BUILD:-build}/tests/golden/js_heap_report
	cases='one two calm'
	schema=docs/schema/js-heap.schema.json
}

@test "text" {
	for name in $cases; do compare "$name" text; done
}

@test "JSON" {
	for name in $cases; do compare "$name" json; done
}

@test "JSON follows its schema, which refuses another" {
	need_command python3
	for name in $cases; do "$driver" "$name" json | python3 tests/support/validate_json.py "$schema"; done
	run -1 python3 tests/support/validate_json.py "$schema" < <("$driver" one json | sed 's/"live_count":/"alive":/')
}

@test "output that cannot be written is an error" {
	run sh -c "'$driver' one text >/dev/full"
	[ "$status" -eq 1 ]
	run sh -c "'$driver' two json >/dev/full"
	[ "$status" -eq 1 ]
}
