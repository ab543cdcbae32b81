// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Lines out of pieces, numbers off their ends, names between their semicolons. */
#include "profile/folded.h"

#include "base/parse.h"
#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAP   256
#define UNNAMED	    "[unnamed]"
#define HEX_SHOWN   "0x..."
#define CLEAN_EXTRA 4 /* text_clean wants room for that much */

void folded_init(struct folded *f, folded_fn fn, void *ctx)
{
	*f = (struct folded){ .fn = fn, .ctx = ctx };
}

void folded_done(struct folded *f)
{
	free(f->line);
	free(f->clean);
	free(f->frames);
	f->line = NULL;
	f->clean = NULL;
	f->frames = NULL;
}

/* Room for @want elements of @size bytes; the old ones stay. NULL: out of memory. */
static void *reserve(void *at, size_t want, size_t *cap, size_t size)
{
	size_t grown_cap = *cap ? *cap : FIRST_CAP;
	void *grown;

	if (want <= *cap)
		return at;
	while (grown_cap < want)
		grown_cap *= 2; /* far from overflow: lines are bounded */
	grown = reallocarray(at, grown_cap, size);
	if (grown)
		*cap = grown_cap;
	return grown;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* "12", or "12.6", which is 13. 0, -EINVAL, -ERANGE. Cuts @text at its point. */
static int parse_count(char *text, uint64_t *ret_count)
{
	char *point = strchr(text, '.');
	uint64_t count = 0;
	bool is_half_up = false;
	int err;

	if (point) {
		if (strspn(point + 1, "0123456789") != strlen(point + 1) || !point[1])
			return -EINVAL;
		is_half_up = point[1] >= '5';
		*point = '\0';
	}
	err = parse_u64(text, UINT64_MAX, &count);
	if (err)
		return err;
	if (is_half_up && count == UINT64_MAX)
		return -ERANGE;
	*ret_count = count + is_half_up;
	return 0;
}

/* Takes the last word off the line when it is a number. 0, -EINVAL (it is none), -ERANGE. */
static int take_count(char *line, size_t *len, uint64_t *ret_count)
{
	size_t end = *len, start;
	char word[64];
	int err;

	while (end && is_blank(line[end - 1]))
		end--;
	for (start = end; start && !is_blank(line[start - 1]); start--)
		;
	/* a name before it, be it empty, or the number is a name itself */
	if (start == 0 || start == end || end - start >= sizeof(word))
		return -EINVAL;
	memcpy(word, line + start, end - start);
	word[end - start] = '\0';
	if (strlen(word) != end - start)
		return -EINVAL;
	err = parse_count(word, ret_count);
	if (err)
		return err;
	while (start && is_blank(line[start - 1]))
		start--;
	*len = start;
	return 0;
}

/* Whether text_clean would change nothing; the length is looked at elsewhere. */
static bool is_plain(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] < 0x20 || text[i] == 0x7f) /* char is signed: UTF-8 is below 0 */
			return false;
	}
	return true;
}

/* Every 0x and its digits to "0x...", in place: what is written is never ahead of what is read,
 * because an address of fewer than three digits is left as it is. */
static void strip_hex(char *text)
{
	static const char digits[] = "0123456789abcdefABCDEF";
	char *out = text;

	while (*text) {
		size_t len = text[0] == '0' && text[1] == 'x' ? strspn(text + 2, digits) : 0;

		if (len < 3) {
			*out++ = *text++;
			continue;
		}
		memcpy(out, HEX_SHOWN, strlen(HEX_SHOWN));
		out += strlen(HEX_SHOWN);
		text += 2 + len;
	}
	*out = '\0';
}

static size_t clean_size(size_t len)
{
	size_t size = 4 * len + CLEAN_EXTRA; /* \xNN for each byte is the worst */

	return size < TEXT_MAX ? size : TEXT_MAX;
}

/* A name of the line, which is cut by NULs already, as it is handed on; *@clean is used up. */
static const char *name_of(const struct folded *f, char *text, size_t len, char **clean)
{
	char *name = text;

	if (!len)
		return UNNAMED;
	if (len >= TEXT_MAX || !is_plain(text, len)) {
		name = *clean;
		(void)text_clean(text, len, name, clean_size(len));
		*clean += clean_size(len);
	}
	if (f->strip_hex)
		strip_hex(name);
	return *name ? name : UNNAMED;
}

