/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The unstable interfaces (domctl, sysctl) in our own definitions. Some of
 * their structures differ between releases; those are encoded field by field by
 * struct xc_abi, everything else has had one layout from 4.14 to 4.22.
 * Numbers: xen/include/public/{domctl,sysctl}.h of the stable branches.
 */
#ifndef XC_ABI_H
#define XC_ABI_H

#include "xenctrl.h"

#define XC_HC_PLATFORM	    7
#define XC_HC_MEMORY	    12
#define XC_HC_VERSION	    17
#define XC_HC_GRANT_TABLE   20
#define XC_HC_MMUEXT	    26
#define XC_HC_XSM	    27
#define XC_HC_SCHED	    29
#define XC_HC_EVENT_CHANNEL 32
#define XC_HC_PHYSDEV	    33
#define XC_HC_HVM	    34
#define XC_HC_SYSCTL	    35
#define XC_HC_DOMCTL	    36
#define XC_HC_KEXEC	    37
#define XC_HC_DM	    41
#define XC_HC_HYPFS	    42

enum {
	DOMCTL_createdomain = 1,
	DOMCTL_destroydomain = 2,
	DOMCTL_pausedomain = 3,
	DOMCTL_unpausedomain = 4,
	DOMCTL_getdomaininfo = 5,
	DOMCTL_setvcpuaffinity = 9,
	DOMCTL_shadow_op = 10,
	DOMCTL_max_mem = 11,
	DOMCTL_setvcpucontext = 12,
	DOMCTL_getvcpucontext = 13,
	DOMCTL_getvcpuinfo = 14,
	DOMCTL_max_vcpus = 15,
	DOMCTL_scheduler_op = 16,
	DOMCTL_setdomainhandle = 17,
	DOMCTL_setdebugging = 18,
	DOMCTL_irq_permission = 19,
	DOMCTL_iomem_permission = 20,
	DOMCTL_ioport_permission = 21,
	DOMCTL_hypercall_init = 22,
	DOMCTL_settimeoffset = 24,
	DOMCTL_getvcpuaffinity = 25,
	DOMCTL_resumedomain = 27,
	DOMCTL_sendtrigger = 28,
	DOMCTL_subscribe = 29,
	DOMCTL_gethvmcontext = 33,
	DOMCTL_sethvmcontext = 34,
	DOMCTL_set_address_size = 35,
	DOMCTL_get_address_size = 36,
	DOMCTL_assign_device = 37,
	DOMCTL_bind_pt_irq = 38,
	DOMCTL_memory_mapping = 39,
	DOMCTL_ioport_mapping = 40,
	DOMCTL_set_ext_vcpucontext = 42,
	DOMCTL_get_ext_vcpucontext = 43,
	DOMCTL_test_assign_device = 45,
	DOMCTL_set_target = 46,
	DOMCTL_deassign_device = 47,
	DOMCTL_unbind_pt_irq = 48,
	DOMCTL_get_device_group = 50,
	DOMCTL_debug_op = 54,
	DOMCTL_gethvmcontext_partial = 55,
	DOMCTL_vm_event_op = 56,
	DOMCTL_mem_sharing_op = 57,
	DOMCTL_gettscinfo = 59,
	DOMCTL_settscinfo = 60,
	DOMCTL_getpageframeinfo3 = 61,
	DOMCTL_setvcpuextstate = 62,
	DOMCTL_getvcpuextstate = 63,
	DOMCTL_set_access_required = 64,
	DOMCTL_audit_p2m = 65,
	DOMCTL_set_virq_handler = 66,
	DOMCTL_set_broken_page_p2m = 67,
	DOMCTL_setnodeaffinity = 68,
	DOMCTL_getnodeaffinity = 69,
	DOMCTL_get_vcpu_msrs = 72,
	DOMCTL_set_vcpu_msrs = 73,
	DOMCTL_setvnumainfo = 74,
	DOMCTL_psr_cmt_op = 75,
	DOMCTL_monitor_op = 77,
	DOMCTL_psr_alloc = 78,
	DOMCTL_soft_reset = 79,
	DOMCTL_get_cpu_policy = 82,
	DOMCTL_set_cpu_policy = 83,
	DOMCTL_vmtrace_op = 84,
	DOMCTL_get_paging_mempool_size = 85,
	DOMCTL_set_paging_mempool_size = 86,
	DOMCTL_gsi_permission = 88,
	DOMCTL_gdbsx_guestmemio = 1000,
	DOMCTL_gdbsx_pausevcpu = 1001,
	DOMCTL_gdbsx_unpausevcpu = 1002,
	DOMCTL_gdbsx_domstatus = 1003,
};

