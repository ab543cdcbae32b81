// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Samples a process as cpu-sample does, and prints each frame of its stacks with the place in
 * memory, for tests that know what is there (tests/support/js_truth.py). No map that the process
 * writes of its code is read.
 *
 *	v8-frames PID SAMPLES HZ
 *
 * A line of JSON for each stack, leaf first: {"count":N,"end":"complete","places":[{"pc":"0x...",
 * "frames":[...]}]}, pc inside its instruction; frames only of code that V8 made or that is a
 * JavaScript function's: innermost first, the last has the code.
 */
#include "base/json.h"
#include "base/parse.h"
#include "base/scope.h"
#include "collect/cpu_sample_state.h"
#include "host/log.h"
#include "probe/load.h"
#include "report/frame_json.h"

#include <stdlib.h>

#define LOOK_EVERY_NS (20 * NS_PER_MS)
#define FRAMES_MAX    64 /* of one place */

struct run {
	struct cpu_sample *sample;
	struct loop *loop;
	uint64_t wanted;
};

static int on_time(void *ctx)
{
	struct run *run = ctx;
	uint64_t taken, lost;

	cpu_sample_counts(run->sample, &taken, &lost);
	return taken >= run->wanted;
}

static void print_frame(const struct frame *f, struct json *j)
{
	json_object(j);
	json_key_string(j, "function", f->function);
	json_key_string(j, "file", f->file);
	json_key_u64(j, "line", f->line);
	json_key_u64(j, "column", f->column);
	json_key_bool(j, "inlined", f->is_inlined);
	json_end(j);
}

static void print_place(struct run *run, const struct stack_code *code,
			const struct stack_frames *walked, size_t index, struct json *j)
{
	struct frame frames[FRAMES_MAX] = { 0 };
	struct stack_room room = { .at = frames, .max = FRAMES_MAX };
	size_t len = stack_names_frame(&run->sample->names, code, walked, index, &room);

	json_object(j);
	json_key(j, "pc");
	json_hex(j, walked->at[index]);
	json_key(j, "frames");
	json_array(j);
	for (size_t i = 0; i < len && frames[len - 1].kind == FRAME_JIT; i++)
		print_frame(&frames[i], j);
	json_end(j);
	json_end(j);
}

static int print_sample(struct run *run, const struct sample *s)
{
	const struct sampled *process = cpu_sample_find(run->sample, (pid_t)s->key.tgid);
	const struct program *program = process ? sampled_program(process, s->key.exec) : NULL;
	struct stack_code code = { .names = program ? program->names : 0 };
	struct stack_frames walked;
	struct json j;

	if (!program || stack_read(run->sample->names.stacks_fd, s->key.user, &walked))
		return 0;
	json_init(&j, stdout);
	json_object(&j);
	json_key_u64(&j, "count", s->value.count);
	json_key_string(&j, "end", stack_end_names[walked.end]);
	json_key(&j, "places");
	json_array(&j);
	for (size_t i = 0; i < walked.len; i++)
		print_place(run, &code, &walked, i, &j);
	json_end(&j);
	json_end(&j);
	return putchar('\n') == EOF ? -EIO : 0;
}

static int print_samples(struct run *run)
{
	_release_(sample_list_done) struct sample_list list = { 0 };
	_release_(profile_freep) struct profile *profile = NULL;
	struct profile_meta meta;
	int err = cpu_sample_profile(run->sample, &meta, &profile); /* all names at once */

	if (!err)
		err = cpu_sample_read(run->sample, &list);

	for (size_t i = 0; i < list.len && !err; i++)
		err = print_sample(run, &list.at[i]);
	return err;
}

static int sample(struct run *run, pid_t pid)
{
	int err = cpu_sample_start(run->sample);

	if (err || cpu_sample_add(run->sample, pid))
		return -ESRCH;
	err = loop_every(run->loop, LOOK_EVERY_NS, on_time, run);
	if (!err)
		err = loop_run(run->loop);
	cpu_sample_stop(run->sample);
	return err ? err : print_samples(run);
}

int main(int argc, char **argv)
{
	struct cpu_sample_options options = { .stacks = STACKS_AUTO,
					      .has_user = true,
					      .has_js_tiers = true,
					      .max_stacks = 65536,
					      .max_loss_pct = 100 };
	_release_(loop_freep) struct loop *loop = loop_new();
	_release_(cpu_sample_freep) struct cpu_sample *sampler = NULL;
	struct run run = { .loop = loop };
	uint64_t pid;

	log_init("v8-frames", LOG_WARN);
	probe_log_init();
	if (argc != 4 || parse_u64(argv[1], INT32_MAX, &pid) ||
	    parse_u64(argv[2], UINT32_MAX, &run.wanted) ||
	    parse_u64(argv[3], 100000, &options.frequency_hz)) {
		fprintf(stderr, "usage: v8-frames PID SAMPLES HZ\n");
		return 2;
	}
	if (!loop || cpu_sample_open(&options, loop, &sampler))
		return 1;
	run.sample = sampler;
	return sample(&run, (pid_t)pid) ? 1 : 0;
}
