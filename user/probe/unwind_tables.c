// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* From a process's maps to what the kernel side walks by. */
#include "probe/unwind_tables.h"

#include "abi/unwind.h"
#include "base/scope.h"
#include "base/vec.h"
#include "host/clock.h"
#include "host/file_reader.h"
#include "host/log.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#define VDSO_MAX_BYTES 65536

struct module_key { /* zeros where unused */
	uint8_t build_id[ELF_BUILD_ID_MAX];
	uint64_t size;
	uint64_t device, inode; /* of a file without a build id */
};

/* A file that is mapped somewhere. */
struct module {
	struct module_key key;
	struct elf elf; /* its segments; the reader is gone */
	bool has_table;
	uint64_t lowest_page;
	uint32_t first_page;
	size_t page_count;
	UT_hash_handle hh;
};

/* A mapping as it was last seen. */
struct seen {
	uint64_t start, end, offset, inode;
	uint32_t dev_major, dev_minor;
	struct module *module; /* NULL: not a file, or one that is no ELF file we can read */
};

struct seen_list {
	struct seen *at;
	size_t len, cap;
};

struct process {
	pid_t pid; /* the key */
	struct seen_list seen;
	struct unwind_process told; /* what the kernel side has */
	UT_hash_handle hh;
};

struct unwind_tables {
	struct unwind_maps maps;
	struct unwind_store *store;
	struct module *modules;
	struct process *processes;
	uint64_t load_ns, text_bytes;
	unsigned int file_count, left_out;
};

struct unwind_tables *unwind_tables_new(const struct unwind_maps *maps)
{
	struct unwind_tables *u = calloc(1, sizeof(*u));

	if (!u)
		return NULL;
	u->maps = *maps;
	u->store = unwind_store_new(maps);
	if (!u->store) {
		free(u);
		return NULL;
	}
	return u;
}

static void process_free(struct process *p)
{
	free(p->seen.at);
	free(p);
}

void unwind_tables_free(struct unwind_tables *u)
{
	struct process *process, *next_process;
	struct module *module, *next_module;

	if (!u)
		return;
	HASH_ITER (hh, u->processes, process, next_process) {
		HASH_DEL(u->processes, process);
		process_free(process);
	}
	HASH_ITER (hh, u->modules, module, next_module) {
		HASH_DEL(u->modules, module);
		free(module);
	}
	unwind_store_free(u->store);
	free(u);
}

void unwind_tables_cost(const struct unwind_tables *u, struct unwind_tables_cost *ret_cost)
{
	*ret_cost = (struct unwind_tables_cost){
		.kernel_bytes = unwind_store_bytes(u->store),
		.load_ns = u->load_ns,
		.text_bytes = u->text_bytes,
		.file_count = u->file_count,
		.left_out = u->left_out,
	};
}

/* --- files ------------------------------------------------------------------------------------ */

static struct process *find_process(const struct unwind_tables *u, pid_t pid)
{
	struct process *p;

	HASH_FIND(hh, u->processes, &pid, sizeof(pid), p);
	return p;
}

/* Compiles its table and gives it to the kernel. Without one the module is still known. */
static int load_table(struct unwind_tables *u, struct module *m, const char *path)
{
	_release_(unwind_table_done) struct unwind_table table = { 0 };
	int err = unwind_table_read(&m->elf, &table);

	if (!err)
		err = unwind_store_add(u->store, &table, &m->first_page);
	if (err == -ENOMEM)
		return err;
	if (err) {
		if (err != -ENODATA && !u->left_out++)
			log_warn("no unwind table for %s, and maybe more files: %s", path,
				 err == -ENOSPC ? "the tables are full" : strerror(-err));
		return 0;
	}
	m->has_table = true;
	m->lowest_page = table.lowest_page;
	m->page_count = table.page_count;
	u->text_bytes += table.text_bytes;
	u->file_count++;
	return 0;
}

/* The module of an ELF file that is open in @elf, loaded when it is new. @key has the rest. */
static int take_module(struct unwind_tables *u, const struct elf *elf, struct module_key *key,
		       const char *path, struct module **ret)
{
	struct module *m;
	int err;

	if (elf->build_id_len) {
		memcpy(key->build_id, elf->build_id, elf->build_id_len);
		key->device = key->inode = 0;
	}
	HASH_FIND(hh, u->modules, key, sizeof(*key), m);
	if (m) {
		*ret = m;
		return 0;
	}
	m = calloc(1, sizeof(*m));
	if (!m)
		return -ENOMEM;
	m->key = *key;
	m->elf = *elf;
	err = load_table(u, m, path);
	if (!err) {
		HASH_ADD(hh, u->modules, key, sizeof(m->key), m);
		err = m->hh.tbl ? 0 : -ENOMEM;
	}
	if (err) {
		free(m);
		return err;
	}
	*ret = m;
	return 0;
}

