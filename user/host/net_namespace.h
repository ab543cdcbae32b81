/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A TCP socket that belongs to the network namespace of another process. */
#ifndef HOST_NET_NAMESPACE_H
#define HOST_NET_NAMESPACE_H

#include "host/target.h"

/* Is it another one than ours? 1, 0 or -errno. */
int net_namespace_differs(const struct target *t);

/*
 * A socket (IPv4, O_CLOEXEC) made in @t's namespace; this process is in its own again afterwards,
 * or ended by abort(). The socket or -errno: -EPERM needs CAP_SYS_ADMIN.
 */
int net_namespace_socket(const struct target *t);

#endif
