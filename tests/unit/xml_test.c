// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Text into XML: nothing that opens or closes anything, nothing that XML does not allow. */
#include "report/xml.h"
#include "tap.h"

static const struct {
	const char *text, *want;
} cases[] = {
	{ "", "" },
	{ "plain text, 100 %", "plain text, 100 %" },
	{ "<script>&\"'</script>", "&lt;script&gt;&amp;&quot;&#39;&lt;/script&gt;" },
	{ "]]>", "]]&gt;" },
	{ "a\tb\nc", "a&#9;b&#10;c" },
	{ "\x01\x1b[31m\x7f", "\xef\xbf\xbd\xef\xbf\xbd[31m\xef\xbf\xbd" },
	{ "\xc2\x85|\xc2\xa0", "\xef\xbf\xbd|\xc2\xa0" },
	{ "h\xc3\xa9 \xe6\x97\xa5 \xf0\x9f\x94\xa5", "h\xc3\xa9 \xe6\x97\xa5 \xf0\x9f\x94\xa5" },
	{ "\xff\xc3", "\xef\xbf\xbd\xef\xbf\xbd" },
	{ "\xef\xbf\xbe\xef\xbf\xbf", "\xef\xbf\xbd\xef\xbf\xbd" },
	{ "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
};

int main(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *got = NULL;
		size_t len = 0;
		FILE *out = open_memstream(&got, &len);

		must(out);
		xml_text(cases[i].text, out);
		must(fclose(out) == 0);
		is_text(got, cases[i].want, "case %zu", i);
		free(got);
	}
	return tap_done();
}
