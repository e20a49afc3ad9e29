/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libxenapi: a XenAPI client in C, for xld on this host (a UNIX socket) or any
 * XenAPI server that speaks XML-RPC (http, https).
 *
 * A handle is one session over one connection and belongs to one thread at a
 * time. Calls block. Every function that takes a struct xapi_err * accepts
 * NULL; on failure it fills the error, sets errno and gives NULL or -1. Text is
 * UTF-8. "Borrowed" text and values live as long as what they were read from.
 */
#ifndef XENAPI_H
#define XENAPI_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

#define XAPI_SOCKET	 "/run/xld/api.sock"
/* Environment variable with the URL used when xapi_open is given NULL. */
#define XAPI_URI_ENV	 "XLD_URI"

/* The same with a file of certificates (PEM) that https trusts instead of the
 * system's: of xld's own, /var/lib/xld/api.pem of that host. */
#define XAPI_CA_ENV	 "XLD_CA"

#define XAPI_CODE_MAX	 64
#define XAPI_PARAM_MAX	 8
#define XAPI_PARAM_LEN	 160
#define XAPI_MESSAGE_MAX 1024

/*
 * Codes of our own for what never reached a server: XLD_UNREACHABLE,
 * XLD_NO_XEN, XLD_PROTOCOL (an answer that is not XenAPI), XLD_BAD_URL,
 * XLD_TIMEOUT, XLD_INTERRUPTED (a signal arrived while waiting), XLD_NO_MEMORY,
 * XLD_USAGE. All others are the server's.
 */
struct xapi_err {
	/* XenAPI's error code such as "VM_BAD_POWER_STATE"; "" when unset. */
	char code[XAPI_CODE_MAX];
	/* The code's parameters; longer ones are cut. */
	int nparams;
	char params[XAPI_PARAM_MAX][XAPI_PARAM_LEN];
	/* One line for a person, without newline or final stop. */
	char message[XAPI_MESSAGE_MAX];
	/* The exit status a command should end with: 1 failed, 2 usage,
	 * 3 not found, 4 wrong state, 5 permission, 6 timeout, 7 resources,
	 * 75 the daemon cannot be reached. */
	int exit_code;
	/* errno of the cause, 0 when there is none. */
	int errnum;
};

/* ---- values ---------------------------------------------------------------
 * A tree of what XenAPI's calls take and give. Readers never fail: of NULL or
 * another type they give 0, "" or NULL, and they convert between the ways the
 * wire has for a number ("7" and 7 are both 7).
 */
struct xapi_value;

enum xapi_type {
	XAPI_VOID,
	XAPI_BOOL,
	XAPI_INT,
	XAPI_FLOAT,
	XAPI_STRING,
	/* Text YYYYMMDDTHH:MM:SSZ, for calls; answers have it as a string. */
	XAPI_DATETIME,
	XAPI_ARRAY,
	XAPI_STRUCT,
};

enum xapi_type xapi_type(const struct xapi_value *v);
/* Borrowed. */
const char *xapi_str(const struct xapi_value *v);
size_t xapi_strlen(const struct xapi_value *v);
long long xapi_int(const struct xapi_value *v);
double xapi_float(const struct xapi_value *v);
int xapi_bool(const struct xapi_value *v);
/* Children of an array, members of a struct. */
size_t xapi_count(const struct xapi_value *v);
const struct xapi_value *xapi_at(const struct xapi_value *v, size_t i);
const char *xapi_name_at(const struct xapi_value *v, size_t i);
const struct xapi_value *xapi_get(
    const struct xapi_value *strct, const char *name);
/* Shorthands: a member read as text, number, float, truth. */
const char *xapi_get_str(const struct xapi_value *strct, const char *name);
long long xapi_get_int(const struct xapi_value *strct, const char *name);
double xapi_get_float(const struct xapi_value *strct, const char *name);
int xapi_get_bool(const struct xapi_value *strct, const char *name);

/* Making values. NULL when memory is short; adding NULL spoils the container
 * and the call it is given to fails with XLD_NO_MEMORY. Text is copied. */
struct xapi_value *xapi_new_str(const char *s);
struct xapi_value *xapi_new_int(long long i);
struct xapi_value *xapi_new_float(double d);
struct xapi_value *xapi_new_bool(int b);
struct xapi_value *xapi_new_array(void);
struct xapi_value *xapi_new_struct(void);
/* Both take the child, also when they fail (-1). */
int xapi_add(struct xapi_value *array, struct xapi_value *child);
int xapi_set(
    struct xapi_value *strct, const char *name, struct xapi_value *child);
struct xapi_value *xapi_copy(const struct xapi_value *v);
/* NULL is fine. */
void xapi_free(struct xapi_value *v);
/* JSON text; the caller frees it. NULL with errno. */
char *xapi_to_json(const struct xapi_value *v, int pretty);

/* ---- connection and session ---------------------------------------------- */

struct xapi;

/*
 * url: "unix:/path", "http://host[:port]", "https://host[:port]"; NULL takes
 * $XLD_URI, else unix:/run/xld/api.sock. A UNIX socket is connected at once, so
 * that a daemon that is not there is reported here (XLD_UNREACHABLE, or
 * XLD_NO_XEN when this machine does not run under Xen).
 */
struct xapi *xapi_open(const char *url, struct xapi_err *e);
/* Logs out when logged in; NULL is fine. */
void xapi_close(struct xapi *x);

/* user NULL: root, who is known on the UNIX socket by the kernel's word: the
 * connection has a session of its own, and nothing is sent. 0 or -1. */
int xapi_login(struct xapi *x, const char *user, const char *password,
    struct xapi_err *e);
