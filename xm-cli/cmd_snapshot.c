/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What domains were, kept: snapshot-create, snapshot-list, snapshot-revert,
 * snapshot-delete. To the API a snapshot is a VM that is never started.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "cmds.h"
#include "errors.h"
#include "table.h"
#include "xu_vdev.h"

/* --- which one ------------------------------------------------------------ */

struct snapshot {
	/* All machines and snapshots there are. */
	struct xapi_value *all;
	/* Borrowed from it; the domain may be gone: "", NULL. */
	const char *ref, *domain_ref;
	const struct xapi_value *record, *domain;
};

static void
snapshot_fini(struct snapshot *s)
{
	xapi_free(s->all);
}
#define AUTO_SNAPSHOT __attribute__((cleanup(snapshot_fini)))

static bool
is_called(const struct xapi_value *r, const char *what)
{
	return strcmp(xapi_get_str(r, "name_label"), what) == 0 ||
	    strcasecmp(xapi_get_str(r, "uuid"), what) == 0;
}

static const char *
name_of(const struct xapi_value *r)
{
	return xapi_get_str(r, "name_label");
}

/* Takes the only one of domain (NULL: of any, or of one that is gone) that is
 * called so. How many there are. */
static size_t
pick(struct snapshot *s, const struct xm_dom *domain, const char *what)
{
	const struct xapi_value *r;
	size_t n = 0;

	for (size_t i = 0; i < xapi_count(s->all); i++) {
		r = xapi_at(s->all, i);
		if (!xapi_get_bool(r, "is_a_snapshot") || !is_called(r, what) ||
		    (domain != NULL && strcmp(xapi_get_str(r, "snapshot_of"),
			domain->ref) != 0))
			continue;
		n++;
		s->ref = xapi_name_at(s->all, i);
		s->record = r;
	}
	s->domain_ref = xapi_get_str(s->record, "snapshot_of");
	s->domain = xapi_get(s->all, s->domain_ref);
	return n;
}

/* The one of the operands: [DOMAIN] SNAPSHOT. A status. */
static int
find(struct xm *xm, struct snapshot *s)
{
	AUTO_DOM struct xm_dom d = { .ref = NULL };
	const char *what = xm->argv[xm->argc - 1];
	struct xapi_err e;
	size_t n;
	int status = xm->argc > 1 ? xm_find(xm, xm->argv[0], &d) :
				    xm_connect(xm);

	if (status != 0)
		return status;
	s->all = xapi_call(xm->api, &e, "VM.get_all_records", "");
	if (s->all == NULL)
		return xm_fail(xm, &e);
	n = pick(s, d.ref != NULL ? &d : NULL, what);
	if (n == 1)
		return 0;
	if (n > 1)
		return xm_error(xm, XE(XLD_NAME_NOT_UNIQUE), XM_STATE,
		    "%zu snapshots are called '%s': say of which domain, or "
		    "which uuid", n, what);
	if (d.ref != NULL)
		return xm_error(xm, XE(HANDLE_INVALID), XM_NOT_FOUND,
		    "Domain '%s' has no snapshot '%s'. See xm snapshot-list.",
		    d.name, what);
	return xm_error(xm, XE(HANDLE_INVALID), XM_NOT_FOUND,
	    "Snapshot '%s' does not exist. See xm snapshot-list.", what);
}

/* Starts Async.METHOD with args (taken) and waits; "DOING WHAT" is what its
 * progress is called. Its result, NULL with *e. */
static struct xapi_value *
run_task(struct xm *xm, struct xapi_err *e, const char *method,
    struct xapi_value *args, const char *doing, const char *what)
{
	AUTO_FREE char *task = NULL, *label = NULL;

	xm_catch_signals();
	task = xm_task_start(xm, e, method, args);
	if (task == NULL)
		return NULL;
	if (asprintf(&label, "%s %s", doing, what) < 0)
		label = NULL;
	return xm_task_result(xm, e, task, label);
}

/* The same of a call whose one argument is a reference, and perhaps a flag that
 * is not set, and whose result does not matter. */
