// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A web configuration of any bytes: settings that keep their promises, or a line of what is wrong.
 */
#include "fuzz.h"
#include "profile/web_settings.h"

#include <errno.h>
#include <string.h>

static void check(const struct web_settings *s)
{
	assert((s->cert_file != NULL) == (s->key_file != NULL));
	assert((s->client_auth != WEB_CLIENT_NONE) == (s->client_ca_file != NULL));
	assert(s->user_count <= WEB_USERS_MAX && s->header_count <= WEB_HEADERS_MAX);
	for (size_t i = 0; i < s->user_count; i++)
		assert(strlen(s->users[i].hash) == 60 && !strchr(s->users[i].name, ':'));
	for (size_t i = 0; i < s->header_count; i++)
		assert(!strpbrk(s->headers[i].value, "\r\n"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct bytes file = { data, size };
	struct yaml_tree *tree = NULL;
	struct yaml_fault fault = { 0 };
	struct web_settings settings;
	int err = yaml_tree_read(&file, &tree, &fault);

	if (!err)
		err = web_settings_read(tree, &settings, &fault);
	if (err)
		assert(err == -EBADMSG && *fault.text);
	else
		check(&settings);
	yaml_tree_free(tree);
	return 0;
}
