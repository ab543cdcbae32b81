// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The symboliser's child as the enemy: children that crash, spin, eat memory, lie, flood, hide, or
 * call what they may not. Each is ended within its limits and known by its error.
 */
#include "host/symboliser_child.h"

#include "base/scope.h"
#include "host/clock.h"
#include "tap.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#ifdef __SANITIZE_ADDRESS__
#define HAS_FILTER false
#else
#define HAS_FILTER true
#endif

#define CHILD(name)                                                                                \
	static int name(const struct symboliser_question *q __attribute__((unused)),               \
			struct symboliser_out *out __attribute__((unused)))

static const struct call_chain example = { .len = 1,
					   .frames = { { .function = "f", .file = "f.c" } } };

CHILD(child_answers)
{
	symboliser_write(out, &example);
	return 0;
}

CHILD(child_crashes)
{
	symboliser_write(out, &example);
	(void)fflush(out->pipe);
	__builtin_trap();
}

CHILD(child_spins)
{
	while (clock_monotonic_ns())
		;
	return 0;
}

CHILD(child_sleeps)
{
	int word = 0;

	(void)syscall(SYS_futex, &word, 0 /* FUTEX_WAIT */, 0, NULL, NULL, 0);
	return 0;
}

/* The limit is on what it asks for; touching all of it would take longer than it may live. */
CHILD(child_eats)
{
	for (size_t i = 0; i < 4096; i++) {
		char *volatile piece = malloc(1 << 20);

		if (!piece)
			return SYMBOLISER_NO_MEMORY;
		piece[0] = 1;
	}
	return 0;
}

CHILD(child_repeats)
{
	symboliser_write(out, &example);
	symboliser_write(out, &example);
	return 0;
}

CHILD(child_answers_others)
{
	struct call_chain chain = example;

	chain.index = 1;
	symboliser_write(out, &chain);
	return 0;
}

CHILD(child_writes_junk)
{
	(void)fputs("this is no chain of calls at all, however long it is read", out->pipe);
	return 0;
}

CHILD(child_writes_half)
{
	size_t len = call_chain_write(&example, out->buf);

	(void)fwrite(out->buf, 1, len - 1, out->pipe);
	return 0;
}

CHILD(child_opens)
{
	return open("/etc/passwd", O_RDONLY | O_CLOEXEC) < 0 ? SYMBOLISER_NO_MEMORY : 0;
}

CHILD(child_connects)
{
	return socket(AF_INET, SOCK_STREAM, 0) < 0 ? SYMBOLISER_NO_MEMORY : 0;
}

CHILD(child_executes)
{
	char *argv[] = { "true", NULL };

	(void)execv("/bin/true", argv);
	return SYMBOLISER_NO_MEMORY;
}

CHILD(child_signals)
{
	return kill(getppid(), 0) ? SYMBOLISER_NO_MEMORY : 0;
}

CHILD(child_maps_code)
{
	void *code = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return code == MAP_FAILED ? SYMBOLISER_NO_MEMORY : 0;
}

CHILD(child_asks_paths)
{
	char path[64];

	return readlink("/proc/self/exe", path, sizeof(path)) < 0 && errno == EACCES
		       ? 0
		       : SYMBOLISER_MALFORMED;
}

/* Only what is asked from the inside without a system call that is not on the list. */
CHILD(child_reads_and_allocates)
{
	void *big = malloc(32 << 20);
	char byte;

	if (!big || pread(q->dwarf_fd, &byte, 1, 0) != 1)
		return SYMBOLISER_MALFORMED;
	free(big);
	return read(0, &byte, 1) < 0 && write(2, &byte, 1) < 0 ? 0 : SYMBOLISER_MALFORMED;
}

