#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The contract of cpu-sample's command line: help, misuse, exit statuses, one clear line for each thing that is missing.

# shellcheck disable=SC2030,SC2031 # each test is a shell of its own

bats_require_minimum_version 1.5.0
load ../support/helpers.bash

setup() {
	tool=$(tool cpu-sample)
}

# exits STATUS TEXT ARGUMENT...: cpu-sample says TEXT first and nothing on stdout.
# shellcheck disable=SC2154 # of bats: stderr, stderr_lines
exits() {
	local expected=$1 text=$2
	shift 2
	run --separate-stderr "$tool" "$@"
	echo "with $*: status $status, stderr: $stderr"
	[ "$status" -eq "$expected" ] || fail "exit status $status, not $expected"
	[[ ${stderr_lines[0]} == "cpu-sample: "*"$text"* ]] || fail "does not say: $text"
	[ -z "$output" ] || fail "on stdout: $output"
}

# misuse TEXT ARGUMENT...: exit 2 with one line that says TEXT, and where to look.
misuse() {
	exits 2 "$@"
	[ "${#stderr_lines[@]}" -eq 2 ]
	[ "${stderr_lines[1]}" = "Try 'cpu-sample --help'" ]
}

@test "--help: usage and every group of options on stdout, without any privilege" {
	local option
	run --separate-stderr "$tool" --help
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	[[ "${lines[0]}" == "Usage: cpu-sample [OPTION...] -p PID"* ]]
	for option in --pid --name --all --tid --frequency --event --off-cpu --wall --threads --stacks --format --live; do
		[[ "$output" == *"$option"* ]] || fail "no $option"
	done
}

@test "--version: name, version, libbpf's version" {
	run --separate-stderr "$tool" --version
	[ "$status" -eq 0 ]
	[[ "$output" =~ ^"cpu-sample $(cat "$ROOT_DIR/VERSION") (libbpf "v?[0-9]+\.[0-9]+ ]]
}

@test "every long option is in the tool's chapter" {
	local option missing='' chapter=$ROOT_DIR/docs/03-cpu-profiling.md
	for option in $("$tool" --help | grep -oE '(^|[ ,])--[a-z][a-z-]+' | grep -oE -- '--[a-z-]+' | sort -u); do
		grep -qE -- "$option([^a-z-]|\$)" "$chapter" || missing+=" $option"
	done
	[ -z "$missing" ] || fail "not in the chapter:$missing"
}

@test "misuse: no target, or more than one kind" {
	misuse 'no target: give one of -p PID, -n NAME, -a or -- COMMAND'
	misuse 'more than one target' -a -p 1
	misuse 'more than one target' -n x -- true
	misuse 'stray: unexpected word' -p 1 stray
}

@test "misuse: numbers, times and words" {
	misuse '-F 0: not a number from 1 to' -F 0 -p 1
	misuse '-F 1000000: not a number from 1 to' -F 1000000 -p 1
	misuse '-F x: not a number' -F x -p 1
	misuse '-t 0: not a number' -t 0 -p 1
	misuse '--event x: not one of clock, cycles' --event x -p 1
	misuse '--stacks x: not one of auto, dwarf, fp' --stacks x -p 1
	misuse '--min-wait x: not a duration' --off-cpu --min-wait x -p 1
	misuse '--min-wait is for --off-cpu and --wall' --min-wait 1ms -p 1
	misuse '--max-loss 101: not a number up to 100' --max-loss 101 -p 1
	misuse '--max-stacks 0: not a number' --max-stacks 0 -p 1
	misuse '-U and -K together leave no stack' -U -K -p 1
}

@test "misuse: formats" {
	misuse '-f x: not one of text, folded, svg' -f x -p 1
	misuse '-f : not one of' -f svg, -p 1 -o "$BATS_TEST_TMPDIR/x"
	misuse 'several formats need -o NAME' -f svg,text -p 1
	misuse '-i goes with one format' -f svg,text -i 1 -p 1
}

@test "misuse: --live without a terminal, or with a report that goes nowhere" {
	misuse '--live needs a terminal as standard input and output' --live -p 1
	misuse '--live needs a terminal as standard input and output' --live -p 1 </dev/null
	misuse '--live needs a terminal' --live -a -f svg -o "$BATS_TEST_TMPDIR/x.svg"
	[ ! -e "$BATS_TEST_TMPDIR/x.svg" ]
	need_command script
	# script gives it a terminal
	run script -qec "$tool --live -f svg -p 1" /dev/null </dev/null
	[ "$status" -eq 2 ]
	[[ ${lines[0]} == "cpu-sample: --live writes a report only with -o"* ]]
	run script -qec "$tool --live -p 1 | cat" /dev/null </dev/null
	[[ ${lines[0]} == "cpu-sample: --live needs a terminal"* ]]
}

@test "output: a file that is there, a directory that is not" {
	touch "$BATS_TEST_TMPDIR/there"
	exits 1 'cannot write' -p 1 -o "$BATS_TEST_TMPDIR/there"
	exits 1 'cannot write' -p 1 -o "$BATS_TEST_TMPDIR/no/where"
}

@test "no such process: status 3" {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	exits 3 'no process 4194300' -p 4194300 -d 1
	exits 3 'no process named' -n no-such-process-here -d 1
}

@test "without privileges: status 4, and what is missing" {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	run --separate-stderr setpriv --reuid 65534 --regid 65534 --clear-groups "$tool" -p $$ -d 1
	[ "$status" -eq 4 ]
	[[ "$stderr" == *"missing CAP_"* ]]
}
