/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Network interfaces of guests: network-attach, network-detach, network-list. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmds.h"
#include "errors.h"
#include "table.h"
#include "vmrec.h"
#include "xu_nic.h"
#include "xu_num.h"

/* --- attach ---------------------------------------------------------------- */

static int
attach(struct xm *xm, const struct cfg_vif *vif)
{
	AUTO_DOM struct xm_dom d = { .ref = NULL };
	struct xapi_value *v;
	struct xapi_err e;
	int status = xm_find(xm, xm->argv[0], &d);

	if (status != 0)
		return status;
	v = vmrec_vif(vif);
	xapi_set(v, "VM", xapi_new_str(d.ref));
	if (xm_task_run(xm, &e, "VIF.create", v, NULL) < 0)
		return xm_fail_domain(xm, xm->argv[0], &e);
	return xm->format == XM_JSON ? xm_json(xm, xm_dom_json(&d)) : 0;
}

static int
run_network_attach(struct xm *xm)
{
	AUTO_BUF struct xu_buf text = XU_BUF_INIT;
	struct cfg_vif vif;
	struct cfg_vif_problem p;
	int status;

	/* Operands are the parts of what a configuration has in one string. */
	for (int i = 1; i < xm->argc; i++)
		xu_buf_addf(&text, "%s%s", i > 1 ? "," : "", xm->argv[i]);
	if (text.error != 0)
		return xm_no_memory(xm);
	if (cfg_vif_parse(xu_buf_text(&text), &vif, &p) < 0)
		status = xm_error(xm, XE(XLD_USAGE), XM_USAGE, "%s", p.text);
	else
		status = attach(xm, &vif);
	cfg_vif_fini(&vif);
	return status;
}

/* --- detach ------------------------------------------------------------------ */

struct wanted {
	uint64_t number;
	uint8_t mac[6];
	bool by_mac;
	char *ref;
};

static int
is_wanted(struct xm *xm, void *arg, const struct xapi_value *vif)
{
	struct wanted *w = arg;
	uint64_t number = UINT64_MAX;
	uint8_t mac[6] = { 0 };

	xu_num_u64(xapi_get_str(vif, "device"), 10, UINT32_MAX, &number);
	if (w->by_mac && xu_mac_parse(xapi_get_str(vif, "MAC"), mac) != NULL)
		return 0;
	if (w->ref != NULL || (w->by_mac ?
		memcmp(mac, w->mac, sizeof(mac)) != 0 : number != w->number))
		return 0;
	w->ref = strdup(xapi_get_str(vif, "uuid"));
	return w->ref != NULL ? 0 : xm_no_memory(xm);
}

static int
run_network_detach(struct xm *xm)
{
	AUTO_DOM struct xm_dom d = { .ref = NULL };
	struct wanted w = { .ref = NULL };
	const char *what = xm->argv[1];
	struct xapi_err e;
	int status;

	w.by_mac = xu_mac_parse(what, w.mac) == NULL;
	if (!w.by_mac && !xu_num_u64(what, 10, UINT32_MAX, &w.number))
		return xm_error(xm, XE(XLD_USAGE), XM_USAGE,
		    "'%s' is neither the number nor the address of a network "
		    "interface", what);
	status = xm_find(xm, xm->argv[0], &d);
	if (status == 0)
		status = xm_each_device(xm, &d, "VIF", is_wanted, &w);
	if (status != 0)
		return status;
	if (w.ref == NULL)
		return xm_error(xm, XE(DEVICE_NOT_ATTACHED), XM_NOT_FOUND,
		    "Domain '%s' has no network interface '%s'. See xm "
		    "network-list.", d.name, what);
	status = xm_task_run(xm, &e,
	    xm_opt(xm, "force") != NULL ? "VIF.destroy_force" : "VIF.destroy",
	    xapi_new_str(w.ref), NULL) < 0 ? xm_fail(xm, &e) : 0;
	free(w.ref);
	if (status == 0 && xm->format == XM_JSON)
		return xm_json(xm, xm_dom_json(&d));
	return status;
}

/* --- list ---------------------------------------------------------------------- */

static void
put_heading(const void *ctx XU_UNUSED, struct xu_buf *out)
{
	xu_buf_adds(out, "Idx BE     MAC Addr.     handle state evt-ch "
			 "tx-/rx-ring-ref BE-path\n");
}

