// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Debug files and debug information: where they are found, and what hostile ones may not do. */
#include "symbols_fixture.h"

#include "host/clock.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

/*
 * helper_hidden is static: only a full symbol table has it. The library is stripped; its debug file
 * lies below what we say is the target's root.
 */
static void test_debug_file(const struct target *self)
{
	static const struct {
		const char *name, *prepare, *function;
		bool has_line;
	} cases[] = {
		{ "with its debug file", "cp right.debug \"$D\"", "helper_hidden", true },
		{ "with that of another build", "cp wrong.debug \"$D\"", "", false },
		{ "with a link in its place", "ln -s $PWD/right.debug \"$D\"", "", false },
		{ "with a FIFO in its place", "mkfifo \"$D\"", "", false },
		{ "with junk in its place", "echo junk >\"$D\"", "", false },
		{ "without debug file", "true", "", false },
	};
	void *library = load("stripped.so");
	uint64_t (*hidden)(void) = (uint64_t(*)(void))dlsym(library, "helper_hidden_address");
	struct target in_root = *self;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		_release_(symbols_freep) struct symbols *s = symbols_new();
		_release_(closep) int root = -1;
		char path[256];
		struct frame frame;

		(void)shell(
			"rm -rf root; D=root/usr/lib/debug/.build-id/ab; mkdir -p $D; "
			"D=$D/cdef0123456789.debug; mkdir -p root$PWD; ln stripped.so root$PWD; %s",
			cases[i].prepare);
		(void)snprintf(path, sizeof(path), "%s/root", folder);
		root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		in_root.root_fd = root;
		(void)take_mappings(s, &in_root);
		frame = frame_at(s, self->pid, hidden());
		is_text(frame.function, cases[i].function, "a stripped library %s: name",
			cases[i].name);
		is_int(frame.line != 0, cases[i].has_line, "a stripped library %s: line",
		       cases[i].name);
		frame = frame_at(s, self->pid, address_of(dlsym(library, "helper_visible")));
		is_text(frame.function, "helper_visible", "a stripped library %s: dynamic name",
			cases[i].name);
	}
	(void)dlclose(library);
}

