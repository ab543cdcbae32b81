// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Any bytes as what a server sends: in pieces the same messages and the same end; and what is
 * written can be read. */
#include "fuzz.h"
#include "heap/ws_frame.h"

#include <stdlib.h>
#include <string.h>

struct outcome {
	int end;
	size_t messages, bytes;
	uint32_t sum;
};

static struct outcome read_in(const uint8_t *data, size_t size, size_t piece)
{
	struct ws_reader r = { 0 };
	struct outcome o = { 0 };
	struct ws_message m;

	for (size_t at = 0; o.end >= 0 && at < size; at += piece) {
		size_t n = size - at < piece ? size - at : piece;
		int err = ws_reader_feed(&r, (struct bytes){ data + at, n });

		assert(err == 0);
		while ((o.end = ws_reader_next(&r, &m)) > 0) {
			assert(m.opcode != WS_CONTINUATION && m.payload.len <= WS_MESSAGE_MAX);
			assert(m.opcode < WS_CLOSE || m.payload.len <= WS_CONTROL_MAX);
			o.messages++;
			o.bytes += m.payload.len;
			for (size_t i = 0; i < m.payload.len; i++)
				o.sum = o.sum * 31 + m.payload.at[i];
		}
	}
	assert(o.bytes <= size);
	ws_reader_done(&r);
	return o;
}

static void write_and_read(const uint8_t *data, size_t size)
{
	uint8_t *buf = malloc(WS_HEAD_MAX + size);
	struct ws_frame f;
	size_t len;
	int err;

	assert(buf);
	len = ws_frame_write(WS_TEXT, (struct bytes){ data + 4, size - 4 }, data, buf);
	err = ws_frame_read((struct bytes){ buf, len }, &f);
	assert(err == 0 && f.is_masked && f.len == size - 4 && f.head_len + f.len == len);
	for (size_t i = 0; i < f.len; i++)
		assert((buf[f.head_len + i] ^ f.mask[i % 4]) == data[4 + i]);
	free(buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct outcome whole = read_in(data, size, size ? size : 1);
	struct outcome parts = read_in(data, size, 1 + (size ? data[size - 1] % 7 : 0));

	assert(whole.end == parts.end && whole.messages == parts.messages &&
	       whole.bytes == parts.bytes && whole.sum == parts.sum);
	if (size >= 4)
		write_and_read(data, size);
	return 0;
}
