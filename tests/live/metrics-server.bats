#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# May run beside another.
# What listens for scrapes under attack, and what it may do when it is lost: slow clients, floods, huge requests, kill -9 of
# either process, its rights; and Debian's Prometheus as a client.

# shellcheck disable=SC2034,SC2154 # variables of and for helpers.bash and metrics_page.bash

bats_require_minimum_version 1.5.0
load ../support/helpers.bash
load ../support/metrics_page.bash

setup() {
	need_root
	cd "$BATS_TEST_TMPDIR" || return 1
}

teardown() {
	end_started
}

# Of the server, in ms so far.
cpu_ms() {
	awk -v hz="$(getconf CLK_TCK)" '{ print int(($14 + $15) * 1000 / hz) }' "/proc/$server/stat"
}

ended() {
	! kill -0 "$1" 2>/dev/null
}

# slow COUNT SECONDS WAY: clients that never finish, in the background.
slow() {
	start python3 "$SUPPORT_DIR/slow_clients.py" "$port" "$@"
	wait_for 10 grep -q connected "$target_said"
}

# --- its rights ----------------------------------------------------------------------------------

@test "the server has no rights: nobody, no capability, a list of calls, three descriptors of ours" {
	page_start
	get
	status=/proc/$server/status
	grep -E '^(Uid|Gid|Groups|Cap|NoNewPrivs|Seccomp)' "$status"
	grep -qP '^Uid:\t65534\t65534\t65534\t65534$' "$status"
	grep -qP '^Gid:\t65534\t65534\t65534\t65534$' "$status"
	grep -qP '^Groups:\t *$' "$status"
	for set in CapInh CapPrm CapEff CapAmb; do grep -qP "^$set:\t0+$" "$status"; done
	grep -qP '^NoNewPrivs:\t1$' "$status"
	grep -qP '^Seccomp:\t2$' "$status"
	[ "$(awk '/Max open files/ { print $4, $5 }' "/proc/$server/limits")" = "64 64" ]
	[ "$(awk '/Max core file/ { print $5, $6 }' "/proc/$server/limits")" = "0 0" ]
	[ "$(awk '/Max data size/ { print ($5 < 128 * 1024 * 1024) }' "/proc/$server/limits")" = 1 ]
	[ "$(stat -c %U "/proc/$server/environ")" = root ] # not dumpable: nobody else's process may look into it
	# stderr, the socket that listens, the link, and the loop's own; nothing else of its parent's.
	ls -l "/proc/$server/fd"
	[ "$(find "/proc/$server/fd" -mindepth 1 | wc -l)" -le 8 ]
	[ "$(find "/proc/$server/fd" -lname 'socket:*' | wc -l)" -eq 2 ]
	[ -z "$(find "/proc/$server/fd" -lname '*bpf*' -o -lname '*.yaml' -o -lname 'pipe:*')" ]
}

@test "the server of a service that is not root has none of its capabilities" {
	need_command setpriv
	local capabilities=+sys_ptrace,+bpf
	RUN_AS=(setpriv --reuid 1234 --regid 1234 --clear-groups --inh-caps "$capabilities" --ambient-caps "$capabilities")
	page_start
	run ! grep -qP '^CapEff:\t0+$' "/proc/$collector/status"
	for set in CapInh CapPrm CapEff CapAmb; do grep -qP "^$set:\t0+$" "/proc/$server/status"; done
	get
	[ "$code" = 200 ]
}

# --- who dies ------------------------------------------------------------------------------------

@test "kill -9 of the collector ends the server; the port is free" {
	page_start
	get
	kill -KILL "$collector"
	wait_for 5 ended "$server"
	address=127.0.0.1:$port
	page_start
	get
	[ "$code" = 200 ]
}

