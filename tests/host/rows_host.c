/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rows: the host: facts, power, trace buffers, live patches, hypfs. What Debian's builds or an emulated processor lack is listed with the
 * errno that real Xen gives for it.
 */
#include "config.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "xc_rows.h"

#define NO_CX	  "the emulated host has no idle states of ACPI"
#define NO_PX	  "the emulated host has no performance states"
#define NO_PERFC  "Debian's builds have no performance counters"
#define NO_LOCKS  "Debian's builds do not profile locks"
#define NO_COVER  "Debian's builds have no coverage data"
#define NO_PATCH  "a live patch must be made for this very build of Xen"

/* --- facts ----------------------------------------------------------------- */

static int
version_text(struct xr_env *e)
{
	static struct xc_version v;
	static char text[8192];
	int n;

	if (xc_version(e->xch, &v) < 0)
		return -1;
	n = xc_version_text(e->xch, XC_VERSION_EXTRA, text, sizeof(text));
	if (n < 0)
		return -1;
	if ((size_t)n != strlen(text) ||
	    strncmp(text, v.extra, strlen(v.extra)) != 0)
		return xr_wrong("extra version \"%s\"", text);
	if (xc_version_text(e->xch, XC_VERSION_CAPABILITIES, text,
		sizeof(text)) < 0)
		return -1;
	if (strstr(text, "xen-3.0-x86_64") == NULL)
		return xr_wrong("capabilities \"%s\"", text);
	if (xc_version_text(e->xch, XC_VERSION_CHANGESET, text,
		sizeof(text)) < 0 || xc_version_text(e->xch,
		XC_VERSION_COMMANDLINE, text, sizeof(text)) < 0)
		return -1;
	return strstr(text, "dom0_mem") != NULL
	    ? 0
	    : xr_wrong("command line \"%s\"", text);
}

static int
pcitopoinfo(struct xr_env *e)
{
	/* The host bridge, and one that is not there. */
	const struct xc_pci_device devices[2] = { { 0, 0, 0 },
		{ 0, 0xee, 0xf7 } };
	uint32_t nodes[2] = { 1, 1 };

	if (xc_pcitopoinfo(e->xch, devices, nodes, 2) < 0)
		return -1;
	return (nodes[0] == 0 || nodes[0] == XC_PCI_NO_NODE) &&
		nodes[1] == XC_PCI_NO_DEVICE
	    ? 0
	    : xr_wrong("nodes %#x and %#x", nodes[0], nodes[1]);
}

/* --- processors ------------------------------------------------------------ */

static void
back_online(struct xr_env *e, uint64_t cpu)
{
	struct xc_pcpu_info i;

	xc_cpu_online(e->xch, (uint32_t)cpu);
	if (xc_get_pcpu_info(e->xch, (uint32_t)cpu, &i) < 0 || !i.online)
		xr_wrong("CPU %u stays offline", (unsigned)cpu);
}

static int
cpu_hotplug(struct xr_env *e)
{
	struct xc_physinfo p;
	struct xc_pcpu_info i;

	if (xc_physinfo(e->xch, &p) < 0)
		return -1;
	if (p.nr_cpus < 2)
		return xr_wrong("the host has one processor");
	xr_at_end(back_online, 1);
	if (xc_cpu_offline(e->xch, 1) < 0 ||
	    xc_get_pcpu_info(e->xch, 1, &i) < 0)
		return -1;
	if (i.online)
		return xr_wrong("it is still online");
	if (xc_cpu_online(e->xch, 1) < 0 ||
	    xc_get_pcpu_info(e->xch, 1, &i) < 0)
		return -1;
	return i.online ? 0 : xr_wrong("it is still offline");
}

static int
smt_enable(struct xr_env *e)
{
	return xc_smt_enable(e->xch);
}

static int
smt_disable(struct xr_env *e)
{
	return xc_smt_disable(e->xch);
}

static int
max_px(struct xr_env *e)
{
	return xc_pm_get_max_px(e->xch, 0) < 0 ? -1 : 0;
}

static int
pxstat(struct xr_env *e)
{
	struct xc_px_val v[255];
	struct xc_px_stat s;

	return xc_pm_get_pxstat(e->xch, 0, &s, v, NULL, 255);
}

