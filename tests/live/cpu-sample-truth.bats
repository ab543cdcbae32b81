#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# cpu-sample finds what servers have measured of themselves: shares of functions within 3 points. On the CPU, shares of
# CPU time are compared, so that a busy machine makes the tests slower and not wrong; they end after so much CPU of the
# server that 5,000 samples are sure (one standard error of a share is then at most 0.7 points).

# shellcheck disable=SC2154,SC2016 # variables of live.bash; programs for jq

load ../support/helpers.bash
load ../support/live.bash
load ../support/sampler.bash

CPU_NS=3100000000 # at 1999 Hz 6,200 samples

setup() {
	sampler_setup
	need_command curl jq python3
	before=$BATS_TEST_TMPDIR/before
	after=$BATS_TEST_TMPDIR/after
}

teardown() {
	live_teardown
	stop_server
}

# has_grown EXPRESSION AMOUNT: of the truth since $before.
has_grown() {
	truth >"$after"
	[ "$(json_get "$after" "$1")" -ge "$(($(json_get "$before" "$1") + $2))" ]
}

# measure EXPRESSION AMOUNT OPTION...: a report of the time in which the truth grows so.
measure() {
	local expression=$1 amount=$2
	shift 2
	tracer_start -p "$SERVER_PID" -f json "$@"
	truth >"$before"
	wait_for 100 has_grown "$expression" "$amount"
	tracer_end
	same 'exit status' 0 "$tracer_status"
}

# mix_agrees CLOCK [LEAST]: each function's share of the CPU time, and LEAST % (99) of the stacks whole.
mix_agrees() {
	python3 - "$1" "$before" "$after" "$tracer_out" "${2:-99}" >"$BATS_TEST_TMPDIR/shares" <<-'PYTHON' ||
		import json, sys
		clock = sys.argv[1]
		before, after, report = (json.load(open(f)) for f in sys.argv[2:5])
		spent = after["mix"][clock] - before["mix"][clock]
		was = {f["function"]: f["cpu_ns"] for f in before["mix"]["functions"]}
		print(f"{report['count']} samples, {report['stacks']['complete_pct']} % complete, lost {report['lost']['samples']}")
		bad = report["count"] < 5000 or report["stacks"]["complete_pct"] < float(sys.argv[5]) or not report["complete"]
		for f in after["mix"]["functions"]:
		    truth = 100 * (f["cpu_ns"] - was[f["function"]]) / spent
		    found = 100 * sum(r["total_ns"] for r in report["functions"]
		                      if r["function"] == f["function"]) / report["weight_ns"]
		    bad |= abs(found - truth) > 3
		    print(f"{f['function']}: {found:.1f} %, truth {truth:.1f} %")
		sys.exit(bad)
	PYTHON
		fail "$(cat "$BATS_TEST_TMPDIR/shares")"
	sed 's/^/# /' "$BATS_TEST_TMPDIR/shares" >&3
}

@test "busy-server --burn: four functions" {
	start_server profiling/busy-server --burn
	measure "doc['mix']['thread_cpu_ns']" "$CPU_NS" -F 1999
	mix_agrees thread_cpu_ns
}

@test "busy-server --mix: two functions, other shares, by unwind tables alone" {
	start_server profiling/busy-server --mix render_json=73,parse_request=27
	measure "doc['mix']['thread_cpu_ns']" "$CPU_NS" -F 1999 --stacks=dwarf
	mix_agrees thread_cpu_ns
}

# The place of a function in the compiled source.
placed() {
	local line

	line=$(grep -n "^function $1(" "$(built examples/profiling/cpu-mix.js)" | cut -d: -f1)
	jq -e --arg function "$1" --argjson line "$line" 'any(.frames[]; .function == $function and .kind == "jit"
		and (.file | endswith("/examples/profiling/cpu-mix.js")) and .line == $line)' "$tracer_out" >&2 ||
		fail "$1 is not at cpu-mix.js:$line: $(jq -c --arg function "$1" \
			'.frames[] | select(.function == $function)' "$tracer_out")"
}

