/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The encoders and decoders of libxenctrl, byte for byte for every release from
 * 4.14 to 4.22, and our numbers and offsets against the headers of Xen 4.17 when
 * those are the ones installed. No hypervisor is involved.
 */
#include "config.h"

#include <check.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <xen/domctl.h>
#include <xen/sysctl.h>

#include "xc_abi.h"

#define REL(min)	  (4u << 16 | (min))
#define N(a)		  (sizeof(a) / sizeof((a)[0]))
#define member_size(t, m) sizeof(((t *)0)->m)

static const struct {
	unsigned minor;
	uint32_t domctl, sysctl;
} releases[] = {
	{ 14, 0x12, 0x13 }, { 15, 0x13, 0x13 }, { 16, 0x14, 0x14 },
	{ 17, 0x15, 0x15 }, { 18, 0x16, 0x15 }, { 19, 0x17, 0x15 },
	{ 20, 0x17, 0x15 }, { 21, 0x17, 0x16 }, { 22, 0x18, 0x16 },
};

static const struct xc_abi *
abi_of(unsigned minor)
{
	for (size_t i = 0; i < N(releases); i++)
		if (releases[i].minor == minor)
			return xc_abi_find(REL(minor), releases[i].domctl,
			    releases[i].sysctl);
	return NULL;
}

START_TEST(every_release_has_its_row)
{
	for (size_t i = 0; i < N(releases); i++) {
		const struct xc_abi *a = abi_of(releases[i].minor);

		ck_assert_ptr_nonnull(a);
		ck_assert_uint_eq(a->domctl, releases[i].domctl);
		ck_assert_uint_eq(a->sysctl, releases[i].sysctl);
		/* Its release with another's versions is not known. */
		ck_assert_ptr_null(xc_abi_find(REL(releases[i].minor),
		    releases[i].domctl + 1, releases[i].sysctl));
		ck_assert_ptr_null(xc_abi_find(REL(releases[i].minor),
		    releases[i].domctl, releases[i].sysctl + 1));
	}
	ck_assert_ptr_null(xc_abi_find(REL(13), 0x12, 0x12));
	ck_assert_ptr_null(xc_abi_find(REL(23), 0x18, 0x16));
}
END_TEST

/* A request that every release can do. */
static struct xc_domain_create
plain_request(void)
{
	struct xc_domain_create r = {
		.ssidref = 0x11121314,
		.handle = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
		    16 },
		.flags = XC_CDF_HVM | XC_CDF_HAP,
		.iommu_opts = 0x21222324,
		.max_vcpus = 0x31323334,
		.max_evtchn_port = 0x41424344,
		.max_grant_frames = -1,
		.max_maptrack_frames = 0x51525354,
		.emulation_flags = 0x3ff,
	};

	return r;
}

/* The same plus what only newer ones can, as far as `minor` goes. */
static struct xc_domain_create
full_request(unsigned minor)
{
	struct xc_domain_create r = plain_request();

	if (minor >= 15) {
		r.vmtrace_size = 0x61626364;
		r.misc_flags = 1;
		r.flags |= XC_CDF_NESTED_VIRT;
	}
	if (minor >= 16) {
		r.max_grant_version = 1;
		r.flags |= XC_CDF_VPMU;
	}
	if (minor >= 17)
		r.cpupool_id = 0x71727374;
	return r;
}

/* Little-endian words of createdomain after the 44 bytes that never changed. */
static const struct {
	unsigned minor;
	uint32_t flags;
	uint32_t tail[7];
} golden_create[] = {
	{ 14, 0x03, { 0x3ff } },
	{ 15, 0x43, { 0x61626364, 0x3ff, 1 } },
	{ 16, 0xc3, { 1, 0x61626364, 0x3ff, 1 } },
	{ 17, 0xc3, { 1, 0x61626364, 0x71727374, 0x3ff, 1 } },
	{ 18, 0xc3, { 1, 0x61626364, 0x71727374, 0x3ff, 1 } },
	{ 19, 0xc3, { 1, 0, 0x61626364, 0x71727374, 0x3ff, 1 } },
	{ 20, 0xc3, { 1, 0, 0x61626364, 0x71727374, 0x3ff, 1 } },
	{ 21, 0xc3, { 1, 0, 0x61626364, 0x71727374, 0x3ff, 1 } },
	{ 22, 0xc3, { 1, 0, 0x61626364, 0x71727374, 0x3ff, 1 } },
};

