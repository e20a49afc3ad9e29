/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A machine that comes as an archive. What ova.xml says is a configuration as VM.create
 * would take it, with devices; places on a host (files, bridges, programs) are not
 * taken from it. All of it is looked at before a byte of a disk is read. The disks
 * are made, and filled from the pipe; until the machine is on record they count as half
 * made (vdi_make.c), so neither a client that goes nor a crash leaves anything.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dev.h"
#include "vbd.h"
#include "vif.h"
#include "vm_export.h"
#include "xu_log.h"

#define SECTOR	  INT64_C(512)
#define COPIES	  1000
#define NAME_MOST 190
/* Of a map. */
#define WORDS_MOST 200

struct import {
	struct call *k;
	/* The call's: [{class, id, snapshot}], snapshot as the model has it. */
	const struct xu_val *objects;
	/* What the archive calls the machine. */
	const char *vm;
	char uuid[UUID_TEXT], sr[UUID_TEXT];
	bool full;
	struct xu_val *config, *vbds, *vifs;
	/* As far as they are made: the first `made`. */
	struct vdi_xva disks[VDI_XVA_DISKS];
	char vdis[VDI_XVA_DISKS][UUID_TEXT];
	size_t n, made;
};

static void make_next(struct import *x);

/* ---- what the archive says ----------------------------------------------------------- */

static int
bad(struct xu_err *e, const char *why)
{
	xu_err_set(e, XE(IMPORT_ERROR), 0, "%s", why);
	xu_err_param(e, "%s", why);
	return -1;
}

/* The record, or NULL with an error. */
static const struct xu_val *
named(const struct import *x, const char *class, const char *id,
    struct xu_err *e)
{
	const struct xu_val *o;

	for (size_t i = 0; i < xu_val_count(x->objects); i++) {
		o = xu_val_at(x->objects, i);
		if (strcmp(xu_val_get_str(o, "class", ""), class) == 0 &&
		    strcmp(xu_val_get_str(o, "id", ""), id) == 0)
			return xu_val_get(o, "snapshot");
	}
	xu_err_set(e, XE(IMPORT_ERROR_FAILED_TO_FIND_OBJECT), 0,
	    "the archive names a %s '%.60s' and does not have it", class, id);
	xu_err_param(e, "%.60s", id);
	return NULL;
}

/* The one machine that there may be. */
static const struct xu_val *
machine(struct import *x, struct xu_err *e)
{
	const struct xu_val *o, *found = NULL;

	for (size_t i = 0; i < xu_val_count(x->objects); i++) {
		o = xu_val_at(x->objects, i);
		if (strcmp(xu_val_get_str(o, "class", ""), "VM") != 0)
			continue;
		if (found != NULL) {
			bad(e, "the archive has several machines, and one is "
			       "imported at a time");
			return NULL;
		}
		x->vm = xu_val_get_str(o, "id", "");
		found = xu_val_get(o, "snapshot");
	}
	if (found == NULL)
		bad(e, "the archive has no machine");
	return found;
}

/* Names have fewer letters here than elsewhere, and each is there once. */
static void
choose_name(const struct import *x, const char *want, char out[256])
{
	size_t n;

	snprintf(out, 256, "%.*s", NAME_MOST, want);
	for (char *p = out; *p != '\0'; p++)
		if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			   "0123456789_-.:+", *p) == NULL ||
		    (p == out && *p == '.'))
			*p = '_';
	if (out[0] == '\0')
		strcpy(out, "imported");
	n = strlen(out);
	for (int i = 2; i < COPIES && guest_by_name(x->k->core, out) != NULL;
	     i++)
		snprintf(out + n, 256 - n, "-%d", i);
	if (strcmp(out, want) != 0)
		xu_log(XU_NOTICE, "the machine '%.100s' is imported as '%s': "
				  "its name is taken, or not one here", want,
		    out);
}

