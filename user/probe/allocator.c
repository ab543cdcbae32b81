// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Finds the allocator functions of a process and the best place in each for a probe. */
#include "probe/allocator.h"

#include "base/scope.h"
#include "base/text.h"
#include "host/file_reader.h"
#include "host/link_map.h"
#include "host/log.h"
#include "probe/allocator_functions.h"
#include "probe/allocator_probe.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define NAMES_MAX 256 /* prefixes times functions */

/* One mapped file, open. */
struct object {
	const struct mapping *map;
	int fd;
	struct file_reader file;
	struct elf elf;
	bool is_exe;
};

static void object_done(struct object *o)
{
	file_reader_done(&o->file);
	closep(&o->fd);
}

static int object_open(const struct target *t, const struct mapping *m, struct object *o)
{
	struct reader reader;
	uint64_t offset = 0;
	int err;

	*o = (struct object){ .map = m, .fd = target_open_mapping(t, m) };
	if (o->fd < 0)
		return o->fd;
	err = file_reader_init(&o->file, o->fd, &reader);
	return err ? err : elf_open(&o->elf, reader, &offset);
}

/* The search: what was found so far, and what was asked. */
struct search {
	const struct target *target;
	const struct procmaps *maps;
	bool is_quiet;
	bool has_malloc; /* the object that malloc resolves to has been seen */
	struct allocators *found;
};

void allocators_done(struct allocators *a)
{
	for (size_t i = 0; i < a->len; i++)
		closep(&a->at[i].fd);
	*a = (struct allocators){ 0 };
}

/* What people call the allocator in this object. *ret_own_new: its operator new bypasses malloc. */
static const char *object_name(const struct object *o, bool *ret_own_new)
{
	static const struct {
		const char *symbol, *name;
		bool own_new;
	} marks[] = {
		{ "tc_malloc", "tcmalloc", true },	{ "mi_malloc", "mimalloc", true },
		{ "mallocx", "jemalloc", true },	{ "je_mallocx", "jemalloc", true },
		{ "_rjem_mallocx", "jemalloc", true },	{ "gnu_get_libc_version", "glibc", false },
		{ "__libc_start_main", "libc", false },
	};
	const char *names[sizeof(marks) / sizeof(*marks)];
	struct elf_symbol symbols[sizeof(marks) / sizeof(*marks)] = { 0 };
	size_t count = sizeof(marks) / sizeof(*marks);

	for (size_t i = 0; i < count; i++)
		names[i] = marks[i].symbol;
	*ret_own_new = false;
	if (elf_find_functions(&o->elf, names, count, false, symbols))
		return "malloc";
	for (size_t i = 0; i < count; i++) {
		if (!symbols[i].found)
			continue;
		*ret_own_new = marks[i].own_new;
		return strstr(o->map->path, "musl") ? "musl" : marks[i].name;
	}
	return strstr(o->map->path, "musl") ? "musl" : "malloc";
}

/* An allocator record for @o: the one it has already, or a new one; NULL when there are too many.
 */
static struct allocator *allocator_of(struct search *s, struct object *o, bool *ret_own_new)
{
	const char *name = object_name(o, ret_own_new);
	struct allocator *a;

	if (s->found->len == ALLOCATORS_MAX)
		return NULL;
	a = &s->found->at[s->found->len];
	*a = (struct allocator){ .fd = dup(o->fd) };
	if (a->fd < 0)
		return NULL;
	s->found->len++;
	(void)snprintf(a->name, sizeof(a->name), "%s", name);
	(void)text_clean(o->map->path, strlen(o->map->path), a->path, sizeof(a->path));
	return a;
}

/* The names of all functions under all prefixes; index = prefix * functions + function. */
struct names {
	char text[NAMES_MAX][ALLOCATOR_NAME_MAX];
	const char *at[NAMES_MAX];
	size_t len;
};

static void names_fill(struct names *n)
{
	assert(allocator_prefix_count * allocator_function_count <= NAMES_MAX);
	n->len = 0;
	for (size_t p = 0; p < allocator_prefix_count; p++) {
		for (size_t f = 0; f < allocator_function_count; f++) {
			bool is_plain = allocator_functions[f].group == GROUP_C || p == 0;

			/* no allocator prefixes the operators: a name no symbol has keeps the index
			 */
			(void)snprintf(n->text[n->len], ALLOCATOR_NAME_MAX, "%s%s",
				       is_plain ? allocator_prefixes[p] : " ",
				       allocator_functions[f].name);
			n->at[n->len] = n->text[n->len];
			n->len++;
		}
	}
}

/* Takes the functions of prefix @p found in @o. */
static void take_family(struct search *s, struct object *o, const struct elf_symbol *symbols)
{
	const struct allocator_file file = { s->target, s->maps, o->map, &o->elf };
	bool own_new = false;
	struct allocator *a = allocator_of(s, o, &own_new);

	if (!a)
		return;
	for (size_t i = 0; i < allocator_function_count; i++) {
		const struct allocator_function *f = &allocator_functions[i];

		if (!symbols[i].found || (f->group != GROUP_C && !own_new))
			continue;
		allocator_add_probe(a, &file, f, &symbols[i]);
	}
	log_info("%s (%s): %zu allocation and %zu free functions", a->name, a->path, a->alloc_count,
		 a->free_count);
	if (a->alloc_count && a->free_count)
		return;
	/* without its frees every block would look like a leak */
	log_warn("%s (%s) is not traced: no place for a probe in its %s", a->name, a->path,
		 a->alloc_count ? "free" : "malloc");
	closep(&a->fd);
	s->found->len--;
}

