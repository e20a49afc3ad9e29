/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Emulated disks: where they go, what a device model is told of them, and which
 * images it does not get. */
#include "config.h"

#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dm.h"
#include "vbd.h"

static char *
words_of_plan(const struct dm_plan *p)
{
	struct xu_buf b = XU_BUF_INIT;
	char **args = dm_args(p);

	ck_assert_ptr_nonnull(args);
	for (char **a = args; *a != NULL; a++)
		xu_buf_addf(&b, "%s|", *a);
	dm_args_free(args);
	return xu_buf_steal(&b);
}

#define PLAN                                                                   \
	.program = "/qemu", .name = "web", .boot = "c", .args = "",            \
	.acpi = true, .vga = DM_VGA_NONE,                                      \
	.root = "/empty", .fds = { 3, -1, -1, -1 }

#define MEDIUM(set, place, file, driver, readonly, more)                       \
	"-add-fd|fd=" set ",set=" place "|-blockdev|{\"node-name\":\"disk" place \
	"\",\"driver\":\"" driver "\",\"read-only\":" readonly more              \
	",\"file\":{\"driver\":\"" file "\",\"filename\":\"/dev/fdset/" place    \
	"\",\"locking\":\"off\"}}|-device|"

/* A disk of a file, one of a device, a CD and an empty drive, in their places. */
START_TEST(disks)
{
	const struct dm_plan p = { PLAN,
		.disks = { { true, false, false, false, 5, XU_DISK_RAW },
		    { true, true, true, false, -1, XU_DISK_RAW },
		    { true, true, true, false, 6, XU_DISK_RAW },
		    { true, false, false, true, 7, XU_DISK_RAW } } };
	AUTO_FREE char *text = words_of_plan(&p);

	ck_assert_msg(strstr(text, "|"
	    MEDIUM("5", "0", "file", "raw", "false", "")
	    "ide-hd,id=drive0,bus=ide.0,unit=0,drive=disk0|"
	    "-device|ide-cd,id=drive1,bus=ide.0,unit=1|"
	    MEDIUM("6", "2", "file", "raw", "true", "")
	    "ide-cd,id=drive2,bus=ide.1,unit=0,drive=disk2|"
	    MEDIUM("7", "3", "host_device", "raw", "false", "")
	    "ide-hd,id=drive3,bus=ide.1,unit=1,drive=disk3|") != NULL, "%s",
	    text);
	ck_assert_ptr_null(strstr(text, "scsi0"));
	ck_assert_ptr_null(strstr(text, "ahci0"));
}
END_TEST

/* Buses that the board does not have, and images, which open no other file. */
START_TEST(buses)
{
	const struct dm_plan p = { PLAN,
		.disks = { [5] = { true, false, false, false, 5, XU_DISK_QCOW2 },
		    [10] = { true, false, true, false, 6, XU_DISK_VHD },
		    [16] = { true, true, true, false, -1, XU_DISK_RAW } } };
	AUTO_FREE char *text = words_of_plan(&p);

	ck_assert_msg(strstr(text,
	    "|-device|lsi53c895a,id=scsi0|-device|ahci,id=ahci0|"
	    MEDIUM("5", "5", "file", "qcow2", "false", ",\"backing\":null")
	    "ide-hd,id=drive5,bus=ahci0.1,unit=0,drive=disk5|"
	    MEDIUM("6", "10", "file", "vpc", "true", "")
	    "scsi-hd,id=drive10,bus=scsi0.0,scsi-id=0,drive=disk10|"
	    "-device|scsi-cd,id=drive16,bus=scsi0.0,scsi-id=6|") != NULL, "%s",
	    text);
}
END_TEST

static const struct {
	const char *device;
	bool cd, ahci;
	int place;
} places[] = {
	{ "hda", false, false, 0 },
	{ "xvdd", false, false, 3 },
	{ "xvde", false, false, -1 },
	{ "hdc", true, true, 2 },
	{ "hdb", false, true, 5 },
	{ "xvdf", false, true, 9 },
	{ "xvdg", false, true, -1 },
	{ "sda", false, true, 10 },
	{ "sdg", true, false, 16 },
	{ "sdh", false, false, -1 },
	{ "sda1", false, false, -1 },
	{ "51728", false, false, 1 },
	{ "3", false, false, -1 },
};

START_TEST(place)
{
	ck_assert_int_eq(dm_place(places[_i].device, places[_i].cd,
	    places[_i].ahci), places[_i].place);
}
END_TEST

