#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Names of JavaScript frames against what V8 says of the same code, by --perf-basic-prof: 99.5 % have the same function,
# file, line and tier, of 20,000 frames and more of code made at run time, in each version and in each tier. What Node
# writes is read by the test alone. Numbers of frames are compared, not times: a busy machine makes it slower, not wrong.

# shellcheck disable=SC2154 # variables of live.bash and nodes.bash

load ../support/helpers.bash
load ../support/live.bash
load ../support/sampler.bash
load ../support/nodes.bash

setup() {
	sampler_setup
	need_command python3
	frames=$(built tests/bpf/v8-frames)
}

teardown() {
	live_teardown
	[[ -z ${work:-} ]] || rm -f "/tmp/perf-$work.map"
}

# tier_agrees NAME FLAGS SAMPLES OPTION...: of js_truth.py.
tier_agrees() {
	local name=$1 out=$BATS_TEST_TMPDIR/$1 status=0

	mkdir -p "$BATS_TEST_TMPDIR/modules"
	node_work "--perf-basic-prof $2" v8-shapes.js "$BATS_TEST_TMPDIR/modules" "${alone[@]}"
	"$frames" "$work" "$3" 4999 >"$out.frames" 2>"$out.err" || status=$?
	cat "$out.err" >&2
	same 'status of v8-frames' 0 "$status"
	node_work_ends
	python3 "$SUPPORT_DIR/js_truth.py" map "$out.frames" "/tmp/perf-$work.map" "${@:4}" >"$out.said" || status=$?
	sed "s/^/# $name: /" "$out.said" >&3
	rm -f "/tmp/perf-$work.map"
	[[ $status -eq 0 ]] || differing+=" $name"
}

# In all of them more than 20,000 frames; V8 takes some functions back to bytecode, whatever it is asked.
all_tiers_agree() {
	local no_maglev budget no_callers='' alone=() differing=''

	need_node "$1"
	no_maglev=$(node_flag --no-maglev)
	budget="$(node_flag --interrupt-budget=5000) $(node_flag --invocation-count-for-turbofan=100)"
	# Its threads write into each other's lines.
	[[ $1 != 18.* ]] || alone=(alone)
	# Its Maglev does not write where inlined functions are.
	[[ $1 != 24.11.0 ]] || no_callers=--no-callers
	tier_agrees interpreted "--no-opt --no-sparkplug $no_maglev --interpreted-frames-native-stack" 1000 \
		--least 7000 --tier interpreted=7000
	tier_agrees baseline "--always-sparkplug --no-opt $no_maglev" 1000 --least 7000 --tier baseline=7000
	tier_agrees turbofan "$budget $no_maglev" 2000 --least 3000 --tier turbofan=2000
	if [[ $1 == 2[45].* ]]; then
		tier_agrees maglev "$budget --no-turbofan" 2000 --least 4000 --tier maglev=3000 $no_callers
	fi
	tier_agrees all '' 2000 --least 4000 $no_callers
	same 'runs that differ' '' "$differing"
}

@test "node 18: function, file, line and tier are those that V8 writes" {
	all_tiers_agree 18.20.8
}

@test "node 20: function, file, line and tier are those that V8 writes" {
	all_tiers_agree 20
}

@test "node 22: function, file, line and tier are those that V8 writes" {
	all_tiers_agree 22.23.3
}

@test "node 24.11.0: function, file, line and tier are those that V8 writes" {
	all_tiers_agree 24.11.0
}

@test "node 24.21: function, file, line and tier are those that V8 writes" {
	all_tiers_agree 24.21.0
}

@test "node 25: function, file, line and tier are those that V8 writes" {
	all_tiers_agree 25.9.0
}