static int
reset_px(struct xr_env *e)
{
	return xc_pm_reset_pxstat(e->xch, 0);
}

static int
max_cx(struct xr_env *e)
{
	int n = xc_pm_get_max_cx(e->xch, 0);

	return n < 0 ? -1 : n >= 1 ? 0 : xr_wrong("%d states", n);
}

static int
cxstat(struct xr_env *e)
{
	struct xc_cx_stat s;

	if (xc_pm_get_cxstat(e->xch, 0, &s) < 0)
		return -1;
	return s.nr >= 1 && s.idle_ns > 0 ? 0 : xr_wrong("%u states", s.nr);
}

static int
reset_cx(struct xr_env *e)
{
	return xc_pm_reset_cxstat(e->xch, 0);
}

static int
cpufreq_para(struct xr_env *e)
{
	struct xc_cpufreq_para p;

	return xc_get_cpufreq_para(e->xch, 0, &p, NULL, NULL, NULL, 8);
}

static int
cpufreq_gov(struct xr_env *e)
{
	return xc_set_cpufreq_gov(e->xch, 0, "performance");
}

static int
cpufreq_set(struct xr_env *e)
{
	return xc_set_cpufreq_para(e->xch, 0, XC_CPUFREQ_SCALING_MAX, 1000000);
}

static int
cpufreq_avg(struct xr_env *e)
{
	uint64_t khz;

	return xc_get_cpufreq_avgfreq(e->xch, 0, &khz);
}

static int
cpufreq_cppc(struct xr_env *e)
{
	struct xc_cppc c;

	return xc_get_cpufreq_cppc(e->xch, 0, &c);
}

static int
cpufreq_set_cppc(struct xr_env *e)
{
	struct xc_cppc c = { .minimum = 1 };
	uint32_t set = XC_CPPC_SET_MINIMUM;

	return xc_set_cpufreq_cppc(e->xch, 0, &c, &set);
}

static int
enable_turbo(struct xr_env *e)
{
	return xc_enable_turbo(e->xch, 0);
}

static int
disable_turbo(struct xr_env *e)
{
	return xc_disable_turbo(e->xch, 0);
}

static int
sched_opt_smt(struct xr_env *e)
{
	int was = xc_set_sched_opt_smt(e->xch, 1);

	if (was < 0)
		return -1;
	return xc_set_sched_opt_smt(e->xch, (uint32_t)was) < 0 ? -1 : 0;
}

static int
cstate(struct xr_env *e)
{
	uint32_t was, now;

	if (xc_get_cpuidle_max_cstate(e->xch, &was) < 0 ||
	    xc_set_cpuidle_max_cstate(e->xch, 3) < 0 ||
	    xc_get_cpuidle_max_cstate(e->xch, &now) < 0 ||
	    xc_set_cpuidle_max_cstate(e->xch, was) < 0)
		return -1;
	return now == 3 ? 0 : xr_wrong("state %u", now);
}

static int
csubstate(struct xr_env *e)
{
	uint32_t was, now;

	if (xc_get_cpuidle_max_csubstate(e->xch, &was) < 0 ||
	    xc_set_cpuidle_max_csubstate(e->xch, 1) < 0 ||
	    xc_get_cpuidle_max_csubstate(e->xch, &now) < 0 ||
	    xc_set_cpuidle_max_csubstate(e->xch, was) < 0)
		return -1;
	return now == 1 ? 0 : xr_wrong("sub-state %u", now);
}

/* --- trace buffers ------------------------------------------------------------ */

/* The size is for ever, so all rows use the same. */
static int
tbuf_size(struct xr_env *e)
{
	struct xc_tbuf_info i;

	if (xc_tbuf_get_info(e->xch, &i) < 0)
		return -1;
	if (i.bytes == 0 && xc_tbuf_set_size(e->xch, 8) < 0)
		return -1;
	if (xc_tbuf_get_info(e->xch, &i) < 0)
		return -1;
	return i.bytes > 0 && i.mfn > 0 ? 0 : xr_wrong("no buffers");
}

