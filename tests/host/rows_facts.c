/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rows: the handle, and the host's facts. */
#include "config.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "xc_rows.h"

static int
open_close(struct xr_env *e)
{
	char text[128] = "";
	xc_interface *other = xc_interface_open(NULL, 0, text, sizeof(text));
	struct xc_domaininfo info;
	int r;

	if (other == NULL)
		return text[0] == '\0' ? xr_wrong("no sentence") : -1;
	r = xc_domain_getinfo(other, 0, &info);
	if (xc_release(other) != xc_release(e->xch))
		r = xr_wrong("two handles, two releases");
	xc_interface_close(other);
	xc_interface_close(NULL);
	return r;
}

static int
last_error(struct xr_env *e)
{
	struct xc_domaininfo info;
	xc_interface *other = xc_interface_open(NULL, 0, NULL, 0);
	int r = 0;

	if (other == NULL)
		return -1;
	if (xc_last_error(other)[0] != '\0')
		r = xr_wrong("a fresh handle says '%s'", xc_last_error(other));
	xc_interface_close(other);
	if (r < 0 || xc_domain_pause(e->xch, XR_ABSENT) == 0 ||
	    errno != ESRCH ||
	    strstr(xc_last_error(e->xch), "domain 28672: pause") == NULL)
		return xr_wrong("%s", xc_last_error(e->xch));
	return xc_domain_getinfo(e->xch, 0, &info);
}

static int
release(struct xr_env *e)
{
	struct xc_version v;

	if (xc_version(e->xch, &v) < 0)
		return -1;
	return xc_release(e->xch) == (v.major << 16 | v.minor) && v.major == 4
	    ? 0
	    : xr_wrong("release %#x", xc_release(e->xch));
}

/* What is asked often costs its hypercall and no other system call. */
static int
stats(struct xr_env *e)
{
	static struct xc_domaininfo list[1000];
	struct xc_stats before, after;

	if (xc_domain_getinfolist(e->xch, 0, 1000, list) < 1 ||
	    xc_domain_getinfo(e->xch, 0, list) < 0)
		return -1;
	xc_get_stats(e->xch, &before);
	for (int i = 0; i < 5; i++)
		if (xc_domain_getinfolist(e->xch, 0, 1000, list) < 1 ||
		    xc_domain_getinfo(e->xch, 0, list) < 0)
			return -1;
	xc_get_stats(e->xch, &after);
	if (after.total - before.total != 10 ||
	    after.hypercalls[35] - before.hypercalls[35] != 5 ||
	    after.hypercalls[36] - before.hypercalls[36] != 5)
		return xr_wrong("more than one hypercall a question");
	if (after.buffer_maps != before.buffer_maps)
		return xr_wrong("buffers are not used again");
	return 0;
}

static int
physinfo(struct xr_env *e)
{
	struct xc_physinfo p;

	if (xc_physinfo(e->xch, &p) < 0)
		return -1;
	if (p.nr_cpus < 1 || p.max_cpu_id + 1 < p.nr_cpus || p.nr_nodes < 1 ||
	    p.cpu_khz < 1000 || p.total_pages <= p.free_pages ||
	    p.max_mfn < p.total_pages / 2 || p.hw_cap[0] == 0 ||
	    (p.capabilities & XC_PHYSCAP_PV) == 0)
		return xr_wrong("%u CPUs, %u kHz, %llu pages", p.nr_cpus,
		    p.cpu_khz, (unsigned long long)p.total_pages);
	return 0;
}

static int
version(struct xr_env *e)
{
	struct xc_version v;

	if (xc_version(e->xch, &v) < 0)
		return -1;
	if (v.minor != e->minor || v.pagesize != XC_PAGE_SIZE ||
	    strstr(v.capabilities, "xen-3.0-x86_64") == NULL ||
	    v.compiler[0] == '\0' || v.compile_date[0] == '\0' ||
	    v.virt_start == 0)
		return xr_wrong("%u.%u%s '%s' '%s'", v.major, v.minor, v.extra,
		    v.capabilities, v.compiler);
	return 0;
}

