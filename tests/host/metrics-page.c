// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A collector without BPF, for tests of what listens: serves a fixed page, and prints what the
 * tests need to know ("serving PID PORT", and again when the server was started again).
 *
 *	metrics-page ADDRESS [--web FILE] [--remote] [--size SERIES] [--unready] [--no-page]
 *[--silent]
 */
#include "base/parse.h"
#include "base/scope.h"
#include "host/log.h"
#include "host/loop.h"
#include "host/metrics_link.h"
#include "host/metrics_server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct collector {
	struct metrics_server_options options;
	struct metrics_server server;
	struct metrics_desk desk;
	struct loop *loop;
	uint64_t pages, size;
	bool is_ready, has_page, is_silent;
};

static const struct series_info build = { "vitals_build_info", SERIES_GAUGE, NULL, "1." };
static const struct series_info pages = { "vitals_pages_total", SERIES_COUNTER, NULL,
					  "Pages that were made." };
static const struct series_info busy = { "vitals_loop_busy_seconds_total", SERIES_COUNTER,
					 "seconds", "Time in iterations." };
static const struct series_info stalls = { "vitals_loop_stall_seconds", SERIES_HISTOGRAM, "seconds",
					   "Stalls." };

static int fill(void *ctx, struct series *s, bool *ret_is_ready)
{
	static const double bounds[] = { 0.02, 0.1, 1 };
	static const uint64_t counts[] = { 3, 5, 6 };
	const struct series_histogram h = { bounds, counts, 3, 2.75, 7 };
	const struct series_label evil = { "process", "a\"b\\c\nd\xff" };
	const struct series_label version = { "version", VERSION };
	struct collector *c = ctx;

	if (!c->has_page)
		return -EIO;
	*ret_is_ready = c->is_ready;
	if (series_family(s, &build) || series_add(s, &version, 1, 1) || series_family(s, &pages) ||
	    series_add(s, NULL, 0, (double)++c->pages) || series_family(s, &stalls) ||
	    series_add_histogram(s, &evil, 1, &h) || series_family(s, &busy))
		return -ENOMEM;
	for (uint64_t i = 0; i < c->size; i++) {
		char name[32];
		const struct series_label process = { "process", name };

		(void)snprintf(name, sizeof(name), "service-%llu", (unsigned long long)i);
		if (series_add(s, &process, 1, 0.25 * (double)i))
			return -ENOMEM;
	}
	return 0;
}

static int on_link(void *ctx);

static int watch(struct collector *c)
{
	c->desk = (struct metrics_desk){
		.fd = c->server.link, .fill = fill, .ctx = c, .max_series = 100000
	};
	printf("serving %d %d\n", c->server.pid, c->server.port);
	(void)fflush(stdout);
	return loop_add_fd(c->loop, c->server.link, on_link, c);
}

static int on_link(void *ctx)
{
	struct collector *c = ctx;
	int err = c->is_silent ? 0 : metrics_link_answer(&c->desk);

	if (c->is_silent) /* looks away from the question, but not from the end */
		return loop_remove_fd(c->loop, c->server.link);
	if (err == 0)
		return 0;
	(void)loop_remove_fd(c->loop, c->server.link);
	err = metrics_server_restart(&c->options, &c->server);
	return err ? err : watch(c);
}

static void take_option(struct collector *c, char **argv, int *i)
{
	if (strcmp(argv[*i], "--web") == 0 && argv[*i + 1])
		c->options.web_config = argv[++*i];
	else if (strcmp(argv[*i], "--remote") == 0)
		c->options.allow_remote = true;
	else if (strcmp(argv[*i], "--size") == 0 && argv[*i + 1])
		(void)parse_u64(argv[++*i], 100000, &c->size);
	else if (strcmp(argv[*i], "--unready") == 0)
		c->is_ready = false;
	else if (strcmp(argv[*i], "--no-page") == 0)
		c->has_page = false;
	else if (strcmp(argv[*i], "--silent") == 0)
		c->is_silent = true;
	else
		exit(2);
}

int main(int argc, char **argv)
{
	_release_(loop_freep) struct loop *loop = loop_new();
	struct collector c = { .loop = loop, .is_ready = true, .has_page = true, .size = 1 };
	int err;

	log_init("metrics-page", LOG_WARN);
	c.options.address = argc > 1 ? argv[1] : NULL;
	for (int i = 2; i < argc; i++)
		take_option(&c, argv, &i);
	if (!loop || loop_take_signals(loop, NULL, NULL))
		return EXIT_FAILURE;
	err = metrics_server_start(&c.options, &c.server);
	if (err)
		return err == -EINVAL ? 2 : EXIT_FAILURE;
	err = watch(&c);
	if (!err)
		err = loop_run(loop);
	metrics_server_stop(&c.server);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}
