// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The tree and its lines, what is refused and in which words, limits, and no memory at all. */
#include "base/yaml.h"

#include "base/scope.h"
#include "failing_alloc.h"
#include "tap.h"

static int read_text(const char *text, struct yaml_tree **ret_tree, struct yaml_fault *ret_fault)
{
	struct bytes file = { (const uint8_t *)text, strlen(text) };

	return yaml_tree_read(&file, ret_tree, ret_fault);
}

static const char example[] = "# what is watched\n"
			      "listen: 127.0.0.1:9435\n"
			      "interval: 5s\n"
			      "empty:\n"
			      "quoted: \"~\"\n"
			      "targets:\n"
			      "  - name: api\n"
			      "    collect: [loop, gc]\n"
			      "  - name: b\n";

static void test_tree(void)
{
	_release_(yaml_tree_freep) struct yaml_tree *tree = NULL;
	struct yaml_fault fault = { 0 };
	const struct yaml_value *root, *targets, *collect;

	must(read_text(example, &tree, &fault) == 0);
	root = yaml_tree_root(tree);
	is_int(root->kind, YAML_MAP, "the file is a map");
	is_int(root->count, 5, "of five entries");
	is_text(yaml_value_get(root, "listen")->text, "127.0.0.1:9435", "an address is one text");
	is_int(yaml_value_get(root, "interval")->line, 3, "an entry knows its line");
	is_int(yaml_value_get(root, "empty")->kind, YAML_NULL, "nothing is nothing");
	is_int(yaml_value_get(root, "quoted")->kind, YAML_TEXT, "a quoted ~ is a text");
	targets = yaml_value_get(root, "targets");
	is_int(targets->kind, YAML_LIST, "a list");
	is_int(targets->count, 2, "of two");
	collect = yaml_value_get(targets->first, "collect");
	is_text(collect->first->next->text, "gc", "a list in a line, in order");
	is_int(collect->line, 8, "a line deep inside");
	ok(!yaml_value_get(root, "none") && !yaml_value_get(targets, "name"), "what is not there");
}

