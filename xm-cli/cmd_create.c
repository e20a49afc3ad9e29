/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xm create: a configuration becomes a record, the record a machine, the
 * machine is started by a task. What was begun is taken back when that fails.
 * xm new does the first half, xm start the second.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmds.h"
#include "errors.h"
#include "pci.h"
#include "vmrec.h"

/* A daemon that hangs shall not keep a form from being printed. */
#define PLACEMENT_TIMEOUT_MS 5000

/* On which of the host's nodes it would be; NULL: there is no daemon to say. */
static char *
placement(const struct vmrec *r, const char *cwd)
{
	struct xapi_value *v = NULL;
	struct xapi_err e;
	struct xapi *api = xapi_open(NULL, &e);
	char *text = NULL;

	if (api == NULL)
		return NULL;
	xapi_set_timeout(api, PLACEMENT_TIMEOUT_MS);
	if (xapi_login(api, NULL, "", &e) == 0) {
		v = xapi_call(api, &e, "VM.explain_placement", "v",
		    vmrec_record(&r->dom, cwd));
		if (v != NULL)
			text = strdup(xapi_str(v));
		else if (asprintf(&text, "nowhere: %s", e.message) < 0)
			text = NULL;
	}
	xapi_free(v);
	xapi_close(api);
	return text;
}

/* Which it would be the host knows. */
static struct xapi_value *
dry_pci(const struct cfg_pci *c)
{
	struct xapi_value *v = vmrec_pci(c);
	char text[80];

	xm_pci_text(c, text, sizeof(text));
	xapi_set(v, "address", xapi_new_str(text));
	return v;
}

static struct xapi_value *
whole_record(const struct vmrec *r, const char *cwd)
{
	struct xapi_value *form = vmrec_record(&r->dom, cwd), *list;

	list = xapi_new_array();
	for (size_t i = 0; i < r->dom.ndisks; i++)
		xapi_add(list, vmrec_disk(&r->dom.disks[i], cwd));
	xapi_set(form, "VBDs", list);
	list = xapi_new_array();
	for (size_t i = 0; i < r->dom.nvifs; i++)
		xapi_add(list, vmrec_vif(&r->dom.vifs[i]));
	xapi_set(form, "VIFs", list);
	list = xapi_new_array();
	for (size_t i = 0; i < r->dom.npcis; i++)
		xapi_add(list, dry_pci(&r->dom.pcis[i]));
	xapi_set(form, "DPCIs", list);
	return form;
}

static int
dry_run(struct xm *xm, const struct vmrec *r, const char *cwd)
{
	AUTO_BUF struct xu_buf out = XU_BUF_INIT;
	AUTO_FREE char *where = placement(r, cwd);
	struct xapi_value *form;

	if (xm->format == XM_JSON) {
		form = whole_record(r, cwd);
		if (where != NULL)
			xapi_set(form, "placement", xapi_new_str(where));
		return xm_json(xm, form);
	}
	form = vmrec_sxp(&r->dom, cwd);
	xm_sxp(form, &out);
	xapi_free(form);
	if (where != NULL)
		xu_buf_addf(&out, "Placement: %s\n", where);
	return xm_print(xm, &out);
}

/* Creates the record. Its reference, NULL with *e. */
static char *
make_record(struct xm *xm, struct xapi_err *e, struct xapi_value *record)
{
	struct xapi_value *v;
	char *ref;

	v = xapi_call(xm->api, e, "VM.create", "v", record);
	if (v == NULL)
		return NULL;
	ref = strdup(xapi_str(v));
	xapi_free(v);
	return ref;
}

