/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pools of processors. Which there are for Xen the hypervisor says; those that
 * cpu_pool.create made are kept in the database, too, and found again by the uuid
 * that the store has beside Xen's number.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cpu.h"
#include "db.h"
#include "xenctrl_sched.h"
#include "xu_log.h"
#include "xu_num.h"

struct cpu_pool *
cpu_pool_find(struct core *c, const char *ref)
{
	struct hardware *h = c->hardware;

	for (size_t i = 0; h != NULL && i < h->npools; i++)
		if (strcmp(h->pools[i].uuid, ref) == 0)
			return &h->pools[i];
	return NULL;
}

static void *
find(struct core *c, const char *ref)
{
	return cpu_pool_find(c, ref);
}

static void *
next(struct core *c, size_t *pos)
{
	struct hardware *h = c->hardware;

	return h != NULL && *pos < h->npools ? &h->pools[(*pos)++] : NULL;
}

static const char *
ref_of(const void *obj)
{
	return ((const struct cpu_pool *)obj)->uuid;
}

static struct xu_val *
guests_in(struct core *c, const struct cpu_pool *p)
{
	struct xu_val *list = xu_array();
	struct xu_list *l;
	struct guest *g;

	LIST_FOREACH(l, &c->guests) {
		g = xu_container_of(l, struct guest, all);
		if (g->domid >= 0 && p->id >= 0 && g->info.cpupool == p->id)
			xu_val_add(list, xu_str(g->uuid));
	}
	return list;
}

static size_t
cpus_of(const struct core *c, const struct cpu_pool *p, struct xu_val *list)
{
	const struct hardware *h = c->hardware;
	size_t n = 0;

	for (size_t i = 0; i < h->ncpus; i++)
		if (cpu_pool_has(p, h->cpus[i].number)) {
			xu_val_add(list, xu_str(h->cpus[i].uuid));
			n++;
		}
	return n;
}

static struct xu_val *
copy_or(const struct xu_val *config, const char *name, struct xu_val *dflt)
{
	const struct xu_val *v = xu_val_get(config, name);

	if (v == NULL)
		return dflt;
	xu_val_free(dflt);
	return xu_val_copy(v);
}

static struct xu_val *
record(struct core *c, void *obj)
{
	const struct cpu_pool *p = obj;
	struct xu_val *v = xu_struct(), *cpus = xu_array();
	int64_t n = (int64_t)cpus_of(c, p, cpus);

	xu_val_set(v, "uuid", xu_str(p->uuid));
	xu_val_set(v, "name_label", xu_str(p->name));
	xu_val_set(v, "name_description",
	    copy_or(p->config, "name_description", xu_str("")));
	xu_val_set(v, "resident_on", xu_str(c->host_uuid));
	/* Pool 0 is there whenever Xen is. */
	xu_val_set(v, "auto_power_on",
	    copy_or(p->config, "auto_power_on", xu_bool(p->id == 0)));
	xu_val_set(v, "started_VMs", guests_in(c, p));
	xu_val_set(v, "ncpu", copy_or(p->config, "ncpu", xu_int(n)));
	xu_val_set(v, "sched_policy", p->id >= 0 ?
		xu_str(sched_word(p->sched)) :
		copy_or(p->config, "sched_policy", xu_str("")));
	xu_val_set(v, "sched_params", cpu_pool_sched(c, p));
	xu_val_set(v, "proposed_CPUs",
	    copy_or(p->config, "proposed_CPUs", xu_array()));
	xu_val_set(v, "host_CPUs", cpus);
	xu_val_set(v, "activated", xu_bool(p->id >= 0));
	xu_val_set(v, "pool_id", xu_int(p->id));
	xu_val_set(v, "other_config",
	    copy_or(p->config, "other_config", xu_struct()));
	return v;
}

static int check(struct core *c, const struct cpu_pool *self,
    const struct xu_val *v, struct xu_err *e);

static int name_it(struct core *c, struct cpu_pool *p, const char *name,
    struct xu_err *e);

static bool
is_xens(const char *field)
{
	static const char *const fields[] = { "ncpu", "sched_policy",
		"proposed_CPUs" };

	for (size_t i = 0; i < XU_ARRAY_SIZE(fields); i++)
		if (strcmp(fields[i], field) == 0)
			return true;
	return false;
}

/* What Xen has is changed by messages, but for the name, which is in the store;
 * these are for the next activation. */
