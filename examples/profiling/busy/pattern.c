// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * One pattern, ^(a+)+$, as a small program, and two machines that run it. The backtracking one
 * tries one way after the other: n letters can be cut into runs in 2^(n-1) ways, and a text that
 * fails at its last byte makes it try them all. The linear one goes through the text once, with the
 * set of places in the program that it could be at.
 */
#include "faults.h"

#include "site.h"

enum op { OP_CHAR, OP_SPLIT, OP_END };

struct instruction {
	enum op op;
	char letter;	     /* OP_CHAR */
	unsigned int first;  /* OP_SPLIT: goes on here */
	unsigned int second; /* or here */
};

static const struct instruction program[] = {
	{ OP_CHAR, 'a', 0, 0 },
	{ OP_SPLIT, 0, 0, 2 }, /* a+: one more letter, or the run is over */
	{ OP_SPLIT, 0, 0, 3 }, /* (...)+: one more run, or the last one is over */
	{ OP_END, 0, 0, 0 },
};

#define PROGRAM_LEN (sizeof(program) / sizeof(program[0]))

/* Recursion is bounded by the text: three frames a letter. */
TRUTH_SITE static bool try_from(unsigned int at, const char *text, uint64_t *steps)
{
	const struct instruction *now = &program[at];

	++*steps;
	switch (now->op) {
	case OP_CHAR:
		return *text == now->letter && try_from(at + 1, text + 1, steps);
	case OP_SPLIT:
		return try_from(now->first, text, steps) || try_from(now->second, text, steps);
	default:
		return *text == '\0';
	}
}

TRUTH_SITE bool match_backtracking(const char *text, uint64_t *ret_steps)
{
	uint64_t steps = 0;
	bool is_match = try_from(0, text, &steps);

	*ret_steps = steps;
	return is_match;
}

/* Adds a place and all that can be reached from it without a letter. */
static void add_place(bool places[PROGRAM_LEN], unsigned int at, uint64_t *steps)
{
	if (places[at])
		return;
	places[at] = true;
	++*steps;
	if (program[at].op == OP_SPLIT) {
		add_place(places, program[at].first, steps);
		add_place(places, program[at].second, steps);
	}
}

TRUTH_SITE bool match_linear(const char *text, uint64_t *ret_steps)
{
	bool places[PROGRAM_LEN] = { false };
	uint64_t steps = 0;

	add_place(places, 0, &steps);
	for (; *text; text++) {
		bool next[PROGRAM_LEN] = { false };

		for (unsigned int i = 0; i < PROGRAM_LEN; i++) {
			if (places[i] && program[i].op == OP_CHAR && program[i].letter == *text)
				add_place(next, i + 1, &steps);
		}
		for (unsigned int i = 0; i < PROGRAM_LEN; i++)
			places[i] = next[i];
	}
	*ret_steps = steps;
	return places[PROGRAM_LEN - 1];
}
