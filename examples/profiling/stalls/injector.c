// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Timers that stall, each the loop it is in. */
#include "injector.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdbool.h>

#define COUNT_MAX   100000U
#define SHORTEST_MS 5U
#define LONGEST_MS  500U
#define OCTAVES	    7U /* 5 to 640 ms: as many stalls from 5 to 10 ms as from 160 to 320 */
#define REST_MS_MAX 40U
#define HELD_NS	    (10 * NS_PER_MS) /* how often a loop that is held looks */

struct injector {
	struct timer timer;
	struct server *server;
	uint64_t state;
	uint64_t done;
};

static uint64_t seed;
static uint64_t asked; /* of each loop; 0: none */
static const struct injector_app *app;
static struct injector injectors[SERVER_LOOPS_MAX];
static unsigned int injector_count;
static atomic_bool is_held;
static atomic_uint at_work;
static _Atomic uint64_t done_in_all;

/* --- options -----------------------------------------------------------------------------------
 */

/* Digits up to @end. */
static int read_number(const char **text, char end, uint64_t max, uint64_t *ret)
{
	const char *c = *text;
	uint64_t number = 0;

	for (; *c >= '0' && *c <= '9'; c++) {
		number = number * 10 + (uint64_t)(*c - '0');
		if (number > max)
			return -ERANGE;
	}
	if (c == *text || *c != end)
		return -EINVAL;
	*text = c + 1;
	*ret = number;
	return 0;
}

int injector_set(const char *text)
{
	int err = read_number(&text, ',', UINT32_MAX, &seed);

	if (!err)
		err = read_number(&text, '\0', COUNT_MAX, &asked);
	return err || !asked ? -EINVAL : 0;
}

int injector_hold(const char *unused)
{
	(void)unused; /* an option without a value */
	is_held = true;
	return 0;
}

void injector_go(void)
{
	is_held = false;
}

/* --- at work -----------------------------------------------------------------------------------
 */

/* Marsaglia's xorshift64*; never 0. */
static uint64_t next_random(struct injector *injector, uint64_t below)
{
	uint64_t x = injector->state;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	injector->state = x;
	return ((x * 2685821657736338717ULL) >> 32) % below;
}

static uint64_t next_length_ns(struct injector *injector)
{
	uint64_t base_ms = (uint64_t)SHORTEST_MS << next_random(injector, OCTAVES);
	uint64_t ms = base_ms + next_random(injector, base_ms);

	return (ms < LONGEST_MS ? ms : LONGEST_MS) * NS_PER_MS;
}

static void print_done(void)
{
	printf("done\n");
	(void)fflush(stdout); /* whoever reads it is waiting for the line */
}

static void stall_now(struct timer *timer)
{
	struct injector *injector = timer->ctx;
	unsigned int kind;
	uint64_t took_ns;
	uint64_t rest_ns;

	if (is_held) {
		server_timer_start(injector->server, timer, HELD_NS);
		return;
	}
	kind = (unsigned int)next_random(injector, app->kind_count);
	took_ns = app->stall(injector->server, kind, next_length_ns(injector));
	injector->done++;
	done_in_all++;
	if (injector->done == asked) {
		if (atomic_fetch_sub(&at_work, 1) == 1)
			print_done();
		return;
	}
	rest_ns = (1 + next_random(injector, REST_MS_MAX)) * NS_PER_MS;
	/* The loop's clock stands still meanwhile. */
	server_timer_start(injector->server, timer, took_ns + rest_ns);
}

void injector_start(struct server *server, const struct injector_app *injector_app)
{
	unsigned int index = server_index(server);
	struct injector *injector = &injectors[index];

	if (!asked)
		return;
	app = injector_app;
	injector->server = server;
	injector->state = (seed + 1) * 0x9e3779b97f4a7c15ULL + index;
	injector->timer = (struct timer){ .expired = stall_now, .ctx = injector };
	at_work++;
	injector_count++;
	server_timer_start(server, &injector->timer, HELD_NS);
}

void injector_print(FILE *out)
{
	if (!asked) {
		(void)fputs("null", out);
		return;
	}
	(void)fprintf(
		out,
		"{\"seed\":%" PRIu64 ",\"asked\":%" PRIu64 ",\"done\":%" PRIu64 ",\"is_done\":%s}",
		seed, asked * injector_count, (uint64_t)done_in_all, at_work ? "false" : "true");
}
