/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who did what: a line of JSON for each call that changes something, was refused
 * for the caller's role, began a session or took the logs away; also for those that failed. The file is
 * only ever appended to. Arguments are not in it but for the object's reference, so no
 * secret is.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "xld.h"
#include "xu_log.h"

#define AUDIT_FILE XLD_LOGDIR "/audit.log"

int
audit_open(struct core *c, struct xu_err *e)
{
	int fd = open(AUDIT_FILE, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC,
	    0600);

	if (fd < 0)
		return xu_err_set(e, XE(XLD_FILE), errno, "open %s",
		    AUDIT_FILE);
	if (c->audit_fd > 0)
		close(c->audit_fd);
	c->audit_fd = fd;
	return 0;
}

void
audit_close(struct core *c)
{
	if (c->audit_fd > 0)
		close(c->audit_fd);
	c->audit_fd = 0;
}

static bool
is_login(const struct call *k)
{
	return strncmp(k->method, "access.", 7) == 0;
}

/* Calls that the model does not have: what goes to a person, or comes from one. */
static bool
is_told_always(const char *method)
{
	static const char *const calls[] = { "console.open", "host.logs",
		"VDI.export", "VDI.import", "VM.export", "VM.import" };

	for (size_t i = 0; i < XU_ARRAY_SIZE(calls); i++)
		if (strcmp(method, calls[i]) == 0)
			return true;
	return false;
}

static bool
is_told(const struct call *k, const char *result)
{
	if (is_login(k) || is_told_always(k->method))
		return true;
	if (k->m.cls == NULL)
		return strcmp(result, "RBAC_PERMISSION_DENIED") == 0;
	return (k->m.flags & MM_READS) == 0 ||
	    strcmp(result, "RBAC_PERMISSION_DENIED") == 0;
}

/* What the call is about: what it made, else its first argument. */
static const char *
object_of(const struct call *k, const struct xu_val *made)
{
	if (k->m.cls == NULL)
		return is_login(k) ? "" :
				     xu_val_str(xu_val_at(k->params, 0));
	if (k->m.result != NULL && k->m.result->kind == MK_REF && made != NULL)
		return xu_val_str(made);
	return k->m.nargs > 0 && k->m.args[0].type->kind == MK_REF ?
	    xu_val_str(xu_val_at(k->params, 0)) : "";
}

void
audit(const struct call *k, const struct xu_val *made, const char *result)
{
	AUTO_VAL struct xu_val *now = NULL, *v = NULL;
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;

	if (k->core->audit_fd <= 0 || !is_told(k, result))
		return;
	now = xu_datetime(now_real());
	v = xu_struct();
	xu_val_set(v, "time", xu_str(xu_val_str(now)));
	xu_val_set(v, "request", xu_str(k->request));
	xu_val_set(v, "user", xu_str(is_login(k) ?
		xu_val_str(xu_val_at(k->params, 0)) :
		xu_val_get_str(k->msg, "user", "")));
	xu_val_set(v, "from", xu_str(xu_val_get_str(k->msg, "from", "")));
	xu_val_set(v, "call", xu_str(k->method));
	xu_val_set(v, "object", xu_str(object_of(k, made)));
	xu_val_set(v, "result", xu_str(result));
	if (k->task != NULL)
		xu_val_set(v, "task", xu_str(task_ref(k->task)));
	if (xu_val_to_json(v, false, &b) < 0)
		return;
	xu_buf_addc(&b, '\n');
	/* One write: lines stay whole, and a full disk stops nobody. */
	if (b.error != 0 || write(k->core->audit_fd, b.data, b.len) < 0)
		xu_log(XU_ERROR, "%s: %s", AUDIT_FILE, strerror(errno));
}
