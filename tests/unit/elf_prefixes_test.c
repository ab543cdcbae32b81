// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Functions by how their names begin: each in its table, clones with it, hostile tables refused. */
#include "symbol/elf_prefixes.h"

#include "elf_image.h"
#include "failing_alloc.h"
#include "tap.h"

#include <stdlib.h>

struct seen {
	char names[512];
	unsigned int count;
	int result;
};

static int note(void *ctx, size_t prefix, const char *name, const struct elf_symbol *symbol)
{
	struct seen *s = ctx;
	size_t len = strlen(s->names);

	s->count++;
	(void)snprintf(s->names + len, sizeof(s->names) - len, "%zu:%s+%d ", prefix, name,
		       (int)(symbol->vaddr - IMAGE_CODE));
	return s->result;
}

static int find(const struct image *image, const char *const *prefixes, size_t count,
		struct seen *seen)
{
	struct bytes b;
	struct elf elf;
	uint64_t offset;
	int err = open_image(image, &b, &elf, &offset);

	seen->names[0] = 0;
	seen->count = 0;
	return err ? err : elf_find_prefixed(&elf, prefixes, count, note, seen);
}

static void test_find(void)
{
	static const char *const prefixes[] = { "mall", "fre", "nothing", "free" };
	struct seen seen = { .result = 0 };
	struct image image;

	image_init(&image);
	is_int(find(&image, prefixes, 4, &seen), 0, "four prefixes");
	ok(strstr(seen.names, "0:malloc+0 "), "malloc is one: %s", seen.names);
	ok(strstr(seen.names, "1:free+16 ") && strstr(seen.names, "3:free+16 "),
	   "free begins with two of them");
	ok(!strstr(seen.names, "2:"), "nothing begins with nothing");
	seen.result = -7;
	is_int(find(&image, prefixes, 4, &seen), -7, "what is told may end the search");
	is_int(seen.count, 1, "at once");
}

/* A prefix counts at the beginning alone. */
static void test_middle(void)
{
	static const char *const prefixes[] = { "alloc" };
	struct seen seen = { .result = 0 };
	struct image image;

	image_init(&image);
	is_int(find(&image, prefixes, 1, &seen), 0, "the end of names");
	is_int(seen.count, 0, "is no beginning: %s", seen.names);
}

static void test_refused(void)
{
	static char many[ELF_PREFIX_MAX + 2];
	const char *const prefixes[] = { "mall" };
	const char *long_one = many, *empty = "";
	struct seen seen = { .result = 0 };
	struct image image;

	image_init(&image);
	memset(many, 'x', sizeof(many) - 1);
	is_int(find(&image, &long_one, 1, &seen), -EINVAL, "a prefix that is too long");
	is_int(find(&image, &empty, 1, &seen), -EINVAL, "an empty one");
	is_int(find(&image, NULL, 0, &seen), 0, "none at all");
	image.dynsym[1].st_name = 0x7fffffff;
	is_int(find(&image, prefixes, 1, &seen), 0, "a symbol named past the strings");
	ok(!strstr(seen.names, "malloc+0 ") || seen.count, "is left out");
}

static void test_out_of_memory(void)
{
	static const char *const prefixes[] = { "m", "f", "c", "t" };
	struct image image;
	bool is_hit = true;

	image_init(&image);
	for (size_t n = 1; is_hit; n++) {
		struct seen seen = { .result = 0 };
		int err;

		failing_alloc_start(n);
		err = find(&image, prefixes, 4, &seen);
		is_hit = failing_alloc_stop();
		is_int(err, is_hit ? -ENOMEM : 0, "allocation %zu", n);
	}
}

int main(void)
{
	test_find();
	test_middle();
	test_refused();
	test_out_of_memory();
	return tap_done();
}
