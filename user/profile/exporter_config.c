// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* From the tree of the file to values, key by key. */
#include "profile/exporter_config.h"

#include "base/parse.h"
#include "base/vec.h"
#include "profile/series.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MS		     1000000ull
#define S		     1000000000ull

#define DEFAULT_LISTEN	     "127.0.0.1:9435"
#define DEFAULT_INTERVAL_NS  (5 * S)
#define DEFAULT_BUDGET	     0.02
#define DEFAULT_MAX_TARGETS  64
#define DEFAULT_THRESHOLD_NS (20 * MS)

#define LISTEN_MAX	     256

/* --- values ----------------------------------------------------------------------------------- */

/* Reads the value of a key that is to be a text that is not empty. */
static int take_text(const struct yaml_value *v, char **to, struct yaml_fault *fault)
{
	const char *text;
	char *copy;
	int err = yaml_value_text(v, &text, fault);

	if (err)
		return err;
	if (!*text)
		return yaml_value_refuse(v, fault, "is empty");
	copy = strdup(text);
	if (!copy)
		return -ENOMEM;
	free(*to);
	*to = copy;
	return 0;
}

static int take_u32(const struct yaml_value *v, const struct yaml_range *range, uint32_t *to,
		    struct yaml_fault *fault)
{
	uint64_t value;
	int err = yaml_value_u64(v, range, &value, fault);

	if (!err)
		*to = (uint32_t)value;
	return err;
}

/* "2%": of one CPU. */
static int take_share(const struct yaml_value *v, double *to, struct yaml_fault *fault)
{
	static const char allowed[] = "not a share of one CPU from 0.1% to 100%";
	char number[16];
	const char *text;
	double pct;
	size_t len;
	int err = yaml_value_text(v, &text, fault);

	if (err)
		return err;
	len = strlen(text);
	if (len < 2 || len > sizeof(number) || text[len - 1] != '%')
		return yaml_value_refuse(v, fault, "%s", allowed);
	memcpy(number, text, len - 1);
	number[len - 1] = 0;
	if (parse_decimal(number, &pct) || pct < 0.1 || pct > 100)
		return yaml_value_refuse(v, fault, "%s", allowed);
	*to = pct / 100;
	return 0;
}

/* --- a target --------------------------------------------------------------------------------- */

static int read_name(const struct yaml_value *v, void *ctx, struct yaml_fault *fault)
{
	struct exporter_target *t = ctx;

	return take_text(v, &t->name, fault);
}

static int read_comm(const struct yaml_value *v, void *ctx, struct yaml_fault *fault)
{
	struct exporter_target *t = ctx;

	return take_text(v, &t->rule.comm, fault);
}

static int read_cgroup(const struct yaml_value *v, void *ctx, struct yaml_fault *fault)
{
	struct exporter_target *t = ctx;
	int err = take_text(v, &t->rule.cgroup, fault);

	if (!err && t->rule.cgroup[0] != '/')
		return yaml_value_refuse(v, fault, "not a path of a cgroup, from / on");
	return err;
}

static int read_cmdline(const struct yaml_value *v, void *ctx, struct yaml_fault *fault)
{
	struct exporter_target *t = ctx;
	const char *text;
	int err = yaml_value_text(v, &text, fault);

	if (err)
		return err;
	err = *text ? target_rule_set_line(&t->rule, text) : -EINVAL;
	if (err == -EINVAL)
		return yaml_value_refuse(v, fault, "not a POSIX extended regular expression");
	return err;
}

static int read_pid(const struct yaml_value *v, void *ctx, struct yaml_fault *fault)
{
	static const struct yaml_range range = { 1, 4194304, "a process id from 1 to 4194304" };
	struct exporter_target *t = ctx;
	uint64_t pid;
	int err = yaml_value_u64(v, &range, &pid, fault);

	if (!err)
		t->rule.pid = (pid_t)pid;
	return err;
}

static int read_threshold(const struct yaml_value *v, void *ctx, struct yaml_fault *fault)
{
	static const struct yaml_range range = { MS, 60 * S, "a duration from 1ms to 60s (20ms)" };
	struct exporter_target *t = ctx;

	return yaml_value_duration(v, &range, &t->stall_threshold_ns, fault);
}

static int read_collected(const struct yaml_value *v, void *ctx, struct yaml_fault *fault)
{
	static const char *const words[] = { "loop", "gc", "memory", "alloc" };
	struct exporter_target *t = ctx;
	const char *text;
	int err = yaml_value_text(v, &text, fault);
	int word;

	if (err)
		return err;
	word = parse_word(text, words, sizeof(words) / sizeof(*words));
	if (word < 0)
		return yaml_value_refuse(v, fault, "not one of loop, gc, memory, alloc");
	t->collect |= 1u << word;
	return 0;
}

static int read_collect(const struct yaml_value *v, void *ctx, struct yaml_fault *fault)
{
	struct exporter_target *t = ctx;

	t->collect = 0;
	return yaml_value_read_list(v, read_collected, t, fault);
}

static const struct yaml_field target_fields[] = {
	{ "name", read_name },	     { "comm", read_comm }, { "cmdline", read_cmdline },
	{ "cgroup", read_cgroup },   { "pid", read_pid },   { "stall_threshold", read_threshold },
	{ "collect", read_collect },
};

static void target_done(struct exporter_target *t)
{
	free(t->name);
	target_rule_done(&t->rule);
}

static struct exporter_target *add_target(struct exporter_config *c)
{
	struct exporter_target *t = vec_push(&c->targets);

