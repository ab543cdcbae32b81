/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Reads folded stacks, ours and anyone's (docs/formats.md has the rules), from pieces of a file as
 * they come: no more than a line is kept.
 *
 *	frame;frame;frame COUNT		root first; with two counts: BEFORE NOW
 *
 * Frames may hold blanks. A count may have a fraction and is rounded. Names come out clean
 * (base/text.h): at most TEXT_MAX - 1 bytes, no control characters, valid UTF-8.
 */
#ifndef PROFILE_FOLDED_H
#define PROFILE_FOLDED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FOLDED_MAX_LINE_BYTES (4u << 20)

/* Numbers at the end of a line. */
enum folded_columns {
	FOLDED_AUTO, /* as many as the first stack has */
	FOLDED_ONE,  /* what stands before the last number is the name */
	FOLDED_TWO,
};

struct folded_stack {
	const char *const *frames; /* root first; borrowed for the call; at least one */
	size_t depth;
	uint64_t now;	 /* the last number */
	uint64_t before; /* the number before it, with two of them; else 0 */
	bool has_before;
};

/* 0 to go on, anything else ends the reading and is handed on. */
typedef int (*folded_fn)(void *ctx, const struct folded_stack *stack);

struct folded {
	folded_fn fn;
	void *ctx;
	enum folded_columns columns;
	bool strip_hex; /* 0x12ab in a name becomes 0x...: addresses differ from run to run */

	/* What there was; to be read at any time. */
	uint64_t line_count;	  /* the number of the line in work, or the last one */
	uint64_t stack_count;	  /* handed on */
	uint64_t countless;	  /* lines without a number at their end: passed over */
	uint64_t first_countless; /* the number of the first of them */
	uint64_t zero_count;	  /* stacks with a count of 0: passed over */

	/* Its own. */
	char *line; /* the beginning of a line whose end is in a piece to come */
	size_t line_len, line_cap;
	char *clean;
	size_t clean_cap;
	const char **frames;
	size_t frames_cap;
};

/* Zeroed but for the first fields; or by this. */
void folded_init(struct folded *f, folded_fn fn, void *ctx);
void folded_done(struct folded *f);

/*
 * The next @len bytes of the file; folded_end after the last ones, for a line without an end.
 * 0, -ERANGE (a count beyond 64 bits), -EBADMSG (one number where the lines before have two),
 * -E2BIG (a line over FOLDED_MAX_LINE_BYTES), -ENOMEM, or what the callback returned. line_count
 * is the line it happened in; nothing may follow.
 */
int folded_push(struct folded *f, const char *bytes, size_t len);
int folded_end(struct folded *f);

#endif
