// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Leaks a known number of blocks through every allocation function there is, frees a known part
 * through every way to free, walks the edge cases, and prints the exact truth as one JSON line.
 *
 *	alloc-matrix [-n COUNT] [-c] [FUNCTION...]	-c: C++ operator new left out
 *
 * Functions that only some allocators have are weak: absent ones are skipped, also when static.
 */
#include "gate.h"

#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>

#define MAX_COUNT  20000
#define OLD_BLOCKS 64
#define ALIGNMENT  64
#define HUGE_BYTES (5ull << 30)

void *mallocx(size_t size, int flags) __attribute__((weak));
void *rallocx(void *at, size_t size, int flags) __attribute__((weak));
void dallocx(void *at, int flags) __attribute__((weak));
void sdallocx(void *at, size_t size, int flags) __attribute__((weak));
void free_sized(void *at, size_t size) __attribute__((weak));
void cfree(void *at) __attribute__((weak));
void *pvalloc(size_t size) __attribute__((weak));
void *_Znwm(size_t size) __attribute__((weak));
void *_Znam(size_t size) __attribute__((weak));
void *_ZnwmSt11align_val_t(size_t size, size_t alignment) __attribute__((weak));
void _ZdlPv(void *at) __attribute__((weak));
void _ZdaPv(void *at) __attribute__((weak));
void _ZdlPvm(void *at, size_t size) __attribute__((weak));
void _ZdaPvm(void *at, size_t size) __attribute__((weak));

struct truth {
	uint64_t allocs, frees, blocks, bytes;
};

struct block {
	void *at;
	size_t size;
};

static struct {
	struct truth now; /* of the function being exercised */
	struct truth sum;
	uint64_t failed;
	uint64_t frees_before_attach;
	struct block held[MAX_COUNT];
	size_t held_count;
	void *old[OLD_BLOCKS + 1];
	bool is_first;
} m;

static void count_alloc(size_t size)
{
	m.now.allocs++;
	m.now.blocks++;
	m.now.bytes += size;
}

static void count_free(size_t size)
{
	m.now.frees++;
	m.now.blocks--;
	m.now.bytes -= size;
}

/* The block stays; storing it where the optimiser must believe in it keeps the call alive. */
static SITE void keep(void *at, size_t size)
{
	if (!at) {
		m.failed++;
		return;
	}
	count_alloc(size);
	if (m.held_count < MAX_COUNT)
		m.held[m.held_count++] = (struct block){ at, size };
}

/* The optimiser may not pair the free of what went through here with its malloc and drop both. */
static SITE void *opaque(void *at)
{
	return at;
}

static SITE void expect_failure(void *at)
{
	if (at)
		_exit(8);
	m.failed++;
}

/* --- one leaking function per allocation function ------------------------------------------- */

static SITE void leak_by_malloc(size_t size)
{
	keep(malloc(size), size);
}

static SITE void leak_by_calloc(size_t size)
{
	keep(calloc(size / 16, 16), size);
}

static SITE void leak_by_realloc(size_t size)
{
	keep(realloc(NULL, size), size);
}

static SITE void leak_by_realloc_grow(size_t size)
{
	void *at = malloc(size / 4);

	count_alloc(size / 4);
	at = realloc(at, size);
	count_free(size / 4);
	keep(at, size);
}

static SITE void leak_by_reallocarray(size_t size)
{
	keep(reallocarray(NULL, size / 16, 16), size);
}

static SITE void leak_by_memalign(size_t size)
{
	keep(memalign(ALIGNMENT, size), size);
}

static SITE void leak_by_posix_memalign(size_t size)
{
	void *at = NULL;

	if (posix_memalign(&at, ALIGNMENT, size))
		at = NULL;
	keep(at, size);
}

static SITE void leak_by_aligned_alloc(size_t size)
{
	keep(aligned_alloc(ALIGNMENT, size), size);
}

static SITE void leak_by_valloc(size_t size)
{
	keep(valloc(size), size);
}

