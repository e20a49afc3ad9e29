/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From an image to a guest that goes on. xld-image opens it and tells whose it is;
 * what it tells is checked like the arguments of VM.create; then the machine is
 * created as any other (vm_create.c), but for its memory, which the worker fills. Also
 * the images of suspended machines: files of ours, one for each.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xen/hvm/params.h>

#include "dev.h"
#include "dm.h"
#include "image_xl.h"
#include "vm_save.h"
#include "xu_file.h"
#include "xu_log.h"

#define SUSPENDED XLD_STATEDIR "/suspended"
#define SUFFIX	  ".image"
#define NO_DELAY  1

struct restoring {
	struct core *core;
	/* Whose image it is; was it made for it? */
	struct guest *g;
	bool fresh;
	bool paused;
	/* Of a stream; else zero. */
	struct restore_order stream;
	struct worker *worker;
	/* In memory: the device model's state, once the worker has found it. */
	int state_fd;
	struct create *create;
	char request[XU_LOG_CONTEXT];
	vm_progress_f *progress;
	restore_done_f *done;
	void *arg;
};

/* ---- the end ------------------------------------------------------------------------ */

/* Of a machine that was made for it nothing stays when it failed. */
static void
finish(struct restoring *r, const struct xu_err *e)
{
	struct guest *g = r->g;
	restore_done_f *done = r->done;
	void *arg = r->arg;
	bool fresh = r->fresh;

	if (r->state_fd >= 0)
		close(r->state_fd);
	free(r);
	if (e == NULL) {
		done(arg, g, NULL);
		return;
	}
	if (g != NULL)
		g->op = OP_NONE;
	if (g != NULL && fresh) {
		record_remove(g, NULL);
		vm_forget(g);
	} else if (g != NULL) {
		vm_settle(g);
	}
	done(arg, NULL, e);
}

static void
created(void *arg, const struct xu_err *e)
{
	struct restoring *r = arg;
	struct xu_err why = XU_ERR_INIT;

	if (e != NULL) {
		why = *e;
		xu_err_add(&why, "%s", guest_name(r->g));
	}
	finish(r, e == NULL ? NULL : &why);
}

static void
on_progress(void *arg, const char *step, int percent)
{
	const struct restoring *r = arg;

	if (r->progress != NULL)
		r->progress(r->arg, step, percent);
}

/* ---- whose it is ---------------------------------------------------------------------- */

static int
taken(const struct guest *g, struct xu_err *e)
{
	xu_err_set(e, "DUPLICATE_VM", 0, "'%s' is the machine of the image, and "
	    "%s", guest_name(g), g->domid >= 0 || g->op != OP_NONE ?
	    "is there: end it first" :
	    "is suspended: resume it, or destroy it first");
	xu_err_param(e, "%s", g->uuid);
	return -1;
}

/* Devices begin as those of a machine that is halted. */
static void
take_devices(struct xu_val *to, const struct xu_val *from)
{
	for (size_t k = 0; dev_classes[k] != NULL; k++) {
		const char *name = dev_classes[k]->list;
		const struct xu_val *list = xu_val_get(from, name);
		struct xu_val *copy = xu_array(), *entry;

		for (size_t i = 0; i < xu_val_count(list); i++) {
			entry = xu_val_copy(xu_val_at(list, i));
			xu_val_set(entry, "plug", xu_str(""));
			xu_val_add(copy, entry);
		}
		xu_val_set(to, name, copy);
	}
}

/* The machine is there, halted: it becomes what it was when it was saved, with the
 * devices it has now. */
static int
take_halted(struct guest *g, const struct xu_val *args, struct xu_err *e)
{
	struct xu_val *v;

	if (g->domid >= 0 || g->op != OP_NONE || g->suspended || g->foreign)
		return taken(g, e);
	v = config_complete(args);
	take_devices(v, g->config);
	if (config_check(g->core, g, v, e) < 0) {
		xu_val_free(v);
		return -1;
	}
	return guest_take_config(g, v, e);
}

