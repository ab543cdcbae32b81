/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The DWARF expressions (DWARF 5 section 2.5) that call frame information of x86-64 has in
 * practice: what linkers say of procedure linkage tables, compilers of realigned stacks, OpenSSL's
 * authors of their assembly. They are recognised, not evaluated.
 */
#ifndef SYMBOL_CFI_EXPRESSION_H
#define SYMBOL_CFI_EXPRESSION_H

#include "abi/unwind.h"
#include "base/bytes.h"

#include <stdbool.h>

/*
 * The CFA: cfa, param and cfa_offset of a rule UNWIND_CFA_DEREF_SP, UNWIND_CFA_DEREF_FP or
 * UNWIND_CFA_PLT. False when it is none of those.
 */
bool cfi_expression_cfa(struct bytes code, struct unwind_rule *ret_rule);

/* Where rbp is saved: at rbp + *ret_offset. False when the expression says something else. */
bool cfi_expression_fp(struct bytes code, int64_t *ret_offset);

#endif
