/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The host goes down or starts anew, by a command of its owner's (xld.conf), and who
 * would have to leave it before. The command runs a moment after the call's answer:
 * a client shall hear that before its connection goes.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dev.h"
#include "tool.h"
#include "vm_allows.h"
#include "xld.h"
#include "xu_log.h"

#define MOMENT_MS 1000
/* The command asks for the end; it does not wait for it. */
#define COMMAND_S 60

struct host_end {
	struct core *core;
	const char *setting;
	uv_timer_t timer;
};

/* ---- who is here ------------------------------------------------------------------ */

/* Those of others, too. */
static bool
is_resident(const struct guest *g)
{
	return g->domid > 0 && (g->info.flags & XC_DOMINF_DYING) == 0;
}

/* Something is made of it or done to it, or it runs. */
static struct guest *
first_user(struct core *c)
{
	struct xu_list *l;
	struct guest *g;

	LIST_FOREACH(l, &c->guests) {
		g = xu_container_of(l, struct guest, all);
		if (is_resident(g) || g->op != OP_NONE)
			return g;
	}
	return NULL;
}

static bool
has_pci(const struct guest *g)
{
	struct xu_list *l;

	LIST_FOREACH(l, &g->devs)
		if (xu_container_of(l, struct dev, all)->cls == &pci_class)
			return true;
	return false;
}

/* What keeps a machine from leaving; here there is always something, since a host
 * is a pool of its own. */
static void
why_it_stays(const struct guest *g, struct xu_err *e)
{
	const struct xu_val *blocked;
	static const char *const words[] = { "pool_migrate", "migrate_send" };

	blocked = xu_val_get(g->config, "blocked_operations");
	for (size_t i = 0; i < XU_ARRAY_SIZE(words); i++)
		if (vm_is_blocked(g, words[i])) {
			xu_err_set(e, XE(OPERATION_BLOCKED), 0,
			    "'%s' is protected from %s", guest_name(g),
			    words[i]);
			xu_err_param(e, "%s", g->uuid);
			xu_err_param(e, "%s",
			    xu_val_get_str(blocked, words[i], ""));
			return;
		}
	if (has_pci(g)) {
		xu_err_set(e, XE(VM_HAS_PCI_ATTACHED), 0,
		    "'%s' has a PCI function of this host", guest_name(g));
		xu_err_param(e, "%s", g->uuid);
		return;
	}
	xu_err_set(e, XE(NO_HOSTS_AVAILABLE), 0,
	    "'%s' runs here and the pool has no other host: xm migrate moves it "
	    "to one that is trusted, xm shutdown ends it", guest_name(g));
}

static void
vms_which_prevent(struct call *k)
{
	struct xu_val *v = xu_struct();
	struct xu_list *l;
	struct guest *g;

	LIST_FOREACH(l, &k->core->guests) {
		struct xu_err e = XU_ERR_INIT;

		g = xu_container_of(l, struct guest, all);
		if (!is_resident(g))
			continue;
		why_it_stays(g, &e);
		xu_val_set(v, g->uuid, err_description(&e));
	}
	call_ok(k, v);
}

/* All reasons in one text, as clients take it apart: commas in one, | between. */
static void
assert_can_evacuate(struct call *k)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	struct xu_list *l;
	struct guest *g;

	LIST_FOREACH(l, &k->core->guests) {
		struct xu_err e = XU_ERR_INIT;

		g = xu_container_of(l, struct guest, all);
		if (!is_resident(g))
			continue;
		why_it_stays(g, &e);
		xu_buf_addf(&b, "%s%s", b.len > 0 ? "|" : "", e.code);
		for (int i = 0; i < e.nparams; i++)
			xu_buf_addf(&b, ",%s", e.params[i]);
	}
	if (b.len == 0)
		call_ok(k, NULL);
	else
		call_refuse(k, XE(CANNOT_EVACUATE_HOST), xu_buf_text(&b),
		    "%s: machines run here that cannot go elsewhere: %.300s",
		    k->method, xu_buf_text(&b));
}

static void
evacuate(struct call *k)
{
	struct xu_err e = XU_ERR_INIT;
	struct xu_list *l;
	struct guest *g;

	LIST_FOREACH(l, &k->core->guests) {
		g = xu_container_of(l, struct guest, all);
		if (!is_resident(g))
			continue;
		why_it_stays(g, &e);
		call_fail(k, &e);
		return;
	}
	call_ok(k, NULL);
}

/* ---- its end ----------------------------------------------------------------------- */

static void
timer_closed(uv_handle_t *h)
{
	free(h->data);
}

