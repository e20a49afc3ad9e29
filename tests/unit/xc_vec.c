/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See xc_vec.h: the functions of libxenctrl/xc_osdep.c, recording. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <check.h>

#include "xc_private.h"
#include "xc_privcmd.h"
#include "xc_vec.h"

const struct vec_release vec_releases[] = {
	{ 17, 0x15, 0x15 }, { 14, 0x12, 0x13 }, { 15, 0x13, 0x13 },
	{ 16, 0x14, 0x14 }, { 18, 0x16, 0x15 }, { 19, 0x17, 0x15 },
	{ 20, 0x17, 0x15 }, { 21, 0x17, 0x16 }, { 22, 0x18, 0x16 },
};
const unsigned vec_nreleases = sizeof(vec_releases) / sizeof(vec_releases[0]);
const struct vec_release *vec_now;

#define MAX_CALLS 64
static struct vec_call calls[MAX_CALLS];
static unsigned ncalls;

/* Mappings given out: only pointers into these are followed. */
static struct {
	uint8_t *at;
	size_t len;
} maps[64];
static unsigned nmaps;

static long result;
static int result_errno;
static struct {
	unsigned op, at, size;
	uint8_t bytes[512];
} answer;

int
xc_os_open(const char *path, int flags)
{
	(void)path;
	return open("/dev/null", flags | O_CLOEXEC);
}

void *
xc_os_mmap(int fd, size_t len, int prot, int flags, off_t off)
{
	void *p = mmap(NULL, len, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)fd, (void)flags, (void)off;
	if (p == MAP_FAILED)
		return NULL;
	ck_assert_uint_lt(nmaps, 64);
	maps[nmaps].at = p;
	maps[nmaps++].len = len;
	return p;
}

void
xc_os_munmap(void *addr, size_t len)
{
	for (unsigned i = 0; i < nmaps; i++)
		if (maps[i].at == addr) {
			ck_assert_uint_eq(maps[i].len, len);
			maps[i] = maps[--nmaps];
			break;
		}
	munmap(addr, len);
}

/* Copies what is there, as far as the mapping goes; false: no pointer. */
static bool
follow(uint64_t word, uint8_t out[512])
{
	for (unsigned i = 0; i < nmaps; i++) {
		uint64_t start = (uintptr_t)maps[i].at, n;

		if (word < start || word >= start + maps[i].len)
			continue;
		n = start + maps[i].len - word;
		memcpy(out, maps[i].at + (word - start), n < 512 ? n : 512);
		return true;
	}
	return false;
}

static void
replace_pointers(struct vec_call *c)
{
	uint64_t word;

	for (unsigned i = 0; i + 8 <= sizeof(c->sent) && c->ndeep < 6; i += 8) {
		memcpy(&word, c->sent + i, 8);
		if (!follow(word, c->deep[c->ndeep]))
			continue;
		c->ndeep++;
		word = VEC_PTR(word & (XC_PAGE_SIZE - 1));
		memcpy(c->sent + i, &word, 8);
	}
}

static struct vec_call *
record(unsigned op)
{
	struct vec_call *c = &calls[ncalls++ % MAX_CALLS];

	memset(c, 0, sizeof(*c));
	c->op = op;
	return c;
}

static long
outcome(struct vec_call *c, void *structure)
{
	if (structure != NULL && answer.op == c->op)
		memcpy((uint8_t *)structure + answer.at, answer.bytes,
		    answer.size);
	if (result_errno != 0) {
		errno = result_errno;
		return -1;
	}
	return result;
}

/* What the opening of a handle asks; -2: it is not such a question. */
static long
probe(const struct privcmd_hypercall *h)
{
	const uint32_t *ctl = (const uint32_t *)(uintptr_t)h->arg[0];

	if (h->op == XC_HC_VERSION && h->arg[0] == 0)
		return 4 << 16 | vec_now->minor;
	if ((h->op == XC_HC_DOMCTL && ctl[1] != vec_now->domctl) ||
	    (h->op == XC_HC_SYSCTL && ctl[1] != vec_now->sysctl)) {
		errno = EACCES;
		return -1;
	}
	return -2;
}

long
xc_os_ioctl(enum xc_dev dev, int fd, unsigned long request, void *arg)
{
	const struct privcmd_hypercall *h = arg;
	struct vec_call *c;
	void *structure = NULL;
	long r;

	(void)fd;
	if (dev != XC_DEV_PRIVCMD || request != IOCTL_PRIVCMD_HYPERCALL)
		return 0;
	r = probe(h);
	if (r != -2)
		return r;
	c = record((unsigned)h->op);
	for (unsigned i = 0; i < 5; i++) {
		c->arg[i] = h->arg[i];
		if (structure == NULL && follow(h->arg[i], c->sent)) {
			structure = (void *)(uintptr_t)h->arg[i];
			c->arg[i] = VEC_PTR(h->arg[i] & (XC_PAGE_SIZE - 1));
		}
	}
	replace_pointers(c);
	return outcome(c, structure);
}

const struct vec_call *
vec_last(unsigned n)
{
	ck_assert_uint_lt(n, ncalls);
	return &calls[(ncalls - 1 - n) % MAX_CALLS];
}

unsigned
vec_count(void)
{
	return ncalls;
}

void
vec_result(long r, int err)
{
	result = r;
	result_errno = err;
}

void
vec_answer(unsigned op, unsigned at, const void *bytes, unsigned size)
{
	ck_assert_uint_le(size, sizeof(answer.bytes));
	answer.op = op;
	answer.at = at;
	answer.size = size;
	memcpy(answer.bytes, bytes, size);
}

xc_interface *
vec_open(unsigned i)
{
	xc_interface *xch;

	vec_now = &vec_releases[i];
	vec_result(0, 0);
	answer.size = 0;
	xch = xc_interface_open(NULL, XC_OPEN_ANY_ABI, NULL, 0);
	ck_assert_ptr_nonnull(xch);
	ncalls = 0;
	return xch;
}
