/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Single values of the kernel's /sys. */
#ifndef XLD_SYSFS_H
#define XLD_SYSFS_H

#include <stddef.h>

#include "xu_auto.h"
#include "xu_err.h"

/* What a file says, without the blanks behind it; "" = it cannot be read. */
void sysfs_word(char *out, size_t room, const char *fmt, ...)
    XU_PRINTF(3, 4);
/* The last part of where a link leads; "" = there is none. */
void sysfs_link(char *out, size_t room, const char *fmt, ...)
    XU_PRINTF(3, 4);
/* -1 with an error that names the file. */
int sysfs_write(const char *text, struct xu_err *e, const char *fmt, ...)
    XU_PRINTF(3, 4);

#endif
