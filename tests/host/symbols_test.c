// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Names and lines of real processes: this one, its children and shared objects built on the spot.
 */
#include "symbols_fixture.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/wait.h>

static __attribute__((noinline)) uint64_t return_address(void)
{
	return (uint64_t)(uintptr_t)__builtin_return_address(0);
}

/* An address inside the call in its known line. */
static const int known_line = __LINE__ + 3;
static __attribute__((noinline)) uint64_t known_function(void)
{
	uint64_t after_call = return_address();

	__asm__ volatile("" : "+r"(after_call));
	return after_call - 1;
}

int mangled(void) __asm__("_ZN3foo3barEv");
__attribute__((noinline)) int mangled(void)
{
	__asm__ volatile("");
	return 7;
}

static int open_files(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	while (dir && readdir(dir))
		count++;
	if (dir)
		(void)closedir(dir);
	return count;
}

/* The whole program waits for a child that does nothing. */
static pid_t start_child(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		for (;;)
			(void)pause();
	}
	return pid;
}

static void end_child(pid_t pid)
{
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
}

static void test_own_functions(const struct target *self)
{
	_release_(symbols_freep) struct symbols *s = symbols_new();
	struct frame frame;

	is_int(take_mappings(s, self), 0, "this process is taken");
	frame = frame_at(s, self->pid, known_function());
	is_text(frame.function, "known_function", "a static function has its name");
	is_text(frame.module, "symbols_test", "its module is the test's program");
	ok(ends_with(frame.file, "symbols_test.c"), "its source file: %s", frame.file);
	is_int(frame.line, known_line, "its line");
	frame = frame_at(s, self->pid, address_of(mangled));
	is_text(frame.function, "foo::bar()", "a C++ name is demangled");
}

static void test_libc(const struct target *self)
{
	static const char *const names[] = { "strdup", "malloc", "qsort" };
	_release_(symbols_freep) struct symbols *s = symbols_new();
	void *libc = dlopen("libc.so.6", RTLD_NOW | RTLD_NOLOAD);

	(void)take_mappings(s, self);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct frame frame = frame_at(s, self->pid, address_of(dlsym(libc, names[i])));

		/* The debug file, if installed, has __strdup as the global name of weak strdup. */
		ok(ends_with(frame.function, names[i]), "%s is named %s", names[i], frame.function);
		is_text(frame.module, "libc.so.6", "its module");
	}
	(void)dlclose(libc);
}

static void test_no_code(const struct target *self)
{
	_release_(symbols_freep) struct symbols *s = symbols_new();
	int on_stack = 0;
	struct {
		uint64_t addr;
		const char *what;
	} cases[] = {
		{ 0, "address 0" },
		{ 0x10, "an address in the first page" },
		{ address_of(&on_stack), "the stack" },
		{ address_of(folder), "data of the program" },
		{ UINT64_MAX, "the last address" },
	};
	struct frame frame = { .line = 99 };

	(void)take_mappings(s, self);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		(void)symbols_resolve(s, self->pid, &cases[i].addr, 1);
		ok(!symbols_frames(s, self->pid, cases[i].addr, &frame, 1), "no code: %s",
		   cases[i].what);
	}
	is_int(frame.line, 99, "the frame is untouched then");
	ok(!symbols_frames(s, 1 << 30, address_of(known_function), &frame, 1),
	   "no code: a process never taken");
	symbols_set_aside(s, self->pid, -1);
	symbols_set_aside(s, self->pid, -2); /* nothing is known of it any more */
	ok(!symbols_frames(s, self->pid, address_of(known_function), &frame, 1),
	   "no code: a process whose mappings were set aside");
	frame = frame_at(s, -1, known_function());
	is_text(frame.function, "known_function", "which have their names under the other number");
	(void)take_mappings(s, self);
	symbols_forget(s, self->pid);
	ok(!symbols_frames(s, self->pid, address_of(known_function), &frame, 1),
	   "no code: a process forgotten");
}

static void test_without_file(const struct target *self)
{
	_release_(symbols_freep) struct symbols *s = symbols_new();
	void *jit = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct frame frame;

	(void)take_mappings(s, self);
	frame = frame_at(s, self->pid, address_of(jit) + 16);
	is_text(frame.module, "[jit]", "anonymous executable memory");
	is_text(frame.function, "", "has no names");
	frame = frame_at(s, self->pid, getauxval(AT_SYSINFO_EHDR) + 0x100);
	is_text(frame.module, "[vdso]", "the vdso");
	(void)munmap(jit, 4096);
}

