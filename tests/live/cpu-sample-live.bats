#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# cpu-sample --live, driven in a terminal by tmux: its figures, its keys, and that the terminal is as before however it
# ends.

# shellcheck disable=SC2154,SC2016 # variables of live.bash; text for the shell in the terminal

load ../support/helpers.bash
load ../support/live.bash
load ../support/sampler.bash
load ../support/screen.bash

setup() {
	sampler_setup
	need_command jq curl python3
	screen_setup "$sampler"
}

teardown() {
	screen_teardown
	live_teardown
	stop_server
}

# has_samples N: so many are on the screen.
has_samples() {
	local count
	count=$(pane | sed -nE 's/^([0-9]+) (samples|waits), .*/\1/p')
	[ "${count:-0}" -ge "$1" ]
}

# row NAME: its first share, its second (whole per cent).
row() {
	pane | sed -nE "s/^[> ] *([0-9]+)\.[0-9] % +([0-9]+)\.[0-9] % .*[ ]$1 .*/\1 \2/p" | head -n 1
}

@test "figures are near the truth, by self, by total, by name, filtered" {
	start_server profiling/busy-server --burn
	terminal 110 50
	live -p "$SERVER_PID" -F 999
	wait_for 120 has_samples 2000
	sees 'busy-server \(PID [0-9]+\), cpu-clock at 999 Hz, .* own cost [0-9.]+ % of a CPU, [0-9.]+ MiB'
	sees 'lost 0; stacks (100.0|99.[0-9]) % complete'
	keys t
	sees 'functions by time with what they call'
	keys / hash_body Enter
	sees "1 of [0-9]+ functions, those with 'hash_body'"
	keys Space
	sees '^FROZEN '
	truth >"$BATS_TEST_TMPDIR/truth"
	python3 - "$BATS_TEST_TMPDIR/truth" "$(row hash_body)" <<-'PYTHON'
		import json, sys
		mix = json.load(open(sys.argv[1]))["mix"]
		truth = 100 * next(f["cpu_ns"] for f in mix["functions"] if f["function"] == "hash_body") / mix["thread_cpu_ns"]
		found = int(sys.argv[2].split()[1])
		print(f"hash_body: {found} %, truth {truth:.1f} %", file=sys.stderr)
		sys.exit(abs(found - truth) > 4)
	PYTHON
	keys Escape n / busy-server Enter
	sees "those with 'busy-server', by name"
	pane | sed -nE 's/^[> ].*% +[0-9.]+ % [ #]* ([^ ]+) +busy-server *$/\1/p' >"$BATS_TEST_TMPDIR/names"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/names")" -ge 5 ]
	LC_ALL=C sort -c "$BATS_TEST_TMPDIR/names"
	keys q
	ended_with 0
}

@test "space freezes the screen, and lets it go on; c counts anew" {
	local frozen
	work_start burn
	terminal 100 30
	live -p "$work" -F 499
	wait_for 60 has_samples 300
	keys Space
	sees '^FROZEN '
	frozen=$(pane)
	sleep 2.5
	same 'the screen' "$frozen" "$(pane)"
	keys Space
	wait_for 20 has_samples "$(($(sed -nE 's/^([0-9]+) samples.*/\1/p' <<<"$frozen") + 100))"
	hides FROZEN
	keys c
	wait_for 10 not_yet_samples 200
	wait_for 60 has_samples 300
	keys q
	ended_with 0
}

not_yet_samples() {
	! has_samples "$1"
}

@test "Enter: callers above, callees below, and the way back" {
	work_start burn
	terminal 100 30
	live -p "$work" -F 499 -U
	wait_for 60 has_samples 200
	sees '^> +[0-9.]+ % .* work +cpu-work'
	keys Enter
	sees 'callers and callees of work'
	sees '^> +100\.0 % .* work +cpu-work'
	sees '^  +[0-9.]+ % .*called by +burn_main +cpu-work'
	sees '^  +100\.0 % .* itself'
	[ "$(pane | grep -n 'called by .*burn_main' | cut -d: -f1)" -lt "$(pane | grep -n '^>' | cut -d: -f1)" ]
	keys Up Enter
	sees 'callers and callees of burn_main'
	sees 'called by +run +cpu-work'
	sees 'calls +work +cpu-work'
	[ "$(pane | grep -n 'calls  *work ' | cut -d: -f1)" -gt "$(pane | grep -n '^>' | cut -d: -f1)" ]
	keys BSpace
	sees 'callers and callees of work'
	keys Escape
	sees 'functions by own time'
	keys q
	ended_with 0
}

@test "a terminal that changes its size, small ones, help" {
	work_start burn
	terminal 100 30
	live -p "$work"
	keys '?'
	sees 'space +freeze the figures'
	keys x
	sees 'functions by own time'
	resizes cpu-samp '#'
	keys q
	ended_with 0
}

