/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Machines, their figures and consoles as the API shows them. */
#include "config.h"

#include <string.h>

#include "cpu.h"
#include "dev.h"
#include "pci.h"
#include "vm_allows.h"
#include "vm_snapshot.h"
#include "vnc.h"

/* ---- VM ----------------------------------------------------------------------- */

static struct xu_val *
consoles_of(const struct guest *g)
{
	struct xu_val *v = xu_array();

	if (!g->foreign)
		xu_val_add(v, xu_str(g->console_uuid));
	if (console_has_rfb(g))
		xu_val_add(v, xu_str(g->rfb_uuid));
	return v;
}

static struct xu_val *
devices_of(const struct guest *g, const struct dev_class *cls)
{
	struct xu_val *v = xu_array();
	struct xu_list *l;
	const struct dev *d;

	LIST_FOREACH(l, &g->devs) {
		d = xu_container_of(l, struct dev, all);
		if (d->cls == cls)
			xu_val_add(v, xu_str(d->uuid));
	}
	return v;
}

static struct xu_val *
cpu_pool_of(struct core *c, const struct guest *g)
{
	struct xu_val *v = xu_array();
	const char *uuid;

	uuid = g->domid < 0 ? NULL : cpu_pool_uuid(c, g->info.cpupool);
	if (uuid != NULL)
		xu_val_add(v, xu_str(uuid));
	return v;
}

/* Of a template: it is there to be cloned. */
static bool
suits_template(const char *word)
{
	return strcmp(word, "start") != 0;
}

/* Others' guests are theirs to build and to forget. */
static bool
suits_foreign(const char *word)
{
	static const char *const words[] = { "pause", "unpause",
		"clean_shutdown", "clean_reboot", "hard_shutdown" };

	for (size_t i = 0; i < XU_ARRAY_SIZE(words); i++)
		if (strcmp(words[i], word) == 0)
			return true;
	return false;
}

/* By the rows of the messages, as dispatch.c will see it. */
static struct xu_val *
operations_of(const struct guest *g)
{
	const char *const *w = model_find_enum("vm_operations")->words;
	struct xu_val *v = xu_array();
	const unsigned now = 1u << guest_power(g);
	const struct model_method *m;
	const bool template =
	    xu_val_get_bool(g->config, "is_a_template", false);

	if (guest_is_control(g))
		return v;
	for (; *w != NULL; w++) {
		m = model_find_method(&model_vm, *w);
		if (m != NULL && (m->states & now) != 0 &&
		    (g->op == OP_NONE || m->states == STATES_ANY) &&
		    (!template || suits_template(*w)) &&
		    snapshot_suits(g, *w) && !vm_is_blocked(g, *w) &&
		    (!g->foreign || suits_foreign(*w)))
			xu_val_add(v, xu_str(*w));
	}
	return v;
}

static struct xu_val *
run_time_field(struct core *c, const struct guest *g, const char *name)
{
	struct xu_val *v = snapshot_field(c, g, name);

	if (v != NULL)
		return v;
	if (strcmp(name, "power_state") == 0)
		return xu_str(dom_power_word(guest_power(g)));
	if (strcmp(name, "resident_on") == 0)
		return xu_str(g->domid >= 0 ? c->host_uuid : "");
	if (strcmp(name, "allowed_operations") == 0)
		return operations_of(g);
	if (strcmp(name, "current_operations") == 0)
		return task_operations(c, g->uuid);
	if (strcmp(name, "affinity") == 0)
		return xu_str("");
	if (strcmp(name, "consoles") == 0)
		return consoles_of(g);
	if (strcmp(name, "domid") == 0)
		return xu_int(g->domid);
	if (strcmp(name, "restarts") == 0)
		return xu_int(vm_restarts(g));
	if (strcmp(name, "last_end") == 0)
		return xu_str(g->last_end);
	if (strcmp(name, "is_control_domain") == 0)
		return xu_bool(guest_is_control(g));
	if (strcmp(name, "metrics") == 0)
		return xu_str(g->metrics_uuid);
	if (strcmp(name, "guest_metrics") == 0)
		return xu_str(guest_metrics_ref(g));
	if (strcmp(name, "suspend_VDI") == 0 ||
	    strcmp(name, "security_label") == 0)
		return xu_str("");
	if (strcmp(name, "tools_version") == 0)
		return xu_struct();
	if (strcmp(name, "cpu_pool") == 0)
		return cpu_pool_of(c, g);
	if (strcmp(name, "DPCIs") == 0)
		return pci_refs(g);
	if (strcmp(name, "attached_PCIs") == 0)
		return pci_attached_refs(g);
	for (size_t i = 0; dev_classes[i] != NULL; i++)
		if (strcmp(name, dev_classes[i]->list) == 0)
			return devices_of(g, dev_classes[i]);
	/* What no machine has in this release. */
	return xu_array();
}

