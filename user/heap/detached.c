// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Two walks: from the attached ones, then from the detached ones over what is left. */
#include "heap/detached.h"

#include <errno.h>
#include <stdlib.h>

static bool is_known(const struct snapshot *s, uint32_t node)
{
	return s->type[node] != NODE_NATIVE || s->link[node] != LINK_UNKNOWN;
}

static bool leads_on(const struct snapshot *s, uint32_t edge)
{
	enum edge_type type = snapshot_edge_type(s, edge);

	return type != EDGE_HIDDEN && type != EDGE_WEAK;
}

static void spread(struct snapshot *s, uint8_t link, uint32_t *work)
{
	size_t len = 0;

	for (uint32_t n = 0; n < s->node_count; n++) {
		if (s->type[n] == NODE_NATIVE && s->link[n] == link)
			work[len++] = n;
	}
	while (len) {
		uint32_t node = work[--len];

		for (uint32_t e = s->first_edge[node]; e < s->first_edge[node + 1]; e++) {
			uint32_t to = s->edge_to[e];

			if (!leads_on(s, e) || is_known(s, to))
				continue;
			s->link[to] = link;
			work[len++] = to;
		}
	}
}

int detached_spread(struct snapshot *s)
{
	uint32_t *work = reallocarray(NULL, s->node_count, sizeof(*work));

	if (!work)
		return -ENOMEM;
	spread(s, LINK_ATTACHED, work);
	spread(s, LINK_DETACHED, work);
	free(work);
	return 0;
}
