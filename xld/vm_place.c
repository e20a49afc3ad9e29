/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where a machine's vCPUs may run. VCPUs_params holds sets of processors as
 * people write them (xu_cpus.h): "mask" for all vCPUs, "cpumap3" for one, and
 * "soft_mask", "soft_cpumap3" for where they had better run. What the names mean
 * is settled on the host the machine starts on. A machine of which nothing is said
 * goes to as few nodes as have room for it (vm_numa.h): its memory, and its vCPUs
 * when they can have it.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vm_limits.h"
#include "vm_numa.h"
#include "vm_place.h"
#include "xu_cpus.h"
#include "xu_log.h"
#include "xu_num.h"
#include "xu_vnuma.h"

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

struct pool {
	uint32_t id;
	uint8_t cpus[XU_CPUS_MAX / 8];
};

static int
find_pool(struct core *c, const char *want, struct pool *pool,
    struct xu_err *e)
{
	struct xc_cpupool_info p = { .id = 0 };
	/* Nameless, a machine is in the first. */
	uint64_t number = want[0] == '\0' ? 0 : UINT64_MAX;
	uint32_t first = 0;

	xu_num_u64(want, 10, UINT32_MAX, &number);
	while (xc_cpupool_getinfo(c->xch, first, &p, pool->cpus,
		   sizeof(pool->cpus)) == 0) {
		AUTO_FREE char *name = number == p.id ? NULL :
			store_pool_name(c, p.id);

		pool->id = p.id;
		if (number == p.id || (name != NULL && strcmp(name, want) == 0))
			return 0;
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

static const char *
pool_name(const struct xu_val *config)
{
	return xu_val_get_str(config, "pool_name", "");
}

int
place_pool(struct core *c, const struct xu_val *config, uint32_t *id,
    struct xu_err *e)
{
	struct pool pool;

	*id = 0;
	if (pool_name(config)[0] == '\0')
		return 0;
	if (find_pool(c, pool_name(config), &pool, e) < 0)
		return -1;
	*id = pool.id;
	return 0;
}

/* ---- processors ----------------------------------------------------------------------- */

struct host_cpus {
	struct xu_cpu_host host;
	uint32_t node_of[XU_CPUS_MAX];
	/* The machine's. */
	struct pool pool;
	struct xu_vnuma virtual;
};

/* xl's vnuma; it was understood when the machine was made. */
static void
virtual_nodes(const struct xu_val *config, struct xu_vnuma *v)
{
	xu_vnuma_parse(xu_val_get_str(xu_val_get(config, "platform"), "vnuma",
	    ""), v, NULL);
}

/* pool: its name or number. */
static struct host_cpus *
look_at_host(struct core *c, const char *pool, struct xu_err *e)
{
	struct host_cpus *h = calloc(1, sizeof(*h));
	struct xc_cputopology *t = calloc(XU_CPUS_MAX, sizeof(*t));
	int n = -1;

	if (h == NULL || t == NULL)
		xu_err_set(e, "XLD_NO_MEMORY", ENOMEM, "place the vCPUs");
	else if (find_pool(c, pool, &h->pool, e) == 0 &&
	    (n = xc_cputopology(c->xch, t, XU_CPUS_MAX)) < 0)
		xen_fail(c, e, "look at the host's processors");

	for (int i = 0; i < n; i++)
		h->node_of[i] = t[i].node;
	free(t);
	if (n < 0) {
		free(h);
		return NULL;
	}
	h->host.ncpus = (unsigned)n;
	h->host.node_of = h->node_of;
	return h;
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

/* Xen would only say that it is invalid. */
static bool
is_outside(const struct pool *pool, const struct xu_cpus *set)
{
	for (size_t i = 0; i < sizeof(pool->cpus); i++)
		if ((pool->cpus[i] & set->bits[i]) != 0)
			return false;
	return true;
}

static int
outside_pool(const char *name, const char *set, struct xu_err *e)
{
	xu_err_set(e, "VALUE_NOT_SUPPORTED", 0,
	    "processors '%.80s': none of them is in the guest's CPU pool "
	    "'%.80s'", set, name[0] != '\0' ? name : "Pool-0");
	xu_err_param(e, "cpus");
	xu_err_param(e, "%.80s", set);
	xu_err_param(e, "not in the pool");
	return -1;
}

static int
place_one(struct core *c, const struct xu_val *config,
    const struct host_cpus *h, uint32_t domid, int64_t vcpu,
    struct xu_err *e)
{
	const struct xu_val *params = xu_val_get(config, "VCPUs_params");
	const char *hard = given(params, "", vcpu);
	const char *soft = given(params, "soft_", vcpu);
	char near[24];
	struct xu_cpus maps[2];

	/* A vCPU had better be where the memory of its virtual node is. */
	if (soft == NULL && h->virtual.n > 0) {
		snprintf(near, sizeof(near), "node:%u", h->virtual.node[
		    xu_vnuma_node_of(&h->virtual, (unsigned)vcpu)].host);
		soft = near;
	}
	if (hard == NULL && soft == NULL)
		return 0;
	if ((hard != NULL && xu_cpus_parse(hard, &h->host, &maps[0], e) < 0) ||
	    (soft != NULL && xu_cpus_parse(soft, &h->host, &maps[1], e) < 0))
		return -1;
	if (hard != NULL && is_outside(&h->pool, &maps[0]))
		return outside_pool(pool_name(config), hard, e);
	if (xc_vcpu_setaffinity(c->xch, domid, (uint32_t)vcpu,
		hard == NULL ? NULL : maps[0].bits,
		soft == NULL ? NULL : maps[1].bits, sizeof(maps[0].bits)) < 0)
		return xen_fail(c, e, "set where the vCPUs may run");
	return 0;
}

static bool
is_placed(const struct xu_val *config)
{
	const struct xu_val *params = xu_val_get(config, "VCPUs_params");
	int64_t n = xu_val_get_int(config, "VCPUs_max", 1);

	for (int64_t i = 0; i < n; i++)
		if (given(params, "", i) != NULL ||
		    given(params, "soft_", i) != NULL)
			return true;
	return xu_val_get_str(xu_val_get(config, "platform"), "vnuma", "")[0] !=
	    '\0';
}

/* ---- nodes ----------------------------------------------------------------------------- */

/* A machine of ours that is still being built has not got all of its memory. */
static bool
is_growing(const struct guest *g)
{
	return !g->foreign && (g->op == OP_CREATE || g->op == OP_REBOOT);
}

/* What others have who are bound to some of the nodes. */
static void
count_residents(struct core *c, const struct xu_val *config,
    struct numa_host *h)
{
	struct xu_list *it;

	LIST_FOREACH(it, &c->guests)
	{
		struct guest *g = xu_container_of(it, struct guest, all);
		uint8_t map[NUMA_NODES / 8] = { 0 };
		unsigned vcpus = g->info.nr_online_vcpus, on = 0;
		uint64_t nodes, kib = 0;

		/* It may be about to end. */
		if (g->domid < 0 || g->config == config ||
		    xc_domain_get_node_affinity(c->xch, (uint32_t)g->domid, map,
			sizeof(map)) < 0)
			continue;
		memcpy(&nodes, map, sizeof(nodes));
		for (unsigned i = 0; i < h->nr_nodes; i++)
			on += nodes >> i & 1;
		if (on == 0 || on == h->nr_nodes)
			continue;
		if (is_growing(g)) {
			vcpus = (unsigned)xu_val_get_int(g->config, "VCPUs_max",
			    1);
			kib = limits_need(g->config) * 4 / on;
		}
		for (unsigned i = 0; i < h->nr_nodes; i++) {
			struct numa_node *n = &h->node[i];

			if ((nodes >> i & 1) == 0)
				continue;
			n->vcpus += vcpus;
			n->free_kib -= kib < n->free_kib ? kib : n->free_kib;
		}
	}
}

static int
look_at_nodes(struct core *c, const struct xu_val *config,
    const struct host_cpus *cpus, struct numa_host *h, struct xu_err *e)
{
	const struct xu_cpus *pool = (const void *)cpus->pool.cpus;
	struct xc_numanode nodes[NUMA_NODES];
	int n = xc_numainfo(c->xch, nodes, NULL, NUMA_NODES);

	if (n < 0)
		return xen_fail(c, e, "look at the host's nodes");
	h->nr_nodes = (unsigned)n;
	for (int i = 0; i < n; i++)
		h->node[i].free_kib = nodes[i].free == UINT64_MAX ? 0 :
			nodes[i].free / 1024;
	for (unsigned i = 0; i < cpus->host.ncpus; i++)
		if (xu_cpus_has(pool, i) && cpus->node_of[i] < h->nr_nodes)
			h->node[cpus->node_of[i]].cpus++;
	count_residents(c, config, h);
	return 0;
}

static struct numa_need
need_of(const struct xu_val *config)
{
	return (struct numa_need){ .kib = limits_need(config) * 4,
		.vcpus = (unsigned)xu_val_get_int(config, "VCPUs_max", 1) };
}

/* Memory from the nodes only while they have some; vCPUs there as long as the
 * scheduler has no better use for a processor. */
static int
bind_to(struct core *c, const struct xu_val *config,
    const struct host_cpus *cpus, uint64_t nodes, uint32_t domid,
    struct xu_err *e)
{
	int64_t n = xu_val_get_int(config, "VCPUs_max", 1);
	struct xu_cpus soft = { { 0 } }, effective;
	uint8_t map[NUMA_NODES / 8];

	for (unsigned i = 0; i < cpus->host.ncpus; i++)
		if (cpus->node_of[i] < NUMA_NODES &&
		    (nodes >> cpus->node_of[i] & 1) != 0)
			soft.bits[i / 8] |= (uint8_t)(1u << i % 8);
	memcpy(map, &nodes, sizeof(map));
	if (xc_domain_set_node_affinity(c->xch, domid, map, sizeof(map)) < 0)
		return xen_fail(c, e, "set the nodes");
	for (int64_t i = 0; i < n; i++) {
		effective = soft;
		if (xc_vcpu_setaffinity(c->xch, domid, (uint32_t)i, NULL,
			effective.bits, sizeof(effective.bits)) < 0)
			return xen_fail(c, e, "set where the vCPUs may run");
	}
	return 0;
}

static int
place_on_nodes(struct core *c, const struct xu_val *config,
    const struct host_cpus *cpus, uint32_t domid, struct xu_err *e)
{
	struct numa_need need = need_of(config);
	struct numa_host h = { .nr_nodes = 0 };
	AUTO_BUF struct xu_buf why = XU_BUF_INIT;
	uint64_t nodes;

	if (look_at_nodes(c, config, cpus, &h, e) < 0)
		return -1;
	nodes = numa_choose(&h, &need);
	numa_explain(&h, &need, nodes, &why);
	xu_log(XU_INFO, "%s is placed %s",
	    xu_val_get_str(config, "name_label", ""), xu_buf_text(&why));
	return nodes == 0 ? 0 : bind_to(c, config, cpus, nodes, domid, e);
}

/* ---- the whole ------------------------------------------------------------------------- */

int
place_vcpus(struct core *c, const struct xu_val *config, uint32_t domid,
    struct xu_err *e)
{
	int64_t n = xu_val_get_int(config, "VCPUs_max", 1);
	AUTO_FREE struct host_cpus *h = NULL;
	int r = 0;

	/* Nothing is asked of Xen for those who leave it to a scheduler that has
	 * no choice of nodes. */
	if (!is_placed(config) && c->nr_nodes < 2)
		return 0;
	h = look_at_host(c, pool_name(config), e);
	if (h == NULL)
		return -1;
	virtual_nodes(config, &h->virtual);
	if (!is_placed(config))
		return place_on_nodes(c, config, h, domid, e);
	for (int64_t i = 0; i < n && r == 0; i++)
		r = place_one(c, config, h, domid, i, e);
	return r;
}

/* key is one that place_key knows. */
int
place_live(struct guest *g, const char *key, const char *value,
    struct xu_err *e)
{
	bool soft = strncmp(key, "soft_", 5) == 0;
	const char *k = soft ? key + 5 : key;
	struct xu_cpus set, again;
	uint64_t first = 0, last = g->info.max_vcpu_id;
	AUTO_FREE struct host_cpus *h = NULL;
	char pool[16];

	snprintf(pool, sizeof(pool), "%u", g->info.cpupool);
	h = look_at_host(g->core, pool, e);
	if (h == NULL || xu_cpus_parse(value, &h->host, &set, e) < 0)
		return -1;
	if (!soft && is_outside(&h->pool, &set))
		return outside_pool(pool, value, e);
	if (xu_num_u64(k + strcspn(k, "0123456789"), 10, last, &first))
		last = first;
	for (uint64_t i = first; i <= last; i++) {
		/* What is in force comes back. */
		again = set;
		if (xc_vcpu_setaffinity(g->core->xch, (uint32_t)g->domid,
			(uint32_t)i, soft ? NULL : again.bits,
			soft ? again.bits : NULL, sizeof(again.bits)) < 0)
			return xen_fail(g->core, e,
			    "set where the vCPUs may run");
	}
	return 0;
}

int
place_explain(struct core *c, const struct xu_val *config, struct xu_buf *out,
    struct xu_err *e)
{
	struct numa_need need = need_of(config);
	struct numa_host h = { .nr_nodes = 1 };
	AUTO_FREE struct host_cpus *cpus = look_at_host(c, pool_name(config),
	    e);

	if (cpus == NULL)
		return -1;
	virtual_nodes(config, &cpus->virtual);
	if (is_placed(config)) {
		xu_buf_adds(out, cpus->virtual.n > 0 ?
			"where vnuma says" :
			"where cpus and cpus_soft say, its memory as near to "
			"them as there is some");
		return 0;
	}
	if (look_at_nodes(c, config, cpus, &h, e) < 0)
		return -1;
	numa_explain(&h, &need, numa_choose(&h, &need), out);
	return 0;
}
