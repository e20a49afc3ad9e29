/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What an image's configuration says of an HVM guest: the machine that its device
 * model's state is of must be put together in the same way again.
 */
#include "config.h"

#include <string.h>

#include "dm.h"
#include "image_xl.h"
#include "xu_num.h"

#define UNION "type.hvm"

/* Switches, libxl's "True" and "False". */
static const struct {
	const char *key, *member;
	bool dflt;
} switches[] = {
	{ "acpi", "acpi", true },
	{ "apic", "apic", true },
	{ "pae", "pae", true },
	{ "nx", "nx", true },
	{ "hpet", "hpet", true },
	{ "vpt_align", "vpt_align", true },
	{ "acpi_s3", "acpi_s3", true },
	{ "acpi_s4", "acpi_s4", true },
	{ "acpi_laptop_slate", "acpi_laptop_slate", false },
	{ "platform_pci", "xen_platform_pci", true },
	{ "usb", "usb", false },
};

/* Words that are the same, or have one that is nothing there. */
static const struct {
	const char *key, *member, *none;
} words[] = {
	{ "serial", "serial", "none" },
	{ "bios", "bios", "" },
	{ "hdtype", "hdtype", "" },
	{ "keymap", "keymap", "" },
	{ "soundhw", "soundhw", "" },
};

/* Of timer_mode. */
static const char *const timer_modes[] = { "delay_for_missed_ticks",
	"no_delay_for_missed_ticks", "no_missed_ticks_pending",
	"one_missed_tick_pending" };

/* ---- ours to libxl's ---------------------------------------------------------------- */

static struct xu_val *
flag(bool on)
{
	return xu_str(on ? "True" : "False");
}

static struct xu_val *
screen(const char *vnc, bool unused)
{
	const char *colon = strrchr(vnc, ':');
	struct xu_val *v = xu_struct();
	uint64_t display = 0;

	xu_val_set(v, "enable", flag(colon != NULL));
	if (colon == NULL)
		return v;
	xu_num_u64(colon + 1, 10, 65535, &display);
	xu_val_set(v, "listen", xu_strf("%.*s", (int)(colon - vnc), vnc));
	xu_val_set(v, "display", xu_int((int64_t)display));
	xu_val_set(v, "findunused", flag(unused));
	return v;
}

static struct xu_val *
screen_of(const struct xu_val *config)
{
	return screen(xu_val_get_str(xu_val_get(config, "platform"), "vnc", ""),
	    config_number(config, "platform", "vnc_unused", 1) != 0);
}

void
image_put_screen(struct xu_val *to, const struct xu_val *config)
{
	const struct xu_val *platform = xu_val_get(config, "platform");
	struct xu_val *vfbs = xu_array(), *vkbs = xu_array();
	struct xu_val *vfb = xu_struct(), *vkb = xu_struct();

	xu_val_set(vfb, "devid", xu_int(0));
	xu_val_set(vfb, "vnc", screen_of(config));
	image_text(vfb, "keymap", platform, "keymap");
	xu_val_set(vkb, "devid", xu_int(0));
	xu_val_add(vfbs, vfb);
	xu_val_add(vkbs, vkb);
	xu_val_set(to, "vfbs", vfbs);
	xu_val_set(to, "vkbs", vkbs);
}

void
image_put_hvm(struct xu_val *b_info, const struct xu_val *config)
{
	const struct xu_val *platform = xu_val_get(config, "platform");
	struct xu_val *v = xu_struct(), *vga = xu_struct();
	int64_t mode = config_number(config, "platform", "timer_mode", 1);
	const char *s;

	for (size_t i = 0; i < XU_ARRAY_SIZE(switches); i++)
		xu_val_set(v, switches[i].member, flag(config_number(config,
		    "platform", switches[i].key, switches[i].dflt) != 0));
	for (size_t i = 0; i < XU_ARRAY_SIZE(words); i++) {
		s = xu_val_get_str(platform, words[i].key, "");
		if (s[0] != '\0' && strcmp(s, words[i].none) != 0)
			xu_val_set(v, words[i].member, xu_str(s));
	}
	image_text(v, "boot", xu_val_get(config, "HVM_boot_params"), "order");
	if (mode >= 0 && mode < (int64_t)XU_ARRAY_SIZE(timer_modes))
		xu_val_set(v, "timer_mode", xu_str(timer_modes[mode]));
	if (config_number(config, "platform", "usb_tablet", 0) != 0)
		xu_val_set(v, "usbdevice", xu_str("tablet"));
	xu_val_set(vga, "kind",
	    xu_str(xu_val_get_str(platform, "vga", "cirrus")));
	xu_val_set(v, "vga", vga);
	xu_val_set(v, "vnc", screen_of(config));
	xu_val_set(b_info, "video_memkb",
	    xu_int((int64_t)dm_video_mib(config) * 1024));
	xu_val_set(b_info, "device_model_version", xu_str("qemu_xen"));
	xu_val_set(b_info, UNION, v);
}

/* ---- libxl's to ours ---------------------------------------------------------------- */

static int
refuse(struct xu_err *e, const char *what)
{
	xu_err_set(e, "XLD_IMAGE", 0, "the image's configuration: its device "
	    "model has %s, which is not there here", what);
	xu_err_param(e, "configuration");
	xu_err_param(e, "%s", what);
	return -1;
}