/* Dead when it is asked for; and its files are those that are already known. */
static void test_children(const struct target *self)
{
	_release_(symbols_freep) struct symbols *s = symbols_new();
	struct target child = { 0 };
	pid_t pid = start_child();
	int before;

	(void)take_mappings(s, self);
	is_int(target_open(&child, pid, NULL), 0, "a child is taken hold of");
	before = open_files();
	is_int(take_mappings(s, &child), 0, "its mappings are taken");
	is_int(open_files(), before, "no file is opened a second time for it");
	end_child(pid);
	is_text(frame_at(s, pid, address_of(known_function)).function, "known_function",
		"a dead process still gets names");
	is_int(take_mappings(s, &child), -ESRCH, "it cannot be taken again");
	is_text(frame_at(s, pid, address_of(mangled)).function, "foo::bar()",
		"what was known of it stays");
	target_done(&child);
}

static void test_dlopen(const struct target *self)
{
	_release_(symbols_freep) struct symbols *s = symbols_new();
	struct frame frame;
	uint64_t addr;
	void *library;

	(void)take_mappings(s, self);
	library = load("plain.so");
	addr = address_of(dlsym(library, "helper_visible"));
	ok(!symbols_frames(s, self->pid, addr, &frame, 1), "a new library is unknown");
	(void)take_mappings(s, self);
	frame = frame_at(s, self->pid, addr);
	is_text(frame.function, "helper_visible", "after a refresh it is known");
	ok(ends_with(frame.file, "helper.c") && frame.line == 1, "with its line: %s:%u", frame.file,
	   frame.line);
	(void)dlclose(library);
	(void)take_mappings(s, self);
	is_text(frame_at(s, self->pid, addr + 1).function, "helper_visible",
		"it stays known after dlclose");
}

/* A library that was replaced on disk is another file, but the mapping still leads to the old one.
 */
static void test_replaced(const struct target *self)
{
	_release_(symbols_freep) struct symbols *s = symbols_new();
	void *library;

	(void)shell("cp plain.so replaced.so");
	library = load("replaced.so");
	(void)shell("cp wrong.debug other && mv other replaced.so");
	(void)take_mappings(s, self);
	if (geteuid() == 0)
		is_text(frame_at(s, self->pid, address_of(dlsym(library, "helper_visible")))
				.function,
			"helper_visible", "a replaced file keeps its names");
	else
		skip("names of a replaced file", "needs root (/proc/PID/map_files)");
	(void)dlclose(library);
}

