/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What tests of names share: a folder in which shared objects are built on the spot. */
#ifndef TESTS_HOST_SYMBOLS_FIXTURE_H
#define TESTS_HOST_SYMBOLS_FIXTURE_H

#include "host/symbols.h"

#include "base/scope.h"
#include "tap.h"

#include <dlfcn.h>

static char folder[] = "/tmp/symbols-test.XXXXXX"; /* readable by all, for the target */

/* symbols_refresh with the mappings of this moment. */
static inline int take_mappings(struct symbols *s, const struct target *t)
{
	_release_(procmaps_done) struct procmaps maps = { 0 };
	int err = target_maps(t, &maps);

	return err ? err : symbols_refresh(s, t, &maps);
}

/* The innermost frame of an address. */
static inline struct frame frame_at(struct symbols *s, pid_t pid, uint64_t addr)
{
	struct frame frame = { .function = "(none)", .module = "(none)", .file = "(none)" };

	(void)symbols_resolve(s, pid, &addr, 1);
	(void)symbols_frames(s, pid, addr, &frame, 1);
	return frame;
}

static inline uint64_t address_of(const void *function)
{
	return (uint64_t)(uintptr_t)function;
}

static inline bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text);
	size_t end_len = strlen(end);

	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

/* Runs a shell command in the folder of this test. */
__attribute__((format(printf, 1, 2))) static inline bool shell(const char *format, ...)
{
	char command[2048];
	int len = snprintf(command, sizeof(command), "cd %s && ( ", folder);
	__builtin_va_list args;

	__builtin_va_start(args, format);
	len += vsnprintf(command + len, sizeof(command) - (size_t)len, format, args);
	__builtin_va_end(args);
	(void)snprintf(command + len, sizeof(command) - (size_t)len, " ) >log 2>&1");
	return system(command) == 0;
}

static inline void *load(const char *name)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	return dlopen(path, RTLD_NOW | RTLD_LOCAL);
}

/*
 * The folder with helper.c; plain.so; stripped.so with the debug file right.debug, and wrong.debug
 * of another build. False: cc, objcopy or strip do not work here.
 */
static inline bool make_folder(void)
{
	return mkdtemp(folder) &&
	       shell("printf '%%s\\n' 'int helper_visible(int a) { return a * 3; }' "
		     "'__attribute__((noinline)) static int helper_hidden(int a) { return a * 5; }' "
		     "'unsigned long helper_hidden_address(void) "
		     "{ return (unsigned long)helper_hidden; }' >helper.c; "
		     "CC='cc -g -O1 -shared -fPIC helper.c'; "
		     "$CC -o plain.so -Wl,--build-id=0x01 && "
		     "$CC -o stripped.so -Wl,--build-id=0xabcdef0123456789 && "
		     "objcopy --only-keep-debug stripped.so right.debug && "
		     "$CC -o wrong.debug -Wl,--build-id=0xabcdef0123456788 && strip stripped.so");
}

#endif
