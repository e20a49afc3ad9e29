/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The inside of xld, the privileged core: one process, one thread, one libuv
 * loop. It owns every guest's life.
 *
 *   main -> core (devices, watches, events) -> guest (registry, records)
 *   api (channel to xld-api) -> dispatch (model rows) -> vm_*, host, task
 *   vm_create, vm_destroy, vm_life: step tables -> store, worker, reap, console
 *
 * It never parses what a guest or a client made: kernels are read by xld-build,
 * requests by xld-api, and what comes back from either is checked again.
 */
#ifndef XLD_H
#define XLD_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>
#include <uv.h>

#include "domstate.h"
#include "errors.h"
#include "kcache.h"
#include "schema.h"
#include "xenctrl.h"
#include "xenstore.h"
#include "xu_err.h"
#include "xu_job.h"
#include "xu_list.h"
#include "xu_log.h"
#include "xu_map.h"
#include "xu_msg.h"
#include "xu_val.h"

#define NO_DOMID      (-1)
#define UUID_TEXT     37
#define DOMAIN_PATH   64
#define CONSOLE_KEEPS (64u << 10)
#define NAME_MAX_LEN  200

struct call;
struct certificate;
struct console;
struct create;
struct db;
struct qemu;
struct listeners;
struct messages;
struct migration;
struct hardware;
struct host_end;
struct net;
struct networks;
struct rounds;
struct rrd;
struct sampled;
struct saving;
struct worker;

struct core {
	uv_loop_t *loop;
	xc_interface *xch;
	/* Requests on one, watches on the other. */
	struct xs_handle *xs, *xsw;
	uv_poll_t xsw_poll;
	uv_timer_t store_timer;
	struct xc_evtchn *ev;
	uv_poll_t ev_poll;
	/* By local port: struct console. */
	struct xu_map *consoles;
	/* Looks for those that are silent. */
	uv_timer_t silence_timer;
	/* What outlives the host's boot, see db.h. */
	struct db *db;
	/* Guests: all, and the three indexes. */
	struct xu_list guests;
	struct xu_map *by_uuid, *by_name, *by_domid;
	/* Devices of all guests by uuid: struct dev; disks that were made
	 * before a machine has them: struct vdi. */
	struct xu_map *devs, *vdis, *srs;
	/* Disks being copied. */
	struct xu_list copies;
	/* See secret.h. */
	struct xu_map *secrets;
	/* What happened to machines, see message.h. */
	struct messages *messages;
	uv_timer_t message_timer;
	/* Processors and pools as last seen; NULL: nobody has asked. */
	struct hardware *hardware;
	/* What rates are reckoned from, see metrics_api.c. */
	struct xu_map *rates;
	/* Figures over time, see sampled.h; NULL: nobody has ever asked. */
	struct sampled *sampled;
	/* rtnetlink, and what it last said; NULL = there are no networks. */
	struct net *net;
	struct networks *networks;
	/* The next look at domains that die, see scan.c. */
	uv_timer_t look_timer;
	uint64_t look_ms;
	/* Domains being destroyed. */
	struct xu_list reaps;
	/* Device models that end without a guest. */
	struct xu_list qemu_orphans;
	/* Starts and stops that go with the host's; NULL: none. No guest is
	 * started while it is disabled. */
	struct rounds *rounds;
	bool disabled;
	/* It goes down, see host_end.c; NULL: it does not. */
	struct host_end *host_end;
	/* Cores that are being written because a guest has ended, and what they may
	 * take. */
	uint64_t dumps, dumps_bytes;
	/* Calls that wait for the end of a domain. */
	struct xu_list waits;
	/* Machines that wait for memory of domain 0's, see vm_room.h: the most that
	 * was free since it last moved, when that was, what domain 0 was told. */
	struct xu_list rooms;
	uv_timer_t room_timer;
	uint64_t room_free, room_moved, room_target;
	/* Tasks, the oldest first, and by ref. */
	struct xu_list tasks, tasks_running;
	struct xu_map *task_by_ref;
	uv_timer_t task_timer;
	/* xld-build: all, the one without an order (NULL: none), and those that
	 * have done their work and end. */
	struct xu_list workers;
	struct worker *spare;
	struct xu_list worker_ends;
	uv_timer_t spare_timer;
	/* Kernels unpacked before; its ceiling in bytes. */
	struct kcache *kernels;
	uint64_t kernels_max;
	/* xld-api. */
	struct xu_chan *api;
	uv_poll_t api_poll;
	/* What it waits for. */
	int api_events;
	uv_timer_t api_timer;
	uv_prepare_t api_flush;
	/* Messages since it last ran. */
	unsigned api_said;
	pid_t api_pid;
	int listen_fd;
	/* By the service manager, whose path it stays. */
	bool listen_given;
	struct listeners *listeners;
	/* As somebody last saw it, see cert.c; NULL: there is none, or nobody has. */
	struct certificate *certificate;
	/* Settings, see access.h, and the file they are from. */
	struct xu_val *conf;
	const char *conf_path;
	/* Passwords being checked. */
	struct xu_list logins;
	unsigned logins_running;
	/* Programs of the owner's that clients have called, see plugin.c. */
	struct xu_list plugins;
	uint64_t api_started;
	bool stopping;
	/* Fields of the pool that its owner set. */
	struct xu_val *pool;
	char pool_uuid[UUID_TEXT];
	/* The host: its object of the database; NULL = nothing was ever set. */
	struct xu_val *host;
	char host_uuid[UUID_TEXT], host_metrics_uuid[UUID_TEXT];
	struct xc_version version;
	/* NUMA nodes of the host; more do not come later. */
	uint32_t nr_nodes;
	int64_t started;
	/* 0: there is none. */
	int audit_fd;
	/* Each turn of the loop is about nothing at first, see xu_log_context. */
	uv_prepare_t turn;
};

