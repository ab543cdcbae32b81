// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Finds the user behind sudo and takes that user's place, for file operations or for good. */
#include "host/identity.h"

#include "base/parse.h"
#include "base/scope.h"
#include "host/procfs.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <unistd.h>

/* (uid_t)-1 means "leave as it is" to the kernel: never an identity. */
#define IDENTITY_MAX_ID	   (UINT32_MAX - 1)

#define PROCESS_MAX_GROUPS 256

static bool environment_id(const char *variable, uint32_t *ret_id)
{
	const char *text = secure_getenv(variable);
	uint64_t id;

	if (!text || parse_u64(text, IDENTITY_MAX_ID, &id))
		return false;
	*ret_id = (uint32_t)id;
	return true;
}

/* The groups the user database gives @name; a user unknown to it has the one of sudo only. */
static int load_groups(struct identity *id)
{
	int count = 64, room;
	gid_t *groups = NULL, *grown;

	do {
		room = count;
		grown = reallocarray(groups, (size_t)room, sizeof(*groups));
		if (!grown) {
			free(groups);
			return -ENOMEM;
		}
		groups = grown;
		groups[0] = id->gid;
		count = id->name ? room : 1;
	} while (id->name && getgrouplist(id->name, id->gid, groups, &count) < 0 && count > room);

	id->groups = groups;
	id->group_count = (size_t)(count < room ? count : room);
	return 0;
}

int identity_of_operator(struct identity *ret_id)
{
	struct identity id = { .is_other = true };
	const struct passwd *entry;
	int err = 0;

	if (getuid() != 0 || !environment_id("SUDO_UID", &id.uid) ||
	    !environment_id("SUDO_GID", &id.gid) || id.uid == 0) {
		*ret_id = (struct identity){ 0 };
		return 0;
	}
	entry = getpwuid(id.uid);
	if (entry) {
		id.name = strdup(entry->pw_name);
		id.home = strdup(entry->pw_dir);
		if (!id.name || !id.home)
			err = -ENOMEM;
	}
	if (!err)
		err = load_groups(&id);
	if (err)
		identity_done(&id);
	else
		*ret_id = id;
	return err;
}

/* Numbers behind @key of /proc/PID/status, up to the end of the line, into @ids. How many. */
static size_t status_ids(const char *status, const char *key, uint32_t *ids, size_t most)
{
	const char *at = strstr(status, key);
	size_t len = 0;

	at = at ? at + strlen(key) : "";
	while (len < most && *(at += strspn(at, " \t")) != '\n' && *at) {
		size_t digits = strcspn(at, " \t\n");
		char number[16];
		uint64_t id;

		(void)snprintf(number, sizeof(number), "%.*s", (int)digits, at);
		if (digits >= sizeof(number) || parse_u64(number, IDENTITY_MAX_ID, &id))
			break;
		ids[len++] = (uint32_t)id;
		at += digits;
	}
	return len;
}

int identity_of_process(pid_t pid, struct identity *ret_id)
{
	enum { REAL, EFFECTIVE, IDS };
	uint32_t uids[IDS], gids[IDS], groups[PROCESS_MAX_GROUPS];
	_release_(closep) int fd = procfs_open(pid, "status");
	_release_(freep) char *status = NULL;
	struct identity id = { 0 };
	size_t len;
	int err = fd < 0 ? fd : procfs_read(fd, PROCFS_MAX_FILE, &status, &len);

	if (err)
		return err;
	if (status_ids(status, "\nUid:", uids, IDS) < IDS ||
	    status_ids(status, "\nGid:", gids, IDS) < IDS)
		return -EBADMSG;
	id = (struct identity){ .is_other = uids[EFFECTIVE] != geteuid(),
				.uid = uids[EFFECTIVE],
				.gid = gids[EFFECTIVE] };
	id.group_count = status_ids(status, "\nGroups:", groups, PROCESS_MAX_GROUPS);
	id.groups = calloc(id.group_count + 1, sizeof(*id.groups));
	if (!id.groups)
		return -ENOMEM;
	memcpy(id.groups, groups, id.group_count * sizeof(*groups));
	*ret_id = id;
	return 0;
}

void identity_done(struct identity *id)
{
	if (!id)
		return;
	free(id->groups);
	free(id->name);
	free(id->home);
	*id = (struct identity){ 0 };
}

static int save_groups(struct identity_saved *saved)
{
	int count = getgroups(0, NULL);

	if (count < 0)
		return -errno;
	saved->groups = calloc((size_t)count + 1, sizeof(*saved->groups));
	if (!saved->groups)
		return -ENOMEM;
	count = getgroups(count, saved->groups);
	if (count < 0) {
		int err = -errno;

		free(saved->groups);
		return err;
	}
	saved->group_count = (size_t)count;
	return 0;
}

int identity_enter_fs(const struct identity *id, struct identity_saved *ret_saved)
{
	struct identity_saved saved = { 0 };
	int err;

	if (!id->is_other) {
		*ret_saved = saved;
		return 0;
	}
	err = save_groups(&saved);
	if (err)
		return err;
	if (setgroups(id->group_count, id->groups)) {
		err = -errno;
		free(saved.groups);
		return err;
	}
	saved.fsgid = (gid_t)setfsgid(id->gid);
	saved.fsuid = (uid_t)setfsuid(id->uid);
	/* These two report no failure: they give the previous id, so ask again. */
	if ((gid_t)setfsgid((gid_t)-1) != id->gid || (uid_t)setfsuid((uid_t)-1) != id->uid) {
		identity_leave_fs(id, &saved);
		return -EPERM;
	}
	*ret_saved = saved;
	return 0;
}

void identity_leave_fs(const struct identity *id, struct identity_saved *saved)
{
	bool is_back;

	if (!id->is_other)
		return;
	(void)setfsuid(saved->fsuid); /* the previous id, checked below */
	(void)setfsgid(saved->fsgid);
	is_back = (uid_t)setfsuid((uid_t)-1) == saved->fsuid &&
		  (gid_t)setfsgid((gid_t)-1) == saved->fsgid &&
		  setgroups(saved->group_count, saved->groups) == 0;
	free(saved->groups);
	saved->groups = NULL;
	if (!is_back)
		abort(); /* going on with the wrong identity would be worse */
}

static int set_environment(const struct identity *id)
{
	bool is_named = id->name && id->home;

	if (setenv("HOME", is_named ? id->home : "/", 1))
		return -errno;
	if (!is_named)
		return unsetenv("USER") || unsetenv("LOGNAME") ? -errno : 0;
	return setenv("USER", id->name, 1) || setenv("LOGNAME", id->name, 1) ? -errno : 0;
}

int identity_become(const struct identity *id)
{
	if (!id->is_other)
		return 0;
	if (setgroups(id->group_count, id->groups) || setresgid(id->gid, id->gid, id->gid) ||
	    setresuid(id->uid, id->uid, id->uid))
		return -errno;
	return set_environment(id);
}
