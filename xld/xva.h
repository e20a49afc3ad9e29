/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Archives of machines, as XenServer's family exchanges them (XVA): a tar whose first
 * file, ova.xml, says what the machine is, and whose others are the content of its
 * disks, of 1 MiB each: NAME/00000000 and so on, NAME being what ova.xml calls the disk.
 * Chunks of zeros are left out, but for the first and the last of a disk. Behind each
 * one there is a file of the same name and .checksum (SHA-1) or .xxhash (XXH64), its
 * sum in hexadecimal. ova.xml is xld-api's affair.
 *
 * The reader touches nothing but what it is given; what comes may be anything.
 */
#ifndef XLD_XVA_H
#define XLD_XVA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define XVA_CHUNK    (1u << 20)
#define XVA_SHA1_HEX 41

struct xva_disk {
	const char *name;
	int64_t size;
	/* The number that its next chunk has at least; the last has come. */
	uint64_t next;
	bool whole;
};

enum xva_end {
	XVA_OK,
	/* It ends too soon; a sum is wrong; another file is there than can be. */
	XVA_TORN,
	XVA_SUMS,
	XVA_UNEXPECTED,
	/* It is no such archive. */
	XVA_BAD,
	/* read or put did not want to go on. */
	XVA_STOPPED,
};

struct xva {
	struct xva_disk *disks;
	size_t ndisks;
	/* XVA_CHUNK bytes of the caller's. */
	char *buf;
	/* *got is less than n at the end only. Not 0: stop. */
	int (*read)(void *arg, char *p, size_t n, size_t *got);
	/* n bytes of a disk, whose sum was right. */
	int (*put)(void *arg, size_t disk, const char *p, size_t n, int64_t at);
	void *arg;
	/* XVA_STOPPED: what was returned. */
	int stopped;
	/* A sentence; XVA_UNEXPECTED: what was expected, a |, what was found. */
	char why[200];
};

/* From the beginning to the end of the tar. */
enum xva_end xva_read(struct xva *x);

void xva_sha1(const void *p, size_t n, char out[XVA_SHA1_HEX]);
uint64_t xva_xxh64(const void *p, size_t n);

#endif
