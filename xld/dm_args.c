/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a device model is told. Every option that matters for safety is said,
 * not left to a default: no configuration files, no default devices, no helper
 * processes, formats never probed.
 */
#include "config.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dm.h"
#include "qdisk.h"
#include "qemu.h"
#include "xu_num.h"

#define VIDEO_MIB_STD	 16
#define VIDEO_MIB_CIRRUS 8

static const char *const vga_words[] = {
	[DM_VGA_CIRRUS] = "cirrus",
	[DM_VGA_STD] = "std",
	[DM_VGA_NONE] = "none",
};

const char *
dm_program(const struct xu_val *config)
{
	/* Debian's qemu-system-xen first: the others may know nothing of Xen. */
	static const char *const known[] = {
		"/usr/libexec/xen-qemu-system-i386",
		"/usr/lib/xen/bin/qemu-system-i386",
		"/usr/bin/qemu-system-i386",
	};
	const char *given =
	    xu_val_get_str(xu_val_get(config, "platform"), "device_model", "");

	if (given[0] != '\0')
		return given;
	for (size_t i = 0; i < XU_ARRAY_SIZE(known); i++)
		if (access(known[i], X_OK) == 0)
			return known[i];
	return known[0];
}

/* ---- config to plan -------------------------------------------------------------- */

static enum dm_vga
vga_of(const struct xu_val *config)
{
	const char *s =
	    xu_val_get_str(xu_val_get(config, "platform"), "vga", "cirrus");

	for (unsigned i = 0; i < XU_ARRAY_SIZE(vga_words); i++)
		if (strcmp(s, vga_words[i]) == 0)
			return (enum dm_vga)i;
	return DM_VGA_CIRRUS;
}

uint64_t
dm_video_mib(const struct xu_val *config)
{
	enum dm_vga vga = vga_of(config);
	int64_t least = vga == DM_VGA_STD ? VIDEO_MIB_STD : VIDEO_MIB_CIRRUS;
	int64_t given = config_number(config, "platform", "videoram", 0);

	if (vga == DM_VGA_NONE)
		return 0;
	return (uint64_t)(given > least ? given : least);
}

/* NULL: not, or empty. */
static const char *
given(const struct xu_val *platform, const char *key)
{
	const char *s = xu_val_get_str(platform, key, "");

	return s[0] == '\0' ? NULL : s;
}

int
dm_plan_from(const struct xu_val *config, struct dm_plan *p, struct xu_err *e)
{
	const struct xu_val *platform = xu_val_get(config, "platform");
	const char *boot = xu_val_get_str(xu_val_get(config, "HVM_boot_params"),
	    "order", "cda");

	if (boot[0] == '\0' || boot[strspn(boot, "acdn")] != '\0') {
		xu_err_param(e, "HVM_boot_params:order");
		return xu_err_set(e, XE(VALUE_NOT_SUPPORTED), 0,
		    "the boot order '%.20s' is not made of the letters a, c, d "
		    "and n", boot);
	}
	p->boot = boot;
	p->name = xu_val_get_str(config, "name_label", "");
	p->video_mib = dm_video_mib(config);
	p->memory_mib =
	    (uint64_t)xu_val_get_int(config, "memory_static_max", 0) >> 20;
	p->memory_mib -= p->video_mib < p->memory_mib ? p->video_mib : 0;
	p->vcpus = xu_val_get_int(config, "VCPUs_at_startup", 1);
	p->max_vcpus = xu_val_get_int(config, "VCPUs_max", 1);
	p->vga = vga_of(config);
	p->platform_pci = config_number(config, "platform", "platform_pci", 1);
	p->usb = config_number(config, "platform", "usb", 0) != 0;
	p->acpi = config_number(config, "platform", "acpi", 1) != 0;
	p->tablet = config_number(config, "platform", "usb_tablet", 0) != 0;
	p->args = xu_val_get_str(config, "PV_args", "");
	p->vnc = vnc_of(config);
	p->sound = given(platform, "soundhw");
	p->extra = given(platform, "device_model_args");
	return 0;
}

/* ---- plan to words ------------------------------------------------------------------- */

struct words {
	char **v;
	size_t n, room;
	bool bad;
};

static void
take(struct words *w, char *word)
{
	char **more;

	if (w->n + 1 >= w->room) {
		more = reallocarray(w->v, w->room * 2 + 32, sizeof(*more));
		if (more == NULL) {
			w->bad = true;
			free(word);
			return;
		}
		w->v = more;
		w->room = w->room * 2 + 32;
	}
	if (word == NULL)
		w->bad = true;
	else
		w->v[w->n++] = word;
	w->v[w->n] = NULL;
}

static void XU_PRINTF(2, 3)
add(struct words *w, const char *fmt, ...)
{
	va_list ap;
	char *word;

	va_start(ap, fmt);
	if (vasprintf(&word, fmt, ap) < 0)
		word = NULL;
	va_end(ap);
	take(w, word);
}

