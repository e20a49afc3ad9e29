/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What people write for a disk: names, targets, whole disks. */
#include "config.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cfg_disk.h"
#include "xu_auto.h"
#include "xu_vdev.h"

/* --- names ------------------------------------------------------------------ */

/* Numbers: docs/misc/vbd-interface of Xen, and what xl gives these names. */
static const struct {
	const char *name;
	uint32_t number;
	/* How it is spelt back; NULL: as name. */
	const char *back;
} names[] = {
	{ "xvda", 51712, NULL },
	{ "xvda1", 51713, NULL },
	{ "xvda15", 51727, NULL },
	{ "xvda16", 1 << 28 | 16, NULL },
	{ "xvdb", 51728, NULL },
	{ "xvdp15", 51967, NULL },
	{ "xvdq", 1 << 28 | 16 << 8, NULL },
	{ "xvdz", 1 << 28 | 25 << 8, NULL },
	{ "xvdaa", 1 << 28 | 26 << 8, NULL },
	{ "xvdaa255", 1 << 28 | 26 << 8 | 255, NULL },
	{ "xvdzz", 1 << 28 | 701 << 8, NULL },
	{ "d0", 51712, "xvda" },
	{ "d0p1", 51713, "xvda1" },
	{ "d16p200", 1 << 28 | 16 << 8 | 200, "xvdq200" },
	{ "hda", 768, NULL },
	{ "hda1", 769, NULL },
	{ "hdb", 832, NULL },
	{ "hdc", 5632, NULL },
	{ "hdd63", 5759, NULL },
	{ "sda", 2048, NULL },
	{ "sda1", 2049, NULL },
	{ "sdp15", 2303, NULL },
	{ "51712", 51712, "xvda" },
	{ "0xca00", 51712, "xvda" },
	{ "17", 17, "17" },
	{ "/dev/xvda", 51712, "xvda" },
	{ "hdc:cdrom", 5632, "hdc" },
	{ "/dev/sda1:disk", 2049, "sda1" },
};

START_TEST(a_name)
{
	struct xu_err e = XU_ERR_INIT;
	struct xu_vdev v;
	char back[32];

	ck_assert_msg(xu_vdev_parse(names[_i].name, &v, &e) == 0, "%s", e.msg);
	ck_assert_uint_eq(v.number, names[_i].number);
	xu_vdev_name(v.number, back, sizeof(back));
	ck_assert_str_eq(back,
	    names[_i].back != NULL ? names[_i].back : names[_i].name);
}
END_TEST

static const char *const no_names[] = { "", "xvd", "xvd1", "xvda256",
	"xvdaaaaaa", "hde", "hda64", "sdq", "sda16", "vda", "d", "d1p256", "d1x",
	"d1048576", "xvda1x", "4294967296", "-1", "hda:floppy", ":cdrom",
	"/dev/", "XVDA", "xvda 1",
	"xvdaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" };

START_TEST(no_name)
{
	struct xu_err e = XU_ERR_INIT;
	struct xu_vdev v;

	ck_assert_int_eq(xu_vdev_parse(no_names[_i], &v, &e), -1);
	ck_assert_str_eq(e.code, "VALUE_NOT_SUPPORTED");
	ck_assert_int_eq(e.nparams, 3);
}
END_TEST

/* Every disk and partition has a number of its own, and comes back. */
START_TEST(all_names)
{
	struct xu_vdev v;
	char name[32], back[32];

	for (uint32_t disk = 0; disk < 800; disk++)
		for (uint32_t part = 0; part < 256; part += 5) {
			snprintf(name, sizeof(name), "d%up%u", disk, part);
			ck_assert_int_eq(xu_vdev_parse(name, &v, NULL), 0);
			ck_assert_uint_eq(v.disk, disk);
			ck_assert_uint_eq(v.partition, part);
			xu_vdev_name(v.number, back, sizeof(back));
			ck_assert_int_eq(xu_vdev_parse(back, &v, NULL), 0);
			ck_assert_uint_eq(v.disk, disk);
			ck_assert_uint_eq(v.partition, part);
		}
}
END_TEST

