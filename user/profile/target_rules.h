/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which processes a watch is for, told by what can be seen of them. */
#ifndef PROFILE_TARGET_RULES_H
#define PROFILE_TARGET_RULES_H

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Of a process: what it chose itself is raw, to be compared and never shown. Borrowed. */
struct process_traits {
	pid_t pid;
	const char *comm;
	const char *words; /* its command line: at least two strings, each ended by a NUL */
	const char *line;  /* the same with blanks between the words */
	const char *const *cgroups; /* its paths, one for each hierarchy */
	size_t cgroup_count;
};

/* All that is set must be so. Zeroed at birth; strings are owned. */
struct target_rule {
	char *comm;    /* its name, or the base name of its first or second word ("server.js") */
	char *cgroup;  /* in it or below */
	pid_t pid;     /* 0: any */
	bool has_line; /* its command line has a match of the expression */
	regex_t line;
};

/* POSIX extended. 0, -EINVAL or -ENOMEM. */
int target_rule_set_line(struct target_rule *r, const char *expression);
bool target_rule_matches(const struct target_rule *r, const struct process_traits *t);
void target_rule_done(struct target_rule *r);

#endif
