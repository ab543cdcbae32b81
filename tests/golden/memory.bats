#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# mem-watch's reports byte for byte against tests/golden/memory-CASE.FORMAT; RECORD=1 writes those files anew, for the diff
# to be read.

bats_require_minimum_version 1.5.0
load ../support/helpers.bash
load ../support/golden.bash

setup() {
	golden_setup memory
	driver=${BUILD:-build}/tests/golden/memory_report
	cases='buffers objects workers unreadable hostile makers lossy empty'
	schema=docs/schema/mem-watch.schema.json
}

@test "text" {
	for name in $cases; do compare "$name" text; done
}

@test "a line for each sample" {
	for name in $cases; do compare "$name" lines; done
}

@test "JSON" {
	for name in $cases; do compare "$name" json; done
}

@test "CSV" {
	for name in $cases; do compare "$name" csv; done
}

@test "Prometheus" {
	for name in $cases; do compare "$name" prom; done
}

@test "JSON follows its schema" {
	need_command python3
	for name in $cases; do "$driver" "$name" json | python3 tests/support/validate_json.py "$schema"; done
}

@test "the schema refuses a report without its losses, and a verdict that is none" {
	need_command python3
	run -1 python3 tests/support/validate_json.py "$schema" < <("$driver" buffers json | sed 's/"lost":/"losses":/')
	run -1 python3 tests/support/validate_json.py "$schema" < <("$driver" buffers json | sed 's/"not_growing"/"stable"/')
}

@test "pools add up to rss in every sample" {
	need_command jq
	for name in buffers objects workers; do
		"$driver" "$name" json | jq -e '.data[] | (.pools | keys) as $pools |
			all(.samples[]; . as $s | ([$pools[] | $s[.]] | add) == $s.rss)'
	done
}

@test "CSV has the same number of fields in every line, and what JSON has" {
	need_command python3 jq
	for name in $cases; do
		"$driver" "$name" csv >"$BATS_TEST_TMPDIR/csv"
		python3 -c '
import csv, sys
rows = list(csv.DictReader(open(sys.argv[1], newline=""), strict=True))
if any(None in row or None in row.values() for row in rows):
    sys.exit("a line with more or fewer fields")
for row in rows:
    print(row["pid"], row["rss_bytes"], row["heap_used_bytes"] or "null")
' "$BATS_TEST_TMPDIR/csv" >"$BATS_TEST_TMPDIR/rows"
		"$driver" "$name" json | jq -r '.data[] | .pid as $pid | .samples[] | "\($pid) \(.rss) \(.heap_used)"' |
			diff - "$BATS_TEST_TMPDIR/rows"
	done
}

@test "what Prometheus is told is its text format, and promtool agrees" {
	need_command python3
	for name in buffers objects workers unreadable hostile; do
		"$driver" "$name" prom >"$BATS_TEST_TMPDIR/metrics"
		python3 tests/support/check_prometheus.py <"$BATS_TEST_TMPDIR/metrics"
		! command -v promtool >/dev/null || promtool check metrics <"$BATS_TEST_TMPDIR/metrics"
	done
}

@test "what grows is called so in every format" {
	[[ "$("$driver" buffers text)" == *'Verdict: Buffers and ArrayBuffers'* ]]
	"$driver" buffers json | jq -e '.data[0] | .suspect == "buffers" and .pools.malloc_large.verdict == "growing"
		and .cgroup.limit_reached_in_ns > 1.6e11 and .cgroup.limit_reached_in_ns < 1.7e11'
	"$driver" buffers prom | grep -qE '^vitals_memory_growing\{.*figure="array_buffers"\} 1$'
	"$driver" objects json | jq -e '.data[0].suspect == "objects"'
	[[ "$("$driver" objects text)" == *'reached in about 2m'* ]]
}

@test "whatever names are, every format is UTF-8 without control characters" {
	for format in text lines json csv prom; do
		for name in hostile lossy; do
			"$driver" "$name" "$format" >"$BATS_TEST_TMPDIR/out"
			iconv -f UTF-8 -t UTF-8 "$BATS_TEST_TMPDIR/out" | cmp "$BATS_TEST_TMPDIR/out" -
			run -1 grep -P '[\x00-\x09\x0b-\x1f\x7f]' "$BATS_TEST_TMPDIR/out"
		done
	done
}

@test "who made Buffers: their share of arrayBuffers, what was lost, and null when it was not asked for" {
	"$driver" makers text | grep -qE '24.0 MiB +1200 +75.0 % +\+30.0 MiB/min +growing steadily +thumbnail /srv/app/images.js:12$'
	[[ "$("$driver" makers text)" == *'in all: 66.7 % of arrayBuffers (48.0 MiB); the other 16.0 MiB are from before'* ]]
	[[ "$("$driver" makers text)" == *'of 1 more function'* ]]
	"$driver" makers json | jq -e '.data[0].buffers | .complete and .count == 1224 and all(.lost[]; . == 0)
		and ([.functions[].bytes] | add) == .bytes and .functions[3].function == null
		and .counts.allocs - .counts.frees == .count and .counts.alloc_bytes - .counts.free_bytes == .bytes'
	[[ "$("$driver" lossy text)" == *'in all, more than arrayBuffers has (20.0 MiB)'* ]]
	[[ "$("$driver" lossy text)" == *'INCOMPLETE: 2.2 % of them lost'*'lost_blocks'*'200'* ]]
	"$driver" lossy json | jq -e '.data[0].buffers | .complete == false and .lost.lost_blocks == 200'
	"$driver" buffers json | jq -e '.data[0] | has("buffers") and .buffers == null'
}

@test "output that cannot be written is an error" {
	for format in text lines json csv prom; do
		run -1 sh -c "'$driver' buffers $format >/dev/full"
	done
}
