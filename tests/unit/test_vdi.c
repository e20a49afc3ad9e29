/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Disks of a folder from beginning to end, with the real database: made, grown,
 * removed, and what a start does with those that were half made, half removed or
 * that a machine has. Copies and volumes are tests/host/storage-lvm.sh.
 */
#include "config.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "db.h"
#include "dev.h"
#include "qcow2.h"
#include "vdi.h"

#define MIB (INT64_C(1) << 20)
#define SR  "11111111-1111-1111-1111-111111111111"

static char dir[64], store[80];

static struct core *
core_open_(bool fresh)
{
	struct core *c = calloc(1, sizeof(*c));
	struct xu_err e = XU_ERR_INIT;
	struct xu_val *v, *device;

	ck_assert_ptr_nonnull(c);
	c->loop = uv_default_loop();
	snprintf(c->host_uuid, sizeof(c->host_uuid),
	    "00000000-0000-0000-0000-000000000001");
	ck_assert_int_eq(guests_open(c), 0);
	c->db = db_open(dir, &e);
	ck_assert_msg(c->db != NULL, "%s", e.msg);
	if (fresh) {
		v = xu_struct();
		device = xu_struct();
		xu_val_set(device, "location", xu_str(store));
		xu_val_set(v, "device_config", device);
		xu_val_set(v, "type", xu_str("dir"));
		xu_val_set(v, "name_label", xu_str("disks"));
		ck_assert_int_eq(db_put(c->db, "SR", SR, v, &e), 0);
		xu_val_free(v);
	}
	ck_assert_msg(vdis_open(c, &e) == 0, "%s", e.msg);
	vdis_started(c);
	return c;
}

static void
core_end(struct core *c)
{
	vdis_close(c);
	guests_close(c);
	db_close(&c->db);
	free(c);
}

static void
setup(void)
{
	snprintf(dir, sizeof(dir), "/tmp/xld-vdi-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(store, sizeof(store), "%s/o dd,'\"", dir);
	ck_assert_int_eq(mkdir(store, 0700), 0);
}

static void
teardown(void)
{
	char command[100];

	snprintf(command, sizeof(command), "rm -rf %s", dir);
	ck_assert_int_eq(system(command), 0);
}

struct outcome {
	unsigned n, held;
	bool failed;
	char code[64], why[300];
};

static void
done(void *arg, const struct xu_err *e)
{
	struct outcome *o = arg;

	o->n++;
	o->failed = e != NULL;
	if (e != NULL) {
		snprintf(o->code, sizeof(o->code), "%.60s", e->code);
		snprintf(o->why, sizeof(o->why), "%.299s", e->msg);
	}
}

static struct vdi *
new_disk(struct core *c, const char *format)
{
	struct xu_val *config = xu_struct();
	struct xu_err e = XU_ERR_INIT;
	char uuid[UUID_TEXT];
	struct vdi *v;

	xu_val_set(config, "SR", xu_str(SR));
	xu_val_set(config, "name_label", xu_str("d"));
	uuid_random(uuid);
	v = vdi_new(c, uuid, config);
	ck_assert_ptr_nonnull(v);
	ck_assert_msg(vdi_settle(v, sr_find(c, SR), format, &e) == 0, "%s",
	    e.msg);
	return v;
}

static struct outcome
make(struct core *c, struct vdi *v, int64_t size, bool half)
{
	struct outcome o = { 0 };
	const struct vdi_order order = { .v = v, .size = size, .half = half,
		.done = done, .arg = &o };

	ck_assert_ptr_null(vdi_make(c, &order));
	ck_assert_uint_eq(o.n, 1);
	return o;
}

/* Is the file of that disk there? */
static bool
there(const char *uuid, const char *ext)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s.%s", store, uuid, ext);
	return access(path, F_OK) == 0;
}

static const char *const formats[] = { "raw", "qcow2" };

