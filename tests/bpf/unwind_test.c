// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * bpf/lib/unwind.bpf.h in the kernel, on stacks of this process, by tables that unwind_tables made
 * of the files it maps; against glibc's backtrace.
 */
#include "kernel.h"

#include "abi/stacks.h"
#include "probe/stacks.h"
#include "probe/unwind_tables.h"
#include "test/stacks.skel.h"

#include <execinfo.h>
#include <sys/mman.h>

#define TRUTH_MAX 600

static struct stacks_bpf *skel;
static struct unwind_tables *tables;
static struct target self;
static void *truth[TRUTH_MAX];
static int truth_len;
static struct stack_frames got;

/* The probe is here. */
__attribute__((noipa)) static unsigned int probed(unsigned int value)
{
	__asm__ volatile("");
	return value + 1;
}

/* Takes its own caller's stack twice: by glibc, then by the probe. */
__attribute__((noipa)) static unsigned int bottom(void)
{
	unsigned int value;

	truth_len = backtrace(truth, TRUTH_MAX);
	value = probed(1);
	__asm__ volatile(""); /* something to return to: no tail call */
	return value;
}

__attribute__((noipa)) static unsigned int recurse(int n)
{
	unsigned int value = n ? recurse(n - 1) : bottom();

	__asm__ volatile("" : "+r"(value));
	return value + 1;
}

/* The kernel side learns what is mapped now. */
static void tell(void)
{
	struct procmaps maps = { 0 };

	must(target_maps(&self, &maps) == 0);
	must(unwind_tables_refresh(tables, &self, &maps) == 0);
	procmaps_done(&maps);
}

/* @may_use_fp and no table at all: what happens when nothing is told. */
static void begin(bool may_use_fp, bool is_told)
{
	LIBBPF_OPTS(bpf_uprobe_opts, opts, .func_name = "probed");
	struct unwind_maps maps;

	skel = stacks_bpf__open();
	must(skel);
	skel->rodata->stacks_may_use_fp = may_use_fp;
	must(bpf_map__set_max_entries(skel->maps.stacks, 64) == 0);
	must(stacks_bpf__load(skel) == 0);
	skel->bss->tgid = (__u32)getpid();
	maps = UNWIND_MAPS(skel);
	tables = unwind_tables_new(&maps);
	must(tables);
	if (is_told)
		tell();
	skel->links.take = bpf_program__attach_uprobe_opts(skel->progs.take, getpid(),
							   "/proc/self/exe", 0, &opts);
	must(skel->links.take);
}

static void end(void)
{
	unwind_tables_free(tables);
	stacks_bpf__destroy(skel);
	skel = NULL;
}

static void read_back(void)
{
	memset(&got, 0, sizeof(got));
	must(stack_read(bpf_map__fd(skel->maps.stacks), skel->bss->id, &got) == 0);
}

/* Leaf, bottom (at another instruction than in glibc's list), and the rest as glibc has it. */
static void check_frames(const char *what)
{
	int same = 1;

	read_back();
	while (same < truth_len && got.at[same + 1] == (uintptr_t)truth[same] - 1)
		same++;
	is_int(same, truth_len, "%s: %d frames as glibc has them", what, truth_len);
	is_int(got.len, truth_len + 1, "%s: and the leaf, no more", what);
	is_int(got.end, STACK_COMPLETE, "%s: complete", what);
}

static void test_depths(void)
{
	static const int depths[] = { 0,   1,	20, STACK_PART_FRAMES - 6, STACK_PART_FRAMES, 128,
				      240, 300, 440 };

	begin(true, true);
	for (size_t i = 0; i < sizeof(depths) / sizeof(*depths); i++) {
		char what[64];

		(void)snprintf(what, sizeof(what), "recursion of %d", depths[i]);
		(void)recurse(depths[i]);
		check_frames(what);
	}
	(void)recurse(STACK_MAX_FRAMES + 10);
	read_back();
	is_int(got.end, STACK_TOO_DEEP, "deeper than %d frames: says so", STACK_MAX_FRAMES);
	is_int(got.len, STACK_MAX_FRAMES, "and keeps the leaf's side");
	end();
}

/* push %rbp; mov %rsp, %rbp; call *%rdi; pop %rbp; ret */
static const uint8_t jit_code[] = { 0x55, 0x48, 0x89, 0xe5, 0xff, 0xd7, 0x5d, 0xc3 };

