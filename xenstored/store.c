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
acct_add(struct acct *a, uint16_t domid, int64_t delta)
{
	struct domain *d;

	for (uint32_t i = 0; i < a->n; i++)
		if (a->v[i].domid == domid) {
			a->v[i].delta += delta;
			return;
		}
	if (a->n < sizeof(a->v) / sizeof(a->v[0])) {
		a->v[a->n].domid = domid;
		a->v[a->n++].delta = delta;
		return;
	}
	/* Rare (a subtree of many owners): book the oldest at once. */
	d = domain_get(a->v[0].domid);
	if (d != NULL)
		d->nodes += a->v[0].delta;
	a->v[0].domid = domid;
	a->v[0].delta = delta;
}

void
acct_apply(const struct acct *a)
{
	for (uint32_t i = 0; i < a->n; i++) {
		struct domain *d = domain_get(a->v[i].domid);

		if (d != NULL)
			d->nodes += a->v[i].delta;
	}
}

int64_t
acct_of(const struct acct *a, uint16_t domid)
{
	const struct domain *d = domain_find(domid);
	int64_t n = d == NULL ? 0 : d->nodes;

	for (uint32_t i = 0; i < a->n; i++)
		if (a->v[i].domid == domid)
			n += a->v[i].delta;
	return n;
}

static void
acct_subtree(struct acct *a, const struct node *n)
{
	const char *name;
	struct node *kid;

	acct_add(a, n->perms->v[0].domid, -1);
	for (uint32_t i = 0; i < n->nkids; i++)
		if (node_slot(n, i, &name, &kid))
			acct_subtree(a, kid);
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
	if (c->privileged || is_me(c, p->v[0].domid))
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
	uint32_t max = quota_of(c, QUOTA_SIZE);
	const char *name;
	struct node *kid;

	if (c->privileged || max == 0)
		return false;
	for (uint32_t i = 0; n != NULL && i < n->nkids && size <= max; i++)
		if (node_slot(n, i, &name, &kid))
			size += strlen(name) + 1;
	return size > max;
}

static bool
too_many_nodes(const struct conn *c, const struct acct *a, uint16_t owner,
    int64_t more)
{
	uint32_t max = quota_of(c, QUOTA_NODES);

	return !c->privileged && max != 0 && acct_of(a, owner) + more > max;
}

/* --- changes -------------------------------------------------------------------------- */

/* A new node has its parent's list; an unprivileged creator owns it. */
static struct perms *
inherit(const struct node *parent, const struct conn *c)
{
	struct perms *p;

	if (c->privileged || parent->perms->v[0].domid == c->domid)
		return perms_ref(parent->perms);
	p = perms_new(parent->perms->v, parent->perms->n);
	if (p != NULL)
		p->v[0].domid = c->domid;
	return p;
}

/*
 * Creates path and its missing ancestors as one chain below `near`, attached in
 * one step. rest is the missing part ("/a/b").
 */
static int
create(struct node **root, const struct conn *c, struct acct *a,
    const char *path, const char *rest, const struct node *near,
    const void *value, uint32_t len)
{
	char top[XSD_ABS_PATH + 1];
	struct perms *perms;
	struct node *n, *up;
	const char *end = path + strlen(path), *slash;
	uint16_t owner;
	int64_t count = 0;
	int err;

	for (const char *s = rest; *s != '\0'; s++)
		count += *s == '/';
	perms = inherit(near, c);
	if (perms == NULL)
		return ENOMEM;
	owner = perms->v[0].domid;
	slash = rest + 1;
	if (too_many_nodes(c, a, owner, count) ||
	    too_big(c, NULL, len, perms->n, 0) ||
	    too_big(c, near, near->value_len, near->perms->n,
		strcspn(slash, "/") + 1)) {
		perms_unref(perms);
		return ENOSPC;
	}
	n = node_new(perms_ref(perms), value, len);
	/* Upwards: each ancestor gets the chain so far as its only child. */
	while (n != NULL && (slash = memrchr(rest, '/', (size_t)(end - rest))) !=
	    rest) {
		char name[XSD_ABS_PATH + 2] = "/";
		size_t nlen = (size_t)(end - slash - 1);

		memcpy(name + 1, slash + 1, nlen);
		name[nlen + 1] = '\0';
		up = node_new(perms_ref(perms), "", 0);
		if (up == NULL) {
			node_unref(n);
			n = NULL;
			break;
		}
		if (tree_attach(&up, name, n) != 0) {
			node_unref(up);
			n = NULL;
			break;
		}
		n = up;
		end = slash;
	}
	perms_unref(perms);
	if (n == NULL)
		return ENOMEM;
	memcpy(top, path, (size_t)(end - path));
	top[end - path] = '\0';
	err = tree_attach(root, top, n);
	if (err == 0)
		acct_add(a, owner, count);
	return err;
}

