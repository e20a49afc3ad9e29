/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is pressed on a guest: trigger, button-press, sysrq. */
#include "config.h"

#include "cmds.h"
#include "xu_num.h"

/* xm gives nothing for these; JSON says which domain it was. */
static int
done(struct xm *xm, const struct xm_dom *d)
{
	return xm->format == XM_JSON ? xm_json(xm, xm_dom_json(d)) : 0;
}

static int
run_trigger(struct xm *xm)
{
	AUTO_DOM struct xm_dom d = { .ref = NULL };
	struct xapi_err e;
	int64_t vcpu = 0;
	int status;

	if (xm->argc > 2 && !xu_num_i64(xm->argv[2], 0, INT32_MAX, &vcpu))
		return xm_usage(xm, "'%s' is not the number of a vCPU.",
		    xm->argv[2]);
	status = xm_find(xm, xm->argv[0], &d);
	if (status != 0)
		return status;
	if (xapi_do(xm->api, &e, "VM.send_trigger", "ssi", d.ref,
		xm->argv[1], (long long)vcpu) < 0)
		return xm_fail_domain(xm, xm->argv[0], &e);
	return done(xm, &d);
}

static int
run_sysrq(struct xm *xm)
{
	AUTO_DOM struct xm_dom d = { .ref = NULL };
	struct xapi_err e;
	int status = xm_find(xm, xm->argv[0], &d);

	if (status != 0)
		return status;
	if (xapi_do(xm->api, &e, "VM.send_sysrq", "ss", d.ref,
		xm->argv[1]) < 0)
		return xm_fail_domain(xm, xm->argv[0], &e);
	return done(xm, &d);
}

/* --- rows ----------------------------------------------------------------- */

const struct xm_cmd cmd_trigger = {
	.name = "trigger",
	.operands = "DOMAIN BUTTON [VCPU]",
	.summary = "Press a button of an HVM guest.",
	.detail = "BUTTON is power, sleep, nmi (to the vCPU, 0 when none is "
		  "named) or s3resume, which wakes a sleeping guest. The guest "
		  "decides what the button does.",
	.min = 2,
	.max = 3,
	.completes = XM_DOMAIN,
	.run = run_trigger,
};

const struct xm_cmd cmd_button_press = {
	.name = "button-press",
	.operands = "DOMAIN power|sleep",
	.summary = "Press a button of an HVM guest, as xl calls it.",
	.detail = "The same as trigger.",
	.min = 2,
	.max = 2,
	.completes = XM_DOMAIN,
	.run = run_trigger,
};

const struct xm_cmd cmd_sysrq = {
	.name = "sysrq",
	.operands = "DOMAIN KEY",
	.summary = "Send a magic SysRq key to a Linux guest.",
	.detail = "KEY is a letter or a digit, such as s (write all to disk) "
		  "or c (crash). The guest's kernel has to have it enabled.",
	.min = 2,
	.max = 2,
	.completes = XM_DOMAIN,
	.run = run_sysrq,
};
