/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Names and passwords against the bcrypt hashes of the web configuration. A hash is slow on purpose
 * (60 ms at a cost of 10), so what was right or wrong once is known again by a keyed digest, and
 * strangers who guess may have only so much of the processor: two tries a second, eight at once.
 * Whoever was let in before is not held up by them.
 */
#ifndef HOST_WEB_AUTH_H
#define HOST_WEB_AUTH_H

#include "profile/web_settings.h"

enum web_auth_answer {
	WEB_AUTH_GOOD,
	WEB_AUTH_WRONG,
	WEB_AUTH_LATER, /* not looked at: too many tries just now */
};

struct web_auth;

/* @settings is borrowed. NULL: out of memory, or there is no randomness for the digests. */
struct web_auth *web_auth_new(const struct web_settings *settings);
void web_auth_free(struct web_auth *auth);

/* NULL for what was not sent. The time it takes tells neither whether there is such a user nor how
 * much of a password is right. Without users everyone is let in. */
enum web_auth_answer web_auth_check(struct web_auth *auth, const char *user, const char *password,
				    uint64_t now_ns);

#endif
