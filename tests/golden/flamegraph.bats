#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Flame graphs byte for byte against tests/golden/flamegraph-CASE.FORMAT, less the script and the style, which have
# files of their own; RECORD=1 writes them anew, for the diff to be read.

bats_require_minimum_version 1.5.0
load ../support/golden.bash

setup() {
	golden_setup flamegraph
	driver=${BUILD:-build}/tests/golden/flamegraph
	cases='plain kernel wall callers diff diff-raw wicked none'
}

# written CASE FORMAT: what is compared. The version of the tool may change.
written() {
	"$driver" "$1" "$2" | sed '/^<style>$/,/^<\/style>$/d; /^<script>/,/<\/script>$/d; s/ by bpf-vitals [0-9][^)]*)/ by bpf-vitals)/'
}

@test "pictures" {
	for name in $cases; do compare "$name" svg; done
}

@test "folded stacks" {
	for name in plain diff wicked callers none; do compare "$name" folded; done
}

@test "pictures are XML" {
	command -v xmllint >/dev/null || skip "needs xmllint"
	for name in $cases; do "$driver" "$name" svg | xmllint --noout -; done
}

@test "the script and the style are in the picture as they are in their files" {
	"$driver" plain svg >"$BATS_TEST_TMPDIR/plain.svg"
	sed -n '/^<script>/,/<\/script>$/p' "$BATS_TEST_TMPDIR/plain.svg" | sed '1d; $d' | diff user/report/flamegraph.js -
	grep -qF -f <(head -n 5 user/report/flamegraph.css) "$BATS_TEST_TMPDIR/plain.svg"
}

@test "the script neither evaluates text nor asks the network" {
	run grep -nE 'eval|Function\(|innerHTML|outerHTML|document\.write|insertAdjacent|fetch|XMLHttp|import|https?://' user/report/flamegraph.js
	[ "$(grep -v 'www.w3.org/1999/xhtml' <<<"$output")" = '' ]
	run ! grep -nE 'url\(|@import|https?:' user/report/flamegraph.css
	run ! grep -n -e ']]>' -e '</' user/report/flamegraph.js user/report/flamegraph.css
}

@test "output that cannot be written is an error" {
	run sh -c "'$driver' plain svg >/dev/full"
	[ "$status" -eq 1 ]
	run sh -c "'$driver' plain folded >/dev/full"
	[ "$status" -eq 1 ]
}
