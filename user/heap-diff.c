// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* heap-diff: what grows between heap snapshots of V8, and who holds it. */
#include "base/parse.h"
#include "base/scope.h"
#include "collect/heap_take.h"
#include "heap/findings.h"
#include "host/cli.h"
#include "host/clock.h"
#include "host/log.h"
#include "host/report_out.h"
#include "host/unpack.h"
#include "host/worker.h"
#include "report/heap_report.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define MAX_TOP	     100000
#define CLASSES_HELD 1000 /* growing ones whose holders are looked for */

/* As diff(1) has them. */
enum { NOTHING_GROWS = 0, SOMETHING_GROWS = 1, TROUBLE = 2 };

/* What the worker says instead of SOMETHING_GROWS, which is also how it fails. */
#define WORKER_GROWS 10

enum format { FORMAT_TEXT, FORMAT_JSON, FORMAT_FOLDED, FORMAT_SVG, FORMATS };
static const char *const format_words[FORMATS] = { "text", "json", "folded", "svg" };

struct options {
	struct cli_common common;
	struct findings_plan plan;
	enum format format;
	bool as_root, has_command;
	bool is_take;		 /* the command take, and what it is to do */
	const char *take_option; /* the last one that only take has, NULL */
	struct heap_take_plan take;
	uint64_t top;
	const char *paths[COMPARISON_MAX];
	int fds[COMPARISON_MAX];
	size_t count;
};

enum {
	KEY_MIN_COUNT = 0x200,
	KEY_MIN_BYTES,
	KEY_COUNTS,
	KEY_RAW,
	KEY_AS_ROOT,
	KEY_SERIES,
	KEY_EVERY,
	KEY_SIGNAL,
	KEY_YES,
};

static const struct argp_option option_table[] = {
	{ "format", 'f', "FORMAT", 0,
	  "text (default), json, or the tree of dominators as folded stacks or a flame graph: "
	  "folded, svg",
	  1 },
	{ "top", 'T', "N", 0, "Rows of a table (default 10)", 1 },
	{ "min-count", KEY_MIN_COUNT, "N", 0,
	  "A class grows only by so many objects (default 50) ...", 2 },
	{ "min-bytes", KEY_MIN_BYTES, "SIZE", 0, "... or by so much memory (default 64k)", 2 },
	{ "counts", KEY_COUNTS, NULL, 0,
	  "Compare counts alone: for snapshots of different processes", 2 },
	{ "raw", KEY_RAW, NULL, 0,
	  "Sizes and holders as V8 wrote them. Without it, as in Chrome's DevTools, arrays and parts "
	  "of V8's own that one object owns count as part of it, and what only V8 or a debugger "
	  "holds besides the program is held by the program",
	  2 },
	{ "as-root", KEY_AS_ROOT, NULL, 0, "As root, do not become nobody to read the files", 3 },
	{ "pid", 'p', "PID", 0, "take: of this process", 4 },
	{ "series", KEY_SERIES, "N", 0, "take: so many snapshots in one session (default 1)", 4 },
	{ "every", KEY_EVERY, "TIME", 0, "take: from one of a series to the next (default 60s)",
	  4 },
	{ "signal", KEY_SIGNAL, NULL, 0,
	  "take: by the signal at which it was started to write snapshots, not by its inspector",
	  4 },
	{ "yes", KEY_YES, NULL, 0,
	  "take: do it. Without it, what would happen is told and nothing is done", 4 },
	{ 0 },
};

/* --- options ---------------------------------------------------------------------------------- */

static void parse_limit(const char *option, const char *text, uint64_t *ret_limit)
{
	bool is_size = strcmp(option, "--min-bytes") == 0;

	if (is_size ? parse_size_bytes(text, ret_limit) : parse_u64(text, INT64_MAX, ret_limit))
		cli_usage_error("%s %s: not a %s", option, text, is_size ? "size" : "number");
}

static void parse_format(const char *text, struct options *o)
{
	int format = parse_word(text, format_words, FORMATS);

	if (format < 0)
		cli_usage_error("-f %s: not one of text, json, folded, svg", text);
	o->format = (enum format)format;
}

