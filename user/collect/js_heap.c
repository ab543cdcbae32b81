// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Which process, what it would cost, readings that pass their checks, rows. */
#include "collect/js_heap_state.h"

#include "base/scope.h"
#include "base/vec.h"
#include "collect/targets.h"
#include "collect/v8_state.h"
#include "host/clock.h"
#include "host/log.h"
#include "host/memory_room.h"
#include "probe/function_place.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <string.h>

#define ATTEMPTS_MAX	5
#define AGAIN_MS	30 /* a collection is over by then, mostly */
#define UNKNOWN_MAX_PCT 2.0
#define ASTRAY_MAX	16
#define SPARE_BYTES	(4u << 20) /* what the heap may grow by until it stands still */
#define SAMPLE_BYTES	(16u << 20)
#define STOP_NS		(2 * NS_PER_MS) /* until threads stand still, and until they run again */
#define THREAD_NS	(100 * 1000ull) /* of each of them */

void js_heap_free(struct js_heap_reader *r)
{
	if (!r)
		return;
	js_heap_copy_done(&r->copy);
	v8_layout_done(&r->layout);
	if (r->target.pid)
		target_done(&r->target);
	strings_done(&r->names);
	free(r->rows.at);
	free(r->chunks);
	free(r);
}

void js_heap_freep(struct js_heap_reader **r)
{
	js_heap_free(*r);
}

int js_heap_pidfd(const struct js_heap_reader *r)
{
	return r->target.pidfd;
}

const char *js_heap_describe(const struct js_heap_reader *r)
{
	return r->description;
}

/* --- which process ---------------------------------------------------------------------------- */

static int look(void *ctx, const struct elf *elf, const struct mapping *m)
{
	struct js_heap_reader *r = ctx;

	(void)m;
	v8_layout_done(&r->layout);
	return v8_layout_read(elf, &r->layout);
}

/* Another tracer would not let us in; what is stopped would have to stay so. */
static int check_state(const struct js_heap_reader *r)
{
	struct process_stat st;
	int err = procfs_stat(r->target.pid, &st);

	if (err)
		return targets_say_not_opened(r->target.pid, err, 0);
	if (st.tracer) {
		log_error("process %d is traced by process %d: two cannot", (int)r->target.pid,
			  (int)st.tracer);
		return EXIT_UNSUPPORTED;
	}
	if (st.state == 'T' || st.state == 't') {
		log_error("process %d is stopped: it is left as it is", (int)r->target.pid);
		log_hint("kill -CONT %d lets it go on", (int)r->target.pid);
		return EXIT_UNSUPPORTED;
	}
	return EXIT_DONE;
}

static int find_v8(struct js_heap_reader *r)
{
	_release_(closep) int fd = -1;
	int err = function_file_find(&r->target, look, r, &fd);

	if (err == -ENODATA) {
		log_error("process %d (%s) has no V8, so no heap of JavaScript", (int)r->target.pid,
			  r->target.comm);
		return EXIT_UNSUPPORTED;
	}
	if (err == -EOPNOTSUPP) {
		log_error("the heap of process %d cannot be read: %s", (int)r->target.pid,
			  r->layout.refusal);
		return EXIT_UNSUPPORTED;
	}
	if (err)
		return targets_say_not_opened(r->target.pid, err, 0);
	r->at_pages = v8_page_layout(&r->layout.version);
	if (r->at_pages)
		return EXIT_DONE;
	log_error("the heap of process %d cannot be read: pages of V8 %u.%u are not known",
		  (int)r->target.pid, r->layout.version.major, r->layout.version.minor);
	return EXIT_UNSUPPORTED;
}

/* Isolates come and go. 0 or -errno. */
static int find_heaps(struct js_heap_reader *r)
{
	struct reader memory = v8_reader(&r->target);
	size_t count = 0;
	int err = js_heap_list_chunks(r, &count);

	r->heaps.len = 0;
	return err ? err : gc_heaps_find(&memory, r->chunks, count, &r->heaps);
}

static int say_no_heap(const struct js_heap_reader *r, int err)
{
	if (err != -ENODATA)
		return targets_say_not_opened(r->target.pid, err, 0);
	log_error("no heap of V8 was found in the memory of process %d", (int)r->target.pid);
	return EXIT_UNSUPPORTED;
}

/* Memory that may not be read looks as if there were no heap. */
static int check_access(const struct js_heap_reader *r)
{
	_release_(procmaps_done) struct procmaps maps = { 0 };
	uint64_t word;
	int err = target_maps(&r->target, &maps);

	if (!err && maps.len)
		err = target_read_memory(&r->target, maps.at[0].start, &word, sizeof(word));
	return err && err != -EFAULT ? targets_say_not_opened(r->target.pid, err, 0) : EXIT_DONE;
}

