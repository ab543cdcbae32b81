// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Is it a node that SIGUSR1 does no harm to, can its inspector be reached, is there memory? */
#include "collect/heap_take_state.h"

#include "base/parse.h"
#include "base/scope.h"
#include "base/units.h"
#include "host/file_reader.h"
#include "host/log.h"
#include "host/net_namespace.h"
#include "symbol/elf.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#define DEFAULT_PORT 9229

/* --- which process ---------------------------------------------------------------------------- */

static int hold(struct heap_take *t)
{
	pid_t tgid = 0;
	int err = target_open(&t->target, t->plan->pid, &tgid);

	if (!err)
		err = procfs_stat(t->plan->pid, &t->stat);
	if (!err)
		return 0;
	if (err == -EEXIST)
		log_error("%d is a thread of process %d", (int)t->plan->pid, (int)tgid);
	else if (err == -ESRCH)
		log_error("there is no process %d", (int)t->plan->pid);
	else
		(void)log_errno(err, "cannot look at process %d", (int)t->plan->pid);
	if (err == -EACCES || err == -EPERM)
		log_hint("it is another user's: run this as that user or as root");
	return err;
}

/* One of two functions is in the file of @m. */
static bool has_function(const struct target *t, const struct mapping *m,
			 const char *const names[2])
{
	_release_(closep) int fd = target_open_mapping(t, m);
	_release_(file_reader_done) struct file_reader file = { 0 };
	struct elf_symbol found[2] = { 0 };
	struct reader reader;
	struct elf elf;
	uint64_t offset;

	if (fd < 0 || file_reader_init(&file, fd, &reader) || elf_open(&elf, reader, &offset))
		return false;
	return !elf_find_functions(&elf, names, 2, true, found) &&
	       (found[0].found || found[1].found);
}

/* Code of node: of the program itself, or of a library; NULL: there is none. */
static const struct mapping *find_node(const struct target *t, const struct procmaps *maps)
{
	struct stat exe;

	if (target_executable(t, &exe))
		return NULL;
	for (size_t i = 0; i < maps->len; i++) {
		static const char *const names[] = { "node_module_register",
						     "_ZN4node5StartEiPPc" };
		const struct mapping *m = &maps->at[i];

		if (m->executable && m->inode &&
		    (m->inode == exe.st_ino || strstr(m->path, "/libnode.so")) &&
		    has_function(t, m, names))
			return m;
	}
	return NULL;
}

/* It is a node, and one that runs. */
static int check_node(const struct heap_take *t, const struct mapping *node)
{
	if (!node) {
		log_error("process %d (%s) is no Node.js: a signal could end it",
			  (int)t->target.pid, t->target.comm);
		return -EOPNOTSUPP;
	}
	if (t->stat.state == 'T' || t->stat.state == 't') {
		log_error("process %d is stopped: it would not answer", (int)t->target.pid);
		return -EOPNOTSUPP;
	}
	return 0;
}

/* SIGUSR1 would do in @node what it does in a node that is left as it is. */
static int check_signal(struct heap_take *t, const struct mapping *node)
{
	const uint64_t bit = 1ull << (SIGUSR1 - 1);
	int has_handler;

	if (!(t->stat.caught_signals & bit)) {
		log_error("process %d takes no SIGUSR1, so its inspector cannot be opened",
			  (int)t->target.pid);
		log_hint("it was started with --disable-sigusr1, or a handler of its own was "
			 "removed; node --heapsnapshot-signal=SIGUSR2 writes snapshots without");
		return -EOPNOTSUPP;
	}
	has_handler = heap_take_has_handler(&t->target, node);
	t->may_have_handler = has_handler < 0;
	if (has_handler > 0) {
		log_error(
			"process %d has a handler of its own for SIGUSR1, so its inspector cannot "
			"be opened",
			(int)t->target.pid);
		log_hint("node --heapsnapshot-signal=SIGUSR2 writes snapshots without");
		return -EOPNOTSUPP;
	}
	return 0;
}

static int check_runtime(struct heap_take *t)
{
	static const char detach[] = "_ZN2v811ArrayBuffer6DetachENS_5LocalINS_5ValueEEE";
	static const char *const since_node_20[] = { detach, detach };
	_release_(procmaps_done) struct procmaps maps = { 0 };
	int err = target_maps(&t->target, &maps);
	const struct mapping *node;

	if (err)
		return log_errno(err, "cannot look at process %d", (int)t->target.pid);
	node = find_node(&t->target, &maps);
	err = check_node(t, node);
	if (err)
		return err;
	t->minds_diagnostic_dir = has_function(&t->target, node, since_node_20);
	return t->plan->by_signal ? heap_take_check_signal(t) : check_signal(t, node);
}

/* --- its inspector ---------------------------------------------------------------------------- */

/* What the program was started with. */
struct words {
	uint16_t port;	   /* of its inspector; 0: any */
	bool takes_signal; /* a flag gave SIGUSR1 another meaning */
};

