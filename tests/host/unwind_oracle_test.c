// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Unwind tables of real files against a reader of call frame information that is not ours: libdw
 * must say the same of the CFA, rbp and the return address at every border of rows and at random
 * places. Also prints the figures of docs/: what a table costs.
 */
#include "fixture.h"
#include "tap.h"

#include "host/file_reader.h"
#include "symbol/elf.h"
#include "symbol/unwind_table.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <inttypes.h>

#define LIBDIR	      "/usr/lib/x86_64-linux-gnu/"
#define RANDOM_PLACES 50000
#define PADDING	      15
#define REG_FP	      6
#define REG_SP	      7
#define REG_RA	      16
#define LITERAL(op)   ((op)-DW_OP_lit0)

/* Why a rule cannot be expressed, in libdw's words. */
enum kind {
	KIND_NONE,
	KIND_RETURN_ADDRESS,
	KIND_STACK_POINTER,
	KIND_EXPRESSION,
	KIND_REGISTER,
	KIND_COUNT
};
static const char *const kinds[] = { "", "return address elsewhere", "rsp elsewhere",
				     "another expression", "register out of range" };

struct oracle {
	const char *path;
	Elf *elf;
	Dwarf_CFI *cfi;
	struct unwind_table table;
	double compile_ms;
	size_t compared, padding, holes, different;
	size_t inexpressible[KIND_COUNT];
};

static void oracle_done(struct oracle *o)
{
	if (o->cfi)
		(void)dwarf_cfi_end(o->cfi);
	if (o->elf)
		(void)elf_end(o->elf);
	unwind_table_done(&o->table);
}

/* "at CFA + n", "at rbp + n", "same", "lost", in the terms of a rule. */
static void fp_of(const Dwarf_Op *ops, size_t count, struct unwind_rule *rule)
{
	rule->fp = UNWIND_FP_LOST;
	if (!count) {
		rule->fp = UNWIND_FP_SAME;
	} else if (ops[0].atom == DW_OP_call_frame_cfa && count == 1) {
		rule->fp = UNWIND_FP_CFA;
	} else if (ops[0].atom == DW_OP_call_frame_cfa && count == 2 &&
		   ops[1].atom == DW_OP_plus_uconst) {
		rule->fp = UNWIND_FP_CFA;
		rule->fp_offset = (int32_t)ops[1].number;
	} else if (ops[0].atom == DW_OP_call_frame_cfa && count == 2 &&
		   ops[1].atom == DW_OP_breg6) { /* an expression starts with the CFA pushed */
		rule->fp = UNWIND_FP_AT_FP;
		rule->fp_offset = (int32_t)ops[1].number;
	}
}

static enum kind cfa_of_register(const Dwarf_Op *op, struct unwind_rule *rule)
{
	rule->cfa_offset = (int32_t)op->number2;
	if (op->number == REG_SP)
		rule->cfa = UNWIND_CFA_SP;
	else if (op->number == REG_FP)
		rule->cfa = UNWIND_CFA_FP;
	else
		rule->cfa = UNWIND_CFA_REGISTER;
	if (rule->cfa == UNWIND_CFA_REGISTER)
		rule->param = (uint8_t)op->number;
	return op->number < REG_RA ? KIND_NONE : KIND_REGISTER;
}

/* The two kinds of expression that have rules of their own. */
static enum kind cfa_of_expression(const Dwarf_Op *ops, size_t count, struct unwind_rule *rule)
{
	static const uint8_t plt[] = { DW_OP_breg7, DW_OP_breg16, DW_OP_lit15, DW_OP_and, 0,
				       DW_OP_ge,    DW_OP_lit3,	  DW_OP_shl,   DW_OP_plus };
	bool is_plt = count == sizeof(plt);

	rule->cfa_offset = (int32_t)ops[0].number;
	for (size_t i = 0; i < sizeof(plt) && is_plt; i++)
		is_plt = ops[i].atom == plt[i] || i == 4;
	if (is_plt) {
		rule->cfa = UNWIND_CFA_PLT;
		rule->param = (uint8_t)LITERAL(ops[4].atom);
		return KIND_NONE;
	}
	if ((ops[0].atom != DW_OP_breg6 && ops[0].atom != DW_OP_breg7) || count < 2 || count > 3 ||
	    ops[1].atom != DW_OP_deref || (count == 3 && ops[2].atom != DW_OP_plus_uconst))
		return KIND_EXPRESSION;
	rule->cfa = ops[0].atom == DW_OP_breg7 ? UNWIND_CFA_DEREF_SP : UNWIND_CFA_DEREF_FP;
	rule->param = count == 3 ? (uint8_t)ops[2].number : 0;
	return KIND_NONE;
}

