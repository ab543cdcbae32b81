// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Sixteen slots, looked at one by one. */
#include "host/metrics_slots.h"

#include <string.h>

void metrics_slots_init(struct metrics_slots *slots)
{
	for (int i = 0; i < METRICS_SLOTS; i++)
		slots->at[i] = (struct metrics_slot){ .fd = -1 };
}

static bool is_of(const struct metrics_slot *slot, const struct in6_addr *client)
{
	return memcmp(&slot->client, client, sizeof(*client)) == 0;
}

/* Of all, or of @client when it is not NULL. */
static int longest_waiting(const struct metrics_slots *slots, const struct in6_addr *client)
{
	int longest = -2;

	for (int i = 0; i < METRICS_SLOTS; i++) {
		const struct metrics_slot *slot = &slots->at[i];

		if (slot->fd < 0 || slot->has_request || (client && !is_of(slot, client)))
			continue;
		if (longest < 0 || slot->since_ns < slots->at[longest].since_ns)
			longest = i;
	}
	return longest;
}

int metrics_slots_victim(const struct metrics_slots *slots, const struct in6_addr *client)
{
	unsigned int of_client = 0;

	for (int i = 0; i < METRICS_SLOTS; i++)
		of_client += slots->at[i].fd >= 0 && is_of(&slots->at[i], client);
	if (of_client >= METRICS_SLOTS_PER_CLIENT)
		return longest_waiting(slots, client);
	return metrics_slots_taken(slots) < METRICS_SLOTS ? -1 : longest_waiting(slots, NULL);
}

struct metrics_slot *metrics_slots_take(struct metrics_slots *slots, int fd,
					const struct in6_addr *client, uint64_t now_ns)
{
	for (int i = 0; i < METRICS_SLOTS; i++)
		if (slots->at[i].fd < 0) {
			slots->at[i] = (struct metrics_slot){ .fd = fd,
							      .client = *client,
							      .since_ns = now_ns };
			return &slots->at[i];
		}
	return NULL;
}

void metrics_slot_release(struct metrics_slot *slot)
{
	slot->fd = -1;
}

int metrics_slots_expired(const struct metrics_slots *slots, uint64_t now_ns)
{
	for (int i = 0; i < METRICS_SLOTS; i++) {
		const struct metrics_slot *slot = &slots->at[i];

		if (slot->fd >= 0 && !slot->is_leaving &&
		    now_ns - slot->since_ns > METRICS_SLOT_LIFE_NS)
			return i;
	}
	return -1;
}

unsigned int metrics_slots_taken(const struct metrics_slots *slots)
{
	unsigned int taken = 0;

	for (int i = 0; i < METRICS_SLOTS; i++)
		taken += slots->at[i].fd >= 0;
	return taken;
}

struct in6_addr metrics_slots_client(const struct sockaddr_storage *address)
{
	struct in6_addr client = { 0 };

	if (address->ss_family == AF_INET6) {
		client = ((const struct sockaddr_in6 *)address)->sin6_addr;
		if (!IN6_IS_ADDR_V4MAPPED(&client))
			memset(&client.s6_addr[8], 0, 8);
	} else if (address->ss_family == AF_INET) {
		client.s6_addr[10] = client.s6_addr[11] = 0xff;
		memcpy(&client.s6_addr[12], &((const struct sockaddr_in *)address)->sin_addr, 4);
	}
	return client;
}
