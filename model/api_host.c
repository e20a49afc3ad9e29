/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host. */
#include "domstate.h"
#include "errors.h"
#include "schema.h"

#define ERRORS(...)                                                            \
	(const char *const[])                                                  \
	{                                                                      \
		__VA_ARGS__, NULL                                              \
	}
#define ANY_MAP T_MAP(T_STRING, T_STRING)

static const struct model_field fields[] = {
	{ "uuid", T_STRING, RO_RUN, 0, "Permanent identifier." },
	{ "name_label", T_STRING, RW, STATES_ANY,
	    "Its name; the system's until it is set." },
	{ "name_description", T_STRING, RW, STATES_ANY, "Free text." },
	{ "API_version_major", T_INT, RO_RUN, 0, "Of the API it speaks." },
	{ "API_version_minor", T_INT, RO_RUN, 0, "Of the API it speaks." },
	{ "API_version_vendor", T_STRING, RO_RUN, 0, "Who wrote it." },
	{ "API_version_vendor_implementation", ANY_MAP, RO_RUN, 0,
	    "More about the implementation." },
	{ "enabled", T_BOOL, RO_RUN, 0, "New machines may be started." },
	{ "software_version", ANY_MAP, RO_RUN, 0,
	    "Versions of hypervisor, kernel and daemon." },
	{ "other_config", ANY_MAP, RW, STATES_ANY, "The owner's." },
	{ "tags", T_SET(T_STRING), RW, STATES_ANY, "Words of the owner's." },
	{ "capabilities", T_SET(T_STRING), RO_RUN, 0,
	    "Kinds of guests the hypervisor runs." },
	{ "cpu_configuration", ANY_MAP, RO_RUN, 0, "Processors." },
	{ "sched_policy", T_STRING, RO_RUN, 0, "The hypervisor's scheduler." },
	{ "supported_bootloaders", T_SET(T_STRING), RO_RUN, 0, "None so far." },
	{ "resident_VMs", T_SET(T_REF("VM")), RO_RUN, 0,
	    "Machines that run here." },
	{ "address", T_STRING, RO_RUN, 0, "Its host name." },
	{ "metrics", T_REF("host_metrics"), RO_RUN, 0, "Its figures." },
	{ "logging", ANY_MAP, RW, STATES_ANY, "Must be empty: see xld(8)." },
	{ "PIFs", T_SET(T_REF("PIF")), RO_RUN, 0, "Network interfaces." },
	{ "PBDs", T_SET(T_REF("PBD")), RO_RUN, 0, "Its repositories." },
	{ "suspend_image_sr", T_REF("SR"), RW, STATES_ANY,
	    "Must be null: images of suspended machines are in /var/lib/xld." },
	{ "crash_dump_sr", T_REF("SR"), RW, STATES_ANY, "Must be null." },
	{ "host_CPUs", T_SET(T_REF("host_cpu")), RO_RUN, 0, "Processors." },
	{ "resident_cpu_pools", T_SET(T_REF("cpu_pool")), RO_RUN, 0,
	    "Pools of them." },
	{ "PPCIs", T_SET(T_REF("PPCI")), RO_RUN, 0, "PCI functions." },
	{ "PCIs", T_SET(T_REF("PCI")), RO_RUN, 0, "The same." },
	{ "certificates", T_SET(T_REF("Certificate")), RO_RUN, 0,
	    "That of https, where it is spoken." },
	{ "PSCSIs", T_SET(T_REF("PSCSI")), RO_RUN, 0, "SCSI units." },
	{ "PSCSI_HBAs", T_SET(T_REF("PSCSI_HBA")), RO_RUN, 0,
	    "SCSI adapters." },
	{ .name = NULL },
};

#define HOST_ARG { "host", T_REF("host") }

#define END_ERRORS                                                             \
	ERRORS(XE(HOST_NOT_DISABLED), XE(HOST_IN_USE),                         \
	    XE(OTHER_OPERATION_IN_PROGRESS), XE(XLD_HELPER))
#define STAY_ERRORS                                                            \
	ERRORS(XE(NO_HOSTS_AVAILABLE), XE(OPERATION_BLOCKED),                  \
	    XE(VM_HAS_PCI_ATTACHED))

