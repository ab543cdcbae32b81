#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck disable=SC2154 # variables of the helpers: redis, redis_port, saved
# What the example servers do when something goes wrong: Redis away, back, or stopped, clients that are slow, an end
# under load. In C and in TypeScript.

load ../support/helpers.bash
load ../support/examples.bash
load ../support/example_servers.bash

setup() {
	examples_setup
}

teardown() {
	stop_server
	end_started
}

# --- the end under load -------------------------------------------------------------------------

# begin_load CONNECTIONS PATH: clients that ask until a reply says close; end_load: none was lost.
begin_load() {
	rm -f "$BATS_TEST_TMPDIR/client.err" # of one before it
	"$SUPPORT_DIR/strict_client.py" "$SERVER_PORT" "$@" >"$BATS_TEST_TMPDIR/count" 2>"$BATS_TEST_TMPDIR/client.err" 3>&- &
	client=$!
	wait_for 20 grep -q begun "$BATS_TEST_TMPDIR/client.err"
}

end_load() {
	wait "$client" || fail "lost: $(cat "$BATS_TEST_TMPDIR/count" "$BATS_TEST_TMPDIR/client.err")" || return 1
	[ "$(json_get "$BATS_TEST_TMPDIR/count" "doc['answered']")" -ge "$1" ] || fail "too little load: $(cat "$BATS_TEST_TMPDIR/count")"
}

