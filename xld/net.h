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
	/* Of the bridge it is a port of, 0 = none. */
	int master;
	/* IFF_* */
	uint32_t flags, mtu;
	char name[IFNAMSIZ];
	/* "bridge", "tun", ...; "" = a card or another plain device. */
	char kind[16];
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
/* A bridge, made or (name of one that is there) removed. */
int net_bridge_add(struct core *c, const char *name);
int net_link_del(struct core *c, int index);
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

/* ---- net_api.c: networks and PIFs of the API ------------------------------------- */

/* Makes again what network.create once made. */
int networks_open(struct core *c, struct xu_err *e);
void networks_close(struct core *c);
/* The network's reference of a bridge (or a PIF's of a card); "" of "". */
void net_uuid(const struct core *c, const char *name, char out[UUID_TEXT]);
/* -1: there is no such network. */
int net_bridge_of(struct core *c, const char *uuid, char out[IFNAMSIZ]);

#endif
