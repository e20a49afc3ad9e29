/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Requests on nodes: reading, writing, creating, removing. In a transaction what
 * was read is remembered and what was changed is logged.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "xu_num.h"
#include "req.h"
#include "state.h"

/* --- what they share -------------------------------------------------------- */

/* The tree the request works on. */
struct node **
req_tree(const struct request *r)
{
	return r->txn != NULL ? txn_root(r->txn) : &store_root;
}

int
req_path(const struct request *r, char *path, bool special)
{
	const char *s;

	if (!request_strings(r, &s, 1))
		return EINVAL;
	return path_canonical(r->c, s, special, path);
}

/* What a denial, or a guest's ENOENT, depends on: the permissions of the nearest
 * node there is, and that it is that, so its missing child. */
static int
saw_denied(const struct request *r, const char *path)
{
	char up[XSD_ABS_PATH + 1];
	const char *rest;
	size_t len, end;
	int err = 0;

	(void)tree_nearest(*req_tree(r), path, &rest);
	len = end = (size_t)(rest - path);
	memcpy(up, path, strlen(path) + 1);
	if (*rest != '\0') {
		end += *rest == '/';
		end += strcspn(path + end, "/");
		up[end] = '\0';
		err = txn_saw(r->c, r->txn, up, SEEN_EXISTS);
	}
	while (len > 1 && path[len - 1] == '/')
		len--;
	if (len == 0)
		len = 1; /* the root */
	up[len] = '\0';
	if (err == 0)
		err = txn_saw(r->c, r->txn, up, SEEN_EXISTS | SEEN_PERMS);
	return err;
}

/* A read in a transaction is remembered, its failure too. */
int
req_saw(const struct request *r, const char *path, unsigned what, int err)
{
	int e = 0;

	if (r->txn != NULL)
		e = txn_saw(r->c, r->txn, path,
		    err == 0 ? what | SEEN_EXISTS : SEEN_EXISTS);
	if (r->txn != NULL && e == 0 &&
	    (err == EACCES || (err == ENOENT && !r->c->privileged)))
		e = saw_denied(r, path);
	return err != 0 ? err : e;
}

/* RM of a missing node: that it is missing, and whether its parent is there. */
static int
saw_missing(const struct request *r, const char *path, int err)
{
	char parent[XSD_ABS_PATH + 1];
	size_t len = path_parent_len(path);
	int e = req_saw(r, path, 0, 0);

	memcpy(parent, path, len);
	parent[len] = '\0';
	if (e == 0)
		e = req_saw(r, parent, 0, 0);
	return e != 0 ? e : err == EALREADY ? 0 : err;
}

/* Events of a plain change, or the log entry of one in a transaction. */
int
req_changed(const struct request *r, enum op op, const struct change *ch,
    const void *value, uint32_t len, struct perms *perms)
{
	if (r->txn != NULL)
		return txn_did(r->c, r->txn, op, ch->path, value, len, perms);
	state_op(r->c, op, ch->path, value, len, perms);
	perms_unref(perms);
	watch_fire(ch, store_root);
	return 0;
}

struct acct *
req_acct(const struct request *r, struct acct *own)
{
	own->n = 0;
	return r->txn != NULL ? txn_acct(r->txn) : own;
}

void
req_book(const struct request *r, const struct acct *own)
{
	if (r->txn == NULL)
		acct_apply(own);
}

/* --- reading ---------------------------------------------------------------- */

int
req_read(struct request *r)
{
	char path[XSD_ABS_PATH + 1];
	int err = req_path(r, path, false);
	struct node *n;

	if (err != 0)
		return err;
	err = req_saw(r, path, SEEN_VALUE,
	    store_read(*req_tree(r), r->c, path, PERM_READ, &n));
	if (err == 0)
		reply_data(r, node_value(n), n->value_len);
	return err;
}

int
req_directory(struct request *r)
{
	char path[XSD_ABS_PATH + 1], out[XSD_PAYLOAD];
	int err = req_path(r, path, false);
	struct node *n, *kid;
	uint32_t pos = 0;
	size_t len = 0;

	if (err != 0)
		return err;
	err = req_saw(r, path, SEEN_CHILDREN,
	    store_read(*req_tree(r), r->c, path, PERM_READ, &n));
	if (err != 0)
		return err;
	if (node_names_len(n) > sizeof(out))
		return E2BIG;
	while ((kid = node_next(n, &pos)) != NULL) {
		memcpy(out + len, kid->text, kid->name_len + 1u);
		len += kid->name_len + 1u;
	}
	reply_data(r, out, len);
	return 0;
}

