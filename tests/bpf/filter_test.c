// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* bpf/lib/filter.bpf.h in the kernel. */
#include "kernel.h"

#include "abi/target.h"
#include "test/filter.skel.h"

static const struct {
	const char *what;
	__u32 tgid;
	bool is_known;
	struct target_state state;
	int want; /* its slot, -1: it does not count */
} cases[] = {
	{ "an observed process counts", 100, true, { .slot = 3 }, 3 },
	{ "slot 0 is one like the others", 101, true, { .slot = 0 }, 0 },
	{ "the last slot too", 102, true, { .slot = TARGETS_MAX - 1 }, TARGETS_MAX - 1 },
	{ "a stopped one does not count", 103, true, { .slot = 5, .is_stopped = 1 }, -1 },
	{ "one that was never asked for does not count", 104, false, { 0 }, -1 },
	{ "nor does the idle task", 0, false, { 0 }, -1 },
};

#define CASE_COUNT (sizeof(cases) / sizeof(*cases))

static void test_cases(struct filter_bpf *skel, int targets)
{
	for (size_t i = 0; i < CASE_COUNT; i++)
		if (cases[i].is_known)
			must(bpf_map_update_elem(targets, &cases[i].tgid, &cases[i].state,
						 BPF_NOEXIST) == 0);
	for (size_t i = 0; i < CASE_COUNT; i++) {
		skel->bss->tgid = cases[i].tgid;
		is_int(run(skel->progs.look_up), cases[i].want, "%s", cases[i].what);
	}
}

static void test_changes(struct filter_bpf *skel, int targets)
{
	const struct target_state stopped = { .slot = 3, .is_stopped = 1 }, again = { .slot = 7 };
	__u32 tgid = 100;

	skel->bss->tgid = tgid;
	must(bpf_map_update_elem(targets, &tgid, &stopped, BPF_EXIST) == 0);
	is_int(run(skel->progs.look_up), -1, "it does not count from the moment it is stopped");
	must(bpf_map_update_elem(targets, &tgid, &again, BPF_EXIST) == 0);
	is_int(run(skel->progs.look_up), 7, "its number may be observed again, in another slot");
	must(bpf_map_delete_elem(targets, &tgid) == 0);
	is_int(run(skel->progs.look_up), -1, "nor once it is forgotten");
}

int main(void)
{
	struct filter_bpf *skel;
	int targets;

	need_root();
	skel = filter_bpf__open_and_load();
	must(skel);
	targets = bpf_map__fd(skel->maps.targets);
	test_cases(skel, targets);
	test_changes(skel, targets);
	filter_bpf__destroy(skel);
	return tap_done();
}