static int parse_take_option(int key, const char *arg, struct options *o)
{
	uint64_t value;

	switch (key) {
	case 'p':
		if (parse_u64(arg, INT32_MAX, &value) || !value)
			cli_usage_error("-p %s: not a process", arg);
		o->take.pid = (pid_t)value;
		o->take_option = "-p";
		return 0;
	case KEY_SERIES:
		if (parse_u64(arg, HEAP_TAKE_MAX, &o->take.count) || !o->take.count)
			cli_usage_error("--series %s: not a number of snapshots (1 to %d)", arg,
					HEAP_TAKE_MAX);
		o->take_option = "--series";
		return 0;
	case KEY_EVERY:
		if (parse_duration_ns(arg, &o->take.every_ns))
			cli_usage_error("--every %s: not a time", arg);
		o->take_option = "--every";
		return 0;
	case KEY_SIGNAL:
		o->take.by_signal = true;
		o->take_option = "--signal";
		return 0;
	case KEY_YES:
		o->take.is_agreed = true;
		o->take_option = "--yes";
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* The first word may be a command. */
static void add_word(const char *word, struct options *o)
{
	if (!o->count && !o->has_command) {
		o->has_command = true;
		o->is_take = strcmp(word, "take") == 0;
		if (o->is_take)
			return;
		o->plan.kind = strcmp(word, "top") == 0		? FINDINGS_TOP
			       : strcmp(word, "retainers") == 0 ? FINDINGS_RETAINERS
								: FINDINGS_DIFF;
		if (o->plan.kind != FINDINGS_DIFF)
			return;
	}
	if (o->count && o->plan.kind == FINDINGS_RETAINERS && !o->plan.what) {
		o->plan.what = word;
		return;
	}
	if (o->count == COMPARISON_MAX)
		cli_usage_error("more than %d files", COMPARISON_MAX);
	o->paths[o->count] = word;
	o->fds[o->count++] = -1;
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
	case 'T':
		if (parse_u64(arg, MAX_TOP, &o->top) || !o->top)
			cli_usage_error("-T %s: not a number of rows (1 to %d)", arg, MAX_TOP);
		return 0;
	case KEY_MIN_COUNT:
		parse_limit("--min-count", arg, &o->plan.limits.min_count);
		return 0;
	case KEY_MIN_BYTES:
		parse_limit("--min-bytes", arg, &o->plan.limits.min_bytes);
		return 0;
	case KEY_COUNTS:
		o->plan.ignore_ids = true;
		return 0;
	case KEY_RAW:
		o->plan.is_raw = true;
		return 0;
	case KEY_AS_ROOT:
		o->as_root = true;
		return 0;
	case ARGP_KEY_ARG:
		add_word(arg, o);
		return 0;
	default:
		return parse_take_option(key, arg, o);
	}
}

static const struct argp_child children[] = { { &cli_basic_argp, 0, NULL, 0 }, { 0 } };

static const struct argp argp = {
	.options = option_table,
	.parser = parse_option,
	.args_doc = "BEFORE AFTER [LATER...]\ntop FILE\nretainers FILE ID|CLASS\ntake -p PID",
	.doc = "Compares heap snapshots of one Node or Chrome process: what is new, what is gone, "
	       "what grows from each to the next, and who holds it. top: what is in one snapshot; "
	       "retainers: who holds an object (its id, as in DevTools) or those of a class. Files may "
	       "be packed by gzip or zstd. take: writes heap snapshots of a running Node.js.",
	.children = children,
};

static void settle_take(struct options *o)
{
	if (o->count)
		cli_usage_error("take: %s: a process is named by -p", o->paths[0]);
	if (!o->take.pid)
		cli_usage_error("take: of which process? -p PID");
	if (o->common.output && strcmp(o->common.output, "-") == 0)
		cli_usage_error("take: -o -: snapshots are files");
	o->take.output = o->common.output;
	o->take.force = o->common.force;
}

static void settle(struct options *o)
{
	bool is_diff = o->plan.kind == FINDINGS_DIFF;

	if (o->is_take) {
		settle_take(o);
		return;
	}
	if (o->take_option)
		cli_usage_error("%s: is of the command take", o->take_option);
	if (is_diff && o->count < 2)
		cli_usage_error("two or more snapshots are compared, BEFORE and AFTER");
	if (!is_diff && o->count != 1)
		cli_usage_error("%s: one snapshot is looked at",
				o->plan.kind == FINDINGS_TOP ? "top" : "retainers");
	if (o->plan.kind == FINDINGS_RETAINERS && !o->plan.what)
		cli_usage_error("retainers: of which object? An id or a class");
	o->plan.is_picture = o->format == FORMAT_FOLDED || o->format == FORMAT_SVG;
	if (o->plan.is_picture && o->plan.kind == FINDINGS_RETAINERS)
		cli_usage_error("-f %s: is of a whole snapshot, not of retainers",
				format_words[o->format]);
	o->plan.held_count = CLASSES_HELD;
}

/* What is needed is opened here, with the rights of who called; nothing is opened later. */
static int open_inputs(struct options *o)
{
	for (size_t i = 0; i < o->count; i++) {
		o->fds[i] = strcmp(o->paths[i], "-") == 0
				    ? STDIN_FILENO
				    : open(o->paths[i], O_RDONLY | O_CLOEXEC | O_NOCTTY);
		if (o->fds[i] < 0)
			return log_errno(-errno, "cannot read %s", o->paths[i]);
	}
	return 0;
}

/* --- in the worker ---------------------------------------------------------------------------- */

struct run {
	const struct options *options;
	struct outfile *out;
	struct findings findings;
};

static void explain(int err, const char *path, const struct snapshot_fault *fault)
{
	const char *why = fault->why ? fault->why : strerror(-err);

	if (err != -EBADMSG && err != -E2BIG && err != -ENOMEM)
		(void)log_errno(err, "%s", path);
	else
		log_error("%s: byte %ju: %s", path, (uintmax_t)fault->offset, why);
}

static int read_input(struct run *r, size_t i)
{
	const struct options *o = r->options;
	_release_(unpack_closep) struct unpack *unpack = NULL;
	struct snapshot_fault fault = { 0 };
	int err = unpack_open(o->fds[i], &unpack);

	if (err)
		return log_errno(err, "cannot read %s", o->paths[i]);
	err = findings_add(&r->findings, (struct json_source){ unpack_read, unpack }, o->paths[i],
			   i + 1 == o->count, &fault);
	if (err)
		explain(err, o->paths[i], &fault);
	else
		log_info("%s: %ju nodes, %ju edges", o->paths[i],
			 (uintmax_t)r->findings.files[i].nodes,
			 (uintmax_t)r->findings.files[i].edges);
	return err;
}

static void explain_distrust(const struct comparison *c)
{
	if (comparison_trust(c) == COMPARISON_FEW_SHARED)
		log_error(
			"the snapshots do not share ids: of %ju objects in the first and %ju in the "
			"last, only %ju are in both",
			(uintmax_t)c->old_count, (uintmax_t)c->last_count,
			(uintmax_t)c->shared_count);
	else
		log_error(
			"the snapshots do not share ids: %ju of %ju objects that seem new have ids "
			"older than the first snapshot",
			(uintmax_t)c->late_count, (uintmax_t)c->new_count);
	log_hint(
		"they are of two processes, or the inspector session was closed in between: V8 then "
		"gives ids anew. --counts compares counts alone");
}

static int conclude(struct run *r)
{
	struct findings *f = &r->findings;
	int err = findings_conclude(f);

	if (err == -EXDEV)
		explain_distrust(&f->comparison);
	else if (err == -ENODATA)
		log_error("%s: there is no object %s", f->files[0].name, f->plan.what);
	else if (err)
		(void)log_errno(err, "cannot compare");
	return err;
}

static int write_report(void *ctx, FILE *out)
{
	const struct run *r = ctx;
	const struct heap_report_style style = { .top = r->options->top,
						 .version = VERSION,
						 .is_svg = r->options->format == FORMAT_SVG };

	if (r->findings.plan.is_picture)
		return heap_report_picture(&r->findings, &style, out);
	return r->options->format == FORMAT_JSON ? heap_report_json(&r->findings, &style, out)
						 : heap_report_text(&r->findings, &style, out);
}

static int work(void *ctx)
{
	struct run *r = ctx;
	int err;

	for (size_t i = 0; i < r->options->count; i++) {
		if (read_input(r, i))
			return TROUBLE;
	}
	if (conclude(r))
		return TROUBLE;
	err = report_out(r->out, r->options->common.output, write_report, r);
	if (err < 0)
		(void)log_errno(err, "the output could not be written");
	if (err < 0)
		return TROUBLE;
	return r->findings.growing_count ? WORKER_GROWS : NOTHING_GROWS; /* nothing is freed */
}

/* --- the life of the tool --------------------------------------------------------------------- */

int main(int argc, char **argv)
{
	static struct options o = { .top = 10,
				    .plan.limits = { .min_count = 50, .min_bytes = 64u << 10 },
				    .take = { .count = 1, .every_ns = 60 * NS_PER_S } };
	static struct run run = { .options = &o };
	_release_(outfile_abandonp) struct outfile *out = NULL;
	int status, err;

	cli_parse_basic("heap-diff", &argp, argc, argv, &o, &o.common);
	settle(&o);
	if (o.is_take)
		return (int)heap_take(&o.take);
	if (open_inputs(&o) || report_out_open(&o.common, &out))
		return TROUBLE;
	run.out = out;
	run.findings.plan = o.plan;
	status = worker_conclude(worker_run(work, &run, o.as_root));
	if (status != NOTHING_GROWS && status != WORKER_GROWS)
		return TROUBLE;
	err = outfile_commit(out);
	out = NULL;
	if (err) {
		(void)log_errno(err, "the output could not be written");
		return TROUBLE;
	}
	return status == WORKER_GROWS ? SOMETHING_GROWS : NOTHING_GROWS;
}
