#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# mem-watch --buffers on node: the functions that made Buffers, to the byte; beside process.memoryUsage(); and that nothing
# of it is left.
# May run beside another.

# shellcheck disable=SC2154,SC2016,SC2030,SC2031 # variables of live.bash and nodes.bash; programs for jq; each test is a shell

bats_require_minimum_version 1.5.0
load ../support/helpers.bash
load ../support/live.bash
load ../support/nodes.bash

setup() {
	live_setup
	tracer=$(tool mem-watch)
	need_command jq python3
}

teardown() {
	live_teardown
}

# watch_work WHAT: buffers.js does WHAT while it is watched; its own figures are in $truth.
watch_work() {
	node_work --expose-gc buffers.js "$1"
	tracer_start --buffers -p "$work" -i 100ms -f json "${@:2}"
	target_say work
	truth=$(target_truth work made)
	tracer_end
	same 'exit status' 0 "$tracer_status"
	report -c . | python3 "$SUPPORT_DIR/validate_json.py" "$ROOT_DIR/docs/schema/mem-watch.schema.json"
}

# made FUNCTION: "COUNT BYTES FILE:LINE" of the rows of that name.
made() {
	report -r --arg name "$1" '.data[0].buffers.functions[] | select(.function == $name)
		| "\(.count) \(.bytes) \(.file | sub(".*/"; "")):\(.line)"'
}

# line_of FUNCTION: where buffers.js has it.
line_of() {
	grep -n "^function $1(" "$ROOT_DIR/tests/live/buffers.js" | cut -d: -f1
}

functions() {
	report -c '.data[0].buffers | del(.functions), (.functions[] | [.count, .bytes, .function, .file, .line])' >&2
}

# nothing_lost: of all processes; what is held is what was made and not freed.
nothing_lost() {
	report -e '[.data[].buffers | select(.)] | length > 0 and all(.[]; .complete and all(.lost[]; . == 0)
		and .counts.allocs - .counts.frees == .count and .counts.alloc_bytes - .counts.free_bytes == .bytes
		and ([.functions[].bytes] | add) == .bytes)' >/dev/null || { functions; return 1; }
}

# agrees_with_node: what was made and lives is what arrayBuffers grew by, to 0.1 %: as node says it, and as it was read.
agrees_with_node() {
	report -e --argjson truth "$truth" '.data[0].buffers as $b | ($truth.after - $truth.before) as $grown |
		($b.bytes - $grown | fabs) <= $grown / 1000 and ($b.array_buffers_bytes - $truth.after | fabs) <= $grown / 1000
		and ($b.array_buffers_first_bytes + $b.bytes - $b.array_buffers_bytes | fabs) <= $grown / 1000' >/dev/null ||
		{ echo "$truth"; functions; return 1; } >&2
}

# exact VERSION: each function's Buffers to the byte.
exact() {
	need_node "$1"
	watch_work known
	functions
	same thumbnails "500 10000000 buffers.js:$(line_of thumbnails)" "$(made thumbnails)"
	same uploads "167 5010000 buffers.js:$(line_of uploads)" "$(made uploads)"
	same dropped '' "$(made dropped)"
	# slices begin at multiples of 8 bytes; a block of the pool is made by the one that has no room in the last
	report -e '.data[0].buffers | .counts.frees >= 3000 and (.functions[] | select(.function == "slices")
		| (.bytes - 2000 * 104 | fabs) < .bytes / .count and .bytes % 8192 == 0)'
	nothing_lost
	agrees_with_node
}

@test "node 18: each function's Buffers, to the byte" {
	exact 18.20.8
}

@test "node 20" {
	exact 20
}

@test "node 22" {
	exact 22.23.3
}

@test "node 24" {
	exact 24.21.0
}

@test "node 24.11, whose V8 is another" {
	exact 24.11.0
}

@test "node 25" {
	exact 25.9.0
}

@test "a stripped node 24, whose free begins with an instruction that cannot be probed" {
	need_node 24.21.0
	need_command strip
	cp -L "$node" "$BATS_TEST_TMPDIR/node"
	strip -s "$BATS_TEST_TMPDIR/node"
	node=$BATS_TEST_TMPDIR/node
	watch_work known -v
	grep -q '24NodeArrayBufferAllocator4FreeEPvm+5 (single-stepped' "$tracer_err"
	report -e '.data[0].buffers | .count >= 667 and .counts.frees >= 3000'
	nothing_lost
}

# What node reads without a script on the stack, and shrinks to what came (node 18 by a realloc of its own).
reads() {
	need_node "$1"
	watch_work sockets
	functions
	nothing_lost
	report -e '.data[0].buffers | .bytes < 1.1 * 1048576
		and ([.functions[] | select(.function | startswith("node::")).bytes] | add) >= 1048576
		and any(.functions[]; .file == "node:fs")'
}

@test "what is read from sockets and files has its maker too, on node 18" {
	reads 18.20.8
}

@test "on node 22" {
	reads 22.23.3
}

@test "a worker thread's are among them, and its heap's arrayBuffers with the others" {
	need_node 22.23.3
	watch_work worker
	same thumbnails "500 10000000 buffers.js:$(line_of thumbnails)" "$(made thumbnails)"
	nothing_lost
	report -e '.data[0] | ([.heaps[].array_buffers_bytes] | add) == .buffers.array_buffers_bytes
		and .buffers.array_buffers_bytes >= .buffers.bytes - 4096'
}

@test "with -s, a child's are its own" {
	need_node 22.23.3
	watch_work child -s
	report -c '.data[] | .pid, .buffers.functions[0]' >&2
	report -e '.data | length == 2 and (.[0].buffers.bytes < 1e6)
		and (.[1].buffers.functions[0] | .function == "thumbnails" and .count == 500 and .bytes == 1e7)'
}

@test "a command from its first instruction, and the report as people read it" {
	need_node 20
	"$tracer" -q --buffers -i 100ms -T 1 -- "$node" -e 'const k = []; function keep() { k.push(Buffer.alloc(100000)) }
		for (let i = 0; i < 50; i++) keep(); setTimeout(() => process.exit(), 1500)' >"$tracer_out"
	grep -E '4.77 MiB +50 +[0-9.]+ % .*keep \[eval\]:1$' "$tracer_out"
	grep -E 'of [0-9]+ more functions? \(-T [0-9]+ shows all\)$' "$tracer_out"
	grep -E 'in all: (9[5-9]|100)\.[0-9] % of arrayBuffers' "$tracer_out"
	grep -q 'Nothing was lost: each that was made or freed is in these figures' "$tracer_out"
	grep -q "node's allocator of Buffers was probed" "$tracer_out"
	grep -q ", ended: " "$tracer_out"
}

@test "kill -9 and Ctrl-C leave no probe, and node goes on" {
	local clean program='/nodes/22.23.3/bin/node'

	need_node 22.23.3
	node_work --expose-gc buffers.js known
	clean=$(text_sum "$work" "$program")
	tracer_start --buffers -p "$work"
	! text_is "$work" "$program" "$clean" || fail 'no probe in memory'
	target_say work
	tracer_kill
	wait_for 5 text_is "$work" "$program" "$clean"
	target_truth work made >/dev/null
	tracer_start --buffers -p "$work"
	tracer_end
	same 'exit status' 0 "$tracer_status"
	text_is "$work" "$program" "$clean"
	grep -q 'Buffers made in the last' "$tracer_out"
}
