/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PCI functions: what guests have, and what of the host they can have. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmds.h"
#include "errors.h"
#include "pci.h"
#include "table.h"
#include "vmrec.h"

/* ---- the host's functions ------------------------------------------------------- */

void
xm_pci_fini(struct xm_pci *p)
{
	xapi_free(p->records);
	p->records = NULL;
}

int
xm_pci_read(struct xm *xm, struct xm_pci *p, struct xapi_err *e)
{
	p->records = xapi_call(xm->api, e, "PPCI.get_all_records", "");
	return p->records != NULL ? 0 : -1;
}

static bool
is_meant(const struct xapi_value *ppci, const struct cfg_pci *c)
{
	struct xu_bdf at;

	return xu_bdf_parse(xapi_get_str(ppci, "name"), &at, NULL) == NULL &&
	    cfg_pci_is(c, &at, xapi_get_str(ppci, "assignable_name"));
}

size_t
xm_pci_next(const struct xm_pci *p, const struct cfg_pci *c, size_t from)
{
	while (from < xapi_count(p->records) &&
	    !is_meant(xapi_at(p->records, from), c))
		from++;
	return from;
}

void
xm_pci_text(const struct cfg_pci *c, char *out, size_t room)
{
	char text[XU_BDF_TEXT];

	xu_bdf_text(&c->at, text);
	if (c->funcs == 0)
		text[strlen(text) - 1] = '*';
	snprintf(out, room, "%s", c->name != NULL ? c->name : text);
}

static int
no_function(struct xm *xm, const struct cfg_pci *c)
{
	char text[80];

	xm_pci_text(c, text, sizeof(text));
	return xm_error(xm, XE(HANDLE_INVALID), XM_NOT_FOUND,
	    "This host has no PCI function %s.", text);
}

static int
parse(struct xm *xm, const char *text, struct cfg_pci *c)
{
	struct cfg_pci_problem p;

	if (cfg_pci_parse(text, c, &p) == 0)
		return 0;
	return xm_error(xm, XE(XLD_USAGE), XM_USAGE, "%s", p.text);
}

/* f of each function that is meant, with its reference; at least one. */
typedef int each_f(struct xm *xm, void *arg, const char *ref,
    const struct xapi_value *ppci);

static int
each(struct xm *xm, const struct cfg_pci *c, each_f *f, void *arg)
{
	struct xm_pci host = { .records = NULL };
	struct xapi_err e;
	int status = xm_connect(xm);
	size_t n, i;

	if (status == 0 && xm_pci_read(xm, &host, &e) < 0)
		status = xm_fail(xm, &e);
	if (status != 0)
		return status;
	n = xapi_count(host.records);
	i = xm_pci_next(&host, c, 0);
	if (i == n)
		status = no_function(xm, c);
	for (; i < n && status == 0; i = xm_pci_next(&host, c, i + 1))
		status = f(xm, arg, xapi_name_at(host.records, i),
		    xapi_at(host.records, i));
	xm_pci_fini(&host);
	return status;
}

/* ---- attach, detach ----------------------------------------------------------------- */

struct attach {
	const struct cfg_pci *cfg;
	const struct xm_dom *dom;
};

static int
attach_one(struct xm *xm, void *arg, const char *ref,
    const struct xapi_value *ppci XU_UNUSED)
{
	const struct attach *a = arg;
	struct xapi_value *v = vmrec_pci(a->cfg);
	struct xapi_err e;

	xapi_set(v, "VM", xapi_new_str(a->dom->ref));
	xapi_set(v, "PPCI", xapi_new_str(ref));
	return xm_task_run(xm, &e, "DPCI.create", v, NULL) < 0 ?
	    xm_fail_domain(xm, xm->argv[0], &e) : 0;
}

/* "permissive=1,seize=1" */
static int
take_options(struct xm *xm, const char *list, struct cfg_pci *c)
{
	struct cfg_pci_problem p;
	AUTO_FREE char *copy = strdup(list != NULL ? list : "");
	char *save, *word;

	if (copy == NULL)
		return xm_no_memory(xm);
	for (word = strtok_r(copy, ",", &save); word != NULL;
	     word = strtok_r(NULL, ",", &save))
		if (cfg_pci_option(word, c, &p) < 0)
			return xm_error(xm, XE(XLD_USAGE), XM_USAGE, "%s",
			    p.text);
	return 0;
}

