/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See db.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "db.h"
#include "xld.h"
#include "xu_log.h"

/* "xld1": that a database is ours. */
#define APPLICATION 0x786c6431
/* Nobody but us writes; an admin's program that does is waited for so long. */
#define BUSY_MS 250
#define BODY_MAX (1 << 20)
/* Of a damaged one whose last row cannot be read. */
#define LAST_TRIED (1 << 20)

/* What is not to be prepared at each call. */
enum statement {
	S_PUT,
	S_DEL,
	S_GET,
	S_EACH,
	S_BEGIN,
	S_COMMIT,
	S_ROLLBACK,
	S_COUNT,
};

static const char *const texts[S_COUNT] = {
	[S_PUT] = "INSERT INTO object (class, id, body) VALUES (?1, ?2, ?3) "
		  "ON CONFLICT (class, id) DO UPDATE SET body = excluded.body "
		  "WHERE body <> excluded.body",
	[S_DEL] = "DELETE FROM object WHERE class = ?1 AND id = ?2",
	[S_GET] = "SELECT id, body FROM object WHERE class = ?1 AND id = ?2",
	[S_EACH] = "SELECT id, body FROM object WHERE class = ?1 ORDER BY id",
	[S_BEGIN] = "BEGIN IMMEDIATE",
	[S_COMMIT] = "COMMIT",
	[S_ROLLBACK] = "ROLLBACK",
};

/* From version i to i + 1, each in a transaction of its own. */
static const char *const migrations[] = {
	/* By number: of a damaged one the rows of other pages can be found. */
	"CREATE TABLE object (n INTEGER PRIMARY KEY, class TEXT NOT NULL, "
	"id TEXT NOT NULL, body TEXT NOT NULL, UNIQUE (class, id))",
};
#define NEWEST ((int)XU_ARRAY_SIZE(migrations))

struct db {
	sqlite3 *sq;
	char path[PATH_MAX];
	sqlite3_stmt *st[S_COUNT];
};

/* ---- errors ---------------------------------------------------------------------- */

static const char *
remedy(int code)
{
	switch (code & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return "; another program has it locked: end that";
	case SQLITE_FULL:
		return "; make room on that file system";
	case SQLITE_READONLY:
		return "; let root write there";
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return "; restart xld, which sets it aside";
	default:
		return "";
	}
}

/* Always -1. */
static int
failed(const struct db *db, const char *what, struct xu_err *e)
{
	int code = sqlite3_extended_errcode(db->sq);
	int sys = sqlite3_system_errno(db->sq);
	const char *why = sqlite3_errmsg(db->sq);

	xu_err_set(e, "XLD_FILE", sys, "%s: %s: %s%s", db->path, what, why,
	    remedy(code));
	xu_err_param(e, "%s", db->path);
	xu_err_param(e, "%s", why);
	return -1;
}

/* A change has failed. SQLite has forgotten it, but its last frame may be whole in
 * the log (a sync that failed says nothing of what was written), and who opens that
 * after a crash takes it for a change. Whatever is committed next lies where it lies,
 * so something is, at once. Always -1. */
static int
refused(struct db *db, const char *what, struct xu_err *e)
{
	char sql[48];

	failed(db, what, e);
	if (!sqlite3_get_autocommit(db->sq))
		return -1;
	snprintf(sql, sizeof(sql), "PRAGMA user_version = %d", NEWEST);
	if (sqlite3_exec(db->sq, sql, NULL, NULL, NULL) != SQLITE_OK)
		xu_log(XU_ERROR, "%s: nothing can be written; until something "
				 "can, a crash may bring back the change that "
				 "was refused", db->path);
	return -1;
}

static bool
is_damage(int code)
{
	return (code & 0xff) == SQLITE_CORRUPT ||
	    (code & 0xff) == SQLITE_NOTADB;
}

/* ---- opening ----------------------------------------------------------------------- */

static int
run(struct db *db, const char *sql)
{
	return sqlite3_exec(db->sq, sql, NULL, NULL, NULL);
}

/* The first value of what sql gives, as a number or as text. */
static int
ask(struct db *db, const char *sql, int *number, char *text, size_t room)
{
	sqlite3_stmt *st = NULL;
	const unsigned char *s;
	int r = sqlite3_prepare_v2(db->sq, sql, -1, &st, NULL);

	if (r == SQLITE_OK && (r = sqlite3_step(st)) == SQLITE_ROW) {
		s = sqlite3_column_text(st, 0);
		if (number != NULL)
			*number = sqlite3_column_int(st, 0);
		if (text != NULL)
			snprintf(text, room, "%s", s != NULL ?
				(const char *)s : "");
		r = SQLITE_OK;
	}
	sqlite3_finalize(st);
	return r;
}