static int
set(struct core *c, void *obj, const char *field, const struct xu_val *value,
    struct xu_err *e)
{
	struct cpu_pool *p = obj;
	AUTO_VAL struct xu_val *v = xu_val_copy(p->config);

	if (strcmp(field, "name_label") == 0)
		return name_it(c, p, xu_val_str(value), e);
	if (p->config == NULL) {
		xu_err_set(e, XE(OPERATION_NOT_ALLOWED), 0,
		    "CPU pool '%s' is none that cpu_pool.create made", p->name);
		return -1;
	}
	if (p->id >= 0 && is_xens(field)) {
		xu_err_set(e, XE(POOL_BAD_STATE), 0,
		    "'%s' is activated; deactivate it first", p->name);
		xu_err_param(e, "%s", p->uuid);
		xu_err_param(e, "activated");
		return -1;
	}
	xu_val_set(v, field, xu_val_copy(value));
	return check(c, p, v, e) < 0 ? -1 :
	    db_change(c->db, "cpu_pool", p->uuid, &p->config, field, value, e);
}

static void
look(struct core *c)
{
	scan(c);
	hardware_look(c);
}

const struct class_ops cpu_pool_ops = {
	.cls = &model_cpu_pool,
	.find = find,
	.next = next,
	.ref = ref_of,
	.record = record,
	.refresh = look,
	.set = set,
};

/* ---- refusals ---------------------------------------------------------------------- */

static struct cpu_pool *
subject(struct call *k)
{
	return cpu_pool_find(k->core, xu_val_str(xu_val_at(k->params, 0)));
}

void
cpu_pool_bad_state(struct call *k, const struct cpu_pool *p, const char *why)
{
	struct xu_err e = XU_ERR_INIT;

	xu_err_set(&e, XE(POOL_BAD_STATE), 0, "%s: '%s' %s", k->method, p->name,
	    why);
	xu_err_param(&e, "%s", p->uuid);
	xu_err_param(&e, "%s", p->id >= 0 ? "activated" : "deactivated");
	call_fail(k, &e);
}

/* uuid may be in the registry that this makes anew. */
void
cpu_pool_changed(struct call *k, const char *uuid)
{
	char self[UUID_TEXT];
	struct cpu_pool *p;

	snprintf(self, sizeof(self), "%s", uuid);
	hardware_look(k->core);
	p = cpu_pool_find(k->core, self);
	if (p != NULL)
		api_event(k->core, "cpu_pool", "mod", self,
		    record(k->core, p));
	call_ok(k, NULL);
}

/* proposed_CPUs with this number, or without it. */
static void
propose(struct call *k, bool wanted)
{
	struct cpu_pool *p = subject(k);
	const struct xu_val *old = xu_val_get(p->config, "proposed_CPUs");
	AUTO_VAL struct xu_val *list = xu_array();
	struct xu_err e = XU_ERR_INIT;
	char word[24];

	snprintf(word, sizeof(word), "%lld",
	    (long long)xu_val_int(xu_val_at(k->params, 1)));
	for (size_t i = 0; i < xu_val_count(old); i++)
		if (strcmp(xu_val_str(xu_val_at(old, i)), word) != 0)
			xu_val_add(list, xu_val_copy(xu_val_at(old, i)));
	if (wanted)
		xu_val_add(list, xu_str(word));
	if (set(k->core, p, "proposed_CPUs", list, &e) < 0)
		call_fail(k, &e);
	else
		cpu_pool_changed(k, p->uuid);
}

static void
add_proposed(struct call *k)
{
	propose(k, true);
}

static void
remove_proposed(struct call *k)
{
	propose(k, false);
}

/* ---- create, destroy ------------------------------------------------------------------- */

/* XC_SCHED_*; that of pool 0 for "". False: Xen knows none of that name. */
static bool
sched_of(struct core *c, const char *word, uint32_t *out)
{
	if (word[0] == '\0')
		return xc_sched_id(c->xch, out) == 0;
	for (uint32_t id = XC_SCHED_CREDIT; id <= XC_SCHED_NULL; id++)
		if (strcmp(sched_word(id), word) == 0) {
			*out = id;
			return true;
		}
	return false;
}

