/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bonds: an interface of the kernel's kind "bond" with cards as its parts, in the
 * bridge of a network. What cannot be changed while it has parts (its mode) is
 * changed by making it anew; its reference stays, and its VLANs are made again.
 */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "nets.h"
#include "xu_log.h"
#include "xu_num.h"

#define CLASS	    "Bond"
#define MEMBERS_MAX 8
#define NAMES_MAX   100
/* Of properties in milliseconds. */
#define MS_MAX	    60000

/* ---- words ------------------------------------------------------------------------- */

/* The kernel's modes by number, and XenAPI's word for each; of its three the kernel
 * lacks balance-slb, which stands for those that balance otherwise. */
static const struct {
	const char *kernel, *word;
} modes[] = {
	{ "balance-rr", "balance-slb" },
	{ "active-backup", "active-backup" },
	{ "balance-xor", "balance-slb" },
	{ "broadcast", "balance-slb" },
	{ "802.3ad", "lacp" },
	{ "balance-tlb", "balance-slb" },
	{ "balance-alb", "balance-slb" },
};

static const char *const hashes[] = { "layer2", "tcpudp_ports", "layer2+3",
	"encap2+3", "encap3+4", "src_mac" };
#define HASH_PORTS 1
#define HASH_MAC   5

/* What the kernel is told of it. *e: a word that it does not know. */
static int
read_mode(const char *word, struct net_bond *b, struct xu_err *e)
{
	if (strcmp(word, "balance-slb") == 0)
		return config_unsupported(e, "mode", word,
		    "the kernel has no such bonds: active-backup and lacp are "
		    "there");
	b->mode = strcmp(word, "lacp") == 0 ? NET_BOND_LACP :
					      NET_BOND_ACTIVE_BACKUP;
	return 0;
}

static int
read_ms(const char *value, uint32_t *out)
{
	uint64_t n;

	if (!xu_num_u64(value, 10, MS_MAX, &n))
		return -1;
	*out = (uint32_t)n;
	return 0;
}

static int
read_property(const char *key, const char *value, struct net_bond *b,
    struct xu_err *e)
{
	bool lacp = b->mode == NET_BOND_LACP, ok = false;

	if (strcmp(key, "miimon") == 0)
		ok = read_ms(value, &b->miimon) == 0 && b->miimon > 0;
	else if (strcmp(key, "updelay") == 0)
		ok = read_ms(value, &b->updelay) == 0;
	else if (strcmp(key, "downdelay") == 0)
		ok = read_ms(value, &b->downdelay) == 0;
	else if (strcmp(key, "hashing_algorithm") == 0 && lacp) {
		ok = strcmp(value, hashes[HASH_MAC]) == 0 ||
		    strcmp(value, hashes[HASH_PORTS]) == 0;
		b->hash = strcmp(value, hashes[HASH_MAC]) == 0 ? HASH_MAC :
								 HASH_PORTS;
	} else if (strcmp(key, "lacp-time") == 0 && lacp) {
		ok = strcmp(value, "fast") == 0 || strcmp(value, "slow") == 0;
		b->fast = strcmp(value, "fast") == 0;
	} else {
		return config_unsupported(e, "properties", key, lacp ?
			"bonds of lacp have hashing_algorithm, lacp-time, "
			"miimon, updelay and downdelay" :
			"bonds of active-backup have miimon, updelay and "
			"downdelay");
	}
	return ok ? 0 :
	    config_unsupported(e, key, value,
		"src_mac or tcpudp_ports; fast or slow; 0 to 60000 ms, and "
		"miimon 1 at least");
}

/* What it says of a bond, or -1 with *e. */
static int
read_bond(const struct xu_val *v, struct net_bond *b, struct xu_err *e)
{
	const struct xu_val *map = xu_val_get(v, "properties");

	*b = (struct net_bond) { .miimon = 100, .hash = HASH_PORTS };
	if (read_mode(xu_val_get_str(v, "mode", ""), b, e) < 0)
		return -1;
	for (size_t i = 0; i < xu_val_count(map); i++)
		if (read_property(xu_val_name_at(map, i),
			xu_val_str(xu_val_at(map, i)), b, e) < 0)
			return -1;
	if (xu_mac_parse(xu_val_get_str(v, "MAC", ""), b->mac) != NULL)
		return nets_refuse(e, XE(MAC_INVALID),
		    xu_val_get_str(v, "MAC", ""), NULL,
		    "'%s' is no address of an interface",
		    xu_val_get_str(v, "MAC", ""));
	return 0;
}

