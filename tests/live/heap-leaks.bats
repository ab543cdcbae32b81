#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The five leaks in TypeScript from end to end: a running server, its snapshots by heap-diff take --signal between requests of which
# each route gets another number, and what heap-diff says of them beside what the server itself counts (/truth): which class, how
# many new objects to the object, and which variable holds them. Of the server without its leaks: nothing grows.
# May run beside another.

# shellcheck disable=SC2154 # variables of helpers.bash, live.bash and nodes.bash

bats_require_minimum_version 1.5.0
load ../support/helpers.bash
load ../support/live.bash
load ../support/nodes.bash

# site in /truth, route, what it keeps, the variable that holds it, the end of that one's file
LEAKS='rememberSession global UserSession sessions leak-example.js
addListener listener ConfigListener config leak-example.js
makeReport closure ReportLines titles leak-example.js
startPolling timer PollContext timerListMap node:timers
cachePage cache CachedPage pages leak-example.js'

setup() {
	live_setup
	need_command jq curl
	tool=$(tool heap-diff)
	cd "$BATS_TEST_TMPDIR" || return 1
	asked=0
}

teardown() {
	stop_server
	live_teardown
}

# serve NAME VERSION: an example server on that node, which writes snapshots at SIGUSR2.
serve() {
	need_node "$2"
	[ -f "$(built "examples/memory/$1.js")" ] || skip 'needs the servers in TypeScript (make examples-ts)'
	mkdir -p written
	RUN_AS=("$node" --heapsnapshot-signal=SIGUSR2 --diagnostic-dir=written)
	start_server "memory/$1.js"
}

# drive N: N requests to /global, N + 10 to /listener, and so on; no key of the cache twice.
drive() {
	local url=http://127.0.0.1:$SERVER_PORT n=$1

	curl --silent --fail "$url/global?[1-$n]" "$url/listener?[1-$((n + 10))]" "$url/closure?[1-$((n + 20))]" \
		"$url/timer?[1-$((n + 30))]" "$url/cache?key=[$asked-$((asked + n + 39))]" >/dev/null
	asked=$((asked + n + 40))
}

# snapshot N: NAME.heapsnapshot, and what the server says it holds then.
snapshot() {
	run --separate-stderr "$tool" take -p "$SERVER_PID" --signal --yes -o "$1.heapsnapshot"
	echo "$stderr"
	[ "$status" -eq 0 ]
	truth >"$1.truth"
}

# grown SITE A B: by the server's own count.
grown() {
	echo $(($(truth_of "$1" blocks "$3.truth") - $(truth_of "$1" blocks "$2.truth")))
}

# counts CLASS: new, deleted, and how many in each file.
counts() {
	jq -c --arg class "$1" '.classes[] | select(.class == $class) | [.growing, .by_id.new, .by_id.deleted, .counts]' report.json
}

# found SITE ROUTE CLASS VARIABLE FILE
found() {
	local first second third new

	first=$(truth_of "$1" blocks 1.truth)
	second=$(truth_of "$1" blocks 2.truth)
	third=$(truth_of "$1" blocks 3.truth)
	new=$((third - first))
	[ "$new" -gt 0 ]
	same "$3" "[true,$new,0,[$first,$second,$third]]" "$(counts "$3")"
	same "who holds $3" "[\"$4\",$new,$new,true]" "$(jq -c --arg class "$3" --arg file "$5" '[.anchors[] | . as $anchor | .holds[] |
		select(.class == $class) | $anchor.edge, .count, .of, ($anchor.script | endswith($file))]' report.json)"
	grep -A 1 "variable $4 in .*$5" report.text | grep -q "all $new $3" || fail "the text does not say it of $3"
}

# leaks VERSION
leaks() {
	local leak

	serve leak-example "$1"
	drive 100
	snapshot 1
	drive 200
	snapshot 2
	drive 300
	snapshot 3
	run -1 "$tool" -f json -o report.json {1,2,3}.heapsnapshot
	run -1 "$tool" -T 20 -o report.text {1,2,3}.heapsnapshot
	same 'by the requests to /closure' 540 "$(grown makeReport 1 3)"
	while read -ra leak; do
		found "${leak[@]}" || return
	done <<<"$LEAKS"
	grep -qE '^ +\+540 .*/leak-example\.js:[0-9]+:[0-9]+$' report.text || fail 'no line of the functions that are made anew'
	[ -z "$(ls written)" ] || fail 'node left its files'
}

# fixed VERSION: once its caches are full.
fixed() {
	serve leak-fixed "$1"
	drive 1100
	snapshot 1
	drive 200
	snapshot 2
	drive 300
	snapshot 3
	for site in rememberSession addListener makeReport startPolling cachePage; do
		same "the server itself, of $site" 0 "$(grown $site 1 3)"
	done
	run -0 "$tool" {1,2,3}.heapsnapshot
	[[ $output == *'Nothing grows.'* ]]
	run -0 "$tool" {1,3}.heapsnapshot
	[[ $output != *'Where what is new is held'* ]]
}

@test "node 18: five leaks, five classes, five variables" {
	leaks 18.20.8
}

@test "node 20" {
	leaks 20
}

@test "node 22" {
	leaks 22.23.3
}

@test "node 24" {
	leaks 24.21.0
}

@test "node 25" {
	leaks 25.9.0
}

@test "without the leaks nothing grows: node 20" {
	fixed 20
}

@test "without the leaks nothing grows: node 25" {
	fixed 25.9.0
}
