// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Places are decoded once (symbol/v8.h) and kept by process. */
#include "collect/js_names.h"

#include "abi/stacks.h"
#include "base/arena.h"
#include "base/strings.h"
#include "base/text.h"
#include "base/vec.h"
#include "host/clock.h"
#include "probe/stacks.h"
#include "probe/v8_programs.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#define TRIES_MAX 4

/*
 * A process may have memory that takes long to read: so long in one go, then others have a turn;
 * and so long in all for what was not read when it was new.
 */
#define TURN_NS	    (100 * NS_PER_MS)
#define LATE_MAX_NS (5 * NS_PER_S)

#define PLACES_MAX  131072 /* that are kept, of all processes; what comes later is unreadable */

struct place_key {
	uint64_t place, word;
};

/* One that was decoded. */
struct place {
	struct place_key key;
	struct frame *frames;
	uint32_t len; /* 0: nothing could be read */
	struct js_counts counts;
	bool is_js; /* else code made by V8 that is no function's */
	uint8_t tries;
	UT_hash_handle hh;
};

struct process {
	pid_t pid; /* the key: of its names, so negative when set aside */
	uint64_t start_ticks;
	const struct target *target; /* NULL: nothing is read any more */
	struct v8_program program;
	struct v8 *v8; /* NULL: cannot be read */
	struct {
		struct file_code {
			uint64_t start, end;
		} * at;
		size_t len, cap;
	} files; /* executable mappings of files, ascending */
	struct place *places;
	UT_hash_handle hh;
};

struct js_names {
	struct js_maps maps;
	struct loop *loop;
	bool has_tiers, is_awaited;
	struct ring_buffer *fresh; /* ids of stacks */
	uint64_t turn_ends_ns, late_ns;
	struct v8_programs *programs;
	struct process *processes;
	size_t place_count;
	struct arena arena; /* places and their frames */
	struct strings texts;
};

static int on_stack(void *ctx, void *data, size_t size);

struct js_names *js_names_new(const struct js_maps *maps, struct loop *loop, bool has_tiers)
{
	struct js_names *j = calloc(1, sizeof(*j));

	if (!j)
		return NULL;
	j->maps = *maps;
	j->loop = loop;
	j->has_tiers = has_tiers;
	j->programs = v8_programs_new(maps->js);
	j->fresh = ring_buffer__new(maps->fresh, on_stack, j, NULL);
	if (j->programs && j->fresh)
		return j;
	js_names_free(j);
	return NULL;
}

static void process_free(struct process *p)
{
	HASH_CLEAR(hh, p->places); /* they lie in the arena */
	free(p->files.at);
	v8_free(p->v8);
	free(p);
}

void js_names_free(struct js_names *j)
{
	struct process *p, *next;

	if (!j)
		return;
	HASH_ITER (hh, j->processes, p, next) {
		HASH_DEL(j->processes, p);
		process_free(p);
	}
	v8_programs_free(j->programs);
	ring_buffer__free(j->fresh);
	strings_done(&j->texts);
	arena_done(&j->arena);
	free(j);
}

/* --- processes -------------------------------------------------------------------------------- */

static struct process *find_process(const struct js_names *j, pid_t pid)
{
	struct process *p;

	HASH_FIND(hh, j->processes, &pid, sizeof(pid), p);
	return p;
}

static int add_process(struct js_names *j, struct process *p, pid_t pid)
{
	p->pid = pid;
	HASH_ADD(hh, j->processes, pid, sizeof(p->pid), p);
	return p->hh.tbl ? 0 : -ENOMEM;
}

static int read_memory(void *arg, uint64_t address, void *into, size_t size)
{
	const struct process *p = arg;

	return p->target ? target_read_memory(p->target, address, into, size) : -ESRCH;
}

static int on_fresh(void *ctx)
{
	return js_names_read_fresh(ctx);
}

/* Code of these is no JavaScript function's without a word that says so. */
static int take_files(struct process *p, const struct procmaps *maps)
{
	p->files.len = 0;
	for (size_t i = 0; i < maps->len; i++) {
		const struct mapping *m = &maps->at[i];
		struct file_code *code;

		if (!m->executable || mapping_is_anonymous(m))
			continue;
		code = vec_push(&p->files);
		if (!code)
			return -ENOMEM;
		*code = (struct file_code){ m->start, m->end };
	}
	return 0;
}

static bool is_in_file(const struct process *p, uint64_t addr)
{
	size_t low = 0, high = p->files.len;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (p->files.at[middle].end <= addr)
			low = middle + 1;
		else
			high = middle;
	}
	return low < p->files.len && p->files.at[low].start <= addr;
}

