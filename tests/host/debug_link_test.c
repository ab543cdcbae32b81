// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Debug links: which file is taken, and that none is opened which the link should not lead to. The
 * library is mapped from the test's folder; what we say is the target's root lies below that.
 */
#include "symbols_fixture.h"

#include <fcntl.h>

/* In the folder; $D is the library's own folder in the target's root. */
static const struct {
	const char *what, *object, *prepare;
	bool is_taken;
} cases[] = {
	{ "beside the binary", "id.so", "cp x.debug $D", true },
	{ "in .debug", "id.so", "mkdir $D/.debug && cp x.debug $D/.debug", true },
	{ "below /usr/lib/debug", "id.so",
	  "mkdir -p root/usr/lib/debug$PWD && cp x.debug root/usr/lib/debug$PWD", true },
	{ "without build ids", "no-id.so", "cp no-id.debug $D", true },
	{ "after a wrong one", "id.so", "echo >$D/x.debug; mkdir $D/.debug; cp x.debug $D/.debug",
	  true },
	{ "on the host alone", "id.so", "test -f x.debug", false },
	{ "changed", "id.so", "cp x.debug $D && echo >>$D/x.debug", false },
	{ "of another build, with the right checksum", "other.so", "cp other.debug $D", false },
	{ "that is no ELF file", "id.so", "echo >$D/x.debug", false },
	{ "that is a FIFO", "id.so", "mkfifo $D/x.debug", false },
	{ "that is a folder", "id.so", "mkdir $D/x.debug", false },
	{ "that is a link", "id.so", "cp x.debug $D/y && ln -s y $D/x.debug", false },
	{ "in a folder that is a link", "id.so",
	  "mkdir $D/sub && cp x.debug $D/sub && ln -s sub $D/.debug", false },
	{ "named with a folder", "sub.so", "mkdir $D/sub && cp x.debug $D/sub", false },
	{ "named with ..", "above.so", "cp x.debug $D/..", false },
	{ "named by its path", "absolute.so", "cp x.debug root/x.debug", false },
	{ "named /etc/shadow", "shadow.so", "true", false },
};

/* link NAME FILE LIBRARY: LIBRARY gets a debug link with any NAME and FILE's checksum. */
#define LINK                                                                                       \
	"link() { python3 -c 'import struct, sys, zlib\n"                                          \
	"name = sys.argv[1].encode() + bytes(1)\n"                                                 \
	"name += bytes(-len(name) %% 4)\n"                                                         \
	"crc = zlib.crc32(open(sys.argv[2], \"rb\").read())\n"                                     \
	"sys.stdout.buffer.write(name + struct.pack(\"<I\", crc))' \"$1\" $2 >section && "         \
	"objcopy --add-section .gnu_debuglink=section bare.so $3; }; "

static bool make_libraries(void)
{
	return shell("build() { cc -g -O1 -shared -fPIC helper.c -o $1.so -Wl,--build-id=$2 && "
		     "objcopy --only-keep-debug $1.so $1.debug && strip $1.so; }; "
		     "build bare 0x1122334455667788 && mv bare.debug x.debug && "
		     "build no-id none && objcopy --add-gnu-debuglink=no-id.debug no-id.so && "
		     "build other 0x1122334455667799 && " LINK "link x.debug x.debug id.so && "
		     "link other.debug other.debug other.so && link sub/x.debug x.debug sub.so && "
		     "link ../x.debug x.debug above.so && link /x.debug x.debug absolute.so && "
		     "link ../../etc/shadow x.debug shadow.so");
}

static void test_case(const struct target *self, size_t i)
{
	_release_(symbols_freep) struct symbols *s = symbols_new();
	_release_(closep) int root = -1;
	struct target in_root = *self;
	uint64_t (*hidden)(void);
	struct frame frame;
	char path[256];
	void *library;

	(void)shell("rm -rf root; D=root$PWD; mkdir -p $D && ln %s $D; %s", cases[i].object,
		    cases[i].prepare);
	(void)snprintf(path, sizeof(path), "%s/root", folder);
	root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	in_root.root_fd = root;
	library = load(cases[i].object);
	hidden = (uint64_t(*)(void))dlsym(library, "helper_hidden_address");
	(void)take_mappings(s, &in_root);
	frame = frame_at(s, self->pid, hidden());
	is_text(frame.function, cases[i].is_taken ? "helper_hidden" : "",
		"a linked debug file %s: name", cases[i].what);
	is_int(frame.line != 0, cases[i].is_taken, "a linked debug file %s: line", cases[i].what);
	(void)dlclose(library);
}

int main(void)
{
	struct target self = { 0 };

	must(target_open(&self, getpid(), NULL) == 0);
	if (make_folder() && make_libraries()) {
		for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
			test_case(&self, i);
	} else {
		skip("debug links", "cc, objcopy, strip or python3 do not work here");
	}
	(void)shell("rm -rf %s", folder);
	target_done(&self);
	return tap_done();
}