/* Offset into the whole "name|name|..." list; an extra NUL ends the last part. */
int
req_directory_part(struct request *r)
{
	char path[XSD_ABS_PATH + 1], out[XSD_PAYLOAD];
	const char *arg[2];
	struct node *n, *kid;
	struct conn *c = r->c;
	size_t len, add, at = 0;
	uint32_t pos = 0;
	uint64_t offset;
	int err;

	if (!request_strings(r, arg, 2) ||
	    !xu_num_u64(arg[1], 10, UINT32_MAX, &offset))
		return EINVAL;
	err = path_canonical(r->c, arg[0], false, path);
	if (err == 0)
		err = req_saw(r, path, SEEN_CHILDREN,
		    store_read(*req_tree(r), r->c, path, PERM_READ, &n));
	if (err != 0)
		return err;
	len = (size_t)snprintf(out, sizeof(out), "%llu",
		  (unsigned long long)n->gen) + 1;
	/* Where the last part of the same list ended. */
	if (c->part.gen == n->gen && c->part.offset == offset) {
		at = offset;
		pos = c->part.pos;
	}
	c->part.gen = n->gen;
	for (c->part.pos = pos; (kid = node_next(n, &pos)) != NULL;
	     c->part.pos = pos) {
		add = kid->name_len + 1u;
		if (at >= offset) {
			if (len + add > sizeof(out) - 1) {
				c->part.offset = (uint32_t)at;
				reply_data(r, out, len);
				return 0;
			}
			memcpy(out + len, kid->text, add);
			len += add;
		}
		at += add;
	}
	c->part.offset = (uint32_t)at;
	out[len++] = '\0';
	reply_data(r, out, len);
	return 0;
}

/* --- changing ---------------------------------------------------------------- */

int
req_write(struct request *r)
{
	char path[XSD_ABS_PATH + 1];
	struct change ch = { .path = path };
	struct acct own;
	const char *end = memchr(r->data, '\0', r->len);
	uint32_t len;
	int err;

	if (end == NULL)
		return EINVAL;
	len = r->len - (uint32_t)(end - r->data) - 1;
	err = path_canonical(r->c, r->data, false, path);
	if (err == 0)
		err = store_write(req_tree(r), r->c, req_acct(r, &own), path,
		    end + 1, len);
	if (err == EACCES && r->txn != NULL)
		(void)req_saw(r, path, 0, err);
	if (err != 0)
		return err;
	req_book(r, &own);
	err = req_changed(r, OP_WRITE, &ch, end + 1, len, NULL);
	if (err == 0)
		reply_ok(r);
	return err;
}

int
req_mkdir(struct request *r)
{
	char path[XSD_ABS_PATH + 1];
	struct change ch = { .path = path };
	struct acct own;
	int err = req_path(r, path, false);

	if (err != 0)
		return err;
	err = store_mkdir(req_tree(r), r->c, req_acct(r, &own), path);
	if (err == 0) {
		req_book(r, &own);
		err = req_changed(r, OP_MKDIR, &ch, "", 0, NULL);
	} else if (err == EEXIST || err == EACCES) {
		err = req_saw(r, path, 0, err == EEXIST ? 0 : err);
	}
	if (err == 0)
		reply_ok(r);
	return err;
}

int
req_rm(struct request *r)
{
	char path[XSD_ABS_PATH + 1];
	struct change ch = { .path = path };
	struct acct own;
	int err = req_path(r, path, false);
	struct node *gone;

	if (err != 0)
		return err;
	gone = tree_get(*req_tree(r), path);
	if (gone != NULL) {
		ch.gone = node_ref(gone);
		ch.was = gone->perms;
	}
	err = store_rm(req_tree(r), r->c, req_acct(r, &own), path);
	if (err == 0) {
		req_book(r, &own);
		err = req_changed(r, OP_RM, &ch, "", 0, NULL);
	} else if (err == EALREADY || err == ENOENT) {
		err = saw_missing(r, path, err);
	} else if (err == EACCES) {
		err = req_saw(r, path, 0, err);
	}
	node_unref(gone);
	if (err == 0)
		reply_ok(r);
	return err;
}