/* One connection; a code of SQLite. It is open even when it failed. */
static int
open_file(struct db *db)
{
	/* EXTRA: the way to WAL leads over a journal that must not come back
	 * after a cut; later it is FULL. */
	static const char settings[] = "PRAGMA trusted_schema = OFF;"
				       "PRAGMA cell_size_check = ON;"
				       "PRAGMA synchronous = EXTRA;"
				       "PRAGMA journal_mode = WAL;"
				       "PRAGMA wal_autocheckpoint = 64;"
				       "PRAGMA journal_size_limit = 1048576;"
				       "PRAGMA cache_size = -512;";
	int r = sqlite3_open_v2(db->path, &db->sq,
	    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
	    NULL);

	if (db->sq == NULL)
		return SQLITE_NOMEM;
	sqlite3_extended_result_codes(db->sq, 1);
	sqlite3_busy_timeout(db->sq, BUSY_MS);
	return r != SQLITE_OK ? r : run(db, settings);
}

/* Every page is looked at: a database that is damaged is found now, not when
 * something is to be changed. */
static int
whole(struct db *db)
{
	char text[256] = "";
	int r = ask(db, "PRAGMA quick_check(1)", NULL, text, sizeof(text));

	if (r != SQLITE_OK || strcmp(text, "ok") == 0)
		return r;
	xu_log(XU_ERROR, "%s: %s", db->path, text);
	return SQLITE_CORRUPT;
}

static int
migrate(struct db *db, int from, struct xu_err *e)
{
	char sql[128];

	for (int v = from; v < NEWEST; v++) {
		snprintf(sql, sizeof(sql),
		    "PRAGMA user_version = %d; PRAGMA application_id = %d;",
		    v + 1, APPLICATION);
		if (run(db, "BEGIN IMMEDIATE") != SQLITE_OK ||
		    run(db, migrations[v]) != SQLITE_OK ||
		    run(db, sql) != SQLITE_OK ||
		    run(db, "COMMIT") != SQLITE_OK) {
			failed(db, "bring it to this version", e);
			run(db, "ROLLBACK");
			return -1;
		}
	}
	return 0;
}

static int
check_version(struct db *db, struct xu_err *e)
{
	int version = 0, application = 0, tables = 0;

	if (ask(db, "PRAGMA user_version", &version, NULL, 0) != SQLITE_OK ||
	    ask(db, "PRAGMA application_id", &application, NULL, 0) !=
		SQLITE_OK ||
	    ask(db, "SELECT count(*) FROM sqlite_schema", &tables, NULL, 0) !=
		SQLITE_OK)
		return failed(db, "read what it is", e);
	if (application != APPLICATION && (tables > 0 || version > 0)) {
		xu_err_set(e, "XLD_FILE", 0, "%s is a database, but not xld's; "
		    "move it away", db->path);
		xu_err_param(e, "%s", db->path);
		xu_err_param(e, "not xld's");
		return -1;
	}
	if (version > NEWEST) {
		xu_err_set(e, "XLD_FILE", 0,
		    "%s was made by a newer xld (its version is %d, this one "
		    "knows %d); install that one", db->path, version, NEWEST);
		xu_err_param(e, "%s", db->path);
		xu_err_param(e, "version %d", version);
		return -1;
	}
	return migrate(db, version, e);
}

static int
prepare(struct db *db, struct xu_err *e)
{
	for (int i = 0; i < S_COUNT; i++)
		if (sqlite3_prepare_v3(db->sq, texts[i], -1,
			SQLITE_PREPARE_PERSISTENT, &db->st[i], NULL) !=
		    SQLITE_OK)
			return failed(db, "prepare a statement", e);
	return 0;
}

static void
close_file(struct db *db)
{
	for (int i = 0; i < S_COUNT; i++)
		sqlite3_finalize(steal_ptr(&db->st[i]));
	sqlite3_close(steal_ptr(&db->sq));
}

/* ---- a damaged one -------------------------------------------------------------------- */

static int
set_aside(struct db *db, char aside[PATH_MAX], struct xu_err *e)
{
	static const char *const parts[] = { "", "-wal", "-shm" };
	char from[PATH_MAX + 8], to[PATH_MAX + 8];
	time_t now = time(NULL);
	struct tm tm;
	char when[32];

	gmtime_r(&now, &tm);
	strftime(when, sizeof(when), "%Y%m%dT%H%M%SZ", &tm);
	if (snprintf(aside, PATH_MAX, "%.4000s.damaged-%s", db->path, when) < 0)
		return -1;
	for (size_t i = 0; i < XU_ARRAY_SIZE(parts); i++) {
		snprintf(from, sizeof(from), "%s%s", db->path, parts[i]);
		snprintf(to, sizeof(to), "%s%s", aside, parts[i]);
		if (rename(from, to) < 0 && (i == 0 || errno != ENOENT))
			return xu_err_set(e, "XLD_FILE", errno,
			    "rename %s, which is damaged", from);
	}
	return 0;
}

