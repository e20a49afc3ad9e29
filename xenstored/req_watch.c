/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Requests on what a connection holds: watches and transactions. */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "xu_num.h"
#include "req.h"
#include "state.h"

int
req_watch(struct request *r)
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

int
req_unwatch(struct request *r)
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

int
req_reset_watches(struct request *r)
{
	watch_del_all(r->c);
	txn_free_all(r->c);
	state_reset(r->c);
	reply_ok(r);
	return 0;
}

int
req_transaction_start(struct request *r)
{
	char out[16];
	uint32_t id;
	size_t len;
	int err;

	if (r->tx != 0)
		return EBUSY;
	err = txn_start(r->c, &id);
	if (err != 0)
		return err;
	len = put_number(out, id);
	out[len] = '\0';
	reply_data(r, out, len + 1);
	return 0;
}

int
req_transaction_end(struct request *r)
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
