// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* How stacks ended: names, sums, the share of whole ones, and its line in reports. */
#include "profile/stack_counts.h"
#include "report/stack_line.h"
#include "tap.h"

static const struct {
	struct stack_counts counts;
	double pct;
	const char *line;
} cases[] = {
	{ { { 0 }, 0, { 0, 0 } }, 0, "none taken\n" },
	{ { { [STACK_COMPLETE] = 7 }, 0, { 0, 0 } }, 100, "complete: 100.0 % of 7\n" },
	{ { { [STACK_COMPLETE] = 99999, [STACK_CORRUPT] = 1 }, 0, { 0, 0 } },
	  99.9,
	  "complete: 99.9 % of 100000; stack corrupt 1\n" },
	{ { { [STACK_COMPLETE] = 992, [STACK_NO_TABLE] = 5, [STACK_UNREADABLE] = 3 }, 2, { 0, 0 } },
	  99.2,
	  "complete: 99.2 % of 1000; no unwind table 5, stack memory unreadable 3\n"
	  "            2 of all through code without a table, by its frame pointers\n" },
	{ { { [STACK_EXPRESSION] = 1, [STACK_TOO_DEEP] = 1 }, 0, { 0, 0 } },
	  0,
	  "complete: 0.0 % of 2; rule not expressible 1, too deep 1\n" },
	{ { { [STACK_UNTOLD] = 12 }, 0, { 0, 0 } },
	  0,
	  "12 by frame pointers alone: how many are complete is not known\n" },
	{ { { [STACK_COMPLETE] = 4 }, 4, { 40, 3 } },
	  100,
	  "complete: 100.0 % of 4\n"
	  "            4 of all through code without a table, by its frame pointers\n"
	  "            JS frames: 40, unreadable 3\n" },
	{ { { [STACK_UNTOLD] = 5, [STACK_COMPLETE] = 5 }, 0, { 0, 0 } },
	  100,
	  "complete: 100.0 % of 10; frame pointers only 5\n" },
};

static void each_case(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *text = NULL;
		size_t len;
		FILE *out = open_memstream(&text, &len);

		must(out);
		stack_line_text(&cases[i].counts, out);
		(void)fclose(out);
		ok(stack_counts_complete_pct(&cases[i].counts) == cases[i].pct, "%g %% complete",
		   cases[i].pct);
		is_text(text, cases[i].line, "line %zu", i);
		free(text);
	}
}

static void sums(void)
{
	struct stack_counts sum = { { [STACK_COMPLETE] = 1 }, 1, { 10, 2 } };

	stack_counts_add(&sum, &(struct stack_counts){ { 1, 2, 3, 4, 5, 6, 7 }, 8, { 90, 3 } });
	is_int(sum.ended[STACK_COMPLETE], 2, "complete ones are added");
	is_int(sum.ended[STACK_UNTOLD], 7, "and the last kind");
	is_int(sum.by_fp, 9, "and those by frame pointer");
	is_int(stack_counts_total(&sum), 29, "the total");
	is_int(sum.js.frames, 100, "frames of JavaScript are added");
	is_int(sum.js.unreadable, 5, "and those of them without a name");
	js_counts_add(&sum.js, &(struct js_counts){ 2, 1 }, 3);
	is_int(sum.js.frames, 106, "as often as asked for");
	is_int(sum.js.unreadable, 8, "both");
}

static void names(void)
{
	for (size_t i = 0; i < STACK_ENDS; i++)
		ok(stack_end_names[i] && stack_end_texts[i], "end %zu has a name: %s", i,
		   stack_end_names[i]);
}

int main(void)
{
	each_case();
	sums();
	names();
	return tap_done();
}
