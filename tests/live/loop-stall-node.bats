#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# loop-stall finds what a server in Node knows of itself: each stall of all kinds, under light load, its length, the
# utilisation, the lag, the function. What the machine took meanwhile is allowed for by the tool's own figure of it, so that a
# busy one makes these tests slower and not wrong.

# shellcheck disable=SC2154,SC2153,SC2016,SC2030,SC2031,SC2034 # variables of live.bash; programs for jq; variables for it

load ../support/helpers.bash
load ../support/live.bash
load ../support/loops.bash

KINDS=(json pbkdf2 regex gc faults read fsync lock child)
CONTROLS=(dns pool immediates)

setup() {
	loops_setup
	need_command node curl python3 wrk
	log=$BATS_TEST_TMPDIR/log
}

teardown() {
	live_teardown
	stop_server
	[ -z "${map:-}" ] || rm -f "$map"
}

# serve OPTION...: the server, warm, and idle for a while.
serve() {
	[ -f "$(built examples/profiling/event-loop-stalls.js)" ] || skip 'needs make examples-ts'
	RUN_AS=(node --perf-basic-prof --interpreted-frames-native-stack --logfile="$BATS_TEST_TMPDIR/v8.log" --no-logfile-per-isolate)
	start_server profiling/event-loop-stalls.js --truth "$log" "$@"
	map=/tmp/perf-$SERVER_PID.map
	for kind in "${KINDS[@]}" "${CONTROLS[@]}"; do http_get "/$kind?ms=30" >/dev/null; done
	sleep 2
}

watch() {
	tracer_start -p "$SERVER_PID" -f json
}

watched() {
	tracer_end >/dev/null 2>&1
	same 'exit status' 0 "$tracer_status"
}

# agrees PROGRAM ARGUMENT...: one of tests/support that compares.
agrees() {
	PYTHONDONTWRITEBYTECODE=1 python3 "$SUPPORT_DIR/$1" "${@:2}" >"$BATS_TEST_TMPDIR/said" ||
		fail "$(cat "$BATS_TEST_TMPDIR/said")"
	sed 's/^/# /' "$BATS_TEST_TMPDIR/said" >&3
}

has_said_done() {
	grep -qx 'done' "$SERVER_OUT"
}

@test "all kinds under load: none missed, none invented, lengths, utilisation, lag, functions, garbage collection" {
	local from to
	serve --mix 7,45 --hold
	watch
	http_get /elu >"$BATS_TEST_TMPDIR/first"
	from=$(monotonic_ns)
	http_get /go
	routes_start 40 /health
	wait_for 120 has_said_done
	for kind in "${KINDS[@]}"; do http_get "/$kind?ms=150" >/dev/null; done
	routes_end
	to=$(monotonic_ns)
	http_get /elu >"$BATS_TEST_TMPDIR/last"
	watched
	stop_server
	((to - from > 5000000000))
	agrees loop_truth.py --from "$from" --to "$to" --stalls 40 \
		--elu "$BATS_TEST_TMPDIR/first" "$BATS_TEST_TMPDIR/last" "$tracer_out" "$log"
	agrees loop_node.py kinds "$tracer_out" "$log"
}

# The threads of a process that wait in epoll.
loop_threads() {
	grep -lE '^(232|281|441|22) ' /proc/"$1"/task/*/syscall | cut -d/ -f5 | sort -n
}

# all_loops_idle PID COUNT: so many wait at the same time; $threads.
all_loops_idle() {
	threads=$(loop_threads "$1")
	[ "$(wc -l <<<"$threads")" -eq "$2" ]
}

@test "a worker thread's loop; the pool, names, immediates hold up nobody; threads that are no loops" {
	local from to port threads pid
	serve --worker
	pid=$SERVER_PID
	wait_for 10 grep -q '^worker listening' "$SERVER_OUT"
	watch
	from=$(monotonic_ns)
	for control in "${CONTROLS[@]}"; do http_get "/$control?ms=400" >/dev/null; done
	port=$SERVER_PORT
	SERVER_PORT=$(sed -n 's/^worker listening on .*://p' "$SERVER_OUT")
	for kind in "${KINDS[@]}"; do http_get "/$kind?ms=60" >/dev/null; done
	to=$(monotonic_ns)
	truth >"$BATS_TEST_TMPDIR/worker"
	SERVER_PORT=$port
	# the third is of the platform, for tasks that are put off
	wait_for 10 all_loops_idle "$SERVER_PID" 3
	watched
	stop_server
	agrees loop_truth.py --from "$from" --to "$to" --stalls 8 "$tracer_out" "$BATS_TEST_TMPDIR/worker"
	agrees loop_node.py controls "$tracer_out" "$log"
	same 'loops' "$threads" "$(report -r '[.loops[].tid] | sort[]')"
	report -e --argjson tids "[$(json_get "$BATS_TEST_TMPDIR/worker" "doc['tid']"),$pid]" \
		'$tids - [.loops[].tid] == []'
}

# A timer of 20 ms, and one of 10 ms of which each second one computes for 40: the other one is late then.
late_timers='
const late = [];
const run = (ms, then) => {
	const due = performance.now() + ms;
	setTimeout(() => {
		late.push(performance.now() - due);
		then();
	}, ms);
};
const round = (left) => {
	if (!left) return console.log(JSON.stringify(late));
	run(10, () => {
		const end = performance.now() + 40;
		while (left % 2 && performance.now() < end);
	});
	run(20, () => round(left - 1));
};
process.stdin.once("data", () => round(100));
console.log("ready " + process.pid);
process.stdin.on("end", () => process.exit(0));'

@test "--timers: as late as node sees them" {
	target_start timers node -e "$late_timers"
	tracer_start -p "${target_pid[timers]}" -f json --timers
	target_say timers go
	wait_for 60 grep -q '^\[' "${target_out[timers]}"
	watched
	grep '^\[' "${target_out[timers]}" >"$log"
	report '.loops[0].total.timers' >"$BATS_TEST_TMPDIR/timers"
	# Timers that are due together are one; node sees also what its thread waited for a CPU before it ran them.
	python3 - "$log" "$BATS_TEST_TMPDIR/timers" >&2 <<-'PYTHON'
		import json, sys
		late = sorted(json.load(open(sys.argv[1])))
		found = json.load(open(sys.argv[2]))
		at = lambda q: late[min(int(q * len(late)), len(late) - 1)]
		print([at(q) for q in (0.5, 0.75, 0.8, 0.9, 0.95, 1)], found)
		assert 100 <= found["count"] <= len(late)
		assert 15 < at(0.8) - 2 <= found["p90_ns"] / 1e6 <= 1.03 * at(0.95) + 2
		assert at(0.9) - 2 <= found["max_ns"] / 1e6 <= late[-1] + 2
		assert found["p50_ns"] / 1e6 <= at(0.75) + 2
	PYTHON
}
