#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Which processes and threads cpu-sample looks at, what it does when they end, execute, fork and load libraries, and
# that nothing of it stays behind.

# shellcheck disable=SC2154,SC2016,SC2030,SC2031,SC2034 # variables of live.bash; programs for jq

load ../support/helpers.bash
load ../support/live.bash
load ../support/sampler.bash

bats_require_minimum_version 1.5.0

setup() {
	sampler_setup
	tool=$sampler # of helpers.bash
	need_command jq
}

teardown() {
	live_teardown
	stop_nginx
	rm -f "$BATS_TEST_TMPDIR"/link "${maps[@]}"
}

# uses MS: the process $work has used so much CPU, by the kernel's ticks.
uses() {
	[ "$(awk '{ print ($14 + $15) * 10 }' "/proc/$work/stat")" -ge "$1" ]
}

# sample_while MS OPTION...: a run that ends by Ctrl-C after $work has used so much more CPU.
sample_while() {
	local ms=$1 until_ms
	shift
	tracer_start -f json "$@"
	until_ms=$(($(awk '{ print ($14 + $15) * 10 }' "/proc/$work/stat") + ms)) # it may have taken long to start
	wait_for 60 uses "$until_ms"
	tracer_end
	same 'exit status' 0 "$tracer_status"
}

# --- which processes ------------------------------------------------------------------------------

@test "-p: one process, another one is left out" {
	local other
	work_start burn
	target_start other "$programs/cpu-work" workers 1
	other=${target_pid[other]}
	target_say other
	sample_while 300 -p "$work" -F 499
	has burn_main 90
	has_not burn_worker
	same 'processes' "$work" "$(jq -r '[.tasks[].pid] | unique | join(" ")' "$tracer_out")"
	sample_while 300 -p "$work,$other" -F 499
	has burn_main 90 # the parent of the worker only waits
}

@test "-n: all of that name" {
	local one
	cp "$programs/cpu-work" "$BATS_TEST_TMPDIR/named-$$"
	target_start one "$BATS_TEST_TMPDIR/named-$$" burn
	target_start work "$BATS_TEST_TMPDIR/named-$$" burn
	one=${target_pid[one]} work=${target_pid[work]}
	target_say one
	target_say work
	sample_while 500 -n "named-$$" -F 199
	same 'processes' "$(printf '%s\n' "$one" "$work" | sort -n | xargs)" \
		"$(jq -r '[.tasks[].pid] | unique | join(" ")' "$tracer_out")"
	has burn_main 90
}

@test "-a: every process, names for those that it meets, kernel threads without user frames" {
	work_start burn
	sample_while 1000 -a -F 199
	jq -e --argjson pid "$work" 'any(.tasks[]; .pid == $pid)' "$tracer_out"
	has burn_main 5
	jq -e 'all(.tasks[]; .pid > 0)' "$tracer_out" # not the idle loop
	# of the process that was not known at first nearly all is named
	jq -e --argjson pid "$work" '. as $r | [.data[] | select(.pid == $pid)]
		| (map(select(any(.frames[]; $r.frames[.].function == "burn_main")).count) | add)
		>= (map(.count) | add) * 0.9' "$tracer_out"
}

@test "-- COMMAND: from its first instruction to its end, status 0 whatever its own is" {
	sampled -q -f json -F 499 -o "$BATS_TEST_TMPDIR/brief" -- \
		sh -c 'echo go | "$1" brief 400; exit 3' sh "$programs/cpu-work"
	# the shell mostly waits: there may be no sample of it, but there is none of what it runs
	jq -e 'all(.tasks[]; .process == "sh")' "$BATS_TEST_TMPDIR/brief"
	mkfifo "$BATS_TEST_TMPDIR/go"
	echo go >"$BATS_TEST_TMPDIR/line"
	"$sampler" -q -f json -F 499 -- "$programs/cpu-work" brief 400 <"$BATS_TEST_TMPDIR/line" >"$tracer_out" 3>&-
	grep -q '^ready ' "$tracer_out" # the command's own
	grep '^{' "$tracer_out" >"$BATS_TEST_TMPDIR/json"
	has burn_briefly 80 "$BATS_TEST_TMPDIR/json"
}

@test "-s: children that are there, children that come" {
	work_start workers 2
	wait_for 5 pgrep -P "$work"
	sampled -q -s -p "$work" -F 199 -d 2 -f json
	has burn_worker 90
	same 'workers' 2 "$(jq '[.tasks[].pid] | unique | length' "$tracer_out")"
	target_start later "$programs/cpu-work" workers 3
	tracer_start -s -p "${target_pid[later]}" -F 199 -f json
	target_say later
	sleep 2
	tracer_end
	has burn_worker 90
	same 'workers' 3 "$(jq '[.tasks[] | select(.weight_ns > 50e6).pid] | unique | length' "$tracer_out")"
	target_start alone "$programs/cpu-work" workers 2
	tracer_start -p "${target_pid[alone]}" -F 199 -f json
	target_say alone
	sleep 1
	tracer_end
	has_not burn_worker
}

