#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck disable=SC2154 # variables of the helpers: saved, redis_port
# Every example server, in C and in TypeScript: its options, its routes, its truth, its end.

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

# --- what all have ------------------------------------------------------------------------------

serves() {
	local route
	start_example "$1" || return 1
	for route in $(example_routes "$1") /truth /health /ready; do
		[ "$(http_status "$route")" = 200 ] || fail "$route: $(http_status "$route")" || return 1
	done
	[ "$(http_status /nothing)" = 404 ] || fail 'an unknown path' || return 1
	[ "$(http_status "$(example_routes "$1" | cut -d' ' -f1)" -X DELETE)" = 405 ] || fail 'another method' || return 1
	truth >"$saved"
	holds "$saved" 'isinstance(doc, dict)' || return 1
	end_well || return 1
	holds "$saved" 'isinstance(doc, dict)'
}

@test "every server in C answers on each route and ends with 0" { each c serves; }
@test "every server in TypeScript answers on each route and ends with 0" { each ts serves; }

has_options() {
	local command option route status=0
	example_command "$1"
	"${command[@]}" --help >"$saved" || return 1
	for option in --port --help; do
		grep -q -- "$option" "$saved" || fail "--help does not tell of $option" || return 1
	done
	for route in $(example_routes "$1") /truth /health; do
		grep -q -- "${route%%\?*}" "$saved" || fail "--help does not tell of $route" || return 1
	done
	for option in --nothing --port=65536 --port=x extra; do
		status=0
		"${command[@]}" "$option" >"$saved" 2>&1 || status=$?
		[ "$status" -eq 2 ] || fail "$option: status $status" || return 1
	done
}

@test "every server in C tells of its routes by --help, misuse is status 2" { each c has_options; }
@test "every server in TypeScript tells of its routes by --help, misuse is status 2" { each ts has_options; }

# Route number N is asked N + 1 times.
counts_calls() {
	local route n=0 i
	start_example "$1" || return 1
	for route in $(example_routes "$1"); do
		n=$((n + 1))
		for ((i = 0; i < n; i++)); do
			http_get "$route" >/dev/null || return 1
		done
	done
	truth >"$saved"
	n=0
	for route in $(example_routes "$1"); do
		n=$((n + 1))
		holds "$saved" "[r['calls'] for r in doc['routes'] if r['route'] == '${route%%\?*}'] == [$n]" \
			"all(r['cpu_ns'] > 0 and r['wall_ns'] > 0 for r in doc['routes'] if r['calls'])" || return 1
	done
}

@test "the truth in C counts what was asked, and its time" { each c counts_calls "${MEASURED_SERVERS[@]}"; }
@test "the truth in TypeScript counts what was asked, and its time" { each ts counts_calls "${MEASURED_SERVERS[@]}"; }

same_body() {
	http_get "$1" >"$BATS_TEST_TMPDIR/slow" || return 1
	http_get "$2" >"$BATS_TEST_TMPDIR/fast" || return 1
	[ -s "$BATS_TEST_TMPDIR/slow" ] || fail "$1: no body" || return 1
	cmp "$BATS_TEST_TMPDIR/slow" "$BATS_TEST_TMPDIR/fast"
}

# Twice: the second time there is something in caches and pools.
answers_alike() {
	start_example "$1" || return 1
	for _ in first second; do
		case $1 in
		*/connection-pool) same_body /slow/http /fast/http || return 1 ;;
		*/caching-example)
			same_body '/slow?id=1' '/fast?id=1' || return 1
			same_body '/slow?id=23' '/fast?id=23' || return 1
			;;
		*) same_body /slow /fast || return 1 ;;
		esac
	done
}

OPTIMISATIONS=(optimization/stream-processing optimization/caching-example optimization/fast-json
	optimization/connection-pool optimization/object-reuse)

@test "slow and fast in C give the same body" { each c answers_alike "${OPTIMISATIONS[@]}"; }
@test "slow and fast in TypeScript give the same body" { each ts answers_alike "${OPTIMISATIONS[@]}"; }

# --- what one of them knows ---------------------------------------------------------------------

spends_cpu() {
	start_example benchmark/benchmark-server --work-us 2000 "$@" || return 1
	for _ in 1 2 3 4 5; do
		http_get /text >/dev/null || return 1
	done
	truth | json_get - "sum(r['cpu_ns'] for r in doc['routes']) // 5000"
	stop_server
}

