// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* V8's names: as node 16, 18, 20, 22, 24 and 25 wrote them with --perf-basic-prof. */
#include "symbol/perfmap.h"
#include "tap.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

static const struct {
	const char *name;
	char tier;
	const char *function, *file;
	uint32_t line, column;
} functions[] = {
	/* node 16, 18 */
	{ "LazyCompile:*hot /srv/app.js:3", '*', "hot", "/srv/app.js", 3, 0 },
	{ "LazyCompile:~get baz /srv/app.js:2", '~', "get baz", "/srv/app.js", 2, 0 },
	{ "LazyCompile:* file:///srv/mod.mjs:1", '*', "(anonymous)", "file:///srv/mod.mjs", 1, 0 },
	{ "LazyCompile:~runDeserializeCallbacks node:internal/v8/startup_snapshot:31", '~',
	  "runDeserializeCallbacks", "node:internal/v8/startup_snapshot", 31, 0 },
	{ "Function:^#priv /srv/app.js:2", '^', "#priv", "/srv/app.js", 2, 0 },
	{ "Function:~evald :1", '~', "evald", "", 1, 0 },
	{ "Function:^invm dir with space/we:ird.js:1", '^', "invm", "dir with space/we:ird.js", 1,
	  0 },
	{ "Script:~ dir with space/we:ird.js:1", '~', "(top level)", "dir with space/we:ird.js", 1,
	  0 },
	{ "Eval:~ /srv/app.js:1", '~', "(top level)", "/srv/app.js", 1, 0 },
	/* node 20 and later */
	{ "JS:*hot /srv/app.js:3:13", '*', "hot", "/srv/app.js", 3, 13 },
	{ "JS:~ /srv/app.js:12:2", '~', "(anonymous)", "/srv/app.js", 12, 2 },
	{ "JS:^get baz /srv/app.js:2:85", '^', "get baz", "/srv/app.js", 2, 85 },
	{ "JS:~set x relative.js:2:85", '~', "set x", "relative.js", 2, 85 },
	{ "JS:~evald :1:16", '~', "evald", "", 1, 16 },
	{ "JS:~comp uted /srv/app.js:2:182", '~', "comp uted", "/srv/app.js", 2, 182 },
	{ "JS:~a b:c /srv/a b/app.js:7:36", '~', "a b:c", "/srv/a b/app.js", 7, 36 },
	{ "JS:~x evalmachine.<anonymous>:1:2", '~', "x", "evalmachine.<anonymous>", 1, 2 },
	{ "JS:~x [eval]:1:2", '~', "x", "[eval]", 1, 2 },
	{ "Script:~ file:///srv/mod.mjs:1:1", '~', "(top level)", "file:///srv/mod.mjs", 1, 1 },
	{ "Eval:~ node:vm:1:1", '~', "(top level)", "node:vm", 1, 1 },
	{ "Eval:~ :1:1", '~', "(top level)", "", 1, 1 },
	/* node 24 and later */
	{ "JS:+bar /srv/app.js:2:23", '+', "bar", "/srv/app.js", 2, 23 },
	{ "JS:+'bar /srv/app.js:2:23", '+', "bar", "/srv/app.js", 2, 23 },
	{ "JS:*'get baz /srv/app.js:2:85", '*', "get baz", "/srv/app.js", 2, 85 },
	{ "JS:+ /srv/app.js:12:226", '+', "(anonymous)", "/srv/app.js", 12, 226 },
	/* odd ones */
	{ "JS:~'quoted /srv/app.js:1:2", '~', "'quoted", "/srv/app.js", 1, 2 },
	{ "JS:*lonely", '*', "lonely", "", 0, 0 },
	{ "JS:*", '*', "(anonymous)", "", 0, 0 },
	{ "JS:* ", '*', "(anonymous)", "", 0, 0 },
	{ "JS:*get ", '*', "get", "", 0, 0 },
	{ "JS:*f /a.js:", '*', "f", "/a.js:", 0, 0 },
	{ "JS:*f /a.js:1x", '*', "f", "/a.js:1x", 0, 0 },
	{ "JS:*f /a.js:1234567890", '*', "f", "/a.js:1234567890", 0, 0 },
	{ "JS:*f /a.js:999999999:1", '*', "f", "/a.js", 999999999, 1 },
	{ "JS:*f /a.js:1:2:3", '*', "f", "/a.js:1", 2, 3 },
	{ "JS:*:1:2", '*', "(anonymous)", "", 1, 2 },
	{ "JS:*12", '*', "12", "", 0, 0 },
};

static const char *const others[] = {
	"",
	"JS:",
	"JS",
	"JS:hot /srv/app.js:1:2",
	"Builtin:ArrayMap",
	"BytecodeHandler:Ldar",
	"RegExp:a(b|c)+d",
	"RegExp.>src: 'x' flags: 'gi'",
	"Stub:js-to-wasm:i:i",
	"JS:wasm-function[0]-0-turbofan",
	"Function:wasm-function[0]-0-liftoff",
	"void [a] B::C()[Tier1]",
	"js:*hot /srv/app.js:1:2",
};

int main(void)
{
	struct perfmap_js js = { 0 };
	char longest[TEXT_MAX];

	for (size_t i = 0; i < ROWS(functions); i++) {
		memset(&js, 'x', sizeof(js));
		ok(perfmap_js_name(functions[i].name, &js), "'%s'", functions[i].name);
		is_text(js.function, functions[i].function, "function");
		is_text(js.file, functions[i].file, "file");
		is_int(js.line, functions[i].line, "line");
		is_int(js.column, functions[i].column, "column");
		is_int(js.tier, functions[i].tier, "compiler");
	}
	for (size_t i = 0; i < ROWS(others); i++) {
		js.line = 77;
		ok(!perfmap_js_name(others[i], &js) && js.line == 77, "'%s' is no function",
		   others[i]);
	}
	memset(longest, 'x', sizeof(longest));
	memcpy(longest, "JS:*", 4);
	longest[TEXT_MAX - 1] = '\0';
	ok(perfmap_js_name(longest, &js) && strlen(js.function) == TEXT_MAX - 5,
	   "the longest name fits");
	return tap_done();
}
