/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bridges of the host as networks. A bridge is what the kernel says it is; of those
 * that network.create made the database has an object as well, from which they are
 * made again when the host has started.
 */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "nets.h"
#include "vif.h"

#define CLASS "network"
/* Of bridges that are named here: xbr0, ... */
#define BRIDGES_MAX 1000
/* Bytes of a name. */
#define LABEL_MAX   255
#define MTU_MIN	    68
#define MTU_MAX	    65535

/* The bridge, and the host's interface that belongs into it (other_config:pif). */
int
bridge_make(struct core *c, const char *name, const struct xu_val *v,
    struct xu_err *e)
{
	const char *pif = xu_val_get_str(xu_val_get(v, "other_config"), "pif", "");
	struct net_change change = { .set = IFF_UP };
	struct net_change mtu = {
		.mtu = (uint32_t)xu_val_get_int(v, "MTU", 0)
	};
	struct net_link l, port;

	if (net_link_get(c, name, &l) < 0 &&
	    (net_bridge_add(c, name) < 0 || net_link_get(c, name, &l) < 0))
		return nets_refused(c, e, name, "make bridge %s", name);
	if (mtu.mtu != 0 && mtu.mtu != l.mtu &&
	    net_link_change(c, l.index, &mtu) < 0)
		return nets_refused(c, e, name, "set the MTU of %s", name);
	change.master = l.index;
	if (pif[0] != '\0' && (net_link_get(c, pif, &port) < 0 ||
		net_link_change(c, port.index, &change) < 0))
		return nets_refused(c, e, name, "put %s into bridge %s", pif,
		    name);
	return 0;
}

/* ---- the class ---------------------------------------------------------------------- */

static void *
find(struct core *c, const char *ref)
{
	return nets_find(c, ref, true);
}

static void *
next(struct core *c, size_t *pos)
{
	return nets_next(c, pos, true);
}

static struct xu_val *
vifs_of(struct core *c, const char *bridge)
{
	struct xu_val *list = xu_array();
	const struct dev *d;
	size_t pos = 0;

	while ((d = xu_map_next(c->devs, &pos)) != NULL)
		if (d->cls == &vif_class &&
		    (strcmp(vif_of(d)->bridge, bridge) == 0 ||
			strcmp(dev_str(d, "bridge"), bridge) == 0))
			xu_val_add(list, xu_str(d->uuid));
	return list;
}

static struct xu_val *
network_record(struct core *c, void *obj)
{
	const struct network *n = obj, *port;
	AUTO_VAL struct xu_val *v = db_get(c->db, CLASS, n->link.name, NULL);
	const struct xu_val *map = xu_val_get(v, "other_config");
	struct xu_val *r = xu_struct(), *ports = xu_array();
	size_t pos = 0;

	while ((port = nets_next(c, &pos, false)) != NULL)
		if (port->link.master == n->link.index)
			xu_val_add(ports, xu_str(port->uuid));
	xu_val_set(r, "uuid", xu_str(n->uuid));
	xu_val_set(r, "name_label",
	    xu_str(xu_val_get_str(v, "name_label", n->link.name)));
	xu_val_set(r, "name_description",
	    xu_str(xu_val_get_str(v, "name_description", "")));
	xu_val_set(r, "bridge", xu_str(n->link.name));
	xu_val_set(r, "MTU", xu_int(n->link.mtu));
	xu_val_set(r, "VIFs", vifs_of(c, n->link.name));
	xu_val_set(r, "PIFs", ports);
	xu_val_set(r, "default_gateway", xu_str(""));
	xu_val_set(r, "default_netmask", xu_str(""));
	xu_val_set(r, "managed", xu_bool(v != NULL));
	xu_val_set(r, "other_config",
	    map != NULL ? xu_val_copy(map) : xu_struct());
	xu_val_set(r, "tags", config_tags(v));
	return r;
}

static int
check_mtu(int64_t mtu, struct xu_err *e)
{
	char text[24];

	if (mtu >= MTU_MIN && mtu <= MTU_MAX)
		return 0;
	snprintf(text, sizeof(text), "%lld", (long long)mtu);
	return config_unsupported(e, "MTU", text, "packets have 68 to 65535 bytes");
}