static const struct model_method methods[] = {
	{ "dmesg", T_STRING, { HOST_ARG }, ROLE_POOL_OPERATOR, STATES_ANY,
	    MM_READS, NULL, "What the hypervisor has written to its log." },
	{ "dmesg_clear", T_STRING, { HOST_ARG }, ROLE_POOL_OPERATOR, STATES_ANY,
	    MM_ASYNC, NULL, "The same, and the log is empty then." },
	{ "shutdown", T_VOID, { HOST_ARG }, ROLE_POOL_OPERATOR, STATES_ANY,
	    MM_ASYNC, END_ERRORS,
	    "The host goes down a second after the answer, by shutdown_command "
	    "of xld.conf(5). It must be disabled, and no machine may run." },
	{ "reboot", T_VOID, { HOST_ARG }, ROLE_POOL_OPERATOR, STATES_ANY,
	    MM_ASYNC, END_ERRORS,
	    "The same by reboot_command: it starts anew." },
	{ "evacuate", T_VOID,
	    { HOST_ARG, { "network", T_REF("network") },
		{ "evacuate_batch_size", T_INT } },
	    ROLE_POOL_OPERATOR, STATES_ANY, MM_ASYNC | MM_OPTIONAL(2),
	    STAY_ERRORS,
	    "Machines leave the host for others of the pool. There is no other: "
	    "it fails while a machine runs, for the reason of the first." },
	{ "assert_can_evacuate", T_VOID, { HOST_ARG }, ROLE_POOL_OPERATOR,
	    STATES_ANY, MM_READS, ERRORS(XE(CANNOT_EVACUATE_HOST)),
	    "Fails while a machine runs; the parameter has the reasons of all." },
	{ "get_vms_which_prevent_evacuation",
	    T_MAP(T_REF("VM"), T_SET(T_STRING)), { HOST_ARG }, ROLE_READ_ONLY,
	    STATES_ANY, MM_READS, NULL,
	    "Each machine that runs, and the error that keeps it from leaving." },
	{ "call_plugin", T_STRING,
	    { HOST_ARG, { "plugin", T_STRING }, { "fn", T_STRING },
		{ "args", ANY_MAP } },
	    ROLE_POOL_ADMIN, STATES_ANY, MM_ASYNC,
	    ERRORS(XE(XENAPI_MISSING_PLUGIN), XE(XENAPI_PLUGIN_FAILURE),
		XE(XLD_HELPER)),
	    "What a program of the owner's in domain 0 answers, see "
	    "xld.conf(5)." },
	{ "get_log", T_STRING, { HOST_ARG }, ROLE_POOL_OPERATOR, STATES_ANY,
	    MM_READS, NULL, "The newest part of the daemon's own log." },
	{ "send_debug_keys", T_VOID, { HOST_ARG, { "keys", T_STRING } },
	    ROLE_POOL_ADMIN, STATES_ANY, 0, NULL,
	    "As if the keys were typed on the hypervisor's console." },
	{ "disable", T_VOID, { HOST_ARG }, ROLE_POOL_OPERATOR, STATES_ANY,
	    MM_ASYNC, NULL, "No machine is started from now on." },
	{ "enable", T_VOID, { HOST_ARG }, ROLE_POOL_OPERATOR, STATES_ANY,
	    MM_ASYNC, NULL, "Machines may be started again." },
	{ "stop_guests", T_VOID, { HOST_ARG, { "timeout", T_INT } },
	    ROLE_POOL_OPERATOR, STATES_ANY, MM_ASYNC, NULL,
	    "Disables the host and ends all guests, those of the highest order "
	    "first, as their actions_at_host_stop say; each has so many seconds "
	    "(0: 300) before it is destroyed." },
	{ "look_at_peer", T_MAP(T_STRING, T_STRING),
	    { HOST_ARG, { "address", T_STRING } }, ROLE_POOL_ADMIN, STATES_ANY,
	    0, ERRORS(XE(XLD_PEER), XE(INVALID_VALUE)),
	    "The SHA-256 of this host's certificate (own) and of the one that "
	    "another shows at that address (peer), and whether that is trusted "
	    "here. Without an address only the first." },
	{ "trust_peer", T_VOID,
	    { HOST_ARG, { "address", T_STRING }, { "fingerprint", T_STRING } },
	    ROLE_POOL_ADMIN, STATES_ANY, 0,
	    ERRORS(XE(XLD_PEER), XE(INVALID_VALUE)),
	    "Machines may be moved to the host at that address, and come from "
	    "it, when its certificate has that SHA-256. One that was trusted "
	    "there before is not any more." },
	{ "distrust_peer", T_VOID, { HOST_ARG, { "peer", T_STRING } },
	    ROLE_POOL_ADMIN, STATES_ANY, 0, ERRORS(XE(INVALID_VALUE)),
	    "No machine comes from that host any more, nor goes there. It is "
	    "named by its address or by the SHA-256." },
	{ "list_peers", T_MAP(T_STRING, T_STRING), { HOST_ARG },
	    ROLE_POOL_OPERATOR, STATES_ANY, MM_READS, NULL,
	    "The hosts that are trusted: the SHA-256 of the certificate, and "
	    "the address." },
	{ "get_server_certificate", T_STRING, { HOST_ARG }, ROLE_READ_ONLY,
	    STATES_ANY, MM_READS, ERRORS(XE(OPERATION_NOT_ALLOWED)),
	    "The certificate of https and its chain, PEM." },
	{ "install_server_certificate", T_VOID,
	    { HOST_ARG, { "certificate", T_STRING },
		{ "private_key", T_STRING },
		{ "certificate_chain", T_STRING } },
	    ROLE_POOL_ADMIN, STATES_ANY, MM_ASYNC | MM_OPTIONAL(1),
	    ERRORS(XE(OPERATION_NOT_ALLOWED), XE(SERVER_CERTIFICATE_INVALID),
		XE(SERVER_CERTIFICATE_EXPIRED),
		XE(SERVER_CERTIFICATE_NOT_VALID_YET),
		XE(SERVER_CERTIFICATE_SIGNATURE_NOT_SUPPORTED),
		XE(SERVER_CERTIFICATE_KEY_INVALID),
		XE(SERVER_CERTIFICATE_KEY_MISMATCH),
		XE(SERVER_CERTIFICATE_KEY_RSA_LENGTH_NOT_SUPPORTED),
		XE(SERVER_CERTIFICATE_KEY_ALGORITHM_NOT_SUPPORTED),
		XE(SERVER_CERTIFICATE_CHAIN_INVALID)),
	    "https shows this certificate from now on, PEM, to new "
	    "connections." },
	{ "reset_server_certificate", T_VOID, { HOST_ARG }, ROLE_POOL_ADMIN,
	    STATES_ANY, MM_ASYNC, ERRORS(XE(OPERATION_NOT_ALLOWED)),
	    "The same with a new one that xld makes and signs itself." },
	{ "list_nodes", T_SET(ANY_MAP), { HOST_ARG }, ROLE_READ_ONLY,
	    STATES_ANY, MM_READS, NULL,
	    "Each NUMA node in their order: number, memory_total and "
	    "memory_free (bytes), distances (to each node, commas between)." },
	{ "list_usage", T_SET(ANY_MAP), { HOST_ARG }, ROLE_READ_ONLY,
	    STATES_ANY, MM_READS, NULL,
	    "What each domain uses: name, uuid, domid, state (letters of "
	    "xentop), cpu_ns, memory_kib, memory_max_kib (not for domain 0 "
	    "without a limit), vcpus, nets, net_sent and net_received (bytes), "
	    "vbds, vbd_waits, vbd_reads, vbd_writes, vbd_read_sectors, "
	    "vbd_written_sectors." },
	{ "list_settings", ANY_MAP, { HOST_ARG }, ROLE_POOL_OPERATOR,
	    STATES_ANY, MM_READS, NULL,
	    "The daemon's settings as they are in force; words have blanks "
	    "between." },
	{ "list_methods", T_SET(T_STRING), { { .name = NULL } }, ROLE_READ_ONLY,
	    STATES_ANY, MM_READS, NULL, "The names of all messages." },
	{ "get_servertime", T_DATETIME, { HOST_ARG }, ROLE_READ_ONLY,
	    STATES_ANY, MM_READS, NULL, "What its clock says." },
	{ "get_data_sources", T_SET(T_RECORD("data_source")), { HOST_ARG },
	    ROLE_READ_ONLY, STATES_ANY, MM_READS,
	    ERRORS(XE(OPERATION_NOT_ALLOWED)),
	    "What is recorded of it over time, see xld-api(8); sampling begins "
	    "with the question." },
	{ "query_data_source", T_FLOAT,
	    { HOST_ARG, { "data_source", T_STRING } }, ROLE_READ_ONLY,
	    STATES_ANY, MM_READS,
	    ERRORS(XE(INVALID_VALUE), XE(OPERATION_NOT_ALLOWED)),
	    "Its newest value; one that is not known is 0 in XML and null in "
	    "JSON." },
	{ "record_data_source", T_VOID,
	    { HOST_ARG, { "data_source", T_STRING } }, ROLE_POOL_OPERATOR,
	    STATES_ANY, 0,
	    ERRORS(XE(INVALID_VALUE), XE(OPERATION_NOT_ALLOWED)),
	    "One that was forgotten is recorded again." },
	{ "forget_data_source_archives", T_VOID,
	    { HOST_ARG, { "data_source", T_STRING } }, ROLE_POOL_OPERATOR,
	    STATES_ANY, 0,
	    ERRORS(XE(INVALID_VALUE), XE(OPERATION_NOT_ALLOWED)),
	    "What was recorded of it goes, and nothing more is." },
	{ .name = NULL },
};

