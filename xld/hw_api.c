/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PCI functions and SCSI units of the host, as its kernel lists them (sysfs). */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "db.h"
#include "pci.h"
#include "pci_ids.h"
#include "sysfs.h"
#include "xld.h"
#include "xu_num.h"

#define PCI	 "/sys/bus/pci/devices"
#define SCSI	 "/sys/bus/scsi/devices"
#define LIST_MAX 4096

/* A name of a folder is an object; all of it is read anew for each call. */
struct item {
	char uuid[UUID_TEXT], name[48];
};

struct listing {
	struct item *all;
	size_t n;
};

static struct listing pci, cards, units, adapters;

static bool
is_function(const char *name)
{
	unsigned n[4];
	char rest;

	return sscanf(name, "%x:%x:%x.%x%c", &n[0], &n[1], &n[2], &n[3],
		   &rest) == 4;
}

static bool
is_unit(const char *name)
{
	unsigned n[4];
	char rest;

	return sscanf(name, "%u:%u:%u:%u%c", &n[0], &n[1], &n[2], &n[3],
		   &rest) == 4;
}

static bool
is_adapter(const char *name)
{
	unsigned n;
	char rest;

	return sscanf(name, "host%u%c", &n, &rest) == 1;
}

/* Those whose name is one; kind parts the identities. */
static void
look(struct core *c, struct listing *l, const char *folder,
    bool (*is)(const char *name), const char *kind)
{
	const struct dirent *ent;
	struct item *more;
	char what[80];
	DIR *d = opendir(folder);

	free(l->all);
	*l = (struct listing) { NULL, 0 };
	while (d != NULL && l->n < LIST_MAX && (ent = readdir(d)) != NULL) {
		if (strlen(ent->d_name) >= sizeof(more->name) ||
		    !is(ent->d_name))
			continue;
		more = reallocarray(l->all, l->n + 1, sizeof(*more));
		if (more == NULL)
			break;
		l->all = more;
		snprintf(more[l->n].name, sizeof(more->name), "%.47s",
		    ent->d_name);
		snprintf(what, sizeof(what), "%s %.47s", kind, ent->d_name);
		uuid_derive(c->host_uuid, what, more[l->n].uuid);
		l->n++;
	}
	if (d != NULL)
		closedir(d);
}

static void *
find_in(struct listing *l, const char *ref)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->all[i].uuid, ref) == 0)
			return &l->all[i];
	return NULL;
}

static void *
next_in(struct listing *l, size_t *pos)
{
	return *pos < l->n ? &l->all[(*pos)++] : NULL;
}

static const char *
ref_of(const void *obj)
{
	return ((const struct item *)obj)->uuid;
}

static void
word(const char *folder, const struct item *item, const char *leaf, char *out,
    size_t room)
{
	sysfs_word(out, room, "%s/%s/%s", folder, item->name, leaf);
}

static struct xu_val *
text(const char *folder, const struct item *item, const char *leaf)
{
	char out[128];

	word(folder, item, leaf, out, sizeof(out));
	return xu_str(out);
}

static struct xu_val *
number(const char *folder, const struct item *item, const char *leaf)
{
	char out[32];
	uint64_t n = 0;
	const char *s = out;
	unsigned base = 10;

	word(folder, item, leaf, out, sizeof(out));
	if (strncmp(out, "0x", 2) == 0) {
		s += 2;
		base = 16;
	}
	xu_num_u64(s, base, INT64_MAX, &n);
	return xu_int((int64_t)n);
}

/* The one entry of a folder below it. */
static struct xu_val *
child(const char *folder, const struct item *item, const char *below)
{
	const struct dirent *ent;
	struct xu_val *v = NULL;
	char path[PATH_MAX];
	DIR *d;

	snprintf(path, sizeof(path), "%s/%s/%s", folder, item->name, below);
	d = opendir(path);
	while (d != NULL && v == NULL && (ent = readdir(d)) != NULL)
		if (ent->d_name[0] != '.')
			v = xu_str(ent->d_name);
	if (d != NULL)
		closedir(d);
	return v != NULL ? v : xu_str("");
}

/* ---- what PCI functions are called --------------------------------------------------- */

/* Of all there were when one was not among them. */
static struct pci_names *names;
static size_t nnames;

