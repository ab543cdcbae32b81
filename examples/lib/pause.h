/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Waiting that a signal does not cut short. */
#ifndef EXAMPLE_PAUSE_H
#define EXAMPLE_PAUSE_H

#include <semaphore.h>
#include <stdint.h>

void pause_ns(uint64_t ns);
void pause_until_posted(sem_t *sem);

#endif
