#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# vitals-exporter under a real Prometheus with our rules, 60 times faster: each fault raises its alert and no other, and it
# clears; what docs/formats.md says is what is served; every expression of the dashboard gives an answer; no scrape fails.
# May run beside another.

# shellcheck disable=SC2154 # variables of monitoring.bash

bats_require_minimum_version 1.5.0
load ../support/helpers.bash
load ../support/monitoring.bash

setup() {
	need_root
	need_command prometheus promtool node curl jq
	[ -f "$(built examples/memory/gc-server.js)" ] || skip "needs make examples-ts"
}

teardown() {
	monitoring_end
}

# said: for whoever reads why it failed.
said() {
	echo "firing: $(firing | paste -sd,)"
	prometheus_values 'vitals:loop_over_100ms:ratio_rate5m' | sed 's/^/over 100 ms: /'
	prometheus_values 'vitals:gc_pause:ratio_rate5m' | sed 's/^/in pauses: /'
	prometheus_values 'vitals:cpu_throttled:ratio_rate5m' | sed 's/^/throttled: /'
	prometheus_values 'vitals_gc_growing_after_full' | sed 's/^/heap grows: /'
	tail -n 5 "$monitoring_dir/exporter.log"
}

all_are_watched() {
	[ "$(prometheus_values 'sum(vitals_target_up)')" = '- 4' ]
}

all_fire() {
	local name
	for name in "${!alert_of[@]}"; do fires "$name" || return 1; done
}

faults_raise_their_alerts() {
	local name expected
	for name in "${!alert_of[@]}"; do fault_begin "$name"; done
	wait_for 60 all_fire || fail "$(said)"
	expected=$(for name in "${!alert_of[@]}"; do echo "${alert_of[$name]} $name"; done | sort)
	[ "$(firing)" = "$expected" ] || fail "others, too: $(said)"
}

annotations_are_rendered() {
	curl -sf "http://127.0.0.1:$prometheus_port/api/v1/alerts" >"$monitoring_dir/alerts.json"
	jq -e '[.data.alerts[] | select(.state == "firing") | .annotations[]] | length >= 12 and
		all(.[]; test("error|<no value>|%!|[{][{]") | not)' "$monitoring_dir/alerts.json"
}

# Of what these servers have, most; the rest is of what is absent when nothing is wrong.
dashboard_evaluates() {
	monitoring_check evaluate "$ROOT_DIR/docs/monitoring/dashboard.json" "$prometheus_port" 5s >"$monitoring_dir/answers" ||
		fail "$(cat "$monitoring_dir/answers")"
	[ "$(wc -l <"$monitoring_dir/answers")" -le 15 ] || fail "$(cat "$monitoring_dir/answers")"
	cat "$monitoring_dir/answers"
}

no_scrape_failed() {
	local up seconds=$1
	up=$(prometheus_query "min_over_time(up[${seconds}s]) * count_over_time(up[${seconds}s])" | jq -r '.data.result[0].value[1]')
	[ "$up" -ge $((seconds * 19 / 20 - 4)) ] || fail "in $seconds s one scrape a second: $up, 0 when one failed"
}

@test "the page is what formats.md says; each fault raises its alert and no other, and clears; the dashboard evaluates" {
	local began name
	mkdir "$BATS_TEST_TMPDIR/m"
	monitoring_begin "$BATS_TEST_TMPDIR/m" 60
	began=$SECONDS
	wait_for 20 all_are_watched || fail "$(said)"
	is_quiet || fail "before any fault: $(said)"
	faults_raise_their_alerts
	annotations_are_rendered
	dashboard_evaluates
	exporter_page | promtool check metrics
	exporter_page | monitoring_check page "$ROOT_DIR/docs/formats.md"
	for name in "${!alert_of[@]}"; do fault_end "$name"; done
	wait_for 40 is_quiet || fail "mended, and: $(said)"
	no_scrape_failed $((SECONDS - began - 2))
}

# with_unit COMMAND...: with the capabilities of vitals-exporter.service, and read-only what it makes read-only.
with_unit() {
	local rights
	rights=$(sed -n 's/^CapabilityBoundingSet=//p' "$ROOT_DIR/docs/monitoring/vitals-exporter.service" | tr '[:upper:]' '[:lower:]' |
		sed 's/cap_/+/g; s/ /,/g')
	unshare --mount sh -c '
		mount --make-rslave /
		for folder in /proc/sys /sys /sys/kernel/tracing /sys/kernel/debug /sys/fs/cgroup /usr /etc /home; do
			[ ! -d "$folder" ] || { mount --bind "$folder" "$folder" && mount -o remount,bind,ro "$folder"; } 2>/dev/null
		done
		mount --bind /dev/null /proc/kallsyms
		exec "$@"' sh setpriv --bounding-set="-all,$rights" --no-new-privs "$@"
}

