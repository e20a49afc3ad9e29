/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libxenctrl: the Xen hypervisor's control interface, for x86-64 Linux dom0.
 *
 * One binary speaks to Xen 4.14 and newer: xc_interface_open() asks the running
 * hypervisor which interface it has, and what varies is encoded accordingly.
 *
 * Errors: functions return -1 or NULL, set errno, and leave a sentence on the
 * handle (xc_last_error). Errno values that any call may give:
 *   ESRCH       no such domain; ids above 0xffff are never one
 *   EPERM       not the control domain, or not allowed on this domain
 *   EACCES      the hypervisor refused (XSM), or an interface not known here
 *   ENOTSUP     this hypervisor cannot do it: its release, its build, this
 *               processor, this kind of domain (the sentence says what)
 *   EFAULT      a buffer was not resident; ENOMEM; EINVAL
 * Others are named at the function.
 *
 * Threads: a handle serves one thread at a time; handles are independent.
 * Sharing: buffers and counters belong to the handle; nothing is global.
 * Fork: a child must not use an inherited handle except to close it.
 *
 * Frames: a pfn or gfn is a guest's frame number, an mfn a machine's. For PV
 * domains "gfn" arguments that are mapped take mfns. A page is 4096 bytes.
 */
#ifndef XENCTRL_H
#define XENCTRL_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define XC_PAGE_SHIFT 12
#define XC_PAGE_SIZE  4096ul

/* Domain ids that are no domain (xen.h). */
#define XC_DOMID_FIRST_RESERVED 0x7ff0u
#define XC_DOMID_SELF		0x7ff0u
#define XC_DOMID_XEN		0x7ff2u
#define XC_DOMID_INVALID	0x7ff4u

typedef struct xc_interface xc_interface;

enum xc_log_level {
	XC_LOG_ERROR,
	XC_LOG_INFO,
	XC_LOG_DEBUG,
};

/* Receives every error's sentence. Borrowed until close. */
struct xc_logger {
	void (*message)(void *ctx, enum xc_log_level level, const char *text);
	void *ctx;
};

/* Talk to a hypervisor newer than this library knows, at the caller's risk. */
#define XC_OPEN_ANY_ABI 1u

/*
 * logger may be NULL. Errors: ENOENT or ENODEV (not on Xen, or the privcmd
 * module is not loaded), EACCES/EPERM (not root), ENOTSUP (hypervisor too old,
 * or newer with an interface not known). Costs one hypercall where the release
 * is known. With no handle to ask, the sentence goes to
 * err_text (may be NULL). A hypervisor newer than known whose interface looks
 * familiar opens, but domctls and sysctls that change something are ENOTSUP
 * unless XC_OPEN_ANY_ABI is given.
 */
xc_interface *xc_interface_open(const struct xc_logger *logger, unsigned flags,
    char *err_text, size_t err_len);
/* NULL is fine. Live mappings stay. */
void xc_interface_close(xc_interface *xch);

/* The last failure's sentence, "" when none yet; valid until the next call. */
const char *xc_last_error(const xc_interface *xch);

/* Hypervisor release: major << 16 | minor. */
uint32_t xc_release(const xc_interface *xch);

/* What this handle asked of the kernel so far. */
struct xc_stats {
	/* By hypercall number (xen.h), up to 63. */
	uint64_t hypercalls[64];
	uint64_t total;
	uint64_t map_ioctls;
	uint64_t mapped_pages;
	/* Buffers for hypercalls that had to be asked of the kernel. */
	uint64_t buffer_maps;
};
void xc_get_stats(const xc_interface *xch, struct xc_stats *out);

/* --- host ---------------------------------------------------------------- */

#define XC_PHYSCAP_HVM	     (1u << 0)
#define XC_PHYSCAP_PV	     (1u << 1)
#define XC_PHYSCAP_DIRECTIO  (1u << 2)
#define XC_PHYSCAP_HAP	     (1u << 3)
#define XC_PHYSCAP_SHADOW    (1u << 4)
#define XC_PHYSCAP_GNTTAB_V1 (1u << 8)
#define XC_PHYSCAP_GNTTAB_V2 (1u << 9)

