// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* All samples as a table: an empty field is not known. */
#include "report/label.h"
#include "report/memory_report.h"

#include <errno.h>
#include <inttypes.h>

static void put_head(FILE *out)
{
	(void)fputs("time,pid,process", out);
	for (int f = 0; f < MEMORY_FIGURES; f++)
		(void)fprintf(out, ",%s_bytes", memory_figures[f].name);
	(void)fputs(",threads,mappings,minor_faults_total,major_faults_total,took_s\n", out);
}

/* RFC 4180: in quotes, and a quote is two. */
static void put_quoted(const char *text, FILE *out)
{
	(void)fputc('"', out);
	for (; *text; text++) {
		if (*text == '"')
			(void)fputc('"', out);
		(void)fputc(*text, out);
	}
	(void)fputc('"', out);
}

static void put_sample(const struct memory_process *p, const struct memory_sample *s, FILE *out)
{
	char time[LABEL_TIME_LEN];

	(void)fprintf(out, "%s,%d,", label_time_ms(s->time_ns, time), p->pid);
	put_quoted(p->name, out);
	for (enum memory_figure f = 0; f < MEMORY_FIGURES; f++)
		if (memory_is_known(s, f))
			(void)fprintf(out, ",%" PRIu64, s->bytes[f]);
		else
			(void)fputc(',', out);
	(void)fprintf(out, ",%u,%u,%" PRIu64 ",%" PRIu64 ",%.6f\n", s->threads, s->mappings,
		      s->minor_faults, s->major_faults, (double)s->took_ns / 1e9);
}

int memory_report_csv(const struct memory *m, FILE *out)
{
	put_head(out);
	for (size_t i = 0; i < m->process_count; i++)
		for (size_t k = 0; k < m->processes[i]->sample_count; k++)
			put_sample(m->processes[i], &m->processes[i]->samples[k], out);
	return fflush(out) || ferror(out) ? -EIO : 0;
}
