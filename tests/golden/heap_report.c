// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Prints heap-diff's report of a case that is made here: heap_report CASE text|json|folded|svg */
#include "report/heap_report.h"
#include "heap_image.h"

enum { HIDDEN, ARRAY, STRING, OBJECT, CODE, CLOSURE, REGEXP, NUMBER, NATIVE, SYNTHETIC };
enum { CONTEXT, ELEMENT, PROPERTY, INTERNAL, HIDDEN_EDGE, SHORTCUT, WEAK };

struct names {
	const char *class, *variable, *script, *text;
};

static const struct names plain = { "UserSession", "sessions", "/srv/store.js", "someone" };
/* As JSON has them. */
static const struct names hostile = { "\\u001b[31m\\u202eevil;</title>", "a b;\\n12",
				      "/srv/<&>\\\".js", "\\u0000\\ud800 \\\"quoted\\\"" };

/* A Map of @count objects, a chain of @count objects, @count listeners, one detached element. */
static char *make_snapshot(const struct names *n, unsigned int count)
{
	struct heap_writer w;
	size_t first = 12;

	heap_writer_init(&w);
	heap_writer_node(&w, SYNTHETIC, "", 1, 0, 2);
	heap_writer_edge(&w, SHORTCUT, NULL, 1, 1);
	heap_writer_edge(&w, ELEMENT, NULL, 1, 2);
	heap_writer_node(&w, OBJECT, "global", 3, 100, 1);
	heap_writer_edge(&w, PROPERTY, "queue", 0, 9);
	heap_writer_node(&w, SYNTHETIC, "(GC roots)", 5, 0, 2);
	heap_writer_edge(&w, ELEMENT, NULL, 0, 3);
	heap_writer_edge(&w, ELEMENT, NULL, 1, 10);
	heap_writer_node(&w, CLOSURE, "later", 7, 64, 2);
	heap_writer_edge(&w, INTERNAL, "context", 0, 4);
	heap_writer_edge(&w, INTERNAL, "shared", 0, 7);
	heap_writer_node(&w, OBJECT, "system / Context", 9, 48, 1);
	heap_writer_edge(&w, CONTEXT, n->variable, 0, 5);
	heap_writer_node(&w, OBJECT, "Map", 11, 32, 1);
	heap_writer_edge(&w, INTERNAL, "table", 0, 6);
	heap_writer_node(&w, ARRAY, "", 13, 16 * count, count);
	for (size_t i = 0; i < count; i++)
		heap_writer_edge(&w, ELEMENT, NULL, i, first + 3 * i);
	heap_writer_node(&w, CODE, "later", 15, 56, 1);
	heap_writer_edge(&w, INTERNAL, "script", 0, 8);
	heap_writer_node(&w, CODE, n->script, 17, 80, 0);
	heap_writer_node(&w, OBJECT, "Queue", 19, 24, count ? 1 : 0);
	if (count)
		heap_writer_edge(&w, PROPERTY, "head", 0, first + 2);
	heap_writer_node(&w, NATIVE, "<div id=a>", 20, 200, 1);
	heap_writer_edge(&w, WEAK, NULL, 0, 11);
	heap_writer_node(&w, OBJECT, "Config", 21, 16, 0);
	for (unsigned int i = 0; i < count; i++) {
		heap_writer_node(&w, OBJECT, n->class, 101 + 6 * i, 40, 1);
		heap_writer_edge(&w, PROPERTY, "name", 0, first + 3 * i + 1);
		heap_writer_node(&w, STRING, n->text, 103 + 6 * i, 24, 0);
		heap_writer_node(&w, OBJECT, "Task", 105 + 6 * i, 32, i + 1 < count ? 1 : 0);
		if (i + 1 < count)
			heap_writer_edge(&w, PROPERTY, "next", 0, first + 3 * (i + 1) + 2);
	}
	return heap_writer_end(&w, "18,7,11,4");
}

static const struct golden_case {
	const char *name;
	const struct names *names;
	unsigned int counts[3], count;
	struct findings_plan plan;
} cases[] = {
	{ "series", &plain, { 100, 250, 600 }, 3, { .kind = FINDINGS_DIFF } },
	{ "pair", &plain, { 100, 180 }, 2, { .kind = FINDINGS_DIFF } },
	{ "calm", &plain, { 100, 100, 101 }, 3, { .kind = FINDINGS_DIFF } },
	{ "counts", &plain, { 100, 180 }, 2, { .kind = FINDINGS_DIFF, .ignore_ids = true } },
	{ "hostile", &hostile, { 10, 100 }, 2, { .kind = FINDINGS_DIFF } },
	{ "top", &plain, { 50 }, 1, { .kind = FINDINGS_TOP } },
	{ "raw", &plain, { 50 }, 1, { .kind = FINDINGS_TOP, .is_raw = true } },
	{ "class", &plain, { 50 }, 1, { .kind = FINDINGS_RETAINERS, .what = "Task" } },
	{ "object", &plain, { 50 }, 1, { .kind = FINDINGS_RETAINERS, .what = "@101" } },
};

static int read_all(struct findings *f, const struct golden_case *c)
{
	static const char *const names[] = { "1.heapsnapshot", "2.heapsnapshot", "3.heapsnapshot" };
	int err = 0;

	for (unsigned int i = 0; !err && i < c->count; i++) {
		char *text = make_snapshot(c->names, c->counts[i]);
		struct heap_bytes b = { text, strlen(text), 0 };
		struct snapshot_fault fault = { 0 };

		err = findings_add(f, (struct json_source){ heap_bytes_read, &b }, names[i],
				   i + 1 == c->count, &fault);
		if (err)
			(void)fprintf(stderr, "%s: byte %ju: %s\n", names[i],
				      (uintmax_t)fault.offset, fault.why);
		free(text);
	}
	return err ? err : findings_conclude(f);
}

int main(int argc, char **argv)
{
	static struct findings f;
	const struct golden_case *c = cases, *end = cases + sizeof(cases) / sizeof(*cases);
	struct heap_report_style style = { .top = 5, .version = "0.0.0" };
	int err;

	while (argc == 3 && c < end && strcmp(c->name, argv[1]) != 0)
		c++;
	if (argc != 3 || c == end)
		return 2;
	f.plan = c->plan;
	f.plan.held_count = 5;
	f.plan.limits = (struct comparison_limits){ 50, 64u << 10 };
	style.is_svg = strcmp(argv[2], "svg") == 0;
	f.plan.is_picture = style.is_svg || strcmp(argv[2], "folded") == 0;
	err = read_all(&f, c);
	if (!err && f.plan.is_picture)
		err = heap_report_picture(&f, &style, stdout);
	else if (!err && strcmp(argv[2], "json") == 0)
		err = heap_report_json(&f, &style, stdout);
	else if (!err)
		err = heap_report_text(&f, &style, stdout);
	findings_done(&f);
	return err ? 1 : 0;
}
