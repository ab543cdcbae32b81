// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The common options. argp is told to be silent (state->err_stream) so that every misuse reads the
 * same: one line of ours, or getopt's for options it does not know, and the hint.
 */
#include "host/cli.h"

#include "base/parse.h"
#include "host/log.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_TOP   10
#define MAX_PID	      4194304 /* PID_MAX_LIMIT of 64-bit kernels */
#define MAX_PID_CHARS 7
#define KEY_FORCE     0x100

const char *cli_libbpf_version;

static const struct argp_option basic_options[] = {
	{ "output", 'o', "FILE", 0, "Write the report to FILE instead of standard output", 3 },
	{ "force", KEY_FORCE, NULL, 0, "Replace FILE when it exists", 3 },
	{ 0 },
};

static const struct argp_option talk_options[] = {
	{ "quiet", 'q', NULL, 0, "Say nothing but errors", 4 },
	{ "verbose", 'v', NULL, 0, "Say more; -vv still more", 4 },
	{ "help", 'h', NULL, 0, "Print this help", -1 },
	{ "version", 'V', NULL, 0, "Print the version", -1 },
	{ 0 },
};

static const struct argp_option tracing_options[] = {
	{ "pid", 'p', "PID[,PID...]", 0, "Trace these running processes", 1 },
	{ "name", 'n', "NAME", 0, "Trace the processes of this name", 1 },
	{ "subprocesses", 's', NULL, 0, "Follow their children too", 1 },
	{ "duration", 'd', "TIME", 0, "Stop after TIME: 30, 250ms, 2m (default: until Ctrl-C)", 2 },
	{ "interval", 'i', "TIME", 0, "Report every TIME", 2 },
	{ "top", 'T', "N", 0, "Show the first N rows (default: 10)", 3 },
	{ 0 },
};

static _Noreturn void exit_with_hint(const char *tool)
{
	(void)fprintf(stderr, "Try '%s --help'\n", tool);
	exit(EXIT_USAGE);
}

void cli_usage_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_vline(LOG_ERROR, format, args);
	va_end(args);
	exit_with_hint(log_tool());
}

static bool is_known_pid(const struct cli_common *c, pid_t pid)
{
	for (size_t i = 0; i < c->pid_count; i++) {
		if (c->pids[i] == pid)
			return true;
	}
	return false;
}

static void add_pid(struct cli_common *c, const char *list, const char *part, size_t len)
{
	char digits[MAX_PID_CHARS + 1] = "";
	uint64_t pid = 0;

	if (len <= MAX_PID_CHARS)
		memcpy(digits, part, len);
	if (parse_u64(digits, MAX_PID, &pid) || pid == 0)
		cli_usage_error("-p %s: '%.*s' is not a process id (1 to %d)", list, (int)len, part,
				MAX_PID);
	if (is_known_pid(c, (pid_t)pid))
		return;
	if (c->pid_count == CLI_MAX_PIDS)
		cli_usage_error("-p %s: more than %d processes", list, CLI_MAX_PIDS);
	c->pids[c->pid_count++] = (pid_t)pid;
}

static void add_pids(struct cli_common *c, const char *list)
{
	const char *part = list;

	for (;;) {
		size_t len = strcspn(part, ",");

		add_pid(c, list, part, len);
		if (part[len] == '\0')
			return;
		part += len + 1;
	}
}

static uint64_t duration_of(const char *option, const char *text)
{
	uint64_t ns = 0;
	int err = parse_duration_ns(text, &ns);

	if (err == -ERANGE)
		cli_usage_error("%s %s: too long", option, text);
	if (err)
		cli_usage_error("%s %s: not a time (examples: 30, 250ms, 2m)", option, text);
	return ns;
}

static uint32_t top_of(const char *text)
{
	uint64_t top = 0;

	if (parse_u64(text, UINT32_MAX, &top) || top == 0)
		cli_usage_error("-T %s: not a number of rows (1 or more)", text);
	return (uint32_t)top;
}

static _Noreturn void print_version(const struct argp_state *state)
{
	if (cli_libbpf_version)
		(void)printf("%s %s (libbpf %s)\n", state->name, VERSION, cli_libbpf_version);
	else
		(void)printf("%s %s\n", state->name, VERSION);
	exit(EXIT_DONE);
}

