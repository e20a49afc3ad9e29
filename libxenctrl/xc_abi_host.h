/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What differs between releases in the host's operations; pure, as xc_abi.h.
 * Payloads are those of xc_sysctl. */
#ifndef XC_ABI_HOST_H
#define XC_ABI_HOST_H

#include "xc_abi.h"

/* pm_op get_para: counts and one buffer for cpus, frequencies (u32 each) and
 * governors (XC_CPUFREQ_NAME each) after each other. */
void xc_encode_para(uint8_t out[XC_CTL_PAYLOAD], uint32_t cpus, uint32_t freqs,
    uint32_t governors, uint64_t buf);
void xc_decode_para(const struct xc_abi *abi, const uint8_t in[XC_CTL_PAYLOAD],
    struct xc_cpufreq_para *out);
/* Performance levels in the answer to get_para (4.18 to 4.20), else -1 with
 * ENODEV. */
int xc_decode_para_cppc(const struct xc_abi *abi,
    const uint8_t in[XC_CTL_PAYLOAD], struct xc_cppc *out);
/* They have an operation of their own (4.21), whose answer is this. */
bool xc_cppc_has_op(const struct xc_abi *abi);
void xc_decode_cppc(const uint8_t *in, struct xc_cppc *out);

/*
 * livepatch_op {u32 cmd, flags (from 4.19, else 0), name {buffer, u16 size}}.
 * -1 with ENOTSUP when the release has no such flags.
 */
int xc_encode_livepatch(const struct xc_abi *abi, uint32_t cmd, uint32_t flags,
    uint64_t name, uint16_t name_size, uint8_t out[XC_CTL_PAYLOAD]);

/* Number of the xen_version operation of a text, and its length there when it is
 * an old one that cuts; 0: the new kind, which tells its length (4.20). */
unsigned xc_version_op(uint32_t release, enum xc_version_text which,
    size_t *cut);

#endif
