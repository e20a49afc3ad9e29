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

#define XC_HC_MEMORY	    12
#define XC_HC_VERSION	    17
#define XC_HC_GRANT_TABLE   20
#define XC_HC_MMUEXT	    26
#define XC_HC_SCHED	    29
#define XC_HC_EVENT_CHANNEL 32
#define XC_HC_HVM	    34
#define XC_HC_SYSCTL	    35
#define XC_HC_DOMCTL	    36

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
	DOMCTL_hypercall_init = 22,
	DOMCTL_settimeoffset = 24,
	DOMCTL_getvcpuaffinity = 25,
	DOMCTL_resumedomain = 27,
	DOMCTL_sendtrigger = 28,
	DOMCTL_set_address_size = 35,
	DOMCTL_set_target = 46,
	DOMCTL_settscinfo = 60,
	DOMCTL_setnodeaffinity = 68,
	DOMCTL_getnodeaffinity = 69,
	DOMCTL_get_paging_mempool_size = 85,
	DOMCTL_set_paging_mempool_size = 86,
};

enum {
	SYSCTL_readconsole = 1,
	SYSCTL_physinfo = 3,
	SYSCTL_sched_id = 4,
	SYSCTL_getdomaininfolist = 6,
	SYSCTL_debug_keys = 7,
	SYSCTL_getcpuinfo = 8,
	SYSCTL_availheap = 9,
	SYSCTL_cputopoinfo = 16,
	SYSCTL_numainfo = 17,
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
void xc_decode_domaininfo(const struct xc_abi *abi, const uint8_t *in,
    struct xc_domaininfo *out);
void xc_decode_physinfo(const struct xc_abi *abi, const uint8_t *in,
    struct xc_physinfo *out);

#endif
