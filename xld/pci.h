/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * PCI functions of the host that guests have. Linux knows one PCI bus from Xen in a
 * guest, so what a guest has is one device: its bus, number 0. The entry of "PCI"
 * has: uuid, plug (see dev.h), and functions, each with uuid, address
 * ("0000:00:10.0"), hotplug_slot (0 = any), key, options (a map of msitranslate,
 * power_mgmt, permissive, seize: "0" or "1") and a plug of its own: "arriving"
 * or "leaving" while it comes or goes alone, else "". The API's DPCI is one
 * function.
 *
 *   prepare  each function is there, nobody else's, with pciback (or seized),
 *            of no bridge; it is reset                        undo: reset
 *   grant    the domain may use its ports, memory and interrupt, and its
 *            IOMMU's tables                                    undo: revoke
 *   nodes    libxl's layout: num_devs, and dev-N, key-N, opts-N, state-N each
 *   ready    pciback has them: the backend is Initialised
 *
 * The first function of a running guest is an attach of the bus, the last one a
 * detach of it: dev_hot.c. Others come and go by reconfiguration (pci_hot.c): the
 * function's state-N (Initialising or Closing) and the backend's state
 * (Reconfiguring) in one transaction; the guest answers Reconfiguring, pciback
 * Reconfigured, and both end in Connected. Where no driver of the guest has come
 * yet, one that comes is noticed by pciback alone, and one that goes takes the
 * bus's nodes with it, which are made anew for the rest.
 *
 * What a function is given follows from its entry and from the host alone, and each
 * of take, grant, revoke and reset may be done twice: that is how a restarted xld
 * undoes or finishes what it finds "arriving" or "leaving".
 *
 * Without an IOMMU a guest that has a device reads and writes all memory through
 * it: the host's owner must have said that he wants that (setting
 * pci_without_iommu). A function stays with pciback when its guest is gone.
 */
#ifndef XLD_PCI_H
#define XLD_PCI_H

#include "dev.h"
#include "xu_pci.h"

/* Slots of the guest's bus. */
#define PCI_FUNCTIONS_MAX 32
/* States of io/xenbus.h that only PCI has. */
#define BUS_RECONFIGURING 7
#define BUS_RECONFIGURED  8

/* A guest's bus, beside its entry. */
struct pci_bus {
	/* So many of the entry's functions, the first ones, are prepared: nobody
	 * else can have them. */
	size_t taken;
};

static inline struct pci_bus *
pci_of(const struct dev *d)
{
	return d->own;
}

/* ---- pci_host.c: a function of the host ---------------------------------------- */

#define PCI_RANGES 7
struct pci_range {
	bool ports;
	uint64_t first, last;
};

struct pci_facts {
	/* Of domain 0 that has it; "" = none. */
	char driver[64];
	unsigned class, irq;
	struct pci_range range[PCI_RANGES];
	size_t ranges;
};

/* -1 with an error: there is no such function. */
int pci_look(const struct xu_bdf *at, struct pci_facts *f, struct xu_err *e);
/* A line of the kernel's "resource". False: it is no range. */
bool pci_parse_range(const char *line, struct pci_range *out);
/* pciback has it, and no guest: so it can be had. */
bool pci_is_assignable(const struct xu_bdf *at);
/* Makes it pciback's; the former driver is remembered as libxl does. */
int pci_bind(struct core *c, const struct xu_bdf *at, struct xu_err *e);
/* Takes it from pciback; again: its former driver has it then. */
int pci_unbind(struct core *c, const struct xu_bdf *at, bool again,
    struct xu_err *e);
/* Another toolstack's guest that has it; false: none. */
bool pci_foreign_holder(struct core *c, const struct xu_bdf *at, char *out,
    size_t room);
/* Does pciback let its guest write to all of the configuration space? On: it
 * does from now on. Off: it has forgotten. */