int js_heap_open(pid_t pid, struct js_heap_reader **ret)
{
	_release_(js_heap_freep) struct js_heap_reader *r = calloc(1, sizeof(*r));
	pid_t tgid = 0;
	int status, err;

	if (r)
		r->chunks = calloc(JS_HEAP_CHUNKS_MAX, sizeof(*r->chunks));
	if (!r || !r->chunks) {
		(void)log_errno(-ENOMEM, "cannot start");
		return EXIT_FAILED;
	}
	err = target_open(&r->target, pid, &tgid);
	if (err)
		return targets_say_not_opened(pid, err, tgid);
	(void)snprintf(r->description, sizeof(r->description), "%s (PID %d)", r->target.comm,
		       (int)pid);
	status = check_state(r);
	if (!status)
		status = check_access(r);
	if (!status)
		status = find_v8(r);
	if (status)
		return status;
	err = find_heaps(r);
	if (err)
		return say_no_heap(r, err);
	*ret = r;
	r = NULL;
	return EXIT_DONE;
}

/* --- what it would cost ----------------------------------------------------------------------- */

/* All that would be copied. */
static int survey(struct js_heap_reader *r)
{
	int err = js_heap_survey(r);

	return err ? err : js_heap_roots_find(r);
}

static uint64_t copied_bytes(const struct js_heap_copy *c)
{
	return js_heap_content_bytes(c) + js_heap_roots_bytes(c);
}

static size_t wanted_room(const struct js_heap_copy *c)
{
	uint64_t bytes = copied_bytes(c);

	return bytes + bytes / 8 + SPARE_BYTES;
}

static int make_room(struct js_heap_reader *r)
{
	size_t bytes = wanted_room(&r->copy);
	struct memory_room room;

	if (bytes > r->copy.room_bytes && !memory_room_of(getpid(), &room) &&
	    bytes - r->copy.room_bytes > room.bytes / 2) {
		log_error("a copy of the heap of process %d takes more than half of the memory "
			  "that is left here",
			  (int)r->target.pid);
		return -ENOMEM;
	}
	return js_heap_copy_make_room(&r->copy, bytes);
}

/* How long a byte takes: of pages as they are, while the process runs. */
static double ns_per_byte(struct js_heap_reader *r)
{
	const struct v8_pages *pages = &r->copy.pages;
	uint64_t began_ns = clock_monotonic_ns(), bytes = 0;

	for (size_t i = 0; i < pages->len && bytes < SAMPLE_BYTES; i++) {
		const struct v8_page *p = &pages->at[i];
		size_t size = p->end - p->start;

		if (size <= V8_PAGE_BYTES &&
		    !target_read_memory(&r->target, p->start, r->copy.room, size))
			bytes += size;
	}
	return bytes ? (double)(clock_monotonic_ns() - began_ns) / (double)bytes : 0;
}

int js_heap_estimate(struct js_heap_reader *r, struct js_heap_estimate *ret)
{
	uint64_t began_ns = clock_monotonic_ns();
	struct process_stat st = { 0 };
	int err = survey(r);
	uint64_t survey_ns = clock_monotonic_ns() - began_ns;

	if (!err)
		err = procfs_stat(r->target.pid, &st);
	if (!err)
		err = make_room(r);
	if (err == -ENOMEM)
		return EXIT_FAILED;
	if (err)
		return targets_say_not_opened(r->target.pid, err, 0);
	*ret = (struct js_heap_estimate){ .copied_bytes = copied_bytes(&r->copy),
					  .threads = st.threads,
					  .heaps = (uint32_t)r->heaps.len };
	ret->pause_ns = STOP_NS + 2 * survey_ns + st.threads * THREAD_NS +
			(uint64_t)(ns_per_byte(r) * (double)ret->copied_bytes);
	return EXIT_DONE;
}

/* --- a reading -------------------------------------------------------------------------------- */

/* Rows are in order of the names, which are kept once. */
static int add_row(struct js_heap_reader *r, const char *name, const struct v8_census_row *row,
		   size_t reading)
{
	uint32_t id;
	int err = strings_add(&r->names, name, &id);

	while (!err && r->rows.len < r->names.len) {
		struct js_heap_row *new = vec_push(&r->rows);

		if (!new)
			return -ENOMEM;
		*new = (struct js_heap_row){ .name = r->names.at[r->rows.len - 1] };
	}
	if (err)
		return err;
	r->rows.at[id].at[reading] =
		(struct js_heap_total){ row->count, row->bytes, row->live_count, row->live_bytes };
	return 0;
}

static int keep(struct js_heap_reader *r, const struct v8_census *census, size_t reading)
{
	int err = 0;

	for (size_t i = 0; i < census->len && !err; i++)
		if (census->at[i].count)
			err = add_row(r, census->names.at[i], &census->at[i], reading);
	return err;
}

static struct js_heap_reading reading_of(const struct js_heap_reader *r,
					 const struct v8_census *census)
{
	const struct js_heap_copy *c = &r->copy;

	return (struct js_heap_reading){
		.pause_ns = c->pause_ns,
		.heaps = (uint32_t)r->heaps.len,
		.page_count = c->pages.len,
		.total_bytes = c->total_bytes,
		.code_bytes = c->code_bytes,
		.free_bytes = census->free_bytes + c->unused_bytes,
		.unknown_bytes = census->unknown_bytes,
		.roots_bytes = c->roots_bytes,
		.all = { census->object_count, census->object_bytes, census->live_count,
			 census->live_bytes },
	};
}