struct xu_val *
vm_record(struct core *c, void *guest)
{
	const struct guest *g = guest;
	const struct model_field *f = model_vm.fields;
	struct xu_val *v = xu_struct();

	for (; f->name != NULL; f++) {
		if (strcmp(f->name, "uuid") == 0)
			xu_val_set(v, f->name, xu_str(g->uuid));
		else if (f->access == RO_RUN)
			xu_val_set(v, f->name, run_time_field(c, g, f->name));
		else
			xu_val_set(v, f->name,
			    xu_val_copy(xu_val_get(g->config, f->name)));
	}
	return v;
}

static void *
find_vm(struct core *c, const char *ref)
{
	return guest_by_uuid(c, ref);
}

static void *
next_guest(struct core *c, size_t *pos)
{
	return xu_map_next(c->by_uuid, pos);
}

static const char *
vm_ref(const void *obj)
{
	return ((const struct guest *)obj)->uuid;
}

const struct class_ops vm_ops = {
	.cls = &model_vm,
	.find = find_vm,
	.next = next_guest,
	.ref = vm_ref,
	.record = vm_record,
	.refresh = scan,
};

/* ---- VM_metrics ------------------------------------------------------------------- */

/* By an identity that is derived from the guest's: few enough to look at. */
static struct guest *
find_derived(struct core *c, const char *ref, size_t offset)
{
	struct xu_list *l;
	char *g;

	LIST_FOREACH(l, &c->guests) {
		g = (char *)xu_container_of(l, struct guest, all);
		if (strcmp(g + offset, ref) == 0)
			return (struct guest *)(void *)g;
	}
	return NULL;
}

static void *
find_metrics(struct core *c, const char *ref)
{
	return find_derived(c, ref, offsetof(struct guest, metrics_uuid));
}

static const char *
metrics_ref(const void *obj)
{
	return ((const struct guest *)obj)->metrics_uuid;
}

/* The letters of xm list, as words. */
static struct xu_val *
state_words(const struct guest *g)
{
	static const struct {
		uint32_t flag;
		const char *word;
	} words[] = {
		{ XC_DOMINF_RUNNING, "running" },
		{ XC_DOMINF_BLOCKED, "blocked" },
		{ XC_DOMINF_PAUSED, "paused" },
		{ XC_DOMINF_DYING, "dying" },
	};
	struct xu_val *v = xu_array();

	for (size_t i = 0; i < XU_ARRAY_SIZE(words); i++)
		if ((g->info.flags & words[i].flag) != 0)
			xu_val_add(v, xu_str(words[i].word));
	if ((g->info.flags & XC_DOMINF_SHUTDOWN) != 0)
		xu_val_add(v, xu_str(guest_power(g) == DOM_CRASHED ?
			"crashed" : "shutdown"));
	return v;
}

static void
put_vcpu(struct xu_val *map, uint32_t i, struct xu_val *v)
{
	char key[12];

	snprintf(key, sizeof(key), "%u", i);
	xu_val_set(map, key, v);
}

static void
add_vcpus(struct core *c, const struct guest *g, struct xu_val *v)
{
	struct xu_val *use = xu_struct(), *cpu = xu_struct();
	struct xu_val *flags = xu_struct(), *words;
	int64_t lived = now_real() - g->start_time;
	struct xc_vcpuinfo i;

	for (uint32_t n = 0; g->domid >= 0 && n <= g->info.max_vcpu_id; n++) {
		if (xc_vcpu_getinfo(c->xch, (uint32_t)g->domid, n, &i) < 0)
			break;
		put_vcpu(use, n, xu_float(lived > 0 ?
			(double)i.cpu_time / 1e9 / (double)lived : 0));
		put_vcpu(cpu, n, xu_int(i.cpu));
		words = xu_array();
		if (i.online)
			xu_val_add(words, xu_str("online"));
		if (i.blocked)
			xu_val_add(words, xu_str("blocked"));
		if (i.running)
			xu_val_add(words, xu_str("running"));
		put_vcpu(flags, n, words);
	}
	xu_val_set(v, "VCPUs_utilisation", use);
	xu_val_set(v, "VCPUs_CPU", cpu);
	xu_val_set(v, "VCPUs_flags", flags);
}

