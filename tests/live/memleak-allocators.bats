#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Every allocation function of every allocator: a program leaks known numbers through each, and
# the report must say the same numbers, to the block and to the byte.
# May run beside another.

# shellcheck disable=SC2154,SC2016,SC2030,SC2031 # variables of live.bash; programs for jq

load ../support/helpers.bash
load ../support/live.bash

setup() {
	live_setup
}

teardown() {
	live_teardown
}

# Truth and report as the same table: name, blocks, bytes. A row's name is the leaking function's;
# without frame pointers the kernel sees only malloc's direct caller, which for strdup and for
# libstdc++'s operators (they call malloc) is that function: those are compared as one group.
named_rows='
	def name: (map(.function // "") | map(select(startswith("leak_by_"))) | first) as $leaker
		| if $leaker then $leaker[8:]
		  elif any(.[]; .function // "" | test("strdup")) then "strdup"
		  elif any(.[]; .function // "" | startswith("operator new")) then "operator new"
		  else (.[0].function // "?") end;
	[.data[] | select(.kind == "heap") | { name: (.frames | name), blocks, bytes }]
	| group_by(.name)
	| map({ key: .[0].name, value: { blocks: (map(.blocks) | add), bytes: (map(.bytes) | add) } })
	| from_entries'

true_rows='
	def merged($group): if ($rows | has("operator new")) and ($group | startswith("_Zn"))
		then "operator new" else $group end;
	.functions | to_entries | map(select(.value.blocks > 0) | .name = merged(.key))
	| group_by(.name)
	| map({ key: .[0].name, value: { blocks: (map(.value.blocks) | add),
					 bytes: (map(.value.bytes) | add) } })
	| from_entries'

# check_matrix "ENVIRONMENT AND PROGRAM" [OPTION...]: the options are the tracer's.
check_matrix() {
	local command truth rows key

	read -ra command <<<"$1"
	shift
	target_start matrix env "${command[@]}"
	tracer_start -p "${target_pid[matrix]}" -f json "$@"
	target_say matrix
	truth=$(target_truth matrix)
	tracer_end
	same 'exit status' 0 "$tracer_status"
	rows=$(report -cS "$named_rows")
	same 'per function' "$(jq -cS --argjson rows "$rows" "$true_rows" <<<"$truth")" "$rows"
	report_is_exact
	for key in failed:failed_allocs frees_before_attach:frees_before_attach; do
		same "$key" "$(jq ".${key%:*}" <<<"$truth")" "$(report ".counts.${key#*:}")"
	done
	target_ends_well matrix
}

@test "glibc: every function to the byte" {
	check_matrix "$programs/alloc-matrix"
}

@test "glibc with libstdc++: operator new and delete are counted once" {
	check_matrix "LD_PRELOAD=libstdc++.so.6 $programs/alloc-matrix"
}

@test "jemalloc: every function to the byte, mallocx and sized frees included" {
	check_matrix "LD_PRELOAD=libjemalloc.so.2 $programs/alloc-matrix" --cxx-new
	report -e '.targets[0].allocator | test("jemalloc")'
}

@test "tcmalloc: every function to the byte" {
	check_matrix "LD_PRELOAD=libtcmalloc_minimal.so.4 $programs/alloc-matrix" --cxx-new
	report -e '.targets[0].allocator | test("tcmalloc")'
}

@test "mimalloc: every function to the byte" {
	check_matrix "LD_PRELOAD=libmimalloc.so.2 $programs/alloc-matrix" --cxx-new
	report -e '.targets[0].allocator | test("mimalloc")'
}

# check_exceptions [ENVIRONMENT]: bad_alloc passes a traced operator new. Where the kernel cannot do
# that, operator new is left alone, and the report says so.
check_exceptions() {
	target_start cxx env "$@" "$programs/bad-alloc"
	tracer_start -p "${target_pid[cxx]}" -f json
	target_say cxx
	same 'caught' 1000 "$(target_truth cxx leaked | jq .refused)"
	tracer_end
	if report -e '.targets[0].allocator | test("WITHOUT its C\\+\\+ operator new")'; then
		same 'blocks and bytes' '0 0' "$(reported leak_by_new)"
	else
		same 'blocks' 100 "$(report '[.data[] | select(.bytes / .blocks == 300).blocks] | add')"
	fi
	target_ends_well cxx
}

@test "glibc with libstdc++: exceptions pass" {
	check_exceptions
}

@test "jemalloc: exceptions pass operator new" {
	check_exceptions LD_PRELOAD=libjemalloc.so.2
}

@test "tcmalloc: exceptions pass operator new" {
	check_exceptions LD_PRELOAD=libtcmalloc_minimal.so.4
}

@test "static glibc: every function to the byte" {
	check_matrix "$programs/alloc-matrix-static"
}

@test "static musl: every function to the byte" {
	check_matrix "$programs/alloc-matrix-musl"
}

@test "one block of more than 4 GiB keeps its size" {
	target_start matrix "$programs/alloc-matrix" huge_malloc
	tracer_start -p "${target_pid[matrix]}" -f json
	target_say matrix
	target_truth matrix
	tracer_end
	same 'blocks and bytes' '1 5368709248' "$(reported leak_by_huge_malloc)"
}

@test "sizes outside --min-size and --max-size stay out of the ledger" {
	target_start matrix "$programs/alloc-matrix" -n 700 malloc # 128, 192, ... 512 bytes
	tracer_start -p "${target_pid[matrix]}" -f json --min-size 192 --max-size 320
	target_say matrix
	target_truth matrix
	tracer_end
	report -e 'all(.data[]; .bytes / .blocks >= 192 and .bytes / .blocks <= 320)'
	report -e '.counts.allocs == 300 and .counts.filtered >= 400'
	report -e '.filters.min_size_bytes == 192 and .filters.max_size_bytes == 320'
}
