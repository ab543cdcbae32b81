// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* spawn: commands of every kind held before their first instruction, as the sudo user (rule S28).
 */
#include "fixture.h"
#include "tap.h"

#include "host/procfs.h"
#include "host/spawn.h"

#include <grp.h>
#include <pwd.h>

#define NO_ROOT	   "needs root"
#define EXIT_CODE  7
#define TEXT_SIZE  8192
#define CODE_BYTES 16

/* Writes to the file it is given and exits with EXIT_CODE. */
static const char program_source[] = "#include <stdio.h>\n"
				     "int main(int argc, char **argv)\n"
				     "{\n"
				     "	FILE *f = argc > 1 ? fopen(argv[1], \"w\") : NULL;\n"
				     "	if (!f || fputs(\"ran\", f) < 0 || fclose(f))\n"
				     "		return 1;\n"
				     "	return 7;\n"
				     "}\n";

static int compile(const char *cc, const char *flag, const char *to)
{
	const char *const argv[] = { cc, flag, "-o", to, in_scratch("program.c"), NULL };

	return run_program(argv);
}

static const char *process_text(pid_t pid, const char *file, char *buf)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	return read_text(path, buf, TEXT_SIZE);
}

/* AT_ENTRY of the auxiliary vector. */
static unsigned long entry_of(pid_t pid)
{
	_release_(closep) int fd = procfs_open(pid, "auxv");
	unsigned long item[2];

	must(fd >= 0);
	while (read(fd, item, sizeof(item)) == sizeof(item)) {
		if (item[0] == 9)
			return item[1];
	}
	return 0;
}

/* The last word of /proc/PID/syscall is the program counter, on every architecture. */
static bool is_at(pid_t pid, unsigned long address)
{
	char text[TEXT_SIZE], want[32];
	const char *at = strrchr(process_text(pid, "syscall", text), ' ');

	(void)snprintf(want, sizeof(want), " 0x%lx\n", address);
	return at && strcmp(at, want) == 0;
}

/* The process's code at @address is what its file has in the mapping there. */
static bool is_code_intact(pid_t pid, unsigned long address)
{
	_release_(closep) int mem = procfs_open(pid, "mem"), exe = procfs_open(pid, "exe");
	unsigned long start, end, offset;
	char text[TEXT_SIZE], memory[CODE_BYTES], file[CODE_BYTES], *line, *rest = text;

	must(mem >= 0 && exe >= 0);
	(void)process_text(pid, "maps", text);
	while ((line = strsep(&rest, "\n"))) {
		/* NOLINTNEXTLINE(cert-err34-c): the kernel's own text */
		if (sscanf(line, "%lx-%lx %*s %lx", &start, &end, &offset) != 3 ||
		    address < start || address >= end)
			continue;
		return pread(mem, memory, CODE_BYTES, (off_t)address) == CODE_BYTES &&
		       pread(exe, file, CODE_BYTES, (off_t)(address - start + offset)) ==
			       CODE_BYTES &&
		       memcmp(memory, file, CODE_BYTES) == 0;
	}
	return false;
}

