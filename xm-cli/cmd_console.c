/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xm console: attaches to a guest's console, or prints what it remembers. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmds.h"
#include "errors.h"

static int
print_log(struct xm *xm, const struct xm_dom *d)
{
	AUTO_FREE char *text = NULL;
	struct xapi_value *v;
	struct xapi_err e;
	size_t len;

	text = xapi_console_log(xm->api, d->uuid, &len, &e);
	if (text == NULL)
		return xm_fail(xm, &e);
	if (xm->format == XM_TEXT) {
		fwrite(text, 1, len, stdout);
		return 0;
	}
	v = xm_dom_json(d);
	xapi_set(v, "console", xapi_new_str(text));
	return xm_json(xm, v);
}

static int
attach(struct xm *xm, const struct xm_dom *d, struct xm_console *c)
{
	unsigned flags = XAPI_CONSOLE_HISTORY;
	struct xapi_err e;
	int status;

	if (c->readonly)
		flags |= XAPI_CONSOLE_READONLY;
	c->name = d->name;
	c->fd = xapi_console(xm->api, d->uuid, flags, &e);
	if (c->fd < 0)
		return xm_fail(xm, &e);
	status = xm_console_run(xm, c);
	close(c->fd);
	return status;
}

/* xm's -q: a domain that is not there is no news. */
static int
find(struct xm *xm, struct xm_dom *d)
{
	struct xapi_err e;

	if (xm_opt(xm, "quiet") == NULL)
		return xm_find(xm, xm->argv[0], d);
	if (xm_connect(xm) != 0)
		return XM_FAILED;
	d->ref = xapi_vm_find(xm->api, xm->argv[0], &e);
	if (d->ref == NULL || xm_dom_read(xm, d->ref, d, &e) < 0 ||
	    d->domid < 0)
		return XM_FAILED;
	return 0;
}

static int
run_console(struct xm *xm)
{
	AUTO_DOM struct xm_dom d = { .ref = NULL };
	struct xm_console c = { .escape = XM_ESCAPE_DEFAULT };
	const char *escape = xm_opt(xm, "escape"), *num = xm_opt(xm, "num");
	int status;

	if (escape != NULL && (c.escape = xm_console_escape(escape)) == -2)
		return xm_usage(xm,
		    "'%s' is no escape: one character, ^ and a letter, or none",
		    escape);
	if (num != NULL && strcmp(num, "0") != 0)
		return xm_usage(xm, "there is no console %s, only 0", num);
	c.readonly = xm_opt(xm, "readonly") != NULL;
	status = find(xm, &d);
	if (status != 0)
		return status;
	if (d.domid < 0)
		return xm_error(xm, XE(VM_BAD_POWER_STATE), XM_STATE,
		    "Domain '%s' is not started", d.name);
	return xm_opt(xm, "log") != NULL ? print_log(xm, &d)
					 : attach(xm, &d, &c);
}

static const struct xm_opt console_opts[] = {
	{ 'r', "readonly", NULL, "Only watch; nothing is sent to the guest." },
	{ 'l', "log", NULL,
	    "Print what the console remembers (64 KiB) and end." },
	{ 'e', "escape", "KEY",
	    "The key that leaves, such as ^] (the default) or ^a; none = "
	    "none." },
	{ 'n', "num", "NUMBER", "Which console; there is 0." },
	{ 'q', "quiet", NULL,
	    "Say nothing and end with 1 when the domain is not there." },
	{ .name = NULL },
};

const struct xm_cmd cmd_console = {
	.name = "console",
	.operands = "DOMAIN",
	.summary = "Attach to a guest's console. Ctrl-] leaves it.",
	.detail = "What the console still remembers is shown first. Any number "
		  "of users may attach at once. When the input is no terminal "
		  "it is sent to the guest to its end, and the output goes on "
		  "until the console closes.",
	.opts = console_opts,
	.min = 1,
	.max = 1,
	.completes = XM_DOMAIN,
	.common = true,
	.run = run_console,
};
