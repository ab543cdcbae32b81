#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Reports byte for byte against tests/golden/CASE.FORMAT; RECORD=1 writes those files anew, for the
# diff to be read.

load ../support/golden.bash

setup() {
	golden_setup ''
	driver=${BUILD:-build}/tests/golden/leak_report
	cases='normal empty hostile incomplete several'
}

@test "text reports" {
	for name in $cases; do compare "$name" text; done
}

@test "JSON reports" {
	for name in $cases; do compare "$name" json; done
}

@test "folded reports" {
	for name in $cases; do compare "$name" folded; done
}

@test "no line of a text report is wider than 100 columns" {
	for name in normal empty incomplete several; do
		run awk 'length > 100' "tests/golden/$name.text"
		[ -z "$output" ]
	done
}

@test "JSON reports follow their schema" {
	python3 -c 'import jsonschema' 2>/dev/null || skip "python3-jsonschema is not installed"
	for name in $cases; do
		"$driver" "$name" json | python3 tests/support/validate_json.py \
			docs/schema/memleak-trace.schema.json
	done
}

@test "the schema refuses a report without its losses" {
	python3 -c 'import jsonschema' 2>/dev/null || skip "python3-jsonschema is not installed"
	"$driver" normal json | sed 's/"lost":/"loost":/' >"$BATS_TEST_TMPDIR/bad.json"
	run python3 tests/support/validate_json.py docs/schema/memleak-trace.schema.json \
		<"$BATS_TEST_TMPDIR/bad.json"
	[ "$status" -eq 1 ]
}

@test "output that cannot be written is an error" {
	run sh -c "'$driver' normal text >/dev/full"
	[ "$status" -eq 1 ]
	run sh -c "'$driver' normal json >/dev/full"
	[ "$status" -eq 1 ]
	run sh -c "'$driver' normal folded >/dev/full"
	[ "$status" -eq 1 ]
}