static int
choose_uuid(struct import *x, const struct xu_val *vm, struct xu_err *e)
{
	uint8_t bytes[16];

	if (!x->full ||
	    !uuid_bytes(xu_val_get_str(vm, "uuid", ""), bytes)) {
		uuid_random(x->uuid);
		return 0;
	}
	uuid_text(bytes, x->uuid);
	if (guest_by_uuid(x->k->core, x->uuid) == NULL)
		return 0;
	xu_err_set(e, XE(DUPLICATE_VM), 0,
	    "uuid %s is taken: import it without full_restore", x->uuid);
	xu_err_param(e, "%s", x->uuid);
	return -1;
}

/* Words that mean much to some servers and nothing to others: of these maps a machine
 * has here what it may have. */
static const char *const maps[] = { "platform", "HVM_boot_params",
	"VCPUs_params", "xenstore_data", "blocked_operations" };

/* Others' truth is ours as a number. */
static const char *
truth(const char *word)
{
	return strcmp(word, "true") == 0 ? "1" :
	    strcmp(word, "false") == 0	 ? "0" :
					   word;
}

static void
try_word(struct import *x, const char *map, const char *key, const char *word)
{
	struct xu_val *v = xu_val_copy(x->config);
	struct xu_val *m = xu_val_copy(xu_val_get(v, map));
	struct xu_err e = XU_ERR_INIT;

	xu_val_set(m, key, xu_str(word));
	xu_val_set(v, map, m);
	if (xu_val_ok(v) && config_check(x->k->core, NULL, v, &e) == 0) {
		xu_val_free(x->config);
		x->config = v;
		return;
	}
	xu_val_free(v);
	xu_log(XU_NOTICE, "import of '%s': %s:%.60s is left out: %s",
	    xu_val_get_str(x->config, "name_label", ""), map, key, e.msg);
}

static void
try_maps(struct import *x, const struct xu_val *vm)
{
	const struct xu_val *m;
	const char *word;

	for (size_t i = 0; i < XU_ARRAY_SIZE(maps); i++) {
		m = xu_val_get(vm, maps[i]);
		for (size_t k = 0; k < xu_val_count(m) && k < WORDS_MOST; k++) {
			word = xu_val_str(xu_val_at(m, k));
			try_word(x, maps[i], xu_val_name_at(m, k),
			    i == 0 ? truth(word) : word);
		}
	}
}

static int
read_machine(struct import *x, struct xu_err *e)
{
	const struct xu_val *vm = machine(x, e);
	AUTO_VAL struct xu_val *args = xu_val_copy(vm);
	char name[256];

	if (vm == NULL || choose_uuid(x, vm, e) < 0)
		return -1;
	choose_name(x, xu_val_get_str(vm, "name_label", ""), name);
	xu_val_set(args, "name_label", xu_str(name));
	xu_val_set(args, "uuid", xu_str(x->uuid));
	for (size_t i = 0; i < XU_ARRAY_SIZE(maps); i++)
		xu_val_unset(args, maps[i]);
	x->config = config_new(x->k->core, args, e);
	if (x->config == NULL)
		return -1;
	try_maps(x, vm);
	return 0;
}

/* ---- disks ---------------------------------------------------------------------------- */

/* Its place among those that are to be made; -1: refused. */
static int
want_disk(struct import *x, const char *id, struct xu_err *e)
{
	const struct xu_val *vdi = named(x, "VDI", id, e);
	int64_t size = xu_val_get_int(vdi, "virtual_size", 0);
	struct vdi_xva *d = &x->disks[x->n];

	if (vdi == NULL)
		return -1;
	for (size_t i = 0; i < x->n; i++)
		if (strcmp(x->disks[i].name, id) == 0)
			return (int)i;
	if (x->n == VDI_XVA_DISKS)
		return bad(e, "the archive has more disks than a machine can "
			      "be imported with");
	if (size <= 0 || size > VDI_SIZE_MOST || strlen(id) >= sizeof(d->name))
		return bad(e, "a disk has 1 byte to 64 TiB");
	snprintf(d->name, sizeof(d->name), "%s", id);
	d->size = size;
	return (int)x->n++;
}

/* A drive, without a medium; or (index) with the disk that will be made. NULL, and no
 * error: there is none. */
