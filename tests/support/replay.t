#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Every fuzz target over its corpus (TAP): no input that ever broke a parser may do so again.
set -u
cd "$(dirname "$0")/../.." || exit 1
build=${BUILD:-build}
count=0 failed=0

for source in tests/fuzz/*_fuzz.c; do
	parser=$(basename "$source" _fuzz.c)
	count=$((count + 1))
	if output=$("$build/tests/replay/${parser}_fuzz" "tests/corpus/$parser" 2>&1); then
		echo "ok $count - $parser: $(tail -n 1 <<<"$output")"
	else
		failed=1
		echo "not ok $count - $parser"
		echo "# ${output//$'\n'/$'\n'# }"
	fi
done
echo "1..$count"
exit "$failed"
