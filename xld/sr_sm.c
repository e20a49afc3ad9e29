/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Class SM: the kinds of repositories, for clients that ask what SR.create takes. */
#include "config.h"

#include <string.h>

#include "sr.h"

#define FEATURES_MAX 8

static const struct sm_row {
	enum sr_type type;
	const char *label, *doc;
	/* Of device_config; NULL: SR.create does not make them. */
	const char *key, *key_doc;
	const char *features[FEATURES_MAX];
} rows[] = {
	{ SR_LOCAL, "Local files",
	    "Files and devices of this host that others have made", NULL, NULL,
	    { "VDI_ATTACH", "VDI_DETACH" } },
	{ SR_DIR, "Folder", "Raw and qcow2 images in a folder", "location",
	    "the folder's full path",
	    { "VDI_ATTACH", "VDI_DETACH", "VDI_CREATE", "VDI_DELETE",
		"VDI_RESIZE", "VDI_CLONE", "VDI_SNAPSHOT" } },
	{ SR_LVM, "LVM", "Volumes of a volume group", "volume_group",
	    "its name",
	    { "VDI_ATTACH", "VDI_DETACH", "VDI_CREATE", "VDI_DELETE",
		"VDI_RESIZE", "VDI_CLONE", "VDI_SNAPSHOT" } },
	{ SR_ISO, "ISO library", "Images of CDs in a folder", "location",
	    "the folder's full path", { "VDI_ATTACH", "VDI_DETACH" } },
};

/* Their uuids are the host's own. */
static char uuids[XU_ARRAY_SIZE(rows)][UUID_TEXT];

static void
name_them(struct core *c)
{
	char what[32];

	for (size_t i = 0; i < XU_ARRAY_SIZE(rows); i++) {
		snprintf(what, sizeof(what), "SM %s",
		    sr_type_word(rows[i].type));
		uuid_derive(c->host_uuid, what, uuids[i]);
	}
}

static void *
find(struct core *c XU_UNUSED, const char *ref)
{
	for (size_t i = 0; i < XU_ARRAY_SIZE(rows); i++)
		if (strcmp(uuids[i], ref) == 0)
			return uuids[i];
	return NULL;
}

static void *
next(struct core *c XU_UNUSED, size_t *pos)
{
	return *pos < XU_ARRAY_SIZE(rows) ? uuids[(*pos)++] : NULL;
}

static const char *
ref_of(const void *obj)
{
	return obj;
}

static struct xu_val *
record(struct core *c XU_UNUSED, void *obj)
{
	const struct sm_row *r = &rows[(char(*)[UUID_TEXT])obj - uuids];
	struct xu_val *v = xu_struct(), *keys = xu_struct();
	struct xu_val *can = xu_array(), *features = xu_struct();

	for (size_t i = 0; i < FEATURES_MAX && r->features[i] != NULL; i++) {
		xu_val_add(can, xu_str(r->features[i]));
		xu_val_set(features, r->features[i], xu_int(1));
	}
	if (r->key != NULL)
		xu_val_set(keys, r->key, xu_str(r->key_doc));
	xu_val_set(v, "uuid", xu_str(obj));
	xu_val_set(v, "name_label", xu_str(r->label));
	xu_val_set(v, "name_description", xu_str(r->doc));
	xu_val_set(v, "type", xu_str(sr_type_word(r->type)));
	xu_val_set(v, "vendor", xu_str("xld"));
	xu_val_set(v, "copyright", xu_str(""));
	xu_val_set(v, "version", xu_str(PACKAGE_VERSION));
	xu_val_set(v, "required_api_version", xu_str("1.0"));
	xu_val_set(v, "configuration", keys);
	xu_val_set(v, "capabilities", can);
	xu_val_set(v, "features", features);
	xu_val_set(v, "other_config", xu_struct());
	xu_val_set(v, "driver_filename", xu_str(""));
	xu_val_set(v, "required_cluster_stack", xu_array());
	return v;
}

const struct class_ops sm_ops = {
	.cls = &model_sm,
	.find = find,
	.next = next,
	.ref = ref_of,
	.record = record,
	.refresh = name_them,
};
