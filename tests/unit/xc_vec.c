/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See xc_vec.h: the functions of libxenctrl/xc_osdep.c, recording. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <check.h>
#include <xen/xen.h>
#include <xen/grant_table.h>
#include <xen/gntdev.h>

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
int vec_peer = -1;

#define MAX_CALLS 32
static struct vec_call calls[MAX_CALLS];
static unsigned ncalls;

/* Mappings given out: only pointers into these are followed. */
static struct {
	uint8_t *at;
	size_t len;
} maps[64];
static unsigned nmaps;

#define MAX_ANSWERS 16
static struct {
	struct vec_answer a;
	uint8_t bytes[4096];
} answers[MAX_ANSWERS];
static unsigned nanswers;

static struct vec_call *
record(unsigned op)
{
	struct vec_call *c = &calls[ncalls];

	ck_assert_uint_lt(ncalls, MAX_CALLS);
	ncalls++;
	memset(c, 0, sizeof(*c));
	c->op = op;
	return c;
}

int
xc_os_open(const char *path, int flags)
{
	struct vec_call *c = record(VEC_OPEN);
	int pair[2];

	strncpy((char *)c->sent, path, VEC_BYTES - 1);
	if (strcmp(path, "/dev/xen/evtchn") != 0)
		return open("/dev/null", flags | O_CLOEXEC);
	/* Read and written: what that is, is to be seen at the other end. */
	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
		pair) < 0)
		return -1;
	vec_peer = pair[1];
	return pair[0];
}

void
vec_collect_write(void)
{
	struct vec_call *c = record(VEC_WRITE);
	ssize_t n = read(vec_peer, c->sent, VEC_BYTES);

	ck_assert_int_ge(n, 0);
	c->arg[0] = (uint64_t)n;
}

