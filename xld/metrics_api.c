/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Figures of disks and of the host's network interfaces, and what guests say of
 * themselves. That a guest may write anything there is looked after here: so much
 * and no more, and nothing but printable text.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "db.h"
#include "vbd.h"
#include "vif.h"
#include "xu_file.h"
#include "xu_num.h"

/* Of one kind of a guest's words. */
#define WORDS_MAX 64
#define WORD_LEN  256
/* Rates that are remembered. */
#define RATES_MAX 8192

/* ---- rates ------------------------------------------------------------------------- */

struct rate {
	uint64_t at, in, out;
};

static void
forget_rates(struct core *c)
{
	size_t pos = 0;
	struct rate *r;

	while (c->rates != NULL && (r = xu_map_next(c->rates, &pos)) != NULL)
		free(r);
	xu_map_free(&c->rates);
}

void
metrics_close(struct core *c)
{
	forget_rates(c);
}

/* KiB a second since the object was last asked, from its counters in bytes. The
 * first time there is nothing to compare with. */
static void
rate_of(struct core *c, const char *uuid, uint64_t in, uint64_t out,
    double *in_kbs, double *out_kbs)
{
	uint64_t now = uv_hrtime();
	struct rate *r;

	*in_kbs = *out_kbs = 0;
	/* Those of devices that have gone, too. */
	if (c->rates != NULL && xu_map_count(c->rates) >= RATES_MAX)
		forget_rates(c);
	if (c->rates == NULL && (c->rates = xu_map_new()) == NULL)
		return;
	r = xu_map_get(c->rates, uuid);
	if (r == NULL) {
		r = calloc(1, sizeof(*r));
		if (r == NULL || xu_map_put(c->rates, uuid, r) < 0) {
			free(r);
			return;
		}
	} else if (now > r->at && in >= r->in && out >= r->out) {
		*in_kbs = (double)(in - r->in) / 1024 /
		    ((double)(now - r->at) / 1e9);
		*out_kbs = (double)(out - r->out) / 1024 /
		    ((double)(now - r->at) / 1e9);
	}
	*r = (struct rate) { now, in, out };
}

/* ---- objects whose identity follows from another's ----------------------------------- */

static const char *
metrics_of(const char *uuid)
{
	static char out[UUID_TEXT];

	uuid_derive(uuid, "metrics", out);
	return out;
}

static void *
find_by(struct core *c, const struct class_ops *o, const char *ref)
{
	size_t pos = 0;
	void *obj;

	while ((obj = o->next(c, &pos)) != NULL)
		if (strcmp(metrics_of(o->ref(obj)), ref) == 0)
			return obj;
	return NULL;
}

/* ---- VBD_metrics ------------------------------------------------------------------------ */

static void *
vbd_find(struct core *c, const char *ref)
{
	return find_by(c, &vbd_ops, ref);
}

static void *
vbd_next(struct core *c, size_t *pos)
{
	return vbd_ops.next(c, pos);
}

static const char *
vbd_ref(const void *obj)
{
	return metrics_of(((const struct dev *)obj)->uuid);
}

uint64_t
vbd_count(const struct dev *d, const char *leaf)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	char path[128], text[24];
	uint64_t n = 0;

	snprintf(path, sizeof(path), "/sys/bus/xen-backend/devices/vbd-%d-%u/"
				     "statistics/%s", d->domid, d->id, leaf);
	if (d->phase == DEV_OFF || xu_file_read(path, 64, &b, NULL) < 0)
		return 0;
	snprintf(text, sizeof(text), "%.*s",
	    (int)strcspn(xu_buf_text(&b), "\n"), xu_buf_text(&b));
	xu_num_u64(text, 10, INT64_MAX / 512, &n);
	return n;
}

uint64_t
vbd_bytes(const struct dev *d, const char *leaf)
{
	return vbd_count(d, leaf) * 512;
}

