// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The main of every example server: its options, then serving, then its report. */
#include "server.h"
#include "server_internal.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "number.h"

#define DEFAULT_PORT 8080
#define EXIT_USAGE   2
#define OWN_OPTION   256 /* what getopt returns for the first option of the example */

static void usage(FILE *out, const struct server_app *app)
{
	(void)fprintf(out, "usage: %s [--port PORT]%s\n%s\n\n", app->name,
		      app->option_count ? " [OPTION...]" : "", app->summary);
	(void)fprintf(out, "  -p, --port PORT  on 127.0.0.1; 0 takes a free one (default %d)\n",
		      DEFAULT_PORT);
	for (size_t i = 0; i < app->option_count; i++) {
		const struct server_option *option = &app->options[i];

		(void)fprintf(out, "      --%s%s%s\n                   %s\n", option->name,
			      option->value ? " " : "", option->value ? option->value : "",
			      option->help);
	}
	(void)fprintf(out, "  -h, --help       this text\n\nroutes: /health /ready%s",
		      app->truth ? " /truth" : "");
	for (size_t i = 0; i < app->route_count; i++)
		(void)fprintf(out, " %s", app->routes[i].path);
	(void)fprintf(out, "\n");
}

static int parse_port(const char *text, uint16_t *ret_port)
{
	uint32_t port;
	int err = number_parse(text, UINT16_MAX, &port);

	if (!err)
		*ret_port = (uint16_t)port;
	return err;
}

/* The common options, then the example's own; the zeroed last element ends them. */
static void gather_options(const struct server_app *app,
			   struct option ret_options[SERVER_OPTIONS_MAX + 3])
{
	static const struct option common[] = {
		{ "port", required_argument, NULL, 'p' },
		{ "help", no_argument, NULL, 'h' },
	};
	size_t count = sizeof(common) / sizeof(common[0]);

	memcpy(ret_options, common, sizeof(common));
	for (size_t i = 0; i < app->option_count && i < SERVER_OPTIONS_MAX; i++)
		ret_options[count++] = (struct option){
			app->options[i].name,
			app->options[i].value ? required_argument : no_argument,
			NULL,
			OWN_OPTION + (int)i,
		};
}

static int take_option(const struct server_app *app, int c, uint16_t *ret_port)
{
	if (c >= OWN_OPTION)
		return app->options[c - OWN_OPTION].set(optarg);
	return c == 'p' ? parse_port(optarg, ret_port) : -EINVAL;
}

int server_main(const struct server_app *app, int argc, char **argv)
{
	struct option options[SERVER_OPTIONS_MAX + 3] = { 0 };
	uint16_t port = DEFAULT_PORT;
	int status;
	int c;

	gather_options(app, options);
	while ((c = getopt_long(argc, argv, "p:h", options, NULL)) != -1) {
		if (c == 'h') {
			usage(stdout, app);
			return EXIT_SUCCESS;
		}
		if (take_option(app, c, &port)) {
			usage(stderr, app);
			return EXIT_USAGE;
		}
	}
	if (optind < argc) {
		usage(stderr, app);
		return EXIT_USAGE;
	}
	status = server_serve(app, port);
	if (app->report)
		app->report(stderr);
	else
		app->truth(stderr);
	return status;
}
