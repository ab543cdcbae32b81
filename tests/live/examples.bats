#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The example servers themselves: their HTTP, their truth, their end.

load ../support/helpers.bash
load ../support/examples.bash
load ../support/example_servers.bash

LEAKING=(global_history_append listener_add strdup closure_capture timer_start cache_put
	cache_value_grow)
ROUTES=(/global /listener /closure /timer '/cache?key=%d' /clean)

setup() {
	need_command curl wrk python3
}

teardown() {
	stop_server
}

# raw TEXT: what comes back for these bytes until the server closes; the client's end stays open.
raw() {
	local fd
	exec {fd}<>"/dev/tcp/127.0.0.1/$SERVER_PORT"
	printf '%b' "$1" >&"$fd"
	timeout 15 cat <&"$fd" || fail "the server did not close"
	exec {fd}>&-
}

# status_line TEXT EXPECTED: the reply to these bytes begins with that status.
status_line() {
	local reply
	reply=$(raw "$1") || return 1
	[[ $reply == "HTTP/1.1 $2 "* ]] || fail "for '$1' not $2 but: $reply"
}

ask_each_route() {
	local n route
	for ((n = 0; n < $1; n++)); do
		for route in "${ROUTES[@]}"; do
			# shellcheck disable=SC2059 # the route is the format
			http_get "$(printf "$route" "$n")" >/dev/null || return 1
		done
	done
}

@test "every route of both servers answers 200, unknown paths 404, other methods 405" {
	local server path
	for server in leak-example leak-fixed; do
		start_server "$server"
		for path in /global /listener /closure /timer '/cache?key=a' /clean /truth /health \
			/ready; do
			[ "$(http_status "$path")" = 200 ] || fail "$server $path"
		done
		[ "$(http_status /nothing)" = 404 ]
		[ "$(http_status '/cache')" = 400 ]
		[ "$(http_status '/cache?key=%zz')" = 400 ]
		[ "$(http_status /global -X DELETE)" = 405 ]
		curl -si -X DELETE "http://127.0.0.1:$SERVER_PORT/global" | grep -q '^Allow: GET'
		stop_server
		[ "$SERVER_STATUS" -eq 0 ]
	done
}

