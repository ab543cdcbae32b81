#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The servers whose loops are held up: each kind of stall is what it says, the log of the loop has all of it, and what
# looks like a stall and is none holds up nobody. Lengths are bounded from below, and from above by the same server's
# own clocks, so that a busy machine makes these tests slower and not wrong.

# shellcheck disable=SC2154,SC2153,SC2030,SC2031 # variables of the two files below; each test is a subshell
load ../support/helpers.bash
load ../support/examples.bash

KINDS=(compute regex faults read mapped fsync sleep lock child nested resolve)
NODE_KINDS=(json pbkdf2 regex gc faults read fsync lock child)
NODE_CONTROLS=(dns pool immediates)

setup() {
	examples_setup
	log=$BATS_TEST_TMPDIR/log
	call=$BATS_TEST_TMPDIR/call
}

teardown() {
	stop_server
}

stalling() {
	start_server profiling/stalling-server --truth "$log" "$@"
}

node_stalling() {
	start_node_server profiling/event-loop-stalls.js --truth "$log" "$@"
}

# with_log PROGRAM: over the loops of $log, as loop_truth.py reads them.
with_log() {
	PYTHONPATH=$SUPPORT_DIR PYTHONDONTWRITEBYTECODE=1 python3 -c "
from loop_truth import *
loops = read_truth('$log')
$1" >"$BATS_TEST_TMPDIR/said" 2>&1 || fail "$(cat "$BATS_TEST_TMPDIR/said")"
}

has_said_done() {
	grep -qx 'done' "$SERVER_OUT"
}

# other_answers ROUTE: what is none of the stalls.
other_answers() {
	[ "$(http_get /health)" = ok ]
	[ "$(http_status /nothing)" = 404 ]
	[ "$(http_status "$1" -X DELETE)" = 405 ]
	[ "$(http_status "$1?ms=4001")" = 400 ]
	[ "$(http_status "$1?ms=-1")" = 400 ]
	[ "$(http_status "$1?ms=")" = 400 ]
}

# --- in C -------------------------------------------------------------------------------------------

@test "stalling-server: each kind takes as long as asked, and computes or sleeps as its name says" {
	local kind
	stalling
	for kind in "${KINDS[@]}"; do
		http_get "/$kind?ms=80" >"$call"
		holds "$call" "doc['kind'] == '$kind'" "doc['tid'] == $SERVER_PID" \
			"80e6 <= doc['ended_ns'] - doc['began_ns']" \
			"doc['cpu_ns'] + doc['slept_ns'] <= doc['ended_ns'] - doc['began_ns'] + 1e6"
		case $kind in
		compute | regex | faults) holds "$call" "doc['cpu_ns'] > 4e6" "doc['slept_ns'] == 0" ;;
		read | mapped | fsync) holds "$call" "doc['cpu_ns'] > 1e5" "doc['slept_ns'] == 0" ;;
		# 0: the thread lost the CPU on its way to sleep
		*) holds "$call" "doc['cpu_ns'] < 30e6" "doc['slept_ns'] == 0 or doc['slept_ns'] > 40e6" ;;
		esac
	done
	other_answers /compute
	truth >"$saved"
	holds "$saved" "doc['failed'] == 0" "doc['mix'] is None" "[l['tid'] for l in doc['loops']] == [$SERVER_PID]" \
		"doc['loops'][0]['calls'] == ${#KINDS[@]}"
}

@test "stalling-server: known sleep is known for most calls" {
	local n
	stalling
	for ((n = 0; n < 10; n++)); do
		for kind in sleep lock nested resolve child; do http_get "/$kind?ms=20" >/dev/null; done
	done
	http_get /save >/dev/null
	with_log 'assert sum(call.slept > 0 for call in loops[0].calls) >= 25, loops[0].calls'
}

@test "stalling-server: mapped and read ask the disk, faults and compute do not" {
	local before after
	stalling
	read_bytes() { awk '/^read_bytes/ { print $2 }' "/proc/$SERVER_PID/io"; }
	for kind in faults compute read mapped; do
		before=$(read_bytes)
		http_get "/$kind?ms=50" >/dev/null
		after=$(read_bytes)
		case $kind in
		read | mapped) ((after - before >= 16384)) || fail "$kind: $((after - before)) bytes" ;;
		*) ((after == before)) || fail "$kind: $((after - before)) bytes" ;;
		esac
	done
}

