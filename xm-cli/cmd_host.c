/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host: debug-keys and log. (info and dmesg are cmd_info.c.) */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmds.h"

static int
run_debug_keys(struct xm *xm)
{
	AUTO_FREE char *host = NULL;
	struct xapi_err e;
	int status = xm_connect(xm);

	if (status != 0)
		return status;
	host = xm_host(xm, &e);
	if (host == NULL || xapi_do(xm->api, &e, "host.send_debug_keys", "ss",
				host, xm->argv[0]) < 0)
		return xm_fail(xm, &e);
	return xm->format == XM_JSON ? xm_json(xm, xapi_new_struct()) : 0;
}

static int
run_log(struct xm *xm)
{
	AUTO_FREE char *host = NULL;
	struct xapi_value *v = NULL, *top;
	struct xapi_err e;
	int status = xm_connect(xm);

	if (status != 0)
		return status;
	host = xm_host(xm, &e);
	if (host != NULL)
		v = xapi_call(xm->api, &e, "host.get_log", "s", host);
	if (v == NULL)
		return xm_fail(xm, &e);
	if (xm->format == XM_JSON) {
		top = xapi_new_struct();
		xapi_set(top, "log", v);
		return xm_json(xm, top);
	}
	fputs(xapi_str(v), stdout);
	xapi_free(v);
	return 0;
}

/* --- rows ----------------------------------------------------------------- */

const struct xm_cmd cmd_debug_keys = {
	.name = "debug-keys",
	.operands = "KEYS",
	.summary = "Type keys on the hypervisor's console.",
	.detail = "What it says is in its log: xm dmesg. h lists what each key "
		  "does; some stop the host.",
	.min = 1,
	.max = 1,
	.run = run_debug_keys,
};

const struct xm_cmd cmd_log = {
	.name = "log",
	.operands = "",
	.summary = "Print the end of the daemon's log.",
	.detail = "Under systemd the log is the journal's: journalctl -u xld.",
	.min = 0,
	.max = 0,
	.run = run_log,
};
