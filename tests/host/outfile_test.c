// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* outfile: whole or not there, never through a link, the operator's (rule S10). */
#include "fixture.h"
#include "tap.h"

#include "host/outfile.h"

#include <dirent.h>
#include <grp.h>
#include <sched.h>
#include <sys/mount.h>

#define NO_ROOT	  "needs root"
#define OUR_GROUP 12345
#define NOBODY	  65534

static bool is_root(void)
{
	return geteuid() == 0;
}

/* Names in a directory, temporary ones too. */
static int count_names(const char *path)
{
	DIR *dir = opendir(path);
	int count = -2; /* . and .. */

	must(dir);
	while (readdir(dir))
		count++;
	(void)closedir(dir);
	return count;
}

static int write_report(const char *path, bool force, const char *text)
{
	struct outfile *f = NULL;
	int err = outfile_open(path, force, &f);

	if (err)
		return err;
	(void)fputs(text, outfile_stream(f)); /* commit tells */
	return outfile_commit(f);
}

static const char *make_dir(const char *name)
{
	const char *dir = in_scratch("%s", name);

	must(mkdir(dir, 0755) == 0);
	return dir;
}

static void whole_or_nothing(void)
{
	const char *dir = make_dir("whole"), *path = in_scratch("whole/report");
	struct outfile *f = NULL;
	char text[64];
	struct stat st;

	is_int(outfile_open(path, false, &f), 0, "a new file");
	ok(!exists(path), "has no name while it is written");
	is_int(count_names(dir), 1, "but a temporary one");
	ok(fputs("first version, longer", outfile_stream(f)) >= 0 && outfile_restart(f) == 0,
	   "begins again");
	ok(fputs("second", outfile_stream(f)) >= 0, "with another content");
	is_int(outfile_commit(f), 0, "is done");
	is_text(read_text(path, text, sizeof(text)), "second", "and is the last version");
	must(stat(path, &st) == 0);
	is_int(st.st_mode & 07777, 0600, "for its owner only");
	is_int(count_names(dir), 1, "the temporary name is gone");

	is_int(outfile_open(path, false, &f), -EEXIST, "an existing file is refused at once");
	is_int(outfile_open(path, true, &f), 0, "unless forced");
	outfile_abandonp(&f);
	is_text(read_text(path, text, sizeof(text)), "second", "abandoned: the old one stays");
	is_int(count_names(dir), 1, "and nothing else");
	is_int(write_report(path, true, "third"), 0, "forced and done");
	is_text(read_text(path, text, sizeof(text)), "third", "it is replaced");
	outfile_abandon(NULL);
}

static void large_content(void)
{
	const char *path = in_scratch("large");
	struct outfile *f = NULL;
	struct stat st;

	must(outfile_open(path, false, &f) == 0);
	for (int version = 0; version < 3; version++) {
		must(outfile_restart(f) == 0);
		for (int i = 0; i < 100000; i++)
			(void)fprintf(outfile_stream(f), "%09d\n", i);
	}
	is_int(outfile_commit(f), 0, "a million bytes, three times");
	must(stat(path, &st) == 0);
	is_int(st.st_size, 1000000, "are a million bytes");
}

