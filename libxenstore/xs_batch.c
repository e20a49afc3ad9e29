/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Batches: all requests leave in one write, replies are collected afterwards. In
 * a transaction that is two round trips more (START, END), however many requests.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "xu_buf.h"
#include "xs_private.h"

#define TRIES 64
/*
 * A peer that stops reading while it waits for us to read would never end: no
 * more than this is written before replies are collected.
 */
#define WINDOW (32u << 10)

struct item {
	uint32_t type;
	char *body;
	uint32_t len;
	int err;
	struct xs_msg *reply;
};

struct xs_batch {
	struct xs_handle *h;
	struct item *v;
	int n, cap;
	int error;
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
	}
}

XS_API void
xs_batch_free(struct xs_batch *b)
{
	if (b == NULL)
		return;
	drop_replies(b);
	for (int i = 0; i < b->n; i++)
		free(b->v[i].body);
	free(b->v);
	free(b);
}

static int
add(struct xs_batch *b, uint32_t type, const char *path, const void *data,
    size_t len)
{
	size_t plen = strlen(path) + 1;
	struct item *v;
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
	v->body = malloc(v->len);
	if (v->body == NULL) {
		b->error = ENOMEM;
		return -1;
	}
	memcpy(v->body, path, plen);
	if (len > 0)
		memcpy(v->body + plen, data, len);
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
gone(struct xs_batch *b)
{
	xs_broken(b->h);
	return xs_fail(b->h, EBADF, "the connection to xenstored is gone");
}

/* Requests from..to-1 have been written: takes their replies. */
static bool
collect(struct xs_batch *b, int from, int to, uint32_t first_id)
{
	for (int i = from; i < to; i++) {
		struct item *it = &b->v[i];

		it->reply = xs_wait_reply(b->h);
		if (it->reply == NULL || !xs_answers(b->h, it->reply,
		    first_id + (uint32_t)i, it->type))
			return gone(b);
		if (it->reply->hdr.type == XS_ERROR)
			it->err = xs_error_number(it->reply->body);
	}
	return true;
}

/* request lock held. */
static bool
exchange(struct xs_batch *b, uint32_t tx)
{
	AUTO_BUF struct xu_buf out = XU_BUF_INIT;
	uint32_t first_id = b->h->next_id + 1;
	int sent = 0;

	b->h->next_id += (uint32_t)b->n;
	for (int i = 0; i < b->n; i++) {
		struct xsd_sockmsg hdr = { .type = b->v[i].type,
			.req_id = first_id + (uint32_t)i, .tx_id = tx,
			.len = b->v[i].len };

		xu_buf_add(&out, &hdr, sizeof(hdr));
		xu_buf_add(&out, b->v[i].body, b->v[i].len);
		if (out.len < WINDOW && i + 1 < b->n && !b->h->is_dev)
			continue;
		if (out.error != 0)
			return xs_fail(b->h, out.error, "a batch");
		if (!xs_send_bytes(b->h, out.data, out.len))
			return gone(b);
		xu_buf_reset(&out);
		if (!collect(b, sent, i + 1, first_id))
			return false;
		sent = i + 1;
	}
	return true;
}

static bool
first_error(struct xs_batch *b)
{
	for (int i = 0; i < b->n; i++)
		if (b->v[i].err != 0)
			return xs_fail(b->h, b->v[i].err, "%s", b->v[i].body);
	return true;
}

static void
breathe(int tries)
{
	struct timespec t = { .tv_nsec = 1000 * 1000 * (tries < 20 ? tries : 20) };

	if (tries > 2)
		nanosleep(&t, NULL);
}

static bool
run_once(struct xs_batch *b, bool transaction)
{
	xs_transaction_t t = 0;
	bool ok;
	int err;

	drop_replies(b);
	if (transaction && (t = xs_transaction_start(b->h)) == 0)
		return false;
	pthread_mutex_lock(&b->h->request);
	ok = xs_is_broken(b->h) ? gone(b) : exchange(b, t);
	pthread_mutex_unlock(&b->h->request);
	ok = ok && first_error(b);
	if (!transaction)
		return ok;
	if (ok)
		return xs_transaction_end(b->h, t, false);
	err = errno;
	if (!xs_is_broken(b->h))
		(void)xs_transaction_end(b->h, t, true);
	/* The sentence is the request's, not that of the abort. */
	errno = err;
	(void)first_error(b);
	errno = err;
	return false;
}

XS_API bool
xs_batch_run(struct xs_batch *b, unsigned flags)
{
	bool transaction = (flags & XS_BATCH_TRANSACTION) != 0;

	if (b->error != 0)
		return xs_fail(b->h, b->error, "a batch");
	if (b->n == 0)
		return true;
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
