#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# JavaScript functions of a stock node, started without any flag: their names, files and lines in cpu-sample,
# memleak-trace and loop-stall; what is said where they cannot be read; who wins when there is a map.

# shellcheck disable=SC2154,SC2016,SC2030,SC2031,SC2034 # variables of live.bash; programs for jq

load ../support/helpers.bash
load ../support/live.bash

setup() {
	live_setup
	need_command jq node
	work=$ROOT_DIR/tests/live/v8-work.js
	maps=()
}

teardown() {
	live_teardown
	rm -f "${maps[@]}"
}

# runs_node WHAT [COMMAND...]: v8-work.js, warm; its process is $pid.
runs_node() {
	local what=$1
	shift
	[ $# -gt 0 ] || set -- node
	target_start "$what" "$@" "$work" "$what"
	pid=${target_pid[$what]}
}

# traces TOOL OPTION...: what the tool reports of $pid in JSON.
traces() {
	tracer=$(tool "$1")
	shift
	tracer_start -p "$pid" -f json "$@"
	tracer_wait
	same 'exit status' 0 "$tracer_status"
}

line_of() {
	grep -nF "$1" "$work" | head -n 1 | cut -d: -f1
}

# has_frame FUNCTION TEXT: a frame of that name, in this file, on the line that has TEXT.
has_frame() {
	report -e --arg f "$1" --arg file "$work" --argjson line "$(line_of "$2")" '
		[.. | objects | select(.function? == $f and .file? == $file and .line? == $line)] | length > 0' >/dev/null ||
		fail "no frame $1 of line $(line_of "$2"): $(report -c '[.. | objects | .function? // empty] | unique | .[:60]')"
}

# names_of JQ: the names of each stack of cpu-sample that JQ selects, from the leaf.
stacks() {
	report -c '.frames as $f | .data[] | [.frames[] | $f[.].function]' | jq -c "select($1)"
}

@test "cpu-sample: functions, methods and anonymous ones with file and line; builtins and native frames in the same stack" {
	runs_node cpu
	traces cpu-sample -d 4
	has_frame burn 'function burn'
	has_frame total 'total(ms)'
	has_frame cpu 'function cpu'
	has_frame '(anonymous)' 'return [1, 2].map('
	has_frame throughBuiltin 'function throughBuiltin'
	[ "$(stacks 'index("burn") < index("(anonymous)") and index("(anonymous)") < index("throughBuiltin")
		and index("throughBuiltin") < index("uv_run")' | wc -l)" -gt 0 ]
	report -e '[.frames[] | select(.file == "'"$work"'" and .kind != "jit")] == []'
	report -e '.stacks.js_frames > 100 and .stacks.js_unreadable * 100 < .stacks.js_frames'
	report -e '[.frames[] | select(.function == "burn") | .column] | all(. > 1)'
}

@test "cpu-sample --js-tiers: what runs a function is told" {
	runs_node cpu
	traces cpu-sample -d 3 --js-tiers
	report -e '[.frames[].function] | any(. == "burn [turbofan]" or . == "burn [maglev]")'
	report -e '[.frames[] | select(.function == "burn")] == []'
	pid=''
	target_start interpreted node --no-opt --no-sparkplug "$work" cpu
	pid=${target_pid[interpreted]}
	traces cpu-sample -d 3 --js-tiers
	has_frame 'burn [interpreted]' 'function burn'
	report -e '[.frames[].function] | any(. == "burn [turbofan]") | not'
}

@test "cpu-sample -f cpuprofile: URLs, lines and columns as V8's own profiler writes them" {
	runs_node cpu
	tracer=$(tool cpu-sample)
	tracer_start -p "$pid" -f cpuprofile -d 3
	tracer_wait
	jq -e --arg url "file://$work" --argjson line "$(($(line_of 'function burn') - 1))" '
		[.nodes[].callFrame | select(.functionName == "burn")]
		| length > 0 and all(.url == $url and .lineNumber == $line and .columnNumber == 13)' "$tracer_out"
}

@test "cpu-sample: functions of a worker thread have names" {
	runs_node workers
	traces cpu-sample -d 3
	has_frame inWorker 'function inWorker'
	traces cpu-sample -d 3 --threads
	report -e '[.tasks[].thread] | index("node worker") != null'
	[ "$(stacks 'index("inWorker") and any(.[]; . and startswith("node::worker::Worker::"))' | wc -l)" -gt 0 ]
}

@test "memleak-trace: the function that caused a native allocation" {
	runs_node leak
	traces memleak-trace -d 4 --older 100ms
	has_frame openStream 'function openStream'
	report -e '[.data[] | select([.frames[].function] | index("openStream") < index("leak"))] | length > 0'
	report -e '[.targets[].stacks.js_frames] | add > 0'
}

@test "loop-stall: the function that blocked the loop is the culprit" {
	runs_node stall
	tracer=$(tool loop-stall)
	tracer_start -p "$pid" -d 4
	tracer_wait
	grep -Eq '^#1 .*: blockTheLoop, called by stall$' "$tracer_out" || fail "$(cat "$tracer_out")"
	grep -q "blockTheLoop .*v8-work.js:$(line_of 'function blockTheLoop') " "$tracer_out"
	grep -Eq 'JS frames: [0-9]+, unreadable' "$tracer_out"
}

@test "a process that ends keeps its names" {
	runs_node brief
	traces cpu-sample -d 20
	has_frame burn 'function burn'
	has_frame brief 'function brief'
}

@test "a program that executes node: names after it" {
	target_start exec python3 -c '
import os, sys, time
print("ready", os.getpid(), flush=True)
time.sleep(2)
os.execvp("node", ["node", sys.argv[1], "cpu"])' "$work"
	pid=${target_pid[exec]}
	traces cpu-sample -d 5
	has_frame burn 'function burn'
	has_frame cpu 'function cpu'
}

# Writes a map that has all code made at run time in one function.
write_map() {
	local map=/tmp/perf-$pid.map

	maps+=("$map")
	awk '$2 ~ /x/ && NF == 5 { split($1, at, "-"); print at[1], at[2] }' "/proc/$pid/maps" |
		while read -r start end; do
			printf '%s %x JS:*fromTheMap /srv/map.js:12:34\n' "$start" $((0x$end - 0x$start))
		done >"$map"
	chmod 600 "$map"
}

@test "a perf map wins when it can be trusted, and only then" {
	runs_node cpu
	write_map
	traces cpu-sample -d 3 --js-tiers
	report -e '[.frames[] | select(.function == "fromTheMap [turbofan]" and .file == "/srv/map.js" and .line == 12)]
		| length > 0'
	report -e '[.frames[] | select(.function == "burn [turbofan]")] == []'
	chmod 666 "/tmp/perf-$pid.map"
	traces cpu-sample -d 3
	has_frame burn 'function burn'
	report -e '[.frames[] | select(.function == "fromTheMap")] == []'
}

# A copy of node, by another name, in which the constant NAME has another VALUE.
change_constant() {
	python3 - "$(readlink -f "$(command -v node)")" "$1" "$2" "$3" <<-'PYTHON'
		import re, subprocess, sys
		source, copy, name, value = sys.argv[1:]
		data = bytearray(open(source, "rb").read())
		symbols = subprocess.run(["nm", "-D", source], capture_output=True, text=True).stdout
		at = int(re.search(r"^(\w+) \w %s$" % name, symbols, re.M).group(1), 16)
		for line in subprocess.run(["readelf", "-lW", source], capture_output=True, text=True).stdout.splitlines():
		    words = line.split()
		    if words[:1] == ["LOAD"] and int(words[2], 16) <= at < int(words[2], 16) + int(words[4], 16):
		        at += int(words[1], 16) - int(words[2], 16)
		        data[at:at + 4] = int(value).to_bytes(4, "little")
		        open(copy, "wb").write(data)
		        sys.exit()
		sys.exit("no such constant with bytes in the file")
	PYTHON
	chmod 755 "$1"
}

@test "a layout that cannot be read is refused in one line; stacks are walked all the same, and frames counted" {
	need_command nm readelf
	local copy=$BATS_TEST_TMPDIR/server
	change_constant "$copy" v8dbg_TaggedSize 4
	runs_node cpu "$copy"
	traces cpu-sample -d 3
	same 'lines that say so' 1 "$(grep -c 'JavaScript functions of .*/server have no names: ' "$tracer_err")"
	report -e '.stacks.js_frames > 0 and .stacks.js_frames == .stacks.js_unreadable'
	[ "$(stacks 'index("[js]") < index("uv_run")' | wc -l)" -gt 0 ]
	report -e '[.frames[] | select(.function == "burn")] == []'
	report -e '.stacks.complete_pct > 90'
}
