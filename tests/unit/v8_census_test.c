// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A heap by constructor: names, sizes, gaps, what is not understood, what lives. */
#include "symbol/v8_census.h"

#include "failing_alloc.h"
#include "heap_copy.h"
#include "tap.h"

static struct heap_copy h;
static struct v8_census census;

static const struct v8_census_row *row(const char *name)
{
	static const struct v8_census_row none;

	for (size_t i = 0; i < census.len; i++)
		if (strcmp(census.names.at[i], name) == 0)
			return &census.at[i];
	return &none;
}

static void take(const uint64_t *roots, size_t count)
{
	struct v8_roots list = { 0 };

	copy_close(&h);
	v8_census_done(&census);
	for (size_t i = 0; i < count; i++)
		must(!v8_roots_add(&list, roots[i]));
	must(!v8_census_take(&h.copy, &list, &census));
	free(list.at);
}

/* Objects of @words with @prototype. */
static uint64_t put_objects(uint64_t prototype, uint8_t words, size_t count)
{
	uint64_t map = copy_map(&h, TYPE_OBJECT, words, prototype), last = 0;

	for (size_t i = 0; i < count; i++)
		last = copy_put(&h, 2, map, words);
	return last;
}

static uint64_t put_prototype(uint64_t parent)
{
	return copy_put(&h, 1, copy_map(&h, TYPE_OBJECT, 4, parent), 4);
}

static void test_names(void)
{
	uint64_t base, derived, bare, first, second;

	copy_init(&h);
	base = put_prototype(0);
	derived = put_prototype(base);
	bare = put_prototype(derived);
	first = copy_function(&h, 1, "Base", base);
	(void)copy_function(&h, 1, "Derived", copy_map(&h, TYPE_OBJECT, 3, derived));
	(void)put_objects(base, 3, 7);
	(void)put_objects(derived, 4, 5);
	(void)put_objects(bare, 5, 2);
	(void)put_objects(0, 3, 4);
	take(NULL, 0);
	is_int(row("Base")->count, 7 + 1, "by the function, and a prototype by what it inherits");
	is_int(row("Base")->bytes, 7 * 24 + 32, "as long as their map says");
	is_int(row("Derived")->count, 5 + 2 + 1, "by its first map; a prototype without function");
	is_int(row("Object")->count, 4 + 1, "without a prototype");
	is_int(row("Function")->count, 2, "functions");
	is_int(census.unknown_bytes, 0, "all of it is explained");
	is_int(census.object_count, 7 + 5 + 2 + 4 + 3 + 2, "as many as there are");

	second = copy_function(&h, 1, "Second", base);
	copy_set(&h, base, 24, second);
	take(NULL, 0);
	is_int(row("Second")->count, 8, "of two functions the one that the prototype has");
	copy_set(&h, base, 24, first);
	take(NULL, 0);
	is_int(row("Base")->count, 8, "and the other one");
}

static void test_types(void)
{
	uint64_t array;

	copy_init(&h);
	(void)copy_text(&h, 1, "some text");
	(void)copy_put(&h, 1, copy_map(&h, TYPE_CONS, 4, 0), 4);
	array = copy_put(&h, 1, h.array_map, 5);
	copy_set(&h, array, 8, copy_smi(3));
	(void)copy_put(&h, 1, h.number_map, 2);
	(void)copy_put(&h, 1, copy_map(&h, 2137, 7, 0), 7);
	(void)copy_put(&h, 1, copy_map(&h, 221, 6, 0), 6);
	(void)copy_put(&h, 1, copy_map(&h, 128, 3, 0), 3);
	(void)copy_put(&h, 1, copy_map(&h, 266, 0, 0), 9); /* tells its length in its own way */
	take(NULL, 0);
	is_int(row("(string)")->bytes, 32, "a string");
	is_int(row("(concatenated string)")->bytes, 32, "two strings joined");
	is_int(row("(array)")->bytes, 40, "an array");
	is_int(row("(number)")->count, 1, "a number");
	is_int(row("RegExp")->count, 1, "a regular expression");
	is_int(row("system / Context")->count, 1, "a context");
	is_int(row("(symbol)")->count, 1, "a symbol");
	is_int(row("(system)")->bytes, 72, "a kind whose length is not known ends where all ends");
	is_int(census.unknown_bytes, 0, "nothing is left");
}

static void put_free(uint64_t length, size_t words)
{
	uint64_t space = copy_put(&h, 2, copy_map(&h, 268, 0, 0), words);

	copy_set(&h, space, 8, copy_smi(length));
	for (size_t i = 2; i < words; i++) /* what was there before */
		copy_set(&h, space, i * 8, h.number_map);
}

