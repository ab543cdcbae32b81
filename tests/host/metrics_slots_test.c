// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Who has to go when somebody comes. */
#include "host/metrics_slots.h"

#include "host/listen_address.h"
#include "tap.h"

#include <arpa/inet.h>
#include <unistd.h>

static struct in6_addr client(const char *text)
{
	struct in6_addr address;

	must(inet_pton(AF_INET6, text, &address) == 1);
	return address;
}

static void fill(struct metrics_slots *slots, const char *text, int count)
{
	struct in6_addr address = client(text);

	for (int i = 0; i < count; i++) {
		unsigned int taken = metrics_slots_taken(slots);

		must(metrics_slots_take(slots, 100 + (int)taken, &address, 1000 + taken));
	}
}

static void test_victims(void)
{
	struct in6_addr a = client("::a"), b = client("::b"), c = client("::c");
	struct metrics_slots slots;

	metrics_slots_init(&slots);
	is_int(metrics_slots_victim(&slots, &a), -1, "there is room for the first");
	fill(&slots, "::a", METRICS_SLOTS_PER_CLIENT);
	is_int(metrics_slots_victim(&slots, &a), 0,
	       "the ninth of a client sends its own first away");
	is_int(metrics_slots_victim(&slots, &b), -1, "another has room");
	slots.at[0].has_request = true;
	is_int(metrics_slots_victim(&slots, &a), 1, "but not one that has asked");
	for (int i = 0; i < METRICS_SLOTS_PER_CLIENT; i++)
		slots.at[i].has_request = true;
	is_int(metrics_slots_victim(&slots, &a), -2, "when all have asked, the newcomer goes");
	fill(&slots, "::b", METRICS_SLOTS - METRICS_SLOTS_PER_CLIENT);
	is_int(metrics_slots_victim(&slots, &c), METRICS_SLOTS_PER_CLIENT,
	       "when all are taken, the longest waiting of anyone goes");
	ok(!metrics_slots_take(&slots, 1, &c, 1), "and there is no slot before it has");
	metrics_slot_release(&slots.at[3]);
	is_int(metrics_slots_victim(&slots, &c), -1, "one that left makes room");
	is_int(metrics_slots_taken(&slots), METRICS_SLOTS - 1, "counted");
}

static void test_expired(void)
{
	struct in6_addr a = client("::a");
	struct metrics_slots slots;
	struct metrics_slot *slot;

	metrics_slots_init(&slots);
	slot = metrics_slots_take(&slots, 5, &a, 1000);
	must(slot);
	is_int(metrics_slots_expired(&slots, 1000 + METRICS_SLOT_LIFE_NS), -1, "ten seconds");
	is_int(metrics_slots_expired(&slots, 1001 + METRICS_SLOT_LIFE_NS), 0, "are over");
	slot->has_request = true;
	is_int(metrics_slots_expired(&slots, 1001 + METRICS_SLOT_LIFE_NS), 0, "for all alike");
	slot->is_leaving = true;
	is_int(metrics_slots_expired(&slots, 1001 + METRICS_SLOT_LIFE_NS), -1, "told once");
}

static void test_addresses(void)
{
	static const struct {
		const char *text;
		int err;
		bool is_loopback;
	} cases[] = {
		{ "127.0.0.1:9435", 0, true },
		{ "127.9.9.9:0", 0, true },
		{ "localhost:80", 0, true },
		{ "[::1]:9435", 0, true },
		{ "[::ffff:127.0.0.1]:1", 0, true },
		{ "[::ffff:10.0.0.1]:1", 0, false },
		{ "0.0.0.0:9435", 0, false },
		{ ":9435", 0, false },
		{ "[::]:9435", 0, false },
		{ "128.0.0.1:1", 0, false },
		{ "10.0.0.1:65535", 0, false },
		{ "10.0.0.1:65536", -EINVAL, false },
		{ "9435", -EINVAL, false },
		{ "", -EINVAL, false },
		{ "[]:1", -EINVAL, false },
		{ "[::1:1", -EINVAL, false },
		{ "::1:9435", -EINVAL, false },
		{ "host.example:1", -EINVAL, false },
		{ "127.0.0.1:", -EINVAL, false },
		{ "127.0.0.1:-1", -EINVAL, false },
		{ "1111111111111111111111111111111111111111111111111111111:1", -EINVAL, false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct listen_address address = { 0 };

		is_int(listen_address_parse(cases[i].text, &address), cases[i].err, "'%s'",
		       cases[i].text);
		if (!cases[i].err)
			is_int(listen_address_is_loopback(&address), cases[i].is_loopback,
			       "is%s loopback", cases[i].is_loopback ? "" : " not");
	}
}

static void test_listen(void)
{
	struct listen_address address;
	uint16_t port = 0, same = 0;
	int fd;

	must(listen_address_parse("127.0.0.1:0", &address) == 0);
	fd = listen_address_open(&address, &port);
	ok(fd >= 0 && port > 0, "a free port: %d", port);
	((struct sockaddr_in *)&address.at)->sin_port = htons(port);
	is_int(listen_address_open(&address, &same), -EADDRINUSE, "which nobody else gets");
	(void)close(fd);
}

static void test_clients(void)
{
	struct sockaddr_storage v4 = { 0 }, v6 = { 0 };
	struct in6_addr mapped = client("::ffff:10.1.2.3"), got;

	((struct sockaddr_in *)&v4)->sin_family = AF_INET;
	must(inet_pton(AF_INET, "10.1.2.3", &((struct sockaddr_in *)&v4)->sin_addr) == 1);
	((struct sockaddr_in6 *)&v6)->sin6_family = AF_INET6;
	((struct sockaddr_in6 *)&v6)->sin6_addr = mapped;
	got = metrics_slots_client(&v4);
	ok(memcmp(&got, &mapped, sizeof(got)) == 0, "an IPv4 client is the same one by");
	got = metrics_slots_client(&v6);
	ok(memcmp(&got, &mapped, sizeof(got)) == 0, "both kinds of sockets");
	((struct sockaddr_in6 *)&v6)->sin6_addr = client("2001:db8:1:2:3:4:5:6");
	mapped = client("2001:db8:1:2::");
	got = metrics_slots_client(&v6);
	ok(memcmp(&got, &mapped, sizeof(got)) == 0, "an IPv6 client is its /64");
}

int main(void)
{
	test_victims();
	test_expired();
	test_addresses();
	test_listen();
	test_clients();
	return tap_done();
}
