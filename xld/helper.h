/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A program of ours that does one thing and ends: it has a channel to us as
 * descriptor 3, and dies with us.
 */
#ifndef XLD_HELPER_H
#define XLD_HELPER_H

#include <stdint.h>
#include <sys/types.h>

#include "xu_err.h"
#include "xu_msg.h"

/* max: bytes of a message of its. Our end does not block. NULL with an error. */
struct xu_chan *helper_start(const char *path, uint32_t max, pid_t *pid,
    struct xu_err *e);
/* Its status; it is to end, or is made to. */
int helper_wait(pid_t pid);
int helper_kill(pid_t pid);

#endif
