/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every exported function of libxenctrl has a row: a small program that calls it
 * on the running hypervisor and looks whether it did what its header says.
 * prog_xcrows runs the rows, runs them again with ids that are no domain, and
 * (--fault) makes each of their hypercalls fail in turn.
 *
 * A row may be called any number of times, on the same two domains: what it
 * changes it puts back, or registers with xr_at_end(), or it is XR_FRESH. Its
 * first call that fails ends it: -1 with errno as that call left it. A call
 * that succeeded without doing its work ends it through xr_wrong().
 */
#ifndef XC_ROWS_H
#define XC_ROWS_H

#include "xenctrl.h"

/* No domain has this id; what has more than 16 bits is none's either. */
#define XR_ABSENT 0x7000u
#define XR_WIDE	  0x10000u
#define XR_NO_HVM 0xfffffffeu

/* Pages of each of the two domains, at guest frames 0 .. XR_PAGES - 1. */
#define XR_PAGES 4096u

struct xr_env {
	xc_interface *xch;
	/*
	 * A PV and an HVM domain (with all emulated devices), both paused, 16 MiB
	 * with a ceiling of 32, two vCPUs that have no registers yet. hvm is
	 * XR_NO_HVM where the host cannot do it.
	 */
	uint32_t pv, hvm;
	/* XC_CDF_* of an HVM domain as this host can do it; 0 when it cannot. */
	uint32_t hvm_flags;
	/* 14 for Xen 4.14. */
	unsigned minor;
	/* Machine frames of the PV domain: extent i begins at frame 512 * i. */
	uint64_t extent[XR_PAGES / 512];
};

/* Machine frame of a guest frame of e->pv. */
static inline uint64_t
xr_mfn(const struct xr_env *e, unsigned pfn)
{
	return e->extent[pfn / 512] + pfn % 512;
}

/* It needs e->hvm. */
#define XR_HVM (1u << 0)
/* Nothing in it is a hypercall or a call to /dev/xen/privcmd. */
#define XR_NO_FAULT (1u << 1)
/* It leaves the domains changed: others are made before and after each run. */
#define XR_FRESH (1u << 2)
/* One failed call need not fail the function: it repeats it or does without. */
#define XR_RECOVERS (1u << 3)
/* What fails gives an errno of its own, whatever the hypervisor said. */
#define XR_OWN_ERRNO (1u << 4)
/* Runs after all rows without this: it could spoil the host for them. */
#define XR_LAST (1u << 5)
/* Only with XLD_DEPTH=full. */
#define XR_FULL (1u << 6)
/* With an id that is no domain it ends in another errno than ESRCH. */
#define XR_OTHER_ID (1u << 7)
/* What fails leaves no sentence: it has no handle, or another one. */
#define XR_SILENT (1u << 8)
/*
 * It moves a processor to a pool of the credit scheduler, at which Xen 4.17 now and
 * then crashes or stands still: the scheduler's tick comes before its data is there
 * (page fault in csched_tick). Only with XLD_CREDIT in the environment.
 */
#define XR_CREDIT (1u << 9)

struct xr_row {
	/* Exported name; a function may have several rows. */
	const char *function;
	int (*call)(struct xr_env *e);
	/* Minor release it needs, 0 = any; before, it must be ENOTSUP. */
	unsigned since;
	/*
	 * Why Debian's builds, or this machine, cannot do it; the call must then
	 * fail with cannot_errno. It holds on the releases cannot_from ..
	 * cannot_to (0 = no bound).
	 */
	const char *cannot;
	int cannot_errno;
	unsigned flags;
	unsigned cannot_from, cannot_to;
};

/* The hypervisor or the kernel refuses; without it the library does, and no
 * call is made. */
#define XB_ASKS (1u << 0)
#define XB_HVM	(1u << 1)
/* There is no handle that could hold a sentence. */
#define XB_SILENT (1u << 2)

struct xr_bad {
	const char *what;
	/* -1 with errno err, and a sentence on the handle. */
	int (*call)(struct xr_env *e);
	int err;
	unsigned flags;
	/* Earlier releases lack the function: ENOTSUP. */
	unsigned since;
};

/* One pair per file rows_<subject>.c; both end with a row of zeros. Named in
 * xr_subjects (xc_rows.c). */
struct xr_subject {
	const char *name;
	const struct xr_row *rows;
	const struct xr_bad *bad;
};
extern const struct xr_subject xr_subjects[];

/* The work was not done; -1 with an errno no function has. */
int xr_wrong(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* 0: the call that has just failed did so by itself and with that errno; else -1. */
int xr_refused(int want);
/* prog_xcrows.c: it failed because it was made to (--fault). */
bool xr_injected(void);
/* What the last xr_wrong() said, "" when none since xr_begin(). */
const char *xr_wrong_text(void);

/*
 * Runs after the row, without faults, last first; for what must be undone also
 * when the row fails half way.
 */
void xr_at_end(void (*undo)(struct xr_env *e, uint64_t arg), uint64_t arg);
/* Another domain, empty, with one vCPU; destroyed at the row's end. flags are
 * XC_CDF_*, HVM with all emulated devices. */
int xr_domain(struct xr_env *e, uint32_t flags, uint32_t *domid);
/* For results of functions that return a pointer: 0, or -1 when NULL. */
int xr_not_null(const void *p);

/* --- for prog_xcrows ----------------------------------------------------- */

int xr_make(struct xr_env *e);
void xr_unmake(struct xr_env *e);
/* Forgets what the last row said; undoes what it left. */
void xr_begin(void);
void xr_end(struct xr_env *e);
/*
 * Returns in a child. Its parent ends as the child does, or says which row has
 * not come to its end within XLD_ROW_SECONDS (90) and ends with status 1.
 */
void xr_supervise(void);
/* A run of the row begins; the deadline is each run's own. */
void xr_watch(const char *row);
/* The same word on the console, for a host that stands still as a whole. */
void xr_watch_aloud(const char *row);

#endif
