/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Disks of guests: block-attach, block-detach, block-list. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cfg_disk.h"
#include "cmds.h"
#include "errors.h"
#include "table.h"
#include "vmrec.h"
#include "xu_num.h"
#include "xu_vdev.h"

/* --- attach ---------------------------------------------------------------- */

/* xm's operands have a place each, xl's are parts of one text. */
static void
join_operands(const struct xm *xm, struct xu_buf *out)
{
	const char *back = xm->argv[1];
	struct xu_disk_target t;

	xu_disk_target(back, &t);
	for (int i = 1; i < xm->argc; i++) {
		if (i > 1)
			xu_buf_addc(out, ',');
		/* The format, which a prefix stands for. */
		if (i == 2 && strpbrk(back, ",=") == NULL && t.path == back &&
		    strpbrk(xm->argv[2], ",=") == NULL)
			xu_buf_addc(out, ',');
		xu_buf_adds(out, xm->argv[i]);
	}
}

static int
attach(struct xm *xm, const struct cfg_disk *disk)
{
	AUTO_DOM struct xm_dom d = { .ref = NULL };
	AUTO_FREE char *cwd = getcwd(NULL, 0);
	struct xapi_value *v;
	struct xapi_err e;
	int status = xm_find(xm, xm->argv[0], &d);

	if (status != 0)
		return status;
	v = vmrec_disk(disk, cwd != NULL ? cwd : "/");
	xapi_set(v, "VM", xapi_new_str(d.ref));
	if (xm_task_run(xm, &e, "VBD.create", v, NULL) < 0)
		return xm_fail_domain(xm, xm->argv[0], &e);
	return xm->format == XM_JSON ? xm_json(xm, xm_dom_json(&d)) : 0;
}

/* The operands behind the domain as one disk, which f gets. */
static int
with_disk(struct xm *xm, int (*f)(struct xm *xm, const struct cfg_disk *disk))
{
	AUTO_BUF struct xu_buf text = XU_BUF_INIT;
	struct cfg_disk disk;
	struct cfg_disk_problem p;
	int status;

	join_operands(xm, &text);
	if (text.error != 0)
		return xm_no_memory(xm);
	if (cfg_disk_parse(xu_buf_text(&text), &disk, &p) < 0)
		status = xm_error(xm, XE(XLD_USAGE), XM_USAGE, "%s: %s",
		    xu_buf_text(&text), p.text);
	else
		status = f(xm, &disk);
	cfg_disk_fini(&disk);
	return status;
}

static int
run_block_attach(struct xm *xm)
{
	return with_disk(xm, attach);
}

/* --- what a domain has ------------------------------------------------------- */

static uint32_t
number_of(const struct xapi_value *vbd)
{
	struct xu_vdev v = { .number = 0 };

	xu_vdev_parse(xapi_get_str(vbd, "device"), &v, NULL);
	return v.number;
}

/* --- detach ------------------------------------------------------------------ */

struct wanted {
	uint32_t number;
	char *ref;
};

static int
is_wanted(struct xm *xm, void *arg, const struct xapi_value *vbd)
{
	struct wanted *w = arg;

	if (number_of(vbd) != w->number || w->ref != NULL)
		return 0;
	w->ref = strdup(xapi_get_str(vbd, "uuid"));
	return w->ref != NULL ? 0 : xm_no_memory(xm);
}

/* A name, a number, or a path of the store that ends with the number. */
static int
wanted_number(struct xm *xm, const char *what, uint32_t *out)
{
	const char *slash = strncmp(what, "/local/", 7) == 0 ?
	    strrchr(what, '/') + 1 : what;
	struct xu_err e = XU_ERR_INIT;
	struct xu_vdev v;

	if (xu_vdev_parse(slash, &v, &e) < 0)
		return xm_error(xm, XE(XLD_USAGE), XM_USAGE, "%s", e.msg);
	*out = v.number;
	return 0;
}

/* The disk of that name, number or path: its VBD into *ref, which the caller
 * frees. A status. */
static int
find_disk(struct xm *xm, const char *domain, const char *disk,
    struct xm_dom *d, char **ref)
{
	struct wanted w = { .number = 0 };
	int status = wanted_number(xm, disk, &w.number);

	if (status == 0)
		status = xm_find(xm, domain, d);
	if (status == 0)
		status = xm_each_device(xm, d, "VBD", is_wanted, &w);
	if (status == 0 && w.ref == NULL)
		status = xm_error(xm, XE(DEVICE_NOT_ATTACHED), XM_NOT_FOUND,
		    "Domain '%s' has no disk '%s'. See xm block-list.",
		    d->name, disk);
	*ref = w.ref;
	return status;
}