static int meet(struct js_names *j, const struct target *t, const struct v8_program *program)
{
	struct process *p = calloc(1, sizeof(*p));
	int err;

	if (!p)
		return -ENOMEM;
	p->program = *program;
	p->start_ticks = t->start_ticks;
	if (program->layout) {
		p->v8 = v8_new(program->layout,
			       (struct v8_reader){ .read = read_memory, .arg = p });
		if (!p->v8) {
			free(p);
			return -ENOMEM;
		}
	}
	err = add_process(j, p, t->pid);
	if (err) {
		process_free(p);
		return err;
	}
	if (!j->is_awaited)
		err = loop_add_fd(j->loop, ring_buffer__epoll_fd(j->fresh), on_fresh, j);
	j->is_awaited |= !err;
	return err;
}

static void drop(struct js_names *j, struct process *p)
{
	HASH_DEL(j->processes, p);
	process_free(p);
}

int js_names_refresh(struct js_names *j, const struct target *t, const struct procmaps *maps)
{
	struct process *p = j ? find_process(j, t->pid) : NULL;
	struct v8_program program;
	int err = j ? v8_programs_look(j->programs, t, maps, &program) : 0;

	if (!j || err)
		return err;
	if (p && p->start_ticks != t->start_ticks) {
		drop(j, p); /* another process has that number */
		p = NULL;
	}
	if (!program.has_v8)
		return 0;
	if (!p)
		err = meet(j, t, &program);
	p = find_process(j, t->pid);
	if (!p)
		return err;
	p->target = t;
	p->program = program;
	return err ? err : take_files(p, maps);
}

void js_names_forget(struct js_names *j, pid_t pid)
{
	struct process *p = j ? find_process(j, pid) : NULL;

	if (!p)
		return;
	v8_programs_forget(j->programs, pid);
	p->target = NULL;
}

void js_names_drop(struct js_names *j, pid_t pid)
{
	struct process *p = j ? find_process(j, pid) : NULL;

	js_names_forget(j, pid);
	if (p)
		drop(j, p);
}

void js_names_set_aside(struct js_names *j, pid_t pid, pid_t as)
{
	struct process *p = j ? find_process(j, pid) : NULL;

	if (!p)
		return;
	js_names_forget(j, pid);
	HASH_DEL(j->processes, p);
	if (add_process(j, p, as)) /* no memory: as if it had not been known */
		process_free(p);
}

/* --- places ----------------------------------------------------------------------------------- */

static const char *keep(struct js_names *j, const char *text)
{
	const char *kept = strings_keep(&j->texts, text);

	return kept ? kept : ""; /* out of memory: as if not known */
}

/* Is the object still the one whose word the kernel side took? V8 may have moved it, or others. */
static bool is_unchanged(struct process *p, uint64_t word)
{
	struct unwind_js js;
	uint64_t at = STACK_JS_SHARED(word) - 1, words[6], id = 0;

	v8_programs_js(p->program.layout, &js);
	if (read_memory(p, at, words, sizeof(words)))
		return false;
	if ((words[js.script / 8] & 3) == 1 &&
	    read_memory(p, words[js.script / 8] - 1 + js.script_id, &id, sizeof(id)))
		return false;
	return stack_js_word(at + 1, words[js.name / 8], words[js.script / 8], id) == word;
}

static const char *function_text(struct js_names *j, const struct v8_frame *f)
{
	char text[TEXT_MAX];

	if (!j->has_tiers || f->tier == V8_TIER_UNKNOWN)
		return keep(j, f->function);
	(void)snprintf(text, sizeof(text), "%s [%s]", f->function, v8_tier_name(f->tier));
	return keep(j, text);
}

static int keep_frames(struct js_names *j, struct place *at, const struct v8_frames *frames)
{
	at->frames = arena_alloc(&j->arena, frames->len * sizeof(*at->frames));
	if (!at->frames)
		return -ENOMEM;
	at->len = (uint32_t)frames->len;
	for (size_t i = 0; i < frames->len; i++) {
		const struct v8_frame *f = &frames->at[i];

		at->frames[i] = (struct frame){ .function = function_text(j, f),
						.file = keep(j, f->file),
						.module = "[jit]",
						.line = f->line,
						.column = f->column,
						.is_inlined = f->is_inlined,
						.kind = FRAME_JIT };
		at->counts.unreadable += f->reason != V8_READABLE;
	}
	at->counts.frames = frames->len;
	return 0;
}

/* Code that V8 made for itself: no function's, so none is missing. */
static bool is_other_code(const struct v8_frame *f)
{
	return f->tier == V8_TIER_UNKNOWN &&
	       (f->reason == V8_NO_CODE || f->reason == V8_NO_FUNCTION);
}

