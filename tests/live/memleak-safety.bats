#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The target is not harmed, whatever happens to it or to the tracer; and only it is touched.
# May run beside another.

# shellcheck disable=SC2154,SC2016,SC2030,SC2031 # variables of live.bash; programs for jq

load ../support/helpers.bash
load ../support/live.bash

LIBC='/libc[.-]'

bats_require_minimum_version 1.5.0

setup() {
	live_setup
}

teardown() {
	live_teardown
	stop_nginx
}

# The ids of the BPF programs that the tracer holds, one per line.
tracer_programs() {
	sed -n 's/^prog_id:[[:space:]]*//p' /proc/"$tracer_job"/fdinfo/* | sort -u
}

programs_are_gone() {
	local id

	for id in $1; do
		! bpftool prog show id "$id" || return 1
	done
}

@test "sigkill_clean: 50 rounds of kill -9 of the tracer under load" {
	local clean ids round

	start_nginx
	clean=$(text_sum "$worker" "$LIBC")
	wrk_start "$port"
	for ((round = 1; round <= 50; round++)); do
		tracer_start -p "$worker" --max-hits 0
		# The test can fail: while the tracer lives, the bytes do differ.
		! text_is "$worker" "$LIBC" "$clean" || fail "round $round: no probe in memory"
		ids=$(tracer_programs)
		tracer_kill
		wait_for 5 text_is "$worker" "$LIBC" "$clean" || fail "round $round: probes left"
	done
	wrk_end || fail 'clients saw errors'
	same 'same worker' "$worker" "$(pgrep -P "$nginx_pid")"
	[[ -n $ids ]]
	wait_for 10 programs_are_gone "$ids"
	[[ ! -s /sys/kernel/tracing/uprobe_events ]]
}

@test "detach: the bytes are the old ones after Ctrl-C and after -d" {
	local clean

	target_start idle "$programs/scenario" bystander
	clean=$(text_sum "${target_pid[idle]}" "$LIBC")
	tracer_start -p "${target_pid[idle]}"
	! text_is "${target_pid[idle]}" "$LIBC" "$clean" || fail 'no probe in memory'
	tracer_end
	text_is "${target_pid[idle]}" "$LIBC" "$clean"
	tracer_start -p "${target_pid[idle]}" -d 1s
	tracer_wait
	same 'exit status' 0 "$tracer_status"
	text_is "${target_pid[idle]}" "$LIBC" "$clean"
	target_ends_well idle
}

@test "inflight: 100 threads inside malloc when the tracer is killed" {
	target_start slow "$programs/slow-malloc" 100 4
	tracer_start -p "${target_pid[slow]}"
	target_say slow
	wait_for 10 grep -q '^inside 100' "${target_out[slow]}"
	tracer_kill
	same 'all came back' 100 "$(target_truth slow leaked | jq .blocks)"
	target_ends_well slow
}

@test "inflight: calls that began before the attach do no harm and are not counted" {
	target_start slow "$programs/slow-malloc" 20 3
	target_say slow
	wait_for 10 grep -q '^inside 20' "${target_out[slow]}"
	tracer_start -p "${target_pid[slow]}" -f json
	target_truth slow leaked
	tracer_end
	same 'blocks' 0 "$(report '.counts.allocs')"
	target_ends_well slow
}

@test "scope: a bystander with the same libc keeps its bytes" {
	local clean

	target_start bystander "$programs/scenario" bystander
	target_start traced "$programs/scenario" hold 1000 64
	clean=$(text_sum "${target_pid[bystander]}" "$LIBC")
	tracer_start -p "${target_pid[traced]}" -f json
	text_is "${target_pid[bystander]}" "$LIBC" "$clean"
	target_say traced
	target_truth traced held
	text_is "${target_pid[bystander]}" "$LIBC" "$clean"
	tracer_end
	same 'counted' 1000 "$(report .counts.allocs)"
	target_ends_well bystander
}

# Starts the parent of 4 workers, attaches with the given options, lets the workers leak.
run_workers() {
	target_start workers "$programs/scenario" workers 4
	tracer_start -p "${target_pid[workers]}" -f json "$@"
	target_say workers
	wait_for 10 workers_forked 4
	sleep 2 # the tracer attaches to children when it hears of them
	target_say workers
	wait_for 10 workers_leaked 4
	sleep 1
	tracer_end
	target_say workers
	wait_for 10 grep -q '^workers ended' "${target_out[workers]}"
	same 'status of the workers' 'workers ended 0' \
		"$(grep '^workers ended' "${target_out[workers]}")"
}

workers_forked() {
	[[ $(grep -c '^forked' "${target_out[workers]}") == "$1" ]]
}

workers_leaked() {
	[[ $(grep -c '"what":"worker"' "${target_out[workers]}") == "$1" ]]
}

@test "scope: children are left alone without -s" {
	run_workers
	same 'only the parent' 10 "$(report '[.data[].blocks] | add')"
	same 'targets' 1 "$(report '.targets | length')"
	target_ends_well workers
}

@test "scope: with -s each worker's count is its own" {
	local line pid

	run_workers -s
	while read -r line; do
		pid=$(jq .pid <<<"$line")
		same "worker $pid" "$(jq .blocks <<<"$line")" \
			"$(report --argjson pid "$pid" '[.data[] | select(.pid == $pid
				and any(.frames[]; .function == "leak_in_worker")) | .blocks] | add')"
	done < <(grep '"what":"worker"' "${target_out[workers]}")
	target_ends_well workers
}

@test "exec_reset: the report ends at the exec and holds only what was before it" {
	target_start self "$programs/scenario" exec-self
	tracer_start -p "${target_pid[self]}" -f json
	target_say self
	target_truth self before
	target_say self
	tracer_wait
	same 'exit status' 0 "$tracer_status"
	same 'before' '16 1048576' "$(reported leak_before_exec)"
	same 'after' '0 0' "$(reported leak_after_exec)"
	report -e '.targets[0].state + (.note // "") | test("execut")'
	target_say self
	target_truth self after
	target_ends_well self
}

second_ready() {
	[[ $(grep -c '^ready' "${target_out[self]}") == 2 ]]
}

@test "exec_reset: --follow-exec goes on with an empty ledger" {
	target_start self "$programs/scenario" exec-self
	tracer_start -p "${target_pid[self]}" -f json --follow-exec
	target_say self
	target_truth self before
	target_say self
	wait_for 10 second_ready
	sleep 2 # it attaches anew
	target_say self
	target_truth self after
	tracer_end
	same 'exit status' 0 "$tracer_status"
	same 'before' '0 0' "$(reported leak_before_exec)"
	same 'after' '16 1048576' "$(reported leak_after_exec)"
	target_ends_well self
}

# check_death HOW: the target dies that way; the report still has numbers and names.
check_death() {
	target_start dying "$programs/scenario" die "$1"
	tracer_start -p "${target_pid[dying]}" -f json
	target_say dying
	target_truth dying leaked
	target_say dying
	tracer_wait
	same 'exit status' 0 "$tracer_status"
	same 'blocks and bytes' '100 100000' "$(reported leak_chain)"
}

@test "dies: SIGKILL" {
	check_death kill
}

@test "dies: SIGSEGV" {
	check_death segv
}

@test "dies: normal exit" {
	check_death exit
}

@test "stopped: a stopped target does not hold up the end of the run" {
	target_start idle "$programs/scenario" bystander
	tracer_start -p "${target_pid[idle]}" -d 1s
	kill -STOP "${target_pid[idle]}"
	SECONDS=0
	tracer_wait
	kill -CONT "${target_pid[idle]}"
	same 'exit status' 0 "$tracer_status"
	((SECONDS < 10))
	target_ends_well idle
}

# check_reuse INJECTION: the target dies, and another process gets its PID, while strace holds the
# tracer up at that system call.
check_reuse() {
	local pid clean

	target_start first "$programs/scenario" bystander
	pid=${target_pid[first]}
	background "$tracer_out" strace -f -qq -o "$BATS_TEST_TMPDIR/strace" \
		-e trace=pidfd_open,bpf -e inject="$1" "$tracer" -p "$pid" -d 10s
	tracer_job=$job tracer_err=$tracer_out.err
	wait_for 10 grep -qs "^[0-9 ]*pidfd_open($pid," "$BATS_TEST_TMPDIR/strace"
	sleep 1
	target_ends_well first
	target_start second "$programs/scenario" at-pid "$pid"
	same 'the PID is reused' "$pid" "${target_pid[second]}"
	clean=$(text_sum "$pid" "$LIBC")
	tracer_wait
	grep -q INJECTED "$BATS_TEST_TMPDIR/strace" || grep -q DELAYED "$BATS_TEST_TMPDIR/strace"
	text_is "$pid" "$LIBC" "$clean"
	same 'nothing of the second process' 0 "$(grep -c '"pid"' "$tracer_out" || true)"
	target_ends_well second
}

@test "pid_reuse: after the process was opened, before its maps were read" {
	need_command strace
	check_reuse pidfd_open:delay_exit=4000000:when=1
	same 'exit status' 3 "$tracer_status"
}

# The first link made after the process was opened is the first probe: a first run counts the calls.
@test "pid_reuse: between loading and attaching" {
	local calls

	need_command strace
	target_start idle "$programs/scenario" bystander
	strace -f -qq -o "$BATS_TEST_TMPDIR/calls" -e trace=pidfd_open,bpf \
		"$tracer" -q -p "${target_pid[idle]}" -d 100ms >/dev/null
	calls=$(awk '/ bpf\(/ { n++ } /pidfd_open\(/ { opened = 1 }
		opened && /BPF_LINK_CREATE/ { print n; exit }' "$BATS_TEST_TMPDIR/calls")
	check_reuse "bpf:delay_enter=4000000:when=$calls"
	same 'exit status' 3 "$tracer_status"
}

@test "evil_names: nothing a target is called reaches the terminal raw" {
	local format

	target_start evil bash -c 'exec -a "$1" "$2" evil-names' bash \
		$'\033[31m-evil\n\xff;<b>"' "$programs/scenario"
	target_say evil
	for format in text json folded; do
		tracer_start -p "${target_pid[evil]}" -f "$format" -d 1s
		tracer_wait
		no_raw_bytes "$tracer_out"
		no_raw_bytes "$tracer_err"
	done
}

@test "evil_names: functions with hostile names keep their numbers, in every format" {
	local format

	for format in text json folded; do
		target_start "evil-$format" "$programs/scenario" evil-names
		tracer_start -p "${target_pid[evil-$format]}" -f "$format"
		target_say "evil-$format"
		target_truth "evil-$format" leaked
		tracer_end
		same 'exit status' 0 "$tracer_status"
		no_raw_bytes "$tracer_out"
		no_raw_bytes "$tracer_err"
		check_evil_"$format"
	done
}

# Valid UTF-8 without control characters (but newline and tab) and without bidirectional overrides.
no_raw_bytes() {
	iconv -f utf-8 -t utf-8 "$1" >/dev/null || fail "$1: not UTF-8"
	python3 -c '
import sys
text = open(sys.argv[1], encoding="utf-8").read()
bad = [c for c in text if c not in "\n\t" and (ord(c) < 32 or 127 <= ord(c) < 160
       or c in "\u200b\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")]
sys.exit("%s: raw %r" % (sys.argv[1], bad) if bad else 0)' "$1"
}

check_evil_text() {
	grep -q 'evil' "$tracer_out"
}

check_evil_json() {
	same 'blocks and bytes' '5 5015' \
		"$(report -r '"\([.data[].blocks] | add) \([.data[].bytes] | add)"')"
	report -e '[.data[] | .frames[0].function // "" | startswith("evil")] | all'
}

# Each line is frames, one blank, a number; the sum of the numbers is the truth.
check_evil_folded() {
	same 'lines that are not folded' '' "$(grep -vE '^[^ ].* [0-9]+$' "$tracer_out" || true)"
	same 'sum' 5015 "$(awk '{ sum += $NF } END { print sum }' "$tracer_out")"
	same 'frames after the thread' 0 "$(grep -c ';main;init ' "$tracer_out" || true)"
}

# check_go PROGRAM: refused before anything is attached, with a hint; the target does its work.
check_go() {
	local clean

	target_start go "$programs/$1"
	clean=$(text_sum "${target_pid[go]}" .)
	run -5 "$tracer" -p "${target_pid[go]}" -d 1s
	[[ $output == *'Go program'* ]]
	text_is "${target_pid[go]}" . "$clean"
	target_say go
	target_truth go "$2"
	target_ends_well go
}

@test "go_target: a Go program without C is refused and goes on" {
	check_go go-pure sum
}

@test "go_target: a Go program that calls C is refused and goes on" {
	check_go go-cgo leaked
}

@test "coroutine_target: stacks switched between allocations, exact and unharmed" {
	local truth

	target_start coroutine "$programs/scenario" coroutine
	tracer_start -p "${target_pid[coroutine]}" -f json
	target_say coroutine
	truth=$(target_truth coroutine leaked)
	tracer_end
	same 'blocks and bytes' "$(jq -r '"\(.blocks) \(.bytes)"' <<<"$truth")" \
		"$(reported leak_in_coroutine)"
	report_is_exact
	target_ends_well coroutine
}

# The last rate that the storm printed, in pairs per second.
storm_rate() {
	sed -n 's/^rate //p' "${target_out[storm]}" | tail -n 1
}

storm_is_fast() {
	(($(storm_rate) * 4 > free_rate))
}

@test "guard: an allocation storm is left alone within 2 s and recovers" {
	local clean

	target_start storm "$programs/scenario" storm 1
	clean=$(text_sum "${target_pid[storm]}" "$LIBC")
	target_say storm
	sleep 1
	free_rate=$(storm_rate)
	tracer_start -p "${target_pid[storm]}" -f json --max-hits 20000
	wait_for 3 text_is "${target_pid[storm]}" "$LIBC" "$clean"
	wait_for 2 storm_is_fast
	tracer_wait # with nothing left to trace it ends by itself
	same 'exit status' 6 "$tracer_status"
	report -e '(.complete | not) and (.note | test("max-hits"))'
	target_ends_well storm
}

@test "guard: --max-hits 0 switches it off" {
	target_start storm "$programs/scenario" storm 1
	target_say storm
	tracer_start -p "${target_pid[storm]}" -f json --max-hits 0 -d 4s
	tracer_wait
	same 'exit status' 0 "$tracer_status"
	report -e '.note == null or (.note | test("max-hits") | not)'
	target_ends_well storm
}

@test "two tracers on one process count the same, and one may be killed" {
	local first first_out

	target_start hold "$programs/scenario" hold 1000 64
	tracer_start -p "${target_pid[hold]}" -f json
	first=$tracer_job first_out=$tracer_out
	tracer_out=$BATS_TEST_TMPDIR/second
	tracer_start -p "${target_pid[hold]}" -f json
	target_say hold
	target_truth hold held
	tracer_kill
	tracer_job=$first tracer_out=$first_out tracer_err=$first_out.err
	target_say hold
	target_truth hold freed
	tracer_end
	same 'allocs and frees' '1000 1000' "$(report -r '"\(.counts.allocs) \(.counts.frees)"')"
	target_ends_well hold
}

@test "no signal is ever sent to the target" {
	need_command strace
	target_start idle "$programs/scenario" bystander
	strace -f -qq -e trace=kill,tkill,tgkill,pidfd_send_signal -o "$BATS_TEST_TMPDIR/strace" \
		"$tracer" -p "${target_pid[idle]}" -d 1s >"$tracer_out"
	same 'signals' '' "$(grep -vE ', 0\)|, 0,|\+\+\+' "$BATS_TEST_TMPDIR/strace" || true)"
	target_ends_well idle
}

@test "another tracer that holds the address: a clear word, and nothing stays attached" {
	local clean lib=$BATS_TEST_TMPDIR/lib

	# a libc of their own: whatever else on the machine traces malloc, or wants to, is another file's
	mkdir "$lib"
	cp "$(ldd "$programs/rival" | awk '/libc\.so/ { print $3 }')" "$lib"
	target_start held env LD_LIBRARY_PATH="$lib" "$programs/pair-cost"
	target_start rival env LD_LIBRARY_PATH="$lib" "$programs/rival" "${target_pid[held]}"
	clean=$(text_sum "${target_pid[held]}" '/libc[.-]')
	run -1 "$tracer" -p "${target_pid[held]}" -d 1s
	[[ $output == *'another tracer may hold this address'* ]] || fail "$output"
	text_is "${target_pid[held]}" '/libc[.-]' "$clean" || fail 'probes left in memory'
	target_say rival
	target_ends_well rival
	tracer_start -p "${target_pid[held]}" -f json
	tracer_end
	same 'once it is gone' 0 "$tracer_status"
}
