// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Shares between notes; and that the machine can be asked. */
#include "tap.h"

#include "host/steal.h"

static struct steal s;

static void add(uint64_t at_ns, uint64_t stolen, uint64_t all)
{
	s.at[s.count++ % STEAL_NOTES] =
		(struct steal_note){ .at_ns = at_ns, .stolen = stolen, .all = all };
}

static void test_notes(void)
{
	is_int((long long)steal_pct(&s, 0, 100), 0, "no note: nothing is known");
	add(100, 10, 1000);
	is_int((long long)steal_pct(&s, 100, 200), 0, "one note: nothing either");
	add(200, 60, 1100);
	is_int((long long)steal_pct(&s, 120, 180), 50, "between two notes");
	add(300, 60, 1200);
	is_int((long long)steal_pct(&s, 120, 180), 50, "the notes around it, not the newest");
	is_int((long long)steal_pct(&s, 220, 280), 0, "nothing was taken then");
	is_int((long long)steal_pct(&s, 150, 250), 25, "over three");
	is_int((long long)steal_pct(&s, 250, 900), 0, "what is not noted yet");
	for (uint64_t i = 0; i < 2 * STEAL_NOTES; i++)
		add(1000 + i, 60 + i, 1200 + 2 * i);
	is_int((long long)steal_pct(&s, 0, 100000), 50, "older notes are gone");
}

static void test_machine(void)
{
	static struct steal own;

	steal_note(&own, 1);
	steal_note(&own, 2);
	is_int((long long)own.count, 2, "the machine tells");
	ok(own.at[0].all > 0 && own.at[1].all >= own.at[0].all, "ticks only grow");
}

int main(void)
{
	test_notes();
	test_machine();
	return tap_done();
}
