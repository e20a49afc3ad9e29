/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libxenctrl against the running hypervisor: a domain is created, given memory,
 * written to, examined and destroyed; the host's free memory must come back.
 * Prints "ok WHAT" or "FAIL WHAT: why" per check; exit status 1 when any failed.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <xen/xen.h>
#include <xen/grant_table.h>
#include <xen/hvm/params.h>

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
topology(xc_interface *xch)
{
	struct xc_physinfo p;
	struct xc_cputopology cpus[64];
	struct xc_numanode nodes[4];
	uint32_t distance[16];
	uint64_t idle[64];
	int64_t all;
	int n;

	if (xc_physinfo(xch, &p) < 0)
		return;
	n = xc_cputopology(xch, cpus, 64);
	check(xch, n >= (int)p.nr_cpus && cpus[0].node == 0 &&
	    cpus[0].socket == 0, "CPU topology");
	check(xch, xc_cputopology(xch, cpus, 1) == 1,
	    "a short array gets its part");
	n = xc_numainfo(xch, nodes, distance, 4);
	check(xch, n == (int)p.nr_nodes && distance[0] == 10 &&
	    nodes[0].size >= p.total_pages * XC_PAGE_SIZE / 2 &&
	    nodes[0].free < nodes[0].size, "NUMA nodes");
	check(xch, xc_numainfo(xch, nodes, NULL, 1) == 1, "without distances");
	n = xc_cpu_idle_times(xch, idle, 64);
	check(xch, n >= (int)p.nr_cpus && idle[0] > 0, "idle times");
	all = xc_availheap(xch, 0, 0, -1);
	check(xch, all > 0 && (uint64_t)all <= p.total_pages * XC_PAGE_SIZE,
	    "free heap");
	check(xch, xc_availheap(xch, 0, 32, -1) <= all, "free heap below 4 GiB");
}

static void
console_and_facts(xc_interface *xch)
{
	uint8_t id[64];
	char ring[65536];
	uint32_t bits = 0, len = sizeof(ring), index = 0, before;
	int n = xc_build_id(xch, id, sizeof(id));

	check(xch, n == 20 || (n < 0 && errno == ENODATA), "build id");
	if (n > 0)
		check(xch, xc_build_id(xch, id, 3) < 0 && errno == ENOBUFS,
		    "a build id that does not fit");
	check(xch, xc_features(xch, 0, &bits) == 0 && bits != 0, "features");
	check(xch, xc_readconsole(xch, ring, &len, false, true, &index) == 0 &&
	    len > 0 && index >= len, "console ring from an index");
	before = index;
	check(xch, xc_send_debug_keys(xch, "h") == 0, "a debug key");
	for (int i = 0; i < 50 && index == before; i++) {
		len = sizeof(ring);
		if (xc_readconsole(xch, ring, &len, false, true, &index) < 0)
			break;
		usleep(20 * 1000);
	}
	check(xch, index > before, "the ring goes on from the index");
	len = sizeof(ring);
	check(xch, xc_readconsole(xch, ring, &len, true, false, NULL) == 0,
	    "read and clear the ring");
	len = sizeof(ring);
	check(xch, xc_readconsole(xch, ring, &len, false, false, NULL) == 0 &&
	    len < 4096, "it was cleared");
}

/* What is asked often costs its hypercall and no other system call. */
static void
cost(xc_interface *xch)
{
	static struct xc_domaininfo list[1000];
	struct xc_stats before, after;

	xc_domain_getinfolist(xch, 0, 1000, list);
	xc_domain_getinfo(xch, 0, list);
	xc_get_stats(xch, &before);
	for (int i = 0; i < 10; i++)
		if (xc_domain_getinfolist(xch, 0, 1000, list) != 1 ||
		    xc_domain_getinfo(xch, 0, list) < 0)
			break;
	xc_get_stats(xch, &after);
	check(xch, after.total - before.total == 20 &&
	    after.hypercalls[35] - before.hypercalls[35] == 10 &&
	    after.hypercalls[36] - before.hypercalls[36] == 10,
	    "one hypercall a question");
	check(xch, after.buffer_maps == before.buffer_maps,
	    "buffers are used again");
}

