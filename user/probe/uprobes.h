/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Uprobes on one process: always with its PID, always by descriptors that vanish with this process
 * (rules S12, S14), never by the tracefs files.
 */
#ifndef PROBE_UPROBES_H
#define PROBE_UPROBES_H

#include <bpf/libbpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct uprobe_place {
	uint64_t offset; /* in the file, bytes */
	uint64_t cookie; /* what bpf_get_attach_cookie gives the program */
};

struct uprobe_links {
	struct bpf_link **at; /* in order of attachment */
	size_t len, cap;
	int *fds; /* of multi links */
	size_t fd_count, fd_cap;
};

/*
 * Before load: tells the kernel how @prog will be attached: at entries or returns, or, as a
 * session, at both by one program (features_have_uprobe_session).
 */
void uprobes_prepare(struct bpf_program *prog);
void uprobes_prepare_session(struct bpf_program *prog);

/*
 * Attaches @prog at @count places of the file open as @fd in process @pid, at function return when
 * @is_return. 0 or -errno after saying why; what was attached before stays in @links.
 */
struct uprobe_request {
	struct bpf_program *prog;
	int fd;
	pid_t pid;
	bool is_return;
	bool is_session; /* @prog was prepared as one */
	bool is_quiet;	 /* why it failed is said at -v only */
	const struct uprobe_place *places;
	size_t count;
};
int uprobes_attach(struct uprobe_links *links, const struct uprobe_request *request);

/* What @from holds is @to's from now on; without memory for that a part of it stays in @from. */
void uprobes_move(struct uprobe_links *from, struct uprobe_links *to);

/*
 * Removes them all, at the same time: calls under way finish as they would. Then @links is empty.
 */
void uprobes_detach(struct uprobe_links *links);

#endif
