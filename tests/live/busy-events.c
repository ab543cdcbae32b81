// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Works without a pause, always below event_loop: half of the time in the C library's qsort and in
 * what it calls back. Says "ready PID", goes on at a line, ends by itself after some minutes.
 */
#include "gate.h"

#include <time.h>

#define MAX_SECONDS 600
#define ITEMS	    200 /* qsort sorts these on its stack */

static char request[4096];
static uint64_t sum;

static SITE uint64_t hash_body(const char *body, size_t size)
{
	uint64_t hash = 14695981039346656037ull;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ (unsigned char)body[i]) * 1099511628211ull;
	return hash;
}

static SITE uint64_t parse_request(unsigned int number)
{
	uint64_t hash;

	memset(request, (int)number, sizeof(request) / 2);
	hash = hash_body(request, sizeof(request));
	return hash ^ number;
}

static SITE int compare(const void *a, const void *b)
{
	unsigned int x = *(const unsigned int *)a, y = *(const unsigned int *)b;

	return x < y ? -1 : x > y;
}

static SITE uint64_t sort_results(unsigned int seed)
{
	unsigned int items[ITEMS];

	for (size_t i = 0; i < ITEMS; i++) {
		seed = seed * 1664525 + 1013904223;
		items[i] = seed;
	}
	qsort(items, ITEMS, sizeof(*items), compare);
	return items[ITEMS / 2];
}

static SITE void handle_event(unsigned int number)
{
	sum += parse_request(number);
	sum ^= sort_results(number);
}

static SITE void event_loop(time_t end)
{
	for (unsigned int number = 0;; number++) {
		handle_event(number);
		if (number % 1024 == 0 && time(NULL) > end)
			return;
	}
}

int main(void)
{
	gate_ready();
	gate_wait();
	event_loop(time(NULL) + MAX_SECONDS);
	return (int)(sum & 1);
}
