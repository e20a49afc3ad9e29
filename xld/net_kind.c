/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Kinds of interfaces that are made here, in the words of rtnetlink(7): requests
 * for them, and what the kernel says of them. */
#include "config.h"

#include <linux/if_link.h>
#include <string.h>

#include "net.h"
#include "net_msg.h"

void
net_vlan_put(struct net_msg *m, const char *name, int lower, uint16_t tag)
{
	struct rtattr *info, *data;

	net_msg_str(m, IFLA_IFNAME, name);
	net_msg_u32(m, IFLA_LINK, (uint32_t)lower);
	info = net_msg_put(m, IFLA_LINKINFO, NULL, 0);
	net_msg_str(m, IFLA_INFO_KIND, "vlan");
	data = net_msg_put(m, IFLA_INFO_DATA, NULL, 0);
	net_msg_put(m, IFLA_VLAN_ID, &tag, sizeof(tag));
	net_msg_end(m, data);
	net_msg_end(m, info);
}

/* Ahead of all others the mode, which decides what the others may be. */
void
net_bond_put(struct net_msg *m, const char *name, const struct net_bond *b)
{
	struct rtattr *info, *data;

	net_msg_str(m, IFLA_IFNAME, name);
	net_msg_put(m, IFLA_ADDRESS, b->mac, sizeof(b->mac));
	info = net_msg_put(m, IFLA_LINKINFO, NULL, 0);
	net_msg_str(m, IFLA_INFO_KIND, "bond");
	data = net_msg_put(m, IFLA_INFO_DATA, NULL, 0);
	net_msg_u8(m, IFLA_BOND_MODE, b->mode);
	net_msg_u32(m, IFLA_BOND_MIIMON, b->miimon);
	net_msg_u32(m, IFLA_BOND_UPDELAY, b->updelay);
	net_msg_u32(m, IFLA_BOND_DOWNDELAY, b->downdelay);
	if (b->mode == NET_BOND_LACP) {
		net_msg_u8(m, IFLA_BOND_XMIT_HASH_POLICY, b->hash);
		net_msg_u8(m, IFLA_BOND_AD_LACP_RATE, b->fast);
	}
	net_msg_end(m, data);
	net_msg_end(m, info);
}

/* The next attribute, when all of it is there; *at goes behind it. */
static struct rtattr *
next(char *bytes, size_t len, size_t *at)
{
	struct rtattr *a = (void *)(bytes + *at);

	if (*at > len || len - *at < sizeof(*a) || a->rta_len < sizeof(*a) ||
	    a->rta_len > len - *at)
		return NULL;
	*at += RTA_ALIGN(a->rta_len);
	return a;
}

static void
read_vlan(void *data, size_t len, struct net_link *l)
{
	struct rtattr *a;
	size_t at = 0;

	while ((a = next(data, len, &at)) != NULL)
		if (a->rta_type == IFLA_VLAN_ID &&
		    RTA_PAYLOAD(a) == sizeof(l->tag))
			memcpy(&l->tag, RTA_DATA(a), sizeof(l->tag));
}

static void
read_bond(void *data, size_t len, struct net_link *l)
{
	struct rtattr *a;
	size_t at = 0;

	while ((a = next(data, len, &at)) != NULL)
		if (a->rta_type == IFLA_BOND_MODE && RTA_PAYLOAD(a) == 1)
			memcpy(&l->bond_mode, RTA_DATA(a), 1);
}

/* The kernel puts the kind before what it is about. */
void
net_kind_read(void *info, size_t len, struct net_link *l)
{
	struct rtattr *a;
	size_t at = 0;

	while ((a = next(info, len, &at)) != NULL) {
		if (a->rta_type == IFLA_INFO_KIND)
			snprintf(l->kind, sizeof(l->kind), "%.*s",
			    (int)RTA_PAYLOAD(a), (char *)RTA_DATA(a));
		if (a->rta_type == IFLA_INFO_DATA &&
		    strcmp(l->kind, "vlan") == 0)
			read_vlan(RTA_DATA(a), RTA_PAYLOAD(a), l);
		if (a->rta_type == IFLA_INFO_DATA &&
		    strcmp(l->kind, "bond") == 0)
			read_bond(RTA_DATA(a), RTA_PAYLOAD(a), l);
	}
}
