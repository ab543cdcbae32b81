// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Pages through the link, and both ends with a hostile peer: what is no page, and what is no
 * server's question. */
#include "host/metrics_link.h"

#include "base/scope.h"
#include "host/clock.h"
#include "tap.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static const struct series_info up = { "vitals_target_up", SERIES_GAUGE, "", "1: watched." };

static int fill(void *ctx, struct series *s, bool *ret_is_ready)
{
	int *calls = ctx;

	*ret_is_ready = true;
	++*calls;
	return series_family(s, &up) || series_add(s, NULL, 0, *calls) ? -ENOMEM : 0;
}

static int fill_nothing(void *ctx, struct series *s, bool *ret_is_ready)
{
	(void)ctx;
	(void)s;
	(void)ret_is_ready;
	return -EIO;
}

static int open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	must(dir);
	while (readdir(dir))
		count++;
	(void)closedir(dir);
	return count;
}

static void test_page(void)
{
	int link[2], calls = 0, fds = open_fds();
	struct metrics_desk desk = { .fill = fill, .ctx = &calls, .max_series = 10 };
	struct metrics_page page = { 0 };

	must(metrics_link_new(link) == 0);
	desk.fd = link[0];
	is_int(metrics_link_answer(&desk), 0, "no question is no fault");
	is_int(metrics_link_receive(link[1], &page), 0, "no answer yet");
	must(metrics_link_greet(link[1]) == 0);
	is_int(metrics_link_wait(link[0], 1000), 0, "it serves");
	must(metrics_link_ask(link[1]) == 0);
	is_int(metrics_link_answer(&desk), 0, "a question");
	is_int(metrics_link_receive(link[1], &page), 1, "is answered");
	ok(page.is_ready, "ready");
	ok(page.lens[EXPOSITION_TEXT] > 20 &&
		   memmem(page.texts[EXPOSITION_TEXT], page.lens[EXPOSITION_TEXT],
			  "vitals_target_up 1\n", 19),
	   "with a text");
	ok(memcmp(page.texts[EXPOSITION_OPENMETRICS] + page.lens[EXPOSITION_OPENMETRICS] - 6,
		  "# EOF\n", 6) == 0,
	   "and another");
	metrics_link_page_done(&page);
	(void)close(link[0]);
	is_int(metrics_link_receive(link[1], &page), -EPIPE, "the server sees the collector's end");
	is_int(metrics_link_ask(link[1]), -EPIPE, "also when it asks");
	(void)close(link[1]);
	is_int(open_fds(), fds, "no descriptor is left");
}

static void test_no_page(void)
{
	int link[2];
	struct metrics_desk desk = { .fill = fill_nothing, .max_series = 10 };
	struct metrics_page page = { 0 };

	must(metrics_link_new(link) == 0);
	desk.fd = link[0];
	must(metrics_link_ask(link[1]) == 0);
	is_int(metrics_link_answer(&desk), 0, "a question that cannot be answered");
	is_int(metrics_link_receive(link[1], &page), -ENODATA, "is, by a word");
	(void)close(link[1]);
	is_int(metrics_link_answer(&desk), -EPIPE, "the collector sees the server's end");
	(void)close(link[0]);
}

static void test_hostile_server(void)
{
	static const char *const words[] = { "x", "??", "", "!", "????????????????????????????" };
	int calls = 0;

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		int link[2];
		struct metrics_desk desk = { .fill = fill, .ctx = &calls, .max_series = 10 };

		must(metrics_link_new(link) == 0);
		desk.fd = link[0];
		must(send(link[1], words[i], strlen(words[i]), 0) >= 0);
		ok(metrics_link_answer(&desk) < 0, "not a question: '%s'", words[i]);
		(void)close(link[0]);
		(void)close(link[1]);
	}
	is_int(calls, 0, "no page was made");
}

static void test_asks_too_often(void)
{
	int link[2], calls = 0;
	struct metrics_desk desk = { .fill = fill, .ctx = &calls, .max_series = 10 };
	const struct timespec second = { .tv_sec = 1 };

	must(metrics_link_new(link) == 0);
	desk.fd = link[0];
	must(metrics_link_ask(link[1]) == 0 && metrics_link_ask(link[1]) == 0);
	is_int(metrics_link_answer(&desk), 0, "the first question");
	is_int(metrics_link_answer(&desk), -EBADMSG, "a second one within the second");
	must(nanosleep(&second, NULL) == 0 && metrics_link_ask(link[1]) == 0);
	is_int(metrics_link_answer(&desk), 0, "after it");
	is_int(calls, 2, "two pages");
	(void)close(link[0]);
	(void)close(link[1]);
}

static void test_wait(void)
{
	int link[2];

	must(metrics_link_new(link) == 0);
	is_int(metrics_link_wait(link[0], 10), -ETIMEDOUT, "no greeting");
	must(metrics_link_ask(link[1]) == 0);
	is_int(metrics_link_wait(link[0], 10), -EBADMSG, "another word");
	(void)close(link[1]);
	is_int(metrics_link_wait(link[0], 10), -EPIPE, "an end");
	(void)close(link[0]);
}

/* --- a hostile collector ---------------------------------------------------------------------- */

/* As in host/metrics_link.c. */
struct header {
	uint64_t magic, at[2], len[2], is_ready;
};

