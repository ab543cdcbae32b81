// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Reads /proc/kallsyms once and names addresses of the kernel by it. */
#include "host/kernel_symbols.h"

#include "base/scope.h"
#include "base/text.h"
#include "host/fd.h"
#include "host/log.h"
#include "host/procfs.h"
#include "symbol/elf_notes.h"
#include "symbol/kallsyms.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define KALLSYMS "/proc/kallsyms"
#define NOTES	 "/sys/kernel/notes"

struct kernel_symbols {
	struct kallsyms table; /* empty when nothing is known */
	char build_id[2 * ELF_BUILD_ID_MAX + 1];
};

static int read_table(struct kallsyms *table)
{
	_release_(closep) int fd = open(KALLSYMS, O_RDONLY | O_CLOEXEC);
	_release_(freep) char *text = NULL;
	uint64_t bad_at;
	size_t len;
	int err;

	if (fd < 0)
		return -errno;
	err = procfs_read(fd, PROCFS_MAX_FILE, &text, &len);
	if (err)
		return err;
	return kallsyms_parse((struct bytes){ (const uint8_t *)text, len }, table, &bad_at);
}

/* It has no build id when it was linked without, or there is no sysfs here. */
static void read_build_id(char ret_text[2 * ELF_BUILD_ID_MAX + 1])
{
	_release_(closep) int fd = open(NOTES, O_RDONLY | O_CLOEXEC);
	uint8_t notes[ELF_NOTES_LOOKED_AT], id[ELF_BUILD_ID_MAX];
	ssize_t len = fd < 0 ? -1 : fd_read_at(fd, 0, notes, sizeof(notes));

	if (len > 0)
		(void)text_hex(id, elf_notes_build_id((struct bytes){ notes, (size_t)len }, 4, id),
			       ret_text);
}

static void say_why(int err)
{
	if (err == -EPERM || err == -EACCES) {
		log_warn("kernel functions have no names: their addresses in " KALLSYMS
			 " are hidden");
		log_hint("run as root or with CAP_SYSLOG; kernel.kptr_restrict must be 0 or 1");
	} else if (err == -ENOENT) {
		log_warn("kernel functions have no names: no " KALLSYMS
			 " (kernel built without CONFIG_KALLSYMS)");
	} else {
		log_warn("kernel functions have no names: " KALLSYMS ": %s", strerror(-err));
	}
}

int kernel_symbols_open(struct kernel_symbols **ret_ks)
{
	struct kernel_symbols *ks = calloc(1, sizeof(*ks));
	int err;

	if (!ks)
		return -ENOMEM;
	err = read_table(&ks->table);
	if (err == -ENOMEM) {
		free(ks);
		return err;
	}
	if (err)
		say_why(err);
	read_build_id(ks->build_id);
	*ret_ks = ks;
	return 0;
}

void kernel_symbols_free(struct kernel_symbols *ks)
{
	if (!ks)
		return;
	kallsyms_done(&ks->table);
	free(ks);
}

void kernel_symbols_freep(struct kernel_symbols **ks)
{
	kernel_symbols_free(*ks);
}

const char *kernel_symbols_build_id(const struct kernel_symbols *ks)
{
	return ks->build_id[0] ? ks->build_id : NULL;
}

void kernel_symbols_find(const struct kernel_symbols *ks, uint64_t addr, struct frame *ret_frame)
{
	struct kallsyms_function f = { .name = "", .module = FRAME_KERNEL_MODULE };

	(void)kallsyms_find(&ks->table, addr, &f); /* an unknown one leaves these */
	*ret_frame = (struct frame){
		.function = f.name,
		.module = f.module,
		.file = "",
		.offset = addr - f.start,
		.kind = FRAME_KERNEL,
	};
}
