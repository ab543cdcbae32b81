#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The example servers in TypeScript, what only they have: their library, leaks in V8's heap, kinds of memory. What they
# share with those in C is in examples-servers.bats and examples-faults.bats.

# shellcheck disable=SC2154,SC2030,SC2031 # variables of the helpers: saved; of bats: status, output
load ../support/helpers.bash
load ../support/examples.bash

LEAKS=(/global /listener /closure /timer /cache)
LEFT=2097152 # bytes that each route is made to leave: V8's heap is some hundred KB more or less by itself
KEPT=1000 # sessions and pages that leak-fixed keeps

setup() {
	examples_setup
	usage=$BATS_TEST_TMPDIR/usage
}

teardown() {
	stop_server
}

# need_compiled FILE.js: start_node_server does so itself.
need_compiled() {
	need_command node
	[ -f "$(built "examples/$1")" ] || skip 'needs make examples-ts'
}

# --- the library --------------------------------------------------------------------------------

# library NAME: tests/examples/NAME.test.js; what fails is in the log.
library() {
	need_compiled "lib/$1.js"
	node --test --test-reporter=tap "$ROOT_DIR/tests/examples/$1.test.js"
}

@test "the breaker: closed, open, half-open" { library breaker; }
@test "retries: backoff, jitter, an end" { library retry; }
@test "the guard: deadline, retries and breaker together" { library guard; }
@test "the LRU: bound and order" { library lru; }
@test "growth: what is a leak and what is not" { library growth; }
@test "the ledger: whose CPU time it is" { library ledger; }
@test "the digest is that of the servers in C" { library digest; }

# --- leaks --------------------------------------------------------------------------------------

# ask_often N ROUTE: N requests, each with a key of its own, on one connection.
asked=0
ask_often() {
	curl --silent --fail --output /dev/null "http://127.0.0.1:$SERVER_PORT$2?key=[$((asked + 1))-$((asked + $1))]"
	asked=$((asked + $1))
}

# heap_used: what is left of V8's heap after full collections: the second gives back the pages that the first has emptied.
heap_used() {
	http_get /gc >/dev/null
	http_get /gc >/dev/null
	http_get /usage >"$usage"
	json_get "$usage" "doc['heap_used_bytes']"
}

# of_route ROUTE FIELD: of the truth in $saved.
of_route() {
	json_get "$saved" "sum(s['$2'] for s in doc['sites'] if s['route'] == '$1')"
}

