// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The choice of a probe's place, by small functions written out as bytes. */
#include "symbol/probe_site.h"

#include "tap.h"

#include <errno.h>
#include <stdlib.h>

#define CODE(bytes) bytes, sizeof(bytes) - 1

static const struct {
	const char *what;
	const char *code;
	size_t len;
	unsigned int argument_count;
	bool needs_return;
	int want; /* offset, or -1: the entry, single-stepped */
} cases[] = {
	/* what the kernel emulates */
	{ "push %rbx at the entry", CODE("\x53\xc3"), 1, true, 0 },
	{ "push %r12 at the entry", CODE("\x41\x54\xc3"), 1, true, 0 },
	{ "nop", CODE("\x90\xc3"), 1, true, 0 },
	{ "jmp rel8", CODE("\xeb\x00\xc3"), 1, true, 0 },
	{ "jmp rel32", CODE("\xe9\x00\x01\x00\x00"), 1, true, 0 },
	{ "call", CODE("\xe8\x00\x01\x00\x00\xc3"), 1, true, 0 },
	{ "jcc rel8", CODE("\x74\x10\xc3"), 1, true, 0 },
	{ "jcc rel32", CODE("\x0f\x84\x00\x01\x00\x00\xc3"), 1, true, 0 },
	/* what looks like it and is not */
	{ "nop with 66", CODE("\x66\x90\xc3"), 1, true, -1 },
	{ "pause (f3 90)", CODE("\xf3\x90\xc3"), 1, true, -1 },
	{ "xchg %r8,%rax (49 90)", CODE("\x49\x90\xc3"), 1, true, -1 },
	{ "a long nop", CODE("\x0f\x1f\x40\x00\xc3"), 1, true, -1 },
	{ "bnd jmp (f2 e9)", CODE("\xf2\xe9\x00\x01\x00\x00\xc3"), 1, true, -1 },
	{ "hinted jcc (3e 74)", CODE("\x3e\x74\x10\xc3"), 1, true, -1 },
	{ "push $1", CODE("\x6a\x01\xc3"), 1, true, -1 },
	{ "push 8(%rdi)", CODE("\xff\x77\x08\xc3"), 1, true, -1 },
	{ "push with rex.w (48 53)", CODE("\x48\x53\xc3"), 1, true, -1 },
	{ "push with 66", CODE("\x66\x53\xc3"), 1, true, -1 },
	{ "jmp *%rax", CODE("\xff\xe0"), 1, true, -1 },
	{ "jrcxz", CODE("\xe3\x10\xc3"), 1, true, -1 },
	{ "ret", CODE("\xc3"), 1, true, -1 },
	/* stepped over */
	{ "glibc's free: test, je", CODE("\x48\x85\xff\x0f\x84\xbf\x00\x00\x00\x55\xc3"), 1, false,
	  3 },
	{ "jemalloc's malloc: cmp, ja",
	  CODE("\x48\x81\xff\x00\x10\x00\x00\x0f\x87\x93\x00\x00\x00"), 1, true, 7 },
	{ "endbr64, push", CODE("\xf3\x0f\x1e\xfa\x53\xc3"), 1, true, 4 },
	{ "a long nop, push", CODE("\x0f\x1f\x44\x00\x00\x53\xc3"), 1, true, 5 },
	{ "cmpb in memory, push", CODE("\x80\x3d\x00\x00\x00\x00\x00\x53\xc3"), 1, true, 7 },
	{ "mov %rdi,%rax, push", CODE("\x48\x89\xf8\x53\xc3"), 1, true, 3 },
	{ "add %fs:0,%rax, je", CODE("\x64\x48\x03\x04\x25\x00\x00\x00\x00\x74\x10\xc3"), 1, true,
	  9 },
	/* not stepped over */
	{ "mov %rsi,%rdi (the argument goes), push", CODE("\x48\x89\xf7\x53\xc3"), 1, true, -1 },
	{ "xor %edi,%edi, push", CODE("\x31\xff\x53\xc3"), 1, true, -1 },
	{ "mov $1,%dil, push", CODE("\x40\xb7\x01\x53\xc3"), 1, true, -1 },
	{ "mov $1,%dh, push, three arguments", CODE("\xb6\x01\x53\xc3"), 3, true, -1 },
	{ "the same, two arguments", CODE("\xb6\x01\x53\xc3"), 2, true, 2 },
	{ "mov $1,%ch, push, four arguments", CODE("\xb5\x01\x53\xc3"), 4, true, -1 },
	{ "xor %esi,%esi, push, two arguments", CODE("\x31\xf6\x53\xc3"), 2, true, -1 },
	{ "the same, one argument", CODE("\x31\xf6\x53\xc3"), 1, true, 2 },
	{ "xor %r9d,%r9d, push, six arguments", CODE("\x45\x31\xc9\x53\xc3"), 6, true, -1 },
	{ "the same, five arguments", CODE("\x45\x31\xc9\x53\xc3"), 5, true, 3 },
	{ "sub $8,%rsp, push", CODE("\x48\x83\xec\x08\x53\xc3"), 1, true, -1 },
	{ "the same without need of the return address", CODE("\x48\x83\xec\x08\x53\xc3"), 1, false,
	  4 },
	{ "mov to memory, push", CODE("\x48\x89\x07\x53\xc3"), 1, true, -1 },
	{ "mov, lock add, push", CODE("\x48\x89\xf8\xf0\x48\x83\x07\x01\x53\xc3"), 1, true, -1 },
	{ "inc in memory, push", CODE("\x48\xff\x07\x53\xc3"), 1, true, -1 },
	{ "sete in memory, push", CODE("\x0f\x94\x07\x53\xc3"), 1, true, -1 },
	{ "rep movsb, push", CODE("\xf3\xa4\x53\xc3"), 1, false, -1 },
	{ "syscall, push", CODE("\x0f\x05\x53\xc3"), 1, true, -1 },
	{ "mul (writes %rdx), push, three arguments", CODE("\x48\xf7\xe6\x53\xc3"), 3, true, -1 },
	{ "imul %rsi (writes %rdx), push, three arguments", CODE("\x48\xf7\xee\x53\xc3"), 3, true,
	  -1 },
	{ "cmove %rsi,%rdi, push", CODE("\x48\x0f\x44\xfe\x53\xc3"), 1, true, -1 },
	{ "movzbl %al,%edi, push", CODE("\x0f\xb6\xf8\x53\xc3"), 1, true, -1 },
	{ "bsf %rsi,%rdi, push", CODE("\x48\x0f\xbc\xfe\x53\xc3"), 1, true, -1 },
	{ "sete %dil, push", CODE("\x40\x0f\x94\xc7\x53\xc3"), 1, true, -1 },
	{ "shl $1,%rdi, push", CODE("\x48\xd1\xe7\x53\xc3"), 1, true, -1 },
	{ "neg %rdi, push", CODE("\x48\xf7\xdf\x53\xc3"), 1, true, -1 },
	{ "lea 1(%rdi),%edi, push", CODE("\x8d\x7f\x01\x53\xc3"), 1, true, -1 },
	{ "mov %ds,(%rsi), push", CODE("\x8c\x1e\x53\xc3"), 1, true, -1 },
	{ "mov %rax,%fs:8 (absolute), push", CODE("\x64\x48\x89\x04\x25\x08\x00\x00\x00\x53\xc3"),
	  1, true, -1 },
	{ "movabs %al,address, push", CODE("\xa2\x01\x02\x03\x04\x05\x06\x07\x08\x53\xc3"), 1, true,
	  -1 },
	{ "and $-16,%rsp, push", CODE("\x48\x83\xe4\xf0\x53\xc3"), 1, true, -1 },
	{ "lea 8(%rsp),%r10, push", CODE("\x4c\x8d\x54\x24\x08\x53\xc3"), 1, true, 5 },
	{ "pop %rax, push", CODE("\x58\x53\xc3"), 1, true, -1 },
	{ "cpuid, push", CODE("\x0f\xa2\x53\xc3"), 1, true, -1 },
	{ "int3, push", CODE("\xcc\x53\xc3"), 1, true, -1 },
	{ "xchg %rax,(%rsi), push", CODE("\x48\x87\x06\x53\xc3"), 1, true, -1 },
	/* the kernel refuses what is locked: what follows it counts as the entry */
	{ "lock add, push", CODE("\xf0\x48\x83\x07\x01\x53\xc3"), 1, true, 5 },
	{ "lock add, mov, push", CODE("\xf0\x48\x83\x07\x01\x48\x89\xf8\x53\xc3"), 1, true, 8 },
	/* loops */
	{ "a jump back to the place", CODE("\x48\x85\xff\x74\x02\xeb\xfc\xc3"), 1, true, -1 },
	{ "a jump back to before the place", CODE("\x48\x89\xf8\x48\x85\xff\x75\xfb\xc3"), 1, true,
	  -1 },
	{ "a jump back to the entry is a call as any", CODE("\x48\x85\xff\x75\xfb\xc3"), 1, true,
	  3 },
	{ "a jump back behind the place", CODE("\x48\x85\xff\x74\x02\x90\x90\xeb\xfd\xc3"), 1, true,
	  3 },
	{ "loop to the place", CODE("\x48\x89\xf8\x90\xe2\xfd\xc3"), 1, true, -1 },
	{ "a loop at an emulated entry", CODE("\x90\xeb\xfd\xc3"), 1, true, 0 },
	{ "code that cannot be decoded: jumps unknown", CODE("\x48\x85\xff\x74\x02\x06\xc3"), 1,
	  true, -1 },
	{ "the same with an emulated entry", CODE("\x53\x06\xc3"), 1, true, 0 },
	{ "an instruction cut off at the end", CODE("\x48\x85\xff\x0f\x84\x00"), 1, true, -1 },
};

