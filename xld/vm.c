/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The messages of the class VM. Role, object and power state are checked. */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <xen/hvm/params.h>

#include "cpu.h"
#include "message.h"
#include "pci.h"
#include "vm_memory.h"
#include "vm_place.h"
#include "vm_save.h"
#include "vm_snapshot.h"
#include "xenctrl_sched.h"
#include "xu_log.h"

/* xen/domctl.h, XEN_DOMCTL_SENDTRIGGER_*. */
#define TRIGGER_NMI   0
#define TRIGGER_POWER 3
#define TRIGGER_SLEEP 4

/* True when it may be done to this guest. */
static bool
is_guest(struct call *k)
{
	if (!guest_is_control(k->guest))
		return true;
	call_refuse(k, "OPERATION_NOT_ALLOWED", "control domain",
	    "%s: Domain-0 is the control domain; it goes with the host",
	    k->method);
	return false;
}

bool
vm_is_ours(struct call *k)
{
	if (!is_guest(k))
		return false;
	if (!k->guest->foreign)
		return true;
	call_refuse(k, "OPERATION_NOT_ALLOWED", "foreign domain",
	    "%s: '%s' was made by another toolstack, which knows how to build "
	    "it", k->method, guest_name(k->guest));
	return false;
}

static void
create(struct call *k)
{
	struct core *c = k->core;
	struct xu_err e = XU_ERR_INIT;
	struct xu_val *config;
	struct guest *g = NULL;
	char uuid[UUID_TEXT];
	uint8_t bytes[16];

	config = config_new(c, xu_val_at(k->params, 0), &e);
	if (config == NULL) {
		call_fail(k, &e);
		return;
	}
	if (!call_may_have(k, NULL, config)) {
		xu_val_free(config);
		return;
	}
	/* One spelling of a uuid everywhere. */
	if (uuid_bytes(xu_val_get_str(config, "uuid", ""), bytes))
		uuid_text(bytes, uuid);
	else
		uuid_random(uuid);
	xu_val_set(config, "uuid", xu_str(uuid));
	if (guest_by_uuid(c, uuid) != NULL) {
		xu_val_free(config);
		call_refuse(k, "DUPLICATE_VM", uuid, "uuid %s is taken", uuid);
		return;
	}
	g = guest_new(c, uuid, config, &e);
	if (g == NULL || record_write(g, &e) < 0) {
		if (g != NULL)
			guest_free(g);
		call_fail(k, &e);
		return;
	}
	fault_point("new-kept", NULL);
	g->made_at = now_real();
	api_tell_guest(g);
	call_ok(k, xu_str(uuid));
}

static void
explain_placement(struct call *k)
{
	AUTO_BUF struct xu_buf text = XU_BUF_INIT;
	AUTO_VAL struct xu_val *config = NULL, *args = NULL;
	struct xu_err e = XU_ERR_INIT;
	char any[UUID_TEXT];

	/* Whoever may have its name and uuid now does not matter. */
	uuid_random(any);
	args = xu_val_copy(xu_val_at(k->params, 0));
	xu_val_set(args, "name_label", xu_str(any));
	xu_val_set(args, "uuid", xu_str(any));
	config = config_new(k->core, args, &e);
	if (config == NULL ||
	    place_explain(k->core, config, &text, &e) < 0) {
		call_fail(k, &e);
		return;
	}
	call_ok(k, xu_str(xu_buf_text(&text)));
}

static void
destroy(struct call *k)
{
	struct guest *g = k->guest;
	struct xu_err e = XU_ERR_INIT;

	if (!vm_is_ours(k))
		return;
	if (guest_is_snapshot(g)) {
		snapshot_destroy(k);
		return;
	}
	if (record_remove(g, &e) < 0) {
		call_fail(k, &e);
		return;
	}
	fault_point("delete-removed", NULL);
	vm_forget(g);
	call_ok(k, NULL);
}

/* ---- start -------------------------------------------------------------------- */

static void
start_progress(void *arg, const char *step, int percent)
{
	call_progress(arg, step, percent);
}

static void
start_done(void *arg, const struct xu_err *e)
{
	struct call *k = arg;
	struct guest *g = k->guest;
	struct xu_err named = XU_ERR_INIT;

	k->cancel = NULL;
	if (e == NULL) {
		api_tell_guest(g);
		call_ok(k, NULL);
		return;
	}
	named = *e;
	xu_err_add(&named, "%s", guest_name(g));
	call_fail(k, &named);
	vm_settle(g);
}

