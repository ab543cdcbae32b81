#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The contract of memleak-trace's command line: help, misuse, exit statuses, and one clear line for each thing that is
# missing.

# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2154 # variables of helpers.bash; programs for other shells; each test is a shell of its own

bats_require_minimum_version 1.5.0
load ../support/helpers.bash

setup() {
	tool=$(tool memleak-trace)
	shared=''
}

teardown() {
	end_started
	[ -z "$shared" ] || rm -rf "$shared"
}

# --- what it says about itself -------------------------------------------------------------------

@test "--help: usage and every group of options on stdout, without any privilege" {
	local option
	run --separate-stderr "$tool" --help
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	[[ "${lines[0]}" == "Usage: memleak-trace [OPTION...] -p PID"* ]]
	for option in --pid --name --duration --interval --format --output --sort --mmap --max-blocks --verbose; do
		[[ "$output" == *"$option"* ]] || fail "no $option"
	done
	run -0 "$tool" -h
	[[ "${lines[0]}" == "Usage: "* ]]
}

@test "--version: name, version, libbpf's version" {
	run --separate-stderr "$tool" --version
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	[ "${#lines[@]}" -eq 1 ]
	[[ "$output" =~ ^"memleak-trace $(cat "$ROOT_DIR/VERSION") (libbpf "v?[0-9]+\.[0-9]+ ]]
	run -0 "$tool" -V
}

# --- misuse ---------------------------------------------------------------------------------------

@test "misuse: an unknown option, a word too many, an argument that is missing" {
	misuse "unrecognized option '--nonsense'" --nonsense
	misuse "invalid option -- 'Z'" -Z
	misuse "requires an argument -- 'p'" -p
	misuse '1234: unexpected word' 1234
	misuse 'stray: unexpected word' -p 1 stray
}

@test "misuse: no target, or more than one kind" {
	misuse 'no target'
	misuse 'no target' -d 1
	misuse 'no target' --
	misuse 'more than one target' -p 1 -n init
	misuse 'more than one target' -p 1 -- true
	misuse 'more than one target' -n init -- true
	misuse '-n: the name is empty' -n ''
}

@test "misuse: process ids" {
	local list
	for list in 0 -1 x '' 1,x '1,' ',1' 1,,2 0x10 1.5 ' 1' 4194305 99999999999999999999; do
		misuse 'is not a process id' -p "$list"
	done
	misuse 'more than 64 processes' -p "$(seq -s, 1 65)"
}

@test "misuse: times" {
	local text
	for text in abc '' -1 1x 1..5 '1 s' 5ss 0; do
		misuse "-d $text: not a time" -d "$text" -p 1
		misuse "-i $text: not a time" -i "$text" -p 1
	done
	misuse 'too long' -d 99999999999999999d -p 1
	misuse '--older x: not a duration' --older x -p 1
}

@test "misuse: sizes, numbers and words" {
	misuse '--min-size x: not a size' --min-size x -p 1
	misuse '--max-size -1: not a size' --max-size=-1 -p 1
	misuse '--min-size is larger than --max-size' --min-size 2k --max-size 1k -p 1
	misuse '-T 0: not a number of rows' -T 0 -p 1
	misuse '-T x: not a number of rows' -T x -p 1
	misuse '--sort x: not one of bytes, count, growth, age' --sort x -p 1
	misuse '-f x: not one of text, json, folded' -f x -p 1
	misuse '--stacks x: not one of auto, dwarf, fp' --stacks x -p 1
	misuse '--max-loss 101: not a number up to 100' --max-loss 101 -p 1
	misuse '--max-hits x: not a number' --max-hits x -p 1
}

@test "misuse: tables of no or too many elements" {
	local table
	for table in --max-blocks --max-stacks --max-threads; do
		misuse "$table 0: a table needs room" "$table" 0 -p 1
		misuse "$table 999999999999: not a number up to" "$table" 999999999999 -p 1
		misuse "$table x: not a number up to" "$table" x -p 1
	done
}

# --- the output file, before anything is attached -------------------------------------------------

@test "output: a directory that is not there" {
	unwritable 'No such file or directory' "$BATS_TEST_TMPDIR/none/report"
}

@test "output: a directory, or a file taken for one" {
	: >"$BATS_TEST_TMPDIR/file"
	unwritable 'Not a directory' "$BATS_TEST_TMPDIR/file/report"
	unwritable 'File exists' "$BATS_TEST_TMPDIR"
	unwritable 'Is a directory' "$BATS_TEST_TMPDIR" --force
	unwritable 'Is a directory' "$BATS_TEST_TMPDIR/"
}

@test "output: a file that exists is kept unless --force" {
	echo mine >"$BATS_TEST_TMPDIR/file"
	unwritable 'File exists' "$BATS_TEST_TMPDIR/file"
	[ "$(cat "$BATS_TEST_TMPDIR/file")" = mine ]
}

