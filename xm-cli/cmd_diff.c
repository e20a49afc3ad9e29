/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xm diff: where a domain is not as a configuration says. The file becomes the records
 * that creating it would send; each of their members is compared with the domain's.
 * What the file does not say is the daemon's to choose, and no difference.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmds.h"
#include "errors.h"
#include "vmrec.h"

struct diff {
	/* [{"name", "domain", "file"}] */
	struct xapi_value *rows;
};

/* What a value is in a line: a number, a word, or JSON. */
static char *
text_of(const struct xapi_value *v)
{
	char *s, *end;

	if (v == NULL)
		return strdup("");
	if (xapi_type(v) == XAPI_STRING)
		return strdup(xapi_str(v));
	s = xapi_to_json(v, 0);
	for (end = s != NULL ? s + strlen(s) : NULL;
	     end != NULL && end > s && end[-1] == '\n'; end--)
		end[-1] = '\0';
	return s;
}

static void
note(struct diff *d, const char *name, const struct xapi_value *domain,
    const struct xapi_value *file)
{
	AUTO_FREE char *a = text_of(domain), *b = text_of(file);
	struct xapi_value *row;

	if (a != NULL && b != NULL && strcmp(a, b) == 0)
		return;
	row = xapi_new_struct();
	xapi_set(row, "name", xapi_new_str(name));
	xapi_set(row, "domain", xapi_new_str(a != NULL ? a : ""));
	xapi_set(row, "file", xapi_new_str(b != NULL ? b : ""));
	xapi_add(d->rows, row);
}

/* Whether it says what is not of the configuration. */
static bool
is_ours(const char *name)
{
	static const char *const not[] = { "user_version", "is_a_template",
		"other_config", "PCI_bus", "VM", NULL };

	for (size_t i = 0; not[i] != NULL; i++)
		if (strcmp(not[i], name) == 0)
			return false;
	return true;
}

/* The members of the file's record; a map is compared member by member, and the
 * domain may have more than the file when nothing is given. */
static void
compare(struct diff *d, const char *prefix, const struct xapi_value *domain,
    const struct xapi_value *file)
{
	char name[160];

	for (size_t i = 0; i < xapi_count(file); i++) {
		const struct xapi_value *want = xapi_at(file, i);
		const char *key = xapi_name_at(file, i);

		if (!is_ours(key))
			continue;
		snprintf(name, sizeof(name), "%s%s", prefix, key);
		if (xapi_type(want) == XAPI_STRUCT) {
			snprintf(name, sizeof(name), "%s%s.", prefix, key);
			compare(d, name, xapi_get(domain, key), want);
		} else {
			note(d, name, xapi_get(domain, key), want);
		}
	}
}

/* --- devices -------------------------------------------------------------- */

/* The domain's record of a class whose "device" is that, or NULL. */
static const struct xapi_value *
device_of(const struct xapi_value *all, const char *ref, const char *device)
{
	for (size_t i = 0; i < xapi_count(all); i++) {
		const struct xapi_value *v = xapi_at(all, i);

		if (strcmp(xapi_get_str(v, "VM"), ref) == 0 &&
		    strcmp(xapi_get_str(v, "device"), device) == 0)
			return v;
	}
	return NULL;
}

static bool
in_list(const struct xapi_value *list, const char *device)
{
	for (size_t i = 0; i < xapi_count(list); i++)
		if (strcmp(xapi_get_str(xapi_at(list, i), "device"),
			device) == 0)
			return true;
	return false;
}

