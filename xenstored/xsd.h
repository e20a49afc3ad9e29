/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xenstored: what its files share.
 *
 *   loop.c     epoll: listening socket, clients, event channels, timers
 *   conn.c     a connection: buffers, requests in batches, replies and events
 *   ring.c     the shared page of a domain as a connection
 *   lane.c     a page a client of a socket has for one call at a time
 *   share.c    what guests may use of the processor
 *   proto.c    the request table; req_*.c its handlers
 *   path.c     paths: syntax, relative names
 *   pool.c     small blocks that are used again
 *   tree.c     the immutable tree; a transaction starts by taking a reference
 *   store.c    operations on a tree with permissions, quota and events
 *   txn.c      transactions: snapshot, write log, preconditions, commit
 *   fair.c     a turn for whoever always loses
 *   watch.c    watches found along the path
 *   domain.c   domains: introduce, release, death, ownership
 *   hv.h       where they come from: hv_xen.c, or hv_test.c on plain Linux
 *   quota.c    what a domain may have, and has
 *   queue.c    what waits in a connection's output, and who for
 *   control.c  XS_CONTROL
 *   trace.c    every message as a line in a file
 *
 * Protocol facts: xen/include/public/io/xs_wire.h, docs/misc/xenstore.txt. The C
 * daemon of Xen is the reference for permissions and errors.
 */
#ifndef XSD_H
#define XSD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <xen/io/xs_wire.h>

#include "hv.h"
#include "xu_buf.h"
#include "xu_err.h"
#include "xu_list.h"
#include "xu_log.h"
#include "xu_map.h"

#define XSD_PAYLOAD   4096u
#define XSD_ABS_PATH  3072u
#define XSD_REL_PATH  2048u
#define XSD_DOMID_ANY 0x7ff5u
#define XSD_DOMID_SELF 0x7ff0u

/* A client of the control domain that lets this much wait is cut off; what a
 * domain lets wait is bounded by its quota. */
#define XSD_OUTPUT_MAX (64u << 20)

/* --- perms.c ----------------------------------------------------------------- */

#define PERM_READ  1u
#define PERM_WRITE 2u

struct perm {
	uint16_t domid;
	uint8_t access;
	/* The domain did not exist when the entry was made: never effective. */
	bool ignore;
};

/* Counted and shared: equal lists are one object, so a node costs a pointer. */
struct perms {
	uint32_t refs;
	uint32_t n;
	uint32_t hash;
	/* Found by content; false once another list became equal to it. */
	bool interned;
	/* The number it has in the state file that is being written. */
	uint32_t file, file_id;
	struct perms *chain;
	/* v[0] = owner, default access. */
	struct perm v[];
};

/* NULL: no memory. */
struct perms *perms_new(const struct perm *v, uint32_t n);
struct perms *perms_ref(struct perms *p);
void perms_unref(struct perms *p);
bool perms_equal(const struct perms *a, const struct perms *b);
/*
 * Takes the domain's entries (not its ownership) out of every list there is, in
 * all trees and snapshots at once: a later domain of that id inherits nothing.
 */
void perms_strip(uint16_t domid);

/* --- pool.c ------------------------------------------------------------------ */

/* NULL: no memory. */
void *pool_get(size_t size);
void *pool_zero(size_t size);
/* Of that size it was asked for. */
void pool_put(void *p, size_t size);
/* What is kept goes back to malloc. */
void pool_trim(void);

/* --- dir.c, tree.c -------------------------------------------------------------- */

struct dir;

struct node {
	uint32_t refs;
	uint16_t value_len;
	uint16_t name_len;
	/* Changes with the value, the permissions or the set of children. */
	uint64_t gen;
	struct perms *perms;
	/* NULL = no children. */
	struct dir *dir;
	/* Name, NUL, value. */
	char text[];
};

static inline const char *
node_name(const struct node *n)
{
	return n->text;
}

static inline const char *
node_value(const struct node *n)
{
	return n->text + n->name_len + 1;
}

/* Takes perms; copies the rest. NULL: no memory (perms released). */
struct node *node_new(struct perms *perms, const char *name, size_t name_len,
    const void *value, size_t len);
struct node *node_ref(struct node *n);
/* A node with children is taken apart later, in slices: tree_reap(). */
void node_unref(struct node *n);
/* Takes apart up to n things that nobody holds. True: more are there. */
bool tree_reap(unsigned n);
/* Memory was given back; the heap may be trimmed when there is time. */
bool tree_trim_pending(void);
void tree_trim(void);
/* Bytes that a node costs its owner. */
size_t node_bytes(const struct node *n);