@test "output: a symbolic link is not followed, even with --force" {
	echo mine >"$BATS_TEST_TMPDIR/file"
	ln -s file "$BATS_TEST_TMPDIR/link"
	ln -s nothing "$BATS_TEST_TMPDIR/dangling"
	unwritable 'File exists' "$BATS_TEST_TMPDIR/link"
	unwritable 'Too many levels of symbolic links' "$BATS_TEST_TMPDIR/link" --force
	unwritable 'Too many levels of symbolic links' "$BATS_TEST_TMPDIR/dangling" --force
	[ "$(cat "$BATS_TEST_TMPDIR/file")" = mine ]
	[ ! -e "$BATS_TEST_TMPDIR/nothing" ]
}

@test "output: a report is written whole, for its owner only, and nothing beside it" {
	need_root
	start_sleeper
	mkdir "$BATS_TEST_TMPDIR/out"
	run -0 --separate-stderr "$tool" -q -p "$target" -d 300ms -o "$BATS_TEST_TMPDIR/out/report"
	[ -z "$output" ]
	grep -q "^sleep (PID $target)" "$BATS_TEST_TMPDIR/out/report"
	[ "$(stat -c %a "$BATS_TEST_TMPDIR/out/report")" = 600 ]
	[ "$(ls -A "$BATS_TEST_TMPDIR/out")" = report ]
	echo mine >"$BATS_TEST_TMPDIR/out/report"
	run -0 "$tool" -q -p "$target" -d 300ms -o "$BATS_TEST_TMPDIR/out/report" --force
	grep -q "^sleep (PID $target)" "$BATS_TEST_TMPDIR/out/report"
}

@test "output: nothing is left of a run that fails later" {
	mkdir "$BATS_TEST_TMPDIR/out"
	run "$tool" -p 4194304 -d 1 -o "$BATS_TEST_TMPDIR/out/report"
	[ "$status" -eq 3 ] || [ "$status" -eq 4 ] # without root
	[ -z "$(ls -A "$BATS_TEST_TMPDIR/out")" ]
}

@test "output: a full disk is an error" {
	need_root
	start_sleeper
	runs 1 'the report could not be written: No space left on device' \
		sh -c '"$1" -q -p "$2" -d 300ms >/dev/full' sh "$tool" "$target"
	[ "${#stderr_lines[@]}" -eq 1 ]
}

@test "output: a reader that leaves is no error, and ends the run" {
	need_root
	start_sleeper
	SECONDS=0
	run --separate-stderr bash -c 'set -o pipefail; "$1" -q -p "$2" -d 30s -i 300ms | head -n 1' \
		bash "$tool" "$target"
	echo "status $status after $SECONDS s, stderr: $stderr"
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	[ "${#lines[@]}" -eq 1 ]
	[ "$SECONDS" -lt 15 ]
}

# --- the target -----------------------------------------------------------------------------------

@test "target: no such process" {
	need_root
	exits 3 'no process 4194304' -p 4194304
	[ "${#stderr_lines[@]}" -eq 1 ]
	start_sleeper
	exits 3 'no process 4194304' -p "$target,4194304" -d 1
}

@test "target: no process of that name; one of that name" {
	need_root
	exits 3 'no process named no-such-name' -n no-such-name
	cp "$(command -v sleep)" "$BATS_TEST_TMPDIR/name-$$"
	start "$BATS_TEST_TMPDIR/name-$$" 600
	wait_for 5 is_running "name-$$"
	run -0 --separate-stderr "$tool" -n "name-$$" -d 300ms
	[[ "$output" == *"name-$$ (PID $target)"* ]]
}

@test "target: a thread id, and whose it is" {
	need_root
	start_threaded
	exits 3 "$thread is a thread of process $target" -p "$thread"
	hints "use -p $target"
}

@test "target: a zombie" {
	need_root
	start_zombie
	exits 3 "no process $zombie" -p "$zombie"
}

@test "target: a static program without symbols" {
	need_root
	echo 'int pause(void); int main(void) { return pause(); }' >"$BATS_TEST_TMPDIR/bare.c"
	gcc -static -s -o "$BATS_TEST_TMPDIR/bare" "$BATS_TEST_TMPDIR/bare.c" || skip 'needs a static C library'
	start "$BATS_TEST_TMPDIR/bare"
	wait_for 5 is_running bare
	exits 5 "no allocator found in process $target (bare): looked for malloc in 1 mapped file" -p "$target"
	[[ "${stderr_lines[0]}" == *"$BATS_TEST_TMPDIR/bare (stripped of its symbols)" ]]
	hints 'symbol table'
}

