/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The registry brought up to what the hypervisor says, with one call for any
 * number of domains: ends are noticed, domains of other toolstacks appear and
 * go.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vm_save.h"
#include "xu_log.h"

#define CHUNK 128
/* Between looks at a domain that others have destroyed. */
#define LOOK_MS	    50
#define LOOK_MAX_MS 60000
/* Seconds a transient machine may wait for its start. */
#define UNSTARTED 60

/* Is it the domain we made, and not one that got the same number later? */
static bool
is_same(const struct guest *g, const struct xc_domaininfo *info)
{
	char uuid[UUID_TEXT];

	uuid_text(info->handle, uuid);
	return g->foreign || strcmp(uuid, guest_handle(g)) == 0;
}

/* An identity for a domain whose own is absent or taken. */
static void
foreign_uuid(struct core *c, const struct xc_domaininfo *info,
    char out[UUID_TEXT])
{
	static const uint8_t zero[16];
	char what[32];

	uuid_text(info->handle, out);
	/* That of one that is dying may soon be another's again. */
	if (info->domid == 0 || ((info->flags & XC_DOMINF_DYING) == 0 &&
	    memcmp(info->handle, zero, 16) != 0 &&
	    guest_by_uuid(c, out) == NULL))
		return;
	snprintf(what, sizeof(what), "domain %u", info->domid);
	uuid_derive(c->host_uuid, what, out);
}

static void
foreign_name(struct core *c, const struct xc_domaininfo *info,
    char out[NAME_MAX_LEN + 1])
{
	AUTO_FREE char *name = NULL;

	if ((info->flags & XC_DOMINF_DYING) != 0) {
		dying_name(c, info, out);
		return;
	}
	name = store_name(c, (int32_t)info->domid);
	if (name != NULL && name[0] != '\0')
		snprintf(out, NAME_MAX_LEN + 1, "%s", name);
	else
		snprintf(out, NAME_MAX_LEN + 1, "Domain-%u", info->domid);
}

/* Xen does not tell PVH from HVM; its maker does, if that is libxl. */
static enum dom_type
foreign_type(struct core *c, const struct xc_domaininfo *info)
{
	AUTO_FREE char *type = NULL;

	if ((info->flags & XC_DOMINF_HVM) == 0)
		return TYPE_PV;
	type = store_type(c, (int32_t)info->domid);
	return type != NULL && strcmp(type, "pvh") == 0 ? TYPE_PVH : TYPE_HVM;
}

/* Its config from what can be seen. */
static struct xu_val *
foreign_config(struct core *c, const struct xc_domaininfo *info,
    const char *uuid, const char *name)
{
	int64_t bytes = (int64_t)info->tot_pages << 12;
	struct xu_val *v = config_blank();

	xu_val_set(v, "uuid", xu_str(uuid));
	xu_val_set(v, "name_label", xu_str(name));
	xu_val_set(v, "domain_type",
	    xu_str(dom_type_word(foreign_type(c, info))));
	xu_val_set(v, "memory_static_max", xu_int(bytes));
	xu_val_set(v, "memory_dynamic_max", xu_int(bytes));
	xu_val_set(v, "VCPUs_max", xu_int(info->max_vcpu_id + 1));
	xu_val_set(v, "VCPUs_at_startup", xu_int(info->nr_online_vcpus));
	return v;
}

static void
add_foreign(struct core *c, const struct xc_domaininfo *info)
{
	char uuid[UUID_TEXT], name[NAME_MAX_LEN + 1];
	struct xu_err e = XU_ERR_INIT;
	struct guest *g;

	foreign_uuid(c, info, uuid);
	foreign_name(c, info, name);
	g = guest_new(c, uuid, foreign_config(c, info, uuid, name), &e);
	if (g == NULL || guest_set_domid(g, (int32_t)info->domid, &e) < 0) {
		xu_log_err(XU_ERROR, &e);
		if (g != NULL)
			guest_free(g);
		return;
	}
	g->foreign = true;
	g->seen = true;
	g->info = *info;
	g->start_time = info->domid == 0 ? c->started : now_real();
}

