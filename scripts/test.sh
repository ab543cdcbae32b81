#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Dependencies, build and every test, as root on a fresh clone; the last line is the count of all of them.
# usage: test.sh [--quick]      --quick: no fuzzing, no guest kernels
#   FUZZ_SECONDS  for each fuzz target (10)
#   STEP_SECONDS  after which a step counts as failed (3000)
# exit: 0 nothing failed. Everything the steps wrote is in build/test/STEP.log
#
# Test points are counted where a step speaks TAP; any other step is one test, passed or failed. Suites of measurements that
# were run a second time (scripts/live-tests.sh) are told at the end.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
LOGS=$PWD/build/test
passed=0 failed=0 skipped=0

case ${1:-} in
'') quick= ;;
--quick) quick=1 ;;
*) echo "usage: test.sh [--quick]" >&2; exit 2 ;;
esac

mkdir -p "$LOGS/bin"
rm -f "$LOGS"/*.log
exec </dev/null
export WERROR=1 HOME="${HOME:-$LOGS}"
# The clone may belong to the user who called sudo; git wants to hear that this is known.
export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0=$PWD

# prove shows single points, which are counted here, only when asked to.
real_prove() {
	local prove
	prove=$(command -v prove) || return
	printf '#!/bin/sh\nexec %s --verbose "$@"\n' "$prove" >"$LOGS/bin/prove"
	chmod +x "$LOGS/bin/prove"
	PATH=$LOGS/bin:$PATH
}

# count LOG: points passed, failed and skipped.
count() {
	awk '/^ok [0-9]+.*# *[Ss][Kk][Ii][Pp]/ { s++; next } /^ok [0-9]/ { p++ } /^not ok [0-9]/ { f++ }
		/\.\. skipped: / { s++ } END { print p + 0, f + 0, s + 0 }' "$1"
}

# step NAME COMMAND...: runs it, says how it went, shows what matters of its log when it failed.
step() {
	local name=$1 log=$LOGS/$1.log status=0 p f s began=$SECONDS
	shift
	printf '== %s: %s\n' "$name" "$*"
	timeout "${STEP_SECONDS:-3000}" "$@" >"$log" 2>&1 || status=$?
	read -r p f s < <(count "$log")
	[ "$status" -eq 0 ] || [ "$f" -gt 0 ] || f=1
	[ "$status" -ne 0 ] || [ "$p" -gt 0 ] || p=1
	[ "$status" -ne 0 ] || [ "$f" -eq 0 ] || status=1
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
	if [ "$status" -ne 0 ]; then
		grep -E -A 12 '^not ok [0-9]' "$log" | head -n 200
		tail -n 40 "$log"
		failures+=" $name"
	fi
	printf '   %s: %d passed, %d failed, %d skipped in %d s (status %d)\n' "$name" "$p" "$f" "$s" $((SECONDS - began)) "$status"
	return "$status"
}

failures=
jobs=-j$(nproc)
step dependencies scripts/install-deps.sh
step nodes scripts/fetch-nodes.sh
real_prove
if step build make "$jobs" all; then
	step check make "$jobs" check
	step check-sanitized make "$jobs" SAN=address,undefined check
	step check-browser make "$jobs" check-browser
	step check-readers make "$jobs" check-readers
	step check-root make "$jobs" check-root
	step lint make "$jobs" lint
	if [ -z "$quick" ]; then
		step fuzz make "$jobs" fuzz "FUZZ_SECONDS=${FUZZ_SECONDS:-10}"
		step check-kernels make "$jobs" check-kernels
	fi
fi

grep -hiE '^ok [0-9]+.*# *skip|\.\. skipped: ' "$LOGS"/*.log | sed -E 's/^ok [0-9]+ (- )?/skipped: /' | sort | uniq -c
sed -n 's/^# again: /run twice: /p' "$LOGS"/*.log
[ -z "$failures" ] || echo "failed steps:$failures (logs in build/test)"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