int
store_write(struct node **root, const struct conn *c, struct acct *a,
    const char *path, const void *value, uint32_t len)
{
	const char *rest;
	struct node *n = tree_nearest(*root, path, &rest);

	if (!node_allows(n, c, PERM_WRITE))
		return EACCES;
	if (*rest != '\0')
		return create(root, c, a, path, rest, n, value, len);
	if (too_big(c, n, len, n->perms->n, 0))
		return ENOSPC;
	n = tree_own(root, path);
	return n == NULL ? errno : node_set_value(n, value, len);
}

int
store_mkdir(struct node **root, const struct conn *c, struct acct *a,
    const char *path)
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
store_rm(struct node **root, const struct conn *c, struct acct *a,
    const char *path)
{
	char parent[XSD_ABS_PATH + 1];
	struct node *n = tree_get(*root, path);
	struct acct gone = { .n = 0 };
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
		if (!node_allows(tree_nearest(*root, path, &rest), c,
			PERM_WRITE))
			return EACCES;
		return tree_get(*root, parent) == NULL ? ENOENT : EALREADY;
	}
	if (!node_allows(n, c, PERM_WRITE))
		return EACCES;
	acct_subtree(&gone, n);
	err = tree_detach(root, path);
	for (uint32_t i = 0; err == 0 && i < gone.n; i++)
		acct_add(a, gone.v[i].domid, gone.v[i].delta);
	return err;
}

int
store_set_perms(struct node **root, const struct conn *c, struct acct *a,
    const char *path, struct perms *perms)
{
	struct node *n = tree_get(*root, path);
	uint16_t owner, next = perms->v[0].domid;
	int err = 0;

	if (n == NULL)
		err = hidden(*root, c, path, PERM_WRITE, ENOENT);
	else if (!c->privileged && !is_me(c, n->perms->v[0].domid))
		err = EACCES;
	else if (!c->privileged && next != n->perms->v[0].domid)
		err = EPERM;
	else if (too_big(c, n, n->value_len, perms->n, 0))
		err = ENOSPC;
	else if ((n = tree_own(root, path)) == NULL)
		err = errno;
	if (err != 0) {
		perms_unref(perms);
		return err;
	}
	owner = n->perms->v[0].domid;
	node_set_perms(n, perms);
	if (owner != next) {
		acct_add(a, owner, -1);
		acct_add(a, next, 1);
	}
	return 0;
}

int
store_init(void)
{
	static const struct perm root_perm = { .domid = 0, .access = 0 };
	struct perms *p = perms_new(&root_perm, 1);
	struct conn boot = { .domid = 0, .privileged = true };
	struct acct a = { .n = 0 };

	store_root = p == NULL ? NULL : node_new(p, "", 0);
	if (store_root == NULL)
		return ENOMEM;
	acct_add(&a, 0, 1);
	if (store_mkdir(&store_root, &boot, &a, "/tool/xenstored") != 0)
		return ENOMEM;
	acct_apply(&a);
	return 0;
}

/* --- a domain that is gone ------------------------------------------------------------- */

struct sweep {
	uint16_t domid;
	char path[XSD_ABS_PATH + 1];
	/* Paths to remove, NUL separated; nodes whose list names the domain. */
	struct xu_buf rm, strip;
};

