/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Devices of guests: one framework, one struct dev_class per kind.
 *
 * The truth is the machine's config: a member for each class ("VBDs": an array of
 * structs), in one file with the rest of its record. A struct dev stands for each
 * entry from the moment the machine is known. What a guest may write is never
 * read to decide anything: paths in the store follow from kind, domain and the
 * device's number; a guest's own state only tells how long it is worth waiting.
 *
 *   attach  prepare (the class: open, loop, bridge; may wait)   undo: release
 *           publish (both folders of all devices at once)       undo: withdraw
 *           ready   (each backend has reached InitWait)
 *           connect (hot only: backend Connected, when the guest has a driver)
 *           model   (hot only: the device model has it, too)
 *   detach  model, ask (backend online 0, state Closing; forced: the frontend's folder
 *           goes, which closes any backend), closed (backend state Closed, and
 *           the class has parted it from the host), withdraw, release
 *
 * Each line is a row of a step table: of vm_create.c and vm_destroy.c for all
 * devices of a guest together, of dev_hot.c for one. Waits are ended by one watch
 * for each device, on its backend's state, or by the deadline (DEV_DEADLINE_S,
 * XLD_DEVICE_TIMEOUT in xld's environment), which begins anew with each step that
 * one of the devices makes, but not for ever: a guest can send its backend to and
 * fro. At creation nobody waits for the guest's frontend. A polite detach whose
 * deadline has passed goes on: it is finished when the backend closes.
 *
 * What survives a crash: a device's entry says "plug": "arriving" (as new) and
 * "plugging" are undone by the next xld, "leaving" (for ever: "doomed") is
 * finished, "on" is watched again. A class must prepare so that nothing stays when
 * xld is killed (a loop device goes with its last user).
 *
 * A new class: a struct dev_class in a file of its own, a line in dev_classes, its
 * rows in model/. The framework does not change.
 */
#ifndef XLD_DEV_H
#define XLD_DEV_H

#include "nodes.h"
#include "xld.h"
#include "xu_job.h"

/* Seconds a step may take; libxl has 10 as well. */
#define DEV_DEADLINE_S 10
/* Milliseconds a guest has to show that it has a driver for a new device. */
#define DEV_DRIVER_MS 1000

/* io/xenbus.h; 0 = there is none. */
enum bus_state {
	BUS_NONE,
	BUS_INITIALISING,
	BUS_INIT_WAIT,
	BUS_INITIALISED,
	BUS_CONNECTED,
	BUS_CLOSING,
	BUS_CLOSED,
};
const char *bus_state_word(unsigned state);

enum dev_phase {
	/* Its guest has no domain, or it was unplugged. */
	DEV_OFF,
	DEV_ARRIVING,
	DEV_ON,
	DEV_LEAVING,
};

struct dev {
	struct guest *guest;
	const struct dev_class *cls;
	/* In the guest's devs, as in its config. */
	struct xu_list all;
	char uuid[UUID_TEXT];
	/* Its number in the store; unique in its class and guest. */
	uint32_t id;
	enum dev_phase phase;
	/* Of the nodes, while phase is not DEV_OFF. */
	int32_t domid;
	bool watched;
	/* The entry is new and goes when the attach fails; it goes when the
	 * device has left. */
	bool fresh, doomed;
	/* As last seen: enum bus_state, or a number the backend made up. */
	unsigned back, front;
	/* Who waits for it, NULL = nobody. */
	struct dev_work *work;
	/* When the log was last told that its backend has closed; 0 = never. */
	uint64_t told;
	/* Of the class: own_size bytes, zero at first. */
	void *own;
};