@test "the terminal is as before: Ctrl-C, twice, Ctrl-backslash, signals" {
	local signal
	work_start burn
	terminal 100 30
	for signal in C-c 'C-c C-c' C-\\; do
		rm -f "$after"
		live -p "$work"
		# shellcheck disable=SC2086 # one key per word
		keys $signal
		ended_with 0
	done
	for signal in TERM HUP QUIT; do
		rm -f "$after"
		live -p "$work"
		kill -"$signal" "$live"
		ended_with 0
	done
}

@test "the terminal is as before: a crash" {
	local signal
	work_start burn
	terminal 100 30
	keys 'ulimit -c 0' Enter
	for signal in SEGV ABRT; do
		rm -f "$after"
		live -p "$work"
		kill -"$signal" "$live"
		ended_with "$((128 + $(kill -l "$signal")))"
	done
}

@test "Ctrl-Z gives the terminal back until fg" {
	work_start burn
	terminal 100 30
	live -p "$work" -F 499
	keys C-z
	sees 'Stopped'
	same 'screen' 0 "$(mux display-message -p '#{alternate_on}')"
	keys "stty -a >$BATS_TEST_TMPDIR/stopped" Enter
	wait_for 10 test -s "$BATS_TEST_TMPDIR/stopped"
	same 'modes of the terminal' "$(cat "$before")" "$(cat "$BATS_TEST_TMPDIR/stopped")"
	rm -f "$after" "$status" # the list ended when it stopped
	keys fg Enter
	sees 'q quit'
	sees '^> .* work +cpu-work'
	keys t
	sees 'functions by time with what they call'
	keys q
	sees '^\$$'
	keys "stty -a >$after" Enter
	wait_for 10 test -s "$after"
	same 'modes of the terminal' "$(cat "$before")" "$(cat "$after")"
}

@test "a target that ends: its last figures stay" {
	work_start burn
	terminal 100 30
	live -p "$work" -F 499
	wait_for 60 has_samples 200
	kill -KILL "$work"
	sees '^ENDED  cpu-sample: cpu-work'
	has_samples 200
	sees '^> .* work +cpu-work'
	keys Enter
	sees 'callers and callees of work'
	keys q
	ended_with 0
}

@test "-- COMMAND: what it says is not on the screen; -d ends it; -i" {
	terminal 100 30
	live -F 999 -i 200ms -d 8 -- sh -c "'echo \$\$ >$BATS_TEST_TMPDIR/noisy; while :; do echo noise; echo noise >&2; done'"
	live_jobs+=("$(cat "$BATS_TEST_TMPDIR/noisy")")
	sees '^cpu-sample: sh '
	wait_for 8 has_samples 20
	hides '^noise'
	ended_with 0
	hides '^noise'
}

@test "-o: the report of the whole run, and nothing on the terminal" {
	work_start burn
	terminal 100 30
	live -p "$work" -F 499 -f json -o "$BATS_TEST_TMPDIR/report.json"
	wait_for 60 has_samples 200
	keys c
	sleep 1.5
	keys q
	ended_with 0
	has burn_main 90 "$BATS_TEST_TMPDIR/report.json"
	[ "$(samples "$BATS_TEST_TMPDIR/report.json")" -ge 200 ]
	hides '{'
	rm -f "$after"
	live -p "$work"
	keys q
	ended_with 0
	hides 'Functions|lost'
}

@test "--off-cpu, --wall, -a" {
	start_server profiling/busy-server --off-cpu
	terminal 100 30
	live -p "$SERVER_PID" --off-cpu
	sees '^[0-9]+ waits, [0-9.]+ threads on average'
	sees '^(clock_nanosleep|epoll_wait|futex|poll|pselect6|read)[^,]* [0-9.]+ %, '
	sees 'functions by time with what they call'
	keys q
	ended_with 0
	rm -f "$after"
	live -p "$SERVER_PID" --wall
	sees ' on CPU [0-9.]+ %'
	keys q
	ended_with 0
	rm -f "$after"
	live -a
	sees '^cpu-sample: all processes, cpu-clock at 99 Hz'
	wait_for 30 has_samples 50
	keys q
	ended_with 0
}

@test "what it costs is bounded, and said" {
	need_command node
	background "$BATS_TEST_TMPDIR/node" node -e '
		const deep = (n) => n ? deep(n - 1) : JSON.parse(JSON.stringify({ a: [1, 2, 3], b: "x".repeat(n + 50) }));
		let n = 0; setInterval(() => { const end = Date.now() + 90; while (Date.now() < end) deep(n++ % 97); }, 100);'
	terminal 110 30
	live -p "$job" -F 499
	wait_for 120 has_samples 1000
	costs_at_most 15 15 # a tenth for figures, and what goes on anyway
	keys q
	ended_with 0
}

@test "a terminal that cannot be drawn on: one line, status 1" {
	work_start burn
	terminal 100 30
	keys "TERM=dumb '$sampler' --live -p $work; echo \$? >$status; stty -a >$after" Enter
	ended_with 1
	sees '^cpu-sample: --live: this terminal cannot be drawn on'
	hides 'q quit'
}
