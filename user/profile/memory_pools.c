// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* By what a mapping is called, what lies at its beginning, and what stands beside it. */
#include "profile/memory_pools.h"

#include <string.h>

/* glibc's malloc: an arena of a thread is made of heaps, each in its own 64 MiB. */
#define ARENA_BYTES  (64ull << 20)
#define IS_MMAPPED   2u /* of the size of a block: it was mapped for itself */
#define SIZE_FLAGS   7u
#define PAGE_BYTES   4096
#define BLOCKS_MAX   4096 /* blocks followed in one mapping */
#define MAX_ADDRESS  (1ull << 47)
#define CHUNKS_ASKED 64 /* chunks of one mapping asked whether they are V8's */

static bool starts_with(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* tmpfs, memfd, System V: they are memory, though they have an inode. */
static bool is_shared_memory(const struct mapping *m)
{
	return starts_with(m->path, "/memfd:") || starts_with(m->path, "/dev/shm/") ||
	       starts_with(m->path, "/SYSV") || starts_with(m->path, "/dev/zero") ||
	       starts_with(m->path, "[anon_shmem");
}

static int read_words(const struct memory_facts *f, uint64_t address, uint64_t *words, size_t len)
{
	return f->memory ? f->memory->read_at(f->memory, address, words, len * 8) : -1;
}

static bool is_v8_chunk(const struct memory_facts *f, uint64_t chunk)
{
	uint64_t heap = gc_chunk_heap(f->memory, &f->heaps->chunks, chunk);

	for (size_t i = 0; i < f->heaps->len; i++)
		if (f->heaps->at[i].address == heap)
			return true;
	return false;
}

static uint64_t first_chunk(const struct mapping *m)
{
	return (m->start + GC_CHUNK_BYTES - 1) & ~(GC_CHUNK_BYTES - 1ull);
}

/* A large object has one head for many chunks: where one lies at the start the rest is V8's too. */
static bool is_v8(const struct memory_facts *f, const struct mapping *m)
{
	uint64_t chunk = first_chunk(m);
	unsigned int of_v8 = 0, asked = 0;

	if (!f->memory || !f->heaps || !f->heaps->len)
		return false;
	if (chunk == m->start && is_v8_chunk(f, chunk))
		return true;
	for (; chunk < m->end && asked < CHUNKS_ASKED; chunk += GC_CHUNK_BYTES) {
		of_v8 += is_v8_chunk(f, chunk);
		asked++;
	}
	return 2 * of_v8 > asked;
}

static bool is_stack(const struct memory_facts *f, const struct mapping *m)
{
	size_t low = 0, high = f->stack_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (f->stack_pointers[middle] < m->start)
			low = middle + 1;
		else
			high = middle;
	}
	return low < f->stack_count && f->stack_pointers[low] < m->end;
}

/* A heap_info of glibc: its arena, the heap before it, its size, and how much of it is mapped. */
static bool is_arena(const struct memory_facts *f, const struct mapping *m)
{
	uint64_t words[4];

	if (m->start % ARENA_BYTES || read_words(f, m->start, words, 4))
		return false;
	return words[0] % 8 == 0 && words[0] && words[0] < MAX_ADDRESS &&
	       words[1] % ARENA_BYTES == 0 && words[2] && words[2] <= ARENA_BYTES &&
	       words[2] % PAGE_BYTES == 0 && words[3] >= words[2] && words[3] <= ARENA_BYTES;
}

/* Blocks that malloc mapped for themselves lie behind each other, each with its size in front. */
static bool is_large_blocks(const struct memory_facts *f, const struct mapping *m)
{
	uint64_t at = m->start, words[2];

	for (unsigned int i = 0; i < BLOCKS_MAX && at < m->end; i++) {
		uint64_t size;

		if (read_words(f, at, words, 2) || (words[1] & SIZE_FLAGS) != IS_MMAPPED)
			break;
		size = (words[1] & ~(uint64_t)SIZE_FLAGS) + words[0];
		if (words[0] % PAGE_BYTES || size % PAGE_BYTES || !size || size > m->end - at)
			break;
		at += size;
	}
	return at - m->start > (m->end - m->start) / 2;
}