typedef unsigned int (*jit_fn)(unsigned int (*callee)(void));

static jit_fn make_jit(void)
{
	void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must(at != MAP_FAILED);
	memcpy(at, jit_code, sizeof(jit_code));
	must(mprotect(at, 4096, PROT_READ | PROT_EXEC) == 0);
	return (jit_fn)at;
}

/* glibc cannot walk through it: its own frames above are what the walk must reach. */
static void test_jit(void)
{
	jit_fn jit = make_jit();

	begin(true, true);
	(void)jit(bottom);
	read_back();
	is_int(got.end, STACK_COMPLETE, "JIT code in the middle: complete");
	is_int(skel->bss->is_by_fp, 1, "and says that a frame pointer was used");
	ok(got.at[2] == (uintptr_t)jit + 5, "the JIT frame is there");
	ok(got.len >= 6, "and its callers (%zu frames)", got.len);
	end();
	begin(false, true);
	(void)jit(bottom);
	read_back();
	is_int(got.end, STACK_NO_TABLE, "tables alone: the walk ends in JIT code");
	is_int(got.len, 3, "with the frames down to it");
	end();
	(void)munmap((void *)jit, 4096);
}

/* Code that came after the tables were told. */
static void test_told_later(void)
{
	jit_fn jit;

	begin(true, true);
	jit = make_jit();
	(void)jit(bottom);
	read_back();
	if (skel->bss->is_unmapped) { /* else it fell beside a range that was known already */
		is_int(got.end, STACK_NO_TABLE, "new code: the walk ends there");
		ok(got.at[got.len - 1] == (uintptr_t)jit + 5, "its address is kept");
	}
	tell();
	(void)jit(bottom);
	read_back();
	is_int(got.end, STACK_COMPLETE, "told of it: complete");
	is_int(skel->bss->is_unmapped, 0, "and nothing is asked for");
	end();
	(void)munmap((void *)jit, 4096);
}

static void test_untold(void)
{
	begin(true, false);
	(void)recurse(3);
	is_int(skel->bss->id, STACK_NONE, "a process that nobody told of has no stack");
	is_int(skel->bss->end, STACK_NO_TABLE, "for want of tables");
	is_int(skel->bss->is_unmapped, 1, "and they are asked for");
	end();
}

/* A return probe on a caller: the kernel has put its own address on the stack. */
static void test_hijacked(void)
{
	LIBBPF_OPTS(bpf_uprobe_opts, opts, .func_name = "recurse", .retprobe = true);
	struct bpf_link *other;

	begin(true, true);
	other = bpf_program__attach_uprobe_opts(skel->progs.other, getpid(), "/proc/self/exe", 0,
						&opts);
	must(other);
	(void)recurse(5); /* maps the page of such addresses, if this is the first */
	tell();
	(void)recurse(5);
	read_back();
	is_int(got.end, STACK_COMPLETE, "callers whose return is probed: complete");
	is_int(got.len, 9 + 3, "with every frame");
	bpf_link__destroy(other);
	end();
}

/* A table of files is made once; a second process like this one costs nothing more. */
static void test_cost(void)
{
	struct unwind_tables_cost first, second;

	begin(true, true);
	unwind_tables_cost(tables, &first);
	tell();
	unwind_tables_cost(tables, &second);
	ok(first.file_count >= 3, "the program, libc and the vDSO have tables (%u)",
	   first.file_count);
	is_int(first.left_out, 0, "none was left out");
	is_int(second.load_ns, first.load_ns, "nothing is read twice");
	ok(first.kernel_bytes < 8 << 20, "tables take %.1f MiB",
	   (double)first.kernel_bytes / (1 << 20));
	printf("# %u files, %.1f MB of code, %.2f MiB, %.1f ms\n", first.file_count,
	       (double)first.text_bytes / 1e6, (double)first.kernel_bytes / (1 << 20),
	       (double)first.load_ns / 1e6);
	end();
}

int main(void)
{
	need_root();
	must(target_open(&self, getpid(), NULL) == 0);
	test_depths();
	test_jit();
	test_told_later();
	test_untold();
	test_hijacked();
	test_cost();
	target_done(&self);
	return tap_done();
}