static struct pci_ids
ids_of(const struct item *i)
{
	static const char *const leaves[] = { "vendor", "device",
		"subsystem_vendor", "subsystem_device", "class" };
	uint32_t n[XU_ARRAY_SIZE(leaves)];

	for (size_t k = 0; k < XU_ARRAY_SIZE(leaves); k++) {
		AUTO_VAL struct xu_val *v = number(PCI, i, leaves[k]);

		n[k] = (uint32_t)xu_val_int(v);
	}
	return (struct pci_ids) { n[0], n[1], n[2], n[3], n[4] };
}

static const struct pci_names *
known(const struct pci_ids *ids)
{
	for (size_t i = 0; i < nnames; i++)
		if (memcmp(&names[i].ids, ids, sizeof(*ids)) == 0)
			return &names[i];
	return NULL;
}

/* The file is read when there is something new, once for all that l has. */
static const struct pci_names *
names_of(const struct listing *l, const struct item *of)
{
	static const struct pci_names none;
	struct pci_ids ids = ids_of(of);

	if (known(&ids) != NULL)
		return known(&ids);
	free(names);
	names = calloc(l->n, sizeof(*names));
	nnames = names == NULL ? 0 : l->n;
	for (size_t i = 0; i < nnames; i++)
		names[i].ids = ids_of(&l->all[i]);
	pci_ids_load(names, nnames);
	return known(&ids) != NULL ? known(&ids) : &none;
}

/* ---- PPCI ------------------------------------------------------------------------- */

static void
pci_look_all(struct core *c)
{
	look(c, &pci, PCI, is_function, "pci");
}

static void *
pci_find(struct core *c XU_UNUSED, const char *ref)
{
	return find_in(&pci, ref);
}

static void *
pci_next(struct core *c XU_UNUSED, size_t *pos)
{
	return next_in(&pci, pos);
}

void
ppci_ref(const struct core *c, const struct xu_bdf *at, char out[UUID_TEXT])
{
	char what[32], text[XU_BDF_TEXT];

	xu_bdf_text(at, text);
	snprintf(what, sizeof(what), "pci %s", text);
	uuid_derive(c->host_uuid, what, out);
}

bool
ppci_address(struct core *c, const char *ref, struct xu_bdf *out)
{
	const struct item *i;

	pci_look_all(c);
	i = find_in(&pci, ref);
	return i != NULL && xu_bdf_parse(i->name, out, NULL) == NULL;
}

static void
add_use(struct core *c, const struct xu_bdf *at, const char *driver,
    struct xu_val *v)
{
	const struct dev *holder = pci_holder(c, at);
	char name[80];

	pci_note(c, at, "name", name, sizeof(name));
	xu_val_set(v, "assignable", xu_bool(strcmp(driver, "pciback") == 0));
	xu_val_set(v, "assignable_name", xu_str(name));
	xu_val_set(v, "assigned_to",
	    xu_str(holder != NULL ? holder->guest->uuid : ""));
}

static struct xu_val *
pci_record(struct core *c, void *obj)
{
	static const struct {
		const char *field, *leaf;
	} rows[] = {
		{ "vendor_id", "vendor" },
		{ "device_id", "device" },
		{ "revision_id", "revision" },
		{ "class_code", "class" },
		{ "subsystem_vendor_id", "subsystem_vendor" },
		{ "subsystem_id", "subsystem_device" },
	};
	const struct item *i = obj;
	const struct pci_names *called = names_of(&pci, i);
	struct xu_val *v = xu_struct();
	struct xu_bdf at = { 0, 0, 0, 0 };
	char driver[64];

	xu_bdf_parse(i->name, &at, NULL);
	xu_val_set(v, "uuid", xu_str(i->uuid));
	xu_val_set(v, "host", xu_str(c->host_uuid));
	xu_val_set(v, "domain", xu_int(at.domain));
	xu_val_set(v, "bus", xu_int(at.bus));
	xu_val_set(v, "slot", xu_int(at.slot));
	xu_val_set(v, "func", xu_int(at.func));
	xu_val_set(v, "name", xu_str(i->name));
	for (size_t k = 0; k < XU_ARRAY_SIZE(rows); k++)
		xu_val_set(v, rows[k].field, number(PCI, i, rows[k].leaf));
	xu_val_set(v, "vendor_name", xu_str(called->vendor));
	xu_val_set(v, "device_name", xu_str(called->device));
	xu_val_set(v, "class_name", xu_str(called->class));
	xu_val_set(v, "subsystem_vendor_name", xu_str(called->subvendor));
	xu_val_set(v, "subsystem_name", xu_str(called->subdevice));
	sysfs_link(driver, sizeof(driver), PCI "/%s/driver", i->name);
	xu_val_set(v, "driver", xu_str(driver));
	add_use(c, &at, driver, v);
	return v;
}