/* 0 with *ret NULL: no ELF file that can be read. */
static int open_file(struct unwind_tables *u, const struct target *t, const struct mapping *m,
		     struct module **ret)
{
	_release_(closep) int fd = target_open_mapping(t, m);
	_release_(file_reader_done) struct file_reader file = { .fd = -1 };
	struct module_key key = { 0 };
	struct reader reader;
	struct elf elf;
	struct stat st;
	uint64_t fault_offset;
	int err;

	*ret = NULL;
	if (fd < 0 || fstat(fd, &st))
		return 0;
	err = file_reader_init(&file, fd, &reader);
	if (!err)
		err = elf_open(&elf, reader, &fault_offset);
	if (err)
		return err == -ENOMEM ? err : 0;
	key.size = reader.size;
	key.device = st.st_dev;
	key.inode = st.st_ino;
	return take_module(u, &elf, &key, m->path, ret);
}

/* The kernel's own library in the process, which is in no file. */
static int open_vdso(struct unwind_tables *u, const struct target *t, const struct mapping *m,
		     struct module **ret)
{
	_release_(freep) uint8_t *image = NULL;
	struct bytes bytes = { .len = m->end - m->start };
	struct module_key key = { .size = bytes.len };
	struct elf elf;
	uint64_t fault_offset;

	*ret = NULL;
	if (bytes.len > VDSO_MAX_BYTES)
		return 0;
	image = malloc(bytes.len);
	if (!image)
		return -ENOMEM;
	bytes.at = image;
	if (target_read_memory(t, m->start, image, bytes.len) ||
	    elf_open(&elf, reader_of_bytes(&bytes), &fault_offset))
		return 0;
	return take_module(u, &elf, &key, m->path, ret);
}

static int take_file(struct unwind_tables *u, const struct target *t, const struct mapping *m,
		     struct module **ret)
{
	uint64_t start_ns = clock_monotonic_ns();
	int err = m->inode ? open_file(u, t, m, ret) : open_vdso(u, t, m, ret);

	u->load_ns += clock_monotonic_ns() - start_ns;
	return err;
}

/* --- mappings --------------------------------------------------------------------------------- */

static const struct seen *find_seen(const struct seen_list *list, const struct mapping *m)
{
	for (size_t i = 0; i < list->len; i++) {
		const struct seen *s = &list->at[i];

		if (s->start == m->start && s->end == m->end && s->offset == m->offset &&
		    s->inode == m->inode && s->dev_major == m->dev_major &&
		    s->dev_minor == m->dev_minor)
			return s;
	}
	return NULL;
}

static bool is_vdso(const struct mapping *m)
{
	return m->inode == 0 && strcmp(m->path, "[vdso]") == 0;
}

/* Where the file addresses of @m's segment are: address - bias. False: no code segment is there. */
static bool bias_of(const struct elf *elf, const struct mapping *m, uint64_t *ret_bias)
{
	for (size_t i = 0; i < elf->segment_count; i++) {
		const struct elf_segment *s = &elf->segments[i];

		if (!s->executable || s->offset >= m->offset + (m->end - m->start) ||
		    s->offset + s->file_size <= m->offset)
			continue;
		*ret_bias = m->start - m->offset + s->offset - s->vaddr;
		return true;
	}
	return false;
}

/* What the kernel side is told of a mapped file. */
static struct unwind_mapping mapping_of_file(const struct module *module, const struct mapping *m)
{
	struct unwind_mapping u = { .start = m->start, .end = m->end, .kind = UNWIND_BY_FP };
	uint64_t bias, first, last;

	if (!module || !module->has_table || !bias_of(&module->elf, m, &bias))
		return u;
	first = (m->start - bias) >> UNWIND_PAGE_BITS;
	last = (m->end - 1 - bias) >> UNWIND_PAGE_BITS;
	if (first < module->lowest_page || last < first ||
	    last - module->lowest_page >= module->page_count)
		return u; /* the mapping is not what the file says */
	u.bias = bias;
	u.page_delta = (int32_t)(module->first_page - (uint32_t)module->lowest_page);
	u.kind = UNWIND_BY_TABLE;
	return u;
}

/* One process's mappings being gathered. */
struct gathering {
	struct unwind_tables *tables;
	const struct target *target;
	struct process *process;
	struct seen_list seen;
	struct unwind_process told;
};

static void gathering_done(struct gathering *g)
{
	free(g->seen.at);
}

static void tell(struct gathering *g, const struct unwind_mapping *m)
{
	if (g->told.count < UNWIND_MAPPINGS)
		g->told.at[g->told.count++] = *m;
}

