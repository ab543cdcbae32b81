// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* One sorted array; mapping is cutting a hole and filling it. */
#include "profile/ranges.h"

#include "base/vec.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

void ranges_done(struct ranges *r)
{
	free(r->at);
	*r = (struct ranges){ 0 };
}

/* Index of the first range that ends after @addr. */
static size_t first_after(const struct ranges *r, uint64_t addr)
{
	size_t low = 0, high = r->len;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (r->at[middle].end > addr)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static int reserve(struct ranges *r, size_t extra)
{
	while (r->cap - r->len < extra) {
		void *grown = vec_grow(r->at, r->cap, &r->cap, sizeof(*r->at));

		if (!grown)
			return -ENOMEM;
		r->at = grown;
	}
	return 0;
}

/* The caller has reserved the room. */
static void insert_at(struct ranges *r, size_t index, struct range new)
{
	memmove(&r->at[index + 1], &r->at[index], (r->len - index) * sizeof(*r->at));
	r->at[index] = new;
	r->len++;
}

static void remove_at(struct ranges *r, size_t index, size_t count)
{
	if (!count)
		return;
	memmove(&r->at[index], &r->at[index + count], (r->len - index - count) * sizeof(*r->at));
	r->len -= count;
}

/* Is [start, end) strictly inside one range, so that cutting it out makes two of one? */
static bool splits(const struct ranges *r, size_t index, uint64_t start, uint64_t end)
{
	return index < r->len && r->at[index].start < start && r->at[index].end > end;
}

/* Cuts [start, end) out of the ranges from @index on; none of them is split. Returns the bytes cut.
 */
static uint64_t trim(struct ranges *r, size_t index, uint64_t start, uint64_t end)
{
	uint64_t cut = 0;
	size_t last;

	if (index < r->len && r->at[index].start < start) {
		cut += r->at[index].end - start;
		r->at[index++].end = start;
	}
	for (last = index; last < r->len && r->at[last].end <= end; last++)
		cut += r->at[last].end - r->at[last].start;
	if (last < r->len && r->at[last].start < end) {
		cut += end - r->at[last].start;
		r->at[last].start = end;
	}
	remove_at(r, index, last - index);
	return cut;
}

/* Cuts [start, end) out; when that splits a range, there is room for one more. */
static uint64_t cut_out(struct ranges *r, uint64_t start, uint64_t end)
{
	size_t index = first_after(r, start);
	struct range upper;

	if (!splits(r, index, start, end))
		return trim(r, index, start, end);
	upper = r->at[index];
	upper.start = end;
	r->at[index].end = start;
	insert_at(r, index + 1, upper);
	return end - start;
}

int ranges_map(struct ranges *r, uint64_t start, uint64_t end, uint64_t time_ns, uint64_t stack)
{
	if (start >= end)
		return -EINVAL;
	if (reserve(r, 2)) /* the new one, and the upper part of one it may split */
		return -ENOMEM;
	(void)cut_out(r, start, end); /* whose bytes they were does not matter any more */
	insert_at(r, first_after(r, start), (struct range){ start, end, time_ns, stack });
	return 0;
}

uint64_t ranges_unmap(struct ranges *r, uint64_t start, uint64_t end, int *ret_err)
{
	size_t index = first_after(r, start);

	*ret_err = 0;
	if (start >= end)
		return 0;
	if (splits(r, index, start, end) && reserve(r, 1)) {
		*ret_err = -ENOMEM;
		end = r->at[index].end; /* nothing above is left, so nothing is split */
	}
	return cut_out(r, start, end);
}