static SITE void leak_by_pvalloc(size_t size)
{
	keep(pvalloc(size * 64), size * 64); /* whole pages: whether it rounds does not matter */
}

static SITE void leak_by_strdup(size_t size)
{
	char text[1024];

	memset(text, 'x', sizeof(text));
	text[size - 1] = '\0';
	keep(strdup(text), size);
}

static SITE void leak_by_mallocx(size_t size)
{
	keep(mallocx(size, 0), size);
}

static SITE void leak_by_rallocx(size_t size)
{
	void *at = mallocx(size / 4, 0);

	count_alloc(size / 4);
	at = rallocx(at, size, 0);
	count_free(size / 4);
	keep(at, size);
}

static SITE void leak_by__Znwm(size_t size)
{
	keep(_Znwm(size), size);
}

static SITE void leak_by__Znam(size_t size)
{
	keep(_Znam(size), size);
}

static SITE void leak_by__ZnwmSt11align_val_t(size_t size)
{
	keep(_ZnwmSt11align_val_t(size, ALIGNMENT), size);
}

/* --- edge cases: each leaks in a function of its own ----------------------------------------- */

static SITE void leak_by_realloc_in_place(size_t size)
{
	char *at = malloc(size);
	size_t usable = malloc_usable_size(at);

	count_alloc(size);
	at = realloc(at, usable);
	count_free(size);
	keep(at, usable);
}

static SITE void leak_by_realloc_move(size_t size)
{
	char *at = malloc(size), *wall = opaque(malloc(size));

	count_alloc(size);
	count_alloc(size);
	at = realloc(at, size * 1000);
	count_free(size);
	keep(at, size * 1000);
	free(wall);
	count_free(size);
}

static SITE void leak_by_realloc_shrink(size_t size)
{
	char *at = malloc(size * 10);

	count_alloc(size * 10);
	at = realloc(at, size);
	count_free(size * 10);
	keep(at, size);
}

/* The old block survives a realloc that fails: it must stay in the ledger with its old size. */
static SITE void leak_by_realloc_failed(size_t size)
{
	volatile size_t too_much = PTRDIFF_MAX;
	void *volatile at = malloc(size);

	expect_failure(realloc(at, too_much));
	keep(at, size);
}

/* Frees and returns NULL, or returns a block of size 0: allocators differ, the truth follows. */
static SITE void leak_by_realloc_zero(size_t size)
{
	volatile size_t zero = 0;
	char *at = malloc(size);

	count_alloc(size);
	at = realloc(at, zero);
	count_free(size);
	if (at)
		keep(at, 0);
}

static SITE void leak_by_realloc_old(size_t size)
{
	void *at = realloc(m.old[OLD_BLOCKS], size * 5);

	m.frees_before_attach++;
	keep(at, size * 5);
}

static SITE void leak_by_malloc_zero(size_t size)
{
	volatile size_t zero = size - size;

	keep(malloc(zero), 0);
}

static SITE void leak_by_huge_malloc(size_t size)
{
	volatile size_t huge = HUGE_BYTES + size;

	keep(malloc(huge), huge);
}

static SITE void leak_by_failing_calls(size_t size)
{
	volatile size_t too_much = PTRDIFF_MAX;
	void *untouched = NULL;

	(void)size;
	expect_failure(malloc(too_much));
	expect_failure(calloc(too_much, 4));
	if (!posix_memalign(&untouched, sizeof(void *), too_much))
		_exit(8);
	m.failed++;
	free(NULL);
}

static SITE void leak_by_free_old(size_t size)
{
	(void)size;
	for (size_t i = 0; i < OLD_BLOCKS; i++) {
		free(m.old[i]);
		m.frees_before_attach++;
	}
}

/* --- ways to free ---------------------------------------------------------------------------- */

static SITE void by_free(struct block b)
{
	free(b.at);
}

/* jemalloc has neither cfree nor pvalloc: those in sight are glibc's, of another heap. */
static bool is_foreign(const char *name)
{
	return mallocx && (strcmp(name, "cfree") == 0 || strcmp(name, "pvalloc") == 0);
}

