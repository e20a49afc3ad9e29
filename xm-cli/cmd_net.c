/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Networks of the host, which are bridges: network-new, network-del, network-show. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "cmds.h"
#include "errors.h"
#include "table.h"

/* {"network", "uuid"}, what commands that change one give as JSON. */
static int
net_done(struct xm *xm, const char *name, const char *ref)
{
	struct xapi_value *v;

	if (xm->format != XM_JSON)
		return 0;
	v = xapi_new_struct();
	xapi_set(v, "network", xapi_new_str(name));
	xapi_set(v, "uuid", xapi_new_str(ref));
	return xm_json(xm, v);
}

static int
run_network_new(struct xm *xm)
{
	struct xapi_value *args = xapi_new_struct(), *ref;
	struct xapi_err e;
	int status = xm_connect(xm);

	if (status != 0) {
		xapi_free(args);
		return status;
	}
	xapi_set(args, "name_label", xapi_new_str(xm->argv[0]));
	xapi_set(args, "name_description",
	    xapi_new_str(xm->argc > 1 ? xm->argv[1] : ""));
	ref = xapi_call(xm->api, &e, "network.create", "v", args);
	if (ref == NULL)
		return xm_fail(xm, &e);
	status = net_done(xm, xm->argv[0], xapi_str(ref));
	xapi_free(ref);
	return status;
}

static int
run_network_del(struct xm *xm)
{
	const char *name = xm->argv[0], *ref;
	struct xapi_value *found;
	struct xapi_err e;
	int status = xm_connect(xm);

	if (status != 0)
		return status;
	found = xapi_call(xm->api, &e, "network.get_by_name_label", "s", name);
	if (found == NULL)
		return xm_fail(xm, &e);
	ref = xapi_str(xapi_at(found, 0));
	if (xapi_count(found) == 0)
		status = xm_error(xm, XE(HANDLE_INVALID), XM_NOT_FOUND,
		    "Network '%s' does not exist. See xm network-show.", name);
	else if (xapi_count(found) > 1)
		status = xm_error(xm, XE(XLD_NAME_NOT_UNIQUE), XM_STATE,
		    "%zu networks have the name '%s': give them others.",
		    xapi_count(found), name);
	else if (xapi_do(xm->api, &e, "network.destroy", "s", ref) < 0)
		status = xm_fail(xm, &e);
	else
		status = net_done(xm, name, ref);
	xapi_free(found);
	return status;
}

/* --- network-show --------------------------------------------------------- */

static void
put_heading(const void *ctx XU_UNUSED, struct xu_buf *out)
{
	xu_buf_addf(out, "%-24s %-15s %5s %5s\n", "Name", "Bridge", "VIFs",
	    "PIFs");
}

static void
put_line(const void *ctx XU_UNUSED, const void *row, struct xu_buf *out)
{
	xu_buf_addf(out, "%-24s %-15s %5zu %5zu\n",
	    xapi_get_str(row, "name_label"), xapi_get_str(row, "bridge"),
	    xapi_count(xapi_get(row, "VIFs")),
	    xapi_count(xapi_get(row, "PIFs")));
}

static const struct xm_column columns[] = {
	{ "name", "Name", XM_IS_TEXT, "name_label", NULL, NULL },
	{ "bridge", "Bridge", XM_IS_TEXT, NULL, NULL, NULL },
	{ "uuid", "UUID", XM_IS_TEXT, NULL, NULL, NULL },
	{ "vifs", "VIFs", XM_IS_NUMBER, "VIFs", NULL, NULL },
	{ "pifs", "PIFs", XM_IS_NUMBER, "PIFs", NULL, NULL },
	{ "managed", "Managed", XM_IS_TRUTH, NULL, NULL, NULL },
	{ "description", "Description", XM_IS_TEXT, "name_description", NULL,
	    NULL },
	{ .name = NULL },
};

static const struct xm_table table = {
	.noun = "network",
	.columns = columns,
	.heading = put_heading,
	.line = put_line,
	.json = xm_device_json,
};

static int
run_network_show(struct xm *xm)
{
	AUTO_LISTING struct xm_listing out = { .nlines = 0 };
	const struct xapi_value *r;
	struct xapi_value *all;
	struct xapi_err e;
	bool found = xm->argc == 0;
	int status = xm_listing_begin(&out, xm, &table, NULL);

	if (status == 0)
		status = xm_connect(xm);
	if (status != 0)
		return status;
	all = xapi_call(xm->api, &e, "network.get_all_records", "");
	if (all == NULL)
		return xm_fail(xm, &e);
	for (size_t i = 0; i < xapi_count(all); i++) {
		r = xapi_at(all, i);
		if (xm->argc > 0 && strcmp(xapi_get_str(r, "name_label"),
		    xm->argv[0]) != 0)
			continue;
		found = true;
		xm_listing_add(&out, r);
	}
	xapi_free(all);
	return found ? xm_listing_end(&out) :
	    xm_error(xm, XE(HANDLE_INVALID), XM_NOT_FOUND,
		"Network '%s' does not exist. See xm network-show.",
		xm->argv[0]);
}

/* --- rows ----------------------------------------------------------------- */

const struct xm_cmd cmd_network_new = {
	.name = "network-new",
	.operands = "NAME [DESCRIPTION]",
	.summary = "Make a network of the host: a bridge of that name.",
	.detail = "It is there at once, and whenever xld starts. No interface "
		  "of the host joins it.",
	.min = 1,
	.max = 2,
	.run = run_network_new,
};

const struct xm_cmd cmd_network_del = {
	.name = "network-del",
	.operands = "NAME",
	.summary = "Remove a network that network-new made.",
	.detail = "Refused while an interface is in it.",
	.min = 1,
	.max = 1,
	.run = run_network_del,
};

const struct xm_cmd cmd_network_show = {
	.name = "network-show",
	.operands = "[NAME]",
	.summary = "List the networks of the host, or one.",
	.detail = "All bridges are listed; how many interfaces of domains are in "
		  "each, and how many of the host. Configurations know a "
		  "network by its bridge.",
	.min = 0,
	.max = 1,
	.table = &table,
	.run = run_network_show,
};
