// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* cpu-sample: where the CPU goes, and where threads wait, by call path. */
#include "base/parse.h"
#include "base/scope.h"
#include "collect/cpu_sample_live.h"
#include "collect/targets.h"
#include "host/cli.h"
#include "host/clock.h"
#include "host/log.h"
#include "host/report_set.h"
#include "host/terminal.h"
#include "probe/features.h"
#include "probe/load.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define PROGRESS_NS	   (500 * NS_PER_MS)
#define PROGRESS_FROM_NS   (3 * NS_PER_S)
#define MAX_FREQUENCY_HZ   20000
#define DEFAULT_MAX_STACKS 16384 /* 1 KiB each */
#define SYSTEM_MAX_STACKS  65536

struct options {
	struct cli_common common;
	struct cpu_sample_options sample;
	struct report_style style;
	const char *formats;
};

enum {
	KEY_THREADS = 0x200,
	KEY_OFF_CPU,
	KEY_LIVE,
	KEY_WALL,
	KEY_MIN_WAIT,
	KEY_EVENT,
	KEY_STACKS,
	KEY_JS_TIERS,
	KEY_TITLE,
	KEY_MAX_STACKS,
	KEY_MAX_LOSS,
};

static const struct argp_option option_table[] = {
	{ "all", 'a', NULL, 0, "sample every process of the machine", 1 },
	{ "tid", 't', "TID", 0, "only this thread", 1 },
	{ "frequency", 'F', "HZ", 0, "samples a second on each CPU (default 99)", 2 },
	{ "event", KEY_EVENT, "EVENT", 0,
	  "clock (default) or cycles, of the hardware if it counts them", 2 },
	{ "off-cpu", KEY_OFF_CPU, NULL, 0, "the time that threads wait, instead", 2 },
	{ "wall", KEY_WALL, NULL, 0, "both: time on the CPU and off it", 2 },
	{ "min-wait", KEY_MIN_WAIT, "TIME", 0, "leave out shorter waits", 2 },
	{ "user-stacks-only", 'U', NULL, 0, "no kernel stacks", 2 },
	{ "kernel-stacks-only", 'K', NULL, 0, "no user stacks", 2 },
	{ "threads", KEY_THREADS, NULL, 0, "tell threads apart", 2 },
	{ "stacks", KEY_STACKS, "HOW", 0,
	  "walk stacks by unwind tables, where there are none by frame pointers (auto, the default), by "
	  "tables alone (dwarf), or in the kernel by frame pointers alone (fp)",
	  2 },
	{ "js-tiers", KEY_JS_TIERS, NULL, 0, JS_TIERS_HELP, 2 },
	{ "format", 'f', "FORMAT[,FORMAT...]", 0,
	  "text (default), folded, svg, speedscope, pprof, cpuprofile, json; several with -o NAME: "
	  "NAME.svg and so on",
	  3 },
	{ "title", KEY_TITLE, "TEXT", 0, "of the flame graph", 3 },
	{ "live", KEY_LIVE, NULL, 0,
	  "a screen that renews itself each second (-i), with keys: ? lists them; a report only with -o",
	  3 },
	{ "max-stacks", KEY_MAX_STACKS, "N", 0,
	  "distinct stacks recorded, 1 KiB each (default 16384; with -a 65536)", 4 },
	{ "max-loss", KEY_MAX_LOSS, "PERCENT", 0,
	  "lost samples tolerated before exit status 6 (default 1)", 4 },
	{ 0 },
};

static uint64_t number(const char *option, const char *text, uint64_t max)
{
	uint64_t n = 0;

	if (parse_u64(text, max, &n) || !n)
		cli_usage_error("%s %s: not a number from 1 to %llu", option, text,
				(unsigned long long)max);
	return n;
}

static void parse_event(const char *text, struct options *o)
{
	static const char *const words[] = {
		[CPU_SAMPLE_CLOCK] = "clock", [CPU_SAMPLE_CYCLES] = "cycles"
	};
	int event = parse_word(text, words, sizeof(words) / sizeof(*words));

	if (event < 0)
		cli_usage_error("--event %s: not one of clock, cycles", text);
	o->sample.event = (enum cpu_sample_event)event;
}

