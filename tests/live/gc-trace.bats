#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# gc-trace on live programs: what it says of those it cannot watch, how it ends, workers, triggers, a leak and its limit,
# memory that runs out, what a build hides. That its figures are V8's own is in gc-trace-truth.bats.

# shellcheck disable=SC2154,SC2016 # variables of live.bash and nodes.bash; programs for jq

bats_require_minimum_version 1.5.0
load ../support/helpers.bash
load ../support/live.bash
load ../support/nodes.bash

setup() {
	live_setup
	tracer=$(tool gc-trace)
	need_command node curl jq python3
	schema=$ROOT_DIR/docs/schema/gc-trace.schema.json
}

teardown() {
	live_teardown
	stop_server
}

# serve OPTION...: the server; RUN_AS is its node.
serve() {
	[ -f "$(built examples/memory/gc-server.js)" ] || skip 'needs make examples-ts'
	[ ${#RUN_AS[@]} -gt 0 ] || RUN_AS=(node)
	start_server memory/gc-server.js "$@"
}

# watch OPTION...: the server, a report in JSON.
watch() {
	tracer_start -p "$SERVER_PID" -f json "$@"
}

watched() {
	tracer_end >/dev/null 2>&1
	same 'exit status' 0 "$tracer_status"
	report -e .complete >/dev/null || fail "$(report -c '.lost, .note')"
}

# fulls N: so many full collections were asked for.
fulls() {
	[ "$(truth | jq .fulls)" -ge "$1" ]
}

# --- who is watched -------------------------------------------------------------------------------

@test "not V8: one line, status 5" {
	background "$BATS_TEST_TMPDIR/sleep" sleep 100
	run -5 --separate-stderr "$tracer" -p "$job" -d 1
	[ -z "$output" ]
	[[ ${stderr_lines[0]} == "gc-trace: process $job (sleep): no V8: none of its functions in "* ]]
	[ "${#stderr_lines[@]}" -eq 2 ]
}

@test "a command that never has V8: status 5; no such process: status 3" {
	run -5 --separate-stderr "$tracer" -q -- true
	[[ ${stderr_lines[0]} == 'gc-trace: no V8 in true '* ]]
	run -3 "$tracer" -p 4194300 -d 1
}

@test "a command; one that executes node later; its child" {
	local churn="$ROOT_DIR/tests/live/gc-churn.js 6000000"
	# shellcheck disable=SC2086 # two words
	for how in "node $churn" "sh -c 'sleep 0.2; exec node $churn'" "-s sh -c 'node $churn; true'"; do
		eval "$tracer -q -f json $([[ $how != -s* ]] || echo -s) -- ${how#-s }" >"$tracer_out"
		report -e '.complete and (.data | length) >= 5 and .heaps[0].ended' >/dev/null || fail "$how: $(report -c .heaps)"
	done
}

@test "a name that is not node's" {
	ln -s "$(command -v node)" "$BATS_TEST_TMPDIR/app-runner"
	cp "$(command -v node)" "$BATS_TEST_TMPDIR/my-app"
	"$tracer" -q -f json -- "$BATS_TEST_TMPDIR/my-app" "$ROOT_DIR/tests/live/gc-churn.js" 600000 >"$tracer_out"
	report -e '(.data | length) >= 5 and (.source | contains("my-app"))'
}

@test "-n: by name, several at once, apart by process" {
	background "$BATS_TEST_TMPDIR/a" node "$ROOT_DIR/tests/live/gc-churn.js" 100000000
	local first=$job
	background "$BATS_TEST_TMPDIR/b" node "$ROOT_DIR/tests/live/gc-churn.js" 100000000
	sleep 0.5
	"$tracer" -q -n gc-churn.js -d 1 -f json >"$tracer_out"
	report -e --argjson a "$first" --argjson b "$job" '([.heaps[].pid] | sort) == ([$a, $b] | sort)
		and all(.heaps[]; .total.collections > 0) and (.target | startswith("2 processes"))'
}

# --- how it ends ----------------------------------------------------------------------------------

@test "Ctrl-C: the report; no probe is left, and the target's code is as before" {
	serve --rate 300
	local before
	before=$(text_sum "$SERVER_PID" '/node$')
	watch
	sleep 1
	watched
	report -e '.heaps[0].total.collections > 0 and .cost.rss_bytes < 60000000'
	report -c . | python3 "$SUPPORT_DIR/validate_json.py" "$schema"
	wait_for 10 text_is "$SERVER_PID" '/node$' "$before"
	http_get /health
}

@test "-d ends it; SIGUSR1 writes a report meanwhile" {
	serve --rate 300
	watch -d 3
	sleep 1
	kill -USR1 "$tracer_job"
	tracer_wait 2>/dev/null
	same status 0 "$tracer_status"
	[ "$(wc -l <"$tracer_out")" -eq 2 ]
	report -e '.duration_s > 2.5'
}

@test "the target dies: a report of what was" {
	serve --rate 300
	watch
	sleep 1
	kill -KILL "$SERVER_PID"
	tracer_wait 2>/dev/null
	same status 0 "$tracer_status"
	report -e '.complete and .heaps[0].ended and .heaps[0].total.collections > 0'
}

@test "text: a line for each collection as it happens, intervals, the report" {
	serve --rate 300 --full 300
	tracer_start -p "$SERVER_PID" -i 1
	wait_for 10 grep -qE '^[0-9:.]+  Mark-Compact +[0-9.]+ ms +[0-9.]+ -> +[0-9.]+ +[0-9.]+ MiB  testing' "$tracer_out"
	sleep 1.2
	tracer_end >/dev/null 2>&1
	grep -qE '^gc-trace [0-9.]+: .*: pauses as V8 counts them$' "$tracer_out"
	grep -qE '^-- node .*: [0-9]+ collections, pauses .* of the time' "$tracer_out"
	grep -q '^Why: reasons' "$tracer_out"
	# as many lines as collections
	same lines "$(sed -n 's/^  collections   \([0-9]*\),.*/\1/p' "$tracer_out")" \
		"$(grep -cE '^[0-9:.]{12}  (Scavenge|Mark-Compact) ' "$tracer_out")"
}

@test "trace and Prometheus are what their readers take" {
	serve --rate 300 --full 300
	"$tracer" -q -p "$SERVER_PID" -d 1 -f trace >"$BATS_TEST_TMPDIR/trace"
	python3 "$SUPPORT_DIR/check_trace.py" <"$BATS_TEST_TMPDIR/trace" >/dev/null
	jq -e '[.traceEvents[] | select(.ph == "X" and .name == "Mark-Compact")] | length >= 2' "$BATS_TEST_TMPDIR/trace"
	"$tracer" -q -p "$SERVER_PID" -d 1 -f prometheus >"$BATS_TEST_TMPDIR/metrics"
	python3 "$SUPPORT_DIR/check_prometheus.py" <"$BATS_TEST_TMPDIR/metrics"
	! command -v promtool >/dev/null || promtool check metrics <"$BATS_TEST_TMPDIR/metrics"
	grep -qE '^vitals_gc_pause_seconds_count\{.*kind="mark_compact"\} [1-9]' "$BATS_TEST_TMPDIR/metrics"
}

@test "a buffer that is too small: what was lost is said, status 6" {
	background "$BATS_TEST_TMPDIR/a" node "$ROOT_DIR/tests/live/gc-churn.js" 100000000
	sleep 0.5
	run -6 "$tracer" -q -p "$job" -d 1 -f json --buffer 4K
	jq -e '(.complete | not) and .lost.events > 0' <<<"$output"
	run -6 "$tracer" -q -p "$job" -d 1 -f json --max-collections 3
	jq -e '(.data | length) == 3 and .lost.dropped_collections > 0
		and .heaps[0].total.collections == 3 + .lost.dropped_collections' <<<"$output"
}

# --- triggers -------------------------------------------------------------------------------------

@test "--stacks: the JavaScript that allocates is in the stack, once in the lines and counted in the report" {
	serve --rate 300 --full 200
	tracer_start -p "$SERVER_PID" --stacks
	sleep 2
	tracer_end >/dev/null 2>&1
	grep -q '^Triggers: stacks that collections began in' "$tracer_out"
	grep -qE 'collectFull +.*gc-server\.js:[0-9]+' "$tracer_out"
	# in the lines once, in the report once
	[ "$(grep -cE '^ +collectFull ' "$tracer_out")" -le 4 ]
	watch --stacks
	sleep 2
	watched
	report -e '[.triggers[] | select(any(.frames[]; .function == "collectFull"))] | map(.count) | add >= 5'
	report -e '([.triggers[].count] | add) == (.data | length) and all(.data[]; .stack != null)'
	report -e '.stacks.complete_pct >= 95'
}

# --- leaks and limits -----------------------------------------------------------------------------

# A leak of 2 MB a second against 5 full collections a second of a live set of about 10 MB.
@test "a leak is called one within ten full collections" {
	serve --rate 200 --leak 10000 --full 200
	wait_for 10 fulls 3 # it is warm
	watch
	wait_for 30 fulls 14
	watched
	report -e '.heaps[0].after_full | .verdict == "growing_after_gc" and .collections >= 8 and .collections <= 14' ||
		fail "$(report -c '.heaps[0].after_full')"
	# 2 MB a second, as it says itself
	report -e '.heaps[0].after_full.slope_bytes_per_s | . > 1.6e6 and . < 2.4e6' || fail "$(report .heaps[0].after_full)"
}

@test "garbage without a leak is not called one" {
	serve --rate 300 --full 100 --garbage 100000 --survive 30
	wait_for 10 fulls 5
	watch
	wait_for 30 fulls 60
	watched
	report -e '.heaps[0].after_full | .collections >= 40 and (.verdict == "not_growing" or .verdict == "shrinking")' ||
		fail "$(report -c '.heaps[0].after_full')"
}

# The estimate in the middle of the run, against when V8 gave up; of its time from then on 20 % may be wrong.
@test "the limit is reached when the estimate says so; then near the limit, and out of memory" {
	RUN_AS=(node --max-old-space-size=120)
	serve --rate 200 --leak 30000 --full 250
	wait_for 10 fulls 2
	watch
	wait_for 30 fulls 14
	kill -USR1 "$tracer_job"
	wait "$SERVER_PID" || true
	SERVER_PID=
	tracer_wait 2>/dev/null
	same status 0 "$tracer_status"
	jq -es '(.[0] as $first | .[1] as $final | $first.heaps[0].after_full.limit_reached_in_ns as $told |
		([$first.data[] | select(.kind == "mark_compact").began_ns] | max) as $from |
		([$final.data[].began_ns] | max) as $last |
		($last - $from) as $took |
		($told - $took | fabs) <= 0.2 * $took)' "$tracer_out" ||
		fail "$(jq -c '.heaps[0].after_full' "$tracer_out")"
	report -e '.heaps[0].out_of_memory == 1 and .heaps[0].near_limits >= 1 and
		.heaps[0].out_of_memory_at == "Reached heap limit" and
		([.moments[].kind] == ["near_limit", "out_of_memory"])' || fail "$(report -c .moments)"
}

@test "the limit by NODE_OPTIONS, and what the application asks V8 for" {
	RUN_AS=(env NODE_OPTIONS=--max-old-space-size=77 node)
	serve --rate 100 --full 200 --poll 200
	watch
	sleep 1.5
	watched
	report -e '.heaps[0] | .old_space_limit_bytes == 77 * 1048576 and .limit_source == "statistics"
		and .spaces_source == "statistics" and .asked_used_bytes > 1e6
		and all(.spaces[]; .used_bytes != null)' || fail "$(report -c '.heaps[0]')"
}

# --- what a build hides ---------------------------------------------------------------------------

@test "stripped of its symbols: node 24 shows what the application asks for, and says so" {
	need_node 24.21.0
	need_command strip
	cp -L "$node" "$BATS_TEST_TMPDIR/node"
	strip -s "$BATS_TEST_TMPDIR/node"
	RUN_AS=("$BATS_TEST_TMPDIR/node")
	serve --rate 100 --poll 200
	watch
	sleep 1.5
	watched
	report -e '(.source | contains("collections cannot be seen")) and (.data | length) == 0
		and .heaps[0].limit_source == "statistics" and .heaps[0].asked_used_bytes > 1e6'
}

@test "stripped of its symbols: node 22 still has what it exports, and that is all" {
	need_node 22.23.3
	need_command strip
	cp -L "$node" "$BATS_TEST_TMPDIR/node"
	strip -s "$BATS_TEST_TMPDIR/node"
	"$tracer" -q -f json -- "$BATS_TEST_TMPDIR/node" --trace-gc "$ROOT_DIR/tests/live/gc-churn.js" 600000 \
		>"$tracer_out"
	same collections "$(grep -c ' ms: ' "$tracer_out")" "$(report '.data | length')"
	report -e 'all(.data[]; .before_bytes != null and .reason != null and .kind != "other")'
}
