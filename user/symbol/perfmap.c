// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The parser of perf maps, and who has the last word on an address. Lines are gathered in runs that
 * double in size: two of a size are merged, the newer laid over the older, so that each line is
 * moved some 20 times at most however the file grows, and a look-up asks few runs, newest first.
 */
#include "symbol/perfmap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES 65536

struct perfmap_entry {
	uint64_t start;
	char name[];
};

struct perfmap_segment {
	uint64_t start, end; /* [start, end) */
	const struct perfmap_entry *entry;
};

struct perfmap_block {
	struct perfmap_block *next;
	size_t used;
	_Alignas(struct perfmap_entry) char data[BLOCK_BYTES];
};

struct cursor {
	const uint8_t *at, *end;
};

static int digit_of(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20; /* .NET writes capitals */
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* A hexadecimal number, with or without 0x, and the blank behind it. */
static bool take_hex(struct cursor *c, uint64_t *ret_value)
{
	const uint8_t *start;
	uint64_t value = 0;

	if (c->end - c->at > 2 && c->at[0] == '0' && c->at[1] == 'x')
		c->at += 2;
	for (start = c->at; c->at < c->end; c->at++) {
		int digit = digit_of(*c->at);

		if (digit < 0)
			break;
		if (value >> 60)
			return false;
		value = value << 4 | (unsigned int)digit;
	}
	if (c->at == start || c->at == c->end || *c->at != ' ')
		return false;
	c->at++;
	*ret_value = value;
	return true;
}

static bool is_name(const struct cursor *c)
{
	bool has_ink = false;

	for (const uint8_t *at = c->at; at < c->end; at++) {
		if (*at == '\0')
			return false;
		has_ink |= *at != ' ' && *at != '\t';
	}
	return has_ink;
}

/* Room for an entry with a name of @len bytes, in the newest block. */
static int new_entry(struct perfmap *map, size_t len, struct perfmap_entry **ret_entry)
{
	size_t align = _Alignof(struct perfmap_entry);
	size_t size = (sizeof(struct perfmap_entry) + len + 1 + align - 1) / align * align;
	struct perfmap_block *block = map->names;

	if (!block || BLOCK_BYTES - block->used < size) {
		if (map->name_bytes + sizeof(*block) > PERFMAP_MAX_NAME_BYTES)
			return -E2BIG;
		block = malloc(sizeof(*block));
		if (!block)
			return -ENOMEM;
		block->next = map->names;
		block->used = 0;
		map->names = block;
		map->name_bytes += sizeof(*block);
	}
	*ret_entry = (struct perfmap_entry *)(void *)(block->data + block->used);
	block->used += size;
	return 0;
}

static void push(struct perfmap_run *run, const struct perfmap_segment *of, uint64_t start,
		 uint64_t end)
{
	if (start < end)
		run->at[run->len++] = (struct perfmap_segment){ start, end, of->entry };
}

static uint64_t max_of(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Lays @newer over @older; @over has room for the outcome. */
static void overlay(const struct perfmap_run *older, const struct perfmap_run *newer,
		    struct perfmap_run *over)
{
	uint64_t covered = 0; /* up to here the older ones have been dealt with */
	size_t i = 0;

	for (size_t j = 0; j < newer->len; j++) {
		const struct perfmap_segment *top = &newer->at[j];

		for (; i < older->len && older->at[i].start < top->start; i++) {
			const struct perfmap_segment *below = &older->at[i];
			uint64_t end = below->end < top->start ? below->end : top->start;

			push(over, below, max_of(below->start, covered), end);
			if (below->end > top->start)
				break; /* it may come out behind */
		}
		push(over, top, top->start, top->end);
		covered = top->end;
		while (i < older->len && older->at[i].end <= covered)
			i++;
	}
	for (; i < older->len; i++)
		push(over, &older->at[i], max_of(older->at[i].start, covered), older->at[i].end);
}

/* Makes one run of the last two. */
static int merge_last(struct perfmap *map)
{
	struct perfmap_run *older = &map->runs[map->run_count - 2], *newer = older + 1;
	struct perfmap_run over = { .line_count = older->line_count + newer->line_count };
	/* Each new one can cut an old one in two; and n lines cannot make more than 2n - 1. */
	size_t room = older->len + 2 * newer->len;

	if (room > 2 * over.line_count)
		room = 2 * over.line_count;
	over.at = malloc(room * sizeof(*over.at));
	if (!over.at)
		return -ENOMEM;
	overlay(older, newer, &over);
	free(older->at);
	free(newer->at);
	*older = over;
	map->run_count--;
	return 0;
}

static int add_segment(struct perfmap *map, const struct perfmap_segment *segment)
{
	struct perfmap_run *run = &map->runs[map->run_count];
	int err = 0;

	/* Each run is longer than all behind it, so that 2^PERFMAP_MAX_RUNS lines would fit. */
	run->at = malloc(sizeof(*run->at));
	if (!run->at)
		return -ENOMEM;
	run->at[0] = *segment;
	run->len = 1;
	run->line_count = 1;
	map->run_count++;
	while (!err && map->run_count > 1 &&
	       map->runs[map->run_count - 2].line_count <= map->runs[map->run_count - 1].line_count)
		err = merge_last(map);
	return err;
}

/* 0 also for a malformed line. */
static int add_line(struct perfmap *map, const uint8_t *at, size_t len)
{
	struct cursor c = { at, at + (len < PERFMAP_LINE_BYTES ? len : PERFMAP_LINE_BYTES) };
	struct perfmap_segment segment = { 0 };
	struct perfmap_entry *entry;
	char name[TEXT_MAX];
	uint64_t size;
	size_t name_len;
	int err;

	if (map->line_count == PERFMAP_MAX_LINES)
		return -E2BIG;
	map->line_count++;
	if (!take_hex(&c, &segment.start) || !take_hex(&c, &size) || size == 0 ||
	    __builtin_add_overflow(segment.start, size, &segment.end) || !is_name(&c)) {
		map->malformed_count++;
		return 0;
	}
	name_len = text_clean((const char *)c.at, (size_t)(c.end - c.at), name, sizeof(name));
	err = new_entry(map, name_len, &entry);
	if (err)
		return err;
	entry->start = segment.start;
	memcpy(entry->name, name, name_len + 1);
	segment.entry = entry;
	return add_segment(map, &segment);
}

static void keep_pending(struct perfmap *map, const uint8_t *at, size_t len)
{
	size_t room = sizeof(map->pending) - map->pending_len;

	if (len > room)
		len = room;
	memcpy(map->pending + map->pending_len, at, len);
	map->pending_len += len;
}

/* Up to the newline and with it, or all there is. */
static int add_piece(struct perfmap *map, const uint8_t *at, size_t len, bool has_newline)
{
	int err;

	if (PERFMAP_MAX_BYTES - map->byte_count < len)
		return -E2BIG;
	map->byte_count += len;
	if (has_newline && map->pending_len == 0)
		return add_line(map, at, len - 1);
	keep_pending(map, at, len - has_newline);
	if (!has_newline)
		return 0;
	err = add_line(map, map->pending, map->pending_len);
	map->pending_len = 0;
	return err;
}

int perfmap_add(struct perfmap *map, struct bytes text)
{
	while (text.len > 0 && !map->err) {
		const uint8_t *newline = memchr(text.at, '\n', text.len);
		size_t len = newline ? (size_t)(newline - text.at) + 1 : text.len;

		map->err = add_piece(map, text.at, len, newline != NULL);
		text.at += len;
		text.len -= len;
	}
	return map->err;
}

static const struct perfmap_segment *run_find(const struct perfmap_run *run, uint64_t addr)
{
	size_t low = 0, high = run->len;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct perfmap_segment *s = &run->at[middle];

		if (addr < s->start)
			high = middle;
		else if (addr >= s->end)
			low = middle + 1;
		else
			return s;
	}
	return NULL;
}

bool perfmap_find(const struct perfmap *map, uint64_t addr, const char **ret_name,
		  uint64_t *ret_start)
{
	const struct perfmap_segment *found = NULL;

	for (size_t i = map->run_count; i > 0 && !found; i--)
		found = run_find(&map->runs[i - 1], addr);
	if (!found)
		return false;
	*ret_name = found->entry->name;
	*ret_start = found->entry->start;
	return true;
}

void perfmap_done(struct perfmap *map)
{
	struct perfmap_block *next;

	if (!map)
		return;
	for (size_t i = 0; i < map->run_count; i++)
		free(map->runs[i].at);
	for (struct perfmap_block *block = map->names; block; block = next) {
		next = block->next;
		free(block);
	}
	memset(map, 0, sizeof(*map));
}
