/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * VLANs: an interface of the kernel's kind "vlan", in the bridge of a network. What
 * goes wrong in the middle leaves nothing; a daemon that dies there has it in the
 * database, and the next one makes the rest.
 */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "nets.h"

#define CLASS	   "VLAN"
#define TAG_MAX	   4094
#define NAMES_MAX  100

bool
vlan_needs(const struct xu_val *v, const char *name)
{
	return strcmp(xu_val_get_str(v, "device", ""), name) == 0;
}

/* ---- the kernel's ------------------------------------------------------------------ */

/* Up, and in the bridge. The host has no address of its own there. */
static int
join(struct core *c, const char *name, int bridge)
{
	struct net_change change = { .set = IFF_UP, .master = bridge };
	struct net_link l;

	if (net_link_get(c, name, &l) < 0)
		return -1;
	net_link_mute(c, l.index);
	return net_link_change(c, l.index, &change);
}

/* A VLAN is up only where what it is on is so. */
static int
add(struct core *c, const char *name, const struct net_link *lower,
    uint16_t tag, int bridge, struct xu_err *e)
{
	struct net_change up = { .set = IFF_UP }, down = { .clear = IFF_UP };
	bool was_up = (lower->flags & IFF_UP) != 0;
	struct net_link l;

	if (net_vlan_add(c, name, lower->index, tag) < 0)
		return nets_refused(c, e, name, "make VLAN %u on %s",
		    (unsigned)tag, lower->name);
	if (fault_point("vlan-made", e) == 0) {
		if ((was_up || net_link_change(c, lower->index, &up) == 0) &&
		    join(c, name, bridge) == 0)
			return 0;
		nets_refused(c, e, name, "put %s into its bridge", name);
	}
	if (net_link_get(c, name, &l) == 0)
		net_link_del(c, l.index);
	if (!was_up)
		net_link_change(c, lower->index, &down);
	return -1;
}

int
vlan_make(struct core *c, const char *name, const struct xu_val *v,
    struct xu_err *e)
{
	const char *device = xu_val_get_str(v, "device", "");
	const char *network = xu_val_get_str(v, "network", "");
	uint16_t tag = (uint16_t)xu_val_get_int(v, "tag", 0);
	struct net_link lower, bridge, l;

	if (net_link_get(c, device, &lower) < 0) {
		nets_lacks(c, device);
		return nets_refused(c, e, name, "make VLAN %u on %s",
		    (unsigned)tag, device);
	}
	if (net_link_get(c, network, &bridge) < 0)
		return nets_refused(c, e, name, "put %s into bridge %s", name,
		    network);
	if (net_link_get(c, name, &l) < 0)
		return add(c, name, &lower, tag, bridge.index, e);
	if (strcmp(l.kind, "vlan") != 0 || l.lower != lower.index ||
	    l.tag != tag)
		return nets_refuse(e, XE(XLD_DEVICE), name, "another's",
		    "make VLAN %u on %s: there is another interface %s",
		    (unsigned)tag, device, name);
	if (l.master != bridge.index && join(c, name, bridge.index) < 0)
		return nets_refused(c, e, name, "put %s into bridge %s", name,
		    network);
	return 0;
}

/* ---- the class ---------------------------------------------------------------------- */

static const char *
ref_of(const void *obj)
{
	return ((const struct network *)obj)->of;
}

static void *
next(struct core *c, size_t *pos)
{
	struct network *n;

	while ((n = nets_next(c, pos, false)) != NULL)
		if (nets_is_kind(n, "vlan"))
			return n;
	return NULL;
}

static void *
find(struct core *c, const char *ref)
{
	struct network *n;
	size_t pos = 0;

	while ((n = next(c, &pos)) != NULL)
		if (strcmp(n->of, ref) == 0)
			return n;
	return NULL;
}

static struct xu_val *
record(struct core *c, void *obj)
{
	const struct network *n = obj, *on = nets_by_index(c, n->link.lower);
	AUTO_VAL struct xu_val *v = db_get(c->db, CLASS, n->link.name, NULL);
	const struct xu_val *map = xu_val_get(v, "other_config");
	struct xu_val *r = xu_struct();

	xu_val_set(r, "uuid", xu_str(n->of));
	xu_val_set(r, "tagged_PIF",
	    xu_str(on != NULL && !on->bridge ? on->uuid : ""));
	xu_val_set(r, "untagged_PIF", xu_str(n->uuid));
	xu_val_set(r, "tag", xu_int(n->link.tag));
	xu_val_set(r, "other_config",
	    map != NULL ? xu_val_copy(map) : xu_struct());
	return r;
}