loses_nothing() {
	local begin path
	path=$(example_routes "$1")
	path=${path##* }
	start_example "$1" || return 1
	begin_load 8 "$path" || return 1
	begin=$SECONDS
	stop_server
	((SECONDS - begin <= 10)) || fail "drained for $((SECONDS - begin)) s" || return 1
	[ "$SERVER_STATUS" -eq 0 ] || fail "status $SERVER_STATUS: $(cat "$SERVER_ERR")" || return 1
	end_load 16
}

@test "SIGTERM under load: no server in C loses a request that it has accepted" { each c loses_nothing; }
@test "SIGTERM under load: no server in TypeScript loses a request that it has accepted" { each ts loses_nothing; }

# Who comes between the last look into the kernel's queue and the close is lost. Where nobody can come then, or where
# that takes microseconds, it is seldom one; without looking it is all eight.
serves_the_queue() {
	local client
	use_language "$1"
	start_example benchmark/benchmark-server --work-us 200
	"$SUPPORT_DIR/fresh_client.py" "$SERVER_PORT" 8 /text >"$BATS_TEST_TMPDIR/count" 2>"$BATS_TEST_TMPDIR/begun" 3>&- &
	client=$!
	wait_for 20 grep -q begun "$BATS_TEST_TMPDIR/begun"
	wait_for 20 truth_has "doc['routes'][0]['calls'] > 50"
	end_well
	wait "$client"
	cat "$BATS_TEST_TMPDIR/count"
	holds "$BATS_TEST_TMPDIR/count" "doc['answered'] > 50" "doc['lost'] <= 2"
}

@test "SIGTERM while clients come with new connections: a server in C serves the kernel's queue first" { serves_the_queue c; }
@test "SIGTERM while clients come with new connections: a server in TypeScript serves the kernel's queue first" { serves_the_queue ts; }

cuts_short() {
	local fd
	use_language "$1"
	start_example benchmark/benchmark-server
	exec {fd}<>"/dev/tcp/127.0.0.1/$SERVER_PORT"
	printf 'GET /te' >&"$fd"
	ready_is 200 # by now the half head is there
	kill -TERM "$SERVER_PID"
	wait_for 5 bash -c "! (exec 2>/dev/null 9<>/dev/tcp/127.0.0.1/$SERVER_PORT)"
	stop_server
	exec {fd}>&-
	[ "$SERVER_STATUS" -eq 1 ] || fail "status $SERVER_STATUS: $(cat "$SERVER_ERR")"
}

@test "a second signal ends a server in C at once, with 1" { cuts_short c; }
@test "a second signal ends a server in TypeScript at once, with 1" { cuts_short ts; }

# --- slow clients -------------------------------------------------------------------------------

# All at a time, since each takes seconds: half a head, a connection without a request after its first one, a
# client that never reads. Others are served meanwhile.
bounds_clients() {
	local begin=$SECONDS half idle deaf n
	use_language "$1"
	start_example benchmark/benchmark-server
	(exec 4<>"/dev/tcp/127.0.0.1/$SERVER_PORT" && printf 'GET /text HTTP/1.1\r\nHo' >&4 && timeout 20 cat <&4) \
		>"$BATS_TEST_TMPDIR/half" 3>&- &
	half=$!
	(exec 4<>"/dev/tcp/127.0.0.1/$SERVER_PORT" && printf 'GET /text HTTP/1.1\r\nHost: h\r\n\r\n' >&4 && timeout 30 cat <&4) \
		>"$BATS_TEST_TMPDIR/idle" 3>&- &
	idle=$!
	"$SUPPORT_DIR/deaf_client.py" "$SERVER_PORT" /text 20 >"$BATS_TEST_TMPDIR/deaf" 3>&- &
	deaf=$!
	for ((n = 0; n < 10; n++)); do
		http_get /text >/dev/null || fail 'others are not served'
	done
	wait "$half" || fail "half a head was let stay: $(cat "$BATS_TEST_TMPDIR/half")"
	((SECONDS - begin >= 4)) || fail "half a head had $((SECONDS - begin)) s"
	http_get /text >/dev/null
	wait "$deaf" || fail "$(cat "$BATS_TEST_TMPDIR/deaf")"
	wait "$idle" || fail 'an idle connection was let stay'
	((SECONDS - begin >= 9)) || fail "an idle connection had $((SECONDS - begin)) s"
	grep -q '200 OK' "$BATS_TEST_TMPDIR/idle"
	end_well
}

@test "half a head, an idle connection, a client that never reads: dropped by a server in C" { bounds_clients c; }
@test "half a head, an idle connection, a client that never reads: dropped by a server in TypeScript" { bounds_clients ts; }

@test "what counts the answers that a server owes can be trusted" {
	python3 "$SUPPORT_DIR/clients_test.py" >"$BATS_TEST_TMPDIR/said" 2>&1 || fail "$(cat "$BATS_TEST_TMPDIR/said")"
	grep -qE '^Ran 10 tests' "$BATS_TEST_TMPDIR/said"
}

# --- Redis --------------------------------------------------------------------------------------

start_caching() {
	start_example optimization/caching-example --redis "127.0.0.1:$redis_port" "$@"
}

# asks N: N values that nobody has asked for yet, each as the origin has it.
declare -g asked=1000000
asks() {
	local last=$((asked + $1))
	for (( ; asked < last; asked++)); do
		[ "$(http_get "/fast?id=$asked")" = "$(http_get "/slow?id=$asked")" ] || fail "id $asked" || return 1
	done
}

serves_without() {
	use_language "$1"
	redis_port=$(free_port) # where nobody listens
	start_caching --require-redis
	asks 20
	breaker_is open || breaker_is half-open || fail "the breaker: $(cat "$saved")"
	truth_holds "doc['cache']['redis_errors'] >= 3" "doc['cache']['redis_hits'] == 0" "doc['cache']['origin_calls'] == 40"
	ready_is 503
	[ "$(http_status /health)" = 200 ]
	[ "$(grep -ci 'redis' "$SERVER_ERR")" -eq 1 ] || fail "said: $(cat "$SERVER_ERR")"
	redis_begin # it comes after all
	wait_for 20 ready_is 200
	breaker_is closed
	asks 5
	end_well
	holds "$saved" "doc['cache']['breaker'] == 'closed'"
}

@test "Redis away from the start: caching-example in C serves, is not ready, says so once" { serves_without c; }
@test "Redis away from the start: caching-example in TypeScript serves, is not ready, says so once" { serves_without ts; }

# recovers ANSWERS: Redis is used again, and of a load of so many requests or more none was lost.
recovers() {
	wait_for 20 breaker_is closed
	wait_for 20 ready_is 200
	asks 5
	end_well
	end_load "$1"
}

survives_restart() {
	use_language "$1"
	redis_begin
	start_caching --require-redis
	wait_for 20 ready_is 200
	begin_load 4 '/fast?id=%d'
	wait_for 20 truth_has "doc['cache']['origin_calls'] > 20"
	redis_kill
	wait_for 20 breaker_is open
	ready_is 503
	asks 5
	redis_begin
	recovers 100
	holds "$saved" "doc['cache']['redis_errors'] >= 3"
}

@test "Redis killed and back, under load: caching-example in C answers every request, its breaker opens and closes" { survives_restart c; }
@test "Redis killed and back, under load: caching-example in TypeScript answers every request, its breaker opens and closes" { survives_restart ts; }

survives_stop() {
	use_language "$1"
	redis_begin
	start_caching --require-redis
	wait_for 20 ready_is 200
	begin_load 4 '/fast?id=%d'
	wait_for 20 truth_has "doc['cache']['origin_calls'] > 20"
	kill -STOP "$redis"
	wait_for 20 breaker_is open
	asks 10
	[ "$(http_status /health)" = 200 ]
	kill -CONT "$redis"
	recovers 50
}

@test "Redis stopped, under load: caching-example in C answers every request" { survives_stop c; }
@test "Redis stopped, under load: caching-example in TypeScript answers every request" { survives_stop ts; }

# A call that goes wrong is told of at once or after a bounded time, and does not stop other calls.
pool_survives() {
	local n
	use_language "$1"
	redis_begin
	start_example optimization/connection-pool --redis "127.0.0.1:$redis_port"
	wait_for 20 answers /fast/redis
	kill -STOP "$redis"
	for n in 1 2 3; do
		[ "$(http_status /fast/redis)" = 503 ] || fail 'a stopped Redis'
		[ "$(http_status /fast/http)" = 200 ]
	done
	kill -CONT "$redis"
	wait_for 20 answers /fast/redis
	redis_kill
	[ "$(http_status /fast/redis)" = 503 ]
	[ "$(http_status /slow/redis)" = 503 ]
	redis_begin
	wait_for 20 answers /fast/redis
	wait_for 20 answers /slow/redis
	end_well
}

answers() {
	[ "$(http_status "$1")" = 200 ]
}

@test "Redis stopped, killed and back: connection-pool in C says 503 and recovers" { pool_survives c; }
@test "Redis stopped, killed and back: connection-pool in TypeScript says 503 and recovers" { pool_survives ts; }
