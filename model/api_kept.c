/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What clients and the daemon leave for each other: messages, and secrets; and what
 * kinds of repositories there are. */
#include "errors.h"
#include "schema.h"

#define ERRORS(...)                                                            \
	(const char *const[])                                                  \
	{                                                                      \
		__VA_ARGS__, NULL                                              \
	}
#define FIELD(name, type, doc) { name, type, RO_RUN, 0, doc }
#define STRINGS T_MAP(T_STRING, T_STRING)
#define END { .name = NULL }

/* ---- message ------------------------------------------------------------------------ */

#define FOUND	T_MAP(T_REF("message"), T_RECORD("message"))
#define SELF	{ "self", T_REF("message") }
#define ABOUT	{ "cls", T_ENUM("cls") }, { "obj_uuid", T_STRING }
#define SINCE	{ "since", T_DATETIME }

static const struct model_field message_fields[] = {
	FIELD("uuid", T_STRING, "Permanent identifier."),
	FIELD("name", T_STRING,
	    "What it is: VM_STARTED, or whatever its maker calls it."),
	FIELD("priority", T_INT, "1, data is in danger, to 5, news."),
	FIELD("cls", T_ENUM("cls"), "Class of the object it is about."),
	FIELD("obj_uuid", T_STRING, "The object's uuid; it may have gone."),
	FIELD("timestamp", T_DATETIME, "When it was made."),
	FIELD("body", T_STRING, "What there is to say."),
	END,
};

static const struct model_method message_methods[] = {
	{ "create", T_REF("message"), { { "name", T_STRING },
	    { "priority", T_INT }, ABOUT, { "body", T_STRING } },
	    ROLE_POOL_OPERATOR, STATES_ANY, MM_ASYNC,
	    ERRORS(XE(UUID_INVALID), XE(VALUE_NOT_SUPPORTED)),
	    "Leaves a message; of more than 1000 the oldest go." },
	{ "destroy", T_VOID, { SELF }, ROLE_POOL_OPERATOR, STATES_ANY, MM_ASYNC,
	    NULL, "Takes it away." },
	{ "destroy_many", T_VOID, { { "messages", T_SET(T_REF("message")) } },
	    ROLE_POOL_OPERATOR, STATES_ANY, MM_ASYNC,
	    ERRORS(XE(HANDLE_INVALID)), "All of these, or none." },
	{ "get", FOUND, { ABOUT, SINCE }, ROLE_READ_ONLY, STATES_ANY, MM_READS,
	    ERRORS(XE(UUID_INVALID), XE(INVALID_VALUE)),
	    "Those about an object that were made after that time." },
	{ "get_since", FOUND, { SINCE }, ROLE_READ_ONLY, STATES_ANY, MM_READS,
	    ERRORS(XE(INVALID_VALUE)), "All that were made after that time." },
	END,
};

const struct model_class model_message = {
	.name = "message",
	.fields = message_fields,
	.methods = message_methods,
	.flags = MC_ALL | MC_RECORD | MC_BY_UUID,
	.doc = "What has happened to an object: machines have started, ended, "
	       "crashed; and what clients leave.",
};

/* ---- secret -------------------------------------------------------------------------- */

static const struct model_field secret_fields[] = {
	FIELD("uuid", T_STRING, "Permanent identifier."),
	{ "value", T_STRING, RW, STATES_ANY, "The secret, 4096 bytes at most." },
	{ "other_config", STRINGS, RW, STATES_ANY, "The owner's." },
	END,
};

static const struct model_method secret_methods[] = {
	{ "create", T_REF("secret"), { { "args", T_RECORD("secret") } },
	    ROLE_POOL_OPERATOR, STATES_ANY, MM_ASYNC,
	    ERRORS(XE(VALUE_NOT_SUPPORTED)),
	    "Keeps a value for whoever may read it; 1000 at most." },
	{ "destroy", T_VOID, { { "self", T_REF("secret") } },
	    ROLE_POOL_OPERATOR, STATES_ANY, MM_ASYNC, NULL, "Forgets it." },
	END,
};

const struct model_class model_secret = {
	.name = "secret",
	.fields = secret_fields,
	.methods = secret_methods,
	.flags = MC_ALL | MC_RECORD | MC_BY_UUID | MC_OF_HOST | MC_SECRET,
	.doc = "Passwords and the like that clients keep here instead of in "
	       "somebody's other_config. Events do not tell of them.",
};

/* ---- SM ----------------------------------------------------------------------------- */

static const struct model_field sm_fields[] = {
	FIELD("uuid", T_STRING, "Permanent identifier."),
	FIELD("name_label", T_STRING, "Its name."),
	FIELD("name_description", T_STRING, "What it is."),
	FIELD("type", T_STRING, "What SR.create takes as type."),
	FIELD("vendor", T_STRING, "xld."),
	FIELD("copyright", T_STRING, "Empty."),
	FIELD("version", T_STRING, "xld's."),
	FIELD("required_api_version", T_STRING, "Of a driver's interface: 1.0."),
	FIELD("configuration", STRINGS,
	    "Keys of device_config, and what each is."),
	FIELD("capabilities", T_SET(T_STRING), "The features' names."),
	FIELD("features", T_MAP(T_STRING, T_INT),
	    "What its disks can: VDI_CREATE, VDI_RESIZE, ..., all in version 1."),
	FIELD("other_config", STRINGS, "Empty."),
	FIELD("driver_filename", T_STRING, "Empty: xld does it itself."),
	FIELD("required_cluster_stack", T_SET(T_STRING), "None."),
	END,
};

static const struct model_method no_methods[] = { END };

const struct model_class model_sm = {
	.name = "SM",
	.fields = sm_fields,
	.methods = no_methods,
	.flags = MC_ALL | MC_RECORD | MC_BY_UUID | MC_BY_NAME,
	.doc = "Kinds of storage repositories.",
};
