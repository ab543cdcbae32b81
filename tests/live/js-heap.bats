#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# mem-watch --js-heap on running nodes: objects by constructor against what the program made and against a heap snapshot of the
# same process; garbage left out; growth; and the process runs on, whoever dies in between.
# May run beside another.

# shellcheck disable=SC2154,SC2016,SC2030,SC2031 # variables of live.bash and nodes.bash; programs for jq; each test is a subshell

bats_require_minimum_version 1.5.0
load ../support/helpers.bash
load ../support/live.bash
load ../support/nodes.bash

setup() {
	live_setup
	need_command jq python3
	tool=$(tool mem-watch)
	schema=$ROOT_DIR/docs/schema/js-heap.schema.json
	read_at=$BATS_TEST_TMPDIR/report
}

teardown() {
	live_teardown
}

# A reading of $work, which is in order.
read_heap() {
	"$tool" --js-heap --yes -q -p "$work" -f json >"$read_at"
	python3 "$SUPPORT_DIR/validate_json.py" "$schema" <"$read_at"
	heap_says 'all(.readings[]; .unknown_bytes < 0.02 * .total_bytes and .pause_ns > 0)'
}

# heap_says JQ...: of the reading.
heap_says() {
	jq -e "$@" "$read_at" >/dev/null || fail "not so: $* in $(jq -c '[.readings, .constructors[:12]]' "$read_at")"
}

# runs PID: nobody holds it, and its event loop turns.
runs() {
	[[ $(awk '/^State:/ { s = $2 } /^TracerPid:/ { t = $2 } END { print s t }' "/proc/$1/status") == [RS]0 ]]
}

# refused STATUS TEXT OPTION...
refused() {
	local want=$1 text=$2

	shift 2
	run --separate-stderr "$tool" --js-heap "$@"
	[ "$status" -eq "$want" ] || fail "status $status: $stderr"
	[[ $stderr == *"$text"* ]] || fail "does not say '$text': $stderr"
}

# --- what is there --------------------------------------------------------------------------------

