// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* pprof's profile: what the values are, the samples, what they refer to, the texts. */
#include "base/scope.h"
#include "report/pprof_tables.h"
#include "report/profile_report.h"

#include <errno.h>
#include <string.h>

#define LABELS_MAX  7
#define COMMENT_LEN 1200

struct writer {
	const struct profile *profile;
	const struct profile_meta *meta;
	struct pprof_tables tables;
	struct pprof_stream out;
};

static void writer_done(struct writer *w)
{
	pprof_tables_done(&w->tables);
	pprof_stream_done(&w->out);
}

/* The format's numbers have a sign. */
static int64_t signed_of(uint64_t value)
{
	return value > INT64_MAX ? INT64_MAX : (int64_t)value;
}

static int put_text(struct writer *w, const char *text, int64_t *ret_index)
{
	uint32_t id;

	if (strings_add(&w->tables.texts, text, &id))
		return -ENOMEM;
	*ret_index = id;
	return 0;
}

/* --- samples ---------------------------------------------------------------------------------- */

struct labels {
	Pprof__Label message[LABELS_MAX], *at[LABELS_MAX];
	size_t len;
};

static int add_label(struct writer *w, struct labels *labels, const char *key, const char *text)
{
	Pprof__Label *label = &labels->message[labels->len];

	if (!text || !text[0])
		return 0;
	*label = (Pprof__Label)PPROF__LABEL__INIT;
	if (put_text(w, key, &label->key) || put_text(w, text, &label->str))
		return -ENOMEM;
	labels->at[labels->len++] = label;
	return 0;
}

static int add_number(struct writer *w, struct labels *labels, const char *key, int64_t number)
{
	Pprof__Label *label = &labels->message[labels->len];

	if (!number)
		return 0;
	*label = (Pprof__Label)PPROF__LABEL__INIT;
	if (put_text(w, key, &label->key))
		return -ENOMEM;
	label->num = number;
	labels->at[labels->len++] = label;
	return 0;
}

static int add_labels(struct writer *w, struct labels *labels, const struct profile_stack *s)
{
	static const char *const states[] = {
		[PROFILE_ON_CPU] = "on-cpu",
		[PROFILE_BLOCKED] = "blocked",
		[PROFILE_RUNNABLE] = "runnable",
	};

	if (add_number(w, labels, "pid", s->pid) || add_label(w, labels, "process", s->process) ||
	    add_number(w, labels, "tid", s->tid) || add_label(w, labels, "thread", s->thread) ||
	    add_label(w, labels, "state", states[s->state]) ||
	    add_label(w, labels, "wait", s->wait) || add_label(w, labels, "truncated", s->cut))
		return -ENOMEM;
	return 0;
}

static int write_sample(struct writer *w, const struct profile_stack *s)
{
	uint64_t locations[PROFILE_MAX_DEPTH];
	int64_t values[] = { signed_of(s->count), signed_of(s->weight) };
	Pprof__Sample message = PPROF__SAMPLE__INIT, *messages[] = { &message };
	Pprof__Profile part = PPROF__PROFILE__INIT;
	struct labels labels = { .len = 0 };

	if (pprof_tables_locate(&w->tables, s, locations, &message.n_location_id) ||
	    add_labels(w, &labels, s))
		return -ENOMEM;
	message.location_id = locations;
	message.n_value = 2;
	message.value = values;
	message.n_label = labels.len;
	message.label = labels.at;
	part.n_sample = 1;
	part.sample = messages;
	pprof_stream_put(&w->out, &part);
	return 0;
}

/* --- what was sampled ------------------------------------------------------------------------- */

static const char *weight_name(const char *event)
{
	if (!strcmp(event, "off-cpu"))
		return "delay";
	return strcmp(event, "wall") ? "cpu" : "wall";
}

static int write_types(struct writer *w)
{
	const struct profile_meta *m = w->meta;
	Pprof__ValueType counts = PPROF__VALUE_TYPE__INIT, weights = PPROF__VALUE_TYPE__INIT;
	Pprof__ValueType *types[] = { &counts, &weights };
	Pprof__Profile part = PPROF__PROFILE__INIT;

	if (put_text(w, "samples", &counts.type) || put_text(w, "count", &counts.unit) ||
	    put_text(w, weight_name(m->event), &weights.type) ||
	    put_text(w, "nanoseconds", &weights.unit))
		return -ENOMEM;
	part.n_sample_type = 2;
	part.sample_type = types;
	part.default_sample_type = weights.type;
	part.time_nanos = signed_of(m->time_ns);
	part.duration_nanos = signed_of(m->duration_ns);
	if (m->period_ns) {
		part.period_type = &weights;
		part.period = signed_of(m->period_ns);
	}
	pprof_stream_put(&w->out, &part);
	return 0;
}

static int write_comment(struct writer *w, const char *text)
{
	Pprof__Profile part = PPROF__PROFILE__INIT;
	int64_t index;

	if (put_text(w, text, &index))
		return -ENOMEM;
	part.n_comment = 1;
	part.comment = &index;
	pprof_stream_put(&w->out, &part);
	return 0;
}

static int write_comments(struct writer *w)
{
	const struct profile_meta *m = w->meta;
	char text[COMMENT_LEN];
	int err;

	(void)snprintf(text, sizeof(text), "cpu-sample %s: %s of %s", m->version, m->event,
		       m->title);
	err = write_comment(w, text);
	(void)snprintf(text, sizeof(text), "lost: %ju", (uintmax_t)m->lost);
	err = err ? err : write_comment(w, text);
	(void)snprintf(text, sizeof(text), "complete: %s", m->is_complete ? "yes" : "no");
	err = err ? err : write_comment(w, text);
	(void)snprintf(text, sizeof(text), "complete stacks: %.1f %% of %ju",
		       stack_counts_complete_pct(&m->stacks),
		       (uintmax_t)stack_counts_total(&m->stacks));
	err = err ? err : write_comment(w, text);
	return err || !m->note ? err : write_comment(w, m->note);
}

int profile_pprof(const struct profile *p, const struct profile_meta *m, FILE *out)
{
	_release_(writer_done) struct writer w = { .profile = p, .meta = m };

	if (pprof_stream_init(&w.out, out) || pprof_tables_init(&w.tables, p) || write_types(&w))
		return -ENOMEM;
	for (size_t i = 0; i < profile_stack_count(p); i++)
		if (write_sample(&w, profile_stack(p, i)))
			return -ENOMEM;
	if (pprof_tables_write(&w.tables, m, &w.out) || write_comments(&w))
		return -ENOMEM;
	pprof_tables_write_texts(&w.tables, &w.out);
	pprof_stream_finish(&w.out);
	return fflush(out) || ferror(out) ? -EIO : 0;
}
