/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bridges of the host as networks, its other interfaces as PIFs. A bridge is what
 * the kernel says it is; of those that network.create made the database has an
 * object as well, from which they are made again when the host has started.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "db.h"
#include "vif.h"
#include "xu_log.h"

struct network {
	char uuid[UUID_TEXT];
	struct net_link link;
	bool bridge;
};

/* As the kernel last told it; all of it is read anew for each call. */
struct networks {
	struct core *core;
	struct network *all;
	size_t n;
};

void
net_uuid(const struct core *c, const char *name, char out[UUID_TEXT])
{
	char what[40];

	out[0] = '\0';
	snprintf(what, sizeof(what), "network %.15s", name);
	if (name[0] != '\0')
		uuid_derive(c->host_uuid, what, out);
}

/* ---- what there is ------------------------------------------------------------------ */

/* A guest's, and what only this host sees, is nobody's network card. */
static bool
is_card(const struct net_link *l)
{
	int domid, id;

	return (l->kind[0] == '\0' || strcmp(l->kind, "bond") == 0 ||
		   strcmp(l->kind, "vlan") == 0) &&
	    (l->flags & IFF_LOOPBACK) == 0 &&
	    sscanf(l->name, "vif%d.%d", &domid, &id) != 2;
}

static bool
is_vif(const struct core *c, const char *name)
{
	char own[IFNAMSIZ];
	const struct dev *d;
	size_t pos = 0;

	while ((d = xu_map_next(c->devs, &pos)) != NULL) {
		if (d->cls != &vif_class || d->domid < 0)
			continue;
		vif_name(d, own);
		if (strcmp(own, name) == 0)
			return true;
	}
	return false;
}

static bool
add_link(void *arg, const struct net_link *l)
{
	struct networks *w = arg;
	bool bridge = strcmp(l->kind, "bridge") == 0;
	struct network *more;

	if (!bridge && (!is_card(l) || is_vif(w->core, l->name)))
		return true;
	more = reallocarray(w->all, w->n + 1, sizeof(*more));
	if (more == NULL)
		return false;
	w->all = more;
	more[w->n].link = *l;
	more[w->n].bridge = bridge;
	net_uuid(w->core, l->name, more[w->n].uuid);
	w->n++;
	return true;
}

static void
refresh(struct core *c)
{
	c->networks->n = 0;
	if (net_links(c, add_link, c->networks) < 0)
		xu_log(XU_WARNING, "list the host's interfaces: %s",
		    net_why(c));
}

static struct network *
find_any(struct core *c, const char *ref, bool bridge)
{
	struct networks *w = c->networks;

	for (size_t i = 0; i < w->n; i++)
		if (w->all[i].bridge == bridge &&
		    strcmp(w->all[i].uuid, ref) == 0)
			return &w->all[i];
	return NULL;
}

static struct network *
next_any(struct core *c, size_t *pos, bool bridge)
{
	struct networks *w = c->networks;

	while (*pos < w->n && w->all[*pos].bridge != bridge)
		(*pos)++;
	return *pos < w->n ? &w->all[(*pos)++] : NULL;
}

static const char *
ref(const void *obj)
{
	return ((const struct network *)obj)->uuid;
}

int
net_bridge_of(struct core *c, const char *uuid, char out[IFNAMSIZ])
{
	const struct network *n;

	refresh(c);
	n = find_any(c, uuid, true);
	if (n == NULL)
		return -1;
	memcpy(out, n->link.name, IFNAMSIZ);
	return 0;
}

/* The bridge, and the host's interface that belongs into it (other_config:pif). */
static int
make(struct core *c, const char *name, const struct xu_val *v,
    struct xu_err *e)
{
	const char *pif = xu_val_get_str(xu_val_get(v, "other_config"), "pif", "");
	struct net_change change = { .set = IFF_UP };
	struct net_link l, port;

