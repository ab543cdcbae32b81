#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# heap-diff's reports byte for byte against tests/golden/heap-CASE.FORMAT; RECORD=1 writes those files anew, for the diff
# to be read.

bats_require_minimum_version 1.5.0
load ../support/helpers.bash
load ../support/golden.bash

setup() {
	golden_setup heap
	driver=${BUILD:-build}/tests/golden/heap_report
	cases='series pair calm counts hostile top raw class object'
	pictures='series hostile top'
}

@test "text" {
	for name in $cases; do compare "$name" text; done
}

@test "JSON" {
	for name in $cases; do compare "$name" json; done
}

@test "folded stacks of dominators" {
	for name in $pictures; do compare "$name" folded; done
}

@test "flame graphs are XML" {
	need_command xmllint
	for name in $pictures; do "$driver" "$name" svg | xmllint --noout -; done
}

@test "JSON is what its schema says" {
	need_command python3
	python3 -c 'import jsonschema' 2>/dev/null || skip 'needs python3-jsonschema'
	for name in $cases; do
		"$driver" "$name" json | python3 tests/support/validate_json.py docs/schema/heap-diff.schema.json
	done
	"$driver" pair json | jq -c '.growing = -1' >"$BATS_TEST_TMPDIR/wrong.json"
	run -1 python3 tests/support/validate_json.py docs/schema/heap-diff.schema.json <"$BATS_TEST_TMPDIR/wrong.json"
}

@test "text and JSON say the same" {
	[[ "$("$driver" series text)" == *'500 of 500 new UserSession <- Map <- variable sessions in /srv/store.js'* ]]
	"$driver" series json | jq -e '.growing == 3 and ([.classes[] | select(.growing) | .counts] | unique) == [[100, 250, 600]]'
	"$driver" series json | jq -e '.holders[] | select(.class == "UserSession") | .ways[0].count == 500'
	"$driver" calm json | jq -e '.growing == 0 and .holders == []'
}

@test "what all hold together is what the root holds" {
	[ "$("$driver" top folded | awk '{ sum += $NF } END { print sum }')" -eq "$("$driver" top json | jq '.files[0].bytes')" ]
}

@test "whatever names are, every format is UTF-8 without control characters" {
	for format in text json folded svg; do
		"$driver" hostile "$format" >"$BATS_TEST_TMPDIR/out"
		iconv -f UTF-8 -t UTF-8 "$BATS_TEST_TMPDIR/out" >"$BATS_TEST_TMPDIR/again"
		cmp "$BATS_TEST_TMPDIR/out" "$BATS_TEST_TMPDIR/again"
		[ "$format" = svg ] || run -1 grep -P '[\x00-\x08\x0b-\x1f\x7f]' "$BATS_TEST_TMPDIR/out"
	done
}

@test "output that cannot be written is an error" {
	for format in text json folded svg; do
		run -1 sh -c "'$driver' top $format >/dev/full"
	done
}
