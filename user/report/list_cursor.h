/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A list that is higher than its screen: which row is chosen, and which are seen. */
#ifndef REPORT_LIST_CURSOR_H
#define REPORT_LIST_CURSOR_H

#include <stdbool.h>
#include <stddef.h>

/* Zeroed at birth. */
struct list_cursor {
	size_t at;   /* the row chosen */
	size_t top;  /* the first that is seen */
	size_t page; /* so many are */
};

/* Moves by @key (base/screen.h) in @len rows. false: that key does not move. */
bool list_cursor_key(struct list_cursor *c, int key, size_t len);

/* @page of @len rows can be seen: the one chosen becomes one of them. */
void list_cursor_scroll(struct list_cursor *c, size_t page, size_t len);

#endif
