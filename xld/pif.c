/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host's network interfaces (class PIF), as nets.h tells. */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "nets.h"
#include "xu_log.h"

#define CLASS "PIF"

/* So many were introduced; mostly none, and nobody is asked. */
static size_t introduced;

/* ---- what its owner says of it ------------------------------------------------------ */

struct xu_val *
pif_words(struct core *c, const char *name)
{
	return db_get(c->db, CLASS, name, NULL);
}

bool
pif_is_introduced(struct core *c, const char *name)
{
	AUTO_VAL struct xu_val *v = introduced > 0 ? pif_words(c, name) : NULL;

	return xu_val_get_bool(v, "introduced", false);
}

static void
count(void *arg XU_UNUSED, const char *name XU_UNUSED, const struct xu_val *v)
{
	introduced += xu_val_get_bool(v, "introduced", false);
}

int
pifs_open(struct core *c, struct xu_err *e)
{
	introduced = 0;
	return db_each(c->db, CLASS, count, NULL, e);
}

/* ---- what it is ----------------------------------------------------------------------- */

static bool
has_address(struct core *c, const struct network *p)
{
	const struct network *bridge = nets_bridge_of(c, p);

	return p->addressed || (bridge != NULL && bridge->addressed);
}

bool
pif_is_management(struct core *c, const struct network *pif)
{
	const struct network *n;
	size_t pos = 0;

	n = nets_bond_of(c, pif);
	if (has_address(c, pif) || (n != NULL && pif_is_management(c, n)))
		return true;
	while (pif->link.index != 0 && (n = nets_next(c, &pos, false)) != NULL)
		if (n->link.lower == pif->link.index && has_address(c, n))
			return true;
	return false;
}

bool
pif_is_managed(struct core *c, const struct network *pif)
{
	AUTO_VAL struct xu_val *v = NULL;

	if (pif->of[0] != '\0') {
		v = db_get(c->db, nets_is_kind(pif, "vlan") ? "VLAN" : "Bond",
		    pif->link.name, NULL);
		return v != NULL;
	}
	v = pif_words(c, pif->link.name);
	return xu_val_get_bool(v, "managed", true);
}

const char *
pif_link_name(const void *pif)
{
	return ((const struct network *)pif)->link.name;
}

static const char *
device(struct core *c, const struct network *p)
{
	const struct network *lower = nets_is_kind(p, "vlan") ?
	    nets_by_index(c, p->link.lower) : NULL;

	return lower != NULL ? lower->link.name : p->link.name;
}

/* The host's address there, or on the bridge that it is in. */
static void
add_address(struct core *c, const struct network *p, struct xu_val *r)
{
	const struct network *bridge = nets_bridge_of(c, p);
	const struct net_address *a = &p->address;
	char ip[INET_ADDRSTRLEN] = "", mask[INET_ADDRSTRLEN] = "";
	struct in_addr bits;

	if (a->ip.family == 0 && bridge != NULL)
		a = &bridge->address;
	if (a->ip.family != 0) {
		bits.s_addr = a->ip.prefix == 0 ? 0 :
		    htonl(UINT32_MAX << (32 - (a->ip.prefix & 31)) % 32);
		inet_ntop(AF_INET, a->ip.bytes, ip, sizeof(ip));
		inet_ntop(AF_INET, &bits, mask, sizeof(mask));
	}
	xu_val_set(r, "ip_configuration_mode", xu_str(ip[0] == '\0' ? "None" :
		a->permanent					   ? "Static" :
								     "DHCP"));
	xu_val_set(r, "IP", xu_str(ip));
	xu_val_set(r, "netmask", xu_str(mask));
}

static struct xu_val *
vlans_on(struct core *c, const struct network *p)
{
	struct xu_val *list = xu_array();
	const struct network *n;
	size_t pos = 0;

	while (p->link.index != 0 && (n = nets_next(c, &pos, false)) != NULL)
		if (nets_is_kind(n, "vlan") && n->link.lower == p->link.index)
			xu_val_add(list, xu_str(n->of));
	return list;
}

