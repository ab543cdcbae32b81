#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The five leaks in TypeScript from end to end: a running server, its snapshots by heap-diff take --signal between requests of which
# each route gets another number, and what heap-diff says of them beside what the server itself counts (/truth): which class, how
# many new objects to the object, and which variable holds them. Of the server without its leaks: nothing grows.
# May run beside another.

# shellcheck disable=SC2154 # variables of helpers.bash, live.bash, nodes.bash and heap_leaks.bash

bats_require_minimum_version 1.5.0
load ../support/helpers.bash
load ../support/live.bash
load ../support/nodes.bash
load ../support/heap_leaks.bash

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
}

teardown() {
	stop_server
	live_teardown
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

	leaks_serve leak-example "$1"
	leaks_series 100 200 300
	run -1 "$tool" -f json -o report.json {1,2,3}.heapsnapshot
	run -1 "$tool" -T 20 -o report.text {1,2,3}.heapsnapshot
	same 'by the requests to /closure' 540 "$(leaks_grown makeReport 1 3)"
	while read -ra leak; do
		found "${leak[@]}" || return
	done <<<"$LEAKS"
	grep -qE '^ +\+540 .*/leak-example\.js:[0-9]+:[0-9]+$' report.text || fail 'no line of the functions that are made anew'
	[ -z "$(ls written)" ] || fail 'node left its files'
}

# fixed VERSION: once its caches are full.
fixed() {
	leaks_serve leak-fixed "$1"
	leaks_series 1100 200 300
	for site in rememberSession addListener makeReport startPolling cachePage; do
		same "the server itself, of $site" 0 "$(leaks_grown $site 1 3)"
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
