/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The request path: look up the row, check privilege and transaction, call the
 * handler, turn its errno into an ERROR reply. One reply per request, always;
 * events a request causes are queued before its reply.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <stdint.h>
#include <xen/io/xs_wire.h>

#include "xu_num.h"
#include "xsd.h"

/* Types newer than the installed header. */
#define XS_GET_FEATURE_ 23
#define XS_SET_FEATURE_ 24
#define XS_GET_QUOTA_	25
#define XS_SET_QUOTA_	26
#define XS_DIRECTORY_PART_ 22

/* Reconnection, error field, watch depth, DOMID_ANY. */
#define FEATURES (1u | 2u | 4u | 8u)

typedef int handler_f(struct request *r);

void
reply_data(const struct request *r, const void *data, size_t len)
{
	conn_reply(r->c, r->type, r->id, r->tx, data, len);
}

void
reply_ok(const struct request *r)
{
	reply_data(r, "OK", 3);
}

static void
reply_error(const struct request *r, int err)
{
	const char *name = "EINVAL";

	for (size_t i = 0; i < XU_ARRAY_SIZE(xsd_errors); i++)
		if (xsd_errors[i].errnum == err)
			name = xsd_errors[i].errstring;
	conn_reply(r->c, XS_ERROR, r->id, r->tx, name, strlen(name) + 1);
}

unsigned
request_count(const struct request *r)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < r->len; i++)
		n += r->data[i] == '\0';
	return n;
}

bool
request_strings(const struct request *r, const char **v, unsigned n)
{
	const char *p = r->data;

	if (r->len == 0 || r->data[r->len - 1] != '\0' ||
	    request_count(r) != n)
		return false;
	for (unsigned i = 0; i < n; i++) {
		v[i] = p;
		p += strlen(p) + 1;
	}
	return true;
}

/* The tree the request works on. */
static struct node **
tree_of(const struct request *r)
{
	return r->txn != NULL ? txn_root(r->txn) : &store_root;
}

static int
one_path(const struct request *r, char *path, bool special)
{
	const char *s;

	if (!request_strings(r, &s, 1))
		return EINVAL;
	return path_canonical(r->c, s, special, path);
}

/* A read in a transaction is remembered, its failure too. */
static int
saw(const struct request *r, const char *path, unsigned what, int err)
{
	int e = 0;

	if (r->txn != NULL)
		e = txn_saw(r->c, r->txn, path,
		    err == 0 ? what | SEEN_EXISTS : SEEN_EXISTS);
	return err != 0 ? err : e;
}

/* --- reading -------------------------------------------------------------------- */

static int
do_read(struct request *r)
{
	char path[XSD_ABS_PATH + 1];
	int err = one_path(r, path, false);
	struct node *n;

	if (err != 0)
		return err;
	err = saw(r, path, SEEN_VALUE,
	    store_read(*tree_of(r), r->c, path, PERM_READ, &n));
	if (err == 0)
		reply_data(r, node_value(n), n->value_len);
	return err;
}

