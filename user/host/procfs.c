// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Reads /proc: bounded, and with the text a process chose for itself taken as hostile. */
#include "host/procfs.h"

#include "base/parse.h"
#include "base/scope.h"
#include "base/text.h"
#include "base/vec.h"
#include "host/fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define READ_START   4096
#define STAT_MAX     65536
#define CMDLINE_SEEN 8192 /* of a command line; argv[0] and argv[1] are looked for in this */

/* Fields of stat behind the command, counted from 0 = state (proc(5) counts from 3). */
#define STAT_PPID	  1
#define STAT_MINOR_FAULTS 7
#define STAT_MAJOR_FAULTS 9
#define STAT_USER_TIME	  11
#define STAT_SYSTEM_TIME  12
#define STAT_THREADS	  17
#define STAT_START_TIME	  19
#define STAT_FIELDS	  20

int procfs_read(int fd, size_t max, char **ret_data, size_t *ret_len)
{
	_release_(freep) char *data = NULL;
	size_t len = 0, room = READ_START;

	for (;;) {
		char *grown = realloc(data, room + 1);
		ssize_t n;

		if (!grown)
			return -ENOMEM;
		data = grown;
		n = fd_read_at(fd, len, data + len, room - len);
		if (n < 0)
			return (int)n;
		len += (size_t)n;
		if (len > max)
			return -E2BIG;
		if (len < room)
			break;
		room *= 2;
	}
	data[len] = '\0';
	*ret_data = data;
	*ret_len = len;
	data = NULL;
	return 0;
}

int procfs_open(pid_t pid, const char *file)
{
	char path[64];
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file); /* always fits */
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	return fd;
}

static int read_of_process(pid_t pid, const char *file, char **ret_text)
{
	_release_(closep) int fd = procfs_open(pid, file);
	size_t len;

	return fd < 0 ? fd : procfs_read(fd, STAT_MAX, ret_text, &len);
}

static bool is_wanted(int field)
{
	return field == STAT_PPID || field == STAT_MINOR_FAULTS || field == STAT_MAJOR_FAULTS ||
	       field == STAT_USER_TIME || field == STAT_SYSTEM_TIME || field == STAT_THREADS ||
	       field == STAT_START_TIME;
}

/* The stat line: "PID (comm) S PPID ...". The comm may hold blanks and ')' of its own. */
static int parse_stat(char *text, struct process_stat *st)
{
	char *open = strchr(text, '('), *close = strrchr(text, ')'), *rest, *field;
	uint64_t values[STAT_FIELDS] = { 0 };

	if (!open || !close || close < open || close[1] != ' ')
		return -EBADMSG;
	(void)text_clean(open + 1, (size_t)(close - open - 1), st->comm, sizeof(st->comm));
	rest = close + 2;
	for (int i = 0; i < STAT_FIELDS; i++) {
		field = strsep(&rest, " ");
		if (!field || !*field)
			return -EBADMSG;
		if (i == 0)
			st->state = *field;
		if (is_wanted(i) && parse_u64(field, UINT64_MAX, &values[i]))
			return -EBADMSG;
	}
	if (values[STAT_PPID] > INT32_MAX || values[STAT_THREADS] > INT32_MAX)
		return -EBADMSG;
	st->ppid = (pid_t)values[STAT_PPID];
	st->minor_faults = values[STAT_MINOR_FAULTS];
	st->major_faults = values[STAT_MAJOR_FAULTS];
	st->user_ticks = values[STAT_USER_TIME];
	st->system_ticks = values[STAT_SYSTEM_TIME];
	st->threads = (uint32_t)values[STAT_THREADS];
	st->start_ticks = values[STAT_START_TIME];
	return 0;
}

/* Number @column (0 the first) behind @key ("\nUid:") in status. */
static int status_number(const char *text, const char *key, unsigned int column, uint32_t *ret)
{
	const char *at = strstr(text, key);
	char number[16];
	uint64_t value;
	size_t len;

	if (!at)
		return -ENODATA;
	at += strlen(key);
	for (;; column--) {
		at += strspn(at, " \t");
		len = strcspn(at, " \t\n");
		if (column == 0)
			break;
		at += len;
	}
	if (len >= sizeof(number))
		return -EBADMSG;
	memcpy(number, at, len);
	number[len] = '\0';
	if (parse_u64(number, UINT32_MAX, &value))
		return -EBADMSG;
	*ret = (uint32_t)value;
	return 0;
}

/* The last number behind @key. */
static int status_last_number(const char *text, const char *key, uint32_t *ret)
{
	const char *at = strstr(text, key);
	unsigned int column = 0;

	if (!at)
		return -ENODATA;
	at += strlen(key);
	/* A tab before each number: seq_put_decimal_ull in fs/proc/array.c. */
	for (at += strspn(at, "\t"); *at != '\n' && *at != '\0'; at++)
		column += *at == '\t';
	return status_number(text, key, column, ret);
}

