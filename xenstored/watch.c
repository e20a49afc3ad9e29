/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Watches hang in a trie of path components, so that a change costs its depth
 * and its matches, however many watches there are. Each connection links its
 * own too, for its end. Who may see an event is judged on both trees.
 */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "state.h"

struct wnode {
	struct wnode *parent;
	/* Children by name; NULL until there is one. */
	struct xu_map *kids;
	struct xu_list watches;
	size_t nwatches;
	char name[];
};

struct watch {
	/* In the trie node, and in the connection. */
	struct xu_list at, of;
	struct conn *conn;
	struct wnode *where;
	/* Registration order over all connections. */
	uint64_t seq;
	/* -1 = any. */
	int depth;
	/* Given relative: this many leading bytes of event paths are cut. */
	size_t cut;
	char *token;
	char path[];
};

static struct wnode *trie;
static struct wnode *specials;
static uint64_t next_seq;
static size_t count;

static struct {
	const char *name;
	struct perms *perms;
} special_nodes[] = { { "@introduceDomain", NULL },
	{ "@releaseDomain", NULL }, { "@quotaWarning", NULL } };

static struct wnode *
wnode_new(struct wnode *parent, const char *name, size_t len)
{
	struct wnode *n = calloc(1, sizeof(*n) + len + 1);

	if (n == NULL)
		return NULL;
	n->parent = parent;
	xu_list_init(&n->watches);
	memcpy(n->name, name, len);
	return n;
}

int
watches_init(void)
{
	static const struct perm dom0 = { .domid = 0, .access = 0 };

	trie = wnode_new(NULL, "", 0);
	specials = wnode_new(NULL, "", 0);
	for (size_t i = 0; i < XU_ARRAY_SIZE(special_nodes); i++) {
		special_nodes[i].perms = perms_new(&dom0, 1);
		if (special_nodes[i].perms == NULL)
			return ENOMEM;
	}
	return trie == NULL || specials == NULL ? ENOMEM : 0;
}

struct perms **
special_perms(const char *name)
{
	for (size_t i = 0; i < XU_ARRAY_SIZE(special_nodes); i++)
		if (strcmp(special_nodes[i].name, name) == 0)
			return &special_nodes[i].perms;
	return NULL;
}

const char *
special_name(size_t i)
{
	return i < XU_ARRAY_SIZE(special_nodes) ? special_nodes[i].name : NULL;
}

size_t
watch_count(void)
{
	return count;
}

/* Copies the next component of *p into name; false at the end. */
static bool
next_part(const char **p, char name[XSD_ABS_PATH + 1])
{
	const char *s = *p;
	size_t len;

	if (*s == '/')
		s++;
	if (*s == '\0')
		return false;
	len = strcspn(s, "/");
	memcpy(name, s, len);
	name[len] = '\0';
	*p = s + len;
	return true;
}

static struct wnode *
top_of(const char *path)
{
	return path_is_special(path) ? specials : trie;
}

static struct wnode *
find(const char *path)
{
	struct wnode *n = top_of(path);
	char name[XSD_ABS_PATH + 1];

	while (n != NULL && next_part(&path, name))
		n = n->kids == NULL ? NULL : xu_map_get(n->kids, name);
	return n;
}

/* Empty nodes go, up to the root. */
static void
prune(struct wnode *n)
{
	while (n->parent != NULL && xu_list_empty(&n->watches) &&
	    (n->kids == NULL || xu_map_count(n->kids) == 0)) {
		struct wnode *up = n->parent;

		xu_map_del(up->kids, n->name);
		xu_map_free(&n->kids);
		free(n);
		n = up;
	}
}

static struct wnode *
find_or_make(const char *path)
{
	struct wnode *n = top_of(path), *k;
	char name[XSD_ABS_PATH + 1];

	while (next_part(&path, name)) {
		if (n->kids == NULL && (n->kids = xu_map_new()) == NULL)
			goto fail;
		k = xu_map_get(n->kids, name);
		if (k == NULL) {
			k = wnode_new(n, name, strlen(name));
			if (k == NULL)
				goto fail;
			if (xu_map_put(n->kids, name, k) < 0) {
				free(k);
				goto fail;
			}
		}
		n = k;
	}
	return n;
fail:
	prune(n);
	return NULL;
}

