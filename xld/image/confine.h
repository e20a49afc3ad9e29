/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The walls of a worker that reads what others wrote. */
#ifndef XLD_IMAGE_CONFINE_H
#define XLD_IMAGE_CONFINE_H

/*
 * From now on this process is nobody and can read, write and map what it has open,
 * ask the hypervisor, and end. -1 with errno.
 */
int confine(void);

#endif
