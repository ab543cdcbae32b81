// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Colours by name: a family by what the name tells of the frame, a shade of it by the name's hash.
 * Classes instead of colours make the file smaller and let it be light or dark.
 */
#include "report/flamegraph_parts.h"

#include "base/hash.h"
#include "base/parse.h"

#include <math.h>
#include <string.h>

#define SHADES	    24
#define DIFF_SHADES 12
#define COUNT(a)    (sizeof(a) / sizeof(*(a)))

enum family { HOT, MEM, IO, BLUE, GREEN, RED, YELLOW, AQUA, VIOLET, SAFE, FAMILIES };

/* Ends of a range of colours, 0xrrggbb, with dark text on the light ones and light on the dark. */
struct range {
	char letter; /* of the class */
	uint32_t light[2], dark[2];
};

static const struct range families[FAMILIES] = {
	[HOT] = { 'h', { 0xfcd573, 0xf3826a }, { 0x8a5a10, 0x8f3222 } },
	[MEM] = { 'm', { 0xc4e39a, 0x74c79a }, { 0x4f6b1c, 0x1f6a48 } },
	[IO] = { 'i', { 0xa5d8f3, 0xa6a8f0 }, { 0x1d5f83, 0x45459a } },
	[BLUE] = { 'b', { 0xb3d4f8, 0x7eabea }, { 0x2b5a93, 0x1d4176 } },
	[GREEN] = { 'g', { 0xb9e3b0, 0x7cc886 }, { 0x2f6b34, 0x1d5230 } },
	[RED] = { 'r', { 0xfbb9a9, 0xee8078 }, { 0x8f3f35, 0x75252a } },
	[YELLOW] = { 'y', { 0xf8e48c, 0xe9c55a }, { 0x7a6414, 0x5f4a0c } },
	[AQUA] = { 'q', { 0xaee7e0, 0x72cbc8 }, { 0x1f6b69, 0x155050 } },
	[VIOLET] = { 'v', { 0xe6c3f3, 0xc695e8 }, { 0x6b2f80, 0x54217a } },
	[SAFE] = { 's', { 0xfbeaa0, 0x8ba6d6 }, { 0x6f6016, 0x27426f } },
};

/* From no change to the largest: less, more. Two pairs: the second for the palette "safe". */
static const struct range differences[2][2] = {
	{ { 'n', { 0xe6e6e6, 0x6fa3f0 }, { 0x43474d, 0x2a5fb0 } },
	  { 'p', { 0xe6e6e6, 0xf2766b }, { 0x43474d, 0xb03a34 } } },
	{ { 'n', { 0xe6e6e6, 0x66a5de }, { 0x43474d, 0x1f66a8 } },
	  { 'p', { 0xe6e6e6, 0xf5a142 }, { 0x43474d, 0xa5600c } } },
};

static const char *const words[FLAMEGRAPH_PALETTES] = {
	"hot", "mem", "io", "js", "kernel", "blue", "green", "red", "safe",
};
const char flamegraph_palette_words[] = "hot, mem, io, js, kernel, blue, green, red, safe";

/* What each palette uses; the first is for what has no kind. */
static const enum family hot[] = { HOT }, mem[] = { MEM }, io[] = { IO }, blue[] = { BLUE },
			 green[] = { GREEN }, red[] = { RED }, safe[] = { SAFE },
			 js[] = { RED, GREEN, YELLOW, AQUA, BLUE, VIOLET, HOT },
			 kernel[] = { RED, YELLOW, GREEN, AQUA, BLUE, VIOLET, HOT };
static const struct {
	const enum family *at;
	size_t count;
} palettes[FLAMEGRAPH_PALETTES] = {
	[FLAMEGRAPH_HOT] = { hot, COUNT(hot) },
	[FLAMEGRAPH_MEM] = { mem, COUNT(mem) },
	[FLAMEGRAPH_IO] = { io, COUNT(io) },
	[FLAMEGRAPH_JS] = { js, COUNT(js) },
	[FLAMEGRAPH_BLUE] = { blue, COUNT(blue) },
	[FLAMEGRAPH_KERNEL] = { kernel, COUNT(kernel) },
	[FLAMEGRAPH_GREEN] = { green, COUNT(green) },
	[FLAMEGRAPH_RED] = { red, COUNT(red) },
	[FLAMEGRAPH_SAFE] = { safe, COUNT(safe) },
};

