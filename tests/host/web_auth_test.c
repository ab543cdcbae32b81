// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Passwords: right and wrong ones, what is known again without a hash, and guessers held up. */
#include "host/web_auth.h"

#include "host/clock.h"
#include "tap.h"

static const struct web_settings settings = {
	/* "secret" at a cost of 4, "slow" at one of 10 */
	.users = { { "fast", "$2y$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW" },
		   { "slow", "$2b$10$abcdefghijklmnopqrstuuTL3rBAB2FTLNnpGNZhAYflp5RzALnWK" } },
	.user_count = 2,
};

#define START_NS (1000 * NS_PER_S)

static void test_answers(void)
{
	static const struct {
		const char *user, *password;
		enum web_auth_answer want;
	} cases[] = {
		{ "fast", "secret", WEB_AUTH_GOOD },	{ "slow", "slow", WEB_AUTH_GOOD },
		{ "fast", "slow", WEB_AUTH_WRONG },	{ "slow", "secret", WEB_AUTH_WRONG },
		{ "nobody", "secret", WEB_AUTH_WRONG }, { "", "", WEB_AUTH_WRONG },
		{ NULL, NULL, WEB_AUTH_WRONG },		{ "fast", NULL, WEB_AUTH_WRONG },
		{ "fas", "tsecret", WEB_AUTH_WRONG },	{ "fast", "secret ", WEB_AUTH_WRONG },
		{ "fast", "secret", WEB_AUTH_GOOD },
	};
	struct web_auth *auth = web_auth_new(&settings);

	must(auth);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		is_int(web_auth_check(auth, cases[i].user, cases[i].password,
				      START_NS + i * 10 * NS_PER_S),
		       cases[i].want, "%s and %s", cases[i].user ? cases[i].user : "no name",
		       cases[i].password ? cases[i].password : "no password");
	web_auth_free(auth);
}

static void test_long(void)
{
	struct web_auth *auth = web_auth_new(&settings);
	char text[6000];

	must(auth);
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	is_int(web_auth_check(auth, "fast", text, START_NS), WEB_AUTH_WRONG, "a long password");
	is_int(web_auth_check(auth, text, "secret", START_NS), WEB_AUTH_WRONG, "a long name");
	web_auth_free(auth);
}

/* How many of @count tries with passwords of their own, all at @now_ns, were looked at. */
static int looked_at(struct web_auth *auth, int count, uint64_t now_ns)
{
	static int number;
	int looked = 0;

	for (int i = 0; i < count; i++) {
		char password[32];

		(void)snprintf(password, sizeof(password), "guess %d", number++);
		looked += web_auth_check(auth, "fast", password, now_ns) == WEB_AUTH_WRONG;
	}
	return looked;
}

static void test_guesses(void)
{
	struct web_auth *auth = web_auth_new(&settings);

	must(auth);
	is_int(web_auth_check(auth, "fast", "wrong", START_NS), WEB_AUTH_WRONG, "wrong");
	is_int(web_auth_check(auth, "fast", "secret", START_NS), WEB_AUTH_GOOD, "right");
	is_int(looked_at(auth, 20, START_NS), 6, "eight tries at once in all");
	is_int(web_auth_check(auth, "slow", "slow", START_NS), WEB_AUTH_LATER,
	       "who was not let in before is held up too");
	is_int(web_auth_check(auth, "fast", "secret", START_NS), WEB_AUTH_GOOD, "who was, is not");
	is_int(web_auth_check(auth, "fast", "wrong", START_NS), WEB_AUTH_WRONG,
	       "what was wrong is known again");
	is_int(looked_at(auth, 20, START_NS + NS_PER_S), 2, "two more in a second");
	is_int(looked_at(auth, 20, START_NS + 3600 * NS_PER_S), 8, "never more than eight");
	for (int hour = 1; hour < 20; hour++)
		must(looked_at(auth, 8, START_NS + 3600ull * (1 + (uint64_t)hour) * NS_PER_S) == 8);
	is_int(web_auth_check(auth, "fast", "secret", START_NS), WEB_AUTH_GOOD,
	       "who guesses does not push out what was right");
	web_auth_free(auth);
}

static void test_no_users(void)
{
	const struct web_settings none = { 0 };
	struct web_auth *auth = web_auth_new(&none);

	must(auth);
	is_int(web_auth_check(auth, NULL, NULL, START_NS), WEB_AUTH_GOOD, "no users, no password");
	web_auth_free(auth);
}

int main(void)
{
	test_answers();
	test_long();
	test_guesses();
	test_no_users();
	return tap_done();
}
