/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Creation as a table of steps, each with its undo. The hypervisor work between
 * an empty domain and a built one is xld-build's; everything a crash could
 * leave behind is found again by the intent's uuid, which is the domain's
 * handle from its first moment.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <stdint.h>
#include <unistd.h>

#include "bootprog.h"
#include "dev.h"
#include "dm.h"
#include "kernel_val.h"
#include "message.h"
#include "screen.h"
#include "vm_files.h"
#include "vm_limits.h"
#include "vm_order.h"
#include "vm_room.h"
#include "vm_save.h"
#include "xu_log.h"


struct create {
	struct guest *g;
	struct core *core;
	struct xu_job job;
	bool paused, cancelled, reaping;
	struct vm_files files;
	char args[BOOT_ARGS_MAX];
	/* Of the file that the worker unpacks, when it began. */
	struct kcache_id kernel_id;
	struct dev_work devices;
	struct room room;
	struct worker *worker;
	/* From an image: who has it open, until it has its order; what became of that
	 * before; whether the guest was suspended. */
	struct worker *image;
	struct xu_err image_err;
	/* HVM: what the device model was; -1 = nothing. */
	int state_fd;
	bool from_image, was_suspended;
	struct vm_hold hold;
	/* On whose behalf, for the log. */
	char request[XU_LOG_CONTEXT];
	vm_progress_f *progress;
	vm_done_f *done;
	void *arg;
};

static int64_t
number(const struct create *j, const char *field)
{
	return xu_val_get_int(j->g->config, field, 0);
}

static enum xu_step_result
result(int r)
{
	return r < 0 ? XU_STEP_FAIL : XU_STEP_NEXT;
}

/* ---- files ----------------------------------------------------------------------- */

static void
close_files(void *ctx)
{
	struct create *j = ctx;

	vm_files_close(&j->files);
}

/* What the worker unpacks: the guest's kernel, or what comes before it. */
static int
start_file(const struct create *j)
{
	return config_type(j->g->config) == TYPE_HVM ? j->files.loader :
						       j->files.kernel;
}

static const char *
start_name(const struct create *j)
{
	const char *kernel = xu_val_get_str(j->g->config, "PV_kernel", "");

	if (config_type(j->g->config) == TYPE_HVM)
		return "hvmloader";
	return kernel[0] != '\0' ? kernel :
	    bootprog_wanted(j->g->config) ? "of the boot loader" : "pvgrub";
}

/* An image has them in the guest's memory; but a device model that had a kernel to
 * boot is another machine than one without. */
static enum xu_step_result
step_files(void *ctx, struct xu_err *e)
{
	struct create *j = ctx;
	const struct xu_val *v = j->g->config;

	if (j->from_image && (config_type(v) != TYPE_HVM ||
		xu_val_get_str(v, "PV_kernel", "")[0] == '\0'))
		return XU_STEP_NEXT;
	return result(vm_files_open(j->core, j->g->config, &j->files, e));
}

/* ---- devices --------------------------------------------------------------------- */

static void
devices_resume(void *arg, const struct xu_err *e)
{
	struct create *j = arg;

	xu_job_resume(&j->job, e);
}

/* Before there is a domain: what is missing is known at once. */
static enum xu_step_result
step_prepare(void *ctx, struct xu_err *e)
{
	struct create *j = ctx;

	if (screen_settle(j->g, e) < 0)
		return XU_STEP_FAIL;
	return dev_prepare(&j->devices, e);
}

static enum xu_step_result
step_bootloader(void *ctx, struct xu_err *e)
{
	struct create *j = ctx;

	if (j->from_image)
		return XU_STEP_NEXT;
	return bootprog_start(j->g, &j->files, j->args, devices_resume, j, e);
}

static void
undo_prepare(void *ctx)
{
	struct create *j = ctx;

	dev_release(&j->devices);
}

static enum xu_step_result
step_nodes(void *ctx, struct xu_err *e)
{
	struct create *j = ctx;

	return result(dev_publish(&j->devices, e));
}