static int
build_id(struct xr_env *e)
{
	uint8_t id[64] = { 0 };
	int n = xc_build_id(e->xch, id, sizeof(id));

	if (n < 0)
		return -1;
	if (n != 20 || memcmp(id, id + 1, 19) == 0)
		return xr_wrong("%d bytes", n);
	return 0;
}

static int
short_build_id(struct xr_env *e)
{
	uint8_t id[3];

	return xc_build_id(e->xch, id, sizeof(id));
}

static int
features(struct xr_env *e)
{
	uint32_t bits = 0;

	if (xc_features(e->xch, 0, &bits) < 0)
		return -1;
	return bits != 0 ? 0 : xr_wrong("no features");
}

static int
cputopology(struct xr_env *e)
{
	struct xc_cputopology cpus[64];
	struct xc_physinfo p;
	int n = xc_cputopology(e->xch, cpus, 64);

	if (n < 0 || xc_physinfo(e->xch, &p) < 0)
		return -1;
	if (n < (int)p.nr_cpus || cpus[0].node != 0 || cpus[0].socket != 0)
		return xr_wrong("%d processors", n);
	n = xc_cputopology(e->xch, cpus, 1);
	return n < 0 ? -1 : n == 1 ? 0 : xr_wrong("%d of 1", n);
}

static int
numainfo(struct xr_env *e)
{
	struct xc_numanode nodes[4];
	struct xc_physinfo p;
	uint32_t distance[16] = { 0 };
	int n = xc_numainfo(e->xch, nodes, distance, 4);

	if (n < 0 || xc_physinfo(e->xch, &p) < 0)
		return -1;
	if (n != (int)p.nr_nodes || distance[0] != 10 ||
	    nodes[0].size < p.total_pages * XC_PAGE_SIZE / 2 ||
	    nodes[0].free >= nodes[0].size)
		return xr_wrong("%d nodes, distance %u", n, distance[0]);
	n = xc_numainfo(e->xch, nodes, NULL, 1);
	return n < 0 ? -1 : n == 1 ? 0 : xr_wrong("%d of 1", n);
}

static int
idle_times(struct xr_env *e)
{
	struct xc_physinfo p;
	uint64_t idle[64] = { 0 };
	int n = xc_cpu_idle_times(e->xch, idle, 64);

	if (n < 0 || xc_physinfo(e->xch, &p) < 0)
		return -1;
	if (n < (int)p.nr_cpus || idle[0] == 0)
		return xr_wrong("%d processors", n);
	return 0;
}

static int
availheap(struct xr_env *e)
{
	struct xc_physinfo p;
	int64_t all = xc_availheap(e->xch, 0, 0, -1), low;

	if (all < 0 || xc_physinfo(e->xch, &p) < 0)
		return -1;
	low = xc_availheap(e->xch, 0, 32, -1);
	if (low < 0)
		return -1;
	if (all == 0 || low > all ||
	    (uint64_t)all > p.total_pages * XC_PAGE_SIZE)
		return xr_wrong("%lld bytes", (long long)all);
	return 0;
}

static int
sched_id(struct xr_env *e)
{
	uint32_t id = 0;

	if (xc_sched_id(e->xch, &id) < 0)
		return -1;
	return id == 5 || id == 6 ? 0 : xr_wrong("scheduler %u", id);
}

static int
readconsole(struct xr_env *e)
{
	static char ring[65536];
	uint32_t len = sizeof(ring), index = 0, before;

	if (xc_readconsole(e->xch, ring, &len, false, true, &index) < 0)
		return -1;
	if (len == 0 || index < len)
		return xr_wrong("%u bytes, index %u", len, index);
	before = index;
	if (xc_send_debug_keys(e->xch, "h") < 0)
		return -1;
	for (int i = 0; i < 50 && index == before; i++) {
		len = sizeof(ring);
		if (xc_readconsole(e->xch, ring, &len, false, true, &index) < 0)
			return -1;
		if (index == before)
			usleep(20 * 1000);
	}
	return index > before ? 0 : xr_wrong("the ring does not go on");
}

