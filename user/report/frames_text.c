// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The rows of a stack: names in one column, places in another, nothing too wide. */
#include "report/frames_text.h"

#include "report/label.h"

#include <stdbool.h>
#include <string.h>

#define LINE_WIDTH   100
#define FRAME_INDENT 6
#define NAME_ALIGN   44 /* longer names do not push the column of files to the right */
#define PLACE_MAX    40 /* of a file or a module */
#define FRAMES_MAX   24 /* a deeper stack shows FRAMES_LEAF and FRAMES_ROOT of its frames */
#define FRAMES_LEAF  20
#define FRAMES_ROOT  3

/* "  src/server.c:120  [server]"; a frame without a name has its module in the label. */
static void place_of(const struct frame *f, char *buf, size_t size)
{
	char file[LABEL_LEN], module[LABEL_LEN];
	size_t len = 0;

	buf[0] = 0;
	if (f->file[0] && f->line)
		len = (size_t)snprintf(buf, size, "  %s:%u",
				       label_shorten(f->file, PLACE_MAX, file), f->line);
	else if (f->file[0])
		len = (size_t)snprintf(buf, size, "  %s", label_shorten(f->file, PLACE_MAX, file));
	if (f->function[0] && f->module[0])
		(void)snprintf(buf + len, size - len, f->module[0] == '[' ? "  %s" : "  [%s]",
			       label_shorten(f->module, PLACE_MAX, module));
}

static const char *mark_of(const struct frame *f)
{
	return f->is_inlined ? " (inlined)" : "";
}

/* A name too long to stand beside its place gets a line of its own. */
static void put_frame(const struct frame *f, int align, FILE *out)
{
	char label[LABEL_LEN], cut[LABEL_LEN], place[2 * LABEL_LEN];
	char name[LABEL_LEN + 16];
	const char *mark = mark_of(f);
	const size_t room = LINE_WIDTH - FRAME_INDENT - strlen(mark);
	bool fits;

	place_of(f, place, sizeof(place));
	(void)label_frame(f, label);
	if (strlen(label) + strlen(place) > room)
		label_drop_parameters(label);
	fits = strlen(label) + strlen(place) <= room;
	(void)snprintf(name, sizeof(name), "%s%s", fits ? label : label_shorten(label, room, cut),
		       mark);
	if (!place[0])
		(void)fprintf(out, "%*s%s\n", FRAME_INDENT, "", name);
	else if (fits)
		(void)fprintf(out, "%*s%-*s%s\n", FRAME_INDENT, "", align, name, place);
	else
		(void)fprintf(out, "%*s%s\n%*s%s\n", FRAME_INDENT, "", name, FRAME_INDENT, "",
			      place);
}

static bool is_left_out(size_t depth, size_t index)
{
	return depth > FRAMES_MAX && index >= FRAMES_LEAF && index + FRAMES_ROOT < depth;
}

void frames_text(const struct frame *frames, size_t depth, const char *cut, FILE *out)
{
	int align = 0;

	for (size_t i = 0; i < depth; i++) {
		char label[LABEL_LEN];
		size_t len = strlen(label_frame(&frames[i], label)) + strlen(mark_of(&frames[i]));

		if (!is_left_out(depth, i) && len <= NAME_ALIGN && (int)len > align)
			align = (int)len;
	}
	for (size_t i = 0; i < depth; i++) {
		if (!is_left_out(depth, i))
			put_frame(&frames[i], align, out);
		else if (i == FRAMES_LEAF)
			(void)fprintf(out, "%*s... %zu frames not shown\n", FRAME_INDENT, "",
				      depth - FRAMES_LEAF - FRAMES_ROOT);
	}
	if (!depth)
		(void)fprintf(out, "%*s[unknown stack]\n", FRAME_INDENT, "");
	if (cut)
		(void)fprintf(out, "%*s[truncated: %s]\n", FRAME_INDENT, "", cut);
}
