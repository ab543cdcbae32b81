/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What vitals-exporter is to do: its file, and what its command line adds. */
#ifndef PROFILE_EXPORTER_CONFIG_H
#define PROFILE_EXPORTER_CONFIG_H

#include "base/yaml.h"
#include "profile/target_rules.h"

#define EXPORTER_TARGETS_MAX 256 /* that may be watched at a time */

/* What is collected of a target, bits. */
enum exporter_collect {
	COLLECT_LOOP = 1,
	COLLECT_GC = 2,
	COLLECT_MEMORY = 4,
	COLLECT_ALLOC = 8, /* outstanding blocks of malloc: a probe on each call */
};
#define COLLECT_DEFAULT (COLLECT_LOOP | COLLECT_GC | COLLECT_MEMORY)

struct exporter_target {
	char *name; /* of its group; NULL: each process' own */
	struct target_rule rule;
	uint64_t stall_threshold_ns;
	unsigned int collect;
};

/* Strings are owned. */
struct exporter_config {
	char *listen;	  /* ADDRESS:PORT */
	char *web_config; /* path, NULL: none */
	uint64_t interval_ns;
	double cpu_budget; /* share of one CPU, for each process that is watched */
	uint32_t max_targets, max_series;
	bool has_split; /* switches of all threads of the machine are traced: finer causes */
	struct {
		struct exporter_target *at;
		size_t len, cap;
	} targets;
};

/* The defaults, without targets. 0 or -ENOMEM. */
int exporter_config_init(struct exporter_config *c);
void exporter_config_done(struct exporter_config *c);

/* What the file's tree says over what @c has. 0; -EBADMSG: @ret_fault says why; -ENOMEM. */
int exporter_config_read(struct exporter_config *c, const struct yaml_value *root,
			 struct yaml_fault *ret_fault);

/* A target by name (NULL: none) or PID (0: none), as on the command line. 0 or -ENOMEM. */
int exporter_config_add(struct exporter_config *c, const char *name, pid_t pid);

/* Shortest of the thresholds of all targets. */
uint64_t exporter_config_threshold_ns(const struct exporter_config *c);
/* Is it collected of any target? */
bool exporter_config_collects(const struct exporter_config *c, enum exporter_collect what);

#endif
