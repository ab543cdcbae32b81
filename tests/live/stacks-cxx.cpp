// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Frames as C++ makes them, with a malloc at the end of each: containers, strings, shared pointers,
// virtual calls, closures, exceptions that unwind through destructors, threads.
#include "stacks.h"

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

struct Shape {
	virtual ~Shape() = default;
	virtual int area(int n) const = 0;
};

struct Square : Shape {
	SITE int area(int n) const override
	{
		stacks_touch(n + 16);
		return n * n + 1;
	}
};

struct Scope { // its end allocates too
	int n;
	SITE ~Scope()
	{
		stacks_touch(n + 8);
	}
};

SITE void map_node(std::map<int, std::string> &map, int n)
{
	map.emplace(n, std::string(40 + n, 'x'));
	map[n + 100] = "short";
}

SITE std::string string_join(int n)
{
	std::string text(n + 40, 'a');

	text += std::to_string(n) + " is a number, and this is too long to be kept in place";
	return text;
}

SITE std::shared_ptr<Square> shared(int n)
{
	auto made = std::make_shared<Square>();
	std::shared_ptr<Square> other(new Square, [n](Square *s) { stacks_touch(n); delete s; });

	return n & 1 ? made : other;
}

SITE int plain_new(int n)
{
	auto *block = new char[n + 100];
	auto *shape = new Square;
	int result;

	stacks_keep(block);
	result = shape->area(n);
	delete shape;
	delete[] block;
	return result;
}

SITE int virtual_call(const Shape &shape, int n)
{
	return shape.area(n) + 1;
}

SITE int closure(const std::function<int(int)> &call, int n)
{
	return call(n + 1) + 1;
}

SITE void thrower(int n)
{
	Scope scope{ n };

	if (n > 0)
		throw std::runtime_error(string_join(n));
}

SITE int catcher(int n)
{
	Scope outer{ n };

	try {
		Scope inner{ n * 2 };
		thrower(n);
	} catch (const std::exception &e) {
		stacks_touch(strlen(e.what()));
		return n;
	}
	return 0;
}

SITE int sorted(int n)
{
	std::vector<std::string> words;

	for (int i = 0; i < 6; i++)
		words.push_back(string_join((i * n) % 7));
	std::stable_sort(words.begin(), words.end(), [n](const auto &a, const auto &b) {
		stacks_touch(n + 24);
		return a.size() < b.size();
	});
	return (int)words[0].size();
}

SITE void turn(int n)
{
	std::map<int, std::string> map;
	std::map<std::string, std::vector<int>> index;
	Square square;

	map_node(map, n);
	index[string_join(n)].resize(30);
	(void)shared(n);
	(void)shared(n + 1);
	(void)plain_new(n);
	(void)virtual_call(square, n);
	(void)closure([&](int m) { return virtual_call(square, m + n); }, n);
	(void)catcher(n + 1);
	(void)sorted(n + 2);
}

[[noreturn]] void loop()
{
	for (int n = 0;; n = (n + 1) % 50) {
		turn(n);
		stacks_rest();
	}
}

} // namespace

int main()
{
	std::thread other(loop);

	gate_ready();
	gate_wait();
	loop();
}
