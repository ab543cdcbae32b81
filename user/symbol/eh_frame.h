/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The records of .eh_frame (LSB 5.0 core, 10.6) and .debug_frame (DWARF 5 section 6.4.1): a CIE is
 * what many functions share, an FDE is one function's range of code and its instructions. Only what
 * is in the bytes is looked at; nothing is allocated.
 */
#ifndef SYMBOL_EH_FRAME_H
#define SYMBOL_EH_FRAME_H

#include "base/bytes.h"
#include "symbol/dwarf_cursor.h"

#include <stdbool.h>

struct eh_frame {
	struct bytes bytes; /* the section's content, borrowed */
	uint64_t vaddr;	    /* file address of its first byte; 0 for .debug_frame */
	uint64_t data_base; /* of .eh_frame_hdr, for POINTER_DATAREL; 0 = not known */
	bool is_debug;	    /* .debug_frame */
	bool is_endless;    /* its size is not known: a record of length 0 ends it */
};

enum eh_kind {
	EH_END, /* no more records, or one whose length lies */
	EH_CIE,
	EH_FDE,
};

struct eh_record {
	enum eh_kind kind;
	size_t at;		  /* of the record in the section */
	size_t cie_at;		  /* EH_FDE: of its CIE, which need not be one; SIZE_MAX: nowhere */
	struct dwarf_cursor body; /* what follows the CIE's id or the FDE's pointer to its CIE */
	bool is_64;		  /* DWARF64 lengths */
	bool is_lie;		  /* EH_END: because the length did not fit */
};

/* The record at *@at, which is moved past it: by at least 4 bytes, unless the answer is EH_END. */
void eh_frame_next(const struct eh_frame *frame, size_t *at, struct eh_record *ret_record);

struct eh_cie {
	uint64_t code_align;
	int64_t data_align;
	uint64_t return_register;
	uint8_t pointer_encoding; /* of FDEs and DW_CFA_set_loc */
	bool is_augmented;	  /* FDEs have augmentation data, with their length */
	bool is_signal;		  /* signal frames: 'S' */
	struct dwarf_cursor instructions;
};

/* False: a version, augmentation or pointer encoding that cannot be used, or cut short. */
bool eh_cie_read(const struct eh_record *record, struct eh_cie *ret_cie);

struct eh_fde {
	uint64_t start, size; /* file address and bytes of code; not checked against anything */
	struct dwarf_cursor instructions;
};

/* False: cut short. */
bool eh_fde_read(const struct eh_record *record, const struct eh_cie *cie, struct eh_fde *ret_fde);

#endif
