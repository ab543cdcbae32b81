// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What a mapping is for, by its name, its contents and its neighbours; and that nothing is lost. */
#include "profile/memory_pools.h"

#include "base/scope.h"
#include "tap.h"

#define HEAP   0x7f1000000000ull /* a Heap of V8, which chunks point to */
#define CHUNK  0x200000040000ull
#define ARENA  0x7f2000000000ull
#define BLOCK  0x7f3000001000ull
#define STACK  0x7f4000001000ull
#define KIB(n) ((n)*1024ull)

/* Words of the process at their addresses. */
static int read_memory(const struct reader *r, uint64_t address, void *buf, size_t len)
{
	static const struct {
		uint64_t at, words[4];
	} known[] = {
		{ CHUNK, { 0x40000, 0, HEAP } },
		{ CHUNK + 16, { HEAP } },
		{ ARENA, { ARENA + 0x30, 0, 0x21000, 0x21000 } },
		{ BLOCK, { 0, 0x100000 | 2 } },
		{ BLOCK + 0x100000, { 0, 0x100000 | 2 } },
	};

	(void)r;
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (known[i].at == address && len <= sizeof(known[i].words)) {
			memcpy(buf, known[i].words, len);
			return 0;
		}
	return -EFAULT;
}

static const struct reader memory = { .read_at = read_memory, .size = UINT64_MAX };

static const struct gc_heaps heaps = { .chunks = { true, GC_NO_LINK, 2 },
				       .at = { { .address = HEAP } },
				       .len = 1 };
static const uint64_t stacks[] = { 0x1000, STACK + 0x800, UINT64_MAX };

static struct memory_sample sum(const char *text, bool may_read)
{
	_release_(smaps_done) struct smaps maps = { 0 };
	const struct memory_facts facts = { .memory = may_read ? &memory : NULL,
					    .heaps = may_read ? &heaps : NULL,
					    .stack_pointers = stacks,
					    .stack_count = 3 };
	struct memory_sample s = { 0 };
	uint64_t offset;

	must(smaps_parse((struct bytes){ (const uint8_t *)text, strlen(text) }, &maps, &offset) ==
	     0);
	memory_pools_sum(&maps, &facts, &s);
	return s;
}

static const struct {
	const char *what, *text;
	enum memory_figure pool, pool_unread; /* when its memory may be read, and when not */
} cases[] = {
	{ "the heap", "1000000-1100000 rw-p 00000000 00:00 0 [heap]\n", MEMORY_POOL_MALLOC_HEAP,
	  MEMORY_POOL_MALLOC_HEAP },
	{ "the main stack", "1000000-1100000 rw-p 00000000 00:00 0 [stack]\n", MEMORY_POOL_STACKS,
	  MEMORY_POOL_STACKS },
	{ "a thread's stack", "7f4000001000-7f4000002000 rw-p 00000000 00:00 0 \n",
	  MEMORY_POOL_STACKS, MEMORY_POOL_STACKS },
	{ "a chunk of V8", "200000040000-200000080000 rw-p 00000000 00:00 0 \n", MEMORY_POOL_V8,
	  MEMORY_POOL_OTHER },
	{ "memory at such a place that is not V8's",
	  "200000080000-2000000c0000 rw-p 00000000 00:00 0 \n", MEMORY_POOL_OTHER,
	  MEMORY_POOL_OTHER },
	{ "an arena", "7f2000000000-7f2000021000 rw-p 00000000 00:00 0 \n",
	  MEMORY_POOL_MALLOC_ARENAS, MEMORY_POOL_OTHER },
	{ "large blocks", "7f3000001000-7f3000201000 rw-p 00000000 00:00 0 \n",
	  MEMORY_POOL_MALLOC_LARGE, MEMORY_POOL_OTHER },
	{ "a large block in more than twice as much",
	  "7f3000001000-7f3000601000 rw-p 00000000 00:00 0 \n", MEMORY_POOL_OTHER,
	  MEMORY_POOL_OTHER },
	{ "generated code", "1000000-1100000 rwxp 00000000 00:00 0 \n", MEMORY_POOL_CODE,
	  MEMORY_POOL_CODE },
	{ "shared memory", "1000000-1100000 rw-s 00000000 00:01 3 /memfd:a (deleted)\n",
	  MEMORY_POOL_SHARED, MEMORY_POOL_SHARED },
	{ "a file", "1000000-1100000 r--p 00000000 fd:00 3 /srv/a\n", MEMORY_POOL_FILES,
	  MEMORY_POOL_FILES },
	{ "the kernel's", "1000000-1100000 r-xp 00000000 00:00 0 [vdso]\n", MEMORY_POOL_OTHER,
	  MEMORY_POOL_OTHER },
	{ "anything else", "1000000-1100000 rw-p 00000000 00:00 0 \n", MEMORY_POOL_OTHER,
	  MEMORY_POOL_OTHER },
};