static void test_free(void)
{
	uint64_t base;

	copy_init(&h);
	base = put_prototype(0);
	(void)copy_function(&h, 1, "Base", base);
	put_free(8 * 8, 8);
	(void)put_objects(base, 3, 2);
	(void)copy_put(&h, 2, copy_map(&h, 267, 1, 0), 1);
	take(NULL, 0);
	is_int(row("(number)")->count, 0, "what is in free space is free");
	is_int(row("Base")->count, 2, "and what is behind it is not");

	put_free(7, 7);
	(void)put_objects(base, 3, 2);
	take(NULL, 0);
	is_int(row("(number)")->count, 3, "words: a length in bytes is none, and is not believed");
	is_int(row("Base")->count, 4, "objects all the same");

	copy_init(&h);
	base = put_prototype(0);
	(void)copy_function(&h, 1, "Base", base);
	put_free(9, 9);
	(void)put_objects(base, 3, 2);
	put_free(16, 16);
	(void)put_objects(base, 3, 1);
	take(NULL, 0);
	is_int(row("(number)")->count, 0, "words, of which there may be a multiple of eight");
	is_int(row("Base")->count, 3, "objects behind them");
	is_int(row("Function")->count, 1, "functions are told once");
}

static void test_odd(void)
{
	uint64_t base, lost;

	copy_init(&h);
	base = put_prototype(0);
	(void)copy_function(&h, 1, "Base", base);
	lost = put_objects(base, 3, 3);
	copy_set(&h, lost, 0, 0x1234560); /* forwarded, or nothing at all */
	(void)put_objects(base, 3, 1);
	take(NULL, 0);
	is_int(row("Base")->count, 3, "what has no map is left out");
	is_int(census.unknown_bytes, 24, "and told");

	lost = copy_put(&h, 3, h.array_map, 4);
	copy_set(&h, lost, 8, copy_smi(INT32_MAX));
	(void)copy_put(&h, 3, h.number_map, 2);
	take(NULL, 0);
	is_int(row("(array)")->bytes, 32, "a length that cannot be: to the next object");
	is_int(row("(number)")->count, 1, "which is there");

	h.pages[4].len = 64; /* the front of a large object */
	lost = copy_put(&h, 4, h.array_map, COPY_PAGE_BYTES / 8);
	copy_set(&h, lost, 8, copy_smi(COPY_PAGE_BYTES / 8 - 2));
	take(&lost, 1);
	is_int(row("(array)")->bytes, 32 + COPY_PAGE_BYTES, "a large object counts as a whole");
	is_int(row("(array)")->live_bytes, COPY_PAGE_BYTES, "when it lives, too");
	h.copy.pages = NULL;
	h.copy.page_count = 0;
	take(NULL, 0);
	is_int(census.object_count, 0, "a copy of nothing");
}

static void test_live(void)
{
	uint64_t base, holder, held, weak, text, left, roots[2];

	copy_init(&h);
	base = put_prototype(0);
	(void)copy_function(&h, 1, "Base", base);
	(void)put_objects(base, 3, 10);
	holder = put_objects(base, 4, 1);
	held = put_objects(base, 4, 1);
	weak = put_objects(base, 4, 1);
	text = copy_text(&h, 1, "12345678");
	copy_set(&h, holder, 8, held);
	copy_set(&h, holder, 16, weak + 2);
	copy_set(&h, holder, 24, text);
	copy_set(&h, held, 8, holder); /* a ring */
	copy_set(&h, text, 16, weak);
	take(&holder, 1);
	is_int(row("Base")->count, 13, "all of them are counted");
	is_int(row("Base")->live_count, 2, "what a root leads to lives");
	is_int(row("(string)")->live_count, 1, "a string lives, and its characters lead nowhere");
	is_int(census.live_count, 3, "nothing else");
	is_int(census.live_bytes, 2 * 32 + 24, "as long as they are");
	is_int(census.astray_count, 0, "all pointers lead to objects");

	roots[0] = holder + 8;
	roots[1] = COPY_BASE - 7;
	take(roots, 2);
	is_int(census.live_count, 0, "a word that is no begin of an object is no root");
	left = copy_address(40);
	h.left[0] = (struct v8_gap){ left, left + 4096 };
	h.copy.left_count = 1;
	copy_set(&h, held, 16, left + 17);
	roots[1] = left + 17;
	roots[0] = holder;
	take(roots, 2);
	is_int(census.astray_count, 1, "a pointer of an object to where it moved out of is told");
}

static void test_memory(void)
{
	bool is_hit = true;
	uint64_t base, last;

	copy_init(&h);
	base = put_prototype(0);
	(void)copy_function(&h, 1, "Base", base);
	(void)copy_function(&h, 1, "Other", base);
	last = put_objects(base, 3, 3);
	put_free(9, 9);
	copy_close(&h);
	for (size_t n = 1; is_hit; n++) {
		struct v8_roots roots = { &last, 1, 1 };
		int err;

		v8_census_done(&census);
		failing_alloc_start(n);
		err = v8_census_take(&h.copy, &roots, &census);
		is_hit = failing_alloc_stop();
		is_int(err, is_hit ? -ENOMEM : 0, "allocation %zu", n);
	}
}

int main(void)
{
	test_names();
	test_types();
	test_free();
	test_odd();
	test_live();
	test_memory();
	v8_census_done(&census);
	return tap_done();
}
