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

#define VLAN_ERRORS                                                            \
	ERRORS(XE(VLAN_TAG_INVALID), XE(PIF_VLAN_EXISTS), XE(PIF_IS_VLAN),     \
	    XE(PIF_UNMANAGED), XE(CANNOT_ADD_VLAN_TO_BOND_SLAVE),              \
	    XE(NETWORK_UNMANAGED), XE(NETWORK_ALREADY_CONNECTED),              \
	    XE(XLD_DEVICE))

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
	    "What people call it; of one that create has not made the bridge's "
	    "name." },
	{ "name_description", T_STRING, RW, STATES_ANY, "What it is." },
	{ "bridge", T_STRING, RO_INS, 0,
	    "The bridge's name, by which configurations know it; empty: "
	    "name_label where it can be one, or a new one." },
	{ "MTU", T_INT, RW, STATES_ANY, "Bytes of its largest packet." },
	{ "VIFs", T_SET(T_REF("VIF")), RO_RUN, 0,
	    "Interfaces of machines that join it." },
	{ "PIFs", T_SET(T_REF("PIF")), RO_RUN, 0, "The host's in it." },
	{ "default_gateway", T_STRING, RW, STATES_ANY, "Must be empty." },
	{ "default_netmask", T_STRING, RW, STATES_ANY, "Must be empty." },
	{ "managed", T_BOOL, RO_RUN, 0,
	    "Made by network.create; false: by the host." },
	{ "other_config", STRINGS, RW, STATES_ANY, "The owner's." },
	{ "tags", T_SET(T_STRING), RW, STATES_ANY, "Words of the owner's." },
	{ .name = NULL },
};