START_TEST(a_life)
{
	const char *format = formats[_i];
	struct core *c = core_open_(true);
	struct vdi *v = new_disk(c, format);
	struct outcome o = make(c, v, 3 * MIB, false);
	char uuid[UUID_TEXT];
	int64_t used;

	ck_assert_msg(!o.failed, "%s", o.why);
	ck_assert(!v->busy);
	memcpy(uuid, v->uuid, sizeof(uuid));
	ck_assert_int_eq(vdi_size(v, &used), 3 * MIB);
	ck_assert_int_le(used, 64 * 1024);
	ck_assert(there(uuid, format));
	o = (struct outcome){ 0 };
	vdi_grow(c, v, 5 * MIB, done, &o);
	ck_assert_msg(o.n == 1 && !o.failed, "%s", o.why);
	ck_assert_int_eq(vdi_size(v, &used), 5 * MIB);
	/* The next daemon knows it. */
	core_end(c);
	c = core_open_(false);
	v = vdi_find(c, uuid);
	ck_assert_ptr_nonnull(v);
	ck_assert(!v->busy);
	ck_assert_int_eq(vdi_size(v, &used), 5 * MIB);
	o = (struct outcome){ 0 };
	vdi_drop(c, v, done, &o);
	ck_assert(o.n == 1 && !o.failed);
	ck_assert_ptr_null(vdi_find(c, uuid));
	ck_assert(!there(uuid, format));
	core_end(c);
	c = core_open_(false);
	ck_assert_ptr_null(vdi_find(c, uuid));
	core_end(c);
}
END_TEST

START_TEST(places)
{
	struct core *c = core_open_(true);
	struct vdi *v = new_disk(c, "qcow2");
	struct xu_err e = XU_ERR_INIT;

	ck_assert_int_eq(strncmp(vdi_location(v), "qcow2:/", 7), 0);
	ck_assert_int_eq(vdi_format(v), XU_DISK_QCOW2);
	ck_assert_int_eq(vdi_settle(v, sr_find(c, SR), "vhd", &e), -1);
	ck_assert_str_eq(e.code, "VALUE_NOT_SUPPORTED");
	core_end(c);
}
END_TEST

/* No room: neither file nor object is left. */
START_TEST(full)
{
	struct core *c = core_open_(true);
	struct vdi *v = new_disk(c, formats[_i]);
	struct rlimit limit = { 64 * 1024, RLIM_INFINITY };
	char uuid[UUID_TEXT];
	struct outcome o;

	memcpy(uuid, v->uuid, sizeof(uuid));
	signal(SIGXFSZ, SIG_IGN);
	/* (The database's files are smaller.) */
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	o = make(c, v, 8 * MIB, false);
	limit.rlim_cur = RLIM_INFINITY;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ck_assert(o.failed);
	ck_assert_ptr_null(vdi_find(c, uuid));
	ck_assert(!there(uuid, formats[_i]));
	core_end(c);
}
END_TEST

START_TEST(the_folder_is_gone)
{
	struct core *c = core_open_(true);
	struct vdi *v = new_disk(c, "raw");
	struct outcome o;

	ck_assert_int_eq(rmdir(store), 0);
	o = make(c, v, MIB, false);
	ck_assert(o.failed);
	ck_assert_str_eq(o.code, "XLD_FILE");
	ck_assert_ptr_nonnull(strstr(o.why, store));
	ck_assert_int_eq(mkdir(store, 0700), 0);
	core_end(c);
}
END_TEST

/* A volume group that nobody has seen: nothing is begun, and nothing stays. */
START_TEST(the_group_is_gone)
{
	static const char group[] = "33333333-3333-3333-3333-333333333333";
	struct core *c = core_open_(true);
	struct xu_val *sr = xu_struct(), *device = xu_struct(),
		      *config = xu_struct();
	struct xu_err e = XU_ERR_INIT;
	char uuid[UUID_TEXT];
	struct outcome o;
	struct vdi *v;

	xu_val_set(device, "volume_group", xu_str("nosuchgroup"));
	xu_val_set(sr, "device_config", device);
	xu_val_set(sr, "type", xu_str("lvm"));
	ck_assert_int_eq(db_put(c->db, "SR", group, sr, &e), 0);
	xu_val_free(sr);
	core_end(c);
	c = core_open_(false);
	xu_val_set(config, "SR", xu_str(group));
	uuid_random(uuid);
	v = vdi_new(c, uuid, config);
	ck_assert_int_eq(vdi_settle(v, sr_find(c, group), "qcow2", &e), -1);
	ck_assert_str_eq(e.code, "VALUE_NOT_SUPPORTED");
	xu_err_clear(&e);
	ck_assert_int_eq(vdi_settle(v, sr_find(c, group), "", &e), 0);
	ck_assert_int_eq(strncmp(vdi_location(v), "phy:/dev/nosuchgroup/xld-",
			     25), 0);
	sr_find(c, group)->looked = true;
	o = make(c, v, MIB, false);
	ck_assert(o.failed);
	ck_assert_str_eq(o.code, "XLD_FILE");
	ck_assert_ptr_nonnull(strstr(o.why, "nosuchgroup is not there"));
	ck_assert_ptr_null(vdi_find(c, uuid));
	core_end(c);
}
END_TEST

