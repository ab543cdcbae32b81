/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Talk on stderr: "tool: what: why". Data goes to stdout and never through here. Every line is
 * cleaned (base/text.h), libbpf's too.
 */
#ifndef HOST_LOG_H
#define HOST_LOG_H

#include <stdarg.h>

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG }; /* default: LOG_WARN */

/* @tool: a string that outlives the program's last log line. */
void log_init(const char *tool, enum log_level level);
enum log_level log_level(void);
const char *log_tool(void);

void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_vline(enum log_level level, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));

/* Lines are kept, as many as fit, while the screen is not theirs; log_release says them. */
void log_hold(void);
void log_release(void);

#define log_error(...) log_line(LOG_ERROR, __VA_ARGS__)
#define log_warn(...)  log_line(LOG_WARN, __VA_ARGS__)
#define log_info(...)  log_line(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_DEBUG, __VA_ARGS__)
/* What the user should see though nothing is wrong; silent with -q. */
#define log_note(...) log_line(LOG_WARN, __VA_ARGS__)

/* "tool: <format>: <strerror(-err)>" as an error; returns @err (a negative errno) unchanged. */
int log_errno(int err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* "  hint: ..." under an error. */
void log_hint(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