static enum kind cfa_of(Dwarf_Frame *frame, struct unwind_rule *rule)
{
	Dwarf_Op *ops;
	size_t count;

	must(dwarf_frame_cfa(frame, &ops, &count) == 0);
	if (count == 1 && ops[0].atom == DW_OP_bregx)
		return cfa_of_register(&ops[0], rule);
	return count ? cfa_of_expression(ops, count, rule) : KIND_EXPRESSION;
}

/* @ops has nothing: undefined when it is there all the same, else the caller's own value. */
static bool is_saved_at(const Dwarf_Op *ops, size_t count, int64_t offset)
{
	return count == 2 && ops[0].atom == DW_OP_call_frame_cfa &&
	       ops[1].atom == DW_OP_plus_uconst && (int64_t)ops[1].number == offset;
}

/* The CFA itself is its value. */
static bool is_sp_the_cfa(const Dwarf_Op *ops, size_t count)
{
	return !count || (count == 2 && ops[0].atom == DW_OP_call_frame_cfa &&
			  ops[1].atom == DW_OP_stack_value);
}

/* The rule that libdw's words come to. */
static enum kind rule_of(Dwarf_Frame *frame, struct unwind_rule *ret_rule)
{
	Dwarf_Op memory[3], *ops;
	enum kind kind;
	bool is_signal;
	size_t count;

	memset(ret_rule, 0, sizeof(*ret_rule));
	must(dwarf_frame_info(frame, NULL, NULL, &is_signal) == REG_RA);
	ret_rule->cfa = UNWIND_CFA_SIGNAL;
	if (is_signal)
		return KIND_NONE;
	must(dwarf_frame_register(frame, REG_RA, memory, &ops, &count) == 0);
	ret_rule->cfa = UNWIND_CFA_END;
	if (!count && ops)
		return KIND_NONE;
	ret_rule->cfa = UNWIND_CFA_INEXPRESSIBLE;
	if (!is_saved_at(ops, count, -8))
		return KIND_RETURN_ADDRESS;
	must(dwarf_frame_register(frame, REG_SP, memory, &ops, &count) == 0);
	if (!is_sp_the_cfa(ops, count))
		return KIND_STACK_POINTER;
	kind = cfa_of(frame, ret_rule);
	if (kind) {
		*ret_rule = (struct unwind_rule){ .cfa = UNWIND_CFA_INEXPRESSIBLE };
		return kind;
	}
	must(dwarf_frame_register(frame, REG_FP, memory, &ops, &count) == 0);
	fp_of(ops, count, ret_rule);
	return KIND_NONE;
}

static void differ(struct oracle *o, uint64_t vaddr, const struct unwind_rule *want)
{
	const struct unwind_rule *got = unwind_table_find(&o->table, vaddr);

	if (o->different++ < 5)
		printf("# %s 0x%" PRIx64 ": %d%+d(%d) %d%+d, libdw: %d%+d(%d) %d%+d\n", o->path,
		       vaddr, got->cfa, got->cfa_offset, got->param, got->fp, got->fp_offset,
		       want->cfa, want->cfa_offset, want->param, want->fp, want->fp_offset);
}

/* Where libdw has no FDE we have no rule, but for padding before the next function. */
static void compare_hole(struct oracle *o, uint64_t vaddr)
{
	const struct unwind_rule none = { .cfa = UNWIND_CFA_NONE };
	Dwarf_Frame *frame = NULL;

	o->holes++;
	if (unwind_table_find(&o->table, vaddr)->cfa == UNWIND_CFA_NONE)
		return;
	for (uint64_t i = 1; i <= PADDING && !frame; i++) {
		if (dwarf_cfi_addrframe(o->cfi, vaddr + i, &frame) != 0)
			frame = NULL;
	}
	if (!frame)
		differ(o, vaddr, &none);
	o->padding += frame != NULL;
	free(frame);
}

static void compare(struct oracle *o, uint64_t vaddr)
{
	Dwarf_Frame *frame = NULL;
	struct unwind_rule want;
	enum kind kind;

	o->compared++;
	if (dwarf_cfi_addrframe(o->cfi, vaddr, &frame) != 0) {
		compare_hole(o, vaddr);
		return;
	}
	kind = rule_of(frame, &want);
	if (memcmp(&want, unwind_table_find(&o->table, vaddr), sizeof(want)) != 0)
		differ(o, vaddr, &want);
	o->inexpressible[kind]++;
	free(frame);
}