# The CPU time is the thread's: a busy machine does not make it more.
slows_down() {
	local plain slowed
	use_language "$1"
	plain=$(spends_cpu)
	slowed=$(spends_cpu --slowdown 50)
	echo "plain $plain us, slowed $slowed us"
	((plain >= 1900 && slowed >= 2900 && slowed > plain))
}

@test "benchmark-server in C: work has its length, --slowdown makes it more" { slows_down c; }
@test "benchmark-server in TypeScript: work has its length, --slowdown makes it more" { slows_down ts; }

rss_mb() {
	http_get /usage | json_get - "doc['rss_bytes'] // 1048576"
}

@test "memory-usage in C: each kind is resident when held, mappings are not after release" {
	local kind before held
	use_language c
	start_example memory/memory-usage
	for kind in buffer mapped file heap; do # what is released of the heap can be anything next
		before=$(rss_mb)
		http_get "/hold?kind=$kind&mb=50" >/dev/null
		held=$(rss_mb)
		((held - before >= 45 && held - before <= 60)) || fail "$kind: from $before to $held MB"
		truth_holds "[h['bytes'] for h in doc['held'] if h['kind'] == '$kind'] == [50 * 1048576]"
		http_get "/release?kind=$kind" >/dev/null
		[ "$kind" = heap ] || (($(rss_mb) <= before + 5)) || fail "$kind: $(rss_mb) MB after its release"
	done
	truth_holds "all(h['bytes'] == 0 for h in doc['held'])"
	[ "$(http_status '/hold?kind=none')" = 400 ]
	[ "$(http_status '/hold?kind=heap&mb=257')" = 400 ]
	[ "$(http_status '/hold?kind=heap&mb=0')" = 400 ]
	end_well
}

@test "memory-usage in C: the allocator's own figures follow the heap" {
	local used
	use_language c
	start_example memory/memory-usage
	used=$(http_get /usage | json_get - "doc['heap_used_bytes']")
	http_get '/hold?kind=heap&mb=20' >/dev/null
	http_get /usage >"$saved"
	holds "$saved" "20e6 < doc['heap_used_bytes'] - $used < 25e6" \
		"doc['heap_total_bytes'] >= doc['heap_used_bytes']" "doc['external_bytes'] is None"
	http_get '/release?kind=heap' >/dev/null
	http_get /usage >"$saved"
	holds "$saved" "abs(doc['heap_used_bytes'] - $used) < 1e6"
}

grow() {
	http_get '/grow?mb=4' >/dev/null
	http_get /samples >"$saved" && [ "$(json_get "$saved" "doc['verdict'] in $1")" = true ]
}

warns() {
	use_language "$1"
	start_example memory/memory-monitor --interval 50ms
	wait_for 30 grow "('growing',)"
	holds "$saved" "len(doc['samples']) >= 24" "doc['samples'] == sorted(doc['samples'], key=lambda s: s['at_ms'])" \
		"doc['samples'][-1]['rss_bytes'] > doc['samples'][0]['rss_bytes']"
	for _ in 1 2 3; do # again, and no more is said
		wait_for 30 grow "('growing',)"
	done
	[ "$(grep -c warning "$SERVER_ERR")" -eq 1 ] || fail "$(cat "$SERVER_ERR")"
	end_well
}

@test "memory-monitor in C: growth that persists is warned of, once" { warns c; }
@test "memory-monitor in TypeScript: growth that persists is warned of, once" { warns ts; }

@test "memory-monitor in C: a limit that is near is warned of before it is reached" {
	use_language c
	start_example memory/memory-monitor --interval 50ms --limit 150
	wait_for 30 grow "('near-limit',)"
	grep -q 'warning: .* the limit of 150 MB is near' "$SERVER_ERR"
	holds "$saved" "doc['samples'][-1]['rss_bytes'] < 150 * 1048576"
	end_well
}

@test "memory-monitor in C: without growth there is no warning" {
	use_language c
	start_example memory/memory-monitor --interval 20ms
	wait_for 20 truth_has "doc['samples_taken'] > 40"
	holds "$saved" "doc['verdict'] == 'steady'"
	end_well
	[ "$(wc -l <"$SERVER_ERR")" -eq 1 ]
}