@test "kill -9 of the server: another serves on the same port, no scrape fails; the sixth time in a minute is the last" {
	page_start
	first_port=$port
	for i in 1 2 3 4 5; do
		kill -KILL "$server"
		get # waits in the queue of the socket
		[ "$code" = 200 ]
		before=$server
		page_serving
		[ "$server" != "$before" ]
		[ "$port" = "$first_port" ]
	done
	# Those that are gone were waited for.
	run ! grep Z <(ps --ppid "$collector" -o stat=)
	kill -KILL "$server"
	wait_for 5 ended "$collector"
	[ "$(tail -n 1 "$collector_said")" = "metrics-page: what listens has ended 6 times within a minute" ]
}

@test "Ctrl-C and a stop are the collector's business: the server goes on until it is gone" {
	page_start
	for signal in INT TERM HUP USR1; do kill -"$signal" "$server"; done
	get
	[ "$code" = 200 ]
	kill -TERM "$collector"
	wait_for 5 ended "$server"
	wait "$collector"
}

@test "a collector that is stopped is a 503, and a page again when it goes on" {
	page_start
	get
	kill -STOP "$collector"
	sleep 1.1
	get
	[ "$code" = 503 ]
	kill -CONT "$collector"
	sleep 1.1
	get
	[ "$code" = 200 ]
	get
	[ "$(counted 'vitals_scrapes_total{code="503"}')" = 1 ]
	page_serving
	[ "$(grep -c '^serving' "$collector_said")" -eq 1 ] # nobody was ended for it
}

# --- hostile clients -----------------------------------------------------------------------------

@test "twenty slow clients that come back at once: every real scrape is answered" {
	page_start --size 200
	slow 20 5 dribble
	for _ in $(seq 30); do
		get --max-time 3
		[ "$code" = 200 ] || fail "a scrape got $code"
		sleep 0.1
	done
	get
	[ "$(counted 'vitals_connections_dropped_total{reason="full"}')" -gt 12 ]
	kill -0 "$server"
	[ "$(find "/proc/$server/fd" -lname 'socket:*' | wc -l)" -le 18 ]
}

@test "half TLS greetings do not hold up a scrape" {
	make_certificates
	page_config 'tls_server_config:' '  cert_file: server.crt' '  key_file: server.key'
	scheme=https
	page_start --web web.yaml
	slow 20 4 handshake
	for _ in $(seq 10); do
		get --cacert ca.crt --max-time 3
		[ "$code" = 200 ] || fail "a scrape got $code"
		sleep 0.2
	done
}

@test "huge requests are cut off, in memory that does not grow" {
	page_start
	get
	before_kb=$(awk '/^VmRSS/ { print $2 }' "/proc/$server/status")
	for _ in 1 2 3; do
		large=$(python3 - "$port" <<-'PYTHON'
			import socket, sys
			client = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
			client.settimeout(10)
			answer = b""
			try:
			    client.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nX-Large: " + b"x" * 1000000 + b"\r\n\r\n")
			except OSError:
			    pass
			try:
			    answer = client.recv(1000)
			except OSError:
			    pass
			print(answer.split(b" ")[1].decode() if answer else "closed")
		PYTHON
		)
		echo "1 MB of header: $large"
		[ "$large" = 431 ] || [ "$large" = 413 ] || [ "$large" = closed ]
		target_url=$url/$(head -c 60000 /dev/zero | tr '\0' x) get
		echo "60 kB of path: $code"
		[ "$code" = 414 ] || [ "$code" = 431 ] || [ "$code" = 000 ]
		get -H "$(seq -f 'X-%g: x' 4000)"
		[ "$code" != 200 ]
		get -X POST -H 'Content-Length: 99999999999' -d x
		[ "$code" = 405 ] || [ "$code" = 413 ] || [ "$code" = 000 ]
	done
	get
	[ "$code" = 200 ]
	after_kb=$(awk '/^VmRSS/ { print $2 }' "/proc/$server/status")
	echo "$before_kb kB, then $after_kb kB"
	((after_kb - before_kb < 2000))
}

