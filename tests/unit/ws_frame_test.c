// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Frames of RFC 6455, section 5.7, and what breaks its rules; in pieces of any size the same. */
#include "heap/ws_frame.h"

#include "failing_alloc.h"
#include "tap.h"

#define HELLO	     "\x48\x65\x6c\x6c\x6f"
#define MASK	     "\x37\xfa\x21\x3d"
#define MASKED_HELLO "\x7f\x9f\x4d\x51\x58"
#define TEXT(t)	     t, sizeof(t) - 1

struct frame_case {
	const char *in;
	size_t len;
	int err;
	enum ws_opcode opcode;
	uint64_t payload;
	size_t head;
	const char *what;
};

static void test_heads(void)
{
	static const struct frame_case cases[] = {
		{ TEXT("\x81\x05" HELLO), 0, WS_TEXT, 5, 2, "a text" },
		{ TEXT("\x81\x85" MASK MASKED_HELLO), 0, WS_TEXT, 5, 6, "a masked text" },
		{ TEXT("\x01\x03Hel"), 0, WS_TEXT, 3, 2, "a first part" },
		{ TEXT("\x80\x02lo"), 0, WS_CONTINUATION, 2, 2, "a last part" },
		{ TEXT("\x89\x05" HELLO), 0, WS_PING, 5, 2, "a ping" },
		{ TEXT("\x82\x7e\x01\x00"), 0, WS_BINARY, 256, 4, "256 bytes" },
		{ TEXT("\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00"), 0, WS_BINARY, 65536, 10,
		  "64 KiB" },
		{ TEXT("\x88\x02\x03\xe8"), 0, WS_CLOSE, 2, 2, "a close" },
		{ TEXT(""), -EAGAIN, 0, 0, 0, "nothing" },
		{ TEXT("\x81"), -EAGAIN, 0, 0, 0, "a byte" },
		{ TEXT("\x82\x7e\x01"), -EAGAIN, 0, 0, 0, "half a length" },
		{ TEXT("\x81\x85\x37\xfa"), -EAGAIN, 0, 0, 0, "half a mask" },
		{ TEXT("\xc1\x00"), -EBADMSG, 0, 0, 0, "a reserved bit" },
		{ TEXT("\x83\x00"), -EBADMSG, 0, 0, 0, "a reserved opcode" },
		{ TEXT("\x8b\x00"), -EBADMSG, 0, 0, 0, "a reserved control opcode" },
		{ TEXT("\x09\x00"), -EBADMSG, 0, 0, 0, "a ping in parts" },
		{ TEXT("\x89\x7e\x00\x7e"), -EBADMSG, 0, 0, 0, "a ping that is too long" },
		{ TEXT("\x82\x7e\x00\x7d"), -EBADMSG, 0, 0, 0, "125 in two bytes" },
		{ TEXT("\x82\x7f\x00\x00\x00\x00\x00\x00\xff\xff"), -EBADMSG, 0, 0, 0,
		  "65535 in eight bytes" },
		{ TEXT("\x82\x7f\x80\x00\x00\x00\x00\x00\x00\x00"), -EBADMSG, 0, 0, 0,
		  "a negative length" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct frame_case *c = &cases[i];
		struct ws_frame f = { 0 };
		int err = ws_frame_read((struct bytes){ (const uint8_t *)c->in, c->len }, &f);

		ok(err == c->err && f.opcode == c->opcode && f.len == c->payload &&
			   f.head_len == c->head,
		   "%s is %s", c->what, c->err == -EBADMSG ? "refused" : "understood");
	}
}

/* What is written is what the RFC shows, and read again is what it was. */
static void test_writing(void)
{
	static const size_t lengths[] = { 0, 1, 125, 126, 127, 65535, 65536, 100000 };
	uint8_t buf[WS_HEAD_MAX + 100000], plain[100000];
	struct bytes hello = { (const uint8_t *)HELLO, 5 };
	size_t len = ws_frame_write(WS_TEXT, hello, (const uint8_t *)MASK, buf);

	ok(len == 11 && memcmp(buf, "\x81\x85" MASK MASKED_HELLO, 11) == 0,
	   "a masked text is as in the RFC");
	for (size_t i = 0; i < sizeof(plain); i++)
		plain[i] = (uint8_t)(i * 7);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		struct bytes payload = { plain, lengths[i] };
		struct ws_frame f = { 0 };
		bool is_same;

		len = ws_frame_write(WS_BINARY, payload, (const uint8_t *)MASK, buf);
		is_same = ws_frame_read((struct bytes){ buf, len }, &f) == 0 && f.is_final &&
			  f.is_masked && f.len == lengths[i] && f.head_len + lengths[i] == len &&
			  f.opcode == WS_BINARY;
		for (size_t k = 0; is_same && k < lengths[i]; k++)
			is_same = (buf[f.head_len + k] ^ f.mask[k % 4]) == plain[k];
		ok(is_same, "%zu bytes come back", lengths[i]);
	}
}