/* ---- the kernel's ------------------------------------------------------------------ */

/* Parts as they were before. */
struct parts {
	struct {
		int index;
		bool up;
	} of[MEMBERS_MAX];
	size_t n;
};

static const struct xu_val *
slaves_of(const struct xu_val *v)
{
	return xu_val_get(v, "slaves");
}

bool
bond_needs(const struct xu_val *v, const char *name)
{
	const struct xu_val *slaves = slaves_of(v);

	for (size_t i = 0; i < xu_val_count(slaves); i++)
		if (strcmp(xu_val_str(xu_val_at(slaves, i)), name) == 0)
			return true;
	return false;
}

/* One part; it has to be down for that. */
static int
enslave(struct core *c, const struct net_link *part, int bond,
    struct parts *was)
{
	struct net_change down = { .clear = IFF_UP }, in = { .master = bond };

	was->of[was->n].index = part->index;
	was->of[was->n++].up = (part->flags & IFF_UP) != 0;
	return (part->flags & IFF_UP) != 0 &&
		    net_link_change(c, part->index, &down) < 0 ?
	    -1 :
	    net_link_change(c, part->index, &in);
}

/* All parts that there are. -1 with *e; none at all is an error. */
static int
enslave_all(struct core *c, const char *name, const struct xu_val *v, int bond,
    struct parts *was, struct xu_err *e)
{
	const struct xu_val *slaves = slaves_of(v);
	struct net_link l;
	const char *part;
	size_t there = 0;

	for (size_t i = 0; i < xu_val_count(slaves) && i < MEMBERS_MAX; i++) {
		part = xu_val_str(xu_val_at(slaves, i));
		if (net_link_get(c, part, &l) < 0) {
			nets_lacks(c, part);
			xu_log(XU_WARNING, "%s is without %s: %s", name, part,
			    net_why(c));
			continue;
		}
		there++;
		if (l.master == bond)
			continue;
		if (l.master != 0)
			return nets_refuse(e, XE(XLD_DEVICE), name, part,
			    "put %s into %s: it is part of something else", part,
			    name);
		if (enslave(c, &l, bond, was) < 0)
			return nets_refused(c, e, name, "put %s into %s", part,
			    name);
		if (fault_point("bond-part", e) < 0)
			return -1;
	}
	return there > 0 ? 0 :
	    nets_refuse(e, XE(XLD_DEVICE), name, "no parts",
		"make %s: none of its interfaces is there", name);
}

/* Up, and in the bridge. The host has no address of its own there. */
static int
join(struct core *c, const char *name, int index, int bridge,
    struct xu_err *e)
{
	struct net_change change = { .set = IFF_UP, .master = bridge };

	net_link_mute(c, index);
	return net_link_change(c, index, &change) == 0 ? 0 :
	    nets_refused(c, e, name, "put %s into its bridge", name);
}

static void
take_apart(struct core *c, int bond, const struct parts *was)
{
	struct net_change up = { .set = IFF_UP };

	net_link_del(c, bond);
	for (size_t i = 0; i < was->n; i++)
		if (was->of[i].up)
			net_link_change(c, was->of[i].index, &up);
}

static int
add(struct core *c, const char *name, const struct xu_val *v, int bridge,
    struct xu_err *e)
{
	struct parts was = { .n = 0 };
	struct net_bond b;
	struct net_link l;

	if (read_bond(v, &b, e) < 0)
		return -1;
	if (net_bond_add(c, name, &b) < 0 || net_link_get(c, name, &l) < 0)
		return nets_refused(c, e, name, "make bond %s", name);
	if (fault_point("bond-made", e) == 0 &&
	    enslave_all(c, name, v, l.index, &was, e) == 0 &&
	    join(c, name, l.index, bridge, e) == 0)
		return 0;
	take_apart(c, l.index, &was);
	return -1;
}

