#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Profiles byte for byte against tests/golden/profile-CASE.FORMAT; RECORD=1 writes those files anew, for the diff to be
# read. pprof's is compressed, so what is compared is what go tool pprof shows of it.

bats_require_minimum_version 1.5.0
load ../support/helpers.bash
load ../support/golden.bash

setup() {
	golden_setup profile
	driver=${BUILD:-build}/tests/golden/profile_report
	cases='small off-cpu wall hostile empty'
}

written() {
	if [ "$2" = pprof ]; then
		"$driver" "$1" pprof >"$BATS_TEST_TMPDIR/$1.pb.gz" || return
		TZ=UTC HOME=$BATS_TEST_TMPDIR go tool pprof -symbolize=none -raw "$BATS_TEST_TMPDIR/$1.pb.gz" 2>&1
	else
		"$driver" "$1" "$2"
	fi
}

@test "text" {
	for name in $cases; do compare "$name" text; done
}

@test "JSON" {
	for name in $cases; do compare "$name" json; done
}

@test "folded stacks, plain and annotated" {
	for name in $cases; do
		compare "$name" folded
		compare "$name" annotated
	done
}

@test "speedscope" {
	for name in $cases; do compare "$name" speedscope; done
}

@test "cpuprofile" {
	for name in $cases; do compare "$name" cpuprofile; done
}

@test "pprof, as go tool pprof shows it" {
	need_command go
	for name in $cases; do compare "$name" pprof; done
}

@test "the order in which samples came leaves no trace" {
	for name in $cases; do
		for format in text json folded annotated speedscope speedscope-counts cpuprofile pprof; do
			"$driver" "$name" "$format" >"$BATS_TEST_TMPDIR/forwards"
			"$driver" "$name" "$format" backwards | cmp - "$BATS_TEST_TMPDIR/forwards"
		done
	done
}

@test "no line of a text report is wider than 100 columns" {
	for name in $cases; do
		run -0 awk 'length > 100' "tests/golden/profile-$name.text"
		[ -z "$output" ] || fail "$output"
	done
}

@test "folded lines are sorted, each ends in a count, no name looks like one" {
	for name in $cases; do
		for format in folded annotated; do
			"$driver" "$name" "$format" | LC_ALL=C sort -c
			run -1 grep -vE '^[^;]+(;[^;]+)* [1-9][0-9]*$' <("$driver" "$name" "$format")
			run -1 grep -E ' [0-9]+(;.*)? [0-9]+$' <("$driver" "$name" "$format")
		done
	done
}

@test "whatever names are, every format is UTF-8 without control characters" {
	for format in text json folded annotated speedscope cpuprofile; do
		"$driver" hostile "$format" >"$BATS_TEST_TMPDIR/out"
		iconv -f UTF-8 -t UTF-8 "$BATS_TEST_TMPDIR/out" >"$BATS_TEST_TMPDIR/again"
		cmp "$BATS_TEST_TMPDIR/out" "$BATS_TEST_TMPDIR/again"
		run -1 grep -P '[\x00-\x09\x0b-\x1f\x7f]' "$BATS_TEST_TMPDIR/out"
	done
}

@test "JSON follows its schema" {
	need_command python3
	for name in $cases; do
		"$driver" "$name" json | python3 tests/support/validate_json.py docs/schema/cpu-sample.schema.json
	done
}

@test "the schema refuses a profile without its losses" {
	need_command python3
	run -1 python3 tests/support/validate_json.py docs/schema/cpu-sample.schema.json \
		< <("$driver" small json | sed 's/"lost":/"loost":/')
}

@test "output that cannot be written is an error" {
	for format in text json folded speedscope cpuprofile pprof; do
		run -1 sh -c "'$driver' small $format >/dev/full"
	done
}
