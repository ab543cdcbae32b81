// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What command line, environment and memory of a process say of the limit and the spaces. */
#include "collect/gc_trace_state.h"

#include "base/scope.h"
#include "symbol/getter.h"

#include <string.h>

#define TEXT_BYTES_MAX	(1u << 20)
#define LIMIT_CODE_MAX	128
#define MIN_LIMIT_BYTES (1ull << 20)
#define MAX_LIMIT_BYTES (1ull << 45)
/* A heap that is being made has not all of its spaces yet. */
#define LAYOUT_TRIES 3

/* The whole of /proc/PID/@file, "" when unreadable; to be freed. */
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

uint64_t gc_trace_option_limit(pid_t pid)
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

/* --- memory ----------------------------------------------------------------------------------- */

static int read_memory(const struct reader *r, uint64_t offset, void *buf, size_t len)
{
	return target_read_memory(r->ctx, offset, buf, len);
}

/* Heap::MaxReserved of this heap, what V8 calls heap_size_limit; its members have no fixed place.
 */
static void look_at_limit(const struct reader *memory, const struct gc_process *g,
			  struct gc_heap *h)
{
	uint8_t code[LIMIT_CODE_MAX];
	size_t len =
		g->limit_function_bytes < sizeof(code) ? g->limit_function_bytes : sizeof(code);
	uint64_t limit = 0;

	if (!g->limit_function || !len || read_memory(memory, g->limit_function, code, len) ||
	    getter_value((struct bytes){ code, len }, g->limit_function, h->address, memory,
			 &limit))
		return;
	if (limit < MIN_LIMIT_BYTES || limit > MAX_LIMIT_BYTES)
		return; /* not what we take it for */
	h->limit_bytes = limit;
	h->limit_source = GC_BY_MEMORY;
}

static void look_at_spaces(const struct reader *memory, struct seen_heap *s)
{
	struct gc_heap *h = &s->h;
	int err = 0;

	if (!s->has_layout) {
		if (s->layout_tries == LAYOUT_TRIES)
			return;
		err = gc_spaces_find(memory, h->address, &s->layout);
		s->has_layout = !err;
		s->layout_tries++;
	}
	if (!err && gc_spaces_read(memory, h->address, &s->layout, h->spaces, &h->space_count) == 0)
		h->space_source = GC_BY_MEMORY;
}

void gc_trace_look(struct gc_trace *c, struct gc_heap *h)
{
	struct process *p = processes_find(&c->processes, h->pid);
	struct gc_process *g = p ? c->by_slot[p->slot] : NULL;
	struct reader memory = { .read_at = read_memory, .size = UINT64_MAX };

	if (!g)
		return;
	/* a worker may have limits of its own (resourceLimits) */
	if (g->option_limit_bytes && !h->is_worker) {
		h->old_limit_bytes = g->option_limit_bytes;
		if (h->limit_source == GC_UNKNOWN)
			h->limit_source = GC_BY_OPTION;
	}
	if (!h->address || p->is_ended)
		return;
	memory.ctx = &p->target;
	if (h->limit_source != GC_BY_STATISTICS)
		look_at_limit(&memory, g, h);
	if (h->space_source != GC_BY_STATISTICS)
		look_at_spaces(&memory, (struct seen_heap *)h);
}
