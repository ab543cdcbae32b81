// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* V8's constants and builtins of any file: what is given is in order, a refusal says why. */
#include "symbol/v8_layout.h"

#include "fuzz.h"

#include <errno.h>
#include <string.h>

static void check_builtins(const struct v8_layout *layout)
{
	assert(layout->builtins_start <= layout->builtins_end);
	for (size_t i = 0; i < layout->builtin_count; i++) {
		const struct v8_builtin *b = &layout->builtins[i];

		assert(b->vaddr >= layout->builtins_start && b->size && b->name[0]);
		assert(b->size <= layout->builtins_end - b->vaddr);
		assert(v8_layout_builtin(layout, b->vaddr) == b);
		assert(v8_layout_builtin(layout, b->vaddr + b->size - 1) == b);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct bytes b = { data, size };
	struct v8_layout layout;
	uint64_t offset;
	struct elf elf;
	int err;

	if (elf_open(&elf, reader_of_bytes(&b), &offset))
		return 0;
	err = v8_layout_read(&elf, &layout);
	assert((err == -EOPNOTSUPP) == (layout.refusal[0] != 0));
	assert(strlen(layout.refusal) < V8_REFUSAL_MAX);
	assert(err || layout.walk.function_type_min <= layout.walk.function_type_max);
	check_builtins(&layout);
	v8_layout_done(&layout);
	return 0;
}
