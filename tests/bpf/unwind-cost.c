// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What walking stacks costs, for scripts/bench.sh.
 *
 *	unwind-cost PID PROGRAM
 *		PID runs tests/live/deep. One PROGRAM of unwind-cost.bpf.c is at its function
 *		"probed" until a line comes on standard input; says "ready" and PID when it is
 *there. The answer is a JSON line: runs, their time by the kernel's count, frames found.
 *	unwind-cost sample PID SECONDS HZ
 *		samples the main thread of PID; prints folded stacks, then a JSON line
 *	unwind-cost tables PID
 *		makes the tables of a whole process, as a tool does at its start
 *	unwind-cost file PATH
 *		compiles the table of one file
 */
#include "base/scope.h"
#include "base/vec.h"
#include "host/clock.h"
#include "host/file_reader.h"
#include "host/log.h"
#include "probe/load.h"
#include "probe/process_code.h"
#include "probe/stacks.h"
#include "profile/stack_counts.h"
#include "symbol/unwind_table.h"

#include "test/unwind-cost.skel.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

struct run {
	struct target target;
	struct unwind_cost_bpf *skel;
	struct unwind_tables *tables;
	struct symbols *symbols;
};

static void run_done(struct run *r)
{
	symbols_free(r->symbols);
	unwind_tables_free(r->tables);
	unwind_cost_bpf__destroy(r->skel);
	target_done(&r->target);
}

/* Loads the programs for the process @pid, without its tables. */
static int begin(struct run *r, const char *pid)
{
	struct unwind_maps maps;
	int err = target_open(&r->target, (pid_t)strtoul(pid, NULL, 10), NULL);

	if (err)
		return log_errno(err, "%s", pid);
	r->skel = unwind_cost_bpf__open();
	if (!r->skel)
		return log_errno(-errno, "cannot open");
	err = probe_load(r->skel->skeleton);
	if (err)
		return err;
	r->skel->bss->tgid = (uint32_t)r->target.pid;
	maps = UNWIND_MAPS(r->skel);
	r->tables = unwind_tables_new(&maps);
	r->symbols = symbols_new();
	return r->tables && r->symbols ? 0 : log_errno(-ENOMEM, "cannot start");
}

/* --- a program at the probe ---------------------------------------------------------------------
 */

static struct bpf_link *attach(struct run *r, const struct bpf_program *prog)
{
	LIBBPF_OPTS(bpf_uprobe_opts, opts, .func_name = "probed");
	char exe[64];

	(void)snprintf(exe, sizeof(exe), "/proc/%d/exe", (int)r->target.pid);
	return bpf_program__attach_uprobe_opts(prog, r->target.pid, exe, 0, &opts);
}

static int info_of(const struct bpf_program *prog, struct bpf_prog_info *ret_info)
{
	uint32_t size = sizeof(*ret_info);
	int err;

	*ret_info = (struct bpf_prog_info){ 0 };
	err = bpf_obj_get_info_by_fd(bpf_program__fd(prog), ret_info, &size);
	if (err || !ret_info->run_cnt)
		return log_errno(err ? err : -ENODATA, "no count of runs");
	return 0;
}

static int print_runs(const struct run *r, const struct bpf_program *prog)
{
	uint32_t frames = r->skel->bss->frames;
	struct bpf_prog_info info;
	struct stack_frames stack;
	int err = info_of(prog, &info);

	if (err)
		return err;
	if (r->skel->bss->id) {
		err = stack_read(bpf_map__fd(r->skel->maps.stacks), r->skel->bss->id, &stack);
		if (err)
			return log_errno(err, "cannot read a stack");
		frames = (uint32_t)stack.len;
	}
	printf("{\"runs\":%" PRIu64 ",\"ns\":%.1f,\"frames\":%u,\"end\":\"%s\"}\n",
	       (uint64_t)info.run_cnt, (double)info.run_time_ns / (double)info.run_cnt, frames,
	       stack_end_names[r->skel->bss->end]);
	return 0;
}

static int read_tables(struct run *r)
{
	_release_(procmaps_done) struct procmaps maps = { 0 };
	int err = target_maps(&r->target, &maps);

	return err ? err : unwind_tables_refresh(r->tables, &r->target, &maps);
}