START_TEST(create_is_encoded_for_each_release)
{
	static const uint32_t head[11] = { 0x11121314, 0x04030201, 0x08070605,
		0x0c0b0a09, 0x100f0e0d, 0, 0x21222324, 0x31323334, 0x41424344,
		0xffffffff, 0x51525354 };
	struct xc_domain_create r = full_request(golden_create[_i].minor);
	uint32_t want[XC_CTL_PAYLOAD / 4] = { 0 };
	uint8_t got[XC_CTL_PAYLOAD];
	const char *what;

	memcpy(want, head, sizeof(head));
	want[5] = golden_create[_i].flags;
	memcpy(&want[11], golden_create[_i].tail, 7 * sizeof(uint32_t));
	memset(got, 0xee, sizeof(got));
	ck_assert_int_eq(xc_encode_create(abi_of(golden_create[_i].minor), &r,
	    2, got, &what), 0);
	ck_assert_ptr_null(what);
	ck_assert_mem_eq(got, want, sizeof(want));
}
END_TEST

START_TEST(no_wish_takes_the_highest_grant_version)
{
	struct xc_domain_create r = plain_request();
	uint8_t out[XC_CTL_PAYLOAD];
	const char *what;

	ck_assert_int_eq(xc_encode_create(abi_of(17), &r, 2, out, &what), 0);
	ck_assert_uint_eq(out[44], 2);
	/* 4.14 has no such field: the word is the emulation flags. */
	ck_assert_int_eq(xc_encode_create(abi_of(14), &r, 2, out, &what), 0);
	ck_assert_uint_eq(out[44], 0xff);
	ck_assert_uint_eq(out[48], 0);
}
END_TEST

static void
refused(unsigned minor, const struct xc_domain_create *r, const char *why)
{
	uint8_t out[XC_CTL_PAYLOAD];
	const char *what = NULL;

	errno = 0;
	ck_assert_int_eq(xc_encode_create(abi_of(minor), r, 2, out, &what), -1);
	ck_assert_int_eq(errno, ENOTSUP);
	ck_assert_ptr_nonnull(what);
	ck_assert_ptr_nonnull(strstr(what, why));
}

START_TEST(what_a_release_lacks_is_refused)
{
	struct xc_domain_create r = plain_request();

	r.vmtrace_size = 4096;
	refused(14, &r, "trace");
	r = plain_request();
	r.misc_flags = 1;
	refused(14, &r, "miscellaneous");
	r = plain_request();
	r.max_grant_version = 1;
	refused(14, &r, "grant table version");
	refused(15, &r, "grant table version");
	r = plain_request();
	r.cpupool_id = 1;
	refused(16, &r, "CPU pool");
	r = plain_request();
	r.flags |= XC_CDF_NESTED_VIRT;
	refused(14, &r, "flag");
	r.flags = XC_CDF_VPMU;
	refused(15, &r, "flag");
	r.flags = 1u << 8;
	refused(22, &r, "flag");
}
END_TEST

/* domaininfo of a domain whose fields are all different. */
static const uint8_t golden_info[] = {
	0x34, 0x12, 0, 0, 0x05, 0x01, 0x03, 0,
	1, 0, 0, 0, 0, 0, 0, 0x10, 2, 0, 0, 0, 0, 0, 0, 0x20,
	3, 0, 0, 0, 0, 0, 0, 0x30, 4, 0, 0, 0, 0, 0, 0, 0x40,
	5, 0, 0, 0, 0, 0, 0, 0x50, 6, 0, 0, 0, 0, 0, 0, 0x60,
	7, 0, 0, 0, 0, 0, 0, 0x70,
	8, 0, 0, 0x80, 9, 0, 0, 0x90, 10, 0, 0, 0xa0,
	'h', 'a', 'n', 'd', 'l', 'e', ' ', 'o', 'f', ' ', '1', '6', ' ', 'b',
	'y', 't', 11, 0, 0, 0xb0,
};

