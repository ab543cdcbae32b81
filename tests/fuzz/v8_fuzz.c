// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The V8 decoder on any memory, with any constants that pass for those of a release: a bounded
 * number of reads for each place, and clean texts.
 */
#include "symbol/v8.h"

#include "base/text.h"
#include "fuzz.h"
#include "symbol/v8_memory.h"
#include "v8_image.h"

#include <string.h>

#define MAX_PLACES 16

static void check_text(const char *text)
{
	char clean[TEXT_MAX];

	assert(text && strlen(text) < TEXT_MAX);
	(void)text_clean(text, strlen(text), clean, sizeof(clean));
	assert(strcmp(text, clean) == 0);
}

static void check_frames(const struct v8_frames *frames)
{
	assert(frames->len >= 1 && frames->len <= V8_MAX_FRAMES);
	for (size_t i = 0; i < frames->len; i++) {
		const struct v8_frame *f = &frames->at[i];

		assert(f->tier < V8_TIERS && f->reason < V8_REASONS);
		assert(f->function[0] && (f->line > 0) == (f->column > 0));
		assert(!f->reason || strcmp(f->function, "[js]") == 0);
		check_text(f->function);
		check_text(f->file);
	}
	assert(!frames->at[frames->len - 1].is_inlined);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct v8_image *image = calloc(1, sizeof(*image));
	struct v8 *v8 = NULL;

	assert(image);
	if (!v8_image_open(image, (struct bytes){ data, size }))
		v8 = v8_new(&image->layout, (struct v8_reader){ v8_image_read, image });
	/* Twice: what is kept is used, too. */
	for (size_t i = 0; v8 && i < 2 * MAX_PLACES; i++) {
		const struct v8_place *place = &image->places[i % MAX_PLACES];
		uint64_t reads = v8_counts(v8)->read_count, bytes = v8_counts(v8)->read_bytes;
		struct v8_frames frames;

		if (i % MAX_PLACES >= image->place_count)
			continue;
		assert(!v8_decode(v8, place, &frames));
		check_frames(&frames);
		assert(v8_counts(v8)->read_count - reads <= V8_MAX_READS);
		assert(v8_counts(v8)->read_bytes - bytes <= V8_MAX_BYTES);
	}
	v8_free(v8);
	free(image);
	return 0;
}