@test "leak-example: N requests leave exactly N times the blocks and bytes of one" {
	local site one=$BATS_TEST_TMPDIR/one many=$BATS_TEST_TMPDIR/many
	start_server leak-example
	ask_each_route 1
	truth >"$one"
	ask_each_route 20 # the first cache key is a hit this time
	http_get '/cache?key=another' >/dev/null
	truth >"$many"
	for site in "${LEAKING[@]}"; do
		[ "$(truth_of "$site" blocks "$one")" -eq 1 ] || fail "$site: not one block"
		[ "$(truth_of "$site" blocks "$many")" -eq 21 ] || fail "$site: blocks"
		[ "$(truth_of "$site" bytes "$many")" -eq $((21 * $(truth_of "$site" bytes "$one"))) ] ||
			fail "$site: bytes"
	done
	[ "$(truth_of clean_work blocks "$many")" -eq 0 ]
	[ "$(truth_of clean_work allocs "$many")" -eq 84 ]
	[ "$(json_get "$many" "sum(s['bytes'] for s in doc['sites']) == doc['total_bytes']")" = true ]
	[ "$(json_get "$many" "doc['total_blocks']")" -eq $((21 * ${#LEAKING[@]})) ]
	stop_server
	tail -n 1 "$SERVER_ERR" | diff - "$many" # the report at the end is the same
}

@test "leak-fixed: bounded after many requests, though it allocated as often" {
	local saved=$BATS_TEST_TMPDIR/truth
	start_server leak-fixed
	LOAD_RATE=10000 load_routes 4 "${ROUTES[@]}"
	truth >"$saved"
	[ "$(truth_of cache_put allocs "$saved")" -gt 1500 ] || fail "too little load to tell"
	[ "$(truth_of global_history_append blocks "$saved")" -eq 1000 ]
	[ "$(truth_of cache_put blocks "$saved")" -eq 1000 ]
	[ "$(truth_of cache_value_grow blocks "$saved")" -eq 1000 ]
	[ "$(json_get "$saved" "doc['total_blocks']")" -eq 3000 ]
	[ "$(json_get "$saved" "doc['total_bytes']")" -lt 2000000 ]
}

@test "leak-fixed: the cache keeps what is used and drops what is not" {
	local n
	start_server leak-fixed
	http_get '/cache?key=kept'
	http_get '/cache?key=dropped'
	for ((n = 0; n < 998; n++)); do
		printf 'url = "http://127.0.0.1:%s/cache?key=%d"\noutput = /dev/null\n' \
			"$SERVER_PORT" "$n"
	done | curl --silent --config -
	[ "$(http_get '/cache?key=kept')" = hit ]
	http_get '/cache?key=one-more'
	[ "$(http_get '/cache?key=kept')" = hit ]
	[ "$(http_get '/cache?key=dropped')" = miss ]
}

@test "requests sent ahead are answered in order, HTTP/1.0 and close are closed" {
	local reply get='HTTP/1.1\r\nHost: h\r\n'
	start_server leak-example
	reply=$(raw "GET /health $get\r\nGET /nothing $get\r\nGET /ready ${get}Connection: close\r\n\r\n")
	[ "$(grep -ao 'HTTP/1.1 [0-9]*' <<<"$reply" | tr '\n' ' ')" = \
		"HTTP/1.1 200 HTTP/1.1 404 HTTP/1.1 200 " ] || fail "$reply"
	[ "$(grep -c '^Connection: close' <<<"$reply")" -eq 1 ]
	status_line 'GET /health HTTP/1.0\r\n\r\n' 200
}

@test "what is not a request is refused by its own status and closed" {
	local long host='HTTP/1.1\r\nHost: h\r\n'
	long=$(printf '%09000d' 0)
	start_server leak-example
	status_line "GET / ${host}X: $long\r\n\r\n" 431
	status_line "GET /$long $host\r\n" 431
	status_line 'nonsense\r\n\r\n' 400
	status_line '\r\n\r\n' 400
	status_line 'GET / HTTP/2.0\r\nHost: h\r\n\r\n' 400
	status_line 'GET / HTTP/1.1\r\n\r\n' 400
	status_line "GET / ${host}Host: h\r\n\r\n" 400
	status_line "GET / ${host}no colon\r\n\r\n" 400
	status_line "GET / ${host}X: a\x01b\r\n\r\n" 400
	status_line "GET nothing $host\r\n" 400
	status_line "POST /global ${host}Content-Length: 3\r\n\r\nabc" 413
	status_line "POST /global ${host}Transfer-Encoding: chunked\r\n\r\n" 413
	[ "$(http_status /health)" = 200 ]
}

# trickle: a head that comes byte by byte and never ends; what comes back.
trickle() {
	local fd n
	exec {fd}<>"/dev/tcp/127.0.0.1/$SERVER_PORT"
	for ((n = 0; n < 20; n++)); do
		printf 'G' >&"$fd" || break
		sleep 0.5
	done 2>/dev/null &
	timeout 15 cat <&"$fd"
	kill $! 2>/dev/null || true
	exec {fd}>&-
}

@test "half a head is answered 408 after the read timeout, an idle connection is closed" {
	local begin=$SECONDS
	start_server leak-example
	(raw 'GET /health HTTP/1.1\r\nHost: h\r\n\r\n' >"$BATS_TEST_TMPDIR/idle") 3>&- &
	local idle=$!
	(trickle >"$BATS_TEST_TMPDIR/trickle") 3>&- &
	local trickle=$!
	status_line 'GET /health HTTP/1.1\r\nHo' 408
	((SECONDS - begin >= 4 && SECONDS - begin <= 9)) || fail "read timeout: $((SECONDS - begin)) s"
	wait "$trickle"
	((SECONDS - begin <= 9)) || fail "trickle: $((SECONDS - begin)) s"
	grep -q '^HTTP/1.1 408 ' "$BATS_TEST_TMPDIR/trickle"
	wait "$idle"
	((SECONDS - begin >= 9 && SECONDS - begin <= 14)) || fail "idle: $((SECONDS - begin)) s"
	grep -q '200 OK' "$BATS_TEST_TMPDIR/idle"
}

@test "more clients than connections: they wait without cost and are served when there is room" {
	local fd n before after
	local -a held=()
	start_server leak-example
	for ((n = 0; n < 520; n++)); do
		exec {fd}<>"/dev/tcp/127.0.0.1/$SERVER_PORT"
		held+=("$fd")
	done
	printf 'GET /health HTTP/1.0\r\n\r\n' >&"$fd"
	before=$(awk '{ print $14 + $15 }' "/proc/$SERVER_PID/stat")
	run timeout 1 cat <&"$fd"
	[ -z "$output" ] || fail "the last one is already served: $output"
	after=$(awk '{ print $14 + $15 }' "/proc/$SERVER_PID/stat")
	((after - before < 30)) || fail "waiting costs $((after - before)) ticks a second"
	for n in "${held[@]:0:20}"; do
		exec {n}>&-
	done
	timeout 5 cat <&"$fd" | grep -q '200 OK'
}

@test "SIGTERM: a connection with a request on its way hears 503 from /ready, new ones are refused" {
	local fd reply
	start_server leak-example
	exec {fd}<>"/dev/tcp/127.0.0.1/$SERVER_PORT"
	printf 'GET /ready HTTP/1.1\r\nHo' >&"$fd"
	[ "$(http_status /ready)" = 200 ] # by now the half head is read too
	kill -TERM "$SERVER_PID"
	wait_for 2 bash -c "! (exec 2>/dev/null 9<>/dev/tcp/127.0.0.1/$SERVER_PORT)"
	printf 'st: h\r\n\r\n' >&"$fd"
	reply=$(timeout 5 cat <&"$fd")
	exec {fd}>&-
	[[ $reply == "HTTP/1.1 503 "*"Connection: close"* ]] || fail "$reply"
	join_server
	[ "$SERVER_STATUS" -eq 0 ]
}

@test "SIGTERM under load: no request that was accepted is lost, exit 0 within the deadline" {
	local begin client wrk
	start_server leak-example
	LOAD_RATE=20000 load_routes 4 "${ROUTES[@]}" >/dev/null 3>&- &
	wrk=$!
	"$SUPPORT_DIR/strict_client.py" "$SERVER_PORT" 8 /clean >"$BATS_TEST_TMPDIR/count" 3>&- &
	client=$!
	sleep 1.5
	begin=$SECONDS
	stop_server
	((SECONDS - begin <= 10)) || fail "drained for $((SECONDS - begin)) s"
	[ "$SERVER_STATUS" -eq 0 ] || fail "$(cat "$SERVER_ERR")"
	wait "$client" || fail "lost: $(cat "$BATS_TEST_TMPDIR/count")"
	[ "$(json_get "$BATS_TEST_TMPDIR/count" "doc['answered']")" -gt 100 ]
	wait "$wrk" || true # it may complain of refused connections
}

@test "a second signal ends at once, with status 1" {
	local fd
	start_server leak-example
	exec {fd}<>"/dev/tcp/127.0.0.1/$SERVER_PORT"
	printf 'GET /re' >&"$fd"
	[ "$(http_status /ready)" = 200 ]
	kill -TERM "$SERVER_PID"
	sleep 0.2
	stop_server
	exec {fd}>&-
	[ "$SERVER_STATUS" -eq 1 ]
	grep -q 'ended with 1 connections open' "$SERVER_ERR"
}

@test "options: help, a port that is none, a port that is taken" {
	local server
	server=$(built examples/memory/leak-example)
	"$server" --help | grep -q -- --port
	for port in '' x 65536 -1 8x 99999999999; do
		run "$server" --port "$port"
		[ "$status" -eq 2 ] || fail "port '$port': $status"
	done
	run "$server" extra
	[ "$status" -eq 2 ]
	start_server leak-example
	run "$server" --port "$SERVER_PORT"
	[ "$status" -eq 1 ]
	[[ $output == *"port $SERVER_PORT: Address already in use"* ]]
}

@test "under ASan and UBSan: load, bad input and the end are clean; the fixed twin leaks nothing" {
	local server leaks=0 san=address,undefined
	need_command make gcc
	make -s -C "$ROOT_DIR" SAN=$san build/address-undefined/examples/memory/leak-example \
		build/address-undefined/examples/memory/leak-fixed
	for server in leak-example leak-fixed; do
		export ASAN_OPTIONS=detect_leaks=$leaks
		BUILD=build/address-undefined start_server "$server"
		LOAD_RATE=5000 load_routes 2 "${ROUTES[@]}" '/cache?key=%d&x=1' /nothing
		status_line "GET /$(printf '%09000d' 0) HTTP/1.1\r\n\r\n" 431
		status_line 'GET /cache?key=%2 HTTP/1.0\r\n\r\n' 400
		head -c 20000 /dev/urandom | timeout 10 curl -s -m 2 --data-binary @- \
			"http://127.0.0.1:$SERVER_PORT/global" || true
		(head -c 3000 /dev/urandom; printf '\r\n\r\n') >"/dev/tcp/127.0.0.1/$SERVER_PORT"
		stop_server
		[ "$SERVER_STATUS" -eq 0 ] || fail "$(cat "$SERVER_ERR")"
		leaks=1
	done
}

@test "under ASan and UBSan: the other servers are clean on every route, and leak nothing" {
	local server route san=address,undefined
	local -a others=()
	need_command make gcc
	for server in "${EXAMPLE_SERVERS[@]}"; do
		[[ $server == memory/leak-* ]] || others+=("$server")
	done
	make -s -C "$ROOT_DIR" SAN=$san "${others[@]/#/build/address-undefined/examples/}"
	use_language c
	for server in "${others[@]}"; do
		ASAN_OPTIONS=detect_leaks=1 BUILD=build/address-undefined start_example "$server"
		for route in $(example_routes "$server") $(example_routes "$server") /truth; do
			http_get "$route" >/dev/null || fail "$server $route"
		done
		stop_server
		[ "$SERVER_STATUS" -eq 0 ] || fail "$server: $(cat "$SERVER_ERR")"
	done
}