static struct xu_val *
drive(struct import *x, const struct guest *g, const struct xu_val *vbd,
    int *disk, struct xu_err *e)
{
	static const char *const taken[] = { "device", "userdevice", "type",
		"mode", "bootable", "unpluggable", "other_config" };
	AUTO_VAL struct xu_val *args = xu_struct();
	const bool cd = strcmp(xu_val_get_str(vbd, "type", ""), "CD") == 0;
	const char *vdi = xu_val_get_str(vbd, "VDI", "");

	*disk = -1;
	if (!cd && (vdi[0] == '\0' || (*disk = want_disk(x, vdi, e)) < 0))
		return NULL;
	for (size_t i = 0; i < XU_ARRAY_SIZE(taken); i++)
		if (xu_val_get(vbd, taken[i]) != NULL)
			xu_val_set(args, taken[i],
			    xu_val_copy(xu_val_get(vbd, taken[i])));
	return vbd_new_entry(x->k, g, args, e);
}

static int
read_vbd(struct import *x, const struct guest *g, const struct xu_val *vbd,
    struct xu_err *e)
{
	struct xu_val *v;
	int disk;

	v = drive(x, g, vbd, &disk, e);
	if (v == NULL)
		return xu_err_is_set(e) ? -1 : 0;
	/* Until it is made. */
	if (disk >= 0)
		xu_val_set(v, "disk", xu_int(disk));
	return xu_val_add(x->vbds, v);
}

/* ---- cards ---------------------------------------------------------------------------- */

/* A network on this host whose field (name_label, bridge) is so; false: there is
 * none. */
static bool
find_network(struct core *c, const char *field, const char *name,
    char out[UUID_TEXT])
{
	size_t pos = 0;
	void *n;
	bool is;

	network_ops.refresh(c);
	while ((n = network_ops.next(c, &pos)) != NULL) {
		AUTO_VAL struct xu_val *r = network_ops.record(c, n);

		is = name[0] != '\0' &&
		    strcmp(xu_val_get_str(r, field, ""), name) == 0;
		if (is) {
			snprintf(out, UUID_TEXT, "%s", network_ops.ref(n));
			return true;
		}
	}
	return false;
}

static int
read_vif(struct import *x, const struct guest *g, const struct xu_val *vif,
    struct xu_err *e)
{
	const struct xu_val *net = named(x, "network",
	    xu_val_get_str(vif, "network", ""), e);
	const char *name = xu_val_get_str(net, "name_label", "");
	const char *bridge = xu_val_get_str(net, "bridge", "");
	AUTO_VAL struct xu_val *args = xu_struct();
	char ref[UUID_TEXT];
	struct xu_val *v;

	if (net == NULL)
		return -1;
	if (!find_network(x->k->core, "name_label", name, ref) &&
	    !find_network(x->k->core, "bridge", bridge, ref) &&
	    !find_network(x->k->core, "bridge", name, ref)) {
		xu_log(XU_NOTICE, "import of '%s': its network interface %s is "
				  "left out: there is no network '%.60s' here",
		    guest_name(g), xu_val_get_str(vif, "device", ""), name);
		return 0;
	}
	xu_val_set(args, "network", xu_str(ref));
	xu_val_set(args, "device", xu_str(xu_val_get_str(vif, "device", "")));
	xu_val_set(args, "MTU", xu_int(xu_val_get_int(vif, "MTU", 0)));
	if (x->full)
		xu_val_set(args, "MAC", xu_str(xu_val_get_str(vif, "MAC", "")));
	if (xu_val_get(vif, "other_config") != NULL)
		xu_val_set(args, "other_config",
		    xu_val_copy(xu_val_get(vif, "other_config")));
	v = vif_new_entry(x->k, g, args, e);
	return v == NULL ? -1 : xu_val_add(x->vifs, v);
}

