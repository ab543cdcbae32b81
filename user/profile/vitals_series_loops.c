// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Families of loops. */
#include "profile/vitals_series.h"

#include <stdio.h>
#include <string.h>

static const struct series_info loops = { "vitals_loops", SERIES_GAUGE, "",
					  "Event loops that are there." };
static const struct series_info stuck = {
	"vitals_loop_stuck_seconds", SERIES_GAUGE, "seconds",
	"How long the longest stall that goes on now has lasted; 0: none does."
};
static const struct series_info iterations = { "vitals_loop_iteration_seconds", SERIES_HISTOGRAM,
					       "seconds", "Busy time of iterations." };
static const struct series_info iteration_time = {
	"vitals_loop_iteration_time_seconds_total", SERIES_COUNTER, "seconds",
	"Busy time in iterations no longer than bound: with their number it tells the lag that an "
	"arrival at a random moment meets."
};
static const struct series_info lateness = {
	"vitals_loop_timer_lateness_seconds", SERIES_HISTOGRAM, "seconds",
	"How late the loop was for its timers: waits that ended late, deadlines passed while busy."
};
static const struct series_info stalls = { "vitals_loop_stall_seconds", SERIES_HISTOGRAM, "seconds",
					   "Iterations at or above the threshold of stalls." };
static const struct series_info stall_count = { "vitals_loop_stalls_total", SERIES_COUNTER, "",
						"Stalls by what most of each was." };
static const struct series_info stall_time = { "vitals_loop_stall_cause_seconds_total",
					       SERIES_COUNTER, "seconds",
					       "Time in stalls by what most of each was." };

static const struct {
	struct series_info info;
	double scale;
} values[LOOP_VALUES] = {
	[LOOP_VALUE_ITERATIONS] = { { "vitals_loop_iterations_total", SERIES_COUNTER, "",
				      "Iterations of the loops." },
				    1 },
	[LOOP_VALUE_BUSY_NS] = { { "vitals_loop_busy_seconds_total", SERIES_COUNTER, "seconds",
				   "Time in which the loops could not take anything new." },
				 1e-9 },
	[LOOP_VALUE_POLL_NS] = { { "vitals_loop_poll_seconds_total", SERIES_COUNTER, "seconds",
				   "Time in which the loops waited for events, or asked for them." },
				 1e-9 },
	[LOOP_VALUE_OBSERVED_NS] = { { "vitals_loop_observed_seconds_total", SERIES_COUNTER,
				       "seconds", "Time for which the loops were observed." },
				     1e-9 },
};

struct labels {
	struct series_label at[3];
};

static struct labels labels_of(const struct vitals_group *g, const struct loop_sums *l,
			       const char *third, const char *value)
{
	return (struct labels){ { { "process", g->name }, { "loop", l->name }, { third, value } } };
}

static double bound_s(size_t bound)
{
	return (double)vitals_time_bounds_ns[bound] / 1e9;
}

/* From bound @first on. */
static void put_hist(struct series_writer *w, const struct labels *labels,
		     const struct time_hist *h, size_t first)
{
	double bounds[TIME_BOUNDS];
	uint64_t counts[TIME_BOUNDS], count = 0;
	struct series_histogram out = { .bounds = bounds + first,
					.counts = counts + first,
					.bound_count = TIME_BOUNDS - first };

	for (size_t i = 0; i < BINS; i++) {
		count += h->counts[i];
		out.sum += (double)h->sums_ns[i] / 1e9;
		if (i == TIME_BOUNDS)
			break;
		bounds[i] = bound_s(i);
		counts[i] = count;
	}
	out.count = count;
	if (!w->err)
		w->err = series_add_histogram(w->s, labels->at, 2, &out);
}

static void put_iteration_time(struct series_writer *w, const struct vitals_group *g,
			       const struct loop_sums *l)
{
	double sum_s = 0;

	put_family(w, &iteration_time);
	for (size_t i = 0; i < BINS; i++) {
		struct labels labels;
		char le[32] = "+Inf";

		if (i < TIME_BOUNDS)
			(void)snprintf(le, sizeof(le), "%g", bound_s(i));
		labels = labels_of(g, l, "bound", le);
		sum_s += (double)l->iterations.sums_ns[i] / 1e9;
		put_labelled(w, labels.at, 3, sum_s);
	}
}

static void put_stalls(struct series_writer *w, const struct vitals_group *g,
		       const struct loop_sums *l)
{
	struct labels labels = labels_of(g, l, NULL, NULL);

	put_family(w, &stalls);
	put_hist(w, &labels, &l->stalls, FIRST_STALL_BOUND);
	for (int cause = 0; cause < STALL_VERDICTS; cause++) {
		labels = labels_of(g, l, "cause", stall_verdict_names[cause]);
		put_family(w, &stall_count);
		put_labelled(w, labels.at, 3, (double)l->causes[cause]);
		put_family(w, &stall_time);
		put_labelled(w, labels.at, 3, (double)l->cause_ns[cause] / 1e9);
	}
}

/* What the loops of that name are now. */
static void put_now(struct series_writer *w, const struct vitals_group *g,
		    const struct loop_sums *l)
{
	const struct labels labels = labels_of(g, l, NULL, NULL);
	uint64_t stuck_ns = 0;
	size_t count = 0;

	for_each_process(p, w->v, g) for (size_t i = 0; i < p->loops.len; i++)
	{
		if (p->loops.at[i].sums != l)
			continue;
		count++;
		if (p->loops.at[i].stuck_ns > stuck_ns)
			stuck_ns = p->loops.at[i].stuck_ns;
	}
	put_family(w, &loops);
	put_labelled(w, labels.at, 2, (double)count);
	put_family(w, &stuck);
	put_labelled(w, labels.at, 2, (double)stuck_ns / 1e9);
}

static void put_loop(struct series_writer *w, const struct vitals_group *g,
		     const struct loop_sums *l)
{
	const struct labels labels = labels_of(g, l, NULL, NULL);

	put_now(w, g, l);
	for (size_t i = 0; i < LOOP_VALUES; i++) {
		put_family(w, &values[i].info);
		put_labelled(w, labels.at, 2, (double)l->values[i] * values[i].scale);
	}
	put_family(w, &iterations);
	put_hist(w, &labels, &l->iterations, 0);
	put_iteration_time(w, g, l);
	put_family(w, &lateness);
	put_hist(w, &labels, &l->lateness, 0);
	put_stalls(w, g, l);
}

void put_loop_figures(struct series_writer *w, const struct vitals_group *g)
{
	for (size_t i = 0; g->has_loops && i < g->loop_count; i++) {
		const struct loop_sums *l = g->loops[i];

		/* threads that only wait, as a runtime's helpers do, are no loops to anybody */
		if (l->values[LOOP_VALUE_ITERATIONS])
			put_loop(w, g, l);
	}
}