static void
follow_name(struct guest *g)
{
	char name[NAME_MAX_LEN + 1];

	/* Its nodes may have gone before it. */
	if ((g->info.flags & XC_DOMINF_DYING) != 0) {
		dying_rename(g);
		return;
	}
	foreign_name(g->core, &g->info, name);
	guest_set_name(g, name, NULL);
}

static void
take(struct core *c, const struct xc_domaininfo *info)
{
	struct guest *g = guest_by_domid(c, (int32_t)info->domid);

	if (g != NULL && is_same(g, info)) {
		g->seen = true;
		g->info = *info;
		/* Nobody renames domain 0, and this is asked often. */
		if (g->foreign && info->domid != 0)
			follow_name(g);
	} else if (g == NULL && !reap_pending(c, (int32_t)info->domid)) {
		add_foreign(c, info);
	}
}

static int
ask(struct core *c)
{
	struct xc_domaininfo *info = calloc(CHUNK, sizeof(*info));
	uint32_t first = 0;
	int n = -1;

	if (info == NULL)
		return -1;
	do {
		n = xc_domain_getinfolist(c->xch, first, CHUNK, info);
		for (int i = 0; i < n; i++)
			take(c, &info[i]);
		if (n > 0)
			first = info[n - 1].domid + 1;
	} while (n == CHUNK);
	free(info);
	if (n < 0)
		xu_log(XU_ERROR, "list domains: %s", xc_last_error(c->xch));
	return n < 0 ? -1 : 0;
}

static void
follow(struct guest *g)
{
	if (g->domid < 0) {
		/* Its maker went away between creation and start. */
		if (g->op == OP_NONE && guest_is_transient(g) &&
		    now_real() - g->made_at > UNSTARTED)
			vm_forget(g);
		return;
	}
	if (g->saving != NULL)
		save_look(g);
	if (!g->seen ||
	    (!g->foreign && (g->info.flags & XC_DOMINF_DYING) != 0)) {
		/* A job sees the end by itself. */
		if (g->op == OP_NONE)
			vm_vanished(g);
		return;
	}
	if (!g->foreign && g->op == OP_NONE && !g->preserved &&
	    (g->info.flags & XC_DOMINF_SHUTDOWN) != 0)
		vm_ended(g);
	else
		api_tell_guest(g);
}

static void
later(uv_timer_t *t)
{
	scan(t->data);
}

/*
 * xenstored tells of a death when the last of its own is let go, and Xen may
 * still list the domain for a moment: nobody tells of that moment's end. Looks
 * become rarer, for a domain that others keep from going.
 */
static void
look_again(struct core *c, bool dying)
{
	if (!dying) {
		c->look_ms = 0;
		return;
	}
	c->look_ms = c->look_ms == 0 ? LOOK_MS : c->look_ms * 2;
	if (c->look_ms > LOOK_MAX_MS)
		c->look_ms = LOOK_MAX_MS;
	uv_timer_start(&c->look_timer, later, c->look_ms, 0);
}

void
scan(struct core *c)
{
	struct xu_list *l, *next;
	bool dying = false;
	struct guest *g;

	LIST_FOREACH(l, &c->guests)
		xu_container_of(l, struct guest, all)->seen = false;
	if (ask(c) < 0)
		return;
	LIST_FOREACH_SAFE(l, next, &c->guests) {
		g = xu_container_of(l, struct guest, all);
		dying = dying || (g->seen && g->op == OP_NONE &&
		    (g->info.flags & XC_DOMINF_DYING) != 0);
		follow(g);
	}
	look_again(c, dying);
}

void
scan_soon(struct core *c)
{
	look_again(c, true);
}

void
scan_open(struct core *c)
{
	uv_timer_init(c->loop, &c->look_timer);
	c->look_timer.data = c;
}

bool
scan_one(struct guest *g)
{
	struct xc_domaininfo info;

	if (g->domid < 0 ||
	    xc_domain_getinfo(g->core->xch, (uint32_t)g->domid, &info) < 0)
		return false;
	g->info = info;
	return true;
}
