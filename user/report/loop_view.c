// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Keys and values change the state; rows, and the text of one, are made anew when they may have. */
#include "report/loop_view.h"

#include "base/hash.h"
#include "base/scope.h"
#include "base/screen.h"
#include "base/vec.h"
#include "report/loop_report_parts.h"
#include "report/table_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void loop_view_done(struct loop_view *v)
{
	profile_free(v->culprits);
	free(v->rows.at);
	free(v->text);
}

/* --- rows ------------------------------------------------------------------------------------- */

static uint64_t loop_key(const struct loop_info *info)
{
	return hash_mix((uint64_t)info->pid, (uint64_t)info->tid) | 1;
}

static uint64_t stall_key(const struct loop_view *v, const struct stall *s)
{
	return hash_mix(loop_key(&v->value.loops[s->loop]), s->began_ns) | 1;
}

static uint64_t culprit_key(const struct profile *p, const struct profile_stack *s)
{
	uint64_t key = hash_text(hash_mix((uint64_t)s->tid, s->state), s->wait);

	for (size_t i = 0; i < s->depth; i++) {
		const struct frame *f = profile_frame(p, s->frames[i]);

		key = hash_text(hash_text(hash_text(key, f->function), f->file), f->module);
		key = hash_mix(key, f->function[0] ? f->line : f->offset);
	}
	return key | 1;
}

static int add_row(struct loop_view *v, uint64_t key, size_t index)
{
	struct loop_row *row = vec_push(&v->rows);

	if (!row)
		return -ENOMEM;
	*row = (struct loop_row){ key, index };
	return 0;
}

static int add_culprits(struct loop_view *v)
{
	int err = v->culprits ? 0 : loops_profile(&v->value, &v->culprits);

	for (size_t i = 0; !err && i < profile_stack_count(v->culprits); i++) {
		const struct profile_stack *s = profile_stack(v->culprits, i);

		if (loops_is_stack(v->culprits, s))
			err = add_row(v, culprit_key(v->culprits, s), i);
	}
	return err;
}

/* The cursor stays with its row; at the top of the list with the top. */
static void place_cursor(struct loop_view *v)
{
	for (size_t i = 0; v->held && i < v->rows.len; i++)
		if (v->rows.at[i].key == v->held)
			v->cursor.at = i;
	if (v->cursor.at >= v->rows.len)
		v->cursor.at = v->rows.len ? v->rows.len - 1 : 0;
}

static void hold_chosen(struct loop_view *v)
{
	v->held = v->cursor.at && v->rows.len ? v->rows.at[v->cursor.at].key : 0;
}

static int make_rows(struct loop_view *v)
{
	const struct loops *l = &v->value;
	int err = 0;

	v->rows.len = 0;
	switch (v->list) {
	case LOOP_LIST_LOOPS:
		for (size_t i = 0; i < l->loop_count && !err; i++)
			err = add_row(v, loop_key(&l->loops[i]), i);
		break;
	case LOOP_LIST_STALLS:
		for (size_t i = l->stall_count; i-- > 0 && !err;)
			err = add_row(v, stall_key(v, &l->stalls[i]), i);
		break;
	default:
		err = add_culprits(v);
	}
	place_cursor(v);
	return err;
}

/* --- one in full ------------------------------------------------------------------------------ */

static void put_row(const struct loop_view *v, size_t row, FILE *out)
{
	size_t index = v->rows.at[row].index;

	if (v->list == LOOP_LIST_LOOPS) {
		loop_put_figures(&v->value, index, out);
	} else if (v->list == LOOP_LIST_STALLS) {
		loop_put_stall(&v->value, &v->value.stalls[index], out);
		loop_put_stall_stacks(&v->value, &v->value.stalls[index], out);
	} else {
		loop_put_culprit(v->culprits, profile_stack(v->culprits, index), row + 1, out);
	}
}

static int make_text(struct loop_view *v, size_t row)
{
	_release_(freep) char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return -ENOMEM;
	put_row(v, row, out);
	if (fclose(out))
		return -ENOMEM;
	free(v->text);
	v->text = text;
	text = NULL;
	v->line_count = 0;
	for (const char *at = v->text; (at = strchr(at, '\n')) != NULL; at++)
		v->line_count++;
	return 0;
}

