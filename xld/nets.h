/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the host's network is made of, as the API shows it: bridges (class network)
 * and cards (class PIF), of cards the VLANs (class VLAN) on
 * them, and the bonds (class Bond) that they are parts of.
 *
 * What there is the kernel says, each time anew. What was made by the API is in the
 * database as well, under the kernel's name of the interface: class "network" (with
 * name_label, MTU, ...), "VLAN" (device, tag, network), "Bond" (slaves, mode,
 * MAC, properties, network). A daemon that starts makes
 * what is missing; what lacks its card is made when that comes, and is shown as
 * absent until then. Nothing else is changed or removed, by whoever it was made.
 * Class "PIF" has what owners say of a card, and which interfaces were introduced
 * as one.
 */
#ifndef XLD_NETS_H
#define XLD_NETS_H

#include "db.h"
#include "net.h"

struct dev;

struct network {
	char uuid[UUID_TEXT];
	/* Index 0: it was made and is absent. */
	struct net_link link;
	bool bridge;
	/* Its VLAN's or bond's; "" = it is neither. */
	char of[UUID_TEXT];
	/* The host's address on it, the first one of IPv4; family 0 = none. */
	struct net_address address;
	/* The host has any. */
	bool addressed;
};

/* ---- nets.c: the list ------------------------------------------------------------- */

/* Before any of the others: the list is read anew, what was found is not any more. */
void nets_refresh(struct core *c);
/* The same unless this turn of the loop has read it, and nothing has changed. */
void nets_look(struct core *c);
void nets_stale(struct core *c);
/* From 0; NULL at the end. */
struct network *nets_next(struct core *c, size_t *pos, bool bridge);
struct network *nets_find(struct core *c, const char *uuid, bool bridge);
/* Any of them. NULL: there is none. */
struct network *nets_by_name(struct core *c, const char *name);
struct network *nets_by_index(struct core *c, int index);
const char *nets_ref(const void *obj);
/* The bridge it is in, or NULL. */
struct network *nets_bridge_of(struct core *c, const struct network *pif);
/* The bond that it is a part of, or NULL. */
struct network *nets_bond_of(struct core *c, const struct network *pif);
/* The card that is in the bridge, or NULL. */
struct network *nets_card_in(struct core *c, const struct network *bridge);
/* An interface of a machine that runs, in the bridge; or NULL. */
const struct dev *nets_user(struct core *c, const struct network *bridge);
static inline bool
nets_is_kind(const struct network *n, const char *kind)
{
	return strcmp(n->link.kind, kind) == 0;
}

/* The list is read anew and clients are told of the object; "mod" or "add". */
void nets_tell(struct core *c, const struct class_ops *o, const char *operation,
    const char *ref);

/* Sets *e; p2 may be NULL. -1. */
int nets_refuse(struct xu_err *e, const char *code, const char *p1,
    const char *p2, const char *fmt, ...) XU_PRINTF(5, 6);
/* What the kernel has just refused, as XLD_DEVICE. -1. */
int nets_refused(struct core *c, struct xu_err *e, const char *name,
    const char *fmt, ...) XU_PRINTF(4, 5);

/* What create of that class has made, as the database has it; or NULL with *e. */
struct xu_val *nets_made(struct core *c, const char *cls,
    const struct network *n, struct xu_err *e);
/* A field of it that is kept in the database alone. */
int nets_set(struct core *c, const char *cls, const struct network *n,
    const char *field, const struct xu_val *value, struct xu_err *e);
/* May a card that is made now join the bridge? -1 with *e. */
int nets_may_join(struct core *c, const struct network *bridge,
    struct xu_err *e);
/* Does no machine that runs use its network, and no VLAN stand on it? */
int nets_is_free(struct core *c, const struct network *pif, struct xu_err *e);

/* ---- what each class does ---------------------------------------------------------- */

/* Makes what is missing of what the database says. -1 with *e. */
typedef int nets_make_f(struct core *c, const char *name,
    const struct xu_val *v, struct xu_err *e);
nets_make_f bridge_make, bond_make, vlan_make;
/* An interface that something needs is absent: that is made when it comes. */
void nets_lacks(struct core *c, const char *name);
/* Is it the interface without which it cannot be made? */
bool vlan_needs(const struct xu_val *v, const char *name);
bool bond_needs(const struct xu_val *v, const char *name);
/* All that was made on an interface, which has just been. */
void nets_make_on(struct core *c, const char *name);

/* pif.c: has it been introduced as a card? What its owner says of it, or NULL. */
bool pif_is_introduced(struct core *c, const char *name);
struct xu_val *pif_words(struct core *c, const char *name);
/* How many were; at the start. */
int pifs_open(struct core *c, struct xu_err *e);
/* The host's own addresses are on it, its bridge, or its VLANs. */
bool pif_is_management(struct core *c, const struct network *pif);
bool pif_is_managed(struct core *c, const struct network *pif);
/* Up or down. -1 with *e. */
int pif_switch(struct core *c, const struct network *pif, bool up,
    struct xu_err *e);

/* vlan.c: NULL with *e; else the VLAN's own card, of a new list. */
struct network *vlan_create(struct core *c, const struct network *on,
    int64_t tag, const struct network *bridge, struct xu_err *e);
int vlan_destroy(struct core *c, const struct network *pif, struct xu_err *e);
/* The card of that name, for messages that take names. NULL with *e. */
struct network *vlan_trunk(struct core *c, const char *device,
    struct xu_err *e);

extern const struct class_ops vlan_ops, bond_ops;
extern const struct handler pif_handlers[], vlan_handlers[], bond_handlers[];

#endif
