// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Folded stacks from any bytes: pieces do not matter, names are clean, what is written folded reads
 * back to the same, and the picture is well-formed XML with one script.
 */
#include "base/hash.h"
#include "fuzz.h"
#include "profile/flame.h"
#include "profile/folded.h"
#include "report/flame_folded.h"
#include "report/flamegraph.h"
#include "xml_check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct reading {
	struct flame *flame;
	bool is_diff;
};

static int add_stack(void *ctx, const struct folded_stack *stack)
{
	struct reading *r = ctx;
	int err = flame_add_before(r->flame, stack->frames, stack->depth, stack->before);

	assert(stack->depth > 0 && (stack->now || stack->before));
	for (size_t i = 0; i < stack->depth; i++) {
		assert(*stack->frames[i] && strlen(stack->frames[i]) < TEXT_MAX);
		assert(!strpbrk(stack->frames[i], ";\n\r\t\x1b"));
	}
	r->is_diff |= stack->has_before;
	return err ? err : flame_add(r->flame, stack->frames, stack->depth, stack->now);
}

/* The tree of @text, read in pieces, folded again; NULL when it was refused. */
static char *fold(const char *text, size_t size, size_t piece, struct reading *ret_reading)
{
	const uint64_t seed = 7;
	struct reading r = { .flame = flame_new(seed) };
	struct folded f;
	char *out_text = NULL;
	size_t out_len = 0;
	FILE *out;
	int err = 0;

	assert(r.flame);
	folded_init(&f, add_stack, &r);
	for (size_t at = 0; at < size && !err; at += piece)
		err = folded_push(&f, text + at, size - at < piece ? size - at : piece);
	if (!err)
		err = folded_end(&f);
	folded_done(&f);
	if (err) {
		assert(err == -ERANGE || err == -EBADMSG || err == -EOVERFLOW);
		flame_free(r.flame);
		return NULL;
	}
	assert(flame_finish(r.flame) == 0);
	out = open_memstream(&out_text, &out_len);
	assert(out && flame_folded(r.flame, r.is_diff, out) == 0 && fclose(out) == 0);
	*ret_reading = r;
	return out_text;
}

static void check_picture(const struct reading *r, uint8_t dice)
{
	const struct flamegraph g = { .is_diff = r->is_diff,
				      .is_inverted = dice & 1,
				      .palette =
					      (enum flamegraph_palette)(dice % FLAMEGRAPH_PALETTES),
				      .min_width_px = dice & 2 ? 1 : 0 };
	struct xml_check x;
	bool is_xml;
	char *svg = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&svg, &len);

	assert(out && flamegraph_svg(r->flame, &g, out, NULL) == 0 && fclose(out) == 0);
	is_xml = xml_check(&x, svg);
	assert(is_xml && strlen(svg) == len);
	assert(x.scripts == (flame_total(r->flame, FLAME_NOW) > 0));
	free(svg);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reading whole, pieces, again, last;
	uint8_t dice = size ? data[size - 1] : 0;
	char *once = fold((const char *)data, size, size + 1, &whole);
	char *bits = fold((const char *)data, size, 1 + dice % 7, &pieces);
	char *twice, *thrice;

	assert(!once == !bits);
	if (!once)
		return 0;
	assert(strcmp(once, bits) == 0);
	check_picture(&whole, dice);
	/* names that were escaped may stand in another order the next time, but no more after it */
	twice = fold(once, strlen(once), 4096, &again);
	assert(twice && flame_total(whole.flame, FLAME_NOW) == flame_total(again.flame, FLAME_NOW));
	thrice = fold(twice, strlen(twice), 4096, &last);
	assert(thrice && strcmp(twice, thrice) == 0);
	flame_free(whole.flame);
	flame_free(pieces.flame);
	flame_free(again.flame);
	flame_free(last.flame);
	free(once);
	free(bits);
	free(twice);
	free(thrice);
	return 0;
}
