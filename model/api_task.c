/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tasks: calls that go on after their answer. */
#include "domstate.h"
#include "errors.h"
#include "schema.h"

static const char *const cancel_errors[] = { XE(OPERATION_NOT_ALLOWED), NULL };
static const char *const create_errors[] = { XE(XLD_TOO_MANY), NULL };
static const char *const join_errors[] = { XE(XLD_TOO_MANY),
	XE(OPERATION_NOT_ALLOWED), NULL };

static const struct model_field fields[] = {
	{ "uuid", T_STRING, RO_RUN, 0, "Permanent identifier." },
	{ "name_label", T_STRING, RO_RUN, 0, "The message that was called, or its owner's words." },
	{ "name_description", T_STRING, RO_RUN, 0, "Free text." },
	{ "status", T_ENUM("task_status_type"), RO_RUN, 0, "How far it is." },
	{ "session", T_REF("session"), RO_RUN, 0, "Who began it." },
	{ "progress", T_INT, RO_RUN, 0, "0 to 100." },
	{ "type", T_STRING, RO_RUN, 0, "Class of a result that is a reference." },
	{ "result", T_STRING, RO_RUN, 0, "The result, once it has succeeded." },
	{ "error_info", T_SET(T_STRING), RO_RUN, 0,
	    "Code and parameters, once it has failed." },
	{ "allowed_operations", T_SET(T_ENUM("task_allowed_operations")),
	    RO_RUN, 0, "What may be asked of it now." },
	{ "created", T_DATETIME, RO_RUN, 0, "When it began." },
	{ "finished", T_DATETIME, RO_RUN, 0, "When it ended." },
	{ "other_config", T_MAP(T_STRING, T_STRING), RO_RUN, 0,
	    "step: what is being done; error_message: the failure as a "
	    "sentence." },
	{ .name = NULL },
};

static const struct model_method methods[] = {
	{ "cancel", T_VOID, { { "task", T_REF("task") } }, ROLE_VM_OPERATOR,
	    STATES_ANY, 0, cancel_errors,
	    "Asks it to stop; what it has done is undone." },
	{ "create", T_REF("task"), { { "label", T_STRING },
	    { "description", T_STRING } }, ROLE_VM_OPERATOR, STATES_ANY, 0,
	    create_errors,
	    "One that waits for a transfer by HTTP, which names it (task_id)." },
	{ "destroy", T_VOID, { { "self", T_REF("task") } }, ROLE_VM_OPERATOR,
	    STATES_ANY, 0, cancel_errors, "Forgets a task that has ended." },
	{ "join", T_RECORD("task"), { { "self", T_REF("task") } },
	    ROLE_VM_OPERATOR, STATES_ANY, 0, join_errors,
	    "Waits for its end and gives its last record; it is forgotten "
	    "soon after." },
	{ .name = NULL },
};

const struct model_class model_task = {
	.name = "task",
	.fields = fields,
	.methods = methods,
	.flags = MC_ALL | MC_RECORD | MC_BY_UUID | MC_BY_NAME,
	.doc = "A call that goes on after its answer.",
};