int xapi_logout(struct xapi *x, struct xapi_err *e);
/* Borrowed until logout; "" before login, and where the connection has one. */
const char *xapi_session(const struct xapi *x);
/* Milliseconds a call may take, 0 (the default) = for ever. */
void xapi_set_timeout(struct xapi *x, unsigned milliseconds);
/* 1 when this machine runs under Xen as far as the kernel tells, else 0. */
int xapi_under_xen(void);

/* ---- calls ---------------------------------------------------------------- */

/*
 * Calls "Class.message". The session is put in front, where the message takes
 * one; fmt has a letter for each further argument:
 *	s const char * (strings, refs, enums)	i long long
 *	b int (truth)				d double
 *	v struct xapi_value * (taken)
 * Returns the result, owned by the caller. A void result is an XAPI_STRING "".
 *	xapi_call(x, &e, "VM.start", "sb", ref, 1);
 */
struct xapi_value *xapi_call(
    struct xapi *x, struct xapi_err *e, const char *method, const char *fmt, ...);
/* The same with an array of arguments (taken; NULL = none). */
struct xapi_value *xapi_callv(struct xapi *x, struct xapi_err *e,
    const char *method, struct xapi_value *args);
/* As xapi_call when the result does not matter: 0 or -1. */
int xapi_do(
    struct xapi *x, struct xapi_err *e, const char *method, const char *fmt, ...);

/* ---- long calls ------------------------------------------------------------ */

/* progress 0.0 to 1.0; step names what is being done, "" when unknown. */
typedef void xapi_progress_f(void *arg, double progress, const char *step);

/*
 * Runs Async.METHOD and waits for its task with events. Returns the task's
 * result (text), or NULL with the task's error. progress may be NULL. A signal
 * that interrupts the wait asks the server to cancel the task and gives
 * XLD_INTERRUPTED.
 */
struct xapi_value *xapi_run(struct xapi *x, struct xapi_err *e,
    xapi_progress_f *progress, void *arg, const char *method, const char *fmt,
    ...);
/* Waits for a task's end without hearing of progress, in one call; the server
 * forgets the task soon after. */
struct xapi_value *xapi_task_join(
    struct xapi *x, struct xapi_err *e, const char *task);
/* Waits for a task somebody else started; does not destroy it. */
struct xapi_value *xapi_task_wait(struct xapi *x, struct xapi_err *e,
    const char *task, xapi_progress_f *progress, void *arg);

/* ---- events ---------------------------------------------------------------- */

/* classes: names separated by blanks, "" or NULL = all. */
int xapi_event_register(
    struct xapi *x, const char *classes, struct xapi_err *e);
int xapi_event_unregister(
    struct xapi *x, const char *classes, struct xapi_err *e);
/*
 * Blocks until something happened and returns an array of event records
 * (class, operation "add" "mod" "del", ref, obj_uuid, snapshot). timeout in
 * milliseconds, 0 = for ever; XLD_TIMEOUT when nothing came. Code EVENTS_LOST:
 * read the state anew and go on; registration still stands.
 */
struct xapi_value *xapi_event_next(
    struct xapi *x, unsigned timeout, struct xapi_err *e);

/* ---- consoles -------------------------------------------------------------- */

/* Begin with what the console's history still holds. */
#define XAPI_CONSOLE_HISTORY  1u
/* Watch only: what is written to the descriptor goes nowhere. */
#define XAPI_CONSOLE_READONLY 2u

/*
 * Connects to the console of a guest: uuid of the VM or of its console.
 * Returns a stream socket of its own, raw bytes both ways, which outlives the
 * handle; end of file means that the console is gone. With https a thread of the
 * library's is behind it, which ends with it.
 */
int xapi_console(
    struct xapi *x, const char *uuid, unsigned flags, struct xapi_err *e);
/* The history alone (at most 64 KiB). The caller frees it; NUL added. */
char *xapi_console_log(
    struct xapi *x, const char *uuid, size_t *len, struct xapi_err *e);

/* ---- virtual machines, typed ------------------------------------------------- */

struct xapi_vm {
	/* All borrowed from the list. */
	const char *ref, *uuid, *name;
	/* "Running", "Paused", "Halted", "Suspended", ... */
	const char *power_state;
	/* -1 when it does not run. */
	long long domid;
	/* Bytes it has now (its maximum when it does not run). */
	long long memory, memory_max;
	int vcpus, vcpus_max;
	/* Seconds of processor time so far. */
	double cpu_time;
	/* "r", "b", "p", "s", "c", "d" as flags in that order: "r-----". */
	char state[7];
	/* When it started, YYYYMMDDTHH:MM:SSZ, "" when it does not run. */
	const char *start_time;
	int is_control_domain;
	/* Full records, for everything else; metrics NULL when there are none. */
	const struct xapi_value *record, *metrics;
};

struct xapi_vm_list {
	size_t count;
	/* Running ones first by domid, then the others by name. */
	struct xapi_vm *vms;
	/* What vms borrows from. */
	struct xapi_value *records, *all_metrics;
};

/* Two calls for any number of machines. NULL with *e. */
struct xapi_vm_list *xapi_vm_list(struct xapi *x, struct xapi_err *e);
void xapi_vm_list_free(struct xapi_vm_list *l);
/*
 * Finds one machine by name, uuid or domid (an exact name wins over a number).
 * Returns its ref, which the caller frees. Not there: code XLD_NO_SUCH_VM,
 * exit code 3. The name of several: XLD_NAME_NOT_UNIQUE.
 */
char *xapi_vm_find(
    struct xapi *x, const char *name_uuid_or_domid, struct xapi_err *e);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif
