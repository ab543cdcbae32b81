/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The web configuration (profile/web_settings.h) with the files that it names, all read before what
 * listens gives up its right to open any. A renewed certificate is read at the next start.
 */
#ifndef HOST_WEB_CONFIG_H
#define HOST_WEB_CONFIG_H

#include "host/config_file.h"
#include "profile/web_settings.h"

struct web_config {
	struct yaml_tree *tree;
	struct web_settings settings;
	struct config_text cert, key, client_ca; /* PEM; empty where the settings name none */
};

/*
 * 0; -EINVAL: the configuration is not sound, or a file of it is not (a key that everyone may read
 * among them): told, one line "FILE:LINE: ..."; or another -errno (told).
 */
int web_config_read(const char *path, struct web_config *ret_config);
void web_config_done(struct web_config *config);

/* Does it have TLS or a password, so that a stranger is kept out or at least nobody listens in? */
bool web_config_protects(const struct web_config *config);

#endif