void *
xc_os_mmap(int fd, size_t len, int prot, int flags, off_t off)
{
	void *p = mmap(NULL, len, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct vec_call *c;

	(void)fd, (void)flags;
	if (off != 0) {
		c = record(VEC_MMAP);
		c->arg[0] = len;
		c->arg[1] = (uint64_t)prot;
		c->arg[2] = (uint64_t)off;
	}
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

/* How much there is behind a pointer, 0: it is none of ours; and before. */
static size_t
room_behind(uint64_t word, uint64_t *before)
{
	for (unsigned i = 0; i < nmaps; i++) {
		uint64_t start = (uintptr_t)maps[i].at;

		if (word < start || word >= start + maps[i].len)
			continue;
		*before = word - start;
		return (size_t)(start + maps[i].len - word);
	}
	return 0;
}

/* Copies what is there, as far as the mapping goes; false: no pointer. */
static bool
follow(uint64_t *word, uint8_t out[VEC_BYTES])
{
	uint64_t at;
	size_t n = room_behind(*word, &at);

	if (n == 0)
		return false;
	memcpy(out, (const void *)(uintptr_t)*word,
	    n < VEC_BYTES ? n : VEC_BYTES);
	*word = VEC_PTR(at);
	return true;
}

static void
replace_pointers(struct vec_call *c, uint8_t *in)
{
	uint64_t word;

	for (unsigned i = 0; i + 8 <= VEC_BYTES && c->ndeep < VEC_DEEP;
	     i += 8) {
		memcpy(&word, in + i, 8);
		if (!follow(&word, c->deep[c->ndeep]))
			continue;
		c->ndeep++;
		memcpy(in + i, &word, 8);
	}
}

/* --- answers -------------------------------------------------------------- */

void
vec_answer(const struct vec_answer *a)
{
	ck_assert_uint_lt(nanswers, MAX_ANSWERS);
	ck_assert_uint_le(a->size, sizeof(answers[0].bytes));
	answers[nanswers].a = *a;
	if (a->size > 0)
		memcpy(answers[nanswers].bytes, a->bytes, a->size);
	nanswers++;
}

void
vec_forget_answers(void)
{
	nanswers = 0;
}

static void
put_answer(const struct vec_answer *a, const uint8_t *bytes, void *structure,
    const uint64_t *args)
{
	uint8_t *to = structure;
	uint64_t word, before;

	if (a->size == 0)
		return;
	if (a->arg != 0)
		to = (uint8_t *)(uintptr_t)args[a->arg];
	ck_assert_ptr_nonnull(to);
	to += a->at;
	if (a->there) {
		memcpy(&word, to, sizeof(word));
		/* The kernel is given pointers to anywhere, Xen is not. */
		if (a->op < VEC_OPEN)
			ck_assert_uint_ge(room_behind(word, &before), a->size);
		to = (uint8_t *)(uintptr_t)word;
	}
	memcpy(to, bytes, a->size);
}

static long
outcome(const struct vec_call *c, void *structure, const uint64_t *args)
{
	long result = 0;
	int err = 0;

	for (unsigned i = 0; i < nanswers; i++) {
		struct vec_answer *a = &answers[i].a;

		if (a->op != c->op || a->cmd != c->cmd)
			continue;
		put_answer(a, answers[i].bytes, structure, args);
		if (a->result != 0)
			result = a->result;
		if (a->err != 0)
			err = a->err;
		/* No hypercall has this number. */
		if (a->once)
			a->op = UINT32_MAX;
		if (a->once)
			break;
	}
	errno = err;
	return err != 0 ? -1 : result;
}

/* --- hypercalls ----------------------------------------------------------- */

/* Where a hypercall has the number of its operation. */
static uint32_t
operation(const struct vec_call *c)
{
	uint32_t cmd;

	memcpy(&cmd, c->sent, sizeof(cmd));
	switch (c->op) {
	case HC_DOMCTL:
	case HC_SYSCTL:
	case HC_PLATFORM:
	case HC_XSM:
	case HC_MMUEXT:
		return cmd;
	default:
		return (uint32_t)c->arg[0];
	}
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

static long
hypercall(const struct privcmd_hypercall *h)
{
	struct vec_call *c = record((unsigned)h->op);
	void *structure = NULL;
	long r;

	for (unsigned i = 0; i < 5; i++) {
		c->arg[i] = h->arg[i];
		if (structure != NULL && follow(&c->arg[i], c->deep[c->ndeep]))
			c->ndeep++;
		else if (structure == NULL && follow(&c->arg[i], c->sent))
			structure = (void *)(uintptr_t)h->arg[i];
	}
	replace_pointers(c, c->sent);
	for (unsigned i = 0; i < c->ndeep; i++)
		replace_pointers(c, c->deep[i]);
	c->cmd = operation(c);
	r = probe(h);
	return r == -2 ? outcome(c, structure, h->arg) : r;
}

/* --- ioctls --------------------------------------------------------------- */

static void
copy_behind(struct vec_call *c, const void *p, size_t size)
{
	ck_assert_uint_le(size, VEC_BYTES);
	if (p != NULL && size > 0)
		memcpy(c->deep[c->ndeep], p, size);
	c->ndeep++;
}

/* Recorded as the hypercall that the kernel makes of it: domain, number of
 * buffers, and their sizes. */
static long
dm_op(const struct privcmd_dm_op *d)
{
	struct vec_call *c = record(HC_DM);

	ck_assert_uint_ge(d->num, 1);
	ck_assert_uint_le(d->num, 2);
	c->arg[0] = d->dom;
	c->arg[1] = d->num;
	for (unsigned i = 0; i < d->num; i++) {
		c->arg[2 + i] = d->ubufs[i].size;
		ck_assert_uint_le(d->ubufs[i].size, VEC_BYTES);
	}
	memcpy(c->sent, d->ubufs[0].uptr, d->ubufs[0].size);
	if (d->num > 1)
		copy_behind(c, d->ubufs[1].uptr, d->ubufs[1].size);
	memcpy(&c->cmd, c->sent, sizeof(c->cmd));
	return outcome(c, d->ubufs[0].uptr, NULL);
}

/* Pointers to memory that the library has of its caller or of malloc(). */
static void
batch(struct vec_call *c, const struct privcmd_mmapbatch_v2 *b)
{
	struct privcmd_mmapbatch_v2 w;
	uint64_t at = 0;

	memcpy(&w, b, sizeof(w));
	ck_assert_uint_ge(room_behind(b->addr, &at), b->num * XC_PAGE_SIZE);
	w.addr = VEC_PTR(at);
	ck_assert_ptr_nonnull(b->arr);
	ck_assert_ptr_nonnull(b->err);
	w.arr = (const uint64_t *)(uintptr_t)VEC_OURS;
	w.err = (int *)(uintptr_t)VEC_OURS;
	memcpy(c->sent, &w, sizeof(w));
	copy_behind(c, b->arr, b->num * sizeof(*b->arr));
}

long
xc_os_ioctl(enum xc_dev dev, int fd, unsigned long request, void *arg)
{
	const struct ioctl_gntdev_map_grant_ref *m = arg;
	size_t size = _IOC_SIZE(request);
	struct vec_call *c;

	(void)fd;
	if (dev == XC_DEV_PRIVCMD && request == IOCTL_PRIVCMD_HYPERCALL)
		return hypercall(arg);
	if (dev == XC_DEV_PRIVCMD && request == IOCTL_PRIVCMD_DM_OP)
		return dm_op(arg);
	c = record(VEC_IOCTL(dev, request));
	if (dev == XC_DEV_PRIVCMD && request == IOCTL_PRIVCMD_MMAPBATCH_V2) {
		batch(c, arg);
		return outcome(c, arg, NULL);
	}
	/* The one structure whose length its first field tells. */
	if (dev == XC_DEV_GNTDEV && request == IOCTL_GNTDEV_MAP_GRANT_REF)
		size += (m->count - 1) * sizeof(m->refs[0]);
	ck_assert_uint_le(size, VEC_BYTES);
	if (size > 0)
		memcpy(c->sent, arg, size);
	replace_pointers(c, c->sent);
	return outcome(c, arg, NULL);
}

void
vec_forget_calls(void)
{
	ncalls = 0;
}

unsigned
vec_count(void)
{
	return ncalls;
}

const struct vec_call *
vec_call(unsigned n)
{
	ck_assert_uint_lt(n, ncalls);
	return &calls[n];
}

xc_interface *
vec_open_release(const struct vec_release *r, unsigned flags, char *err_text,
    size_t err_len)
{
	xc_interface *xch;

	vec_now = r;
	vec_forget_answers();
	vec_forget_calls();
	xch = xc_interface_open(NULL, flags, err_text, err_len);
	vec_forget_calls();
	return xch;
}

xc_interface *
vec_open(unsigned i)
{
	xc_interface *xch = vec_open_release(&vec_releases[i], 0, NULL, 0);

	ck_assert_ptr_nonnull(xch);
	return xch;
}
