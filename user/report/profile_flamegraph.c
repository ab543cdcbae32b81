// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Paths of the profile to the tree of a flame graph, and what stands around it. */
#include "report/profile_flamegraph.h"

#include "base/hash.h"
#include "base/scope.h"
#include "base/units.h"
#include "profile/flame.h"
#include "report/flamegraph.h"
#include "report/profile_paths.h"

#include <errno.h>
#include <string.h>

/* Of "wall", which is sampled in part, and of what was measured the time says more. */
static bool is_sampled(const struct profile_meta *m)
{
	return m->period_ns && strcmp(m->event, "wall") != 0;
}

static int fill(const struct profile *p, const struct profile_meta *m, struct flame *f)
{
	_release_(profile_paths_freep) struct profile_paths *paths = NULL;
	const struct profile_paths_options options = { .annotate = true };
	const char *names[PROFILE_PATH_MAX];
	int err = profile_paths_new(p, options, &paths);

	for (size_t i = 0; !err && i < profile_paths_count(paths); i++) {
		const struct profile_stack *s = profile_paths_at(paths, i)->stack;
		size_t len = profile_paths_names(paths, i, names);

		err = flame_add(f, names, len, is_sampled(m) ? s->count : s->weight);
	}
	return err ? err : flame_finish(f);
}

/* "cpu-clock at 99 Hz for 10.0 s, stacks complete: 99.8 %". */
static void describe(const struct profile_meta *m, char *buf, size_t size)
{
	char duration[UNITS_LEN];
	size_t len = (size_t)snprintf(buf, size, "%s", m->event);

	if (m->frequency_hz && len < size)
		len += (size_t)snprintf(buf + len, size - len, " at %ju Hz",
					(uintmax_t)m->frequency_hz);
	if (len < size)
		len += (size_t)snprintf(buf + len, size - len, " for %s",
					units_duration(m->duration_ns, duration));
	if (len < size && stack_counts_total(&m->stacks))
		len += (size_t)snprintf(buf + len, size - len, ", stacks complete: %.1f %%",
					stack_counts_complete_pct(&m->stacks));
	if (len < size && m->lost)
		(void)snprintf(buf + len, size - len, ", %ju lost", (uintmax_t)m->lost);
}

int profile_flamegraph(const struct profile *p, const struct profile_meta *m, const char *title,
		       FILE *out)
{
	_release_(flame_freep) struct flame *f = flame_new(hash_seed(p));
	char subtitle[160];
	struct flamegraph g = { .title = title ? title : m->title,
				.subtitle = subtitle,
				.notes = m->note,
				.count_name = is_sampled(m) ? "samples" : "ns",
				.palette = strcmp(m->event, "off-cpu") != 0 ? FLAMEGRAPH_KERNEL
									    : FLAMEGRAPH_IO };
	struct flamegraph_result result;
	int err = f ? fill(p, m, f) : -ENOMEM;

	if (err)
		return err;
	describe(m, subtitle, sizeof(subtitle));
	return flamegraph_svg(f, &g, out, &result);
}
