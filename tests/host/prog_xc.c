/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libxenctrl against the running hypervisor: a domain is created, given memory,
 * written to, examined and destroyed; the host's free memory must come back.
 * Prints "ok WHAT" or "FAIL WHAT: why" per check; exit status 1 when any failed.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "xenctrl.h"

static int failures;

static void
check(xc_interface *xch, int ok, const char *what)
{
	if (ok) {
		printf("ok %s\n", what);
	} else {
		printf("FAIL %s: %s\n", what, xch != NULL ? xc_last_error(xch)
							   : strerror(errno));
		failures++;
	}
}

static uint64_t
free_pages(xc_interface *xch)
{
	struct xc_physinfo p;

	return xc_physinfo(xch, &p) < 0 ? 0 : p.free_pages + p.scrub_pages;
}

static void
host_facts(xc_interface *xch)
{
	struct xc_physinfo p;
	struct xc_version v;
	char ring[4096];
	uint32_t len = sizeof(ring), id;
	struct xc_domaininfo list[8];

	check(xch, xc_version(xch, &v) == 0 && v.major == 4 &&
	    strstr(v.capabilities, "xen-3.0-x86_64") != NULL, "version");
	printf("# Xen %u.%u%s\n", v.major, v.minor, v.extra);
	check(xch, xc_physinfo(xch, &p) == 0 && p.nr_cpus >= 1 &&
	    p.total_pages > p.free_pages && p.max_mfn >= p.total_pages / 2 &&
	    (p.capabilities & XC_PHYSCAP_PV) != 0, "physinfo");
	check(xch, xc_sched_id(xch, &id) == 0 && (id == 5 || id == 6),
	    "scheduler");
	check(xch, xc_readconsole(xch, ring, &len, false, false, NULL) == 0 &&
	    len > 100, "console ring");
	check(xch, xc_send_debug_keys(xch, "h") == 0, "debug keys");
	check(xch, xc_domain_getinfolist(xch, 0, 8, list) == 1 &&
	    list[0].domid == 0 && list[0].nr_online_vcpus >= 1, "domain list");
	check(xch, xc_domain_getinfo(xch, 0x7000, list) < 0 && errno == ESRCH,
	    "no such domain");
	check(xch, xc_domain_pause(xch, 0x7000) < 0 && errno == ESRCH &&
	    strstr(xc_last_error(xch), "domain 28672: pause") != NULL,
	    "an error names the domain and the call");
}

static void
memory(xc_interface *xch, uint32_t domid)
{
	struct xc_e820 map = { 0, 4u << 20, 1 };
	uint64_t extents[16], big = 1024;
	char *p;

	check(xch, xc_domain_set_max_mem(xch, domid, 8 * 1024) == 0,
	    "memory ceiling");
	check(xch, xc_set_memory_map(xch, domid, &map, 1) == 0, "memory map");
	for (size_t i = 0; i < 16; i++)
		extents[i] = i;
	check(xch, xc_populate_physmap(xch, domid, extents, 16, 0, 0) == 16,
	    "populate 16 pages");
	check(xch, xc_populate_physmap(xch, domid, &big, 1, 9, 0) == 1,
	    "populate 2 MiB");
	big = 4096;
	check(xch, xc_populate_physmap(xch, domid, &big, 1, 12, 0) == 0,
	    "more than the ceiling is a short count");
	check(xch, xc_current_reservation(xch, domid) == 16 + 512,
	    "current reservation");
	p = xc_map_foreign(xch, domid, PROT_READ | PROT_WRITE, extents, NULL,
	    16);
	check(xch, p != NULL, "map 16 pages");
	if (p != NULL) {
		memset(p, 0xa5, 16 * XC_PAGE_SIZE);
		xc_unmap_foreign(xch, p, 16);
		p = xc_map_foreign(xch, domid, PROT_READ, &extents[15], NULL,
		    1);
		check(xch, p != NULL && p[4095] == (char)0xa5,
		    "what was written is there");
		xc_unmap_foreign(xch, p, 1);
	}
	extents[3] = 0x7fffffffff;
	p = xc_map_foreign(xch, domid, PROT_READ, extents, NULL, 16);
	check(xch, p == NULL, "a frame that is not there fails the mapping");
	check(xch, xc_decrease_reservation(xch, domid, &extents[0], 1, 0) == 1,
	    "give back a page");
}

