/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * QMP, the machine protocol of QEMU, from the loop: JSON objects, one a line,
 * commands answered in their order. What QEMU says is bounded and believed only
 * as far as it goes: it talks for a guest.
 */
#ifndef XLD_QMP_H
#define XLD_QMP_H

#include <uv.h>

#include "xu_err.h"
#include "xu_val.h"

struct qmp;

struct qmp_events {
	/* Greeted: commands are taken from now on. */
	void (*ready)(void *arg);
	/* "SHUTDOWN", "RESET", ...; data may be NULL. */
	void (*event)(void *arg, const char *name, const struct xu_val *data);
	/* It hung up, or spoke nonsense: calls under way have failed, and qmp is
	 * to be closed. */
	void (*lost)(void *arg, const struct xu_err *e);
	void *arg;
};

/* ret: what the command returned; e NULL = it worked. May close the qmp. */
typedef void qmp_done_f(void *arg, const struct xu_val *ret,
    const struct xu_err *e);

/* fd (taken, also on failure): a connected stream, not blocking. */
struct qmp *qmp_open(uv_loop_t *loop, int fd, const struct qmp_events *ev,
    struct xu_err *e);
/* args (taken) may be NULL, f too. False: it is lost. */
bool qmp_call(struct qmp *q, const char *command, struct xu_val *args,
    qmp_done_f *f, void *arg);
/* The same with a descriptor (borrowed) for QEMU, as "add-fd" wants it. False,
 * too, while QEMU has not taken in what it was told before. */
bool qmp_call_fd(struct qmp *q, const char *command, struct xu_val *args,
    int fd, qmp_done_f *f, void *arg);
/* Commands one after the other; see qmp_series. */
struct qmp_act {
	const char *command;
	/* NULL: none. */
	struct xu_val *(*args)(const void *ctx);
	/* Done only when there is a descriptor; it goes along. */
	bool in, with_fd;
	/* What is not there need not go. */
	bool may_fail;
};
/* e NULL: all are done. */
typedef void qmp_series_f(void *arg, const struct xu_err *e);
/*
 * All n acts, with fd (borrowed; -1 = none) where one wants it; ctx (size bytes,
 * copied) is what their arguments are made of. done is called once and later, unless
 * -1 is returned: at the end, at the first failure or after so many seconds; then
 * what is under way is waited for, and no further one begins.
 */
int qmp_series(uv_loop_t *loop, struct qmp *q, const struct qmp_act *acts,
    size_t n, const void *ctx, size_t size, int fd, unsigned seconds,
    qmp_series_f *done, void *arg, struct xu_err *e);
/* NULL is. */
bool qmp_is_lost(const struct qmp *q);
/* Calls under way fail. NULL is fine. */
void qmp_close(struct qmp *q);

#endif
