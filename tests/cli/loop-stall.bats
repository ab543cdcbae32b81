#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The contract of loop-stall's command line: help, misuse, exit statuses, one clear line for each thing that is missing.

# shellcheck disable=SC2030,SC2031,SC2154 # variables of helpers.bash; each test is a shell of its own

bats_require_minimum_version 1.5.0
load ../support/helpers.bash

setup() {
	tool=$(tool loop-stall)
}

teardown() {
	end_started
}

# long_options: those of --help, one per line.
long_options() {
	"$tool" --help | grep -oE '(^|[ ,])--[a-z][a-z-]+' | grep -oE -- '--[a-z-]+' | sort -u
}

@test "--help: usage and every group of options on stdout, without any privilege" {
	local option
	run --separate-stderr "$tool" --help
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	[[ "${lines[0]}" == "Usage: loop-stall [OPTION...] -p PID"* ]]
	for option in --pid --name --subprocesses --threshold --frequency --no-stacks --no-split --timers --stacks \
		--format --list --live --max-stalls --max-loops --max-stacks --buffer --interval; do
		[[ "$output" == *"$option"* ]] || fail "no $option"
	done
}

@test "--version: name, version, libbpf's version" {
	run --separate-stderr "$tool" --version
	[ "$status" -eq 0 ]
	[[ "$output" =~ ^"loop-stall $(cat "$ROOT_DIR/VERSION") (libbpf "v?[0-9]+\.[0-9]+ ]]
}

@test "every long option is in the man page" {
	local option missing=
	need_command help2man man
	make -s -C "$ROOT_DIR" B="${BUILD:-build}" "${BUILD:-build}/man/loop-stall.8"
	MANWIDTH=200 man -l "$(built man/loop-stall.8)" | col -b >"$BATS_TEST_TMPDIR/page"
	for option in $(long_options); do
		grep -qE -- "$option([^a-z-]|\$)" "$BATS_TEST_TMPDIR/page" || missing+=" $option"
	done
	[ -z "$missing" ] || fail "not in the man page:$missing"
	grep -q 'SIGUSR1' "$BATS_TEST_TMPDIR/page"
}

@test "misuse: no target, or more than one kind" {
	misuse 'no target: give one of -p PID, -n NAME or -- COMMAND'
	misuse 'no target' --
	misuse 'more than one target' -n x -p 1
	misuse 'more than one target' -n x -- true
	misuse 'stray: unexpected word' -p 1 stray
	misuse "invalid option -- 'a'" -a
	misuse "unrecognized option '--max-loss'" --max-loss 5 -p 1
}

@test "misuse: processes" {
	local bad
	for bad in '' 0 x '1,' ',1' -1 4194305 1,x; do
		misuse 'is not a process id' -p "$bad"
	done
}

@test "misuse: times" {
	local bad
	for bad in 0 x 20m5 -1ms 20xs; do
		misuse "--threshold $bad: not a duration" --threshold "$bad" -p 1
	done
	misuse '-d x: not a time' -d x -p 1
	misuse '-d 0: not a time' -d 0 -p 1
	misuse '-i 0: not a time' -i 0 -p 1
	misuse '-i 5x: not a time' -i 5x -p 1
}

@test "misuse: numbers" {
	local option bad
	for option in -F --max-loops --max-stalls --max-stacks; do
		for bad in 0 x -1 1.5 99999999999; do
			misuse "$option $bad: not a number from 1 to" "$option" "$bad" -p 1
		done
	done
	misuse '-F 10001: not a number from 1 to 10000' -F 10001 -p 1
	misuse '--max-loops 257: not a number from 1 to 256' --max-loops 257 -p 1
	misuse '-T 0: not a number of rows' -T 0 -p 1
}

@test "misuse: sizes and words" {
	local bad
	for bad in 0 x 2K 5000 2G -4K; do
		misuse "--buffer $bad: not a power of two from 4K to 1G" --buffer "$bad" -p 1
	done
	misuse '--stacks x: not one of auto, dwarf, fp' --stacks x -p 1
	misuse '-f x: not one of text, json, folded, trace, svg' -f x -p 1
	misuse '-f text,json: not one of' -f text,json -p 1
}

@test "misuse: values that are missing, and values that are none" {
	local option
	for option in --threshold --frequency --stacks --format --max-stalls --max-loops --max-stacks --buffer --pid \
		--name --duration --interval --top --output; do
		misuse "option '$option' requires an argument" "$option"
	done
	for option in --list --live --no-stacks --no-split --timers --subprocesses --force --quiet; do
		misuse "option '$option' doesn't allow an argument" "$option=1" -p 1
	done
}