static void
start_cancel(struct call *k)
{
	vm_create_cancel(k->cancel_arg);
}

/* Nothing runs under the name that a start would give a second domain. */
static bool
may_start(struct call *k)
{
	const struct guest *other = guest_by_name(k->core,
	    guest_name(k->guest));
	struct xu_err e = XU_ERR_INIT;

	if (k->core->disabled) {
		call_refuse(k, XE(HOST_DISABLED), k->core->host_uuid,
		    "this host starts no guests: they are being stopped; "
		    "host.enable lets it again");
		return false;
	}
	if (xu_val_get_bool(k->guest->config, "is_a_template", false)) {
		call_refuse(k, XE(VM_IS_TEMPLATE), k->guest->uuid,
		    "'%s' is a %s", guest_name(k->guest),
		    guest_is_snapshot(k->guest) ?
			"snapshot; clone it, or revert its machine to it" :
			"template; clone it, or set_is_a_template");
		return false;
	}
	if (other == NULL || other == k->guest || other->domid < 0)
		return true;
	xu_err_set(&e, XE(UNIQUE_NAME_ERROR), 0,
	    "domain %d of another toolstack has the name '%s' now",
	    other->domid, guest_name(k->guest));
	xu_err_param(&e, "%s", guest_name(k->guest));
	xu_err_param(&e, "VM");
	call_fail(k, &e);
	return false;
}

static void
start(struct call *k)
{
	struct xu_err e = XU_ERR_INIT;
	struct create *j;

	if (!vm_is_ours(k) || !may_start(k))
		return;
	if (pci_follow_config(k->guest, &e) < 0) {
		dev_call_fail(k, k->guest, &e);
		return;
	}
	j = vm_create(k->guest, xu_val_bool(xu_val_at(k->params, 1)),
	    start_progress, start_done, k);
	if (j == NULL)
		return;
	k->cancel_arg = j;
	k->cancel = start_cancel;
}

/* ---- running guests ------------------------------------------------------------- */

static void
changed(struct call *k, int r, const char *what)
{
	struct xu_err e = XU_ERR_INIT;

	if (r < 0) {
		xen_fail(k->core, &e, what);
		call_fail(k, &e);
		return;
	}
	scan_one(k->guest);
	api_tell_guest(k->guest);
	call_ok(k, NULL);
}

static void
pause_vm(struct call *k)
{
	if (is_guest(k))
		changed(k,
		    xc_domain_pause(k->core->xch, (uint32_t)k->guest->domid),
		    "pause the domain");
}

static void
unpause(struct call *k)
{
	if (is_guest(k))
		changed(k,
		    xc_domain_unpause(k->core->xch, (uint32_t)k->guest->domid),
		    "unpause the domain");
}

/*
 * An HVM guest may have no driver that watches the store. It gets its power
 * button pressed, or, for a reboot and when it has no ACPI, what its reset
 * button would do: there is nobody to ask.
 */
static int
press(struct guest *g, uint32_t reason, const char **asked, struct xu_err *e)
{
	struct core *c = g->core;
	bool button = reason != END_REBOOT &&
	    config_number(g->config, "platform", "acpi", 1) != 0;
	int r;

	xu_log(XU_INFO, "%s has no PV drivers: its %s button is pressed",
	    guest_name(g), button ? "power" : "reset");
	r = button ? xc_domain_send_trigger(c->xch, (uint32_t)g->domid,
			 TRIGGER_POWER, 0) :
		     xc_domain_shutdown(c->xch, (uint32_t)g->domid, reason);
	if (r < 0)
		return xen_fail(c, e, "press a button");
	if (button)
		*asked = "it has no PV drivers, and its system does not heed "
			 "the power button";
	return 0;
}

/* The driver has said where it wants its interrupts. */
static bool
has_pv_drivers(const struct guest *g)
{
	uint64_t callback = 1;

	return (g->info.flags & XC_DOMINF_HVM) == 0 ||
	    config_type(g->config) != TYPE_HVM ||
	    xc_hvm_param_get(g->core->xch, (uint32_t)g->domid,
		HVM_PARAM_CALLBACK_IRQ, &callback) < 0 ||
	    callback != 0;
}

int
vm_ask_end(struct guest *g, const char *word, const char **asked,
    struct xu_err *e)
{
	*asked = NULL;
	if (has_pv_drivers(g))
		return store_ask(g, word, e);
	return press(g, strcmp(word, "reboot") == 0 ? END_REBOOT : END_POWEROFF,
	    asked, e);
}

