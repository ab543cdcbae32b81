// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Snapshots from text to findings: what is refused and where, what grows and who holds it, while
 * every n-th allocation fails. Real snapshots are a matter of tests/readers/heap.bats.
 */
#include "heap/findings.h"

#include "failing_alloc.h"
#include "heap_image.h"
#include "tap.h"

enum { HIDDEN, ARRAY, STRING, OBJECT, CODE, CLOSURE, REGEXP, NUMBER, NATIVE, SYNTHETIC };
enum { CONTEXT, ELEMENT, PROPERTY, INTERNAL, HIDDEN_EDGE, SHORTCUT, WEAK };

#define SESSIONS_ID 101
#define TRIMMED	    11 /* arrays of a snapshot */

/*
 * root -> global, root -> (GC roots) -> later -> scope -> sessions: a Map of @count sessions, each
 * with a name. With @base, ids of sessions begin there.
 */
static char *make_snapshot(unsigned int count, unsigned int base)
{
	struct heap_writer w;
	size_t map_table = 6, first = 9;

	heap_writer_init(&w);
	heap_writer_node(&w, SYNTHETIC, "", 1, 0, 2);
	heap_writer_edge(&w, SHORTCUT, NULL, 1, 1);
	heap_writer_edge(&w, ELEMENT, NULL, 1, 2);
	heap_writer_node(&w, OBJECT, "global", 3, 100, 0);
	heap_writer_node(&w, SYNTHETIC, "(GC roots)", 5, 0, 1);
	heap_writer_edge(&w, ELEMENT, NULL, 0, 3);
	heap_writer_node(&w, CLOSURE, "later", 7, 64, 2);
	heap_writer_edge(&w, INTERNAL, "context", 0, 4);
	heap_writer_edge(&w, INTERNAL, "shared", 0, 7);
	heap_writer_node(&w, OBJECT, "system / Context", 9, 48, 1);
	heap_writer_edge(&w, CONTEXT, "sessions", 0, 5);
	heap_writer_node(&w, OBJECT, "Map", 11, 32, 1);
	heap_writer_edge(&w, INTERNAL, "table", 0, map_table);
	heap_writer_node(&w, ARRAY, "", 13, 16 * count, count);
	for (size_t i = 0; i < count; i++)
		heap_writer_edge(&w, ELEMENT, NULL, i, first + 2 * i);
	heap_writer_node(&w, CODE, "later", 15, 56, 1);
	heap_writer_edge(&w, INTERNAL, "script", 0, 8);
	heap_writer_node(&w, CODE, "/srv/store.js", 17, 80, 0);
	for (unsigned int i = 0; i < count; i++) {
		heap_writer_node(&w, OBJECT, "UserSession", base + 4 * i, 40, 1);
		heap_writer_edge(&w, PROPERTY, "name", 0, first + 2 * i + 1);
		heap_writer_node(&w, STRING, "someone", base + 4 * i + 2, 24, 0);
	}
	return heap_writer_end(&w, "18,7,11,4");
}

/*
 * root -> later -> scope -> titles: an array of @count functions, each with a scope of its own that
 * has a report.
 */
static char *make_closures(unsigned int count)
{
	struct heap_writer w;
	size_t first = 4;

	heap_writer_init(&w);
	heap_writer_node(&w, SYNTHETIC, "", 1, 0, 1);
	heap_writer_edge(&w, ELEMENT, NULL, 1, 1);
	heap_writer_node(&w, CLOSURE, "later", 3, 64, 1);
	heap_writer_edge(&w, INTERNAL, "context", 0, 2);
	heap_writer_node(&w, OBJECT, "system / Context", 5, 48, 1);
	heap_writer_edge(&w, CONTEXT, "titles", 0, 3);
	heap_writer_node(&w, OBJECT, "Array", 7, 32, count);
	for (size_t i = 0; i < count; i++)
		heap_writer_edge(&w, ELEMENT, NULL, i, first + 3 * i);
	for (unsigned int i = 0; i < count; i++) {
		heap_writer_node(&w, CLOSURE, "title", 101 + 6 * i, 64, 1);
		heap_writer_edge(&w, INTERNAL, "context", 0, first + 3 * i + 1);
		heap_writer_node(&w, OBJECT, "system / Context", 103 + 6 * i, 24, 1);
		heap_writer_edge(&w, CONTEXT, "report", 0, first + 3 * i + 2);
		heap_writer_node(&w, OBJECT, "Report", 105 + 6 * i, 1000, 0);
	}
	return heap_writer_end(&w, "");
}

