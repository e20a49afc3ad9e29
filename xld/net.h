/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Network interfaces of domain 0, by rtnetlink: no program is started. The kernel
 * answers at once; a request is a short call like those to the store.
 */
#ifndef XLD_NET_H
#define XLD_NET_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "xld.h"
#include "xu_nic.h"

struct net_link {
	int index;
	/* Of the bridge (or bond) it is a port of, 0 = none. */
	int master;
	/* Of the interface it stands on, 0 = none; in another namespace that is no
	 * interface of ours. */
	int lower;
	bool elsewhere;
	/* IFF_* */
	uint32_t flags, mtu;
	char name[IFNAMSIZ];
	/* "bridge", "tun", ...; "" = a card or another plain device. */
	char kind[16];
	/* Of a "vlan"; of a "bond", NET_BOND_*. */
	uint16_t tag;
	uint8_t bond_mode;
	uint8_t mac[6];
	uint64_t rx_bytes, tx_bytes;
};

/* The sockets; f is called with the name of each interface that appears,
 * changes or goes. -1: there are no networks for guests, which the log says. */
int net_open(struct core *c, void (*f)(struct core *c, const char *name));
void net_close(struct core *c);

/* 0, or -1 with errno: ENODEV = there is none of that name. */
int net_link_get(struct core *c, const char *name, struct net_link *out);
/* All, until f gives false. */
int net_links(struct core *c, bool (*f)(void *arg, const struct net_link *l),
    void *arg);
/* "a, b, c" of all bridges, sorted; "" = there is none. Gives their number. */
unsigned net_bridges(struct core *c, char *out, size_t room);

/* What is not 0 or NULL is set. */
struct net_change {
	const char *name;
	const uint8_t *mac;
	uint32_t mtu;
	/* A bridge. */
	int master;
	/* IFF_* to be set and cleared. */
	uint32_t set, clear;
};
/* In one request. -1 with errno; net_why says more. */
int net_link_change(struct core *c, int index, const struct net_change *change);
/* No address of its own in domain 0, neither IPv6's. */
int net_link_mute(struct core *c, int index);
/* A bridge; a VLAN of that tag on an interface, which is down. */
int net_bridge_add(struct core *c, const char *name);
int net_vlan_add(struct core *c, const char *name, int lower, uint16_t tag);
/* A bond without parts, which is down. */
struct net_bond {
	/* The kernel's number; two of them are made here. */
	uint8_t mode;
#define NET_BOND_ACTIVE_BACKUP 1
#define NET_BOND_LACP	       4
	uint8_t mac[6];
	/* Of lacp: the kernel's number of what chooses the part for a packet; the
	 * other side is asked for its word each second. */
	uint8_t hash;
	bool fast;
	/* Milliseconds. */
	uint32_t miimon, updelay, downdelay;
};
int net_bond_add(struct core *c, const char *name, const struct net_bond *b);
int net_link_del(struct core *c, int index);
/* An address of the host's own that others can reach. */
struct net_address {
	int index;
	struct xu_ip ip;
	/* It stays until somebody takes it away. */
	bool permanent;
};
/* All, until f gives false. */
int net_addresses(struct core *c,
    bool (*f)(void *arg, const struct net_address *a), void *arg);
/* Packets for ip go to the interface. */
int net_route_add(struct core *c, const struct xu_ip *ip, int index);
/* The kernel's own words on the last failure, or strerror's. */
const char *net_why(struct core *c);

/* Settings of net.ipv4.conf.NAME, IPV4_DEVCONF_*, become 1; ends with 0. */
int net_link_conf(struct core *c, int index, const uint16_t *settings);

/* From the interface come only packets of that address and (IPv4 and ARP, IPv6) of
 * those in ips, as xu_ip_next reads them. Goes with the interface. -1 with errno:
 * E2BIG = these are too many. net_filter.c. */
int net_filter(const char *name, const uint8_t mac[6], const char *ips);

/* ---- net_kind.c: of kinds of interfaces, what netlink has to say ------------------- */

struct net_msg;
/* Requests, behind net_msg_begin of NLM_F_CREATE. */
void net_vlan_put(struct net_msg *m, const char *name, int lower, uint16_t tag);
void net_bond_put(struct net_msg *m, const char *name,
    const struct net_bond *b);
/* An IFLA_LINKINFO's kind, and what of it net_link has. */
void net_kind_read(void *info, size_t len, struct net_link *l);

/* ---- net_api.c: networks and PIFs of the API ------------------------------------- */

/* Makes again what was once made by the API. */
int networks_open(struct core *c, struct xu_err *e);
void networks_close(struct core *c);
/* An interface of that name has come, gone or changed. */
void networks_link_event(struct core *c, const char *name);
/* The network's reference of a bridge (or a PIF's of a card); "" of "". */
void net_uuid(const struct core *c, const char *name, char out[UUID_TEXT]);
/* -1: there is no such network. */
int net_bridge_of(struct core *c, const char *uuid, char out[IFNAMSIZ]);
/* The kernel's name of a PIF, which for VLANs is not its device. */
const char *pif_link_name(const void *pif);

#endif
