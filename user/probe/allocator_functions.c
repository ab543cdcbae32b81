// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The table. C11 7.22.3, C23 (free_sized), POSIX (posix_memalign), glibc's malloc.h, jemalloc(3)
 * (mallocx and kin), the C++ ABI's mangled operators.
 */
#include "probe/allocator_functions.h"

#include "symbol/probe_site.h"

#define NO_COUNT COOKIE_COUNT(ARG_NONE)
#define NO_OLD	 COOKIE_OLD(ARG_NONE)
#define NO_OUT	 COOKIE_OUT(ARG_NONE)

#define ALLOC(n, grp, ck, nargs)                                                                   \
	{                                                                                          \
		.name = (n), .group = (grp), .cookie = (ck), .arguments = PROBE_SITE_FIRST(nargs)  \
	}
#define FREE(n, grp)                                                                               \
	{                                                                                          \
		.name = (n), .group = (grp), .is_free = true, .arguments = PROBE_SITE_FIRST(1)     \
	}

const struct allocator_function allocator_functions[] = {
	ALLOC("malloc", GROUP_C, COOKIE_PLAIN(0), 1),
	ALLOC("calloc", GROUP_C, COOKIE_SIZE(0) | COOKIE_COUNT(1) | NO_OLD | NO_OUT, 2),
	ALLOC("realloc", GROUP_C, COOKIE_SIZE(1) | NO_COUNT | COOKIE_OLD(0) | NO_OUT, 2),
	ALLOC("reallocarray", GROUP_C, COOKIE_SIZE(1) | COOKIE_COUNT(2) | COOKIE_OLD(0) | NO_OUT,
	      3),
	ALLOC("memalign", GROUP_C, COOKIE_PLAIN(1), 2),
	ALLOC("posix_memalign", GROUP_C, COOKIE_SIZE(2) | NO_COUNT | NO_OLD | COOKIE_OUT(0), 3),
	ALLOC("aligned_alloc", GROUP_C, COOKIE_PLAIN(1), 2),
	ALLOC("valloc", GROUP_C, COOKIE_PLAIN(0), 1),
	ALLOC("pvalloc", GROUP_C, COOKIE_PLAIN(0), 1),
	ALLOC("mallocx", GROUP_C, COOKIE_PLAIN(0), 1),
	ALLOC("rallocx", GROUP_C, COOKIE_SIZE(1) | NO_COUNT | COOKIE_OLD(0) | NO_OUT, 2),
	FREE("free", GROUP_C),
	FREE("cfree", GROUP_C),
	FREE("free_sized", GROUP_C),
	FREE("free_aligned_sized", GROUP_C),
	FREE("dallocx", GROUP_C),
	FREE("sdallocx", GROUP_C),
	ALLOC("_ZnwmRKSt9nothrow_t", GROUP_CXX, COOKIE_PLAIN(0), 1),
	ALLOC("_ZnamRKSt9nothrow_t", GROUP_CXX, COOKIE_PLAIN(0), 1),
	ALLOC("_ZnwmSt11align_val_tRKSt9nothrow_t", GROUP_CXX, COOKIE_PLAIN(0), 1),
	ALLOC("_ZnamSt11align_val_tRKSt9nothrow_t", GROUP_CXX, COOKIE_PLAIN(0), 1),
	FREE("_ZdlPv", GROUP_CXX),
	FREE("_ZdaPv", GROUP_CXX),
	FREE("_ZdlPvm", GROUP_CXX),
	FREE("_ZdaPvm", GROUP_CXX),
	FREE("_ZdlPvSt11align_val_t", GROUP_CXX),
	FREE("_ZdaPvSt11align_val_t", GROUP_CXX),
	FREE("_ZdlPvmSt11align_val_t", GROUP_CXX),
	FREE("_ZdaPvmSt11align_val_t", GROUP_CXX),
	FREE("_ZdlPvRKSt9nothrow_t", GROUP_CXX),
	FREE("_ZdaPvRKSt9nothrow_t", GROUP_CXX),
	ALLOC("_Znwm", GROUP_CXX_NEW, 0, 1),
	ALLOC("_Znam", GROUP_CXX_NEW, 0, 1),
	ALLOC("_ZnwmSt11align_val_t", GROUP_CXX_NEW, 0, 1),
	ALLOC("_ZnamSt11align_val_t", GROUP_CXX_NEW, 0, 1),
};
const size_t allocator_function_count = sizeof(allocator_functions) / sizeof(*allocator_functions);

/* jemalloc built with --with-jemalloc-prefix, Rust's jemalloc crates, mimalloc, gperftools */
const char *const allocator_prefixes[] = { "", "je_", "_rjem_", "mi_", "tc_" };
const size_t allocator_prefix_count = sizeof(allocator_prefixes) / sizeof(*allocator_prefixes);
