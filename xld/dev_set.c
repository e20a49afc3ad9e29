/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fields of VBDs and VIFs that are set: other_config at any time, others while no
 * guest has the device, and is not suspended with it. */
#include "config.h"

#include <string.h>

#include "dev.h"

static int
refuse(struct xu_err *e, const char *code, const char *param,
    const struct dev *d, const char *why)
{
	char label[160];

	xu_err_set(e, code, 0, "%s of '%s' %s",
	    dev_label(d, label, sizeof(label)), guest_name(d->guest), why);
	xu_err_param(e, "%s", param);
	return -1;
}

static int
may_be_set(const struct dev *d, const char *field, struct xu_err *e)
{
	const struct guest *g = d->guest;

	if (guest_is_control(g) || g->foreign)
		return refuse(e, XE(OPERATION_NOT_ALLOWED), "not our guest", d,
		    "is its toolstack's");
	if (g->op != OP_NONE || d->work != NULL) {
		refuse(e, XE(OTHER_OPERATION_IN_PROGRESS), d->cls->api, d,
		    "is being attached or detached; try again when that is "
		    "done");
		xu_err_param(e, "%s", d->uuid);
		return -1;
	}
	if (strcmp(field, "other_config") != 0 &&
	    (d->phase != DEV_OFF || g->suspended))
		return refuse(e, XE(OPERATION_NOT_ALLOWED), "attached", d,
		    "is attached: shut the machine down, or unplug it");
	return 0;
}

int
dev_set_field(struct core *c XU_UNUSED, void *obj, const char *field,
    const struct xu_val *value, struct xu_err *e)
{
	struct dev *d = obj;
	AUTO_VAL struct xu_val *entry = xu_val_copy(dev_entry(d));
	AUTO_VAL struct xu_val *old = xu_val_copy(xu_val_get(entry, field));
	uint32_t id = d->id;

	if (strncmp(field, "qos_", strlen("qos_")) == 0)
		return config_must_be_empty(e, field, value,
		    "there are no such algorithms; a VIF has a rate");
	if (strcmp(field, "device") == 0 || strcmp(field, "type") == 0)
		return xu_val_equal(old, value) ? 0 :
		    config_unsupported(e, field, xu_val_str(value),
			"it would be another device: destroy it and create "
			"that one");
	if (may_be_set(d, field, e) < 0)
		return -1;
	xu_val_set(entry, field, xu_val_copy(value));
	if (!xu_val_ok(entry))
		return xu_err_set(e, "XLD_NO_MEMORY", 0, "set %s", field);
	if (d->cls->check(d->guest, entry, &id, e) < 0)
		return -1;
	if (dev_set(d, field, xu_val_copy(value)) == 0 &&
	    record_write(d->guest, e) == 0)
		return 0;
	dev_set(d, field, xu_val_copy(old));
	return xu_err_is_set(e) ? -1 :
	    xu_err_set(e, "XLD_NO_MEMORY", 0, "set %s", field);
}
