/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Machines that go elsewhere: migrate, migrate-resolve. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmds.h"
#include "xu_num.h"

static int
wait_task(struct xm *xm, struct xapi_err *e, const char *method,
    struct xapi_value *args, const char *what)
{
	AUTO_FREE char *task = xm_task_start(xm, e, method, args), *label = NULL;

	if (task == NULL)
		return -1;
	if (asprintf(&label, "Migrating %s", what) < 0)
		label = NULL;
	return xm_task_wait(xm, e, task, label);
}

/* Of the API, in its units. */
static const struct {
	const char *opt, *name;
	uint64_t unit, most;
} numbers[] = {
	{ "downtime", "downtime", 1, 3600000 },
	{ "rounds", "rounds", 1, 1000 },
	{ "timeout", "seconds", 1, 1000000 },
	/* Megabits. */
	{ "resource", "bandwidth", 1000000 / 8, 1000000 },
};

static int
put_numbers(struct xm *xm, struct xapi_value *options)
{
	char text[32];
	uint64_t n;

	for (size_t i = 0; i < XU_ARRAY_SIZE(numbers); i++) {
		const char *word = xm_opt(xm, numbers[i].opt);

		if (word == NULL)
			continue;
		if (!xu_num_u64(word, 10, numbers[i].most, &n))
			return xm_usage(xm, "--%s: '%s' is no number from 0 to "
			    "%llu", numbers[i].opt, word,
			    (unsigned long long)numbers[i].most);
		snprintf(text, sizeof(text), "%llu",
		    (unsigned long long)(n * numbers[i].unit));
		xapi_set(options, numbers[i].name, xapi_new_str(text));
	}
	return 0;
}

static int
run_migrate(struct xm *xm)
{
	AUTO_DOM struct xm_dom d = { .ref = NULL };
	struct xapi_value *args, *options = xapi_new_struct();
	struct xapi_err e;
	int status = put_numbers(xm, options);

	if (status == 0)
		status = xm_find(xm, xm->argv[0], &d);
	if (status != 0) {
		xapi_free(options);
		return status;
	}
	if (xm_opt(xm, "strict") != NULL)
		xapi_set(options, "strict", xapi_new_str("true"));
	if (xm_opt(xm, "paused") != NULL)
		xapi_set(options, "paused", xapi_new_str("true"));
	if (xm_opt(xm, "by-sums") != NULL)
		xapi_set(options, "track", xapi_new_str("sums"));
	args = xapi_new_array();
	xapi_add(args, xapi_new_str(d.ref));
	xapi_add(args, xapi_new_str(xm->argv[1]));
	xapi_add(args, xapi_new_bool(xm_opt(xm, "live") != NULL));
	xapi_add(args, options);
	if (wait_task(xm, &e, "VM.migrate", args, d.name) < 0)
		return xm_fail_domain(xm, xm->argv[0], &e);
	return 0;
}

static int
run_resolve(struct xm *xm)
{
	AUTO_DOM struct xm_dom d = { .ref = NULL };
	bool here = xm_opt(xm, "here") != NULL;
	struct xapi_value *args;
	struct xapi_err e;
	int status;

	if (here == (xm_opt(xm, "there") != NULL))
		return xm_usage(xm, "say --here or --there");
	status = xm_find(xm, xm->argv[0], &d);
	if (status != 0)
		return status;
	args = xapi_new_array();
	xapi_add(args, xapi_new_str(d.ref));
	xapi_add(args, xapi_new_bool(here));
	if (wait_task(xm, &e, "VM.migrate_resolve", args, d.name) < 0)
		return xm_fail_domain(xm, xm->argv[0], &e);
	return 0;
}

static const struct xm_opt migrate_opts[] = {
	{ 'l', "live", NULL, "It runs while most of its memory is sent." },
	{ 'r', "resource", "MBIT", "At most so many megabits a second." },
	{ 0, "downtime", "MS",
	    "Milliseconds that it may stand still in the end (300)." },
	{ 0, "rounds", "N", "At most so many rounds (30)." },
	{ 0, "timeout", "S", "At most so many seconds before it is suspended." },
	{ 0, "strict", NULL,
	    "It stays where it is rather than stand still for longer." },
	{ 0, "by-sums", NULL,
	    "Find what it writes to by sums of pages, not by Xen's log." },
	{ 0, "paused", NULL, "It does not run there before 'xm unpause'." },
	{ .name = NULL },
};

const struct xm_cmd cmd_migrate = {
	.name = "migrate",
	.operands = "DOMAIN HOST[:PORT]",
	.summary = "Move a domain to another host.",
	.detail = "HOST is one that both trust each other (xm host-trust), or "
		  "localhost: then the domain goes to another domain of this "
		  "host. The disks and bridges it uses must be there under the "
		  "same names. Without --live the guest is "
		  "suspended first; with it, it runs while its memory is sent, "
		  "in rounds, until what is left can be sent within --downtime, "
		  "and is suspended for that. When anything fails before HOST "
		  "has all of it, the domain goes on where it was.",
	.opts = migrate_opts,
	.min = 2,
	.max = 2,
	.completes = XM_DOMAIN,
	.run = run_migrate,
};

static const struct xm_opt resolve_opts[] = {
	{ 0, "here", NULL, "It does not run there: let it go on here." },
	{ 0, "there", NULL, "It runs there: destroy what is left here." },
	{ .name = NULL },
};

const struct xm_cmd cmd_migrate_resolve = {
	.name = "migrate-resolve",
	.operands = "DOMAIN",
	.summary = "Decide where a domain is whose migration is in doubt.",
	.detail = "A domain that was handed to a host that will never say "
		  "whether it runs there stays suspended here. Let it run here "
		  "only when you know that it does not run there.",
	.opts = resolve_opts,
	.min = 1,
	.max = 1,
	.completes = XM_DOMAIN,
	.run = run_resolve,
};