struct node *node_kid(const struct node *n, const char *name, size_t len);
/* The next child from *pos on (begin with 0), in order of creation; NULL: end. */
struct node *node_next(const struct node *n, uint32_t *pos);
uint32_t node_nkids(const struct node *n);
/* Length of all names with their NULs. */
uint32_t node_names_len(const struct node *n);
bool nodes_same_kids(const struct node *a, const struct node *b);

/* dir.c, for tree.c alone. */
void dir_unref(struct dir *d);
struct dir *dir_ref(struct dir *d);
bool dir_reap(unsigned *n);
/* The slot of a child, all of it ours (nobody else holds the way there). NULL:
 * ENOENT or ENOMEM. *d is replaced as needed. */
struct node **dir_own_slot(struct dir **d, const char *name, size_t len);
/* Takes kid (released on failure). 0, ENOMEM or ENOSPC. */
int dir_add(struct dir **d, struct node *kid);
/* *d becomes NULL with the last child. 0, ENOENT, ENOMEM. */
int dir_del(struct dir **d, const char *name, size_t len);
struct node *dir_find(const struct dir *d, const char *name, size_t len);
struct node *dir_next(const struct dir *d, uint32_t *pos);
uint32_t dir_live(const struct dir *d);
uint32_t dir_names_len(const struct dir *d);
void node_bury(struct node *n);

/* Borrowed. path is canonical and absolute. */
struct node *tree_get(const struct node *root, const char *path);
/* The deepest node that exists; *rest = what is missing of the path ("" = none). */
struct node *tree_nearest(const struct node *root, const char *path,
    const char **rest);
/*
 * Changes. Every node on the path that others hold too is copied; *root is
 * replaced as needed. 0, ENOENT or ENOMEM (the tree says what it said before).
 */
int tree_set_value(struct node **root, const char *path, const void *value,
    size_t len);
/* Takes perms. */
int tree_set_perms(struct node **root, const char *path, struct perms *perms);
/* Takes kid (released on failure); the path of its parent, which exists. */
int tree_attach(struct node **root, const char *parent, size_t parent_len,
    struct node *kid);
int tree_detach(struct node **root, const char *path);
uint64_t tree_gen(void);
/* A recovered tree continues where it was. */
void tree_set_gen(uint64_t gen);

/*
 * Goes over a subtree, parents before children, without recursion; can be left
 * and continued. The tree must be held meanwhile.
 */
struct walk {
	struct {
		const struct node *n;
		uint32_t pos, path_len;
	} *stack;
	uint32_t depth, cap;
	bool started, failed;
	/* Of the node that walk_next gave. */
	char path[XSD_ABS_PATH + 1];
};
/* path: of top ("" or "/" = the root). 0 or ENOMEM. */
int walk_init(struct walk *w, const struct node *top, const char *path);
/* NULL = all seen (or no memory: w->failed). */
const struct node *walk_next(struct walk *w);
/* Not into the children of the node given last. */
void walk_skip(struct walk *w);
void walk_fini(struct walk *w);

/* --- connections ---------------------------------------------------------------- */

struct conn;
struct domain;
struct lane;

struct conn_ops {
	/* Moves bytes; -1 = connection is over. */
	int (*read)(struct conn *);
	int (*write)(struct conn *);
	void (*close)(struct conn *);
};

/* What waits in a connection's output (queue.c). */
struct queue {
	/* Position in the stream of out.data[0]. */
	uint64_t base;
	/* Its own requests that are not done. */
	struct xu_list requests;
	/* Messages somebody waits for, in order, in a ring; events of them. */
	struct waiting *v;
	uint32_t first, n, cap, events;
	/* Events by content, so that equal ones are sent once. */
	uint32_t used, mask;
	struct slot *slots;
	/* Has events that may become too old. */
	struct xu_list aging;
};

