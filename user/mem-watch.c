// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* mem-watch: what a process's memory is made of, over time, from outside; and what of it grows. */
#include "base/parse.h"
#include "base/scope.h"
#include "base/units.h"
#include "collect/js_heap.h"
#include "collect/mem_watch.h"
#include "collect/targets.h"
#include "host/cli.h"
#include "host/clock.h"
#include "host/log.h"
#include "host/report_out.h"
#include "probe/features.h"
#include "probe/load.h"
#include "report/js_heap_report.h"
#include "report/memory_report.h"

#include <string.h>

enum format {
	FORMAT_TEXT,
	FORMAT_JSON,
	FORMAT_CSV,
	FORMAT_PROMETHEUS,
};

struct options {
	struct cli_common common;
	struct mem_watch_options watch;
	enum format format;
	bool is_js_heap, is_agreed;
};

enum {
	KEY_MAX_SAMPLES = 0x200,
	KEY_BUFFERS,
	KEY_JS_HEAP,
	KEY_YES,
};

#define MIN_INTERVAL_NS (10 * NS_PER_MS)

static const struct argp_option option_table[] = {
	{ "format", 'f', "FORMAT", 0,
	  "text (default), json, csv (all samples as a table), prometheus (its text format)", 1 },
	{ "buffers", KEY_BUFFERS, NULL, 0,
	  "also which JavaScript functions made the Buffers and ArrayBuffers that live: by probes on "
	  "node's allocator of them, from now on; root; text and json",
	  1 },
	{ "max-samples", KEY_MAX_SAMPLES, "N", 0,
	  "samples kept of a process, from 16; of more every second one goes (default 20000)", 2 },
	{ "js-heap", KEY_JS_HEAP, NULL, 0,
	  "instead: JavaScript objects by constructor, now, and with -i or -d again after that "
	  "time, with what grew. The process stands still while its heap is copied: without --yes "
	  "it is only said for how long",
	  3 },
	{ "yes", KEY_YES, NULL, 0, "with --js-heap: it may stand still", 3 },
	{ 0 },
};

static void parse_format(const char *text, struct options *o)
{
	static const char *const words[] = { [FORMAT_TEXT] = "text",
					     [FORMAT_JSON] = "json",
					     [FORMAT_CSV] = "csv",
					     [FORMAT_PROMETHEUS] = "prometheus" };
	int format = parse_word(text, words, sizeof(words) / sizeof(*words));

	if (format < 0)
		cli_usage_error("-f %s: not one of text, json, csv, prometheus", text);
	o->format = (enum format)format;
}

static void parse_max_samples(const char *text, struct options *o)
{
	uint64_t n = 0;

	if (parse_u64(text, 1u << 24, &n) || n < 16)
		cli_usage_error("--max-samples %s: not a number from 16 to %u", text, 1u << 24);
	o->watch.max_samples = (uint32_t)n;
}

static int parse_option(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->common;
		return 0;
	case KEY_MAX_SAMPLES:
		parse_max_samples(arg, o);
		return 0;
	case KEY_BUFFERS:
		o->watch.has_buffers = true;
		return 0;
	case KEY_JS_HEAP:
		o->is_js_heap = true;
		return 0;
	case KEY_YES:
		o->is_agreed = true;
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
	.doc = "Shows what the memory of running processes is made of, over time and from outside: "
	       "resident memory by what it is for, V8's heap as process.memoryUsage() has it, the "
	       "limits; and which of it grows.",
	.children = children,
};

static const struct options defaults = {
	.common = { .top = 10 },
	.watch = { .max_samples = 20000 },
};

/* What the options leave open. */
static void settle(struct options *o)
{
	if (!o->common.interval_ns)
		o->common.interval_ns = NS_PER_S;
	if (o->common.interval_ns < MIN_INTERVAL_NS)
		cli_usage_error("-i: not less than 10ms");
	if (o->watch.has_buffers && o->format != FORMAT_TEXT && o->format != FORMAT_JSON)
		cli_usage_error("--buffers: with -f text and -f json alone");
	o->watch.interval_ns = o->common.interval_ns;
	o->watch.follow_children = o->common.follow_children;
	o->watch.duration_ns = o->common.duration_ns;
	o->watch.top = o->common.top;
	if (o->watch.has_buffers)
		probe_log_init();
}

