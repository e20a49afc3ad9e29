/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a connection may do to a tree: every access to nodes on behalf of a
 * client goes through here, so that no request can skip permissions or the
 * books. Works on the common tree and on a transaction's alike and fires no
 * events (but for the removal of a dead domain's nodes).
 */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "xsd.h"

struct node *store_root;

/* --- the books -------------------------------------------------------------- */

void
acct_add(struct acct *a, uint16_t domid, int64_t nodes, int64_t bytes)
{
	for (uint32_t i = 0; i < a->n; i++)
		if (a->v[i].domid == domid) {
			a->v[i].nodes += nodes;
			a->v[i].bytes += bytes;
			return;
		}
	if (a->n == XU_ARRAY_SIZE(a->v)) {
		/* Rare (a subtree of many owners): book the oldest at once. */
		struct acct one = {.n = 1};

		one.v[0] = a->v[0];
		acct_apply(&one);
		a->v[0] = a->v[--a->n];
	}
	a->v[a->n].domid = domid;
	a->v[a->n].nodes = nodes;
	a->v[a->n++].bytes = bytes;
}

void
acct_apply(const struct acct *a)
{
	for (uint32_t i = 0; i < a->n; i++) {
		struct domain *d = domain_get(a->v[i].domid);

		if (d != NULL) {
			d->nodes += a->v[i].nodes;
			d->node_bytes += a->v[i].bytes;
			quota_look(d, QUOTA_NODES);
			quota_look(d, QUOTA_MEMORY);
		}
	}
}

void
acct_of(const struct acct *a, uint16_t domid, int64_t *nodes, int64_t *bytes)
{
	const struct domain *d = domain_find(domid);

	*nodes = d == NULL ? 0 : d->nodes;
	*bytes = d == NULL ? 0 : d->node_bytes;
	for (uint32_t i = 0; i < a->n; i++)
		if (a->v[i].domid == domid) {
			*nodes += a->v[i].nodes;
			*bytes += a->v[i].bytes;
		}
}

static void
acct_node(struct acct *a, const struct node *n, int sign)
{
	acct_add(a, n->perms->v[0].domid, sign, sign * (int64_t)node_bytes(n));
}

static int
acct_subtree(struct acct *a, const struct node *top)
{
	const struct node *n;
	struct walk w;
	int err = walk_init(&w, top, "");

	while (err == 0 && (n = walk_next(&w)) != NULL)
		acct_node(a, n, -1);
	if (err == 0 && w.failed)
		err = ENOMEM;
	walk_fini(&w);
	return err;
}

/* --- permissions --------------------------------------------------------------- */

static bool
is_me(const struct conn *c, uint16_t domid)
{
	return c->domid == domid ||
	    (c->domain != NULL && c->domain->target == (int32_t)domid);
}

unsigned
perms_access(const struct perms *p, const struct conn *c)
{
	if (c->privileged || c->replay || is_me(c, p->v[0].domid))
		return PERM_READ | PERM_WRITE;
	for (uint32_t i = 1; i < p->n; i++)
		if (!p->v[i].ignore &&
		    (is_me(c, p->v[i].domid) || p->v[i].domid == XSD_DOMID_ANY))
			return p->v[i].access;
	return p->v[0].access;
}

bool
node_allows(const struct node *n, const struct conn *c, unsigned access)
{
	return n != NULL && (perms_access(n->perms, c) & access) == access;
}

/* Existence does not leak: the true error only to whom the nearest ancestor
 * grants the same access. */
static int
hidden(const struct node *root, const struct conn *c, const char *path,
    unsigned access, int err)
{
	char up[XSD_ABS_PATH + 1];
	const char *rest;

	memcpy(up, path, strlen(path) + 1);
	do {
		if (strcmp(up, "/") == 0)
			break;
		up[path_parent_len(up)] = '\0';
	} while (tree_nearest(root, up, &rest) == NULL || *rest != '\0');
	return node_allows(tree_get(root, up), c, access) ? err : EACCES;
}

int
store_read(struct node *root, const struct conn *c, const char *path,
    unsigned access, struct node **out)
{
	struct node *n = tree_get(root, path);

	if (n == NULL)
		return hidden(root, c, path, access, ENOENT);
	if (!node_allows(n, c, access))
		return EACCES;
	*out = n;
	return 0;
}

/* --- quota ------------------------------------------------------------------------ */

/* Upstream's record: 16 bytes of header, 8 a permission, value and names. */
static bool
too_big(const struct conn *c, const struct node *n, uint32_t value_len,
    uint32_t nperms, size_t more_name)
{
	uint64_t size = 16 + 8ull * nperms + value_len + more_name;
	uint32_t max;

	if (c->privileged || c->replay)
		return false;
	max = quota_of(c, QUOTA_SIZE);
	if (n != NULL)
		size += node_names_len(n);
	if (max == 0 || size <= max)
		return false;
	quota_refused(c, QUOTA_SIZE);
	return true;
}

/* As many more nodes and bytes for a domain, with those of its transaction. */
static int
too_much(const struct conn *c, const struct acct *a, uint16_t owner,
    int64_t nodes, int64_t bytes)
{
	int64_t all_nodes, all_bytes;
	int err;

	/* What others own is not the caller's to answer for. */
	if (c->privileged || c->replay || c->domain == NULL ||
	    owner != c->domid)
		return 0;
	acct_of(a, owner, &all_nodes, &all_bytes);
	err = nodes <= 0 ? 0
			 : quota_may(c, QUOTA_NODES,
			       all_nodes - c->domain->nodes + nodes);
	if (err == 0 && bytes > 0)
		err = quota_may(c, QUOTA_MEMORY,
		    all_bytes - c->domain->node_bytes + bytes);
	return err;
}

/* --- changes -------------------------------------------------------------------------- */

/* A new node has its parent's list; an unprivileged creator owns it. */
static struct perms *
inherit(const struct node *parent, const struct conn *c)
{
	const struct perms *up = parent->perms;
	struct perm *v;
	struct perms *p;

	if (c->privileged || up->v[0].domid == c->domid)
		return perms_ref(parent->perms);
	/* A list is shared: another one, not this one changed. */
	v = reallocarray(NULL, up->n, sizeof(*v));
	if (v == NULL)
		return NULL;
	memcpy(v, up->v, up->n * sizeof(*v));
	v[0].domid = c->domid;
	p = perms_new(v, up->n);
	free(v);
	return p;
}

/* The missing part of a path as one chain of nodes, the last with the value. */
static struct node *
make_chain(struct perms *perms, const char *rest, const void *value,
    uint32_t len, int64_t *count, int64_t *bytes)
{
	const char *end = rest + strlen(rest), *slash;
	struct node *n = NULL, *up;
	size_t name_len;

	/* Upwards: each ancestor gets the chain so far as its only child. */
	for (; end != rest; end = slash) {
		slash = memrchr(rest, '/', (size_t)(end - rest));
		name_len = (size_t)(end - slash - 1);
		up =
		    node_new(perms_ref(perms), slash + 1, name_len, value, len);
		if (up == NULL || (n != NULL && dir_add(&up->dir, n) != 0)) {
			node_unref(up == NULL ? n : up);
			return NULL;
		}
		*bytes += (int64_t)node_bytes(up);
		(*count)++;
		n = up;
		value = "";
		len = 0;
	}
	return n;
}

/* May so many nodes, the last with len bytes, come to be below `near`? */
static int
may_create(const struct conn *c, const struct acct *a, const char *rest,
    const struct node *near, const struct perms *perms, uint32_t len)
{
	int64_t count = 0;
	int err;

	if (c->privileged || c->replay)
		return 0;
	for (const char *s = rest; *s != '\0'; s++)
		count += *s == '/';
	err = too_much(c, a, perms->v[0].domid, count,
	    (int64_t)(strlen(rest) + len) +
		count * (int64_t)sizeof(struct node));
	if (err == 0 &&
	    (too_big(c, NULL, len, perms->n, 0) ||
		too_big(c, near, near->value_len, near->perms->n,
		    strcspn(rest + 1, "/") + 1)))
		err = ENOSPC;
	return err;
}

/*
 * Creates path and its missing ancestors below `near`, attached in one step.
 * rest is the missing part ("/a/b"; "b" below the root's "/").
 */
static int
create(struct node **root, const struct conn *c, struct acct *a,
    const char *path, const char *rest, const struct node *near,
    const void *value, uint32_t len)
{
	struct perms *perms = inherit(near, c);
	int64_t count = 0, bytes = 0;
	struct node *n;
	uint16_t owner;
	int err;

	if (perms == NULL)
		return ENOMEM;
	owner = perms->v[0].domid;
	err = may_create(c, a, rest, near, perms, len);
	if (err != 0) {
		perms_unref(perms);
		return err;
	}
	n = make_chain(perms, rest, value, len, &count, &bytes);
	perms_unref(perms);
	if (n == NULL)
		return ENOMEM;
	err = tree_attach(root, path, (size_t)(rest - path), n);
	if (err == 0)
		acct_add(a, owner, count, bytes);
	return err;
}

int
store_write(struct node **root, const struct conn *c, struct acct *a,
    const char *path, const void *value, uint32_t len)
{
	const char *rest;
	struct node *n = tree_nearest(*root, path, &rest);
	uint16_t owner;
	int64_t grows;
	int err;

	if (!node_allows(n, c, PERM_WRITE))
		return EACCES;
	if (*rest != '\0')
		return create(root, c, a, path, rest, n, value, len);
	if (too_big(c, n, len, n->perms->n, 0))
		return ENOSPC;
	owner = n->perms->v[0].domid;
	grows = (int64_t)len - n->value_len;
	err = too_much(c, a, owner, 0, grows);
	if (err == 0)
		err = tree_set_value(root, path, value, len);
	if (err == 0 && grows != 0)
		acct_add(a, owner, 0, grows);
	return err;
}

int
store_mkdir(
    struct node **root, const struct conn *c, struct acct *a, const char *path)
{
	const char *rest;
	struct node *n = tree_nearest(*root, path, &rest);

	if (!node_allows(n, c, PERM_WRITE))
		return EACCES;
	if (*rest == '\0')
		return EEXIST; /* the caller answers OK and fires nothing */
	return create(root, c, a, path, rest, n, "", 0);
}

int
store_rm(
    struct node **root, const struct conn *c, struct acct *a, const char *path)
{
	char parent[XSD_ABS_PATH + 1];
	struct node *n = tree_get(*root, path);
	struct acct gone = {.n = 0};
	size_t len;
	int err;

	if (strcmp(path, "/") == 0)
		return EINVAL;
	if (n == NULL) {
		const char *rest;

		/* Idempotent when the parent is there. */
		len = path_parent_len(path);
		memcpy(parent, path, len);
		parent[len] = '\0';
		if (!node_allows(
			tree_nearest(*root, path, &rest), c, PERM_WRITE))
			return EACCES;
		return tree_get(*root, parent) == NULL ? ENOENT : EALREADY;
	}
	if (!node_allows(n, c, PERM_WRITE))
		return EACCES;
	err = acct_subtree(&gone, n);
	if (err == 0)
		err = tree_detach(root, path);
	for (uint32_t i = 0; err == 0 && i < gone.n; i++)
		acct_add(a, gone.v[i].domid, gone.v[i].nodes, gone.v[i].bytes);
	return err;
}

int
store_set_perms(struct node **root, const struct conn *c, struct acct *a,
    const char *path, struct perms *perms)
{
	struct node *n = tree_get(*root, path);
	uint16_t owner, next = perms->v[0].domid;
	int64_t bytes;
	int err = 0;

	if (n == NULL)
		err = hidden(*root, c, path, PERM_WRITE, ENOENT);
	else if (c->replay)
		err = 0;
	else if (!c->privileged && !is_me(c, n->perms->v[0].domid))
		err = EACCES;
	else if (!c->privileged && next != n->perms->v[0].domid)
		err = EPERM;
	else if (too_big(c, n, n->value_len, perms->n, 0))
		err = ENOSPC;
	if (err != 0) {
		perms_unref(perms);
		return err;
	}
	owner = n->perms->v[0].domid;
	bytes = (int64_t)node_bytes(n);
	err = tree_set_perms(root, path, perms);
	if (err == 0 && owner != next) {
		acct_add(a, owner, -1, -bytes);
		acct_add(a, next, 1, bytes);
	}
	return err;
}

int
store_init(void)
{
	static const struct perm root_perm = {.domid = 0, .access = 0};
	struct perms *p = perms_new(&root_perm, 1);
	struct conn boot = {.domid = 0, .privileged = true};
	struct acct a = {.n = 0};

	store_root = p == NULL ? NULL : node_new(p, "", 0, "", 0);
	if (store_root == NULL)
		return ENOMEM;
	acct_node(&a, store_root, 1);
	if (store_mkdir(&store_root, &boot, &a, "/tool/xenstored") != 0)
		return ENOMEM;
	acct_apply(&a);
	return 0;
}

int
store_replace(struct node *root, const struct acct *books)
{
	struct acct a = { .n = 0 };
	int err = acct_subtree(&a, store_root);

	if (err != 0) {
		node_unref(root);
		return err;
	}
	acct_apply(&a);
	acct_apply(books);
	node_unref(store_root);
	store_root = root;
	return 0;
}

/* --- a domain that is gone ------------------------------------------------------------- */

/* Paths of the topmost nodes it owns, NUL separated, in out. */
static void
owned_by(const struct domain *d, struct xu_buf *out)
{
	int64_t left = d->nodes;
	const struct node *n;
	struct walk *w = malloc(sizeof(*w));
	struct acct a = {.n = 0};

	if (w == NULL || walk_init(w, store_root, "/") != 0) {
		free(w);
		return;
	}
	while (left > 0 && (n = walk_next(w)) != NULL) {
		if (n->perms->v[0].domid != d->domid || n == store_root)
			continue;
		xu_buf_add(out, w->path, strlen(w->path) + 1);
		a.n = 0;
		(void)acct_subtree(&a, n);
		for (uint32_t i = 0; i < a.n; i++)
			if (a.v[i].domid == d->domid)
				left += a.v[i].nodes;
		walk_skip(w);
	}
	walk_fini(w);
	free(w);
}

void
store_forget_domain(const struct domain *d, bool events)
{
	struct conn control = {.domid = 0, .privileged = true};
	AUTO_BUF struct xu_buf rm = XU_BUF_INIT;
	struct acct a = {.n = 0};
	struct change ch = {.path = NULL};
	struct node *gone;

	perms_strip(d->domid);
	if (d->nodes <= 0)
		return;
	owned_by(d, &rm);
	for (size_t i = 0; i < rm.len; i += strlen(rm.data + i) + 1) {
		ch.path = rm.data + i;
		gone = tree_get(store_root, ch.path);
		if (gone == NULL)
			continue;
		ch.gone = node_ref(gone);
		ch.was = gone->perms;
		if (store_rm(&store_root, &control, &a, ch.path) == 0 && events)
			watch_fire(&ch, store_root);
		node_unref(gone);
	}
	acct_apply(&a);
}

/* --- self-check -------------------------------------------------------------------------- */

struct books {
	int64_t nodes, bytes;
};

static const char *
check_node(const struct node *n, struct xu_map *books)
{
	uint16_t owner = n->perms->v[0].domid;
	struct books *b = xu_map_get_u64(books, owner);
	const struct node *kid;
	uint32_t live = 0, names = 0, pos = 0;

	if (b == NULL) {
		b = calloc(1, sizeof(*b));
		if (b == NULL || xu_map_put_u64(books, owner, b) < 0) {
			free(b);
			return "no memory to check";
		}
	}
	b->nodes++;
	b->bytes += (int64_t)node_bytes(n);
	while ((kid = node_next(n, &pos)) != NULL) {
		live++;
		names += kid->name_len + 1u;
		if (node_kid(n, kid->text, kid->name_len) != kid)
			return "a child is not found by its name";
	}
	if (live != node_nkids(n) || names != node_names_len(n))
		return "a child count is wrong";
	return NULL;
}

static const char *
check_tree(uint64_t *nodes, struct xu_map *books)
{
	struct walk *w = malloc(sizeof(*w));
	const struct node *n;
	const char *bad = NULL;

	if (w == NULL || walk_init(w, store_root, "/") != 0) {
		free(w);
		return "no memory to check";
	}
	while (bad == NULL && (n = walk_next(w)) != NULL) {
		(*nodes)++;
		bad = check_node(n, books);
	}
	if (w->failed)
		bad = "no memory to check";
	walk_fini(w);
	free(w);
	return bad;
}

const char *
store_check(uint64_t *nodes)
{
	struct xu_map *books = xu_map_new();
	struct xu_list *it;
	const char *bad;
	struct books *b;
	size_t pos = 0;

	*nodes = 0;
	if (books == NULL)
		return "no memory to check";
	bad = check_tree(nodes, books);
	LIST_FOREACH (it, &domains) {
		const struct domain *d =
		    xu_container_of(it, struct domain, link);

		b = xu_map_get_u64(books, d->domid);
		if (bad == NULL && d->nodes != (b == NULL ? 0 : b->nodes))
			bad = "a domain's node count is wrong";
		if (bad == NULL && d->node_bytes != (b == NULL ? 0 : b->bytes))
			bad = "a domain's byte count is wrong";
	}
	while ((b = xu_map_next(books, &pos)) != NULL)
		free(b);
	xu_map_free(&books);
	return bad;
}
