// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Frames of all shapes that C makes, with a malloc at the end of each. Built in many ways: with and
 * without frame pointers, static, at a fixed address, stripped, by clang.
 *
 *	stacks-c [PLUGIN]	PLUGIN: the library stacks-plugin.so
 */
#include "stacks.h"

#include <dlfcn.h>
#include <pthread.h>
#include <search.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <ucontext.h>

/* rbp is a register as any other here: who takes it for a frame pointer is led astray. */
#ifdef WITH_FRAME_POINTER
#define SPOIL_RBP() ((void)0)
#else
#define SPOIL_RBP() __asm__ volatile("movl $0x1234, %%ebp" : : : "rbp")
#endif

/* --- plain frames ----------------------------------------------------------------------------- */

static SITE int plain_leaf(int n)
{
	stacks_touch((size_t)n + 16);
	return n + 1;
}

static SITE int plain_spoilt(int n)
{
	SPOIL_RBP();
	n = plain_leaf(n) + 1;
	SPOIL_RBP();
	return n;
}

static SITE int plain_registers(int a, int b, int c, int d, int e, int f, int g, int h)
{
	int x = plain_spoilt(a), y = plain_spoilt(b);

	return x + y + plain_spoilt(c + x) + d * y + e * x + f + g + h;
}

static SITE int plain_large(int n)
{
	char buffer[70 * 1024];

	buffer[n] = (char)n;
	stacks_keep(buffer);
	n = plain_registers(1, 2, 3, 4, 5, 6, 7, n);
	stacks_keep(buffer);
	return n + buffer[0];
}

static void plain(void)
{
	(void)plain_large(9);
}

/* --- frames of a size known at run time, and realigned ones ----------------------------------- */

static SITE int variable_alloca(int n)
{
	char *buffer = __builtin_alloca((size_t)n);

	memset(buffer, n, (size_t)n);
	stacks_keep(buffer);
	n = plain_spoilt(n);
	stacks_keep(buffer);
	return n + buffer[0];
}

static SITE int variable_array(int n)
{
	char buffer[n];

	memset(buffer, n, (size_t)n);
	stacks_keep(buffer);
	stacks_touch((size_t)n);
	return variable_alloca(n * 2) + buffer[1];
}

static void variable(void)
{
	(void)variable_array(100);
}

static SITE int aligned_locals(int n)
{
	char buffer[96] __attribute__((aligned(64)));

	memset(buffer, n, sizeof(buffer));
	stacks_keep(buffer);
	n = plain_spoilt(n);
	stacks_keep(buffer);
	return n + buffer[3];
}

/* Arguments on the stack and a variable frame: the caller's frame has to be remembered. */
static SITE int aligned_arguments(int a, int b, int c, int d, int e, int f, int g, int h)
{
	char buffer[96] __attribute__((aligned(64)));
	char *more = __builtin_alloca((size_t)(a + h));

	memset(buffer, a, sizeof(buffer));
	memset(more, b, (size_t)(a + h));
	stacks_keep(buffer);
	stacks_keep(more);
	a = aligned_locals(c + d + e + f);
	stacks_touch((size_t)a);
	stacks_keep(buffer);
	return a + g + h + buffer[4] + more[0];
}

__attribute__((force_align_arg_pointer)) static SITE int aligned_entry(int n)
{
	stacks_touch((size_t)n);
	n = aligned_arguments(1, 2, 3, 4, 5, 6, 7, n);
	stacks_keep(&n);
	return n;
}

typedef double four_doubles __attribute__((vector_size(32)));

__attribute__((target("avx"))) static SITE double aligned_avx(double d)
{
	four_doubles v = { d, d + 1, d + 2, d + 3 };

	v *= v;
	stacks_keep(&v);
	(void)plain_spoilt(3);
	v += v;
	stacks_keep(&v);
	return v[0] + v[3];
}

