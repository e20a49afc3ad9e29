/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See net.h; the protocol is rtnetlink(7)'s. */
#include "config.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "net.h"
#include "net_msg.h"
#include "xu_log.h"

/* The kernel fills at most 32 KiB for one read of a list. */
#define REPLY_MAX  32768
#define BRIDGE_MAX 32

struct net {
	int fd, events;
	uint32_t seq;
	uv_poll_t poll;
	struct core *core;
	void (*changed)(struct core *c, const char *name);
	char why[160];
	/* Answers. */
	_Alignas(struct nlmsghdr) char in[REPLY_MAX];
};

/* ---- talking ---------------------------------------------------------------------- */

/* Of an NLMSG_ERROR: 0 = done, or -1 with errno. */
static int
verdict(struct net *n, struct nlmsghdr *h)
{
	struct nlmsgerr *e = NLMSG_DATA(h);
	struct rtattr *a;
	int left;

	n->why[0] = '\0';
	if (e->error == 0)
		return 0;
	/* The request is not repeated (NETLINK_CAP_ACK), its words are. */
	a = (struct rtattr *)(void *)((char *)e + sizeof(*e));
	left = (int)(h->nlmsg_len - NLMSG_LENGTH(sizeof(*e)));
	if ((h->nlmsg_flags & NLM_F_ACK_TLVS) != 0)
		for (; RTA_OK(a, left); a = RTA_NEXT(a, left))
			if (a->rta_type == NLMSGERR_ATTR_MSG)
				snprintf(n->why, sizeof(n->why), "%.*s",
				    (int)RTA_PAYLOAD(a), (char *)RTA_DATA(a));
	errno = -e->error;
	return -1;
}

typedef void answer_f(void *arg, struct nlmsghdr *h);

/* One read. 1: more is to come; 0: that was all; -1 with errno. */
static int
take_answers(struct net *n, uint32_t seq, answer_f *f, void *arg)
{
	ssize_t got = recv(n->fd, n->in, sizeof(n->in), 0);
	struct nlmsghdr *h = (struct nlmsghdr *)(void *)n->in;
	size_t left = got > 0 ? (size_t)got : 0;

	if (got < 0)
		return errno == EINTR ? 1 : -1;
	for (; net_msg_is_whole(h, left); h = net_msg_behind(h, &left)) {
		if (h->nlmsg_seq != seq)
			continue;
		if (h->nlmsg_type == NLMSG_DONE)
			return 0;
		if (h->nlmsg_type == NLMSG_ERROR)
			return verdict(n, h);
		if (f != NULL)
			f(arg, h);
	}
	return 1;
}

static int
talk(struct core *c, struct net_msg *m, answer_f *f, void *arg)
{
	struct net *n = c->net;
	int r = 1;

	if (n == NULL) {
		errno = EPROTONOSUPPORT;
		return -1;
	}
	n->why[0] = '\0';
	net_msg_head(m)->nlmsg_seq = ++n->seq;
	if (send(n->fd, m->bytes, m->len, 0) < 0)
		return -1;
	while (r > 0)
		r = take_answers(n, n->seq, f, arg);
	return r;
}

const char *
net_why(struct core *c)
{
	return c->net != NULL && c->net->why[0] != '\0' ? c->net->why :
							  strerror(errno);
}

/* ---- interfaces -------------------------------------------------------------------- */

static void
copy_text(char *out, size_t room, struct rtattr *a)
{
	snprintf(out, room, "%.*s", (int)RTA_PAYLOAD(a), (char *)RTA_DATA(a));
}

static void
read_attribute(struct rtattr *a, struct net_link *l)
{
	struct rtnl_link_stats64 s;
	size_t len = RTA_PAYLOAD(a);

	switch (a->rta_type) {
	case IFLA_IFNAME:
		copy_text(l->name, sizeof(l->name), a);
		break;
	case IFLA_LINKINFO:
		net_kind_read(RTA_DATA(a), len, l);
		break;
	case IFLA_MTU:
		if (len == sizeof(l->mtu))
			memcpy(&l->mtu, RTA_DATA(a), len);
		break;
	case IFLA_MASTER:
		if (len == sizeof(l->master))
			memcpy(&l->master, RTA_DATA(a), len);
		break;
	case IFLA_LINK:
		if (len == sizeof(l->lower))
			memcpy(&l->lower, RTA_DATA(a), len);
		break;
	case IFLA_LINK_NETNSID:
		l->elsewhere = true;
		break;
	case IFLA_ADDRESS:
		if (len == sizeof(l->mac))
			memcpy(l->mac, RTA_DATA(a), len);
		break;
	case IFLA_STATS64:
		memset(&s, 0, sizeof(s));
		memcpy(&s, RTA_DATA(a), len < sizeof(s) ? len : sizeof(s));
		l->rx_bytes = s.rx_bytes;
		l->tx_bytes = s.tx_bytes;
		break;
	default:
		break;
	}
}