int
bond_make(struct core *c, const char *name, const struct xu_val *v,
    struct xu_err *e)
{
	const char *network = xu_val_get_str(v, "network", "");
	struct parts was = { .n = 0 };
	struct net_link l, bridge;

	if (net_link_get(c, network, &bridge) < 0)
		return nets_refused(c, e, name, "put %s into bridge %s", name,
		    network);
	if (net_link_get(c, name, &l) < 0)
		return add(c, name, v, bridge.index, e);
	if (strcmp(l.kind, "bond") != 0)
		return nets_refuse(e, XE(XLD_DEVICE), name, "another's",
		    "make bond %s: there is another interface of the name",
		    name);
	if (enslave_all(c, name, v, l.index, &was, e) < 0)
		return -1;
	return l.master == bridge.index ? 0 :
	    join(c, name, l.index, bridge.index, e);
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
		if (nets_is_kind(n, "bond"))
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

/* Those that the kernel says; up, if not NULL, counts those with a link. */
static struct xu_val *
slaves(struct core *c, const struct network *bond, int64_t *up)
{
	struct xu_val *list = xu_array();
	const struct network *n;
	size_t pos = 0;

	while (bond->link.index != 0 && (n = nets_next(c, &pos, false)) != NULL)
		if (n->link.master == bond->link.index) {
			xu_val_add(list, xu_str(n->uuid));
			*up += (n->link.flags & IFF_RUNNING) != 0;
		}
	return list;
}

/* The owner's with the others as they are; of somebody else's the kernel's word for
 * its mode. */
static struct xu_val *
properties(const struct network *n, const struct xu_val *v)
{
	struct xu_val *map = xu_struct();
	struct net_bond b;

	if (v == NULL && n->link.bond_mode < XU_ARRAY_SIZE(modes))
		xu_val_set(map, "mode", xu_str(modes[n->link.bond_mode].kernel));
	if (v == NULL || read_bond(v, &b, NULL) < 0)
		return map;
	xu_val_set(map, "miimon", xu_strf("%u", b.miimon));
	xu_val_set(map, "updelay", xu_strf("%u", b.updelay));
	xu_val_set(map, "downdelay", xu_strf("%u", b.downdelay));
	if (b.mode == NET_BOND_LACP) {
		xu_val_set(map, "hashing_algorithm", xu_str(hashes[b.hash]));
		xu_val_set(map, "lacp-time", xu_str(b.fast ? "fast" : "slow"));
	}
	return map;
}

static struct xu_val *
record(struct core *c, void *obj)
{
	const struct network *n = obj, *first;
	AUTO_VAL struct xu_val *v = db_get(c->db, CLASS, n->link.name, NULL);
	const struct xu_val *map = xu_val_get(v, "other_config");
	const char *word = n->link.bond_mode < XU_ARRAY_SIZE(modes) ?
	    modes[n->link.bond_mode].word : "balance-slb";
	struct xu_val *r = xu_struct(), *list;
	int64_t up = 0;