static void
undo_nodes(void *ctx)
{
	struct create *j = ctx;

	dev_withdraw(&j->devices);
}

static enum xu_step_result
step_ready(void *ctx, struct xu_err *e)
{
	struct create *j = ctx;

	dev_plug(&j->devices, "on");
	return dev_ready(&j->devices, e);
}

/* ---- memory ------------------------------------------------------------------------ */

static enum xu_step_result
step_memory(void *ctx, struct xu_err *e)
{
	struct create *j = ctx;

	j->room.done = devices_resume;
	j->room.arg = j;
	return room_make(j->core, &j->room, limits_need(j->g->config), e);
}

/* ---- the empty domain ----------------------------------------------------------------- */

static enum xu_step_result
step_intent(void *ctx, struct xu_err *e)
{
	struct create *j = ctx;

	return result(intent_write(j->g,
	    j->g->op == OP_REBOOT ? "reboot" : "create", e));
}

static void
reaped(void *arg);

static void
undo_intent(void *ctx)
{
	struct create *j = ctx;

	/* While a domain is still going the intent stays; see reaped. */
	if (!j->reaping)
		intent_remove(j->g->uuid);
}

static enum xu_step_result
step_domain(void *ctx, struct xu_err *e)
{
	struct create *j = ctx;
	struct xc_domain_create req = XC_DOMAIN_CREATE_INIT;
	uint32_t domid = 0;

	/* That of a domain that went while nobody looked. */
	j->g->handle[0] = '\0';
	/* Firmware and boot loaders speak through the serial line. */
	if (!j->from_image)
		j->g->on_ring = false;
	if (order_domain(j->g, &req, e) < 0)
		return XU_STEP_FAIL;
	if (xc_domain_create(j->core->xch, &domid, &req) < 0)
		return result(xen_fail(j->core, e, "create a domain"));
	if (guest_set_domid(j->g, (int32_t)domid, e) < 0) {
		reap(j->core, (int32_t)domid, NULL, NULL);
		return XU_STEP_FAIL;
	}
	j->g->start_time = now_real();
	return XU_STEP_NEXT;
}

static void
undo_domain(void *ctx)
{
	struct create *j = ctx;

	j->reaping = true;
	reap(j->core, j->g->domid, reaped, j);
}

static enum xu_step_result
step_limits(void *ctx, struct xu_err *e)
{
	struct create *j = ctx;
	struct core *c = j->core;
	const struct xu_val *v = j->g->config;
	uint32_t domid = (uint32_t)j->g->domid;
	uint64_t free_pages = 0;

	if (limits_set(c, v, domid, e) < 0)
		return XU_STEP_FAIL;
	/* From here on nobody else gets these pages. */
	if (xc_claim_pages(c->xch, domid,
		(uint64_t)number(j, "memory_dynamic_max") >> 12) == 0)
		return XU_STEP_NEXT;
	if (errno == ENOMEM && limits_free(c, &free_pages, e) == 0)
		return result(limits_too_little(j->core,
		    limits_need(j->g->config), free_pages, e));
	return result(xen_fail(c, e, "claim the memory"));
}

static enum xu_step_result
step_channels(void *ctx, struct xu_err *e)
{
	struct create *j = ctx;
	struct guest *g = j->g;
	int store, console;

	store = xc_evtchn_alloc_unbound(j->core->xch, (uint32_t)g->domid, 0);
	console = store < 0 ? -1 :
	    xc_evtchn_alloc_unbound(j->core->xch, (uint32_t)g->domid, 0);
	if (console < 0)
		return result(xen_fail(j->core, e, "make event channels"));
	g->store_port = (uint32_t)store;
	g->console_port = (uint32_t)console;
	return XU_STEP_NEXT;
}

/* ---- the worker -------------------------------------------------------------------------- */

static void
on_progress(void *arg, const char *step, int percent)
{
	struct create *j = arg;

	if (j->progress != NULL)
		j->progress(j->arg, step, percent);
}