# The log: waits in order, each call within one gap, and in a gap with calls little else.
log_adds_up() {
	with_log "
for loop in loops:
    assert loop.left_out == 0
    assert all(gap.began <= gap.ended for gap in loop.gaps)
    assert all(a.ended <= b.began for a, b in zip(loop.gaps, loop.gaps[1:]))
    ends = [gap.ended for gap in loop.gaps]
    rest = {}
    for call in loop.calls:
        at = list(touching(loop.gaps, ends, call))
        assert len(at) == 1, (call, at)
        gap = loop.gaps[at[0]]
        assert gap.began <= call.began and call.ended <= gap.ended, (call, gap)
        rest[gap] = rest.get(gap, length(gap)) - length(call)
        assert call.cpu + call.slept <= length(call) + MS, call
    print(loop.tid, len(loop.gaps), len(loop.calls), min(rest.values()))
    assert min(rest.values()) >= 0 and statistics.median(rest.values()) < MS
$1"
}

@test "stalling-server --mix: all kinds, as many as asked, each in one gap of the log, and the same again" {
	local kinds
	stalling --mix 11,60 --hold
	[ "$(http_get /truth | json_get - "doc['mix']['done']")" = 0 ]
	http_get /go >/dev/null
	wait_for 100 has_said_done
	truth >"$saved"
	holds "$saved" "doc['mix'] == {'seed': 11, 'asked': 60, 'done': 60, 'is_done': True}" "doc['failed'] == 0"
	http_get /save >/dev/null
	log_adds_up 'assert len(loops[0].calls) == 60
assert len({call.kind for call in loops[0].calls}) == 11
assert all(5 * MS <= length(call) for call in loops[0].calls)
assert any(0 < call.slept < 20 * MS for call in loops[0].calls) and any(call.slept > 150 * MS for call in loops[0].calls)
between = [b.began - a.ended for a, b in zip(loops[0].calls, loops[0].calls[1:])]
assert min(between) >= MS - 200000, min(between)'
	kinds=$(grep ^call "$log" | cut -d, -f3)
	end_well
	holds "$saved" "doc['mix']['is_done']"
	stalling --mix 11,20
	wait_for 60 has_said_done
	end_well
	[ "$(grep ^call "$log" | cut -d, -f3)" = "$(head -n 20 <<<"$kinds")" ] || fail "another mix"
	stalling --mix 12,20
	wait_for 60 has_said_done
	end_well
	[ "$(grep ^call "$log" | cut -d, -f3)" != "$(head -n 20 <<<"$kinds")" ]
}

@test "stalling-server --loops 3: three loops, each with its log; the other threads are none" {
	local tids
	stalling --loops 3 --mix 3,15
	wait_for 60 has_said_done
	for _ in {1..40}; do [ "$(http_get /health)" = ok ]; done
	truth >"$saved"
	tids=$(json_get "$saved" "' '.join(str(l['tid']) for l in doc['loops'])")
	[ "$(for tid in $tids; do cat "/proc/$SERVER_PID/task/$tid/comm"; done | paste -sd' ')" = 'stalling-server loop-1 loop-2' ]
	[ "$(cat /proc/"$SERVER_PID"/task/*/comm | sort | uniq -c | awk '{ print $1, $2 }' | paste -sd,)" = \
		'3 lock-holder,1 loop-1,1 loop-2,3 name-server,1 pool,1 stalling-server' ]
	[ "$(http_status '/sleep?ms=10')" = 200 ]
	end_well
	log_adds_up 'assert len(loops) == 3 and len({loop.tid for loop in loops}) == 3
assert sorted(len(loop.calls) for loop in loops)[:2] == [15, 15]
assert all(len(loop.gaps) > 15 for loop in loops)'
}

@test "stalling-server under load: no request is lost, the log has every wait" {
	local said
	need_command wrk
	stalling --mix 5,20
	said=$(LOAD_RATE=500 load_routes 4 /health '/sleep?ms=1')
	[[ $said != *'Socket errors'* && $said != *'Non-2xx'* ]] || fail "$said"
	wait_for 60 has_said_done
	end_well
	log_adds_up 'assert len(loops[0].calls) > 100 and len(loops[0].gaps) > 200'
}

