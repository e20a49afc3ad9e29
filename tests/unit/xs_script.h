/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A daemon of a test's own: a socket in a folder of its own, and messages. */
#ifndef XS_SCRIPT_H
#define XS_SCRIPT_H

#include <check.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <xen/io/xs_wire.h>

#include "xenstore.h"

static char dir[64], path[128];
static int listener = -1;

static inline bool
get(int fd, struct xsd_sockmsg *h, char *body)
{
	if (recv(fd, h, sizeof(*h), MSG_WAITALL) != (ssize_t)sizeof(*h) ||
	    h->len > XENSTORE_PAYLOAD_MAX)
		return false;
	if (h->len > 0 && recv(fd, body, h->len, MSG_WAITALL) != (ssize_t)h->len)
		return false;
	body[h->len] = '\0';
	return true;
}

static inline void
put(int fd, uint32_t type, uint32_t id, const void *body, size_t len)
{
	struct xsd_sockmsg h = { type, id, 0, (uint32_t)len };

	(void)!send(fd, &h, sizeof(h), MSG_NOSIGNAL);
	if (len > 0)
		(void)!send(fd, body, len, MSG_NOSIGNAL);
}

static inline void
put_ok(int fd, const struct xsd_sockmsg *h)
{
	put(fd, h->type, h->req_id, "OK", 3);
}

static inline void
put_error(int fd, const struct xsd_sockmsg *h, const char *name)
{
	put(fd, XS_ERROR, h->req_id, name, strlen(name) + 1);
}

static inline void
make_folder(void)
{
	strcpy(dir, "/tmp/test_xs.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/socket", dir);
	setenv("XENSTORED_PATH", path, 1);
}

static inline void
listen_there(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	strcpy(a.sun_path, path);
	listener = socket(AF_UNIX, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&a, sizeof(a)), 0);
	ck_assert_int_eq(listen(listener, 8), 0);
}

static inline void
remove_folder(void)
{
	if (listener >= 0)
		close(listener);
	listener = -1;
	unlink(path);
	rmdir(dir);
}

/* --- what tests ask for ---------------------------------------------------------- */

static inline bool
done(void *p)
{
	free(p);
	return p != NULL;
}

static inline void
expect_event(struct xs_handle *h, const char *p, const char *token)
{
	unsigned n;
	char **v = xs_read_watch(h, &n);

	ck_assert_msg(v != NULL, "no event of %s: %s", p, xs_last_error(h));
	ck_assert_str_eq(v[XS_WATCH_PATH], p);
	ck_assert_str_eq(v[XS_WATCH_TOKEN], token);
	free(v);
}

static inline struct xs_batch *
some_batch(struct xs_handle *h)
{
	struct xs_batch *b = xs_batch_new(h);

	xs_batch_write(b, "/a", "v", 1);
	xs_batch_mkdir(b, "/b");
	xs_batch_rm(b, "/c");
	xs_batch_read(b, "/d");
	return b;
}

#endif
