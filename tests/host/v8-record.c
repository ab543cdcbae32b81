// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Records what the V8 decoder reads of a running node: v8-record IMAGE SECONDS NODE [ARGUMENT...]
 *
 * Starts the program, samples the stacks of its main thread by frame pointers, stops it, decodes
 * one place of each kind with a reader that notes what it reads, and writes an image (v8_image.h).
 * The frames go to standard output: check them against the program, then they are what the unit
 * test expects.
 */
#include "base/scope.h"
#include "host/file_reader.h"
#include "symbol/elf.h"
#include "symbol/elf_prefixed.h"
#include "symbol/v8.h"
#include "tap.h"
#include "v8_frames.h"
#include "v8_image.h"

#include <asm/perf_regs.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/perf_event.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>

#define WARM_UP_MS    2500
#define RING_PAGES    256
#define PAGE	      4096ul
#define STACK_BYTES   16384
#define MAX_MAPPINGS  4096
#define MAX_PLACES    8
#define MAX_PER_KIND  2
#define MAX_READS     65536
#define BIGGEST_PIECE 8192 /* sources of node itself are left out */

struct mapping {
	uint64_t start, end, offset;
	bool is_node, is_executable, is_anonymous;
};

struct span {
	uint64_t address;
	size_t len;
};

struct record {
	pid_t pid;
	const char *node;
	struct elf elf;
	struct v8_layout layout;
	struct v8 *v8; /* the one that looks for places */
	struct mapping mappings[MAX_MAPPINGS];
	size_t mapping_count;
	struct v8_place places[MAX_PLACES];
	size_t place_count;
	char kinds[MAX_PLACES][256];
	bool is_noting;
	struct span reads[MAX_READS];
	size_t read_count;
	FILE *image;
	uint32_t written;
};

static int read_memory(void *arg, uint64_t address, void *into, size_t size)
{
	struct record *r = arg;
	struct iovec here = { into, size };
	struct iovec there = { (void *)(uintptr_t)address, size };

	if (process_vm_readv(r->pid, &here, 1, &there, 1, 0) != (ssize_t)size)
		return -EFAULT;
	if (r->is_noting && size <= BIGGEST_PIECE) {
		must(r->read_count < MAX_READS);
		r->reads[r->read_count++] = (struct span){ address, size };
	}
	return r->is_noting && size > BIGGEST_PIECE ? -EFAULT : 0;
}

static void read_mappings(struct record *r)
{
	char path[64], line[4096];
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%d/maps", r->pid);
	f = fopen(path, "re");
	must(f);
	r->mapping_count = 0;
	while (fgets(line, sizeof(line), f) && r->mapping_count < MAX_MAPPINGS) {
		struct mapping m = { 0 };
		char access[8], name[2048] = "";

		(void)sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s %" SCNx64 " %*s %*s %2047s",
			     &m.start, &m.end, access, &m.offset, name);
		m.is_executable = access[2] == 'x';
		m.is_node = strcmp(name, r->node) == 0;
		m.is_anonymous = !name[0];
		r->mappings[r->mapping_count++] = m;
	}
	(void)fclose(f);
}

static const struct mapping *find_mapping(const struct record *r, uint64_t address)
{
	for (size_t i = 0; i < r->mapping_count; i++) {
		if (address >= r->mappings[i].start && address < r->mappings[i].end)
			return &r->mappings[i];
	}
	return NULL;
}

/* What BPF does: the SharedFunctionInfo of the function in a frame, 0 when it is none. */
static uint64_t shared_of(struct record *r, uint64_t marker, uint64_t function)
{
	const struct v8_walk *w = &r->layout.walk;
	uint64_t map, shared;
	uint16_t type;

	if (!(marker & 1) || (function & 3) != 1 ||
	    read_memory(r, function - 1 + w->object_map, &map, sizeof(map)) ||
	    read_memory(r, map - 1 + w->map_instance_type, &type, sizeof(type)) ||
	    type < w->function_type_min || type > w->function_type_max ||
	    read_memory(r, function - 1 + w->function_shared, &shared, sizeof(shared)))
		return 0;
	return shared;
}

