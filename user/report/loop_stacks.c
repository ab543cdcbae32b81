// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Stalled time by stack, in the formats that profiles have. */
#include "base/scope.h"
#include "base/units.h"
#include "report/loop_report.h"
#include "report/profile_flamegraph.h"
#include "report/profile_report.h"

int loop_report_folded(const struct loops *l, FILE *out)
{
	_release_(profile_freep) struct profile *p = NULL;
	int err = loops_profile(l, &p);

	return err ? err : profile_folded(p, true, PROFILE_WEIGHTS, out);
}

int loop_report_svg(const struct loops *l, const char *title, FILE *out)
{
	_release_(profile_freep) struct profile *p = NULL;
	int err = loops_profile(l, &p);
	char threshold[UNITS_LEN], event[UNITS_LEN + 32];
	struct profile_meta meta = {
		.version = l->meta.version,
		.event = event,
		.title = l->meta.title,
		.time_ns = l->meta.time_ns,
		.duration_ns = l->meta.duration_ns,
		.lost = l->meta.lost_events,
		.is_complete = l->meta.is_complete,
		.note = l->meta.note,
		.stacks = l->meta.stacks,
	};

	if (err)
		return err;
	(void)snprintf(event, sizeof(event), "stalls of %s or more",
		       units_duration(l->meta.threshold_ns, threshold));
	return profile_flamegraph(p, &meta, title, out);
}
