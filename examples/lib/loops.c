// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* All loops of an example server: the main thread's, and a thread for each other. */
#include "server.h"
#include "server_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/scope.h"

/* The first; frees all. */
static void servers_freep(struct server **at)
{
	struct server *server = *at;

	while (server) {
		struct server *next = server->next;

		server_free(server);
		server = next;
	}
}

static bool is_open(const struct server *server)
{
	return server->epoll_fd >= 0 && server->signals.fd >= 0 && server->clock.fd >= 0;
}

/* In order; where one is missing or not open, the list ends and *ret_failed is true. */
static struct server *servers_new(const struct server_app *app, bool *ret_failed)
{
	unsigned int count = app->loop_count ? app->loop_count() : 1;
	struct server *first = NULL;
	struct server **end = &first;

	*ret_failed = false;
	for (unsigned int i = 0; i < count && !*ret_failed; i++) {
		*end = server_new(app, i);
		*ret_failed = !*end || !is_open(*end);
		if (*end)
			end = &(*end)->next;
	}
	return first;
}

static int servers_listen(struct server *first, uint16_t port)
{
	for (struct server *server = first; server; server = server->next) {
		int err = server_listen(server, port, &port); /* the others: where the first is */

		if (!err)
			continue;
		(void)fprintf(stderr, "%s: port %u: %s\n", server->app->name, (unsigned int)port,
			      strerror(-err));
		return err;
	}
	printf("listening on 127.0.0.1:%u\n", (unsigned int)port);
	(void)fflush(stdout); /* whoever reads it is waiting for the line */
	return 0;
}

static void *peer_main(void *ctx)
{
	server_run(ctx);
	return NULL;
}

/* Threads for those after the first, until one cannot be had: it and those after it go. */
static int peers_start(struct server *first)
{
	for (struct server *last = first; last->next; last = last->next) {
		char name[16];
		int err = pthread_create(&last->next->thread, NULL, peer_main, last->next);

		if (err) {
			servers_freep(&last->next);
			last->next = NULL;
			return -err;
		}
		(void)snprintf(name, sizeof(name), "loop-%u", last->next->index);
		(void)pthread_setname_np(last->next->thread, name); /* for the reader only */
	}
	return 0;
}

/* Their end; @is_cut: now. The worst status. */
static int peers_join(struct server *first, bool is_cut)
{
	int status = first->status;

	for (struct server *peer = first->next; peer; peer = peer->next) {
		if (is_cut) {
			server_tell(peer);
			server_tell(peer);
		}
		(void)pthread_join(peer->thread, NULL);
		if (peer->status)
			status = peer->status;
	}
	return status;
}

int server_serve(const struct server_app *app, uint16_t port)
{
	bool has_failed = false;
	_release_(servers_freep) struct server *first = servers_new(app, &has_failed);
	int err;

	if (has_failed || !first) {
		(void)fprintf(stderr, "%s: start: %s\n", app->name, strerror(errno));
		return EXIT_FAILURE;
	}
	for (struct server *server = first; app->start && server; server = server->next) {
		if (app->start(server))
			return EXIT_FAILURE; /* it has said why */
	}
	if (servers_listen(first, port))
		return EXIT_FAILURE;
	err = peers_start(first);
	if (err) {
		(void)fprintf(stderr, "%s: threads: %s\n", app->name, strerror(-err));
		first->status = EXIT_FAILURE;
	} else {
		server_run(first);
	}
	return peers_join(first, first->status != EXIT_SUCCESS);
}
