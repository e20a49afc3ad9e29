/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Networks: a machine's interface (VIF), what it joins (network), the host's own
 * interfaces (PIF). */
#include "errors.h"
#include "schema.h"

#define STRINGS T_MAP(T_STRING, T_STRING)
#define ERRORS(...)                                                            \
	(const char *const[])                                                  \
	{                                                                      \
		__VA_ARGS__, NULL                                              \
	}

static const struct model_field vif_fields[] = {
	{ "uuid", T_STRING, RO_RUN, 0, "Permanent identifier." },
	{ "device", T_STRING, RW, STATES_ANY,
	    "Its number in the guest, 0 to 255; eth0 is 0, empty: the next. "
	    "Setting it is refused." },
	{ "network", T_REF("network"), RO_INS, 0,
	    "What it joins; null: see bridge." },
	{ "VM", T_REF("VM"), RO_INS, 0, "Whose interface it is." },
	{ "MAC", T_STRING, RW, STATES_ANY,
	    "Its address; empty: one that follows from the machine's uuid. Set "
	    "while no guest has it." },
	{ "MTU", T_INT, RW, STATES_ANY,
	    "Bytes of its largest packet, 0 = as many as its bridge's." },
	{ "bridge", T_STRING, RO_INS, 0,
	    "The bridge in domain 0; empty: the host's default." },
	{ "ip", T_STRING, RO_INS, 0,
	    "Addresses of the guest, with blanks between; the only ones it may "
	    "use. Needed where packets are routed." },
	{ "rate", T_STRING, RO_INS, 0,
	    "The most the guest may send: 10Mb/s, 1MB/s@20ms." },
	{ "vifname", T_STRING, RO_INS, 0,
	    "Name of the interface in domain 0; empty: vifDOMID.NUMBER." },
	{ "kind", T_ENUM("vif_kind"), RO_INS, 0,
	    "ioemu: an HVM guest has an emulated card, too." },
	{ "model", T_STRING, RO_INS, 0, "Which card is emulated." },
	{ "script", T_STRING, RO_INS, 0,
	    "Empty, vif-bridge, vif-route: done by the daemon; any other is a "
	    "program that is run, which a pool-admin may ask for." },
	{ "gatewaydev", T_STRING, RO_INS, 0,
	    "The interface of the host where routed packets leave." },
	{ "trusted", T_BOOL, RO_INS, 0,
	    "The guest may trust the backend; false: it copies what it sends." },
	{ "currently_attached", T_BOOL, RO_RUN, 0,
	    "A running guest has it now." },
	{ "status_code", T_INT, RO_RUN, 0,
	    "State of its backend (io/xenbus.h), 0 = none." },
	{ "status_detail", T_STRING, RO_RUN, 0, "The same as a word." },
	{ "runtime_properties", STRINGS, RO_RUN, 0,
	    "While attached: handle, state, interface, mac, bridge, "
	    "event-channel, tx-ring-ref, rx-ring-ref, backend, backend-id." },
	{ "qos_algorithm_type", T_STRING, RW, STATES_ANY,
	    "Must be empty: see rate." },
	{ "qos_algorithm_params", STRINGS, RW, STATES_ANY, "Must be empty." },
	{ "qos_supported_algorithms", T_SET(T_STRING), RO_RUN, 0, "None." },
	{ "metrics", T_REF("VIF_metrics"), RO_RUN, 0, "Its figures." },
	{ "security_label", T_STRING, RO_INS, 0, "Must be empty." },
	{ "other_config", STRINGS, RW, STATES_ANY, "The owner's." },
	{ .name = NULL },
};

#define VIF_ARG { "self", T_REF("VIF") }
#define DEVICE	ERRORS(XE(XLD_DEVICE), XE(XLD_TIMEOUT))

static const struct model_method vif_methods[] = {
	{ "create", T_REF("VIF"), { { "args", T_RECORD("VIF") } },
	    ROLE_VM_ADMIN, STATES_ANY, MM_ASYNC,
	    ERRORS(XE(DEVICE_ALREADY_EXISTS), XE(VALUE_NOT_SUPPORTED),
		XE(XLD_DEVICE), XE(XLD_TIMEOUT)),
	    "An interface for a machine; a running one has it when this "
	    "ends." },
	{ "destroy", T_VOID, { VIF_ARG }, ROLE_VM_ADMIN, STATES_ANY, MM_ASYNC,
	    DEVICE, "Unplugs and forgets it." },
	{ "destroy_force", T_VOID, { VIF_ARG }, ROLE_VM_ADMIN, STATES_ANY,
	    MM_ASYNC, DEVICE, "The same, whatever the guest does with it." },
	{ "plug", T_VOID, { VIF_ARG }, ROLE_VM_ADMIN, STATES_ANY, MM_ASYNC,
	    DEVICE, "A running guest gets it." },
	{ "unplug", T_VOID, { VIF_ARG }, ROLE_VM_ADMIN, STATES_ANY, MM_ASYNC,
	    DEVICE, "Asks the guest to let go of it." },
	{ "unplug_force", T_VOID, { VIF_ARG }, ROLE_VM_ADMIN, STATES_ANY,
	    MM_ASYNC, DEVICE, "Takes it away." },
	{ "set_security_label", T_VOID, { VIF_ARG,
	    { "security_label", T_STRING }, { "old_label", T_STRING } },
	    ROLE_POOL_ADMIN, STATES_ANY, MM_ASYNC, ERRORS(XE(NOT_IMPLEMENTED)),
	    "Refused but for an empty label: see XSPolicy." },
	{ .name = NULL },
};