/* Messages as "OPCODE:PAYLOAD " until the input ends; the last result in *ret_end. */
static char *messages_of(const char *in, size_t len, size_t piece, int *ret_end)
{
	struct ws_reader r = { 0 };
	struct ws_message m;
	char *text = NULL;
	size_t text_len;
	FILE *out = open_memstream(&text, &text_len);
	int got = 0;

	must(out);
	for (size_t at = 0; got >= 0 && at < len; at += piece) {
		size_t n = len - at < piece ? len - at : piece;

		must(ws_reader_feed(&r, (struct bytes){ (const uint8_t *)in + at, n }) == 0);
		while ((got = ws_reader_next(&r, &m)) > 0)
			fprintf(out, "%x:%.*s ", m.opcode, (int)m.payload.len,
				(const char *)m.payload.at);
	}
	ws_reader_done(&r);
	(void)fclose(out);
	*ret_end = got;
	return text;
}

static void test_messages(void)
{
	static const struct {
		const char *in;
		size_t len;
		const char *want;
		int end;
		const char *what;
	} cases[] = {
		{ TEXT("\x81\x05" HELLO "\x81\x02hi"), "1:Hello 1:hi ", 0, "two texts" },
		{ TEXT("\x01\x03Hel\x80\x02lo"), "1:Hello ", 0, "a text in parts" },
		{ TEXT("\x01\x03Hel\x89\x01p\x00\x01l\x80\x01o\x82\x01x"), "9:p 1:Hello 2:x ", 0,
		  "a ping between the parts" },
		{ TEXT("\x81\x00\x88\x02xy"), "1: 8:xy ", 0, "an empty text and a close" },
		{ TEXT("\x01\x00\x80\x00"), "1: ", 0, "empty parts" },
		{ TEXT("\x81\x05Hel"), "", 0, "a text that is not whole" },
		{ TEXT("\x80\x01x"), "", -EBADMSG, "a part of nothing" },
		{ TEXT("\x01\x01x\x81\x01y"), "", -EBADMSG, "a text within another" },
		{ TEXT("\x81\x85" MASK MASKED_HELLO), "", -EBADMSG, "a masked frame of a server" },
		{ TEXT("\x81\x7f\x00\x00\x00\x00\x01\x00\x00\x01"), "", -E2BIG,
		  "16 MiB and a byte" },
		{ TEXT("\x01\x01x\x80\x7f\x00\x00\x00\x00\x01\x00\x00\x00"), "", -E2BIG,
		  "parts of more than 16 MiB" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		for (size_t piece = 1; piece <= cases[i].len; piece += cases[i].len - 1) {
			int end = 0;
			char *text = messages_of(cases[i].in, cases[i].len, piece, &end);

			ok(end == cases[i].end && strcmp(text, cases[i].want) == 0,
			   "%s in pieces of %zu", cases[i].what, piece);
			free(text);
		}
	}
}

static int read_parts(void)
{
	static const char in[] = "\x01\x03Hel\x89\x01p\x80\x02lo";
	struct ws_reader r = { 0 };
	struct ws_message m;
	int err = ws_reader_feed(&r, (struct bytes){ (const uint8_t *)in, sizeof(in) - 1 });
	int got = err ? err : 1;

	while (got > 0)
		got = ws_reader_next(&r, &m);
	ws_reader_done(&r);
	return got;
}

static void test_no_memory(void)
{
	bool is_hit = true;

	for (size_t n = 1; is_hit; n++) {
		int err;

		failing_alloc_start(n);
		err = read_parts();
		is_hit = failing_alloc_stop();
		is_int(err, is_hit ? -ENOMEM : 0, "allocation %zu", n);
	}
}

int main(void)
{
	test_heads();
	test_writing();
	test_messages();
	test_no_memory();
	return tap_done();
}
