/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * vitals-exporter's own part of the kernel side: which processes begin. Each is told of by a struct
 * process_event (abi/target.h): PROCESS_EXEC of any process, PROCESS_FORK of those in the map
 * "targets".
 */
#ifndef ABI_VITALS_EXPORTER_H
#define ABI_VITALS_EXPORTER_H

#include "abi/target.h"

enum discovery_counter {
	DISCOVERY_LOST_EVENTS, /* the ring buffer was full: what began then is found by a scan */
	DISCOVERY_COUNTERS
};

#endif
