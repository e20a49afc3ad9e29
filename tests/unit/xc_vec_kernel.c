/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Vectors: what is asked of the kernel's devices instead of the hypervisor:
 * mappings, our own event channels and grants. */
#include "config.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <check.h>
#include <sys/mman.h>
#include <xen/xen.h>
#include <xen/evtchn.h>
#include <xen/gntalloc.h>
#include <xen/grant_table.h>
#include <xen/gntdev.h>

#include "xc_private.h"
#include "xc_privcmd.h"
#include "xc_vec.h"

#define RW (PROT_READ | PROT_WRITE)

#define BATCH(n, at)                                                           \
	IOCTL(XC_DEV_PRIVCMD, IOCTL_PRIVCMD_MMAPBATCH_V2,                      \
	    struct privcmd_mmapbatch_v2,                                       \
	    { .num = n, .dom = 5, .addr = VEC_PTR(at),                         \
		.arr = (void *)(uintptr_t)VEC_OURS,                            \
		.err = (void *)(uintptr_t)VEC_OURS })
#define ERRORS offsetof(struct privcmd_mmapbatch_v2, err)
#define RESOURCE(...)                                                          \
	IOCTL(XC_DEV_PRIVCMD, IOCTL_PRIVCMD_MMAP_RESOURCE,                     \
	    struct privcmd_mmap_resource, __VA_ARGS__)

static void
mappings(xc_interface *x)
{
	const unsigned batch = VEC_IOCTL(XC_DEV_PRIVCMD,
	    IOCTL_PRIVCMD_MMAPBATCH_V2);
	const uint64_t frames[2] = { 0x1234, 0x777 };
	int err[2];

	VP(xc_map_foreign, (x, 5, RW, frames, err, 2), BATCH(2, 0);
	   BEHIND(0, frames, sizeof(frames));
	   xc_unmap_foreign(x, vec_pointer, 2));
	/* The second page is paged out: it is asked for again. */
	ANSWER(batch, 0, WORDS(0, (uint32_t)-ENOENT), ERRORS, .there = true,
	    .err = ENOENT, .once = true);
	ANSWER(batch, 0, WORDS((uint32_t)-ENOENT), ERRORS, .there = true,
	    .err = ENOENT, .once = true);
	ANSWER(batch, 0, WORDS(0), ERRORS, .there = true);
	VP(xc_map_foreign, (x, 5, RW, frames, err, 2), BATCH(2, 0);
	   BATCH(1, 4096); BEHIND(0, &frames[1], 8); BATCH(1, 4096);
	   BEHIND(0, &frames[1], 8); EQ(err[0], 0); EQ(err[1], 0);
	   xc_unmap_foreign(x, vec_pointer, 2));
	VP(xc_map_foreign_range, (x, 5, RW, 0x1000, 3), BATCH(3, 0);
	   DEEP(0, uint64_t, 0x1000, 0x1001, 0x1002);
	   xc_unmap_foreign(x, vec_pointer, 3));
	VP(xc_map_resource, (x, 5, XC_RESOURCE_VMTRACE, 3, 1, 2, RW),
	    RESOURCE({ .dom = 5, .type = XC_RESOURCE_VMTRACE, .id = 3,
		.idx = 1, .num = 2, .addr = VEC_PTR(0) });
	    xc_unmap_foreign(x, vec_pointer, 2));
	ANSWER(VEC_IOCTL(XC_DEV_PRIVCMD, IOCTL_PRIVCMD_MMAP_RESOURCE), 0,
	    QUADS(9), offsetof(struct privcmd_mmap_resource, num));
	VR(9, xc_resource_size, (x, 5, XC_RESOURCE_GRANT_TABLE, 1),
	    RESOURCE({ .dom = 5, .type = XC_RESOURCE_GRANT_TABLE, .id = 1 }));
}

#define EVTCHN(name, type, ...)                                                \
	IOCTL(XC_DEV_EVTCHN, IOCTL_EVTCHN_##name, struct ioctl_evtchn_##type,  \
	    __VA_ARGS__)

