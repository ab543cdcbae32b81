// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* One link for many places where the kernel can (uprobe_multi), else one perf event per place. */
#include "probe/uprobes.h"

#include "base/scope.h"
#include "base/vec.h"
#include "host/log.h"
#include "probe/features.h"
#include "probe/release.h"
#include "probe/uprobe_multi.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void uprobes_prepare(struct bpf_program *prog)
{
	if (features_have_uprobe_multi())
		(void)bpf_program__set_expected_attach_type(prog,
							    (enum bpf_attach_type)UPROBE_MULTI);
}

void uprobes_prepare_session(struct bpf_program *prog)
{
	(void)bpf_program__set_expected_attach_type(prog, (enum bpf_attach_type)UPROBE_SESSION);
}

static int explain(int err, const struct uprobe_request *request, uint64_t offset)
{
	if (request->is_quiet) {
		log_info("cannot attach to process %d: %s", request->pid, strerror(-err));
		return err;
	}
	(void)log_errno(err, "cannot attach to process %d (%s probe at file offset 0x%llx)",
			request->pid, request->is_return ? "return" : "entry",
			(unsigned long long)offset);
	if (err == -EINVAL)
		log_hint("another tracer may hold this address with other settings (bcc's Python "
			 "tools do: iovisor/bcc#5236); stop it and try again");
	else if (err == -EPERM || err == -EACCES)
		log_hint(
			"this kernel asks CAP_SYS_ADMIN for uprobes (CVE-2025-38466 fix): use sudo");
	return err;
}

static int keep_fd(struct uprobe_links *links, int fd)
{
	int *grown = vec_grow(links->fds, links->fd_count, &links->fd_cap, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	links->fds = grown;
	links->fds[links->fd_count++] = fd;
	return 0;
}

static int attach_multi(struct uprobe_links *links, const struct uprobe_request *request)
{
	int fd = uprobe_multi_attach(bpf_program__fd(request->prog),
				     request->is_session ? UPROBE_SESSION : UPROBE_MULTI, request);
	int err;

	if (fd < 0)
		return explain(fd, request, request->places[0].offset);
	err = keep_fd(links, fd);
	if (err)
		(void)close(fd);
	return err;
}

static int attach_one(struct uprobe_links *links, const struct uprobe_request *request,
		      const struct uprobe_place *place)
{
	LIBBPF_OPTS(bpf_uprobe_opts, opts, .retprobe = request->is_return,
		    .bpf_cookie = place->cookie);
	struct bpf_link *link, **slot;
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", request->fd);
	link = bpf_program__attach_uprobe_opts(request->prog, request->pid, path, place->offset,
					       &opts);
	if (!link)
		return explain(-errno, request, place->offset);
	slot = vec_push(links);
	if (!slot) {
		(void)bpf_link__destroy(link);
		return -ENOMEM;
	}
	*slot = link;
	return 0;
}

int uprobes_attach(struct uprobe_links *links, const struct uprobe_request *request)
{
	if (!request->count)
		return 0;
	if (features_have_uprobe_multi())
		return attach_multi(links, request);
	for (size_t i = 0; i < request->count; i++) {
		int err = attach_one(links, request, &request->places[i]);

		if (err)
			return err;
	}
	return 0;
}

void uprobes_move(struct uprobe_links *from, struct uprobe_links *to)
{
	for (; from->fd_count && keep_fd(to, from->fds[from->fd_count - 1]) == 0; from->fd_count--)
		;
	for (; from->len; from->len--) {
		struct bpf_link **slot = vec_push(to);

		if (!slot)
			return;
		*slot = from->at[from->len - 1];
	}
}

void uprobes_detach(struct uprobe_links *links)
{
	release_probes(links->at, links->len, links->fds, links->fd_count);
	free(links->fds);
	free(links->at);
	*links = (struct uprobe_links){ 0 };
}