static void refused_paths(void)
{
	static const struct {
		const char *path;
		bool force;
		int want;
	} cases[] = {
		{ "missing/report", false, -ENOENT },
		{ "plain/report", false, -ENOTDIR },
		{ "plain", false, -EEXIST },
		{ "sub", false, -EEXIST },
		{ "sub", true, -EISDIR },
		{ "sub/", true, -EISDIR },
		{ "sub/.", true, -EISDIR },
		{ "sub/..", true, -EISDIR },
		{ "fifo", false, -EEXIST },
		{ "fifo", true, -EINVAL },
		{ "link", false, -EEXIST },
		{ "link", true, -ELOOP },
		{ "dangling", false, -EEXIST },
		{ "dangling", true, -ELOOP },
		{ "loop/report", false, -ELOOP },
	};
	const char *dir = make_dir("refused");
	char name[300], text[16];
	struct outfile *f = NULL;

	must(mkdir(in_scratch("refused/sub"), 0755) == 0);
	write_file(in_scratch("refused/plain"), "plain", 0644);
	must(mkfifo(in_scratch("refused/fifo"), 0600) == 0);
	must(symlink("plain", in_scratch("refused/link")) == 0);
	must(symlink("nowhere", in_scratch("refused/dangling")) == 0);
	must(symlink("loop", in_scratch("refused/loop")) == 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		is_int(write_report(in_scratch("refused/%s", cases[i].path), cases[i].force, "x"),
		       cases[i].want, "%s%s", cases[i].path, cases[i].force ? ", forced" : "");
	is_int(outfile_open("", false, &f), -ENOENT, "the empty path");
	is_int(count_names(dir), 6, "nothing was left behind");
	is_text(read_text(in_scratch("refused/plain"), text, sizeof(text)), "plain",
		"what the link leads to is unchanged");
	ok(f == NULL, "the output is untouched");

	memset(name, 'n', sizeof(name));
	name[255] = '\0';
	is_int(write_report(in_scratch("%s", name), false, "x"), 0, "the longest name");
	ok(exists(in_scratch("%s", name)), "is there");
	name[255] = 'n';
	name[256] = '\0';
	must(chdir(scratch) == 0);
	is_int(outfile_open(name, false, &f), -ENAMETOOLONG, "a longer one");
	is_int(write_report("relative", false, "x"), 0, "a path without a directory");
	ok(exists(in_scratch("relative")), "is in the current one");
	must(chdir("/") == 0);
}

/* While the report is written somebody else changes what lies around it. */
static void changed_meanwhile(void)
{
	const char *path = in_scratch("shared/report"), *victim = in_scratch("victim/report");
	struct outfile *f = NULL;
	char text[16];

	(void)make_dir("shared");
	(void)make_dir("victim");
	write_file(victim, "root's", 0644);
	must(outfile_open(path, true, &f) == 0);
	must(rename(in_scratch("shared"), in_scratch("moved")) == 0);
	must(symlink("victim", in_scratch("shared")) == 0);
	(void)fputs("mine", outfile_stream(f));
	is_int(outfile_commit(f), 0, "the parent was swapped for a link");
	is_text(read_text(victim, text, sizeof(text)), "root's",
		"the other directory is untouched");
	is_text(read_text(in_scratch("moved/report"), text, sizeof(text)), "mine",
		"the report is where it was asked for");

	must(outfile_open(in_scratch("moved/late"), true, &f) == 0);
	must(symlink("../victim/report", in_scratch("moved/late")) == 0);
	is_int(outfile_commit(f), -ELOOP, "a link took the name, forced");
	must(outfile_open(in_scratch("moved/later"), false, &f) == 0);
	write_file(in_scratch("moved/later"), "theirs", 0644);
	is_int(outfile_commit(f), -EEXIST, "a file took the name");
	is_text(read_text(in_scratch("moved/later"), text, sizeof(text)), "theirs", "it stays");
	is_text(read_text(victim, text, sizeof(text)), "root's", "so does the link's file");
	is_int(count_names(in_scratch("moved")), 3, "nothing else is left");
}

static void belongs_to_sudo_user(void)
{
	const char *own = make_dir("own"), *roots = make_dir("roots");
	const char *path = in_scratch("own/report");
	struct outfile *f = NULL;
	struct stat st;
	gid_t group = 0;

	if (!is_root()) {
		skip("the file belongs to the sudo user", NO_ROOT);
		return;
	}
	must(chown(own, NOBODY, NOBODY) == 0 && chmod(own, 0700) == 0);
	/* Our own groups must not help that user. */
	must(setgroups(1, &(gid_t){ OUR_GROUP }) == 0);
	must(chown(roots, 0, OUR_GROUP) == 0 && chmod(roots, 0775) == 0);
	must(setenv("SUDO_UID", "65534", 1) == 0 && setenv("SUDO_GID", "65534", 1) == 0);
	is_int(write_report(path, false, "x"), 0, "the sudo user's directory");
	must(stat(path, &st) == 0);
	is_int(st.st_uid, NOBODY, "the file belongs to the sudo user");
	is_int(st.st_gid, NOBODY, "and the user's group");
	is_int(st.st_mode & 07777, 0600, "for nobody else");
	is_int(write_report(in_scratch("roots/report"), false, "x"), -EACCES,
	       "what that user may not, root does not for them");
	is_int(count_names(roots), 0, "and leaves nothing");
	must(outfile_open(path, true, &f) == 0);
	outfile_abandon(f);
	is_int(count_names(own), 1, "abandoned: nothing is left");
	ok(geteuid() == 0 && access(roots, W_OK) == 0, "we are root again");
	ok(getgroups(1, &group) == 1 && group == OUR_GROUP, "with our own groups");

	must(setenv("SUDO_UID", "0", 1) == 0);
	is_int(write_report(in_scratch("roots/a"), false, "x"), 0, "sudo by root changes nothing");
	must(setenv("SUDO_UID", "65534x", 1) == 0);
	is_int(write_report(in_scratch("roots/b"), false, "x"), 0, "nor do bad numbers");
	must(setenv("SUDO_UID", "4294967295", 1) == 0);
	is_int(write_report(in_scratch("roots/c"), false, "x"), 0, "nor the id that is none");
	must(unsetenv("SUDO_UID") == 0 && unsetenv("SUDO_GID") == 0);
}

static void disk_full(void)
{
	const char *dir = make_dir("small"), *path = in_scratch("small/report");
	struct outfile *f = NULL;

	if (!is_root()) {
		skip("a full disk is an error and leaves no file", NO_ROOT);
		return;
	}
	must(unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	must(mount("tmpfs", dir, "tmpfs", 0, "size=65536") == 0);
	must(outfile_open(path, false, &f) == 0);
	for (int i = 0; i < 100000; i++)
		(void)fprintf(outfile_stream(f), "%09d\n", i);
	is_int(outfile_commit(f), -ENOSPC, "a full disk is an error");
	is_int(count_names(dir), 0, "and leaves no file");

	must(outfile_open(path, false, &f) == 0);
	for (int i = 0; i < 100000; i++)
		(void)fprintf(outfile_stream(f), "%09d\n", i);
	must(outfile_restart(f) == 0);
	(void)fputs("short", outfile_stream(f));
	is_int(outfile_commit(f), 0, "a later version that fits is fine");
	must(umount2(dir, MNT_DETACH) == 0);
}

/* In a child whose stdout is @out. */
static int commit_to_stdout(const char *out)
{
	int status;
	pid_t pid;

	(void)fflush(stdout);
	pid = fork();
	if (pid == 0) {
		struct outfile *f = NULL;
		int fd = open(out, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

		if (fd < 0 || dup2(fd, 1) < 0 || outfile_open("-", false, &f))
			_exit(255);
		(void)fputs("one\n", outfile_stream(f));
		if (outfile_restart(f) == 0)
			(void)fputs("two\n", outfile_stream(f));
		_exit(-outfile_commit(f));
	}
	must(pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	return -WEXITSTATUS(status);
}

static void standard_output(void)
{
	struct outfile *f = NULL;
	char text[16];

	is_int(outfile_open(NULL, false, &f), 0, "no path");
	outfile_abandon(f);
	ok(fcntl(1, F_GETFD) >= 0, "is stdout, which stays open");
	is_int(commit_to_stdout(in_scratch("stdout")), 0, "stdout is flushed");
	is_text(read_text(in_scratch("stdout"), text, sizeof(text)), "one\ntwo\n",
		"and keeps every version");
	is_int(commit_to_stdout("/dev/full"), -ENOSPC, "a full one is an error");
}

int main(void)
{
	make_scratch();
	(void)unsetenv("SUDO_UID");
	(void)unsetenv("SUDO_GID");
	whole_or_nothing();
	large_content();
	refused_paths();
	changed_meanwhile();
	belongs_to_sudo_user();
	standard_output();
	disk_full();
	return tap_done();
}
