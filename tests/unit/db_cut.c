/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See db_cut.h. */
#include "config.h"

#include <check.h>
#include <fcntl.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "db_cut.h"

#define FILES 4

enum what {
	WRITE,
	TRUNCATE,
	SYNC,
	DELETE,
	ACKNOWLEDGED,
};

struct op {
	enum what what;
	int file;
	/* DELETE: not 0 when the folder is synced with it. */
	sqlite3_int64 at;
	size_t len;
	unsigned char *data;
};

struct file {
	sqlite3_file base;
	/* Into names; -1: not looked at. */
	int id;
	sqlite3_file *real;
};

static sqlite3_vfs *below, ours;
static struct op *ops;
static size_t nops, room, calls, fail_from, fail_to;
static int fail_code;
static bool fail_sync;
static char *names[FILES];

/* ---- the record -------------------------------------------------------------------- */

static void
note(enum what what, int file, sqlite3_int64 at, const void *data, size_t len)
{
	if (file < 0 && what != ACKNOWLEDGED)
		return;
	if (nops == room) {
		room = room * 2 + 256;
		ops = reallocarray(ops, room, sizeof(*ops));
		ck_assert_ptr_nonnull(ops);
	}
	ops[nops] = (struct op) { what, file, at, len, NULL };
	if (data != NULL) {
		ops[nops].data = malloc(len);
		ck_assert_ptr_nonnull(ops[nops].data);
		memcpy(ops[nops].data, data, len);
	}
	nops++;
}

static int
id_of(const char *path)
{
	const char *base = path != NULL ? strrchr(path, '/') : NULL;
	int i = 0;

	if (base == NULL)
		return -1;
	while (i < FILES && names[i] != NULL && strcmp(names[i], base + 1) != 0)
		i++;
	ck_assert_int_lt(i, FILES);
	if (names[i] == NULL)
		names[i] = strdup(base + 1);
	return i;
}

static bool
fails(void)
{
	size_t n = calls++;

	return n >= fail_from && n < fail_to;
}

/* ---- the files ----------------------------------------------------------------------- */

#define REAL(f) (((struct file *)(f))->real)
#define ID(f)	(((struct file *)(f))->id)

static int
f_close(sqlite3_file *f)
{
	int r = REAL(f)->pMethods->xClose(REAL(f));

	free(REAL(f));
	return r;
}

static int
f_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
	return REAL(f)->pMethods->xRead(REAL(f), p, n, at);
}

static int
f_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
	if (fails())
		return fail_code;
	note(WRITE, ID(f), at, p, (size_t)n);
	return REAL(f)->pMethods->xWrite(REAL(f), p, n, at);
}

static int
f_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	note(TRUNCATE, ID(f), size, NULL, 0);
	return REAL(f)->pMethods->xTruncate(REAL(f), size);
}

static int
f_sync(sqlite3_file *f, int flags)
{
	if (fail_sync) {
		fail_sync = false;
		return SQLITE_IOERR_FSYNC;
	}
	if (fails())
		return fail_code;
	note(SYNC, ID(f), 0, NULL, 0);
	return REAL(f)->pMethods->xSync(REAL(f), flags);
}

static int
f_size(sqlite3_file *f, sqlite3_int64 *size)
{
	return REAL(f)->pMethods->xFileSize(REAL(f), size);
}

static int
f_lock(sqlite3_file *f, int level)
{
	return REAL(f)->pMethods->xLock(REAL(f), level);
}

static int
f_unlock(sqlite3_file *f, int level)
{
	return REAL(f)->pMethods->xUnlock(REAL(f), level);
}

static int
f_reserved(sqlite3_file *f, int *out)
{
	return REAL(f)->pMethods->xCheckReservedLock(REAL(f), out);
}

static int
f_control(sqlite3_file *f, int op, void *arg)
{
	return REAL(f)->pMethods->xFileControl(REAL(f), op, arg);
}

static int
f_sector(sqlite3_file *f)
{
	return REAL(f)->pMethods->xSectorSize(REAL(f));
}

static int
f_traits(sqlite3_file *f)
{
	return REAL(f)->pMethods->xDeviceCharacteristics(REAL(f));
}

static int
f_map(sqlite3_file *f, int page, int size, int extend, void volatile **out)
{
	return REAL(f)->pMethods->xShmMap(REAL(f), page, size, extend, out);
}

static int
f_shm_lock(sqlite3_file *f, int offset, int n, int flags)
{
	return REAL(f)->pMethods->xShmLock(REAL(f), offset, n, flags);
}

