// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The mix: whose turn it is, what it has used. */
#include "mix.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "ledger.h"
#include "site.h"
#include "work.h"

#define SLICE_NS (5 * NS_PER_MS) /* then the loop looks at its clients */

struct part {
	const char *function;
	uint64_t (*run)(void);
	unsigned int asked_pct;
	uint64_t calls;
	uint64_t cpu_ns;
};

static struct part parts[] = {
	{ "hash_body", hash_body, 0, 0, 0 },
	{ "sort_results", sort_results, 0, 0, 0 },
	{ "parse_request", parse_request, 0, 0, 0 },
	{ "render_json", render_json, 0, 0, 0 },
};

#define PARTS (sizeof(parts) / sizeof(parts[0]))

static struct timer slice_timer;
static struct stopwatch began;
static uint64_t total_cpu_ns;	       /* of all parts */
static volatile uint64_t results_seen; /* the compiler may not leave the work out */

/* --- what was asked for ------------------------------------------------------------------------
 */

int mix_use_default(const char *unused)
{
	(void)unused; /* an option without a value */
	return mix_set("hash_body=40,sort_results=30,parse_request=20,render_json=10");
}

static struct part *find_part(const char *name, size_t len)
{
	for (size_t i = 0; i < PARTS; i++) {
		if (strlen(parts[i].function) == len && memcmp(parts[i].function, name, len) == 0)
			return &parts[i];
	}
	return NULL;
}

/* Reads "NAME=SHARE"; the share has digits only and is 1 to 100. */
static int set_part(const char *text, size_t len)
{
	const char *equals = memchr(text, '=', len);
	struct part *part = equals ? find_part(text, (size_t)(equals - text)) : NULL;
	unsigned int pct = 0;

	if (!part || part->asked_pct)
		return -EINVAL;
	for (const char *c = equals + 1; c < text + len; c++) {
		if (*c < '0' || *c > '9' || pct > 100)
			return -EINVAL;
		pct = pct * 10 + (unsigned int)(*c - '0');
	}
	part->asked_pct = pct;
	return pct >= 1 && pct <= 100 ? 0 : -EINVAL;
}

int mix_set(const char *text)
{
	unsigned int sum = 0;

	for (size_t i = 0; i < PARTS; i++)
		parts[i].asked_pct = 0;
	for (;;) {
		size_t len = strcspn(text, ",");

		if (set_part(text, len))
			return -EINVAL;
		text += len;
		if (!*text)
			break;
		text++;
	}
	for (size_t i = 0; i < PARTS; i++)
		sum += parts[i].asked_pct;
	return sum == 100 ? 0 : -EINVAL;
}

bool mix_is_set(void)
{
	for (size_t i = 0; i < PARTS; i++) {
		if (parts[i].asked_pct)
			return true;
	}
	return false;
}

/* --- burning -----------------------------------------------------------------------------------
 */

/* The part that lacks most of its share. */
static struct part *most_behind(void)
{
	struct part *chosen = NULL;
	int64_t most = INT64_MIN;

	for (size_t i = 0; i < PARTS; i++) {
		int64_t due_ns = (int64_t)(total_cpu_ns / 100 * parts[i].asked_pct);
		int64_t behind_ns = due_ns - (int64_t)parts[i].cpu_ns;

		if (parts[i].asked_pct && behind_ns > most) {
			most = behind_ns;
			chosen = &parts[i];
		}
	}
	return chosen;
}

/* One call, some 1 ms: two clock reads around it cost less than a thousandth. */
TRUTH_SITE static void handle_request(void)
{
	struct part *part = most_behind();
	uint64_t before_ns = thread_cpu_ns();
	uint64_t used_ns;

	results_seen += part->run();
	used_ns = thread_cpu_ns() - before_ns;
	part->calls++;
	part->cpu_ns += used_ns;
	total_cpu_ns += used_ns;
}

TRUTH_SITE static void burn_slice(struct timer *timer)
{
	uint64_t end_ns = thread_cpu_ns() + SLICE_NS;

	(void)timer; /* there is one */
	while (thread_cpu_ns() < end_ns)
		handle_request();
}

void mix_start(struct server *server)
{
	work_prepare();
	began = stopwatch_start();
	/* Always due: the next round of the loop is the next slice. */
	slice_timer = (struct timer){ .expired = burn_slice, .period_ns = 1 };
	server_timer_start(server, &slice_timer, 1);
}

/* Printed by the thread that burns: its clock is read. */
void mix_print(FILE *out)
{
	struct stopwatch spent = stopwatch_read(&began);
	const char *separator = "";

	if (!mix_is_set()) {
		(void)fputs("null", out);
		return;
	}
	(void)fprintf(out,
		      "{\"wall_ns\":%" PRIu64 ",\"thread_cpu_ns\":%" PRIu64
		      ",\"other_cpu_ns\":%" PRIu64 ",\"functions\":[",
		      spent.wall_ns, spent.cpu_ns, spent.cpu_ns - total_cpu_ns);
	for (size_t i = 0; i < PARTS; i++) {
		if (!parts[i].asked_pct)
			continue;
		(void)fprintf(out,
			      "%s{\"function\":\"%s\",\"asked_pct\":%u,\"calls\":%" PRIu64
			      ",\"cpu_ns\":%" PRIu64 ",\"share_pct\":%.3f}",
			      separator, parts[i].function, parts[i].asked_pct, parts[i].calls,
			      parts[i].cpu_ns, share_pct(parts[i].cpu_ns, total_cpu_ns));
		separator = ",";
	}
	(void)fputs("]}", out);
}
