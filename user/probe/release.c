// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The only threads in the tools: each touches nothing but its own probe. */
#include "probe/release.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <unistd.h>

#define RELEASE_BATCH 64 /* probes let go of at the same time */

/* A link, or else a descriptor. */
struct release {
	struct bpf_link *link;
	pthread_t thread;
	int fd;
	bool has_thread;
};

static void *release_one(void *arg)
{
	struct release *r = arg;

	if (r->link)
		(void)bpf_link__destroy(r->link); /* the kernel has let go either way */
	else if (r->fd >= 0)
		(void)close(r->fd);
	return NULL;
}

static void release_batch(struct release *releases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct release *r = &releases[i];

		r->has_thread = pthread_create(&r->thread, NULL, release_one, r) == 0;
		if (!r->has_thread)
			(void)release_one(r);
	}
	for (size_t i = 0; i < count; i++)
		if (releases[i].has_thread)
			(void)pthread_join(releases[i].thread, NULL);
}

void release_probes(struct bpf_link *const *links, size_t link_count, const int *fds,
		    size_t fd_count)
{
	struct release batch[RELEASE_BATCH];
	size_t total = fd_count + link_count, done = 0;
	sigset_t all, before;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	while (done < total) {
		size_t count = 0;

		for (; count < RELEASE_BATCH && done < total; count++, done++) {
			batch[count] = (struct release){ .fd = -1 };
			if (done < fd_count)
				batch[count].fd = fds[done];
			else
				batch[count].link = links[done - fd_count];
		}
		release_batch(batch, count);
	}
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
}
