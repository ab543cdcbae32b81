// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Values, errors with their places, and that it does not matter in which pieces the text comes. */
#include "heap/json_scan.h"

#include "heap_image.h"
#include "tap.h"

static struct json_scan scan_of(struct heap_bytes *b)
{
	struct json_scan s;

	must(json_scan_init(&s, (struct json_source){ heap_bytes_read, b }) == 0);
	return s;
}

static void test_strings(void)
{
	static const struct {
		const char *json, *want;
		int err;
	} cases[] = {
		{ "\"\"", "", 0 },
		{ "\"plain\"", "plain", 0 },
		{ " \"a\\n\\t\\\"\\\\\\/b\"", "a\n\t\"\\/b", 0 },
		{ "\"\\u00e9\\u20ac\"", "\xc3\xa9\xe2\x82\xac", 0 },
		{ "\"\\ud83d\\ude00!\"", "\xf0\x9f\x98\x80!", 0 },
		{ "\"\\ud83dx\"", "\xef\xbf\xbdx", 0 },
		{ "\"\\ude00\"", "\xef\xbf\xbd", 0 },
		{ "\"\\ud83d\\ud83d\\ude00\"", "\xef\xbf\xbd\xf0\x9f\x98\x80", 0 },
		{ "\"\\ud83d\\n\"", "\xef\xbf\xbd\n", 0 },
		{ "\"\\ud83d\\u0041\"",
		  "\xef\xbf\xbd"
		  "A",
		  0 },
		{ "\"\\ud83d\"", "\xef\xbf\xbd", 0 },
		{ "\"caf\xc3\xa9\"", "caf\xc3\xa9", 0 },
		{ "\"a run of plain text, longer than a word\\n\"",
		  "a run of plain text, longer than a word\n", 0 },
		{ "\"!\xff#[]\x7f \xc3\xa9!\xa2\xdc\"", "!\xff#[]\x7f \xc3\xa9!\xa2\xdc", 0 },
		{ "\"no \\u0000 inside\"", "no   inside", 0 },
		{ "\"seven b\nyte\"", "", -EBADMSG },
		{ "\"open", "", -EBADMSG },
		{ "\"\\u12g4\"", "", -EBADMSG },
		{ "\"\\q\"", "", -EBADMSG },
		{ "\"a\nb\"", "", -EBADMSG },
		{ "12", "", -EBADMSG },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		for (size_t piece = 0; piece < 4; piece++) {
			struct heap_bytes b = { cases[i].json, strlen(cases[i].json), piece };
			struct json_scan s = scan_of(&b);
			struct json_text t = { .max = 64 };
			int err = json_scan_string(&s, &t);
			bool is_right = err == cases[i].err;

			if (!err)
				is_right &= t.len == strlen(cases[i].want) &&
					    (!t.len || memcmp(t.at, cases[i].want, t.len) == 0);
			ok(is_right && (!err || s.why), "string %zu in pieces of %zu", i, piece);
			free(t.at);
			json_scan_done(&s);
		}
	}
}

static void test_numbers(void)
{
	static const struct {
		const char *json;
		uint64_t want;
		int err;
	} cases[] = {
		{ "0,", 0, 0 },
		{ " 17]", 17, 0 },
		{ "18446744073709551615,", UINT64_MAX, 0 },
		{ "18446744073709551616,", 0, -EBADMSG },
		{ "-1,", 0, -EBADMSG },
		{ "1.5,", 0, -EBADMSG },
		{ "1e3,", 0, -EBADMSG },
		{ "x", 0, -EBADMSG },
		{ "", 0, -EBADMSG },
		{ "12", 0, -EBADMSG }, /* cut off, perhaps within the number */
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct heap_bytes b = { cases[i].json, strlen(cases[i].json), 1 };
		struct json_scan s = scan_of(&b);
		uint64_t value = 0;
		int err = json_scan_u64(&s, &value);

		ok(err == cases[i].err && value == cases[i].want, "number \"%s\"", cases[i].json);
		json_scan_done(&s);
	}
}

