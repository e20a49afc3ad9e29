/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Hosts that want to give us machines: at the addresses of the setting "migration". Who
 * knocks gets a process of its own and some seconds to show a certificate that is known
 * here; until then it is one of few, and of few from its address.
 */
#include "config.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "access.h"
#include "link.h"
#include "migrate.h"
#include "xu_log.h"

/* At the same time: who is not known yet, and from one address. */
#define STRANGERS	      16
#define STRANGERS_OF_ADDRESS 4

struct ear {
	struct core *core;
	struct ear *next;
	char where[80];
	uv_poll_t poll;
	int fd;
};

struct stranger {
	struct core *core;
	struct stranger *next;
	struct sockaddr_storage from;
	struct link *link;
};

static struct ear *ears;
static struct stranger *strangers;

/* ---- who knocks ----------------------------------------------------------------------- */

static bool
same_address(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	const struct sockaddr_in *a4 = (const void *)a, *b4 = (const void *)b;
	const struct sockaddr_in6 *a6 = (const void *)a, *b6 = (const void *)b;

	if (a->ss_family != b->ss_family)
		return false;
	return a->ss_family == AF_INET ?
	    a4->sin_addr.s_addr == b4->sin_addr.s_addr :
	    memcmp(&a6->sin6_addr, &b6->sin6_addr, sizeof(a6->sin6_addr)) == 0;
}

static bool
is_one_too_many(const struct sockaddr_storage *from)
{
	unsigned all = 0, its = 0;

	for (const struct stranger *s = strangers; s != NULL; s = s->next) {
		all++;
		its += same_address(&s->from, from);
	}
	return all >= STRANGERS || its >= STRANGERS_OF_ADDRESS;
}

static void
forget(struct stranger *s)
{
	struct stranger **at = &strangers;

	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	free(s);
}

static void
known(void *arg, int fd, const struct xu_val *v, const struct xu_err *e)
{
	struct stranger *s = arg;
	struct core *c = s->core;

	forget(s);
	if (e != NULL) {
		xu_log(XU_WARNING, "a host was turned away: %s", e->msg);
		return;
	}
	if (fd < 0)
		return;
	xu_log(XU_INFO, "connection from host %s, SHA-256 %s%s",
	    xu_val_get_str(v, "who", ""), xu_val_get_str(v, "peer", ""),
	    xu_val_get_bool(v, "kernel", false) ? " (kernel TLS)" : "");
	incoming_begin(c, fd, NULL);
}

static void
knock(uv_poll_t *h, int status XU_UNUSED, int events XU_UNUSED)
{
	const struct ear *ear = h->data;
	struct sockaddr_storage from = { .ss_family = AF_UNSPEC };
	socklen_t len = sizeof(from);
	struct link_order o = { .what = "serve" };
	struct xu_err e = XU_ERR_INIT;
	struct stranger *s;

	o.fd = accept4(ear->fd, (struct sockaddr *)&from, &len, SOCK_CLOEXEC);
	if (o.fd < 0)
		return;
	s = is_one_too_many(&from) ? NULL : calloc(1, sizeof(*s));
	if (s == NULL) {
		close(o.fd);
		return;
	}
	s->core = ear->core;
	s->from = from;
	s->next = strangers;
	strangers = s;
	s->link = link_begin(s->core, &o, known, s, &e);
	if (s->link == NULL) {
		xu_log_err(XU_ERROR, &e);
		forget(s);
	}
}

/* ---- where -------------------------------------------------------------------------------- */

static void
ear_closed(uv_handle_t *h)
{
	struct ear *ear = h->data;

	close(ear->fd);
	free(ear);
}

static void
stop(struct ear *ear)
{
	uv_poll_stop(&ear->poll);
	uv_close((uv_handle_t *)&ear->poll, ear_closed);
}

static void
open_ear(struct core *c, const char *where)
{
	struct ear *ear = calloc(1, sizeof(*ear));
	struct xu_err e = XU_ERR_INIT;

	if (ear == NULL)
		return;
	ear->core = c;
	ear->fd = listen_tcp(where, &e);
	if (ear->fd < 0 || uv_poll_init(c->loop, &ear->poll, ear->fd) != 0) {
		if (ear->fd >= 0)
			close(ear->fd);
		xu_log(XU_ERROR, "no machines come by migration = %s: %s", where,
		    e.msg);
		free(ear);
		return;
	}
	snprintf(ear->where, sizeof(ear->where), "%s", where);
	ear->poll.data = ear;
	uv_poll_start(&ear->poll, UV_READABLE, knock);
	ear->next = ears;
	ears = ear;
	xu_log(XU_NOTICE, "hosts that are trusted move machines here at %s",
	    where);
}

static bool
is_named(const struct xu_val *words, const char *where)
{
	for (size_t i = 0; i < xu_val_count(words); i++)
		if (strcmp(xu_val_str(xu_val_at(words, i)), where) == 0)
			return true;
	return false;
}

static bool
is_open(const char *where)
{
	for (const struct ear *ear = ears; ear != NULL; ear = ear->next)
		if (strcmp(ear->where, where) == 0)
			return true;
	return false;
}

void
link_listen(struct core *c)
{
	const struct xu_val *words = xu_val_get(c->conf, "migration");
	struct ear **at = &ears, *ear;
	const char *where;

	while ((ear = *at) != NULL) {
		if (is_named(words, ear->where)) {
			at = &ear->next;
			continue;
		}
		*at = ear->next;
		stop(ear);
	}
	for (size_t i = 0; i < xu_val_count(words); i++) {
		where = xu_val_str(xu_val_at(words, i));
		if (!is_open(where))
			open_ear(c, where);
	}
}

void
link_deafen(struct core *c XU_UNUSED)
{
	struct ear *ear;

	while ((ear = ears) != NULL) {
		ears = ear->next;
		stop(ear);
	}
	while (strangers != NULL) {
		link_cancel(&strangers->link);
		forget(strangers);
	}
}
