// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The script and the style of the flame graph, as they are in the files beside this one; paths are
 * from the root of the tree, where make runs.
 */
#include "report/flamegraph_parts.h"

/* A NUL behind it makes it a string. */
#define ASSET(symbol, path)                                                                        \
	__asm__(".pushsection .rodata\n"                                                           \
		".global " #symbol "\n"                                                            \
		".hidden " #symbol "\n" #symbol ": .incbin \"" path "\"\n"                         \
		".byte 0\n"                                                                        \
		".popsection")

ASSET(flamegraph_js, "user/report/flamegraph.js");
ASSET(flamegraph_css, "user/report/flamegraph.css");