static void
put_line(const void *ctx XU_UNUSED, const void *row, struct xu_buf *out)
{
	const struct xapi_value *vif = row;
	const struct xapi_value *p = xapi_get(vif, "runtime_properties");

	xu_buf_addf(out, "%-3s %-3s %-17s    %-3s   %-3s    %-3s    "
	    "%-5s/%-5s    %-30s\n", xapi_get_str(vif, "device"),
	    xm_property(p, "backend-id", "-1"), xapi_get_str(vif, "MAC"),
	    xm_property(p, "handle", "-1"), xm_property(p, "state", "-1"),
	    xm_property(p, "event-channel", "-1"),
	    xm_property(p, "tx-ring-ref", "-1"),
	    xm_property(p, "rx-ring-ref", "-1"), xm_property(p, "backend", "??"));
}

static void
put_form(const void *ctx XU_UNUSED, const void *row, struct xu_buf *out)
{
	static const char *const words[] = { "uuid", "bridge", "ip", "rate",
		"vifname", "script", "model" };
	const struct xapi_value *vif = row;
	const struct xapi_value *p = xapi_get(vif, "runtime_properties");
	struct xapi_value *form = xapi_new_array(), *rest = xapi_new_array();

	xapi_add(form, xapi_new_str(xapi_get_str(vif, "device")));
	xm_sxp_str(rest, "mac", xapi_get_str(vif, "MAC"));
	for (size_t i = 0; i < XU_ARRAY_SIZE(words); i++)
		if (xapi_get_str(vif, words[i])[0] != '\0')
			xm_sxp_str(rest, words[i], xapi_get_str(vif, words[i]));
	for (size_t i = 0; i < xapi_count(p); i++)
		if (strcmp(xapi_name_at(p, i), "mac") != 0 &&
		    xapi_get(vif, xapi_name_at(p, i)) == NULL)
			xm_sxp_str(rest, xapi_name_at(p, i),
			    xapi_str(xapi_at(p, i)));
	xapi_add(form, rest);
	xm_sxp(form, out);
	xapi_free(form);
}

static const struct xm_column columns[] = {
	{ "device", "Idx", XM_IS_NUMBER, NULL, NULL, NULL },
	{ "uuid", "UUID", XM_IS_TEXT, NULL, NULL, NULL },
	{ "mac", "MAC", XM_IS_TEXT, "MAC", NULL, NULL },
	{ "bridge", "Bridge", XM_IS_TEXT, NULL, NULL, NULL },
	{ "ip", "IP", XM_IS_TEXT, NULL, NULL, NULL },
	{ "rate", "Rate", XM_IS_TEXT, NULL, NULL, NULL },
	XM_COLUMN_ATTACHED,
	XM_COLUMNS_RING,
	XM_COLUMN_BACKEND,
	{ .name = NULL },
};

static const struct xm_table table = {
	.noun = "vif",
	.columns = columns,
	.heading = put_heading,
	.line = put_line,
	.json = xm_device_json,
	.form = put_form,
	.bare = true,
};

static int
run_network_list(struct xm *xm)
{
	return xm_list_devices(xm, "VIF");
}

/* --- rows ----------------------------------------------------------------------- */

const struct xm_cmd cmd_network_attach = {
	.name = "network-attach",
	.operands = "DOMAIN [KEY=VALUE]...",
	.summary = "Attach a network interface to a domain.",
	.detail = "Keys are those of vif in xm.cfg(5): mac, bridge, ip, rate, "
		  "vifname, mtu and so on; without any, the interface is on the "
		  "host's default bridge and has an address that follows from "
		  "the domain's uuid. A guest that has a driver has connected "
		  "when the command ends.",
	.min = 1,
	.max = -1,
	.completes = XM_DOMAIN,
	.run = run_network_attach,
};

const struct xm_cmd cmd_network_detach = {
	.name = "network-detach",
	.operands = "DOMAIN DEVICE",
	.summary = "Detach a network interface from a domain.",
	.detail = "DEVICE is its number in the guest or its Ethernet address. "
		  "The guest is asked to let go of it; when it does not, the "
		  "command ends with 6.",
	.opts = xm_detach_opts,
	.min = 2,
	.max = 2,
	.completes = XM_DOMAIN,
	.run = run_network_detach,
};

const struct xm_cmd cmd_network_list = {
	.name = "network-list",
	.operands = "DOMAIN",
	.summary = "List the network interfaces of a domain.",
	.detail = "Prints nothing when there is none. Columns: number, domain "
		  "of the backend, Ethernet address, handle, state of the "
		  "frontend (4 = connected), event channel, rings, the "
		  "backend's folder in the store.",
	.opts = xm_list_opts,
	.min = 1,
	.max = 1,
	.completes = XM_DOMAIN,
	.table = &table,
	.run = run_network_list,
};
