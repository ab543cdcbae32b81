// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The order of constructors, what they grew by, and what was not explained. */
#include "profile/js_heap.h"

#include "tap.h"

static struct js_heap_row rows[] = {
	{ "b", { { 9, 90, 2, 20 }, { 9, 90, 5, 50 } } },
	{ "a", { { 9, 90, 2, 20 }, { 9, 90, 5, 50 } } },
	{ "gone", { { 7, 70, 7, 70 }, { 0, 0, 0, 0 } } },
	{ "new", { { 0, 0, 0, 0 }, { 4, 400, 4, 400 } } },
};

static void is_order(size_t readings, const char *want)
{
	struct js_heap h = { .rows = rows, .row_count = 4, .reading_count = readings };
	char got[64] = "";

	js_heap_order(&h);
	for (size_t i = 0; i < h.row_count; i++)
		(void)snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s ", rows[i].name);
	is_text(got, want, "%zu readings", readings);
}

int main(void)
{
	struct js_heap none = { .reading_count = 2 };
	struct js_heap_reading r = { .all = { .bytes = 900 },
				     .free_bytes = 80,
				     .unknown_bytes = 20 };

	is_order(1, "gone a b new ");
	is_order(2, "new a b gone ");
	is_int(js_heap_count_delta(&rows[3]), -7, "what is gone");
	is_int(js_heap_bytes_delta(&rows[0]), 400, "what is new");
	js_heap_order(&none);
	is_int(none.row_count, 0, "nothing in order");
	ok(js_heap_unknown_pct(&r) == 2.0, "a share of all that was looked at");
	r = (struct js_heap_reading){ 0 };
	ok(js_heap_unknown_pct(&r) == 0, "of nothing");
	return tap_done();
}
