/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Disks that go to clients of the API or come from them. xld-api has no right to a
 * disk: it gets one end of a pipe, at whose other end xld-copy reads or writes. Such
 * a transfer is a task from its first byte, which xld-api, too, asks for the end.
 *
 * A disk whose content comes is marked in the database until all of it is on disk
 * ("import": its size), so one that a client or the daemon left half written is
 * known for what it is.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "db.h"
#include "qcow2.h"
#include "vbd.h"
#include "vdi.h"
#include "xu_log.h"

/* Each is a process. */
#define STREAMS_MAX 16
/* An image is larger than what a guest sees: tables, and what was overwritten. */
#define IMAGE_MOST(size) (2 * (size) + (INT64_C(64) << 20))

struct stream {
	struct call *call;
	/* It is busy, so it stays. */
	struct vdi *v;
	char path[PATH_MAX];
	int64_t size;
};

/* ---- what both have alike ----------------------------------------------------------- */

static void
progress(void *arg, int percent)
{
	const struct stream *s = arg;

	call_progress(s->call, "transfer", percent);
}

static void
cancel(struct call *k)
{
	vdi_copy_cancel(k->cancel_arg);
}

/* The call's end is that of s. */
static void
end(struct stream *s, const struct xu_err *e)
{
	struct call *k = s->call;
	struct vdi *v = s->v;

	free(s);
	k->cancel = NULL;
	v->busy = false;
	api_event(k->core, "VDI", "mod", v->uuid, vdi_record(k->core, v));
	if (e == NULL)
		call_ok(k, NULL);
	else
		call_fail(k, e);
}

bool
vdi_transfers_may_begin(struct call *k)
{
	const struct xu_list *l;
	unsigned n = 0;

	LIST_FOREACH(l, &k->core->copies)
		n++;
	if (n < STREAMS_MAX)
		return true;
	call_refuse(k, XE(XLD_TOO_MANY), "transfers of disks",
	    "%u disks are being copied or transferred already", n);
	return false;
}

/* The disk that the call names, its task taken. NULL: it was refused. */
static struct vdi *
subject(struct call *k)
{
	const char *ref = xu_val_str(xu_val_at(k->params, 0));
	const char *task = xu_val_str(xu_val_at(k->params, 2));
	struct xu_err e = XU_ERR_INIT;
	struct vdi *v;

	if (task[0] != '\0' && !task_take(k, task))
		return NULL;
	vdis_refresh(k->core);
	v = vdi_find(k->core, ref);
	if (v != NULL)
		return v;
	xu_err_set(&e, XE(HANDLE_INVALID), 0,
	    "there is no VDI with the reference '%s'", ref);
	xu_err_param(&e, "VDI");
	xu_err_param(&e, "%s", ref);
	call_fail(k, &e);
	return NULL;
}

/* Is it the disk's own format? Nothing is converted here: images are parsed by
 * guests' QEMUs and by nobody else. */
static int
check_format(const struct call *k, const struct vdi *v, struct xu_err *e)
{
	const char *want = xu_val_str(xu_val_at(k->params, 1));
	const bool qcow2 = vdi_format(v) == XU_DISK_QCOW2;

	if (want[0] == '\0')
		want = "raw";
	if (strcmp(want, "raw") != 0 && strcmp(want, "qcow2") != 0)
		return config_unsupported(e, "format", want,
		    "disks are transferred as raw or qcow2; qemu-img convert "
		    "makes others of them");
	if (strcmp(want, qcow2 ? "qcow2" : "raw") == 0)
		return 0;
	return config_unsupported(e, "format", want,
	    qcow2 ? "the disk is an image: ask for format=qcow2" :
		    "the disk is raw: ask for format=raw");
}

static struct stream *
stream_new(struct call *k, struct vdi *v, struct xu_err *e)
{
	struct stream *s = calloc(1, sizeof(*s));
	int64_t used;

	if (s == NULL || (k->task == NULL &&
	    (k->task = task_new(k->core, k)) == NULL)) {
		free(s);
		xu_err_set(e, XE(XLD_TOO_MANY), 0,
		    "too many tasks are under way");
		xu_err_param(e, "tasks");
		return NULL;
	}
	k->unanswered = true;
	s->call = k;
	s->v = v;
	s->size = vdi_size(v, &used);
	if (vbd_path(vdi_location(v), s->path, sizeof(s->path), e) == 0 &&
	    s->size > 0)
		return s;
	if (!xu_err_is_set(e)) {
		xu_err_set(e, XE(XLD_FILE), 0, "%s: there is no disk",
		    vdi_location(v));
		xu_err_param(e, "%s", vdi_location(v));
		xu_err_param(e, "there is no disk");
	}
	free(s);
	return NULL;
}

/* The client's end is pipe; bytes: what comes out of it, as far as that is known. */
static void
begun(struct stream *s, struct vdi_copy *y, int pipe, int64_t bytes)
{
	struct xu_val *v = xu_struct();

	s->v->busy = true;
	s->call->cancel_arg = y;
	s->call->cancel = cancel;
	xu_val_set(v, "task", xu_str(task_ref(s->call->task)));
	xu_val_set(v, "bytes", xu_int(bytes));
	call_begun(s->call, v, pipe);
}

/* ---- to a client ----------------------------------------------------------------------- */

static void
given(void *arg, const struct xu_err *e)
{
	end(arg, e);
}

static int64_t
bytes_of(const struct stream *s)
{
	struct stat st;

	return vdi_format(s->v) == XU_DISK_QCOW2 && stat(s->path, &st) == 0 ?
	    (int64_t)st.st_size : s->size;
}