static bool
read_link(struct nlmsghdr *h, struct net_link *l)
{
	struct ifinfomsg *i = NLMSG_DATA(h);
	struct rtattr *a = IFLA_RTA(i);
	int left = (int)IFLA_PAYLOAD(h);

	memset(l, 0, sizeof(*l));
	if ((h->nlmsg_type != RTM_NEWLINK && h->nlmsg_type != RTM_DELLINK) ||
	    h->nlmsg_len < NLMSG_LENGTH(sizeof(*i)))
		return false;
	l->index = i->ifi_index;
	l->flags = i->ifi_flags;
	for (; RTA_OK(a, left); a = RTA_NEXT(a, left))
		read_attribute(a, l);
	if (l->elsewhere)
		l->lower = 0;
	return l->name[0] != '\0';
}

struct wanted {
	struct net_link *out;
	bool found;
};

static void
take_link(void *arg, struct nlmsghdr *h)
{
	struct wanted *w = arg;

	w->found = read_link(h, w->out) || w->found;
}

int
net_link_get(struct core *c, const char *name, struct net_link *out)
{
	struct wanted w = { .out = out };
	struct net_msg m;

	net_msg_begin(&m, RTM_GETLINK, NLM_F_ACK, sizeof(struct ifinfomsg));
	net_msg_str(&m, IFLA_IFNAME, name);
	if (talk(c, &m, take_link, &w) < 0)
		return -1;
	if (w.found)
		return 0;
	errno = ENODEV;
	return -1;
}

struct each {
	bool (*f)(void *arg, const struct net_link *l);
	void *arg;
	bool ended;
};

static void
call_each(void *arg, struct nlmsghdr *h)
{
	struct each *e = arg;
	struct net_link l;

	if (!e->ended && read_link(h, &l))
		e->ended = !e->f(e->arg, &l);
}

int
net_links(struct core *c, bool (*f)(void *arg, const struct net_link *l),
    void *arg)
{
	struct each e = { .f = f, .arg = arg };
	struct net_msg m;

	net_msg_begin(&m, RTM_GETLINK, NLM_F_DUMP, sizeof(struct ifinfomsg));
	return talk(c, &m, call_each, &e);
}

struct names {
	char name[BRIDGE_MAX][IFNAMSIZ];
	unsigned n;
};

