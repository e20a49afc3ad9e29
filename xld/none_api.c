/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Classes of which this release has no objects. */
#include "config.h"

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
	{ NULL, NULL },
};
