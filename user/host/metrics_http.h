/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the server's child does all its life. Private to host/metrics_*.c. */
#ifndef HOST_METRICS_HTTP_H
#define HOST_METRICS_HTTP_H

#include "host/web_config.h"

struct metrics_http_options {
	int listen_fd, link_fd;	      /* borrowed; nonblocking */
	const struct web_config *web; /* borrowed; NULL: none */
	bool is_loopback;	      /* what listen_fd is bound to */
};

struct metrics_http;

/* Everything that needs a descriptor or a file is had here, before the sandbox. NULL: told. */
struct metrics_http *metrics_http_new(const struct metrics_http_options *o);

/* Serves until the link ends. 0 or -errno. */
int metrics_http_run(struct metrics_http *http);

#endif
