/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The disks of an archive (xva.h); descriptor 3 is a pipe whose other end is
 * xld-api's, from 4 on there are the disks.
 *
 * xva-give ZIP [NAME SIZE FORMAT]...: what is behind ova.xml goes into the pipe, as a
 * stream of gzip or zstd where ZIP says so (-: as it is). FORMAT: raw or qcow2.
 * xva-take - [NAME SIZE raw]...: the whole archive comes, packed or not, in pieces
 * as copy_stream.c tells. The disks are all zeros.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "copy.h"
#include "xu_num.h"
#include "xu_tar.h"
#include "xu_zip.h"
#include "xva.h"

#define PIPE	   3
#define FIRST_DISK 4
#define DISKS_MAX  28
/* What comes is unpacked so much at a time. */
#define PIECE	   ((size_t)64 << 10)

struct disk {
	const char *name;
	int64_t size;
	int fd;
	/* NULL: raw. */
	struct image *image;
};

struct disks {
	struct disk at[DISKS_MAX];
	size_t n;
	/* Of all; that have been written or read. */
	int64_t size, done;
};

/* Words behind each other, three for each disk. */
static int
read_disks(struct disks *all, char **argv, bool read)
{
	const char *why = NULL;
	struct disk *d;

	for (; argv[0] != NULL; argv += 3) {
		if (all->n == DISKS_MAX || argv[1] == NULL || argv[2] == NULL)
			return copy_say_status("too many disks\n", COPY_FAILED);
		d = &all->at[all->n];
		d->name = argv[0];
		d->fd = FIRST_DISK + (int)all->n++;
		if (!xu_num_i64(argv[1], 1, INT64_MAX, &d->size))
			return copy_say_status("a disk of no size\n",
			    COPY_FAILED);
		all->size += d->size;
		if (!read || strcmp(argv[2], "qcow2") != 0)
			continue;
		d->image = image_open(d->fd, d->size, &why);
		if (d->image == NULL) {
			copy_say_status("an image is not exported: ", 0);
			copy_say_status(why, 0);
			return copy_say_status("\n", COPY_FAILED);
		}
	}
	return 0;
}

/* ---- to a client --------------------------------------------------------------- */

static int
send_packed(void *arg, const void *p, size_t n)
{
	(void)arg;
	return copy_send(PIPE, p, n);
}

static int
out(struct xu_pack *z, const void *p, size_t n, bool end)
{
	int r = xu_pack(z, p, n, end, send_packed, NULL);

	return r < 0 ? copy_say_status("it cannot be packed\n", COPY_FAILED) : r;
}

static int
out_file(struct xu_pack *z, const char *name, const char *p, size_t n)
{
	static const char zero[XU_TAR_BLOCK];
	const size_t rest = n % XU_TAR_BLOCK;
	char head[XU_TAR_BLOCK];
	int r;

	if (xu_tar_head(head, name, 0, n) < 0)
		return copy_fail("name a chunk");
	r = out(z, head, sizeof(head), false);
	if (r == 0)
		r = out(z, p, n, false);
	if (r == 0 && rest != 0)
		r = out(z, zero, XU_TAR_BLOCK - rest, false);
	return r;
}

static int
out_chunk(struct xu_pack *z, const struct disk *d, int64_t at, const char *p,
    size_t n)
{
	char name[80], sum[XVA_SHA1_HEX];
	int r;

	snprintf(name, sizeof(name), "%.50s/%08lld", d->name,
	    (long long)(at / XVA_CHUNK));
	r = out_file(z, name, p, n);
	if (r != 0)
		return r;
	xva_sha1(p, n, sum);
	strcat(name, ".checksum");
	return out_file(z, name, sum, strlen(sum));
}

/* n bytes of the disk; *any: they may be other than zeros. 0, or a status. */
static int
read_disk(struct disk *d, char *buf, size_t n, int64_t at, bool *any)
{
	const char *why = NULL;
	ssize_t r;

	if (d->image != NULL)
		why = image_read(d->image, buf, n, at, any);
	if (why != NULL) {
		copy_say_status("an image is not exported: ", 0);
		copy_say_status(why, 0);
		return copy_say_status("\n", COPY_FAILED);
	}
	if (d->image != NULL)
		return 0;
	copy_from = d->fd;
	*any = copy_data_at(at, d->size) < at + (int64_t)n;
	if (!*any) {
		memset(buf, 0, n);
		return 0;
	}
	for (size_t got = 0; got < n; got += (size_t)r) {
		r = pread(d->fd, buf + got, n - got, at + (off_t)got);
		if (r < 0 && errno == EINTR)
			r = 0;
		else if (r < 0)
			return copy_fail("read");
		else if (r == 0)
			return copy_say_status("the disk became shorter\n",
			    COPY_FAILED);
	}
	return 0;
}