const struct class_ops ppci_ops = {
	.cls = &model_ppci,
	.find = pci_find,
	.next = pci_next,
	.ref = ref_of,
	.record = pci_record,
	.refresh = pci_look_all,
};

/* ---- PCI: the same for later clients ------------------------------------------------- */

static void
cards_look(struct core *c)
{
	look(c, &cards, PCI, is_function, "PCI");
}

static void *
card_find(struct core *c XU_UNUSED, const char *ref)
{
	return find_in(&cards, ref);
}

static void *
card_next(struct core *c XU_UNUSED, size_t *pos)
{
	return next_in(&cards, pos);
}

void
pci_ref(const struct core *c, const struct xu_bdf *at, char out[UUID_TEXT])
{
	char what[32], text[XU_BDF_TEXT];

	xu_bdf_text(at, text);
	snprintf(what, sizeof(what), "PCI %s", text);
	uuid_derive(c->host_uuid, what, out);
}

/* "0000:00:1f." of "0000:00:1f.2" */
static bool
same_slot(const struct item *a, const struct item *b)
{
	size_t n = strcspn(a->name, ".");

	return strncmp(a->name, b->name, n + 1) == 0;
}

static struct xu_val *
card_record(struct core *c, void *obj)
{
	const struct item *i = obj;
	const struct pci_names *called = names_of(&cards, i);
	struct xu_val *v = xu_struct(), *others = xu_array();
	AUTO_VAL struct xu_val *kept = db_get(c->db, "PCI", i->uuid, NULL);
	const struct xu_val *map = xu_val_get(kept, "other_config");
	char driver[64];

	for (size_t k = 0; k < cards.n; k++)
		if (&cards.all[k] != i && same_slot(i, &cards.all[k]))
			xu_val_add(others, xu_str(cards.all[k].uuid));
	sysfs_link(driver, sizeof(driver), PCI "/%s/driver", i->name);
	xu_val_set(v, "uuid", xu_str(i->uuid));
	xu_val_set(v, "class_name", xu_str(called->class));
	xu_val_set(v, "vendor_name", xu_str(called->vendor));
	xu_val_set(v, "device_name", xu_str(called->device));
	xu_val_set(v, "host", xu_str(c->host_uuid));
	xu_val_set(v, "pci_id", xu_str(i->name));
	xu_val_set(v, "functions", xu_int((int64_t)xu_val_count(others) + 1));
	xu_val_set(v, "dependencies", others);
	xu_val_set(v, "other_config",
	    map != NULL ? xu_val_copy(map) : xu_struct());
	xu_val_set(v, "subsystem_vendor_name", xu_str(called->subvendor));
	xu_val_set(v, "subsystem_device_name", xu_str(called->subdevice));
	xu_val_set(v, "driver_name", xu_str(driver));
	return v;
}

/* What its owner says of it belongs to its place, whatever is there. */
static int
card_set(struct core *c, void *obj, const char *field,
    const struct xu_val *value, struct xu_err *e)
{
	const struct item *i = obj;
	struct xu_val *kept = db_get(c->db, "PCI", i->uuid, NULL);
	int r = db_change(c->db, "PCI", i->uuid, &kept, field, value, e);

	xu_val_free(kept);
	return r;
}

const struct class_ops pci_ops = {
	.cls = &model_pci,
	.find = card_find,
	.next = card_next,
	.ref = ref_of,
	.record = card_record,
	.refresh = cards_look,
	.set = card_set,
};

/* ---- PSCSI, PSCSI_HBA ---------------------------------------------------------------- */

static void
scsi_look(struct core *c)
{
	look(c, &units, SCSI, is_unit, "scsi");
	look(c, &adapters, SCSI, is_adapter, "hba");
}

static void *
unit_find(struct core *c XU_UNUSED, const char *ref)
{
	return find_in(&units, ref);
}

