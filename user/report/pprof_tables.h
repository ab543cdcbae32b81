/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the samples of a profile.proto refer to: texts, files, functions, places in the code. */
#ifndef REPORT_PPROF_TABLES_H
#define REPORT_PPROF_TABLES_H

#include "base/id_table.h"
#include "base/strings.h"
#include "profile/profile.h"
#include "report/pprof_stream.h"

/* A file with code; the kernel is one, and each module of it. */
struct pprof_mapping {
	uint32_t module; /* text, as frames have it */
	bool is_kernel;	 /* a process may have a file that is called like the kernel's */
	uint64_t limit;	 /* behind the largest offset */
	bool has_files, has_lines, has_inlined;
};

struct pprof_function {
	uint32_t name, file; /* texts */
};

/*
 * A frame, behind the frames that were inlined into it; they lie in the profile. None: a stack of
 * which nothing is known, because readers leave out a sample without any place.
 */
struct pprof_location {
	const uint32_t *frames;
	size_t count;
};

struct pprof_tables {
	const struct profile *profile;
	struct strings texts; /* the first is "" */
	struct {
		struct pprof_mapping *at;
		size_t len, cap;
	} mappings;
	struct {
		struct pprof_function *at;
		size_t len, cap;
	} functions;
	struct {
		struct pprof_location *at;
		size_t len, cap;
	} locations;
	struct id_table mapping_ids, function_ids, location_ids;
	uint32_t *mapping_of, *function_of; /* by frame; ID_NONE: no mapping */
	uint32_t unknown_function;
};

/* Files and functions of all frames. 0 or -ENOMEM; ended by pprof_tables_done, also then. */
int pprof_tables_init(struct pprof_tables *t, const struct profile *p);
void pprof_tables_done(struct pprof_tables *t);

/*
 * The ids, from 1, of the locations of a stack, leaf first: at least one, not more than
 * PROFILE_MAX_DEPTH. 0 or -ENOMEM.
 */
int pprof_tables_locate(struct pprof_tables *t, const struct profile_stack *s, uint64_t *ret_ids,
			size_t *ret_count);

/* Everything but the texts. 0 or -ENOMEM. */
int pprof_tables_write(struct pprof_tables *t, const struct profile_meta *m,
		       struct pprof_stream *out);

/* The texts; none can be added after that. */
void pprof_tables_write_texts(const struct pprof_tables *t, struct pprof_stream *out);

#endif