/* --- disks -------------------------------------------------------------------- */

/* The flags: r read-only, ! shared, c CD, m removable. */
static const struct {
	const char *text, *location, *vdev, *flags;
} disks[] = {
	/* xm */
	{ "phy:/dev/vg/web,xvda,w", "phy:/dev/vg/web", "xvda", "" },
	{ "phy:vg/web,xvda1,r", "phy:/dev/vg/web", "xvda1", "r" },
	{ "phy:sda7,hda1,w!", "phy:/dev/sda7", "hda1", "!" },
	{ "file:/srv/x.img,xvda,w", "file:/srv/x.img", "xvda", "" },
	{ "file:x.img,51712,w", "file:/cwd/x.img", "51712", "" },
	{ "file:/srv/x.iso,hdc:cdrom,r", "file:/srv/x.iso", "hdc", "rc" },
	{ "phy:,hdc:cdrom,r", "", "hdc", "rc" },
	{ ",hdc:cdrom,r,", "", "hdc", "rc" },
	{ "tap:aio:/srv/x.img,/dev/xvda,w,0", "file:/srv/x.img", "xvda", "" },
	{ "tap2:tapdisk:aio:/srv/x.img,xvda,w", "file:/srv/x.img", "xvda", "" },
	{ "phy:/dev/x,d0p1,w", "phy:/dev/x", "d0p1", "" },
	/* xl */
	{ "/dev/vg/web,raw,xvda,rw", "phy:/dev/vg/web", "xvda", "" },
	{ "/dev/vg/web,,xvda", "phy:/dev/vg/web", "xvda", "" },
	{ "/srv/x.img,raw,hda,ro", "file:/srv/x.img", "hda", "r" },
	{ "/srv/x.iso,raw,hdc,r,cdrom", "file:/srv/x.iso", "hdc", "rc" },
	{ "/srv/x.iso, raw, hdc, devtype=cdrom", "file:/srv/x.iso", "hdc",
	    "rc" },
	{ "format=raw, vdev=xvda, access=rw, target=/srv/a,b.img",
	    "file:/srv/a,b.img", "xvda", "" },
	{ "vdev=xvda,target=/dev/x=y", "phy:/dev/x=y", "xvda", "" },
	{ "vdev=hdc,cdrom,format=empty", "", "hdc", "rc" },
	{ ",,hdc,,cdrom", "", "hdc", "rc" },
	{ "/srv/x,raw,xvda,w,backendtype=phy,discard,removable",
	    "file:/srv/x", "xvda", "m" },
	{ "raw:/srv/x,xvda,w", "file:/srv/x", "xvda", "" },
	/* scripts: xl's key, xm's prefix */
	{ "vdev=xvda,script=block-drbd,target=res, 1", "res, 1", "xvda",
	    "s" },
	{ "iscsi:iqn.1992-01.com.example:x,xvda,w",
	    "iqn.1992-01.com.example:x", "xvda", "s" },
	{ "vdev=xvda,backendtype=qdisk,target=/srv/x", "file:/srv/x", "xvda",
	    "q" },
	/* images, by format and by prefix */
	{ "/srv/x,qcow2,hda,w", "qcow2:/srv/x", "hda", "" },
	{ "x,vhd,sda,r", "vhd:/cwd/x", "sda", "r" },
	{ "tap:qcow2:/srv/x,hda,w", "qcow2:/srv/x", "hda", "" },
	{ "vdev=hda,format=vhd,target=/dev/vg/x", "vhd:/dev/vg/x", "hda", "" },
	{ "/srv/x,raw,xvda,w!,script=block,specification=xen",
	    "file:/srv/x", "xvda", "!" },
};

