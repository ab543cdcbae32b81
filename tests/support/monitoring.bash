# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# After helpers.bash: vitals-exporter, a Prometheus with our rules, four servers, and a fault for each. Everything is on
# loopback, on free ports, below $monitoring_dir; monitoring_end ends what was started, by its own PID. For tests/live/monitoring.bats
# and scripts/monitoring-demo.sh.
#
#	monitoring_begin DIRECTORY FACTOR	servers, exporter, Prometheus; rules with windows and waits so many times shorter
#	fault_begin stall|leak|gc|quota		of the server of that name
#	fault_end NAME
#	firing					the alerts that fire: a line "ALERT PROCESS" each
#	monitoring_end

declare -ga monitoring_jobs=()
declare -gA target_pids=() target_ports=() fault_jobs=()
monitoring_dir='' exporter_pid='' exporter_port='' prometheus_port='' quota_group=''

GARBAGE='garbage=8000000&survive=25' # of which it makes 64 requests' worth, and keeps the survivors so long

# The alert that the fault of each server raises.
declare -gA alert_of=([stall]=VitalsLoopBlocked [leak]=VitalsHeapGrowing [gc]=VitalsGcPressure [quota]=VitalsCpuThrottled)

monitoring_check() {
	python3 -B "$SUPPORT_DIR/monitoring_check.py" "$@"
}

# job NAME COMMAND...: in the background, what it says in NAME.log; its PID is in $job.
job() {
	local log=$monitoring_dir/$1.log
	shift
	"$@" >"$log" 2>&1 3>&- </dev/null &
	job=$!
	monitoring_jobs+=("$job")
}

end_job() {
	kill -TERM "$1" 2>/dev/null || true
	wait "$1" 2>/dev/null || true
}

# --- servers --------------------------------------------------------------------------------------

# target_begin NAME FILE OPTION...: a server in TypeScript. All of it runs before others on a machine that is shared, the watchers
# before the servers: what is expected here is not that others take the CPU.
target_begin() {
	local name=$1 program
	program=$(built "examples/$2.js")
	job "target-$name" nice -n -10 node --max-old-space-size=4096 "$program" --port 0 "${@:3}"
	target_pids[$name]=$job
	wait_for 20 grep -q '^listening on ' "$monitoring_dir/target-$name.log"
	target_ports[$name]=$(sed -n 's/^listening on .*://p' "$monitoring_dir/target-$name.log")
}

# Each has options of its own: the exporter tells them apart by their command lines. leak asks for full collections, of which
# the exporter learns what is left.
targets_begin() {
	target_begin stall benchmark/benchmark-server --work-us 11
	target_begin leak memory/gc-server --full 1000 --rate 21
	target_begin gc memory/gc-server --garbage 22
	# what is alive at a time: from then on as much, or its heap would seem to grow when its fault begins
	curl -sf --output /dev/null "http://127.0.0.1:${target_ports[gc]}/?$GARBAGE&n=[1-64]"
	target_begin quota benchmark/benchmark-server --work-us 12
	load_begin quota 50/s '/compute?us=4000'
	quota_begin "${target_pids[quota]}"
}

write_exporter_config() {
	cat >"$monitoring_dir/exporter.yaml" <<-CONFIG
		listen: 127.0.0.1:$exporter_port
		interval: 1s
		cpu_budget: 50%
		targets:
		  - name: stall
		    cmdline: "$(built examples/benchmark)/benchmark-server[.]js .*--work-us 11"
		  - name: leak
		    cmdline: "$(built examples/memory)/gc-server[.]js .*--rate 21"
		  - name: gc
		    cmdline: "$(built examples/memory)/gc-server[.]js .*--garbage 22"
		  - name: quota
		    cmdline: "$(built examples/benchmark)/benchmark-server[.]js .*--work-us 12"
	CONFIG
}

# load_begin NAME RATE PATH: one request after another, so often; ends with the others, or by end_job "$job".
load_begin() {
	job "load-$1" curl --silent --output /dev/null --rate "$2" "http://127.0.0.1:${target_ports[$1]}$3&n=[1-100000]"
}

# --- a quota, of either version of cgroups ----------------------------------------------------------

quota_begin() {
	if [ -f /sys/fs/cgroup/cpu/cpu.cfs_quota_us ]; then
		quota_group=/sys/fs/cgroup/cpu/vitals-$BASHPID
	elif echo +cpu >/sys/fs/cgroup/cgroup.subtree_control; then
		quota_group=/sys/fs/cgroup/vitals-$BASHPID
	else
		fail "no cpu controller of cgroups: the quota cannot be tried here"
	fi 2>/dev/null
	mkdir "$quota_group"
	# against others, who are not in it, the group counts, and not the place of its process
	if [ -f "$quota_group/cpu.shares" ]; then echo 10240 >"$quota_group/cpu.shares"; else echo 1000 >"$quota_group/cpu.weight"; fi
	echo "$1" >"$quota_group/cgroup.procs"
}

