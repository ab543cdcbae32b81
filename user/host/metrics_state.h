/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Private to host/metrics_http.c (connections and the loop) and host/metrics_requests.c. */
#ifndef HOST_METRICS_STATE_H
#define HOST_METRICS_STATE_H

#include "host/clock.h"
#include "host/loop.h"
#include "host/metrics_http.h"
#include "host/metrics_pages.h"
#include "host/metrics_slots.h"
#include "host/web_auth.h"

#define METRICS_TICK_NS (NS_PER_S / 2)

/* Of the connection in the slot of the same index: it is one request. */
struct request {
	struct MHD_Connection *connection;
	uint64_t begun_ns;
	uint64_t until_ns; /* waits for a page no longer; 0: has not waited */
	bool is_suspended;
	bool is_let_in;
	bool is_scrape;
};

struct metrics_http {
	const struct metrics_http_options *o;
	struct loop *loop;
	struct MHD_Daemon *daemon;
	struct web_auth *auth; /* NULL: nobody is asked for a password */
	struct metrics_slots slots;
	struct request requests[METRICS_SLOTS];
	struct metrics_pages pages;
	struct metrics_counts counts;
	bool is_asked;	   /* the collector owes an answer */
	bool has_failed;   /* its last one was that there is no page */
	uint64_t asked_ns; /* when it was asked last */
};

/* libmicrohttpd's access handler; @ctx is the struct metrics_http. */
enum MHD_Result metrics_on_request(void *ctx, struct MHD_Connection *connection, const char *url,
				   const char *method, const char *version, const char *data,
				   size_t *data_len, void **request_ctx);

/* Asks the collector, unless it owes an answer or was asked within the second. */
void metrics_ask(struct metrics_http *h, uint64_t now_ns);

#endif