START_TEST(a_disk)
{
	struct cfg_disk_problem p;
	struct cfg_disk d;
	AUTO_FREE char *location = NULL;
	char flags[8];

	ck_assert_msg(cfg_disk_parse(disks[_i].text, &d, &p) == 0, "%s",
	    p.text);
	location = cfg_disk_location(&d, "/cwd");
	ck_assert_str_eq(location, disks[_i].location);
	ck_assert_str_eq(d.vdev, disks[_i].vdev);
	snprintf(flags, sizeof(flags), "%s%s%s%s%s%s", d.readonly ? "r" : "",
	    d.sharable ? "!" : "", d.cdrom ? "c" : "", d.removable ? "m" : "",
	    d.qdisk ? "q" : "", d.script != NULL ? "s" : "");
	ck_assert_str_eq(flags, disks[_i].flags);
	cfg_disk_fini(&d);
}
END_TEST

static const struct {
	const char *text;
	size_t offset;
	const char *message;
} no_disks[] = {
	{ "", 0, "a disk without words; see xm.cfg(5)" },
	{ "/srv/x", 0,
	    "it has no name in the guest; add one, as in "
	    "\"phy:/dev/vg/web,xvda,w\" or \"vdev=xvda,target=/x\"" },
	{ "vdev=xvda", 0,
	    "it has no target, and only a CD drive may be empty" },
	{ "/srv/x,xvda,w", 7,
	    "'xvda' stands where the format does; write "
	    "\"TARGET,raw,xvda,w\" or \"phy:TARGET,xvda,w\"" },
	{ "/srv/x,qed,xvda,w", 7,
	    "images of format qed are not used here: convert the image "
	    "(qemu-img convert -O raw)" },
	{ "tap:vmdk:/srv/x,xvda,w", 0,
	    "'tap:vmdk:/srv/x': images of that format are not used here: convert "
	    "the image (qemu-img convert -O raw)" },
	{ "/srv/x,zip,xvda", 7, "'zip' is not a format; use raw, qcow2 or vhd" },
	{ "phy:/dev/x,vda,w", 11,
	    "disk name 'vda': disks are called xvda, hda, sda, d0p1 or have a "
	    "number" },
	{ "phy:/dev/x,xvda,x", 16,
	    "'x' is not a mode; use r (read), w (read and write) or w! (the "
	    "same, though others have the disk, too)" },
	{ "phy:/dev/x,xvda,w,domu", 18,
	    "backends in other domains (domu) are not there yet" },
	{ "phy:/dev/x,xvda,w,0,x86", 20, "'x86' is too much" },
	{ "vdev=xvda,acess=rw,target=/x", 10,
	    "'acess' is not a key of a disk, did you mean 'access'?" },
	{ "vdev=xvda,backendtype=tap,target=/x", 22,
	    "'backendtype' can be phy or qdisk; leave it out" },
	{ "vdev=xvda,devtype=floppy,target=/x", 18,
	    "'devtype' is cdrom or disk" },
	{ "vdev=xvda,removable=maybe,target=/x", 20,
	    "'maybe' is neither 0 nor 1" },
	{ "cdrom,vdev=hdc,format=empty,target=/x", 0,
	    "format=empty, and a target" },
};

START_TEST(no_disk)
{
	struct cfg_disk_problem p;
	struct cfg_disk d;

	ck_assert_int_eq(cfg_disk_parse(no_disks[_i].text, &d, &p), -1);
	ck_assert_str_eq(p.text, no_disks[_i].message);
	ck_assert_uint_eq(p.offset, no_disks[_i].offset);
	cfg_disk_fini(&d);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("disks");
	TCase *t = tcase_create("words");
	SRunner *r;
	int failed;

	tcase_add_loop_test(t, a_name, 0, XU_ARRAY_SIZE(names));
	tcase_add_loop_test(t, no_name, 0, XU_ARRAY_SIZE(no_names));
	tcase_add_test(t, all_names);
	tcase_add_loop_test(t, a_disk, 0, XU_ARRAY_SIZE(disks));
	tcase_add_loop_test(t, no_disk, 0, XU_ARRAY_SIZE(no_disks));
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