	if (net_link_get(c, name, &l) < 0 &&
	    (net_bridge_add(c, name) < 0 || net_link_get(c, name, &l) < 0)) {
		xu_err_set(e, XE(XLD_DEVICE), 0, "make bridge %s: %s", name,
		    net_why(c));
	} else if (pif[0] != '\0') {
		change.master = l.index;
		if (net_link_get(c, pif, &port) < 0 ||
		    net_link_change(c, port.index, &change) < 0)
			xu_err_set(e, XE(XLD_DEVICE), 0,
			    "put %s into bridge %s: %s", pif, name, net_why(c));
	}
	if (!xu_err_is_set(e))
		return 0;
	xu_err_param(e, "%s", name);
	xu_err_param(e, "%s", net_why(c));
	return -1;
}

static void
make_again(void *arg, const char *name, const struct xu_val *v)
{
	struct xu_err e = XU_ERR_INIT;

	/* The others are there all the same. */
	if (xu_ifname_ok(name) && make(arg, name, v, &e) < 0)
		xu_log_err(XU_ERROR, &e);
}

int
networks_open(struct core *c, struct xu_err *e)
{
	c->networks = calloc(1, sizeof(*c->networks));
	if (c->networks == NULL)
		return xu_err_set(e, XE(XLD_NO_MEMORY), ENOMEM, "keep networks");
	c->networks->core = c;
	return db_each(c->db, "network", make_again, c, e);
}

void
networks_close(struct core *c)
{
	if (c->networks != NULL)
		free(c->networks->all);
	free(c->networks);
	c->networks = NULL;
}

/* ---- network ------------------------------------------------------------------------ */

static void *
find_network(struct core *c, const char *r)
{
	return find_any(c, r, true);
}

static void *
next_network(struct core *c, size_t *pos)
{
	return next_any(c, pos, true);
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
	AUTO_VAL struct xu_val *v = db_get(c->db, "network", n->link.name, NULL);
	const struct xu_val *map = xu_val_get(v, "other_config");
	struct xu_val *r = xu_struct(), *ports = xu_array();
	size_t pos = 0;

	while ((port = next_any(c, &pos, false)) != NULL)
		if (port->link.master == n->link.index)
			xu_val_add(ports, xu_str(port->uuid));
	xu_val_set(r, "uuid", xu_str(n->uuid));
	xu_val_set(r, "name_label", xu_str(n->link.name));
	xu_val_set(r, "name_description",
	    xu_str(xu_val_get_str(v, "name_description", "")));
	xu_val_set(r, "VIFs", vifs_of(c, n->link.name));
	xu_val_set(r, "PIFs", ports);
	xu_val_set(r, "default_gateway", xu_str(""));
	xu_val_set(r, "default_netmask", xu_str(""));
	xu_val_set(r, "managed", xu_bool(v != NULL));
	xu_val_set(r, "other_config",
	    map != NULL ? xu_val_copy(map) : xu_struct());
	return r;
}

/* Of one that network.create made. */
static int
network_set(struct core *c, void *obj, const char *field,
    const struct xu_val *value, struct xu_err *e)
{
	const struct network *n = obj;
	AUTO_VAL struct xu_val *v = db_get(c->db, "network", n->link.name, e);

	if (strncmp(field, "default_", strlen("default_")) == 0)
		return config_must_be_empty(e, field, value,
		    "addresses are the host's own, or its guests'");
	if (strcmp(field, "name_label") == 0)
		return strcmp(xu_val_str(value), n->link.name) == 0 ? 0 :
		    config_unsupported(e, field, xu_val_str(value),
			"it is the bridge's name, by which guests know it: "
			"make another one");
	if (v != NULL)
		return db_change(c->db, "network", n->link.name, &v, field,
		    value, e);
	xu_err_set(e, XE(OPERATION_NOT_ALLOWED), 0,
	    "bridge %s belongs to the host: network.create has not made it",
	    n->link.name);
	return -1;
}

const struct class_ops network_ops = {
	.cls = &model_network,
	.find = find_network,
	.next = next_network,
	.ref = ref,
	.record = network_record,
	.refresh = refresh,
	.set = network_set,
};

