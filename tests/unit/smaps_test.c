// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* /proc/PID/smaps: what the kernel writes is understood, anything else is refused with its place.
 */
#include "base/scope.h"
#include "failing_alloc.h"
#include "symbol/smaps.h"
#include "tap.h"

static const char two[] =
	"00400000-00401000 r-xp 00000000 fd:01 131                                /usr/bin/a\n"
	"Size:                  4 kB\n"
	"KernelPageSize:        4 kB\n"
	"Rss:                   4 kB\n"
	"Pss:                   2 kB\n"
	"Pss_Dirty:             1 kB\n"
	"Anonymous:             0 kB\n"
	"Swap:                  0 kB\n"
	"SwapPss:               9 kB\n"
	"THPeligible:           0\n"
	"ProtectionKey:         0\n"
	"VmFlags: rd ex mr mw me \n"
	"7f0000000000-7f0000100000 rw-p 00000000 00:00 0 \n"
	"Rss:                1000 kB\n"
	"Anonymous:           900 kB\n"
	"Swap:                 16 kB\n";

static struct bytes bytes_of(const char *text)
{
	return (struct bytes){ (const uint8_t *)text, strlen(text) };
}

static void test_two(void)
{
	_release_(smaps_done) struct smaps s = { 0 };
	uint64_t offset = 0;

	is_int(smaps_parse(bytes_of(two), &s, &offset), 0, "two mappings");
	is_int(s.len, 2, "both");
	if (s.len != 2)
		return;
	is_text(s.at[0].m.path, "/usr/bin/a", "the first one's file");
	is_int(s.at[0].rss_bytes, 4096, "its rss");
	is_int(s.at[0].pss_bytes, 2048, "its pss, and not that of what is dirty");
	is_int(s.at[0].swap_bytes, 0, "its swap, and not its share of it");
	is_int(s.at[1].m.start, 0x7f0000000000, "the second one's start");
	is_int(s.at[1].rss_bytes, 1024000, "its rss");
	is_int(s.at[1].anonymous_bytes, 921600, "anonymous");
	is_int(s.at[1].swap_bytes, 16384, "swap");
	is_int(s.at[1].pss_bytes, 0, "what is not told is 0");
}

static void test_refused(void)
{
	static const struct {
		const char *what, *text;
		uint64_t offset;
	} cases[] = {
		{ "a number before any mapping", "Rss: 4 kB\n", 0 },
		{ "no number", "1000-2000 rw-p 00000000 00:00 0 \nRss: x kB\n", 33 },
		{ "no unit", "1000-2000 rw-p 00000000 00:00 0 \nRss: 4\n", 33 },
		{ "nothing before the unit", "1000-2000 rw-p 00000000 00:00 0 \nRss: kB\n", 33 },
		{ "a sign", "1000-2000 rw-p 00000000 00:00 0 \nRss: -4 kB\n", 33 },
		{ "too much", "1000-2000 rw-p 00000000 00:00 0 \nRss: 99999999999999999999 kB\n",
		  33 },
		{ "a mapping before the last",
		  "2000-3000 rw-p 00000000 00:00 0 \n1000-2000 rw-p 00000000 00:00 0 \n", 33 },
		{ "no mapping", "nonsense\n", 0 },
		{ "an empty line", "\n", 0 },
		{ "a last line without its end", "1000-2000 rw-p 00000000 00:00 0 \nRss: 4 kB",
		  33 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct smaps s = { 0 };
		uint64_t offset = 99;

		is_int(smaps_parse(bytes_of(cases[i].text), &s, &offset), -EBADMSG, "%s",
		       cases[i].what);
		is_int(offset, cases[i].offset, "%s: where", cases[i].what);
		is_int(s.len, 0, "%s: nothing is written", cases[i].what);
	}
}

static void test_out_of_memory(void)
{
	bool is_hit = true;

	for (size_t n = 1; is_hit; n++) {
		_release_(smaps_done) struct smaps s = { 0 };
		uint64_t offset = 0;
		int err;

		failing_alloc_start(n);
		err = smaps_parse(bytes_of(two), &s, &offset);
		is_hit = failing_alloc_stop();
		is_int(err, is_hit ? -ENOMEM : 0, "allocation %zu", n);
	}
}

int main(void)
{
	test_two();
	test_refused();
	test_out_of_memory();
	return tap_done();
}
