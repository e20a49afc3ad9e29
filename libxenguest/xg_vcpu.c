/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The registers of a PVH or HVM guest's first vCPU: 32-bit protected mode,
 * paging off, flat segments, ebx = hvm_start_info (docs/misc/pvh in Xen's tree).
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <stdint.h>
#include <xen/xen.h>
#include <xen/hvm/save.h>

#include "xg_hvm.h"

/* Segments' attributes: type, S, DPL, P in bits 0..7, G and D in 10 and 11. */
#define CODE_32	 0xc9bu
#define DATA_32	 0xc93u
#define TSS_32	 0x8bu
#define CR0_PE	 (1u << 0)
#define CR0_ET	 (1u << 4)
#define DR6	 0xffff0ff0u
#define DR7	 0x400u
/* Without firmware nobody else makes memory cacheable: MTRRs on, the rest is
 * write-back. */
#define MTRR_ALL_WB 0x806u

struct record {
	struct hvm_save_descriptor d;
	const uint8_t *body;
};

/* The next record at *at; false at the end or where it makes no sense. */
static bool
next_record(const struct xg_blob *from, uint64_t *at, struct record *r)
{
	const void *p = xg_at(from, *at, sizeof(r->d));

	if (p == NULL)
		return false;
	memcpy(&r->d, p, sizeof(r->d));
	*at += sizeof(r->d);
	r->body = xg_at(from, *at, r->d.length);
	*at += r->d.length;
	return r->body != NULL && r->d.typecode != HVM_SAVE_CODE(END);
}

struct writer {
	uint8_t *out;
	size_t len, room;
	bool full;
};

static void
put_record(struct writer *w, uint16_t typecode, uint16_t instance,
    const void *body, size_t size)
{
	struct hvm_save_descriptor d = { .typecode = typecode,
		.instance = instance, .length = (uint32_t)size };

	if (w->full || w->room - w->len < sizeof(d) + size) {
		w->full = true;
		return;
	}
	memcpy(w->out + w->len, &d, sizeof(d));
	if (size > 0)
		memcpy(w->out + w->len + sizeof(d), body, size);
	w->len += sizeof(d) + size;
}

static void
put_cpu(struct writer *w, uint64_t entry, uint64_t info)
{
	HVM_SAVE_TYPE(CPU) c = { .rip = entry, .rbx = info,
		.cr0 = CR0_PE | CR0_ET, .dr6 = DR6, .dr7 = DR7,
		.cs_limit = ~0u, .ds_limit = ~0u, .es_limit = ~0u,
		.ss_limit = ~0u, .tr_limit = 0x67, .cs_arbytes = CODE_32,
		.ds_arbytes = DATA_32, .es_arbytes = DATA_32,
		.ss_arbytes = DATA_32, .tr_arbytes = TSS_32 };

	put_record(w, HVM_SAVE_CODE(CPU), 0, &c, sizeof(c));
}

size_t
xg_vcpu_context(const struct xg_blob *from, bool mtrrs, uint64_t entry,
    uint64_t info, uint8_t *out, size_t room)
{
	struct writer w = { .out = out, .room = room };
	struct record r = { .body = NULL };
	bool header = false;
	uint64_t at = 0;

	while (next_record(from, &at, &r)) {
		HVM_SAVE_TYPE(MTRR) m;

		if (r.d.typecode == HVM_SAVE_CODE(HEADER) && !header) {
			put_record(&w, r.d.typecode, 0, r.body, r.d.length);
			put_cpu(&w, entry, info);
			header = true;
		}
		if (!mtrrs || !header || r.d.typecode != HVM_SAVE_CODE(MTRR) ||
		    r.d.length != sizeof(m))
			continue;
		memcpy(&m, r.body, sizeof(m));
		m.msr_mtrr_def_type = MTRR_ALL_WB;
		put_record(&w, r.d.typecode, r.d.instance, &m, sizeof(m));
	}
	put_record(&w, HVM_SAVE_CODE(END), 0, NULL, 0);
	return header && r.d.typecode == HVM_SAVE_CODE(END) && !w.full ? w.len
								      : 0;
}

int
xg_first_vcpu(struct xg_job *j, uint64_t entry, uint64_t info)
{
	int64_t size = xc_domain_hvm_getcontext(j->xch, j->b->domid, NULL, 0);
	struct xg_blob from = { 0 };
	uint8_t *now = NULL, *then = NULL;
	size_t room, n = 0;
	int r = -1;

	if (size <= 0 || size > XC_HVM_CONTEXT_MAX)
		return xg_xen_fail(j, "registers");
	/* What it has, and at most the one record it may lack. */
	room = (size_t)size + sizeof(HVM_SAVE_TYPE(CPU)) + 64;
	now = malloc((size_t)size);
	then = malloc(room);
	if (now == NULL || then == NULL) {
		xg_fail(j->e, ENOMEM, "no memory for the registers");
		goto out;
	}
	size = xc_domain_hvm_getcontext(j->xch, j->b->domid, now,
	    (uint32_t)size);
	if (size < 0) {
		xg_xen_fail(j, "registers");
		goto out;
	}
	from = (struct xg_blob){ .p = now, .size = (uint64_t)size };
	n = xg_vcpu_context(&from, j->b->type == XG_PVH, entry, info, then,
	    room);
	if (n == 0)
		xg_fail(j->e, EPROTO, "registers: the hypervisor's context of "
		    "%lld bytes is not understood", (long long)size);
	else if (xc_domain_hvm_setcontext(j->xch, j->b->domid, then,
	    (uint32_t)n) < 0)
		xg_xen_fail(j, "registers");
	else
		r = 0;
out:
	free(now);
	free(then);
	return r;
}
