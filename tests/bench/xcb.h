/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What xcb counts, done with one library or the other. Each function returns 0,
 * or -1 with xcb_error() saying why; xcb_list returns how many.
 */
#ifndef XCB_H
#define XCB_H

#include <stddef.h>
#include <stdint.h>

#define XCB_MANY 1024u
#define XCB_RING 16384u
/* Pages of an extent that memory is got in. */
#define XCB_ORDER 9

/* Before anything is counted. */
int xcb_load(void);
const char *xcb_error(void);

int xcb_open(void);
void xcb_close(void);
/* Up to XCB_MANY domains from `first` on; ids gets theirs. */
int xcb_list(uint32_t first, uint32_t *ids);
int xcb_info(uint32_t domid);
/* Figures of the host, and what `xl info` shows of the hypervisor. */
int xcb_host(void);
/* An empty PV domain with one vCPU and a ceiling of memory. */
int xcb_create(uint32_t *domid, uint64_t max_kib);
int xcb_destroy(uint32_t domid);
/* Memory of n extents; their first machine frames. */
int xcb_populate(uint32_t domid, uint64_t *extents, size_t n);
/* Maps the frames for reading, and undoes it. */
int xcb_map(uint32_t domid, const uint64_t *frames, size_t n);
int xcb_console(void);

#endif
