/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The web configuration of Prometheus' exporters (exporter-toolkit), as far as it is offered here:
 *
 *	tls_server_config:
 *	  cert_file: server.crt         # relative to this file
 *	  key_file: server.key
 *	  client_ca_file: clients.crt
 *	  client_auth_type: RequireAndVerifyClientCert   # or NoClientCert, VerifyClientCertIfGiven
 *	  min_version: TLS12            # or TLS13
 *	http_server_config:
 *	  http2: false
 *	  headers: {Strict-Transport-Security: max-age=31536000}
 *	basic_auth_users:
 *	  scraper: $2y$10$...           # htpasswd -nBC 10 "" | tr -d ':\n'
 *
 * Every other key is refused: one that is read over would be a rule that does not hold.
 */
#ifndef PROFILE_WEB_SETTINGS_H
#define PROFILE_WEB_SETTINGS_H

#include "base/yaml.h"

#define WEB_USERS_MAX	64
#define WEB_HEADERS_MAX 8

enum web_client_auth { WEB_CLIENT_NONE, WEB_CLIENT_IF_GIVEN, WEB_CLIENT_REQUIRED };

struct web_user {
	const char *name, *hash; /* bcrypt: $2a$, $2b$ or $2y$, of a cost from 4 to 12 */
};

struct web_header {
	const char *name, *value;
};

/* All texts are the tree's. */
struct web_settings {
	const struct yaml_value *cert_file, *key_file; /* both or none; texts */
	const struct yaml_value *client_ca_file;       /* NULL: none */
	enum web_client_auth client_auth;
	bool is_tls13_only;
	struct web_user users[WEB_USERS_MAX];
	size_t user_count;
	struct web_header headers[WEB_HEADERS_MAX];
	size_t header_count;
};

/* 0; -EBADMSG: @ret_fault says why. */
int web_settings_read(const struct yaml_tree *tree, struct web_settings *ret_settings,
		      struct yaml_fault *ret_fault);

#endif