	list = slaves(c, n, &up);
	first = nets_by_name(c, xu_val_str(xu_val_at(slaves_of(v), 0)));
	xu_val_set(r, "uuid", xu_str(n->of));
	xu_val_set(r, "master", xu_str(n->uuid));
	xu_val_set(r, "primary_slave", xu_str(first != NULL ? first->uuid :
		xu_val_str(xu_val_at(list, 0))));
	xu_val_set(r, "slaves", list);
	xu_val_set(r, "mode", xu_str(xu_val_get_str(v, "mode", word)));
	xu_val_set(r, "properties", properties(n, v));
	xu_val_set(r, "links_up", xu_int(up));
	xu_val_set(r, "auto_update_mac",
	    xu_bool(xu_val_get_bool(v, "auto_update_mac", false)));
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

const struct class_ops bond_ops = {
	.cls = &model_bond,
	.find = find,
	.next = next,
	.ref = ref_of,
	.record = record,
	.refresh = nets_look,
	.set = set,
};

/* ---- create -------------------------------------------------------------------------- */

static int
may_be_part(struct core *c, const struct network *p, struct xu_err *e)
{
	const struct network *n;
	size_t pos = 0;

	if (nets_is_kind(p, "vlan"))
		return nets_refuse(e, XE(PIF_IS_VLAN), p->uuid, NULL,
		    "%s is a VLAN", p->link.name);
	if (nets_bond_of(c, p) != NULL || nets_is_kind(p, "bond"))
		return nets_refuse(e, XE(PIF_ALREADY_BONDED), p->uuid, NULL,
		    "%s is a bond already, or part of one", p->link.name);
	if (!pif_is_managed(c, p))
		return nets_refuse(e, XE(PIF_UNMANAGED), p->uuid, NULL,
		    "%s is left to the host", p->link.name);
	while ((n = nets_next(c, &pos, false)) != NULL)
		if (n->link.lower == p->link.index)
			return nets_refuse(e, XE(PIF_VLAN_STILL_EXISTS),
			    p->uuid, NULL,
			    "%s stands on %s: destroy it, and make it on the "
			    "bond", n->link.name, p->link.name);
	if (pif_is_management(c, p))
		return nets_refuse(e, XE(PIF_IS_MANAGEMENT_INTERFACE), p->uuid,
		    NULL, "the host has an address on %s, and would lose it",
		    p->link.name);
	if (p->link.master != 0)
		return nets_refuse(e, XE(OPERATION_NOT_ALLOWED),
		    "it is in a network", NULL,
		    "%s is in a bridge: take it out of it before", p->link.name);
	return 0;
}

/* The names of the parts, or NULL with *e. */
static struct xu_val *
names_of(struct core *c, const struct xu_val *members, struct xu_err *e)
{
	struct xu_val *list = xu_array();
	const struct network *p;
	const char *ref;

	for (size_t i = 0; !xu_err_is_set(e) && i < xu_val_count(members); i++) {
		ref = xu_val_str(xu_val_at(members, i));
		p = nets_find(c, ref, false);
		for (size_t k = 0; p != NULL && k < i; k++)
			if (strcmp(xu_val_str(xu_val_at(members, k)), ref) == 0)
				config_unsupported(e, "members", p->link.name,
				    "it is named twice");
		if (p == NULL)
			nets_refuse(e, XE(HANDLE_INVALID), "PIF", ref,
			    "there is no PIF with the reference '%.60s'", ref);
		else if (may_be_part(c, p, e) == 0)
			xu_val_add(list, xu_str(p->link.name));
	}
	if (!xu_err_is_set(e) && xu_val_count(list) < 2)
		xu_err_set(e, XE(PIF_BOND_NEEDS_MORE_MEMBERS), 0,
		    "a bond has two interfaces at least");
	if (!xu_err_is_set(e) && xu_val_count(list) > MEMBERS_MAX)
		config_unsupported(e, "members", "more than 8",
		    "a bond has 8 interfaces at most");
	if (!xu_err_is_set(e))
		return list;
	xu_val_free(list);
	return NULL;
}

/* The MAC that was given, or the first part's. */
static void
put_mac(struct core *c, struct xu_val *v, const char *given)
{
	const struct network *p = nets_by_name(c,
	    xu_val_str(xu_val_at(slaves_of(v), 0)));
	char mac[XU_MAC_TEXT];

	xu_mac_text(p->link.mac, mac);
	xu_val_set(v, "MAC", xu_str(given[0] != '\0' ? given : mac));
	xu_val_set(v, "auto_update_mac", xu_bool(given[0] == '\0'));
}

/* (network, members, MAC, mode, properties): what is kept, or NULL with *e. */
static struct xu_val *
kept(struct core *c, const struct xu_val *params, const struct network *bridge,
    struct xu_err *e)
{
	const struct xu_val *mode = xu_val_at(params, 3);
	const struct xu_val *map = xu_val_at(params, 4);
	struct xu_val *names, *v = NULL;
	struct net_bond b;