static int exit_code(pid_t pid)
{
	int status;

	must(waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* @loads: part of the name of what its loader must have mapped, NULL when it has none. */
static void holds(const char *path, const char *loads, const char *what)
{
	const char *mark = in_scratch("mark");
	char *argv[] = { (char *)path, (char *)mark, NULL };
	struct process_stat st = { 0 };
	unsigned long entry;
	char text[TEXT_SIZE];
	pid_t pid = 0;
	int err;

	(void)unlink(mark);
	err = spawn_held(argv, false, &pid);
	is_int(err, 0, "%s is started", what);
	if (err)
		return;
	must(procfs_stat(pid, &st) == 0);
	entry = entry_of(pid);
	ok(st.state == 't' && st.tracer == getpid(), "%s is held", what);
	ok(is_at(pid, entry), "%s is at its entry point", what);
	ok(is_code_intact(pid, entry), "%s has no trace of a breakpoint", what);
	if (loads)
		ok(strstr(process_text(pid, "maps", text), loads) != NULL, "%s has its libraries",
		   what);
	sleep_ms(20);
	ok(!exists(mark), "%s has not run", what);
	is_int(spawn_release(pid), 0, "%s is released", what);
	is_int(exit_code(pid), EXIT_CODE, "%s runs to its end", what);
	is_text(read_text(mark, text, sizeof(text)), "ran", "%s did its work", what);
}

static void holds_every_kind(void)
{
	static const struct {
		const char *cc, *flag, *loads, *what;
	} cases[] = {
		{ "cc", "-pie", "libc.", "a position-independent program" },
		{ "cc", "-no-pie", "libc.", "a program at a fixed address" },
		{ "cc", "-static", NULL, "a static program" },
		{ "cc", "-static-pie", NULL, "a static position-independent program" },
		{ "musl-gcc", "-O1", "musl", "a program with musl's loader" },
	};

	write_file(in_scratch("program.c"), program_source, 0644);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *path = in_scratch("program%zu", i);

		if (compile(cases[i].cc, cases[i].flag, path) == 0)
			holds(path, cases[i].loads, cases[i].what);
		else
			skip(cases[i].what, "no compiler for it");
	}
	write_file(in_scratch("script"), "#!/bin/sh\nprintf ran >\"$1\"\nexit 7\n", 0755);
	holds(in_scratch("script"), "libc.", "a script");
	write_file(in_scratch("second"), "#!/usr/bin/env sh\nprintf ran >\"$1\"\nexit 7\n", 0755);
	holds(in_scratch("second"), "libc.", "a script by env");
}

static void finds_in_path(void)
{
	char *argv[] = { "true", NULL };
	pid_t pid = 0;

	is_int(spawn_held(argv, false, &pid), 0, "a command in PATH");
	is_int(spawn_release(pid), 0, "is released");
	is_int(exit_code(pid), 0, "and ends well");
	is_int(spawn_release(pid), -ESRCH, "releasing it again");
}

/* A program whose library is missing: its loader ends it. */
static void make_broken(const char *path)
{
	const char *const lib[] = { "cc",  "-shared",		"-o", in_scratch("libgone.so"),
				    "-xc", in_scratch("lib.c"), NULL };
	const char *const program[] = { "cc", "-o",    path,	 in_scratch("user.c"),
					"-L", scratch, "-lgone", NULL };

	write_file(in_scratch("lib.c"), "int gone(void) { return 0; }\n", 0644);
	write_file(in_scratch("user.c"), "int gone(void);\nint main(void) { return gone(); }\n",
		   0644);
	must(run_program(lib) == 0 && run_program(program) == 0);
	must(unlink(in_scratch("libgone.so")) == 0);
}

static void tells_why_not(void)
{
	static const struct {
		const char *name;
		int want;
		const char *what;
	} cases[] = {
		{ "missing", -ENOENT, "no such file" },
		{ "data", -EACCES, "not executable" },
		{ "folder", -EACCES, "a directory" },
		{ "data/x", -ENOTDIR, "below a file" },
		{ "lost", -ENOENT, "a script without its interpreter" },
		{ "broken", -ECHILD, "a program without its library" },
	};
	int out = dup(2), null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	must(out >= 0 && null >= 0 && dup2(null, 2) == 2); /* the loader's own complaint */
	write_file(in_scratch("data"), "data", 0644);
	write_file(in_scratch("lost"), "#!/no/such/interpreter\n", 0755);
	must(mkdir(in_scratch("folder"), 0755) == 0);
	make_broken(in_scratch("broken"));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *argv[] = { (char *)in_scratch("%s", cases[i].name), NULL };
		pid_t pid = -7;

		is_int(spawn_held(argv, false, &pid), cases[i].want, "%s", cases[i].what);
		is_int(pid, -7, "%s: the output is untouched", cases[i].what);
	}
	is_int(waitpid(-1, NULL, WNOHANG), -1, "no child is left");
	must(dup2(out, 2) == 2);
	(void)close(out);
	(void)close(null);
}

static bool is_gone(pid_t pid)
{
	struct process_stat st = { 0 };

	for (int i = 0; i < 200; i++) {
		if (procfs_stat(pid, &st) == -ESRCH || st.state == 'Z')
			return true;
		sleep_ms(10);
	}
	return false;
}

