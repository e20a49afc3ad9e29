/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Machines from others, which is how later clients make them: clone or copy a
 * template, provision it, set its memory; and which places it has for devices.
 */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "dev.h"
#include "message.h"
#include "vbd.h"
#include "vif.h"
#include "vm_clone.h"
#include "vm_snapshot.h"
#include "xu_vdev.h"

/* Places that are named to clients; there may be more. */
#define VIF_PLACES 8
#define VBD_PLACES 16

/* Devices with identities of their own; cards have other addresses, too, where
 * both machines may run. */
static int
renew(const struct guest *g, struct xu_val *config, const char *uuid,
    const char *list, const struct sr *into, bool both, struct xu_err *e)
{
	const struct xu_val *old = xu_val_get(config, list);
	struct xu_val *out = xu_array(), *v;
	const bool vifs = strcmp(list, "VIFs") == 0;
	char own[UUID_TEXT], mac[XU_MAC_TEXT];
	int r = 0;

	for (size_t i = 0; r == 0 && i < xu_val_count(old); i++) {
		v = xu_val_copy(xu_val_at(old, i));
		uuid_random(own);
		xu_val_set(v, "uuid", xu_str(own));
		if (vifs && both) {
			vif_mac_derive(uuid,
			    (uint32_t)strtoul(xu_val_get_str(v, "device", ""),
				NULL, 10), mac);
			xu_val_set(v, "MAC", xu_str(mac));
		} else if (!vifs && clone_needs_disk(v)) {
			r = clone_can_make(g, v, into, e);
		}
		xu_val_add(out, v);
	}
	xu_val_set(config, list, out);
	return r;
}

struct xu_val *
clone_config(const struct guest *g, struct xu_val *v, const char *uuid,
    const struct guest *as, const struct sr *into, bool both, struct xu_err *e)
{
	xu_val_set(v, "uuid", xu_str(uuid));
	snapshot_strip(v);
	/* What one is protected from is no matter of others made of it. */
	xu_val_set(v, "blocked_operations", xu_struct());
	/* A function of the host is one machine's. */
	xu_val_unset(v, pci_class.list);
	if (renew(g, v, uuid, "VBDs", into, both, e) == 0 &&
	    renew(g, v, uuid, "VIFs", into, both, e) == 0 && xu_val_ok(v) &&
	    config_check(g->core, as, v, e) == 0)
		return v;
	xu_err_set(e, XE(XLD_NO_MEMORY), ENOMEM, "clone '%s'", guest_name(g));
	xu_val_free(v);
	return NULL;
}

/* Its disks are there. */
static void
cloned(struct call *k, struct xu_val *config, const struct xu_err *e)
{
	AUTO_VAL struct xu_val *disks = xu_val_copy(config);
	struct xu_err why = XU_ERR_INIT;
	struct guest *g = NULL, *from;
	char uuid[UUID_TEXT];

	if (e != NULL) {
		call_fail(k, e);
		return;
	}
	snprintf(uuid, sizeof(uuid), "%s", xu_val_get_str(config, "uuid", ""));
	g = guest_new(k->core, uuid, config, &why);
	fault_point("clone-disks", NULL);
	if (g == NULL || disks == NULL || record_write(g, &why) < 0) {
		if (g != NULL)
			guest_free(g);
		clone_drop_disks(k->core, disks);
		call_fail(k, &why);
		return;
	}
	fault_point("clone-kept", NULL);
	clone_keep_disks(k->core, disks);
	g->made_at = now_real();
	api_tell_guest(g);
	/* It may have gone meanwhile. */
	from = guest_by_uuid(k->core, xu_val_str(xu_val_at(k->params, 0)));
	if (from != NULL)
		message_of(from, MSG_VM_CLONED);
	call_ok(k, xu_str(uuid));
}

/* VM.copy may say where, by a text that is passed on as the client wrote it. False:
 * refused. */
static bool
repository(struct call *k, const struct sr **into)
{
	const char *ref = xu_val_str(xu_val_at(k->params, 2));

	if (strncmp(ref, "OpaqueRef:", 10) == 0)
		ref += 10;
	*into = NULL;
	if (ref[0] == '\0' || strcmp(ref, "NULL") == 0)
		return true;
	*into = sr_find(k->core, ref);
	if (*into == NULL)
		call_refuse(k, XE(HANDLE_INVALID), "SR",
		    "%s: there is no SR with the reference '%s'", k->method,
		    ref);
	return *into != NULL;
}

