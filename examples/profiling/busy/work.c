// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The functions of the mix and the data they work on. */
#include "work.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "site.h"

#define BODY_BYTES	 65536
#define BODY_ROUNDS	 12
#define BLOCK_BYTES	 4096
#define RESULTS		 8000
#define REQUEST_BYTES	 512
#define REQUEST_ROUNDS	 1500
#define ROWS_RENDERED	 4000
#define ROW_BYTES	 96
#define FNV_OFFSET	 14695981039346656037ULL
#define FNV_PRIME	 1099511628211ULL
#define PSEUDO_RANDOM(n) ((uint32_t)(n)*2654435761U)

struct result {
	uint32_t id;
	uint32_t score;
};

static unsigned char body[BODY_BYTES];
static struct result results[RESULTS];
static char request_head[REQUEST_BYTES];

void work_prepare(void)
{
	for (size_t i = 0; i < BODY_BYTES; i++)
		body[i] = (unsigned char)(PSEUDO_RANDOM(i) >> 24);
	for (uint32_t i = 0; i < RESULTS; i++)
		results[i] = (struct result){ i, PSEUDO_RANDOM(i) };
	(void)snprintf(request_head, sizeof(request_head),
		       "GET /articles?page=7&order=price&filter=in-stock HTTP/1.1\r\n"
		       "Host: shop.example\r\nUser-Agent: busy-server/1.0\r\n"
		       "Accept: application/json\r\nAccept-Language: en\r\n"
		       "Cookie: session=0123456789abcdef0123456789abcdef; theme=dark\r\n"
		       "X-Request-Id: 7d3c9a52-0f8e-4c1b-9d61-2b1f0e6a7c34\r\n\r\n");
}

/* --- hash_body ---------------------------------------------------------------------------------
 */

TRUTH_SITE static uint64_t hash_block(uint64_t hash, const unsigned char *at, size_t len)
{
	for (size_t i = 0; i < len; i++)
		hash = (hash ^ at[i]) * FNV_PRIME;
	return hash;
}

TRUTH_SITE uint64_t hash_body(void)
{
	uint64_t hash = FNV_OFFSET;

	for (int round = 0; round < BODY_ROUNDS; round++) {
		for (size_t at = 0; at < BODY_BYTES; at += BLOCK_BYTES)
			hash = hash_block(hash, body + at, BLOCK_BYTES);
	}
	return hash;
}

/* --- sort_results ------------------------------------------------------------------------------
 */

/* Called back by libc: its frame stands below those of qsort. */
TRUTH_SITE static int compare_scores(const void *a, const void *b)
{
	uint32_t left = ((const struct result *)a)->score;
	uint32_t right = ((const struct result *)b)->score;

	return (left > right) - (left < right);
}

TRUTH_SITE uint64_t sort_results(void)
{
	static struct result sorted[RESULTS];

	memcpy(sorted, results, sizeof(sorted));
	qsort(sorted, RESULTS, sizeof(sorted[0]), compare_scores);
	return sorted[0].id;
}

/* --- parse_request -----------------------------------------------------------------------------
 */

/* The length of what stands before @end, or before the end of the text. */
TRUTH_SITE static size_t scan_until(const char *at, char end)
{
	size_t len = 0;

	while (at[len] && at[len] != end)
		len++;
	return len;
}

TRUTH_SITE static uint64_t parse_header(const char *line, size_t len)
{
	size_t name = scan_until(line, ':');
	uint64_t sum = name;

	for (size_t i = 0; i < name && i < len; i++)
		sum = sum * 31 + (unsigned char)(line[i] | 0x20); /* names have no case */
	return sum;
}

TRUTH_SITE uint64_t parse_request(void)
{
	uint64_t sum = 0;

	for (int round = 0; round < REQUEST_ROUNDS; round++) {
		for (const char *line = request_head; *line;) {
			size_t len = scan_until(line, '\n');

			sum += parse_header(line, len);
			line += len + (line[len] == '\n');
		}
	}
	return sum;
}

/* --- render_json -------------------------------------------------------------------------------
 */

TRUTH_SITE static size_t render_row(const struct result *row, char out[ROW_BYTES])
{
	int len = snprintf(out, ROW_BYTES, "{\"id\":%u,\"score\":%u,\"unit\":\"points\"}", row->id,
			   row->score);

	return (size_t)len; /* two numbers of 10 digits: it always fits */
}

TRUTH_SITE uint64_t render_json(void)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < ROWS_RENDERED; i++) {
		char row[ROW_BYTES];

		bytes += render_row(&results[i], row);
	}
	return bytes;
}
