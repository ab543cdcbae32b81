// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* memleak-trace: which call path of a running process keeps allocating and never frees. */
#include "base/parse.h"
#include "base/scope.h"
#include "collect/memleak.h"
#include "collect/targets.h"
#include "host/cli.h"
#include "host/clock.h"
#include "host/log.h"
#include "host/outfile.h"
#include "host/report_out.h"
#include "probe/features.h"
#include "probe/load.h"

#include <string.h>

struct options {
	struct cli_common common;
	struct memleak_options memleak;
	const char *format;
};

enum {
	KEY_OLDER = 0x100,
	KEY_MIN_SIZE,
	KEY_MAX_SIZE,
	KEY_SORT,
	KEY_MMAP,
	KEY_CXX_NEW,
	KEY_FOLLOW_EXEC,
	KEY_MAX_BLOCKS,
	KEY_MAX_STACKS,
	KEY_MAX_THREADS,
	KEY_MAX_HITS,
	KEY_MAX_LOSS,
	KEY_STACKS,
	KEY_JS_TIERS,
};

static const struct argp_option option_table[] = {
	{ "format", 'f', "FORMAT", 0, "text (default), json or folded (bytes per stack)", 1 },
	{ "sort", KEY_SORT, "KEY", 0, "rank stacks by bytes (default), count, growth or age", 1 },
	{ "older", KEY_OLDER, "TIME", 0, "count only blocks that have lived this long", 1 },
	{ "min-size", KEY_MIN_SIZE, "SIZE", 0, "record only blocks of at least SIZE bytes", 1 },
	{ "max-size", KEY_MAX_SIZE, "SIZE", 0, "record only blocks of at most SIZE bytes", 1 },
	{ "mmap", KEY_MMAP, NULL, 0,
	  "also anonymous memory the program maps itself (mmap, mremap, brk)", 1 },
	{ "stacks", KEY_STACKS, "HOW", 0,
	  "walk stacks by unwind tables, where there are none by frame pointers (auto, the default), by "
	  "tables alone (dwarf), or in the kernel by frame pointers alone (fp)",
	  1 },
	{ "cxx-new", KEY_CXX_NEW, NULL, 0,
	  "trace the operator new of jemalloc, tcmalloc and mimalloc also where the kernel (before 6.13) or "
	  "a memory limit makes it unsafe: a bad_alloc thrown while attached would end the target",
	  1 },
	{ "follow-exec", KEY_FOLLOW_EXEC, NULL, 0, "go on when the target executes another program",
	  1 },
	{ "max-hits", KEY_MAX_HITS, "N", 0,
	  "let go when probes are hit more than N times a second (default 400000; 0: never)", 2 },
	{ "max-loss", KEY_MAX_LOSS, "PERCENT", 0,
	  "lost events tolerated before exit status 6 (default 1)", 2 },
	{ "max-blocks", KEY_MAX_BLOCKS, "N", 0, "live blocks recorded (default 2097152)", 2 },
	{ "js-tiers", KEY_JS_TIERS, NULL, 0, JS_TIERS_HELP, 1 },
	{ "max-stacks", KEY_MAX_STACKS, "N", 0, "distinct stacks recorded (default 65536)", 2 },
	{ "max-threads", KEY_MAX_THREADS, "N", 0, "threads recorded (default 16384)", 2 },
	{ 0 },
};

static void parse_sort(const char *text, struct options *o)
{
	static const char *const words[] = { "bytes", "count", "growth", "age" };
	int sort = parse_word(text, words, 4);

	if (sort < 0)
		cli_usage_error("--sort %s: not one of bytes, count, growth, age", text);
	o->memleak.sort = (enum leak_sort)sort;
}

static void parse_format(const char *text, struct options *o)
{
	static const char *const words[] = { "text", "json", "folded" };
	int format = parse_word(text, words, 3);

	if (format < 0)
		cli_usage_error("-f %s: not one of text, json, folded", text);
	o->format = words[format];
}

static void parse_size(const char *option, const char *text, uint64_t *ret_bytes)
{
	if (parse_size_bytes(text, ret_bytes))
		cli_usage_error("%s %s: not a size (4096, 4k, 10M)", option, text);
}

static void parse_count(const char *option, const char *text, uint64_t max, uint64_t *ret_count)
{
	if (parse_u64(text, max, ret_count))
		cli_usage_error("%s %s: not a number up to %llu", option, text,
				(unsigned long long)max);
}

/* A table's size: at least 1. */
static uint32_t parse_table(const char *option, const char *text)
{
	uint64_t n = 0;

	parse_count(option, text, 1u << 28, &n);
	if (!n)
		cli_usage_error("%s 0: a table needs room for at least one element", option);
	return (uint32_t)n;
}

