// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Amounts and names as the flame graph shows them. */
#include "report/flamegraph_parts.h"

#include "base/text.h"
#include "base/units.h"
#include "report/xml.h"

#include <string.h>

#define GROUPED_LEN 32 /* of 64 bits with commas */
#define ELLIPSIS    "\xe2\x80\xa6"
#define FIRST_WIDE  0x1100 /* scripts of two columns a character begin here, as far as we care */

void flame_put_count(uint64_t count, FILE *out)
{
	char plain[GROUPED_LEN], grouped[GROUPED_LEN];
	int len = snprintf(plain, sizeof(plain), "%ju", (uintmax_t)count);
	size_t to = 0;

	for (int i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			grouped[to++] = ',';
		grouped[to++] = plain[i];
	}
	grouped[to] = '\0';
	(void)fputs(grouped, out);
}

const char *flame_count_name(const struct flamegraph *g)
{
	return g->count_name && *g->count_name ? g->count_name : "samples";
}

void flame_put_amount(const struct flamegraph *g, uint64_t amount, FILE *out)
{
	const char *name = flame_count_name(g);
	char buf[UNITS_LEN];

	flame_put_count(amount, out);
	(void)fputc(' ', out);
	flame_put_fitting(name, TEXT_MAX, out);
	if (strcmp(name, "bytes") == 0 && amount >= 1024)
		(void)fprintf(out, " (%s)", units_bytes(amount, buf));
	if (strcmp(name, "ns") == 0 && amount >= 1000)
		(void)fprintf(out, " (%s)", units_duration(amount, buf));
}

void flame_put_share(uint64_t amount, uint64_t whole, FILE *out)
{
	(void)fprintf(out, "%.2f %%", whole ? 100.0 * (double)amount / (double)whole : 0.0);
}

/* Where @text is to be cut to fit, or SIZE_MAX when it fits. */
static size_t cut_at(const char *text, size_t columns)
{
	size_t len = strlen(text), used = 0, cut = 0;

	for (size_t i = 0, step; i < len; i += step) {
		uint32_t code = 0;

		step = text_decode(text + i, len - i, &code);
		step = step ? step : 1;
		used += code >= FIRST_WIDE ? 2 : 1;
		if (used > columns)
			return cut;
		if (used < columns)
			cut = i + step;
	}
	return SIZE_MAX;
}

void flame_put_fitting(const char *text, size_t columns, FILE *out)
{
	char clean[TEXT_MAX];
	size_t cut;

	(void)text_clean(text, strlen(text), clean, sizeof(clean));
	cut = cut_at(clean, columns);
	if (cut != SIZE_MAX)
		clean[cut] = '\0';
	xml_text(clean, out);
	if (cut != SIZE_MAX)
		(void)fputs(ELLIPSIS, out);
}

double flame_scale(const struct flame *f, const struct flamegraph *g)
{
	uint64_t now = flame_total(f, FLAME_NOW), before = flame_total(f, FLAME_BEFORE);

	return g->is_raw || !before || !now ? 1 : (double)now / (double)before;
}

static void put_change(const char *what, const uint64_t weight[FLAME_WEIGHTS],
		       const uint64_t whole[FLAME_WEIGHTS], FILE *out)
{
	double now = whole[FLAME_NOW] ? (double)weight[FLAME_NOW] / (double)whole[FLAME_NOW] : 0;
	double before = whole[FLAME_BEFORE]
				? (double)weight[FLAME_BEFORE] / (double)whole[FLAME_BEFORE]
				: 0;

	(void)fprintf(out, "%s%+.2f points", what, 100 * (now - before));
}

/* "1,234 samples (12.34 %)", without the share where amounts are compared as they are. */
static void put_side(const struct flame *f, const struct flamegraph *g, uint32_t node, int which,
		     FILE *out)
{
	uint64_t total = flame_node(f, node)->total[which];

	flame_put_amount(g, total, out);
	(void)fputs(", ", out);
	flame_put_share(total, flame_total(f, which), out);
}

static void put_diff_details(const struct flame *f, const struct flamegraph *g, uint32_t node,
			     FILE *out)
{
	const struct flame_node *n = flame_node(f, node);
	uint64_t whole[FLAME_WEIGHTS] = { flame_total(f, FLAME_NOW), flame_total(f, FLAME_BEFORE) };

	(void)fputs("now ", out);
	put_side(f, g, node, FLAME_NOW, out);
	(void)fputs("; before ", out);
	put_side(f, g, node, FLAME_BEFORE, out);
	if (g->is_raw) {
		uint64_t now = n->total[FLAME_NOW], before = n->total[FLAME_BEFORE];

		(void)fputs(now < before ? ": -" : ": +", out);
		flame_put_count(now < before ? before - now : now - before, out);
		return;
	}
	put_change(": ", n->total, whole, out);
	if (n->first_child != FLAME_ROOT && (n->self[FLAME_NOW] || n->self[FLAME_BEFORE]))
		put_change(", itself ", n->self, whole, out);
}

void flame_put_details(const struct flame *f, const struct flamegraph *g, uint32_t node, FILE *out)
{
	const struct flame_node *n = flame_node(f, node);

	if (g->is_diff) {
		put_diff_details(f, g, node, out);
		return;
	}
	put_side(f, g, node, FLAME_NOW, out);
	if (n->self[FLAME_NOW] && n->first_child != FLAME_ROOT) {
		(void)fputs("; itself ", out);
		flame_put_share(n->self[FLAME_NOW], flame_total(f, FLAME_NOW), out);
	}
}
