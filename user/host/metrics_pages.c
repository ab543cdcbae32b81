// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Texts are joined, packed by zlib when somebody takes gzip, and handed to libmicrohttpd. */
#include "host/metrics_pages.h"

#include "base/scope.h"

#include <errno.h>
#include <string.h>
#include <zlib.h>

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static const double bounds_s[METRICS_BOUNDS] = { 0.001, 0.01, 0.1, 1, 5 };

void metrics_counts_add(struct metrics_counts *counts, unsigned int code, uint64_t duration_ns)
{
	double duration_s = (double)duration_ns / 1e9;

	for (int i = 0; i < METRICS_CODES; i++)
		if (counts->codes[i].code == code || counts->codes[i].code == 0) {
			counts->codes[i].code = code;
			counts->codes[i].count++;
			break;
		}
	for (int i = 0; i < METRICS_BOUNDS; i++)
		counts->within[i] += duration_s <= bounds_s[i];
	counts->durations++;
	counts->duration_sum_s += duration_s;
}

/* --- what the server counts ------------------------------------------------------------------- */

static int add_codes(struct series *s, const struct metrics_counts *counts)
{
	static const struct series_info info = { "vitals_scrapes_total", SERIES_COUNTER, NULL,
						 "Answers to /metrics by HTTP status." };
	int err = series_family(s, &info);

	for (int i = 0; i < METRICS_CODES && counts->codes[i].code && !err; i++) {
		char code[16];
		const struct series_label label = { "code", code };

		(void)snprintf(code, sizeof(code), "%u", counts->codes[i].code);
		err = series_add(s, &label, 1, (double)counts->codes[i].count);
	}
	return err;
}

static int add_durations(struct series *s, const struct metrics_counts *counts)
{
	static const struct series_info info = {
		"vitals_scrape_duration_seconds", SERIES_HISTOGRAM, "seconds",
		"Time from a request for /metrics to its answer, waiting for the page included."
	};
	const struct series_histogram h = { bounds_s, counts->within, METRICS_BOUNDS,
					    counts->duration_sum_s, counts->durations };
	int err = series_family(s, &info);

	return err ? err : series_add_histogram(s, NULL, 0, &h);
}

static int add_dropped(struct series *s, const struct metrics_counts *counts)
{
	static const struct series_info info = {
		"vitals_connections_dropped_total", SERIES_COUNTER, NULL,
		"Connections that were ended: all places were taken (full), or no whole request and "
		"answer within 10 s (slow)."
	};
	const struct series_label full = { "reason", "full" }, slow = { "reason", "slow" };
	int err = series_family(s, &info);

	if (!err)
		err = series_add(s, &full, 1, (double)counts->dropped_full);
	return err ? err : series_add(s, &slow, 1, (double)counts->dropped_slow);
}

static struct series *series_of_counts(const struct metrics_counts *counts)
{
	struct series *s = series_new(SERIES_MAX_DEFAULT);

	if (s && (add_codes(s, counts) || add_durations(s, counts) || add_dropped(s, counts))) {
		series_free(s);
		return NULL;
	}
	return s;
}

/* --- texts --------------------------------------------------------------------------------------
 */

static size_t without_end(const char *text, size_t len)
{
	size_t end_len = strlen(EXPOSITION_EOF);

	if (len >= end_len && memcmp(text + len - end_len, EXPOSITION_EOF, end_len) == 0)
		return len - end_len;
	return len;
}

static int join_text(const struct metrics_page *page, const struct series *own,
		     enum exposition_format format, struct metrics_pages *ret_pages)
{
	_release_(fclosep) FILE *out =
		open_memstream(&ret_pages->texts[format], &ret_pages->lens[format]);
	const char *text = page->texts[format];

	if (!out)
		return -ENOMEM;
	(void)fwrite(text, 1, without_end(text, page->lens[format]), out);
	return exposition_write(own, format, out) ? -ENOMEM : 0;
}

int metrics_pages_put(struct metrics_pages *pages, const struct metrics_page *page,
		      const struct metrics_counts *counts, uint64_t now_ns)
{
	_release_(metrics_pages_done) struct metrics_pages new = { .is_ready = page->is_ready,
								   .made_ns = now_ns };
	_release_(series_freep) struct series *own = series_of_counts(counts);

	if (!own)
		return -ENOMEM;
	for (int f = 0; f < EXPOSITION_FORMATS; f++)
		if (join_text(page, own, (enum exposition_format)f, &new))
			return -ENOMEM;
	metrics_pages_done(pages);
	*pages = new;
	new = (struct metrics_pages){ 0 };
	return 0;
}

/* By the fastest level: the page is made of repetitions. To be freed by the caller. */
static char *packed(const char *text, size_t len, size_t *ret_len)
{
	z_stream z = { 0 };
	_release_(freep) char *out = NULL;
	char *done = NULL;
	size_t bound;

	if (deflateInit2(&z, Z_BEST_SPEED, Z_DEFLATED, 15 + 16 /* gzip */, 8, Z_DEFAULT_STRATEGY) !=
	    Z_OK)
		return NULL;
	bound = deflateBound(&z, len);
	out = malloc(bound);
	z.next_in = (Bytef *)text;
	z.avail_in = (uInt)len;
	z.next_out = (Bytef *)out;
	z.avail_out = (uInt)bound;
	if (out && deflate(&z, Z_FINISH) == Z_STREAM_END) {
		*ret_len = z.total_out;
		done = out;
		out = NULL;
	}
	(void)deflateEnd(&z);
	return done;
}

static struct MHD_Response *new_response(const struct metrics_pages *pages,
					 enum exposition_format format, bool is_gzip)
{
	struct MHD_Response *response;
	size_t len = pages->lens[format];
	char *copy;

	if (!is_gzip) /* the text outlives it only here, so it has its own */
		return MHD_create_response_from_buffer(len, pages->texts[format],
						       MHD_RESPMEM_MUST_COPY);
	copy = packed(pages->texts[format], len, &len);
	if (!copy)
		return NULL;
	response = MHD_create_response_from_buffer(len, copy, MHD_RESPMEM_MUST_FREE);
	if (!response) {
		free(copy);
		return NULL;
	}
	(void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
	return response;
}

struct MHD_Response *metrics_pages_get(struct metrics_pages *pages, enum exposition_format format,
				       bool is_gzip,
				       void (*finish)(void *ctx, struct MHD_Response *), void *ctx)
{
	struct MHD_Response *response = pages->responses[format][is_gzip];

	if (!response) {
		response = new_response(pages, format, is_gzip);
		if (!response)
			return NULL;
		(void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
					      exposition_types[format]);
		(void)MHD_add_response_header(response, MHD_HTTP_HEADER_VARY,
					      "Accept, Accept-Encoding");
		finish(ctx, response);
		pages->responses[format][is_gzip] = response;
	}
	return response;
}

void metrics_pages_done(struct metrics_pages *pages)
{
	for (int f = 0; f < EXPOSITION_FORMATS; f++) {
		free(pages->texts[f]);
		for (int packing = 0; packing < 2; packing++)
			if (pages->responses[f][packing])
				MHD_destroy_response(pages->responses[f][packing]);
	}
	*pages = (struct metrics_pages){ 0 };
}
