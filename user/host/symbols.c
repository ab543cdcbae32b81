// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Processes (copies of their executable mappings) over files (host/symbol_files.h). An address
 * becomes a file address by its mapping; names belong to the file, so processes share them.
 */
#include "host/symbols.h"

#include "base/scope.h"
#include "base/strings.h"
#include "base/text.h"
#include "base/vec.h"
#include "host/build_ids.h"
#include "host/symbol_files.h"

#include <errno.h>
#include <string.h>

struct code {
	uint64_t start, end, offset;
	uint32_t dev_major, dev_minor;
	uint64_t inode;
	const char *module;	  /* interned */
	struct symbol_file *file; /* borrowed from struct symbols; NULL: anonymous or not opened */
};

struct code_list { /* ascending by start, not overlapping */
	struct code *at;
	size_t len, cap;
};

struct process {
	pid_t pid; /* the key */
	struct code_list codes;
	UT_hash_handle hh;
};

struct symbols {
	struct strings names;
	struct process *processes;
	struct symbol_files files;
	struct build_ids build_ids;
};

struct symbols *symbols_new(void)
{
	struct symbols *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	symbol_files_init(&s->files, &s->names);
	/* libdw would fetch debug files over the network for ids that the target chose. */
	(void)unsetenv("DEBUGINFOD_URLS");
	return s;
}

static void process_free(struct process *p)
{
	free(p->codes.at);
	free(p);
}

void symbols_free(struct symbols *s)
{
	struct process *process;
	struct process *next_process;

	if (!s)
		return;
	HASH_ITER (hh, s->processes, process, next_process) {
		HASH_DEL(s->processes, process);
		process_free(process);
	}
	build_ids_done(&s->build_ids);
	symbol_files_done(&s->files);
	strings_done(&s->names);
	free(s);
}

void symbols_freep(struct symbols **s)
{
	symbols_free(*s);
}

static struct process *find_process(const struct symbols *s, pid_t pid)
{
	struct process *p;

	HASH_FIND(hh, s->processes, &pid, sizeof(pid), p);
	return p;
}

static struct process *take_process(struct symbols *s, pid_t pid)
{
	struct process *p = find_process(s, pid);

	if (p)
		return p;
	p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	p->pid = pid;
	HASH_ADD(hh, s->processes, pid, sizeof(p->pid), p);
	if (!p->hh.tbl) {
		free(p);
		return NULL;
	}
	return p;
}

void symbols_forget(struct symbols *s, pid_t pid)
{
	struct process *p = find_process(s, pid);

	if (!p)
		return;
	HASH_DEL(s->processes, p);
	process_free(p);
}

void symbols_set_aside(struct symbols *s, pid_t pid, pid_t as)
{
	struct process *p = find_process(s, pid);

	if (!p)
		return;
	HASH_DEL(s->processes, p);
	p->pid = as;
	HASH_ADD(hh, s->processes, pid, sizeof(p->pid), p);
	if (!p->hh.tbl) /* no memory: as if it had not been known */
		process_free(p);
}

/* --- mappings ------------------------------------------------------------------------------- */

static const char *module_of(struct symbols *s, const struct mapping *m)
{
	static const char *const of_kernel[] = { "[vdso]", "[vsyscall]", "[uprobes]" };
	const char *slash = strrchr(m->path, '/');
	const char *base = slash ? slash + 1 : m->path;

	if (m->inode != 0)
		return strings_keep(&s->names, base);
	for (size_t i = 0; i < sizeof(of_kernel) / sizeof(of_kernel[0]); i++) {
		if (strcmp(m->path, of_kernel[i]) == 0)
			return of_kernel[i];
	}
	return "[jit]";
}

