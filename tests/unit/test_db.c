/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The database: what it keeps, what a cut at any write leaves, what is done with a
 * damaged one and with the records of before.
 */
#include "config.h"

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "db.h"
#include "db_cut.h"
#include "xu_file.h"
#include "xu_log.h"

/* ---- folders ------------------------------------------------------------------------ */

static char top[] = "/tmp/xld-db.XXXXXX";

static char *
folder(const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", top, name);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	return path;
}

static void
empty(const char *dir)
{
	DIR *d = opendir(dir);
	const struct dirent *ent;
	char path[PATH_MAX];

	while (d != NULL && (ent = readdir(d)) != NULL) {
		snprintf(path, sizeof(path), "%s/%s", dir, ent->d_name);
		if (strcmp(ent->d_name, ".") == 0 ||
		    strcmp(ent->d_name, "..") == 0)
			continue;
		if (unlink(path) < 0) {
			empty(path);
			rmdir(path);
		}
	}
	if (d != NULL)
		closedir(d);
}

static void
begin(void)
{
	strcpy(top, "/tmp/xld-db.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(top));
	xu_log_open("test", NULL, XU_ERROR);
}

static void
end(void)
{
	empty(top);
	rmdir(top);
}

/* Is there an entry that begins so? Its name in found. */
static bool
has(const char *dir, const char *prefix, char found[PATH_MAX])
{
	DIR *d = opendir(dir);
	const struct dirent *ent;
	bool yes = false;

	while (d != NULL && !yes && (ent = readdir(d)) != NULL)
		if (strncmp(ent->d_name, prefix, strlen(prefix)) == 0) {
			snprintf(found, PATH_MAX, "%s/%s", dir, ent->d_name);
			yes = true;
		}
	if (d != NULL)
		closedir(d);
	return yes;
}

static void
put_file(const char *dir, const char *name, const char *text)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(xu_fd_write(fd, text, strlen(text)), 0);
	close(fd);
}

/* ---- objects --------------------------------------------------------------------------- */

static struct db *
opened(const char *dir)
{
	struct xu_err e = XU_ERR_INIT;
	struct db *db = db_open(dir, &e);

	ck_assert_msg(db != NULL, "%s", e.msg);
	return db;
}

static int
put(struct db *db, const char *cls, const char *id, const char *text,
    struct xu_err *e)
{
	AUTO_VAL struct xu_val *v = xu_struct();

	xu_val_set(v, "text", xu_str(text));
	return db_put(db, cls, id, v, e);
}

static void
must_put(struct db *db, const char *cls, const char *id, const char *text)
{
	struct xu_err e = XU_ERR_INIT;

	ck_assert_msg(put(db, cls, id, text, &e) == 0, "%s", e.msg);
}

static void
add_line(void *arg, const char *id, const struct xu_val *v)
{
	const char *text = xu_val_get_str(v, "text", "?");

	xu_buf_addf(arg, "%s=%.20s/%zu\n", id, text, strlen(text));
}

/* All objects of two classes, in a line each. The caller's to free. */
static char *
content(struct db *db)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	struct xu_err e = XU_ERR_INIT;

	ck_assert_msg(db_each(db, "VM", add_line, &b, &e) == 0 &&
		db_each(db, "VDI", add_line, &b, &e) == 0, "%s", e.msg);
	return strdup(xu_buf_text(&b));
}

static void
has_content(struct db *db, const char *want)
{
	char *got = content(db);

	ck_assert_str_eq(got, want);
	free(got);
}

START_TEST(keeps)
{
	const char *dir = folder("keeps");
	struct xu_err e = XU_ERR_INIT;
	struct db *db = opened(dir);
	struct xu_val *v;

	must_put(db, "VM", "b", "two");
	must_put(db, "VM", "a", "one");
	must_put(db, "VM", "b", "three");
	must_put(db, "VDI", "a", "disk");
	has_content(db, "a=one/3\nb=three/5\na=disk/4\n");
	ck_assert_int_eq(db_del(db, "VM", "a", &e), 0);
	ck_assert_int_eq(db_del(db, "VM", "none", &e), 0);
	db_close(&db);
	ck_assert_ptr_null(db);

	db = opened(dir);
	has_content(db, "b=three/5\na=disk/4\n");
	v = db_get(db, "VM", "b", &e);
	ck_assert_str_eq(xu_val_get_str(v, "text", ""), "three");
	xu_val_free(v);
	ck_assert_ptr_null(db_get(db, "VM", "a", &e));
	ck_assert(!xu_err_is_set(&e));
	/* Two that are one. */
	ck_assert_int_eq(db_begin(db, &e), 0);
	must_put(db, "VM", "c", "x");
	must_put(db, "VM", "d", "y");
	db_rollback(db);
	has_content(db, "b=three/5\na=disk/4\n");
	db_close(&db);
}
END_TEST

