#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A server of fastify and handlebars (tests/apps): the 15 functions that have the most time by themselves have the shares
# that V8's own profiler gives them, node --cpu-prof, within 4 points. That one gives the time of functions which TurboFan
# has inlined to others, so it is compared with inlining off, and then cpu-sample with itself, on and off.
# Shares are of CPU time, of the same load; how much of it there is in a second does not matter.

# shellcheck disable=SC2034,SC2154,SC2206 # variables of and for live.bash and nodes.bash; flags are words

load ../support/helpers.bash
load ../support/live.bash
load ../support/sampler.bash
load ../support/nodes.bash

SAMPLES=9000

setup() {
	sampler_setup
	need_command python3 wrk
	[[ -d $ROOT_DIR/tests/apps/node_modules/fastify ]] || skip 'needs npm ci in tests/apps'
}

teardown() {
	live_teardown
}

# app_start FLAGS: under load, and warm. $work, $since: what is later is no start.
app_start() {
	local flags=($1)

	background "$BATS_TEST_TMPDIR/app" env -C "$BATS_TEST_TMPDIR" "$node" "${flags[@]}" "$ROOT_DIR/tests/apps/server.js"
	work=$job
	wait_for 20 grep -qs '^ready ' "$BATS_TEST_TMPDIR/app"
	SERVER_PORT=$(sed -n 's/^ready [0-9]* //p' "$BATS_TEST_TMPDIR/app")
	routes_start 100000 / /orders
	cpu_grows "$work" "$SAMPLES" 8999
	since=$(monotonic_ns)
}

app_ends() {
	routes_end
	kill -TERM "$work"
	wait "$work"
	grep -q 'requests in' "$BATS_TEST_TMPDIR/routes"
}

sample_app() {
	app_start "$2"
	tracer_start -p "$work" -F 3999 -f json
	cpu_grows "$work" "$SAMPLES" 3999
	tracer_end
	app_ends
	same 'exit status' 0 "$tracer_status"
	cp "$tracer_out" "$1"
}

# agrees ARGUMENT...: of v8_app.py.
agrees() {
	local status=0

	python3 "$SUPPORT_DIR/v8_app.py" "$@" >"$said" || status=$?
	grep -E 'samples|apart' "$said" | sed "s/^/# /" >&3
	return "$status"
}

# V8's clock is on the wall, and on a busy machine late: one of three profiles must agree.
agrees_with_v8() {
	local out=$BATS_TEST_TMPDIR round

	for round in 1 2 3; do
		sample_app "$out/apart" "$1"
		app_start "$1 --cpu-prof --cpu-prof-name v8-$round.cpuprofile"
		cpu_grows "$work" $((SAMPLES * 5 / 2)) 3999 # V8 takes a thousand in a second, and part of the time itself
		app_ends
		! agrees "$out/apart" "$out/v8-$round.cpuprofile" --since "$since" || return 0
	done
	fail "$(cat "$said")"
}

app_agrees() {
	local out=$BATS_TEST_TMPDIR said=$BATS_TEST_TMPDIR/said

	need_node "$1"
	agrees_with_v8 "--no-turbo-inlining $(node_flag --no-maglev-inlining)"
	sample_app "$out/inlined" ''
	# What is inlined is faster, some of it more than the rest.
	agrees "$out/inlined" "$out/apart" --points 6 || fail "$(cat "$said")"
}

@test "node 18: a server's functions" {
	app_agrees 18.20.8
}

@test "node 22: a server's functions" {
	app_agrees 22.23.3
}

@test "node 25: a server's functions" {
	app_agrees 25.9.0
}
