// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Puts together what the place of a frame in the code and its function tell. */
#include "symbol/v8.h"

#include "base/strings.h"
#include "symbol/v8_code.h"
#include "symbol/v8_function.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define UNREADABLE "[js]"
#define MAX_TEXTS  16384

struct v8 {
	const struct v8_layout *layout;
	struct v8_counts counts;
	struct v8_memory memory;
	struct strings texts;
	struct v8_functions functions;
	struct v8_codes codes;
};

struct v8 *v8_new(const struct v8_layout *layout, struct v8_reader reader)
{
	struct v8 *v8 = calloc(1, sizeof(*v8));

	if (!v8)
		return NULL;
	v8->layout = layout;
	v8->memory.o = layout->offsets;
	v8->memory.reader = reader;
	v8->memory.counts = &v8->counts;
	v8->functions.scripts.memory = &v8->memory;
	v8->functions.scripts.texts = &v8->texts;
	v8->codes.memory = &v8->memory;
	return v8;
}

static void forget_names(struct v8 *v8)
{
	v8_functions_done(&v8->functions);
	strings_done(&v8->texts);
	v8->texts = (struct strings){ 0 };
}

void v8_forget(struct v8 *v8)
{
	forget_names(v8);
	v8_codes_done(&v8->codes);
	memset(v8->memory.maps, 0, sizeof(v8->memory.maps));
}

void v8_free(struct v8 *v8)
{
	if (!v8)
		return;
	v8_forget(v8);
	free(v8);
}

const struct v8_counts *v8_counts(const struct v8 *v8)
{
	return &v8->counts;
}

const char *v8_tier_name(enum v8_tier tier)
{
	static const char *const names[V8_TIERS] = { "unknown", "interpreted", "baseline",
						     "maglev",	"turbofan",    "builtin" };

	return tier < V8_TIERS ? names[tier] : names[V8_TIER_UNKNOWN];
}

const char *v8_reason_text(enum v8_reason reason)
{
	static const char *const texts[V8_REASONS] = {
		"readable",
		"memory is not mapped",
		"an object is of another kind than it should be",
		"a text or table is too long",
		"an object contains itself",
		"no code of V8's is there",
		"the function was just being entered",
		"no function is known",
	};

	return reason < V8_REASONS ? texts[reason] : "";
}

static struct v8_frame *add_frame(struct v8_frames *frames)
{
	struct v8_frame *frame = &frames->at[frames->len++];

	*frame = (struct v8_frame){ .function = UNREADABLE, .file = "" };
	return frame;
}

static void add_named(struct v8_frames *frames, const char *name, enum v8_tier tier)
{
	struct v8_frame *frame = add_frame(frames);

	frame->function = name;
	frame->tier = tier;
}

static void add_unreadable(struct v8_frames *frames, enum v8_reason reason, enum v8_tier tier)
{
	struct v8_frame *frame = add_frame(frames);

	frame->reason = reason;
	frame->tier = tier;
}

static void add_function(struct v8_frames *frames, const struct v8_function *function,
			 enum v8_tier tier)
{
	struct v8_frame *frame = add_frame(frames);

	*frame = (struct v8_frame){
		.function = function->name,
		.file = function->file,
		.line = function->line,
		.column = function->column,
		.tier = function->is_builtin ? V8_TIER_BUILTIN : tier,
	};
}

/* 0 or -ENOMEM: what cannot be read becomes a frame without name. */
static int add_shared(struct v8 *v8, struct v8_frames *frames, uint64_t shared, enum v8_tier tier)
{
	struct v8_function function;
	int err = shared ? v8_function_find(&v8->functions, shared, &function) : V8_NO_FUNCTION;

	if (err < 0)
		return err;
	if (err)
		add_unreadable(frames, (enum v8_reason)err, tier);
	else
		add_function(frames, &function, tier);
	return 0;
}

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

/* Does this builtin run in the frame of a function that is interpreted? */
static bool is_interpreter(const char *name)
{
	return strncmp(name, "Interpreter", 11) == 0 || ends_with(name, "Handler");
}

/*
 * In V8's own code. It may run in a frame of its own, or, without one, in that of the function that
 * called it: then both are told.
 */
static int decode_builtin(struct v8 *v8, const struct v8_place *place, struct v8_frames *frames)
{
	const struct v8_builtin *builtin = v8_layout_builtin(v8->layout, place->vaddr);
	const char *name = builtin ? builtin->name : "[builtin]";
	struct v8_function function;
	int err;

	if (!place->shared) {
		add_named(frames, name, V8_TIER_BUILTIN);
		return 0;
	}
	if (builtin && is_interpreter(name))
		return add_shared(v8, frames, place->shared, V8_TIER_INTERPRETED);
	err = v8_function_find(&v8->functions, place->shared, &function);
	if (err < 0)
		return err;
	if (err) {
		add_unreadable(frames, (enum v8_reason)err, V8_TIER_UNKNOWN);
	} else if (function.is_builtin) {
		add_named(frames, builtin ? name : function.name, V8_TIER_BUILTIN);
	} else if (!builtin) {
		/* What returns into the builtins, of a function that is none, is interpreted. */
		add_function(frames, &function,
			     place->is_return ? V8_TIER_INTERPRETED : V8_TIER_UNKNOWN);
	} else {
		add_named(frames, name, V8_TIER_BUILTIN);
		add_function(frames, &function, V8_TIER_UNKNOWN);
	}
	return 0;
}

