/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xld-image: writes the image of one domain, or its core, or reads an image into a
 * domain, and ends.
 * Its orders come over descriptor 3, the file with the first, and one for the state of
 * the device model, of a guest that has one. What it reads, a guest's
 * memory or a file of anybody's, is looked at behind walls (confine.h) that are up
 * before the first byte; what it tells the core is checked there again.
 *
 *   save      order -> PROGRESS..., DONE
 *     live    order -> PROGRESS..., SUSPEND; go on -> PROGRESS..., DONE
 *   dump      order -> PROGRESS..., DONE
 *   restore   order -> IMAGE: whose it is; order: into which domain ->
 *             PROGRESS..., DONE
 *
 * It is cancelled by being killed: neither the guest nor the file is the worse for
 * it.
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "confine.h"
#include "xenctrl.h"
#include "xenctrl_core.h"
#include "xenguest.h"
#include "xu_err.h"
#include "xu_log.h"
#include "xu_msg.h"

#define CHANNEL_FD  3
#define PAYLOAD_MAX (1u << 20)
/* Of a device model; they have some tens of KiB. */
#define STATE_MAX   (64 << 20)
/* Between two words about how far it is. */
#define WORD_MS	    100

struct image {
	struct xu_chan *chan;
	struct xu_msg order;
	xc_interface *xch;
	/* What is saved. */
	struct xg_save *save;
	uint64_t said, began;
};

/* ---- what the core hears ------------------------------------------------------- */

static uint64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static int
progress(void *ctx, uint64_t done, uint64_t total)
{
	struct image *w = ctx;
	uint64_t now = now_ms();
	struct xu_val *v;

	if (now - w->said < WORD_MS)
		return 0;
	w->said = now;
	v = xu_struct();
	xu_val_set(v, "step", xu_str("memory"));
	xu_val_set(v, "percent",
	    xu_int(total == 0 ? 0 : (int64_t)(done * 100 / total)));
	xu_val_set(v, "done", xu_int((int64_t)done));
	xu_val_set(v, "total", xu_int((int64_t)total));
	xu_chan_send(w->chan, XU_MSG_PROGRESS, 0, v, NULL, 0);
	xu_val_free(v);
	return 0;
}

static int
refuse(struct image *w, const char *code, const char *param,
    const char *message)
{
	xu_chan_failed(w->chan, code, param, message);
	return 1;
}

static int
tell(struct image *w, uint32_t kind, struct xu_val *v)
{
	int r = xu_chan_send(w->chan, kind, 0, v, NULL, 0);

	xu_val_free(v);
	return r < 0 ? 1 : 0;
}

/* ---- save ------------------------------------------------------------------------ */

/* Of what it will take. */
static int
live_percent(const struct image *w, const struct xg_live_state *s)
{
	uint64_t gone = now_ms() - w->began;

	return (int)(gone * 100 / (gone + s->eta_ms + 1));
}

static int
live_state(void *ctx, const struct xg_live_state *s)
{
	struct image *w = ctx;
	struct xu_val *v;
	char step[32];

	if (now_ms() - w->said < WORD_MS)
		return 0;
	w->said = now_ms();
	snprintf(step, sizeof(step), s->round == 0 ? "last-round" : "round-%u",
	    s->round);
	v = xu_struct();
	xu_val_set(v, "step", xu_str(step));
	xu_val_set(v, "percent", xu_int(live_percent(w, s)));
	xu_val_set(v, "round", xu_int(s->round));
	xu_val_set(v, "by_sum", xu_bool(s->by_sum));
	xu_val_set(v, "left", xu_int((int64_t)s->left));
	xu_val_set(v, "bytes", xu_int((int64_t)s->bytes));
	xu_val_set(v, "rate", xu_int((int64_t)s->rate));
	xu_val_set(v, "dirty_rate", xu_int((int64_t)s->dirty_rate));
	xu_val_set(v, "downtime_ms", xu_int((int64_t)s->downtime_ms));
	xu_val_set(v, "eta_ms", xu_int((int64_t)s->eta_ms));
	xu_chan_send(w->chan, XU_MSG_PROGRESS, 0, v, NULL, 0);
	xu_val_free(v);
	return 0;
}

static const char *
file_name(const struct image *w)
{
	return xu_val_get_str(w->order.val, "file", "image");
}

/* What the device model wrote; nobody else is to be believed how much. */
static int
read_state(const struct image *w, struct xg_error *e)
{
	struct xg_save *s = w->save;
	const int fd = w->order.nfds > 1 ? w->order.fds[1] : -1;
	struct stat st = { .st_size = 0 };
	char *p;

	if (fd < 0)
		return 0;
	if (fstat(fd, &st) < 0 || st.st_size <= 0 || st.st_size > STATE_MAX) {
		snprintf(e->msg, sizeof(e->msg), "the device model's state has "
		    "%lld bytes", (long long)st.st_size);
		return -1;
	}
	p = malloc((size_t)st.st_size);
	if (p == NULL || pread(fd, p, (size_t)st.st_size, 0) != st.st_size) {
		snprintf(e->msg, sizeof(e->msg), "the device model's state "
		    "cannot be read");
		free(p);
		return -1;
	}
	s->emulator = p;
	s->emulator_len = (size_t)st.st_size;
	return 0;
}

