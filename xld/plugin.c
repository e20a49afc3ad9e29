/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Programs that the host's owner has put into plugin_dir for clients to call, as
 * clients of XenServer call theirs. They run as root, so who could write one could do
 * anything: file and folder must be root's alone. What is called for a machine lies in
 * the folder vm, since it takes a lower role. How a program is spoken to, and what it
 * answers, is xld-plugin's to know.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "helper_ask.h"
#include "xld.h"
#include "xu_log.h"

#define PROGRAM	    XLD_LIBEXECDIR "/xld-plugin"
#define RUNNING_MAX 16
/* What xld-plugin lets a plugin say, and room for the rest. */
#define ANSWER_MAX  (4u << 20)
#define FOR_VMS	    "/vm"

struct plugin {
	struct xu_list all;
	struct call *call;
	struct helper_ask *ask;
	char name[128];
};

static void
drop(struct plugin *p)
{
	xu_list_remove(&p->all);
	free(p);
}

static void
failed(struct plugin *p, const struct xu_val *v)
{
	const struct xu_val *error = xu_val_get(v, "error");
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;

	xu_buf_addf(&b, "%s: %s: %.600s", p->call->method, p->name,
	    xu_val_get_str(v, "message", ""));
	call_fail_as(p->call, xu_val_copy(error), xu_buf_text(&b));
}

static void
told(void *arg, const struct xu_val *v, const char *why)
{
	struct plugin *p = arg;
	struct xu_err e = XU_ERR_INIT;

	if (v == NULL) {
		xu_err_set(&e, XE(XENAPI_PLUGIN_FAILURE), 0,
		    "%s: %s %s (plugin_seconds of xld.conf)", p->call->method,
		    p->name, why);
		xu_err_param(&e, "%s", why);
		call_fail(p->call, &e);
	} else if (xu_val_count(xu_val_get(v, "error")) > 0) {
		failed(p, v);
	} else {
		call_ok(p->call, xu_val_copy(xu_val_get(v, "ok")));
	}
	drop(p);
}

static void
cancelled(struct call *k)
{
	struct plugin *p = k->cancel_arg;

	helper_ask_drop(p->ask);
	call_refuse(k, XE(TASK_CANCELLED), task_ref(k->task),
	    "%s was killed", p->name);
	drop(p);
}

void
plugins_close(struct core *c)
{
	struct xu_list *i, *next;
	struct plugin *p;

	LIST_FOREACH_SAFE(i, next, &c->plugins) {
		p = xu_container_of(i, struct plugin, all);
		helper_ask_drop(p->ask);
		call_refuse(p->call, XE(XLD_STOPPING), "",
		    "the daemon is stopping; %s was killed", p->name);
		drop(p);
	}
}

/* ---- which program ---------------------------------------------------------------- */

/* Is it there? -1 with an error: others than root can write it. */
static int
is_safe(const char *path, mode_t type, struct xu_err *e)
{
	struct stat st;

	if (stat(path, &st) < 0 || (st.st_mode & S_IFMT) != type)
		return 0;
	if (st.st_uid == 0 && (st.st_mode & (S_IWGRP | S_IWOTH)) == 0)
		return 1;
	xu_err_set(e, XE(XLD_HELPER), 0, "%s is not run, since others than "
	    "root can write it: chown root and chmod go-w", path);
	xu_err_param(e, "%s", path);
	xu_err_param(e, "others than root can write it");
	return -1;
}

static bool
is_name(const char *name)
{
	return name[0] != '\0' && name[0] != '.' && strlen(name) < 100 &&
	    strchr(name, '/') == NULL;
}

/* Its path; NULL with an error. Caller frees. */
static char *
find(const struct call *k, const char *name, struct xu_err *e)
{
	const char *base = xu_val_str(xu_val_at(xu_val_get(k->core->conf,
	    "plugin_dir"), 0));
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	struct stat st;
	int r;

	xu_buf_adds(&b, base);
	r = is_name(name) && base[0] == '/' ?
	    is_safe(xu_buf_text(&b), S_IFDIR, e) : 0;
	if (r > 0 && k->guest != NULL) {
		xu_buf_adds(&b, FOR_VMS);
		r = is_safe(xu_buf_text(&b), S_IFDIR, e);
	}
	if (r > 0) {
		xu_buf_addf(&b, "/%s", name);
		r = is_safe(xu_buf_text(&b), S_IFREG, e);
	}
	if (r > 0 && stat(xu_buf_text(&b), &st) == 0 &&
	    (st.st_mode & S_IXUSR) != 0 && b.error == 0)
		return xu_buf_steal(&b);
	if (r >= 0) {
		xu_err_set(e, XE(XENAPI_MISSING_PLUGIN), 0,
		    "%s: there is no program '%.100s' in %s%s (plugin_dir of "
		    "xld.conf)", k->method, name, base,
		    k->guest != NULL ? FOR_VMS : "");
		xu_err_param(e, "%s", name);
	}
	return NULL;
}

/* ---- the call ------------------------------------------------------------------------ */

static struct xu_val *
question(const struct call *k, const char *path)
{
	struct xu_val *q = xu_struct(), *args;

	args = xu_val_copy(xu_val_at(k->params, 3));
	if (k->guest != NULL)
		xu_val_set(args, "vm_uuid", xu_str(k->guest->uuid));
	xu_val_set(q, "path", xu_str(path));
	xu_val_set(q, "function", xu_val_copy(xu_val_at(k->params, 2)));
	xu_val_set(q, "args", args);
	return q;
}

static bool
has_room(struct call *k)
{
	const struct xu_list *i;
	unsigned n = 0;

	LIST_FOREACH(i, &k->core->plugins)
		n++;
	if (n < RUNNING_MAX)
		return true;
	call_refuse(k, XE(XLD_TOO_MANY), "plugins",
	    "%s: %u plugins run already; try again", k->method, n);
	return false;
}

static void
call_plugin(struct call *k)
{
	const char *name = xu_val_str(xu_val_at(k->params, 1));
	struct xu_err e = XU_ERR_INIT;
	AUTO_FREE char *path = find(k, name, &e);
	AUTO_VAL struct xu_val *q = NULL;
	struct plugin *p;

	if (path == NULL) {
		call_fail(k, &e);
		return;
	}
	if (!has_room(k))
		return;
	q = question(k, path);
	p = calloc(1, sizeof(*p));
	if (p == NULL) {
		call_refuse(k, XE(XLD_NO_MEMORY), "", "%s", k->method);
		return;
	}
	p->call = k;
	snprintf(p->name, sizeof(p->name), "%s", name);
	p->ask = helper_ask(k->core->loop, PROGRAM, ANSWER_MAX,
	    1000 * (uint64_t)xu_val_get_int(k->core->conf, "plugin_seconds",
		300), q, told, p, &e);
	if (p->ask == NULL) {
		free(p);
		call_fail(k, &e);
		return;
	}
	xu_list_append(&k->core->plugins, &p->all);
	k->cancel = cancelled;
	k->cancel_arg = p;
}

const struct handler plugin_handlers[] = {
	{ "host.call_plugin", call_plugin },
	{ "VM.call_plugin", call_plugin },
	{ NULL, NULL },
};
