// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* kernel_symbols: against the running kernel's own table, and when that is hidden. */
#include "fixture.h"
#include "tap.h"

#include "host/clock.h"
#include "host/kernel_symbols.h"
#include "host/log.h"
#include "host/procfs.h"

#include <inttypes.h>

#define NO_ROOT "needs root"

/* The address that the table gives for a function of the kernel itself, 0 when it does not. */
static uint64_t address_of(const char *text, const char *name)
{
	char line[128];
	const char *at;
	uint64_t addr = 0;

	(void)snprintf(line, sizeof(line), " T %s\n", name);
	at = strstr(text, line);
	for (int i = 16; at && i > 0; i--) {
		int c = at[-i];

		addr = addr << 4 | (unsigned int)(c <= '9' ? c - '0' : c - 'a' + 10);
	}
	return addr;
}

static void finds_functions(const struct kernel_symbols *ks, const char *text)
{
	static const char *const names[] = { "schedule",    "vfs_read", "kmem_cache_free", "kfree",
					     "tcp_sendmsg", "printk",	"_printk" };
	int found = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		uint64_t addr = address_of(text, names[i]);
		struct frame f;

		if (!addr)
			continue; /* not in this kernel, or called something else */
		kernel_symbols_find(ks, addr + 1, &f);
		is_text(f.function, names[i], "0x%" PRIx64, addr + 1);
		is_text(f.module, "[kernel]", "of the kernel");
		ok(f.offset == 1 && f.kind == FRAME_KERNEL && f.line == 0 && !*f.file,
		   "one byte behind its start");
		found++;
	}
	ok(found >= 3, "%d functions that every kernel has", found);
}

static void tells_unknown_ones(const struct kernel_symbols *ks)
{
	static const uint64_t addrs[] = { 0, 0x1000, 0x7fffffffffff, 0xffff800000000000 };

	for (size_t i = 0; i < sizeof(addrs) / sizeof(addrs[0]); i++) {
		struct frame f;

		kernel_symbols_find(ks, addrs[i], &f);
		ok(!*f.function && strcmp(f.module, "[kernel]") == 0 && f.offset == addrs[i] &&
			   f.kind == FRAME_KERNEL,
		   "0x%" PRIx64 " is [kernel]+0x...", addrs[i]);
	}
}

/* By a reader that is not ours: the note's content follows its header and "GNU\0". */
static void tells_the_build_id(const struct kernel_symbols *ks)
{
	const char *const argv[] = { "sh", "-c",
				     "od -An -v -tx1 /sys/kernel/notes | tr -d ' \n' | "
				     "sed -n 's/^.*0400000014000000030000"
				     "00474e5500\\(.\\{40\\}\\).*$/\\1/p' | tr -d '\n' >\"$0\"",
				     in_scratch("id"), NULL };
	char expected[64];

	must(run_program(argv) == 0);
	(void)read_text(in_scratch("id"), expected, sizeof(expected));
	if (!expected[0]) {
		ok(!kernel_symbols_build_id(ks), "a kernel without a build id");
		return;
	}
	is_text(kernel_symbols_build_id(ks), expected, "the kernel's build id");
}

static void reads_the_table(void)
{
	_release_(closep) int fd = open("/proc/kallsyms", O_RDONLY | O_CLOEXEC);
	_release_(kernel_symbols_freep) struct kernel_symbols *ks = NULL;
	_release_(freep) char *text = NULL;
	uint64_t before_ns;
	size_t len;

	must(fd >= 0 && procfs_read(fd, PROCFS_MAX_FILE, &text, &len) == 0);
	if (!address_of(text, "schedule")) {
		skip("the kernel's own table", NO_ROOT);
		return;
	}
	before_ns = clock_monotonic_ns();
	is_int(kernel_symbols_open(&ks), 0, "the kernel's own table");
	printf("# %llu ms for %zu KiB\n",
	       (unsigned long long)((clock_monotonic_ns() - before_ns) / NS_PER_MS), len / 1024);
	finds_functions(ks, text);
	tells_unknown_ones(ks);
	tells_the_build_id(ks);
}

/* In a child that may not see addresses; it says so on stderr, a file. */
static void tell_hidden(void)
{
	struct kernel_symbols *ks = NULL;
	struct frame f;
	int fd = open(in_scratch("heard"), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || dup2(fd, STDERR_FILENO) < 0 || setresuid(65534, 65534, 65534))
		_exit(1);
	if (kernel_symbols_open(&ks))
		_exit(2);
	kernel_symbols_find(ks, 0xffffffff81000000, &f);
	kernel_symbols_free(ks);
	_exit(*f.function ? 3 : 0);
}

static void says_what_is_hidden(void)
{
	char said[4096];
	int status;
	pid_t pid;

	if (geteuid() != 0) {
		skip("hidden addresses", NO_ROOT);
		return;
	}
	pid = fork();
	if (pid == 0)
		tell_hidden();
	must(pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	if (WEXITSTATUS(status) == 3) {
		skip("hidden addresses", "this kernel shows them to everybody");
		return;
	}
	is_int(WEXITSTATUS(status), 0, "hidden addresses are no failure");
	(void)read_text(in_scratch("heard"), said, sizeof(said));
	ok(strstr(said, "are hidden\n") && strstr(said, "CAP_SYSLOG"),
	   "they are named, with what to do: %s", said);
}

int main(void)
{
	make_scratch();
	log_init("kernel_symbols_test", LOG_WARN);
	reads_the_table();
	says_what_is_hidden();
	kernel_symbols_free(NULL);
	return tap_done();
}