/* What keeps a guest busy; one at a time. */
enum guest_op {
	OP_NONE,
	OP_CREATE,
	OP_DESTROY,
	OP_REBOOT,
	OP_SAVE,
	OP_DUMP,
	OP_SNAPSHOT,
	OP_REVERT,
	OP_EXPORT,
};

struct guest {
	struct core *core;
	struct xu_list all;
	char uuid[UUID_TEXT], metrics_uuid[UUID_TEXT];
	/* Its text console, and its screen. */
	char console_uuid[UUID_TEXT], rfb_uuid[UUID_TEXT];
	/* Every field of the model that an owner sets; name_label too. */
	struct xu_val *config;
	/* Made by somebody else: shown, and its life is left to its maker. */
	bool foreign;
	/* The database has it. */
	bool kept;
	/* It keeps what another was, see vm_snapshot.h. It is paused for one. */
	bool snapshot, held;
	/* It ended and on_* said to keep it; nothing more is done with it. */
	bool preserved;
	/* It has no domain, and an image of ours (vm_save.h) to go on from. */
	bool suspended;
	/* It has been restored and is to be unpaused; see adopt.c. */
	bool to_run;
	/* It was asked to suspend and may still do it, when nobody waits any more. */
	bool late_suspend;
	/* It has been dumped, and its crash is part of that. */
	bool dumped;
	/* While it is saved; while it goes on where it was (vm_go_on.h); while it
	 * goes elsewhere. */
	struct saving *saving;
	struct going *going;
	struct migration *migration;
	/* It has come from another domain of this host: that machine, while it is
	 * there, and whose place it is to take ("" = nobody's). */
	struct guest *moves_from;
	char becomes[UUID_TEXT];
	/* What Xen knows its domain by, when that is not its uuid (""): the store
	 * takes a domain whose handle changes for another one. */
	char handle[UUID_TEXT];
	/* It comes from elsewhere, and there was none of it here. */
	bool incoming;
	enum guest_op op;
	/* While it has a domain. */
	int32_t domid;
	uint32_t store_port, console_port;
	uint64_t store_frame, console_frame;
	int64_t start_time;
	/* When VM.create made it; see scan.c. */
	int64_t made_at;
	/* As Xen told it last. */
	struct xc_domaininfo info;
	bool seen;
	struct console *console;
	/* HVM: it listens to Xen's console, where it has spoken last, rather than to its
	 * serial line. Goes with it into images, and from host to host. */
	bool on_ring;
	/* HVM: the device model, see dm.h; and what serves disks and screens of
	 * others, qdisk.h. */
	struct qemu *dm, *qdisk;
	/* Where its screen is seen; NULL = it is not. */
	char *vnc;
	/* Its devices, see dev.h. */
	struct xu_list devs;
	/* Its figures over time, of that domain last; NULL: there are none. */
	struct rrd *rrd;
	int32_t rrd_domid;
	/* Restarts, for the limit on their rate. */
	int64_t restart_since;
	unsigned restarts;
	/* For its owner: when, why, what was done. "" = it has not. */
	char last_end[96];
	/* What clients were last told. */
	struct xu_val *told;
};

