/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Networks by XenAPI, as its clients do it: prog_vif DOMAIN BRIDGE on a running
 * domain. Ends with 1 at the first answer that is not as it should be.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "api_calls.h"

static char *
network_of(const char *name)
{
	struct xapi_err e;
	struct xapi_value *v = xapi_call(api, &e,
	    "network.get_by_name_label", "s", name);
	char *ref;

	if (v == NULL)
		die(name, &e);
	check(name, xapi_count(v) == 1);
	ref = strdup(xapi_str(xapi_at(v, 0)));
	xapi_free(v);
	return ref;
}

static struct xapi_value *
vif_record(const char *vm, const char *network)
{
	struct xapi_value *r = xapi_new_struct();

	xapi_set(r, "VM", xapi_new_str(vm));
	xapi_set(r, "network", xapi_new_str(network));
	xapi_set(r, "MAC", xapi_new_str(""));
	xapi_set(r, "MTU", xapi_new_int(0));
	xapi_set(r, "device", xapi_new_str(""));
	return r;
}

/* Is it in the network's list? */
static int
joins(const char *network, const char *vif)
{
	struct xapi_err e;
	struct xapi_value *v = xapi_call(api, &e, "network.get_VIFs", "s",
	    network);
	int found = 0;

	if (v == NULL)
		die("network.get_VIFs", &e);
	for (size_t i = 0; i < xapi_count(v); i++)
		found += strcmp(xapi_str(xapi_at(v, i)), vif) == 0;
	xapi_free(v);
	return found;
}

static void
an_interface(const char *vm, const char *bridge)
{
	char *network = network_of(bridge);
	char *vif = make("VIF.create", vif_record(vm, network));
	struct xapi_value *v;
	struct xapi_err e;

	is("VIF", vif, "currently_attached", 1);
	is_text("VIF", vif, "network", network);
	is_text("VIF", vif, "bridge", bridge);
	check("network.VIFs", joins(network, vif) == 1);
	must("VIF.plug", vif);
	must("VIF.unplug", vif);
	is("VIF", vif, "currently_attached", 0);
	must_not("VIF.unplug", vif, "DEVICE_NOT_ATTACHED");
	must("VIF.plug", vif);
	v = xapi_call(api, &e, "VIF.get_runtime_properties", "s", vif);
	check("state", strcmp(xapi_get_str(v, "backend-state"), "2") == 0);
	xapi_free(v);
	v = xapi_call(api, &e, "VIF.get_metrics", "s", vif);
	must("VIF_metrics.get_record", xapi_str(v));
	xapi_free(v);
	must("VIF.unplug_force", vif);
	must("VIF.destroy", vif);
	must_not("VIF.get_record", vif, "HANDLE_INVALID");
	check("network.VIFs", joins(network, vif) == 0);
	must_not("network.destroy", network, "OPERATION_NOT_ALLOWED");
	must_not("VIF.get_record", network, "HANDLE_INVALID");
	free(vif);
	free(network);
}

static void
a_network(const char *vm)
{
	struct xapi_value *r = xapi_new_struct(), *same;
	char *network, *vif;

	xapi_set(r, "name_label", xapi_new_str("made1"));
	xapi_set(r, "name_description", xapi_new_str("by a client"));
	same = xapi_copy(r);
	network = make("network.create", r);
	make_not("network.create", same, "UNIQUE_NAME_ERROR");
	is("network", network, "managed", 1);
	is_text("network", network, "name_description", "by a client");
	vif = make("VIF.create", vif_record(vm, network));
	must_not("network.destroy", network, "OPERATION_NOT_ALLOWED");
	must("VIF.destroy", vif);
	must("network.destroy", network);
	must_not("network.get_record", network, "HANDLE_INVALID");
	free(vif);
	free(network);
}

static void
the_host(void)
{
	struct xapi_err e;
	struct xapi_value *all = xapi_call(api, &e, "PIF.get_all_records", "");

	if (all == NULL)
		die("PIF.get_all_records", &e);
	for (size_t i = 0; i < xapi_count(all); i++)
		check("PIF.device", strncmp(xapi_get_str(xapi_at(all, i),
			"device"), "vif", 3) != 0);
	xapi_free(all);
}

int
main(int argc, char **argv)
{
	char *vm;

	if (argc != 3)
		return 2;
	vm = begin(argv[1]);
	an_interface(vm, argv[2]);
	a_network(vm);
	the_host();
	free(vm);
	xapi_close(api);
	return 0;
}
