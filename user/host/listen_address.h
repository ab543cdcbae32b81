/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* "ADDRESS:PORT" to a listening socket. Addresses are numbers: nobody is asked for a name. */
#ifndef HOST_LISTEN_ADDRESS_H
#define HOST_LISTEN_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct listen_address {
	struct sockaddr_storage at;
	socklen_t len;
};

/* "127.0.0.1:9435", "[::1]:9435", "localhost:9435" (127.0.0.1), ":9435" (all, of both kinds). 0 or
 * -EINVAL. */
int listen_address_parse(const char *text, struct listen_address *ret_address);

bool listen_address_is_loopback(const struct listen_address *address);

/* A bound, listening, nonblocking socket, and the port it got; or -errno. */
int listen_address_open(const struct listen_address *address, uint16_t *ret_port);

#endif