static int
make_pci(struct xm *xm, struct xapi_err *e, const char *ref,
    const struct cfg_pci *c)
{
	struct xm_pci host = { .records = NULL };
	struct xapi_value *v;
	char text[80];
	int r = xm_pci_read(xm, &host, e);
	size_t n = xapi_count(host.records), i = 0;

	if (r == 0 && xm_pci_next(&host, c, 0) == n) {
		xm_pci_text(c, text, sizeof(text));
		snprintf(e->code, sizeof(e->code), "%s", XE(HANDLE_INVALID));
		e->exit_code = XM_NOT_FOUND;
		snprintf(e->message, sizeof(e->message),
		    "this host has no PCI function %s", text);
		r = -1;
	}
	while (r == 0 && (i = xm_pci_next(&host, c, i)) < n) {
		v = vmrec_pci(c);
		xapi_set(v, "VM", xapi_new_str(ref));
		xapi_set(v, "PPCI", xapi_new_str(xapi_name_at(host.records,
		    i++)));
		r = xapi_do(xm->api, e, "DPCI.create", "v", v);
	}
	xm_pci_fini(&host);
	return r;
}

static int
make_devices(struct xm *xm, struct xapi_err *e, const char *ref,
    const struct domcfg *dom, const char *cwd)
{
	struct xapi_value *v;

	for (size_t i = 0; i < dom->ndisks; i++) {
		v = vmrec_disk(&dom->disks[i], cwd);
		xapi_set(v, "VM", xapi_new_str(ref));
		if (xapi_do(xm->api, e, "VBD.create", "v", v) < 0)
			return -1;
	}
	for (size_t i = 0; i < dom->nvifs; i++) {
		v = vmrec_vif(&dom->vifs[i]);
		xapi_set(v, "VM", xapi_new_str(ref));
		if (xapi_do(xm->api, e, "VIF.create", "v", v) < 0)
			return -1;
	}
	for (size_t i = 0; i < dom->npcis; i++)
		if (make_pci(xm, e, ref, &dom->pcis[i]) < 0)
			return -1;
	return 0;
}

static int
start(struct xm *xm, struct xapi_err *e, const char *ref, const char *name,
    bool paused)
{
	AUTO_FREE char *task = NULL, *label = NULL;
	struct xapi_value *args = xapi_new_array();

	xapi_add(args, xapi_new_str(ref));
	xapi_add(args, xapi_new_bool(paused));
	task = xm_task_start(xm, e, "VM.start", args);
	if (task == NULL)
		return -1;
	if (asprintf(&label, "Creating %s", name) < 0)
		label = NULL;
	return xm_task_wait(xm, e, task, label);
}

static int
announce(struct xm *xm, const struct xm_dom *d)
{
	if (xm->format == XM_JSON)
		return xm_json(xm, xm_dom_json(d));
	if (xm_opt(xm, "quiet") == NULL)
		printf("Started domain %s (id=%lld)\n", d->name, d->domid);
	return 0;
}

/* The guest waits, paused, until its console is there: nothing is missed. */
static int
with_console(struct xm *xm, const struct xm_dom *d)
{
	struct xm_console c = { .name = d->name, .escape = XM_ESCAPE_DEFAULT };
	struct xapi_err e;
	int status;

	c.fd = xapi_console(xm->api, d->uuid, XAPI_CONSOLE_HISTORY, &e);
	status = c.fd < 0 ? xm_fail(xm, &e) : 0;
	/* Without a console it shall run all the same. */
	if (xm_opt(xm, "paused") == NULL &&
	    xapi_do(xm->api, &e, "VM.unpause", "s", d->ref) < 0)
		status = xm_fail(xm, &e);
	if (status == 0) {
		fflush(stdout);
		status = xm_console_run(xm, &c);
	}
	if (c.fd >= 0)
		close(c.fd);
	return status;
}

/* A machine with its devices; nothing of it stays when that fails. Its reference,
 * NULL with *e. */
static char *
make_machine(struct xm *xm, struct xapi_err *e, const struct vmrec *r,
    const char *cwd)
{
	char *ref = make_record(xm, e, vmrec_record(&r->dom, cwd));

	if (ref != NULL && make_devices(xm, e, ref, &r->dom, cwd) < 0) {
		xapi_do(xm->api, NULL, "VM.destroy", "s", ref);
		free(steal_ptr(&ref));
	}
	return ref;
}