/* The port in "[HOST:]PORT", which ends at a blank. */
static void read_port(const char *text, uint16_t *port)
{
	const char *colon;
	char value[64];
	size_t len = strcspn(text, " ");
	uint64_t number;

	if (len >= sizeof(value))
		return;
	memcpy(value, text, len);
	value[len] = '\0';
	colon = strrchr(value, ':');
	if (!parse_u64(colon ? colon + 1 : value, UINT16_MAX, &number))
		*port = (uint16_t)number;
}

/* An argument, or an environment variable with several. */
static void read_word(const char *word, struct words *w)
{
	static const char *const options[] = { "--inspect-port=", "--debug-port=", "--inspect=",
					       "--inspect-brk=" };

	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++) {
		const char *at = strstr(word, options[i]);

		if (at)
			read_port(at + strlen(options[i]), &w->port);
	}
	/* --heapsnapshot-signal, --report-signal */
	w->takes_signal |= strstr(word, "-signal=SIGUSR1") != NULL;
}

/* Of the command line, or what node reads of the environment. */
static void read_words(pid_t pid, const char *file, const char *prefix, struct words *w)
{
	_release_(closep) int fd = procfs_open(pid, file);
	_release_(freep) char *text = NULL;
	size_t len, next;

	if (fd < 0 || procfs_read(fd, HEAP_TAKE_WORDS_MAX, &text, &len))
		return;
	for (size_t at = 0; at < len; at = next) {
		next = at + strlen(text + at) + 1;
		if (strncmp(text + at, prefix, strlen(prefix)) == 0)
			read_word(text + at, w);
	}
}

/* A line that says who has the port. */
static int say_taken(const struct listener *l)
{
	pid_t owner = listeners_owner(l->inode);
	struct process_stat st;

	if (owner && !procfs_stat(owner, &st))
		log_error("port %u, which its inspector would take, is process %d's (%s)", l->port,
			  (int)owner, st.comm);
	else
		log_error("port %u, which its inspector would take, is another process's", l->port);
	log_hint("close that one, or start the program with node --inspect-port=0");
	return -EADDRINUSE;
}

static int check_words(struct heap_take *t)
{
	struct words w = { .port = DEFAULT_PORT };

	read_words(t->target.pid, "environ", "NODE_OPTIONS=", &w);
	read_words(t->target.pid, "cmdline", "--", &w);
	t->port = w.port;
	if (!w.takes_signal)
		return 0;
	log_error("process %d was started so that SIGUSR1 does something else", (int)t->target.pid);
	log_hint("if that is --heapsnapshot-signal: take --signal");
	return -EOPNOTSUPP;
}

static int check_port(struct heap_take *t)
{
	_release_(listener_list_done) struct listener_list list = { 0 };
	int err = listeners_read(t->target.pid, &list);

	if (err)
		return log_errno(err, "cannot see the sockets of process %d", (int)t->target.pid);
	for (size_t i = 0; i < list.len && t->port; i++) {
		const struct listener *l = &list.at[i];

		if (l->port != t->port)
			continue;
		if (!l->is_own)
			return say_taken(l);
		t->was_open = true;
		t->at = *l;
	}
	return 0;
}

static int check_namespace(const struct heap_take *t)
{
	int differs = net_namespace_differs(&t->target);
	int fd = differs < 0 ? differs : net_namespace_socket(&t->target);

	if (fd >= 0) {
		(void)close(fd);
		return 0;
	}
	if (differs > 0 && fd == -EPERM) {
		log_error("process %d is in another network namespace, which only root may enter",
			  (int)t->target.pid);
		log_hint("sudo heap-diff take -p %d", (int)t->target.pid);
		return fd;
	}
	return log_errno(fd, "cannot enter the network namespace of process %d",
			 (int)t->target.pid);
}

/* --- memory ----------------------------------------------------------------------------------- */

uint64_t heap_take_freeze_ns(uint64_t heap_bytes)
{
	return heap_bytes / 1000 * (HEAP_TAKE_FREEZE_NS_PER_MB / 1000);
}

int heap_take_check_room(struct heap_take *t, uint64_t heap_bytes)
{
	char heap[UNITS_LEN], need[UNITS_LEN], room[UNITS_LEN];
	int err = memory_room_of(t->target.pid, &t->room);

	if (err)
		return log_errno(err, "cannot see how much memory there is");
	if (t->room.bytes / HEAP_TAKE_ROOM_PER_BYTE >= heap_bytes)
		return 0;
	log_error("too little memory: a snapshot of a heap of %s may take %s, and %s has %s",
		  units_bytes(heap_bytes, heap),
		  units_bytes(heap_bytes * HEAP_TAKE_ROOM_PER_BYTE, need),
		  t->room.is_of_cgroup ? "its control group" : "the machine",
		  units_bytes(t->room.bytes, room));
	return -ENOMEM;
}

static int check_inspector(struct heap_take *t)
{
	int err = check_words(t);

	if (!err)
		err = check_runtime(t);
	if (!err)
		err = check_port(t);
	return err ? err : check_namespace(t);
}

int heap_take_check(struct heap_take *t)
{
	int err = hold(t);

	if (!err)
		err = t->plan->by_signal ? check_runtime(t) : check_inspector(t);
	if (!err)
		err = memory_room_of(t->target.pid, &t->room);
	return err;
}
