/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The registry: every machine once, found by uuid, name and domain id without
 * a search. Nothing here talks to the hypervisor or the store.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <uuid/uuid.h>

#include "dev.h"
#include "dm.h"
#include "qdisk.h"
#include "rrd.h"
#include "vm_go_on.h"

int
guests_open(struct core *c)
{
	xu_list_init(&c->guests);
	c->by_uuid = xu_map_new();
	c->by_name = xu_map_new();
	c->by_domid = xu_map_new();
	c->devs = xu_map_new();
	if (c->by_uuid == NULL || c->by_name == NULL || c->by_domid == NULL ||
	    c->devs == NULL)
		return -1;
	return 0;
}

void
guests_close(struct core *c)
{
	while (!xu_list_empty(&c->guests))
		guest_free(xu_container_of(c->guests.next, struct guest, all));
	xu_map_free(&c->by_uuid);
	xu_map_free(&c->by_name);
	xu_map_free(&c->by_domid);
	xu_map_free(&c->devs);
}

/* ---- identities ---------------------------------------------------------------- */

void
uuid_text(const uint8_t bytes[16], char out[UUID_TEXT])
{
	uuid_unparse_lower(bytes, out);
}

bool
uuid_bytes(const char *text, uint8_t out[16])
{
	return uuid_parse(text, out) == 0;
}

void
uuid_random(char out[UUID_TEXT])
{
	uuid_t u;

	uuid_generate_random(u);
	uuid_text(u, out);
}

void
uuid_derive(const char *uuid, const char *what, char out[UUID_TEXT])
{
	uuid_t ns = { 0 }, u;

	uuid_bytes(uuid, ns);
	uuid_generate_sha1(u, ns, what, strlen(what));
	uuid_text(u, out);
}

/* ---- guests ----------------------------------------------------------------------- */

struct guest *
guest_by_uuid(const struct core *c, const char *uuid)
{
	return xu_map_get(c->by_uuid, uuid);
}

struct guest *
guest_by_name(const struct core *c, const char *name)
{
	return xu_map_get(c->by_name, name);
}

struct guest *
guest_by_domid(const struct core *c, int32_t domid)
{
	return domid < 0 ? NULL : xu_map_get_u64(c->by_domid, (uint64_t)domid);
}

const char *
guest_name(const struct guest *g)
{
	return xu_val_get_str(g->config, "name_label", "");
}

static int
no_memory(struct xu_err *e)
{
	return xu_err_set(e, "XLD_NO_MEMORY", ENOMEM, "keep a machine");
}

struct guest *
guest_new(struct core *c, const char *uuid, struct xu_val *config,
    struct xu_err *e)
{
	struct guest *g = calloc(1, sizeof(*g));
	const char *name;

	config = xu_val_pack(config);
	name = xu_val_get_str(config, "name_label", "");
	if (g == NULL || !xu_val_ok(config) ||
	    xu_map_put(c->by_uuid, uuid, g) < 0)
		goto fail;
	if (guest_by_name(c, name) == NULL &&
	    xu_map_put(c->by_name, name, g) < 0) {
		xu_map_del(c->by_uuid, uuid);
		goto fail;
	}
	g->core = c;
	g->config = config;
	g->snapshot = xu_val_get(config, "snapshot_of") != NULL;
	g->domid = NO_DOMID;
	memcpy(g->uuid, uuid, sizeof(g->uuid));
	uuid_derive(uuid, "metrics", g->metrics_uuid);
	uuid_derive(uuid, "console", g->console_uuid);
	uuid_derive(uuid, "rfb", g->rfb_uuid);
	xu_list_append(&c->guests, &g->all);
	if (devs_load(g, e) == 0)
		return g;
	guest_free(g);
	return NULL;
fail:
	no_memory(e);
	xu_val_free(config);
	free(g);
	return NULL;
}

/* Nobody is found by the name any more: another may have it, too, when one of both
 * was made by others. */
static void
let_name_go(struct core *c, const struct guest *g, const char *name)
{
	struct xu_list *l;
	struct guest *other;

	if (guest_by_name(c, name) != g)
		return;
	xu_map_del(c->by_name, name);
	LIST_FOREACH(l, &c->guests) {
		other = xu_container_of(l, struct guest, all);
		if (other != g && strcmp(guest_name(other), name) == 0) {
			if (xu_map_put(c->by_name, name, other) < 0)
				xu_log(XU_WARNING, "'%s' is found by its uuid "
						   "only: out of memory", name);
			return;
		}
	}
}