struct conn {
	struct xu_list link;
	/* Has work that must not wait for the other side. */
	struct xu_list busy;
	bool is_busy, dead;
	const struct conn_ops *ops;
	/* Identity; privileged = control domain. */
	uint16_t domid;
	bool privileged;
	/* Does again what was allowed once: a state is being recovered. */
	bool replay;
	/* Socket: fd. Ring: domain. */
	int fd;
	uint32_t epoll_events;
	/* Something may be left in the socket. */
	bool unread;
	/* NULL: it did not ask for one. */
	struct lane *lane;
	struct domain *domain;
	struct xu_buf in, out;
	/* Of `in`, handled; of `out`, gone. */
	size_t in_at, out_sent;
	struct queue q;
	struct xu_list watches;
	unsigned nwatches;
	struct xu_list txns;
	unsigned ntxns;
	uint32_t next_txn;
	/* Transactions in a row that ended with EAGAIN; in the queue of those that
	 * wait for another's turn (fair.c). */
	unsigned conflicts;
	struct xu_list wait;
	uint64_t requests;
	/* The slot at which DIRECTORY_PART goes on, for a list of that generation
	 * from that offset. */
	struct {
		uint64_t gen;
		uint32_t offset, pos;
	} part;
	/*
	 * A ring's streams, as positions that wrap: copied off the ring; off the
	 * ring for good; all replies and events so far. Of what is off for good,
	 * `held` bytes are not handled yet: the first of `in`.
	 */
	uint32_t taken, acked, said;
	size_t held;
};

enum quota {
	QUOTA_NODES,
	QUOTA_WATCHES,
	QUOTA_TRANSACTIONS,
	QUOTA_OUTSTANDING,
	QUOTA_TXN_NODES,
	QUOTA_MEMORY,
	QUOTA_SOFT_MEMORY,
	QUOTA_PERMS,
	QUOTA_PATH,
	QUOTA_SIZE,
	QUOTA_COUNT,
};

struct usage {
	/* Of memory: all but the nodes. */
	int64_t now, max;
	/* The log: over 80 %, since when; refusals. */
	bool warned;
	int64_t warned_at, refused_at;
	uint64_t refused;
};

struct domain {
	struct xu_list link;
	uint16_t domid;
	/* Which of the domains that have this id, one after the other. */
	uint8_t instance[HV_INSTANCE];
	bool shutdown_seen, introduced;
	/* Recovered: to be attached again. */
	bool was_introduced;
	/* Once introduced; the page stays mapped until the domain is gone. gfn
	 * and the remote port find both again after a restart. */
	struct hv_ring ring;
	uint64_t gfn;
	uint32_t remote_port;
	/* Local event channel port, -1 = none. Once it fired it is masked until
	 * the ring is looked at. */
	int port;
	bool rang;
	/* NULL: not introduced, or not served any more. */
	struct conn *conn;
	/* Privileges of that domain too, -1 = none; someone has ours. */
	int32_t target;
	/* Nodes it owns in the store, and their bytes. */
	int64_t nodes, node_bytes;
	bool targeted;
	/* Last time it was seen alive: round of domains_check, batch of
	 * requests. */
	uint64_t seen, asked;
	uint32_t features;
	bool features_set;
	uint32_t quota[QUOTA_COUNT];
	struct usage use[QUOTA_COUNT];
	/* To be told by quota_tell. */
	bool near_limit;
};

/* --- quota.c ----------------------------------------------------------------------- */

/* Of domains that are made from now on. */
extern uint32_t quota_defaults[QUOTA_COUNT];
const char *quota_name(enum quota q);
const char *quota_meaning(enum quota q);
/* Use is counted; otherwise it only bounds a request. */
bool quota_counted(enum quota q);
uint32_t quota_of(const struct conn *c, enum quota q);
/* -1: no such name. */
int quota_find(const char *name);
/* d NULL: the default. */
void quota_set(struct domain *d, enum quota q, uint32_t value);
int64_t quota_used(const struct domain *d, enum quota q);
/* Highest use; d NULL: of any domain. */
int64_t quota_top(const struct domain *d, enum quota q);
void quota_forget_tops(void);
/* Before the work: 0, or the errno it is refused with. */
int quota_may(const struct conn *c, enum quota q, int64_t more);
/* With the work, also negative. d NULL: nobody. */
void quota_charge(struct domain *d, enum quota q, int64_t n);
/* After d's books of nodes were changed. */
void quota_look(struct domain *d, enum quota q);
/* A limit that the caller compared: for the log. */
void quota_refused(const struct conn *c, enum quota q);
/* Its connection is gone, and what that held. */
void quota_unserved(struct domain *d);
/* May more of its requests be taken? */
bool quota_serves(const struct conn *c);
/* @quotaWarning for who came near a limit since the last call. Not where the
 * count is made: that is in the middle of a change. */
