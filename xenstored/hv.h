/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where domains, rings and event channels come from. The one seam of the daemon:
 * Xen itself (hv_xen.c), or a directory and a socket on plain Linux (hv_test.c).
 * Neither knows what a request is.
 */
#ifndef XSD_HV_H
#define XSD_HV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xu_err.h"

#define HV_PAGE_SIZE 4096u
#define HV_INSTANCE  16u

struct hv_domain {
	uint16_t domid;
	bool dying, shutdown;
	/* Differs between two domains that had the same id one after the other,
	 * and stays the same over a restart of the daemon. */
	uint8_t instance[HV_INSTANCE];
};

/* A mapped ring. `how` belongs to who mapped it. */
struct hv_ring {
	void *page;
	int how;
};

enum hv_kind {
	HV_PORT,     /* the event channel with this local port fired */
	HV_DOMAINS,  /* some domain appeared, shut down or died */
	HV_OVERFLOW, /* take every port as fired */
};

struct hv_event {
	enum hv_kind kind;
	uint32_t port;
};

struct hv_ops {
	/* arg: what --test-hv names. */
	int (*open)(const char *arg, struct xu_err *e);
	/* Readable when there are events. */
	int (*fd)(void);
	/* Up to max; 0 = none left. A port gives no other event before rearm. */
	size_t (*events)(struct hv_event *ev, size_t max);
	/* Before the ring is looked at, and for every bound port after
	 * HV_OVERFLOW. What fired meanwhile gives an event then. */
	void (*rearm)(uint32_t port);
	/* Both give 0 or an errno. */
	int (*bind)(uint16_t domid, uint32_t remote, uint32_t *port);
	int (*map)(uint16_t domid, uint64_t gfn, struct hv_ring *ring);
	void (*unbind)(uint32_t port);
	void (*notify)(uint32_t port);
	void (*unmap)(uint16_t domid, struct hv_ring *ring);
	/* The ring of the domain we run in: mapped, with the port to bind. 0, an
	 * errno with an error set, or ENOENT without one: there is none. */
	int (*own_ring)(struct hv_ring *ring, uint32_t *remote,
	    struct xu_err *e);
	/* Exactly this domain: 0, or ESRCH. */
	int (*domain)(uint16_t domid, struct hv_domain *out);
	/* Domains from `first` on, ascending; how many (<= max), -1 = failed. */
	int (*domains)(uint16_t first, struct hv_domain *out, size_t max);
};

extern const struct hv_ops hv_xen, hv_test;
/* What is in use; NULL = sockets only. */
extern const struct hv_ops *hv;

#endif
