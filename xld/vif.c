/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The class of network interfaces: entries and nodes; see vif.h. */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "vif.h"
#include "xu_num.h"


/* ---- what an entry says -------------------------------------------------------- */

enum vif_mode
vif_mode(const struct xu_val *entry)
{
	/* What these do is done here, when they are not somebody's own. */
	static const struct {
		const char *name;
		enum vif_mode mode;
	} known[] = {
		{ "", VIF_BRIDGE },
		{ "vif-bridge", VIF_BRIDGE },
		{ "vif-route", VIF_ROUTE },
	};
	const char *s = xu_val_get_str(entry, "script", "");

	if (strncmp(s, SCRIPTS, strlen(SCRIPTS)) == 0)
		s += strlen(SCRIPTS);
	for (size_t i = 0; i < XU_ARRAY_SIZE(known); i++)
		if (strcmp(s, known[i].name) == 0)
			return known[i].mode;
	return VIF_SCRIPT;
}

void
vif_script_path(const struct xu_val *entry, char *out, size_t room)
{
	const char *s = xu_val_get_str(entry, "script", "");

	script_path(s[0] == '\0' ? "vif-bridge" : s, out, room);
}

bool
vif_is_emulated(const struct dev *d)
{
	return config_type(d->guest->config) == TYPE_HVM &&
	    strcmp(dev_str(d, "kind"), "ioemu") == 0;
}

/* "0", "eth0"; what the guest calls it is its own business. */
static int
number_of(const char *device, uint32_t *id, struct xu_err *e)
{
	uint64_t n;

	if (!xu_num_u64(strncmp(device, "eth", 3) == 0 ? device + 3 : device, 10,
		255, &n))
		return config_unsupported(e, "device", device,
		    "the number of an interface is 0 to 255");
	*id = (uint32_t)n;
	return 0;
}

static int
check_names(const struct guest *g, const struct xu_val *entry,
    struct xu_err *e)
{
	static const char *const names[] = { "bridge", "vifname", "gatewaydev" };
	const char *s, *why;
	uint8_t mac[6];

	for (size_t i = 0; i < XU_ARRAY_SIZE(names); i++) {
		s = xu_val_get_str(entry, names[i], "");
		if (s[0] != '\0' && !xu_ifname_ok(s))
			return config_unsupported(e, names[i], s,
			    "it cannot be the name of an interface");
	}
	s = xu_val_get_str(entry, "vifname", "");
	if (config_type(g->config) == TYPE_HVM &&
	    strlen(s) + strlen("-emu") > XU_IFNAME_MAX)
		return config_unsupported(e, "vifname", s,
		    "an HVM guest's has at most 11 letters: its emulated card is "
		    "called the same with -emu");
	s = xu_val_get_str(entry, "MAC", "");
	why = s[0] == '\0' ? NULL : xu_mac_parse(s, mac);
	return why == NULL ? 0 : config_unsupported(e, "MAC", s, why);
}

/* Cards that xl's users and QEMU know; what QEMU calls them. NULL = it is none. */
static const char *
card_of(const char *model)
{
	static const char *const cards[][2] = { { "", "rtl8139" },
		{ "rtl8139", "rtl8139" }, { "e1000", "e1000" },
		{ "ne2k_pci", "ne2k_pci" }, { "pcnet", "pcnet" },
		{ "virtio", "virtio-net-pci" },
		{ "virtio-net", "virtio-net-pci" },
		{ "virtio-net-pci", "virtio-net-pci" } };

	for (size_t i = 0; i < XU_ARRAY_SIZE(cards); i++)
		if (strcmp(model, cards[i][0]) == 0)
			return cards[i][1];
	return NULL;
}

static int
check_words(const struct xu_val *entry, struct xu_err *e)
{
	const char *ip = xu_val_get_str(entry, "ip", ""), *s = ip;
	const char *rate = xu_val_get_str(entry, "rate", ""), *why;
	const char *script = xu_val_get_str(entry, "script", "");
	const char *model = xu_val_get_str(entry, "model", "");
	struct xu_rate r;
	struct xu_ip a;
	char word[64];
	int found;

	while ((found = xu_ip_next(&s, &a, word)) > 0)
		;
	if (found < 0)
		return config_unsupported(e, "ip", word, "it is no IP address");
	why = rate[0] == '\0' ? NULL : xu_rate_parse(rate, &r);
	if (why != NULL)
		return config_unsupported(e, "rate", rate, why);
	if (card_of(model) == NULL)
		return config_unsupported(e, "model", model,
		    "cards are rtl8139, e1000, ne2k_pci, pcnet and virtio-net");
	why = script_fault(script);
	if (why != NULL)
		return config_unsupported(e, "script", script, why);
	if (vif_mode(entry) == VIF_ROUTE && ip[0] == '\0')
		return config_unsupported(e, "script", script,
		    "where packets are routed the guest's addresses must be "
		    "given (ip=10.0.0.2)");
	return 0;
}

