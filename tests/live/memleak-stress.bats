#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The ledger under pressure: many threads, many blocks, tables too small. What is reported plus
# what is said to be lost is always the whole truth.

# shellcheck disable=SC2154,SC2016,SC2030,SC2031 # variables of live.bash; programs for jq

load ../support/helpers.bash
load ../support/live.bash

setup() {
	live_setup
}

teardown() {
	live_teardown
}

@test "10 M operations by 8 threads: the ledger is the program's own count" {
	local truth site

	target_start stress "$programs/stress" -n "${STRESS_OPERATIONS:-10000000}"
	tracer_start -p "${target_pid[stress]}" -f json --max-hits 0
	target_say stress
	truth=$(target_truth stress)
	tracer_end
	same 'exit status' 0 "$tracer_status"
	for site in by_malloc by_calloc by_memalign by_realloc; do
		same "$site" "$(jq -r ".sites.$site | \"\(.blocks) \(.bytes)\"" <<<"$truth")" \
			"$(reported $site)"
	done
	same 'all blocks' "$(jq .blocks <<<"$truth")" "$(report '[.data[].blocks] | add')"
	same 'all bytes' "$(jq .bytes <<<"$truth")" "$(report '[.data[].bytes] | add')"
	report_is_exact
	target_ends_well stress
}

@test "LeakSanitizer finds the totals that the stress program prints" {
	local truth

	target_start stress "$programs/stress-lsan" -n 10000000 -l
	target_say stress
	truth=$(target_truth stress)
	wait "${target_job[stress]}" || true
	same 'summary' \
		"$(jq -r '"\(.bytes) byte(s) leaked in \(.blocks) allocation(s)."' <<<"$truth")" \
		"$(sed -n 's/^SUMMARY: LeakSanitizer: //p' "${target_out[stress]}.err")"
}

@test "known_leak: 1000 x 100 bytes among 100,000 pairs on 8 threads, exact" {
	target_start known "$programs/scenario" known
	tracer_start -p "${target_pid[known]}" -f json
	target_say known
	target_truth known
	tracer_end
	same 'blocks and bytes' '1000 100000' "$(reported leak_known)"
	same 'everything' 1000 "$(report '[.data[].blocks] | add')"
	report_is_exact
	target_ends_well known
}

@test "a million live blocks: all reported, in at most 150 MB" {
	target_start hold "$programs/scenario" hold 1000000 32
	tracer_start -p "${target_pid[hold]}" -f json --max-hits 0
	target_say hold
	target_truth hold held
	tracer_end
	same 'blocks and bytes' '1000000 32000000' "$(reported leak_chain)"
	report '.cost' >&2
	report -e '.cost.rss_bytes + .cost.table_bytes <= 150 * 1024 * 1024'
	report_is_exact
}

@test "blocks that are freed again leave the ledger empty" {
	target_start hold "$programs/scenario" hold 100000 48
	tracer_start -p "${target_pid[hold]}" -f json --max-hits 0
	target_say hold
	target_truth hold held
	target_say hold
	target_truth hold freed
	tracer_end
	same 'rows' 0 "$(report '.data | length')"
	report_is_exact
}

@test "overflow: with a ledger of 1000 blocks, reported plus lost is the truth" {
	target_start hold "$programs/scenario" hold 5000 100
	tracer_start -p "${target_pid[hold]}" -f json --max-blocks 1000
	target_say hold
	target_truth hold held
	tracer_end
	same 'exit status' 6 "$tracer_status"
	same 'complete' false "$(report .complete)"
	same 'reported + lost' 5000 \
		"$(report '([.data[].blocks] | add) + .lost.lost_blocks')"
	report -e '.lost.lost_blocks >= 4000 and .lost_pct > 0'
}

@test "overflow: frees of blocks that were lost are not errors" {
	target_start hold "$programs/scenario" hold 5000 100
	tracer_start -p "${target_pid[hold]}" -f json --max-blocks 1000
	target_say hold
	target_truth hold held
	target_say hold
	target_truth hold freed
	tracer_end
	same 'rows' 0 "$(report '.data | length')"
	same 'frees seen' 5000 "$(report '.counts.frees + .counts.frees_before_attach')"
}

@test "overflow: with room for few stacks the blocks are still counted" {
	target_start stress "$programs/stress" -n 50000
	tracer_start -p "${target_pid[stress]}" -f json --max-stacks 2
	target_say stress
	truth=$(target_truth stress)
	tracer_end
	same 'all blocks' "$(jq .blocks <<<"$truth")" "$(report '[.data[].blocks] | add')"
	report -e '.lost.lost_stacks > 0'
}

@test "overflow: calls of threads without room are counted as lost" {
	target_start known "$programs/scenario" known
	tracer_start -p "${target_pid[known]}" -f json --max-threads 2
	target_say known
	target_truth known
	tracer_end
	same 'exit status' 6 "$tracer_status"
	report -e '.lost.lost_threads > 0 and (.complete | not)'
}

@test "--max-loss 100 accepts what was lost" {
	target_start hold "$programs/scenario" hold 5000 100
	tracer_start -p "${target_pid[hold]}" -f json --max-blocks 1000 --max-loss 100
	target_say hold
	target_truth hold held
	tracer_end
	same 'exit status' 0 "$tracer_status"
	report -e '.lost.lost_blocks >= 4000'
}
