# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # variables for the tests, and of live.bash
# After live.bash. What the tests of whole stacks share: tests/bpf/stack-stops takes them.
#
#	program_start NAME [ARGUMENT...]	a stacks-* program that runs; $program_pid
#	compare_with_gdb NAME stops|ticks PID STOPS RATE [FUNCTION...]
#		at STOPS stops of PID its stacks are those that gdb finds; each FUNCTION is in one of them, or of three more rounds
#	stacks_taken MODE PID AMOUNT [RATE]	what stack-stops prints, into $stacks
#	counts JQ...				jq on its counts

stacks_setup() {
	live_setup
	stops=$(built tests/bpf/stack-stops)
	stacks=$BATS_TEST_TMPDIR/stacks
}

program_start() {
	local name=$1

	shift
	[[ -x $programs/$name ]] || skip "$name is not built: no compiler for it"
	target_start "$name" "$programs/$name" "$@"
	target_say "$name"
	program_pid=${target_pid[$name]}
}

gdb_start() {
	local name=$1 pid=$2 wanted=$3
	local out=$BATS_TEST_TMPDIR/$name

	background "$out.gdb.log" env GDB_PID="$pid" GDB_STOPS="$wanted" GDB_OUT="$out.gdb" \
		gdb -nx -q -batch -x "$SUPPORT_DIR/gdb_stacks.py"
	gdb_job=$job
	if ! wait_for 60 gdb_has_begun_or_ended "$out.gdb" || ended "$gdb_job"; then
		cat "$out.gdb.log" "$out.gdb.log.err" >&2
		return 1
	fi
}

gdb_has_begun_or_ended() {
	grep -qs attached "$1" || ended "$gdb_job"
}

# It ends by itself after the last stop. A stop that did not come does not hold up the test: it is told so, and by a
# signal, because it looks only when the process stops.
gdb_end() {
	if ! wait_for 3 ended "$gdb_job" 2>/dev/null; then
		touch "$1.gdb.end"
		kill -URG "$2"
		wait_for 10 ended "$gdb_job" || kill -KILL "$gdb_job"
	fi
	wait "$gdb_job" || true
}

# compare_stops NAME MODE PID STOPS RATE [FUNCTION...]: one round; those that were in none of its stacks are in $missing.
compare_stops() {
	local name=$1-$2 mode=$2 pid=$3 wanted=$4 rate=$5 status=0
	local out=$BATS_TEST_TMPDIR/$name

	shift 5
	gdb_start "$name" "$pid" "$wanted"
	"$stops" "$mode" "$pid" "$wanted" "$rate" >"$out.stops" 2>"$out.stops.err" || status=$?
	cat "$out.stops.err" >&2
	gdb_end "$out" "$pid"
	same 'status of stack-stops' 0 "$status"
	tail -n 1 "$out.stops" >&2
	[[ $mode == stops ]] || wanted=$((wanted * 3 / 4))
	# what it says is shown whatever happens: it is what one wants to know
	python3 "$SUPPORT_DIR/compare_stacks.py" "$name" "$out.stops" "$out.gdb" "$wanted" "$out.missing" "$@" \
		>"$out.compared" || status=$?
	cat "$out.compared" >&2
	tail -n 1 "$out.compared" | sed 's/^/# /' >&3
	read -r -d '' -a missing <"$out.missing" || true
	rm -f "$out".gdb*
	return "$status"
}

# Which stops are taken is left to chance: a function that none of them was in has three more chances.
compare_with_gdb() {
	local missing=("${@:6}") round

	need_command gdb
	for round in 1 2 3 4; do
		compare_stops "${@:1:5}" ${missing[@]+"${missing[@]}"}
		[[ ${#missing[@]} -gt 0 ]] || return 0
	done
	fail "in no stack that is equal: ${missing[*]}"
}

stacks_taken() {
	"$stops" "$@" >"$stacks" 2>"$stacks.err" || {
		cat "$stacks.err" >&2
		return 1
	}
	counts -c . >&2
}

counts() {
	tail -n 1 "$stacks" | jq "$@"
}
