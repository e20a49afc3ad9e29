/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Objects of class message. They are in the database; one that a client makes before
 * the client is told, those about the life of machines within a second, many at
 * once: a start does not wait for the disk.
 */
#ifndef XLD_MESSAGE_H
#define XLD_MESSAGE_H

#include "messages.h"
#include "xld.h"

enum vm_message {
#define ROW(name, priority, body) MSG_##name,
	VM_MESSAGES(ROW)
#undef ROW
};

int messages_open(struct core *c, struct xu_err *e);
void messages_close(struct core *c);
/* That has happened to the guest, which is ours. */
void message_of(const struct guest *g, enum vm_message what);

extern const struct class_ops message_ops;
extern const struct handler message_handlers[];

#endif