static void
ask(struct call *k, const char *word)
{
	struct xu_err e = XU_ERR_INIT;

	if (!is_guest(k))
		return;
	if (vm_ask_end(k->guest, word, &k->asked, &e) < 0)
		call_fail(k, &e);
	else
		vm_wait_end(k, k->guest, strcmp(word, "reboot") == 0);
	fault_point("end-asked", NULL);
}

static void
clean_shutdown(struct call *k)
{
	ask(k, "poweroff");
}

static void
clean_halt(struct call *k)
{
	ask(k, "halt");
}

static void
clean_reboot(struct call *k)
{
	ask(k, "reboot");
}

static void
send_trigger(struct call *k)
{
	/* Words of xm and xl; numbers of XEN_DOMCTL_SENDTRIGGER. */
	static const struct {
		const char *word;
		uint32_t number;
	} rows[] = {
		{ "nmi", TRIGGER_NMI },
		{ "power", TRIGGER_POWER },
		{ "sleep", TRIGGER_SLEEP },
	};
	const char *word = xu_val_str(xu_val_at(k->params, 1));
	int64_t vcpu = xu_val_int(xu_val_at(k->params, 2));
	uint32_t domid = (uint32_t)k->guest->domid;

	if (!is_guest(k))
		return;
	if ((k->guest->info.flags & XC_DOMINF_HVM) == 0) {
		call_refuse(k, XE(VM_HVM_REQUIRED), k->guest->uuid,
		    "'%s' has no buttons: it is no HVM guest",
		    guest_name(k->guest));
		return;
	}
	if (strcmp(word, "s3resume") == 0) {
		changed(k, xc_hvm_param_set(k->core->xch, domid,
			       HVM_PARAM_ACPI_S_STATE, 0), "wake the domain");
		return;
	}
	for (size_t i = 0; i < XU_ARRAY_SIZE(rows); i++)
		if (strcmp(word, rows[i].word) == 0) {
			changed(k, xc_domain_send_trigger(k->core->xch, domid,
				       rows[i].number, (uint32_t)vcpu),
			    "press a button");
			return;
		}
	call_refuse(k, XE(VALUE_NOT_SUPPORTED), word,
	    "'%s' is no button of a guest: power, sleep, nmi and s3resume are",
	    word);
}

/*
 * How many of its vCPUs run, told to the kernel of a PV or PVH guest, which
 * brings the first ones up and takes the others down as it gets round to it. A
 * reboot keeps the number.
 */
static void
set_vcpus_live(struct call *k)
{
	struct guest *g = k->guest;
	int64_t want = xu_val_int(xu_val_at(k->params, 1));
	int64_t max = (int64_t)g->info.max_vcpu_id + 1;
	struct xu_err e = XU_ERR_INIT;
	char text[24];

	if (!is_guest(k))
		return;
	if ((g->info.flags & XC_DOMINF_HVM) != 0 &&
	    config_type(g->config) == TYPE_HVM) {
		call_refuse(k, XE(OPERATION_NOT_ALLOWED), "HVM guest",
		    "'%s' is an HVM guest: its vCPUs are those it began with",
		    guest_name(g));
		return;
	}
	snprintf(text, sizeof(text), "%lld", (long long)want);
	if (want < 1 || want > max) {
		call_refuse(k, XE(VALUE_NOT_SUPPORTED), text,
		    "'%s' cannot have %s vCPUs: 1 to %lld (maxvcpus) are "
		    "possible", guest_name(g), text, (long long)max);
		return;
	}
	if (store_write_vcpus(g, max, want, &e) < 0) {
		call_fail(k, &e);
		return;
	}
	if (!g->foreign) {
		xu_val_set(g->config, "VCPUs_at_startup", xu_int(want));
		if (record_write(g, &e) < 0) {
			call_fail(k, &e);
			return;
		}
	}
	api_tell_guest(g);
	call_ok(k, NULL);
}

/* Also for its next start, when it is kept. */
static void
set_memory_live(struct call *k)
{
	struct guest *g = k->guest;
	int64_t bytes = xu_val_int(xu_val_at(k->params, 1));
	struct xu_err e = XU_ERR_INIT;

	if (vm_set_memory(g, bytes, &e) < 0) {
		call_fail(k, &e);
		return;
	}
	if (!g->foreign) {
		xu_val_set(g->config, "memory_dynamic_max", xu_int(bytes));
		if (xu_val_get_int(g->config, "memory_dynamic_min", 0) > bytes)
			xu_val_set(g->config, "memory_dynamic_min",
			    xu_int(bytes));
		if (record_write(g, &e) < 0) {
			call_fail(k, &e);
			return;
		}
	}
	api_tell_guest(g);
	call_ok(k, NULL);
}

