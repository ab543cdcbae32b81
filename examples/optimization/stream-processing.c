// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A file of lines is transformed, and the result digested. /slow holds all of it in memory: the
 * file, where its lines are, the result. /fast holds a piece of the file and one line.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/scope.h"
#include "digest.h"
#include "files.h"
#include "ledger.h"
#include "number.h"
#include "server.h"
#include "site.h"

#define MB_DEFAULT  4
#define MB_MAX	    256
#define MB_BYTES    ((size_t)1024 * 1024)
#define LINE_MAX    128 /* longer than any line of the file, before and after */
#define PIECE_BYTES 65536

enum entry {
	ENTRY_SLOW,
	ENTRY_FAST,
	ENTRIES,
};

static struct ledger_entry ledger[ENTRIES] = {
	[ENTRY_SLOW] = { .function = "transform_whole", .route = "/slow" },
	[ENTRY_FAST] = { .function = "transform_stream", .route = "/fast" },
};

static size_t peak_bytes[ENTRIES]; /* taken for one request, at most */

static const char *directory = "/var/tmp"; /* on a disk, where /tmp may be memory */
static uint32_t file_mb = MB_DEFAULT;
static int file_fd = -1;
static size_t file_bytes;

struct result {
	uint64_t lines;
	uint64_t bytes;
	uint64_t digest;
};

/* --- one line ----------------------------------------------------------------------------------
 */

/* "7,customer-7,12.99": the name in capitals, the rest as it is. Returns the length, the same. */
static size_t transform_line(const char *line, size_t len, char out[LINE_MAX])
{
	for (size_t i = 0; i < len; i++)
		out[i] = (char)toupper((unsigned char)line[i]);
	return len;
}

static void result_add(struct result *result, const char *at, size_t len)
{
	result->lines++;
	result->bytes += len;
	result->digest = digest_add(result->digest, at, len);
}

/* --- /slow -------------------------------------------------------------------------------------
 */

struct line {
	const char *at;
	size_t len; /* with its end */
};

/* Everything that is in memory at a time. */
struct whole {
	char *file;
	struct line *lines;
	size_t count;
	char *output;
};

static void whole_done(struct whole *whole)
{
	free(whole->file);
	free(whole->lines);
	free(whole->output);
}

static int whole_read(struct whole *whole)
{
	size_t have = 0;

	whole->file = malloc(file_bytes);
	if (!whole->file)
		return -ENOMEM;
	while (have < file_bytes) {
		ssize_t n = pread(file_fd, whole->file + have, file_bytes - have, (off_t)have);

		if (n <= 0)
			return n ? -errno : -EIO;
		have += (size_t)n;
	}
	return 0;
}

static int whole_split(struct whole *whole)
{
	const char *end = whole->file + file_bytes;
	size_t room = 0;

	for (const char *at = whole->file; at < end; at += whole->lines[whole->count++].len) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));

		if (whole->count == room) {
			size_t more = room ? 2 * room : 1024;
			struct line *lines = reallocarray(whole->lines, more, sizeof(*lines));

			if (!lines)
				return -ENOMEM;
			whole->lines = lines;
			room = more;
		}
		whole->lines[whole->count] = (struct line){ at, (size_t)(newline + 1 - at) };
	}
	peak_bytes[ENTRY_SLOW] = 2 * file_bytes + room * sizeof(struct line);
	return 0;
}

TRUTH_SITE static int transform_whole(struct result *ret)
{
	_release_(whole_done) struct whole whole = { 0 };
	size_t used = 0;
	int err = whole_read(&whole);

	if (!err)
		err = whole_split(&whole);
	if (err)
		return err;
	whole.output = malloc(file_bytes);
	if (!whole.output)
		return -ENOMEM;
	for (size_t i = 0; i < whole.count; i++)
		used += transform_line(whole.lines[i].at, whole.lines[i].len, whole.output + used);
	used = 0;
	for (size_t i = 0; i < whole.count; i++) {
		result_add(ret, whole.output + used, whole.lines[i].len);
		used += whole.lines[i].len;
	}
	return 0;
}

/* --- /fast -------------------------------------------------------------------------------------
 */

