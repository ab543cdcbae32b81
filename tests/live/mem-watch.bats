#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# mem-watch on live programs: V8's figures against process.memoryUsage() of the same node, pools of a program that takes
# memory of each kind, servers, limits of a cgroup, how it ends, what it needs no root for.

# shellcheck disable=SC2154,SC2016 # variables of live.bash and nodes.bash; programs for jq and sh

bats_require_minimum_version 1.5.0
load ../support/helpers.bash
load ../support/live.bash
load ../support/nodes.bash

setup() {
	live_setup
	tracer=$(tool mem-watch)
	need_command jq python3
	schema=$ROOT_DIR/docs/schema/mem-watch.schema.json
}

teardown() {
	live_teardown
	stop_nginx
	end_group
}

watched() {
	tracer_end >/dev/null 2>&1
	same 'exit status' 0 "$tracer_status"
	report -c . | python3 "$SUPPORT_DIR/validate_json.py" "$schema"
}

# pools_add_up: in every sample of the report.
pools_add_up() {
	report -e '.data[] | (.pools | keys) as $pools |
		all(.samples[]; . as $s | ([$pools[] | $s[.]] | add) == $s.rss and $s.anonymous + $s.file + $s.shared == $s.rss)'
}

# --- V8's figures ---------------------------------------------------------------------------------

