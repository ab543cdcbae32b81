// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Prints one of a few fixed flame graphs: flamegraph CASE svg|folded. */
#include "report/flamegraph.h"
#include "report/flame_folded.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

struct stack {
	const char *frames[6]; /* root first, NULL behind the last */
	uint64_t now, before;
};

static const struct stack plain[] = {
	{ { "app-42", "main", "loop", "read" }, 30, 25 },
	{ { "app-42", "main", "loop", "parse", "std::vector<int>::push_back(int&&)" }, 45, 60 },
	{ { "app-42", "main", "loop", "do_syscall_64_[k]", "tcp_sendmsg_[k]" }, 20, 20 },
	{ { "app-42", "main", "loop", "new_function" }, 4, 0 },
	{ { "app-42", "main", "loop", "old_function" }, 0, 9 },
	{ { "app-42", "[unknown]" }, 1, 1 },
};

static const struct stack wall[] = {
	{ { "app-42", "main", "answer" }, 300, 0 },
	{ { "app-42", "main", "answer", "__schedule_[k]", "[runnable]" }, 150, 0 },
	{ { "app-42", "main", "read", "__schedule_[k]", "[blocked: read]" }, 550, 0 },
};

static const struct stack hostile[] = {
	{ { "app", "</title><script>alert(1)</script>", "a\"b' onload='c" }, 5, 0 },
	{ { "app", "]]>", "\xff\x1b[31m", "f 12" }, 3, 0 },
	{ { "app", "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e", "a;b" }, 2, 0 },
};

static const struct {
	const char *name;
	const struct stack *stacks;
	size_t count;
	bool is_reversed;
	struct flamegraph graph;
} cases[] = {
	{ "plain", plain, COUNT(plain), false, { .title = "CPU time", .subtitle = "PID 42" } },
	{ "kernel",
	  plain,
	  COUNT(plain),
	  false,
	  { .palette = FLAMEGRAPH_KERNEL, .is_inverted = true, .min_width_pct = 2 } },
	{ "wall", wall, COUNT(wall), false, { .palette = FLAMEGRAPH_KERNEL, .count_name = "ns" } },
	{ "callers",
	  plain,
	  COUNT(plain),
	  true,
	  { .palette = FLAMEGRAPH_MEM,
	    .count_name = "bytes",
	    .is_reversed = true,
	    .width_px = 800 } },
	{ "diff", plain, COUNT(plain), false, { .is_diff = true } },
	{ "diff-raw",
	  plain,
	  COUNT(plain),
	  false,
	  { .is_diff = true, .is_raw = true, .palette = FLAMEGRAPH_SAFE } },
	{ "wicked",
	  hostile,
	  COUNT(hostile),
	  false,
	  { .title = "<&>\"'", .subtitle = "\x1b[31m", .notes = "</svg>", .count_name = "<b>" } },
	{ "none", plain, 0, false, { .title = "Nothing" } },
};

static int add_stacks(struct flame *f, const struct stack *stacks, size_t count)
{
	int err = 0;

	for (size_t i = 0; i < count && !err; i++) {
		size_t depth = 0;

		while (stacks[i].frames[depth])
			depth++;
		err = flame_add(f, stacks[i].frames, depth, stacks[i].now);
		if (!err)
			err = flame_add_before(f, stacks[i].frames, depth, stacks[i].before);
	}
	return err ? err : flame_finish(f);
}

static int print_case(size_t c, const char *format)
{
	static const uint64_t seed = 7;
	struct flame *f = flame_new(seed);
	int err = f ? 0 : -1;

	if (f && cases[c].is_reversed)
		flame_reverse(f);
	if (f)
		err = add_stacks(f, cases[c].stacks, cases[c].count);
	if (!err && strcmp(format, "svg") == 0)
		err = flamegraph_svg(f, &cases[c].graph, stdout, NULL);
	else if (!err)
		err = flame_folded(f, cases[c].graph.is_diff, stdout);
	flame_free(f);
	return err ? 1 : 0;
}

int main(int argc, char **argv)
{
	for (size_t c = 0; argc == 3 && c < COUNT(cases); c++) {
		if (strcmp(argv[1], cases[c].name) == 0)
			return print_case(c, argv[2]);
	}
	(void)fprintf(stderr, "usage: flamegraph CASE svg|folded\n");
	return 2;
}