/* The set of signals behind @key, 0 when there is none. */
static uint64_t status_signals(const char *text, const char *key)
{
	const char *at = strstr(text, key);
	char digits[17];
	uint64_t set;
	size_t len;

	if (!at)
		return 0;
	at += strlen(key);
	at += strspn(at, "\t");
	len = strcspn(at, "\n");
	if (len >= sizeof(digits))
		return 0;
	memcpy(digits, at, len);
	digits[len] = '\0';
	return parse_hex_u64(digits, &set) ? 0 : set;
}

static int parse_status(const char *text, struct process_stat *st)
{
	uint32_t tgid, tracer, euid;
	/* a kernel may lack these lines, a process may have no memory */
	uint32_t seccomp = 0, ns_pid = (uint32_t)st->pid, peak_kb = 0, anon_kb = 0;

	/* Name: is the first line and has its newlines escaped, so no name can pose as a key. */
	if (status_number(text, "\nTgid:", 0, &tgid) ||
	    status_number(text, "\nTracerPid:", 0, &tracer) ||
	    status_number(text, "\nUid:", 1, &euid))
		return -EBADMSG;
	(void)status_number(text, "\nSeccomp:", 0, &seccomp);
	(void)status_last_number(text, "\nNSpid:", &ns_pid);
	(void)status_number(text, "\nVmHWM:", 0, &peak_kb);
	(void)status_number(text, "\nRssAnon:", 0, &anon_kb);
	st->tgid = (pid_t)tgid;
	st->ns_pid = (pid_t)ns_pid;
	st->tracer = (pid_t)tracer;
	st->euid = euid;
	st->seccomp = (int)seccomp;
	st->peak_rss_bytes = (uint64_t)peak_kb * 1024;
	st->anon_rss_bytes = (uint64_t)anon_kb * 1024;
	st->caught_signals = status_signals(text, "\nSigCgt:");
	return 0;
}

static int stat_line(pid_t pid, struct process_stat *st)
{
	_release_(freep) char *text = NULL;
	int err = read_of_process(pid, "stat", &text);

	st->pid = pid;
	return err ? err : parse_stat(text, st);
}

int procfs_stat(pid_t pid, struct process_stat *ret_stat)
{
	_release_(freep) char *status = NULL;
	struct process_stat st = { 0 };
	int err;

	if (pid <= 0)
		return -ESRCH;
	err = stat_line(pid, &st);
	if (!err)
		err = read_of_process(pid, "status", &status);
	if (!err)
		err = parse_status(status, &st);
	if (!err)
		*ret_stat = st;
	return err;
}

/* The next process of an open /proc, 0 at the end. */
static pid_t next_pid(DIR *proc)
{
	const struct dirent *entry;
	uint64_t pid;

	while ((entry = readdir(proc))) {
		if (!parse_u64(entry->d_name, INT32_MAX, &pid))
			return (pid_t)pid;
	}
	return 0;
}

static int list_add(struct pid_list *list, pid_t pid)
{
	pid_t *slot = vec_push(list);

	if (!slot)
		return -ENOMEM;
	*slot = pid;
	return 0;
}

static bool list_has(const struct pid_list *list, pid_t pid)
{
	for (size_t i = 0; i < list->len; i++) {
		if (list->at[i] == pid)
			return true;
	}
	return false;
}

static bool is_base_name(const char *path, const char *name)
{
	const char *slash = strrchr(path, '/');

	return strcmp(slash ? slash + 1 : path, name) == 0;
}

/* The first @size - 2 bytes of a file, ended by two NULs: at least two strings. False: gone. */
static bool read_start(pid_t pid, const char *file, char *buf, size_t size)
{
	_release_(closep) int fd = procfs_open(pid, file);
	ssize_t n = fd < 0 ? fd : fd_read_at(fd, 0, buf, size - 2);

	if (n < 0)
		return false;
	memset(buf + n, 0, 2);
	return true;
}

static bool has_name(pid_t pid, const char *name)
{
	struct process_stat st = { 0 };
	char text[CMDLINE_SEEN];
	size_t len;

	if (stat_line(pid, &st) || st.state == 'Z' || st.state == 'X')
		return false;
	if (!read_start(pid, "comm", text, sizeof(text)))
		return false;
	len = strlen(text);
	if (len > 0 && text[len - 1] == '\n')
		text[len - 1] = '\0';
	if (strcmp(text, name) == 0)
		return true;
	if (!read_start(pid, "cmdline", text, sizeof(text)))
		return false;
	return is_base_name(text, name) || is_base_name(text + strlen(text) + 1, name);
}

/* This process, its parent, and so on up. */
static int list_own_line(struct pid_list *list)
{
	struct process_stat st = { 0 };
	pid_t pid = getpid();

	while (pid > 0 && !list_has(list, pid)) {
		int err = list_add(list, pid);

		if (err)
			return err;
		if (stat_line(pid, &st))
			break; /* a parent that just ended: the line ends with it */
		pid = st.ppid;
	}
	return 0;
}