# compare_with_node VERSION [WORKER]: ten steps of one more kind of memory each.
compare_with_node() {
	local out=$BATS_TEST_TMPDIR/usage

	need_node "$1"
	background "$out" "$node" "$ROOT_DIR/tests/live/memory-usage.js" 12 800 "${@:2}"
	wait_for 10 grep -q '^ready ' "$out"
	"$tracer" -q -p "$job" -i 50ms -f json >"$tracer_out"
	python3 "$SUPPORT_DIR/memory_truth.py" "$tracer_out" "$out" --steps 8 ||
		fail "$(report -c '.data[0] | .v8_note, .heaps')"
	pools_add_up >/dev/null
	report -e '.data[0] | .v8 and .v8_note == null and .ended'
	# what V8 has of the system is resident, but for what it has not touched, and code, which is another pool; unless it
	# changed while it was looked at
	report -e '[.data[0].samples[:-4][] | select(.heap_total != null) |
		.v8_heap <= 1.02 * (.heap_total + (.workers_heap_total // 0)) + 524288 and .v8_heap >= .heap_total / 4] |
		(map(select(.)) | length) >= 0.9 * length'
	# Buffers were taken
	report -e '.data[0] | .pools.malloc_large.max_bytes > .pools.malloc_large.first_bytes + 8e6'
}

@test "node 18 says what is seen of it" {
	compare_with_node 18.20.8
}

@test "node 20 says what is seen of it" {
	compare_with_node 20
}

@test "node 22 says what is seen of it" {
	compare_with_node 22.23.3
}

@test "node 24 says what is seen of it" {
	compare_with_node 24.21.0
}

@test "node 25 says what is seen of it" {
	compare_with_node 25.9.0
}

@test "with a worker thread beside it, whose heap is kept apart" {
	compare_with_node 20 worker
	report -e '[.data[0].samples[] | select(.workers_heap_used > 2e6 and .workers_heap_used < 2e7)] | length > 20'
	background "$BATS_TEST_TMPDIR/again" "$node" "$ROOT_DIR/tests/live/memory-usage.js" 100 10000 worker
	wait_for 20 has_two_heaps
	report -e '.data[0].heaps | ([.[] | select(.worker)] | length) == 1 and ([.[].tid] | unique | length) == 2
		and (.[] | select(.worker | not) | .tid) == '"$job"
}

# The worker's is found a moment after its thread began.
has_two_heaps() {
	"$tracer" -q -p "$job" -i 50ms -d 300ms -f json >"$tracer_out"
	report -e '.data[0].heaps | length == 2 and all(.[]; .tid != null)'
}

@test "the limit of V8's heap, and the option it follows" {
	need_command node
	background "$BATS_TEST_TMPDIR/a" node --max-old-space-size=300 -e 'setTimeout(() => {}, 100000); console.log("ready")'
	wait_for 10 grep -q ready "$BATS_TEST_TMPDIR/a"
	"$tracer" -q -p "$job" -i 50ms -d 200ms -f json >"$tracer_out"
	report -e --argjson limit "$(node --max-old-space-size=300 -p 'v8.getHeapStatistics().heap_size_limit')" \
		'.data[0] | .old_space_limit_bytes == 300 * 1048576 and .heaps[0].limit_bytes == $limit'
}

@test "a stripped node 24: what it hides is not made up" {
	need_node 24.21.0
	need_command strip
	cp -L "$node" "$BATS_TEST_TMPDIR/node"
	strip -s "$BATS_TEST_TMPDIR/node"
	background "$BATS_TEST_TMPDIR/a" "$BATS_TEST_TMPDIR/node" -e 'setTimeout(() => {}, 100000); setTimeout(() => console.log(process.memoryUsage().heapTotal), 500)'
	wait_for 10 grep -q '^[0-9]' "$BATS_TEST_TMPDIR/a"
	"$tracer" -q -p "$job" -i 50ms -d 200ms -f json >"$tracer_out"
	report -e --argjson total "$(cat "$BATS_TEST_TMPDIR/a")" '.data[0] | .v8 and .heaps[0].heap_used_bytes == null
		and (.heaps[0].heap_total_bytes - $total | fabs) <= 524288' || fail "$(report -c '.data[0].heaps')"
}

# --- pools ----------------------------------------------------------------------------------------

# taken POOL KIND MIB: so much more of that pool, and nothing else, when the program takes it.
taken() {
	local before

	before=$(report "[.data[0].samples[0]]")
	target_say kinds "$2 $3"
	target_truth kinds "$2" >/dev/null
	"$tracer" -q -p "${target_pid[kinds]}" -i 20ms -d 40ms -f json >"$tracer_out"
	report -e --argjson before "$before" --arg pool "$1" --argjson mib "$3" '
		.data[0] as $p | ($p.pools | keys) as $pools | $p.samples[0] as $now | $before[0] as $was | ($mib * 1048576) as $want |
		(($now[$pool] - $was[$pool] - $want) | fabs) <= 0.01 * $want + 131072
		and all($pools[] | select(. != $pool); ($now[.] - $was[.] | fabs) <= 131072)' ||
		fail "$2: $(report -c --argjson before "$before" '.data[0] as $p | $p.pools | with_entries(.value = $p.samples[0][.key] - $before[0][.key])')"
}

@test "each kind of memory is found in its pool, and pools add up to rss" {
	cd "$BATS_TEST_TMPDIR"
	target_start kinds "$programs/memory-kinds"
	"$tracer" -q -p "${target_pid[kinds]}" -i 20ms -d 40ms -f json >"$tracer_out"
	taken malloc_heap heap 20
	taken malloc_arenas arena 10
	taken malloc_large large 30
	taken malloc_large large 7
	taken other mapped 12
	taken code code 3
	taken stacks stack 6
	taken files file 8
	taken data dirty 5
	taken shared_memory shared 9
	pools_add_up
	report -e --argjson kernel "$(awk '$1 == "Rss:" { print $2 * 1024 }' "/proc/${target_pid[kinds]}/smaps_rollup")" \
		'.data[0].samples[-1].rss as $rss | ($rss - $kernel | fabs) <= 0.01 * $kernel'
	target_ends_well kinds
}

@test "what grows is named: native memory of a program that leaks a little at a time" {
	cd "$BATS_TEST_TMPDIR"
	target_start kinds "$programs/memory-kinds"
	tracer_start -p "${target_pid[kinds]}" -i 50ms -f json
	for _ in $(seq 40); do
		target_say kinds 'heap 1'
		sleep 0.05
	done
	watched
	report -e '.data[0] | .suspect == "native" and .pools.malloc_heap.verdict == "growing" and .pools.files.verdict == "not_growing"' ||
		fail "$(report -c '.data[0] | .suspect, .pools.malloc_heap')"
	report -e '.data[0].minor_faults_per_s > 1000'
}

@test "nginx: pools add up to what the kernel says is resident" {
	start_nginx
	"$tracer" -q -p "$nginx_pid" -s -i 50ms -d 300ms -f json >"$tracer_out"
	pools_add_up >/dev/null
	report -e --argjson worker "$worker" '[.data[].pid] | index($worker) and length == 2'
	report -e --argjson kernel "$(awk '$1 == "Rss:" { print $2 * 1024 }' "/proc/$worker/smaps_rollup")" --argjson worker "$worker" \
		'.data[] | select(.pid == $worker) | .samples[-1].rss == $kernel and (.v8 | not) and .heaps == []'
}

@test "redis: pools add up, its allocator's mappings are other memory than malloc's" {
	need_command redis-server
	background "$BATS_TEST_TMPDIR/redis" redis-server --port 0 --save '' --appendonly no --unixsocket "$BATS_TEST_TMPDIR/socket"
	wait_for 20 test -S "$BATS_TEST_TMPDIR/socket"
	"$tracer" -q -p "$job" -i 50ms -d 300ms -f json >"$tracer_out"
	pools_add_up >/dev/null
	report -e '.data[0].samples[-1].rss > 1e6'
}

# --- limits ---------------------------------------------------------------------------------------

@test "the limit of its cgroup, what is used of it, and when it is reached" {
	cd "$BATS_TEST_TMPDIR"
	target_start kinds "$programs/memory-kinds"
	in_group $((200 << 20)) "${target_pid[kinds]}"
	tracer_start -p "${target_pid[kinds]}" -i 50ms -f json
	for _ in $(seq 40); do
		target_say kinds 'mapped 2'
		sleep 0.05
	done
	watched
	report -e --arg path "${group##*/}" '.data[0] | (.cgroup.path | endswith($path)) and .cgroup.limit_bytes == 200 * 1048576
		and .cgroup.used_bytes > 8e7 and .cgroup.used_bytes < 1.2e8 and .cgroup.limit_reached_in_ns != null
		and .figures.cgroup.verdict == "growing" and .suspect == "mappings"' ||
		fail "$(report -c '.data[0] | .cgroup, .figures.cgroup, .suspect')"
	kill -KILL "${target_pid[kinds]}"
	wait "${target_job[kinds]}" || true
}

# --- how it ends, and what it does to the target --------------------------------------------------

@test "Ctrl-C: the report; SIGUSR1: one before; lines as samples come" {
	target_start kinds "$programs/memory-kinds"
	tracer_start -p "${target_pid[kinds]}" -i 50ms
	wait_for 10 grep -qE '^[0-9:.]{12} +[0-9.]+ [KM]iB' "$tracer_out"
	kill -USR1 "$tracer_job"
	wait_for 10 grep -q '^  Verdict: ' "$tracer_out"
	tracer_end >/dev/null 2>&1
	same status 0 "$tracer_status"
	[ "$(grep -c '^  Verdict: ' "$tracer_out")" -eq 2 ]
	target_ends_well kinds
}

@test "the target dies: a report of what was, status 0" {
	target_start kinds "$programs/memory-kinds"
	tracer_start -p "${target_pid[kinds]}" -i 50ms -f json
	sleep 0.3
	kill -KILL "${target_pid[kinds]}"
	tracer_wait 2>/dev/null
	same status 0 "$tracer_status"
	report -e '.complete and .data[0].ended and .data[0].samples_taken >= 2'
}

@test "it executes another program: that one's memory from then on" {
	need_command node
	"$tracer" -q -i 20ms -f json -- sh -c 'sleep 0.3; exec node -e "setTimeout(() => {}, 700)"' >"$tracer_out"
	report -e '.data[0] | .v8 and .ended and .samples[0].heap_used == null and any(.samples[]; .heap_used > 1e6)'
}

@test "nothing is probed, stopped or traced: only /proc and process_vm_readv" {
	need_command strace node
	background "$BATS_TEST_TMPDIR/a" node -e 'setTimeout(() => {}, 100000); console.log("ready")'
	wait_for 10 grep -q ready "$BATS_TEST_TMPDIR/a"
	strace -f -o "$BATS_TEST_TMPDIR/calls" "$tracer" -q -p "$job" -i 50ms -d 300ms -f json >"$tracer_out"
	report -e '.data[0].samples[-1].heap_used > 1e6'
	grep -q '^[0-9]* *process_vm_readv(' "$BATS_TEST_TMPDIR/calls"
	run -1 grep -E '^[0-9]* *(ptrace|bpf|perf_event_open|process_vm_writev|kill|tgkill|pidfd_send_signal)\(' "$BATS_TEST_TMPDIR/calls"
	run -1 grep -E 'openat.*/proc/.*O_(RDWR|WRONLY)' "$BATS_TEST_TMPDIR/calls"
}

@test "without root: a process of one's own, V8's figures too" {
	need_command node setpriv
	local nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups)
	background "$BATS_TEST_TMPDIR/a" "${nobody[@]}" node -e 'setTimeout(() => {}, 100000); console.log("ready")'
	wait_for 10 grep -q ready "$BATS_TEST_TMPDIR/a"
	"${nobody[@]}" "$tracer" -q -p "$job" -i 50ms -d 200ms -f json >"$tracer_out"
	if [ "$(cat /proc/sys/kernel/yama/ptrace_scope 2>/dev/null || echo 0)" = 0 ]; then
		report -e '.data[0] | .v8_note == null and .samples[-1].heap_used > 1e6 and .samples[-1].array_buffers > 0'
	else
		report -e '.data[0] | .v8_note != null and .samples[-1].heap_used == null and .samples[-1].rss > 1e7'
	fi
}

@test "a process that may not be looked into for its capabilities: status 4, not figures" {
	target_start kinds "$programs/memory-kinds"
	run -4 setpriv --reuid 65534 --regid 65534 --clear-groups "$tracer" -q -p "${target_pid[kinds]}" -d 200ms
}

@test "a hostile name, in every format" {
	local format
	cp "$programs/memory-kinds" "$BATS_TEST_TMPDIR"/$'a\e[2J"<b>'
	target_start kinds "$BATS_TEST_TMPDIR"/$'a\e[2J"<b>'
	for format in text json csv prometheus; do
		"$tracer" -q -p "${target_pid[kinds]}" -i 50ms -d 200ms -f "$format" >"$tracer_out"
		run -1 grep -P '[\x00-\x08\x0b-\x1f\x7f]' "$tracer_out"
		grep -q 'x1b' "$tracer_out"
	done
	"$tracer" -q -p "${target_pid[kinds]}" -i 50ms -d 200ms -f prometheus | python3 "$SUPPORT_DIR/check_prometheus.py"
	target_ends_well kinds
}

@test "children that come later are watched with -s; many samples are thinned" {
	"$tracer" -q -s -i 20ms -f json --max-samples 16 -- sh -c 'sleep 0.2; sleep 0.8; true' >"$tracer_out"
	report -e '[.data[].process] | index("sh") and index("sleep")'
	report -e '.data[0] | .samples_taken > 30 and (.samples | length) <= 16 and .samples_kept_each >= 2'
}