/* False when it lies in native code. */
static bool make_place(struct record *r, uint64_t pc, bool is_return, struct v8_place *ret_place)
{
	const struct mapping *m = find_mapping(r, pc);
	uint64_t vaddr = 0;

	if (!m) {
		read_mappings(r);
		m = find_mapping(r, pc);
	}
	if (!m || !m->is_executable || !(m->is_node || m->is_anonymous))
		return false;
	if (m->is_node) {
		if (!elf_vaddr_of(&r->elf, pc - m->start + m->offset, &vaddr) ||
		    vaddr < r->layout.builtins_start || vaddr >= r->layout.builtins_end)
			return false;
		vaddr -= is_return;
	}
	*ret_place = (struct v8_place){ .pc = pc, .vaddr = vaddr, .is_return = is_return };
	return true;
}

/* Tier, how much is inlined, the function, whether node's own. */
static void describe(struct record *r, const struct v8_place *place, char kind[256])
{
	struct v8_frames frames;

	must(!v8_decode(r->v8, place, &frames));
	(void)snprintf(kind, 256, "%s %zu %s%s", v8_tier_name(frames.at[0].tier), frames.len,
		       frames.at[0].function,
		       strncmp(frames.at[0].file, "node:", 5) == 0 ? " of node" : "");
}

/* Takes a few places of each kind. */
static void take_place(struct record *r, const struct v8_place *place)
{
	char kind[256];
	size_t same = 0;

	describe(r, place, kind);
	if (r->place_count == MAX_PLACES || strstr(kind, "[js]") || strstr(kind, "builtin 1 C"))
		return;
	for (size_t i = 0; i < r->place_count; i++) {
		size_t tier_len = strcspn(kind, " ") + 2;

		if (strcmp(r->kinds[i], kind) == 0)
			return;
		same += strncmp(r->kinds[i], kind, tier_len) == 0;
		same += strstr(kind, " of node") && strstr(r->kinds[i], " of node") ? MAX_PER_KIND
										    : 0;
	}
	if (same >= MAX_PER_KIND)
		return;
	memcpy(r->kinds[r->place_count], kind, sizeof(kind));
	r->places[r->place_count++] = *place;
}

struct sample {
	uint64_t bp, sp, ip;
	const uint8_t *stack;
	uint64_t len;
};

static void walk(struct record *r, const struct sample *s)
{
	uint64_t pc = s->ip, bp = s->bp;
	bool is_return = false;

	for (int depth = 0; depth < 64 && bp >= s->sp + 16 && bp + 16 <= s->sp + s->len; depth++) {
		uint64_t words[4]; /* function, marker, caller's rbp, return address */
		struct v8_place place;

		memcpy(words, s->stack + (bp - 16 - s->sp), sizeof(words));
		if (make_place(r, pc, is_return, &place)) {
			place.shared = shared_of(r, words[1], words[0]);
			take_place(r, &place);
		}
		if (words[2] <= bp)
			break;
		bp = words[2];
		pc = words[3];
		is_return = true;
	}
}

static void take_record(struct record *r, const uint8_t *record)
{
	struct perf_event_header head;
	struct sample s;
	uint64_t abi;

	memcpy(&head, record, sizeof(head));
	record += sizeof(head);
	memcpy(&abi, record, sizeof(abi));
	if (head.type != PERF_RECORD_SAMPLE || !abi)
		return;
	memcpy(&s, record + 8, 24);
	memcpy(&s.len, record + 32, 8);
	s.stack = record + 40;
	memcpy(&s.len, s.stack + s.len, 8); /* how much of it is filled */
	walk(r, &s);
}

