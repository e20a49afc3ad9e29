/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Schedulers and CPU pools. Part of xenctrl.h, which has the conventions.
 *
 * A pool has its own scheduler. A call for one scheduler on a domain or a pool
 * that runs under another one is EINVAL; a scheduler that the hypervisor was
 * built without cannot be chosen (EINVAL or ENOENT at xc_cpupool_create).
 */
#ifndef XENCTRL_SCHED_H
#define XENCTRL_SCHED_H

#include "xenctrl.h"

#ifdef __cplusplus
extern "C" {
#endif

#define XC_SCHED_CREDIT	  5u
#define XC_SCHED_CREDIT2  6u
#define XC_SCHED_ARINC653 7u
#define XC_SCHED_RTDS	  8u
#define XC_SCHED_NULL	  9u

/* Scheduler of pool 0: XC_SCHED_*. */
int xc_sched_id(xc_interface *xch, uint32_t *out);

/* --- per domain ---------------------------------------------------------- */

/*
 * Under credit or credit2, whichever the domain's pool has: weight 1..65535
 * (256 is the usual one), cap in percent of one CPU (0 = none). ENOTSUP: the
 * domain's scheduler has no weights.
 */
int xc_sched_credit_get(xc_interface *xch, uint32_t domid, uint16_t *weight,
    uint16_t *cap);
int xc_sched_credit_set(xc_interface *xch, uint32_t domid, uint16_t weight,
    uint16_t cap);

/* The same two numbers under one scheduler. In set, a weight of 0 and a cap of
 * 65535 leave the value as it is (credit2 needs a weight). */
struct xc_sched_credit {
	uint16_t weight, cap;
};
int xc_sched_credit_domain_set(xc_interface *xch, uint32_t domid,
    const struct xc_sched_credit *in);
int xc_sched_credit_domain_get(xc_interface *xch, uint32_t domid,
    struct xc_sched_credit *out);
int xc_sched_credit2_domain_set(xc_interface *xch, uint32_t domid,
    const struct xc_sched_credit *in);
int xc_sched_credit2_domain_get(xc_interface *xch, uint32_t domid,
    struct xc_sched_credit *out);

/* Real time: budget_us of CPU in every period_us, both microseconds and
 * 0 < budget <= period; extratime: more when the CPU is idle. */
struct xc_sched_rtds {
	uint32_t period_us, budget_us;
	bool extratime;
};
/* Of all the domain's vCPUs. */
int xc_sched_rtds_domain_set(xc_interface *xch, uint32_t domid,
    const struct xc_sched_rtds *in);
/* The defaults of a new vCPU. */
int xc_sched_rtds_domain_get(xc_interface *xch, uint32_t domid,
    struct xc_sched_rtds *out);
struct xc_sched_rtds_vcpu {
	uint32_t vcpu;
	struct xc_sched_rtds params;
};
/* n is 1..8192; returns how many were done. get reads the vCPU numbers from the
 * array. EINVAL: no such vCPU. */
int xc_sched_rtds_vcpu_set(xc_interface *xch, uint32_t domid,
    const struct xc_sched_rtds_vcpu *vcpus, uint32_t n);
int xc_sched_rtds_vcpu_get(xc_interface *xch, uint32_t domid,
    struct xc_sched_rtds_vcpu *vcpus, uint32_t n);

/* --- per pool ------------------------------------------------------------ */

struct xc_sched_credit_params {
	/* 1..1000 ms. */
	uint32_t tslice_ms;
	/* 0 or 100..500000 us, below the time slice. */
	uint32_t ratelimit_us;
	/* 0..100000 us. */
	uint32_t vcpu_migr_delay_us;
};
/* ENOENT or ESRCH: no such pool. */
int xc_sched_credit_params_set(xc_interface *xch, uint32_t pool,
    const struct xc_sched_credit_params *in);
int xc_sched_credit_params_get(xc_interface *xch, uint32_t pool,
    struct xc_sched_credit_params *out);
struct xc_sched_credit2_params {
	/* 0 or 100..500000 us. */
	uint32_t ratelimit_us;
};
int xc_sched_credit2_params_set(xc_interface *xch, uint32_t pool,
    const struct xc_sched_credit2_params *in);
int xc_sched_credit2_params_get(xc_interface *xch, uint32_t pool,
    struct xc_sched_credit2_params *out);

#define XC_ARINC653_MAX 64
struct xc_arinc653_entry {
	/* The domain's UUID, and which of its vCPUs. */
	uint8_t handle[16];
	uint32_t vcpu;
	/* Nanoseconds in every major frame, more than 0. */
	uint64_t runtime_ns;
};
struct xc_arinc653_schedule {
	/* At least the sum of the run times. */
	uint64_t major_frame_ns;
	/* 1..XC_ARINC653_MAX. */
	uint32_t n;
	struct xc_arinc653_entry entries[XC_ARINC653_MAX];
};
int xc_sched_arinc653_schedule_set(xc_interface *xch, uint32_t pool,
    const struct xc_arinc653_schedule *in);
int xc_sched_arinc653_schedule_get(xc_interface *xch, uint32_t pool,
    struct xc_arinc653_schedule *out);

/* --- CPU pools ----------------------------------------------------------- */

#define XC_CPUPOOL_ANY 0xffffffffu

/*
 * *pool: in the id wished or XC_CPUPOOL_ANY; out the new pool's id. It has no
 * CPU yet. EEXIST: the id is taken.
 */
int xc_cpupool_create(xc_interface *xch, uint32_t *pool, uint32_t sched_id);
/* EBUSY: domains or CPUs are still in it; ENOENT. */
int xc_cpupool_destroy(xc_interface *xch, uint32_t pool);

struct xc_cpupool_info {
	uint32_t id, sched_id;
	/* Domains in it. */
	uint32_t n_dom;
};
/*
 * The pool with the lowest id that is >= first; ENOENT when there is none.
 * cpumap (bytes 1..2048): bit i = CPU i belongs to it.
 */
int xc_cpupool_getinfo(xc_interface *xch, uint32_t first,
    struct xc_cpupool_info *out, uint8_t *cpumap, size_t bytes);
/*
 * cpu may be XC_CPUPOOL_ANY: any free one, the last one. ENODEV: not free, not
 * in the pool; EBUSY: the last CPU of a pool with domains; EADDRNOTAVAIL: it is
 * half removed from another pool; EINVAL: no such CPU; ENOENT: no such pool.
 */
int xc_cpupool_addcpu(xc_interface *xch, uint32_t pool, uint32_t cpu);
/* As above; EADDRINUSE: a vCPU is pinned there for a moment. Waits a second at
 * most for the CPU to become idle, then EAGAIN. */
int xc_cpupool_removecpu(xc_interface *xch, uint32_t pool, uint32_t cpu);
/* ENOENT: no such pool; EBUSY: it has no CPU; EINVAL: not with this domain. */
int xc_cpupool_movedomain(xc_interface *xch, uint32_t pool, uint32_t domid);
/* CPUs in no pool; bytes 1..2048. */
int xc_cpupool_freeinfo(xc_interface *xch, uint8_t *cpumap, size_t bytes);

#ifdef __cplusplus
}
#endif

#endif