static int gather_file(struct gathering *g, const struct mapping *m)
{
	const struct seen *known = find_seen(&g->process->seen, m);
	struct module *module = known ? known->module : NULL;
	struct unwind_mapping u;
	struct seen *s;
	int err = known ? 0 : take_file(g->tables, g->target, m, &module);

	if (err)
		return err;
	s = vec_push(&g->seen);
	if (!s)
		return -ENOMEM;
	*s = (struct seen){ .start = m->start,
			    .end = m->end,
			    .offset = m->offset,
			    .inode = m->inode,
			    .dev_major = m->dev_major,
			    .dev_minor = m->dev_minor,
			    .module = module };
	u = mapping_of_file(module, m);
	tell(g, &u);
	return 0;
}

/*
 * Code made at run time. V8 and others reserve a range and turn pages of it executable one by one:
 * neighbours that are anonymous too are taken for the same range, so that a page made executable
 * after this is known already.
 */
static void gather_anonymous(struct gathering *g, const struct procmaps *maps, size_t *index)
{
	struct unwind_mapping u = { .start = maps->at[*index].start, .kind = UNWIND_JIT };
	bool has_code = false;
	size_t i = *index;

	for (u.end = u.start; i < maps->len; i++) {
		const struct mapping *m = &maps->at[i];

		if (m->start != u.end || !mapping_is_anonymous(m))
			break;
		u.end = m->end;
		has_code |= m->executable;
	}
	if (has_code)
		tell(g, &u);
	*index = i - 1;
}

/*
 * Where the kernel puts its page of return probes, when one is first hit: known before it is there.
 * (kernel/events/uprobes.c, xol_add_vma: the last page below TASK_SIZE, when that is free.)
 */
#define TRAMPOLINE_ADDR 0x7fffffffe000ull

static void gather_trampoline(struct gathering *g, uint64_t start)
{
	const struct unwind_mapping u = { .start = start - 1, /* abi/unwind.h says why */
					  .end = start + 4096,
					  .kind = UNWIND_TRAMPOLINE };
	uint32_t last = g->told.count - 1;

	if (g->told.count && g->told.at[last].end > u.start)
		return; /* something else is there, or the page itself, told before */
	tell(g, &u);
}

static int gather(struct gathering *g, const struct procmaps *maps)
{
	for (size_t i = 0; i < maps->len; i++) {
		const struct mapping *m = &maps->at[i];
		struct unwind_mapping u = { .start = m->start,
					    .end = m->end,
					    .kind = UNWIND_BY_NOTHING };
		int err = 0;

		if (mapping_is_anonymous(m))
			gather_anonymous(g, maps, &i);
		else if (!m->executable || m->start >> 63 /* [vsyscall] */)
			continue;
		else if (m->inode || is_vdso(m))
			err = gather_file(g, m);
		else if (strcmp(m->path, "[uprobes]") == 0)
			gather_trampoline(g, m->start);
		else
			tell(g, &u);
		if (err)
			return err;
	}
	gather_trampoline(g, TRAMPOLINE_ADDR);
	return 0;
}

static struct process *take_process(struct unwind_tables *u, pid_t pid)
{
	struct process *p = find_process(u, pid);

	if (p)
		return p;
	p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	p->pid = pid;
	HASH_ADD(hh, u->processes, pid, sizeof(p->pid), p);
	if (!p->hh.tbl) {
		free(p);
		return NULL;
	}
	return p;
}

/* Only what has changed: each update is a copy in the kernel. */
static int send(struct unwind_tables *u, struct process *p, struct unwind_process *now)
{
	uint32_t tgid = (uint32_t)p->pid;
	int err;

	if (p->told.count == now->count &&
	    memcmp(p->told.at, now->at, now->count * sizeof(now->at[0])) == 0 && now->count)
		return 0;
	now->asked_ns = clock_monotonic_ns();
	err = bpf_map_update_elem(u->maps.processes, &tgid, now, BPF_ANY);
	if (!err)
		p->told = *now;
	return err;
}

int unwind_tables_refresh(struct unwind_tables *u, const struct target *t,
			  const struct procmaps *maps)
{
	_release_(gathering_done) struct gathering g = { .tables = u, .target = t };
	struct seen_list earlier;
	int err;

	g.process = take_process(u, t->pid);
	if (!g.process)
		return -ENOMEM;
	err = gather(&g, maps);
	if (!err)
		err = send(u, g.process, &g.told);
	if (err)
		return err;
	earlier = g.process->seen;
	g.process->seen = g.seen;
	g.seen = earlier; /* released in its place */
	return 0;
}

void unwind_tables_forget(struct unwind_tables *u, pid_t pid)
{
	struct process *p = u ? find_process(u, pid) : NULL;
	uint32_t tgid = (uint32_t)pid;

	if (!p)
		return;
	(void)bpf_map_delete_elem(u->maps.processes, &tgid);
	HASH_DEL(u->processes, p);
	process_free(p);
}