static uint64_t clock_ms(void)
{
	struct timespec t;

	must(!clock_gettime(CLOCK_MONOTONIC, &t));
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void drain(struct record *r, struct perf_event_mmap_page *page)
{
	static uint8_t record[65536];
	const uint8_t *data = (const uint8_t *)page + PAGE;
	uint64_t head = __atomic_load_n(&page->data_head, __ATOMIC_ACQUIRE), tail = page->data_tail;

	while (tail < head) {
		struct perf_event_header h;

		for (size_t i = 0; i < sizeof(h); i++)
			((uint8_t *)&h)[i] = data[(tail + i) % (RING_PAGES * PAGE)];
		for (size_t i = 0; i < h.size; i++)
			record[i] = data[(tail + i) % (RING_PAGES * PAGE)];
		tail += h.size;
		take_record(r, record);
	}
	__atomic_store_n(&page->data_tail, tail, __ATOMIC_RELEASE);
}

static void sample_stacks(struct record *r, uint64_t milliseconds)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.size = sizeof(attr),
		.freq = 1,
		.sample_freq = 997,
		.sample_type = PERF_SAMPLE_REGS_USER | PERF_SAMPLE_STACK_USER,
		.sample_regs_user =
			1ul << PERF_REG_X86_IP | 1ul << PERF_REG_X86_BP | 1ul << PERF_REG_X86_SP,
		.sample_stack_user = STACK_BYTES,
		.watermark = 1,
		.wakeup_watermark = 1,
	};
	int fd = (int)syscall(SYS_perf_event_open, &attr, r->pid, -1, -1, PERF_FLAG_FD_CLOEXEC);
	uint64_t end = clock_ms() + milliseconds;
	void *ring;

	must(fd >= 0);
	ring = mmap(NULL, (RING_PAGES + 1) * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	must(ring != MAP_FAILED);
	while (clock_ms() < end) {
		struct pollfd p = { fd, POLLIN, 0 };

		(void)poll(&p, 1, 100);
		drain(r, ring);
	}
	must(!munmap(ring, (RING_PAGES + 1) * PAGE));
	(void)close(fd);
}

static int compare_spans(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	return (x->address > y->address) - (x->address < y->address);
}

static size_t merge_reads(struct record *r)
{
	size_t len = 0;

	qsort(r->reads, r->read_count, sizeof(r->reads[0]), compare_spans);
	for (size_t i = 0; i < r->read_count; i++) {
		struct span *last = len ? &r->reads[len - 1] : NULL;
		uint64_t end = r->reads[i].address + r->reads[i].len;

		if (!last || r->reads[i].address > last->address + last->len)
			r->reads[len++] = r->reads[i];
		else if (end > last->address + last->len)
			last->len = end - last->address;
	}
	return len;
}

static void put(struct record *r, const void *bytes, size_t len)
{
	must(fwrite(bytes, 1, len, r->image) == len);
}

static void put_name(struct record *r, const char *name)
{
	uint8_t len = (uint8_t)strlen(name);

	put(r, &len, 1);
	put(r, name, len);
}

/* Only what v8_offsets.c asks for is worth its room. */
static int put_constant(void *ctx, const struct elf_prefixed *symbol)
{
	struct record *r = ctx;
	const char *name = symbol->name + strlen("v8dbg_");
	uint32_t value;

	if (strncmp(symbol->name, "v8dbg_", 6) != 0 || !v8_offsets_wants(name) ||
	    elf_word_at(&r->elf, symbol->vaddr, &value))
		return 0;
	r->written++;
	if (!r->image)
		return 0;
	put(r, &value, sizeof(value));
	put_name(r, name);
	return 0;
}

static uint32_t put_constants(struct record *r, FILE *image)
{
	static const char *const prefix[] = { "v8dbg_" };

	r->written = 0;
	r->image = image;
	must(!elf_find_prefixed(&r->elf, prefix, 1, put_constant, r));
	return r->written;
}