struct xc_physinfo {
	uint32_t threads_per_core, cores_per_socket, nr_cpus, max_cpu_id;
	uint32_t nr_nodes, max_node_id, cpu_khz;
	/* XC_PHYSCAP_*; the GNTTAB bits exist from 4.16, earlier releases
	 * report both. */
	uint32_t capabilities;
	/* 4.17 and later, else 0. */
	uint32_t arch_capabilities;
	/* Pages. scrub_pages are free but not yet clean, outstanding_pages are
	 * claimed. */
	uint64_t total_pages, free_pages, scrub_pages, outstanding_pages;
	uint64_t max_mfn;
	/* CPUID leaves 1, 0x80000001 ... as Xen's tools print them. */
	uint32_t hw_cap[8];
};
int xc_physinfo(xc_interface *xch, struct xc_physinfo *out);

struct xc_version {
	uint32_t major, minor;
	char extra[17];
	char compiler[65], compile_by[17], compile_domain[33], compile_date[33];
	char capabilities[1025];
	char changeset[65];
	char commandline[1025];
	uint64_t virt_start;
	uint32_t pagesize;
};
int xc_version(xc_interface *xch, struct xc_version *out);

/* The linker's build id; returns its length (20 for SHA-1). ENODATA: it has
 * none, ENOBUFS: longer than max. */
int xc_build_id(xc_interface *xch, uint8_t *id, size_t max);
/* XENFEAT_* bits 32 * submap .. 32 * submap + 31, as dom0 sees them. */
int xc_features(xc_interface *xch, uint32_t submap, uint32_t *bits);

/* Ids; ~0 where there is no such processor. */
struct xc_cputopology {
	uint32_t core, socket, node;
};
/* By processor; returns how many were filled in, at most max (1..16384). */
int xc_cputopology(xc_interface *xch, struct xc_cputopology *out, uint32_t max);
/* Bytes; ~0 where there is no such node. */
struct xc_numanode {
	uint64_t size, free;
};
/*
 * By node; returns n, how many were filled in, at most max (1..256). distance
 * (may be NULL) has room for max * max; entry i * n + j is from node i to j.
 */
int xc_numainfo(xc_interface *xch, struct xc_numanode *nodes,
    uint32_t *distance, uint32_t max);
/* Idle time by processor since boot; returns how many, at most max
 * (1..16384). */
int xc_cpu_idle_times(xc_interface *xch, uint64_t *nanoseconds, uint32_t max);
/* Free bytes at addresses of min_width to max_width bits (0, 0: anywhere) of a
 * node (-1: of all). */
int64_t xc_availheap(xc_interface *xch, uint32_t min_width, uint32_t max_width,
    int32_t node);

/*
 * The hypervisor's console ring. buf receives up to *len bytes (1..64 Mi),
 * and *len is set to what came. index (may be NULL) is the position to start at
 * when incremental, and is moved on. clear empties the ring after reading.
 */
int xc_readconsole(xc_interface *xch, char *buf, uint32_t *len, bool clear,
    bool incremental, uint32_t *index);
/* Debug keys as typed on Xen's console; at most 1024. */
int xc_send_debug_keys(xc_interface *xch, const char *keys);

/* --- domains ------------------------------------------------------------- */

#define XC_CDF_HVM	    (1u << 0)
#define XC_CDF_HAP	    (1u << 1)
#define XC_CDF_S3_INTEGRITY (1u << 2)
#define XC_CDF_OOS_OFF	    (1u << 3)
#define XC_CDF_XS_DOMAIN    (1u << 4)
#define XC_CDF_IOMMU	    (1u << 5)
#define XC_CDF_NESTED_VIRT  (1u << 6)
#define XC_CDF_VPMU	    (1u << 7)

