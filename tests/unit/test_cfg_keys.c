/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every key that xm 4.1 and xl 4.22 know has a row; a key that is honoured changes
 * what the daemon is asked for, and one that is not has an answer in one line.
 */
#include "config.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "cfg_bind.h"
#include "vmrec.h"

/* xmdomain.cfg(5), xl.cfg(5) and what their programs read besides. */
static const char *const known[] = {
	"name", "uuid", "description", "builder", "type", "kernel", "ramdisk",
	"root", "extra", "cmdline", "ip", "gateway", "netmask", "hostname",
	"interface", "dhcp", "nfs_server", "nfs_root", "bootloader",
	"bootargs", "bootloader_args", "bootentry", "bootloader_restrict",
	"bootloader_user", "loader", "firmware", "bios", "bios_path_override",
	"features", "pvshim", "pvshim_path", "pvshim_cmdline", "pvshim_extra",
	"memory", "maxmem", "shadow_memory", "memory_sharing", "superpages",
	"vcpus", "maxvcpus", "vcpu_avail", "cpu", "cpus", "cpus_soft",
	"cpu_weight", "cpu_cap", "cap", "period", "slice", "latency",
	"extratime", "pool", "vnuma", "nomigrate", "target", "seclabel",
	"init_seclabel", "access_control", "max_grant_frames",
	"max_maptrack_frames", "max_grant_version", "max_event_channels",
	"xenstore_feature_mask", "xenstore_quota", "vmtrace_buf_kb", "vpmu",
	"passthrough", "driver_domain", "xend_suspend_evtchn_compat",
	"device_tree", "gic_version", "vuart", "sve", "llc_colors", "nr_spis",
	"trap_unmapped_accesses", "arm_sci", "tee", "on_poweroff", "on_reboot",
	"on_crash", "restart", "on_watchdog", "on_soft_reset", "on_xend_start",
	"on_xend_stop", "s3_integrity", "pae", "acpi", "apic", "nx", "hpet",
	"hap", "oos", "acpi_s3", "acpi_s4", "acpi_laptop_slate", "viridian",
	"timer_mode", "tsc_mode", "vpt_align", "rtc_timeoffset", "localtime",
	"xen_platform_pci", "xen_platform_pci_bar_uc", "nestedhvm", "altp2m",
	"altp2m_count", "altp2mhvm", "cpuid", "cpuid_check", "mca_caps",
	"msr_relaxed", "hvm_pirq", "mmio_hole", "e820_host", "ms_vm_genid",
	"smbios", "smbios_firmware", "acpi_firmware", "machine_address_size",
	"suppress_spurious_page_faults", "vhpt", "xen_extended_power_mgmt",
	"boot", "hdtype", "fda", "fdb", "isa", "usb", "usbdevice",
	"usbversion", "soundhw", "serial", "parallel", "monitor",
	"monitor_path", "keymap", "stdvga", "videoram", "vga", "nographic",
	"vnc", "vncdisplay", "vnclisten", "vncunused", "vncpasswd",
	"vncviewer", "vncconsole", "sdl", "opengl", "display", "xauthority",
	"spice", "spicehost", "spiceport", "spicetls_port",
	"spicedisable_ticketing", "spicepasswd", "spiceagent_mouse",
	"spicevdagent", "spice_clipboard_sharing", "spiceusbredirection",
	"spice_image_compression", "spice_streaming_video", "gfx_passthru",
	"device_model", "device_model_version", "device_model_override",
	"device_model_stubdomain_override", "device_model_stubdomain_seclabel",
	"stubdomain_kernel", "stubdomain_cmdline", "stubdomain_ramdisk",
	"stubdomain_memory", "device_model_args", "device_model_args_pv",
	"device_model_args_hvm", "device_model_user", "dm_restrict",
	"vkb_device", "vendor_device", "guest_os_type", "pci_msitranslate",
	"pci_power_mgmt", "pci_permissive", "pci_seize", "rdm",
	"rdm_mem_boundary", "dtdev", "iomem", "irq", "irqs", "ioports",
	"snapshot", "disk", "vif", "vif2", "nics", "vfb", "vkb", "channel",
	"pci", "vscsi", "vusb", "usbctrl", "usbdev", "vtpm", "vdispl", "vsnd",
	"p9", "pvcalls", "virtio", "blkif", "netif", "tpmif",
	"firmware_override",
};

START_TEST(every_key_has_a_row)
{
	for (size_t i = 0; i < XU_ARRAY_SIZE(known); i++)
		ck_assert_msg(domcfg_find(known[i]) != NULL, "%s", known[i]);
}
END_TEST

/* --- those that are honoured ---------------------------------------------- */

#define PV "kernel = '/k'\nname = 'n'\n"
#define PVH PV "type = 'pvh'\n"
#define HVM "name = 'n'\ntype = 'hvm'\n"
#define PVPCI PV "pci = ['00:1a.0']\n"

