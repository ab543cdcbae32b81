// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * bpf/lib/stacks.bpf.h in the kernel, on real stacks walked by it: a recursion that turns left or
 * right by the bits of a number makes as many distinct stacks as there are numbers, and each can be
 * read back.
 */
#include "kernel.h"

#include "abi/stacks.h"
#include "test/stacks.skel.h"

#include <fcntl.h>

#define LEVELS	    13 /* of the recursion: 8192 distinct stacks */
#define STACK_COUNT 5000
#define SMALL_TABLE 16

static struct stacks_bpf *skel;

/* The probe is here. */
__attribute__((noinline)) static unsigned int probed(unsigned int value)
{
	__asm__ volatile("");
	return value + 1;
}

/* The direct caller of the probed function, always from the same place: kernels before 6.11 miss
 * it. */
__attribute__((noinline)) static unsigned int bottom(void)
{
	unsigned int value = probed(1);

	__asm__ volatile(""); /* something to return to: no tail call */
	return value;
}

__attribute__((noinline)) static unsigned int descend(unsigned int path, int levels)
{
	unsigned int value;

	if (levels == 0)
		return bottom() + 1;
	if (path & 1) {
		value = descend(path >> 1, levels - 1);
		__asm__ volatile("nop # odd"); /* keeps the two calls two */
	} else {
		value = descend(path >> 1, levels - 1);
		__asm__ volatile("nop # even");
	}
	return value + 1;
}

/* One stack to be taken, and the id it got. */
struct request {
	unsigned int path;
	int levels;
	bool is_of_another; /* process */
	__u64 id;
};

/* All from one place: what calls the recursion is a part of the stack. */
__attribute__((noinline)) static void take(struct request *requests, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		skel->bss->tgid = (__u32)getpid() + requests[i].is_of_another;
		(void)descend(requests[i].path, requests[i].levels);
		requests[i].id = skel->bss->id;
	}
	must(skel->bss->hits == count);
}

static struct stack stack_of(__u64 id)
{
	struct stack s = { 0 };

	must(bpf_map_lookup_elem(bpf_map__fd(skel->maps.stacks), &id, &s) == 0);
	return s;
}

static size_t stored(void)
{
	__u64 key, next;
	size_t count = 0;
	int fd = bpf_map__fd(skel->maps.stacks);

	for (int err = bpf_map_get_next_key(fd, NULL, &next); !err;
	     err = bpf_map_get_next_key(fd, &key, &next)) {
		key = next;
		count++;
	}
	return count;
}

/* A fresh table of @max_stacks elements, the probe in place. */
static void begin(__u32 max_stacks)
{
	LIBBPF_OPTS(bpf_uprobe_opts, opts, .func_name = "probed");

	skel = stacks_bpf__open();
	must(skel);
	must(bpf_map__set_max_entries(skel->maps.stacks, max_stacks) == 0);
	skel->rodata->stacks_by_kernel = true;
	must(stacks_bpf__load(skel) == 0);
	skel->links.take = bpf_program__attach_uprobe_opts(skel->progs.take, getpid(),
							   "/proc/self/exe", 0, &opts);
	must(skel->links.take);
}

static void end(void)
{
	stacks_bpf__destroy(skel);
	skel = NULL;
}

static bool is_leaf(__u64 address)
{
	return address >= (uintptr_t)probed && address < (uintptr_t)probed + 16;
}

static void test_few(void)
{
	struct request r[] = {
		{ 5, LEVELS, false, 0 }, { 5, LEVELS, false, 0 }, { 6, LEVELS, false, 0 },
		{ 5, LEVELS, true, 0 },	 { 5, LEVELS, false, 0 },
	};
	struct stack s;

	begin(64);
	take(r, 5);
	ok(r[0].id != STACK_NONE, "a stack is taken");
	s = stack_of(r[0].id);
	is_int(s.tgid, getpid(), "it says whose it is");
	ok(s.depth > LEVELS && s.depth < STACK_PART_FRAMES, "its depth is plausible (%u)", s.depth);
	ok(is_leaf(s.frames[0]), "the leaf comes first");
	ok(r[1].id == r[0].id, "the same stack has the same id");
	ok(r[2].id != STACK_NONE && r[2].id != r[0].id, "another stack has another id");
	ok(r[3].id != STACK_NONE && r[3].id != r[0].id, "the same frames of another process too");
	is_int(stack_of(r[3].id).tgid, getpid() + 1, "which it says");
	ok(r[4].id == r[0].id, "after all these it still has its id");
	is_int(stored(), 3, "each is stored once");
	end();
}

