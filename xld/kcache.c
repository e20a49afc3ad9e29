/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "kcache.h"
#include "xu_list.h"
#include "xu_log.h"

/* Each image is a descriptor. */
#define MAX_IMAGES 64
/* Files that share an image; with one more the oldest is forgotten. */
#define MAX_NAMES 8
/* Times of a file step by a few milliseconds, on some file systems by two
 * seconds: within that a second change cannot be told from the first. */
#define SETTLED_NS INT64_C(2000000000)
/* This part of the host's memory stays free of images. */
#define RESERVE 8
/* Some task waits for memory for half a second within two; windows of other
 * lengths need a privilege. */
#define PRESSURE "some 500000 2000000"

struct image {
	/* The most recently used is the last. */
	struct xu_list lru;
	struct xg_kernel k;
	struct kcache_id names[MAX_NAMES];
	unsigned count;
};

struct kcache {
	uint64_t max;
	struct xu_list images;
	struct kcache_stats stats;
	char meminfo[64];
	/* NULL: the kernel does not tell. */
	uv_poll_t *poll;
	int pressure_fd;
};

/* ---- identity ----------------------------------------------------------------- */

static int64_t
ns(struct timespec t)
{
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

bool
kcache_identify(int fd, struct kcache_id *out)
{
	struct timespec now;
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return false;
	clock_gettime(CLOCK_REALTIME, &now);
	*out = (struct kcache_id){.dev = st.st_dev,
	    .ino = st.st_ino,
	    .size = (uint64_t)st.st_size,
	    .mtime = ns(st.st_mtim),
	    .ctime = ns(st.st_ctim)};
	/* A program may set the first; the second is the kernel's. */
	out->settled = out->ctime + SETTLED_NS < ns(now);
	return true;
}

bool
kcache_same(const struct kcache_id *a, const struct kcache_id *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
	    a->mtime == b->mtime && a->ctime == b->ctime;
}

/* ---- images --------------------------------------------------------------------- */

static void
drop(struct kcache *c, struct image *i)
{
	c->stats.bytes -= i->k.size;
	c->stats.images--;
	c->stats.dropped++;
	xu_list_remove(&i->lru);
	xg_kernel_close(&i->k);
	free(i);
}

static bool
drop_oldest(struct kcache *c)
{
	if (xu_list_empty(&c->images))
		return false;
	drop(c, xu_container_of(c->images.next, struct image, lru));
	return true;
}

void
kcache_shrink(struct kcache *c, uint64_t bytes)
{
	while (c->stats.bytes > bytes && drop_oldest(c))
		;
}

static void
used(struct kcache *c, struct image *i)
{
	xu_list_remove(&i->lru);
	xu_list_append(&c->images, &i->lru);
}

static void
forget_name(struct image *i, unsigned n)
{
	memmove(&i->names[n], &i->names[n + 1],
	    (i->count - n - 1) * sizeof(i->names[0]));
	i->count--;
}

static void
add_name(struct image *i, const struct kcache_id *id)
{
	if (i->count == MAX_NAMES)
		forget_name(i, 0);
	i->names[i->count++] = *id;
}

/* What this file was before: its old content is of no use under its name. */
static void
forget_file(struct kcache *c, const struct kcache_id *id)
{
	struct xu_list *it, *tmp;

	LIST_FOREACH_SAFE (it, tmp, &c->images) {
		struct image *i = xu_container_of(it, struct image, lru);

		for (unsigned n = i->count; n-- > 0;)
			if (i->names[n].dev == id->dev &&
			    i->names[n].ino == id->ino)
				forget_name(i, n);
		if (i->count == 0)
			drop(c, i);
	}
}

static struct image *
by_name(struct kcache *c, const struct kcache_id *id)
{
	struct xu_list *it;

	LIST_FOREACH (it, &c->images) {
		struct image *i = xu_container_of(it, struct image, lru);

		for (unsigned n = 0; n < i->count; n++)
			if (kcache_same(&i->names[n], id))
				return i;
	}
	return NULL;
}

static struct image *
by_content(struct kcache *c, const struct xg_kernel *k)
{
	struct xu_list *it;

	LIST_FOREACH (it, &c->images) {
		struct image *i = xu_container_of(it, struct image, lru);

		if (memcmp(i->k.digest, k->digest, sizeof(k->digest)) == 0)
			return i;
	}
	return NULL;
}

const struct xg_kernel *
kcache_find(struct kcache *c, const struct kcache_id *id)
{
	struct image *i = by_name(c, id);

	if (i == NULL) {
		c->stats.misses++;
		return NULL;
	}
	c->stats.hits++;
	used(c, i);
	return &i->k;
}

/* ---- memory of the host ----------------------------------------------------------- */

/* At least an eighth is left. Images are not counted as available by the
 * kernel: nothing but we can let them go. */
static bool
host_has_room(const struct kcache *c)
{
	unsigned long long total = 0, available = 0, v;
	char line[128];
	FILE *f = fopen(c->meminfo, "re");

	if (f == NULL)
		return true;
	while (fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, "MemTotal: %llu kB", &v) == 1)
			total = v;
		else if (sscanf(line, "MemAvailable: %llu kB", &v) == 1)
			available = v;
	}
	fclose(f);
	return available >= total / RESERVE;
}

