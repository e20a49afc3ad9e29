/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What xm doctor looks at. A check is a row and a function, which says one thing or,
 * when each of several is wrong, several. */
#ifndef XM_DOCTOR_H
#define XM_DOCTOR_H

#include "xm.h"

enum verdict {
	DOCTOR_OK,
	/* Something will not work, or will not for long. */
	DOCTOR_WARN,
	/* No guest can be started. */
	DOCTOR_FAIL,
};

struct doctor {
	struct xm *xm;
	/* NULL: the daemon does not answer; why is in err. */
	struct xapi *api;
	struct xapi_err err;
	/* Borrowed: name of the check that runs. */
	const char *check;
	/* {"check", "verdict", "text", "remedy"} */
	struct xapi_value *findings;
	enum verdict worst;
};

/* remedy: "" when there is nothing to do. */
void doctor_say(struct doctor *d, enum verdict v, const char *remedy,
    const char *fmt, ...) XU_PRINTF(4, 5);

typedef void doctor_f(struct doctor *d);

/* doctor_host.c: this host, without the daemon. */
doctor_f doctor_xen, doctor_control, doctor_devices, doctor_modules,
    doctor_programs, doctor_store, doctor_bridge, doctor_room, doctor_rivals,
    doctor_loops;
/* doctor_guests.c: what the daemon says of itself and its guests. */
doctor_f doctor_daemon, doctor_enabled, doctor_memory, doctor_quota,
    doctor_orphans, doctor_dying;

/* Calls f with each process' id and name until it gives true. */
bool doctor_processes(bool (*f)(void *arg, long pid, const char *name),
    void *arg);
/* The first line of a file, cut to the room; false: it cannot be read. */
bool doctor_read(const char *path, char *out, size_t room);

#endif
