/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Open files of a task, by descriptor. */
#ifndef LIB_OPEN_FILE_BPF_H
#define LIB_OPEN_FILE_BPF_H

#include "lib/prelude.bpf.h"

/* The open file behind descriptor @fd of @task, NULL: none. An identity: two that are open differ.
 */
static __always_inline struct file *open_file_of(struct task_struct *task, __u64 fd)
{
	struct fdtable *table = task->files->fdt;
	struct file *file = NULL;

	if (fd >= table->max_fds || bpf_probe_read_kernel(&file, sizeof(file), table->fd + fd))
		return NULL;
	return file;
}

/* The last name of its path; "" for sockets and pipes, which have none. */
static __always_inline void open_file_name(struct file *file, char *buf, __u32 size)
{
	const unsigned char *name = BPF_CORE_READ(file, f_path.dentry, d_name.name);

	if (bpf_probe_read_kernel_str(buf, size, name) < 0)
		buf[0] = 0;
}

#endif
