// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Functions of V8 by the beginning of their mangled names; the best place in each for a probe. */
#include "probe/gc_probes.h"

#include "base/scope.h"
#include "base/text.h"
#include "probe/function_place.h"
#include "symbol/elf_prefixed.h"
#include "symbol/probe_site.h"

#include <errno.h>
#include <string.h>

#define CODE_MAX 65536 /* bytes of a function that are looked at */

/*
 * Up to where the arguments begin: they differ between versions 10 and 14 (node 18 to 25). @also:
 * the probe of its return.
 */
static const struct function {
	const char *prefix;
	enum gc_probe probe, also;
	unsigned int arguments; /* how many are read */
} functions[] = {
#define HEAP "_ZN2v88internal4Heap"
	{ "_ZN2v88internal8GCTracer20StartObservablePauseE", GC_PROBE_PAUSE_BEGINS, GC_PROBES, 2 },
	{ "_ZN2v88internal8GCTracer19StopObservablePauseE", GC_PROBE_PAUSE_ENDS, GC_PROBES, 3 },
	{ HEAP "14CollectGarbageE", GC_PROBE_COLLECT, GC_PROBE_COLLECT_END, 3 },
	{ HEAP "24PerformGarbageCollectionE", GC_PROBE_PERFORM, GC_PROBES, 4 },
	{ HEAP "8ScavengeE", GC_PROBE_SCAVENGE, GC_PROBES, 1 },
	{ HEAP "16MinorMarkCompactE", GC_PROBE_MINOR, GC_PROBES, 1 },
	{ HEAP "14MinorMarkSweepE", GC_PROBE_MINOR, GC_PROBES, 1 },
	{ HEAP "11MarkCompactE", GC_PROBE_MARK_COMPACT, GC_PROBES, 1 },
	{ HEAP "13SizeOfObjectsE", GC_PROBE_SIZE, GC_PROBES, 1 },
	{ "_ZN2v88internal18IncrementalMarking4StepE", GC_PROBE_STEP, GC_PROBE_STEP_END, 1 },
	{ "_ZN2v88internal18IncrementalMarking5StartE", GC_PROBE_MARKING, GC_PROBES, 3 },
	{ HEAP "27InvokeNearHeapLimitCallbackE", GC_PROBE_NEAR_LIMIT, GC_PROBES, 1 },
	{ "_ZN2v88internal2V823FatalProcessOutOfMemoryE", GC_PROBE_OUT_OF_MEMORY, GC_PROBES, 2 },
	{ "_ZN2v87Isolate17GetHeapStatisticsE", GC_PROBE_STATISTICS, GC_PROBE_STATISTICS_END, 2 },
	{ "_ZN2v87Isolate22GetHeapSpaceStatisticsE", GC_PROBE_SPACE, GC_PROBE_SPACE_END, 3 },
	{ HEAP "11MaxReservedE", GC_PROBES, GC_PROBES, 1 },
	{ "_ZNK2v88internal4Heap11MaxReservedE", GC_PROBES, GC_PROBES, 1 },
#undef HEAP
};
#define FUNCTION_COUNT (sizeof(functions) / sizeof(*functions))

struct search {
	struct gc_places *places;
	const struct elf *elf;
	const struct mapping *map; /* the first of the file */
};

void gc_places_done(struct gc_places *p)
{
	closep(&p->fd);
	p->fd = -1;
}

/* What a clone's name has behind the arguments. */
static const char *clone_suffix(const char *name)
{
	const char *dot = strchr(name, '.');

	return dot ? dot : "";
}