static struct xu_val *
record(struct core *c, void *obj)
{
	const struct network *p = obj, *bridge = nets_bridge_of(c, p);
	const struct network *bond = nets_bond_of(c, p);
	AUTO_VAL struct xu_val *words = pif_words(c, p->link.name);
	const struct xu_val *map = xu_val_get(words, "other_config");
	bool vlan = nets_is_kind(p, "vlan");
	struct xu_val *r = xu_struct(), *bonds = xu_array();
	char mac[XU_MAC_TEXT], uuid[UUID_TEXT];

	if (nets_is_kind(p, "bond"))
		xu_val_add(bonds, xu_str(p->of));
	xu_mac_text(p->link.mac, mac);
	uuid_derive(p->uuid, "metrics", uuid);
	xu_val_set(r, "uuid", xu_str(p->uuid));
	xu_val_set(r, "device", xu_str(device(c, p)));
	xu_val_set(r, "network", xu_str(bridge != NULL ? bridge->uuid : ""));
	xu_val_set(r, "host", xu_str(c->host_uuid));
	xu_val_set(r, "MAC", xu_str(mac));
	xu_val_set(r, "MTU", xu_int(p->link.mtu));
	xu_val_set(r, "VLAN", xu_int(vlan ? p->link.tag : -1));
	xu_val_set(r, "metrics", xu_str(uuid));
	xu_val_set(r, "physical", xu_bool(p->of[0] == '\0'));
	xu_val_set(r, "currently_attached",
	    xu_bool((p->link.flags & IFF_UP) != 0));
	xu_val_set(r, "managed", xu_bool(pif_is_managed(c, p)));
	xu_val_set(r, "management", xu_bool(pif_is_management(c, p)));
	xu_val_set(r, "disallow_unplug",
	    xu_bool(xu_val_get_bool(words, "disallow_unplug", false)));
	xu_val_set(r, "VLAN_master_of", xu_str(vlan ? p->of : ""));
	xu_val_set(r, "VLAN_slave_of", vlans_on(c, p));
	xu_val_set(r, "bond_master_of", bonds);
	xu_val_set(r, "bond_slave_of", xu_str(bond != NULL ? bond->of : ""));
	add_address(c, p, r);
	xu_val_set(r, "other_config",
	    map != NULL ? xu_val_copy(map) : xu_struct());
	return r;
}

static void *
find(struct core *c, const char *ref)
{
	return nets_find(c, ref, false);
}

static void *
next(struct core *c, size_t *pos)
{
	return nets_next(c, pos, false);
}

static int
set(struct core *c, void *obj, const char *field, const struct xu_val *value,
    struct xu_err *e)
{
	const char *name = pif_link_name(obj);
	AUTO_VAL struct xu_val *v = NULL;

	if (strcmp(field, "other_config") != 0 &&
	    strcmp(field, "disallow_unplug") != 0)
		return nets_refuse(e, XE(OPERATION_NOT_ALLOWED),
		    "it is the host's own", NULL,
		    "%s of %s is what the host says, and not to be set", field,
		    name);
	v = pif_words(c, name);
	return db_change(c->db, CLASS, name, &v, field, value, e);
}

const struct class_ops pif_ops = {
	.cls = &model_pif,
	.find = find,
	.next = next,
	.ref = nets_ref,
	.record = record,
	.refresh = nets_look,
	.set = set,
};

/* ---- up and down ------------------------------------------------------------------------ */

int
pif_switch(struct core *c, const struct network *pif, bool up,
    struct xu_err *e)
{
	struct net_change change = { .set = up ? IFF_UP : 0,
		.clear = up ? 0 : IFF_UP };

	if (pif->link.index == 0)
		errno = ENODEV;
	else if (net_link_change(c, pif->link.index, &change) == 0)
		return 0;
	return nets_refused(c, e, pif->link.name, "set %s %s", pif->link.name,
	    up ? "up" : "down");
}