START_TEST(domaininfo_is_decoded)
{
	const struct xc_abi *a = abi_of(releases[_i].minor);
	uint8_t in[XC_CTL_PAYLOAD] = { 0 };
	struct xc_domaininfo o;

	ck_assert_uint_eq(sizeof(golden_info), 96);
	ck_assert_uint_eq(a->info_size, releases[_i].minor < 16 ? 104 : 112);
	memcpy(in, golden_info, sizeof(golden_info));
	/* Behind the common part: the releases' own business. */
	memset(in + 96, 0xee, 16);
	xc_decode_domaininfo(a, in, &o);
	ck_assert_uint_eq(o.domid, 0x1234);
	ck_assert_uint_eq(o.flags,
	    XC_DOMINF_DYING | XC_DOMINF_SHUTDOWN | XC_DOMINF_HAP);
	ck_assert_uint_eq(o.shutdown_reason, 3);
	ck_assert(o.tot_pages == 0x1000000000000001);
	ck_assert(o.max_pages == 0x2000000000000002);
	ck_assert(o.outstanding_pages == 0x3000000000000003);
	ck_assert(o.shr_pages == 0x4000000000000004);
	ck_assert(o.paged_pages == 0x5000000000000005);
	ck_assert(o.shared_info_frame == 0x6000000000000006);
	ck_assert(o.cpu_time == 0x7000000000000007);
	ck_assert_uint_eq(o.nr_online_vcpus, 0x80000008);
	ck_assert_uint_eq(o.max_vcpu_id, 0x90000009);
	ck_assert_uint_eq(o.ssidref, 0xa000000a);
	ck_assert_mem_eq(o.handle, "handle of 16 byt", 16);
	ck_assert_uint_eq(o.cpupool, 0xb000000b);
}
END_TEST

START_TEST(physinfo_is_decoded)
{
	unsigned minor = releases[_i].minor;
	const struct xc_abi *a = abi_of(minor);
	uint32_t in[XC_CTL_PAYLOAD / 4] = { 1, 2, 3, 4, 5, 6, 7, 0x1b };
	uint64_t pages[5] = { 0x1000000000000001, 0x2000000000000002,
		0x3000000000000003, 0x4000000000000004, 0x5000000000000005 };
	uint32_t caps[8] = { 21, 22, 23, 24, 25, 26, 27, 28 };
	size_t at = minor < 17 ? 8 : 10;
	struct xc_physinfo o;

	if (minor >= 16)
		in[7] |= XC_PHYSCAP_GNTTAB_V1;
	if (minor >= 17)
		in[8] = 0xabcd;
	memcpy(&in[at], pages, sizeof(pages));
	memcpy(&in[at + 10], caps, sizeof(caps));
	xc_decode_physinfo(a, (const uint8_t *)in, &o);
	ck_assert_uint_eq(o.threads_per_core, 1);
	ck_assert_uint_eq(o.cores_per_socket, 2);
	ck_assert_uint_eq(o.nr_cpus, 3);
	ck_assert_uint_eq(o.max_cpu_id, 4);
	ck_assert_uint_eq(o.nr_nodes, 5);
	ck_assert_uint_eq(o.max_node_id, 6);
	ck_assert_uint_eq(o.cpu_khz, 7);
	/* Before 4.16 both grant versions were always there, unsaid. */
	ck_assert_uint_eq(o.capabilities, minor < 16
	    ? 0x1bu | XC_PHYSCAP_GNTTAB_V1 | XC_PHYSCAP_GNTTAB_V2
	    : 0x1bu | XC_PHYSCAP_GNTTAB_V1);
	ck_assert_uint_eq(o.arch_capabilities, minor < 17 ? 0 : 0xabcd);
	ck_assert(o.total_pages == pages[0] && o.free_pages == pages[1]);
	ck_assert(o.scrub_pages == pages[2]);
	ck_assert(o.outstanding_pages == pages[3] && o.max_mfn == pages[4]);
	ck_assert_mem_eq(o.hw_cap, caps, sizeof(caps));
}
END_TEST

