// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The common command line, each case in a child: its status, its stdout, its stderr. */
#include "base/scope.h"
#include "host/cli.h"
#include "host/log.h"
#include "tap.h"

#include <sys/wait.h>

#define MAX_WORDS 16
#define HINT	  "Try 'test-tool --help'\n"

struct options {
	struct cli_common common;
	const char *format;
};

static error_t parse_own(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->common;
		return 0;
	case 'f':
		o->format = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option own_options[] = {
	{ "format", 'f', "FORMAT", 0, "The tool's own option", 0 },
	{ 0 },
};
static const struct argp_child children[] = { { &cli_common_argp, 0, NULL, 0 }, { 0 } };
static const struct argp own_argp = {
	.options = own_options,
	.parser = parse_own,
	.doc = "A tool for this test.",
	.children = children,
};

/* What was understood, as text to compare. */
static void print_options(const struct options *o)
{
	const struct cli_common *c = &o->common;

	for (size_t i = 0; i < c->pid_count; i++)
		printf("pid %d ", c->pids[i]);
	if (c->name)
		printf("name %s ", c->name);
	for (char **word = c->command; word && *word; word++)
		printf("word %s ", *word);
	if (c->duration_ns)
		printf("d %llu ", (unsigned long long)c->duration_ns);
	if (c->interval_ns)
		printf("i %llu ", (unsigned long long)c->interval_ns);
	if (c->output)
		printf("o %s ", c->output);
	if (o->format)
		printf("f %s ", o->format);
	printf("T %u%s%s%s v%u log%d", c->top, c->follow_children ? " s" : "",
	       c->force ? " force" : "", c->quiet ? " q" : "", c->verbosity, log_level());
}

struct outcome {
	int status;
	char out[4096], err[4096];
};

static void read_all(int fd, char *buf, size_t size)
{
	size_t len = 0;
	ssize_t got;

	while (len + 1 < size && (got = read(fd, buf + len, size - 1 - len)) > 0)
		len += (size_t)got;
	buf[len] = '\0';
	(void)close(fd);
}

static _Noreturn void run_child(const char *line)
{
	char words[512];
	char *argv[MAX_WORDS + 1] = { "./some/path" }, *rest = words;
	struct options o = { 0 };
	int argc = 1;

	(void)snprintf(words, sizeof(words), "%s", line);
	for (char *word = strsep(&rest, " "); word && *line; word = strsep(&rest, " "))
		argv[argc++] = word;
	cli_parse("test-tool", &own_argp, argc, argv, &o, &o.common);
	print_options(&o);
	exit(0);
}

/* @line is split at blanks; its output fits a pipe, so the child never waits for us. */
static struct outcome run(const char *line)
{
	struct outcome got = { 0 };
	int out[2], err[2], status = 0;
	pid_t child;

	if (pipe(out) < 0 || pipe(err) < 0)
		return (struct outcome){ .status = -1 };
	child = fork();
	if (child == 0) {
		(void)dup2(out[1], STDOUT_FILENO);
		(void)dup2(err[1], STDERR_FILENO);
		run_child(line);
	}
	(void)close(out[1]);
	(void)close(err[1]);
	read_all(out[0], got.out, sizeof(got.out));
	read_all(err[0], got.err, sizeof(got.err));
	(void)waitpid(child, &status, 0);
	got.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	return got;
}

static const struct {
	const char *line, *out;
} good[] = {
	{ "-p 1", "pid 1 T 10 v0 log1" },
	{ "-p 1,2,4194304", "pid 1 pid 2 pid 4194304 T 10 v0 log1" },
	{ "-p 1,2 --pid=3 -p 2", "pid 1 pid 2 pid 3 T 10 v0 log1" },
	{ "-n nginx -s", "name nginx T 10 s v0 log1" },
	{ "-- ls -l -p 1", "word ls word -l word -p word 1 T 10 v0 log1" },
	{ "-d 2m -- env -- x", "word env word -- word x d 120000000000 T 10 v0 log1" },
	{ "-p1 -d 1.5 -i250ms -T3 -o out.txt --force",
	  "pid 1 d 1500000000 i 250000000 o out.txt T 3 force v0 log1" },
	{ "-p 1 -f json", "pid 1 f json T 10 v0 log1" },
	{ "-p 1 -v", "pid 1 T 10 v1 log2" },
	{ "-p 1 -vvv", "pid 1 T 10 v3 log3" },
	{ "-p 1 -q", "pid 1 T 10 q v0 log0" },
};

static const struct {
	const char *line, *err;
} misuse[] = {
	{ "", "no target: give one of -p PID, -n NAME or -- COMMAND\n" },
	{ "--", "no target: give one of -p PID, -n NAME or -- COMMAND\n" },
	{ "-p 1 -n x", "more than one target: give only one of -p, -n and --\n" },
	{ "-p 1 -- ls", "more than one target: give only one of -p, -n and --\n" },
	{ "-p 1,2,x", "-p 1,2,x: 'x' is not a process id (1 to 4194304)\n" },
	{ "-p 1,,2", "-p 1,,2: '' is not a process id (1 to 4194304)\n" },
	{ "-p 1,", "-p 1,: '' is not a process id (1 to 4194304)\n" },
	{ "-p 0", "-p 0: '0' is not a process id (1 to 4194304)\n" },
	{ "-p -1", "-p -1: '-1' is not a process id (1 to 4194304)\n" },
	{ "-p 4194305", "-p 4194305: '4194305' is not a process id (1 to 4194304)\n" },
	{ "-p 00000000001", "-p 00000000001: '00000000001' is not a process id (1 to 4194304)\n" },
	{ "-p 1 -d abc", "-d abc: not a time (examples: 30, 250ms, 2m)\n" },
	{ "-p 1 -d 0", "-d 0: not a time (examples: 30, 250ms, 2m)\n" },
	{ "-p 1 -i 999999999d", "-i 999999999d: too long\n" },
	{ "-p 1 -T 0", "-T 0: not a number of rows (1 or more)\n" },
	{ "-p 1 -T -3", "-T -3: not a number of rows (1 or more)\n" },
	{ "--name=", "-n: the name is empty\n" },
	{ "-p 1 stray", "stray: unexpected word (a command to run goes after --)\n" },
	{ "stray -- ls", "stray: unexpected word (a command to run goes after --)\n" },
	{ "-p 1 a\x1b[31mb", "a\\x1b[31mb: unexpected word (a command to run goes after --)\n" },
	{ "-p 1 --frobnicate", "unrecognized option '--frobnicate'\n" },
	{ "-p 1 -Z", "invalid option -- 'Z'\n" },
	{ "-p", "option requires an argument -- 'p'\n" },
	{ "--force=yes -p 1", "option '--force' doesn't allow an argument\n" },
	{ "--usage", "unrecognized option '--usage'\n" },
};

static void test_good(void)
{
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct outcome got = run(good[i].line);

		is_int(got.status, 0, "%s: status", good[i].line);
		is_text(got.out, good[i].out, "%s: understood", good[i].line);
		is_text(got.err, "", "%s: no talk", good[i].line);
	}
}

