// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The main of every example server: its options, then serving, then its report. */
#include "server.h"
#include "server_internal.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>

#define DEFAULT_PORT 8080
#define EXIT_USAGE   2

static void usage(FILE *out, const struct server_app *app)
{
	(void)fprintf(out, "usage: %s [--port PORT]\n%s\n\n", app->name, app->summary);
	(void)fprintf(out, "  -p, --port PORT  on 127.0.0.1; 0 takes a free one (default %d)\n",
		      DEFAULT_PORT);
	(void)fprintf(out, "  -h, --help       this text\n\nroutes: /health /ready");
	for (size_t i = 0; i < app->route_count; i++)
		(void)fprintf(out, " %s", app->routes[i].path);
	(void)fprintf(out, "\n");
}

static int parse_port(const char *text, uint16_t *ret_port)
{
	unsigned int port = 0;

	if (!*text)
		return -EINVAL;
	for (const char *c = text; *c; c++) {
		if (*c < '0' || *c > '9')
			return -EINVAL;
		port = port * 10 + (unsigned int)(*c - '0');
		if (port > UINT16_MAX)
			return -ERANGE;
	}
	*ret_port = (uint16_t)port;
	return 0;
}

int server_main(const struct server_app *app, int argc, char **argv)
{
	static const struct option options[] = {
		{ "port", required_argument, NULL, 'p' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	uint16_t port = DEFAULT_PORT;
	int status;
	int c;

	while ((c = getopt_long(argc, argv, "p:h", options, NULL)) != -1) {
		if (c == 'h') {
			usage(stdout, app);
			return EXIT_SUCCESS;
		}
		if (c != 'p' || parse_port(optarg, &port)) {
			usage(stderr, app);
			return EXIT_USAGE;
		}
	}
	if (optind < argc) {
		usage(stderr, app);
		return EXIT_USAGE;
	}
	status = server_serve(app, port);
	app->report(stderr);
	return status;
}