static int
set(struct core *c, void *obj, const char *field, const struct xu_val *value,
    struct xu_err *e)
{
	return nets_set(c, CLASS, obj, field, value, e);
}

const struct class_ops vlan_ops = {
	.cls = &model_vlan,
	.find = find,
	.next = next,
	.ref = ref_of,
	.record = record,
	.refresh = nets_look,
	.set = set,
};

/* ---- create -------------------------------------------------------------------------- */

static int
may_have(struct core *c, const struct network *on, int64_t tag,
    struct xu_err *e)
{
	const struct network *n;
	char text[24];
	size_t pos = 0;

	if (tag < 1 || tag > TAG_MAX) {
		snprintf(text, sizeof(text), "%lld", (long long)tag);
		return nets_refuse(e, XE(VLAN_TAG_INVALID), text, NULL,
		    "there is no VLAN %s: tags are 1 to 4094", text);
	}
	if (nets_is_kind(on, "vlan"))
		return nets_refuse(e, XE(PIF_IS_VLAN), on->uuid, NULL,
		    "%s is a VLAN itself", on->link.name);
	if (nets_bond_of(c, on) != NULL)
		return nets_refuse(e, XE(CANNOT_ADD_VLAN_TO_BOND_SLAVE),
		    on->uuid, NULL, "%s is part of %s: use that",
		    on->link.name, nets_bond_of(c, on)->link.name);
	if (!pif_is_managed(c, on))
		return nets_refuse(e, XE(PIF_UNMANAGED), on->uuid, NULL,
		    "%s is left to the host", on->link.name);
	while ((n = next(c, &pos)) != NULL)
		if (n->link.tag == tag && on->link.index != 0 &&
		    n->link.lower == on->link.index)
			return nets_refuse(e, XE(PIF_VLAN_EXISTS), n->uuid,
			    NULL, "%s has VLAN %u already: %s", on->link.name,
			    (unsigned)n->link.tag, n->link.name);
	return 0;
}

/* What the interface is to be called: eth0.7 where that fits and is free. */
static int
choose(struct core *c, const char *on, unsigned tag, char out[IFNAMSIZ],
    struct xu_err *e)
{
	struct net_link l;
	char name[40];

	for (int i = 0; i < NAMES_MAX; i++) {
		if (i == 0)
			snprintf(name, sizeof(name), "%s.%u", on, tag);
		else
			snprintf(name, sizeof(name), "vlan%u_%d", tag, i);
		if (strlen(name) >= IFNAMSIZ || nets_by_name(c, name) != NULL ||
		    net_link_get(c, name, &l) == 0)
			continue;
		memcpy(out, name, strlen(name) + 1);
		return 0;
	}
	return nets_refuse(e, XE(XLD_DEVICE), on, "no name is free",
	    "make VLAN %u on %s: vlan%u_1 and the like are all taken", tag, on,
	    tag);
}

static struct xu_val *
kept(const struct network *on, int64_t tag, const struct network *bridge)
{
	struct xu_val *v = xu_struct();

	xu_val_set(v, "device", xu_str(on->link.name));
	xu_val_set(v, "tag", xu_int(tag));
	xu_val_set(v, "network", xu_str(bridge->link.name));
	return v;
}

struct network *
vlan_create(struct core *c, const struct network *on, int64_t tag,
    const struct network *bridge, struct xu_err *e)
{
	AUTO_VAL struct xu_val *v = kept(on, tag, bridge);
	char name[IFNAMSIZ], net[UUID_TEXT], trunk[UUID_TEXT];
	struct network *n;

	memcpy(net, bridge->uuid, sizeof(net));
	memcpy(trunk, on->uuid, sizeof(trunk));
	if (may_have(c, on, tag, e) < 0 || nets_may_join(c, bridge, e) < 0 ||
	    choose(c, on->link.name, (unsigned)tag, name, e) < 0)
		return NULL;
	if (!xu_val_ok(v)) {
		xu_err_set(e, XE(XLD_NO_MEMORY), ENOMEM, "keep a VLAN");
		return NULL;
	}
	if (db_put(c->db, CLASS, name, v, e) < 0)
		return NULL;
	if (fault_point("vlan-kept", e) < 0 || vlan_make(c, name, v, e) < 0) {
		db_del(c->db, CLASS, name, NULL);
		return NULL;
	}
	nets_refresh(c);
	n = nets_by_name(c, name);
	if (n == NULL) {
		xu_err_set(e, XE(XLD_DEVICE), ENODEV, "%s has gone", name);
		return NULL;
	}
	api_event(c, CLASS, "add", n->of, record(c, n));
	api_event(c, "PIF", "add", n->uuid, pif_ops.record(c, n));
	nets_tell(c, &pif_ops, "mod", trunk);
	nets_tell(c, &network_ops, "mod", net);
	return nets_by_name(c, name);
}

