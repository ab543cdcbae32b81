# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2016 # variables for the tests; programs for jq and sh
# After helpers.bash. Live tests of the tools: target programs held by a fifo, the tracer beside them ($tracer, memleak-trace
# unless set after live_setup), what both said. Everything started here is ended by live_teardown, by its own PID.
#
#	target_start NAME CMD...	the program, up to its "ready PID"
#	target_say NAME [LINE]		lets it go on
#	target_truth NAME [WHAT]	waits for its JSON line (with "what":WHAT) and prints it
#	tracer_start OPTION...		the tool, up to "memleak-trace: tracing" or "cpu-sample: sampling"
#	tracer_end			Ctrl-C, waits; its exit status is in $tracer_status
#	report JQ...			jq on its JSON report

declare -gA target_pid target_fd target_out target_job
declare -g tracer_job='' tracer_status='' tracer_out='' tracer_err=''
declare -ga live_jobs=()
declare -g group=''

live_setup() {
	need_root
	tracer=$(tool memleak-trace)
	programs=$(built tests/live)
	tracer_out=$BATS_TEST_TMPDIR/report
	tracer_err=$BATS_TEST_TMPDIR/tracer.err
}

live_teardown() {
	local job

	for job in "$tracer_job" "${live_jobs[@]}"; do
		[[ -n $job ]] || continue
		kill -KILL "$job" 2>/dev/null || true
		wait "$job" 2>/dev/null || true
	done
}

# background FILE COMMAND...: starts it with output into FILE (and FILE.err); its PID is in $job.
background() {
	local out=$1

	shift
	rm -f "$out" "$out.err" # nobody may take what an earlier one said for what this one says
	"$@" >"$out" 2>"$out.err" 3>&- &
	job=$!
	live_jobs+=("$job")
}

ended() {
	! kill -0 "$1" 2>/dev/null
}

# --- targets ------------------------------------------------------------------------------------

target_start() {
	local name=$1 in=$BATS_TEST_TMPDIR/$1.in job fd

	shift
	target_out[$name]=$BATS_TEST_TMPDIR/$name.out
	rm -f "$in" # of one before it, which has it open
	mkfifo "$in"
	exec {fd}<>"$in"
	# The target opens the fifo for itself, as its standard input and nothing else.
	background "${target_out[$name]}" sh -c 'in=$1; shift; exec "$@" <"$in"' sh "$in" "$@"
	target_job[$name]=$job
	target_fd[$name]=$fd
	wait_for 10 grep -qs '^ready ' "${target_out[$name]}"
	target_pid[$name]=$(sed -n 's/^ready //p' "${target_out[$name]}" | head -n 1)
}

target_say() {
	echo "${2-}" >&"${target_fd[$1]}"
}

target_truth() {
	local pattern='^{'

	[[ -n ${2-} ]] && pattern="^{\"what\":\"$2\""
	wait_for 300 grep -q "$pattern" "${target_out[$1]}" || return 1
	grep "$pattern" "${target_out[$1]}" | tail -n 1
}

# The target ends by itself with status 0.
target_ends_well() {
	target_say "$1"
	wait "${target_job[$1]}"
}

# --- the tracer ---------------------------------------------------------------------------------

tracer_start() {
	background "$tracer_out" "$tracer" "$@"
	tracer_job=$job
	tracer_err=$tracer_out.err
	if ! wait_for 20 tracer_has_begun_or_ended || ended "$tracer_job"; then
		cat "$tracer_err" >&2
		return 1
	fi
}

tracer_has_begun_or_ended() {
	grep -qsE '^(memleak-trace: tracing|cpu-sample: sampling|(loop-stall|gc-trace|mem-watch): watching)' "$tracer_err" || ended "$tracer_job"
}

# Waits for its end; a report is then in $tracer_out.
tracer_wait() {
	tracer_status=0
	wait "$tracer_job" || tracer_status=$?
	tracer_job=''
	cat "$tracer_err" >&2
}

tracer_end() {
	kill -INT "$tracer_job"
	tracer_wait
}

tracer_kill() {
	kill -KILL "$tracer_job"
	wait "$tracer_job" 2>/dev/null || true
	tracer_job=''
}

# The last JSON object on its standard output (interim reports come before it).
report() {
	tail -n 1 "$tracer_out" | jq "$@"
}

# reported FUNCTION: "BLOCKS BYTES" of the heap rows that have a frame of that name.
reported() {
	report -r --arg function "$1" '
		[.data[] | select(.kind == "heap" and any(.frames[]; .function == $function))]
		| "\(map(.blocks) | add // 0) \(map(.bytes) | add // 0)"'
}

