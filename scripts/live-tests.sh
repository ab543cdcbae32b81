#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The live suites, one after the other. Many of them compare measurements, on a machine that may be shared: what failed is
# run once more when all others have ended, and only the second time counts. The first time is shown as comments, and how
# many suites that were is said at the end.
# usage: live-tests.sh SUITE...
# exit: 0 all passed, at once or the second time
set -uo pipefail
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
failed=() status=0

for suite; do
	if prove --timer "$suite" >"$log" 2>&1; then
		cat "$log"
	else
		sed 's/^/# first: /' "$log"
		failed+=("$suite")
	fi
done
for suite in ${failed[@]+"${failed[@]}"}; do
	echo "# again: $suite"
	prove --timer "$suite" || status=1
done
echo "$# suites, ${#failed[@]} of them run twice"
exit "$status"
