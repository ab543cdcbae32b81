// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The list of formats, their files, and who renders them. */
#include "host/report_set.h"

#include "base/scope.h"
#include "host/log.h"
#include "host/report_out.h"
#include "report/profile_flamegraph.h"
#include "report/profile_report.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define PATH_LEN 4096

/* What is being written, for the renderers. */
struct rendering {
	const struct profile_meta *meta;
	const struct profile *profile;
	const struct report_style *style;
};

static enum profile_unit unit_of(const struct profile_meta *m)
{
	return m->frequency_hz && strcmp(m->event, "wall") != 0 ? PROFILE_COUNTS : PROFILE_WEIGHTS;
}

static int write_text(void *ctx, FILE *out)
{
	const struct rendering *r = ctx;

	return profile_text(r->profile, r->meta, r->style->top, out);
}

static int write_json(void *ctx, FILE *out)
{
	const struct rendering *r = ctx;

	return profile_json(r->profile, r->meta, out);
}

static int write_folded(void *ctx, FILE *out)
{
	const struct rendering *r = ctx;

	return profile_folded(r->profile, true, unit_of(r->meta), out);
}

static int write_svg(void *ctx, FILE *out)
{
	const struct rendering *r = ctx;

	return profile_flamegraph(r->profile, r->meta, r->style->title, out);
}

static int write_speedscope(void *ctx, FILE *out)
{
	const struct rendering *r = ctx;

	return profile_speedscope(r->profile, r->meta, PROFILE_WEIGHTS, out);
}

static int write_pprof(void *ctx, FILE *out)
{
	const struct rendering *r = ctx;

	return profile_pprof(r->profile, r->meta, out);
}

static int write_cpuprofile(void *ctx, FILE *out)
{
	const struct rendering *r = ctx;

	return profile_cpuprofile(r->profile, r->meta, out);
}

static const struct format {
	const char *word, *suffix;
	int (*write)(void *ctx, FILE *out);
	bool is_binary;
} formats_known[] = {
	{ "text", ".txt", write_text, false },
	{ "folded", ".folded", write_folded, false },
	{ "svg", ".svg", write_svg, false },
	{ "speedscope", ".speedscope.json", write_speedscope, false },
	{ "pprof", ".pb.gz", write_pprof, true },
	{ "cpuprofile", ".cpuprofile", write_cpuprofile, false },
	{ "json", ".json", write_json, false },
};

#define FORMATS (sizeof(formats_known) / sizeof(*formats_known))

struct report_set {
	struct report {
		const struct format *format;
		struct outfile *out;
		char path[PATH_LEN]; /* "": standard output */
	} at[FORMATS];
	size_t len;
};

bool report_set_is_several(const char *formats)
{
	return strchr(formats, ',') != NULL;
}

static const struct format *format_of(const char *word, size_t len)
{
	for (size_t i = 0; i < FORMATS; i++)
		if (strlen(formats_known[i].word) == len &&
		    memcmp(formats_known[i].word, word, len) == 0)
			return &formats_known[i];
	return NULL;
}

static void add(struct report_set *s, const char *word, size_t len)
{
	const struct format *format = format_of(word, len);

	if (!format)
		cli_usage_error("-f %.*s: not one of text, folded, svg, speedscope, pprof, "
				"cpuprofile, json",
				(int)len, word);
	for (size_t i = 0; i < s->len; i++)
		if (s->at[i].format == format)
			return;
	s->at[s->len++].format = format;
}

static void parse(struct report_set *s, const char *formats)
{
	for (const char *word = formats;;) {
		size_t len = strcspn(word, ",");

		add(s, word, len);
		if (!word[len])
			return;
		word += len + 1;
	}
}

static int open_one(const struct report_set *s, struct report *r, const struct cli_common *c)
{
	bool is_stdout = !c->output || strcmp(c->output, "-") == 0;
	int err;

	if (s->len > 1 && is_stdout)
		cli_usage_error("several formats need -o NAME, for NAME.svg and so on");
	if (is_stdout && r->format->is_binary && isatty(STDOUT_FILENO))
		cli_usage_error("-f %s is not for a terminal: give -o FILE", r->format->word);
	if (!is_stdout && (size_t)snprintf(r->path, sizeof(r->path), "%s%s", c->output,
					   s->len > 1 ? r->format->suffix : "") >= sizeof(r->path))
		cli_usage_error("-o: the name is too long");
	err = outfile_open(is_stdout ? NULL : r->path, c->force, &r->out);
	if (!err)
		return EXIT_DONE;
	(void)log_errno(err, "cannot write %s", is_stdout ? "to standard output" : r->path);
	return EXIT_FAILED;
}

int report_set_open(const char *formats, const struct cli_common *c, struct report_set **ret)
{
	struct report_set *s = calloc(1, sizeof(*s));
	int status = EXIT_DONE;

	if (!s) {
		(void)log_errno(-ENOMEM, "cannot start");
		return EXIT_FAILED;
	}
	parse(s, formats);
	for (size_t i = 0; i < s->len && !status; i++)
		status = open_one(s, &s->at[i], c);
	if (status)
		report_set_free(s);
	else
		*ret = s;
	return status;
}

void report_set_free(struct report_set *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->len; i++)
		outfile_abandon(s->at[i].out);
	free(s);
}

void report_set_freep(struct report_set **s)
{
	report_set_free(*s);
}

int report_set_write(struct report_set *s, const struct profile_meta *m, const struct profile *p,
		     const struct report_style *style)
{
	struct rendering rendering = { m, p, style };

	for (size_t i = 0; i < s->len; i++) {
		struct report *r = &s->at[i];
		int err = report_out(r->out, r->path[0] ? r->path : NULL, r->format->write,
				     &rendering);

		if (err)
			return err;
	}
	return 0;
}

int report_set_commit(struct report_set *s)
{
	for (size_t i = 0; i < s->len; i++) {
		int err = outfile_commit(s->at[i].out);

		s->at[i].out = NULL;
		if (err)
			return err;
	}
	return 0;
}
