// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* flame-render: folded stacks as an interactive flame graph, or two of them compared. */
#include "base/parse.h"
#include "base/scope.h"
#include "host/cli.h"
#include "host/log.h"
#include "host/outfile.h"
#include "host/worker.h"
#include "profile/folded.h"
#include "report/flame_folded.h"
#include "report/flamegraph.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>

#define MAX_INPUTS  64
#define MIN_WIDTH   320
#define MAX_WIDTH   16384
#define PIECE_BYTES (256u << 10)

struct input {
	const char *path; /* as it was given; "-" is standard input */
	int fd;
};

struct options {
	struct cli_common common;
	struct flamegraph graph;
	enum folded_columns columns;
	const char *base;
	bool is_folded, is_diff, is_reversed, strip_hex, as_root;
	struct input inputs[MAX_INPUTS];
	size_t input_count;
};

enum {
	KEY_DIFF = 0x200,
	KEY_RAW,
	KEY_COLUMNS,
	KEY_BASE,
	KEY_STRIP_HEX,
	KEY_TITLE,
	KEY_SUBTITLE,
	KEY_NOTES,
	KEY_COUNT_NAME,
	KEY_PALETTE,
	KEY_INVERTED,
	KEY_REVERSE,
	KEY_MIN_WIDTH,
	KEY_WIDTH,
	KEY_AS_ROOT,
};

static const struct argp_option option_table[] = {
	{ "format", 'f', "FORMAT", 0, "svg (default), or folded: merged and in order", 1 },
	{ "diff", KEY_DIFF, NULL, 0, "Compare two files: BEFORE and AFTER", 1 },
	{ "raw", KEY_RAW, NULL, 0,
	  "Compare amounts; without it, shares of the two totals are compared", 1 },
	{ "columns", KEY_COLUMNS, "N", 0,
	  "Counts at the end of a line: 1, or 2 (before and now); without it, as many as the first "
	  "stack has",
	  1 },
	{ "base", KEY_BASE, "FUNCTION", 0,
	  "Begin stacks at FUNCTION, and leave out those without it", 1 },
	{ "strip-hex", KEY_STRIP_HEX, NULL, 0,
	  "Merge names that differ only in addresses: 0x12ab is shown as 0x...", 1 },
	{ "reverse", KEY_REVERSE, NULL, 0, "Merge stacks from the leaves on: who calls a function",
	  1 },
	{ "title", KEY_TITLE, "TEXT", 0, "Title of the picture", 2 },
	{ "subtitle", KEY_SUBTITLE, "TEXT", 0, "A line below the title", 2 },
	{ "notes", KEY_NOTES, "TEXT", 0, "A line below the graph", 2 },
	{ "count-name", KEY_COUNT_NAME, "TEXT", 0,
	  "What is counted (default samples); with bytes and ns, amounts have units too", 2 },
	{ "palette", KEY_PALETTE, "NAME", 0,
	  "hot (default), mem, io, js, kernel, blue, green, red, safe", 2 },
	{ "inverted", KEY_INVERTED, NULL, 0, "Root at the top (icicle)", 2 },
	{ "minwidth", KEY_MIN_WIDTH, "WIDTH", 0,
	  "Leave out frames narrower than that: pixels (default 0.1), or a share as in 0.5%", 2 },
	{ "width", KEY_WIDTH, "PIXELS", 0, "Width of the picture (default: that of the window)",
	  2 },
	{ "as-root", KEY_AS_ROOT, NULL, 0, "As root, do not become nobody to read the input", 3 },
	{ 0 },
};

static void parse_columns(const char *text, struct options *o)
{
	uint64_t n = 0;

	if (parse_u64(text, 2, &n) || n == 0)
		cli_usage_error("--columns %s: not 1 or 2", text);
	o->columns = n == 1 ? FOLDED_ONE : FOLDED_TWO;
}

