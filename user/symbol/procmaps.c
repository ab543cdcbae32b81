// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The parser of /proc/PID/maps: strict, one line after the other. */
#include "symbol/procmaps.h"

#include "base/scope.h"
#include "base/vec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct cursor {
	const uint8_t *at, *end; /* end: the line's newline */
};

static int digit_of(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* A number followed by @after; false when there is none or it passes @max. */
static bool take_number(struct cursor *c, unsigned int base, uint64_t max, uint8_t after,
			uint64_t *ret_value)
{
	const uint8_t *start = c->at;
	uint64_t value = 0;

	for (; c->at < c->end; c->at++) {
		int digit = digit_of(*c->at);

		if (digit < 0 || (unsigned int)digit >= base)
			break;
		if (value > (max - (unsigned int)digit) / base)
			return false;
		value = value * base + (unsigned int)digit;
	}
	if (c->at == start || c->at == c->end || *c->at != after)
		return false;
	c->at++;
	*ret_value = value;
	return true;
}

/* One letter of the permissions: @yes or @no. */
static bool take_flag(struct cursor *c, uint8_t yes, uint8_t no, bool *ret_flag)
{
	if (c->at == c->end || (*c->at != yes && *c->at != no))
		return false;
	*ret_flag = *c->at++ == yes;
	return true;
}

static bool take_fields(struct cursor *c, struct mapping *m)
{
	uint64_t major, minor;

	if (!take_number(c, 16, UINT64_MAX, '-', &m->start) ||
	    !take_number(c, 16, UINT64_MAX, ' ', &m->end) ||
	    !take_flag(c, 'r', '-', &m->readable) || !take_flag(c, 'w', '-', &m->writable) ||
	    !take_flag(c, 'x', '-', &m->executable) || !take_flag(c, 's', 'p', &m->shared))
		return false;
	if (c->at == c->end || *c->at++ != ' ')
		return false;
	if (!take_number(c, 16, UINT64_MAX, ' ', &m->offset) ||
	    !take_number(c, 16, UINT32_MAX, ':', &major) ||
	    !take_number(c, 16, UINT32_MAX, ' ', &minor) ||
	    !take_number(c, 10, UINT64_MAX, ' ', &m->inode))
		return false;
	m->dev_major = (uint32_t)major;
	m->dev_minor = (uint32_t)minor;
	return m->start < m->end;
}

/*
 * The kernel escapes the newline alone, as \012 (seq_file_path with "\n"). A path that holds those
 * four characters itself looks the same: whoever opens it compares device and inode.
 */
static size_t unescape(char *path, size_t len)
{
	static const char escaped[] = "\\012";
	size_t to = 0;

	for (size_t from = 0; from < len; to++) {
		if (len - from >= 4 && memcmp(path + from, escaped, 4) == 0) {
			path[to] = '\n';
			from += 4;
		} else {
			path[to] = path[from++];
		}
	}
	path[to] = 0;
	return to;
}

static int take_path(struct cursor *c, struct mapping *m)
{
	static const char deleted[] = " (deleted)";
	size_t suffix = sizeof(deleted) - 1;
	size_t len;

	while (c->at < c->end && *c->at == ' ') /* padding */
		c->at++;
	len = (size_t)(c->end - c->at);
	if (memchr(c->at, 0, len))
		return -EBADMSG;
	m->path = malloc(len + 1);
	if (!m->path)
		return -ENOMEM;
	memcpy(m->path, c->at, len);
	if (len > suffix && m->path[0] == '/' &&
	    memcmp(m->path + len - suffix, deleted, suffix) == 0) {
		m->deleted = true;
		len -= suffix;
	}
	(void)unescape(m->path, len);
	return 0;
}

int mapping_parse(struct bytes line, struct mapping *ret)
{
	struct cursor c = { .at = line.at, .end = line.at + line.len };
	struct mapping m = { 0 };
	int err = take_fields(&c, &m) ? take_path(&c, &m) : -EBADMSG;

	if (!err)
		*ret = m;
	return err;
}

static int add_line(struct procmaps *maps, struct bytes line)
{
	uint64_t lowest = maps->len ? maps->at[maps->len - 1].end : 0;
	struct mapping m = { 0 };
	struct mapping *added;
	int err;

	if (maps->len == PROCMAPS_MAX_LINES)
		return -E2BIG;
	err = mapping_parse(line, &m);
	if (!err && m.start < lowest) {
		free(m.path);
		err = -EBADMSG;
	}
	if (err)
		return err;
	added = vec_push(maps);
	if (!added) {
		free(m.path);
		return -ENOMEM;
	}
	*added = m;
	return 0;
}

void procmaps_done(struct procmaps *maps)
{
	for (size_t i = 0; maps && i < maps->len; i++)
		free(maps->at[i].path);
	if (maps)
		free(maps->at);
}

int procmaps_parse(struct bytes text, struct procmaps *ret_maps, uint64_t *ret_offset)
{
	_release_(procmaps_done) struct procmaps maps = { 0 };
	size_t at = 0;

	while (at < text.len) {
		const uint8_t *start = text.at + at;
		const uint8_t *newline = memchr(start, '\n', text.len - at);
		/* The kernel ends each line: a last one without is cut off. */
		int err = newline ? add_line(&maps,
					     (struct bytes){ start, (size_t)(newline - start) })
				  : -EBADMSG;

		if (err == -EBADMSG)
			*ret_offset = at;
		if (err)
			return err;
		at = (size_t)(newline - text.at) + 1;
	}
	*ret_maps = maps;
	maps = (struct procmaps){ 0 };
	return 0;
}

bool mapping_is_anonymous(const struct mapping *m)
{
	return !m->inode && (!m->path[0] || strncmp(m->path, "[anon", strlen("[anon")) == 0);
}

const struct mapping *procmaps_find(const struct procmaps *maps, uint64_t addr)
{
	size_t low = 0, high = maps->len;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct mapping *m = &maps->at[middle];

		if (addr < m->start)
			high = middle;
		else if (addr >= m->end)
			low = middle + 1;
		else
			return m;
	}
	return NULL;
}