#if XEN_DOMCTL_INTERFACE_VERSION == 0x15 && XEN_SYSCTL_INTERFACE_VERSION == 0x15
START_TEST(numbers_are_those_of_the_headers)
{
#define SAME(name) ck_assert_int_eq(DOMCTL_##name, XEN_DOMCTL_##name)
	SAME(createdomain);
	SAME(destroydomain);
	SAME(pausedomain);
	SAME(unpausedomain);
	SAME(getdomaininfo);
	SAME(setvcpuaffinity);
	SAME(shadow_op);
	SAME(max_mem);
	SAME(setvcpucontext);
	SAME(getvcpucontext);
	SAME(getvcpuinfo);
	SAME(max_vcpus);
	SAME(scheduler_op);
	SAME(setdomainhandle);
	SAME(setdebugging);
	SAME(hypercall_init);
	SAME(settimeoffset);
	SAME(getvcpuaffinity);
	SAME(resumedomain);
	SAME(sendtrigger);
	SAME(set_address_size);
	SAME(set_target);
	SAME(settscinfo);
	SAME(setnodeaffinity);
	SAME(getnodeaffinity);
	SAME(get_paging_mempool_size);
	SAME(set_paging_mempool_size);
#undef SAME
#define SAME(name) ck_assert_int_eq(SYSCTL_##name, XEN_SYSCTL_##name)
	SAME(readconsole);
	SAME(physinfo);
	SAME(sched_id);
	SAME(getdomaininfolist);
	SAME(debug_keys);
	SAME(getcpuinfo);
	SAME(availheap);
	SAME(cputopoinfo);
	SAME(numainfo);
#undef SAME
	ck_assert_int_eq(XC_HC_DOMCTL, __HYPERVISOR_domctl);
	ck_assert_int_eq(XC_HC_SYSCTL, __HYPERVISOR_sysctl);
	ck_assert_int_eq(XC_HC_MEMORY, __HYPERVISOR_memory_op);
	ck_assert_int_eq(XC_HC_VERSION, __HYPERVISOR_xen_version);
	ck_assert_int_eq(XC_HC_GRANT_TABLE, __HYPERVISOR_grant_table_op);
	ck_assert_int_eq(XC_HC_MMUEXT, __HYPERVISOR_mmuext_op);
	ck_assert_int_eq(XC_HC_SCHED, __HYPERVISOR_sched_op);
	ck_assert_int_eq(XC_HC_EVENT_CHANNEL, __HYPERVISOR_event_channel_op);
	ck_assert_int_eq(XC_HC_HVM, __HYPERVISOR_hvm_op);
}
END_TEST

