/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Figures of devices and guests, and classes of which this release has no objects:
 * they answer truly that there are none, and who wants one is told why not.
 */
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
#define FIELD(name, type, doc) { name, type, RO_RUN, 0, doc }
#define END { .name = NULL }
#define READS (MC_ALL | MC_RECORD | MC_BY_UUID)

static const struct model_method no_methods[] = { END };

static const struct model_field guest_fields[] = {
	UUID,
	FIELD("os_version", STRINGS, "What the guest's agent says it runs."),
	FIELD("PV_drivers_version", STRINGS,
	    "major, minor, micro, build of its PV drivers' agent."),
	FIELD("memory", STRINGS, "free and total, KiB, as the agent says."),
	FIELD("disks", STRINGS, "None: nobody writes them."),
	FIELD("networks", STRINGS,
	    "Addresses of its interfaces: 0/ip, 0/ipv4/0, 0/ipv6/0."),
	FIELD("other", STRINGS,
	    "feature-* of its control folder: what its kernel answers."),
	FIELD("last_updated", T_DATETIME, "When this was read."),
	END,
};

const struct model_class model_vm_guest_metrics = {
	.name = "VM_guest_metrics",
	.fields = guest_fields,
	.methods = no_methods,
	.flags = READS,
	.doc = "What a guest says of itself; nobody checks it.",
};

static const struct model_field vbd_metrics_fields[] = {
	UUID,
	FIELD("io_read_kbs", T_FLOAT,
	    "KiB a second read since it was last asked."),
	FIELD("io_write_kbs", T_FLOAT, "The same written."),
	FIELD("last_updated", T_DATETIME, "When."),
	END,
};

const struct model_class model_vbd_metrics = {
	.name = "VBD_metrics",
	.fields = vbd_metrics_fields,
	.methods = no_methods,
	.flags = READS,
	.doc = "Figures of a machine's disk, as the kernel's backend has them.",
};

static const struct model_field pif_metrics_fields[] = {
	UUID,
	FIELD("io_read_kbs", T_FLOAT,
	    "KiB a second received since it was last asked."),
	FIELD("io_write_kbs", T_FLOAT, "The same sent."),
	FIELD("carrier", T_BOOL, "It has a link."),
	FIELD("pif", T_REF("PIF"), "Whose they are."),
	FIELD("last_updated", T_DATETIME, "When."),
	END,
};

const struct model_class model_pif_metrics = {
	.name = "PIF_metrics",
	.fields = pif_metrics_fields,
	.methods = no_methods,
	.flags = READS,
	.doc = "Figures of a network interface of the host.",
};

/* ---- no objects of these ------------------------------------------------------------ */

#define MAKE(cls)                                                              \
	{ "create", T_REF(cls), { { "args", T_RECORD(cls) } }, ROLE_VM_ADMIN,  \
	    STATES_ANY, MM_ASYNC, ERRORS(XE(NOT_IMPLEMENTED)),                 \
	    "Not in this release." }
#define FORGET(cls, role)                                                      \
	{ "destroy", T_VOID, { { "self", T_REF(cls) } }, role, STATES_ANY,     \
	    MM_ASYNC, NULL, "There is none." }

static const struct model_field crashdump_fields[] = {
	UUID,
	FIELD("VM", T_REF("VM"), "Which machine crashed."),
	FIELD("VDI", T_REF("VDI"), "Where its memory is."),
	END,
};
static const struct model_method crashdump_methods[] = {
	FORGET("crashdump", ROLE_VM_ADMIN),
	END,
};

const struct model_class model_crashdump = {
	.name = "crashdump",
	.fields = crashdump_fields,
	.methods = crashdump_methods,
	.flags = READS,
	.doc = "The memory of a machine when it crashed: none are made.",
};

static const struct model_field vtpm_fields[] = {
	UUID,
	{ "VM", T_REF("VM"), RO_INS, 0, "Whose it is." },
	{ "backend", T_REF("VM"), RO_INS, 0, "The domain behind it." },
	{ "other_config", STRINGS, RW, STATES_ANY, "The owner's." },
	FIELD("runtime_properties", STRINGS, "While attached."),
	END,
};
static const struct model_method vtpm_methods[] = {
	MAKE("VTPM"),
	FORGET("VTPM", ROLE_VM_ADMIN),
	END,
};

const struct model_class model_vtpm = {
	.name = "VTPM",
	.fields = vtpm_fields,
	.methods = vtpm_methods,
	.flags = READS,
	.doc = "A virtual TPM: there are none.",
};

static const struct model_field dscsi_fields[] = {
	UUID,
	{ "VM", T_REF("VM"), RO_INS, 0, "Whose it is." },
	{ "PSCSI", T_REF("PSCSI"), RO_INS, 0, "What it is." },
	FIELD("HBA", T_REF("DSCSI_HBA"), "Its adapter in the guest."),
	FIELD("virtual_host", T_INT, "Of the guest's address."),
	FIELD("virtual_channel", T_INT, "Of the guest's address."),
	FIELD("virtual_target", T_INT, "Of the guest's address."),
	FIELD("virtual_lun", T_INT, "Of the guest's address."),
	{ "virtual_HCTL", T_STRING, RO_INS, 0, "The same as text." },
	FIELD("runtime_properties", STRINGS, "While attached."),
	END,
};
static const struct model_method dscsi_methods[] = {
	MAKE("DSCSI"),
	FORGET("DSCSI", ROLE_POOL_ADMIN),
	END,
};

