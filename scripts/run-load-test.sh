#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The load test with its defaults, on the benchmark server; it is built first where it is not. The result is kept in
# build/load-test, as JSON and as a picture. Options are those of load-test.sh.
set -eu
root=$(dirname "$0")/..

case ${BUILD:=build} in
/*) build=$BUILD ;;
*) build=$root/$BUILD ;;
esac
[ -x "$build/examples/benchmark/fixed-rate" ] || make --no-print-directory -C "$root" B="$BUILD" all >&2
mkdir -p "$build/load-test"
exec "$root/scripts/load-test.sh" -o "$build/load-test/result.json" --svg "$build/load-test/result.svg" "$@"
