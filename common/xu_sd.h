/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a service manager and its services say to each other (sd_notify(3),
 * sd_listen_fds(3), sd_watchdog_enabled(3)): words in the environment and one
 * datagram socket. Without a manager nothing is said and nothing was given.
 */
#ifndef XU_SD_H
#define XU_SD_H

#include <stdint.h>

/* "READY=1", "STATUS=..." */
void xu_sd_notify(const char *state);
/* The settings are being read anew; READY=1 says that they have been. */
void xu_sd_reloading(void);
/* Microseconds within which it wants to hear of this process; 0 = it does not. */
uint64_t xu_sd_watchdog(void);
/* The socket that it listens on at that path for us: ours from then on, close on
 * exec, not blocking. Once; -1: it has none. */
int xu_sd_listener(const char *path);

#endif