static int
run_on(struct xm *xm, struct xapi_err *e, const char *method, const char *ref,
    bool flag, const char *doing, const char *what)
{
	struct xapi_value *args = xapi_new_array(), *result;

	xapi_add(args, xapi_new_str(ref));
	if (flag)
		xapi_add(args, xapi_new_bool(0));
	result = run_task(xm, e, method, args, doing, what);
	xapi_free(result);
	return result == NULL ? -1 : 0;
}

/* {"snapshot", "uuid", "domain"}: what commands that change one give as JSON. */
static int
done(struct xm *xm, const char *name, const char *uuid, const char *domain)
{
	struct xapi_value *v;

	if (xm->format != XM_JSON)
		return 0;
	v = xapi_new_struct();
	xapi_set(v, "snapshot", xapi_new_str(name));
	xapi_set(v, "uuid", xapi_new_str(uuid));
	xapi_set(v, "domain", xapi_new_str(domain));
	return xm_json(xm, v);
}

/* --- create --------------------------------------------------------------- */

/* A disk by its number in the guest, and its VDI once it is found. */
struct wanted {
	uint32_t number;
	char *vdi;
};

static int
is_wanted(struct xm *xm, void *arg, const struct xapi_value *vbd)
{
	struct wanted *w = arg;
	struct xu_vdev v;

	if (w->vdi != NULL ||
	    xu_vdev_parse(xapi_get_str(vbd, "device"), &v, NULL) < 0 ||
	    v.number != w->number)
		return 0;
	w->vdi = strdup(xapi_get_str(vbd, "VDI"));
	return w->vdi != NULL ? 0 : xm_no_memory(xm);
}

/* Adds the VDI of the disk that is called so. A status. */
static int
add_disk(struct xm *xm, const struct xm_dom *d, const char *word,
    struct xapi_value *vdis)
{
	struct wanted w = { .vdi = NULL };
	struct xu_err e = XU_ERR_INIT;
	struct xu_vdev v;
	int status;

	if (xu_vdev_parse(word, &v, &e) < 0)
		return xm_error(xm, XE(XLD_USAGE), XM_USAGE, "%s", e.msg);
	w.number = v.number;
	status = xm_each_device(xm, d, "VBD", is_wanted, &w);
	if (status == 0 && w.vdi == NULL)
		status = xm_error(xm, XE(DEVICE_NOT_ATTACHED), XM_NOT_FOUND,
		    "Domain '%s' has no disk '%s'. See xm block-list.", d->name,
		    word);
	if (status == 0)
		xapi_add(vdis, xapi_new_str(w.vdi));
	free(w.vdi);
	return status;
}

/* What VM.snapshot is to leave out: --skip=xvdb,xvdc; NULL with *status. */
static struct xapi_value *
skipped_disks(struct xm *xm, const struct xm_dom *d, int *status)
{
	const char *words = xm_opt(xm, "skip");
	AUTO_FREE char *copy = strdup(words != NULL ? words : "");
	struct xapi_value *vdis = xapi_new_array();
	char *save = NULL;

	*status = copy == NULL ? xm_no_memory(xm) : 0;
	for (char *w = *status == 0 ? strtok_r(copy, ",", &save) : NULL;
	     w != NULL && *status == 0; w = strtok_r(NULL, ",", &save))
		*status = add_disk(xm, d, w, vdis);
	if (*status == 0)
		return vdis;
	xapi_free(vdis);
	return NULL;
}

/* NAME-20260102-102030; the caller frees. NULL: no memory. */
static char *
name_by_time(const struct xm_dom *d)
{
	time_t now = time(NULL);
	char when[24] = "", *name;
	struct tm tm;

	if (localtime_r(&now, &tm) != NULL)
		strftime(when, sizeof(when), "%Y%m%d-%H%M%S", &tm);
	return asprintf(&name, "%s-%s", d->name, when) < 0 ? NULL : name;
}

/* The reference of the new one; NULL with an error and *status. */
static struct xapi_value *
create(struct xm *xm, const struct xm_dom *d, const char *name, int *status)
{
	struct xapi_value *args, *ref;
	struct xapi_value *vdis = skipped_disks(xm, d, status);
	struct xapi_err e;

	if (vdis == NULL)
		return NULL;
	args = xapi_new_array();
	xapi_add(args, xapi_new_str(d->ref));
	xapi_add(args, xapi_new_str(name));
	xapi_add(args, vdis);
	ref = run_task(xm, &e, "VM.snapshot", args, "Keeping", d->name);
	if (ref == NULL)
		*status = xm_fail_domain(xm, xm->argv[0], &e);
	return ref;
}

