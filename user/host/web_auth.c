// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* One digest of what was right per user, a ring of what was wrong, and a bucket of tries. */
#include "host/web_auth.h"

#include "host/clock.h"

#include <crypt.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdlib.h>
#include <string.h>

#define DIGEST_LEN   32
#define KEY_LEN	     32
#define WRONG_MAX    64
#define TRIES_MAX    8
#define TRY_EVERY_NS (NS_PER_S / 2)

struct digest {
	uint8_t bytes[DIGEST_LEN];
};

struct web_auth {
	const struct web_settings *settings;
	struct crypt_data crypt; /* 32 KiB */
	uint8_t key[KEY_LEN];
	struct digest right[WEB_USERS_MAX];
	bool has_right[WEB_USERS_MAX];
	struct digest wrong[WRONG_MAX];
	size_t wrong_len, wrong_next;
	unsigned int tries; /* that may be made now */
	uint64_t tries_ns;  /* when one was last added */
};

struct web_auth *web_auth_new(const struct web_settings *settings)
{
	struct web_auth *auth = calloc(1, sizeof(*auth));

	if (!auth)
		return NULL;
	auth->settings = settings;
	auth->tries = TRIES_MAX;
	if (gnutls_rnd(GNUTLS_RND_KEY, auth->key, sizeof(auth->key)) < 0) {
		free(auth);
		return NULL;
	}
	return auth;
}

void web_auth_free(struct web_auth *auth)
{
	if (auth)
		explicit_bzero(auth, sizeof(*auth));
	free(auth);
}

/* Of both, with a NUL between, which neither can hold. */
static bool digest_of(const struct web_auth *auth, const char *user, const char *password,
		      struct digest *ret_digest)
{
	gnutls_hmac_hd_t hmac;

	if (gnutls_hmac_init(&hmac, GNUTLS_MAC_SHA256, auth->key, sizeof(auth->key)) < 0)
		return false;
	(void)gnutls_hmac(hmac, user, strlen(user) + 1);
	(void)gnutls_hmac(hmac, password, strlen(password));
	gnutls_hmac_deinit(hmac, ret_digest->bytes);
	return true;
}

static bool is_same(const struct digest *a, const struct digest *b)
{
	return gnutls_memcmp(a->bytes, b->bytes, DIGEST_LEN) == 0;
}

/* All are compared, whichever it is. */
static bool was_right(const struct web_auth *auth, const struct digest *digest)
{
	bool is_found = false;

	for (size_t i = 0; i < auth->settings->user_count; i++)
		is_found |= auth->has_right[i] & is_same(&auth->right[i], digest);
	return is_found;
}

static bool was_wrong(const struct web_auth *auth, const struct digest *digest)
{
	bool is_found = false;

	for (size_t i = 0; i < auth->wrong_len; i++)
		is_found |= is_same(&auth->wrong[i], digest);
	return is_found;
}

static void remember_wrong(struct web_auth *auth, const struct digest *digest)
{
	auth->wrong[auth->wrong_next] = *digest;
	auth->wrong_next = (auth->wrong_next + 1) % WRONG_MAX;
	if (auth->wrong_len < WRONG_MAX)
		auth->wrong_len++;
}

static bool take_try(struct web_auth *auth, uint64_t now_ns)
{
	uint64_t more = (now_ns - auth->tries_ns) / TRY_EVERY_NS;

	if (more > 0) {
		auth->tries = more > TRIES_MAX - auth->tries ? TRIES_MAX
							     : auth->tries + (unsigned int)more;
		auth->tries_ns = now_ns;
	}
	if (auth->tries == 0)
		return false;
	auth->tries--;
	return true;
}

/* Who is not known is measured against the first user's hash, which says no. */
static bool is_password(struct web_auth *auth, const char *user, const char *password,
			size_t *ret_index)
{
	const struct web_settings *s = auth->settings;
	size_t index = 0;
	bool is_known = false;
	const char *hash, *made;

	for (size_t i = 0; i < s->user_count; i++)
		if (strcmp(s->users[i].name, user) == 0) {
			index = i;
			is_known = true;
		}
	hash = s->users[index].hash;
	made = crypt_r(password, hash, &auth->crypt);
	*ret_index = index;
	return made && strlen(made) == strlen(hash) &&
	       (int)is_known & (gnutls_memcmp(made, hash, strlen(hash)) == 0);
}

enum web_auth_answer web_auth_check(struct web_auth *auth, const char *user, const char *password,
				    uint64_t now_ns)
{
	struct digest digest;
	size_t index = 0;

	if (auth->settings->user_count == 0)
		return WEB_AUTH_GOOD;
	if (!user || !password || !digest_of(auth, user, password, &digest))
		return WEB_AUTH_WRONG;
	if (was_right(auth, &digest))
		return WEB_AUTH_GOOD;
	if (was_wrong(auth, &digest))
		return WEB_AUTH_WRONG;
	if (!take_try(auth, now_ns))
		return WEB_AUTH_LATER;
	if (!is_password(auth, user, password, &index)) {
		remember_wrong(auth, &digest);
		return WEB_AUTH_WRONG;
	}
	auth->right[index] = digest;
	auth->has_right[index] = true;
	return WEB_AUTH_GOOD;
}
