# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # variables for the tests, and of bats: status, output, stderr, stderr_lines
# What the bats files share: `load ../support/helpers.bash`. Plain bash, curl, wrk and python3.
#
#   BUILD     the build folder, relative to the root of the tree or absolute (default build)
#   ROOT_DIR  the root of the tree

ROOT_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
SUPPORT_DIR=$ROOT_DIR/tests/support

# fail WHY: ends the test.
fail() {
	printf '%s\n' "$*" >&2
	return 1
}

need_root() {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
}

# need_command NAME...: skips when one is not installed.
need_command() {
	local name
	for name in "$@"; do
		command -v "$name" >/dev/null || skip "needs $name"
	done
}

# built PATH: a product's absolute path in the build folder.
built() {
	case ${BUILD:-build} in
	/*) printf '%s/%s\n' "$BUILD" "$1" ;;
	*) printf '%s/%s/%s\n' "$ROOT_DIR" "${BUILD:-build}" "$1" ;;
	esac
}

# tool NAME: the path of one of our commands.
tool() {
	built "bin/$1"
}

# wait_for SECONDS COMMAND...: until COMMAND succeeds; fails when it never does.
wait_for() {
	local seconds=$1
	local end=$((SECONDS + seconds))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || {
			fail "not within $seconds s: $*"
			return 1
		}
		sleep 0.05
	done
}

free_port() {
	python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# start_server NAME [OPTION...]: an example on a free port; sets SERVER_PID, SERVER_PORT, SERVER_OUT
# and SERVER_ERR (files). NAME is one of examples/memory, or FOLDER/NAME. One at a time; teardown calls
# stop_server. RUN_AS, an array, is a command put in front of it that must keep its process id.
start_server() {
	local program=$1
	[[ $program == */* ]] || program=memory/$program
	program=$(built "examples/$program")
	shift
	[ -f "$program" ] || {
		fail "$program is not built"
		return 1
	}
	SERVER_OUT=$(mktemp "${BATS_TEST_TMPDIR:-${TMPDIR:-/tmp}}/server.out.XXXXXX")
	SERVER_ERR=$(mktemp "${BATS_TEST_TMPDIR:-${TMPDIR:-/tmp}}/server.err.XXXXXX")
	# bats waits for whoever holds its descriptor 3
	"${RUN_AS[@]}" "$program" --port 0 "$@" >"$SERVER_OUT" 2>"$SERVER_ERR" 3>&- &
	SERVER_PID=$!
	wait_for 10 grep -q '^listening on ' "$SERVER_OUT" || return 1
	SERVER_PORT=$(sed -n 's/^listening on .*://p' "$SERVER_OUT")
}

# stop_server: by SIGTERM; sets SERVER_STATUS to its exit status. Nothing when none runs.
stop_server() {
	[ -n "${SERVER_PID:-}" ] || return 0
	kill -TERM "$SERVER_PID" 2>/dev/null || true
	join_server
}

# join_server: waits for a server that is ending (a second SIGTERM would cut its draining short); as
# stop_server.
# shellcheck disable=SC2034 # the status is for the caller
join_server() {
	SERVER_STATUS=0
	wait "$SERVER_PID" || SERVER_STATUS=$?
	SERVER_PID=
}

# http_get PATH: the body; fails unless the status is 2xx.
http_get() {
	curl --silent --fail --max-time 10 "http://127.0.0.1:$SERVER_PORT$1"
}

# http_status PATH [CURL OPTION...]: the status code alone.
http_status() {
	local path=$1
	shift
	curl --silent --output /dev/null --max-time 10 --write-out '%{http_code}' "$@" \
		"http://127.0.0.1:$SERVER_PORT$path"
}

# load_routes SECONDS ROUTE...: the routes in turn, at LOAD_RATE requests a second (1000), on loopback;
# prints what wrk says. %d in a route is a number of its own for each request.
load_routes() {
	local seconds=$1
	shift
	LOAD_RATE=${LOAD_RATE:-1000} LOAD_CONNECTIONS=8 wrk --threads 1 --connections 8 \
		--duration "${seconds}s" --script "$SUPPORT_DIR/routes.lua" \
		"http://127.0.0.1:$SERVER_PORT" -- "$@" 3>&-
}

