/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the two sides of stack-stops agree on. */
#ifndef TESTS_BPF_STACK_STOPS_H
#define TESTS_BPF_STACK_STOPS_H

#include "abi/base.h"

enum stops_event_kind {
	STOPS_TAKEN,	/* a stack, and its thread is about to stop */
	STOPS_UNMAPPED, /* a stack led to code that was not told of */
};

struct stops_event {
	__u32 kind;
	__u32 tid;
	__u64 sp;
	__u64 stack; /* id, STACK_NONE */
	__u32 end;   /* enum stack_end */
	__u16 is_by_fp;
	__u16 is_return; /* its program counter is a return address */
};
ABI_SIZE(struct stops_event, 32);

#endif