/* Nobody wrote to the file since it was opened: its times say so. */
static void
on_kernel(void *arg, struct xg_kernel *k)
{
	struct create *j = arg;
	const char *path = start_name(j);
	unsigned long long bytes = k->size;
	struct kcache_id now;
	char packed[sizeof(k->packed)];
	int r = -1;

	memcpy(packed, k->packed, sizeof(packed));
	if (!kcache_identify(start_file(j), &now) ||
	    !kcache_same(&now, &j->kernel_id)) {
		xg_kernel_close(k);
		errno = EAGAIN;
	} else {
		r = kcache_keep(j->core->kernels, &j->kernel_id, k);
	}
	xu_log(XU_INFO, "kernel %s: unpacked (%s, %llu bytes)%s%s", path,
	    packed, bytes, r == 0 ? ", kept" : ", not kept: ",
	    r == 0		? "" :
		errno == EAGAIN ? "the file has just been changed" :
				  strerror(errno));
}

static void
on_built(void *arg, const struct xu_val *v, const struct xu_err *e)
{
	struct create *j = arg;
	int64_t store = xu_val_get_int(v, "store_frame", 0);
	int64_t console = xu_val_get_int(v, "console_frame", 0);
	struct xu_err bad = XU_ERR_INIT;

	xu_log_context(j->request);
	if (j->worker == NULL) {
		/* It has come to grief before there was a domain for it. */
		j->image = NULL;
		if (e != NULL)
			j->image_err = *e;
		return;
	}
	j->worker = NULL;
	if (e == NULL && (store <= 0 || console <= 0)) {
		xu_err_set(&bad, "XLD_HELPER", 0,
		    "the build worker's report makes no sense");
		e = &bad;
	}
	if (e == NULL && j->from_image && restore_loaded(j->g, v, &bad) < 0)
		e = &bad;
	if (e == NULL)
		xu_log(XU_INFO, "domain %d: built, %lld KiB written",
		    j->g->domid,
		    (long long)xu_val_get_int(v, "bytes_written", 0) / 1024);
	j->g->store_frame = (uint64_t)store;
	j->g->console_frame = (uint64_t)console;
	xu_job_resume(&j->job, e);
}

/* Descriptors go along by name; how many there are now. */
static int
add_file(struct xu_val *files, int *fds, int n, const char *name, int fd)
{
	xu_val_add(files, xu_str(name));
	fds[n] = fd;
	return n + 1;
}

/* The kernel itself, or what was unpacked from it before. */
static int
add_kernel(struct create *j, struct xu_val *order, struct xu_val *files,
    int *fds, int n)
{
	const struct xg_kernel *k = kcache_find(j->core->kernels,
	    &j->kernel_id);

	if (k == NULL)
		return add_file(files, fds, n, "kernel", start_file(j));
	xu_log(XU_INFO, "kernel %s: unpacked before (%s, %llu bytes)",
	    start_name(j), k->packed,
	    (unsigned long long)k->size);
	xu_val_set(order, "unpacked", kernel_to_val(k));
	return add_file(files, fds, n, "image", k->fd);
}

/* What the worker finds in the image becomes the domain's. */
static enum xu_step_result
load_image(struct create *j, struct xu_err *e)
{
	if (j->image == NULL) {
		*e = j->image_err;
		return XU_STEP_FAIL;
	}
	if (restore_load(j->g, j->image, e) < 0)
		return XU_STEP_FAIL;
	j->worker = j->image;
	j->image = NULL;
	return XU_STEP_NEXT;
}

