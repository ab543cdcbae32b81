#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Loads the server beside this file; the options are those of scripts/load-test.sh.
set -eu
exec "$(dirname "$0")/../../scripts/run-load-test.sh" "$@"