int flamegraph_palette_of(const char *word, enum flamegraph_palette *ret_palette)
{
	int palette = parse_word(word, words, FLAMEGRAPH_PALETTES);

	if (palette < 0)
		return palette;
	*ret_palette = (enum flamegraph_palette)palette;
	return 0;
}

static bool starts_with(const char *name, const char *start)
{
	return strncmp(name, start, strlen(start)) == 0;
}

/* The letter of "_[k]" at the end of a name, or 0. */
static char annotation(const char *name)
{
	size_t len = strlen(name);

	if (len < 4 || name[len - 1] != ']' || name[len - 3] != '[' || name[len - 4] != '_')
		return 0;
	return name[len - 2];
}

/* Where the kernel begins in stacks without annotations. */
static bool is_kernel_entry(const char *name)
{
	static const char *const entries[] = {
		"entry_SYSCALL", "do_syscall_64", "el0t_64_sync",  "asm_exc_",
		"asm_sysvec_",	 "asm_common_",	  "ret_from_fork", "[kernel",
	};

	for (size_t i = 0; i < COUNT(entries); i++) {
		if (starts_with(name, entries[i]))
			return true;
	}
	return false;
}

static bool is_kernel(struct flame_shade *s, const char *name, uint32_t depth)
{
	if (depth <= s->kernel_depth)
		s->kernel_depth = UINT32_MAX; /* another stack */
	if (s->kernel_depth == UINT32_MAX && !s->g->is_reversed && is_kernel_entry(name))
		s->kernel_depth = depth;
	return annotation(name) == 'k' || s->kernel_depth != UINT32_MAX;
}

/* V8's names of compiled functions ("JS:*handle /srv/app.js:12"), and those of other tools. */
static bool is_script(const char *name)
{
	static const char *const starts[] = { "JS:",   "LazyCompile:", "Function:",  "Script:",
					      "Eval:", "RegExp:",      "Interpreter" };

	for (size_t i = 0; i < COUNT(starts); i++) {
		if (starts_with(name, starts[i]))
			return true;
	}
	return annotation(name) == 'j' || strstr(name, ".js:") || strstr(name, ".mjs:") ||
	       strstr(name, ".cjs:") || strstr(name, ".ts:");
}

static enum family js_family(const char *name)
{
	if (strstr(name, "node:") || starts_with(name, "Builtin"))
		return AQUA;
	if (strstr(name, "node_modules/"))
		return YELLOW;
	return is_script(name) ? GREEN : RED;
}

static enum family code_family(const char *name)
{
	if (annotation(name) == 'i')
		return AQUA;
	if (is_script(name))
		return GREEN;
	return strstr(name, "::") ? YELLOW : RED;
}

/* Does this graph tell kinds of frames by their colour? */
static bool has_kinds(const struct flamegraph *g)
{
	return g->palette == FLAMEGRAPH_JS || g->palette == FLAMEGRAPH_KERNEL;
}

/* Time off the CPU: cpu-sample --wall. */
static bool is_blocked(const char *name)
{
	return starts_with(name, "[blocked");
}

static bool is_runnable(const char *name)
{
	return starts_with(name, "[runnable");
}

bool flame_is_wait(const struct flamegraph *g, const char *name)
{
	return has_kinds(g) && !g->is_diff && (is_blocked(name) || is_runnable(name));
}

static enum family family_of(struct flame_shade *s, const char *name, uint32_t depth)
{
	enum flamegraph_palette palette = s->g->palette;

	if (!has_kinds(s->g))
		return palettes[palette].at[0];
	if (is_blocked(name))
		return VIOLET;
	if (is_runnable(name))
		return HOT;
	if (is_kernel(s, name, depth))
		return BLUE;
	return palette == FLAMEGRAPH_JS ? js_family(name) : code_family(name);
}

