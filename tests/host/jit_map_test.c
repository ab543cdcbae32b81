// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* jit_map: which perf map is believed (rules S4, S6, S7), and how it is followed while it grows. */
#include "fixture.h"
#include "tap.h"

#include "host/jit_map.h"
#include "host/log.h"

#include <sched.h>

#define NO_ROOT "needs root"
#define USER	12345

/* A process, the map it would write, and what follows it. */
struct subject {
	pid_t pid;
	char path[PATH_MAX], other[PATH_MAX]; /* other: beside it, free to use */
	struct target target;
	struct jit_map *map;
};

static int heard_fd, saved_stderr;

/* What is said from here on goes into a file... */
static void listen_up(void)
{
	heard_fd = open(in_scratch("heard"), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	saved_stderr = dup(STDERR_FILENO);
	must(heard_fd >= 0 && saved_stderr >= 0 && dup2(heard_fd, STDERR_FILENO) >= 0);
}

/* ...until here. */
static const char *heard(void)
{
	static char text[4096];

	must(dup2(saved_stderr, STDERR_FILENO) >= 0);
	(void)close(saved_stderr);
	(void)close(heard_fd);
	return read_text(in_scratch("heard"), text, sizeof(text));
}

static int lines_of(const char *text)
{
	int count = 0;

	for (; *text; text++)
		count += *text == '\n';
	return count;
}

/* In place: the map keeps a pointer to the target. */
static void start_subject(struct subject *s, uid_t uid)
{
	int ready[2];
	char c;

	*s = (struct subject){ 0 };
	must(pipe2(ready, O_CLOEXEC) == 0);
	s->pid = fork();
	must(s->pid >= 0);
	if (s->pid == 0) {
		if (uid && setresuid(uid, uid, uid))
			_exit(1);
		(void)close(ready[1]);
		idle();
	}
	(void)close(ready[1]);
	must(read(ready[0], &c, 1) == 0);
	(void)close(ready[0]);
	(void)snprintf(s->path, sizeof(s->path), "/tmp/perf-%d.map", (int)s->pid);
	(void)snprintf(s->other, sizeof(s->other), "/tmp/perf-%d.other", (int)s->pid);
	(void)unlink(s->other);
	(void)unlink(s->path); /* of an earlier process with this number, killed by force */
	must(target_open(&s->target, s->pid, NULL) == 0);
	must(jit_map_open(&s->target, &s->map) == 0);
}

static void end_subject(struct subject *s)
{
	jit_map_free(s->map);
	target_done(&s->target);
	end_child(s->pid);
	(void)remove(s->path);
	(void)remove(s->other);
}

static void append(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);

	must(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	(void)close(fd);
}

static const char *name_at(const struct subject *s, uint64_t addr)
{
	const char *name;
	uint64_t start;

	return jit_map_find(s->map, addr, &name, &start) ? name : "none";
}

static void grows(void)
{
	struct subject s;

	start_subject(&s, 0);
	listen_up();
	is_int(jit_map_refresh(s.map), 0, "no file yet");
	is_text(name_at(&s, 0x1000), "none", "no names");
	write_file(s.path, "1000 10 JS:*a /srv/app.js:1:2\n", 0644);
	is_int(jit_map_refresh(s.map), 0, "a file that came later");
	is_text(name_at(&s, 0x100f), "JS:*a /srv/app.js:1:2", "is read");
	is_int(jit_map_refresh(s.map), 0, "nothing new");
	append(s.path, "2000 10 b\n30");
	is_int(jit_map_refresh(s.map), 0, "one and a half lines more");
	is_text(name_at(&s, 0x2000), "b", "the whole one is read");
	append(s.path, "00 10 c\n1000 8 d\x1b\n");
	is_int(jit_map_refresh(s.map), 0, "the other half");
	is_text(name_at(&s, 0x3000), "c", "is joined");
	is_text(name_at(&s, 0x1000), "d\\x1b", "a later line wins, and is clean");
	is_text(name_at(&s, 0x1008), "JS:*a /srv/app.js:1:2", "where it is");
	end_subject(&s);
	is_text(heard(), "", "nothing was said");
}

static void is_cut_and_replaced(void)
{
	struct subject s;

	start_subject(&s, 0);
	listen_up();
	write_file(s.path, "1000 10 first\n2000 10 second\n", 0644);
	must(jit_map_refresh(s.map) == 0 && truncate(s.path, 0) == 0);
	is_int(jit_map_refresh(s.map), 0, "a file that was cut");
	is_text(name_at(&s, 0x1000), "none", "is forgotten");
	append(s.path, "1000 10 third\n");
	is_int(jit_map_refresh(s.map), 0, "and written again");
	is_text(name_at(&s, 0x1000), "third", "is read from its start");
	write_file(s.path, "3000 10 fourth\n4000 10 longer than what was there before\n", 0644);
	is_int(jit_map_refresh(s.map), 0, "cut and written between two looks");
	is_text(name_at(&s, 0x3000), "fourth", "is read from its start");
	is_text(name_at(&s, 0x1000), "none", "the old is forgotten");
	must(rename(s.path, s.other) == 0);
	append(s.other, "5000 10 fifth\n");
	is_int(jit_map_refresh(s.map), 0, "a file that disappeared");
	is_text(name_at(&s, 0x3000), "fourth", "is still known");
	is_text(name_at(&s, 0x5000), "fifth", "and followed where it is");
	write_file(s.path, "1000 10 sixth\n", 0644);
	is_int(jit_map_refresh(s.map), 0, "another in its place");
	is_text(name_at(&s, 0x1000), "sixth", "is read");
	is_text(name_at(&s, 0x3000), "none", "instead");
	end_child(s.pid);
	is_int(jit_map_refresh(s.map), 0, "when the process has ended");
	is_text(name_at(&s, 0x1000), "sixth", "its names stay");
	end_subject(&s);
	is_text(heard(), "", "nothing was said");
}

#define LINE "1000 10 evil\n"

static void make_symlink(const struct subject *s)
{
	write_file(s->other, LINE, 0644);
	must(symlink(s->other, s->path) == 0);
}

static void make_fifo(const struct subject *s)
{
	must(mkfifo(s->path, 0644) == 0);
}

static void make_directory(const struct subject *s)
{
	must(mkdir(s->path, 0755) == 0);
}

static void make_hard_link(const struct subject *s)
{
	write_file(s->path, LINE, 0644);
	must(link(s->path, s->other) == 0);
}

static void make_group_writable(const struct subject *s)
{
	write_file(s->path, LINE, 0664);
}

static void make_world_writable(const struct subject *s)
{
	write_file(s->path, LINE, 0646);
}

static void make_huge(const struct subject *s)
{
	write_file(s->path, LINE, 0644);
	must(truncate(s->path, 300ll << 20) == 0);
}

static void make_old(const struct subject *s)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_NOW } };

	write_file(s->path, LINE, 0644);
	times[1].tv_sec = time(NULL) - 60;
	must(utimensat(AT_FDCWD, s->path, times, 0) == 0);
}

