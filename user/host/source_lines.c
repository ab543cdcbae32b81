// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The two ends of the pipe: the child walks the compile units once and writes a record for each
 * address that a unit covers, the parent checks and hands on the records until the pipe closes.
 */
#include "host/source_lines.h"

#include "base/scope.h"
#include "base/text.h"
#include "host/clock.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* What one honest program has: Chromium about 30,000 units. More are not looked at. */
#define MAX_UNITS	 200000
#define MAX_RANGES	 (16u << 20)
#define MAX_MEMORY_BYTES (512ull << 20)
#define UNPRIVILEGED_ID	 65534 /* the kernel's overflow id, "nobody" */

/* Child's exit statuses besides 0. */
enum { EXIT_NO_SANDBOX = 1, EXIT_BAD_DWARF, EXIT_TOO_BIG };

struct record {
	uint32_t index, line;
	uint32_t len; /* of the file name that follows, without NUL, < TEXT_MAX */
};

struct lookup {
	const uint64_t *addrs;
	size_t count;
	bool *is_known;
	size_t ranges_left;
	FILE *out;
};

static void report_line(struct lookup *lookup, Dwarf_Die *unit, size_t index)
{
	struct record record = { .index = (uint32_t)index };
	Dwarf_Line *line = dwarf_getsrc_die(unit, lookup->addrs[index]);
	const char *file = line ? dwarf_linesrc(line, NULL, NULL) : NULL;
	int number = 0;

	if (!file || dwarf_lineno(line, &number) != 0 || number <= 0)
		return;
	record.line = (uint32_t)number;
	record.len = (uint32_t)strnlen(file, TEXT_MAX - 1);
	(void)fwrite(&record, sizeof(record), 1, lookup->out);
	(void)fwrite(file, 1, record.len, lookup->out);
	lookup->is_known[index] = true;
}

