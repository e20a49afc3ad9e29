/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xm list: xm's table, its S-expressions with -l, JSON. */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "cmd_list.h"
#include "cmds.h"
#include "domstate.h"
#include "errors.h"
#include "xl.h"

#define MIB (1024 * 1024)

/* --- the table ------------------------------------------------------------ */

void
list_header(struct xu_buf *out)
{
	xu_buf_addf(out, "%-40s %5s %5s %5s %10s %9s\n", "Name", "ID", "Mem",
	    "VCPUs", "State", "Time(s)");
}

void
list_row(const struct xapi_vm *vm, struct xu_buf *out)
{
	char id[24] = "";

	if (vm->domid >= 0)
		snprintf(id, sizeof(id), "%lld", vm->domid);
	xu_buf_addf(out, "%-40s %5s %5lld %5d %10s %8.1f\n", vm->name, id,
	    vm->memory / MIB, vm->vcpus, vm->domid >= 0 ? vm->state : "",
	    vm->cpu_time);
}

/* --- S-expressions -------------------------------------------------------- */

/* xm's words; the index is the number of (status N). */
static const char *const states[] = { "halted", "paused", "running",
	"suspended", "shutdown", "crashed", "unknown" };

static int
status_number(const struct xapi_vm *vm)
{
	if (strcmp(vm->power_state, "Suspended") == 0)
		return 3;
	if (vm->domid < 0)
		return 0;
	if (vm->state[4] == 'c')
		return 5;
	if (vm->state[3] == 's')
		return 4;
	if (vm->state[2] == 'p')
		return 1;
	return strcmp(vm->power_state, "Running") == 0 ? 2 : 6;
}

const char *
list_state_word(const struct xapi_vm *vm)
{
	return states[status_number(vm)];
}

/* xm's word for what the API calls by its own. */
static const char *
action_word(const char *word)
{
	static const struct {
		const char *api, *xm;
	} words[] = {
#define ROW(sym, api_word, xm_word, core) { api_word, xm_word },
		DOM_ACTIONS(ROW)
#undef ROW
	};

	for (size_t i = 0; i < XU_ARRAY_SIZE(words); i++)
		if (strcmp(words[i].api, word) == 0)
			return words[i].xm;
	return word;
}

static void
sxp_action(
    struct xapi_value *form, const char *name, const struct xapi_vm *vm,
    const char *field)
{
	xm_sxp_str(form, name, action_word(xapi_get_str(vm->record, field)));
}

static void
sxp_image(struct xapi_value *form, const struct xapi_value *r)
{
	struct xapi_value *image = xapi_new_array(), *kind = xapi_new_array();
	const char *s;

	xapi_add(kind,
	    xapi_new_str(xm_sxp_image(xapi_get_str(r, "domain_type"))));
	xm_sxp_str(kind, "kernel", xapi_get_str(r, "PV_kernel"));
	s = xapi_get_str(r, "PV_ramdisk");
	if (*s != '\0')
		xm_sxp_str(kind, "ramdisk", s);
	s = xapi_get_str(r, "PV_args");
	if (*s != '\0')
		xm_sxp_str(kind, "args", s);
	xapi_add(image, xapi_new_str("image"));
	xapi_add(image, kind);
	xapi_add(form, image);
}

static void
sxp_time(struct xapi_value *form, const char *name, double seconds)
{
	char text[32];

	snprintf(text, sizeof(text), "%.3f", seconds);
	xm_sxp_str(form, name, text);
}

