#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The servers that are busy: their routes, and that their truth adds up. Shares are of CPU time, not of time on the
# wall, so that a busy machine makes these tests slower and not wrong.

# shellcheck disable=SC2154 # variables of examples.bash
load ../support/helpers.bash
load ../support/examples.bash

FAULTS=(sync-io json regex compute)
KEPT='abs(f["share_pct"] - f["asked_pct"]) <= 2'

setup() {
	examples_setup
}

teardown() {
	stop_server
}

busy() {
	start_server profiling/busy-server "$@"
}

blocking() {
	start_node_server profiling/cpu-blocking.js "$@"
}

routes_answer() {
	local fault
	for fault in "${FAULTS[@]}"; do
		[ "$(http_status "/$fault")" = 200 ] || fail "/$fault"
		[[ $(http_status "/fixed/$fault") == 20[02] ]] || fail "/fixed/$fault"
		[ "$(http_get "/$fault" | cut -d, -f1)" = "$(http_get "/fixed/$fault" | cut -d, -f1)" ] ||
			fail "/fixed/$fault answers something else"
		[ "$(http_status "/$fault" -X DELETE)" = 405 ]
	done
	[ "$(http_status /health)" = 200 ]
	[ "$(http_status /nothing)" = 404 ]
	[ "$(http_status '/json?id=20000')" = 404 ]
	[ "$(http_status '/regex?n=27')" = 400 ]
	[ "$(http_status '/regex?n=-1')" = 400 ]
	[ "$(http_get '/json?id=19999')" = "$(http_get '/fixed/json?id=19999')" ]
}

ask_each_route() {
	local fault
	for fault in "${FAULTS[@]}"; do
		http_get "/$fault" >/dev/null
		http_get "/fixed/$fault" >/dev/null
	done
}

# Asked for equally often, the repair costs the loop at most a fifth. The first call of each, which fills caches and
# is not compiled yet, does not count.
repairs_pay() {
	local n
	ask_each_route
	truth >"$BATS_TEST_TMPDIR/first"
	for ((n = 0; n < 15; n++)); do ask_each_route; done
	end_well
	python3 - "$BATS_TEST_TMPDIR/first" "$saved" "${FAULTS[@]}" <<-'PYTHON' || fail "see above"
		import json, sys
		first, last = ({r["route"]: r for r in json.load(open(f))["routes"]} for f in sys.argv[1:3])
		def spent(route, field):
		    return last[route][field] - first[route][field]
		for fault in sys.argv[3:]:
		    old, new = "/" + fault, "/fixed/" + fault
		    print(old, [spent(r, f) for f in ("calls", "cpu_ns") for r in (old, new)])
		    assert spent(old, "calls") == spent(new, "calls") == 15
		    assert spent(new, "cpu_ns") * 5 <= spent(old, "cpu_ns")
	PYTHON
}

# mix_is_kept FILE CLOCK: of a mix that has burned for a while.
mix_is_kept() {
	holds "$1" "all($KEPT for f in doc['mix']['functions'])" \
		"abs(sum(f['share_pct'] for f in doc['mix']['functions']) - 100) <= 1" \
		"sum(f['cpu_ns'] for f in doc['mix']['functions']) + doc['mix']['other_cpu_ns'] == doc['mix']['$2']" \
		"0 <= doc['mix']['other_cpu_ns'] <= doc['mix']['$2'] * 0.2"
}

# The kernel's account of the process, in ns; it counts in ticks of 10 ms.
kernel_cpu_ns() {
	awk '{ printf "%.0f\n", ($14 + $15) * 1e7 }' "/proc/$SERVER_PID/stat"
}

@test "busy-server: every route answers, the repairs answer the same" {
	busy
	routes_answer
	[ "$(http_status /fixed/sync-io)" = 202 ]
}

@test "busy-server: the repairs cost at most a fifth of the CPU time of the faults" {
	busy
	repairs_pay
}

@test "busy-server: one letter more is twice the work for the backtracking matcher, not for the other" {
	local steps=()
	busy
	steps+=("$(http_get '/regex?n=10' | grep -oE '[0-9]+')" "$(http_get '/regex?n=18' | grep -oE '[0-9]+')")
	((steps[1] > 200 * steps[0] && steps[1] < 300 * steps[0])) || fail "${steps[*]}"
	steps=("$(http_get '/fixed/regex?n=10' | grep -oE '[0-9]+')" "$(http_get '/fixed/regex?n=18' | grep -oE '[0-9]+')")
	((steps[1] < 2 * steps[0])) || fail "${steps[*]}"
}

@test "busy-server --burn: the mix is kept, adds up, agrees with the kernel, and clients are served" {
	local kernel
	busy --burn
	wait_for 60 truth_has "doc['mix']['thread_cpu_ns'] > 2e9"
	[ "$(http_status /compute)" = 200 ]
	truth >"$saved"
	kernel=$(kernel_cpu_ns)
	mix_is_kept "$saved" thread_cpu_ns
	holds "$saved" "len(doc['mix']['functions']) == 4" "doc['off_cpu'] is None" \
		"0.75 * $kernel <= doc['mix']['thread_cpu_ns'] <= $kernel + 2e7"
	end_well
	mix_is_kept "$saved" thread_cpu_ns
}

