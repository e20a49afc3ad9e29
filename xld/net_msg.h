/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages of netlink(7): several one behind the other, attributes, attributes
 * inside attributes. What does not fit is not there, and who puts it is told. */
#ifndef XLD_NET_MSG_H
#define XLD_NET_MSG_H

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct net_msg {
	/* Of all, and where the present one begins. */
	size_t len, at;
	_Alignas(struct nlmsghdr) char bytes[16384];
};

/* The first message; flags beside NLM_F_REQUEST. Its body, zeroed. */
void *net_msg_begin(struct net_msg *m, uint16_t type, uint16_t flags,
    size_t body);
/* One more. NULL: it does not fit. */
void *net_msg_more(struct net_msg *m, uint16_t type, uint16_t flags,
    size_t body);
/* Of the present one. */
struct nlmsghdr *net_msg_head(struct net_msg *m);
/* All the same NULL when it does not fit. */
struct rtattr *net_msg_put(struct net_msg *m, uint16_t type, const void *data,
    size_t len);
void net_msg_str(struct net_msg *m, uint16_t type, const char *s);
void net_msg_u32(struct net_msg *m, uint16_t type, uint32_t n);
/* In the order of the network, as nf_tables has them. */
void net_msg_be32(struct net_msg *m, uint16_t type, uint32_t n);
void net_msg_u8(struct net_msg *m, uint16_t type, uint8_t n);
/* What was put since a is inside a (NULL is passed over). */
void net_msg_end(const struct net_msg *m, struct rtattr *a);

/* Of an answer: the first of left bytes is a whole message; the next one. */
bool net_msg_is_whole(const struct nlmsghdr *h, size_t left);
struct nlmsghdr *net_msg_behind(struct nlmsghdr *h, size_t *left);

#endif