/* ---- guest.c: the registry ------------------------------------------------- */

int guests_open(struct core *c);
void guests_close(struct core *c);
/* Takes config. NULL with an error; config is freed then. */
struct guest *guest_new(struct core *c, const char *uuid,
    struct xu_val *config, struct xu_err *e);
/* Out of every index; its viewers see the end. */
void guest_free(struct guest *g);
struct guest *guest_by_uuid(const struct core *c, const char *uuid);
struct guest *guest_by_name(const struct core *c, const char *name);
struct guest *guest_by_domid(const struct core *c, int32_t domid);
const char *guest_name(const struct guest *g);
int guest_set_name(struct guest *g, const char *name, struct xu_err *e);
/* NO_DOMID: it has none any more. */
int guest_set_domid(struct guest *g, int32_t domid, struct xu_err *e);
/* The machine is as v has it, here, in its record and in the store; or all is as
 * before. Takes v: dispatch.c. */
int guest_take_config(struct guest *g, struct xu_val *v, struct xu_err *e);
/* What its domain is known by. */
const char *guest_handle(const struct guest *g);
/* It has another name and uuid from now on, here, in the store and its record. */
int guest_become(struct guest *g, const char *uuid, const char *name,
    struct xu_err *e);
bool guest_is_transient(const struct guest *g);
/* An action of the config: "actions_after_crash". */
enum dom_action guest_action(const struct guest *g, const char *field);
enum dom_power guest_power(const struct guest *g);
bool guest_is_control(const struct guest *g);
/* Version 5 of an identity: same input, same result. */
void uuid_derive(const char *uuid, const char *what, char out[UUID_TEXT]);
void uuid_text(const uint8_t bytes[16], char out[UUID_TEXT]);
bool uuid_bytes(const char *text, uint8_t out[16]);
void uuid_random(char out[UUID_TEXT]);

/* ---- vm_config.c: what a machine may be ---------------------------------------- */

/* Every field that an owner sets, empty. */
struct xu_val *config_blank(void);
/* A copy with the fields that an older xld did not know, empty. */
struct xu_val *config_complete(const struct xu_val *config);
/* A config with every field from the arguments of VM.create, checked. */
struct xu_val *config_new(const struct core *c, const struct xu_val *args,
    struct xu_err *e);
/* One field, as config_new would check it. g NULL: a new machine. */
int config_check(const struct core *c, const struct guest *g,
    const struct xu_val *config, struct xu_err *e);
/* Always -1: the field cannot have that value, for that reason. */
int config_unsupported(struct xu_err *e, const char *field, const char *value,
    const char *reason);
/* The same of what is not empty. */
int config_must_be_empty(struct xu_err *e, const char *field,
    const struct xu_val *v, const char *reason);
/* The tags that anything may have. */
int config_check_tags(const struct xu_val *tags, struct xu_err *e);
/* Each once. */
struct xu_val *config_unique_tags(const struct xu_val *tags);
/* Those of what is kept. */
struct xu_val *config_tags(const struct xu_val *config);
/* Its name alone. */
int config_check_name(const struct core *c, const struct guest *g,
    const char *name, struct xu_err *e);
/* A field that makes domain 0 run what the owner names, or gives its devices away, when config does not have
 * it from was (NULL: nothing was); NULL: none. */