@test "cpu-blocking --burn under node --perf-basic-prof: four functions, by file and line" {
	local function
	need_command node
	[ -f "$(built examples/profiling/cpu-blocking.js)" ] || skip 'needs make examples-ts'
	# shellcheck disable=SC2034 # of live.bash
	RUN_AS=(node --perf-basic-prof --logfile="$BATS_TEST_TMPDIR/v8.log" --no-logfile-per-isolate)
	start_server profiling/cpu-blocking.js --burn
	wait_for 60 is_warm
	measure "doc['mix']['process_cpu_ns']" "$CPU_NS" -F 1999
	mix_agrees process_cpu_ns 97 # code is new to the tracer for some 20 ms after V8 has made it
	for function in hashBody sortResults parseRequest renderJson; do placed "$function"; done
	rm -f "/tmp/perf-$SERVER_PID.map"
}

# Compiled code does not change any more.
is_warm() {
	truth >"$after"
	[ "$(json_get "$after" "doc['mix']['process_cpu_ns']")" -gt 1500000000 ]
}

# --- off the CPU ----------------------------------------------------------------------------------

# parts_agree FIELDS: the parts of the worker's time, as fractions of its time on the wall. FIELDS: rows of the report
# that are added up, "on" for the time on the CPU too.
parts_agree() {
	python3 - "$1" "$before" "$after" "$tracer_out" >"$BATS_TEST_TMPDIR/shares" <<-'PYTHON' ||
		import json, sys
		has_cpu = sys.argv[1] == "wall"
		before, after, report = (json.load(open(f)) for f in sys.argv[2:5])
		was = {p["function"]: p for p in before["off_cpu"]["parts"]}
		worker = [s for s in report["data"] if s["tid"] == after["off_cpu"]["tid"]]
		name = lambda s: {report["frames"][i]["function"] for i in s["frames"]}
		parts = after["off_cpu"]["parts"]
		spent = {p["function"]: {k: p[k] - was[p["function"]][k] for k in ("wall_ns", "cpu_ns")} for p in parts}
		wall = sum(s["wall_ns"] for s in spent.values())
		all_ns = sum(s["weight_ns"] for s in worker) if has_cpu else report["duration_s"] * 1e9
		print(f"{report['event']}: {report['count']} samples and waits, lost {report['lost']['samples']}")
		bad = not report["complete"]
		waits = {"await_upstream": "clock_nanosleep", "enter_shared_section": "futex"}
		for function, s in spent.items():
		    truth = 100 * (s["wall_ns"] - (0 if has_cpu else s["cpu_ns"])) / wall
		    rows = [r for r in worker if function in name(r)]
		    found = 100 * sum(r["weight_ns"] for r in rows) / all_ns
		    blocked = {}
		    for r in rows:
		        if r["state"] == "blocked":
		            blocked[r["wait"]] = blocked.get(r["wait"], 0) + r["weight_ns"]
		    most = max(blocked, key=blocked.get) if blocked else None
		    # what the hypervisor took is not time that a thread waited
		    bad |= found > truth + 3 or (found < truth - 3 and (has_cpu or function in waits))
		    bad |= function in waits and (most != waits[function] or blocked[most] < 0.95 * sum(blocked.values()))
		    print(f"{function}: {found:.1f} %, truth {truth:.1f} %, blocked in {most}")
		if has_cpu:  # nothing is missing and nothing is there twice
		    bad |= abs(all_ns / 1e9 / report["duration_s"] - 1) > 0.05
		    print(f"of the time on the wall {100 * all_ns / 1e9 / report['duration_s']:.1f} %")
		sys.exit(bad)
	PYTHON
		fail "$(cat "$BATS_TEST_TMPDIR/shares")"
	sed 's/^/# /' "$BATS_TEST_TMPDIR/shares" >&3
}

@test "busy-server --off-cpu: --wall has all three parts of a thread's time" {
	start_server profiling/busy-server --off-cpu
	measure "doc['off_cpu']['wall_ns']" 6000000000 -F 999 --wall --threads
	parts_agree wall
}

@test "busy-server --off-cpu: --off-cpu has the waits, each with its name" {
	start_server profiling/busy-server --off-cpu
	measure "doc['off_cpu']['wall_ns']" 6000000000 --off-cpu --threads
	parts_agree off-cpu
}