static int
run_snapshot_create(struct xm *xm)
{
	AUTO_DOM struct xm_dom d = { .ref = NULL };
	AUTO_FREE char *own = NULL;
	const char *name = xm->argc > 1 ? xm->argv[1] : NULL;
	const char *text = xm_opt(xm, "description");
	struct xapi_value *ref;
	struct xapi_err e;
	int status = xm_find(xm, xm->argv[0], &d);

	if (status != 0)
		return status;
	if (name == NULL)
		name = own = name_by_time(&d);
	if (name == NULL)
		return xm_no_memory(xm);
	ref = create(xm, &d, name, &status);
	if (ref == NULL)
		return status;
	if (text != NULL && xapi_do(xm->api, &e, "VM.set_name_description",
		"ss", xapi_str(ref), text) < 0)
		status = xm_fail(xm, &e);
	else
		status = done(xm, name, xapi_str(ref), d.name);
	/* Who has named it knows. */
	if (status == 0 && own != NULL && xm->format == XM_TEXT)
		puts(own);
	xapi_free(ref);
	return status;
}

/* --- revert, delete ------------------------------------------------------- */

/* A domain that runs is ended where the user has said so. -1 with *e. */
static int
end_domain(struct xm *xm, const struct snapshot *s, struct xapi_err *e)
{
	if (xm_opt(xm, "force") == NULL || s->domain == NULL ||
	    strcmp(xapi_get_str(s->domain, "power_state"), "Halted") == 0)
		return 0;
	return run_on(xm, e, "VM.hard_shutdown", s->domain_ref, false,
	    "Ending", name_of(s->domain));
}

static int
run_snapshot_revert(struct xm *xm)
{
	AUTO_SNAPSHOT struct snapshot s = { .all = NULL };
	struct xapi_err e;
	int status = find(xm, &s);

	if (status != 0)
		return status;
	if (end_domain(xm, &s, &e) < 0 ||
	    run_on(xm, &e, "VM.revert", s.ref, false, "Reverting",
		name_of(s.domain)) < 0)
		return xm_fail(xm, &e);
	if (xm_opt(xm, "start") != NULL &&
	    run_on(xm, &e, "VM.start", s.domain_ref, true, "Starting",
		name_of(s.domain)) < 0)
		return xm_fail(xm, &e);
	return done(xm, name_of(s.record), s.ref, name_of(s.domain));
}

static int
run_snapshot_delete(struct xm *xm)
{
	AUTO_SNAPSHOT struct snapshot s = { .all = NULL };
	struct xapi_err e;
	int status = find(xm, &s);

	if (status != 0)
		return status;
	if (run_on(xm, &e, "VM.destroy", s.ref, false, "Removing",
		name_of(s.record)) < 0)
		return xm_fail(xm, &e);
	return done(xm, name_of(s.record), s.ref, name_of(s.domain));
}

/* --- list ----------------------------------------------------------------- */

/* What the table is made for: all machines and snapshots. */
struct listed {
	struct xapi_value *all;
};

/* A date of the API as people here write it. */
static void
local_date(const char *date, char *out, size_t room)
{
	struct tm tm = { .tm_isdst = 0 };
	time_t t;

	snprintf(out, room, "%s", date);
	if (strptime(date, "%Y%m%dT%H:%M:%SZ", &tm) == NULL)
		return;
	t = timegm(&tm);
	if (localtime_r(&t, &tm) != NULL)
		strftime(out, room, "%Y-%m-%d %H:%M:%S", &tm);
}

static void
put_heading(const void *ctx XU_UNUSED, struct xu_buf *out)
{
	xu_buf_addf(out, "%-32s %-16s %-19s  %-9s %5s\n", "Name", "Domain",
	    "Created", "State", "Disks");
}

