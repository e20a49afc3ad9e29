/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The beginning of an archive of a machine (XVA): what ova.xml says. */
#ifndef OVA_H
#define OVA_H

#include "xu_buf.h"
#include "xu_err.h"
#include "xu_val.h"

/* Bytes of ova.xml. */
#define OVA_MOST ((size_t)4 << 20)

/* head: unpacked bytes from the archive's first on. How many of them there must be: no
 * more than there are when ova.xml has come whole. 0: this is no archive, e says
 * why. */
size_t ova_needs(const struct xu_buf *head, struct xu_err *e);
/*
 * Of a whole one: [{class, id, snapshot}], of machines, their devices, disks and
 * networks, with those fields that an owner decides, as the core has them. NULL: it
 * cannot be read.
 */
struct xu_val *ova_objects(const struct xu_buf *head, struct xu_err *e)
    XU_MUST_CHECK;

#endif
