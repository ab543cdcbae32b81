// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The walk of bpf/lib/unwind_walk.h over stacks captured from this process, by the tables of the
 * files it maps, against glibc's backtrace (the unwinder of libgcc, which interprets .eh_frame).
 */
#include "base/scope.h"
#include "host/file_reader.h"
#include "host/target.h"
#include "symbol/unwind_table.h"
#include "tap.h"
#include "unwind_native.h"

#include <execinfo.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#define PAGES_MAX  8192
#define RULES_MAX  65536
#define FRAMES_MAX 400

/* The tables of all files, as the kernel side has them. */
static struct unwind_row rows[UNWIND_BLOCK_ROWS];
static struct unwind_page pages[PAGES_MAX];
static struct unwind_rule rules[RULES_MAX];
static size_t row_count, page_count, rule_count;
static struct unwind_process process;

/* What a capture leaves. */
static struct native_env env;
static struct unwind_walk walk;
static uint8_t captured[1 << 20];
static void *truth[FRAMES_MAX];
static int truth_len;

static void add_table(const struct unwind_table *t, struct unwind_mapping *m)
{
	must(row_count + t->row_count <= UNWIND_BLOCK_ROWS);
	must(page_count + t->page_count <= PAGES_MAX && rule_count + t->rule_count <= RULES_MAX);
	m->page_delta = (int)((uint32_t)page_count - (uint32_t)t->lowest_page);
	m->kind = UNWIND_BY_TABLE;
	for (size_t i = 0; i < t->page_count; i++)
		pages[page_count++] = (struct unwind_page){
			.first = (uint32_t)row_count + t->pages[i].first,
			.last = (uint16_t)(t->pages[i].count - 1),
		};
	for (size_t i = 0; i < t->row_count; i++)
		rows[row_count++] =
			(struct unwind_row){ .addr = t->rows[i].addr,
					     .rule = (uint16_t)(t->rows[i].rule + rule_count) };
	memcpy(rules + rule_count, t->rules, t->rule_count * sizeof(*rules));
	rule_count += t->rule_count;
}

static void add_mapping(const struct mapping *m)
{
	_release_(unwind_table_done) struct unwind_table table = { 0 };
	_release_(file_reader_done) struct file_reader file = { .fd = -1 };
	_release_(closep) int fd = host_open_regular(m->path, TARGET_MAX_BINARY_BYTES);
	struct unwind_mapping told = { .start = m->start, .end = m->end, .kind = UNWIND_BY_FP };
	struct reader reader;
	struct elf elf;
	uint64_t fault, vaddr;

	must(process.count < UNWIND_MAPPINGS);
	if (fd >= 0 && file_reader_init(&file, fd, &reader) == 0 &&
	    elf_open(&elf, reader, &fault) == 0 && elf_vaddr_of(&elf, m->offset, &vaddr) &&
	    unwind_table_read(&elf, &table) == 0) {
		told.bias = m->start - vaddr;
		add_table(&table, &told);
	}
	process.at[process.count++] = told;
}

static void load(void)
{
	_release_(target_done) struct target self;
	_release_(procmaps_done) struct procmaps maps = { 0 };

	must(target_open(&self, getpid(), NULL) == 0);
	must(target_maps(&self, &maps) == 0);
	for (size_t i = 0; i < maps.len; i++)
		if (maps.at[i].executable && maps.at[i].inode)
			add_mapping(&maps.at[i]);
}

/* As memcpy, which sanitizers do not let cross the borders of variables; they lie on the stack. */
__attribute__((no_sanitize("address"))) static void copy_stack(char *to, uint64_t from, size_t len)
{
	const volatile char *at =
		(const volatile char *)from; /* NOLINT(performance-no-int-to-ptr) */

	for (size_t i = 0; i < len; i++)
		to[i] = at[i];
}

