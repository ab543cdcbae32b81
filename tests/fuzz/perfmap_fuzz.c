// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A perf map from any bytes: pieces of any size give what the whole gives, names are clean and fit,
 * and V8's are taken apart into what was in them.
 */
#include "symbol/perfmap.h"

#include "fuzz.h"

#include <string.h>

static void check_js(const char *name)
{
	static struct perfmap_js js;

	if (!perfmap_js_name(name, &js))
		return;
	assert(strchr("*+^~", js.tier) && js.function[0]);
	assert(js.function[0] == '(' || strstr(name, js.function));
	assert(strstr(name, js.file));
	assert(js.line || !js.column);
}

static void check_same(const struct perfmap *whole, const struct perfmap *pieces, uint64_t addr)
{
	const char *a = NULL, *b = NULL;
	uint64_t start_a = 0, start_b = 0;

	assert(perfmap_find(whole, addr, &a, &start_a) == perfmap_find(pieces, addr, &b, &start_b));
	if (!a)
		return;
	assert(strcmp(a, b) == 0 && start_a == start_b && start_a <= addr);
	assert(a[0] && strlen(a) < TEXT_MAX);
	for (const char *c = a; *c; c++)
		assert((unsigned char)*c >= 0x20 && *c != 0x7f);
	check_js(a);
}

/* Pieces of 1 to 16 bytes, by what the bytes say themselves. */
static void add_in_pieces(struct perfmap *map, const uint8_t *data, size_t size)
{
	while (size > 0) {
		size_t len = 1 + (data[0] & 15);

		if (len > size)
			len = size;
		assert(perfmap_add(map, (struct bytes){ data, len }) == 0);
		data += len;
		size -= len;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct perfmap whole = { 0 }, pieces = { 0 };

	assert(perfmap_add(&whole, (struct bytes){ data, size }) == 0);
	add_in_pieces(&pieces, data, size);
	assert(whole.line_count == pieces.line_count);
	assert(whole.malformed_count == pieces.malformed_count);
	/* A byte of the text, and numbers of it, as addresses. */
	for (uint64_t addr = 0; addr < 256; addr++)
		check_same(&whole, &pieces, addr);
	for (size_t i = 0; i + sizeof(uint64_t) <= size && i < 256; i++) {
		uint64_t addr;

		memcpy(&addr, data + i, sizeof(addr));
		check_same(&whole, &pieces, addr);
	}
	check_same(&whole, &pieces, UINT64_MAX);
	perfmap_done(&whole);
	perfmap_done(&pieces);
	return 0;
}
