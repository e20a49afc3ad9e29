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

static const char *const type_words[] = {
#define ROW(sym, word) word,
	DOM_TYPES(ROW)
#undef ROW
	    NULL,
};

static const struct model_enum enums[] = {
	{ "vm_power_state", power_words },
	/* XenAPI's two enums, each widened to all of xm's and xl's words. */
	{ "on_normal_exit", action_words },
	{ "on_crash_behaviour", action_words },
	{ "console_protocol", WORDS("vt100", "rfb", "rdp") },
	{ "event_operation", WORDS("add", "del", "mod") },
	{ "task_status_type",
	    WORDS("pending", "success", "failure", "cancelling", "cancelled") },
	{ "task_allowed_operations", WORDS("Cancel") },
	{ "domain_type", type_words },
	{ "vbd_mode", WORDS("RW", "RO") },
	{ "vbd_type", WORDS("Disk", "CD") },
	{ "vif_kind", WORDS("vif", "ioemu") },
	{ "vdi_type",
	    WORDS("user", "system", "ephemeral", "suspend", "crashdump") },
};

const struct model_enum *const model_enums[] = {
	&enums[0],
	&enums[1],
	&enums[2],
	&enums[3],
	&enums[4],
	&enums[5],
	&enums[6],
	&enums[7],
	&enums[8],
	&enums[9],
	&enums[10],
	&enums[11],
	NULL,
};
