// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* gc-trace: V8's garbage collections from outside: when, why, how long, and what is left. */
#include "base/parse.h"
#include "base/scope.h"
#include "collect/gc_trace.h"
#include "collect/targets.h"
#include "host/cli.h"
#include "host/log.h"
#include "host/report_out.h"
#include "probe/features.h"
#include "probe/load.h"
#include "report/gc_report.h"

#include <string.h>

enum format {
	FORMAT_TEXT,
	FORMAT_JSON,
	FORMAT_TRACE,
	FORMAT_PROMETHEUS,
};

struct options {
	struct cli_common common;
	struct gc_trace_options gc;
	struct gc_report_style style;
	enum format format;
};

enum {
	KEY_STACKS = 0x200,
	KEY_JS_TIERS,
	KEY_MAX_STACKS,
	KEY_MAX_COLLECTIONS,
	KEY_BUFFER,
};

static const struct argp_option option_table[] = {
	{ "stacks", KEY_STACKS, "HOW", OPTION_ARG_OPTIONAL,
	  "the stack that triggered each collection: walked by unwind tables, where there are none by "
	  "frame pointers (auto, the default), by tables alone (dwarf), or in the kernel by frame "
	  "pointers alone (fp)",
	  1 },
	{ "js-tiers", KEY_JS_TIERS, NULL, 0, JS_TIERS_HELP, 1 },
	{ "format", 'f', "FORMAT", 0,
	  "text (default), json, trace (a time line for Perfetto or speedscope), prometheus (its text "
	  "format)",
	  2 },
	{ "max-collections", KEY_MAX_COLLECTIONS, "N", 0,
	  "collections kept one by one, later ones are only counted (default 20000)", 3 },
	{ "max-stacks", KEY_MAX_STACKS, "N", 0,
	  "distinct stacks recorded, 1 KiB each (default 4096)", 3 },
	{ "buffer", KEY_BUFFER, "SIZE", 0, "for what the kernel side tells (default 1M)", 3 },
	{ 0 },
};

static uint32_t number(const char *option, const char *text, uint64_t max)
{
	uint64_t n = 0;

	if (parse_u64(text, max, &n) || !n)
		cli_usage_error("%s %s: not a number from 1 to %llu", option, text,
				(unsigned long long)max);
	return (uint32_t)n;
}

static void parse_format(const char *text, struct options *o)
{
	static const char *const words[] = { [FORMAT_TEXT] = "text",
					     [FORMAT_JSON] = "json",
					     [FORMAT_TRACE] = "trace",
					     [FORMAT_PROMETHEUS] = "prometheus" };
	int format = parse_word(text, words, sizeof(words) / sizeof(*words));

	if (format < 0)
		cli_usage_error("-f %s: not one of text, json, trace, prometheus", text);
	o->format = (enum format)format;
}

static void parse_buffer(const char *text, struct options *o)
{
	uint64_t bytes = 0;

	if (parse_size_bytes(text, &bytes) || bytes < 4096 || bytes > (1u << 30) ||
	    (bytes & (bytes - 1)))
		cli_usage_error("--buffer %s: not a power of two from 4K to 1G", text);
	o->gc.max_events_bytes = (uint32_t)bytes;
}

