#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What the load test finds about servers of which it is known how they behave, and what is left of it when it is ended.
# The machine may be busy: verdicts rest on CPU time and on sides that take turns, are asked for with 99 % confidence,
# and one that is wrong must be wrong again to count.

# shellcheck disable=SC2154 # variables of load.bash

bats_require_minimum_version 1.5.0
load ../support/helpers.bash
load ../support/load.bash

setup() {
	load_setup
}

teardown() {
	end_started
}

# twice COMMAND...: succeeds when one of two attempts does.
twice() {
	"$@" || "$@"
}

# --- verdicts ------------------------------------------------------------------------------------

# against SLOWDOWN: the same server, and one that is so much slower, in turn; the status.
against() {
	load_test --server "$server --work-us 1000" --against "$server --work-us 1000 --slowdown $1" \
		--rates none --confidence 99 --window 500ms
}

same_is_same() {
	against 0 && result_is 'doc["comparison"]["verdict"] == "no significant difference"'
}

slower_is_slower() {
	local status=0
	against 10 || status=$?
	[ "$status" -eq 10 ] && result_is 'doc["comparison"]["verdict"] == "slower"' \
		'0.05 < next(row["ratio"] for row in doc["comparison"]["rows"] if row["measure"] == "cpu") - 1 < 0.15'
}

# split: the two sides of $result as if each had been measured alone.
split() {
	python3 - "$result" "$BATS_TEST_TMPDIR" <<-'EOF'
		import json, sys
		result = json.load(open(sys.argv[1]))
		for name, side in zip("ab", result["sides"]):
		    json.dump({**result, "sides": [side], "comparison": None}, open(f"{sys.argv[2]}/{name}.json", "w"))
	EOF
	a=$BATS_TEST_TMPDIR/a.json b=$BATS_TEST_TMPDIR/b.json
}

@test "two runs of the same build: no significant difference" {
	twice same_is_same
	valid
	grep -q '^Verdict: no significant difference' "$said"
}

@test "a build that is slower by 10 % is slower: in turn, and as two results" {
	twice slower_is_slower
	valid
	split
	run -10 "$tool.sh" --compare "$a" "$b"
	[[ $output == *'Verdict: b.json is slower than a.json: '*'server CPU per request'* ]]
	run -0 "$tool.sh" --compare "$b" "$a"
	[[ $output == *'Verdict: a.json is faster than b.json'* ]]
	run -0 "$tool.sh" --compare "$a" "$a"
	[[ $output == *'Verdict: no significant difference'* ]]
	run -0 "$tool.sh" --compare "$a" "$b" --threshold 50
}

@test "--with none: what chance does; --like takes over the rates" {
	load_test --server "$server --work-us 500" --with none --rounds 3 --rates 50 --threshold 90
	valid
	result_is '[s["tool"] for s in doc["sides"]] == [None, "none"]' 'doc["comparison"]["verdict"] == "no significant difference"'
	mv "$result" "$BATS_TEST_TMPDIR/first.json"
	"$tool.sh" --window 300ms --warm-up 200ms --rounds 1 --server "$server --work-us 500" --like "$BATS_TEST_TMPDIR/first.json" -o "$result"
	valid
	local rates
	rates=$(json_get "$BATS_TEST_TMPDIR/first.json" 'doc["rates"]')
	[ "$(json_get "$result" 'doc["rates"]')" = "$rates" ]
}

@test "--with: a tracer that is attached costs CPU time of the server, and says its own" {
	need_root
	[ -x "$(tool memleak-trace)" ] || skip "needs the tools"
	load_test --server "$(built examples/memory/leak-example)" --path /clean --with memleak-trace --rounds 3 --rates none
	valid
	result_is '[t["tool_cpu_s"] is None for s in doc["sides"] for t in s["rounds"]] == [True] * 3 + [False] * 3' \
		'next(row["ratio"] for row in doc["comparison"]["rows"] if row["measure"] == "cpu") > 1.2'
	run -10 "$tool.sh" --show "$result" --slo 'overhead<10%'
}

# --- coordinated omission ------------------------------------------------------------------------

# pause_during WHAT: stops the server for 500 ms, while it is known to be busy with that run.
pause_during() {
	local pid
	wait_for 30 grep -qE "^load-test: round 1.*$1" "$said.progress"
	pid=$(servers)
	sleep 0.8 # into the run: it takes 2.5 s
	kill -STOP "$pid"
	sleep 0.5
	kill -CONT "$pid"
}

# paused WHAT: the run with that pause; the other one is undisturbed.
paused() {
	local job
	: >"$said.progress"
	load_test --server "$server --work-us 100" --rounds 1 --rates 50 --window 2500ms &
	job=$!
	pause_during "$1"
	wait "$job"
}

@test "a pause of 500 ms is hidden by the closed loop, and is in P99 and maximum of the fixed rate" {
	local run='doc["sides"][0]["rounds"][0]["runs"]'
	paused 'closed loop'
	result_is "${run}[0]['latency_ms']['max'] > 400" "${run}[0]['latency_ms']['p99'] < 200" "${run}[0]['corrected_ms']['p99'] > 200"
	paused '50 %'
	result_is "${run}[1]['latency_ms']['max'] > 400" "${run}[1]['latency_ms']['p99'] > 300" "${run}[1]['latency_ms']['p95'] > 200"
}

# --- the end before the end ----------------------------------------------------------------------

# interrupted SIGNAL: in the second round.
interrupted() {
	local job status=0
	: >"$said.progress"
	# a shell that is not interactive starts its background jobs with SIGINT ignored
	python3 -c '
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
os.execvp(sys.argv[1], sys.argv[1:])' "$tool.sh" --window 300ms --warm-up 200ms --connections 4 -o "$result" \
		--server "$server --work-us 300" --rounds 50 --rates 50 --slo 'p99<2s' >"$said" 2>"$said.progress" 3>&- &
	job=$!
	wait_for 20 grep -q 'round 2 of 50.*closed' "$said.progress"
	kill -"$1" "$job"
	wait "$job" || status=$?
	[ "$status" -eq 6 ] || fail "status $status: $(cat "$said.progress")"
	valid
	result_is 'doc["complete"] is False' 'doc["note"] == "interrupted"' 'len(doc["sides"][0]["rounds"][0]["runs"]) == 2'
	grep -q '^INCOMPLETE: interrupted' "$said"
	servers_are_gone
}

@test "Ctrl-C and SIGTERM: what was measured is kept, status 6, no server is left" {
	interrupted INT
	interrupted TERM
}

@test "the limits of time and requests end it, with what was measured" {
	local status=0
	load_test --server "$server --work-us 300" --rounds 500 --rates none --max-requests 5000 || status=$?
	[ "$status" -eq 6 ]
	valid
	result_is 'doc["note"] == "the limit of 5000 requests is reached"'
	status=0
	load_test --server "$server --work-us 300" --rounds 500 --rates none --time-limit 3s || status=$?
	[ "$status" -eq 6 ]
	result_is 'doc["note"] == "the time limit of 3 s is reached"' 'len(doc["sides"][0]["rounds"]) < 20'
}

@test "a server that dies is told, with what was measured" {
	: >"$said.progress"
	load_test --server "$server --work-us 300" --rounds 50 --rates none &
	local job=$! status=0
	wait_for 20 grep -q 'round 2 of 50' "$said.progress"
	kill -KILL "$(servers | tail -n 1)"
	wait "$job" || status=$?
	[ "$status" -eq 6 ]
	result_is '"the server has ended with status -9" in doc["note"] or "GET" in doc["note"]' 'len(doc["sides"][0]["rounds"]) >= 1'
}