# The report lost nothing and its sums agree with its counters.
report_is_exact() {
	report -e '.complete and all(.lost[]; . == 0)
		and .counts.allocs - .counts.frees == ([.data[].blocks] | add // 0)
		and .counts.alloc_bytes - .counts.free_bytes == ([.data[].bytes] | add // 0)' ||
		{
			report '.complete, .note, .counts, .lost' >&2
			return 1
		}
}

monotonic_ns() {
	python3 -c 'import time; print(time.clock_gettime_ns(time.CLOCK_MONOTONIC))'
}

# same WHAT EXPECTED ACTUAL
same() {
	[[ $2 == "$3" ]] || {
		printf '%s\n  expected: %s\n  actual:   %s\n' "$1" "$2" "$3" >&2
		return 1
	}
}

# --- what a probe leaves in memory --------------------------------------------------------------

# text_sum PID PATTERN: checksum of the executable mappings whose maps line matches.
text_sum() {
	local range first last

	grep -E "^[0-9a-f]+-[0-9a-f]+ r-x.*$2" "/proc/$1/maps" | while read -r range _; do
		first=$((0x${range%-*}))
		last=$((0x${range#*-}))
		dd if="/proc/$1/mem" iflag=skip_bytes,count_bytes bs=1M skip=$first \
			count=$((last - first)) status=none
	done | sha256sum
}

text_is() {
	[[ $(text_sum "$1" "$2") == "$3" ]]
}

# --- cgroups ------------------------------------------------------------------------------------

# in_group BYTES PID: a cgroup of either version with that limit, $group, until end_group.
in_group() {
	if [ -f /sys/fs/cgroup/memory/memory.limit_in_bytes ]; then
		group=/sys/fs/cgroup/memory/live-$BASHPID
		mkdir "$group"
		echo "$1" >"$group/memory.limit_in_bytes"
	elif echo +memory >/sys/fs/cgroup/cgroup.subtree_control; then
		group=/sys/fs/cgroup/live-$BASHPID
		mkdir "$group"
		echo "$1" >"$group/memory.max"
	else
		skip 'needs a memory controller'
	fi 2>/dev/null
	echo "$2" >"$group/cgroup.procs"
}

# end_group: in teardown, when all in it have ended.
end_group() {
	if [ -n "$group" ]; then wait_for 10 rmdir "$group"; fi
}

# --- servers from the distribution --------------------------------------------------------------

# start_nginx [WORKERS]: nginx with one worker, or so many, on a port of its own: $port, $nginx_pid, $worker. What is in
# $nginx_files it reads and sends as /files/..., in pieces of 16 MiB.
start_nginx() {
	local dir=$BATS_TEST_TMPDIR/nginx

	nginx_files=$dir/files

	need_command nginx wrk
	port=$(free_port)
	mkdir -p "$nginx_files"
	cat >"$dir/nginx.conf" <<-CONFIG
		user root;
		worker_processes ${1-1};
		pid $dir/nginx.pid;
		error_log $dir/error.log;
		events { worker_connections 256; }
		http {
			access_log off;
			client_body_temp_path $dir/body;
			proxy_temp_path $dir/proxy;
			fastcgi_temp_path $dir/fastcgi;
			uwsgi_temp_path $dir/uwsgi;
			scgi_temp_path $dir/scgi;
			server {
				listen 127.0.0.1:$port;
				location / { return 200 "ok\n"; }
				location /files/ { root $dir; sendfile off; output_buffers 1 16m; }
			}
		}
	CONFIG
	nginx -p "$dir" -e "$dir/error.log" -c "$dir/nginx.conf" 3>&-
	wait_for 10 test -s "$dir/nginx.pid"
	nginx_pid=$(<"$dir/nginx.pid")
	wait_for 10 pgrep -P "$nginx_pid"
	worker=$(pgrep -P "$nginx_pid")
}

stop_nginx() {
	[[ -z ${nginx_pid:-} ]] || kill -TERM "$nginx_pid" 2>/dev/null || true
}

# wrk_start PORT: load until wrk_end, which fails when a client saw an error.
wrk_start() {
	background "$BATS_TEST_TMPDIR/wrk" wrk -t1 -c8 -d600s "http://127.0.0.1:$1/"
	wrk_job=$job
}

wrk_end() {
	kill -INT "$wrk_job"
	wait "$wrk_job" || true
	cat "$BATS_TEST_TMPDIR/wrk" >&2
	grep -q 'requests in' "$BATS_TEST_TMPDIR/wrk" &&
		! grep -qE 'Socket errors|Non-2xx' "$BATS_TEST_TMPDIR/wrk"
}

# routes_start RATE ROUTE...: the routes of an example server in turn, so many requests a second, until routes_end.
routes_start() {
	background "$BATS_TEST_TMPDIR/routes" env LOAD_RATE="$1" LOAD_CONNECTIONS=8 wrk -t1 -c8 -d600s \
		-s "$SUPPORT_DIR/routes.lua" "http://127.0.0.1:$SERVER_PORT" -- "${@:2}"
	routes_job=$job
}

routes_end() {
	kill -INT "$routes_job"
	wait "$routes_job" || true
}
