#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# memleak-trace names each place that leaks, and the whole way from main to it, in programs without frame pointers and
# through the C and C++ libraries, which have none.

# shellcheck disable=SC2154 # variables of live.bash

load ../support/helpers.bash
load ../support/live.bash

TURNS=50

setup() {
	live_setup
}

teardown() {
	live_teardown
}

traced() {
	target_start "$1" "$programs/$1" "$TURNS"
	tracer_start -p "${target_pid[$1]}" -f json -i 200ms --max-hits 0
	target_say "$1"
	target_truth "$1" leaked
	tracer_end
	same 'exit status' 0 "$tracer_status"
	report -r '.data[] | "\(.blocks) \([.frames[].function] | join(" < "))"' >&2
}

# leak PATTERN BLOCKS: one stack matches PATTERN, and has so many blocks. Its functions are joined by " < ", leaf first;
# after main come the C library's, which may have no names, and _start.
leak() {
	same "blocks of $1" "1 $2" "$(report -r --arg pattern "$1 < main < [^<]* < [^<]* < _start\$" '
		[.data[] | select(.kind == "heap")
			| select([.frames[].function] | join(" < ") | test($pattern))]
		| "\(length) \(map(.blocks) | add // 0)"')"
}

no_leak_of() {
	same "blocks of $1" '0 0' "$(reported "$1")"
}

c_leaks() {
	traced "$1"
	leak '^leaky_session < handle_login < event_loop' "$TURNS"
	leak '^(__GI___strdup|__strdup|strdup) < leaky_strdup < handle_upload < event_loop' "$TURNS"
	leak "$2" "$TURNS"
	no_leak_of tidy_copy
}

@test "C" {
	c_leaks leaks-c '^handle_grow < event_loop'
}

@test "C, not optimised" {
	c_leaks leaks-c-O0 '^leaky_realloc < handle_grow < event_loop'
}

@test "C++" {
	traced leaks-cxx
	leak '^operator new[^<]* < [^<]*register_session\([^<]* < [^<]*on_request\([^<]*' "$TURNS"
	leak '^operator new[^<]* < [^<]*new_session\([^<]* < [^<]*on_request\([^<]*' "$TURNS"
	cache_name_leaks
}

# Its node and its string are two stacks, whether or not the library's functions are inlined.
cache_name_leaks() {
	same 'blocks below cache_name' $((2 * TURNS)) "$(report '
		[.data[] | select(.kind == "heap") | select([.frames[].function] | join(" < ")
			| test("^operator new.* < [^<]*cache_name[^<]* < [^<]*on_request[^<]* < main < .* < _start$"))
			| .blocks] | add')"
}
