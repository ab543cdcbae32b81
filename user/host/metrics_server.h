/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What listens for scrapes: a child of the collector that has no capability, is nobody where that
 * can be, opens and executes nothing, and knows only the page it is handed
 * (host/metrics_link.h).
 *
 * It serves GET and HEAD of /metrics (text 0.0.4, or OpenMetrics where Accept prefers it; gzip
 * where it is accepted), /healthz and /-/healthy (the collector answers), /readyz and /-/ready (all
 * is attached; these four need no password), and / (links). A connection is one request and lives
 * 10 s at most; there are 16, of one address (IPv6: of a /64) 8, and who comes when all are taken
 * takes the place of the one that has waited longest for its request (so whoever opens eight in the
 * time that a scrape takes from its connection to its request can still push it out). No answer of
 * the collector within 5 s is a 503. On a loopback address the Host of a request must be one too
 * (421): a web page elsewhere whose name was made to lead here is not answered.
 *
 * To the page it adds what it alone knows: vitals_scrapes_total{code},
 * vitals_scrape_duration_seconds, vitals_connections_dropped_total{reason}.
 *
 * It ignores SIGINT, SIGTERM and SIGHUP, and ends with its parent.
 */
#ifndef HOST_METRICS_SERVER_H
#define HOST_METRICS_SERVER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define METRICS_SERVER_ADDRESS	"127.0.0.1:9435"
#define METRICS_SERVER_RESTARTS 5 /* in a minute; more is a fault that does not go away */

struct metrics_server_options {
	const char *address; /* "127.0.0.1:9435", "[::1]:9435", ":9435" (all addresses); port 0: a
			      * free one; NULL: METRICS_SERVER_ADDRESS */
	const char *web_config; /* path of the file with TLS and passwords (host/web_config.h), or
				 * NULL */
	bool allow_remote; /* --web.allow-remote: may listen beyond loopback, if there is TLS or a
			    * password */
};

struct metrics_server {
	pid_t pid;
	int link;      /* the collector's end, for a struct metrics_desk; readable when it asks or
			* has ended */
	int listen_fd; /* kept, so that scrapes wait while it is started again */
	uint16_t port;
	uint64_t restarts; /* since the start */
	uint64_t restarted_ns[METRICS_SERVER_RESTARTS];
};

/*
 * Are the address and the web configuration sound and allowed? Nothing is started. 0; -EINVAL: no
 * (told, one line; exit status 2); or another -errno (told).
 */
int metrics_server_check(const struct metrics_server_options *o);

/* Binds, starts the child and waits until it serves. As metrics_server_check; best before there is
 * anything in memory that a child need not have. */
int metrics_server_start(const struct metrics_server_options *o, struct metrics_server *ret_server);

/*
 * Ends what is left of it and starts it again on the same socket, with its files read anew:
 * @server->link is another. -EUSERS (told): it was the sixth time in a minute; else as above.
 */
int metrics_server_restart(const struct metrics_server_options *o, struct metrics_server *server);

/* Ends the child and closes what is open. A zeroed one is fine. */
void metrics_server_stop(struct metrics_server *server);

#endif
