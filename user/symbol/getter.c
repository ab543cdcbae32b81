// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Follows a function from its first instruction to its return. */
#include "symbol/getter.h"

#include "base/scope.h"
#include "symbol/machine.h"

#include <errno.h>

#define MEMBERS_MAX 0x2000 /* behind the place that a member is counted from */

/* One run. */
struct run {
	struct machine *m;
	struct getter_calls *calls; /* NULL: every call is followed */
};

/* A call of what is not followed; false: it is another. */
static bool note_call(struct run *r, uint64_t to)
{
	struct getter_calls *c = r->calls;

	if (!c || to != c->callee || !(r->m->known & (1u << MACHINE_RDI)))
		return false;
	if (c->count < GETTER_CALLS_MAX)
		c->arguments[c->count] = r->m->registers[MACHINE_RDI];
	c->count++;
	return true;
}

static int call(struct run *r, const cs_x86_op *op)
{
	struct machine *m = r->m;
	uint64_t to = 0, from = m->next;
	int err = machine_get(m, op, &to);

	if (err || note_call(r, to))
		return err;
	err = machine_push(m, from, true);
	if (!err)
		m->next = to;
	return err;
}

static int go_back(struct machine *m)
{
	bool is_known = false;
	uint64_t to = 0;
	int err = machine_pop(m, &to, &is_known);

	if (!err &&
	    (!is_known || (to == MACHINE_RETURN && m->registers[MACHINE_RSP] != MACHINE_STACK_END)))
		err = -EBADMSG;
	m->next = to;
	return err;
}

/* A jump that may be none; one to another function is its call, and the return behind it. */
static int jump(struct run *r, const cs_x86 *x)
{
	struct machine *m = r->m;
	int condition = machine_jump_condition(m->insn->id);
	bool is_taken = m->insn->id == X86_INS_JMP;
	uint64_t to = 0;
	int err = x->op_count == 1 ? machine_get(m, &x->operands[0], &to) : -EOPNOTSUPP;

	if (!err && condition >= 0)
		err = machine_condition(m, (unsigned int)condition, &is_taken);
	if (err || !is_taken)
		return err;
	if (note_call(r, to))
		return go_back(m);
	m->next = to;
	return 0;
}

static int step(struct run *r)
{
	const cs_x86 *x = &r->m->insn->detail->x86;
	unsigned int id = r->m->insn->id;

	if (id == X86_INS_RET)
		return go_back(r->m);
	if (id == X86_INS_CALL)
		return x->op_count == 1 ? call(r, &x->operands[0]) : -EOPNOTSUPP;
	if (id == X86_INS_JMP || machine_jump_condition(id) >= 0)
		return jump(r, x);
	return machine_execute(r->m);
}

static void machine_freep(struct machine **m)
{
	if (*m)
		machine_done(*m);
	free(*m);
}

static int machine_new(const struct reader *code, const struct reader *memory, struct machine **ret)
{
	*ret = calloc(1, sizeof(**ret));
	return *ret ? machine_open(*ret, code, memory) : -ENOMEM;
}

/* Until it returns. */
static int follow(struct run *r, uint64_t address, uint64_t object)
{
	struct machine *m = r->m;
	int err = machine_push(m, MACHINE_RETURN, true);

	m->registers[MACHINE_RDI] = object;
	m->known |= 1u << MACHINE_RDI;
	m->low_known |= 1u << MACHINE_RDI;
	m->next = address;
	for (int i = 0; i < GETTER_MAX_INSTRUCTIONS && !err; i++) {
		err = machine_fetch(m);
		if (!err)
			err = step(r);
		if (!err && m->next == MACHINE_RETURN)
			return 0;
	}
	return err ? err : -EOPNOTSUPP;
}

int getter_value(const struct getter *g, uint64_t address, uint64_t object, uint64_t *ret_value)
{
	_release_(machine_freep) struct machine *m = NULL;
	struct run r = { 0 };
	int err = machine_new(g->code, g->memory, &m);

	r.m = m;
	if (!err)
		err = follow(&r, address, object);
	if (!err && !(m->known & (1u << MACHINE_RAX)))
		err = -EOPNOTSUPP;
	if (!err)
		*ret_value = m->registers[MACHINE_RAX];
	return err;
}

int getter_calls(const struct getter *g, uint64_t address, uint64_t object, struct getter_calls *c)
{
	_release_(machine_freep) struct machine *m = NULL;
	struct run r = { .calls = c };
	int err = machine_new(g->code, g->memory, &m);

	c->count = 0;
	r.m = m;
	return err ? err : follow(&r, address, object);
}

/* --- without executing ------------------------------------------------------------------------ */

static bool is_member(const cs_x86_op *op)
{
	return op->type == X86_OP_MEM && op->size == 8 && op->mem.segment == X86_REG_INVALID &&
	       op->mem.index == X86_REG_INVALID && op->mem.base != X86_REG_RIP &&
	       op->mem.base != X86_REG_INVALID && op->mem.disp >= 0;
}

static bool is_use(const struct machine *m, const cs_x86 *x, enum getter_use use)
{
	const cs_x86_op *member = &x->operands[use == GETTER_LOADS];
	unsigned int id = use == GETTER_LOADS ? X86_INS_MOV : X86_INS_SUB;

	return m->insn->id == id && x->op_count == 2 && is_member(member) &&
	       member->mem.base == X86_REG_RDI &&
	       x->operands[use != GETTER_LOADS].type == X86_OP_REG;
}

int getter_own_member(const struct reader *code, uint64_t address, size_t len, enum getter_use use,
		      uint64_t *ret_offset)
{
	_release_(machine_freep) struct machine *m = NULL;
	int err = machine_new(code, NULL, &m);

	if (err)
		return err;
	for (m->next = address; m->next < address + len;) {
		const cs_x86 *x = &m->insn->detail->x86;

		err = machine_fetch(m);
		if (err)
			return err == -EBADMSG ? -ENODATA : err;
		if (!is_use(m, x, use))
			continue;
		*ret_offset = (uint64_t)x->operands[use == GETTER_LOADS].mem.disp;
		return 0;
	}
	return -ENODATA;
}

int getter_stored_member(const struct reader *code, uint64_t address, size_t len, uint64_t field,
			 struct getter_member *ret)
{
	_release_(machine_freep) struct machine *m = NULL;
	struct getter_member found = { 0 };
	int err = machine_new(code, NULL, &m);

	if (err)
		return err;
	for (m->next = address; m->next < address + len;) {
		const cs_x86 *x = &m->insn->detail->x86;
		const cs_x86_op *to = &x->operands[0], *from = &x->operands[1];
		uint64_t disp;

		err = machine_fetch(m);
		if (err)
			return err == -EBADMSG ? -ENODATA : err;
		if (x->op_count != 2)
			continue;
		disp = from->type == X86_OP_MEM ? (uint64_t)from->mem.disp : 0;
		if (m->insn->id == X86_INS_LEA && !found.base && from->mem.base == X86_REG_RDI)
			found.base = disp;
		if (m->insn->id != X86_INS_MOV)
			continue;
		if (found.base && to->type == X86_OP_REG && is_member(from) && disp >= found.base &&
		    disp - found.base < MEMBERS_MAX)
			found.offset = disp - found.base + 1; /* 0: none yet */
		if (!found.offset || !is_member(to) || (uint64_t)to->mem.disp != field ||
		    from->type != X86_OP_REG)
			continue;
		found.offset--;
		*ret = found;
		return 0;
	}
	return -ENODATA;
}
