#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Runs every fuzz target for FUZZ_SECONDS (60), one per processor at a time. What they find goes to
# $BUILD/fuzz, never to tests/corpus: an input that broke us is added there by hand, with its fix.
set -euo pipefail
cd "$(dirname "$0")/.."
export BUILD=${BUILD:-build} FUZZ_SECONDS=${FUZZ_SECONDS:-60}
out=$BUILD/fuzz
mkdir -p "$out"

fuzz_one() {
	local target=$1 parser corpus log
	parser=$(basename "$target" _fuzz)
	corpus=$BUILD/fuzz/$parser
	log=$corpus.log
	mkdir -p "$corpus"
	if [ -d "tests/corpus/$parser" ]; then
		cp "tests/corpus/$parser"/* "$corpus"/
	fi
	if "$target" -max_total_time="$FUZZ_SECONDS" -timeout=10 -rss_limit_mb=2048 \
		-artifact_prefix="$corpus-broken-" -print_final_stats=1 "$corpus" >"$log" 2>&1; then
		printf 'ok    %-12s %s, %d inputs kept\n' "$parser" \
			"$(sed -n 's/^Done \(.*\) second(s)$/\1 s/p' "$log")" "$(find "$corpus" -type f | wc -l)"
	else
		printf 'FAIL  %-12s see %s\n' "$parser" "$log"
		grep -E -m 8 'Assertion|ERROR|SUMMARY|runtime error|Test unit written' "$log"
		return 1
	fi
}
export -f fuzz_one

# shellcheck disable=SC2016 # $1 is for the inner shell
printf '%s\n' "$BUILD"/tests/fuzz/*_fuzz | xargs -P "$(nproc)" -I{} bash -c 'fuzz_one "$1"' _ {} || exit 1