static int
put_text(struct db *db, const char *cls, const char *id, const char *body,
    size_t len);

static bool
is_body(const char *text, size_t len)
{
	AUTO_VAL struct xu_val *v = xu_val_from_json(text, len, BODY_MAX, NULL);

	return xu_val_is(v, XU_STRUCT);
}

/* Takes the row where st is. */
static bool
take_row(struct db *db, sqlite3_stmt *st)
{
	const char *cls = (const char *)sqlite3_column_text(st, 0);
	const char *id = (const char *)sqlite3_column_text(st, 1);
	const char *body = (const char *)sqlite3_column_text(st, 2);

	return cls != NULL && id != NULL && body != NULL &&
	    is_body(body, strlen(body)) &&
	    put_text(db, cls, id, body, strlen(body)) == 0;
}

/* Each row is looked for by itself: only those whose page is damaged are lost.
 * Their number. */
static int
salvage(struct db *db, const char *aside)
{
	struct db old = { .sq = NULL };
	sqlite3_stmt *st = NULL;
	int n = 0, last = 0;

	if (sqlite3_open_v2(aside, &old.sq, SQLITE_OPEN_READWRITE, NULL) !=
	    SQLITE_OK)
		goto out;
	if (ask(&old, "SELECT max(n) FROM object", &last, NULL, 0) != SQLITE_OK)
		last = LAST_TRIED;
	if (sqlite3_prepare_v2(old.sq,
		"SELECT class, id, body FROM object WHERE n = ?1", -1, &st,
		NULL) != SQLITE_OK)
		goto out;
	for (int i = 1; i <= last; i++) {
		sqlite3_bind_int(st, 1, i);
		if (sqlite3_step(st) == SQLITE_ROW && take_row(db, st))
			n++;
		sqlite3_reset(st);
	}
out:
	sqlite3_finalize(st);
	sqlite3_close(old.sq);
	return n;
}

static int
begin_anew(struct db *db, struct xu_err *e)
{
	char aside[PATH_MAX];
	int n;

	xu_log(XU_ERROR, "%s is damaged: %s", db->path,
	    sqlite3_errmsg(db->sq));
	close_file(db);
	if (set_aside(db, aside, e) < 0)
		return -1;
	if (open_file(db) != SQLITE_OK)
		return failed(db, "make a new one", e);
	if (check_version(db, e) < 0 || prepare(db, e) < 0)
		return -1;
	n = salvage(db, aside);
	xu_log(XU_ERROR, "%s was damaged: it is %s now, and %d objects that "
			 "could be read of it are in a new one; compare with "
			 "a backup", db->path, aside, n);
	return 0;
}

/* The name of a new file is on disk, too. */
static void
sync_folder(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
}

struct db *
db_open(const char *dir, struct xu_err *e)
{
	struct db *db = calloc(1, sizeof(*db));
	int r, code;

	if (db == NULL) {
		xu_err_set(e, "XLD_NO_MEMORY", ENOMEM, "open the database");
		return NULL;
	}
	snprintf(db->path, sizeof(db->path), "%s/xld.db", dir);
	code = open_file(db);
	if (code == SQLITE_OK)
		code = whole(db);
	if (is_damage(code))
		r = begin_anew(db, e);
	else if (code != SQLITE_OK)
		r = failed(db, "open", e);
	else
		r = check_version(db, e) < 0 || prepare(db, e) < 0 ? -1 : 0;
	if (r == 0) {
		sync_folder(dir);
		r = db_import(db, dir, e);
	}
	if (r < 0)
		db_close(&db);
	return db;
}

void
db_close(struct db **db)
{
	if (*db == NULL)
		return;
	close_file(*db);
	free(steal_ptr(db));
}

/* ---- objects ------------------------------------------------------------------------------ */

/* Steps st to its end; a code of SQLite, OK at the end. */
static int
finish(sqlite3_stmt *st)
{
	int r = sqlite3_step(st), reset = sqlite3_reset(st);

	sqlite3_clear_bindings(st);
	return r == SQLITE_DONE ? SQLITE_OK : reset != SQLITE_OK ? reset : r;
}

static void
bind_key(sqlite3_stmt *st, const char *cls, const char *id)
{
	sqlite3_bind_text(st, 1, cls, -1, SQLITE_STATIC);
	if (id != NULL)
		sqlite3_bind_text(st, 2, id, -1, SQLITE_STATIC);
}

static int
put_text(struct db *db, const char *cls, const char *id, const char *body,
    size_t len)
{
	sqlite3_stmt *st = db->st[S_PUT];

	bind_key(st, cls, id);
	sqlite3_bind_text(st, 3, body, (int)len, SQLITE_STATIC);
	return finish(st) == SQLITE_OK ? 0 : -1;
}