@test "leak-example: what each route leaves is in the heap, as much as its truth says, and in the RSS" {
	local route before grown bytes rss
	start_node_server memory/leak-example.js
	for route in "${LEAKS[@]}"; do
		ask_often 200 "$route" # what is compiled and made at the first time
	done
	heap_used >/dev/null
	rss=$(json_get "$usage" "doc['rss_bytes']")
	for route in "${LEAKS[@]}"; do
		before=$(heap_used)
		truth >"$saved"
		bytes=$(of_route "$route" bytes)
		[ "$(of_route "$route" blocks)" -eq 200 ]
		ask_often $((LEFT / (bytes / 200))) "$route"
		truth >"$saved"
		grown=$(($(heap_used) - before))
		bytes=$(($(of_route "$route" bytes) - bytes))
		echo "$route: $bytes bytes by its account, $grown of the heap"
		((bytes == LEFT && grown > bytes * 7 / 10 && grown < bytes * 7 / 4)) || fail "$route"
	done
	rss=$(($(json_get "$usage" "doc['rss_bytes']") - rss))
	((rss > LEFT * ${#LEAKS[@]} / 2)) || fail "RSS: $rss"
	end_well
	holds "$saved" "doc['total_bytes'] == sum(s['bytes'] for s in doc['sites']) > 5 * $LEFT" \
		"doc['total_blocks'] == sum(s['allocs'] for s in doc['sites'])"
	grep -q MaxListenersExceededWarning "$SERVER_ERR" # Node sees one of them by itself
}

# grows_by N: requests of each route; sets heap and rss, how much more it was.
grows_by() {
	local route before rss_before
	before=$(heap_used)
	rss_before=$(json_get "$usage" "doc['rss_bytes']")
	for route in "${LEAKS[@]}"; do ask_often "$1" "$route"; done
	heap=$(($(heap_used) - before))
	rss=$(($(json_get "$usage" "doc['rss_bytes']") - rss_before))
	echo "heap $heap, RSS $rss"
}

# V8's space for young objects is kept small: it grows with any load, and would be taken for a leak.
@test "leak-fixed: bounded after many requests, heap and RSS, though it made an object for each" {
	local heap rss leaked route
	start_node_server memory/leak-example.js
	for route in "${LEAKS[@]}"; do ask_often 1 "$route"; done
	truth >"$saved"
	leaked=$(json_get "$saved" "doc['total_bytes'] * 2 * $KEPT") # by as many requests as are looked at
	stop_server
	export NODE_OPTIONS=--max-semi-space-size=1
	start_node_server memory/leak-fixed.js
	grows_by $((2 * KEPT)) # all that has a bound is full
	grows_by $((2 * KEPT))
	end_well
	holds "$saved" "[s['allocs'] for s in doc['sites']] == [4 * $KEPT] * 5 + [0]" "doc['total_blocks'] == 2 * $KEPT" \
		"doc['total_bytes'] < 2000000"
	((heap < leaked / 10)) || fail "heap: $heap, a leak would be $leaked"
	((rss < leaked / 3)) || fail "RSS: $rss, a leak would be $leaked"
	[ "$(grep -c Warning "$SERVER_ERR")" -eq 0 ]
}

@test "leak-example: the classes of what it keeps are in a heap snapshot" {
	local name snapshot
	need_compiled memory/leak-example.js
	# shellcheck disable=SC2034 # for start_server
	RUN_AS=(env -C "$BATS_TEST_TMPDIR" node --heapsnapshot-signal=SIGUSR2)
	start_server memory/leak-example.js
	for route in "${LEAKS[@]}"; do ask_often 1 "$route"; done
	kill -USR2 "$SERVER_PID"
	wait_for 60 http_get /health # it writes meanwhile
	wait_for 60 compgen -G "$BATS_TEST_TMPDIR/*.heapsnapshot"
	snapshot=$(compgen -G "$BATS_TEST_TMPDIR/*.heapsnapshot")
	for name in UserSession ConfigListener ReportLines PollContext CachedPage; do
		grep -q "^\"$name\",\?$" "$snapshot" || fail "no $name"
	done
}

# --- kinds of memory ----------------------------------------------------------------------------

# usage_of FIELD: in MB, after a full collection.
usage_of() {
	heap_used >/dev/null
	json_get "$usage" "doc['$1_bytes'] // 1048576"
}

@test "memory-usage: each kind is where Node says, and gone after its release" {
	local kind field before held
	start_node_server memory/memory-usage.js
	for kind in heap:heap_used buffer:array_buffers mapped:array_buffers; do
		field=${kind#*:}
		kind=${kind%:*}
		before=$(usage_of "$field")
		[ "$(http_get "/hold?kind=$kind&mb=30")" = "$kind: 31457280 bytes held" ]
		held=$(usage_of "$field")
		((held - before >= 28 && held - before <= 36)) || fail "$kind: from $before to $held MB of $field"
		((held - before >= 28 && $(json_get "$usage" "doc['rss_bytes'] // 1048576") > held)) || fail "$kind: not resident"
		truth_has "[h['bytes'] for h in doc['held'] if h['kind'] == '$kind'] == [31457280]"
		http_get "/release?kind=$kind" >/dev/null
		(($(usage_of "$field") <= before + 3)) || fail "$kind: not gone"
	done
	truth_has "all(h['bytes'] == 0 for h in doc['held'])"
	[ "$(http_status '/hold?kind=file')" = 400 ]
	[[ $(curl -s "http://127.0.0.1:$SERVER_PORT/hold?kind=file") == "Node cannot map a file"* ]]
	for bad in '' '?kind=none' '?kind=heap&mb=0' '?kind=heap&mb=257' '?kind=heap&mb=-1' '?kind=heap&mb=1x'; do
		[ "$(http_status "/hold$bad")" = 400 ] || fail "/hold$bad"
	done
	end_well
}

@test "memory-usage: there is a bound to what it holds" {
	start_node_server memory/memory-usage.js
	for _ in 1 2 3 4; do
		[ "$(http_status '/hold?kind=mapped&mb=256')" = 200 ]
	done
	[ "$(http_status '/hold?kind=mapped&mb=1')" = 503 ]
	[ "$(http_status '/hold?kind=buffer&mb=1')" = 200 ]
	end_well
}

# --- HTTP and the end ---------------------------------------------------------------------------

@test "unknown paths, other methods, /ready, and a query with anything in it" {
	start_node_server benchmark/benchmark-server.js
	[ "$(http_status /nothing)" = 404 ]
	[ "$(http_status /text/)" = 404 ]
	[ "$(http_status /text -X POST -d abc)" = 405 ]
	curl -si -X DELETE "http://127.0.0.1:$SERVER_PORT/text" | grep -qi '^Allow: GET'
	[ "$(http_get /ready)" = ready ]
	[ "$(http_status '/text?%zz=%&&==?')" = 200 ]
	[ "$(http_status '/compute?us=1000001')" = 400 ]
	[ "$(http_status '/compute?us=')" = 400 ]
	[ "$(http_status '/compute?us=1e3')" = 400 ]
	end_well
}

@test "what counts the answers owed to new connections can be trusted" {
	PYTHONDONTWRITEBYTECODE=1 python3 "$SUPPORT_DIR/fresh_client_test.py"
}

@test "SIGTERM: an idle connection is closed, one with half a head is not waited for longer than its time" {
	local idle half begin
	start_node_server benchmark/benchmark-server.js
	exec {idle}<>"/dev/tcp/127.0.0.1/$SERVER_PORT"
	printf 'GET /text HTTP/1.1\r\nHost: h\r\n\r\n' >&"$idle"
	exec {half}<>"/dev/tcp/127.0.0.1/$SERVER_PORT"
	printf 'GET /text HTTP/1.1\r\nHo' >&"$half"
	[ "$(http_status /ready)" = 200 ]
	begin=$SECONDS
	kill -TERM "$SERVER_PID"
	[[ $(timeout 5 cat <&"$idle") == *"Hello, World!"* ]] # and then its end
	printf 'st: h\r\n\r\n' >&"$half"
	[[ $(timeout 5 cat <&"$half") == *"Connection: close"*"Hello, World!"* ]]
	join_server
	[ "$SERVER_STATUS" -eq 0 ] || fail "$(cat "$SERVER_ERR")"
	((SECONDS - begin < 9))
	exec {idle}>&- {half}>&-
}

# --- options ------------------------------------------------------------------------------------

# refused FILE.js OPTION...: status 2, and how it is used.
refused() {
	run node "$(built "examples/$1")" "${@:2}"
	[ "$status" -eq 2 ] || fail "$*: $status"
	[[ $output == 'usage: '* ]]
}

@test "misuse is status 2, a port that is taken is 1" {
	start_node_server benchmark/benchmark-server.js
	refused memory/gc-server.js --port 65536
	refused memory/gc-server.js --workers 17
	refused memory/memory-monitor.js --interval 0s
	refused memory/memory-monitor.js --interval 5
	refused memory/memory-monitor.js --limit x
	refused benchmark/benchmark-server.js --work-us 1000001
	refused optimization/caching-example.js --require-redis
	refused optimization/caching-example.js --redis localhost
	refused optimization/caching-example.js --redis 127.0.0.1:0
	refused optimization/connection-pool.js --redis 127.0.0.1:65536
	refused optimization/stream-processing.js --mb 0
	run node "$(built examples/benchmark/benchmark-server.js)" --port "$SERVER_PORT"
	[ "$status" -eq 1 ]
	[[ $output == *"benchmark-server: port $SERVER_PORT: "*EADDRINUSE* ]]
}

@test "stream-processing: nothing is left in its directory, none there is status 1" {
	start_node_server optimization/stream-processing.js --mb 1 --dir "$BATS_TEST_TMPDIR"
	[ "$(http_get /slow)" = "$(http_get /fast)" ]
	run compgen -G "$BATS_TEST_TMPDIR/stream-processing.*"
	[ -z "$output" ]
	truth_has "1048576 <= doc['file_bytes'] < 1048576 + 100"
	run node "$(built examples/optimization/stream-processing.js)" --port 0 --dir "$BATS_TEST_TMPDIR/none"
	[ "$status" -eq 1 ]
	[[ $output == "stream-processing: "*ENOENT* ]]
}

@test "the servers in C and in TypeScript answer the same" {
	local server route
	for server in benchmark/benchmark-server:/json optimization/stream-processing:/fast \
		'optimization/caching-example:/fast?id=77' optimization/fast-json:/fast optimization/connection-pool:/fast/http optimization/object-reuse:/fast; do
		route=${server#*:}
		server=${server%%:*}
		[ -x "$(built "examples/$server")" ] || skip 'needs make'
		start_node_server "$server.js"
		http_get "$route" >"$BATS_TEST_TMPDIR/ts"
		stop_server
		# shellcheck disable=SC2034 # for start_server
		RUN_AS=()
		start_server "$server"
		http_get "$route" | cmp - "$BATS_TEST_TMPDIR/ts" || fail "$server"
		stop_server
	done
}
