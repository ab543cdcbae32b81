// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What command line, environment and memory of a process say of the limit and the spaces. */
#include "collect/gc_trace_state.h"

#include "base/scope.h"

#include <string.h>

#define TEXT_BYTES_MAX (1u << 20)

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

void gc_trace_look(struct gc_trace *c, struct gc_heap *h)
{
	struct process *p = processes_find(&c->processes, h->pid);
	struct gc_process *g = p ? c->by_slot[p->slot] : NULL;

	if (!g)
		return;
	/* a worker may have limits of its own (resourceLimits) */
	if (g->option_limit_bytes && !h->is_worker && !h->old_limit_bytes) {
		h->old_limit_bytes = g->option_limit_bytes;
		if (h->limit_source == GC_UNKNOWN)
			h->limit_source = GC_BY_OPTION;
	}
}