const char *config_host_word(const struct xu_val *was,
    const struct xu_val *config);
/* Never TYPE_UNSPECIFIED. */
enum dom_type config_type(const struct xu_val *config);
/* A member of one of the maps as a number, or the default. */
int64_t config_number(const struct xu_val *config, const char *map,
    const char *key, int64_t dflt);

/* ---- record.c: what outlives the daemon -------------------------------------- */

/* Directories and the database; then the records of both kinds. */
int records_open(struct core *c, struct xu_err *e);
void records_close(struct core *c);
int record_write(struct guest *g, struct xu_err *e);
/* What means nothing after the boot alone: no disk is waited for. */
int record_domain(struct guest *g, struct xu_err *e);
/* -1: it is there as before. */
int record_remove(struct guest *g, struct xu_err *e);
/* What a guest was under a uuid that it has no more. */
void record_forget(struct core *c, const char *uuid);
/* What is being done to a guest; written before, removed after. op: "create",
 * "destroy", "reboot", "save" and "dump" (what of it: vm_save.h, vm_dump.h). */
int intent_write(const struct guest *g, const char *op, struct xu_err *e);
/* With a member of its own. */
int intent_write_with(const struct guest *g, const char *op, const char *name,
    const struct xu_val *more, struct xu_err *e);
void intent_remove(const char *uuid);

/* ---- adopt.c: after a restart -------------------------------------------------- */

/* Guests of the records that still run are ours again; what was half done is
 * finished or undone. */
void adopt_all(struct core *c);

/* ---- scan.c: what the hypervisor says -------------------------------------------- */

void scan_open(struct core *c);
/* Asks once for all domains, follows what changed, tells clients. */
void scan(struct core *c);
/* The same for one. False: the domain is gone. */
bool scan_one(struct guest *g);

/* From the loop, soon. */
void scan_soon(struct core *c);

/* ---- dying.c: who will not go -------------------------------------------------------- */

/* The guest's domain is destroyed and still there. */
void dying_keep(const struct guest *g);
/* It has gone. */
void dying_forget(int32_t domid);
/* Of a dying domain that is nobody's: who it was, and how it is. */
void dying_name(struct core *c, const struct xc_domaininfo *info,
    char out[NAME_MAX_LEN + 1]);
/* The same for one whose name is known. */
void dying_rename(struct guest *g);
/* Why the guest is still dying, for people; "" = it is not. */
struct xu_val *dying_reason(const struct guest *g);
/* Files of domains that have gone. */
void dying_clean(struct core *c);

/* ---- store.c: nodes --------------------------------------------------------------- */

int store_open(struct core *c, struct xu_err *e);
/* Always -1: what could not be done, and why the store did not do it. */
int store_fail(const struct core *c, struct xu_err *e, const char *what);
void store_close(struct core *c);
int store_dom0(struct core *c, struct xu_err *e);
/* All that is known before there is memory; the rest: where the rings are. */
int store_write_guest(const struct guest *g, struct xu_err *e);
int store_write_rings(const struct guest *g, struct xu_err *e);
/* Of a domain id: works without a guest, for half-made ones. */
void store_remove(struct core *c, int32_t domid, const char *uuid);
/* Which vCPUs of max the guest is to run: the first ones. */
int store_write_vcpus(const struct guest *g, int64_t max, int64_t online,
    struct xu_err *e);
/* What its balloon driver is to have. */
int store_write_target(const struct guest *g, int64_t kib, struct xu_err *e);
/* KiB; 0: there is none. */
uint64_t store_read_target(const struct guest *g);
/* Of many at once, in one round trip: KiB, -1 = the store does not say. */
struct store_memory {
	struct guest *guest;
	/* What its balloon driver is told to have; what it says it does not use. */
	int64_t target, unused;
};
void store_read_memory(struct core *c, struct store_memory *all, size_t n);
int store_write_name(const struct guest *g, struct xu_err *e);
/* Name and uuid; old: what it had. */
int store_write_identity(const struct guest *g, const char *old,
    struct xu_err *e);
