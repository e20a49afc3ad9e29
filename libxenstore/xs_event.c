/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Events that wait to be taken. What causes them may be a guest, and who takes
 * them may be slow, so they are merged: one that already waits is not queued
 * again, and beyond a limit an event says no more than that something changed
 * below its watch, as the first event of a watch does. Lock is held throughout.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "xs_private.h"

#define BYTES_MAX (4u << 20)
/* Fewer are compared one by one. */
#define FEW	  16

void
xs_events_init(struct xs_events *e)
{
	memset(e, 0, sizeof(*e));
	xs_queue_init(&e->q);
}

void
xs_events_free(struct xs_events *e)
{
	xs_queue_free(&e->q);
	xu_map_free(&e->index);
}

/* Its token; NULL when it has none, and is nobody's. */
static const char *
token_of(const struct xs_msg *m)
{
	size_t len = strlen(m->body) + 1;

	return len < m->hdr.len ? m->body + len : NULL;
}

static size_t
size_of(const struct xs_msg *m)
{
	return sizeof(*m) + m->hdr.len;
}

/* Path and token as one text; no path has a line's end in it. */
static char *
key_of(const struct xs_msg *m, char out[XENSTORE_PAYLOAD_MAX + 1])
{
	const char *token = token_of(m);

	memcpy(out, m->body, (size_t)m->hdr.len + 1);
	if (token != NULL)
		out[token - m->body - 1] = '\n';
	return out;
}

static void
build_index(struct xs_events *e)
{
	char key[XENSTORE_PAYLOAD_MAX + 1];
	struct xs_msg *m;

	e->index = xu_map_new();
	for (m = e->q.head; m != NULL && e->index != NULL; m = m->next)
		if (xu_map_put(e->index, key_of(m, key), m) < 0)
			xu_map_free(&e->index);
}

static bool
waits(struct xs_events *e, const struct xs_msg *m)
{
	char key[XENSTORE_PAYLOAD_MAX + 1];
	const struct xs_msg *o;

	if (e->count > FEW && e->index == NULL)
		build_index(e);
	if (e->index != NULL)
		return xu_map_get(e->index, key_of(m, key)) != NULL;
	for (o = e->q.head; o != NULL; o = o->next)
		if (o->hdr.len == m->hdr.len &&
		    memcmp(o->body, m->body, m->hdr.len) == 0)
			return true;
	return false;
}

static void
append(struct xs_events *e, struct xs_msg *m)
{
	char key[XENSTORE_PAYLOAD_MAX + 1];

	if (e->index != NULL && xu_map_put(e->index, key_of(m, key), m) < 0)
		xu_map_free(&e->index);
	xs_queue_put(&e->q, m);
	e->count++;
	e->bytes += size_of(m);
}

/* Makes it an event of its watch's own path. False: it has no watch any more. */
static bool
fold(struct xs_handle *h, struct xs_msg *m)
{
	const char *token = token_of(m);
	size_t len = strlen(m->body);
	char path[XENSTORE_PAYLOAD_MAX + 1];
	char *slash;

	if (token == NULL)
		return false;
	memcpy(path, m->body, len + 1);
	while (xs_watch_find(h, path, token) == NULL) {
		slash = strrchr(path, '/');
		if (slash == NULL || strcmp(path, "/") == 0)
			return false;
		slash[slash == path ? 1 : 0] = '\0';
	}
	len = strlen(path) + 1;
	memmove(m->body + len, token, strlen(token) + 1);
	memcpy(m->body, path, len);
	m->hdr.len = (uint32_t)(len + strlen(m->body + len) + 1);
	return true;
}

void
xs_event_put(struct xs_handle *h, struct xs_msg *m)
{
	struct xs_events *e = &h->events;

	if (waits(e, m) ||
	    (e->bytes > BYTES_MAX && (!fold(h, m) || waits(e, m)))) {
		free(m);
		return;
	}
	append(e, m);
}

struct xs_msg *
xs_event_get(struct xs_handle *h)
{
	char key[XENSTORE_PAYLOAD_MAX + 1];
	struct xs_events *e = &h->events;
	struct xs_msg *m = xs_queue_get(&e->q);

	if (m == NULL)
		return NULL;
	e->count--;
	e->bytes -= size_of(m);
	if (e->count == 0)
		xu_map_free(&e->index);
	else if (e->index != NULL)
		xu_map_del(e->index, key_of(m, key));
	return m;
}

void
xs_events_told(struct xs_handle *h)
{
	if ((h->flags & XS_NO_READER_THREAD) == 0)
		return;
	pthread_mutex_lock(&h->lock);
	xs_notify(h);
	pthread_mutex_unlock(&h->lock);
}

void
xs_event_filter(struct xs_handle *h, const char *path, const char *token)
{
	struct xs_queue all = h->events.q;
	struct xs_msg *m;
	const char *t;

	if (all.head == NULL)
		return;
	xu_map_free(&h->events.index);
	xs_events_init(&h->events);
	while ((m = xs_queue_get(&all)) != NULL) {
		t = token_of(m);
		if (t != NULL && strcmp(t, token) == 0 &&
		    (strcmp(path, "/") == 0 || xs_path_is_subpath(path, m->body)))
			free(m);
		else
			append(&h->events, m);
	}
}
