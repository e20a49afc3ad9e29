/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See xu_vdev.h. */
#include "config.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "xu_auto.h"
#include "xu_num.h"
#include "xu_vdev.h"

/* Majors and bits of vbd-interface. */
#define MAJOR_XVD  202u
#define MAJOR_SD   8u
#define MAJOR_HD0  3u
#define MAJOR_HD1  22u
#define EXTENDED   (1u << 28)
#define DISKS_MAX  (1u << 20)
#define PARTS_MAX  255u

static int
bad(struct xu_err *e, const char *name, const char *why)
{
	xu_err_set(e, "VALUE_NOT_SUPPORTED", 0, "disk name '%.60s': %s", name,
	    why);
	xu_err_param(e, "device");
	xu_err_param(e, "%.60s", name);
	xu_err_param(e, "%s", why);
	return -1;
}

static uint32_t
xvd_number(uint32_t disk, uint32_t part)
{
	if (disk < 16 && part < 16)
		return MAJOR_XVD << 8 | disk << 4 | part;
	return EXTENDED | disk << 8 | part;
}

/* "a" 0, "z" 25, "aa" 26, ... False: none, or too many. */
static bool
letters(const char **s, uint32_t *out)
{
	const char *p = *s;
	uint32_t n = 0;

	for (; *p >= 'a' && *p <= 'z'; p++) {
		n = n * 26 + (uint32_t)(*p - 'a') + 1;
		if (n > DISKS_MAX)
			return false;
	}
	if (p == *s)
		return false;
	*out = n - 1;
	*s = p;
	return true;
}

static bool
digits(const char **s, uint32_t max, uint32_t *out)
{
	const char *p = *s;
	uint32_t n = 0;

	for (; isdigit((unsigned char)*p); p++) {
		n = n * 10 + (uint32_t)(*p - '0');
		if (n > max)
			return false;
	}
	if (p == *s)
		return false;
	*out = n;
	*s = p;
	return true;
}

/* hda is the first disk of the first of two controllers. */
static int
number_of(struct xu_vdev *v, const char *name, struct xu_err *e)
{
	switch (v->kind) {
	case 'h':
		if (v->disk > 3 || v->partition > 63)
			return bad(e, name, "IDE disks are hda to hdd with "
			    "partitions to 63; use xvd and a letter");
		v->number = (v->disk < 2 ? MAJOR_HD0 : MAJOR_HD1) << 8 |
		    (v->disk & 1) << 6 | v->partition;
		return 0;
	case 's':
		if (v->disk > 15 || v->partition > 15)
			return bad(e, name, "SCSI disks are sda to sdp with "
			    "partitions to 15; use xvd and a letter");
		v->number = MAJOR_SD << 8 | v->disk << 4 | v->partition;
		return 0;
	default:
		v->number = xvd_number(v->disk, v->partition);
		return 0;
	}
}

static int
parse_word(const char *word, const char *name, struct xu_vdev *v,
    struct xu_err *e)
{
	static const char unknown[] = "disks are called xvda, hda, sda, d0p1 "
				      "or have a number";
	const char *s = word;
	uint64_t n;

	if (xu_num_u64(s, 0, UINT32_MAX >> 1, &n)) {
		v->kind = '?';
		v->number = (uint32_t)n;
		return 0;
	}
	if (s[0] == 'd' && isdigit((unsigned char)s[1])) {
		v->kind = 'x';
		s++;
		if (!digits(&s, DISKS_MAX - 1, &v->disk))
			return bad(e, name, "there is no such disk");
		if (*s == 'p' && s[1] != '\0')
			s++;
	} else {
		v->kind = s[0] == 'x' ? 'x' : s[0];
		s += strncmp(s, "xvd", 3) == 0 ? 3 :
		    strncmp(s, "hd", 2) == 0 || strncmp(s, "sd", 2) == 0 ? 2 : 0;
		if (s == word || !letters(&s, &v->disk))
			return bad(e, name, unknown);
	}
	if (*s != '\0' && !digits(&s, PARTS_MAX, &v->partition))
		return bad(e, name, isdigit((unsigned char)*s) ?
			"partitions go to 255" : unknown);
	if (*s != '\0')
		return bad(e, name, unknown);
	return number_of(v, name, e);
}

int
xu_vdev_parse(const char *name, struct xu_vdev *out, struct xu_err *e)
{
	const char *s = name, *colon;
	char word[32];
	size_t n;

	memset(out, 0, sizeof(*out));
	if (strncmp(s, "/dev/", 5) == 0)
		s += 5;
	colon = strchr(s, ':');
	n = colon != NULL ? (size_t)(colon - s) : strlen(s);
	if (colon != NULL && strcmp(colon, ":cdrom") != 0 &&
	    strcmp(colon, ":disk") != 0)
		return bad(e, name, "only :cdrom or :disk may follow the name");
	if (n == 0 || n >= sizeof(word))
		return bad(e, name, "disks are called xvda, hda, sda, d0p1 or "
				    "have a number");
	memcpy(word, s, n);
	word[n] = '\0';
	return parse_word(word, name, out, e);
}

