/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Records that an xld before the database kept as JSON files. They become
 * objects in one transaction; the files go when that is on disk. Cut short in
 * between, the next start does it again: an object that is there stays.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "db.h"
#include "xu_file.h"
#include "xu_log.h"

#define RECORD_MAX (1u << 20)

static const struct {
	const char *folder, *cls;
} kinds[] = {
	{ "vms", "VM" },
	{ "vdis", "VDI" },
	{ "networks", "network" },
};

/* Of "NAME.json"; false: it is no record. */
static bool
name_of(const char *file, char out[64])
{
	size_t n = strlen(file);

	if (n <= 5 || n - 5 >= 64 || strcmp(file + n - 5, ".json") != 0 ||
	    file[0] == '.')
		return false;
	memcpy(out, file, n - 5);
	out[n - 5] = '\0';
	return true;
}

static int
take_file(struct db *db, const char *cls, const char *id, const char *path,
    struct xu_err *e)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	AUTO_VAL struct xu_val *v = NULL, *there = NULL, *body = NULL;
	struct xu_err own = XU_ERR_INIT;

	if (xu_file_read(path, RECORD_MAX, &b, &own) == 0)
		v = xu_val_from_json(xu_buf_text(&b), b.len, RECORD_MAX, &own);
	if (v == NULL) {
		xu_err_add(&own, "%s", path);
		xu_log_err(XU_ERROR, &own);
		return 0;
	}
	there = db_get(db, cls, id, e);
	if (there != NULL)
		return 0;
	if (strcmp(cls, "VM") != 0)
		return db_put(db, cls, id, v, e);
	/* Of a machine only what its owner set outlives the boot. */
	body = xu_struct();
	xu_val_set(body, "config", xu_val_copy(xu_val_get(v, "config")));
	return db_put(db, cls, id, body, e);
}

/* What could not be read stays for its owner to look at. */
static void
let_go(struct db *db, const char *cls, const char *id, const char *path)
{
	AUTO_VAL struct xu_val *v = db_get(db, cls, id, NULL);

	if (v != NULL && unlink(path) < 0)
		xu_log(XU_WARNING, "remove %s: %s", path, strerror(errno));
}

/* taken: false = into the database, true = they are in it. */
static int
each_file(struct db *db, const char *dir, const char *folder, const char *cls,
    bool taken, struct xu_err *e)
{
	char path[PATH_MAX], id[64];
	const struct dirent *ent;
	int r = 0;
	DIR *d;

	snprintf(path, sizeof(path), "%s/%s", dir, folder);
	d = opendir(path);
	while (d != NULL && r == 0 && (ent = readdir(d)) != NULL) {
		if (!name_of(ent->d_name, id))
			continue;
		snprintf(path, sizeof(path), "%s/%s/%s", dir, folder,
		    ent->d_name);
		if (!taken)
			r = take_file(db, cls, id, path, e);
		else
			let_go(db, cls, id, path);
	}
	if (d == NULL)
		return 0;
	closedir(d);
	snprintf(path, sizeof(path), "%s/%s", dir, folder);
	if (taken && rmdir(path) < 0)
		xu_log(XU_NOTICE, "%s stays: %s", path, strerror(errno));
	return r;
}

static bool
has_folder(const char *dir)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < XU_ARRAY_SIZE(kinds); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, kinds[i].folder);
		if (access(path, F_OK) == 0)
			return true;
	}
	return false;
}

int
db_import(struct db *db, const char *dir, struct xu_err *e)
{
	if (!has_folder(dir))
		return 0;
	if (db_begin(db, e) < 0)
		return -1;
	for (size_t i = 0; i < XU_ARRAY_SIZE(kinds); i++)
		if (each_file(db, dir, kinds[i].folder, kinds[i].cls, false, e) <
		    0) {
			db_rollback(db);
			return -1;
		}
	if (db_commit(db, e) < 0)
		return -1;
	xu_log(XU_NOTICE, "records of %s are in its database now", dir);
	for (size_t i = 0; i < XU_ARRAY_SIZE(kinds); i++)
		each_file(db, dir, kinds[i].folder, kinds[i].cls, true, e);
	return 0;
}