@test "stalling-server: SIGTERM while all loops are held up" {
	stalling --loops 2 --mix 9,1000
	sleep 0.3
	end_well
	holds "$saved" "doc['mix']['is_done'] == False" "doc['failed'] == 0" "doc['mix']['done'] >= 1"
}

@test "stalling-server: misuse, a directory that is none, nothing left in one" {
	local server
	server=$(built examples/profiling/stalling-server)
	for bad in --mix= --mix=1 '--mix=1,' --mix=,1 --mix=1,0 --mix=1,x --mix=1,2,3 --mix=1,100001 --mix=99999999999,1 \
		--loops=0 --loops=17 --loops= --loops=2x --loops=-1; do
		run "$server" --port 0 "$bad"
		[ "$status" -eq 2 ] || fail "'$bad': $status"
	done
	run "$server" --port 0 --dir "$BATS_TEST_TMPDIR/none"
	[ "$status" -eq 1 ]
	[[ $output == *"$BATS_TEST_TMPDIR/none: No such file"* ]]
	mkdir "$BATS_TEST_TMPDIR/files"
	stalling --dir "$BATS_TEST_TMPDIR/files"
	[ "$(http_status '/fsync?ms=1')" = 200 ]
	[ -z "$(ls -A "$BATS_TEST_TMPDIR/files")" ]
}

@test "stalling-server under ASan, UBSan and TSan: all kinds on two loops, clean to the end" {
	local san
	need_command make gcc
	for san in address,undefined thread; do
		make -s -C "$ROOT_DIR" SAN=$san "build/${san//,/-}/examples/profiling/stalling-server"
		BUILD=build/${san//,/-} stalling --loops 2 --mix 4,25
		for kind in "${KINDS[@]}"; do [ "$(http_status "/$kind?ms=5")" = 200 ]; done
		wait_for 100 has_said_done
		[ "$(http_status /save)" = 200 ]
		end_well
		[ "$(wc -l <"$SERVER_ERR")" -eq 1 ] || fail "$san: $(cat "$SERVER_ERR")"
	done
}

# --- in Node ----------------------------------------------------------------------------------------

@test "event-loop-stalls: each kind takes as long as asked; known sleep costs no CPU" {
	local kind pid
	node_stalling
	pid=$SERVER_PID
	for kind in "${NODE_KINDS[@]}"; do
		http_get "/$kind?ms=60" >"$call"
		holds "$call" "doc['kind'] == '$kind'"
		# memory is bounded, where it comes fast
		[ "$kind" = faults ] || holds "$call" "60e6 <= doc['ended_ns'] - doc['began_ns'] + 1e6"
		case $kind in
		lock | child) holds "$call" "doc['slept_ns'] == 60e6" "doc['process_cpu_ns'] < 40e6" ;;
		*) holds "$call" "doc['slept_ns'] == 0" "doc['process_cpu_ns'] > 0" ;;
		esac
	done
	other_answers /json
	end_well
	with_log "assert [call.kind for call in loops[0].calls] == '${NODE_KINDS[*]}'.split()
assert loops[0].tid == $pid and loops[0].left_out == 0"
}

# Between two notes the loop was busy for what passed less what it was idle: each call is between two, and
# little else is.
notes_add_up='
loop = loops[0]
assert loop.left_out == 0 and min(loop.busy) >= -1000, min(loop.busy)
ends = [note.ended for note in loop.notes]
rest = []
for call in loop.calls:
    at = list(touching(loop.notes, ends, call))
    assert len(at) == 1, (call, at)
    rest.append(loop.busy[at[0]] - length(call))
assert min(rest) >= 0 and statistics.median(rest) < 5 * MS, sorted(rest)'

@test "event-loop-stalls --mix: all kinds, each between two notes of the log, and the same again" {
	local kinds
	node_stalling --mix 11,60 --hold
	http_get /go >/dev/null
	wait_for 100 has_said_done
	end_well
	with_log "$notes_add_up
assert len(loop.calls) == 60 and len({call.kind for call in loop.calls}) == 9
assert any(0 < call.slept < 20 * MS for call in loop.calls) and any(call.slept > 150 * MS for call in loop.calls)"
	kinds=$(json_get "$log" "[c['kind'] for c in doc['calls']][:15]")
	node_stalling --mix 11,15
	wait_for 60 has_said_done
	end_well
	[ "$(json_get "$log" "[c['kind'] for c in doc['calls']]")" = "$kinds" ]
}