static const struct {
	const char *what;
	symboliser_child_fn child;
	int err;
	size_t found;
	bool needs_filter;
} cases[] = {
	{ "answers", child_answers, 0, 1, false },
	{ "crashes after its answer", child_crashes, -EFAULT, 1, false },
	{ "spins", child_spins, -ETIMEDOUT, 0, false },
	{ "sleeps", child_sleeps, -ETIMEDOUT, 0, false },
	{ "eats memory", child_eats, -ENOMEM, 0, true },
	{ "answers twice", child_repeats, -EBADMSG, 1, false },
	{ "answers what was not asked", child_answers_others, -EBADMSG, 0, false },
	{ "writes junk", child_writes_junk, -EBADMSG, 0, false },
	{ "writes half an answer", child_writes_half, -EBADMSG, 0, false },
	{ "opens a file", child_opens, -EACCES, 0, true },
	{ "opens a socket", child_connects, -EACCES, 0, true },
	{ "executes", child_executes, -EACCES, 0, true },
	{ "sends a signal", child_signals, -EACCES, 0, true },
	{ "maps code", child_maps_code, -EACCES, 0, true },
	{ "asks about paths", child_asks_paths, 0, 0, true },
	{ "reads and allocates", child_reads_and_allocates, 0, 0, false },
};

static void count_found(void *ctx, const struct call_chain *chain)
{
	size_t *count = ctx;

	is_text(chain->frames[0].function, "f", "a chain comes whole");
	++*count;
}

static void test_children(void)
{
	_release_(closep) int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	uint64_t addr = 0x1000;
	struct symboliser_question q = {
		.dwarf_fd = fd, .debugdata_fd = -1, .addrs = &addr, .count = 1
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint64_t start = clock_monotonic_ns();
		size_t found = 0;
		int err;

		if (cases[i].needs_filter && !HAS_FILTER) {
			skip(cases[i].what, "AddressSanitizer needs what the sandbox takes");
			continue;
		}
		err = symboliser_run(&q, cases[i].child, count_found, &found);
		is_int(err, cases[i].err, "a child that %s: result (%s)", cases[i].what,
		       err ? symboliser_reason(err) : "none");
		is_int(found, cases[i].found, "a child that %s: chains", cases[i].what);
		ok(clock_monotonic_ns() - start < 6 * NS_PER_S, "a child that %s: in time",
		   cases[i].what);
	}
}

static void test_no_elf(void)
{
	_release_(closep) int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	struct elf_range range = { .offset = 0, .size = 64 };
	uint64_t addr = 0x1000;
	struct symboliser_question lines = {
		.dwarf_fd = fd, .debugdata_fd = -1, .addrs = &addr, .count = 1
	};
	struct symboliser_question names = {
		.dwarf_fd = -1, .debugdata_fd = fd, .debugdata = range, .addrs = &addr, .count = 1
	};
	size_t found = 0;

	is_int(symboliser_ask(&lines, count_found, &found), -EBADMSG, "DWARF of a text file");
	is_int(symboliser_ask(&names, count_found, &found), -EBADMSG, "symbols of a text file");
	names.debugdata.size = UINT64_MAX;
	is_int(symboliser_ask(&names, count_found, &found), -E2BIG, "symbols without end");
	is_int(found, 0, "nothing is found");
}

/* A descriptor of ours must not outlive us in a child. */
static int open_in_parent;

CHILD(child_has_only_its_own)
{
	char byte;

	return read(open_in_parent, &byte, 1) < 0 && errno == EBADF ? 0 : SYMBOLISER_MALFORMED;
}

static void test_descriptors(void)
{
	_release_(closep) int exe = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	_release_(closep) int other = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	uint64_t addr = 0;
	struct symboliser_question q = {
		.dwarf_fd = exe, .debugdata_fd = -1, .addrs = &addr, .count = 1
	};
	size_t found = 0;

	open_in_parent = other;
	is_int(symboliser_run(&q, child_has_only_its_own, count_found, &found), 0,
	       "other descriptors are closed in the child");
}

int main(void)
{
	test_children();
	test_no_elf();
	test_descriptors();
	return tap_done();
}