/* The registers here, a copy of the stack from here on, and what glibc says. */
__attribute__((noinline)) static void capture(void)
{
	pthread_attr_t attr;
	void *low;
	size_t size, len;
	uint64_t pc, sp, fp;

	must(pthread_getattr_np(pthread_self(), &attr) == 0);
	must(pthread_attr_getstack(&attr, &low, &size) == 0);
	(void)pthread_attr_destroy(&attr);
	truth_len = backtrace(truth, FRAMES_MAX);
#ifdef __SANITIZE_ADDRESS__ /* which stands between */
	memmove(truth, truth + 1, (size_t)--truth_len * sizeof(truth[0]));
#endif
	__asm__ volatile("lea 0(%%rip), %0; mov %%rsp, %1; mov %%rbp, %2"
			 : "=r"(pc), "=r"(sp), "=r"(fp));
	env = (struct native_env){ .pages = pages,
				   .page_count = page_count,
				   .rows = rows,
				   .rules = rules,
				   .rule_count = rule_count };
	if (sp < (uintptr_t)low ||
	    sp >= (uintptr_t)low + size) { /* a signal stack: both are read */
		env.memory[1] = (struct native_piece){ (uintptr_t)low, low, size };
		len = 4096; /* of the signal stack, which is twice as large */
	} else {
		len = (uintptr_t)low + size - sp;
	}
	len = len < sizeof(captured) ? len : sizeof(captured);
	copy_stack((char *)captured, sp, len);
	env.memory[0] = (struct native_piece){ sp, captured, len };
	unwind_begin(&walk, 1, false, false);
	walk.env = &env;
	walk.pc = pc;
	walk.sp = sp;
	walk.fp = fp;
	native_run(&walk, &process);
}

/* Is @place what glibc calls @pc, a return address, or the address where a signal came? */
static bool is_same(uint64_t place, const void *pc)
{
	return place == (uintptr_t)pc - 1 || place == (uintptr_t)pc;
}

static void check(const char *what)
{
	int same = 1; /* the capture's own frame is at another instruction */

	while (same < truth_len && is_same(native_frame(&walk, (size_t)same), truth[same]))
		same++;
	is_int(same, truth_len, "%s: %d frames as glibc has them", what, truth_len);
	is_int(walk.end, STACK_COMPLETE, "%s: complete", what);
	ok(!native_frame(&walk, (size_t)truth_len), "%s: and no more", what);
}

__attribute__((noinline)) static int recurse(int n)
{
	int value = 0;

	if (n == 0)
		capture();
	else
		value = recurse(n - 1);
	__asm__ volatile("" : "+r"(value));
	return value + 1;
}

__attribute__((noinline)) static void with_alloca(size_t bytes)
{
	volatile char *block = __builtin_alloca(bytes);

	block[0] = 1;
	capture();
	block[bytes - 1] = block[0];
}

__attribute__((noinline)) static void with_large_frame(void)
{
	volatile char block[70000];

	block[0] = 1;
	capture();
	block[sizeof(block) - 1] = block[0];
}

__attribute__((noinline)) static void realigned(void)
{
	volatile char block[64] __attribute__((aligned(64)));

	block[0] = 1;
	capture();
	block[1] = block[0];
}

static int compare(const void *a, const void *b)
{
	static bool was_here;

	if (!was_here)
		capture();
	was_here = true;
	return *(const int *)a - *(const int *)b;
}

static void on_signal(int number)
{
	(void)number;
	capture();
}

__attribute__((noinline)) static void with_signal(int flags, const char *what)
{
	static char stack[1 << 16];
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = flags };
	stack_t alternate = { .ss_sp = stack, .ss_size = sizeof(stack) };

	must(sigaltstack(&alternate, NULL) == 0);
	must(sigaction(SIGUSR1, &action, NULL) == 0);
	must(raise(SIGUSR1) == 0);
	check(what);
}

static void *in_thread(void *ctx)
{
	(void)recurse(20);
	return ctx;
}

int main(void)
{
	int numbers[] = { 3, 1, 2 };
	pthread_t thread;

	load();
	(void)recurse(0);
	check("a plain stack");
	(void)recurse(3);
	check("a short recursion");
	(void)recurse(300);
	check("a long recursion");
	with_alloca(3000);
	check("alloca");
	with_large_frame();
	check("a frame of 70,000 bytes");
	realigned();
	check("a realigned frame");
	qsort(numbers, 3, sizeof(numbers[0]), compare);
	check("a callback from libc");
	with_signal(0, "a signal handler");
	with_signal(SA_ONSTACK, "a signal handler on a stack of its own");
	must(pthread_create(&thread, NULL, in_thread, NULL) == 0);
	must(pthread_join(thread, NULL) == 0);
	check("a thread");
	return tap_done();
}