static const struct model_method network_methods[] = {
	{ "create", T_REF("network"), { { "args", T_RECORD("network") } },
	    ROLE_POOL_OPERATOR, STATES_ANY, MM_ASYNC,
	    ERRORS(XE(VALUE_NOT_SUPPORTED), XE(UNIQUE_NAME_ERROR),
		XE(BRIDGE_NAME_EXISTS), XE(XLD_DEVICE)),
	    "A bridge, now and whenever the daemon starts." },
	{ "destroy", T_VOID, { { "self", T_REF("network") } },
	    ROLE_POOL_OPERATOR, STATES_ANY, MM_ASYNC,
	    ERRORS(XE(OPERATION_NOT_ALLOWED), XE(NETWORK_CONTAINS_PIF),
		XE(XLD_DEVICE)),
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
	{ "device", T_STRING, RW, STATES_ANY,
	    "Its name: eth0; of a VLAN that of the interface it is on. " HOSTS },
	{ "network", T_REF("network"), RO_RUN, 0,
	    "The bridge it is in, or null." },
	{ "host", T_REF("host"), RO_RUN, 0, "This host." },
	{ "MAC", T_STRING, RW, STATES_ANY, "Its address. " HOSTS },
	{ "MTU", T_INT, RW, STATES_ANY, "Bytes of its largest packet. " HOSTS },
	{ "VLAN", T_INT, RW, STATES_ANY,
	    "The tag of a VLAN; -1: it is none. " HOSTS },
	{ "metrics", T_REF("PIF_metrics"), RO_RUN, 0, "Its figures." },
	{ "physical", T_BOOL, RO_RUN, 0, "It is no VLAN and no bond." },
	{ "currently_attached", T_BOOL, RO_RUN, 0, "It is there, and up." },
	{ "managed", T_BOOL, RO_RUN, 0,
	    "False of VLANs and bonds that the host has made itself, and of what "
	    "was introduced so." },
	{ "management", T_BOOL, RO_RUN, 0,
	    "The host has an address on it, or on its bridge or VLANs." },
	{ "disallow_unplug", T_BOOL, RW, STATES_ANY, "unplug is refused." },
	{ "VLAN_master_of", T_REF("VLAN"), RO_RUN, 0,
	    "The VLAN that it is, or null." },
	{ "VLAN_slave_of", T_SET(T_REF("VLAN")), RO_RUN, 0,
	    "The VLANs on it." },
	{ "bond_master_of", T_SET(T_REF("Bond")), RO_RUN, 0,
	    "The bond that it is, or none." },
	{ "bond_slave_of", T_REF("Bond"), RO_RUN, 0,
	    "The bond that it is a part of, or null." },
	{ "ip_configuration_mode", T_ENUM("ip_configuration_mode"), RO_RUN, 0,
	    "None: the host has no IPv4 address on it or its bridge; DHCP: one "
	    "that expires." },
	{ "IP", T_STRING, RO_RUN, 0, "That address, or empty." },
	{ "netmask", T_STRING, RO_RUN, 0, "Of it." },
	{ "other_config", STRINGS, RW, STATES_ANY, "The owner's." },
	{ .name = NULL },
};

#define PIF_ARG { "self", T_REF("PIF") }
#define OPERATOR ROLE_POOL_OPERATOR, STATES_ANY, MM_ASYNC

static const struct model_method pif_methods[] = {
	{ "create_VLAN", T_REF("PIF"), { { "device", T_STRING },
	    { "network", T_REF("network") }, { "host", T_REF("host") },
	    { "VLAN", T_INT } }, OPERATOR, VLAN_ERRORS,
	    "VLAN.create by the name of the interface; gives the VLAN's own." },
	{ "destroy", T_VOID, { PIF_ARG }, OPERATOR,
	    ERRORS(XE(PIF_IS_PHYSICAL), XE(PIF_UNMANAGED), XE(VIF_IN_USE),
		XE(PIF_VLAN_STILL_EXISTS), XE(XLD_DEVICE)),
	    "VLAN.destroy of the VLAN that it is." },
	{ "plug", T_VOID, { PIF_ARG }, OPERATOR,
	    ERRORS(XE(CANNOT_PLUG_BOND_SLAVE), XE(XLD_DEVICE)),
	    "Up, until it is unplugged or the host starts." },
	{ "unplug", T_VOID, { PIF_ARG }, OPERATOR,
	    ERRORS(XE(PIF_DOES_NOT_ALLOW_UNPLUG), XE(VIF_IN_USE),
		XE(PIF_IS_MANAGEMENT_INTERFACE), XE(CANNOT_PLUG_BOND_SLAVE),
		XE(XLD_DEVICE)),
	    "Down, unless the host or a machine that runs uses it." },
	{ "scan", T_VOID, { { "host", T_REF("host") } }, OPERATOR, NULL,
	    "Looks for cards; they are known as soon as the kernel has them, "
	    "whether or not somebody looks." },
	{ "introduce", T_REF("PIF"), { { "host", T_REF("host") },
	    { "MAC", T_STRING }, { "device", T_STRING }, { "managed", T_BOOL } },
	    ROLE_POOL_OPERATOR, STATES_ANY, MM_ASYNC | MM_OPTIONAL(1),
	    ERRORS(XE(MAC_INVALID), XE(MAC_DOES_NOT_EXIST),
		XE(DUPLICATE_PIF_DEVICE_NAME)),
	    "An interface that is no card of the host (a pair's end, say) is to "
	    "be taken for one. Cards are known without it." },
	{ "forget", T_VOID, { PIF_ARG }, OPERATOR,
	    ERRORS(XE(MAC_STILL_EXISTS), XE(PIF_VLAN_STILL_EXISTS),
		XE(PIF_ALREADY_BONDED)),
	    "What was introduced is not any more." },
	{ .name = NULL },
};

const struct model_class model_pif = {
	.name = "PIF",
	.fields = pif_fields,
	.methods = pif_methods,
	.flags = MC_ALL | MC_RECORD | MC_BY_UUID | MC_OF_HOST,
	.doc = "A network interface of the host.",
};

static const struct model_field vlan_fields[] = {
	{ "uuid", T_STRING, RO_RUN, 0, "Permanent identifier." },
	{ "tagged_PIF", T_REF("PIF"), RO_INS, 0,
	    "The interface where its packets are tagged." },
	{ "untagged_PIF", T_REF("PIF"), RO_RUN, 0, "Where they are not." },
	{ "tag", T_INT, RO_INS, 0, "Its number." },
	{ "other_config", STRINGS, RW, STATES_ANY, "The owner's." },
	{ .name = NULL },
};

static const struct model_method vlan_methods[] = {
	{ "create", T_REF("VLAN"), { { "tagged_PIF", T_REF("PIF") },
	    { "tag", T_INT }, { "network", T_REF("network") } }, OPERATOR,
	    VLAN_ERRORS,
	    "Packets of a network go out with the tag, and come in by it, now "
	    "and whenever the daemon starts." },
	{ "destroy", T_VOID, { { "self", T_REF("VLAN") } }, OPERATOR,
	    ERRORS(XE(PIF_UNMANAGED), XE(VIF_IN_USE), XE(PIF_VLAN_STILL_EXISTS),
		XE(XLD_DEVICE)),
	    "Not while a machine that runs is in its network." },
	{ .name = NULL },
};

const struct model_class model_vlan = {
	.name = "VLAN",
	.fields = vlan_fields,
	.methods = vlan_methods,
	.flags = MC_ALL | MC_RECORD | MC_BY_UUID | MC_OF_HOST,
	.doc = "A VLAN on an interface of the host.",
};

static const struct model_field bond_fields[] = {
	{ "uuid", T_STRING, RO_RUN, 0, "Permanent identifier." },
	{ "master", T_REF("PIF"), RO_INS, 0, "Its own interface." },
	{ "slaves", T_SET(T_REF("PIF")), RO_RUN, 0, "Its parts that are there." },
	{ "primary_slave", T_REF("PIF"), RO_RUN, 0, "The first of them." },
	{ "mode", T_ENUM("bond_mode"), RO_RUN, 0,
	    "balance-slb stands for those of the kernel's modes that have no "
	    "word here: see properties." },
	{ "properties", STRINGS, RO_RUN, 0,
	    "miimon, updelay, downdelay: milliseconds between looks at links, "
	    "and until one is trusted or given up; of lacp hashing_algorithm "
	    "(tcpudp_ports, src_mac) and lacp-time (slow, fast). Of one that "
	    "somebody else made: mode, the kernel's." },
	{ "links_up", T_INT, RO_RUN, 0, "So many of its parts have a link." },
	{ "auto_update_mac", T_BOOL, RO_RUN, 0,
	    "Nobody has given it an address: it has its first part's." },
	{ "other_config", STRINGS, RW, STATES_ANY, "The owner's." },
	{ .name = NULL },
};

#define BOND_ARG { "self", T_REF("Bond") }
#define BOND_CHANGE                                                            \
	OPERATOR, ERRORS(XE(VALUE_NOT_SUPPORTED), XE(PIF_UNMANAGED),           \
	    XE(XLD_DEVICE))

static const struct model_method bond_methods[] = {
	{ "create", T_REF("Bond"), { { "network", T_REF("network") },
	    { "members", T_SET(T_REF("PIF")) }, { "MAC", T_STRING },
	    { "mode", T_ENUM("bond_mode") }, { "properties", STRINGS } },
	    ROLE_POOL_OPERATOR, STATES_ANY, MM_ASYNC | MM_OPTIONAL(3),
	    ERRORS(XE(PIF_BOND_NEEDS_MORE_MEMBERS), XE(PIF_ALREADY_BONDED),
		XE(PIF_IS_VLAN), XE(PIF_VLAN_STILL_EXISTS), XE(PIF_UNMANAGED),
		XE(PIF_IS_MANAGEMENT_INTERFACE), XE(OPERATION_NOT_ALLOWED),
		XE(MAC_INVALID), XE(VALUE_NOT_SUPPORTED),
		XE(NETWORK_UNMANAGED), XE(NETWORK_ALREADY_CONNECTED),
		XE(XLD_DEVICE)),
	    "Two to eight interfaces of the host as one, in a network, now and "
	    "whenever the daemon starts; of mode active-backup unless that is "
	    "said. The kernel has no balance-slb." },
	{ "destroy", T_VOID, { BOND_ARG }, OPERATOR,
	    ERRORS(XE(PIF_UNMANAGED), XE(VIF_IN_USE), XE(PIF_VLAN_STILL_EXISTS),
		XE(XLD_DEVICE)),
	    "Its parts are interfaces again. Not while a machine that runs is in "
	    "its network." },
	{ "set_mode", T_VOID, { BOND_ARG, { "value", T_ENUM("bond_mode") } },
	    BOND_CHANGE,
	    "It is made anew: for a moment nothing goes through." },
	{ "set_property", T_VOID, { BOND_ARG, { "name", T_STRING },
	    { "value", T_STRING } }, BOND_CHANGE, "Likewise." },
	{ .name = NULL },
};

const struct model_class model_bond = {
	.name = "Bond",
	.fields = bond_fields,
	.methods = bond_methods,
	.flags = MC_ALL | MC_RECORD | MC_BY_UUID | MC_OF_HOST,
	.doc = "Interfaces of the host that work as one.",
};