/* Of memory that no file is behind. */
static enum memory_figure pool_of_anonymous(const struct memory_facts *f, const struct mapping *m,
					    const struct mapping *before)
{
	if (m->executable)
		return MEMORY_POOL_CODE;
	if (is_stack(f, m))
		return MEMORY_POOL_STACKS;
	if (is_v8(f, m))
		return MEMORY_POOL_V8;
	if (is_arena(f, m))
		return MEMORY_POOL_MALLOC_ARENAS;
	if (is_large_blocks(f, m))
		return MEMORY_POOL_MALLOC_LARGE;
	/* what a program has besides the file: variables that begin as 0 */
	if (before && before->inode && before->end == m->start && before->writable)
		return MEMORY_POOL_DATA;
	return MEMORY_POOL_OTHER;
}

static enum memory_figure pool_of(const struct memory_facts *f, const struct mapping *m,
				  const struct mapping *before)
{
	if (is_shared_memory(m))
		return MEMORY_POOL_SHARED;
	if (m->inode)
		return MEMORY_POOL_FILES;
	if (starts_with(m->path, "[heap]"))
		return MEMORY_POOL_MALLOC_HEAP;
	if (starts_with(m->path, "[stack"))
		return MEMORY_POOL_STACKS;
	if (m->shared)
		return MEMORY_POOL_SHARED;
	if (!mapping_is_anonymous(m))
		return MEMORY_POOL_OTHER; /* the kernel's: [vdso] */
	return pool_of_anonymous(f, m, before);
}

void memory_pools_sum(const struct smaps *maps, const struct memory_facts *facts,
		      struct memory_sample *s)
{
	for (enum memory_figure f = MEMORY_RSS; f < MEMORY_END_POOLS; f++)
		memory_set(s, f, 0);
	for (size_t i = 0; i < maps->len; i++) {
		const struct smaps_entry *e = &maps->at[i];
		uint64_t written =
			e->anonymous_bytes < e->rss_bytes ? e->anonymous_bytes : e->rss_bytes;
		enum memory_figure pool = MEMORY_POOL_OTHER;

		s->bytes[MEMORY_RSS] += e->rss_bytes;
		s->bytes[MEMORY_PSS] += e->pss_bytes;
		s->bytes[MEMORY_SWAP] += e->swap_bytes;
		s->bytes[MEMORY_ANONYMOUS] += written;
		if (e->rss_bytes)
			pool = pool_of(facts, &e->m, i ? &maps->at[i - 1].m : NULL);
		if (pool == MEMORY_POOL_SHARED)
			s->bytes[MEMORY_SHARED] += e->rss_bytes - written;
		else
			s->bytes[MEMORY_FILE] += e->rss_bytes - written;
		if (pool == MEMORY_POOL_FILES) {
			s->bytes[MEMORY_POOL_DATA] += written;
			s->bytes[pool] += e->rss_bytes - written;
		} else {
			s->bytes[pool] += e->rss_bytes;
		}
	}
}

static bool may_have_chunks(const struct smaps_entry *e)
{
	return mapping_is_anonymous(&e->m) && !e->m.shared && e->rss_bytes;
}

size_t memory_chunks(const struct smaps *maps, uint64_t *ret_chunks, size_t max)
{
	size_t count = 0;

	for (size_t i = 0; i < maps->len && count < max; i++)
		if (may_have_chunks(&maps->at[i]) &&
		    first_chunk(&maps->at[i].m) < maps->at[i].m.end)
			ret_chunks[count++] = first_chunk(&maps->at[i].m);
	for (size_t i = 0; i < maps->len; i++) {
		const struct mapping *m = &maps->at[i].m;

		if (!may_have_chunks(&maps->at[i]))
			continue;
		for (uint64_t at = first_chunk(m) + GC_CHUNK_BYTES; at < m->end && count < max;
		     at += GC_CHUNK_BYTES)
			ret_chunks[count++] = at;
	}
	return count;
}