/* As in two containers: two inodes, one build. */
static void test_same_build(const struct target *self)
{
	static const struct {
		const char *make;
		const char *name, *copy;
		int more_files;
	} cases[] = {
		{ "cp stripped.so s1.so; cp stripped.so s2.so", "s1.so", "s2.so", 0 },
		{ "cp plain.so t1.so; cp plain.so t2.so", "t1.so", "t2.so", 1 }, /* id too short */
		{ "cp stripped.so u1.so; cp stripped.so u2.so; echo >>u2.so", "u1.so", "u2.so", 1 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		_release_(symbols_freep) struct symbols *s = symbols_new();
		void *first, *second;
		int before;

		(void)shell("%s", cases[i].make);
		first = load(cases[i].name);
		(void)take_mappings(s, self);
		before = open_files();
		second = load(cases[i].copy);
		(void)take_mappings(s, self);
		is_int(open_files() - before, cases[i].more_files, "%s: files opened for a copy",
		       cases[i].copy);
		(void)frame_at(s, self->pid, address_of(dlsym(first, "helper_visible")));
		is_text(frame_at(s, self->pid, address_of(dlsym(second, "helper_visible")))
				.function,
			"helper_visible", "%s: the copy has its names", cases[i].copy);
		is_text(frame_at(s, self->pid, address_of(dlsym(second, "helper_visible"))).module,
			cases[i].copy, "and its own module");
		(void)dlclose(first);
		(void)dlclose(second);
	}
}

/* Three files called same.so, of two builds; a third folder holds a copy of the first. */
static void test_build_ids(const struct target *self)
{
	_release_(symbols_freep) struct symbols *s = symbols_new();
	void *libraries[4];

	(void)shell("mkdir b1 b2 b3; cp stripped.so b1/same.so; cp stripped.so b2/same.so; "
		    "cp wrong.debug b3/same.so; cc -shared -fPIC helper.c -o noid.so "
		    "-Wl,--build-id=none; cp stripped.so '[vdso]'");
	libraries[0] = load("noid.so");
	libraries[1] = load("b1/same.so");
	libraries[2] = load("[vdso]");
	(void)take_mappings(s, self);
	is_text(symbols_build_id(s, "same.so"), "abcdef0123456789", "the build id of a file");
	ok(!symbols_build_id(s, "noid.so"), "a file that has none");
	ok(!symbols_build_id(s, "never-seen.so"), "a file that is not there");
	ok(!symbols_build_id(s, "[vdso]"), "a file that is called like the kernel's has none");
	libraries[3] = load("b2/same.so");
	(void)take_mappings(s, self);
	is_text(symbols_build_id(s, "same.so"), "abcdef0123456789", "a copy has the same");
	(void)dlclose(libraries[1]);
	(void)dlclose(libraries[3]);
	libraries[1] = load("b3/same.so");
	(void)take_mappings(s, self);
	ok(!symbols_build_id(s, "same.so"), "files of two builds have no one build id");
	for (size_t i = 0; i < 3; i++)
		ok(libraries[i] && dlclose(libraries[i]) == 0, "file %zu was there", i);
}

/* What could not be opened stays open to doubt, unless it is known to be the same file. */
static void test_unopened(const struct target *self)
{
	static const struct {
		const char *what;
		unsigned long inode;
		bool is_known;
	} cases[] = { { "the same file", 0, true }, { "another file", 1, false } };
	struct target nowhere = { .pid = 1 << 30, .proc_fd = -1, .root_fd = -1 };

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		_release_(symbols_freep) struct symbols *s = symbols_new();
		_release_(procmaps_done) struct procmaps maps = { 0 };
		void *library;

		(void)shell("cp stripped.so doubt.so");
		library = load("doubt.so");
		must(library && target_maps(self, &maps) == 0);
		for (size_t j = 0; j < maps.len; j++)
			if (ends_with(maps.at[j].path, "/doubt.so"))
				maps.at[j].inode += cases[i].inode;
		(void)symbols_refresh(s, &nowhere, &maps);
		ok(!symbols_build_id(s, "doubt.so"), "%s: not opened yet", cases[i].what);
		(void)take_mappings(s, self);
		ok(!symbols_build_id(s, "doubt.so") != cases[i].is_known, "%s: opened later",
		   cases[i].what);
		(void)dlclose(library);
	}
}

static void test_deleted(const struct target *self)
{
	_release_(symbols_freep) struct symbols *s = symbols_new();
	struct frame frame;
	void *library;

	(void)shell("cp plain.so deleted.so");
	library = load("deleted.so");
	(void)shell("rm deleted.so");
	(void)take_mappings(s, self);
	frame = frame_at(s, self->pid, address_of(dlsym(library, "helper_visible")));
	is_text(frame.module, "deleted.so", "a deleted file keeps its base name");
	if (geteuid() == 0)
		is_text(frame.function, "helper_visible", "and its names");
	else
		skip("names of a deleted file", "needs root (/proc/PID/map_files)");
	(void)dlclose(library);
}

int main(void)
{
	struct target self = { 0 };

	(void)setenv("DEBUGINFOD_URLS", "http://127.0.0.1:1", 1);
	symbols_free(symbols_new());
	ok(!getenv("DEBUGINFOD_URLS"), "no debug file is fetched over the network");
	is_int(mangled(), 7, "the functions to be named are there");
	if (!ok(target_open(&self, getpid(), NULL) == 0, "this process is a target"))
		return tap_done();
	test_own_functions(&self);
	test_libc(&self);
	test_no_code(&self);
	test_without_file(&self);
	test_children(&self);
	if (make_folder()) {
		test_dlopen(&self);
		test_deleted(&self);
		test_replaced(&self);
		test_same_build(&self);
		test_build_ids(&self);
		test_unopened(&self);
	} else {
		skip("shared objects", "cc, objcopy or strip do not work here");
	}
	(void)shell("rm -rf %s", folder);
	target_done(&self);
	return tap_done();
}