static bool
is_on(const struct xu_val *v, const char *member, bool dflt)
{
	const char *s = xu_val_get_str(v, member, dflt ? "True" : "False");

	return strcmp(s, "True") == 0 ||
	    (dflt && strcmp(s, "<default>") == 0);
}

/* What we would put together in another way. */
static int
check(const struct xu_val *b_info, const struct xu_val *hvm, struct xu_err *e)
{
	const char *dm = xu_val_get_str(b_info, "device_model_version",
	    "qemu_xen");
	const char *serial = xu_val_get_str(hvm, "serial", "pty");
	const char *kind = xu_val_get_str(xu_val_get(hvm, "vga"), "kind",
	    "cirrus");
	const char *usb = xu_val_get_str(hvm, "usbdevice", "tablet");

	if (strcmp(dm, "qemu_xen") != 0 ||
	    is_on(b_info, "device_model_stubdomain", false))
		return refuse(e, "another program");
	if (is_on(xu_val_get(hvm, "spice"), "enable", false))
		return refuse(e, "SPICE");
	if (is_on(hvm, "gfx_passthru", false))
		return refuse(e, "a graphics card of the host");
	if (xu_val_get_int(hvm, "usbversion", 0) != 0 ||
	    strcmp(usb, "tablet") != 0 ||
	    xu_val_count(xu_val_get(hvm, "usbdevice_list")) > 0)
		return refuse(e, "other USB devices");
	if (strcmp(serial, "pty") != 0 ||
	    xu_val_count(xu_val_get(hvm, "serial_list")) > 0)
		return refuse(e, "other serial lines");
	if (strcmp(kind, "qxl") == 0)
		return refuse(e, "a QXL card");
	return 0;
}

static void
take_screen(struct xu_val *platform, const struct xu_val *vnc)
{
	const char *listen = xu_val_get_str(vnc, "listen", "127.0.0.1");

	if (!is_on(vnc, "enable", true))
		return;
	xu_val_set(platform, "vnc", xu_strf("%s:%lld", listen,
	    (long long)xu_val_get_int(vnc, "display", 0)));
	image_text(platform, "vnc_password", vnc, "passwd");
	xu_val_set(platform, "vnc_unused",
	    xu_str(is_on(vnc, "findunused", true) ? "1" : "0"));
}

int
image_take_screen(struct xu_val *args, const struct xu_val *config,
    struct xu_err *e)
{
	const struct xu_val *vfbs = xu_val_get(config, "vfbs");
	const struct xu_val *vfb = xu_val_at(vfbs, 0);
	struct xu_val *platform;

	if (xu_val_count(vfbs) > 1 ||
	    xu_val_count(xu_val_get(config, "vkbs")) > 1)
		return refuse(e, "more than one screen or keyboard");
	if (is_on(xu_val_get(vfb, "sdl"), "enable", false))
		return refuse(e, "a window of the host's (SDL)");
	if (vfb == NULL)
		return xu_val_count(xu_val_get(config, "vkbs")) == 0 ?
		    0 : refuse(e, "a keyboard without a screen");
	platform = xu_struct();
	take_screen(platform, xu_val_get(vfb, "vnc"));
	image_text(platform, "keymap", vfb, "keymap");
	xu_val_set(args, "platform", platform);
	return 0;
}

int
image_take_hvm(struct xu_val *args, const struct xu_val *b_info,
    struct xu_err *e)
{
	const struct xu_val *hvm = xu_val_get(b_info, UNION);
	struct xu_val *platform = xu_struct(), *boot = xu_struct();
	int64_t video = xu_val_get_int(b_info, "video_memkb", 0) / 1024;
	const char *mode = xu_val_get_str(hvm, "timer_mode", "");

	for (size_t i = 0; i < XU_ARRAY_SIZE(switches); i++)
		xu_val_set(platform, switches[i].key,
		    xu_str(is_on(hvm, switches[i].member, switches[i].dflt) ?
			    "1" : "0"));
	for (size_t i = 0; i < XU_ARRAY_SIZE(words); i++)
		image_text(platform, words[i].key, hvm, words[i].member);
	for (size_t i = 0; i < XU_ARRAY_SIZE(timer_modes); i++)
		if (strcmp(mode, timer_modes[i]) == 0)
			xu_val_set(platform, "timer_mode", xu_strf("%zu", i));
	if (xu_val_get(hvm, "usbdevice") != NULL) {
		xu_val_set(platform, "usb", xu_str("1"));
		xu_val_set(platform, "usb_tablet", xu_str("1"));
	}
	image_text(platform, "vga", xu_val_get(hvm, "vga"), "kind");
	if (video > 0)
		xu_val_set(platform, "videoram",
		    xu_strf("%lld", (long long)video));
	take_screen(platform, xu_val_get(hvm, "vnc"));
	image_text(boot, "order", hvm, "boot");
	xu_val_set(args, "platform", platform);
	xu_val_set(args, "HVM_boot_policy", xu_str("BIOS order"));
	xu_val_set(args, "HVM_boot_params", boot);
	return check(b_info, hvm, e);
}
