#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# From a fresh clone to a first report: installs what is missing, builds, starts the bundled leaking
# server under load, traces it, and shows where the leaks it found are in the source.
# usage: sudo ./scripts/quickstart.sh      DURATION=10s sudo -E ... for a shorter look
set -euo pipefail

cd "$(dirname "$0")/.."
# shellcheck source=tests/support/helpers.bash
. tests/support/helpers.bash

DURATION=${DURATION:-30s}
SOURCE=examples/memory/leak-example.c
AS_USER=()
LOAD_PID=

say() {
	printf '\n== %s\n' "$*"
}

cleanup() {
	trap - EXIT INT TERM
	if [ -n "$LOAD_PID" ]; then
		pkill -P "$LOAD_PID" 2>/dev/null || true
		wait "$LOAD_PID" 2>/dev/null || true
	fi
	stop_server
	rm -rf "$TMPDIR"
}

# The user who typed sudo owns what is built, and runs the server: only tracing needs root.
use_invoking_user() {
	[ "${SUDO_UID:-0}" -ne 0 ] || return 0
	AS_USER=(setpriv "--reuid=$SUDO_UID" "--regid=${SUDO_GID:?}" --init-groups)
	if ! "${AS_USER[@]}" test -w . || { [ -e build ] && ! "${AS_USER[@]}" test -w build; }; then
		echo "quickstart: ${SUDO_USER:-the user} cannot write here: building as root" >&2
		AS_USER=()
	fi
}

# Every allocation marked LEAK in the source, with the function it is in.
leaks_in_source() {
	awk -v file="$SOURCE" '
		/^TRUTH_SITE/ { match($0, /[a-z_]+\(/); name = substr($0, RSTART, RLENGTH - 1) }
		/\/\* LEAK: / {
			why = $0
			sub(/.*LEAK: /, "", why)
			sub(/ *\*\/.*/, "", why)
			printf "  %s:%-4d %-22s %s\n", file, FNR, name, why
		}' "$SOURCE"
}

truth_table() {
	truth | json_get - "'\n'.join(f\"  {s['bytes']:>12,} bytes in {s['blocks']:>7,} blocks   \
{s['site']} ({s['route']})\" for s in sorted(doc['sites'], key=lambda s: -s['bytes']))"
}

main() {
	local status=0

	[ "$(id -u)" -eq 0 ] || {
		echo "quickstart: needs root for eBPF: sudo $0" >&2
		exit 4
	}
	scripts/install-deps.sh
	use_invoking_user
	say "building"
	"${AS_USER[@]}" make --no-print-directory -j"$(nproc)"

	TMPDIR=$(mktemp -d)
	export TMPDIR
	trap cleanup EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	# shellcheck disable=SC2034 # of start_server; a session of its own: Ctrl-C is for the tracer
	RUN_AS=(setsid "${AS_USER[@]}")
	start_server leak-example
	say "leak-example is process $SERVER_PID on port $SERVER_PORT, under 1000 requests a second"
	load_routes 3600 /global /listener /closure /timer '/cache?key=%d' /clean >/dev/null 2>&1 &
	LOAD_PID=$!

	say "memleak-trace -p $SERVER_PID -d $DURATION      (Ctrl-C: the report now)"
	trap : INT
	"$(tool memleak-trace)" -p "$SERVER_PID" -d "$DURATION" || status=$?
	trap 'exit 130' INT
	# 6: the report is there, and says that it is incomplete
	[ "$status" -eq 0 ] || [ "$status" -eq 6 ] || exit "$status"

	say "what the server itself counted since it started (GET /truth)"
	truth_table
	say "where the leaks are in the source (fixed in examples/memory/leak-fixed.c)"
	leaks_in_source
	return "$status"
}

main "$@"