static void make_ancient(const struct subject *s)
{
	const struct timespec times[2] = { { .tv_sec = -5 }, { .tv_sec = -5 } };

	write_file(s->path, LINE, 0644);
	must(utimensat(AT_FDCWD, s->path, times, 0) == 0);
}

static void make_others(const struct subject *s)
{
	write_file(s->path, LINE, 0644);
	must(chown(s->path, USER + 1, 0) == 0);
}

static const struct {
	const char *what;
	void (*make)(const struct subject *s);
	const char *reason;
	bool needs_root;
} refused[] = {
	{ "a symbolic link", make_symlink, "it is a symbolic link", false },
	{ "a FIFO", make_fifo, "it is not a regular file", false },
	{ "a directory", make_directory, "it is not a regular file", false },
	{ "a second name", make_hard_link, "it has more names (hard links)", false },
	{ "a file its group may write to", make_group_writable, "others may write to it", false },
	{ "a file all may write to", make_world_writable, "others may write to it", false },
	{ "300 MB of nothing", make_huge, "it is larger than 256 MiB", false },
	{ "an earlier process's", make_old, "it was written before the process started", false },
	{ "one from before 1970", make_ancient, "it was written before the process started",
	  false },
	{ "another user's", make_others, "it belongs to another user", true },
};

static void refuses(void)
{
	(void)alarm(20); /* a FIFO opened the wrong way waits for ever */
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct subject s;
		const char *said;

		if (refused[i].needs_root && geteuid() != 0) {
			skip(refused[i].what, NO_ROOT);
			continue;
		}
		start_subject(&s, 0);
		refused[i].make(&s);
		listen_up();
		for (int n = 0; n < 3; n++)
			/* cppcheck-suppress invalidPrintfArgType_sint */
			is_int(jit_map_refresh(s.map), 0, "look %d: %s", n, refused[i].what);
		said = heard();
		is_text(name_at(&s, 0x1000), "none", "is not believed");
		ok(lines_of(said) == 1 && strstr(said, refused[i].reason) && strstr(said, s.path),
		   "which is said once: %s", said);
		must(remove(s.path) == 0);
		write_file(s.path, "1000 10 good\n", 0600);
		is_int(jit_map_refresh(s.map), 0, "a good one in its place");
		is_text(name_at(&s, 0x1000), "good", "is");
		end_subject(&s);
	}
	(void)alarm(0);
}

static void refuses_later(void)
{
	struct subject s;

	start_subject(&s, 0);
	write_file(s.path, "1000 10 good\n", 0644);
	must(jit_map_refresh(s.map) == 0);
	append(s.path, "2000 10 evil\n");
	must(chmod(s.path, 0666) == 0);
	listen_up();
	is_int(jit_map_refresh(s.map), 0, "a file that becomes writable for all");
	is_int(lines_of(heard()), 1, "is refused");
	is_text(name_at(&s, 0x1000), "good", "what it said before stays");
	is_text(name_at(&s, 0x2000), "none", "what it says now is not read");
	end_subject(&s);
}