/* It works while the nodes are written. */
static enum xu_step_result
step_worker(void *ctx, struct xu_err *e)
{
	struct create *j = ctx;
	const struct worker_events ev = { .progress = on_progress,
		.kernel = on_kernel, .done = on_built, .arg = j };
	AUTO_VAL struct xu_val *order = xu_struct();
	struct xu_val *files = xu_array();
	int fds[XU_MSG_FDS], n = 0;

	if (j->from_image)
		return load_image(j, e);
	kcache_identify(start_file(j), &j->kernel_id);
	n = add_kernel(j, order, files, fds, n);
	if (j->files.firmware >= 0)
		n = add_file(files, fds, n, "firmware", j->files.firmware);
	else if (j->files.ramdisk >= 0)
		n = add_file(files, fds, n, "ramdisk", j->files.ramdisk);
	xu_val_set(order, "files", files);
	xu_val_set(order, "request", xu_str(j->request));
	xu_val_set(order, "kernel", xu_str(start_name(j)));
	if (order_worker(j->g, j->args, order, e) < 0)
		return XU_STEP_FAIL;
	j->worker = worker_start(j->core, order, fds, n, &ev, e);
	return j->worker == NULL ? XU_STEP_FAIL : XU_STEP_NEXT;
}

static void
undo_worker(void *ctx)
{
	struct create *j = ctx;

	if (j->worker != NULL)
		worker_kill(j->worker);
	j->worker = NULL;
}

/* Its word comes from the loop, so it cannot have come before this. */
static enum xu_step_result
step_build(void *ctx XU_UNUSED, struct xu_err *e XU_UNUSED)
{
	return XU_STEP_WAIT;
}

static enum xu_step_result
step_claim(void *ctx, struct xu_err *e)
{
	struct create *j = ctx;

	if (xc_claim_pages(j->core->xch, (uint32_t)j->g->domid, 0) < 0)
		return result(xen_fail(j->core, e, "end the claim"));
	return XU_STEP_NEXT;
}

/* ---- into the world ------------------------------------------------------------------------- */

static enum xu_step_result
step_store(void *ctx, struct xu_err *e)
{
	struct create *j = ctx;

	return result(store_write_guest(j->g, e));
}

static void
undo_store(void *ctx)
{
	struct create *j = ctx;

	store_remove(j->core, j->g->domid, j->g->uuid);
}

static enum xu_step_result
step_introduce(void *ctx, struct xu_err *e)
{
	struct create *j = ctx;
	struct guest *g = j->g;

	if (store_write_rings(g, e) < 0)
		return XU_STEP_FAIL;
	if (j->core->xs != NULL &&
	    xs_introduce_domain(j->core->xs, (unsigned)g->domid,
		g->store_frame, g->store_port))
		return XU_STEP_NEXT;
	xu_err_set(e, "XLD_STORE", 0, "introduce domain %d: %s", g->domid,
	    j->core->xs == NULL ? "xenstored cannot be reached" :
				  xs_last_error(j->core->xs));
	xu_err_param(e, "introduce");
	return XU_STEP_FAIL;
}

static void
undo_introduce(void *ctx)
{
	struct create *j = ctx;

	if (j->core->xs != NULL)
		xs_release_domain(j->core->xs, (unsigned)j->g->domid);
}

static enum xu_step_result
step_console(void *ctx, struct xu_err *e)
{
	struct create *j = ctx;

	return result(console_attach(j->g, false, e));
}

static void
undo_console(void *ctx)
{
	struct create *j = ctx;

	console_detach(j->g);
}

static void
on_served(void *arg, const struct xu_err *e)
{
	struct create *j = arg;

	xu_job_resume(&j->job, e);
}

static enum xu_step_result
step_devmodel(void *ctx, struct xu_err *e)
{
	struct create *j = ctx;

	if (config_type(j->g->config) != TYPE_HVM)
		return XU_STEP_NEXT;
	/* Where the worker wrote. */
	if (j->state_fd >= 0 && lseek(j->state_fd, 0, SEEK_SET) < 0)
		return result(xu_err_set(e, "XLD_HELPER", errno,
		    "the device model's state"));
	return dm_start(j->g, j->files.kernel, j->files.ramdisk, j->state_fd,
		   on_served, j, e) < 0 ? XU_STEP_FAIL : XU_STEP_WAIT;
}

