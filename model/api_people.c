/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who may use the API: xld.conf(5) says it, and it is changed there. */
#include "domstate.h"
#include "errors.h"
#include "schema.h"

#define STRINGS T_MAP(T_STRING, T_STRING)
#define UUID	{ "uuid", T_STRING, RO_RUN, 0, "Permanent identifier." }
#define REFUSED	(const char *const[]) { XE(NOT_IMPLEMENTED), NULL }
#define READS	(MC_ALL | MC_RECORD | MC_BY_UUID)

static const struct model_method no_methods[] = {
	{ .name = NULL },
};

static const struct model_field role_fields[] = {
	UUID,
	{ "name_label", T_STRING, RO_RUN, 0, "Its name: pool-admin." },
	{ "name_description", T_STRING, RO_RUN, 0, "What it allows." },
	{ "subroles", T_SET(T_REF("role")), RO_RUN, 0,
	    "Lesser roles, whose messages it may send, too." },
	{ "is_internal", T_BOOL, RO_RUN, 0, "No user can have it: false." },
	{ .name = NULL },
};

static const struct model_method role_methods[] = {
	{ "get_permissions", T_SET(T_STRING), { { "self", T_REF("role") } },
	    ROLE_READ_ONLY, STATES_ANY, MM_READS, NULL,
	    "Messages that it may send." },
	{ .name = NULL },
};

const struct model_class model_role = {
	.name = "role",
	.fields = role_fields,
	.methods = role_methods,
	.flags = READS | MC_BY_NAME,
	.doc = "What somebody may do.",
};

static const struct model_field subject_fields[] = {
	UUID,
	{ "subject_identifier", T_STRING, RO_RUN, 0,
	    "Name of a user, or of a group with an @ before it." },
	{ "other_config", STRINGS, RO_RUN, 0,
	    "subject-name, subject-is-group." },
	{ "roles", T_SET(T_REF("role")), RO_RUN, 0, "The one that counts." },
	{ .name = NULL },
};

const struct model_class model_subject = {
	.name = "subject",
	.fields = subject_fields,
	.methods = no_methods,
	.flags = READS,
	.doc = "Somebody who has a role.",
};

static const struct model_field user_fields[] = {
	UUID,
	{ "short_name", T_STRING, RO_RUN, 0, "The name to log in with." },
	{ "fullname", T_STRING, RW, STATES_ANY,
	    "The host's name for the user; setting it is refused." },
	{ "other_config", STRINGS, RO_RUN, 0, "Empty." },
	{ .name = NULL },
};

static const struct model_method user_methods[] = {
	{ "create", T_REF("user"), { { "args", T_RECORD("user") } },
	    ROLE_POOL_ADMIN, STATES_ANY, MM_ASYNC, REFUSED,
	    "Refused: users are the host's, and xld.conf(5) gives them roles." },
	{ "destroy", T_VOID, { { "self", T_REF("user") } }, ROLE_POOL_ADMIN,
	    STATES_ANY, MM_ASYNC, REFUSED, "The same." },
	{ .name = NULL },
};

const struct model_class model_user = {
	.name = "user",
	.fields = user_fields,
	.methods = user_methods,
	.flags = READS | MC_OF_HOST,
	.doc = "A user who is named in the settings.",
};
