// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A name, a NUL, zeros up to a multiple of four bytes, four bytes of CRC. */
#include "symbol/debug_link.h"

#include <errno.h>
#include <string.h>

static bool is_plain_name(const char *name)
{
	return name[0] && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && !strchr(name, '/');
}

int debug_link_parse(struct bytes section, struct debug_link *ret_link)
{
	struct debug_link link = { .crc = 0 };
	size_t len = section.len ? strnlen((const char *)section.at, section.len) : 0;
	size_t crc_at = (len + sizeof(link.crc)) & ~(sizeof(link.crc) - 1); /* the NUL included */

	if (len >= sizeof(link.name) || section.len < crc_at + sizeof(link.crc))
		return -EBADMSG;
	memcpy(link.name, section.at, len);
	memcpy(&link.crc, section.at + crc_at, sizeof(link.crc));
	if (!is_plain_name(link.name))
		return -EBADMSG;
	*ret_link = link;
	return 0;
}

int debug_link_read(const struct elf *elf, struct debug_link *ret_link)
{
	uint8_t buf[DEBUG_LINK_NAME_MAX + 2 * sizeof(uint32_t)];
	size_t len = elf->debuglink.size < sizeof(buf) ? elf->debuglink.size : sizeof(buf);
	const struct reader *r = &elf->reader;
	int err;

	if (!len)
		return -ENODATA;
	err = r->read_at(r, elf->debuglink.offset, buf, len);
	return err ? err : debug_link_parse((struct bytes){ buf, len }, ret_link);
}