int procfs_find_by_name(const char *name, struct pid_list *ret_list)
{
	_release_(closedirp) DIR *proc = opendir("/proc");
	_release_(pid_list_done) struct pid_list own = { 0 }, found = { 0 };
	int err;
	pid_t pid;

	if (!proc)
		return -errno;
	err = list_own_line(&own);
	while (!err && (!name || *name) && (pid = next_pid(proc)) > 0)
		if (!list_has(&own, pid) && (!name || has_name(pid, name)))
			err = list_add(&found, pid);
	if (err)
		return err;
	*ret_list = found;
	found = (struct pid_list){ 0 };
	return 0;
}

int procfs_threads(pid_t pid, struct pid_list *ret_list)
{
	_release_(pid_list_done) struct pid_list found = { 0 };
	_release_(closedirp) DIR *tasks = NULL;
	char path[64];
	int err = 0;
	pid_t tid;

	(void)snprintf(path, sizeof(path), "/proc/%d/task", (int)pid); /* always fits */
	tasks = opendir(path);
	if (!tasks)
		return errno == ENOENT ? -ESRCH : -errno;
	while (!err && (tid = next_pid(tasks)) > 0)
		err = list_add(&found, tid);
	if (err)
		return err;
	*ret_list = found;
	found = (struct pid_list){ 0 };
	return 0;
}

/* "NUMBER ARG... SP PC" of a system call, "-1 SP PC" of another wait; "running". */
int procfs_stack_pointer(pid_t pid, pid_t tid, uint64_t *ret_address)
{
	_release_(freep) char *text = NULL;
	char file[64], *before = NULL, *last = NULL, *rest, *field;
	int err;

	(void)snprintf(file, sizeof(file), "task/%d/syscall", (int)tid); /* always fits */
	err = read_of_process(pid, file, &text);
	if (err)
		return err;
	for (rest = text; (field = strsep(&rest, " \n"));) {
		if (!*field)
			continue;
		before = last;
		last = field;
	}
	if (!before || strncmp(before, "0x", 2) != 0)
		return -ENODATA;
	return parse_hex_u64(before + 2, ret_address) ? -EBADMSG : 0;
}

struct parentage {
	struct kin {
		pid_t pid, ppid;
	} * at;
	size_t len, cap;
};

static void parentage_done(struct parentage *all)
{
	free(all->at);
}

static int read_parentage(struct parentage *all)
{
	_release_(closedirp) DIR *proc = opendir("/proc");
	struct process_stat st = { 0 };
	struct kin *kin;
	pid_t pid;

	if (!proc)
		return -errno;
	while ((pid = next_pid(proc)) > 0) {
		if (stat_line(pid, &st))
			continue; /* ended meanwhile */
		kin = vec_push(all);
		if (!kin)
			return -ENOMEM;
		*kin = (struct kin){ pid, st.ppid };
	}
	return 0;
}

static int list_children(const struct parentage *all, pid_t pid, struct pid_list *list)
{
	int err = 0;

	/* A process read before its PID was reused could close a circle: nobody is added twice. */
	for (size_t i = 0; i < all->len && !err; i++) {
		if (all->at[i].ppid == pid && !list_has(list, all->at[i].pid))
			err = list_add(list, all->at[i].pid);
	}
	return err;
}

int procfs_descendants(pid_t pid, struct pid_list *ret_list)
{
	_release_(parentage_done) struct parentage all = { 0 };
	_release_(pid_list_done) struct pid_list found = { 0 };
	int err = read_parentage(&all);

	if (!err)
		err = list_children(&all, pid, &found);
	for (size_t i = 0; i < found.len && !err; i++)
		err = list_children(&all, found.at[i], &found);
	if (err)
		return err;
	*ret_list = found;
	found = (struct pid_list){ 0 };
	return 0;
}

/* One figure of /proc/self/statm, in bytes; 0 when unknown. */
static uint64_t own_statm(int field)
{
	_release_(freep) char *text = NULL;
	char *rest, *figure = NULL;
	uint64_t pages;

	if (read_of_process(getpid(), "statm", &text))
		return 0;
	rest = text;
	for (int i = 0; i <= field; i++)
		figure = strsep(&rest, " ");
	if (!figure || parse_u64(figure, UINT64_MAX, &pages))
		return 0;
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

uint64_t procfs_own_rss_bytes(void)
{
	return own_statm(1);
}

uint64_t procfs_own_data_bytes(void)
{
	return own_statm(5);
}

void pid_list_done(struct pid_list *list)
{
	free(list->at);
	*list = (struct pid_list){ 0 };
}

bool procfs_memory_is_limited(pid_t pid)
{
	_release_(closep) int fd = open("/proc/sys/vm/overcommit_memory", O_RDONLY | O_CLOEXEC);
	struct rlimit limit;
	char mode = '2';

	if (fd < 0 || read(fd, &mode, 1) != 1 || mode == '2')
		return true;
	return prlimit(pid, RLIMIT_AS, NULL, &limit) || limit.rlim_cur != RLIM_INFINITY;
}