static struct network *
self(const struct call *k)
{
	return find(k->core, xu_val_str(xu_val_at(k->params, 0)));
}

static void
end(struct call *k, int status, const struct xu_err *e)
{
	if (status < 0) {
		call_fail(k, e);
		return;
	}
	nets_tell(k->core, &pif_ops, "mod",
	    xu_val_str(xu_val_at(k->params, 0)));
	call_ok(k, NULL);
}

static int
is_alone(struct core *c, const struct network *p, const char *code,
    struct xu_err *e)
{
	const struct network *bond = nets_bond_of(c, p);

	return bond == NULL ? 0 :
	    nets_refuse(e, code, p->uuid, NULL, "%s is part of %s",
		p->link.name, bond->link.name);
}

/* What a VLAN stands on goes up first. */
static void
plug(struct call *k)
{
	const struct network *p = self(k);
	const struct network *lower = nets_by_index(k->core, p->link.lower);
	struct xu_err e = XU_ERR_INIT;
	int status = is_alone(k->core, p, XE(CANNOT_PLUG_BOND_SLAVE), &e);

	if (status == 0 && lower != NULL && (lower->link.flags & IFF_UP) == 0)
		status = pif_switch(k->core, lower, true, &e);
	end(k, status < 0 ? -1 : pif_switch(k->core, p, true, &e), &e);
}

/* Neither it nor a VLAN on it is in use. */
static int
may_unplug(struct core *c, const struct network *p, struct xu_err *e)
{
	AUTO_VAL struct xu_val *words = pif_words(c, p->link.name);
	struct xu_err other = XU_ERR_INIT;
	const struct network *n;
	size_t pos = 0;

	if (is_alone(c, p, XE(CANNOT_PLUG_BOND_SLAVE), e) < 0)
		return -1;
	if (xu_val_get_bool(words, "disallow_unplug", false))
		return nets_refuse(e, XE(PIF_DOES_NOT_ALLOW_UNPLUG), p->uuid,
		    NULL, "%s is not to be taken down: see disallow_unplug",
		    p->link.name);
	if (pif_is_management(c, p))
		return nets_refuse(e, XE(PIF_IS_MANAGEMENT_INTERFACE), p->uuid,
		    NULL, "the host has an address on %s: who takes it down "
		    "would lose the host", p->link.name);
	/* That a VLAN stands on it is no hindrance, its use is. */
	if (nets_is_free(c, p, &other) < 0 &&
	    strcmp(other.code, XE(VIF_IN_USE)) == 0) {
		*e = other;
		return -1;
	}
	while (p->link.index != 0 && (n = nets_next(c, &pos, false)) != NULL)
		if (n->link.lower == p->link.index &&
		    nets_is_free(c, n, e) < 0)
			return -1;
	return 0;
}

static void
unplug(struct call *k)
{
	const struct network *p = self(k);
	struct xu_err e = XU_ERR_INIT;

	end(k, may_unplug(k->core, p, &e) < 0 ? -1 :
	    pif_switch(k->core, p, false, &e), &e);
}

/* ---- scan, introduce, forget -------------------------------------------------------------- */

static void
look(struct call *k)
{
	nets_refresh(k->core);
	call_ok(k, NULL);
}

struct sought {
	const char *name;
	const uint8_t *mac;
	struct net_link link;
};

static bool
is_sought(void *arg, const struct net_link *l)
{
	struct sought *s = arg;

	if ((s->name[0] != '\0' && strcmp(s->name, l->name) != 0) ||
	    memcmp(s->mac, l->mac, sizeof(l->mac)) != 0 ||
	    (l->flags & IFF_LOOPBACK) != 0 || strcmp(l->kind, "bridge") == 0)
		return true;
	s->link = *l;
	return false;
}