static void
channels(xc_interface *xch, uint32_t domid)
{
	struct xc_evtchn_status st;
	struct xc_evtchn *e = xc_evtchn_open();
	uint32_t ports[8], frames, max_frames;
	uint64_t *grants;
	int remote, local;

	check(NULL, e != NULL, "open /dev/xen/evtchn");
	remote = xc_evtchn_alloc_unbound(xch, domid, 0);
	check(xch, remote > 0, "allocate an event channel");
	local = xc_evtchn_bind_interdomain(e, domid, (uint32_t)remote);
	check(NULL, local > 0, "bind it");
	check(xch, xc_evtchn_status(xch, domid, (uint32_t)remote, &st) == 0 &&
	    st.status == 2 && st.remote_dom == 0 &&
	    st.remote_port == (uint32_t)local, "its status");
	check(NULL, xc_evtchn_notify(e, (uint32_t)local) == 0, "notify");
	/* A fresh interdomain channel is pending once on the binding side. */
	check(NULL, xc_evtchn_pending(e, ports, 8) >= 0, "pending");
	xc_evtchn_close(e);
	check(xch, xc_evtchn_status(xch, domid, (uint32_t)remote, &st) == 0 &&
	    st.status == 1, "closing the device unbinds");
	grants = xc_map_resource(xch, domid, XC_RESOURCE_GRANT_TABLE, 0, 0, 1,
	    PROT_READ | PROT_WRITE);
	check(xch, grants != NULL, "map the grant table");
	xc_unmap_foreign(xch, grants, 1);
	check(xch, xc_gnttab_query(xch, domid, &frames, &max_frames) == 0 &&
	    frames >= 1 && max_frames >= frames, "grant table size");
}

static void
vcpus(xc_interface *xch, uint32_t domid)
{
	uint8_t hard[32] = { 1 };
	struct xc_vcpuinfo info;
	uint16_t weight, cap;

	check(xch, xc_domain_max_vcpus(xch, domid, 2) == 0, "two vCPUs");
	check(xch, xc_vcpu_getinfo(xch, domid, 1, &info) == 0 && !info.online,
	    "vCPU state");
	check(xch, xc_vcpu_setaffinity(xch, domid, 0, hard, NULL, 32) == 0,
	    "set affinity");
	memset(hard, 0, sizeof(hard));
	check(xch, xc_vcpu_getaffinity(xch, domid, 0, hard, NULL, 32) == 0 &&
	    hard[0] == 1 && hard[1] == 0, "get affinity");
	check(xch, xc_sched_credit_set(xch, domid, 512, 50) == 0 &&
	    xc_sched_credit_get(xch, domid, &weight, &cap) == 0 &&
	    weight == 512 && cap == 50, "scheduler weight and cap");
	check(xch, xc_domain_set_address_size(xch, domid, 64) == 0,
	    "address size");
	check(xch, xc_domain_set_tsc_info(xch, domid, 0, 0, 0, 0) == 0,
	    "TSC mode");
	check(xch, xc_domain_set_time_offset(xch, domid, 3600) == 0,
	    "time offset");
}

static void
life(xc_interface *xch, bool first)
{
	struct xc_domain_create req = XC_DOMAIN_CREATE_INIT;
	struct xc_domaininfo info;
	uint64_t before = free_pages(xch), after = 0;
	uint32_t domid = 0, other = 0;

	memcpy(req.handle, "0123456789abcdef", 16);
	req.max_vcpus = 2;
	check(xch, xc_domain_create(xch, &domid, &req) == 0 && domid > 0,
	    "create");
	other = domid;
	check(xch, xc_domain_create(xch, &other, &req) < 0 && errno == EEXIST,
	    "a taken id");
	check(xch, xc_domain_getinfo(xch, domid, &info) == 0 &&
	    info.domid == domid && (info.flags & XC_DOMINF_PAUSED) != 0 &&
	    memcmp(info.handle, req.handle, 16) == 0, "its state");
	vcpus(xch, domid);
	memory(xch, domid);
	channels(xch, domid);
	check(xch, xc_domain_set_handle(xch, domid,
		(const uint8_t *)"fedcba9876543210") == 0 &&
	    xc_domain_getinfo(xch, domid, &info) == 0 &&
	    memcmp(info.handle, "fedcba9876543210", 16) == 0, "set the UUID");
	check(xch, xc_domain_pause(xch, domid) == 0 &&
	    xc_domain_unpause(xch, domid) == 0, "pause and unpause");
	check(xch, xc_domain_destroy(xch, domid) == 0, "destroy");
	check(xch, xc_domain_getinfo(xch, domid, &info) < 0 && errno == ESRCH,
	    "it is gone");
	/* The last pages of a domain are freed after a grace period (RCU). */
	for (int i = 0; i < 50 && (after = free_pages(xch)) < before; i++)
		usleep(100 * 1000);
	printf("# free pages before %llu after %llu\n",
	    (unsigned long long)before, (unsigned long long)after);
	/* The first domain of a boot leaves the hypervisor some pools. */
	if (!first)
		check(xch, after >= before, "the memory came back");
	req.max_grant_version = 7;
	check(xch, xc_domain_create(xch, &domid, &req) < 0 &&
	    (errno == ENOTSUP || errno == EINVAL),
	    "an impossible grant version is refused");
}

int
main(void)
{
	char why[256];
	xc_interface *xch = xc_interface_open(NULL, 0, why, sizeof(why));
	struct xc_stats st;

	if (xch == NULL) {
		printf("FAIL open: %s\n", why);
		return 1;
	}
	host_facts(xch);
	life(xch, true);
	life(xch, false);
	xc_get_stats(xch, &st);
	check(xch, st.total > 30 && st.hypercalls[36] > 10, "statistics");
	xc_interface_close(xch);
	return failures != 0;
}
