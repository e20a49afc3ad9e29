/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A QEMU process of a guest, whatever it is for: started with what it needs as
 * descriptors, spoken to by QMP, watched by a pidfd (so a restarted daemon watches
 * it just as well), ended by SIGTERM and, when that takes too long, by SIGKILL. It
 * is untrusted and outlives xld, which finds it again by its record. Its output is
 * a file that does not grow without bound (XSA-180); the end of it is part of our
 * error when it dies.
 *
 * Who starts one has a struct qemu_role and embeds a struct qemu as the first
 * member of its own.
 */
#ifndef XLD_QEMU_H
#define XLD_QEMU_H

#include "qmp.h"
#include "xld.h"

/* Nobody's, by systemd's list of user ids (0x70000000 to 0x7fffffff are not
 * used by anything). Each role has as many from here on as there are domains. */
#define QEMU_UID_BASE 0x70000000u
#define QEMU_UIDS     0x8000u

#define QEMU_FOLDER XLD_RUNDIR "/dm"
/* An empty folder. */
#define QEMU_ROOT QEMU_FOLDER "/root"

struct qemu;

struct qemu_role {
	/* "device model": for people. */
	const char *word;
	/* "qemu-dm": of its log; "qmp": of its socket; "dm": of its members of
	 * the guest's record. */
	const char *log, *suffix, *record;
	uint32_t uid_base;
	/* Where the guest keeps it. */
	struct qemu **(*slot)(struct guest *g);
	/* It was greeted: when it is told all, qemu_started. */
	void (*greeted)(struct qemu *q);
	/* An event of QMP's. May be NULL. */
	void (*event)(struct qemu *q, const char *name);
	/* It has died; why: "the device model was killed by ...". */
	void (*died)(struct guest *g, const struct xu_err *why);
	/* Its log has grown. May be NULL. */
	void (*said)(struct qemu *q);
	/* Before it is freed, by whatever it ended: what it was met by goes,
	 * too. May be NULL. */
	void (*forget)(const struct guest *g);
	/* In the process that becomes it. */
	int (*confine)(const void *plan);
};

struct qemu {
	const struct qemu_role *role;
	struct core *core;
	/* NULL: forgotten. */
	struct guest *guest;
	int32_t domid;
	pid_t pid;
	/* Of /proc/PID/stat: tells this process from a later one. */
	uint64_t born;
	int pidfd;
	uv_poll_t death;
	uv_timer_t timer;
	uv_fs_event_t log_event;
	unsigned handles;
	char log[512];
	struct qmp *qmp;
	bool stopping, gone;
	/* In core's qemu_orphans: it ends without a guest. */
	struct xu_list orphan;
	/* Until it is started; NULL: nobody waits. */
	void (*ready)(void *arg, const struct xu_err *e);
	void (*stopped)(void *arg);
	void *arg;
};

/* size: of the caller's structure. NULL with an error. */
struct qemu *qemu_new(struct guest *g, const struct qemu_role *role, size_t size,
    struct xu_err *e);
/* The socket is there before QEMU is, so that nobody has to wait for it. */
int qemu_listen(const struct guest *g, const struct qemu_role *role,
    struct xu_err *e);
/* The words (argv) and plan (of role->confine) are the caller's; the child has fds
 * from 3 on. ready is called once; it may be NULL. -1: q is freed. */
int qemu_start(struct qemu *q, char **argv, const void *plan, const int *fds,
    int nfds, vm_done_f *ready, void *arg, struct xu_err *e);
/* e NULL: all that it was asked at its start is done. */
void qemu_started(struct qemu *q, const struct xu_err *e);
/* What it has open of /dev/xen/privcmd is good for its domain alone from now on. */
int qemu_restrict(const struct qemu *q, struct xu_err *e);
/* What qemu_adopt needs, into the guest's record. */
void qemu_keep(const struct qemu *q, struct xu_val *v);
/* After a restart of the daemon. NULL: it is dead. */
struct qemu *qemu_adopt(struct guest *g, const struct qemu_role *role,
    size_t size, const struct xu_val *v);
/* Ends it, calls f (may be NULL) when it is gone, at once when there is none. */
void qemu_stop(struct guest *g, const struct qemu_role *role,
    void (*f)(void *arg), void *arg);
/* Those of domid that we do not know of, because we were killed as they began. */
void qemu_kill_strays(const struct qemu_role *role, int32_t domid);
/* The guest has no more to do with it; one that was not stopped lives on. */
void qemu_forget(struct guest *g, const struct qemu_role *role);
/* Those that were told to end by guests that are gone. */
void qemu_orphans_close(struct core *c);
#endif