/* (host, MAC, device, managed) */
static void
introduce(struct call *k)
{
	const char *mac = xu_val_str(xu_val_at(k->params, 1));
	const struct xu_val *managed = xu_val_at(k->params, 3);
	uint8_t address[6];
	struct sought s = { xu_val_str(xu_val_at(k->params, 2)), address,
		.link = { .index = 0 } };
	AUTO_VAL struct xu_val *v = xu_struct();
	struct xu_err e = XU_ERR_INIT;
	const char *why = xu_mac_parse(mac, address);
	char uuid[UUID_TEXT];

	if (why != NULL) {
		call_refuse(k, XE(MAC_INVALID), mac, "'%s': %s", mac, why);
		return;
	}
	net_links(k->core, is_sought, &s);
	nets_refresh(k->core);
	if (s.link.index == 0) {
		call_refuse(k, XE(MAC_DOES_NOT_EXIST), mac,
		    "no interface%s%s of the host has the address %s",
		    s.name[0] != '\0' ? " " : "", s.name, mac);
		return;
	}
	if (nets_by_name(k->core, s.link.name) != NULL) {
		call_refuse(k, XE(DUPLICATE_PIF_DEVICE_NAME), s.link.name,
		    "%s has a PIF already", s.link.name);
		return;
	}
	xu_val_set(v, "introduced", xu_bool(true));
	xu_val_set(v, "managed",
	    xu_bool(managed == NULL || xu_val_bool(managed)));
	if (db_put(k->core->db, CLASS, s.link.name, v, &e) < 0) {
		call_fail(k, &e);
		return;
	}
	introduced++;
	net_uuid(k->core, s.link.name, uuid);
	nets_tell(k->core, &pif_ops, "add", uuid);
	call_ok(k, xu_str(uuid));
}

static void
forget(struct call *k)
{
	const struct network *p = self(k);
	struct xu_err e = XU_ERR_INIT;
	char mac[XU_MAC_TEXT];

	if (!pif_is_introduced(k->core, p->link.name)) {
		xu_mac_text(p->link.mac, mac);
		call_refuse(k, XE(MAC_STILL_EXISTS), mac,
		    "%s is still there, and was not introduced", p->link.name);
		return;
	}
	if (is_alone(k->core, p, XE(PIF_ALREADY_BONDED), &e) < 0 ||
	    nets_is_free(k->core, p, &e) < 0 ||
	    db_del(k->core->db, CLASS, p->link.name, &e) < 0) {
		call_fail(k, &e);
		return;
	}
	introduced--;
	nets_stale(k->core);
	api_event(k->core, CLASS, "del", p->uuid, NULL);
	call_ok(k, NULL);
}

/* ---- VLANs, as they were once made --------------------------------------------------------- */

static void
create_vlan(struct call *k)
{
	const char *name = xu_val_str(xu_val_at(k->params, 0));
	const char *net = xu_val_str(xu_val_at(k->params, 1));
	struct xu_err e = XU_ERR_INIT;
	const struct network *on = vlan_trunk(k->core, name, &e);
	const struct network *made = on == NULL ? NULL :
	    vlan_create(k->core, on, xu_val_int(xu_val_at(k->params, 3)),
		nets_find(k->core, net, true), &e);

	if (made == NULL)
		call_fail(k, &e);
	else
		call_ok(k, xu_str(made->uuid));
}

static void
destroy(struct call *k)
{
	const struct network *p = self(k);
	struct xu_err e = XU_ERR_INIT;

	if (!nets_is_kind(p, "vlan"))
		nets_refuse(&e, XE(PIF_IS_PHYSICAL), p->uuid, NULL,
		    "%s is no VLAN, and cannot be destroyed", p->link.name);
	if (xu_err_is_set(&e) || vlan_destroy(k->core, p, &e) < 0)
		call_fail(k, &e);
	else
		call_ok(k, NULL);
}

const struct handler pif_handlers[] = {
	{ "PIF.plug", plug },
	{ "PIF.unplug", unplug },
	{ "PIF.scan", look },
	{ "PIF.introduce", introduce },
	{ "PIF.forget", forget },
	{ "PIF.create_VLAN", create_vlan },
	{ "PIF.destroy", destroy },
	{ NULL, NULL },
};