/* Arguments that no hypervisor is to see. */
static void
bad_arguments(xc_interface *xch)
{
	struct xc_domaininfo info;
	uint64_t frame = 0;
	uint8_t map[1] = { 1 };
	char c[1];
	uint32_t none = 0;

	check(xch, xc_domain_getinfo(xch, 0x10000, &info) < 0 &&
	    errno == ESRCH, "id 0x10000 is not domain 0");
	check(xch, xc_domain_shutdown(xch, 0x10000, 0) < 0 && errno == ESRCH,
	    "nor for a shutdown");
	check(xch, xc_populate_physmap(xch, 0x10000, &frame, 1, 0, 0) < 0 &&
	    errno == ESRCH, "nor for memory");
	check(xch, xc_current_reservation(xch, 0x10000) < 0 && errno == ESRCH,
	    "nor for its size");
	check(xch, xc_map_foreign(xch, 0x10000, PROT_READ, &frame, NULL, 1) ==
	    NULL && errno == ESRCH, "nor for a mapping");
	check(xch, xc_evtchn_alloc_unbound(xch, 0, 0x10000) < 0 &&
	    errno == ESRCH, "nor for an event channel");
	check(xch, xc_pin_table(xch, 0x10001, 1, 1) < 0 && errno == ESRCH,
	    "nor for a page table");
	check(xch, xc_hvm_param_set(xch, 0x10001, 1, 1) < 0 && errno == ESRCH,
	    "nor for a parameter");
	check(xch, xc_domain_getinfolist(xch, 0x10000, 1, &info) == 0,
	    "no domains from there on");
	check(xch, xc_domain_getinfolist(xch, 0, 0, &info) < 0 &&
	    errno == EINVAL, "a list of none");
	check(xch, xc_map_foreign(xch, 0, PROT_READ, &frame, NULL, 0) == NULL &&
	    errno == EINVAL, "a mapping of none");
	check(xch, xc_map_foreign(xch, 0, PROT_READ, &frame, NULL,
		SIZE_MAX / 8) == NULL && errno == EINVAL, "a huge mapping");
	check(xch, xc_populate_physmap(xch, 0, &frame, SIZE_MAX / 4, 0, 0) <
	    0 && errno == EINVAL, "a huge number of extents");
	check(xch, xc_readconsole(xch, c, &none, false, false, NULL) < 0 &&
	    errno == EINVAL, "a console buffer of none");
	check(xch, xc_vcpu_setaffinity(xch, 0, 0, map, NULL, 1 << 20) < 0 &&
	    errno == EINVAL, "a huge CPU map");
	check(xch, xc_vcpu_setcontext(xch, 0, 0, map, 1) < 0 &&
	    errno == EINVAL, "registers of a wrong size");
	check(xch, xc_pin_table(xch, 0, 5, 1) < 0 && errno == EINVAL,
	    "a page table of level 5");
	check(xch, xc_send_debug_keys(xch, "") < 0 && errno == EINVAL,
	    "no debug key");
}

/* Every frame of the first mapping is written, the mfns are in extents. */
static void
fill(xc_interface *xch, uint32_t domid, const uint64_t *frames, size_t n,
    int byte)
{
	char *p = xc_map_foreign(xch, domid, PROT_READ | PROT_WRITE, frames,
	    NULL, n);

	check(xch, p != NULL, "map to fill");
	if (p == NULL)
		return;
	memset(p, byte, n * XC_PAGE_SIZE);
	xc_unmap_foreign(xch, p, n);
}

/* A table of zeros is a valid one of any level. */
static void
page_tables(xc_interface *xch, uint32_t domid, const uint64_t *mfns)
{
	static struct vcpu_guest_context set, got;
	unsigned char *p;

	fill(xch, domid, mfns, 2, 0);
	check(xch, xc_pin_table(xch, domid, 1, mfns[0]) == 0 &&
	    xc_unpin_table(xch, domid, mfns[0]) == 0, "pin, unpin level 1");
	check(xch, xc_unpin_table(xch, domid, mfns[0]) < 0, "unpin twice");
	check(xch, xc_vcpu_getcontext(xch, domid, 0, &got, sizeof(got)) < 0 &&
	    errno == ENODATA, "no registers yet");
	check(xch, xc_pin_table(xch, domid, 4, mfns[1]) == 0, "pin level 4");
	set.flags = VGCF_in_kernel | VGCF_online;
	set.user_regs.rip = 0x123456;
	set.user_regs.rsi = 0xfeedbeef;
	set.user_regs.cs = 0xe033;
	set.user_regs.ss = 0xe02b;
	set.kernel_ss = 0xe02b;
	set.ctrlreg[3] = mfns[1] << XC_PAGE_SHIFT;
	check(xch, xc_vcpu_setcontext(xch, domid, 0, &set, sizeof(set)) == 0,
	    "set registers");
	check(xch, xc_vcpu_getcontext(xch, domid, 0, &got, sizeof(got)) == 0 &&
	    got.user_regs.rip == 0x123456 &&
	    got.user_regs.rsi == 0xfeedbeef &&
	    got.ctrlreg[3] == set.ctrlreg[3], "get registers");
	check(xch, xc_domain_hypercall_init(xch, domid, mfns[2]) == 0,
	    "hypercall page");
	p = xc_map_foreign(xch, domid, PROT_READ, &mfns[2], NULL, 1);
	check(xch, p != NULL && p[0] != 0xa5 && p[32] == p[0],
	    "it holds code now");
	xc_unmap_foreign(xch, p, 1);
}