struct xapi_value *
list_sxp(const struct xapi_vm *vm)
{
	const struct xapi_value *r = vm->record;
	const struct xapi_value *sched = xapi_get(r, "VCPUs_params");
	struct xapi_value *f = xapi_new_array();

	xapi_add(f, xapi_new_str("domain"));
	if (vm->domid >= 0)
		xm_sxp_int(f, "domid", vm->domid);
	if (xapi_get(sched, "weight") != NULL)
		xm_sxp_str(f, "cpu_weight", xapi_get_str(sched, "weight"));
	if (xapi_get(sched, "cap") != NULL)
		xm_sxp_str(f, "cpu_cap", xapi_get_str(sched, "cap"));
	sxp_action(f, "on_crash", vm, "actions_after_crash");
	xm_sxp_str(f, "uuid", vm->uuid);
	xm_sxp_int(f, "vcpus", vm->vcpus_max);
	xm_sxp_str(f, "name", vm->name);
	xm_sxp_str(f, "description", xapi_get_str(r, "name_description"));
	sxp_action(f, "on_reboot", vm, "actions_after_reboot");
	sxp_action(f, "on_poweroff", vm, "actions_after_shutdown");
	xm_sxp_int(f, "maxmem", vm->memory_max / MIB);
	xm_sxp_int(f, "memory", vm->memory / MIB);
	if (vm->start_time[0] != '\0')
		sxp_time(f, "start_time",
		    (double)xm_seconds("19700101T00:00:00Z", vm->start_time));
	sxp_time(f, "cpu_time", vm->cpu_time);
	xm_sxp_int(f, "online_vcpus", vm->vcpus);
	if (!vm->is_control_domain)
		sxp_image(f, r);
	xm_sxp_int(f, "status", status_number(vm));
	xm_sxp_str(f, "state", vm->state);
	return f;
}

/* --- JSON ----------------------------------------------------------------- */

struct xapi_value *
list_json(const struct xapi_vm *vm, bool all)
{
	struct xapi_value *v = xapi_new_struct();

	xapi_set(v, "name", xapi_new_str(vm->name));
	xapi_set(v, "uuid", xapi_new_str(vm->uuid));
	xapi_set(v, "domid", xapi_new_int(vm->domid));
	xapi_set(v, "memory", xapi_new_int(vm->memory));
	xapi_set(v, "memory_max", xapi_new_int(vm->memory_max));
	xapi_set(v, "vcpus", xapi_new_int(vm->vcpus));
	xapi_set(v, "vcpus_max", xapi_new_int(vm->vcpus_max));
	xapi_set(v, "power_state", xapi_new_str(vm->power_state));
	xapi_set(v, "state", xapi_new_str(vm->state));
	xapi_set(v, "cpu_time", xapi_new_float(vm->cpu_time));
	xapi_set(v, "start_time", xapi_new_str(vm->start_time));
	xapi_set(v, "control_domain", xapi_new_bool(vm->is_control_domain));
	if (all)
		xapi_set(v, "record", xapi_copy(vm->record));
	if (all && vm->metrics != NULL)
		xapi_set(v, "metrics", xapi_copy(vm->metrics));
	return v;
}

/* --- which ---------------------------------------------------------------- */

static bool
named(const struct xapi_vm *vm, const char *what)
{
	char id[24];

	snprintf(id, sizeof(id), "%lld", vm->domid);
	return strcasecmp(vm->uuid, what) == 0 ||
	    (vm->domid >= 0 && strcmp(id, what) == 0);
}

const struct xapi_vm *
list_pick(const struct xapi_vm_list *l, const char *what)
{
	for (size_t i = 0; i < l->count; i++)
		if (strcmp(l->vms[i].name, what) == 0)
			return &l->vms[i];
	for (size_t i = 0; i < l->count; i++)
		if (named(&l->vms[i], what))
			return &l->vms[i];
	return NULL;
}

/* --- as a table ----------------------------------------------------------- */

static void
put_heading(const void *ctx, struct xu_buf *out)
{
	if (xm_opt(ctx, "names") == NULL)
		list_header(out);
}

static void
put_line(const void *ctx, const void *row, struct xu_buf *out)
{
	const struct xapi_vm *vm = row;

	if (xm_opt(ctx, "names") != NULL)
		xu_buf_addf(out, "%s\n", vm->name);
	else
		list_row(vm, out);
}

static void
put_form(const void *ctx XU_UNUSED, const void *row, struct xu_buf *out)
{
	struct xapi_value *form = list_sxp(row);

	xm_sxp(form, out);
	xapi_free(form);
}

