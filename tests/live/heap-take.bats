#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# heap-diff take on running nodes: what it takes is what the program keeps, whatever goes wrong is said, and in the end no
# inspector is open and no part of a file is there. The programs' inspectors are given a port that is free.

# shellcheck disable=SC2154,SC2016,SC2030,SC2031 # variables of helpers.bash, live.bash and nodes.bash; programs for sh; each test is a subshell

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
	end_group
}

# --- what is taken --------------------------------------------------------------------------------

# series VERSION: between the two the program keeps 1000 more.
series() {
	need_node "$1"
	program '' 5000
	take_starts --yes --series 2 --every 8s -o a.heapsnapshot
	wait_for 100 test -f a-1.heapsnapshot
	target_say work
	target_truth work grown
	take_ends 0 'stood still'
	same 'names on standard output' $'a-1.heapsnapshot\na-2.heapsnapshot' "$(<out)"
	same 'mode' 600 "$(stat -c %a a-2.heapsnapshot)"
	is_as_before
	run -1 "$tool" -f json a-1.heapsnapshot a-2.heapsnapshot
	jq -e '.classes[] | select(.class == "Session") | .by_id.new == 1000 and .by_id.deleted == 0 and .counts == [5000, 6000]' <<<"$output" ||
		fail "$(jq -c '.classes[] | select(.class == "Session")' <<<"$output")"
}

@test "node 18: a series in one session, and its inspector is closed" {
	series 18.20.8
}

@test "node 20" {
	series 20
}

@test "node 22" {
	series 22.23.3
}

@test "node 24" {
	series 24.21.0
}

@test "node 25" {
	series 25.9.0
}

@test "one snapshot, under the name of the process" {
	need_node 20
	program '' 3000
	taken 0 'stood still' --yes
	same 'its name' "heap-$work.heapsnapshot" "$output"
	run -0 "$tool" top -f json "heap-$work.heapsnapshot"
	jq -e '.classes[] | select(.class == "Session") | .counts == [3000]' <<<"$output"
	is_as_before
	taken 2 'File exists' --yes
	is_as_before
	taken 0 '' --yes --force
}

@test "without --yes nothing is done" {
	need_node 20
	program '' 1000
	taken 1 ''
	[[ $output == *"SIGUSR1 is sent"*"port $port"*'stands still for about'*'more memory'*'Nothing was done'* ]]
	no_file
	run ! grep -q Debugger "${target_out[work]}.err"
	is_as_before
}

# --- what is no node, or not one that can be asked ------------------------------------------------

@test "other programs are sent no signal" {
	start_sleeper
	work=$target
	taken 2 'is no Node.js' --yes
	start_threaded
	work=$thread
	taken 2 'is a thread of process' --yes
	start_zombie
	work=$zombie
	taken 2 'there is no process' --yes
	for target in "${started[@]}"; do kill -0 "$target"; done
	end_started
}

# has_handler VERSION: it is found before the signal is sent; one without is not taken for one.
has_handler() {
	need_node "$1"
	program '' 1000 own
	taken 2 'has a handler of its own for SIGUSR1' --yes
	no_file
	run ! grep -q own "${target_out[work]}"
	is_as_before
	node_work_ends
	program '' 1000
	taken 1 ''
	[[ $output != *'a handler of its own'* ]]
}

@test "a handler of the program's own: node 18" {
	has_handler 18.20.8
}

@test "a handler of the program's own: node 20" {
	has_handler 20
}

@test "a handler of the program's own: node 22" {
	has_handler 22.23.3
}

@test "a handler of the program's own: node 24" {
	has_handler 24.21.0
}

@test "a handler of the program's own: node 25" {
	has_handler 25.9.0
}

@test "a handler of the program's own that cannot be seen: it takes the signal, and that is said" {
	need_command strip
	need_node 22.23.3
	strip -s -o "$BATS_TEST_TMPDIR/node" "$node"
	node=$BATS_TEST_TMPDIR/node
	program '' 1000 own
	taken 1 ''
	[[ $output == *'a handler of its own for SIGUSR1 would get it instead'* ]]
	taken 2 'opened no inspector after SIGUSR1' --yes
	[[ $stderr == *"a handler of the program's own"* ]]
	target_truth work own
	no_file
	is_as_before
}

@test "a handler that was removed: the signal would end the program" {
	need_node 20
	program '' 1000 removed
	taken 2 'takes no SIGUSR1' --yes
	is_as_before
}

@test "--disable-sigusr1" {
	need_node 24.21.0
	program --disable-sigusr1 1000
	taken 2 'takes no SIGUSR1' --yes
	is_as_before
}

@test "a flag that gives SIGUSR1 another meaning" {
	need_node 20
	program --heapsnapshot-signal=SIGUSR1 1000
	taken 2 'SIGUSR1 does something else' --yes
	no_file
	is_as_before
}

