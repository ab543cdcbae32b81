// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The parser of /proc/kallsyms: strict, one line after the other, then put in order. */
#include "symbol/kallsyms.h"

#include "base/scope.h"
#include "base/text.h"
#include "base/vec.h"
#include "symbol/frame.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DIGITS 16

struct cursor {
	const uint8_t *at, *end; /* end: the line's newline */
};

struct line {
	uint64_t addr;
	uint8_t type;
	struct bytes name, module; /* module: with its brackets; none when empty */
};

static int digit_of(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

static bool take_address(struct cursor *c, uint64_t *ret_addr)
{
	const uint8_t *start = c->at;
	uint64_t addr = 0;

	for (; c->at < c->end && digit_of(*c->at) >= 0; c->at++)
		addr = addr << 4 | (unsigned int)digit_of(*c->at);
	if (c->at == start || c->at - start > MAX_DIGITS || c->at == c->end || *c->at != ' ')
		return false;
	c->at++;
	*ret_addr = addr;
	return true;
}

static bool take_type(struct cursor *c, uint8_t *ret_type)
{
	if (c->end - c->at < 2 || c->at[1] != ' ')
		return false;
	*ret_type = c->at[0];
	c->at += 2;
	return (*ret_type | 0x20) >= 'a' && (*ret_type | 0x20) <= 'z';
}

static bool is_module(struct bytes m)
{
	return m.len > 2 && m.at[0] == '[' && m.at[m.len - 1] == ']';
}

static bool take_line(struct cursor *c, struct line *l)
{
	const uint8_t *tab;

	if (!take_address(c, &l->addr) || !take_type(c, &l->type))
		return false;
	tab = memchr(c->at, '\t', (size_t)(c->end - c->at));
	l->name = (struct bytes){ c->at, (size_t)((tab ? tab : c->end) - c->at) };
	if (tab)
		l->module = (struct bytes){ tab + 1, (size_t)(c->end - tab - 1) };
	return l->name.len > 0 && !memchr(c->at, '\0', (size_t)(c->end - c->at)) &&
	       (!tab || is_module(l->module));
}

static bool is_code(uint8_t type)
{
	return type == 't' || type == 'T' || type == 'w' || type == 'W';
}

/* Keeps a cleaned copy of @name. */
static int add_name(struct kallsyms *ks, struct bytes name, uint32_t *ret_at)
{
	size_t start = ks->names.len;

	/* Room for the longest there is; the cap of 2 million keeps the sum below 4 GiB. */
	while (ks->names.cap - start < TEXT_MAX) {
		char *grown = vec_grow(ks->names.at, ks->names.cap, &ks->names.cap, 1);

		if (!grown)
			return -ENOMEM;
		ks->names.at = grown;
	}
	ks->names.len +=
		1 + text_clean((const char *)name.at, name.len, ks->names.at + start, TEXT_MAX);
	*ret_at = (uint32_t)start;
	return 0;
}

/* Lines of a module stand together, so only the last one's name is looked at. */
static int add_module(struct kallsyms *ks, struct bytes module, uint32_t *ret_at)
{
	uint32_t last = ks->len ? ks->at[ks->len - 1].module : 0;
	const char *name = ks->names.at + last;

	if (module.len == 0) {
		*ret_at = 0;
		return 0;
	}
	if (strlen(name) == module.len && memcmp(name, module.at, module.len) == 0) {
		*ret_at = last;
		return 0;
	}
	return add_name(ks, module, ret_at);
}

static int add_function(struct kallsyms *ks, const struct line *l)
{
	struct kallsym function = { .start = l->addr };
	struct kallsym *added;
	int err;

	if (ks->len == KALLSYMS_MAX_FUNCTIONS)
		return -E2BIG;
	err = add_module(ks, l->module, &function.module);
	if (!err)
		err = add_name(ks, l->name, &function.name);
	if (err)
		return err;
	added = vec_push(ks);
	if (!added)
		return -ENOMEM;
	*added = function;
	return 0;
}

static int add_lines(struct bytes text, struct kallsyms *ks, bool *ret_is_hidden,
		     uint64_t *ret_offset)
{
	bool is_hidden = false;
	int err = 0;

	for (size_t at = 0; at < text.len && !err;) {
		const uint8_t *start = text.at + at;
		const uint8_t *newline = memchr(start, '\n', text.len - at);
		struct cursor c = { start, newline };
		struct line l = { 0 };

		/* The kernel ends each line: a last one without is cut off. */
		if (!newline || !take_line(&c, &l)) {
			*ret_offset = at;
			return -EBADMSG;
		}
		if (is_code(l.type) && l.addr == 0)
			is_hidden = true;
		else if (is_code(l.type))
			err = add_function(ks, &l);
		at = (size_t)(newline - text.at) + 1;
	}
	*ret_is_hidden = is_hidden;
	return err;
}

static int compare(const void *a, const void *b)
{
	const struct kallsym *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->name < y->name ? -1 : x->name > y->name; /* as they stood in the file */
}

/* Of names for the same place the kernel shows the first, and so do we. */
static void put_in_order(struct kallsyms *ks)
{
	size_t kept = 0;

	qsort(ks->at, ks->len, sizeof(*ks->at), compare);
	for (size_t i = 0; i < ks->len; i++) {
		if (kept == 0 || ks->at[kept - 1].start != ks->at[i].start)
			ks->at[kept++] = ks->at[i];
	}
	ks->len = kept;
}

void kallsyms_done(struct kallsyms *ks)
{
	if (!ks)
		return;
	free(ks->at);
	free(ks->names.at);
	*ks = (struct kallsyms){ 0 };
}

int kallsyms_parse(struct bytes text, struct kallsyms *ret_ks, uint64_t *ret_offset)
{
	static const struct bytes kernel = { (const uint8_t *)FRAME_KERNEL_MODULE,
					     sizeof(FRAME_KERNEL_MODULE) - 1 };
	_release_(kallsyms_done) struct kallsyms ks = { 0 };
	bool is_hidden;
	uint32_t first;
	int err = add_name(&ks, kernel, &first);

	if (!err)
		err = add_lines(text, &ks, &is_hidden, ret_offset);
	if (err)
		return err;
	if (ks.len == 0)
		return is_hidden ? -EPERM : -ENODATA;
	put_in_order(&ks);
	*ret_ks = ks;
	ks = (struct kallsyms){ 0 };
	return 0;
}

bool kallsyms_find(const struct kallsyms *ks, uint64_t addr, struct kallsyms_function *ret)
{
	size_t low = 0, high = ks->len; /* all before low start at addr or below it */
	const struct kallsym *f;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (ks->at[middle].start <= addr)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0 || addr - ks->at[low - 1].start >= KALLSYMS_MAX_FUNCTION_BYTES)
		return false;
	f = &ks->at[low - 1];
	*ret = (struct kallsyms_function){ ks->names.at + f->name, ks->names.at + f->module,
					   f->start };
	return true;
}