/* Frames and room for their names, for a stack of @len bytes. */
static int reserve_frames(struct folded *f, const char *stack, size_t len)
{
	size_t depth = 1, room = 0, frame_len = 0;
	const char **frames;
	char *clean;

	for (size_t i = 0; i < len; i++) {
		if (stack[i] == ';') {
			depth++;
			room += clean_size(frame_len);
			frame_len = 0;
		} else {
			frame_len++;
		}
	}
	room += clean_size(frame_len);
	frames = reserve(f->frames, depth, &f->frames_cap, sizeof(*f->frames));
	if (frames)
		f->frames = frames;
	clean = reserve(f->clean, room, &f->clean_cap, 1);
	if (clean)
		f->clean = clean;
	return frames && clean ? 0 : -ENOMEM;
}

/* Splits the @len bytes at @text, after which a byte may be overwritten. */
static int split_frames(struct folded *f, char *text, size_t len, size_t *ret_depth)
{
	char *clean, *end = text + len;
	size_t depth = 0;
	int err = reserve_frames(f, text, len);

	if (err)
		return err;
	clean = f->clean;
	for (;;) {
		char *stop = memchr(text, ';', (size_t)(end - text));

		if (!stop)
			stop = end;
		*stop = '\0';
		f->frames[depth++] = name_of(f, text, (size_t)(stop - text), &clean);
		if (stop == end)
			break;
		text = stop + 1;
	}
	*ret_depth = depth;
	return 0;
}

/* The counts off the end of a line. 0, -EINVAL (no number), -ERANGE, -EBADMSG. */
static int take_counts(struct folded *f, char *line, size_t *len, struct folded_stack *stack)
{
	int err = take_count(line, len, &stack->now);

	if (err || f->columns == FOLDED_ONE)
		return err;
	err = take_count(line, len, &stack->before);
	stack->has_before = !err;
	if (f->columns == FOLDED_AUTO) {
		f->columns = err ? FOLDED_ONE : FOLDED_TWO;
		return 0;
	}
	return err == -EINVAL ? -EBADMSG : err;
}

/* A whole line, after which a byte may be overwritten. */
static int take_line(struct folded *f, char *line, size_t len)
{
	struct folded_stack stack = { 0 };
	int err;

	while (len && (line[len - 1] == '\r' || is_blank(line[len - 1])))
		len--;
	if (len == 0 || (line[0] == '#' && (len == 1 || is_blank(line[1]))))
		return 0; /* empty, or a comment */
	err = take_counts(f, line, &len, &stack);
	if (err == -EINVAL) {
		if (!f->countless++)
			f->first_countless = f->line_count;
		return 0;
	}
	if (err)
		return err;
	if (!stack.now && !stack.before) {
		f->zero_count++;
		return 0;
	}
	err = split_frames(f, line, len, &stack.depth);
	if (err)
		return err;
	stack.frames = f->frames;
	f->stack_count++;
	return f->fn(f->ctx, &stack);
}

/* Keeps a part of a line, with room for a NUL behind it. */
static int keep(struct folded *f, const char *bytes, size_t len)
{
	char *grown;

	if (len > FOLDED_MAX_LINE_BYTES - f->line_len)
		return -E2BIG;
	grown = reserve(f->line, f->line_len + len + 1, &f->line_cap, 1);
	if (!grown)
		return -ENOMEM;
	f->line = grown;
	memcpy(f->line + f->line_len, bytes, len);
	f->line_len += len;
	return 0;
}

int folded_push(struct folded *f, const char *bytes, size_t len)
{
	while (len) {
		const char *feed = memchr(bytes, '\n', len);
		size_t used = feed ? (size_t)(feed - bytes) : len;
		int err;

		if (!f->line_len)
			f->line_count++;
		err = keep(f, bytes, used);
		if (!err && feed) {
			size_t line_len = f->line_len;

			f->line_len = 0;
			err = take_line(f, f->line, line_len);
		}
		if (err)
			return err;
		used += !!feed;
		bytes += used;
		len -= used;
	}
	return 0;
}

int folded_end(struct folded *f)
{
	size_t len = f->line_len;

	f->line_len = 0;
	return len ? take_line(f, f->line, len) : 0;
}