@test "busy-server --mix: the shares asked for" {
	busy --mix render_json=73,parse_request=27
	wait_for 60 truth_has "doc['mix']['thread_cpu_ns'] > 1e9"
	end_well
	mix_is_kept "$saved" thread_cpu_ns
	holds "$saved" "{f['function']: f['asked_pct'] for f in doc['mix']['functions']} == {'render_json': 73, 'parse_request': 27}"
}

@test "busy-server --off-cpu: sleeps 40 %, is blocked 30 %, computes 30 %, and only that costs CPU" {
	busy --off-cpu
	wait_for 60 truth_has "doc['off_cpu']['wall_ns'] > 3e9"
	[ "$(cat "/proc/$SERVER_PID/task/$(json_get "$saved" "doc['off_cpu']['tid']")/comm")" = worker ]
	end_well
	holds "$saved" "[f['asked_pct'] for f in doc['off_cpu']['parts']] == [40, 30, 30]" \
		"all($KEPT for f in doc['off_cpu']['parts'])" \
		"abs(sum(f['share_pct'] for f in doc['off_cpu']['parts']) - 100) <= 1" \
		"sum(f['wall_ns'] for f in doc['off_cpu']['parts']) == doc['off_cpu']['wall_ns']" \
		"all(f['cpu_ns'] < f['wall_ns'] * 0.1 for f in doc['off_cpu']['parts'][:2])" \
		"doc['off_cpu']['parts'][2]['cpu_ns'] <= doc['off_cpu']['parts'][2]['wall_ns'] * 1.01" "doc['mix'] is None"
}

@test "busy-server: what is no mix, no directory or no option is refused" {
	local server mix
	server=$(built examples/profiling/busy-server)
	for mix in '' x hash_body hash_body= hash_body=99 hash_body=101 'hash_body=100,' hash_body=0,sort_results=100 \
		hash_body=50,hash_body=50 hash_body=4294967396 hash_body=1e2; do
		run "$server" --port 0 --mix "$mix"
		[ "$status" -eq 2 ] || fail "'$mix': $status"
	done
	run "$server" --port 0 --dir "$BATS_TEST_TMPDIR/none"
	[ "$status" -eq 1 ]
	[[ $output == "busy-server: files in $BATS_TEST_TMPDIR/none: No such file"* ]]
	run "$server" --off-cpu=yes
	[ "$status" -eq 2 ]
	"$server" --help | grep -q -- '--mix NAME=SHARE'
}

@test "busy-server: nothing is left in its directory" {
	busy --dir "$BATS_TEST_TMPDIR"
	[ "$(http_status /sync-io)" = 200 ]
	run compgen -G "$BATS_TEST_TMPDIR/busy-server.*"
	[ -z "$output" ]
}

@test "busy-server under ASan, UBSan and TSan: routes, mix and threads, clean to the end" {
	local san
	need_command make gcc
	for san in address,undefined thread; do
		make -s -C "$ROOT_DIR" SAN=$san "build/${san//,/-}/examples/profiling/busy-server"
		BUILD=build/${san//,/-} start_server profiling/busy-server --burn --off-cpu
		routes_answer
		end_well
		[ "$(wc -l <"$SERVER_ERR")" -eq 1 ] || fail "$san: $(cat "$SERVER_ERR")"
	done
}

@test "cpu-blocking: every route answers, the repairs answer the same" {
	blocking
	routes_answer
}

@test "cpu-blocking: the repairs cost the loop at most a fifth" {
	blocking
	repairs_pay
}

@test "cpu-blocking --burn: the mix is kept, adds up, agrees with the kernel, and clients are served" {
	local kernel
	blocking --burn
	wait_for 60 truth_has "doc['mix']['process_cpu_ns'] > 2e9"
	[ "$(http_status /health)" = 200 ]
	truth >"$saved"
	kernel=$(kernel_cpu_ns)
	mix_is_kept "$saved" process_cpu_ns
	holds "$saved" "len(doc['mix']['functions']) == 4" "0.5 * $kernel <= doc['mix']['process_cpu_ns'] <= $kernel + 2e7"
	end_well
	mix_is_kept "$saved" process_cpu_ns
}

@test "cpu-blocking: misuse, a port that is taken, nothing left behind" {
	local js
	blocking --mix sortResults=100
	js=$(built examples/profiling/cpu-blocking.js)
	for bad in '--mix=hashBody=99' '--mix=' '--port=65536' '--port=x' --none extra; do
		run node "$js" "$bad"
		[ "$status" -eq 2 ] || fail "$bad: $status"
	done
	run node "$js" --port "$SERVER_PORT"
	[ "$status" -eq 1 ]
	[[ $output == *"EADDRINUSE"* ]]
	compgen -G '/var/tmp/cpu-blocking.*' >/dev/null # that of the one that runs
	end_well
	run node "$js" --help
	[ "$status" -eq 0 ]
}