static void
grants(xc_interface *xch, uint32_t domid, const uint64_t *mfns)
{
	struct xc_gnttab *g = xc_gnttab_open();
	grant_entry_v1_t *table;
	uint32_t refs[2] = { 8, 9 };
	uint64_t mfn = 0;
	char *p;

	check(NULL, g != NULL, "open /dev/xen/gntdev");
	table = xc_map_resource(xch, domid, XC_RESOURCE_GRANT_TABLE, 0, 0, 1,
	    PROT_READ | PROT_WRITE);
	check(xch, table != NULL, "map the grant table");
	if (g == NULL || table == NULL)
		return;
	for (int i = 0; i < 2; i++) {
		table[refs[i]].domid = 0;
		table[refs[i]].frame = (uint32_t)mfns[i];
		table[refs[i]].flags = GTF_permit_access;
	}
	xc_unmap_foreign(xch, table, 1);
	check(xch, xc_resource_size(xch, domid, XC_RESOURCE_GRANT_TABLE, 0) >=
	    1, "size of the grant table");
	fill(xch, domid, mfns, 2, 0x5a);
	p = xc_gnttab_map_refs(g, domid, refs, 2, PROT_READ | PROT_WRITE);
	check(NULL, p != NULL, "map two grants");
	if (p != NULL) {
		check(NULL, p[0] == 0x5a && p[8191] == 0x5a,
		    "they are the pages granted");
		check(NULL, xc_gnttab_unmap(g, p) == 0, "unmap them");
	}
	p = xc_gnttab_map(g, domid, 9, PROT_READ);
	check(NULL, p != NULL && p[7] == 0x5a && xc_gnttab_unmap(g, p) == 0,
	    "one grant read-only");
	check(NULL, xc_gnttab_map(g, domid, 10, PROT_READ) == NULL,
	    "a reference that is no grant");
	xc_gnttab_close(g);
	check(xch, xc_gnttab_setup(xch, domid, &mfn) == 0 && mfn != 0,
	    "the grant table's first frame");
}

static void
memory(xc_interface *xch, uint32_t domid)
{
	struct xc_e820 map = { 0, 4u << 20, 1 };
	struct xc_domaininfo info;
	uint64_t extents[16], big = 1024;
	int errs[16];
	char *p;

	check(xch, xc_domain_set_max_mem(xch, domid, 8 * 1024) == 0,
	    "memory ceiling");
	check(xch, xc_maximum_reservation(xch, domid) == 2048,
	    "the ceiling in pages");
	check(xch, xc_set_memory_map(xch, domid, &map, 1) == 0, "memory map");
	check(xch, xc_claim_pages(xch, domid, 700) == 0 &&
	    xc_domain_getinfo(xch, domid, &info) == 0 &&
	    info.outstanding_pages == 700, "claim memory");
	for (size_t i = 0; i < 16; i++)
		extents[i] = i;
	check(xch, xc_populate_physmap(xch, domid, extents, 16, 0, 0) == 16,
	    "populate 16 pages");
	check(xch, xc_populate_physmap(xch, domid, &big, 1, 9, 0) == 1,
	    "populate 2 MiB");
	check(xch, xc_domain_getinfo(xch, domid, &info) == 0 &&
	    info.outstanding_pages == 700 - 528 && info.tot_pages == 528 &&
	    xc_claim_pages(xch, domid, 0) == 0, "end the claim");
	p = xc_map_foreign_range(xch, domid, PROT_READ | PROT_WRITE, big, 512);
	check(xch, p != NULL, "map a range");
	xc_unmap_foreign(xch, p, 512);
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
	grants(xch, domid, &extents[4]);
	page_tables(xch, domid, &extents[8]);
	extents[3] = 0x7fffffffff;
	p = xc_map_foreign(xch, domid, PROT_READ, extents, errs, 16);
	check(xch, p != NULL && errs[3] < 0 && errs[2] == 0 && errs[4] == 0,
	    "with a list of errors the others are mapped");
	xc_unmap_foreign(xch, p, 16);
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
	check(xch, xc_gnttab_query(xch, domid, &frames, &max_frames) == 0 &&
	    frames >= 1 && max_frames >= frames, "grant table size");
}

