// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * In the child: compile units are walked once. For the addresses that a unit covers, first the
 * function of each is found among the unit's functions, then what is inlined there inside it.
 */
#include "host/symboliser_child.h"

#include "base/scope.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <gelf.h>
#include <string.h>

/* What one honest program has: Chromium about 30,000 units. More are not looked at. */
#define MAX_UNITS  200000
#define MAX_RANGES (16u << 20)
/* Scopes inside each other: namespaces and classes, then blocks and inlined functions. */
#define MAX_NESTING 64
#define MAX_BLOCKS  512

enum state { ADDRESS_NEW, ADDRESS_IN_UNIT, ADDRESS_DONE };

struct lookup {
	const struct symboliser_question *q;
	uint8_t *states;      /* enum state, by address */
	Dwarf_Die *functions; /* by address; addr NULL: none found */
	size_t *in_unit;      /* the addresses that the unit at hand covers */
	size_t in_unit_count;
	size_t ranges_left;
	struct symboliser_out *out;
	struct call_chain chain;
};

static size_t first_at_or_above(const struct symboliser_question *q, uint64_t addr)
{
	size_t low = 0;
	size_t high = q->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (q->addrs[middle] < addr)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Calls @fn for each address in the ranges of @die. */
static void each_address(struct lookup *l, Dwarf_Die *die,
			 void (*fn)(struct lookup *l, size_t index, Dwarf_Die *die))
{
	Dwarf_Addr base;
	Dwarf_Addr start;
	Dwarf_Addr end;
	ptrdiff_t at = 0;

	while (l->ranges_left > 0 && (at = dwarf_ranges(die, at, &base, &start, &end)) > 0) {
		l->ranges_left--;
		for (size_t i = first_at_or_above(l->q, start);
		     i < l->q->count && l->q->addrs[i] < end; i++)
			fn(l, i, die);
	}
}

static void take_for_unit(struct lookup *l, size_t index, Dwarf_Die *unit)
{
	(void)unit;
	if (l->states[index] != ADDRESS_NEW)
		return;
	l->states[index] = ADDRESS_IN_UNIT;
	l->in_unit[l->in_unit_count++] = index;
}

static void take_function(struct lookup *l, size_t index, Dwarf_Die *function)
{
	if (l->states[index] == ADDRESS_IN_UNIT)
		l->functions[index] = *function;
}

/* Functions stand in the unit, or, as Rust and clang do it, in the scopes they are named in. */
static void find_functions(struct lookup *l, Dwarf_Die *scope, unsigned int depth)
{
	Dwarf_Die die;

	if (depth > MAX_NESTING || dwarf_child(scope, &die) != 0)
		return;
	do {
		switch (dwarf_tag(&die)) {
		case DW_TAG_subprogram:
			each_address(l, &die, take_function);
			break;
		case DW_TAG_namespace:
		case DW_TAG_module:
		case DW_TAG_structure_type:
		case DW_TAG_class_type:
		case DW_TAG_union_type:
		case DW_TAG_enumeration_type:
			find_functions(l, &die, depth + 1);
			break;
		default:
			break;
		}
	} while (dwarf_siblingof(&die, &die) == 0);
}

/* The block or inlined function directly in @scope that holds @addr. */
static bool find_inner(Dwarf_Die *scope, uint64_t addr, Dwarf_Die *ret_inner)
{
	Dwarf_Die die;

	if (dwarf_child(scope, &die) != 0)
		return false;
	do {
		int tag = dwarf_tag(&die);

		if ((tag == DW_TAG_inlined_subroutine || tag == DW_TAG_lexical_block) &&
		    dwarf_haspc(&die, addr) > 0) {
			*ret_inner = die;
			return true;
		}
	} while (dwarf_siblingof(&die, &die) == 0);
	return false;
}

/* The function and what is inlined in it at @addr, outermost first; their number. */
static size_t find_chain(const Dwarf_Die *function, uint64_t addr, Dwarf_Die chain[CALL_CHAIN_MAX])
{
	Dwarf_Die scope = *function;
	size_t len = 1;

	chain[0] = *function;
	for (size_t i = 0; i < MAX_BLOCKS && len < CALL_CHAIN_MAX; i++) {
		if (!find_inner(&scope, addr, &scope))
			break;
		if (dwarf_tag(&scope) == DW_TAG_inlined_subroutine)
			chain[len++] = scope;
	}
	return len;
}

/* As the linker knows it, if that is told: it has the parameters and the scopes of a C++ name. */
static const char *name_of(Dwarf_Die *function)
{
	Dwarf_Attribute attribute;
	const char *name = NULL;

	if (dwarf_attr_integrate(function, DW_AT_linkage_name, &attribute) ||
	    dwarf_attr_integrate(function, DW_AT_MIPS_linkage_name, &attribute))
		name = dwarf_formstring(&attribute);
	if (!name)
		name = dwarf_diename(function);
	return name ? name : "";
}

static uint64_t number_of(Dwarf_Die *die, unsigned int attribute_name)
{
	Dwarf_Attribute attribute;
	Dwarf_Word number = 0;

	if (!dwarf_attr(die, attribute_name, &attribute) ||
	    dwarf_formudata(&attribute, &number) != 0 || number > UINT32_MAX)
		return 0;
	return number;
}

static void set_place(struct call_chain_frame *f, const char *file, uint64_t line)
{
	if (!file || !line || line > INT32_MAX)
		return;
	f->file = file;
	f->line = (uint32_t)line;
}

/* Where @inlined was called, in the function that it was inlined into. */
static void set_call_site(struct call_chain_frame *f, Dwarf_Die *unit, Dwarf_Die *inlined)
{
	Dwarf_Files *files;
	size_t count;

	if (dwarf_getsrcfiles(unit, &files, &count) == 0)
		set_place(f, dwarf_filesrc(files, number_of(inlined, DW_AT_call_file), NULL, NULL),
			  number_of(inlined, DW_AT_call_line));
}

static void set_line(struct call_chain_frame *f, Dwarf_Die *unit, uint64_t addr)
{
	Dwarf_Line *line = dwarf_getsrc_die(unit, addr);
	int number = 0;

	if (line && dwarf_lineno(line, &number) == 0 && number > 0)
		set_place(f, dwarf_linesrc(line, NULL, NULL), (uint64_t)number);
}

static void report_chain(struct lookup *l, Dwarf_Die *unit, size_t index)
{
	uint64_t addr = l->q->addrs[index];
	struct call_chain *chain = &l->chain;
	Dwarf_Die dies[CALL_CHAIN_MAX];
	size_t len = 0;

	if (l->functions[index].addr)
		len = find_chain(&l->functions[index], addr, dies);
	*chain = (struct call_chain){ .source = CALL_CHAIN_DWARF,
				      .index = (uint32_t)index,
				      .len = len ? len : 1 };
	chain->frames[0] = (struct call_chain_frame){ .function = "", .file = "" };
	for (size_t i = 0; i < len; i++) {
		struct call_chain_frame *f = &chain->frames[len - 1 - i];

		*f = (struct call_chain_frame){ .function = name_of(&dies[i]), .file = "" };
		if (i + 1 < len)
			set_call_site(f, unit, &dies[i + 1]);
	}
	set_line(&chain->frames[0], unit, addr);
	if (len || chain->frames[0].line)
		symboliser_write(l->out, chain);
}

static void look_in_unit(struct lookup *l, Dwarf_Die *unit)
{
	l->in_unit_count = 0;
	each_address(l, unit, take_for_unit);
	if (!l->in_unit_count)
		return;
	find_functions(l, unit, 0);
	for (size_t i = 0; i < l->in_unit_count; i++) {
		report_chain(l, unit, l->in_unit[i]);
		l->states[l->in_unit[i]] = ADDRESS_DONE;
	}
}

/*
 * False: not even the first unit can be read. All units are visited, by their ranges:
 * .debug_aranges would be shorter, but clang writes none. Skeleton units (split DWARF) are passed
 * over, their content is in a file that is not opened.
 */
static bool look_in_units(struct lookup *l, Dwarf *dwarf)
{
	Dwarf_CU *unit = NULL;
	Dwarf_Half version;
	Dwarf_Die die;
	uint8_t type;

	for (size_t i = 0; i < MAX_UNITS; i++) {
		int end = dwarf_get_units(dwarf, unit, &unit, &version, &type, &die, NULL);

		if (end)
			return end > 0 || i > 0;
		if (type == DW_UT_compile)
			look_in_unit(l, &die);
	}
	return true;
}

static bool dwarf_is_small(Elf *elf)
{
	uint64_t total = 0;
	size_t names;
	Elf_Scn *section = NULL;

	if (elf_getshdrstrndx(elf, &names) != 0)
		return false;
	while ((section = elf_nextscn(elf, section))) {
		GElf_Shdr header;
		GElf_Chdr packed;
		const char *name;

		if (!gelf_getshdr(section, &header))
			return false;
		name = elf_strptr(elf, names, header.sh_name);
		if (!name || strncmp(name, ".debug_", strlen(".debug_")) != 0)
			continue;
		if ((header.sh_flags & SHF_COMPRESSED) && gelf_getchdr(section, &packed))
			header.sh_size = packed.ch_size;
		if (header.sh_size > SYMBOLISER_MAX_DWARF_BYTES - total)
			return false;
		total += header.sh_size;
	}
	return true;
}

/* ELF_C_READ and not _MMAP: a file cut while mapped would raise SIGBUS. */
int symboliser_read_dwarf(const struct symboliser_question *q, struct symboliser_out *out)
{
	struct lookup l = { .q = q, .out = out, .ranges_left = MAX_RANGES };
	Elf *elf;
	Dwarf *dwarf;

	(void)elf_version(EV_CURRENT);
	elf = elf_begin(q->dwarf_fd, ELF_C_READ, NULL);
	if (!elf || elf_kind(elf) != ELF_K_ELF)
		return SYMBOLISER_MALFORMED;
	if (!dwarf_is_small(elf))
		return SYMBOLISER_TOO_BIG;
	dwarf = dwarf_begin_elf(elf, DWARF_C_READ, NULL);
	if (!dwarf)
		return SYMBOLISER_MALFORMED;
	l.states = calloc(q->count, sizeof(*l.states));
	l.functions = calloc(q->count, sizeof(*l.functions));
	l.in_unit = calloc(q->count, sizeof(*l.in_unit));
	if (!l.states || !l.functions || !l.in_unit)
		return SYMBOLISER_NO_MEMORY;
	/* The end of the process frees all. */
	return look_in_units(&l, dwarf) ? 0 : SYMBOLISER_MALFORMED;
}