static int
define(struct xm *xm, const struct vmrec *r, const char *cwd)
{
	AUTO_DOM struct xm_dom d = { .ref = NULL };
	struct xapi_err e;
	int status = xm_connect(xm);

	if (status != 0)
		return status;
	d.ref = make_machine(xm, &e, r, cwd);
	if (d.ref == NULL || xm_dom_read(xm, d.ref, &d, &e) < 0)
		return xm_fail(xm, &e);
	return xm->format == XM_JSON ? xm_json(xm, xm_dom_json(&d)) : 0;
}

static int
create(struct xm *xm, const struct vmrec *r, const char *cwd)
{
	AUTO_DOM struct xm_dom d = { .ref = NULL };
	bool console = xm_opt(xm, "console_autoconnect") != NULL;
	bool paused = console || xm_opt(xm, "paused") != NULL;
	struct xapi_err e;
	int status = xm_connect(xm);

	if (status != 0)
		return status;
	xm_catch_signals();
	d.ref = make_machine(xm, &e, r, cwd);
	if (d.ref == NULL)
		return xm_fail(xm, &e);
	if (start(xm, &e, d.ref, r->dom.name, paused) < 0) {
		/* Gone already when the daemon saw to it. */
		xapi_do(xm->api, NULL, "VM.destroy", "s", d.ref);
		return xm_fail(xm, &e);
	}
	if (xm_dom_read(xm, d.ref, &d, &e) < 0)
		/* A guest that ends at once has gone by now. */
		return xm_fail_domain(xm, r->dom.name, &e);
	status = announce(xm, &d);
	return status == 0 && console ? with_console(xm, &d) : status;
}

/* Of the operands those with '=' are overrides, the other one is the file. They
 * are sorted in place, the overrides first. A status. */
static int
sort_operands(struct xm *xm, const char **file, int *overrides)
{
	*file = xm_opt(xm, "config");
	if (*file == NULL)
		*file = xm_opt(xm, "defconfig");
	*overrides = 0;
	for (int i = 0; i < xm->argc; i++) {
		if (strchr(xm->argv[i], '=') != NULL) {
			xm->argv[(*overrides)++] = xm->argv[i];
			continue;
		}
		if (*file != NULL)
			return xm_usage(xm,
			    "two configuration files are given: %s and %s",
			    *file, xm->argv[i]);
		*file = xm->argv[i];
	}
	if (*file == NULL)
		return xm_usage(xm, "'xm %s' requires a configuration file.",
		    xm->cmd->name);
	return 0;
}

/* f gets the configuration when it has no mistakes. */
static int
with_config(struct xm *xm, bool kept,
    int (*f)(struct xm *xm, const struct vmrec *r, const char *cwd))
{
	const char *file, *dirs = xm_opt(xm, "path");
	struct vmrec r = { .errors = 0 };
	AUTO_FREE char *cwd = NULL;
	int n, status = sort_operands(xm, &file, &n);

	if (status != 0)
		return status;
	cwd = getcwd(NULL, 0);
	status = vmrec_load(xm, &r, file, dirs != NULL ? dirs : VMREC_DIRS,
	    xm->argv, n);
	r.dom.kept = kept;
	if (status == 0)
		status = vmrec_judge(xm, &r);
	if (status == 0 && xm->format == XM_TEXT &&
	    xm_opt(xm, "quiet") == NULL)
		printf(xm->xl ? "Parsing config from %s\n" :
				"Using config file \"%s\".\n", r.path);
	if (status == 0)
		status = xm_opt(xm, "dryrun") != NULL ||
			xm_opt(xm, "dry-run") != NULL
		    ? dry_run(xm, &r, cwd != NULL ? cwd : "/")
		    : f(xm, &r, cwd != NULL ? cwd : "/");
	vmrec_fini(&r);
	return status;
}

static int
run_create(struct xm *xm)
{
	return with_config(xm, false, create);
}

static int
run_new(struct xm *xm)
{
	return with_config(xm, true, define);
}

