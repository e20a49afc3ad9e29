/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The configuration in an image: what we say in libxl's words is what we understand
 * of them, and what of another toolstack's guest has no place here is refused.
 */
#include "config.h"

#include <check.h>
#include <string.h>

#include "image_xl.h"

static struct xu_val *
parse(const char *json)
{
	struct xu_err e = XU_ERR_INIT;
	struct xu_val *v = xu_val_from_json(json, strlen(json), 1u << 20, &e);

	ck_assert_msg(v != NULL, "%s: %s", json, e.msg);
	return v;
}

#define UUID "01234567-89ab-cdef-0123-456789abcdef"

#define MACHINE                                                                \
	"{\"name_label\":\"web\",\"domain_type\":\"hvm\",\"uuid\":\"" UUID "\","   \
	"\"VCPUs_max\":2,\"VCPUs_at_startup\":1,"                               \
	"\"memory_static_max\":268435456,\"memory_dynamic_max\":268435456,"     \
	"\"actions_after_crash\":\"restart\",\"PV_kernel\":\"/boot/k\","          \
	"\"HVM_boot_params\":{\"order\":\"dc\"},"                               \
	"\"platform\":{\"vga\":\"std\",\"videoram\":\"16\",\"serial\":\"pty\","      \
	"\"acpi\":\"0\",\"usb\":\"1\",\"usb_tablet\":\"1\",\"hdtype\":\"ahci\","      \
	"\"timer_mode\":\"2\",\"vnc\":\"0.0.0.0:7\",\"vnc_unused\":\"0\"},"          \
	"\"VBDs\":["                                                            \
	"{\"uuid\":\"a\",\"device\":\"xvda\",\"location\":\"file:/srv/a\","          \
	"\"mode\":\"RW\",\"type\":\"Disk\"},"                                     \
	"{\"uuid\":\"b\",\"device\":\"hdc\",\"location\":\"\",\"mode\":\"RO\","       \
	"\"type\":\"CD\"},"                                                      \
	"{\"uuid\":\"c\",\"device\":\"hdb\",\"location\":\"qcow2:/srv/c\","          \
	"\"mode\":\"RW\",\"type\":\"Disk\"},"                                     \
	"{\"uuid\":\"d\",\"device\":\"xvdb\",\"location\":\"phy:/dev/vg/d\","        \
	"\"mode\":\"RO\",\"type\":\"Disk\"}],"                                    \
	"\"VIFs\":["                                                            \
	"{\"uuid\":\"e\",\"device\":\"3\",\"MAC\":\"00:16:3e:00:00:01\","            \
	"\"bridge\":\"xenbr0\",\"kind\":\"ioemu\",\"model\":\"e1000\","              \
	"\"rate\":\"8Mb/s@20ms\",\"ip\":\"10.0.0.2\"}]}"

static const struct {
	const char *list;
	size_t n, at;
	const char *member;
} same[] = {
	{ "VBDs", 4, 0, "device" },
	{ "VBDs", 4, 0, "location" },
	{ "VBDs", 4, 0, "mode" },
	{ "VBDs", 4, 0, "type" },
	{ "VBDs", 4, 1, "location" },
	{ "VBDs", 4, 1, "mode" },
	{ "VBDs", 4, 1, "type" },
	{ "VBDs", 4, 2, "location" },
	{ "VBDs", 4, 3, "location" },
	{ "VBDs", 4, 3, "mode" },
	{ "VIFs", 1, 0, "device" },
	{ "VIFs", 1, 0, "MAC" },
	{ "VIFs", 1, 0, "bridge" },
	{ "VIFs", 1, 0, "kind" },
	{ "VIFs", 1, 0, "model" },
	{ "VIFs", 1, 0, "ip" },
};

static const char *const fields[] = { "name_label", "domain_type", "uuid",
	"actions_after_crash", "PV_kernel" };

/* The machine after libxl's words alone. */
static struct xu_val *
there_and_back(struct xu_val *config)
{
	struct guest g = { .config = config };
	struct xu_err e = XU_ERR_INIT;
	AUTO_VAL struct xu_val *image = NULL;
	struct xu_val *v;

	snprintf(g.uuid, sizeof(g.uuid), "%s", UUID);
	image = image_config(&g);
	ck_assert(xu_val_unset(image, "xld"));
	ck_assert_ptr_null(xu_val_get(image, "xld"));
	v = image_args(image, config_type(config) == TYPE_PV, &e);
	ck_assert_msg(v != NULL, "%s", e.msg);
	return v;
}

