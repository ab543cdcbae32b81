// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Names and lines of real processes: this one, its children and shared objects built on the spot.
 */
#include "host/symbols.h"

#include "base/scope.h"
#include "host/clock.h"
#include "host/source_lines.h"
#include "tap.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/wait.h>

static char folder[] = "/tmp/symbols-test.XXXXXX";

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

static struct frame frame_at(struct symbols *s, pid_t pid, uint64_t addr)
{
	struct frame frame = { .function = "(none)", .module = "(none)", .file = "(none)" };

	(void)symbols_resolve(s, pid, &addr, 1);
	(void)symbols_frame(s, pid, addr, &frame);
	return frame;
}

static uint64_t address_of(const void *function)
{
	return (uint64_t)(uintptr_t)function;
}

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text);
	size_t end_len = strlen(end);

	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

/* Runs a shell command in the folder of this test. */
static __attribute__((format(printf, 1, 2))) bool shell(const char *format, ...)
{
	char command[2048];
	int len = snprintf(command, sizeof(command), "cd %s && ( ", folder);
	__builtin_va_list args;

	__builtin_va_start(args, format);
	len += vsnprintf(command + len, sizeof(command) - (size_t)len, format, args);
	__builtin_va_end(args);
	(void)snprintf(command + len, sizeof(command) - (size_t)len, " ) >log 2>&1");
	return system(command) == 0;
}

static void *load(const char *name)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	return dlopen(path, RTLD_NOW | RTLD_LOCAL);
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

	is_int(symbols_refresh(s, self), 0, "this process is taken");
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

	(void)symbols_refresh(s, self);
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

	(void)symbols_refresh(s, self);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		(void)symbols_resolve(s, self->pid, &cases[i].addr, 1);
		ok(!symbols_frame(s, self->pid, cases[i].addr, &frame), "no code: %s",
		   cases[i].what);
	}
	is_int(frame.line, 99, "the frame is untouched then");
	ok(!symbols_frame(s, 1 << 30, address_of(known_function), &frame),
	   "no code: a process never taken");
	symbols_forget(s, self->pid);
	ok(!symbols_frame(s, self->pid, address_of(known_function), &frame),
	   "no code: a process forgotten");
}

static void test_without_file(const struct target *self)
{
	_release_(symbols_freep) struct symbols *s = symbols_new();
	void *jit = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct frame frame;

	(void)symbols_refresh(s, self);
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

	(void)symbols_refresh(s, self);
	is_int(target_open(&child, pid, NULL), 0, "a child is taken hold of");
	before = open_files();
	is_int(symbols_refresh(s, &child), 0, "its mappings are taken");
	is_int(open_files(), before, "no file is opened a second time for it");
	end_child(pid);
	is_text(frame_at(s, pid, address_of(known_function)).function, "known_function",
		"a dead process still gets names");
	is_int(symbols_refresh(s, &child), -ESRCH, "it cannot be taken again");
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

	(void)symbols_refresh(s, self);
	library = load("plain.so");
	addr = address_of(dlsym(library, "helper_visible"));
	ok(!symbols_frame(s, self->pid, addr, &frame), "a new library is unknown");
	(void)symbols_refresh(s, self);
	frame = frame_at(s, self->pid, addr);
	is_text(frame.function, "helper_visible", "after a refresh it is known");
	ok(ends_with(frame.file, "helper.c") && frame.line == 1, "with its line: %s:%u", frame.file,
	   frame.line);
	(void)dlclose(library);
	(void)symbols_refresh(s, self);
	is_text(frame_at(s, self->pid, addr + 1).function, "helper_visible",
		"it stays known after dlclose");
}

static void test_deleted(const struct target *self)
{
	_release_(symbols_freep) struct symbols *s = symbols_new();
	struct frame frame;
	void *library;

	(void)shell("cp plain.so deleted.so");
	library = load("deleted.so");
	(void)shell("rm deleted.so");
	(void)symbols_refresh(s, self);
	frame = frame_at(s, self->pid, address_of(dlsym(library, "helper_visible")));
	is_text(frame.module, "deleted.so", "a deleted file keeps its base name");
	if (geteuid() == 0)
		is_text(frame.function, "helper_visible", "and its names");
	else
		skip("names of a deleted file", "needs root (/proc/PID/map_files)");
	(void)dlclose(library);
}

/*
 * helper_hidden is static: only a full symbol table has it. The library is stripped; its debug file
 * lies below what we say is the target's root.
 */
