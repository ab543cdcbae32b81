/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where V8's embedded builtins are in a stripped file: from the two functions that tell V8 itself,
 * which a few instructions make up.
 */
#ifndef SYMBOL_V8_BLOB_H
#define SYMBOL_V8_BLOB_H

#include "symbol/elf.h"

/*
 * @code, @size: file addresses of v8::internal::DefaultEmbeddedBlobCode() and ...CodeSize(). 0;
 * -ENODATA: they are not written as known compilers write them, or what they tell is no code; or
 * the reader's error.
 */
int v8_blob_find(const struct elf *elf, uint64_t code, uint64_t size, uint64_t *ret_start,
		 uint64_t *ret_end);

#endif
