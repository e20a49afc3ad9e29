/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See nets.h: the list of bridges and cards, and what is made again. */
#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "nets.h"
#include "vif.h"
#include "xu_log.h"

/* As the kernel last told it; all of it is read anew for each call, but once for
 * those that one turn of the loop makes: event.from asks each class. */
struct networks {
	struct core *core;
	struct network *all;
	size_t n;
	/* In that turn of the loop, if at all; it is not true any more. */
	uint64_t read_at;
	bool was_read, stale;
	/* Names of interfaces that something needs and that are absent. */
	struct xu_map *lacking;
};

/* In this order: what is above stands on none of what is below. */
static const struct made {
	const char *cls;
	nets_make_f *make;
	bool (*needs)(const struct xu_val *v, const char *name);
} made[] = {
	{ "network", bridge_make, NULL },
	{ "Bond", bond_make, bond_needs },
	{ "VLAN", vlan_make, vlan_needs },
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
is_card(struct core *c, const struct net_link *l)
{
	int domid, id;

	if ((l->flags & IFF_LOOPBACK) != 0 ||
	    sscanf(l->name, "vif%d.%d", &domid, &id) == 2)
		return false;
	return l->kind[0] == '\0' || strcmp(l->kind, "bond") == 0 ||
	    strcmp(l->kind, "vlan") == 0 || pif_is_introduced(c, l->name);
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

static struct network *
append(struct networks *w, const struct net_link *l)
{
	struct network *more = reallocarray(w->all, w->n + 1, sizeof(*more));
	struct network *n;

	if (more == NULL)
		return NULL;
	w->all = more;
	n = &more[w->n++];
	memset(n, 0, sizeof(*n));
	n->link = *l;
	n->bridge = strcmp(l->kind, "bridge") == 0;
	net_uuid(w->core, l->name, n->uuid);
	if (strcmp(l->kind, "vlan") == 0)
		uuid_derive(n->uuid, "VLAN", n->of);
	if (strcmp(l->kind, "bond") == 0)
		uuid_derive(n->uuid, "Bond", n->of);
	return n;
}

static bool
add_link(void *arg, const struct net_link *l)
{
	struct networks *w = arg;

	if (strcmp(l->kind, "bridge") != 0 &&
	    (!is_card(w->core, l) || is_vif(w->core, l->name)))
		return true;
	return append(w, l) != NULL;
}

static bool
add_address(void *arg, const struct net_address *a)
{
	struct networks *w = arg;
	struct network *n = nets_by_index(w->core, a->index);

	if (n == NULL)
		return true;
	n->addressed = true;
	if (n->address.ip.family == 0 && a->ip.family == AF_INET)
		n->address = *a;
	return true;
}

/* One that was made and is absent. */
static void
add_absent(void *arg, const char *name, const struct xu_val *v)
{
	struct networks *w = arg;
	struct net_link l = { .mtu = 0 };
	const struct network *n;

	if (!xu_ifname_ok(name) || nets_by_name(w->core, name) != NULL)
		return;
	snprintf(l.name, sizeof(l.name), "%s", name);
	snprintf(l.kind, sizeof(l.kind), "%s",
	    xu_val_get(v, "tag") != NULL ? "vlan" : "bond");
	l.tag = (uint16_t)xu_val_get_int(v, "tag", 0);
	n = nets_by_name(w->core, xu_val_get_str(v, "device", ""));
	l.lower = n != NULL ? n->link.index : 0;
	n = nets_by_name(w->core, xu_val_get_str(v, "network", ""));
	l.master = n != NULL ? n->link.index : 0;
	append(w, &l);
}

void
nets_refresh(struct core *c)
{
	struct networks *w = c->networks;

	w->n = 0;
	w->read_at = uv_now(c->loop);
	w->was_read = true;
	w->stale = false;
	if (net_links(c, add_link, w) < 0 ||
	    net_addresses(c, add_address, w) < 0)
		xu_log(XU_WARNING, "list the host's interfaces: %s",
		    net_why(c));
	db_each(c->db, "Bond", add_absent, w, NULL);
	db_each(c->db, "VLAN", add_absent, w, NULL);
}

void
nets_look(struct core *c)
{
	struct networks *w = c->networks;

	if (!w->was_read || w->stale || w->read_at != uv_now(c->loop))
		nets_refresh(c);
}

void
nets_stale(struct core *c)
{
	c->networks->stale = true;
}

struct network *
nets_find(struct core *c, const char *uuid, bool bridge)
{
	struct networks *w = c->networks;

	for (size_t i = 0; i < w->n; i++)
		if (w->all[i].bridge == bridge &&
		    strcmp(w->all[i].uuid, uuid) == 0)
			return &w->all[i];
	return NULL;
}

struct network *
nets_next(struct core *c, size_t *pos, bool bridge)
{
	struct networks *w = c->networks;

	while (*pos < w->n && w->all[*pos].bridge != bridge)
		(*pos)++;
	return *pos < w->n ? &w->all[(*pos)++] : NULL;
}

struct network *
nets_by_name(struct core *c, const char *name)
{
	struct networks *w = c->networks;

	for (size_t i = 0; i < w->n; i++)
		if (strcmp(w->all[i].link.name, name) == 0)
			return &w->all[i];
	return NULL;
}

struct network *
nets_by_index(struct core *c, int index)
{
	struct networks *w = c->networks;

	for (size_t i = 0; index != 0 && i < w->n; i++)
		if (w->all[i].link.index == index)
			return &w->all[i];
	return NULL;
}

const char *
nets_ref(const void *obj)
{
	return ((const struct network *)obj)->uuid;
}

struct network *
nets_bridge_of(struct core *c, const struct network *pif)
{
	struct network *n = nets_by_index(c, pif->link.master);

	return n != NULL && n->bridge ? n : NULL;
}

struct network *
nets_bond_of(struct core *c, const struct network *pif)
{
	struct network *n = nets_by_index(c, pif->link.master);

	return n != NULL && nets_is_kind(n, "bond") ? n : NULL;
}

struct network *
nets_card_in(struct core *c, const struct network *bridge)
{
	struct network *n;
	size_t pos = 0;

	while ((n = nets_next(c, &pos, false)) != NULL)
		if (n->link.master == bridge->link.index)
			return n;
	return NULL;
}

const struct dev *
nets_user(struct core *c, const struct network *bridge)
{
	const struct dev *d;
	size_t pos = 0;

	while ((d = xu_map_next(c->devs, &pos)) != NULL)
		if (d->cls == &vif_class && d->phase != DEV_OFF &&
		    strcmp(vif_of(d)->bridge, bridge->link.name) == 0)
			return d;
	return NULL;
}

int
net_bridge_of(struct core *c, const char *uuid, char out[IFNAMSIZ])
{
	const struct network *n;

	nets_refresh(c);
	n = nets_find(c, uuid, true);
	if (n == NULL)
		return -1;
	memcpy(out, n->link.name, IFNAMSIZ);
	return 0;
}

/* ---- what is told -------------------------------------------------------------------- */

void
nets_tell(struct core *c, const struct class_ops *o, const char *operation,
    const char *ref)
{
	void *obj;

	nets_refresh(c);
	obj = o->find(c, ref);
	if (obj != NULL)
		api_event(c, o->cls->name, operation, ref, o->record(c, obj));
}

int
nets_refuse(struct xu_err *e, const char *code, const char *p1,
    const char *p2, const char *fmt, ...)
{
	char text[XU_ERR_MSG_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (e == NULL || xu_err_is_set(e))
		return -1;
	xu_err_set(e, code, 0, "%s", text);
	xu_err_param(e, "%s", p1);
	if (p2 != NULL)
		xu_err_param(e, "%s", p2);
	return -1;
}

int
nets_refused(struct core *c, struct xu_err *e, const char *name,
    const char *fmt, ...)
{
	char why[160], text[XU_ERR_MSG_MAX];
	va_list ap;

	snprintf(why, sizeof(why), "%s", net_why(c));
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return nets_refuse(e, XE(XLD_DEVICE), name, why, "%s: %s", text, why);
}

struct xu_val *
nets_made(struct core *c, const char *cls, const struct network *n,
    struct xu_err *e)
{
	struct xu_val *v = db_get(c->db, cls, n->link.name, e);

	if (v != NULL || xu_err_is_set(e))
		return v;
	if (n->bridge)
		nets_refuse(e, XE(OPERATION_NOT_ALLOWED), "not made by create",
		    NULL, "bridge %s belongs to the host: %s.create has not "
		    "made it", n->link.name, cls);
	else
		nets_refuse(e, XE(PIF_UNMANAGED), n->uuid, NULL,
		    "%s belongs to the host: %s.create has not made it",
		    n->link.name, cls);
	return NULL;
}

int
nets_set(struct core *c, const char *cls, const struct network *n,
    const char *field, const struct xu_val *value, struct xu_err *e)
{
	AUTO_VAL struct xu_val *v = nets_made(c, cls, n, e);

	return v == NULL ? -1 :
	    db_change(c->db, cls, n->link.name, &v, field, value, e);
}

int
nets_may_join(struct core *c, const struct network *bridge, struct xu_err *e)
{
	AUTO_VAL struct xu_val *v = NULL;
	const struct network *card = nets_card_in(c, bridge);

	v = db_get(c->db, "network", bridge->link.name, e);
	if (xu_err_is_set(e))
		return -1;
	if (v == NULL)
		return nets_refuse(e, XE(NETWORK_UNMANAGED), bridge->uuid, NULL,
		    "bridge %s belongs to the host: use a network that "
		    "network.create has made", bridge->link.name);
	if (card != NULL)
		return nets_refuse(e, XE(NETWORK_ALREADY_CONNECTED),
		    bridge->uuid, card->uuid,
		    "%s is in bridge %s already: use another network, or "
		    "destroy what it is there", card->link.name,
		    bridge->link.name);
	return 0;
}

int
nets_is_free(struct core *c, const struct network *pif, struct xu_err *e)
{
	const struct network *bridge = nets_bridge_of(c, pif), *n;
	const struct dev *d = bridge != NULL ? nets_user(c, bridge) : NULL;
	size_t pos = 0;

	if (d != NULL)
		return nets_refuse(e, XE(VIF_IN_USE), bridge->uuid, d->uuid,
		    "'%s', which runs, is in bridge %s: shut it down, or unplug "
		    "its interface", guest_name(d->guest), bridge->link.name);
	while (pif->link.index != 0 && (n = nets_next(c, &pos, false)) != NULL)
		if (n->link.lower == pif->link.index)
			return nets_refuse(e, XE(PIF_VLAN_STILL_EXISTS),
			    pif->uuid, NULL, "%s stands on %s", n->link.name,
			    pif->link.name);
	return 0;
}

/* ---- what is made again ----------------------------------------------------------------- */

struct making {
	struct core *core;
	const struct made *row;
	/* Only what needs this one; NULL: all. */
	const char *needed;
	/* Something does; it is not made. */
	bool ask, yes;
};

static void
make_again(void *arg, const char *name, const struct xu_val *v)
{
	struct making *m = arg;
	struct xu_err e = XU_ERR_INIT;

	if (!xu_ifname_ok(name) ||
	    (m->needed != NULL && !m->row->needs(v, m->needed)))
		return;
	m->yes = true;
	/* The others are there all the same. */
	if (!m->ask && m->row->make(m->core, name, v, &e) < 0)
		xu_log_err(XU_ERROR, &e);
}

/* What needs an interface, or whether something does. */
static bool
each_needing(struct core *c, const char *name, bool ask)
{
	struct making m = { .core = c, .needed = name, .ask = ask };

	for (size_t i = 0; i < XU_ARRAY_SIZE(made); i++) {
		m.row = &made[i];
		if (made[i].needs != NULL)
			db_each(c->db, made[i].cls, make_again, &m, NULL);
	}
	return m.yes;
}

void
nets_make_on(struct core *c, const char *name)
{
	each_needing(c, name, false);
}

void
nets_lacks(struct core *c, const char *name)
{
	if (xu_map_get(c->networks->lacking, name) == NULL &&
	    xu_map_put(c->networks->lacking, name, c) < 0)
		xu_log(XU_WARNING, "what needs %s is made at the next start: out "
		    "of memory", name);
}

/* Only what comes (back) makes something: what people change by hand stays so. */
void
networks_link_event(struct core *c, const char *name)
{
	struct networks *w = c->networks;
	struct net_link l;

	if (w == NULL)
		return;
	nets_stale(c);
	if (net_link_get(c, name, &l) < 0) {
		if (xu_map_get(w->lacking, name) == NULL &&
		    each_needing(c, name, true))
			nets_lacks(c, name);
	} else if (xu_map_del(w->lacking, name) != NULL) {
		each_needing(c, name, false);
	}
}

int
networks_open(struct core *c, struct xu_err *e)
{
	struct making m = { .core = c };

	c->networks = calloc(1, sizeof(*c->networks));
	if (c->networks == NULL ||
	    (c->networks->lacking = xu_map_new()) == NULL)
		return xu_err_set(e, XE(XLD_NO_MEMORY), ENOMEM, "keep networks");
	c->networks->core = c;
	if (pifs_open(c, e) < 0)
		return -1;
	for (size_t i = 0; i < XU_ARRAY_SIZE(made); i++) {
		m.row = &made[i];
		if (db_each(c->db, made[i].cls, make_again, &m, e) < 0)
			return -1;
	}
	return 0;
}

void
networks_close(struct core *c)
{
	if (c->networks == NULL)
		return;
	xu_map_free(&c->networks->lacking);
	free(c->networks->all);
	free(c->networks);
	c->networks = NULL;
}
