#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Loads an HTTP server and says what it can do; docs/04-load-testing.md explains, --help lists the options.
set -eu
scripts=$(dirname "$0")

command -v python3 >/dev/null || { echo "load-test: python3 is not installed" >&2; exit 5; }
exec python3 -B "$scripts/load_test.py" "$@"