START_TEST(flags_are_those_of_the_headers)
{
	ck_assert_uint_eq(XC_CDF_HVM, XEN_DOMCTL_CDF_hvm);
	ck_assert_uint_eq(XC_CDF_HAP, XEN_DOMCTL_CDF_hap);
	ck_assert_uint_eq(XC_CDF_S3_INTEGRITY, XEN_DOMCTL_CDF_s3_integrity);
	ck_assert_uint_eq(XC_CDF_OOS_OFF, XEN_DOMCTL_CDF_oos_off);
	ck_assert_uint_eq(XC_CDF_XS_DOMAIN, XEN_DOMCTL_CDF_xs_domain);
	ck_assert_uint_eq(XC_CDF_IOMMU, XEN_DOMCTL_CDF_iommu);
	ck_assert_uint_eq(XC_CDF_NESTED_VIRT, XEN_DOMCTL_CDF_nested_virt);
	ck_assert_uint_eq(XC_CDF_VPMU, XEN_DOMCTL_CDF_vpmu);
	ck_assert_uint_eq(XC_DOMINF_DYING, XEN_DOMINF_dying);
	ck_assert_uint_eq(XC_DOMINF_HVM, XEN_DOMINF_hvm_guest);
	ck_assert_uint_eq(XC_DOMINF_SHUTDOWN, XEN_DOMINF_shutdown);
	ck_assert_uint_eq(XC_DOMINF_PAUSED, XEN_DOMINF_paused);
	ck_assert_uint_eq(XC_DOMINF_BLOCKED, XEN_DOMINF_blocked);
	ck_assert_uint_eq(XC_DOMINF_RUNNING, XEN_DOMINF_running);
	ck_assert_uint_eq(XC_DOMINF_DEBUGGED, XEN_DOMINF_debugged);
	ck_assert_uint_eq(XC_DOMINF_XS, XEN_DOMINF_xs_domain);
	ck_assert_uint_eq(XC_DOMINF_HAP, XEN_DOMINF_hap);
	ck_assert_uint_eq(XC_PHYSCAP_HVM, XEN_SYSCTL_PHYSCAP_hvm);
	ck_assert_uint_eq(XC_PHYSCAP_PV, XEN_SYSCTL_PHYSCAP_pv);
	ck_assert_uint_eq(XC_PHYSCAP_DIRECTIO, XEN_SYSCTL_PHYSCAP_directio);
	ck_assert_uint_eq(XC_PHYSCAP_HAP, XEN_SYSCTL_PHYSCAP_hap);
	ck_assert_uint_eq(XC_PHYSCAP_SHADOW, XEN_SYSCTL_PHYSCAP_shadow);
	ck_assert_uint_eq(XC_PHYSCAP_GNTTAB_V1,
	    XEN_SYSCTL_PHYSCAP_gnttab_v1);
	ck_assert_uint_eq(XC_PHYSCAP_GNTTAB_V2,
	    XEN_SYSCTL_PHYSCAP_gnttab_v2);
}
END_TEST

