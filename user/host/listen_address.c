// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Both kinds of addresses, by inet_pton. */
#include "host/listen_address.h"

#include "base/parse.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#define BACKLOG 128

static void put_v4(struct listen_address *a, struct in_addr host, uint64_t port)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)&a->at;

	*a = (struct listen_address){ .len = sizeof(*v4) };
	v4->sin_family = AF_INET;
	v4->sin_port = htons((uint16_t)port);
	v4->sin_addr = host;
}

static void put_v6(struct listen_address *a, struct in6_addr host, uint64_t port)
{
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&a->at;

	*a = (struct listen_address){ .len = sizeof(*v6) };
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons((uint16_t)port);
	v6->sin6_addr = host;
}

int listen_address_parse(const char *text, struct listen_address *ret_address)
{
	const char *colon = strrchr(text, ':');
	size_t len = colon ? (size_t)(colon - text) : 0;
	char host[INET6_ADDRSTRLEN + 2];
	struct in6_addr v6 = in6addr_any;
	struct in_addr v4 = { htonl(INADDR_LOOPBACK) };
	uint64_t port;

	if (!colon || len >= sizeof(host) || parse_u64(colon + 1, UINT16_MAX, &port))
		return -EINVAL;
	memcpy(host, text, len);
	host[len] = '\0';
	if (len > 2 && host[0] == '[' && host[len - 1] == ']') {
		host[len - 1] = '\0';
		if (inet_pton(AF_INET6, host + 1, &v6) != 1)
			return -EINVAL;
		put_v6(ret_address, v6, port);
	} else if (len == 0) {
		put_v6(ret_address, v6, port);
	} else if (strcmp(host, "localhost") == 0 || inet_pton(AF_INET, host, &v4) == 1) {
		put_v4(ret_address, v4, port);
	} else {
		return -EINVAL;
	}
	return 0;
}

bool listen_address_is_loopback(const struct listen_address *address)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)&address->at;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&address->at;

	if (address->at.ss_family == AF_INET)
		return ntohl(v4->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr) ||
	       (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr) &&
		v6->sin6_addr.s6_addr[12] == IN_LOOPBACKNET);
}

static int begin_listening(int fd, const struct listen_address *address)
{
	const int on = 1, off = 0;

	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)))
		return -errno;
	if (address->at.ss_family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, (const struct sockaddr *)&address->at, address->len) || listen(fd, BACKLOG))
		return -errno;
	return 0;
}

static int bind_socket(const struct listen_address *address)
{
	int fd = socket(address->at.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int err;

	if (fd < 0)
		return -errno;
	err = begin_listening(fd, address);
	if (!err)
		return fd;
	(void)close(fd);
	return err;
}

/* The port that a socket is bound to. */
static uint16_t port_of(int fd)
{
	struct sockaddr_in6 at = { 0 }; /* the port is at the same place in both kinds */
	socklen_t len = sizeof(at);

	return getsockname(fd, (struct sockaddr *)&at, &len) ? 0 : ntohs(at.sin6_port);
}

int listen_address_open(const struct listen_address *address, uint16_t *ret_port)
{
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&address->at;
	int fd = bind_socket(address);

	/* All addresses, on a machine without IPv6. */
	if (fd == -EAFNOSUPPORT && IN6_IS_ADDR_UNSPECIFIED(&v6->sin6_addr)) {
		struct listen_address any;

		put_v4(&any, (struct in_addr){ htonl(INADDR_ANY) }, ntohs(v6->sin6_port));
		fd = bind_socket(&any);
	}
	if (fd >= 0)
		*ret_port = port_of(fd);
	return fd;
}
