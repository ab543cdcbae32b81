// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What happens while the process stands still, and what is put in order after it. */
#include "collect/js_heap_state.h"

#include "base/scope.h"
#include "base/vec.h"
#include "collect/v8_state.h"
#include "host/clock.h"
#include "profile/memory_pools.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#define LARGE_FRONT_BYTES 4096u /* of a large object: its map and its length */
#define BLOCK_WORDS	  512u
#define AREA_WORDS	  128u /* of what the Heap points to: who allocates has its areas there */
#define MIN_ADDRESS	  0x10000ull
#define MAX_ADDRESS	  (1ull << 47)
#define FIRST_WORDS	  16u /* of a page: maps among them are looked for */
#define CONSTANTS_MAX	  16u
#define HURRY		  (-20)

void js_heap_copy_done(struct js_heap_copy *c)
{
	for (size_t i = 0; i < c->constants.len; i++)
		free(c->constants.at[i]);
	free(c->constants.at);
	free(c->pages.at);
	free(c->gaps.at);
	free(c->copied.at);
	free(c->ranges.at);
	free(c->outside.at);
	free(c->seeds.at);
	free(c->left.at);
	free(c->roots.at);
	if (c->room)
		(void)munmap(c->room, c->room_bytes);
	*c = (struct js_heap_copy){ 0 };
}

int js_heap_copy_make_room(struct js_heap_copy *c, size_t bytes)
{
	void *room;

	if (c->room_bytes >= bytes)
		return 0;
	if (c->room)
		(void)munmap(c->room, c->room_bytes);
	c->room = NULL;
	c->room_bytes = 0;
	room = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE,
		    -1, 0);
	if (room == MAP_FAILED)
		return -ENOMEM;
	c->room = room;
	c->room_bytes = bytes;
	return 0;
}

/* --- pages ------------------------------------------------------------------------------------ */

/* Which mappings are empty is not asked: it takes longer than to look. */
int js_heap_list_chunks(struct js_heap_reader *r, size_t *ret_count)
{
	_release_(procmaps_done) struct procmaps maps = { 0 };
	struct smaps_entry *entries;
	struct smaps all;
	int err = target_maps(&r->target, &maps);

	if (err)
		return err;
	entries = calloc(maps.len + 1, sizeof(*entries));
	if (!entries)
		return -ENOMEM;
	for (size_t i = 0; i < maps.len; i++) {
		entries[i].m = maps.at[i]; /* borrowed */
		entries[i].rss_bytes = maps.at[i].writable && maps.at[i].readable;
	}
	all = (struct smaps){ entries, maps.len, maps.len };
	*ret_count = memory_chunks(&all, r->chunks, JS_HEAP_CHUNKS_MAX);
	free(entries);
	return 0;
}

static bool is_heap_of(const struct js_heap_reader *r, uint64_t address)
{
	for (size_t i = 0; i < r->heaps.len; i++)
		if (r->heaps.at[i].address == address)
			return true;
	return false;
}

static bool read_page(const struct js_heap_reader *r, uint64_t chunk, struct v8_page *ret)
{
	uint64_t head[V8_PAGE_WORDS], note[V8_PAGE_WORDS], id;

	if (target_read_memory(&r->target, chunk, head, sizeof(head)))
		return false;
	id = v8_page_id(r->at_pages, chunk, head);
	if (id == chunk)
		return v8_page_read(r->at_pages, chunk, head, head, ret);
	if (id % 8 || id < MIN_ADDRESS || id >= MAX_ADDRESS ||
	    target_read_memory(&r->target, id, note, sizeof(note)))
		return false;
	return v8_page_read(r->at_pages, chunk, head, note, ret);
}

/* Pages of code are not looked into: how long their objects are is told by other fields. */
static void mark_pages_of(struct v8_pages *pages, uint64_t owner)
{
	for (size_t i = 0; i < pages->len; i++)
		pages->at[i].is_code |= pages->at[i].owner == owner;
}

/* What V8 has of its spaces, and which are for code. */
static void look_at_spaces(struct js_heap_reader *r)
{
	struct reader memory = v8_reader(&r->target);
	struct gc_space spaces[GC_SPACES_MAX];
	size_t count = 0;

	r->copy.committed_bytes = 0;
	for (size_t i = 0; i < r->heaps.len; i++) {
		const struct gc_found_heap *h = &r->heaps.at[i];

		if (gc_spaces_read(&memory, h->address, &h->layout, spaces, &count))
			continue;
		for (size_t k = 0; k < count; k++) {
			r->copy.committed_bytes += spaces[k].committed_bytes;
			if (strncmp(spaces[k].name, "code_", 5) == 0)
				mark_pages_of(&r->copy.pages, spaces[k].address);
		}
	}
}

