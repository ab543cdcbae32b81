// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Recorded memory of each release of node, decoded again: the same frames, whatever fails. */
#include "symbol/v8.h"

#include "base/scope.h"
#include "failing_alloc.h"
#include "tap.h"
#include "v8_frames.h"
#include "v8_image.h"

#define MAX_FILE (1 << 18)

static const char *const images[] = { "node-18",       "node-18-plain", "node-20",
				      "node-20-plain", "node-22",	"node-22-plain",
				      "node-24",       "node-24-plain", "node-24-maglev",
				      "node-25",       "node-25-plain", "node-25-maglev" };

static size_t load(const char *folder, const char *name, const char *end, char bytes[MAX_FILE])
{
	char path[256];
	size_t len;
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s%s", folder, name, end);
	f = fopen(path, "re");
	must(f);
	len = fread(bytes, 1, MAX_FILE - 1, f);
	must(!ferror(f) && len < MAX_FILE - 1);
	(void)fclose(f);
	bytes[len] = '\0';
	return len;
}

/* All places of the image, as text; the first error ends it. */
static int decode_all(struct v8_image *image, char **ret_text)
{
	struct v8 *v8 = v8_new(&image->layout, (struct v8_reader){ v8_image_read, image });
	size_t len;
	FILE *to = open_memstream(ret_text, &len);
	int err = v8 ? 0 : -ENOMEM;

	must(to);
	for (size_t i = 0; !err && i < image->place_count; i++) {
		struct v8_frames frames;

		err = v8_decode(v8, &image->places[i], &frames);
		if (!err && (!frames.len || frames.len > V8_MAX_FRAMES))
			err = -EINVAL;
		if (!err)
			v8_frames_print(&frames, to);
	}
	v8_free(v8);
	must(!fclose(to));
	return err;
}

/* No release exports these, and they are equal in all. */
static void test_constants(const struct v8_offsets *o, const char *name)
{
	is_int(o->script_id, 64, "%s: Script.id", name);
	is_int(o->script_line_offset, 24, "%s: Script.line_offset", name);
	is_int(o->script_column_offset, 32, "%s: Script.column_offset", name);
	is_int(o->string_data, 24, "%s: characters of external strings", name);
	is_int(o->shared_data, 8, "%s: SharedFunctionInfo.function_data", name);
	is_int(o->kind_builtin, 2, "%s: kind of builtins", name);
	is_int(o->kind_regexp, 3, "%s: kind of regular expressions", name);
	is_int(o->interpreter_code, 16, "%s: InterpreterData.interpreter_trampoline", name);
}

static void test_same(struct v8_image *image, const char *name, const char *want)
{
	_release_(freep) char *text = NULL;

	image->fail_at = 0;
	is_int(decode_all(image, &text), 0, "%s: decoded", name);
	is_text(text, want, "%s: the frames that were recorded", name);
}

/* Is the function in each line of @text one in @want, or said to be unreadable? */
static bool has_no_wrong_name(char *text, const char *want)
{
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		char *name = strstr(line, " inlined ") ? line + strcspn(line, " ") + 8
						       : line + strcspn(line, " ");
		char *end = strstr(name, " (/");

		if (!end)
			end = strstr(name, " (");
		if (!end)
			return false;
		end[2] = '\0'; /* " name (" */
		if (!strstr(want, name) && strcmp(name, " [js] (") != 0) {
			printf("# '%s' is new\n", name);
			return false;
		}
	}
	return true;
}

static void test_failing_reads(struct v8_image *image, const char *name, const char *want)
{
	bool is_fine = true;
	size_t n;

	for (n = 1; is_fine; n++) {
		_release_(freep) char *text = NULL;

		image->fail_at = n;
		image->reads = 0;
		is_fine = !decode_all(image, &text) && has_no_wrong_name(text, want);
		if (image->reads < n)
			break;
	}
	image->fail_at = 0;
	ok(is_fine, "%s: any of %zu reads may fail: frames are right or unreadable", name, n - 1);
}

