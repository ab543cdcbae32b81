// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Call chains of this program's own code, every few bytes, against those of llvm-symbolizer, which
 * reads DWARF by code of its own.
 */
#include "host/symboliser.h"

#include "base/scope.h"
#include "base/vec.h"
#include "host/symbol_binary.h"
#include "tap.h"

#include <fcntl.h>
#include <unistd.h>

#define STEP_BYTES	 13
#define CHAIN_TEXT_BYTES 4096

struct spot {
	uint64_t addr;
	char *ours,
		*theirs; /* "function file:line" of each frame, the innermost first; NULL none */
};

static struct {
	struct spot *at;
	size_t len, cap;
} spots;

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* The outermost name is the symbol table's business: clones have names of their own there. */
static void put_frame(FILE *out, const char *function, const char *file, uint32_t line)
{
	(void)fprintf(out, "%s %s:%u\n", function, base_name(file), line);
}

static void take_ours(void *ctx, const struct call_chain *chain)
{
	struct spot *spot = &spots.at[chain->index];
	size_t len;
	FILE *out = open_memstream(&spot->ours, &len);

	(void)ctx;
	must(out);
	for (size_t i = 0; i < chain->len; i++)
		put_frame(out, i + 1 < chain->len ? chain->frames[i].function : "",
			  chain->frames[i].file, chain->frames[i].line);
	must(fclose(out) == 0);
	if (!chain->frames[chain->len - 1].function[0]) { /* code without DWARF of its own */
		free(spot->ours);
		spot->ours = NULL;
	}
}

static bool next_line(FILE *in, char *line, size_t size)
{
	if (!fgets(line, (int)size, in))
		return false;
	line[strcspn(line, "\n")] = 0;
	return line[0];
}

/* Blocks of lines: for each frame its function and FILE:LINE:COLUMN; an empty line at the end. */
static bool take_theirs(FILE *in, struct spot *spot)
{
	char function[CHAIN_TEXT_BYTES], next[CHAIN_TEXT_BYTES], place[CHAIN_TEXT_BYTES];
	bool has_next = next_line(in, function, sizeof(function));
	size_t len;
	FILE *out = open_memstream(&spot->theirs, &len);

	must(out);
	while (has_next && next_line(in, place, sizeof(place))) {
		char *line = strchr(place, ':');
		unsigned int number = 0;

		must(line && sscanf(line, ":%u", &number) == 1);
		*line = 0;
		has_next = next_line(in, next, sizeof(next));
		put_frame(out, has_next ? function : "", place, number);
		memcpy(function, next, sizeof(function));
	}
	must(fclose(out) == 0);
	return len > 0;
}

static bool ask_oracle(void)
{
	char list[] = "/tmp/symboliser-oracle.XXXXXX", command[512];
	int fd = mkstemp(list);
	_release_(fclosep) FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
	bool is_done = true;
	FILE *in;

	must(out);
	for (size_t i = 0; i < spots.len; i++)
		(void)fprintf(out, "0x%jx\n", (uintmax_t)spots.at[i].addr);
	must(fflush(out) == 0);
	(void)snprintf(command, sizeof(command),
		       "llvm-symbolizer --obj=/proc/%d/exe --inlines --basenames "
		       "--functions=linkage --no-demangle <%s 2>/dev/null",
		       (int)getpid(), list);
	in = popen(command, "r");
	must(in);
	for (size_t i = 0; is_done && i < spots.len; i++)
		is_done = take_theirs(in, &spots.at[i]);
	is_done = pclose(in) == 0 && is_done;
	(void)unlink(list);
	return is_done;
}

static void collect_spots(const struct elf *elf)
{
	for (size_t i = 0; i < elf->segment_count; i++) {
		const struct elf_segment *s = &elf->segments[i];

		for (uint64_t at = 0; s->executable && at < s->file_size; at += STEP_BYTES) {
			struct spot *spot = vec_push(&spots);

			must(spot);
			*spot = (struct spot){ .addr = s->vaddr + at };
		}
	}
}

static void compare(void)
{
	size_t same = 0, inlined = 0, wrong = 0;

	for (size_t i = 0; i < spots.len; i++) {
		const struct spot *s = &spots.at[i];

		if (!s->ours)
			continue;
		inlined += strchr(s->ours, '\n')[1] != 0;
		if (strcmp(s->ours, s->theirs) == 0) {
			same++;
		} else if (wrong++ < 5) {
			ok(false, "0x%jx", (uintmax_t)s->addr);
			printf("# ours:   %s# theirs: %s", s->ours, s->theirs);
		}
	}
	is_int(wrong, 0, "chains that differ, of %zu that agree", same);
	ok(same > 100 && inlined > 10, "chains compared: %zu, with inlined functions: %zu", same,
	   inlined);
}

int main(void)
{
	struct symbol_binary self = { .fd = -1 };
	struct symboliser_question q = { .debugdata_fd = -1 };
	uint64_t *addrs;

	must(symbol_binary_open(&self, open("/proc/self/exe", O_RDONLY | O_CLOEXEC)) == 0);
	collect_spots(&self.elf);
	addrs = calloc(spots.len + 1, sizeof(*addrs));
	must(addrs);
	for (size_t i = 0; i < spots.len; i++)
		addrs[i] = spots.at[i].addr;
	q.dwarf_fd = self.fd;
	q.addrs = addrs;
	q.count = spots.len;
	is_int(symboliser_ask(&q, take_ours, NULL), 0, "chains of this program");
	if (ask_oracle())
		compare();
	else
		skip("chains compared", "llvm-symbolizer does not work here");
	for (size_t i = 0; i < spots.len; i++) {
		free(spots.at[i].ours);
		free(spots.at[i].theirs);
	}
	free(spots.at);
	free(addrs);
	symbol_binary_done(&self);
	return tap_done();
}