static void test_debug_file(const struct target *self)
{
	static const struct {
		const char *name, *prepare, *function;
		bool has_line;
	} cases[] = {
		{ "with its debug file", "cp right.debug \"$D\"", "helper_hidden", true },
		{ "with that of another build", "cp wrong.debug \"$D\"", "", false },
		{ "with a link in its place", "ln -s $PWD/right.debug \"$D\"", "", false },
		{ "with a FIFO in its place", "mkfifo \"$D\"", "", false },
		{ "with junk in its place", "echo junk >\"$D\"", "", false },
		{ "without debug file", "true", "", false },
	};
	void *library = load("stripped.so");
	uint64_t (*hidden)(void) = (uint64_t(*)(void))dlsym(library, "helper_hidden_address");
	struct target in_root = *self;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		_release_(symbols_freep) struct symbols *s = symbols_new();
		_release_(closep) int root = -1;
		char path[256];
		struct frame frame;

		(void)shell(
			"rm -rf root; D=root/usr/lib/debug/.build-id/ab; mkdir -p $D; "
			"D=$D/cdef0123456789.debug; mkdir -p root$PWD; ln stripped.so root$PWD; %s",
			cases[i].prepare);
		(void)snprintf(path, sizeof(path), "%s/root", folder);
		root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		in_root.root_fd = root;
		(void)symbols_refresh(s, &in_root);
		frame = frame_at(s, self->pid, hidden());
		is_text(frame.function, cases[i].function, "a stripped library %s: name",
			cases[i].name);
		is_int(frame.line != 0, cases[i].has_line, "a stripped library %s: line",
		       cases[i].name);
		frame = frame_at(s, self->pid, address_of(dlsym(library, "helper_visible")));
		is_text(frame.function, "helper_visible", "a stripped library %s: dynamic name",
			cases[i].name);
	}
	(void)dlclose(library);
}

/* What the DWARF is like must never matter to the name, nor last long. */
static void test_dwarf(const struct target *self)
{
	static const struct {
		const char *name, *make;
		bool has_line;
	} cases[] = {
		{ "DWARF 4", "$CC -gdwarf-4 helper.c -o d.so", true },
		{ "DWARF 5", "$CC -gdwarf-5 helper.c -o d.so", true },
		{ "compressed", "$CC -gz=zlib helper.c -o d.so", true },
		{ "without .debug_aranges",
		  "$CC helper.c -o d.so && objcopy -R .debug_aranges d.so", true },
		{ "split into a file not followed", "$CC -gsplit-dwarf helper.c -o d.so", false },
		{ "with an alternate file (a FIFO)",
		  "mkfifo fifo; printf '%s\\0%020d' $PWD/fifo 0 >alt && $CC helper.c -o d.so && "
		  "objcopy --add-section .gnu_debugaltlink=alt d.so",
		  false },
		{ "with junk for units",
		  "$CC helper.c -o d.so && head -c 4000 /dev/urandom >junk && "
		  "objcopy --update-section .debug_info=junk d.so",
		  false },
		{ "with junk for lines",
		  "$CC helper.c -o d.so && yes | head -c 4000 >junk && "
		  "objcopy --update-section .debug_line=junk d.so",
		  false },
		{ "none", "$CC -g0 helper.c -o d.so", false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		_release_(symbols_freep) struct symbols *s = symbols_new();
		uint64_t start = clock_monotonic_ns();
		struct frame frame;
		char name[32];
		void *library;

		/* Under an own name, for the loader knows libraries by name and inode. */
		if (!shell("CC='cc -g -O1 -shared -fPIC'; rm -f d.so; %s && mv d.so d%zu.so",
			   cases[i].make, i)) {
			skip(cases[i].name, "cannot be built here");
			continue;
		}
		(void)snprintf(name, sizeof(name), "d%zu.so", i);
		library = load(name);
		(void)symbols_refresh(s, self);
		frame = frame_at(s, self->pid, address_of(dlsym(library, "helper_visible")));
		is_text(frame.function, "helper_visible", "debug info %s: name", cases[i].name);
		is_int(frame.line, cases[i].has_line ? 1 : 0, "debug info %s: line", cases[i].name);
		ok(clock_monotonic_ns() - start < 6 * NS_PER_S, "debug info %s: in time",
		   cases[i].name);
		(void)dlclose(library);
	}
}

static void no_line(void *ctx, size_t index, const char *file, uint32_t line)
{
	(void)ctx;
	ok(false, "a line from nowhere: %zu %s:%u", index, file, line);
}

static void test_no_elf(void)
{
	_release_(closep) int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	uint64_t addr = 0x1000;

	is_int(source_lines_find(fd, &addr, 1, no_line, NULL), -EBADMSG, "lines of a text file");
	is_int(source_lines_find(-1, &addr, 1, no_line, NULL) < 0, 1, "lines of no file");
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
	test_no_elf();
	if (mkdtemp(folder) &&
	    shell("printf '%%s\\n' 'int helper_visible(int a) { return a * 3; }' "
		  "'__attribute__((noinline)) static int helper_hidden(int a) { return a * 5; }' "
		  "'unsigned long helper_hidden_address(void) "
		  "{ return (unsigned long)helper_hidden; }' >helper.c; "
		  "CC='cc -g -O1 -shared -fPIC helper.c'; "
		  "$CC -o plain.so -Wl,--build-id=0x01 && "
		  "$CC -o stripped.so -Wl,--build-id=0xabcdef0123456789 && "
		  "objcopy --only-keep-debug stripped.so right.debug && "
		  "$CC -o wrong.debug -Wl,--build-id=0xabcdef0123456788 && strip stripped.so")) {
		test_dlopen(&self);
		test_deleted(&self);
		test_debug_file(&self);
		test_dwarf(&self);
	} else {
		skip("shared objects", "cc, objcopy or strip do not work here");
	}
	(void)shell("rm -rf %s", folder);
	target_done(&self);
	return tap_done();
}