struct dev_class {
	/* The store's word ("vbd"), the config's ("VBDs"), the API's ("VBD"),
	 * and people's ("disk"). */
	const char *kind, *list, *api, *word;
	size_t own_size;
	/* Could the entry be a device of g? Checks what needs no host, and gives
	 * its number. -1 with an error. */
	int (*check)(const struct guest *g, const struct xu_val *entry,
	    uint32_t *id, struct xu_err *e);
	/* "xvda (phy:/dev/x)": for errors. */
	void (*describe)(const struct xu_val *entry, char *out, size_t room);
	/* Takes what the host gives. XU_STEP_WAIT: dev_prepared comes later.
	 * Undone by release, also when it failed half way. */
	enum xu_step_result (*prepare)(struct dev *d, struct xu_err *e);
	/* Before its nodes are there: what only a domain can be given. Undone by
	 * release. May be NULL. */
	int (*grant)(struct dev *d, struct xu_err *e);
	/* The class's own nodes; those every class has are there. */
	void (*nodes)(const struct dev *d, bool backend, struct nodes *n);
	/* Idempotent, never waits. */
	void (*release)(struct dev *d);
	/* After a restart of xld: what prepare would know. May be NULL. */
	void (*adopt)(struct dev *d);
	/* A running guest's device model gets it (in) or lets go of it.
	 * XU_STEP_WAIT: dev_modelled comes later. May be NULL. */
	enum xu_step_result (*model)(struct dev *d, bool in, struct xu_err *e);
	/* Only the device model has it, no frontend ever will: there is nobody
	 * to ask when it goes. May be NULL. */
	bool (*emulated)(const struct dev *d);
	/* The same, and only from its guest's start to its end: there are no nodes
	 * of it. May be NULL. */
	bool (*hidden)(const struct dev *d);
	/* Both may be NULL. The backend waits for the guest, or has closed: 1 =
	 * done, 0 = not yet (dev_changed when that may have changed), -1 with an
	 * error. Called again and again until it is done. */
	int (*join)(struct dev *d, struct xu_err *e);
	int (*part)(struct dev *d, struct xu_err *e);
	/* What join waits for, as "its interface vif1.0 has not appeared". */
	void (*awaits)(const struct dev *d, char *out, size_t room);
	/* It is on and nobody waits for it, but something of its backend has
	 * changed. May be NULL. */
	void (*moved)(struct dev *d);
	/* Not the state alone: all of the backend's nodes are watched. */
	bool deep;
	/* Tells clients that it is no more, when it is not one object with its
	 * uuid. May be NULL. */
	void (*gone)(const struct dev *d);
	/* Some of its devices have another backend, with a store's word of its
	 * own. Both may be NULL. */
	const char *other_back;
	bool (*other)(const struct dev *d);
	/* Another kind of which each device has nodes, too, with nothing in them
	 * but what all have; nobody waits for them. May be NULL. */
	const char *twin;
	/* Its backend has closed, whatever the store says: it is a process that
	 * has died. And what is known of why. Both may be NULL. */
	bool (*closed)(const struct dev *d);
	void (*complaint)(const struct dev *d, char *out, size_t room);
	/* Its backend's nodes are still read when it is released, and go with
	 * whom reads them. May be NULL. */
	bool (*lingers)(const struct dev *d);
	/* Nodes of the frontend and the backend that people like to see; end
	 * with NULL. */
	const char *const *shown_front, *const *shown_back;
	const struct class_ops *ops;
	/* A new entry from the arguments of the API's create, for g. NULL with an
	 * error. */
	struct xu_val *(*entry)(struct call *k, const struct guest *g,
	    const struct xu_val *args, struct xu_err *e);
};
/* Ends with NULL. */
extern const struct dev_class *const dev_classes[];
extern const struct dev_class vbd_class, vif_class, pci_class;
/* Not among them: its device follows from the rest of the config (screen.h). */
extern const struct dev_class vfb_class;

/* All devices of a guest, or one of them, in a step of a job. */
struct dev_work {
	struct guest *guest;
	/* NULL: all. */
	struct dev *only;
	/* Ends a wait: e NULL = it is reached. */
	void (*resume)(void *arg, const struct xu_err *e);
	void *arg;
	/* While it waits. */
	bool (*reached)(struct dev_work *w, struct dev *d, struct xu_err *e);
	const char *what;
	uv_timer_t *deadline;
	/* How often that may begin anew. */
	unsigned more;
	unsigned preparing;
	bool modelling;
	/* No longer wait for the guest: it has no driver. */
	bool enough;
};