static struct xu_val *
vbd_record(struct core *c, void *obj)
{
	const struct dev *d = obj;
	struct xu_val *v = xu_struct();
	double in, out;

	rate_of(c, d->uuid, vbd_bytes(d, "rd_sect"),
	    vbd_bytes(d, "wr_sect"), &in, &out);
	xu_val_set(v, "uuid", xu_str(vbd_ref(d)));
	xu_val_set(v, "io_read_kbs", xu_float(in));
	xu_val_set(v, "io_write_kbs", xu_float(out));
	xu_val_set(v, "last_updated", xu_datetime(now_real()));
	return v;
}

const struct class_ops vbd_metrics_ops = {
	.cls = &model_vbd_metrics,
	.find = vbd_find,
	.next = vbd_next,
	.ref = vbd_ref,
	.record = vbd_record,
};

/* ---- PIF_metrics -------------------------------------------------------------------------- */

static void *
pif_find(struct core *c, const char *ref)
{
	return find_by(c, &pif_ops, ref);
}

static void *
pif_next(struct core *c, size_t *pos)
{
	return pif_ops.next(c, pos);
}

static const char *
pif_ref(const void *obj)
{
	return metrics_of(pif_ops.ref(obj));
}

static void
pif_refresh(struct core *c)
{
	pif_ops.refresh(c);
}

static struct xu_val *
pif_record(struct core *c, void *obj)
{
	struct xu_val *v = xu_struct();
	struct net_link l = { .rx_bytes = 0 };
	double in, out;

	net_link_get(c, pif_link_name(obj), &l);
	rate_of(c, pif_ops.ref(obj), l.rx_bytes, l.tx_bytes, &in, &out);
	xu_val_set(v, "uuid", xu_str(pif_ref(obj)));
	xu_val_set(v, "io_read_kbs", xu_float(in));
	xu_val_set(v, "io_write_kbs", xu_float(out));
	xu_val_set(v, "carrier", xu_bool((l.flags & IFF_RUNNING) != 0));
	xu_val_set(v, "pif", xu_str(pif_ops.ref(obj)));
	xu_val_set(v, "last_updated", xu_datetime(now_real()));
	return v;
}

const struct class_ops pif_metrics_ops = {
	.cls = &model_pif_metrics,
	.find = pif_find,
	.next = pif_next,
	.ref = pif_ref,
	.record = pif_record,
	.refresh = pif_refresh,
};

/* ---- VM_guest_metrics ----------------------------------------------------------------------- */

const char *
guest_metrics_ref(const struct guest *g)
{
	static char out[UUID_TEXT];

	uuid_derive(g->uuid, "guest_metrics", out);
	return out;
}

static void *
guest_find(struct core *c, const char *ref)
{
	size_t pos = 0;
	struct guest *g;

	while ((g = xu_map_next(c->by_uuid, &pos)) != NULL)
		if (strcmp(guest_metrics_ref(g), ref) == 0)
			return g;
	return NULL;
}

static void *
guest_next(struct core *c, size_t *pos)
{
	return xu_map_next(c->by_uuid, pos);
}

static const char *
guest_ref(const void *obj)
{
	return guest_metrics_ref(obj);
}

/* A guest's word: what is not printable ASCII becomes a question mark. */
static void
put_word(struct xu_val *map, const char *key, const char *text)
{
	char name[WORD_LEN], word[WORD_LEN];

	if (xu_val_count(map) >= WORDS_MAX)
		return;
	snprintf(name, sizeof(name), "%s", key);
	snprintf(word, sizeof(word), "%s", text);
	for (char *s = name; *s != '\0'; s++)
		if (*s < ' ' || *s > '~')
			*s = '?';
	for (char *s = word; *s != '\0'; s++)
		if (*s < ' ' || *s > '~')
			*s = '?';
	xu_val_set(map, name, xu_str(word));
}

/* Those of rows that the guest wrote: what it is called there and here. */
struct word {
	const char *node, *key;
};