/* One run of the tool, for the callbacks of the loop. */
struct run {
	const struct options *options;
	struct mem_watch *watch;
	struct outfile *out;
	struct loop *loop;
	struct memory value;
	bool has_begun;
};

/* With all Buffers accounted for, if they were asked for? */
static bool is_complete(const struct memory *m)
{
	for (size_t i = 0; i < m->process_count; i++)
		if (m->processes[i]->buffers && !m->processes[i]->buffers->is_complete)
			return false;
	return !m->meta.missed;
}

static int write_report(void *ctx, FILE *out)
{
	const struct run *run = ctx;

	switch (run->options->format) {
	case FORMAT_JSON:
		return memory_report_json(&run->value, out);
	case FORMAT_CSV:
		return memory_report_csv(&run->value, out);
	case FORMAT_PROMETHEUS:
		return memory_report_prometheus(&run->value, out);
	default:
		return memory_report_text(&run->value, out);
	}
}

static int report(struct run *run)
{
	int err = mem_watch_refresh_buffers(run->watch);

	if (err)
		return err;
	mem_watch_take(run->watch, &run->value);
	return report_out(run->out, run->options->common.output, write_report, run);
}

static int on_demand(void *ctx)
{
	return report(ctx);
}

static int on_sample(void *ctx, const struct memory *m, const struct memory_process *p)
{
	struct run *run = ctx;
	FILE *out = report_lines_to(&run->options->common, run->options->format == FORMAT_TEXT);
	int err = run->has_begun ? 0 : memory_report_begin(m, out);

	run->has_begun = true;
	return report_lines_status(err ? err : memory_report_sample(m, p, out));
}

/* Until something ends it. 0 or -errno, said. */
static int follow(struct run *run)
{
	const struct cli_common *c = &run->options->common;
	bool tells = !c->quiet && run->options->format == FORMAT_TEXT;
	const struct mem_watch_sink sink = { .on_sample = on_sample, .ctx = run };
	int err = loop_take_signals(run->loop, on_demand, run);

	if (!err && c->duration_ns)
		err = loop_stop_after(run->loop, c->duration_ns);
	if (err)
		return log_errno(err, "cannot start");
	if (!c->quiet)
		log_note("watching the memory of %s%s", mem_watch_describe(run->watch),
			 c->duration_ns ? "" : "; Ctrl-C stops and writes the report");
	err = mem_watch_start(run->watch, tells ? &sink : NULL);
	return err ? err : loop_run(run->loop);
}

/* Watch, stop, report. An exit status. */
static int watch(struct run *run)
{
	const struct targets_sink targets = { mem_watch_add, mem_watch_add_descendant, run->watch };
	int status = targets_add(&run->options->common, &targets);
	int err, report_err;

	if (status)
		return status;
	err = follow(run);
	mem_watch_stop(run->watch);
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
	return is_complete(&run->value) ? EXIT_DONE : EXIT_INCOMPLETE;
}

/* --- --js-heap -------------------------------------------------------------------------------- */

/* One run of it. */
struct heap_run {
	const struct options *options;
	struct js_heap_reader *reader;
	struct js_heap value;
};

static void check_heap_options(const struct options *o)
{
	const struct cli_common *c = &o->common;

	if (c->pid_count != 1)
		cli_usage_error("--js-heap: of one process, -p PID");
	if (c->follow_children)
		cli_usage_error("--js-heap: of one process, not with -s");
	if (o->watch.has_buffers)
		cli_usage_error("--js-heap and --buffers: one of them at a time");
	if (c->interval_ns && c->duration_ns)
		cli_usage_error("--js-heap: either -i or -d, the time between two readings");
	if (o->format == FORMAT_CSV || o->format == FORMAT_PROMETHEUS)
		cli_usage_error("--js-heap: -f text or json; constructors are too many, and too "
				"short-lived, for series");
}

static int write_heap_report(void *ctx, FILE *out)
{
	const struct heap_run *run = ctx;

	return run->options->format == FORMAT_JSON
		       ? js_heap_report_json(&run->value, out)
		       : js_heap_report_text(&run->value, run->options->common.top, out);
}

