// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profile/target_rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int target_rule_set_line(struct target_rule *r, const char *expression)
{
	int err = regcomp(&r->line, expression, REG_EXTENDED | REG_NOSUB);

	if (err)
		return err == REG_ESPACE ? -ENOMEM : -EINVAL;
	r->has_line = true;
	return 0;
}

static bool is_base_name(const char *path, const char *name)
{
	const char *slash = strrchr(path, '/');

	return strcmp(slash ? slash + 1 : path, name) == 0;
}

static bool has_name(const struct process_traits *t, const char *name)
{
	return strcmp(t->comm, name) == 0 || is_base_name(t->words, name) ||
	       is_base_name(t->words + strlen(t->words) + 1, name);
}

/* "/a" has "/a" and "/a/b", not "/ab"; "/" has all. */
static bool has_cgroup(const struct process_traits *t, const char *wanted)
{
	size_t len = strlen(wanted);

	while (len && wanted[len - 1] == '/')
		len--;
	for (size_t i = 0; i < t->cgroup_count; i++)
		if (strncmp(t->cgroups[i], wanted, len) == 0 &&
		    (t->cgroups[i][len] == 0 || t->cgroups[i][len] == '/'))
			return true;
	return false;
}

bool target_rule_matches(const struct target_rule *r, const struct process_traits *t)
{
	if (r->pid && r->pid != t->pid)
		return false;
	if (r->comm && !has_name(t, r->comm))
		return false;
	if (r->cgroup && !has_cgroup(t, r->cgroup))
		return false;
	return !r->has_line || regexec(&r->line, t->line, 0, NULL, 0) == 0;
}

void target_rule_done(struct target_rule *r)
{
	free(r->comm);
	free(r->cgroup);
	if (r->has_line)
		regfree(&r->line);
	*r = (struct target_rule){ 0 };
}
