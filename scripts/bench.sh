#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Measures what tracing costs; `make bench` builds what it needs. docs/benchmarks.md explains.
#
#	scripts/bench.sh [--rounds N] [--only pairs,redis,...] [--quick]
set -eu
cd "$(dirname "$0")/.."

[ "$(id -u)" -eq 0 ] || { echo "bench.sh: tracing needs root" >&2; exit 4; }
for program in python3 bpftool redis-server redis-benchmark redis-cli wrk; do
	command -v "$program" >/dev/null || { echo "bench.sh: $program is not installed" >&2; exit 5; }
done
exec python3 -B scripts/bench.py --build "${BUILD:-build}" "$@"
