/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which other hosts machines may go to and come from: host-trust. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmds.h"

static int
print_own(struct xm *xm, const char *host, struct xapi_value *json)
{
	struct xapi_err e;
	struct xapi_value *v = xapi_call(xm->api, &e, "host.look_at_peer", "ss",
	    host, "");

	if (v == NULL)
		return xm_fail(xm, &e);
	if (json != NULL)
		xapi_set(json, "own", xapi_new_str(xapi_get_str(v, "own")));
	else
		printf("this host     SHA-256 %s\n", xapi_get_str(v, "own"));
	xapi_free(v);
	return 0;
}

static int
list(struct xm *xm, const char *host)
{
	struct xapi_value *json = NULL, *peers;
	struct xapi_err e;
	int status;

	peers = xapi_call(xm->api, &e, "host.list_peers", "s", host);
	if (peers == NULL)
		return xm_fail(xm, &e);
	if (xm->format == XM_JSON)
		json = xapi_new_struct();
	status = print_own(xm, host, json);
	if (status == 0 && json != NULL) {
		xapi_set(json, "trusted", peers);
		return xm_json(xm, json);
	}
	for (size_t i = 0; status == 0 && i < xapi_count(peers); i++)
		printf("%-13s SHA-256 %s\n", xapi_str(xapi_at(peers, i)),
		    xapi_name_at(peers, i));
	xapi_free(peers);
	xapi_free(json);
	return status;
}

/* Whose it is can only be known by asking there. */
static bool
confirm(const char *to, const struct xapi_value *v)
{
	char line[16];

	printf("this host     SHA-256 %s\n"
	       "%-13s SHA-256 %s\n"
	       "Compare the second with what 'xm host-trust --list' prints on "
	       "%s as its own.\n"
	       "Trust it with this host's machines (yes/no)? ",
	    xapi_get_str(v, "own"), to, xapi_get_str(v, "peer"), to);
	fflush(stdout);
	return fgets(line, sizeof(line), stdin) != NULL &&
	    strcmp(line, "yes\n") == 0;
}

static int
trust(struct xm *xm, const char *host, const char *to)
{
	const char *print = xm_opt(xm, "fingerprint");
	struct xapi_value *v = NULL;
	struct xapi_err e;
	int status = 0;

	if (print == NULL) {
		v = xapi_call(xm->api, &e, "host.look_at_peer", "ss", host, to);
		if (v == NULL)
			return xm_fail(xm, &e);
		print = xapi_get_str(v, "peer");
		if (!confirm(to, v))
			status = xm_error(xm, "XLD_PEER", 1, "%s is not trusted",
			    to);
	}
	if (status == 0 && xapi_do(xm->api, &e, "host.trust_peer", "sss", host,
	    to, print) < 0)
		status = xm_fail(xm, &e);
	xapi_free(v);
	return status;
}

static int
run_trust(struct xm *xm)
{
	const bool all = xm_opt(xm, "list") != NULL;
	const bool away = xm_opt(xm, "remove") != NULL;
	AUTO_FREE char *host = NULL;
	struct xapi_err e;
	int status;

	if (all && away)
		return xm_usage(xm, "--list or --remove");
	if (all != (xm->argc == 0))
		return xm_usage(xm, all ? "--list has no HOST" : "which HOST?");
	status = xm_connect(xm);
	if (status != 0)
		return status;
	host = xm_host(xm, &e);
	if (host == NULL)
		return xm_fail(xm, &e);
	if (all)
		return list(xm, host);
	if (!away)
		return trust(xm, host, xm->argv[0]);
	return xapi_do(xm->api, &e, "host.distrust_peer", "ss", host,
	    xm->argv[0]) < 0 ? xm_fail(xm, &e) : 0;
}

static const struct xm_opt trust_opts[] = {
	{ 0, "fingerprint", "SHA256",
	    "Do not ask: trust it if its certificate has this SHA-256." },
	{ 0, "list", NULL,
	    "Print this host's own fingerprint, and the hosts it trusts." },
	{ 0, "remove", NULL, "HOST, or a fingerprint, is not trusted any more." },
	{ .name = NULL },
};

const struct xm_cmd cmd_host_trust = {
	.name = "host-trust",
	.operands = "[HOST[:PORT]]",
	.summary = "Trust another host, so that domains can move there and come "
		   "from there.",
	.detail = "Shows the fingerprints of both hosts' certificates and asks. "
		  "To be done on both hosts; HOST must have the setting "
		  "'migration' (xld.conf(5)). A host has one certificate at "
		  "an address: a new one takes the place of the old.",
	.opts = trust_opts,
	.min = 0,
	.max = 1,
	.run = run_trust,
};
