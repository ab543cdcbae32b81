// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Any bytes as one value, skipped and as a string: in pieces of any size the same, and in bounds.
 */
#include "fuzz.h"
#include "heap/json_scan.h"
#include "heap_image.h"

struct outcome {
	int skipped, string;
	uint64_t skipped_to, string_to;
	struct json_text text;
};

static struct json_scan scan_of(struct heap_bytes *b)
{
	struct json_scan s;
	int err = json_scan_init(&s, (struct json_source){ heap_bytes_read, b });

	assert(err == 0);
	return s;
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
	return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct outcome a = read_in(data, size, 0);
	struct outcome b = read_in(data, size, 1 + (size ? data[size - 1] % 7 : 0));

	assert(a.skipped == b.skipped && a.skipped_to == b.skipped_to && a.string == b.string);
	if (!a.string) { /* a string that can be read can be skipped */
		assert(a.text.len == b.text.len && a.string_to == b.string_to);
		assert(!a.text.len || memcmp(a.text.at, b.text.at, a.text.len) == 0);
		assert(a.skipped == 0 && a.skipped_to == a.string_to);
	}
	free(a.text.at);
	free(b.text.at);
	return 0;
}