/* Set to that, they make another machine of the first lines. */
static const struct {
	const char *key, *value, *base;
} honoured[] = {
	{ "name", "'other'", "kernel = '/k'\n" },
	{ "uuid", "'0a4f8d4c-33a2-4f28-9d5c-6a2f4e1b7c90'", PV },
	{ "description", "'x'", PV },
	{ "type", "'pvh'", PV },
	{ "builder", "'hvm'", "name = 'n'\nkernel = '/usr/lib/hvmloader'\n" },
	{ "kernel", "'/k2'", "name = 'n'\n" },
	{ "ramdisk", "'/r'", PV },
	{ "cmdline", "'x'", PV },
	{ "root", "'/dev/x'", PV },
	{ "extra", "'x'", PV },
	{ "bootloader", "'pvgrub'", "name = 'n'\n" },
	{ "bootargs", "'-x'", "name = 'n'\nbootloader = '/b'\n" },
	{ "bootloader_args", "['-x']", "name = 'n'\nbootloader = '/b'\n" },
	{ "loader", "'/l'", HVM },
	{ "firmware", "'pvgrub32'", "name = 'n'\n" },
	{ "bios", "'ovmf'", HVM "bios_path_override = '/f'\n" },
	{ "bios_path_override", "'/f'", HVM },
	{ "firmware_override", "'/f'", HVM },
	{ "memory", "256", PV },
	{ "maxmem", "256", PV },
	{ "shadow_memory", "16", HVM },
	{ "max_grant_frames", "40", PV },
	{ "max_maptrack_frames", "40", PV },
	{ "max_grant_version", "1", PV },
	{ "max_event_channels", "99", PV },
	{ "vcpus", "2", PV },
	{ "maxvcpus", "2", PV },
	{ "cpu", "1", PV },
	{ "cpus", "'0-1'", PV },
	{ "cpus_soft", "'0-1'", PV },
	{ "cpu_weight", "300", PV },
	{ "cpu_cap", "30", PV },
	{ "cap", "30", PV },
	{ "pool", "'p'", PV },
	{ "vnuma", "[['pnode=0', 'size=128', 'vcpus=0']]", PV },
	{ "cpuid", "'host,sse3=0'", HVM },
	{ "tsc_mode", "'native'", PV },
	{ "nomigrate", "1", PV },
	{ "on_poweroff", "'preserve'", PV },
	{ "on_reboot", "'destroy'", PV },
	{ "on_crash", "'preserve'", PV },
	{ "on_xend_start", "'start'", PV },
	{ "on_xend_stop", "'ignore'", PV },
	{ "start_order", "1", PV },
	{ "start_delay", "1", PV },
	{ "shutdown_delay", "1", PV },
	{ "disk", "['phy:/dev/x,xvda,w']", PV },
	{ "vif", "['bridge=x']", PV },
	{ "nics", "1", PV },
	{ "pci", "['00:1a.0']", PV },
	{ "pci_msitranslate", "1", PVPCI },
	{ "pci_power_mgmt", "1", PVPCI },
	{ "pci_permissive", "1", PVPCI },
	{ "pci_seize", "1", PVPCI },
	{ "pae", "0", HVM },
	{ "acpi", "0", HVM },
	{ "apic", "0", HVM },
	{ "nx", "0", HVM },
	{ "hpet", "0", HVM },
	{ "acpi_s3", "0", HVM },
	{ "acpi_s4", "0", HVM },
	{ "acpi_laptop_slate", "1", HVM },
	{ "viridian", "1", HVM },
	{ "timer_mode", "2", HVM },
	{ "vpt_align", "0", HVM },
	{ "rtc_timeoffset", "60", PV },
	{ "localtime", "1", PV },
	{ "xen_platform_pci", "0", HVM },
	{ "hvm_pirq", "1", HVM },
	{ "mmio_hole", "512", HVM },
	{ "boot", "'n'", HVM },
	{ "hdtype", "'ahci'", HVM },
	{ "usb", "1", HVM },
	{ "usbdevice", "'tablet'", HVM },
	{ "soundhw", "'hda'", HVM },
	{ "serial", "'pty'", HVM },
	{ "keymap", "'de'", HVM },
	{ "stdvga", "1", HVM },
	{ "videoram", "32", HVM },
	{ "vga", "'none'", HVM },
	{ "nographic", "1", HVM },
	{ "vfb", "['vnc=1']", PV },
	{ "vnc", "1", HVM },
	{ "vncdisplay", "5", HVM "vnc = 1\n" },
	{ "vnclisten", "'::1'", HVM "vnc = 1\n" },
	{ "vncunused", "0", HVM "vnc = 1\n" },
	{ "vncpasswd", "'x'", HVM "vnc = 1\n" },
	{ "device_model_override", "'/q'", HVM },
	{ "device_model_args", "['-x']", HVM },
	{ "device_model_args_hvm", "['-x']", HVM },
};

/* These decide whether there is a guest at all: what they refuse is tested in
 * test_cfg.c. */
static const char *const judges[] = { "hap", "device_model_version", "sdl" };

