// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Places by symbols, figures by V8's own functions, limits by options. */
#include "collect/v8_state.h"

#include "base/scope.h"
#include "base/text.h"
#include "host/fd.h"
#include "probe/function_place.h"
#include "symbol/elf_prefixed.h"
#include "symbol/getter.h"

#include <errno.h>
#include <string.h>

#define TEXT_BYTES_MAX	  (1u << 20)
#define MIN_LIMIT_BYTES	  (1ull << 20)
#define MAX_LIMIT_BYTES	  (1ull << 45)
#define TABLE_HEAD	  16	 /* of a table of virtual functions, before its first */
#define EXTERNAL_FIELD	  0x38	 /* of v8::HeapStatistics, which is public */
#define ISOLATE_WORDS	  512	 /* read at a time */
#define BEHIND_HEAP_BYTES 0x4000 /* so much of an isolate lies behind the beginning of its Heap */
#define MAX_ISOLATE_BYTES 0x40000
#define AREA_MAX_BYTES	  (256u << 10) /* an area lies in one page of V8's */

/* --- options ---------------------------------------------------------------------------------- */

/* The whole of /proc/PID/@file, NULL when unreadable; to be freed. */
static char *read_text(pid_t pid, const char *file, size_t *ret_len)
{
	_release_(closep) int fd = procfs_open(pid, file);
	char *text = NULL;

	*ret_len = 0;
	if (fd < 0 || procfs_read(fd, TEXT_BYTES_MAX, &text, ret_len))
		return NULL;
	return text;
}

/* Of NODE_OPTIONS in an environment (NUL-separated). */
static uint64_t environment_limit(const char *text, size_t len)
{
	static const char name[] = "NODE_OPTIONS=";

	for (size_t at = 0; at < len; at += strlen(text + at) + 1) {
		const char *value = text + at + sizeof(name) - 1;

		if (strncmp(text + at, name, sizeof(name) - 1) == 0)
			return gc_option_limit(
				(struct bytes){ (const uint8_t *)value, strlen(value) }, ' ');
	}
	return 0;
}

uint64_t v8_option_limit(pid_t pid)
{
	_release_(freep) char *words = NULL;
	_release_(freep) char *environment = NULL;
	size_t len;
	uint64_t limit = 0;

	words = read_text(pid, "cmdline", &len);
	if (words)
		limit = gc_option_limit((struct bytes){ (const uint8_t *)words, len }, 0);
	if (limit)
		return limit;
	environment = read_text(pid, "environ", &len);
	return environment ? environment_limit(environment, len) : 0;
}

/* --- places ----------------------------------------------------------------------------------- */

struct search {
	struct v8_places *places;
	const struct elf *elf;
	const struct mapping *map; /* the first of the file */
};

#define FUNCTION(member) offsetof(struct v8_places, member)
#define TABLE(index)	 (offsetof(struct v8_places, allocators) + (index) * sizeof(uint64_t))

static const struct place {
	const char *prefix;
	size_t member;
	bool is_table;
} places[] = {
	{ "_ZN2v88internal4Heap13SizeOfObjectsE", FUNCTION(used), false },
	{ "_ZN2v88internal4Heap15CommittedMemoryE", FUNCTION(total), false },
	{ "_ZN2v88internal4Heap11MaxReservedE", FUNCTION(limit), false },
	{ "_ZNK2v88internal4Heap11MaxReservedE", FUNCTION(limit), false },
	{ "_ZN2v87Isolate17GetHeapStatisticsE", FUNCTION(statistics), false },
	{ "_ZN2v88internal4Heap35FreeMainThreadLinearAllocationAreasE", FUNCTION(free_areas),
	  false },
	{ "_ZN2v88internal13MainAllocator24FreeLinearAllocationAreaE", FUNCTION(free_area), false },
	{ "_ZN4node24NodeArrayBufferAllocator4FreeE", FUNCTION(release), false },
	{ "_ZTVN4node24NodeArrayBufferAllocatorE", TABLE(0), true },
	{ "_ZTVN4node29DebuggingArrayBufferAllocatorE", TABLE(1), true },
};
#define PLACE_COUNT (sizeof(places) / sizeof(*places))

static int on_symbol(void *ctx, const struct elf_prefixed *symbol)
{
	const struct search *s = ctx;
	uint64_t first = 0, address;

	/* clones have other arguments, or only the part that is never run */
	if (strchr(symbol->name, '.') || !elf_vaddr_of(s->elf, s->map->offset, &first))
		return 0;
	address = s->map->start + (symbol->vaddr - first);
	for (size_t i = 0; i < PLACE_COUNT; i++) {
		void *member = (char *)s->places + places[i].member;

		if (strncmp(symbol->name, places[i].prefix, strlen(places[i].prefix)) != 0)
			continue;
		if (places[i].is_table)
			*(uint64_t *)member = address + TABLE_HEAD;
		else if (symbol->size)
			*(struct v8_function *)member =
				(struct v8_function){ address, (size_t)symbol->size };
	}
	return 0;
}

