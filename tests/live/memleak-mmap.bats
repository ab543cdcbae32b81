#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# --mmap: what the program maps itself is counted to the byte; what the runtime maps is not ranked.
# May run beside another.

# shellcheck disable=SC2154,SC2016 # variables of live.bash; programs for jq

load ../support/helpers.bash
load ../support/live.bash

setup() {
	live_setup
	need_command jq
}

teardown() {
	live_teardown
}

# bytes KIND: of all rows of that kind.
bytes() {
	report --arg kind "$1" '[.data[] | select(.kind == $kind).bytes] | add // 0'
}

@test "mmap, munmap in part, mremap and sbrk: exact, thread stacks and arenas apart" {
	local truth

	target_start mapper "$programs/mapper"
	tracer_start -p "${target_pid[mapper]}" -f json --mmap
	target_say mapper
	truth=$(target_truth mapper mapped | jq .bytes)
	tracer_end
	same 'exit status' 0 "$tracer_status"
	report -c '.lost, [.data[] | [.kind, .bytes, .frames[0].function]]' >&2
	same 'mapped bytes' "$truth" "$(bytes mmap)"
	report -e '[.data[] | select(.kind == "runtime").bytes] | add > 8000000' # 4 stacks, untouched
	report -e '[.data[] | select(.kind == "heap").bytes] | add // 0 < 10000'
	report -e '.complete'
}

@test "without --mmap no mapping is reported" {
	target_start mapper "$programs/mapper"
	tracer_start -p "${target_pid[mapper]}" -f json
	target_say mapper
	target_truth mapper mapped
	tracer_end
	same 'mapped bytes' 0 "$(bytes mmap)"
	same 'runtime bytes' 0 "$(bytes runtime)"
}
