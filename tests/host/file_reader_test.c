// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* file_reader: the same bytes as the file at every offset, and errors where the file is odd. */
#include "fixture.h"
#include "tap.h"

#include "host/file_reader.h"

#define SIZE 200000

static uint8_t pattern(uint64_t at)
{
	return (uint8_t)(at * 31 + at / 251);
}

static int make_file(const char *path)
{
	static uint8_t content[SIZE];
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	for (uint64_t i = 0; i < SIZE; i++)
		content[i] = pattern(i);
	must(fd >= 0 && write(fd, content, SIZE) == SIZE);
	return fd;
}

static bool is_pattern(const uint8_t *buf, uint64_t offset, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (buf[i] != pattern(offset + i))
			return false;
	}
	return true;
}

static void reads(void)
{
	static const struct {
		uint64_t offset;
		size_t len;
		int want;
		const char *what;
	} cases[] = {
		{ 0, 1, 0, "the first byte" },
		{ 0, 64, 0, "again from the window" },
		{ 4095, 2, 0, "over a window's alignment" },
		{ 65535, 2, 0, "over a window's end" },
		{ 100, 10, 0, "backwards" },
		{ 4097, FILE_READER_WINDOW - 4096, 0, "the largest read by window" },
		{ 4097, FILE_READER_WINDOW - 4095, 0, "the smallest read without" },
		{ 8191, FILE_READER_WINDOW - 4094, 0, "one that fits no aligned window" },
		{ 0, SIZE, 0, "the whole file" },
		{ SIZE - 1, 1, 0, "the last byte" },
		{ SIZE, 0, 0, "nothing at the end" },
		{ SIZE, 1, -ENODATA, "behind the end" },
		{ SIZE - 1, 2, -ENODATA, "over the end" },
		{ UINT64_MAX, 1, -ENODATA, "an offset that wraps" },
		{ 1, SIZE_MAX, -ENODATA, "a length that wraps" },
	};
	static uint8_t buf[SIZE];
	_release_(closep) int fd = make_file(in_scratch("pattern"));
	struct file_reader f;
	struct reader r;

	is_int(file_reader_init(&f, fd, &r), 0, "a regular file is taken");
	is_int(r.size, SIZE, "its size is known");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int got = r.read_at(&r, cases[i].offset, buf, cases[i].len);

		is_int(got, cases[i].want, "%s: status", cases[i].what);
		if (got == 0)
			ok(is_pattern(buf, cases[i].offset, cases[i].len), "%s: bytes",
			   cases[i].what);
	}
	file_reader_done(&f);
}

static void truncated_while_read(void)
{
	_release_(closep) int fd = make_file(in_scratch("shrinks"));
	struct file_reader f;
	struct reader r;
	uint8_t byte, many[100000];

	must(file_reader_init(&f, fd, &r) == 0);
	is_int(r.read_at(&r, 10, &byte, 1), 0, "before it shrinks");
	must(ftruncate(fd, 100) == 0);
	is_int(r.read_at(&r, 150000, &byte, 1), -ENODATA, "a byte cut off is an error, no signal");
	is_int(r.read_at(&r, 0, many, sizeof(many)), -ENODATA, "so is a long run");
	is_int(r.read_at(&r, 50, &byte, 1), 0, "what is left can be read");
	ok(byte == pattern(50), "and is right");
	file_reader_done(&f);
}

static void odd_files(void)
{
	struct file_reader f;
	struct reader r;
	int pipe_fds[2], dir = open(scratch, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	must(pipe2(pipe_fds, O_CLOEXEC) == 0 && dir >= 0);
	is_int(file_reader_init(&f, pipe_fds[0], &r), -EINVAL, "a pipe is refused");
	is_int(file_reader_init(&f, dir, &r), -EINVAL, "a directory is refused");
	is_int(file_reader_init(&f, -1, &r), -EBADF, "no descriptor is refused");
	(void)close(pipe_fds[0]);
	(void)close(pipe_fds[1]);
	(void)close(dir);
	file_reader_done(NULL);
}

int main(void)
{
	make_scratch();
	reads();
	truncated_while_read();
	odd_files();
	return tap_done();
}