/* Release-neutral request; XC_DOMAIN_CREATE_INIT gives the defaults. */
struct xc_domain_create {
	uint32_t ssidref;
	uint8_t handle[16];
	/* XC_CDF_*; NESTED_VIRT from 4.15, VPMU from 4.16. */
	uint32_t flags;
	uint32_t iommu_opts;
	/* HVM: 1..128, PV: 1..8192. */
	uint32_t max_vcpus;
	/* Highest usable port. */
	uint32_t max_evtchn_port;
	/* -1 = the hypervisor's limit. */
	int32_t max_grant_frames, max_maptrack_frames;
	/* 1, 2, or 0 = the highest the hypervisor offers. A choice needs 4.16. */
	uint32_t max_grant_version;
	/* 4.15 and later; 0 = none. */
	uint32_t vmtrace_size;
	/* CPU pool; ENOENT: none such. Before 4.17 the domain is created in pool
	 * 0 and moved; a move that fails leaves no domain. */
	uint32_t cpupool_id;
	/* PV 0, PVH 1, HVM 0x3ff (xen/arch-x86/xen.h XEN_X86_EMU_*). */
	uint32_t emulation_flags;
	/* 4.15 and later. */
	uint32_t misc_flags;
};
#define XC_DOMAIN_CREATE_INIT                                                  \
	{                                                                      \
		.max_vcpus = 1, .max_evtchn_port = 1023,                       \
		.max_grant_frames = -1, .max_maptrack_frames = -1              \
	}

/*
 * *domid: in 0 or >= XC_DOMID_FIRST_RESERVED = choose one; out the domain's id.
 * The new domain is paused and empty; what fails afterwards must destroy it.
 * EEXIST: the id is taken. ENOTSUP: emulation flags or HVM not offered.
 */
int xc_domain_create(xc_interface *xch, uint32_t *domid,
    const struct xc_domain_create *req);
/* Blocks until the memory is given back (repeats while Xen says EAGAIN). */
int xc_domain_destroy(xc_interface *xch, uint32_t domid);
/* One slice of it: 0 = gone, 1 = call again, -1. For callers with a loop. */
int xc_domain_destroy_step(xc_interface *xch, uint32_t domid);
/* Pauses nest; the count is the hypervisor's. */
int xc_domain_pause(xc_interface *xch, uint32_t domid);
int xc_domain_unpause(xc_interface *xch, uint32_t domid);
/* A domain that shut down to be suspended, or crashed, goes on. */
int xc_domain_resume(xc_interface *xch, uint32_t domid);
/* The same for a suspension that is cancelled: the guest's suspend hypercall
 * returns 1, so its drivers keep what they have. */
int xc_domain_resume_cooperative(xc_interface *xch, uint32_t domid);
/* Memory stays, all else is as after creation: for a guest that boots another
 * kernel (shutdown reason 5). EINVAL: a vCPU has not shut down. */
int xc_domain_soft_reset(xc_interface *xch, uint32_t domid);
/* The domain's port, bound to one of ours, fires when the domain suspends,
 * instead of VIRQ_DOM_EXC. One subscriber; the last wins. */
int xc_domain_subscribe_for_suspend(xc_interface *xch, uint32_t domid,
    uint32_t port);
/* The domain, not dom0, gets this VIRQ (XC_VIRQ_DOM_EXC, ...). EINVAL: not one
 * of the host's. */
int xc_domain_set_virq_handler(xc_interface *xch, uint32_t domid,
    uint32_t virq);
/* Reasons as in sched.h: 0 poweroff, 1 reboot, 2 suspend, 3 crash,
 * 4 watchdog, 5 soft reset. */
int xc_domain_shutdown(xc_interface *xch, uint32_t domid, uint32_t reason);
/* Must repeat the number given to xc_domain_create. */
int xc_domain_max_vcpus(xc_interface *xch, uint32_t domid, uint32_t max);
/* Ceiling of the domain's pages, KiB. */
int xc_domain_set_max_mem(xc_interface *xch, uint32_t domid, uint64_t kib);
int xc_domain_set_handle(xc_interface *xch, uint32_t domid,
    const uint8_t handle[16]);
int xc_domain_set_time_offset(xc_interface *xch, uint32_t domid,
    int64_t seconds);
