# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154,SC2016 # variables for the tests, and of live.bash; programs for jq
# After live.bash. Live tests of loop-stall: tracer_start and tracer_end run it, its report is JSON. A stall that was picked
# is in $stall, a file.
#
#	pick FUNCTION [JQ]	the longest stall that was seen in FUNCTION, of those for which JQ is true
#	pick_where JQ		the longest of those for which JQ is true
#	stall JQ...		jq -e on it: must be true
#	lasted LEAST MOST	it took so long in ns, but for what it waited for a CPU
#	stop_for SECONDS PID	stops it from outside for so long; $stopped_least, $stopped_most: ns
#	slow_disk BYTES FOLDER PID...	the processes read so much a second of its disk at most; skips where nothing can do that
#	loops_are NAME...	threads of the loops of the report, sorted

loops_setup() {
	live_setup
	need_command jq
	tracer=$(tool loop-stall)
	stall=$BATS_TEST_TMPDIR/stall
}

pick_where() {
	report -e "[.data[] | select($1)] | max_by(.ns)" >"$stall" || {
		report -c '.loops[] | [.tid, .thread, .total.stalls], .data[] | del(.stacks)' >&2 || true
		fail "no stall: $1"
	}
	# its parts are all of it
	stall '(.parts_ns | add) - .ns | fabs < 1e5'
}

pick() {
	pick_where "(any(.stacks[].frames[]; .function == \"$1\")) and (${2-true})"
}

stall() {
	jq -e "$@" "$stall" >/dev/null || {
		jq -c '.stacks |= [.[:3][] | { part, wait, ns, frames: [.frames[].function] }]' "$stall" >&2
		fail "not so: $*"
	}
}

# What the machine took away is no error: it waited for a CPU, or its host did.
lasted() {
	stall --argjson least "$1" --argjson most "$2" '.ns >= $least and
		.ns - .parts_ns.run_queue - .parts_ns.throttled - .ns * .steal_pct / 100 <= $most'
}

loops_are() {
	same 'loops' "$*" "$(report -r '[.loops[].thread] | sort | join(" ")')"
}

stop_for() {
	local before after

	before=$(monotonic_ns)
	kill -STOP "$2"
	after=$(monotonic_ns)
	sleep "$1"
	stopped_least=$(($(monotonic_ns) - after))
	kill -CONT "$2"
	stopped_most=$(($(monotonic_ns) - before))
}

# --- a slow disk, by the cgroups of either version -----------------------------------------------

disk_group=''

# The number of the disk, of which FOLDER may be on a part.
disk_of() {
	local device

	device=/sys/dev/block/$(mountpoint -d "$(df --output=target "$1" | tail -n 1)")
	[[ -f $device/partition ]] && device=$device/..
	cat "$device/dev" 2>/dev/null
}

slow_disk() {
	local bytes=$1 disk pid

	disk=$(disk_of "$2") || skip 'needs a folder on a disk'
	shift 2
	if [[ -f /sys/fs/cgroup/blkio/blkio.throttle.read_bps_device ]]; then
		disk_group=/sys/fs/cgroup/blkio/loops-$BASHPID
		mkdir "$disk_group"
		echo "$disk $bytes" >"$disk_group/blkio.throttle.read_bps_device"
	elif echo +io >/sys/fs/cgroup/cgroup.subtree_control; then
		disk_group=/sys/fs/cgroup/loops-$BASHPID
		mkdir "$disk_group"
		echo "$disk rbps=$bytes" >"$disk_group/io.max"
	else
		skip 'needs a cgroup that slows a disk down'
	fi 2>/dev/null
	for pid; do echo "$pid" >"$disk_group/cgroup.procs"; done
}

slow_disk_end() {
	[[ -z $disk_group ]] || wait_for 10 rmdir "$disk_group"
}
