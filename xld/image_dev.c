/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Disks and network interfaces of an image's configuration; see image_xl.h. What a
 * new entry has is in vbd.h and vif.h. */
#include "config.h"

#include <limits.h>
#include <string.h>

#include "image_xl.h"
#include "vbd.h"
#include "vif.h"
#include "xu_nic.h"
#include "xu_num.h"

/* ---- ours to libxl's ---------------------------------------------------------------- */

/* libxl's words for what our locations begin with. */
static const struct {
	enum xu_disk_type type;
	const char *word, *prefix;
} formats[] = {
	{ XU_DISK_RAW, "raw", "" },
	{ XU_DISK_QCOW2, "qcow2", "qcow2:" },
	{ XU_DISK_VHD, "vhd", "vhd:" },
};

static struct xu_val *
disk(const struct xu_val *entry)
{
	const char *location = xu_val_get_str(entry, "location", "");
	bool cd = strcmp(xu_val_get_str(entry, "type", ""), "CD") == 0;
	bool ro = cd || strcmp(xu_val_get_str(entry, "mode", ""), "RO") == 0;
	struct xu_val *v = xu_struct();
	char path[PATH_MAX] = "";
	struct xu_disk_target t;

	xu_disk_target(location, &t);
	vbd_path(location, path, sizeof(path), NULL);
	if (path[0] != '\0')
		xu_val_set(v, "pdev_path", xu_str(path));
	xu_val_set(v, "vdev", xu_str(xu_val_get_str(entry, "device", "")));
	if (path[0] == '\0')
		xu_val_set(v, "format", xu_str("empty"));
	for (size_t i = 0; path[0] != '\0' && i < XU_ARRAY_SIZE(formats); i++)
		if (formats[i].type == t.type)
			xu_val_set(v, "format", xu_str(formats[i].word));
	xu_val_set(v, "readwrite", xu_int(!ro));
	xu_val_set(v, "removable", xu_int(cd));
	xu_val_set(v, "is_cdrom", xu_int(cd));
	return v;
}

/* Texts that both have. */
static const struct {
	const char *ours, *theirs;
} nic_words[] = {
	{ "MAC", "mac" },
	{ "bridge", "bridge" },
	{ "ip", "ip" },
	{ "vifname", "ifname" },
	{ "model", "model" },
	{ "script", "script" },
	{ "gatewaydev", "gatewaydev" },
};

static struct xu_val *
nic(const struct xu_val *entry, bool hvm)
{
	struct xu_val *v = xu_struct();
	int64_t mtu = xu_val_get_int(entry, "MTU", 0);
	uint64_t number = 0;
	struct xu_rate rate;

	xu_num_u64(xu_val_get_str(entry, "device", ""), 10, 255, &number);
	xu_val_set(v, "devid", xu_int((int64_t)number));
	for (size_t i = 0; i < XU_ARRAY_SIZE(nic_words); i++)
		image_text(v, nic_words[i].theirs, entry, nic_words[i].ours);
	xu_val_set(v, "nictype", xu_str(hvm && strcmp(xu_val_get_str(entry,
	    "kind", ""), "ioemu") == 0 ? "vif_ioemu" : "vif"));
	if (mtu > 0)
		xu_val_set(v, "mtu", xu_int(mtu));
	if (xu_rate_parse(xu_val_get_str(entry, "rate", ""), &rate) == NULL) {
		xu_val_set(v, "rate_bytes_per_interval",
		    xu_int((int64_t)rate.bytes));
		xu_val_set(v, "rate_interval_usecs", xu_int(rate.usecs));
	}
	return v;
}

void
image_put_devices(struct xu_val *to, const struct xu_val *config)
{
	const struct xu_val *vbds = xu_val_get(config, vbd_class.list);
	const struct xu_val *vifs = xu_val_get(config, vif_class.list);
	struct xu_val *disks = xu_array(), *nics = xu_array();
	bool hvm = config_type(config) == TYPE_HVM;

	for (size_t i = 0; i < xu_val_count(vbds); i++)
		xu_val_add(disks, disk(xu_val_at(vbds, i)));
	for (size_t i = 0; i < xu_val_count(vifs); i++)
		xu_val_add(nics, nic(xu_val_at(vifs, i), hvm));
	xu_val_set(to, "disks", disks);
	xu_val_set(to, "nics", nics);
}

/* ---- libxl's to ours ---------------------------------------------------------------- */

static int
refuse(struct xu_err *e, const char *what, const char *name,
    const char *reason)
{
	xu_err_set(e, "XLD_IMAGE", 0, "the image's configuration: %s '%s': %s",
	    what, name, reason);
	xu_err_param(e, "configuration");
	xu_err_param(e, "%s %s", what, name);
	return -1;
}

static bool
of_other_domain(const struct xu_val *v)
{
	return xu_val_get_int(v, "backend_domid", 0) != 0 ||
	    xu_val_get_str(v, "backend_domname", "")[0] != '\0';
}

