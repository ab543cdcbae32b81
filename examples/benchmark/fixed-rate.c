// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A client, not a server: GET requests at a fixed rate, each timed from when it was due. One line
 * of JSON on standard output; scripts/load-test.sh runs it and docs/04-load-testing.md explains.
 */
#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "number.h"
#include "rate/run.h"

#define NS_PER_SEC	1000000000ULL
#define NS_PER_MS	1000000ULL
#define REQUESTS_MAX	10000000U
#define RATE_MAX	1000000U
#define TIMEOUT_MAX_MS	600000U
#define EXIT_USAGE	2
#define DEFAULT_TIMEOUT 2000
#define DEFAULT_OPEN	256
#define HEADERS_MAX	2048

struct settings {
	uint32_t rate, requests, lead, timeout_ms, connections;
	char headers[HEADERS_MAX];
	const char *host, *port, *path;
};

static volatile int is_stopped;

static void stop(int signal_number)
{
	(void)signal_number;
	is_stopped = 1;
}

static int usage(FILE *out, int status)
{
	(void)fputs("usage: fixed-rate --rate N --requests N [OPTION...] ADDRESS PORT PATH\n"
		    "GET requests at a fixed rate, timed from when each was due; JSON.\n\n"
		    "  --rate N         per second\n"
		    "  --requests N     then it ends\n"
		    "  --lead N         so many before them that are not counted (0)\n"
		    "  --timeout-ms N   an answer later than that is given up (2000)\n"
		    "  --connections N  at a time; what is due then waits (256)\n"
		    "  --header TEXT    one more header, \"Name: value\"\n"
		    "  --help           this text\n",
		    out);
	return status;
}

static int add_header(struct settings *s, const char *text)
{
	size_t len = strlen(s->headers);
	size_t room = sizeof(s->headers) - len;

	if (!strchr(text, ':') || strpbrk(text, "\r\n"))
		return -EINVAL;
	return (size_t)snprintf(s->headers + len, room, "%s\r\n", text) < room ? 0 : -E2BIG;
}

static int take_option(struct settings *s, int c)
{
	switch (c) {
	case 'r':
		return number_parse(optarg, RATE_MAX, &s->rate);
	case 'n':
		return number_parse(optarg, REQUESTS_MAX, &s->requests);
	case 'l':
		return number_parse(optarg, REQUESTS_MAX, &s->lead);
	case 't':
		return number_parse(optarg, TIMEOUT_MAX_MS, &s->timeout_ms);
	case 'c':
		return number_parse(optarg, RUN_CONNECTIONS_MAX, &s->connections);
	case 'H':
		return add_header(s, optarg);
	default:
		return -EINVAL;
	}
}

/* Printable, and no space: it becomes part of a line. */
static bool is_path(const char *text)
{
	if (*text != '/')
		return false;
	for (; *text; text++) {
		if (*text <= ' ' || *text > '~')
			return false;
	}
	return true;
}

/* 1: it asks for help. */
static int parse(struct settings *s, int argc, char **argv)
{
	static const struct option options[] = {
		{ "rate", required_argument, NULL, 'r' },
		{ "requests", required_argument, NULL, 'n' },
		{ "lead", required_argument, NULL, 'l' },
		{ "timeout-ms", required_argument, NULL, 't' },
		{ "connections", required_argument, NULL, 'c' },
		{ "header", required_argument, NULL, 'H' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'h')
			return 1;
		if (take_option(s, c))
			return -EINVAL;
	}
	if (argc - optind != 3 || !is_path(argv[optind + 2]))
		return -EINVAL;
	s->host = argv[optind];
	s->port = argv[optind + 1];
	s->path = argv[optind + 2];
	return s->rate && s->requests && s->timeout_ms && s->connections ? 0 : -EINVAL;
}

static uint64_t period_ns(uint32_t rate)
{
	assert(rate); /* parse() has seen to it */
	return NS_PER_SEC / rate;
}

static int generate(const struct settings *s, const struct addrinfo *address)
{
	char request[RUN_REQUEST_MAX];
	struct results results = { 0 };
	struct run_plan plan = {
		.address = address,
		.request = request,
		.period_ns = period_ns(s->rate),
		.requests = (uint64_t)s->requests + s->lead,
		.lead = s->lead,
		.timeout_ns = s->timeout_ms * NS_PER_MS,
		.connections = s->connections,
	};
	bool is_v6 = strchr(s->host, ':') != NULL;
	int len =
		snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: %s%s%s:%s\r\n%s\r\n",
			 s->path, is_v6 ? "[" : "", s->host, is_v6 ? "]" : "", s->port, s->headers);
	uint64_t due = 0;
	int err = len > 0 && (size_t)len < sizeof(request) ? 0 : -E2BIG;

	plan.request_len = (size_t)len;
	if (!err)
		err = results_init(&results, s->requests);
	if (!err)
		err = run(&plan, &is_stopped, &results, &due);
	if (!err) {
		(void)printf("{\"rate\":%" PRIu32 ",\"due\":%" PRIu64 ",\"complete\":%s,", s->rate,
			     due, due == s->requests ? "true" : "false");
		results_print(&results, stdout);
		(void)puts("}");
	}
	results_done(&results);
	return err;
}

int main(int argc, char **argv)
{
	static struct settings s = { .timeout_ms = DEFAULT_TIMEOUT, .connections = DEFAULT_OPEN };
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
				  .ai_socktype = SOCK_STREAM };
	struct sigaction action = { .sa_handler = stop };
	struct addrinfo *address = NULL;
	int err = parse(&s, argc, argv);

	if (err)
		return usage(err > 0 ? stdout : stderr, err > 0 ? EXIT_SUCCESS : EXIT_USAGE);
	(void)sigaction(SIGINT, &action, NULL);
	(void)sigaction(SIGTERM, &action, NULL);
	if (getaddrinfo(s.host, s.port, &hints, &address)) {
		(void)fprintf(stderr, "fixed-rate: %s port %s: no address\n", s.host, s.port);
		return EXIT_USAGE;
	}
	err = generate(&s, address);
	freeaddrinfo(address);
	if (err)
		(void)fprintf(stderr, "fixed-rate: %s\n", strerror(-err));
	return err || fflush(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
}
