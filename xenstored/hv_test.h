/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the two sides of the test transport agree on. In a directory:
 *
 *   domains    the table below, mapped by both: which domains live
 *   <domid>    one page, the ring (xen/io/xs_wire.h); 0 is dom0's own
 *   hv         SOCK_SEQPACKET, the daemon listens: the messages below
 *
 * Event channels: a kick names the domain. Frame and port of INTRODUCE may be
 * anything. The table is the truth, as Xen's domain list is; a message only says
 * that it changed, so a daemon that starts again needs to be told nothing.
 */
#ifndef XSD_HV_TEST_H
#define XSD_HV_TEST_H

#include <stdint.h>

#define HVT_DOMAINS 32752u /* ids below DOMID_FIRST_RESERVED */
#define HVT_MAGIC   0x74766878u

#define HVT_DYING    1u
#define HVT_SHUTDOWN 2u

struct hvt_domain {
	/* 0 = no such domain. */
	uint64_t instance;
	uint32_t flags;
	/* Its port has fired, and is masked until the daemon looks: who kicks may
	 * leave the message out then, as a guest of Xen does. */
	uint32_t pending;
};

struct hvt_table {
	uint32_t magic;
	/* No domain has this id or a higher one. */
	uint32_t top;
	struct hvt_domain v[HVT_DOMAINS];
};

#define HVT_KICK    1u /* both ways: the ring of domid has news */
#define HVT_CHANGED 2u /* to the daemon: look at the table */

struct hvt_msg {
	uint32_t kind;
	uint32_t domid;
};

#endif