int pci_set_permissive(struct core *c, const struct xu_bdf *at, bool on,
    struct xu_err *e);
/* It no longer reads or writes memory, and is as new where it can be reset. */
void pci_reset(const struct xu_bdf *at);
bool pci_has_iommu(struct core *c);
int pci_grant(struct core *c, int32_t domid, const struct xu_bdf *at,
    struct xu_err *e);
/* The domain may be gone. irq: its interrupt, too. */
void pci_revoke(struct core *c, int32_t domid, const struct xu_bdf *at,
    bool irq);
/* libxl's place for what it wants to know of a function later; leaf "": all. A
 * word that is not there is "". */
void pci_note(struct core *c, const struct xu_bdf *at, const char *leaf,
    char *out, size_t room);
int pci_set_note(struct core *c, const struct xu_bdf *at, const char *leaf,
    const char *text, struct xu_err *e);

/* ---- pci.c: the class ------------------------------------------------------------ */

/* The guest's bus, or NULL. */
struct dev *pci_bus(const struct guest *g);
const struct xu_val *pci_functions(const struct dev *d);
const struct xu_val *pci_function(const struct dev *d, size_t i);
/* Of an entry that was checked. */
struct xu_bdf pci_address(const struct xu_val *function);
bool pci_option(const struct xu_val *function, const char *name);
/* The running guest of ours that has it, or NULL. */
const struct dev *pci_holder(struct core *c, const struct xu_bdf *at);
/* Function i, which the entry has, is prepared. */
int pci_take(struct dev *d, size_t i, struct xu_err *e);
/* Nothing of function i is the domain's, and it is reset. */
void pci_give_back(struct dev *d, size_t i);
/* These change the entry in memory. */
int pci_set_function(struct dev *d, size_t i, const char *member,
    struct xu_val *value);
int pci_add_function(struct dev *d, struct xu_val *function);
void pci_remove_function(struct dev *d, size_t i);
/* f gets name and value of each node of a function that is number i of its bus. */
typedef void pci_node_f(void *arg, const char *name, const char *value);
void pci_function_nodes(const struct xu_val *function, size_t i,
    pci_node_f *f, void *arg);
/* Could the guest have such a function, too? */
int pci_check_function(const struct guest *g, const struct xu_val *function,
    struct xu_err *e);

/* ---- pci_hot.c: one function of a running guest --------------------------------- */

/* function (taken) is the last of d's then, or done is told why not. */
void pci_attach(struct dev *d, struct xu_val *function, vm_done_f *done,
    void *arg);
/* Function i goes, entry and all. */
void pci_detach(struct dev *d, size_t i, vm_done_f *done, void *arg);
/* Of the class: nobody waits, and the backend's state has changed. */
void pci_moved(struct dev *d);
/* After a restart of xld: what was under way is undone or finished, soon. */
void pci_resume(struct dev *d);

/* ---- pci_api.c -------------------------------------------------------------------- */

/* Of the class: clients are told that its functions are no more. */
void pci_gone(const struct dev *d);
/* References of a guest's DPCIs. */
struct xu_val *pci_refs(const struct guest *g);
/* Of the PCIs that it has now. */
struct xu_val *pci_attached_refs(const struct guest *g);
/* A machine without a domain has the functions of its other_config:pci, and no others
 * that it has had from there. */
int pci_follow_config(struct guest *g, struct xu_err *e);
/* Clients are told of function i and its machine; operation: add, mod. */
void pci_tell(struct dev *d, size_t i, const char *operation);
/* hw_api.c: the PPCI of an address, and back. False: there is none. */
void ppci_ref(const struct core *c, const struct xu_bdf *at,
    char out[UUID_TEXT]);
bool ppci_address(struct core *c, const char *ref, struct xu_bdf *out);
/* The PCI of an address. */
void pci_ref(const struct core *c, const struct xu_bdf *at,
    char out[UUID_TEXT]);

#endif
