/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A domain in a file, and back: save, restore, suspend, resume. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmds.h"

/* Takes args. "DOING WHAT" is what its progress is called. */
static int
run_task(struct xm *xm, struct xapi_err *e, const char *method,
    struct xapi_value *args, const char *doing, const char *what)
{
	AUTO_FREE char *task = xm_task_start(xm, e, method, args), *label = NULL;

	if (task == NULL)
		return -1;
	if (asprintf(&label, "%s %s", doing, what) < 0)
		label = NULL;
	return xm_task_wait(xm, e, task, label);
}

/* --- save, restore ----------------------------------------------------------- */

/* A task about the domain of the command: its parameters are the domain, the file
 * unless NULL, and which of the options were given. */
static int
of_domain(struct xm *xm, const char *method, const char *doing,
    const char *path, const char *const *flags)
{
	AUTO_DOM struct xm_dom d = { .ref = NULL };
	struct xapi_value *args;
	struct xapi_err e;
	int status = xm_find(xm, xm->argv[0], &d);

	if (status != 0)
		return status;
	args = xapi_new_array();
	xapi_add(args, xapi_new_str(d.ref));
	if (path != NULL)
		xapi_add(args, xapi_new_str(path));
	for (; *flags != NULL; flags++)
		xapi_add(args, xapi_new_bool(xm_opt(xm, *flags) != NULL));
	if (run_task(xm, &e, method, args, doing, d.name) < 0)
		return xm_fail_domain(xm, xm->argv[0], &e);
	return xm->format == XM_JSON ? xm_json(xm, xm_dom_json(&d)) : 0;
}

static int
run_save(struct xm *xm)
{
	static const char *const flags[] = { "checkpoint", "paused", "compat",
		"live", NULL };
	AUTO_FREE char *path = NULL;
	int status = xm_full_path(xm, xm->argv[1], &path);

	return status != 0 ? status :
			     of_domain(xm, "VM.save", "Saving", path, flags);
}

static int
run_restore(struct xm *xm)
{
	AUTO_FREE char *path = NULL;
	struct xapi_value *args;
	struct xapi_err e;
	int status = xm_full_path(xm, xm->argv[0], &path);

	if (status == 0)
		status = xm_connect(xm);
	if (status != 0)
		return status;
	args = xapi_new_array();
	xapi_add(args, xapi_new_str(path));
	xapi_add(args, xapi_new_bool(xm_opt(xm, "paused") != NULL));
	if (run_task(xm, &e, "VM.restore", args, "Restoring", xm->argv[0]) < 0)
		return xm_fail(xm, &e);
	return 0;
}

/* --- suspend, resume ----------------------------------------------------------- */

static int
run_suspend(struct xm *xm)
{
	static const char *const none[] = { NULL };

	return of_domain(xm, "VM.suspend", "Suspending", NULL, none);
}

static int
run_resume(struct xm *xm)
{
	static const char *const flags[] = { "paused", NULL };

	return of_domain(xm, "VM.resume", "Resuming", NULL, flags);
}

/* --- rows ------------------------------------------------------------------------ */

static const struct xm_opt save_opts[] = {
	{ 'c', "checkpoint", NULL, "It runs on afterwards." },
	{ 'p', "paused", NULL, "It stays afterwards, paused." },
	{ 'l', "live", NULL, "It runs while most of it is written." },
	{ 0, "compat", NULL, "Write what xl can restore, too." },
	{ .name = NULL },
};

const struct xm_cmd cmd_save = {
	.name = "save",
	.operands = "DOMAIN FILE",
	.summary = "Save a domain to a file, from which it can go on later.",
	.detail = "The guest is asked to suspend itself, its memory and state "
		  "are written, and then its domain is destroyed. FILE appears "
		  "when it is complete and on disk; a file of that name is "
		  "replaced. When anything fails the domain runs on and there "
		  "is no file. An HVM guest without Xen's drivers is stopped "
		  "where it is. Disks stay what they are, and nobody may "
		  "write to them meanwhile. Memory that is zero takes no room "
		  "in FILE, but with --compat, which makes a file that xl "
		  "restores as well. With --live, which goes well with "
		  "--checkpoint, the guest runs while its memory is "
		  "written, in rounds, and stands still only for what it "
		  "changed last; the file is larger by what was written more "
		  "than once.",
	.opts = save_opts,
	.min = 2,
	.max = 2,
	.completes = XM_DOMAIN,
	.run = run_save,
};

static const struct xm_opt paused_opts[] = {
	{ 'p', "paused", NULL, "It does not run before 'xm unpause'." },
	{ .name = NULL },
};

const struct xm_cmd cmd_restore = {
	.name = "restore",
	.operands = "FILE",
	.summary = "Let a domain go on from a file that 'xm save' wrote.",
	.detail = "Files of xl's are read, too. Disks and networks must be "
		  "there under the same names. FILE stays; what a guest had on its disks when it "
		  "was saved must be there still, so a file is good for one "
		  "time only, unless the disks were kept with it.",
	.opts = paused_opts,
	.min = 1,
	.max = 1,
	.completes = XM_CONFIG,
	.run = run_restore,
};

const struct xm_cmd cmd_suspend = {
	.name = "suspend",
	.operands = "DOMAIN",
	.summary = "Suspend a managed domain to disk.",
	.detail = "As 'xm save', to a file that the daemon keeps; 'xm resume' "
		  "lets it go on, 'xm destroy' discards its state. No other "
		  "domain gets its disks for writing meanwhile. The domain "
		  "is one of 'xm new'.",
	.min = 1,
	.max = 1,
	.completes = XM_DOMAIN,
	.run = run_suspend,
};

const struct xm_cmd cmd_resume = {
	.name = "resume",
	.operands = "DOMAIN",
	.summary = "Let a suspended domain go on.",
	.detail = "",
	.opts = paused_opts,
	.min = 1,
	.max = 1,
	.completes = XM_DOMAIN,
	.run = run_resume,
};