static int
do_directory(struct request *r)
{
	char path[XSD_ABS_PATH + 1], out[XSD_PAYLOAD];
	int err = one_path(r, path, false);
	struct node *n, *kid;
	uint32_t pos = 0;
	size_t len = 0;

	if (err != 0)
		return err;
	err = saw(r, path, SEEN_CHILDREN,
	    store_read(*tree_of(r), r->c, path, PERM_READ, &n));
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
static int
do_directory_part(struct request *r)
{
	char path[XSD_ABS_PATH + 1], out[XSD_PAYLOAD];
	const char *arg[2];
	struct node *n, *kid;
	size_t len, add, at = 0;
	uint32_t pos = 0;
	uint64_t offset;
	int err;

	if (!request_strings(r, arg, 2) ||
	    !xu_num_u64(arg[1], 10, UINT32_MAX, &offset))
		return EINVAL;
	err = path_canonical(r->c, arg[0], false, path);
	if (err == 0)
		err = saw(r, path, SEEN_CHILDREN,
		    store_read(*tree_of(r), r->c, path, PERM_READ, &n));
	if (err != 0)
		return err;
	len = (size_t)snprintf(out, sizeof(out), "%llu",
		  (unsigned long long)n->gen) + 1;
	while ((kid = node_next(n, &pos)) != NULL) {
		add = kid->name_len + 1u;
		if (at >= offset) {
			if (len + add > sizeof(out) - 1) {
				reply_data(r, out, len);
				return 0;
			}
			memcpy(out + len, kid->text, add);
			len += add;
		}
		at += add;
	}
	out[len++] = '\0';
	reply_data(r, out, len);
	return 0;
}

static size_t
perm_text(const struct perms *p, char *out, size_t size)
{
	static const char letters[] = "nrwb";
	size_t len = 0;

	for (uint32_t i = 0; i < p->n && size - len > 8; i++)
		len += (size_t)snprintf(out + len, size - len, "%c%u",
			   letters[p->v[i].access & 3], p->v[i].domid) + 1;
	return len;
}

static int
do_get_perms(struct request *r)
{
	char path[XSD_ABS_PATH + 1], out[XSD_PAYLOAD];
	int err = one_path(r, path, true);
	struct perms **sp;
	struct node *n;

	if (err != 0)
		return err;
	if (path_is_special(path)) {
		sp = special_perms(path);
		if (sp == NULL)
			return ENOENT;
		if ((perms_access(*sp, r->c) & PERM_READ) == 0)
			return EACCES;
		reply_data(r, out, perm_text(*sp, out, sizeof(out)));
		return 0;
	}
	err = saw(r, path, SEEN_PERMS,
	    store_read(*tree_of(r), r->c, path, PERM_READ, &n));
	if (err == 0)
		reply_data(r, out, perm_text(n->perms, out, sizeof(out)));
	return err;
}

/* --- changing ---------------------------------------------------------------------- */

/* Events of a plain change, or the log entry of one in a transaction. */
static int
changed(const struct request *r, enum op op, const struct change *ch,
    const void *value, uint32_t len, struct perms *perms)
{
	if (r->txn != NULL)
		return txn_did(r->c, r->txn, op, ch->path, value, len, perms);
	perms_unref(perms);
	watch_fire(ch, store_root);
	return 0;
}

static struct acct *
acct_for(const struct request *r, struct acct *own)
{
	own->n = 0;
	return r->txn != NULL ? txn_acct(r->txn) : own;
}

static void
books(const struct request *r, const struct acct *own)
{
	if (r->txn == NULL)
		acct_apply(own);
}

static int
do_write(struct request *r)
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
		err = store_write(tree_of(r), r->c, acct_for(r, &own), path,
		    end + 1, len);
	if (err == EACCES && r->txn != NULL)
		(void)saw(r, path, 0, err);
	if (err != 0)
		return err;
	books(r, &own);
	err = changed(r, OP_WRITE, &ch, end + 1, len, NULL);
	if (err == 0)
		reply_ok(r);
	return err;
}

static int
do_mkdir(struct request *r)
{
	char path[XSD_ABS_PATH + 1];
	struct change ch = { .path = path };
	struct acct own;
	int err = one_path(r, path, false);

	if (err != 0)
		return err;
	err = store_mkdir(tree_of(r), r->c, acct_for(r, &own), path);
	if (err == 0) {
		books(r, &own);
		err = changed(r, OP_MKDIR, &ch, "", 0, NULL);
	} else if (err == EEXIST) {
		err = saw(r, path, 0, 0);
	}
	if (err == 0)
		reply_ok(r);
	return err;
}