/* Where a viewer finds its screen, as libxl's viewers look for it. */
int store_write_vnc(const struct guest *g, const char *host, const char *port,
    struct xu_err *e);
/* It has not heeded what it was asked: that is taken back. False: it has. */
bool store_take_back(const struct guest *g, const char *word);
/* A domain that was suspended goes on: its next end is told of again. */
void store_resumed(const struct guest *g);
int store_sysrq(const struct guest *g, const char *key, struct xu_err *e);
int store_ask(const struct guest *g, const char *word, struct xu_err *e);
/* Caller frees; NULL = none. */
char *store_name(struct core *c, int32_t domid);
/* Of a CPU pool. Caller frees; NULL = it has none. */
char *store_pool_name(struct core *c, uint32_t id);
char *store_pool_uuid(struct core *c, uint32_t id);
int store_write_pool(struct core *c, uint32_t id, const char *name,
    const char *uuid, struct xu_err *e);
void store_remove_pool(struct core *c, uint32_t id);
/* What the guest has at that place; NULL = nothing. Caller frees. */
char *store_word(struct core *c, int32_t domid, const char *path);
/* The names in a folder of it, in one piece that the caller frees. */
char **store_list(struct core *c, int32_t domid, const char *path,
    unsigned *n);
/* What its maker wrote of its type: pv, pvh, hvm. Caller frees; NULL = nothing. */
char *store_type(struct core *c, int32_t domid);

/* ---- console.c ---------------------------------------------------------------------- */

int consoles_open(struct core *c, struct xu_err *e);
void consoles_close(struct core *c);
/* Attaches to the ring of the guest's present domain. adopted: it ran before us,
 * and its history comes from the log. */
int console_attach(struct guest *g, bool adopted, struct xu_err *e);
/* HVM: two FIFOs at path.in and path.out, made anew or found again, are the
 * guest's serial line from now on. After console_attach. */
int console_serial_open(struct guest *g, const char *path, bool make,
    struct xu_err *e);
void console_serial_remove(const char *path);
/* Takes what is left in ring and serial line, then lets them go; viewers stay. */
void console_detach(struct guest *g);
void console_free(struct guest *g);
/* A stream for a viewer: the caller's to pass on and close. */
int console_open(struct guest *g, bool history, bool readonly,
    struct xu_err *e);
struct xu_val *console_history(const struct guest *g);
/* Log files were rotated. */
void consoles_reopen(struct core *c);

/* ---- reap.c: the end of a domain --------------------------------------------------- */

typedef void reap_f(void *arg);
/* Destroys a domain in slices and calls f (may be NULL) once nothing is left
 * of it, or once only others hold it. */
void reap(struct core *c, int32_t domid, reap_f *f, void *arg);
/* Some domain has ended: look again. */
void reap_look(struct core *c);
bool reap_pending(struct core *c, int32_t domid);
void reaps_close(struct core *c);

/* ---- worker.c: xld-build, xld-image ----------------------------------------------------- */

struct worker_events {
	void (*progress)(void *arg, const char *step, int percent);
	/* A kernel it had unpacked; k and its descriptor are the callee's. */
	void (*kernel)(void *arg, struct xg_kernel *k);
	/* Whose image it is, and which kind. The worker waits for worker_go_on. */
	void (*image)(void *arg, const struct xu_val *v);
	/* Its guest is to be suspended now; it waits, too. */
	void (*suspend)(void *arg);
	/* e NULL: built; frames in the message DONE. */
	void (*done)(void *arg, const struct xu_val *done,
	    const struct xu_err *e);
	void *arg;
};
struct worker *worker_start(struct core *c, const struct xu_val *build,
    const int *fds, int nfds, const struct worker_events *ev,
    struct xu_err *e);
/* xld-image with an order, an image, and a file for a device model's state. */
struct worker *worker_image(struct core *c, const struct xu_val *order,
    const int *fds, int nfds, const struct worker_events *ev,
    struct xu_err *e);
/* Others hear of it from now on. */
void worker_listen(struct worker *w, const struct worker_events *ev);
/* The same as worker_kill, from its events. */
void worker_leave(struct worker *w);
/* Its second order. -1: it is to be killed. */
int worker_go_on(struct worker *w, const struct xu_val *order,
    struct xu_err *e);
