// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Who made the Buffers: memleak-trace's ledger with the probes on node's allocator of them. */
#include "collect/mem_watch_state.h"

#include "base/vec.h"
#include "host/cli.h"
#include "host/log.h"

#include <errno.h>

#define MAX_BLOCKS  (1u << 20)
#define MAX_STACKS  65536
#define MAX_THREADS 16384
#define MAX_HITS    400000 /* a second, then it lets go */
#define MAX_LOSS    1	   /* percent */

int mem_watch_buffers_open(struct mem_watch *set)
{
	if (!set->options->has_buffers)
		return 0;
	set->buffers_options = (struct memleak_options){
		.of_buffers = true,
		.follow_children = set->options->follow_children,
		.follow_exec = true,
		.max_size_bytes = UINT64_MAX,
		.max_blocks = MAX_BLOCKS,
		.max_stacks = MAX_STACKS,
		.max_threads = MAX_THREADS,
		.max_hits = MAX_HITS,
		.max_loss_pct = MAX_LOSS,
		.sample_ns = memleak_sample_ns(set->options->duration_ns),
		.top = set->options->top,
	};
	return memleak_open(&set->buffers_options, set->loop, &set->buffers);
}

/* What V8 says of all its heaps, now or, of one that has ended, as it was last. */
static void read_pool(struct watched *w)
{
	struct memory_buffers *b = &w->buffers;

	b->has_pool = false;
	b->pool_bytes = 0;
	for (size_t i = 0; i < w->value.heap_count; i++) {
		struct memory_heap *h = &w->heap_values[i], now = *h;

		if (!w->value.is_ended)
			v8_heap_read(&w->target, &w->places, &w->heaps.at[i], &now);
		if (now.has_array_buffers)
			*h = now;
		b->has_pool |= h->has_array_buffers;
		b->pool_bytes += h->has_array_buffers ? h->array_buffers_bytes : 0;
	}
}

/* A look takes its time, in which Buffers come and go: it finds the heaps, which are then read. */
static void read_pools(struct mem_watch *set)
{
	struct memory_sample ignored;

	for (size_t i = 0; i < set->processes.len; i++) {
		struct watched *w = (struct watched *)set->processes.at[i];

		if (!w->value.is_ended && mem_watch_look(w, &ignored) == -ESRCH)
			w->value.is_ended = true; /* the loop has not told yet */
	}
	for (size_t i = 0; i < set->processes.len; i++)
		read_pool((struct watched *)set->processes.at[i]);
}

/* The pool as it is at the attach: its Buffers are nobody's. */
static void note_first(struct watched *w)
{
	struct memory_sample ignored;

	if (mem_watch_look(w, &ignored))
		return;
	read_pool(w);
	w->buffers.pool_first_bytes = w->buffers.pool_bytes; /* a new program has none yet */
	w->buffers.has_pool_first = true;
}

int mem_watch_buffers_add(struct watched *w)
{
	int status = w->set->buffers ? memleak_add(w->set->buffers, w->value.pid) : EXIT_DONE;

	if (w->set->buffers && status == EXIT_DONE)
		note_first(w);
	return status;
}

int mem_watch_buffers_add_descendant(struct watched *w)
{
	struct memleak *m = w->set->buffers;
	int status = m ? memleak_add_descendant(m, w->value.pid) : EXIT_DONE;

	if (m && status == EXIT_DONE)
		note_first(w);
	return status;
}

void mem_watch_stop(struct mem_watch *w)
{
	if (!w->buffers)
		return;
	read_pools(w); /* then at once what is recorded: both are of one moment, or nearly */
	memleak_stop(w->buffers);
	w->is_stopped = true;
}

/* --- what they saw ---------------------------------------------------------------------------- */

static const struct leak_target *target_of(const struct leak_report *r, const struct watched *w)
{
	for (size_t i = 0; i < r->target_count; i++)
		if (r->targets[i].pid == w->value.pid &&
		    r->targets[i].start_ticks == w->target.start_ticks)
			return &r->targets[i];
	return NULL;
}

static int take_makers(struct watched *w, const struct leak_report *r)
{
	struct memory_buffers *b = &w->buffers;

	w->makers.len = 0;
	b->bytes = b->blocks = 0;
	for (size_t i = 0; i < r->row_count; i++) {
		struct leak_row *maker;

		if (r->rows[i].pid != w->value.pid)
			continue;
		maker = vec_push(&w->makers);
		if (!maker)
			return -ENOMEM;
		*maker = r->rows[i];
		b->bytes += maker->bytes;
		b->blocks += maker->blocks;
	}
	b->makers = w->makers.at;
	b->maker_count = w->makers.len;
	return 0;
}

static int refresh(struct watched *w, const struct leak_report *r)
{
	const struct leak_target *t = target_of(r, w);
	struct memory_buffers *b = &w->buffers;

	if (!t || !t->window_ns) /* it is no node, or none yet */
		return 0;
	b->window_ns = t->window_ns;
	b->interval_ns = r->interval_ns;
	b->counts = t->counts;
	b->lost_pct = r->lost_pct;
	b->is_complete = r->is_complete;
	b->note = r->note;
	b->top = r->top;
	w->value.buffers = b;
	return take_makers(w, r);
}

int mem_watch_refresh_buffers(struct mem_watch *set)
{
	struct leak_report r;
	int err;

	if (!set->buffers)
		return 0;
	if (!set->is_stopped)
		read_pools(set);
	err = memleak_report(set->buffers, set->is_stopped, &r);
	for (size_t i = 0; i < set->processes.len && !err; i++)
		err = refresh((struct watched *)set->processes.at[i], &r);
	return err;
}
