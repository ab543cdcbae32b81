#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Options of memleak-trace whose effect shows only on a live target.

# shellcheck disable=SC2154,SC2016 # variables of live.bash and helpers.bash; programs for jq

load ../support/helpers.bash
load ../support/live.bash

bats_require_minimum_version 1.5.0

setup() {
	live_setup
	need_command jq curl python3
	start_server leak-example
}

teardown() {
	live_teardown
	stop_server
}

# leak N: one block of /closure each.
leak() {
	local i

	for ((i = 0; i < $1; i++)); do http_get /closure >/dev/null; done
}

# blocks: of the closure's site, in the last report.
blocks() {
	report '[.data[] | select(.frames[0].function == "closure_capture").blocks] | add // 0'
}

@test "-n finds the server by name, a name nobody has is exit status 3" {
	tracer_start -n leak-example -f json
	leak 3
	tracer_end
	same 'exit status' 0 "$tracer_status"
	same 'target' "$SERVER_PID" "$(report '.targets[0].pid')"
	same 'blocks' 3 "$(blocks)"
	run -3 "$(tool memleak-trace)" -n no-such-server-here
	[[ $output == *'no process named no-such-server-here'* ]]
}

@test "--older leaves out what has not lived so long" {
	tracer_start -p "$SERVER_PID" -f json --older 2s
	leak 4
	sleep 2.5
	leak 5
	tracer_end
	same 'old blocks' 4 "$(blocks)"
}

@test "--sort count and --sort bytes rank differently" {
	tracer_start -p "$SERVER_PID" -f json --sort count
	leak 5
	for _ in 1 2 3 4 5 6 7 8 9; do http_get /global >/dev/null; done
	tracer_end
	same 'most blocks' global_history_append "$(report -r '.data[0].frames[0].function')"
	tracer_start -p "$SERVER_PID" -f json --sort bytes
	leak 5
	for _ in 1 2 3 4 5 6 7 8 9; do http_get /global >/dev/null; done
	tracer_end
	same 'most bytes' closure_capture "$(report -r '.data[0].frames[0].function')"
}

@test "SIGUSR1 writes an interim report and goes on" {
	tracer_start -p "$SERVER_PID" -f json
	leak 2
	kill -USR1 "$tracer_job"
	wait_for 10 test -s "$tracer_out"
	leak 2
	tracer_end
	same 'reports' 2 "$(wc -l <"$tracer_out")"
	same 'final' '[false,true]' "$(jq -s -c 'map(.final)' "$tracer_out")"
	same 'blocks' 4 "$(blocks)"
	python3 "$SUPPORT_DIR/validate_json.py" "$ROOT_DIR/docs/schema/memleak-trace.schema.json" <"$tracer_out"
}

@test "-o FILE: whole at the end, mode 600, the sudo user's; -i rewrites it" {
	local dir=$BATS_TEST_TMPDIR/out

	mkdir -m 0777 "$dir"
	chmod 0755 "$BATS_TEST_TMPDIR" || true
	SUDO_UID=0 SUDO_GID=0 tracer_start -p "$SERVER_PID" -f folded -i 500ms -o "$dir/report"
	leak 3
	sleep 1.2
	[ ! -e "$dir/report" ] || fail 'it has its name before it is whole'
	tracer_end
	same 'exit status' 0 "$tracer_status"
	same 'mode' 600 "$(stat -c %a "$dir/report")"
	grep -qE ';closure_capture [0-9]+$' "$dir/report"
	same 'left beside it' report "$(ls -A "$dir")"
}

@test "-T limits what text shows, and says what it leaves out" {
	tracer_start -p "$SERVER_PID" -T 1
	leak 2
	http_get /global >/dev/null
	tracer_end
	grep -q '^#1 ' "$tracer_out"
	run -1 grep -q '^#2 ' "$tracer_out"
	grep -q 'more stack' "$tracer_out"
}
