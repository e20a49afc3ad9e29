/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Disks that go to a client or come from one; the pipe's other end is xld-api's.
 *
 * give SIZE: so many bytes of descriptor 3 go into the pipe 4.
 * take SIZE: what comes by the pipe 3 is the content of descriptor 4, which has so
 * many bytes; what does not come is zeros. It comes in pieces, each behind its
 * length (32 bits, this machine's), and one of length 0 says that this was all: a
 * pipe that only ends is a client that has gone.
 * take-image MOST: the same; the file becomes as long as what came.
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "copy.h"

/* One who says more has lost his place. */
#define PIECE_MAX (1u << 24)

int
copy_say_status(const char *words, int status)
{
	if (write(STDOUT_FILENO, words, strlen(words)) < 0)
		return 2;
	return status;
}

/* ---- to a client -------------------------------------------------------------------- */

int
copy_send(int fd, const char *p, size_t n)
{
	ssize_t w;

	while (n > 0) {
		w = write(fd, p, n);
		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0 && errno == EPIPE)
			return copy_say_status("the client has gone\n",
			    COPY_CUT);
		if (w < 0)
			return copy_fail("send");
		p += w;
		n -= (size_t)w;
	}
	return 0;
}

static int
give(off_t size, char *buf)
{
	off_t at = 0, data;
	ssize_t n;
	int r = 0;

	/* What is not there is not made up. */
	if (lseek(copy_from, 0, SEEK_END) < size)
		return copy_say_status("the disk is shorter than it was\n",
		    COPY_FAILED);
	while (r == 0 && at < size) {
		copy_say(at, size);
		data = copy_data_at(at, size);
		if (data > at) {
			n = data - at < (off_t)CHUNK ? (ssize_t)(data - at) :
						       (ssize_t)CHUNK;
			if (at + n > size)
				n = (ssize_t)(size - at);
			memset(buf, 0, (size_t)n);
		} else {
			n = pread(copy_from, buf, size - at < (off_t)CHUNK ?
				(size_t)(size - at) : CHUNK, at);
			if (n < 0 && errno == EINTR)
				continue;
			if (n < 0)
				return copy_fail("read");
			if (n == 0)
				return copy_say_status("the disk became shorter\n",
				    COPY_FAILED);
		}
		r = copy_send(copy_to, buf, (size_t)n);
		at += n;
	}
	if (r == 0)
		copy_say(size, size);
	return r;
}

/* ---- from one ------------------------------------------------------------------------ */

/* All of it: 0, else a status. */
static int
get(void *p, size_t n)
{
	ssize_t r;

	while (n > 0) {
		r = read(copy_from, p, n);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return copy_fail("receive");
		if (r == 0)
			return copy_say_status("the client has gone before the "
					  "end\n", COPY_CUT);
		p = (char *)p + r;
		n -= (size_t)r;
	}
	return 0;
}

int
copy_get(struct copy_source *s, char *buf, size_t max, size_t *n)
{
	uint32_t part;
	int r = 0;

	for (*n = 0; r == 0 && *n < max && !s->ended; *n += part) {
		part = 0;
		if (s->left == 0) {
			r = get(&s->left, sizeof(s->left));
			s->ended = s->left == 0;
			if (r == 0 && s->left > PIECE_MAX)
				r = copy_say_status("a piece of no sane "
						    "length\n", COPY_CUT);
			continue;
		}
		part = s->left < max - *n ? s->left : (uint32_t)(max - *n);
		r = get(buf + *n, part);
		s->left -= part;
	}
	return r;
}

static int
put_chunk(const char *buf, size_t n, off_t at, off_t size)
{
	if (copy_device && n == CHUNK && copy_is_zero(buf, n))
		return copy_zeros(at, at + (off_t)n, size);
	return copy_put(buf, n, at);
}

/* A file is empty first, so what is not written is zeros. */
static int
begin(off_t size)
{
	if (copy_device)
		return 0;
	return ftruncate(copy_to, 0) < 0 || ftruncate(copy_to, size) < 0 ? -1 : 0;
}

static int
finish(off_t at, off_t size, bool image)
{
	if (copy_device ? copy_zeros(at, size, size) < 0 :
			  image && ftruncate(copy_to, at) < 0)
		return copy_fail("write");
	if (fsync(copy_to) < 0)
		return copy_fail("write to disk");
	copy_say(size, size);
	return 0;
}

static int
take(off_t size, bool image, char *buf)
{
	struct copy_source s = { 0 };
	off_t at = 0;
	size_t n;
	int r;

	if (begin(image ? 0 : size) < 0)
		return copy_fail("prepare the disk");
	while (!s.ended) {
		copy_say(at, size);
		r = copy_get(&s, buf, CHUNK, &n);
		if (r != 0)
			return r;
		if ((off_t)n > size - at)
			return copy_say_status("more has come than the disk has "
					  "room for\n", COPY_LARGE);
		if (put_chunk(buf, n, at, size) < 0)
			return copy_fail("write");
		at += (off_t)n;
	}
	return finish(at, size, image);
}

int
copy_stream(const char *how, int64_t size, char *buf)
{
	if (strcmp(how, "give") == 0)
		return give((off_t)size, buf);
	return take((off_t)size, strcmp(how, "take-image") == 0, buf);
}
