// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The picture: what is drawn and what is left out, colours, comparison, names that want to get out.
 */
#include "base/scope.h"
#include "failing_alloc.h"
#include "report/flame_folded.h"
#include "report/flamegraph.h"
#include "tap.h"
#include "xml_check.h"

#define STACK(...)                                                                                 \
	(const char *const[]){ __VA_ARGS__ },                                                      \
		sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(char *)

static const uint64_t seed = 7;

static struct flame *new_flame(void)
{
	struct flame *f = flame_new(seed);

	must(f);
	return f;
}

/* The picture of @f, which is finished by it. */
static char *draw(struct flame *f, const struct flamegraph *g, struct flamegraph_result *ret_result)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	must(out);
	must(flame_finish(f) == 0);
	is_int(flamegraph_svg(f, g, out, ret_result), 0, "drawn");
	must(fclose(out) == 0);
	return text;
}

static bool has(const char *text, const char *what)
{
	return strstr(text, what) != NULL;
}

/* The class of the frame of that name, "" when it is not drawn. */
static const char *class_of(const char *svg, const char *name, char buf[16])
{
	char title[128];
	const char *at;

	(void)snprintf(title, sizeof(title), "<title>%s\n", name);
	at = strstr(svg, title);
	at = at ? strstr(at, "class=\"") : NULL;
	(void)snprintf(buf, 16, "%.*s", at ? (int)strcspn(at + 7, "\"") : 0, at ? at + 7 : "");
	return buf;
}

static void test_pruning(void)
{
	const struct flamegraph g = { .min_width_px = 2 };
	_release_(flame_freep) struct flame *f = new_flame();
	_release_(freep) char *svg = NULL;
	struct flamegraph_result result = { 0 };

	(void)flame_add(f, STACK("main", "wide"), 997);
	(void)flame_add(f, STACK("main", "narrow", "deep"), 1);
	(void)flame_add(f, STACK("main", "edge"), 2);
	svg = draw(f, &g, &result);
	ok(result.drawn == 4 && result.pruned == 2,
	   "frames under the minimum are left out, and counted");
	ok(has(svg, "<title>edge\n") && !has(svg, "<title>narrow\n") && !has(svg, "<title>deep\n"),
	   "those and no others");
	ok(has(svg, "2 frames narrower than 2 px (0.171 %) are not drawn."), "the picture says so");
	ok(has(svg, "<title>wide\n997 samples, 99.70 %</title>"), "amounts and shares are exact");
}

static void test_cap(void)
{
	const struct flamegraph g = { 0 };
	_release_(flame_freep) struct flame *f = new_flame();
	_release_(freep) char *svg = NULL;
	struct flamegraph_result result = { 0 };

	for (int i = 0; i < 60000; i++) {
		char leaf[16];

		(void)snprintf(leaf, sizeof(leaf), "f%d", i);
		(void)flame_add(f, STACK("main", leaf), i < 40000 ? 1000 : 999);
	}
	svg = draw(f, &g, &result);
	ok(result.is_capped && result.drawn == 40002,
	   "never more than 50,000 frames: the narrower go");
	ok(has(svg, "20,000 frames narrower than") &&
		   has(svg, "the graph is kept to 50,000 frames."),
	   "and the picture says so");
}

static void test_cap_of_equals(void)
{
	const struct flamegraph g = { 0 };
	_release_(flame_freep) struct flame *f = new_flame();
	_release_(freep) char *svg = NULL;
	struct flamegraph_result result = { 0 };

	for (int i = 0; i < 60000; i++) {
		char leaf[16];

		(void)snprintf(leaf, sizeof(leaf), "f%d", i);
		(void)flame_add(f, STACK("main", leaf), 1);
	}
	svg = draw(f, &g, &result);
	is_int(result.drawn, 2, "of equals all or none");
}