static size_t first_at_or_above(const struct lookup *lookup, uint64_t addr)
{
	size_t low = 0;
	size_t high = lookup->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (lookup->addrs[middle] < addr)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void look_in_unit(struct lookup *lookup, Dwarf_Die *unit)
{
	Dwarf_Addr base;
	Dwarf_Addr start;
	Dwarf_Addr end;
	ptrdiff_t at = 0;

	while (lookup->ranges_left > 0 && (at = dwarf_ranges(unit, at, &base, &start, &end)) > 0) {
		lookup->ranges_left--;
		for (size_t i = first_at_or_above(lookup, start);
		     i < lookup->count && lookup->addrs[i] < end; i++) {
			if (!lookup->is_known[i])
				report_line(lookup, unit, i);
		}
	}
}

/*
 * All units are visited, by their ranges: .debug_aranges would be shorter, but clang writes none.
 * Skeleton units (split DWARF) are passed over, their content is in a file that is not opened.
 */
static void look_in_units(struct lookup *lookup, Dwarf *dwarf)
{
	Dwarf_CU *unit = NULL;
	Dwarf_Half version;
	Dwarf_Die die;
	uint8_t type;

	for (size_t i = 0; i < MAX_UNITS; i++) {
		if (dwarf_get_units(dwarf, unit, &unit, &version, &type, &die, NULL) != 0)
			return;
		if (type == DW_UT_compile)
			look_in_unit(lookup, &die);
	}
}

static bool dwarf_is_small(Elf *elf)
{
	uint64_t total = 0;
	size_t names;
	Elf_Scn *section = NULL;

	if (elf_getshdrstrndx(elf, &names) != 0)
		return false;
	while ((section = elf_nextscn(elf, section))) {
		GElf_Shdr header;
		GElf_Chdr packed;
		const char *name;

		if (!gelf_getshdr(section, &header))
			return false;
		name = elf_strptr(elf, names, header.sh_name);
		if (!name || strncmp(name, ".debug_", strlen(".debug_")) != 0)
			continue;
		if ((header.sh_flags & SHF_COMPRESSED) && gelf_getchdr(section, &packed))
			header.sh_size = packed.ch_size;
		if (header.sh_size > SOURCE_LINES_MAX_DWARF_BYTES - total)
			return false;
		total += header.sh_size;
	}
	return true;
}

/* ELF_C_READ and not _MMAP: a file cut while mapped would raise SIGBUS. */
static int look_in_file(struct lookup *lookup, int fd)
{
	Elf *elf;
	Dwarf *dwarf;

	(void)elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	if (!elf || elf_kind(elf) != ELF_K_ELF)
		return EXIT_BAD_DWARF;
	if (!dwarf_is_small(elf))
		return EXIT_TOO_BIG;
	dwarf = dwarf_begin_elf(elf, DWARF_C_READ, NULL);
	if (!dwarf)
		return EXIT_BAD_DWARF;
	look_in_units(lookup, dwarf);
	return fflush(lookup->out) ? EXIT_BAD_DWARF : 0; /* exit frees the handles */
}

static bool limit(int resource, uint64_t value)
{
	struct rlimit both = { value, value };

	return setrlimit((__rlimit_resource_t)resource, &both) == 0;
}

/* Every descriptor but the two: a BPF link kept here would outlive a killed parent. */
static bool close_others(int fd, int out)
{
	unsigned int low = (unsigned int)(fd < out ? fd : out);
	unsigned int high = (unsigned int)(fd < out ? out : fd);

	if (low > 0 && close_range(0, low - 1, 0))
		return false;
	if (high > low + 1 && close_range(low + 1, high - 1, 0))
		return false;
	return close_range(high + 1, ~0u, 0) == 0;
}

static bool drop_privileges(void)
{
	if (geteuid() == 0 &&
	    (setgroups(0, NULL) || setresgid(UNPRIVILEGED_ID, UNPRIVILEGED_ID, UNPRIVILEGED_ID) ||
	     setresuid(UNPRIVILEGED_ID, UNPRIVILEGED_ID, UNPRIVILEGED_ID)))
		return false;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

static bool enter_sandbox(int fd, int out, pid_t parent)
{
	if (!close_others(fd, out) || !drop_privileges())
		return false;
	/* After the change of user, which clears it; then the parent may already be gone. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent)
		return false;
#ifndef __SANITIZE_ADDRESS__ /* whose shadow memory is larger than any limit */
	if (!limit(RLIMIT_DATA, MAX_MEMORY_BYTES))
		return false;
#endif
	/* No descriptor below 0: nothing can be opened any more. */
	return limit(RLIMIT_CPU, SOURCE_LINES_MAX_SECONDS) && limit(RLIMIT_CORE, 0) &&
	       limit(RLIMIT_FSIZE, 0) && limit(RLIMIT_NOFILE, 0);
}

static int child_main(struct lookup *lookup, int fd, int out, pid_t parent)
{
	if (!enter_sandbox(fd, out, parent))
		return EXIT_NO_SANDBOX;
	lookup->out = fdopen(out, "w");
	lookup->is_known = calloc(lookup->count, sizeof(*lookup->is_known));
	if (!lookup->out || !lookup->is_known)
		return EXIT_BAD_DWARF;
	return look_in_file(lookup, fd);
}

/* --- the parent's end ----------------------------------------------------------------------- */

struct receiver {
	size_t count; /* addresses asked for */
	source_line_fn found;
	void *ctx;
	size_t len;
	char buf[64 * 1024];
};

/* Hands on the whole records at the front of the buffer. 0 or -EBADMSG. */
static int take_records(struct receiver *r)
{
	size_t at = 0;

	while (r->len - at >= sizeof(struct record)) {
		struct record record;
		char file[TEXT_MAX];

		memcpy(&record, r->buf + at, sizeof(record));
		if (record.index >= r->count || record.len >= sizeof(file))
			return -EBADMSG;
		if (r->len - at - sizeof(record) < record.len)
			break;
		memcpy(file, r->buf + at + sizeof(record), record.len);
		file[record.len] = '\0';
		r->found(r->ctx, record.index, file, record.line);
		at += sizeof(record) + record.len;
	}
	memmove(r->buf, r->buf + at, r->len - at);
	r->len -= at;
	return 0;
}

/* 0 at the end of the pipe. */
static int receive(struct receiver *r, int pipe_fd)
{
	uint64_t deadline = clock_monotonic_ns() + SOURCE_LINES_MAX_SECONDS * NS_PER_S;
	struct pollfd ready = { .fd = pipe_fd, .events = POLLIN };

	for (;;) {
		uint64_t now = clock_monotonic_ns();
		ssize_t got;
		int err;

		if (now >= deadline)
			return -ETIMEDOUT;
		if (poll(&ready, 1, (int)((deadline - now) / NS_PER_MS) + 1) <= 0)
			continue; /* time is up or a signal came: the deadline decides */
		got = read(pipe_fd, r->buf + r->len, sizeof(r->buf) - r->len);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : 0;
		r->len += (size_t)got;
		err = take_records(r);
		if (err)
			return err;
	}
}

static int end_child(pid_t child, int err)
{
	int status = 0;

	if (err)
		(void)kill(child, SIGKILL);
	while (waitpid(child, &status, 0) < 0) {
		if (errno != EINTR)
			return err;
	}
	if (err)
		return err;
	if (!WIFEXITED(status))
		return -EBADMSG;
	switch (WEXITSTATUS(status)) {
	case 0:
		return 0;
	case EXIT_NO_SANDBOX:
		return -EPERM;
	case EXIT_TOO_BIG:
		return -E2BIG;
	default:
		return -EBADMSG;
	}
}

int source_lines_find(int fd, const uint64_t *addrs, size_t count, source_line_fn found, void *ctx)
{
	struct lookup lookup = { .addrs = addrs, .count = count, .ranges_left = MAX_RANGES };
	_release_(freep) struct receiver *receiver = calloc(1, sizeof(*receiver));
	_release_(closep) int read_end = -1;
	int ends[2];
	pid_t parent = getpid();
	pid_t child;

	if (!receiver)
		return -ENOMEM;
	receiver->count = count;
	receiver->found = found;
	receiver->ctx = ctx;
	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	read_end = ends[0];
	child = fork();
	if (child == 0)
		_exit(child_main(&lookup, fd, ends[1], parent));
	(void)close(ends[1]);
	if (child < 0)
		return -EAGAIN;
	return end_child(child, receive(receiver, read_end));
}
