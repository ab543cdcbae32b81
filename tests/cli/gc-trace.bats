#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The contract of gc-trace's command line: help, misuse, exit statuses, one clear line for each thing that is missing.

# shellcheck disable=SC2030,SC2031,SC2154 # variables of helpers.bash; each test is a shell of its own

bats_require_minimum_version 1.5.0
load ../support/helpers.bash

setup() {
	tool=$(tool gc-trace)
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
	[[ "${lines[0]}" == "Usage: gc-trace [OPTION...] -p PID"* ]]
	for option in --pid --name --subprocesses --stacks --js-tiers --format --max-collections --max-stacks --buffer --interval; do
		[[ "$output" == *"$option"* ]] || fail "no $option"
	done
}

@test "--version: name, version, libbpf's version" {
	run --separate-stderr "$tool" --version
	[ "$status" -eq 0 ]
	[[ "$output" =~ ^"gc-trace $(cat "$ROOT_DIR/VERSION") (libbpf "v?[0-9]+\.[0-9]+ ]]
}

@test "every long option is in the man page" {
	local option missing=
	need_command help2man man
	make -s -C "$ROOT_DIR" B="${BUILD:-build}" "${BUILD:-build}/man/gc-trace.8"
	MANWIDTH=200 man -l "$(built man/gc-trace.8)" | col -b >"$BATS_TEST_TMPDIR/page"
	for option in $(long_options); do
		grep -qE -- "$option([^a-z-]|\$)" "$BATS_TEST_TMPDIR/page" || missing+=" $option"
	done
	[ -z "$missing" ] || fail "not in the man page:$missing"
	grep -q 'SIGUSR1' "$BATS_TEST_TMPDIR/page"
}

@test "every loss of the report is explained in the chapter" {
	local loss
	for loss in $(grep -oE '"(lost_[a-z]+|broken_events|dropped_collections)", ' "$ROOT_DIR/user/report/gc_text.c" | tr -d '", '); do
		grep -qE "^\| \`$loss\` \|" "$ROOT_DIR/docs/01-v8-memory-management.md" || fail "$loss"
	done
}

@test "misuse: no target, or more than one kind" {
	misuse 'no target: give one of -p PID, -n NAME or -- COMMAND'
	misuse 'no target' --
	misuse 'more than one target' -n x -p 1
	misuse 'more than one target' -n x -- true
	misuse 'stray: unexpected word' -p 1 stray
	misuse "unrecognized option '--max-loss'" --max-loss 5 -p 1
}

@test "misuse: processes, times" {
	local bad
	for bad in '' 0 x '1,' ',1' -1 4194305 1,x; do
		misuse 'is not a process id' -p "$bad"
	done
	misuse '-d x: not a time' -d x -p 1
	misuse '-d 0: not a time' -d 0 -p 1
	misuse '-i 5x: not a time' -i 5x -p 1
}

@test "misuse: numbers, sizes and words" {
	local option bad
	for option in --max-collections --max-stacks; do
		for bad in 0 x -1 1.5 99999999999; do
			misuse "$option $bad: not a number from 1 to" "$option" "$bad" -p 1
		done
	done
	for bad in 0 x 2K 5000 2G -4K; do
		misuse "--buffer $bad: not a power of two from 4K to 1G" --buffer "$bad" -p 1
	done
	misuse '-T 0: not a number of rows' -T 0 -p 1
	misuse '--stacks=x: not one of auto, dwarf, fp' --stacks=x -p 1
	misuse '-f x: not one of text, json, trace, prometheus' -f x -p 1
	misuse '-f text,json: not one of' -f text,json -p 1
}

@test "misuse: values that are missing, and values that are none" {
	local option
	for option in --format --max-collections --max-stacks --buffer --pid --name --duration --interval --top --output; do
		misuse "option '$option' requires an argument" "$option"
	done
	for option in --js-tiers --subprocesses --force --quiet; do
		misuse "option '$option' doesn't allow an argument" "$option=1" -p 1
	done
}

@test "output: a file that is there, a directory that is not" {
	touch "$BATS_TEST_TMPDIR/there"
	unwritable 'File exists' "$BATS_TEST_TMPDIR/there"
	unwritable 'No such file or directory' "$BATS_TEST_TMPDIR/no/where"
}

@test "no such process: status 3, and no file" {
	need_root
	exits 3 'no process 4194300' -p 4194300 -d 1 -o "$BATS_TEST_TMPDIR/report"
	[ "${#stderr_lines[@]}" -eq 1 ]
	[ ! -e "$BATS_TEST_TMPDIR/report" ]
	exits 3 'no process named' -n no-such-process-here -d 1
}

@test "a thread of the kernel, a thread of a process: status 3" {
	need_root
	exits 3 '2 is a thread of the kernel' -p 2 -d 1
	start_threaded
	exits 3 "is a thread of process $target" -p "$thread" -d 1
	hints "use -p $target"
}

@test "a process without V8: status 5, one line and a hint" {
	need_root
	start_sleeper
	exits 5 "process $target (sleep): no V8: none of its functions in" -p "$target" -d 1
	hints 'gc-trace is for node'
}

@test "without privileges: status 4, and what is missing" {
	need_root
	runs 4 'missing CAP_' setpriv --reuid 65534 --regid 65534 --clear-groups "$tool" -p $$ -d 1
	hints 'run it with sudo'
}

@test "output: a file of one's own, once; --force replaces it; a full disk is an error" {
	need_root
	need_command node
	node -e 'setTimeout(() => {}, 100000)' 3>&- &
	target=$!
	sleep 0.3
	run -0 "$tool" -q -p "$target" -d 200ms -f json -o "$BATS_TEST_TMPDIR/report"
	[ -z "$output" ]
	[ "$(stat -c %a "$BATS_TEST_TMPDIR/report")" = 600 ]
	unwritable 'File exists' "$BATS_TEST_TMPDIR/report"
	grep -q '^{"schema":"gc-trace/1"' "$BATS_TEST_TMPDIR/report"
	run -0 "$tool" -q -p "$target" -d 200ms -o "$BATS_TEST_TMPDIR/report" --force
	grep -q 'No collection was seen' "$BATS_TEST_TMPDIR/report"
	# shellcheck disable=SC2016 # for the inner shell
	runs 1 'the report could not be written: No space left on device' \
		sh -c '"$1" -q -p "$2" -d 200ms >/dev/full' sh "$tool" "$target"
	kill "$target"
}