@test "a stopped process" {
	need_node 20
	program '' 1000
	kill -STOP "$work"
	taken 2 'is stopped' --yes
	kill -CONT "$work"
	is_as_before
}

# --- whose port, whose network --------------------------------------------------------------------

@test "the port is another program's" {
	need_node 20
	program '' 1000
	background holder python3 -c '
import socket, sys, time
s = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print("ready", flush=True)
time.sleep(600)' "$port"
	wait_for 10 grep -q ready holder
	taken 2 "port $port, which its inspector would take, is process $job's (python3)" --yes
	no_file
	run ! grep -q Debugger "${target_out[work]}.err"
}

@test "two nodes that want one port: the one with an open inspector is used and keeps it" {
	local first

	need_node 20
	node_work "--inspect=127.0.0.1:$port" heap-take.js 2000
	first=$work
	background other "$node" --inspect-port="$port" "$ROOT_DIR/tests/live/heap-take.js" 1000
	wait_for 10 grep -q ready other
	work=$job
	taken 2 "is process $first's" --yes
	work=$first
	taken 0 'stood still' --yes -o first.heapsnapshot
	listens
	run -0 "$tool" top -f json first.heapsnapshot
	jq -e '.classes[] | select(.class == "Session") | .counts == [2000]' <<<"$output"
}

@test "a container, with network and PID namespaces of its own: root enters it, others are told" {
	need_command unshare setpriv ip
	need_node 20
	target_start work unshare --net --pid --fork --kill-child sh -c 'ip link set lo up && exec setpriv --reuid 65534 \
		--regid 65534 --clear-groups "$@"' sh "$node" "$ROOT_DIR/tests/live/heap-take.js" 1000
	work=$(pgrep -P "${target_job[work]}") port=9229
	live_jobs+=("$work") # that its parent ends it does not outlast the change of user
	run --separate-stderr setpriv --reuid 65534 --regid 65534 --clear-groups "$tool" take -p "$work" --yes -o b
	[ "$status" -eq 2 ]
	[[ $stderr == *'another network namespace, which only root may enter'*"sudo heap-diff take -p $work"* ]]
	taken 0 'stood still' --yes -o a.heapsnapshot
	is_as_before
	run -0 "$tool" top a.heapsnapshot
}

# --- what goes wrong meanwhile --------------------------------------------------------------------

@test "the process dies midway" {
	need_node 20
	program '' 400000
	take_starts --yes -o a.heapsnapshot
	wait_for 100 some_bytes a.heapsnapshot
	kill -KILL "$work"
	take_ends 2 "process $work has ended"
	no_file
}

@test "Ctrl-C midway: no file, the inspector is closed" {
	need_node 20
	program '' 400000
	take_starts --yes --series 2 -o a.heapsnapshot
	wait_for 100 some_bytes a-1.heapsnapshot
	kill -INT "$job"
	take_ends 2 'interrupted: a-1.heapsnapshot is not written'
	no_file
	is_as_before
}

@test "Ctrl-C twice: it leaves at once, and says that the inspector is open" {
	need_node 20
	program '' 400000
	take_starts --yes -o a.heapsnapshot
	wait_for 100 some_bytes a.heapsnapshot
	kill -STOP "$work" # it would finish
	kill -INT "$job"
	wait_for 10 grep -q "waiting for process $work to finish" out.err
	kill -INT "$job"
	take_ends 2 "the inspector of process $work stays open at port $port"
	no_file
	listens
}

@test "SIGTERM between two: what is written stays" {
	need_node 20
	program '' 1000
	take_starts --yes --series 2 --every 1h -o a.heapsnapshot
	wait_for 100 test -f a-1.heapsnapshot
	kill -TERM "$job"
	take_ends 2 'interrupted between two snapshots'
	run -0 "$tool" top a-1.heapsnapshot
	[ "$(find . -name '*heapsnapshot*' | wc -l)" -eq 1 ]
	is_as_before
}

@test "the inspector is closed by somebody else midway" {
	need_node 20
	program '' 1000
	take_starts --yes --series 2 --every 1h -o a.heapsnapshot
	wait_for 100 test -f a-1.heapsnapshot
	target_say work end
	take_ends 2 "process $work closed the session"
	[ "$(find . -name '*heapsnapshot*' | wc -l)" -eq 1 ]
	is_as_before
}

@test "the disk is full" {
	need_command unshare
	need_node 20
	program '' 20000
	mkdir small
	run --separate-stderr unshare --mount sh -c 'mount -t tmpfs -o size=1m none "$1" && exec "$2" take -p "$3" --yes -o "$1/a"' \
		sh "$PWD/small" "$tool" "$work"
	[ "$status" -eq 2 ]
	[[ $stderr == *'No space left on device'* ]]
	is_as_before
}

@test "too little memory in its cgroup" {
	need_node 20
	program '' 100000
	in_group $((80 << 20)) "$work"
	taken 2 'too little memory' --yes
	[[ $stderr == *'its control group has'* ]]
	no_file
	is_as_before
}
