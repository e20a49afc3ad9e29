/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See net_msg.h. */
#include "config.h"

#include <arpa/inet.h>
#include <string.h>

#include "net_msg.h"

void *
net_msg_begin(struct net_msg *m, uint16_t type, uint16_t flags, size_t body)
{
	m->len = m->at = 0;
	return net_msg_more(m, type, flags, body);
}

struct nlmsghdr *
net_msg_head(struct net_msg *m)
{
	return (struct nlmsghdr *)(void *)(m->bytes + m->at);
}

/* Room for n bytes at the end, zeroed with what aligns them. */
static void *
grow(struct net_msg *m, size_t n)
{
	size_t from = NLMSG_ALIGN(m->len), to = from + NLMSG_ALIGN(n);

	if (to > sizeof(m->bytes))
		return NULL;
	memset(m->bytes + from, 0, to - from);
	m->len = to;
	return m->bytes + from;
}

void *
net_msg_more(struct net_msg *m, uint16_t type, uint16_t flags, size_t body)
{
	struct nlmsghdr *h = grow(m, NLMSG_LENGTH(body));

	if (h == NULL)
		return NULL;
	m->at = (size_t)((char *)h - m->bytes);
	h->nlmsg_type = type;
	h->nlmsg_flags = NLM_F_REQUEST | flags;
	h->nlmsg_len = (uint32_t)(m->len - m->at);
	return NLMSG_DATA(h);
}

struct rtattr *
net_msg_put(struct net_msg *m, uint16_t type, const void *data, size_t len)
{
	struct rtattr *a = grow(m, RTA_LENGTH(len));

	if (a == NULL)
		return NULL;
	a->rta_type = type;
	a->rta_len = (uint16_t)RTA_LENGTH(len);
	if (len > 0)
		memcpy(RTA_DATA(a), data, len);
	net_msg_head(m)->nlmsg_len = (uint32_t)(m->len - m->at);
	return a;
}

void
net_msg_str(struct net_msg *m, uint16_t type, const char *s)
{
	net_msg_put(m, type, s, strlen(s) + 1);
}

void
net_msg_u32(struct net_msg *m, uint16_t type, uint32_t n)
{
	net_msg_put(m, type, &n, sizeof(n));
}

void
net_msg_be32(struct net_msg *m, uint16_t type, uint32_t n)
{
	net_msg_u32(m, type, htonl(n));
}

void
net_msg_u8(struct net_msg *m, uint16_t type, uint8_t n)
{
	net_msg_put(m, type, &n, sizeof(n));
}

void
net_msg_end(const struct net_msg *m, struct rtattr *a)
{
	if (a != NULL)
		a->rta_len = (uint16_t)(m->bytes + m->len - (const char *)a);
}

bool
net_msg_is_whole(const struct nlmsghdr *h, size_t left)
{
	return left >= sizeof(*h) && h->nlmsg_len >= sizeof(*h) &&
	    h->nlmsg_len <= left;
}

struct nlmsghdr *
net_msg_behind(struct nlmsghdr *h, size_t *left)
{
	size_t n = NLMSG_ALIGN(h->nlmsg_len);

	n = n < *left ? n : *left;
	*left -= n;
	return (struct nlmsghdr *)(void *)((char *)h + n);
}
