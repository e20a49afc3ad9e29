/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vCPUs: vcpu-list, vcpu-pin, vcpu-set. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd_list.h"
#include "cmd_vcpu.h"
#include "cmds.h"
#include "errors.h"
#include "xu_num.h"

/* --- vcpu-list ------------------------------------------------------------ */

void
vcpu_header(bool soft, struct xu_buf *out)
{
	xu_buf_addf(out, "%-32s %5s %5s %5s %5s %9s %s\n", "Name", "ID", "VCPU",
	    "CPU", "State", "Time(s)",
	    soft ? "Affinity (Hard / Soft)" : "CPU Affinity");
}

/* xm's words for the ends; xl's are the API's. */
static const char *
set_word(const char *set, bool soft)
{
	if (!soft && strcmp(set, "all") == 0)
		return "any cpu";
	return !soft && strcmp(set, "none") == 0 ? "no cpus" : set;
}

void
vcpu_row(const struct xapi_vm *vm, const struct xapi_value *vcpu, bool soft,
    struct xu_buf *out)
{
	bool on = xapi_get_bool(vcpu, "online");
	char id[24] = "", state[4] = "--p";

	if (vm->domid >= 0)
		snprintf(id, sizeof(id), "%lld", vm->domid);
	if (on)
		snprintf(state, sizeof(state), "%c%c-",
		    xapi_get_bool(vcpu, "running") ? 'r' : '-',
		    xapi_get_bool(vcpu, "blocked") ? 'b' : '-');
	xu_buf_addf(out, "%-32s %5s %5lld %5s %5s  %8.1f %s", vm->name, id,
	    xapi_get_int(vcpu, "number"),
	    vm->domid < 0 ? "" : on ? xapi_get_str(vcpu, "cpu") : "-",
	    vm->domid < 0 ? "" : state, xapi_get_float(vcpu, "cpu_time"),
	    set_word(xapi_get_str(vcpu, "affinity"), soft));
	if (soft)
		xu_buf_addf(out, " / %s", xapi_get_str(vcpu, "soft_affinity"));
	xu_buf_addc(out, '\n');
}

static struct xapi_value *
vcpu_json(const struct xapi_vm *vm, const struct xapi_value *vcpu)
{
	static const char *const truths[] = { "online", "blocked", "running" };
	static const char *const texts[] = { "affinity", "soft_affinity" };
	struct xapi_value *v = xapi_new_struct();

	xapi_set(v, "name", xapi_new_str(vm->name));
	xapi_set(v, "uuid", xapi_new_str(vm->uuid));
	xapi_set(v, "domid", xapi_new_int(vm->domid));
	xapi_set(v, "vcpu", xapi_new_int(xapi_get_int(vcpu, "number")));
	xapi_set(v, "cpu", xapi_new_int(xapi_get_bool(vcpu, "online") ?
		xapi_get_int(vcpu, "cpu") : -1));
	for (size_t i = 0; i < XU_ARRAY_SIZE(truths); i++)
		xapi_set(v, truths[i],
		    xapi_new_bool(xapi_get_bool(vcpu, truths[i])));
	xapi_set(v, "cpu_time",
	    xapi_new_float(xapi_get_float(vcpu, "cpu_time")));
	for (size_t i = 0; i < XU_ARRAY_SIZE(texts); i++)
		xapi_set(v, texts[i],
		    xapi_new_str(xapi_get_str(vcpu, texts[i])));
	return v;
}

/* Where its next domain will have this vCPU: its own set, else that of all. */
static const char *
wished(const struct xapi_vm *vm, const char *kind, int n)
{
	const struct xapi_value *p = xapi_get(vm->record, "VCPUs_params");
	const char *s;
	char key[40];

	snprintf(key, sizeof(key), "%scpumap%d", kind, n);
	s = xapi_get_str(p, key);
	if (s[0] == '\0') {
		snprintf(key, sizeof(key), "%smask", kind);
		s = xapi_get_str(p, key);
	}
	return s[0] != '\0' ? s : "all";
}

/* Of a machine without a domain, in the shape of VM.list_VCPUs. */
struct xapi_value *
vcpus_at_rest(const struct xapi_vm *vm)
{
	struct xapi_value *list = xapi_new_array(), *v;

	for (int n = 0; n < vm->vcpus_max; n++) {
		v = xapi_new_struct();
		xapi_set(v, "number", xapi_new_int(n));
		xapi_set(v, "affinity", xapi_new_str(wished(vm, "", n)));
		xapi_set(v, "soft_affinity",
		    xapi_new_str(wished(vm, "soft_", n)));
		xapi_add(list, v);
	}
	return list;
}

