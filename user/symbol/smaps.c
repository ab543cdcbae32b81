// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A line that begins a mapping, and lines "Key: 12 kB" that tell about it. */
#include "symbol/smaps.h"

#include "base/scope.h"
#include "base/vec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAX_KB (1ull << 53)

void smaps_done(struct smaps *s)
{
	for (size_t i = 0; s && i < s->len; i++)
		free(s->at[i].m.path);
	if (s)
		free(s->at);
}

/* A mapping's line begins with an address, which has no capital letters; a key begins with one. */
static bool is_key(struct bytes line)
{
	return line.len && line.at[0] >= 'A' && line.at[0] <= 'Z';
}

static int add_mapping(struct smaps *s, struct bytes line)
{
	uint64_t lowest = s->len ? s->at[s->len - 1].m.end : 0;
	struct mapping m = { 0 };
	struct smaps_entry *added;
	int err;

	if (s->len == PROCMAPS_MAX_LINES)
		return -E2BIG;
	err = mapping_parse(line, &m);
	if (!err && m.start < lowest)
		err = -EBADMSG;
	added = err ? NULL : vec_push(s);
	if (!added) {
		free(m.path);
		return err ? err : -ENOMEM;
	}
	*added = (struct smaps_entry){ .m = m };
	return 0;
}

static uint64_t *field_of(struct smaps_entry *e, struct bytes line, size_t *ret_key_len)
{
	const struct {
		const char *key;
		uint64_t *field;
	} fields[] = { { "Rss:", &e->rss_bytes },
		       { "Pss:", &e->pss_bytes },
		       { "Anonymous:", &e->anonymous_bytes },
		       { "Swap:", &e->swap_bytes } };

	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		size_t len = strlen(fields[i].key);

		if (line.len <= len || memcmp(line.at, fields[i].key, len) != 0)
			continue;
		*ret_key_len = len;
		return fields[i].field;
	}
	return NULL;
}

/* "   12 kB" */
static int take_kb(struct bytes text, uint64_t *ret_bytes)
{
	static const char unit[] = " kB";
	size_t unit_len = sizeof(unit) - 1, at = 0;
	uint64_t kb = 0;

	if (text.len <= unit_len || memcmp(text.at + text.len - unit_len, unit, unit_len) != 0)
		return -EBADMSG;
	text.len -= unit_len;
	while (at < text.len && text.at[at] == ' ')
		at++;
	if (at == text.len)
		return -EBADMSG;
	for (; at < text.len; at++) {
		if (text.at[at] < '0' || text.at[at] > '9' || kb > MAX_KB / 10)
			return -EBADMSG;
		kb = kb * 10 + (uint64_t)(text.at[at] - '0');
	}
	*ret_bytes = kb * 1024;
	return 0;
}

static int add_number(struct smaps *s, struct bytes line)
{
	uint64_t *field;
	size_t key_len = 0;

	if (!s->len)
		return -EBADMSG;
	field = field_of(&s->at[s->len - 1], line, &key_len);
	if (!field)
		return 0;
	return take_kb((struct bytes){ line.at + key_len, line.len - key_len }, field);
}

int smaps_parse(struct bytes text, struct smaps *ret_smaps, uint64_t *ret_offset)
{
	_release_(smaps_done) struct smaps s = { 0 };
	size_t at = 0;

	while (at < text.len) {
		const uint8_t *start = text.at + at;
		const uint8_t *newline = memchr(start, '\n', text.len - at);
		struct bytes line = { start, newline ? (size_t)(newline - start) : 0 };
		int err = -EBADMSG; /* the kernel ends each line: a last one without is cut off */

		if (newline)
			err = is_key(line) ? add_number(&s, line) : add_mapping(&s, line);
		if (err == -EBADMSG)
			*ret_offset = at;
		if (err)
			return err;
		at += line.len + 1;
	}
	*ret_smaps = s;
	s = (struct smaps){ 0 };
	return 0;
}
