#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Names in memleak-trace's reports: inlined functions, and targets whose debug information is an attack.
# May run beside another.

# shellcheck disable=SC2154,SC2016 # variables of live.bash and helpers.bash; programs for jq

load ../support/helpers.bash
load ../support/live.bash

bats_require_minimum_version 1.5.0

setup() {
	live_setup
	need_command jq cc objcopy strace
	cd "$BATS_TEST_TMPDIR" || return 1
	runs=0
	# With -D the tool is who we start, and strace beside it.
	cat >straced <<-END
		#!/bin/sh
		exec strace -D -f -qq -o calls -e trace=open,openat,openat2,execve,socket,connect "$tracer" "\$@"
	END
	chmod +x straced
	# On a line it leaks; at the end it says how much.
	cat >leak.c <<-'END'
		#include <stdlib.h>
		void *volatile kept;
		static inline __attribute__((always_inline)) void take(void)
		{ kept = malloc(100); }
		static inline __attribute__((always_inline)) void store(void)
		{ take(); }
		void leak_here(void)
		{ store(); }
	END
	cat >main.c <<-'END'
		#include <stdio.h>
		#include <unistd.h>
		void leak_here(void);
		int main(void)
		{
			char c;
			printf("ready %d\n", getpid());
			fflush(stdout);
			while (getchar() != '\n')
				;
			for (int i = 0; i < 50; i++)
				leak_here();
			printf("{\"what\":\"done\"}\n");
			fflush(stdout);
			return read(0, &c, 1) < 0;
		}
	END
}

teardown() {
	live_teardown
}

# trace_leaks OPTION...: of a program that leaks 50 blocks in libleak.so. What is opened is in the file "calls".
trace_leaks() {
	local name=leaks-$((++runs))

	cc -g -O1 main.c ./libleak.so -o leaks
	target_start "$name" ./leaks
	traced=${target_pid[$name]}
	tracer_start -p "$traced" "$@"
	target_say "$name"
	target_truth "$name" >/dev/null
	tracer_pid=$tracer_job
	tracer_end
}

# The frames of the leak, as text.
frames() {
	report -r '.data[] | select(.blocks == 50) | .frames[:3][]
		| "\(.function) \(.inlined) \(.file // "" | sub(".*/"; "")) \(.line)"'
}

@test "inlined functions are frames with their own lines, in each format" {
	cc -g -O1 -shared -fPIC leak.c -o libleak.so
	trace_leaks -f json
	same 'exit status' 0 "$tracer_status"
	same 'frames' 'take true leak.c 4
store true leak.c 6
leak_here false leak.c 8' "$(frames)"
	same 'note' null "$(report .note)"
	trace_leaks -f text
	grep -E '^ +take \(inlined\) +.*leak\.c:4  \[libleak\.so\]$' "$tracer_out"
	grep -E '^ +leak_here +.*leak\.c:8  \[libleak\.so\]$' "$tracer_out"
	trace_leaks -f folded
	grep -E ';leak_here;store;take 5000$' "$tracer_out"
}

@test "sym_spin: debug information without end costs 5 s and its lines, not the report" {
	cat >spin.s <<-'END'
		.section .debug_abbrev
		.byte 1,17,1,17,1,18,7,0,0, 2,46,1,17,1,18,7,0,0, 3,11,0,0x55,0x17,0,0,0
		.section .debug_ranges
		.rept 100000
		.quad 0x7fff0000,0x7fff0001
		.endr
		.quad 0,0
		.section .debug_info
		.long end - begin
		begin: .short 4
		.long .debug_abbrev
		.byte 8,1
		.quad leak_here,4096
		.byte 2
		.quad leak_here,4096
		.rept 100000
		.byte 3
		.long 0
		.endr
		.byte 0,0
		end:
	END
	cc -g0 -O1 -shared -fPIC leak.c spin.s -o libleak.so
	SECONDS=0
	trace_leaks -f json
	[ "$SECONDS" -lt 20 ]
	same 'exit status' 0 "$tracer_status"
	same 'note' 'no line numbers for libleak.so: the symboliser was ended: time' "$(report -r .note)"
	same 'frame' 'leak_here false  null' "$(frames | head -n 1)"
	kill -0 "$traced"
}

@test "altlink_fifo: what a debug link names is not opened, nor anything by the child" {
	mkfifo fifo
	printf '%s\0%020d' "$PWD/fifo" 0 >alt
	printf '../../../etc/shadow\0\1\2\3\4' >debuglink
	cc -g -O1 -shared -fPIC leak.c -o libleak.so
	strip libleak.so
	cc -g -O1 -c leak.c -o debug.o
	objcopy -O binary --only-section=.debug_info debug.o info
	objcopy --add-section .debug_info=info --add-section .gnu_debugaltlink=alt --add-section .gnu_debuglink=debuglink libleak.so
	SECONDS=0
	tracer=./straced
	trace_leaks -f json
	[ "$SECONDS" -lt 15 ]
	same 'exit status' 0 "$tracer_status"
	same 'frame' 'leak_here false  null' "$(frames | head -n 1)"
	grep -q openat2 calls # what is looked for is looked for by us
	run ! grep -E 'fifo|shadow|socket|connect' calls
	same 'programs executed' 1 "$(grep -c execve calls)"
	# Children of the tracer are symbolisers: they open nothing.
	same 'files opened by children' '' "$(grep -v "^$tracer_pid " calls | grep -E 'open' || true)"
}