/* The first of @codes that ends above @addr. */
static size_t code_index(const struct code_list *codes, uint64_t addr)
{
	size_t low = 0;
	size_t high = codes->len;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (codes->at[middle].end <= addr)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static const struct code *find_code(const struct code_list *codes, uint64_t addr)
{
	size_t i = code_index(codes, addr);

	return i < codes->len && codes->at[i].start <= addr ? &codes->at[i] : NULL;
}

static bool is_same(const struct code *c, const struct mapping *m)
{
	return c->start == m->start && c->end == m->end && c->offset == m->offset &&
	       c->dev_major == m->dev_major && c->dev_minor == m->dev_minor && c->inode == m->inode;
}

static int add_code(struct symbols *s, const struct target *t, const struct mapping *m,
		    const struct code_list *earlier, struct code_list *codes)
{
	const struct code *known = find_code(earlier, m->start);
	struct symbol_file *file = NULL;
	const char *module = module_of(s, m);
	struct code *code;

	if (known && is_same(known, m))
		file = known->file;
	if (!module)
		return -ENOMEM;
	if (!file && m->inode != 0 && symbol_files_take(&s->files, t, m, module, &file))
		return -ENOMEM;
	if (m->inode != 0 && build_ids_note(&s->build_ids, module, m, file))
		return -ENOMEM;
	code = vec_push(codes);
	if (!code)
		return -ENOMEM;
	*code = (struct code){ .start = m->start,
			       .end = m->end,
			       .offset = m->offset,
			       .dev_major = m->dev_major,
			       .dev_minor = m->dev_minor,
			       .inode = m->inode,
			       .module = module,
			       .file = file };
	return 0;
}

static int compare_codes(const void *a, const void *b)
{
	const struct code *left = a;
	const struct code *right = b;

	return (left->start > right->start) - (left->start < right->start);
}

/*
 * Stacks taken before a dlclose are still named: what was unmapped stays until something else is
 * executable there. A target that maps and unmaps for ever keeps as many as maps may have lines.
 */
static int keep_earlier(const struct code_list *earlier, struct code_list *codes)
{
	struct code_list now = *codes;

	for (size_t i = 0; i < earlier->len && codes->len < PROCMAPS_MAX_LINES; i++) {
		struct code *kept;
		size_t at;

		now.at = codes->at; /* may have moved */
		at = code_index(&now, earlier->at[i].start);
		if (at < now.len && now.at[at].start < earlier->at[i].end)
			continue;
		kept = vec_push(codes);
		if (!kept)
			return -ENOMEM;
		*kept = earlier->at[i];
	}
	if (codes->len > 0)
		qsort(codes->at, codes->len, sizeof(*codes->at), compare_codes);
	return 0;
}

static void code_list_done(struct code_list *codes)
{
	free(codes->at);
}

int symbols_refresh(struct symbols *s, const struct target *t, const struct procmaps *maps)
{
	_release_(code_list_done) struct code_list codes = { 0 };
	struct code_list earlier;
	struct process *p = take_process(s, t->pid);
	int err;

	if (!p)
		return -ENOMEM;
	for (size_t i = 0; i < maps->len; i++) {
		if (maps->at[i].executable && add_code(s, t, &maps->at[i], &p->codes, &codes))
			return -ENOMEM;
	}
	err = keep_earlier(&p->codes, &codes);
	if (err)
		return err;
	earlier = p->codes;
	p->codes = codes;
	codes = earlier; /* released in its place */
	return 0;
}

int symbols_code_ranges(const struct symbols *s, pid_t pid, uint64_t ret_first[2],
			uint64_t ret_end[2])
{
	const struct process *p = find_process(s, pid);
	size_t len = p ? p->codes.len : 0, split = 0;
	const struct code *at = len ? p->codes.at : NULL;
	uint64_t widest = 0;

	while (len && at[len - 1].start >> 63) /* [vsyscall] */
		len--;
	if (!len)
		return -ENODATA;
	for (size_t i = 1; i < len; i++) {
		if (at[i].start - at[i - 1].end > widest) {
			widest = at[i].start - at[i - 1].end;
			split = i;
		}
	}
	ret_first[0] = at[0].start;
	ret_end[0] = at[split ? split - 1 : len - 1].end;
	ret_first[1] = at[split].start;
	ret_end[1] = at[len - 1].end;
	return 0;
}

/* --- addresses ------------------------------------------------------------------------------ */

struct wanted {
	struct symbol_file *file;
	uint64_t vaddr;
};

static int compare_wanted(const void *a, const void *b)
{
	const struct wanted *left = a;
	const struct wanted *right = b;

	if (left->file != right->file)
		return left->file < right->file ? -1 : 1;
	return (left->vaddr > right->vaddr) - (left->vaddr < right->vaddr);
}

/* Where @addr lies in the file of @code: false when its file says nothing about that place. */
static bool file_address(const struct code *code, uint64_t addr, uint64_t *ret_vaddr)
{
	return code->file &&
	       symbol_file_address(code->file, addr - code->start + code->offset, ret_vaddr);
}

/* @wanted sorted by file: one call for each of them. */
static int resolve_files(struct symbols *s, const struct wanted *wanted, size_t count)
{
	_release_(freep) uint64_t *vaddrs = calloc(count, sizeof(*vaddrs));
	size_t at = 0;

	if (!vaddrs)
		return -ENOMEM;
	while (at < count) {
		struct symbol_file *file = wanted[at].file;
		size_t len = 0;

		for (; at < count && wanted[at].file == file; at++) {
			if (len == 0 || vaddrs[len - 1] != wanted[at].vaddr)
				vaddrs[len++] = wanted[at].vaddr;
		}
		if (symbol_files_resolve(&s->files, file, vaddrs, len))
			return -ENOMEM;
	}
	return 0;
}

int symbols_resolve(struct symbols *s, pid_t pid, const uint64_t *addrs, size_t count)
{
	const struct process *p = find_process(s, pid);
	_release_(freep) struct wanted *wanted = NULL;
	size_t len = 0;

	if (!p || count == 0)
		return 0;
	wanted = calloc(count, sizeof(*wanted));
	if (!wanted)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		const struct code *code = find_code(&p->codes, addrs[i]);
		uint64_t vaddr;

		if (!code || !file_address(code, addrs[i], &vaddr) ||
		    symbol_file_find(code->file, vaddr))
			continue;
		wanted[len++] = (struct wanted){ .file = code->file, .vaddr = vaddr };
	}
	if (len == 0)
		return 0;
	qsort(wanted, len, sizeof(*wanted), compare_wanted);
	return resolve_files(s, wanted, len);
}

