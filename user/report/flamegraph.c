// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Lays out the tree and writes it as SVG, at a width of its own; the script fits it to the window.
 * A first walk decides what is drawn and how high it gets, a second one writes.
 */
#include "report/flamegraph.h"

#include "base/scope.h"
#include "report/flamegraph_parts.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MARGIN	       16
#define ROW	       18 /* height of a frame with the gap below it */
#define FRAME	       17
#define TEXT_INSET     4
#define TEXT_DROP      13   /* from the top of a frame to the base line of its text */
#define CHAR_WIDTH     7.25 /* of the frames' font, at its size; the script measures it */
#define MIN_COLUMNS    3    /* below that no text is shown */
#define TITLE_BASE     34
#define LINE	       20
#define TITLE_WIDTH    10.5 /* of a letter */
#define SUBTITLE_WIDTH 7.4
#define LEGEND_WIDTH   6.9

/* Weights are counted by exponent and the first bits below it: fine enough to choose a limit. */
#define SUB_BITS 10
#define BUCKETS	 (64u << SUB_BITS)

struct drawing {
	const struct flame *f;
	const struct flamegraph *g;
	FILE *out;
	struct flamegraph_result result;
	uint64_t min_weight; /* of what is drawn, > 0 */
	uint64_t total;
	double width;	       /* of the graph, px */
	uint32_t depth;	       /* of the deepest frame that is drawn */
	double top, bottom;    /* of the graph, px */
	uint64_t gone;	       /* weight "before" in call paths that have none now */
	double largest_change; /* of a frame's own weight */
	bool has_waits;	       /* frames of time off the CPU, in colours of their own */
};

/* --- what is drawn --- */

static size_t bucket_of(uint64_t weight)
{
	unsigned int exponent = 63u - (unsigned int)__builtin_clzll(weight);
	uint64_t below = weight ^ 1ull << exponent;

	below = exponent > SUB_BITS ? below >> (exponent - SUB_BITS)
				    : below << (SUB_BITS - exponent);
	return (size_t)exponent << SUB_BITS | below;
}

/* The smallest weight of the bucket after @bucket. */
static uint64_t bucket_end(size_t bucket)
{
	size_t next = bucket + 1;
	unsigned int exponent = (unsigned int)(next >> SUB_BITS);
	uint64_t below = next & ((1u << SUB_BITS) - 1);
	uint64_t weight;

	if (exponent > 63)
		return UINT64_MAX;
	below = exponent > SUB_BITS ? below << (exponent - SUB_BITS)
				    : below >> (SUB_BITS - exponent);
	weight = 1ull << exponent | below;
	/* small exponents have fewer weights than buckets */
	return bucket_of(weight) > bucket ? weight : weight + 1;
}

/* Raises the limit until no more than FLAMEGRAPH_MAX_FRAMES frames pass it. 0 or -ENOMEM. */
static int cap_frames(struct drawing *d)
{
	_release_(freep) uint32_t *counts = calloc(BUCKETS, sizeof(*counts));
	uint64_t frames = 0;

	if (!counts)
		return -ENOMEM;
	for (uint32_t node = 0; node < flame_node_count(d->f); node++) {
		uint64_t weight = flame_node(d->f, node)->total[FLAME_NOW];

		if (weight >= d->min_weight)
			counts[bucket_of(weight)]++;
	}
	for (size_t b = BUCKETS; b-- > 0;) {
		frames += counts[b];
		if (frames <= FLAMEGRAPH_MAX_FRAMES)
			continue;
		d->min_weight = bucket_end(b);
		d->result.is_capped = true;
		break;
	}
	return 0;
}

static uint64_t weight_of_width(const struct drawing *d, double px)
{
	double weight = ceil(px / d->width * (double)d->total);

	if (!(weight > 1))
		return 1;
	return weight < (double)d->total ? (uint64_t)weight : d->total;
}

static int choose_frames(struct drawing *d)
{
	const struct flamegraph *g = d->g;
	double px = g->min_width_px;
	int err;

	if (g->min_width_pct > 0)
		px = fmax(px, g->min_width_pct / 100 * d->width);
	d->min_weight = weight_of_width(d, px);
	err = cap_frames(d);
	d->result.min_width_px =
		d->result.is_capped ? (double)d->min_weight * d->width / (double)d->total : px;
	return err;
}