static void
undo_devmodel(void *ctx)
{
	struct create *j = ctx;

	if (config_type(j->g->config) == TYPE_HVM)
		dm_stop(j->g, NULL, NULL);
}

static enum xu_step_result
step_record(void *ctx, struct xu_err *e)
{
	struct create *j = ctx;

	close_files(j);
	if (j->from_image) {
		j->g->suspended = false;
		j->g->to_run = !j->paused;
	}
	return result(record_write(j->g, e));
}

static void
undo_record(void *ctx)
{
	struct create *j = ctx;

	j->g->suspended = j->was_suspended;
	j->g->to_run = false;
	/* A machine that its owner keeps has a record anyhow. */
	if (guest_is_transient(j->g))
		record_remove(j->g, NULL);
}

static enum xu_step_result
step_hold(void *ctx, struct xu_err *e XU_UNUSED)
{
	struct create *j = ctx;

	if (j->hold.f == NULL)
		return XU_STEP_NEXT;
	j->hold.f(j->hold.arg, j, j->g);
	return XU_STEP_WAIT;
}

/* What a guest does once it goes on cannot be undone: from here on a restarted daemon
 * lets it run, rather than go on from the image a second time. */
static enum xu_step_result
step_commit(void *ctx, struct xu_err *e XU_UNUSED)
{
	struct create *j = ctx;

	if (j->from_image)
		intent_remove(j->g->uuid);
	return XU_STEP_NEXT;
}

static enum xu_step_result
step_run(void *ctx, struct xu_err *e)
{
	struct create *j = ctx;

	if (!j->paused &&
	    xc_domain_unpause(j->core->xch, (uint32_t)j->g->domid) < 0)
		return result(xen_fail(j->core, e, "let the guest run"));
	return XU_STEP_NEXT;
}

static const struct xu_step steps[] = {
	{ "files", step_files, close_files },
	{ "device-prepare", step_prepare, undo_prepare },
	{ "bootloader", step_bootloader, NULL },
	{ "memory", step_memory, NULL },
	{ "intent", step_intent, undo_intent },
	{ "domain", step_domain, undo_domain },
	{ "limits", step_limits, NULL },
	{ "channels", step_channels, NULL },
	{ "worker", step_worker, undo_worker },
	{ "store", step_store, undo_store },
	{ "device-nodes", step_nodes, undo_nodes },
	{ "build", step_build, NULL },
	{ "claim", step_claim, NULL },
	{ "introduce", step_introduce, undo_introduce },
	{ "console", step_console, undo_console },
	{ "device-ready", step_ready, NULL },
	{ "devmodel", step_devmodel, undo_devmodel },
	{ "record", step_record, undo_record },
	{ "hold", step_hold, NULL },
	{ "commit", step_commit, NULL },
	{ "run", step_run, NULL },
	{ NULL, NULL, NULL },
};

/* ---- the driver's callbacks ------------------------------------------------------------------- */

static void
on_step(struct xu_job *job)
{
	struct create *j = job->ctx;
	size_t n = xu_job_steps(steps), build = 0;

	xu_log_context(j->request);
	if (fault_point(steps[job->at].name, &job->err) < 0)
		return;
	while (strcmp(steps[build].name, "build") != 0)
		build++;
	/* Building takes nearly all of the time and has its own scale. */
	if (j->progress != NULL && job->at != build)
		j->progress(j->arg, steps[job->at].name, (int)(job->at < build ?
		    job->at : 90 + 10 * job->at / n));
}

/* One that moves is what it was before. */
static void
tell(const struct create *j)
{
	if (j->hold.f == NULL)
		message_of(j->g, j->from_image ? MSG_VM_RESUMED :
			j->g->op == OP_REBOOT  ? MSG_VM_REBOOTED :
						 MSG_VM_STARTED);
}