static void parse_format(const char *text, struct options *o)
{
	o->is_folded = strcmp(text, "folded") == 0;
	if (!o->is_folded && strcmp(text, "svg") != 0)
		cli_usage_error("-f %s: not one of svg, folded", text);
}

static void parse_min_width(const char *text, struct options *o)
{
	size_t len = strlen(text);
	_release_(freep) char *number = strdup(text);
	bool is_share = len && text[len - 1] == '%';
	double value = 0;

	if (number && is_share)
		number[len - 1] = '\0';
	if (!number || parse_decimal(number, &value) || (is_share && value > 100))
		cli_usage_error("--minwidth %s: not a width (0.1, 2, 0.5%%)", text);
	o->graph.min_width_px = is_share ? 0 : value;
	o->graph.min_width_pct = is_share ? value : 0;
}

static void parse_width(const char *text, struct options *o)
{
	uint64_t px = 0;

	if (parse_u64(text, MAX_WIDTH, &px) || px < MIN_WIDTH)
		cli_usage_error("--width %s: not a number of pixels (%d to %d)", text, MIN_WIDTH,
				MAX_WIDTH);
	o->graph.width_px = (uint32_t)px;
}

static void add_input(const char *path, struct options *o)
{
	if (o->input_count == MAX_INPUTS)
		cli_usage_error("more than %d files", MAX_INPUTS);
	o->inputs[o->input_count++] = (struct input){ .path = path, .fd = -1 };
}

