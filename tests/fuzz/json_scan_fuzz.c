// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Any bytes as one value, skipped and as a string, and as rows of numbers: in pieces of any size
 * the same, and in bounds.
 */
#include "fuzz.h"
#include "heap/json_scan.h"
#include "heap_image.h"

struct outcome {
	int skipped, string;
	int rows;
	uint64_t skipped_to, string_to, rows_to;
	uint64_t numbers; /* a hash of all */
	struct json_text text;
};

static struct json_scan scan_of(struct heap_bytes *b)
{
	struct json_scan s;
	int err = json_scan_init(&s, (struct json_source){ heap_bytes_read, b });

	assert(err == 0);
	return s;
}

static void read_rows(struct heap_bytes b, size_t count, struct outcome *o)
{
	struct json_scan s = scan_of(&b);
	uint64_t row[16];
	bool is_first = true;

	while ((o->rows = json_scan_row(&s, &is_first, row, count)) == 1) {
		for (size_t i = 0; i < count; i++)
			o->numbers = o->numbers * 31 + row[i];
	}
	o->rows_to = json_scan_offset(&s);
	json_scan_done(&s);
}

static struct outcome read_in(const uint8_t *data, size_t size, size_t piece)
{
	struct heap_bytes b = { (const char *)data, size, piece };
	struct outcome o = { .text.max = 4096 };
	struct json_scan s = scan_of(&b);

	o.skipped = json_scan_skip(&s);
	o.skipped_to = json_scan_offset(&s);
	assert((o.skipped != 0) == (s.why != NULL) && o.skipped_to <= size);
	json_scan_done(&s);
	b = (struct heap_bytes){ (const char *)data, size, piece };
	s = scan_of(&b);
	o.string = json_scan_string(&s, &o.text);
	o.string_to = json_scan_offset(&s);
	assert((o.string != 0) == (s.why != NULL) && o.text.len <= o.text.max);
	json_scan_done(&s);
	read_rows((struct heap_bytes){ (const char *)data, size, piece }, 1 + size % 7, &o);
	return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct outcome a = read_in(data, size, 0);
	struct outcome b = read_in(data, size, 1 + (size ? data[size - 1] % 7 : 0));

	assert(a.skipped == b.skipped && a.skipped_to == b.skipped_to && a.string == b.string);
	assert(a.rows == b.rows && a.rows_to == b.rows_to && a.numbers == b.numbers);
	if (!a.string) { /* a string that can be read can be skipped */
		assert(a.text.len == b.text.len && a.string_to == b.string_to);
		assert(!a.text.len || memcmp(a.text.at, b.text.at, a.text.len) == 0);
		assert(a.skipped == 0 && a.skipped_to == a.string_to);
	}
	free(a.text.at);
	free(b.text.at);
	return 0;
}