static int look(void *ctx, const struct elf *elf, const struct mapping *m)
{
	struct v8_places *p = ctx;
	struct search s = { .places = p, .elf = elf, .map = m };
	const char *prefixes[PLACE_COUNT];
	int err;

	for (size_t i = 0; i < PLACE_COUNT; i++)
		prefixes[i] = places[i].prefix;
	err = elf_find_prefixed(elf, prefixes, PLACE_COUNT, on_symbol, &s);
	if (err)
		return err;
	(void)text_clean(m->path, strlen(m->path), p->path, sizeof(p->path));
	return p->statistics.address ? 0 : -ENODATA;
}

/* The executable mappings of the file that has the function at @address. */
static int find_texts(const struct target *t, struct v8_places *p)
{
	_release_(procmaps_done) struct procmaps maps = { 0 };
	const struct mapping *m;
	int err = target_maps(t, &maps);

	if (err)
		return err;
	m = procmaps_find(&maps, p->statistics.address);
	for (size_t i = 0; m && i < maps.len && p->text_count < V8_TEXTS_MAX; i++)
		if (maps.at[i].inode == m->inode && maps.at[i].executable)
			p->texts[p->text_count++] =
				(struct v8_text){ maps.at[i].start, maps.at[i].end,
						  maps.at[i].offset };
	return p->text_count ? 0 : -ENODATA;
}

/* Code is read from the file: in memory it may have somebody's probes. */
static int read_code(const struct reader *r, uint64_t address, void *buf, size_t len)
{
	const struct v8_places *p = r->ctx;

	for (size_t i = 0; i < p->text_count; i++) {
		const struct v8_text *x = &p->texts[i];
		ssize_t n;

		if (address < x->start || address >= x->end)
			continue;
		n = fd_read_at(p->fd, x->offset + (address - x->start), buf, len);
		return n < 0 ? (int)n : (size_t)n == len ? 0 : -ENODATA;
	}
	return -EFAULT;
}

static struct reader code_reader(const struct v8_places *p)
{
	return (struct reader){ .read_at = read_code, .ctx = p, .size = UINT64_MAX };
}

static void find_members(struct v8_places *p)
{
	struct reader code = code_reader(p);
	struct getter_member member;

	if (p->release.address)
		p->has_counter = getter_own_member(&code, p->release.address, p->release.len,
						   GETTER_SUBTRACTS, &p->counter) == 0;
	if (p->free_areas.address && p->free_area.address)
		p->has_areas = getter_own_member(&code, p->free_area.address, p->free_area.len,
						 GETTER_LOADS, &p->area) == 0;
	p->external.is_known = getter_stored_member(&code, p->statistics.address, p->statistics.len,
						    EXTERNAL_FIELD, &member) == 0 &&
			       member.base < MAX_ISOLATE_BYTES;
	if (!p->external.is_known)
		return;
	p->external.isolate = member.base;
	p->external.offset = member.offset;
}

void v8_places_done(struct v8_places *p)
{
	closep(&p->fd);
	p->fd = -1;
}

int v8_places_find(const struct target *t, struct v8_places *ret)
{
	int err;

	*ret = (struct v8_places){ .fd = -1 };
	err = function_file_find(t, look, ret, &ret->fd);
	if (!err)
		err = find_texts(t, ret);
	if (!err)
		find_members(ret);
	else
		v8_places_done(ret);
	return err;
}

/* --- memory ----------------------------------------------------------------------------------- */

static int read_memory(const struct reader *r, uint64_t offset, void *buf, size_t len)
{
	return target_read_memory(r->ctx, offset, buf, len);
}

struct reader v8_reader(const struct target *t)
{
	return (struct reader){ .read_at = read_memory, .ctx = t, .size = UINT64_MAX };
}

uint64_t v8_limit(const struct reader *memory, const struct v8_function *f, uint64_t heap)
{
	const struct getter g = { .code = memory, .memory = memory };
	uint64_t limit = 0;

	if (!f->address || getter_value(&g, f->address, heap, &limit))
		return 0;
	/* else not what we take it for */
	return limit >= MIN_LIMIT_BYTES && limit <= MAX_LIMIT_BYTES ? limit : 0;
}

