/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The folder of cores: a folder for each guest's name, and in it what was written of
 * it. Those that were asked for are their owner's. Those that on_crash has written are
 * bounded in number and size, whatever guests there are: who crashes again and again
 * loses the oldest.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "vm_dump.h"
#include "xu_file.h"

#define ENDED ".end.core"

/* One of them; its path begins at the folder. */
struct core_file {
	char *path;
	struct timespec at;
	uint64_t bytes;
};

struct core_list {
	struct core_file *v;
	size_t n;
	uint64_t bytes;
};

const char *
dump_folder(const struct core *c, struct xu_err *e)
{
	const char *folder = xu_val_str(xu_val_at(xu_val_get(c->conf,
	    "dump_folder"), 0));

	if (folder[0] == '/')
		return folder;
	xu_err_set(e, "XLD_CORE", 0, "dump_folder in xld.conf is '%s', which "
	    "is not a full path", folder);
	xu_err_param(e, "%s", folder);
	xu_err_param(e, "no full path");
	return NULL;
}

char *
dump_path(const char *folder, const char *name, int32_t domid, int64_t when,
    bool ended, struct xu_err *e)
{
	AUTO_FREE char *sub = NULL;
	time_t t = (time_t)when;
	char date[32], *path = NULL;
	struct tm tm;

	if (localtime_r(&t, &tm) == NULL ||
	    strftime(date, sizeof(date), "%Y-%m%d-%H%M.%S", &tm) == 0)
		snprintf(date, sizeof(date), "%lld", (long long)when);
	if (asprintf(&sub, "%s/%s", folder, name) < 0 ||
	    asprintf(&path, "%s/%s-%s.%d%s", sub, date, name, domid,
		ended ? ENDED : ".core") < 0) {
		xu_err_set(e, "XLD_NO_MEMORY", ENOMEM, "name a core");
		return NULL;
	}
	if (xu_mkdirs(sub, 0700, e) == 0)
		return path;
	free(path);
	return NULL;
}

static void
list_fini(struct core_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i].path);
	free(l->v);
}

static bool
is_ended(const char *name)
{
	size_t n = strlen(name), end = strlen(ENDED);

	return name[0] != '.' && n > end && strcmp(name + n - end, ENDED) == 0;
}

/* Takes path. */
static int
add(struct core_list *l, char *path)
{
	struct core_file *v;
	struct stat st;

	/* It has gone, or is none of ours. */
	if (lstat(path, &st) < 0 || !S_ISREG(st.st_mode)) {
		free(path);
		return 0;
	}
	v = reallocarray(l->v, l->n + 1, sizeof(*v));
	if (v == NULL) {
		free(path);
		return -1;
	}
	l->v = v;
	v[l->n++] = (struct core_file){ .path = path, .at = st.st_mtim,
		.bytes = (uint64_t)st.st_blocks * 512 };
	l->bytes += (uint64_t)st.st_blocks * 512;
	return 0;
}

/* A guest's folder. */
static int
list_one(struct core_list *l, const char *folder, const char *name)
{
	AUTO_FREE char *sub = NULL;
	const struct dirent *ent;
	char *path;
	int r = 0;
	DIR *d;

	if (name[0] == '.')
		return 0;
	if (asprintf(&sub, "%s/%s", folder, name) < 0)
		return -1;
	d = opendir(sub);
	while (r == 0 && d != NULL && (ent = readdir(d)) != NULL)
		if (is_ended(ent->d_name))
			r = asprintf(&path, "%s/%s", sub, ent->d_name) < 0 ?
			    -1 : add(l, path);
	if (d != NULL)
		closedir(d);
	return r;
}

static int
by_age(const void *a, const void *b)
{
	const struct core_file *x = a, *y = b;

	if (x->at.tv_sec != y->at.tv_sec)
		return x->at.tv_sec < y->at.tv_sec ? -1 : 1;
	if (x->at.tv_nsec != y->at.tv_nsec)
		return x->at.tv_nsec < y->at.tv_nsec ? -1 : 1;
	return strcmp(x->path, y->path);
}

static int
list_all(struct core_list *l, const char *folder)
{
	const struct dirent *ent;
	DIR *d = opendir(folder);
	int r = 0;

	while (r == 0 && d != NULL && (ent = readdir(d)) != NULL)
		r = list_one(l, folder, ent->d_name);
	if (d != NULL)
		closedir(d);
	if (r == 0 && l->n > 0)
		qsort(l->v, l->n, sizeof(*l->v), by_age);
	return r;
}

static int
refuse(const struct dump_room *room, uint64_t bytes, struct xu_err *e)
{
	if (room->files == 0)
		xu_err_set(e, "XLD_CORE", 0, "no core is written: dump_files "
		    "is 0");
	else
		xu_err_set(e, "XLD_CORE", 0, "no core is written: it may take "
		    "%llu MiB with those that are being written, and dump_mib "
		    "is %llu", (unsigned long long)(bytes >> 20),
		    (unsigned long long)(room->bytes >> 20));
	xu_err_param(e, "%s", room->folder);
	xu_err_param(e, "no room");
	return -1;
}

int
dump_make_room(const struct dump_room *room, const struct dump_room *used,
    uint64_t bytes, struct xu_err *e)
{
	struct core_list l = { .n = 0 };
	const uint64_t need = used->bytes + bytes;
	size_t gone = 0;
	int r = 0;

	if (used->files >= room->files || need > room->bytes)
		return refuse(room, need, e);
	if (list_all(&l, room->folder) < 0)
		r = xu_err_set(e, "XLD_NO_MEMORY", ENOMEM, "look at '%s'",
		    room->folder);
	for (; r == 0 && gone < l.n &&
	     (l.n - gone + used->files >= room->files ||
		 l.bytes + need > room->bytes); gone++) {
		struct core_file *f = &l.v[gone];

		if (unlink(f->path) < 0 && errno != ENOENT) {
			r = xu_err_set(e, "XLD_FILE", errno,
			    "remove the oldest core '%s'", f->path);
			xu_err_param(e, "%s", f->path);
			xu_err_param(e, "%s", strerror(e->errnum));
			break;
		}
		xu_log(XU_NOTICE, "%s makes room for another core", f->path);
		l.bytes -= f->bytes;
		/* The folder goes with its last. */
		*strrchr(f->path, '/') = '\0';
		rmdir(f->path);
	}
	list_fini(&l);
	return r;
}
