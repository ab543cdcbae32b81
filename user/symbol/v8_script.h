/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Scripts: their file, and the line of a position in their source. What was read is kept. */
#ifndef SYMBOL_V8_SCRIPT_H
#define SYMBOL_V8_SCRIPT_H

#include "base/id_table.h"
#include "base/strings.h"
#include "symbol/v8_memory.h"

#define V8_MAX_SCRIPTS	    8192
#define V8_MAX_SOURCE_CHARS (16u << 20) /* a longer source has no lines */
#define V8_MAX_ATTEMPTS	    3		/* to read lines out of memory that is not there */
#define V8_MAX_LINES	    (1u << 20)	/* of one script */
#define V8_MAX_KEPT_LINES   (2u << 20)	/* of all: 8 MiB */

struct v8_script {
	uint64_t address; /* of the object, tagged */
	int32_t id;	  /* V8's; no two scripts of a process have the same */
	uint64_t name_word, source_word, line_ends_word;
	const char *file; /* "" none; interned */
	int32_t line_offset, column_offset;
	uint8_t attempts;    /* to find its lines */
	uint32_t *line_ends; /* positions of the line ends, ascending */
	uint32_t line_count;
};

/* Zeroed but for @memory and @texts, which are borrowed. */
struct v8_scripts {
	struct v8_memory *memory;
	struct strings *texts;
	struct v8_script *at; /* a vector */
	size_t len, cap;
	struct id_table ids; /* by address */
	size_t line_count;   /* kept of all */
};

/* Forgets all of them. */
void v8_scripts_done(struct v8_scripts *s);

bool v8_scripts_are_full(const struct v8_scripts *s);

/*
 * The script that the tagged pointer @word is; reads the object each time, so that what is kept is
 * never of another one. *ret_script is valid until the next call.
 */
int v8_script_find(struct v8_scripts *s, uint64_t word, struct v8_script **ret_script);

/* Line and column, from 1, of a position in its source; 0, 0 when the lines cannot be read. */
int v8_script_place(struct v8_scripts *s, struct v8_script *script, int32_t position,
		    uint32_t *ret_line, uint32_t *ret_column);

#endif
