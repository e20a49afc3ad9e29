/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the host is made of: processors, their pools, PCI and SCSI devices. */
#include "domstate.h"
#include "errors.h"
#include "schema.h"

#define STRINGS T_MAP(T_STRING, T_STRING)
#define ERRORS(...)                                                            \
	(const char *const[])                                                  \
	{                                                                      \
		__VA_ARGS__, NULL                                              \
	}
#define UUID { "uuid", T_STRING, RO_RUN, 0, "Permanent identifier." }
#define HOST { "host", T_REF("host"), RO_RUN, 0, "This host." }
#define INT(name, doc)	{ name, T_INT, RO_RUN, 0, doc }
#define TEXT(name, doc) { name, T_STRING, RO_RUN, 0, doc }
#define END { .name = NULL }

static const struct model_method no_methods[] = { END };

static const struct model_field cpu_fields[] = {
	UUID,
	HOST,
	INT("number", "Its number in Xen."),
	INT("core", "Which of its socket's cores it is in."),
	INT("socket", "Which it is in."),
	INT("node", "Whose memory is near."),
	TEXT("vendor", "Who made it."),
	INT("speed", "MHz."),
	TEXT("modelname", "What it calls itself."),
	TEXT("stepping", "Of the model."),
	TEXT("flags", "Features by name."),
	TEXT("features", "The same as Xen's words of 32 bits."),
	{ "utilisation", T_FLOAT, RO_RUN, 0,
	    "Part of the time it was busy since it was last asked, 0 to 1." },
	{ "cpu_pool", T_SET(T_REF("cpu_pool")), RO_RUN, 0,
	    "The pool that has it; none: it is free." },
	END,
};

static const struct model_method cpu_methods[] = {
	{ "get_unassigned_cpus", T_SET(T_REF("host_cpu")), { END },
	    ROLE_READ_ONLY, STATES_ANY, MM_READS, NULL,
	    "Those that are in no pool." },
	END,
};

const struct model_class model_host_cpu = {
	.name = "host_cpu",
	.fields = cpu_fields,
	.methods = cpu_methods,
	.flags = MC_ALL | MC_RECORD | MC_BY_UUID,
	.doc = "A processor of the host.",
};

static const struct model_field pool_fields[] = {
	UUID,
	{ "name_label", T_STRING, RW, STATES_ANY, "Its name, unique here." },
	{ "name_description", T_STRING, RW, STATES_ANY, "Free text." },
	{ "resident_on", T_REF("host"), RO_RUN, 0, "This host." },
	{ "auto_power_on", T_BOOL, RW, STATES_ANY, "Activated with the host." },
	{ "started_VMs", T_SET(T_REF("VM")), RO_RUN, 0, "Machines in it." },
	{ "ncpu", T_INT, RW, STATES_ANY, "Processors it wants when activated." },
	{ "sched_policy", T_STRING, RW, STATES_ANY,
	    "credit, credit2, rtds, null; empty: as pool 0 has it." },
	{ "sched_params", STRINGS, RO_RUN, 0,
	    "Numbers of its scheduler while it is activated: tslice_ms, "
	    "ratelimit_us, migration_delay_us (credit), ratelimit_us "
	    "(credit2)." },
	{ "proposed_CPUs", T_SET(T_STRING), RW, STATES_ANY,
	    "Numbers of the processors it wants; others make up to ncpu." },
	{ "host_CPUs", T_SET(T_REF("host_cpu")), RO_RUN, 0,
	    "Those it has now." },
	{ "activated", T_BOOL, RO_RUN, 0, "Xen has it." },
	INT("pool_id", "Its number in Xen, -1 when it is not activated."),
	{ "other_config", STRINGS, RW, STATES_ANY, "The owner's." },
	END,
};

#define POOL { "self", T_REF("cpu_pool") }
#define CPU  { "host_cpu", T_REF("host_cpu") }

