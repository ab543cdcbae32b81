// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Blocks are written through a mapping, pages and rules by map updates. */
#include "probe/unwind_store.h"

#include "base/scope.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

struct known_rule {
	struct unwind_rule rule; /* the key */
	uint16_t index;
	UT_hash_handle hh;
};

struct unwind_store {
	struct unwind_maps maps;
	struct known_rule *rules;
	uint32_t rule_count, page_count, block_count;
	uint32_t row_count; /* in the last block */
	int block_fd;	    /* the last block */
	struct unwind_row *block;
};

struct unwind_store *unwind_store_new(const struct unwind_maps *maps)
{
	struct unwind_store *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->maps = *maps;
	s->block_fd = -1;
	s->rule_count = 1; /* [0] is zeros: UNWIND_CFA_NONE */
	return s;
}

static void close_block(struct unwind_store *s)
{
	if (s->block)
		(void)munmap(s->block, sizeof(struct unwind_block));
	closep(&s->block_fd);
	s->block = NULL;
	s->block_fd = -1;
}

void unwind_store_free(struct unwind_store *s)
{
	struct known_rule *rule, *next;

	if (!s)
		return;
	HASH_ITER (hh, s->rules, rule, next) {
		HASH_DEL(s->rules, rule);
		free(rule);
	}
	close_block(s);
	free(s);
}

/* A new block, not to be seen by walks before its rows are there. */
static int next_block(struct unwind_store *s)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);
	uint32_t index = s->block_count;
	int err;

	if (index == UNWIND_BLOCKS)
		return -ENOSPC;
	close_block(s);
	s->block_fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "unwind_block", sizeof(uint32_t),
				     sizeof(struct unwind_block), 1, &opts);
	if (s->block_fd < 0)
		return -errno;
	s->block = mmap(NULL, sizeof(struct unwind_block), PROT_READ | PROT_WRITE, MAP_SHARED,
			s->block_fd, 0);
	if (s->block == MAP_FAILED) {
		err = -errno;
		s->block = NULL;
		return err;
	}
	err = bpf_map_update_elem(s->maps.blocks, &index, &s->block_fd, BPF_ANY);
	if (err)
		return err;
	s->block_count++;
	s->row_count = 0;
	return 0;
}

/* Place for @count rows that belong together. */
static int take_rows(struct unwind_store *s, uint32_t count, uint32_t *ret_first)
{
	int err = s->block && s->row_count + count <= UNWIND_BLOCK_ROWS ? 0 : next_block(s);

	if (err)
		return err;
	*ret_first = s->row_count;
	s->row_count += count;
	return 0;
}

static int take_rule(struct unwind_store *s, const struct unwind_rule *rule, uint16_t *ret_index)
{
	struct known_rule *known;
	uint32_t index = s->rule_count;
	int err;

	if (rule->cfa == UNWIND_CFA_NONE) {
		*ret_index = 0;
		return 0;
	}
	HASH_FIND(hh, s->rules, rule, sizeof(*rule), known);
	if (known) {
		*ret_index = known->index;
		return 0;
	}
	if (index == UNWIND_RULES)
		return -ENOSPC;
	known = calloc(1, sizeof(*known));
	if (!known)
		return -ENOMEM;
	known->rule = *rule;
	known->index = (uint16_t)index;
	HASH_ADD(hh, s->rules, rule, sizeof(known->rule), known);
	if (!known->hh.tbl) {
		free(known);
		return -ENOMEM;
	}
	err = bpf_map_update_elem(s->maps.rules, &index, rule, BPF_ANY);
	if (err)
		return err;
	s->rule_count++;
	*ret_index = known->index;
	return 0;
}

static int add_page(struct unwind_store *s, const struct unwind_row *rows, uint32_t count,
		    const uint16_t *rule_of)
{
	struct unwind_page page = { .last = (uint16_t)(count - 1) };
	uint32_t index = s->page_count;
	int err = take_rows(s, count, &page.first);

	if (err || !s->block) /* never without a block after success: for the analyser */
		return err;
	page.block = (uint16_t)(s->block_count - 1);
	for (uint32_t i = 0; i < count; i++)
		s->block[page.first + i] =
			(struct unwind_row){ .addr = rows[i].addr, .rule = rule_of[rows[i].rule] };
	err = bpf_map_update_elem(s->maps.pages, &index, &page, BPF_ANY);
	if (!err)
		s->page_count++;
	return err;
}

int unwind_store_add(struct unwind_store *s, const struct unwind_table *t, uint32_t *ret_first_page)
{
	_release_(freep) uint16_t *rule_of = calloc(t->rule_count + 1, sizeof(*rule_of));
	uint32_t first_page = s->page_count;
	int err = 0;

	if (!rule_of)
		return -ENOMEM;
	if (t->page_count > UNWIND_PAGES - s->page_count)
		return -ENOSPC;
	for (size_t i = 0; i < t->rule_count && !err; i++)
		err = take_rule(s, &t->rules[i], &rule_of[i]);
	for (size_t i = 0; i < t->page_count && !err; i++)
		err = add_page(s, t->rows + t->pages[i].first, t->pages[i].count, rule_of);
	if (err) {
		s->page_count = first_page; /* nobody refers to what was written */
		return err;
	}
	*ret_first_page = first_page;
	return 0;
}

uint64_t unwind_store_bytes(const struct unwind_store *s)
{
	return (uint64_t)s->block_count * sizeof(struct unwind_block) +
	       UNWIND_PAGES * sizeof(struct unwind_page) + UNWIND_RULES * 16ull;
}
