/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The API's enums. */
#include "domstate.h"
#include "schema.h"

#define WORDS(...)                                                             \
	(const char *const[])                                                  \
	{                                                                      \
		__VA_ARGS__, NULL                                              \
	}

static const char *const power_words[] = {
#define ROW(sym, word) word,
	DOM_POWERS(ROW)
#undef ROW
	    NULL,
};

static const char *const action_words[] = {
#define ROW(sym, word, xm_word, core) word,
	DOM_ACTIONS(ROW)
#undef ROW
	    NULL,
};

static const char *const host_stop_words[] = {
#define ROW(sym, word) word,
	DOM_HOST_STOPS(ROW)
#undef ROW
	    NULL,
};

static const char *const type_words[] = {
#define ROW(sym, word) word,
	DOM_TYPES(ROW)
#undef ROW
	    NULL,
};

#define ENUM(...) (&(const struct model_enum) { __VA_ARGS__ })

const struct model_enum *const model_enums[] = {
	ENUM("vm_power_state", power_words),
	/* XenAPI's two enums, each widened to all of xm's and xl's words. */
	ENUM("on_normal_exit", action_words),
	ENUM("on_crash_behaviour", action_words),
	ENUM("on_host_stop", host_stop_words),
	ENUM("console_protocol", WORDS("vt100", "rfb", "rdp")),
	ENUM("event_operation", WORDS("add", "del", "mod")),
	ENUM("task_status_type",
	    WORDS("pending", "success", "failure", "cancelling", "cancelled")),
	ENUM("task_allowed_operations", WORDS("Cancel")),
	ENUM("domain_type", type_words),
	/* Names of messages, in XenAPI's words. Those from send_trigger on can be
	 * blocked alone: vm_allows.c has their messages, if there are any. */
	ENUM("vm_operations",
	    WORDS("start", "pause", "unpause", "clean_shutdown",
		"clean_reboot", "hard_shutdown", "hard_reboot", "clone", "copy",
		"provision", "destroy", "suspend", "resume", "snapshot",
		"revert", "send_trigger", "send_sysrq", "reverting", "export",
		"pool_migrate", "migrate_send", "changing_memory_limits",
		"changing_static_range", "changing_dynamic_range",
		"changing_VCPUs", "changing_VCPUs_live", "shutdown", "start_on",
		"resume_on")),
	ENUM("vbd_mode", WORDS("RW", "RO")),
	ENUM("vbd_type", WORDS("Disk", "CD")),
	ENUM("certificate_type", WORDS("ca", "host", "host_internal")),
	ENUM("vif_kind", WORDS("vif", "ioemu")),
	ENUM("bond_mode", WORDS("balance-slb", "active-backup", "lacp")),
	ENUM("ip_configuration_mode", WORDS("None", "DHCP", "Static")),
	/* What a message may be about. */
	ENUM("cls",
	    WORDS("VM", "Host", "SR", "Pool", "VMPP", "VMSS", "PVS_proxy", "VDI",
		"Certificate")),
	ENUM("vdi_type",
	    WORDS("user", "system", "ephemeral", "suspend", "crashdump")),
	NULL,
};