/* struct t_info: pages of a buffer, then where each CPU's list of them is. */
static int
tbuf_map(struct xr_env *e)
{
	struct xc_tbuf_info i;
	uint16_t *p, pages;

	if (tbuf_size(e) < 0 || xc_tbuf_get_info(e->xch, &i) < 0)
		return -1;
	p = xc_map_foreign_range(e->xch, XC_DOMID_XEN, PROT_READ, i.mfn,
	    (i.bytes + XC_PAGE_SIZE - 1) / XC_PAGE_SIZE);
	if (p == NULL)
		return -1;
	pages = p[0];
	xc_unmap_foreign(e->xch, p,
	    (i.bytes + XC_PAGE_SIZE - 1) / XC_PAGE_SIZE);
	return pages > 0 && pages <= 8 ? 0 : xr_wrong("%u pages", pages);
}

static int
tbuf_enable(struct xr_env *e)
{
	const uint8_t all = 0xff;

	if (tbuf_size(e) < 0 ||
	    xc_tbuf_set_cpu_mask(e->xch, &all, 1) < 0 ||
	    xc_tbuf_set_evt_mask(e->xch, 0x0002f000) < 0 ||
	    xc_tbuf_enable(e->xch) < 0)
		return -1;
	return xc_tbuf_disable(e->xch);
}

static int
tbuf_evt_mask(struct xr_env *e)
{
	struct xc_tbuf_info i;

	if (xc_tbuf_set_evt_mask(e->xch, 0x0001f000) < 0 ||
	    xc_tbuf_get_info(e->xch, &i) < 0)
		return -1;
	return i.event_mask == 0x0001f000 ? 0 : xr_wrong("%#x", i.event_mask);
}

/* --- counters ------------------------------------------------------------------- */

static int
perfc_number(struct xr_env *e)
{
	uint32_t n, v;

	return xc_perfc_query_number(e->xch, &n, &v);
}

static int
perfc_query(struct xr_env *e)
{
	struct xc_perfc_desc d;
	uint32_t v;

	return xc_perfc_query(e->xch, &d, 1, &v, 1) < 0 ? -1 : 0;
}

static int
perfc_reset(struct xr_env *e)
{
	return xc_perfc_reset(e->xch);
}

static int
lockprof_number(struct xr_env *e)
{
	uint32_t n;

	return xc_lockprof_query_number(e->xch, &n);
}

static int
lockprof_query(struct xr_env *e)
{
	struct xc_lockprof_data d;

	return xc_lockprof_query(e->xch, &d, 1, NULL) < 0 ? -1 : 0;
}

static int
lockprof_reset(struct xr_env *e)
{
	return xc_lockprof_reset(e->xch);
}

static int
coverage_size(struct xr_env *e)
{
	uint32_t n;

	return xc_coverage_size(e->xch, &n);
}

static int
coverage_read(struct xr_env *e)
{
	uint32_t n = 64;
	char buf[64];

	return xc_coverage_read(e->xch, buf, &n);
}

static int
coverage_reset(struct xr_env *e)
{
	return xc_coverage_reset(e->xch);
}

/* --- live patches ------------------------------------------------------------------ */

static int
patch_list(struct xr_env *e)
{
	struct xc_livepatch p[2];
	uint32_t left = 1;
	int n = xc_livepatch_list(e->xch, 0, p, 2, &left);

	return n < 0 ? -1 : n == 0 && left == 0 ? 0 : xr_wrong("%d patches", n);
}

static int
patch_upload(struct xr_env *e)
{
	static const char elf[4096] = "\177ELF\2\1\1";

	return xc_livepatch_upload(e->xch, "none", elf, sizeof(elf), 0);
}

static int
patch_upload_force(struct xr_env *e)
{
	static const char elf[4096] = "\177ELF\2\1\1";

	return xc_livepatch_upload(e->xch, "none", elf, sizeof(elf),
	    XC_LIVEPATCH_FORCE);
}

static int
patch_get(struct xr_env *e)
{
	struct xc_livepatch_status s;

	return xc_livepatch_get(e->xch, "none", &s);
}

static int
patch_apply(struct xr_env *e)
{
	return xc_livepatch_apply(e->xch, "none", 0, 0);
}

static int
patch_revert(struct xr_env *e)
{
	return xc_livepatch_revert(e->xch, "none", 0, 0);
}

static int
patch_replace(struct xr_env *e)
{
	return xc_livepatch_replace(e->xch, "none", 0, 0);
}

