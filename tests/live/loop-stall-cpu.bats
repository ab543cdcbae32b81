#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A loop whose CPU is taken away: by the quota of its cgroup, by a process of a real-time class, by one of a better nice
# value. It is told so, and no stack is blamed. The loop works for less than the threshold in each iteration, so that each
# stall, those that a busy machine adds too, is one that it had no CPU in.

# shellcheck disable=SC2034,SC2154,SC2016,SC2030,SC2031,SC1010 # variables of live.bash; programs for jq; "done" is a word here

load ../support/helpers.bash
load ../support/live.bash

bats_require_minimum_version 1.5.0

setup() {
	live_setup
	tracer=$(tool loop-stall)
	need_command jq taskset
	cpu=$(taskset -cp $$ | sed 's/.*[-, ]//')
}

teardown() {
	live_teardown
	cgroup_end
}

# --- a cgroup -------------------------------------------------------------------------------------

# cgroup_start: an empty group with a quota of 20 ms in 100 ms, and the largest share of what it may have; $group. Of
# version 2 where that has the controller, else of version 1; mounted for this test where it is not mounted.
cgroup_start() {
	local root

	root=$(findmnt -nt cgroup2 -o TARGET | head -n 1)
	if [ -n "$root" ] && grep -qw cpu "$root/cgroup.controllers" && echo +cpu >"$root/cgroup.subtree_control"; then
		group=$root/loop-stall-test-$$
		mkdir "$group"
		echo '20000 100000' >"$group/cpu.max"
		echo 10000 >"$group/cpu.weight"
		return
	fi
	root=$(findmnt -nt cgroup -O cpu -o TARGET | head -n 1)
	if [ -z "$root" ]; then
		root=$BATS_TEST_TMPDIR/cgroup
		mkdir "$root"
		mount -t cgroup -o cpu none "$root" 2>/dev/null || skip "needs a cgroup with the cpu controller"
		cgroup_mount=$root
	fi
	group=$root/loop-stall-test-$$
	mkdir "$group"
	[ -e "$group/cpu.cfs_quota_us" ] || skip "needs CONFIG_CFS_BANDWIDTH"
	echo 100000 >"$group/cpu.cfs_period_us"
	echo 20000 >"$group/cpu.cfs_quota_us"
	echo 262144 >"$group/cpu.shares"
}

cgroup_end() {
	[ -z "${group:-}" ] || wait_for 10 rmdir "$group"
	[ -z "${cgroup_mount:-}" ] || umount "$cgroup_mount"
}

# throttled_ns: so long the kernel says that the group was.
throttled_ns() {
	awk '$1 == "throttled_time" { print $2 } $1 == "throttled_usec" { print $2 * 1000 }' "$group/cpu.stat"
}

# --- what is said ---------------------------------------------------------------------------------

# work_start COUNT: iterations of 10 ms of computing, on one CPU; $work.
work_start() {
	target_start work taskset -c "$cpu" "$programs/loop-work" stalls compute "$1" 10
	work=${target_pid[work]}
}

# blames_nobody VERDICT: of at least five stalls each is none of its own, most for that reason, and no report has a stack.
blames_nobody() {
	report -c '.data[] | [.verdict, .own, .ns, .parts_ns.running, .parts_ns.run_queue, .parts_ns.throttled]' >&2
	report -e --arg verdict "$1" '.data | length >= 5 and all(.[]; .own == false)
		and ([.[] | select(.verdict == $verdict)] | length) * 4 >= length * 3'
	report -e 'all(.data[]; ([.parts_ns[]] | add) == .ns)'
	! grep -q 'stall_computing' "$BATS_TEST_TMPDIR/folded" || fail "blamed: $(cat "$BATS_TEST_TMPDIR/folded")"
	cat "$BATS_TEST_TMPDIR/folded" >&2
	grep -qE '\[(throttled|CPU wait)\];\[runnable\] [0-9]+$' "$BATS_TEST_TMPDIR/folded"
}

# watch_work THRESHOLD: the work under two tracers, one of which writes folded stacks.
watch_work() {
	local folded_job

	tracer_out=$BATS_TEST_TMPDIR/folded
	tracer_start -f folded -p "$work" --threshold "$1"
	folded_job=$tracer_job
	tracer_out=$BATS_TEST_TMPDIR/json
	tracer_start -f json -p "$work" --threshold "$1"
	"${before_work[@]}"
	target_say work
	target_truth work done
	"${after_work[@]}"
	sleep 0.3
	tracer_end
	same 'exit status' 0 "$tracer_status"
	kill -INT "$folded_job"
	wait "$folded_job"
}

@test "a quota of a fifth: throttled, as long as the cgroup says, no stack is blamed" {
	local throttled
	cgroup_start
	work_start 30
	echo "$work" >"$group/cgroup.procs"
	remember() { throttled=$(throttled_ns); }
	compare() { throttled=$(($(throttled_ns) - throttled)); }
	before_work=(remember) after_work=(compare)
	watch_work 40ms
	blames_nobody throttled
	report -e --argjson truth "$throttled" '.loops[0].total.parts_ns.throttled as $ns
		| "throttled: \($ns / 1e6) ms, by the cgroup \($truth / 1e6) ms" | debug
		| $truth > 500e6 and $ns >= $truth * 0.85 and $ns <= $truth * 1.15'
}

@test "a process of SCHED_FIFO on its CPU: waiting for a CPU, no stack is blamed" {
	need_command chrt python3
	chrt -f 10 true 2>/dev/null || skip "needs real-time classes"
	work_start 60
	bursts() {
		background "$BATS_TEST_TMPDIR/bursts" taskset -c "$cpu" chrt -f 10 python3 -c '
import time
for _ in range(10):
    end = time.monotonic() + 0.12
    while time.monotonic() < end:
        pass
    time.sleep(0.05)'
	}
	before_work=(bursts) after_work=(true)
	watch_work 60ms
	blames_nobody run_queue
}

@test "a process of nice -20 on its CPU: waiting for a CPU, no stack is blamed" {
	work_start 12
	renice -n 5 "$work" >/dev/null
	spin() {
		background "$BATS_TEST_TMPDIR/spin" taskset -c "$cpu" nice -n -20 timeout 6 sh -c 'while :; do :; done'
		spinner=$job
	}
	calm() { kill "$spinner" 2>/dev/null || true; }
	before_work=(spin) after_work=(calm)
	watch_work 40ms
	blames_nobody run_queue
}
