/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which devices there are: entries of the guests' configs, and a struct dev for
 * each. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dev.h"
#include "xu_log.h"

static const struct xu_val *
entry_of(const struct xu_val *list, const char *uuid)
{
	for (size_t i = 0; i < xu_val_count(list); i++)
		if (strcmp(xu_val_get_str(xu_val_at(list, i), "uuid", ""),
			uuid) == 0)
			return xu_val_at(list, i);
	return NULL;
}

const struct xu_val *
dev_entry(const struct dev *d)
{
	return entry_of(xu_val_get(d->guest->config, d->cls->list), d->uuid);
}

const char *
dev_str(const struct dev *d, const char *member)
{
	return xu_val_get_str(dev_entry(d), member, "");
}

const char *
dev_label(const struct dev *d, char *out, size_t room)
{
	size_t n = (size_t)snprintf(out, room, "%s ", d->cls->word);

	if (n < room)
		d->cls->describe(dev_entry(d), out + n, room - n);
	return out;
}

/* Puts entry (taken, NULL = none) in the place of that with the uuid, or at the
 * end. */
static int
put_entry(struct guest *g, const struct dev_class *cls, const char *uuid,
    struct xu_val *entry)
{
	const struct xu_val *old = xu_val_get(g->config, cls->list), *v;
	struct xu_val *list = xu_array();
	bool wanted = entry != NULL;

	for (size_t i = 0; i < xu_val_count(old); i++) {
		v = xu_val_at(old, i);
		if (strcmp(xu_val_get_str(v, "uuid", ""), uuid) != 0) {
			xu_val_add(list, xu_val_copy(v));
		} else if (wanted && entry != NULL) {
			xu_val_add(list, entry);
			entry = NULL;
		}
	}
	if (entry != NULL)
		xu_val_add(list, entry);
	if (!xu_val_ok(list)) {
		xu_val_free(list);
		errno = ENOMEM;
		return -1;
	}
	return xu_val_set(g->config, cls->list, list);
}

int
dev_set(struct dev *d, const char *member, struct xu_val *value)
{
	const struct xu_val *old = dev_entry(d);
	struct xu_val *v;

	if (old == NULL || xu_val_equal(xu_val_get(old, member), value)) {
		xu_val_free(value);
		return 0;
	}
	v = xu_val_copy(old);
	xu_val_set(v, member, value);
	return put_entry(d->guest, d->cls, d->uuid, v);
}

struct dev *
dev_find(const struct core *c, const char *uuid)
{
	return xu_map_get(c->devs, uuid);
}

struct dev *
dev_by_id(const struct guest *g, const struct dev_class *cls, uint32_t id)
{
	struct xu_list *l;
	struct dev *d;

	LIST_FOREACH(l, &g->devs) {
		d = xu_container_of(l, struct dev, all);
		if (d->cls == cls && d->id == id)
			return d;
	}
	return NULL;
}

/* ---- from the config ------------------------------------------------------------- */

static void
dev_free(struct dev *d)
{
	struct core *c = d->guest->core;

	if (d->work != NULL)
		dev_work_stop(d->work);
	dev_unwatch(d);
	if (d->phase != DEV_OFF)
		d->cls->release(d);
	if (dev_find(c, d->uuid) == d)
		xu_map_del(c->devs, d->uuid);
	xu_list_remove(&d->all);
	free(d->own);
	free(d);
}

static struct dev *
dev_new(struct guest *g, const struct dev_class *cls,
    const struct xu_val *entry, struct xu_err *e)
{
	const char *uuid = xu_val_get_str(entry, "uuid", "");
	struct dev *d = calloc(1, sizeof(*d));

	if (d != NULL)
		d->own = calloc(1, cls->own_size);
	if (d == NULL || d->own == NULL)
		goto fail;
	xu_list_init(&d->all);
	d->guest = g;
	d->cls = cls;
	d->domid = NO_DOMID;
	snprintf(d->uuid, sizeof(d->uuid), "%s", uuid);
	if (cls->check(g, entry, &d->id, e) < 0 ||
	    xu_map_put(g->core->devs, d->uuid, d) < 0)
		goto fail;
	xu_list_append(&g->devs, &d->all);
	return d;
fail:
	xu_err_set(e, "XLD_NO_MEMORY", ENOMEM, "keep a device");
	if (d != NULL)
		free(d->own);
	free(d);
	return NULL;
}