static SITE void by_cfree(struct block b)
{
	cfree(b.at);
}

static SITE void by_free_sized(struct block b)
{
	free_sized(b.at, b.size);
}

static SITE void by_dallocx(struct block b)
{
	dallocx(b.at, 0);
}

static SITE void by_sdallocx(struct block b)
{
	sdallocx(b.at, b.size, 0);
}

static SITE void by__ZdlPv(struct block b)
{
	_ZdlPv(b.at);
}

static SITE void by__ZdaPv(struct block b)
{
	_ZdaPv(b.at);
}

static SITE void by__ZdlPvm(struct block b)
{
	_ZdlPvm(b.at, b.size);
}

static SITE void by__ZdaPvm(struct block b)
{
	_ZdaPvm(b.at, b.size);
}

struct freer {
	const char *name;
	void *present; /* NULL: not in this process */
	void (*free)(struct block b);
	bool is_sized; /* only for blocks whose size class follows from their size alone */
	uint64_t used;
};

#define HAVE(function) ((void *)(uintptr_t)(function))

static struct freer freers[] = {
	{ "free", HAVE(free), by_free, false, 0 },
	{ "cfree", HAVE(cfree), by_cfree, false, 0 },
	{ "free_sized", HAVE(free_sized), by_free_sized, true, 0 },
	{ "dallocx", HAVE(dallocx), by_dallocx, false, 0 },
	{ "sdallocx", HAVE(sdallocx), by_sdallocx, true, 0 },
	{ "_ZdlPv", HAVE(_ZdlPv), by__ZdlPv, false, 0 },
	{ "_ZdaPv", HAVE(_ZdaPv), by__ZdaPv, false, 0 },
	{ "_ZdlPvm", HAVE(_ZdlPvm), by__ZdlPvm, true, 0 },
	{ "_ZdaPvm", HAVE(_ZdaPvm), by__ZdaPvm, true, 0 },
};

#define FREERS (sizeof(freers) / sizeof(freers[0]))

static void release_some(bool may_be_sized)
{
	static size_t next;

	for (size_t i = 0; i < m.held_count; i += 4) {
		struct freer *freer;

		do
			freer = &freers[next++ % FREERS];
		while (!freer->present || is_foreign(freer->name) ||
		       (freer->is_sized && !may_be_sized));
		freer->free(m.held[i]);
		freer->used++;
		count_free(m.held[i].size);
	}
}

/* --- the walk -------------------------------------------------------------------------------- */

struct leaker {
	const char *name; /* with '_' for '-': the function is leak_by_NAME */
	void *present;
	void (*leak)(size_t size);
	bool is_plain; /* its blocks may be freed by size */
	bool is_edge;  /* called once, nothing is freed afterwards */
};