static void
channels(xc_interface *x)
{
	const uint32_t fired[2] = { 21, 33 };
	struct xc_evtchn *e;
	uint32_t ports[4];

	(void)x;
	VP(xc_evtchn_open, (), OPENED("/dev/xen/evtchn"));
	e = vec_pointer;
	ANSWER(VEC_IOCTL(XC_DEV_EVTCHN, IOCTL_EVTCHN_BIND_UNBOUND_PORT),
	    .result = 21);
	VR(21, xc_evtchn_bind_unbound, (e, 5),
	    EVTCHN(BIND_UNBOUND_PORT, bind_unbound_port,
		{ .remote_domain = 5 }));
	ANSWER(VEC_IOCTL(XC_DEV_EVTCHN, IOCTL_EVTCHN_BIND_INTERDOMAIN),
	    .result = 22);
	VR(22, xc_evtchn_bind_interdomain, (e, 5, 33),
	    EVTCHN(BIND_INTERDOMAIN, bind_interdomain,
		{ .remote_domain = 5, .remote_port = 33 }));
	ANSWER(VEC_IOCTL(XC_DEV_EVTCHN, IOCTL_EVTCHN_BIND_VIRQ),
	    .result = 23);
	VR(23, xc_evtchn_bind_virq, (e, XC_VIRQ_DOM_EXC),
	    EVTCHN(BIND_VIRQ, bind_virq, { .virq = VIRQ_DOM_EXC }));
	V(xc_evtchn_notify, (e, 21), EVTCHN(NOTIFY, notify, { .port = 21 }));
	V(xc_evtchn_unbind, (e, 21), EVTCHN(UNBIND, unbind, { .port = 21 }));
	V(xc_evtchn_restrict, (e, 5),
	    EVTCHN(RESTRICT_DOMID, restrict_domid, { .domid = 5 }));
	V(xc_evtchn_unmask, (e, 33), WROTE(uint32_t, 33));
	ck_assert_int_eq(write(vec_peer, fired, sizeof(fired)),
	    sizeof(fired));
	ck_assert_int_eq(xc_evtchn_pending(e, ports, 4), 2);
	ck_assert_mem_eq(ports, fired, sizeof(fired));
	ck_assert_int_eq(xc_evtchn_pending(e, ports, 4), 0);
	xc_evtchn_close(e);
	close(vec_peer);
}

