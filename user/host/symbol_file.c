// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Names and lines of one file, from the file itself and from its separate debug file. */
#include "host/symbol_file.h"

#include "base/scope.h"
#include "base/text.h"
#include "host/symboliser.h"
#include "symbol/demangle.h"

#include <errno.h>
#include <string.h>

struct symbol_file *symbol_file_new(int fd, const char *module, struct strings *names)
{
	struct symbol_file *f = calloc(1, sizeof(*f));

	if (!f) {
		(void)close(fd);
		return NULL;
	}
	f->own.fd = -1;
	f->debug.fd = -1;
	f->module = module;
	f->names = names;
	if (symbol_binary_open(&f->own, fd))
		(void)close(fd);
	return f;
}

void symbol_file_find_debug(struct symbol_file *f, const struct debug_search *search)
{
	if (f->own.fd >= 0 && !(f->own.elf.symtab.size > 0 && f->own.elf.has_dwarf))
		(void)debug_file_find(&f->own, search, &f->debug);
}

void symbol_file_free(struct symbol_file *f)
{
	struct symbol_place *place;
	struct symbol_place *next;

	if (!f)
		return;
	HASH_ITER (hh, f->places, place, next) {
		HASH_DEL(f->places, place);
		free(place->frames);
		free(place);
	}
	symbol_binary_done(&f->own);
	symbol_binary_done(&f->debug);
	free(f);
}

size_t symbol_file_descriptors(const struct symbol_file *f)
{
	return (size_t)(f->own.fd >= 0) + (size_t)(f->debug.fd >= 0);
}

bool symbol_file_address(const struct symbol_file *f, uint64_t offset, uint64_t *ret_vaddr)
{
	return f->own.fd >= 0 && elf_vaddr_of(&f->own.elf, offset, ret_vaddr);
}

const struct symbol_place *symbol_file_find(const struct symbol_file *f, uint64_t vaddr)
{
	struct symbol_place *place;

	HASH_FIND(hh, f->places, &vaddr, sizeof(vaddr), place);
	return place;
}

/* --- the addresses of one resolve ----------------------------------------------------------- */

struct wanted {
	struct symbol_place *place;
	const char *symbol; /* the best name yet, interned; NULL none */
	uint64_t start;	    /* of that symbol */
	bool is_settled;    /* a table had it: those after it are not asked */
};

struct batch {
	struct strings *names;
	struct wanted *at;
	size_t len;
	uint64_t *addrs; /* of those that are asked for in a pass, and their index in @at */
	size_t *indices;
	bool is_out_of_memory;
};

static void batch_done(struct batch *b)
{
	free(b->at);
	free(b->addrs);
	free(b->indices);
}

/* A place about which nothing is known yet. 0 or -ENOMEM. */
static int batch_add(struct batch *b, struct symbol_file *f, uint64_t vaddr)
{
	struct symbol_place *place = calloc(1, sizeof(*place));

	if (!place)
		return -ENOMEM;
	place->vaddr = vaddr;
	place->len = 1;
	place->frames = calloc(1, sizeof(*place->frames));
	if (place->frames) {
		place->frames[0] = (struct frame){ .function = "", .file = "" };
		HASH_ADD(hh, f->places, vaddr, sizeof(place->vaddr), place);
	}
	if (!place->frames || !place->hh.tbl) {
		free(place->frames);
		free(place);
		return -ENOMEM;
	}
	b->at[b->len++].place = place;
	return 0;
}

/* The addresses of the next pass: those that are not settled. */
static size_t batch_collect(struct batch *b)
{
	size_t count = 0;

	for (size_t i = 0; i < b->len; i++) {
		if (b->at[i].is_settled)
			continue;
		b->addrs[count] = b->at[i].place->vaddr;
		b->indices[count++] = i;
	}
	return count;
}

/* What is kept of a raw text; "" when there is no memory, which is noted. */
static const char *keep(struct batch *b, const char *text, bool is_function)
{
	char buf[TEXT_MAX];
	const char *kept;

	if (!text[0])
		return "";
	if (is_function)
		(void)demangle(text, buf, sizeof(buf));
	kept = strings_keep(b->names, is_function ? buf : text);
	if (!kept)
		b->is_out_of_memory = true;
	return kept ? kept : "";
}

