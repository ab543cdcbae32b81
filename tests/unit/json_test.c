// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The JSON writer: commas, nesting, escapes, numbers, and the abort on misuse. */
#include "base/json.h"
#include "base/scope.h"
#include "tap.h"

#include <math.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

typedef void (*write_fn)(struct json *j);

static void write_empty_object(struct json *j)
{
	json_object(j);
	json_end(j);
}

static void write_empty_array(struct json *j)
{
	json_array(j);
	json_end(j);
}

static void write_nested(struct json *j)
{
	json_object(j);
	json_key(j, "rows");
	json_array(j);
	json_object(j);
	json_key_u64(j, "a", 1);
	json_key_i64(j, "b", -2);
	json_end(j);
	json_array(j);
	json_end(j);
	json_u64(j, 3);
	json_end(j);
	json_key_bool(j, "last", true);
	json_end(j);
}

static void write_keyed(struct json *j)
{
	json_object(j);
	json_key_string(j, "s", "x");
	json_key_string(j, "none", NULL);
	json_key_double(j, "d", 0.1);
	json_key_bool(j, "f", false);
	json_key(j, "h");
	json_hex(j, 0xffffffff81000000);
	json_end(j);
}

static void write_numbers(struct json *j)
{
	json_array(j);
	json_u64(j, UINT64_MAX);
	json_i64(j, INT64_MIN);
	json_double(j, 1.0);
	json_double(j, -2.5e-9);
	json_double(j, (double)NAN);
	json_double(j, (double)INFINITY);
	json_hex(j, 0);
	json_end(j);
}

static void write_strings(struct json *j)
{
	json_array(j);
	json_string(j, "quote \" backslash \\ slash /");
	json_string(j, "\n\t\x1b\x7f");
	json_string(j, "\u4e2d\U0001f600");
	json_string(j, "\xc2\x9b");
	json_string(j, "bad \xff\xc0\xaf \xe4\xb8");
	json_string(j, "");
	json_end(j);
}

static void write_hostile_key(struct json *j)
{
	json_object(j);
	json_key_u64(j, "a\"b\n", 1);
	json_end(j);
}

static const struct {
	const char *what;
	write_fn write;
	const char *out;
} cases[] = {
	{ "empty object", write_empty_object, "{}" },
	{ "empty array", write_empty_array, "[]" },
	{ "nesting and commas", write_nested,
	  "{\"rows\":[{\"a\":1,\"b\":-2},[],3],\"last\":true}" },
	{ "keyed values", write_keyed,
	  "{\"s\":\"x\",\"none\":null,\"d\":0.1,\"f\":false,\"h\":\"0xffffffff81000000\"}" },
	{ "numbers", write_numbers,
	  "[18446744073709551615,-9223372036854775808,1,-2.5e-09,null,null,\"0x0\"]" },
	{ "strings", write_strings,
	  "[\"quote \\\" backslash \\\\ slash /\",\"\\u000a\\u0009\\u001b\\u007f\","
	  "\"\u4e2d\U0001f600\",\"\\u009b\",\"bad \ufffd\ufffd\ufffd \ufffd\ufffd\",\"\"]" },
	{ "hostile key", write_hostile_key, "{\"a\\\"b\\u000a\":1}" },
};

static void test_cases(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		_release_(freep) char *text = NULL;
		size_t len = 0;
		FILE *out = open_memstream(&text, &len);
		struct json j;

		json_init(&j, out);
		cases[i].write(&j);
		(void)fclose(out);
		is_text(text, cases[i].out, "%s", cases[i].what);
	}
}

static void misuse_no_key(struct json *j)
{
	json_object(j);
	json_u64(j, 1);
}

static void misuse_two_keys(struct json *j)
{
	json_object(j);
	json_key(j, "a");
	json_key(j, "b");
}

static void misuse_key_in_array(struct json *j)
{
	json_array(j);
	json_key(j, "a");
}

static void misuse_depth(struct json *j)
{
	for (int i = 0; i < JSON_DEPTH; i++)
		json_array(j);
}

static void misuse_end(struct json *j)
{
	json_end(j);
}

static void misuse_two_values(struct json *j)
{
	json_u64(j, 1);
	json_u64(j, 2);
}

/* The last level that is allowed, so that the abort one further means something. */
static void use_full_depth(struct json *j)
{
	for (int i = 0; i < JSON_DEPTH - 1; i++)
		json_array(j);
	for (int i = 0; i < JSON_DEPTH - 1; i++)
		json_end(j);
}

/* The signal that ends a child which does @write; 0 when it ends well. */
static int signal_of(write_fn write)
{
	pid_t child = fork();
	int status = 0;

	if (child == 0) {
		const struct rlimit no_core = { 0 };
		FILE *null = fopen("/dev/null", "w");
		struct json j;

		(void)setrlimit(RLIMIT_CORE, &no_core);
		if (!null || !freopen("/dev/null", "w", stderr))
			_exit(1);
		json_init(&j, null);
		write(&j);
		_exit(0);
	}
	(void)waitpid(child, &status, 0);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

int main(void)
{
	test_cases();
	is_int(signal_of(use_full_depth), 0, "JSON_DEPTH - 1 levels are fine");
	is_int(signal_of(misuse_no_key), SIGABRT, "a value without key in an object aborts");
	is_int(signal_of(misuse_two_keys), SIGABRT, "two keys in a row abort");
	is_int(signal_of(misuse_key_in_array), SIGABRT, "a key in an array aborts");
	is_int(signal_of(misuse_depth), SIGABRT, "too deep aborts");
	is_int(signal_of(misuse_end), SIGABRT, "an end too many aborts");
	is_int(signal_of(misuse_two_values), SIGABRT, "two values at the top abort");
	return tap_done();
}
