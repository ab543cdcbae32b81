// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Families and their cap, both formats byte for byte, hostile labels, and no memory at all. */
#include "report/exposition.h"

#include "base/scope.h"
#include "failing_alloc.h"
#include "tap.h"

#include <math.h>

static const struct series_info up = { "vitals_target_up", SERIES_GAUGE, "", "1: watched." };
static const struct series_info busy = { "vitals_loop_busy_seconds_total", SERIES_COUNTER,
					 "seconds", "Time in iterations." };
static const struct series_info stalls = { "vitals_loop_stall_seconds", SERIES_HISTOGRAM, "seconds",
					   "Stalls." };

static const struct series_label api[] = { { "process", "api" }, { "loop", "main" } };
static const double bounds[] = { 0.02, 1, 10 };
static const uint64_t counts[] = { 1, 3, 3 };
static const struct series_histogram histogram = { bounds, counts, 3, 12.5, 4 };

static char *written(const struct series *s, enum exposition_format format)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	must(out);
	is_int(exposition_write(s, format, out), 0, "written");
	must(fclose(out) == 0);
	return text;
}

static struct series *example(void)
{
	struct series *s = series_new(100);

	must(s);
	must(series_family(s, &up) == 0);
	must(series_add(s, api, 1, 1) == 0);
	must(series_family(s, &busy) == 0);
	must(series_add(s, api, 2, 1234.5678) == 0);
	must(series_family(s, &stalls) == 0);
	must(series_add_histogram(s, api, 2, &histogram) == 0);
	return s;
}

#define SAMPLES_UP   "vitals_target_up{process=\"api\"} 1\n"
#define SAMPLES_BUSY "vitals_loop_busy_seconds_total{process=\"api\",loop=\"main\"} 1234.5678\n"
#define STALL(suffix, le)                                                                          \
	"vitals_loop_stall_seconds" suffix "{process=\"api\",loop=\"main\"" le "} "
#define SAMPLES_STALLS                                                                             \
	STALL("_bucket", ",le=\"0.02\"")                                                           \
	"1\n" STALL("_bucket", ",le=\"1.0\"") "3\n" STALL("_bucket", ",le=\"10.0\"") "3\n" STALL(  \
		"_bucket", ",le=\"+Inf\"") "4\n" STALL("_sum", "") "12.5\n" STALL("_count",        \
										  "") "4\n"

static void test_formats(void)
{
	_release_(series_freep) struct series *s = example();
	_release_(freep) char *text = written(s, EXPOSITION_TEXT);
	_release_(freep) char *open = written(s, EXPOSITION_OPENMETRICS);

	is_text(text,
		"# HELP vitals_target_up 1: watched.\n"
		"# TYPE vitals_target_up gauge\n" SAMPLES_UP
		"# HELP vitals_loop_busy_seconds_total Time in iterations.\n"
		"# TYPE vitals_loop_busy_seconds_total counter\n" SAMPLES_BUSY
		"# HELP vitals_loop_stall_seconds Stalls.\n"
		"# TYPE vitals_loop_stall_seconds histogram\n" SAMPLES_STALLS,
		"text 0.0.4");
	is_text(open,
		"# HELP vitals_target_up 1: watched.\n"
		"# TYPE vitals_target_up gauge\n" SAMPLES_UP
		"# HELP vitals_loop_busy_seconds Time in iterations.\n"
		"# TYPE vitals_loop_busy_seconds counter\n"
		"# UNIT vitals_loop_busy_seconds seconds\n" SAMPLES_BUSY
		"# HELP vitals_loop_stall_seconds Stalls.\n"
		"# TYPE vitals_loop_stall_seconds histogram\n"
		"# UNIT vitals_loop_stall_seconds seconds\n" SAMPLES_STALLS "# EOF\n",
		"OpenMetrics: counters without _total in their family, units, an end");
}

static void test_families(void)
{
	_release_(series_freep) struct series *s = example();
	const struct series_label other[] = { { "process", "db" } };
	_release_(freep) char *text = NULL;

	must(series_family(s, &up) == 0);
	must(series_add(s, other, 1, 0) == 0);
	text = written(s, EXPOSITION_TEXT);
	ok(strstr(text, SAMPLES_UP "vitals_target_up{process=\"db\"} 0\n# HELP vitals_loop_busy"),
	   "a family that is gone on with stays together");
	is_int(series_count(s), 9, "a histogram of three bounds is six time series");
	ok(!series_family_at(s, 3), "three families");
	must(series_family(s, &(struct series_info){ "vitals_x", SERIES_GAUGE, "", "X." }) == 0);
	freep(&text);
	text = written(s, EXPOSITION_TEXT);
	ok(!strstr(text, "vitals_x"), "one without samples is not shown");
}