static int choose(const char *code, size_t len, struct probe_site *ret_site)
{
	return probe_site_choose((struct bytes){ (const uint8_t *)code, len }, PROBE_SITE_FIRST(1),
				 true, ret_site);
}

static void test_cases(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bytes code = { (const uint8_t *)cases[i].code, cases[i].len };
		struct probe_site site = { .offset = 99 };
		int err = probe_site_choose(code, PROBE_SITE_FIRST(cases[i].argument_count),
					    cases[i].needs_return, &site);

		is_int(err ? err : (site.is_emulated ? (int)site.offset : -1), cases[i].want, "%s",
		       cases[i].what);
		ok(site.is_emulated || site.offset == 0, "%s: a dear place is the entry",
		   cases[i].what);
	}
}

/* As node and V8 have it: the block is the second argument, the first may go. */
static void test_second_argument(void)
{
	struct probe_site site;

	ok(!probe_site_choose(
		   (struct bytes){ (const uint8_t *)CODE("\x48\x89\xf7\xe9\x00\x01\x00\x00") },
		   PROBE_SITE_ARGUMENT(1), false, &site) &&
		   site.is_emulated && site.offset == 3,
	   "mov %%rsi,%%rdi, jmp: the first argument is not needed");
	ok(!probe_site_choose(
		   (struct bytes){ (const uint8_t *)CODE(
			   "\xf0\x48\x29\x57\x10\x48\x8b\x7f\x18\x48\x8b\x07\xff\x60\x20") },
		   PROBE_SITE_ARGUMENT(1), false, &site) &&
		   !site.is_emulated && site.offset == 5,
	   "lock sub, mov, mov, jmp *: behind what is locked, single-stepped");
}