static int
check_label(const char *label, struct xu_err *e)
{
	return strlen(label) <= LABEL_MAX ? 0 :
	    config_unsupported(e, "name_label", label, "it is too long");
}

static int
set_mtu(struct core *c, const struct network *n, const struct xu_val *value,
    struct xu_err *e)
{
	struct net_change change = { .mtu = (uint32_t)xu_val_int(value) };

	if (check_mtu(xu_val_int(value), e) < 0)
		return -1;
	if (net_link_change(c, n->link.index, &change) < 0)
		return nets_refused(c, e, n->link.name, "set the MTU of %s",
		    n->link.name);
	return 0;
}

/* Of one that network.create made. */
static int
set(struct core *c, void *obj, const char *field, const struct xu_val *value,
    struct xu_err *e)
{
	struct network *n = obj;
	AUTO_VAL struct xu_val *v = NULL;
	bool mtu = strcmp(field, "MTU") == 0;

	if (strncmp(field, "default_", strlen("default_")) == 0)
		return config_must_be_empty(e, field, value,
		    "addresses are the host's own, or its guests'");
	v = nets_made(c, CLASS, n, e);
	if (v == NULL)
		return -1;
	if (strcmp(field, "name_label") == 0 &&
	    check_label(xu_val_str(value), e) < 0)
		return -1;
	if ((mtu && set_mtu(c, n, value, e) < 0) ||
	    db_change(c->db, CLASS, n->link.name, &v, field, value, e) < 0)
		return -1;
	n->link.mtu = mtu ? (uint32_t)xu_val_int(value) : n->link.mtu;
	return 0;
}

const struct class_ops network_ops = {
	.cls = &model_network,
	.find = find,
	.next = next,
	.ref = nets_ref,
	.record = network_record,
	.refresh = nets_look,
	.set = set,
};

/* ---- create, destroy ------------------------------------------------------------------ */

static bool
is_bridge_name(const char *s)
{
	return xu_ifname_ok(s) && strchr(s, '.') == NULL;
}

static bool
is_taken(struct core *c, const char *name)
{
	struct net_link l;

	return net_link_get(c, name, &l) == 0;
}

/* Which name its bridge gets: the one that was given, the label's, or a new one. */
static int
name_bridge(struct core *c, const struct xu_val *args, char out[IFNAMSIZ],
    struct xu_err *e)
{
	const char *given = xu_val_get_str(args, "bridge", "");
	const char *label = xu_val_get_str(args, "name_label", "");
	const char *name = given[0] != '\0' ? given : label;

	if (given[0] != '\0' && !is_bridge_name(given))
		return config_unsupported(e, "bridge", given,
		    "names of bridges are 1 to 15 letters, digits, _ and -");
	if (is_bridge_name(name)) {
		snprintf(out, IFNAMSIZ, "%s", name);
		if (!is_taken(c, name))
			return 0;
		return given[0] != '\0' ?
		    nets_refuse(e, XE(BRIDGE_NAME_EXISTS), name, NULL,
			"this host has an interface '%s' already", name) :
		    nets_refuse(e, XE(UNIQUE_NAME_ERROR), name, CLASS,
			"this host has an interface '%s' already", name);
	}
	for (int i = 0; i < BRIDGES_MAX; i++) {
		snprintf(out, IFNAMSIZ, "xbr%d", i);
		if (!is_taken(c, out))
			return 0;
	}
	return nets_refuse(e, XE(XLD_TOO_MANY), "bridges", "1000",
	    "there are 1000 bridges xbr0, xbr1, ... and there cannot be more");
}