START_TEST(hvm_and_devices)
{
	AUTO_VAL struct xu_val *config = parse(MACHINE);
	AUTO_VAL struct xu_val *v = there_and_back(config);
	const struct xu_val *was = xu_val_get(config, "platform");
	const struct xu_val *is = xu_val_get(v, "platform");

	for (size_t i = 0; i < XU_ARRAY_SIZE(fields); i++)
		ck_assert_str_eq(xu_val_get_str(v, fields[i], "-"),
		    xu_val_get_str(config, fields[i], "?"));
	for (size_t i = 0; i < xu_val_count(was); i++)
		ck_assert_str_eq(xu_val_get_str(is, xu_val_name_at(was, i), "-"),
		    xu_val_str(xu_val_at(was, i)));
	ck_assert_str_eq(xu_val_get_str(xu_val_get(v, "HVM_boot_params"),
	    "order", ""), "dc");
	ck_assert_int_eq(xu_val_get_int(v, "memory_static_max", 0), 268435456);
	ck_assert_int_eq(xu_val_get_int(v, "VCPUs_at_startup", 0), 1);
	for (size_t i = 0; i < XU_ARRAY_SIZE(same); i++) {
		const struct xu_val *l = xu_val_get(v, same[i].list);

		ck_assert_uint_eq(xu_val_count(l), same[i].n);
		ck_assert_str_eq(xu_val_get_str(xu_val_at(l, same[i].at),
		    same[i].member, "-"),
		    xu_val_get_str(xu_val_at(xu_val_get(config, same[i].list),
			same[i].at), same[i].member, "?"));
	}
	/* One megabyte a second, in twentieths of milliseconds. */
	ck_assert_str_eq(xu_val_get_str(xu_val_at(xu_val_get(v, "VIFs"), 0),
	    "rate", ""), "1000000B/s@20000us");
}
END_TEST

/* Of ours the machine is what we wrote, whatever the rest says. */
START_TEST(ours)
{
	AUTO_VAL struct xu_val *config = parse(MACHINE);
	struct guest g = { .config = config };
	AUTO_VAL struct xu_val *image = image_config(&g), *v = NULL;
	struct xu_err e = XU_ERR_INIT;

	v = image_args(image, false, &e);
	ck_assert(v != NULL && xu_val_equal(v, config));
	ck_assert_ptr_null(image_args(image, true, &e));
	ck_assert_ptr_nonnull(strstr(e.msg, "another type of guest"));
}
END_TEST

/* Which console it listens to; older images, and xl's, do not tell. */
START_TEST(listens)
{
	AUTO_VAL struct xu_val *config = parse(MACHINE);
	AUTO_VAL struct xu_val *older = parse("{\"xld\":{\"version\":1}}");
	AUTO_VAL struct xu_val *odd = parse("{\"xld\":{\"on_ring\":7}}");
	AUTO_VAL struct xu_val *on = NULL, *off = NULL, *args = NULL;
	struct guest g = { .config = config };
	struct xu_err e = XU_ERR_INIT;

	off = image_config(&g);
	g.on_ring = true;
	on = image_config(&g);
	ck_assert(image_on_ring(on));
	ck_assert(!image_on_ring(off) && !image_on_ring(older) &&
	    !image_on_ring(odd) && !image_on_ring(NULL));
	args = image_args(on, false, &e);
	ck_assert(args != NULL && xu_val_equal(args, config));
}
END_TEST

#define HVM(more)                                                              \
	"{\"c_info\":{\"type\":\"hvm\",\"uuid\":\"" UUID "\",\"name\":\"g\"},"        \
	"\"b_info\":{\"max_vcpus\":1,\"avail_vcpus\":[0],\"max_memkb\":65536,"     \
	"\"target_memkb\":65536," more "}}"
#define UNION(more) HVM("\"type.hvm\":{" more "}")
#define PV(more)                                                               \
	"{\"c_info\":{\"type\":\"pv\",\"uuid\":\"" UUID "\",\"name\":\"g\"},"         \
	"\"b_info\":{\"max_vcpus\":1,\"avail_vcpus\":[0],\"max_memkb\":65536,"     \
	"\"target_memkb\":65536,\"type.pv\":{}}," more "}"

