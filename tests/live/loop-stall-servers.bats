#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Servers from the distribution that are held up by what is known to hold them up: loop-stall has the stall, its parts and the
# function. Lengths are compared with what the server or its kernel's books say of the same run, less what the
# machine's other work took from it.

# shellcheck disable=SC2154,SC2016,SC2030,SC2031 # variables of live.bash; programs for jq

load ../support/helpers.bash
load ../support/live.bash
load ../support/servers.bash
load ../support/loops.bash

MS=1000000

setup() {
	loops_setup
}

teardown() {
	live_teardown
	stop_nginx
}

# watch PID OPTION...: the tracer, from then on. A loop is known by a few of its waits.
watch() {
	tracer_start -p "$@" -f json
}

# A report that lost nothing; every stack to its end.
watched() {
	tracer_end
	same 'exit status' 0 "$tracer_status"
	report -e '.complete and .stacks.complete_pct >= 95' >/dev/null || fail "$(report -c '.lost, .stacks, .note')"
}

# CPU time of a thread, ns, by the kernel's books.
cpu_ns() {
	cut -d' ' -f1 "/proc/$1/schedstat"
}

# --- redis ------------------------------------------------------------------------------------------

KEYS=1000000

cli() {
	redis-cli -p "$port" "$@"
}

# slow COMMAND ARGUMENT...: runs it on redis; what the slow log says of it is $slow_ns, its CPU time with all that was
# done beside it $spent_ns.
slow() {
	local before
	before=$(cpu_ns "$redis")
	cli "$@" >"$BATS_TEST_TMPDIR/answer"
	spent_ns=$(($(cpu_ns "$redis") - before))
	slow_ns=$(($(cli --json slowlog get 1 | jq '.[0][2]') * 1000))
}

# As long as the slow log says, and the rest of its iteration.
as_logged() {
	lasted "$1" $(($1 + 3 * MS))
}

# computed SPENT: it ran for so long, less what was done of it in other iterations (most of an answer is sent later).
computed() {
	stall --argjson spent "$1" '.parts_ns.running > $spent * 0.8 - 8e6 and
		.parts_ns.running < $spent * 1.05 + 8e6 + .ns * .steal_pct / 100'
}

@test "redis: DEBUG SLEEP, KEYS * on a million keys, SAVE; the slow log agrees" {
	local slept keys keys_spent saved saved_spent
	need_command redis-cli
	redis_alone
	cli config set slowlog-log-slower-than 1000 >&2
	cli debug populate "$KEYS" >&2
	watch "$redis"
	slow debug sleep 0.15
	slept=$slow_ns
	slow keys '*'
	keys=$slow_ns keys_spent=$spent_ns
	same 'keys' "$KEYS" "$(wc -l <"$BATS_TEST_TMPDIR/answer")"
	slow save
	saved=$slow_ns saved_spent=$spent_ns
	watched
	loops_are redis-server

	pick debugCommand
	as_logged "$slept"
	stall '.verdict == "sleep" and .longest.wait == "clock_nanosleep" and .parts_ns.sleep >= 15e7
		and .stacks[0].wait == "clock_nanosleep"'

	pick keysCommand
	as_logged "$keys"
	computed "$keys_spent"
	stall '.verdict == if .own then "computing" else "run_queue" end'

	pick rdbSave
	as_logged "$saved"
	computed "$saved_spent"
	stall '.longest.part == "disk" and (.longest.file | startswith("temp-"))'
}
