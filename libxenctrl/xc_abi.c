/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Per-release tables and the encoders over them; no system call here. */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "xc_abi.h"

#define REL(maj, min) ((uint32_t)(maj) << 16 | (min))
#define NO	      XC_ABSENT

/* createdomain up to max_maptrack_frames is the same everywhere: 44 bytes. */
const struct xc_abi xc_abis[] = {
	/* release          domctl sysctl  size grant vmtr pool emul misc flags */
	{ REL(4, 14), REL(4, 14), 0x12, 0x13, { 48, NO, NO, NO, 44, NO, 0x3f },
	    104, 32, NO, false },
	{ REL(4, 15), REL(4, 15), 0x13, 0x13, { 56, NO, 44, NO, 48, 52, 0x7f },
	    104, 32, NO, false },
	{ REL(4, 16), REL(4, 16), 0x14, 0x14, { 60, 44, 48, NO, 52, 56, 0xff },
	    112, 32, NO, false },
	{ REL(4, 17), REL(4, 17), 0x15, 0x15, { 64, 44, 48, 52, 56, 60, 0xff },
	    112, 40, 32, true },
	{ REL(4, 18), REL(4, 18), 0x16, 0x15, { 64, 44, 48, 52, 56, 60, 0xff },
	    112, 40, 32, true },
	{ REL(4, 19), REL(4, 20), 0x17, 0x15, { 68, 44, 52, 56, 60, 64, 0xff },
	    112, 40, 32, true },
	{ REL(4, 21), REL(4, 21), 0x17, 0x16, { 68, 44, 52, 56, 60, 64, 0xff },
	    112, 40, 32, true },
	{ REL(4, 22), REL(4, 22), 0x18, 0x16, { 68, 44, 52, 56, 60, 64, 0xff },
	    112, 40, 32, true },
};
const size_t xc_nabis = sizeof(xc_abis) / sizeof(xc_abis[0]);

const struct xc_abi *
xc_abi_find(uint32_t release, uint32_t domctl, uint32_t sysctl)
{
	for (size_t i = 0; i < xc_nabis; i++) {
		const struct xc_abi *a = &xc_abis[i];

		/* 0x17 covers two layouts: the release decides. */
		if (release >= a->first && release <= a->last &&
		    a->domctl == domctl && a->sysctl == sysctl)
			return a;
	}
	return NULL;
}

static void
put32(uint8_t *out, uint16_t off, uint32_t v)
{
	memcpy(out + off, &v, sizeof(v));
}

static uint32_t
get32(const uint8_t *in, size_t off)
{
	uint32_t v;

	memcpy(&v, in + off, sizeof(v));
	return v;
}

static uint64_t
get64(const uint8_t *in, size_t off)
{
	uint64_t v;

	memcpy(&v, in + off, sizeof(v));
	return v;
}

/* A field some releases lack: there its default is fine, nothing else is. */
static bool
optional(uint8_t *out, uint16_t off, uint32_t v, const char *name,
    const char **what)
{
	if (off != XC_ABSENT)
		put32(out, off, v);
	else if (v != 0)
		*what = name;
	return off != XC_ABSENT || v == 0;
}

int
xc_encode_create(const struct xc_abi *abi, const struct xc_domain_create *req,
    uint32_t grant_version, uint8_t out[XC_CTL_PAYLOAD], const char **what)
{
	uint32_t grant = req->max_grant_version;

	memset(out, 0, XC_CTL_PAYLOAD);
	*what = NULL;
	put32(out, 0, req->ssidref);
	memcpy(out + 4, req->handle, 16);
	put32(out, 20, req->flags);
	put32(out, 24, req->iommu_opts);
	put32(out, 28, req->max_vcpus);
	put32(out, 32, req->max_evtchn_port);
	put32(out, 36, (uint32_t)req->max_grant_frames);
	put32(out, 40, (uint32_t)req->max_maptrack_frames);
	if (abi->create.grant_opts != XC_ABSENT && grant == 0)
		grant = grant_version;
	put32(out, abi->create.emulation, req->emulation_flags);
	if ((req->flags & ~abi->create.known_flags) != 0)
		*what = "a domain flag";
	if (*what == NULL &&
	    optional(out, abi->create.grant_opts, grant,
		"the choice of a grant table version", what) &&
	    optional(out, abi->create.vmtrace, req->vmtrace_size,
		"processor trace buffers", what) &&
	    optional(out, abi->create.cpupool, req->cpupool_id,
		"a CPU pool at creation", what) &&
	    optional(out, abi->create.misc, req->misc_flags,
		"x86 miscellaneous flags", what))
		return 0;
	errno = ENOTSUP;
	return -1;
}

