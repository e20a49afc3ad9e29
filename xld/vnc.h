/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The screen of a guest, as far as its QEMU shows it by VNC: what the platform map
 * says of it (vnc, vnc_unused, vnc_password, keymap), checked, and told by QMP when
 * QEMU greets. A password is in no argument, file or node.
 */
#ifndef XLD_VNC_H
#define XLD_VNC_H

#include "xld.h"

struct qemu;

/* Strings are borrowed from a config. */
struct vnc {
	/* "ADDRESS:DISPLAY", NULL = no VNC; unused: the next free one. */
	const char *address;
	bool unused, password;
	/* Of QEMU's own maps; NULL = its default. */
	const char *keymap;
};
struct vnc vnc_of(const struct xu_val *config);
/* Values of the platform map that are more than a number or a word of a list. */
int vnc_check(const struct xu_val *platform, struct xu_err *e);
/* QEMU is what it should be, but for its screen: qemu_started follows. */
void vnc_set_up(struct qemu *q);
/* It is shown no more, and the guest goes on. */
void vnc_forget(struct guest *g);
/* "127.0.0.1:5901" while it is there, else "". */
const char *vnc_location(const struct guest *g);

#endif