static void test_numbers(void)
{
	static const struct {
		double value;
		const char *text;
	} cases[] = {
		{ 0, "0" },
		{ -1, "-1" },
		{ 0.1, "0.1" },
		{ 1e-9, "1e-09" },
		{ 123456789012345, "123456789012345" },
		{ 1e15, "1e+15" },
		{ 1e300, "1e+300" },
		{ 1234567.891, "1234567.891" },
		{ NAN, "NaN" },
		{ INFINITY, "+Inf" },
		{ -INFINITY, "-Inf" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		_release_(series_freep) struct series *s = series_new(1);
		_release_(freep) char *text = NULL;

		must(s && series_family(s, &up) == 0);
		must(series_add(s, NULL, 0, cases[i].value) == 0);
		text = written(s, EXPOSITION_TEXT);
		ok(strstr(text, cases[i].text) && strstr(text, "\nvitals_target_up "),
		   "a sample without labels, of %s", cases[i].text);
	}
}

static void test_hostile_labels(void)
{
	_release_(series_freep) struct series *s = series_new(10);
	const struct series_label labels[] = { { "process", "a\"b\\c\nd\xff\x1b[0m\xe2\x80\xae" } };
	_release_(freep) char *text = NULL;

	must(s && series_family(s, &up) == 0);
	must(series_add(s, labels, 1, 1) == 0);
	text = written(s, EXPOSITION_TEXT);
	ok(strstr(text, "{process=\"a\\\"b\\\\c\\\\x0ad\\\\xff\\\\x1b[0m\\\\u{202E}\"} 1\n"),
	   "quotes are escaped, what is not printable becomes its code");
}

static void test_cap(void)
{
	_release_(series_freep) struct series *s = series_new(7);

	must(s && series_family(s, &up) == 0);
	must(series_add(s, api, 1, 1) == 0 && series_add(s, api, 2, 1) == 0);
	must(series_family(s, &stalls) == 0);
	is_int(series_add_histogram(s, api, 2, &histogram), 0, "what does not fit is no error");
	is_int(series_dropped(s), 6, "but counted, each of its time series");
	is_int(series_count(s), 2, "and not there");
	must(series_family(s, &busy) == 0);
	must(series_add(s, api, 2, 1) == 0);
	is_int(series_count(s), 3, "a smaller one still fits");
	for (int i = 0; i < 10; i++)
		must(series_add(s, api, 2, 1) == 0);
	is_int(series_count(s), 7, "the limit holds");
	is_int(series_dropped(s), 12, "the rest is counted");
}

static int build(struct series **ret_s)
{
	struct series *s = series_new(100);

	*ret_s = s;
	if (!s)
		return -ENOMEM;
	for (int i = 0; i < 20; i++) {
		char name[16];
		const struct series_label labels[] = { { "process", name } };

		(void)snprintf(name, sizeof(name), "p%d", i);
		if (series_family(s, i % 2 ? &up : &busy) || series_add(s, labels, 1, i))
			return -ENOMEM;
	}
	if (series_family(s, &stalls))
		return -ENOMEM;
	return series_add_histogram(s, api, 2, &histogram);
}

static void test_no_memory(void)
{
	bool is_hit = true;

	for (size_t n = 1; is_hit; n++) {
		_release_(series_freep) struct series *s = NULL;
		int err;

		failing_alloc_start(n);
		err = build(&s);
		is_hit = failing_alloc_stop();
		is_int(err, is_hit ? -ENOMEM : 0, "allocation %zu", n);
		if (s)
			free(written(s, EXPOSITION_TEXT));
	}
}

static void test_write_error(void)
{
	_release_(series_freep) struct series *s = example();
	_release_(fclosep) FILE *full = fopen("/dev/full", "w");

	must(full);
	is_int(exposition_write(s, EXPOSITION_OPENMETRICS, full), -EIO, "a full disk is told");
}

int main(void)
{
	test_formats();
	test_families();
	test_numbers();
	test_hostile_labels();
	test_cap();
	test_no_memory();
	test_write_error();
	return tap_done();
}
