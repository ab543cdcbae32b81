// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Snapshots from any bytes: in one piece or in many the same, each index leads somewhere, retained
 * sizes add up, and all reports can be written. The size says which question is asked: blanks may
 * follow.
 */
#include "fuzz.h"
#include "heap/findings.h"
#include "heap_image.h"
#include "report/heap_report.h"

#include <errno.h>

static const struct findings_plan plans[] = {
	{ .kind = FINDINGS_DIFF, .held_count = 10, .limits = { 1, 1 } },
	{ .kind = FINDINGS_DIFF, .ignore_ids = true, .held_count = 10, .limits = { 1, 1 } },
	{ .kind = FINDINGS_TOP },
	{ .kind = FINDINGS_TOP, .is_raw = true },
	{ .kind = FINDINGS_RETAINERS, .what = "Map" },
	{ .kind = FINDINGS_RETAINERS, .what = "@101" },
	{ .kind = FINDINGS_DIFF, .is_picture = true },
};

static int add(struct findings *f, const uint8_t *data, size_t size, size_t piece, bool is_last)
{
	struct heap_bytes b = { (const char *)data, size, piece };
	struct snapshot_fault fault = { 0 };
	int err = findings_add(f, (struct json_source){ heap_bytes_read, &b }, "file", is_last,
			       &fault);

	if (err) {
		assert(err == -EBADMSG || err == -E2BIG);
		assert(fault.why && fault.offset <= size);
	}
	return err;
}

static void check_heap(const struct heap *h, const struct census *census)
{
	const struct snapshot *s = &h->snapshot;
	const uint64_t *retained = h->dominators.retained; /* when it was kept */
	uint64_t sum = 0;

	for (size_t n = 0; n < s->node_count; n++) {
		assert(s->name[n] < s->string_count);
		assert(!retained || retained[n] >= s->size[n]);
		assert(s->first_edge[n] <= s->first_edge[n + 1]);
		sum += s->size[n];
	}
	for (size_t e = 0; e < s->edge_count; e++)
		assert(s->edge_to[e] < s->node_count);
	assert(census->all.retained == sum && (!retained || retained[0] == sum));
}

static void write_reports(const struct findings *f)
{
	const struct heap_report_style style = { .top = 5, .version = "1", .is_svg = true };
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	assert(out);
	if (f->plan.is_picture) {
		assert(heap_report_picture(f, &style, out) == 0);
	} else {
		assert(heap_report_text(f, &style, out) == 0);
		assert(heap_report_json(f, &style, out) == 0);
	}
	assert(fclose(out) == 0 && len > 0);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t dice = size ? data[size - 1] : 0;
	static struct findings f;
	int err;

	f = (struct findings){ .plan = plans[size % (sizeof(plans) / sizeof(*plans))] };
	err = f.plan.kind == FINDINGS_DIFF ? add(&f, data, size, 0, false) : 0;
	if (!err)
		err = add(&f, data, size, 1 + dice % 5, true);
	else
		assert(add(&f, data, size, 1 + dice % 5, true) == err);
	if (!err) {
		check_heap(&f.last, &f.series[f.count - 1]);
		err = findings_conclude(&f);
		assert(!err || err == -ENODATA || err == -EXDEV);
		if (!err)
			write_reports(&f);
	}
	findings_done(&f);
	return 0;
}
