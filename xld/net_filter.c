/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a guest may send, by nf_tables: a table "netdev xld" with a chain of each
 * interface's name, which sees packets before any bridge does and drops what no
 * rule takes. A chain goes with its interface. `nft list table netdev xld` shows
 * them.
 */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "net.h"
#include "net_msg.h"

#define TABLE "xld"
/* Before others' chains, which are at 0 as a rule. */
#define PRIORITY (-500)

/* Where things are in a packet (IEEE 802.3, RFC 826, 791, 8200). */
#define MAC_SOURCE 6
#define ARP_MAC	   8
#define ARP_IP	   14
#define IPV4_FROM  12
#define IPV6_FROM  8

struct batch {
	struct net_msg m;
	/* Those that are answered. */
	uint32_t messages;
	const char *chain;
	struct rtattr *rule;
};

/* ---- messages ------------------------------------------------------------------- */

static void
more(struct batch *b, uint16_t type, uint16_t flags)
{
	struct nfgenmsg *g = net_msg_more(&b->m,
	    (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), flags | NLM_F_ACK,
	    sizeof(*g));

	if (g == NULL)
		return;
	g->nfgen_family = NFPROTO_NETDEV;
	g->version = NFNETLINK_V0;
	net_msg_head(&b->m)->nlmsg_seq = ++b->messages;
}

static void
edge(struct batch *b, uint16_t type)
{
	struct nfgenmsg *g = type == NFNL_MSG_BATCH_BEGIN ?
	    net_msg_begin(&b->m, type, 0, sizeof(*g)) :
	    net_msg_more(&b->m, type, 0, sizeof(*g));

	if (g != NULL)
		g->res_id = htons(NFNL_SUBSYS_NFTABLES);
}

static void
add_chain(struct batch *b)
{
	struct rtattr *hook;

	more(b, NFT_MSG_NEWTABLE, NLM_F_CREATE);
	net_msg_str(&b->m, NFTA_TABLE_NAME, TABLE);
	more(b, NFT_MSG_NEWCHAIN, NLM_F_CREATE | NLM_F_EXCL);
	net_msg_str(&b->m, NFTA_CHAIN_TABLE, TABLE);
	net_msg_str(&b->m, NFTA_CHAIN_NAME, b->chain);
	hook = net_msg_put(&b->m, NLA_F_NESTED | NFTA_CHAIN_HOOK, NULL, 0);
	net_msg_be32(&b->m, NFTA_HOOK_HOOKNUM, NF_NETDEV_INGRESS);
	net_msg_be32(&b->m, NFTA_HOOK_PRIORITY, (uint32_t)PRIORITY);
	net_msg_str(&b->m, NFTA_HOOK_DEV, b->chain);
	net_msg_end(&b->m, hook);
	net_msg_be32(&b->m, NFTA_CHAIN_POLICY, NF_DROP);
	net_msg_str(&b->m, NFTA_CHAIN_TYPE, "filter");
}

/* ---- rules ------------------------------------------------------------------------ */