static int
check_name(struct core *c, const struct cpu_pool *self, const char *name,
    struct xu_err *e)
{
	if (name[0] == '\0' || strlen(name) > 64 ||
	    strspn(name, "0123456789") == strlen(name))
		return config_unsupported(e, "name_label", name,
		    "a pool has a name of 1 to 64 characters that is no "
		    "number");
	for (size_t i = 0; i < c->hardware->npools; i++)
		if (&c->hardware->pools[i] != self &&
		    strcmp(c->hardware->pools[i].name, name) == 0) {
			xu_err_set(e, XE(UNIQUE_NAME_ERROR), 0,
			    "there is a CPU pool '%s' already", name);
			xu_err_param(e, "%s", name);
			xu_err_param(e, "cpu_pool");
			return -1;
		}
	return 0;
}

static int
name_it(struct core *c, struct cpu_pool *p, const char *name,
    struct xu_err *e)
{
	AUTO_VAL struct xu_val *v = xu_str(name);

	if (check_name(c, p, name, e) < 0 ||
	    (p->id >= 0 && store_write_pool(c, (uint32_t)p->id, name, p->uuid,
			       e) < 0) ||
	    (p->config != NULL && db_change(c->db, "cpu_pool", p->uuid,
				      &p->config, "name_label", v, e) < 0))
		return -1;
	snprintf(p->name, sizeof(p->name), "%s", name);
	return 0;
}

static int
check(struct core *c, const struct cpu_pool *self, const struct xu_val *v,
    struct xu_err *e)
{
	const char *sched = xu_val_get_str(v, "sched_policy", "");
	const struct xu_val *cpus = xu_val_get(v, "proposed_CPUs");
	int64_t n = xu_val_get_int(v, "ncpu", 0);
	uint64_t number;
	uint32_t id;

	if (check_name(c, self, xu_val_get_str(v, "name_label", ""), e) < 0)
		return -1;
	if (!sched_of(c, sched, &id)) {
		xu_err_set(e, XE(UNKOWN_SCHED_POLICY), 0,
		    "'%s' is no scheduler: credit, credit2, rtds, arinc653 and "
		    "null are", sched);
		xu_err_param(e, "%s", sched);
		return -1;
	}
	if (n < 0 || n > CPUS_MAX)
		return config_unsupported(e, "ncpu", "", "it is 0 to 4096");
	for (size_t i = 0; i < xu_val_count(cpus); i++)
		if (!xu_num_u64(xu_val_str(xu_val_at(cpus, i)), 10,
			CPUS_MAX - 1, &number))
			return config_unsupported(e, "proposed_CPUs",
			    xu_val_str(xu_val_at(cpus, i)),
			    "it is the number of a processor");
	return 0;
}

static void
create(struct call *k)
{
	static const char *const taken[] = { "name_label", "name_description",
		"auto_power_on", "ncpu", "sched_policy", "proposed_CPUs",
		"other_config" };
	const struct xu_val *args = xu_val_at(k->params, 0), *m;
	AUTO_VAL struct xu_val *v = xu_struct();
	struct xu_err e = XU_ERR_INIT;
	char uuid[UUID_TEXT];

	for (size_t i = 0; i < XU_ARRAY_SIZE(taken); i++) {
		m = xu_val_get(args, taken[i]);
		if (m != NULL)
			xu_val_set(v, taken[i], xu_val_copy(m));
	}
	uuid_random(uuid);
	if (check(k->core, NULL, v, &e) < 0 ||
	    db_put(k->core->db, "cpu_pool", uuid, v, &e) < 0) {
		call_fail(k, &e);
		return;
	}
	hardware_look(k->core);
	api_event(k->core, "cpu_pool", "add", uuid,
	    record(k->core, cpu_pool_find(k->core, uuid)));
	call_ok(k, xu_str(uuid));
}

static void
destroy(struct call *k)
{
	struct cpu_pool *p = subject(k);
	struct xu_err e = XU_ERR_INIT;
	char uuid[UUID_TEXT];

	if (p->id >= 0) {
		cpu_pool_bad_state(k, p, "is activated; deactivate it first");
		return;
	}
	memcpy(uuid, p->uuid, sizeof(uuid));
	if (db_del(k->core->db, "cpu_pool", uuid, &e) < 0) {
		call_fail(k, &e);
		return;
	}
	hardware_look(k->core);
	api_event(k->core, "cpu_pool", "del", uuid, NULL);
	call_ok(k, NULL);
}

/* ---- activate, deactivate ---------------------------------------------------------------- */

static bool
is_free(const struct hardware *h, uint32_t cpu)
{
	for (size_t i = 0; i < h->npools; i++)
		if (cpu_pool_has(&h->pools[i], cpu))
			return false;
	return true;
}

