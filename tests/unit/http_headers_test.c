// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Negotiation as browsers, curl and Prometheus do it, and hosts that are or only look like ours. */
#include "base/http_headers.h"

#include "tap.h"

#define PROMETHEUS                                                                                 \
	"application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;"   \
	"q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"

static void test_accept(void)
{
	static const struct {
		const char *accept;
		unsigned int open, text;
	} cases[] = {
		{ NULL, 1000, 1000 },
		{ "", 0, 0 },
		{ "*/*", 1000, 1000 },
		{ PROMETHEUS, 1000, 500 },
		{ "application/openmetrics-text; version=0.0.1", 0, 0 },
		{ "application/openmetrics-text; version=\"1.0.0\"; charset=utf-8", 1000, 0 },
		{ "application/openmetrics-text", 1000, 0 },
		{ "APPLICATION/OpenMetrics-Text;Q=0.2, text/*;q=0.3", 200, 300 },
		{ "text/plain;q=0.5, text/plain;version=0.0.4;q=0.7, */*;q=0.9", 900, 700 },
		{ "text/html,application/xhtml+xml,*/*;q=0.8", 800, 800 },
		{ "application/*;q=0.001", 1, 0 },
		{ "application/openmetrics-text;q=0, */*", 0, 1000 },
		{ "application/openmetrics-text;q=2, text/plain;q=0.1234", 0, 0 },
		{ "application/openmetrics-text;q=1.1, text/plain;q=x", 0, 0 },
		{ ",,;;,=;q,text/plain ; q = 0.4", 0, 400 },
		{ "application/openmetrics-textual, application/openmetrics", 0, 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		is_int(http_accept_weight(cases[i].accept, "application/openmetrics-text", "1.0.0"),
		       cases[i].open, "OpenMetrics by %s", cases[i].accept ? cases[i].accept : "-");
		is_int(http_accept_weight(cases[i].accept, "text/plain", "0.0.4"), cases[i].text,
		       "text");
	}
}

static void test_encoding(void)
{
	static const struct {
		const char *accept;
		unsigned int gzip;
	} cases[] = {
		{ NULL, 0 },
		{ "", 0 },
		{ "gzip", 1000 },
		{ "deflate, gzip;q=0.5", 500 },
		{ "gzip;q=0", 0 },
		{ "*", 1000 },
		{ "*;q=0.3, gzip;q=0", 0 },
		{ "br, zstd", 0 },
		{ "xgzip, gzipped", 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		is_int(http_encoding_weight(cases[i].accept, "gzip"), cases[i].gzip, "gzip by %s",
		       cases[i].accept ? cases[i].accept : "-");
}

static void test_host(void)
{
	static const char *const ours[] = {
		"localhost",	  "localhost:9435", "LOCALHOST:1", "127.0.0.1",
		"127.0.0.1:9435", "127.1.2.3",	    "[::1]",	   "[::1]:9435",
	};
	static const char *const others[] = {
		"",
		"evil",
		"localhost.evil",
		"127.0.0.1.evil",
		"127.evil",
		"127.0.0.1:x",
		"evil:127.0.0.1",
		"[::1].evil",
		"[::2]",
		"[::1",
		"127..0.1",
		"127.0.0.1000",
		"1127.0.0.1",
		"128.0.0.1",
		"127.0.0",
		"localhost:9435/evil",
		"evil@localhost",
		"0.0.0.0",
		"[::1]x",
		"127.0.0.1.",
	};

	for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++)
		ok(http_host_is_loopback(ours[i]), "%s is here", ours[i]);
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		ok(!http_host_is_loopback(others[i]), "'%s' is not", others[i]);
	ok(!http_host_is_loopback(NULL), "none is not");
}

int main(void)
{
	test_accept();
	test_encoding();
	test_host();
	return tap_done();
}
