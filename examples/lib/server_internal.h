/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What server.c (routes), loop.c, loops.c and connection.c share; not for the examples. */
#ifndef EXAMPLE_SERVER_INTERNAL_H
#define EXAMPLE_SERVER_INTERNAL_H

#include <pthread.h>

#include "server.h"

/* A descriptor in the loop. */
struct source {
	int fd;		   /* -1: not open */
	uint32_t interest; /* EPOLLIN, EPOLLOUT; 0: not watched */
	void (*ready)(struct source *source);
	void *ctx;
};

enum connection_state {
	CONNECTION_FREE,
	CONNECTION_IDLE,      /* between requests */
	CONNECTION_READING,   /* part of a head is here */
	CONNECTION_WRITING,   /* part of a reply is not taken yet */
	CONNECTION_LINGERING, /* all is sent, waiting for the client's end */
};

struct connection {
	struct source source;
	struct server *server;
	struct connection *next_free;
	enum connection_state state;
	bool closing;	  /* no request after this one */
	bool peer_closed; /* the client sends no more */
	struct timer timer;
	size_t in_len;
	size_t out_len;
	size_t out_sent;
	char in[HTTP_HEAD_MAX];
	char out[2 * HTTP_REPLY_MAX];
};

struct server {
	const struct server_app *app;
	unsigned int index;
	struct server *next; /* the loop of the next thread; NULL: the last */
	pthread_t thread;    /* of all but the first */
	int status;	     /* how it ended */
	int epoll_fd;
	struct source listener;
	struct source signals; /* the first loop's; another's hears from it */
	struct source clock;
	uint64_t now_ns;
	uint64_t armed_ns; /* when the clock rings, 0: not set */
	struct timers timers;
	struct timer drain_deadline;
	bool is_draining;
	bool is_cut; /* ended before the last connection was gone */
	unsigned int open;
	struct connection *free_list;
	struct connection connections[SERVER_CONNECTIONS];
};

/* loops.c */
int server_serve(const struct server_app *app, uint16_t port); /* exit status */

/* loop.c */
struct server *server_new(const struct server_app *app, unsigned int index); /* NULL: see errno */
void server_free(struct server *server);
int server_listen(struct server *server, uint16_t port, uint16_t *ret_port);
void server_run(struct server *server);	 /* to its end; sets its status */
void server_tell(struct server *server); /* as a signal would */
int source_watch(struct server *server, struct source *source, uint32_t interest);

/* server.c */
void server_dispatch(struct server *server, const struct http_request *request,
		     struct http_reply *reply);

/* connection.c; open takes @fd, also when it fails */
void connection_open(struct server *server, int fd);
void connection_close(struct connection *connection); /* nothing when it is free */
void connection_drain(struct connection *connection); /* nothing when it is free */

#endif
