/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A machine goes to another host, or to another domain of this one: peer.h tells what
 * both say to each other. This is the source (vm_migrate.c) and the destination
 * (vm_incoming.c), each a machine of states that the other's words move.
 *
 * What a death leaves. Source: the intent of a save, so the machine goes on; from COMMIT
 * on the intent
 *
 *   "migrate": { "id", "to", "boot", "host" }
 *
 * so it stays suspended, and whoever reads it asks again. Destination: the intent of a
 * creation, so it is undone; from COMMIT on /run/xld/migrations/ID.json, then no intent
 * any more: the machine runs here. It is that file which answers ASK.
 */
#ifndef XLD_MIGRATE_H
#define XLD_MIGRATE_H

#include "vm_save.h"

struct migration;
struct migrate_order {
	/* "localhost", or a host. */
	const char *to;
	/* NULL: it is suspended first. */
	const struct save_limits *live;
	/* It does not run there before somebody lets it. */
	bool paused;
};
/* NULL: done was called. */
struct migration *migrate_begin(struct guest *g, const struct migrate_order *o,
    vm_progress_f *progress, vm_done_f *done, void *arg);
/* -1: too late. */
int migrate_cancel(struct migration *m);
/* After a restart: it was committed, and the other host has not said what became of
 * it. v: the intent's member. */
void migrate_in_doubt(struct guest *g, const struct xu_val *v);
/* People have decided: it runs here, or it is there. -1: it is not in doubt. */
int migrate_resolve(struct guest *g, bool here, vm_done_f *done, void *arg,
    struct xu_err *e);
/* Is it? */
bool migrate_is_in_doubt(const struct guest *g);

/* ---- vm_incoming.c ---------------------------------------------------------------- */

/* Takes fd, a connection of somebody who may send us machines. local: it is our own, of
 * that machine. */
void incoming_begin(struct core *c, int fd, struct guest *local);
/* Machines that came take the places of those they were, where these are free. */
void incoming_look(struct core *c);
/* After a restart, before anything is undone. */
void incoming_recover(void);
/* Its answers are not needed any more. */
void incoming_forget(const char *id);

#endif
