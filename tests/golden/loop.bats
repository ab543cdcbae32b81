#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# loop-stall's reports byte for byte against tests/golden/loop-CASE.FORMAT; RECORD=1 writes those files anew, for the
# diff to be read.

bats_require_minimum_version 1.5.0
load ../support/helpers.bash
load ../support/golden.bash

setup() {
	golden_setup loop
	driver=${BUILD:-build}/tests/golden/loop_report
	cases='normal list stuck throttled no-split no-stacks hostile calm empty'
}

@test "text" {
	for name in $cases; do compare "$name" text; done
}

@test "an interval, a single stall" {
	for name in $cases; do
		compare "$name" interval
		compare "$name" stall
	done
}

@test "JSON" {
	for name in $cases; do compare "$name" json; done
}

@test "folded stacks" {
	for name in $cases; do compare "$name" folded; done
}

@test "trace" {
	for name in $cases; do compare "$name" trace; done
}

@test "no line of a text report is wider than 100 columns" {
	for name in normal list stuck throttled no-split no-stacks calm empty; do
		run -0 awk 'length > 100' "tests/golden/loop-$name.text"
		[ -z "$output" ] || fail "$output"
	done
}

@test "no stack is shown for a stall that is not its own doing" {
	run -0 "$driver" throttled text
	[[ $output == *'throttled by its cgroup: not its own code'* ]]
	[[ $output != *RegExp* ]]
	run -0 "$driver" throttled folded
	[[ $output != *RegExp* ]]
}

@test "folded stacks weigh as much as the stalls" {
	for name in $cases; do
		[ "$("$driver" "$name" folded | awk '{ sum += $NF } END { printf "%.0f", sum }')" -eq \
			"$("$driver" "$name" json | jq '[.data[].ns] | add // 0')" ]
	done
}

@test "the parts of a stall are the whole of it" {
	for name in normal stuck throttled no-stacks; do
		"$driver" "$name" json | jq -e 'all(.data[]; ([.parts_ns[]] | add) == .ns)'
	done
}

@test "slices of a trace lie in each other; the outer ones are the stalls" {
	need_command python3
	for name in $cases; do
		"$driver" "$name" trace | python3 tests/support/check_trace.py >"$BATS_TEST_TMPDIR/outer"
		"$driver" "$name" json | jq -r '.data[] | .ns' | sort >"$BATS_TEST_TMPDIR/stalls"
		sort "$BATS_TEST_TMPDIR/outer" | diff "$BATS_TEST_TMPDIR/stalls" -
	done
}

@test "a trace with slices that cross would be found" {
	need_command python3
	run -1 python3 tests/support/check_trace.py <<<'{"traceEvents": [
		{"ph": "X", "name": "a", "pid": 1, "tid": 1, "ts": 0, "dur": 10},
		{"ph": "X", "name": "b", "pid": 1, "tid": 1, "ts": 5, "dur": 6}]}'
}

@test "a flame graph has each state in its colour, and is XML" {
	need_command xmllint
	for name in $cases; do
		"$driver" "$name" svg >"$BATS_TEST_TMPDIR/out.svg"
		xmllint --noout "$BATS_TEST_TMPDIR/out.svg"
	done
	"$driver" normal svg >"$BATS_TEST_TMPDIR/out.svg"
	grep -q 'stalls of 20.0 ms or more for 10.0 s' "$BATS_TEST_TMPDIR/out.svg"
	grep -A3 '<title>\[blocked: fsync\]' "$BATS_TEST_TMPDIR/out.svg" | grep -qE 'class="[a-z ]*v[0-9]+'
	grep -A3 '<title>\[runnable\]' "$BATS_TEST_TMPDIR/out.svg" | grep -qE 'class="[a-z ]*h[0-9]+'
	grep -A3 '<title>\[no sample\]' "$BATS_TEST_TMPDIR/out.svg" | grep -qE 'class="([a-z]+ )*x[" ]'
}

@test "whatever names are, every format is UTF-8 without control characters" {
	for format in text interval stall json folded trace; do
		"$driver" hostile "$format" >"$BATS_TEST_TMPDIR/out"
		iconv -f UTF-8 -t UTF-8 "$BATS_TEST_TMPDIR/out" >"$BATS_TEST_TMPDIR/again"
		cmp "$BATS_TEST_TMPDIR/out" "$BATS_TEST_TMPDIR/again"
		run -1 grep -P '[\x00-\x09\x0b-\x1f\x7f]' "$BATS_TEST_TMPDIR/out"
	done
}

@test "JSON follows its schema" {
	need_command python3
	for name in $cases; do
		"$driver" "$name" json | python3 tests/support/validate_json.py docs/schema/loop-stall.schema.json
	done
}

@test "the schema refuses a report without its losses, and a part that is none" {
	need_command python3
	run -1 python3 tests/support/validate_json.py docs/schema/loop-stall.schema.json \
		< <("$driver" normal json | sed 's/"lost":/"loost":/')
	run -1 python3 tests/support/validate_json.py docs/schema/loop-stall.schema.json \
		< <("$driver" normal json | sed 's/"part":"disk"/"part":"disc"/')
}

@test "output that cannot be written is an error" {
	for format in text interval stall json folded svg trace; do
		run -1 sh -c "'$driver' normal $format >/dev/full"
	done
}