static void test_palettes(void)
{
	static const struct {
		enum flamegraph_palette palette;
		const char *name;
		char letter;
	} colours[] = {
		{ FLAMEGRAPH_HOT, "main", 'h' },
		{ FLAMEGRAPH_MEM, "main", 'm' },
		{ FLAMEGRAPH_IO, "main", 'i' },
		{ FLAMEGRAPH_SAFE, "main", 's' },
		{ FLAMEGRAPH_KERNEL, "main", 'r' },
		{ FLAMEGRAPH_KERNEL, "tcp_sendmsg_[k]", 'b' },
		{ FLAMEGRAPH_KERNEL, "do_syscall_64", 'b' },
		{ FLAMEGRAPH_KERNEL, "tcp_v4_rcv", 'b' },
		{ FLAMEGRAPH_KERNEL, "std::sort", 'y' },
		{ FLAMEGRAPH_KERNEL, "handle_[j]", 'g' },
		{ FLAMEGRAPH_KERNEL, "memcpy_[i]", 'q' },
		{ FLAMEGRAPH_JS, "JS:*handle /srv/app.js:1", 'g' },
		{ FLAMEGRAPH_JS, "JS:*next /srv/node_modules/x/i.js:1", 'y' },
		{ FLAMEGRAPH_JS, "emit node:events:513", 'q' },
		{ FLAMEGRAPH_JS, "std::sort", 'r' },
		{ FLAMEGRAPH_JS, "handle [turbofan] /srv/app.ts:1_[j]", 'g' },
		{ FLAMEGRAPH_JS, "next /srv/node_modules/x/i.js:1_[j]", 'y' },
		{ FLAMEGRAPH_JS, "listOnTimeout node:internal/timers:524_[j]", 'q' },
		{ FLAMEGRAPH_JS, "[js]_[j]", 'x' },
		{ FLAMEGRAPH_HOT, "[unknown]", 'x' },
		{ FLAMEGRAPH_KERNEL, "[no sample]", 'x' },
		{ FLAMEGRAPH_KERNEL, "[not to blame]", 'x' },
		{ FLAMEGRAPH_HOT, "--", 'x' },
	};
	char first[16], again[16];

	for (size_t i = 0; i < sizeof(colours) / sizeof(colours[0]); i++) {
		const struct flamegraph g = { .palette = colours[i].palette };
		_release_(flame_freep) struct flame *f = new_flame();
		_release_(freep) char *svg = NULL;

		(void)flame_add(f, STACK("main", "do_syscall_64", "tcp_v4_rcv"), 5);
		(void)flame_add(f, STACK("main", colours[i].name), 5);
		svg = draw(f, &g, NULL);
		ok(class_of(svg, colours[i].name, first)[0] == colours[i].letter,
		   "palette %d, %s: %c", (int)colours[i].palette, colours[i].name,
		   colours[i].letter);
		ok(has(svg, colours[i].letter == 'x' ? ".x {" : class_of(svg, "main", again)),
		   "the class has a colour");
	}
}

static void add_two(struct flame *f, uint64_t before, uint64_t now)
{
	(void)flame_add_before(f, STACK("main", "same"), before);
	(void)flame_add(f, STACK("main", "same"), now);
	(void)flame_add_before(f, STACK("main", "more"), before / 10);
	(void)flame_add(f, STACK("main", "more"), now / 5);
	(void)flame_add_before(f, STACK("main", "less"), before / 5);
	(void)flame_add(f, STACK("main", "less"), now / 10);
}

static void test_diff(void)
{
	const struct flamegraph shares = { .is_diff = true },
				raw = { .is_diff = true, .is_raw = true };
	_release_(flame_freep) struct flame *f = new_flame(), *g = new_flame();
	_release_(freep) char *svg = NULL, *raw_svg = NULL;
	char buf[16];

	add_two(f, 1000, 3000);
	svg = draw(f, &shares, NULL);
	ok(strcmp(class_of(svg, "same", buf), "n0") == 0 || strcmp(buf, "p0") == 0,
	   "three times as much of everything: the same share is no change");
	is_text(class_of(svg, "more", buf), "p12", "a larger share is red");
	is_text(class_of(svg, "less", buf), "n12", "a smaller one blue");
	ok(has(svg,
	       "<title>more\nnow 600 samples, 15.38 %; before 100 samples, 7.69 %: +7.69 points"),
	   "both sides are told");
	add_two(g, 1000, 3000);
	raw_svg = draw(g, &raw, NULL);
	is_text(class_of(raw_svg, "same", buf), "p12", "as amounts it is more");
	ok(has(raw_svg, "before 100 samples, 7.69 %: +500</title>"), "by so many");
	ok(has(svg, ">less</text>") && has(svg, "as a share of its profile") &&
		   has(raw_svg, "in absolute numbers"),
	   "the picture says what the colours mean");
}

