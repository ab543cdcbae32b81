// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Keys as in less and vi. */
#include "report/list_cursor.h"

#include "base/screen.h"

static size_t back_by(const struct list_cursor *c, size_t rows)
{
	return c->at > rows ? c->at - rows : 0;
}

static bool go_to(struct list_cursor *c, size_t row, size_t len)
{
	size_t last = len ? len - 1 : 0;

	c->at = row < last ? row : last;
	return true;
}

bool list_cursor_key(struct list_cursor *c, int key, size_t len)
{
	size_t page = c->page ? c->page : 1;

	switch (key) {
	case 'k':
	case SCREEN_KEY_UP:
		return go_to(c, back_by(c, 1), len);
	case 'j':
	case SCREEN_KEY_DOWN:
		return go_to(c, c->at + 1, len);
	case SCREEN_KEY_PAGE_UP:
		return go_to(c, back_by(c, page), len);
	case SCREEN_KEY_PAGE_DOWN:
		return go_to(c, c->at + page, len);
	case 'g':
	case SCREEN_KEY_HOME:
		return go_to(c, 0, len);
	case 'G':
	case SCREEN_KEY_END:
		return go_to(c, len, len);
	default:
		return false;
	}
}

void list_cursor_scroll(struct list_cursor *c, size_t page, size_t len)
{
	c->page = page ? page : 1;
	if (c->at < c->top)
		c->top = c->at;
	if (c->at >= c->top + c->page)
		c->top = c->at - c->page + 1;
	if (c->top + c->page > len)
		c->top = len > c->page ? len - c->page : 0;
}
