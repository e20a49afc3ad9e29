/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a killed daemon finds again: a snapshot of the tree and journals of all
 * that happened since, in a directory on tmpfs.
 *
 *   DIR/lock         held by the daemon that uses the directory
 *   DIR/journal.N    begins with everything but the tree ("base"), goes on with
 *                    every change; memory-mapped, so that a change is a copy of
 *                    some bytes and no system call
 *   DIR/snapshot.N   the tree as it was when journal.N began; complete, or not
 *                    there (it is written as .new, in slices between turns)
 *
 * A request's records count when state_commit() has moved the mark in the
 * journal's head, one store of eight bytes; that happens before its reply can be
 * sent, or its ring's indexes move. Stores to shared memory outlive the process
 * whenever it is killed; that the machine dies is no case: the store, and all
 * domains, die with it.
 *
 * Recovery reads the newest snapshot and the journals from its number on. Each
 * record has a checksum; anything that does not fit together stops the start.
 * Sockets are not in it: their clients connect again. Connections of domains
 * are: watches, unsent output, position in the ring; transactions that were open
 * are doomed (EAGAIN at their end).
 */
#ifndef XSD_STATE_H
#define XSD_STATE_H

#include <string.h>

#include "xsd.h"

/* --- state.c: writing ------------------------------------------------------------ */

/*
 * Takes the directory (made if needed), recovers what it holds unless `fresh`,
 * and goes on from there. Before any connection exists. *recovered: something was
 * found.
 */
int state_open(const char *dir, bool fresh, bool *recovered, struct xu_err *e);
/* All of it, clients' sockets too, for a program that takes over now. */
bool state_handover(void);
/* Nothing may be written from here on: a new program takes over. */
void state_close(void);
bool state_on(void);
/* It should be on, and tries again: the loop must not sleep for long. */
bool state_failed(void);
/* A state is being read: what is done was allowed once. */
bool state_recovering(void);
/* "on, journal 12 kB, snapshot 40 kB" for XS_CONTROL. */
void state_describe(struct xu_buf *out);

void state_op(const struct conn *c, enum op op, const char *path,
    const void *value, uint32_t len, const struct perms *perms);
void state_special(const char *name, const struct perms *perms);
void state_forget(uint16_t domid);
void state_commit(void);

/* --- state_conn.c: domains and their connections (others are not kept) ------------ */

void state_quota(void);
void state_domain(const struct domain *d);
void state_watch(const struct conn *c, const char *path, const char *given,
    const char *token, int depth);
void state_unwatch(const struct conn *c, const char *path, const char *token);
void state_reset(const struct conn *c);
void state_txn(const struct conn *c, uint32_t id, bool open);
/* Begins anew: nothing waits, positions as in c. */
void state_ring(const struct conn *c);
/* A request of n bytes was handled; moves the books of c. */
void state_handled(struct conn *c, size_t n);
/* What was copied off the ring and waits in c->in stays with us: before the
 * ring's index says so. */
void state_taken(struct conn *c);
void state_said(struct conn *c, const void *bytes, size_t len);
/* All of a connection again: its output was changed. */
void state_conn(struct conn *c);
/* All of it, for a new journal. */
void state_put_domains(void);
void state_put_sockets(void);

struct state_in;
/* Reading: a new base; a record. What is wrong, or NULL. */
void state_redo_base(void);
const char *state_redo_domain(uint32_t type, struct state_in *in);

/* A record of at most len bytes: where they go; NULL when nothing is kept. */
char *state_begin(size_t len);
void state_end(uint32_t type, const char *data, const char *stop);

/* Work that is done between turns: a part of the snapshot. True: more is there. */
bool state_slice(void);

/* --- state_file.c: records ---------------------------------------------------------- */

#define STATE_MAGIC   "XLDSTATE"
#define STATE_VERSION 1u

