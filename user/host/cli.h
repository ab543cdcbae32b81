/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What every tool's command line has in common, on glibc's argp, and the exit statuses.
 */
#ifndef HOST_CLI_H
#define HOST_CLI_H

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Exit statuses, the same in all tools (docs/architecture.md). */
enum exit_status {
	EXIT_DONE = 0,	 /* report written, also after Ctrl-C and when the target ended */
	EXIT_FAILED = 1, /* internal or output error */
	EXIT_USAGE = 2,
	EXIT_NO_TARGET = 3,
	EXIT_PERMISSION = 4,
	EXIT_UNSUPPORTED = 5, /* kernel or target lacks something */
	EXIT_INCOMPLETE = 6,  /* report written, but more than --max-loss was lost */
};

#define CLI_MAX_PIDS 64

struct cli_common {
	pid_t pids[CLI_MAX_PIDS];
	size_t pid_count;
	const char *name;	/* -n, NULL when not given */
	bool follow_children;	/* -s */
	char **command;		/* after --, NULL-terminated, NULL when not given */
	bool has_all;		/* the tool has an option -a, all processes: for the words */
	bool is_everything;	/* it was given */
	bool has_screen;	/* the terminal is the tool's alone: set by an option of the tool */
	uint64_t duration_ns;	/* -d, 0: until stopped */
	uint64_t interval_ns;	/* -i, 0: not given */
	uint32_t top;		/* -T, default 10 */
	const char *output;	/* -o, NULL or "-" is stdout */
	bool force;		/* --force: may replace the output file */
	bool quiet;		/* -q */
	unsigned int verbosity; /* -v count */
};

/*
 * The argp child that parses into a struct cli_common: options -p/--pid (comma list, repeatable),
 * -n/--name, -s/--subprocesses, -d/--duration, -i/--interval, -T/--top, -o/--output, --force,
 * -q/--quiet, -v/--verbose. A tool lists it in its .children and sets
 * state->child_inputs[0] = &opt->common on ARGP_KEY_INIT.
 */
extern const struct argp cli_common_argp;

/* The part of it for tools that trace nothing: -o/--output, --force, -q/--quiet, -v/--verbose. The
 * rest of struct cli_common then stays as it was. */
extern const struct argp cli_basic_argp;

/* The part of that for what runs as a service and makes no report: -q/--quiet, -v/--verbose. */
extern const struct argp cli_talk_argp;

/* The X of --version: libbpf_version_string(), which this folder cannot call. A tool sets it before
 * cli_parse; NULL leaves the parenthesis out. */
extern const char *cli_libbpf_version;

/*
 * argp_parse with our conventions: -h/--help and -V/--version ("TOOL VERSION (libbpf X)") exit 0;
 * misuse prints one line "tool: what: why" plus "Try 'tool --help'" and exits EXIT_USAGE; exactly
 * one of -p, -n, -- is demanded; words after "--" become common->command, any other positional word
 * is misuse. Starts the log at the level asked for.
 */
void cli_parse(const char *tool, const struct argp *argp, int argc, char **argv, void *input,
	       struct cli_common *common);

/* The same with cli_basic_argp or cli_talk_argp: no target is asked for, words are the tool's own.
 */
void cli_parse_basic(const char *tool, const struct argp *argp, int argc, char **argv, void *input,
		     struct cli_common *common);

/* Misuse found after parsing: prints "tool: <format>" and the hint line, exits EXIT_USAGE. */
void cli_usage_error(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* argp is silent under cli_parse: these would say nothing and go on. */
#pragma GCC poison argp_error argp_failure argp_usage

#endif
