// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Restart, write, flush; and a reader that has left. */
#include "host/report_out.h"

#include "host/log.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

static bool is_reader_gone(const char *path)
{
	struct pollfd out = { .fd = STDOUT_FILENO };

	if (path && strcmp(path, "-") != 0)
		return false;
	return poll(&out, 1, 0) > 0 && (out.revents & POLLERR);
}

int report_out_open(const struct cli_common *c, struct outfile **ret_out)
{
	int err = outfile_open(c->output, c->force, ret_out);

	if (!err)
		return EXIT_DONE;
	(void)log_errno(err, "cannot write %s", c->output ? c->output : "to standard output");
	return EXIT_FAILED;
}

int report_out(struct outfile *out, const char *path, int (*write)(void *ctx, FILE *out), void *ctx)
{
	int err = outfile_restart(out);

	errno = 0;
	if (!err)
		err = write(ctx, outfile_stream(out));
	if (err == -EIO && errno) /* it knows only that it failed */
		err = -errno;
	if (!err && fflush(outfile_stream(out)))
		err = -errno;
	return err && is_reader_gone(path) ? 1 : err;
}

FILE *report_lines_to(const struct cli_common *c, bool is_text)
{
	return is_text && !c->output ? stdout : stderr;
}

int report_lines_status(int err)
{
	return err == -EIO ? 1 : err;
}
