/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A program of the owner's that joins a device to the host, called as xl calls it:
 * "vif-nat online type_if=vif", "block-iscsi add", with the nodes' place in its
 * environment. Its status counts, and the last line it printed; the rest is read and
 * forgotten. One that does not end is killed, with all it has started. It is run by
 * root, so only who rules the host may name one.
 */
#ifndef XLD_SCRIPT_H
#define XLD_SCRIPT_H

#include "dev.h"

/* Where one without a path lies. */
#define SCRIPTS XLD_SYSCONFDIR "/xen/scripts/"

struct script;

#define SCRIPT_VARIABLES 2
struct script_order {
	/* As the config has it; "online"; "type_if=vif" or NULL. */
	const char *script, *command, *argument;
	/* Beside those that all get; name NULL: none. */
	struct {
		const char *name, *value;
	} variables[SCRIPT_VARIABLES];
};

/* d gets dev_changed at its end. NULL with an error. */
struct script *script_start(struct dev *d, const struct script_order *o,
    struct xu_err *e);
/* 1 = it ended well, 0 = it runs, -1 with an error. */
int script_look(const struct script *s, struct xu_err *e);
/* It is nobody's from now on, and goes when it ends; kill: at once. NULL is
 * passed over. */
void script_drop(struct script *s, bool kill);
/* The same for the last that a device has: the folder nodes (NULL: none) goes with
 * it. */
void script_end(struct script *s, const char *nodes);
void script_path(const char *script, char *out, size_t room);
/* Why that cannot be the name of one, NULL: it can. */
const char *script_fault(const char *script);
/* False with an error: who calls may not say what domain 0 runs. */
bool script_may(struct call *k, const char *script, struct xu_err *e);

#endif
