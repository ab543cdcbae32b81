// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Answers of node's inspector, whole, cut off and hostile. */
#include "heap/cdp.h"

#include "failing_alloc.h"
#include "tap.h"

static struct bytes bytes_of(const char *text)
{
	return (struct bytes){ (const uint8_t *)text, strlen(text) };
}

static void test_http(void)
{
	static const struct {
		const char *in;
		int err;
		unsigned int status;
		const char *body;
	} cases[] = {
		{ "HTTP/1.0 200 OK\r\nContent-Type: a\r\ncontent-length:  2 \r\n\r\n[]rest", 0, 200,
		  "[]" },
		{ "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81", 0, 101,
		  "" },
		{ "HTTP/1.1 400\r\n\r\n", 0, 400, "" },
		{ "HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\n[]", -EAGAIN, 0, NULL },
		{ "HTTP/1.0 200 OK\r\n", -EAGAIN, 0, NULL },
		{ "", -EAGAIN, 0, NULL },
		{ "HTTP/1.0 2\r\n\r\n", -EBADMSG, 0, NULL },
		{ "HTTP/1.0 2x0 OK\r\n\r\n", -EBADMSG, 0, NULL },
		{ "SSH-2.0-x\r\n\r\n", -EBADMSG, 0, NULL },
		{ "HTTP/1.0 200 OK\r\nContent-Length: -1\r\n\r\n", -EBADMSG, 0, NULL },
		{ "HTTP/1.0 200 OK\r\nContent-Length: 99999999999999999999999999\r\n\r\n", -EBADMSG,
		  0, NULL },
		{ "HTTP/1.0 200 OK\r\nContent-Length: 65537\r\n\r\n", -EBADMSG, 0, NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct http_answer a = { 0 };
		int err = http_answer_read(bytes_of(cases[i].in), &a);
		bool is_right = err == cases[i].err && a.status == cases[i].status;

		if (!err)
			is_right &= a.body.len == strlen(cases[i].body) &&
				    memcmp(a.body.at, cases[i].body, a.body.len) == 0;
		ok(is_right, "HTTP answer %zu", i);
	}
}

static void test_headers(void)
{
	struct bytes head = bytes_of("HTTP/1.1 101 x\r\nA: 1\r\nAccept-B: no\r\naccept:  yes  "
				     "\r\nEmpty:\r\nLast: end");
	struct bytes value = http_header(head, "Accept");

	ok(value.len == 3 && memcmp(value.at, "yes", 3) == 0,
	   "a header of any case, without blanks");
	value = http_header(head, "Last");
	ok(value.len == 3 && memcmp(value.at, "end", 3) == 0, "the last one");
	ok(!http_header(head, "Empty").len && !http_header(head, "None").len &&
		   !http_header(head, "HTTP/1.1 101 x").len,
	   "an empty one, none, and the first line is none");
}

static void test_target(void)
{
	static const struct {
		const char *in, *want;
	} cases[] = {
		{ "[ {\t \"description\": \"node.js instance\", \"id\": \"f705-AB\", \"x\": [1] } ]",
		  "f705-AB" },
		{ "[{\"id\":\"a\"},{\"id\":\"b\"}]", "a" },
		{ "[]", NULL },
		{ "[{}]", NULL },
		{ "[{\"id\":\"\"}]", NULL },
		{ "[{\"id\":\"a b\"}]", NULL },
		{ "[{\"id\":\"a\\r\\nHost: x\"}]", NULL },
		{ "[{\"id\":\"0123456789012345678901234567890123456789012345678901234567890123\"}]",
		  NULL },
		{ "[{\"id\":7}]", NULL },
		{ "{\"id\":\"a\"}", NULL },
		{ "[{\"id\":\"a\"", NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char id[CDP_ID_MAX] = "untouched";
		int err = cdp_target_read(bytes_of(cases[i].in), id);

		ok((err == 0) == (cases[i].want != NULL), "%s is %s", cases[i].in,
		   cases[i].want ? "a target" : "refused");
		is_text(id, cases[i].want ? cases[i].want : "untouched", "its id");
	}
}

struct message_case {
	const char *in;
	int err;
	uint64_t id;
	const char *method, *chunk, *value;
	bool is_error;
};

static bool is_same(const struct json_text *text, const char *want)
{
	return text->len == strlen(want) && (!text->len || !memcmp(text->at, want, text->len));
}

static void test_messages(void)
{
	static const struct message_case cases[] = {
		{ "{\"id\":3,\"result\":{}}", 0, 3, "", "", "", false },
		{ "{\"id\":4,\"result\":{\"result\":{\"type\":\"string\",\"value\":\"12 34\"}}}", 0,
		  4, "", "", "12 34", false },
		{ "{\"id\":5,\"result\":{\"result\":{\"type\":\"object\",\"value\":{\"a\":[1]}}}}",
		  0, 5, "", "", "", false },
		{ "{\"id\":6,\"error\":{\"code\":-32601,\"message\":\"no\"}}", 0, 6, "", "", "no",
		  true },
		{ "{\"id\":7,\"result\":{\"result\":{\"type\":\"object\"},\"exceptionDetails\":{"
		  "\"text\":\"x\"}}}",
		  0, 7, "", "", "", true },
		{ "{\"method\":\"HeapProfiler.addHeapSnapshotChunk\",\"params\":{\"chunk\":"
		  "\"{\\\"snapshot\\\":\\n\"}}",
		  0, 0, "HeapProfiler.addHeapSnapshotChunk", "{\"snapshot\":\n", "", false },
		{ "{\"method\":\"A.b\",\"params\":{\"chunk\":[1,2]}}", 0, 0, "A.b", "", "", false },
		{ " {\"z\":null,\"method\":\"A\"} ", 0, 0, "A", "", "", false },
		{ "{\"id\":3,\"result\":{}}x", -EBADMSG, 0, NULL, NULL, NULL, false },
		{ "{\"id\":-3}", -EBADMSG, 0, NULL, NULL, NULL, false },
		{ "{\"id\":3", -EBADMSG, 0, NULL, NULL, NULL, false },
		{ "{\"params\":[]}", -EBADMSG, 0, NULL, NULL, NULL, false },
		{ "[]", -EBADMSG, 0, NULL, NULL, NULL, false },
		{ "", -EBADMSG, 0, NULL, NULL, NULL, false },
		{ "{\"method\":\"0123456789012345678901234567890123456789012345678901234567890123\"}",
		  -E2BIG, 0, NULL, NULL, NULL, false },
	};
	struct cdp_message m = { 0 }; /* of the one before nothing stays */

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct message_case *c = &cases[i];
		int err = cdp_message_read(bytes_of(c->in), &m);
		bool is_right = err == c->err;

		if (!err && is_right)
			is_right = m.id == c->id && strcmp(m.method, c->method) == 0 &&
				   is_same(&m.chunk, c->chunk) && is_same(&m.value, c->value) &&
				   m.is_error == c->is_error;
		ok(is_right, "message %zu is %s", i, c->err ? "refused" : "read");
	}
	cdp_message_done(&m);
}

static int read_both(void)
{
	struct cdp_message m = { 0 };
	char id[CDP_ID_MAX];
	int err = cdp_target_read(bytes_of("[{\"id\":\"a\"}]"), id);

	if (!err)
		err = cdp_message_read(bytes_of("{\"method\":\"A\",\"params\":{\"chunk\":\"b\"},"
						"\"error\":{\"message\":\"c\"}}"),
				       &m);
	cdp_message_done(&m);
	return err;
}

static void test_no_memory(void)
{
	bool is_hit = true;

	for (size_t n = 1; is_hit; n++) {
		int err;

		failing_alloc_start(n);
		err = read_both();
		is_hit = failing_alloc_stop();
		is_int(err, is_hit ? -ENOMEM : 0, "allocation %zu", n);
	}
}

int main(void)
{
	test_http();
	test_headers();
	test_target();
	test_messages();
	test_no_memory();
	return tap_done();
}