static void
f_barrier(sqlite3_file *f)
{
	REAL(f)->pMethods->xShmBarrier(REAL(f));
}

static int
f_unmap(sqlite3_file *f, int delete)
{
	return REAL(f)->pMethods->xShmUnmap(REAL(f), delete);
}

static const sqlite3_io_methods methods = {
	.iVersion = 2,
	.xClose = f_close,
	.xRead = f_read,
	.xWrite = f_write,
	.xTruncate = f_truncate,
	.xSync = f_sync,
	.xFileSize = f_size,
	.xLock = f_lock,
	.xUnlock = f_unlock,
	.xCheckReservedLock = f_reserved,
	.xFileControl = f_control,
	.xSectorSize = f_sector,
	.xDeviceCharacteristics = f_traits,
	.xShmMap = f_map,
	.xShmLock = f_shm_lock,
	.xShmBarrier = f_barrier,
	.xShmUnmap = f_unmap,
};

static int
v_open(sqlite3_vfs *v, const char *path, sqlite3_file *f, int flags, int *out)
{
	struct file *mine = (struct file *)f;
	int r;

	(void)v;
	*mine = (struct file) { .id = id_of(path) };
	mine->real = calloc(1, (size_t)below->szOsFile);
	ck_assert_ptr_nonnull(mine->real);
	r = below->xOpen(below, path, mine->real, flags, out);
	if (r == SQLITE_OK)
		mine->base.pMethods = &methods;
	else
		free(mine->real);
	return r;
}

static int
v_delete(sqlite3_vfs *v, const char *path, int sync)
{
	(void)v;
	note(DELETE, id_of(path), sync, NULL, 0);
	return below->xDelete(below, path, sync);
}

void
cut_record(void)
{
	below = sqlite3_vfs_find(NULL);
	ours = *below;
	ours.zName = "cut";
	ours.szOsFile = sizeof(struct file);
	ours.xOpen = v_open;
	ours.xDelete = v_delete;
	calls = fail_from = fail_to = 0;
	ck_assert_int_eq(sqlite3_vfs_register(&ours, 1), SQLITE_OK);
}

void
cut_end(void)
{
	sqlite3_vfs_unregister(&ours);
	for (size_t i = 0; i < nops; i++)
		free(ops[i].data);
	free(ops);
	ops = NULL;
	nops = room = 0;
	for (int i = 0; i < FILES; i++) {
		free(names[i]);
		names[i] = NULL;
	}
}

void
cut_acknowledged(void)
{
	note(ACKNOWLEDGED, -1, 0, NULL, 0);
}

size_t
cut_count(void)
{
	return nops;
}

void
cut_fail(size_t nth, size_t times, int code)
{
	calls = 0;
	fail_from = nth;
	fail_to = nth + times;
	fail_code = code;
}

void
cut_fail_sync(void)
{
	fail_sync = true;
}

/* ---- as it was ------------------------------------------------------------------------ */

/* Before n, was the file synced after i? */
static bool
is_synced(size_t i, size_t n)
{
	if (ops[i].what == DELETE)
		return ops[i].at != 0;
	for (size_t s = i + 1; s < n; s++)
		if (ops[s].what == SYNC && ops[s].file == ops[i].file)
			return true;
	return false;
}

static bool
is_there(size_t i, size_t n, enum cut_mode mode)
{
	switch (mode) {
	case CUT_NONE:
		return is_synced(i, n);
	case CUT_SOME:
		return i % 2 == 0 || is_synced(i, n);
	default:
		return true;
	}
}

static void
apply(const struct op *o, size_t len, const char *dir)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, names[o->file]);
	if (o->what == DELETE) {
		unlink(path);
		return;
	}
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	if (o->what == WRITE)
		ck_assert_int_eq(pwrite(fd, o->data, len, o->at), (ssize_t)len);
	else if (o->what == TRUNCATE)
		ck_assert_int_eq(ftruncate(fd, o->at), 0);
	close(fd);
}

size_t
cut_replay(size_t n, enum cut_mode mode, const char *dir)
{
	size_t acknowledged = 0;

	for (size_t i = 0; i < n; i++) {
		if (ops[i].what == ACKNOWLEDGED)
			acknowledged++;
		else if (is_there(i, n, mode))
			apply(&ops[i], ops[i].len, dir);
	}
	if (mode == CUT_TORN && n < nops && ops[n].what == WRITE)
		apply(&ops[n], ops[n].len / 2, dir);
	return acknowledged;
}