static int
read_devices(struct import *x, struct xu_err *e)
{
	/* For those who look at entries; nobody else sees it. */
	struct guest g = { .core = x->k->core, .config = x->config,
		.domid = NO_DOMID };
	const struct xu_val *o, *r;
	const char *class;
	int rc = 0;

	xu_list_init(&g.devs);
	memcpy(g.uuid, x->uuid, sizeof(g.uuid));
	for (size_t i = 0; rc == 0 && i < xu_val_count(x->objects); i++) {
		o = xu_val_at(x->objects, i);
		r = xu_val_get(o, "snapshot");
		class = xu_val_get_str(o, "class", "");
		if (strcmp(xu_val_get_str(r, "VM", ""), x->vm) != 0)
			continue;
		if (strcmp(class, "VBD") == 0)
			rc = read_vbd(x, &g, r, e);
		else if (strcmp(class, "VIF") == 0)
			rc = read_vif(x, &g, r, e);
	}
	if (rc < 0)
		xu_err_set(e, XE(XLD_NO_MEMORY), ENOMEM, "import a machine");
	return rc;
}

/* Each device at a place of its own. */
static int
check_places(const struct import *x, const struct dev_class *cls,
    const struct xu_val *list, struct xu_err *e)
{
	struct guest g = { .core = x->k->core, .config = x->config,
		.domid = NO_DOMID };
	uint32_t ids[512];
	size_t n = xu_val_count(list);

	xu_list_init(&g.devs);
	memcpy(g.uuid, x->uuid, sizeof(g.uuid));
	if (n > XU_ARRAY_SIZE(ids))
		return bad(e, "the machine has more devices than it can have");
	for (size_t i = 0; i < n; i++) {
		if (cls->check(&g, xu_val_at(list, i), &ids[i], e) < 0)
			return -1;
		for (size_t j = 0; j < i; j++)
			if (ids[j] == ids[i])
				return bad(e, "two devices have the same place");
	}
	return 0;
}

/* ---- its end -------------------------------------------------------------------------- */

static void
import_free(struct import *x)
{
	xu_val_free(x->config);
	xu_val_free(x->vbds);
	xu_val_free(x->vifs);
	free(x);
}

static void
fail(struct import *x, const struct xu_err *e)
{
	struct call *k = x->k;
	struct vdi *v;

	k->cancel = NULL;
	/* The daemon stops: the next one takes them away. */
	for (size_t i = 0; !k->core->stopping && i < x->made; i++) {
		v = vdi_find(k->core, x->vdis[i]);
		if (v != NULL)
			vdi_drop(k->core, v, NULL, NULL);
	}
	import_free(x);
	call_fail(k, e);
}

static void
keep_disks(struct import *x)
{
	struct core *c = x->k->core;
	struct xu_err e = XU_ERR_INIT;
	struct vdi *v;

	for (size_t i = 0; i < x->made; i++) {
		v = vdi_find(c, x->vdis[i]);
		v->busy = false;
		/* The next start sees that a machine has it. */
		if (vdi_mark(c, v, NULL, &e) < 0)
			xu_log_err(XU_ERROR, &e);
		xu_err_clear(&e);
		api_event(c, "VDI", "add", v->uuid, vdi_record(c, v));
	}
}

/* Everything is on disk, or not. */
static void
taken(void *arg, const struct xu_err *e)
{
	struct import *x = arg;
	struct call *k = x->k;
	struct xu_err why = XU_ERR_INIT;
	struct guest *g = NULL;

	k->cancel = NULL;
	fault_point("import-disks", NULL);
	/* Names may have been taken meanwhile. */
	if (e == NULL && config_check(k->core, NULL, x->config, &why) == 0)
		g = guest_new(k->core, x->uuid, steal_ptr(&x->config), &why);
	if (g == NULL || record_write(g, &why) < 0) {
		if (g != NULL)
			guest_free(g);
		fail(x, e != NULL ? e : &why);
		return;
	}
	fault_point("import-kept", NULL);
	keep_disks(x);
	g->made_at = now_real();
	api_tell_guest(g);
	import_free(x);
	/* A list of references, as task.result tells one. */
	call_ok(k, xu_strf("[%s]", g->uuid));
}

/* ---- its beginning --------------------------------------------------------------------- */