const struct model_class model_host = {
	.name = "host",
	.fields = fields,
	.methods = methods,
	.flags = MC_ALL | MC_RECORD | MC_BY_UUID | MC_BY_NAME |
	    MC_OF_HOST,
	.keys = model_host_keys,
	.doc = "A physical machine.",
};

static const struct model_field metrics_fields[] = {
	{ "uuid", T_STRING, RO_RUN, 0, "Permanent identifier." },
	{ "memory_total", T_INT, RO_RUN, 0, "Memory of the machine, bytes." },
	{ "memory_free", T_INT, RO_RUN, 0, "Memory nobody has, bytes." },
	{ "last_updated", T_DATETIME, RO_RUN, 0, "When it was measured." },
	{ .name = NULL },
};

static const struct model_method no_methods[] = {
	{ .name = NULL },
};

const struct model_class model_host_metrics = {
	.name = "host_metrics",
	.fields = metrics_fields,
	.methods = no_methods,
	.flags = MC_ALL | MC_RECORD | MC_BY_UUID,
	.doc = "Figures of a host.",
};

static const struct model_field certificate_fields[] = {
	{ "uuid", T_STRING, RO_RUN, 0, "Of this certificate; another has another." },
	{ "name", T_STRING, RO_RUN, 0, "Empty." },
	{ "type", T_ENUM("certificate_type"), RO_RUN, 0, "host." },
	{ "host", T_REF("host"), RO_RUN, 0, "Who shows it." },
	{ "not_before", T_DATETIME, RO_RUN, 0, "It is good from then." },
	{ "not_after", T_DATETIME, RO_RUN, 0, "It is not any more." },
	{ "fingerprint", T_STRING, RO_RUN, 0, "SHA-256." },
	{ .name = NULL },
};

const struct model_class model_certificate = {
	.name = "Certificate",
	.fields = certificate_fields,
	.methods = no_methods,
	.flags = MC_ALL | MC_RECORD | MC_BY_UUID,
	.doc = "The certificate that the host shows at https.",
};

static const struct model_field source_fields[] = {
	{ "name_label", T_STRING, RO_RUN, 0, "What it is called." },
	{ "name_description", T_STRING, RO_RUN, 0, "What it measures." },
	{ "enabled", T_BOOL, RO_RUN, 0, "It is recorded." },
	{ "standard", T_BOOL, RO_RUN, 0, "It is, unless somebody forgets it." },
	{ "units", T_STRING, RO_RUN, 0, "Of its values." },
	{ "min", T_FLOAT, RO_RUN, 0, "The least it can be." },
	{ "max", T_FLOAT, RO_RUN, 0,
	    "The greatest; where there is no such, the greatest of all numbers." },
	{ "value", T_FLOAT, RO_RUN, 0, "The newest one." },
	{ .name = NULL },
};

const struct model_class model_data_source = {
	.name = "data_source",
	.fields = source_fields,
	.methods = no_methods,
	.doc = "What can be recorded of a host or a machine; it has no objects.",
};
