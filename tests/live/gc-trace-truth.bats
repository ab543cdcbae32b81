#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# gc-trace against what V8 prints of the same run (--trace-gc): each collection, in order, with its kind, reason, pause and
# sizes; limit and spaces against what V8 tells the program. On each version of Node. A busy machine makes them slower;
# where V8's clock cannot be read (before V8 12) the thread may be off the CPU between its clock and ours, and one pause of
# a hundred may differ.

# shellcheck disable=SC2154,SC2034 # variables of live.bash and nodes.bash; variables for helpers.bash

bats_require_minimum_version 1.5.0
load ../support/helpers.bash
load ../support/live.bash
load ../support/nodes.bash

OBJECTS=5000000

setup() {
	live_setup
	tracer=$(tool gc-trace)
	need_command jq python3
	printed=$BATS_TEST_TMPDIR/printed
	json=$BATS_TEST_TMPDIR/json
}

teardown() {
	live_teardown
	stop_server
}

# agrees OPTION...: the report with what V8 printed; the figures go to the log.
agrees() {
	PYTHONDONTWRITEBYTECODE=1 python3 "$SUPPORT_DIR/gc_truth.py" "$@" "$json" "$printed" \
		>"$BATS_TEST_TMPDIR/said" || {
		cat "$BATS_TEST_TMPDIR/said" >&2
		return 1
	}
	sed 's/^/# /' "$BATS_TEST_TMPDIR/said" >&3
}

# preempted VERSION: how many pauses of a hundred may differ.
preempted() {
	case $1 in
	18* | 20*) echo 1 ;;
	*) echo 0 ;;
	esac
}

# whole_run VERSION: from the first instruction on.
whole_run() {
	need_node "$1"
	"$tracer" -q -f json -o "$json" -- "$node" --trace-gc "$ROOT_DIR/tests/live/gc-churn.js" $OBJECTS >"$printed"
	jq -e '.complete and .begun_before == 0 and (.heaps | length) == 1' "$json"
	jq -e '.heaps[0].kinds | .mark_compact.count >= 2 and .scavenge.count >= 50' "$json"
	agrees --least 50 --preempted "$(preempted "$1")"
	# steps of marking belong to the collection that ends it
	jq -e '[.data[] | select(.kind == "mark_compact").steps] | add > 0' "$json"
	# committed memory is what V8 prints in parentheses
	jq -e '[.data[] | select(.committed_after_bytes)] | length >= 50' "$json"
}

@test "node 18: each collection" { whole_run 18.20.8; }
@test "node 20: each collection" { whole_run 20; }
@test "node 22: each collection" { whole_run 22.23.3; }
@test "node 24.11: each collection" { whole_run 24.11.0; }
@test "node 24.21, whose names are local: each collection" { whole_run 24.21.0; }
@test "node 25: each collection" { whole_run 25.9.0; }

@test "node 22 with --minor-ms: the young generation marked in place" {
	need_node 22.23.3
	"$tracer" -q -f json -o "$json" -- "$node" --minor-ms --trace-gc "$ROOT_DIR/tests/live/gc-churn.js" 3000000 >"$printed"
	jq -e '.complete and .heaps[0].kinds.minor_mark_sweep.count >= 20' "$json"
	agrees --least 20
}

@test "the comparison finds another kind, pause, size, and a collection too few" {
	local wrong
	need_node 20
	"$tracer" -q -f json -o "$json" -- "$node" --trace-gc "$ROOT_DIR/tests/live/gc-churn.js" 300000 >"$printed"
	agrees --preempted 100
	cp "$json" "$json.right"
	for wrong in '.data[3].kind = "mark_compact"' '.data[3].before_bytes *= 1.1' '.data[3].after_bytes = null' \
		'.data |= .[1:]' '.data[3].reason = "testing"' '.data[].pause_ns += 1000000'; do
		jq -c "$wrong" "$json.right" >"$json"
		! agrees --preempted 1 || fail "not found: $wrong"
	done
}

@test "attached to one that runs: what follows is as V8 prints it" {
	need_node 20
	background "$printed" "$node" --trace-gc "$ROOT_DIR/tests/live/gc-churn.js" 15000000
	wait_for 20 grep -q Scavenge "$printed"
	"$tracer" -q -f json -p "$job" -o "$json"
	wait "$job"
	jq -e '.complete and .heaps[0].ended' "$json"
	agrees --from-attach --least 50 --preempted 1
}

@test "worker threads: a heap each, none mixed with another" {
	need_node 22.23.3
	"$tracer" -q -f json -o "$json" -- "$node" --trace-gc "$ROOT_DIR/tests/live/gc-churn.js" 1500000 2 >"$printed"
	jq -e '(.heaps | length) == 3 and ([.heaps[].tid] | unique | length) == 3 and ([.heaps[].worker] | sort) == [false, true, true]' "$json"
	agrees --least 60
}

# told WHAT: of /heap, or of the report.
spaces_agree() {
	jq -n -e --slurpfile heap "$BATS_TEST_TMPDIR/heap" --slurpfile report "$json" '
		$report[0].heaps[0] as $h | $heap[0].spaces as $truth |
		$h.spaces_source == "memory" and $h.limit_source == "memory" and
		$h.limit_bytes == $heap[0].heap_size_limit and
		($h.spaces | length) >= 6 and
		all($h.spaces[]; . as $s | $truth[] | select(.space_name == $s.name) |
			(.space_size - $s.committed_bytes | fabs) <= 0.1 * .space_size + 1048576) and
		(($h.spaces | map(.committed_bytes) | add) - $report[0].data[-1].committed_after_bytes | fabs)
			<= 0.05 * $report[0].data[-1].committed_after_bytes' ||
		fail "$(jq -c '.heaps[0] | .limit_bytes, .spaces' "$json") $(jq -c . "$BATS_TEST_TMPDIR/heap")"
}

# read_from_outside VERSION: limit and spaces, though the program never asks while it is watched.
read_from_outside() {
	need_node "$1"
	need_command curl
	[ -f "$(built examples/memory/gc-server.js)" ] || skip 'needs make examples-ts'
	RUN_AS=("$node" --max-old-space-size=200)
	start_server memory/gc-server.js --rate 200 --leak 1000
	tracer_start -p "$SERVER_PID" -f json
	sleep 1
	http_get /gc >/dev/null
	wait_for 10 http_get /truth
	tracer_end
	http_get /heap >"$BATS_TEST_TMPDIR/heap"
	cp "$tracer_out" "$json"
	jq -e '.heaps[0].old_space_limit_bytes == 209715200' "$json"
	spaces_agree
}

@test "node 18: limit and spaces, read from outside" { read_from_outside 18.20.8; }
@test "node 20: limit and spaces, read from outside" { read_from_outside 20; }
@test "node 22: limit and spaces, read from outside" { read_from_outside 22.23.3; }
@test "node 24: limit and spaces, read from outside" { read_from_outside 24.21.0; }
@test "node 25: limit and spaces, read from outside" { read_from_outside 25.9.0; }
