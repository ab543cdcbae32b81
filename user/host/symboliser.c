// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The child's life and the two ends of its pipe. The parent checks and hands on what comes, and at
 * the end of the pipe, or of its patience, kills the child.
 */
#include "host/symboliser_child.h"

#include "base/scope.h"
#include "host/clock.h"
#include "host/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

/* --- the child ------------------------------------------------------------------------------ */

void symboliser_write(struct symboliser_out *out, const struct call_chain *chain)
{
	size_t len = call_chain_write(chain, out->buf);

	(void)fwrite(out->buf, 1, len, out->pipe); /* a failure shows when it is flushed */
}

static int read_all(const struct symboliser_question *q, struct symboliser_out *out)
{
	int names = q->debugdata_fd < 0 ? 0 : symboliser_read_debugdata(q, out);
	int lines = q->dwarf_fd < 0 ? 0 : symboliser_read_dwarf(q, out);

	return names ? names : lines;
}

static int child_main(const struct symboliser_question *q, symboliser_child_fn child, int pipe_fd,
		      pid_t parent)
{
	struct symboliser_out *out = calloc(1, sizeof(*out)); /* its end is the process's */
	int kept[3] = { pipe_fd };
	struct sandbox sandbox = {
		.kept_fds = kept,
		.kept_count = 1,
		.parent = parent,
		.max_memory_bytes = SYMBOLISER_MAX_MEMORY_BYTES,
		.max_cpu_s = SYMBOLISER_MAX_SECONDS,
	};
	int status;

	if (q->dwarf_fd >= 0)
		kept[sandbox.kept_count++] = q->dwarf_fd;
	if (q->debugdata_fd >= 0 && q->debugdata_fd != q->dwarf_fd)
		kept[sandbox.kept_count++] = q->debugdata_fd;
	if (out)
		out->pipe = fdopen(pipe_fd, "w");
	if (!out || !out->pipe)
		return SYMBOLISER_NO_MEMORY;
	if (!sandbox_enter(&sandbox))
		return SYMBOLISER_NO_SANDBOX;
	status = child(q, out);
	return fflush(out->pipe) ? SYMBOLISER_NO_MEMORY : status;
}

/* --- the parent ----------------------------------------------------------------------------- */

struct receiver {
	size_t count; /* addresses asked for */
	symboliser_found_fn found;
	void *ctx;
	uint8_t *is_known; /* by address: a bit for each source */
	uint64_t total;	   /* bytes that came */
	size_t len;
	uint8_t buf[2ul * CALL_CHAIN_BYTES_MAX];
	struct call_chain chain;
};

static void receiver_freep(struct receiver **r)
{
	if (*r)
		free((*r)->is_known);
	free(*r);
}

static struct receiver *receiver_new(size_t count, symboliser_found_fn found, void *ctx)
{
	struct receiver *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->count = count;
	r->found = found;
	r->ctx = ctx;
	r->is_known = calloc(count + 1, 1);
	if (!r->is_known) {
		free(r);
		return NULL;
	}
	return r;
}

/* Hands on the whole chains at the front of the buffer. 0 or -EBADMSG. */
static int take_chains(struct receiver *r)
{
	size_t at = 0;
	size_t used;
	int err;

	for (;;) {
		struct bytes rest = { r->buf + at, r->len - at };
		uint8_t bit;

		err = call_chain_read(rest, &r->chain, &used);
		if (err)
			break;
		bit = (uint8_t)(1u << r->chain.source);
		if (r->chain.index >= r->count || (r->is_known[r->chain.index] & bit))
			return -EBADMSG;
		r->is_known[r->chain.index] |= bit;
		r->found(r->ctx, &r->chain);
		at += used;
	}
	memmove(r->buf, r->buf + at, r->len - at);
	r->len -= at;
	return err == -ENODATA ? 0 : err;
}

/* 0 at the end of the pipe. */
static int receive(struct receiver *r, int pipe_fd)
{
	uint64_t deadline = clock_monotonic_ns() + SYMBOLISER_MAX_SECONDS * NS_PER_S;
	struct pollfd ready = { .fd = pipe_fd, .events = POLLIN };

	for (;;) {
		uint64_t now = clock_monotonic_ns();
		ssize_t got;
		int err;

		if (now >= deadline)
			return -ETIMEDOUT;
		if (poll(&ready, 1, (int)((deadline - now) / NS_PER_MS) + 1) <= 0)
			continue; /* time is up or a signal came: the deadline decides */
		got = read(pipe_fd, r->buf + r->len, sizeof(r->buf) - r->len);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			return r->len ? -EPIPE : 0; /* in the middle of a chain */
		r->len += (size_t)got;
		r->total += (uint64_t)got;
		err = take_chains(r);
		if (err || r->total > SYMBOLISER_MAX_ANSWER_BYTES)
			return err ? err : -E2BIG;
	}
}

static int error_of(int status)
{
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
		return -EACCES;
	if (WIFSIGNALED(status) && (WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL))
		return -ETIMEDOUT; /* RLIMIT_CPU, or that it closed its pipe and stayed */
	if (!WIFEXITED(status))
		return -EFAULT;
	switch (WEXITSTATUS(status)) {
	case 0:
		return 0;
	case SYMBOLISER_NO_SANDBOX:
		return -EPERM;
	case SYMBOLISER_TOO_BIG:
		return -E2BIG;
	case SYMBOLISER_NO_MEMORY:
		return -ENOMEM;
	default:
		return -EBADMSG;
	}
}

/*
 * The child's pipe closes when it is ending, and its status is then settled: the signal comes too
 * late. One that closed it to stay behind is ended. @err: of the pipe, which goes first.
 */
static int end_child(pid_t child, int err)
{
	int status = 0;

	(void)kill(child, SIGKILL);
	while (waitpid(child, &status, 0) < 0) {
		if (errno != EINTR)
			return err ? err : -errno;
	}
	if (err && err != -EPIPE)
		return err;
	return error_of(status) ? error_of(status) : err ? -EBADMSG : 0;
}

int symboliser_run(const struct symboliser_question *q, symboliser_child_fn child,
		   symboliser_found_fn found, void *ctx)
{
	_release_(receiver_freep) struct receiver *receiver = receiver_new(q->count, found, ctx);
	_release_(closep) int read_end = -1;
	int ends[2];
	pid_t parent = getpid();
	pid_t pid;

	if (!receiver)
		return -ENOMEM;
	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	read_end = ends[0];
	pid = fork();
	if (pid == 0)
		_exit(child_main(q, child, ends[1], parent));
	(void)close(ends[1]);
	if (pid < 0)
		return -EAGAIN;
	return end_child(pid, receive(receiver, read_end));
}

int symboliser_ask(const struct symboliser_question *question, symboliser_found_fn found, void *ctx)
{
	return symboliser_run(question, read_all, found, ctx);
}

const char *symboliser_reason(int err)
{
	switch (err) {
	case -EBADMSG:
		return "malformed debug information";
	case -E2BIG:
		return "too much debug information";
	case -ETIMEDOUT:
		return "the symboliser was ended: time";
	case -EFAULT:
		return "the symboliser crashed";
	case -EACCES:
		return "the symboliser was ended: it tried what it may not";
	case -EPERM:
		return "the symboliser could not be confined";
	case SYMBOLISER_NOT_ASKED:
		return "not read after the time that other files took";
	default:
		return "the symboliser had no memory or process";
	}
}