# compare_with_snapshot VERSION: what the program made, exactly; all constructors with ten thousand objects or more
# within half a per cent of a snapshot that is taken right behind it.
compare_with_snapshot() {
	need_node "$1"
	node_work '' js-heap.js 48000
	read_heap
	heap_says '[.constructors[] | select(.name == "UserSession" or .name == "Circle" or .name == "Legacy") | .readings[0].live_count] |
		sort == [12000, 12000, 48000]'
	target_say work "snapshot $BATS_TEST_TMPDIR/a.heapsnapshot"
	target_truth work snapshot
	"$(tool heap-diff)" top "$BATS_TEST_TMPDIR/a.heapsnapshot" -f json >"$BATS_TEST_TMPDIR/top"
	jq -c --slurpfile top "$BATS_TEST_TMPDIR/top" '(.constructors | map({ (.name): .readings[0].live_count }) | add) as $ours |
		[$top[0].classes[] | select(.counts[0] >= 10000 and (.class | test("^(\\(|system)") | not)) |
			[.class, .counts[0], $ours[.class] // 0]] | .[]' "$read_at" | tee "$BATS_TEST_TMPDIR/both"
	jq -se 'length >= 10 and all(.[]; (.[1] - .[2] | fabs) <= 0.005 * .[1])' "$BATS_TEST_TMPDIR/both" ||
		fail "more than half a per cent apart"
}

@test "node 18: as a heap snapshot counts" {
	compare_with_snapshot 18.20.8
}

@test "node 20: as a heap snapshot counts" {
	compare_with_snapshot 20
}

@test "node 22: as a heap snapshot counts" {
	compare_with_snapshot 22.23.3
}

@test "node 24.11: as a heap snapshot counts" {
	compare_with_snapshot 24.11.0
}

@test "node 24: as a heap snapshot counts" {
	compare_with_snapshot 24.21.0
}

@test "node 25: as a heap snapshot counts" {
	compare_with_snapshot 25.9.0
}

# left_out VERSION: of a program that collects all the time, five times: what a word that was left on a stack holds counts as
# living, so that one reading may be off by more than the middle of them; most of the garbage is left out of each.
left_out() {
	local i

	need_node "$1"
	node_work '' js-heap.js 20000 churn
	for i in 1 2 3 4 5; do
		read_heap
		jq -c '.constructors[] | select(.name == "UserSession") | .readings[0]' "$read_at" >>"$read_at.all"
		sleep 0.3
	done
	cat "$read_at.all"
	jq -se 'all(.[]; .live_count >= 19000 and .live_count - 20000 <= (.count - 20000) / 2) and
		((map(.live_count) | sort)[2] - 20000 | fabs) <= 1000' "$read_at.all" >/dev/null || fail 'not so'
}

@test "garbage is left out: node 18" {
	left_out 18.20.8
}

@test "garbage is left out: node 20" {
	left_out 20
}

@test "garbage is left out: node 24" {
	left_out 24.21.0
}

@test "growth: what came between two readings stands first" {
	need_node 20
	node_work '' js-heap.js 4000
	"$tool" --js-heap --yes -p "$work" -f json -d 1500ms >"$read_at" 2>"$read_at.err" &
	job=$!
	wait_for 10 grep -q 'stands still for about' "$read_at.err"
	sleep 0.5
	target_say work 'add 10000'
	target_truth work add
	wait "$job"
	heap_says '.readings | length == 2'
	heap_says '.constructors[] | select(.name == "UserSession") | .count_delta == 10000 and .readings[1].live_count == 14000'
	heap_says '[.constructors[:4][].name] | index("UserSession") != null'
	"$tool" --js-heap --yes -q -p "$work" -i 100ms -T 5 >"$read_at.text"
	grep -qE '^(Constructors that grew|No constructor has more)' "$read_at.text"
}

@test "workers' heaps are read too; a stripped node is no other" {
	need_node 24.21.0
	need_command strip
	cp -L "$node" "$BATS_TEST_TMPDIR/node"
	strip -s "$BATS_TEST_TMPDIR/node"
	background "$BATS_TEST_TMPDIR/out" "$BATS_TEST_TMPDIR/node" -e 'const { Worker } = require("worker_threads");
		class Mine {} globalThis.kept = Array.from({ length: 3000 }, () => new Mine());
		new Worker("class Theirs {} globalThis.kept = Array.from({ length: 2000 }, () => new Theirs()); setInterval(() => {}, 1000); require(\"worker_threads\").parentPort.postMessage(1)",
			{ eval: true }).on("message", () => console.log("ready"))'
	work=$job
	wait_for 10 grep -q ready "$BATS_TEST_TMPDIR/out"
	read_heap
	heap_says '.readings[0].heaps == 2'
	heap_says '[.constructors[] | select(.name == "Mine" or .name == "Theirs") | .readings[0].live_count] | sort == [2000, 3000]'
}

# --- it stands still for a moment -----------------------------------------------------------------

@test "the pause is what the program itself misses" {
	local seen
	need_node 20
	node_work '' js-heap.js 100000 churn
	sleep 0.5
	target_say work gap
	target_truth work gap >/dev/null
	read_heap
	target_say work gap
	wait_for 10 eval '[[ $(grep -c "\"gap\"" "${target_out[work]}") == 2 ]]'
	seen=$(target_truth work gap | jq .value)
	echo "# it stood still for $(jq '.readings[0].pause_ns / 1e6' "$read_at") ms, and saw $((seen / 1000000)) ms" >&3
	heap_says --argjson seen "$seen" '.readings[0].pause_ns <= 2 * $seen'
}

@test "without --yes nothing is done, and what would be is said" {
	need_node 20
	node_work '' js-heap.js 1000
	run --separate-stderr "$tool" --js-heap -p "$work"
	[ "$status" -eq 1 ]
	[[ $output == *"would stand still"*"Nothing was done: --yes does it."* ]]
	runs "$work"
}

# when_held PID COMMAND...: starts it, and kills it with -9 as soon as it holds the process; 1: it was too fast.
when_held() {
	python3 - "$@" <<'PYTHON'
import subprocess, sys
pid, command = sys.argv[1], sys.argv[2:]
tool = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
while tool.poll() is None:
    with open(f"/proc/{pid}/stat") as f:
        if f.read().rpartition(")")[2].split()[0] == "t":
            tool.kill()
            tool.wait()
            sys.exit(0)
sys.exit(1)
PYTHON
}

@test "we are killed while it stands still: it runs on" {
	local i hits=0
	need_node 20
	node_work '' js-heap.js 200000
	for i in $(seq 12); do
		if when_held "$work" "$tool" --js-heap --yes -q -p "$work"; then
			hits=$((hits + 1))
			wait_for 2 runs "$work"
		fi
		((hits < 3)) || break
	done
	((hits)) || fail "it was never caught while it stood still"
	target_say work 'add 5'
	target_truth work add
	read_heap
	heap_says '.constructors[] | select(.name == "UserSession") | .readings[0].live_count == 200005'
}

@test "it is killed meanwhile: said, and over soon" {
	local i status
	need_node 20
	for i in 0.02 0.06 0.1 0.14; do
		node_work '' js-heap.js 100000
		timeout 10 "$tool" --js-heap --yes -q -p "$work" -f json >"$read_at" 2>"$read_at.err" &
		job=$!
		sleep "$i"
		kill -KILL "$work"
		status=0
		wait "$job" || status=$?
		echo "after $i s: $status $(cat "$read_at.err")"
		case $status in
		0) heap_says '.readings | length == 1' ;;
		1 | 3 | 5) [ "$(grep -c '^mem-watch: ' "$read_at.err")" -eq 1 ] ;;
		*) fail "status $status" ;;
		esac
	done
	node_work '' js-heap.js 1000
	"$tool" --js-heap --yes -q -p "$work" -f json -d 10s >"$read_at" 2>"$read_at.err" &
	job=$!
	sleep 1
	kill -KILL "$work"
	status=0
	wait "$job" || status=$?
	[ "$status" -eq 6 ] || fail "status $status"
	heap_says '.readings | length == 1'
	grep -qF 'there is no second reading' "$read_at.err"
}

# --- what is left alone ---------------------------------------------------------------------------

@test "refused: no V8, a stopped process, one that is traced, a format without sense" {
	need_node 20
	need_command gdb
	background "$BATS_TEST_TMPDIR/out" sleep 100
	refused 5 'has no V8' --yes -p "$job"
	node_work '' js-heap.js 1000
	kill -STOP "$work"
	refused 5 'is stopped: it is left as it is' --yes -p "$work"
	[[ $(awk '/^State:/ { print $2 }' "/proc/$work/status") == T ]]
	kill -CONT "$work"
	background "$BATS_TEST_TMPDIR/gdb" gdb -nx -batch -p "$work" -ex 'echo held\n' -ex 'shell sleep 100'
	wait_for 20 grep -q '^held' "$BATS_TEST_TMPDIR/gdb"
	refused 5 'is traced by process' --yes -p "$work"
	refused 2 'text or json' --yes -p "$work" -f csv
	refused 3 'no process' --yes -p 4194303
}
