/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Disks as volumes of a volume group (lvm2), by its own commands: they know how
 * to lock and how to survive a crash. Words of theirs never come from a client but
 * for the group's name, which is checked.
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sr.h"
#include "tool.h"
#include "xu_log.h"
#include "xu_num.h"

#define SECONDS	  120
#define WORDS	  12
#define NAME_MAX_ 127

struct lvm {
	struct core *core;
	/* The repository may be forgotten meanwhile. */
	char sr[UUID_TEXT], group[NAME_MAX_ + 1];
	char words[WORDS][192];
	char *argv[WORDS + 1];
	unsigned n;
	/* It is vgs; and whether that was all that was asked. */
	bool looks, only_look;
	/* A volume that is not there will do. */
	bool removal;
	vm_done_f *done;
	void *arg;
};

bool
lvm_group_ok(const char *name)
{
	size_t n = strlen(name);

	return n > 0 && n <= NAME_MAX_ && name[0] != '-' && name[0] != '.' &&
	    strspn(name, "abcdefghijklmnopqrstuvwxyz"
			 "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+_.-") == n;
}

void
lvm_path(const struct sr *s, const char *uuid, char out[PATH_MAX])
{
	snprintf(out, PATH_MAX, "/dev/%.200s/xld-%s", sr_group(s), uuid);
}

/* "  10737418240,5368709120,4194304\n" */
bool
lvm_read_figures(const char *text, int64_t *size, int64_t *room,
    int64_t *extent)
{
	int64_t *const out[] = { size, room, extent };
	char number[24];
	size_t n;

	text += strspn(text, " \n");
	for (size_t i = 0; i < XU_ARRAY_SIZE(out); i++) {
		n = strcspn(text, ", \n");
		if (n >= sizeof(number))
			return false;
		memcpy(number, text, n);
		number[n] = '\0';
		if (!xu_num_i64(number, 0, INT64_MAX, out[i]))
			return false;
		text += n + (i < 2 && text[n] == ',');
	}
	return *extent > 0 && text[strspn(text, " \n")] == '\0';
}

/* ---- one command -------------------------------------------------------------------- */

static const char *
program(void)
{
	static const char *const known[] = { "/sbin/lvm", "/usr/sbin/lvm" };

	for (size_t i = 0; i < XU_ARRAY_SIZE(known); i++)
		if (access(known[i], X_OK) == 0)
			return known[i];
	return known[0];
}

static void XU_PRINTF(2, 3)
add(struct lvm *l, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(l->words[l->n], sizeof(l->words[0]), fmt, ap);
	va_end(ap);
	l->argv[l->n] = l->words[l->n];
	l->n++;
}

static struct lvm *
lvm_new(struct core *c, const struct sr *s, const char *command,
    vm_done_f *done, void *arg, struct xu_err *e)
{
	struct lvm *l = calloc(1, sizeof(*l));

	if (l == NULL) {
		xu_err_set(e, XE(XLD_NO_MEMORY), ENOMEM, "run lvm");
		return NULL;
	}
	l->core = c;
	memcpy(l->sr, s->uuid, sizeof(l->sr));
	snprintf(l->group, sizeof(l->group), "%s", sr_group(s));
	l->done = done;
	l->arg = arg;
	add(l, "%s", command);
	add(l, "-q");
	/* Where no udev makes the nodes lvm has to. */
	if (access("/run/udev/control", F_OK) != 0) {
		add(l, "--config");
		add(l, "activation/verify_udev_operations=1");
	}
	return l;
}

static void ended(void *arg, const char *out, const struct xu_err *e);

/* -1: l is free. */
static int
run(struct lvm *l, struct xu_err *e)
{
	l->argv[l->n] = NULL;
	if (tool_run(l->core->loop, program(), l->argv, SECONDS, ended, l,
		e) == 0)
		return 0;
	xu_err_add(e, "the package lvm2 is needed");
	free(l);
	return -1;
}

/* What there is now. */
static int
look(struct lvm *l, struct xu_err *e)
{
	static const char *const words[] = { "vgs", "--noheadings",
		"--nosuffix", "--units", "b", "--separator", ",", "-o",
		"vg_size,vg_free,vg_extent_size" };

	l->looks = true;
	l->n = 0;
	for (size_t i = 0; i < XU_ARRAY_SIZE(words); i++)
		add(l, "%s", words[i]);
	add(l, "%s", l->group);
	return run(l, e);
}

static void
take_figures(struct sr *s, const char *out, const struct xu_err *e)
{
	s->looked = true;
	if (e == NULL &&
	    lvm_read_figures(out, &s->size, &s->room, &s->extent))
		return;
	s->size = s->room = -1;
	s->extent = 0;
}

static void
ended(void *arg, const char *out, const struct xu_err *e)
{
	struct lvm *l = arg;
	struct sr *s = sr_find(l->core, l->sr);
	struct lvm was = *l;

	if (l->removal && e != NULL &&
	    strstr(out, "Failed to find logical volume") != NULL)
		e = NULL;
	if (e != NULL)
		xu_log_err(XU_WARNING, e);
	if (!l->looks && e == NULL) {
		if (look(l, NULL) == 0)
			return;
	} else {
		if (s != NULL && (l->looks || l->only_look))
			take_figures(s, out, e);
		free(l);
	}
	/* A change is done, whatever is seen of it. */
	if (was.looks && !was.only_look)
		e = NULL;
	if (was.done != NULL)
		was.done(was.arg, e);
}