static int
check(const struct guest *g, const struct xu_val *entry, uint32_t *id,
    struct xu_err *e)
{
	int64_t mtu = xu_val_get_int(entry, "MTU", 0);
	char text[24];

	if (number_of(xu_val_get_str(entry, "device", ""), id, e) < 0 ||
	    check_names(g, entry, e) < 0 || check_words(entry, e) < 0)
		return -1;
	/* IPv4's least, netback's most. */
	if (mtu == 0 || (mtu >= 68 && mtu <= 65517))
		return 0;
	snprintf(text, sizeof(text), "%lld", (long long)mtu);
	return config_unsupported(e, "MTU", text,
	    "it is 68 to 65517, or 0: the bridge's");
}

static void
describe(const struct xu_val *entry, char *out, size_t room)
{
	const char *bridge = xu_val_get_str(entry, "bridge", "");

	snprintf(out, room, "%s (%s%s%s)", xu_val_get_str(entry, "device", "?"),
	    xu_val_get_str(entry, "MAC", "no MAC"),
	    bridge[0] != '\0' ? ", bridge " : "", bridge);
}

void
vif_mac_derive(const char *uuid, uint32_t id, char out[XU_MAC_TEXT])
{
	char what[16], own[UUID_TEXT];
	uint8_t bytes[16] = { 0 };

	snprintf(what, sizeof(what), "vif %u", id);
	uuid_derive(uuid, what, own);
	uuid_bytes(own, bytes);
	/* Xen's share of the addresses, of which xend gave the lower half. */
	bytes[0] = 0x00;
	bytes[1] = 0x16;
	bytes[2] = 0x3e;
	bytes[3] &= 0x7f;
	xu_mac_text(bytes, out);
}

void
vif_mac(const struct dev *d, char out[XU_MAC_TEXT])
{
	uint8_t mac[6];

	if (xu_mac_parse(dev_str(d, "MAC"), mac) == NULL)
		xu_mac_text(mac, out);
	else
		vif_mac_derive(d->guest->uuid, d->id, out);
}

void
vif_kernel_name(const struct dev *d, char out[IFNAMSIZ])
{
	snprintf(out, IFNAMSIZ, "vif%d.%u", d->domid, d->id);
}

void
vif_name(const struct dev *d, char out[IFNAMSIZ])
{
	const char *own = dev_str(d, "vifname");

	if (own[0] != '\0')
		snprintf(out, IFNAMSIZ, "%s", own);
	else
		vif_kernel_name(d, out);
}

/* ---- nodes ------------------------------------------------------------------------ */

static void
put_given(struct nodes *n, const char *node, const char *value)
{
	if (value[0] != '\0')
		nodes_put(n, node, "%s", value);
}

static void
back_nodes(const struct dev *d, struct nodes *n)
{
	const struct vif *v = vif_of(d);
	char script[256];
	struct xu_rate r;

	/* Linux takes no interface without it, whoever does the work. */
	vif_script_path(dev_entry(d), script, sizeof(script));
	nodes_put(n, "script", "%s", script);
	put_given(n, "bridge", v->bridge);
	put_given(n, "ip", dev_str(d, "ip"));
	put_given(n, "vifname", dev_str(d, "vifname"));
	put_given(n, "gatewaydev", dev_str(d, "gatewaydev"));
	nodes_put(n, "type", vif_is_emulated(d) ? "vif_ioemu" : "vif");
	if (xu_rate_parse(dev_str(d, "rate"), &r) == NULL)
		nodes_put(n, "rate", "%llu,%u", (unsigned long long)r.bytes,
		    r.usecs);
}

static void
nodes(const struct dev *d, bool backend, struct nodes *n)
{
	const struct vif *v = vif_of(d);
	char mac[XU_MAC_TEXT];

	vif_mac(d, mac);
	nodes_put(n, "mac", "%s", mac);
	nodes_put(n, "handle", "%u", d->id);
	if (v->mtu != 0)
		nodes_put(n, "mtu", "%u", v->mtu);
	if (backend)
		back_nodes(d, n);
	else
		nodes_put(n, "trusted", "%d",
		    xu_val_get_bool(dev_entry(d), "trusted", true));
}

/* ---- the class --------------------------------------------------------------------- */