/* ---- dev.c: steps -------------------------------------------------------------- */

enum xu_step_result dev_prepare(struct dev_work *w, struct xu_err *e);
void dev_prepared(struct dev *d, const struct xu_err *e);
void dev_release(struct dev_work *w);
int dev_publish(struct dev_work *w, struct xu_err *e);
/* Never waits; backends close by themselves. */
void dev_withdraw(struct dev_work *w);
enum xu_step_result dev_ready(struct dev_work *w, struct xu_err *e);
enum xu_step_result dev_connect(struct dev_work *w, struct xu_err *e);
/* Until reached says so of all of them; what: "the guest has not ...". */
enum xu_step_result dev_wait(struct dev_work *w,
    bool (*reached)(struct dev_work *w, struct dev *d, struct xu_err *e),
    const char *what, struct xu_err *e);
/* Always -1: what it did not do, and what is seen of its backend. */
int dev_failed(const struct dev *d, const char *code, const char *what,
    struct xu_err *e);
/* Of one device; see struct dev_class. */
enum xu_step_result dev_model(struct dev_work *w, bool in, struct xu_err *e);
void dev_modelled(struct dev *d, const struct xu_err *e);
/* Forced: closes whatever the guest does. */
int dev_ask(struct dev_work *w, bool force, struct xu_err *e);
enum xu_step_result dev_closed(struct dev_work *w, struct xu_err *e);
bool dev_is_hidden(const struct dev *d);
/* A field of one, as class_ops' set. */
int dev_set_field(struct core *c, void *obj, const char *field,
    const struct xu_val *value, struct xu_err *e);
/* Withdrawn and released: phase DEV_OFF. */
void dev_off(struct dev_work *w);
/* Seconds a step may take. */
unsigned dev_deadline_s(void);
/* Forgets a wait; it is not resumed. */
void dev_work_stop(struct dev_work *w);
/* What the record says of them, see above; "" = off. */
void dev_plug(struct dev_work *w, const char *word);
/* The guest goes: what is under way with one of its devices ends, failed. */
void dev_interrupt(struct guest *g);

/* ---- dev_list.c: which there are ----------------------------------------------- */

/* Of the guest's config, which must fit. Called by guest_new and guest_free. */
int devs_load(struct guest *g, struct xu_err *e);
void devs_free(struct guest *g);
struct dev *dev_find(const struct core *c, const char *uuid);
struct dev *dev_by_id(const struct guest *g, const struct dev_class *cls,
    uint32_t id);
/* The entry in the config; NULL only between removal and dev_free. */
const struct xu_val *dev_entry(const struct dev *d);
/* A member of it, and of its "other_config". */
const char *dev_str(const struct dev *d, const char *member);
/* "disk xvda (phy:/dev/x)" */
const char *dev_label(const struct dev *d, char *out, size_t room);
/* Changes a member of the entry in memory; value is taken. */
int dev_set(struct dev *d, const char *member, struct xu_val *value);
/* Checks entry (taken) and makes it a device, off. NULL with an error. */
struct dev *dev_add(struct guest *g, const struct dev_class *cls,
    struct xu_val *entry, struct xu_err *e);
/* A device without an entry, off; and its end. NULL with an error. */
struct dev *dev_imply(struct guest *g, const struct dev_class *cls,
    struct xu_err *e);
void dev_imply_no_more(struct dev *d);
/* Out of config and memory; writes no record. */
void dev_remove(struct dev *d);
/* Every config of a machine passes here, too. */
int devs_check(const struct guest *g, const struct xu_val *config,
    struct xu_err *e);
/* After a restart: all may have nodes of domain g->domid. */
void devs_adopt(struct guest *g);

/* ---- dev_store.c: the store's side ---------------------------------------------- */

