/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The other side of xenstored's test transport (xenstored/hv_test.h): a host
 * without Xen. It starts the daemon in a directory of its own, makes and ends
 * domains, and is the guest at each ring: clients that behave, and a page and a
 * kick for those that do not. One thread.
 *
 * Payloads are written and read as text with '|' for NUL: "/a|value".
 */
#ifndef XS_TESTHV_H
#define XS_TESTHV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <xen/io/xs_wire.h>

/* Fields newer than the installed header, in bytes from the page's start. */
#define THV_FEATURES   2064
#define THV_CONNECTION 2068
#define THV_ERROR      2072

struct thv;

struct thv_msg {
	struct xsd_sockmsg hdr;
	/* A NUL behind. */
	char data[XENSTORE_PAYLOAD_MAX + 1];
};

/* A host in a fresh directory below $TMPDIR; its daemon is not started yet. */
struct thv *thv_new(void);
/* Ends the daemon (when it runs), frees clients, removes the directory. */
void thv_free(struct thv *h);
const char *thv_dir(const struct thv *h);

/* extra: more arguments, NULL-terminated, or NULL. 0, or -1: it did not come
 * up (its output is in DIR/log). Asks no rights and needs no Xen. */
int thv_start(struct thv *h, const char *daemon, char *const *extra);
/* The daemon's end of the transport is a new one. 0 or -1. */
int thv_again(struct thv *h);
pid_t thv_pid(const struct thv *h);
/* SIGTERM or SIGKILL and waits; its wait status. */
int thv_stop(struct thv *h, int sig);
/* Still there? False after a crash. */
bool thv_alive(struct thv *h);
/* Resident bytes; 0 under a sanitizer. */
size_t thv_rss(const struct thv *h);
/* Milliseconds of processor that it has used. */
long thv_cpu_ms(const struct thv *h);

/* --- domains ------------------------------------------------------------------ */

/* A new instance, with an empty ring. */
void thv_create(struct thv *h, unsigned domid);
void thv_shutdown(struct thv *h, unsigned domid);
void thv_dying(struct thv *h, unsigned domid);
void thv_destroy(struct thv *h, unsigned domid);
/* Changes without a word to the daemon (an event that was missed). */
void thv_quiet(struct thv *h, bool quiet);
volatile struct xenstore_domain_interface *thv_page(struct thv *h,
    unsigned domid);
uint32_t thv_field(struct thv *h, unsigned domid, size_t off);
void thv_set_field(struct thv *h, unsigned domid, size_t off, uint32_t v);
void thv_kick(struct thv *h, unsigned domid);
/* The daemon has not said since the last kick that it hears the next. */
bool thv_masked(struct thv *h, unsigned domid);
/* Takes in notifications for up to ms. True: some ring was kicked. */
bool thv_wait(struct thv *h, int ms);

/* --- clients ----------------------------------------------------------------------- */

struct thv_client;

/* The ring of a domain; or, with domid -1, dom0's socket. */
struct thv_client *thv_client(struct thv *h, int domid);
void thv_client_free(struct thv_client *c);
/* How long a request waits for room, and for its reply; 10 s at first. */
void thv_patience(struct thv_client *c, int ms);
/* After a restart of the daemon, or a reset of the ring. */
void thv_client_again(struct thv_client *c);
/* Raw bytes; waits for room, up to ms. False: no room, or cut off. */
bool thv_send_raw(struct thv_client *c, const void *data, size_t len, int ms);
bool thv_send(struct thv_client *c, uint32_t type, uint32_t tx,
    const char *payload);
/* The next message, reply or event. */
bool thv_recv(struct thv_client *c, struct thv_msg *m, int ms);
/*
 * One request and its reply as text: "OK", "ENOENT" (an ERROR), a value. Events
 * on the way are kept for thv_event. "" with *c unusable: "(none)". Valid until
 * the client's next call.
 */
const char *thv_ask(struct thv_client *c, uint32_t type, const char *payload);
const char *thv_ask_tx(struct thv_client *c, uint32_t type, uint32_t tx,
    const char *payload);
const char *thv_askf(struct thv_client *c, uint32_t type, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* A domain as a toolstack makes it, home directory and introduction. */
struct thv_client *thv_guest(struct thv *h, struct thv_client *dom0,
    unsigned domid);
/* The next event as "path|token", "" when none comes within ms. */
const char *thv_event(struct thv_client *c, int ms);

#endif
