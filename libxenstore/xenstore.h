/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libxenstore: client of the store that Xen's domains and drivers share.
 *
 * A handle is one connection. It may be used by several threads; requests are
 * serialised. Functions return false or NULL with errno, and xs_last_error() has
 * a sentence. Errno values of the store itself: EACCES (no permission), ENOENT,
 * EINVAL (path or argument), EAGAIN (a transaction's end: try it again), ENOSPC
 * and E2BIG (quota, or a request over 4096 bytes), EEXIST (watch), EBUSY, ENOSYS
 * (the daemon does not know the request), EIO; EBADF when the connection is gone
 * for good.
 *
 * Memory: whatever is returned is malloc'ed and the caller's, unless said
 * otherwise; vectors are one block. After fork() a child must not use the
 * parent's handle: xs_daemon_destroy_postfork() drops it without a word.
 *
 * When the daemon goes away, a handle on its socket connects again: it waits 30
 * seconds, or as many as XENSTORE_RECONNECT_TIMEOUT says (0: not at all), after
 * which calls fail with EBADF. On the new connection
 *  - watches are registered again, each of which gives an event of its path, so
 *    that who looks at what it watches misses nothing;
 *  - a request without an answer is sent again. If the daemon goes away over it
 *    three times it fails with EIO, and so does, at once, an xs_control_command
 *    that may have been done;
 *  - an open transaction goes on, with the changes made in it so far, but its
 *    commit fails with EAGAIN. A commit without an answer fails with EAGAIN when
 *    it certainly was not done, or changed nothing; with EIO when nobody knows.
 *    An abort succeeds.
 */
#ifndef XENSTORE_H
#define XENSTORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define XBT_NULL 0

/* Flags of xs_open. The first is accepted and means nothing; with the second the
 * kernel's device, which may wait for ever for a daemon, is not tried. */
#define XS_OPEN_READONLY   (1UL << 0)
#define XS_OPEN_SOCKETONLY (1UL << 1)
/* xs_unwatch also discards queued events of that watch. */
#define XS_UNWATCH_FILTER (1UL << 2)
/*
 * For event loops: no thread is ever started; xs_check_watch() reads what is
 * there, and while the daemon is away looks for it without waiting (a daemon that
 * accepts the connection is then waited for). An extension of ours.
 */
#define XS_NO_READER_THREAD (1UL << 16)
/* A daemon that goes away is gone for good (EBADF). An extension of ours. */
#define XS_NO_RECONNECT (1UL << 17)

struct xs_handle;
typedef uint32_t xs_transaction_t;

enum xs_perm_type {
	XS_PERM_NONE = 0,
	XS_PERM_READ = 1,
	XS_PERM_WRITE = 2,
	XS_PERM_ENOENT_OK = 4,
	XS_PERM_OWNER = 8,
	XS_PERM_IGNORE = 16,
};

struct xs_permissions {
	/* Domain id. */
	unsigned int id;
	/* Of enum xs_perm_type. */
	unsigned int perms;
};

/* Places in an event's vector: XS_WATCH_PATH, XS_WATCH_TOKEN. */
#ifdef __has_include
#if __has_include(<xen/io/xs_wire.h>)
#include <xen/io/xs_wire.h>
#endif
#endif
#ifndef _XS_WIRE_H
enum xs_watch_type {
	XS_WATCH_PATH = 0,
	XS_WATCH_TOKEN,
};
#endif

/* The daemon's socket first, then the kernel's device. */
struct xs_handle *xs_open(unsigned long flags);
/* NULL is fine. */
void xs_close(struct xs_handle *h);

/* Older names of the two. */
struct xs_handle *xs_daemon_open(void);
struct xs_handle *xs_domain_open(void);
struct xs_handle *xs_daemon_open_readonly(void);
void xs_daemon_close(struct xs_handle *h);
void xs_daemon_destroy_postfork(struct xs_handle *h);

/* Sentence of the last failure in this thread, whatever the handle. Borrowed
 * until the next call. */
const char *xs_last_error(const struct xs_handle *h);

/* Names of the children; *num of them. Free with one free(). */
char **xs_directory(struct xs_handle *h, xs_transaction_t t, const char *path,
    unsigned int *num);
/* The value, a NUL behind it; *len (may be NULL) without the NUL. */
void *xs_read(struct xs_handle *h, xs_transaction_t t, const char *path,
    unsigned int *len);
bool xs_write(struct xs_handle *h, xs_transaction_t t, const char *path,
    const void *data, unsigned int len);
bool xs_mkdir(struct xs_handle *h, xs_transaction_t t, const char *path);
bool xs_rm(struct xs_handle *h, xs_transaction_t t, const char *path);
/* Always false: the daemon has no such request any more. */
bool xs_restrict(struct xs_handle *h, unsigned domid);

/* First entry: owner and default access. */
struct xs_permissions *xs_get_permissions(struct xs_handle *h,
    xs_transaction_t t, const char *path, unsigned int *num);
bool xs_set_permissions(struct xs_handle *h, xs_transaction_t t,
    const char *path, struct xs_permissions *perms, unsigned int num_perms);

/* One event comes at once. The first starts the reader thread (see XS_NO_...). */
bool xs_watch(struct xs_handle *h, const char *path, const char *token);
bool xs_unwatch(struct xs_handle *h, const char *path, const char *token);
/* Only changes up to this many levels below path; ENOSYS/EINVAL when the daemon
 * cannot. */
bool xs_watch_depth(struct xs_handle *h, const char *path, const char *token,
    unsigned int depth);
/* The same, and a watch of everything below when the daemon knows no depth. */
bool xs_watch_try_depth(struct xs_handle *h, const char *path,
    const char *token, unsigned int depth);
/*
 * Readable while events wait, and when the connection is gone for good; with
 * XS_NO_READER_THREAD also when it is time to call xs_check_watch() for another
 * reason. The same over all connections. For poll() and its like only: not to be
 * read or closed.
 */
int xs_fileno(struct xs_handle *h);
/*
 * {path, token} of the next event, one free(); NULL with EAGAIN when there is
 * none, EBADF when the connection is gone and all events were taken. An event
 * that already waits is not queued again; when very many wait, further ones come
 * as one of their watch's own path.
 */
char **xs_check_watch(struct xs_handle *h);
/* Waits for it. *num is set to 2. */
char **xs_read_watch(struct xs_handle *h, unsigned int *num);

/* 0 on failure. The id is this handle's, and means nothing elsewhere. */
xs_transaction_t xs_transaction_start(struct xs_handle *h);
bool xs_transaction_end(struct xs_handle *h, xs_transaction_t t, bool abort);

bool xs_introduce_domain(struct xs_handle *h, unsigned int domid,
    unsigned long mfn, unsigned int eventchn);
bool xs_set_target(struct xs_handle *h, unsigned int domid,
    unsigned int target);
bool xs_resume_domain(struct xs_handle *h, unsigned int domid);
bool xs_release_domain(struct xs_handle *h, unsigned int domid);
char *xs_get_domain_path(struct xs_handle *h, unsigned int domid);
bool xs_is_domain_introduced(struct xs_handle *h, unsigned int domid);
/* Is child parent, or below it? Not so for "/", below which this finds nothing. */
bool xs_path_is_subpath(const char *parent, const char *child);

/* data: arguments, each with its NUL; NULL/0 = none. The reply's text. */
char *xs_control_command(struct xs_handle *h, const char *cmd, void *data,
    unsigned int len);
char *xs_debug_command(struct xs_handle *h, const char *cmd, void *data,
    unsigned int len);
/* -1: the guest has none. */
int xs_suspend_evtchn_port(int domid);

const char *xs_daemon_rundir(void);
const char *xs_daemon_socket(void);
const char *xs_daemon_socket_ro(void);
bool xs_write_all(int fd, const void *data, unsigned int len);
/* "n0" NUL "r5" NUL ... -> perms; num entries. */
bool xs_strings_to_perms(struct xs_permissions *perms, unsigned int num,
    const char *strings);

/* Features of the daemon: 1 reconnection, 2 error field, 4 watch depth, 8 any. */
bool xs_get_features_supported(struct xs_handle *h, unsigned int *features);
/* Of one domain; to set them it must not be introduced yet (EBUSY). */
bool xs_get_features_domain(struct xs_handle *h, unsigned int domid,
    unsigned int *features);
bool xs_set_features_domain(struct xs_handle *h, unsigned int domid,
    unsigned int features);

/* Names of quotas, one free(). Values: 0 = unlimited. Global ones are what a
 * domain begins with. */
char **xs_get_quota_names(struct xs_handle *h, unsigned int *num);
bool xs_get_global_quota(struct xs_handle *h, const char *quota,
    unsigned int *value);
bool xs_set_global_quota(struct xs_handle *h, const char *quota,
    unsigned int value);
bool xs_get_domain_quota(struct xs_handle *h, unsigned int domid,
    const char *quota, unsigned int *value);
bool xs_set_domain_quota(struct xs_handle *h, unsigned int domid,
    const char *quota, unsigned int value);

/* --- batches: several requests in one round trip (an extension of ours) ---- */

struct xs_batch;

/* Runs the batch in a transaction of its own, tried again while it conflicts,
 * and when the daemon goes away: it may then be committed twice. */
#define XS_BATCH_TRANSACTION 1u

struct xs_batch *xs_batch_new(struct xs_handle *h);
void xs_batch_free(struct xs_batch *b);
/*
 * Each adds a request and returns its index, or -1 (ENOMEM, E2BIG); a failure is
 * sticky: xs_batch_run fails too, so adding needs no checks.
 */
int xs_batch_read(struct xs_batch *b, const char *path);
int xs_batch_directory(struct xs_batch *b, const char *path);
int xs_batch_write(struct xs_batch *b, const char *path, const void *data,
    size_t len);
int xs_batch_mkdir(struct xs_batch *b, const char *path);
int xs_batch_rm(struct xs_batch *b, const char *path);
int xs_batch_set_permissions(struct xs_batch *b, const char *path,
    const struct xs_permissions *perms, unsigned int num);
/*
 * Sends all, waits for all replies. True when every request succeeded (and the
 * transaction committed); a failed request aborts the transaction. Requests that
 * may fail are looked at one by one with xs_batch_error.
 */
bool xs_batch_run(struct xs_batch *b, unsigned flags);
/* errno of request i, 0 = it succeeded. */
int xs_batch_error(const struct xs_batch *b, int i);
/* Its reply, borrowed until the next run; a NUL is behind it. */
const void *xs_batch_value(const struct xs_batch *b, int i, size_t *len);

#ifdef __cplusplus
}
#endif

#endif