static void decode(struct js_names *j, struct process *p, struct place *at, bool is_caller)
{
	const uint64_t shared = STACK_JS_SHARED(at->key.word);
	const struct v8_place place = { .pc = at->key.place + is_caller,
					.vaddr = v8_program_vaddr(&p->program, at->key.place),
					.shared = shared,
					.is_return = is_caller };
	struct v8_frames frames;

	at->is_js = true;
	at->tries++;
	if (!p->v8 || !p->target || (at->key.word && !shared) || v8_decode(p->v8, &place, &frames))
		return;
	if (shared && !is_unchanged(p, at->key.word))
		return;
	at->is_js = shared || !is_other_code(&frames.at[frames.len - 1]);
	if (at->is_js && (frames.len > 1 || frames.at[0].reason == V8_READABLE))
		(void)keep_frames(j, at, &frames); /* else as if unreadable */
}

static struct place *take_place(struct js_names *j, struct process *p, const struct place_key *key,
				bool is_caller)
{
	struct place *at;

	HASH_FIND(hh, p->places, key, sizeof(*key), at);
	if (at || j->place_count >= PLACES_MAX)
		return at;
	at = arena_alloc(&j->arena, sizeof(*at));
	if (!at)
		return NULL;
	memset(at, 0, sizeof(*at));
	at->key = *key;
	decode(j, p, at, is_caller);
	HASH_ADD(hh, p->places, key, sizeof(at->key), at);
	if (!at->hh.tbl)
		return NULL;
	j->place_count++;
	return at;
}

/* For a report: mostly it is there already. */
static struct place *take_late(struct js_names *j, struct process *p, const struct place_key *key,
			       bool is_caller)
{
	uint64_t start_ns;
	struct place *at;

	/* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): key is set */
	HASH_FIND(hh, p->places, key, sizeof(*key), at);
	if (at || j->late_ns > LATE_MAX_NS)
		return at;
	start_ns = clock_monotonic_ns();
	at = take_place(j, p, key, is_caller);
	j->late_ns += clock_monotonic_ns() - start_ns;
	return at;
}

static const struct frame unreadable = {
	.function = "[js]", .file = "", .module = "[jit]", .kind = FRAME_JIT
};

size_t js_names_find(struct js_names *j, const struct js_place *of, struct frame *ret_frames,
		     size_t max, struct js_counts *counts)
{
	const struct place_key key = { .place = of->place, .word = of->word };
	struct process *p = j && (of->word || of->is_made) ? find_process(j, of->pid) : NULL;
	const struct place *at = p ? take_late(j, p, &key, of->is_caller) : NULL;
	size_t len;

	if (!max || (!p && !of->word) || (at && !at->is_js))
		return 0;
	if (!at || !at->len) {
		counts->frames++;
		counts->unreadable++;
		ret_frames[0] = unreadable;
		ret_frames[0].offset = of->place;
		return 1;
	}
	len = at->len < max ? at->len : max;
	memcpy(ret_frames, at->frames, len * sizeof(*ret_frames));
	for (size_t i = 0; i < len; i++)
		ret_frames[i].offset = of->place;
	js_counts_add(counts, &at->counts, 1);
	return len;
}

/* --- what is new ------------------------------------------------------------------------------ */

/* It runs now. What could not be read before may have been changing just then. */
static void read_place(struct js_names *j, struct process *p, const struct place_key *key,
		       bool is_caller)
{
	struct place *at = take_place(j, p, key, is_caller);

	if (at && !at->len && at->is_js && at->tries < TRIES_MAX)
		decode(j, p, at, is_caller);
}

static void read_stack(struct js_names *j, const struct stack_frames *stack)
{
	struct process *p = find_process(j, (pid_t)stack->tgid);

	for (size_t i = 0; p && p->target && i < stack->len; i++) {
		const struct place_key key = { .place = stack->at[i], .word = stack->js[i] };

		if (key.word || !is_in_file(p, key.place))
			read_place(j, p, &key, i > 0);
	}
}

static int on_stack(void *ctx, void *data, size_t size)
{
	struct js_names *j = ctx;
	struct stack_frames stack;
	uint64_t id;

	if (size < sizeof(id))
		return 0;
	memcpy(&id, data, sizeof(id));
	if (stack_read(j->maps.stacks, id, &stack) == 0)
		read_stack(j, &stack);
	return clock_monotonic_ns() < j->turn_ends_ns ? 0 : -EAGAIN;
}

int js_names_read_fresh(struct js_names *j)
{
	int n;

	if (!j)
		return 0;
	j->turn_ends_ns = clock_monotonic_ns() + TURN_NS;
	n = ring_buffer__consume(j->fresh);
	return n < 0 && n != -EAGAIN ? n : 0; /* the rest is readable still */
}

const char *js_names_suffix(const struct js_names *j, char perfmap_tier)
{
	static const struct {
		char tier;
		const char *suffix;
	} suffixes[] = { { '*', " [turbofan]" },
			 { '+', " [maglev]" },
			 { '^', " [baseline]" },
			 { '~', " [interpreted]" } };

	for (size_t i = 0; j && j->has_tiers && i < sizeof(suffixes) / sizeof(*suffixes); i++)
		if (suffixes[i].tier == perfmap_tier)
			return suffixes[i].suffix;
	return "";
}
