// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* C++ and Rust names become readable; hostile ones stay as they are, fast and clean. */
#include "base/text.h"
#include "symbol/demangle.h"
#include "symbol/elf.h"
#include "tap.h"

#include <time.h>

static const struct {
	const char *name, *want;
} names[] = {
	{ "", "" },
	{ "malloc", "malloc" },
	{ "_Z", "_Z" },
	{ "_ZN", "_ZN" },
	{ "f", "f" }, /* a type's encoding (float), but a C function's name */
	{ "_Znwm", "operator new(unsigned long)" },
	{ "_ZN4node6Buffer3NewEPN2v87IsolateEm", "node::Buffer::New(v8::Isolate*, unsigned long)" },
	{ "_ZNSt6vectorIiSaIiEE9push_backERKi",
	  "std::vector<int, std::allocator<int> >::push_back(int const&)" },
	{ "_ZN4core3fmt9Formatter9write_str17h0123456789abcdefE",
	  "core::fmt::Formatter::write_str" },
	{ "_ZN71_$LT$Test$u20$$u2b$$u20$$u27$static$u20$as$u20$foo..Bar$LT$Test$GT$$GT$3bar"
	  "17h930b740aa94f1d3aE",
	  "<Test + 'static as foo::Bar<Test>>::bar" },
	{ "_RNvC6_123foo3bar", "123foo::bar" },
	{ "_RNqCs4fqI2P2rA04_11utf8_identsu30____7hkackfecea1cbdathfdh9hlq6y",
	  "utf8_idents::\u10e1\u10d0\u10ed\u10db\u10d4\u10da\u10d0\u10d3_"
	  "\u10d2\u10d4\u10db\u10e0\u10d8\u10d4\u10da\u10d8_\u10e1\u10d0\u10d3\u10d8\u10da\u10d8" },
	{ "_Z3\x1b[2Jv", "_Z3\\x1b[2Jv" },
	{ "_ZN3\x1b[21fEv", "\\x1b[2::f()" },
	{ "evil\n\xe2\x80\xae\xe2\x80\xac", "evil\\x0a\\u{202E}\\u{202C}" },
};

static void test_names(void)
{
	char buf[TEXT_MAX];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		is_text(demangle(names[i].name, buf, sizeof(buf)), names[i].want, "name %zu", i);
}

static double milliseconds(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void check_bomb(const char *what, const char *name)
{
	char buf[TEXT_MAX], want[TEXT_MAX];
	double start = milliseconds();

	(void)demangle(name, buf, sizeof(buf));
	ok(milliseconds() - start < 50, "%s (%zu bytes) takes less than 50 ms", what, strlen(name));
	(void)text_clean(name, strlen(name), want, sizeof(want));
	is_text(buf, want, "%s stays mangled", what);
}

/* f(A<int, int>, A<A<int, int>, A<int, int> >, ...): each argument is twice the one before. */
static void test_cplus_bomb(void)
{
	static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	char name[512];
	int len = snprintf(name, sizeof(name), "_Z1f1AIiiE");

	for (int i = 0; i < 24; i++)
		len += snprintf(name + len, sizeof(name) - (size_t)len, "S_IS%c_S%c_E", digits[i],
				digits[i]);
	check_bomb("a C++ name that expands to hundreds of megabytes", name);
}

/* A reference to byte @at of the name (after _R): base 62, 0 written as nothing. */
static int add_backref(char *to, size_t size, size_t at)
{
	static const char digits[] =
		"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

	if (at == 0)
		return snprintf(to, size, "B_");
	if (at <= 62)
		return snprintf(to, size, "B%c_", digits[at - 1]);
	return snprintf(to, size, "B%c%c_", digits[(at - 1) / 62], digits[(at - 1) % 62]);
}

/* a::f<T, (T, T), ((T, T), (T, T)), ...> with @type as T. */
static void test_rust_bomb(const char *what, const char *type)
{
	char name[1024];
	int len = snprintf(name, sizeof(name), "_RINvC1a1f");
	size_t last = (size_t)len - 2;

	len += snprintf(name + len, sizeof(name) - (size_t)len, "%s", type);
	for (int i = 0; i < 24; i++) {
		size_t start = (size_t)len - 2;

		name[len++] = 'T';
		len += add_backref(name + len, sizeof(name) - (size_t)len, last);
		len += add_backref(name + len, sizeof(name) - (size_t)len, last);
		name[len++] = 'E';
		last = start;
	}
	(void)snprintf(name + len, sizeof(name) - (size_t)len, "E");
	check_bomb(what, name);
}

static void test_long(void)
{
	static char name[2 * ELF_NAME_MAX];
	char buf[TEXT_MAX], small[8];
	int len = snprintf(name, sizeof(name), "_ZN4000");

	memset(name + len, 'a', 4000);
	(void)snprintf(name + len + 4000, sizeof(name) - (size_t)len - 4000, "1fEv");
	(void)demangle(name, buf, sizeof(buf));
	ok(strlen(buf) == TEXT_MAX - 1 && strncmp(buf, "_ZN4000aaa", 10) == 0 &&
		   strcmp(buf + TEXT_MAX - 4, "...") == 0,
	   "a name whose readable form is too long stays mangled, cut off visibly");
	memset(name, 'a', sizeof(name) - 1);
	(void)demangle(name, buf, sizeof(buf));
	is_int(strlen(buf), TEXT_MAX - 1, "a name longer than any symbol is cut off");
	is_text(demangle("_ZN3foo3barEv", small, sizeof(small)), "foo:...", "a small buffer");
}

int main(void)
{
	test_names();
	test_cplus_bomb();
	test_rust_bomb("a Rust name that expands to hundreds of megabytes", "m");
	test_rust_bomb("a Rust bomb of punycode", "NtC1au30____7hkackfecea1cbdathfdh9hlq6y");
	test_long();
	return tap_done();
}