START_TEST(too_large)
{
	struct db *db = opened(folder("large"));
	struct xu_err e = XU_ERR_INIT;
	char *text = malloc((1 << 20) + 1);

	memset(text, 'x', 1 << 20);
	text[1 << 20] = '\0';
	ck_assert_int_eq(put(db, "VM", "a", text, &e), -1);
	ck_assert_str_eq(e.code, "XLD_TOO_MANY");
	free(text);
	has_content(db, "");
	db_close(&db);
}
END_TEST

/* ---- cuts ---------------------------------------------------------------------------------- */

#define CHANGES 24

/* One change, and what is there afterwards. */
static void
change(struct db *db, int i)
{
	struct xu_err e = XU_ERR_INIT;
	char id[8], *text;

	snprintf(id, sizeof(id), "m%d", i % 7);
	if (i % 6 == 5) {
		ck_assert_int_eq(db_del(db, "VM", id, &e), 0);
	} else if (i % 6 == 4) {
		ck_assert_int_eq(db_begin(db, &e), 0);
		must_put(db, "VM", id, "both");
		must_put(db, "VDI", id, "or none");
		ck_assert_int_eq(db_commit(db, &e), 0);
	} else {
		/* Some of many pages: checkpoints happen, too. */
		text = calloc(1, 20001);
		memset(text, 'a' + i, i % 3 == 0 ? 20000 : 40 + i);
		must_put(db, "VM", id, text);
		free(text);
	}
}

/* Opens what a cut left; no damage is seen. Its content. */
static char *
after_cut(const char *dir)
{
	struct db *db = opened(dir);
	char found[PATH_MAX], *text = content(db);

	ck_assert_msg(!has(dir, "xld.db.damaged", found), "%s", found);
	db_close(&db);
	return text;
}

START_TEST(cut_anywhere)
{
	const char *dir = folder("live");
	char *states[CHANGES + 2], cut[PATH_MAX], *got;
	size_t n, done;
	struct db *db;

	snprintf(cut, sizeof(cut), "%s/cut", top);
	mkdir(cut, 0700);
	cut_record();
	db = opened(dir);
	states[0] = content(db);
	for (int i = 0; i < CHANGES; i++) {
		change(db, i);
		cut_acknowledged();
		states[i + 1] = content(db);
	}
	states[CHANGES + 1] = strdup("never");
	n = cut_count();
	ck_assert_int_gt((int)n, 4 * CHANGES);
	for (size_t i = 0; i <= n; i++) {
		empty(cut);
		done = cut_replay(i, (enum cut_mode)_i, cut);
		got = after_cut(cut);
		/* What was acknowledged; perhaps the one that was not yet. */
		ck_assert_msg(strcmp(got, states[done]) == 0 ||
			strcmp(got, states[done + 1]) == 0,
		    "cut at %zu of %zu, %zu acknowledged:\n%s\nnot\n%s", i, n,
		    done, got, states[done]);
		free(got);
	}
	db_close(&db);
	cut_end();
	for (size_t i = 0; i < CHANGES + 2; i++)
		free(states[i]);
}
END_TEST

/* A write or a sync fails, the next one does, ...: a change is refused and is not
 * there, and the next one works. */
START_TEST(fails_anywhere)
{
	static const int codes[] = { SQLITE_FULL, SQLITE_IOERR_WRITE,
		SQLITE_IOERR_FSYNC };
	const char *dir = folder("fails");
	size_t refused = 0;
	struct db *db;
	char id[16];

	cut_record();
	db = opened(dir);
	for (size_t at = 0; at < 40; at++) {
		AUTO_VAL struct xu_val *v = NULL;
		struct xu_err e = XU_ERR_INIT;
		int r;

		snprintf(id, sizeof(id), "m%zu", at);
		cut_fail(at % 10, 1000, codes[_i]);
		r = put(db, "VM", id, "here", &e);
		cut_fail(0, 0, 0);
		v = db_get(db, "VM", id, NULL);
		ck_assert_int_eq(r == 0, v != NULL);
		if (r < 0) {
			refused++;
			ck_assert_str_eq(e.code, "XLD_FILE");
			ck_assert_ptr_nonnull(strstr(e.msg, "xld.db"));
		}
		must_put(db, "VM", id, "there");
	}
	ck_assert_int_gt((int)refused, 3);
	db_close(&db);
	cut_end();
}
END_TEST

