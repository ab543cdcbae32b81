/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A session with node's inspector: a WebSocket to a port that the process itself listens at. */
#ifndef HOST_INSPECTOR_H
#define HOST_INSPECTOR_H

#include "heap/cdp.h"
#include "heap/ws_frame.h"
#include "host/listeners.h"
#include "host/target.h"

/* Zeroed at birth and before inspector_open, ended by inspector_done. */
struct inspector {
	const struct target *target; /* borrowed */
	int fd;			     /* 0: none */
	int signal_fd;		     /* borrowed: signals that ask us to end */
	unsigned int signals;	     /* that have come */
	struct ws_reader reader;
	uint64_t last_id; /* of the requests */
};

/*
 * Connects to @at in @target's network namespace. 0; -EPERM: for its namespace root is needed;
 * -EBADMSG: what answers there is no inspector; -ETIME: nothing answers; or as inspector_wait.
 */
int inspector_open(struct inspector *i, const struct listener *at);
void inspector_done(struct inspector *i);

/* Sends a request; @params is a JSON object. 0 or -errno. */
int inspector_ask(struct inspector *i, const char *method, const char *params, uint64_t *ret_id);

/*
 * The next message, which is waited for up to @timeout_ns (0: for ever). 0; -ETIME; -ECONNRESET:
 * the session was ended; -EBADMSG, -E2BIG: no such message; or as inspector_wait.
 */
int inspector_receive(struct inspector *i, uint64_t timeout_ns, struct cdp_message *ret);

/*
 * Waits until @fd (-1: none) can be read. 0; -ETIME; -ESRCH: the target has ended; -EINTR: the
 * first signal has come; -ECANCELED: a further one.
 */
int inspector_wait(struct inspector *i, int fd, uint64_t timeout_ns);

#endif