int
xc_encode_irq_permission(const struct xc_abi *abi, uint32_t pirq, bool allow,
    uint8_t out[XC_CTL_PAYLOAD], const char **what)
{
	memset(out, 0, XC_CTL_PAYLOAD);
	*what = NULL;
	if (abi->first >= REL(4, 16)) {
		put32(out, 0, pirq);
		out[4] = allow;
		return 0;
	}
	if (pirq <= UINT8_MAX) {
		out[0] = (uint8_t)pirq;
		out[1] = allow;
		return 0;
	}
	*what = "permissions for interrupts above 255";
	errno = ENOTSUP;
	return -1;
}

void
xc_encode_gsi_permission(uint32_t gsi, bool allow, uint8_t out[XC_CTL_PAYLOAD])
{
	memset(out, 0, XC_CTL_PAYLOAD);
	put32(out, 0, gsi);
	put32(out, 4, allow);
}

void
xc_decode_domaininfo(const struct xc_abi *abi, const uint8_t *in,
    struct xc_domaininfo *out)
{
	uint32_t flags = get32(in, 4);

	(void)abi; /* up to cpupool nothing moved, only the size did */
	memset(out, 0, sizeof(*out));
	out->domid = in[0] | (uint32_t)in[1] << 8;
	out->flags = flags & 0xffff;
	out->shutdown_reason = flags >> 16 & 0xff;
	out->tot_pages = get64(in, 8);
	out->max_pages = get64(in, 16);
	out->outstanding_pages = get64(in, 24);
	out->shr_pages = get64(in, 32);
	out->paged_pages = get64(in, 40);
	out->shared_info_frame = get64(in, 48);
	out->cpu_time = get64(in, 56);
	out->nr_online_vcpus = get32(in, 64);
	out->max_vcpu_id = get32(in, 68);
	out->ssidref = get32(in, 72);
	memcpy(out->handle, in + 76, 16);
	out->cpupool = get32(in, 92);
}

void
xc_decode_physinfo(const struct xc_abi *abi, const uint8_t *in,
    struct xc_physinfo *out)
{
	size_t t = abi->phys_total;

	memset(out, 0, sizeof(*out));
	out->threads_per_core = get32(in, 0);
	out->cores_per_socket = get32(in, 4);
	out->nr_cpus = get32(in, 8);
	out->max_cpu_id = get32(in, 12);
	out->nr_nodes = get32(in, 16);
	out->max_node_id = get32(in, 20);
	out->cpu_khz = get32(in, 24);
	out->capabilities = get32(in, 28);
	if (abi->create.grant_opts == XC_ABSENT)
		out->capabilities |= XC_PHYSCAP_GNTTAB_V1 | XC_PHYSCAP_GNTTAB_V2;
	if (abi->phys_arch != XC_ABSENT)
		out->arch_capabilities = get32(in, abi->phys_arch);
	out->total_pages = get64(in, t);
	out->free_pages = get64(in, t + 8);
	out->scrub_pages = get64(in, t + 16);
	out->outstanding_pages = get64(in, t + 24);
	out->max_mfn = get64(in, t + 32);
	for (size_t i = 0; i < 8; i++)
		out->hw_cap[i] = get32(in, t + 40 + 4 * i);
}