/* Two families of one object that are the same code (malloc and tc_malloc) are one. */
static bool is_alias(const struct elf_symbol *plain, const struct elf_symbol *prefixed)
{
	return plain->found && plain->vaddr == prefixed->vaddr;
}

static int search_object(struct search *s, struct object *o, const struct names *names)
{
	_release_(freep) struct elf_symbol *symbols = calloc(NAMES_MAX, sizeof(*symbols));
	_release_(freep) struct elf_symbol *own = calloc(NAMES_MAX, sizeof(*own));
	size_t n = allocator_function_count;
	bool is_taken = false;
	int err;

	if (!symbols || !own)
		return -ENOMEM;
	err = elf_find_functions(&o->elf, names->at, names->len, true, symbols);
	if (err)
		return err;
	if (symbols[0].found && !s->has_malloc) {
		s->has_malloc = is_taken = true;
		take_family(s, o, symbols);
	}
	if (o->is_exe) { /* also what it does not export: only its own code calls that */
		err = elf_find_functions(&o->elf, names->at, names->len, false, own);
		if (err)
			return err;
		if (own[0].found && !is_taken) {
			s->has_malloc |= !o->elf.has_interpreter;
			take_family(s, o, own);
		}
		memcpy(symbols, own, NAMES_MAX * sizeof(*symbols));
	}
	for (size_t p = 1; p < allocator_prefix_count; p++)
		if (symbols[p * n].found && !is_alias(&symbols[0], &symbols[p * n]))
			take_family(s, o, &symbols[p * n]);
	return 0;
}

static int check_exe(const struct search *s, int err, const struct elf *exe)
{
	const struct target *t = s->target;

	if (s->is_quiet)
		return err == -EBADMSG || (!err && exe->is_go) ? -EOPNOTSUPP : err;
	if (err == -EOPNOTSUPP || err == -EBADMSG) {
		log_error("process %d (%s): %s is not a 64-bit program of this machine", t->pid,
			  t->comm, t->exe);
		return -EOPNOTSUPP;
	}
	if (err)
		return log_errno(err, "cannot read the executable of process %d (%s)", t->pid,
				 t->comm);
	if (exe->is_go) {
		log_error(
			"process %d (%s) is a Go program: it manages its own heap, and its stacks "
			"move, which a return probe would corrupt",
			t->pid, t->comm);
		log_hint("use Go's own heap profile (net/http/pprof)");
		return -EOPNOTSUPP;
	}
	return 0;
}

static const struct mapping *find_exe_mapping(const struct target *t, const struct procmaps *maps)
{
	struct stat st;
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/exe", t->pid);
	if (stat(path, &st))
		return NULL;
	for (size_t i = 0; i < maps->len; i++)
		if (maps->at[i].inode == st.st_ino && maps->at[i].path)
			return &maps->at[i];
	return NULL;
}

static int say_nothing_found(const struct target *t, size_t object_count, const struct object *exe)
{
	bool has_symbols = exe->elf.symtab.size > 0;

	log_error("no allocator found in process %d (%s): looked for malloc in %zu mapped file%s, "
		  "first %s%s",
		  t->pid, t->comm, object_count, object_count == 1 ? "" : "s", t->exe,
		  has_symbols ? "" : " (stripped of its symbols)");
	log_hint("a statically linked program must keep its symbol table; --mmap traces what it "
		 "maps itself");
	return -ENODATA;
}

static int search_all(struct search *s, const struct procmaps *maps, struct object *exe)
{
	_release_(freep) const struct mapping **objects = calloc(LINK_MAP_MAX, sizeof(*objects));
	_release_(freep) struct names *names = malloc(sizeof(*names));
	size_t count;
	int err;

	if (!objects || !names)
		return -ENOMEM;
	names_fill(names);
	count = link_map_objects(s->target, maps, &exe->elf, exe->map, objects);
	for (size_t i = 0; i < count; i++) {
		_release_(object_done) struct object o = { .fd = -1 };

		err = object_open(s->target, objects[i], &o);
		o.is_exe = i == 0;
		if (!err)
			err = search_object(s, &o, names);
		if (err) /* one odd library does not hide the others */
			log_info("%s: not looked through: %s", objects[i]->path, strerror(-err));
	}
	if (s->found->len)
		return 0;
	return s->is_quiet ? -ENODATA : say_nothing_found(s->target, count, exe);
}

int allocators_find(const struct target *t, bool is_quiet, struct allocators *ret)
{
	_release_(procmaps_done) struct procmaps maps = { 0 };
	_release_(object_done) struct object exe = { .fd = -1 };
	struct search s = { .target = t, .maps = &maps, .is_quiet = is_quiet, .found = ret };
	const struct mapping *exe_map;
	int err = target_maps(t, &maps);

	*ret = (struct allocators){ 0 };
	if (err)
		return is_quiet ? err
				: log_errno(err, "cannot read the mappings of process %d (%s)",
					    t->pid, t->comm);
	exe_map = find_exe_mapping(t, &maps);
	err = exe_map ? object_open(t, exe_map, &exe) : -ENOENT;
	err = check_exe(&s, err, &exe.elf);
	return err ? err : search_all(&s, &maps, &exe);
}
