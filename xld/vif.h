/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Network interfaces. An entry of "VIFs" has: uuid, device (its number, "0"), MAC,
 * MTU (0 = the bridge's), bridge ("" = the host's default), ip, rate, vifname,
 * kind (vif, ioemu), model, script, gatewaydev, trusted, plug (see dev.h), and the
 * API's maps.
 *
 * The kernel's backend makes vifDOMID.NUMBER when it sees the nodes; join gives
 * it name, MTU and address and puts it on its bridge, or sets routes to it, and
 * then the backend is told that it is "connected". It goes with the backend, and
 * all that was done to it goes with it.
 */
#ifndef XLD_VIF_H
#define XLD_VIF_H

#include "dev.h"
#include "net.h"
#include "script.h"

enum vif_mode {
	VIF_BRIDGE,
	VIF_ROUTE,
	/* A program of the owner's does it. */
	VIF_SCRIPT,
};

/* What prepare has found. */
struct vif {
	enum vif_mode mode;
	char bridge[IFNAMSIZ];
	uint32_t mtu;
	bool joined;
	/* HVM guests' emulated card: -1 = there is none. */
	int tap;
	/* While it runs; with what it was started. */
	struct script *script;
	bool online, parted;
	/* Figures as they were last asked for: nanoseconds, bytes. */
	struct {
		uint64_t at, rx, tx;
	} seen;
};

static inline struct vif *
vif_of(const struct dev *d)
{
	return d->own;
}

/* An HVM guest's that has an emulated card, too. */
bool vif_is_emulated(const struct dev *d);
enum vif_mode vif_mode(const struct xu_val *entry);
/* The program of VIF_SCRIPT. */
void vif_script_path(const struct xu_val *entry, char *out, size_t room);
/* As the guest sees it, "00:16:3e:...". */
void vif_mac(const struct dev *d, char out[XU_MAC_TEXT]);
/* One that follows from uuid and number: of Xen's 00:16:3e. */
void vif_mac_derive(const char *uuid, uint32_t id, char out[XU_MAC_TEXT]);
/* In domain 0: as the kernel names it, and as it ends up. */
void vif_kernel_name(const struct dev *d, char out[IFNAMSIZ]);
void vif_name(const struct dev *d, char out[IFNAMSIZ]);
/* An interface of domain 0 has come, gone or changed. */
void vif_link_event(struct core *c, const char *name);

/* ---- vif_join.c ------------------------------------------------------------------ */

/* The class's prepare, join and part. */
int vif_prepare(struct dev *d, struct xu_err *e);
int vif_join(struct dev *d, struct xu_err *e);
int vif_part(struct dev *d, struct xu_err *e);

/* Its program, as "online" or "offline"; NULL with an error. */
struct script *vif_script_start(struct dev *d, const char *command,
    struct xu_err *e);

/* ---- vif_api.c ------------------------------------------------------------------- */

struct xu_val *vif_new_entry(struct call *k, const struct guest *g,
    const struct xu_val *args, struct xu_err *e);

/* One interface of an HVM guest as its device model needs it. */
struct vif_view {
	uint32_t number;
	/* "00:16:3e:...", a device of QEMU ("e1000"); the tap in domain 0, which is on its bridge. */
	const char *mac, *model, *tap;
	/* Of the tap, borrowed: for QEMU's -netdev tap,fd=; -1 after a restart of
	 * xld. */
	int fd;
};
/*
 * Calls f for each interface of a guest that has an emulated card (from the step
 * "device-ready" of its creation on), in the order of its config, until f gives
 * other than 0, which is returned.
 */
int dev_vif_each(const struct guest *g,
    int (*f)(void *arg, const struct vif_view *v), void *arg);

#endif