void
guest_free(struct guest *g)
{
	struct core *c = g->core;

	qdisk_forget(g);
	devs_free(g);
	console_free(g);
	go_on_forget(g);
	dm_forget(g);
	free(steal_ptr(&g->vnc));
	rrd_free(&g->rrd);
	guest_set_domid(g, NO_DOMID, NULL);
	let_name_go(c, g, guest_name(g));
	xu_map_del(c->by_uuid, g->uuid);
	xu_list_remove(&g->all);
	xu_val_free(g->config);
	xu_val_free(g->told);
	free(g);
}

int
guest_set_name(struct guest *g, const char *name, struct xu_err *e)
{
	struct core *c = g->core;
	struct xu_val *v = xu_str(name);

	if (strcmp(name, guest_name(g)) == 0) {
		xu_val_free(v);
		return 0;
	}
	if (v == NULL || (guest_by_name(c, name) == NULL &&
	    xu_map_put(c->by_name, name, g) < 0)) {
		xu_val_free(v);
		return no_memory(e);
	}
	let_name_go(c, g, guest_name(g));
	if (xu_val_set(g->config, "name_label", v) < 0)
		return no_memory(e);
	return 0;
}

const char *
guest_handle(const struct guest *g)
{
	return g->handle[0] != '\0' ? g->handle : g->uuid;
}

int
guest_become(struct guest *g, const char *uuid, const char *name,
    struct xu_err *e)
{
	struct core *c = g->core;
	char old[UUID_TEXT];

	if (guest_by_uuid(c, uuid) != NULL ||
	    guest_by_name(c, name) != NULL)
		return xu_err_set(e, "DUPLICATE_VM", 0, "'%s' cannot have the "
		    "place of %s: it is taken", guest_name(g), uuid);
	if (guest_set_name(g, name, e) < 0 ||
	    xu_map_put(c->by_uuid, uuid, g) < 0)
		return no_memory(e);
	vm_untell(g);
	snprintf(old, sizeof(old), "%s", g->uuid);
	if (g->handle[0] == '\0')
		memcpy(g->handle, old, sizeof(g->handle));
	xu_map_del(c->by_uuid, old);
	snprintf(g->uuid, sizeof(g->uuid), "%s", uuid);
	uuid_derive(uuid, "metrics", g->metrics_uuid);
	uuid_derive(uuid, "console", g->console_uuid);
	uuid_derive(uuid, "rfb", g->rfb_uuid);
	g->becomes[0] = '\0';
	if (store_write_identity(g, old, e) < 0 || record_write(g, e) < 0)
		xu_log_err(XU_ERROR, e);
	record_forget(c, old);
	api_tell_guest(g);
	return 0;
}

int
guest_set_domid(struct guest *g, int32_t domid, struct xu_err *e)
{
	struct core *c = g->core;
	bool shown = g->vnc != NULL && g->domid != domid;

	if (domid >= 0 && xu_map_put_u64(c->by_domid, (uint64_t)domid, g) < 0)
		return no_memory(e);
	if (g->domid >= 0 && g->domid != domid)
		xu_map_del_u64(c->by_domid, (uint64_t)g->domid);
	g->domid = domid;
	memset(&g->info, 0, sizeof(g->info));
	if (shown) {
		free(steal_ptr(&g->vnc));
		api_event(c, "console", "mod", g->rfb_uuid,
		    console_ops.record(c, g->rfb_uuid));
	}
	if (domid < 0) {
		g->handle[0] = '\0';
		g->preserved = g->dumped = false;
		g->start_time = 0;
	}
	return 0;
}

bool
guest_is_transient(const struct guest *g)
{
	return g->foreign ||
	    strcmp(xu_val_get_str(xu_val_get(g->config, "other_config"),
		       "transient", "false"),
		"true") == 0;
}

enum dom_action
guest_action(const struct guest *g, const char *field)
{
	enum dom_action a;

	if (dom_action_of(xu_val_get_str(g->config, field, ""), &a))
		return a;
	return ACTION_DESTROY;
}

bool
guest_is_control(const struct guest *g)
{
	return g->domid == 0;
}

/* A domain that is being built counts as what it will be. */
enum dom_power
guest_power(const struct guest *g)
{
	/* One that is dying never runs again, whoever keeps it. */
	if (g->domid < 0 && g->suspended)
		return DOM_SUSPENDED;
	if (g->domid < 0 || (g->info.flags & XC_DOMINF_DYING) != 0)
		return DOM_HALTED;
	if ((g->info.flags & XC_DOMINF_SHUTDOWN) != 0 &&
	    (g->info.shutdown_reason == END_CRASH ||
		g->info.shutdown_reason == END_WATCHDOG))
		return DOM_CRASHED;
	if ((g->info.flags & XC_DOMINF_PAUSED) != 0)
		return DOM_PAUSED;
	return DOM_RUNNING;
}