static int
make_guest(struct restoring *r, const struct xu_val *args, struct xu_err *e)
{
	const char *uuid = xu_val_get_str(args, "uuid", "");
	struct xu_val *config;
	uint8_t bytes[16];

	if (!uuid_bytes(uuid, bytes)) {
		xu_err_set(e, "XLD_IMAGE", 0, "the image's machine has no uuid");
		xu_err_param(e, "configuration");
		xu_err_param(e, "no uuid");
		return -1;
	}
	r->g = guest_by_uuid(r->core, uuid);
	if (r->g != NULL) {
		if (take_halted(r->g, args, e) == 0)
			return 0;
		r->g = NULL;
		return -1;
	}
	config = config_new(r->core, args, e);
	if (config == NULL)
		return -1;
	take_devices(config, args);
	r->g = guest_new(r->core, uuid, config, e);
	if (r->g == NULL)
		return -1;
	r->fresh = true;
	r->g->made_at = now_real();
	return record_write(r->g, e);
}

static int
check_type(const struct guest *g, bool pv, struct xu_err *e)
{
	if (pv == (config_type(g->config) == TYPE_PV))
		return 0;
	xu_err_set(e, "XLD_IMAGE", 0, "the image is of another type of guest");
	xu_err_param(e, "%s", guest_name(g));
	xu_err_param(e, "another type of guest");
	return -1;
}

static int
whose(struct restoring *r, const struct xu_val *v, struct xu_err *e)
{
	AUTO_VAL struct xu_val *args = NULL;
	bool pv = xu_val_get_bool(v, "pv", false);

	if (r->g == NULL) {
		args = image_args(xu_val_get(v, "config"), pv, e);
		if (args == NULL ||
		    (r->stream.adapt != NULL &&
			r->stream.adapt(r->stream.arg, args, e) < 0) ||
		    make_guest(r, args, e) < 0)
			return -1;
		if (r->stream.made != NULL)
			r->stream.made(r->stream.arg, r->g, r->fresh);
		api_tell_guest(r->g);
	}
	r->g->on_ring = image_on_ring(xu_val_get(v, "config"));
	return check_type(r->g, pv, e);
}

static void
on_image(void *arg, const struct xu_val *v)
{
	struct restoring *r = arg;
	struct worker *w = r->worker;
	struct xu_err e = XU_ERR_INIT;
	struct create *j;
	int state_fd = r->state_fd;

	xu_log_context(r->request);
	r->worker = NULL;
	if (whose(r, v, &e) < 0) {
		worker_leave(w);
		finish(r, &e);
		return;
	}
	r->state_fd = -1;
	j = vm_restore(r->g, w, state_fd, r->paused, r->stream.hold,
	    on_progress, created, r);
	/* Else it is over, and r is no more. */
	if (j != NULL)
		r->create = j;
}

/* It was no image, or its reader has died. */
static void
on_end(void *arg, const struct xu_val *v XU_UNUSED, const struct xu_err *e)
{
	struct restoring *r = arg;
	struct xu_err why = XU_ERR_INIT;

	xu_log_context(r->request);
	r->worker = NULL;
	if (e != NULL)
		why = *e;
	else
		xu_err_set(&why, "XLD_HELPER", 0, "xld-image's report makes no "
		    "sense");
	finish(r, &why);
}

/* ---- begin, cancel ---------------------------------------------------------------------- */

static int
open_image(const char *file, struct xu_err *e)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return fd;
	xu_err_set(e, "XLD_FILE", fd < 0 ? errno : 0,
	    fd < 0 ? "%s" : "%s: not a regular file", file);
	xu_err_param(e, "%s", file);
	xu_err_param(e, "%s", fd < 0 ? strerror(errno) : "not a regular file");
	if (fd >= 0)
		close(fd);
	return -1;
}

