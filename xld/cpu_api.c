/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Processors of the host as the API shows them. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cpu.h"
#include "db.h"
#include "xenctrl_cpu.h"
#include "xenctrl_sched.h"
#include "xu_file.h"
#include "xu_log.h"

#define CPUINFO_MAX (1u << 20)
#define WORDS_MAX   64

/* ---- what there is -------------------------------------------------------------- */

static uint32_t
known(uint32_t id)
{
	return id == UINT32_MAX ? 0 : id;
}

static int
look_at_cpus(struct hardware *h)
{
	struct xc_cputopology *t = calloc(CPUS_MAX, sizeof(*t));
	int n = t == NULL ? -1 : xc_cputopology(h->core->xch, t, CPUS_MAX);
	struct cpu *all = n < 0 ? NULL : calloc((size_t)n + 1, sizeof(*all));
	size_t count = 0;
	char what[16];

	for (int i = 0; all != NULL && i < n; i++) {
		/* ~0: it is not there, or off; of the only one Xen may not know
		 * more than that it is there. */
		if (t[i].core == UINT32_MAX && n > 1)
			continue;
		snprintf(what, sizeof(what), "cpu %d", i);
		uuid_derive(h->core->host_uuid, what, all[count].uuid);
		all[count].number = (uint32_t)i;
		all[count].core = known(t[i].core);
		all[count].socket = known(t[i].socket);
		all[count].node = known(t[i].node);
		for (size_t k = 0; k < h->ncpus; k++)
			if (h->cpus[k].number == (uint32_t)i)
				all[count] = h->cpus[k];
		count++;
	}
	free(t);
	if (all == NULL)
		return -1;
	free(h->cpus);
	h->cpus = all;
	h->ncpus = count;
	return 0;
}

static struct cpu_pool *
new_pool(struct hardware *h)
{
	struct cpu_pool *more = reallocarray(h->pools, h->npools + 1,
	    sizeof(*more));

	if (more == NULL)
		return NULL;
	h->pools = more;
	memset(&more[h->npools], 0, sizeof(*more));
	more[h->npools].id = -1;
	return &more[h->npools++];
}

static void
add_kept(void *arg, const char *uuid, const struct xu_val *v)
{
	struct cpu_pool *p = new_pool(arg);

	if (p == NULL)
		return;
	snprintf(p->uuid, sizeof(p->uuid), "%s", uuid);
	p->config = xu_val_copy(v);
	snprintf(p->name, sizeof(p->name), "%s",
	    xu_val_get_str(v, "name_label", ""));
}

/* The one of that uuid in the store; else one of Xen's that nobody keeps. */
static struct cpu_pool *
pool_of(struct hardware *h, uint32_t id)
{
	AUTO_FREE char *uuid = store_pool_uuid(h->core, id);
	AUTO_FREE char *name = store_pool_name(h->core, id);
	struct cpu_pool *p;
	uint8_t bytes[16];
	char what[24];

	for (size_t i = 0; uuid != NULL && i < h->npools; i++)
		if (strcmp(h->pools[i].uuid, uuid) == 0)
			return &h->pools[i];
	p = new_pool(h);
	if (p == NULL)
		return NULL;
	snprintf(what, sizeof(what), "cpu_pool %u", id);
	uuid_derive(h->core->host_uuid, what, p->uuid);
	if (uuid != NULL && uuid_bytes(uuid, bytes))
		uuid_text(bytes, p->uuid);
	if (name != NULL && name[0] != '\0')
		snprintf(p->name, sizeof(p->name), "%s", name);
	else
		snprintf(p->name, sizeof(p->name), "Pool-%u", id);
	return p;
}

static void
forget_pools(struct hardware *h)
{
	for (size_t i = 0; i < h->npools; i++)
		xu_val_free(h->pools[i].config);
	free(h->pools);
	h->pools = NULL;
	h->npools = 0;
}

static int
look_at_pools(struct hardware *h)
{
	struct xc_cpupool_info info = { .id = 0 };
	uint8_t cpus[CPUS_MAX / 8];
	struct xu_err e = XU_ERR_INIT;
	struct cpu_pool *p;
	uint32_t first = 0;

	forget_pools(h);
	if (db_each(h->core->db, "cpu_pool", add_kept, h, &e) < 0)
		xu_log_err(XU_ERROR, &e);
	while (xc_cpupool_getinfo(h->core->xch, first, &info, cpus,
		   sizeof(cpus)) == 0) {
		first = info.id + 1;
		p = pool_of(h, info.id);
		if (p == NULL)
			return -1;
		p->id = info.id;
		p->sched = info.sched_id;
		p->domains = info.n_dom;
		memcpy(p->cpus, cpus, sizeof(cpus));
	}
	return errno == ENOENT ? 0 : -1;
}