/* As a server that was started by root and gave its rights away: its /proc belongs to root. */
static void knows_owners(void)
{
	static const struct {
		uid_t owner;
		const char *name, *what;
	} cases[] = {
		{ USER, "good", "its own user's file is believed" },
		{ 0, "good", "root's is" },
		{ USER + 1, "none", "another's is not" },
	};

	if (geteuid() != 0) {
		skip("owners", NO_ROOT);
		return;
	}
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct subject s;

		start_subject(&s, USER);
		write_file(s.path, "1000 10 good\n", 0644);
		must(chown(s.path, cases[i].owner, 0) == 0);
		listen_up();
		must(jit_map_refresh(s.map) == 0);
		is_int(lines_of(heard()), cases[i].name[0] == 'n', "a word when refused");
		is_text(name_at(&s, 0x1000), cases[i].name, "%s", cases[i].what);
		end_subject(&s);
	}
}

/* This program as a map: of all binary junk the most at hand. */
static void reads_junk(void)
{
	struct subject s;
	const char *const copy[] = { "cp", "/proc/self/exe", s.path, NULL };

	start_subject(&s, 0);
	must(run_program(copy) == 0 && chmod(s.path, 0644) == 0);
	append(s.path, "\n1000 10 good\n");
	is_int(jit_map_refresh(s.map), 0, "binary junk");
	is_text(name_at(&s, 0x1000), "good", "a line behind it is found");
	end_subject(&s);
}

static void fill(const char *path, const char *line, size_t count)
{
	FILE *f = fopen(path, "we");

	must(f);
	for (size_t i = 0; i < count; i++)
		must(fputs(line, f) >= 0);
	must(fclose(f) == 0 && chmod(path, 0644) == 0);
}

static void is_bounded(void)
{
	static const char line[] = "2000 10 a name of some length, so that there need be few\n";
	struct subject s;

	start_subject(&s, 0);
	fill(s.path, line, JIT_MAP_REFRESH_BYTES / strlen(line) + 1000);
	append(s.path, "1000 10 last\n");
	is_int(jit_map_refresh(s.map), 1, "a large file is read in parts");
	is_text(name_at(&s, 0x1000), "none", "not to its end");
	is_int(jit_map_refresh(s.map), 0, "the next time the rest");
	is_text(name_at(&s, 0x1000), "last", "is read");
	fill(s.path, "1000 1 x\n", 2000001);
	listen_up();
	is_int(jit_map_refresh(s.map), 1, "too many lines");
	is_int(jit_map_refresh(s.map), -E2BIG, "are refused");
	is_int(jit_map_refresh(s.map), -E2BIG, "always");
	is_int(lines_of(heard()), 1, "and named once");
	is_text(name_at(&s, 0x1000), "x", "those read are known");
	end_subject(&s);
}

/* Process 1 of its own namespace, in its own root. The last test: children stay in there. */
static void finds_the_map_of_a_container(void)
{
	struct subject s = { 0 };
	int ready[2];
	char c;

	if (geteuid() != 0) {
		skip("the map of a container", NO_ROOT);
		return;
	}
	must(mkdir(in_scratch("jail"), 0755) == 0 && mkdir(in_scratch("jail/tmp"), 0755) == 0);
	must(pipe2(ready, O_CLOEXEC) == 0 && unshare(CLONE_NEWPID) == 0);
	s.pid = fork();
	must(s.pid >= 0);
	if (s.pid == 0) {
		if (chroot(in_scratch("jail")) || chdir("/"))
			_exit(1);
		(void)close(ready[1]);
		idle();
	}
	(void)close(ready[1]);
	must(read(ready[0], &c, 1) == 0);
	(void)close(ready[0]);
	must(target_open(&s.target, s.pid, NULL) == 0 && jit_map_open(&s.target, &s.map) == 0);
	write_file(in_scratch("jail/tmp/perf-1.map"), "1000 10 good\n", 0644);
	is_int(jit_map_refresh(s.map), 0, "a process in a container");
	is_text(name_at(&s, 0x1000), "good", "has the map it calls its own");
	(void)snprintf(s.path, sizeof(s.path), "%s", in_scratch("jail/tmp/perf-1.map"));
	end_subject(&s);
}

static void ended_process(void)
{
	struct subject s;
	struct jit_map *map = NULL;

	start_subject(&s, 0);
	end_child(s.pid);
	is_int(jit_map_open(&s.target, &map), -ESRCH, "a process that has ended");
	ok(!map, "has none");
	is_int(jit_map_refresh(s.map), 0, "and never gets one");
	end_subject(&s);
	jit_map_free(NULL);
}

#ifdef __SANITIZE_ADDRESS__
/* LeakSanitizer traces its own process, which a change of user forbids. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}
#endif

int main(void)
{
	make_scratch();
	log_init("jit_map_test", LOG_WARN);
	grows();
	is_cut_and_replaced();
	refuses();
	refuses_later();
	knows_owners();
	reads_junk();
	is_bounded();
	ended_process();
	finds_the_map_of_a_container();
	return tap_done();
}