static int
do_rm(struct request *r)
{
	char path[XSD_ABS_PATH + 1];
	struct change ch = { .path = path };
	struct acct own;
	int err = one_path(r, path, false);
	struct node *gone;

	if (err != 0)
		return err;
	gone = tree_get(*tree_of(r), path);
	if (gone != NULL) {
		ch.gone = node_ref(gone);
		ch.was = gone->perms;
	}
	err = store_rm(tree_of(r), r->c, acct_for(r, &own), path);
	if (err == 0) {
		books(r, &own);
		err = changed(r, OP_RM, &ch, "", 0, NULL);
	} else if (err == EALREADY || err == ENOENT) {
		err = saw(r, path, 0, err == ENOENT ? ENOENT : 0);
	}
	node_unref(gone);
	if (err == 0)
		reply_ok(r);
	return err;
}

/* "r5": letter and domid. */
static bool
parse_perm(const char *s, struct perm *p)
{
	static const char letters[] = "nrwb";
	const char *at = s[0] == '\0' ? NULL : strchr(letters, s[0]);
	uint64_t domid;

	if (at == NULL || !xu_num_u64(s + 1, 10, UINT16_MAX, &domid))
		return false;
	p->access = (uint8_t)(at - letters);
	p->domid = (uint16_t)domid;
	p->ignore = false;
	return true;
}

#define MAX_PERMS 256

static int
parse_perms(const struct request *r, const char **path, struct perms **out)
{
	struct perm v[MAX_PERMS];
	const char *s[MAX_PERMS + 1];
	unsigned n = request_count(r);
	uint32_t max = quota_of(r->c, QUOTA_PERMS);

	if (n < 2 || n > MAX_PERMS + 1 || !request_strings(r, s, n))
		return EINVAL;
	*path = s[0];
	if (!r->c->privileged && max != 0 && n - 1 > max)
		return ENOSPC;
	for (unsigned i = 0; i < n - 1; i++) {
		if (!parse_perm(s[i + 1], &v[i]))
			return EINVAL;
		if (v[i].domid == XSD_DOMID_ANY && i > 0)
			continue;
		if (domain_exists_in_xen(v[i].domid))
			continue;
		if (i == 0)
			return ENOENT;
		v[i].ignore = true;
	}
	*out = perms_new(v, n - 1);
	return *out == NULL ? ENOMEM : 0;
}

static int
set_special_perms(const struct request *r, const char *path,
    struct perms *perms)
{
	struct perms **sp = special_perms(path);

	if (sp == NULL || !r->c->privileged) {
		perms_unref(perms);
		return sp == NULL ? ENOENT : EACCES;
	}
	perms_unref(*sp);
	*sp = perms;
	reply_ok(r);
	return 0;
}

static int
do_set_perms(struct request *r)
{
	char path[XSD_ABS_PATH + 1];
	struct change ch = { .path = path };
	struct perms *perms, *was = NULL;
	const char *given;
	struct acct own;
	struct node *n;
	int err = parse_perms(r, &given, &perms);

	if (err != 0)
		return err;
	err = path_canonical(r->c, given, true, path);
	if (err != 0) {
		perms_unref(perms);
		return err;
	}
	if (path_is_special(path))
		return set_special_perms(r, path, perms);
	n = tree_get(*tree_of(r), path);
	if (n != NULL)
		was = perms_ref(n->perms);
	err = store_set_perms(tree_of(r), r->c, acct_for(r, &own), path,
	    perms_ref(perms));
	ch.was = was;
	if (err == 0) {
		books(r, &own);
		err = changed(r, OP_SET_PERMS, &ch, "", 0, perms_ref(perms));
	} else {
		(void)saw(r, path, 0, err);
	}
	perms_unref(was);
	perms_unref(perms);
	if (err == 0)
		reply_ok(r);
	return err;
}

/* --- watches and transactions --------------------------------------------------------- */