/* The core's to do; when it cannot, it does not answer but ends this process. */
static int
live_suspend(void *ctx, struct xg_error *e)
{
	AUTO_MSG struct xu_msg m = XU_MSG_INIT;
	AUTO_VAL struct xu_val *v = xu_struct();
	struct image *w = ctx;

	if (xu_chan_send(w->chan, XU_MSG_SUSPEND, 0, v, NULL, 0) == 0 &&
	    xu_chan_recv(w->chan, &m) == 1 && m.kind == XU_MSG_BUILD)
		return read_state(w, e);
	e->errnum = errno = ECANCELED;
	snprintf(e->msg, sizeof(e->msg), "the guest was not suspended");
	return -1;
}

/* NULL: it is suspended. */
static const struct xg_live *
live_order(const struct xu_val *order, struct xg_live *l)
{
	const struct xu_val *v = xu_val_get(order, "live");

	if (v == NULL)
		return NULL;
	*l = (struct xg_live){ .suspend = live_suspend, .state = live_state,
		.downtime_ms = (uint32_t)xu_val_get_int(v, "downtime_ms", 0),
		.rounds = (uint32_t)xu_val_get_int(v, "rounds", 0),
		.seconds = (uint32_t)xu_val_get_int(v, "seconds", 0),
		.bandwidth = (uint64_t)xu_val_get_int(v, "bandwidth", 0),
		.strict = xu_val_get_bool(v, "strict", false),
		.by_sum = xu_val_get_bool(v, "by_sum", false) };
	return l;
}

static int
save(struct image *w, int fd)
{
	AUTO_BUF struct xu_buf config = XU_BUF_INIT;
	struct xg_save s = { .fd = fd, .progress = progress, .ctx = w,
		.domid = (uint32_t)xu_val_get_int(w->order.val, "domid", 0),
		.compat = xu_val_get_bool(w->order.val, "compat", false) };
	struct xg_error e = { .msg = "" };
	struct xg_live live;
	struct xg_saved done;
	struct xu_val *v;

	if (xu_val_to_json(xu_val_get(w->order.val, "config"), false,
		&config) < 0)
		return refuse(w, "XLD_HELPER", "xld-image",
		    "no memory for the configuration");
	s.config = xu_buf_text(&config);
	s.live = live_order(w->order.val, &live);
	w->save = &s;
	w->began = now_ms();
	/* Not freed: this process ends with it. */
	if ((s.live == NULL && read_state(w, &e) < 0) ||
	    xg_image_save(w->xch, &s, &done, &e) < 0)
		return refuse(w, "XLD_IMAGE", file_name(w), e.msg);
	if (fsync(fd) < 0 && errno != EINVAL && errno != EROFS)
		return refuse(w, "XLD_IMAGE", file_name(w), strerror(errno));
	v = xu_struct();
	xu_val_set(v, "bytes", xu_int((int64_t)done.bytes));
	xu_val_set(v, "pages", xu_int((int64_t)done.pages));
	xu_val_set(v, "zero_pages", xu_int((int64_t)done.zero_pages));
	xu_val_set(v, "rounds", xu_int(done.rounds));
	xu_val_set(v, "by_sum", xu_bool(done.by_sum));
	xu_val_set(v, "last_pages", xu_int((int64_t)done.last_pages));
	xu_val_set(v, "last_us", xu_int((int64_t)done.last_us));
	return tell(w, XU_MSG_DONE, v);
}

/* ---- dump ------------------------------------------------------------------------ */

/* Whoever gave the order has paused the domain, or knows why not. */
static int
dump(struct image *w, int fd)
{
	struct xc_dump d = { .flags = XC_DUMP_LIVE, .progress = progress,
		.ctx = w };
	const uint32_t domid = (uint32_t)xu_val_get_int(w->order.val, "domid",
	    0);
	struct xu_val *v;

	if (xc_domain_dumpcore_fd(w->xch, domid, fd, &d) < 0)
		return refuse(w, "XLD_CORE", file_name(w),
		    xc_last_error(w->xch));
	if (fsync(fd) < 0 && errno != EINVAL && errno != EROFS)
		return refuse(w, "XLD_CORE", file_name(w), strerror(errno));
	v = xu_struct();
	xu_val_set(v, "bytes", xu_int((int64_t)d.bytes));
	xu_val_set(v, "pages", xu_int((int64_t)d.pages));
	xu_val_set(v, "zero_pages", xu_int((int64_t)d.holes));
	return tell(w, XU_MSG_DONE, v);
}

