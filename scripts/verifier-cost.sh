#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Records what the BPF programs cost the verifier in tests/kernels/verifier-cost.csv; git diff shows what
# changed. Lines of other kernels and compilers stay as they are.
# usage: verifier-cost.sh                            on the running kernel; root
#        tests/kernels/kernels.t | verifier-cost.sh - from the output of tests that ran elsewhere
set -euo pipefail
cd "$(dirname "$0")/.."
csv=tests/kernels/verifier-cost.csv
test=${BUILD:-build}/tests/bpf/verifier-cost_test

if [ "${1:-}" = - ]; then
	output=$(cat)
else
	make --no-print-directory "$test"
	output=$("$test") || true # a cost that has grown is what is to be recorded
fi
measured=$(sed -n 's/^# measured //p' <<<"$output")
if [ -z "$measured" ] || grep -q -- ',-1$' <<<"$measured"; then
	echo "verifier-cost: nothing recorded: the programs were not loaded" >&2
	exit 1
fi
ours=$(cut -d, -f1,2 <<<"$measured" | sort -u | sed 's/\./[.]/g' | paste -sd'|') # "6[.]1,14|..."
new=$(mktemp)
trap 'rm -f "$new"' EXIT
{
	head -n 2 "$csv" # licence and names
	{
		tail -n +3 "$csv" | grep -vE "^($ours)," || true
		echo "$measured"
	} | sort -t, -k1,1V -k2,2n -k3
} >"$new"
cat "$new" >"$csv"
