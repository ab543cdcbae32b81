// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Demangling by libiberty, with an output cap that is enforced by jumping out of it. */
#include "symbol/demangle.h"

#include "base/text.h"
#include "symbol/elf.h"

#include <libiberty/demangle.h>
#include <setjmp.h>
#include <stdbool.h>
#include <string.h>

struct output {
	jmp_buf full;
	bool is_rust;
	bool is_full;
	size_t len;
	char text[TEXT_MAX];
};

static bool is_ascii(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)text[i] > 127)
			return false;
	}
	return true;
}

/*
 * Refusing the text would not end the work: a bomb goes on for seconds. Nothing is allocated when
 * libiberty calls us, but for one thing: the decoded form of a Rust punycode identifier, which is
 * never ASCII. From that call we return, and jump out of the next.
 */
static void append(const char *text, size_t len, void *ctx)
{
	struct output *out = ctx;

	if (!out->is_full && len <= sizeof(out->text) - out->len) {
		if (len) /* an empty piece may come as NULL */
			memcpy(out->text + out->len, text, len);
		out->len += len;
		return;
	}
	out->is_full = true;
	if (!out->is_rust || is_ascii(text, len))
		longjmp(out->full, 1);
}

static bool expand(const char *name, bool is_rust, struct output *out)
{
	int is_done;

	out->is_rust = is_rust;
	out->is_full = false;
	out->len = 0;
	if (setjmp(out->full))
		return false;
	if (is_rust)
		is_done = rust_demangle_callback(name, DMGL_NO_OPTS, append, out);
	else
		is_done = cplus_demangle_v3_callback(name, DMGL_PARAMS | DMGL_ANSI, append, out);
	return is_done && !out->is_full;
}

char *demangle(const char *name, char *buf, size_t size)
{
	struct output out;
	size_t len = strnlen(name, ELF_NAME_MAX);

	/* The legacy Rust form is valid C++ too, so Rust is asked first. */
	if (len < ELF_NAME_MAX && (expand(name, true, &out) || expand(name, false, &out)))
		(void)text_clean(out.text, out.len, buf, size);
	else
		(void)text_clean(name, len, buf, size);
	return buf;
}