/* What is kept of it, or NULL with *e. */
static struct xu_val *
kept(const struct xu_val *args, struct xu_err *e)
{
	const struct xu_val *map = xu_val_get(args, "other_config");
	const char *label = xu_val_get_str(args, "name_label", "");
	int64_t mtu = xu_val_get_int(args, "MTU", 0);
	struct xu_val *v = xu_struct();

	xu_val_set(v, "name_label", xu_str(label));
	xu_val_set(v, "name_description",
	    xu_str(xu_val_get_str(args, "name_description", "")));
	xu_val_set(v, "other_config",
	    map != NULL ? xu_val_copy(map) : xu_struct());
	xu_val_set(v, "tags", config_tags(args));
	xu_val_set(v, "MTU", xu_int(mtu));
	if (xu_val_ok(v) && check_label(label, e) == 0 &&
	    config_check_tags(xu_val_get(v, "tags"), e) == 0 &&
	    (mtu == 0 || check_mtu(mtu, e) == 0))
		return v;
	if (!xu_err_is_set(e))
		xu_err_set(e, XE(XLD_NO_MEMORY), ENOMEM, "keep a network");
	xu_val_free(v);
	return NULL;
}

static int
create_bridge(struct core *c, const char *name, const struct xu_val *v,
    struct xu_err *e)
{
	struct net_link l;

	if (db_put(c->db, CLASS, name, v, e) < 0)
		return -1;
	if (bridge_make(c, name, v, e) == 0)
		return 0;
	db_del(c->db, CLASS, name, NULL);
	if (net_link_get(c, name, &l) == 0)
		net_link_del(c, l.index);
	return -1;
}

static void
create(struct call *k)
{
	const struct xu_val *args = xu_val_at(k->params, 0);
	struct xu_err e = XU_ERR_INIT;
	AUTO_VAL struct xu_val *v = kept(args, &e);
	char name[IFNAMSIZ], uuid[UUID_TEXT];

	if (v == NULL || name_bridge(k->core, args, name, &e) < 0 ||
	    create_bridge(k->core, name, v, &e) < 0) {
		call_fail(k, &e);
		return;
	}
	net_uuid(k->core, name, uuid);
	nets_tell(k->core, &network_ops, "add", uuid);
	call_ok(k, xu_str(uuid));
}

struct port {
	int master;
	char name[IFNAMSIZ];
};

static bool
is_port(void *arg, const struct net_link *l)
{
	struct port *p = arg;

	if (l->master == p->master)
		memcpy(p->name, l->name, IFNAMSIZ);
	return true;
}

static int
is_unused(struct core *c, const struct network *n, struct xu_err *e)
{
	const struct network *card = nets_card_in(c, n);
	struct port p = { .master = n->link.index };

	net_links(c, is_port, &p);
	if (card != NULL)
		return nets_refuse(e, XE(NETWORK_CONTAINS_PIF), card->uuid,
		    NULL, "bridge %s is in use by %s", n->link.name,
		    card->link.name);
	if (p.name[0] != '\0')
		return nets_refuse(e, XE(OPERATION_NOT_ALLOWED), "in use", NULL,
		    "bridge %s is in use by %s", n->link.name, p.name);
	return 0;
}

static int
destroy_bridge(struct core *c, const struct network *n, struct xu_err *e)
{
	AUTO_VAL struct xu_val *v = nets_made(c, CLASS, n, e);

	if (v == NULL || is_unused(c, n, e) < 0 ||
	    db_del(c->db, CLASS, n->link.name, e) < 0)
		return -1;
	if (net_link_del(c, n->link.index) == 0)
		return 0;
	nets_refused(c, e, n->link.name, "remove bridge %s", n->link.name);
	db_put(c->db, CLASS, n->link.name, v, NULL);
	return -1;
}

static void
destroy(struct call *k)
{
	const char *ref = xu_val_str(xu_val_at(k->params, 0));
	struct xu_err e = XU_ERR_INIT;

	if (destroy_bridge(k->core, nets_find(k->core, ref, true), &e) < 0) {
		call_fail(k, &e);
		return;
	}
	nets_stale(k->core);
	api_event(k->core, CLASS, "del", ref, NULL);
	call_ok(k, NULL);
}

const struct handler network_handlers[] = {
	{ "network.create", create },
	{ "network.destroy", destroy },
	{ NULL, NULL },
};