static void
put_words(const struct guest *g, struct xu_val *map, const struct word *rows)
{
	for (; rows->node != NULL; rows++) {
		AUTO_FREE char *text = store_word(g->core, g->domid,
		    rows->node);

		if (text != NULL)
			put_word(map, rows->key, text);
	}
}

/* All children of a folder whose names begin so; below: a folder under each. */
static void
put_folder(const struct guest *g, struct xu_val *map, const char *folder,
    const char *begins, const char *key)
{
	char path[192], name[192];
	unsigned n = 0;
	char **list = store_list(g->core, g->domid, folder, &n);

	for (unsigned i = 0; i < n && i < WORDS_MAX; i++) {
		AUTO_FREE char *text = NULL;

		if (strncmp(list[i], begins, strlen(begins)) != 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, list[i]);
		snprintf(name, sizeof(name), "%s%s", key, list[i]);
		text = store_word(g->core, g->domid, path);
		if (text != NULL && text[0] != '\0')
			put_word(map, name, text);
	}
	free(list);
}

static struct xu_val *
networks(const struct guest *g)
{
	struct xu_val *map = xu_struct();
	char folder[64], key[32];
	struct xu_list *l;
	const struct dev *d;

	LIST_FOREACH(l, &g->devs) {
		d = xu_container_of(l, struct dev, all);
		if (d->cls != &vif_class)
			continue;
		for (int v6 = 0; v6 < 2; v6++) {
			snprintf(folder, sizeof(folder), "attr/vif/%u/ipv%c",
			    d->id, v6 ? '6' : '4');
			snprintf(key, sizeof(key), "%u/ipv%c/", d->id,
			    v6 ? '6' : '4');
			put_folder(g, map, folder, "", key);
		}
		snprintf(folder, sizeof(folder), "attr/eth%u/ip", d->id);
		snprintf(key, sizeof(key), "%u/ip", d->id);
		put_words(g, map, (const struct word[]) { { folder, key },
		    { NULL, NULL } });
	}
	return map;
}

static struct xu_val *
guest_record(struct core *c XU_UNUSED, void *obj)
{
	static const struct word os[] = { { "data/os_name", "name" },
		{ "data/os_uname", "uname" }, { "data/os_distro", "distro" },
		{ "data/os_majorver", "major" }, { "data/os_minorver", "minor" },
		{ NULL, NULL } };
	static const struct word drivers[] = {
		{ "attr/PVAddons/MajorVersion", "major" },
		{ "attr/PVAddons/MinorVersion", "minor" },
		{ "attr/PVAddons/MicroVersion", "micro" },
		{ "attr/PVAddons/BuildVersion", "build" }, { NULL, NULL } };
	static const struct word memory[] = { { "data/meminfo_free", "free" },
		{ "data/meminfo_total", "total" }, { NULL, NULL } };
	const struct guest *g = obj;
	struct xu_val *v = xu_struct(), *maps[4];

	for (size_t i = 0; i < XU_ARRAY_SIZE(maps); i++)
		maps[i] = xu_struct();
	if (g->domid > 0) {
		put_words(g, maps[0], os);
		put_words(g, maps[1], drivers);
		put_words(g, maps[2], memory);
		put_folder(g, maps[3], "control", "feature-", "");
	}
	xu_val_set(v, "uuid", xu_str(guest_ref(g)));
	xu_val_set(v, "os_version", maps[0]);
	xu_val_set(v, "PV_drivers_version", maps[1]);
	xu_val_set(v, "memory", maps[2]);
	xu_val_set(v, "disks", xu_struct());
	xu_val_set(v, "networks", networks(g));
	xu_val_set(v, "other", maps[3]);
	xu_val_set(v, "last_updated", xu_datetime(now_real()));
	return v;
}

const struct class_ops vm_guest_metrics_ops = {
	.cls = &model_vm_guest_metrics,
	.find = guest_find,
	.next = guest_next,
	.ref = guest_ref,
	.record = guest_record,
	.refresh = scan,
};