static int add(struct findings *f, const char *text, size_t piece, bool is_last)
{
	struct heap_bytes b = { text, strlen(text), piece };
	struct snapshot_fault fault = { 0 };

	return findings_add(f, (struct json_source){ heap_bytes_read, &b }, "file", is_last,
			    &fault);
}

static const struct comparison_row *row_of(const struct findings *f, const char *class)
{
	for (size_t i = 0; i < f->comparison.len; i++) {
		if (strcmp(classes_name(&f->classes, f->comparison.at[i].class), class) == 0)
			return &f->comparison.at[i];
	}
	return NULL;
}

/* --- what is found ---------------------------------------------------------------------------- */

static void check_diff(const struct findings *f)
{
	const struct comparison_row *session = row_of(f, "UserSession"), *map = row_of(f, "Map");
	const struct findings_held *h = NULL;

	is_int(f->growing_count, 2, "sessions and their names grow");
	ok(session && session->is_growing && session->new_count == 20 &&
		   session->kept_count == 10 && session->deleted_count == 0 &&
		   session->new_bytes == 800,
	   "20 sessions are new, 10 are kept");
	ok(map && !map->is_growing && map->kept_count == 1 && map->kept_bytes_delta == 20 * 16,
	   "the Map has grown by its table");
	ok(session && session->after.retained == 30 * 64, "a session retains its name");
	ok(map && map->after.retained == 32 + 30 * (16 + 64), "the Map retains all of them");
	for (size_t i = 0; i < f->held.len; i++) {
		if (strcmp(classes_name(&f->classes, f->held.at[i].class), "UserSession") == 0)
			h = &f->held.at[i];
	}
	if (ok(h && h->count == 20 && h->way_count == 1 && h->ways[0].count == 20,
	       "one way holds the new ones")) {
		const struct holders_shape *s = &f->holders.shapes.at[h->ways[0].shape];

		is_text(holders_label(&f->holders, s), HOLDERS_INDEX, "as numbered entries");
		s = &f->holders.shapes.at[s->parent];
		is_text(holders_label(&f->holders, s), "table", "of the table");
		s = &f->holders.shapes.at[s->parent];
		is_text(holders_label(&f->holders, s), "sessions", "of what variable sessions is");
		s = &f->holders.shapes.at[s->parent];
		is_text(holders_script(&f->holders, s->node), "/srv/store.js", "in its file");
	}
	if (ok(f->anchors.len == 1 && f->anchors.at[0].parts.len == 2,
	       "all is held at one place")) {
		const struct anchors_row *r = &f->anchors.at[0];

		is_text(holders_label(&f->holders, &f->holders.shapes.at[r->shape]), "sessions",
			"the variable");
		ok(r->bytes == 20 * 64 && r->parts.at[0].count == 20 && r->parts.at[1].all == 20,
		   "all 20 sessions and their names");
	}
	ok(f->functions.len == 1 && f->functions.at[0].line == 11 &&
		   f->functions.at[0].before_count == 1,
	   "the function has its place");
	is_text(f->functions.at[0].file, "/srv/store.js", "and its file");
	ok(f->texts.len == 0,
	   "no two nodes have the same text here: strings are written once each");
}

