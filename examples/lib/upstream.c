// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A loop as loops.c has them, but with a port and an app of its own. */
#include "upstream.h"

#include <errno.h>

#include "server_internal.h"

static struct server *upstream;

static void *run(void *server)
{
	server_run(server);
	return NULL;
}

int upstream_start(const struct server_app *app, uint16_t *ret_port)
{
	struct server *server = server_new(app, 1); /* not the first: it hears of no signal */
	int err;

	if (!server)
		return -errno;
	err = server_listen(server, 0, ret_port);
	if (!err)
		err = -pthread_create(&server->thread, NULL, run, server);
	if (err) {
		server_free(server);
		return err;
	}
	(void)pthread_setname_np(server->thread, "upstream"); /* a name is no more than that */
	upstream = server;
	return 0;
}

void upstream_stop(void)
{
	if (!upstream)
		return;
	server_tell(upstream);
	(void)pthread_join(upstream->thread, NULL);
	server_free(upstream);
	upstream = NULL;
}
