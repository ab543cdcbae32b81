/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Test Anything Protocol in a few lines: each check is a test point, the plan comes last, a crash
 * leaves no plan and so fails under prove.
 */
#ifndef TESTS_UNIT_TAP_H
#define TESTS_UNIT_TAP_H

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int tap_count, tap_failed;

__attribute__((format(printf, 4, 5))) static inline bool tap_ok(bool is_ok, const char *file,
								int line, const char *format, ...)
{
	char what[512];
	__builtin_va_list args;

	__builtin_va_start(args, format);
	(void)vsnprintf(what, sizeof(what), format, args);
	__builtin_va_end(args);
	printf("%sok %d - %s\n", is_ok ? "" : "not ", ++tap_count, what);
	if (!is_ok) {
		tap_failed++;
		printf("# failed at %s:%d\n", file, line);
	}
	(void)fflush(stdout);
	return is_ok;
}

/* ok(condition, "sentence with %d", 1) */
#define ok(condition, ...) tap_ok((condition), __FILE__, __LINE__, __VA_ARGS__)

#define is_int(got, want, ...)                                                                     \
	({                                                                                         \
		long long got_ = (long long)(got), want_ = (long long)(want);                      \
		if (!ok(got_ == want_, __VA_ARGS__))                                               \
			printf("# got %lld, want %lld\n", got_, want_);                            \
	})

#define is_text(got, want, ...)                                                                    \
	({                                                                                         \
		const char *got_ = (got), *want_ = (want);                                         \
		if (!ok(strcmp(got_, want_) == 0, __VA_ARGS__))                                    \
			printf("# got '%s', want '%s'\n", got_, want_);                            \
	})

/* A test whose surroundings fail cannot say anything: no plan, so prove fails it. */
#define must(condition)                                                                            \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			printf("Bail out! %s:%d: %s: %s\n", __FILE__, __LINE__, #condition,        \
			       strerror(errno));                                                   \
			exit(1);                                                                   \
		}                                                                                  \
	} while (0)

static inline void skip(const char *what, const char *why)
{
	printf("ok %d - %s # SKIP %s\n", ++tap_count, what, why);
}

static inline int tap_done(void)
{
	printf("1..%d\n", tap_count);
	return tap_failed ? 1 : 0;
}

#endif
