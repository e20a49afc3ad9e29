/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Classes of which this release has no objects, and messages that it does not serve. */
#include "config.h"

#include <string.h>

#include "xld.h"

static void *
find(struct core *c XU_UNUSED, const char *ref XU_UNUSED)
{
	return NULL;
}

static void *
next(struct core *c XU_UNUSED, size_t *pos XU_UNUSED)
{
	return NULL;
}

/* Of no object: never called. */
static const char *
ref_of(const void *obj XU_UNUSED)
{
	return "";
}

static struct xu_val *
record(struct core *c XU_UNUSED, void *obj XU_UNUSED)
{
	return xu_struct();
}

#define NONE(name, model)                                                      \
	const struct class_ops name = {                                        \
		.cls = &(model),                                               \
		.find = find,                                                  \
		.next = next,                                                  \
		.ref = ref_of,                                                 \
		.record = record,                                              \
	}

NONE(crashdump_ops, model_crashdump);
NONE(vtpm_ops, model_vtpm);
NONE(dscsi_ops, model_dscsi);
NONE(dscsi_hba_ops, model_dscsi_hba);
NONE(xspolicy_ops, model_xspolicy);
NONE(acmpolicy_ops, model_acmpolicy);

static void
not_here(struct call *k)
{
	call_refuse(k, XE(NOT_IMPLEMENTED), k->method,
	    "%s: this release gives machines no such devices", k->method);
}

/* Messages of others' times that this release answers with what is done instead. */
static const struct {
	const char *method, *why;
} instead[] = {
	{ "PBD.create", "SR.create makes it" },
	{ "console.create", "a machine has one; vnc and serial are its settings" },
	{ "console.destroy", "a machine has one as long as it is there" },
	{ "user.create", "users are the host's; xld.conf gives them roles" },
	{ "user.destroy", "users are the host's; xld.conf gives them roles" },
};

static void
not_done(struct call *k)
{
	const char *why = "no security policies are managed here";

	for (size_t i = 0; i < XU_ARRAY_SIZE(instead); i++)
		if (strcmp(instead[i].method, k->method) == 0)
			why = instead[i].why;
	call_refuse(k, XE(NOT_IMPLEMENTED), k->method, "%s: %s", k->method,
	    why);
}

/* Nothing has a label, and can have it taken. */
static void
label(struct call *k)
{
	if (xu_val_str(xu_val_at(k->params, 1))[0] != '\0')
		not_done(k);
	else
		call_ok(k, k->m.result->kind == MK_VOID ? NULL : xu_int(0));
}

static void
no_policy(struct call *k)
{
	static const char *const texts[] = { "xs_ref", "repr", "version",
		"errors" };
	static const char *const numbers[] = { "xserr", "type", "flags" };
	struct xu_val *v = xu_struct();

	for (size_t i = 0; i < XU_ARRAY_SIZE(texts); i++)
		xu_val_set(v, texts[i], xu_str(""));
	for (size_t i = 0; i < XU_ARRAY_SIZE(numbers); i++)
		xu_val_set(v, numbers[i], xu_str("0"));
	call_ok(k, v);
}

/* Nothing is managed here; what Xen itself does is FLASK's. */
static void
zero(struct call *k)
{
	call_ok(k, xu_int(0));
}

static void
empty_text(struct call *k)
{
	call_ok(k, xu_str(""));
}

static void
empty_map(struct call *k)
{
	call_ok(k, xu_struct());
}

const struct handler none_handlers[] = {
	{ "VTPM.create", not_here },
	{ "DSCSI.create", not_here },
	{ "DSCSI_HBA.create", not_here },
	{ "XSPolicy.get_xstype", zero },
	{ "XSPolicy.getenforce", zero },
	{ "XSPolicy.get_resource_label", empty_text },
	{ "XSPolicy.get_labeled_resources", empty_map },
	{ "XSPolicy.get_xspolicy", no_policy },
	{ "XSPolicy.set_xspolicy", not_done },
	{ "XSPolicy.reset_xspolicy", not_done },
	{ "XSPolicy.activate_xspolicy", not_done },
	{ "XSPolicy.rm_xsbootpolicy", not_done },
	{ "XSPolicy.set_resource_label", label },
	{ "XSPolicy.can_run", not_done },
	{ "XSPolicy.setenforce", not_done },
	{ "ACMPolicy.get_enforced_binary", not_done },
	{ "ACMPolicy.get_VM_ssidref", not_done },
	{ "VM.set_security_label", label },
	{ "VIF.set_security_label", label },
	{ "VDI.set_security_label", label },
	{ "PBD.create", not_done },
	{ "console.create", not_done },
	{ "console.destroy", not_done },
	{ "user.create", not_done },
	{ "user.destroy", not_done },
	{ NULL, NULL },
};
