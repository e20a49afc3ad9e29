/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xld-build: builds one domain and ends. Its order comes over descriptor 3
 * with the files; the kernel is parsed in a child that is forked before there is an
 * order, and before any Xen device is open. What it tells the core is checked there again.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "xenctrl.h"
#include "kernel_val.h"
#include "xenguest.h"
#include "xu_err.h"
#include "xu_log.h"
#include "xu_msg.h"
#include "xu_vnuma.h"

#define CHANNEL_FD  3
/* What ps shows while there is no order. */
#define IDLE	    "xld-build-idle"
#define PAYLOAD_MAX (64u << 10)
/* Percent between two words about the same step, and milliseconds between any. */
#define STRIDE	    5
#define WORD_MS	    50
/* no_delay_for_missed_ticks, which is libxl's default, too (params.h,
 * HVM_PARAM_TIMER_MODE). */
#define TIMER_MODE  1

struct builder {
	struct xu_chan *chan;
	struct xu_msg order;
	xc_interface *xch;
	struct xg_load *load;
	struct xg_build b;
	struct xg_memory *memory;
	struct xg_built built;
	char last[32];
	int percent;
	/* When it last said something, or had nothing to say yet. */
	uint64_t said;
};

/* ---- what the core hears ------------------------------------------------------- */

static uint64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void
progress(void *ctx, const char *step, uint64_t done, uint64_t total)
{
	struct builder *w = ctx;
	int percent = total == 0 ? 0 : (int)(done * 100 / total);
	struct xu_val *v;
	uint64_t now;

	/* Populating is the first half of the work, the rest the second. */
	percent = 5 + (strcmp(step, "memory") == 0 ? percent / 2 :
						     50 + percent * 2 / 5);
	if (percent < w->percent + STRIDE && strcmp(step, w->last) == 0)
		return;
	now = now_ms();
	if (w->said == 0)
		w->said = now;
	if (now - w->said < WORD_MS)
		return;
	w->said = now;
	if (percent > w->percent)
		w->percent = percent;
	snprintf(w->last, sizeof(w->last), "%s", step);
	v = xu_struct();
	xu_val_set(v, "step", xu_str(step));
	xu_val_set(v, "percent", xu_int(w->percent));
	xu_chan_send(w->chan, XU_MSG_PROGRESS, 0, v, NULL, 0);
	xu_val_free(v);
}

static int
refuse(struct builder *w, const char *code, const char *param,
    const char *message)
{
	xu_chan_failed(w->chan, code, param, message);
	return 1;
}

static int
done(struct builder *w)
{
	struct xu_val *v = xu_struct();

	xu_val_set(v, "nr_pages", xu_int((int64_t)w->built.nr_pages));
	xu_val_set(v, "store_frame", xu_int((int64_t)w->built.store_frame));
	xu_val_set(v, "console_frame",
	    xu_int((int64_t)w->built.console_frame));
	xu_val_set(v, "bytes_written",
	    xu_int((int64_t)w->built.bytes_written));
	xu_chan_send(w->chan, XU_MSG_DONE, 0, v, NULL, 0);
	xu_val_free(v);
	return 0;
}

/* ---- the order ------------------------------------------------------------------- */

/* Descriptors came with their names. */
static int
file_of(const struct builder *w, const char *name)
{
	const struct xu_val *files = xu_val_get(w->order.val, "files");

	for (int i = 0; i < w->order.nfds; i++)
		if (strcmp(xu_val_str(xu_val_at(files, (size_t)i)), name) == 0)
			return w->order.fds[i];
	return -1;
}

static enum xg_type
type_of(const struct xu_val *order)
{
	const char *s = xu_val_get_str(order, "type", "pv");

	return strcmp(s, "hvm") == 0 ? XG_HVM :
	    strcmp(s, "pvh") == 0    ? XG_PVH :
				       XG_PV;
}

static void
set_vcpus(struct builder *w)
{
	int64_t online = xu_val_get_int(w->order.val, "online", 1);

	w->b.max_vcpus =
	    (uint32_t)xu_val_get_int(w->order.val, "vcpus", 1);
	for (int64_t i = 0; i < online && i < (int64_t)sizeof(w->b.online) * 8;
	     i++)
		w->b.online[i / 8] |= (uint8_t)(1u << i % 8);
}

/* The core has checked it; what it did not understand would be refused by the
 * builder for its sum. */
static void
set_vnuma(struct builder *w)
{
	static struct xg_vnode nodes[XU_VNODES_MAX];
	struct xu_vnuma v;

	_Static_assert(XU_VNODES_MAX <= XG_MAX_VNODES &&
	    sizeof(nodes[0].vcpus) == sizeof(v.node[0].vcpus) &&
	    sizeof(nodes[0].distance) == sizeof(v.node[0].distance),
	    "virtual nodes");
	xu_vnuma_parse(xu_val_get_str(w->order.val, "vnuma", ""), &v, NULL);
	for (unsigned i = 0; i < v.n; i++) {
		nodes[i].host = v.node[i].host;
		nodes[i].memory_kib = v.node[i].mib * 1024;
		memcpy(nodes[i].distance, v.node[i].distance,
		    sizeof(nodes[i].distance));
		memcpy(nodes[i].vcpus, v.node[i].vcpus,
		    sizeof(nodes[i].vcpus));
	}
	w->b.vnodes = nodes;
	w->b.nr_vnodes = v.n;
}

static uint32_t
flags_of(const struct xu_val *order)
{
	static const struct {
		const char *name;
		uint32_t flag;
		int64_t dflt;
	} rows[] = {
		{ "apic", XG_APIC, 1 },
		{ "vpt_align", XG_VPT_ALIGN, 1 },
		{ "hpet", XG_HPET, 1 },
	};
	uint32_t flags = xu_val_get_bool(order, "acpi", true) ? XG_ACPI : 0;

	for (size_t i = 0; i < XU_ARRAY_SIZE(rows); i++)
		if (xu_val_get_int(order, rows[i].name, rows[i].dflt) != 0)
			flags |= rows[i].flag;
	return flags;
}

