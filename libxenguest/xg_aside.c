/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The loader's second thread: what it does costs the one that unpacks nothing.
 * It undoes x86's filter in pieces of the image, writes them to its file, sums them,
 * and touches memory shortly before it is written to: in a domain 0 the first touch of a page takes as long
 * as unpacking 2 KiB. Without a thread the pieces are written as they come.
 */
#include "config.h"

#include <errno.h>
#include <lzma.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "xg_private.h"

#ifndef MADV_POPULATE_WRITE /* Linux 5.14; an older one refuses it */
#define MADV_POPULATE_WRITE 23
#endif

/* No more than that: these, too, are touched for the first time. */
#define SLOTS	   16
#define SLOT_BYTES (64u << 10)
/* Of memory, between looks for pieces. */
#define STEP  (256u << 10)
#define STACK (256u << 10)

static struct {
	pthread_mutex_t lock;
	pthread_cond_t work, done;
	bool threaded, x86;
	/* How many were filled and how many written since the beginning. */
	unsigned filled, written;
	size_t used[SLOTS];
	int fd, error;
	xg_told_f *told;
	/* Bytes of the file. */
	uint64_t at;
	uint32_t crc;
	/* What is to be touched. */
	uint8_t *soon;
	size_t left;
} aside = { .lock = PTHREAD_MUTEX_INITIALIZER,
	.work = PTHREAD_COND_INITIALIZER,
	.done = PTHREAD_COND_INITIALIZER };
static uint8_t slots[SLOTS][SLOT_BYTES];

static bool
all_zero(const uint8_t *p, size_t n)
{
	return n > 0 && p[0] == 0 && memcmp(p, p + 1, n - 1) == 0;
}

/* Half of a kernel is zeros, which a file that has nothing there reads as: they take
 * neither time, and they are unpacked faster than they could be written, nor memory. */
static int
write_at(const uint8_t *p, size_t n, uint64_t at)
{
	while (n > 0 && !all_zero(p, n)) {
		ssize_t r = pwrite(aside.fd, p, n, (off_t)at);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -1;
		p += r;
		n -= (size_t)r;
		at += (uint64_t)r;
	}
	return 0;
}

/* Without the lock; of no bytes: what the filter has kept. */
static void
write_bytes(const uint8_t *p, size_t n)
{
	static uint8_t plain[SLOT_BYTES + XG_X86_KEPT];

	if (aside.error == 0 && aside.x86) {
		aside.error = xg_x86_undo(p, n, plain, &n);
		p = plain;
	}
	if (aside.error == 0 && write_at(p, n, aside.at) < 0)
		aside.error = errno;
	if (aside.error == 0)
		aside.crc = lzma_crc32(p, n, aside.crc);
	aside.at += n;
	if (aside.error == 0)
		aside.told(p, n, aside.at);
}

static void
write_one(unsigned at)
{
	write_bytes(slots[at % SLOTS], aside.used[at % SLOTS]);
}

/* Without the lock; fails where the kernel is older or memory has run out, which
 * the other thread will find out for itself. */
static size_t
touch(uint8_t *p, size_t n)
{
	return madvise(p, n, MADV_POPULATE_WRITE) == 0 ? n : 0;
}

static void
touch_some(void)
{
	uint8_t *p = aside.soon;
	size_t n = aside.left < STEP ? aside.left : STEP;

	pthread_mutex_unlock(&aside.lock);
	n = touch(p, n);
	pthread_mutex_lock(&aside.lock);
	/* Something else may be expected by now. */
	if (aside.soon != p)
		return;
	aside.soon += n;
	aside.left = n == 0 ? 0 : aside.left - n;
}

static void *
run(void *arg)
{
	(void)arg;
	pthread_mutex_lock(&aside.lock);
	aside.threaded = true;
	pthread_cond_signal(&aside.done);
	for (;;) {
		if (aside.written != aside.filled) {
			pthread_mutex_unlock(&aside.lock);
			write_one(aside.written);
			pthread_mutex_lock(&aside.lock);
			aside.written++;
			pthread_cond_signal(&aside.done);
		} else if (aside.left > 0) {
			touch_some();
		} else {
			pthread_cond_wait(&aside.work, &aside.lock);
		}
	}
	return NULL;
}

void
xg_aside_start(int fd, xg_told_f *told)
{
	pthread_attr_t attr;
	pthread_t thread;

	aside.fd = fd;
	aside.told = told;
	if (pthread_attr_init(&attr) != 0)
		return;
	pthread_mutex_lock(&aside.lock);
	/* What a thread does as it begins is no business of the filter's. */
	if (pthread_attr_setstacksize(&attr, STACK) == 0 &&
	    pthread_create(&thread, &attr, run, NULL) == 0)
		while (!aside.threaded)
			pthread_cond_wait(&aside.done, &aside.lock);
	pthread_mutex_unlock(&aside.lock);
	pthread_attr_destroy(&attr);
}

uint8_t *
xg_aside_next(size_t *n)
{
	pthread_mutex_lock(&aside.lock);
	while (aside.filled - aside.written == SLOTS)
		pthread_cond_wait(&aside.done, &aside.lock);
	pthread_mutex_unlock(&aside.lock);
	*n = SLOT_BYTES;
	return slots[aside.filled % SLOTS];
}

int
xg_aside_put(size_t n)
{
	int why;

	aside.used[aside.filled % SLOTS] = n;
	pthread_mutex_lock(&aside.lock);
	aside.filled++;
	if (!aside.threaded)
		write_one(aside.written++);
	else if (aside.filled - aside.written >= SLOTS / 2)
		/* Not for each: being woken is not free. */
		pthread_cond_signal(&aside.work);
	why = aside.error;
	pthread_mutex_unlock(&aside.lock);
	errno = why;
	return why == 0 ? 0 : -1;
}

int
xg_aside_finish(uint32_t *crc)
{
	int why;

	pthread_mutex_lock(&aside.lock);
	pthread_cond_signal(&aside.work);
	while (aside.written != aside.filled)
		pthread_cond_wait(&aside.done, &aside.lock);
	/* The other thread has nothing to do any more. */
	write_bytes(NULL, 0);
	if (aside.error == 0 && ftruncate(aside.fd, (off_t)aside.at) < 0)
		aside.error = errno;
	*crc = aside.crc;
	why = aside.error;
	pthread_mutex_unlock(&aside.lock);
	errno = why;
	return why == 0 ? 0 : -1;
}

void
xg_aside_expect(void *p, size_t n)
{
	/* Whole pages that are all of it. */
	uintptr_t from = ((uintptr_t)p + XC_PAGE_SIZE - 1) &
	    ~(uintptr_t)(XC_PAGE_SIZE - 1);
	uintptr_t end = ((uintptr_t)p + n) & ~(uintptr_t)(XC_PAGE_SIZE - 1);

	pthread_mutex_lock(&aside.lock);
	if (aside.threaded && from < end) {
		aside.soon = (uint8_t *)p + (from - (uintptr_t)p);
		aside.left = end - from;
		pthread_cond_signal(&aside.work);
	}
	pthread_mutex_unlock(&aside.lock);
}

int
xg_aside_x86(void)
{
	aside.x86 = xg_x86_begin() == 0;
	return aside.x86 ? 0 : -1;
}
