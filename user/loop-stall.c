// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* loop-stall: what blocks an event loop, for how long, and which code. */
#include "base/parse.h"
#include "base/scope.h"
#include "collect/loop_stall_live.h"
#include "collect/targets.h"
#include "host/cli.h"
#include "host/log.h"
#include "host/report_out.h"
#include "host/terminal.h"
#include "probe/features.h"
#include "probe/load.h"
#include "report/loop_report.h"

#include <string.h>

#define MAX_FREQUENCY_HZ 10000

enum format {
	FORMAT_TEXT,
	FORMAT_JSON,
	FORMAT_FOLDED,
	FORMAT_TRACE,
	FORMAT_SVG,
};

struct options {
	struct cli_common common;
	struct loop_stall_options stall;
	struct loop_report_style style;
	enum format format;
	bool has_format;
};

enum {
	KEY_THRESHOLD = 0x200,
	KEY_LIST,
	KEY_LIVE,
	KEY_NO_STACKS,
	KEY_NO_SPLIT,
	KEY_TIMERS,
	KEY_STACKS,
	KEY_JS_TIERS,
	KEY_MAX_STACKS,
	KEY_MAX_LOOPS,
	KEY_MAX_STALLS,
	KEY_BUFFER,
};

static const struct argp_option option_table[] = {
	{ "threshold", KEY_THRESHOLD, "TIME", 0, "an iteration this long is a stall (default 20ms)",
	  1 },
	{ "frequency", 'F', "HZ", 0, "looks a second at what runs in a late loop (default 99)", 2 },
	{ "no-stacks", KEY_NO_STACKS, NULL, 0, "times only: no looks at what runs or waits", 2 },
	{ "no-split", KEY_NO_SPLIT, NULL, 0, "do not divide stalls: no tracing of switches", 2 },
	{ "timers", KEY_TIMERS, NULL, 0,
	  "also how late libuv's timers run: a probe on uv__run_timers, once or twice an iteration",
	  2 },
	{ "stacks", KEY_STACKS, "HOW", 0,
	  "walk stacks by unwind tables, where there are none by frame pointers (auto, the default), by "
	  "tables alone (dwarf), or in the kernel by frame pointers alone (fp)",
	  2 },
	{ "format", 'f', "FORMAT", 0,
	  "text (default), json, folded and svg (stalled time by stack), trace (a time line for Perfetto "
	  "or speedscope)",
	  3 },
	{ "list", KEY_LIST, NULL, 0, "text: list every stall, not the longest only", 3 },
	{ "live", KEY_LIVE, NULL, 0,
	  "a screen that renews itself each second (-i), with keys: ? lists them; a report only with -o",
	  3 },
	{ "max-stalls", KEY_MAX_STALLS, "N", 0,
	  "stalls kept one by one, later ones are only counted (default 10000)", 4 },
	{ "max-loops", KEY_MAX_LOOPS, "N", 0,
	  "loops observed at a time, 73 KiB each (default 64, at most 256)", 4 },
	{ "js-tiers", KEY_JS_TIERS, NULL, 0, JS_TIERS_HELP, 2 },
	{ "max-stacks", KEY_MAX_STACKS, "N", 0,
	  "distinct stacks recorded, 1 KiB each (default 8192)", 4 },
	{ "buffer", KEY_BUFFER, "SIZE", 0, "for what the kernel side tells (default 1M)", 4 },
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
					     [FORMAT_FOLDED] = "folded",
					     [FORMAT_TRACE] = "trace",
					     [FORMAT_SVG] = "svg" };
	int format = parse_word(text, words, sizeof(words) / sizeof(*words));

	if (format < 0)
		cli_usage_error("-f %s: not one of text, json, folded, trace, svg", text);
	o->format = (enum format)format;
	o->has_format = true;
}

static void parse_buffer(const char *text, struct options *o)
{
	uint64_t bytes = 0;

	if (parse_size_bytes(text, &bytes) || bytes < 4096 || bytes > (1u << 30) ||
	    (bytes & (bytes - 1)))
		cli_usage_error("--buffer %s: not a power of two from 4K to 1G", text);
	o->stall.max_events_bytes = (uint32_t)bytes;
}

static int parse_limit(int key, char *arg, struct options *o)
{
	switch (key) {
	case 'F':
		o->stall.frequency_hz = number("-F", arg, MAX_FREQUENCY_HZ);
		return 0;
	case KEY_MAX_STACKS:
		o->stall.max_stacks = number("--max-stacks", arg, 1u << 24);
		return 0;
	case KEY_MAX_LOOPS:
		o->stall.max_loops = number("--max-loops", arg, LOOPS_MAX);
		return 0;
	case KEY_MAX_STALLS:
		o->stall.max_stalls = number("--max-stalls", arg, 1u << 24);
		return 0;
	case KEY_BUFFER:
		parse_buffer(arg, o);
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
	case KEY_THRESHOLD:
		if (parse_duration_ns(arg, &o->stall.threshold_ns))
			cli_usage_error("--threshold %s: not a duration (10ms, 0.5s)", arg);
		return 0;
	case KEY_LIST:
		o->style.has_list = true;
		return 0;
	case KEY_LIVE:
		o->common.has_screen = true;
		return 0;
	case KEY_NO_STACKS:
		o->stall.has_stacks = false;
		return 0;
	case KEY_JS_TIERS:
		o->stall.has_js_tiers = true;
		return 0;
	case KEY_NO_SPLIT:
		o->stall.has_split = false;
		return 0;
	case KEY_TIMERS:
		o->stall.has_timers = true;
		return 0;
	case KEY_STACKS:
		if (stack_method_parse(arg, &o->stall.stacks))
			cli_usage_error("--stacks %s: not one of auto, dwarf, fp", arg);
		return 0;
	case 'f':
		parse_format(arg, o);
		return 0;
	default:
		return parse_limit(key, arg, o);
	}
}