void
host_end_close(struct core *c)
{
	if (c->host_end == NULL)
		return;
	uv_close((uv_handle_t *)&c->host_end->timer, timer_closed);
	c->host_end = NULL;
}

static void
command_done(void *arg, const char *out XU_UNUSED, const struct xu_err *e)
{
	struct core *c = arg;

	if (e != NULL)
		xu_log_err(XU_ERROR, e);
	host_end_close(c);
}

static int
run_command(struct core *c, const char *setting, struct xu_err *e)
{
	const struct xu_val *words = xu_val_get(c->conf, setting);
	size_t n = xu_val_count(words);
	AUTO_FREE char **argv = calloc(n + 1, sizeof(*argv));

	if (argv == NULL)
		return xu_err_set(e, XE(XLD_NO_MEMORY), ENOMEM, "run %s",
		    setting);
	for (size_t i = 0; i < n; i++)
		argv[i] = (char *)(uintptr_t)xu_val_str(xu_val_at(words, i));
	xu_log(XU_NOTICE, "%s is run: %s", setting, argv[0]);
	return tool_run(c->loop, argv[0], argv, COMMAND_S, command_done, c, e);
}

/* Somebody may have enabled the host since, and started a machine. */
static void
moment_over(uv_timer_t *t)
{
	struct host_end *h = t->data;
	struct core *c = h->core;
	struct xu_err e = XU_ERR_INIT;
	const char *setting = h->setting;

	scan(c);
	if (!c->disabled || first_user(c) != NULL) {
		xu_log(XU_ERROR, "%s is not run: the host is in use again",
		    setting);
		host_end_close(c);
	} else if (run_command(c, setting, &e) < 0) {
		xu_log_err(XU_ERROR, &e);
		host_end_close(c);
	}
}

/* False: the call was refused. */
static bool
may_end(struct call *k)
{
	struct core *c = k->core;
	struct xu_err e = XU_ERR_INIT;
	struct guest *g;

	if (c->host_end != NULL) {
		xu_err_set(&e, XE(OTHER_OPERATION_IN_PROGRESS), 0,
		    "%s: the host is going down already", k->method);
		xu_err_param(&e, "host");
		xu_err_param(&e, "%s", c->host_uuid);
	} else if (!c->disabled) {
		xu_err_set(&e, XE(HOST_NOT_DISABLED), 0,
		    "%s: the host may still start machines; host.disable ends "
		    "that", k->method);
	} else if ((g = first_user(c)) != NULL) {
		xu_err_set(&e, XE(HOST_IN_USE), 0,
		    "%s: '%s' runs or is worked on; host.stop_guests ends all",
		    k->method, guest_name(g));
		xu_err_param(&e, "%s", c->host_uuid);
		xu_err_param(&e, "VM");
		xu_err_param(&e, "%s", g->uuid);
	} else {
		return true;
	}
	call_fail(k, &e);
	return false;
}

static bool
can_run(struct call *k, const char *setting)
{
	const char *path = xu_val_str(xu_val_at(xu_val_get(k->core->conf,
	    setting), 0));
	struct xu_err e = XU_ERR_INIT;

	if (path[0] == '/' && access(path, X_OK) == 0)
		return true;
	if (path[0] != '/')
		errno = 0;
	xu_err_set(&e, XE(XLD_HELPER), errno, "%s: %s of xld.conf is '%s'%s",
	    k->method, setting, path,
	    path[0] != '/' ? ", which is not a full path" : "");
	xu_err_param(&e, "%s", path);
	xu_err_param(&e, "it cannot be run");
	call_fail(k, &e);
	return false;
}

static void
end_host(struct call *k, const char *setting)
{
	struct core *c = k->core;
	struct host_end *h;

	if (!may_end(k) || !can_run(k, setting))
		return;
	h = calloc(1, sizeof(*h));
	if (h == NULL) {
		call_refuse(k, XE(XLD_NO_MEMORY), "", "%s", k->method);
		return;
	}
	h->core = c;
	h->setting = setting;
	uv_timer_init(c->loop, &h->timer);
	h->timer.data = h;
	c->host_end = h;
	uv_timer_start(&h->timer, moment_over, MOMENT_MS, 0);
	call_ok(k, NULL);
}

static void
shut_down(struct call *k)
{
	end_host(k, "shutdown_command");
}

static void
restart(struct call *k)
{
	end_host(k, "reboot_command");
}

const struct handler host_end_handlers[] = {
	{ "host.shutdown", shut_down },
	{ "host.reboot", restart },
	{ "host.evacuate", evacuate },
	{ "host.assert_can_evacuate", assert_can_evacuate },
	{ "host.get_vms_which_prevent_evacuation", vms_which_prevent },
	{ NULL, NULL },
};