	if (nets_may_join(c, bridge, e) < 0)
		return NULL;
	names = names_of(c, xu_val_at(params, 1), e);
	if (names == NULL)
		return NULL;
	v = xu_struct();
	xu_val_set(v, "network", xu_str(bridge->link.name));
	xu_val_set(v, "slaves", names);
	xu_val_set(v, "mode",
	    xu_str(mode != NULL ? xu_val_str(mode) : "active-backup"));
	xu_val_set(v, "properties", map != NULL ? xu_val_copy(map) : xu_struct());
	put_mac(c, v, xu_val_str(xu_val_at(params, 2)));
	if (xu_val_ok(v) && read_bond(v, &b, e) == 0)
		return v;
	if (!xu_err_is_set(e))
		xu_err_set(e, XE(XLD_NO_MEMORY), ENOMEM, "keep a bond");
	xu_val_free(v);
	return NULL;
}

/* bond0, or the next. */
static int
choose(struct core *c, char out[IFNAMSIZ], struct xu_err *e)
{
	struct net_link l;

	for (int i = 0; i < NAMES_MAX; i++) {
		snprintf(out, IFNAMSIZ, "bond%d", i);
		if (nets_by_name(c, out) == NULL && net_link_get(c, out, &l) < 0)
			return 0;
	}
	return nets_refuse(e, XE(XLD_TOO_MANY), "bonds", "100",
	    "there are 100 bonds bond0, bond1, ... and there cannot be more");
}

static int
make_new(struct core *c, const char *name, const struct xu_val *v,
    struct xu_err *e)
{
	if (db_put(c->db, CLASS, name, v, e) < 0)
		return -1;
	if (fault_point("bond-kept", e) == 0 && bond_make(c, name, v, e) == 0)
		return 0;
	db_del(c->db, CLASS, name, NULL);
	return -1;
}

/* Its name is that of the first try, or of the second. */
static int
make_somewhere(struct core *c, const struct xu_val *v, char name[IFNAMSIZ],
    struct xu_err *e)
{
	struct net_link l;

	if (choose(c, name, e) < 0)
		return -1;
	if (make_new(c, name, v, e) == 0)
		return 0;
	/* The module has come just now, and brought a bond of that name. */
	if (net_link_get(c, name, &l) < 0)
		return -1;
	*e = (struct xu_err)XU_ERR_INIT;
	return choose(c, name, e) < 0 ? -1 : make_new(c, name, v, e);
}

/* All that it concerns, after it was made or removed. */
static void
tell_parts(struct core *c, const struct xu_val *v)
{
	const struct xu_val *list = slaves_of(v);
	const struct network *p;
	char uuid[UUID_TEXT];

	for (size_t i = 0; i < xu_val_count(list); i++) {
		p = nets_by_name(c, xu_val_str(xu_val_at(list, i)));
		if (p == NULL)
			continue;
		memcpy(uuid, p->uuid, sizeof(uuid));
		nets_tell(c, &pif_ops, "mod", uuid);
	}
	net_uuid(c, xu_val_get_str(v, "network", ""), uuid);
	nets_tell(c, &network_ops, "mod", uuid);
}

static void
create(struct call *k)
{
	struct core *c = k->core;
	struct xu_err e = XU_ERR_INIT;
	const struct network *bridge = nets_find(c,
	    xu_val_str(xu_val_at(k->params, 0)), true);
	AUTO_VAL struct xu_val *v = NULL;
	char name[IFNAMSIZ], pif[UUID_TEXT], bond[UUID_TEXT];

	v = kept(c, k->params, bridge, &e);
	if (v == NULL || make_somewhere(c, v, name, &e) < 0) {
		call_fail(k, &e);
		return;
	}
	net_uuid(c, name, pif);
	uuid_derive(pif, CLASS, bond);
	nets_tell(c, &bond_ops, "add", bond);
	nets_tell(c, &pif_ops, "add", pif);
	tell_parts(c, v);
	call_ok(k, xu_str(bond));
}

/* ---- change, destroy ------------------------------------------------------------------- */

/* As v says, instead of how it was; its VLANs come with it. */
static int
make_anew(struct core *c, const struct network *n, const struct xu_val *v,
    struct xu_err *e)
{
	struct net_link l;