static const char *
state_of(const struct xapi_value *r)
{
	return xapi_get_str(xapi_get(r, "snapshot_info"),
	    "power-state-at-snapshot");
}

static void
put_line(const void *ctx, const void *row, struct xu_buf *out)
{
	const struct listed *l = ctx;
	const char *domain = name_of(xapi_get(l->all,
	    xapi_get_str(row, "snapshot_of")));
	char when[32];

	local_date(xapi_get_str(row, "snapshot_time"), when, sizeof(when));
	xu_buf_addf(out, "%-32s %-16s %-19s  %-9s %5zu\n", name_of(row),
	    domain[0] != '\0' ? domain : "-", when, state_of(row),
	    xapi_count(xapi_get(row, "VBDs")));
}

static struct xapi_value *
put_json(const void *ctx, const void *row)
{
	const struct listed *l = ctx;
	const char *of = xapi_get_str(row, "snapshot_of");
	const struct xapi_value *domain = xapi_get(l->all, of);
	struct xapi_value *v = xapi_new_struct();

	xapi_set(v, "name", xapi_new_str(name_of(row)));
	xapi_set(v, "uuid", xapi_new_str(xapi_get_str(row, "uuid")));
	xapi_set(v, "description",
	    xapi_new_str(xapi_get_str(row, "name_description")));
	xapi_set(v, "domain", xapi_new_str(name_of(domain)));
	xapi_set(v, "domain_uuid", xapi_new_str(of));
	xapi_set(v, "created",
	    xapi_new_str(xapi_get_str(row, "snapshot_time")));
	xapi_set(v, "state", xapi_new_str(state_of(row)));
	xapi_set(v, "disks",
	    xapi_new_int((long long)xapi_count(xapi_get(row, "VBDs"))));
	xapi_set(v, "parent", xapi_new_str(name_of(xapi_get(l->all,
	    xapi_get_str(row, "parent")))));
	/* The domain was made or reverted to it last. */
	xapi_set(v, "current", xapi_new_bool(domain != NULL &&
	    strcmp(xapi_get_str(domain, "parent"),
		xapi_get_str(row, "uuid")) == 0));
	return v;
}

static const struct xm_column columns[] = {
	{ "name", "Name", XM_IS_TEXT, NULL, NULL, NULL },
	{ "uuid", "UUID", XM_IS_TEXT, NULL, NULL, NULL },
	{ "description", "Description", XM_IS_TEXT, NULL, NULL, NULL },
	{ "domain", "Domain", XM_IS_TEXT, NULL, NULL, NULL },
	{ "domain_uuid", "Domain-UUID", XM_IS_TEXT, NULL, NULL, NULL },
	{ "created", "Created", XM_IS_TEXT, NULL, NULL, NULL },
	{ "state", "State", XM_IS_TEXT, NULL, NULL, NULL },
	{ "disks", "Disks", XM_IS_NUMBER, NULL, NULL, NULL },
	{ "parent", "Parent", XM_IS_TEXT, NULL, NULL, NULL },
	{ "current", "Current", XM_IS_TRUTH, NULL, NULL, NULL },
	{ .name = NULL },
};

static const struct xm_table table = {
	.noun = "snapshot",
	.columns = columns,
	.heading = put_heading,
	.line = put_line,
	.json = put_json,
	.bare = true,
};

/* The oldest first. */
static int
by_time(const void *a, const void *b)
{
	const struct xapi_value *const *x = a, *const *y = b;
	int d = strcmp(xapi_get_str(*x, "snapshot_time"),
	    xapi_get_str(*y, "snapshot_time"));

	return d != 0 ? d : strcmp(name_of(*x), name_of(*y));
}

/* Those of the domain ("" = all). A status. */
static int
add_all(struct xm *xm, struct xm_listing *out, const struct listed *l,
    const char *domain)
{
	size_t count = xapi_count(l->all), n = 0;
	AUTO_FREE const struct xapi_value **rows =
	    calloc(count + 1, sizeof(*rows));
	const struct xapi_value *r;

	if (rows == NULL)
		return xm_no_memory(xm);
	for (size_t i = 0; i < count; i++) {
		r = xapi_at(l->all, i);
		if (xapi_get_bool(r, "is_a_snapshot") && (domain[0] == '\0' ||
		    strcmp(xapi_get_str(r, "snapshot_of"), domain) == 0))
			rows[n++] = r;
	}
	qsort(rows, n, sizeof(*rows), by_time);
	for (size_t i = 0; i < n; i++)
		xm_listing_add(out, rows[i]);
	return 0;
}

