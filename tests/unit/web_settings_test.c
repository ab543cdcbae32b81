// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What a web configuration may say, and what it must not: the words are in tests/cli too. */
#include "profile/web_settings.h"

#include "base/scope.h"
#include "tap.h"

#define HASH "$2y$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW"

static int read_text(const char *text, struct yaml_tree **ret_tree, struct web_settings *ret_s,
		     struct yaml_fault *ret_fault)
{
	struct bytes file = { (const uint8_t *)text, strlen(text) };
	int err = yaml_tree_read(&file, ret_tree, ret_fault);

	return err ? err : web_settings_read(*ret_tree, ret_s, ret_fault);
}

static void test_all(void)
{
	static const char text[] =
		"tls_server_config:\n"
		"  cert_file: a.crt\n"
		"  key_file: a.key\n"
		"  client_ca_file: ca.crt\n"
		"  client_auth_type: VerifyClientCertIfGiven\n"
		"  min_version: TLS13\n"
		"http_server_config:\n"
		"  http2: false\n"
		"  headers:\n"
		"    X-Frame-Options: deny\n"
		"    X-Content-Type-Options: nosniff\n"
		"basic_auth_users:\n"
		"  one: " HASH "\n"
		"  two: '$2b$12$abcdefghijklmnopqrstuuTL3rBAB2FTLNnpGNZhAYflp5RzALnWK'\n";
	_release_(yaml_tree_freep) struct yaml_tree *tree = NULL;
	struct web_settings s = { 0 };
	struct yaml_fault fault = { 0 };

	is_int(read_text(text, &tree, &s, &fault), 0, "all that is offered: %s", fault.text);
	is_text(s.cert_file->text, "a.crt", "certificate");
	is_int(s.key_file->line, 3, "with its line, for what its file may lack");
	is_text(s.client_ca_file->text, "ca.crt", "clients' CA");
	is_int(s.client_auth, WEB_CLIENT_IF_GIVEN, "clients' certificates");
	ok(s.is_tls13_only, "versions");
	is_int(s.header_count, 1, "a header that is sent in any case is not sent twice");
	is_text(s.headers[0].value, "deny", "another");
	is_int(s.user_count, 2, "users");
	is_text(s.users[1].name, "two", "in their order");
}

static void test_nothing(void)
{
	static const char *const texts[] = { "", "tls_server_config:\n",
					     "basic_auth_users: {}\nhttp_server_config:\n" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		_release_(yaml_tree_freep) struct yaml_tree *tree = NULL;
		struct web_settings s = { 0 };
		struct yaml_fault fault = { 0 };
		int err = read_text(texts[i], &tree, &s, &fault);

		is_int(err, i == 1 ? -EBADMSG : 0, "nothing said: %zu", i);
		ok(!s.cert_file && s.user_count == 0, "nothing there");
	}
}

static void test_refused(void)
{
	static const struct {
		const char *text, *what;
		unsigned int line;
	} cases[] = {
		{ "rate_limit: {}", "key \"rate_limit\": not known here", 1 },
		{ "tls_server_config: x", "not a map", 1 },
		{ "tls_server_config:\n  cert: |\n    x\n", "key \"cert\": not known here", 2 },
		{ "tls_server_config:\n  cert_file: ''\n", "not the name of a file", 2 },
		{ "tls_server_config:\n  cert_file: [a]\n", "not the name of a file", 2 },
		{ "tls_server_config:\n  client_auth_type: RequestClientCert\n",
		  "(the others verify nothing)", 2 },
		{ "tls_server_config:\n  min_version: TLS10\n", "not TLS12 or TLS13", 2 },
		{ "http_server_config: {headers: {X-Frame-Options: \"a\\nb\"}}",
		  "not a line of printable ASCII", 1 },
		{ "http_server_config: {headers: {X-Content-Type-Options: sniff}}", "not nosniff",
		  1 },
		{ "http_server_config: {headers: {Set-Cookie: a}}", "not known here", 1 },
		{ "basic_auth_users: [a]", "not a map (name: hash)", 1 },
		{ "basic_auth_users:\n  'a:b': " HASH, "without a colon", 2 },
		{ "basic_auth_users:\n  '': " HASH, "not a name of 1 to 64 bytes", 2 },
		{ "basic_auth_users:\n  a: $2x$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW",
		  "not a bcrypt hash", 2 },
		{ "basic_auth_users:\n  a: " HASH "x", "not a bcrypt hash", 2 },
		{ "basic_auth_users:\n  a: $6$abc$def", "not a bcrypt hash", 2 },
		{ "basic_auth_users:\n  a:\n", "not a bcrypt hash", 2 },
		{ "basic_auth_users:\n  a: $2y$03$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW",
		  "whose cost is not from 4 to 12", 2 },
		{ "basic_auth_users:\n  a: $2y$0x$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW",
		  "whose cost is not from 4 to 12", 2 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		_release_(yaml_tree_freep) struct yaml_tree *tree = NULL;
		struct web_settings s = { 0 };
		struct yaml_fault fault = { 0 };

		is_int(read_text(cases[i].text, &tree, &s, &fault), -EBADMSG, "refused: %zu", i);
		ok(strstr(fault.text, cases[i].what), "in words");
		is_int(fault.line, cases[i].line, "with its line");
		ok(!strstr(fault.text, "$2") || strstr(fault.text, "$2y$10$..."),
		   "and no hash in them");
	}
}

static void test_many_users(void)
{
	_release_(yaml_tree_freep) struct yaml_tree *tree = NULL;
	_release_(freep) char *text = NULL;
	struct web_settings s = { 0 };
	struct yaml_fault fault = { 0 };
	size_t len;
	FILE *out = open_memstream(&text, &len);

	must(out);
	(void)fputs("basic_auth_users:\n", out);
	for (int i = 0; i <= WEB_USERS_MAX; i++)
		(void)fprintf(out, "  user%d: " HASH "\n", i);
	must(fclose(out) == 0);
	is_int(read_text(text, &tree, &s, &fault), -EBADMSG, "one user too many");
	is_int(fault.line, WEB_USERS_MAX + 2, "is the last one");
}

int main(void)
{
	test_all();
	test_nothing();
	test_refused();
	test_many_users();
	return tap_done();
}