static int
run_pci_attach(struct xm *xm)
{
	AUTO_DOM struct xm_dom d = { .ref = NULL };
	struct cfg_pci c = { .name = NULL };
	struct cfg_pci_problem p;
	struct attach a = { &c, &d };
	int status = parse(xm, xm->argv[1], &c);

	if (status == 0 && xm->argc > 2 &&
	    cfg_pci_slot(xm->argv[2], &c, &p) < 0)
		status = xm_error(xm, XE(XLD_USAGE), XM_USAGE, "%s", p.text);
	if (status == 0)
		status = take_options(xm, xm_opt(xm, "options"), &c);
	if (status == 0)
		status = xm_find(xm, xm->argv[0], &d);
	if (status == 0)
		status = each(xm, &c, attach_one, &a);
	if (status == 0 && xm->format == XM_JSON)
		status = xm_json(xm, xm_dom_json(&d));
	cfg_pci_fini(&c);
	return status;
}

struct detach {
	const struct cfg_pci *cfg;
	struct xapi_value *refs;
};

static int
collect(struct xm *xm XU_UNUSED, void *arg, const struct xapi_value *dpci)
{
	struct detach *k = arg;
	struct xu_bdf at;

	if (xu_bdf_parse(xapi_get_str(dpci, "address"), &at, NULL) == NULL &&
	    cfg_pci_is(k->cfg, &at, xapi_get_str(dpci, "key")))
		xapi_add(k->refs, xapi_new_str(xapi_get_str(dpci, "uuid")));
	return 0;
}

static int
detach(struct xm *xm, const struct cfg_pci *c, const struct xm_dom *d)
{
	const char *method = xm_opt(xm, "force") != NULL ? "DPCI.destroy_force" :
							   "DPCI.destroy";
	struct detach k = { c, xapi_new_array() };
	int status = xm_each_device(xm, d, "DPCI", collect, &k);
	struct xapi_err e;
	char text[80];

	xm_pci_text(c, text, sizeof(text));
	if (status == 0 && xapi_count(k.refs) == 0)
		status = xm_error(xm, XE(DEVICE_NOT_ATTACHED), XM_NOT_FOUND,
		    "Domain '%s' has no PCI function %s. See xm pci-list.",
		    d->name, text);
	for (size_t i = 0; i < xapi_count(k.refs) && status == 0; i++)
		if (xm_task_run(xm, &e, method,
			xapi_new_str(xapi_str(xapi_at(k.refs, i))), NULL) < 0)
			status = xm_fail(xm, &e);
	xapi_free(k.refs);
	return status;
}

static int
run_pci_detach(struct xm *xm)
{
	AUTO_DOM struct xm_dom d = { .ref = NULL };
	struct cfg_pci c = { .name = NULL };
	int status = parse(xm, xm->argv[1], &c);

	if (status == 0)
		status = xm_find(xm, xm->argv[0], &d);
	if (status == 0)
		status = detach(xm, &c, &d);
	if (status == 0 && xm->format == XM_JSON)
		status = xm_json(xm, xm_dom_json(&d));
	cfg_pci_fini(&c);
	return status;
}

/* ---- list --------------------------------------------------------------------------- */

static void
put_heading(const void *ctx XU_UNUSED, struct xu_buf *out)
{
	xu_buf_adds(out, "Vdev Device\n");
}

static void
put_line(const void *ctx XU_UNUSED, const void *row, struct xu_buf *out)
{
	const struct xapi_value *dpci = row;
	const char *seen = xapi_get_str(dpci, "virtual_name");

	/* Without domain and bus, which are 0. */
	xu_buf_addf(out, "%-4s %s\n", strlen(seen) == XU_BDF_TEXT - 1 ?
		seen + strlen("0000:00:") : "-",
	    xapi_get_str(dpci, "address"));
}

static void
put_form(const void *ctx XU_UNUSED, const void *row, struct xu_buf *out)
{
	static const char *const words[] = { "address", "uuid", "key",
		"virtual_name" };
	struct xapi_value *form = xapi_new_array(), *rest = xapi_new_array();
	const struct xapi_value *dpci = row;
	const struct xapi_value *p = xapi_get(dpci, "runtime_properties");
	const struct xapi_value *map = xapi_get(dpci, "options");

	xapi_add(form, xapi_new_str("0"));
	for (size_t i = 0; i < XU_ARRAY_SIZE(words); i++)
		if (xapi_get_str(dpci, words[i])[0] != '\0')
			xm_sxp_str(rest, words[i],
			    xapi_get_str(dpci, words[i]));
	for (size_t i = 0; i < xapi_count(map); i++)
		xm_sxp_str(rest, xapi_name_at(map, i),
		    xapi_str(xapi_at(map, i)));
	for (size_t i = 0; i < xapi_count(p); i++)
		xm_sxp_str(rest, xapi_name_at(p, i), xapi_str(xapi_at(p, i)));
	xapi_add(form, rest);
	xm_sxp(form, out);
	xapi_free(form);
}

