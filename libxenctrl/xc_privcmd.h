/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The kernel's privcmd ioctls (linux/include/uapi/xen/privcmd.h, whose own
 * includes exist inside the kernel tree only).
 */
#ifndef XC_PRIVCMD_H
#define XC_PRIVCMD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>

struct privcmd_hypercall {
	uint64_t op;
	uint64_t arg[5];
};

struct privcmd_mmapbatch_v2 {
	uint32_t num;
	uint16_t dom;
	uint64_t addr;
	const uint64_t *arr;
	/* The kernel zeroes it first, then puts a negative errno per frame. */
	int *err;
};

struct privcmd_mmap_resource {
	uint16_t dom;
	uint32_t type;
	uint32_t id;
	uint32_t idx;
	uint64_t num;
	uint64_t addr;
};

struct privcmd_dm_op_buf {
	void *uptr;
	size_t size;
};

struct privcmd_dm_op {
	uint16_t dom;
	uint16_t num;
	const struct privcmd_dm_op_buf *ubufs;
};

#define IOCTL_PRIVCMD_HYPERCALL                                                \
	_IOC(_IOC_NONE, 'P', 0, sizeof(struct privcmd_hypercall))
#define IOCTL_PRIVCMD_MMAPBATCH_V2                                             \
	_IOC(_IOC_NONE, 'P', 4, sizeof(struct privcmd_mmapbatch_v2))
#define IOCTL_PRIVCMD_DM_OP                                                    \
	_IOC(_IOC_NONE, 'P', 5, sizeof(struct privcmd_dm_op))
#define IOCTL_PRIVCMD_RESTRICT _IOC(_IOC_NONE, 'P', 6, sizeof(uint16_t))
#define IOCTL_PRIVCMD_MMAP_RESOURCE                                            \
	_IOC(_IOC_NONE, 'P', 7, sizeof(struct privcmd_mmap_resource))

#endif
