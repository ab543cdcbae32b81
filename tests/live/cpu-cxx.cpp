// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// Works as C++ programs do: maps, sorting, strings, virtual and recursive calls, a second thread. Says "ready PID",
// goes on at a line, ends by itself after some minutes of CPU.
#include "gate.h"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

static const int forever_s = 240;
static const size_t keys = 3000, tree_depth = 11;

static double cpu_s()
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static std::vector<std::string> make_words(unsigned int seed)
{
	std::mt19937 random(seed);
	std::vector<std::string> words(keys);

	for (auto &word : words)
		for (int i = 0; i < 24; i++)
			word.push_back((char)('a' + random() % 26));
	return words;
}

SITE static size_t count_words(const std::vector<std::string> &words)
{
	std::unordered_map<std::string, size_t> counts;

	for (int round = 0; round < 3; round++)
		for (const auto &word : words)
			counts[word.substr(0, 20)]++;
	return counts.size();
}

SITE static size_t sort_words(std::vector<std::string> words)
{
	std::sort(words.begin(), words.end());
	std::stable_sort(words.begin(), words.end(),
			 [](const std::string &a, const std::string &b) { return a[3] < b[3]; });
	return words.front().size();
}

SITE static size_t order_words(const std::vector<std::string> &words)
{
	std::map<std::string, size_t> ordered;

	for (const auto &word : words)
		ordered.emplace(word, word.size());
	return ordered.begin()->second;
}

SITE static size_t join_words(const std::vector<std::string> &words)
{
	std::string line;

	for (const auto &word : words)
		line += word + ", ";
	for (size_t at = 0; (at = line.find(", ", at)) != std::string::npos; at += 2)
		line[at] = ';';
	return line.size();
}

struct shape {
	virtual ~shape() = default;
	virtual uint64_t area(unsigned int depth) const = 0;
};

struct square : shape {
	SITE uint64_t area(unsigned int depth) const override
	{
		uint64_t sum = depth;

		for (uint64_t i = 0; i < 40; i++)
			sum = sum * 6364136223846793005u + i;
		return sum;
	}
};

struct pair_of : shape {
	std::unique_ptr<shape> left, right;

	SITE uint64_t area(unsigned int depth) const override
	{
		return left->area(depth + 1) + right->area(depth + 1);
	}
};

static std::unique_ptr<shape> make_tree(size_t depth)
{
	if (!depth)
		return std::make_unique<square>();
	auto tree = std::make_unique<pair_of>();
	tree->left = make_tree(depth - 1);
	tree->right = make_tree(depth - 1);
	return tree;
}

static volatile uint64_t result;

SITE static void work_on_words()
{
	const auto words = make_words(1);

	while (cpu_s() < forever_s)
		result = result + count_words(words) + sort_words(words) + order_words(words) +
			 join_words(words);
}

SITE static void work_on_trees()
{
	const auto tree = make_tree(tree_depth);

	while (cpu_s() < forever_s)
		result = result + tree->area(0);
}

int main()
{
	gate_ready();
	gate_wait();
	std::thread trees(work_on_trees);
	work_on_words();
	trees.join();
	return 0;
}
