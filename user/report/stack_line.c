// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Stack ends as a line of text and as JSON. */
#include "report/stack_line.h"

void stack_line_text(const struct stack_counts *c, FILE *out)
{
	uint64_t total = stack_counts_total(c);
	const char *separator = "; ";

	if (!total) {
		(void)fputs("none taken\n", out);
		return;
	}
	if (c->ended[STACK_UNTOLD] == total) {
		(void)fprintf(out,
			      "%ju by frame pointers alone: how many are complete is not known\n",
			      (uintmax_t)total);
		return;
	}
	(void)fprintf(out, "complete: %.1f %% of %ju", stack_counts_complete_pct(c),
		      (uintmax_t)total);
	for (size_t i = 0; i < STACK_ENDS; i++) {
		if (i == STACK_COMPLETE || !c->ended[i])
			continue;
		(void)fprintf(out, "%s%s %ju", separator, stack_end_texts[i],
			      (uintmax_t)c->ended[i]);
		separator = ", ";
	}
	if (c->by_fp)
		(void)fprintf(out,
			      "\n%*s%ju of all through code without a table, by its frame pointers",
			      STACK_LINE_INDENT, "", (uintmax_t)c->by_fp);
	if (c->js.frames)
		(void)fprintf(out, "\n%*sJS frames: %ju, unreadable %ju", STACK_LINE_INDENT, "",
			      (uintmax_t)c->js.frames, (uintmax_t)c->js.unreadable);
	(void)fputc('\n', out);
}

void stack_line_json(const struct stack_counts *c, struct json *j)
{
	json_object(j);
	for (size_t i = 0; i < STACK_ENDS; i++)
		json_key_u64(j, stack_end_names[i], c->ended[i]);
	json_key_u64(j, "by_frame_pointer", c->by_fp);
	json_key_double(j, "complete_pct", stack_counts_complete_pct(c));
	json_key_u64(j, "js_frames", c->js.frames);
	json_key_u64(j, "js_unreadable", c->js.unreadable);
	json_end(j);
}
