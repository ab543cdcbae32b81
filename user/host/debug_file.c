// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Candidates in order; the first that proves to belong to the binary is taken. */
#include "host/debug_file.h"

#include "base/scope.h"
#include "base/text.h"
#include "host/fd.h"

#include <limits.h>
#include <string.h>
#include <zlib.h>

/* "/usr/lib/debug/.build-id/xx/" + the other bytes in hex + ".debug" */
#define DEBUG_FOLDER	"/usr/lib/debug"
#define BUILD_ID_FOLDER DEBUG_FOLDER "/.build-id/"
#define DEBUG_SUFFIX	".debug"
#define BUILD_ID_PATH_SIZE                                                                         \
	(sizeof(BUILD_ID_FOLDER) + 2ul * ELF_BUILD_ID_MAX + 1 + sizeof(DEBUG_SUFFIX))

static bool build_id_path(const struct elf *elf, char path[BUILD_ID_PATH_SIZE])
{
	char *at = stpcpy(path, BUILD_ID_FOLDER);

	if (elf->build_id_len < 2 || elf->build_id_len > ELF_BUILD_ID_MAX)
		return false;
	at = stpcpy(text_hex(elf->build_id, 1, at), "/");
	(void)stpcpy(text_hex(elf->build_id + 1, elf->build_id_len - 1, at), DEBUG_SUFFIX);
	return true;
}

static bool has_build_id_of(const struct elf *debug, const struct elf *own)
{
	return debug->build_id_len == own->build_id_len &&
	       memcmp(debug->build_id, own->build_id, own->build_id_len) == 0;
}

/* Takes @fd when it is an ELF file with the build id of @own. */
static bool take_by_build_id(const struct symbol_binary *own, int fd, struct symbol_binary *debug)
{
	if (fd < 0)
		return false;
	if (symbol_binary_open(debug, fd) == 0 && has_build_id_of(&debug->elf, &own->elf))
		return true;
	debug->fd = -1;
	(void)close(fd);
	return false;
}

/* All of @fd, as far as the budget goes. */
static bool has_checksum(int fd, uint64_t size, uint32_t wanted, uint64_t *budget)
{
	uint8_t buf[64 * 1024];
	uLong crc = crc32(0, NULL, 0);

	if (size > *budget)
		return false;
	*budget -= size;
	for (uint64_t at = 0; at < size;) {
		ssize_t n = fd_read_at(fd, at, buf, sizeof(buf));

		if (n <= 0)
			return false;
		crc = crc32(crc, buf, (uInt)n);
		at += (uint64_t)n;
	}
	return crc == wanted;
}

static bool take_by_link(const struct symbol_binary *own, int fd, uint32_t crc,
			 const struct debug_search *search, struct symbol_binary *debug)
{
	if (fd < 0)
		return false;
	/* What is no ELF file or another build's is not read. */
	if (symbol_binary_open(debug, fd) == 0 &&
	    (!own->elf.build_id_len || !debug->elf.build_id_len ||
	     has_build_id_of(&debug->elf, &own->elf)) &&
	    has_checksum(fd, debug->elf.reader.size, crc, search->checksum_budget))
		return true;
	debug->fd = -1;
	(void)close(fd);
	return false;
}

static bool find_by_link(struct symbol_binary *own, const struct debug_search *search,
			 struct symbol_binary *debug)
{
	static const struct {
		const char *above, *below;
	} folders[] = { { "", "" }, { "", "/.debug" }, { DEBUG_FOLDER, "" } };
	const char *slash = strrchr(search->path, '/');
	struct debug_link link;

	if (!slash || search->path[0] != '/' || symbol_binary_link(own, &link))
		return false;
	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++) {
		char path[PATH_MAX];
		int len = snprintf(path, sizeof(path), "%s%.*s%s/%s", folders[i].above,
				   (int)(slash - search->path), search->path, folders[i].below,
				   link.name);
		int fd;

		if (len < 0 || len >= (int)sizeof(path))
			continue;
		fd = target_open_without_links(search->target, path, DEBUG_FILE_MAX_LINKED_BYTES);
		if (take_by_link(own, fd, link.crc, search, debug))
			return true;
	}
	return false;
}

bool debug_file_find(struct symbol_binary *own, const struct debug_search *search,
		     struct symbol_binary *ret_debug)
{
	char path[BUILD_ID_PATH_SIZE];

	ret_debug->fd = -1;
	if (build_id_path(&own->elf, path) &&
	    (take_by_build_id(own, host_open_regular(path, TARGET_MAX_BINARY_BYTES), ret_debug) ||
	     take_by_build_id(own, target_open_path(search->target, path, TARGET_MAX_BINARY_BYTES),
			      ret_debug)))
		return true;
	return find_by_link(own, search, ret_debug);
}