#define GNTDEV(name, type, ...)                                                \
	IOCTL(XC_DEV_GNTDEV, IOCTL_GNTDEV_##name, struct type, __VA_ARGS__)

/* The reference 8 of domain 5, and more. */
struct map_two {
	uint32_t count, pad;
	uint64_t index;
	struct ioctl_gntdev_grant_ref refs[2];
};

static void
grants(xc_interface *x)
{
	static struct xc_grant_segment segments[2];
	const uint32_t refs[2] = { 8, 9 };
	const unsigned where = VEC_IOCTL(XC_DEV_GNTDEV,
	    IOCTL_GNTDEV_GET_OFFSET_FOR_VADDR);
	struct xc_gnttab *g;
	void *p;

	(void)x;
	VP(xc_gnttab_open, (), OPENED("/dev/xen/gntdev"));
	g = vec_pointer;
	ANSWER(VEC_IOCTL(XC_DEV_GNTDEV, IOCTL_GNTDEV_MAP_GRANT_REF), 0,
	    QUADS(0x3000), 8);
	VP(xc_gnttab_map_refs, (g, 5, refs, 2, PROT_READ),
	    GNTDEV(MAP_GRANT_REF, map_two,
		{ .count = 2, .refs = { { 5, 8 }, { 5, 9 } } });
	    MAPPED(2 * XC_PAGE_SIZE, PROT_READ, 0x3000);
	    xc_os_munmap(vec_pointer, 2 * XC_PAGE_SIZE));
	VP(xc_gnttab_map, (g, 5, 8, RW),
	    GNTDEV(MAP_GRANT_REF, ioctl_gntdev_map_grant_ref,
		{ .count = 1, .refs = { { 5, 8 } } }));
	p = vec_pointer;
	ANSWER(where, 0, QUADS(0x3000, 1), 8);
	V(xc_gnttab_unmap, (g, p),
	    GNTDEV(GET_OFFSET_FOR_VADDR, ioctl_gntdev_get_offset_for_vaddr,
		{ .vaddr = VEC_PTR(0) });
	    GNTDEV(UNMAP_GRANT_REF, ioctl_gntdev_unmap_grant_ref,
		{ .index = 0x3000, .count = 1 }));
	/* Clear byte 4 and send through port 21 at the end. */
	ANSWER(where, 0, QUADS(0x3000, 1), 8);
	VP(xc_gnttab_map_notify, (g, 5, 8, RW, 4, 21),
	    GNTDEV(MAP_GRANT_REF, ioctl_gntdev_map_grant_ref,
		{ .count = 1, .refs = { { 5, 8 } } });
	    GNTDEV(GET_OFFSET_FOR_VADDR, ioctl_gntdev_get_offset_for_vaddr,
		{ .vaddr = VEC_PTR(0) });
	    GNTDEV(SET_UNMAP_NOTIFY, ioctl_gntdev_unmap_notify,
		{ .index = 0x3004, .action = 3, .event_channel_port = 21 });
	    xc_os_munmap(vec_pointer, XC_PAGE_SIZE));
	/* The list is the caller's own. */
	VR(2, xc_gnttab_copy, (g, segments, 2),
	    GNTDEV(GRANT_COPY, ioctl_gntdev_grant_copy,
		{ .count = 2, .segments = (void *)segments }));
	xc_gnttab_close(g);
}

#define GNTALLOC(name, type, ...)                                              \
	IOCTL(XC_DEV_GNTALLOC, IOCTL_GNTALLOC_##name,                          \
	    struct ioctl_gntalloc_##type, __VA_ARGS__)

static void
shares(xc_interface *x)
{
	const unsigned alloc = VEC_IOCTL(XC_DEV_GNTALLOC,
	    IOCTL_GNTALLOC_ALLOC_GREF);
	struct xc_gntshr *s;
	uint32_t refs[2];

	(void)x;
	VP(xc_gntshr_open, (), OPENED("/dev/xen/gntalloc"));
	s = vec_pointer;
	ANSWER(alloc, 0, WORDS(0x5000, 0, 77, 78), 8);
	VP(xc_gntshr_share_pages, (s, 5, 2, refs, true),
	    GNTALLOC(ALLOC_GREF, alloc_gref,
		{ .domid = 5, .flags = GNTALLOC_FLAG_WRITABLE, .count = 2 });
	    MAPPED(2 * XC_PAGE_SIZE, RW, 0x5000);
	    GNTALLOC(DEALLOC_GREF, dealloc_gref,
		{ .index = 0x5000, .count = 2 });
	    EQ(refs[0], 77); EQ(refs[1], 78);
	    xc_gntshr_unshare(s, vec_pointer, 2));
	ANSWER(alloc, 0, WORDS(0x5000, 0, 79), 8);
	VP(xc_gntshr_share_page_notify, (s, 5, refs, false, 8, 21),
	    GNTALLOC(ALLOC_GREF, alloc_gref, { .domid = 5, .count = 1 });
	    MAPPED(XC_PAGE_SIZE, RW, 0x5000);
	    GNTALLOC(SET_UNMAP_NOTIFY, unmap_notify,
		{ .index = 0x5008,
		    .action = UNMAP_NOTIFY_CLEAR_BYTE |
			UNMAP_NOTIFY_SEND_EVENT,
		    .event_channel_port = 21 });
	    GNTALLOC(DEALLOC_GREF, dealloc_gref,
		{ .index = 0x5000, .count = 1 });
	    EQ(refs[0], 79); xc_gntshr_unshare(s, vec_pointer, 1));
	xc_gntshr_close(s);
}

const struct vec_group vec_kernel_groups[] = {
	{ "mappings", mappings },
	{ "our channels", channels },
	{ "our grants", grants },
	{ "shares", shares },
	{ NULL, NULL },
};
