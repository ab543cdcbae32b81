#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# vitals-exporter on live services: figures against those of prom-client inside the same node and of our tools, targets that
# come and go, what is left when one of its processes is killed, hostile names. A page is at most a second old.
# May run beside another.

# shellcheck disable=SC2030,SC2031,SC2154,SC2016 # variables of live.bash and nodes.bash; programs for jq and sh

bats_require_minimum_version 1.5.0
load ../support/helpers.bash
load ../support/live.bash
load ../support/nodes.bash
load ../support/servers.bash
load ../support/exporter.bash

setup() {
	live_setup
	need_command curl jq python3 promtool bpftool
}

# The exporter first, and at its own pace: killed while it lets go of what has just ended, it leaves things in the kernel
# (user/probe/release.h).
teardown() {
	[[ -z ${exporter:-} ]] || exporter_end || true
	live_teardown
	stop_nginx
}

# prom_start: a node with prom-client; $prom (PID) and $prom_url.
prom_start() {
	need_command node
	[[ -d $ROOT_DIR/tests/apps/node_modules/prom-client ]] || skip 'needs npm ci in tests/apps'
	background "$BATS_TEST_TMPDIR/prom" node "$ROOT_DIR/tests/apps/prom.js"
	wait_for 10 grep -q '^ready ' "$BATS_TEST_TMPDIR/prom"
	read -r _ prom port <"$BATS_TEST_TMPDIR/prom"
	prom_url=http://127.0.0.1:$port
}

# both_pages NAME: ours is NAME, prom-client's NAME.prom. What making its page costs is in neither, or in both of the next.
both_pages() {
	page "$1"
	curl -sf "$prom_url/metrics" >"$BATS_TEST_TMPDIR/$1.prom"
}

# ask PATH TIMES
ask() {
	local i
	for ((i = 0; i < $2; i++)); do curl -sf "$prom_url$1" >/dev/null; done
}

# The longest that prom-client saw, less the 10 ms of its timer, lies in the highest bucket of ours, but for a little.
longest_lag_agrees() {
	local le low=0 count all

	all=$(grew after before vitals_loop_iteration_seconds_bucket loop=main le=+Inf)
	for le in 0.001 0.0025 0.005 0.01 0.025 0.05 0.1 0.25 0.5 1 2.5 5 10; do
		count=$(grew after before vitals_loop_iteration_seconds_bucket loop=main le=$le)
		[ "$count" != "$all" ] || break
		low=$le
	done
	awk -v max="$(metric after.prom nodejs_eventloop_lag_max_seconds)" -v low=$low -v high=$le \
		'BEGIN { print max, low, high; exit !(max > low - 0.005 && max - 0.01 < high * 1.1 + 0.01) }' >&2
}