static const struct model_method pool_methods[] = {
	{ "create", T_REF("cpu_pool"), { { "args", T_RECORD("cpu_pool") } },
	    ROLE_POOL_OPERATOR, STATES_ANY, MM_ASYNC,
	    ERRORS(XE(UNIQUE_NAME_ERROR), XE(VALUE_NOT_SUPPORTED),
		XE(UNKOWN_SCHED_POLICY)),
	    "A pool that is kept, not yet activated." },
	{ "destroy", T_VOID, { POOL }, ROLE_POOL_OPERATOR, STATES_ANY, MM_ASYNC,
	    ERRORS(XE(POOL_BAD_STATE)), "Forgets one that is not activated." },
	{ "activate", T_VOID, { POOL }, ROLE_POOL_OPERATOR, STATES_ANY,
	    MM_ASYNC,
	    ERRORS(XE(POOL_BAD_STATE), XE(INSUFFICIENT_CPUS),
		XE(UNKOWN_SCHED_POLICY), XE(XLD_HYPERCALL)),
	    "Xen has it, with its processors." },
	{ "deactivate", T_VOID, { POOL }, ROLE_POOL_OPERATOR, STATES_ANY,
	    MM_ASYNC, ERRORS(XE(POOL_BAD_STATE), XE(XLD_HYPERCALL)),
	    "Its processors are free; no machine may be in it." },
	{ "add_host_CPU_live", T_VOID, { POOL, CPU }, ROLE_POOL_OPERATOR,
	    STATES_ANY, MM_ASYNC, ERRORS(XE(POOL_BAD_STATE), XE(INVALID_CPU)),
	    "It gets a free processor." },
	{ "remove_host_CPU_live", T_VOID, { POOL, CPU }, ROLE_POOL_OPERATOR,
	    STATES_ANY, MM_ASYNC,
	    ERRORS(XE(POOL_BAD_STATE), XE(INVALID_CPU),
		XE(LAST_CPU_NOT_REMOVEABLE)),
	    "The processor is free then." },
	{ "set_sched_params_live", T_VOID, { POOL, { "params", STRINGS } },
	    ROLE_POOL_OPERATOR, STATES_ANY, MM_ASYNC,
	    ERRORS(XE(POOL_BAD_STATE), XE(VALUE_NOT_SUPPORTED),
		XE(XLD_HYPERCALL)),
	    "Some of sched_params, until it is deactivated." },
	{ "add_to_proposed_CPUs", T_VOID, { POOL, { "cpu", T_INT } },
	    ROLE_POOL_OPERATOR, STATES_ANY, MM_ASYNC,
	    ERRORS(XE(POOL_BAD_STATE), XE(VALUE_NOT_SUPPORTED)),
	    "One more number for its next activation." },
	{ "remove_from_proposed_CPUs", T_VOID, { POOL, { "cpu", T_INT } },
	    ROLE_POOL_OPERATOR, STATES_ANY, MM_ASYNC,
	    ERRORS(XE(POOL_BAD_STATE)), "One less." },
	END,
};

const struct model_class model_cpu_pool = {
	.name = "cpu_pool",
	.fields = pool_fields,
	.methods = pool_methods,
	.flags = MC_ALL | MC_RECORD | MC_BY_UUID | MC_BY_NAME |
	    MC_OF_HOST,
	.doc = "Processors that machines share under one scheduler.",
};

static const struct model_field ppci_fields[] = {
	UUID,
	HOST,
	INT("domain", "Of its address."),
	INT("bus", "Of its address."),
	INT("slot", "Of its address."),
	INT("func", "Of its address."),
	TEXT("name", "0000:00:1f.2"),
	INT("vendor_id", "Who made it."),
	TEXT("vendor_name", "The same as in pci.ids."),
	INT("device_id", "What it is."),
	TEXT("device_name", "The same as in pci.ids."),
	INT("revision_id", "Of the device."),
	INT("class_code", "What it does."),
	TEXT("class_name", "The same as in pci.ids."),
	INT("subsystem_vendor_id", "Who made the card."),
	TEXT("subsystem_vendor_name", "The same as in pci.ids."),
	INT("subsystem_id", "What card it is."),
	TEXT("subsystem_name", "The same as in pci.ids."),
	TEXT("driver", "Of domain 0 that has it; empty: none."),
	{ "assignable", T_BOOL, RO_RUN, 0, "pciback has it: guests can get it." },
	TEXT("assignable_name", "The owner's name of it while it is."),
	{ "assigned_to", T_REF("VM"), RO_RUN, 0,
	    "The running machine that has it, or null." },
	END,
};

#define PPCI_ARG { "self", T_REF("PPCI") }

static const struct model_method ppci_methods[] = {
	{ "make_assignable", T_VOID, { PPCI_ARG, { "name", T_STRING } },
	    ROLE_POOL_ADMIN, STATES_ANY, MM_ASYNC,
	    ERRORS(XE(XLD_DEVICE), XE(XLD_FILE), XE(VALUE_NOT_SUPPORTED)),
	    "pciback gets it from its driver in domain 0, which is "
	    "remembered. The name (or \"\") is the owner's." },
	{ "make_unassignable", T_VOID, { PPCI_ARG, { "rebind", T_BOOL } },
	    ROLE_POOL_ADMIN, STATES_ANY, MM_ASYNC,
	    ERRORS(XE(XLD_DEVICE), XE(XLD_FILE), XE(OPERATION_NOT_ALLOWED)),
	    "pciback lets go of it; rebind: its former driver has it then." },
	END,
};

const struct model_class model_ppci = {
	.name = "PPCI",
	.fields = ppci_fields,
	.methods = ppci_methods,
	.flags = MC_ALL | MC_RECORD | MC_BY_UUID,
	.doc = "A PCI function of the host.",
};

static const struct model_field pci_fields[] = {
	UUID,
	TEXT("class_name", "What it does; empty, as the other names: pci.ids has "
	    "none, or the host has no such file."),
	TEXT("vendor_name", "Who made it."),
	TEXT("device_name", "What it is."),
	HOST,
	TEXT("pci_id", "Its address: 0000:00:1f.2"),
	{ "functions", T_INT, RO_RUN, 0, "So many are in its slot." },
	{ "dependencies", T_SET(T_REF("PCI")), RO_RUN, 0,
	    "The others of its slot." },
	{ "other_config", STRINGS, RW, STATES_ANY, "The owner's." },
	TEXT("subsystem_vendor_name", "Who made the card."),
	TEXT("subsystem_device_name", "What card it is."),
	TEXT("driver_name", "Of domain 0 that has it; empty: none."),
	END,
};

