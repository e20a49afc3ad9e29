/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What outlives the host's boot: one SQLite database, DIR/xld.db, that xld alone
 * writes. It holds objects: a class of the API, an id, and a struct as JSON. A
 * change is on disk when the call returns 0, and not at all when it fails.
 *
 * The journal is a write-ahead log with synchronous=FULL: one fsync a change
 * where a rollback journal takes three, and an admin's sqlite3 can read beside
 * us. A frame of it counts once its checksum and that of its commit hold, so a cut
 * at any write leaves the last change that was acknowledged.
 */
#ifndef XLD_DB_H
#define XLD_DB_H

#include "xu_err.h"
#include "xu_val.h"

struct db;

/* Opens it, or makes it; what an older xld kept there is taken over. A damaged one
 * is renamed, and what can still be read of it goes into the new one; the log says
 * so. NULL: nothing was changed. */
struct db *db_open(const char *dir, struct xu_err *e);
void db_close(struct db **db);

/* Writes nothing when the object is so already. */
int db_put(struct db *db, const char *cls, const char *id,
    const struct xu_val *v, struct xu_err *e);
/* One member of the object that *v has becomes a copy of value, there and here, or
 * nothing is changed. */
int db_change(struct db *db, const char *cls, const char *id,
    struct xu_val **v, const char *member, const struct xu_val *value,
    struct xu_err *e);
/* No error when there is none. */
int db_del(struct db *db, const char *cls, const char *id, struct xu_err *e);
/* NULL with *e unset: there is none. */
struct xu_val *db_get(struct db *db, const char *cls, const char *id,
    struct xu_err *e);
/* v is borrowed. f must not change the database. */
typedef void db_each_f(void *arg, const char *id, const struct xu_val *v);
int db_each(struct db *db, const char *cls, db_each_f *f, void *arg,
    struct xu_err *e);

/* Changes between the two are one: all of them, or none. */
int db_begin(struct db *db, struct xu_err *e);
int db_commit(struct db *db, struct xu_err *e);
void db_rollback(struct db *db);

/* ---- db_import.c ----------------------------------------------------------- */

/* Records of an xld that kept JSON files in DIR: into the database, then gone. */
int db_import(struct db *db, const char *dir, struct xu_err *e);

#endif
