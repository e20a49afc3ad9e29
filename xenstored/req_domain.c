/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Requests about domains: life, targets, features, quota. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "xu_num.h"
#include "req.h"
#include "state.h"

static bool
req_domid(const char *s, uint16_t *domid)
{
	uint64_t v;

	if (!xu_num_u64(s, 10, UINT16_MAX, &v))
		return false;
	*domid = (uint16_t)v;
	return true;
}

int
req_introduce(struct request *r)
{
	const char *arg[3];
	uint64_t gfn, port;
	uint16_t domid;
	int err;

	if (!request_strings(r, arg, 3) || !req_domid(arg[0], &domid) ||
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

	if (!request_strings(r, &arg, 1) || !req_domid(arg, &domid))
		return EINVAL;
	err = fn(domid);
	if (err == 0)
		reply_ok(r);
	return err;
}

int
req_release(struct request *r)
{
	return with_domain(r, domain_release);
}

int
req_resume(struct request *r)
{
	return with_domain(r, domain_resume);
}

int
req_get_domain_path(struct request *r)
{
	char out[64];
	const char *arg;
	uint16_t domid;

	if (!request_strings(r, &arg, 1) || !req_domid(arg, &domid))
		return EINVAL;
	reply_data(r, out, (size_t)snprintf(out, sizeof(out),
			       "/local/domain/%u", domid) + 1);
	return 0;
}

int
req_is_introduced(struct request *r)
{
	const struct domain *d;
	const char *arg;
	uint16_t domid;

	if (!request_strings(r, &arg, 1) || !req_domid(arg, &domid))
		return EINVAL;
	d = domain_find(domid);
	reply_data(r, domid == XSD_DOMID_SELF || domid == r->c->domid ||
		(d != NULL && d->introduced) ? "T" : "F", 2);
	return 0;
}

int
req_set_target(struct request *r)
{
	const char *arg[2];
	uint16_t domid, target;
	int err;

	if (!request_strings(r, arg, 2) || !req_domid(arg[0], &domid) ||
	    !req_domid(arg[1], &target))
		return EINVAL;
	err = domain_set_target(domid, target);
	if (err == 0)
		reply_ok(r);
	return err;
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

int
req_get_feature(struct request *r)
{
	const struct domain *d;
	const char *arg;
	uint16_t domid;

	if (r->len == 0 || (r->len == 1 && r->data[0] == '\0'))
		return reply_number(r, FEATURES);
	if (!r->c->privileged)
		return EACCES;
	if (!request_strings(r, &arg, 1) || !req_domid(arg, &domid))
		return EINVAL;
	d = domain_find(domid);
	if (d == NULL)
		return ENOENT;
	return reply_number(r, d->features_set ? d->features : FEATURES);
}

int
req_set_feature(struct request *r)
{
	const char *arg[2];
	struct domain *d;
	uint16_t domid;
	uint64_t v;

	if (!request_strings(r, arg, 2) || !req_domid(arg[0], &domid) ||
	    !xu_num_u64(arg[1], 10, UINT32_MAX, &v) || (v & ~FEATURES) != 0)
		return EINVAL;
	if (!domain_exists_in_xen(domid) || (d = domain_get(domid)) == NULL)
		return ENOENT;
	if (d->introduced)
		return EBUSY;
	d->features = (uint32_t)v;
	d->features_set = true;
	state_domain(d);
	reply_ok(r);
	return 0;
}

static int
quota_list(const struct request *r)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;

	for (int i = 0; i < QUOTA_COUNT; i++)
		xu_buf_addf(&b, "%s%s", i > 0 ? " " : "",
		    quota_name((enum quota)i));
	reply_data(r, xu_buf_text(&b), b.len + 1);
	return 0;
}

int
req_get_quota(struct request *r)
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
	if (!req_domid(arg[0], &domid))
		return EINVAL;
	d = domain_find(domid);
	return d == NULL ? ENOENT : reply_number(r, d->quota[q]);
}

int
req_set_quota(struct request *r)
{
	unsigned n = request_count(r);
	const char *arg[3];
	struct domain *d = NULL;
	uint16_t domid;
	uint64_t v;
	int q;

	if (n < 2 || n > 3 || !request_strings(r, arg, n))
		return EINVAL;
	q = quota_find(arg[n - 2]);
	if (q < 0 || !xu_num_u64(arg[n - 1], 10, UINT32_MAX, &v))
		return EINVAL;
	if (n == 3) {
		if (!req_domid(arg[0], &domid))
			return EINVAL;
		if (!domain_exists_in_xen(domid) ||
		    (d = domain_get(domid)) == NULL)
			return ENOENT;
	}
	quota_set(d, (enum quota)q, (uint32_t)v);
	reply_ok(r);
	return 0;
}