/* What every entry of ours has. */
static struct xu_val *
new_entry(void)
{
	struct xu_val *v = xu_struct();
	char uuid[UUID_TEXT];

	uuid_random(uuid);
	xu_val_set(v, "uuid", xu_str(uuid));
	xu_val_set(v, "plug", xu_str(""));
	xu_val_set(v, "other_config", xu_struct());
	return v;
}

/* "file:/x", "qcow2:/x", "": as a disk's location; false: we do not know the
 * format. */
static bool
location_of(const struct xu_val *from, char *out, size_t room)
{
	const char *format = xu_val_get_str(from, "format", "raw");
	const char *path = xu_val_get_str(from, "pdev_path", "");

	out[0] = '\0';
	if (strcmp(format, "empty") == 0 || path[0] == '\0')
		return true;
	for (size_t i = 0; i < XU_ARRAY_SIZE(formats); i++)
		if (strcmp(format, formats[i].word) == 0)
			return (size_t)snprintf(out, room, "%s%s",
			    formats[i].type != XU_DISK_RAW ? formats[i].prefix :
			    strncmp(path, "/dev/", 5) == 0 ? "phy:" : "file:",
			    path) < room;
	return false;
}

static struct xu_val *
vbd(const struct xu_val *from, struct xu_err *e)
{
	const char *vdev = xu_val_get_str(from, "vdev", "");
	bool cd = xu_val_get_int(from, "is_cdrom", 0) != 0;
	char location[PATH_MAX + 8], own[UUID_TEXT] = "";
	struct xu_val *v;

	if (of_other_domain(from) ||
	    xu_val_get_str(from, "script", "")[0] != '\0') {
		refuse(e, "disk", vdev, "its backend is not domain 0's own, and "
		    "has no place here");
		return NULL;
	}
	if (!location_of(from, location, sizeof(location))) {
		refuse(e, "disk", vdev, "its format is not known here");
		return NULL;
	}
	v = new_entry();
	if (location[0] != '\0')
		uuid_derive(xu_val_get_str(v, "uuid", ""), location, own);
	xu_val_set(v, "VDI", xu_str(own));
	xu_val_set(v, "device", xu_str(vdev));
	xu_val_set(v, "location", xu_str(location));
	xu_val_set(v, "type", xu_str(cd ? "CD" : "Disk"));
	xu_val_set(v, "mode", xu_str(cd ||
	    xu_val_get_int(from, "readwrite", 0) == 0 ? "RO" : "RW"));
	xu_val_set(v, "bootable", xu_bool(false));
	xu_val_set(v, "sharable", xu_bool(false));
	xu_val_set(v, "unpluggable",
	    xu_bool(xu_val_get_int(from, "removable", 0) != 0));
	return v;
}

static struct xu_val *
vif(const struct xu_val *from, struct xu_err *e)
{
	char name[16];
	int64_t bytes = xu_val_get_int(from, "rate_bytes_per_interval", 0);
	int64_t usecs = xu_val_get_int(from, "rate_interval_usecs", 0);
	struct xu_val *v;

	snprintf(name, sizeof(name), "%lld",
	    (long long)xu_val_get_int(from, "devid", 0));
	if (of_other_domain(from)) {
		refuse(e, "network interface", name, "its backend is not "
		    "domain 0's own, and has no place here");
		return NULL;
	}
	v = new_entry();
	xu_val_set(v, "device", xu_str(name));
	for (size_t i = 0; i < XU_ARRAY_SIZE(nic_words); i++)
		xu_val_set(v, nic_words[i].ours,
		    xu_str(xu_val_get_str(from, nic_words[i].theirs, "")));
	xu_val_set(v, "kind", xu_str(strcmp(xu_val_get_str(from, "nictype", ""),
	    "vif_ioemu") == 0 ? "ioemu" : "vif"));
	xu_val_set(v, "MTU", xu_int(0));
	xu_val_set(v, "trusted", xu_bool(true));
	/* Bytes of one period as bytes of a second. */
	xu_val_set(v, "rate", bytes <= 0 || usecs <= 0 ||
	    bytes > INT64_MAX / 1000000 ? xu_str("") :
	    xu_strf("%lldB/s@%lldus", (long long)(bytes * 1000000 / usecs),
		(long long)usecs));
	return v;
}

static int
take(struct xu_val *args, const char *list, const struct xu_val *from,
    struct xu_val *(*one)(const struct xu_val *from, struct xu_err *e),
    struct xu_err *e)
{
	struct xu_val *all = xu_array(), *v;

	for (size_t i = 0; i < xu_val_count(from); i++) {
		v = one(xu_val_at(from, i), e);
		if (v == NULL) {
			xu_val_free(all);
			return -1;
		}
		xu_val_add(all, v);
	}
	xu_val_set(args, list, all);
	return 0;
}

int
image_take_devices(struct xu_val *args, const struct xu_val *config,
    struct xu_err *e)
{
	return take(args, vbd_class.list, xu_val_get(config, "disks"), vbd, e) <
	    0 ? -1 : take(args, vif_class.list, xu_val_get(config, "nics"),
	    vif, e);
}