@test "target: a Go program" {
	need_root
	[ -x "$(built tests/live/go-pure)" ] || fail 'not built: make check builds it'
	mkfifo "$BATS_TEST_TMPDIR/in"
	exec {target_in}<>"$BATS_TEST_TMPDIR/in"
	start "$(built tests/live/go-pure)"
	wait_for 5 grep -q '^ready' "$target_said"
	exits 5 "process $target (go-pure) is a Go program" -p "$target"
	hints "Go's own heap profile"
}

# A program for the 32-bit side of this machine that waits for signals, without a C library.
make_32_bit() {
	[ "$(uname -m)" = x86_64 ] || skip 'the 32-bit program is for x86'
	echo 'void _start(void) { for (;;) __asm__ volatile("int $0x80" : : "a"(29)); }' >"$BATS_TEST_TMPDIR/small.c"
	gcc -m32 -nostdlib -static -o "$BATS_TEST_TMPDIR/small" "$BATS_TEST_TMPDIR/small.c" ||
		skip 'this gcc makes no 32-bit programs'
}

@test "target: a 32-bit program" {
	need_root
	make_32_bit
	start "$BATS_TEST_TMPDIR/small"
	wait_for 5 is_running small || skip 'this kernel runs no 32-bit programs'
	exits 5 "process $target (small): $BATS_TEST_TMPDIR/small is not a 64-bit program" -p "$target"
	[ "${#stderr_lines[@]}" -eq 1 ]
	exits 5 "$BATS_TEST_TMPDIR/small is not a 64-bit program" -d 1 -- "$BATS_TEST_TMPDIR/small"
}

@test "command: not found, not executable" {
	need_root
	exits 3 'cannot run no-such-command: No such file or directory' -- no-such-command
	exits 3 'cannot run /no/such/path: No such file or directory' -- /no/such/path
	exits 3 'cannot run /etc/passwd: Permission denied' -- /etc/passwd
	exits 3 "cannot run $BATS_TEST_TMPDIR: Permission denied" -- "$BATS_TEST_TMPDIR"
}

@test "command: its output is its own, the report follows when it ends" {
	need_root
	run --separate-stderr "$tool" -q -- sh -c 'echo "from the command, $1"; exit 7' sh --pid
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = 'from the command, --pid' ]
	[[ "${lines[1]}" == 'memleak-trace '*' report of '* ]]
	[[ "$output" == *'(PID '*'ended'* ]]
}

# --- privileges and the kernel --------------------------------------------------------------------

# share_tool: $tool becomes a copy that can be run without the privilege to enter any directory.
share_tool() {
	shared=$(mktemp -d /tmp/memleak-trace.XXXXXX)
	chmod 0755 "$shared"
	install -m 0755 "$tool" "$shared/memleak-trace"
	tool=$shared/memleak-trace
}

@test "privileges: not root" {
	local as=()
	share_tool
	[ "$(id -u)" -ne 0 ] || as=(setpriv --reuid=65534 --regid=65534 --clear-groups)
	runs 4 'missing CAP_BPF' "${as[@]}" "$tool" -p $$ -d 1
	hints 'run it with sudo'
}

# without CAPABILITY...: a command prefix that takes them from root.
without() {
	local drop
	drop=$(printf ',-%s' "$@")
	prefix=(setpriv --bounding-set "${drop#,}" --inh-caps "${drop#,}")
}

@test "privileges: each capability that is missing is named" {
	local prefix
	need_root
	start_sleeper
	without sys_admin
	runs 4 'missing CAP_SYS_ADMIN' "${prefix[@]}" "$tool" -p "$target" -d 1
	hints CAP_SYS_ADMIN
	without sys_ptrace
	runs 4 'missing CAP_SYS_PTRACE' "${prefix[@]}" "$tool" -p "$target" -d 1
	without sys_admin bpf
	runs 4 'missing CAP_BPF' "${prefix[@]}" "$tool" -p "$target" -d 1
	without sys_admin perfmon
	runs 4 'missing CAP_PERFMON' "${prefix[@]}" "$tool" -p "$target" -d 1
}

@test "privileges: what the hint lists is enough" {
	local keep='-all,+bpf,+perfmon,+sys_ptrace,+sys_admin'
	need_root
	share_tool
	start_sleeper
	run --separate-stderr setpriv --bounding-set "$keep" --inh-caps "$keep" "$tool" -p "$target" -d 300ms
	echo "$stderr"
	[ "$status" -eq 0 ]
	[[ "$output" == *"sleep (PID $target)"* ]]
}

@test "privileges: CAP_SYS_ADMIN includes CAP_BPF and CAP_PERFMON" {
	local prefix
	need_root
	start_sleeper
	without bpf perfmon
	run -0 "${prefix[@]}" "$tool" -q -p "$target" -d 300ms
}

