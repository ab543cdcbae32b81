#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Runs inside a guest: every in-kernel test, then the live suites named in tests/kernels/live.
# Each program's output stands between "#> NAME" and "#< NAME STATUS"; kernels.t makes one TAP stream of it.
# The variables come by the kernel's command line, which hands them to process 1.
set -u
cd "$(dirname "$0")/../.." || exit 1

run() {
	local name=$1 status=0
	shift
	echo "#> $name"
	timeout "$TEST_SECONDS" "$@" || status=$?
	echo "#< $name $status"
}

export SERVERS=60 # of endless_test: an emulated CPU takes seconds to start a node
echo "# $(uname -r): tests begin after $(cut -d' ' -f1 /proc/uptime) s"
for t in "$BUILD"/tests/bpf/*_test; do
	[ ! -x "$t" ] || run "${t##*/}" "$t"
done
while read -r suite only; do
	case $suite in '' | \#*) continue ;; esac
	run "$suite.bats" bats --tap --timing ${only:+--filter "$only"} "tests/live/$suite.bats"
done <tests/kernels/live
echo "# $(uname -r): tests end after $(cut -d' ' -f1 /proc/uptime) s"