static int decode_optimised(struct v8 *v8, const struct v8_place *place, const struct v8_code *code,
			    struct v8_frames *frames)
{
	const struct v8_offsets *o = v8->memory.o;
	enum v8_tier tier =
		code->kind == (uint32_t)o->kind_maglev ? V8_TIER_MAGLEV : V8_TIER_TURBOFAN;
	uint32_t offset = (uint32_t)(place->pc - code->start);
	struct v8_inlined inlined = { 0 };
	uint64_t shared = place->shared;
	int err;

	if (v8_code_function(&v8->memory, code, &shared))
		shared = place->shared;
	if (place->is_return && offset)
		offset--;
	if (v8_code_inlined(&v8->memory, code, offset, &inlined))
		v8->counts.inlining_lost_count++;
	for (size_t i = 0; i < inlined.len; i++) {
		err = add_shared(v8, frames, inlined.shared[i], tier);
		if (err)
			return err;
		frames->at[frames->len - 1].is_inlined = true;
	}
	return add_shared(v8, frames, shared, tier);
}

/*
 * Does @function run @code? With --interpreted-frames-native-stack each has a copy of the
 * interpreter's entry, which its data tells.
 */
static bool runs(struct v8 *v8, const struct v8_function *function, const struct v8_code *code)
{
	const struct v8_offsets *o = v8->memory.o;
	struct v8_object data;

	if (function->data == code->word)
		return true;
	return (int32_t)code->kind == o->kind_builtin &&
	       !v8_object_expect(&v8->memory, function->data, o->type_interpreter_data, &data) &&
	       v8_object_word(&data, o->interpreter_code) == code->word;
}

/* The function @shared, if it runs @code; V8_ENTERING when it is another one's. */
static int find_running(struct v8 *v8, uint64_t shared, const struct v8_code *code,
			struct v8_function *ret_function)
{
	int err = shared ? v8_function_find(&v8->functions, shared, ret_function) : V8_NO_FUNCTION;

	if (!err && !runs(v8, ret_function, code))
		err = V8_ENTERING;
	return err;
}

/*
 * Code that is not optimised does not tell its function, but the function its code. In the first
 * instructions, before there is a frame, the function that was recorded is the caller's: then the
 * code was perhaps seen before, under its function.
 */
static int decode_plain(struct v8 *v8, const struct v8_place *place, const struct v8_code *code,
			enum v8_tier tier, struct v8_frames *frames)
{
	struct v8_function function;
	int err = find_running(v8, place->shared, code, &function);

	if (!err && code->shared != place->shared)
		v8_code_note(&v8->codes, code, place->shared);
	if (err == V8_ENTERING && place->is_return)
		err = 0; /* it has run since with other code */
	if ((err == V8_ENTERING || err == V8_NO_FUNCTION) && code->shared &&
	    !find_running(v8, code->shared, code, &function))
		err = 0;
	if (err < 0)
		return err;
	if (err)
		add_unreadable(frames, (enum v8_reason)err, tier);
	else
		add_function(frames, &function, tier);
	return 0;
}

static int decode_code(struct v8 *v8, const struct v8_place *place, const struct v8_code *code,
		       struct v8_frames *frames)
{
	const struct v8_offsets *o = v8->memory.o;
	int32_t kind = (int32_t)code->kind;

	if (kind == o->kind_maglev || kind == o->kind_turbofan)
		return decode_optimised(v8, place, code, frames);
	if (kind == o->kind_baseline)
		return decode_plain(v8, place, code, V8_TIER_BASELINE, frames);
	if (kind == o->kind_interpreted || kind == o->kind_builtin)
		return decode_plain(v8, place, code, V8_TIER_INTERPRETED, frames);
	if (kind == o->kind_regexp) {
		add_named(frames, "[regexp]", V8_TIER_UNKNOWN);
		return 0;
	}
	if (kind == o->kind_wasm) {
		add_named(frames, "[wasm]", V8_TIER_UNKNOWN);
		return 0;
	}
	return add_shared(v8, frames, place->shared, V8_TIER_UNKNOWN);
}

static int decode(struct v8 *v8, const struct v8_place *place, struct v8_frames *frames)
{
	struct v8_code code;
	int err;

	if (place->vaddr)
		return decode_builtin(v8, place, frames);
	err = v8_code_find(&v8->codes, place->is_return && place->pc ? place->pc - 1 : place->pc,
			   &code);
	if (err < 0)
		return err;
	if (!err)
		return decode_code(v8, place, &code, frames);
	if (place->shared)
		return add_shared(v8, frames, place->shared, V8_TIER_UNKNOWN);
	add_unreadable(frames, (enum v8_reason)err, V8_TIER_UNKNOWN);
	return 0;
}

static void count(struct v8_counts *counts, const struct v8_frames *frames)
{
	counts->frame_count += frames->len;
	for (size_t i = 0; i < frames->len; i++) {
		if (frames->at[i].reason != V8_READABLE)
			counts->unreadable_count[frames->at[i].reason]++;
	}
}

int v8_decode(struct v8 *v8, const struct v8_place *place, struct v8_frames *ret_frames)
{
	int err;

	/* Texts given before are no longer needed. */
	if (v8_functions_are_full(&v8->functions) || v8->texts.len >= MAX_TEXTS)
		forget_names(v8);
	v8_memory_begin(&v8->memory);
	ret_frames->len = 0;
	err = decode(v8, place, ret_frames);
	if (!err)
		count(&v8->counts, ret_frames);
	return err;
}