static void
end(struct create *j)
{
	const struct xu_err *e = xu_err_is_set(&j->job.err) ? &j->job.err :
							      NULL;
	struct guest *g = j->g;

	workers_restock(j->core);
	if (j->image != NULL)
		worker_kill(j->image);
	if (j->state_fd >= 0)
		close(j->state_fd);
	if (e == NULL)
		intent_remove(g->uuid);
	if (e == NULL && j->from_image) {
		g->to_run = false;
		record_write(g, NULL);
	}
	if (e == NULL)
		tell(j);
	g->op = OP_NONE;
	if (e == NULL)
		scan_one(g);
	j->done(j->arg, e);
	free(j);
}

/* The domain of a failed creation is no more. */
static void
reaped(void *arg)
{
	struct create *j = arg;

	guest_set_domid(j->g, NO_DOMID, NULL);
	intent_remove(j->g->uuid);
	/* A machine that its owner keeps goes back to being halted. */
	if (!guest_is_transient(j->g))
		record_write(j->g, NULL);
	end(j);
}

static void
on_done(struct xu_job *job)
{
	struct create *j = job->ctx;

	if (!j->reaping)
		end(j);
}

static void
begin(uv_timer_t *t)
{
	struct create *j = t->data;

	uv_close((uv_handle_t *)t, (uv_close_cb)free);
	xu_job_start(&j->job);
}

static struct create *
new_create(struct guest *g, bool paused, vm_progress_f *progress,
    vm_done_f *done, void *arg)
{
	struct create *j = calloc(1, sizeof(*j));
	uv_timer_t *t = calloc(1, sizeof(*t));
	struct xu_err e = XU_ERR_INIT;

	if (j == NULL || t == NULL) {
		free(j);
		free(t);
		xu_err_set(&e, "XLD_NO_MEMORY", ENOMEM, "create '%s'",
		    guest_name(g));
		done(arg, &e);
		return NULL;
	}
	*j = (struct create){ .g = g,
		.core = g->core,
		.paused = paused,
		.files = VM_FILES_NONE,
		.state_fd = -1,
		.devices = { .guest = g, .resume = devices_resume, .arg = j },
		.progress = progress,
		.done = done,
		.arg = arg };
	snprintf(j->request, sizeof(j->request), "%s", xu_log_context_word());
	if (g->op == OP_NONE)
		g->op = OP_CREATE;
	xu_job_init(&j->job, steps, j);
	j->job.on_step = on_step;
	j->job.on_done = on_done;
	/* From the loop: the caller gets the handle before the end. */
	uv_timer_init(g->core->loop, t);
	t->data = j;
	uv_timer_start(t, begin, 0, 0);
	return j;
}

struct create *
vm_create(struct guest *g, bool paused, vm_progress_f *progress,
    vm_done_f *done, void *arg)
{
	return new_create(g, paused, progress, done, arg);
}

struct create *
vm_restore(struct guest *g, struct worker *image, int state_fd, bool paused,
    struct vm_hold hold, vm_progress_f *progress, vm_done_f *done, void *arg)
{
	struct create *j = new_create(g, paused, progress, done, arg);
	const struct worker_events ev = { .progress = on_progress,
		.done = on_built, .arg = j };

	if (j == NULL) {
		close(state_fd);
		worker_kill(image);
		return NULL;
	}
	j->state_fd = state_fd;
	j->hold = hold;
	j->from_image = true;
	j->was_suspended = g->suspended;
	j->image = image;
	worker_listen(image, &ev);
	return j;
}

void
vm_create_go_on(struct create *j, const struct xu_err *e)
{
	xu_job_resume(&j->job, e);
}

int
vm_create_cancel(struct create *j)
{
	struct xu_err e = XU_ERR_INIT;

	if (j->worker == NULL && !room_leave(&j->room))
		return -1;
	if (j->worker != NULL)
		worker_kill(j->worker);
	xu_err_set(&e, "TASK_CANCELLED", 0, "cancelled while %s",
	    j->worker != NULL ? "building" : "waiting for memory");
	j->worker = NULL;
	xu_job_resume(&j->job, &e);
	return 0;
}