/* All that is asked for, as text. */
static void
asked(const char *base, const char *key, const char *value, struct xu_buf *out)
{
	AUTO_BUF struct xu_buf text = XU_BUF_INIT, report = XU_BUF_INIT;
	struct xapi_value *v = xapi_new_array();
	struct domcfg d;
	struct cfg c;
	char *json;

	xu_buf_adds(&text, base);
	if (key != NULL)
		xu_buf_addf(&text, "%s = %s\n", key, value);
	cfg_init(&c);
	cfg_parse_all(&c, "f", xu_buf_text(&text), text.len, &report);
	domcfg_bind(&c, "f", &d, &report);
	xapi_add(v, vmrec_record(&d, "/"));
	for (size_t i = 0; i < d.ndisks; i++)
		xapi_add(v, vmrec_disk(&d.disks[i], "/"));
	for (size_t i = 0; i < d.nvifs; i++)
		xapi_add(v, vmrec_vif(&d.vifs[i]));
	for (size_t i = 0; i < d.npcis; i++)
		xapi_add(v, vmrec_pci(&d.pcis[i]));
	json = xapi_to_json(v, 1);
	xapi_free(v);
	/* With it the file is right, whatever is said without. */
	if (key != NULL && strstr(xu_buf_text(&report), key) != NULL &&
	    strstr(xu_buf_text(&report), "hvmloader") == NULL)
		ck_abort_msg("%s", xu_buf_text(&report));
	ck_assert_ptr_nonnull(json);
	xu_buf_adds(out, json);
	free(json);
	domcfg_fini(&d);
	cfg_fini(&c);
}

START_TEST(what_is_honoured_changes_the_machine)
{
	AUTO_BUF struct xu_buf without = XU_BUF_INIT, with = XU_BUF_INIT;

	asked(honoured[_i].base, NULL, NULL, &without);
	asked(honoured[_i].base, honoured[_i].key, honoured[_i].value, &with);
	ck_assert_msg(strcmp(xu_buf_text(&without), xu_buf_text(&with)) != 0,
	    "%s = %s changes nothing", honoured[_i].key, honoured[_i].value);
}
END_TEST

/* --- the others ----------------------------------------------------------- */

static bool
is_honoured(const struct domcfg_key *k)
{
	return k->status == DS_NOW || k->status == DS_FULL ||
	    k->status == DS_HVM;
}

static bool
has_sample(const char *key)
{
	for (size_t i = 0; i < XU_ARRAY_SIZE(honoured); i++)
		if (strcmp(honoured[i].key, key) == 0)
			return true;
	for (size_t i = 0; i < XU_ARRAY_SIZE(judges); i++)
		if (strcmp(judges[i], key) == 0)
			return true;
	return false;
}

static const char *
other_value(const struct domcfg_key *k)
{
	static const char *const values[] = { [DK_STR] = "'some'",
		[DK_INT] = "7", [DK_OFFSET] = "7",
		[DK_MIB] = "7", [DK_UUID] = "", [DK_ACTION] = "'preserve'",
		[DK_LIST] = "['some']", [DK_ANY] = "'some'" };

	if (k->kind == DK_BOOL)
		return strcmp(k->dflt, "1") == 0 ? "0" : "1";
	return values[k->kind];
}

/* One line: the key, why, and whether it is a mistake. */
START_TEST(what_is_not_honoured_has_an_answer)
{
	AUTO_BUF struct xu_buf text = XU_BUF_INIT, report = XU_BUF_INIT;
	const struct domcfg_key *k = &domcfg_keys[_i];
	bool hvm = k->status == DS_HVM_LATER, ignored;
	struct domcfg d;
	struct cfg c;
	char want[80];

	ck_assert_msg(is_honoured(k) == has_sample(k->name), "%s", k->name);
	if (is_honoured(k))
		return;
	ignored = k->status == DS_OLD || k->status == DS_ARM;
	xu_buf_addf(&text, "%s%s = %s\n", hvm ? HVM : PV, k->name,
	    other_value(k));
	cfg_init(&c);
	cfg_parse_all(&c, "f", xu_buf_text(&text), text.len, &report);
	ck_assert_uint_eq(domcfg_bind(&c, "f", &d, &report), !ignored);
	snprintf(want, sizeof(want), "f:3:1: %s'%s' %s",
	    ignored ? "warning: " : "", k->name,
	    k->status == DS_OLD ? "is obsolete; ignored. "
		: k->status == DS_ARM
		? "means something on Arm hosts only; ignored"
		: "is not supported by this release");
	ck_assert_msg(strncmp(xu_buf_text(&report), want, strlen(want)) == 0,
	    "%s, not %s", xu_buf_text(&report), want);
	ck_assert_uint_eq(strcspn(xu_buf_text(&report), "\n") + 1, report.len);
	domcfg_fini(&d);
	cfg_fini(&c);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("keys");
	TCase *t = tcase_create("all");
	SRunner *r;
	int failed;

	tcase_add_test(t, every_key_has_a_row);
	tcase_add_loop_test(t, what_is_honoured_changes_the_machine, 0,
	    (int)XU_ARRAY_SIZE(honoured));
	tcase_add_loop_test(t, what_is_not_honoured_has_an_answer, 0,
	    (int)domcfg_nkeys);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? 0 : 1;
}
