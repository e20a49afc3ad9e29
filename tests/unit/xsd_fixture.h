/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A daemon, the control domain's socket and a guest that means well, for tests
 * of guests that do not. DAEMON names the program.
 */
#ifndef XSD_FIXTURE_H
#define XSD_FIXTURE_H

#include <check.h>
#include <stddef.h>

#include "xs_testhv.h"

/* Types newer than the installed header. */
#define DIRECTORY_PART 22
#define GET_FEATURE    23
#define SET_FEATURE    24
#define GET_QUOTA      25
#define SET_QUOTA      26

#define OFF(member) offsetof(struct xenstore_domain_interface, member)

#define ASK(c, type, payload, want)                                            \
	ck_assert_str_eq(thv_ask(c, type, payload), want)

extern struct thv *h;
extern struct thv_client *dom0, *good;

void fx_up(void);
/* Events of more than a second are too old. */
void fx_up_impatient(void);
/* The others are served, the books agree, and the daemon ends when told. */
void fx_down(void);
void fx_others_are_served(void);
struct thv_client *fx_guest(unsigned domid);
/* Ends it, and waits until the daemon has noticed. */
void fx_dies(unsigned domid);
/* Registers "path|token" and takes the first event. */
void fx_watch(struct thv_client *c, const char *path_token);
/* What CONTROL quota DOMID says is used (column 1), or was at most (2). */
long fx_used(unsigned domid, const char *quota, int column);
/* Cut off with this code in the error field. */
void fx_cut_off(struct thv_client *g, unsigned domid, uint32_t code);

#endif