static struct xu_val *
sched_params(struct core *c, const struct guest *g)
{
	struct xu_val *v = xu_struct();
	uint16_t weight, cap;

	if (g->domid >= 0 && xc_sched_credit_get(c->xch, (uint32_t)g->domid,
		&weight, &cap) == 0) {
		xu_val_set(v, "weight", xu_strf("%u", weight));
		xu_val_set(v, "cap", xu_strf("%u", cap));
	}
	return v;
}

static struct xu_val *
metrics_record(struct core *c, void *obj)
{
	const struct guest *g = obj;
	struct xu_val *v = xu_struct();
	bool on = g->domid >= 0;

	xu_val_set(v, "uuid", xu_str(g->metrics_uuid));
	xu_val_set(v, "memory_actual",
	    xu_int(on ? (int64_t)g->info.tot_pages << 12 : 0));
	xu_val_set(v, "VCPUs_number",
	    xu_int(on ? g->info.nr_online_vcpus : 0));
	add_vcpus(c, g, v);
	xu_val_set(v, "VCPUs_params", sched_params(c, g));
	xu_val_set(v, "state", state_words(g));
	xu_val_set(v, "dying_reason", dying_reason(g));
	xu_val_set(v, "start_time", xu_datetime(g->start_time));
	xu_val_set(v, "last_updated", xu_datetime(now_real()));
	xu_val_set(v, "cpu_time",
	    xu_float(on ? (double)g->info.cpu_time / 1e9 : 0));
	return v;
}

const struct class_ops vm_metrics_ops = {
	.cls = &model_vm_metrics,
	.find = find_metrics,
	.next = next_guest,
	.ref = metrics_ref,
	.record = metrics_record,
	.refresh = scan,
};

/* ---- console ------------------------------------------------------------------------ */

/* An object is one of the two identities in a guest: its text console's, which each
 * of ours has, or its screen's. */

bool
console_has_rfb(const struct guest *g)
{
	return !g->foreign && vnc_of(g->config).address != NULL;
}

struct guest *
console_guest(struct core *c, const char *ref, bool *rfb)
{
	struct guest *g = find_derived(c, ref, offsetof(struct guest,
	    console_uuid));

	*rfb = g == NULL;
	if (g == NULL)
		g = find_derived(c, ref, offsetof(struct guest, rfb_uuid));
	return g != NULL && *rfb && !console_has_rfb(g) ? NULL : g;
}

static void *
find_console(struct core *c, const char *ref)
{
	bool rfb;
	struct guest *g = console_guest(c, ref, &rfb);

	return g == NULL ? NULL : rfb ? g->rfb_uuid : g->console_uuid;
}

/* Below the lowest bit of *pos: which guest; the bit: its first has been given. */
static void *
next_console(struct core *c, size_t *pos)
{
	struct guest *g;
	size_t after;
	bool rfb;

	for (;;) {
		after = *pos >> 1;
		g = next_guest(c, &after);
		if (g == NULL)
			return NULL;
		rfb = *pos & 1;
		*pos = rfb ? after << 1 : *pos | 1;
		if (rfb && console_has_rfb(g))
			return g->rfb_uuid;
		if (!rfb && !g->foreign)
			return g->console_uuid;
	}
}

static const char *
console_ref(const void *obj)
{
	return obj;
}

static struct xu_val *
console_record(struct core *c, void *obj)
{
	struct xu_val *v = xu_struct();
	const char *ref = obj;
	const struct guest *g;
	bool rfb;

	g = console_guest(c, ref, &rfb);
	xu_val_set(v, "uuid", xu_str(ref));
	xu_val_set(v, "protocol", xu_str(rfb ? "rfb" : "vt100"));
	xu_val_set(v, "location", g != NULL && rfb ? xu_str(vnc_location(g)) :
		xu_strf("/console?uuid=%s", ref));
	xu_val_set(v, "VM", xu_str(g != NULL ? g->uuid : ""));
	xu_val_set(v, "other_config", xu_struct());
	return v;
}

const struct class_ops console_ops = {
	.cls = &model_console,
	.find = find_console,
	.next = next_console,
	.ref = console_ref,
	.record = console_record,
	.refresh = scan,
};