/* Among the watches of the place or of the connection, whichever are fewer. */
static struct watch *
find_watch(const struct conn *c, const struct wnode *n, const char *token)
{
	struct xu_list *it;

	if (c->nwatches < n->nwatches) {
		LIST_FOREACH(it, &c->watches)
		{
			struct watch *w = xu_container_of(it, struct watch, of);

			if (w->where == n && strcmp(w->token, token) == 0)
				return w;
		}
		return NULL;
	}
	LIST_FOREACH(it, &n->watches)
	{
		struct watch *w = xu_container_of(it, struct watch, at);

		if (w->conn == c && strcmp(w->token, token) == 0)
			return w;
	}
	return NULL;
}

/* What a watch costs its domain. */
static int64_t
watch_bytes(size_t path_len, const char *token)
{
	return (int64_t)(sizeof(struct watch) + path_len + strlen(token) + 2);
}

int
watch_add(struct conn *c, const char *path, const char *given,
    const char *token, int depth, struct watch **out)
{
	struct wnode *n = find(path);
	size_t len = strlen(path);
	struct watch *w;
	int err;

	if (n != NULL && find_watch(c, n, token) != NULL)
		return EEXIST;
	err = quota_may(c, QUOTA_WATCHES, 1);
	if (err == 0)
		err = quota_may(c, QUOTA_MEMORY, watch_bytes(len, token));
	if (err != 0)
		return err;
	/* An event must fit in a payload, whatever its path. */
	if (strlen(token) + 2 > XSD_PAYLOAD - XSD_REL_PATH)
		return EINVAL;
	w = calloc(1, sizeof(*w) + len + 1);
	if (w == NULL || (w->token = strdup(token)) == NULL ||
	    (n = find_or_make(path)) == NULL) {
		if (w != NULL)
			free(w->token);
		free(w);
		return ENOMEM;
	}
	memcpy(w->path, path, len + 1);
	w->conn = c;
	w->where = n;
	w->depth = depth;
	w->seq = next_seq++;
	w->cut = len - strlen(given);
	xu_list_append(&n->watches, &w->at);
	n->nwatches++;
	xu_list_append(&c->watches, &w->of);
	c->nwatches++;
	quota_charge(c->domain, QUOTA_WATCHES, 1);
	quota_charge(c->domain, QUOTA_MEMORY, watch_bytes(len, token));
	count++;
	state_watch(c, path, given, token, depth);
	*out = w;
	return 0;
}

static void
drop(struct watch *w)
{
	xu_list_remove(&w->at);
	xu_list_remove(&w->of);
	w->conn->nwatches--;
	w->where->nwatches--;
	quota_charge(w->conn->domain, QUOTA_WATCHES, -1);
	quota_charge(w->conn->domain, QUOTA_MEMORY,
	    -watch_bytes(strlen(w->path), w->token));
	count--;
	prune(w->where);
	free(w->token);
	free(w);
}

int
watch_del(struct conn *c, const char *path, const char *token)
{
	struct wnode *n = find(path);
	struct watch *w = n == NULL ? NULL : find_watch(c, n, token);

	if (w == NULL)
		return ENOENT;
	state_unwatch(c, path, token);
	drop(w);
	return 0;
}

bool
watch_del_some(struct conn *c, unsigned n)
{
	for (; n > 0 && !xu_list_empty(&c->watches); n--)
		drop(xu_container_of(c->watches.next, struct watch, of));
	return !xu_list_empty(&c->watches);
}

void
watch_del_all(struct conn *c)
{
	(void)watch_del_some(c, UINT_MAX);
}

void
watches_keep(const struct conn *c)
{
	struct xu_list *it;

	LIST_FOREACH(it, &c->watches)
	{
		const struct watch *w = xu_container_of(it, struct watch, of);

		state_watch(c, w->path, w->path + w->cut, w->token, w->depth);
	}
}

static void
send(struct watch *w, const char *path, bool merge)
{
	conn_event(w->conn, path + w->cut, w->token, merge);
}

void
watch_first(struct watch *w)
{
	send(w, w->path, false);
}

/* --- firing ------------------------------------------------------------------- */

struct hits {
	struct watch **v;
	size_t n, cap;
};

static void
hit(struct hits *h, struct watch *w)
{
	struct watch **v;

	if (h->n == h->cap) {
		v = reallocarray(h->v, h->cap == 0 ? 16 : h->cap * 2,
		    sizeof(*v));
		if (v == NULL)
			return; /* an event is lost only with all memory */
		h->v = v;
		h->cap = h->cap == 0 ? 16 : h->cap * 2;
	}
	h->v[h->n++] = w;
}