/* A clone keeps what it is called with only as far as its last argument is the one that went. */
static __u64 cookie_of(const struct function *f, const char *name)
{
	bool is_clone = *clone_suffix(name) != 0;

	switch (f->probe) {
	case GC_PROBE_PAUSE_BEGINS:
	case GC_PROBE_PAUSE_ENDS:
		return !is_clone && strstr(name, "TimeTicks") ? GC_COOKIE_HAS_TIME : 0;
	case GC_PROBE_COLLECT:
	case GC_PROBE_PERFORM:
		return is_clone ? 0 : GC_COOKIE_HAS_ARGUMENTS;
	case GC_PROBE_MARKING: /* which argument is the reason */
		return strncmp(name + strlen(f->prefix), "NS0_23", 6) == 0 ? 2 : 3;
	default:
		return 0;
	}
}

static void add_place(struct gc_places *p, enum gc_probe probe, struct uprobe_place place)
{
	size_t *count = &p->count[probe];

	for (size_t i = 0; i < *count; i++)
		if (p->at[probe][i].offset == place.offset)
			return; /* in both symbol tables, or another name of the same */
	if (*count < GC_PLACES_MAX)
		p->at[probe][(*count)++] = place;
}

/* Where in the function of @size bytes to probe its entry: file offset, 0 none. */
static uint64_t place_in(const struct search *s, const struct function *f, uint64_t size,
			 uint64_t offset)
{
	_release_(freep) uint8_t *text = NULL;
	struct bytes code = { .len = size < CODE_MAX ? size : CODE_MAX };
	struct probe_site site;

	text = malloc(code.len);
	code.at = text;
	if (!text || s->elf->reader.read_at(&s->elf->reader, offset, text, code.len) ||
	    probe_site_choose(code, PROBE_SITE_FIRST(f->arguments), f->probe == GC_PROBE_SIZE,
			      &site))
		return 0;
	return offset + site.offset;
}

static const struct function *function_of(const char *name)
{
	for (size_t i = 0; i < FUNCTION_COUNT; i++)
		if (strncmp(name, functions[i].prefix, strlen(functions[i].prefix)) == 0)
			return &functions[i];
	return NULL;
}

static int on_symbol(void *ctx, const struct elf_prefixed *symbol)
{
	const struct function *f = function_of(symbol->name);
	const struct search *s = ctx;
	struct uprobe_place place = { 0 };
	uint64_t offset = 0, first = 0;
	bool is_code = false;

	if (!f || !symbol->size || strncmp(clone_suffix(symbol->name), ".cold", 5) == 0 ||
	    !elf_offset_of(s->elf, symbol->vaddr, &offset, &is_code) || !is_code)
		return 0;
	if (f->probe == GC_PROBES) {
		if (elf_vaddr_of(s->elf, s->map->offset, &first)) {
			s->places->limit_function = s->map->start + (symbol->vaddr - first);
			s->places->limit_function_bytes = (size_t)symbol->size;
		}
		return 0;
	}
	place.cookie = cookie_of(f, symbol->name);
	place.offset = place_in(s, f, symbol->size, offset);
	if (!place.offset)
		return 0;
	add_place(s->places, f->probe, place);
	if (f->also != GC_PROBES)
		add_place(s->places, f->also, (struct uprobe_place){ .offset = offset });
	return 0;
}

static int look(void *ctx, const struct elf *elf, const struct mapping *m)
{
	struct gc_places *places = ctx;
	struct search s = { .places = places, .elf = elf, .map = m };
	const char *prefixes[FUNCTION_COUNT];
	int err;

	for (size_t i = 0; i < FUNCTION_COUNT; i++)
		prefixes[i] = functions[i].prefix;
	err = elf_find_prefixed(elf, prefixes, FUNCTION_COUNT, on_symbol, &s);
	if (err)
		return err;
	(void)text_clean(m->path, strlen(m->path), places->path, sizeof(places->path));
	for (int i = 0; i < GC_PROBES; i++)
		if (places->count[i])
			return 0;
	return -ENODATA;
}

int gc_places_find(const struct target *t, struct gc_places *ret)
{
	*ret = (struct gc_places){ .fd = -1 };
	return function_file_find(t, look, ret, &ret->fd);
}
