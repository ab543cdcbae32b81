#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Runs the unit tests and renders the golden reports of a build with --coverage (`make coverage` makes it) and prints, for each file of
# the pure folders, how many of its lines they reach.
set -euo pipefail
cd "$(dirname "$0")/.."
BUILD=${BUILD:-build/coverage}

find "$BUILD" -name '*.gcda' -delete
for test in "$BUILD"/tests/unit/*_test; do
	"$test" >/dev/null || { echo "coverage: $test failed" >&2; exit 1; }
done
for golden in tests/golden/*.*; do
	name=${golden##*/}
	case $name in
	*.bats | *.c) continue ;;
	profile-*) program=profile_report name=${name#profile-} ;;
	*) program=leak_report ;;
	esac
	"$BUILD/tests/golden/$program" "${name%.*}" "${name##*.}" >/dev/null
done
for notes in "$BUILD"/user/{base,symbol,profile,report}/*.gcno; do
	gcov --no-output "$notes" 2>/dev/null
done | awk '
	/^File / { file = $2; gsub("\047", "", file) }
	/^Lines executed:/ && file ~ /^user\/.*\.c$/ {
		split($0, part, /[:% ]+/)
		printf "%6.1f %%  %5d lines  %s\n", part[3], part[5], file
		reached += part[3] * part[5] / 100
		lines += part[5]
		file = ""
	}
	END { printf "%6.1f %%  %5d lines  in all\n", 100 * reached / lines, lines }' | sort -n