/* Why the reading is not to be trusted; false: it is. */
static bool is_doubtful(const struct js_heap_reader *r, const struct v8_census *census,
			const struct js_heap_reading *reading, char why[V8_REFUSAL_MAX])
{
	uint64_t committed = r->copy.committed_bytes, total = reading->total_bytes;
	uint64_t differ = committed > total ? committed - total : total - committed;
	double unknown_pct = js_heap_unknown_pct(reading);

	why[0] = '\0';
	if (differ)
		(void)snprintf(why, V8_REFUSAL_MAX,
			       "its pages are %.1f MiB, and V8 says it has %.1f MiB",
			       (double)total / (1u << 20), (double)committed / (1u << 20));
	else if (unknown_pct >= UNKNOWN_MAX_PCT)
		(void)snprintf(why, V8_REFUSAL_MAX,
			       "%.1f %% of it is not explained, and %.0f %% may be", unknown_pct,
			       UNKNOWN_MAX_PCT);
	else if (census->astray_count > ASTRAY_MAX)
		(void)snprintf(why, V8_REFUSAL_MAX, "it is always in the midst of a collection");
	return why[0] != '\0';
}

/* Copies and counts once. 0 or -errno. */
static int try_once(struct js_heap_reader *r, struct v8_census *census)
{
	struct v8_copy copy;
	int err = find_heaps(r);

	if (!err)
		err = survey(r);
	if (!err)
		err = make_room(r);
	if (!err)
		err = js_heap_copy_take(r);
	if (err)
		return err;
	copy = (struct v8_copy){
		.offsets = r->layout.offsets,
		.pages = r->copy.copied.at,
		.page_count = r->copy.copied.len,
		.gaps = r->copy.gaps.at,
		.gap_count = r->copy.gaps.len,
		.left = r->copy.left.at,
		.left_count = r->copy.left.len,
		.rest = { js_heap_read_rest, r },
	};
	return v8_census_take(&copy, &r->copy.roots, census);
}

static int say_failed(const struct js_heap_reader *r, int err, const char *why)
{
	int pid = (int)r->target.pid;

	if (!err) {
		log_error("the heap of process %d cannot be read: %s", pid, why);
		return EXIT_UNSUPPORTED;
	}
	if (err == -ENOMEM || err == -ENOBUFS) {
		(void)log_errno(err, "cannot copy the heap of process %d", pid);
		return EXIT_FAILED;
	}
	if (err == -ETIME) {
		log_error("process %d did not stand still: one of its threads waits for a device",
			  pid);
		return EXIT_FAILED;
	}
	return say_no_heap(r, err == -EFAULT || !target_is_same(&r->target) ? -ESRCH : err);
}

int js_heap_read(struct js_heap_reader *r)
{
	size_t n = r->value.reading_count;
	uint64_t began_ns = clock_monotonic_ns(), pause_ns = 0;
	char why[V8_REFUSAL_MAX] = "it grows too fast";
	int err = -ENOBUFS;

	assert(n < JS_HEAP_READINGS);
	for (uint32_t attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
		_release_(v8_census_done) struct v8_census census = { 0 };
		struct js_heap_reading *reading = &r->value.readings[n];
		uint64_t time_ns = clock_realtime_ns();

		err = try_once(r, &census);
		if (err && err != -ENOBUFS && err != -ETIME)
			break;
		pause_ns = r->copy.pause_ns > pause_ns ? r->copy.pause_ns : pause_ns;
		if (!err)
			*reading = reading_of(r, &census);
		if (!err && !is_doubtful(r, &census, reading, why)) {
			reading->time_ns = time_ns;
			reading->pause_ns = pause_ns;
			reading->took_ns = clock_monotonic_ns() - began_ns;
			reading->attempts = attempt;
			r->value.reading_count++;
			return keep(r, &census, n) ? EXIT_FAILED : EXIT_DONE;
		}
		(void)poll(&(struct pollfd){ r->target.pidfd, POLLIN, 0 }, 1, AGAIN_MS);
	}
	return say_failed(r, err, why);
}

void js_heap_take(struct js_heap_reader *r, struct js_heap *ret)
{
	const struct v8_version *v = &r->layout.version;

	*ret = r->value;
	ret->version = VERSION;
	ret->pid = r->target.pid;
	ret->name = r->target.comm;
	ret->exe = r->target.exe;
	ret->v8_major = v->major;
	ret->v8_minor = v->minor;
	ret->rows = r->rows.at;
	ret->row_count = r->rows.len;
	ret->own_rss_bytes = procfs_own_rss_bytes();
	ret->own_cpu_ns = clock_process_cpu_ns();
	js_heap_order(ret);
}