void
hardware_look(struct core *c)
{
	if (c->hardware == NULL)
		c->hardware = calloc(1, sizeof(*c->hardware));
	if (c->hardware == NULL)
		return;
	c->hardware->core = c;
	if (look_at_cpus(c->hardware) < 0 || look_at_pools(c->hardware) < 0)
		xu_log(XU_ERROR, "look at the host's processors: %s",
		    xc_last_error(c->xch));
}

void
hardware_close(struct core *c)
{
	if (c->hardware == NULL)
		return;
	forget_pools(c->hardware);
	free(c->hardware->cpus);
	free(steal_ptr(&c->hardware));
}

/* Pools change rarely: it is looked anew for one that is not known. */
const char *
cpu_pool_uuid(struct core *c, uint32_t id)
{
	for (int again = 0; again < 2; again++) {
		struct hardware *h = c->hardware;

		for (size_t i = 0; h != NULL && i < h->npools; i++)
			if (h->pools[i].id == id)
				return h->pools[i].uuid;
		if (again == 0)
			hardware_look(c);
	}
	return NULL;
}

bool
cpu_pool_has(const struct cpu_pool *p, uint32_t cpu)
{
	return cpu < CPUS_MAX && (p->cpus[cpu / 8] & 1u << cpu % 8) != 0;
}

const char *
sched_word(uint32_t id)
{
	static const char *const words[] = {
		[XC_SCHED_CREDIT] = "credit",
		[XC_SCHED_CREDIT2] = "credit2",
		[XC_SCHED_ARINC653] = "arinc653",
		[XC_SCHED_RTDS] = "rtds",
		[XC_SCHED_NULL] = "null",
	};

	return id < XU_ARRAY_SIZE(words) && words[id] != NULL ? words[id] :
								"unknown";
}

/* ---- the class host_cpu -------------------------------------------------------------- */

struct cpu *
cpu_find(struct core *c, const char *ref)
{
	struct hardware *h = c->hardware;

	for (size_t i = 0; h != NULL && i < h->ncpus; i++)
		if (strcmp(h->cpus[i].uuid, ref) == 0)
			return &h->cpus[i];
	return NULL;
}

static void *
find(struct core *c, const char *ref)
{
	return cpu_find(c, ref);
}

static void *
next(struct core *c, size_t *pos)
{
	struct hardware *h = c->hardware;

	return h != NULL && *pos < h->ncpus ? &h->cpus[(*pos)++] : NULL;
}

static const char *
ref_of(const void *obj)
{
	return ((const struct cpu *)obj)->uuid;
}

/* What follows the first "name : " of the kernel's list; all processors of a host
 * that Xen runs on are alike. */
static struct xu_val *
kernels_word(const struct xu_buf *info, const char *name)
{
	const char *s = xu_buf_text(info), *colon;
	size_t n = strlen(name);

	for (; s != NULL && *s != '\0'; s = strchr(s, '\n')) {
		s += *s == '\n';
		if (strncmp(s, name, n) != 0 || strchr(" \t:", s[n]) == NULL)
			continue;
		colon = strchr(s, ':');
		if (colon == NULL)
			break;
		colon += strspn(colon, ": ");
		return xu_strn(colon, strcspn(colon, "\n"));
	}
	return xu_str("");
}

static struct xu_val *
features(struct core *c)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	uint32_t words[WORDS_MAX];
	int n = xc_get_cpu_featureset(c->xch, XC_FEATURESET_HOST, words,
	    WORDS_MAX);

	for (int i = 0; i < n; i++)
		xu_buf_addf(&b, "%s%08x", i > 0 ? "-" : "", words[i]);
	return xu_str(xu_buf_text(&b));
}

/* Since it was last asked; the first time since the host's boot. */
static double
utilisation(struct core *c, struct cpu *cpu)
{
	uint64_t *idle = calloc(CPUS_MAX, sizeof(*idle));
	int n = idle == NULL ? -1 :
	    xc_cpu_idle_times(c->xch, idle, CPUS_MAX);
	uint64_t now = uv_hrtime();
	double busy = 0;

	if ((int)cpu->number < n) {
		if (now > cpu->asked)
			busy = 1 - (double)(idle[cpu->number] - cpu->idle) /
				(double)(now - cpu->asked);
		cpu->idle = idle[cpu->number];
		cpu->asked = now;
	}
	free(idle);
	return busy < 0 ? 0 : busy > 1 ? 1 : busy;
}

