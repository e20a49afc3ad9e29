/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A domain's memory and registers as a core file: dump-core. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmds.h"

/* The parameters of VM.dump_core; path NULL: where the daemon wants it. */
static struct xapi_value *
arguments(struct xm *xm, const struct xm_dom *d, const char *path)
{
	static const char *const flags[] = { "live", "crash", "reset" };
	struct xapi_value *args = xapi_new_array();

	xapi_add(args, xapi_new_str(d->ref));
	xapi_add(args, xapi_new_str(path != NULL ? path : ""));
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		xapi_add(args, xapi_new_bool(xm_opt(xm, flags[i]) != NULL));
	return args;
}

/* file: where it is. */
static int
done(struct xm *xm, const struct xm_dom *d, const char *file)
{
	struct xapi_value *v;

	if (xm->format == XM_JSON) {
		v = xm_dom_json(d);
		xapi_set(v, "file", xapi_new_str(file));
		return xm_json(xm, v);
	}
	/* Who has named it knows. */
	if (xm->argc < 2)
		printf("%s\n", file);
	return 0;
}

static int
dump(struct xm *xm, const struct xm_dom *d, const char *path)
{
	AUTO_FREE char *task = NULL, *label = NULL;
	struct xapi_value *result;
	struct xapi_err e;
	int status;

	if (xm->format == XM_TEXT) {
		printf("Dumping core of domain: %s ...\n", xm->argv[0]);
		fflush(stdout);
	}
	task = xm_task_start(xm, &e, "VM.dump_core", arguments(xm, d, path));
	if (task == NULL)
		return xm_fail_domain(xm, xm->argv[0], &e);
	if (asprintf(&label, "Dumping %s", d->name) < 0)
		label = NULL;
	result = xm_task_result(xm, &e, task, label);
	if (result == NULL)
		return xm_fail_domain(xm, xm->argv[0], &e);
	status = done(xm, d, xapi_str(result));
	xapi_free(result);
	return status;
}

static int
run_dump_core(struct xm *xm)
{
	AUTO_DOM struct xm_dom d = { .ref = NULL };
	AUTO_FREE char *path = NULL;
	int status = 0;

	if (xm_opt(xm, "crash") != NULL && xm_opt(xm, "reset") != NULL)
		return xm_usage(xm, "-C and -R exclude each other.");
	if (xm->argc > 1)
		status = xm_full_path(xm, xm->argv[1], &path);
	if (status == 0)
		status = xm_find(xm, xm->argv[0], &d);
	return status != 0 ? status : dump(xm, &d, path);
}

static const struct xm_opt dump_opts[] = {
	{ 'L', "live", NULL, "It runs while its memory is written." },
	{ 'C', "crash", NULL, "It crashes afterwards; then as on_crash says." },
	{ 'R', "reset", NULL, "It is destroyed and started anew afterwards." },
	{ .name = NULL },
};

const struct xm_cmd cmd_dump_core = {
	.name = "dump-core",
	.operands = "DOMAIN [FILE]",
	.summary = "Write a domain's memory and registers to a core file.",
	.detail = "The domain is paused meanwhile and goes on afterwards; with "
		  "--live what is written of its pages is of different times. "
		  "A domain that has crashed and was kept (on_crash = "
		  "\"preserve\") is dumped as it is. FILE appears when it is "
		  "complete and on disk; a file of that name is replaced. When "
		  "anything fails there is no file. Without FILE it is "
		  "DATE-NAME.ID.core in a folder of the domain's name in "
		  "dump_folder of xld.conf, and its name is printed. It is an "
		  "ELF file without program headers, whose sections "
		  ".xen_pages and .xen_p2m or .xen_pfn have the pages and "
		  "their numbers, as Xen's own tools write it and crash reads "
		  "it. Pages that are zero take no room on disk. After "
		  "--crash it is not dumped again, whatever on_crash is. "
		  "To the API it is VM.dump_core, which other servers of "
		  "XenAPI do not have.",
	.opts = dump_opts,
	.min = 1,
	.max = 2,
	.completes = XM_DOMAIN,
	.run = run_dump_core,
};
