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
	slow_disk_end
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

# stopped TID: the loop was for as long as stop_for says, and nobody is blamed.
stopped() {
	pick_where ".verdict == \"stopped\" and .loop == ([$(report -c '.loops[].tid' | paste -sd,)] | index($1))"
	stall --argjson least "$stopped_least" --argjson most "$stopped_most" '(.own | not)
		and .parts_ns.stopped > $least / 2 and .parts_ns.stopped <= $most and .longest.part == "stopped"'
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

# --- nginx ------------------------------------------------------------------------------------------

FILE_BYTES=$((16 << 20))

# forget FILE: its pages, so that it has to be read again.
forget() {
	python3 -c 'import os, sys
fd = os.open(sys.argv[1], os.O_RDONLY)
os.fsync(fd)
os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)' "$1"
}

read_by() {
	local pid sum=0

	for pid; do sum=$((sum + $(awk '/^read_bytes/ { print $2 }' "/proc/$pid/io"))); done
	echo "$sum"
}

@test "nginx: a file that is not in memory, from a slow disk; both workers, by their master" {
	local before took_ns
	start_nginx 2
	mapfile -t workers <<<"$worker"
	head -c "$FILE_BYTES" /dev/urandom >"$nginx_files/archive"
	forget "$nginx_files/archive"
	slow_disk "$FILE_BYTES" "$nginx_files" "${workers[@]}" # it takes a second
	watch "$nginx_pid" -s
	for _ in {1..20}; do curl -s -o /dev/null "http://127.0.0.1:$port/"; done
	before=$(read_by "${workers[@]}")
	took_ns=$(curl -s -o /dev/null -w '%{time_total}' "http://127.0.0.1:$port/files/archive" | sed 's/\.//; s/^0*//')000
	same 'read from the disk' "$FILE_BYTES" $(($(read_by "${workers[@]}") - before))
	watched
	report -e --argjson workers "[$(paste -sd, <<<"$worker")]" '[.loops[].pid] | sort == ($workers | sort)'

	pick ngx_read_file
	lasted 5e8 "$took_ns"
	stall '.verdict == "disk" and .own and .parts_ns.disk > 3e8
		and (.longest.wait | startswith("pread64")) and .longest.file == "archive"
		and (.stacks[0] | .part == "disk" and any(.frames[]; .function == "ngx_read_file"))'
}

# --- memcached --------------------------------------------------------------------------------------

ITEM_BYTES=$((64 << 20))

# ask COMMAND [COMMAND-OF-DATA...]: on a connection of its own; the answer is $answer.
ask() {
	local fd
	exec {fd}<>"/dev/tcp/127.0.0.1/$port"
	{
		printf '%s\r\n' "$1"
		[[ $# -eq 1 ]] || { "${@:2}" && printf '\r\n'; }
	} >&"$fd"
	read -r -t 60 answer <&"$fd"
	exec {fd}>&-
}

cpu_of_all() {
	cat "/proc/$1"/task/*/schedstat | awk '{ sum += $1 } END { print sum }'
}

@test "memcached: a large value that is copied to add one byte to it; its main thread and workers; stopped" {
	local before spent
	memcached_alone
	ask "set large 0 0 $ITEM_BYTES" head -c "$ITEM_BYTES" /dev/zero
	same answer $'STORED\r' "$answer"
	watch "$memcached"
	for _ in {1..10}; do ask version; done
	before=$(cpu_of_all "$memcached")
	ask 'append large 0 0 1' printf x
	spent=$(($(cpu_of_all "$memcached") - before))
	same answer $'STORED\r' "$answer"
	stop_for 0.2 "$memcached"
	for _ in {1..10}; do ask version; done
	watched
	loops_are mc-worker mc-worker memcached

	# it has no symbols: what it calls has
	pick_where 'any(.stacks[].frames[]; .function // "" | test("mem(cpy|move|set)"))'
	computed "$spent"
	stall '.parts_ns | .running + .run_queue > 0.95 * (add)'
	stall '.stacks | map(select(any(.frames[]; .module == "memcached")
		and any(.frames[]; .function == "event_base_loop")).ns) | add > 0'
	for tid in $(report '.loops[].tid'); do stopped "$tid"; done
}

# --- haproxy ----------------------------------------------------------------------------------------

@test "haproxy: Lua that computes, Lua that waits for a program; both threads; stopped" {
	cat >"$BATS_TEST_TMPDIR/routes.lua" <<-'LUA'
		core.register_fetches("burn", function()
			local stop = os.clock() + 0.15
			while os.clock() < stop do end
			return "burnt"
		end)
		core.register_fetches("run", function() return tostring(os.execute("sleep 0.15")) end)
	LUA
	haproxy_alone global 'nbthread 2' insecure-fork-wanted "lua-load $BATS_TEST_TMPDIR/routes.lua" \
		'tune.lua.forced-yield 100000000' defaults 'mode http' 'timeout client 60s' 'timeout server 60s' \
		'timeout connect 60s' 'frontend lua' \
		'http-request return content-type text/plain lf-string %[lua.burn] if { path /burn }' \
		'http-request return content-type text/plain lf-string %[lua.run] if { path /run }' \
		'http-request return content-type text/plain string ok'
	watch "$haproxy"
	for _ in {1..20}; do same answer ok "$(curl -s "http://127.0.0.1:$port/")"; done
	same answer burnt "$(curl -s "http://127.0.0.1:$port/burn")"
	same answer true "$(curl -s "http://127.0.0.1:$port/run")"
	stop_for 0.2 "$haproxy"
	for _ in {1..20}; do same answer ok "$(curl -s "http://127.0.0.1:$port/")"; done
	watched
	report -e --argjson tids "[$(find "/proc/$haproxy/task" -mindepth 1 -maxdepth 1 -printf "%f\n" | paste -sd,)]" '[.loops[].tid] | sort == ($tids | sort)'

	pick lua_resume '.parts_ns.sleep == 0'
	lasted 15e7 17e7
	computed 150000000
	stall 'all(.stacks[]; any(.frames[]; .function == "process_runnable_tasks"))'
	pick lua_resume '.verdict == "child"'
	stall '.longest.wait == "wait4" and .parts_ns.sleep >= 14e7
		and any(.stacks[]; .wait == "wait4" and any(.frames[]; .function == "process_runnable_tasks"))'
	for tid in $(report '.loops[].tid'); do stopped "$tid"; done
}
