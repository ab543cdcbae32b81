/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Configuration files: read whole, and refused in one form (base/yaml.h). */
#ifndef HOST_CONFIG_FILE_H
#define HOST_CONFIG_FILE_H

#include "base/yaml.h"

#define CONFIG_FILE_BYTES_MAX (256u << 10)

struct config_text {
	char *at; /* with a NUL behind it */
	size_t len;
	unsigned int mode; /* of the file, 0777 */
};

/*
 * The whole of the regular file @path, or @path below the folder @dir_fd (AT_FDCWD: ours). 0;
 * -EINVAL: it is no regular file; -EFBIG: larger than CONFIG_FILE_BYTES_MAX; or another -errno.
 */
int config_file_read(int dir_fd, const char *path, struct config_text *ret_text);
void config_text_done(struct config_text *text);

/* The tree of the YAML file @path. 0, or -EINVAL (what is wrong was told) or another -errno (told).
 */
int config_file_read_yaml(const char *path, struct yaml_tree **ret_tree);

/* "PATH:LINE: TEXT" as an error; -EINVAL. */
int config_file_refuse(const char *path, const struct yaml_fault *fault);

#endif
