// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * node::NodeArrayBufferAllocator (src/node_internals.h, api/environment.cc of node), as C++ mangles
 * it. It counts, and calls V8's allocator.
 */
#include "probe/buffer_allocator.h"

#include "base/scope.h"
#include "base/text.h"
#include "host/log.h"
#include "probe/allocator_probe.h"
#include "probe/function_place.h"
#include "symbol/probe_site.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Argument 0 is the allocator itself. */
#define ALLOCATES  COOKIE_PLAIN(1)
#define RESIZES	   (COOKIE_SIZE(3) | COOKIE_COUNT(ARG_NONE) | COOKIE_OLD(1) | COOKIE_OUT(ARG_NONE))

#define NODE(name) "_ZN4node24NodeArrayBufferAllocator" name
#define V8(name)   "_ZN2v812_GLOBAL__N_120ArrayBufferAllocator" name

static const struct allocator_function functions[] = {
	{ .name = NODE("8AllocateEm"),
	  .group = GROUP_BUFFERS,
	  .cookie = ALLOCATES,
	  .arguments = PROBE_SITE_ARGUMENT(1) },
	{ .name = NODE("21AllocateUninitializedEm"),
	  .group = GROUP_BUFFERS,
	  .cookie = ALLOCATES,
	  .arguments = PROBE_SITE_ARGUMENT(1) },
	/* up to node 18; V8's own, later, allocates and frees */
	{ .name = NODE("10ReallocateEPvmm"),
	  .group = GROUP_BUFFERS,
	  .cookie = RESIZES,
	  .arguments = PROBE_SITE_ARGUMENT(1) | PROBE_SITE_ARGUMENT(3) },
	/*
	 * V8's, which node's ends with a jump to: with an instruction that the kernel emulates.
	 * Node's, up to version 24, has none, and is taken where V8's has no symbol.
	 */
	{ .name = V8("4FreeEPvm"),
	  .group = GROUP_BUFFERS,
	  .is_free = true,
	  .cookie = 1,
	  .arguments = PROBE_SITE_ARGUMENT(1) },
	{ .name = NODE("4FreeEPvm"),
	  .group = GROUP_BUFFERS,
	  .is_free = true,
	  .cookie = 1,
	  .arguments = PROBE_SITE_ARGUMENT(1) },
};
#define FUNCTION_COUNT (sizeof(functions) / sizeof(*functions))

struct search {
	const struct target *target;
	struct allocator *found;
};

static int look(void *ctx, const struct elf *elf, const struct mapping *m)
{
	_release_(procmaps_done) struct procmaps maps = { 0 };
	struct elf_symbol symbols[FUNCTION_COUNT] = { 0 };
	const char *names[FUNCTION_COUNT];
	const struct search *s = ctx;
	const struct allocator_file file = { s->target, &maps, m, elf };
	int err;

	for (size_t i = 0; i < FUNCTION_COUNT; i++)
		names[i] = functions[i].name;
	err = elf_find_functions(elf, names, FUNCTION_COUNT, false, symbols);
	if (!err)
		err = target_maps(s->target, &maps);
	if (err)
		return err;
	(void)text_clean(m->path, strlen(m->path), s->found->path, sizeof(s->found->path));
	for (size_t i = 0; i < FUNCTION_COUNT; i++)
		if (symbols[i].found && !(functions[i].is_free && s->found->free_count))
			allocator_add_probe(s->found, &file, &functions[i], &symbols[i]);
	/* without its frees every block would look like a leak */
	return s->found->alloc_count && s->found->free_count ? 0 : -ENODATA;
}

int buffer_allocator_find(const struct target *t, bool is_quiet, struct allocators *ret)
{
	struct search s = { .target = t, .found = &ret->at[0] };
	int err;

	*ret = (struct allocators){ 0 };
	ret->at[0] = (struct allocator){ .name = "node's Buffers", .fd = -1 };
	err = function_file_find(t, look, &s, &ret->at[0].fd);
	if (!err)
		ret->len = 1;
	if (err == -ENODATA && !is_quiet)
		log_error("process %d (%s) makes no Buffers: neither it nor a libnode.so of its "
			  "has node's allocator of them",
			  t->pid, t->comm);
	else if (err && !is_quiet)
		(void)log_errno(err, "cannot look through process %d (%s)", t->pid, t->comm);
	return err;
}