static int
run_block_detach(struct xm *xm)
{
	AUTO_DOM struct xm_dom d = { .ref = NULL };
	AUTO_FREE char *ref = NULL;
	bool force = xm_opt(xm, "force") != NULL;
	struct xapi_err e;
	int status = find_disk(xm, xm->argv[0], xm->argv[1], &d, &ref);

	if (status != 0)
		return status;
	if (xm_task_run(xm, &e, force ? "VBD.destroy_force" : "VBD.destroy",
		xapi_new_str(ref), NULL) < 0)
		return xm_fail(xm, &e);
	return xm->format == XM_JSON ? xm_json(xm, xm_dom_json(&d)) : 0;
}

/* --- CDs --------------------------------------------------------------------- */

/* location "" = nothing. */
static int
change_cd(struct xm *xm, const char *disk, const char *location)
{
	AUTO_DOM struct xm_dom d = { .ref = NULL };
	AUTO_FREE char *ref = NULL;
	struct xapi_err e;
	int status = find_disk(xm, xm->argv[0], disk, &d, &ref);
	bool out = location[0] == '\0';

	if (status != 0)
		return status;
	if (xm_task_run(xm, &e, out ? "VBD.eject" : "VBD.insert_location",
		xapi_new_str(ref), out ? NULL : xapi_new_str(location)) < 0)
		return xm_fail(xm, &e);
	return xm->format == XM_JSON ? xm_json(xm, xm_dom_json(&d)) : 0;
}

static int
run_cd_eject(struct xm *xm)
{
	return change_cd(xm, xm->argv[1], "");
}

static int
run_cd_insert(struct xm *xm)
{
	AUTO_FREE char *cwd = getcwd(NULL, 0), *location = NULL,
		       *path = NULL;
	struct cfg_disk disk = { .phy = strncmp(xm->argv[2], "phy:", 4) == 0 };
	struct xu_disk_target t;

	xu_disk_target(xm->argv[2], &t);
	if (t.reason != NULL)
		return xm_error(xm, XE(XLD_USAGE), XM_USAGE, "%s: %s",
		    xm->argv[2], t.reason);
	if (t.path[0] == '\0')
		return xm_usage(xm, "The CD has no name; 'xm cd-eject' takes "
				    "out the one that is there.");
	disk.path = path = strdup(t.path);
	if (path != NULL)
		location = cfg_disk_location(&disk, cwd != NULL ? cwd : "/");
	if (location == NULL)
		return xm_no_memory(xm);
	return change_cd(xm, xm->argv[1], location);
}

static int
configure(struct xm *xm, const struct cfg_disk *disk)
{
	AUTO_FREE char *cwd = getcwd(NULL, 0);
	AUTO_FREE char *location =
	    cfg_disk_location(disk, cwd != NULL ? cwd : "/");

	if (location == NULL)
		return xm_no_memory(xm);
	return change_cd(xm, disk->vdev, location);
}

static int
run_block_configure(struct xm *xm)
{
	return with_disk(xm, configure);
}

/* --- list ---------------------------------------------------------------------- */

static void
put_heading(const void *ctx XU_UNUSED, struct xu_buf *out)
{
	xu_buf_adds(out, "Vdev  BE handle state evt-ch ring-ref BE-path\n");
}

static void
put_line(const void *ctx XU_UNUSED, const void *row, struct xu_buf *out)
{
	const struct xapi_value *vbd = row;
	const struct xapi_value *p = xapi_get(vbd, "runtime_properties");

	xu_buf_addf(out, "%-5u  %-3s  %-3s   %-3s    %-3s    %-5s %-30s\n",
	    number_of(vbd), xm_property(p, "backend-id", "-1"), "0",
	    xm_property(p, "state", "-1"), xm_property(p, "event-channel", "-1"),
	    xm_property(p, "ring-ref", "-1"), xm_property(p, "backend", "??"));
}

static void
put_form(const void *ctx XU_UNUSED, const void *row, struct xu_buf *out)
{
	const struct xapi_value *vbd = row;
	const struct xapi_value *p = xapi_get(vbd, "runtime_properties");
	struct xapi_value *form = xapi_new_array(), *rest = xapi_new_array();
	char id[16];

	snprintf(id, sizeof(id), "%u", number_of(vbd));
	xapi_add(form, xapi_new_str(id));
	xm_sxp_str(rest, "uuid", xapi_get_str(vbd, "uuid"));
	xm_sxp_str(rest, "uname", xapi_get_str(vbd, "location"));
	xm_sxp_str(rest, "dev", xapi_get_str(vbd, "device"));
	xm_sxp_str(rest, "mode",
	    strcmp(xapi_get_str(vbd, "mode"), "RO") == 0 ? "r" :
		xapi_get_bool(vbd, "sharable") ? "w!" : "w");
	for (size_t i = 0; i < xapi_count(p); i++)
		xm_sxp_str(rest, xapi_name_at(p, i), xapi_str(xapi_at(p, i)));
	xapi_add(form, rest);
	xm_sxp(form, out);
	xapi_free(form);
}