/* Those of the file one by one, and those that only the domain has. */
static int
compare_devices(struct xm *xm, struct diff *d, const char *cls,
    const char *ref, const struct xapi_value *list)
{
	struct xapi_value *all, *there = xapi_new_str("attached"),
		*none = xapi_new_str("none");
	char name[128];
	struct xapi_err e;

	snprintf(name, sizeof(name), "%s.get_all_records", cls);
	all = xapi_call(xm->api, &e, name, "");
	if (all == NULL) {
		xapi_free(there);
		xapi_free(none);
		return xm_fail(xm, &e);
	}
	for (size_t i = 0; i < xapi_count(list); i++) {
		const char *device = xapi_get_str(xapi_at(list, i), "device");
		const struct xapi_value *has = device_of(all, ref, device);

		snprintf(name, sizeof(name), "%s %s", cls, device);
		if (has == NULL) {
			note(d, name, none, there);
			continue;
		}
		snprintf(name, sizeof(name), "%s %s.", cls, device);
		compare(d, name, has, xapi_at(list, i));
	}
	for (size_t i = 0; i < xapi_count(all); i++) {
		const struct xapi_value *v = xapi_at(all, i);

		snprintf(name, sizeof(name), "%s %s", cls,
		    xapi_get_str(v, "device"));
		if (strcmp(xapi_get_str(v, "VM"), ref) == 0 &&
		    !in_list(list, xapi_get_str(v, "device")))
			note(d, name, there, none);
	}
	xapi_free(all);
	xapi_free(there);
	xapi_free(none);
	return 0;
}

/* --- the command ---------------------------------------------------------- */

static int
compare_all(struct xm *xm, struct diff *d, const struct xm_dom *dom,
    const struct domcfg *c, const char *cwd)
{
	struct xapi_value *file = vmrec_record(c, cwd), *list;
	int status;

	compare(d, "", dom->record, file);
	xapi_free(file);
	list = xapi_new_array();
	for (size_t i = 0; i < c->ndisks; i++)
		xapi_add(list, vmrec_disk(&c->disks[i], cwd));
	status = compare_devices(xm, d, "VBD", dom->ref, list);
	xapi_free(list);
	if (status != 0)
		return status;
	list = xapi_new_array();
	for (size_t i = 0; i < c->nvifs; i++)
		xapi_add(list, vmrec_vif(&c->vifs[i]));
	status = compare_devices(xm, d, "VIF", dom->ref, list);
	xapi_free(list);
	return status;
}

static int
print(struct xm *xm, struct diff *d)
{
	AUTO_BUF struct xu_buf out = XU_BUF_INIT;

	if (xm->format == XM_JSON)
		return xm_json(xm, xapi_copy(d->rows));
	for (size_t i = 0; i < xapi_count(d->rows); i++) {
		const struct xapi_value *row = xapi_at(d->rows, i);

		xu_buf_addf(&out, "- %s: %s\n+ %s: %s\n",
		    xapi_get_str(row, "name"), xapi_get_str(row, "domain"),
		    xapi_get_str(row, "name"), xapi_get_str(row, "file"));
	}
	return xm_print(xm, &out);
}

static int
run_diff(struct xm *xm)
{
	struct diff d = { .rows = xapi_new_array() };
	AUTO_DOM struct xm_dom dom = { .ref = NULL };
	AUTO_FREE char *cwd = getcwd(NULL, 0);
	struct vmrec r;
	int status = vmrec_load(xm, &r, xm->argv[1], VMREC_DIRS, NULL, 0);

	if (status == 0)
		status = vmrec_judge(xm, &r);
	if (status == 0)
		status = xm_find(xm, xm->argv[0], &dom);
	if (status == 0)
		status = compare_all(xm, &d, &dom, &r.dom,
		    cwd != NULL ? cwd : "/");
	if (status == 0)
		status = print(xm, &d);
	if (status == 0 && xapi_count(d.rows) > 0)
		status = XM_FAILED;
	xapi_free(d.rows);
	vmrec_fini(&r);
	return status;
}

const struct xm_cmd cmd_diff = {
	.name = "diff",
	.operands = "DOMAIN FILE",
	.summary = "Show where a domain is not as a configuration file says.",
	.detail = "A line with - is what the domain has, one with + what the "
		  "file says, by the names of the API. What the file does not "
		  "say is no difference. Ends with 0 when there is none, with "
		  "1 otherwise.",
	.opts = NULL,
	.min = 2,
	.max = 2,
	.completes = XM_DOMAIN,
	.run = run_diff,
};
