// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* libbpf's log hook and the load, explained. */
#include "probe/load.h"

#include "host/log.h"

#include <errno.h>

/* libbpf's warnings are our debug lines: what failed is said in our own words. */
static int libbpf_line(enum libbpf_print_level level, const char *format, va_list args)
{
	if (level != LIBBPF_DEBUG)
		log_vline(LOG_DEBUG, format, args);
	return 0;
}

void probe_log_init(void)
{
	libbpf_set_print(libbpf_line);
}

int probe_load(struct bpf_object_skeleton *skeleton)
{
	int err = bpf_object__load_skeleton(skeleton);

	if (!err)
		return 0;
	(void)log_errno(err, "cannot load the BPF programs");
	if (err == -EPERM)
		log_hint(
			"needs root, or CAP_BPF and CAP_PERFMON (a locked-down kernel refuses too)");
	else if (err == -ENOMEM || err == -E2BIG)
		log_hint("a smaller table may fit: --max-blocks, --max-stacks");
	else
		log_hint("-vv shows what the kernel said; docs/kernels.md lists what is supported");
	return err;
}

int probe_attach(const struct probe_hook *hooks, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!hooks[i].is_wanted)
			continue;
		*hooks[i].link = bpf_program__attach(hooks[i].prog);
		if (!*hooks[i].link)
			return log_errno(-errno, "cannot attach to %s",
					 bpf_program__section_name(hooks[i].prog));
	}
	return 0;
}
