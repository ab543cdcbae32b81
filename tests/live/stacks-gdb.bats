#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The stack that is taken in the kernel when malloc returns is the one that gdb finds there, frame by frame.

# shellcheck disable=SC2154 # variables of live.bash and stacks.bash

load ../support/helpers.bash
load ../support/live.bash
load ../support/servers.bash
load ../support/stacks.bash

setup() {
	stacks_setup
}

teardown() {
	live_teardown
	stop_nginx
}

check_program() {
	local name=$1

	program_start "$@"
	compare_with_gdb "$name" "$program_pid" 80 100
}

@test "C" {
	check_program stacks-c "$programs/stacks-plugin-fp.so"
}

@test "C, with frame pointers" {
	check_program stacks-c-fp "$programs/stacks-plugin.so"
}

@test "C, not optimised" {
	check_program stacks-c-O0 "$programs/stacks-plugin.so"
}

@test "C, static" {
	check_program stacks-c-static
}

@test "C, at a fixed address" {
	check_program stacks-c-nopie "$programs/stacks-plugin.so"
}

@test "C, stripped" {
	check_program stacks-c-stripped "$programs/stacks-plugin.so"
}

@test "C by clang" {
	check_program stacks-c-clang "$programs/stacks-plugin.so"
}

@test "C++" {
	check_program stacks-cxx
}

@test "C++, with frame pointers" {
	check_program stacks-cxx-fp
}

@test "C++, stripped" {
	check_program stacks-cxx-stripped
}

@test "Rust" {
	check_program stacks-rust
}

@test "redis" {
	redis_start
	compare_with_gdb redis "$redis" 50 2000
}

@test "nginx" {
	start_nginx
	wrk_start "$port"
	compare_with_gdb nginx "$worker" 50 200
}

@test "memcached" {
	memcached_start
	compare_with_gdb memcached "$memcached" 40 10
}

@test "node" {
	node_start
	compare_with_gdb node "$node" 50 500
}
