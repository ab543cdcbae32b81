// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A configuration of any bytes: a tree within its limits, or one line that says what is wrong. */
#include "base/yaml.h"
#include "fuzz.h"

#include <errno.h>
#include <string.h>

static size_t check_value(const struct yaml_value *v, size_t depth)
{
	size_t count = 0, values = 1;

	assert(depth <= YAML_DEPTH_MAX && v->line > 0 && v->text);
	for (const struct yaml_value *in = v->first; in; in = in->next, count++) {
		assert((v->kind == YAML_MAP) == (in->key != NULL));
		assert(v->kind != YAML_MAP || yaml_value_get(v, in->key) == in);
		values += check_value(in, depth + 1);
	}
	assert(count == v->count && (count == 0 || v->kind >= YAML_LIST));
	return values;
}

static int read_any(const struct yaml_value *v, void *ctx, struct yaml_fault *fault)
{
	static const struct yaml_range range = { 1, 1000, "allowed" };
	uint64_t number = 0;

	(void)ctx;
	return yaml_value_duration(v, &range, &number, fault);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct yaml_field fields[] = { { "interval", read_any }, { "a", read_any } };
	const struct bytes file = { data, size };
	struct yaml_tree *tree = NULL;
	struct yaml_fault fault = { 0 };
	int err = yaml_tree_read(&file, &tree, &fault);

	if (err) {
		assert(err == -EBADMSG && !tree && *fault.text);
		return 0;
	}
	assert(check_value(yaml_tree_root(tree), 0) <= YAML_VALUES_MAX);
	if (yaml_value_read_map(yaml_tree_root(tree), fields, 2, NULL, &fault))
		assert(*fault.text && strnlen(fault.text, sizeof(fault.text)) < sizeof(fault.text));
	yaml_tree_free(tree);
	return 0;
}