	if (net_link_get(c, n->link.name, &l) == 0 &&
	    net_link_del(c, l.index) < 0)
		return nets_refused(c, e, n->link.name, "remove %s",
		    n->link.name);
	if (fault_point("bond-anew", e) < 0 ||
	    bond_make(c, n->link.name, v, e) < 0)
		return -1;
	nets_make_on(c, n->link.name);
	return 0;
}

static void
change(struct call *k, const char *field, struct xu_val *value)
{
	struct core *c = k->core;
	struct network n = *(struct network *)find(c,
	    xu_val_str(xu_val_at(k->params, 0)));
	struct xu_err e = XU_ERR_INIT;
	AUTO_VAL struct xu_val *old = nets_made(c, CLASS, &n, &e);
	AUTO_VAL struct xu_val *v = xu_val_copy(old);
	struct net_bond b;

	xu_val_set(v, field, value);
	if (old == NULL || read_bond(v, &b, &e) < 0 ||
	    db_put(c->db, CLASS, n.link.name, v, &e) < 0) {
		call_fail(k, &e);
		return;
	}
	if (make_anew(c, &n, v, &e) < 0) {
		db_put(c->db, CLASS, n.link.name, old, NULL);
		make_anew(c, &n, old, NULL);
		call_fail(k, &e);
		return;
	}
	nets_tell(c, &bond_ops, "mod", n.of);
	call_ok(k, NULL);
}

static void
set_mode(struct call *k)
{
	change(k, "mode", xu_val_copy(xu_val_at(k->params, 1)));
}

/* (self, name, value) */
static void
set_property(struct call *k)
{
	const struct network *n = find(k->core,
	    xu_val_str(xu_val_at(k->params, 0)));
	AUTO_VAL struct xu_val *v = db_get(k->core->db, CLASS, n->link.name,
	    NULL);
	const struct xu_val *now = xu_val_get(v, "properties");
	struct xu_val *map = now != NULL ? xu_val_copy(now) : xu_struct();

	xu_val_set(map, xu_val_str(xu_val_at(k->params, 1)),
	    xu_val_copy(xu_val_at(k->params, 2)));
	change(k, "properties", map);
}

/* Its parts are up as they were in it. */
static void
raise_parts(struct core *c, const struct xu_val *v)
{
	struct net_change up = { .set = IFF_UP };
	const struct xu_val *list = slaves_of(v);
	struct net_link l;

	for (size_t i = 0; i < xu_val_count(list); i++)
		if (net_link_get(c, xu_val_str(xu_val_at(list, i)), &l) == 0)
			net_link_change(c, l.index, &up);
}

static int
destroy_bond(struct core *c, const struct network *n, const struct xu_val *v,
    struct xu_err *e)
{
	const char *name = n->link.name;

	if (nets_is_free(c, n, e) < 0)
		return -1;
	/* Whoever dies in between makes it again, and nobody was told. */
	if (n->link.index != 0 && net_link_del(c, n->link.index) < 0)
		return nets_refused(c, e, name, "remove %s", name);
	if (fault_point("bond-removed", e) < 0 ||
	    db_del(c->db, CLASS, name, e) < 0) {
		bond_make(c, name, v, NULL);
		return -1;
	}
	db_del(c->db, "PIF", name, NULL);
	raise_parts(c, v);
	return 0;
}

static void
destroy(struct call *k)
{
	struct core *c = k->core;
	struct network n = *(struct network *)find(c,
	    xu_val_str(xu_val_at(k->params, 0)));
	struct xu_err e = XU_ERR_INIT;
	AUTO_VAL struct xu_val *v = nets_made(c, CLASS, &n, &e);

	if (v == NULL || destroy_bond(c, &n, v, &e) < 0) {
		call_fail(k, &e);
		return;
	}
	api_event(c, CLASS, "del", n.of, NULL);
	api_event(c, "PIF", "del", n.uuid, NULL);
	tell_parts(c, v);
	call_ok(k, NULL);
}

const struct handler bond_handlers[] = {
	{ "Bond.create", create },
	{ "Bond.destroy", destroy },
	{ "Bond.set_mode", set_mode },
	{ "Bond.set_property", set_property },
	{ NULL, NULL },
};
