/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Virtual machines, typed: two bulk calls joined, and finding one by name. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "xapi_private.h"
#include "xu_num.h"

static void
fill_state(struct xapi_vm *vm)
{
	/* The letters xm list prints, in its order. */
	static const struct {
		char letter;
		const char *word;
	} flags[] = {
		{ 'r', "running" },
		{ 'b', "blocked" },
		{ 'p', "paused" },
		{ 's', "shutdown" },
		{ 'c', "crashed" },
		{ 'd', "dying" },
	};
	const struct xapi_value *set = xapi_get(vm->metrics, "state");

	for (size_t f = 0; f < XU_ARRAY_SIZE(flags); f++) {
		vm->state[f] = '-';
		for (size_t i = 0; i < xapi_count(set); i++)
			if (strcmp(xapi_str(xapi_at(set, i)), flags[f].word) ==
			    0)
				vm->state[f] = flags[f].letter;
	}
}

static void
fill(struct xapi_vm *vm, const char *ref, const struct xapi_value *r,
    const struct xapi_value *all_metrics)
{
	const struct xapi_value *m =
	    xapi_get(all_metrics, xapi_get_str(r, "metrics"));

	*vm = (struct xapi_vm){
		.ref = ref,
		.uuid = xapi_get_str(r, "uuid"),
		.name = xapi_get_str(r, "name_label"),
		.power_state = xapi_get_str(r, "power_state"),
		.domid = xapi_get(r, "domid") == NULL ?
			  -1 :
			  xapi_get_int(r, "domid"),
		.memory_max = xapi_get_int(r, "memory_static_max"),
		.vcpus_max = (int)xapi_get_int(r, "VCPUs_max"),
		.start_time = xapi_get_str(m, "start_time"),
		.cpu_time = xapi_get_float(m, "cpu_time"),
		.is_control_domain = xapi_get_bool(r, "is_control_domain"),
		.record = r,
		.metrics = m,
	};
	vm->memory = m == NULL || vm->domid < 0 ?
	    vm->memory_max :
	    xapi_get_int(m, "memory_actual");
	vm->vcpus = m == NULL || vm->domid < 0 ?
	    (int)xapi_get_int(r, "VCPUs_at_startup") :
	    (int)xapi_get_int(m, "VCPUs_number");
	fill_state(vm);
}

static int
by_domid_then_name(const void *pa, const void *pb)
{
	const struct xapi_vm *a = pa, *b = pb;

	if (a->domid >= 0 && b->domid >= 0)
		return (a->domid > b->domid) - (a->domid < b->domid);
	if (a->domid >= 0 || b->domid >= 0)
		return a->domid >= 0 ? -1 : 1;
	return strcmp(a->name, b->name);
}

struct xapi_vm_list *
xapi_vm_list(struct xapi *x, struct xapi_err *e)
{
	struct xapi_vm_list *l = calloc(1, sizeof(*l));
	size_t n = 0;

	if (l != NULL) {
		l->records = xapi_call(x, e, "VM.get_all_records", "");
		if (l->records != NULL)
			l->all_metrics = xapi_call(x, e,
			    "VM_metrics.get_all_records", "");
		if (l->all_metrics == NULL) {
			xapi_vm_list_free(l);
			return NULL;
		}
		n = xapi_count(l->records);
		l->vms = calloc(n + 1, sizeof(*l->vms));
	}
	if (l == NULL || l->vms == NULL) {
		xapi_vm_list_free(l);
		xapi_fail(e, "XLD_NO_MEMORY", ENOMEM, "out of memory");
		return NULL;
	}
	for (size_t i = 0; i < n; i++)
		if (!xapi_get_bool(xapi_at(l->records, i), "is_a_template"))
			fill(&l->vms[l->count++], xapi_name_at(l->records, i),
			    xapi_at(l->records, i), l->all_metrics);
	qsort(l->vms, l->count, sizeof(*l->vms), by_domid_then_name);
	return l;
}

void
xapi_vm_list_free(struct xapi_vm_list *l)
{
	if (l == NULL)
		return;
	free(l->vms);
	xapi_free(l->records);
	xapi_free(l->all_metrics);
	free(l);
}

static char *
found(const char *ref, struct xapi_err *e)
{
	char *s = strdup(ref);

	if (s == NULL)
		xapi_fail(e, "XLD_NO_MEMORY", ENOMEM, "out of memory");
	return s;
}

/* No name: the domid or uuid among all records. */
static char *
find_other(struct xapi *x, const char *what, struct xapi_err *e)
{
	struct xapi_value *all;
	const struct xapi_value *r;
	uint64_t domid;
	bool number = xu_num_u64(what, 10, UINT16_MAX, &domid);
	char *ref = NULL;
	bool hit = false;

	if (!number && !xu_is_uuid(what))
		goto none;
	all = xapi_call(x, e, "VM.get_all_records", "");
	if (all == NULL)
		return NULL;
	for (size_t i = 0; i < xapi_count(all) && !hit; i++) {
		r = xapi_at(all, i);
		hit = number ? xapi_get(r, "domid") != NULL &&
			xapi_get_int(r, "domid") == (long long)domid :
			       strcasecmp(xapi_get_str(r, "uuid"), what) == 0;
		if (hit)
			ref = found(xapi_name_at(all, i), e);
	}
	xapi_free(all);
	if (hit)
		return ref;
none:
	xapi_fail(e, "XLD_NO_SUCH_VM", ENOENT,
	    "there is no domain %s (names: xm list)", what);
	return NULL;
}

char *
xapi_vm_find(struct xapi *x, const char *what, struct xapi_err *e)
{
	struct xapi_value *refs =
	    xapi_call(x, e, "VM.get_by_name_label", "s", what);
	char *ref = NULL;

	if (refs == NULL)
		return NULL;
	if (xapi_count(refs) == 1)
		ref = found(xapi_str(xapi_at(refs, 0)), e);
	else if (xapi_count(refs) > 1)
		xapi_fail(e, "XLD_NAME_NOT_UNIQUE", EEXIST,
		    "%zu domains are called %s: use the id or uuid",
		    xapi_count(refs), what);
	else
		ref = find_other(x, what, e);
	xapi_free(refs);
	return ref;
}