/* Free ones it proposes, then others up to ncpu. How many there are in out. */
static size_t
choose(const struct hardware *h, const struct cpu_pool *p, uint32_t *out,
    size_t want)
{
	const struct xu_val *list = xu_val_get(p->config, "proposed_CPUs");
	size_t n = 0;

	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < h->ncpus && n < want; i++) {
			uint32_t cpu = h->cpus[i].number;
			bool proposed = false;
			uint64_t number;

			for (size_t k = 0; k < xu_val_count(list); k++)
				proposed |= xu_num_u64(
				    xu_val_str(xu_val_at(list, k)), 10,
				    CPUS_MAX, &number) && number == cpu;
			if (proposed == (pass == 0) && is_free(h, cpu))
				out[n++] = cpu;
		}
	return n;
}

/* Takes a pool apart again; what Xen refuses is logged. */
static int
take_apart(struct core *c, uint32_t id, const uint32_t *cpus, size_t n)
{
	int r = 0;

	for (size_t i = 0; i < n; i++)
		r |= xc_cpupool_removecpu(c->xch, id, cpus[i]);
	if (r == 0)
		r = xc_cpupool_destroy(c->xch, id);
	if (r < 0)
		xu_log(XU_WARNING, "CPU pool %u: %s", id,
		    xc_last_error(c->xch));
	return r;
}

static int
make(struct core *c, struct cpu_pool *p, const uint32_t *cpus, size_t n,
    struct xu_err *e)
{
	uint32_t id = XC_CPUPOOL_ANY, sched = 0;

	sched_of(c, xu_val_get_str(p->config, "sched_policy", ""), &sched);
	if (xc_cpupool_create(c->xch, &id, sched) < 0) {
		if (errno != EINVAL && errno != ENOENT)
			return xen_fail(c, e, "make a CPU pool");
		xu_err_set(e, XE(UNKOWN_SCHED_POLICY), 0,
		    "Xen was built without the scheduler '%s'",
		    sched_word(sched));
		xu_err_param(e, "%s", sched_word(sched));
		return -1;
	}
	for (size_t i = 0; i < n; i++)
		if (xc_cpupool_addcpu(c->xch, id, cpus[i]) < 0) {
			xen_fail(c, e, "give the CPU pool a processor");
			take_apart(c, id, cpus, i);
			return -1;
		}
	if (store_write_pool(c, id, p->name, p->uuid, e) < 0) {
		take_apart(c, id, cpus, n);
		return -1;
	}
	return 0;
}

static int
activate_pool(struct core *c, struct cpu_pool *p, struct xu_err *e)
{
	const struct xu_val *list = xu_val_get(p->config, "proposed_CPUs");
	int64_t ncpu = xu_val_get_int(p->config, "ncpu", 0);
	uint32_t *cpus = calloc(CPUS_MAX, sizeof(*cpus));
	size_t want = (size_t)ncpu, n;
	int r = -1;

	if (want < xu_val_count(list))
		want = xu_val_count(list);
	if (want == 0)
		want = 1;
	if (cpus == NULL)
		return xu_err_set(e, "XLD_NO_MEMORY", ENOMEM, "make a pool");
	n = choose(c->hardware, p, cpus, want);
	if (n == want) {
		r = make(c, p, cpus, n, e);
	} else {
		xu_err_set(e, XE(INSUFFICIENT_CPUS), 0,
		    "'%s' wants %zu processors and %zu are free: take some out "
		    "of another pool (remove_host_CPU_live)", p->name, want, n);
		xu_err_param(e, "%zu", want);
		xu_err_param(e, "%zu", n);
	}
	free(cpus);
	return r;
}

static void
activate(struct call *k)
{
	struct cpu_pool *p = subject(k);
	struct xu_err e = XU_ERR_INIT;
	char uuid[UUID_TEXT];

	if (p->id >= 0) {
		cpu_pool_bad_state(k, p, "is activated already");
		return;
	}
	memcpy(uuid, p->uuid, sizeof(uuid));
	if (activate_pool(k->core, p, &e) < 0)
		call_fail(k, &e);
	else
		cpu_pool_changed(k, uuid);
}