static const struct xm_column columns[] = {
	{ "vdev", "Vdev", XM_IS_TEXT, "virtual_name", NULL, NULL },
	{ "device", "Device", XM_IS_TEXT, "address", NULL, NULL },
	{ "uuid", "UUID", XM_IS_TEXT, NULL, NULL, NULL },
	{ "key", "Key", XM_IS_TEXT, NULL, NULL, NULL },
	XM_COLUMN_ATTACHED,
	{ .name = NULL },
};

static const struct xm_table table = {
	.noun = "pci",
	.columns = columns,
	.heading = put_heading,
	.line = put_line,
	.json = xm_device_json,
	.form = put_form,
	.bare = true,
};

static int
run_pci_list(struct xm *xm)
{
	return xm_list_devices(xm, "DPCI");
}

/* ---- assignable ----------------------------------------------------------------------- */

static int
add_one(struct xm *xm, void *arg, const char *ref,
    const struct xapi_value *ppci XU_UNUSED)
{
	struct xapi_err e;

	return xm_task_run(xm, &e, "PPCI.make_assignable", xapi_new_str(ref),
		   xapi_new_str(arg)) < 0 ? xm_fail(xm, &e) : 0;
}

static int
run_pci_assignable_add(struct xm *xm)
{
	const char *name = xm_opt(xm, "name");
	struct cfg_pci c = { .name = NULL };
	int status = parse(xm, xm->argv[0], &c);
	AUTO_FREE char *copy = strdup(name != NULL ? name : "");

	if (copy == NULL)
		return xm_no_memory(xm);
	if (status == 0 && name != NULL && (c.funcs & (c.funcs - 1)) != 0)
		status = xm_error(xm, XE(XLD_USAGE), XM_USAGE,
		    "a name is for one function");
	if (status == 0)
		status = each(xm, &c, add_one, copy);
	cfg_pci_fini(&c);
	return status;
}

static int
remove_one(struct xm *xm, void *arg XU_UNUSED, const char *ref,
    const struct xapi_value *ppci XU_UNUSED)
{
	struct xapi_err e;

	return xm_task_run(xm, &e, "PPCI.make_unassignable", xapi_new_str(ref),
		   xapi_new_bool(xm_opt(xm, "rebind") != NULL)) < 0 ?
	    xm_fail(xm, &e) : 0;
}

static int
run_pci_assignable_remove(struct xm *xm)
{
	struct cfg_pci c = { .funcs = 0 };
	int status = 0;

	if (strchr(xm->argv[0], ':') != NULL || strchr(xm->argv[0], '='))
		status = parse(xm, xm->argv[0], &c);
	else if ((c.name = strdup(xm->argv[0])) == NULL)
		return xm_no_memory(xm);
	if (status == 0)
		status = each(xm, &c, remove_one, NULL);
	cfg_pci_fini(&c);
	return status;
}

/* In the order of the bus. */
static int
by_address(const void *a, const void *b)
{
	return strcmp(xapi_get_str(*(const struct xapi_value *const *)a, "name"),
	    xapi_get_str(*(const struct xapi_value *const *)b, "name"));
}

static void
put_assignable(const void *ctx, const void *row, struct xu_buf *out)
{
	const char *name = xapi_get_str(row, "assignable_name");

	xu_buf_adds(out, xapi_get_str(row, "name"));
	if (xm_opt(ctx, "show-names") != NULL && name[0] != '\0')
		xu_buf_addf(out, " %s", name);
	xu_buf_addc(out, '\n');
}

static const struct xm_column assignable_columns[] = {
	{ "device", "Device", XM_IS_TEXT, "name", NULL, NULL },
	{ "name", "Name", XM_IS_TEXT, "assignable_name", NULL, NULL },
	{ "uuid", "UUID", XM_IS_TEXT, NULL, NULL, NULL },
	{ "vendor_id", "Vendor", XM_IS_NUMBER, NULL, NULL, NULL },
	{ "device_id", "Model", XM_IS_NUMBER, NULL, NULL, NULL },
	{ .name = NULL },
};

static const struct xm_table assignable_table = {
	.noun = "pci",
	.columns = assignable_columns,
	.line = put_assignable,
	.json = xm_device_json,
};

static int
list_assignable(struct xm *xm, const struct xapi_value **list, size_t n)
{
	AUTO_LISTING struct xm_listing l = { .nlines = 0 };
	int status = xm_listing_begin(&l, xm, &assignable_table, xm);

	for (size_t i = 0; i < n && status == 0; i++)
		xm_listing_add(&l, list[i]);
	return status != 0 ? status : xm_listing_end(&l);
}

