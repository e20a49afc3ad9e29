/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The request path: look up the row, check privilege and transaction, call the
 * handler, turn its errno into an ERROR reply. One reply per request, always;
 * events a request causes are queued before its reply.
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <stdint.h>
#include <xen/io/xs_wire.h>

#include "req.h"

/* Types newer than the installed header. */
#define XS_GET_FEATURE_ 23
#define XS_SET_FEATURE_ 24
#define XS_GET_QUOTA_	25
#define XS_SET_QUOTA_	26
#define XS_DIRECTORY_PART_ 22

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
	const char *p = r->data, *end = p + r->len, *nul;

	for (unsigned i = 0; i < n; i++) {
		nul = memchr(p, '\0', (size_t)(end - p));
		if (nul == NULL)
			return false;
		v[i] = p;
		p = nul + 1;
	}
	return p == end;
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
	[XS_DIRECTORY] = { "DIRECTORY", req_directory, 0 },
	[XS_READ] = { "READ", req_read, 0 },
	[XS_GET_PERMS] = { "GET_PERMS", req_get_perms, 0 },
	[XS_WATCH] = { "WATCH", req_watch, NOTX },
	[XS_UNWATCH] = { "UNWATCH", req_unwatch, NOTX },
	[XS_TRANSACTION_START] = { "TRANSACTION_START", req_transaction_start,
	    NOTX },
	[XS_TRANSACTION_END] = { "TRANSACTION_END", req_transaction_end, 0 },
	[XS_INTRODUCE] = { "INTRODUCE", req_introduce, PRIV | NOTX },
	[XS_RELEASE] = { "RELEASE", req_release, PRIV | NOTX },
	[XS_GET_DOMAIN_PATH] = { "GET_DOMAIN_PATH", req_get_domain_path, NOTX },
	[XS_WRITE] = { "WRITE", req_write, 0 },
	[XS_MKDIR] = { "MKDIR", req_mkdir, 0 },
	[XS_RM] = { "RM", req_rm, 0 },
	[XS_SET_PERMS] = { "SET_PERMS", req_set_perms, 0 },
	[XS_WATCH_EVENT] = { "WATCH_EVENT", NULL, 0 },
	[XS_ERROR] = { "ERROR", NULL, 0 },
	[XS_IS_DOMAIN_INTRODUCED] = { "IS_DOMAIN_INTRODUCED", req_is_introduced,
	    PRIV | NOTX },
	[XS_RESUME] = { "RESUME", req_resume, PRIV | NOTX },
	[XS_SET_TARGET] = { "SET_TARGET", req_set_target, PRIV | NOTX },
	[XS_RESET_WATCHES] = { "RESET_WATCHES", req_reset_watches, NOTX },
	[XS_DIRECTORY_PART_] = { "DIRECTORY_PART", req_directory_part, 0 },
	[XS_GET_FEATURE_] = { "GET_FEATURE", req_get_feature, NOTX },
	[XS_SET_FEATURE_] = { "SET_FEATURE", req_set_feature, PRIV | NOTX },
	[XS_GET_QUOTA_] = { "GET_QUOTA", req_get_quota, PRIV | NOTX },
	[XS_SET_QUOTA_] = { "SET_QUOTA", req_set_quota, PRIV | NOTX },
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
