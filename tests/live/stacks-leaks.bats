#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# memleak-trace names each place that leaks, and the whole way from main to it, in programs without frame pointers and
# through the C and C++ libraries, which have none.
# May run beside another.

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
	leaks >&2
}

# What the report says of heap, as lines "BLOCKS FUNCTION < FUNCTION ...", leaf first, without those that were inlined.
leaks() {
	report -r '.data[] | select(.kind == "heap")
		| "\(.blocks) \([.frames[] | select(.inlined | not) | .function] | join(" < "))"'
}

# leak PATTERN STACKS: so many stacks match PATTERN, and each leaked once a turn. After main come two functions of the
# C library, which may have no names, and _start.
leak() {
	local found

	found=$(leaks | grep -E "^[0-9]+ $1 < main < [^<]* < [^<]* < _start\$" || true)
	same "stacks like $1" "$2" "$(grep -c . <<<"$found")"
	same "blocks of each" "$TURNS" "$(cut -d' ' -f1 <<<"$found" | sort -u)"
}

no_leak_of() {
	same "blocks of $1" '0 0' "$(reported "$1")"
}

c_leaks() {
	traced "$1"
	leak 'leaky_session < handle_login < event_loop' 1
	leak '(__GI___strdup|__strdup|strdup) < leaky_strdup < handle_upload < event_loop' 1
	leak "$2" 1
	no_leak_of tidy_copy
	report -e '.data | length == 3'
}

@test "C" {
	c_leaks leaks-c 'handle_grow < event_loop'
}

@test "C, not optimised" {
	c_leaks leaks-c-O0 'leaky_realloc < handle_grow < event_loop'
}

# Between operator new and our function there may be instances of the library's templates. cache_name leaks its node
# and its string at two places.
@test "C++" {
	traced leaks-cxx
	leak 'operator new.* < [^<]*register_session\([^<]* < [^<]*on_request\([^<]*' 1
	leak 'operator new.* < [^<]*new_session\([^<]* < [^<]*on_request\([^<]*' 1
	leak 'operator new.* < [^<]*cache_name\([^<]* < [^<]*on_request\([^<]*' 2
}