static struct xapi_value *
put_json(const void *ctx, const void *row)
{
	return list_json(row, xm_opt(ctx, "long") != NULL);
}

static void
get_status(const void *ctx XU_UNUSED, const struct xapi_value *json,
    struct xu_buf *out)
{
	struct xapi_vm vm = {
		.power_state = xapi_get_str(json, "power_state"),
		.domid = xapi_get_int(json, "domid"),
	};

	snprintf(vm.state, sizeof(vm.state), "%-6s",
	    xapi_get_str(json, "state"));
	xu_buf_adds(out, list_state_word(&vm));
}

static const struct xm_column columns[] = {
	{ "name", "Name", XM_IS_TEXT, NULL, NULL, NULL },
	{ "uuid", "UUID", XM_IS_TEXT, NULL, NULL, NULL },
	{ "domid", "ID", XM_IS_ID, NULL, NULL, NULL },
	{ "memory", "Mem", XM_IS_BYTES, NULL, NULL, NULL },
	{ "memory_max", "MaxMem", XM_IS_BYTES, NULL, NULL, NULL },
	{ "vcpus", "VCPUs", XM_IS_NUMBER, NULL, NULL, NULL },
	{ "vcpus_max", "MaxVCPUs", XM_IS_NUMBER, NULL, NULL, NULL },
	{ "status", "Status", XM_IS_TEXT, NULL, get_status, NULL },
	{ "state", "State", XM_IS_TEXT, NULL, NULL, "status" },
	{ "power_state", "Power", XM_IS_TEXT, NULL, NULL, NULL },
	{ "cpu_time", "Time(s)", XM_IS_NUMBER, NULL, NULL, NULL },
	{ "start_time", "Started", XM_IS_TEXT, NULL, NULL, NULL },
	{ "control_domain", "Control", XM_IS_TRUTH, NULL, NULL, NULL },
	{ .name = NULL },
};

const struct xm_table list_table = {
	.noun = "domain",
	.columns = columns,
	.heading = put_heading,
	.line = put_line,
	.json = put_json,
	.form = put_form,
};

/* By xl's name it shows what runs, and -l is JSON. */
static const struct xm_table xl_table = {
	.noun = "domain",
	.columns = columns,
	.heading = xl_list_heading,
	.line = xl_list_line,
	.json = put_json,
	.form = put_form,
};

static const struct xm_table xl_long_table = {
	.noun = "domain",
	.columns = columns,
	.heading = xl_list_heading,
	.line = xl_list_line,
	.json = xl_list_json,
};

/* A status. */
static int
begin(struct xm_listing *out, struct xm *xm)
{
	bool whole = xm->format == XM_TEXT && xm_opt(xm, "long") != NULL;

	if (!xm->xl || xm_opt(xm, "names") != NULL)
		return xm_listing_begin(out, xm, &list_table, xm);
	if (whole)
		xm->format = XM_JSON;
	return xm_listing_begin(out, xm, whole ? &xl_long_table : &xl_table,
	    xm);
}

/* --- the command ---------------------------------------------------------- */

static int
put_named(struct xm *xm, struct xm_listing *out, const struct xapi_vm_list *l)
{
	const struct xapi_vm *vm;
	int status = 0;

	for (int i = 0; i < xm->argc; i++) {
		vm = list_pick(l, xm->argv[i]);
		if (vm != NULL)
			xm_listing_add(out, vm);
		else
			status = xm_no_domain(xm, xm->argv[i]);
	}
	return status;
}

static void
put_all(struct xm_listing *out, const struct xapi_vm_list *l, const char *state)
{
	for (size_t i = 0; i < l->count; i++)
		if ((state == NULL && (l->vms[i].domid >= 0 || !out->xm->xl)) ||
		    (state != NULL && (strcmp(state, "all") == 0 ||
			strcmp(state, list_state_word(&l->vms[i])) == 0)))
			xm_listing_add(out, &l->vms[i]);
}

