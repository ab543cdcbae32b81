// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Texts kept once: equal addresses, clean contents, memory in chunks, and no memory at all. */
#include "base/strings.h"

#include "base/scope.h"
#include "base/text.h"
#include "failing_alloc.h"
#include "tap.h"

#define MANY 20000

static void test_keep(void)
{
	_release_(strings_done) struct strings s = { 0 };
	char again[] = "one";
	uint32_t id = 99;

	ok(strings_keep(&s, "one") == strings_keep(&s, again), "equal texts have one address");
	ok(strings_keep(&s, "one") != strings_keep(&s, "two"), "others another");
	is_text(strings_keep(&s, ""), "", "the empty text is one too");
	is_int(strings_add(&s, "two", &id), 0, "by id");
	is_int(id, 1, "ids are in the order in which they came");
	is_int(s.len, 3, "three texts");
}

static void test_clean(void)
{
	_release_(strings_done) struct strings s = { 0 };
	_release_(freep) char *longest = malloc(100001);

	must(longest);
	memset(longest, 'x', 100000);
	longest[100000] = '\0';
	is_text(strings_keep(&s, "a\x1b[0m\xff"), "a\\x1b[0m\\xff", "what is not clean becomes so");
	ok(strings_keep(&s, "a\x1b[0m\xff") == strings_keep(&s, "a\\x1b[0m\\xff"),
	   "and is the same as its clean form");
	is_int(strlen(strings_keep(&s, longest)), TEXT_MAX - 1, "100 kB are cut");
	is_int(s.len, 2, "each once");
}

static void test_many(void)
{
	_release_(strings_done) struct strings s = { 0 };
	const char *first[MANY];
	bool is_same = true;
	char text[32];

	for (int round = 0; round < 2; round++)
		for (int i = 0; i < MANY; i++) {
			(void)snprintf(text, sizeof(text), "name %d", i);
			if (round)
				is_same &= strings_keep(&s, text) == first[i];
			else
				first[i] = strings_keep(&s, text);
		}
	ok(is_same, "%d texts are found again", MANY);
	is_int(s.len, MANY, "and none was kept twice");
}

static void test_arena(void)
{
	_release_(arena_done) struct arena a = { 0 };
	char *small = arena_alloc(&a, 3), *next = arena_alloc(&a, 1);
	char *large = arena_alloc(&a, 1000000), *after = arena_alloc(&a, 0);

	must(small && next && large && after);
	memset(large, 1, 1000000);
	is_int(next - small, 8, "pieces are aligned");
	is_int(after - next, 8, "a large one has memory of its own");
	ok(!arena_alloc(&a, SIZE_MAX), "what nobody has is refused");
}

static int add_some(struct strings *s)
{
	char text[600];

	memset(text, 'y', sizeof(text));
	for (int i = 0; i < 300; i++) {
		(void)snprintf(text, 4, "%03d", i);
		text[3] = 'y';
		text[599] = '\0';
		if (!strings_keep(s, text))
			return -ENOMEM;
	}
	return 0;
}

static void test_no_memory(void)
{
	bool is_hit = true, is_told = true;
	size_t n;

	for (n = 1; is_hit && is_told; n++) {
		_release_(strings_done) struct strings s = { 0 };
		int err;

		failing_alloc_start(n);
		err = add_some(&s);
		is_hit = failing_alloc_stop();
		is_told = err == (is_hit ? -ENOMEM : 0) && (err || s.len == 300) && !add_some(&s) &&
			  s.len == 300;
	}
	ok(is_told, "each of %zu allocations fails once, is told, and leaves a usable pool", n - 2);
	ok(n > 10, "there were as many");
}

int main(void)
{
	test_keep();
	test_clean();
	test_many();
	test_arena();
	test_no_memory();
	return tap_done();
}