/* Separators of wakers and stacks, and what stands for frames that are not known. */
static bool is_grey(const char *name)
{
	return strcmp(name, "-") == 0 || strcmp(name, "--") == 0 || starts_with(name, "[trunc") ||
	       starts_with(name, "[unknown") || starts_with(name, "[unnamed") ||
	       starts_with(name, "[js]") || starts_with(name, "[no sample") ||
	       starts_with(name, "[not to blame");
}

void flame_class(struct flame_shade *s, const char *name, uint32_t depth,
		 char ret_class[FLAME_CLASS_LEN])
{
	enum family family = family_of(s, name, depth);
	uint64_t hash = hash_text(0, name); /* the same colour in every graph */

	if (depth == 0 || is_grey(name))
		(void)snprintf(ret_class, FLAME_CLASS_LEN, "x");
	else
		(void)snprintf(ret_class, FLAME_CLASS_LEN, "%c%d", families[family].letter,
			       (int)(hash % SHADES));
}

/* By the square root: or one large change makes all others look like none. */
void flame_diff_class(const struct flamegraph *g, double change, char ret_class[FLAME_CLASS_LEN])
{
	const struct range *r = &differences[g->palette == FLAMEGRAPH_SAFE][change > 0];
	int shade = (int)(sqrt(fabs(change)) * DIFF_SHADES + 0.5);

	(void)snprintf(ret_class, FLAME_CLASS_LEN, "%c%d", r->letter,
		       shade > DIFF_SHADES ? DIFF_SHADES : shade);
}

static uint32_t between(const uint32_t ends[2], int step, int steps)
{
	uint32_t mixed = 0;

	for (int shift = 16; shift >= 0; shift -= 8) {
		int a = ends[0] >> shift & 0xff, b = ends[1] >> shift & 0xff;

		mixed = mixed << 8 | (uint32_t)(a + (b - a) * step / steps);
	}
	return mixed;
}

static void put_range(const struct range *r, int steps, bool is_dark, FILE *out)
{
	for (int i = 0; i <= steps; i++)
		(void)fprintf(out, ".%c%d{fill:#%06x}%s", r->letter, i,
			      between(is_dark ? r->dark : r->light, i, steps),
			      i % 8 == 7 || i == steps ? "\n" : "");
}

static void put_ranges(const struct flamegraph *g, bool is_dark, FILE *out)
{
	const struct range *pair = differences[g->palette == FLAMEGRAPH_SAFE];

	for (size_t i = 0; !g->is_diff && i < palettes[g->palette].count; i++)
		put_range(&families[palettes[g->palette].at[i]], SHADES - 1, is_dark, out);
	for (size_t i = 0; g->is_diff && i < 2; i++)
		put_range(&pair[i], DIFF_SHADES, is_dark, out);
}

void flame_style(const struct flamegraph *g, FILE *out)
{
	put_ranges(g, false, out);
	(void)fputs("@media (prefers-color-scheme: dark) {\n", out);
	put_ranges(g, true, out);
	(void)fputs("}\n", out);
}

const struct flame_legend *flame_legend(const struct flamegraph *g)
{
	static const struct flame_legend none[] = { { 0 } };
	static const struct flame_legend of_diff[] = {
		{ "", "less" }, { "n12", "" }, { "n8", "" },	  { "n4", "" }, { "n0", "" },
		{ "p4", "" },	{ "p8", "" },  { "p12", "more" }, { 0 },
	};
	static const struct flame_legend of_js[] = {
		{ "g8", "program" },	 { "y8", "node_modules" }, { "q8", "node" },
		{ "r8", "native code" }, { "b8", "kernel" },	   { 0 },
	};
	static const struct flame_legend of_kernel[] = {
		{ "r8", "native" },  { "y8", "C++" },	 { "g8", "compiled at run time" },
		{ "q8", "inlined" }, { "b8", "kernel" }, { 0 },
	};

	if (g->is_diff)
		return of_diff;
	if (g->palette == FLAMEGRAPH_JS)
		return of_js;
	return g->palette == FLAMEGRAPH_KERNEL ? of_kernel : none;
}

const struct flame_legend *flame_legend_of_waits(void)
{
	static const struct flame_legend of_waits[] = { { "v8", "blocked" },
							{ "h8", "runnable, waits for a CPU" },
							{ 0 } };

	return of_waits;
}
