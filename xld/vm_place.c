/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where a machine's vCPUs may run. VCPUs_params holds sets of processors as
 * people write them (xu_cpus.h): "mask" for all vCPUs, "cpumap3" for one, and
 * "soft_mask", "soft_cpumap3" for where they had better run. What the names mean
 * is settled on the host the machine starts on.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vm_place.h"
#include "xu_cpus.h"
#include "xu_num.h"

bool
place_key(const char *key, const char *value, int64_t vcpus_max, int *r,
    struct xu_err *e)
{
	const char *k = strncmp(key, "soft_", 5) == 0 ? key + 5 : key;
	uint64_t vcpu;

	if (strcmp(k, "mask") != 0 &&
	    (strncmp(k, "cpumap", 6) != 0 ||
		!xu_num_u64(k + 6, 10, (uint64_t)vcpus_max - 1, &vcpu)))
		return false;
	*r = xu_cpus_parse(value, NULL, NULL, e);
	return true;
}

/* ---- the pool ---------------------------------------------------------------------- */

int
place_pool(struct core *c, const struct xu_val *config, uint32_t *id,
    struct xu_err *e)
{
	const char *want = xu_val_get_str(config, "pool_name", "");
	struct xc_cpupool_info p = { .id = 0 };
	uint8_t cpus[XU_CPUS_MAX / 8];
	uint64_t number = UINT64_MAX;
	uint32_t first = 0;

	*id = 0;
	if (want[0] == '\0')
		return 0;
	xu_num_u64(want, 10, UINT32_MAX, &number);
	while (xc_cpupool_getinfo(c->xch, first, &p, cpus, sizeof(cpus)) == 0) {
		AUTO_FREE char *name = store_pool_name(c, p.id);

		if (number == p.id || (name != NULL && strcmp(name, want) == 0)) {
			*id = p.id;
			return 0;
		}
		first = p.id + 1;
	}
	if (errno != ENOENT)
		return xen_fail(c, e, "look for the CPU pool");
	xu_err_set(e, "VALUE_NOT_SUPPORTED", 0,
	    "there is no CPU pool '%.80s' on this host", want);
	xu_err_param(e, "pool_name");
	xu_err_param(e, "%.80s", want);
	xu_err_param(e, "no such pool");
	return -1;
}

/* ---- processors ----------------------------------------------------------------------- */

struct host_cpus {
	struct xu_cpu_host host;
	uint32_t node_of[XU_CPUS_MAX];
};

static int
look_at_host(struct core *c, struct host_cpus *h, struct xu_err *e)
{
	struct xc_cputopology *t = calloc(XU_CPUS_MAX, sizeof(*t));
	int n = t == NULL ? -1 : xc_cputopology(c->xch, t, XU_CPUS_MAX);

	for (int i = 0; i < n; i++)
		h->node_of[i] = t[i].node;
	free(t);
	if (n < 0)
		return xen_fail(c, e, "look at the host's processors");
	h->host.ncpus = (unsigned)n;
	h->host.node_of = h->node_of;
	return 0;
}

/* The set for one vCPU, its own before that for all; NULL = none is given. */
static const char *
given(const struct xu_val *params, const char *kind, int64_t vcpu)
{
	char key[40];
	const char *s;

	snprintf(key, sizeof(key), "%scpumap%lld", kind, (long long)vcpu);
	s = xu_val_get_str(params, key, NULL);
	if (s != NULL)
		return s;
	snprintf(key, sizeof(key), "%smask", kind);
	return xu_val_get_str(params, key, NULL);
}

static int
place_one(struct core *c, const struct host_cpus *h, uint32_t domid,
    int64_t vcpu, const char *hard, const char *soft, struct xu_err *e)
{
	struct xu_cpus maps[2];

	if (hard == NULL && soft == NULL)
		return 0;
	if ((hard != NULL && xu_cpus_parse(hard, &h->host, &maps[0], e) < 0) ||
	    (soft != NULL && xu_cpus_parse(soft, &h->host, &maps[1], e) < 0))
		return -1;
	if (xc_vcpu_setaffinity(c->xch, domid, (uint32_t)vcpu,
		hard == NULL ? NULL : maps[0].bits,
		soft == NULL ? NULL : maps[1].bits, sizeof(maps[0].bits)) < 0)
		return xen_fail(c, e, "set where the vCPUs may run");
	return 0;
}

int
place_vcpus(struct core *c, const struct xu_val *config, uint32_t domid,
    struct xu_err *e)
{
	const struct xu_val *params = xu_val_get(config, "VCPUs_params");
	int64_t n = xu_val_get_int(config, "VCPUs_max", 1);
	struct host_cpus *h;
	int r = 0;

	/* Nothing is asked of Xen for those who leave it to the scheduler. */
	for (int64_t i = 0; i < n; i++)
		if (given(params, "", i) != NULL ||
		    given(params, "soft_", i) != NULL)
			r = 1;
	if (r == 0)
		return 0;
	h = calloc(1, sizeof(*h));
	if (h == NULL)
		return xu_err_set(e, "XLD_NO_MEMORY", ENOMEM,
		    "place the vCPUs");
	r = look_at_host(c, h, e);
	for (int64_t i = 0; i < n && r == 0; i++)
		r = place_one(c, h, domid, i, given(params, "", i),
		    given(params, "soft_", i), e);
	free(h);
	return r;
}
