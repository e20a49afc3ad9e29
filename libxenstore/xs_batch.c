/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Batches: all requests leave in one write, replies are collected afterwards. In
 * a transaction that is two round trips more (START, END), however many requests.
 * One whose connection is lost begins again.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "xs_private.h"

#define TRIES 64
/* So often the daemon may go away over one: it might be what kills it. */
#define LOSSES 3

struct xs_batch {
	struct xs_handle *h;
	struct xs_req *v;
	int n, cap;
	int error, losses;
	/* It may have been committed already. */
	bool unsure;
};

XS_API struct xs_batch *
xs_batch_new(struct xs_handle *h)
{
	struct xs_batch *b = calloc(1, sizeof(*b));

	if (b != NULL)
		b->h = h;
	return b;
}

static void
drop_replies(struct xs_batch *b)
{
	for (int i = 0; i < b->n; i++) {
		free(b->v[i].reply);
		b->v[i].reply = NULL;
		b->v[i].err = 0;
		b->v[i].lost = b->unsure;
	}
}

XS_API void
xs_batch_free(struct xs_batch *b)
{
	if (b == NULL)
		return;
	drop_replies(b);
	for (int i = 0; i < b->n; i++)
		free((void *)(uintptr_t)b->v[i].body);
	free(b->v);
	free(b);
}

static int
add(struct xs_batch *b, uint32_t type, const char *path, const void *data,
    size_t len)
{
	size_t plen = strlen(path) + 1;
	struct xs_req *v;
	char *body;
	int cap;

	if (b->error == 0 && plen + len > XENSTORE_PAYLOAD_MAX)
		b->error = E2BIG;
	if (b->error == 0 && b->n == b->cap) {
		cap = b->cap == 0 ? 64 : b->cap * 2;
		v = reallocarray(b->v, (size_t)cap, sizeof(*v));
		if (v == NULL) {
			b->error = ENOMEM;
		} else {
			b->v = v;
			b->cap = cap;
		}
	}
	if (b->error != 0) {
		errno = b->error;
		return -1;
	}
	v = &b->v[b->n];
	memset(v, 0, sizeof(*v));
	v->type = type;
	v->len = (uint32_t)(plen + len);
	v->body = body = malloc(v->len);
	if (body == NULL) {
		b->error = ENOMEM;
		return -1;
	}
	memcpy(body, path, plen);
	if (len > 0)
		memcpy(body + plen, data, len);
	return b->n++;
}

XS_API int
xs_batch_read(struct xs_batch *b, const char *path)
{
	return add(b, XS_READ, path, NULL, 0);
}

XS_API int
xs_batch_directory(struct xs_batch *b, const char *path)
{
	return add(b, XS_DIRECTORY, path, NULL, 0);
}

XS_API int
xs_batch_write(struct xs_batch *b, const char *path, const void *data,
    size_t len)
{
	return add(b, XS_WRITE, path, data, len);
}

XS_API int
xs_batch_mkdir(struct xs_batch *b, const char *path)
{
	return add(b, XS_MKDIR, path, NULL, 0);
}

XS_API int
xs_batch_rm(struct xs_batch *b, const char *path)
{
	return add(b, XS_RM, path, NULL, 0);
}

XS_API int
xs_batch_set_permissions(struct xs_batch *b, const char *path,
    const struct xs_permissions *perms, unsigned int num)
{
	static const char letters[] = "nrwb";
	char buf[XENSTORE_PAYLOAD_MAX];
	size_t len = 0;

	for (unsigned i = 0; i < num; i++) {
		if (sizeof(buf) - len < 16) {
			errno = b->error = E2BIG;
			return -1;
		}
		len += (size_t)snprintf(buf + len, sizeof(buf) - len, "%c%u",
			   letters[perms[i].perms & 3], perms[i].id) + 1;
	}
	return add(b, XS_SET_PERMS, path, buf, len);
}

static bool
first_error(struct xs_batch *b)
{
	for (int i = 0; i < b->n; i++)
		if (b->v[i].err != 0)
			return xs_fail(b->v[i].err, "%s", b->v[i].body);
	return true;
}

static void
breathe(int tries)
{
	struct timespec t = { .tv_nsec = 1000 * 1000 * (tries < 20 ? tries : 20) };

	if (tries > 2)
		nanosleep(&t, NULL);
}

/* All requests once: errno, 0 = all went well, EAGAIN = begin again. */
static int
exchange(struct xs_batch *b, xs_transaction_t t)
{
	struct xs_handle *h = b->h;
	int err = 0;

	for (int i = 0; i < b->n; i++) {
		b->v[i].tx = t;
		b->v[i].whole = t != 0;
	}
	pthread_mutex_lock(&h->request);
	if (!xs_exchange(h, b->v, b->n))
		err = errno;
	xs_events_told(h);
	pthread_mutex_unlock(&h->request);
	if (t != 0 && err == EAGAIN && ++b->losses == LOSSES)
		err = EIO;
	return err != 0 || first_error(b) ? err : errno;
}

/* The transaction goes. False with errno and a sentence. */
static bool
give_up(struct xs_batch *b, xs_transaction_t t, int err)
{
	if (err == EBADF)
		return xs_gone(b->h, "a batch");
	if (t != 0)
		(void)xs_transaction_end(b->h, t, true);
	/* The failure may come of its own doing. */
	if (b->unsure && err != EAGAIN)
		return xs_fail(EIO, "xenstored went away before it told whether "
				    "a batch was committed");
	if (err == EAGAIN || err == EIO || first_error(b))
		return xs_fail(err, "a batch");
	errno = err;
	return false;
}

static bool
run_once(struct xs_batch *b, bool transaction)
{
	xs_transaction_t t = 0;
	enum xs_ended e;
	int err;

	drop_replies(b);
	if (transaction && (t = xs_transaction_start(b->h)) == 0)
		return false;
	err = exchange(b, t);
	if (err != 0)
		return give_up(b, t, err);
	if (!transaction)
		return true;
	e = xs_tx_end(b->h, t, false);
	/* Requests of a batch do not depend on one another's replies: to commit
	 * them twice is to commit them once. */
	if (e == XS_END_UNKNOWN && ++b->losses < LOSSES) {
		b->unsure = true;
		errno = EAGAIN;
	}
	return e == XS_ENDED;
}

XS_API bool
xs_batch_run(struct xs_batch *b, unsigned flags)
{
	bool transaction = (flags & XS_BATCH_TRANSACTION) != 0;

	if (b->error != 0)
		return xs_fail(b->error, "a batch");
	if (b->n == 0)
		return true;
	b->losses = 0;
	b->unsure = false;
	for (int tries = 0; tries < TRIES; tries++) {
		breathe(tries);
		if (run_once(b, transaction))
			return true;
		if (!transaction || errno != EAGAIN)
			return false;
	}
	return false;
}

XS_API int
xs_batch_error(const struct xs_batch *b, int i)
{
	return i < 0 || i >= b->n ? EINVAL : b->v[i].err;
}

XS_API const void *
xs_batch_value(const struct xs_batch *b, int i, size_t *len)
{
	if (i < 0 || i >= b->n || b->v[i].reply == NULL || b->v[i].err != 0)
		return NULL;
	if (len != NULL)
		*len = b->v[i].reply->hdr.len;
	return b->v[i].reply->body;
}