static int
run_start(struct xm *xm)
{
	AUTO_DOM struct xm_dom d = { .ref = NULL };
	bool console = xm_opt(xm, "console_autoconnect") != NULL;
	bool paused = console || xm_opt(xm, "paused") != NULL;
	struct xapi_err e;
	int status = xm_find(xm, xm->argv[0], &d);

	if (status != 0)
		return status;
	xm_catch_signals();
	if (start(xm, &e, d.ref, d.name, paused) < 0 ||
	    xm_dom_read(xm, d.ref, &d, &e) < 0)
		return xm_fail_domain(xm, xm->argv[0], &e);
	if (xm->format == XM_JSON)
		return xm_json(xm, xm_dom_json(&d));
	return console ? with_console(xm, &d) : 0;
}

static const struct xm_opt create_opts[] = {
	{ 'c', "console_autoconnect", NULL,
	    "Show the guest's console from its first line." },
	{ 'p', "paused", NULL, "Leave the guest paused." },
	{ 'n', "dryrun", NULL,
	    "Only print what would be created; needs no Xen and no daemon, but "
	    "with one it says on which NUMA nodes the guest would be." },
	{ 0, "dry-run", NULL, "The same." },
	{ 'q', "quiet", NULL, "Print errors only." },
	{ 'f', "defconfig", "FILE", "The configuration file." },
	{ 'F', "config", "FILE",
	    "The same; an S-expression, as 'xm create -n' prints it." },
	{ 0, "path", "DIRS",
	    "Folders to look for it, colons between; by default .:/etc/xen." },
	{ .name = NULL },
};

const struct xm_cmd cmd_create = {
	.name = "create",
	.operands = "FILE [KEY=VALUE]...",
	.summary = "Create a guest from a configuration file and start it.",
	.detail = "A FILE without a slash is looked for in the current folder "
		  "and in /etc/xen. KEY=VALUE on the command line wins over "
		  "the file. The file is checked whole first, and nothing is "
		  "created when it has mistakes. The guest is forgotten when "
		  "it ends. An interrupt while it is being built takes "
		  "everything back.",
	.opts = create_opts,
	.min = 0,
	.max = -1,
	.completes = XM_CONFIG,
	.common = true,
	.run = run_create,
};

static const struct xm_opt new_opts[] = {
	{ 'n', "dryrun", NULL,
	    "Only print what would be made, as xm create does." },
	{ 0, "dry-run", NULL, "The same." },
	{ 'q', "quiet", NULL, "Print errors only." },
	{ 'f', "defconfig", "FILE", "The configuration file." },
	{ 'F', "config", "FILE",
	    "The same; an S-expression, as 'xm create -n' prints it." },
	{ 0, "path", "DIRS",
	    "Folders to look for it, colons between; by default .:/etc/xen." },
	{ .name = NULL },
};

const struct xm_cmd cmd_new = {
	.name = "new",
	.operands = "FILE [KEY=VALUE]...",
	.summary = "Make a guest from a configuration file that is kept.",
	.detail = "It is there, halted, until 'xm delete', whether it runs or "
		  "not and after the host has restarted, too; 'xm start' "
		  "starts it. FILE and KEY=VALUE are as for 'xm create'. "
		  "Changing the file later changes nothing.",
	.opts = new_opts,
	.min = 0,
	.max = -1,
	.completes = XM_CONFIG,
	.run = run_new,
};

static const struct xm_opt start_opts[] = {
	{ 'c', "console_autoconnect", NULL,
	    "Show the guest's console from its first line." },
	{ 'p', "paused", NULL, "Leave the guest paused." },
	{ .name = NULL },
};

const struct xm_cmd cmd_start = {
	.name = "start",
	.operands = "DOMAIN",
	.summary = "Start a guest that is kept (xm new) and does not run.",
	.detail = "An interrupt while it is being built takes that back.",
	.opts = start_opts,
	.min = 1,
	.max = 1,
	.completes = XM_DOMAIN,
	.run = run_start,
};