/* --- as a table ----------------------------------------------------------- */

/* A row; what the table is made for is xm. */
struct vcpu {
	const struct xapi_vm *vm;
	const struct xapi_value *record;
};

static bool
is_soft(const struct xm *xm)
{
	return xm_opt(xm, "soft") != NULL;
}

static void
put_heading(const void *ctx, struct xu_buf *out)
{
	vcpu_header(is_soft(ctx), out);
}

static void
put_line(const void *ctx, const void *row, struct xu_buf *out)
{
	const struct vcpu *v = row;

	vcpu_row(v->vm, v->record, is_soft(ctx), out);
}

static struct xapi_value *
put_json(const void *ctx XU_UNUSED, const void *row)
{
	const struct vcpu *v = row;

	return vcpu_json(v->vm, v->record);
}

static const struct xm_column columns[] = {
	{ "name", "Name", XM_IS_TEXT, NULL, NULL, NULL },
	{ "uuid", "UUID", XM_IS_TEXT, NULL, NULL, NULL },
	{ "domid", "ID", XM_IS_ID, NULL, NULL, NULL },
	{ "vcpu", "VCPU", XM_IS_NUMBER, NULL, NULL, NULL },
	{ "cpu", "CPU", XM_IS_ID, NULL, NULL, NULL },
	{ "online", "Online", XM_IS_TRUTH, NULL, NULL, NULL },
	{ "blocked", "Blocked", XM_IS_TRUTH, NULL, NULL, NULL },
	{ "running", "Running", XM_IS_TRUTH, NULL, NULL, NULL },
	{ "cpu_time", "Time(s)", XM_IS_NUMBER, NULL, NULL, NULL },
	{ "affinity", "Hard", XM_IS_TEXT, NULL, NULL, NULL },
	{ "soft_affinity", "Soft", XM_IS_TEXT, NULL, NULL, NULL },
	{ .name = NULL },
};

static const struct xm_table table = {
	.noun = "vcpu",
	.columns = columns,
	.heading = put_heading,
	.line = put_line,
	.json = put_json,
};

static int
add_vm(struct xm *xm, struct xm_listing *l, const struct xapi_vm *vm)
{
	struct vcpu row = { .vm = vm };
	struct xapi_value *vcpus;
	struct xapi_err e;

	vcpus = vm->domid < 0 ? vcpus_at_rest(vm) :
		xapi_call(xm->api, &e, "VM.list_VCPUs", "s", vm->ref);
	if (vcpus == NULL)
		/* One that went meanwhile is not missed. */
		return strcmp(e.code, XE(HANDLE_INVALID)) == 0 ||
			strcmp(e.code, XE(VM_BAD_POWER_STATE)) == 0 ?
		    0 : xm_fail_domain(xm, vm->name, &e);
	for (size_t i = 0; i < xapi_count(vcpus); i++) {
		row.record = xapi_at(vcpus, i);
		xm_listing_add(l, &row);
	}
	xapi_free(vcpus);
	return 0;
}

static int
add_all(struct xm *xm, struct xm_listing *out, const struct xapi_vm_list *l)
{
	const struct xapi_vm *vm;
	int status = 0, one;

	for (size_t i = 0; xm->argc == 0 && i < l->count && status == 0; i++)
		status = add_vm(xm, out, &l->vms[i]);
	for (int i = 0; i < xm->argc; i++) {
		vm = list_pick(l, xm->argv[i]);
		one = vm == NULL ? xm_no_domain(xm, xm->argv[i]) :
				   add_vm(xm, out, vm);
		status = one != 0 ? one : status;
	}
	return status;
}

static int
run_vcpu_list(struct xm *xm)
{
	AUTO_LISTING struct xm_listing out = { .nlines = 0 };
	struct xapi_vm_list *l;
	struct xapi_err e;
	int status = xm_listing_begin(&out, xm, &table, xm), printed;

	if (status == 0)
		status = xm_connect(xm);
	if (status != 0)
		return status;
	l = xapi_vm_list(xm->api, &e);
	if (l == NULL)
		return xm_fail(xm, &e);
	status = add_all(xm, &out, l);
	printed = xm_listing_end(&out);
	xapi_vm_list_free(l);
	return status != 0 ? status : printed;
}

/* --- vcpu-pin ------------------------------------------------------------- */