static void *
unit_next(struct core *c XU_UNUSED, size_t *pos)
{
	return next_in(&units, pos);
}

static void *
hba_find(struct core *c XU_UNUSED, const char *ref)
{
	return find_in(&adapters, ref);
}

static void *
hba_next(struct core *c XU_UNUSED, size_t *pos)
{
	return next_in(&adapters, pos);
}

static unsigned
host_of(const struct item *unit)
{
	unsigned n = 0;

	sscanf(unit->name, "%u:", &n);
	return n;
}

static void
hba_uuid(struct core *c, unsigned host, char out[UUID_TEXT])
{
	char what[32];

	snprintf(what, sizeof(what), "hba host%u", host);
	uuid_derive(c->host_uuid, what, out);
}

static const char *
type_word(uint64_t type)
{
	static const char *const words[] = { [0] = "disk", [1] = "tape",
		[2] = "printer", [3] = "processor", [4] = "worm", [5] = "cdrom",
		[7] = "optical", [8] = "changer", [12] = "array",
		[13] = "enclosure" };

	return type < XU_ARRAY_SIZE(words) && words[type] != NULL ?
	    words[type] : "unknown";
}

static struct xu_val *
unit_record(struct core *c, void *obj)
{
	static const char *const address[] = { "physical_host",
		"physical_channel", "physical_target", "physical_lun" };
	const struct item *i = obj;
	struct xu_val *v = xu_struct(), *type = number(SCSI, i, "type");
	char uuid[UUID_TEXT];
	unsigned n[4] = { 0 };

	sscanf(i->name, "%u:%u:%u:%u", &n[0], &n[1], &n[2], &n[3]);
	hba_uuid(c, n[0], uuid);
	xu_val_set(v, "uuid", xu_str(i->uuid));
	xu_val_set(v, "host", xu_str(c->host_uuid));
	xu_val_set(v, "HBA", xu_str(uuid));
	for (size_t k = 0; k < XU_ARRAY_SIZE(address); k++)
		xu_val_set(v, address[k], xu_int(n[k]));
	xu_val_set(v, "physical_HCTL", xu_str(i->name));
	xu_val_set(v, "vendor_name", text(SCSI, i, "vendor"));
	xu_val_set(v, "model", text(SCSI, i, "model"));
	xu_val_set(v, "type",
	    xu_str(type_word((uint64_t)xu_val_int(type))));
	xu_val_set(v, "type_id", type);
	xu_val_set(v, "dev_name", child(SCSI, i, "block"));
	xu_val_set(v, "sg_name", child(SCSI, i, "scsi_generic"));
	xu_val_set(v, "revision", text(SCSI, i, "rev"));
	xu_val_set(v, "scsi_id", text(SCSI, i, "wwid"));
	xu_val_set(v, "scsi_level", number(SCSI, i, "scsi_level"));
	return v;
}

static struct xu_val *
hba_record(struct core *c, void *obj)
{
	const struct item *i = obj;
	struct xu_val *v = xu_struct(), *list = xu_array();
	unsigned host = 0;

	sscanf(i->name, "host%u", &host);
	for (size_t k = 0; k < units.n; k++)
		if (host_of(&units.all[k]) == host)
			xu_val_add(list, xu_str(units.all[k].uuid));
	xu_val_set(v, "uuid", xu_str(i->uuid));
	xu_val_set(v, "host", xu_str(c->host_uuid));
	xu_val_set(v, "physical_host", xu_int(host));
	xu_val_set(v, "PSCSIs", list);
	return v;
}

const struct class_ops pscsi_ops = {
	.cls = &model_pscsi,
	.find = unit_find,
	.next = unit_next,
	.ref = ref_of,
	.record = unit_record,
	.refresh = scsi_look,
};

const struct class_ops pscsi_hba_ops = {
	.cls = &model_pscsi_hba,
	.find = hba_find,
	.next = hba_next,
	.ref = ref_of,
	.record = hba_record,
	.refresh = scsi_look,
};

void
hw_close(void)
{
	free(steal_ptr(&pci.all));
	free(steal_ptr(&cards.all));
	free(steal_ptr(&names));
	free(steal_ptr(&units.all));
	free(steal_ptr(&adapters.all));
	nnames = 0;
	pci.n = cards.n = units.n = adapters.n = 0;
}