static void test_refused(void)
{
	struct probe_site site = { .offset = 99 };

	is_int(choose("", 0, &site), -EBADMSG, "no bytes");
	is_int(choose("\x06\xc3", 2, &site), -EBADMSG, "no instruction");
	is_int(choose("\x48\x85", 2, &site), -EBADMSG, "half an instruction");
	is_int(choose("\xf0\x48\x0f\xc1\x3e\x53\xc3", 7, &site), -EOPNOTSUPP,
	       "lock xadd %%rdi,(%%rsi): the argument goes");
	is_int(choose("\xf0\x48\x83\x07\x01", 5, &site), -EOPNOTSUPP,
	       "nothing behind what is locked");
	is_int(choose("\xf0\x48\x83\x07\x01\x53\xeb\xfd\xc3", 9, &site), -EOPNOTSUPP,
	       "a loop behind what is locked");
	is_int(site.offset, 99, "the site is untouched");
}

static void put(char *code, size_t at, const char *bytes, size_t len)
{
	memcpy(code + at, bytes, len);
}

static void test_window(void)
{
	char code[PROBE_SITE_WINDOW + 8];
	struct probe_site site;

	for (size_t i = 0; i < sizeof(code); i += 3)
		memcpy(code + i, "\x48\x89\xf8", sizeof(code) - i < 3 ? sizeof(code) - i : 3);
	code[63] = '\x53';
	ok(!choose(code, 64, &site) && site.is_emulated && site.offset == 63,
	   "the last place of the window");
	put(code, 63, CODE("\x40\x88\xf8\x53"));
	ok(!choose(code, 67, &site) && !site.is_emulated && site.offset == 0,
	   "the first behind the window");
}

/* Only the first 64 KiB are looked at, so that a jump back from behind them is not seen. */
static void test_huge(void)
{
	size_t len = 70000;
	char *code = malloc(len);
	struct probe_site site;

	memset(code, '\x90', len);
	put(code, 0, CODE("\x48\x85\xff\x74\x02"));
	put(code, 68000, CODE("\x06"));
	ok(!choose(code, len, &site) && site.is_emulated && site.offset == 3, "a huge function");
	put(code, 60000, CODE("\x06"));
	ok(!choose(code, len, &site) && !site.is_emulated, "one that is no code after 60000 bytes");
	free(code);
}

int main(void)
{
	test_cases();
	test_second_argument();
	test_refused();
	test_window();
	test_huge();
	return tap_done();
}
