// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Chains survive the pipe, and bytes that are none are refused. */
#include "symbol/call_chain.h"

#include "tap.h"

static uint8_t bytes[CALL_CHAIN_BYTES_MAX];

static const struct call_chain example = {
	.source = CALL_CHAIN_DWARF,
	.index = 7,
	.len = 2,
	.frames = { { "inner", "src/a.h", 12 }, { "outer", "", 0 } },
};

static void test_whole(void)
{
	size_t len = call_chain_write(&example, bytes), used = 0;
	struct call_chain got;

	is_int(call_chain_read((struct bytes){ bytes, sizeof(bytes) }, &got, &used), 0, "is read");
	is_int(used, len, "as many bytes as were written");
	is_int(got.len, 2, "both frames");
	is_int(got.index, 7, "the index");
	is_text(got.frames[0].function, "inner", "the inner function");
	is_text(got.frames[0].file, "src/a.h", "its file");
	is_int(got.frames[0].line, 12, "its line");
	is_text(got.frames[1].function, "outer", "the outer function");
	is_text(got.frames[1].file, "", "whose file is unknown");
	for (size_t i = 0; i < len; i++)
		if (call_chain_read((struct bytes){ bytes, i }, &got, &used) != -ENODATA)
			ok(false, "%zu bytes of %zu are not enough", i, len);
}

static void test_longest(void)
{
	static char text[2 * CALL_CHAIN_TEXT_MAX];
	struct call_chain chain = { .source = CALL_CHAIN_SYMBOL, .len = CALL_CHAIN_MAX }, got;
	size_t len, used = 0;

	memset(text, 'x', sizeof(text) - 1);
	for (size_t i = 0; i < CALL_CHAIN_MAX; i++)
		chain.frames[i] = (struct call_chain_frame){ text, text, 1 };
	len = call_chain_write(&chain, bytes);
	ok(len <= sizeof(bytes), "the longest chain fits");
	is_int(call_chain_read((struct bytes){ bytes, len }, &got, &used), 0, "and is read");
	is_int(strlen(got.frames[63].file), CALL_CHAIN_TEXT_MAX - 1, "its texts are cut");
}

/* Each byte of a chain is changed in turn: no value makes the reader leave the bytes it has. */
static void test_broken(void)
{
	size_t len = call_chain_write(&example, bytes), refused = 0;

	for (size_t i = 0; i < len; i++) {
		uint8_t *copy = malloc(len); /* of exactly that size, for the sanitizers */
		struct call_chain got;
		size_t used;

		must(copy);
		memcpy(copy, bytes, len);
		copy[i] ^= 0x81;
		refused += call_chain_read((struct bytes){ copy, len }, &got, &used) != 0;
		free(copy);
	}
	ok(refused >= 12, "%zu of %zu changes are noticed", refused, len);
}

int main(void)
{
	test_whole();
	test_longest();
	test_broken();
	return tap_done();
}