static void aligned(void)
{
	(void)aligned_entry(20);
	if (__builtin_cpu_supports("avx"))
		(void)aligned_avx(1);
}

/* --- tail calls, recursion, functions that do not return -------------------------------------- */

static SITE int tail_last(int n)
{
	stacks_touch((size_t)n);
	return plain_spoilt(n);
}

static SITE int tail_middle(int n)
{
	return tail_last(n + 1);
}

static SITE int tail_first(int n)
{
	stacks_touch((size_t)n);
	return tail_middle(n * 2);
}

static void tail(void)
{
	int n = tail_first(5);

	stacks_keep(&n);
}

static SITE int descend(int depth, int n)
{
	char buffer[48];

	if (depth == 0)
		return plain_spoilt(n);
	memset(buffer, n, sizeof(buffer));
	stacks_keep(buffer);
	if (depth & 1)
		n = descend(depth - 1, n + 1);
	else
		n = descend(depth - 1, n ^ depth) * 3;
	stacks_keep(buffer);
	return n + buffer[depth % 48];
}

static void recursion(void)
{
	(void)descend(120, 1);
	(void)descend(300, 1);
	(void)descend(600, 1);
}

static jmp_buf way_out;

__attribute__((noreturn)) static SITE void noreturn_leaf(int n)
{
	stacks_touch((size_t)n);
	longjmp(way_out, 1);
}

/* The call is the last instruction: its return address is already another function. */
__attribute__((noreturn)) static SITE void noreturn_caller(int n)
{
	char buffer[64] = { 0 };

	stacks_keep(buffer);
	noreturn_leaf(n + 1);
}

static void noreturn(void)
{
	if (setjmp(way_out) == 0)
		noreturn_caller(30);
}

/* --- callbacks from the C library and from a library without frame pointers ------------------- */

static SITE int compare(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;

	(void)plain_spoilt(x & 7);
	return x < y ? -1 : x > y;
}

static SITE void visit(const void *node, VISIT which, int depth)
{
	if (which == postorder || which == leaf)
		(void)plain_spoilt(**(const int *const *)node + depth);
	stacks_keep(node);
}

/* The header's bsearch would be inlined. */
static void *(*volatile find)(const void *, const void *, size_t, size_t,
			      int (*)(const void *, const void *)) = bsearch;

static void callbacks(void)
{
	int numbers[12] = { 5, 3, 9, 1, 12, 7, 2, 11, 4, 10, 6, 8 }, wanted = 7;
	void *tree = NULL;

	qsort(numbers, 12, sizeof(int), compare);
	stacks_keep(find(&wanted, numbers, 12, sizeof(int), compare));
	for (int i = 0; i < 4; i++)
		(void)tsearch(&numbers[i], &tree, compare);
	twalk(tree, visit);
	for (int i = 0; i < 4; i++)
		(void)tdelete(&numbers[i], &tree, compare);
}

static int (*plugin)(int (*)(int), int);

static void plugged(void)
{
	if (plugin)
		(void)plugin(plain_spoilt, 4);
}

/* --- signals ---------------------------------------------------------------------------------- */

static atomic_bool was_handled;

static SITE void on_signal(int number)
{
	(void)plain_spoilt(number);
	was_handled = true;
}

static SITE unsigned int busy_leaf(unsigned int n)
{
	return n * 2654435761u + (n >> 7);
}

/* The signal comes anywhere in here: before, in and after the leaf's frame. */
static SITE unsigned int busy(void)
{
	unsigned int n = 1;

	while (!was_handled)
		n = busy_leaf(n) + 1;
	return n;
}

static void interrupted(int flags)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = flags };
	struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR1 };
	struct itimerspec soon = { .it_value = { .tv_nsec = 200 * 1000 } };
	static timer_t timers[2]; /* made once: making one allocates, without a need */
	timer_t *timer = &timers[flags != 0];

	sigaction(SIGUSR1, &action, NULL);
	was_handled = false;
	event._sigev_un._tid = gettid();
	if (!*timer)
		timer_create(CLOCK_MONOTONIC, &event, timer);
	timer_settime(*timer, 0, &soon, NULL);
	(void)busy();
}

