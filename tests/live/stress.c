// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Threads that allocate, reallocate, free, and hand blocks to each other to be freed there, N
 * operations in all, from fixed seeds. Prints what is outstanding at the end, in all and per
 * allocating function, as one JSON line.
 *
 *	stress [-n OPERATIONS] [-t THREADS] [-s SLOTS] [-l]
 *
 * -l drops every pointer and returns at once: LeakSanitizer must then find what was printed.
 */
#include "gate.h"

#include <malloc.h>
#include <pthread.h>
#include <stdbool.h>

#define MAX_THREADS 64
#define MAX_SLOTS   65536
#define QUEUE_LEN   1024

/* Which function a block came from last. */
enum site { BY_MALLOC, BY_CALLOC, BY_MEMALIGN, BY_REALLOC, SITES };
static const char *const site_names[SITES] = { "by_malloc", "by_calloc", "by_memalign",
					       "by_realloc" };

struct block {
	void *at;
	uint32_t size;
	enum site site;
};

struct queue {
	pthread_mutex_t lock;
	struct block at[QUEUE_LEN];
	uint32_t head, tail; /* free running */
};

struct worker {
	pthread_t thread;
	uint64_t random;
	uint64_t operations;
	uint64_t allocs, frees, reallocs, handed_over;
	struct queue inbox;
	struct block slots[MAX_SLOTS];
};

static struct {
	struct worker workers[MAX_THREADS];
	uint32_t threads, slots;
	pthread_barrier_t start, end;
} s;

static uint64_t next_random(struct worker *w)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return w->random;
}

static SITE void *by_malloc(size_t size)
{
	void *at = malloc(size);

	if (!at)
		_exit(8);
	return at;
}

static SITE void *by_calloc(size_t size)
{
	void *at = calloc(1, size);

	if (!at)
		_exit(8);
	return at;
}

static SITE void *by_memalign(size_t size)
{
	void *at = memalign(64, size);

	if (!at)
		_exit(8);
	return at;
}

static SITE void *by_realloc(void *old, size_t size)
{
	void *at = realloc(old, size);

	if (!at)
		_exit(8);
	return at;
}

static void fill(struct worker *w, struct block *slot)
{
	uint64_t random = next_random(w);

	slot->size = 1 + (uint32_t)(random >> 32) % (random % 64 == 0 ? 20000 : 400);
	slot->site = random / 64 % 8 == 0   ? BY_CALLOC
		     : random / 64 % 8 == 1 ? BY_MEMALIGN
					    : BY_MALLOC;
	slot->at = slot->site == BY_CALLOC     ? by_calloc(slot->size)
		   : slot->site == BY_MEMALIGN ? by_memalign(slot->size)
					       : by_malloc(slot->size);
	w->allocs++;
}

static void empty(struct worker *w, struct block *slot)
{
	free(slot->at);
	slot->at = NULL;
	w->frees++;
}

static void resize(struct worker *w, struct block *slot)
{
	slot->size = 1 + (uint32_t)(next_random(w) >> 32) % 1200;
	slot->at = by_realloc(slot->at, slot->size);
	slot->site = BY_REALLOC;
	w->reallocs++;
}

/* Gives the block to another thread; when its inbox is full the block is freed here. */
static void hand_over(struct worker *w, struct block *slot)
{
	struct queue *q = &s.workers[next_random(w) % s.threads].inbox;
	bool has_room;

	pthread_mutex_lock(&q->lock);
	has_room = q->tail - q->head < QUEUE_LEN;
	if (has_room)
		q->at[q->tail++ % QUEUE_LEN] = *slot;
	pthread_mutex_unlock(&q->lock);
	if (!has_room) {
		empty(w, slot);
		return;
	}
	slot->at = NULL;
	w->handed_over++;
}

/* Frees one block that another thread sent; false when there is none. */
static bool empty_inbox(struct worker *w)
{
	struct queue *q = &w->inbox;
	struct block block = { 0 };

	pthread_mutex_lock(&q->lock);
	if (q->head != q->tail)
		block = q->at[q->head++ % QUEUE_LEN];
	pthread_mutex_unlock(&q->lock);
	if (!block.at)
		return false;
	empty(w, &block);
	return true;
}

