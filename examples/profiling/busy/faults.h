/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The four classic ways to hold up an event loop, each with its repair. Each function does what one
 * request needs.
 */
#ifndef BUSY_FAULTS_H
#define BUSY_FAULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- sync_io.c: files read and synced by the loop ----------------------------------------------
 */

/* Makes the two files, without names, in @directory. 0 or a negative errno. */
int sync_io_start(const char *directory);

/* Reads the whole price list and waits until the audit line is on disk. */
int answer_from_disk(uint64_t *ret_sum);

/* The list is in memory, a thread writes the lines; -EAGAIN when it is too far behind. */
int answer_from_memory(uint64_t *ret_sum);

/* Writes what is queued and ends the thread; nothing when it does not run. */
void sync_io_stop(void);

/* --- json.c: a large document parsed for one field ---------------------------------------------
 */

#define CATALOG_ARTICLES 20000

int catalog_start(void); /* makes the document; 0 or -ENOMEM */
size_t catalog_bytes(void);

/* Both: -ENODATA when there is no such article, -EBADMSG when the document is broken. */
int find_price_in_catalog(uint32_t id, uint64_t *ret_price); /* parses all of it */
int find_price_in_record(uint32_t id, uint64_t *ret_price);  /* parses that record */

/* --- pattern.c: ^(a+)+$ by backtracking and by sets of states -----------------------------------
 */

#define PATTERN_TEXT_MAX 24 /* twice the time for each byte more */

/* @ret_steps: how many instructions of the pattern's program were tried. */
bool match_backtracking(const char *text, uint64_t *ret_steps);
bool match_linear(const char *text, uint64_t *ret_steps);

/* --- digest.c: the same bytes hashed for each request -------------------------------------------
 */

void digest_start(void);
uint64_t digest_again(void);
uint64_t digest_cached(void);

#endif