static enum xu_step_result
prepare(struct dev *d, struct xu_err *e)
{
	char label[200];

	*vif_of(d) = (struct vif){ .tap = -1 };
	if (vif_prepare(d, e) == 0)
		return XU_STEP_NEXT;
	xu_err_add(e, "%s", dev_label(d, label, sizeof(label)));
	return XU_STEP_FAIL;
}

static void
release(struct dev *d)
{
	struct vif *v = vif_of(d);

	/* What a script has done only the script undoes; nobody waits for it. A
	 * daemon that ends leaves all as it is. */
	script_drop(v->script, true);
	if (v->online && !v->parted && !d->guest->core->stopping)
		script_end(vif_script_start(d, "offline", NULL), NULL);
	if (v->tap >= 0)
		close(v->tap);
	*v = (struct vif){ .tap = -1 };
}

/* It is on its bridge, which the store tells when the config does not. */
static void
adopt(struct dev *d)
{
	struct core *c = d->guest->core;
	struct vif *v = vif_of(d);
	char base[NODES_BASE_MAX], path[NODES_BASE_MAX + 8];
	AUTO_FREE char *bridge = NULL;

	*v = (struct vif){ .tap = -1, .joined = true,
		.mode = vif_mode(dev_entry(d)) };
	v->online = v->mode == VIF_SCRIPT;
	dev_back_path(d, base);
	snprintf(path, sizeof(path), "%s/bridge", base);
	bridge = c->xs == NULL ? NULL : xs_read(c->xs, XBT_NULL, path, NULL);
	snprintf(v->bridge, sizeof(v->bridge), "%s",
	    bridge != NULL ? bridge : dev_str(d, "bridge"));
}

static void
awaits(const struct dev *d, char out[], size_t room)
{
	char name[256];

	if (vif_of(d)->script != NULL) {
		vif_script_path(dev_entry(d), name, sizeof(name));
		snprintf(out, room, "its script %s has not ended", name);
	} else {
		vif_kernel_name(d, name);
		snprintf(out, room, "its interface %s has not appeared", name);
	}
}

static bool
is_named(const struct dev *d, const char *name)
{
	char own[IFNAMSIZ];

	if (d->cls != &vif_class || d->domid < 0)
		return false;
	vif_name(d, own);
	if (strcmp(own, name) == 0)
		return true;
	vif_kernel_name(d, own);
	return strcmp(own, name) == 0;
}

void
vif_link_event(struct core *c, const char *name)
{
	struct dev *d;
	size_t pos = 0;

	while ((d = xu_map_next(c->devs, &pos)) != NULL)
		if (is_named(d, name) &&
		    (d->work != NULL || d->phase == DEV_LEAVING)) {
			dev_changed(d, d->back);
			return;
		}
}

static const char *const shown_front[] = { "event-channel", "event-channel-tx",
	"event-channel-rx", "tx-ring-ref", "rx-ring-ref", "queue-0/tx-ring-ref",
	"queue-0/rx-ring-ref", "queue-0/event-channel-tx",
	"multi-queue-num-queues", NULL };
static const char *const shown_back[] = { "mac", "bridge", "ip", "rate", "script",
	NULL };

const struct dev_class vif_class = {
	.kind = "vif",
	.list = "VIFs",
	.api = "VIF",
	.word = "network interface",
	.own_size = sizeof(struct vif),
	.check = check,
	.describe = describe,
	.prepare = prepare,
	.nodes = nodes,
	.release = release,
	.adopt = adopt,
	.join = vif_join,
	.part = vif_part,
	.awaits = awaits,
	.shown_front = shown_front,
	.shown_back = shown_back,
	.ops = &vif_ops,
	.entry = vif_new_entry,
};

/* ---- for device models --------------------------------------------------------------- */

int
dev_vif_each(const struct guest *g,
    int (*f)(void *arg, const struct vif_view *v), void *arg)
{
	char mac[XU_MAC_TEXT], name[IFNAMSIZ], tap[IFNAMSIZ + 4];
	struct xu_list *l;
	struct vif_view view;
	const struct dev *d;
	int r = 0;

	LIST_FOREACH(l, &g->devs) {
		d = xu_container_of(l, struct dev, all);
		if (d->cls != &vif_class || d->phase == DEV_OFF || r != 0 ||
		    !vif_is_emulated(d))
			continue;
		vif_mac(d, mac);
		vif_name(d, name);
		snprintf(tap, sizeof(tap), "%s-emu", name);
		view = (struct vif_view){ .number = d->id, .mac = mac,
			.model = card_of(dev_str(d, "model")), .tap = tap,
			.fd = vif_of(d)->tap };
		r = f(arg, &view);
	}
	return r;
}