@test "-s: the workers of nginx" {
	start_nginx
	tracer_start -s -p "$nginx_pid" -F 499 -f json
	wrk_start "$port"
	sleep 3
	tracer_end
	wrk_end
	same 'exit status' 0 "$tracer_status"
	same 'the worker has most' "$worker" "$(jq '.tasks[0].pid' "$tracer_out")"
	jq -e '.stacks.complete_pct >= 99' "$tracer_out"
	[ "$(samples)" -ge 50 ]
}

# --- which threads --------------------------------------------------------------------------------

thread_named() {
	grep -lx "$1" /proc/"$work"/task/*/comm | cut -d/ -f5
}

@test "--threads tells them apart, -t takes one, and without both they are one" {
	local beta
	work_start threads
	wait_for 5 thread_named beta
	beta=$(thread_named beta)
	sample_while 1000 -p "$work" -F 199 --threads
	same 'threads' 'alpha beta' "$(jq -r '[.tasks[].thread] | unique | join(" ")' "$tracer_out")"
	jq -e '. as $r | all(.data[]; .thread as $t | all(.frames[]; $r.frames[.].function
		!= {alpha: "burn_beta", beta: "burn_alpha"}[$t]))' "$tracer_out"
	sample_while 1000 -p "$work" -F 199 -t "$beta"
	has burn_beta 90
	has_not burn_alpha
	sample_while 500 -p "$work" -F 199
	same 'one row' 1 "$(jq '.tasks | length' "$tracer_out")"
	same 'no thread' null "$(jq '.tasks[0].tid' "$tracer_out")"
	has burn_alpha 20
	has burn_beta 20
}

# --- refused --------------------------------------------------------------------------------------

@test "refused: no such process, a thread, a kernel thread, a thread of somebody else" {
	local alpha
	exits 3 'no process 4194304' -p 4194304 -d 1
	work_start threads
	wait_for 5 thread_named alpha
	alpha=$(thread_named alpha)
	exits 3 "$alpha is a thread of process $work" -p "$alpha" -d 1
	hints "use -p $work"
	exits 3 "2 is a thread of the kernel" -p 2 -d 1
	exits 3 "no thread $BASHPID in what is sampled" -p "$work" -t "$BASHPID" -d 1
	exits 3 'no thread 4194304 in what is sampled' -a -t 4194304 -d 1
}

# --- which stacks ---------------------------------------------------------------------------------

kinds() {
	jq -r '[.frames[].kind] | unique | join(" ")' "$tracer_out"
}

@test "-U, -K: one side of the stacks only" {
	work_start burn
	# it asks for its CPU time all the time: a system call
	sample_while 1500 -p "$work" -F 1999
	[[ $(kinds) == *kernel* ]]
	sample_while 300 -p "$work" -F 499 -U
	[[ $(kinds) != *kernel* ]]
	has burn_main 90
	sample_while 300 -p "$work" -F 1999 -K
	same 'functions outside the kernel' '[user code]' \
		"$(jq -r '[.frames[] | select(.kind != "kernel").function] | unique | join(" ")' "$tracer_out")"
	jq -e '.stacks.complete == 0 and .count > 200' "$tracer_out"
}

@test "--stacks: auto and dwarf are whole without frame pointers, fp with them" {
	local how
	target_start plain "$programs/busy-events"
	target_start fp "$programs/busy-events-fp"
	target_say plain
	target_say fp
	for how in auto dwarf; do
		sampled -q -p "${target_pid[plain]}" -F 199 -d 1500ms -f json --stacks=$how
		has event_loop 98
		has _start 98
	done
	sampled -q -p "${target_pid[plain]}" -F 199 -d 1500ms -f json --stacks=fp
	jq -e --argjson share "$(total event_loop)" '$share < 60' <<<null # what the tables are for
	sampled -q -p "${target_pid[fp]}" -F 997 -d 3s -f json --stacks=fp
	has handle_event 15 # what is not in libc's sort, which has no frame pointers
}

@test "-F: as often as asked for, on both ends" {
	local hz count ms
	work_start burn
	for hz in 1 99 4999 20000; do
		ms=$((hz == 1 ? 6000 : 1200)) # a single tick may meet another thread
		sample_while "$ms" -p "$work" -F "$hz"
		jq -e --argjson hz "$hz" '.frequency_hz == $hz and .period_ns == (1e9 / $hz | floor)' "$tracer_out"
		count=$(samples)
		# by the CPU time that it had, which is that and what came between two looks
		((count * 10 >= hz * 7 && count <= hz * ms / 240 + 2)) || fail "$hz Hz: $count samples"
	done
}

# --- the end --------------------------------------------------------------------------------------

@test "Ctrl-C and SIGTERM write the report, status 0" {
	local signal
	work_start burn
	for signal in INT TERM; do
		tracer_start -p "$work" -f json
		sleep 0.5
		kill "-$signal" "$tracer_job"
		tracer_wait
		same "status after $signal" 0 "$tracer_status"
		has burn_main 80
	done
}

@test "a target that ends: names are there, status 0, and it does not take until -d" {
	work_start brief 3000
	SECONDS=0
	sampled -p "$work" -F 499 -d 60s -f json
	[ "$SECONDS" -lt 30 ]
	has burn_briefly 90
	jq -e '.stacks.complete_pct >= 98' "$tracer_out"
}

@test "a target that is killed" {
	work_start threads
	tracer_start -p "$work" -F 199 -f json --wall
	wait_for 30 uses 500
	kill -KILL "$work"
	tracer_wait
	same 'exit status' 0 "$tracer_status"
	jq -e --argjson all "$(total burn_alpha)" '$all > 10' <<<null
	jq -e '[.frames[] | select(.module == "[unknown]")] == []' "$tracer_out"
}

@test "a target that executes another program: both have names" {
	work_start exec 2000
	tracer_start -p "$work" -F 499 -f json
	wait_for 60 uses 4000
	tracer_end
	same 'exit status' 0 "$tracer_status"
	has burn_before 20
	has burn_after 20
	jq -e --argjson unknown "$(jq '[.functions[] | select(.module == "[unknown]").self_ns] | add // 0' "$tracer_out")" \
		'$unknown <= .weight_ns * 0.02' "$tracer_out"
}

# Two programs with the same addresses, in turn, each twice with the same CPU time, the shell in between.
execs_are_apart() {
	local first=$programs/cpu-exec-first second=$programs/cpu-exec-second

	target_start "chain$#" "$first" 600 -- /bin/sh -c "exec $second 600 $first 600 $second 600"
	work=${target_pid[chain$#]}
	tracer_start -F 999 -f json "$@" -p "$work"
	target_say "chain$#"
	tracer_wait
	same 'exit status' 0 "$tracer_status"
	# wrong names would give one of them nothing, the other the double; what the hypervisor took has no samples
	jq -c '[.functions[] | select(.function == "burn_first" or .function == "burn_second") | {function, module, total_ns}]' \
		"$tracer_out" | tee /dev/stderr | jq -e 'length == 2 and all(.[]; .total_ns / 1200e6 | . > 0.6 and . < 1.4)'
	# what stands in a stack with one of them is of its program, and runs under its name
	jq -e '.frames as $f | all(.data[] | . as $stack | [.frames[] | $f[.]]
		| if any(.[]; .function == "burn_first") then [$stack.process, "cpu-exec-first", .]
		elif any(.[]; .function == "burn_second") then [$stack.process, "cpu-exec-second", .] else empty end;
		.[1] as $name | .[0] == $name and all(.[2][]; .module == $name or .module == "[vdso]" or .kind == "kernel"))' "$tracer_out"
	jq -e '[.functions[] | select(.module == "[unknown]").total_ns] | (add // 0) < 20e6' "$tracer_out" # of a shell of some ms
}

@test "a target that executes another program at the same addresses: each has its own names" {
	execs_are_apart
	execs_are_apart --stacks=fp
}

@test "a library that is loaded during the run" {
	target_start work "$programs/cpu-work" plugin "$programs/cpu-plugin.so" 300
	work=${target_pid[work]}
	tracer_start -p "$work" -F 499 -f json
	target_say work
	wait_for 60 uses 1200
	tracer_end
	has plugin_work 30
	has plugin_round 30
	jq -e 'any(.functions[]; .function == "plugin_round" and .module == "cpu-plugin.so")' "$tracer_out"
	jq -e '.stacks.complete_pct >= 97' "$tracer_out"
}

# --- code that is made at run time ----------------------------------------------------------------

# jit_start: code at $code, of which the map ($maps) says nothing yet.
jit_start() {
	target_start work "$programs/cpu-work" jit
	work=${target_pid[work]}
	wait_for 5 grep -q '^code ' "${target_out[work]}"
	code=$(sed -n 's/^code //p' "${target_out[work]}")
	maps=("/tmp/perf-$work.map")
	target_say work
}

@test "a JIT map gives names, also when it is written during the run" {
	local code maps
	jit_start
	echo "$code made_at_run_time" >"${maps[0]}"
	sample_while 500 -p "$work" -F 199
	has made_at_run_time 80
	has burn_jit 90
	rm "${maps[0]}"
	tracer_start -p "$work" -F 199 -f json
	echo "$code written_later" >"${maps[0]}"
	sleep 1.5
	tracer_end
	has written_later 80
}

# map_refused WHY: no names, one warning, the report all the same.
map_refused() {
	sample_while 200 -p "$work" -F 199
	has_not made_at_run_time
	has burn_jit 90
	same 'warnings' 1 "$(grep -c "names of JIT code: ${maps[0]}: refused" "$tracer_err")"
	grep -q "$1" "$tracer_err"
}

@test "a JIT map that somebody else could have written is refused, once" {
	local code maps
	jit_start
	echo "$code made_at_run_time" >"${maps[0]}"
	chown 65534 "${maps[0]}"
	map_refused 'it belongs to another user'
	chown 0 "${maps[0]}"
	chmod 0666 "${maps[0]}"
	map_refused 'others may write to it'
	chmod 0644 "${maps[0]}"
	sample_while 200 -p "$work" -F 199
	has made_at_run_time 80
}

# --- talk -----------------------------------------------------------------------------------------

@test "the progress line is for terminals, -q says nothing" {
	local typed=$BATS_TEST_TMPDIR/typed
	need_command script
	work_start burn
	run -0 --separate-stderr "$sampler" -p "$work" -d 1
	[ "$stderr" = "cpu-sample: sampling cpu-work (PID $work)" ]
	run -0 --separate-stderr "$sampler" -q -p "$work" -d 4
	[ -z "$stderr" ]
	script -qec "$sampler -p $work -d 4 -o $BATS_TEST_TMPDIR/report" "$typed" >/dev/null 3>&- </dev/null
	grep -qE $'\r\033\\[Kcpu-work \\(PID [0-9]+\\): [0-9] s left, [0-9]+ samples, 0 lost' "$typed"
	script -qec "$sampler -q -p $work -d 4 -o $BATS_TEST_TMPDIR/report2" "$typed" >/dev/null 3>&- </dev/null
	! grep -q 'left' "$typed" || fail 'progress in spite of -q'
}

@test "several formats with -o NAME, for their owner only, and none of them half" {
	local out=$BATS_TEST_TMPDIR/out
	mkdir "$out"
	work_start burn
	sampled -q -p "$work" -d 500ms -F 499 -o "$out/r" -f text,folded,svg,speedscope,pprof,cpuprofile,json
	same 'files' 'r.cpuprofile r.folded r.json r.pb.gz r.speedscope.json r.svg r.txt' \
		"$(cd "$out" && printf '%s\n' * | LC_ALL=C sort | xargs)"
	same 'modes' 600 "$(stat -c %a "$out"/* | sort -u)"
	grep -q 'burn_main' "$out/r.txt" "$out/r.folded" "$out/r.svg"
	exits 2 'several formats need -o NAME' -p "$work" -d 1 -f text,svg
	# one is in the way: nothing is sampled and nothing is written
	rm "$out"/*
	echo mine >"$out/r.svg"
	exits 1 "cannot write $out/r.svg: File exists" -p "$work" -d 1 -o "$out/r" -f text,svg
	same 'untouched' mine "$(cat "$out"/*)"
	same 'files' r.svg "$(ls -A "$out")"
}

# --- what stays behind ----------------------------------------------------------------------------

programs_of() {
	sed -n 's/^prog_id:[[:space:]]*//p' /proc/"$1"/fdinfo/* 2>/dev/null | sort -u
}

programs_are_gone() {
	local id

	for id in $1; do
		! bpftool prog show id "$id" || return 1
	done
}

perf_events_of() {
	find "/proc/$1/fd" -lname 'anon_inode:\[perf_event\]' | wc -l
}

@test "kill -9: programs and events are gone, and its target goes on" {
	local ids round
	need_command bpftool
	work_start burn
	for round in 1 2 3; do
		tracer_start -p "$work" -F 999 --wall -s
		ids=$(programs_of "$tracer_job")
		[ "$(wc -w <<<"$ids")" -ge 6 ] || fail "round $round: holds only: $ids"
		[ "$(perf_events_of "$tracer_job")" -ge 1 ]
		! programs_are_gone "$ids" || fail 'the test cannot fail'
		tracer_kill
		wait_for 10 programs_are_gone "$ids"
	done
	kill -0 "$work"
}