/* Where two stacks differ first, which is the innermost turn. */
static __u32 first_turn(const struct stack *a, const struct stack *b)
{
	__u32 i = 0;

	while (i < a->depth && i < b->depth && a->frames[i] == b->frames[i])
		i++;
	return i;
}

/* The number a stored stack was made from; the turns begin at @first, an odd one returns to @odd.
 */
static unsigned int path_of(const struct stack *s, __u32 first, __u64 odd)
{
	unsigned int path = 0;

	/* the innermost turn was made by the highest bit */
	for (__u32 i = 0; i < LEVELS; i++)
		path = path << 1 | (s->frames[first + i] == odd);
	return path;
}

static void test_many(void)
{
	static struct request r[2 + 2 * STACK_COUNT];
	struct request *once = r + 2, *again = once + STACK_COUNT;
	size_t refused = 0, wrong = 0, changed = 0;
	struct stack even, odd;
	__u32 first;

	r[0] = (struct request){ 0, LEVELS, false, 0 };
	r[1] = (struct request){ (1u << LEVELS) - 1, LEVELS, false, 0 };
	for (unsigned int path = 0; path < STACK_COUNT; path++)
		once[path] = again[path] = (struct request){ path, LEVELS, false, 0 };
	begin(65536);
	take(r, 2 + 2 * STACK_COUNT);
	even = stack_of(r[0].id);
	odd = stack_of(r[1].id);
	first = first_turn(&even, &odd);
	must(even.depth == odd.depth && first + LEVELS <= even.depth);
	for (unsigned int path = 0; path < STACK_COUNT; path++) {
		struct stack s = { 0 };

		if (once[path].id == STACK_NONE)
			refused++;
		else
			s = stack_of(once[path].id);
		wrong += s.depth != even.depth || path_of(&s, first, odd.frames[first]) != path;
		changed += again[path].id != once[path].id;
	}
	is_int(refused, 0, "%d distinct stacks are taken", STACK_COUNT);
	is_int(wrong, 0, "none displaced another: each id leads to its own frames");
	is_int(changed, 0, "and each keeps its id");
	is_int(stored(), STACK_COUNT + 1, "each is stored once, and the all-odd one");
	end();
}

static void test_full(void)
{
	struct request r[3 * SMALL_TABLE];
	size_t refused = 0, kept = 0;

	for (unsigned int i = 0; i < 3 * SMALL_TABLE; i++)
		r[i] = (struct request){ i % (2 * SMALL_TABLE), LEVELS, false, 0 };
	begin(SMALL_TABLE);
	take(r, sizeof(r) / sizeof(*r));
	for (int i = 0; i < SMALL_TABLE; i++) {
		refused += r[SMALL_TABLE + i].id == STACK_NONE;
		kept += r[i].id != STACK_NONE && r[2 * SMALL_TABLE + i].id == r[i].id;
	}
	is_int(refused, SMALL_TABLE, "a table of %d refuses each new stack", SMALL_TABLE);
	is_int(kept, SMALL_TABLE, "those that are there are still found");
	is_int(stored(), SMALL_TABLE, "the table is as full as it was");
	end();
}

static void test_deep(void)
{
	struct request r[] = {
		{ 0, 3 * STACK_PART_FRAMES, false, 0 },
		{ 0, 4 * STACK_PART_FRAMES, false, 0 },
		{ 1, 3 * STACK_PART_FRAMES, false, 0 },
		{ 0, 20, false, 0 },
	};
	struct stack s;

	begin(64);
	take(r, 4);
	ok(r[0].id != STACK_NONE, "a stack deeper than %d frames is taken", STACK_PART_FRAMES);
	s = stack_of(r[0].id);
	is_int(s.depth, STACK_PART_FRAMES, "and cut there");
	ok(is_leaf(s.frames[0]), "the leaf is kept, the outermost callers go");
	ok(r[1].id == r[0].id, "stacks that differ in depth behind the cut are one");
	ok(r[2].id == r[0].id, "stacks that differ by a turn behind the cut are one");
	ok(r[3].id != STACK_NONE && r[3].id != r[0].id, "a short one is another");
	end();
}

/* The scratch still holds the frames of a deeper stack when a shallow one is taken. */
static void test_left_overs(void)
{
	struct request r[] = { { 9, 4, false, 0 }, { 0, 60, false, 0 }, { 9, 4, false, 0 } };

	begin(64);
	take(r, 3);
	ok(r[2].id == r[0].id, "left-overs in the scratch do not change an id");
	end();
}

int main(void)
{
	need_root();
	test_few();
	test_many();
	test_full();
	test_deep();
	test_left_overs();
	return tap_done();
}