static int
patch_unload(struct xr_env *e)
{
	return xc_livepatch_unload(e->xch, "none", 0, 0);
}

/* --- the hypervisor's file system ---------------------------------------------------- */

static int
hypfs_version(struct xr_env *e)
{
	int v = xc_hypfs_version(e->xch);

	return v < 0 ? -1 : v == 1 ? 0 : xr_wrong("version %d", v);
}

static int
hypfs_list(struct xr_env *e)
{
	struct xc_hypfs_entry list[8];
	bool build = false, params = false;
	int n = xc_hypfs_list(e->xch, "/", list, 8), r;

	if (n < 0)
		return -1;
	for (int i = 0; i < n && i < 8; i++) {
		build |= strcmp(list[i].name, "buildinfo") == 0 &&
		    list[i].type == XC_HYPFS_DIR;
		params |= strcmp(list[i].name, "params") == 0;
	}
	if (!build || !params)
		return xr_wrong("%d entries", n);
	r = xc_hypfs_list(e->xch, "/", NULL, 0);
	return r < 0 ? -1 : r == n ? 0 : xr_wrong("%d entries, then %d", n, r);
}

static int
hypfs_read(struct xr_env *e)
{
	struct xc_hypfs_entry entry;
	char text[64] = "";
	int64_t n = xc_hypfs_read(e->xch, "/buildinfo/version/major", &entry,
	    text, sizeof(text));
	uint32_t major = 0;

	if (n < 0)
		return -1;
	memcpy(&major, text, sizeof(major));
	if (n != 4 || major != 4 || entry.type != XC_HYPFS_UINT ||
	    strcmp(entry.name, "major") != 0 || entry.max_write != 0)
		return xr_wrong("%lld bytes, %u", (long long)n, major);
	/* The build's configuration is large, and compressed. */
	if (xc_hypfs_read(e->xch, "/buildinfo/config", &entry, text,
		sizeof(text)) >= 0)
		return xr_wrong("a large entry in a small place");
	if (errno != ENOBUFS)
		return -1;
	return entry.size > sizeof(text) && entry.gzip
	    ? 0
	    : xr_wrong("%u bytes", entry.size);
}

static int
hypfs_large(struct xr_env *e)
{
	static uint8_t config[1 << 20];
	struct xc_hypfs_entry entry;
	int64_t n = xc_hypfs_read(e->xch, "/buildinfo/config", &entry, config,
	    sizeof(config));

	if (n < 0)
		return -1;
	return n == entry.size && config[0] == 0x1f && config[1] == 0x8b
	    ? 0
	    : xr_wrong("%lld bytes", (long long)n);
}

/* A parameter that may be changed: written as it is. */
static int
hypfs_write(struct xr_env *e)
{
	static struct xc_hypfs_entry list[256];
	char path[300], value[1024];
	int n = xc_hypfs_list(e->xch, "/params", list, 256);

	if (n < 0)
		return -1;
	for (int i = 0; i < n && i < 256; i++) {
		struct xc_hypfs_entry entry;
		int64_t len;

		if (list[i].max_write == 0 || list[i].type == XC_HYPFS_STRING)
			continue;
		snprintf(path, sizeof(path), "/params/%s", list[i].name);
		len = xc_hypfs_read(e->xch, path, &entry, value,
		    sizeof(value));
		if (len < 0)
			return -1;
		return xc_hypfs_write(e->xch, path, value, (size_t)len);
	}
	return xr_wrong("none of %d parameters can be written", n);
}

#define CANNOT(name, fn, why, err)                                             \
	{ .function = name, fn, .cannot = why, .cannot_errno = err }

