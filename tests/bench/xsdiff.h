/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xsdiff: the same random program, step by step, to our store daemon and to
 * Debian's C daemon. Replies and events must be the same, or the difference must
 * be in the list of those that are meant (xsdiff_why.c).
 */
#ifndef XSDIFF_H
#define XSDIFF_H

#include "xsb.h"

enum { OURS, PEER, DAEMONS };

/* Two tools on sockets, two guests on rings. */
enum { CLIENTS = 4, SOCKETS = 2, SLOTS = 2 };
enum { STEPS_MAX = 48, PAYLOAD_MAX = 200 };

enum op {
	OP_REQUEST, /* type and payload, in the slot's transaction if it is open */
	OP_START,
	OP_COMMIT,
	OP_ABORT,
	OP_DIE,	 /* the guest vanishes */
	OP_JOIN, /* it comes again, under the same domid */
	OP_SHUTDOWN,
	OP_RECONNECT, /* the tool closes its socket and opens another */
};

struct step {
	enum op op;
	unsigned client, slot; /* 0 = no transaction */
	uint32_t type;
	size_t len;
	char payload[PAYLOAD_MAX];
};

struct program {
	uint64_t seed;
	unsigned n;
	const char *perms; /* of /x, blank-separated */
	struct step v[STEPS_MAX];
};

struct reply {
	uint32_t type;
	size_t len;
	char body[XENSTORE_PAYLOAD_MAX];
};

/* What a step met; also what xsdiff_why.c may ask. */
struct meeting {
	const struct step *step;
	const struct reply *reply[DAEMONS];
	bool in_tx;	/* the request was made in a transaction */
	bool died;	/* a guest has died or shut down in this program */
	bool privileged;
};

enum { EVENTS_MAX = 256, EVENT_SIZE = 300, FIRST_DOMID = 11 };

struct event {
	size_t len;
	char text[EVENT_SIZE];
};

/* A client's transaction, open in both daemons. */
struct tx {
	uint32_t id[DAEMONS];
	bool open;
	bool moved;   /* something outside it was written since its start */
	bool differs; /* a reply in it did, for that reason */
	unsigned n, steps[STEPS_MAX];
};

struct client {
	struct xb_conn *c[DAEMONS];
	bool up;
	struct tx tx[SLOTS + 1];
	unsigned nevents[DAEMONS];
	struct event events[DAEMONS][EVENTS_MAX];
};

/* The run. */
extern struct xd {
	const char *dirs[DAEMONS];
	struct xb_hv *hv[DAEMONS];
	struct xb_conn *admin[DAEMONS]; /* the harness's own */
	struct xb_conn *spy[DAEMONS];	/* watches everything */
	struct client clients[CLIENTS];
	const struct program *running;
	bool died, targeted, ended, verbose;
} xd;

uint32_t client_domid(unsigned client); /* 0: a tool */
/* Why the program failed; false. */
bool fail(const char *what);

/* xsdiff_link.c */
void link_open(int d, const char *dir);
void ask(struct client *cl, int d, uint32_t type, uint32_t tx,
    const void *payload, size_t len, struct reply *r);
unsigned long changes(int d);
uint64_t digest(int d, const char *path, uint64_t sum);
void client_up(unsigned i);
void client_down(unsigned i, bool release);
void set_up(const struct program *p);
void tear_down(void);
bool compare_events(const struct step *s);

/* xsdiff_gen.c */
void program_make(struct program *p, uint64_t seed);
void step_print(const struct step *s);
void bytes_print(const char *p, size_t n);

/* xsdiff_why.c: the reason why two replies may differ; NULL: there is none.
 * *ends: and the stores do from here on. */
const char *why_reply(const struct meeting *m, bool *ends);
void why_count(const char *reason);
void why_print(void);

#endif
