/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Memory of a machine that runs: its balloon driver is told a target and Xen a
 * limit. The driver takes its time, and a guest without one stays as it is.
 */
#include "config.h"

#include "dm.h"
#include "vm_limits.h"
#include "vm_memory.h"

static int
refuse(struct xu_err *e, int64_t bytes, const char *reason)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)bytes);
	return config_unsupported(e, "max", text, reason);
}

static int
check(const struct guest *g, int64_t bytes, struct xu_err *e)
{
	const struct xu_val *v = g->config;

	if (bytes % 4096 != 0)
		return refuse(e, bytes, "memory is whole pages of 4096 bytes");
	if (guest_is_control(g))
		return bytes / 1024 >= DOM0_FLOOR_KIB &&
			(uint64_t)bytes >> 12 <= g->info.max_pages ? 0 :
		    refuse(e, bytes,
			"domain 0 has 192 MiB at least, and what it booted "
			"with at most");
	if (bytes < xu_val_get_int(v, "memory_static_min", 0) ||
	    bytes < (1 << 20))
		return refuse(e, bytes,
		    "it is 1 MiB at least, and not below memory_static_min");
	if (!g->foreign && bytes > xu_val_get_int(v, "memory_static_max", 0))
		return refuse(e, bytes, "it is not above memory_static_max");
	return 0;
}

/* Is there what it has yet to get? */
static int
has_room(const struct guest *g, int64_t bytes, struct xu_err *e)
{
	uint64_t want = (uint64_t)bytes >> 12, need, avail = 0;

	if (want <= g->info.tot_pages)
		return 0;
	if (limits_free(g->core, &avail, e) < 0)
		return -1;
	need = want - g->info.tot_pages;
	return need <= avail ? 0 : limits_too_little(g->core, need, avail, e);
}

int
vm_set_memory(struct guest *g, int64_t bytes, struct xu_err *e)
{
	struct core *c = g->core;
	int64_t video = config_type(g->config) == TYPE_HVM && !g->foreign ?
	    (int64_t)dm_video_mib(g->config) * 1024 : 0;

	if (check(g, bytes, e) < 0 || has_room(g, bytes, e) < 0)
		return -1;
	if (!guest_is_control(g) &&
	    xc_domain_set_max_mem(c->xch, (uint32_t)g->domid,
		(uint64_t)bytes / 1024 + LIMITS_SLACK_KIB) < 0)
		return xen_fail(c, e, "set the memory limit");
	return store_write_target(g, bytes / 1024 - video, e);
}