/* A tool that starts a command and dies, before or after it lets it go. */
static pid_t command_of_dead_tool(bool released)
{
	int fds[2];
	pid_t command = 0, tool;

	must(pipe2(fds, O_CLOEXEC) == 0);
	tool = fork();
	if (tool == 0) {
		char *argv[] = { "sleep", "60", NULL };
		bool is_fine = spawn_held(argv, false, &command) == 0 &&
			       (!released || spawn_release(command) == 0) &&
			       write(fds[1], &command, sizeof(command)) == sizeof(command);

		_exit(is_fine ? 0 : 1);
	}
	must(tool > 0 && exit_code(tool) == 0);
	must(read(fds[0], &command, sizeof(command)) == sizeof(command));
	(void)close(fds[0]);
	(void)close(fds[1]);
	return command;
}

static void outlives_only_when_released(void)
{
	pid_t held = command_of_dead_tool(false), released = command_of_dead_tool(true);
	struct process_stat st = { 0 };

	ok(is_gone(held), "a held command ends with the tool");
	sleep_ms(50);
	is_int(procfs_stat(released, &st), 0, "a released one goes on");
	ok(st.state == 'S' && st.tracer == 0, "untraced");
	(void)kill(released, SIGKILL);
}

/* What a signal sent while it is held does: it waits. */
static void keeps_signals(void)
{
	char *argv[] = { "sleep", "60", NULL };
	pid_t pid = 0;
	int status;

	must(spawn_held(argv, false, &pid) == 0);
	must(kill(pid, SIGTERM) == 0);
	is_int(spawn_release(pid), 0, "a signal came while it was held");
	must(waitpid(pid, &status, 0) == pid);
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM, "it is delivered");
}

/* By a command that touches no signal itself, as a shell may. */
/*
 * Signals 32 and 33 are glibc's own, which sigaction() refuses to touch: a parent such as make can
 * leave them ignored. They are taken out of the line.
 */
static const char *without_internal_signals(char *text)
{
	char *line = strstr(text, "SigIgn:\t00000001");

	if (line)
		memcpy(line, "SigIgn:\t000000000", strlen("SigIgn:\t000000000"));
	return text;
}

static const char *status_of_child(char *buf)
{
	const char *out = in_scratch("public/status");
	char *argv[] = { "cp", "/proc/self/status", (char *)out, NULL };
	pid_t pid = 0;

	must(spawn_held(argv, false, &pid) == 0 && spawn_release(pid) == 0);
	must(exit_code(pid) == 0);
	(void)read_text(out, buf, TEXT_SIZE);
	return without_internal_signals(buf);
}

static const char *report_of_child(char *buf)
{
	static const char script[] =
		"#!/bin/sh\nexec >\"$1\"\n"
		"echo $(id -u) $(id -g) $(id -G) ruid $(id -ru)\n"
		"echo \"$HOME,${USER-none},${LOGNAME-none}\"\n"
		"echo fds $(ls /proc/self/fd)\n"
		"grep -E '^(SigBlk|SigIgn|CapEff|CapPrm|CapAmb)' /proc/self/status\n";
	const char *path = in_scratch("reporter"), *out = in_scratch("public/report");
	char *argv[] = { (char *)path, (char *)out, NULL };
	pid_t pid = 0;

	write_file(path, script, 0755);
	(void)unlink(out);
	must(spawn_held(argv, false, &pid) == 0 && spawn_release(pid) == 0);
	must(exit_code(pid) == 0);
	(void)read_text(out, buf, TEXT_SIZE);
	return without_internal_signals(buf);
}

static const char clean_state[] = "fds 0 1 2 3\n" /* 3 is that of ls */
				  "SigBlk:\t0000000000000000\n"
				  "SigIgn:\t0000000000000000\n"
				  "CapPrm:\t0000000000000000\n"
				  "CapEff:\t0000000000000000\n"
				  "CapAmb:\t0000000000000000\n";

