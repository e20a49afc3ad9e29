/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counters of hypervisors built for it: performance, locks, code coverage. */
#include "config.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "xc_private.h"

/* perfc_op: {u32 cmd, counters, values, pad, u64 descriptions, values}. */
enum {
	PERFC_RESET = 1,
	PERFC_QUERY = 2,
};
/* lockprof_op: {u32 cmd, room, n, pad, u64 time, data}. */
enum {
	LOCKPROF_RESET = 1,
	LOCKPROF_QUERY = 2,
};
/* coverage_op: {u32 cmd, size, u64 buffer}. */
enum {
	COVERAGE_SIZE = 0,
	COVERAGE_READ = 1,
	COVERAGE_RESET = 2,
};

#define MAX_ENTRIES  (1u << 20)
#define MAX_COVERAGE (64u << 20)

struct perfc_desc {
	char name[80];
	uint32_t nr_vals;
};
_Static_assert(sizeof(struct perfc_desc) == 84, "perfc_desc");

struct lockprof_data {
	char name[40];
	int32_t type, idx;
	uint64_t lock_cnt, block_cnt, lock_time, block_time;
};
_Static_assert(sizeof(struct lockprof_data) == 80, "lockprof_data");

XC_API int
xc_perfc_query_number(xc_interface *xch, uint32_t *counters, uint32_t *values)
{
	struct xc_sysctl ctl = { .cmd = SYSCTL_perfc_op };

	ctl.u.u32[0] = PERFC_QUERY;
	if (xc_check_ptr(xch, counters, "the number of counters") < 0 ||
	    xc_check_ptr(xch, values, "the number of values") < 0 ||
	    xc_do_sysctl(xch, &ctl, "ask for performance counters") < 0)
		return -1;
	*counters = ctl.u.u32[1];
	*values = ctl.u.u32[2];
	return 0;
}

/* Xen copies all of them, whatever room there is: ask for the numbers first. */
XC_API int
xc_perfc_query(xc_interface *xch, struct xc_perfc_desc *desc,
    uint32_t max_desc, uint32_t *vals, uint32_t max_vals)
{
	struct xc_sysctl ctl = { .cmd = SYSCTL_perfc_op };
	uint32_t nd, nv;
	struct perfc_desc *d;
	size_t size;
	uint8_t *buf;
	int r;

	if (xc_check_ptr(xch, desc, "counters") < 0 ||
	    xc_check_ptr(xch, vals, "values") < 0 ||
	    xc_check_range(xch, max_desc, 1, MAX_ENTRIES, "counters") < 0 ||
	    xc_check_range(xch, max_vals, 1, MAX_ENTRIES, "values") < 0 ||
	    xc_perfc_query_number(xch, &nd, &nv) < 0)
		return -1;
	if (nd > max_desc || nv > max_vals)
		return xc_fail(xch, ENOBUFS, "%u performance counters with %u "
		    "values", nd, nv);
	size = nd * sizeof(*d) + (size_t)nv * 4;
	buf = xc_buf_get(xch, size + 8);
	if (buf == NULL)
		return xc_fail(xch, errno, "ask for performance counters");
	d = (struct perfc_desc *)(void *)buf;
	ctl.u.u32[0] = PERFC_QUERY;
	ctl.u.u64[2] = (uintptr_t)d;
	ctl.u.u64[3] = (uintptr_t)(d + nd);
	r = xc_do_sysctl(xch, &ctl, "ask for performance counters");
	for (uint32_t i = 0; r >= 0 && i < nd; i++) {
		snprintf(desc[i].name, sizeof(desc[i].name), "%.80s",
		    d[i].name);
		desc[i].nr_vals = d[i].nr_vals;
	}
	if (r >= 0)
		memcpy(vals, d + nd, (size_t)nv * 4);
	xc_buf_put(xch, buf, size + 8);
	return r < 0 ? -1 : (int)nd;
}

XC_API int
xc_perfc_reset(xc_interface *xch)
{
	struct xc_sysctl ctl = { .cmd = SYSCTL_perfc_op };

	ctl.u.u32[0] = PERFC_RESET;
	return xc_change_sysctl(xch, &ctl, "reset performance counters");
}