static void test_diff(void)
{
	char *a = make_snapshot(10, SESSIONS_ID), *b = make_snapshot(20, SESSIONS_ID),
	     *c = make_snapshot(30, SESSIONS_ID);
	struct findings f = { .plan = { .kind = FINDINGS_DIFF,
					.held_count = 10,
					.limits = { .min_count = 5, .min_bytes = 1 << 20 } } };

	must(add(&f, a, 0, false) == 0 && add(&f, b, 1000, false) == 0 && add(&f, c, 7, true) == 0);
	is_int(findings_conclude(&f), 0, "three snapshots are compared");
	check_diff(&f);
	findings_done(&f);
	f = (struct findings){ .plan = { .limits = { .min_count = 5, .min_bytes = 1 << 20 } } };
	must(add(&f, b, 0, false) == 0 && add(&f, c, 0, false) == 0 && add(&f, b, 0, true) == 0);
	ok(findings_conclude(&f) == 0 && f.growing_count == 0, "what falls again does not grow");
	findings_done(&f);
	free(a);
	free(b);
	free(c);
}

/* A variable that each call makes anew is not the end of the way. */
static void test_scopes(void)
{
	char *a = make_closures(1), *b = make_closures(31);
	struct findings f = { .plan = { .held_count = 10, .limits = { .min_count = 5 } } };
	const struct anchors_row *r;

	must(add(&f, a, 0, false) == 0 && add(&f, b, 0, true) == 0);
	must(findings_conclude(&f) == 0);
	must(f.anchors.len == 1);
	r = &f.anchors.at[0];
	is_text(holders_label(&f.holders, &f.holders.shapes.at[r->shape]), "titles",
		"reports in scopes of functions are held where the functions are");
	ok(r->parts.len == 3 && r->bytes == 30u * (64 + 24 + 1000), "with their scopes");
	findings_done(&f);
	free(a);
	free(b);
}

static void test_ids(void)
{
	char *a = make_snapshot(200, SESSIONS_ID), *b = make_snapshot(200, 2000001);
	struct findings f = { 0 };

	must(add(&f, a, 0, false) == 0 && add(&f, b, 0, true) == 0);
	is_int(findings_conclude(&f), -EXDEV,
	       "snapshots that share few ids are not compared by id");
	is_int(comparison_trust(&f.comparison), COMPARISON_FEW_SHARED, "and why is told");
	findings_done(&f);
	f = (struct findings){ .plan = { .ignore_ids = true } };
	must(add(&f, a, 0, false) == 0 && add(&f, b, 0, true) == 0);
	ok(findings_conclude(&f) == 0 && !f.comparison.has_ids, "but by counts they are");
	findings_done(&f);
	free(a);
	free(b);
}

static void test_retainers(void)
{
	static const struct {
		const char *what;
		int err;
		uint64_t count;
	} cases[] = {
		{ "UserSession", 0, 10 },  { "@101", 0, 1 },	      { "11", 0, 1 },
		{ "Nobody", -ENODATA, 0 }, { "@99999", -ENODATA, 0 }, { "", -ENODATA, 0 },
	};
	char *a = make_snapshot(10, SESSIONS_ID);

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct findings f = { .plan = { .kind = FINDINGS_RETAINERS,
						.what = cases[i].what } };
		int err;

		must(add(&f, a, 0, true) == 0);
		err = findings_conclude(&f);
		ok(err == cases[i].err && (err || f.held.at[0].count == cases[i].count),
		   "retainers of %s", cases[i].what);
		findings_done(&f);
	}
	free(a);
}

static void test_texts(void)
{
	static const char text[] =
		"{\"snapshot\":{" HEAP_META ",\"node_count\":5,\"edge_count\":0},\"nodes\":["
		"9,0,1,0,0,0,2,1,3,24,0,0,2,1,5,24,0,0,2,1,7,24,0,0,2,1,9,4096,0,0],\"edges\":[],"
		"\"strings\":[\"\",\"again\"]}";
	struct findings f = { .plan = { .kind = FINDINGS_TOP } };

	must(add(&f, text, 0, true) == 0 && findings_conclude(&f) == 0);
	ok(f.texts.len == 1 && f.texts.at[0].count == 3 && f.texts.at[0].spare_bytes == 48,
	   "three strings are equal; a fourth, of another size, is not");
	findings_done(&f);
}

/* --- what is refused -------------------------------------------------------------------------- */