/* Options that are more than a flag. ARGP_ERR_UNKNOWN: it is a flag, or not ours. */
static int parse_value(int key, char *arg, struct options *o)
{
	uint64_t n = 0;

	switch (key) {
	case 't':
		o->sample.only_tid = (pid_t)number("-t", arg, 4194304);
		return 0;
	case 'F':
		o->sample.frequency_hz = number("-F", arg, MAX_FREQUENCY_HZ);
		return 0;
	case KEY_EVENT:
		parse_event(arg, o);
		return 0;
	case KEY_MIN_WAIT:
		if (parse_duration_ns(arg, &o->sample.min_wait_ns))
			cli_usage_error("--min-wait %s: not a duration (10us, 5ms, 1s)", arg);
		return 0;
	case KEY_STACKS:
		if (stack_method_parse(arg, &o->sample.stacks))
			cli_usage_error("--stacks %s: not one of auto, dwarf, fp", arg);
		return 0;
	case 'f':
		o->formats = arg;
		return 0;
	case KEY_TITLE:
		o->style.title = arg;
		return 0;
	case KEY_MAX_STACKS:
		o->sample.max_stacks = (uint32_t)number("--max-stacks", arg, 1u << 24);
		return 0;
	case KEY_MAX_LOSS:
		if (parse_u64(arg, 100, &n))
			cli_usage_error("--max-loss %s: not a number up to 100", arg);
		o->sample.max_loss_pct = (double)n;
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
	case 'a':
		o->common.is_everything = true;
		return 0;
	case 'U':
		o->sample.has_kernel = false;
		return 0;
	case 'K':
		o->sample.has_user = false;
		return 0;
	case KEY_THREADS:
		o->sample.by_thread = true;
		return 0;
	case KEY_JS_TIERS:
		o->sample.has_js_tiers = true;
		return 0;
	case KEY_LIVE:
		o->common.has_screen = true;
		return 0;
	case KEY_OFF_CPU:
		o->sample.mode = CPU_SAMPLE_OFF_CPU;
		return 0;
	case KEY_WALL:
		o->sample.mode = CPU_SAMPLE_WALL;
		return 0;
	default:
		return parse_value(key, arg, o);
	}
}

static const struct argp_child children[] = { { &cli_common_argp, 0, NULL, 0 }, { 0 } };

static const struct argp argp = {
	.options = option_table,
	.parser = parse_option,
	.args_doc = "-p PID[,PID...]\n-n NAME\n-a\n-- COMMAND [ARGUMENT...]",
	.doc = "Samples where running processes spend their CPU time, or wait, by call path.",
	.children = children,
};

static const struct options defaults = {
	.common = { .top = 20, .has_all = true },
	.sample = { .has_user = true, .has_kernel = true, .frequency_hz = 99, .max_loss_pct = 1 },
	.formats = "text",
};

/* What the options leave open, and what does not go together. */
static void settle(struct options *o)
{
	struct cpu_sample_options *s = &o->sample;

	s->is_system_wide = o->common.is_everything;
	if (!s->max_stacks)
		s->max_stacks = s->is_system_wide ? SYSTEM_MAX_STACKS : DEFAULT_MAX_STACKS;
	s->follow_children = o->common.follow_children;
	o->style.top = o->common.top;
	if (!s->has_user && !s->has_kernel)
		cli_usage_error("-U and -K together leave no stack");
	if (s->min_wait_ns && s->mode == CPU_SAMPLE_ON_CPU)
		cli_usage_error("--min-wait is for --off-cpu and --wall");
	s->is_live = o->common.has_screen;
	if (s->is_live)
		terminal_settle(&o->common, o->formats != defaults.formats);
	else if (o->common.interval_ns && report_set_is_several(o->formats))
		cli_usage_error("-i goes with one format");
}

/* One run of the tool, for the callbacks of the loop. */
struct run {
	const struct options *options;
	struct cpu_sample *sample;
	struct report_set *reports; /* NULL with --live: none is asked for */
	struct loop *loop;
	uint64_t started_ns;
	bool is_complete, has_progress;
};

static int report(struct run *run)
{
	_release_(profile_freep) struct profile *profile = NULL;
	struct profile_meta meta;
	int err;

	if (!run->reports)
		return 0;
	err = cpu_sample_profile(run->sample, &meta, &profile);
	if (err)
		return err;
	run->is_complete = meta.is_complete;
	return report_set_write(run->reports, &meta, profile, &run->options->style);
}

static int on_interval(void *ctx)
{
	return report(ctx);
}

static void clear_progress(struct run *run)
{
	if (run->has_progress)
		(void)fprintf(stderr, "\r\033[K");
	run->has_progress = false;
}