peaks() {
	use_language "$1"
	start_example optimization/stream-processing
	http_get /slow >/dev/null
	http_get /fast >/dev/null
	truth_holds "doc['peak_bytes']['slow'] > 2e6" "doc['peak_bytes']['fast'] < doc['peak_bytes']['slow'] / 8"
}

@test "stream-processing in C: the whole is in memory, or a piece" { peaks c; }
@test "stream-processing in TypeScript: the whole is in memory, or a piece" { peaks ts; }

@test "object-reuse in C: /fast makes its objects once" {
	use_language c
	start_example optimization/object-reuse
	http_get /slow >/dev/null
	http_get /slow >/dev/null
	truth_holds "doc['objects'] == {'made': 128, 'reused': 0}"
	for _ in 1 2 3; do http_get /fast >/dev/null; done
	truth_holds "doc['objects'] == {'made': 192, 'reused': 128}"
}

@test "fast-json in C: what both write is the JSON that was meant" {
	use_language c
	start_example optimization/fast-json
	http_get /fast >"$saved"
	holds "$saved" "len(doc) == 24" "doc[1]['name'] == '\"best\" cup'" "doc[2]['name'] == 'back\\\\slash'" \
		"doc[3]['name'] == 'two\\nlines'" "doc[4]['name'] == 'tab\\tand \\x01'" \
		"doc[23]['sizes'] == [23, 230, 23000]" "doc[3]['in_stock'] is False"
}

# --- with Redis ---------------------------------------------------------------------------------

ask_values() {
	local id
	for id in {1..20}; do
		http_get "/$1?id=$id" || return 1
	done
}

# What one process put there, another finds: its own memory is empty. Redis may be late for one or the other on a busy
# machine, and then the origin is asked.
shares() {
	use_language "$1"
	redis_begin
	start_example optimization/caching-example --redis "127.0.0.1:$redis_port" --require-redis
	wait_for 20 ready_is 200
	ask_values fast >"$BATS_TEST_TMPDIR/first"
	truth_holds "doc['cache']['origin_calls'] == 20" "doc['cache']['redis_hits'] == 0" "doc['cache']['lru_hits'] == 0"
	ask_values fast | cmp - "$BATS_TEST_TMPDIR/first"
	truth_holds "doc['cache']['origin_calls'] == 20" "doc['cache']['redis_hits'] == 0" "doc['cache']['lru_hits'] == 20"
	end_well
	start_example optimization/caching-example --redis "127.0.0.1:$redis_port" --require-redis
	wait_for 20 ready_is 200
	ask_values fast | cmp - "$BATS_TEST_TMPDIR/first"
	truth_holds "doc['cache']['redis_hits'] >= 10" "doc['cache']['redis_hits'] + doc['cache']['origin_calls'] == 20"
	ask_values slow | cmp - "$BATS_TEST_TMPDIR/first"
	end_well
}

@test "caching-example in C: memory first, then Redis, then the origin" { shares c; }
@test "caching-example in TypeScript: memory first, then Redis, then the origin" { shares ts; }

redis_connections() {
	redis-cli -p "$redis_port" info stats | tr -d '\r' | sed -n 's/^total_connections_received://p'
}

# Redis itself counts; the question about it is one connection more.
pools() {
	local before anew kept
	use_language "$1"
	redis_begin
	start_example optimization/connection-pool --redis "127.0.0.1:$redis_port"
	same_body /slow/redis /fast/redis
	before=$(redis_connections)
	for _ in 1 2 3 4 5; do http_get /slow/redis >/dev/null; done
	anew=$(redis_connections)
	for _ in 1 2 3 4 5; do http_get /fast/redis >/dev/null; done
	kept=$(redis_connections)
	echo "$before, $anew after 5 slow ones, $kept after 5 fast ones"
	((anew - before >= 6 && kept - anew <= 3)) # a late answer costs a kept one its connection
	same_body /slow/redis /fast/redis
	end_well
}

@test "connection-pool in C: Redis sees a connection for each slow call, none for fast ones" { pools c; }
@test "connection-pool in TypeScript: Redis sees a connection for each slow call, none for fast ones" { pools ts; }

@test "connection-pool in C: an upstream connection for each slow call, one for all fast ones" {
	use_language c
	start_example optimization/connection-pool
	for _ in 1 2 3; do
		same_body /slow/http /fast/http
	done
	truth_holds "doc['connects'] == {'http': 4, 'redis': 0}"
	[ "$(http_status /fast/redis)" = 503 ]
	end_well
}