static bool
add_bridge(void *arg, const struct net_link *l)
{
	struct names *b = arg;

	if (strcmp(l->kind, "bridge") == 0)
		memcpy(b->name[b->n++], l->name, IFNAMSIZ);
	return b->n < BRIDGE_MAX;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

unsigned
net_bridges(struct core *c, char *out, size_t room)
{
	struct names b = { .n = 0 };
	size_t n = 0;

	net_links(c, add_bridge, &b);
	qsort(b.name, b.n, IFNAMSIZ, by_name);
	out[0] = '\0';
	for (unsigned i = 0; i < b.n && n < room; i++)
		n += (size_t)snprintf(out + n, room - n, "%s%s",
		    i > 0 ? ", " : "", b.name[i]);
	return b.n;
}

int
net_link_change(struct core *c, int index, const struct net_change *change)
{
	struct net_msg m;
	struct ifinfomsg *i = net_msg_begin(&m, RTM_SETLINK, NLM_F_ACK, sizeof(*i));

	i->ifi_index = index;
	i->ifi_flags = change->set;
	i->ifi_change = change->set | change->clear;
	if (change->name != NULL)
		net_msg_str(&m, IFLA_IFNAME, change->name);
	if (change->mac != NULL)
		net_msg_put(&m, IFLA_ADDRESS, change->mac, 6);
	if (change->mtu != 0)
		net_msg_u32(&m, IFLA_MTU, change->mtu);
	if (change->master != 0)
		net_msg_u32(&m, IFLA_MASTER, (uint32_t)change->master);
	return talk(c, &m, NULL, NULL);
}

int
net_link_mute(struct core *c, int index)
{
	struct net_msg m;
	struct ifinfomsg *i = net_msg_begin(&m, RTM_SETLINK, NLM_F_ACK, sizeof(*i));
	struct rtattr *spec, *inet6;

	i->ifi_index = index;
	spec = net_msg_put(&m, IFLA_AF_SPEC, NULL, 0);
	inet6 = net_msg_put(&m, AF_INET6, NULL, 0);
	net_msg_u8(&m, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
	net_msg_end(&m, inet6);
	net_msg_end(&m, spec);
	return talk(c, &m, NULL, NULL);
}

int
net_bridge_add(struct core *c, const char *name)
{
	struct net_msg m;
	struct ifinfomsg *i = net_msg_begin(&m, RTM_NEWLINK,
	    NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, sizeof(*i));
	struct rtattr *info;

	i->ifi_flags = i->ifi_change = IFF_UP;
	net_msg_str(&m, IFLA_IFNAME, name);
	info = net_msg_put(&m, IFLA_LINKINFO, NULL, 0);
	net_msg_str(&m, IFLA_INFO_KIND, "bridge");
	net_msg_end(&m, info);
	return talk(c, &m, NULL, NULL);
}

static int
add(struct core *c, struct net_msg *m)
{
	net_msg_head(m)->nlmsg_flags |= NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL;
	return talk(c, m, NULL, NULL);
}

int
net_vlan_add(struct core *c, const char *name, int lower, uint16_t tag)
{
	struct net_msg m;

	net_msg_begin(&m, RTM_NEWLINK, 0, sizeof(struct ifinfomsg));
	net_vlan_put(&m, name, lower, tag);
	return add(c, &m);
}

int
net_link_del(struct core *c, int index)
{
	struct net_msg m;
	struct ifinfomsg *i = net_msg_begin(&m, RTM_DELLINK, NLM_F_ACK, sizeof(*i));

	i->ifi_index = index;
	return talk(c, &m, NULL, NULL);
}

int
net_bond_add(struct core *c, const char *name, const struct net_bond *b)
{
	struct net_msg m;

	net_msg_begin(&m, RTM_NEWLINK, 0, sizeof(struct ifinfomsg));
	net_bond_put(&m, name, b);
	return add(c, &m);
}

struct each_address {
	bool (*f)(void *arg, const struct net_address *a);
	void *arg;
	bool ended;
};

/* IPv4's has the peer as IFA_ADDRESS where it is one end of a line. */
static void
call_each_address(void *arg, struct nlmsghdr *h)
{
	struct each_address *e = arg;
	struct ifaddrmsg *i = NLMSG_DATA(h);
	struct net_address out = { .index = 0 };
	struct rtattr *a = IFA_RTA(i);
	int left = (int)IFA_PAYLOAD(h);
	bool local = false;
	size_t len;

	if (e->ended || h->nlmsg_type != RTM_NEWADDR ||
	    h->nlmsg_len < NLMSG_LENGTH(sizeof(*i)) ||
	    i->ifa_scope >= RT_SCOPE_LINK ||
	    (i->ifa_family != AF_INET && i->ifa_family != AF_INET6))
		return;
	len = i->ifa_family == AF_INET ? 4 : 16;
	out.index = (int)i->ifa_index;
	out.ip.family = i->ifa_family;
	out.ip.prefix = i->ifa_prefixlen;
	out.permanent = (i->ifa_flags & IFA_F_PERMANENT) != 0;
	for (; RTA_OK(a, left); a = RTA_NEXT(a, left))
		if (RTA_PAYLOAD(a) == len && (a->rta_type == IFA_LOCAL ||
			(a->rta_type == IFA_ADDRESS && !local))) {
			memcpy(out.ip.bytes, RTA_DATA(a), len);
			local = a->rta_type == IFA_LOCAL;
		}
	e->ended = !e->f(e->arg, &out);
}

int
net_addresses(struct core *c,
    bool (*f)(void *arg, const struct net_address *a), void *arg)
{
	struct each_address e = { .f = f, .arg = arg };
	struct net_msg m;

	net_msg_begin(&m, RTM_GETADDR, NLM_F_DUMP, sizeof(struct ifaddrmsg));
	return talk(c, &m, call_each_address, &e);
}

int
net_route_add(struct core *c, const struct xu_ip *ip, int index)
{
	struct net_msg m;
	struct rtmsg *r = net_msg_begin(&m, RTM_NEWROUTE,
	    NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE, sizeof(*r));

	r->rtm_family = (unsigned char)ip->family;
	r->rtm_dst_len = (unsigned char)ip->prefix;
	r->rtm_table = RT_TABLE_MAIN;
	r->rtm_protocol = RTPROT_STATIC;
	r->rtm_scope = ip->family == AF_INET ? RT_SCOPE_LINK :
					       RT_SCOPE_UNIVERSE;
	r->rtm_type = RTN_UNICAST;
	net_msg_put(&m, RTA_DST, ip->bytes, ip->family == AF_INET ? 4 : 16);
	net_msg_u32(&m, RTA_OIF, (uint32_t)index);
	return talk(c, &m, NULL, NULL);
}

int
net_link_conf(struct core *c, int index, const uint16_t *settings)
{
	struct net_msg m;
	struct ifinfomsg *i = net_msg_begin(&m, RTM_SETLINK, NLM_F_ACK, sizeof(*i));
	struct rtattr *spec, *inet, *conf;

	i->ifi_index = index;
	spec = net_msg_put(&m, IFLA_AF_SPEC, NULL, 0);
	inet = net_msg_put(&m, AF_INET, NULL, 0);
	conf = net_msg_put(&m, IFLA_INET_CONF, NULL, 0);
	for (; *settings != 0; settings++)
		net_msg_u32(&m, *settings, 1);
	net_msg_end(&m, conf);
	net_msg_end(&m, inet);
	net_msg_end(&m, spec);
	return talk(c, &m, NULL, NULL);
}

/* ---- events ------------------------------------------------------------------------- */

/* Lost ones are not missed: who waits for an interface looks again, too. */
static void
on_event(uv_poll_t *h, int status XU_UNUSED, int events XU_UNUSED)
{
	struct net *n = h->data;
	_Alignas(struct nlmsghdr) char in[8192];
	struct nlmsghdr *m;
	struct net_link l;
	ssize_t got;
	size_t left;

	while ((got = recv(n->events, in, sizeof(in), MSG_DONTWAIT)) > 0) {
		m = (struct nlmsghdr *)(void *)in;
		left = (size_t)got;
		for (; net_msg_is_whole(m, left); m = net_msg_behind(m, &left))
			if (read_link(m, &l))
				n->changed(n->core, l.name);
	}
}

static int
open_socket(uint32_t groups)
{
	static const struct timeval soon = { .tv_sec = 2 };
	static const int on = 1;
	struct sockaddr_nl a = { .nl_family = AF_NETLINK, .nl_groups = groups };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0)
		return -1;
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0) {
		close(fd);
		return -1;
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon));
	setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	return fd;
}

int
net_open(struct core *c, void (*f)(struct core *c, const char *name))
{
	struct net *n = calloc(1, sizeof(*n));

	if (n == NULL)
		return -1;
	n->fd = open_socket(0);
	n->events = open_socket(RTMGRP_LINK);
	if (n->fd < 0 || n->events < 0 ||
	    uv_poll_init(c->loop, &n->poll, n->events) != 0) {
		xu_log(XU_WARNING, "no networks for guests: rtnetlink: %s",
		    strerror(errno));
		if (n->fd >= 0)
			close(n->fd);
		if (n->events >= 0)
			close(n->events);
		free(n);
		return -1;
	}
	n->poll.data = n;
	n->core = c;
	n->changed = f;
	uv_poll_start(&n->poll, UV_READABLE, on_event);
	c->net = n;
	return 0;
}

static void
poll_closed(uv_handle_t *h)
{
	struct net *n = h->data;

	close(n->events);
	close(n->fd);
	free(n);
}

void
net_close(struct core *c)
{
	if (c->net != NULL)
		uv_close((uv_handle_t *)&c->net->poll, poll_closed);
	c->net = NULL;
}