/* A comma in an option's value is written twice. */
static void
add_value(struct words *w, const char *before, const char *value)
{
	struct xu_buf b = XU_BUF_INIT;

	xu_buf_adds(&b, before);
	for (; *value != '\0'; value++) {
		xu_buf_addc(&b, *value);
		if (*value == ',')
			xu_buf_addc(&b, ',');
	}
	take(w, xu_buf_steal(&b));
}

static void
add_all(struct words *w, const char *const *words)
{
	for (; *words != NULL; words++)
		add(w, "%s", *words);
}

static void
add_walls(struct words *w, int32_t domid, uint32_t uid, const char *root)
{
	static const char *const fixed[] = { "-no-user-config", "-nodefaults",
		NULL };

	add(w, "-xen-domid");
	add(w, "%d", domid);
	add_all(w, fixed);
	add(w, "-runas");
	add(w, "%u:%u", uid, uid);
	add(w, "-chroot");
	add(w, "%s", root);
}

static void
add_confinement(struct words *w, const struct dm_plan *p)
{
	add_walls(w, p->domid, QEMU_UID_BASE + (uint32_t)p->domid, p->root);
	add(w, "-xen-domid-restrict");
}

static void
add_name(struct words *w, const char *name, int qmp)
{
	add(w, "-name");
	add_value(w, "guest=", name);
	add(w, "-chardev");
	add(w, "socket,id=qmp,fd=%d,server=on,wait=off", qmp);
	add(w, "-mon");
	add(w, "chardev=qmp,mode=control");
}

static void
add_machine(struct words *w, const struct dm_plan *p)
{
	add(w, "-machine");
	add(w, "%s,suppress-vmdesc=on,usb=%s%s",
	    p->platform_pci ? "xenfv" : "pc,accel=xen", p->usb ? "on" : "off",
	    p->acpi ? "" : ",acpi=off");
	add(w, "-m");
	add(w, "%llu", (unsigned long long)p->memory_mib);
	add(w, "-smp");
	add(w, "%lld,maxcpus=%lld", (long long)p->vcpus,
	    (long long)p->max_vcpus);
	add(w, "-boot");
	add(w, "order=%s", p->boot);
	add(w, "-net");
	add(w, "none");
	if (p->tablet) {
		add(w, "-device");
		add(w, "usb-tablet");
	}
}

static void
add_card(struct words *w, const struct dm_plan *p)
{
	if (p->vga == DM_VGA_NONE)
		return;
	add(w, "-device");
	add(w, "%s,vgamem_mb=%llu", p->vga == DM_VGA_STD ? "VGA" : "cirrus-vga",
	    (unsigned long long)p->video_mib);
}

/* sound: those who look hear it, too. */
static void
add_screen(struct words *w, const struct vnc *p, bool sound)
{
	add(w, "-display");
	add(w, "none");
	if (p->address == NULL)
		return;
	add(w, "-vnc");
	add(w, "%s%s%s%s", p->address, p->unused ? ",to=99" : "",
	    p->password ? ",password=on" : "", sound ? ",audiodev=sound" : "");
	if (p->keymap != NULL) {
		add(w, "-k");
		add(w, "%s", p->keymap);
	}
}

/* xl's names of cards. What is heard goes to viewers that know how, and nowhere
 * else: the host's own loudspeakers are not a guest's. */
static void
add_sound(struct words *w, const struct dm_plan *p)
{
	static const char *const cards[][2] = { { "ac97", "AC97" },
		{ "es1370", "ES1370" }, { "hda", "hda-duplex" } };
	const char *card = p->sound;

	if (card == NULL)
		return;
	add(w, "-audiodev");
	add(w, "none,id=sound");
	for (size_t i = 0; i < XU_ARRAY_SIZE(cards); i++)
		if (strcmp(p->sound, cards[i][0]) == 0)
			card = cards[i][1];
	/* A codec needs its controller. */
	if (strcmp(p->sound, "hda") == 0) {
		add(w, "-device");
		add(w, "intel-hda");
	}
	add(w, "-device");
	add(w, "%s,audiodev=sound", card);
}

static void
add_extra(struct words *w, const struct dm_plan *p)
{
	AUTO_FREE char *lines = p->extra == NULL ? NULL : strdup(p->extra);
	char *save = NULL;

	w->bad |= p->extra != NULL && lines == NULL;
	for (char *l = lines == NULL ? NULL : strtok_r(lines, "\n", &save);
	     l != NULL; l = strtok_r(NULL, "\n", &save))
		add(w, "%s", l);
}

static void
add_json(struct words *w, struct xu_val *v)
{
	struct xu_buf b = XU_BUF_INIT;

	w->bad |= !xu_val_ok(v) || xu_val_to_json(v, false, &b) < 0;
	xu_val_free(v);
	take(w, xu_buf_steal(&b));
}