@test "misuse: --live without a terminal, or with a report that goes nowhere" {
	misuse '--live needs a terminal as standard input and output' --live -p 1
	misuse '--live needs a terminal' --live -p 1 -f svg -o "$BATS_TEST_TMPDIR/x.svg"
	[ ! -e "$BATS_TEST_TMPDIR/x.svg" ]
	need_command script
	# script gives it a terminal
	run script -qec "$tool --live -f json -p 1" /dev/null </dev/null
	[ "$status" -eq 2 ]
	[[ ${lines[0]} == "loop-stall: --live writes a report only with -o"* ]]
}

@test "output: a file that is there, a directory that is not" {
	touch "$BATS_TEST_TMPDIR/there"
	unwritable 'File exists' "$BATS_TEST_TMPDIR/there"
	unwritable 'File exists' "$BATS_TEST_TMPDIR"
	unwritable 'No such file or directory' "$BATS_TEST_TMPDIR/no/where"
}

@test "no such process: status 3, and no file" {
	need_root
	exits 3 'no process 4194300' -p 4194300 -d 1 -o "$BATS_TEST_TMPDIR/report"
	[ "${#stderr_lines[@]}" -eq 1 ]
	[ ! -e "$BATS_TEST_TMPDIR/report" ]
	exits 3 'no process named' -n no-such-process-here -d 1
	[ "${#stderr_lines[@]}" -eq 1 ]
}

@test "a thread of the kernel, a thread of a process: status 3" {
	need_root
	exits 3 '2 is a thread of the kernel' -p 2 -d 1
	start_threaded
	exits 3 "is a thread of process $target" -p "$thread" -d 1
	hints "use -p $target"
}

@test "one of two processes is not there: status 3, and the other one is not watched" {
	need_root
	start_sleeper
	exits 3 'no process 4194300' -p "$target,4194300" -d 1
}

@test "without privileges: status 4, and what is missing" {
	need_root
	runs 4 'missing CAP_' setpriv --reuid 65534 --regid 65534 --clear-groups "$tool" -p $$ -d 1
	hints 'run it with sudo'
}

# hiding DIRECTORY: loop-stall where that part of the kernel's tree is empty.
# shellcheck disable=SC2016 # for the inner shell
hiding() {
	unshare --mount sh -c 'mount -t tmpfs none "$1" && exec "$2" -p "$3" -d 200ms' sh "$1" "$tool" "$target"
}

@test "kernel: without BTF status 5" {
	need_root
	start_sleeper
	runs 5 'kernel has no BTF' hiding /sys/kernel/btf
	hints CONFIG_DEBUG_INFO_BTF
}

@test "talk: one line that says what is watched; none with -q; more with -v" {
	need_root
	start_sleeper
	run -0 --separate-stderr "$tool" -p "$target" -d 200ms
	[[ "$stderr" == "loop-stall: watching the event loops of sleep (PID $target)" ]]
	[[ "$output" == *'No event loop was seen'* ]]
	run -0 --separate-stderr "$tool" -q -p "$target" -d 200ms
	[ -z "$stderr" ]
	run -0 --separate-stderr "$tool" -v -p "$target" -d 200ms
	[ "${#stderr_lines[@]}" -gt 1 ]
	misuse '-d abc: not a time' -q -d abc -p 1
}

@test "output: a full disk is an error" {
	need_root
	start_sleeper
	# shellcheck disable=SC2016 # for the inner shell
	runs 1 'the report could not be written: No space left on device' \
		sh -c '"$1" -q -p "$2" -d 200ms >/dev/full' sh "$tool" "$target"
	[ "${#stderr_lines[@]}" -eq 1 ]
}

@test "output: a file of one's own, once; --force replaces it" {
	need_root
	start_sleeper
	run -0 "$tool" -q -p "$target" -d 200ms -f json -o "$BATS_TEST_TMPDIR/report"
	[ -z "$output" ]
	[ "$(stat -c %a "$BATS_TEST_TMPDIR/report")" = 600 ]
	unwritable 'File exists' "$BATS_TEST_TMPDIR/report"
	grep -q '^{"schema":"loop-stall/2"' "$BATS_TEST_TMPDIR/report"
	run -0 "$tool" -q -p "$target" -d 200ms -o "$BATS_TEST_TMPDIR/report" --force
	grep -q '^loop-stall ' "$BATS_TEST_TMPDIR/report"
}