static void test_failing_allocations(struct v8_image *image, const char *name)
{
	bool is_hit = true, is_fine = true;

	for (size_t n = 1; is_hit && is_fine; n++) {
		struct v8 *v8;
		int err = 0;

		failing_alloc_start(n);
		v8 = v8_new(&image->layout, (struct v8_reader){ v8_image_read, image });
		if (!v8)
			err = -ENOMEM;
		for (size_t i = 0; !err && i < image->place_count; i++) {
			struct v8_frames frames;

			err = v8_decode(v8, &image->places[i], &frames);
		}
		is_hit = failing_alloc_stop();
		is_fine = err == (is_hit ? -ENOMEM : 0);
		v8_free(v8);
	}
	ok(is_fine, "%s: any allocation may fail", name);
}

static void test_counts(struct v8_image *image, const char *name)
{
	struct v8 *v8 = v8_new(&image->layout, (struct v8_reader){ v8_image_read, image });
	struct v8_place nowhere = { .pc = 0x10, .is_return = true };
	struct v8_place no_function = { .pc = 0x10, .shared = 0x1001 };
	uint64_t first, again;
	struct v8_frames frames;

	must(v8);
	for (size_t i = 0; i < image->place_count; i++)
		must(!v8_decode(v8, &image->places[i], &frames));
	first = v8_counts(v8)->read_count;
	for (size_t i = 0; i < image->place_count; i++)
		must(!v8_decode(v8, &image->places[i], &frames));
	again = v8_counts(v8)->read_count - first;
	ok(again < first, "%s: what is known is read less: %llu reads, then %llu", name,
	   (unsigned long long)first, (unsigned long long)again);
	must(!v8_decode(v8, &nowhere, &frames));
	is_int(frames.at[0].reason, V8_NO_CODE, "%s: no code", name);
	is_text(frames.at[0].function, "[js]", "%s: a frame all the same", name);
	must(!v8_decode(v8, &no_function, &frames));
	is_int(frames.at[0].reason, V8_UNMAPPED, "%s: no memory", name);
	is_int(v8_counts(v8)->unreadable_count[V8_NO_CODE], 1, "%s: counted", name);
	is_int(v8_counts(v8)->unreadable_count[V8_UNMAPPED], 1, "%s: counted too", name);
	v8_free(v8);
}

/* Every answer of the table of tiers, over all images, so that none is tested on nothing. */
static void test_tiers(const char *all)
{
	static const char *const tiers[] = { "\nbaseline ",	    "\nmaglev ",
					     "\nturbofan ",	    "\nbuiltin ",
					     "\ninterpreted ",	    "\nmaglev inlined ",
					     "\nturbofan inlined ", "[regexp]" };

	for (size_t i = 0; i < sizeof(tiers) / sizeof(tiers[0]); i++)
		ok(strstr(all, tiers[i]), "there is a%s", tiers[i] + 1);
}

int main(void)
{
	static char bytes[MAX_FILE], want[MAX_FILE], all[MAX_FILE];

	for (size_t i = 0; i < sizeof(images) / sizeof(images[0]); i++) {
		_release_(freep) struct v8_image *image = calloc(1, sizeof(*image));
		size_t len = load("tests/corpus/v8", images[i], "", bytes);

		must(image);
		(void)load("tests/golden/v8", images[i], ".frames", want);
		must(strlen(all) + strlen(want) < sizeof(all));
		strcat(all, want);
		is_int(v8_image_open(image, (struct bytes){ (uint8_t *)bytes, len }), 0,
		       "%s: the constants are known", images[i]);
		test_constants(&image->offsets, images[i]);
		test_same(image, images[i], want);
		test_failing_reads(image, images[i], want);
		test_failing_allocations(image, images[i]);
		test_counts(image, images[i]);
	}
	test_tiers(all);
	return tap_done();
}