/* Those that nobody has, as xm's and xl's commands list them. */
static int
run_pci_assignable_list(struct xm *xm)
{
	struct xm_pci host = { .records = NULL };
	const struct xapi_value **list, *v;
	struct xapi_err e;
	int status = xm_connect(xm);
	size_t n = 0;

	if (status == 0 && xm_pci_read(xm, &host, &e) < 0)
		status = xm_fail(xm, &e);
	if (status != 0)
		return status;
	list = calloc(xapi_count(host.records) + 1, sizeof(const void *));
	for (size_t i = 0; list != NULL && i < xapi_count(host.records); i++) {
		v = xapi_at(host.records, i);
		if (xapi_get_bool(v, "assignable") &&
		    xapi_get_str(v, "assigned_to")[0] == '\0')
			list[n++] = v;
	}
	if (list != NULL) {
		qsort(list, n, sizeof(const void *), by_address);
		status = list_assignable(xm, list, n);
	} else {
		status = xm_no_memory(xm);
	}
	free(list);
	xm_pci_fini(&host);
	return status;
}

/* ---- rows -------------------------------------------------------------------------- */

static const struct xm_opt attach_opts[] = {
	{ 'o', "options", "OPTIONS",
	    "permissive, seize, msitranslate, power_mgmt; commas between." },
	{ .name = NULL },
};

const struct xm_cmd cmd_pci_attach = {
	.name = "pci-attach",
	.operands = "DOMAIN BDF[,KEY=VALUE]... [VSLOT]",
	.summary = "Attach PCI functions of the host to a domain.",
	.detail = "BDF is as in pci of xm.cfg(5): 00:1f.0, 00:1f.* for all "
		  "functions of a card, or name=NAME. They must be assignable; "
		  "see pci-assignable-add. A guest that has a driver has them "
		  "when the command ends.",
	.opts = attach_opts,
	.min = 2,
	.max = 3,
	.completes = XM_DOMAIN,
	.run = run_pci_attach,
};

static const struct xm_opt detach_opts[] = {
	{ 'f', "force", NULL,
	    "Take it away at once, whatever the guest does with it; it must be "
	    "the guest's last one." },
	{ .name = NULL },
};

const struct xm_cmd cmd_pci_detach = {
	.name = "pci-detach",
	.operands = "DOMAIN BDF",
	.summary = "Detach PCI functions from a domain.",
	.detail = "The guest is asked to let go of them; when it does not, the "
		  "command ends with 6. They stay assignable.",
	.opts = detach_opts,
	.min = 2,
	.max = 2,
	.completes = XM_DOMAIN,
	.run = run_pci_detach,
};

const struct xm_cmd cmd_pci_list = {
	.name = "pci-list",
	.operands = "DOMAIN",
	.summary = "List the PCI functions of a domain.",
	.detail = "Prints nothing when there is none. Columns: slot and "
		  "function where the guest sees it, address on the host.",
	.opts = xm_list_opts,
	.min = 1,
	.max = 1,
	.completes = XM_DOMAIN,
	.table = &table,
	.run = run_pci_list,
};

static const struct xm_opt add_opts[] = {
	{ 'n', "name", "NAME", "A name for it, for name= of pci." },
	{ .name = NULL },
};

const struct xm_cmd cmd_pci_assignable_add = {
	.name = "pci-assignable-add",
	.operands = "BDF",
	.summary = "Make PCI functions of the host assignable to guests.",
	.detail = "Their driver in domain 0 lets go of them, and pciback has "
		  "them. What domain 0 needs itself is not protected.",
	.opts = add_opts,
	.min = 1,
	.max = 1,
	.completes = XM_NOTHING,
	.run = run_pci_assignable_add,
};

static const struct xm_opt remove_opts[] = {
	{ 'r', "rebind", NULL, "Give it back to the driver it had before." },
	{ .name = NULL },
};

const struct xm_cmd cmd_pci_assignable_remove = {
	.name = "pci-assignable-remove",
	.operands = "BDF|NAME",
	.summary = "Make PCI functions unassignable again.",
	.detail = "Refused while a guest has one.",
	.opts = remove_opts,
	.min = 1,
	.max = 1,
	.completes = XM_NOTHING,
	.run = run_pci_assignable_remove,
};

static const struct xm_opt assignable_opts[] = {
	{ 'n', "show-names", NULL, "With the names that they were given." },
	{ .name = NULL },
};

const struct xm_cmd cmd_pci_assignable_list = {
	.name = "pci-assignable-list",
	.operands = "",
	.summary = "List PCI functions that guests can get.",
	.detail = "Those that pciback has and no guest.",
	.opts = assignable_opts,
	.min = 0,
	.max = 0,
	.completes = XM_NOTHING,
	.table = &assignable_table,
	.run = run_pci_assignable_list,
};

const struct xm_cmd cmd_pci_list_assignable_devices = {
	.name = "pci-list-assignable-devices",
	.operands = "",
	.summary = "The same as pci-assignable-list, by xm's name.",
	.detail = "",
	.opts = assignable_opts,
	.min = 0,
	.max = 0,
	.completes = XM_NOTHING,
	.table = &assignable_table,
	.run = run_pci_assignable_list,
};
