#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The live suites: those that say "# May run beside another." count and do not measure, mostly they wait. They run first, three
# at a time; that which says "# May run beside another, and is long." before the rest. The others run one after the other. Many of these compare measurements, on a machine that may be shared: what failed is run once
# more when all others have ended, and only the second time counts. The first time is shown as comments, and how many
# suites that were is said at the end.
# usage: live-tests.sh SUITE...
# exit: 0 all passed, at once or the second time
set -uo pipefail
logs=$(mktemp -d) || exit 1
trap 'rm -rf "$logs"' EXIT
failed=() status=0 told=0
declare -A suite_of=()

run_suite() {
	prove --timer "$1" >"$logs/$(basename "$1")" 2>&1
}

# tell SUITE STATUS: what it wrote.
tell() {
	local log

	log=$logs/$(basename "$1")
	told=$((told + 1))
	if [ "$2" -eq 0 ]; then
		cat "$log"
	else
		sed 's/^/# first: /' "$log"
		failed+=("$1")
	fi
}

# tell_next: of those that run, the first to end.
tell_next() {
	local pid ended
	wait -n -p pid
	ended=$?
	tell "${suite_of[$pid]}" "$ended"
	unset "suite_of[$pid]"
}

long=() short=() alone=()
for suite; do
	if grep -q '^# May run beside another, and is long\.$' "$suite"; then
		long+=("$suite")
	elif grep -q '^# May run beside another\.$' "$suite"; then
		short+=("$suite")
	else
		alone+=("$suite")
	fi
done
for suite in ${long[@]+"${long[@]}"} ${short[@]+"${short[@]}"}; do
	[ "${#suite_of[@]}" -lt 3 ] || tell_next
	run_suite "$suite" &
	suite_of[$!]=$suite
done
while [ "${#suite_of[@]}" -gt 0 ]; do tell_next; done
for suite in ${alone[@]+"${alone[@]}"}; do
	run_suite "$suite"
	tell "$suite" "$?"
done
for suite in ${failed[@]+"${failed[@]}"}; do
	echo "# again: $suite"
	prove --timer "$suite" || status=1
done
echo "$told suites, ${#failed[@]} of them run twice"
[ "$told" -eq "$#" ] || status=1
exit "$status"