static int
pin(struct xm *xm, const struct xm_dom *d, const char *kind, const char *set)
{
	const char *vcpu = xm->argv[1];
	struct xapi_err e;
	char key[48];

	/* xl's way to leave one of the two as it is. */
	if (strcmp(set, "-") == 0)
		return 0;
	if (strcmp(vcpu, "all") == 0)
		snprintf(key, sizeof(key), "%smask", kind);
	else
		snprintf(key, sizeof(key), "%scpumap%s", kind, vcpu);
	return xapi_do(xm->api, &e, "VM.add_to_VCPUs_params_live", "sss",
		   d->ref, key, set) < 0 ?
	    xm_fail_domain(xm, xm->argv[0], &e) : 0;
}

static int
run_vcpu_pin(struct xm *xm)
{
	AUTO_DOM struct xm_dom d = { .ref = NULL };
	int64_t vcpu;
	int status;

	if (strcmp(xm->argv[1], "all") != 0 &&
	    !xu_num_i64(xm->argv[1], 0, 4095, &vcpu))
		return xm_usage(xm, "'%s' is neither the number of a vCPU nor "
				    "'all'.", xm->argv[1]);
	status = xm_find(xm, xm->argv[0], &d);
	if (status == 0)
		status = pin(xm, &d, "", xm->argv[2]);
	if (status == 0 && xm->argc > 3)
		status = pin(xm, &d, "soft_", xm->argv[3]);
	if (status == 0 && xm->format == XM_JSON)
		return xm_json(xm, xm_dom_json(&d));
	return status;
}

/* --- vcpu-set ------------------------------------------------------------- */

static int
run_vcpu_set(struct xm *xm)
{
	AUTO_DOM struct xm_dom d = { .ref = NULL };
	struct xapi_err e;
	int64_t n;
	int status;

	if (!xu_num_i64(xm->argv[1], 1, INT32_MAX, &n))
		return xm_usage(xm, "'%s' is not a number of vCPUs.",
		    xm->argv[1]);
	status = xm_find(xm, xm->argv[0], &d);
	if (status != 0)
		return status;
	if (xapi_do(xm->api, &e, "VM.set_VCPUs_number_live", "si", d.ref,
		(long long)n) < 0)
		return xm_fail_domain(xm, xm->argv[0], &e);
	return xm->format == XM_JSON ? xm_json(xm, xm_dom_json(&d)) : 0;
}

/* --- rows ----------------------------------------------------------------- */

static const struct xm_opt list_opts[] = {
	{ 's', "soft", NULL,
	    "Also show where each had better run, as xl does: hard / soft." },
	{ .name = NULL },
};

const struct xm_cmd cmd_vcpu_list = {
	.name = "vcpu-list",
	.operands = "[DOMAIN]...",
	.summary = "List the vCPUs of domains: where each is, what it does, "
		   "where it may run.",
	.detail = "CPU is the processor it was last on. State is r (running), "
		  "b (blocked) or p (not online). Time(s) is the processor "
		  "time it used. A machine that does not run is shown with "
		  "what its next start will have.",
	.opts = list_opts,
	.min = 0,
	.max = -1,
	.completes = XM_DOMAIN,
	.table = &table,
	.run = run_vcpu_list,
};

const struct xm_cmd cmd_vcpu_pin = {
	.name = "vcpu-pin",
	.operands = "DOMAIN VCPU|all CPUS|- [SOFT|-]",
	.summary = "Say on which processors a vCPU may run.",
	.detail = "CPUS is as in xm.cfg(5): 0-3,^2, all, node:1. SOFT is where "
		  "it had better run while there is a choice; - leaves a set "
		  "as it is. It is in force at once, and when a guest of xld's "
		  "starts again.",
	.min = 3,
	.max = 4,
	.completes = XM_DOMAIN,
	.run = run_vcpu_pin,
};

const struct xm_cmd cmd_vcpu_set = {
	.name = "vcpu-set",
	.operands = "DOMAIN COUNT",
	.summary = "Change how many vCPUs a running domain uses.",
	.detail = "The kernel of a PV or PVH guest is asked to run the first "
		  "COUNT of its maxvcpus vCPUs; it does so as it gets round to "
		  "it ('xm list' shows how many run), and may leave it to its "
		  "own administrator to bring a vCPU that it has found online "
		  "(Linux without udev: echo 1 > "
		  "/sys/devices/system/cpu/cpuN/online). Linux as a PVH guest "
		  "brings up none that was not there when it began. A reboot "
		  "keeps the number. HVM guests have the vCPUs they began with.",
	.min = 2,
	.max = 2,
	.completes = XM_DOMAIN,
	.run = run_vcpu_set,
};
