// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* One page is one memfd: a header, then both texts. Whoever reads it checks all of it first. */
#include "host/metrics_link.h"

#include "base/scope.h"
#include "host/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U /* since Linux 6.3 */
#endif

#define PAGE_MAGIC 0x76697461706c3031ull
#define PAGE_SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)
#define QUESTION   '?'
#define GREETING   '!'
#define NO_PAGE	   '-'

/* The clocks of both are one, but their readings are taken in turn. */
#define EARLIEST_NS (METRICS_LINK_AGE_NS - 100000000u)

struct page_header {
	uint64_t magic;
	uint64_t at[EXPOSITION_FORMATS], len[EXPOSITION_FORMATS];
	uint64_t is_ready;
};

int metrics_link_new(int ret_fds[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ret_fds)
		       ? -errno
		       : 0;
}

/* One message of one byte: 1, 0 (none there), -EPIPE or -EBADMSG. */
static int take_byte(int fd, char expected)
{
	char bytes[2];
	ssize_t len = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (len < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (len <= 0)
		return -EPIPE;
	return len == 1 && bytes[0] == expected ? 1 : -EBADMSG;
}

/* The other end may have gone with messages unread, or without. */
static int gone_errno(void)
{
	return errno == ECONNRESET || errno == ENOTCONN ? EPIPE : errno;
}

static int put_byte(int fd, char byte)
{
	return send(fd, &byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT) == 1 ? 0 : -gone_errno();
}

/* --- the collector's end -------------------------------------------------------------------- */

int metrics_link_wait(int fd, int timeout_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int got = poll(&p, 1, timeout_ms);

	if (got < 0)
		return -errno;
	if (got == 0)
		return -ETIMEDOUT;
	got = take_byte(fd, GREETING);
	return got > 0 ? 0 : got < 0 ? got : -EPIPE;
}

static int new_memfd(void)
{
	int fd = memfd_create("vitals-page", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("vitals-page", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	return fd < 0 ? -errno : fd;
}

/* One text behind what is there. */
static int write_text(const struct series *s, enum exposition_format format, FILE *out,
		      struct page_header *header)
{
	long from = ftell(out), to;
	int err = exposition_write(s, format, out);

	to = ftell(out);
	if (err || from < 0 || to < from)
		return -EIO;
	if (to - from > (long)METRICS_LINK_TEXT_MAX)
		return -E2BIG;
	header->at[format] = (uint64_t)from;
	header->len[format] = (uint64_t)(to - from);
	return 0;
}

/* A stream that ends without the descriptor. */
static FILE *stream_to(int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	FILE *out = copy < 0 ? NULL : fdopen(copy, "w");

	if (!out && copy >= 0)
		(void)close(copy);
	return out;
}

static int write_page(int fd, const struct series *s, bool is_ready)
{
	_release_(fclosep) FILE *out = stream_to(fd);
	struct page_header header = { .magic = PAGE_MAGIC, .is_ready = is_ready };
	int err = 0;

	if (!out)
		return -ENOMEM;
	if (fwrite(&header, sizeof(header), 1, out) != 1)
		return -EIO;
	for (int f = 0; f < EXPOSITION_FORMATS && !err; f++)
		err = write_text(s, (enum exposition_format)f, out, &header);
	if (!err && pwrite(fd, &header, sizeof(header), 0) != (ssize_t)sizeof(header))
		err = -EIO;
	return err;
}

static int send_fd(int link, int fd)
{
	char byte = GREETING;
	struct iovec data = { .iov_base = &byte, .iov_len = 1 };
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct msghdr message = { .msg_iov = &data,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control.room) };
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);

	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(head), &fd, sizeof(fd));
	return sendmsg(link, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -gone_errno() : 0;
}

static int send_page(const struct metrics_desk *desk)
{
	_release_(series_freep) struct series *s = series_new(desk->max_series);
	_release_(closep) int fd = -1;
	bool is_ready = false;
	int err;

	if (!s)
		return -ENOMEM;
	err = desk->fill(desk->ctx, s, &is_ready);
	if (err)
		return err;
	fd = new_memfd();
	if (fd < 0)
		return fd;
	err = write_page(fd, s, is_ready);
	if (!err && fcntl(fd, F_ADD_SEALS, PAGE_SEALS | F_SEAL_SEAL))
		err = -errno;
	return err ? err : send_fd(desk->fd, fd);
}

int metrics_link_answer(struct metrics_desk *desk)
{
	int got = take_byte(desk->fd, QUESTION), err;
	uint64_t now_ns = clock_monotonic_ns();

	if (got <= 0)
		return got;
	if (desk->last_ns && now_ns - desk->last_ns < EARLIEST_NS)
		return -EBADMSG;
	desk->last_ns = now_ns;
	err = send_page(desk);
	if (err && err != -EPIPE)
		err = put_byte(desk->fd, NO_PAGE);
	return err == -EPIPE ? err : 0;
}

/* --- the server's end ----------------------------------------------------------------------- */

int metrics_link_greet(int fd)
{
	return put_byte(fd, GREETING);
}

int metrics_link_ask(int fd)
{
	return put_byte(fd, QUESTION);
}

/* The descriptor of a message that carries one; all of them are closed when it carries more. */
static int take_fd(struct msghdr *message, int *ret_fd)
{
	const struct cmsghdr *head = CMSG_FIRSTHDR(message);
	int fds[2] = { -1, -1 };
	size_t count;

	if (!head || head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS)
		return -EBADMSG;
	count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	if (count == 0 || count > sizeof(fds) / sizeof(*fds))
		return -EBADMSG;
	memcpy(fds, CMSG_DATA(head), count * sizeof(int));
	if (count == 1) {
		*ret_fd = fds[0];
		return 1;
	}
	for (size_t i = 0; i < count; i++)
		(void)close(fds[i]);
	return -EBADMSG;
}

/* The descriptor that the next message carries: 1, 0 (no message is there), -ENODATA, -EPIPE or
 * -EBADMSG. */
static int receive_fd(int link, int *ret_fd)
{
	char bytes[2];
	struct iovec data = { .iov_base = bytes, .iov_len = sizeof(bytes) };
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))]; /* rounded up: two may come */
	} control = { 0 };
	struct msghdr message = { .msg_iov = &data,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control.room) };
	ssize_t len = recvmsg(link, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (len < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (len <= 0)
		return -EPIPE;
	if (!CMSG_FIRSTHDR(&message) && len == 1 && bytes[0] == NO_PAGE)
		return -ENODATA;
	return take_fd(&message, ret_fd);
}

static bool is_inside(uint64_t at, uint64_t len, uint64_t size)
{
	return len <= METRICS_LINK_TEXT_MAX && at >= sizeof(struct page_header) && at <= size &&
	       len <= size - at;
}

/* What cannot be cut short or rewritten while it is read: else reading could end us by SIGBUS. */
static int map_page(int fd, struct metrics_page *page)
{
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat st;
	void *at;

	if (seals < 0 || (seals & PAGE_SEALS) != PAGE_SEALS || fstat(fd, &st))
		return -EBADMSG;
	if (st.st_size < (off_t)sizeof(struct page_header) ||
	    st.st_size > (off_t)(sizeof(struct page_header) +
				 EXPOSITION_FORMATS * (size_t)METRICS_LINK_TEXT_MAX))
		return -EBADMSG;
	at = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (at == MAP_FAILED)
		return -ENOMEM;
	page->size = (size_t)st.st_size;
	page->at = at;
	return 0;
}

static int read_header(struct metrics_page *page)
{
	struct page_header header;

	memcpy(&header, page->at, sizeof(header));
	if (header.magic != PAGE_MAGIC || header.is_ready > 1)
		return -EBADMSG;
	for (int f = 0; f < EXPOSITION_FORMATS; f++) {
		if (!is_inside(header.at[f], header.len[f], page->size))
			return -EBADMSG;
		page->texts[f] = (const char *)page->at + header.at[f];
		page->lens[f] = (size_t)header.len[f];
	}
	page->is_ready = header.is_ready;
	return 1;
}

int metrics_link_receive(int fd, struct metrics_page *ret_page)
{
	struct metrics_page page = { 0 };
	int file = -1, err = receive_fd(fd, &file);

	if (err <= 0)
		return err;
	err = map_page(file, &page);
	(void)close(file);
	if (err)
		return err;
	err = read_header(&page);
	if (err < 0)
		metrics_link_page_done(&page);
	else
		*ret_page = page;
	return err;
}

void metrics_link_page_done(struct metrics_page *page)
{
	if (page->at)
		(void)munmap(page->at, page->size);
	*page = (struct metrics_page){ 0 };
}