static void
held(void *arg)
{
	struct outcome *o = arg;

	o->held++;
}

/* For a machine that runs: there is room for the copy, and it waits for the machine to
 * stand still, which it never does. */
START_TEST(never_still)
{
	struct core *c = core_open_(true);
	struct vdi *from = new_disk(c, formats[_i]), *v;
	struct outcome o = { 0 };
	struct vdi_order order = { .from = from, .size = 3 * MIB, .half = true,
		.held = held, .done = done, .arg = &o };
	char uuid[UUID_TEXT];
	struct vdi_job *j;

	ck_assert(!make(c, from, 3 * MIB, false).failed);
	order.v = v = new_disk(c, formats[_i]);
	memcpy(uuid, v->uuid, sizeof(uuid));
	j = vdi_make(c, &order);
	ck_assert_ptr_nonnull(j);
	ck_assert_uint_eq(o.held, 1);
	ck_assert(there(uuid, formats[_i]) && v->busy && from->busy);
	vdi_make_abandon(j);
	ck_assert_uint_eq(o.n, 0);
	ck_assert(!there(uuid, formats[_i]) && !from->busy && !from->lent);
	ck_assert_ptr_null(vdi_find(c, uuid));
	core_end(c);
	c = core_open_(false);
	ck_assert_ptr_null(vdi_find(c, uuid));
	core_end(c);
}
END_TEST

/* What the daemon left when it was killed. */
START_TEST(half_done)
{
	struct core *c = core_open_(true);
	struct vdi *made = new_disk(c, "raw"), *removed = new_disk(c, "qcow2");
	struct xu_err e = XU_ERR_INIT;
	char uuids[2][UUID_TEXT];

	memcpy(uuids[0], made->uuid, UUID_TEXT);
	memcpy(uuids[1], removed->uuid, UUID_TEXT);
	ck_assert(!make(c, made, MIB, true).failed);
	ck_assert(made->busy);
	ck_assert(!make(c, removed, MIB, false).failed);
	ck_assert_int_eq(vdi_mark(c, removed, "removed", &e), 0);
	core_end(c);
	ck_assert(there(uuids[0], "raw") && there(uuids[1], "qcow2"));
	c = core_open_(false);
	for (int i = 0; i < 2; i++)
		ck_assert_ptr_null(vdi_find(c, uuids[i]));
	ck_assert(!there(uuids[0], "raw") && !there(uuids[1], "qcow2"));
	core_end(c);
}
END_TEST

/* Its content was coming when the daemon was killed: an image is one again, and what
 * became of either is told. */
START_TEST(half_brought)
{
	const char *format = formats[_i];
	struct core *c = core_open_(true);
	struct vdi *v = new_disk(c, format);
	struct xu_err e = XU_ERR_INIT;
	char uuid[UUID_TEXT], path[PATH_MAX];
	struct xu_val *r;
	int64_t used;

	ck_assert(!make(c, v, 3 * MIB, false).failed);
	memcpy(uuid, v->uuid, sizeof(uuid));
	xu_val_set(v->config, "import", xu_int(3 * MIB));
	ck_assert_int_eq(db_put(c->db, "VDI", uuid, v->config, &e), 0);
	vdi_file(sr_find(c, SR), v, path);
	core_end(c);
	if (_i == 1)
		ck_assert_int_eq(truncate(path, 100), 0);
	c = core_open_(false);
	v = vdi_find(c, uuid);
	ck_assert_ptr_nonnull(v);
	ck_assert(!v->busy);
	ck_assert_int_eq(vdi_size(v, &used), 3 * MIB);
	r = vdi_record(c, v);
	ck_assert_str_eq(xu_val_get_str(xu_val_get(r, "sm_config"), "content",
			     ""), "incomplete");
	xu_val_free(r);
	core_end(c);
}
END_TEST