const struct xr_row xr_rows_host[] = {
	{ .function = "xc_version_text", version_text },
	{ .function = "xc_pcitopoinfo", pcitopoinfo },
	{ .function = "xc_cpu_online", cpu_hotplug, .flags = XR_LAST },
	{ .function = "xc_cpu_offline", cpu_hotplug, .flags = XR_LAST },
	CANNOT("xc_smt_enable", smt_enable, "no processor has threads", ENOTSUP),
	CANNOT("xc_smt_disable", smt_disable, "no processor has threads",
	    ENOTSUP),
	CANNOT("xc_pm_get_max_px", max_px, NO_PX, ENODEV),
	CANNOT("xc_pm_get_pxstat", pxstat, NO_PX, ENODEV),
	CANNOT("xc_pm_reset_pxstat", reset_px, NO_PX, ENODEV),
	CANNOT("xc_pm_get_max_cx", max_cx, NO_CX, ENODEV),
	CANNOT("xc_pm_get_cxstat", cxstat, NO_CX, ENODEV),
	CANNOT("xc_pm_reset_cxstat", reset_cx, NO_CX, ENODEV),
	CANNOT("xc_get_cpufreq_para", cpufreq_para, NO_PX, EINVAL),
	CANNOT("xc_set_cpufreq_gov", cpufreq_gov, NO_PX, EINVAL),
	CANNOT("xc_set_cpufreq_para", cpufreq_set, NO_PX, EINVAL),
	CANNOT("xc_get_cpufreq_avgfreq", cpufreq_avg, NO_PX, EINVAL),
	{ .function = "xc_get_cpufreq_cppc", cpufreq_cppc, .since = 18,
	    .cannot = NO_PX, .cannot_errno = EINVAL },
	{ .function = "xc_set_cpufreq_cppc", cpufreq_set_cppc, .since = 18,
	    .cannot = NO_PX, .cannot_errno = EINVAL },
	CANNOT("xc_enable_turbo", enable_turbo, NO_PX, EACCES),
	CANNOT("xc_disable_turbo", disable_turbo, NO_PX, EACCES),
	{ .function = "xc_set_sched_opt_smt", sched_opt_smt },
	{ .function = "xc_get_cpuidle_max_cstate", cstate },
	{ .function = "xc_set_cpuidle_max_cstate", cstate },
	{ .function = "xc_get_cpuidle_max_csubstate", csubstate },
	{ .function = "xc_set_cpuidle_max_csubstate", csubstate },
	{ .function = "xc_tbuf_get_info", tbuf_map },
	{ .function = "xc_tbuf_set_size", tbuf_size },
	{ .function = "xc_tbuf_enable", tbuf_enable },
	{ .function = "xc_tbuf_disable", tbuf_enable },
	{ .function = "xc_tbuf_set_cpu_mask", tbuf_enable },
	{ .function = "xc_tbuf_set_evt_mask", tbuf_evt_mask },
	CANNOT("xc_perfc_query_number", perfc_number, NO_PERFC, ENOTSUP),
	CANNOT("xc_perfc_query", perfc_query, NO_PERFC, ENOTSUP),
	CANNOT("xc_perfc_reset", perfc_reset, NO_PERFC, ENOTSUP),
	CANNOT("xc_lockprof_query_number", lockprof_number, NO_LOCKS, ENOTSUP),
	CANNOT("xc_lockprof_query", lockprof_query, NO_LOCKS, ENOTSUP),
	CANNOT("xc_lockprof_reset", lockprof_reset, NO_LOCKS, ENOTSUP),
	CANNOT("xc_coverage_size", coverage_size, NO_COVER, ENOTSUP),
	CANNOT("xc_coverage_read", coverage_read, NO_COVER, ENOTSUP),
	CANNOT("xc_coverage_reset", coverage_reset, NO_COVER, ENOTSUP),
	{ .function = "xc_livepatch_list", patch_list },
	CANNOT("xc_livepatch_upload", patch_upload, NO_PATCH, ENOTSUP),
	{ .function = "xc_livepatch_upload", patch_upload_force, .since = 19,
	    .cannot = NO_PATCH, .cannot_errno = ENOTSUP },
	CANNOT("xc_livepatch_get", patch_get, NO_PATCH, ENOENT),
	CANNOT("xc_livepatch_apply", patch_apply, NO_PATCH, ENOENT),
	CANNOT("xc_livepatch_revert", patch_revert, NO_PATCH, ENOENT),
	CANNOT("xc_livepatch_replace", patch_replace, NO_PATCH, ENOENT),
	CANNOT("xc_livepatch_unload", patch_unload, NO_PATCH, ENOENT),
	{ .function = "xc_hypfs_version", hypfs_version },
	{ .function = "xc_hypfs_list", hypfs_list },
	{ .function = "xc_hypfs_read", hypfs_read },
	{ .function = "xc_hypfs_read", hypfs_large },
	{ .function = "xc_hypfs_write", hypfs_write },
	{ .function = NULL },
};

