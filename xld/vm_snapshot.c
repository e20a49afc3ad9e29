/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What snapshots are, and how one goes; see vm_snapshot.h. */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "vdi.h"
#include "vm_leaving.h"
#include "vm_snapshot.h"

/* ---- what they are ------------------------------------------------------------------ */

static const char *
word_of(const struct guest *g, const char *name)
{
	return xu_val_get_str(g->config, name, "");
}

bool
guest_is_snapshot(const struct guest *g)
{
	return g->snapshot;
}

/* Snapshots of g, or whose parent is g: those are of all machines. */
static struct xu_val *
all_of(struct core *c, const struct guest *g, const char *name, bool any)
{
	struct xu_val *v = xu_array();
	const struct guest *s;
	struct xu_list *l;

	LIST_FOREACH(l, &c->guests) {
		s = xu_container_of(l, struct guest, all);
		if ((any || s->snapshot) &&
		    strcmp(word_of(s, name), g->uuid) == 0)
			xu_val_add(v, xu_str(s->uuid));
	}
	return v;
}

static struct xu_val *
reference(struct core *c, const struct guest *g, const char *name)
{
	const char *uuid = word_of(g, name);

	return xu_str(guest_by_uuid(c, uuid) != NULL ? uuid : "");
}

struct xu_val *
snapshot_field(struct core *c, const struct guest *g, const char *name)
{
	const struct xu_val *info = xu_val_get(g->config, "snapshot_info");

	if (strcmp(name, "is_a_snapshot") == 0)
		return xu_bool(g->snapshot);
	if (strcmp(name, "snapshot_of") == 0 || strcmp(name, "parent") == 0)
		return reference(c, g, name);
	if (strcmp(name, "snapshots") == 0)
		return all_of(c, g, "snapshot_of", false);
	if (strcmp(name, "children") == 0)
		return g->snapshot ? all_of(c, g, "parent", true) : xu_array();
	if (strcmp(name, "snapshot_time") == 0)
		return xu_datetime(
		    xu_val_get_int(g->config, "snapshot_time", 0));
	if (strcmp(name, "snapshot_info") == 0)
		return info != NULL ? xu_val_copy(info) : xu_struct();
	if (strcmp(name, "snapshot_metadata") == 0 ||
	    strcmp(name, "transportable_snapshot_id") == 0)
		return xu_str("");
	return NULL;
}

bool
snapshot_suits(const struct guest *g, const char *operation)
{
	static const char *const words[] = { "clone", "copy", "destroy",
		"revert" };

	if (!g->snapshot)
		return strcmp(operation, "revert") != 0;
	for (size_t i = 0; i < XU_ARRAY_SIZE(words); i++)
		if (strcmp(words[i], operation) == 0)
			return true;
	return false;
}

bool
snapshot_may_change(struct call *k, const struct guest *g)
{
	if (!g->snapshot)
		return true;
	call_refuse(k, XE(OPERATION_NOT_ALLOWED), "a snapshot",
	    "%s: '%s' is a snapshot and stays what its machine was; VM.clone "
	    "makes a machine of it", k->method, guest_name(g));
	return false;
}

void
snapshot_strip(struct xu_val *config)
{
	static const char *const names[] = { "snapshot_of", "snapshot_time",
		"snapshot_info", "parent" };

	for (size_t i = 0; i < XU_ARRAY_SIZE(names); i++)
		xu_val_unset(config, names[i]);
}

int
snapshot_set_parent(struct guest *g, const char *uuid, struct xu_err *e)
{
	struct xu_val *v = xu_val_copy(g->config);

	xu_val_set(v, "parent", xu_str(uuid));
	if (xu_val_ok(v))
		return guest_take_config(g, v, e);
	xu_val_free(v);
	return xu_err_set(e, XE(XLD_NO_MEMORY), ENOMEM, "change a machine");
}

bool
snapshot_too_late(struct call *k, const struct xu_err *e)
{
	if (!k->core->stopping)
		return false;
	k->guest = NULL;
	call_fail(k, e);
	return true;
}

/* ---- VM.destroy ------------------------------------------------------------------------ */

/* Its children are its parent's from now on. */
static int
orphan(const struct guest *s, struct xu_err *e)
{
	struct xu_list *l;
	struct guest *g;

	LIST_FOREACH(l, &s->core->guests) {
		g = xu_container_of(l, struct guest, all);
		if (strcmp(word_of(g, "parent"), s->uuid) == 0 &&
		    snapshot_set_parent(g, word_of(s, "parent"), e) < 0)
			return -1;
	}
	return 0;
}

static int
its_disks(struct leaving *l, const struct guest *s, struct xu_err *e)
{
	const struct xu_val *list = xu_val_get(s->config, "VBDs");
	struct vdi *v;

	for (size_t i = 0; i < xu_val_count(list); i++) {
		v = vdi_find(s->core, xu_val_get_str(xu_val_at(list, i), "VDI",
			""));
		if (v != NULL && !v->busy && leaving_is_only(s->core, v, s) &&
		    xu_val_get(v->config, "snapshot_time") != NULL &&
		    leaving_add(l, v, "", e) < 0)
			return -1;
	}
	return 0;
}

void
snapshot_destroy(struct call *k)
{
	struct guest *s = k->guest;
	struct xu_err e = XU_ERR_INIT;
	struct leaving *l = leaving_new(k, &e);

	if (l == NULL) {
		call_fail(k, &e);
		return;
	}
	if (orphan(s, &e) < 0 || its_disks(l, s, &e) < 0)
		goto fail;
	fault_point("delete-marked", NULL);
	if (record_remove(s, &e) < 0)
		goto fail;
	fault_point("delete-removed", NULL);
	k->guest = NULL;
	vm_forget(s);
	leaving_go(l);
	return;
fail:
	leaving_not(l);
	call_fail(k, &e);
}