static bool is_allocator(const struct reader *memory, const struct v8_places *p, uint64_t address)
{
	uint64_t table = 0;

	if (address % 8 || address < 0x10000 || address >= (1ull << 47) ||
	    memory->read_at(memory, address, &table, sizeof(table)))
		return false;
	return table && (table == p->allocators[0] || table == p->allocators[1]);
}

uint64_t v8_allocator(const struct reader *memory, const struct v8_places *p, uint64_t heap)
{
	uint64_t at = heap - p->external.isolate, words[ISOLATE_WORDS];

	if (!p->external.is_known || !p->has_counter)
		return 0;
	for (; at < heap + BEHIND_HEAP_BYTES; at += sizeof(words)) {
		if (memory->read_at(memory, at, words, sizeof(words)))
			return 0;
		for (size_t i = 0; i < ISOLATE_WORDS; i++)
			if (is_allocator(memory, p, words[i]))
				return words[i];
	}
	return 0;
}

static bool evaluate(const struct reader *memory, const struct v8_places *p,
		     const struct v8_function *f, uint64_t heap, uint64_t *ret)
{
	struct reader code = code_reader(p);
	const struct getter g = { .code = &code, .memory = memory };

	return f->address && getter_value(&g, f->address, heap, ret) == 0 &&
	       *ret <= MAX_LIMIT_BYTES;
}

/* Where the build hides the function, and for what it would say: the spaces together. */
static uint64_t spaces_bytes(const struct memory_heap *h)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < h->space_count; i++)
		sum += h->spaces[i].committed_bytes;
	return sum;
}

static bool read_member(const struct reader *memory, uint64_t address, uint64_t *ret)
{
	return memory->read_at(memory, address, ret, sizeof(*ret)) == 0 && *ret <= MAX_LIMIT_BYTES;
}

/* What is left of the areas that the main thread allocates from: their limits less their tops. */
static int free_bytes(const struct reader *memory, const struct v8_places *p, uint64_t heap,
		      uint64_t *ret)
{
	struct reader code = code_reader(p);
	const struct getter g = { .code = &code, .memory = memory };
	struct getter_calls calls = { .callee = p->free_area.address };
	uint64_t area[3]; /* start, top, limit */
	int err = getter_calls(&g, p->free_areas.address, heap, &calls);

	*ret = 0;
	if (err || calls.count > GETTER_CALLS_MAX)
		return err ? err : -E2BIG;
	for (size_t i = 0; i < calls.count; i++) {
		uint64_t at = 0;

		if (!read_member(memory, calls.arguments[i] + p->area, &at) ||
		    memory->read_at(memory, at, area, sizeof(area)))
			return -EFAULT;
		if (area[0] > area[1] || area[1] > area[2] || area[2] - area[1] > AREA_MAX_BYTES)
			return -EBADMSG;
		*ret += area[2] - area[1];
	}
	return 0;
}

/* As V8 would answer: heapUsed without what is free of areas. */
static bool read_used(const struct reader *memory, const struct v8_places *p, uint64_t heap,
		      uint64_t *ret)
{
	uint64_t spare = 0;

	if (!evaluate(memory, p, &p->used, heap, ret))
		return false;
	if (!p->free_area.address)
		return true;
	if (!p->has_areas || free_bytes(memory, p, heap, &spare) || spare > *ret)
		return false;
	*ret -= spare;
	return true;
}

void v8_heap_read(const struct target *t, const struct v8_places *p,
		  const struct gc_found_heap *found, struct memory_heap *ret)
{
	struct reader memory = v8_reader(t);
	uint64_t heap = found->address;

	ret->address = heap;
	ret->limit_bytes = v8_limit(&memory, &p->limit, heap);
	if (gc_spaces_read(&memory, heap, &found->layout, ret->spaces, &ret->space_count))
		ret->space_count = 0;
	ret->has_total = evaluate(&memory, p, &p->total, heap, &ret->total_bytes);
	if (!ret->has_total && ret->space_count) {
		ret->total_bytes = spaces_bytes(ret);
		ret->has_total = true;
	}
	ret->has_used = read_used(&memory, p, heap, &ret->used_bytes) &&
			(!ret->has_total || ret->used_bytes <= ret->total_bytes + MIN_LIMIT_BYTES);
	ret->has_external = p->external.is_known &&
			    read_member(&memory, heap + p->external.offset, &ret->external_bytes);
	if (!ret->allocator)
		ret->allocator = v8_allocator(&memory, p, heap);
	ret->has_array_buffers =
		ret->allocator && is_allocator(&memory, p, ret->allocator) &&
		read_member(&memory, ret->allocator + p->counter, &ret->array_buffers_bytes);
}