/* Of those that the board does not have: with the first of their disks. */
static void
add_controller(struct words *w, const struct dm_plan *p, enum dm_bus bus)
{
	for (unsigned i = 0; i < DM_DISKS; i++)
		if (p->disks[i].there && dm_bus_of(i) == bus) {
			add(w, "-device");
			add(w, bus == DM_AHCI ? "ahci,id=ahci0" :
						"lsi53c895a,id=scsi0");
			return;
		}
}

/* The same files that the guest's PV disks are: firmware and systems without PV
 * drivers read them here, and PV drivers unplug these before they use theirs. */
static void
add_disk(struct words *w, const struct dm_disk *d, unsigned place)
{
	const char *kind = d->cd ? "cd" : "hd";
	char medium[32] = "";

	if (!d->there)
		return;
	if (d->fd >= 0) {
		add(w, "-add-fd");
		add(w, "fd=%d,set=%u", d->fd, place);
		add(w, "-blockdev");
		add_json(w, dm_medium(d, place));
		snprintf(medium, sizeof(medium), ",drive=" DM_MEDIUM, place);
	}
	add(w, "-device");
	switch (dm_bus_of(place)) {
	case DM_IDE:
		add(w, "ide-%s,id=" DM_DRIVE ",bus=ide.%u,unit=%u%s", kind,
		    place, place / 2, place % 2, medium);
		break;
	case DM_AHCI:
		add(w, "ide-%s,id=" DM_DRIVE ",bus=ahci0.%u,unit=0%s", kind,
		    place, place - DM_FIRST_AHCI, medium);
		break;
	case DM_SCSI:
		add(w, "scsi-%s,id=" DM_DRIVE ",bus=scsi0.0,scsi-id=%u%s",
		    kind, place, place - DM_FIRST_SCSI, medium);
		break;
	}
}

/* Without an option ROM: QEMU sees no files, so nothing boots from them. */
static void
add_nic(struct words *w, const struct dm_nic *n)
{
	add(w, "-netdev");
	add(w, "tap,id=net%u,fd=%d,vhost=off", n->number, n->fd);
	add(w, "-device");
	add(w, "%s,id=nic%u,netdev=net%u,mac=%s,romfile=", n->model, n->number,
	    n->number, n->mac);
}

static void
add_kernel(struct words *w, const struct dm_plan *p)
{
	if (p->fds.kernel < 0)
		return;
	add(w, "-kernel");
	add(w, "/proc/self/fd/%d", p->fds.kernel);
	if (p->fds.ramdisk >= 0) {
		add(w, "-initrd");
		add(w, "/proc/self/fd/%d", p->fds.ramdisk);
	}
	add(w, "-append");
	add(w, "%s", p->args);
}

/* Each takes the next slot of the bus. The order is xl's, so that the state of one's
 * device model is that of the other's. */
static void
add_cards(struct words *w, const struct dm_plan *p)
{
	add_controller(w, p, DM_SCSI);
	add_card(w, p);
	add_sound(w, p);
	for (unsigned i = 0; i < p->nnics; i++)
		add_nic(w, &p->nics[i]);
	add_controller(w, p, DM_AHCI);
}

static char **
finished(struct words *w)
{
	if (!w->bad)
		return w->v;
	dm_args_free(w->v);
	return NULL;
}

char **
dm_args(const struct dm_plan *p)
{
	struct words w = { .v = NULL };

	add(&w, "%s", p->program);
	add_confinement(&w, p);
	add_name(&w, p->name, p->fds.qmp);
	add_machine(&w, p);
	if (p->serial != NULL) {
		add(&w, "-chardev");
		add_value(&w, "pipe,id=serial0,path=", p->serial);
		add(&w, "-serial");
		add(&w, "chardev:serial0");
	}
	add_cards(&w, p);
	for (unsigned i = 0; i < DM_DISKS; i++)
		add_disk(&w, &p->disks[i], i);
	add_screen(&w, &p->vnc, p->sound != NULL);
	add_kernel(&w, p);
	if (p->fds.state >= 0) {
		add(&w, "-incoming");
		add(&w, "fd:%d", p->fds.state);
	}
	add_extra(&w, p);
	return finished(&w);
}

/* No devices: its machine is a name for what xen-attach means. */
char **
qdisk_args(const struct qdisk_plan *p)
{
	static const char *const fixed[] = { "-xen-attach", "-machine", "xenpv",
		NULL };
	struct words w = { .v = NULL };

	add(&w, "%s", p->program);
	add_walls(&w, p->domid, p->uid, p->root);
	add_name(&w, p->name, p->qmp);
	add_all(&w, fixed);
	add_screen(&w, &p->vnc, false);
	for (unsigned i = 0; i < p->n; i++) {
		add(&w, "-add-fd");
		add(&w, "fd=%d,set=%u", p->disks[i].fd, p->disks[i].set);
	}
	return finished(&w);
}

void
dm_args_free(char **args)
{
	for (char **a = args; a != NULL && *a != NULL; a++)
		free(*a);
	free(args);
}
