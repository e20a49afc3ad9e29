/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The samples of model/metrics.h that the core knows: a struct with an array for each
 * family, whose members are the struct of a sample's labels with "value" at its end.
 * Nothing is counted for it; what Xen, the kernel and xenstored count is read when
 * somebody asks.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "metrics.h"
#include "vbd.h"
#include "vif.h"
#include "xu_num.h"

/* So much of what xenstored says about one domain. */
#define QUOTAS_MAX 32

enum family {
#define FAMILY(name, type, unit, help) M_##name,
	METRICS(FAMILY)
#undef FAMILY
	FAMILIES
};

struct samples {
	struct core *core;
	struct xu_val *of[FAMILIES];
};

/* Takes labels and value. */
static void
put(struct samples *s, enum family f, struct xu_val *labels,
    struct xu_val *value)
{
	xu_val_set(labels, "value", value);
	xu_val_add(s->of[f], labels);
}

static struct xu_val *
label(const char *name, const char *value)
{
	struct xu_val *v = xu_struct();

	xu_val_set(v, name, xu_str(value));
	return v;
}

static struct xu_val *
of_guest(const struct guest *g)
{
	struct xu_val *v = xu_struct();

	xu_val_set(v, "domid", xu_strf("%d", g->domid));
	xu_val_set(v, "name", xu_str(guest_name(g)));
	xu_val_set(v, "uuid", xu_str(g->uuid));
	return v;
}

static void
host_samples(struct samples *s)
{
	const struct core *c = s->core;
	struct xu_val *v = xu_struct();
	struct xc_physinfo p;

	xu_val_set(v, "xen", xu_strf("%u.%u%s", c->version.major,
	    c->version.minor, c->version.extra));
	xu_val_set(v, "xld", xu_str(PACKAGE_VERSION));
	put(s, M_host, v, xu_int(1));
	if (xc_physinfo(c->xch, &p) < 0)
		return;
	put(s, M_host_memory_bytes, xu_struct(),
	    xu_int((int64_t)(p.total_pages << 12)));
	put(s, M_host_memory_free_bytes, xu_struct(),
	    xu_int((int64_t)(host_free_pages(&p) << 12)));
	put(s, M_host_cpus, xu_struct(), xu_int(p.nr_cpus));
}

static void
device_samples(struct samples *s, const struct dev *d)
{
	struct xu_val *labels = of_guest(d->guest);
	struct net_link l = { .rx_bytes = 0 };
	char name[IFNAMSIZ];

	xu_val_set(labels, "device", xu_strf("%u", d->id));
	if (d->cls == &vif_class && d->phase != DEV_OFF) {
		vif_name(d, name);
		if (net_link_get(s->core, name, &l) == 0) {
			/* What the backend sends the guest receives. */
			put(s, M_vif_receive_bytes, xu_val_copy(labels),
			    xu_int((int64_t)l.tx_bytes));
			put(s, M_vif_transmit_bytes, xu_val_copy(labels),
			    xu_int((int64_t)l.rx_bytes));
		}
	} else if (d->cls == &vbd_class && d->phase != DEV_OFF) {
		put(s, M_vbd_read_bytes, xu_val_copy(labels),
		    xu_int((int64_t)vbd_bytes(d, "rd_sect")));
		put(s, M_vbd_written_bytes, xu_val_copy(labels),
		    xu_int((int64_t)vbd_bytes(d, "wr_sect")));
	}
	xu_val_free(labels);
}

/* A line of what xenstored says: quota, limit, used. */
static void
quota_sample(struct samples *s, const struct guest *g, const char *line)
{
	char name[24], limit[24], used[24];
	struct xu_val *labels;
	uint64_t n;

	if (sscanf(line, "%23s %23s %23s", name, limit, used) != 3 ||
	    !xu_num_u64(used, 10, INT64_MAX, &n))
		return;
	labels = of_guest(g);
	xu_val_set(labels, "quota", xu_str(name));
	put(s, M_store_quota_used, xu_val_copy(labels), xu_int((int64_t)n));
	if (xu_num_u64(limit, 10, INT64_MAX, &n))
		put(s, M_store_quota_limit, xu_val_copy(labels),
		    xu_int((int64_t)n));
	xu_val_free(labels);
}

static void
store_samples(struct samples *s, const struct guest *g)
{
	AUTO_FREE char *text = NULL;
	char domid[12], *line, *rest;

	if (s->core->xs == NULL)
		return;
	snprintf(domid, sizeof(domid), "%d", g->domid);
	text = xs_control_command(s->core->xs, "quota", domid,
	    (unsigned)strlen(domid) + 1);
	rest = text;
	for (int i = 0; i < QUOTAS_MAX &&
	     (line = strsep(&rest, "\n")) != NULL; i++)
		quota_sample(s, g, line);
}

static void
guest_samples(struct samples *s, const struct guest *g)
{
	struct xu_list *l;

	put(s, M_domain_cpu_seconds, of_guest(g),
	    xu_float((double)g->info.cpu_time / 1e9));
	put(s, M_domain_memory_bytes, of_guest(g),
	    xu_int((int64_t)g->info.tot_pages << 12));
	put(s, M_domain_vcpus, of_guest(g), xu_int(g->info.nr_online_vcpus));
	LIST_FOREACH(l, &g->devs)
		device_samples(s, xu_container_of(l, struct dev, all));
	if (!guest_is_control(g))
		store_samples(s, g);
}

static void
power_samples(struct samples *s)
{
	int64_t n[DOM_UNKNOWN + 1] = { 0 };
	size_t pos = 0;
	struct guest *g;

	while ((g = xu_map_next(s->core->by_uuid, &pos)) != NULL) {
		n[guest_power(g)]++;
		if (g->domid >= 0)
			guest_samples(s, g);
	}
	for (int p = 0; p <= DOM_UNKNOWN; p++)
		put(s, M_domains,
		    label("power_state", dom_power_word((enum dom_power)p)),
		    xu_int(n[p]));
}

static void
task_samples(struct samples *s)
{
	const struct model_enum *words = model_find_enum("task_status_type");
	AUTO_VAL struct xu_val *r = NULL;
	int64_t n[8] = { 0 };
	size_t pos = 0;
	void *t;

	while ((t = task_ops.next(s->core, &pos)) != NULL) {
		r = task_ops.record(s->core, t);
		for (size_t i = 0; words->words[i] != NULL; i++)
			if (strcmp(words->words[i],
				xu_val_get_str(r, "status", "")) == 0)
				n[i]++;
		xu_val_free(steal_ptr(&r));
	}
	for (size_t i = 0; words->words[i] != NULL; i++)
		put(s, M_tasks, label("status", words->words[i]),
		    xu_int(n[i]));
}

void
host_metrics_call(struct call *k)
{
	static const char *const names[] = {
#define FAMILY(name, type, unit, help) #name,
		METRICS(FAMILY)
#undef FAMILY
	};
	struct samples s = { .core = k->core };
	struct xu_val *v = xu_struct();

	for (size_t i = 0; i < FAMILIES; i++)
		s.of[i] = xu_array();
	scan(k->core);
	host_samples(&s);
	power_samples(&s);
	task_samples(&s);
	for (size_t i = 0; i < FAMILIES; i++)
		xu_val_set(v, names[i], s.of[i]);
	call_ok(k, v);
}
