#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The stack that is taken in the kernel when malloc returns is the one that gdb finds there, frame by frame.
# May run beside another, and is long.

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

# The places in stacks-c that matter, and what calls back or interrupts.
C_FUNCTIONS=(plain_large plain_spoilt variable_array variable_alloca aligned_entry aligned_arguments aligned_locals
	aligned_avx tail_last descend noreturn_caller callbacks compare visit raised busy on_signal on_raise __restore_rt
	generated jit_inner thread main _start)

# check_program "FUNCTION..." NAME [ARGUMENT...]
check_program() {
	local functions=$1 name=$2

	shift
	program_start "$@"
	# shellcheck disable=SC2086 # a list
	compare_with_gdb "$name" stops "$program_pid" 120 50 $functions
	compare_with_gdb "$name" ticks "$program_pid" 30 97
}

@test "C" {
	check_program "${C_FUNCTIONS[*]} plugin_inner plugin_call" stacks-c "$programs/stacks-plugin-fp.so"
}

@test "C, with frame pointers" {
	check_program "${C_FUNCTIONS[*]} plugin_inner plugin_call" stacks-c-fp "$programs/stacks-plugin.so"
}

@test "C, not optimised" {
	check_program "${C_FUNCTIONS[*]} plugin_inner tail_first" stacks-c-O0 "$programs/stacks-plugin.so"
}

@test "C, static" {
	check_program "${C_FUNCTIONS[*]}" stacks-c-static
}

@test "C, at a fixed address" {
	check_program "${C_FUNCTIONS[*]} plugin_inner" stacks-c-nopie "$programs/stacks-plugin.so"
}

@test "C, stripped" {
	check_program "plugin_inner" stacks-c-stripped "$programs/stacks-plugin.so"
}

@test "C by clang" {
	check_program "${C_FUNCTIONS[*]} plugin_inner" stacks-c-clang "$programs/stacks-plugin.so"
}

@test "C++" {
	check_program "main" stacks-cxx
}

@test "C++, with frame pointers" {
	check_program "main" stacks-cxx-fp
}

@test "C++, stripped" {
	check_program "" stacks-cxx-stripped
}

@test "Rust" {
	check_program "stacks_rust::main" stacks-rust
}

@test "redis" {
	redis_start
	compare_with_gdb redis stops "$redis" 50 2000
	compare_with_gdb redis ticks "$redis" 30 97
}

@test "nginx" {
	start_nginx
	wrk_start "$port"
	compare_with_gdb nginx stops "$worker" 50 200
	compare_with_gdb nginx ticks "$worker" 30 97
}

@test "memcached" {
	memcached_start
	compare_with_gdb memcached stops "$memcached" 40 10
	compare_with_gdb memcached ticks "$memcached" 30 97
}

@test "node" {
	node_start
	compare_with_gdb node stops "$node" 50 500
	compare_with_gdb node ticks "$node" 30 97
}
