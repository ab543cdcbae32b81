// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A table of keys for each part, and then what must stand together. */
#include "profile/web_settings.h"

#include "base/parse.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#define COUNT(array)	  (sizeof(array) / sizeof(*(array)))

#define BCRYPT_PREFIX_LEN 7  /* $2y$10$ */
#define BCRYPT_REST_LEN	  53 /* salt and hash */
#define BCRYPT_COST_MAX	  12 /* a third of a second: what listens does nothing else meanwhile */

/* --- TLS -------------------------------------------------------------------------------------- */

static int take_file(const struct yaml_value *v, const struct yaml_value **ret_file,
		     struct yaml_fault *fault)
{
	if (v->kind != YAML_TEXT || !*v->text)
		return yaml_value_refuse(v, fault, "not the name of a file");
	*ret_file = v;
	return 0;
}

static int read_cert(const struct yaml_value *v, void *ctx, struct yaml_fault *fault)
{
	return take_file(v, &((struct web_settings *)ctx)->cert_file, fault);
}

static int read_key(const struct yaml_value *v, void *ctx, struct yaml_fault *fault)
{
	return take_file(v, &((struct web_settings *)ctx)->key_file, fault);
}

static int read_client_ca(const struct yaml_value *v, void *ctx, struct yaml_fault *fault)
{
	return take_file(v, &((struct web_settings *)ctx)->client_ca_file, fault);
}

static int read_client_auth(const struct yaml_value *v, void *ctx, struct yaml_fault *fault)
{
	static const char *const words[] = {
		[WEB_CLIENT_NONE] = "NoClientCert",
		[WEB_CLIENT_IF_GIVEN] = "VerifyClientCertIfGiven",
		[WEB_CLIENT_REQUIRED] = "RequireAndVerifyClientCert",
	};
	int which = parse_word(v->text, words, COUNT(words));

	if (which < 0)
		return yaml_value_refuse(v, fault,
					 "not NoClientCert, VerifyClientCertIfGiven or "
					 "RequireAndVerifyClientCert (the others verify nothing)");
	((struct web_settings *)ctx)->client_auth = (enum web_client_auth)which;
	return 0;
}

static int read_min_version(const struct yaml_value *v, void *ctx, struct yaml_fault *fault)
{
	static const char *const words[] = { "TLS12", "TLS13" };
	int which = parse_word(v->text, words, COUNT(words));

	if (which < 0)
		return yaml_value_refuse(v, fault, "not TLS12 or TLS13");
	((struct web_settings *)ctx)->is_tls13_only = which == 1;
	return 0;
}

static const struct yaml_field tls_fields[] = {
	{ "cert_file", read_cert },	      { "key_file", read_key },
	{ "client_ca_file", read_client_ca }, { "client_auth_type", read_client_auth },
	{ "min_version", read_min_version },
};

static int read_tls(const struct yaml_value *v, void *ctx, struct yaml_fault *fault)
{
	const struct web_settings *s = ctx;
	int err = yaml_value_read_map(v, tls_fields, COUNT(tls_fields), ctx, fault);

	if (err)
		return err;
	if (!s->cert_file || !s->key_file)
		return yaml_value_refuse(v, fault, "needs cert_file and key_file");
	if (s->client_auth != WEB_CLIENT_NONE && !s->client_ca_file)
		return yaml_value_refuse(v, fault, "client_auth_type needs client_ca_file");
	if (s->client_auth == WEB_CLIENT_NONE && s->client_ca_file)
		return yaml_value_refuse(v, fault,
					 "client_ca_file needs client_auth_type: without it no "
					 "certificate is asked for");
	return 0;
}

/* --- HTTP ------------------------------------------------------------------------------------- */

static int read_http2(const struct yaml_value *v, void *ctx, struct yaml_fault *fault)
{
	bool is_on = false;
	int err = yaml_value_bool(v, &is_on, fault);

	(void)ctx;
	if (!err && is_on)
		return yaml_value_refuse(v, fault, "not false: HTTP/1.1 is all that is spoken");
	return err;
}

static bool is_printable(const char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			return false;
	return true;
}

static int read_header(const struct yaml_value *v, void *ctx, struct yaml_fault *fault)
{
	struct web_settings *s = ctx;

	if (v->kind != YAML_TEXT || !is_printable(v->text) || strlen(v->text) > 1000)
		return yaml_value_refuse(v, fault, "not a line of printable ASCII");
	s->headers[s->header_count++] = (struct web_header){ v->key, v->text };
	return 0;
}

