// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Files are looked at once; most have no V8. */
#include "probe/v8_programs.h"

#include "base/scope.h"
#include "base/text.h"
#include "host/file_reader.h"
#include "host/log.h"
#include "symbol/v8_offsets.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#define FILES_MAX 16384 /* that are remembered; of others nothing is known */

struct file_key {
	uint64_t device, inode;
};

/* A file that some process maps. */
struct file {
	struct file_key key;
	bool has_v8;
	struct elf elf;
	struct v8_layout *layout; /* NULL: none, or none that can be read */
	UT_hash_handle hh;
};

struct v8_programs {
	int js_fd;
	struct file *files;
};

struct v8_programs *v8_programs_new(int js_fd)
{
	struct v8_programs *v = calloc(1, sizeof(*v));

	if (v)
		v->js_fd = js_fd;
	return v;
}

static void layout_free(struct v8_layout *layout)
{
	if (layout)
		v8_layout_done(layout);
	free(layout);
}

static void layout_freep(struct v8_layout **layout)
{
	layout_free(*layout);
}

void v8_programs_free(struct v8_programs *v)
{
	struct file *f, *next;

	if (!v)
		return;
	HASH_ITER (hh, v->files, f, next) {
		HASH_DEL(v->files, f);
		layout_free(f->layout);
		free(f);
	}
	free(v);
}

/* --- files ------------------------------------------------------------------------------------ */

/* The walk in the kernel knows one shape of frames and pointers. */
static bool is_walkable(const struct v8_layout *layout)
{
	const struct v8_walk *w = &layout->walk;
	const struct v8_offsets *o = layout->offsets;

	return o && o->shared_name >= 8 && o->shared_name <= 40 && o->shared_script >= 8 &&
	       o->shared_script <= 40 && w->marker_slot == -8 && w->function_slot == -16 &&
	       w->heap_tag == 1 && w->heap_tag_mask == 3 && w->object_map == 0 &&
	       w->function_shared >= 8 && w->function_shared <= 32 && w->function_shared % 8 == 0;
}

/* What V8 in @elf says of itself. 0 or -ENOMEM; without V8 nothing is filled in. */
static int read_layout(struct file *f, const struct elf *elf, const char *path)
{
	_release_(layout_freep) struct v8_layout *layout = calloc(1, sizeof(*layout));
	char clean[TEXT_MAX];
	const char *why = NULL;
	int err;

	if (!layout)
		return -ENOMEM;
	err = v8_layout_read(elf, layout);
	if (err == -ENOMEM)
		return err;
	f->has_v8 = err == 0 || err == -EOPNOTSUPP;
	if (err == -EOPNOTSUPP)
		why = layout->refusal;
	else if (!err && !is_walkable(layout))
		why = "its frames have another shape";
	if (why) {
		(void)text_clean(path, strlen(path), clean, sizeof(clean));
		log_warn("JavaScript functions of %s have no names: %s", clean, why);
	}
	if (err || why)
		return 0;
	f->layout = layout;
	layout = NULL;
	return 0;
}

static int read_file(struct file *f, const struct target *t, const struct mapping *m)
{
	_release_(closep) int fd = target_open_mapping(t, m);
	_release_(file_reader_done) struct file_reader file = { .fd = -1 };
	struct reader reader;
	uint64_t fault_offset;
	int err;

	if (fd < 0)
		return 0;
	err = file_reader_init(&file, fd, &reader);
	if (!err)
		err = elf_open(&f->elf, reader, &fault_offset);
	if (!err)
		err = read_layout(f, &f->elf, m->path);
	f->elf.reader = (struct reader){ 0 };
	return err == -ENOMEM ? err : 0;
}

/* 0 or -ENOMEM; *ret NULL: nothing is known of it. */
static int take_file(struct v8_programs *v, const struct target *t, const struct mapping *m,
		     struct file **ret)
{
	struct file_key key = { .device = (uint64_t)m->dev_major << 32 | m->dev_minor,
				.inode = m->inode };
	struct file *f;
	int err;

	/* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): key is set */
	HASH_FIND(hh, v->files, &key, sizeof(key), f);
	*ret = f;
	if (f || HASH_COUNT(v->files) >= FILES_MAX)
		return 0;
	f = calloc(1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	f->key = key;
	err = read_file(f, t, m);
	if (!err) {
		HASH_ADD(hh, v->files, key, sizeof(f->key), f);
		err = f->hh.tbl ? 0 : -ENOMEM;
	}
	if (err) {
		layout_free(f->layout);
		free(f);
		return err;
	}
	*ret = f;
	return 0;
}

/* --- processes -------------------------------------------------------------------------------- */

void v8_programs_js(const struct v8_layout *layout, struct unwind_js *ret_js)
{
	const struct v8_walk *w = &layout->walk;
	const struct v8_offsets *o = layout->offsets;

	*ret_js = (struct unwind_js){ .shared = (uint16_t)w->function_shared,
				      .instance_type = (uint16_t)w->map_instance_type,
				      .function_min = w->function_type_min,
				      .function_max = w->function_type_max,
				      .name = (uint16_t)o->shared_name,
				      .script = (uint16_t)o->shared_script,
				      .script_id = (uint16_t)o->script_id };
}

static int tell(const struct v8_programs *v, pid_t pid, const struct v8_layout *layout)
{
	uint32_t tgid = (uint32_t)pid;
	struct unwind_js js;

	v8_programs_js(layout, &js);
	return bpf_map_update_elem(v->js_fd, &tgid, &js, BPF_ANY);
}

static void add_mapping(struct v8_program *p, const struct mapping *m)
{
	if (p->count == V8_PROGRAM_MAPPINGS)
		return;
	p->at[p->count].start = m->start;
	p->at[p->count].end = m->end;
	p->at[p->count++].offset = m->offset;
}

int v8_programs_look(struct v8_programs *v, const struct target *t, const struct procmaps *maps,
		     struct v8_program *ret)
{
	struct v8_program p = { 0 };
	const struct file *of_v8 = NULL;

	for (size_t i = 0; i < maps->len; i++) {
		const struct mapping *m = &maps->at[i];
		struct file *f = NULL;
		int err = m->executable && m->inode ? take_file(v, t, m, &f) : 0;

		if (err)
			return err;
		if (!f || !f->has_v8 || (of_v8 && f != of_v8))
			continue;
		of_v8 = f;
		add_mapping(&p, m);
	}
	if (of_v8) {
		p.has_v8 = true;
		p.layout = of_v8->layout;
		p.elf = &of_v8->elf;
		p.device = of_v8->key.device;
		p.inode = of_v8->key.inode;
	}
	*ret = p;
	return p.layout ? tell(v, t->pid, p.layout) : 0;
}

void v8_programs_forget(const struct v8_programs *v, pid_t pid)
{
	uint32_t tgid = (uint32_t)pid;

	(void)bpf_map_delete_elem(v->js_fd, &tgid); /* mostly not there */
}

uint64_t v8_program_vaddr(const struct v8_program *p, uint64_t addr)
{
	uint64_t vaddr;

	for (size_t i = 0; i < p->count; i++) {
		if (addr < p->at[i].start || addr >= p->at[i].end)
			continue;
		return elf_vaddr_of(p->elf, addr - p->at[i].start + p->at[i].offset, &vaddr) ? vaddr
											     : 0;
	}
	return 0;
}
