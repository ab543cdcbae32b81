// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A head with the length of the whole; for each frame its line, two lengths and two texts. */
#include "symbol/call_chain.h"

#include <errno.h>
#include <string.h>

struct head {
	uint32_t bytes; /* of the chain, this head included */
	uint32_t source, index, len;
	uint64_t start;
};

struct frame_head {
	uint32_t line;
	uint32_t function_len, file_len; /* each text is followed by a NUL */
};

_Static_assert(sizeof(struct head) + (size_t)CALL_CHAIN_MAX * (sizeof(struct frame_head) +
							       2ul * CALL_CHAIN_TEXT_MAX) <=
		       CALL_CHAIN_BYTES_MAX,
	       "the longest chain must fit");

static size_t put_text(uint8_t *at, const char *text, size_t len)
{
	memcpy(at, text, len);
	at[len] = 0;
	return len + 1;
}

size_t call_chain_write(const struct call_chain *chain, uint8_t buf[CALL_CHAIN_BYTES_MAX])
{
	struct head head = {
		.source = chain->source,
		.index = chain->index,
		.len = (uint32_t)chain->len,
		.start = chain->start,
	};
	size_t at = sizeof(head);

	for (size_t i = 0; i < chain->len; i++) {
		const struct call_chain_frame *f = &chain->frames[i];
		struct frame_head h = {
			.line = f->line,
			.function_len = (uint32_t)strnlen(f->function, CALL_CHAIN_TEXT_MAX - 1),
			.file_len = (uint32_t)strnlen(f->file, CALL_CHAIN_TEXT_MAX - 1),
		};

		memcpy(buf + at, &h, sizeof(h));
		at += sizeof(h);
		at += put_text(buf + at, f->function, h.function_len);
		at += put_text(buf + at, f->file, h.file_len);
	}
	head.bytes = (uint32_t)at;
	memcpy(buf, &head, sizeof(head));
	return at;
}

/* The text of @len bytes at *@at, or NULL when @bytes does not hold it, with its NUL. */
static const char *take_text(struct bytes bytes, size_t *at, uint32_t len)
{
	const char *text = (const char *)bytes.at + *at;

	if (len >= CALL_CHAIN_TEXT_MAX || bytes.len - *at <= len || strnlen(text, len + 1ul) != len)
		return NULL;
	*at += len + 1ul;
	return text;
}

static int take_frame(struct bytes bytes, size_t *at, struct call_chain_frame *ret_frame)
{
	struct frame_head h;
	const char *function, *file;

	if (bytes.len - *at < sizeof(h))
		return -EBADMSG;
	memcpy(&h, bytes.at + *at, sizeof(h));
	*at += sizeof(h);
	function = take_text(bytes, at, h.function_len);
	file = function ? take_text(bytes, at, h.file_len) : NULL;
	if (!file)
		return -EBADMSG;
	*ret_frame = (struct call_chain_frame){ function, file, h.line };
	return 0;
}

int call_chain_read(struct bytes bytes, struct call_chain *ret_chain, size_t *ret_len)
{
	struct head head;
	size_t at = sizeof(head);

	if (bytes.len < sizeof(head))
		return -ENODATA;
	memcpy(&head, bytes.at, sizeof(head));
	if (head.bytes < sizeof(head) || head.bytes > CALL_CHAIN_BYTES_MAX || !head.len ||
	    head.len > CALL_CHAIN_MAX || head.source >= CALL_CHAIN_SOURCES)
		return -EBADMSG;
	if (bytes.len < head.bytes)
		return -ENODATA;
	bytes.len = head.bytes;
	ret_chain->len = 0; /* so that it is whole only at the end */
	for (size_t i = 0; i < head.len; i++) {
		int err = take_frame(bytes, &at, &ret_chain->frames[i]);

		if (err)
			return err;
	}
	if (at != bytes.len)
		return -EBADMSG;
	ret_chain->source = (enum call_chain_source)head.source;
	ret_chain->index = head.index;
	ret_chain->start = head.start;
	ret_chain->len = head.len;
	*ret_len = at;
	return 0;
}
