// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Takes memory of the kind that a line "KIND MIB" asks for, writes to each page of it, and keeps
 * it: heap (malloc of small blocks in the main thread), arena (the same in another thread), large
 * (one block of malloc), mapped (anonymous mmap), code (the same, executable), stack (of a thread
 * that waits), file (mmap of a file, read), dirty (a private one, written), shared (memfd). Says
 * {"what":KIND,"bytes":N}.
 */
#include "gate.h"

#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <sys/mman.h>

#define PAGE	 4096ul
#define BLOCK	 1000ul
#define OVERHEAD 8ul /* of glibc's malloc, for each block; sizes are multiples of 16 */

struct order {
	size_t bytes;
	int is_done;
	pthread_mutex_t lock;
	pthread_cond_t changed;
};

static void must(int is_ok)
{
	if (!is_ok) {
		perror("memory-kinds");
		exit(1);
	}
}

static void touch(char *at, size_t bytes)
{
	for (size_t i = 0; i < bytes; i += PAGE)
		((volatile char *)at)[i] = 1;
}

static void keep_small_blocks(size_t bytes)
{
	for (size_t kept = 0; kept < bytes; kept += (BLOCK + OVERHEAD + 15) / 16 * 16) {
		char *block = malloc(BLOCK);

		must(block != NULL);
		memset(block, 1, BLOCK);
		__asm__ volatile("" ::"r"(block) : "memory");
	}
}

static void done(struct order *o)
{
	pthread_mutex_lock(&o->lock);
	o->is_done = 1;
	pthread_cond_signal(&o->changed);
	pthread_mutex_unlock(&o->lock);
}

static void *use_arena(void *arg)
{
	struct order *o = arg;

	keep_small_blocks(o->bytes);
	done(o);
	for (;;)
		pause();
	return NULL;
}

static void *use_stack(void *arg)
{
	struct order *o = arg;
	char on_stack[o->bytes];

	touch(on_stack, o->bytes);
	done(o);
	for (;;)
		pause();
	return NULL;
}

static void in_thread(void *(*run)(void *), size_t bytes, size_t stack_bytes)
{
	static struct order o = { .lock = PTHREAD_MUTEX_INITIALIZER,
				  .changed = PTHREAD_COND_INITIALIZER };
	pthread_attr_t attributes;
	pthread_t thread;

	o.bytes = bytes;
	o.is_done = 0;
	must(pthread_attr_init(&attributes) == 0);
	must(pthread_attr_setstacksize(&attributes, stack_bytes) == 0);
	must(pthread_create(&thread, &attributes, run, &o) == 0);
	pthread_mutex_lock(&o.lock);
	while (!o.is_done)
		pthread_cond_wait(&o.changed, &o.lock);
	pthread_mutex_unlock(&o.lock);
}

static void map(size_t bytes, int protection, int flags, int fd)
{
	char *at = mmap(NULL, bytes, protection, flags, fd, 0);
	volatile char sum = 0;

	must(at != MAP_FAILED);
	if (protection & PROT_WRITE)
		touch(at, bytes);
	else
		for (size_t i = 0; i < bytes; i += PAGE)
			sum += at[i];
}

static void map_file(size_t bytes, int protection)
{
	char path[] = "memory-kinds.XXXXXX";
	int fd = mkstemp(path);
	static char page[PAGE];

	must(fd >= 0 && unlink(path) == 0);
	for (size_t i = 0; i < bytes; i += PAGE)
		must(write(fd, page, PAGE) == (ssize_t)PAGE);
	map(bytes, protection, MAP_PRIVATE, fd);
	close(fd);
}

static void map_shared(size_t bytes)
{
	int fd = memfd_create("memory-kinds", 0);

	must(fd >= 0 && ftruncate(fd, (off_t)bytes) == 0);
	map(bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
	close(fd);
}

static void take(const char *kind, size_t bytes)
{
	int anonymous = MAP_PRIVATE | MAP_ANONYMOUS;

	if (strcmp(kind, "heap") == 0)
		keep_small_blocks(bytes);
	else if (strcmp(kind, "arena") == 0)
		in_thread(use_arena, bytes, 64 * PAGE);
	else if (strcmp(kind, "stack") == 0)
		in_thread(use_stack, bytes, bytes + 64 * PAGE);
	else if (strcmp(kind, "large") == 0)
		touch(malloc(bytes), bytes);
	else if (strcmp(kind, "mapped") == 0)
		map(bytes, PROT_READ | PROT_WRITE, anonymous, -1);
	else if (strcmp(kind, "code") == 0)
		map(bytes, PROT_READ | PROT_WRITE | PROT_EXEC, anonymous, -1);
	else if (strcmp(kind, "file") == 0)
		map_file(bytes, PROT_READ);
	else if (strcmp(kind, "dirty") == 0)
		map_file(bytes, PROT_READ | PROT_WRITE);
	else if (strcmp(kind, "shared") == 0)
		map_shared(bytes);
	else
		must(0);
}

int main(void)
{
	char line[64];

	/* a block stays large, whatever was freed */
	must(mallopt(M_MMAP_THRESHOLD, 128 * 1024) == 1);
	gate_ready();
	for (;;) {
		char *size;

		gate_line(line, sizeof(line));
		if (!line[0])
			return 0;
		size = strchr(line, ' ');
		must(size != NULL);
		*size++ = '\0';
		take(line, number_or(size, 1) << 20);
		printf("{\"what\":\"%s\",\"bytes\":%ju}\n", line,
		       (uintmax_t)(number_or(size, 1) << 20));
		fflush(stdout);
	}
}