static void
begin_rule(struct batch *b)
{
	more(b, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
	net_msg_str(&b->m, NFTA_RULE_TABLE, TABLE);
	net_msg_str(&b->m, NFTA_RULE_CHAIN, b->chain);
	b->rule = net_msg_put(&b->m, NLA_F_NESTED | NFTA_RULE_EXPRESSIONS, NULL,
	    0);
}

struct expression {
	struct rtattr *all, *data;
};

static struct expression
begin_expression(struct batch *b, const char *name)
{
	struct expression x;

	x.all = net_msg_put(&b->m, NLA_F_NESTED | NFTA_LIST_ELEM, NULL, 0);
	net_msg_str(&b->m, NFTA_EXPR_NAME, name);
	x.data = net_msg_put(&b->m, NLA_F_NESTED | NFTA_EXPR_DATA, NULL, 0);
	return x;
}

static void
end_expression(struct batch *b, struct expression x)
{
	net_msg_end(&b->m, x.data);
	net_msg_end(&b->m, x.all);
}

static void
put_value(struct batch *b, uint16_t type, const void *value, size_t len)
{
	struct rtattr *a = net_msg_put(&b->m, NLA_F_NESTED | type, NULL, 0);

	net_msg_put(&b->m, NFTA_DATA_VALUE, value, len);
	net_msg_end(&b->m, a);
}

/* The register is that, or the rule ends here. */
static void
compare(struct batch *b, const void *value, size_t len)
{
	struct expression x = begin_expression(b, "cmp");

	net_msg_be32(&b->m, NFTA_CMP_SREG, NFT_REG_1);
	net_msg_be32(&b->m, NFTA_CMP_OP, NFT_CMP_EQ);
	put_value(b, NFTA_CMP_DATA, value, len);
	end_expression(b, x);
}

static void
of_protocol(struct batch *b, uint16_t ethertype)
{
	struct expression x = begin_expression(b, "meta");
	uint16_t n = htons(ethertype);

	net_msg_be32(&b->m, NFTA_META_DREG, NFT_REG_1);
	net_msg_be32(&b->m, NFTA_META_KEY, NFT_META_PROTOCOL);
	end_expression(b, x);
	compare(b, &n, sizeof(n));
}

/* Bytes of the packet, of which those that mask has count, are value. */
static void
has(struct batch *b, enum nft_payload_bases base, uint32_t at,
    const uint8_t *value, const uint8_t *mask, size_t len)
{
	static const uint8_t zeros[16];
	struct expression x = begin_expression(b, "payload");

	net_msg_be32(&b->m, NFTA_PAYLOAD_DREG, NFT_REG_1);
	net_msg_be32(&b->m, NFTA_PAYLOAD_BASE, base);
	net_msg_be32(&b->m, NFTA_PAYLOAD_OFFSET, at);
	net_msg_be32(&b->m, NFTA_PAYLOAD_LEN, (uint32_t)len);
	end_expression(b, x);
	if (mask != NULL) {
		x = begin_expression(b, "bitwise");
		net_msg_be32(&b->m, NFTA_BITWISE_SREG, NFT_REG_1);
		net_msg_be32(&b->m, NFTA_BITWISE_DREG, NFT_REG_1);
		net_msg_be32(&b->m, NFTA_BITWISE_LEN, (uint32_t)len);
		put_value(b, NFTA_BITWISE_MASK, mask, len);
		put_value(b, NFTA_BITWISE_XOR, zeros, len);
		end_expression(b, x);
	}
	compare(b, value, len);
}

static void
accept_rule(struct batch *b)
{
	struct expression x = begin_expression(b, "immediate");
	struct rtattr *data, *verdict;

	net_msg_be32(&b->m, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	data = net_msg_put(&b->m, NLA_F_NESTED | NFTA_IMMEDIATE_DATA, NULL, 0);
	verdict = net_msg_put(&b->m, NLA_F_NESTED | NFTA_DATA_VERDICT, NULL, 0);
	net_msg_be32(&b->m, NFTA_VERDICT_CODE, NF_ACCEPT);
	net_msg_end(&b->m, verdict);
	net_msg_end(&b->m, data);
	end_expression(b, x);
	net_msg_end(&b->m, b->rule);
}

/* ---- whom it may be ----------------------------------------------------------------- */

static void
begin_packet(struct batch *b, const uint8_t mac[6], uint16_t ethertype)
{
	begin_rule(b);
	has(b, NFT_PAYLOAD_LL_HEADER, MAC_SOURCE, mac, NULL, 6);
	of_protocol(b, ethertype);
}

static void
accept_from(struct batch *b, const uint8_t mac[6], const struct xu_ip *ip)
{
	size_t len = ip->family == AF_INET ? 4 : 16;
	uint8_t mask[16] = { 0 }, value[16];

	for (unsigned i = 0; i < ip->prefix; i++)
		mask[i / 8] |= (uint8_t)(0x80 >> i % 8);
	for (size_t i = 0; i < len; i++)
		value[i] = ip->bytes[i] & mask[i];
	begin_packet(b, mac, ip->family == AF_INET ? ETH_P_IP : ETH_P_IPV6);
	has(b, NFT_PAYLOAD_NETWORK_HEADER,
	    ip->family == AF_INET ? IPV4_FROM : IPV6_FROM, value, mask, len);
	accept_rule(b);
	if (ip->family == AF_INET6)
		return;
	begin_packet(b, mac, ETH_P_ARP);
	has(b, NFT_PAYLOAD_NETWORK_HEADER, ARP_MAC, mac, NULL, 6);
	has(b, NFT_PAYLOAD_NETWORK_HEADER, ARP_IP, value, mask, len);
	accept_rule(b);
}

/* Who asks for an address has none yet (DHCP, duplicates); IPv6's own of a link
 * follows from the MAC (RFC 4291, appendix A). */
static void
accept_beginners(struct batch *b, const uint8_t mac[6], bool ipv6)
{
	struct xu_ip none = { .family = AF_INET, .prefix = 32 };
	struct xu_ip link = { .family = AF_INET6, .prefix = 128,
		.bytes = { 0xfe, 0x80, 0, 0, 0, 0, 0, 0,
		    (uint8_t)(mac[0] ^ 2), mac[1], mac[2], 0xff, 0xfe, mac[3],
		    mac[4], mac[5] } };

	accept_from(b, mac, &none);
	if (!ipv6)
		return;
	accept_from(b, mac, &link);
	none = (struct xu_ip){ .family = AF_INET6, .prefix = 128 };
	accept_from(b, mac, &none);
}

/* ---- talking --------------------------------------------------------------------------- */

/* All are answered: 0, or -1 with the first one's errno. */
static int
take_verdicts(int fd, uint32_t wanted)
{
	_Alignas(struct nlmsghdr) char in[8192];
	struct nlmsghdr *h;
	int bad = 0;
	size_t left;
	ssize_t got;

	while (wanted > 0) {
		got = recv(fd, in, sizeof(in), 0);
		if (got < 0)
			return -1;
		left = (size_t)got;
		h = (struct nlmsghdr *)(void *)in;
		for (; net_msg_is_whole(h, left); h = net_msg_behind(h, &left)) {
			if (h->nlmsg_type != NLMSG_ERROR)
				continue;
			wanted -= wanted > 0;
			if (bad == 0)
				bad = -((struct nlmsgerr *)NLMSG_DATA(h))->error;
			/* The batch as a whole: nothing else comes. */
			if (h->nlmsg_seq == 0 && bad != 0)
				wanted = 0;
		}
	}
	errno = bad;
	return bad == 0 ? 0 : -1;
}

static int
talk(struct batch *b)
{
	static const struct timeval soon = { .tv_sec = 5 };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	int r, errnum;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon));
	r = send(fd, b->m.bytes, b->m.len, 0) < 0 ?
	    -1 : take_verdicts(fd, b->messages);
	errnum = errno;
	close(fd);
	errno = errnum;
	return r;
}

int
net_filter(const char *name, const uint8_t mac[6], const char *ips)
{
	struct batch *b = calloc(1, sizeof(*b));
	bool ipv6 = false;
	struct xu_ip ip;
	char word[64];
	int r;

	if (b == NULL)
		return -1;
	b->chain = name;
	edge(b, NFNL_MSG_BATCH_BEGIN);
	add_chain(b);
	while (xu_ip_next(&ips, &ip, word) > 0) {
		ipv6 = ipv6 || ip.family == AF_INET6;
		accept_from(b, mac, &ip);
	}
	accept_beginners(b, mac, ipv6);
	edge(b, NFNL_MSG_BATCH_END);
	/* What did not fit is not there; the rest alone would be wrong. */
	errno = E2BIG;
	r = b->m.len + 2048 > sizeof(b->m.bytes) ? -1 : talk(b);
	free(b);
	return r;
}
