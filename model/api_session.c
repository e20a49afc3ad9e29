/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sessions and events: the classes that live in the API server. */
#include "domstate.h"
#include "errors.h"
#include "schema.h"

#define ERRORS(...)                                                            \
	(const char *const[])                                                  \
	{                                                                      \
		__VA_ARGS__, NULL                                              \
	}

static const struct model_field session_fields[] = {
	{ "uuid", T_STRING, RO_RUN, 0, "Permanent identifier." },
	{ "this_host", T_REF("host"), RO_RUN, 0, "The host of this login." },
	/* xend gives the name, where the specification has a reference. */
	{ "this_user", T_STRING, RO_RUN, 0, "Who has logged in." },
	{ "last_active", T_DATETIME, RO_RUN, 0, "When it was last used." },
	{ "pool", T_BOOL, RO_RUN, 0, "Between hosts of a pool: never." },
	{ "other_config", T_MAP(T_STRING, T_STRING), RO_RUN, 0, "Empty." },
	{ "is_local_superuser", T_BOOL, RO_RUN, 0,
	    "Root, over the local socket." },
	{ "validation_time", T_DATETIME, RO_RUN, 0,
	    "When the password was looked at." },
	{ "auth_user_sid", T_STRING, RO_RUN, 0,
	    "Who has logged in with a password." },
	{ "auth_user_name", T_STRING, RO_RUN, 0, "The same." },
	{ "rbac_permissions", T_SET(T_STRING), RO_RUN, 0,
	    "Messages its role may send; of a local superuser none are named, "
	    "who may send all." },
	{ "originator", T_STRING, RO_RUN, 0,
	    "What the client calls itself." },
	{ "client_certificate", T_BOOL, RO_RUN, 0,
	    "It began with a certificate: never." },
	{ .name = NULL },
};

#define LOGIN_ERRORS                                                           \
	ERRORS(XE(SESSION_AUTHENTICATION_FAILED),                              \
	    XE(SESSION_AUTHORIZATION_FAILED))

static const struct model_method session_methods[] = {
	{ "login_with_password", T_REF("session"),
	    { { "uname", T_STRING }, { "pwd", T_STRING },
		{ "version", T_STRING }, { "originator", T_STRING } },
	    ROLE_READ_ONLY, STATES_ANY,
	    MM_LOCAL | MM_NO_SESSION | MM_OPTIONAL(2), LOGIN_ERRORS,
	    "Begins a session. On the local socket the kernel says when root "
	    "calls, and the password is not looked at." },
	{ "slave_local_login_with_password", T_REF("session"),
	    { { "uname", T_STRING }, { "pwd", T_STRING } }, ROLE_READ_ONLY,
	    STATES_ANY, MM_LOCAL | MM_NO_SESSION, LOGIN_ERRORS,
	    "The same: there are no other hosts to ask." },
	{ "change_password", T_VOID,
	    { { "old_pwd", T_STRING }, { "new_pwd", T_STRING } },
	    ROLE_READ_ONLY, STATES_ANY, MM_LOCAL,
	    ERRORS(XE(SESSION_AUTHENTICATION_FAILED),
		XE(CHANGE_PASSWORD_REJECTED)),
	    "Another password for the user of the session, in the host's own "
	    "user database, through PAM. The old one must be right." },
	{ "local_logout", T_VOID, { { .name = NULL } }, ROLE_READ_ONLY,
	    STATES_ANY, MM_LOCAL, NULL, "As logout." },
	{ "get_all_subject_identifiers", T_SET(T_STRING), { { .name = NULL } },
	    ROLE_POOL_ADMIN, STATES_ANY, MM_LOCAL, NULL,
	    "Users who have logged in with a password." },
	{ "logout_subject_identifier", T_VOID,
	    { { "subject_identifier", T_STRING } }, ROLE_POOL_ADMIN, STATES_ANY,
	    MM_LOCAL, NULL,
	    "Ends all sessions of a user but the one that asks." },
	{ "logout", T_VOID, { { .name = NULL } }, ROLE_READ_ONLY, STATES_ANY, MM_LOCAL,
	    NULL, "Ends the session." },
	{ .name = NULL },
};

const struct model_class model_session = {
	.name = "session",
	.fields = session_fields,
	.methods = session_methods,
	.flags = MC_LOCAL | MC_RECORD | MC_BY_UUID,
	.doc = "A login.",
};

static const struct model_field event_fields[] = {
	{ "id", T_INT, RO_RUN, 0, "Rises by one with each event." },
	{ "timestamp", T_DATETIME, RO_RUN, 0, "When it happened." },
	{ "class", T_STRING, RO_RUN, 0, "Class of the object." },
	{ "operation", T_ENUM("event_operation"), RO_RUN, 0,
	    "Whether it came, changed or went." },
	{ "ref", T_STRING, RO_RUN, 0, "The object." },
	{ "obj_uuid", T_STRING, RO_RUN, 0, "Its uuid." },
	/* Ours; the modern interface has it. */
	{ "snapshot", T_MAP(T_STRING, T_STRING), RO_RUN, 0,
	    "The object's record after the change." },
	{ .name = NULL },
};

static const struct model_method event_methods[] = {
	{ "register", T_VOID, { { "classes", T_SET(T_STRING) } },
	    ROLE_READ_ONLY, STATES_ANY, MM_LOCAL, NULL,
	    "Events of these classes are kept for the session; an empty set "
	    "means all." },
	{ "unregister", T_VOID, { { "classes", T_SET(T_STRING) } },
	    ROLE_READ_ONLY, STATES_ANY, MM_LOCAL, NULL,
	    "No more events of these classes." },
	{ "from", T_MAP(T_STRING, T_STRING),
	    { { "classes", T_SET(T_STRING) }, { "token", T_STRING },
		{ "timeout", T_FLOAT } },
	    ROLE_READ_ONLY, STATES_ANY, MM_LOCAL,
	    ERRORS(XE(EVENTS_LOST), XE(EVENT_FROM_TOKEN_PARSE_FAILURE),
		XE(EVENT_SUBSCRIPTION_PARSE_FAILURE)),
	    "Waits until something has happened since the token, or the "
	    "timeout, and gives events, a new token and how many objects "
	    "there are. Classes are CLASS, CLASS/REF or *; an empty token gets "
	    "everything there is." },
	{ "inject", T_STRING, { { "class", T_STRING }, { "ref", T_STRING } },
	    ROLE_READ_ONLY, STATES_ANY, MM_LOCAL, ERRORS(XE(HANDLE_INVALID)),
	    "As if the object had changed; the token is of the time after "
	    "it." },
	{ "get_current_id", T_INT, { { .name = NULL } }, ROLE_READ_ONLY,
	    STATES_ANY, MM_LOCAL, NULL, "The number of the last event." },
	{ "next", T_SET(T_RECORD("event")), { { .name = NULL } }, ROLE_READ_ONLY,
	    STATES_ANY, MM_LOCAL,
	    ERRORS(XE(SESSION_NOT_REGISTERED), XE(EVENTS_LOST)),
	    "Waits until there are events and gives them all." },
	{ .name = NULL },
};

const struct model_class model_event = {
	.name = "event",
	.fields = event_fields,
	.methods = event_methods,
	.flags = MC_LOCAL,
	.doc = "Something that happened to an object.",
};