	if (t)
		*t = (struct exporter_target){ .stall_threshold_ns = DEFAULT_THRESHOLD_NS,
					       .collect = COLLECT_DEFAULT };
	return t;
}

static bool is_for_any(const struct target_rule *r)
{
	return !r->comm && !r->cgroup && !r->pid && !r->has_line;
}

static int read_target(const struct yaml_value *v, void *ctx, struct yaml_fault *fault)
{
	struct exporter_config *c = ctx;
	struct exporter_target *t = add_target(c);
	int err;

	if (!t)
		return -ENOMEM;
	err = yaml_value_read_map(v, target_fields, sizeof(target_fields) / sizeof(*target_fields),
				  t, fault);
	if (!err && is_for_any(&t->rule))
		return yaml_value_refuse(v, fault, "a target needs comm, cmdline, cgroup or pid");
	return err;
}

/* --- the file --------------------------------------------------------------------------------- */

static int read_listen(const struct yaml_value *v, void *ctx, struct yaml_fault *fault)
{
	struct exporter_config *c = ctx;
	int err = take_text(v, &c->listen, fault);

	if (!err && (strlen(c->listen) > LISTEN_MAX || !strchr(c->listen, ':')))
		return yaml_value_refuse(v, fault, "not ADDRESS:PORT (127.0.0.1:9435, [::1]:9435)");
	return err;
}

static int read_web_config(const struct yaml_value *v, void *ctx, struct yaml_fault *fault)
{
	struct exporter_config *c = ctx;

	return take_text(v, &c->web_config, fault);
}

static int read_interval(const struct yaml_value *v, void *ctx, struct yaml_fault *fault)
{
	static const struct yaml_range range = { S, 300 * S, "a duration from 1s to 5m (10s, 1m)" };
	struct exporter_config *c = ctx;

	return yaml_value_duration(v, &range, &c->interval_ns, fault);
}

static int read_budget(const struct yaml_value *v, void *ctx, struct yaml_fault *fault)
{
	struct exporter_config *c = ctx;

	return take_share(v, &c->cpu_budget, fault);
}

static int read_max_targets(const struct yaml_value *v, void *ctx, struct yaml_fault *fault)
{
	static const struct yaml_range range = { 1, EXPORTER_TARGETS_MAX,
						 "a number from 1 to 256" };
	struct exporter_config *c = ctx;

	return take_u32(v, &range, &c->max_targets, fault);
}

static int read_max_series(const struct yaml_value *v, void *ctx, struct yaml_fault *fault)
{
	static const struct yaml_range range = { 100, 1000000, "a number from 100 to 1000000" };
	struct exporter_config *c = ctx;

	return take_u32(v, &range, &c->max_series, fault);
}

static int read_split(const struct yaml_value *v, void *ctx, struct yaml_fault *fault)
{
	struct exporter_config *c = ctx;

	return yaml_value_bool(v, &c->has_split, fault);
}

static int read_targets(const struct yaml_value *v, void *ctx, struct yaml_fault *fault)
{
	return yaml_value_read_list(v, read_target, ctx, fault);
}

static const struct yaml_field fields[] = {
	{ "listen", read_listen },
	{ "web_config", read_web_config },
	{ "interval", read_interval },
	{ "cpu_budget", read_budget },
	{ "max_targets", read_max_targets },
	{ "max_series", read_max_series },
	{ "split", read_split },
	{ "targets", read_targets },
};

int exporter_config_init(struct exporter_config *c)
{
	*c = (struct exporter_config){
		.listen = strdup(DEFAULT_LISTEN),
		.interval_ns = DEFAULT_INTERVAL_NS,
		.cpu_budget = DEFAULT_BUDGET,
		.max_targets = DEFAULT_MAX_TARGETS,
		.max_series = SERIES_MAX_DEFAULT,
	};
	return c->listen ? 0 : -ENOMEM;
}

void exporter_config_done(struct exporter_config *c)
{
	for (size_t i = 0; i < c->targets.len; i++)
		target_done(&c->targets.at[i]);
	free(c->targets.at);
	free(c->listen);
	free(c->web_config);
	*c = (struct exporter_config){ 0 };
}

int exporter_config_read(struct exporter_config *c, const struct yaml_value *root,
			 struct yaml_fault *ret_fault)
{
	return yaml_value_read_map(root, fields, sizeof(fields) / sizeof(*fields), c, ret_fault);
}

int exporter_config_add(struct exporter_config *c, const char *name, pid_t pid)
{
	struct exporter_target *t = add_target(c);

	if (!t)
		return -ENOMEM;
	t->rule.pid = pid;
	t->rule.comm = name ? strdup(name) : NULL;
	t->name = name ? strdup(name) : NULL;
	return name && (!t->rule.comm || !t->name) ? -ENOMEM : 0;
}

uint64_t exporter_config_threshold_ns(const struct exporter_config *c)
{
	uint64_t least_ns = c->targets.len ? UINT64_MAX : DEFAULT_THRESHOLD_NS;

	for (size_t i = 0; i < c->targets.len; i++)
		if (c->targets.at[i].stall_threshold_ns < least_ns)
			least_ns = c->targets.at[i].stall_threshold_ns;
	return least_ns;
}

bool exporter_config_collects(const struct exporter_config *c, enum exporter_collect what)
{
	for (size_t i = 0; i < c->targets.len; i++)
		if (c->targets.at[i].collect & what)
			return true;
	return false;
}