static int at_probe(struct run *r, const char *name)
{
	struct bpf_program *prog = bpf_object__find_program_by_name(r->skel->obj, name);
	_release_(closep) int stats = bpf_enable_stats(BPF_STATS_RUN_TIME);
	struct bpf_link *link;
	char line[8];
	int err;

	if (!prog || stats < 0)
		return log_errno(prog ? stats : -ENOENT, "%s", name);
	err = read_tables(r);
	if (err)
		return log_errno(err, "no tables");
	link = attach(r, prog);
	if (!link)
		return log_errno(-errno, "cannot attach");
	printf("ready %d\n", (int)getpid());
	(void)fflush(stdout);
	if (fgets(line, sizeof(line), stdin))
		err = print_runs(r, prog);
	(void)bpf_link__destroy(link);
	return err;
}

/* --- samples ------------------------------------------------------------------------------------
 */

static struct bpf_link *attach_clock(struct run *r, unsigned long hz)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.freq = 1,
		.sample_freq = hz,
	};
	int fd = (int)syscall(SYS_perf_event_open, &attr, r->target.pid, -1, -1,
			      PERF_FLAG_FD_CLOEXEC);

	return fd < 0 ? NULL : bpf_program__attach_perf_event(r->skel->progs.sample, fd);
}

static size_t count_elements(int fd)
{
	uint64_t key, *last = NULL;
	size_t n = 0;

	for (; bpf_map_get_next_key(fd, last, &key) == 0; n++)
		last = &key;
	return n;
}

static void print_folded(struct run *r, const struct stack_frames *f, uint64_t count)
{
	for (size_t i = f->len; i-- > 0;) {
		struct frame frame = { .function = "", .module = "?" };

		(void)symbols_frames(r->symbols, r->target.pid, f->at[i], &frame, 1);
		printf("%s%s", frame.function[0] ? frame.function : frame.module, i ? ";" : " ");
	}
	printf("%" PRIu64 "\n", count);
}

struct addresses {
	uint64_t *at;
	size_t len, cap;
};

static void addresses_done(struct addresses *a)
{
	free(a->at);
}

/* The next stack after *@id (NULL: the first); false after the last. */
static bool next_stack(const struct run *r, uint64_t **id, struct stack_frames *f, uint64_t *count)
{
	static uint64_t key;
	int fd = bpf_map__fd(r->skel->maps.counts);

	if (bpf_map_get_next_key(fd, *id, &key) || bpf_map_lookup_elem(fd, &key, count) ||
	    stack_read(bpf_map__fd(r->skel->maps.stacks), key, f))
		return false;
	*id = &key;
	return true;
}

/* All at once, as the tools do: names are looked up file by file. */
static int look_up_names(struct run *r)
{
	_release_(addresses_done) struct addresses addrs = { 0 };
	struct stack_frames f;
	uint64_t *id = NULL, *addr, count;

	while (next_stack(r, &id, &f, &count)) {
		for (size_t i = 0; i < f.len; i++) {
			addr = vec_push(&addrs);
			if (!addr)
				return -ENOMEM;
			*addr = f.at[i];
		}
	}
	return symbols_resolve(r->symbols, r->target.pid, addrs.at, addrs.len);
}

static int print_samples(struct run *r, const struct bpf_prog_info *info)
{
	uint64_t cpu_ns = clock_process_cpu_ns(), frames = 0, distinct = 0, count, *id = NULL;
	struct stack_frames f;
	int err = look_up_names(r);

	if (err)
		return log_errno(err, "no names");
	for (; next_stack(r, &id, &f, &count); distinct++) {
		print_folded(r, &f, count);
		frames += count * f.len;
	}
	printf("{\"samples\":%" PRIu64 ",\"complete\":%" PRIu64 ",\"frames\":%" PRIu64
	       ",\"distinct\":%" PRIu64 ",\"elements\":%zu,\"walk_ns\":%.1f,"
	       "\"until_detached_s\":%.4f}\n",
	       (uint64_t)info->run_cnt, (uint64_t)r->skel->bss->stack_ends[STACK_COMPLETE], frames,
	       distinct, count_elements(bpf_map__fd(r->skel->maps.stacks)),
	       (double)info->run_time_ns / (double)info->run_cnt, (double)cpu_ns / 1e9);
	return 0;
}