/* Kills it and waits for its end, so that it holds nothing of the domain. */
void worker_kill(struct worker *w);
void workers_open(struct core *c);
/* A creation has ended: the next one shall find a worker that waits. */
void workers_restock(struct core *c);
/* SIGCHLD came. */
void workers_child(struct core *c);
/* One that nobody waits for ends when it likes. */
void workers_reap(struct core *c, pid_t pid);
void workers_close(struct core *c);

/* ---- vm_create.c, vm_destroy.c, vm_life.c ------------------------------------------------- */

/* Was it made here? False: the call was refused. */
bool vm_is_ours(struct call *k);
/* Called once; e NULL = it worked. The guest may be freed by whoever gets it. */
typedef void vm_done_f(void *arg, const struct xu_err *e);
typedef void vm_progress_f(void *arg, const char *step, int percent);

/* Builds a domain for a guest without one. op is its name in the intent. */
struct create *vm_create(struct guest *g, bool paused, vm_progress_f *progress,
    vm_done_f *done, void *arg);
/* Before it may run f (may be NULL) is called, and it waits for vm_create_go_on. */
struct vm_hold {
	void (*f)(void *arg, struct create *j, struct guest *g);
	void *arg;
};
/* The same from an image, which a worker (taken) has open and is told to go on with;
 * into state_fd (taken) it writes what the device model had made of itself. Once the
 * guest may run its record says so, and nothing of it is undone any more. */
struct create *vm_restore(struct guest *g, struct worker *image, int state_fd,
    bool paused, struct vm_hold hold, vm_progress_f *progress,
    vm_done_f *done, void *arg);
/* Not from vm_hold's f. */
void vm_create_go_on(struct create *j, const struct xu_err *e);
/* It fails with TASK_CANCELLED soon; -1: too late. */
int vm_create_cancel(struct create *j);
/* Ends its domain and what belongs to it. */
void vm_destroy(struct guest *g, vm_done_f *done, void *arg);
/* The same, when nobody waits for it. */
void vm_end(struct guest *g);
/* The guest is asked to end ("poweroff", "halt", "reboot"); *asked: how, when it
 * may not have noticed, or NULL. */
int vm_ask_end(struct guest *g, const char *word, const char **asked,
    struct xu_err *e);
/* How many restarts there were in the present period. */
unsigned vm_restarts(const struct guest *g);
/* vm_destroy, then vm_create. */
void vm_reboot(struct guest *g, vm_done_f *done, void *arg);
/* The domain has shut itself down: what on_* says is done. */
void vm_ended(struct guest *g);
/* A guest whose domain is gone: waiting calls are answered; transient ones are
 * forgotten (g is freed). */
void vm_settle(struct guest *g);
/* Clients are told that there is no such machine; a new one may be told of. */
void vm_untell(struct guest *g);
/* Out of the registry, and clients are told. Frees g. */
void vm_forget(struct guest *g);
/* The same, and who waits for its end is answered. */
void vm_gone(struct guest *g);
/* Somebody else has ended our guest's domain, or a foreign one has gone. */
void vm_vanished(struct guest *g);
/* Waits until the domain the guest has now is gone (or replaced). */
void vm_wait_end(struct call *k, struct guest *g, bool until_replaced);
void waits_close(struct core *c);

/* ---- vm_host.c: with the host ------------------------------------------------------------- */

/* What is to start with the host and has not yet does so. */
void host_started(struct core *c);
/* A machine has come or gone: perhaps it is the next one's turn. */
void rounds_look(struct core *c);
void rounds_close(struct core *c);
void host_stop_guests(struct call *k);

/* ---- host_end.c ------------------------------------------------------------------------------ */

void host_end_close(struct core *c);

/* ---- cert.c -------------------------------------------------------------------------------- */

void certificate_close(struct core *c);

/* ---- plugin.c --------------------------------------------------------------------------------- */

void plugins_close(struct core *c);

/* ---- api.c: the channel to xld-api --------------------------------------------------------- */

