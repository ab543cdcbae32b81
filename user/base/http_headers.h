/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the headers of a request say. Every value may be hostile, and NULL when it is not there. */
#ifndef BASE_HTTP_HEADERS_H
#define BASE_HTTP_HEADERS_H

#include <stdbool.h>

/*
 * How much @accept (RFC 9110: media ranges with q) wants "type/subtype", 0 to 1000; of the ranges
 * that fit it the most specific counts. Without the header everything is wanted, 1000. @version:
 * what a range's parameter version must be when it has one; NULL: not looked at.
 */
unsigned int http_accept_weight(const char *accept, const char *type, const char *version);

/* How much @accept_encoding wants @coding, 0 to 1000; without the header 0. */
unsigned int http_encoding_weight(const char *accept_encoding, const char *coding);

/* Is this Host ("localhost:9435", "127.0.0.1", "[::1]:80") one of this machine's loopback? */
bool http_host_is_loopback(const char *host);

#endif