static int
check_state(struct xm *xm, const char *state)
{
	if (state == NULL || strcmp(state, "all") == 0)
		return 0;
	if (xm->argc != 0)
		return xm_usage(xm, "--state does not go with names");
	for (size_t i = 0; i < XU_ARRAY_SIZE(states); i++)
		if (strcmp(states[i], state) == 0)
			return 0;
	return xm_usage(xm,
	    "'%s' is no state; there are halted, paused, running, suspended, "
	    "shutdown, crashed, unknown and all",
	    state);
}

static int
run_list(struct xm *xm)
{
	AUTO_LISTING struct xm_listing out = { .nlines = 0 };
	const char *state = xm_opt(xm, "state");
	struct xapi_vm_list *l;
	struct xapi_err e;
	int status = check_state(xm, state), printed;

	if (status == 0)
		status = begin(&out, xm);
	if (status == 0)
		status = xm_connect(xm);
	if (status != 0)
		return status;
	l = xapi_vm_list(xm->api, &e);
	if (l == NULL)
		return xm_fail(xm, &e);
	if (xm->argc != 0)
		status = put_named(xm, &out, l);
	else
		put_all(&out, l, state);
	/* Of named ones that are not there nothing is shown, not even a heading. */
	out.bare = xm->argc != 0;
	printed = xm_listing_end(&out);
	xapi_vm_list_free(l);
	return status != 0 ? status : printed;
}

/* --- vm-list -------------------------------------------------------------- */

static void
vm_list_heading(const void *ctx XU_UNUSED, struct xu_buf *out)
{
	xu_buf_adds(out, "UUID                                  ID    name\n");
}

static void
vm_list_line(const void *ctx XU_UNUSED, const void *row, struct xu_buf *out)
{
	const struct xapi_vm *vm = row;

	xu_buf_addf(out, "%s  %lld    %-30s\n", vm->uuid, vm->domid, vm->name);
}

const struct xm_table vm_list_table = {
	.noun = "domain",
	.columns = columns,
	.heading = vm_list_heading,
	.line = vm_list_line,
	.json = put_json,
};

/* Guests that run, whoever made them. */
static int
run_vm_list(struct xm *xm)
{
	AUTO_LISTING struct xm_listing out = { .nlines = 0 };
	struct xapi_vm_list *l;
	struct xapi_err e;
	int status = xm_listing_begin(&out, xm, &vm_list_table, xm);

	if (status == 0)
		status = xm_connect(xm);
	if (status != 0)
		return status;
	l = xapi_vm_list(xm->api, &e);
	if (l == NULL)
		return xm_fail(xm, &e);
	for (size_t i = 0; i < l->count; i++)
		/* xl's has Domain-0, too. */
		if (l->vms[i].domid >= 0 &&
		    (xm->xl || !l->vms[i].is_control_domain))
			xm_listing_add(&out, &l->vms[i]);
	status = xm_listing_end(&out);
	xapi_vm_list_free(l);
	return status;
}

const struct xm_cmd cmd_vm_list = {
	.name = "vm-list",
	.operands = "",
	.summary = "List the uuids, ids and names of all guests that run.",
	.detail = "",
	.min = 0,
	.max = 0,
	.table = &vm_list_table,
	.run = run_vm_list,
};

static const struct xm_opt list_opts[] = {
	{ 'l', "long", NULL, "Everything about each domain." },
	{ 0, "names", NULL, "The names alone, one a line." },
	{ 0, "state", "STATE",
	    "Only those halted, paused, running, suspended, shutdown, crashed "
	    "or unknown." },
	{ .name = NULL },
};

const struct xm_cmd cmd_list = {
	.name = "list",
	.operands = "[DOMAIN]...",
	.summary = "List all domains, or some.",
	.detail = "Mem is in MiB. State has a letter for each of running, "
		  "blocked, paused, shutdown, crashed and dying. Time(s) is "
		  "the processor time used.",
	.opts = list_opts,
	.min = 0,
	.max = -1,
	.completes = XM_DOMAIN,
	.common = true,
	.table = &list_table,
	.run = run_list,
};
