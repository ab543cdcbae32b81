// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Both formats by one way: they differ in what stands before a family and in the last line. */
#include "report/exposition.h"

#include "report/prometheus.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#define TOTAL	  "_total"
#define TOTAL_LEN (sizeof(TOTAL) - 1)

const char *const exposition_types[EXPOSITION_FORMATS] = {
	[EXPOSITION_TEXT] = "text/plain; version=0.0.4; charset=utf-8",
	[EXPOSITION_OPENMETRICS] = "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

static const char *const type_names[] = {
	[SERIES_GAUGE] = "gauge",
	[SERIES_COUNTER] = "counter",
	[SERIES_HISTOGRAM] = "histogram",
};

/* In OpenMetrics a counter's family is named without what its samples end in. */
static void write_head(const struct series_info *info, enum exposition_format format, FILE *out)
{
	size_t len = strlen(info->name);
	char name[128];

	if (format == EXPOSITION_OPENMETRICS && info->type == SERIES_COUNTER && len > TOTAL_LEN &&
	    strcmp(info->name + len - TOTAL_LEN, TOTAL) == 0)
		len -= TOTAL_LEN;
	(void)snprintf(name, sizeof(name), "%.*s", (int)len, info->name);
	prometheus_family(out, name, type_names[info->type], info->help);
	if (format == EXPOSITION_OPENMETRICS && info->unit && *info->unit)
		(void)fprintf(out, "# UNIT %s %s\n", name, info->unit);
}

/* The shortest text that every reader takes for the same number. */
static void write_number(double value, FILE *out)
{
	if (isnan(value))
		(void)fputs("NaN", out);
	else if (isinf(value))
		(void)fputs(value > 0 ? "+Inf" : "-Inf", out);
	else if (fabs(value) < 1e15 && trunc(value) == value)
		(void)fprintf(out, "%" PRId64, (int64_t)value);
	else
		(void)fprintf(out, "%.15g", value);
}

/* NAME and SUFFIX, the labels, and @le unless it is NULL, up to the value. */
static void write_sample(const char *name, const char *suffix, const struct series_sample *sample,
			 const char *le, FILE *out)
{
	char before = '{';

	(void)fprintf(out, "%s%s", name, suffix);
	for (size_t i = 0; i < sample->label_count; i++) {
		(void)fprintf(out, "%c%s=\"", before, sample->labels[i].name);
		prometheus_value(sample->labels[i].value, out);
		(void)fputc('"', out);
		before = ',';
	}
	if (le)
		(void)fprintf(out, "%cle=\"%s\"", before, le);
	(void)fputs(le || before == ',' ? "} " : " ", out);
}

static void write_histogram(const char *name, const struct series_sample *sample, FILE *out)
{
	const struct series_histogram *h = &sample->histogram;

	for (size_t i = 0; i < h->bound_count; i++) {
		char le[32];

		(void)snprintf(le, sizeof(le), "%.15g", h->bounds[i]);
		if (le[strspn(le, "-0123456789")] == '\0')
			(void)snprintf(le, sizeof(le), "%.1f", h->bounds[i]);
		write_sample(name, "_bucket", sample, le, out);
		(void)fprintf(out, "%" PRIu64 "\n", h->counts[i]);
	}
	write_sample(name, "_bucket", sample, "+Inf", out);
	(void)fprintf(out, "%" PRIu64 "\n", h->count);
	write_sample(name, "_sum", sample, NULL, out);
	write_number(h->sum, out);
	(void)fputc('\n', out);
	write_sample(name, "_count", sample, NULL, out);
	(void)fprintf(out, "%" PRIu64 "\n", h->count);
}

static void write_family(const struct series_family *f, FILE *out)
{
	for (size_t i = 0; i < f->len; i++) {
		if (f->info.type == SERIES_HISTOGRAM) {
			write_histogram(f->info.name, &f->at[i], out);
			continue;
		}
		write_sample(f->info.name, "", &f->at[i], NULL, out);
		write_number(f->at[i].value, out);
		(void)fputc('\n', out);
	}
}

int exposition_write_families(const struct series *s, enum exposition_format format, FILE *out)
{
	const struct series_family *f;

	for (size_t i = 0; (f = series_family_at(s, i)); i++) {
		if (f->len == 0)
			continue;
		write_head(&f->info, format, out);
		write_family(f, out);
	}
	return fflush(out) || ferror(out) ? -EIO : 0;
}

int exposition_write(const struct series *s, enum exposition_format format, FILE *out)
{
	int err = exposition_write_families(s, format, out);

	if (!err && format == EXPOSITION_OPENMETRICS)
		(void)fputs(EXPOSITION_EOF, out);
	return err || fflush(out) || ferror(out) ? -EIO : 0;
}
