# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # variables for the tests, and of live.bash
# After live.bash. What the tests of whole stacks share: tests/bpf/stack-stops takes them.
#
#	program_start NAME [ARGUMENT...]	a stacks-* program that runs; $program_pid
#	compare_with_gdb NAME PID STOPS ONE_IN	at STOPS stops of PID its stacks are those that gdb finds
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
		timeout 150 gdb -nx -q -batch -x "$SUPPORT_DIR/gdb_stacks.py"
	gdb_job=$job
	if ! wait_for 60 gdb_has_begun_or_ended "$out.gdb" || ended "$gdb_job"; then
		cat "$out.gdb.log" "$out.gdb.log.err" >&2
		return 1
	fi
}

gdb_has_begun_or_ended() {
	grep -qs attached "$1" || ended "$gdb_job"
}

# It ends by itself after the last stop; a stop that was lost does not hold up the test.
gdb_end() {
	wait_for 10 ended "$gdb_job" || kill -TERM "$gdb_job"
	wait "$gdb_job" || true
}

compare_with_gdb() {
	local name=$1 pid=$2 wanted=$3 one_in=$4 status=0
	local out=$BATS_TEST_TMPDIR/$name

	need_command gdb
	gdb_start "$name" "$pid" "$wanted"
	"$stops" stops "$pid" "$wanted" "$one_in" >"$out.stops" 2>"$out.stops.err" || status=$?
	cat "$out.stops.err" >&2
	gdb_end
	same 'status of stack-stops' 0 "$status"
	tail -n 1 "$out.stops" >&2
	# what it says is shown whatever happens: it is what one wants to know
	python3 "$SUPPORT_DIR/compare_stacks.py" "$name" "$out.stops" "$out.gdb" "$wanted" \
		>"$out.compared" || status=$?
	cat "$out.compared" >&2
	tail -n 1 "$out.compared" | sed 's/^/# /' >&3
	return "$status"
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