serves() {
	exporter_page >"$BATS_TEST_TMPDIR/page" && grep -q "$1" "$BATS_TEST_TMPDIR/page"
}

@test "the rights of the unit are enough" {
	monitoring_dir=$BATS_TEST_TMPDIR
	exporter_port=$(free_port)
	target_begin leak memory/gc-server --full 500 --rate 21
	job exporter with_unit "$(tool vitals-exporter)" -p "${target_pids[leak]}" --web.listen-address "127.0.0.1:$exporter_port"
	exporter_pid=$job
	wait_for 20 serves '^vitals_memory_pool_bytes' || fail "$(cat "$BATS_TEST_TMPDIR/exporter.log")"
	wait_for 10 serves '^vitals_gc_pause_seconds_count{process="node",kind="major"} [1-9]'
	serves '^vitals_loop_iterations_total{process="node",loop="main"} [1-9]'
	serves '^vitals_cpu_throttled_seconds_total'
	serves '^vitals_heap_used_bytes'
	# also to end the process that listens
	kill -TERM "$exporter_pid"
	wait_for 10 test ! -d "/proc/$exporter_pid"
}

# --- for longer ---------------------------------------------------------------------------------------

# SOAK_SECONDS=600 is the run of docs/07-stability-and-monitoring.md.
SOAK_SECONDS=${SOAK_SECONDS:-10}
SERVERS=20

# replace_server N: the one in that place ends, and another begins.
replace_server() {
	[ -z "${target_pids[$1]:-}" ] || end_job "${target_pids[$1]}"
	job "server-$1" "$BATS_TEST_TMPDIR/$soaked" --port 0
	target_pids[$1]=$job
	begun=$((begun + 1))
}

# replace_servers SECONDS: ten a second, in turn; then all are there and counted.
replace_servers() {
	local i end=$((SECONDS + $1))
	for ((i = 0; SECONDS < end; i++)); do
		replace_server $((i % SERVERS))
		sleep 0.1
	done
	wait_for 20 are_watched "$SERVERS"
	wait_for 20 starts_are "$begun"
}

# own ROLE FIGURE: of the exporter.
own() {
	exporter_page | sed -n "s/^vitals_exporter_$2{role=\"$1\"} //p"
}

own_now() {
	echo "$(own collector open_fds) descriptors, $(own collector resident_memory_bytes) bytes"
}

are_watched() {
	[ "$(prometheus_values 'vitals_target_processes')" = "$soaked $1" ]
}

starts_are() {
	[ "$(prometheus_values 'vitals_target_starts_total')" = "$soaked $1" ]
}

@test "servers come and go under Prometheus: no scrape fails, every start is counted, nothing of the exporter grows" {
	local begun=0 began fds resident soaked=soak-$BASHPID
	monitoring_dir=$BATS_TEST_TMPDIR
	# a name of its own: others on this machine may test with that server, too
	cp "$(built examples/memory/leak-fixed)" "$BATS_TEST_TMPDIR/$soaked"
	set_session_nice -10
	exporter_port=$(free_port)
	job exporter nice -n -15 "$(tool vitals-exporter)" -n "$soaked" --web.listen-address "127.0.0.1:$exporter_port"
	exporter_pid=$job
	wait_for 20 exporter_is_ready_or_ended
	prometheus_begin 60
	# what the exporter takes of memory for so many that come and go at a time, it keeps
	replace_servers 13
	fds=$(own collector open_fds) resident=$(own collector resident_memory_bytes)
	began=$SECONDS
	replace_servers "$SOAK_SECONDS"
	wait_for 10 own_is_at_most "$fds" "$resident" || fail "before $fds descriptors, $resident bytes; now $(own_now)"
	no_scrape_failed $((SECONDS - began))
	echo "# $begun servers in $SOAK_SECONDS s: before $fds descriptors, $resident bytes; after $(own_now)" >&3
}

# own_is_at_most DESCRIPTORS BYTES: two of the former and 2 MiB of the latter are no growth.
own_is_at_most() {
	[ "$(own collector open_fds)" -le $(($1 + 2)) ] && [ "$(own collector resident_memory_bytes)" -le $(($2 + 2097152)) ]
}