/* Takes fd; -1 is an error. */
static int
start_worker(struct restoring *r, const char *file, int fd, struct xu_err *e)
{
	const struct worker_events ev = { .image = on_image, .done = on_end,
		.arg = r };
	AUTO_VAL struct xu_val *order = xu_struct();
	int fds[2] = { fd, -1 };

	if (fds[0] < 0)
		return -1;
	r->state_fd = fds[1] = dm_state_file(e);
	xu_val_set(order, "do", xu_str("restore"));
	xu_val_set(order, "request", xu_str(r->request));
	xu_val_set(order, "file", xu_str(file));
	if (fds[1] >= 0)
		r->worker = worker_image(r->core, order, fds, 2, &ev, e);
	close(fds[0]);
	return r->worker == NULL ? -1 : 0;
}

struct restoring *
restore_begin(struct core *c, struct guest *g, const char *file, bool paused,
    vm_progress_f *progress, restore_done_f *done, void *arg)
{
	struct restoring *r = calloc(1, sizeof(*r));
	struct xu_err e = XU_ERR_INIT;

	if (r == NULL) {
		xu_err_set(&e, "XLD_NO_MEMORY", ENOMEM, "restore");
		done(arg, NULL, &e);
		return NULL;
	}
	*r = (struct restoring){ .core = c, .g = g, .paused = paused,
		.state_fd = -1, .progress = progress, .done = done, .arg = arg };
	snprintf(r->request, sizeof(r->request), "%s", xu_log_context_word());
	if (start_worker(r, file, open_image(file, &e), &e) < 0) {
		finish(r, &e);
		return NULL;
	}
	if (g != NULL)
		g->op = OP_CREATE;
	return r;
}

struct restoring *
restore_stream(struct core *c, const struct restore_order *o,
    restore_done_f *done, void *arg)
{
	struct restoring *r = calloc(1, sizeof(*r));
	struct xu_err e = XU_ERR_INIT;

	if (r == NULL) {
		close(o->fd);
		xu_err_set(&e, "XLD_NO_MEMORY", ENOMEM, "restore");
		done(arg, NULL, &e);
		return NULL;
	}
	*r = (struct restoring){ .core = c, .paused = o->paused, .stream = *o,
		.state_fd = -1, .done = done, .arg = arg };
	snprintf(r->request, sizeof(r->request), "%s", xu_log_context_word());
	if (start_worker(r, o->file, o->fd, &e) == 0)
		return r;
	finish(r, &e);
	return NULL;
}

int
restore_may_take(struct core *c, const struct xu_val *args, struct xu_err *e)
{
	AUTO_VAL struct xu_val *config = NULL;
	const char *uuid = xu_val_get_str(args, "uuid", "");
	const struct guest *g = guest_by_uuid(c, uuid);

	if (g != NULL && (g->domid >= 0 || g->op != OP_NONE || g->suspended ||
		g->foreign))
		return taken(g, e);
	if (g != NULL)
		return 0;
	config = config_new(c, args, e);
	return config == NULL ? -1 : 0;
}

int
restore_cancel(struct restoring *r)
{
	struct xu_err e = XU_ERR_INIT;

	if (r->create != NULL)
		return vm_create_cancel(r->create);
	if (r->worker == NULL)
		return -1;
	worker_kill(steal_ptr(&r->worker));
	xu_err_set(&e, "TASK_CANCELLED", 0, "cancelled");
	finish(r, &e);
	return 0;
}

/* ---- what the worker does ---------------------------------------------------------------- */