@test "event-loop-stalls: getaddrinfo, the thread pool and a storm of immediates hold up nobody" {
	local kind
	node_stalling
	for kind in "${NODE_CONTROLS[@]}"; do
		http_get "/$kind?ms=20" >/dev/null # what is compiled and loaded at the first time
		http_get "/$kind?ms=500" >"$call"
		holds "$call" "doc['ended_ns'] - doc['began_ns'] >= 500e6" "doc['process_cpu_ns'] > 1e6"
	done
	end_well
	with_log "
for call in json.load(open('$log'))['controls'][1::2]:
    span = Gap(call['began_ns'], call['ended_ns'])
    busy = [loops[0].busy[i] for i in touching(loops[0].notes, [n.ended for n in loops[0].notes], span)]
    print(call['kind'], len(busy), max(busy))
    # the loop came round all the time, though others may have had its CPU now and then
    assert len(busy) > 10 and max(busy) < 250 * MS and statistics.median(busy) < 10 * MS"
}

@test "event-loop-stalls: what it was busy between two answers of /elu is what its notes say" {
	node_stalling
	http_get /elu >"$BATS_TEST_TMPDIR/first"
	for _ in {1..5}; do
		http_get '/regex?ms=100' >/dev/null
		http_get '/lock?ms=50' >/dev/null
	done
	http_get /elu >"$BATS_TEST_TMPDIR/last"
	end_well
	with_log "
first, last = (read_report('$BATS_TEST_TMPDIR/' + name) for name in ('first', 'last'))
wall = last['monotonic_ns'] - first['monotonic_ns']
active = (last['active'] - first['active']) * 1e6
idle = (last['idle'] - first['idle']) * 1e6
window = Gap(first['monotonic_ns'], last['monotonic_ns'])
notes = sum(busy for note, busy in zip(loops[0].notes, loops[0].busy) if overlap(note, window) > 0)
print(wall, active, idle, notes)
assert abs(active + idle - wall) < MS and 750 * MS <= active < wall
assert abs(notes - active) < 0.05 * wall"
}

@test "event-loop-stalls --worker: a second loop, with a thread and a truth of its own" {
	local port tid
	node_stalling --worker
	wait_for 10 grep -q '^worker listening' "$SERVER_OUT"
	port=$SERVER_PORT
	SERVER_PORT=$(sed -n 's/^worker listening on .*://p' "$SERVER_OUT")
	[ "$(http_status '/lock?ms=30')" = 200 ]
	truth >"$saved"
	tid=$(json_get "$saved" "doc['tid']")
	[ "$tid" -ne "$SERVER_PID" ]
	[ -d "/proc/$SERVER_PID/task/$tid" ]
	holds "$saved" "[c['kind'] for c in doc['calls']] == ['lock']" "len(doc['notes']) > 2"
	SERVER_PORT=$port
	truth >"$saved"
	holds "$saved" "doc['tid'] == $SERVER_PID" "doc['calls'] == []"
	end_well
}

@test "event-loop-stalls: misuse, a port that is taken, nothing left behind" {
	local js
	mkdir "$BATS_TEST_TMPDIR/files"
	node_stalling --dir "$BATS_TEST_TMPDIR/files"
	[ "$(http_status '/fsync?ms=1')" = 200 ]
	[ "$(http_status '/read?ms=1')" = 200 ]
	[ -z "$(ls -A "$BATS_TEST_TMPDIR/files")" ]
	js=$(built examples/profiling/event-loop-stalls.js)
	for bad in --mix= --mix=1 --mix=1,0 --mix=1,x --mix=1,100001 --port=65536 --port=x --none extra; do
		run node "$js" "$bad"
		[ "$status" -eq 2 ] || fail "$bad: $status"
	done
	run node "$js" --port "$SERVER_PORT"
	[ "$status" -eq 1 ]
	[[ $output == *"EADDRINUSE"* ]]
	end_well
	run node "$js" --help
	[ "$status" -eq 0 ]
}
