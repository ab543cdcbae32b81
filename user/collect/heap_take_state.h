/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the parts of heap_take share. Each function returns 0 or -errno after saying what is wrong.
 */
#ifndef COLLECT_HEAP_TAKE_STATE_H
#define COLLECT_HEAP_TAKE_STATE_H

#include "collect/heap_take.h"
#include "host/inspector.h"
#include "host/memory_room.h"
#include "host/outfile.h"
#include "host/procfs.h"

/* What a snapshot costs the process where the heap is many small objects: the most that was seen.
 */
#define HEAP_TAKE_ROOM_PER_BYTE	   20
#define HEAP_TAKE_FREEZE_NS_PER_MB 170000000ull
#define HEAP_TAKE_FILE_PER_BYTE	   2 /* of the heap: the file */

/* Into which node writes a snapshot at a signal. */
struct heap_take_folder {
	int fd;		/* O_PATH; 0: there is none */
	char name[256]; /* clean */
};

struct heap_take {
	const struct heap_take_plan *plan;
	struct target target;
	struct process_stat stat;
	struct memory_room room;
	int signo;			/* by_signal: which one */
	struct heap_take_folder folder; /* by_signal */
	bool minds_diagnostic_dir;	/* it writes there at the signal: from Node 20 on */
	uint16_t port;			/* that its inspector would listen at; 0: any */
	bool was_open;			/* the inspector, before us */
	bool may_have_handler;		/* of its own for SIGUSR1: it cannot be told */
	struct listener at;
	struct inspector inspector;
	bool is_lost;			      /* the session: nothing can be asked any more */
	struct outfile *files[HEAP_TAKE_MAX]; /* NULL: written */
	uint64_t bytes;			      /* of the snapshot that comes */
	bool has_failed;		      /* to write it */
};

/* --- heap_take_check.c: before anything is done to the process --- */

int heap_take_check(struct heap_take *t);

/* Words of the command line or the environment that are looked at, in bytes. */
#define HEAP_TAKE_WORDS_MAX (1u << 20)

/* The machine and the cgroup have room for a snapshot of so much. */
int heap_take_check_room(struct heap_take *t, uint64_t heap_bytes);

/* About how long it would stand still. */
uint64_t heap_take_freeze_ns(uint64_t heap_bytes);

/* --- heap_take_signal.c --- */

/*
 * By the signal: which one, and into which folder; and that it would do no harm: a node that cannot
 * write its snapshot ends.
 */
int heap_take_check_signal(struct heap_take *t);

/* --- heap_take_written.c --- */

/*
 * Sends the signal, waits until the snapshot is written, and copies it to @out; node's own file is
 * removed, also where only a part of it is there. t->bytes: of it.
 */
int heap_take_written(struct heap_take *t, FILE *out, uint64_t *ret_took_ns);

/* --- heap_take_handler.c --- */

/*
 * Has the program a handler of its own for SIGUSR1? @program: code of node, or of libuv. 1, 0, or
 * -errno: it cannot be told. Says nothing.
 */
int heap_take_has_handler(const struct target *t, const struct mapping *program);

/* --- heap_take_session.c --- */

/* Opens the inspector and a session, and makes sure whose they are. */
int heap_take_open(struct heap_take *t, uint64_t *ret_heap_bytes);

/*
 * Sends a request and hands each message up to its answer to @each (NULL: to none); the answer is
 * in @m. The first signal is not the end of it: inspector.signals counts them.
 */
int heap_take_ask(struct heap_take *t, const char *method, const char *params,
		  void (*each)(struct heap_take *t, const struct cdp_message *m),
		  struct cdp_message *m);

/* Closes the inspector, unless it was open before, and looks whether it is closed. */
int heap_take_close(struct heap_take *t);

#endif