/* Parameters of Xen's that an image leaves to the configuration. */
static int
set_params(const struct guest *g, struct xu_err *e)
{
	static const struct {
		uint32_t index;
		const char *key;
		/* NO_DELAY: xen/hvm/params.h's no_delay_for_missed_ticks. */
		int64_t dflt;
		bool hvm;
	} params[] = {
		{ HVM_PARAM_TIMER_MODE, "timer_mode", NO_DELAY, false },
		{ HVM_PARAM_HPET_ENABLED, "hpet", 1, true },
		{ HVM_PARAM_VPT_ALIGN, "vpt_align", 1, true },
	};
	const enum dom_type type = config_type(g->config);

	for (size_t i = 0; i < XU_ARRAY_SIZE(params); i++) {
		if (type == TYPE_PV || (params[i].hvm && type != TYPE_HVM))
			continue;
		if (xc_hvm_param_set(g->core->xch, (uint32_t)g->domid,
			params[i].index, (uint64_t)config_number(g->config,
			    "platform", params[i].key, params[i].dflt)) < 0)
			return xen_fail(g->core, e, "set its parameters");
	}
	return 0;
}

int
restore_load(const struct guest *g, struct worker *image, struct xu_err *e)
{
	AUTO_VAL struct xu_val *order = xu_struct();

	xu_val_set(order, "domid", xu_int(g->domid));
	xu_val_set(order, "store_port", xu_int(g->store_port));
	xu_val_set(order, "console_port", xu_int(g->console_port));
	xu_val_set(order, "nr_pages",
	    xu_int(xu_val_get_int(g->config, "memory_dynamic_max", 0) >> 12));
	return set_params(g, e) < 0 ? -1 : worker_go_on(image, order, e);
}

int
restore_loaded(const struct guest *g, const struct xu_val *told,
    struct xu_err *e)
{
	if (config_type(g->config) != TYPE_HVM ||
	    xu_val_get_int(told, "state_bytes", 0) > 0)
		return 0;
	xu_err_set(e, "XLD_IMAGE", 0, "the image of an HVM guest has no state of "
	    "a device model");
	xu_err_param(e, "%s", guest_name(g));
	xu_err_param(e, "no device model");
	return -1;
}

/* ---- images of suspended machines --------------------------------------------------------- */

void
suspended_path(const char *uuid, char out[SUSPENDED_PATH])
{
	struct xu_err e = XU_ERR_INIT;

	if (xu_mkdirs(SUSPENDED, 0700, &e) < 0)
		xu_log_err(XU_ERROR, &e);
	snprintf(out, SUSPENDED_PATH, SUSPENDED "/%s" SUFFIX, uuid);
}

void
suspended_again(struct guest *g)
{
	char path[SUSPENDED_PATH];

	/* It goes when the guest runs. */
	suspended_path(g->uuid, path);
	g->suspended = access(path, F_OK) == 0;
}

void
suspended_forget(struct guest *g)
{
	char path[SUSPENDED_PATH];

	suspended_path(g->uuid, path);
	if (unlink(path) < 0 && errno != ENOENT)
		xu_log(XU_ERROR, "remove %s: %s", path, strerror(errno));
}

/* Is it the image of a machine that is suspended? */
static bool
is_wanted(const struct core *c, const char *name)
{
	char uuid[UUID_TEXT];
	const struct guest *g;

	snprintf(uuid, sizeof(uuid), "%.36s", name);
	g = guest_by_uuid(c, uuid);
	return g != NULL && g->suspended &&
	    strcmp(name + strlen(uuid), SUFFIX) == 0;
}

void
suspended_clean(struct core *c)
{
	DIR *d = opendir(SUSPENDED);
	char path[SUSPENDED_PATH];
	const struct dirent *ent;
	struct xu_list *l;
	struct guest *g;

	while (d != NULL && (ent = readdir(d)) != NULL)
		if (ent->d_type == DT_REG && !is_wanted(c, ent->d_name))
			unlinkat(dirfd(d), ent->d_name, 0);
	if (d != NULL)
		closedir(d);
	LIST_FOREACH(l, &c->guests) {
		g = xu_container_of(l, struct guest, all);
		suspended_path(g->uuid, path);
		if (!g->suspended || access(path, F_OK) == 0)
			continue;
		xu_log(XU_ERROR, "%s: it was suspended, and its image %s has "
		    "gone: it is halted now", guest_name(g), path);
		g->suspended = false;
		record_write(g, NULL);
	}
}