static bool
fired(struct xc_evtchn *e, int port)
{
	struct pollfd fd = { .fd = xc_evtchn_fd(e), .events = POLLIN };
	uint32_t ports[8];
	int n;

	while (poll(&fd, 1, 5000) == 1) {
		n = xc_evtchn_pending(e, ports, 8);
		for (int i = 0; i < n; i++) {
			xc_evtchn_unmask(e, ports[i]);
			if ((int)ports[i] == port)
				return true;
		}
	}
	return false;
}

/* dom0 with itself. */
static void
own_channels(void)
{
	struct xc_evtchn *a = xc_evtchn_open(), *b = xc_evtchn_open();
	int pa, pb;

	check(NULL, a != NULL && b != NULL, "open the device twice");
	if (a == NULL || b == NULL)
		return;
	pa = xc_evtchn_bind_unbound(a, 0);
	check(NULL, pa > 0, "bind an unbound port");
	pb = xc_evtchn_bind_interdomain(b, 0, (uint32_t)pa);
	check(NULL, pb > 0, "bind the other end");
	for (int i = 0; i < 3; i++) {
		check(NULL, xc_evtchn_notify(b, (uint32_t)pb) == 0 &&
		    fired(a, pa), "one way");
		check(NULL, xc_evtchn_notify(a, (uint32_t)pa) == 0 &&
		    fired(b, pb), "the other way");
	}
	check(NULL, xc_evtchn_bind_unbound(a, 0x10000) < 0 && errno == ESRCH,
	    "no such remote domain");
	check(NULL, xc_evtchn_unbind(b, (uint32_t)pb) == 0 &&
	    xc_evtchn_unbind(b, (uint32_t)pb) < 0, "unbind once");
	xc_evtchn_close(a);
	xc_evtchn_close(b);
}

/* A domain with hardware assistance: what PV domains have not. */
static void
pvh(xc_interface *xch, uint32_t target)
{
	struct xc_domain_create req = XC_DOMAIN_CREATE_INIT;
	uint32_t domid = 0;
	uint64_t gfns[4] = { 0, 1, 2, 3 }, v = 0;
	char *p;

	req.flags = XC_CDF_HVM | XC_CDF_HAP;
	req.emulation_flags = 1;
	check(xch, xc_domain_create(xch, &domid, &req) == 0, "create PVH");
	check(xch, xc_domain_max_vcpus(xch, domid, 1) == 0, "one vCPU");
	check(xch, xc_set_paging_mempool(xch, domid, 4 << 20) == 0 &&
	    xc_get_paging_mempool(xch, domid, &v) == 0 && v == 4u << 20,
	    "paging pool");
	check(xch, xc_domain_set_max_mem(xch, domid, 4096) == 0 &&
	    xc_populate_physmap(xch, domid, gfns, 4, 0, 0) == 4, "memory");
	check(xch, xc_maximum_gpfn(xch, domid) >= 3, "highest frame");
	check(xch, xc_add_to_physmap(xch, domid, XC_MAPSPACE_SHARED_INFO, 0,
		8) == 0, "place the shared info");
	p = xc_map_foreign_range(xch, domid, PROT_READ, 8, 1);
	check(xch, p != NULL, "map it");
	xc_unmap_foreign(xch, p, 1);
	check(xch, xc_remove_from_physmap(xch, domid, 8) == 0 &&
	    xc_map_foreign_range(xch, domid, PROT_READ, 8, 1) == NULL,
	    "take it out");
	check(xch, xc_hvm_param_set(xch, domid, HVM_PARAM_STORE_PFN, 3) == 0 &&
	    xc_hvm_param_get(xch, domid, HVM_PARAM_STORE_PFN, &v) == 0 &&
	    v == 3, "a parameter");
	check(xch, xc_hvm_param_set(xch, domid, 9999, 3) < 0 &&
	    errno == EINVAL, "a parameter there is not");
	check(xch, xc_domain_send_trigger(xch, domid, 0, 0) == 0, "NMI");
	check(xch, xc_domain_send_trigger(xch, domid, 0, 9) < 0,
	    "NMI to no vCPU");
	check(xch, xc_domain_set_target(xch, target, domid) == 0,
	    "a domain serves another");
	check(xch, xc_domain_set_target(xch, target, 0x10000 + domid) < 0 &&
	    errno == ESRCH, "it serves none");
	check(xch, xc_domain_destroy_step(xch, domid) >= 0 &&
	    xc_domain_destroy(xch, domid) <= 0, "destroy PVH");
}

