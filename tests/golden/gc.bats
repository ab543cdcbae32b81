#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# gc-trace's reports byte for byte against tests/golden/gc-CASE.FORMAT; RECORD=1 writes those files anew, for the diff to
# be read.

bats_require_minimum_version 1.5.0
load ../support/helpers.bash
load ../support/golden.bash

setup() {
	golden_setup gc
	driver=${BUILD:-build}/tests/golden/gc_report
	cases='leak workers dying stripped hostile empty'
}

@test "text" {
	for name in $cases; do compare "$name" text; done
}

@test "a line for each collection, moment and interval" {
	for name in $cases; do compare "$name" lines; done
}

@test "JSON" {
	for name in $cases; do compare "$name" json; done
}

@test "trace" {
	for name in $cases; do compare "$name" trace; done
}

@test "Prometheus" {
	for name in $cases; do compare "$name" prom; done
}

@test "JSON follows its schema" {
	need_command python3
	for name in $cases; do
		"$driver" "$name" json | python3 tests/support/validate_json.py docs/schema/gc-trace.schema.json
	done
}

@test "the schema refuses a report without its losses, and a kind that is none" {
	need_command python3
	run -1 python3 tests/support/validate_json.py docs/schema/gc-trace.schema.json \
		< <("$driver" leak json | sed 's/"lost":/"losses":/')
	run -1 python3 tests/support/validate_json.py docs/schema/gc-trace.schema.json \
		< <("$driver" leak json | sed 's/"kind":"scavenge"/"kind":"scavange"/')
}

@test "slices of a trace lie in each other; the outer ones are the pauses" {
	need_command python3 jq
	for name in leak workers dying; do
		"$driver" "$name" trace | python3 tests/support/check_trace.py >"$BATS_TEST_TMPDIR/outer"
		"$driver" "$name" json | jq -r '.data[] | .pause_ns' | sort >"$BATS_TEST_TMPDIR/pauses"
		sort "$BATS_TEST_TMPDIR/outer" | diff "$BATS_TEST_TMPDIR/pauses" -
	done
}

@test "what Prometheus is told is its text format, and promtool agrees" {
	need_command python3
	for name in $cases; do
		"$driver" "$name" prom >"$BATS_TEST_TMPDIR/metrics"
		python3 tests/support/check_prometheus.py <"$BATS_TEST_TMPDIR/metrics"
		! command -v promtool >/dev/null || promtool check metrics <"$BATS_TEST_TMPDIR/metrics"
	done
}

@test "a histogram that goes down, a counter of another name, a label that is not closed would be found" {
	need_command python3
	"$driver" leak prom >"$BATS_TEST_TMPDIR/metrics"
	run -1 python3 tests/support/check_prometheus.py < <(sed '0,/le="0.01"} 9/s//le="0.01"} 1/' "$BATS_TEST_TMPDIR/metrics")
	run -1 python3 tests/support/check_prometheus.py < <(sed 's/_bytes_total/_bytes/' "$BATS_TEST_TMPDIR/metrics")
	run -1 python3 tests/support/check_prometheus.py < <(sed 's/process="node"/process="no"de"/' "$BATS_TEST_TMPDIR/metrics")
	run -1 python3 tests/support/check_prometheus.py < <(sed 's/^# TYPE .*//' "$BATS_TEST_TMPDIR/metrics")
}

@test "a leak is called one in every format" {
	[[ "$("$driver" leak text)" == *'growing after GC'* ]]
	"$driver" leak json | jq -e '.heaps[0].after_full.verdict == "growing_after_gc" and .heaps[0].after_full.limit_reached_in_ns > 4e10'
	"$driver" leak prom | grep -qE '^vitals_gc_growing_after_full\{.*\} 1$'
}

@test "whatever names are, every format is UTF-8 without control characters" {
	for format in text lines json trace prom; do
		"$driver" hostile "$format" >"$BATS_TEST_TMPDIR/out"
		iconv -f UTF-8 -t UTF-8 "$BATS_TEST_TMPDIR/out" >"$BATS_TEST_TMPDIR/again"
		cmp "$BATS_TEST_TMPDIR/out" "$BATS_TEST_TMPDIR/again"
		run -1 grep -P '[\x00-\x09\x0b-\x1f\x7f]' "$BATS_TEST_TMPDIR/out"
	done
}

@test "output that cannot be written is an error" {
	for format in text lines json trace prom; do
		run -1 sh -c "'$driver' leak $format >/dev/full"
	done
}
