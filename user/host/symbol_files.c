// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A list of files, links to them by what fstat says, and what their reading has cost so far. */
#include "host/symbol_files.h"

#include "host/clock.h"
#include "host/symboliser.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define MAX_DESCRIPTORS 1024
#define MAX_LINKS	(16 * 1024)
#define CHECKSUM_BYTES	(4ull << 30) /* some seconds */
/*
 * What the symboliser may take in all beyond what each question has free, so that many files made
 * to be slow do not hold up the report; then it is not asked any more.
 */
#define PATIENCE_NS (30 * NS_PER_S)
#define FREE_NS	    (200 * NS_PER_MS)
#define NOTED_FILES 3

/* The device in maps is not that of the file on btrfs and overlayfs, so this is what fstat says. */
struct symbol_file_link {
	struct symbol_file_id {
		uint64_t device, inode;
	} id; /* the key */
	struct symbol_file *file;
	UT_hash_handle hh;
};

void symbol_files_init(struct symbol_files *files, struct strings *names)
{
	struct rlimit limit;

	*files = (struct symbol_files){ .names = names,
					.checksum_budget = CHECKSUM_BYTES,
					.patience_ns = PATIENCE_NS };
	/* Half of what we may open is left to the rest of the program. */
	files->max_descriptors = MAX_DESCRIPTORS;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur / 2 < MAX_DESCRIPTORS)
		files->max_descriptors = limit.rlim_cur / 2;
}

void symbol_files_done(struct symbol_files *files)
{
	struct symbol_file_link *link;
	struct symbol_file_link *next_link;
	struct symbol_file *file = files->first;

	HASH_ITER (hh, files->links, link, next_link) {
		HASH_DEL(files->links, link);
		free(link);
	}
	while (file) {
		struct symbol_file *next = file->next;

		symbol_file_free(file);
		file = next;
	}
	files->first = NULL;
}

static int add_link(struct symbol_files *files, struct symbol_file_id id, struct symbol_file *file)
{
	struct symbol_file_link *link;

	/* A target that makes files without end has its twins opened again instead. */
	if (HASH_COUNT(files->links) >= MAX_LINKS)
		return 0;
	link = calloc(1, sizeof(*link));
	if (!link)
		return -ENOMEM;
	link->id = id;
	link->file = file;
	HASH_ADD(hh, files->links, id, sizeof(link->id), link);
	if (!link->hh.tbl) {
		free(link);
		return -ENOMEM;
	}
	return 0;
}

static bool is_twin(const struct symbol_file *a, const struct symbol_file *b)
{
	return symbol_binary_is_same_build(&a->own, &b->own) &&
	       a->own.elf.reader.size == b->own.elf.reader.size;
}

static struct symbol_file *find_twin(const struct symbol_files *files, const struct symbol_file *of)
{
	struct symbol_file *file = files->first;

	while (file && !is_twin(file, of))
		file = file->next;
	return file;
}

/* @made or the file that it is the twin of; NULL when no more can be kept. */
static struct symbol_file *settle(struct symbol_files *files, struct symbol_file *made,
				  const struct debug_search *search)
{
	struct symbol_file *twin = find_twin(files, made);

	if (twin || files->descriptors + 2 > files->max_descriptors ||
	    HASH_COUNT(files->links) >= MAX_LINKS) {
		symbol_file_free(made);
		return twin;
	}
	symbol_file_find_debug(made, search);
	files->descriptors += symbol_file_descriptors(made);
	made->next = files->first;
	files->first = made;
	return made;
}

int symbol_files_take(struct symbol_files *files, const struct target *t, const struct mapping *m,
		      const char *module, struct symbol_file **ret_file)
{
	struct debug_search search = { t, m->path, &files->checksum_budget };
	struct symbol_file_link *link;
	struct symbol_file_id id;
	struct symbol_file *file;
	struct stat st;
	int fd;

	*ret_file = NULL;
	fd = target_open_mapping(t, m);
	if (fd < 0)
		return 0;
	if (fstat(fd, &st)) {
		(void)close(fd);
		return 0;
	}
	id = (struct symbol_file_id){ .device = st.st_dev, .inode = st.st_ino };
	/* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): id is set, by bytes */
	HASH_FIND(hh, files->links, &id, sizeof(id), link);
	if (link) {
		(void)close(fd);
		*ret_file = link->file;
		return 0;
	}
	file = symbol_file_new(fd, module, files->names);
	if (!file)
		return -ENOMEM;
	file = settle(files, file, &search);
	if (file && add_link(files, id, file))
		return -ENOMEM;
	*ret_file = file;
	return 0;
}

/* What is known of another file of the same build holds for @f, too. */
static int known_trouble(const struct symbol_files *files, const struct symbol_file *f)
{
	for (const struct symbol_file *other = files->first; other; other = other->next)
		if (other->trouble && symbol_binary_is_same_build(&other->own, &f->own))
			return other->trouble;
	return files->patience_ns ? 0 : SYMBOLISER_NOT_ASKED;
}

int symbol_files_resolve(struct symbol_files *files, struct symbol_file *f, const uint64_t *vaddrs,
			 size_t count)
{
	uint64_t start_ns = clock_monotonic_ns();
	uint64_t taken_ns;
	int err;

	if (!f->trouble)
		f->trouble = known_trouble(files, f);
	err = symbol_file_resolve(f, vaddrs, count);
	taken_ns = clock_monotonic_ns() - start_ns;
	taken_ns -= taken_ns < FREE_NS ? taken_ns : FREE_NS;
	files->patience_ns -= taken_ns < files->patience_ns ? taken_ns : files->patience_ns;
	return err;
}

const char *symbol_files_note(struct symbol_files *files)
{
	unsigned int count = 0;
	size_t len = 0;

	for (const struct symbol_file *f = files->first; f; f = f->next) {
		if (!f->trouble || count++ >= NOTED_FILES)
			continue;
		len += (size_t)snprintf(files->note + len, sizeof(files->note) - len, "%s%s: %s",
					len ? "; " : "no line numbers for ", f->module,
					symboliser_reason(f->trouble));
	}
	if (count > NOTED_FILES)
		(void)snprintf(files->note + len, sizeof(files->note) - len, "; %u more files",
			       count - NOTED_FILES);
	return count ? files->note : NULL;
}
