#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# loop-stall --live, driven in a terminal by tmux: what holds a loop up while it does, the lists, one of them in full, and
# that the terminal is as before however it ends. What all live screens share is in cpu-sample-live.bats.

# shellcheck disable=SC2154,SC2016 # variables of live.bash; programs for jq

load ../support/helpers.bash
load ../support/live.bash
load ../support/screen.bash

setup() {
	live_setup
	need_command jq curl
	screen_setup "$(tool loop-stall)"
}

teardown() {
	screen_teardown
	live_teardown
	stop_server
}

# holds_up KIND MS: the server's loop, in the background.
holds_up() {
	curl -s "http://127.0.0.1:$SERVER_PORT/$1?ms=$2" >/dev/null 3>&- &
}

# over N: so many stalls have ended, on the screen.
over() {
	shows "^[0-9]+ loops?, $1 stalls? over"
}

@test "what holds a loop up is said while it does; then it is in the lists, with its stack" {
	start_server profiling/stalling-server
	terminal 120 40
	live -p "$SERVER_PID" --threshold 200ms
	sees '^loop-stall: stalling-server \(PID [0-9]+\), stalls from 200 ms, .* own cost [0-9.]+ % of a CPU, [0-9.]+ MiB'
	sees '^> .* stalling-server \(TID [0-9]+\)'
	holds_up sleep 4000
	sees '^stalling-server \(TID [0-9]+\) stuck for [0-9.]+ s in clock_nanosleep'
	sees '^> +100\.0 % +0 .* stuck'
	sees '^1 loop, 0 stalls over .* 1 going on; lost 0'
	keys s
	sees '^> .* [0-9.]+ s  clock_nanosleep '
	wait_for 20 over 1
	sees '^> .* 4\.[0-9]+ s  clock_nanosleep +(pause_ns|stall_sleeping)'
	hides 'stuck for'
	holds_up compute 500
	wait_for 20 over 2
	sees '^> .* [0-9]+ ms  computing +compute_step'
	sees '^  .* 4\.[0-9]+ s  clock_nanosleep'
	keys Down Enter
	sees '= running .* \+ sleep 4[0-9]{3}'
	sees 'clock_nanosleep \(sleep\):'
	sees 'stall_sleeping .*asleep\.c:[0-9]+ +\[stalling-server\]'
	keys BSpace
	sees '^> .* 4\.[0-9]+ s  clock_nanosleep'
	keys c
	sees '^> +[89][0-9]\.[0-9] % .* 1  clock_nanosleep .* (pause_ns < stall_sleeping|stall_sleeping < stall)'
	sees '^  +[0-9.]+ % .* running +compute_step < stall_computing'
	keys Enter
	sees '^#1  [89][0-9]\.[0-9] %: (pause_ns|stall_sleeping)'
	keys l Enter
	sees '^Loop stalling-server .* waits in epoll'
	sees '^  max +4\.[0-9]+ s +4\.[0-9]+ s'
	keys q
	ended_with 0
}

@test "two loops; space freezes the screen, and lets it go on" {
	local frozen
	start_server profiling/stalling-server --loops 2
	terminal 100 30
	live -p "$SERVER_PID" --threshold 200ms
	sees '^2 loops, '
	keys s Space
	sees '^FROZEN '
	frozen=$(pane)
	holds_up sleep 300
	sleep 2.5
	same 'the screen' "$frozen" "$(pane)"
	keys Space
	wait_for 20 over 1
	hides FROZEN
	sees '^> .* clock_nanosleep'
	keys q
	ended_with 0
}

@test "a terminal that changes its size, small ones, help" {
	start_server profiling/stalling-server
	terminal 100 30
	live -p "$SERVER_PID"
	keys '?'
	sees 'space +freeze the figures'
	keys x
	sees 'loops by time busy'
	resizes loop-sta 'own cost'
	keys q
	ended_with 0
}

@test "the terminal is as before: Ctrl-C, signals, a crash, Ctrl-Z" {
	local signal
	start_server profiling/stalling-server
	terminal 100 30
	live -p "$SERVER_PID"
	keys C-c
	ended_with 0
	for signal in TERM HUP QUIT SEGV; do
		rm -f "$after"
		live -p "$SERVER_PID"
		kill -"$signal" "$live"
		[ "$signal" = SEGV ] || ended_with 0
	done
	ended_with "$((128 + $(kill -l SEGV)))"
	rm -f "$after"
	live -p "$SERVER_PID"
	keys C-z
	sees 'Stopped'
	same 'screen' 0 "$(mux display-message -p '#{alternate_on}')"
	rm -f "$after" "$status" # the list ended when it stopped
	keys fg Enter
	sees 'q quit'
	keys q
	sees '^\$$'
}

@test "a target that ends: its last figures stay" {
	start_server profiling/stalling-server
	terminal 100 30
	live -p "$SERVER_PID" --threshold 200ms
	holds_up sleep 300
	wait_for 20 over 1
	kill -KILL "$SERVER_PID"
	sees '^ENDED  loop-stall: stalling-server'
	sees '^> .* ended'
	keys s Enter
	sees 'stall_sleeping'
	keys q
	ended_with 0
}

@test "-- COMMAND, -i, -d; -o: the report of the whole run, and nothing on the terminal" {
	local stalls
	terminal 100 30
	live -s --threshold 100ms -i 200ms -d 12 -f json -o "$BATS_TEST_TMPDIR/report.json" -- \
		sh -c "'(sleep 2; echo; sleep 6; echo) | $programs/loop-work stalls sleep 5 150'"
	sees '^> .* loop-work'
	ended_with 0
	hides 'ready|\{'
	stalls=$(jq '[.data[] | select(.parts_ns.sleep >= 140e6)] | length' "$BATS_TEST_TMPDIR/report.json")
	same 'stalls' 5 "$stalls"
}

@test "what it costs is bounded, and said" {
	start_server profiling/stalling-server --mix 7,400
	terminal 110 30
	live -p "$SERVER_PID"
	wait_for 60 shows '^1 loop, [0-9]{3,} stalls over' # by then most stacks have their names, which is not the screen's cost
	keys c
	sees '^> .* < '
	costs_at_most 15 12 # a twentieth for figures, and what goes on anyway
	keys q
	ended_with 0
}
