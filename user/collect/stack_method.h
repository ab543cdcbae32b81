/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How stacks are walked: --stacks, the same for all tools. */
#ifndef COLLECT_STACK_METHOD_H
#define COLLECT_STACK_METHOD_H

enum stack_method {
	STACKS_AUTO,  /* by unwind tables, where there are none by frame pointers */
	STACKS_DWARF, /* by unwind tables alone */
	STACKS_FP,    /* by the kernel, frame pointers alone */
};

/* Of the option --js-tiers. */
#define JS_TIERS_HELP                                                                              \
	"names of JavaScript functions tell what runs them: [interpreted], [baseline], [maglev], " \
	"[turbofan] or [builtin]"

/* "auto", "dwarf", "fp" to the method; -EINVAL for another word. */
int stack_method_parse(const char *text, enum stack_method *ret_method);

/* What the kernel can do: @wanted, or STACKS_FP after a warning. */
enum stack_method stack_method_choose(enum stack_method wanted);

#endif
