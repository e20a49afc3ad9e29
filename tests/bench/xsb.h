/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xsbench: what its rows share. It speaks the store's wire protocol itself, so
 * that no library's cost is in the figures; a daemon that does not answer as
 * asked ends the run.
 */
#ifndef XSB_H
#define XSB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xen/io/xs_wire.h>

/* --- the wire (xsb_wire.c) -------------------------------------------------- */

struct xb_hv; /* domains with rings (xsb_ring.c) */

struct xb_lane; /* the page of single calls (xsb_lane.c) */

struct xb_conn {
	int fd; /* -1: a ring */
	struct xenstore_domain_interface *ring;
	struct xb_hv *hv;
	uint32_t domid;
	char *in, *out;
	size_t in_off, in_end, in_size; /* unread bytes are in[off..end) */
	size_t out_len, out_size;
	struct xb_lane *lane;
	unsigned calls;	      /* until it is asked for */
	unsigned long events; /* watch events seen by xb_reply() */
};

struct xb_msg {
	struct xsd_sockmsg h;
	const char *body; /* valid until the connection is read again */
};

__attribute__((format(printf, 1, 2), noreturn)) void
xb_die(const char *fmt, ...);
__attribute__((format(printf, 3, 4))) char *
xb_name(char *buf, size_t size, const char *fmt, ...);
#define XB_NAME(...) xb_name((char[256]){ 0 }, 256, __VA_ARGS__)

struct xb_conn *xb_connect(const char *path);
void xb_close(struct xb_conn *c);
/* Nothing is queued or on its way: asks for a lane when there were enough calls. */
void xb_lane_want(struct xb_conn *c);
/* The one message that is queued, by the lane. */
void xb_lane_call(struct xb_conn *c, struct xb_msg *m);
void xb_lane_close(struct xb_conn *c);
/* Queues a request: the path with its NUL, then the value without one. */
void xb_put(struct xb_conn *c, uint32_t type, uint32_t tx, const char *path,
    const char *value);
void xb_put_raw(struct xb_conn *c, uint32_t type, uint32_t tx,
    const void *payload, size_t len);
void xb_flush(struct xb_conn *c);
/* A whole message that is here already. */
bool xb_take(struct xb_conn *c, struct xb_msg *m);
/* Waits for more bytes, or takes what is there; false: none there. */
bool xb_fill(struct xb_conn *c, bool wait);
/* Waits for the next message that is not a watch event. */
void xb_reply(struct xb_conn *c, struct xb_msg *m);
/* The one message that is queued and its reply, by the lane if there is one. */
void xb_exchange(struct xb_conn *c, struct xb_msg *m);
/* One request and its reply; false: the reply is an error. */
bool xb_call(struct xb_conn *c, uint32_t type, uint32_t tx, const char *path,
    const char *value, struct xb_msg *m);
/* The same, for those that must succeed. */
void xb_ok(struct xb_conn *c, uint32_t type, uint32_t tx, const char *path,
    const char *value);
void xb_must(const struct xb_msg *m);
bool xb_is_error(const struct xb_msg *m, const char *name);
uint32_t xb_start(struct xb_conn *c);
bool xb_end(struct xb_conn *c, uint32_t tx); /* false: EAGAIN */
/* Keeps requests on their way; waits for the oldest beyond `window`. */
struct xb_flow {
	struct xb_conn *c;
	unsigned window, pending;
};
void xb_flow_room(struct xb_flow *f);
void xb_flow_drain(struct xb_flow *f);

/* --- domains without Xen (xsb_ring.c), as xenstored/hv_test.h has them --------- */

struct xb_hv *xb_hv_open(const char *dir);
void xb_hv_close(struct xb_hv *hv);
void xb_hv_add(struct xb_hv *hv, uint32_t domid);
void xb_hv_flags(struct xb_hv *hv, uint32_t domid, uint32_t flags);
void xb_hv_remove(struct xb_hv *hv, uint32_t domid);
/* Its side of the ring; to be introduced by somebody. */
struct xb_conn *xb_ring(struct xb_hv *hv, uint32_t domid);
void xb_ring_flush(struct xb_conn *c);
bool xb_ring_fill(struct xb_conn *c, bool wait);
void xb_ring_close(struct xb_conn *c);
/* The event channel fires; nothing while it is masked. */
void xb_kick(struct xb_conn *c);
void xb_introduce(struct xb_conn *tool, uint32_t domid);

/* --- figures (xsb_stat.c) ----------------------------------------------------- */

uint64_t xb_now(void); /* ns */
struct xb_samples {
	uint32_t *ns;
	size_t count, size;
};
void xb_sample(struct xb_samples *s, uint64_t ns);
double xb_percentile(struct xb_samples *s, double p); /* ns; sorts */
double xb_rate(struct xb_samples *s);                 /* per s, of the median */
void xb_samples_fini(struct xb_samples *s);
void xb_emit(const char *metric, double value, const char *unit);
/* NAME (per s), NAME.us (median), NAME.p99 (us), NAME.n */
void xb_emit_samples(const char *name, struct xb_samples *s);
uint64_t xb_cpu(void); /* ns the daemon has run; 0: unknown */
uint64_t xb_cpu_settled(unsigned idle_ms); /* the same, once it is idle */
struct xb_memory {
	uint64_t anon, shmem, state; /* bytes */
};
struct xb_memory xb_memory(void);
uint32_t xb_random(void); /* the same numbers in each run */

/* --- the rows -------------------------------------------------------------------- */

struct xb_options {
	const char *socket, *rundir;
	int pid;
	double seconds;
	unsigned long n;
	bool no_lane;
};
extern struct xb_options xb_opt;

void row_sync(void);
void row_pipe(void);
void row_clients(void);
void row_calls_sync(void);
void row_calls_pipe(void);
void row_device(void);
void row_device_hot(void);
void row_device_toggle(void);
void row_device_sibling(void);
void row_nodes(void);
void row_dir(void);
void row_watch(void);
void row_leave(void);
void row_domains(void);
void row_rings(void);
void row_hostile(void);
int serve_null(const char *path);

#endif