void quota_tell(void);

/* --- queue.c ----------------------------------------------------------------------- */

/* A domain with quota: neither a socket nor the control domain's ring. */
bool conn_limited(const struct conn *c);
void queue_init(struct conn *c);
/* Nothing waits any more; its requests are done with. */
void queue_reset(struct conn *c);
void queue_request_begins(struct conn *c);
void queue_request_ends(void);
/* An equal event waits; if not, this one comes next. */
bool queue_merges(struct conn *c, const char *path, size_t plen,
    const char *token, size_t tlen);
/* The last len bytes of the output are a message. False: no memory. */
bool queue_message(struct conn *c, uint32_t len, bool event);
/* out_sent moved. */
void queue_sent(struct conn *c);
/* Discards what waited too long. Milliseconds until the next time, -1: never. */
int queue_age(void);
extern uint32_t queue_patience_ms;

/* conn.c */
struct conn *conn_new(const struct conn_ops *ops, uint16_t domid, bool priv);
/* Marks it over; it is freed at a safe point. */
void conn_kill(struct conn *c);
/* A slice of what they held; true: more is there. */
bool conn_free_dead(void);
/* Watches, transactions, half requests and queued output are dropped. */
void conn_reset(struct conn *c);
/* Handles complete requests in c->in, a bounded number. True: more are there. */
bool conn_requests(struct conn *c);

/* --- share.c ----------------------------------------------------------------------- */

/* A turn of the loop begins. */
void share_turn(void);
/* A guest that has to let others go first. */
bool share_used_up(const struct conn *c);
/* How long until guests have a share again: nanoseconds from the turn's begin. */
int64_t share_wait_ns(void);
/* Around what is done for guests. */
int64_t share_begin(void);
void share_end(int64_t since);
/* The daemon was woken for guests: what that costs whoever had the processor. */
void share_woken(void);
/* Was something done for guests in this turn? */
bool share_had_guests(void);
/* One guest has had enough for now. */
bool share_slice_over(int64_t since);
/* The control domain was served. */
void share_control(void);
void conn_reply(struct conn *c, uint32_t type, uint32_t req, uint32_t tx,
    const void *data, size_t len);
void conn_event(struct conn *c, const char *path, const char *token,
    bool merge);
/* Sends what can be sent; reads go on at the next turn. */
void conn_flush(struct conn *c);
void conn_set_busy(struct conn *c);
bool conn_may_read_more(const struct conn *c);
/* Bytes that are not handled yet; moves them to the front, for more. */
bool conn_has_input(const struct conn *c);
void conn_pack_input(struct conn *c);
extern struct xu_list conns;
/* Counts calls of conn_requests: what was asked of Xen in one need not be asked
 * again in it. */
extern uint64_t conn_batch;

/* --- lane.c ------------------------------------------------------------------------ */

/* 0 or an errno; the reply to whoever asked carries its descriptors. */
int lane_make(struct conn *c);
void lane_close(struct conn *c);
/* All of them, before a live update. */
void lanes_end(void);
/* What epoll gives for its lane instead of the connection. */
static inline void *
lane_mark(struct conn *c)
{
	return (char *)c + 1;
}
/* NULL: it is no such mark. */
static inline struct conn *
lane_marked(void *mark)
{
	return ((uintptr_t)mark & 1) == 0 ? NULL
					  : (struct conn *)(void *)((char *)mark - 1);
}
/* send() on its socket, with what is still to go with it. */
ssize_t lane_send(struct conn *c, const void *data, size_t len);
/* Takes what is asked there. -1: it makes no sense, the connection is over. */
int lane_read(struct conn *c);
/* The reply to what was taken there; false: it goes to the socket. */
bool lane_reply(struct conn *c, const struct xsd_sockmsg *hdr,
    const void *data);
/* Shows it, when what was said on the socket before is on its way. */
void lane_flush(struct conn *c);

/* --- path.c ---------------------------------------------------------------------- */

/*
 * Canonical absolute path in out (XSD_ABS_PATH + 1 bytes). special: "@..." is
 * allowed. 0, or an errno.
 */
/* In decimal, without a NUL; how many digits. At most 10. */
size_t put_number(char *out, uint32_t v);
int path_canonical(const struct conn *c, const char *in, bool special,
    char *out);