static int
do_watch(struct request *r)
{
	char path[XSD_ABS_PATH + 1];
	unsigned n = request_count(r);
	const char *arg[3];
	int64_t depth = -1;
	struct watch *w;
	int err;

	if ((n != 2 && n != 3) || !request_strings(r, arg, n))
		return EINVAL;
	if (n == 3 && (!xu_num_i64(arg[2], 0, INT32_MAX, &depth)))
		return EINVAL;
	err = path_canonical(r->c, arg[0], true, path);
	if (err == 0)
		err = watch_add(r->c, path, arg[0], arg[1], (int)depth, &w);
	if (err != 0)
		return err;
	reply_ok(r);
	watch_first(w);
	return 0;
}

static int
do_unwatch(struct request *r)
{
	char path[XSD_ABS_PATH + 1];
	const char *arg[2];
	int err;

	if (!request_strings(r, arg, 2))
		return EINVAL;
	err = path_canonical(r->c, arg[0], true, path);
	if (err == 0)
		err = watch_del(r->c, path, arg[1]);
	if (err == 0)
		reply_ok(r);
	return err;
}

static int
do_reset_watches(struct request *r)
{
	watch_del_all(r->c);
	txn_free_all(r->c);
	reply_ok(r);
	return 0;
}

static int
do_transaction_start(struct request *r)
{
	char out[16];
	uint32_t id;
	int err;

	if (r->tx != 0)
		return EBUSY;
	err = txn_start(r->c, &id);
	if (err != 0)
		return err;
	reply_data(r, out, (size_t)snprintf(out, sizeof(out), "%u", id) + 1);
	return 0;
}

static int
do_transaction_end(struct request *r)
{
	const char *arg;
	int err;

	if (r->txn == NULL)
		return ENOENT;
	if (!request_strings(r, &arg, 1) ||
	    (strcmp(arg, "T") != 0 && strcmp(arg, "F") != 0))
		return EINVAL;
	err = txn_end(r->c, r->txn, arg[0] == 'T');
	r->txn = NULL;
	if (err == 0)
		reply_ok(r);
	return err;
}

/* --- domains ---------------------------------------------------------------------------- */

static bool
parse_domid(const char *s, uint16_t *domid)
{
	uint64_t v;

	if (!xu_num_u64(s, 10, UINT16_MAX, &v))
		return false;
	*domid = (uint16_t)v;
	return true;
}

static int
do_introduce(struct request *r)
{
	const char *arg[3];
	uint64_t gfn, port;
	uint16_t domid;
	int err;

	if (!request_strings(r, arg, 3) || !parse_domid(arg[0], &domid) ||
	    domid >= XSD_DOMID_SELF ||
	    !xu_num_u64(arg[1], 10, UINT64_MAX, &gfn) ||
	    !xu_num_u64(arg[2], 10, UINT32_MAX, &port) || port == 0)
		return EINVAL;
	err = domain_introduce(domid, gfn, (uint32_t)port);
	if (err == 0)
		reply_ok(r);
	return err;
}

static int
with_domain(struct request *r, int (*fn)(uint16_t))
{
	const char *arg;
	uint16_t domid;
	int err;

	if (!request_strings(r, &arg, 1) || !parse_domid(arg, &domid))
		return EINVAL;
	err = fn(domid);
	if (err == 0)
		reply_ok(r);
	return err;
}

static int
do_release(struct request *r)
{
	return with_domain(r, domain_release);
}

static int
do_resume(struct request *r)
{
	return with_domain(r, domain_resume);
}

static int
do_get_domain_path(struct request *r)
{
	char out[64];
	const char *arg;
	uint16_t domid;

	if (!request_strings(r, &arg, 1) || !parse_domid(arg, &domid))
		return EINVAL;
	reply_data(r, out, (size_t)snprintf(out, sizeof(out),
			       "/local/domain/%u", domid) + 1);
	return 0;
}