/* What it will cost is said before it is done. */
static int announce(const struct heap_run *run)
{
	struct js_heap_estimate e;
	char pause[UNITS_LEN], bytes[UNITS_LEN];
	int status = js_heap_estimate(run->reader, &e);

	if (status)
		return status;
	if (!run->options->is_agreed) {
		printf("%s would stand still, with its %u threads, for about %s each time, and "
		       "%s of its heap\nwould be copied. Nothing was done: --yes does it.\n",
		       js_heap_describe(run->reader), e.threads, units_duration(e.pause_ns, pause),
		       units_bytes(e.copied_bytes, bytes));
		return EXIT_FAILED;
	}
	if (!run->options->common.quiet)
		log_note("%s stands still for about %s each time", js_heap_describe(run->reader),
			 units_duration(e.pause_ns, pause));
	return EXIT_DONE;
}

static int on_target_end(void *ctx)
{
	(void)ctx;
	return 1;
}

/* Between two readings. False: it was interrupted, or the process has ended. */
static bool wait_between(const struct heap_run *run, uint64_t between_ns)
{
	_release_(loop_freep) struct loop *loop = loop_new();
	uint64_t until_ns = clock_monotonic_ns() + between_ns;

	if (!loop || loop_take_signals(loop, NULL, NULL) || loop_stop_after(loop, between_ns) ||
	    loop_add_fd(loop, js_heap_pidfd(run->reader), on_target_end, NULL) || loop_run(loop))
		return false;
	return !loop_signal(loop) && clock_monotonic_ns() >= until_ns;
}

/* One reading or two; what was read is reported when the second one fails. An exit status. */
static int read_heap(struct heap_run *run)
{
	const struct cli_common *c = &run->options->common;
	uint64_t between_ns = c->interval_ns ? c->interval_ns : c->duration_ns;
	int status = js_heap_read(run->reader);

	if (status || !between_ns)
		return status;
	if (!wait_between(run, between_ns)) {
		log_error("there is no second reading of %s", js_heap_describe(run->reader));
		return EXIT_INCOMPLETE;
	}
	return js_heap_read(run->reader) ? EXIT_INCOMPLETE : EXIT_DONE;
}

static int run_js_heap(const struct options *o, struct outfile **out)
{
	_release_(js_heap_freep) struct js_heap_reader *reader = NULL;
	struct heap_run run = { .options = o };
	int status = js_heap_open(o->common.pids[0], &reader);
	int err;

	run.reader = reader;
	if (!status)
		status = announce(&run);
	if (!status)
		status = read_heap(&run);
	if (status && status != EXIT_INCOMPLETE)
		return status;
	js_heap_take(reader, &run.value);
	err = report_out(*out, o->common.output, write_heap_report, &run);
	if (err == 0) {
		err = outfile_commit(*out);
		*out = NULL;
	}
	if (err < 0)
		(void)log_errno(err, "the report could not be written");
	return err < 0 ? EXIT_FAILED : status;
}

int main(int argc, char **argv)
{
	struct options o = defaults;
	_release_(loop_freep) struct loop *loop = NULL;
	_release_(outfile_abandonp) struct outfile *out = NULL;
	_release_(mem_watch_freep) struct mem_watch *w = NULL;
	struct run run = { .options = &o };
	int status;

	cli_libbpf_version = libbpf_version_string();
	cli_parse("mem-watch", &argp, argc, argv, &o, &o.common);
	if (o.is_js_heap)
		check_heap_options(&o);
	else if (o.is_agreed)
		cli_usage_error("--yes: only with --js-heap");
	else
		settle(&o);
	status = report_out_open(&o.common, &out);
	if (!status && o.watch.has_buffers)
		status = features_check();
	if (status)
		return status;
	if (o.is_js_heap)
		return run_js_heap(&o, &out);
	loop = loop_new();
	if (!loop || mem_watch_open(&o.watch, loop, &w))
		return EXIT_FAILED;
	run.watch = w;
	run.loop = loop;
	run.out = out;
	out = NULL;
	status = watch(&run);
	outfile_abandon(run.out);
	return status;
}