static int
by_seq(const void *a, const void *b)
{
	const struct watch *x = *(struct watch *const *)a;
	const struct watch *y = *(struct watch *const *)b;

	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

static bool
readable(const struct perms *p, const struct conn *c)
{
	return p != NULL && (perms_access(p, c) & PERM_READ) != 0;
}

static const struct perms *
perms_of(const struct node *n)
{
	return n == NULL ? NULL : n->perms;
}

/* Watches exactly at nodes that went with a subtree, deepest first. */
static void
fire_below(const struct wnode *n, const struct node *was)
{
	struct xu_list *it;
	struct wnode *k;
	size_t pos = 0;

	while (n->kids != NULL && (k = xu_map_next(n->kids, &pos)) != NULL) {
		const struct node *gone = node_kid(was, k->name,
		    strlen(k->name));

		if (gone == NULL)
			continue;
		fire_below(k, gone);
		LIST_FOREACH(it, &k->watches)
		{
			struct watch *w = xu_container_of(it, struct watch, at);

			if (readable(gone->perms, w->conn) ||
			    readable(was->perms, w->conn))
				send(w, w->path, true);
		}
	}
}

/* Collects the watches at and above path; the trie node of path or NULL. */
static struct wnode *
collect(const char *path, struct hits *h)
{
	char name[XSD_ABS_PATH + 1];
	struct wnode *n = trie;
	const char *p = path;
	struct xu_list *it;
	int total = 0, level = 0;

	for (const char *s = path; *s != '\0'; s++)
		total += *s == '/' && s[1] != '\0';
	for (;; level++) {
		LIST_FOREACH(it, &n->watches)
		{
			struct watch *w = xu_container_of(it, struct watch, at);

			if (w->depth < 0 || total - level <= w->depth)
				hit(h, w);
		}
		if (!next_part(&p, name))
			return n;
		n = n->kids == NULL ? NULL : xu_map_get(n->kids, name);
		if (n == NULL)
			return NULL;
	}
}

bool
watch_hears(const char *path)
{
	char name[XSD_ABS_PATH + 1];
	const struct wnode *n = trie;

	while (n != NULL && xu_list_empty(&n->watches)) {
		/* Empty nodes do not stay: there are some below. */
		if (!next_part(&path, name))
			return true;
		n = n->kids == NULL ? NULL : xu_map_get(n->kids, name);
	}
	return n != NULL;
}

void
watch_fire(const struct change *ch, const struct node *after)
{
	struct hits h = { .v = NULL };
	char parent[XSD_ABS_PATH + 1];
	const struct perms *now, *now_parent;
	size_t len = path_parent_len(ch->path);
	struct wnode *n;

	if (count == 0)
		return;
	n = collect(ch->path, &h);
	if (ch->gone != NULL && n != NULL)
		fire_below(n, ch->gone);
	if (h.n == 0)
		return;
	memcpy(parent, ch->path, len);
	parent[len] = '\0';
	now = perms_of(tree_get(after, ch->path));
	now_parent = perms_of(tree_get(after, parent));
	if (h.n > 1)
		qsort(h.v, h.n, sizeof(*h.v), by_seq);
	for (size_t i = 0; i < h.n; i++) {
		const struct conn *c = h.v[i]->conn;

		if (c->privileged || readable(now, c) ||
		    readable(now_parent, c) || readable(ch->was, c) ||
		    readable(ch->was_parent, c))
			send(h.v[i], ch->path, true);
	}
	free(h.v);
}

static void
fire_special_at(const struct wnode *n, const char *path, bool deep,
    const struct perms *perms)
{
	struct xu_list *it;

	if (n == NULL)
		return;
	LIST_FOREACH(it, &n->watches)
	{
		struct watch *w = xu_container_of(it, struct watch, at);

		if ((w->depth > 0) == deep &&
		    (perms_access(perms, w->conn) & PERM_READ) != 0)
			send(w, path, false);
	}
}

void
watch_fire_special(const char *name, int domid)
{
	struct perms **perms = special_perms(name);
	char with_id[64];

	if (perms == NULL)
		return;
	snprintf(with_id, sizeof(with_id), "%s/%d", name, domid);
	fire_special_at(find(name), name, false, *perms);
	fire_special_at(find(name), with_id, true, *perms);
	fire_special_at(find(with_id), with_id, false, *perms);
}
