#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Alerts fire and clear before your eyes: vitals-exporter, Debian's Prometheus and four example servers on loopback; a stall,
# a leak, pressure on the collector and a CPU quota, one after another. Stops by itself, and leaves nothing behind.
# The rules are those of docs/monitoring/rules with windows and waits 30 times shorter: 5 minutes are 10 seconds.
# usage: sudo ./scripts/monitoring-demo.sh       Ctrl-C: the end, at any time
# exit: 0 each fault raised its alert and no other, 1 not so, 4 not root, 5 something is missing
set -euo pipefail

cd "$(dirname "$0")/.."
# shellcheck source=tests/support/helpers.bash
. tests/support/helpers.bash
# shellcheck source=tests/support/monitoring.bash
. tests/support/monitoring.bash

FACTOR=30
FIRE_SECONDS=120
CLEAR_SECONDS=60
declare -A WORDS=(
	[stall]='a route computes for 300 ms, once a second'
	[leak]='a route keeps 100 kB of each request, five a second'
	[gc]='a route makes 8 MB of garbage, a quarter of which lives for a while, forty a second'
	[quota]='a CPU quota of 5 %, for a server that needs 20 %'
)
status=0

say() {
	printf '%s  %s\n' "$(date +%T)" "$*"
}

need() {
	local name
	[ "$(id -u)" -eq 0 ] || { echo "monitoring-demo: needs root for eBPF: sudo $0" >&2; exit 4; }
	for name in prometheus node curl jq; do
		command -v "$name" >/dev/null || { echo "monitoring-demo: needs $name: scripts/install-deps.sh" >&2; exit 5; }
	done
	for name in build/bin/vitals-exporter build/examples/memory/gc-server.js; do
		[ -f "$name" ] || { echo "monitoring-demo: not built: make all examples-ts" >&2; exit 5; }
	done
}

cleanup() {
	trap - EXIT INT TERM
	monitoring_end
	rm -rf "$folder"
}

# try_fault NAME: until its alert fires; then without it, until nothing does.
try_fault() {
	local began=$SECONDS
	say "fault: ${WORDS[$1]} (process \"$1\")"
	fault_begin "$1"
	if wait_for "$FIRE_SECONDS" fires "$1"; then
		say "  after $((SECONDS - began)) s: $(told)"
	else
		say "  ${alert_of[$1]} did not fire"
		status=1
	fi
	[ "$(firing | grep -cvx "${alert_of[$1]} $1")" -eq 0 ] || { say "  and others: $(firing | paste -sd,)"; status=1; }
	began=$SECONDS
	fault_end "$1"
	say "  mended"
	if wait_for "$CLEAR_SECONDS" is_quiet; then
		say "  after $((SECONDS - began)) s nothing fires"
	else
		say "  still firing: $(firing | paste -sd,)"
		status=1
	fi
}

# told: what the alerts that fire say to people.
told() {
	curl -sf "http://127.0.0.1:$prometheus_port/api/v1/alerts" |
		jq -r '.data.alerts[] | select(.state == "firing") | "\(.labels.alertname): \(.annotations.summary)\n            \(.annotations.description)"'
}

main() {
	local name
	need
	folder=$(mktemp -d)
	trap cleanup EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	monitoring_begin "$folder" "$FACTOR"
	say "Prometheus: http://127.0.0.1:$prometheus_port/alerts, the page: http://127.0.0.1:$exporter_port/metrics"
	for name in leak quota stall gc; do try_fault "$name"; done
	return "$status"
}

main "$@"
