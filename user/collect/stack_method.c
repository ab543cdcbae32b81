// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* --stacks, and what a kernel without loops makes of it. */
#include "collect/stack_method.h"

#include "host/log.h"
#include "probe/features.h"

#include <errno.h>
#include <string.h>

int stack_method_parse(const char *text, enum stack_method *ret_method)
{
	static const char *const words[] = {
		[STACKS_AUTO] = "auto", [STACKS_DWARF] = "dwarf", [STACKS_FP] = "fp"
	};

	for (int i = 0; i < 3; i++) {
		if (strcmp(text, words[i]) == 0) {
			*ret_method = (enum stack_method)i;
			return 0;
		}
	}
	return -EINVAL;
}

enum stack_method stack_method_choose(enum stack_method wanted)
{
	if (wanted == STACKS_FP || features_have_loop())
		return wanted;
	log_warn(
		"this kernel has no bpf_loop (5.17): stacks are walked by frame pointers alone, and "
		"end in code without them");
	return STACKS_FP;
}
