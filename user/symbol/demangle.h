/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Names as their language writes them: C++ (Itanium ABI) and Rust (legacy and v0), by libiberty's
 * callback interface, which is cut off at the cap (a 250-byte name can expand to hundreds of
 * megabytes).
 */
#ifndef SYMBOL_DEMANGLE_H
#define SYMBOL_DEMANGLE_H

#include <stddef.h>

/*
 * Writes the readable form of @name, cleaned (base/text.h), to @buf of @size bytes; the mangled
 * name itself when it is not mangled or its expansion passes TEXT_MAX. Returns @buf.
 */
char *demangle(const char *name, char *buf, size_t size);

#endif
