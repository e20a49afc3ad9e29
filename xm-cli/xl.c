/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The program by its other name, xl: what xl spells otherwise than xm. A word of
 * xl's is a row: it is one of xm's, or need not be asked for here, or cannot be
 * had, and then one line says why.
 */
#include "config.h"

#include <string.h>

#include "errors.h"
#include "table.h"
#include "xl.h"

#define VIEWER   "this release starts no viewer; see vnc in xm.cfg(5)"
#define NO_DOMID "a domain gets a new id wherever it begins"
#define COLUMNS  "other columns are shown by --columns"

/* clang-format off */
/* { letter, name, argument, "" }, its command, xm's option or NULL, why not or NULL. */
static const struct xl_word words[] = {
	{ { 'd', "debug", NULL, "" }, "create", NULL, NULL },
	{ { 'e', "no-monitor", NULL, "" }, "create", NULL, NULL },
	{ { 'F', "foreground", NULL, "" }, "create", NULL,
	    "xld looks after the guest; xm wait waits for its end" },
	{ { 'V', "vncviewer", NULL, "" }, "create", NULL, VIEWER },
	{ { 'A', "vncviewer-autopass", NULL, "" }, "create", NULL, VIEWER },
	{ { 0, "ignore-global-affinity-masks", NULL, "" }, "create", NULL, NULL },
	{ { 'v', "verbose", NULL, "" }, "list", NULL, COLUMNS },
	{ { 'Z', "context", NULL, "" }, "list", NULL, COLUMNS },
	{ { 'c', "cpupool", NULL, "" }, "list", NULL,
	    "which domains a pool has is shown by sched-credit2 -p" },
	{ { 'n', "numa", NULL, "" }, "list", NULL,
	    "where vCPUs run is shown by vcpu-list" },
	{ { 'f', "force", NULL, "" }, "destroy", NULL, NULL },
	{ { 't', "type", "TYPE", "" }, "console", NULL, NULL },
	{ { 'D', "preserve-domid", NULL, "" }, "save", NULL, NO_DOMID },
	{ { 'd', "debug", NULL, "" }, "restore", NULL, NULL },
	{ { 'e', "no-monitor", NULL, "" }, "restore", NULL, NULL },
	{ { 'V', "vncviewer", NULL, "" }, "restore", NULL, VIEWER },
	{ { 'A', "vncviewer-autopass", NULL, "" }, "restore", NULL, VIEWER },
	{ { 'C', "config", "FILE", "" }, "migrate", NULL,
	    "the configuration goes with the guest" },
	{ { 's', "ssh", "COMMAND", "" }, "migrate", NULL,
	    "hosts speak TLS to each other; see host-trust" },
	{ { 'e', "no-monitor", NULL, "" }, "migrate", NULL, NULL },
	{ { 0, "debug", NULL, "" }, "migrate", NULL, NULL },
	{ { 'p', "leave-paused", NULL, "" }, "migrate", "paused", NULL },
	{ { 'D', "preserve-domid", NULL, "" }, "migrate", NULL, NO_DOMID },
	{ { 'F', "fallback", NULL, "" }, "shutdown", NULL, NULL },
	{ { 'F', "fallback", NULL, "" }, "reboot", NULL, NULL },
	{ { 'i', "ignore-host", NULL, "" }, "vcpu-set", NULL, NULL },
	{ { 'f', "force", NULL, "" }, "vcpu-pin", NULL, NULL },
	{ { 0, "ignore-global-affinity-masks", NULL, "" }, "vcpu-pin", NULL, NULL },
	{ { .name = NULL }, NULL, NULL, NULL },
};

/* What xl does without being asked. */
static const struct {
	const char *command, *option;
} always[] = {
	{ "migrate", "live" },
	{ "vcpu-list", "soft" },
};
/* clang-format on */

/* Commands that mean something else. */
static const struct {
	const char *command, *why;
} others[] = {
	{ "suspend", "xl suspends to the guest's memory, which this release does "
		     "not; xm suspend suspends to a file" },
	{ "resume", "xl resumes from the guest's memory, which this release does "
		    "not; xm resume resumes from a file" },
};

