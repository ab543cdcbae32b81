/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Call frame instructions (DWARF 5 section 6.4.2, LSB 5.0 core 10.5.2) of x86-64, run to rows of
 * unwind rules (abi/unwind.h). Register numbers are the psABI's: 6 rbp, 7 rsp, 16 return address.
 *
 * What is not a rule of abi/unwind.h gives UNWIND_CFA_INEXPRESSIBLE: a return address elsewhere
 * than below the CFA, a caller's rsp that is not the CFA, an expression that is not one of those
 * named there, an offset beyond 32 bits. An instruction that is not known, malformed or cut short
 * makes the rest of its function so. Each step costs as much as the bytes it passes.
 */
#ifndef SYMBOL_CFI_H
#define SYMBOL_CFI_H

#include "abi/unwind.h"
#include "symbol/eh_frame.h"

#define CFI_MAX_REMEMBERED 8

/* How CFI's values stand at one place, as far as they matter here. */
struct cfi_state {
	uint8_t cfa;	      /* enum unwind_cfa: INEXPRESSIBLE, SP, FP, REGISTER, DEREF_*, PLT */
	uint8_t param;	      /* as in struct unwind_rule */
	uint8_t fp;	      /* enum unwind_fp */
	uint8_t ra;	      /* enum cfi_ra */
	bool is_sp_elsewhere; /* the caller's rsp is not the CFA */
	int64_t cfa_offset, fp_offset;
};

enum cfi_ra { CFI_RA_ELSEWHERE, CFI_RA_BELOW_CFA, CFI_RA_UNDEFINED };

/* A CIE and what its initial instructions make, run once for all its FDEs. */
struct cfi_cie {
	struct eh_cie cie;
	struct cfi_state state;
	bool is_lost; /* the initial instructions cannot be followed */
};

void cfi_cie_init(struct cfi_cie *c, const struct eh_cie *cie);

struct cfi_row {
	uint64_t offset; /* from the function's start, below its size */
	struct unwind_rule rule;
};

struct cfi {
	const struct cfi_cie *cie; /* borrowed */
	struct dwarf_cursor at;
	struct cfi_state state, remembered[CFI_MAX_REMEMBERED];
	size_t remembered_count;
	uint64_t start, size, offset;
	bool is_lost, is_done;
};

void cfi_init(struct cfi *c, const struct cfi_cie *cie, const struct eh_fde *fde);

/*
 * The next row, in ascending order of offset; the first is at 0. Two may be at one offset: the
 * later holds. False after the last.
 */
bool cfi_next(struct cfi *c, struct cfi_row *ret_row);

#endif