static const struct {
	enum xu_disk_type format;
	/* Bytes of a header (qcow2) or a footer (vhd): where, how many, what. */
	size_t at, n;
	uint8_t bytes[8];
	/* NULL: it is fine. */
	const char *fault;
} images[] = {
	{ XU_DISK_RAW, 0, 0, { 0 }, NULL },
	{ XU_DISK_QCOW2, 0, 0, { 0 }, NULL },
	{ XU_DISK_QCOW2, 7, 1, { 2 }, NULL },
	{ XU_DISK_QCOW2, 7, 1, { 4 }, "no qcow2 image" },
	{ XU_DISK_QCOW2, 0, 1, { 'q' }, "no qcow2 image" },
	{ XU_DISK_QCOW2, 23, 1, { 64 }, "no qcow2 image" },
	{ XU_DISK_QCOW2, 15, 1, { 1 }, "has a backing file" },
	{ XU_DISK_QCOW2, 8, 1, { 0x80 }, "has a backing file" },
	{ XU_DISK_QCOW2, 79, 1, { 4 }, "data are in another file" },
	{ XU_DISK_QCOW2, 79, 1, { 3 }, NULL },
	{ XU_DISK_VHD, 0, 0, { 0 }, NULL },
	{ XU_DISK_VHD, 63, 1, { 2 }, NULL },
	{ XU_DISK_VHD, 63, 1, { 4 }, "has a parent" },
	{ XU_DISK_VHD, 63, 1, { 1 }, "unknown kind" },
	{ XU_DISK_VHD, 7, 1, { 'y' }, "no vhd image" },
	{ XU_DISK_OTHER, 0, 0, { 0 }, "not given" },
};

START_TEST(image)
{
	bool vhd = images[_i].format == XU_DISK_VHD;
	uint8_t file[1024] = { 0 }, *part = file + (vhd ? 512 : 0);
	char path[] = "/tmp/image.XXXXXX";
	int fd = mkstemp(path);
	const char *fault;

	if (vhd) {
		memcpy(part, "conectix", 8);
		part[63] = 3;
	} else {
		memcpy(part, "QFI\xfb\0\0\0\3", 8);
		part[23] = 16;
	}
	memcpy(part + images[_i].at, images[_i].bytes, images[_i].n);
	ck_assert_int_eq(write(fd, file, sizeof(file)), sizeof(file));
	fault = dm_image_fault(fd, images[_i].format);
	if (images[_i].fault == NULL)
		ck_assert_msg(fault == NULL, "%s", fault);
	else
		ck_assert_msg(fault != NULL &&
		    strstr(fault, images[_i].fault) != NULL, "%s", fault);
	/* Shorter than any header. */
	ck_assert_int_eq(ftruncate(fd, 60), 0);
	ck_assert_int_eq(dm_image_fault(fd, images[_i].format) == NULL,
	    images[_i].format == XU_DISK_RAW);
	close(fd);
	unlink(path);
}
END_TEST

/* QEMU's locks, on three opens of one file: writers are alone, readers are many, and
 * a lock goes with the open file, whoever closes it last. */
START_TEST(locks)
{
	char path[] = "/tmp/lock.XXXXXX";
	int made = mkstemp(path), a = open(path, O_RDWR),
	    b = open(path, O_RDWR), c = open(path, O_RDONLY), heir;
	struct xu_err e = XU_ERR_INIT;

	ck_assert_int_ge(c, 0);
	ck_assert_int_eq(vbd_lock(a, false, path, &e), 0);
	ck_assert_int_eq(vbd_lock(b, false, path, &e), -1);
	ck_assert_str_eq(e.code, "VDI_IN_USE");
	xu_err_clear(&e);
	ck_assert_int_eq(vbd_lock(c, true, path, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.msg, "open for writing"));
	/* What a failed attempt had taken goes with its file. */
	close(b);
	close(c);
	heir = dup(a);
	close(a);
	b = open(path, O_RDONLY);
	ck_assert_int_eq(vbd_lock(b, true, path, NULL), -1);
	close(b);
	close(heir);
	b = open(path, O_RDONLY);
	c = open(path, O_RDONLY);
	a = open(path, O_RDWR);
	ck_assert_int_eq(vbd_lock(b, true, path, NULL), 0);
	ck_assert_int_eq(vbd_lock(c, true, path, NULL), 0);
	ck_assert_int_eq(vbd_lock(a, false, path, NULL), -1);
	for (int fd = made; fd <= heir; fd++)
		close(fd);
	unlink(path);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("emulated disks");
	TCase *t = tcase_create("disks");
	SRunner *r;
	int failed;

	tcase_add_test(t, disks);
	tcase_add_test(t, buses);
	tcase_add_loop_test(t, place, 0, XU_ARRAY_SIZE(places));
	tcase_add_test(t, locks);
	tcase_add_loop_test(t, image, 0, XU_ARRAY_SIZE(images));
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
