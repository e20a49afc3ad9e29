/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See image_xl.h. Words and members are those of libxl's JSON ("xl list -l"). */
#include "config.h"

#include <string.h>

#include "image_xl.h"
#include "vnc.h"

/* Of our member. */
#define OURS_VERSION 1

/* ---- ours to libxl's ---------------------------------------------------------------- */

void
image_text(struct xu_val *to, const char *name, const struct xu_val *from,
    const char *field)
{
	const char *s = xu_val_get_str(from, field, "");

	if (s[0] != '\0')
		xu_val_set(to, name, xu_str(s));
}

static struct xu_val *
c_info(const struct guest *g)
{
	struct xu_val *v = xu_struct();

	xu_val_set(v, "type", xu_str(dom_type_word(config_type(g->config))));
	xu_val_set(v, "name", xu_str(guest_name(g)));
	xu_val_set(v, "uuid", xu_str(g->uuid));
	return v;
}

static struct xu_val *
b_info(const struct guest *g)
{
	const struct xu_val *from = g->config;
	struct xu_val *v = xu_struct(), *online = xu_array();
	int64_t n = xu_val_get_int(from, "VCPUs_at_startup", 1);
	char type[16];

	for (int64_t i = 0; i < n; i++)
		xu_val_add(online, xu_int(i));
	xu_val_set(v, "max_vcpus", xu_int(xu_val_get_int(from, "VCPUs_max", 1)));
	xu_val_set(v, "avail_vcpus", online);
	xu_val_set(v, "max_memkb",
	    xu_int(xu_val_get_int(from, "memory_static_max", 0) / 1024));
	xu_val_set(v, "target_memkb",
	    xu_int(xu_val_get_int(from, "memory_dynamic_max", 0) / 1024));
	image_text(v, "kernel", from, "PV_kernel");
	image_text(v, "ramdisk", from, "PV_ramdisk");
	image_text(v, "cmdline", from, "PV_args");
	snprintf(type, sizeof(type), "type.%s",
	    dom_type_word(config_type(from)));
	if (config_type(from) == TYPE_HVM)
		image_put_hvm(v, from);
	else
		xu_val_set(v, type, xu_struct());
	return v;
}

static const struct {
	const char *field, *member;
} actions[] = {
	{ "actions_after_shutdown", "on_poweroff" },
	{ "actions_after_reboot", "on_reboot" },
	{ "actions_after_crash", "on_crash" },
};

struct xu_val *
image_config(const struct guest *g)
{
	struct xu_val *v = xu_struct(), *ours = xu_struct();

	xu_val_set(v, "c_info", c_info(g));
	xu_val_set(v, "b_info", b_info(g));
	for (size_t i = 0; i < XU_ARRAY_SIZE(actions); i++)
		image_text(v, actions[i].member, g->config, actions[i].field);
	image_put_devices(v, g->config);
	if (config_type(g->config) != TYPE_HVM &&
	    vnc_of(g->config).address != NULL)
		image_put_screen(v, g->config);
	xu_val_set(ours, "version", xu_int(OURS_VERSION));
	xu_val_set(ours, "config", xu_val_copy(g->config));
	/* Optional: older images have none. */
	xu_val_set(ours, "on_ring", xu_bool(g->on_ring));
	xu_val_set(v, "xld", ours);
	return v;
}

/* ---- libxl's to ours ---------------------------------------------------------------- */

static int
refuse(struct xu_err *e, const char *reason, const char *what)
{
	xu_err_set(e, "XLD_IMAGE", 0, "the image's configuration: %s%s%s",
	    reason, what[0] != '\0' ? ": " : "", what);
	xu_err_param(e, "configuration");
	xu_err_param(e, "%s", reason);
	return -1;
}

static int
check_devices(const struct xu_val *config, struct xu_err *e)
{
	static const char *const lists[] = { "pcidevs", "vtpms", "p9s",
		"pvcallsifs", "vsnds", "usbctrls", "usbdevs", "rdms",
		"dtdevs" };

	for (size_t i = 0; i < XU_ARRAY_SIZE(lists); i++)
		if (xu_val_count(xu_val_get(config, lists[i])) > 0)
			return refuse(e, "the guest has devices that are not "
			    "there here", lists[i]);
	return 0;
}

static struct xu_val *
from_xl(const struct xu_val *config, struct xu_err *e)
{
	const struct xu_val *c = xu_val_get(config, "c_info");
	const struct xu_val *b = xu_val_get(config, "b_info");
	struct xu_val *v, *other;

	if (check_devices(config, e) < 0)
		return NULL;
	if (strcmp(xu_val_get_str(c, "type", ""), "hvm") == 0 &&
	    xu_val_count(xu_val_get(config, "vfbs")) > 0) {
		refuse(e, "an HVM guest has screens of its device model alone",
		    "vfbs");
		return NULL;
	}
	v = xu_struct();
	other = xu_struct();
	image_text(v, "uuid", c, "uuid");
	image_text(v, "name_label", c, "name");
	image_text(v, "domain_type", c, "type");
	xu_val_set(v, "VCPUs_max", xu_int(xu_val_get_int(b, "max_vcpus", 1)));
	xu_val_set(v, "VCPUs_at_startup",
	    xu_int((int64_t)xu_val_count(xu_val_get(b, "avail_vcpus"))));
	xu_val_set(v, "memory_static_max",
	    xu_int(xu_val_get_int(b, "max_memkb", 0) * 1024));
	xu_val_set(v, "memory_dynamic_max",
	    xu_int(xu_val_get_int(b, "target_memkb", 0) * 1024));
	image_text(v, "PV_kernel", b, "kernel");
	image_text(v, "PV_ramdisk", b, "ramdisk");
	image_text(v, "PV_args", b, "cmdline");
	for (size_t i = 0; i < XU_ARRAY_SIZE(actions); i++)
		image_text(v, actions[i].field, config, actions[i].member);
	xu_val_set(other, "transient", xu_str("true"));
	xu_val_set(v, "other_config", other);
	if (image_take_devices(v, config, e) == 0 &&
	    (config_type(v) == TYPE_HVM ? image_take_hvm(v, b, e) :
					  image_take_screen(v, config, e)) == 0)
		return v;
	xu_val_free(v);
	return NULL;
}

struct xu_val *
image_args(const struct xu_val *config, bool pv, struct xu_err *e)
{
	const struct xu_val *ours = xu_val_get(config, "xld");
	struct xu_val *v;

	if (ours != NULL && xu_val_get_int(ours, "version", 0) != OURS_VERSION) {
		refuse(e, "it is of a newer xld", "");
		return NULL;
	}
	v = ours == NULL ? from_xl(config, e) :
	    xu_val_copy(xu_val_get(ours, "config"));
	if (v != NULL && pv != (config_type(v) == TYPE_PV)) {
		xu_val_free(v);
		refuse(e, "it is of another type of guest than the image", "");
		return NULL;
	}
	return v;
}

bool
image_on_ring(const struct xu_val *config)
{
	return xu_val_get_bool(xu_val_get(config, "xld"), "on_ring", false);
}