static const struct {
	const char *json, *why;
} refused[] = {
	{ HVM("\"device_model_version\":\"qemu_xen_traditional\""),
	    "another program" },
	{ HVM("\"device_model_stubdomain\":\"True\""), "another program" },
	{ UNION("\"spice\":{\"enable\":\"True\"}"), "SPICE" },
	{ UNION("\"gfx_passthru\":\"True\""), "graphics card" },
	{ UNION("\"usbversion\":3"), "USB" },
	{ UNION("\"usbdevice\":\"mouse\""), "USB" },
	{ UNION("\"usbdevice_list\":[\"tablet\",\"mouse\"]"), "USB" },
	{ UNION("\"serial\":\"/dev/ttyS0\""), "serial" },
	{ UNION("\"serial_list\":[\"pty\",\"pty\"]"), "serial" },
	{ UNION("\"vga\":{\"kind\":\"qxl\"}"), "QXL" },
	{ PV("\"pcidevs\":[{\"bus\":1}]"), "pcidevs" },
	{ PV("\"vfbs\":[{\"devid\":0},{\"devid\":1}]"), "more than one screen" },
	{ PV("\"vfbs\":[{\"devid\":0,\"sdl\":{\"enable\":\"True\"}}]"), "SDL" },
	{ PV("\"vkbs\":[{\"devid\":0}]"), "keyboard without" },
	{ PV("\"disks\":[{\"vdev\":\"xvda\",\"backend_domid\":3}]"),
	    "'xvda': its backend" },
	{ PV("\"disks\":[{\"vdev\":\"xvda\",\"script\":\"block-drbd\"}]"),
	    "'xvda': its backend" },
	{ PV("\"disks\":[{\"vdev\":\"xvda\",\"format\":\"qed\","
	     "\"pdev_path\":\"/x\"}]"), "'xvda': its format" },
	{ PV("\"nics\":[{\"devid\":2,\"backend_domname\":\"net\"}]"),
	    "interface '2': its backend" },
	{ PV("\"xld\":{\"version\":99}"), "newer xld" },
};

START_TEST(not_here)
{
	AUTO_VAL struct xu_val *v = parse(refused[_i].json);
	struct xu_err e = XU_ERR_INIT;
	bool pv = strstr(refused[_i].json, "type.pv") != NULL;

	ck_assert_ptr_null(image_args(v, pv, &e));
	ck_assert_str_eq(e.code, "XLD_IMAGE");
	ck_assert_msg(strstr(e.msg, refused[_i].why) != NULL, "%s", e.msg);
}
END_TEST

/* What xl leaves out has its defaults. */
START_TEST(plain)
{
	AUTO_VAL struct xu_val *image = parse(UNION("\"boot\":\"c\"")), *v = NULL;
	struct xu_err e = XU_ERR_INIT;
	const struct xu_val *platform;

	v = image_args(image, false, &e);
	ck_assert_msg(v != NULL, "%s", e.msg);
	platform = xu_val_get(v, "platform");
	ck_assert_str_eq(xu_val_get_str(platform, "acpi", ""), "1");
	ck_assert_str_eq(xu_val_get_str(platform, "platform_pci", ""), "1");
	ck_assert_str_eq(xu_val_get_str(platform, "usb", ""), "0");
	ck_assert_str_eq(xu_val_get_str(platform, "vnc", ""), "127.0.0.1:0");
	ck_assert_ptr_null(xu_val_get(platform, "serial"));
	ck_assert_uint_eq(xu_val_count(xu_val_get(v, "VBDs")), 0);
}
END_TEST

/* The screen of a PV guest: libxl's vfbs and vkbs; xl gets no password. */
START_TEST(screen)
{
	AUTO_VAL struct xu_val *config = parse(
	    "{\"domain_type\":\"pv\",\"platform\":{\"vnc\":\"0.0.0.0:7\","
	    "\"vnc_unused\":\"0\",\"keymap\":\"de\","
	    "\"vnc_password\":\"geheim\"}}");
	struct guest g = { .config = config };
	AUTO_VAL struct xu_val *v = there_and_back(config), *image = NULL;
	const struct xu_val *is = xu_val_get(v, "platform");

	ck_assert_str_eq(xu_val_get_str(is, "vnc", ""), "0.0.0.0:7");
	ck_assert_str_eq(xu_val_get_str(is, "vnc_unused", ""), "0");
	ck_assert_str_eq(xu_val_get_str(is, "keymap", ""), "de");
	snprintf(g.uuid, sizeof(g.uuid), "%s", UUID);
	image = image_config(&g);
	ck_assert_uint_eq(xu_val_count(xu_val_get(image, "vfbs")), 1);
	ck_assert_uint_eq(xu_val_count(xu_val_get(image, "vkbs")), 1);
	ck_assert_ptr_null(xu_val_get(xu_val_get(xu_val_at(xu_val_get(image,
	    "vfbs"), 0), "vnc"), "passwd"));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("configurations of images");
	TCase *t = tcase_create("config");
	SRunner *r;
	int failed;

	tcase_add_test(t, hvm_and_devices);
	tcase_add_test(t, ours);
	tcase_add_test(t, listens);
	tcase_add_test(t, plain);
	tcase_add_test(t, screen);
	tcase_add_loop_test(t, not_here, 0, XU_ARRAY_SIZE(refused));
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? 0 : 1;
}