/* The disk writes a change and fails to say so: it was refused, and neither a crash nor
 * a restart brings it back. */
START_TEST(refused_is_not_found_later)
{
	AUTO_FREE char *dir = strdup(folder("refused"));
	const char *after = folder("refused-after");
	struct xu_err e = XU_ERR_INIT;
	struct db *db;
	size_t n;

	cut_record();
	db = opened(dir);
	must_put(db, "VM", "a", "first");
	cut_fail_sync();
	ck_assert_int_eq(put(db, "VM", "a", "second", &e), -1);
	n = cut_count();
	for (int m = 0; m < CUT_MODES; m++) {
		struct db *again;

		empty(after);
		cut_replay(n, (enum cut_mode)m, after);
		again = opened(after);
		has_content(again, "a=first/5\n");
		db_close(&again);
	}
	has_content(db, "a=first/5\n");
	db_close(&db);
	cut_end();
}
END_TEST

/* ---- what is not as it should be --------------------------------------------------------------- */

static void
fill(const char *dir, int n)
{
	struct db *db = opened(dir);
	char id[16], text[400];

	for (int i = 0; i < n; i++) {
		snprintf(id, sizeof(id), "m%03d", i);
		memset(text, 'a' + i % 26, sizeof(text) - 1);
		text[sizeof(text) - 1] = '\0';
		must_put(db, "VM", id, text);
	}
	db_close(&db);
}

/* Writes over the file from at on, -1: behind its middle. */
static void
scribble(const char *dir, off_t at, size_t len)
{
	char path[PATH_MAX];
	struct stat st;
	int fd;

	snprintf(path, sizeof(path), "%s/xld.db", dir);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fstat(fd, &st), 0);
	if (at < 0)
		at = st.st_size / 8192 * 4096;
	for (size_t i = 0; i < len; i++)
		ck_assert_int_eq(pwrite(fd, "\xa5", 1, at + (off_t)i), 1);
	close(fd);
}

static size_t
objects(struct db *db)
{
	char *text = content(db);
	size_t n = 0;

	for (const char *s = text; (s = strchr(s, '\n')) != NULL; s++)
		n++;
	free(text);
	return n;
}

START_TEST(damaged_page)
{
	const char *dir = folder("page");
	char found[PATH_MAX];
	struct db *db;
	size_t n;

	fill(dir, 200);
	scribble(dir, -1, 4096);
	db = opened(dir);
	ck_assert(has(dir, "xld.db.damaged-", found));
	/* Only what lies in that page is lost, and the new one is usable. */
	n = objects(db);
	ck_assert_int_gt((int)n, 150);
	ck_assert_int_lt((int)n, 200);
	must_put(db, "VM", "new", "x");
	db_close(&db);
	db = opened(dir);
	ck_assert_int_eq((int)objects(db), (int)n + 1);
	db_close(&db);
}
END_TEST

START_TEST(damaged_head)
{
	const char *dir = folder("head");
	char found[PATH_MAX];
	struct db *db;

	fill(dir, 20);
	scribble(dir, 0, 100);
	db = opened(dir);
	ck_assert(has(dir, "xld.db.damaged-", found));
	has_content(db, "");
	must_put(db, "VM", "new", "x");
	db_close(&db);
}
END_TEST