/* An event of the connection for watches: true = it was a device's. */
bool dev_event(struct core *c, const char *path);
/* A new connection to the store: watches again, and looks. */
void dev_store_back(struct core *c);
void dev_watch(struct dev *d);
void dev_unwatch(struct dev *d);
/* Reads the states. */
void dev_look(struct dev *d);
/* A state has perhaps changed; before: what the backend's was. */
void dev_changed(struct dev *d, unsigned before);
/* Writes one more node of the backend's folder. */
int dev_write_back(const struct dev *d, const char *leaf, const char *text,
    struct xu_err *e);
/* "/local/domain/0/backend/vif/5/0" */
void dev_back_path(const struct dev *d, char out[NODES_BASE_MAX]);
int dev_write(struct dev_work *w, struct xu_err *e);
int dev_write_closing(struct dev_work *w, bool force, struct xu_err *e);
void dev_erase(struct dev_work *w);
/* domid is no more. The kernel may have complained of its devices after their nodes
 * had gone, when a creation was undone while it looked at them. */
void dev_forget_complaints(struct core *c, int32_t domid);
/* Are nodes of that kind of backend of the domain still to be read? */
bool dev_lingers(const struct core *c, int32_t domid, const char *kind);
/* The folder of one backend, whose device is no more. */
void dev_forget_nodes(struct core *c, const char *folder);
/* A backend that was a process has ended: whatever it wrote last goes. */
void dev_forget_backends(struct core *c, const char *kind, int32_t domid);
/* Nodes of both sides that people like to see, into a struct of strings; what a
 * guest wrote is cut and passed on as it is. */
void dev_show(const struct dev *d, struct xu_val *v);
/* The backend's own words on what went wrong, or "". */
void dev_complaint(const struct dev *d, char *out, size_t room);

/* ---- dev_hot.c: one device of a running guest ------------------------------------- */

/* done may be called before they return, and may be NULL. The device is on, or
 * off as before. */
void dev_attach(struct dev *d, vm_done_f *done, void *arg);
/* The device is off, and gone when it is doomed; or (XLD_TIMEOUT) still on its
 * way. */
void dev_detach(struct dev *d, bool force, vm_done_f *done, void *arg);
/* Forced, all of a guest. True: nothing is left; false: f is called then. */
bool devs_close(struct guest *g, void (*f)(void *arg), void *arg);
/* The domain has gone without us. */
void devs_drop(struct guest *g);
/* A detach that nobody waits for has come to its end. */
void dev_left(struct dev *d);

/* ---- dev_api.c: what the API's classes have alike ---------------------------------- */

const char *dev_ref(const void *obj);
/* What the entry says, and what every class has. */
struct xu_val *dev_record(struct dev *d);
/* What a call does with a device until its end. */
struct dev_doing {
	struct call *call;
	struct dev *dev;
};
/* The device of args[0]; NULL: it is busy, the call was refused. */
struct dev *dev_subject(struct call *k);
/* size bytes, zeroed, of a structure that begins with one. NULL: the call was
 * refused. */
struct dev_doing *dev_doing(struct call *k, struct dev *d, size_t size);
/* To clients: it is no more. */
void dev_tell_gone(const struct dev *d);
/* False: the call was refused: g is not ours, or is being changed. */
bool dev_may_change(struct call *k, const struct guest *g);
/* With the guest's name before it. */
void dev_call_fail(struct call *k, const struct guest *g,
    const struct xu_err *e);
/* A vm_done_f for it: tells clients and answers the call. */
void dev_call_ended(void *arg, const struct xu_err *e);
/* Handlers. */
void dev_call_create(struct call *k);
void dev_call_destroy(struct call *k);
void dev_call_destroy_force(struct call *k);
void dev_call_plug(struct call *k);
void dev_call_unplug(struct call *k);
void dev_call_unplug_force(struct call *k);

#define DEV_EACH(it, w)                                                        \
	for (struct dev *it = dev_first(w); it != NULL; it = dev_next(w, it))
struct dev *dev_first(const struct dev_work *w);
struct dev *dev_next(const struct dev_work *w, const struct dev *d);

#endif
