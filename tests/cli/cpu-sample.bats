#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The contract of cpu-sample's command line: help, misuse, exit statuses, one clear line for each thing that is missing.

# shellcheck disable=SC2030,SC2031,SC2154 # variables of helpers.bash; each test is a shell of its own

bats_require_minimum_version 1.5.0
load ../support/helpers.bash

setup() {
	tool=$(tool cpu-sample)
}

teardown() {
	end_started
}

# writes STATUS ARGUMENT...: a run that ends so and says nothing but on standard output.
writes() {
	local expected=$1
	shift
	run --separate-stderr "$tool" -q "$@" </dev/null
	echo "with $*: status $status, stderr: $stderr"
	[ "$status" -eq "$expected" ]
	[ -z "$stderr" ]
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
	[ -z "$stderr" ]
	[ "${#lines[@]}" -eq 1 ]
	[[ "$output" =~ ^"cpu-sample $(cat "$ROOT_DIR/VERSION") (libbpf "v?[0-9]+\.[0-9]+ ]]
}

# --- misuse ---------------------------------------------------------------------------------------

@test "misuse: no target, or more than one kind" {
	misuse 'no target: give one of -p PID, -n NAME, -a or -- COMMAND'
	misuse 'no target' --
	misuse 'more than one target' -a -p 1
	misuse 'more than one target' -a -n x
	misuse 'more than one target' -a -- true
	misuse 'more than one target' -p 1 -- true
	misuse 'more than one target' -n x -- true
	misuse 'stray: unexpected word' -p 1 stray
}

@test "misuse: options that are not there, or without what they need" {
	local option
	misuse "unrecognized option '--nonsense'" --nonsense -p 1
	misuse "invalid option -- 'Z'" -Z -p 1
	for option in p n t F d i f o T; do
		misuse "option requires an argument -- '$option'" -$option
	done
	for option in pid name tid frequency event min-wait stacks title max-stacks max-loss duration interval format output top; do
		misuse "option '--$option' requires an argument" --$option
	done
	for option in all off-cpu wall threads user-stacks-only kernel-stacks-only subprocesses force quiet; do
		misuse "option '--$option' doesn't allow an argument" --$option=1 -p 1
	done
}

@test "misuse: process and thread numbers" {
	local number
	for number in 0 -1 x 1x '' '1,' 4194305 99999999999999999999 0x10 ' 1'; do
		misuse 'is not a process id (1 to 4194304)' -p "$number"
		misuse "-t $number: not a number from 1 to 4194304" -t "$number" -p 1
	done
	misuse 'is not a process id' -p 1,,2
	misuse 'is not a process id' -p ,1
}

@test "misuse: rates and other numbers" {
	local number
	for number in 0 -1 20001 1000000 x '' 99.5 1e3 18446744073709551616; do
		misuse "-F $number: not a number from 1 to 20000" -F "$number" -p 1
	done
	for number in 0 -1 x '' 16777217; do
		misuse "--max-stacks $number: not a number from 1 to 16777216" --max-stacks "$number" -p 1
	done
	for number in 101 -1 x '' 0.5 1%; do
		misuse "--max-loss $number: not a number up to 100" --max-loss "$number" -p 1
	done
	for number in 0 -1 x ''; do
		misuse "-T $number: not a number of rows" -T "$number" -p 1
	done
}

@test "misuse: times and words" {
	local text
	for text in 0 x '' -1 1h30 5,5; do
		misuse "-d $text: not a time" -d "$text" -p 1
		misuse "-i $text: not a time" -i "$text" -p 1
		misuse "--min-wait $text: not a duration" --off-cpu --min-wait "$text" -p 1
	done
	for text in x '' clock,cycles Clock; do
		misuse "--event $text: not one of clock, cycles" --event "$text" -p 1
	done
	for text in x '' auto,fp lbr; do
		misuse "--stacks $text: not one of auto, dwarf, fp" --stacks "$text" -p 1
	done
}

@test "misuse: what does not go together" {
	misuse '--min-wait is for --off-cpu and --wall' --min-wait 1ms -p 1
	misuse '-U and -K together leave no stack' -U -K -p 1
	misuse '-i goes with one format' -f svg,text -i 1 -p 1
	misuse 'several formats need -o NAME' -f svg,text -p 1
	misuse 'several formats need -o NAME' -f svg,text -o - -p 1
}