const struct model_class model_dscsi = {
	.name = "DSCSI",
	.fields = dscsi_fields,
	.methods = dscsi_methods,
	.flags = READS,
	.doc = "A SCSI unit that a machine has: there are none.",
};

static const struct model_field dhba_fields[] = {
	UUID,
	{ "VM", T_REF("VM"), RO_INS, 0, "Whose it is." },
	FIELD("PSCSI_HBAs", T_SET(T_REF("PSCSI_HBA")), "What is behind it."),
	FIELD("DSCSIs", T_SET(T_REF("DSCSI")), "Its units."),
	{ "virtual_host", T_INT, RO_INS, 0, "Its number in the guest." },
	{ "assignment_mode", T_STRING, RO_INS, 0, "HOST or VIRTUAL." },
	END,
};
static const struct model_method dhba_methods[] = {
	MAKE("DSCSI_HBA"),
	FORGET("DSCSI_HBA", ROLE_POOL_ADMIN),
	END,
};

const struct model_class model_dscsi_hba = {
	.name = "DSCSI_HBA",
	.fields = dhba_fields,
	.methods = dhba_methods,
	.flags = READS,
	.doc = "A SCSI adapter that a machine has: there are none.",
};

static const struct model_field policy_fields[] = {
	UUID,
	FIELD("repr", T_STRING, "The policy's text."),
	FIELD("type", T_INT, "0: none."),
	FIELD("flags", T_INT, "How it is in force."),
	END,
};
#define POLICY(name, result, ...)                                              \
	{ name, result, { __VA_ARGS__ }, ROLE_POOL_ADMIN, STATES_ANY,          \
	    MM_ASYNC, ERRORS(XE(NOT_IMPLEMENTED)),                             \
	    "Refused: no policies are managed here." }

static const struct model_method xspolicy_methods[] = {
	{ "get_xstype", T_INT, { END }, ROLE_READ_ONLY, STATES_ANY, MM_READS,
	    NULL, "Kinds of policies this host can have: 0, none." },
	{ "getenforce", T_INT, { END }, ROLE_READ_ONLY, STATES_ANY, MM_READS,
	    NULL, "Is a policy of Xen's own in force? 1: yes." },
	{ "get_resource_label", T_STRING, { { "resource", T_STRING } },
	    ROLE_READ_ONLY, STATES_ANY, MM_READS, NULL, "Always empty." },
	{ "get_labeled_resources", STRINGS, { END }, ROLE_READ_ONLY, STATES_ANY,
	    MM_READS, NULL, "None." },
	{ "get_xspolicy", STRINGS, { END }, ROLE_READ_ONLY, STATES_ANY,
	    MM_READS, NULL, "The state of the policy: none." },
	POLICY("set_xspolicy", STRINGS, { "type", T_INT }, { "repr", T_STRING },
	    { "flags", T_INT }, { "overwrite", T_BOOL }),
	POLICY("reset_xspolicy", STRINGS, { "type", T_INT }),
	POLICY("activate_xspolicy", T_INT, { "self", T_REF("XSPolicy") },
	    { "flags", T_INT }),
	POLICY("rm_xsbootpolicy", T_VOID, END),
	POLICY("set_resource_label", T_VOID, { "resource", T_STRING },
	    { "label", T_STRING }, { "old_label", T_STRING }),
	POLICY("can_run", T_INT, { "security_label", T_STRING }),
	POLICY("setenforce", T_INT, { "mode", T_INT }),
	END,
};

const struct model_class model_xspolicy = {
	.name = "XSPolicy",
	.fields = policy_fields,
	.methods = xspolicy_methods,
	.flags = READS,
	.doc = "A security policy managed here: there are none.",
};

static const struct model_field acm_fields[] = {
	UUID,
	FIELD("repr", T_STRING, "The policy's text."),
	FIELD("type", T_INT, "0: none."),
	FIELD("flags", T_INT, "How it is in force."),
	FIELD("xml", T_STRING, "Its source."),
	FIELD("map", T_STRING, "Its labels."),
	FIELD("binary", T_STRING, "Its form for Xen."),
	FIELD("header", STRINGS, "What it says of itself."),
	END,
};
static const struct model_method acm_methods[] = {
	POLICY("get_enforced_binary", T_STRING,
	    { "self", T_REF("ACMPolicy") }),
	POLICY("get_VM_ssidref", T_INT, { "vm", T_REF("VM") }),
	END,
};

const struct model_class model_acmpolicy = {
	.name = "ACMPolicy",
	.fields = acm_fields,
	.methods = acm_methods,
	.flags = READS,
	.doc = "A policy of a module that Xen no longer has: there are none.",
};
