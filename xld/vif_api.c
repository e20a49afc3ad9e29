/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Network interfaces of machines as the API shows and makes them. */
#include "config.h"

#include <string.h>

#include "vif.h"

/* ---- records ---------------------------------------------------------------------- */

static void *
find(struct core *c, const char *ref)
{
	struct dev *d = dev_find(c, ref);

	return d != NULL && d->cls == &vif_class ? d : NULL;
}

static void *
next(struct core *c, size_t *pos)
{
	struct dev *d;

	while ((d = xu_map_next(c->devs, pos)) != NULL)
		if (d->cls == &vif_class)
			return d;
	return NULL;
}

static void
metrics_uuid(const struct dev *d, char out[UUID_TEXT])
{
	uuid_derive(d->uuid, "metrics", out);
}

/* A guest with several queues has the first in a folder. */
static void
put_first(struct xu_val *p, const char *name, const char *other)
{
	if (xu_val_get(p, name) == NULL && xu_val_get(p, other) != NULL)
		xu_val_set(p, name, xu_val_copy(xu_val_get(p, other)));
}

static void
add_properties(const struct dev *d, struct xu_val *r)
{
	struct xu_val *p = xu_val_copy(xu_val_get(r, "runtime_properties"));
	char name[IFNAMSIZ];

	if (xu_val_count(p) > 0) {
		vif_name(d, name);
		xu_val_set(p, "interface", xu_str(name));
		put_first(p, "tx-ring-ref", "queue-0/tx-ring-ref");
		put_first(p, "rx-ring-ref", "queue-0/rx-ring-ref");
		put_first(p, "event-channel", "event-channel-tx");
		put_first(p, "event-channel", "queue-0/event-channel-tx");
	}
	xu_val_set(r, "runtime_properties", p);
}

static struct xu_val *
record(struct core *c, void *obj)
{
	struct dev *d = obj;
	const struct xu_val *entry = dev_entry(d);
	struct xu_val *r = dev_record(d);
	const char *bridge = vif_of(d)->bridge[0] != '\0' ?
	    vif_of(d)->bridge : xu_val_get_str(entry, "bridge", "");
	char mac[XU_MAC_TEXT], uuid[UUID_TEXT] = "";

	vif_mac(d, mac);
	xu_val_set(r, "MAC", xu_str(mac));
	metrics_uuid(d, uuid);
	xu_val_set(r, "metrics", xu_str(uuid));
	net_uuid(c, bridge, uuid);
	xu_val_set(r, "network", xu_str(uuid));
	xu_val_set(r, "security_label", xu_str(""));
	add_properties(d, r);
	return r;
}

const struct class_ops vif_ops = {
	.cls = &model_vif,
	.find = find,
	.next = next,
	.ref = dev_ref,
	.set = dev_set_field,
	.record = record,
};

/* ---- figures ----------------------------------------------------------------------- */

static void *
find_metrics(struct core *c, const char *ref)
{
	char uuid[UUID_TEXT];
	struct dev *d;
	size_t pos = 0;

	while ((d = next(c, &pos)) != NULL) {
		metrics_uuid(d, uuid);
		if (strcmp(uuid, ref) == 0)
			return d;
	}
	return NULL;
}

static const char *
metrics_ref(const void *obj)
{
	static char uuid[UUID_TEXT];

	metrics_uuid(obj, uuid);
	return uuid;
}

/* What the guest receives domain 0 sends. */
static struct xu_val *
metrics_record(struct core *c, void *obj)
{
	const struct dev *d = obj;
	struct vif *v = vif_of(d);
	struct xu_val *r = xu_struct();
	struct net_link l = { .index = 0 };
	char name[IFNAMSIZ];
	uint64_t now = uv_hrtime();
	double s = (double)(now - v->seen.at) / 1e9;

	vif_name(d, name);
	if (d->phase == DEV_OFF || net_link_get(c, name, &l) < 0)
		l.rx_bytes = l.tx_bytes = 0;
	if (v->seen.at == 0 || l.rx_bytes < v->seen.rx ||
	    l.tx_bytes < v->seen.tx || s <= 0) {
		v->seen.rx = l.rx_bytes;
		v->seen.tx = l.tx_bytes;
		s = 1;
	}
	xu_val_set(r, "uuid", xu_str(metrics_ref(d)));
	xu_val_set(r, "io_read_kbs",
	    xu_float((double)(l.tx_bytes - v->seen.tx) / 1024 / s));
	xu_val_set(r, "io_write_kbs",
	    xu_float((double)(l.rx_bytes - v->seen.rx) / 1024 / s));
	xu_val_set(r, "io_total_read_kbs", xu_float((double)l.tx_bytes / 1024));
	xu_val_set(r, "io_total_write_kbs", xu_float((double)l.rx_bytes / 1024));
	xu_val_set(r, "last_updated", xu_datetime(now_real()));
	v->seen.at = now;
	v->seen.rx = l.rx_bytes;
	v->seen.tx = l.tx_bytes;
	return r;
}