/* The whole lines at the front of @piece. Returns how many bytes they are. */
static size_t stream_lines(const char *piece, size_t len, struct result *ret)
{
	char line[LINE_MAX];
	size_t used = 0;
	const char *newline;

	while ((newline = memchr(piece + used, '\n', len - used)) != NULL) {
		size_t line_len = (size_t)(newline + 1 - (piece + used));

		result_add(ret, line, transform_line(piece + used, line_len, line));
		used += line_len;
	}
	return used;
}

TRUTH_SITE static int transform_stream(struct result *ret)
{
	char piece[PIECE_BYTES];
	size_t have = 0;
	off_t offset = 0;
	ssize_t n;

	peak_bytes[ENTRY_FAST] = PIECE_BYTES + LINE_MAX;
	while ((n = pread(file_fd, piece + have, sizeof(piece) - have, offset)) > 0) {
		size_t used;

		offset += n;
		have += (size_t)n;
		used = stream_lines(piece, have, ret);
		have -= used;
		memmove(piece, piece + used, have); /* the line that the piece cut */
	}
	return n ? -errno : 0;
}

/* --- routes ------------------------------------------------------------------------------------
 */

static void answer(struct exchange *exchange, enum entry entry,
		   int (*transform)(struct result *ret))
{
	struct result result = { .digest = DIGEST_START };
	struct stopwatch started = stopwatch_start();
	int err = transform(&result);

	ledger_add(&ledger[entry], &started);
	if (err)
		http_reply_printf(exchange->reply, 503, "text/plain", "%s\n", strerror(-err));
	else
		http_reply_printf(exchange->reply, 200, "text/plain",
				  "%" PRIu64 " lines, %" PRIu64 " bytes, digest %016" PRIx64 "\n",
				  result.lines, result.bytes, result.digest);
}

static void slow_route(struct exchange *exchange)
{
	answer(exchange, ENTRY_SLOW, transform_whole);
}

static void fast_route(struct exchange *exchange)
{
	answer(exchange, ENTRY_FAST, transform_stream);
}

static void print_truth(FILE *out)
{
	(void)fputs("{\"routes\":", out);
	ledger_print(ledger, ENTRIES, out);
	(void)fprintf(out, ",\"file_bytes\":%zu,\"peak_bytes\":{\"slow\":%zu,\"fast\":%zu}}\n",
		      file_bytes, peak_bytes[ENTRY_SLOW], peak_bytes[ENTRY_FAST]);
}

/* --- life --------------------------------------------------------------------------------------
 */

static int file_make(void)
{
	char piece[PIECE_BYTES];
	size_t used = 0;
	int err = 0;

	file_fd = file_open_nameless(directory, "stream-processing");
	if (file_fd < 0)
		return file_fd;
	for (unsigned int i = 0; !err && file_bytes + used < file_mb * MB_BYTES; i++) {
		used += (size_t)snprintf(piece + used, LINE_MAX, "%u,customer-%u,%u.%02u\n", i,
					 i * 7919 % 10007, i % 1000, i % 100);
		if (used < sizeof(piece) - LINE_MAX)
			continue;
		err = file_write_all(file_fd, piece, used);
		file_bytes += used;
		used = 0;
	}
	file_bytes += used;
	return err ? err : file_write_all(file_fd, piece, used);
}

static int start(struct server *server)
{
	int err = file_make();

	(void)server;
	if (err)
		(void)fprintf(stderr, "stream-processing: a file in %s: %s\n", directory,
			      strerror(-err));
	return err;
}

static void report(FILE *out)
{
	closep(&file_fd);
	print_truth(out);
}

static int set_directory(const char *value)
{
	directory = value;
	return 0;
}

static int set_mb(const char *value)
{
	return number_parse(value, MB_MAX, &file_mb) || !file_mb ? -EINVAL : 0;
}

static const struct server_route routes[] = {
	{ "GET", "/slow", slow_route },
	{ "GET", "/fast", fast_route },
};

static const struct server_option options[] = {
	{ "mb", "N", "size of the file (default 4)", set_mb },
	{ "dir", "DIRECTORY", "where it is (default /var/tmp)", set_directory },
};

int main(int argc, char **argv)
{
	static const struct server_app app = {
		.name = "stream-processing",
		.summary = "A file transformed: whole in memory (/slow), line by line (/fast).",
		.routes = routes,
		.route_count = sizeof(routes) / sizeof(routes[0]),
		.options = options,
		.option_count = sizeof(options) / sizeof(options[0]),
		.start = start,
		.truth = print_truth,
		.report = report,
	};

	return server_main(&app, argc, argv);
}
