/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a daemon offers and what it grants: feature bits and quotas. Daemons
 * before 4.21 and 4.22 answer ENOSYS.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xs_private.h"
#include "xu_num.h"

#define GET_FEATURE 23
#define SET_FEATURE 24
#define GET_QUOTA   25
#define SET_QUOTA   26

/* Up to three strings; NULL ends them early. */
static struct xs_msg *
ask(struct xs_handle *h, uint32_t type, const char *a, const char *b,
    const char *c)
{
	const char *s[3] = { a, b, c };
	struct xs_iov v[3] = { { NULL, 0 } };
	unsigned n = 0;

	while (n < 3 && s[n] != NULL) {
		v[n].data = s[n];
		v[n].len = strlen(s[n]) + 1;
		n++;
	}
	return xs_talk(h, type, 0, v, n,
	    type < GET_QUOTA ? "features" : "quota");
}

static bool
take_ok(struct xs_msg *m)
{
	bool ok = m != NULL;

	free(m);
	return ok;
}

static bool
take_number(struct xs_msg *m, unsigned int *out)
{
	uint64_t v;
	bool ok;

	if (m == NULL)
		return false;
	ok = xu_num_u64(m->body, 10, UINT32_MAX, &v);
	free(m);
	if (!ok)
		return xs_fail(EIO, "a number was expected");
	*out = (unsigned)v;
	return true;
}

static const char *
digits(char out[12], unsigned v)
{
	snprintf(out, 12, "%u", v);
	return out;
}

XS_API bool
xs_get_features_supported(struct xs_handle *h, unsigned int *features)
{
	return take_number(ask(h, GET_FEATURE, NULL, NULL, NULL), features);
}

XS_API bool
xs_get_features_domain(struct xs_handle *h, unsigned int domid,
    unsigned int *features)
{
	char d[12];

	return take_number(ask(h, GET_FEATURE, digits(d, domid), NULL, NULL),
	    features);
}

XS_API bool
xs_set_features_domain(struct xs_handle *h, unsigned int domid,
    unsigned int features)
{
	char d[12], f[12];

	return take_ok(ask(h, SET_FEATURE, digits(d, domid),
	    digits(f, features), NULL));
}

/* The reply is one text of names with blanks between: vector and text in one
 * block. */
XS_API char **
xs_get_quota_names(struct xs_handle *h, unsigned int *num)
{
	struct xs_msg *m = ask(h, GET_QUOTA, NULL, NULL, NULL);
	size_t len, most;
	char **v, *p, *word, *save = NULL;
	unsigned n = 0;

	if (m == NULL)
		return NULL;
	len = strlen(m->body) + 1;
	most = len / 2 + 1;
	v = malloc(most * sizeof(*v) + len);
	if (v != NULL) {
		p = (char *)(v + most);
		memcpy(p, m->body, len);
		while ((word = strtok_r(p, " ", &save)) != NULL) {
			v[n++] = word;
			p = NULL;
		}
		*num = n;
	}
	free(m);
	return v;
}

XS_API bool
xs_get_global_quota(struct xs_handle *h, const char *quota,
    unsigned int *value)
{
	return take_number(ask(h, GET_QUOTA, quota, NULL, NULL), value);
}

XS_API bool
xs_set_global_quota(struct xs_handle *h, const char *quota, unsigned int value)
{
	char n[12];

	return take_ok(ask(h, SET_QUOTA, quota, digits(n, value), NULL));
}

XS_API bool
xs_get_domain_quota(struct xs_handle *h, unsigned int domid, const char *quota,
    unsigned int *value)
{
	char d[12];

	return take_number(ask(h, GET_QUOTA, digits(d, domid), quota, NULL),
	    value);
}

XS_API bool
xs_set_domain_quota(struct xs_handle *h, unsigned int domid, const char *quota,
    unsigned int value)
{
	char d[12], n[12];

	return take_ok(ask(h, SET_QUOTA, digits(d, domid), quota,
	    digits(n, value)));
}
