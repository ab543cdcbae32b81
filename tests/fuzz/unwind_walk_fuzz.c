// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The walk of bpf/lib/unwind_walk.h by any tables over any stack: it ends, stays inside its arrays,
 * and never goes down a stack but for a signal frame. (The kernel's verifier proves the first two
 * of the same text; here they are checked with the arrays' real sizes.)
 */
#include "unwind_native.h"

#include "fuzz.h"

#define STACK	    0x7000000ull
#define TEXT	    0x20000ull
#define ROWS_MAX    64
#define RULES_MAX   32
#define STACK_BYTES 4096

/* The front of the input, the stack follows. */
struct input {
	uint64_t pc, sp, fp;
	struct unwind_mapping mappings[4];
	struct unwind_page pages[2];
	struct unwind_row rows[ROWS_MAX];
	struct unwind_rule rules[RULES_MAX];
	uint64_t hijacked_slot, hijacked;
	uint8_t mapping_count, is_return, may_use_fp, is_tame;
	uint8_t has_js; /* pointers to objects of V8 lead into the stack too */
	uint8_t pad[3];
};

static const struct unwind_js js = { .shared = 24,
				     .instance_type = 12,
				     .function_max = 0x7fff,
				     .name = 16,
				     .script = 40,
				     .script_id = 64 };

/* Half of the inputs have addresses that lead somewhere. */
static void tame(struct input *in)
{
	in->pc = TEXT + (in->pc & 0xffff);
	in->sp = STACK + (in->sp & 0x7f8);
	for (size_t i = 0; i < 4; i++) {
		in->mappings[i].start = TEXT + i * 0x4000;
		in->mappings[i].end = in->mappings[i].start + 0x4000;
		in->mappings[i].bias = TEXT;
		in->mappings[i].kind %= UNWIND_BY_NOTHING + 1;
		in->mappings[i].page_delta &= 1;
	}
	for (size_t i = 0; i < RULES_MAX; i++) {
		in->rules[i].cfa %= UNWIND_CFA_REGISTER + 1;
		in->rules[i].fp %= UNWIND_FP_LOST + 1;
		in->rules[i].cfa_offset &= 0x78;
		in->rules[i].fp_offset = -(in->rules[i].fp_offset & 0x78);
	}
	for (size_t i = 0; i < ROWS_MAX; i++)
		in->rows[i].rule %= RULES_MAX;
}

static void check_step(const struct unwind_walk *w, uint64_t sp_before, bool was_signal)
{
	assert(w->end <= UNWIND_GOES_ON);
	assert(w->part < STACK_PARTS && w->depth <= STACK_PART_FRAMES);
	assert(w->end != UNWIND_GOES_ON || was_signal || w->sp >= sp_before);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct unwind_row rows[UNWIND_BLOCK_ROWS];
	static struct unwind_walk w;
	uint8_t stack[STACK_BYTES] = { 0 };
	struct unwind_process p = { 0 };
	struct native_env env;
	struct input in;
	size_t steps = 0;

	if (size < sizeof(in))
		return 0;
	memcpy(&in, data, sizeof(in));
	data += sizeof(in);
	size -= sizeof(in);
	memcpy(stack, data, size < sizeof(stack) ? size : sizeof(stack));
	if (in.is_tame & 1)
		tame(&in);
	p.count = in.mapping_count;
	memcpy(p.at, in.mappings, sizeof(in.mappings));
	memcpy(rows, in.rows, sizeof(in.rows));
	memcpy(rows + UNWIND_BLOCK_ROWS - ROWS_MAX, in.rows, sizeof(in.rows));
	env = (struct native_env){ .memory = { { STACK, stack, sizeof(stack) } },
				   .pages = in.pages,
				   .page_count = 2,
				   .rows = rows,
				   .rules = in.rules,
				   .rule_count = RULES_MAX,
				   .registers = { [10] = in.fp },
				   .hijacked_slot = in.hijacked_slot,
				   .hijacked = in.hijacked };
	unwind_begin(&w, 1, in.is_return & 1, in.may_use_fp & 1);
	w.env = &env;
	if (in.has_js & 1)
		w.js = js;
	w.pc = in.pc;
	w.sp = in.sp;
	w.fp = in.fp;
	for (; w.end == UNWIND_GOES_ON && steps < STACK_MAX_FRAMES + 32; steps++) {
		uint64_t sp_before = w.sp;

		unwind_step(&w, &p);
		check_step(&w, sp_before, !w.is_return);
	}
	return 0;
}
