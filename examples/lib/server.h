/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A small HTTP/1.1 server on 127.0.0.1: epoll, timerfd and signalfd, in one thread, or in several
 * that share the port and nothing else. All its memory is taken at the start, so what grows while
 * it serves is what the routes allocate.
 *
 * It answers /health (200 while the process lives) and /ready (503 once it drains, or when the app
 * says that it is not) itself. SIGTERM
 * or SIGINT drains: no new connection, every reply says close, idle connections are closed, and it
 * ends when the last one is gone. A second signal, or DRAIN_DEADLINE, ends it at once.
 */
#ifndef EXAMPLE_SERVER_H
#define EXAMPLE_SERVER_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "http.h"
#include "timers.h"

#define SERVER_CONNECTIONS	 512		   /* more wait in the kernel's queue */
#define SERVER_READ_TIMEOUT_NS	 (5 * NS_PER_SEC)  /* first byte of a head to its end */
#define SERVER_WRITE_TIMEOUT_NS	 (8 * NS_PER_SEC)  /* a reply the client does not take */
#define SERVER_IDLE_TIMEOUT_NS	 (10 * NS_PER_SEC) /* between requests */
#define SERVER_LINGER_NS	 (1 * NS_PER_SEC)  /* our end closed, waiting for the client's */
#define SERVER_DRAIN_GRACE_NS	 (500 * NS_PER_MS) /* for a request already on its way */
#define SERVER_DRAIN_DEADLINE_NS (10 * NS_PER_SEC)

struct server;

/* One request being answered. The reply starts as 200 with an empty text body. */
struct exchange {
	struct server *server;
	const struct http_request *request; /* gone when the handler returns */
	struct http_reply *reply;
};

struct server_route {
	const char *method;
	const char *path;
	void (*handler)(struct exchange *exchange);
};

/* An option of one example, besides --port and --help. */
struct server_option {
	const char *name;
	const char *value; /* what --help calls its value, NULL: it takes none */
	const char *help;
	int (*set)(const char *value); /* gets NULL when it takes none; not 0: misuse */
};

#define SERVER_OPTIONS_MAX 8
#define SERVER_LOOPS_MAX   16

struct server_app {
	const char *name;
	const char *summary; /* one line for --help */
	const struct server_route *routes;
	size_t route_count;
	const struct server_option *options; /* at most SERVER_OPTIONS_MAX */
	size_t option_count;
	unsigned int (*loop_count)(void); /* NULL: one; at most SERVER_LOOPS_MAX */
	/* NULL, or called at first, for each loop, all by the main thread; says what failed */
	int (*start)(struct server *server);
	/* NULL, or called by each loop after each wait, with CLOCK_MONOTONIC before and after it */
	void (*waited)(struct server *server, uint64_t began_ns, uint64_t ended_ns);
	/* NULL, or why the server should get no requests now; NULL: it is ready */
	const char *(*unready)(void);
	/* NULL, or prints as JSON what the server knows of itself: /truth, on stderr at the end */
	void (*truth)(FILE *out);
	/* called once, on stderr, when the server has ended; NULL: the truth alone */
	void (*report)(FILE *out);
};

/* The main of an example: options, serving, the report. Returns the exit status. */
int server_main(const struct server_app *app, int argc, char **argv);

/* Makes the reply a 503 that says so. */
void exchange_out_of_memory(struct exchange *exchange);

/* What @print prints is the reply's JSON. */
void exchange_print(struct exchange *exchange, void (*print)(FILE *out));

/*
 * Query parameter @name, 0 to @max; @fallback without one. -EINVAL for anything else.
 */
int exchange_number(const struct exchange *exchange, const char *name, uint32_t fallback,
		    uint32_t max, uint32_t *ret_number);

/*
 * Which loop this is: 0 is the main thread's; the threads of others are called "loop-1" and on.
 */
unsigned int server_index(const struct server *server);

/* A timer of the server's loop, @after_ns from now; see timers.h for who owns it. */
void server_timer_start(struct server *server, struct timer *timer, uint64_t after_ns);
void server_timer_cancel(struct server *server, struct timer *timer);

#endif