static struct xu_val *
record(struct core *c, void *obj)
{
	struct cpu *cpu = obj;
	struct xu_val *v = xu_struct(), *pools = xu_array();
	AUTO_BUF struct xu_buf info = XU_BUF_INIT;
	struct xc_physinfo p = { .cpu_khz = 0 };

	xu_file_read("/proc/cpuinfo", CPUINFO_MAX, &info, NULL);
	xc_physinfo(c->xch, &p);
	for (size_t i = 0; i < c->hardware->npools; i++)
		if (cpu_pool_has(&c->hardware->pools[i], cpu->number))
			xu_val_add(pools, xu_str(c->hardware->pools[i].uuid));
	xu_val_set(v, "uuid", xu_str(cpu->uuid));
	xu_val_set(v, "host", xu_str(c->host_uuid));
	xu_val_set(v, "number", xu_int(cpu->number));
	xu_val_set(v, "core", xu_int(cpu->core));
	xu_val_set(v, "socket", xu_int(cpu->socket));
	xu_val_set(v, "node", xu_int(cpu->node));
	xu_val_set(v, "vendor", kernels_word(&info, "vendor_id"));
	xu_val_set(v, "speed", xu_int(p.cpu_khz / 1000));
	xu_val_set(v, "modelname", kernels_word(&info, "model name"));
	xu_val_set(v, "stepping", kernels_word(&info, "stepping"));
	xu_val_set(v, "flags", kernels_word(&info, "flags"));
	xu_val_set(v, "features", features(c));
	xu_val_set(v, "utilisation", xu_float(utilisation(c, cpu)));
	xu_val_set(v, "cpu_pool", pools);
	return v;
}

const struct class_ops host_cpu_ops = {
	.cls = &model_host_cpu,
	.find = find,
	.next = next,
	.ref = ref_of,
	.record = record,
	.refresh = hardware_look,
};

static void
unassigned(struct call *k)
{
	struct hardware *h = k->core->hardware;
	struct xu_val *list = xu_array();
	bool taken;

	for (size_t i = 0; h != NULL && i < h->ncpus; i++) {
		taken = false;
		for (size_t p = 0; p < h->npools; p++)
			taken |= cpu_pool_has(&h->pools[p],
			    h->cpus[i].number);
		if (!taken)
			xu_val_add(list, xu_str(h->cpus[i].uuid));
	}
	call_ok(k, list);
}

#define NODES_MAX 64

static void
list_nodes(struct call *k)
{
	uint32_t *distance = calloc((size_t)NODES_MAX * NODES_MAX,
	    sizeof(*distance));
	struct xc_numanode nodes[NODES_MAX];
	struct xu_err e = XU_ERR_INIT;
	struct xu_val *list, *v;
	int n = distance == NULL ? -1 :
	    xc_numainfo(k->core->xch, nodes, distance, NODES_MAX);

	if (n < 0) {
		xen_fail(k->core, &e, "look at the host's nodes");
		call_fail(k, &e);
		free(distance);
		return;
	}
	list = xu_array();
	for (int i = 0; i < n; i++) {
		AUTO_BUF struct xu_buf far = XU_BUF_INIT;

		/* ~0: there is no such node. */
		if (nodes[i].size == UINT64_MAX)
			continue;
		for (int j = 0; j < n; j++)
			xu_buf_addf(&far, "%s%u", j > 0 ? "," : "",
			    distance[i * n + j]);
		v = xu_struct();
		xu_val_set(v, "number", xu_strf("%d", i));
		xu_val_set(v, "memory_total", xu_strf("%llu",
		    (unsigned long long)nodes[i].size));
		xu_val_set(v, "memory_free", xu_strf("%llu",
		    (unsigned long long)nodes[i].free));
		xu_val_set(v, "distances", xu_str(xu_buf_text(&far)));
		xu_val_add(list, v);
	}
	free(distance);
	call_ok(k, list);
}

const struct handler cpu_handlers[] = {
	{ "host.list_nodes", list_nodes },
	{ "host_cpu.get_unassigned_cpus", unassigned },
	{ NULL, NULL },
};
