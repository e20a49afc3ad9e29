/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * qcow2 images (docs/interop/qcow2 of QEMU), as far as a host has to know them: the
 * head of one is read, of fixed size and nothing that it names followed; empty ones
 * are made. What is in them is the device model's affair.
 */
#ifndef XLD_QCOW2_H
#define XLD_QCOW2_H

#include <stdbool.h>
#include <stdint.h>

struct qcow2 {
	uint32_t version, cluster_bits, l1_size;
	/* What a guest sees. */
	uint64_t size;
	/* It begins where another ends; its data are in another file. */
	bool has_backing, has_data_file;
};

/* -1: it is no image of that format, or one of sizes that cannot be. */
int qcow2_read(int fd, struct qcow2 *q);
/* Of an empty file; all zeros. -1 with errno. */
int qcow2_make(int fd, uint64_t size);
/* -1 with errno; EFBIG: one that others made has no room in its tables. */
int qcow2_grow(int fd, uint64_t size);

#endif