struct network *
vlan_trunk(struct core *c, const char *device, struct xu_err *e)
{
	struct network *n;

	nets_refresh(c);
	n = nets_by_name(c, device);
	if (n != NULL && !n->bridge)
		return n;
	nets_refuse(e, XE(VALUE_NOT_SUPPORTED), "device", device,
	    "the host has no interface '%s' for VLANs: see PIF.get_all_records",
	    device);
	xu_err_param(e, "the host has no such interface");
	return NULL;
}

static struct network *
argument(const struct call *k, size_t i, bool bridge)
{
	return nets_find(k->core, xu_val_str(xu_val_at(k->params, i)), bridge);
}

/* (tagged_PIF, tag, network) */
static void
create(struct call *k)
{
	struct xu_err e = XU_ERR_INIT;
	const struct network *n = vlan_create(k->core, argument(k, 0, false),
	    xu_val_int(xu_val_at(k->params, 1)), argument(k, 2, true), &e);

	if (n == NULL)
		call_fail(k, &e);
	else
		call_ok(k, xu_str(n->of));
}

/* (device or PIF, network, VLAN): on each host of the pool. */
static void
create_in_pool(struct call *k)
{
	struct xu_err e = XU_ERR_INIT;
	const struct network *on, *n = NULL;
	struct xu_val *list;

	nets_refresh(k->core);
	on = k->m.args[0].type->kind == MK_REF ?
	    argument(k, 0, false) :
	    vlan_trunk(k->core, xu_val_str(xu_val_at(k->params, 0)), &e);
	if (on != NULL)
		n = vlan_create(k->core, on, xu_val_int(xu_val_at(k->params, 2)),
		    argument(k, 1, true), &e);
	if (n == NULL) {
		call_fail(k, &e);
		return;
	}
	list = xu_array();
	xu_val_add(list, xu_str(n->uuid));
	call_ok(k, list);
}

/* ---- destroy -------------------------------------------------------------------------- */

int
vlan_destroy(struct core *c, const struct network *pif, struct xu_err *e)
{
	struct network *on = nets_by_index(c, pif->link.lower);
	struct network *bridge = nets_bridge_of(c, pif);
	AUTO_VAL struct xu_val *v = nets_made(c, CLASS, pif, e);
	struct network gone = *pif;
	char trunk[UUID_TEXT] = "", net[UUID_TEXT] = "";

	if (v == NULL || nets_is_free(c, pif, e) < 0)
		return -1;
	if (on != NULL)
		memcpy(trunk, on->uuid, sizeof(trunk));
	if (bridge != NULL)
		memcpy(net, bridge->uuid, sizeof(net));
	/* Whoever dies in between makes it again, and nobody was told. */
	if (gone.link.index != 0 && net_link_del(c, gone.link.index) < 0)
		return nets_refused(c, e, gone.link.name, "remove %s",
		    gone.link.name);
	if (fault_point("vlan-removed", e) < 0 ||
	    db_del(c->db, CLASS, gone.link.name, e) < 0) {
		vlan_make(c, gone.link.name, v, NULL);
		return -1;
	}
	db_del(c->db, "PIF", gone.link.name, NULL);
	api_event(c, CLASS, "del", gone.of, NULL);
	api_event(c, "PIF", "del", gone.uuid, NULL);
	nets_tell(c, &pif_ops, "mod", trunk);
	nets_tell(c, &network_ops, "mod", net);
	return 0;
}

static void
destroy(struct call *k)
{
	const struct network *n = find(k->core,
	    xu_val_str(xu_val_at(k->params, 0)));
	struct xu_err e = XU_ERR_INIT;

	if (vlan_destroy(k->core, n, &e) < 0)
		call_fail(k, &e);
	else
		call_ok(k, NULL);
}

const struct handler vlan_handlers[] = {
	{ "VLAN.create", create },
	{ "VLAN.destroy", destroy },
	{ "pool.create_VLAN", create_in_pool },
	{ "pool.create_VLAN_from_PIF", create_in_pool },
	{ NULL, NULL },
};