# hiding DIRECTORY: memleak-trace where that part of the kernel's tree is empty.
hiding() {
	unshare --mount sh -c 'mount -t tmpfs none "$1" && exec "$2" -p "$3" -d 1' sh "$1" "$tool" "$target"
}

@test "kernel: without BTF" {
	need_root
	start_sleeper
	runs 5 'kernel has no BTF (/sys/kernel/btf/vmlinux)' hiding /sys/kernel/btf
	hints CONFIG_DEBUG_INFO_BTF
}

@test "kernel: without uprobes" {
	need_root
	start_sleeper
	runs 5 'kernel has no uprobe events' hiding /sys/bus/event_source
	hints CONFIG_UPROBE_EVENTS
}

@test "kernel: in a PID namespace of its own" {
	need_root
	runs 5 "not the host's PID namespace" unshare --pid --fork --mount-proc "$tool" -p 1 -d 1
	hints '--pid=host'
}

# --- a run ----------------------------------------------------------------------------------------

@test "talk: one line that says what is traced; none with -q; more with -v" {
	local normal
	need_root
	start_sleeper
	run -0 --separate-stderr "$tool" -p "$target" -d 300ms
	[[ "$stderr" == "memleak-trace: tracing sleep (PID $target), "* ]]
	[ "${#stderr_lines[@]}" -eq 1 ]
	run -0 --separate-stderr "$tool" -q -p "$target" -d 300ms
	[ -z "$stderr" ]
	[[ "$output" == *"sleep (PID $target)"* ]]
	run -0 --separate-stderr "$tool" -v -p "$target" -d 300ms
	[ "${#stderr_lines[@]}" -gt 1 ]
	normal=${#stderr_lines[@]}
	[[ "$stderr" != *libbpf:* ]]
	run -0 --separate-stderr "$tool" -vv -p "$target" -d 300ms
	[ "${#stderr_lines[@]}" -ge "$normal" ]
}

@test "talk: -q keeps errors" {
	misuse '-d abc: not a time' -q -d abc -p 1
	need_root
	exits 3 'no process 4194304' -q -p 4194304
}

@test "signals: INT and TERM end it with the report and status 0" {
	local signal pid
	need_root
	start_sleeper
	for signal in INT TERM; do
		# not as a job of this shell, whose background jobs ignore INT
		env --default-signal=INT "$tool" -p "$target" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- &
		pid=$!
		started+=("$pid")
		wait_for 20 grep -q 'Ctrl-C stops' "$BATS_TEST_TMPDIR/err"
		kill "-$signal" "$pid"
		wait "$pid"
		grep -q "^sleep (PID $target)" "$BATS_TEST_TMPDIR/out"
	done
}

@test "formats: json is one document a report, folded is nothing but stacks" {
	need_root
	need_command jq
	start_sleeper
	run -0 --separate-stderr "$tool" -q -p "$target" -d 1 -i 400ms -f json
	[ "$(jq -s length <<<"$output")" -eq "${#lines[@]}" ]
	[ "${#lines[@]}" -ge 2 ]
	[ "$(jq -s 'map(.targets[0].pid) | unique | .[0]' <<<"$output")" -eq "$target" ]
	run -0 --separate-stderr "$tool" -q -p "$target" -d 300ms -f folded
	[ -z "$output" ] || ! grep -vE ' [0-9]+$' <<<"$output"
}

# --- what stays behind ----------------------------------------------------------------------------

# objects PID: "prog 12", "map 7", "link 3" ... that the process holds.
objects() {
	cat "/proc/$1"/fdinfo/* 2>/dev/null |
		sed -nE 's/^(prog|map|link)_id:[[:space:]]+([0-9]+)$/\1 \2/p' | sort -u
}

# gone OBJECTS: none of them is known to the kernel any more.
gone() {
	local kind id
	while read -r kind id; do
		! bpftool "$kind" show id "$id" >/dev/null 2>&1 || return 1
	done <<<"$1"
}

@test "leaves nothing: programs, maps and links are gone after Ctrl-C and after kill -9" {
	local signal pid held
	need_root
	need_command bpftool
	start_sleeper
	for signal in INT KILL; do
		env --default-signal=INT "$tool" -s --mmap -p "$target" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- &
		pid=$!
		started+=("$pid")
		wait_for 20 grep -q 'Ctrl-C stops' "$BATS_TEST_TMPDIR/err"
		held=$(objects "$pid")
		echo "$held"
		[ "$(grep -c '^prog' <<<"$held")" -ge 8 ]
		[ "$(grep -c '^map' <<<"$held")" -ge 6 ]
		[ "$(grep -c '^link' <<<"$held")" -ge 5 ]
		! gone "$(head -n 1 <<<"$held")"
		kill "-$signal" "$pid"
		wait "$pid" || [ "$signal" = KILL ]
		wait_for 10 gone "$held"
	done
}