static void
create(struct call *k)
{
	const struct xu_val *args = xu_val_at(k->params, 0);
	const struct xu_val *map = xu_val_get(args, "other_config");
	const char *name = xu_val_get_str(args, "name_label", "");
	AUTO_VAL struct xu_val *v = xu_struct();
	struct xu_err e = XU_ERR_INIT;
	struct net_link l;
	char uuid[UUID_TEXT];

	xu_val_set(v, "name_description",
	    xu_str(xu_val_get_str(args, "name_description", "")));
	xu_val_set(v, "other_config",
	    map != NULL ? xu_val_copy(map) : xu_struct());
	if (!xu_ifname_ok(name) || strchr(name, '.') != NULL) {
		config_unsupported(&e, "name_label", name,
		    "it becomes the name of a bridge: 1 to 15 letters, digits, "
		    "_ and -");
	} else if (net_link_get(k->core, name, &l) == 0) {
		xu_err_set(&e, XE(UNIQUE_NAME_ERROR), 0,
		    "this host has an interface '%s' already", name);
		xu_err_param(&e, "%s", name);
		xu_err_param(&e, "network");
	} else if (db_put(k->core->db, "network", name, v, &e) == 0 &&
	    make(k->core, name, v, &e) < 0) {
		db_del(k->core->db, "network", name, NULL);
		if (net_link_get(k->core, name, &l) == 0)
			net_link_del(k->core, l.index);
	}
	if (xu_err_is_set(&e)) {
		call_fail(k, &e);
		return;
	}
	net_uuid(k->core, name, uuid);
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

static void
destroy(struct call *k)
{
	const struct network *n = find_any(k->core,
	    xu_val_str(xu_val_at(k->params, 0)), true);
	struct port p = { .master = n->link.index };
	AUTO_VAL struct xu_val *made = NULL;
	struct xu_err e = XU_ERR_INIT;

	made = db_get(k->core->db, "network", n->link.name, &e);
	net_links(k->core, is_port, &p);
	if (xu_err_is_set(&e)) {
		call_fail(k, &e);
	} else if (made == NULL) {
		call_refuse(k, "OPERATION_NOT_ALLOWED", "not made by create",
		    "bridge %s belongs to the host: network.create has not made "
		    "it", n->link.name);
	} else if (p.name[0] != '\0') {
		call_refuse(k, "OPERATION_NOT_ALLOWED", "in use",
		    "bridge %s is in use by %s", n->link.name, p.name);
	} else if (db_del(k->core->db, "network", n->link.name, &e) < 0) {
		call_fail(k, &e);
	} else if (net_link_del(k->core, n->link.index) < 0) {
		db_put(k->core->db, "network", n->link.name, made, NULL);
		call_refuse(k, "XLD_DEVICE", n->link.name,
		    "remove bridge %s: %s", n->link.name, net_why(k->core));
	} else {
		call_ok(k, NULL);
	}
}

const struct handler network_handlers[] = {
	{ "network.create", create },
	{ "network.destroy", destroy },
	{ NULL, NULL },
};

/* ---- PIF ------------------------------------------------------------------------------ */

static void *
find_pif(struct core *c, const char *r)
{
	return find_any(c, r, false);
}

static void *
next_pif(struct core *c, size_t *pos)
{
	return next_any(c, pos, false);
}

static struct xu_val *
pif_record(struct core *c, void *obj)
{
	const struct network *p = obj, *n;
	struct xu_val *r = xu_struct();
	char mac[XU_MAC_TEXT];
	const char *bridge = "";
	char uuid[UUID_TEXT];
	size_t pos = 0;

	while ((n = next_any(c, &pos, true)) != NULL)
		if (n->link.index == p->link.master)
			bridge = n->uuid;
	xu_mac_text(p->link.mac, mac);
	xu_val_set(r, "uuid", xu_str(p->uuid));
	xu_val_set(r, "device", xu_str(p->link.name));
	xu_val_set(r, "network", xu_str(bridge));
	xu_val_set(r, "host", xu_str(c->host_uuid));
	xu_val_set(r, "MAC", xu_str(mac));
	xu_val_set(r, "MTU", xu_int(p->link.mtu));
	xu_val_set(r, "VLAN", xu_int(-1));
	uuid_derive(p->uuid, "metrics", uuid);
	xu_val_set(r, "metrics", xu_str(uuid));
	return r;
}

const struct class_ops pif_ops = {
	.cls = &model_pif,
	.find = find_pif,
	.next = next_pif,
	.ref = ref,
	.record = pif_record,
	.refresh = refresh,
};
