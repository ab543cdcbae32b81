/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The user who called sudo: whose files we write (rule S10) and as whom we start commands (rule
 * S28).
 */
#ifndef HOST_IDENTITY_H
#define HOST_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct identity {
	bool is_other; /* false: the caller is the operator already, all below is empty */
	uid_t uid;
	gid_t gid;
	gid_t *groups; /* supplementary groups, @gid among them */
	size_t group_count;
	char *name; /* login name, NULL when the user has no passwd entry */
	char *home; /* home directory, NULL likewise */
};

/*
 * From SUDO_UID and SUDO_GID, when our real uid is 0 and both are numbers; otherwise, and when the
 * sudo user is root, is_other is false. 0 or -ENOMEM. End with identity_done.
 */
int identity_of_operator(struct identity *ret_id);
/*
 * Of process @pid: its effective ids and its groups; is_other is false when they are this process's
 * user. 0, -ESRCH or another errno. End with identity_done.
 */
int identity_of_process(pid_t pid, struct identity *ret_id);
void identity_done(struct identity *id);

/* What identity_enter_fs replaced. */
struct identity_saved {
	uid_t fsuid;
	gid_t fsgid;
	gid_t *groups;
	size_t group_count;
};

/*
 * From here to identity_leave_fs file operations are checked, and files are owned, as @id (nothing
 * happens when it is not another). 0 or -errno (then nothing is changed).
 */
int identity_enter_fs(const struct identity *id, struct identity_saved *ret_saved);
void identity_leave_fs(const struct identity *id, struct identity_saved *saved);

/* Becomes @id for good: groups, gid, uid (all three of each) and HOME, USER, LOGNAME. 0 or -errno.
 */
int identity_become(const struct identity *id);

#endif