static size_t
put_letters(uint32_t disk, char *out, size_t room)
{
	char text[8];
	size_t n = sizeof(text);

	text[--n] = '\0';
	for (disk++; disk > 0 && n > 0; disk = (disk - 1) / 26)
		text[--n] = (char)('a' + (disk - 1) % 26);
	return (size_t)snprintf(out, room, "%s", text + n);
}

void
xu_vdev_name(uint32_t number, char *out, size_t room)
{
	uint32_t major = number >> 8, minor = number & 0xff, disk, part;
	const char *kind = "xvd";
	size_t n;

	if ((number & EXTENDED) != 0) {
		disk = (number & ~EXTENDED) >> 8;
		part = minor;
	} else if (major == MAJOR_XVD || major == MAJOR_SD) {
		kind = major == MAJOR_SD ? "sd" : kind;
		disk = minor >> 4;
		part = minor & 15;
	} else if (major == MAJOR_HD0 || major == MAJOR_HD1) {
		kind = "hd";
		disk = (major == MAJOR_HD1 ? 2 : 0) + (minor >> 6);
		part = minor & 63;
	} else {
		snprintf(out, room, "%u", number);
		return;
	}
	n = (size_t)snprintf(out, room, "%s", kind);
	if (n < room)
		n += put_letters(disk, out + n, room - n);
	if (part != 0 && n < room)
		snprintf(out + n, room - n, "%u", part);
}

/* ---- what is behind it -------------------------------------------------------- */

#define QEMU_FORMAT                                                            \
	"images of that format are not used here: convert the image "           \
	"(qemu-img convert -O raw)"
#define SCRIPT                                                                 \
	"it is brought by a script: script=block-..., and the target without "  \
	"this prefix"

const char *
xu_disk_type_word(enum xu_disk_type type)
{
	return type == XU_DISK_QCOW2 ? "qcow2" :
	    type == XU_DISK_VHD	     ? "vhd" :
				       "";
}

void
xu_disk_target(const char *text, struct xu_disk_target *out)
{
	static const struct {
		const char *prefix, *reason;
		enum xu_disk_type type;
		const char *script;
	} rows[] = {
		{ "phy:", NULL, XU_DISK_RAW, NULL },
		{ "file:", NULL, XU_DISK_RAW, NULL },
		{ "raw:", NULL, XU_DISK_RAW, NULL },
		{ "aio:", NULL, XU_DISK_RAW, NULL },
		{ "tap:", NULL, XU_DISK_RAW, NULL },
		{ "tap2:", NULL, XU_DISK_RAW, NULL },
		{ "tapdisk:", NULL, XU_DISK_RAW, NULL },
		{ "vhd:", NULL, XU_DISK_VHD, NULL },
		{ "qcow2:", NULL, XU_DISK_QCOW2, NULL },
		{ "qcow:", QEMU_FORMAT, XU_DISK_OTHER, NULL },
		{ "qed:", QEMU_FORMAT, XU_DISK_OTHER, NULL },
		{ "vmdk:", QEMU_FORMAT, XU_DISK_OTHER, NULL },
		{ "ram:", QEMU_FORMAT, XU_DISK_OTHER, NULL },
		{ "nbd:", SCRIPT, XU_DISK_OTHER, "block-nbd" },
		{ "iscsi:", SCRIPT, XU_DISK_OTHER, "block-iscsi" },
		{ "drbd:", SCRIPT, XU_DISK_OTHER, "block-drbd" },
		{ "enbd:", SCRIPT, XU_DISK_OTHER, "block-enbd" },
	};
	bool again = true;
	size_t n;

	memset(out, 0, sizeof(*out));
	out->path = text;
	while (again && out->path[0] != '/') {
		again = false;
		for (size_t i = 0; i < XU_ARRAY_SIZE(rows) && !again; i++) {
			n = strlen(rows[i].prefix);
			if (strncmp(out->path, rows[i].prefix, n) != 0)
				continue;
			out->below_dev = i == 0;
			out->path += n;
			out->reason = rows[i].reason;
			out->script = rows[i].script;
			if (rows[i].type != XU_DISK_RAW)
				out->type = rows[i].type;
			again = out->reason == NULL;
		}
	}
	out->below_dev = out->below_dev && out->path[0] != '/' &&
	    out->path[0] != '\0';
}

void
xu_vdev_of_index(uint32_t index, char *out, size_t room)
{
	xu_vdev_name(xvd_number(index, 0), out, room);
}

void
xu_vdev_user(const char *name, char *out, size_t room)
{
	struct xu_vdev v;

	if (xu_vdev_parse(name, &v, NULL) == 0 && v.kind == 'x' &&
	    v.partition == 0)
		snprintf(out, room, "%u", v.disk);
	else
		snprintf(out, room, "%s", name);
}
