/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Emulated disks: where one of a name goes, what a device model is told of its
 * medium, and which images it may get. A medium is a descriptor, its format is
 * said and never probed, and an image stands for itself: the file that a header
 * names, whoever wrote that, is not opened (dm_image_fault tells of it before
 * there is a device model, which opens files while it still may).
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dm.h"
#include "qcow2.h"

bool
dm_has_ahci(const struct xu_val *config)
{
	const struct xu_val *platform = xu_val_get(config, "platform");

	return strcmp(xu_val_get_str(platform, "hdtype", "ide"), "ahci") == 0;
}

int
dm_place(const char *device, bool cd, bool ahci)
{
	static const struct {
		unsigned first, n;
	} buses[] = {
		[DM_IDE] = { DM_FIRST_IDE, DM_FIRST_AHCI - DM_FIRST_IDE },
		[DM_AHCI] = { DM_FIRST_AHCI, DM_FIRST_SCSI - DM_FIRST_AHCI },
		[DM_SCSI] = { DM_FIRST_SCSI, DM_DISKS - DM_FIRST_SCSI },
	};
	enum dm_bus bus = ahci && !cd ? DM_AHCI : DM_IDE;
	struct xu_vdev v;
	char name[32];

	if (xu_vdev_parse(device, &v, NULL) < 0)
		return -1;
	if (v.kind == '?') {
		xu_vdev_name(v.number, name, sizeof(name));
		if (xu_vdev_parse(name, &v, NULL) < 0)
			return -1;
	}
	if (v.kind == 's')
		bus = DM_SCSI;
	if (v.kind == '?' || v.partition != 0 || v.disk >= buses[bus].n)
		return -1;
	return (int)(buses[bus].first + v.disk);
}

enum dm_bus
dm_bus_of(unsigned place)
{
	return place < DM_FIRST_AHCI ? DM_IDE :
	    place < DM_FIRST_SCSI    ? DM_AHCI :
				       DM_SCSI;
}

/* No locks: the guest's PV disk may be the same file. */
struct xu_val *
dm_medium(const struct dm_disk *d, unsigned place)
{
	static const char *const drivers[] = {
		[XU_DISK_RAW] = "raw",
		[XU_DISK_QCOW2] = "qcow2",
		[XU_DISK_VHD] = "vpc",
	};
	struct xu_val *v = xu_struct(), *file = xu_struct();

	xu_val_set(file, "driver", xu_str(d->block ? "host_device" : "file"));
	xu_val_set(file, "filename", xu_strf("/dev/fdset/%u", place));
	xu_val_set(file, "locking", xu_str("off"));
	xu_val_set(v, "node-name", xu_strf(DM_MEDIUM, place));
	xu_val_set(v, "driver", xu_str(drivers[d->format]));
	xu_val_set(v, "read-only", xu_bool(d->readonly));
	if (d->format == XU_DISK_QCOW2)
		xu_val_set(v, "backing", xu_void());
	xu_val_set(v, "file", file);
	return v;
}

/* ---- images ------------------------------------------------------------------- */

/* Of a number with its highest byte first. */
static uint64_t
big_endian(const uint8_t *at, size_t n)
{
	uint64_t v = 0;

	while (n-- > 0)
		v = v << 8 | *at++;
	return v;
}

static const char *
qcow2_fault(int fd)
{
	struct qcow2 q;

	if (qcow2_read(fd, &q) < 0)
		return "it is no qcow2 image";
	if (q.has_backing)
		return "it has a backing file, which a device model may not "
		       "open: make it whole (qemu-img rebase -b \"\")";
	if (q.has_data_file)
		return "its data are in another file, which a device model may "
		       "not open: make it whole (qemu-img convert -O qcow2)";
	return NULL;
}

/* Microsoft's specification: a footer of 512 bytes, which ends with the file,
 * says at 60 what kind it is: 2 fixed, 3 dynamic, 4 with a parent. */
static const char *
vhd_fault(int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);
	uint8_t f[512];

	if (size < (off_t)sizeof(f) ||
	    pread(fd, f, sizeof(f), size - (off_t)sizeof(f)) !=
		(ssize_t)sizeof(f) ||
	    memcmp(f, "conectix", 8) != 0)
		return "it is no vhd image";
	if (big_endian(f + 60, 4) == 4)
		return "it has a parent, which a device model may not open: "
		       "make it whole (merge it)";
	return big_endian(f + 60, 4) == 2 || big_endian(f + 60, 4) == 3 ?
	    NULL : "it is a vhd image of an unknown kind";
}

const char *
dm_image_fault(int fd, enum xu_disk_type format)
{
	switch (format) {
	case XU_DISK_RAW:
		return NULL;
	case XU_DISK_QCOW2:
		return qcow2_fault(fd);
	case XU_DISK_VHD:
		return vhd_fault(fd);
	case XU_DISK_OTHER:
		break;
	}
	return "device models are not given images of that format";
}
