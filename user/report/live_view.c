// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Keys and profiles change the state; rows are made anew when they may have changed. */
#include "report/live_view.h"

#include "base/screen.h"
#include "profile/frame_order.h"

#include <errno.h>
#include <string.h>

void live_view_init(struct live_view *v, enum live_order order)
{
	*v = (struct live_view){ .order = order };
}

void live_view_done(struct live_view *v)
{
	live_rows_done(&v->rows);
	profile_functions_done(&v->functions);
	profile_waits_done(&v->waits);
	profile_free(v->profile);
	strings_done(&v->names);
}

/* --- rows and the cursor ---------------------------------------------------------------------- */

static const struct frame *function_at(const struct live_view *v, size_t row)
{
	return profile_frame(v->profile, v->rows.at[row].frame);
}

static bool is_zoomed(const struct live_view *v)
{
	return v->zoom_len > 0;
}

/* The texts of a frame outlive its profile only as copies. */
static int keep(struct live_view *v, const struct frame *f, struct frame *ret)
{
	struct frame kept = *f;

	kept.function = strings_keep(&v->names, f->function);
	kept.module = strings_keep(&v->names, f->module);
	kept.file = strings_keep(&v->names, f->file);
	if (!kept.function || !kept.module || !kept.file)
		return -ENOMEM;
	*ret = kept;
	return 0;
}

/* The cursor stays with its row; at the top of the list with the top. */
static void place_cursor(struct live_view *v)
{
	for (size_t i = 0; v->is_held && i < v->rows.len; i++)
		if (v->rows.at[i].role == v->held_role &&
		    frame_compare_functions(function_at(v, i), &v->held) == 0)
			v->cursor.at = i;
	if (v->cursor.at >= v->rows.len)
		v->cursor.at = v->rows.len ? v->rows.len - 1 : 0;
	v->is_held = v->is_held && (v->cursor.at || is_zoomed(v));
}

/* Of @f, whose texts are kept. */
static void hold(struct live_view *v, enum live_role role, const struct frame *f)
{
	v->is_held = true;
	v->held_role = role;
	v->held = *f;
}

static int make_rows(struct live_view *v)
{
	struct live_rows rows = { 0 };
	int err = 0;

	if (!v->profile)
		return 0;
	if (is_zoomed(v))
		err = live_rows_around(v->profile, &v->zoom[v->zoom_len - 1], &rows);
	else
		err = live_rows_list(v->profile, &v->functions, v->order, v->filter, &rows);
	if (err)
		return err;
	live_rows_done(&v->rows);
	v->rows = rows;
	place_cursor(v);
	return 0;
}

/* --- profiles --------------------------------------------------------------------------------- */

static double cpu_pct(const struct profile_meta *before, const struct profile_meta *now)
{
	uint64_t gone_ns = now->duration_ns - before->duration_ns;
	uint64_t used_ns = now->own_cpu_ns - before->own_cpu_ns;

	if (now->duration_ns <= before->duration_ns || now->own_cpu_ns < before->own_cpu_ns)
		return 0;
	return 100.0 * (double)used_ns / (double)gone_ns;
}

int live_view_take(struct live_view *v, struct profile *p, const struct profile_meta *m)
{
	if (v->profile && m->duration_ns > v->meta.duration_ns)
		v->own_cpu_pct = cpu_pct(&v->meta, m);
	live_rows_done(&v->rows);
	profile_functions_done(&v->functions);
	profile_waits_done(&v->waits);
	if (v->profile != p)
		profile_free(v->profile);
	v->profile = p;
	v->meta = *m;
	if (profile_functions(p, &v->functions) || profile_waits(p, &v->waits))
		return -ENOMEM;
	return make_rows(v);
}

/* --- keys ------------------------------------------------------------------------------------- */

/* The cursor stays with the row that it was moved to. */
static int hold_chosen(struct live_view *v)
{
	struct frame kept;

	v->is_held = false;
	if (!v->rows.len || (!v->cursor.at && !is_zoomed(v)))
		return 0;
	if (keep(v, function_at(v, v->cursor.at), &kept))
		return -ENOMEM;
	hold(v, v->rows.at[v->cursor.at].role, &kept);
	return 0;
}

/* -ENOENT: the key moves nothing. */
static int move_key(struct live_view *v, int key)
{
	return list_cursor_key(&v->cursor, key, v->rows.len) ? hold_chosen(v) : -ENOENT;
}

