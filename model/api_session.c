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
	{ .name = NULL },
};

static const struct model_method session_methods[] = {
	{ "login_with_password", T_REF("session"),
	    { { "uname", T_STRING }, { "pwd", T_STRING } }, ROLE_READ_ONLY,
	    STATES_ANY, MM_LOCAL | MM_NO_SESSION,
	    ERRORS(XE(SESSION_AUTHENTICATION_FAILED)),
	    "Begins a session. On the local socket the kernel says who calls, "
	    "and the password is not looked at." },
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
