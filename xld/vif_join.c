/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How an interface of a guest becomes part of domain 0's network, and ceases to be;
 * see vif.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/ip.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "vif.h"
#include "xu_log.h"

/* Where nothing else says it: xl's, then the usual ones. */
static const char *const usual[] = { "xenbr0", "xenbr1", "br0", "virbr0" };
/* No bridge takes the lowest of its ports' addresses from a guest's. */
static const uint8_t port_mac[6] = { 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff };

static int XU_PRINTF(3, 4)
refuse(struct xu_err *e, const struct dev *d, const char *fmt, ...)
{
	char text[400], number[16];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	xu_err_set(e, XE(XLD_DEVICE), 0, "%s", text);
	snprintf(number, sizeof(number), "vif %u", d->id);
	xu_err_param(e, "%s", number);
	xu_err_param(e, "%.120s", text);
	return -1;
}

/* ---- before there is a domain ---------------------------------------------------- */

static int
no_bridge(struct dev *d, const char *name, struct xu_err *e)
{
	char all[300];

	if (net_bridges(d->guest->core, all, sizeof(all)) > 0)
		return refuse(e, d,
		    "there is no bridge '%s' in domain 0; there are: %s", name,
		    all);
	return refuse(e, d, "there is no bridge '%s' in domain 0, and no other; "
	    "make one: ip link add %s type bridge", name, name);
}

static int
default_bridge(struct dev *d, char out[IFNAMSIZ], struct xu_err *e)
{
	struct net_link l;
	char all[300];
	unsigned n;

	for (size_t i = 0; i < XU_ARRAY_SIZE(usual); i++)
		if (net_link_get(d->guest->core, usual[i], &l) == 0 &&
		    strcmp(l.kind, "bridge") == 0) {
			snprintf(out, IFNAMSIZ, "%s", usual[i]);
			return 0;
		}
	n = net_bridges(d->guest->core, all, sizeof(all));
	if (n == 1) {
		snprintf(out, IFNAMSIZ, "%.15s", all);
		return 0;
	}
	return n == 0 ? no_bridge(d, usual[0], e) :
			refuse(e, d, "domain 0 has several bridges (%s): say "
			    "which one with bridge=", all);
}

static int
find_bridge(struct dev *d, struct xu_err *e)
{
	struct vif *v = vif_of(d);
	struct net_link l;

	snprintf(v->bridge, sizeof(v->bridge), "%s", dev_str(d, "bridge"));
	if (v->bridge[0] == '\0' && default_bridge(d, v->bridge, e) < 0)
		return -1;
	if (net_link_get(d->guest->core, v->bridge, &l) < 0)
		return errno == ENODEV ? no_bridge(d, v->bridge, e) :
			refuse(e, d, "look for bridge %s: %s", v->bridge,
			    net_why(d->guest->core));
	if (strcmp(l.kind, "openvswitch") == 0)
		return refuse(e, d, "'%s' is a bridge of Open vSwitch, which "
		    "its script joins: script=vif-openvswitch", v->bridge);
	if (strcmp(l.kind, "bridge") != 0)
		return refuse(e, d, "'%s' of domain 0 is no bridge", v->bridge);
	if (v->mtu == 0)
		v->mtu = l.mtu;
	return 0;
}

/* Two of one address on one wire do not work, and nobody would tell. */
static int
check_alone(struct dev *d, struct xu_err *e)
{
	char mac[XU_MAC_TEXT], theirs[XU_MAC_TEXT];
	const struct dev *o;
	size_t pos = 0;

	vif_mac(d, mac);
	while ((o = xu_map_next(d->guest->core->devs, &pos)) != NULL) {
		if (o == d || o->cls != &vif_class || o->phase == DEV_OFF ||
		    strcmp(vif_of(o)->bridge, vif_of(d)->bridge) != 0)
			continue;
		vif_mac(o, theirs);
		if (strcmp(mac, theirs) == 0)
			return refuse(e, d, "guest '%s' has the address %s, too "
			    "(network interface %u): two of them on one network "
			    "do not work", guest_name(o->guest), mac, o->id);
	}
	return 0;
}

static int
check_link(struct dev *d, const char *name, bool wanted, const char *why,
    struct xu_err *e)
{
	struct net_link l;

	if (name[0] == '\0' ||
	    (net_link_get(d->guest->core, name, &l) == 0) == wanted)
		return 0;
	return refuse(e, d, "%s '%s'", why, name);
}