const struct model_class model_vif = {
	.name = "VIF",
	.fields = vif_fields,
	.methods = vif_methods,
	.flags = MC_ALL | MC_RECORD | MC_BY_UUID,
	.doc = "A network interface of a machine.",
};

static const struct model_method no_methods[] = {
	{ .name = NULL },
};

static const struct model_field vif_metrics_fields[] = {
	{ "uuid", T_STRING, RO_RUN, 0, "Permanent identifier." },
	{ "io_read_kbs", T_FLOAT, RO_RUN, 0,
	    "KiB a second that the guest received since it was last asked." },
	{ "io_write_kbs", T_FLOAT, RO_RUN, 0, "The same that it sent." },
	{ "io_total_read_kbs", T_FLOAT, RO_RUN, 0, "KiB in all." },
	{ "io_total_write_kbs", T_FLOAT, RO_RUN, 0, "KiB in all." },
	{ "last_updated", T_DATETIME, RO_RUN, 0, "When." },
	{ .name = NULL },
};

const struct model_class model_vif_metrics = {
	.name = "VIF_metrics",
	.fields = vif_metrics_fields,
	.methods = no_methods,
	.flags = MC_ALL | MC_RECORD | MC_BY_UUID,
	.doc = "Figures of a machine's network interface.",
};

static const struct model_field network_fields[] = {
	{ "uuid", T_STRING, RO_RUN, 0, "Permanent identifier." },
	{ "name_label", T_STRING, RW, STATES_ANY,
	    "The bridge's name; setting it is refused: guests name it." },
	{ "name_description", T_STRING, RW, STATES_ANY, "What it is." },
	{ "VIFs", T_SET(T_REF("VIF")), RO_RUN, 0,
	    "Interfaces of machines that join it." },
	{ "PIFs", T_SET(T_REF("PIF")), RO_RUN, 0, "The host's in it." },
	{ "default_gateway", T_STRING, RW, STATES_ANY, "Must be empty." },
	{ "default_netmask", T_STRING, RW, STATES_ANY, "Must be empty." },
	{ "managed", T_BOOL, RO_RUN, 0,
	    "Made by network.create; false: by the host." },
	{ "other_config", STRINGS, RW, STATES_ANY, "The owner's." },
	{ .name = NULL },
};

static const struct model_method network_methods[] = {
	{ "create", T_REF("network"), { { "args", T_RECORD("network") } },
	    ROLE_POOL_OPERATOR, STATES_ANY, MM_ASYNC,
	    ERRORS(XE(VALUE_NOT_SUPPORTED), XE(UNIQUE_NAME_ERROR),
		XE(XLD_DEVICE)),
	    "A bridge of that name, now and whenever the daemon starts." },
	{ "destroy", T_VOID, { { "self", T_REF("network") } },
	    ROLE_POOL_OPERATOR, STATES_ANY, MM_ASYNC,
	    ERRORS(XE(OPERATION_NOT_ALLOWED), XE(XLD_DEVICE)),
	    "Removes one that create made and that nobody uses." },
	{ .name = NULL },
};

const struct model_class model_network = {
	.name = "network",
	.fields = network_fields,
	.methods = network_methods,
	.flags = MC_ALL | MC_RECORD | MC_BY_UUID | MC_BY_NAME |
	    MC_OF_HOST,
	.keys = model_host_keys,
	.doc = "A bridge of the host.",
};

#define HOSTS "Setting it is refused: it is the host's own."

static const struct model_field pif_fields[] = {
	{ "uuid", T_STRING, RO_RUN, 0, "Permanent identifier." },
	{ "device", T_STRING, RW, STATES_ANY, "Its name: eth0. " HOSTS },
	{ "network", T_REF("network"), RO_RUN, 0,
	    "The bridge it is in, or null." },
	{ "host", T_REF("host"), RO_RUN, 0, "This host." },
	{ "MAC", T_STRING, RW, STATES_ANY, "Its address. " HOSTS },
	{ "MTU", T_INT, RW, STATES_ANY, "Bytes of its largest packet. " HOSTS },
	{ "VLAN", T_INT, RW, STATES_ANY, "-1: none. " HOSTS },
	{ "metrics", T_REF("PIF_metrics"), RO_RUN, 0, "Its figures." },
	{ .name = NULL },
};

static const struct model_method pif_methods[] = {
	{ "create_VLAN", T_REF("PIF"), { { "device", T_STRING },
	    { "network", T_REF("network") }, { "host", T_REF("host") },
	    { "VLAN", T_INT } }, ROLE_POOL_OPERATOR, STATES_ANY, MM_ASYNC,
	    ERRORS(XE(NOT_IMPLEMENTED)),
	    "Refused: interfaces are made by the host's network settings." },
	{ "destroy", T_VOID, { { "self", T_REF("PIF") } }, ROLE_POOL_OPERATOR,
	    STATES_ANY, MM_ASYNC, ERRORS(XE(NOT_IMPLEMENTED)), "The same." },
	{ .name = NULL },
};

const struct model_class model_pif = {
	.name = "PIF",
	.fields = pif_fields,
	.methods = pif_methods,
	.flags = MC_ALL | MC_RECORD | MC_BY_UUID | MC_OF_HOST,
	.doc = "A network interface of the host.",
};