static void signals(void)
{
	interrupted(0);
	interrupted(SA_ONSTACK);
}

static SITE void on_raise(int number)
{
	(void)plain_spoilt(number);
	stacks_keep(NULL);
}

/* A handler on a stack that lies above the thread's, which was interrupted in the library. */
static SITE void raised(void)
{
	pthread_kill(pthread_self(), SIGUSR2);
	stacks_keep(NULL);
}

/* --- code made at run time, with a frame pointer; other stacks -------------------------------- */

static int (*jit)(int (*)(int), int);

static void jit_make(void)
{
	static const unsigned char code[] = {
		0x55,			/* push %rbp */
		0x48, 0x89, 0xe5,	/* mov %rsp, %rbp */
		0x53,			/* push %rbx */
		0x53,			/* push %rbx */
		0x48, 0x89, 0xf8,	/* mov %rdi, %rax */
		0x89, 0xf7,		/* mov %esi, %edi */
		0xff, 0xd0,		/* call *%rax */
		0x48, 0x8b, 0x5d, 0xf8, /* mov -8(%rbp), %rbx */
		0xc9,			/* leave */
		0xc3,			/* ret */
	};
	void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		_exit(8);
	memcpy((char *)at + 64, code, sizeof(code));
	if (mprotect(at, 4096, PROT_READ | PROT_EXEC))
		_exit(8);
	jit = (int (*)(int (*)(int), int))(uintptr_t)((char *)at + 64);
}

static SITE int jit_inner(int n)
{
	return jit(plain_spoilt, n) + 1;
}

static void generated(void)
{
	(void)jit(plain_leaf, 1);
	(void)jit(jit_inner, 2);
}

static ucontext_t home, away;

static SITE void coroutine(void)
{
	(void)plain_spoilt(8);
}

static void contexts(void)
{
	static char stack[64 * 1024];

	getcontext(&away);
	away.uc_stack.ss_sp = stack;
	away.uc_stack.ss_size = sizeof(stack);
	away.uc_link = &home;
	makecontext(&away, coroutine, 0);
	swapcontext(&home, &away);
}

/* --- threads, main ---------------------------------------------------------------------------- */

static void *thread(void *stack_above)
{
	stack_t stack = { .ss_sp = stack_above, .ss_size = 64 * 1024 };

	sigaltstack(&stack, NULL);
	for (;;) {
		plain();
		raised();
		(void)descend(20, 1);
		tail();
		stacks_rest();
	}
	return NULL;
}

static void (*const cases[])(void) = {
	plain,	   variable, aligned, tail,	 recursion, noreturn,
	callbacks, plugged,  signals, generated, contexts,
};

static void plugin_open(const char *path)
{
#ifdef NO_PLUGIN
	(void)path;
#else
	void *library = dlopen(path, RTLD_NOW);

	if (!library) {
		(void)fprintf(stderr, "%s\n", dlerror());
		_exit(8);
	}
	plugin = (int (*)(int (*)(int), int))(uintptr_t)dlsym(library, "plugin_call");
#endif
}

int main(int argc, char **argv)
{
	static char below[64 * 1024];
	char above[64 * 1024];
	stack_t stack = { .ss_sp = below, .ss_size = sizeof(below) };
	struct sigaction action = { .sa_handler = on_raise, .sa_flags = SA_ONSTACK };
	pthread_t threads[1];

	sigaltstack(&stack, NULL);
	sigaction(SIGUSR2, &action, NULL);
	jit_make();
	if (argc > 1)
		plugin_open(argv[1]);
	if (pthread_create(&threads[0], NULL, thread, above))
		return 8;
	gate_ready();
	gate_wait();
	for (;;) {
		for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
			cases[i]();
			stacks_rest();
		}
	}
}
