/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The pages and rows of an unwind table while it is made, from its lowest address up. */
#ifndef SYMBOL_UNWIND_ROWS_H
#define SYMBOL_UNWIND_ROWS_H

#include "symbol/unwind_table.h"

struct unwind_rows {
	struct unwind_row *at;
	size_t len, cap;
	struct unwind_table_page *pages;
	size_t page_count, page; /* those before and with pages[page] have their first row */
	uint64_t lowest_page;
};

/* No rule (place 0) holds at first. 0 or -ENOMEM. */
int unwind_rows_init(struct unwind_rows *r, uint64_t lowest_page, size_t page_count);
void unwind_rows_done(struct unwind_rows *r);

/*
 * From @vaddr on the rule at place @rule holds. Addresses must not descend and must lie in the
 * pages; of several at one address the last holds, and a rule that holds anyway takes no row. 0,
 * -ENOMEM, or -E2BIG (UNWIND_TABLE_MAX_ROWS).
 */
int unwind_rows_add(struct unwind_rows *r, uint64_t vaddr, uint16_t rule);

/* Gives all the other pages their row, and back what memory was too much. Errors as above. */
int unwind_rows_finish(struct unwind_rows *r);

#endif
