// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A FIFO in the place of a file must not hold us, nor a file that grows fill the memory. */
#include "host/config_file.h"

#include "base/scope.h"
#include "host/fd.h"
#include "host/log.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

int config_file_read(int dir_fd, const char *path, struct config_text *ret_text)
{
	_release_(closep) int fd =
		openat(dir_fd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	_release_(freep) char *text = NULL;
	struct stat st;
	ssize_t len;

	if (fd < 0 || fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if (st.st_size > (off_t)CONFIG_FILE_BYTES_MAX)
		return -EFBIG;
	text = malloc((size_t)st.st_size + 1);
	if (!text)
		return -ENOMEM;
	len = fd_read_at(fd, 0, text, (size_t)st.st_size);
	if (len < 0)
		return (int)len;
	text[len] = '\0';
	*ret_text = (struct config_text){ text, (size_t)len, st.st_mode & 0777 };
	text = NULL;
	return 0;
}

void config_text_done(struct config_text *text)
{
	free(text->at);
	*text = (struct config_text){ 0 };
}

int config_file_refuse(const char *path, const struct yaml_fault *fault)
{
	if (fault->line)
		log_error("%s:%u: %s", path, fault->line, fault->text);
	else
		log_error("%s: %s", path, fault->text);
	return -EINVAL;
}

int config_file_read_yaml(const char *path, struct yaml_tree **ret_tree)
{
	_release_(config_text_done) struct config_text text = { 0 };
	struct yaml_fault fault = { 0 };
	struct bytes file;
	int err = config_file_read(AT_FDCWD, path, &text);

	if (err == -EINVAL) {
		log_error("cannot read %s: not a regular file", path);
		return err;
	}
	if (err)
		return log_errno(err, "cannot read %s", path);
	file = (struct bytes){ (const uint8_t *)text.at, text.len };
	err = yaml_tree_read(&file, ret_tree, &fault);
	if (err == -EBADMSG)
		return config_file_refuse(path, &fault);
	return err ? log_errno(err, "cannot read %s", path) : 0;
}