/* Rows in buffers that end anywhere: the same values, the same errors at the same place. */
static void test_rows(void)
{
	static const struct {
		const char *json;
		int err;
		uint64_t offset; /* after it, or of the fault */
		size_t rows;
		uint64_t sum;
	} cases[] = {
		{ "]", 0, 1, 0, 0 },
		{ "1,2,3]", 0, 6, 1, 6 },
		{ "1,2,3\n,4,5,6\n]", 0, 14, 2, 21 },
		{ "1,2,3 , 4,5 ,6]", 0, 15, 2, 21 },
		{ "1,2,3,12345678,1234567,123456789,7,8,9,10,11,12]", 0, 48, 4, 137037097 },
		{ "1,2,3,123456789012345,1234567890123456,18446744073709551615]", 0, 60, 2,
		  1358024679135806 },
		{ "1,2,3,18446744073709551616,0,0]", -EBADMSG, 25, 1, 6 },
		{ "1,2,3,4,5]", -EBADMSG, 9, 1, 6 },
		{ "1,2,3,4,5,6.5]", -EBADMSG, 11, 1, 6 },
		{ "1,2,3,4,5,6e5]", -EBADMSG, 11, 1, 6 },
		{ "1,2,3,4,-5,6]", -EBADMSG, 8, 1, 6 },
		{ "1,2,3,4,,6]", -EBADMSG, 8, 1, 6 },
		{ "1,2,3,4;5,6]", -EBADMSG, 7, 1, 6 },
		{ "1,2,3 4,5,6]", -EBADMSG, 6, 1, 6 },
		{ "1,2,3,4,5,6", -EBADMSG, 67, 2, 21 }, /* and blanks */
	};
	static const char behind[] = "                                                        ";

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *text = NULL;
		int wrong = 0;

		/* With blanks behind it the end is far: rows are then read in one go. */
		must(asprintf(&text, "%s%s", cases[i].json, behind) > 0);
		for (size_t piece = 0; piece < 64; piece++) {
			struct heap_bytes b = { text, strlen(text), piece };
			struct json_scan s = scan_of(&b);
			uint64_t values[3] = { 0 }, sum = 0;
			bool is_first = true;
			size_t rows = 0;
			int more;

			while ((more = json_scan_row(&s, &is_first, values, 3)) == 1) {
				sum += values[0] + values[1] + values[2];
				rows++;
			}
			wrong += more != cases[i].err || rows != cases[i].rows ||
				 sum != cases[i].sum || json_scan_offset(&s) != cases[i].offset;
			json_scan_done(&s);
		}
		is_int(wrong, 0, "rows %zu, in pieces of any size", i);
		free(text);
	}
}

static void test_skip(void)
{
	static const struct {
		const char *json;
		int err;
		uint64_t offset; /* after it, or of the fault */
	} cases[] = {
		{ "{\"a\":[1,2,{\"b\":null}],\"c\":\"]}\\\"\"},", 0, 33 },
		{ "-1.5e+3,", 0, 7 },
		{ "true]", 0, 4 },
		{ "[1,2}", -EBADMSG, 4 },
		{ "{]", -EBADMSG, 1 },
		{ "[[[", -EBADMSG, 3 },
		{ "\"abc", -EBADMSG, 4 },
		{ ",", -EBADMSG, 0 },
		{ "]", -EBADMSG, 0 },
		{ "@", -EBADMSG, 0 },
	};
	char *deep = malloc(JSON_SCAN_MAX_DEPTH + 2);
	struct heap_bytes b = { deep, JSON_SCAN_MAX_DEPTH + 1, 0 };
	struct json_scan s;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct heap_bytes c = { cases[i].json, strlen(cases[i].json), 2 };

		s = scan_of(&c);
		ok(json_scan_skip(&s) == cases[i].err && json_scan_offset(&s) == cases[i].offset,
		   "%s is %s, to byte %ju", cases[i].json, cases[i].err ? "refused" : "skipped",
		   (uintmax_t)json_scan_offset(&s));
		json_scan_done(&s);
	}
	must(deep);
	memset(deep, '[', JSON_SCAN_MAX_DEPTH + 1);
	s = scan_of(&b);
	ok(json_scan_skip(&s) == -E2BIG, "nesting has a limit");
	json_scan_done(&s);
	free(deep);
}

static int fails(void *ctx, void *buf, size_t cap, size_t *ret_len)
{
	(void)ctx;
	(void)buf;
	(void)cap;
	(void)ret_len;
	return -EIO;
}

static void test_source(void)
{
	struct heap_bytes b = { "\"abcdef\"", 8, 0 };
	struct json_text t = { .max = 4 };
	struct json_scan s = scan_of(&b);

	ok(json_scan_string(&s, &t) == -E2BIG, "text has a limit");
	free(t.at);
	json_scan_done(&s);
	must(json_scan_init(&s, (struct json_source){ fails, NULL }) == 0);
	ok(json_scan_peek(&s) == -EIO && s.why, "an error of the source is handed on");
	json_scan_done(&s);
}

int main(void)
{
	test_strings();
	test_numbers();
	test_rows();
	test_skip();
	test_source();
	return tap_done();
}