/* tsc_mode: 0 default, 1 always emulate, 2 native. */
int xc_domain_set_tsc_info(xc_interface *xch, uint32_t domid,
    uint32_t tsc_mode, uint32_t gtsc_khz, uint32_t incarnation,
    uint64_t elapsed_nsec);
/* 64 or 32; 32-bit PV needs a hypervisor built for it. */
int xc_domain_set_address_size(xc_interface *xch, uint32_t domid,
    uint32_t bits);
/* domid, a device model's domain, may act on target. Xen keeps the first. */
int xc_domain_set_target(xc_interface *xch, uint32_t domid, uint32_t target);
/* A debugger follows the domain: breakpoints pause it. */
int xc_domain_set_debugging(xc_interface *xch, uint32_t domid, bool on);
/* HVM: 0 NMI, 1 reset, 2 INIT, 3 power button, 4 sleep button, to the vCPU.
 * ENOTSUP: not for this kind of domain. */
int xc_domain_send_trigger(xc_interface *xch, uint32_t domid, uint32_t trigger,
    uint32_t vcpu);
/* The frame named by the kernel's HYPERCALL_PAGE note is filled by Xen. */
int xc_domain_hypercall_init(xc_interface *xch, uint32_t domid, uint64_t gfn);

#define XC_DOMINF_DYING	   (1u << 0)
#define XC_DOMINF_HVM	   (1u << 1)
#define XC_DOMINF_SHUTDOWN (1u << 2)
#define XC_DOMINF_PAUSED   (1u << 3)
#define XC_DOMINF_BLOCKED  (1u << 4)
#define XC_DOMINF_RUNNING  (1u << 5)
#define XC_DOMINF_DEBUGGED (1u << 6)
#define XC_DOMINF_XS	   (1u << 7)
#define XC_DOMINF_HAP	   (1u << 8)

struct xc_domaininfo {
	uint32_t domid;
	/* XC_DOMINF_*. */
	uint32_t flags;
	/* Valid when SHUTDOWN: as in xc_domain_shutdown. */
	uint32_t shutdown_reason;
	/* Pages. */
	uint64_t tot_pages, max_pages, outstanding_pages, shr_pages,
	    paged_pages;
	uint64_t shared_info_frame;
	/* Nanoseconds of all vCPUs. */
	uint64_t cpu_time;
	uint32_t nr_online_vcpus, max_vcpu_id;
	uint32_t ssidref;
	uint8_t handle[16];
	uint32_t cpupool;
};
/* Exactly this domain, on every release. */
int xc_domain_getinfo(xc_interface *xch, uint32_t domid,
    struct xc_domaininfo *out);
/* Domains from `first` on, ascending; returns how many (<= max) in one call. */
int xc_domain_getinfolist(xc_interface *xch, uint32_t first, uint32_t max,
    struct xc_domaininfo *out);

/* --- vCPUs --------------------------------------------------------------- */

struct xc_vcpuinfo {
	bool online, blocked, running;
	/* Nanoseconds. */
	uint64_t cpu_time;
	/* Physical CPU it runs on or ran last. */
	uint32_t cpu;
};
int xc_vcpu_getinfo(xc_interface *xch, uint32_t domid, uint32_t vcpu,
    struct xc_vcpuinfo *out);
/* ctx: struct vcpu_guest_context of <xen/arch-x86/xen.h>; size must be its 5168
 * bytes, else EINVAL. */
int xc_vcpu_setcontext(xc_interface *xch, uint32_t domid, uint32_t vcpu,
    const void *ctx, size_t size);
int xc_vcpu_getcontext(xc_interface *xch, uint32_t domid, uint32_t vcpu,
    void *ctx, size_t size);
/* Bit i of hard/soft = physical CPU i; either may be NULL. bytes (1..2048)
 * each. The effective maps come back. */
int xc_vcpu_setaffinity(xc_interface *xch, uint32_t domid, uint32_t vcpu,
    uint8_t *hard, uint8_t *soft, size_t bytes);
/* The same for a vCPU that pinned itself (SCHEDOP_pin_override, EBUSY): its
 * pinning ends. */