/* ---- what is asked of it ----------------------------------------------------------------- */

int
lvm_look(struct core *c, struct sr *s, bool activate, vm_done_f *done,
    void *arg, struct xu_err *e)
{
	struct lvm *l = lvm_new(c, s, "vgchange", done, arg, e);

	if (l == NULL)
		return -1;
	l->only_look = true;
	if (!activate)
		return look(l, e);
	add(l, "-ay");
	add(l, "%s", l->group);
	return run(l, e);
}

static int64_t
in_extents(const struct sr *s, int64_t bytes)
{
	return s->extent <= 0 ? bytes :
	    (bytes + s->extent - 1) / s->extent * s->extent;
}

static int
has_room(const struct sr *s, int64_t more, struct xu_err *e)
{
	/* Until somebody has looked lvm itself may say what it lacks. */
	if (!s->looked)
		return 0;
	if (s->size < 0) {
		xu_err_set(e, XE(XLD_FILE), 0,
		    "the volume group %s is not there: look with vgs, then "
		    "SR.scan", sr_group(s));
		xu_err_param(e, "%s", sr_group(s));
		xu_err_param(e, "not there");
		return -1;
	}
	if (in_extents(s, more) <= s->room)
		return 0;
	xu_err_set(e, XE(SR_FULL), 0,
	    "the volume group %s has room for %" PRId64 " bytes, not for "
	    "%" PRId64, sr_group(s), s->room, more);
	xu_err_param(e, "%" PRId64, more);
	xu_err_param(e, "%" PRId64, s->room);
	return -1;
}

int
lvm_make(struct core *c, struct sr *s, const char *uuid, int64_t size,
    vm_done_f *done, void *arg, struct xu_err *e)
{
	struct lvm *l;

	if (has_room(s, size, e) < 0 ||
	    (l = lvm_new(c, s, "lvcreate", done, arg, e)) == NULL)
		return -1;
	/* What others left in it is wiped by us, all of it. */
	add(l, "-y");
	add(l, "-Wn");
	add(l, "-Zn");
	add(l, "-n");
	add(l, "xld-%s", uuid);
	add(l, "-L");
	add(l, "%" PRId64 "b", size);
	add(l, "%s", l->group);
	return run(l, e);
}

int
lvm_grow(struct core *c, struct sr *s, const char *uuid, int64_t was,
    int64_t size, vm_done_f *done, void *arg, struct xu_err *e)
{
	struct lvm *l;

	if (has_room(s, size - was, e) < 0 ||
	    (l = lvm_new(c, s, "lvextend", done, arg, e)) == NULL)
		return -1;
	add(l, "-L");
	add(l, "%" PRId64 "b", size);
	add(l, "%s/xld-%s", l->group, uuid);
	return run(l, e);
}

static int
remove_one(struct core *c, struct sr *s, const char *uuid, const char *suffix,
    vm_done_f *done, void *arg, struct xu_err *e)
{
	struct lvm *l = lvm_new(c, s, "lvremove", done, arg, e);

	if (l == NULL)
		return -1;
	l->removal = true;
	add(l, "-f");
	add(l, "%s/xld-%s%s", l->group, uuid, suffix);
	return run(l, e);
}

int
lvm_remove(struct core *c, struct sr *s, const char *uuid, vm_done_f *done,
    void *arg, struct xu_err *e)
{
	return remove_one(c, s, uuid, "", done, arg, e);
}

/* ---- what a volume is at a moment --------------------------------------------------------- */

#define STILL "-still"

void
lvm_still_path(const struct sr *s, const char *uuid, char out[PATH_MAX])
{
	snprintf(out, PATH_MAX, "/dev/%.200s/xld-%s" STILL, sr_group(s), uuid);
}

/* It has room for all of the other one, and for LVM's own (a hundredth is more), so
 * nobody who writes to that makes it useless. */
int
lvm_still(struct core *c, struct sr *s, const char *of, const char *uuid,
    int64_t size, vm_done_f *done, void *arg, struct xu_err *e)
{
	struct lvm *l;

	if (has_room(s, size + size / 100 + s->extent, e) < 0 ||
	    (l = lvm_new(c, s, "lvcreate", done, arg, e)) == NULL)
		return -1;
	add(l, "-y");
	add(l, "-s");
	add(l, "-n");
	add(l, "xld-%s" STILL, uuid);
	add(l, "-l");
	add(l, "100%%ORIGIN");
	add(l, "%s/xld-%s", l->group, of);
	return run(l, e);
}

int
lvm_unstill(struct core *c, struct sr *s, const char *uuid, vm_done_f *done,
    void *arg, struct xu_err *e)
{
	return remove_one(c, s, uuid, STILL, done, arg, e);
}
