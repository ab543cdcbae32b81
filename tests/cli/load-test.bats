#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The load test: its command line, what it computes with, one whole run, errors by kind. What it finds about servers
# whose behaviour is known is in tests/live/load-test.bats.

# shellcheck disable=SC2030,SC2031,SC2154 # $port is of each test; variables of load.bash

bats_require_minimum_version 1.5.0
load ../support/helpers.bash
load ../support/load.bash

setup() {
	load_setup
}

teardown() {
	end_started
}

misused() {
	local text=$1
	shift
	run --separate-stderr "$tool.sh" "$@"
	[ "$status" -eq 2 ] || fail "status $status: $stderr"
	[[ ${stderr_lines[0]} == "load-test: "*"$text"* ]] || fail "says: $stderr"
	[ "${stderr_lines[1]}" = "Try 'load-test --help'" ]
	[ -z "$output" ]
}

# ends STATUS TEXT OPTION...: says TEXT.
ends() {
	local expected=$1 text=$2
	shift 2
	run --separate-stderr "$tool.sh" --window 300ms --warm-up 200ms "$@"
	[ "$status" -eq "$expected" ] || fail "status $status: $stderr"
	[[ $stderr == *"$text"* ]] || fail "does not say $text: $stderr"
}

faulty_start() {
	start python3 "$SUPPORT_DIR/faulty_server.py"
	wait_for 10 grep -q '^listening' "$target_said"
	port=$(sed 's/.*://' "$target_said")
	[ "$(curl -s "http://127.0.0.1:$port/")" = ok ]
}

# --- what it computes with, and its options ------------------------------------------------------

@test "t quantiles are those of the tables, and verdicts on simulated servers are right" {
	python3 -B "$SUPPORT_DIR/load_math_test.py" >"$BATS_TEST_TMPDIR/said" 2>&1 || fail "$(cat "$BATS_TEST_TMPDIR/said")"
	grep -qE '^Ran 4[0-9] tests' "$BATS_TEST_TMPDIR/said"
}

@test "--help is in the chapter, option by option" {
	"$tool.sh" --help >"$BATS_TEST_TMPDIR/help"
	python3 "$SUPPORT_DIR/docs_check.py" chapter load-test --folder "$ROOT_DIR/docs" <"$BATS_TEST_TMPDIR/help"
	"$ROOT_DIR/examples/benchmark/load-test.sh" --help | cmp - "$BATS_TEST_TMPDIR/help"
}

@test "misuse is status 2 and one line" {
	misused 'unrecognized arguments: --nothing' --nothing
	misused "'x' is no list of per cents" --rates x
	misused "'5' is no time" --window 5
	misused "is less than 200 ms" --window 10ms
	misused "'p98<1ms' is no objective" --slo 'p99<1s,p98<1ms'
	misused "'7-' " --server-cpus 7-
	misused "'0' is no number from 1 to" --rounds 0
	misused "'X' is no header" --header X
	misused "invalid choice: 'strace'" --with strace
	misused '--pid is for --url' --pid 1
	misused '--with and --url need --pid' --url http://127.0.0.1:1/ --with none
	misused 'one at a time' --against x --with none
	misused '--url is http://' --url https://127.0.0.1/
	misused "' /x' is no path" --path ' /x'
	misused 'needs --with' --slo 'overhead<5%'
}

@test "another machine is refused unless it is named" {
	misused '192.0.2.1 is another machine; if it is yours to load: --allow-host 192.0.2.1' --url http://192.0.2.1/
	misused '192.0.2.1 is another machine' --url http://192.0.2.1/ --allow-host 192.0.2.2
	ends 1 '192.0.2.1 is another machine' --server 'bash -c "echo listening on 192.0.2.1:80; exec sleep 60"'
}

@test "a server that does not start, a wrong path, a file that is no result: status 1 and why" {
	ends 1 'the server has ended with status 3: no such luck' --server 'bash -c "echo no such luck >&2; exit 3"'
	ends 1 '/nothing: status 404' --server "$server" --path /nothing
	ends 1 "No such file" --server /nothing
	echo '{}' >"$result"
	ends 1 'no result of load-test/1' --compare "$result" "$result"
}

@test "a machine that is not fit is refused with --strict" {
	ends 5 'server and client share a CPU' --strict --server-cpus 0 --client-cpus 0 --server "$server"
	[[ $stderr == *'not fit for a load test (--strict)' ]]
}

# --- a whole test --------------------------------------------------------------------------------

@test "search, rates, rounds: JSON by its schema, a table, a picture" {
	load_test --server "$server --work-us 200" --rounds 2 --rates 25,50 --svg "$BATS_TEST_TMPDIR/x.svg" \
		--slo 'p99<2s,qps>1,errors<1%'
	valid
	result_is 'doc["complete"] is True' 'len(doc["sides"]) == 1' '[r["number"] for r in doc["sides"][0]["rounds"]] == [1, 2]' \
		'[[run["share_pct"] for run in r["runs"]] for r in doc["sides"][0]["rounds"]] == [[None, 25, 50], [50, 25, None]]' \
		'all(row["is_kept"] for row in doc["slo"]) and len(doc["slo"]) == 5' \
		'all(180 < run["server_cpu_us_per_request"] < 500 for r in doc["sides"][0]["rounds"] for run in r["runs"])' \
		'all(sum(run["errors"].values()) == 0 for r in doc["sides"][0]["rounds"] for run in r["runs"])'
	xmllint --noout "$BATS_TEST_TMPDIR/x.svg"
	grep -q '^| benchmark-server | closed loop, 4 connections |' "$said"
	servers_are_gone
}

@test "the search finds that one thread of 1 ms a request answers a thousand a second" {
	"$tool.sh" --server "$server --work-us 1000" --window 300ms --warm-up 200ms --rounds 1 --rates none -o "$result" >/dev/null
	valid
	result_is 'doc["search"]["qps"] < 1010' 'doc["search"]["connections"] <= 16' 'len(doc["search"]["steps"]) >= 3'
}

@test "--show prints a result once more, --slo is a gate on it" {
	load_test --server "$server --work-us 500" --rounds 1 --rates 50
	"$tool.sh" --show "$result" >"$BATS_TEST_TMPDIR/again"
	cmp "$said" "$BATS_TEST_TMPDIR/again"
	run -10 "$tool.sh" --show "$result" --slo 'p99<2s,p50@50<100us'
	[[ $output == *'| p50@50<100us at 50 % |'*'BROKEN'* ]]
	run -10 "$tool.sh" --show "$result" --slo 'qps>1000000'
}

@test "--slo: status 10 when broken" {
	run -10 load_test --server "$server --work-us 5000" --rounds 1 --rates 50 --slo 'p99<5ms'
}

# --- errors, by kind -----------------------------------------------------------------------------

# fixed COUNT KIND PATH: that many of 20 requests have this error; 0: all are answered.
fixed() {
	"$fixed_rate" --rate 100 --requests 20 --timeout-ms "${GIVE_UP_MS:-5000}" 127.0.0.1 "$port" "/$3" >"$result"
	result_is 'doc["due"] == 20 and doc["complete"]' "doc['errors']['$2'] == $1" "sum(doc['errors'].values()) == $1" \
		"doc['answered'] == 20 - $1"
}

@test "fixed-rate: answers of every form are whole" {
	local form
	faulty_start
	for form in length empty chunked close to-end; do fixed 0 connect "$form"; done
}

@test "fixed-rate: errors by kind" {
	faulty_start
	fixed 20 status_4xx missing
	fixed 20 status_5xx broken
	fixed 20 reset reset
	fixed 20 reset short
	fixed 20 malformed garbage
	fixed 20 malformed twice
	fixed 20 malformed huge
	GIVE_UP_MS=300 fixed 20 timeout silent
	result_is 'doc["latency_us"] == [[300000, 20]]' # who gave up has waited that long
	port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	fixed 20 connect length
}

@test "a load test says what kinds of errors there were, at both kinds of load" {
	load_test --server "python3 $SUPPORT_DIR/faulty_server.py" --path /sometimes --rounds 1 --rates 50 --window 1s
	valid
	result_is 'doc["sides"][0]["rounds"][0]["runs"][0]["errors"]["status"] > 0' \
		'doc["sides"][0]["rounds"][0]["runs"][1]["errors"]["status_5xx"] > 0'
	grep -qE '^Errors of python3: status [0-9,]+, status_5xx [0-9,]+\.$' "$said"
	run -10 "$tool.sh" --show "$result" --slo 'errors<0.1%'
}

@test "errors are no capacity" {
	faulty_start # has answered its first request: a path that fails is refused now
	ends 1 'status 503' --url "http://127.0.0.1:$port/broken"
	ends 1 'no capacity: 100.0 % errors with 1 connections' --server "python3 $SUPPORT_DIR/faulty_server.py" --path /broken
}

@test "fixed-rate keeps to its schedule whatever becomes of the requests" {
	faulty_start
	"$fixed_rate" --rate 100 --requests 100 --lead 20 --timeout-ms 200 --connections 2 127.0.0.1 "$port" /silent >"$result"
	result_is 'doc["due"] == 100' 'doc["errors"]["timeout"] == 100'
}

@test "fixed-rate: misuse is status 2, Ctrl-C ends it with what there is" {
	run -2 "$fixed_rate"
	run -2 "$fixed_rate" --rate x --requests 1 127.0.0.1 1 /
	run -2 "$fixed_rate" --rate 1 --requests 1 127.0.0.1 1 nothing
	run -2 "$fixed_rate" --rate 1 --requests 1 --header 'x' 127.0.0.1 1 /
	run -2 "$fixed_rate" --rate 1 --requests 1 --header $'x: y\r\nz: 1' 127.0.0.1 1 /
	run -2 "$fixed_rate" --rate 1 --requests 1 localhost 1 / # a name: looked up by who is asked to check it
	run -0 "$fixed_rate" --help
	faulty_start
	run -0 timeout --preserve-status -s INT 1 "$fixed_rate" --rate 100 --requests 100000 127.0.0.1 "$port" /length
	echo "$output" >"$result"
	result_is 'doc["complete"] is False' '0 < doc["due"] < 1000' 'doc["answered"] == doc["due"]'
}

# --- with the inspector --------------------------------------------------------------------------

@test "run-with-inspect.sh: an example with the inspector, on this machine only" {
	need_command node curl
	[ -f "$(built examples/memory/gc-server.js)" ] || skip "needs make examples-ts"
	start env INSPECT_PORT=0 "$ROOT_DIR/scripts/run-with-inspect.sh" memory/gc-server --port 0
	wait_for 20 grep -q '^listening on' "$target_said"
	local inspector
	inspector=$(sed -nE 's|^Debugger listening on ws://127\.0\.0\.1:([0-9]+)/.*|\1|p' "$target_said")
	[ -n "$inspector" ] || fail "$(cat "$target_said")"
	curl -s "http://127.0.0.1:$inspector/json" | grep -q 'gc-server.js'
	grep -q 'chrome://inspect' "$target_said"
	run -5 "$ROOT_DIR/scripts/run-with-inspect.sh" memory/nothing
}