/* A disk that another one was to take the place of: it goes when nobody has it, and
 * its snapshots are the other one's. */
START_TEST(replaced)
{
	struct core *c = core_open_(true);
	struct vdi *old = new_disk(c, "raw"), *kept = new_disk(c, "raw");
	struct vdi *next = new_disk(c, "raw");
	struct xu_err e = XU_ERR_INIT;
	char uuids[3][UUID_TEXT];

	memcpy(uuids[0], old->uuid, UUID_TEXT);
	memcpy(uuids[1], kept->uuid, UUID_TEXT);
	memcpy(uuids[2], next->uuid, UUID_TEXT);
	vdi_is_snapshot_of(kept->config, old, 1);
	ck_assert(!make(c, old, MIB, false).failed);
	ck_assert(!make(c, kept, MIB, false).failed);
	ck_assert(!make(c, next, MIB, false).failed);
	ck_assert_int_eq(vdi_replace(c, old, next->uuid, &e), 0);
	ck_assert(old->busy);
	core_end(c);
	c = core_open_(false);
	ck_assert_ptr_null(vdi_find(c, uuids[0]));
	ck_assert(!there(uuids[0], "raw") && there(uuids[1], "raw"));
	ck_assert_str_eq(xu_val_get_str(vdi_find(c, uuids[1])->config,
	    "snapshot_of", ""), uuids[2]);
	core_end(c);
	/* On disk, too. */
	c = core_open_(false);
	ck_assert_str_eq(xu_val_get_str(vdi_find(c, uuids[1])->config,
	    "snapshot_of", ""), uuids[2]);
	core_end(c);
}
END_TEST

/* A machine that is on record has the last of its disks, although its maker died
 * before he could say so. */
START_TEST(half_made_and_had)
{
	struct core *c = core_open_(true);
	struct vdi *v = new_disk(c, "raw");
	struct dev d = { .cls = &vbd_class };
	struct xu_val *config = xu_struct(), *list = xu_array(),
		      *vbd = xu_struct();
	struct guest g = { .core = c, .config = config };
	struct outcome o = make(c, v, MIB, true);
	struct xu_err e = XU_ERR_INIT;

	ck_assert(!o.failed && v->busy);
	/* It was filled from there, and the volume is gone. */
	xu_val_set(v->config, "still", xu_str(SR));
	snprintf(d.uuid, sizeof(d.uuid), "22222222-2222-2222-2222-222222222222");
	d.guest = &g;
	xu_val_set(vbd, "uuid", xu_str(d.uuid));
	xu_val_set(vbd, "VDI", xu_str(v->uuid));
	xu_val_add(list, vbd);
	xu_val_set(config, "VBDs", list);
	ck_assert_int_eq(xu_map_put(c->devs, d.uuid, &d), 0);
	/* One that somebody is about is not the last daemon's. */
	vdis_resume(c, sr_find(c, SR));
	ck_assert(v->busy);
	v->left = true;
	vdis_resume(c, sr_find(c, SR));
	ck_assert(!v->busy);
	ck_assert_str_eq(xu_val_get_str(v->config, "state", "none"), "none");
	ck_assert_ptr_null(xu_val_get(v->config, "still"));
	ck_assert(there(v->uuid, "raw"));
	/* Nor does one go that was to be replaced, and was not. */
	ck_assert_int_eq(vdi_replace(c, v, "", &e), 0);
	v->left = true;
	vdis_resume(c, sr_find(c, SR));
	ck_assert(!v->busy);
	ck_assert_str_eq(xu_val_get_str(v->config, "state", "none"), "none");
	ck_assert_ptr_null(xu_val_get(v->config, "successor"));
	ck_assert(there(v->uuid, "raw"));
	xu_map_del(c->devs, d.uuid);
	xu_val_free(config);
	core_end(c);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("disks of our own");
	TCase *t = tcase_create("all");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, a_life, 0, 2);
	tcase_add_test(t, places);
	tcase_add_loop_test(t, full, 0, 2);
	tcase_add_test(t, the_folder_is_gone);
	tcase_add_test(t, the_group_is_gone);
	tcase_add_loop_test(t, never_still, 0, 2);
	tcase_add_test(t, half_done);
	tcase_add_loop_test(t, half_brought, 0, 2);
	tcase_add_test(t, replaced);
	tcase_add_test(t, half_made_and_had);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? 0 : 1;
}