/* The options that say how the picture looks. */
static int parse_look(int key, char *arg, struct options *o)
{
	struct flamegraph *g = &o->graph;

	switch (key) {
	case KEY_TITLE:
		g->title = arg;
		return 0;
	case KEY_SUBTITLE:
		g->subtitle = arg;
		return 0;
	case KEY_NOTES:
		g->notes = arg;
		return 0;
	case KEY_COUNT_NAME:
		g->count_name = arg;
		return 0;
	case KEY_PALETTE:
		if (flamegraph_palette_of(arg, &g->palette))
			cli_usage_error("--palette %s: not one of %s", arg,
					flamegraph_palette_words);
		return 0;
	case KEY_INVERTED:
		g->is_inverted = true;
		return 0;
	case KEY_MIN_WIDTH:
		parse_min_width(arg, o);
		return 0;
	case KEY_WIDTH:
		parse_width(arg, o);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int parse_option(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->common;
		return 0;
	case 'f':
		parse_format(arg, o);
		return 0;
	case KEY_DIFF:
		o->is_diff = true;
		return 0;
	case KEY_RAW:
		o->graph.is_raw = true;
		return 0;
	case KEY_COLUMNS:
		parse_columns(arg, o);
		return 0;
	case KEY_BASE:
		o->base = arg;
		return 0;
	case KEY_STRIP_HEX:
		o->strip_hex = true;
		return 0;
	case KEY_REVERSE:
		o->is_reversed = true;
		return 0;
	case KEY_AS_ROOT:
		o->as_root = true;
		return 0;
	case ARGP_KEY_ARG:
		add_input(arg, o);
		return 0;
	default:
		return parse_look(key, arg, o);
	}
}

static const struct argp_child children[] = { { &cli_basic_argp, 0, NULL, 0 }, { 0 } };

static const struct argp argp = {
	.options = option_table,
	.parser = parse_option,
	.args_doc = "[FILE...]\n--diff BEFORE AFTER",
	.doc = "Draws folded stacks (a;b;c 12 on each line) as a flame graph that can be zoomed and "
	       "searched in a browser. Several files are added up; without one, or with -, standard "
	       "input is read.",
	.children = children,
};

/* What the options leave open. */
static void settle(struct options *o)
{
	size_t standard_inputs = 0;

	if (o->is_diff && o->input_count != 2)
		cli_usage_error("--diff: two files are compared, BEFORE and AFTER");
	if (!o->input_count)
		add_input("-", o);
	for (size_t i = 0; i < o->input_count; i++)
		standard_inputs += strcmp(o->inputs[i].path, "-") == 0;
	if (standard_inputs > 1)
		cli_usage_error("-: standard input can be read only once");
	o->graph.is_reversed = o->is_reversed;
}

/* What is needed is opened here, with the rights of who called; nothing is opened later. */
static int open_inputs(struct options *o)
{
	for (size_t i = 0; i < o->input_count; i++) {
		struct input *in = &o->inputs[i];

		if (strcmp(in->path, "-") == 0) {
			in->fd = STDIN_FILENO;
			if (isatty(in->fd))
				log_note("reading folded stacks from standard input");
			continue;
		}
		in->fd = open(in->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
		if (in->fd < 0)
			return log_errno(-errno, "cannot read %s", in->path);
	}
	return 0;
}

/* One run, in the worker. */
struct render {
	const struct options *options;
	FILE *out;
	struct flame *flame;
	bool is_diff;
	size_t input;	  /* being read */
	uint64_t outside; /* stacks without --base */
};

static int add_stack(void *ctx, const struct folded_stack *stack)
{
	struct render *r = ctx;
	const struct options *o = r->options;
	const char *const *frames = stack->frames;
	size_t depth = stack->depth;
	int err;

	while (o->base && depth && strcmp(*frames, o->base) != 0) {
		frames++;
		depth--;
	}
	if (!depth) {
		r->outside++;
		return 0;
	}
	if (o->is_diff)
		return r->input ? flame_add(r->flame, frames, depth, stack->now)
				: flame_add_before(r->flame, frames, depth, stack->now);
	r->is_diff |= stack->has_before;
	err = flame_add_before(r->flame, frames, depth, stack->before);
	return err ? err : flame_add(r->flame, frames, depth, stack->now);
}

/* Says what is wrong in line @line of @path. */
static void explain(int err, const char *path, uint64_t line)
{
	const char *why = strerror(-err);

	if (err == -ERANGE)
		why = "the count is larger than 64 bits";
	else if (err == -EOVERFLOW)
		why = "the sum of all counts is larger than 64 bits";
	else if (err == -EBADMSG)
		why = "one count, where the lines before have two";
	else if (err == -E2BIG)
		why = "too much: the line is over 4 MiB, or there are over 16 million different frames";
	log_error("%s: line %ju: %s", path, (uintmax_t)line, why);
	if (err == -EBADMSG)
		log_hint("--columns 1 takes what stands before the last number as a name");
}

static int read_pieces(const struct input *in, struct folded *folded)
{
	_release_(freep) char *piece = malloc(PIECE_BYTES);
	int err = piece ? 0 : -ENOMEM;

	while (!err) {
		ssize_t got = read(in->fd, piece, PIECE_BYTES);

		if (got < 0)
			return log_errno(-errno, "cannot read %s", in->path);
		if (got == 0) {
			err = folded_end(folded);
			break;
		}
		err = folded_push(folded, piece, (size_t)got);
	}
	if (err)
		explain(err, in->path, folded->line_count);
	return err;
}

static void tell_passed_over(const struct folded *f, const char *path)
{
	if (f->countless)
		log_warn(
			"%s: %ju lines without a number at their end were passed over, the first is line "
			"%ju",
			path, (uintmax_t)f->countless, (uintmax_t)f->first_countless);
	if (f->zero_count)
		log_info("%s: %ju stacks have a count of 0", path, (uintmax_t)f->zero_count);
}

static int read_input(struct render *r, size_t index)
{
	const struct options *o = r->options;
	const struct input *in = &o->inputs[index];
	_release_(folded_done) struct folded folded;
	int err;

	folded_init(&folded, add_stack, r);
	folded.columns = o->columns;
	folded.strip_hex = o->strip_hex;
	r->input = index;
	err = read_pieces(in, &folded);
	if (err)
		return err;
	tell_passed_over(&folded, in->path);
	if (!folded.stack_count && folded.countless) {
		log_error("%s: no line of it is a folded stack (a;b;c 12)", in->path);
		return -EBADMSG;
	}
	if (o->is_diff && folded.columns == FOLDED_TWO) {
		log_error("%s: has two counts a stack, so it is a comparison already", in->path);
		log_hint(
			"render it alone, without --diff; or --columns 1, if the first number belongs to "
			"the name");
		return -EBADMSG;
	}
	return 0;
}

static int make_flame(struct render *r)
{
	uint64_t seed = 0;

	if (getrandom(&seed, sizeof(seed), 0) < 0)
		return log_errno(-errno, "no random numbers");
	r->flame = flame_new(seed);
	if (!r->flame)
		return log_errno(-ENOMEM, "cannot begin");
	if (r->options->is_reversed)
		flame_reverse(r->flame);
	return 0;
}

static void tell_outcome(const struct render *r, const struct flamegraph_result *result)
{
	if (!flame_total(r->flame, FLAME_NOW))
		log_warn("no stacks: the output says so");
	if (r->outside)
		log_note("%ju stacks without %s were left out", (uintmax_t)r->outside,
			 r->options->base);
	if (flame_cut_count(r->flame))
		log_warn("%ju stacks were cut at %d frames", (uintmax_t)flame_cut_count(r->flame),
			 FLAME_MAX_DEPTH);
	if (result->is_capped)
		log_note("only the widest %ju frames are drawn, %ju are narrower than %.3g px",
			 (uintmax_t)result->drawn, (uintmax_t)result->pruned, result->min_width_px);
	else
		log_info("%ju frames drawn, %ju too narrow", (uintmax_t)result->drawn,
			 (uintmax_t)result->pruned);
}

static int write_output(struct render *r)
{
	struct flamegraph graph = r->options->graph;
	struct flamegraph_result result = { 0 };
	int err;

	graph.is_diff = r->is_diff;
	errno = 0;
	if (r->options->is_folded)
		err = flame_folded(r->flame, r->is_diff, r->out);
	else
		err = flamegraph_svg(r->flame, &graph, r->out, &result);
	if (err == -EIO && errno) /* it knows only that it failed */
		err = -errno;
	if (err)
		return log_errno(err, "the output could not be written");
	tell_outcome(r, &result);
	return 0;
}

/* In the worker. An exit status. */
static int render(void *ctx)
{
	struct render *r = ctx;
	const struct options *o = r->options;

	if (make_flame(r))
		return EXIT_FAILED;
	r->is_diff = o->is_diff;
	for (size_t i = 0; i < o->input_count; i++) {
		if (read_input(r, i))
			return EXIT_FAILED;
	}
	if (flame_finish(r->flame)) {
		(void)log_errno(-ENOMEM, "cannot put the stacks in order");
		return EXIT_FAILED;
	}
	return write_output(r) ? EXIT_FAILED : EXIT_DONE; /* the process ends: nothing is freed */
}

int main(int argc, char **argv)
{
	static struct options o = { .graph.min_width_px = FLAMEGRAPH_MIN_WIDTH };
	_release_(outfile_abandonp) struct outfile *out = NULL;
	struct render run = { .options = &o };
	int status, err;

	cli_parse_basic("flame-render", &argp, argc, argv, &o, &o.common);
	settle(&o);
	if (open_inputs(&o))
		return EXIT_FAILED;
	err = outfile_open(o.common.output, o.common.force, &out);
	if (err) {
		(void)log_errno(err, "cannot write %s",
				o.common.output ? o.common.output : "to standard output");
		return EXIT_FAILED;
	}
	run.out = outfile_stream(out);
	status = worker_conclude(worker_run(render, &run, o.as_root));
	if (status != EXIT_DONE)
		return status;
	err = outfile_commit(out);
	out = NULL;
	if (err)
		(void)log_errno(err, "the output could not be written");
	return err ? EXIT_FAILED : EXIT_DONE;
}