void
cpu_pools_start(struct core *c)
{
	struct xu_err e;

	hardware_look(c);
	for (size_t i = 0; c->hardware != NULL && i < c->hardware->npools; i++) {
		struct cpu_pool *p = &c->hardware->pools[i];

		xu_err_clear(&e);
		if (p->id < 0 &&
		    xu_val_get_bool(p->config, "auto_power_on", false) &&
		    activate_pool(c, p, &e) < 0)
			xu_log_err(XU_ERROR, &e);
	}
}

static void
deactivate(struct call *k)
{
	struct cpu_pool *p = subject(k);
	struct core *c = k->core;
	struct xu_err e = XU_ERR_INIT;
	char uuid[UUID_TEXT];
	uint32_t id, *cpus;
	size_t n = 0;

	if (p->id <= 0 || p->domains > 0) {
		cpu_pool_bad_state(k, p, p->id < 0 ? "is not activated" :
			p->id == 0	  ? "is Xen's own and stays" :
					    "has machines in it");
		return;
	}
	memcpy(uuid, p->uuid, sizeof(uuid));
	id = (uint32_t)p->id;
	cpus = calloc(c->hardware->ncpus + 1, sizeof(*cpus));
	for (size_t i = 0; cpus != NULL && i < c->hardware->ncpus; i++)
		if (cpu_pool_has(p, c->hardware->cpus[i].number))
			cpus[n++] = c->hardware->cpus[i].number;
	if (cpus == NULL || take_apart(c, id, cpus, n) < 0) {
		xen_fail(c, &e, "take the CPU pool apart");
		call_fail(k, &e);
	} else {
		store_remove_pool(c, id);
		cpu_pool_changed(k, uuid);
	}
	free(cpus);
}

/* ---- processors of one that is activated ---------------------------------------------------- */

static void
invalid_cpu(struct call *k, const struct cpu *cpu, const char *why)
{
	struct xu_err e = XU_ERR_INIT;

	xu_err_set(&e, XE(INVALID_CPU), 0, "%s: processor %u %s", k->method,
	    cpu->number, why);
	xu_err_param(&e, "%s", cpu->uuid);
	xu_err_param(&e, "%s", why);
	call_fail(k, &e);
}

/* Add or take; what it takes is checked. */
static void
move_cpu(struct call *k, bool add)
{
	struct core *c = k->core;
	struct cpu_pool *p = subject(k);
	struct cpu *cpu = cpu_find(c, xu_val_str(xu_val_at(k->params, 1)));
	AUTO_VAL struct xu_val *list = xu_array();
	struct xu_err e = XU_ERR_INIT;
	char uuid[UUID_TEXT];
	int r;

	memcpy(uuid, p->uuid, sizeof(uuid));
	if (p->id < 0) {
		cpu_pool_bad_state(k, p, "is not activated");
	} else if (add && !is_free(c->hardware, cpu->number)) {
		invalid_cpu(k, cpu, "is in a pool already");
	} else if (!add && !cpu_pool_has(p, cpu->number)) {
		invalid_cpu(k, cpu, "is not in that pool");
	} else if (!add && cpus_of(c, p, list) == 1 &&
	    (p->domains > 0 || p->id == 0)) {
		call_refuse(k, XE(LAST_CPU_NOT_REMOVEABLE), p->uuid,
		    "processor %u is the last one of '%s', which has machines",
		    cpu->number, p->name);
	} else {
		r = add ?
		    xc_cpupool_addcpu(c->xch, (uint32_t)p->id, cpu->number) :
		    xc_cpupool_removecpu(c->xch, (uint32_t)p->id, cpu->number);
		if (r == 0) {
			cpu_pool_changed(k, uuid);
			return;
		}
		xen_fail(c, &e, add ? "give the pool a processor" :
				      "take a processor from the pool");
		call_fail(k, &e);
	}
}

static void
add_cpu(struct call *k)
{
	move_cpu(k, true);
}

static void
remove_cpu(struct call *k)
{
	move_cpu(k, false);
}

const struct handler cpu_pool_handlers[] = {
	{ "cpu_pool.add_to_proposed_CPUs", add_proposed },
	{ "cpu_pool.remove_from_proposed_CPUs", remove_proposed },
	{ "cpu_pool.create", create },
	{ "cpu_pool.destroy", destroy },
	{ "cpu_pool.activate", activate },
	{ "cpu_pool.deactivate", deactivate },
	{ "cpu_pool.add_host_CPU_live", add_cpu },
	{ "cpu_pool.remove_host_CPU_live", remove_cpu },
	{ NULL, NULL },
};