#define HEAD(nodes, edges)                                                                         \
	"{\"snapshot\":{" HEAP_META ",\"node_count\":" #nodes ",\"edge_count\":" #edges "},"

static void test_refused(void)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{ "", "ends" },
		{ "[]", "is not what stands here" },
		{ "{}", "has no nodes" },
		{ "{\"nodes\":[0]}", "before it says" },
		{ HEAD(1, 0) "\"edges\":[]}", "edges before" },
		{ HEAD(0, 0) "\"nodes\":[]}", "no nodes" },
		{ HEAD(2, 0) "\"nodes\":[9,0,1,0,0,0]}", "not as many nodes" },
		{ HEAD(1, 0) "\"nodes\":[9,0,1,0,0]}", "is not what stands here" },
		{ HEAD(1, 0) "\"nodes\":[15,0,1,0,0,0]}", "unknown type" },
		{ HEAD(1, 0) "\"nodes\":[9,0,4294967296,0,0,0]}", "more than 32 bits" },
		{ HEAD(1, 0) "\"nodes\":[9,0,1,999999999999999999,0,0]}", "47 bits" },
		{ HEAD(1, 0) "\"nodes\":[9,0,1,0,4294967295,0]}", "4 billion edges" },
		{ HEAD(1, 0) "\"nodes\":[9,0,1,0,0,0],\"edges\":[1,0,0]}", "more edges" },
		{ HEAD(1, 1) "\"nodes\":[9,0,1,0,1,0],\"edges\":[1,0,6]}", "leads to no node" },
		{ HEAD(1, 1) "\"nodes\":[9,0,1,0,1,0],\"edges\":[1,0,1]}", "leads to no node" },
		{ HEAD(1, 1) "\"nodes\":[9,0,1,0,1,0],\"edges\":[7,0,0]}", "unknown type" },
		{ HEAD(1, 1) "\"nodes\":[9,0,1,0,1,0],\"edges\":[]}", "not as many edges" },
		{ HEAD(1, 0) "\"nodes\":[9,0,1,0,0,0],\"edges\":[],\"strings\":[]}",
		  "name is not" },
		{ HEAD(1, 1) "\"nodes\":[9,0,1,0,1,0],\"edges\":[2,5,0],\"strings\":[\"\"]}",
		  "name is not" },
		{ HEAD(1, 0) "\"nodes\":[9,0,1,0,0,0],\"nodes\":[", "twice" },
		{ HEAD(1, 0) "\"nodes\":[9,0,1,0,0,0],\"edges\":[],\"strings\":[\"\"]} x",
		  "behind" },
		{ HEAD(1, 0) "\"nodes\":[9,0,1,0,0,0],\"edges\":[],\"locations\":[6,0,0,0]}",
		  "place of no node" },
		{ HEAD(5000000000, 0) "}", "4 billion" },
		{ "{\"snapshot\":{\"meta\":{}}}", "does not say" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct heap_bytes b = { cases[i].text, strlen(cases[i].text), 0 };
		struct snapshot_fault fault = { 0 };
		struct snapshot s = { 0 };
		int err = snapshot_read((struct json_source){ heap_bytes_read, &b }, &s, &fault);

		if (!ok(err < 0 && fault.why && strstr(fault.why, cases[i].why) &&
				fault.offset <= strlen(cases[i].text),
			"refused: %s", cases[i].why))
			printf("# %d %s\n", err, fault.why ? fault.why : "");
		if (!err)
			snapshot_done(&s);
	}
}

static void test_cut(void)
{
	char *a = make_snapshot(3, SESSIONS_ID);
	size_t len = strlen(a), accepted = 0;

	for (size_t cut = 0; cut < len; cut++) {
		struct heap_bytes b = { a, cut, 0 };
		struct snapshot_fault fault;
		struct snapshot s = { 0 };

		if (snapshot_read((struct json_source){ heap_bytes_read, &b }, &s, &fault))
			continue;
		accepted++;
		snapshot_done(&s);
	}
	is_int(accepted, 0, "cut anywhere in its %zu bytes, it is refused", len);
	free(a);
}

