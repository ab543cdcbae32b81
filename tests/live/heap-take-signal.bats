#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# heap-diff take --signal on running nodes: what node writes at the signal of --heapsnapshot-signal is taken; a signal that would
# end it is not sent, and no part of a file is left.
# May run beside another.

# shellcheck disable=SC2030,SC2031,SC2154 # each test is a subshell; variables of helpers.bash, live.bash, nodes.bash and heap_take.bash

bats_require_minimum_version 1.5.0
load ../support/helpers.bash
load ../support/live.bash
load ../support/nodes.bash
load ../support/heap_take.bash

setup() {
	take_setup
}

teardown() {
	live_teardown
	end_started
	if mountpoint -q small; then umount small; fi
}

# by_signal COUNT [WHAT]: heap-take.js that writes snapshots at SIGUSR2 into $written.
by_signal() {
	written=$BATS_TEST_TMPDIR/${written-written}
	mkdir -p "$written"
	program "--heapsnapshot-signal=SIGUSR2 --diagnostic-dir=$written" "$@"
}

# Node's own file is gone, and it lives.
is_left_alone() {
	[ -z "$(find "$written" -name 'Heap.*')" ] || fail 'a file of node is left'
	is_as_before
}

# begun: node has begun to write a snapshot.
begun() {
	[ -n "$(find "$written" -name 'Heap.*')" ]
}

@test "a series, and one later, share ids; node's files are gone, no inspector was open" {
	need_node 24.21.0
	by_signal 5000
	taken 0 'stood still' --signal --yes --series 2 --every 100ms -o a.heapsnapshot
	same 'names on standard output' $'a-1.heapsnapshot\na-2.heapsnapshot' "$output"
	target_say work
	target_truth work grown
	taken 0 'stood still' --signal --yes -o b.heapsnapshot
	same 'mode' 600 "$(stat -c %a a-2.heapsnapshot)"
	run ! grep -q Debugger "${target_out[work]}.err"
	is_left_alone
	run -1 "$tool" -f json a-1.heapsnapshot b.heapsnapshot
	jq -e '.classes[] | select(.class == "Session") | .by_id.new == 1000 and .by_id.deleted == 0' <<<"$output"
}

@test "node 18 writes to where it runs; NODE_OPTIONS counts; without --yes nothing is done" {
	need_node 18.20.8
	export NODE_OPTIONS='--no-warnings --heapsnapshot-signal=SIGUSR2'
	written=$BATS_TEST_TMPDIR
	program "--diagnostic-dir=/nowhere" 1000
	unset NODE_OPTIONS
	taken 1 '' --signal
	[[ $output == *"SIGUSR2 is sent"*"it writes to $written"*'Nothing was done'* ]]
	no_file
	taken 0 'stood still' --signal --yes -o a.heapsnapshot
	run -0 "$tool" top -f json a.heapsnapshot
	jq -e '.classes[] | select(.class == "Session") | .counts == [1000]' <<<"$output"
	is_left_alone
}

@test "in a container, with a number of its own" {
	need_command unshare
	need_node 20
	written=$BATS_TEST_TMPDIR
	target_start work unshare --pid --fork --kill-child "$node" --heapsnapshot-signal=SIGUSR2 "$ROOT_DIR/tests/live/heap-take.js" 1000
	work=$(pgrep -P "${target_job[work]}")
	taken 0 'stood still' --signal --yes -o a.heapsnapshot
	run -0 "$tool" top a.heapsnapshot
	is_left_alone
}

@test "one that nobody takes is not sent" {
	need_node 20
	program '' 1000
	taken 2 'was not started with --heapsnapshot-signal' --signal --yes
	is_as_before
	node_work_ends
	target_start work "$node" "$ROOT_DIR/tests/live/heap-take.js" 1000 own --heapsnapshot-signal=SIGUSR2
	work=${target_pid[work]}
	taken 2 'was not started with --heapsnapshot-signal' --signal --yes # it is the script's
	is_as_before
	node_work_ends
	target_start work "$node" --heapsnapshot-signal=SIGUSR2 -e 'process.removeAllListeners("SIGUSR2"); setInterval(() => 0, 1e6);
		console.log("ready " + process.pid)'
	work=${target_pid[work]}
	taken 2 'does not take the signal' --signal --yes
	kill -0 "$work"
	start_sleeper
	work=$target
	taken 2 'is no Node.js' --signal --yes
	kill -0 "$work"
	end_started
}

@test "what node could not write would end it, so it is not asked" {
	need_command setpriv
	need_node 20
	mkdir closed
	chmod 555 closed
	chmod 755 .
	target_start work setpriv --reuid 65534 --regid 65534 --clear-groups "$node" --heapsnapshot-signal=SIGUSR2 --diagnostic-dir=closed \
		"$ROOT_DIR/tests/live/heap-take.js" 1000
	work=${target_pid[work]} written=closed
	taken 2 "may not write to $PWD/closed" --signal --yes
	is_left_alone
	node_work_ends
	mkdir shared
	chgrp 4242 shared
	chmod 570 shared
	target_start work setpriv --reuid 65534 --regid 65534 --groups 4242 "$node" --heapsnapshot-signal=SIGUSR2 --diagnostic-dir=shared \
		"$ROOT_DIR/tests/live/heap-take.js" 1000
	work=${target_pid[work]}
	taken 1 '' --signal # it may, by a group
	node_work_ends
	mkdir small
	mount -t tmpfs -o size=1m none small
	written=small
	by_signal 1000
	taken 2 'too little room in' --signal --yes
	is_left_alone
	no_file
	node_work_ends
	umount small
}

@test "the process dies midway" {
	need_node 20
	by_signal 400000
	take_starts --signal --yes -o a.heapsnapshot
	wait_for 100 begun
	kill -KILL "$work"
	take_ends 2 "process $work has ended"
	no_file
}

@test "the disk fills up meanwhile, which ends node: nothing is left" {
	need_node 20
	mkdir small
	mount -t tmpfs -o size=400m none small
	written=small
	by_signal 400000
	take_starts --signal --yes -o a.heapsnapshot
	wait_for 100 begun
	dd if=/dev/zero of=small/other bs=1M status=none || true
	take_ends 2 "process $work has ended before its snapshot was written to the end"
	no_file
	umount small
}

@test "our disk is full, so node's file stays" {
	need_command unshare
	need_node 20
	by_signal 20000
	mkdir small
	run --separate-stderr unshare --mount sh -c 'mount -t tmpfs -o size=1m none "$1" && exec "$2" take -p "$3" --signal --yes -o "$1/a"' \
		sh "$PWD/small" "$tool" "$work"
	[ "$status" -eq 2 ]
	[[ $stderr == *"it is still there: $written/Heap."*'No space left on device'* ]]
	"$tool" top "$written"/Heap.*
	is_as_before
}

@test "a handler that was replaced, and a file that has another name" {
	need_node 20
	by_signal 1000 silent
	taken 2 'began no snapshot' --signal --yes
	is_left_alone
	node_work_ends
	program '--heapsnapshot-signal=SIGUSR2' 1000 linked
	taken 2 'not a regular file with one name' --signal --yes -o a
	[ ! -e a ]
	is_as_before
}

@test "Ctrl-C" {
	need_node 20
	by_signal 400000
	take_starts --signal --yes -o a.heapsnapshot
	wait_for 100 begun
	kill -INT "$job"
	take_ends 2 "interrupted: process $work may still write a snapshot to $written"
	[ -z "$(find . -maxdepth 1 -name '*a.heapsnapshot*')" ]
}
