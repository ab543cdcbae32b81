/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who is connected, and who has to go. Private to host/metrics_*.c, and for tests. Knows nothing of
 * sockets but their numbers: the caller closes.
 */
#ifndef HOST_METRICS_SLOTS_H
#define HOST_METRICS_SLOTS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#define METRICS_SLOTS		 16
#define METRICS_SLOTS_PER_CLIENT 8
#define METRICS_SLOT_LIFE_NS	 10000000000u

struct metrics_slot {
	int fd;		  /* -1: free */
	bool has_request; /* all of its headers have come */
	bool is_leaving;  /* was told to go */
	struct in6_addr client;
	uint64_t since_ns;
};

struct metrics_slots {
	struct metrics_slot at[METRICS_SLOTS];
};

void metrics_slots_init(struct metrics_slots *slots);

/*
 * Who must leave so that @client can come: of the same client when that has all it may have, else
 * of anyone when all are taken; the one that has waited longest without a request. -1: nobody,
 * there is room; -2: nobody may be sent away, the newcomer has to go; else the index of the slot.
 */
int metrics_slots_victim(const struct metrics_slots *slots, const struct in6_addr *client);

/* A free slot for it, or NULL. */
struct metrics_slot *metrics_slots_take(struct metrics_slots *slots, int fd,
					const struct in6_addr *client, uint64_t now_ns);
void metrics_slot_release(struct metrics_slot *slot);

/* The index of one that has lived its time and was not told so yet, or -1. */
int metrics_slots_expired(const struct metrics_slots *slots, uint64_t now_ns);

/* How many are taken. */
unsigned int metrics_slots_taken(const struct metrics_slots *slots);

/* Who a client is: its IPv4 address (mapped to IPv6), or the /64 of its IPv6 address, in which one
 * host has as many addresses as it likes. */
struct in6_addr metrics_slots_client(const struct sockaddr_storage *address);

#endif