static void test_pools(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char text[256];

		(void)snprintf(text, sizeof(text), "%sRss: 64 kB\n", cases[i].text);
		is_int(sum(text, true).bytes[cases[i].pool], KIB(64), "%s", cases[i].what);
		is_int(sum(text, false).bytes[cases[i].pool_unread], KIB(64),
		       "%s, where memory may not be read", cases[i].what);
	}
}

/* Of a file what was written to is the program's data; so is what lies behind it. */
static void test_data(void)
{
	struct memory_sample s =
		sum("1000000-1100000 rw-p 00000000 fd:00 3 /srv/a\nRss: 100 kB\nAnonymous: 30 kB\n"
		    "1100000-1200000 rw-p 00000000 00:00 0 \nRss: 50 kB\nAnonymous: 50 kB\n",
		    true);

	is_int(s.bytes[MEMORY_POOL_FILES], KIB(70), "as it is in the file");
	is_int(s.bytes[MEMORY_POOL_DATA], KIB(80), "written to, and behind it");
	is_int(s.bytes[MEMORY_RSS], KIB(150), "together");
	is_int(s.bytes[MEMORY_ANONYMOUS], KIB(80), "anonymous");
	is_int(s.bytes[MEMORY_FILE], KIB(70), "of files");
	is_int(s.bytes[MEMORY_SHARED], 0, "none is shared memory");
}

static void test_sum(void)
{
	char text[8192] = "";
	uint64_t pools = 0;
	struct memory_sample s;

	/* in the order of their addresses */
	for (size_t n = 0; n < 3; n++) {
		static const size_t order[] = { 12, 3, 5 };

		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text),
			       "%sRss: %zu kB\nAnonymous: 1 kB\nSwap: 2 kB\n", cases[order[n]].text,
			       10 + n);
	}
	s = sum(text, true);
	for (enum memory_figure f = MEMORY_FIRST_POOL; f < MEMORY_END_POOLS; f++)
		pools += s.bytes[f];
	is_int(s.bytes[MEMORY_RSS], KIB(33), "rss");
	is_int(pools, KIB(33), "pools add up to it");
	is_int(s.bytes[MEMORY_SWAP], KIB(6), "swap");
}

static void test_chunks(void)
{
	_release_(smaps_done) struct smaps maps = { 0 };
	static const char text[] = "1000000-1081000 rw-p 00000000 00:00 0 \nRss: 4 kB\n"
				   "2001000-2040000 rw-p 00000000 00:00 0 \nRss: 4 kB\n"
				   "3000000-3080000 rw-p 00000000 fd:00 7 /a\nRss: 4 kB\n"
				   "4000000-4040000 ---p 00000000 00:00 0 \nRss: 0 kB\n"
				   "5000000-5040000 rw-p 00000000 00:00 0 \nRss: 4 kB\n";
	uint64_t chunks[8], offset;

	must(smaps_parse((struct bytes){ (const uint8_t *)text, strlen(text) }, &maps, &offset) ==
	     0);
	is_int(memory_chunks(&maps, chunks, 8), 4, "in anonymous memory that is there");
	is_int(chunks[0], 0x1000000, "the first of the first");
	is_int(chunks[1], 0x5000000, "the first of another");
	is_int(chunks[3], 0x1080000, "the last, which is cut off");
	is_int(memory_chunks(&maps, chunks, 2), 2, "so many at most");
}

int main(void)
{
	test_pools();
	test_data();
	test_sum();
	test_chunks();
	return tap_done();
}
