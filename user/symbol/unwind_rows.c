// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Rows into pages: each page begins with the rule that holds at its start. */
#include "symbol/unwind_rows.h"

#include "base/vec.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

static int push_row(struct unwind_rows *r, uint16_t addr, uint16_t rule)
{
	struct unwind_row *row;

	if (r->len == UNWIND_TABLE_MAX_ROWS)
		return -E2BIG;
	row = vec_push(r);
	if (!row)
		return -ENOMEM;
	*row = (struct unwind_row){ addr, rule };
	r->pages[r->page].count++;
	return 0;
}

static int begin_page(struct unwind_rows *r, size_t page, uint16_t rule)
{
	r->page = page;
	r->pages[page] = (struct unwind_table_page){ .first = (uint32_t)r->len };
	return push_row(r, 0, rule);
}

static int reach_page(struct unwind_rows *r, size_t page)
{
	int err = 0;

	while (!err && r->page < page)
		err = begin_page(r, r->page + 1, r->at[r->len - 1].rule);
	return err;
}

int unwind_rows_init(struct unwind_rows *r, uint64_t lowest_page, size_t page_count)
{
	int err;

	*r = (struct unwind_rows){ .lowest_page = lowest_page, .page_count = page_count };
	r->pages = calloc(page_count, sizeof(r->pages[0]));
	err = r->pages ? begin_page(r, 0, 0) : -ENOMEM;
	if (err)
		unwind_rows_done(r);
	return err;
}

void unwind_rows_done(struct unwind_rows *r)
{
	if (!r)
		return;
	free(r->at);
	free(r->pages);
	*r = (struct unwind_rows){ 0 };
}

int unwind_rows_add(struct unwind_rows *r, uint64_t vaddr, uint16_t rule)
{
	uint16_t addr = (uint16_t)vaddr;
	struct unwind_row *last;
	int err;

	assert((vaddr >> UNWIND_PAGE_BITS) - r->lowest_page < r->page_count);
	err = reach_page(r, (vaddr >> UNWIND_PAGE_BITS) - r->lowest_page);
	if (err)
		return err;
	last = &r->at[r->len - 1];
	assert(last->addr <= addr);
	if (last->addr != addr)
		return last->rule == rule ? 0 : push_row(r, addr, rule);
	last->rule = rule;
	if (r->pages[r->page].count > 1 && last[-1].rule == rule) {
		r->pages[r->page].count--;
		r->len--;
	}
	return 0;
}

int unwind_rows_finish(struct unwind_rows *r)
{
	struct unwind_row *fitting;
	int err = reach_page(r, r->page_count - 1);

	if (err)
		return err;
	fitting = realloc(r->at, r->len * sizeof(*fitting));
	if (!fitting)
		return -ENOMEM;
	r->at = fitting;
	r->cap = r->len;
	return 0;
}
