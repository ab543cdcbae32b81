/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The entry point of every fuzz target: <parser>_fuzz.c, seeds in tests/corpus/<parser>/. libFuzzer
 * calls it with what it makes up, replay.c with the files of the corpus. A broken property is an
 * assert.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#undef NDEBUG
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

/* @data ends exactly at @size: no NUL follows. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