static void test_gone(void)
{
	const struct flamegraph g = { .is_diff = true };
	_release_(flame_freep) struct flame *f = new_flame();
	_release_(freep) char *svg = NULL;

	(void)flame_add_before(f, STACK("main", "gone"), 25);
	(void)flame_add_before(f, STACK("main", "kept"), 75);
	(void)flame_add(f, STACK("main", "kept"), 75);
	svg = draw(f, &g, NULL);
	ok(!has(svg, "<title>gone\n") && has(svg, "25.00 % of before were in call paths that now"),
	   "what is gone has no width, so it is told");
}

static const char *const wicked[] = {
	"</title><script>alert(1)</script>",
	"\"/><script>",
	"]]></script>",
	"&lt;&amp;&#x41;",
	"' onload='x",
	"\x01\x02\xff\xfe\xef\xbf\xbf",
	"\xe2\x80\xae\xe2\x80\x8b",
	"--><x>",
	"",
	"*/}</style>",
};

static void test_hostile(void)
{
	for (size_t i = 0; i < sizeof(wicked) / sizeof(wicked[0]); i++) {
		const struct flamegraph g = { .title = wicked[i],
					      .subtitle = wicked[i],
					      .notes = wicked[i],
					      .count_name = wicked[i],
					      .palette = FLAMEGRAPH_JS };
		_release_(flame_freep) struct flame *f = new_flame();
		_release_(freep) char *svg = NULL;
		struct xml_check x;

		(void)flame_add(f, STACK(wicked[i], "a"), 5);
		svg = draw(f, &g, NULL);
		if (!ok(xml_check(&x, svg) && x.scripts == 1, "wicked %zu: well-formed, one script",
			i))
			printf("# at %.60s\n", x.at);
	}
}

static void test_empty(void)
{
	const struct flamegraph g = { .title = "Nothing" };
	_release_(flame_freep) struct flame *f = new_flame();
	_release_(freep) char *svg = draw(f, &g, NULL);
	struct xml_check x;

	ok(xml_check(&x, svg) && has(svg, "There are no stacks with a weight to draw."),
	   "without stacks the picture says so");
	is_int(x.scripts, 0, "and needs no script");
}

static void test_amounts(void)
{
	const struct flamegraph bytes = { .count_name = "bytes" };
	_release_(flame_freep) struct flame *f = new_flame();
	_release_(freep) char *svg = NULL;

	(void)flame_add(f, STACK("main"), 1234567);
	svg = draw(f, &bytes, NULL);
	ok(has(svg, "<title>main\n1,234,567 bytes (1.18 MiB), 100.00 %</title>"),
	   "bytes have units");
}

static void test_failing_alloc(void)
{
	const struct flamegraph g = { 0 };
	_release_(flame_freep) struct flame *f = new_flame();
	bool is_hit = true, is_right = true;
	FILE *out = fopen("/dev/null", "w");

	must(out);
	(void)flame_add(f, STACK("main"), 1);
	must(flame_finish(f) == 0);
	for (size_t n = 1; is_hit; n++) {
		int err;

		failing_alloc_start(n);
		err = flamegraph_svg(f, &g, out, NULL);
		is_hit = failing_alloc_stop();
		is_right &= err == (is_hit ? -ENOMEM : 0);
	}
	ok(is_right, "every allocation that fails is told");
	(void)fclose(out);
	out = fopen("/dev/full", "w");
	must(out);
	is_int(flamegraph_svg(f, &g, out, NULL), -EIO, "so is a full disk");
	is_int(flame_folded(f, false, out), -EIO, "by the other writer too");
	(void)fclose(out);
}

int main(void)
{
	test_pruning();
	test_cap();
	test_cap_of_equals();
	test_palettes();
	test_diff();
	test_gone();
	test_hostile();
	test_empty();
	test_amounts();
	test_failing_alloc();
	return tap_done();
}