static bool is_same_snapshot(const struct snapshot *a, const struct snapshot *b)
{
	size_t nodes = a->node_count, edges = a->edge_count;

	return nodes == b->node_count && edges == b->edge_count &&
	       a->string_count == b->string_count && a->text_len == b->text_len &&
	       a->place_count == b->place_count && memcmp(a->type, b->type, nodes) == 0 &&
	       memcmp(a->id, b->id, nodes * sizeof(*a->id)) == 0 &&
	       memcmp(a->size, b->size, nodes * sizeof(*a->size)) == 0 &&
	       memcmp(a->name, b->name, nodes * sizeof(*a->name)) == 0 &&
	       memcmp(a->first_edge, b->first_edge, (nodes + 1) * sizeof(*a->first_edge)) == 0 &&
	       memcmp(a->edge_to, b->edge_to, edges * sizeof(*a->edge_to)) == 0 &&
	       memcmp(a->edge_name, b->edge_name, edges * sizeof(*a->edge_name)) == 0 &&
	       memcmp(a->text, b->text, a->text_len) == 0;
}

/* Larger and smaller ones, and one after a fault, in the memory of the one before. */
static void test_used_again(void)
{
	static const unsigned int counts[] = { 50, 3, 4000, 0, 20 };
	struct snapshot used = { 0 };

	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
		char *text = make_snapshot(counts[i], SESSIONS_ID);
		struct heap_bytes b = { text, strlen(text), 0 }, again = b;
		struct heap_bytes cut = { text, strlen(text) / 2, 0 };
		struct snapshot fresh = { 0 };
		struct snapshot_fault fault;

		if (i == 3)
			ok(snapshot_read((struct json_source){ heap_bytes_read, &cut }, &used,
					 &fault) == -EBADMSG &&
				   !used.text && !used.type,
			   "after a fault it is empty");
		must(snapshot_read((struct json_source){ heap_bytes_read, &b }, &fresh, &fault) ==
		     0);
		must(snapshot_read((struct json_source){ heap_bytes_read, &again }, &used,
				   &fault) == 0);
		ok(is_same_snapshot(&fresh, &used), "%u sessions, in memory of another", counts[i]);
		snapshot_done(&fresh);
		free(text);
	}
	snapshot_done(&used);
}

/* --- allocations ------------------------------------------------------------------------------ */

static int all_of_it(const char *a, const char *b, enum findings_kind kind, bool is_picture)
{
	struct findings f = { .plan = { .kind = kind,
					.what = "UserSession",
					.is_picture = is_picture,
					.held_count = 10,
					.limits = { .min_count = 5 } } };
	int err = kind == FINDINGS_DIFF ? add(&f, a, 0, false) : 0;

	if (!err)
		err = add(&f, b, 0, true);
	if (!err)
		err = findings_conclude(&f);
	findings_done(&f);
	return err;
}

static void test_failing_alloc(void)
{
	char *a = make_snapshot(10, SESSIONS_ID), *b = make_snapshot(20, SESSIONS_ID);

	for (int kind = 0; kind <= FINDINGS_RETAINERS + 1; kind++) {
		bool is_picture = kind > FINDINGS_RETAINERS, is_hit = true, is_told = true;
		size_t n, spared = 0; /* memory that could not be given back is no failure */

		for (n = 1; is_hit; n++) {
			int err;

			failing_alloc_start(n);
			err = all_of_it(a, b, is_picture ? FINDINGS_DIFF : (enum findings_kind)kind,
					is_picture);
			is_hit = failing_alloc_stop();
			spared += is_hit && !err;
			is_told &= err == 0 || (is_hit && err == -ENOMEM);
		}
		ok(is_told && n > 20 && spared <= 2 * TRIMMED,
		   "each of %zu allocations that fails is told, but for %zu that only trim", n - 2,
		   spared);
	}
	free(a);
	free(b);
}

int main(void)
{
	test_diff();
	test_scopes();
	test_ids();
	test_retainers();
	test_texts();
	test_refused();
	test_cut();
	test_used_again();
	test_failing_alloc();
	return tap_done();
}