static int
not_open(struct xu_err *e)
{
	return xu_err_set(e, "XLD_FILE", 0, "the database is not open");
}

int
db_put(struct db *db, const char *cls, const char *id, const struct xu_val *v,
    struct xu_err *e)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	int r;

	if (db == NULL)
		return not_open(e);
	if (!xu_val_ok(v) || xu_val_to_json(v, false, &b) < 0 || b.error != 0)
		return xu_err_set(e, "XLD_NO_MEMORY", ENOMEM,
		    "keep %s %s", cls, id);
	if (b.len > BODY_MAX) {
		xu_err_set(e, "XLD_TOO_MANY", 0,
		    "%s %s would take %zu bytes; %d are the most", cls, id,
		    b.len, BODY_MAX);
		xu_err_param(e, "bytes");
		xu_err_param(e, "%d", BODY_MAX);
		return -1;
	}
	if (fault_point("state-write", e) < 0)
		return -1;
	r = put_text(db, cls, id, b.data, b.len);
	fault_point("state-written", NULL);
	return r < 0 ? refused(db, "write", e) : 0;
}

int
db_change(struct db *db, const char *cls, const char *id, struct xu_val **v,
    const char *member, const struct xu_val *value, struct xu_err *e)
{
	struct xu_val *changed = *v != NULL ? xu_val_copy(*v) : xu_struct();

	xu_val_set(changed, member, xu_val_copy(value));
	if (db_put(db, cls, id, changed, e) < 0) {
		xu_val_free(changed);
		return -1;
	}
	xu_val_free(*v);
	*v = changed;
	return 0;
}

int
db_del(struct db *db, const char *cls, const char *id, struct xu_err *e)
{
	if (db == NULL)
		return not_open(e);
	if (fault_point("state-delete", e) < 0)
		return -1;
	bind_key(db->st[S_DEL], cls, id);
	if (finish(db->st[S_DEL]) != SQLITE_OK)
		return refused(db, "delete", e);
	fault_point("state-deleted", NULL);
	return 0;
}

/* Of the row where st is; NULL with *e. */
static struct xu_val *
row(const struct db *db, sqlite3_stmt *st, struct xu_err *e)
{
	const char *body = (const char *)sqlite3_column_text(st, 1);
	int len = sqlite3_column_bytes(st, 1);
	struct xu_val *v;

	v = xu_val_from_json(body != NULL ? body : "", (size_t)len, BODY_MAX,
	    e);
	if (v == NULL)
		xu_err_add(e, "%s: %s", db->path,
		    (const char *)sqlite3_column_text(st, 0));
	return v;
}

struct xu_val *
db_get(struct db *db, const char *cls, const char *id, struct xu_err *e)
{
	struct xu_val *v = NULL;
	sqlite3_stmt *st;
	int r;

	if (db == NULL) {
		not_open(e);
		return NULL;
	}
	st = db->st[S_GET];
	bind_key(st, cls, id);
	r = sqlite3_step(st);
	if (r == SQLITE_ROW)
		v = row(db, st, e);
	else if (r != SQLITE_DONE)
		failed(db, "read", e);
	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
	return v;
}

int
db_each(struct db *db, const char *cls, db_each_f *f, void *arg,
    struct xu_err *e)
{
	sqlite3_stmt *st;
	int r;

	if (db == NULL)
		return not_open(e);
	st = db->st[S_EACH];
	bind_key(st, cls, NULL);
	while ((r = sqlite3_step(st)) == SQLITE_ROW) {
		AUTO_VAL struct xu_val *v = NULL;
		struct xu_err own = XU_ERR_INIT;

		v = row(db, st, &own);
		/* The others are there all the same. */
		if (v == NULL)
			xu_log_err(XU_ERROR, &own);
		else
			f(arg, (const char *)sqlite3_column_text(st, 0), v);
	}
	if (r != SQLITE_DONE)
		failed(db, "read", e);
	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
	return r == SQLITE_DONE ? 0 : -1;
}

int
db_begin(struct db *db, struct xu_err *e)
{
	if (db == NULL)
		return not_open(e);
	return finish(db->st[S_BEGIN]) == SQLITE_OK ? 0 :
						      failed(db, "begin", e);
}

int
db_commit(struct db *db, struct xu_err *e)
{
	if (finish(db->st[S_COMMIT]) == SQLITE_OK)
		return 0;
	failed(db, "commit", e);
	db_rollback(db);
	return -1;
}

void
db_rollback(struct db *db)
{
	if (!sqlite3_get_autocommit(db->sq))
		finish(db->st[S_ROLLBACK]);
}