static uint32_t put_builtins(struct record *r, FILE *image)
{
	uint32_t count = 0;

	r->image = image;
	for (size_t i = 0; i < r->layout.builtin_count; i++) {
		const struct v8_builtin *b = &r->layout.builtins[i];
		bool is_used = false;

		for (size_t k = 0; k < r->place_count; k++)
			is_used |= r->places[k].vaddr - b->vaddr < b->size;
		count += is_used;
		if (!is_used || !image)
			continue;
		put(r, &b->vaddr, 8);
		put(r, &b->size, 8);
		put_name(r, b->name);
	}
	return count;
}

static void write_image(struct record *r, const char *path)
{
	static uint8_t bytes[1 << 20];
	struct v8_image_head head = {
		.version = r->layout.version,
		.builtins_start = r->layout.builtins_start,
		.builtins_end = r->layout.builtins_end,
		.constant_count = put_constants(r, NULL),
		.builtin_count = put_builtins(r, NULL),
		.place_count = (uint32_t)r->place_count,
		.piece_count = (uint32_t)merge_reads(r),
	};
	FILE *image = fopen(path, "we");

	must(image);
	memcpy(head.magic, V8_IMAGE_MAGIC, sizeof(head.magic));
	r->image = image;
	put(r, &head, sizeof(head));
	(void)put_constants(r, image);
	(void)put_builtins(r, image);
	for (size_t i = 0; i < r->place_count; i++) {
		const struct v8_place *p = &r->places[i];
		uint8_t is_return = p->is_return;

		put(r, &p->pc, 8);
		put(r, &p->vaddr, 8);
		put(r, &p->shared, 8);
		put(r, &is_return, 1);
	}
	for (uint32_t i = 0; i < head.piece_count; i++) {
		uint32_t len = (uint32_t)r->reads[i].len;

		must(len <= sizeof(bytes) && !read_memory(r, r->reads[i].address, bytes, len));
		put(r, &r->reads[i].address, 8);
		put(r, &len, 4);
		put(r, bytes, len);
	}
	must(!fclose(image));
}

/* Code is thrown away, and another one takes its place. */
static void drop_changed(struct record *r)
{
	size_t len = 0;

	for (size_t i = 0; i < r->place_count; i++) {
		char kind[256];

		describe(r, &r->places[i], kind);
		if (strcmp(kind, r->kinds[i]) == 0)
			r->places[len++] = r->places[i];
	}
	r->place_count = len;
}

static void decode_places(struct record *r)
{
	struct v8 *v8 = v8_new(&r->layout, (struct v8_reader){ read_memory, r });

	must(v8);
	r->is_noting = true;
	for (size_t i = 0; i < r->place_count; i++) {
		struct v8_frames frames;

		must(!v8_decode(v8, &r->places[i], &frames));
		v8_frames_print(&frames, stdout);
	}
	r->is_noting = false;
	v8_free(v8);
}

static pid_t start(char **argv)
{
	pid_t pid = fork();

	must(pid >= 0);
	if (pid)
		return pid;
	(void)execv(argv[0], argv);
	_exit(127);
}

int main(int argc, char **argv)
{
	static struct record r;
	struct file_reader file;
	struct reader reader;
	uint64_t offset;
	int fd;

	must(argc >= 4);
	r.node = argv[3];
	fd = open(r.node, O_RDONLY | O_CLOEXEC);
	must(fd >= 0 && !file_reader_init(&file, fd, &reader));
	must(!elf_open(&r.elf, reader, &offset) && !v8_layout_read(&r.elf, &r.layout));
	r.pid = start(argv + 3);
	(void)poll(NULL, 0, WARM_UP_MS);
	read_mappings(&r);
	r.v8 = v8_new(&r.layout, (struct v8_reader){ read_memory, &r });
	must(r.v8);
	sample_stacks(&r, (uint64_t)atof(argv[2]) * 1000);
	must(!kill(r.pid, SIGSTOP));
	drop_changed(&r);
	decode_places(&r);
	write_image(&r, argv[1]);
	must(!kill(r.pid, SIGKILL) && waitpid(r.pid, NULL, 0) == r.pid);
	v8_free(r.v8);
	v8_layout_done(&r.layout);
	file_reader_done(&file);
	(void)close(fd);
	return 0;
}
