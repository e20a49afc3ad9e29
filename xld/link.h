/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Connections to other hosts, made and kept by xld-tls (tls.h): it is started for each,
 * and what comes back is a stream in clear. Which hosts are known is trust.c; who may
 * knock is link_listen.c. Neither a key nor a byte of TLS is looked at in this process.
 */
#ifndef XLD_LINK_H
#define XLD_LINK_H

#include "xld.h"

/* SHA-256 of a certificate as all show it: AB:CD:... */
#define PRINT_TEXT 96

struct link;
struct link_order {
	/* A word of tls_main.c's. */
	const char *what;
	/* "host" or "host:port". */
	const char *to;
	/* "serve": taken. */
	int fd;
};
/* Once. fd: the stream, the caller's, or -1 where none was asked for; v: "own", "peer"
 * (prints), "who", "certificate", "kernel". */
typedef void link_done_f(void *arg, int fd, const struct xu_val *v,
    const struct xu_err *e);
/* NULL with an error: done is not called. */
struct link *link_begin(struct core *c, const struct link_order *o,
    link_done_f *done, void *arg, struct xu_err *e);
/* done is not called any more. */
void link_cancel(struct link **l);

/* ---- link_listen.c ---------------------------------------------------------------- */

/* As the settings say, now and when they change. */
void link_listen(struct core *c);
void link_deafen(struct core *c);

/* ---- trust.c ------------------------------------------------------------------------ */

/* The prints of all that are known. */
struct xu_val *trust_prints(struct core *c);
/* Of the one that was confirmed at that address; "": none was. */
void trust_print_of(struct core *c, const char *to, char out[PRINT_TEXT]);
/* As it may be written by people: without colons, in small letters. */
bool trust_take_print(const char *text, char out[PRINT_TEXT]);

#endif
