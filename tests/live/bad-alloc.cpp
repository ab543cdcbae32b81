// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// operator new that fails throws std::bad_alloc through its own frame: 1000 times, in 2 threads,
// each caught in the function that asked; 100 blocks of 300 bytes leak in between.
#include "gate.h"

#include <new>
#include <thread>

static const int throws_each = 500, leaks_each = 50;
static volatile size_t too_much = PTRDIFF_MAX;

SITE static void *opaque(void *at)
{
	return at;
}

SITE static void leak_by_new()
{
	opaque(::operator new(300));
}

SITE static bool is_refused()
{
	try {
		::operator delete(::operator new(too_much));
		return false;
	} catch (const std::bad_alloc &) {
		return true;
	}
}

static void work(int *refused)
{
	for (int i = 0; i < throws_each; i++) {
		*refused += is_refused();
		if (i % (throws_each / leaks_each) == 0)
			leak_by_new();
	}
}

int main()
{
	int refused[2] = {};

	gate_ready();
	gate_wait();
	std::thread first(work, &refused[0]), second(work, &refused[1]);
	first.join();
	second.join();
	printf("{\"what\":\"leaked\",\"blocks\":%d,\"bytes\":%d,\"refused\":%d}\n", 2 * leaks_each,
	       2 * leaks_each * 300, refused[0] + refused[1]);
	fflush(stdout);
	gate_wait();
}
