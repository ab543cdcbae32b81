// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The first line of /proc/stat: "cpu", user nice system idle iowait irq softirq steal. */
#include "host/steal.h"

#include "base/parse.h"
#include "base/scope.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#define FIELDS 8

static int read_ticks(struct steal_note *note)
{
	_release_(closep) int fd = open("/proc/stat", O_RDONLY | O_CLOEXEC);
	char line[512], *at;
	ssize_t len = fd >= 0 ? read(fd, line, sizeof(line) - 1) : -1;

	if (len < 4 || strncmp(line, "cpu ", 4) != 0)
		return -EINVAL;
	line[len] = 0;
	at = line + 4 + strspn(line + 4, " ");
	note->all = 0;
	for (int i = 0; i < FIELDS; i++) {
		const char *field = strsep(&at, " \n");
		uint64_t ticks = 0;

		if (!field || parse_u64(field, UINT64_MAX, &ticks))
			return -EINVAL;
		note->all += ticks;
		note->stolen = ticks; /* the last one is it */
	}
	return 0;
}

void steal_note(struct steal *s, uint64_t now_ns)
{
	struct steal_note *note = &s->at[s->count % STEAL_NOTES];

	note->at_ns = now_ns;
	if (read_ticks(note) == 0)
		s->count++;
}

uint64_t steal_pct(const struct steal *s, uint64_t from_ns, uint64_t to_ns)
{
	size_t oldest = s->count > STEAL_NOTES ? s->count - STEAL_NOTES : 0;
	const struct steal_note *from = NULL, *to = NULL;

	for (size_t i = s->count; i > oldest; i--) {
		const struct steal_note *note = &s->at[(i - 1) % STEAL_NOTES];

		if (note->at_ns >= to_ns || !to)
			to = note;
		from = note;
		if (note->at_ns <= from_ns)
			break;
	}
	if (!from || from == to || to->all <= from->all || to->stolen < from->stolen)
		return 0;
	return (to->stolen - from->stolen) * 100 / (to->all - from->all);
}
