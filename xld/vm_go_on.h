/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A domain that suspended itself goes on where it is. Its device model does so first,
 * and says so: while QEMU is stopped nobody takes what a guest tells its devices, and
 * a disk's driver that tells too early waits for nothing, or takes for read what was
 * not. Whatever keeps QEMU, the guest goes on after a minute.
 */
#ifndef XLD_VM_GO_ON_H
#define XLD_VM_GO_ON_H

struct guest;

/* Until it does, nothing else is begun with the machine. */
void go_on(struct guest *g);
/* f is called when it has gone on; at once when it is not about to. */
void go_on_then(struct guest *g, void (*f)(void *arg), void *arg);
/* Its device model goes on, or never will. */
void go_on_model(struct guest *g);
/* The daemon forgets the machine: the domain stays as it is. */
void go_on_forget(struct guest *g);

#endif