/* Its entries with what has been made for them. */
static int
settle(struct import *x, struct xu_err *e)
{
	struct xu_val *out = xu_array(), *v;
	const struct vdi *vdi;
	int disk;

	for (size_t i = 0; i < xu_val_count(x->vbds); i++) {
		v = xu_val_copy(xu_val_at(x->vbds, i));
		disk = (int)xu_val_get_int(v, "disk", -1);
		vdi = disk < 0 ? NULL : vdi_find(x->k->core, x->vdis[disk]);
		xu_val_unset(v, "disk");
		if (vdi != NULL) {
			xu_val_set(v, "VDI", xu_str(vdi->uuid));
			xu_val_set(v, "location", xu_str(vdi_location(vdi)));
		}
		xu_val_add(out, v);
	}
	xu_val_set(x->config, vbd_class.list, out);
	xu_val_set(x->config, vif_class.list, xu_val_copy(x->vifs));
	if (!xu_val_ok(x->config))
		return xu_err_set(e, XE(XLD_NO_MEMORY), ENOMEM,
		    "import a machine");
	if (check_places(x, &vbd_class, xu_val_get(x->config, vbd_class.list),
		e) < 0)
		return -1;
	return check_places(x, &vif_class, x->vifs, e);
}

/* The disks are there, all zeros. */
static void
begin(struct import *x)
{
	struct call *k = x->k;
	struct xu_err e = XU_ERR_INIT;
	struct vdi_copy *y = NULL;
	struct xu_val *answer;
	int pipe;

	fault_point("import-made", NULL);
	if (settle(x, &e) == 0)
		y = vdi_xva_start(k->core, x->disks, x->n, NULL, &pipe,
		    vm_copy_progress, taken, x, &e);
	if (y == NULL) {
		fail(x, &e);
		return;
	}
	k->cancel_arg = y;
	k->cancel = vm_copy_cancel;
	answer = xu_struct();
	xu_val_set(answer, "task", xu_str(task_ref(k->task)));
	call_begun(k, answer, pipe);
	fault_point("import-begun", NULL);
}

static void
made(void *arg, const struct xu_err *e)
{
	struct import *x = arg;

	x->k->cancel = NULL;
	if (e != NULL) {
		fail(x, e);
		return;
	}
	x->made++;
	make_next(x);
}

static void
cancel_making(struct call *k)
{
	vdi_make_cancel(k->cancel_arg);
}

/* Raw, whatever it was where it comes from. */
static struct vdi *
new_disk(struct import *x, const struct sr *s, struct xu_err *e)
{
	static const char *const words[] = { "name_label", "name_description",
		"other_config" };
	const struct xu_val *from = named(x, "VDI", x->disks[x->made].name, e);
	struct xu_val *config = xu_struct(), *map;
	char *path = x->disks[x->made].path;
	char uuid[UUID_TEXT];
	struct vdi *v;

	for (size_t i = 0; i < XU_ARRAY_SIZE(words); i++)
		if (xu_val_get(from, words[i]) != NULL)
			xu_val_set(config, words[i],
			    xu_val_copy(xu_val_get(from, words[i])));
	/* Where the other one lay. */
	map = xu_val_copy(xu_val_get(config, "other_config"));
	if (map != NULL) {
		xu_val_unset(map, "location");
		xu_val_set(config, "other_config", map);
	}
	xu_val_set(config, "type", xu_str("user"));
	xu_val_set(config, "read_only",
	    xu_bool(xu_val_get_bool(from, "read_only", false)));
	xu_val_set(config, "SR", xu_str(s->uuid));
	uuid_random(uuid);
	v = vdi_new(x->k->core, uuid, config);
	if (v == NULL) {
		xu_err_set(e, XE(XLD_NO_MEMORY), ENOMEM, "keep a disk");
		return NULL;
	}
	if (vdi_settle(v, s, "", e) == 0 &&
	    vbd_path(vdi_location(v), path, PATH_MAX, e) == 0) {
		memcpy(x->vdis[x->made], uuid, sizeof(uuid));
		return v;
	}
	vdi_forget(x->k->core, v);
	return NULL;
}