int
devs_load(struct guest *g, struct xu_err *e)
{
	const struct xu_val *list;

	xu_list_init(&g->devs);
	for (size_t k = 0; dev_classes[k] != NULL; k++) {
		list = xu_val_get(g->config, dev_classes[k]->list);
		for (size_t i = 0; i < xu_val_count(list); i++)
			if (dev_new(g, dev_classes[k], xu_val_at(list, i),
				e) == NULL)
				return -1;
	}
	return 0;
}

void
devs_free(struct guest *g)
{
	while (!xu_list_empty(&g->devs))
		dev_free(xu_container_of(g->devs.next, struct dev, all));
}

struct dev *
dev_add(struct guest *g, const struct dev_class *cls, struct xu_val *entry,
    struct xu_err *e)
{
	const struct dev *other;
	struct dev *d = NULL;
	char label[160];
	uint32_t id;

	if (!xu_val_ok(entry) || cls->check(g, entry, &id, e) < 0)
		goto out;
	other = dev_by_id(g, cls, id);
	if (other != NULL) {
		xu_err_set(e, XE(DEVICE_ALREADY_EXISTS), 0,
		    "'%s' has it already: %s", guest_name(g),
		    dev_label(other, label, sizeof(label)));
		xu_err_param(e, "%u", id);
		goto out;
	}
	d = dev_new(g, cls, entry, e);
	if (d == NULL)
		goto out;
	if (put_entry(g, cls, d->uuid, entry) == 0)
		return d;
	xu_err_set(e, "XLD_NO_MEMORY", ENOMEM, "keep a device");
	dev_free(d);
	return NULL;
out:
	xu_val_free(entry);
	return NULL;
}

struct dev *
dev_imply(struct guest *g, const struct dev_class *cls, struct xu_err *e)
{
	AUTO_VAL struct xu_val *v = xu_struct();
	char uuid[UUID_TEXT];

	uuid_derive(g->uuid, cls->kind, uuid);
	xu_val_set(v, "uuid", xu_str(uuid));
	return dev_new(g, cls, v, e);
}

void
dev_imply_no_more(struct dev *d)
{
	dev_free(d);
}

void
dev_remove(struct dev *d)
{
	struct guest *g = d->guest;
	const struct dev_class *cls = d->cls;
	char uuid[UUID_TEXT];

	memcpy(uuid, d->uuid, sizeof(uuid));
	dev_free(d);
	put_entry(g, cls, uuid, NULL);
}

void
devs_adopt(struct guest *g)
{
	struct xu_list *l, *next;
	struct dev_work w = { .guest = g };
	char plug[16];
	struct dev *d;

	LIST_FOREACH_SAFE(l, next, &g->devs) {
		d = xu_container_of(l, struct dev, all);
		w.only = d;
		d->domid = g->domid;
		d->phase = DEV_ON;
		dev_look(d);
		/* Release needs what it says, too. */
		if (d->cls->adopt != NULL)
			d->cls->adopt(d);
		snprintf(plug, sizeof(plug), "%s", dev_str(d, "plug"));
		d->doomed = strcmp(plug, "doomed") == 0;
		if (strcmp(plug, "arriving") == 0) {
			/* Nobody was told that it was there. */
			dev_off(&w);
			dev_remove(d);
		} else if (strcmp(plug, "plugging") == 0) {
			dev_off(&w);
		} else if (d->back == BUS_NONE && !dev_is_hidden(d)) {
			dev_left(d);
		} else {
			dev_watch(d);
			if (d->doomed || strcmp(plug, "leaving") == 0)
				dev_detach(d, false, NULL, NULL);
		}
	}
}