static int
do_is_introduced(struct request *r)
{
	const struct domain *d;
	const char *arg;
	uint16_t domid;

	if (!request_strings(r, &arg, 1) || !parse_domid(arg, &domid))
		return EINVAL;
	d = domain_find(domid);
	reply_data(r, domid == XSD_DOMID_SELF || domid == r->c->domid ||
		(d != NULL && d->introduced) ? "T" : "F", 2);
	return 0;
}

static int
do_set_target(struct request *r)
{
	struct domain *d, *t;
	const char *arg[2];
	uint16_t domid, target;

	if (!request_strings(r, arg, 2) || !parse_domid(arg[0], &domid) ||
	    !parse_domid(arg[1], &target))
		return EINVAL;
	d = domain_find(domid);
	t = domain_find(target);
	if (d == NULL || t == NULL || !d->introduced || !t->introduced)
		return ENOENT;
	d->target = target;
	reply_ok(r);
	return 0;
}

/* --- features and quota --------------------------------------------------------------------- */

static int
reply_number(const struct request *r, uint64_t v)
{
	char out[24];

	reply_data(r, out, (size_t)snprintf(out, sizeof(out), "%llu",
			       (unsigned long long)v) + 1);
	return 0;
}

static int
do_get_feature(struct request *r)
{
	const struct domain *d;
	const char *arg;
	uint16_t domid;

	if (r->len == 0 || (r->len == 1 && r->data[0] == '\0'))
		return reply_number(r, FEATURES);
	if (!r->c->privileged)
		return EACCES;
	if (!request_strings(r, &arg, 1) || !parse_domid(arg, &domid))
		return EINVAL;
	d = domain_find(domid);
	if (d == NULL)
		return ENOENT;
	return reply_number(r, d->features_set ? d->features : FEATURES);
}

static int
do_set_feature(struct request *r)
{
	const char *arg[2];
	struct domain *d;
	uint16_t domid;
	uint64_t v;

	if (!request_strings(r, arg, 2) || !parse_domid(arg[0], &domid) ||
	    !xu_num_u64(arg[1], 10, UINT32_MAX, &v) || (v & ~FEATURES) != 0)
		return EINVAL;
	if (!domain_exists_in_xen(domid) || (d = domain_get(domid)) == NULL)
		return ENOENT;
	if (d->introduced)
		return EBUSY;
	d->features = (uint32_t)v;
	d->features_set = true;
	reply_ok(r);
	return 0;
}

static int
quota_list(const struct request *r)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;

	for (int i = 0; i < QUOTA_COUNT; i++)
		xu_buf_addf(&b, "%s%s", i > 0 ? " " : "", quota_names[i]);
	reply_data(r, xu_buf_text(&b), b.len + 1);
	return 0;
}

static int
do_get_quota(struct request *r)
{
	unsigned n = request_count(r);
	const char *arg[2];
	const struct domain *d;
	uint16_t domid;
	int q;

	if (r->len == 0)
		return quota_list(r);
	if (n < 1 || n > 2 || !request_strings(r, arg, n))
		return EINVAL;
	q = quota_find(arg[n - 1]);
	if (q < 0)
		return EINVAL;
	if (n == 1)
		return reply_number(r, quota_defaults[q]);
	if (!parse_domid(arg[0], &domid))
		return EINVAL;
	d = domain_find(domid);
	return d == NULL ? ENOENT : reply_number(r, d->quota[q]);
}

static int
do_set_quota(struct request *r)
{
	unsigned n = request_count(r);
	const char *arg[3];
	struct domain *d;
	uint16_t domid;
	uint64_t v;
	int q;

	if (n < 2 || n > 3 || !request_strings(r, arg, n))
		return EINVAL;
	q = quota_find(arg[n - 2]);
	if (q < 0 || !xu_num_u64(arg[n - 1], 10, UINT32_MAX, &v))
		return EINVAL;
	if (n == 2) {
		quota_defaults[q] = (uint32_t)v;
	} else {
		if (!parse_domid(arg[0], &domid))
			return EINVAL;
		if (!domain_exists_in_xen(domid) ||
		    (d = domain_get(domid)) == NULL)
			return ENOENT;
		d->quota[q] = (uint32_t)v;
	}
	reply_ok(r);
	return 0;
}