XC_API int
xc_lockprof_query_number(xc_interface *xch, uint32_t *locks)
{
	struct xc_sysctl ctl = { .cmd = SYSCTL_lockprof_op };

	ctl.u.u32[0] = LOCKPROF_QUERY;
	if (xc_check_ptr(xch, locks, "the number of locks") < 0 ||
	    xc_do_sysctl(xch, &ctl, "ask for lock profiles") < 0)
		return -1;
	*locks = ctl.u.u32[2];
	return 0;
}

XC_API int
xc_lockprof_query(xc_interface *xch, struct xc_lockprof_data *out,
    uint32_t max, uint64_t *ns)
{
	struct xc_sysctl ctl = { .cmd = SYSCTL_lockprof_op };
	size_t size = (size_t)max * sizeof(struct lockprof_data);
	struct lockprof_data *d;
	uint32_t n = 0;
	int r;

	if (xc_check_ptr(xch, out, "lock profiles") < 0 ||
	    xc_check_range(xch, max, 1, MAX_ENTRIES, "locks") < 0)
		return -1;
	d = xc_buf_get(xch, size);
	if (d == NULL)
		return xc_fail(xch, errno, "ask for lock profiles");
	ctl.u.u32[0] = LOCKPROF_QUERY;
	ctl.u.u32[1] = max;
	ctl.u.u64[3] = (uintptr_t)d;
	r = xc_do_sysctl(xch, &ctl, "ask for lock profiles");
	if (r >= 0)
		n = ctl.u.u32[2] < max ? ctl.u.u32[2] : max;
	for (uint32_t i = 0; i < n; i++) {
		snprintf(out[i].name, sizeof(out[i].name), "%.40s",
		    d[i].name);
		out[i].type = d[i].type;
		out[i].idx = d[i].idx;
		out[i].lock_cnt = d[i].lock_cnt;
		out[i].block_cnt = d[i].block_cnt;
		out[i].lock_ns = d[i].lock_time;
		out[i].block_ns = d[i].block_time;
	}
	if (r >= 0 && ns != NULL)
		*ns = ctl.u.u64[2];
	xc_buf_put(xch, d, size);
	return r < 0 ? -1 : (int)n;
}

XC_API int
xc_lockprof_reset(xc_interface *xch)
{
	struct xc_sysctl ctl = { .cmd = SYSCTL_lockprof_op };

	ctl.u.u32[0] = LOCKPROF_RESET;
	return xc_change_sysctl(xch, &ctl, "reset lock profiles");
}

XC_API int
xc_coverage_size(xc_interface *xch, uint32_t *size)
{
	struct xc_sysctl ctl = { .cmd = SYSCTL_coverage_op };

	ctl.u.u32[0] = COVERAGE_SIZE;
	if (xc_check_ptr(xch, size, "the size of coverage data") < 0 ||
	    xc_do_sysctl(xch, &ctl, "ask for coverage data") < 0)
		return -1;
	*size = ctl.u.u32[1];
	return 0;
}

XC_API int
xc_coverage_read(xc_interface *xch, void *buf, uint32_t *size)
{
	struct xc_sysctl ctl = { .cmd = SYSCTL_coverage_op };
	size_t room;
	void *safe;
	int r;

	if (xc_check_ptr(xch, buf, "coverage data") < 0 ||
	    xc_check_ptr(xch, size, "the size of coverage data") < 0 ||
	    xc_check_range(xch, *size, 1, MAX_COVERAGE,
		"bytes of coverage data") < 0)
		return -1;
	room = *size;
	safe = xc_buf_get(xch, room);
	if (safe == NULL)
		return xc_fail(xch, errno, "ask for coverage data");
	ctl.u.u32[0] = COVERAGE_READ;
	ctl.u.u32[1] = *size;
	ctl.u.u64[1] = (uintptr_t)safe;
	r = xc_do_sysctl(xch, &ctl, "ask for coverage data") < 0 ? -1 : 0;
	if (r == 0) {
		*size = ctl.u.u32[1] < room ? ctl.u.u32[1] : (uint32_t)room;
		memcpy(buf, safe, *size);
	}
	xc_buf_put(xch, safe, room);
	return r;
}

XC_API int
xc_coverage_reset(xc_interface *xch)
{
	struct xc_sysctl ctl = { .cmd = SYSCTL_coverage_op };

	ctl.u.u32[0] = COVERAGE_RESET;
	return xc_change_sysctl(xch, &ctl, "reset coverage data");
}