static int
give_disk(struct disks *all, struct disk *d, struct xu_pack *z, char *buf)
{
	bool any, edge;
	size_t n;
	int r = 0;

	for (int64_t at = 0; r == 0 && at < d->size; at += (int64_t)n) {
		copy_say(all->done + at, all->size);
		n = d->size - at < XVA_CHUNK ? (size_t)(d->size - at) :
					       XVA_CHUNK;
		edge = at == 0 || at + (int64_t)n == d->size;
		r = read_disk(d, buf, n, at, &any);
		if (r == 0 && (edge || (any && !copy_is_zero(buf, n))))
			r = out_chunk(z, d, at, buf, n);
	}
	all->done += d->size;
	return r;
}

static int
give(struct disks *all, const char *how, char *buf)
{
	static const char end[2 * XU_TAR_BLOCK];
	struct xu_pack *z = NULL;
	enum xu_zip kind;
	int r = 0;

	if (xu_zip_of(strcmp(how, "-") == 0 ? "" : how, &kind))
		z = xu_pack_new(kind);
	if (z == NULL)
		return copy_fail("prepare to pack");
	for (size_t i = 0; r == 0 && i < all->n; i++)
		r = give_disk(all, &all->at[i], z, buf);
	if (r == 0)
		r = out(z, end, sizeof(end), true);
	if (r == 0)
		copy_say(all->size, all->size);
	xu_pack_free(z);
	return r;
}

/* ---- from one ------------------------------------------------------------------- */

struct taking {
	struct disks *all;
	struct copy_source from;
	struct xu_unpack *z;
	char in[PIECE];
	const char *next;
	size_t left;
};

static int
refill(struct taking *t)
{
	int r = copy_get(&t->from, t->in, sizeof(t->in), &t->left);

	t->next = t->in;
	if (r == 0 && t->z == NULL) {
		t->z = xu_unpack_new(xu_zip_kind(t->in, t->left));
		if (t->z == NULL)
			r = copy_fail("prepare to unpack");
	}
	return r;
}

static int
take_bytes(void *arg, char *p, size_t n, size_t *got)
{
	struct taking *t = arg;
	size_t some;
	int r = 0;

	for (*got = 0; r == 0 && *got < n; *got += some) {
		some = 0;
		if (t->z != NULL && xu_unpack(t->z, &t->next, &t->left, p + *got,
			n - *got, &some) < 0)
			return copy_say_status("what came is damaged: it cannot "
					       "be unpacked\n", COPY_BAD);
		if (some > 0 || t->left > 0)
			continue;
		if (t->from.ended)
			break;
		r = refill(t);
	}
	return r;
}

static int
put_bytes(void *arg, size_t disk, const char *p, size_t n, int64_t at)
{
	struct taking *t = arg;

	copy_to = t->all->at[disk].fd;
	if (copy_put(p, n, at) < 0)
		return copy_fail("write");
	copy_say(t->all->done + at, t->all->size);
	if (at + (int64_t)n == t->all->at[disk].size)
		t->all->done += at + (int64_t)n;
	return 0;
}

static int
say_end(const struct xva *x, enum xva_end how)
{
	static const int status[] = {
		[XVA_OK] = 0,
		[XVA_TORN] = COPY_TORN,
		[XVA_SUMS] = COPY_SUMS,
		[XVA_UNEXPECTED] = COPY_UNEXPECTED,
		[XVA_BAD] = COPY_BAD,
	};

	if (how == XVA_OK)
		return 0;
	if (how == XVA_STOPPED)
		return x->stopped;
	copy_say_status(x->why, 0);
	return copy_say_status("\n", status[how]);
}

/* What is behind the end of the tar means nothing; but all of it is to come. */
static int
drain(struct taking *t, char *buf)
{
	size_t n;
	int r = 0;

	while (r == 0 && !t->from.ended)
		r = copy_get(&t->from, buf, CHUNK, &n);
	return r;
}

static int
take(struct disks *all, char *buf)
{
	static struct xva_disk known[DISKS_MAX];
	static struct taking t;
	struct xva x = { .disks = known, .ndisks = all->n, .buf = buf,
		.read = take_bytes, .put = put_bytes, .arg = &t };
	int r;

	t.all = all;
	copy_from = PIPE;
	/* Zeros are there already, whatever it is. */
	copy_device = false;
	for (size_t i = 0; i < all->n; i++)
		known[i] = (struct xva_disk){ .name = all->at[i].name,
			.size = all->at[i].size };
	r = say_end(&x, xva_read(&x));
	if (r == 0)
		r = drain(&t, buf);
	for (size_t i = 0; r == 0 && i < all->n; i++)
		if (fsync(all->at[i].fd) < 0)
			r = copy_fail("write to disk");
	if (r == 0)
		copy_say(all->size, all->size);
	return r;
}

int
copy_xva(char **argv, char *buf)
{
	const bool gives = strcmp(argv[1], "xva-give") == 0;
	static struct disks all;
	int r = read_disks(&all, argv + 3, gives);

	if (r != 0)
		return r;
	/* Of a machine without disks there is nothing to read. */
	if (all.size == 0)
		all.size = 1;
	return gives ? give(&all, argv[2], buf) : take(&all, buf);
}
