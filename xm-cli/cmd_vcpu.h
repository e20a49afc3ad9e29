/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rows of xm vcpu-list. */
#ifndef XM_CMD_VCPU_H
#define XM_CMD_VCPU_H

#include "xm.h"

/* soft: xl's column of both affinities. */
void vcpu_header(bool soft, struct xu_buf *out);
/* vcpu is a member of what VM.list_VCPUs gives. */
void vcpu_row(const struct xapi_vm *vm, const struct xapi_value *vcpu,
    bool soft, struct xu_buf *out);
struct xapi_value *vcpus_at_rest(const struct xapi_vm *vm);

#endif