const struct class_ops vif_metrics_ops = {
	.cls = &model_vif_metrics,
	.find = find_metrics,
	.next = next,
	.ref = metrics_ref,
	.record = metrics_record,
};

/* ---- entries -------------------------------------------------------------------------- */

static int
free_number(const struct guest *g, struct xu_val *entry, struct xu_err *e)
{
	for (uint32_t id = 0; id <= 255; id++)
		if (dev_by_id(g, &vif_class, id) == NULL) {
			xu_val_set(entry, "device", xu_strf("%u", id));
			return 0;
		}
	xu_err_set(e, XE(XLD_TOO_MANY), 0,
	    "'%s' has 256 network interfaces, and there cannot be more",
	    guest_name(g));
	xu_err_param(e, "network interfaces");
	xu_err_param(e, "256");
	return -1;
}

/* What the network and the machine say. */
static int
complete(struct call *k, const struct guest *g, const struct xu_val *args,
    struct xu_val *entry, struct xu_err *e)
{
	const char *device = xu_val_get_str(entry, "device", "");
	const char *net = xu_val_get_str(args, "network", "");
	char mac[XU_MAC_TEXT], bridge[IFNAMSIZ] = "";
	uint32_t id = 0;

	if (device[0] == '\0' && free_number(g, entry, e) < 0)
		return -1;
	if (net[0] != '\0' && net_bridge_of(k->core, net, bridge) < 0) {
		xu_err_set(e, XE(HANDLE_INVALID), 0,
		    "there is no network with the reference '%s'", net);
		xu_err_param(e, "network");
		xu_err_param(e, "%s", net);
		return -1;
	}
	if (bridge[0] != '\0')
		xu_val_set(entry, "bridge", xu_str(bridge));
	if (xu_val_get_str(entry, "kind", "")[0] == '\0')
		xu_val_set(entry, "kind",
		    xu_str(config_type(g->config) == TYPE_HVM ? "ioemu" :
								"vif"));
	if (vif_class.check(g, entry, &id, e) < 0)
		return -1;
	/* One spelling, for those who look for it. */
	xu_val_set(entry, "device", xu_strf("%u", id));
	if (xu_val_get_str(entry, "MAC", "")[0] == '\0') {
		vif_mac_derive(g->uuid, id, mac);
		xu_val_set(entry, "MAC", xu_str(mac));
	}
	return 0;
}

struct xu_val *
vif_new_entry(struct call *k, const struct guest *g, const struct xu_val *args,
    struct xu_err *e)
{
	static const char *const words[] = { "device", "MAC", "bridge", "ip",
		"rate", "vifname", "kind", "model", "script", "gatewaydev" };
	const struct xu_val *map = xu_val_get(args, "other_config");
	struct xu_val *v = xu_struct();
	char uuid[UUID_TEXT];

	uuid_random(uuid);
	xu_val_set(v, "uuid", xu_str(uuid));
	for (size_t i = 0; i < XU_ARRAY_SIZE(words); i++)
		xu_val_set(v, words[i],
		    xu_str(xu_val_get_str(args, words[i], "")));
	xu_val_set(v, "MTU", xu_int(xu_val_get_int(args, "MTU", 0)));
	xu_val_set(v, "trusted",
	    xu_bool(xu_val_get_bool(args, "trusted", true)));
	xu_val_set(v, "plug", xu_str(""));
	xu_val_set(v, "other_config",
	    map != NULL ? xu_val_copy(map) : xu_struct());
	if (complete(k, g, args, v, e) == 0 && (vif_mode(v) != VIF_SCRIPT ||
		script_may(k, xu_val_get_str(v, "script", ""), e)))
		return v;
	xu_val_free(v);
	return NULL;
}

const struct handler vif_handlers[] = {
	{ "VIF.create", dev_call_create },
	{ "VIF.destroy", dev_call_destroy },
	{ "VIF.destroy_force", dev_call_destroy_force },
	{ "VIF.plug", dev_call_plug },
	{ "VIF.unplug", dev_call_unplug },
	{ "VIF.unplug_force", dev_call_unplug_force },
	{ NULL, NULL },
};