static int
bad_text_place(struct xr_env *e)
{
	return xc_version_text(e->xch, XC_VERSION_EXTRA, NULL, 10);
}

static int
bad_text_room(struct xr_env *e)
{
	char text[4];

	return xc_version_text(e->xch, XC_VERSION_CAPABILITIES, text,
	    sizeof(text));
}

static int
bad_pci_none(struct xr_env *e)
{
	const struct xc_pci_device d = { .bus = 0 };
	uint32_t node;

	return xc_pcitopoinfo(e->xch, &d, &node, 0);
}

static int
bad_cpu(struct xr_env *e)
{
	return xc_cpu_online(e->xch, 100000);
}

static int
bad_governor(struct xr_env *e)
{
	return xc_set_cpufreq_gov(e->xch, 0, "a name much too long");
}

static int
bad_tbuf_size(struct xr_env *e)
{
	return xc_tbuf_set_size(e->xch, 0);
}

static int
bad_tbuf_mask(struct xr_env *e)
{
	return xc_tbuf_set_cpu_mask(e->xch, NULL, 1);
}

static int
bad_patch_name(struct xr_env *e)
{
	return xc_livepatch_apply(e->xch, "", 0, 0);
}

static int
bad_patch_size(struct xr_env *e)
{
	return xc_livepatch_upload(e->xch, "x", "", (2 << 20) + 1, 0);
}

static int
bad_hypfs_path(struct xr_env *e)
{
	struct xc_hypfs_entry entry;

	return xc_hypfs_read(e->xch, "/nowhere", &entry, NULL, 0) < 0 ? -1 : 0;
}

static int
bad_hypfs_long(struct xr_env *e)
{
	struct xc_hypfs_entry entry;
	char path[2000];

	memset(path, '/', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	return xc_hypfs_read(e->xch, path, &entry, NULL, 0) < 0 ? -1 : 0;
}

static int
bad_hypfs_dir(struct xr_env *e)
{
	struct xc_hypfs_entry entry;
	char buf[4096];

	return xc_hypfs_read(e->xch, "/buildinfo", &entry, buf, sizeof(buf)) < 0
	    ? -1
	    : 0;
}

static int
bad_hypfs_no_dir(struct xr_env *e)
{
	struct xc_hypfs_entry list[1];

	return xc_hypfs_list(e->xch, "/buildinfo/version/major", list, 1);
}

static int
bad_hypfs_readonly(struct xr_env *e)
{
	const uint32_t five = 5;

	return xc_hypfs_write(e->xch, "/buildinfo/version/major", &five,
	    sizeof(five));
}

const struct xr_bad xr_bad_host[] = {
	{ "version text: nowhere", bad_text_place, EINVAL, 0, 0 },
	{ "version text: a small place", bad_text_room, ENOBUFS, XB_ASKS, 0 },
	{ "PCI places: of nothing", bad_pci_none, EINVAL, 0, 0 },
	{ "a CPU that is not there", bad_cpu, EINVAL, XB_ASKS, 0 },
	{ "governor: a long name", bad_governor, EINVAL, 0, 0 },
	{ "trace buffers: no page", bad_tbuf_size, EINVAL, 0, 0 },
	{ "trace buffers: no map", bad_tbuf_mask, EINVAL, 0, 0 },
	{ "live patch: no name", bad_patch_name, EINVAL, 0, 0 },
	{ "live patch: too large", bad_patch_size, EINVAL, 0, 0 },
	{ "hypfs: no such path", bad_hypfs_path, ENOENT, XB_ASKS, 0 },
	{ "hypfs: a long path", bad_hypfs_long, EINVAL, 0, 0 },
	{ "hypfs: read a directory", bad_hypfs_dir, EISDIR, XB_ASKS, 0 },
	{ "hypfs: list what is none", bad_hypfs_no_dir, ENOTDIR, XB_ASKS, 0 },
	{ "hypfs: read-only", bad_hypfs_readonly, EACCES, XB_ASKS, 0 },
	{ .what = NULL },
};