int xc_vcpu_setaffinity_force(xc_interface *xch, uint32_t domid, uint32_t vcpu,
    uint8_t *hard, uint8_t *soft, size_t bytes);
int xc_vcpu_getaffinity(xc_interface *xch, uint32_t domid, uint32_t vcpu,
    uint8_t *hard, uint8_t *soft, size_t bytes);
/* Bit i = node i; bytes 1..2048. An empty map is EINVAL. */
int xc_domain_set_node_affinity(xc_interface *xch, uint32_t domid,
    const uint8_t *map, size_t bytes);
int xc_domain_get_node_affinity(xc_interface *xch, uint32_t domid,
    uint8_t *map, size_t bytes);

/* --- memory -------------------------------------------------------------- */

/*
 * Adds extents of 2^order pages at the gfns given; for PV domains the array is
 * overwritten with the mfns. Returns how many extents were done: fewer than n
 * is normal (memory or the domain's ceiling is exhausted, or no such large
 * extent).
 * n is at most 16 Mi, more is EINVAL; mem_flags are XC_MEMF_*.
 */
long xc_populate_physmap(xc_interface *xch, uint32_t domid, uint64_t *extents,
    size_t n, unsigned order, uint32_t mem_flags);
/* Gives extents back; returns how many. */
long xc_decrease_reservation(xc_interface *xch, uint32_t domid,
    const uint64_t *extents, size_t n, unsigned order);
/* Space 0 shared info, 1 grant table, 2 gmfn; not for PV domains (EACCES). */
#define XC_MAPSPACE_SHARED_INFO 0u
#define XC_MAPSPACE_GRANT_TABLE 1u
int xc_add_to_physmap(xc_interface *xch, uint32_t domid, uint32_t space,
    uint64_t idx, uint64_t gfn);
int xc_remove_from_physmap(xc_interface *xch, uint32_t domid, uint64_t gfn);
struct xc_e820 {
	uint64_t addr, size;
	/* 1 RAM, 2 reserved, 3 ACPI. */
	uint32_t type;
};
/* At most 128 entries. */
int xc_set_memory_map(xc_interface *xch, uint32_t domid,
    const struct xc_e820 *map, size_t n);
/* Reserves pages of the host for the domain; 0 ends the claim. */
int xc_claim_pages(xc_interface *xch, uint32_t domid, uint64_t pages);
/* Pages; -1. */
int64_t xc_current_reservation(xc_interface *xch, uint32_t domid);
int64_t xc_maximum_reservation(xc_interface *xch, uint32_t domid);
/* Highest gfn in use; -1. */
int64_t xc_maximum_gpfn(xc_interface *xch, uint32_t domid);
/* Paging pool of HVM/PVH, bytes (whole pages; before 4.17 rounded up to
 * MiB). PV: ENOTSUP or EINVAL. */
int xc_set_paging_mempool(xc_interface *xch, uint32_t domid, uint64_t bytes);
int xc_get_paging_mempool(xc_interface *xch, uint32_t domid, uint64_t *bytes);
/* Level 1..4: makes the frame a validated, pinned page table. */
int xc_pin_table(xc_interface *xch, uint32_t domid, unsigned level,
    uint64_t mfn);
int xc_unpin_table(xc_interface *xch, uint32_t domid, uint64_t mfn);

/*
 * Maps n frames of the domain. err (may be NULL) receives a negative errno or 0
 * per frame; without it any failed frame fails the call. Paged-out frames are
 * waited for. n is 1..16 Mi, else EINVAL. The mapping is not inherited across
 * fork. NULL on error; EINVAL or EPERM: the domain has no such frame.
 */
void *xc_map_foreign(xc_interface *xch, uint32_t domid, int prot,
    const uint64_t *frames, int *err, size_t n);
/* The n frames from first on; every one must be there. */
void *xc_map_foreign_range(xc_interface *xch, uint32_t domid, int prot,
    uint64_t first, size_t n);