static double own_change(const struct drawing *d, const struct flame_node *n)
{
	return (double)n->self[FLAME_NOW] - (double)n->self[FLAME_BEFORE] * flame_scale(d->f, d->g);
}

/* Depth, and what the whole tree tells. */
static void survey(struct drawing *d, struct flame_walk *w)
{
	bool descend = true;

	flame_walk_start(w, d->f);
	while (flame_walk_next(w, descend)) {
		descend = flame_node(d->f, w->node)->total[FLAME_NOW] >= d->min_weight;
		d->result.drawn += descend;
		if (descend && w->depth > d->depth)
			d->depth = w->depth;
		if (descend && flame_is_wait(d->g, flame_name(d->f, w->node)))
			d->has_waits = true;
	}
	for (uint32_t node = 0; node < flame_node_count(d->f); node++) {
		const struct flame_node *n = flame_node(d->f, node);

		d->result.pruned += n->total[FLAME_NOW] > 0;
		d->gone += n->self[FLAME_NOW] ? 0 : n->self[FLAME_BEFORE];
		d->largest_change = fmax(d->largest_change, fabs(own_change(d, n)));
	}
	d->result.pruned -= d->result.drawn;
}

/* --- frames --- */

/* At most three decimals, none that says nothing. */
static void put_px(double px, FILE *out)
{
	char text[64];
	int len = snprintf(text, sizeof(text), "%.3f", px);

	while (text[len - 1] == '0')
		text[--len] = '\0';
	if (text[len - 1] == '.')
		text[--len] = '\0';
	(void)fputs(text, out);
}

static double row_top(const struct drawing *d, uint32_t depth)
{
	return d->top + ROW * (d->g->is_inverted ? depth : d->depth - depth);
}

static void put_frame(const struct drawing *d, const struct flame_walk *w, const char *css_class)
{
	const struct flame_node *n = flame_node(d->f, w->node);
	const char *name = flame_name(d->f, w->node);
	double scale = d->width / (double)d->total;
	double x = MARGIN + (double)w->start * scale, width = (double)n->total[FLAME_NOW] * scale;
	double y = row_top(d, w->depth);
	double columns = (width - 2 * TEXT_INSET) / CHAR_WIDTH;

	(void)fputs("<g><title>", d->out);
	flame_put_fitting(name, SIZE_MAX, d->out);
	(void)fputc('\n', d->out);
	flame_put_details(d->f, d->g, w->node, d->out);
	(void)fputs("</title><rect x=\"", d->out);
	put_px(x, d->out);
	(void)fprintf(d->out, "\" y=\"%.0f\" width=\"", y);
	put_px(width, d->out);
	(void)fprintf(d->out, "\" height=\"%d\" class=\"%s\"/>", FRAME, css_class);
	if (columns >= MIN_COLUMNS) {
		(void)fputs("<text x=\"", d->out);
		put_px(x + TEXT_INSET, d->out);
		(void)fprintf(d->out, "\" y=\"%.0f\">", y + TEXT_DROP);
		flame_put_fitting(name, (size_t)columns, d->out);
		(void)fputs("</text>", d->out);
	}
	(void)fputs("</g>\n", d->out);
}

static void put_frames(const struct drawing *d, struct flame_walk *w)
{
	struct flame_shade shade = { .g = d->g, .kernel_depth = UINT32_MAX };
	bool descend = true;

	(void)fputs("<g id=\"frames\">\n", d->out);
	flame_walk_start(w, d->f);
	while (flame_walk_next(w, descend)) {
		const struct flame_node *n = flame_node(d->f, w->node);
		char css_class[FLAME_CLASS_LEN];

		descend = n->total[FLAME_NOW] >= d->min_weight;
		if (!descend)
			continue;
		if (d->g->is_diff)
			flame_diff_class(
				d->g,
				d->largest_change > 0 ? own_change(d, n) / d->largest_change : 0,
				css_class);
		else
			flame_class(&shade, flame_name(d->f, w->node), w->depth, css_class);
		put_frame(d, w, css_class);
	}
	(void)fputs("</g>\n", d->out);
}

/* --- around them --- */

static const char *title_of(const struct flamegraph *g)
{
	if (g->title && *g->title)
		return g->title;
	return g->is_diff ? "Differential flame graph" : "Flame graph";
}

static bool has_text(const char *text)
{
	return text && *text;
}