static void
execute(const char *dir, const char *sql)
{
	char path[PATH_MAX];
	sqlite3 *sq;

	snprintf(path, sizeof(path), "%s/xld.db", dir);
	ck_assert_int_eq(sqlite3_open(path, &sq), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(sq, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(sq);
}

START_TEST(from_the_future)
{
	const char *dir = folder("future");
	struct xu_err e = XU_ERR_INIT;
	char found[PATH_MAX];

	fill(dir, 1);
	execute(dir, "PRAGMA user_version = 99");
	ck_assert_ptr_null(db_open(dir, &e));
	ck_assert_ptr_nonnull(strstr(e.msg, "newer xld"));
	ck_assert(!has(dir, "xld.db.damaged-", found));
}
END_TEST

START_TEST(of_another_program)
{
	const char *dir = folder("other");
	struct xu_err e = XU_ERR_INIT;

	execute(dir, "CREATE TABLE object (a TEXT)");
	ck_assert_ptr_null(db_open(dir, &e));
	ck_assert_ptr_nonnull(strstr(e.msg, "not xld's"));
}
END_TEST

START_TEST(bad_object)
{
	const char *dir = folder("object");
	struct db *db;

	fill(dir, 3);
	execute(dir, "UPDATE object SET body = '{\"tex' WHERE id = 'm001'");
	db = opened(dir);
	ck_assert_int_eq((int)objects(db), 2);
	db_close(&db);
}
END_TEST

/* Somebody else writes: a change is refused soon, not waited for without end. */
START_TEST(locked)
{
	const char *dir = folder("locked");
	struct xu_err e = XU_ERR_INIT;
	struct db *db = opened(dir);
	char path[PATH_MAX];
	sqlite3 *sq;

	snprintf(path, sizeof(path), "%s/xld.db", dir);
	ck_assert_int_eq(sqlite3_open(path, &sq), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(sq, "BEGIN IMMEDIATE", NULL, NULL, NULL),
	    SQLITE_OK);
	ck_assert_int_eq(put(db, "VM", "a", "x", &e), -1);
	ck_assert_ptr_nonnull(strstr(e.msg, "another program"));
	has_content(db, "");
	sqlite3_exec(sq, "COMMIT", NULL, NULL, NULL);
	must_put(db, "VM", "a", "x");
	sqlite3_close(sq);
	db_close(&db);
}
END_TEST

/* ---- records of before -------------------------------------------------------------------------- */

START_TEST(takes_over)
{
	const char *dir = folder("before");
	char vms[PATH_MAX], vdis[PATH_MAX], found[PATH_MAX];
	struct xu_err e = XU_ERR_INIT;
	struct db *db = opened(dir);
	struct xu_val *v;

	/* One is there already, as after a start that was cut short. */
	must_put(db, "VM", "00000000-0000-0000-0000-000000000002", "mine");
	db_close(&db);
	snprintf(vms, sizeof(vms), "%s/vms", dir);
	snprintf(vdis, sizeof(vdis), "%s/vdis", dir);
	mkdir(vms, 0700);
	mkdir(vdis, 0700);
	put_file(vms, "00000000-0000-0000-0000-000000000001.json",
	    "{\"uuid\":\"x\",\"domid\":7,\"config\":{\"name_label\":\"web\"}}");
	put_file(vms, "00000000-0000-0000-0000-000000000002.json",
	    "{\"config\":{\"name_label\":\"old\"}}");
	put_file(vms, "00000000-0000-0000-0000-000000000003.json", "{\"conf");
	put_file(vdis, "00000000-0000-0000-0000-000000000004.json",
	    "{\"text\":\"disk\"}");
	for (int i = 0; i < 2; i++) {
		db = opened(dir);
		v = db_get(db, "VM", "00000000-0000-0000-0000-000000000001",
		    &e);
		ck_assert_str_eq(xu_val_get_str(xu_val_get(v, "config"),
		    "name_label", ""), "web");
		ck_assert_ptr_null(xu_val_get(v, "domid"));
		xu_val_free(v);
		has_content(db, "00000000-0000-0000-0000-000000000001=?/1\n"
		    "00000000-0000-0000-0000-000000000002=mine/4\n"
		    "00000000-0000-0000-0000-000000000004=disk/4\n");
		db_close(&db);
		/* What nobody could read is for its owner to look at. */
		ck_assert(!has(dir, "vdis", found));
		ck_assert(has(vms, "00000000-0000-0000-0000-000000000003",
		    found));
		ck_assert(!has(vms, "00000000-0000-0000-0000-000000000001",
		    found));
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("db");
	TCase *t = tcase_create("db");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, begin, end);
	tcase_set_timeout(t, 300);
	tcase_add_test(t, keeps);
	tcase_add_test(t, too_large);
	tcase_add_loop_test(t, cut_anywhere, 0, CUT_MODES);
	tcase_add_test(t, refused_is_not_found_later);
	tcase_add_loop_test(t, fails_anywhere, 0, 3);
	tcase_add_test(t, damaged_page);
	tcase_add_test(t, damaged_head);
	tcase_add_test(t, from_the_future);
	tcase_add_test(t, of_another_program);
	tcase_add_test(t, bad_object);
	tcase_add_test(t, locked);
	tcase_add_test(t, takes_over);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? 0 : 1;
}
