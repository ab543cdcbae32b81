#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The commands of the documents that trace run as they are written there.
# May run beside another, and is long.

bats_require_minimum_version 1.5.0
load ../support/helpers.bash
load ../support/docs.bash

@test "commands marked as runnable as root run" {
	need_root
	need_command curl jq wrk redis-server
	cd "$ROOT_DIR"
	run_blocks root
}