bool path_is_special(const char *path);
/* Length of the parent's part: "/a/b" -> 2, "/a" -> 1 (the root). */
size_t path_parent_len(const char *path);

/* --- store.c: operations as one connection on one tree ------------------------------- */

/* Nodes and their bytes by owner, as they will change. */
struct acct {
	uint32_t n;
	struct {
		uint16_t domid;
		int64_t nodes, bytes;
	} v[8];
};
void acct_add(struct acct *a, uint16_t domid, int64_t nodes, int64_t bytes);
void acct_apply(const struct acct *a);
/* As it would be. */
void acct_of(const struct acct *a, uint16_t domid, int64_t *nodes,
    int64_t *bytes);

/* The tree everyone sees. */
extern struct node *store_root;

unsigned perms_access(const struct perms *p, const struct conn *c);
bool node_allows(const struct node *n, const struct conn *c, unsigned access);

/* All return 0 or an errno; on failure *root is as before. */
int store_read(struct node *root, const struct conn *c, const char *path,
    unsigned access, struct node **out);
int store_write(struct node **root, const struct conn *c, struct acct *a,
    const char *path, const void *value, uint32_t len);
int store_mkdir(struct node **root, const struct conn *c, struct acct *a,
    const char *path);
int store_rm(struct node **root, const struct conn *c, struct acct *a,
    const char *path);
/* Takes perms. */
int store_set_perms(struct node **root, const struct conn *c, struct acct *a,
    const char *path, struct perms *perms);
int store_init(void);
/* Another tree, with its books, in the place of the present one. Takes root. */
int store_replace(struct node *root, const struct acct *books);
/* Consistency of the tree and the books; text of the first fault or NULL. */
const char *store_check(uint64_t *nodes);
/* Deletes what the domain owns and its entries elsewhere. */
void store_forget_domain(const struct domain *d, bool events);

/* --- txn.c -------------------------------------------------------------------------- */

enum op {
	OP_WRITE,
	OP_MKDIR,
	OP_RM,
	OP_SET_PERMS,
};

struct txn;

int txn_start(struct conn *c, uint32_t *id);
struct txn *txn_find(struct conn *c, uint32_t id);
/* Ends it. 0, EAGAIN, ENOMEM. */
int txn_end(struct conn *c, struct txn *t, bool commit);
void txn_free(struct conn *c, struct txn *t);
void txn_free_all(struct conn *c);
/* One that a killed daemon had open: it answers, and ends with EAGAIN. */
int txn_doomed(struct conn *c, uint32_t id);
/* All of those now begin with the tree as it was recovered. */
void txns_refresh(void);
/* The open ones into the journal. */
void txns_keep(const struct conn *c);
struct node **txn_root(struct txn *t);
struct acct *txn_acct(struct txn *t);
#define SEEN_EXISTS   1u
#define SEEN_VALUE    2u
#define SEEN_PERMS    4u
#define SEEN_CHILDREN 8u
/* Remembers what the client learned. 0, ENOSPC (quota) or ENOMEM. */
int txn_saw(struct conn *c, struct txn *t, const char *path, unsigned what);
/* Remembers a change that was made. Takes perms (may be NULL). */
int txn_did(struct conn *c, struct txn *t, enum op op, const char *path,
    const void *value, uint32_t len, struct perms *perms);

/* --- fair.c --------------------------------------------------------------------------- */

/* Must this request wait? Then the connection is served again by itself. */
bool fair_waits(struct conn *c, uint32_t type, uint32_t tx);
void fair_started(struct conn *c, uint32_t txn);
/* Also of one that goes with its connection. */
void fair_ended(struct conn *c, uint32_t txn, bool conflict);
/* Milliseconds until somebody need not wait any more; -1 = nobody waits. */
int fair_timeout(void);

/* --- watch.c -------------------------------------------------------------------------- */

struct watch;

int watches_init(void);
/* path as canonical, given as the client wrote it; depth -1 = all. 0 or errno. */
int watch_add(struct conn *c, const char *path, const char *given,
    const char *token, int depth, struct watch **out);
