// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * memleak-trace's own programs as the tool loads them: each that is loaded is attached, none is
 * loaded that the options do not ask for, and nothing is left in the kernel afterwards. The process
 * is one with tcmalloc, for which all of them are needed.
 */
#include "kernel.h"

#include "base/scope.h"
#include "collect/memleak_state.h"
#include "host/log.h"
#include "host/spawn.h"
#include "probe/features.h"
#include "probe/load.h"

#include <signal.h>
#include <sys/wait.h>

#define MAX_PROGRAMS 16
#define TCMALLOC     "libtcmalloc_minimal.so.4"
#define GONE_TRIES   100 /* of 50 ms: the kernel frees programs later, after a grace period */

static const struct {
	const char *what;
	bool follow_children, with_mmap;
	const char *extra[3]; /* programs besides the ones that are always there */
} cases[] = {
	{ "plain", false, false, { NULL } },
	{ "-s", true, false, { "process_fork" } },
	{ "--mmap", false, true, { "map_enter", "map_exit" } },
	{ "-s --mmap", true, true, { "process_fork", "map_enter", "map_exit" } },
};

static const char *const always[] = { "alloc_enter", "alloc_exit", "free_enter", "process_exec",
				      "process_exit" };

/* Programs for an allocator's own operator new, where the kernel can. */
static const char for_new[] = "new_call";

static bool is_wanted(const char *name, const char *const *extra)
{
	if (strcmp(name, for_new) == 0)
		return features_have_uprobe_session();
	for (size_t i = 0; i < sizeof(always) / sizeof(*always); i++)
		if (strcmp(name, always[i]) == 0)
			return true;
	for (size_t i = 0; i < 3 && extra[i]; i++)
		if (strcmp(name, extra[i]) == 0)
			return true;
	return false;
}

static __u32 program_id(const struct bpf_program *prog)
{
	struct bpf_prog_info info = { 0 };
	__u32 size = sizeof(info);

	must(bpf_obj_get_info_by_fd(bpf_program__fd(prog), &info, &size) == 0);
	return info.id;
}

/* Is there a link, of any kind, that runs program @id? */
static bool is_attached(__u32 id)
{
	__u32 link_id = 0;

	while (bpf_link_get_next_id(link_id, &link_id) == 0) {
		_release_(closep) int fd = bpf_link_get_fd_by_id(link_id);
		struct bpf_link_info info = { 0 };
		__u32 size = sizeof(info);

		if (fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &size) == 0 && info.prog_id == id)
			return true;
	}
	return false;
}

static void check_attached(const char *what, const char *name, __u32 id, bool has_tcmalloc)
{
	if (strcmp(name, for_new) == 0 && !has_tcmalloc)
		skip("it is attached where there is an operator new of its own", "needs " TCMALLOC);
	else
		ok(is_attached(id), "%s: %s is attached", what, name);
}

static size_t check_programs(struct memleak *m, size_t n, __u32 *ret_ids)
{
	bool has_tcmalloc = strstr(memleak_describe(m), "tcmalloc");
	struct bpf_program *prog;
	size_t loaded = 0;

	bpf_object__for_each_program (prog, m->skel->obj) {
		const char *name = bpf_program__name(prog);
		bool is_loaded = bpf_program__fd(prog) >= 0;

		is_int(is_loaded, is_wanted(name, cases[n].extra), "%s: %s is %sloaded",
		       cases[n].what, name, is_wanted(name, cases[n].extra) ? "" : "not ");
		if (!is_loaded)
			continue;
		must(loaded < MAX_PROGRAMS);
		ret_ids[loaded] = program_id(prog);
		check_attached(cases[n].what, name, ret_ids[loaded++], has_tcmalloc);
	}
	return loaded;
}

static bool is_gone(__u32 id)
{
	for (int i = 0; i < GONE_TRIES; i++) {
		_release_(closep) int fd = bpf_prog_get_fd_by_id(id);

		if (fd == -ENOENT)
			return true;
		(void)usleep(50000);
	}
	return false;
}

static void test_case(size_t n, pid_t target)
{
	struct memleak_options options = {
		.follow_children = cases[n].follow_children,
		.with_mmap = cases[n].with_mmap,
		.max_size_bytes = UINT64_MAX,
		.max_blocks = 1024,
		.max_stacks = 1024,
		.max_threads = 64,
	};
	struct loop *loop = loop_new();
	__u32 ids[MAX_PROGRAMS];
	struct memleak *m;
	size_t loaded, gone = 0;

	must(loop);
	must(memleak_open(&options, loop, &m) == 0);
	is_int(memleak_add(m, target), 0, "%s: a process is taken", cases[n].what);
	loaded = check_programs(m, n, ids);
	memleak_stop(m);
	memleak_free(m);
	loop_free(loop);
	for (size_t i = 0; i < loaded; i++)
		gone += is_gone(ids[i]);
	is_int(gone, loaded, "%s: no program is left behind", cases[n].what);
}

int main(void)
{
	char *argv[] = { "sleep", "600", NULL };
	pid_t target;

	need_root();
	log_init("memleak-trace_test", LOG_WARN);
	probe_log_init();
	must(setenv("LD_PRELOAD", TCMALLOC, true) == 0);
	must(spawn_held(argv, false, &target) == 0);
	must(spawn_release(target) == 0);
	for (size_t n = 0; n < sizeof(cases) / sizeof(*cases); n++)
		test_case(n, target);
	(void)kill(target, SIGKILL);
	(void)waitpid(target, NULL, 0);
	return tap_done();
}