int api_open(struct core *c, struct xu_err *e);
void api_close(struct core *c);
/* The settings, or files they name, may have changed: xld-api is given the new
 * ones. */
void api_reload(struct core *c);
/* The child has ended: another is started. */
void api_died(struct core *c, int status);
void api_send(struct core *c, uint32_t kind, uint32_t id,
    const struct xu_val *v, int fd);
/* Takes record (NULL for "del"). */
void api_event(struct core *c, const char *cls, const char *operation,
    const char *ref, struct xu_val *record);
/* The guest's record has changed perhaps: clients are told when it has. */
void api_tell_guest(struct guest *g);

/* ---- dispatch.c: calls ------------------------------------------------------------------------ */

struct task;

/* A call under way. Ends with exactly one call_* below, which frees it. */
struct call {
	struct core *core;
	uint32_t id;
	struct model_call m;
	char method[96];
	struct xu_val *msg;
	/* Its name in logs, from client to worker. */
	char request[XU_LOG_CONTEXT];
	/* Arguments after the session. */
	const struct xu_val *params;
	/* args[0] when it is a machine. */
	struct guest *guest;
	struct task *task;
	/* It has a task and is to be answered nevertheless. */
	bool unanswered;
	/* How to stop it; NULL: it cannot be. */
	void (*cancel)(struct call *k);
	void *cancel_arg;
	/* In core's waits. */
	struct xu_list waiting;
	int32_t wait_domid;
	char wait_uuid[UUID_TEXT];
	bool until_replaced;
	/* How the guest was asked, when it may not have noticed; or NULL. */
	const char *asked;
	uv_timer_t *deadline;
};

/* Takes the message's value. */
void dispatch(struct core *c, uint32_t id, struct xu_val *msg);
/* Has the caller this role, or a greater one? */
bool call_has_role(const struct call *k, enum model_role needed);
/* Is the caller's role enough for such a config? False: it was refused. */
bool call_may_have(struct call *k, const struct xu_val *was,
    const struct xu_val *config);
/* Takes v; NULL = void. */
void call_ok(struct call *k, struct xu_val *v);
void call_ok_fd(struct call *k, int fd);
/* The answer of one that goes on as k->task; takes both. */
void call_begun(struct call *k, struct xu_val *v, int fd);
void call_fail(struct call *k, const struct xu_err *e);
/* The same with a code and parameters of any number and length; takes description. */
void call_fail_as(struct call *k, struct xu_val *description,
    const char *sentence);
void call_progress(struct call *k, const char *step, int percent);
/* Is it the full path of a file? False: the call was refused. */
bool call_has_path(struct call *k, const char *path);
/* Code, sentence and one parameter, for the short cases. */
void call_refuse(struct call *k, const char *code, const char *param,
    const char *fmt, ...) XU_PRINTF(4, 5);

/* One class of objects as the generic messages need it. */
struct class_ops {
	const struct model_class *cls;
	void *(*find)(struct core *c, const char *ref);
	/* Steps through all: *pos begins as 0. */
	void *(*next)(struct core *c, size_t *pos);
	const char *(*ref)(const void *obj);
	struct xu_val *(*record)(struct core *c, void *obj);
	/* Before any of the above. */
	void (*refresh)(struct core *c);
	/* The whole new value of a field that is RW; NULL: there is none. */
	int (*set)(struct core *c, void *obj, const char *field,
	    const struct xu_val *v, struct xu_err *e);
};
/* vm_record.c: has it a screen; whose console is it, or (rfb) screen? */
bool console_has_rfb(const struct guest *g);
struct guest *console_guest(struct core *c, const char *ref, bool *rfb);
extern const struct class_ops vm_ops, vm_metrics_ops, console_ops, host_ops,
    host_metrics_ops, task_ops, vbd_ops, vdi_ops, sr_ops, vif_ops,
    vif_metrics_ops, network_ops, pif_ops, pool_ops, role_ops,
    subject_ops, user_ops;

/* All there are: from 0 to NULL. */
const struct class_ops *class_ops_at(size_t i);