/* This one is sent in any case, so that it says nothing new. */
static int read_nosniff(const struct yaml_value *v, void *ctx, struct yaml_fault *fault)
{
	(void)ctx;
	return strcasecmp(v->text, "nosniff") == 0 ? 0 : yaml_value_refuse(v, fault, "not nosniff");
}

/* Those of exporter-toolkit. A key is there once, so they are no more than WEB_HEADERS_MAX. */
static const struct yaml_field header_fields[] = {
	{ "Strict-Transport-Security", read_header }, { "Content-Security-Policy", read_header },
	{ "X-Frame-Options", read_header },	      { "X-XSS-Protection", read_header },
	{ "X-Content-Type-Options", read_nosniff },
};
_Static_assert(COUNT(header_fields) <= WEB_HEADERS_MAX, "room for each");

static int read_headers(const struct yaml_value *v, void *ctx, struct yaml_fault *fault)
{
	return yaml_value_read_map(v, header_fields, COUNT(header_fields), ctx, fault);
}

static const struct yaml_field http_fields[] = {
	{ "http2", read_http2 },
	{ "headers", read_headers },
};

static int read_http(const struct yaml_value *v, void *ctx, struct yaml_fault *fault)
{
	return yaml_value_read_map(v, http_fields, COUNT(http_fields), ctx, fault);
}

/* --- users ------------------------------------------------------------------------------------ */

static bool is_bcrypt(const char *hash)
{
	static const char alphabet[] =
		"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

	return strlen(hash) == BCRYPT_PREFIX_LEN + BCRYPT_REST_LEN && strncmp(hash, "$2", 2) == 0 &&
	       strchr("aby", hash[2]) && hash[3] == '$' && hash[6] == '$' &&
	       strspn(hash + BCRYPT_PREFIX_LEN, alphabet) == BCRYPT_REST_LEN;
}

static bool is_cost_allowed(const char *hash)
{
	char digits[] = { hash[4], hash[5], '\0' };
	uint64_t cost = 0;

	return !parse_u64(digits, BCRYPT_COST_MAX, &cost) && cost >= 4;
}

static int read_user(const struct yaml_value *v, struct web_settings *s, struct yaml_fault *fault)
{
	struct yaml_value without_hash = *v; /* which stays out of logs */

	without_hash.kind = YAML_NULL;
	without_hash.text = "";
	if (s->user_count == WEB_USERS_MAX)
		return yaml_value_refuse(&without_hash, fault, "more than 64 users");
	if (!*v->key || strchr(v->key, ':') || strlen(v->key) > 64)
		return yaml_value_refuse(&without_hash, fault,
					 "not a name of 1 to 64 bytes without a colon");
	if (!is_bcrypt(v->text))
		return yaml_value_refuse(&without_hash, fault,
					 "not a bcrypt hash ($2y$10$..., by htpasswd -nBC 10)");
	if (!is_cost_allowed(v->text))
		return yaml_value_refuse(&without_hash, fault,
					 "a bcrypt hash whose cost is not from 4 to 12 "
					 "(htpasswd -nBC 10)");
	s->users[s->user_count++] = (struct web_user){ v->key, v->text };
	return 0;
}

static int read_users(const struct yaml_value *v, void *ctx, struct yaml_fault *fault)
{
	if (v->kind != YAML_MAP && v->kind != YAML_NULL)
		return yaml_value_refuse(v, fault, "not a map (name: hash)");
	for (const struct yaml_value *user = v->first; user; user = user->next) {
		int err = read_user(user, ctx, fault);

		if (err)
			return err;
	}
	return 0;
}

int web_settings_read(const struct yaml_tree *tree, struct web_settings *ret_settings,
		      struct yaml_fault *ret_fault)
{
	static const struct yaml_field fields[] = {
		{ "tls_server_config", read_tls },
		{ "http_server_config", read_http },
		{ "basic_auth_users", read_users },
	};
	struct web_settings s = { 0 };
	int err = yaml_value_read_map(yaml_tree_root(tree), fields, COUNT(fields), &s, ret_fault);

	if (!err)
		*ret_settings = s;
	return err;
}