static void found_name(void *ctx, size_t index, const char *name, uint64_t symbol_vaddr)
{
	struct batch *b = ctx;
	struct wanted *w = &b->at[b->indices[index]];

	w->is_settled = true;
	/* Each table may lack the symbol that is nearest: of two the later start is right. */
	if (!name[0] || (w->symbol && symbol_vaddr < w->start))
		return;
	w->symbol = keep(b, name, true);
	w->start = symbol_vaddr;
}

static void take_frames(struct batch *b, struct symbol_place *place, const struct call_chain *chain)
{
	struct frame *frames = calloc(chain->len, sizeof(*frames));

	if (!frames) {
		b->is_out_of_memory = true;
		return;
	}
	for (size_t i = 0; i < chain->len; i++)
		frames[i] = (struct frame){
			.function = keep(b, chain->frames[i].function, true),
			.file = keep(b, chain->frames[i].file, false),
			.line = chain->frames[i].line,
			.is_inlined = i + 1 < chain->len,
		};
	free(place->frames);
	place->frames = frames;
	place->len = chain->len;
}

static void found_chain(void *ctx, const struct call_chain *chain)
{
	struct batch *b = ctx;
	struct wanted *w = &b->at[b->indices[chain->index]];

	if (chain->source == CALL_CHAIN_DWARF) {
		take_frames(b, w->place, chain);
		return;
	}
	found_name(b, chain->index, chain->frames[0].function, chain->start);
	w->is_settled = false; /* dynamic symbols are left out of .gnu_debugdata */
}

static bool has_lines(const struct symbol_binary *b)
{
	return b->fd >= 0 && b->elf.has_dwarf && !b->elf.has_debugaltlink;
}

static bool has_symtab(const struct symbol_binary *b)
{
	return b->fd >= 0 && b->elf.symtab.size > 0;
}

/* A file that failed is not tried again: each try may last seconds. */
static void ask_symboliser(struct symbol_file *f, struct batch *b)
{
	struct symboliser_question q = { .dwarf_fd = -1, .debugdata_fd = -1 };

	if (f->trouble)
		return;
	if (has_lines(&f->own) || has_lines(&f->debug))
		q.dwarf_fd = has_lines(&f->own) ? f->own.fd : f->debug.fd;
	if (f->own.elf.debugdata.size && !has_symtab(&f->own) && !has_symtab(&f->debug)) {
		q.debugdata_fd = f->own.fd;
		q.debugdata = f->own.elf.debugdata;
	}
	if (q.dwarf_fd < 0 && q.debugdata_fd < 0)
		return;
	q.count = batch_collect(b);
	q.addrs = b->addrs;
	f->trouble = symboliser_ask(&q, found_chain, b);
}

/* The file with the full symbol table goes first: dynsym alone names neighbours of statics. */
static int name_places(struct symbol_file *f, struct batch *b)
{
	bool is_debug_first = !has_symtab(&f->own);
	struct symbol_binary *order[] = { is_debug_first ? &f->debug : &f->own,
					  is_debug_first ? &f->own : &f->debug };

	for (size_t i = 0; i < 2; i++) {
		size_t count = batch_collect(b);

		if (order[i]->fd < 0 || count == 0)
			continue;
		if (symbol_binary_name(order[i], b->addrs, count, found_name, b) == -ENOMEM)
			return -ENOMEM;
	}
	/* The outermost function is the one that has a symbol. */
	for (size_t i = 0; i < b->len; i++) {
		struct symbol_place *place = b->at[i].place;

		if (b->at[i].symbol)
			place->frames[place->len - 1].function = b->at[i].symbol;
	}
	return 0;
}

int symbol_file_resolve(struct symbol_file *f, const uint64_t *vaddrs, size_t count)
{
	_release_(batch_done) struct batch b = { .names = f->names };

	if (f->own.fd < 0 || count == 0)
		return 0;
	b.at = calloc(count, sizeof(*b.at));
	b.addrs = calloc(count, sizeof(*b.addrs));
	b.indices = calloc(count, sizeof(*b.indices));
	if (!b.at || !b.addrs || !b.indices)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		if (!symbol_file_find(f, vaddrs[i]) && batch_add(&b, f, vaddrs[i]))
			return -ENOMEM;
	}
	if (b.len == 0)
		return 0;
	ask_symboliser(f, &b);
	return name_places(f, &b) || b.is_out_of_memory ? -ENOMEM : 0;
}