# truth: what the server says about its own memory, as JSON.
truth() {
	http_get /truth
}

# json_get FILE EXPR: the Python expression EXPR over the document `doc` (FILE - is stdin).
json_get() {
	python3 -c '
import json, sys
with (sys.stdin if sys.argv[1] == "-" else open(sys.argv[1])) as f:
    doc = json.load(f)
value = eval(sys.argv[2])
print(json.dumps(value) if isinstance(value, (dict, list, bool)) else value)
' "$1" "$2"
}

# truth_of SITE FIELD [FILE]: one number of the truth (of a saved one when FILE is given).
truth_of() {
	local get="next(s for s in doc['sites'] if s['site'] == '$1')['$2']"
	if [ $# -gt 2 ]; then
		json_get "$3" "$get"
	else
		truth | json_get - "$get"
	fi
}

# --- command lines ------------------------------------------------------------------------------
# $tool is the command under test; bats_require_minimum_version 1.5.0.

# exits STATUS TEXT ARGUMENT...: it says TEXT first and nothing on standard output.
exits() {
	local expected=$1 text=$2
	shift 2
	runs "$expected" "$text" "$tool" "$@"
}

# runs STATUS TEXT COMMAND...: the same where something stands in front of $tool.
runs() {
	local expected=$1 text=$2
	shift 2
	run --separate-stderr "$@" </dev/null
	echo "with $*: status $status, stderr: $stderr"
	[ "$status" -eq "$expected" ] || fail "exit status $status, not $expected"
	[[ ${stderr_lines[0]} == "${tool##*/}: "*"$text"* ]] || fail "does not say: $text"
	[ -z "$output" ] || fail "on stdout: $output"
}

# misuse TEXT ARGUMENT...: exit 2 with one line that says TEXT, and where to look.
misuse() {
	exits 2 "$@"
	[ "${#stderr_lines[@]}" -eq 2 ]
	[ "${stderr_lines[1]}" = "Try '${tool##*/} --help'" ]
}

# hints TEXT: the second line, and there is no third.
hints() {
	[[ ${stderr_lines[1]} == "  hint: "*"$1"* ]] || fail "does not hint: $1"
	[ "${#stderr_lines[@]}" -eq 2 ]
}

# unwritable WHY FILE OPTION...: -o FILE is refused with one line, before anything is attached.
unwritable() {
	local why=$1 file=$2
	shift 2
	exits 1 "cannot write $file: $why" -p $$ -d 1 -o "$file" "$@"
	[ "${#stderr_lines[@]}" -eq 1 ]
}

# start COMMAND...: in the background until end_started (of teardown); its PID is in $target, what it
# says in $target_said. Its standard input is the descriptor $target_in, or none.
declare -ga started=()
start() {
	target_said=$BATS_TEST_TMPDIR/target.out
	"$@" >"$target_said" 2>&1 3>&- <&"${target_in:-0}" &
	target=$!
	started+=("$target")
}

end_started() {
	local pid
	for pid in "${started[@]}"; do
		kill -KILL "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
}

# is_running NAME: $target is called that by now.
is_running() {
	[ "$(cat "/proc/$target/comm")" = "$1" ]
}

# start_sleeper: a process with nothing special.
start_sleeper() {
	start sleep 600
	wait_for 5 is_running sleep
}

# start_zombie: $zombie is one.
start_zombie() {
	start sh -c 'sleep 0 & echo $!; exec sleep 600'
	wait_for 5 is_running sleep
	zombie=$(cat "$target_said")
}

# start_threaded: a process of two threads; $thread is the second one.
start_threaded() {
	start python3 -c '
import threading, time
t = threading.Thread(target=time.sleep, args=(600,), daemon=True)
t.start()
time.sleep(600)'
	wait_for 30 second_thread
	thread=$(second_thread)
}

second_thread() {
	find "/proc/$target/task" -mindepth 1 -maxdepth 1 -printf '%f\n' | grep -vx "$target"
}
