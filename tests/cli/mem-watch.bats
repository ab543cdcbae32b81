#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The contract of mem-watch's command line: help, misuse, exit statuses, one clear line for each thing that is missing. It
# needs no root for processes of one's own.

# shellcheck disable=SC2030,SC2031,SC2154 # variables of helpers.bash; each test is a shell of its own

bats_require_minimum_version 1.5.0
load ../support/helpers.bash

setup() {
	tool=$(tool mem-watch)
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
	[[ "${lines[0]}" == "Usage: mem-watch [OPTION...] -p PID"* ]]
	for option in --pid --name --subprocesses --format --buffers --max-samples --interval --duration --output --js-heap --yes; do
		[[ "$output" == *"$option"* ]] || fail "no $option"
	done
}

@test "--version: name and version" {
	run --separate-stderr "$tool" --version
	[ "$status" -eq 0 ]
	[[ "$output" == "mem-watch $(cat "$ROOT_DIR/VERSION")"* ]]
}

@test "every pool and figure of the report is explained in the chapter" {
	local words
	while read -r words; do
		grep -qF "| \`$words\` |" "$ROOT_DIR/docs/02-memory-leak-detection.md" || fail "$words"
	done < <(sed -nE 's/^\t\[MEMORY_POOL_[A-Z0-9_]+\] = \{ "[a-z0-9_]+", "([^"]+)" \},/\1/p' "$ROOT_DIR/user/profile/memory.c")
}

@test "every long option is in the man page" {
	local option missing=
	need_command help2man man
	make -s -C "$ROOT_DIR" B="${BUILD:-build}" "${BUILD:-build}/man/mem-watch.8"
	MANWIDTH=200 man -l "$(built man/mem-watch.8)" | col -b >"$BATS_TEST_TMPDIR/page"
	for option in $(long_options); do
		grep -qE -- "$option([^a-z-]|\$)" "$BATS_TEST_TMPDIR/page" || missing+=" $option"
	done
	[ -z "$missing" ] || fail "not in the man page:$missing"
	grep -q 'SIGUSR1' "$BATS_TEST_TMPDIR/page"
}

@test "misuse: no target, more than one kind, stray words" {
	misuse 'no target: give one of -p PID, -n NAME or -- COMMAND'
	misuse 'more than one target' -n x -p 1
	misuse 'stray: unexpected word' -p 1 stray
	misuse "unrecognized option '--buffer-stacks'" --buffer-stacks -p 1
}

@test "misuse: numbers, times and words" {
	local bad
	for bad in 0 15 x -1 1.5 99999999999; do
		misuse "--max-samples $bad: not a number from 16 to" --max-samples "$bad" -p 1
	done
	misuse '--buffers: with -f text and -f json alone' --buffers -f csv -p 1
	misuse '-i: not less than 10ms' -i 9ms -p 1
	misuse '-i 5x: not a time' -i 5x -p 1
	misuse '-d 0: not a time' -d 0 -p 1
	misuse '-f x: not one of text, json, csv, prometheus' -f x -p 1
	misuse '-f text,json: not one of' -f text,json -p 1
	for bad in '' 0 x '1,' ',1' -1 4194305 1,x; do
		misuse 'is not a process id' -p "$bad"
	done
}

@test "misuse: --js-heap with what it has no use for" {
	misuse '--js-heap: of one process, -p PID' --js-heap -n node
	misuse '--js-heap: of one process, -p PID' --js-heap -p 1,2
	misuse '--js-heap: of one process, not with -s' --js-heap -p 1 -s
	misuse '--js-heap: either -i or -d' --js-heap -p 1 -i 1s -d 2s
	misuse '--js-heap: -f text or json; constructors are too many' --js-heap -p 1 -f csv
	misuse '--js-heap: -f text or json; constructors are too many' --js-heap -p 1 -f prometheus
	misuse '--yes: only with --js-heap' --yes -p 1
}

@test "--js-heap of what has no V8, or is not there: one line, and no file" {
	start_sleeper
	exits 5 'has no V8, so no heap of JavaScript' --js-heap --yes -p "$target" -o "$BATS_TEST_TMPDIR/report"
	[ "${#stderr_lines[@]}" -eq 1 ]
	[ ! -e "$BATS_TEST_TMPDIR/report" ]
	exits 3 'no process 4194300' --js-heap --yes -p 4194300
}

@test "no such process: status 3, and no file" {
	exits 3 'no process 4194300' -p 4194300 -d 1 -o "$BATS_TEST_TMPDIR/report"
	[ "${#stderr_lines[@]}" -eq 1 ]
	[ ! -e "$BATS_TEST_TMPDIR/report" ]
	exits 3 'no process named' -n no-such-process-here -d 1
	exits 3 'cannot run' -d 1 -- /no/such/program
}

@test "a thread, a zombie: status 3" {
	start_threaded
	exits 3 "is a thread of process $target" -p "$thread" -d 1
	hints "use -p $target"
	start_zombie
	exits 3 "no process $zombie" -p "$zombie" -d 1
}

@test "a thread of the kernel: status 3" {
	need_root
	[ "$(cat /proc/2/comm)" = kthreadd ] || skip 'sees no threads of the kernel'
	exits 3 '2 is a thread of the kernel' -p 2 -d 1
}

@test "somebody else's process, without privileges: status 4 and a hint" {
	need_root
	start_sleeper
	runs 4 "process $target: " setpriv --reuid 65534 --regid 65534 --clear-groups "$tool" -p "$target" -d 1
	hints 'run it with sudo'
}

@test "--buffers: probes need root, one's own process or not: status 4" {
	need_root
	start_sleeper
	runs 4 'missing CAP_BPF' setpriv --reuid 65534 --regid 65534 --clear-groups "$tool" --buffers -p "$target" -d 1
}

@test "--buffers: a process that is no node makes none: status 5, one line, and no file" {
	need_root
	start_sleeper
	exits 5 'makes no Buffers: neither it nor a libnode.so of its has' --buffers -p "$target" -d 1 -o "$BATS_TEST_TMPDIR/report"
	[ "${#stderr_lines[@]}" -eq 1 ]
	[ ! -e "$BATS_TEST_TMPDIR/report" ]
}

@test "output: a file of one's own, once; --force replaces it; a full disk is an error" {
	start_sleeper
	run -0 "$tool" -q -p "$target" -i 50ms -d 200ms -f json -o "$BATS_TEST_TMPDIR/report"
	[ -z "$output" ]
	[ "$(stat -c %a "$BATS_TEST_TMPDIR/report")" = 600 ]
	unwritable 'File exists' "$BATS_TEST_TMPDIR/report"
	unwritable 'No such file or directory' "$BATS_TEST_TMPDIR/no/where"
	grep -q '^{"schema":"mem-watch/2"' "$BATS_TEST_TMPDIR/report"
	run -0 "$tool" -q -p "$target" -i 50ms -d 200ms -o "$BATS_TEST_TMPDIR/report" --force
	grep -q 'Resident memory by what it is for' "$BATS_TEST_TMPDIR/report"
	# shellcheck disable=SC2016 # for the inner shell
	runs 1 'the report could not be written: No space left on device' \
		sh -c '"$1" -q -p "$2" -d 200ms >/dev/full' sh "$tool" "$target"
}

@test "a reader that leaves ends it" {
	start_sleeper
	# shellcheck disable=SC2016 # for the inner shell
	run -0 timeout 20 bash -c 'set -o pipefail; "$1" -q -p "$2" -i 50ms -d 1 -f csv | head -n 1' bash "$tool" "$target"
}