#define MAGIC 0x76697461706c3031ull
#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static void send_fds(int link, const int *fds, size_t count)
{
	char byte = 'x';
	struct iovec data = { .iov_base = &byte, .iov_len = 1 };
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(2 * sizeof(int))];
	} control = { 0 };
	struct msghdr message = { .msg_iov = &data,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = CMSG_SPACE(count * sizeof(int)) };
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);

	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(count * sizeof(int));
	memcpy(CMSG_DATA(head), fds, count * sizeof(int));
	must(sendmsg(link, &message, 0) == 1);
}

static int memfd_of(const struct header *header, size_t size, int seals)
{
	int fd = memfd_create("page", MFD_ALLOW_SEALING);

	must(fd >= 0);
	must(pwrite(fd, header, sizeof(*header) < size ? sizeof(*header) : size, 0) > 0);
	must(ftruncate(fd, (off_t)size) == 0);
	must(fcntl(fd, F_ADD_SEALS, seals) == 0);
	return fd;
}

static int receive_of(int fd)
{
	struct metrics_page page = { 0 };
	int link[2], got;

	must(metrics_link_new(link) == 0);
	send_fds(link[0], &fd, 1);
	got = metrics_link_receive(link[1], &page);
	metrics_link_page_done(&page);
	(void)close(fd);
	(void)close(link[0]);
	(void)close(link[1]);
	return got;
}

static const struct {
	const char *what;
	struct header header;
	size_t size;
	int seals, want;
} hostile_pages[] = {
	{ "as it should be", { MAGIC, { 48, 58 }, { 10, 10 }, 1 }, 100, SEALS, 1 },
	{ "of two empty texts", { MAGIC, { 48, 48 }, { 0, 0 }, 0 }, 48, SEALS, 1 },
	{ "not sealed", { MAGIC, { 48, 58 }, { 10, 10 }, 1 }, 100, 0, -EBADMSG },
	{ "that can shrink",
	  { MAGIC, { 48, 58 }, { 10, 10 }, 1 },
	  100,
	  F_SEAL_WRITE | F_SEAL_GROW,
	  -EBADMSG },
	{ "that can be written",
	  { MAGIC, { 48, 58 }, { 10, 10 }, 1 },
	  100,
	  F_SEAL_SHRINK | F_SEAL_GROW,
	  -EBADMSG },
	{ "of another magic", { MAGIC + 1, { 48, 58 }, { 10, 10 }, 1 }, 100, SEALS, -EBADMSG },
	{ "shorter than its header", { MAGIC, { 0, 0 }, { 0, 0 }, 0 }, 47, SEALS, -EBADMSG },
	{ "whose text is longer than it",
	  { MAGIC, { 48, 58 }, { 10, 43 }, 1 },
	  100,
	  SEALS,
	  -EBADMSG },
	{ "whose text is beyond it", { MAGIC, { 101, 58 }, { 0, 0 }, 1 }, 100, SEALS, -EBADMSG },
	{ "whose text overflows",
	  { MAGIC, { UINT64_MAX, 58 }, { 2, 0 }, 1 },
	  100,
	  SEALS,
	  -EBADMSG },
	{ "whose length overflows",
	  { MAGIC, { 50, 58 }, { UINT64_MAX - 10, 0 }, 1 },
	  100,
	  SEALS,
	  -EBADMSG },
	{ "whose text is its header", { MAGIC, { 0, 58 }, { 10, 0 }, 1 }, 100, SEALS, -EBADMSG },
	{ "that is ready twice", { MAGIC, { 48, 58 }, { 10, 10 }, 2 }, 100, SEALS, -EBADMSG },
	{ "of a terabyte", { MAGIC, { 48, 58 }, { 10, 10 }, 1 }, 1ull << 40, SEALS, -EBADMSG },
};

static void test_hostile_pages(void)
{
	int fds = open_fds();

	for (size_t i = 0; i < sizeof(hostile_pages) / sizeof(*hostile_pages); i++)
		is_int(receive_of(memfd_of(&hostile_pages[i].header, hostile_pages[i].size,
					   hostile_pages[i].seals)),
		       hostile_pages[i].want, "a page %s", hostile_pages[i].what);
	is_int(open_fds(), fds, "no descriptor is left");
}

static void test_hostile_files(void)
{
	static const char *const paths[] = { "/dev/zero", "/dev/null", "/proc/self/maps", "/" };
	int fds = open_fds(), ends[2], link[2];
	struct metrics_page page = { 0 };

	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		int fd = open(paths[i], O_RDONLY | O_CLOEXEC);

		must(fd >= 0);
		is_int(receive_of(fd), -EBADMSG, "no page: %s", paths[i]);
	}
	must(pipe(ends) == 0 && metrics_link_new(link) == 0);
	send_fds(link[0], ends, 2);
	ok(metrics_link_receive(link[1], &page) < 0, "two descriptors");
	must(send(link[0], "??", 2, 0) == 2);
	is_int(metrics_link_receive(link[1], &page), -EBADMSG, "none");
	for (int i = 0; i < 2; i++) {
		(void)close(ends[i]);
		(void)close(link[i]);
	}
	is_int(open_fds(), fds, "no descriptor is left");
}

int main(void)
{
	test_page();
	test_no_page();
	test_hostile_server();
	test_asks_too_often();
	test_wait();
	test_hostile_pages();
	test_hostile_files();
	return tap_done();
}
