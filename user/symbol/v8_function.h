/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Functions, by their SharedFunctionInfo. What was read is kept, as long as it is the same one. */
#ifndef SYMBOL_V8_FUNCTION_H
#define SYMBOL_V8_FUNCTION_H

#include "base/text.h"
#include "symbol/v8_script.h"

#define V8_MAX_FUNCTIONS 32768

struct v8_function {
	uint64_t address; /* tagged */
	uint64_t name_word, script_word;
	uint64_t script;	 /* tagged, itself; 0: it has none */
	int32_t script_id;	 /* -1: it has no script */
	const char *name, *file; /* interned; of a builtin its name in JavaScript */
	uint32_t line, column;
	bool is_builtin;
	uint64_t data; /* what it runs; of each look at it */
};

/* Zeroed but for scripts.memory and scripts.texts. */
struct v8_functions {
	struct v8_scripts scripts;
	struct v8_function *at; /* a vector */
	size_t len, cap;
	struct id_table ids; /* by address */
};

/* Forgets all of them. */
void v8_functions_done(struct v8_functions *f);

bool v8_functions_are_full(const struct v8_functions *f);

/* The function of the tagged SharedFunctionInfo @word. 0, a reason, or -ENOMEM. */
int v8_function_find(struct v8_functions *f, uint64_t word, struct v8_function *ret_function);

/* Its own name alone, "" when it has none, and nothing is kept. 0 or a reason. */
int v8_function_name(struct v8_memory *m, uint64_t word, char ret_text[TEXT_MAX]);

#endif