static const struct argp_child children[] = { { &cli_common_argp, 0, NULL, 0 }, { 0 } };

static const struct argp argp = {
	.options = option_table,
	.parser = parse_option,
	.args_doc = "-p PID[,PID...]\n-n NAME\n-- COMMAND [ARGUMENT...]",
	.doc = "Finds what blocks the event loops of running processes: when, how long, and which code.",
	.children = children,
};

static const struct options defaults = {
	.common = { .top = 10 },
	.stall = { .threshold_ns = 20000000,
		   .frequency_hz = 99,
		   .has_stacks = true,
		   .has_split = true,
		   .max_stacks = 8192,
		   .max_loops = 64,
		   .max_stalls = 10000,
		   .max_events_bytes = 1u << 20 },
};

/* One run of the tool, for the callbacks of the loop. */
struct run {
	const struct options *options;
	struct loop_stall *stalls;
	struct outfile *out;
	struct loop *loop;
	struct loops value;
	bool is_complete;
};

static int write_report(void *ctx, FILE *out)
{
	const struct run *run = ctx;

	switch (run->options->format) {
	case FORMAT_JSON:
		return loop_report_json(&run->value, out);
	case FORMAT_FOLDED:
		return loop_report_folded(&run->value, out);
	case FORMAT_TRACE:
		return loop_report_trace(&run->value, out);
	case FORMAT_SVG:
		return loop_report_svg(&run->value, NULL, out);
	default:
		return loop_report_text(&run->value, &run->options->style, out);
	}
}

/* With --live only one that -o asks for. */
static int report(struct run *run)
{
	const struct cli_common *c = &run->options->common;
	int err;

	if (c->has_screen && !c->output)
		return 0;
	err = loop_stall_take(run->stalls, false, &run->value);
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
	int err = loop_stall_take(run->stalls, true, &run->value);

	return err ? err : report_lines_status(loop_report_interval(&run->value, told_to(run)));
}

static int on_stall(void *ctx, const struct loops *l, const struct stall *s)
{
	return report_lines_status(loop_report_stall(l, s, told_to(ctx)));
}

static int start(struct run *run)
{
	const struct cli_common *c = &run->options->common;
	int err = loop_take_signals(run->loop, on_demand, run);

	if (!err && c->interval_ns && !c->has_screen)
		err = loop_every(run->loop, c->interval_ns, on_interval, run);
	if (!err && c->duration_ns)
		err = loop_stop_after(run->loop, c->duration_ns);
	if (!err && !c->quiet && !c->has_screen)
		log_note("watching the event loops of %s%s", loop_stall_describe(run->stalls),
			 c->duration_ns ? "" : "; Ctrl-C stops and writes the report");
	return err;
}

/* Until something ends it; nothing is observed any more then. 0 or -errno, said. */
static int follow(struct run *run)
{
	_release_(loop_stall_live_freep) struct loop_stall_live *live = NULL;
	const struct cli_common *c = &run->options->common;
	int err = start(run);

	if (!err && c->has_screen)
		err = loop_stall_live_open(run->stalls, run->loop, c->interval_ns, &live);
	if (!err)
		err = loop_run(run->loop);
	loop_stall_stop(run->stalls);
	return err;
}

/* Watch, stop, report. An exit status. */
static int watch(struct run *run)
{
	const struct cli_common *c = &run->options->common;
	const struct targets_sink sink = { loop_stall_add, loop_stall_add_descendant, run->stalls };
	const struct loop_stall_sink told = { .on_stall = on_stall, .ctx = run };
	int err, report_err, status;

	status = targets_add(c, &sink);
	if (status)
		return status;
	if (loop_stall_start(run->stalls, c->quiet || c->has_screen ? NULL : &told))
		return EXIT_FAILED;
	err = follow(run);
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
	_release_(loop_stall_freep) struct loop_stall *stalls = NULL;
	struct run run = { .options = &o, .is_complete = true };
	int status;

	cli_libbpf_version = libbpf_version_string();
	cli_parse("loop-stall", &argp, argc, argv, &o, &o.common);
	o.stall.follow_children = o.common.follow_children;
	o.style.top = o.common.top;
	o.stall.is_live = o.common.has_screen;
	if (o.stall.is_live)
		terminal_settle(&o.common, o.has_format);
	probe_log_init();
	status = report_out_open(&o.common, &out);
	if (status)
		return status;
	status = features_check();
	if (status)
		return status;
	loop = loop_new();
	if (!loop || loop_stall_open(&o.stall, loop, &stalls))
		return EXIT_FAILED;
	run.stalls = stalls;
	run.loop = loop;
	run.out = out;
	out = NULL;
	status = watch(&run);
	outfile_abandon(run.out);
	return status;
}
