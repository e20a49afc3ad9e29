/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xm doctor: whether everything that guests need is there; if not, why, and what to do. */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cmds.h"
#include "doctor.h"

/* A daemon that hangs is one of the things that are looked for. */
#define DAEMON_TIMEOUT_MS 5000

/* In the order in which they make sense: what is wrong above explains what is below. */
static const struct {
	const char *name;
	doctor_f *f;
} checks[] = {
	{ "xen", doctor_xen },
	{ "control", doctor_control },
	{ "devices", doctor_devices },
	{ "modules", doctor_modules },
	{ "programs", doctor_programs },
	{ "xenstored", doctor_store },
	{ "xld", doctor_daemon },
	{ "enabled", doctor_enabled },
	{ "rivals", doctor_rivals },
	{ "bridge", doctor_bridge },
	{ "memory", doctor_memory },
	{ "room", doctor_room },
	{ "quota", doctor_quota },
	{ "dying", doctor_dying },
	{ "orphans", doctor_orphans },
	{ "loops", doctor_loops },
};

static const char *const words[] = { "ok", "warning", "failure" };

void
doctor_say(struct doctor *d, enum verdict v, const char *remedy,
    const char *fmt, ...)
{
	AUTO_BUF struct xu_buf text = XU_BUF_INIT;
	struct xapi_value *row = xapi_new_struct();
	va_list ap;

	va_start(ap, fmt);
	xu_buf_vaddf(&text, fmt, ap);
	va_end(ap);
	xapi_set(row, "check", xapi_new_str(d->check));
	xapi_set(row, "verdict", xapi_new_str(words[v]));
	xapi_set(row, "text", xapi_new_str(xu_buf_text(&text)));
	xapi_set(row, "remedy", xapi_new_str(remedy));
	xapi_add(d->findings, row);
	d->worst = v > d->worst ? v : d->worst;
	if (d->xm->format != XM_TEXT ||
	    (v == DOCTOR_OK && xm_opt(d->xm, "quiet") != NULL))
		return;
	printf("%-8s %-10s %s\n", words[v], d->check, xu_buf_text(&text));
	if (remedy[0] != '\0')
		printf("%-8s %-10s -> %s\n", "", "", remedy);
}

static struct xapi *
open_daemon(struct xapi_err *e)
{
	struct xapi *api = xapi_open(NULL, e);

	if (api == NULL)
		return NULL;
	xapi_set_timeout(api, DAEMON_TIMEOUT_MS);
	if (xapi_login(api, NULL, "", e) == 0)
		return api;
	xapi_close(api);
	return NULL;
}

static int
run_doctor(struct xm *xm)
{
	struct doctor d = { .xm = xm, .findings = xapi_new_array() };
	int status;

	d.api = open_daemon(&d.err);
	for (size_t i = 0; i < XU_ARRAY_SIZE(checks); i++) {
		d.check = checks[i].name;
		checks[i].f(&d);
	}
	xapi_close(d.api);
	if (xm->format == XM_JSON) {
		status = xm_json(xm, d.findings);
	} else {
		xapi_free(d.findings);
		status = 0;
	}
	return d.worst == DOCTOR_FAIL ? XM_FAILED : status;
}

static const struct xm_opt doctor_opts[] = {
	{ 'q', "quiet", NULL, "Say only what is wrong." },
	{ .name = NULL },
};

const struct xm_cmd cmd_doctor = {
	.name = "doctor",
	.operands = "",
	.summary = "Look whether everything that guests need is there.",
	.detail = "Each line is ok, a warning (something will not work) or a "
		  "failure (no guest can be started), with the reason; below "
		  "it is what to do. Ends with 1 when there are failures. "
		  "Looks at this host, and asks the daemon when it answers; "
		  "changes nothing.",
	.opts = doctor_opts,
	.min = 0,
	.max = 0,
	.completes = XM_NOTHING,
	.run = run_doctor,
};