static int zoom_in(struct live_view *v, enum live_answer *ret)
{
	const struct live_row *row = v->cursor.at < v->rows.len ? &v->rows.at[v->cursor.at] : NULL;
	struct frame function;

	if (!row ||
	    (row->role != LIVE_FUNCTION && row->role != LIVE_CALLER && row->role != LIVE_CALLEE))
		return 0;
	*ret = LIVE_CHANGED;
	if (keep(v, function_at(v, v->cursor.at), &function))
		return -ENOMEM;
	if (v->zoom_len == LIVE_ZOOM_MAX)
		memmove(v->zoom, v->zoom + 1, --v->zoom_len * sizeof(v->zoom[0]));
	v->zoom[v->zoom_len++] = function;
	hold(v, LIVE_FOCUS, &function); /* it is what the eye is on */
	return make_rows(v);
}

/* Out of what the key finds first: a function, a filter. */
static int go_back(struct live_view *v, enum live_answer *ret)
{
	*ret = LIVE_CHANGED;
	if (is_zoomed(v)) {
		const struct frame left = v->zoom[--v->zoom_len];

		if (is_zoomed(v))
			hold(v, LIVE_FOCUS, &v->zoom[v->zoom_len - 1]);
		else
			hold(v, LIVE_FUNCTION, &left);
		return make_rows(v);
	}
	if (!v->filter[0]) {
		*ret = LIVE_NOTHING;
		return 0;
	}
	v->filter[0] = '\0';
	return make_rows(v);
}

static int sort_by(struct live_view *v, enum live_order order, enum live_answer *ret)
{
	*ret = is_zoomed(v) ? LIVE_NOTHING : LIVE_CHANGED;
	if (is_zoomed(v)) /* neighbours have their order */
		return 0;
	v->order = order;
	return make_rows(v);
}

/* The filter is typed: what is there so far already counts. */
static int type_key(struct live_view *v, int key, enum live_answer *ret)
{
	size_t len = strlen(v->filter);

	*ret = LIVE_CHANGED;
	if (key == SCREEN_KEY_ENTER || key == SCREEN_KEY_ESCAPE) {
		v->is_typing = false;
		if (key == SCREEN_KEY_ESCAPE)
			v->filter[0] = '\0';
	} else if (key == SCREEN_KEY_BACKSPACE && len) {
		v->filter[len - 1] = '\0';
	} else if (key >= ' ' && key < SCREEN_KEY_BACKSPACE && len + 1 < LIVE_FILTER_LEN) {
		v->filter[len] = (char)key;
		v->filter[len + 1] = '\0';
	} else {
		int err = move_key(v, key >= SCREEN_KEY_UP ? key : 0);

		*ret = err == -ENOENT ? LIVE_NOTHING : LIVE_CHANGED;
		return err == -ENOENT ? 0 : err;
	}
	return make_rows(v);
}

/* Keys that change what is shown at all. */
static int mode_key(struct live_view *v, int key, enum live_answer *ret)
{
	switch (key) {
	case 'q':
		*ret = LIVE_QUIT;
		return 0;
	case ' ':
		v->is_frozen = !v->is_frozen;
		*ret = v->is_frozen ? LIVE_CHANGED : LIVE_REFRESH;
		return 0;
	case 'c':
		*ret = v->is_frozen || v->has_ended ? LIVE_NOTHING : LIVE_ANEW;
		return 0;
	case '?':
	case 'h':
		v->has_help = true;
		*ret = LIVE_CHANGED;
		return 0;
	case '/':
		v->is_typing = !is_zoomed(v);
		*ret = v->is_typing ? LIVE_CHANGED : LIVE_NOTHING;
		return 0;
	case SCREEN_KEY_ENTER:
		return zoom_in(v, ret);
	case SCREEN_KEY_BACKSPACE:
	case SCREEN_KEY_ESCAPE:
		return go_back(v, ret);
	default:
		return 0;
	}
}

int live_view_key(struct live_view *v, int key, enum live_answer *ret)
{
	int err;

	*ret = LIVE_NOTHING;
	if (v->has_help) { /* any key ends it */
		v->has_help = false;
		*ret = key == 'q' ? LIVE_QUIT : LIVE_CHANGED;
		return 0;
	}
	if (v->is_typing)
		return type_key(v, key, ret);
	if (key == 's')
		return sort_by(v, LIVE_BY_SELF, ret);
	if (key == 't')
		return sort_by(v, LIVE_BY_TOTAL, ret);
	if (key == 'n')
		return sort_by(v, LIVE_BY_NAME, ret);
	err = move_key(v, key);
	if (err == -ENOENT)
		return mode_key(v, key, ret);
	*ret = LIVE_CHANGED;
	return err;
}