const struct model_class model_pci = {
	.name = "PCI",
	.fields = pci_fields,
	.methods = no_methods,
	.flags = MC_ALL | MC_RECORD | MC_BY_UUID | MC_OF_HOST,
	.keys = model_host_keys,
	.doc = "A PCI function of the host, as later clients know it.",
};

static const struct model_field dpci_fields[] = {
	UUID,
	{ "VM", T_REF("VM"), RO_INS, 0, "Whose it is." },
	{ "PPCI", T_REF("PPCI"), RO_INS, 0, "What it is." },
	TEXT("address", "The same as text: 0000:00:1f.2"),
	{ "hotplug_slot", T_INT, RO_INS, 0,
	    "Slot the guest is to see, 0: any. PV guests do not mind." },
	INT("virtual_domain", "Of the guest's address."),
	INT("virtual_bus", "Of the guest's address."),
	INT("virtual_slot", "Of the guest's address."),
	INT("virtual_func", "Of the guest's address."),
	TEXT("virtual_name", "The same as text; empty: not known."),
	{ "key", T_STRING, RO_INS, 0, "The owner's." },
	{ "options", STRINGS, RO_INS, 0,
	    "0 or 1: permissive (the guest may write to all of its "
	    "configuration space), seize (it is taken from its driver in domain "
	    "0), msitranslate, power_mgmt (for HVM guests)." },
	{ "currently_attached", T_BOOL, RO_RUN, 0,
	    "A running guest has it now." },
	{ "runtime_properties", STRINGS, RO_RUN, 0, "While attached." },
	END,
};

#define DPCI_ARG { "self", T_REF("DPCI") }
#define DEVICE	 ERRORS(XE(XLD_DEVICE), XE(XLD_TIMEOUT))

static const struct model_method dpci_methods[] = {
	{ "create", T_REF("DPCI"), { { "args", T_RECORD("DPCI") } },
	    ROLE_POOL_ADMIN, STATES_ANY, MM_ASYNC,
	    ERRORS(XE(DEVICE_ALREADY_EXISTS), XE(VALUE_NOT_SUPPORTED),
		XE(XLD_DEVICE), XE(XLD_TIMEOUT), XE(XLD_TOO_MANY)),
	    "A PCI function for a machine; a running one has it when this "
	    "ends." },
	{ "destroy", T_VOID, { DPCI_ARG }, ROLE_POOL_ADMIN, STATES_ANY,
	    MM_ASYNC, DEVICE, "The guest lets go of it." },
	{ "destroy_force", T_VOID, { DPCI_ARG }, ROLE_POOL_ADMIN, STATES_ANY,
	    MM_ASYNC, DEVICE, "The same, whatever the guest does with it; of "
	    "the last function only." },
	END,
};

const struct model_class model_dpci = {
	.name = "DPCI",
	.fields = dpci_fields,
	.methods = dpci_methods,
	.flags = MC_ALL | MC_RECORD | MC_BY_UUID,
	.doc = "A PCI function of the host that a machine has.",
};

static const struct model_field pscsi_fields[] = {
	UUID,
	HOST,
	{ "HBA", T_REF("PSCSI_HBA"), RO_RUN, 0, "Its adapter." },
	INT("physical_host", "Of its address."),
	INT("physical_channel", "Of its address."),
	INT("physical_target", "Of its address."),
	INT("physical_lun", "Of its address."),
	TEXT("physical_HCTL", "0:0:0:0"),
	TEXT("vendor_name", "Who made it."),
	TEXT("model", "What it calls itself."),
	INT("type_id", "SCSI's number of its type."),
	TEXT("type", "The same as a word."),
	TEXT("dev_name", "Its block device: sda."),
	TEXT("sg_name", "Its generic device: sg0."),
	TEXT("revision", "Of the device."),
	TEXT("scsi_id", "Its identity (WWID)."),
	INT("scsi_level", "Of the protocol."),
	END,
};

const struct model_class model_pscsi = {
	.name = "PSCSI",
	.fields = pscsi_fields,
	.methods = no_methods,
	.flags = MC_ALL | MC_RECORD | MC_BY_UUID,
	.doc = "A SCSI unit of the host.",
};

static const struct model_field hba_fields[] = {
	UUID,
	HOST,
	INT("physical_host", "Its number."),
	{ "PSCSIs", T_SET(T_REF("PSCSI")), RO_RUN, 0, "Units behind it." },
	END,
};

const struct model_class model_pscsi_hba = {
	.name = "PSCSI_HBA",
	.fields = hba_fields,
	.methods = no_methods,
	.flags = MC_ALL | MC_RECORD | MC_BY_UUID,
	.doc = "A SCSI adapter of the host.",
};