/* ---- restore ----------------------------------------------------------------------- */

static int
introduce(struct image *w, const struct xg_image *m)
{
	const char *text = xg_image_config(m);
	struct xu_val *v = xu_struct(), *config;
	struct xu_err e = XU_ERR_INIT;

	config = xu_val_from_json(text, strlen(text), PAYLOAD_MAX, &e);
	if (config == NULL) {
		xu_val_free(v);
		return refuse(w, "XLD_IMAGE", file_name(w),
		    "the image is damaged: its configuration is no JSON");
	}
	xu_val_set(v, "config", config);
	xu_val_set(v, "pv", xu_bool(xg_image_is_pv(m)));
	return tell(w, XU_MSG_IMAGE, v);
}

/* For the device model, which reads it behind walls of its own. */
static int
write_state(const struct image *w, const struct xg_restored *out,
    struct xg_error *e)
{
	const char *p = out->emulator;
	size_t done = 0;

	while (done < out->emulator_len) {
		ssize_t n = write(w->order.fds[1], p + done,
		    out->emulator_len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			snprintf(e->msg, sizeof(e->msg),
			    "the device model's state: %s", strerror(errno));
			return -1;
		}
		done += (size_t)n;
	}
	return 0;
}

static int
load(struct image *w, struct xg_image *m, const struct xu_val *order)
{
	struct xg_error e = { .msg = "" };
	struct xg_restored out;
	struct xg_restore r = { .progress = progress, .ctx = w,
		.domid = (uint32_t)xu_val_get_int(order, "domid", 0),
		.store_port = (uint32_t)xu_val_get_int(order, "store_port", 0),
		.console_port = (uint32_t)xu_val_get_int(order, "console_port",
		    0),
		.nr_pages = (uint64_t)xu_val_get_int(order, "nr_pages", 0) };
	struct xu_val *v;

	if (xg_image_restore(w->xch, m, &r, &out, &e) < 0 ||
	    write_state(w, &out, &e) < 0)
		return refuse(w, "XLD_IMAGE", file_name(w), e.msg);
	v = xu_struct();
	xu_val_set(v, "nr_pages", xu_int((int64_t)out.nr_pages));
	xu_val_set(v, "store_frame", xu_int((int64_t)out.store_frame));
	xu_val_set(v, "console_frame", xu_int((int64_t)out.console_frame));
	xu_val_set(v, "state_bytes", xu_int((int64_t)out.emulator_len));
	free(out.emulator);
	return tell(w, XU_MSG_DONE, v);
}

static int
restore(struct image *w, int fd)
{
	AUTO_MSG struct xu_msg order = XU_MSG_INIT;
	struct xg_error e = { .msg = "" };
	struct xg_image *m = NULL;
	int r;

	if (w->order.nfds < 2)
		return refuse(w, "XLD_HELPER", "xld-image",
		    "it was given no file for a device model's state");
	if (xg_image_open(fd, &m, &e) < 0)
		return refuse(w, "XLD_IMAGE", file_name(w), e.msg);
	r = introduce(w, m);
	/* Nobody wants it, or here is its domain. */
	if (r == 0 && (xu_chan_recv(w->chan, &order) != 1 ||
	    order.kind != XU_MSG_BUILD))
		r = 1;
	if (r == 0)
		r = load(w, m, order.val);
	xg_image_close(&m);
	return r;
}

/* ---- the whole ---------------------------------------------------------------------- */

static int
work(struct image *w)
{
	const char *what = xu_val_get_str(w->order.val, "do", "");
	char why[256] = "";

	xu_log_context(xu_val_get_str(w->order.val, "request", ""));
	w->xch = xc_interface_open(NULL, 0, why, sizeof(why));
	if (w->xch == NULL)
		return refuse(w, "XLD_NO_XEN", why, why);
	if (confine() < 0)
		return refuse(w, "XLD_HELPER", "xld-image",
		    "its walls cannot be raised");
	if (strcmp(what, "save") == 0)
		return save(w, w->order.fds[0]);
	if (strcmp(what, "dump") == 0)
		return dump(w, w->order.fds[0]);
	return restore(w, w->order.fds[0]);
}

int
main(int argc, char **argv XU_UNUSED)
{
	static struct image w;

	xu_log_open("xld-image", NULL, XU_INFO);
	/* What is written goes to another host, perhaps. */
	signal(SIGPIPE, SIG_IGN);
	w.chan = xu_chan_new(CHANNEL_FD, PAYLOAD_MAX);
	if (argc != 1 || w.chan == NULL ||
	    xu_chan_recv(w.chan, &w.order) != 1 ||
	    w.order.kind != XU_MSG_BUILD || w.order.nfds < 1) {
		fprintf(stderr, "xld-image: started by xld, which gives it its "
				"order on descriptor 3\n");
		return 2;
	}
	return work(&w);
}