static int
run_snapshot_list(struct xm *xm)
{
	AUTO_DOM struct xm_dom d = { .ref = NULL };
	AUTO_LISTING struct xm_listing out = { .nlines = 0 };
	struct listed l = { .all = NULL };
	struct xapi_err e;
	int status = xm_listing_begin(&out, xm, &table, &l);

	if (status == 0)
		status = xm->argc > 0 ? xm_find(xm, xm->argv[0], &d) :
					xm_connect(xm);
	if (status != 0)
		return status;
	l.all = xapi_call(xm->api, &e, "VM.get_all_records", "");
	if (l.all == NULL)
		return xm_fail(xm, &e);
	status = add_all(xm, &out, &l, d.ref != NULL ? d.ref : "");
	if (status == 0)
		status = xm_listing_end(&out);
	xapi_free(l.all);
	return status;
}

/* --- rows ----------------------------------------------------------------- */

static const struct xm_opt create_opts[] = {
	{ 'd', "description", "TEXT", "What it is kept for." },
	{ 0, "skip", "DEVICE,...", "Without these disks (xvdb)." },
	{ .name = NULL },
};

const struct xm_cmd cmd_snapshot_create = {
	.name = "snapshot-create",
	.operands = "DOMAIN [NAME]",
	.summary = "Keep what a domain is now: its settings and its disks.",
	.detail = "The disks that it writes to are copied to where they lie, "
		  "CDs and disks that are only read stay the same. The disks "
		  "of a domain that runs are as after a crash. It stands still "
		  "for a moment where they are volumes with room beside them, "
		  "or files that can share blocks (XFS, Btrfs), and otherwise "
		  "until they are copied: copy-still in the progress; one that "
		  "has a qcow2 image open must be shut down first. Without "
		  "NAME it is the domain's with the time, and is printed. When "
		  "anything fails there is no snapshot. "
		  "The domain is one of 'xm new'.",
	.opts = create_opts,
	.min = 1,
	.max = 2,
	.completes = XM_DOMAIN,
	.run = run_snapshot_create,
};

const struct xm_cmd cmd_snapshot_list = {
	.name = "snapshot-list",
	.operands = "[DOMAIN]",
	.summary = "List the snapshots of all domains, or of one.",
	.detail = "The oldest first. State is what the domain did then; "
		  "current is the one that it was made or reverted to last. "
		  "Domain is - when that is gone.",
	.min = 0,
	.max = 1,
	.completes = XM_DOMAIN,
	.table = &table,
	.run = run_snapshot_list,
};

static const struct xm_opt revert_opts[] = {
	{ 'f', "force", NULL, "It is destroyed first if it is not halted." },
	{ 's', "start", NULL, "Start it then." },
	{ .name = NULL },
};

const struct xm_cmd cmd_snapshot_revert = {
	.name = "snapshot-revert",
	.operands = "[DOMAIN] SNAPSHOT",
	.summary = "Make a domain what it was.",
	.detail = "SNAPSHOT is a name or a uuid; without DOMAIN it must be the "
		  "only one that is called so. The domain is halted. It gets "
		  "its settings of then and copies of the snapshot's disks, "
		  "and what it has written since is lost; its name and its PCI "
		  "functions stay. The snapshot stays, too.",
	.opts = revert_opts,
	.min = 1,
	.max = 2,
	.completes = XM_DOMAIN,
	.run = run_snapshot_revert,
};

const struct xm_cmd cmd_snapshot_delete = {
	.name = "snapshot-delete",
	.operands = "[DOMAIN] SNAPSHOT",
	.summary = "Remove a snapshot and its disks.",
	.detail = "As in snapshot-revert. The domain and other snapshots do "
		  "not need it; what was its child is its parent's then.",
	.min = 1,
	.max = 2,
	.completes = XM_DOMAIN,
	.run = run_snapshot_delete,
};