static void compare_borders(struct oracle *o)
{
	const struct unwind_table *t = &o->table;

	for (size_t page = 0; page < t->page_count; page++) {
		uint64_t start = (t->lowest_page + page) << UNWIND_PAGE_BITS;

		for (size_t i = 0; i < t->pages[page].count; i++) {
			uint64_t vaddr = start + t->rows[t->pages[page].first + i].addr;

			compare(o, vaddr);
			if (vaddr)
				compare(o, vaddr - 1);
		}
	}
}

/* The same places in every run. */
static void compare_random(struct oracle *o)
{
	uint64_t start = o->table.lowest_page << UNWIND_PAGE_BITS;
	uint64_t size = (uint64_t)o->table.page_count << UNWIND_PAGE_BITS;
	uint64_t seed = 0x9e3779b97f4a7c15ull;

	for (size_t i = 0; i < RANDOM_PLACES; i++) {
		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		compare(o, start + seed % size);
	}
}

static double now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void compile(struct oracle *o, struct reader reader)
{
	struct elf elf;
	uint64_t fault;
	double start;

	must(elf_open(&elf, reader, &fault) == 0);
	start = now_ms();
	is_int(unwind_table_read(&elf, &o->table), 0, "%s: compiled", o->path);
	o->compile_ms = now_ms() - start;
}

static void print_figures(const struct oracle *o)
{
	const struct unwind_table *t = &o->table;
	size_t bytes = t->row_count * sizeof(*t->rows) + t->page_count * sizeof(*t->pages) +
		       t->rule_count * sizeof(*t->rules);
	double text_mb = (double)t->text_bytes / 1e6;

	printf("# %s: %" PRIu64 " bytes of text, %zu FDEs (%zu skipped), %zu rows, %zu rules, "
	       "%zu pages, %zu bytes of table, %.0f per MB of text, %.1f ms, %zu rows "
	       "inexpressible\n",
	       o->path, t->text_bytes, t->fde_count, t->skipped_count, t->row_count, t->rule_count,
	       t->page_count, bytes, text_mb > 0 ? (double)bytes / text_mb : 0, o->compile_ms,
	       t->inexpressible_count);
	for (size_t i = 1; i < KIND_COUNT; i++) {
		if (o->inexpressible[i])
			printf("#   inexpressible at %zu of the places compared: %s\n",
			       o->inexpressible[i], kinds[i]);
	}
}

static void compare_all(struct oracle *o)
{
	must(o->elf);
	o->cfi = dwarf_getcfi_elf(o->elf);
	must(o->cfi);
	compare_borders(o);
	compare_random(o);
	print_figures(o);
	ok(!o->different && o->compared > o->holes,
	   "%s: %zu places, %zu without rule, %zu in padding, %zu different", o->path, o->compared,
	   o->holes - o->padding, o->padding, o->different);
}

static void test_file(const char *path)
{
	_release_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	_release_(oracle_done) struct oracle o = { .path = path };
	_release_(file_reader_done) struct file_reader file = { .fd = -1 };
	struct reader reader;

	if (fd < 0) {
		skip(path, "not installed");
		return;
	}
	must(file_reader_init(&file, fd, &reader) == 0);
	compile(&o, reader);
	o.elf = elf_begin(fd, ELF_C_READ, NULL);
	compare_all(&o);
}

/* Read from memory, as a tracer reads that of another process. */
static void test_vdso(void)
{
	_release_(fclosep) FILE *maps = fopen("/proc/self/maps", "re");
	_release_(oracle_done) struct oracle o = { .path = "the vDSO" };
	unsigned long start = 0, end = 0, low, high;
	struct bytes image;
	char line[512];

	must(maps);
	while (fgets(line, sizeof(line), maps)) {
		if (strstr(line, "[vdso]") && sscanf(line, "%lx-%lx", &low, &high) == 2) {
			start = low;
			end = high;
		}
	}
	if (!start) {
		skip("the vDSO", "this kernel maps none");
		return;
	}
	image = (struct bytes){ (const uint8_t *)start, end - start };
	compile(&o, reader_of_bytes(&image));
	o.elf = elf_memory((char *)start, end - start);
	compare_all(&o);
}

int main(void)
{
	static const char *const paths[] = {
		LIBDIR "libc.so.6",	 LIBDIR "ld-linux-x86-64.so.2",
		LIBDIR "libstdc++.so.6", LIBDIR "libm.so.6",
		LIBDIR "libcrypto.so.3", "/usr/bin/node",
		"/usr/bin/redis-server", "/usr/sbin/nginx",
		"/proc/self/exe",
	};

	must(elf_version(EV_CURRENT) != EV_NONE);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		test_file(paths[i]);
	test_vdso();
	return tap_done();
}