# ids_of PID KIND: of the programs ("prog") or links ("link") that it holds, one per line.
ids_of() {
	sed -n "s/^$2_id:[[:space:]]*//p" "/proc/$1/fdinfo"/* 2>/dev/null | sort -n
}

# are_gone KIND ID...
are_gone() {
	local id
	for id in "${@:2}"; do
		! bpftool "$1" show id "$id" 2>/dev/null || fail "$1 $id is there"
	done
}

open_fds_of() {
	find "/proc/$1/fd" -mindepth 1 | wc -l
}

@test "beside prom-client in the same node: collections, heap, memory, CPU, lag" {
	local kind late

	prom_start
	exporter_config 'targets:' "  - {name: prom, pid: $prom}"
	ask /metrics 2 # what it collected when it began is told at the first request
	both_pages before
	ask /churn 40
	ask '/block?ms=60' 10
	sleep 1.5 # a look each second; nothing goes on any more
	both_pages after
	for kind in minor major; do
		# of several that come together, prom-client counts the first alone (lib/metrics/gc.js: getEntries()[0])
		about "collections, $kind" "$(grew after before vitals_gc_pause_seconds_count kind=$kind)" \
			"$(grew after.prom before.prom nodejs_gc_duration_seconds_count kind=$kind)" 10 2
		about "their pauses, $kind" "$(grew after before vitals_gc_pause_seconds_sum kind=$kind)" \
			"$(grew after.prom before.prom nodejs_gc_duration_seconds_sum kind=$kind)" 20 0.03
	done
	has after vitals_gc_pause_seconds_count kind=minor '>=' 5
	has after vitals_gc_pause_seconds_count kind=major '>=' 1
	about 'heap' "$(metric after vitals_heap_total_bytes)" "$(metric after.prom nodejs_heap_size_total_bytes)" 5
	about 'its objects' "$(metric after vitals_heap_used_bytes)" "$(metric after.prom nodejs_heap_size_used_bytes)" 10
	about 'external' "$(metric after vitals_external_bytes)" "$(metric after.prom nodejs_external_memory_bytes)" 5
	about 'resident' "$(metric after vitals_memory_bytes kind=rss)" "$(metric after.prom process_resident_memory_bytes)" 3
	about 'descriptors' "$(metric after vitals_open_fds)" "$(metric after.prom process_open_fds)" 0 2
	about 'CPU' "$(grew after before vitals_cpu_seconds_total)" "$(grew after.prom before.prom process_cpu_seconds_total)" 10 0.05
	about 'start' "$(metric after vitals_target_start_time_seconds)" "$(metric after.prom process_start_time_seconds)" 0 1
	# prom-client's timer (each 10 ms) was late by each of the ten blocks; ours saw the same deadlines pass
	late=$(grew after before vitals_loop_timer_lateness_seconds_bucket le=+Inf)
	late=$(python3 -c "print($late - $(grew after before vitals_loop_timer_lateness_seconds_bucket le=0.025))")
	# one that waits with no timeout, as with immediates, has no deadline to tell
	awk -v late="$late" 'BEGIN { print "late timers:", late; exit !(late >= 4) }' >&2
	longest_lag_agrees
	has after vitals_loop_stalls_total loop=main '>=' 10
}

@test "the same figures as loop-stall and gc-trace over the same interval" {
	local stall_out=$BATS_TEST_TMPDIR/stalls gc_out=$BATS_TEST_TMPDIR/gc

	PLAIN=1 prom_start
	exporter_start -p "$prom"
	background "$stall_out" "$(tool loop-stall)" -p "$prom" -q -f json --no-stacks
	local stall=$job
	background "$gc_out" "$(tool gc-trace)" -p "$prom" -q -f json
	local gc=$job
	sleep 2.5 # both have attached
	page before
	ask /churn 40
	ask '/block?ms=60' 8
	page after
	kill -INT "$stall" "$gc"
	wait "$stall" "$gc"
	about 'collections' "$(grew after before vitals_gc_pause_seconds_count)" "$(jq '[.heaps[].total.collections] | add' "$gc_out")" 0 2
	about 'stalls' "$(grew after before vitals_loop_stalls_total)" "$(jq '[.loops[].total.stalls] | add' "$stall_out")" 0 1
	about 'iterations' "$(grew after before vitals_loop_iterations_total)" \
		"$(jq '[.loops[].total.iterations] | add' "$stall_out")" 5 5
	about 'busy' "$(grew after before vitals_loop_busy_seconds_total)" "$(jq '[.loops[].total.busy_ns] | add / 1e9' "$stall_out")" 5 0.02
}

# short_server: a C server by a name that nothing else here has; $short is the name, $server its path.
short_server() {
	short=short$BASHPID
	server=$BATS_TEST_TMPDIR/$short
	ln -sf "$(built examples/profiling/busy-server)" "$server"
}

@test "a C server, nginx, redis and node by name, command line, cgroup and PID; a page that Prometheus takes" {
	local name c_port

	short_server
	background "$BATS_TEST_TMPDIR/c" "$server" --port 0
	wait_for 10 grep -q '^listening on ' "$BATS_TEST_TMPDIR/c"
	c_port=$(sed -n 's/^listening on .*://p' "$BATS_TEST_TMPDIR/c")
	start_nginx
	curl -s "http://127.0.0.1:$port/" >/dev/null
	redis_alone
	prom_start
	exporter_config 'targets:' "  - {name: c, comm: $short}" "  - {name: nginx, pid: $worker}" "  - {name: nginx, pid: $nginx_pid}" \
		"  - {name: redis, cmdline: '^redis-server .*:[0-9]+', pid: $redis}" "  - {name: prom, comm: prom.js, cgroup: /, pid: $prom}"
	curl -sf "http://127.0.0.1:$c_port/" >/dev/null || true
	sleep 1
	ask /churn 3
	page page
	promtool check metrics <"$BATS_TEST_TMPDIR/page"
	for name in c nginx redis prom; do
		has page vitals_target_up process=$name == 1
		has page vitals_memory_bytes kind=rss process=$name '>=' 100000
		has page vitals_threads process=$name '>=' 1
	done
	for name in c redis prom; do
		has page vitals_loop_iterations_total process=$name '>=' 1
	done
	has page vitals_target_processes process=nginx == 2
	has page vitals_gc_pause_seconds_count process=prom '>=' 1
	run ! metric page vitals_gc_pause_seconds_count process=nginx
	[ "$(curl -sf -H 'Accept: application/openmetrics-text; version=1.0.0' "$url/metrics" | tail -n 1)" = '# EOF' ]
}

# come_and_go COUNT: servers that begin, answer once and end.
come_and_go() {
	local i
	for ((i = 0; i < $1; i++)); do
		background "$BATS_TEST_TMPDIR/short" "$server" --port 0
		sleep 0.25
		kill -TERM "$job"
		wait "$job" 2>/dev/null || true
	done
}

# has_no_more_than FDS LINKS: a moment may find it with a file of /proc open.
has_no_more_than() {
	[ "$(open_fds_of "$exporter")" -le "$1" ] && [ "$(ids_of "$exporter" link | wc -l)" -le "$2" ]
}

@test "targets come and go: they are counted, nothing stays, no counter falls" {
	local fds links rss

	prom_start
	short_server
	exporter_config 'targets:' "  - {name: short, comm: $short}" "  - {name: prom, pid: $prom}"
	come_and_go 3
	sleep 3.5
	page before
	fds=$(open_fds_of "$exporter")
	links=$(ids_of "$exporter" link | wc -l)
	rss=$(metric before vitals_exporter_resident_memory_bytes role=collector)
	come_and_go "${VITALS_TARGETS:-20}"
	page middle
	sleep 3.5
	page after
	# what lives shorter than the watch takes to look, on a machine that has much else to do, is not seen
	has after vitals_target_starts_total process=short '>=' "$((${VITALS_TARGETS:-20} * 9 / 10))"
	has after vitals_target_starts_total process=short '<=' "$((3 + ${VITALS_TARGETS:-20}))"
	has after vitals_target_up process=short == 0
	has after vitals_target_up process=prom == 1
	wait_for 5 has_no_more_than "$fds" "$links" || fail "$(open_fds_of "$exporter") of $fds, $(ids_of "$exporter" link | wc -l) of $links"
	((links > 10))
	about 'memory' "$(metric after vitals_exporter_resident_memory_bytes role=collector)" "$rss" 2
	python3 "$SUPPORT_DIR/vitals_page.py" --falls "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/middle"
	python3 "$SUPPORT_DIR/vitals_page.py" --falls "$BATS_TEST_TMPDIR/middle" "$BATS_TEST_TMPDIR/after"
	has after vitals_events_lost_total == 0
}

@test "privileges of both; kill -9 of what listens: it is started again; of what collects: nothing is left" {
	local child status programs links

	prom_start
	exporter_start -p "$prom"
	child=$(pgrep -P "$exporter")
	status=$(cat "/proc/$exporter/status")
	grep -q '^NoNewPrivs:.*1' <<<"$status"
	grep -q '^Seccomp:.*2' <<<"$status"
	# BPF, PERFMON, SYS_ADMIN, SYS_PTRACE, SETUID, SETGID, KILL, DAC_READ_SEARCH, and SYS_RESOURCE where there is that
	grep -qE '^CapEff:.*000000c00[01]2800e4' <<<"$status"
	grep -qE '^CapBnd:.*000000c00[01]2800e4' <<<"$status"
	status=$(cat "/proc/$child/status")
	grep -q '^CapEff:.*0000000000000000' <<<"$status"
	grep -q '^Uid:.*65534.*65534' <<<"$status"
	grep -q '^Seccomp:.*2' <<<"$status"
	page page
	if [ "$(cat /proc/sys/kernel/bpf_stats_enabled)" -eq 0 ]; then
		run ! metric page vitals_bpf_runs_total
		sysctl -q kernel.bpf_stats_enabled=1
		sleep 1
		page page
		sysctl -q kernel.bpf_stats_enabled=0
	fi
	has page vitals_bpf_runs_total program=process_exec '>=' 1
	has page vitals_bpf_run_seconds_total '>' 0
	kill -KILL "$child"
	wait_for 5 curl -sf -m 2 "$url/readyz"
	page page
	has page vitals_server_restarts_total == 1
	has page vitals_target_up == 1
	child=$(pgrep -P "$exporter")
	mapfile -t programs < <(ids_of "$exporter" prog)
	mapfile -t links < <(ids_of "$exporter" link)
	((${#programs[@]} > 10 && ${#links[@]} > 10))
	kill -KILL "$exporter"
	wait "$exporter" 2>/dev/null || true
	wait_for 5 ended "$child"
	wait_for 5 are_gone link "${links[@]}"
	wait_for 5 are_gone prog "${programs[@]}"
	run ! curl -sf -m 2 "$url/healthz"
	curl -sf "$prom_url/metrics" >/dev/null # the target has not noticed
}

@test "six ends of what listens within a minute: one line, and an end" {
	local i

	exporter_start -n nothing-is-called-so
	for ((i = 0; i < 6; i++)); do
		wait_for 5 pgrep -P "$exporter"
		pkill -KILL -P "$exporter"
		sleep 0.4
	done
	wait_for 5 ended "$exporter"
	wait "$exporter" && return 1
	tail -n 1 "$BATS_TEST_TMPDIR/exporter.err" | grep -q '^vitals-exporter: '
}

@test "hostile names are cleaned, in labels too" {
	background "$BATS_TEST_TMPDIR/evil" python3 -c '
import select, sys
open("/proc/self/comm", "wb").write(b"e\"v\\i\nl\x1b[1m\xff{}")
e = select.epoll()
while True: e.poll(0.05)' hostile-argument
	exporter_config 'targets:' '  - {cmdline: hostile-argument$}'
	page page
	promtool check metrics <"$BATS_TEST_TMPDIR/page"
	grep -qF 'vitals_target_up{process="e\"v\\i\\x0al\\x1b[1m\\xff' "$BATS_TEST_TMPDIR/page" ||
		grep vitals_target_up "$BATS_TEST_TMPDIR/page"
	has page vitals_target_up == 1
}

@test "targets that end in mid-scrape; more targets than there is room for" {
	local i

	short_server
	exporter_config 'targets:' "  - {name: short, comm: $short}" 'max_targets: 2'
	for i in 1 2 3 4; do
		background "$BATS_TEST_TMPDIR/short$i" "$server" --port 0
		sleep 0.2
	done
	page page
	has page vitals_target_processes process=short == 2
	has page vitals_targets_dropped_total == 2
	for i in "${live_jobs[@]:1}"; do
		kill -KILL "$i"
		curl -sf -m 6 "$url/metrics" >/dev/null
		sleep 0.3
		curl -sf -m 6 "$url/metrics" >/dev/null
	done
	page page
	has page vitals_target_up process=short == 0
}

@test "blocks that are not freed, of a target that asks for it" {
	background "$BATS_TEST_TMPDIR/blocks" python3 -c '
import ctypes, os, sys, time
libc = ctypes.CDLL("libc.so.6")
libc.malloc.restype = ctypes.c_void_p
libc.free.argtypes = [ctypes.c_void_p]
while not os.path.exists(sys.argv[1]): time.sleep(0.05)
kept = [libc.malloc(5000) for _ in range(1000)]
for block in kept[:400]: libc.free(block)
print("done", flush=True)
time.sleep(60)' "$BATS_TEST_TMPDIR/go"
	exporter_config 'cpu_budget: 100%' 'targets:' "  - {name: blocks, pid: $job, collect: [alloc]}"
	page before
	touch "$BATS_TEST_TMPDIR/go"
	wait_for 20 grep -q 'done' "$BATS_TEST_TMPDIR/blocks"
	sleep 1
	page after
	about 'bytes' "$(grew after before vitals_alloc_outstanding_bytes)" 3000000 2 20000
	about 'blocks' "$(grew after before vitals_alloc_outstanding_objects)" 600 2 50
	has after vitals_target_degraded what=alloc == 0
}

@test "over its budget a target is given less, said and shown" {
	prom_start
	exporter_config 'cpu_budget: 0.1%' 'targets:' "  - {name: prom, pid: $prom, collect: [loop, gc]}"
	background "$BATS_TEST_TMPDIR/wrk" wrk -t1 -c4 -d30s "$prom_url/"
	local wrk=$job
	wait_for 20 grep -q 'costs .* of a CPU to watch, of 0.1% (cpu_budget): collections of garbage are not traced' \
		"$BATS_TEST_TMPDIR/exporter.err"
	page page
	has page vitals_target_degraded what=gc == 1
	has page vitals_target_degraded what=memory == 0
	kill "$wrk" 2>/dev/null || true
}