static void
get_number(const void *ctx XU_UNUSED, const struct xapi_value *json,
    struct xu_buf *out)
{
	xu_buf_addf(out, "%u", number_of(json));
}

static const struct xm_column columns[] = {
	{ "vdev", "Vdev", XM_IS_NUMBER, NULL, get_number, NULL },
	{ "device", "Device", XM_IS_TEXT, NULL, NULL, NULL },
	{ "uuid", "UUID", XM_IS_TEXT, NULL, NULL, NULL },
	{ "location", "Location", XM_IS_TEXT, NULL, NULL, NULL },
	{ "mode", "Mode", XM_IS_TEXT, NULL, NULL, NULL },
	{ "type", "Type", XM_IS_TEXT, NULL, NULL, NULL },
	XM_COLUMN_ATTACHED,
	XM_COLUMNS_RING,
	{ "ring_ref", "ring-ref", XM_IS_ID, "runtime_properties/ring-ref", NULL,
	    NULL },
	XM_COLUMN_BACKEND,
	{ .name = NULL },
};

static const struct xm_table table = {
	.noun = "vbd",
	.columns = columns,
	.heading = put_heading,
	.line = put_line,
	.json = xm_device_json,
	.form = put_form,
	.bare = true,
};

static int
run_block_list(struct xm *xm)
{
	return xm_list_devices(xm, "VBD");
}

/* --- rows ----------------------------------------------------------------------- */

const struct xm_cmd cmd_block_attach = {
	.name = "block-attach",
	.operands = "DOMAIN BACKDEV [FRONTDEV [MODE [BACKDOM]]]",
	.summary = "Attach a disk to a domain.",
	.detail = "BACKDEV is phy:DEVICE or file:PATH, FRONTDEV the disk's name "
		  "in the guest (xvdb, hdc:cdrom), MODE r, w or w!. A disk as "
		  "in a configuration (\"/dev/vg/web,raw,xvdb,rw\", "
		  "\"vdev=xvdb target=/x\") is understood, too. A guest that "
		  "has a driver has connected when the command ends.",
	.min = 2,
	.max = 8,
	.completes = XM_DOMAIN,
	.run = run_block_attach,
};

const struct xm_cmd cmd_block_configure = {
	.name = "block-configure",
	.operands = "DOMAIN BACKDEV FRONTDEV [MODE [BACKDOM]]",
	.summary = "Put another CD into a drive of a domain.",
	.detail = "As 'xm cd-insert' does, with the operands of block-attach. "
		  "Of disks nothing else can be changed.",
	.min = 2,
	.max = 8,
	.completes = XM_DOMAIN,
	.run = run_block_configure,
};

const struct xm_cmd cmd_cd_insert = {
	.name = "cd-insert",
	.operands = "DOMAIN DEVICE TARGET",
	.summary = "Put a CD into a drive of a domain.",
	.detail = "DEVICE is the drive's name or number in the guest (hdc), "
		  "TARGET an image or a block device: /srv/x.iso, "
		  "phy:/dev/sr0. What is in the drive comes out first. The "
		  "drive of a running HVM guest opens even when the guest has "
		  "locked it, that of others is away for a moment.",
	.min = 3,
	.max = 3,
	.completes = XM_DOMAIN,
	.run = run_cd_insert,
};

const struct xm_cmd cmd_cd_eject = {
	.name = "cd-eject",
	.operands = "DOMAIN DEVICE",
	.summary = "Take the CD out of a drive of a domain.",
	.detail = "See 'xm cd-insert'; the drive stays, empty.",
	.min = 2,
	.max = 2,
	.completes = XM_DOMAIN,
	.run = run_cd_eject,
};

const struct xm_cmd cmd_block_detach = {
	.name = "block-detach",
	.operands = "DOMAIN DEVICE",
	.summary = "Detach a disk from a domain.",
	.detail = "DEVICE is its name or number in the guest. The guest is "
		  "asked to let go of it; one that is in use there stays until "
		  "it is not, and the command ends with 6.",
	.opts = xm_detach_opts,
	.min = 2,
	.max = 2,
	.completes = XM_DOMAIN,
	.run = run_block_detach,
};

const struct xm_cmd cmd_block_list = {
	.name = "block-list",
	.operands = "DOMAIN",
	.summary = "List the disks of a domain.",
	.detail = "Prints nothing when there is none. Columns: number, domain "
		  "of the backend, handle, state of the frontend (4 = "
		  "connected), event channel, ring, the backend's folder in "
		  "the store.",
	.opts = xm_list_opts,
	.min = 1,
	.max = 1,
	.completes = XM_DOMAIN,
	.table = &table,
	.run = run_block_list,
};
