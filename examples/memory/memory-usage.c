// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A server that holds memory of four kinds, as much of each as it is asked to, and says what the
 * kernel and the allocator call it: where RSS, heap and mapped files part.
 */
#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/queue.h>

#include "base/scope.h"
#include "files.h"
#include "resident.h"
#include "server.h"

#define MB_DEFAULT  10
#define MB_MAX	    256	 /* of one request */
#define MB_HELD_MAX 1024 /* of one kind */
#define MB_BYTES    ((size_t)1024 * 1024)
#define BLOCK_BYTES 1024 /* of the kind "heap" */

static const char *directory = "/var/tmp"; /* on a disk, where /tmp may be memory */

/* One request's memory of any kind. */
struct holding {
	SLIST_ENTRY(holding) next;
	void *at;
	size_t bytes;
};

SLIST_HEAD(holding_list, holding);

/* --- the four kinds ----------------------------------------------------------------------------
 * Each takes memory and touches it: what is only promised is not resident.
 */

struct block {
	struct block *next;
	char text[BLOCK_BYTES - sizeof(struct block *)];
};

static void release_heap(struct holding *holding)
{
	struct block *block = holding->at;

	while (block) {
		struct block *next = block->next;

		free(block);
		block = next;
	}
}

static int hold_heap(struct holding *holding)
{
	for (size_t bytes = 0; bytes < holding->bytes; bytes += sizeof(struct block)) {
		struct block *block = malloc(sizeof(*block));

		if (!block) {
			release_heap(holding);
			return -ENOMEM;
		}
		memset(block->text, 'h', sizeof(block->text));
		block->next = holding->at;
		holding->at = block;
	}
	return 0;
}

static int hold_buffer(struct holding *holding)
{
	holding->at = malloc(holding->bytes);
	if (!holding->at)
		return -ENOMEM;
	memset(holding->at, 'b', holding->bytes);
	return 0;
}

static void release_buffer(struct holding *holding)
{
	free(holding->at);
}