/* Of a large object that has no pointers nothing but its front is needed. */
static bool is_flat(const struct js_heap_reader *r, const struct v8_page *p)
{
	const struct v8_offsets *o = r->layout.offsets;
	uint64_t map;
	uint16_t type;

	if (p->size <= V8_PAGE_BYTES || target_read_memory(&r->target, p->start, &map, 8) ||
	    target_read_memory(&r->target, map - 1 + (uint64_t)o->map_instance_type, &type, 2))
		return false;
	return !v8_type_has_pointers(o, type);
}

int js_heap_survey(struct js_heap_reader *r)
{
	struct v8_pages *pages = &r->copy.pages;
	size_t count = 0;
	int err = js_heap_list_chunks(r, &count);

	pages->len = 0;
	for (size_t i = 0; i < count && !err; i++) {
		struct v8_page page, *kept;

		if (!read_page(r, r->chunks[i], &page) || !is_heap_of(r, page.heap))
			continue;
		page.is_flat = is_flat(r, &page);
		kept = vec_push(pages);
		if (!kept)
			err = -ENOMEM;
		else
			*kept = page;
	}
	if (!err)
		err = v8_pages_order(pages);
	if (!err)
		look_at_spaces(r);
	return err;
}

static bool is_copied(const struct v8_page *p)
{
	return !p->is_code && !p->is_left && !p->is_unused;
}

static size_t content_of(const struct v8_page *p)
{
	size_t bytes = p->end - p->start;

	return p->is_flat && bytes > LARGE_FRONT_BYTES ? LARGE_FRONT_BYTES : bytes;
}

uint64_t js_heap_content_bytes(const struct js_heap_copy *c)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < c->pages.len; i++)
		if (is_copied(&c->pages.at[i]))
			sum += content_of(&c->pages.at[i]);
	return sum;
}

/* --- areas that are allocated from ------------------------------------------------------------ */

static int add_gaps_at(struct js_heap_reader *r, uint64_t address, size_t count)
{
	uint64_t words[BLOCK_WORDS];

	if (target_read_memory(&r->target, address, words, count * sizeof(*words)))
		return 0;
	return v8_gaps_add(&r->copy.pages, words, count, &r->copy.gaps);
}

/* The isolate has them, and what the Heap points to. */
static int add_gaps_of(struct js_heap_reader *r, uint64_t heap)
{
	uint64_t words[GC_HEAP_BYTES / 8];
	int err = 0;

	for (uint64_t at = heap - JS_HEAP_ISOLATE_BYTES; at < heap + JS_HEAP_BEHIND_BYTES && !err;
	     at += BLOCK_WORDS * 8ul)
		err = add_gaps_at(r, at, BLOCK_WORDS);
	if (err || target_read_memory(&r->target, heap, words, sizeof(words)))
		return err;
	for (size_t i = 0; i < GC_HEAP_BYTES / 8 && !err; i++) {
		bool may_point =
			words[i] % 8 == 0 && words[i] >= MIN_ADDRESS && words[i] < MAX_ADDRESS;

		if (may_point && !v8_pages_find(&r->copy.pages, words[i]))
			err = add_gaps_at(r, words[i], AREA_WORDS);
	}
	return err;
}

static int find_gaps(struct js_heap_reader *r)
{
	struct js_heap_copy *c = &r->copy;
	int err = 0;

	c->gaps.len = 0;
	for (size_t i = 0; i < r->heaps.len && !err; i++)
		err = add_gaps_of(r, r->heaps.at[i].address);
	return err ? err : v8_gaps_order(&c->pages, &c->gaps);
}

/* --- content ---------------------------------------------------------------------------------- */

static int copy_page(struct js_heap_reader *r, const struct v8_page *p)
{
	struct js_heap_copy *c = &r->copy;
	size_t bytes = content_of(p);
	struct v8_copied_page *copied = vec_push(&c->copied);
	int err;

	if (!copied)
		return -ENOMEM;
	err = target_read_memory(&r->target, p->start, c->room + c->used_bytes, bytes);
	*copied = (struct v8_copied_page){ .start = p->start,
					   .end = p->end,
					   .bytes = c->room + c->used_bytes,
					   .len = bytes,
					   .is_counted = true };
	c->used_bytes += bytes;
	return err;
}

static int copy_pages(struct js_heap_reader *r)
{
	struct js_heap_copy *c = &r->copy;
	int err = 0;

	if (js_heap_content_bytes(c) + js_heap_roots_bytes(c) > c->room_bytes)
		return -ENOBUFS;
	for (size_t i = 0; i < c->pages.len && !err; i++)
		if (is_copied(&c->pages.at[i]))
			err = copy_page(r, &c->pages.at[i]);
	return err;
}

/* --- V8's own constants ------------------------------------------------------------------------
 */

static bool has_copy(const struct js_heap_copy *c, uint64_t address)
{
	for (size_t i = 0; i < c->copied.len; i++)
		if (address - c->copied.at[i].start < c->copied.at[i].len)
			return true;
	return false;
}

