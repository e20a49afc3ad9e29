/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pool: one host, which is its own master. Later clients begin with it. */
#include "domstate.h"
#include "errors.h"
#include "schema.h"

#define STRINGS T_MAP(T_STRING, T_STRING)

static const struct model_field fields[] = {
	{ "uuid", T_STRING, RO_RUN, 0, "Permanent identifier." },
	{ "name_label", T_STRING, RW, STATES_ANY, "Its name." },
	{ "name_description", T_STRING, RW, STATES_ANY, "Free text." },
	{ "master", T_REF("host"), RO_RUN, 0, "The host." },
	{ "default_SR", T_REF("SR"), RW, STATES_ANY,
	    "Where disks go that nobody says a place for." },
	{ "suspend_image_SR", T_REF("SR"), RW, STATES_ANY,
	    "Where machines go that are suspended." },
	{ "crash_dump_SR", T_REF("SR"), RW, STATES_ANY, "Where dumps go." },
	{ "other_config", STRINGS, RW, STATES_ANY, "The owner's." },
	{ "tags", T_SET(T_STRING), RW, STATES_ANY, "Words of the owner's." },
	{ "gui_config", STRINGS, RW, STATES_ANY, "Of the owner's clients." },
	{ "ha_enabled", T_BOOL, RO_RUN, 0, "Other hosts take over: never." },
	{ "wlb_enabled", T_BOOL, RO_RUN, 0,
	    "Somebody else places machines: never." },
	{ .name = NULL },
};

#define PIFS	 T_SET(T_REF("PIF"))
#define OPERATOR ROLE_POOL_OPERATOR, STATES_ANY, MM_ASYNC, NULL

static const struct model_method methods[] = {
	{ "create_VLAN", PIFS, { { "device", T_STRING },
	    { "network", T_REF("network") }, { "VLAN", T_INT } }, OPERATOR,
	    "VLAN.create by the name of an interface, on each host; gives the "
	    "VLANs' own." },
	{ "create_VLAN_from_PIF", PIFS, { { "pif", T_REF("PIF") },
	    { "network", T_REF("network") }, { "VLAN", T_INT } }, OPERATOR,
	    "The same by the interface itself." },
	{ .name = NULL },
};

const struct model_class model_pool = {
	.name = "pool",
	.fields = fields,
	.methods = methods,
	.flags = MC_ALL | MC_RECORD | MC_BY_UUID | MC_BY_NAME | MC_OF_HOST,
	.keys = model_host_keys,
	.doc = "The hosts that are managed together: this one.",
};