static bool
names_domain(const struct perms *p, uint16_t domid)
{
	for (uint32_t i = 1; i < p->n; i++)
		if (p->v[i].domid == domid)
			return true;
	return false;
}

static void
sweep(struct sweep *s, const struct node *n, size_t len)
{
	const char *name;
	struct node *kid;
	size_t add;

	for (uint32_t i = 0; i < n->nkids; i++) {
		if (!node_slot(n, i, &name, &kid))
			continue;
		add = strlen(name);
		if (len + 1 + add > XSD_ABS_PATH)
			continue;
		s->path[len] = '/';
		memcpy(s->path + len + 1, name, add + 1);
		if (kid->perms->v[0].domid == s->domid) {
			xu_buf_add(&s->rm, s->path, len + add + 2);
			continue;
		}
		if (names_domain(kid->perms, s->domid))
			xu_buf_add(&s->strip, s->path, len + add + 2);
		sweep(s, kid, len + 1 + add);
	}
}

static void
strip_entry(const char *path, uint16_t domid)
{
	struct node *n = tree_own(&store_root, path);
	struct perms *p;
	uint32_t k = 1;

	if (n == NULL || (p = perms_new(n->perms->v, n->perms->n)) == NULL)
		return;
	for (uint32_t i = 1; i < n->perms->n; i++)
		if (n->perms->v[i].domid != domid)
			p->v[k++] = n->perms->v[i];
	p->n = k;
	node_set_perms(n, p);
}

void
store_forget_domain(uint16_t domid)
{
	struct conn control = { .domid = 0, .privileged = true };
	struct sweep *s = calloc(1, sizeof(*s));
	struct acct a = { .n = 0 };
	struct change ch = { .path = NULL };
	struct node *gone;

	if (s == NULL)
		return;
	s->domid = domid;
	sweep(s, store_root, 0);
	for (size_t i = 0; i < s->strip.len; i += strlen(s->strip.data + i) + 1)
		strip_entry(s->strip.data + i, domid);
	for (size_t i = 0; i < s->rm.len; i += strlen(s->rm.data + i) + 1) {
		ch.path = s->rm.data + i;
		gone = tree_get(store_root, ch.path);
		if (gone == NULL)
			continue;
		ch.gone = node_ref(gone);
		ch.was = gone->perms;
		if (store_rm(&store_root, &control, &a, ch.path) == 0)
			watch_fire(&ch, store_root);
		node_unref(gone);
	}
	acct_apply(&a);
	xu_buf_fini(&s->rm);
	xu_buf_fini(&s->strip);
	free(s);
}

/* --- self-check -------------------------------------------------------------------------- */

static const char *
check_node(const struct node *n, uint64_t *nodes, struct xu_map *counts)
{
	const char *name, *bad;
	struct node *kid;
	uint32_t live = 0;
	uintptr_t have;
	uint16_t owner = n->perms->v[0].domid;

	(*nodes)++;
	have = (uintptr_t)xu_map_get_u64(counts, owner);
	if (xu_map_put_u64(counts, owner, (void *)(have + 1)) < 0)
		return "no memory to check";
	for (uint32_t i = 0; i < n->nkids; i++) {
		if (!node_slot(n, i, &name, &kid))
			continue;
		live++;
		if (node_kid(n, name, strlen(name)) != kid)
			return "a child is not found by its name";
		bad = check_node(kid, nodes, counts);
		if (bad != NULL)
			return bad;
	}
	return live == n->nlive ? NULL : "a child count is wrong";
}

const char *
store_check(uint64_t *nodes)
{
	struct xu_map *counts = xu_map_new();
	struct xu_list *it;
	const char *bad;

	*nodes = 0;
	if (counts == NULL)
		return "no memory to check";
	bad = check_node(store_root, nodes, counts);
	LIST_FOREACH(it, &domains)
	{
		const struct domain *d = xu_container_of(it, struct domain,
		    link);

		if (bad == NULL && d->nodes !=
		    (int64_t)(uintptr_t)xu_map_get_u64(counts, d->domid))
			bad = "a domain's node count is wrong";
	}
	xu_map_free(&counts);
	return bad;
}
