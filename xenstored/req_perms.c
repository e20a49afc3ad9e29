/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Requests on permissions, those of the special nodes included. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "xu_num.h"
#include "req.h"
#include "state.h"

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

int
req_get_perms(struct request *r)
{
	char path[XSD_ABS_PATH + 1], out[XSD_PAYLOAD];
	int err = req_path(r, path, true);
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
	err = req_saw(r, path, SEEN_PERMS,
	    store_read(*req_tree(r), r->c, path, PERM_READ, &n));
	if (err == 0)
		reply_data(r, out, perm_text(n->perms, out, sizeof(out)));
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
	if (!r->c->privileged && max != 0 && n - 1 > max) {
		quota_refused(r->c, QUOTA_PERMS);
		return ENOSPC;
	}
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
	state_special(path, perms);
	reply_ok(r);
	return 0;
}

int
req_set_perms(struct request *r)
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
	n = tree_get(*req_tree(r), path);
	if (n != NULL)
		was = perms_ref(n->perms);
	err = store_set_perms(req_tree(r), r->c, req_acct(r, &own), path,
	    perms_ref(perms));
	ch.was = was;
	if (err == 0) {
		req_book(r, &own);
		err = req_changed(r, OP_SET_PERMS, &ch, "", 0, perms_ref(perms));
	} else {
		(void)req_saw(r, path, 0, err);
	}
	perms_unref(was);
	perms_unref(perms);
	if (err == 0)
		reply_ok(r);
	return err;
}