int watch_del(struct conn *c, const char *path, const char *token);
void watch_del_all(struct conn *c);
/* Up to n of them. True: more are there. */
bool watch_del_some(struct conn *c, unsigned n);
/* The first event of a new watch. */
void watch_first(struct watch *w);
/* A change that happened. */
struct change {
	const char *path;
	/* Permissions of the node and its parent before; NULL: it was not there,
	 * or they are as they are now. */
	const struct perms *was, *was_parent;
	/* The subtree that went: watches exactly at nodes in it fire too. */
	const struct node *gone;
};
void watch_fire(const struct change *ch, const struct node *after);
/* Is there a watch at the path, above or below? */
bool watch_hears(const char *path);
/* @introduceDomain, @releaseDomain, @quotaWarning; domid for depth watches. */
void watch_fire_special(const char *name, int domid);
size_t watch_count(void);
/* A connection's watches into the journal. */
void watches_keep(const struct conn *c);
/* Permissions of the special nodes; their names, NULL at the end. */
struct perms **special_perms(const char *name);
const char *special_name(size_t i);

/* --- domain.c -------------------------------------------------------------------------- */

/* Opens the seam (hv_xen; or hv_test with its directory) and our own domain's
 * ring. Without this call there are no domains. */
int domains_init(const struct hv_ops *ops, const char *arg, struct xu_err *e);
int domains_fd(void);
/* Event channels that fired. True when one of them was Xen's, for a domain that
 * died or was shut down: domains_check() is due. */
bool domains_events(void);
/* Its event channel may fire again. */
void domain_rearm(struct domain *d);
/* Asks for all domains: what died or was shut down since? */
void domains_check(void);
struct domain *domain_find(uint16_t domid);
/* Found or made: quota and node counts exist before the introduction. */
struct domain *domain_get(uint16_t domid);
/* True makes a record, so that what names the domain goes with it. */
bool domain_exists_in_xen(uint16_t domid);
int domain_introduce(uint16_t domid, uint64_t gfn, uint32_t port);
/* A connection for its ring, unless it has one. 0 or ENOMEM. */
int domain_connect(struct domain *d);
int domain_release(uint16_t domid);
/* It and all it had goes; fires @releaseDomain when it was introduced. */
void domain_gone(struct domain *d);
int domain_resume(uint16_t domid);
int domain_set_target(uint16_t domid, uint16_t target);
extern struct xu_list domains;

/* ring.c */
extern const struct conn_ops ring_ops;
/* Serves the ring of a domain whose event channel fired. */
void ring_event(struct domain *d);
void ring_setup(struct domain *d);
/* The port the page names, else `given`. */
uint32_t ring_port(const struct domain *d, uint32_t given);
/* What waits in the page, both ways, is dropped. */
void ring_restart(struct domain *d);
/* Takes the page's indexes as the beginning. */
void ring_adopt(struct domain *d);
/* After a restart of ours: the page's indexes against what the journal says was
 * handled and said; serves it. Ends the connection when they do not fit. */
void ring_resume(struct domain *d);
void domain_notify(const struct domain *d);
/* Puts a code into the ring's error field; it is served no more. */
void ring_error(struct domain *d, uint32_t code);

/* --- proto.c, control.c ------------------------------------------------------------------ */

struct request {
	struct conn *c;
	uint32_t type, id, tx;
	/* NUL behind the last byte (not counted). */
	char *data;
	uint32_t len;
	struct txn *txn;
};

/* update.c: live update */
int update_command(struct request *r, const char **arg, unsigned n,
    struct xu_buf *out);
/* There is a supervisor. */
void update_possible(void);
bool update_pending(void);
/* At the end of a turn; returns only when it cannot be done. */
void update_run(void);
/* Did this connection ask for it? In the new program: it did; answer it. */
bool update_asked(const struct conn *c, uint32_t *id, uint32_t *tx);
void update_recovered(struct conn *c, uint32_t id, uint32_t tx);
void update_answer(void);

void request_handle(struct request *r);
const char *request_name(uint32_t type);
/* Strings of the payload; false unless exactly n, the last one ended. */
bool request_strings(const struct request *r, const char **v, unsigned n);
unsigned request_count(const struct request *r);
int control_request(struct request *r);
void reply_ok(const struct request *r);
void reply_data(const struct request *r, const void *data, size_t len);

/* --- loop.c --------------------------------------------------------------------------------- */

/* Takes the listening socket, and connections that were recovered. */
int loop_init(int listening, struct xu_err *e);
int loop_watch_fd(int fd, uint32_t events, void *ptr);
void loop_forget_fd(int fd);
void loop_update(struct conn *c);
void loop_run(void);
extern const struct conn_ops socket_ops;

#endif
