// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Folded stacks: one line per distinct stack, root to leaf, for flame graphs and for diffing. */
#include "base/scope.h"
#include "base/vec.h"
#include "report/folded_name.h"
#include "report/label.h"
#include "report/leak_report_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct line {
	char *stack;
	uint64_t bytes;
};

struct lines {
	struct line *at;
	size_t len, cap;
};

static void lines_done(struct lines *lines)
{
	for (size_t i = 0; i < lines->len; i++)
		free(lines->at[i].stack);
	free(lines->at);
}

static void put_stack(FILE *out, const struct leak_report *r, const struct leak_row *row)
{
	const struct leak_target *target = leak_report_target(r, row->pid);
	char label[LABEL_LEN];

	folded_put_name(out, target ? target->comm : "?");
	(void)fprintf(out, "-%d", (int)row->pid);
	if (row->cut)
		(void)fputs(";[truncated]", out);
	if (!row->depth)
		(void)fputs(";[unknown stack]", out);
	for (size_t i = row->depth; i-- > 0;) {
		(void)fputc(';', out);
		folded_put_name(out, label_graph(&row->frames[i], label));
	}
}

static int add_row(struct lines *lines, const struct leak_report *r, const struct leak_row *row)
{
	struct line *line = vec_push(lines);
	size_t len;
	FILE *text;

	if (!line)
		return -ENOMEM;
	*line = (struct line){ .bytes = row->bytes };
	text = open_memstream(&line->stack, &len);
	if (!text)
		return -ENOMEM;
	put_stack(text, r, row);
	return fclose(text) ? -ENOMEM : 0;
}

static int compare_lines(const void *left, const void *right)
{
	const struct line *a = left, *b = right;

	return strcmp(a->stack, b->stack);
}

int leak_report_folded(const struct leak_report *r, FILE *out)
{
	_release_(lines_done) struct lines lines = { 0 };

	for (size_t i = 0; i < r->row_count; i++) {
		const struct leak_row *row = &r->rows[i];

		if (row->kind != LEAK_RUNTIME && row->bytes && add_row(&lines, r, row))
			return -ENOMEM;
	}
	if (lines.len)
		qsort(lines.at, lines.len, sizeof(*lines.at), compare_lines);
	for (size_t i = 0, next; i < lines.len; i = next) {
		uint64_t bytes = 0;

		for (next = i; next < lines.len; next++) {
			if (strcmp(lines.at[i].stack, lines.at[next].stack) != 0)
				break;
			bytes += lines.at[next].bytes;
		}
		(void)fprintf(out, "%s %ju\n", lines.at[i].stack, (uintmax_t)bytes);
	}
	return fflush(out) || ferror(out) ? -EIO : 0;
}