int
vif_prepare(struct dev *d, struct xu_err *e)
{
	struct vif *v = vif_of(d);
	char path[256];

	v->mode = vif_mode(dev_entry(d));
	v->mtu = (uint32_t)xu_val_get_int(dev_entry(d), "MTU", 0);
	if (v->mode == VIF_BRIDGE && find_bridge(d, e) < 0)
		return -1;
	if (v->mode != VIF_BRIDGE)
		snprintf(v->bridge, sizeof(v->bridge), "%s",
		    dev_str(d, "bridge"));
	vif_script_path(dev_entry(d), path, sizeof(path));
	if (v->mode == VIF_SCRIPT && access(path, X_OK) < 0)
		return refuse(e, d, "script %s: %s", path, strerror(errno));
	if (v->mode != VIF_BRIDGE && vif_is_emulated(d))
		return refuse(e, d, "an emulated card can only be on a bridge; "
		    "use type=vif");
	if (check_link(d, dev_str(d, "vifname"), false,
		"domain 0 has an interface of the name (vifname)", e) < 0 ||
	    (v->mode == VIF_ROUTE &&
		check_link(d, dev_str(d, "gatewaydev"), true,
		    "domain 0 has no interface (gatewaydev)", e) < 0))
		return -1;
	return check_alone(d, e);
}

/* ---- joining ----------------------------------------------------------------------- */

static int
failed(struct dev *d, const char *what, const char *name, struct xu_err *e)
{
	return refuse(e, d, "%s %s: %s", what, name,
	    net_why(d->guest->core));
}

/* Where addresses are given the guest uses no others. */
static int
set_filter(struct dev *d, const char *name, struct xu_err *e)
{
	const char *ips = dev_str(d, "ip");
	char text[XU_MAC_TEXT];
	uint8_t mac[6];

	vif_mac(d, text);
	if (ips[0] == '\0' || xu_mac_parse(text, mac) != NULL ||
	    net_filter(name, mac, ips) == 0)
		return 0;
	if (errno == E2BIG)
		return refuse(e, d, "ip= has more addresses than can be "
		    "filtered");
	return refuse(e, d, "filter what %s may send (ip=): nf_tables: %s%s",
	    name, strerror(errno),
	    errno == EPROTONOSUPPORT || errno == EOPNOTSUPP ||
	    errno == ENOENT ? "; is its module loaded?" : "");
}

static int
join_bridge(struct dev *d, int index, const char *name, const char *rename,
    struct xu_err *e)
{
	struct core *c = d->guest->core;
	struct vif *v = vif_of(d);
	struct net_change change = { .name = rename, .mac = port_mac,
		.mtu = v->mtu, .set = IFF_UP | IFF_NOARP,
		.clear = IFF_MULTICAST };
	struct net_link bridge;

	if (net_link_get(c, v->bridge, &bridge) < 0)
		return no_bridge(d, v->bridge, e);
	change.master = bridge.index;
	net_link_mute(c, index);
	if (net_link_change(c, index, &change) < 0)
		return refuse(e, d, "put %s on bridge %s: %s", name, v->bridge,
		    net_why(c));
	return set_filter(d, rename != NULL ? rename : name, e);
}

/* The kernel answers for the guest where it routes, and takes from it no packet
 * with another's address. */
static int
set_routing(struct dev *d, int index, const char *name, struct xu_err *e)
{
	static const uint16_t own[] = { IPV4_DEVCONF_PROXY_ARP,
		IPV4_DEVCONF_FORWARDING, IPV4_DEVCONF_RP_FILTER, 0 };
	static const uint16_t gates[] = { IPV4_DEVCONF_PROXY_ARP,
		IPV4_DEVCONF_FORWARDING, 0 };
	struct core *c = d->guest->core;
	const char *gate = dev_str(d, "gatewaydev");
	struct net_link l;

	if (net_link_conf(c, index, own) < 0)
		return failed(d, "set up routing by", name, e);
	/* What comes back, and for whom. Others may need it, too, so it stays. */
	if (gate[0] != '\0' && (net_link_get(c, gate, &l) < 0 ||
		net_link_conf(c, l.index, gates) < 0))
		return failed(d, "set up routing by", gate, e);
	return 0;
}

static int
join_routes(struct dev *d, int index, const char *name, const char *rename,
    struct xu_err *e)
{
	struct core *c = d->guest->core;
	struct net_change change = { .name = rename, .mac = port_mac,
		.mtu = vif_of(d)->mtu, .set = IFF_UP };
	const char *s = dev_str(d, "ip");
	char final[IFNAMSIZ], word[64];
	struct xu_ip ip;

	vif_name(d, final);
	if (net_link_change(c, index, &change) < 0)
		return failed(d, "set up", name, e);
	if (set_routing(d, index, final, e) < 0)
		return -1;
	while (xu_ip_next(&s, &ip, word) > 0)
		if (net_route_add(c, &ip, index) < 0)
			return refuse(e, d, "a route to %s by %s: %s", word,
			    final, net_why(c));
	return 0;
}

/* The emulated card's side; QEMU gets the descriptor. The tap goes with the last
 * who has it open. */