# set_quota US|none: of each 100 ms.
set_quota() {
	if [ -f "$quota_group/cpu.cfs_quota_us" ]; then
		echo "${1/none/-1}" >"$quota_group/cpu.cfs_quota_us"
	else
		echo "${1/none/max} 100000" >"$quota_group/cpu.max"
	fi
}

# --- faults -----------------------------------------------------------------------------------------

fault_begin() {
	case $1 in
	stall) load_begin stall 1/s '/compute?us=300000' ;;
	leak) load_begin leak 5/s '/?garbage=0&leak=100000' ;;
	gc) load_begin gc 40/s "/?$GARBAGE" ;;
	quota) set_quota 5000 ;;
	esac
	[ "$1" = quota ] || fault_jobs[$1]=$job
}

# A leak is mended by a restart: the new process first, then the old one goes.
fault_end() {
	local old
	if [ "$1" = quota ]; then
		set_quota none
		return
	fi
	end_job "${fault_jobs[$1]}"
	[ "$1" = leak ] || return 0
	old=${target_pids[leak]}
	target_begin leak memory/gc-server --full 1000 --rate 21
	end_job "$old"
}

# --- Prometheus -------------------------------------------------------------------------------------

prometheus_begin() {
	local rules
	for rules in recording alerts; do
		monitoring_check scaled "$1" "$ROOT_DIR/docs/monitoring/rules/$rules.yml" >"$monitoring_dir/$rules.yml"
	done
	sed -e "s|127.0.0.1:9435|127.0.0.1:$exporter_port|" -e 's|15s|1s|' -e 's|rules/[*][.]yml|recording.yml, alerts.yml|' \
		-e 's|^  - \(recording.yml, alerts.yml\)|  [\1]|' \
		"$ROOT_DIR/docs/monitoring/prometheus.yml" >"$monitoring_dir/prometheus.yml"
	prometheus_port=$(free_port)
	job prometheus nice -n -15 prometheus --config.file="$monitoring_dir/prometheus.yml" --storage.tsdb.path="$monitoring_dir/tsdb" \
		--web.listen-address="127.0.0.1:$prometheus_port" --log.level=warn
	wait_for 30 curl -sf "http://127.0.0.1:$prometheus_port/-/ready"
}

# prometheus_query EXPRESSION: the answer, as JSON; fails when it is no success.
prometheus_query() {
	curl -sf --max-time 10 "http://127.0.0.1:$prometheus_port/api/v1/query" --data-urlencode "query=$1"
}

# prometheus_values EXPRESSION: a line "PROCESS VALUE" each.
prometheus_values() {
	prometheus_query "$1" | jq -r '.data.result[] | "\(.metric.process // "-") \(.value[1])"' | sort
}

firing() {
	prometheus_query 'ALERTS{alertstate="firing"}' | jq -r '.data.result[].metric | "\(.alertname) \(.process // "-")"' | sort -u
}

# fires NAME: the alert of that fault.
fires() {
	firing | grep -qx "${alert_of[$1]} $1"
}

is_quiet() {
	local told
	told=$(firing) && [ -z "$told" ]
}

# --- all of it --------------------------------------------------------------------------------------

exporter_begin() {
	exporter_port=$(free_port)
	write_exporter_config
	job exporter nice -n -15 "$(tool vitals-exporter)" --config "$monitoring_dir/exporter.yaml"
	exporter_pid=$job
	wait_for 30 exporter_is_ready_or_ended
	kill -0 "$exporter_pid" 2>/dev/null || fail "vitals-exporter ended: $(cat "$monitoring_dir/exporter.log")"
}

exporter_is_ready_or_ended() {
	curl -sf "http://127.0.0.1:$exporter_port/readyz" || ! kill -0 "$exporter_pid"
}

exporter_page() {
	curl -sf --max-time 10 "http://127.0.0.1:$exporter_port/metrics"
}

monitoring_begin() {
	monitoring_dir=$1
	set_session_nice -10
	targets_begin
	exporter_begin
	prometheus_begin "$2"
}

# set_session_nice NUMBER: where the kernel shares the CPU among sessions first, a process' own place counts only within its
# session.
set_session_nice() {
	{ echo "$1" >/proc/self/autogroup; } 2>/dev/null || true
}

monitoring_end() {
	local pid
	set_session_nice 0
	for pid in "${monitoring_jobs[@]}"; do kill -TERM "$pid" 2>/dev/null || true; done
	for pid in "${monitoring_jobs[@]}"; do
		timeout 5 tail --pid="$pid" -f /dev/null || kill -KILL "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	monitoring_jobs=()
	[ -z "$quota_group" ] || wait_for 10 rmdir "$quota_group"
	quota_group=
}