static void test_misuse(void)
{
	for (size_t i = 0; i < sizeof(misuse) / sizeof(misuse[0]); i++) {
		struct outcome got = run(misuse[i].line);
		char want[512];

		(void)snprintf(want, sizeof(want), "test-tool: %s" HINT, misuse[i].err);
		is_int(got.status, EXIT_USAGE, "misuse %zu: status", i);
		is_text(got.err, want, "misuse %zu: one line and the hint", i);
		is_text(got.out, "", "misuse %zu: nothing on stdout", i);
	}
}

static void test_too_many_pids(void)
{
	char line[512] = "-p 1";
	struct outcome got;

	for (int pid = 2; pid <= CLI_MAX_PIDS + 1; pid++) {
		size_t len = strlen(line);

		(void)snprintf(line + len, sizeof(line) - len, ",%d", pid);
	}
	got = run(line);
	is_int(got.status, EXIT_USAGE, "one process too many is misuse");
	ok(strstr(got.err, ": more than 64 processes\n"), "and says so");
	*strrchr(line, ',') = '\0';
	is_int(run(line).status, 0, "the limit itself is fine");
}

static void test_help(void)
{
	static const char *const lines[] = { "-h", "--help", "-p 1 --help" };
	static const char *const options[] = {
		"-p, --pid=PID[,PID...]", "-n, --name=NAME",	 "-s, --subprocesses",
		"-d, --duration=TIME",	  "-i, --interval=TIME", "-T, --top=N",
		"-o, --output=FILE",	  "    --force",	 "-q, --quiet",
		"-v, --verbose",	  "-h, --help",		 "-V, --version",
		"-f, --format=FORMAT",
	};
	struct outcome got;

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		got = run(lines[i]);
		is_int(got.status, 0, "%s: status", lines[i]);
		ok(strstr(got.out, "Usage: test-tool") && !*got.err, "%s: on stdout", lines[i]);
	}
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		ok(strstr(got.out, options[i]), "help names %s", options[i]);
}

static void test_version(void)
{
	struct outcome got = run("-V");

	is_int(got.status, 0, "-V: status");
	is_text(got.out, "test-tool " VERSION "\n", "-V without libbpf's version");
	cli_libbpf_version = "v9.9";
	is_text(run("--version").out, "test-tool " VERSION " (libbpf v9.9)\n", "and with it");
}

int main(void)
{
	(void)fflush(stdout);
	test_good();
	test_misuse();
	test_too_many_pids();
	test_help();
	test_version();
	return tap_done();
}