const struct xl_word *
xl_next_word(const struct xl_word *w, const char *command)
{
	for (w = w == NULL ? words : w + 1; w->command != NULL; w++)
		if (strcmp(w->command, command) == 0)
			return w;
	return NULL;
}

static void
set(struct xm *xm, const char *option)
{
	const struct xm_opt *o = xm->cmd->opts;

	for (size_t i = 0; o != NULL && o[i].name != NULL; i++)
		if (strcmp(o[i].name, option) == 0)
			xm->values[i] = "";
}

int
xl_take(struct xm *xm, const struct xl_word *w)
{
	if (w->why != NULL)
		return xm_error(xm, XE(NOT_IMPLEMENTED), XM_FAILED,
		    "%s --%s: %s", w->command, w->opt.name, w->why);
	if (w->xm != NULL)
		set(xm, w->xm);
	return 0;
}

int
xl_command(struct xm *xm)
{
	for (size_t i = 0; i < XU_ARRAY_SIZE(others); i++)
		if (strcmp(others[i].command, xm->cmd->name) == 0)
			return xm_error(xm, XE(NOT_IMPLEMENTED), XM_FAILED,
			    "%s: %s.", others[i].command, others[i].why);
	for (size_t i = 0; i < XU_ARRAY_SIZE(always); i++)
		if (strcmp(always[i].command, xm->cmd->name) == 0)
			set(xm, always[i].option);
	if (xm->dry)
		set(xm, "dryrun");
	return 0;
}

bool
xl_global(struct xm *xm, const char *word)
{
	size_t n = strspn(word + 1, "vNftT");

	if (word[0] != '-' || n == 0 || word[1 + n] != '\0')
		return false;
	xm->dry |= strchr(word, 'N') != NULL;
	return true;
}

bool
xl_is_name(const char *argv0)
{
	const char *slash = strrchr(argv0, '/');

	return strcmp(slash != NULL ? slash + 1 : argv0, "xl") == 0;
}

/* --- xl list -------------------------------------------------------------- */

void
xl_list_heading(const void *ctx XU_UNUSED, struct xu_buf *out)
{
	xu_buf_addf(out, "%-40s %5s %5s %5s\t%s\t%s\n", "Name", "ID", "Mem",
	    "VCPUs", "State", "Time(s)");
}

void
xl_list_line(const void *ctx XU_UNUSED, const void *row, struct xu_buf *out)
{
	const struct xapi_vm *vm = row;

	xu_buf_addf(out, "%-40s %5lld %5lld %5d     %s  %8.1f\n", vm->name,
	    vm->domid, vm->memory >> 20, vm->vcpus, vm->state, vm->cpu_time);
}

static void
set_text(struct xapi_value *v, const char *name, const char *text)
{
	if (text[0] != '\0')
		xapi_set(v, name, xapi_new_str(text));
}

/* As libxl has it, but for what it would leave out or we do not have. */
struct xapi_value *
xl_list_json(const void *ctx XU_UNUSED, const void *row)
{
	const struct xapi_vm *vm = row;
	struct xapi_value *v = xapi_new_struct(), *config = xapi_new_struct();
	struct xapi_value *c = xapi_new_struct(), *b = xapi_new_struct();

	xapi_set(v, "domid", xapi_new_int(vm->domid));
	set_text(c, "type", xapi_get_str(vm->record, "domain_type"));
	set_text(c, "name", vm->name);
	set_text(c, "uuid", vm->uuid);
	xapi_set(b, "max_vcpus", xapi_new_int(vm->vcpus_max));
	xapi_set(b, "max_memkb", xapi_new_int(vm->memory_max >> 10));
	xapi_set(b, "target_memkb", xapi_new_int(vm->memory >> 10));
	set_text(b, "kernel", xapi_get_str(vm->record, "PV_kernel"));
	set_text(b, "ramdisk", xapi_get_str(vm->record, "PV_ramdisk"));
	set_text(b, "cmdline", xapi_get_str(vm->record, "PV_args"));
	xapi_set(config, "c_info", c);
	xapi_set(config, "b_info", b);
	xapi_set(v, "config", config);
	return v;
}
