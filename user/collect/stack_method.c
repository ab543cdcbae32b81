// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* --stacks, and what a kernel without loops makes of it. */
#include "collect/stack_method.h"

#include "base/parse.h"
#include "host/log.h"
#include "probe/features.h"

int stack_method_parse(const char *text, enum stack_method *ret_method)
{
	static const char *const words[] = {
		[STACKS_AUTO] = "auto", [STACKS_DWARF] = "dwarf", [STACKS_FP] = "fp"
	};
	int method = parse_word(text, words, sizeof(words) / sizeof(*words));

	if (method < 0)
		return method;
	*ret_method = (enum stack_method)method;
	return 0;
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
