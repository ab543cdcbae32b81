// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Whole numbers, and everything that is none. */
#include "number.h"

#include "tap.h"

int main(void)
{
	static const char *const bad[] = { "",	  " 1",	 "1 ",
					   "-1",  "+1",	 "0x1",
					   "1.0", "101", "99999999999999999999999" };
	uint32_t number = 7;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		is_int(number_parse(bad[i], 100, &number), -EINVAL, "'%s' is no number to 100",
		       bad[i]);
	is_int(number, 7, "what failed has changed nothing");
	is_int(number_parse("0", 100, &number), 0, "0");
	is_int(number, 0, "is 0");
	is_int(number_parse("0100", 100, &number), 0, "0100");
	is_int(number, 100, "is the largest");
	is_int(number_parse("4294967295", UINT32_MAX, &number), 0, "the largest of all");
	ok(number == UINT32_MAX, "is that");
	is_int(number_parse("4294967296", UINT32_MAX, &number), -EINVAL, "one more");
	return tap_done();
}