static int
receive(struct builder *w)
{
	w->chan = xu_chan_new(CHANNEL_FD, PAYLOAD_MAX);
	if (w->chan == NULL || xu_chan_recv(w->chan, &w->order) != 1 ||
	    w->order.kind != XU_MSG_BUILD)
		return -1;
	xu_log_context(xu_val_get_str(w->order.val, "request", ""));
	w->b = (struct xg_build){
		.type = type_of(w->order.val),
		.max_kib = (uint64_t)xu_val_get_int(w->order.val, "max_kib", 0),
		.video_kib = (uint64_t)xu_val_get_int(w->order.val,
		    "video_kib", 0),
		.flags = flags_of(w->order.val),
		.timer_mode = (uint32_t)xu_val_get_int(w->order.val,
		    "timer_mode", TIMER_MODE),
		.viridian = (uint64_t)xu_val_get_int(w->order.val, "viridian",
		    0),
		.mmio_hole_kib = (uint64_t)xu_val_get_int(w->order.val,
		    "mmio_hole", 0) * 1024,
		.domid = (uint32_t)xu_val_get_int(w->order.val, "domid", 0),
		.memory_kib = (uint64_t)xu_val_get_int(w->order.val,
		    "memory_kib", 0),
		.ramdisk_fd = file_of(w, "ramdisk"),
		.firmware_fd = file_of(w, "firmware"),
		.cmdline = xu_val_get_str(w->order.val, "cmdline", ""),
		.store_port = (uint32_t)xu_val_get_int(w->order.val,
		    "store_port", 0),
		.console_port = (uint32_t)xu_val_get_int(w->order.val,
		    "console_port", 0),
		.progress = progress,
		.ctx = w,
	};
	set_vcpus(w);
	set_vnuma(w);
	return w->b.domid == 0 ? -1 : 0;
}

/* An image that was unpacked before, or a child that unpacks the file. */
static int
begin_kernel(struct builder *w, const char *name, struct xg_kernel *k,
    struct xg_error *e)
{
	struct xg_limits limits = XG_LIMITS_DEFAULT;
	int image = file_of(w, "image");

	if (image < 0 && w->load == NULL &&
	    xg_load_prepare(&w->load, e) < 0)
		return -1;
	if (image < 0)
		return xg_load_start(w->load, file_of(w, "kernel"), name,
		    &limits, e);
	if (kernel_from_val(xu_val_get(w->order.val, "unpacked"), image, k) ==
	    0)
		return 0;
	snprintf(e->msg, sizeof(e->msg), "kernel %s: what was kept of it makes "
	    "no sense", name);
	return -1;
}

/* What took so long is the core's to keep. */
static int
finish_kernel(struct builder *w, struct xg_kernel *k, struct xg_error *e)
{
	struct xu_val *v;

	if (xg_load_finish(w->load, k, e) < 0)
		return -1;
	v = kernel_to_val(k);
	xu_chan_send(w->chan, XU_MSG_KERNEL, 0, v, &k->fd, 1);
	xu_val_free(v);
	return 0;
}

static int
build(struct builder *w)
{
	const char *name = xu_val_get_str(w->order.val, "kernel", "kernel");
	struct xg_error e = { .msg = "" };
	struct xg_kernel k = { .fd = -1 };
	char why[256] = "";
	int r;

	if (begin_kernel(w, name, &k, &e) < 0)
		return refuse(w, "XLD_KERNEL", name, e.msg);
	w->xch = xc_interface_open(NULL, 0, why, sizeof(why));
	if (w->xch == NULL)
		return refuse(w, "XLD_NO_XEN", why, why);
	progress(w, "memory", 0, 1);
	r = xg_populate(w->xch, &w->b, &w->memory, &e);
	if (r < 0)
		return refuse(w, "XLD_BUILD", "memory", e.msg);
	progress(w, "kernel", 0, 1);
	if (k.fd < 0)
		xg_load_ahead(w->load, w->xch, &w->b, w->memory);
	if (k.fd < 0 && finish_kernel(w, &k, &e) < 0)
		return refuse(w, "XLD_KERNEL", name, e.msg);
	if (xg_build(w->xch, &w->b, &k, w->memory, &w->built, &e) < 0)
		return refuse(w, "XLD_BUILD", "build", e.msg);
	return done(w);
}

static int
is_channel(void)
{
	int type = 0;
	socklen_t len = sizeof(type);

	return getsockopt(CHANNEL_FD, SOL_SOCKET, SO_TYPE, &type, &len) == 0 &&
	    type == SOCK_STREAM;
}

int
main(int argc, char **argv XU_UNUSED)
{
	static struct builder w;
	struct xg_error e;
	int status;

	xu_log_open("xld-build", NULL, XU_INFO);
	if (argc != 1 || !is_channel()) {
		fprintf(stderr, "xld-build: started by xld, which gives it its "
				"order on descriptor 3\n");
		return 2;
	}
	prctl(PR_SET_DUMPABLE, 0);
	prctl(PR_SET_NAME, IDLE);
	/* Again, if need be, when there is an order. */
	if (xg_load_prepare(&w.load, &e) < 0)
		w.load = NULL;
	if (receive(&w) < 0) {
		xu_log(XU_ERROR, "the order makes no sense");
		return 1;
	}
	prctl(PR_SET_NAME, "xld-build");
	status = build(&w);
	/* Nobody waits for that; the kernel frees the rest. */
	xg_load_drop(w.load);
	return status;
}