static void runs_as_sudo_user(void)
{
	const struct passwd *nobody = getpwuid(65534);
	char text[TEXT_SIZE], want[TEXT_SIZE];

	if (geteuid() != 0) {
		skip("the command runs as the sudo user", NO_ROOT);
		return;
	}
	must(nobody);
	must(setgroups(1, &(gid_t){ 12345 }) == 0); /* ours, not that user's */
	must(setenv("SUDO_UID", "65534", 1) == 0 && setenv("SUDO_GID", "65534", 1) == 0);
	(void)snprintf(want, sizeof(want), "65534 65534 65534 ruid 65534\n%s,%s,%s\n%s",
		       nobody->pw_dir, nobody->pw_name, nobody->pw_name, clean_state);
	is_text(report_of_child(text), want, "the command runs as the sudo user");

	must(setenv("SUDO_UID", "54321", 1) == 0 && setenv("SUDO_GID", "54322", 1) == 0);
	(void)snprintf(want, sizeof(want), "54321 54322 54322 ruid 54321\n/,none,none\n%s",
		       clean_state);
	is_text(report_of_child(text), want, "one without a passwd entry too");

	must(setenv("SUDO_UID", "0", 1) == 0);
	ok(strncmp(report_of_child(text), "0 0 0", 5) == 0, "sudo by root stays root");
	must(unsetenv("SUDO_UID") == 0 && unsetenv("SUDO_GID") == 0);
}

/* The test leaves everything open, ignored and blocked that a command must not see. */
static void starts_clean(void)
{
	sigset_t some;
	char text[TEXT_SIZE];
	int leaked = open("/dev/null", O_RDONLY); /* NOLINT(android-cloexec-open): meant */

	must(leaked >= 0 && dup2(leaked, 77) == 77);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGINT, SIG_IGN);
	(void)sigemptyset(&some);
	(void)sigaddset(&some, SIGTERM);
	(void)sigaddset(&some, SIGUSR1);
	must(sigprocmask(SIG_BLOCK, &some, NULL) == 0);
	must(mkdir(in_scratch("public"), 0777) == 0 && chmod(in_scratch("public"), 0777) == 0);
	ok(strstr(report_of_child(text), "fds 0 1 2 3\n") != NULL, "no descriptor is inherited");
	(void)status_of_child(text);
	ok(strstr(text, "SigBlk:\t0000000000000000\n") != NULL, "no signal is blocked");
	ok(strstr(text, "SigIgn:\t0000000000000000\n") != NULL, "none is ignored");
	runs_as_sudo_user();
	must(sigprocmask(SIG_UNBLOCK, &some, NULL) == 0);
	(void)close(leaked);
	(void)close(77);
}

/* What its standard input and error are, in one line, when ours are a terminal. */
static const char *descriptors_of_child(bool leaves_terminal, char *buf)
{
	const char *out = in_scratch("descriptors");
	char *argv[] = { "sh", "-c",	    "echo $(readlink /proc/$$/fd/0 /proc/$$/fd/2) >\"$1\"",
			 "sh", (char *)out, NULL };
	int terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	int saved_in = dup(STDIN_FILENO), saved_err = dup(STDERR_FILENO);
	char *name = terminal < 0 ? NULL : ptsname(terminal);
	pid_t pid = 0;
	int fd;

	must(name && grantpt(terminal) == 0 && unlockpt(terminal) == 0);
	fd = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	must(fd >= 0 && dup2(fd, STDIN_FILENO) == 0 && dup2(fd, STDERR_FILENO) == 2);
	must(spawn_held(argv, leaves_terminal, &pid) == 0 && spawn_release(pid) == 0);
	must(exit_code(pid) == 0);
	(void)read_text(out, buf, TEXT_SIZE);
	must(dup2(saved_in, STDIN_FILENO) == 0 && dup2(saved_err, STDERR_FILENO) == 2);
	(void)close(fd);
	(void)close(terminal);
	(void)close(saved_in);
	(void)close(saved_err);
	return buf;
}

static void leaves_terminal(void)
{
	char text[TEXT_SIZE];

	ok(strncmp(descriptors_of_child(false, text), "/dev/pts/", 9) == 0,
	   "the command has our terminal");
	is_text(descriptors_of_child(true, text), "/dev/null /dev/null\n",
		"or nothing in its place");
}

int main(void)
{
	make_scratch();
	(void)unsetenv("SUDO_UID");
	(void)unsetenv("SUDO_GID");
	holds_every_kind();
	finds_in_path();
	tells_why_not();
	outlives_only_when_released();
	keeps_signals();
	leaves_terminal();
	starts_clean();
	return tap_done();
}