static void put_text_line(const struct drawing *d, const char *id, double y)
{
	(void)fprintf(d->out, "<text%s x=\"%d\" y=\"%.0f\">", id, MARGIN, y);
}

/* What the details line says while nothing is pointed at. */
static void put_summary(const struct drawing *d)
{
	if (!d->total) {
		(void)fputs("No samples", d->out);
		return;
	}
	if (d->g->is_diff) {
		(void)fputs("Before ", d->out);
		flame_put_amount(d->g, flame_total(d->f, FLAME_BEFORE), d->out);
		(void)fputs(", now ", d->out);
	}
	flame_put_amount(d->g, d->total, d->out);
	(void)fputs(d->g->is_reversed ? ", merged from the leaves: above a function are its callers"
				      : "",
		    d->out);
}

static void put_head(const struct drawing *d)
{
	double y = TITLE_BASE;

	(void)fprintf(d->out,
		      "<g id=\"head\"><rect class=\"paper\" width=\"100%%\" height=\"%.0f\"/>\n",
		      d->top - 4);
	put_text_line(d, " id=\"title\"", y);
	flame_put_fitting(title_of(d->g), (size_t)(d->width / TITLE_WIDTH), d->out);
	(void)fputs("</text>\n", d->out);
	if (has_text(d->g->subtitle)) {
		y += LINE;
		put_text_line(d, " id=\"subtitle\"", y);
		flame_put_fitting(d->g->subtitle, (size_t)(d->width / SUBTITLE_WIDTH), d->out);
		(void)fputs("</text>\n", d->out);
	}
	put_text_line(d, " id=\"details\"", y + LINE + 4);
	put_summary(d);
	(void)fputs("</text></g>\n", d->out);
}

/* From @x on; returns the end. */
static double put_legend_part(const struct drawing *d, const struct flame_legend *l, double x,
			      double y)
{
	for (; l->css_class; l++) {
		if (*l->css_class) {
			(void)fprintf(
				d->out,
				"<rect x=\"%.0f\" y=\"%.0f\" width=\"14\" height=\"12\" class=\"%s\"/>",
				x, y - 10, l->css_class);
			x += *l->text ? 20 : 16;
		}
		if (*l->text)
			(void)fprintf(d->out, "<text x=\"%.0f\" y=\"%.0f\">%s</text>\n", x, y,
				      l->text);
		x += *l->text ? LEGEND_WIDTH * (double)strlen(l->text) + (*l->css_class ? 18 : 8)
			      : 0;
	}
	return x;
}

static void put_legend(const struct drawing *d, double *y)
{
	double end;

	if (!flame_legend(d->g)->css_class)
		return;
	(void)fputs("<g id=\"legend\">\n", d->out);
	end = put_legend_part(d, flame_legend(d->g), MARGIN, *y);
	if (d->has_waits)
		(void)put_legend_part(d, flame_legend_of_waits(), end, *y);
	(void)fputs("</g>\n", d->out);
	*y += LINE;
}

static void put_diff_note(const struct drawing *d, double *y)
{
	put_text_line(d, "", *y);
	(void)fputs("Width: now. Colour: how a function's own part changed, ", d->out);
	if (d->g->is_raw)
		(void)fputs("in absolute numbers.", d->out);
	else
		(void)fputs("as a share of its profile, so that totals need not be equal.", d->out);
	(void)fputs("</text>\n", d->out);
	*y += LINE;
	if (!d->gone)
		return;
	put_text_line(d, "", *y);
	flame_put_share(d->gone, flame_total(d->f, FLAME_BEFORE), d->out);
	(void)fputs(
		" of before were in call paths that now have nothing; they are not in the picture.</text>\n",
		d->out);
	*y += LINE;
}

static void put_pruned_note(const struct drawing *d, double *y)
{
	if (!d->result.pruned)
		return;
	put_text_line(d, "", *y);
	flame_put_count(d->result.pruned, d->out);
	(void)fprintf(d->out, " frames narrower than %.3g px (%.3g %%) are not drawn",
		      d->result.min_width_px, 100 * d->result.min_width_px / d->width);
	if (d->result.is_capped) {
		(void)fputs(": the graph is kept to ", d->out);
		flame_put_count(FLAMEGRAPH_MAX_FRAMES, d->out);
		(void)fputs(" frames", d->out);
	}
	(void)fputs(".</text>\n", d->out);
	*y += LINE;
}

