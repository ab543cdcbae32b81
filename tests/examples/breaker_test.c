// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The circuit breaker of the example servers, by a clock that is told. */
#include "breaker.h"

#include "tap.h"

#define OPEN_NS 1000

static struct breaker new_breaker(void)
{
	return (struct breaker){ .failures_to_open = 3, .open_ns = OPEN_NS };
}

static void fail(struct breaker *breaker, unsigned int times, uint64_t now_ns)
{
	while (times--) {
		ok(breaker_allows(breaker, now_ns), "a call is allowed");
		breaker_failed(breaker, now_ns);
	}
}

static void test_closed(void)
{
	struct breaker breaker = new_breaker();

	is_text(breaker_word(&breaker), "closed", "at first it is closed");
	fail(&breaker, 2, 0);
	breaker_succeeded(&breaker);
	fail(&breaker, 2, 0);
	is_text(breaker_word(&breaker), "closed", "failures that are not in a row do not count");
	is_int(breaker.opened, 0, "it never opened");
}

static void test_open(void)
{
	struct breaker breaker = new_breaker();

	fail(&breaker, 3, 50);
	is_text(breaker_word(&breaker), "open", "three in a row open it");
	is_int(breaker.opened, 1, "once");
	ok(!breaker_allows(&breaker, 50), "no call");
	ok(!breaker_allows(&breaker, 50 + OPEN_NS - 1), "none until its time is over");
	is_text(breaker_word(&breaker), "open", "asking does not change that");
}

static void test_half_open(void)
{
	struct breaker breaker = new_breaker();

	fail(&breaker, 3, 0);
	ok(breaker_allows(&breaker, OPEN_NS), "then one call tries");
	is_text(breaker_word(&breaker), "half-open", "it is half open");
	ok(!breaker_allows(&breaker, OPEN_NS + 1), "another one does not");
	ok(!breaker_allows(&breaker, 9 * OPEN_NS), "however long the first takes");
	breaker_failed(&breaker, 2 * OPEN_NS);
	is_text(breaker_word(&breaker), "open", "one failure opens it again");
	is_int(breaker.opened, 2, "the second time");
	ok(!breaker_allows(&breaker, 3 * OPEN_NS - 1), "for as long, from that failure on");
	ok(breaker_allows(&breaker, 3 * OPEN_NS), "the next try");
	breaker_succeeded(&breaker);
	is_text(breaker_word(&breaker), "closed", "a success closes it");
	fail(&breaker, 2, 4 * OPEN_NS);
	is_text(breaker_word(&breaker), "closed", "the count of failures began anew");
}

int main(void)
{
	test_closed();
	test_open();
	test_half_open();
	return tap_done();
}