/* Of a row that is gone the last text stays. */
static int renew_text(struct loop_view *v)
{
	for (size_t i = 0; v->open && i < v->rows.len; i++)
		if (v->rows.at[i].key == v->open)
			return make_text(v, i);
	return 0;
}

/* Lines that can be the first one that is seen. */
static size_t tops_of(const struct loop_view *v)
{
	return v->line_count > v->line.page ? v->line_count - v->line.page + 1 : 1;
}

void loop_view_page(struct loop_view *v, size_t page)
{
	size_t tops;

	v->line.page = page;
	tops = tops_of(v);
	if (v->line.at >= tops)
		v->line.at = tops - 1;
}

/* --- values ----------------------------------------------------------------------------------- */

static uint64_t since(uint64_t now, uint64_t before)
{
	return now > before ? now - before : 0;
}

int loop_view_take(struct loop_view *v, const struct loops *l)
{
	const struct loops_meta *before = &v->value.meta, *now = &l->meta;
	uint64_t gone_ns = since(now->duration_ns, before->duration_ns);
	int err;

	if (before->duration_ns && gone_ns)
		v->own_cpu_pct =
			table_share_pct(since(now->own_cpu_ns, before->own_cpu_ns), gone_ns);
	profile_free(v->culprits);
	v->culprits = NULL;
	v->value = *l;
	err = make_rows(v);
	return err ? err : renew_text(v);
}

/* --- keys ------------------------------------------------------------------------------------- */

static int show_list(struct loop_view *v, enum loop_list list, enum loop_answer *ret)
{
	*ret = LOOP_CHANGED;
	v->open = 0;
	if (v->list == list)
		return 0;
	v->list = list;
	v->held = 0;
	v->cursor = (struct list_cursor){ 0 };
	return make_rows(v);
}

static int open_row(struct loop_view *v, enum loop_answer *ret)
{
	if (v->open || v->cursor.at >= v->rows.len)
		return 0;
	*ret = LOOP_CHANGED;
	v->open = v->rows.at[v->cursor.at].key;
	v->held = v->open; /* the way back leads to it */
	v->line = (struct list_cursor){ 0 };
	return renew_text(v);
}

static bool move(struct loop_view *v, int key)
{
	if (v->open)
		return list_cursor_key(&v->line, key, tops_of(v));
	if (!list_cursor_key(&v->cursor, key, v->rows.len))
		return false;
	hold_chosen(v);
	return true;
}

static int other_key(struct loop_view *v, int key, enum loop_answer *ret)
{
	switch (key) {
	case 'q':
		*ret = LOOP_QUIT;
		return 0;
	case ' ':
		v->is_frozen = !v->is_frozen;
		*ret = v->is_frozen ? LOOP_CHANGED : LOOP_REFRESH;
		return 0;
	case '?':
	case 'h':
		v->has_help = true;
		*ret = LOOP_CHANGED;
		return 0;
	case 'l':
		return show_list(v, LOOP_LIST_LOOPS, ret);
	case 's':
		return show_list(v, LOOP_LIST_STALLS, ret);
	case 'c':
		return show_list(v, LOOP_LIST_CULPRITS, ret);
	case '\t':
		return show_list(v, (v->list + 1) % LOOP_LISTS, ret);
	case SCREEN_KEY_ENTER:
		return open_row(v, ret);
	case SCREEN_KEY_BACKSPACE:
	case SCREEN_KEY_ESCAPE:
		*ret = v->open ? LOOP_CHANGED : LOOP_NOTHING;
		v->open = 0;
		return 0;
	default:
		return 0;
	}
}

int loop_view_key(struct loop_view *v, int key, enum loop_answer *ret)
{
	*ret = LOOP_NOTHING;
	if (v->has_help) { /* any key ends it */
		v->has_help = false;
		*ret = key == 'q' ? LOOP_QUIT : LOOP_CHANGED;
		return 0;
	}
	if (!move(v, key))
		return other_key(v, key, ret);
	*ret = LOOP_CHANGED;
	return 0;
}