static int hold_mapped(struct holding *holding)
{
	holding->at = mmap(NULL, holding->bytes, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (holding->at == MAP_FAILED)
		return -errno;
	memset(holding->at, 'm', holding->bytes);
	return 0;
}

/* The pages are the file's: the kernel can drop them and read them again. */
static int hold_file(struct holding *holding)
{
	_release_(closep) int fd = file_open_nameless(directory, "memory-usage");
	int err = fd < 0 ? fd : file_fill(fd, holding->bytes);

	if (err)
		return err;
	holding->at = mmap(NULL, holding->bytes, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
	return holding->at == MAP_FAILED ? -errno : 0;
}

static void release_mapping(struct holding *holding)
{
	(void)munmap(holding->at, holding->bytes); /* of a mapping of ours: cannot fail */
}

static struct kind {
	const char *name;
	int (*hold)(struct holding *holding);
	void (*release)(struct holding *holding);
	struct holding_list held;
	size_t bytes;
} kinds[] = {
	{ "heap", hold_heap, release_heap, SLIST_HEAD_INITIALIZER(kinds[0].held), 0 },
	{ "buffer", hold_buffer, release_buffer, SLIST_HEAD_INITIALIZER(kinds[1].held), 0 },
	{ "mapped", hold_mapped, release_mapping, SLIST_HEAD_INITIALIZER(kinds[2].held), 0 },
	{ "file", hold_file, release_mapping, SLIST_HEAD_INITIALIZER(kinds[3].held), 0 },
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static int kind_hold(struct kind *kind, size_t bytes)
{
	struct holding *holding = calloc(1, sizeof(*holding));
	int err;

	if (!holding)
		return -ENOMEM;
	holding->bytes = bytes;
	err = kind->hold(holding);
	if (err) {
		free(holding);
		return err;
	}
	SLIST_INSERT_HEAD(&kind->held, holding, next);
	kind->bytes += bytes;
	return 0;
}

static void kind_release(struct kind *kind)
{
	while (!SLIST_EMPTY(&kind->held)) {
		struct holding *holding = SLIST_FIRST(&kind->held);

		SLIST_REMOVE_HEAD(&kind->held, next);
		kind->release(holding);
		free(holding);
	}
	kind->bytes = 0;
}

/* --- routes ------------------------------------------------------------------------------------
 */

static struct kind *kind_asked_for(struct exchange *exchange)
{
	char name[16];

	if (http_query(exchange->request, "kind", name, sizeof(name)) == 0) {
		for (size_t i = 0; i < KINDS; i++) {
			if (strcmp(name, kinds[i].name) == 0)
				return &kinds[i];
		}
	}
	http_reply_printf(exchange->reply, 400, "text/plain",
			  "kind is heap, buffer, mapped or file\n");
	return NULL;
}

static void answer_held(struct exchange *exchange, const struct kind *kind)
{
	http_reply_printf(exchange->reply, 200, "text/plain", "%s: %zu bytes held\n", kind->name,
			  kind->bytes);
}

static void hold_route(struct exchange *exchange)
{
	struct kind *kind = kind_asked_for(exchange);
	uint32_t mb;
	int err;

	if (!kind)
		return;
	if (exchange_number(exchange, "mb", MB_DEFAULT, MB_MAX, &mb) || !mb) {
		http_reply_printf(exchange->reply, 400, "text/plain", "mb is 1 to %d\n", MB_MAX);
		return;
	}
	if (kind->bytes + mb * MB_BYTES > MB_HELD_MAX * MB_BYTES) {
		http_reply_printf(exchange->reply, 503, "text/plain",
				  "no more than %d MB of a kind\n", MB_HELD_MAX);
		return;
	}
	err = kind_hold(kind, mb * MB_BYTES);
	if (err)
		http_reply_printf(exchange->reply, 503, "text/plain", "%s\n", strerror(-err));
	else
		answer_held(exchange, kind);
}

static void release_route(struct exchange *exchange)
{
	struct kind *kind = kind_asked_for(exchange);

	if (!kind)
		return;
	kind_release(kind);
	answer_held(exchange, kind);
}

/* The names are Node's, process.memoryUsage(); what has no counterpart here is null. */
static void print_usage(FILE *out)
{
	struct mallinfo2 heap = mallinfo2();

	(void)fprintf(out,
		      "{\"rss_bytes\":%" PRIu64 ",\"heap_total_bytes\":%zu,\"heap_used_bytes\":%zu"
		      ",\"external_bytes\":null,\"array_buffers_bytes\":null}\n",
		      resident_bytes(), heap.arena + heap.hblkhd, heap.uordblks + heap.hblkhd);
}

static void usage_route(struct exchange *exchange)
{
	exchange_print(exchange, print_usage);
}

static void print_truth(FILE *out)
{
	(void)fputs("{\"held\":[", out);
	for (size_t i = 0; i < KINDS; i++)
		(void)fprintf(out, "%s{\"kind\":\"%s\",\"bytes\":%zu}", i ? "," : "", kinds[i].name,
			      kinds[i].bytes);
	(void)fputs("]}\n", out);
}

static void report(FILE *out)
{
	print_truth(out);
	for (size_t i = 0; i < KINDS; i++)
		kind_release(&kinds[i]);
}

static int set_directory(const char *value)
{
	directory = value;
	return 0;
}

static const struct server_route routes[] = {
	{ "GET", "/hold", hold_route },
	{ "GET", "/release", release_route },
	{ "GET", "/usage", usage_route },
};

static const struct server_option options[] = {
	{ "dir", "DIRECTORY", "where the files of kind=file are (default /var/tmp)",
	  set_directory },
};

int main(int argc, char **argv)
{
	static const struct server_app app = {
		.name = "memory-usage",
		.summary = "An HTTP server that holds memory of four kinds, as it is asked to.",
		.routes = routes,
		.route_count = sizeof(routes) / sizeof(routes[0]),
		.options = options,
		.option_count = sizeof(options) / sizeof(options[0]),
		.truth = print_truth,
		.report = report,
	};

	return server_main(&app, argc, argv);
}