int xc_unmap_foreign(xc_interface *xch, void *addr, size_t n);
#define XC_RESOURCE_IOREQ_SERVER 0u
#define XC_RESOURCE_GRANT_TABLE	 1u
/* id is the vCPU. Since Xen 4.15. */
#define XC_RESOURCE_VMTRACE	 2u
/* n frames of a resource from idx on; undo with xc_unmap_foreign. */
void *xc_map_resource(xc_interface *xch, uint32_t domid, uint32_t type,
    uint32_t id, uint32_t idx, size_t n, int prot);
/* How many frames it has; -1 (EINVAL from kernels before 5.16). */
int64_t xc_resource_size(xc_interface *xch, uint32_t domid, uint32_t type,
    uint32_t id);
/* First frame of the domain's grant table (PV): for kernels without resource
 * mapping. *gfn is an mfn. */
int xc_gnttab_setup(xc_interface *xch, uint32_t domid, uint64_t *gfn);
int xc_gnttab_query(xc_interface *xch, uint32_t domid, uint32_t *frames,
    uint32_t *max_frames);

/* --- event channels on behalf of others ---------------------------------- */

/* A port in `domid` that `remote` may bind. Returns the port. */
int xc_evtchn_alloc_unbound(xc_interface *xch, uint32_t domid, uint32_t remote);
struct xc_evtchn_status {
	/* 0 closed, 1 unbound, 2 interdomain, 3 pirq, 4 virq, 5 ipi. */
	uint32_t status, vcpu;
	/* Unbound and interdomain; port for the latter. */
	uint32_t remote_dom, remote_port;
};
int xc_evtchn_status(xc_interface *xch, uint32_t domid, uint32_t port,
    struct xc_evtchn_status *out);

/* --- /dev/xen/evtchn: our own event channels ----------------------------- */

struct xc_evtchn;

/* NULL with errno. The descriptor is non-blocking and close-on-exec. */
struct xc_evtchn *xc_evtchn_open(void);
/* Closes the ports bound through it. */
void xc_evtchn_close(struct xc_evtchn *e);
/* Readable when a port is pending. */
int xc_evtchn_fd(const struct xc_evtchn *e);
/* Each returns the local port. */
int xc_evtchn_bind_unbound(struct xc_evtchn *e, uint32_t remote);
int xc_evtchn_bind_interdomain(struct xc_evtchn *e, uint32_t domid,
    uint32_t port);
#define XC_VIRQ_DOM_EXC	 3u
#define XC_VIRQ_CON_RING 8u
/* EEXIST: another process has it. */
int xc_evtchn_bind_virq(struct xc_evtchn *e, uint32_t virq);
int xc_evtchn_unbind(struct xc_evtchn *e, uint32_t port);
int xc_evtchn_notify(struct xc_evtchn *e, uint32_t port);
/* Ports that fired and are masked until xc_evtchn_unmask; returns how many, 0
 * when none. EFBIG: more fired than the kernel could note, so take all of them
 * as fired and unmask them. */
int xc_evtchn_pending(struct xc_evtchn *e, uint32_t *ports, size_t max);
int xc_evtchn_unmask(struct xc_evtchn *e, uint32_t port);

/* --- /dev/xen/gntdev: pages other domains granted us --------------------- */

struct xc_gnttab;

struct xc_gnttab *xc_gnttab_open(void);
void xc_gnttab_close(struct xc_gnttab *g);
/* One page. NULL with errno: EINVAL (no such grant, not for us). */
void *xc_gnttab_map(struct xc_gnttab *g, uint32_t domid, uint32_t ref,
    int prot);
/* n pages (1..4096) side by side. */
void *xc_gnttab_map_refs(struct xc_gnttab *g, uint32_t domid,
    const uint32_t *refs, size_t n, int prot);
/* Whatever one map call gave. */
int xc_gnttab_unmap(struct xc_gnttab *g, void *addr);

#ifdef __cplusplus
}
#endif

/* The same library, by subject. */
#include "xenctrl_core.h"
#include "xenctrl_cpu.h"
#include "xenctrl_device.h"
#include "xenctrl_host.h"
#include "xenctrl_hvm.h"
#include "xenctrl_mem.h"
#include "xenctrl_sched.h"
#include "xenctrl_share.h"

#endif