static int
open_tap(struct dev *d, struct xu_err *e)
{
	struct vif *v = vif_of(d);
	struct ifreq r = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
	char name[IFNAMSIZ];
	struct net_link l;

	vif_name(d, name);
	snprintf(r.ifr_name, sizeof(r.ifr_name), "%.11s-emu", name);
	v->tap = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (v->tap < 0)
		return refuse(e, d, "/dev/net/tun: %s%s", strerror(errno),
		    errno == ENOENT || errno == ENODEV ?
			"; is the module tun loaded?" : "");
	if (ioctl(v->tap, TUNSETIFF, &r) < 0 ||
	    net_link_get(d->guest->core, r.ifr_name, &l) < 0)
		return refuse(e, d, "make the tap %s: %s", r.ifr_name,
		    strerror(errno));
	return join_bridge(d, l.index, r.ifr_name, NULL, e);
}

/* The backend's, and not somebody else's of that name. */
static bool
is_backends(const struct dev *d, const char *name)
{
	char path[64], to[256], node[32];
	const char *base;
	ssize_t n;

	snprintf(path, sizeof(path), "/sys/class/net/%s/device", name);
	snprintf(node, sizeof(node), "vif-%d-%u", d->domid, d->id);
	n = readlink(path, to, sizeof(to) - 1);
	if (n < 0)
		return false;
	to[n] = '\0';
	base = strrchr(to, '/');
	return strcmp(base != NULL ? base + 1 : to, node) == 0;
}

static int
tell_backend(struct dev *d, struct xu_err *e)
{
	struct vif *v = vif_of(d);

	if (dev_write_back(d, "hotplug-status", "connected", e) < 0)
		return -1;
	v->joined = true;
	return 1;
}

struct script *
vif_script_start(struct dev *d, const char *command, struct xu_err *e)
{
	char name[IFNAMSIZ], path[256];
	const char *gate = dev_str(d, "gatewaydev");
	struct script_order o = { .script = path,
		.command = command,
		.argument = "type_if=vif",
		.variables = { { "vif", name },
		    { gate[0] != '\0' ? "netdev" : NULL, gate } } };

	vif_kernel_name(d, name);
	vif_script_path(dev_entry(d), path, sizeof(path));
	return script_start(d, &o, e);
}

/* A script may have renamed it; one that knows nothing of vifname has not. */
static int
finish_script(struct dev *d, const char *name, const char *final,
    struct xu_err *e)
{
	struct core *c = d->guest->core;
	struct vif *v = vif_of(d);
	struct net_change change = { .name = final };
	struct net_link l;
	int r = script_look(v->script, e);

	if (r == 0)
		return 0;
	script_drop(v->script, false);
	v->script = NULL;
	if (r < 0)
		return -1;
	if (strcmp(name, final) != 0 && net_link_get(c, name, &l) == 0 &&
	    net_link_change(c, l.index, &change) < 0)
		return failed(d, "rename", name, e);
	return tell_backend(d, e);
}

int
vif_join(struct dev *d, struct xu_err *e)
{
	struct vif *v = vif_of(d);
	char name[IFNAMSIZ], final[IFNAMSIZ];
	const char *rename;
	struct net_link l;

	if (v->joined)
		return 1;
	vif_kernel_name(d, name);
	vif_name(d, final);
	if (v->script != NULL)
		return finish_script(d, name, final, e);
	if (net_link_get(d->guest->core, name, &l) < 0)
		return errno == ENODEV ? 0 : failed(d, "look for", name, e);
	if (!is_backends(d, name))
		return 0;
	if (v->mode == VIF_SCRIPT) {
		v->online = true;
		v->script = vif_script_start(d, "online", e);
		return v->script != NULL ? 0 : -1;
	}
	rename = strcmp(name, final) != 0 ? final : NULL;
	if ((v->mode == VIF_BRIDGE ? join_bridge(d, l.index, name, rename, e) :
				     join_routes(d, l.index, name, rename, e)) <
	    0)
		return -1;
	if (vif_is_emulated(d) && open_tap(d, e) < 0)
		return -1;
	return tell_backend(d, e);
}

/* ---- parting ----------------------------------------------------------------------- */

/* The kernel takes the interface away soon after it has said Closed; until then its
 * name is taken. A script's last word is waited for, whatever it is. */
int
vif_part(struct dev *d, struct xu_err *e)
{
	struct vif *v = vif_of(d);
	struct xu_err own = XU_ERR_INIT;
	char name[IFNAMSIZ];
	struct net_link l;

	if (v->online && !v->parted) {
		script_drop(v->script, true);
		v->parted = true;
		v->script = vif_script_start(d, "offline", &own);
	}
	if (v->script != NULL) {
		if (script_look(v->script, &own) == 0)
			return 0;
		script_drop(v->script, false);
		v->script = NULL;
	}
	if (xu_err_is_set(&own))
		xu_log_err(XU_WARNING, &own);
	vif_name(d, name);
	if (net_link_get(d->guest->core, name, &l) == 0)
		return 0;
	return errno == ENODEV ? 1 : failed(d, "look for", name, e);
}