static void put_cut_note(const struct drawing *d, double *y)
{
	if (!flame_cut_count(d->f))
		return;
	put_text_line(d, "", *y);
	flame_put_count(flame_cut_count(d->f), d->out);
	(void)fprintf(d->out, " stacks were cut at %d frames.</text>\n", FLAME_MAX_DEPTH);
	*y += LINE;
}

static void put_foot(const struct drawing *d)
{
	double y = d->bottom + LINE;

	(void)fputs("<g id=\"foot\">\n", d->out);
	put_legend(d, &y);
	if (d->g->is_diff)
		put_diff_note(d, &y);
	if (has_text(d->g->notes)) {
		put_text_line(d, "", y);
		flame_put_fitting(d->g->notes, (size_t)(d->width / SUBTITLE_WIDTH), d->out);
		(void)fputs("</text>\n", d->out);
		y += LINE;
	}
	put_pruned_note(d, &y);
	put_cut_note(d, &y);
	(void)fputs("</g>\n", d->out);
}

static double foot_height(const struct drawing *d)
{
	int lines = (flame_legend(d->g)->css_class != NULL) + d->g->is_diff +
		    (d->g->is_diff && d->gone) + has_text(d->g->notes) + (d->result.pruned > 0) +
		    (flame_cut_count(d->f) > 0);

	return LINE * lines + (lines ? LINE : MARGIN / 2);
}

static void put_root(const struct drawing *d, double height)
{
	double width = d->width + 2 * MARGIN;

	(void)fprintf(
		d->out,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<!-- SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause (script and style; by "
		"bpf-vitals " VERSION ") -->\n"
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" "
		"viewBox=\"0 0 %.0f %.0f\"\n"
		" role=\"group\" aria-labelledby=\"title\" data-fluid=\"%d\" "
		"data-margin=\"%d\" data-row=\"%d\" data-up=\"%d\">\n<title>",
		width, height, width, height, d->g->width_px == 0, MARGIN, ROW, !d->g->is_inverted);
	flame_put_fitting(title_of(d->g), SIZE_MAX, d->out);
	(void)fputs("</title>\n<style>\n", d->out);
	(void)fputs(flamegraph_css, d->out);
	flame_style(d->g, d->out);
	(void)fputs("</style>\n<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n", d->out);
}

static void put_script(const struct drawing *d)
{
	(void)fputs("<script><![CDATA[\n", d->out);
	(void)fputs(flamegraph_js, d->out);
	(void)fputs("]]></script>\n", d->out);
}

/* The head stands above the frames also when the page is scrolled, so it comes after them. */
static void put_picture(struct drawing *d, struct flame_walk *w)
{
	int rows = d->total ? (int)d->depth + 1 : 2;

	d->top = TITLE_BASE + LINE * (1 + has_text(d->g->subtitle)) + LINE;
	d->bottom = d->top + ROW * rows;
	put_root(d, d->bottom + foot_height(d));
	if (d->total) {
		put_frames(d, w);
	} else {
		(void)fprintf(d->out,
			      "<text id=\"empty\" x=\"50%%\" y=\"%.0f\">There are no stacks with a "
			      "weight to draw.</text>\n",
			      d->top + ROW);
	}
	put_foot(d);
	put_head(d);
	if (d->total)
		put_script(d);
	(void)fputs("</svg>\n", d->out);
}

int flamegraph_svg(const struct flame *f, const struct flamegraph *g, FILE *out,
		   struct flamegraph_result *ret_result)
{
	uint32_t width = g->width_px ? g->width_px : FLAMEGRAPH_DEFAULT_WIDTH;
	struct drawing d = { .f = f, .g = g, .out = out, .total = flame_total(f, FLAME_NOW) };
	_release_(freep) struct flame_walk *w = malloc(sizeof(*w)); /* 32 kB are much for a stack */
	int err;

	if (!w)
		return -ENOMEM;
	d.width = width > 2 * MARGIN ? width - 2 * MARGIN : 1;
	if (d.total) {
		err = choose_frames(&d);
		if (err)
			return err;
		survey(&d, w);
	}
	put_picture(&d, w);
	if (ret_result)
		*ret_result = d.result;
	return fflush(out) || ferror(out) ? -EIO : 0;
}