enum {
	SYSCTL_readconsole = 1,
	SYSCTL_tbuf_op = 2,
	SYSCTL_physinfo = 3,
	SYSCTL_sched_id = 4,
	SYSCTL_perfc_op = 5,
	SYSCTL_getdomaininfolist = 6,
	SYSCTL_debug_keys = 7,
	SYSCTL_getcpuinfo = 8,
	SYSCTL_availheap = 9,
	SYSCTL_get_pmstat = 10,
	SYSCTL_cpu_hotplug = 11,
	SYSCTL_pm_op = 12,
	SYSCTL_page_offline_op = 14,
	SYSCTL_lockprof_op = 15,
	SYSCTL_cputopoinfo = 16,
	SYSCTL_numainfo = 17,
	SYSCTL_cpupool_op = 18,
	SYSCTL_scheduler_op = 19,
	SYSCTL_coverage_op = 20,
	SYSCTL_psr_cmt_op = 21,
	SYSCTL_pcitopoinfo = 22,
	SYSCTL_psr_alloc = 23,
	SYSCTL_get_cpu_levelling_caps = 25,
	SYSCTL_get_cpu_featureset = 26,
	SYSCTL_livepatch_op = 27,
	SYSCTL_get_cpu_policy = 29,
};

#define XC_CTL_PAYLOAD 128

struct xc_domctl {
	uint32_t cmd;
	uint32_t version;
	/* 16 bits in the ABI, then padding: a larger id must not be cut to some
	 * other domain's, so xc_do_domctl() refuses it. */
	uint32_t domain;
	uint32_t pad;
	union {
		uint8_t raw[XC_CTL_PAYLOAD];
		uint32_t u32[XC_CTL_PAYLOAD / 4];
		uint64_t u64[XC_CTL_PAYLOAD / 8];
	} u;
};

struct xc_sysctl {
	uint32_t cmd;
	uint32_t version;
	union {
		uint8_t raw[XC_CTL_PAYLOAD];
		uint32_t u32[XC_CTL_PAYLOAD / 4];
		uint64_t u64[XC_CTL_PAYLOAD / 8];
	} u;
};

/* Offset of a field that a release lacks. */
#define XC_ABSENT 0xffff

/* What varies, for the releases first..last (major << 16 | minor). */
struct xc_abi {
	uint32_t first, last;
	uint32_t domctl, sysctl;
	struct {
		uint16_t size, grant_opts, vmtrace, cpupool, emulation, misc;
		uint32_t known_flags;
	} create;
	/* getdomaininfo: its size is the stride of the list. */
	uint16_t info_size;
	/* physinfo: offset of total_pages; arch_capabilities or absent. */
	uint16_t phys_total, phys_arch;
	bool paging_mempool;
};

extern const struct xc_abi xc_abis[];
extern const size_t xc_nabis;

/* The row for a release and its domctl and sysctl versions, or NULL. */
const struct xc_abi *xc_abi_find(uint32_t release, uint32_t domctl,
    uint32_t sysctl);

/*
 * Payload of createdomain. grant_version is what the request's 0 means. 0, or
 * -1 with ENOTSUP and the name of what this release cannot do in *what.
 */
int xc_encode_create(const struct xc_abi *abi,
    const struct xc_domain_create *req, uint32_t grant_version,
    uint8_t out[XC_CTL_PAYLOAD], const char **what);
/*
 * Payload of irq_permission: a byte of pirq before 4.16. 0, or -1 with ENOTSUP
 * and the name of what this release cannot do in *what.
 */
int xc_encode_irq_permission(const struct xc_abi *abi, uint32_t pirq,
    bool allow, uint8_t out[XC_CTL_PAYLOAD], const char **what);
/* Payload of gsi_permission, 4.20 and later. */
void xc_encode_gsi_permission(uint32_t gsi, bool allow,
    uint8_t out[XC_CTL_PAYLOAD]);
void xc_decode_domaininfo(const struct xc_abi *abi, const uint8_t *in,
    struct xc_domaininfo *out);
void xc_decode_physinfo(const struct xc_abi *abi, const uint8_t *in,
    struct xc_physinfo *out);

#endif