size_t symbols_frames(struct symbols *s, pid_t pid, uint64_t addr, struct frame *ret_frames,
		      size_t max)
{
	const struct process *p = find_process(s, pid);
	const struct code *code = p ? find_code(&p->codes, addr) : NULL;
	const struct symbol_place *place = NULL;
	uint64_t offset, vaddr;
	size_t len = 0;

	if (!code || !max)
		return 0;
	offset = addr - code->start + code->offset;
	if (file_address(code, addr, &vaddr)) {
		offset = vaddr;
		place = symbol_file_find(code->file, vaddr);
		if (!place && symbols_resolve(s, pid, &addr, 1) == 0)
			place = symbol_file_find(code->file, vaddr);
	}
	if (!place)
		ret_frames[len++] = (struct frame){ .function = "", .file = "" };
	for (; place && len < place->len && len < max; len++)
		ret_frames[len] = place->frames[len];
	for (size_t i = 0; i < len; i++) {
		ret_frames[i].module = code->module;
		ret_frames[i].offset = offset;
		ret_frames[i].kind = strcmp(code->module, "[jit]") ? FRAME_NATIVE : FRAME_JIT;
	}
	return len;
}

const char *symbols_module(const struct symbols *s, pid_t pid, uint64_t addr)
{
	const struct process *p = find_process(s, pid);
	const struct code *code = p ? find_code(&p->codes, addr) : NULL;

	return code ? code->module : NULL;
}

const char *symbols_build_id(struct symbols *s, const char *module)
{
	const char *name = strings_keep(&s->names, module);
	const struct symbol_file *file = name ? build_ids_find(&s->build_ids, name) : NULL;
	char text[2 * ELF_BUILD_ID_MAX + 1];

	/* "[vdso]" is the kernel's, whatever files may be called so */
	if (!file || !file->own.elf.build_id_len || module[0] == '[')
		return NULL;
	(void)text_hex(file->own.elf.build_id, file->own.elf.build_id_len, text);
	return strings_keep(&s->names, text);
}

const char *symbols_note(struct symbols *s)
{
	return symbol_files_note(&s->files);
}