static const struct leaker leakers[] = {
	{ "malloc", HAVE(malloc), leak_by_malloc, true, false },
	{ "calloc", HAVE(calloc), leak_by_calloc, true, false },
	{ "realloc", HAVE(realloc), leak_by_realloc, false, false },
	{ "realloc_grow", HAVE(realloc), leak_by_realloc_grow, false, false },
	{ "reallocarray", HAVE(reallocarray), leak_by_reallocarray, false, false },
	{ "memalign", HAVE(memalign), leak_by_memalign, false, false },
	{ "posix_memalign", HAVE(posix_memalign), leak_by_posix_memalign, false, false },
	{ "aligned_alloc", HAVE(aligned_alloc), leak_by_aligned_alloc, false, false },
	{ "valloc", HAVE(valloc), leak_by_valloc, false, false },
	{ "pvalloc", HAVE(pvalloc), leak_by_pvalloc, false, false },
	{ "strdup", HAVE(strdup), leak_by_strdup, true, false },
	{ "mallocx", HAVE(mallocx), leak_by_mallocx, true, false },
	{ "rallocx", HAVE(rallocx), leak_by_rallocx, false, false },
	{ "_Znwm", HAVE(_Znwm), leak_by__Znwm, true, false },
	{ "_Znam", HAVE(_Znam), leak_by__Znam, true, false },
	{ "_ZnwmSt11align_val_t", HAVE(_ZnwmSt11align_val_t), leak_by__ZnwmSt11align_val_t, false,
	  false },
	{ "realloc_in_place", HAVE(realloc), leak_by_realloc_in_place, false, true },
	{ "realloc_move", HAVE(realloc), leak_by_realloc_move, false, true },
	{ "realloc_shrink", HAVE(realloc), leak_by_realloc_shrink, false, true },
	{ "realloc_failed", HAVE(realloc), leak_by_realloc_failed, false, true },
	{ "realloc_zero", HAVE(realloc), leak_by_realloc_zero, false, true },
	{ "realloc_old", HAVE(realloc), leak_by_realloc_old, false, true },
	{ "malloc_zero", HAVE(malloc), leak_by_malloc_zero, false, true },
	{ "huge_malloc", HAVE(malloc), leak_by_huge_malloc, false, true },
	{ "failing_calls", HAVE(malloc), leak_by_failing_calls, false, true },
	{ "free_old", HAVE(free), leak_by_free_old, false, true },
};

static bool is_wanted(const struct leaker *l, char **names, bool with_cxx)
{
	if (!l->present || is_foreign(l->name) || (!with_cxx && l->name[0] == '_'))
		return false;
	for (char **name = names; *name; name++)
		if (strcmp(*name, l->name) == 0)
			return true;
	return !*names;
}

static void run(const struct leaker *l, size_t count)
{
	m.now = (struct truth){ 0 };
	m.held_count = 0;
	for (size_t i = 0; i < (l->is_edge ? 1 : count); i++)
		l->leak(ALIGNMENT * (2 + i % 7));
	if (!l->is_edge)
		release_some(l->is_plain);
	printf("%s\"%s\":{\"blocks\":%lu,\"bytes\":%lu,\"allocs\":%lu,\"frees\":%lu}",
	       m.is_first ? "" : ",", l->name, (unsigned long)m.now.blocks,
	       (unsigned long)m.now.bytes, (unsigned long)m.now.allocs, (unsigned long)m.now.frees);
	m.is_first = false;
	m.sum.allocs += m.now.allocs;
	m.sum.frees += m.now.frees;
	m.sum.blocks += m.now.blocks;
	m.sum.bytes += m.now.bytes;
}

static void print_sums(void)
{
	printf("},\"freed_by\":{");
	for (size_t i = 0; i < FREERS; i++)
		printf("%s\"%s\":%lu", i ? "," : "", freers[i].name, (unsigned long)freers[i].used);
	printf("},\"blocks\":%lu,\"bytes\":%lu,\"allocs\":%lu,\"frees\":%lu,"
	       "\"failed\":%lu,\"frees_before_attach\":%lu}\n",
	       (unsigned long)m.sum.blocks, (unsigned long)m.sum.bytes, (unsigned long)m.sum.allocs,
	       (unsigned long)m.sum.frees, (unsigned long)m.failed,
	       (unsigned long)m.frees_before_attach);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	bool with_cxx = true;
	size_t count = 200;
	int option;

	while ((option = getopt(argc, argv, "n:c")) != -1) {
		if (option == 'n')
			count = number_or(optarg, count) % MAX_COUNT;
		else if (option == 'c')
			with_cxx = false;
		else
			return 2;
	}
	for (size_t i = 0; i <= OLD_BLOCKS; i++)
		m.old[i] = malloc(333);
	gate_ready();
	gate_wait();
	m.is_first = true;
	printf("{\"functions\":{");
	for (size_t i = 0; i < sizeof(leakers) / sizeof(leakers[0]); i++)
		if (is_wanted(&leakers[i], argv + optind, with_cxx))
			run(&leakers[i], count);
	print_sums();
	gate_wait();
	return 0;
}