/* (vm, new_name[, sr]): a machine like it, halted. */
static void
clone_vm(struct call *k)
{
	const struct sr *into;
	const char *name = xu_val_str(xu_val_at(k->params, 1));
	struct xu_err e = XU_ERR_INIT;
	struct xu_val *config;
	char uuid[UUID_TEXT];

	if (guest_is_control(k->guest) || k->guest->foreign) {
		call_refuse(k, XE(OPERATION_NOT_ALLOWED), "not a machine of ours",
		    "%s: '%s' is not a machine that was made here", k->method,
		    guest_name(k->guest));
		return;
	}
	if (!repository(k, &into))
		return;
	uuid_random(uuid);
	config = xu_val_copy(k->guest->config);
	xu_val_set(config, "name_label", xu_str(name));
	config = clone_config(k->guest, config, uuid, NULL, into, true, &e);
	if (config == NULL)
		call_fail(k, &e);
	else if (!call_may_have(k, NULL, config))
		xu_val_free(config);
	else
		clone_disks(k, &(struct clone_order){ .config = config,
			.into = into, .done = cloned });
}

static void
change(struct call *k, struct xu_val *config)
{
	struct guest *g = k->guest;
	struct xu_err e = XU_ERR_INIT;

	if (!snapshot_may_change(k, g)) {
		xu_val_free(config);
		return;
	}
	if (!xu_val_ok(config))
		xu_err_set(&e, XE(XLD_NO_MEMORY), ENOMEM, "%s", k->method);
	else if (guest_is_control(g) || g->foreign)
		xu_err_set(&e, XE(OPERATION_NOT_ALLOWED), 0,
		    "%s: '%s' is not a machine that was made here", k->method,
		    guest_name(g));
	else
		config_check(g->core, g, config, &e);
	if (xu_err_is_set(&e)) {
		xu_val_free(config);
		call_fail(k, &e);
		return;
	}
	if (guest_take_config(g, config, &e) < 0) {
		call_fail(k, &e);
		return;
	}
	api_event(k->core, "VM", "mod", g->uuid, vm_record(k->core, g));
	call_ok(k, NULL);
}

/* A template becomes a machine; disks of its own it had when it was cloned. */
static void
provision(struct call *k)
{
	struct xu_val *v = xu_val_copy(k->guest->config);

	xu_val_set(v, "is_a_template", xu_bool(false));
	change(k, v);
}

/* (vm, static_min, static_max, dynamic_min, dynamic_max): bytes, all at once, so
 * that they need not agree in between. */
static void
set_memory_limits(struct call *k)
{
	static const char *const fields[] = { "memory_static_min",
		"memory_static_max", "memory_dynamic_min",
		"memory_dynamic_max" };
	struct xu_val *v = xu_val_copy(k->guest->config);

	for (size_t i = 0; i < XU_ARRAY_SIZE(fields); i++)
		xu_val_set(v, fields[i],
		    xu_val_copy(xu_val_at(k->params, i + 1)));
	change(k, v);
}

static void
vif_places(struct call *k)
{
	struct xu_val *out = xu_array();

	for (uint32_t i = 0; i < VIF_PLACES; i++)
		if (dev_by_id(k->guest, &vif_class, i) == NULL)
			xu_val_add(out, xu_strf("%u", i));
	call_ok(k, out);
}

/* By number, as VBD.create takes them in userdevice. */
static void
vbd_places(struct call *k)
{
	struct xu_val *out = xu_array();
	struct xu_vdev v;
	char name[16];

	for (uint32_t i = 0; i < VBD_PLACES; i++) {
		xu_vdev_of_index(i, name, sizeof(name));
		if (xu_vdev_parse(name, &v, NULL) == 0 &&
		    dev_by_id(k->guest, &vbd_class, v.number) == NULL)
			xu_val_add(out, xu_strf("%u", i));
	}
	call_ok(k, out);
}

const struct handler vm_clone_handlers[] = {
	{ "VM.clone", clone_vm },
	{ "VM.copy", clone_vm },
	{ "VM.provision", provision },
	{ "VM.set_memory_limits", set_memory_limits },
	{ "VM.get_allowed_VBD_devices", vbd_places },
	{ "VM.get_allowed_VIF_devices", vif_places },
	{ NULL, NULL },
};