static void
on_pressure(uv_poll_t *h, int status, int events XU_UNUSED)
{
	struct kcache *c = h->data;

	if (status < 0) {
		uv_poll_stop(h);
		return;
	}
	if (c->stats.images > 0)
		xu_log(XU_INFO,
		    "memory is short: %u kernels (%llu MiB) are "
		    "let go",
		    c->stats.images, (unsigned long long)c->stats.bytes >> 20);
	kcache_shrink(c, 0);
}

static void
watch_pressure(struct kcache *c, uv_loop_t *loop, const char *proc)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/pressure/memory", proc);
	c->pressure_fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (c->pressure_fd < 0)
		return;
	if (write(c->pressure_fd, PRESSURE, sizeof(PRESSURE)) < 0)
		goto none;
	c->poll = calloc(1, sizeof(*c->poll));
	if (c->poll == NULL)
		goto none;
	if (uv_poll_init(loop, c->poll, c->pressure_fd) != 0) {
		free(c->poll);
		c->poll = NULL;
		goto none;
	}
	c->poll->data = c;
	if (uv_poll_start(c->poll, UV_PRIORITIZED, on_pressure) == 0)
		return;
none:
	xu_log(XU_DEBUG, "memory pressure is not watched: %s", path);
}

/* ---- keeping ------------------------------------------------------------------------ */

static bool
sound(const struct xg_kernel *k)
{
	const int seals =
	    F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;
	int have = fcntl(k->fd, F_GET_SEALS);
	struct stat st;

	return have >= 0 && (have & seals) == seals && fstat(k->fd, &st) == 0 &&
	    (uint64_t)st.st_size == k->size && xg_kernel_check(k, NULL) == 0;
}

static int
make_room(struct kcache *c, uint64_t size)
{
	if (size > c->max) {
		errno = EFBIG;
		return -1;
	}
	kcache_shrink(c, c->max - size);
	while (c->stats.images >= MAX_IMAGES)
		drop_oldest(c);
	while (!host_has_room(c))
		if (!drop_oldest(c)) {
			errno = ENOMEM;
			return -1;
		}
	return 0;
}

static int
keep_new(struct kcache *c, const struct kcache_id *id, struct xg_kernel *k)
{
	struct image *i;

	if (make_room(c, k->size) < 0)
		return -1;
	i = calloc(1, sizeof(*i));
	if (i == NULL)
		return -1;
	i->k = *k;
	k->fd = -1;
	add_name(i, id);
	xu_list_init(&i->lru);
	used(c, i);
	c->stats.bytes += i->k.size;
	c->stats.images++;
	return 0;
}

int
kcache_keep(struct kcache *c, const struct kcache_id *id, struct xg_kernel *k)
{
	struct image *i;
	int r = -1, why;

	if (!sound(k)) {
		errno = EINVAL;
	} else {
		forget_file(c, id);
		i = by_content(c, k);
		if (!id->settled) {
			errno = EAGAIN;
		} else if (i != NULL) {
			add_name(i, id);
			used(c, i);
			r = 0;
		} else {
			r = keep_new(c, id, k);
		}
	}
	why = errno;
	if (r == 0)
		c->stats.kept++;
	else
		c->stats.refused++;
	xg_kernel_close(k);
	errno = why;
	return r;
}

void
kcache_stats(const struct kcache *c, struct kcache_stats *out)
{
	*out = c->stats;
}

/* ---- its life ------------------------------------------------------------------------- */

struct kcache *
kcache_new(uv_loop_t *loop, uint64_t max, const char *proc)
{
	struct kcache *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->max = max;
	c->pressure_fd = -1;
	xu_list_init(&c->images);
	snprintf(c->meminfo, sizeof(c->meminfo), "%s/meminfo", proc);
	if (loop != NULL && max > 0)
		watch_pressure(c, loop, proc);
	return c;
}

void
kcache_free(struct kcache **cp)
{
	struct kcache *c = *cp;

	if (c == NULL)
		return;
	*cp = NULL;
	kcache_shrink(c, 0);
	if (c->poll != NULL)
		uv_close((uv_handle_t *)c->poll, (uv_close_cb)free);
	if (c->pressure_fd >= 0)
		close(c->pressure_fd);
	free(c);
}
