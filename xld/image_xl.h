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

#endif