static void
make_next(struct import *x)
{
	struct call *k = x->k;
	const struct sr *s = sr_find(k->core, x->sr);
	struct xu_err e = XU_ERR_INIT;
	struct vdi_order o = { .half = true, .done = made, .arg = x };
	struct vdi_job *j;

	if (x->made == x->n) {
		begin(x);
		return;
	}
	if (s == NULL || !sr_makes(s)) {
		xu_err_set(&e, XE(SR_OPERATION_NOT_SUPPORTED), 0,
		    "disks are made in repositories of type dir and lvm only");
		xu_err_param(&e, "%s", x->sr);
		fail(x, &e);
		return;
	}
	o.v = new_disk(x, s, &e);
	if (o.v == NULL) {
		fail(x, &e);
		return;
	}
	o.size = (x->disks[x->made].size + SECTOR - 1) / SECTOR * SECTOR;
	j = vdi_make(k->core, &o);
	if (j == NULL)
		return;
	k->cancel_arg = j;
	k->cancel = cancel_making;
}

/* Where its disks go: what the client says, else the pool's. False: refused. */
static bool
repository(struct call *k, const struct xu_val *args, char out[UUID_TEXT])
{
	const char *ref = xu_val_get_str(args, "sr", "");
	const struct sr *s;
	struct xu_err e = XU_ERR_INIT;

	if (ref[0] == '\0')
		ref = xu_val_get_str(k->core->pool, "default_SR", "");
	out[0] = '\0';
	if (ref[0] == '\0')
		return true;
	s = sr_find(k->core, ref);
	if (s != NULL) {
		memcpy(out, s->uuid, UUID_TEXT);
		return true;
	}
	xu_err_set(&e, XE(HANDLE_INVALID), 0,
	    "there is no SR with the reference '%s'", ref);
	xu_err_param(&e, "SR");
	xu_err_param(&e, "%s", ref);
	call_fail(k, &e);
	return false;
}

/* xld-api could not read it. */
static void
not_read(struct call *k, const struct xu_val *error, const char *why)
{
	struct xu_err e = XU_ERR_INIT;
	const struct model_error *row =
	    model_find_error(xu_val_str(xu_val_at(error, 0)));

	xu_err_set(&e, row == NULL ? XE(IMPORT_ERROR) : row->code, 0, "%s", why);
	for (size_t i = 1; i < xu_val_count(error); i++)
		xu_err_param(&e, "%s", xu_val_str(xu_val_at(error, i)));
	call_fail(k, &e);
}

static void
import(struct call *k, const struct xu_val *args, const char *sr)
{
	struct import *x = calloc(1, sizeof(*x));
	struct xu_err e = XU_ERR_INIT;

	if (x == NULL) {
		xu_err_set(&e, XE(XLD_NO_MEMORY), ENOMEM, "import a machine");
		call_fail(k, &e);
		return;
	}
	x->k = k;
	x->objects = xu_val_get(args, "objects");
	x->full = xu_val_get_bool(args, "full_restore", false);
	x->vbds = xu_array();
	x->vifs = xu_array();
	memcpy(x->sr, sr, sizeof(x->sr));
	if (read_machine(x, &e) < 0 || read_devices(x, &e) < 0) {
		fail(x, &e);
	} else if (!call_may_have(k, NULL, x->config)) {
		import_free(x);
	} else {
		make_next(x);
	}
}

void
vm_import_call(struct call *k)
{
	const struct xu_val *args = xu_val_at(k->params, 0);
	const struct xu_val *error = xu_val_get(args, "error");
	const bool begins = xu_val_get(args, "objects") != NULL;
	const char *task = xu_val_get_str(args, "task", "");
	char sr[UUID_TEXT];

	if (error != NULL) {
		if (task[0] == '\0' || task_take(k, task))
			not_read(k, error, xu_val_get_str(args, "message", ""));
		return;
	}
	if (begins && !vm_copy_may_begin(k, task))
		return;
	if (!repository(k, args, sr))
		return;
	if (begins)
		import(k, args, sr);
	else
		call_ok(k, NULL);
}