/* One line that renews itself, on a terminal only. */
static int on_progress(void *ctx)
{
	struct run *run = ctx;
	uint64_t duration_ns = run->options->common.duration_ns, taken, lost;
	uint64_t gone_ns = clock_monotonic_ns() - run->started_ns;

	cpu_sample_counts(run->sample, &taken, &lost);
	(void)fprintf(stderr, "\r\033[K%s: ", cpu_sample_describe(run->sample));
	if (duration_ns)
		(void)fprintf(stderr, "%.0f s left, ",
			      duration_ns > gone_ns ? (double)(duration_ns - gone_ns) / 1e9 : 0.0);
	else
		(void)fprintf(stderr, "%.0f s, Ctrl-C ends it, ", (double)gone_ns / 1e9);
	(void)fprintf(stderr, "%ju %s, %ju lost", (uintmax_t)taken,
		      run->options->sample.mode == CPU_SAMPLE_ON_CPU ? "samples"
								     : "samples and waits",
		      (uintmax_t)lost);
	(void)fflush(stderr);
	run->has_progress = true;
	return 0;
}

static int start(struct run *run)
{
	const struct cli_common *c = &run->options->common;
	bool is_long = !c->duration_ns || c->duration_ns > PROGRESS_FROM_NS;
	int err = loop_take_signals(run->loop, on_interval, run);

	run->started_ns = clock_monotonic_ns();
	if (!err && c->interval_ns && !c->has_screen)
		err = loop_every(run->loop, c->interval_ns, on_interval, run);
	if (!err && c->duration_ns)
		err = loop_stop_after(run->loop, c->duration_ns);
	if (err || c->has_screen)
		return err;
	if (is_long && !c->quiet && isatty(STDERR_FILENO))
		err = loop_every(run->loop, PROGRESS_NS, on_progress, run);
	else if (!c->quiet)
		log_note("sampling %s%s", cpu_sample_describe(run->sample),
			 c->duration_ns ? "" : "; Ctrl-C stops and writes the report");
	return err;
}

static int add(void *ctx, pid_t pid)
{
	return cpu_sample_add(ctx, pid);
}

static int add_descendant(void *ctx, pid_t pid)
{
	return cpu_sample_add_descendant(ctx, pid);
}

/* Until something ends it; nothing is sampled any more then. 0 or -errno, said. */
static int follow(struct run *run)
{
	_release_(cpu_sample_live_freep) struct cpu_sample_live *live = NULL;
	const struct cli_common *c = &run->options->common;
	int err = start(run);

	if (!err && c->has_screen)
		err = cpu_sample_live_open(run->sample, run->loop, c->interval_ns, &live);
	if (!err)
		err = loop_run(run->loop);
	cpu_sample_stop(run->sample);
	clear_progress(run);
	return err;
}

/* Sample, stop, report. An exit status. */
static int sample(struct run *run)
{
	const struct targets_sink sink = { add, add_descendant, run->sample };
	const struct cpu_sample_options *s = &run->options->sample;
	int err, report_err, status;

	/* the clock goes already when a command begins */
	if (cpu_sample_start(run->sample))
		return EXIT_FAILED;
	status = targets_add(&run->options->common, &sink);
	if (status)
		return status;
	if (s->only_tid && !cpu_sample_has_thread(run->sample, s->only_tid)) {
		log_error("no thread %d in what is sampled", s->only_tid);
		return EXIT_NO_TARGET;
	}
	err = follow(run);
	/* what was collected is reported even when the loop ended by an error */
	report_err = report(run);
	if (report_err == 0 && run->reports)
		report_err = report_set_commit(run->reports);
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
	_release_(report_set_freep) struct report_set *reports = NULL;
	_release_(cpu_sample_freep) struct cpu_sample *sampler = NULL;
	struct run run = { .options = &o, .is_complete = true };
	int status = EXIT_DONE;

	cli_libbpf_version = libbpf_version_string();
	cli_parse("cpu-sample", &argp, argc, argv, &o, &o.common);
	settle(&o);
	probe_log_init();
	if (!o.common.has_screen || o.common.output)
		status = report_set_open(o.formats, &o.common, &reports);
	if (status)
		return status;
	status = features_check();
	if (status)
		return status;
	loop = loop_new();
	if (!loop || cpu_sample_open(&o.sample, loop, &sampler))
		return EXIT_FAILED;
	run.sample = sampler;
	run.loop = loop;
	run.reports = reports;
	return sample(&run);
}