/* What the DWARF is like must never matter to the name, nor last long. */
static void test_dwarf(const struct target *self)
{
	static const struct {
		const char *name, *make;
		bool has_line;
	} cases[] = {
		{ "DWARF 4", "$CC -gdwarf-4 helper.c -o d.so", true },
		{ "DWARF 5", "$CC -gdwarf-5 helper.c -o d.so", true },
		{ "compressed", "$CC -gz=zlib helper.c -o d.so", true },
		{ "without .debug_aranges",
		  "$CC helper.c -o d.so && objcopy -R .debug_aranges d.so", true },
		{ "split into a file not followed", "$CC -gsplit-dwarf helper.c -o d.so", false },
		{ "with an alternate file (a FIFO)",
		  "mkfifo fifo; printf '%s\\0%020d' $PWD/fifo 0 >alt && $CC helper.c -o d.so && "
		  "objcopy --add-section .gnu_debugaltlink=alt d.so",
		  false },
		{ "with links in circles between functions",
		  "printf '%b' '.section .debug_abbrev\\n.byte 1,17,1,17,1,18,7,0,0,2,46,0,17,1,18,7,"
		  "49,19,0,0,0\\n.section .debug_info\\n.long e-b\\nb:.short 4\\n.long .debug_abbrev\\n"
		  ".byte 8,1\\n.quad helper_visible,64\\n.byte 2\\n.quad helper_visible,64\\n"
		  ".long 28\\n.byte 0\\ne:\\n' >d.s && $CC -g0 helper.c d.s -o d.so",
		  false },
		{ "with junk for units",
		  "$CC helper.c -o d.so && head -c 4000 /dev/urandom >junk && "
		  "objcopy --update-section .debug_info=junk d.so",
		  false },
		{ "with junk for lines",
		  "$CC helper.c -o d.so && yes | head -c 4000 >junk && "
		  "objcopy --update-section .debug_line=junk d.so",
		  false },
		{ "none", "$CC -g0 helper.c -o d.so", false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		_release_(symbols_freep) struct symbols *s = symbols_new();
		uint64_t start = clock_monotonic_ns();
		struct frame frame;
		char name[32];
		void *library;

		/* Under an own name, for the loader knows libraries by name and inode. */
		if (!shell("CC='cc -g -O1 -shared -fPIC'; rm -f d.so; %s && mv d.so d%zu.so",
			   cases[i].make, i)) {
			skip(cases[i].name, "cannot be built here");
			continue;
		}
		(void)snprintf(name, sizeof(name), "d%zu.so", i);
		library = load(name);
		(void)take_mappings(s, self);
		frame = frame_at(s, self->pid, address_of(dlsym(library, "helper_visible")));
		is_text(frame.function, "helper_visible", "debug info %s: name", cases[i].name);
		is_int(frame.line, cases[i].has_line ? 1 : 0, "debug info %s: line", cases[i].name);
		ok(clock_monotonic_ns() - start < 6 * NS_PER_S, "debug info %s: in time",
		   cases[i].name);
		(void)dlclose(library);
	}
}

/* "inner" is inlined into "middle", that into "outer", whose code has the label "spot". */
static void test_inlined(const struct target *self)
{
	static const char *const compilers[] = { "gcc -gdwarf-4 i.c", "gcc -gdwarf-5 i.c",
						 "clang i.c", "g++ i.cc", "clang++ i.cc" };
	static const char *const functions[] = { "inner", "middle", "outer" };

	(void)shell("printf '%%s\\n' "
		    "'static inline __attribute__((always_inline)) void inner(void)' "
		    "'{ __asm__ volatile(\".globl spot; spot: nop\"); }' "
		    "'static inline __attribute__((always_inline)) void middle(void)' "
		    "'{ inner(); }' 'void outer(void)' '{ middle(); }' >i.c; "
		    "(printf 'namespace n { '; sed 's/^static //' i.c; echo '}') >i.cc");
	for (size_t i = 0; i < sizeof(compilers) / sizeof(*compilers); i++) {
		_release_(symbols_freep) struct symbols *s = symbols_new();
		bool is_cplus = strstr(compilers[i], "++") != NULL;
		struct frame frames[8];
		char name[32];
		void *library;
		size_t len;

		(void)snprintf(name, sizeof(name), "i%zu.so", i);
		if (!shell("%s -g -O1 -shared -fPIC -o %s", compilers[i], name)) {
			skip(compilers[i], "does not work here");
			continue;
		}
		library = load(name);
		(void)take_mappings(s, self);
		len = symbols_frames(s, self->pid, address_of(dlsym(library, "spot")), frames, 8);
		is_int(len, 3, "%s: three frames", compilers[i]);
		for (size_t k = 0; k < len && k < 3; k++) {
			char want[32];

			(void)snprintf(want, sizeof(want), is_cplus ? "n::%s()" : "%s",
				       functions[k]);
			is_text(frames[k].function, want, "%s: frame %zu", compilers[i], k);
			is_int(frames[k].line, 2 * k + 2, "its line");
			ok(strstr(frames[k].file, "/i.c"), "its file: %s", frames[k].file);
			is_int(frames[k].is_inlined, k < 2, "whether it is inlined");
			is_text(frames[k].module, name, "its module");
		}
		is_int(symbols_frames(s, self->pid, address_of(dlsym(library, "spot")), frames, 2),
		       2, "no more frames than there is room for");
		(void)dlclose(library);
	}
}

/* Strips m.so and puts what @pack makes of the file "mini" (its symbols) into it. */
static bool make_debugdata(const char *pack)
{
	return shell("cc -O1 -shared -fPIC helper.c -o m.so && "
		     "nm -D m.so --format=posix --defined-only | cut -d' ' -f1 | sort >dynamic && "
		     "nm m.so --format=posix --defined-only | "
		     "awk '$2 ~ /[Tt]/ { print $1 }' | sort >all && comm -13 dynamic all >keep && "
		     "objcopy --only-keep-debug m.so full && "
		     "objcopy -S --remove-section .comment --keep-symbols=keep full mini && "
		     "strip m.so && (%s) && objcopy --add-section .gnu_debugdata=packed m.so",
		     pack);
}

static void test_debugdata(const struct target *self)
{
	static const struct {
		const char *name, *pack, *function, *note;
	} cases[] = {
		{ "symbols", "xz -c mini >packed", "helper_hidden", NULL },
		{ "a bomb", "head -c 1G /dev/zero | xz -0 -T1 >packed", "",
		  "too much debug information" },
		{ "junk", "head -c 4000 /dev/urandom >packed", "", "malformed" },
		{ "half of it", "xz -c mini | head -c 200 >packed", "", "malformed" },
		{ "no ELF file", "echo junk | xz >packed", "", "malformed" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		_release_(symbols_freep) struct symbols *s = symbols_new();
		uint64_t (*hidden)(void);
		uint64_t start;
		const char *note;
		char name[32];
		void *library;

		(void)snprintf(name, sizeof(name), "m%zu.so", i);
		if (!make_debugdata(cases[i].pack) || !shell("mv m.so %s", name)) {
			skip(cases[i].name, "xz, nm or objcopy do not work here");
			continue;
		}
		library = load(name);
		hidden = (uint64_t(*)(void))dlsym(library, "helper_hidden_address");
		(void)take_mappings(s, self);
		start = clock_monotonic_ns();
		is_text(frame_at(s, self->pid, hidden()).function, cases[i].function,
			".gnu_debugdata with %s: name", cases[i].name);
		is_text(frame_at(s, self->pid, address_of(dlsym(library, "helper_visible")))
				.function,
			"helper_visible", ".gnu_debugdata with %s: dynamic name", cases[i].name);
		ok(clock_monotonic_ns() - start < 6 * NS_PER_S, ".gnu_debugdata with %s: in time",
		   cases[i].name);
		note = symbols_note(s);
		ok(cases[i].note ? note && strstr(note, name) && strstr(note, cases[i].note)
				 : !note,
		   ".gnu_debugdata with %s: note: %s", cases[i].name, note ? note : "none");
		(void)dlclose(library);
	}
}

/*
 * A subprogram of two million empty blocks, each of which is looked at for each address in it.
 * Names come from the symbol table, and the file, or another of its build, is not asked again.
 */
static void test_spin(const struct target *self)
{
	_release_(symbols_freep) struct symbols *s = symbols_new();
	uint64_t addrs[400], start;
	void *library, *again;
	const char *note;

	if (!shell("printf '%%b' '.globl slow\\n.type slow,@function\\nslow: .fill 1024,1,0x90\\n"
		   ".size slow,1024\\n.section .debug_abbrev\\n.byte 1,17,1,17,1,18,7,0,0\\n"
		   ".byte 2,46,1,17,1,18,7,0,0,3,11,0,0,0,0\\n.section .debug_info\\n.long e-b\\n"
		   "b: .short 4\\n.long .debug_abbrev\\n.byte 8,1\\n.quad slow,1024\\n.byte 2\\n"
		   ".quad slow,1024\\n.fill 2000000,1,3\\n.byte 0,0\\ne:\\n' >slow.s && "
		   "cc -shared -Wl,--build-id=0x1234567812345678 slow.s -o slow.so && "
		   "cp slow.so slower.so && echo >>slower.so")) {
		skip("units made to spin", "cannot be assembled here");
		return;
	}
	library = load("slow.so");
	(void)take_mappings(s, self);
	for (size_t i = 0; i < 400; i++)
		addrs[i] = address_of(dlsym(library, "slow")) + i;
	start = clock_monotonic_ns();
	is_int(symbols_resolve(s, self->pid, addrs, 400), 0, "units made to spin");
	ok(clock_monotonic_ns() - start < 6 * NS_PER_S, "units made to spin: ended in %.1f s",
	   (double)(clock_monotonic_ns() - start) / NS_PER_S);
	is_text(frame_at(s, self->pid, addrs[399]).function, "slow", "names come all the same");
	note = symbols_note(s);
	ok(note && strcmp(note, "no line numbers for slow.so: the symboliser was ended: time") == 0,
	   "the note says it: %s", note ? note : "none");
	again = load("slower.so");
	(void)take_mappings(s, self);
	start = clock_monotonic_ns();
	is_text(frame_at(s, self->pid, address_of(dlsym(again, "slow"))).function, "slow",
		"another file of that build has names");
	ok(clock_monotonic_ns() - start < NS_PER_S, "and is not asked");
	(void)dlclose(again);
	(void)dlclose(library);
}

int main(void)
{
	struct target self = { 0 };

	must(target_open(&self, getpid(), NULL) == 0);
	if (make_folder()) {
		test_debug_file(&self);
		test_dwarf(&self);
		test_inlined(&self);
		test_debugdata(&self);
		test_spin(&self);
	} else {
		skip("shared objects", "cc, objcopy or strip do not work here");
	}
	(void)shell("rm -rf %s", folder);
	target_done(&self);
	return tap_done();
}
