// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A server's call paths that leak by operator new, which is the C++ library's and calls malloc:
//
//	main > on_request > register_session	a node of a map
//	                  > cache_name		a node of a map, and its string
//	                  > new_session		plain new
//
//	leaks-cxx TURNS		waits for a line, leaks TURNS times each, prints so, waits for another
#include "gate.h"

#include <map>
#include <string>

namespace {

struct Session {
	char state[72];
};

std::map<uint64_t, uint64_t> sessions;
std::map<uint64_t, std::string> names;
Session *volatile last;

SITE void register_session(uint64_t id)
{
	sessions[id] = id;
}

SITE void cache_name(uint64_t id)
{
	names.emplace(id, "a name that is much too long to be kept in place");
}

SITE void new_session()
{
	last = new Session();
}

SITE size_t on_request(uint64_t id)
{
	register_session(id);
	cache_name(id);
	new_session();
	return sessions.size() + names.size();
}

} // namespace

int main(int argc, char **argv)
{
	uint64_t turns = number_or(argc > 1 ? argv[1] : nullptr, 100);
	size_t served = 0;

	gate_ready();
	gate_wait();
	for (uint64_t i = 0; i < turns; i++)
		served += on_request(i);
	printf("{\"what\":\"leaked\",\"turns\":%lu,\"served\":%zu}\n", (unsigned long)turns, served);
	fflush(stdout);
	gate_wait();
	return 0;
}