static int parse_option(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->common;
		return 0;
	case KEY_STACKS:
		o->gc.has_stacks = true;
		if (arg && stack_method_parse(arg, &o->gc.stacks))
			cli_usage_error("--stacks=%s: not one of auto, dwarf, fp", arg);
		return 0;
	case KEY_JS_TIERS:
		o->gc.has_js_tiers = true;
		return 0;
	case KEY_MAX_STACKS:
		o->gc.max_stacks = number("--max-stacks", arg, 1u << 24);
		return 0;
	case KEY_MAX_COLLECTIONS:
		o->gc.max_collections = number("--max-collections", arg, 1u << 24);
		return 0;
	case KEY_BUFFER:
		parse_buffer(arg, o);
		return 0;
	case 'f':
		parse_format(arg, o);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = { { &cli_common_argp, 0, NULL, 0 }, { 0 } };

static const struct argp argp = {
	.options = option_table,
	.parser = parse_option,
	.args_doc = "-p PID[,PID...]\n-n NAME\n-- COMMAND [ARGUMENT...]",
	.doc = "Shows each garbage collection of V8 in running processes: when, why, how long, what "
	       "it freed; and whether what is left grows.",
	.children = children,
};

static const struct options defaults = {
	.common = { .top = 10 },
	.gc = { .max_stacks = 4096, .max_collections = 20000, .max_events_bytes = 1u << 20 },
};

/* One run of the tool, for the callbacks of the loop. */
struct run {
	const struct options *options;
	struct gc_trace *gc;
	struct outfile *out;
	struct loop *loop;
	struct gcs value;
	bool is_complete, has_begun;
};

static int write_report(void *ctx, FILE *out)
{
	const struct run *run = ctx;

	switch (run->options->format) {
	case FORMAT_JSON:
		return gc_report_json(&run->value, out);
	case FORMAT_TRACE:
		return gc_report_trace(&run->value, out);
	case FORMAT_PROMETHEUS:
		return gc_report_prometheus(&run->value, out);
	default:
		return gc_report_text(&run->value, &run->options->style, out);
	}
}

static int report(struct run *run)
{
	int err = gc_trace_take(run->gc, false, &run->value);

	if (err)
		return err;
	run->is_complete = run->value.meta.is_complete;
	return report_out(run->out, run->options->common.output, write_report, run);
}

static int on_demand(void *ctx)
{
	return report(ctx);
}

static FILE *told_to(const struct run *run)
{
	return report_lines_to(&run->options->common, run->options->format == FORMAT_TEXT);
}

static int on_interval(void *ctx)
{
	struct run *run = ctx;
	int err = gc_trace_take(run->gc, true, &run->value);

	return err ? err : report_lines_status(gc_report_interval(&run->value, told_to(run)));
}

/* What the figures rest on and the columns stand above the first line. */
static int begin(struct run *run, const struct gcs *g)
{
	struct gcs first = *g;

	if (run->has_begun)
		return 0;
	run->has_begun = true;
	first.meta.anchors = gc_trace_anchors(run->gc);
	return gc_report_begin(&first, told_to(run));
}

static int on_collection(void *ctx, const struct gcs *g, const struct gc_collection *c)
{
	int err = begin(ctx, g);

	return report_lines_status(err ? err : gc_report_collection(g, c, told_to(ctx)));
}

static int on_moment(void *ctx, const struct gcs *g, const struct gc_moment *m)
{
	int err = begin(ctx, g);

	return report_lines_status(err ? err : gc_report_moment(g, m, told_to(ctx)));
}

/* Until something ends it; nothing is observed any more then. 0 or -errno, said. */
static int follow(struct run *run)
{
	const struct cli_common *c = &run->options->common;
	int err = loop_take_signals(run->loop, on_demand, run);

	if (!err && c->interval_ns)
		err = loop_every(run->loop, c->interval_ns, on_interval, run);
	if (!err && c->duration_ns)
		err = loop_stop_after(run->loop, c->duration_ns);
	if (!err && !c->quiet)
		log_note("watching the garbage collections of %s%s", gc_trace_describe(run->gc),
			 c->duration_ns ? "" : "; Ctrl-C stops and writes the report");
	if (!err)
		err = loop_run(run->loop);
	gc_trace_stop(run->gc);
	return err;
}

/* Watch, stop, report. An exit status. */
static int watch(struct run *run)
{
	const struct cli_common *c = &run->options->common;
	const struct targets_sink targets = { gc_trace_add, gc_trace_add_descendant, run->gc };
	const struct gc_trace_sink sink = { .on_collection = on_collection,
					    .on_moment = on_moment,
					    .ctx = run };
	int err, report_err, status;

	status = targets_add(c, &targets);
	if (status)
		return status;
	if (gc_trace_start(run->gc, c->quiet ? NULL : &sink))
		return EXIT_FAILED;
	err = follow(run);
	if (!err && !gc_trace_has_v8(run->gc)) {
		log_error("no V8 in %s, to the end", gc_trace_describe(run->gc));
		return EXIT_UNSUPPORTED;
	}
	/* what was collected is reported even when the loop ended by an error */
	report_err = report(run);
	if (report_err == 0) {
		report_err = outfile_commit(run->out);
		run->out = NULL;
	}
	if (report_err < 0)
		(void)log_errno(report_err, "the report could not be written");
	if (report_err < 0 || err)
		return EXIT_FAILED;
	return run->is_complete ? EXIT_DONE : EXIT_INCOMPLETE;
}

int main(int argc, char **argv)
{
	struct options o = defaults;
	_release_(loop_freep) struct loop *loop = NULL;
	_release_(outfile_abandonp) struct outfile *out = NULL;
	_release_(gc_trace_freep) struct gc_trace *gc = NULL;
	struct run run = { .options = &o, .is_complete = true };
	int status;

	cli_libbpf_version = libbpf_version_string();
	cli_parse("gc-trace", &argp, argc, argv, &o, &o.common);
	o.gc.follow_children = o.common.follow_children;
	o.gc.is_command = o.common.command != NULL;
	o.style.top = o.common.top;
	probe_log_init();
	status = report_out_open(&o.common, &out);
	if (status)
		return status;
	status = features_check();
	if (status)
		return status;
	loop = loop_new();
	if (!loop || gc_trace_open(&o.gc, loop, &gc))
		return EXIT_FAILED;
	run.gc = gc;
	run.loop = loop;
	run.out = out;
	out = NULL;
	status = watch(&run);
	outfile_abandon(run.out);
	return status;
}