/* A running machine's config with v (taken), checked and kept. */
static void
take_live(struct call *k, struct xu_val *v)
{
	struct guest *g = k->guest;
	struct xu_err e = XU_ERR_INIT;

	if (config_check(k->core, g, v, &e) < 0) {
		xu_val_free(v);
		call_fail(k, &e);
	} else if (guest_take_config(g, v, &e) < 0) {
		call_fail(k, &e);
	} else {
		api_tell_guest(g);
		call_ok(k, NULL);
	}
}

static void
set_memory_min_live(struct call *k)
{
	struct xu_val *v = xu_val_copy(k->guest->config);

	if (!vm_is_ours(k)) {
		xu_val_free(v);
		return;
	}
	xu_val_set(v, "memory_dynamic_min",
	    xu_int(xu_val_int(xu_val_at(k->params, 1))));
	take_live(k, v);
}

static void
hard_done(void *arg, const struct xu_err *e)
{
	struct call *k = arg;
	struct guest *g = k->guest;

	if (e != NULL)
		call_fail(k, e);
	else
		call_ok(k, NULL);
	vm_settle(g);
}

static void
hard_shutdown(struct call *k)
{
	struct xu_err e = XU_ERR_INIT;

	if (!is_guest(k))
		return;
	if (k->guest->domid >= 0) {
		vm_destroy(k->guest, hard_done, k);
		return;
	}
	k->guest->suspended = false;
	if (record_write(k->guest, &e) < 0) {
		k->guest->suspended = true;
		call_fail(k, &e);
		return;
	}
	suspended_forget(k->guest);
	message_of(k->guest, MSG_VM_SHUTDOWN);
	api_tell_guest(k->guest);
	call_ok(k, NULL);
}

static void
hard_reboot(struct call *k)
{
	if (vm_is_ours(k))
		vm_reboot(k->guest, hard_done, k);
}

/* One letter or digit, as control/sysrq of libxl. */
static void
send_sysrq(struct call *k)
{
	const char *key = xu_val_str(xu_val_at(k->params, 1));
	struct xu_err e = XU_ERR_INIT;

	if (!is_guest(k))
		return;
	if (strlen(key) != 1 || !isalnum((unsigned char)key[0])) {
		call_refuse(k, XE(INVALID_VALUE), "key",
		    "'%.20s' is no SysRq key: a letter or a digit is", key);
		return;
	}
	if (store_sysrq(k->guest, key, &e) < 0)
		call_fail(k, &e);
	else
		call_ok(k, NULL);
}

static void
cpu_pool_migrate(struct call *k)
{
	const struct cpu_pool *p = cpu_pool_find(k->core,
	    xu_val_str(xu_val_at(k->params, 1)));

	if (!is_guest(k))
		return;
	if (p->id < 0) {
		call_refuse(k, XE(POOL_BAD_STATE), p->uuid,
		    "CPU pool '%s' is not activated", p->name);
		return;
	}
	changed(k, xc_cpupool_movedomain(k->core->xch, (uint32_t)p->id,
		       (uint32_t)k->guest->domid), "move the domain");
}

const struct handler vm_handlers[] = {
	{ "VM.set_memory_dynamic_max_live", set_memory_live },
	{ "VM.set_memory_dynamic_min_live", set_memory_min_live },
	{ "VM.send_sysrq", send_sysrq },
	{ "VM.cpu_pool_migrate", cpu_pool_migrate },
	{ "VM.create", create },
	{ "VM.explain_placement", explain_placement },
	{ "VM.destroy", destroy },
	{ "VM.start", start },
	{ "VM.pause", pause_vm },
	{ "VM.unpause", unpause },
	{ "VM.clean_shutdown", clean_shutdown },
	{ "VM.clean_halt", clean_halt },
	{ "VM.clean_reboot", clean_reboot },
	{ "VM.hard_shutdown", hard_shutdown },
	{ "VM.hard_reboot", hard_reboot },
	{ "VM.send_trigger", send_trigger },
	{ "VM.set_VCPUs_number_live", set_vcpus_live },
	{ NULL, NULL },
};
