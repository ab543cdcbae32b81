# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # variables for the tests, and of helpers.bash, live.bash, nodes.bash and bats
# After helpers.bash, live.bash and nodes.bash: heap-diff take ($tool) on tests/live/heap-take.js, which runs as $work in the
# folder of the test and has an inspector of its own, at $port.

take_setup() {
	live_setup
	need_command python3
	tool=$(tool heap-diff)
	port=$(free_port)
	cd "$BATS_TEST_TMPDIR" || return 1
}

# program FLAGS COUNT [WHAT]: heap-take.js, as $work.
program() {
	node_work "--inspect-port=$port $1" heap-take.js "${@:2}"
}

# taken STATUS TEXT OPTION...: heap-diff take -p $work; TEXT is on its standard error.
taken() {
	local want=$1 text=$2

	shift 2
	run --separate-stderr "$tool" take -p "$work" "$@"
	echo "status $status: $output / $stderr"
	[ "$status" -eq "$want" ]
	[[ $stderr == *"$text"* ]] || fail "does not say: $text"
}

# take_starts OPTION...: the same in the background, as $job; it says to out.err.
take_starts() {
	background out "$tool" take -p "$work" "$@"
}

# take_ends STATUS TEXT
take_ends() {
	local status=0

	wait "$job" || status=$?
	cat out.err >&2
	[ "$status" -eq "$1" ] || fail "status $status"
	grep -qF "$2" out.err || fail "does not say: $2"
}

# Nothing of a file, under whatever name.
no_file() {
	[ -z "$(find . -name '*heapsnapshot*')" ]
}

listens() {
	python3 - "$work" "$port" <<-'PROGRAM'
		import sys
		rows = [line.split() for line in open(f"/proc/{sys.argv[1]}/net/tcp")][1:]
		sys.exit(not any(row[3] == "0A" and int(row[1].split(":")[1], 16) == int(sys.argv[2]) for row in rows))
	PROGRAM
}

# The program lives and answers, and nobody can speak with its inspector.
is_as_before() {
	target_say work
	target_truth work grown >/dev/null
	! listens || fail 'its inspector is open'
}

# some_bytes FILE: a part of it is there, under a name that is not its own yet.
some_bytes() {
	[ -n "$(find . -name ".$1.*" -size +0)" ]
}