/* Those that no domain has or is promised: host.c. */
uint64_t host_free_pages(const struct xc_physinfo *p);
/* GET /metrics and /host_logs_download: metrics.c, logs.c. */
void host_metrics_call(struct call *k);
void host_logs_call(struct call *k);
/* What xld-api asks for event.from and event.inject: api_events.c. */
void event_state(struct call *k);
void event_inject(struct call *k);

extern const struct class_ops host_cpu_ops, certificate_ops, cpu_pool_ops, ppci_ops, pci_ops, pscsi_ops,
    pscsi_hba_ops, vm_guest_metrics_ops, vbd_metrics_ops, pif_metrics_ops,
    pbd_ops, crashdump_ops, vtpm_ops, dpci_ops, dscsi_ops, dscsi_hba_ops,
    xspolicy_ops, acmpolicy_ops;

struct handler {
	const char *method;
	void (*run)(struct call *k);
};
/* End with an all-zero row. */
extern const struct handler vm_handlers[], host_handlers[], task_handlers[],
    vm_clone_handlers[], people_handlers[], vbd_handlers[], vdi_handlers[], vif_handlers[], network_handlers[];

/* Likewise. */
extern const struct handler cpu_handlers[], cpu_pool_handlers[],
    cpu_sched_handlers[], usage_handlers[], vm_vcpus_handlers[],
    none_handlers[], sr_handlers[], pci_handlers[], vm_save_handlers[],
    vm_migrate_handlers[], vm_dump_handlers[], vm_snapshot_handlers[],
    vm_revert_handlers[], trust_handlers[], host_end_handlers[],
    plugin_handlers[], certificate_handlers[];

/* ---- cpu_pool.c, metrics_api.c, hw_api.c ------------------------------------------------------ */

/* Pools that are to be there with the host. */
void cpu_pools_start(struct core *c);
void hardware_close(struct core *c);
const char *guest_metrics_ref(const struct guest *g);
void metrics_close(struct core *c);
void hw_close(void);
void pci_api_close(void);

/* ---- audit.c --------------------------------------------------------------------------------------- */

/* Also anew, after the file was rotated. */
int audit_open(struct core *c, struct xu_err *e);
void audit_close(struct core *c);
/* The call ends so: "ok", or an error's code. made: its result, or NULL. */
void audit(const struct call *k, const struct xu_val *made, const char *result);

/* ---- vm_record.c ---------------------------------------------------------------------------------- */

struct xu_val *vm_record(struct core *c, void *guest);

/* ---- pool.c: the one pool --------------------------------------------------------------------------- */

int pool_open(struct core *c, struct xu_err *e);
void pool_close(struct core *c);

/* ---- task.c ------------------------------------------------------------------------------------------ */

struct task *task_new(struct core *c, struct call *k);
/* One that its owner made (task.create) is the call's now. False: it was refused. */
bool task_take(struct call *k, const char *ref);
/* What is being done with a machine: task -> operation. */
struct xu_val *task_operations(struct core *c, const char *vm);
const char *task_ref(const struct task *t);
void task_progress(struct task *t, const char *step, int percent);
/* v borrowed; NULL = void. */
void task_success(struct task *t, const struct xu_val *v);
/* description: code and parameters; borrowed. */
void task_failure(struct task *t, const struct xu_val *description,
    const char *sentence);
int tasks_open(struct core *c);
void tasks_stop(struct core *c);
void tasks_close(struct core *c);

/* ---- core.c --------------------------------------------------------------------------------------------- */

int core_open(struct core *c, struct xu_err *e);
void core_close(struct core *c);
/* Ends every step of long work: the place where tests kill or fail us. */
int fault_point(const char *step, struct xu_err *e);
/* Of the environment variable, 1 to 3600; dflt when it has no such number. */
unsigned env_seconds(const char *name, unsigned dflt);
/* An error of libxenctrl, with the call that gave it. Always -1. */
int xen_fail(struct core *c, struct xu_err *e, const char *call);
/* XenAPI's ErrorDescription: code and parameters. */
struct xu_val *err_description(const struct xu_err *e);
int64_t now_real(void);

#endif