/* A word that is no option: the command, or a mistake. */
static void take_word(struct cli_common *c, const char *word, struct argp_state *state)
{
	if (!state->quoted)
		cli_usage_error("%s: unexpected word (a command to run goes after --)", word);
	c->command = &state->argv[state->next - 1];
	state->next = state->argc;
}

static error_t parse_talk(int key, char *arg, struct argp_state *state)
{
	struct cli_common *c = state->input;

	(void)arg;
	switch (key) {
	case ARGP_KEY_INIT:
		state->err_stream = NULL;
		assert(c && "the tool's parser sets child_inputs[0]");
		return 0;
	case 'q':
		c->quiet = true;
		return 0;
	case 'v':
		c->verbosity++;
		return 0;
	case 'h':
		argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
		return 0;
	case 'V':
		print_version(state);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse_basic(int key, char *arg, struct argp_state *state)
{
	struct cli_common *c = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = c;
		return 0;
	case 'o':
		c->output = arg;
		return 0;
	case KEY_FORCE:
		c->force = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse_tracing(int key, char *arg, struct argp_state *state)
{
	struct cli_common *c = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = c;
		return 0;
	case 'p':
		add_pids(c, arg);
		return 0;
	case 'n':
		if (*arg == '\0')
			cli_usage_error("-n: the name is empty");
		c->name = arg;
		return 0;
	case 's':
		c->follow_children = true;
		return 0;
	case 'd':
		c->duration_ns = duration_of("-d", arg);
		return 0;
	case 'i':
		c->interval_ns = duration_of("-i", arg);
		return 0;
	case 'T':
		c->top = top_of(arg);
		return 0;
	case ARGP_KEY_ARG:
		take_word(c, arg, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp cli_talk_argp = { .options = talk_options, .parser = parse_talk };

static const struct argp_child talk_child[] = { { &cli_talk_argp, 0, NULL, 0 }, { 0 } };
const struct argp cli_basic_argp = {
	.options = basic_options,
	.parser = parse_basic,
	.children = talk_child,
};

static const struct argp_child basic_child[] = { { &cli_basic_argp, 0, NULL, 0 }, { 0 } };
const struct argp cli_common_argp = {
	.options = tracing_options,
	.parser = parse_tracing,
	.children = basic_child,
};

static enum log_level level_of(const struct cli_common *c)
{
	if (c->quiet)
		return LOG_ERROR;
	return c->verbosity >= 2 ? LOG_DEBUG : c->verbosity == 1 ? LOG_INFO : LOG_WARN;
}

/*
 * A standard descriptor that was closed would become the first file we open, and get our talk. In
 * its place comes /dev/null, for reading: what is written there fails, as it should.
 */
static void fill_standard_descriptors(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDONLY); /* NOLINT(android-cloexec-open): a standard one */
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		(void)close(fd);
}

void cli_parse_basic(const char *tool, const struct argp *argp, int argc, char **argv, void *input,
		     struct cli_common *common)
{
	fill_standard_descriptors();
	log_init(tool, LOG_WARN);
	argp_err_exit_status = EXIT_USAGE;
	if (argc > 0)
		argv[0] = (char *)tool; /* what getopt and argp call us; neither writes to it */
	/* in order, or a stray word before "--" would look like a part of the command */
	if (argp_parse(argp, argc, argv, ARGP_NO_HELP | ARGP_IN_ORDER, NULL, input))
		exit_with_hint(tool);
	log_init(tool, level_of(common));
}

void cli_parse(const char *tool, const struct argp *argp, int argc, char **argv, void *input,
	       struct cli_common *common)
{
	int targets;

	if (common->top == 0)
		common->top = DEFAULT_TOP;
	cli_parse_basic(tool, argp, argc, argv, input, common);
	targets = (common->pid_count > 0) + !!common->name + !!common->command +
		  common->is_everything;
	if (targets == 0)
		cli_usage_error("no target: give one of -p PID, -n NAME%s or -- COMMAND",
				common->has_all ? ", -a" : "");
	if (targets > 1)
		cli_usage_error("more than one target: give only one of -p, -n%s and --",
				common->has_all ? ", -a" : "");
}