/* --- the table ---------------------------------------------------------------------------------- */

#define PRIV 1u /* the control domain only */
#define NOTX 2u /* ignores the transaction id */

static const struct row {
	const char *name;
	handler_f *fn;
	unsigned flags;
} rows[] = {
	[XS_CONTROL] = { "CONTROL", control_request, PRIV | NOTX },
	[XS_DIRECTORY] = { "DIRECTORY", do_directory, 0 },
	[XS_READ] = { "READ", do_read, 0 },
	[XS_GET_PERMS] = { "GET_PERMS", do_get_perms, 0 },
	[XS_WATCH] = { "WATCH", do_watch, NOTX },
	[XS_UNWATCH] = { "UNWATCH", do_unwatch, NOTX },
	[XS_TRANSACTION_START] = { "TRANSACTION_START", do_transaction_start,
	    NOTX },
	[XS_TRANSACTION_END] = { "TRANSACTION_END", do_transaction_end, 0 },
	[XS_INTRODUCE] = { "INTRODUCE", do_introduce, PRIV | NOTX },
	[XS_RELEASE] = { "RELEASE", do_release, PRIV | NOTX },
	[XS_GET_DOMAIN_PATH] = { "GET_DOMAIN_PATH", do_get_domain_path, NOTX },
	[XS_WRITE] = { "WRITE", do_write, 0 },
	[XS_MKDIR] = { "MKDIR", do_mkdir, 0 },
	[XS_RM] = { "RM", do_rm, 0 },
	[XS_SET_PERMS] = { "SET_PERMS", do_set_perms, 0 },
	[XS_WATCH_EVENT] = { "WATCH_EVENT", NULL, 0 },
	[XS_ERROR] = { "ERROR", NULL, 0 },
	[XS_IS_DOMAIN_INTRODUCED] = { "IS_DOMAIN_INTRODUCED", do_is_introduced,
	    PRIV | NOTX },
	[XS_RESUME] = { "RESUME", do_resume, PRIV | NOTX },
	[XS_SET_TARGET] = { "SET_TARGET", do_set_target, PRIV | NOTX },
	[XS_RESET_WATCHES] = { "RESET_WATCHES", do_reset_watches, NOTX },
	[XS_DIRECTORY_PART_] = { "DIRECTORY_PART", do_directory_part, 0 },
	[XS_GET_FEATURE_] = { "GET_FEATURE", do_get_feature, NOTX },
	[XS_SET_FEATURE_] = { "SET_FEATURE", do_set_feature, PRIV | NOTX },
	[XS_GET_QUOTA_] = { "GET_QUOTA", do_get_quota, PRIV | NOTX },
	[XS_SET_QUOTA_] = { "SET_QUOTA", do_set_quota, PRIV | NOTX },
};

const char *
request_name(uint32_t type)
{
	if (type >= XU_ARRAY_SIZE(rows) || rows[type].name == NULL)
		return "UNKNOWN";
	return rows[type].name;
}

void
request_handle(struct request *r)
{
	const struct row *row = r->type < XU_ARRAY_SIZE(rows) ? &rows[r->type]
							     : NULL;
	int err;

	r->txn = NULL;
	if (row == NULL || row->fn == NULL) {
		reply_error(r, ENOSYS);
		return;
	}
	if ((row->flags & PRIV) != 0 && !r->c->privileged) {
		reply_error(r, EACCES);
		return;
	}
	if (r->tx != 0 && (row->flags & NOTX) == 0 &&
	    (r->txn = txn_find(r->c, r->tx)) == NULL) {
		reply_error(r, ENOENT);
		return;
	}
	err = row->fn(r);
	if (err != 0)
		reply_error(r, err);
}
