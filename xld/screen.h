/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Screen and keyboard of a PV or PVH guest (vfb and vkbd): the QEMU that serves its
 * disks (qdisk.h), or one that is there for them alone, is their backend and shows
 * them by VNC. What the platform map says is all there is to know of them, so they
 * have no entry in the config: the device is there for a start whose config has
 * "vnc", and is one device with two kinds of nodes.
 *
 * QEMU maps the guest's framebuffer, which goes by /dev/xen/privcmd. What it has
 * open of that is restricted to the guest's domain when it greets, before
 * the guest runs; its filter leaves that one request, and its root has none to open.
 */
#ifndef XLD_SCREEN_H
#define XLD_SCREEN_H

#include "dev.h"

struct qemu;

/* The store's word for the keyboard and pointer. */
#define SCREEN_TWIN "vkbd"

/* Whether g has the device follows from its config. Before its devices are prepared. */
int screen_settle(struct guest *g, struct xu_err *e);
/* After a restart of xld: it had one when it started. */
void screen_again(struct guest *g);
/* NULL: it has none, or none that is on. */
struct dev *screen_of(const struct guest *g);
/* Its QEMU greets. */
void screen_greeted(struct qemu *q);
/* Its QEMU serves it (why NULL), or has died. */
void screen_told(struct guest *g, const struct xu_err *why);

#endif
