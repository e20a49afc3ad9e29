/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Images of domains, made byte by byte as xl's header, libxl's container and libxc's
 * stream are described, for tests and seeds. */
#ifndef XG_SAVED_H
#define XG_SAVED_H

#include "xg_stream.h"

#define SAVED_MAX (256u << 10)
#define SAVED_RECORDS 32

struct saved {
	uint8_t bytes[SAVED_MAX];
	size_t len;
	/* Where each record of libxc's stream begins. */
	size_t record[SAVED_RECORDS];
	unsigned nrecords;
};
/* How it differs from what we write ourselves. */
#define SAVED_V2     (1u << 0)
#define SAVED_OF_XL  (1u << 1)
#define SAVED_COMPAT (1u << 2)
void saved_pv(struct saved *s, unsigned flags);
void saved_hvm(struct saved *s, unsigned flags);
/* Its end, once more, after something before it was changed. */
void saved_seal(struct saved *s);
/* The nth record of that type (from 0); the test fails when there is none. */
struct xg_rec_header *saved_record(struct saved *s, uint32_t type, unsigned n);

#endif
