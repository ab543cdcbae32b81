/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What an exporter shows at one moment: families of metrics in the order in which they were begun,
 * each with its samples. Between what was measured and how it is written
 * (report/exposition.h).
 *
 * Names (of metrics and labels), units and help are ours: constants that outlive it, help without
 * quote, backslash or newline. The values of labels come from targets: they are cleaned to
 * printable UTF-8 (base/text.h) and copied. Two samples of a family must differ in their labels
 * after that cleaning: key by cleaned names.
 */
#ifndef PROFILE_SERIES_H
#define PROFILE_SERIES_H

#include <stddef.h>
#include <stdint.h>

#define SERIES_MAX_DEFAULT 2000

enum series_type { SERIES_GAUGE, SERIES_COUNTER, SERIES_HISTOGRAM };

struct series_info {
	const char
		*name; /* the whole of it: vitals_loop_busy_seconds_total; counters end in _total */
	enum series_type type;
	const char *unit; /* "seconds", "bytes", ..., which the name then ends in (before _total);
			   * NULL or "": none */
	const char *help;
};

struct series_label {
	const char *name, *value;
};

struct series_histogram {
	const double *bounds;	/* rising, finite, without +Inf */
	const uint64_t *counts; /* of each bound: what is not above it; so they never fall */
	size_t bound_count;
	double sum;
	uint64_t count; /* of all */
};

struct series_sample {
	const struct series_label *labels;
	size_t label_count;
	double value;			   /* of a gauge or counter */
	struct series_histogram histogram; /* of a histogram */
};

struct series_family {
	struct series_info info;
	struct series_sample *at;
	size_t len, cap;
};

struct series;

/* @max_samples: time series it takes; a histogram is its bounds and three more. NULL: no memory. */
struct series *series_new(size_t max_samples);
void series_free(struct series *s);
void series_freep(struct series **s);

/*
 * Begins a family, or goes on with one of this name that was begun before: what is added next is
 * its. 0 or -ENOMEM.
 */
int series_family(struct series *s, const struct series_info *info);

/*
 * A sample of the family begun last. 0, or -ENOMEM (then it is not there, and @s as before). One
 * that passes the limit is left out and counted, which is no error: what matters most comes first,
 * and the count itself (of earlier rounds) before all.
 */
int series_add(struct series *s, const struct series_label *labels, size_t label_count,
	       double value);
int series_add_histogram(struct series *s, const struct series_label *labels, size_t label_count,
			 const struct series_histogram *h);

/* Time series that were left out. */
uint64_t series_dropped(const struct series *s);

/* Those that are there. */
size_t series_count(const struct series *s);

/* The families in their order; NULL from the last one on. */
const struct series_family *series_family_at(const struct series *s, size_t index);

#endif