static void
vcpus(xc_interface *xch, uint32_t domid)
{
	uint8_t hard[32] = { 1 };
	struct xc_vcpuinfo info;
	struct xc_domaininfo dom;
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
	hard[0] = 1;
	check(xch, xc_domain_set_node_affinity(xch, domid, hard, 1) == 0 &&
	    xc_domain_get_node_affinity(xch, domid, hard, 32) == 0 &&
	    hard[0] == 1 && hard[31] == 0, "node affinity");
	check(xch, xc_domain_set_debugging(xch, domid, true) == 0 &&
	    xc_domain_getinfo(xch, domid, &dom) == 0 &&
	    (dom.flags & XC_DOMINF_DEBUGGED) != 0 &&
	    xc_domain_set_debugging(xch, domid, false) == 0, "debugging");
	check(xch, xc_domain_set_time_offset(xch, domid, 3600) == 0,
	    "time offset");
}

/* True when the host has as much free memory as before. */
static bool
life(xc_interface *xch)
{
	struct xc_domain_create req = XC_DOMAIN_CREATE_INIT;
	struct xc_domaininfo info;
	uint64_t before = free_pages(xch), after = 0;
	uint32_t domid = 0, other = 0;
	struct xc_evtchn *e;
	int virq;

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
	check(xch, xc_domain_shutdown(xch, domid, 2) == 0 &&
	    xc_domain_getinfo(xch, domid, &info) == 0 &&
	    (info.flags & XC_DOMINF_SHUTDOWN) != 0 &&
	    info.shutdown_reason == 2, "shut down to suspend");
	check(xch, xc_domain_resume(xch, domid) == 0 &&
	    xc_domain_getinfo(xch, domid, &info) == 0 &&
	    (info.flags & XC_DOMINF_SHUTDOWN) == 0, "resume");
	pvh(xch, domid);
	check(xch, xc_domain_pause(xch, domid) == 0 &&
	    xc_domain_unpause(xch, domid) == 0, "pause and unpause");
	e = xc_evtchn_open();
	virq = e == NULL ? -1 : xc_evtchn_bind_virq(e, XC_VIRQ_DOM_EXC);
	check(NULL, virq > 0, "bind the virtual interrupt of domain ends");
	check(xch, xc_domain_destroy(xch, domid) == 0, "destroy");
	check(NULL, fired(e, virq), "it tells");
	xc_evtchn_close(e);
	check(xch, xc_domain_getinfo(xch, domid, &info) < 0 && errno == ESRCH,
	    "it is gone");
	/* The last pages of a domain are freed after a grace period (RCU). */
	for (int i = 0; i < 50 && (after = free_pages(xch)) < before; i++)
		usleep(100 * 1000);
	printf("# free pages before %llu after %llu\n",
	    (unsigned long long)before, (unsigned long long)after);
	req.max_grant_version = 7;
	check(xch, xc_domain_create(xch, &domid, &req) < 0 &&
	    (errno == ENOTSUP || errno == EINVAL),
	    "an impossible grant version is refused");
	return after >= before;
}

/* --count: how many domains there are. */
static int
count(xc_interface *xch)
{
	struct xc_domaininfo list[64];

	printf("%d\n", xc_domain_getinfolist(xch, 0, 64, list));
	return 0;
}

int
main(int argc, char **argv)
{
	bool back = false;
	char why[256];
	xc_interface *xch = xc_interface_open(NULL, 0, why, sizeof(why));
	struct xc_stats st;

	if (xch == NULL) {
		printf("FAIL open: %s\n", why);
		return 1;
	}
	if (argc > 1 && strcmp(argv[1], "--count") == 0)
		return count(xch);
	check(xch, xc_release(xch) >> 16 == 4 && xc_last_error(xch)[0] == '\0',
	    "a fresh handle");
	host_facts(xch);
	topology(xch);
	console_and_facts(xch);
	bad_arguments(xch);
	cost(xch);
	own_channels();
	/* The first few domains of a boot leave the hypervisor some pools (2 pages
	 * each on 4.14); a leak would go on. */
	for (int i = 0; i < 8 && !back; i++)
		back = life(xch);
	check(xch, back, "the memory came back");
	xc_get_stats(xch, &st);
	check(xch, st.total > 30 && st.hypercalls[36] > 10, "statistics");
	xc_interface_close(xch);
	return failures != 0;
}
