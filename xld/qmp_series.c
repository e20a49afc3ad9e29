/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Several commands of QMP as one thing that is done or not; see qmp.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "errors.h"
#include "qmp.h"

struct series {
	/* Valid as long as it owes an answer. */
	struct qmp *qmp;
	const struct qmp_act *acts;
	size_t n, at;
	/* Ours, -1 = none. */
	int fd;
	unsigned seconds;
	uv_timer_t deadline;
	qmp_series_f *done;
	void *arg;
	_Alignas(max_align_t) unsigned char ctx[];
};

static void
freed(uv_handle_t *h)
{
	struct series *s = h->data;

	if (s->fd >= 0)
		close(s->fd);
	free(s);
}

/* Told once; what QEMU still owes is passed over. */
static void
tell(struct series *s, const struct xu_err *e)
{
	qmp_series_f *done = s->done;

	s->done = NULL;
	if (done != NULL)
		done(s->arg, e);
}

static void
end(struct series *s, const struct xu_err *e)
{
	tell(s, e);
	uv_close((uv_handle_t *)&s->deadline, freed);
}

static void
answered(void *arg, const struct xu_val *ret, const struct xu_err *e);

/* The next command; there is one. */
static int
act(struct series *s, struct xu_err *e)
{
	const struct qmp_act *a = &s->acts[s->at];

	if (qmp_call_fd(s->qmp, a->command,
		a->args == NULL ? NULL : a->args(s->ctx),
		a->with_fd ? s->fd : -1, answered, s))
		return 0;
	xu_err_set(e, XE(XLD_HELPER), 0,
	    "the device model takes no commands (%s)", a->command);
	xu_err_param(e, "qemu");
	xu_err_param(e, "it takes no commands");
	return -1;
}

static void
answered(void *arg, const struct xu_val *ret XU_UNUSED, const struct xu_err *e)
{
	struct series *s = arg;
	struct xu_err own = XU_ERR_INIT;

	if (e != NULL && !s->acts[s->at].may_fail) {
		own = *e;
		xu_err_add(&own, "%s", s->acts[s->at].command);
		end(s, &own);
		return;
	}
	do
		s->at++;
	while (s->at < s->n && s->acts[s->at].in && s->fd < 0);
	/* Nobody waits for it any more: half of it is enough. */
	if (s->at == s->n || s->done == NULL)
		end(s, NULL);
	else if (act(s, &own) < 0)
		end(s, &own);
}

static void
too_late(uv_timer_t *t)
{
	struct series *s = t->data;
	struct xu_err e = XU_ERR_INIT;

	xu_err_set(&e, XE(XLD_TIMEOUT), 0,
	    "the device model has not answered %s within %u s",
	    s->acts[s->at].command, s->seconds);
	xu_err_param(&e, "%s", s->acts[s->at].command);
	xu_err_param(&e, "%u", s->seconds);
	tell(s, &e);
}

int
qmp_series(uv_loop_t *loop, struct qmp *q, const struct qmp_act *acts,
    size_t n, const void *ctx, size_t size, int fd, unsigned seconds,
    qmp_series_f *done, void *arg, struct xu_err *e)
{
	struct series *s;

	if (q == NULL) {
		xu_err_set(e, XE(XLD_HELPER), 0,
		    "there is no connection to the device model");
		xu_err_param(e, "qemu");
		xu_err_param(e, "no connection");
		return -1;
	}
	s = calloc(1, sizeof(*s) + size);
	if (s != NULL)
		s->fd = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (s == NULL || (fd >= 0 && s->fd < 0)) {
		free(s);
		return xu_err_set(e, XE(XLD_NO_MEMORY), errno,
		    "speak to the device model");
	}
	s->qmp = q;
	s->acts = acts;
	s->n = n;
	s->seconds = seconds;
	s->done = done;
	s->arg = arg;
	if (size > 0)
		memcpy(s->ctx, ctx, size);
	uv_timer_init(loop, &s->deadline);
	s->deadline.data = s;
	uv_timer_start(&s->deadline, too_late, seconds * 1000, 0);
	if (act(s, e) == 0)
		return 0;
	s->done = NULL;
	end(s, NULL);
	return -1;
}