START_TEST(layouts_are_those_of_the_headers)
{
	const struct xc_abi *a = abi_of(17);

#define AT(t, m, off) ck_assert_uint_eq(offsetof(struct t, m), off)
	ck_assert_uint_eq(sizeof(struct xen_domctl), sizeof(struct xc_domctl));
	ck_assert_uint_eq(sizeof(struct xen_sysctl), sizeof(struct xc_sysctl));
	AT(xen_domctl, domain, offsetof(struct xc_domctl, domain));
	AT(xen_domctl, u, offsetof(struct xc_domctl, u));
	AT(xen_sysctl, u, offsetof(struct xc_sysctl, u));
	ck_assert_uint_eq(sizeof(struct xen_domctl_createdomain),
	    a->create.size);
	ck_assert_uint_eq(sizeof(struct xen_domctl_getdomaininfo),
	    a->info_size);
	AT(xen_domctl_getdomaininfo, cpupool, 92);
	AT(xen_sysctl_physinfo, total_pages, a->phys_total);
	AT(xen_sysctl_physinfo, arch_capabilities, a->phys_arch);
	AT(xen_domctl_vcpuaffinity, cpumap_hard, 8);
	AT(xen_domctl_vcpuaffinity, cpumap_hard.nr_bits, 16);
	AT(xen_domctl_vcpuaffinity, cpumap_soft, 24);
	AT(xen_domctl_vcpuaffinity, cpumap_soft.nr_bits, 32);
	AT(xen_domctl_nodeaffinity, nodemap.nr_bits, 8);
	AT(xen_domctl_vcpucontext, ctxt, 8);
	AT(xen_domctl_getvcpuinfo, online, 4);
	AT(xen_domctl_getvcpuinfo, cpu_time, 8);
	AT(xen_domctl_getvcpuinfo, cpu, 16);
	AT(xen_domctl_shadow_op, mb, 8);
	AT(xen_domctl_tsc_info, elapsed_nsec, 16);
	AT(xen_domctl_sendtrigger, vcpu, 4);
	AT(xen_domctl_scheduler_op, u, 8);
	ck_assert_uint_eq(member_size(struct xen_domctl_hypercall_init, gmfn),
	    8);
	ck_assert_uint_eq(
	    member_size(struct xen_domctl_paging_mempool, size), 8);
	AT(xen_sysctl_readconsole, index, 4);
	AT(xen_sysctl_readconsole, buffer, 8);
	AT(xen_sysctl_readconsole, count, 16);
	AT(xen_sysctl_getdomaininfolist, max_domains, 4);
	AT(xen_sysctl_getdomaininfolist, buffer, 8);
	AT(xen_sysctl_getdomaininfolist, num_domains, 16);
	AT(xen_sysctl_debug_keys, nr_keys, 8);
	AT(xen_sysctl_getcpuinfo, info, 8);
	AT(xen_sysctl_getcpuinfo, nr_cpus, 16);
	AT(xen_sysctl_availheap, avail_bytes, 16);
	AT(xen_sysctl_cputopoinfo, cputopo, 8);
	AT(xen_sysctl_numainfo, meminfo, 8);
	AT(xen_sysctl_numainfo, distance, 16);
	ck_assert_uint_eq(sizeof(struct xen_sysctl_cputopo), 12);
	ck_assert_uint_eq(sizeof(struct xen_sysctl_meminfo), 16);
	ck_assert_uint_eq(sizeof(struct vcpu_guest_context), 5168);
#undef AT
}
END_TEST

START_TEST(create_equals_the_header_structure)
{
	struct xc_domain_create r = full_request(17);
	struct xen_domctl_createdomain want = {
		.ssidref = r.ssidref,
		.flags = r.flags,
		.iommu_opts = r.iommu_opts,
		.max_vcpus = r.max_vcpus,
		.max_evtchn_port = r.max_evtchn_port,
		.max_grant_frames = r.max_grant_frames,
		.max_maptrack_frames = r.max_maptrack_frames,
		.grant_opts = XEN_DOMCTL_GRANT_version(1),
		.vmtrace_size = r.vmtrace_size,
		.cpupool_id = r.cpupool_id,
		.arch = { .emulation_flags = r.emulation_flags,
		    .misc_flags = r.misc_flags },
	};
	uint8_t got[XC_CTL_PAYLOAD];
	const char *what;

	memcpy(want.handle, r.handle, 16);
	ck_assert_int_eq(xc_encode_create(abi_of(17), &r, 2, got, &what), 0);
	ck_assert_mem_eq(got, &want, sizeof(want));
}
END_TEST
#define HAVE_417_HEADERS 1
#else
#define HAVE_417_HEADERS 0
#endif

int
main(void)
{
	Suite *s = suite_create("xc_abi");
	TCase *t = tcase_create("layouts");
	SRunner *sr;
	int failed;

	tcase_add_test(t, every_release_has_its_row);
	tcase_add_loop_test(t, create_is_encoded_for_each_release, 0,
	    N(golden_create));
	tcase_add_test(t, no_wish_takes_the_highest_grant_version);
	tcase_add_test(t, what_a_release_lacks_is_refused);
	tcase_add_loop_test(t, domaininfo_is_decoded, 0, N(releases));
	tcase_add_loop_test(t, physinfo_is_decoded, 0, N(releases));
#if HAVE_417_HEADERS
	tcase_add_test(t, numbers_are_those_of_the_headers);
	tcase_add_test(t, flags_are_those_of_the_headers);
	tcase_add_test(t, layouts_are_those_of_the_headers);
	tcase_add_test(t, create_equals_the_header_structure);
#endif
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