@test "ten thousand requests from many clients at once: answered or refused, within bounds" {
	need_command wrk
	page_start --size 500
	get
	rss_kb=$(awk '/^VmRSS/ { print $2 }' "/proc/$server/status")
	wrk -t 2 -c 100 -d 4 "$url/metrics" >wrk.out 2>&1 3>&-
	cat wrk.out
	[ "$(find "/proc/$server/fd" -lname 'socket:*' | wc -l)" -le 18 ]
	sleep 1.1
	get
	[ "$code" = 200 ]
	sleep 1.1
	get
	pages=$(counted vitals_pages_total)
	answered=$(counted 'vitals_scrapes_total{code="200"}')
	echo "$answered answered of $pages pages"
	((pages < 12)) # one a second, whatever is asked
	after_kb=$(awk '/^VmRSS/ { print $2 }' "/proc/$server/status")
	echo "$rss_kb kB, then $after_kb kB"
	((after_kb - rss_kb < 6000))
	[ "$server" = "$(awk 'END { print $2 }' "$collector_said")" ]
}

@test "two hundred scrapes a second take little of a processor" {
	need_command wrk
	page_start --size 500
	get
	before=$(cpu_ms)
	SERVER_PORT=$port LOAD_RATE=200 load_routes 4 /metrics
	took=$(($(cpu_ms) - before))
	echo "$took ms of 4 s"
	((took < 800)) # measured: 40 ms; only a fault of another kind passes this, on a machine that is shared
	get
	((after = $(counted 'vitals_scrapes_total{code="200"}')))
	((after > 100))
}

# --- Prometheus ----------------------------------------------------------------------------------

@test "Debian's Prometheus scrapes it in both formats, up and right, while clients that say nothing are ended after 10 s" {
	need_command prometheus promtool
	page_start --size 50
	slow 3 14 silent
	start_prometheus
	wait_for 20 asked 'count(up == 1)' 2
	for job in open text; do
		wait_for 10 asked "vitals_loop_busy_seconds_total{job=\"$job\",process=\"service-49\"}" 12.25
		asked "vitals_loop_stall_seconds_bucket{job=\"$job\",le=\"1.0\",process=~\"a.b.+xff\"}" 6
		asked "count(vitals_loop_busy_seconds_total{job=\"$job\"})" 50
		asked "histogram_quantile(0.5, vitals_loop_stall_seconds_bucket{job=\"$job\"}) > 0.02 < 0.1" any
		asked "vitals_scrapes_total{job=\"$job\",code=\"200\"}" any
	done
	asked 'resets(vitals_pages_total{job="open"}[1m])' 0
	curl -s "http://127.0.0.1:$prometheus_port/api/v1/metadata?metric=vitals_loop_busy_seconds_total" | grep -q '"type":"counter"'
	wait_for 15 asked 'vitals_connections_dropped_total{job="open",reason="slow"}' 3
	wait_for 10 asked 'count(up == 1)' 2
}

# Both jobs: what Prometheus asks for itself, and text 0.0.4 alone.
start_prometheus() {
	local text_port

	prometheus_port=$(free_port)
	rm -f "$target_said"
	start python3 "$SUPPORT_DIR/text_proxy.py" "$url/metrics"
	wait_for 10 test -s "$target_said"
	text_port=$(cat "$target_said")
	cat >prometheus.yml <<-YAML
		global: {scrape_interval: 1s, scrape_timeout: 1s}
		scrape_configs:
		  - {job_name: open, static_configs: [{targets: ["127.0.0.1:$port"]}]}
		  - {job_name: text, static_configs: [{targets: ["127.0.0.1:$text_port"]}]}
	YAML
	promtool check config prometheus.yml
	start prometheus --config.file=prometheus.yml --storage.tsdb.path=data --web.listen-address="127.0.0.1:$prometheus_port"
}

# asked EXPRESSION VALUE: Prometheus says so ("any": it says something).
asked() {
	local got
	got=$(curl -s --data-urlencode "query=$1" "http://127.0.0.1:$prometheus_port/api/v1/query" |
		jq -r '.data.result[0].value[1] // "nothing"')
	echo "$1: $got"
	[ "$got" = "$2" ] || { [ "$2" = any ] && [ "$got" != nothing ]; }
}