static void one_operation(struct worker *w)
{
	uint64_t random = next_random(w);
	struct block *slot = &w->slots[(random >> 16) % s.slots];
	unsigned int what = random % 16;

	if (what < 3 && empty_inbox(w))
		return;
	if (!slot->at)
		fill(w, slot);
	else if (what < 7)
		resize(w, slot);
	else if (what < 10)
		hand_over(w, slot);
	else
		empty(w, slot);
}

static void *work(void *arg)
{
	struct worker *w = arg;

	pthread_barrier_wait(&s.start);
	for (uint64_t i = 0; i < w->operations; i++)
		one_operation(w);
	pthread_barrier_wait(&s.end);
	return NULL;
}

static void count_block(const struct block *b, uint64_t blocks[], uint64_t bytes[])
{
	if (!b->at)
		return;
	blocks[b->site]++;
	bytes[b->site] += b->size;
}

static void print_truth(void)
{
	uint64_t blocks[SITES] = { 0 }, bytes[SITES] = { 0 }, all_blocks = 0, all_bytes = 0;
	uint64_t allocs = 0, frees = 0, reallocs = 0, handed_over = 0;

	for (uint32_t t = 0; t < s.threads; t++) {
		const struct worker *w = &s.workers[t];

		for (uint32_t i = 0; i < s.slots; i++)
			count_block(&w->slots[i], blocks, bytes);
		for (uint32_t i = w->inbox.head; i != w->inbox.tail; i++)
			count_block(&w->inbox.at[i % QUEUE_LEN], blocks, bytes);
		allocs += w->allocs;
		frees += w->frees;
		reallocs += w->reallocs;
		handed_over += w->handed_over;
	}
	printf("{\"sites\":{");
	for (int i = 0; i < SITES; i++) {
		printf("%s\"%s\":{\"blocks\":%lu,\"bytes\":%lu}", i ? "," : "", site_names[i],
		       (unsigned long)blocks[i], (unsigned long)bytes[i]);
		all_blocks += blocks[i];
		all_bytes += bytes[i];
	}
	printf("},\"blocks\":%lu,\"bytes\":%lu,\"allocs\":%lu,\"frees\":%lu,\"reallocs\":%lu,"
	       "\"handed_over\":%lu}\n",
	       (unsigned long)all_blocks, (unsigned long)all_bytes, (unsigned long)allocs,
	       (unsigned long)frees, (unsigned long)reallocs, (unsigned long)handed_over);
	fflush(stdout);
}

static void start_workers(uint64_t operations)
{
	pthread_barrier_init(&s.start, NULL, s.threads + 1);
	pthread_barrier_init(&s.end, NULL, s.threads + 1);
	for (uint32_t t = 0; t < s.threads; t++) {
		struct worker *w = &s.workers[t];

		w->random = 0x9e3779b97f4a7c15ull * (t + 1);
		w->operations = operations / s.threads;
		pthread_mutex_init(&w->inbox.lock, NULL);
		if (pthread_create(&w->thread, NULL, work, w))
			_exit(8);
	}
}

int main(int argc, char **argv)
{
	uint64_t operations = 10000000;
	bool drops_pointers = false;
	int option;

	s.threads = 8;
	s.slots = 1024;
	while ((option = getopt(argc, argv, "n:t:s:l")) != -1) {
		if (option == 'n')
			operations = number_or(optarg, operations);
		else if (option == 't')
			s.threads = number_or(optarg, s.threads) % (MAX_THREADS + 1);
		else if (option == 's')
			s.slots = number_or(optarg, s.slots) % (MAX_SLOTS + 1);
		else if (option == 'l')
			drops_pointers = true;
		else
			return 2;
	}
	if (!s.threads || !s.slots)
		return 2;
	start_workers(operations); /* before the gate: their stacks and TLS are not of interest */
	gate_ready();
	gate_wait();
	pthread_barrier_wait(&s.start);
	pthread_barrier_wait(&s.end);
	print_truth();
	if (!drops_pointers) {
		gate_wait();
		return 0;
	}
	for (uint32_t t = 0; t < s.threads; t++)
		pthread_join(s.workers[t].thread, NULL);
	memset(s.workers, 0, sizeof(s.workers));
	return 0;
}
