/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The configuration in an image: what libxl's JSON has for such a guest, so that xl
 * restores it, and as a member "xld", which xl passes over, the machine as we know
 * it.
 */
#ifndef XLD_IMAGE_XL_H
#define XLD_IMAGE_XL_H

#include "xld.h"

struct xu_val *image_config(const struct guest *g);
/* What VM.create would be given for the machine of an image, of ours or of xl's; NULL
 * with an error. pv: the image is of a PV guest. */
struct xu_val *image_args(const struct xu_val *config, bool pv,
    struct xu_err *e);

/* Of that machine: guest.on_ring, as far as the image tells. */
bool image_on_ring(const struct xu_val *config);

/* The rest is theirs: a text of from that is not empty, under another name. */
void image_text(struct xu_val *to, const char *name, const struct xu_val *from,
    const char *field);

/* ---- image_dev.c: disks and network interfaces ------------------------------------ */

/* Those of a config of ours as members of libxl's. */
void image_put_devices(struct xu_val *to, const struct xu_val *config);
/* The other way, as new entries. */
int image_take_devices(struct xu_val *args, const struct xu_val *config,
    struct xu_err *e);

/* ---- image_hvm.c: what only HVM guests have, and screens of the others --------------- */

/* Members vfbs and vkbs. */
void image_put_screen(struct xu_val *to, const struct xu_val *config);
int image_take_screen(struct xu_val *args, const struct xu_val *config,
    struct xu_err *e);

/* Into b_info, and its member "type.hvm". */
void image_put_hvm(struct xu_val *b_info, const struct xu_val *config);
int image_take_hvm(struct xu_val *args, const struct xu_val *b_info,
    struct xu_err *e);

#endif