/* Is there a map at @word, which is its own or has one that is its own? */
static bool is_map_elsewhere(struct js_heap_reader *r, uint64_t word)
{
	for (int i = 0; i < 2; i++) {
		uint64_t map;

		if (!v8_is_object(word) || word >= MAX_ADDRESS ||
		    target_read_memory(&r->target, word - 1, &map, sizeof(map)))
			return false;
		if (map == word)
			return true;
		word = map;
	}
	return false;
}

/* They lie in pages that belong to no heap and never change, so that there is time for them. */
static int copy_constants(struct js_heap_reader *r, uint64_t word)
{
	struct js_heap_copy *c = &r->copy;
	uint64_t chunk = word & ~(uint64_t)(V8_PAGE_BYTES - 1);
	uint8_t *bytes = malloc(V8_PAGE_BYTES);
	uint8_t **kept = bytes ? vec_push(&c->constants) : NULL;
	struct v8_copied_page *copied = kept ? vec_push(&c->copied) : NULL;
	size_t len = 0;

	if (!copied) {
		if (kept)
			c->constants.len--;
		free(bytes);
		return -ENOMEM;
	}
	*kept = bytes;
	while (len < V8_PAGE_BYTES &&
	       !target_read_memory(&r->target, chunk + len, bytes + len, 4096))
		len += 4096;
	*copied = (struct v8_copied_page){
		.start = chunk, .end = chunk + len, .bytes = bytes, .len = len
	};
	return 0;
}

static int add_constants(struct js_heap_reader *r)
{
	struct js_heap_copy *c = &r->copy;
	size_t count = c->copied.len;
	int err = 0;

	for (size_t i = 0; i < count * FIRST_WORDS && !err; i++) {
		const struct v8_copied_page *p = &c->copied.at[i / FIRST_WORDS];
		size_t at = i % FIRST_WORDS * sizeof(uint64_t);
		uint64_t word;

		if (at + sizeof(word) > p->len || c->constants.len == CONSTANTS_MAX)
			continue;
		memcpy(&word, p->bytes + at, sizeof(word));
		if (v8_is_object(word) && !has_copy(c, word) && is_map_elsewhere(r, word))
			err = copy_constants(r, word);
	}
	return err;
}

static int compare_copied(const void *a, const void *b)
{
	const struct v8_copied_page *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

/* --- all of it -------------------------------------------------------------------------------- */

static int add_up(struct js_heap_copy *c)
{
	c->left.len = 0;
	c->total_bytes = c->code_bytes = c->unused_bytes = 0;
	for (size_t i = 0; i < c->pages.len; i++) {
		const struct v8_page *p = &c->pages.at[i];

		if (p->is_left) {
			struct v8_gap *left = vec_push(&c->left);

			if (!left)
				return -ENOMEM;
			*left = (struct v8_gap){ p->start, p->end };
		}
		c->total_bytes += p->size;
		if (p->is_code)
			c->code_bytes += p->size;
		else if (!is_copied(p))
			c->unused_bytes += p->size;
	}
	return 0;
}

static void clear(struct js_heap_copy *c)
{
	for (size_t i = 0; i < c->constants.len; i++)
		free(c->constants.at[i]);
	c->constants.len = 0;
	c->copied.len = 0;
	c->used_bytes = 0;
}

/* While the process waits for us the others on this machine wait, too: for some ms, and as far as
 * we may. Returns what it was. */
static int set_nice(int nice)
{
	int before = getpriority(PRIO_PROCESS, 0);

	(void)setpriority(PRIO_PROCESS, 0, nice);
	return before;
}

int js_heap_copy_take(struct js_heap_reader *r)
{
	struct js_heap_copy *c = &r->copy;
	struct standstill still = { 0 };
	uint64_t began_ns = clock_monotonic_ns();
	int nice = set_nice(HURRY), err;

	clear(c);
	err = standstill_begin(r->target.pid, &still);
	if (!err)
		err = js_heap_survey(r);
	if (!err)
		err = find_gaps(r);
	if (!err)
		err = js_heap_roots_find(r);
	if (!err)
		err = copy_pages(r);
	if (!err)
		err = js_heap_roots_copy(r);
	if (!err)
		err = js_heap_roots_note(r, &still);
	standstill_end(&still);
	(void)set_nice(nice);
	c->pause_ns = clock_monotonic_ns() - began_ns;
	if (!err)
		err = add_constants(r);
	if (err)
		return err;
	qsort(c->copied.at, c->copied.len, sizeof(*c->copied.at), compare_copied);
	err = add_up(c);
	if (!err)
		err = js_heap_roots_take(r);
	return err || c->copied.len ? err : -ENODATA;
}

int js_heap_read_rest(void *arg, uint64_t address, void *into, size_t size)
{
	const struct js_heap_reader *r = arg;

	return target_read_memory(&r->target, address, into, size);
}