void
vdi_export_call(struct call *k)
{
	struct xu_err e = XU_ERR_INIT;
	struct vdi *v = subject(k);
	struct stream *s = NULL;
	struct vdi_copy *y = NULL;
	int pipe;

	if (v == NULL || !vdi_transfers_may_begin(k))
		return;
	if (vdi_read_refused(k->core, v, NULL, &e) == 0 &&
	    check_format(k, v, &e) == 0)
		s = stream_new(k, v, &e);
	if (s != NULL)
		y = vdi_stream_start(k->core, s->path, VDI_GIVE, bytes_of(s),
		    &pipe, progress, given, s, &e);
	if (y != NULL) {
		begun(s, y, pipe, bytes_of(s));
		return;
	}
	free(s);
	call_fail(k, &e);
}

/* ---- from one ---------------------------------------------------------------------------- */

/* An image that is whole as the disk's, by its head. */
static int
check_image(const struct stream *s, struct xu_err *e)
{
	int fd = open(s->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	const char *why = NULL;
	struct qcow2 q;

	if (fd < 0 || qcow2_read(fd, &q) < 0)
		why = "what came is no qcow2 image";
	else if (q.has_backing || q.has_data_file)
		why = "the image is only a part: it names another file";
	else if (q.size != (uint64_t)s->size)
		why = "the image is of another size than the disk";
	if (fd >= 0)
		close(fd);
	if (why == NULL)
		return 0;
	xu_err_set(e, XE(XLD_TRANSFER), 0, "%s: %s", s->v->uuid, why);
	xu_err_param(e, "%s", why);
	return -1;
}

/* An image that is half another one is none: an empty one takes its place. */
static void
make_anew(const char *path, int64_t size)
{
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0 || ftruncate(fd, 0) < 0 ||
	    qcow2_make(fd, (uint64_t)size) < 0)
		xu_log(XU_ERROR, "%s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
}

static int
mark(struct core *c, struct vdi *v, int64_t size, struct xu_err *e)
{
	if (size < 0)
		xu_val_unset(v->config, "import");
	else
		xu_val_set(v->config, "import", xu_int(size));
	return db_put(c->db, "VDI", v->uuid, v->config, e);
}

static void
taken(void *arg, const struct xu_err *e)
{
	struct stream *s = arg;
	const bool image = vdi_format(s->v) == XU_DISK_QCOW2;
	struct xu_err why = XU_ERR_INIT;

	fault_point("vdi-imported", NULL);
	if (e == NULL && image && check_image(s, &why) < 0)
		e = &why;
	if (e != NULL && image)
		make_anew(s->path, s->size);
	if (e == NULL && mark(s->call->core, s->v, -1, &why) < 0)
		e = &why;
	end(s, e);
}

void
vdi_import_left(struct core *c XU_UNUSED, struct vdi *v)
{
	char path[PATH_MAX];

	xu_log(XU_WARNING, "disk %s (%s): its import was cut off: its content "
			   "is incomplete", v->uuid,
	    xu_val_get_str(v->config, "name_label", ""));
	if (vdi_format(v) == XU_DISK_QCOW2 &&
	    vbd_path(vdi_location(v), path, sizeof(path), NULL) == 0)
		make_anew(path, xu_val_get_int(v->config, "import", 0));
}

/* length: what the client has announced, -1: nothing. */
static int
check_length(const struct stream *s, int64_t length, struct xu_err *e)
{
	const int64_t most = vdi_format(s->v) == XU_DISK_QCOW2 ?
	    IMAGE_MOST(s->size) : s->size;

	if (length <= most)
		return 0;
	xu_err_set(e, XE(XLD_TRANSFER), 0,
	    "%lld bytes are to come, and the disk takes no more than %lld",
	    (long long)length, (long long)most);
	xu_err_param(e, "%s", e->msg);
	return -1;
}

static bool
may_be_written(struct call *k, const struct vdi *v)
{
	if (!vdi_is_ours(k, v) || !vdi_is_idle(k, v, true))
		return false;
	if (!xu_val_get_bool(v->config, "read_only", false))
		return true;
	call_refuse(k, XE(OPERATION_NOT_ALLOWED), "the disk is read-only",
	    "disk %s is read-only", v->uuid);
	return false;
}

static struct vdi_copy *
start(struct stream *s, int64_t length, int *pipe, struct xu_err *e)
{
	struct core *c = s->call->core;
	const bool image = vdi_format(s->v) == XU_DISK_QCOW2;
	const bool was = xu_val_get(s->v->config, "import") != NULL;
	struct vdi_copy *y;

	if (check_length(s, length, e) < 0 || mark(c, s->v, s->size, e) < 0)
		return NULL;
	y = vdi_stream_start(c, s->path, image ? VDI_TAKE_IMAGE : VDI_TAKE,
	    image ? IMAGE_MOST(s->size) : s->size, pipe, progress, taken, s, e);
	if (y == NULL && !was)
		mark(c, s->v, -1, NULL);
	return y;
}

void
vdi_import_call(struct call *k)
{
	struct xu_err e = XU_ERR_INIT;
	struct vdi *v = subject(k);
	struct stream *s = NULL;
	struct vdi_copy *y = NULL;
	int pipe;

	if (v == NULL || !vdi_transfers_may_begin(k) || !may_be_written(k, v))
		return;
	if (check_format(k, v, &e) == 0)
		s = stream_new(k, v, &e);
	if (s != NULL)
		y = start(s, xu_val_int(xu_val_at(k->params, 3)), &pipe, &e);
	if (y != NULL) {
		begun(s, y, pipe, -1);
		fault_point("vdi-importing", NULL);
		return;
	}
	free(s);
	call_fail(k, &e);
}