@test "misuse: formats" {
	misuse '-f x: not one of text, folded, svg' -f x -p 1
	misuse '-f : not one of' -f svg, -p 1 -o "$BATS_TEST_TMPDIR/x"
	misuse '-f : not one of' -f '' -p 1
	misuse '-f SVG: not one of' -f SVG -p 1
	[ ! -e "$BATS_TEST_TMPDIR/x" ]
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

# --- the output file, before anything is attached -------------------------------------------------

@test "output: what cannot be written is known first" {
	: >"$BATS_TEST_TMPDIR/file"
	unwritable 'No such file or directory' "$BATS_TEST_TMPDIR/none/report"
	unwritable 'Not a directory' "$BATS_TEST_TMPDIR/file/report"
	unwritable 'File exists' "$BATS_TEST_TMPDIR"
	unwritable 'Is a directory' "$BATS_TEST_TMPDIR" --force
}

@test "output: a file that is there is kept, a link is not followed" {
	echo mine >"$BATS_TEST_TMPDIR/file"
	ln -s file "$BATS_TEST_TMPDIR/link"
	unwritable 'File exists' "$BATS_TEST_TMPDIR/file"
	unwritable 'File exists' "$BATS_TEST_TMPDIR/link"
	unwritable 'File exists' "$BATS_TEST_TMPDIR/file" -f svg
	[ "$(cat "$BATS_TEST_TMPDIR/file")" = mine ]
}

@test "output: of several formats one is in the way: none is written" {
	echo mine >"$BATS_TEST_TMPDIR/r.svg"
	exits 1 "cannot write $BATS_TEST_TMPDIR/r.svg: File exists" -p $$ -d 1 -o "$BATS_TEST_TMPDIR/r" -f text,svg,json
	[ "$(cat "$BATS_TEST_TMPDIR"/r.*)" = mine ]
}

@test "output: several formats, each with the ending that its readers know" {
	need_root
	start_sleeper
	writes 0 -p "$target" -d 200ms -o "$BATS_TEST_TMPDIR/r" -f text,folded,svg,speedscope,pprof,cpuprofile,json
	[ -z "$output" ]
	[ "$(cd "$BATS_TEST_TMPDIR" && printf '%s\n' r.* | LC_ALL=C sort | xargs)" = \
		'r.cpuprofile r.folded r.json r.pb.gz r.speedscope.json r.svg r.txt' ]
	exits 1 'File exists' -p "$target" -d 200ms -o "$BATS_TEST_TMPDIR/r" -f text,svg
	writes 0 -p "$target" -d 200ms -o "$BATS_TEST_TMPDIR/r" -f text,svg --force
	# one format: the name as it was given
	writes 0 -p "$target" -d 200ms -o "$BATS_TEST_TMPDIR/one" -f json
	python3 -m json.tool <"$BATS_TEST_TMPDIR/one" >/dev/null
}

@test "output: a full device fails, after the run" {
	need_root
	[ -c /dev/full ] || skip 'needs /dev/full'
	start_sleeper
	run -1 --separate-stderr sh -c '"$1" -q -p "$2" -d 200ms >/dev/full' sh "$tool" "$target"
	[[ "$stderr" == "cpu-sample: the report could not be written: No space left on device"* ]]
}

# --- the target -----------------------------------------------------------------------------------

@test "target: no such process, no process of that name" {
	need_root
	exits 3 'no process 4194304' -p 4194304 -d 1
	[ "${#stderr_lines[@]}" -eq 1 ]
	start_sleeper
	exits 3 'no process 4194304' -p "$target,4194304" -d 1
	exits 3 'no process named no-such-process-here' -n no-such-process-here -d 1
	exits 3 "no thread 4194304 in what is sampled" -p "$target" -t 4194304 -d 1
}

@test "target: one of that name" {
	need_root
	cp "$(command -v sleep)" "$BATS_TEST_TMPDIR/name-$$"
	start "$BATS_TEST_TMPDIR/name-$$" 600
	wait_for 5 is_running "name-$$"
	writes 0 -n "name-$$" -d 300ms
	[[ "$output" == *"name-$$ (PID $target)"* ]]
}

@test "target: a zombie is none, a thread has a process, the kernel's threads have -a" {
	need_root
	start_zombie
	exits 3 "no process $zombie" -p "$zombie" -d 1
	start_threaded
	exits 3 "$thread is a thread of process $target" -p "$thread" -d 1
	hints "use -p $target"
	[ "$(cat /proc/2/comm 2>/dev/null)" = kthreadd ] || skip 'no threads of the kernel to be seen here'
	exits 3 '2 is a thread of the kernel' -p 2 -d 1
	hints 'use -a'
}

@test "target: a command that is none, its own status, its end before -d" {
	need_root
	exits 3 'cannot run no-such-command: No such file or directory' -- no-such-command
	exits 3 'cannot run /etc/passwd: Permission denied' -- /etc/passwd
	SECONDS=0
	writes 0 -d 60 -- sh -c 'exit 3'
	[ "$SECONDS" -lt 30 ]
}

@test "without privileges: status 4, and what is missing" {
	need_root
	start_sleeper
	runs 4 'missing CAP_' setpriv --reuid 65534 --regid 65534 --clear-groups "$tool" -p "$target" -d 1
	[[ "${stderr_lines[1]}" == "  hint: "* ]]
	runs 4 'missing CAP_' setpriv --bounding-set=-perfmon,-sys_admin --inh-caps=-perfmon,-sys_admin "$tool" -p "$target" -d 1
	# help and misuse need none
	run -0 setpriv --reuid 65534 --regid 65534 --clear-groups "$tool" --help
	run -2 setpriv --reuid 65534 --regid 65534 --clear-groups "$tool" -F 0
}

@test "too much lost: the report, and status 6" {
	need_root
	[ -x "$(built tests/live/cpu-work)" ] || skip 'needs tests/live/cpu-work'
	start bash -c 'exec "$0" burn < <(echo)' "$(built tests/live/cpu-work)"
	run -6 --separate-stderr "$tool" -q -a -F 999 -d 1 --max-stacks 1 --max-loss 0
	[[ "$output" == *'raise --max-stacks'* ]]
	writes 0 -a -F 999 -d 1 --max-stacks 1 --max-loss 100
}

@test "-i: a report each time, and one at the end" {
	need_root
	start_sleeper
	writes 0 -p "$target" -i 300ms -d 1 -f json
	[ "${#lines[@]}" -ge 3 ]
	for line in "${lines[@]}"; do python3 -m json.tool <<<"$line" >/dev/null; done
}

@test "an unread pipe ends it quietly" {
	need_root
	start_sleeper
	run -0 --separate-stderr bash -c '"$1" -q -p "$2" -i 100ms -d 30 | head -n 1 >/dev/null; exit "${PIPESTATUS[1]}"' \
		bash "$tool" "$target"
	[ -z "$stderr" ]
}