static int parse_option(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;
	uint64_t n;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->common;
		return 0;
	case 'f':
		parse_format(arg, o);
		return 0;
	case KEY_SORT:
		parse_sort(arg, o);
		return 0;
	case KEY_STACKS:
		if (stack_method_parse(arg, &o->memleak.stacks))
			cli_usage_error("--stacks %s: not one of auto, dwarf, fp", arg);
		return 0;
	case KEY_OLDER:
		if (parse_duration_ns(arg, &o->memleak.min_age_ns))
			cli_usage_error("--older %s: not a duration (500ms, 30s, 2m)", arg);
		return 0;
	case KEY_MIN_SIZE:
		parse_size("--min-size", arg, &o->memleak.min_size_bytes);
		return 0;
	case KEY_MAX_SIZE:
		parse_size("--max-size", arg, &o->memleak.max_size_bytes);
		return 0;
	case KEY_MMAP:
		o->memleak.with_mmap = true;
		return 0;
	case KEY_CXX_NEW:
		o->memleak.with_throwing_new = true;
		return 0;
	case KEY_JS_TIERS:
		o->memleak.has_js_tiers = true;
		return 0;
	case KEY_FOLLOW_EXEC:
		o->memleak.follow_exec = true;
		return 0;
	case KEY_MAX_HITS:
		parse_count("--max-hits", arg, UINT64_MAX, &o->memleak.max_hits);
		return 0;
	case KEY_MAX_LOSS:
		parse_count("--max-loss", arg, 100, &n);
		o->memleak.max_loss_pct = (double)n;
		return 0;
	case KEY_MAX_BLOCKS:
		o->memleak.max_blocks = parse_table("--max-blocks", arg);
		return 0;
	case KEY_MAX_STACKS:
		o->memleak.max_stacks = parse_table("--max-stacks", arg);
		return 0;
	case KEY_MAX_THREADS:
		o->memleak.max_threads = parse_table("--max-threads", arg);
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
	.doc = "Shows which call paths of a running process keep allocating memory and never free it.",
	.children = children,
};

static const struct options defaults = {
	.common = { .top = 10 },
	.memleak = { .max_size_bytes = UINT64_MAX,
		     .max_blocks = 1u << 21,
		     .max_stacks = 65536,
		     .max_threads = 16384,
		     .max_hits = 400000,
		     .max_loss_pct = 1 },
	.format = "text",
};

/* What the options leave open. */
static void settle(struct options *o)
{
	const struct cli_common *c = &o->common;
	struct memleak_options *m = &o->memleak;

	m->follow_children = c->follow_children;
	m->top = c->top;
	m->sample_ns = c->interval_ns ? c->interval_ns : memleak_sample_ns(c->duration_ns);
	if (m->sample_ns < MEMLEAK_MIN_SAMPLE_NS)
		m->sample_ns = MEMLEAK_MIN_SAMPLE_NS;
	if (m->min_size_bytes > m->max_size_bytes)
		cli_usage_error("--min-size is larger than --max-size");
}

/* One run of the tool, for the callbacks of the loop. */
struct run {
	const struct options *options;
	struct memleak *memleak;
	struct outfile **out; /* NULL inside once it is committed */
	struct loop *loop;
	const struct leak_report *report; /* being written */
	bool is_complete;
};

static int write_report(void *ctx, FILE *out)
{
	const struct run *run = ctx;
	const struct leak_report *r = run->report;

	if (strcmp(run->options->format, "json") == 0)
		return leak_report_json(r, out);
	if (strcmp(run->options->format, "folded") == 0)
		return leak_report_folded(r, out);
	return leak_report_text(r, out);
}

static int report(struct run *run, bool is_final)
{
	struct leak_report r;
	int err = memleak_report(run->memleak, is_final, &r);

	if (err)
		return err;
	run->is_complete = r.is_complete;
	run->report = &r;
	err = report_out(*run->out, run->options->common.output, write_report, run);
	run->report = NULL;
	return err;
}

static int on_interval(void *ctx)
{
	return report(ctx, false);
}

static int start(struct run *run)
{
	const struct cli_common *c = &run->options->common;
	int err = loop_take_signals(run->loop, on_interval, run);

	if (!err)
		err = memleak_start(run->memleak);
	if (!err && c->interval_ns)
		err = loop_every(run->loop, c->interval_ns, on_interval, run);
	if (!err && c->duration_ns)
		err = loop_stop_after(run->loop, c->duration_ns);
	if (!err && !c->quiet)
		log_note("tracing %s%s", memleak_describe(run->memleak),
			 c->duration_ns ? "" : "; Ctrl-C stops and writes the report");
	return err;
}

/* The last report, under its final name. 0 or -errno after saying why. */
static int finish(struct run *run)
{
	int err = report(run, true);

	if (err == 0) {
		err = outfile_commit(*run->out);
		*run->out = NULL;
	}
	return err < 0 ? log_errno(err, "the report could not be written") : 0;
}

static int add(void *ctx, pid_t pid)
{
	return memleak_add(ctx, pid);
}

static int add_descendant(void *ctx, pid_t pid)
{
	return memleak_add_descendant(ctx, pid);
}

/* Attach, run, detach, report. An exit status. */
static int trace(struct run *run)
{
	const struct targets_sink sink = { add, add_descendant, run->memleak };
	int status = targets_add(&run->options->common, &sink);
	int err;

	if (status)
		return status;
	err = start(run);
	if (!err)
		err = loop_run(run->loop);
	memleak_stop(run->memleak);
	/* what was collected is reported even when the loop ended by an error */
	if (finish(run))
		return EXIT_FAILED;
	if (err)
		return EXIT_FAILED;
	return run->is_complete ? EXIT_DONE : EXIT_INCOMPLETE;
}

int main(int argc, char **argv)
{
	struct options o = defaults;
	_release_(loop_freep) struct loop *loop = NULL;
	_release_(outfile_abandonp) struct outfile *out = NULL;
	_release_(memleak_freep) struct memleak *memleak = NULL;
	struct run run = { .options = &o };
	int status;

	cli_libbpf_version = libbpf_version_string();
	cli_parse("memleak-trace", &argp, argc, argv, &o, &o.common);
	settle(&o);
	probe_log_init();
	status = report_out_open(&o.common, &out);
	if (status)
		return status;
	status = features_check();
	if (status)
		return status;
	loop = loop_new();
	if (!loop || memleak_open(&o.memleak, loop, &memleak))
		return EXIT_FAILED;
	run.memleak = memleak;
	run.loop = loop;
	run.out = &out;
	return trace(&run);
}
