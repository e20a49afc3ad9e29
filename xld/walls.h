/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Walls of the small processes that look at bytes of strangers: xld-image, xld-tls. A
 * call that is not among theirs kills them. A sanitizer's run time needs more than they
 * have: in such a build there is no filter (XU_SANITIZED).
 */
#ifndef WALLS_H
#define WALLS_H

#include <seccomp.h>
#include <stddef.h>

/* Nobody from here on, for good: no privilege to gain, no core, and it dies with its
 * parent. -1: not all of it could be had. */
int walls_nobody(void);
/* These calls, and memory that cannot be executed; rules may be added. NULL: it cannot
 * be made. */
scmp_filter_ctx walls_filter(const int *calls, size_t n);
/* f (taken) holds from here on. -1: it does not. */
int walls_load(scmp_filter_ctx f);

#endif