static int sample(struct run *r, const char *seconds, const char *hz)
{
	_release_(closep) int stats = bpf_enable_stats(BPF_STATS_RUN_TIME);
	struct bpf_prog_info info;
	struct bpf_link *link;
	int err = process_code_refresh(r->symbols, r->tables, &r->target);

	if (err)
		return log_errno(err, "cannot read the process");
	link = attach_clock(r, strtoul(hz, NULL, 10));
	if (!link)
		return log_errno(-errno, "cannot sample");
	(void)sleep((unsigned int)strtoul(seconds, NULL, 10));
	err = info_of(r->skel->progs.sample, &info);
	(void)bpf_link__destroy(link);
	return err ? err : print_samples(r, &info);
}

/* --- tables -------------------------------------------------------------------------------------
 */

static int whole_process(struct run *r)
{
	uint64_t began_ns = clock_monotonic_ns(), cpu_ns = clock_process_cpu_ns();
	int err = read_tables(r);
	struct unwind_tables_cost cost;

	if (err)
		return log_errno(err, "no tables");
	unwind_tables_cost(r->tables, &cost);
	printf("{\"files\":%u,\"left_out\":%u,\"text_bytes\":%" PRIu64 ",\"kernel_bytes\":%" PRIu64
	       ",\"load_ms\":%.2f,\"refresh_ms\":%.2f,\"cpu_ms\":%.2f}\n",
	       cost.file_count, cost.left_out, cost.text_bytes, cost.kernel_bytes,
	       (double)cost.load_ns / 1e6, (double)(clock_monotonic_ns() - began_ns) / 1e6,
	       (double)(clock_process_cpu_ns() - cpu_ns) / 1e6);
	return 0;
}

static int one_file(const char *path)
{
	_release_(closep) int fd = host_open_regular(path, TARGET_MAX_BINARY_BYTES);
	_release_(file_reader_done) struct file_reader file = { .fd = -1 };
	_release_(unwind_table_done) struct unwind_table t = { 0 };
	uint64_t fault_offset, cpu_ns = clock_process_cpu_ns();
	struct reader reader;
	struct elf elf;
	int err = fd < 0 ? fd : file_reader_init(&file, fd, &reader);

	if (!err)
		err = elf_open(&elf, reader, &fault_offset);
	if (!err)
		err = unwind_table_read(&elf, &t);
	if (err)
		return log_errno(err, "%s", path);
	printf("{\"text_bytes\":%" PRIu64 ",\"rows\":%zu,\"pages\":%zu,\"rules\":%zu,"
	       "\"inexpressible\":%zu,\"table_bytes\":%zu,\"cpu_ms\":%.3f}\n",
	       t.text_bytes, t.row_count, t.page_count, t.rule_count, t.inexpressible_count,
	       t.row_count * sizeof(struct unwind_row) + t.page_count * sizeof(struct unwind_page) +
		       t.rule_count * sizeof(struct unwind_rule),
	       (double)(clock_process_cpu_ns() - cpu_ns) / 1e6);
	return 0;
}

static int run(struct run *r, int argc, char **argv)
{
	bool is_sample = argc == 5 && strcmp(argv[1], "sample") == 0;
	bool is_whole = argc == 3 && strcmp(argv[1], "tables") == 0;
	int err = begin(r, argv[is_sample || is_whole ? 2 : 1]);

	if (err)
		return err;
	if (is_sample)
		return sample(r, argv[3], argv[4]);
	return is_whole ? whole_process(r) : at_probe(r, argv[2]);
}

int main(int argc, char **argv)
{
	_release_(run_done) struct run r = { 0 };

	log_init("unwind-cost", LOG_WARN);
	probe_log_init();
	if (argc != 3 && argc != 5) {
		fprintf(stderr, "usage: unwind-cost PID PROGRAM | sample PID SECONDS HZ | "
				"tables PID | file PATH\n");
		return 2;
	}
	if (strcmp(argv[1], "file") == 0)
		return one_file(argv[2]) ? 1 : 0;
	return run(&r, argc, argv) ? 1 : 0;
}
