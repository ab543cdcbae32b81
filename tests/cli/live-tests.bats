#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What is run twice, what counts then, and that it is said.

load ../support/helpers.bash

# suite NAME COMMAND: passes when COMMAND does; a suite is a program that speaks TAP.
suite() {
	local file=$BATS_TEST_TMPDIR/$1

	# shellcheck disable=SC2016 # for the suite's own shell
	printf '#!/bin/bash\necho 1..1\nn=$(cat "$0.runs" 2>/dev/null) || n=0\necho $((n + 1)) >"$0.runs"\n%s || echo -n "not "\necho ok 1 - a point\n' "$2" >"$file"
	chmod +x "$file"
	echo "$file"
}

live_tests() {
	run "$ROOT_DIR/scripts/live-tests.sh" "$@"
}

setup() {
	need_command prove
	good=$(suite good true)
	# shellcheck disable=SC2016
	chance=$(suite chance '((n > 0))')
	bad=$(suite bad false)
}

@test "what passes is run once" {
	live_tests "$good"
	[ "$status" -eq 0 ]
	[ "$(cat "$good.runs")" -eq 1 ]
	[[ $output == *"1 suites, 0 of them run twice" ]]
}

@test "what fails by chance is run again, which is said; its failure is a comment" {
	live_tests "$chance" "$good"
	[ "$status" -eq 0 ]
	[ "$(cat "$chance.runs")" -eq 2 ]
	[ "$(cat "$good.runs")" -eq 1 ]
	[[ $output == *"# again: $chance"* ]]
	[[ $output == *"2 suites, 1 of them run twice" ]]
	grep -q '^# first: .*Failed' <<<"$output"
	[[ $'\n'$output != *$'\nnot ok'* ]]
}

@test "what fails twice has failed" {
	live_tests "$good" "$bad"
	[ "$status" -eq 1 ]
	[ "$(cat "$bad.runs")" -eq 2 ]
	[[ $output == *"Result: FAIL"* ]]
}

@test "suites that may run beside another do, one that fails by chance alone afterwards" {
	local one other
	# Each waits until both have begun.
	# shellcheck disable=SC2016
	one=$(suite one 'for i in {1..100}; do [ -e "${0%/*}/other.runs" ] && break; sleep 0.1; done; [ -e "${0%/*}/other.runs" ]')
	# shellcheck disable=SC2016
	other=$(suite other '[ "$n" -gt 0 ] || { for i in {1..100}; do [ -e "${0%/*}/one.runs" ] && break; sleep 0.1; done; false; }')
	printf '# May run beside another.\n' >>"$one"
	printf '# May run beside another, and is long.\n' >>"$other"
	live_tests "$one" "$good" "$other"
	[ "$status" -eq 0 ]
	[ "$(cat "$one.runs") $(cat "$good.runs") $(cat "$other.runs")" = "1 1 2" ]
	[[ $output == *"3 suites, 1 of them run twice" ]]
}