static int
clear_console(struct xr_env *e)
{
	static char ring[65536];
	uint32_t len = sizeof(ring);

	if (xc_readconsole(e->xch, ring, &len, true, false, NULL) < 0)
		return -1;
	len = sizeof(ring);
	if (xc_readconsole(e->xch, ring, &len, false, false, NULL) < 0)
		return -1;
	return len < 4096 ? 0 : xr_wrong("%u bytes are left", len);
}

static int
debug_keys(struct xr_env *e)
{
	return xc_send_debug_keys(e->xch, "hh");
}

const struct xr_row xr_rows_facts[] = {
	{ .function = "xc_interface_open", open_close,
	    .flags = XR_RECOVERS | XR_SILENT },
	{ .function = "xc_interface_close", open_close,
	    .flags = XR_RECOVERS | XR_SILENT },
	{ .function = "xc_last_error", last_error, .flags = XR_NO_FAULT },
	{ .function = "xc_release", release },
	{ .function = "xc_get_stats", stats },
	{ .function = "xc_physinfo", physinfo },
	{ .function = "xc_version", version },
	{ .function = "xc_build_id", build_id },
	{ .function = "xc_features", features },
	{ .function = "xc_cputopology", cputopology },
	{ .function = "xc_numainfo", numainfo },
	{ .function = "xc_cpu_idle_times", idle_times },
	{ .function = "xc_availheap", availheap },
	{ .function = "xc_sched_id", sched_id },
	{ .function = "xc_readconsole", readconsole },
	{ .function = "xc_readconsole", clear_console },
	{ .function = "xc_send_debug_keys", debug_keys },
	{ 0 },
};

static int
no_console(struct xr_env *e)
{
	uint32_t none = 0;
	char c;

	return xc_readconsole(e->xch, &c, &none, false, false, NULL);
}

static int
huge_console(struct xr_env *e)
{
	uint32_t much = (64u << 20) + 1;
	char c;

	return xc_readconsole(e->xch, &c, &much, false, false, NULL);
}

static int
no_keys(struct xr_env *e)
{
	return xc_send_debug_keys(e->xch, "");
}

static int
many_keys(struct xr_env *e)
{
	char keys[1026];

	memset(keys, 'h', sizeof(keys));
	keys[1025] = '\0';
	return xc_send_debug_keys(e->xch, keys);
}

static int
no_processors(struct xr_env *e)
{
	struct xc_cputopology cpu;

	return xc_cputopology(e->xch, &cpu, 0);
}

static int
many_processors(struct xr_env *e)
{
	uint64_t idle;

	return xc_cpu_idle_times(e->xch, &idle, 16385);
}

static int
many_nodes(struct xr_env *e)
{
	struct xc_numanode node;

	return xc_numainfo(e->xch, &node, NULL, 257);
}

const struct xr_bad xr_bad_facts[] = {
	{ "a build id that does not fit", short_build_id, ENOBUFS, XB_ASKS, 0 },
	{ "a console buffer of none", no_console, EINVAL, 0, 0 },
	{ "a huge console buffer", huge_console, EINVAL, 0, 0 },
	{ "no debug key", no_keys, EINVAL, 0, 0 },
	{ "too many debug keys", many_keys, EINVAL, 0, 0 },
	{ "the places of no processor", no_processors, EINVAL, 0, 0 },
	{ "the idle times of too many", many_processors, EINVAL, 0, 0 },
	{ "too many nodes", many_nodes, EINVAL, 0, 0 },
	{ 0 },
};