struct state_head {
	char magic[8];
	uint32_t version;
	uint32_t number;
	/* /proc/sys/kernel/random/boot_id: another boot's state is void. */
	char boot[40];
	/* The journal begins with an empty tree: no snapshot is missed. */
	uint32_t empty, pad;
	/* Bytes of the file that count. */
	uint64_t committed;
};

enum state_type {
	ST_BASE = 1,	/* what follows replaces all but the tree */
	ST_BASE_END,	/* generation */
	ST_WRITE,	/* domid, privileged, path, value: enum op + ST_WRITE */
	ST_MKDIR,
	ST_RM,
	ST_SET_PERMS,
	ST_SPECIAL,	/* name, list */
	ST_FORGET,	/* domid */
	ST_QUOTA,	/* defaults */
	ST_DOMAIN,	/* all of its record but the tree's share */
	/* Of a domain's connection; all begin with its domid. */
	ST_RING,	/* reset; positions in both streams */
	ST_WATCH,	/* depth, path, as given, token */
	ST_UNWATCH,	/* path, token */
	ST_RESET,	/* no watches and transactions any more */
	ST_TXN,		/* id, open or not */
	ST_TAKEN,	/* bytes taken off the ring, not handled yet */
	ST_HANDLED,	/* a request of so many bytes */
	ST_SAID,	/* bytes of replies and events */
	/* Live update: the records that follow, with domid ST_THIS, are of a
	 * client's socket with this number; it asked for the update. */
	ST_SOCKET,
	ST_ASKED,	/* request id, transaction id */
	ST_NODES,	/* snapshot: a block of entries */
	ST_END,		/* snapshot: nodes, generation */
};

/* Before each record's bytes, which are padded to 8. */
struct state_rec {
	uint32_t len;
	uint32_t type;
	uint64_t sum;
};
#define STATE_REC_MAX (1u << 20)
#define ST_THIS	      0xffffu

uint64_t state_sum(uint32_t type, const void *data, size_t len);
static inline size_t
state_padded(size_t len)
{
	return (len + 7) & ~(size_t)7;
}

/* Building a record's bytes: the caller has seen to the room. */
static inline char *
state_put(char *p, const void *data, size_t len)
{
	if (len != 0)
		memcpy(p, data, len);
	return p + len;
}
#define STATE_PUT(p, v) ((p) = state_put((p), &(v), sizeof(v)))
/* Two bytes of length, then the bytes. */
char *state_put_text(char *p, const char *s);
char *state_put_perms(char *p, const struct perms *perms);

/* Taking it apart; `bad` once something does not fit, then all is 0. */
struct state_in {
	const char *p;
	size_t left;
	bool bad;
};
bool state_get(struct state_in *in, void *out, size_t len);
#define STATE_GET(in, v) state_get((in), &(v), sizeof(v))
/* NUL-terminated copy, at most size - 1 bytes. */
bool state_get_text(struct state_in *in, char *out, size_t size);
/* NULL with in->bad. The caller's. */
struct perms *state_get_perms(struct state_in *in);

/* --- snapshot.c ------------------------------------------------------------------------ */

/* Begins to write the tree as it is now. */
int snapshot_begin(const char *dir, const struct state_head *head);
/* A slice. 1 = more to do, 0 = complete and in place, -1 = failed (gone). */
int snapshot_slice(uint64_t *bytes);
bool snapshot_running(void);
void snapshot_abort(void);

/* --- recover.c ---------------------------------------------------------------------------- */

struct state_files {
	/* Newest snapshot that is complete (0 = none), first and last journal that
	 * continue it, first number of any file. */
	uint32_t snapshot, first, last, oldest;
};

/*
 * Reads what is in dir into the empty store. Returns 1 = recovered (*f tells from
 * which files), 0 = nothing there, or another boot's; -1 = error: what is there
 * cannot be trusted.
 */
int recover(const char *dir, const char *boot, struct state_files *f,
    struct xu_err *e);
/* Removes all state files. */
void recover_clean(const char *dir);

#endif