static void test_refused(void)
{
	static const struct {
		const char *text, *what;
		unsigned int line;
	} cases[] = {
		{ "a: 1\nb: 2\na: 3\n", "key \"a\": is there twice", 3 },
		{ "a: &x 1\nb: *x\n", "anchors, aliases and tags (& * !) are not read here", 1 },
		{ "a: 1\nb: !!int 3\n", "anchors, aliases and tags (& * !) are not read here", 2 },
		{ "a: 1\n---\nb: 2\n", "a second document", 2 },
		{ "a: 1\n[b, c]: 2\n", "a key that is no text", 2 },
		{ "a: 1\n  b: 2\n", "not YAML: mapping values are not allowed in this context", 2 },
		{ "a: [1\n", "not YAML: did not find expected ',' or ']'", 2 },
		{ "a: \"x\\0y\"\n", "a text with a NUL in it", 1 },
		{ "a: \xff\n", "not YAML: invalid leading UTF-8 octet", 1 },
		{ "\n[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]", "nested too deeply", 2 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct yaml_tree *tree = NULL;
		struct yaml_fault fault = { 0 };

		is_int(read_text(cases[i].text, &tree, &fault), -EBADMSG, "refused: %zu", i);
		is_text(fault.text, cases[i].what, "in words");
		is_int(fault.line, cases[i].line, "with its line");
		ok(!tree, "and no tree");
	}
}

static void test_empty(void)
{
	static const char *const texts[] = { "", "# nothing\n", "---\n", "~" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		_release_(yaml_tree_freep) struct yaml_tree *tree = NULL;
		struct yaml_fault fault = { 0 };

		is_int(read_text(texts[i], &tree, &fault), 0, "a file without a value: %zu", i);
		is_int(yaml_tree_root(tree)->kind, YAML_NULL, "is nothing");
	}
}

static void test_limits(void)
{
	_release_(freep) char *large = malloc(YAML_BYTES_MAX + 2);
	struct yaml_tree *tree = NULL;
	struct yaml_fault fault = { 0 };

	must(large);
	memset(large, ' ', YAML_BYTES_MAX + 1);
	large[YAML_BYTES_MAX + 1] = '\0';
	is_int(read_text(large, &tree, &fault), -EBADMSG, "too large a file");
	is_text(fault.text, "larger than 64 KiB", "in words");
	for (size_t i = 0; i < 2 * (YAML_VALUES_MAX + 1); i += 2)
		memcpy(large + 2 + i, "1,", 2);
	memcpy(large, " [", 2);
	large[2 + 2 * (YAML_VALUES_MAX + 1)] = '\0';
	is_int(read_text(large, &tree, &fault), -EBADMSG, "too many values");
	is_text(fault.text, "too many values for this file", "in words");
}

/* --- readers ---------------------------------------------------------------------------------- */

struct settings {
	const char *name;
	bool is_on;
	uint64_t interval_ns, count;
	size_t words;
};

static int read_name(const struct yaml_value *v, void *ctx, struct yaml_fault *fault)
{
	return yaml_value_text(v, &((struct settings *)ctx)->name, fault);
}

static int read_on(const struct yaml_value *v, void *ctx, struct yaml_fault *fault)
{
	return yaml_value_bool(v, &((struct settings *)ctx)->is_on, fault);
}

static int read_interval(const struct yaml_value *v, void *ctx, struct yaml_fault *fault)
{
	static const struct yaml_range range = { 1000000000, 300000000000,
						 "a duration from 1s to 5m (10s, 1m)" };

	return yaml_value_duration(v, &range, &((struct settings *)ctx)->interval_ns, fault);
}

static int read_count(const struct yaml_value *v, void *ctx, struct yaml_fault *fault)
{
	static const struct yaml_range range = { 1, 64, "a number from 1 to 64" };

	return yaml_value_u64(v, &range, &((struct settings *)ctx)->count, fault);
}

static int read_word(const struct yaml_value *v, void *ctx, struct yaml_fault *fault)
{
	const char *text;
	int err = yaml_value_text(v, &text, fault);

	((struct settings *)ctx)->words += !err;
	return err;
}

static int read_words(const struct yaml_value *v, void *ctx, struct yaml_fault *fault)
{
	return yaml_value_read_list(v, read_word, ctx, fault);
}

static const struct yaml_field fields[] = {
	{ "name", read_name },	 { "on", read_on },	  { "interval", read_interval },
	{ "count", read_count }, { "words", read_words },
};

static int read_settings(const char *text, struct settings *s, struct yaml_fault *fault)
{
	_release_(yaml_tree_freep) struct yaml_tree *tree = NULL;
	int err = read_text(text, &tree, fault);

	if (!err)
		err = yaml_value_read_map(yaml_tree_root(tree), fields,
					  sizeof(fields) / sizeof(*fields), s, fault);
	s->name = NULL; /* it went with the tree */
	return err;
}

static void test_readers(void)
{
	struct settings s = { 0 };
	struct yaml_fault fault = { 0 };

	is_int(read_settings("name: x\non: true\ninterval: 1m\ncount: 64\nwords: [a, b]\n", &s,
			     &fault),
	       0, "all that is allowed");
	ok(s.is_on && s.interval_ns == 60000000000 && s.count == 64 && s.words == 2, "is read");
	is_int(read_settings("", &s, &fault), 0, "nothing is an empty map");
	is_int(read_settings("words:\n", &s, &fault), 0, "and an empty list");
}

static void test_readers_refuse(void)
{
	static const struct {
		const char *text, *what;
		unsigned int line;
	} cases[] = {
		{ "name: x\ninterval: 5\n",
		  "key \"interval\": \"5\": not a duration from 1s to 5m (10s, 1m)", 2 },
		{ "interval: 6m",
		  "key \"interval\": \"6m\": not a duration from 1s to 5m (10s, 1m)", 1 },
		{ "interval: [5s]", "key \"interval\": not a duration from 1s to 5m (10s, 1m)", 1 },
		{ "interval:", "key \"interval\": not a duration from 1s to 5m (10s, 1m)", 1 },
		{ "count: 65", "key \"count\": \"65\": not a number from 1 to 64", 1 },
		{ "count: 0", "key \"count\": \"0\": not a number from 1 to 64", 1 },
		{ "count: x", "key \"count\": \"x\": not a number from 1 to 64", 1 },
		{ "on: yes", "key \"on\": \"yes\": not true or false", 1 },
		{ "name: {}", "key \"name\": not a text", 1 },
		{ "words: a", "key \"words\": \"a\": not a list (- value, or [value, value])", 1 },
		{ "words:\n  - a\n  - b: 1\n", "not a text", 3 },
		{ "name: x\nnmae: y\n",
		  "key \"nmae\": not known here; allowed: name, on, interval, count, words", 2 },
		{ "- a\n", "not a map (key: value)", 1 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct settings s = { 0 };
		struct yaml_fault fault = { 0 };

		is_int(read_settings(cases[i].text, &s, &fault), -EBADMSG, "refused: %zu", i);
		is_text(fault.text, cases[i].what, "in words");
		is_int(fault.line, cases[i].line, "with its line");
	}
}

static void test_no_memory(void)
{
	bool is_hit = true;

	for (size_t n = 1; is_hit; n++) {
		_release_(yaml_tree_freep) struct yaml_tree *tree = NULL;
		struct yaml_fault fault = { 0 };
		int err;

		failing_alloc_start(n);
		err = read_text(example, &tree, &fault);
		is_hit = failing_alloc_stop();
		is_int(err, is_hit ? -ENOMEM : 0, "allocation %zu", n);
	}
}

int main(void)
{
	test_tree();
	test_refused();
	test_empty();
	test_limits();
	test_readers();
	test_readers_refuse();
	test_no_memory();
	return tap_done();
}
